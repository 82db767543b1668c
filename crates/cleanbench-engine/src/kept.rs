//! An answer that an earlier run asked for, wherever it was found.
//!
//! Invariant: it says where it is from, and has no times: nothing was sent for it.

use cleanbench_core::event::Cached;
use cleanbench_core::model::Sent;
use cleanbench_core::{CallError, Reply, Timing};

/// An answer of an earlier run.
pub(crate) struct Kept {
    pub(crate) cached: Cached,
    pub(crate) sent: Sent,
}

impl Kept {
    /// What came back then, as if it had just arrived.
    pub(crate) fn new(cached: Cached, reply: Option<Reply>, error: Option<CallError>) -> Self {
        let sent = Sent {
            reply,
            error,
            timing: Timing::default(),
        };
        Self { cached, sent }
    }
}
