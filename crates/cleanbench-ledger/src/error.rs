//! What can go wrong with a run directory.

use std::fmt;
use std::io;
use std::path::PathBuf;
use std::sync::Arc;

/// A place in a file that does not hold what was recorded.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Damage {
    /// The file, relative to the run directory.
    pub file: String,
    /// Line from 1 in text files, byte offset in binary ones.
    pub at: Position,
    /// What is wrong, a lowercase fragment.
    pub what: String,
}

/// Where in a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Position {
    /// Line, from 1.
    Line(u64),
    /// Byte offset, from 0.
    Byte(u64),
    /// The file as a whole.
    Whole,
}

/// Longest text that is told of a file, in characters: it may quote what a stranger wrote.
const LONGEST: usize = 500;

/// `text`, cut where it is longer than anything that is told.
pub(crate) fn cut(mut text: String) -> String {
    if let Some((end, _)) = text.char_indices().nth(LONGEST) {
        text.truncate(end);
        text.push('…');
    }
    text
}

impl Damage {
    fn of(file: impl Into<String>, at: Position, what: impl Into<String>) -> Self {
        Self {
            file: cut(file.into()),
            at,
            what: cut(what.into()),
        }
    }

    /// Damage at a line of a text file.
    pub fn at_line(file: impl Into<String>, line: u64, what: impl Into<String>) -> Self {
        Self::of(file, Position::Line(line), what)
    }

    /// Damage at a byte of a binary file.
    pub fn at_byte(file: impl Into<String>, byte: u64, what: impl Into<String>) -> Self {
        Self::of(file, Position::Byte(byte), what)
    }

    /// Damage of a file as a whole.
    pub fn whole(file: impl Into<String>, what: impl Into<String>) -> Self {
        Self::of(file, Position::Whole, what)
    }
}

impl fmt::Display for Damage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.at {
            Position::Line(line) => write!(f, "{}:{line}: {}", self.file, self.what),
            Position::Byte(byte) => write!(f, "{} at byte {byte}: {}", self.file, self.what),
            Position::Whole => write!(f, "{}: {}", self.file, self.what),
        }
    }
}

/// Why the run directory cannot be read or written. Cheap to clone, because one failed write is
/// reported to every call that waited for it.
#[derive(Debug, Clone, thiserror::Error)]
pub enum LedgerError {
    /// The file system refused; `fs_err` puts the path into the text.
    #[error("{0}")]
    Io(Arc<io::Error>),
    /// A file does not hold what was recorded.
    #[error("the run directory is damaged: {0}")]
    Damaged(Damage),
    /// Another process writes this run.
    #[error("`{0}` is in use by another process; wait for it to end")]
    Locked(PathBuf),
    /// The folder is no run directory, or its creation was cut short.
    #[error("`{0}` is no complete run directory: {1}")]
    NotARun(PathBuf, String),
    /// The format is newer than this program.
    #[error(
        "`{file}` has format `{found}`, this version reads `{known}` and earlier; use a later cleanbench"
    )]
    TooNew {
        /// The file.
        file: String,
        /// What it says.
        found: String,
        /// What is understood.
        known: &'static str,
    },
    /// The writer has ended.
    #[error("the journal's writer has ended")]
    Closed,
}

impl From<io::Error> for LedgerError {
    fn from(error: io::Error) -> Self {
        Self::Io(Arc::new(error))
    }
}

impl LedgerError {
    /// The format `found` of `file` is later than `known`.
    pub fn too_new(file: &str, found: String, known: &'static str) -> Self {
        Self::TooNew {
            file: file.to_owned(),
            found: cut(found),
            known,
        }
    }
}

impl From<Damage> for LedgerError {
    fn from(damage: Damage) -> Self {
        Self::Damaged(damage)
    }
}
