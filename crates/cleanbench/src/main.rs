//! The `cleanbench` command: what was typed, wired to the libraries, and what is printed.
//!
//! Invariant: stdout is the result, stderr is talk, and the process ends by returning from `main`, so
//! the journal's last bytes are always written.

mod arguments;
mod commands;
mod endpoints;
mod environment;
mod failure;
mod plain_table;
mod progress;
mod result_table;
mod session;
mod suite_key;
mod talk;

use std::process::ExitCode;

fn main() -> ExitCode {
    ExitCode::from(commands::main().code())
}
