//! Opens a data file for reading text, whatever its compression, and digests its bytes on the way.
//!
//! Invariant: a digest is of the file's bytes as stored, so `sha256sum` confirms it.

use std::io::{self, BufRead, BufReader, Read};
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};

use cleanbench_core::Digest;
use cleanbench_core::digest::FileHasher;
use cleanbench_files::{Opened, PackedBound, Taken, Unpacked};
use flate2::read::MultiGzDecoder;

use crate::words::shown;

/// Most bytes of one record. Bounds memory when a compressed file unpacks without end, or a quote is
/// never closed.
pub(crate) const MOST_BYTES: usize = 64 << 20;

/// What a packed file may unpack to. Data of a suite packs by 5 to 50, lines that are all alike by 1,000.
const UNPACKED: PackedBound = PackedBound {
    most: 64 << 30,
    ratio: 200,
    free: 64 << 20,
};

/// Lines that a packed file may hold however small it is. Beyond, each takes a byte of it: two lines that differ take more.
const FREE_LINES: u64 = 200_000;

/// How records are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Format {
    Jsonl,
    Csv,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Packing {
    None,
    Gzip,
    Zstd,
}

/// Format and packing that the name of `path` says.
///
/// # Errors
/// A lowercase fragment for names that this version does not read.
pub(crate) fn kind_of(path: &Path) -> Result<(Format, Packing), String> {
    let name = path.file_name().and_then(|name| name.to_str());
    let name = name.unwrap_or_default().to_ascii_lowercase();
    let (stem, packing) = if let Some(stem) = name.strip_suffix(".gz") {
        (stem, Packing::Gzip)
    } else if let Some(stem) = name.strip_suffix(".zst") {
        (stem, Packing::Zstd)
    } else {
        (name.as_str(), Packing::None)
    };
    match stem.rsplit_once('.').map(|(_, extension)| extension) {
        Some("jsonl") => Ok((Format::Jsonl, packing)),
        Some("csv") => Ok((Format::Csv, packing)),
        Some("parquet") => Err("parquet data is not yet supported".to_owned()),
        _ => Err(format!("{} is no kind of data file", shown(&name))),
    }
}

/// A data file being read.
pub(crate) struct Source {
    text: Box<dyn BufRead + Send>,
    /// How much of a packed file was read; `None` where it is not packed.
    packed: Option<Taken>,
    lines: u64,
    hasher: Arc<Mutex<FileHasher>>,
}

impl Source {
    /// Reads `file`, and skips a byte order mark.
    pub(crate) fn open(file: Opened, packing: Packing) -> io::Result<Self> {
        let taken = file.taken();
        let hasher = Arc::new(Mutex::new(FileHasher::default()));
        let file = BufReader::with_capacity(
            1 << 16,
            Hashing {
                file,
                hasher: Arc::clone(&hasher),
            },
        );
        let mut text: Box<dyn BufRead + Send> = match packing {
            Packing::None => Box::new(file),
            Packing::Gzip => {
                let decoder = MultiGzDecoder::new(file);
                let decoder = Unpacked::new(decoder, taken.clone(), UNPACKED);
                Box::new(BufReader::with_capacity(1 << 16, decoder))
            }
            Packing::Zstd => {
                let decoder = zstd::Decoder::with_buffer(file)?;
                let decoder = Unpacked::new(decoder, taken.clone(), UNPACKED);
                Box::new(BufReader::with_capacity(1 << 16, decoder))
            }
        };
        if text.fill_buf()?.starts_with(b"\xef\xbb\xbf") {
            text.consume(3);
        }
        Ok(Self {
            text,
            packed: (packing != Packing::None).then_some(taken),
            lines: 0,
            hasher,
        })
    }

    /// Whether the text begins with a UTF-16 byte order mark.
    pub(crate) fn is_utf16(&mut self) -> io::Result<bool> {
        let start = self.text.fill_buf()?;
        Ok(start.starts_with(b"\xff\xfe") || start.starts_with(b"\xfe\xff"))
    }

    /// Appends the next line with its line feed to `buffer`; false at the end of the file.
    ///
    /// # Errors
    /// When the file cannot be read or unpacked, or `buffer` would pass [`MOST_BYTES`].
    pub(crate) fn line(&mut self, buffer: &mut Vec<u8>) -> io::Result<bool> {
        let room = MOST_BYTES.saturating_sub(buffer.len());
        let mut limited = (&mut self.text).take(room as u64);
        let read = limited.read_until(b'\n', buffer)?;
        if read == room {
            let message = format!("a record is longer than {} MiB", MOST_BYTES >> 20);
            return Err(io::Error::other(message));
        }
        self.lines += u64::from(read > 0);
        self.check_lines()?;
        Ok(read > 0)
    }

    /// Refuses a small packed file that unpacks to lines without end.
    fn check_lines(&self) -> io::Result<()> {
        let Some(packed) = &self.packed else {
            return Ok(());
        };
        let packed = packed.bytes();
        if self.lines <= FREE_LINES.saturating_add(packed) {
            return Ok(());
        }
        let message = format!(
            "{packed} packed bytes hold more than {} lines, which no real data does",
            self.lines - 1
        );
        Err(io::Error::other(message))
    }

    /// Digest of the file. Whole only once [`Source::line`] returned false.
    pub(crate) fn digest(&self) -> Digest {
        let hasher = self.hasher.lock().unwrap_or_else(PoisonError::into_inner);
        hasher.clone().finish()
    }
}

struct Hashing {
    file: Opened,
    hasher: Arc<Mutex<FileHasher>>,
}

impl Read for Hashing {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let count = self.file.read(buffer)?;
        let mut hasher = self.hasher.lock().unwrap_or_else(PoisonError::into_inner);
        hasher.update(&buffer[..count]);
        Ok(count)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_decide_the_kind() {
        for (name, expected) in [
            ("a.jsonl", Ok((Format::Jsonl, Packing::None))),
            ("a.b.CSV.GZ", Ok((Format::Csv, Packing::Gzip))),
            ("a.jsonl.zst", Ok((Format::Jsonl, Packing::Zstd))),
            ("a.parquet", Err("parquet data is not yet supported")),
            ("suite.key", Err("`suite.key` is no kind of data file")),
            ("csv", Err("`csv` is no kind of data file")),
        ] {
            let found = kind_of(Path::new(name));
            assert_eq!(
                found.as_ref().map_err(String::as_str),
                expected.as_ref().map_err(|e| *e)
            );
        }
    }
}
