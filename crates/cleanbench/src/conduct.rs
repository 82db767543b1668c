//! How a run is carried out, whichever command asked for it.
//!
//! Invariant: nothing of it is in the plan, so a run may be resumed with another conduct.

use std::time::Duration;

use cleanbench_core::Caps;

use crate::format::Format;

/// How a run is carried out.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Conduct {
    /// Whether calls that ended without an answer are asked again.
    pub(crate) retry_errors: bool,
    /// Whether programs that scorers name may be run.
    pub(crate) allow_commands: bool,
    /// Whether no answers of earlier runs are taken and none are kept.
    pub(crate) no_cache: bool,
    /// What it may use up.
    pub(crate) caps: Caps,
    /// Attempts after the first one, for errors that can pass.
    pub(crate) max_retries: u32,
    /// Longest time for one attempt.
    pub(crate) attempt_limit: Duration,
    /// How long an endpoint that turns every call away is waited for.
    pub(crate) patience: Duration,
    /// Form of the result.
    pub(crate) format: Format,
}

impl Conduct {
    /// How a run is carried out whose answers are all on record: nothing is sent, so nothing is retried or waited for.
    pub(crate) fn of_recorded(format: Format) -> Self {
        Self {
            retry_errors: false,
            allow_commands: false,
            no_cache: true,
            caps: Caps::default(),
            max_retries: 0,
            attempt_limit: Duration::from_secs(1),
            patience: Duration::from_secs(1),
            format,
        }
    }
}
