//! Data as it is: whatever forms files, columns, options and targets have, what comes out or is asked for.

#![expect(
    clippy::unwrap_used,
    reason = "a helper of a test fails the test by panicking"
)]

mod bed;
mod choices;
mod columns;
mod files;
mod hostile;
mod parquet;
