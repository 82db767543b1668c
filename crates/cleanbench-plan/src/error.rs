//! Why nothing can be planned: of which kind, what is wrong, and what to do next.

use std::fmt::{self, Display};
use std::path::Path;

use cleanbench_ledger::LedgerError;
use cleanbench_ledger::directory::FindError;
use cleanbench_model::ConfigError;
use cleanbench_report::ReportError;
use cleanbench_suite::{Diagnostic, LoadError};

/// What sort of mistake it is. It decides what a program exits with, or what a server answers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ErrorKind {
    /// What was asked for makes no sense.
    Usage,
    /// The selection matches nothing.
    NothingSelected,
    /// The suite has errors.
    SuiteInvalid,
    /// The models file, a label or another setting forbids it.
    ConfigInvalid,
    /// A file cannot be written.
    CannotWrite,
    /// A run directory is not what it was.
    Damaged,
    /// The machine, as it is now, cannot find it out: nothing is wrong that is known of.
    Undecided,
    /// A bug in cleanbench itself.
    Internal,
}

/// Why nothing can be planned.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PlanError {
    /// Of which kind.
    pub kind: ErrorKind,
    /// What is wrong: lowercase fragments, at least one.
    pub what: Vec<String>,
    /// What to do next.
    pub hints: Vec<String>,
    /// Faults of the suite, each at its place.
    pub diagnostics: Vec<Diagnostic>,
}

impl Display for PlanError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.what.join("; "))
    }
}

impl std::error::Error for PlanError {}

impl PlanError {
    /// An error of `kind`: `what` is wrong.
    pub fn new(kind: ErrorKind, what: impl Display) -> Self {
        Self::of_all(kind, vec![what.to_string()])
    }

    /// Several things that are wrong at once.
    pub fn of_all(kind: ErrorKind, what: Vec<String>) -> Self {
        Self {
            kind,
            what,
            hints: Vec::new(),
            diagnostics: Vec::new(),
        }
    }

    /// The same with one more thing to do.
    #[must_use]
    pub fn hint(mut self, hint: impl Display) -> Self {
        self.hints.push(hint.to_string());
        self
    }

    /// Faults of models file or command line.
    pub fn config(errors: &[ConfigError]) -> Self {
        let what = errors.iter().map(ToString::to_string).collect();
        let hints = errors.iter().filter_map(|error| error.hint.clone());
        Self {
            hints: hints.collect(),
            ..Self::of_all(ErrorKind::ConfigInvalid, what)
        }
    }

    /// A file of the user's that cannot be read.
    pub fn unreadable(path: &Path, kind: ErrorKind, error: &std::io::Error) -> Self {
        Self::new(kind, format!("cannot read `{}`: {error}", path.display()))
    }
}

impl From<LedgerError> for PlanError {
    fn from(error: LedgerError) -> Self {
        let kind = match &error {
            LedgerError::Io(_) | LedgerError::Locked(_) | LedgerError::Closed => {
                ErrorKind::CannotWrite
            }
            LedgerError::Damaged(_) => ErrorKind::Damaged,
            LedgerError::NotARun(..) | LedgerError::TooNew { .. } => ErrorKind::Usage,
        };
        let found = Self::new(kind, &error);
        match error {
            LedgerError::Damaged(_) => found.hint("`cleanbench verify` lists every damaged place"),
            LedgerError::Io(_) => {
                found.hint("what was recorded is kept; go on with `cleanbench run --resume`")
            }
            _ => found,
        }
    }
}

impl From<ReportError> for PlanError {
    fn from(error: ReportError) -> Self {
        match error {
            ReportError::Ledger(error) => error.into(),
            ReportError::Unplanned(_) | ReportError::Plan(_) => {
                Self::new(ErrorKind::Damaged, error)
            }
            ReportError::Unprepared(_) => Self::new(ErrorKind::Undecided, error)
                .hint("where the machine is short of memory or of time, try again later"),
            ReportError::Csv(_) => Self::new(ErrorKind::CannotWrite, error),
        }
    }
}

impl From<FindError> for PlanError {
    fn from(error: FindError) -> Self {
        Self::new(ErrorKind::Usage, error)
            .hint("`cleanbench list` shows the runs of the output folder")
    }
}

impl From<LoadError> for PlanError {
    fn from(error: LoadError) -> Self {
        Self::new(ErrorKind::SuiteInvalid, error)
    }
}

impl From<std::io::Error> for PlanError {
    fn from(error: std::io::Error) -> Self {
        Self::new(ErrorKind::CannotWrite, error)
    }
}
