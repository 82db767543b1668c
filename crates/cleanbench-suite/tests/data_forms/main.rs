//! Data as it is: whatever forms files, columns, options and targets have, what comes out or is asked for.

#![expect(
    clippy::unwrap_used,
    clippy::format_collect,
    clippy::print_stdout,
    clippy::disallowed_methods,
    reason = "a helper of a test fails the test by panicking, and one that draws says its seed and is told how much"
)]

mod bed;
mod choices;
mod columns;
mod files;
mod hostile;
mod parquet;
