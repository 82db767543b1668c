//! A command that cannot go on: what to print, and the exit code.

use std::fmt::Display;

use cleanbench_core::Exit;
use cleanbench_engine::{EngineError, ResumeError};
use cleanbench_ledger::LedgerError;
use cleanbench_ledger::directory::FindError;
use cleanbench_model::ConfigError;
use cleanbench_plan::{ErrorKind, PlanError};
use cleanbench_report::ReportError;
use cleanbench_suite::Diagnostic;

/// Why a command cannot go on.
#[derive(Debug)]
pub(crate) struct Failure {
    pub(crate) exit: Exit,
    /// Lowercase fragments, printed after `error:` one by one.
    pub(crate) messages: Vec<String>,
    /// What to do next, printed after `hint:`.
    pub(crate) hints: Vec<String>,
    /// Faults of a suite, each at its place; printed before everything else.
    pub(crate) diagnostics: Vec<Diagnostic>,
}

impl Failure {
    pub(crate) fn new(exit: Exit, message: impl Display) -> Self {
        Self::of_all(exit, vec![message.to_string()])
    }

    /// Several things that are wrong at once.
    pub(crate) fn of_all(exit: Exit, messages: Vec<String>) -> Self {
        Self {
            exit,
            messages,
            hints: Vec::new(),
            diagnostics: Vec::new(),
        }
    }

    pub(crate) fn hint(mut self, hint: impl Display) -> Self {
        self.hints.push(hint.to_string());
        self
    }

    /// Faults of models file or command line.
    pub(crate) fn config(errors: &[ConfigError]) -> Self {
        PlanError::config(errors).into()
    }
}

/// The exit code of each kind of mistake.
fn exit_of(kind: ErrorKind) -> Exit {
    match kind {
        ErrorKind::Usage => Exit::Usage,
        ErrorKind::NothingSelected => Exit::NothingSelected,
        ErrorKind::SuiteInvalid => Exit::SuiteInvalid,
        ErrorKind::ConfigInvalid => Exit::ConfigInvalid,
        ErrorKind::CannotWrite => Exit::CannotWrite,
        ErrorKind::Damaged => Exit::VerifyFailed,
        ErrorKind::Undecided => Exit::Inconclusive,
        ErrorKind::Internal => Exit::Internal,
    }
}

impl From<PlanError> for Failure {
    fn from(error: PlanError) -> Self {
        Self {
            exit: exit_of(error.kind),
            messages: error.what,
            hints: error.hints,
            diagnostics: error.diagnostics,
        }
    }
}

impl From<LedgerError> for Failure {
    fn from(error: LedgerError) -> Self {
        PlanError::from(error).into()
    }
}

impl From<ReportError> for Failure {
    fn from(error: ReportError) -> Self {
        PlanError::from(error).into()
    }
}

impl From<FindError> for Failure {
    fn from(error: FindError) -> Self {
        PlanError::from(error).into()
    }
}

impl From<std::io::Error> for Failure {
    fn from(error: std::io::Error) -> Self {
        PlanError::from(error).into()
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
            EngineError::Changed(_) | EngineError::Planner(_) => {
                Self::new(Exit::VerifyFailed, error)
            }
        }
    }
}
