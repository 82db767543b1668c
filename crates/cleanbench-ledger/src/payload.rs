//! Payloads: the texts themselves, kept apart from the journal so that they can be erased.
//!
//! A segment is a short magic number followed by frames without gaps. A frame is a zstd frame (RFC 8878)
//! of a random 32-byte salt and the payload's bytes. Because the salt is inside, zeroing the frame
//! leaves a digest in the journal from which nothing about the content can be confirmed. Short texts
//! stand in their frames as they are: compressing one costs more time than all else that is done to
//! record it, and saves less than the record itself takes up.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::io::{self, Write as _};
use std::os::unix::fs::FileExt as _;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};

use cleanbench_core::Digest;
use cleanbench_core::event::PayloadRef;
use fs_err::File;
use zstd::bulk::{Compressor, Decompressor};

use crate::files;
use crate::{Damage, LedgerError};

/// First bytes of a payload segment.
pub const MAGIC: &[u8; 8] = b"CBPAY01\n";
/// A segment that has reached this size is followed by a new one.
const SEGMENT_SIZE: u64 = 256 * 1024 * 1024;
/// Bytes of the salt before a payload.
pub(crate) const SALT: usize = 32;
/// Upper bound on an uncompressed payload, against a damaged length. An adapter accepts 64 MiB.
const LARGEST: u64 = 80 * 1024 * 1024;
/// The same of a frame: what cannot be compressed grows by less than a hundredth.
const LONGEST_FRAME: u64 = LARGEST + LARGEST / 100;
const LEVEL: i32 = 1;
/// Below this size a salted payload is not compressed.
const SHORT: usize = 1024;
/// Below this size a payload is compressed at [`SMALL_LEVEL`].
const SMALL: usize = 2048;
/// Negative levels leave out entropy coding, whose tables cost more time than a short text is worth.
const SMALL_LEVEL: i32 = -1;

/// A payload ready to be stored.
#[derive(Debug)]
pub struct Frame {
    digest: Digest,
    bytes: Vec<u8>,
    crc: u32,
}

/// Salts that are asked for at once.
const SALTS_AT_ONCE: usize = 128;

thread_local! {
    static SALTS: RefCell<Vec<[u8; SALT]>> = const { RefCell::new(Vec::new()) };
    static COMPRESSOR: RefCell<Option<Compressor<'static>>> = const { RefCell::new(None) };
    static SMALL_COMPRESSOR: RefCell<Option<Compressor<'static>>> = const { RefCell::new(None) };
    static DECOMPRESSOR: RefCell<Option<Decompressor<'static>>> = const { RefCell::new(None) };
}

impl Frame {
    /// Salts, digests and compresses `payload`.
    ///
    /// # Errors
    /// When the operating system has no random bytes or the compressor no memory.
    pub fn new(payload: &[u8]) -> io::Result<Self> {
        let salt = salt()?;
        let digest = digest(&salt, payload);
        let bytes = if SALT + payload.len() < SHORT {
            stored(&salt, payload)
        } else {
            Self::compress(&[&salt[..], payload].concat())?
        };
        let crc = crc32fast::hash(&bytes);
        Ok(Self { digest, bytes, crc })
    }

    fn compress(salted: &[u8]) -> io::Result<Vec<u8>> {
        let (compressor, level) = if salted.len() < SMALL {
            (&SMALL_COMPRESSOR, SMALL_LEVEL)
        } else {
            (&COMPRESSOR, LEVEL)
        };
        compressor.with_borrow_mut(|slot| match slot {
            Some(compressor) => compressor.compress(salted),
            None => slot.insert(Compressor::new(level)?).compress(salted),
        })
    }

    /// The frame as stored.
    pub(crate) fn bytes(&self) -> &[u8] {
        &self.bytes
    }
}

/// Salt and payload, fewer than [`SHORT`] bytes, as a zstd frame of one raw block.
fn stored(salt: &[u8], payload: &[u8]) -> Vec<u8> {
    let (header, length) = header_of_stored(salt.len() + payload.len());
    [&header[..length], salt, payload].concat()
}

/// What stands before fewer than [`SHORT`] bytes in a zstd frame of a single segment and one raw block
/// (RFC 8878, section 3.1.1), and its length.
fn header_of_stored(content: usize) -> ([u8; 10], usize) {
    const LAST_RAW_BLOCK: u16 = 1;
    let size = u16::try_from(content).unwrap_or(u16::MAX);
    let [block_low, block_high] = (size << 3 | LAST_RAW_BLOCK).to_le_bytes();
    // The magic number, and a descriptor that says in how many bytes the size of the content follows.
    match (u8::try_from(size), size.wrapping_sub(256).to_le_bytes()) {
        (Ok(size), _) => (
            [
                0x28, 0xb5, 0x2f, 0xfd, 0x20, size, block_low, block_high, 0, 0,
            ],
            9,
        ),
        (Err(_), [low, high]) => (
            [
                0x28, 0xb5, 0x2f, 0xfd, 0x60, low, high, block_low, block_high, 0,
            ],
            10,
        ),
    }
}

/// Where the content begins in a frame that [`stored`] made.
fn start_of_stored(frame: &[u8]) -> Option<usize> {
    [9, 10].into_iter().find(|start| {
        let content = frame.len().checked_sub(*start).filter(|size| *size < SHORT);
        content.is_some_and(|content| {
            let (header, length) = header_of_stored(content);
            length == *start && frame[..length] == header[..length]
        })
    })
}

/// Random bytes of the operating system. It is asked for many salts at once, as each question costs a
/// system call; none is given out twice.
fn salt() -> io::Result<[u8; SALT]> {
    SALTS.with_borrow_mut(|salts| {
        if salts.is_empty() {
            let mut fresh = vec![[0; SALT]; SALTS_AT_ONCE];
            getrandom::fill(fresh.as_flattened_mut()).map_err(io::Error::other)?;
            *salts = fresh;
        }
        Ok(salts.pop().unwrap_or_default())
    })
}

fn digest(salt: &[u8], payload: &[u8]) -> Digest {
    Digest::of("cleanbench/payload/1", &[salt, payload])
}

/// Path of payload segment `segment`, relative to the run directory.
pub fn segment_name(segment: u32) -> String {
    format!("payloads/{segment:04}.seg")
}

/// Gives every frame its place. A segment that is full is followed by the next one.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Cursor {
    segment: u32,
    length: u64,
}

impl Cursor {
    /// The beginning of segment `segment`.
    pub(crate) fn at(segment: u32) -> Self {
        Self {
            segment,
            length: MAGIC.len() as u64,
        }
    }

    /// The place of `frame`, which is written next.
    pub(crate) fn place(&mut self, frame: &Frame) -> io::Result<PayloadRef> {
        if self.length >= SEGMENT_SIZE {
            *self = Self::at(self.segment + 1);
        }
        let length = u32::try_from(frame.bytes.len()).map_err(io::Error::other)?;
        let reference = PayloadRef {
            digest: frame.digest,
            segment: self.segment,
            offset: self.length,
            length,
            crc: frame.crc,
        };
        self.length += u64::from(length);
        Ok(reference)
    }
}

/// The segments as files.
#[derive(Debug)]
pub(crate) struct SegmentFiles {
    run: PathBuf,
    segment: u32,
    file: File,
}

impl SegmentFiles {
    /// Starts the new segment `segment`; it must not exist.
    pub(crate) fn create(run: &Path, segment: u32) -> io::Result<Self> {
        let mut file = files::create_log(run, &segment_name(segment))?;
        file.write_all(MAGIC)?;
        let run = run.to_owned();
        Ok(Self { run, segment, file })
    }

    /// Hands `frames` to the operating system. `segment` is the one that was written last, or the next.
    pub(crate) fn append(&mut self, segment: u32, frames: &[u8]) -> io::Result<()> {
        if segment != self.segment {
            self.file.sync_data()?;
            *self = Self::create(&self.run, segment)?;
        }
        self.file.write_all(frames)
    }

    /// A second handle to the current segment, for syncing from another thread.
    pub(crate) fn handle(&self) -> io::Result<File> {
        self.file.try_clone()
    }
}

/// Appends frames to segments; opens the next segment when one is full.
#[derive(Debug)]
pub struct PayloadWriter {
    files: SegmentFiles,
    cursor: Cursor,
    pending: Vec<u8>,
}

impl PayloadWriter {
    /// Starts the new segment `segment`; it must not exist.
    ///
    /// # Errors
    /// When the file cannot be made.
    pub fn create(run: &Path, segment: u32) -> io::Result<Self> {
        Ok(Self {
            files: SegmentFiles::create(run, segment)?,
            cursor: Cursor::at(segment),
            pending: Vec::new(),
        })
    }

    /// Takes in `frame`; it is in the file after the next [`PayloadWriter::flush`].
    ///
    /// # Errors
    /// When the segment is full and the next one cannot be made.
    pub fn push(&mut self, frame: &Frame) -> io::Result<PayloadRef> {
        let before = self.cursor.segment;
        let reference = self.cursor.place(frame)?;
        if reference.segment != before {
            self.files.append(before, &self.pending)?;
            self.pending.clear();
        }
        self.pending.extend_from_slice(&frame.bytes);
        Ok(reference)
    }

    /// Bytes waiting for a flush.
    pub fn pending(&self) -> usize {
        self.pending.len()
    }

    /// Hands all pending bytes to the operating system.
    ///
    /// # Errors
    /// When the disk is full, for example.
    pub fn flush(&mut self) -> io::Result<()> {
        self.files.append(self.cursor.segment, &self.pending)?;
        self.pending.clear();
        Ok(())
    }

    /// A second handle to the current segment, for syncing from another thread.
    ///
    /// # Errors
    /// When no file descriptor is left.
    pub fn handle(&self) -> io::Result<File> {
        self.files.handle()
    }

    /// Number of the segment after the last one written.
    pub fn next_segment(&self) -> u32 {
        self.cursor.segment + 1
    }
}

/// Where a payload's frame is: what is needed to read it, without what it is proven by.
#[derive(Debug, Clone, Copy)]
pub(crate) struct FramePlace {
    segment: u32,
    /// A segment ends with the frame that makes it [`SEGMENT_SIZE`] long.
    offset: u32,
    length: u32,
    crc: u32,
}

impl FramePlace {
    /// The place that `reference` names.
    pub(crate) fn of(reference: &PayloadRef) -> Result<Self, Damage> {
        let offset = u32::try_from(reference.offset).map_err(|_| {
            let name = segment_name(reference.segment);
            Damage::at_byte(name, reference.offset, "no segment is as long as that")
        })?;
        Ok(Self {
            segment: reference.segment,
            offset,
            length: reference.length,
            crc: reference.crc,
        })
    }

    /// Damage there.
    pub(crate) fn damage(self, what: impl Into<String>) -> Damage {
        Damage::at_byte(segment_name(self.segment), self.offset.into(), what)
    }
}

/// What is at a payload's place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Payload {
    /// The bytes, checked against their digest.
    Present(Vec<u8>),
    /// The frame was zeroed.
    Erased,
}

impl Payload {
    /// The bytes, unless they were erased.
    pub fn present(self) -> Option<Vec<u8>> {
        match self {
            Self::Present(bytes) => Some(bytes),
            Self::Erased => None,
        }
    }
}

/// Segments that are kept open: a run may have more of them than a process may have open.
const MOST_OPEN: usize = 64;

/// Reads payloads by reference. Safe to share between threads.
#[derive(Debug)]
pub struct PayloadReader {
    run: PathBuf,
    files: Mutex<BTreeMap<u32, Arc<File>>>,
}

impl PayloadReader {
    /// A reader for the run directory `run`.
    pub fn new(run: &Path) -> Self {
        Self {
            run: run.to_owned(),
            files: Mutex::default(),
        }
    }

    /// Reads and checks one payload.
    ///
    /// # Errors
    /// [`LedgerError::Damaged`] when the frame is not what the reference says; a frame of zeros is
    /// [`Payload::Erased`], and whether that was recorded is for the caller to check.
    pub fn read(&self, reference: &PayloadRef) -> Result<Payload, LedgerError> {
        let place = FramePlace::of(reference)?;
        let Some(mut salted) = self.salted(place)? else {
            return Ok(Payload::Erased);
        };
        let (salt, payload) = salted.split_at(SALT);
        if digest(salt, payload) != reference.digest {
            return Err(place.damage("the payload does not match its digest").into());
        }
        salted.drain(..SALT);
        Ok(Payload::Present(salted))
    }

    /// Salt and payload at `place`, at least the salt; `None` for a frame of zeros. The CRC finds chance errors;
    /// to find a deliberate change takes the digest.
    pub(crate) fn salted(&self, place: FramePlace) -> Result<Option<Vec<u8>>, LedgerError> {
        if u64::from(place.length) > LONGEST_FRAME {
            return Err(place.damage("no payload is as long as that").into());
        }
        let mut frame = vec![0; place.length as usize];
        let file = self.file(place.segment)?;
        if let Err(error) = file.file().read_exact_at(&mut frame, place.offset.into()) {
            return Err(match error.kind() {
                io::ErrorKind::UnexpectedEof => {
                    let what = "the file ends before the payload does";
                    place.damage(what).into()
                }
                _ => error.into(),
            });
        }
        if crc32fast::hash(&frame) != place.crc {
            if frame.iter().all(|byte| *byte == 0) {
                return Ok(None);
            }
            return Err(place.damage("the payload was changed").into());
        }
        decompress(frame)
            .filter(|salted| salted.len() >= SALT)
            .map(Some)
            .ok_or_else(|| place.damage("the payload cannot be decompressed").into())
    }

    /// Length of a segment in bytes, and whether it starts as a segment must.
    ///
    /// # Errors
    /// When the file cannot be read.
    pub fn segment(&self, segment: u32) -> Result<(u64, bool), LedgerError> {
        let file = self.file(segment)?;
        let length = file.metadata()?.len();
        let mut magic = [0; MAGIC.len()];
        let whole = file.file().read_exact_at(&mut magic, 0).is_ok() && &magic == MAGIC;
        Ok((length, whole))
    }

    fn file(&self, segment: u32) -> Result<Arc<File>, LedgerError> {
        let mut files = self
            .files
            .lock()
            .unwrap_or_else(std::sync::PoisonError::into_inner);
        if let Some(file) = files.get(&segment) {
            return Ok(Arc::clone(file));
        }
        let name = segment_name(segment);
        let file = Arc::new(files::open(&self.run, &name)?);
        // Whoever reads one of them at the moment holds it.
        if files.len() >= MOST_OPEN {
            files.clear();
        }
        files.insert(segment, Arc::clone(&file));
        Ok(file)
    }
}

fn decompress(mut frame: Vec<u8>) -> Option<Vec<u8>> {
    if let Some(start) = start_of_stored(&frame) {
        frame.drain(..start);
        return Some(frame);
    }
    let size = zstd::zstd_safe::get_frame_content_size(&frame).ok()??;
    let capacity = usize::try_from(size.min(LARGEST)).ok()?;
    DECOMPRESSOR.with_borrow_mut(|slot| {
        let decompressor = match slot {
            Some(decompressor) => decompressor,
            None => slot.insert(Decompressor::new().ok()?),
        };
        decompressor.decompress(&frame, capacity).ok()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn store(payloads: &[&[u8]]) -> (tempfile::TempDir, Vec<PayloadRef>) {
        let run = tempfile::tempdir().unwrap();
        fs_err::create_dir(run.path().join("payloads")).unwrap();
        let mut writer = PayloadWriter::create(run.path(), 0).unwrap();
        let refs = payloads
            .iter()
            .map(|payload| writer.push(&Frame::new(payload).unwrap()).unwrap())
            .collect();
        writer.flush().unwrap();
        (run, refs)
    }

    #[test]
    fn what_was_stored_is_read() {
        let large = vec![b'x'; 3_000_000];
        let (run, refs) = store(&[b"one", b"", &large]);
        let reader = PayloadReader::new(run.path());
        for (reference, expected) in refs.iter().zip([b"one".to_vec(), Vec::new(), large]) {
            assert_eq!(reader.read(reference).unwrap(), Payload::Present(expected));
        }
    }

    #[test]
    fn a_frame_of_any_size_is_one_that_zstd_reads() {
        for length in [
            0, 1, 222, 223, 224, 225, 479, 480, 990, 991, 992, 993, 2015, 2016, 9_999,
        ] {
            let payload = vec![b'p'; length];
            let frame = Frame::new(&payload).unwrap();
            let salted = zstd::bulk::decompress(&frame.bytes, length + SALT).expect("a zstd frame");
            assert_eq!(&salted[SALT..], payload, "{length}");
            let is_stored = frame.bytes.ends_with(&salted);
            assert_eq!(
                start_of_stored(&frame.bytes).is_some(),
                is_stored,
                "{length}"
            );
            assert_eq!(
                decompress(frame.bytes.clone()).as_ref(),
                Some(&salted),
                "{length}"
            );
            assert_eq!(is_stored, length + SALT < SHORT, "{length}");
        }
    }

    #[test]
    fn no_salt_is_given_out_twice() {
        let salts: std::collections::BTreeSet<_> =
            (0..3 * SALTS_AT_ONCE).map(|_| salt().unwrap()).collect();
        assert_eq!(salts.len(), 3 * SALTS_AT_ONCE);
        let elsewhere = std::thread::spawn(|| salt().unwrap()).join().unwrap();
        assert!(!salts.contains(&elsewhere) && !salts.contains(&[0; SALT]));
    }

    #[test]
    fn the_same_text_twice_cannot_be_told() {
        let (_run, refs) = store(&[b"same", b"same"]);
        assert_ne!(refs[0].digest, refs[1].digest);
    }

    #[test]
    fn a_change_of_any_bit_is_found_and_zeros_are_an_erasure() {
        let (run, refs) = store(&[b"a short payload"]);
        let path = run.path().join(segment_name(0));
        let whole = fs_err::read(&path).unwrap();
        let frame = MAGIC.len()..whole.len();
        for position in frame.clone() {
            for bit in 0..8 {
                let mut changed = whole.clone();
                changed[position] ^= 1 << bit;
                fs_err::write(&path, &changed).unwrap();
                assert!(
                    PayloadReader::new(run.path()).read(&refs[0]).is_err(),
                    "byte {position} bit {bit}"
                );
            }
        }
        let mut erased = whole.clone();
        erased[frame].fill(0);
        fs_err::write(&path, &erased).unwrap();
        assert_eq!(
            PayloadReader::new(run.path()).read(&refs[0]).unwrap(),
            Payload::Erased
        );
        fs_err::write(&path, &whole[..whole.len() - 1]).unwrap();
        assert!(
            PayloadReader::new(run.path()).read(&refs[0]).is_err(),
            "cut"
        );
    }
}
