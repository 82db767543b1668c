//! Why the engine cannot go on. What was recorded so far stays valid.
//!
//! It stands below everything that can fail, and knows none of it. What goes wrong in a single call is no
//! error here: that is on record, and the run goes on.

use cleanbench_ledger::LedgerError;

/// Why the engine cannot go on. What was recorded so far stays valid.
#[derive(Debug, Clone, thiserror::Error)]
pub enum EngineError {
    /// The run directory cannot be read or written.
    #[error(transparent)]
    Ledger(#[from] LedgerError),
    /// A recorded reply that was an answer is not one any more.
    #[error("a recorded reply that was read as an answer no longer is: {0}")]
    Changed(String),
    /// The next calls cannot be planned.
    #[error(transparent)]
    Planner(#[from] PlannerError),
}

/// Why nothing can be planned.
#[derive(Debug, Clone, thiserror::Error)]
#[error("the next calls cannot be planned: {0}")]
pub struct PlannerError(pub String);
