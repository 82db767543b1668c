//! The run directory: hash-chained journal, salted payloads, locks, recovery.
