//! Simulates the null grid and writes its table.
//!
//! ```text
//! null-grid [MODELS] [ROWS] [SEED]
//! ```
//!
//! MODELS a row (5000), of the rows whose names hold ROWS (all of them), from SEED (1). The table is
//! `crates/cleanbench-lab/calibration/null_grid.csv`; rows that are not simulated keep their lines. Run from the root of
//! the project.

use std::error::Error;
use std::process::ExitCode;
use std::time::Instant;

use cleanbench_lab::null_grid::{rows, simulate, table};
use fs_err as fs;

const MODELS: u64 = 5_000;
const SEED: u64 = 1;
const FILE: &str = "crates/cleanbench-lab/calibration/null_grid.csv";

fn main() -> ExitCode {
    let arguments: Vec<_> = std::env::args().skip(1).collect();
    match run(&arguments) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            say(&format!("error: {error}"));
            ExitCode::FAILURE
        }
    }
}

#[expect(
    clippy::print_stderr,
    reason = "this program talks to whoever simulates"
)]
fn say(text: &str) {
    eprintln!("{text}");
}

fn run(arguments: &[String]) -> Result<(), Box<dyn Error>> {
    let number = |place: usize, otherwise: u64| {
        let given = arguments.get(place).map(|text| text.parse());
        given.unwrap_or(Ok(otherwise))
    };
    let [models, seed] = [number(0, MODELS)?, number(2, SEED)?];
    let wanted = arguments.get(1).map_or("", String::as_str);
    // There is none before the first time.
    let before = fs::read_to_string(FILE).unwrap_or_default();
    let mut csv = table::header();
    for row in rows::rows() {
        if row.name.contains(wanted) {
            let start = Instant::now();
            let tally = simulate(&row, models, seed)?;
            let seconds = start.elapsed().as_secs_f64();
            say(&format!(
                "{} [{seconds:.1} s]",
                table::told_line(&row, tally)
            ));
            csv.push_str(&table::line(&row, tally, seed));
        } else {
            let is_of_row = |line: &&str| line.split(',').next() == Some(row.name);
            let kept = before.lines().find(is_of_row);
            csv.extend(kept.map(|line| format!("{line}\n")));
        }
    }
    fs::write(FILE, csv)?;
    Ok(())
}
