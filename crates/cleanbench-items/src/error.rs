//! Why the items of a run cannot be read.

use std::path::PathBuf;

use cleanbench_ledger::LedgerError;

/// Why the items of a run cannot be read.
#[derive(Debug, thiserror::Error)]
pub enum ItemsError {
    /// The run is damaged, or no run.
    #[error(transparent)]
    Ledger(#[from] LedgerError),
    /// A table of it is none.
    #[error("cannot read a table: {0}")]
    Csv(#[from] csv::Error),
    /// The run has not ended in order, so that it has no tables.
    #[error("the run in `{}` has not ended in order, so that it has no results yet", .0.display())]
    Unfinished(PathBuf),
    /// The tables are those of an early version.
    #[error(
        "the run in `{}` was made by an early version, whose results.csv has no column `{column}`",
        run.display()
    )]
    Old {
        /// The run.
        run: PathBuf,
        /// What is missing.
        column: &'static str,
    },
}

impl From<std::io::Error> for ItemsError {
    fn from(error: std::io::Error) -> Self {
        Self::Ledger(error.into())
    }
}
