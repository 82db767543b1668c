//! Simulates how the crate's tests and intervals err.
//!
//! Usage: `simulate TABLE`, with `sizes`, `coverage`, `means`, `decisions`, `discoveries`, `peeking` or `drift`. It writes CSV to stdout,
//! says on stderr which rows do not hold, and then exits with 1. The tests run a smaller version of it.

mod coverage;
mod decisions;
mod discoveries;
mod drift;
mod means;
mod peeking;
mod sizes;
mod table;

use std::io::Write;
use std::process::ExitCode;
use table::Effort;

const FULL: Effort = Effort {
    samples: 20_000,
    years: 2_000,
    thorough: true,
};

fn main() -> std::io::Result<ExitCode> {
    let name = std::env::args().nth(1).unwrap_or_default();
    let mut talk = std::io::stderr();
    let table = match name.as_str() {
        "sizes" => sizes::table(FULL),
        "coverage" => coverage::table(FULL),
        "means" => means::table(FULL),
        "decisions" => decisions::table(FULL),
        "discoveries" => discoveries::table(FULL),
        "peeking" => peeking::table(FULL),
        "drift" => drift::table(FULL),
        _ => {
            writeln!(
                talk,
                "usage: simulate sizes|coverage|means|decisions|discoveries|peeking|drift"
            )?;
            return Ok(ExitCode::from(2));
        }
    };
    std::io::stdout().write_all(table.csv().as_bytes())?;
    let (broken, checked) = (table.broken(), table.checked());
    writeln!(
        talk,
        "{name}: {} of {checked} rows hold",
        checked - broken.len()
    )?;
    for row in &broken {
        writeln!(talk, "  {row}")?;
    }
    Ok(if broken.is_empty() {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    })
}
