//! From a file to its records, streaming: JSON lines, or one document (a record, or a list of them), plain or packed.
//!
//! Invariants: a file is read once from its beginning to its end, whatever is in it; memory is that of one line, or of a
//! document of at most 64 MiB. A line that is no JSON is handed on as a fault with its place, and the next one is
//! read. Refused: files that cannot be read, unpack without end, or hold more than a log has.

use std::io::{self, BufRead, BufReader, Read as _, Write as _};
use std::path::{Path, PathBuf};

use cleanbench_core::{Digest, digest::FileHasher};
use cleanbench_files::encoding::{Encoding, Utf8};
use cleanbench_files::{FileError, Limit, Opened, PackedBound, Unpacked, open_named};
use flate2::read::MultiGzDecoder;
use serde_json::{Map, Value};

use super::chat::Skip;
use crate::error::{ErrorKind, ImportError};
use crate::json;

/// Most bytes of a log file, as it lies there.
const FILE: Limit = Limit::mebibytes(64 << 10);
/// Most bytes of a line, and of a file that is one document.
const MOST_BYTES: u64 = 64 << 20;
/// What a packed log may unpack to.
const UNPACKED: PackedBound = PackedBound {
    most: 64 << 30,
    ratio: 200,
    free: 64 << 20,
};

pub(super) const NO_JSON: Skip = "lines that are no JSON (broken or cut off)";
pub(super) const TOO_LONG: Skip = "lines of more than 64 MiB";
pub(super) const NO_OBJECT: Skip = "records that are no JSON object";

/// Where a record stands.
#[derive(Debug, Clone, Copy)]
pub(super) struct Place<'a> {
    pub(super) path: &'a Path,
    /// Its line, from 1; of a document the one on which it begins.
    line: u64,
    /// Its position in a list, from 1.
    item: Option<usize>,
}

impl std::fmt::Display for Place<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}:{}", self.path.display(), self.line)?;
        self.item
            .map_or(Ok(()), |item| write!(f, " (record {item})"))
    }
}

/// What is done with each record of a file.
pub(super) type Visit<'v> = dyn FnMut(Place<'_>, Result<Map<String, Value>, Skip>) + 'v;

/// Hands every record of the file at `path` to `visit`; gives the SHA-256 of the file.
///
/// # Errors
/// When it cannot be read.
pub(super) fn each(path: &Path, visit: &mut Visit<'_>) -> Result<Digest, ImportError> {
    let place = Place {
        path,
        line: 1,
        item: None,
    };
    if let Some(bytes) = document(path)?
        && let Ok(value) = json::parse::<Value>("", &bytes)
    {
        hand_on(place, value, visit);
        return Text::open(path)?.rest(path);
    }
    let mut text = Text::open(path)?;
    let mut place = place;
    let mut buffer = Vec::new();
    while text
        .line(&mut buffer)
        .map_err(|error| unreadable(path, error))?
    {
        line(place, &buffer, visit);
        place.line += 1;
    }
    text.rest(path)
}

fn line(place: Place<'_>, bytes: &[u8], visit: &mut Visit<'_>) {
    if bytes.len() as u64 > MOST_BYTES {
        return visit(place, Err(TOO_LONG));
    }
    if bytes.trim_ascii().is_empty() {
        return;
    }
    match json::parse::<Value>("", bytes) {
        Ok(value) => hand_on(place, value, visit),
        Err(_) => visit(place, Err(NO_JSON)),
    }
}

/// Hands on what `value` is: a record, or a list of records.
fn hand_on(place: Place<'_>, value: Value, visit: &mut Visit<'_>) {
    match value {
        Value::Object(map) => visit(place, Ok(map)),
        Value::Array(items) => {
            for (position, item) in items.into_iter().enumerate() {
                let item_place = Place {
                    item: Some(position + 1),
                    ..place
                };
                match item {
                    Value::Object(map) => visit(item_place, Ok(map)),
                    _ => visit(item_place, Err(NO_OBJECT)),
                }
            }
        }
        _ => visit(place, Err(NO_OBJECT)),
    }
}

/// The whole file, where it may be one document: its first line begins one and does not end it.
fn document(path: &Path) -> Result<Option<Vec<u8>>, ImportError> {
    let mut text = Text::open(path)?;
    let mut bytes = Vec::new();
    let of = |error| unreadable(path, error);
    while bytes.trim_ascii().is_empty() {
        if !text.line(&mut bytes).map_err(of)? {
            return Ok(None);
        }
    }
    let start = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(&bytes);
    let begins = matches!(start.trim_ascii_start().first(), Some(b'{' | b'['));
    if !begins || bytes.len() as u64 > MOST_BYTES || json::parse::<Value>("", &bytes).is_ok() {
        return Ok(None);
    }
    let room = MOST_BYTES - bytes.len() as u64;
    let read = (&mut text.lines).take(room + 1).read_to_end(&mut bytes);
    read.map_err(of)?;
    Ok(Some(bytes).filter(|bytes| bytes.len() as u64 <= MOST_BYTES))
}

/// The text of a file, unpacked where it is packed.
struct Text {
    lines: Box<dyn BufRead>,
    hasher: Hashed,
}

/// The digest of what was read so far.
type Hashed = std::rc::Rc<std::cell::RefCell<FileHasher>>;

/// A file whose bytes are digested as they are read.
struct Hashing {
    file: Opened,
    hasher: Hashed,
}

impl io::Read for Hashing {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let count = self.file.read(buffer)?;
        self.hasher.borrow_mut().write_all(&buffer[..count])?;
        Ok(count)
    }
}

impl Text {
    fn open(path: &Path) -> Result<Self, ImportError> {
        let file = open_named(path, FILE).map_err(|error| ImportError::of_file(path, error))?;
        let hasher = Hashed::default();
        let lines = unpacked(Hashing {
            file,
            hasher: Hashed::clone(&hasher),
        });
        let lines = lines.and_then(as_utf8);
        let lines = lines.map_err(|error| unreadable(path, error))?;
        Ok(Self { lines, hasher })
    }

    /// Makes the next line what `buffer` holds; false at the end. Of one that is too long only the beginning is kept.
    fn line(&mut self, buffer: &mut Vec<u8>) -> io::Result<bool> {
        buffer.clear();
        let mut room = (&mut self.lines).take(MOST_BYTES + 1);
        let read = room.read_until(b'\n', buffer)?;
        if buffer.len() as u64 > MOST_BYTES && !buffer.ends_with(b"\n") {
            self.skip_line()?;
        }
        Ok(read > 0)
    }

    /// Passes over what is left of a line.
    fn skip_line(&mut self) -> io::Result<()> {
        loop {
            let available = self.lines.fill_buf()?;
            let end = available.iter().position(|byte| *byte == b'\n');
            let is_last = end.is_some() || available.is_empty();
            let count = end.map_or(available.len(), |at| at + 1);
            self.lines.consume(count);
            if is_last {
                return Ok(());
            }
        }
    }

    /// Reads what is left, and gives the digest of the file.
    fn rest(mut self, path: &Path) -> Result<Digest, ImportError> {
        let read = io::copy(&mut self.lines, &mut io::sink());
        read.map_err(|error| unreadable(path, error))?;
        Ok(self.hasher.borrow().clone().finish())
    }
}

/// `text` as UTF-8, whose first bytes say how it is written.
fn as_utf8(mut text: Box<dyn BufRead>) -> io::Result<Box<dyn BufRead>> {
    Ok(match Encoding::of(text.fill_buf()?) {
        Encoding::Utf8 => text,
        Encoding::Utf16(order) => {
            Box::new(BufReader::with_capacity(1 << 16, Utf8::of(text, order)))
        }
    })
}

/// The bytes of `file`, whose first bytes say how it is packed.
fn unpacked(file: Hashing) -> io::Result<Box<dyn BufRead>> {
    let taken = file.file.taken();
    let mut file = BufReader::with_capacity(1 << 16, file);
    let start = file.fill_buf()?;
    let (is_gzip, is_zstd) = (
        start.starts_with(b"\x1f\x8b"),
        start.starts_with(b"\x28\xb5\x2f\xfd"),
    );
    if is_gzip {
        let decoder = Unpacked::new(MultiGzDecoder::new(file), taken, UNPACKED);
        return Ok(Box::new(BufReader::with_capacity(1 << 16, decoder)));
    }
    if is_zstd {
        let decoder = zstd::Decoder::with_buffer(file)?;
        let decoder = Unpacked::new(decoder, taken, UNPACKED);
        return Ok(Box::new(BufReader::with_capacity(1 << 16, decoder)));
    }
    Ok(Box::new(file))
}

fn unreadable(path: &Path, error: io::Error) -> ImportError {
    match error.downcast::<FileError>() {
        Ok(error) => ImportError::of_file(path, error),
        Err(error) => {
            let what = format!("{}: cannot be read: {error}", path.display());
            ImportError::new(ErrorKind::Unreadable, what)
        }
    }
}

/// The files that `paths` name, each once.
///
/// # Errors
/// When one is named twice.
pub(super) fn distinct(paths: &[PathBuf]) -> Result<(), ImportError> {
    for (position, path) in paths.iter().enumerate() {
        if paths[..position].contains(path) {
            return Err(ImportError::refused(path.display(), "it is named twice")
                .hint("name every file once"));
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(bytes: &[u8]) -> Vec<String> {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("log");
        fs_err::write(&path, bytes).unwrap();
        let mut found = Vec::new();
        let digest = each(&path, &mut |place, record| {
            let place = place.to_string();
            let place = place.rsplit('/').next().unwrap_or_default().to_owned();
            found.push(match record {
                Ok(map) => format!("{place} {}", Value::Object(map)),
                Err(why) => format!("{place} {why}"),
            });
        });
        assert_eq!(digest.unwrap(), Digest::of_file_bytes(bytes));
        found
    }

    fn gzip(bytes: &[u8]) -> Vec<u8> {
        let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
        encoder.write_all(bytes).unwrap();
        encoder.finish().unwrap()
    }

    #[test]
    fn lines_lists_and_documents_plain_or_packed() {
        let lines = b"\xef\xbb\xbf{\"a\":1}\n\n{\"a\":2}";
        let expected = ["log:1 {\"a\":1}", "log:3 {\"a\":2}"];
        assert_eq!(read(lines), expected);
        assert_eq!(read(&gzip(lines)), expected);
        assert_eq!(read(&zstd::encode_all(&lines[..], 1).unwrap()), expected);
        let text = "\u{feff}{\"a\":1}\n\n{\"a\":2}";
        let wide: Vec<u8> = text.encode_utf16().flat_map(u16::to_le_bytes).collect();
        assert_eq!(read(&wide), expected);
        assert_eq!(read(&gzip(&wide)), expected);
        assert_eq!(read(b"{\n \"a\": 1\n}\n"), ["log:1 {\"a\":1}"]);
        let expected = [
            "log:1 (record 1) {\"a\":1}",
            "log:1 (record 2) records that are no JSON object",
        ];
        assert_eq!(read(b"[\n{\"a\":1},\n2]"), expected);
        assert_eq!(read(b"[{\"a\":1},2]"), expected);
        assert_eq!(read(b""), [""; 0]);
    }

    #[test]
    fn broken_lines_are_faults_with_their_place() {
        let text = b"{\"a\":1}\nnope\n{\"a\":\n7\n{\"a\":2}\n{\"a";
        let no_json = |line| format!("log:{line} {NO_JSON}");
        assert_eq!(
            read(text),
            [
                "log:1 {\"a\":1}".to_owned(),
                no_json(2),
                no_json(3),
                format!("log:4 {NO_OBJECT}"),
                "log:5 {\"a\":2}".to_owned(),
                no_json(6)
            ]
        );
        // The first line may be the broken one.
        assert_eq!(
            read(b"{\"a\":\n{\"a\":2}\n"),
            [no_json(1), "log:2 {\"a\":2}".to_owned()]
        );
        let deep = "[".repeat(200_000);
        assert_eq!(read(deep.as_bytes()), [no_json(1)]);
    }

    #[test]
    fn a_bomb_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("log.gz");
        let file = fs_err::File::create(&path).unwrap();
        let mut encoder = flate2::write::GzEncoder::new(file, flate2::Compression::best());
        let chunk = vec![b'a'; 1 << 20];
        (0..200).for_each(|_| encoder.write_all(&chunk).unwrap());
        encoder.finish().unwrap();
        let error = each(&path, &mut |_, _| {}).unwrap_err();
        assert_eq!(error.kind, ErrorKind::Unreadable);
    }
}
