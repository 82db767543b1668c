//! How far a loader has come, for whoever waits for it.

use std::sync::atomic::{AtomicU64, Ordering};

/// Counts the records that were read, so that whoever waits can tell a long work from one that hangs.
#[derive(Debug, Default)]
pub struct Pulse(AtomicU64);

impl Pulse {
    /// One more.
    pub(crate) fn beat(&self) {
        self.0.fetch_add(1, Ordering::Relaxed);
    }

    /// How many there were so far.
    pub fn count(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }
}
