//! Opens a data file for reading text, whatever its compression and encoding, and digests its bytes on the way.
//!
//! Invariant: a digest is of the file's bytes as stored, so `sha256sum` confirms it.

use std::io::{self, BufRead, BufReader, Cursor, Read};
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};

use cleanbench_core::Digest;
use cleanbench_core::digest::FileHasher;
use cleanbench_files::encoding::{Encoding, LineFeeds, Utf8, replace_returns};
use cleanbench_files::{Opened, PackedBound, Taken, Unpacked};
use flate2::read::MultiGzDecoder;

use crate::words::shown;

/// How much of a file is looked at to tell how it is written.
const HEAD: u64 = 1 << 16;

/// Most bytes of one record. Bounds memory when a compressed file unpacks without end, or a quote is
/// never closed.
pub(crate) const MOST_BYTES: usize = 64 << 20;

/// What a packed file may unpack to. Data of a suite packs by 5 to 50, lines that are all alike by 1,000.
pub(crate) const UNPACKED: PackedBound = PackedBound {
    most: 64 << 30,
    ratio: 200,
    free: 64 << 20,
};

/// Lines that a packed file may hold however small it is. Beyond, each takes two bytes of it: lines that differ by a
/// number alone take more.
pub(crate) const FREE_LINES: u64 = 200_000;
const BYTES_OF_LINE: u64 = 2;

/// How records are written, as the name of a file says it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Format {
    /// One object a line.
    Jsonl,
    /// A document, or one object a line.
    Json,
    /// A table whose cells are told apart by what it holds.
    Csv,
    /// A table whose cells are apart by tabs.
    Tsv,
    Parquet,
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
/// A lowercase fragment for names that are not those of data.
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
    let format = match stem.rsplit_once('.').map(|(_, extension)| extension) {
        Some("jsonl" | "ndjson") => Format::Jsonl,
        Some("json") => Format::Json,
        Some("csv") => Format::Csv,
        Some("tsv") => Format::Tsv,
        Some("parquet") if packing == Packing::None => Format::Parquet,
        Some("parquet") => {
            return Err(format!(
                "{} is packed twice: Parquet packs itself",
                shown(stem)
            ));
        }
        _ => return Err(format!("{} is no kind of data file", shown(&name))),
    };
    Ok((format, packing))
}

/// Which files are data.
pub(crate) const FORMATS: &str = "data is .jsonl, .json, .csv, .tsv or .parquet, all but the last optionally with .gz or .zst after it";

/// What to do with a file of a program that holds tables or rows, by the ending of its name.
pub(crate) fn other_format(path: &Path) -> Option<String> {
    let ending = path.extension()?.to_str()?.to_ascii_lowercase();
    let how = match ending.as_str() {
        "xlsx" | "xls" | "xlsm" | "xlsb" | "ods" | "numbers" => {
            "save the sheet as CSV (UTF-8) from the program that made it"
        }
        "arrow" | "feather" | "orc" | "avro" | "pkl" | "pickle" | "db" | "sqlite" => {
            "write it as Parquet or JSONL with the program that made it"
        }
        "zip" | "7z" | "tar" | "rar" | "xz" | "bz2" => {
            "unpack it, and name the file that was in it"
        }
        _ => return None,
    };
    Some(format!("{how}; {FORMATS}"))
}

/// A data file being read.
pub(crate) struct Source {
    text: Box<dyn BufRead + Send>,
    /// How much of a packed file was read; `None` where it is not packed.
    packed: Option<Taken>,
    lines: u64,
    hasher: Arc<Mutex<FileHasher>>,
    head: Vec<u8>,
}

impl Source {
    /// Reads `file`, and skips a byte order mark. Lines that end in a carriage return alone get a line feed in a
    /// file that has none.
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
        let text = unpack(file, packing, &taken)?;
        let (head, text) = decode(text)?;
        Ok(Self {
            text,
            packed: (packing != Packing::None).then_some(taken),
            lines: 0,
            hasher,
            head,
        })
    }

    /// How the text begins. Empty once it was taken.
    pub(crate) fn take_head(&mut self) -> Vec<u8> {
        std::mem::take(&mut self.head)
    }

    /// The text itself.
    pub(crate) fn text(&mut self) -> &mut dyn BufRead {
        &mut *self.text
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

    /// Counts a record of a document like a line.
    ///
    /// # Errors
    /// When a small packed file holds records without end.
    pub(crate) fn count_record(&mut self) -> io::Result<()> {
        self.lines += 1;
        self.check_lines()
    }

    /// Refuses a small packed file that unpacks to lines without end.
    fn check_lines(&self) -> io::Result<()> {
        let Some(packed) = &self.packed else {
            return Ok(());
        };
        let packed = packed.bytes();
        if self.lines <= FREE_LINES.saturating_add(packed / BYTES_OF_LINE) {
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

fn unpack(
    file: BufReader<Hashing>,
    packing: Packing,
    taken: &Taken,
) -> io::Result<Box<dyn BufRead + Send>> {
    let bounded = |reader: Box<dyn Read + Send>| {
        let unpacked = Unpacked::new(reader, taken.clone(), UNPACKED);
        Box::new(BufReader::with_capacity(1 << 16, unpacked))
    };
    Ok(match packing {
        Packing::None => Box::new(file),
        Packing::Gzip => bounded(Box::new(MultiGzDecoder::new(file))),
        Packing::Zstd => bounded(Box::new(zstd::Decoder::with_buffer(file)?)),
    })
}

/// The text in UTF-8 with line feeds, and how it begins.
fn decode(mut bytes: Box<dyn BufRead + Send>) -> io::Result<(Vec<u8>, Box<dyn BufRead + Send>)> {
    let (encoding, text) = {
        let head = head_of(&mut bytes)?;
        let encoding = Encoding::of(&head);
        (encoding, Cursor::new(head).chain(bytes))
    };
    let mut text: Box<dyn BufRead + Send> = match encoding {
        Encoding::Utf8 => Box::new(text),
        Encoding::Utf16(order) => {
            Box::new(BufReader::with_capacity(1 << 16, Utf8::of(text, order)))
        }
    };
    if text.fill_buf()?.starts_with(b"\xef\xbb\xbf") {
        text.consume(3);
    }
    let mut head = head_of(&mut text)?;
    let lacks_line_feeds = head.contains(&b'\r') && !head.contains(&b'\n');
    let text = Cursor::new(head.clone()).chain(text);
    let text: Box<dyn BufRead + Send> = if lacks_line_feeds {
        replace_returns(&mut head);
        Box::new(BufReader::with_capacity(1 << 16, LineFeeds(text)))
    } else {
        Box::new(text)
    };
    Ok((head, text))
}

fn head_of(text: &mut impl BufRead) -> io::Result<Vec<u8>> {
    let mut head = Vec::new();
    text.take(HEAD).read_to_end(&mut head)?;
    Ok(head)
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
            ("a.ndjson", Ok((Format::Jsonl, Packing::None))),
            ("a.json", Ok((Format::Json, Packing::None))),
            ("a.tsv.gz", Ok((Format::Tsv, Packing::Gzip))),
            ("a.parquet", Ok((Format::Parquet, Packing::None))),
            (
                "a.parquet.gz",
                Err("`a.parquet` is packed twice: Parquet packs itself"),
            ),
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
