//! Why something cannot be imported.

use std::path::Path;

use cleanbench_files::FileError;

/// What kind of obstacle it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ErrorKind {
    /// A file is not there, no regular file, too large or cannot be read.
    Unreadable,
    /// No format is known that looks like it.
    Unknown,
    /// The format is known, and the file is broken.
    Damaged,
    /// The file is whole, and cannot be made a run or a suite.
    Refused,
}

/// Why something cannot be imported: what and where, and what to do next.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct ImportError {
    /// What kind of obstacle.
    pub kind: ErrorKind,
    /// A lowercase fragment that begins with the place, where there is one: `file:line:column`.
    pub message: String,
    /// What to do next.
    pub hint: Option<String>,
}

impl ImportError {
    pub(crate) fn new(kind: ErrorKind, message: impl Into<String>) -> Self {
        Self {
            kind,
            message: message.into(),
            hint: None,
        }
    }

    /// The file at `place` is whole and cannot be imported, for the reason `why`.
    pub(crate) fn refused(place: impl std::fmt::Display, why: impl std::fmt::Display) -> Self {
        Self::new(ErrorKind::Refused, format!("{place}: {why}"))
    }

    /// The file at `place` is broken.
    pub(crate) fn damaged(place: impl std::fmt::Display, what: impl std::fmt::Display) -> Self {
        Self::new(ErrorKind::Damaged, format!("{place}: {what}"))
    }

    pub(crate) fn of_file(path: &Path, error: FileError) -> Self {
        Self::new(ErrorKind::Unreadable, error.named(path).to_string())
    }

    #[must_use]
    pub(crate) fn hint(self, hint: impl Into<String>) -> Self {
        Self {
            hint: Some(hint.into()),
            ..self
        }
    }
}
