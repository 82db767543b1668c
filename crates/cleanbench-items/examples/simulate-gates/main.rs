//! Simulates how often gates pass wrongly at the boundary, and how often they pass where the truth is better.
//!
//! Usage: `simulate-gates TABLE`, with `shares`, `pairs`, `amounts`, `early` or `epochs`. It writes CSV to stdout, says on stderr
//! which rows do not hold, and then exits with 1. The tests run a smaller version of it.

mod amounts;
mod early;
mod epochs;
mod law;
mod pairs;
mod shares;
#[expect(dead_code, reason = "shared with the simulations of cleanbench-stats")]
#[path = "../../../cleanbench-stats/examples/simulate/table.rs"]
mod table;

use std::io::Write;
use std::process::ExitCode;
use table::Effort;

const FULL: Effort = Effort {
    samples: 20_000,
    years: 0,
    thorough: true,
};

fn main() -> std::io::Result<ExitCode> {
    let name = std::env::args().nth(1).unwrap_or_default();
    let mut talk = std::io::stderr();
    let table = match name.as_str() {
        "shares" => shares::table(FULL),
        "pairs" => pairs::table(FULL),
        "amounts" => amounts::table(FULL),
        "early" => early::table(FULL),
        "epochs" => epochs::table(FULL),
        _ => {
            writeln!(
                talk,
                "usage: simulate-gates shares|pairs|amounts|early|epochs"
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
