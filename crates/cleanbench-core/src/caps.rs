//! What a run may use up.

use std::time::Duration;

use crate::Usd;

/// What a run may use up at most, over all its resumes. `None` is no cap.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Caps {
    /// US dollars.
    pub cost: Option<Usd>,
    /// Tokens of prompts and answers together.
    pub tokens: Option<u64>,
    /// Time in which a writer is at work.
    pub time: Option<Duration>,
    /// Attempts.
    pub requests: Option<u64>,
    /// Whether an attempt whose worst case has no bound is sent all the same, and counted only by what
    /// is known of it.
    pub best_effort: bool,
}

impl Caps {
    /// Whether there is any.
    pub fn any(&self) -> bool {
        self.cost.is_some()
            || self.tokens.is_some()
            || self.time.is_some()
            || self.requests.is_some()
    }
}
