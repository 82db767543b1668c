//! Why a run cannot be reported on.

use cleanbench_core::history::UnplannedPlace;
use cleanbench_ledger::LedgerError;

/// Why a run cannot be reported on.
#[derive(Debug, thiserror::Error)]
pub enum ReportError {
    /// The run directory cannot be read or written.
    #[error(transparent)]
    Ledger(#[from] LedgerError),
    /// Journal and plan do not belong together.
    #[error(transparent)]
    Unplanned(#[from] UnplannedPlace),
    /// The plan names something this version does not know.
    #[error("run.json: {0}")]
    Plan(String),
    /// This machine, as it is now, cannot prepare what the plan names. That says nothing of the run.
    #[error("run.json: {0}; that says nothing of the run")]
    Unprepared(String),
    /// A table cannot be written.
    #[error("cannot write a table: {0}")]
    Csv(#[from] csv::Error),
}

impl From<std::io::Error> for ReportError {
    fn from(error: std::io::Error) -> Self {
        Self::Ledger(error.into())
    }
}
