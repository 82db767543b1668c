//! The files of a run directory, which may come from a stranger: what holds for them beyond what `cleanbench-files`
//! holds to for every file.
//!
//! Invariant: what is read is a regular file below the folder, reached over no link; what is written is made anew, for
//! its owner alone, and put into its place in one step. A link, a folder, a named pipe or a device where a file belongs
//! is damage of the run: no version of the program leaves one.
//!
//! It refuses files that are longer than they may be, and text with a line that no writer writes, before they take up
//! memory.

mod writing;

use std::fs::{FileType, Metadata};
use std::io::{self, BufRead, Read};
use std::os::unix::fs::{FileTypeExt as _, MetadataExt as _};
use std::path::{Path, PathBuf};

use cleanbench_core::Digest;
use cleanbench_core::digest::FileHasher;
use cleanbench_files::{Limit, Roots};
use fs_err::File;
use memchr::{memchr2_iter, memrchr};

pub use self::writing::{
    DRAFT, create, discard_draft, draft, finish_draft, make_all_folders, make_folder, make_folders,
    replace,
};
pub(crate) use self::writing::{create_log, open_or_create, open_to_change};
use crate::{Damage, LedgerError};

/// A line of `samples.jsonl`, or of a batch, is longer than this, in bytes: three digests alone take 192.
pub(crate) const SHORTEST_ROW: u64 = 192;
/// Longest line of any text in a run, in bytes.
pub const LONGEST_LINE: u64 = 32 << 20;
/// Longest file that is taken into memory whole, in bytes.
pub const LONGEST_WHOLE: u64 = 64 << 20;
/// Bytes that are digested at once.
const CHUNK: usize = 256 * 1024;

/// Whether `name` is a path below a folder: plain names with one stroke between, neither `.` nor `..` among them.
pub fn is_below(name: &str) -> bool {
    let is_plain = |part: &str| !part.is_empty() && part != "." && part != "..";
    !name.contains('\0') && name.split('/').all(is_plain)
}

/// Opens the regular file `name` in the folder `root` for reading.
///
/// # Errors
/// [`Damage`] where it is missing, or something else stands there.
pub fn open(root: &Path, name: &str) -> Result<File, LedgerError> {
    let path = place(root, name)?;
    match found(&path)? {
        None => Err(Damage::whole(name, "the file is missing").into()),
        Some(present) => {
            check_is_file(name, &present)?;
            let roots = Roots::new(root).map_err(io::Error::from)?;
            let opened = roots.open(Path::new(name), Limit::any());
            let opened = opened.map_err(|error| io::Error::from(error.named(&path)))?;
            Ok(File::from_parts(opened.file().try_clone()?, path))
        }
    }
}

/// Whether there is a regular file `name` in `root`.
///
/// # Errors
/// [`Damage`] where something else stands there.
pub fn holds(root: &Path, name: &str) -> Result<bool, LedgerError> {
    match found(&place(root, name)?)? {
        None => Ok(false),
        Some(present) => check_is_file(name, &present).map(|()| true),
    }
}

/// Whether there is a folder `name` in `root`.
///
/// # Errors
/// [`Damage`] where something else stands there.
pub fn holds_folder(root: &Path, name: &str) -> Result<bool, LedgerError> {
    match found(&place(root, name)?)? {
        None => Ok(false),
        Some(present) if present.is_dir() => Ok(true),
        Some(present) => Err(misplaced(name, present.file_type(), "a folder")),
    }
}

/// The bytes of the file `name` in `root`, at most `most`.
///
/// # Errors
/// [`Damage`] where it is longer, missing, or no regular file.
pub fn read(root: &Path, name: &str, most: u64) -> Result<Vec<u8>, LedgerError> {
    let file = open(root, name)?;
    let mut bytes = Vec::new();
    if file.metadata()?.len() <= most {
        file.take(most.saturating_add(1)).read_to_end(&mut bytes)?;
        if bytes.len() as u64 <= most {
            return Ok(bytes);
        }
    }
    let what = format!("longer than {most} bytes, which no writer of such a file writes");
    Err(Damage::whole(name, what).into())
}

/// More values than this are in no manifest; each takes up far more memory than its text.
const MOST_VALUES: usize = 1_000_000;

/// Refuses JSON of so many values that they would fill the memory; `name` is its file.
///
/// # Errors
/// [`Damage`] of that file.
pub fn check_values(name: &str, json: &[u8]) -> Result<(), Damage> {
    if memchr2_iter(b',', b'[', json).count() <= MOST_VALUES {
        return Ok(());
    }
    let what = format!("holds more than {MOST_VALUES} values, which none does");
    Err(Damage::whole(name, what))
}

/// How many bytes `file` can really hold: one that was made long without being written stands for little.
///
/// # Errors
/// When the system does not tell.
pub fn held(file: &File) -> io::Result<u64> {
    // A file system that packs what it keeps may need a small part of the length.
    const PACKED: u64 = 16;
    const SMALL: u64 = 1 << 20;
    let present = file.metadata()?;
    let kept = present.blocks().saturating_mul(512 * PACKED);
    Ok(present.len().min(kept.max(SMALL)))
}

/// SHA-256 of the text `name` in `root`.
///
/// # Errors
/// [`Damage`] where it is missing, no regular file, or has a line of more than [`LONGEST_LINE`] bytes.
pub fn digest(root: &Path, name: &str) -> Result<Digest, LedgerError> {
    let mut file = Lines::new(open(root, name)?);
    let mut hasher = FileHasher::default();
    let mut chunk = vec![0; CHUNK];
    loop {
        match file
            .read(&mut chunk)
            .map_err(|error| of_line(name, error))?
        {
            0 => return Ok(hasher.finish()),
            length => hasher.update(&chunk[..length]),
        }
    }
}

/// The path of `name`, with folders and no links above it.
fn place(root: &Path, name: &str) -> Result<PathBuf, LedgerError> {
    if !is_below(name) {
        let shown = format!("{name:?}");
        return Err(Damage::whole(shown, "lies outside of the run directory").into());
    }
    let mut above = root.to_owned();
    let folders = Path::new(name)
        .parent()
        .into_iter()
        .flat_map(Path::components);
    for folder in folders {
        above.push(folder);
        match found(&above)? {
            None => break,
            Some(present) if present.is_dir() => {}
            Some(present) => {
                let name = above.strip_prefix(root).unwrap_or(&above);
                return Err(misplaced(
                    &name.to_string_lossy(),
                    present.file_type(),
                    "a folder",
                ));
            }
        }
    }
    Ok(root.join(name))
}

/// What stands at `path` itself, without following it; `None` where nothing does.
fn found(path: &Path) -> Result<Option<Metadata>, LedgerError> {
    match fs_err::symlink_metadata(path) {
        Ok(present) => Ok(Some(present)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error.into()),
    }
}

fn check_is_file(name: &str, present: &Metadata) -> Result<(), LedgerError> {
    if present.is_file() {
        return Ok(());
    }
    Err(misplaced(name, present.file_type(), "a file"))
}

fn misplaced(name: &str, kind: FileType, expected: &str) -> LedgerError {
    let what = format!("{} stands where {expected} belongs", kind_of(kind));
    Damage::whole(name, what).into()
}

/// What `kind` is, with its article.
pub fn kind_of(kind: FileType) -> &'static str {
    if kind.is_symlink() {
        "a link"
    } else if kind.is_dir() {
        "a folder"
    } else if kind.is_fifo() {
        "a named pipe"
    } else if kind.is_socket() {
        "a socket"
    } else if kind.is_file() {
        "a file"
    } else {
        "a device"
    }
}

/// A text that is read; it ends with an error where a line is longer than any that is written.
#[derive(Debug)]
pub struct Lines<R> {
    inner: R,
    /// Bytes since the last line feed.
    length: u64,
}

impl<R> Lines<R> {
    /// Reads `inner`.
    pub fn new(inner: R) -> Self {
        Self { inner, length: 0 }
    }
}

impl<R: Read> Read for Lines<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let length = self.inner.read(buffer)?;
        let read = &buffer[..length];
        self.length = match memrchr(b'\n', read) {
            Some(last) => (length - last - 1) as u64,
            None => self.length + length as u64,
        };
        if self.length > LONGEST_LINE {
            return Err(io::Error::new(io::ErrorKind::InvalidData, TOO_LONG));
        }
        Ok(length)
    }
}

const TOO_LONG: &str = "a line is longer than any that is written";

/// `error` of reading the text `name`: what [`Lines`] refuses is damage.
pub fn of_line(name: &str, error: io::Error) -> LedgerError {
    match error.kind() {
        io::ErrorKind::InvalidData => Damage::whole(name, TOO_LONG).into(),
        _ => error.into(),
    }
}

/// Reads a line with its line feed into `line`, and gives its length; 0 at the end.
///
/// # Errors
/// [`Damage`] where it is longer than [`LONGEST_LINE`].
pub fn read_line(
    name: &str,
    lines: &mut impl BufRead,
    line: &mut Vec<u8>,
) -> Result<usize, LedgerError> {
    let length = Read::take(&mut *lines, LONGEST_LINE).read_until(b'\n', line)?;
    if length as u64 == LONGEST_LINE && line.last() != Some(&b'\n') {
        return Err(Damage::whole(name, TOO_LONG).into());
    }
    Ok(length)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_leads_below_its_folder_or_nowhere() {
        for name in ["run.json", "inputs/baseline/run.json", "..x", "a b"] {
            assert!(is_below(name), "{name}");
        }
        for name in [
            "",
            "/etc/passwd",
            "../a",
            "inputs/../../a",
            "a//b",
            "a/",
            "./a",
            "a/./b",
            "a\0b",
        ] {
            assert!(!is_below(name), "{name}");
        }
    }

    #[test]
    fn a_line_that_nobody_writes_is_not_taken_in() {
        let folder = tempfile::tempdir().unwrap();
        let zeros = fs_err::File::create(folder.path().join("zeros")).unwrap();
        zeros.set_len(LONGEST_LINE + 2).unwrap();
        assert!(matches!(
            digest(folder.path(), "zeros"),
            Err(LedgerError::Damaged(_))
        ));
        assert_eq!(held(&zeros).unwrap(), 1 << 20);
        let mut lines =
            io::BufReader::new(fs_err::File::open(folder.path().join("zeros")).unwrap());
        assert!(read_line("zeros", &mut lines, &mut Vec::new()).is_err());
        assert!(read(folder.path(), "zeros", LONGEST_LINE).is_err());
        fs_err::write(folder.path().join("short"), "a\nb").unwrap();
        assert!(digest(folder.path(), "short").is_ok());
        assert!(read(folder.path(), "short", 2).is_err());
    }
}
