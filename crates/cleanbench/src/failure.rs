//! A command that cannot go on: what to print, and the exit code.

use std::fmt::Display;
use std::path::Path;

use cleanbench_core::Exit;
use cleanbench_engine::{EngineError, ResumeError};
use cleanbench_ledger::LedgerError;
use cleanbench_ledger::directory::FindError;
use cleanbench_model::ConfigError;
use cleanbench_report::ReportError;

/// Why a command cannot go on.
#[derive(Debug)]
pub(crate) struct Failure {
    pub(crate) exit: Exit,
    /// Lowercase fragments, printed after `error:` one by one.
    pub(crate) messages: Vec<String>,
    /// What to do next, printed after `hint:`.
    pub(crate) hints: Vec<String>,
}

impl Failure {
    pub(crate) fn new(exit: Exit, message: impl Display) -> Self {
        Self {
            exit,
            messages: vec![message.to_string()],
            hints: Vec::new(),
        }
    }

    pub(crate) fn hint(mut self, hint: impl Display) -> Self {
        self.hints.push(hint.to_string());
        self
    }

    /// Faults of models file or command line.
    pub(crate) fn config(errors: &[ConfigError]) -> Self {
        let hints = errors
            .iter()
            .filter_map(|error| error.hint.clone())
            .collect();
        let messages = errors.iter().map(ToString::to_string).collect();
        Self {
            exit: Exit::ConfigInvalid,
            messages,
            hints,
        }
    }

    /// A file of the user's that cannot be read.
    pub(crate) fn unreadable(path: &Path, exit: Exit, error: &std::io::Error) -> Self {
        Self::new(exit, format!("cannot read `{}`: {error}", path.display()))
    }
}

impl From<LedgerError> for Failure {
    fn from(error: LedgerError) -> Self {
        let exit = match &error {
            LedgerError::Io(_) | LedgerError::Locked(_) | LedgerError::Closed => Exit::CannotWrite,
            LedgerError::Damaged(_) => Exit::VerifyFailed,
            LedgerError::NotARun(..) | LedgerError::TooNew { .. } => Exit::Usage,
        };
        let failure = Self::new(exit, &error);
        match error {
            LedgerError::Damaged(_) => {
                failure.hint("`cleanbench verify` lists every damaged place")
            }
            LedgerError::Io(_) => {
                failure.hint("what was recorded is kept; go on with `cleanbench run --resume`")
            }
            _ => failure,
        }
    }
}

impl From<ResumeError> for Failure {
    fn from(error: ResumeError) -> Self {
        match error {
            ResumeError::Ledger(error) => error.into(),
            ResumeError::Unplanned(error) => Self::new(Exit::VerifyFailed, error),
        }
    }
}

impl From<EngineError> for Failure {
    fn from(error: EngineError) -> Self {
        match error {
            EngineError::Ledger(error) => error.into(),
            EngineError::Changed(_) => Self::new(Exit::VerifyFailed, error),
        }
    }
}

impl From<ReportError> for Failure {
    fn from(error: ReportError) -> Self {
        match error {
            ReportError::Ledger(error) => error.into(),
            ReportError::Unplanned(_) | ReportError::Plan(_) => {
                Self::new(Exit::VerifyFailed, error)
            }
            ReportError::Csv(_) => Self::new(Exit::CannotWrite, error),
        }
    }
}

impl From<FindError> for Failure {
    fn from(error: FindError) -> Self {
        Self::new(Exit::Usage, error).hint("`cleanbench list` shows the runs of the output folder")
    }
}

impl From<std::io::Error> for Failure {
    fn from(error: std::io::Error) -> Self {
        Self::new(Exit::CannotWrite, error)
    }
}
