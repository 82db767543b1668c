//! The simulations of `examples/simulate-gates`, with fewer sets and settings, and what the full ones found.
//!
//! Invariant: seeds are fixed, so that a failure repeats. It refuses a table in which nothing must hold.

#[path = "../examples/simulate-gates/amounts.rs"]
mod amounts;
#[path = "../examples/simulate-gates/early.rs"]
mod early;
#[path = "../examples/simulate-gates/epochs.rs"]
mod epochs;
#[path = "../examples/simulate-gates/law.rs"]
mod law;
#[path = "../examples/simulate-gates/pairs.rs"]
mod pairs;
#[path = "../examples/simulate-gates/shares.rs"]
mod shares;
#[expect(dead_code, reason = "shared with the simulations of cleanbench-stats")]
#[path = "../../cleanbench-stats/examples/simulate/table.rs"]
mod table;

use table::{Effort, Table};

const QUICK: Effort = Effort {
    samples: 1_000,
    years: 0,
    thorough: false,
};

#[track_caller]
fn check(table: &Table, recorded: &str, least: usize) {
    let broken = table.broken();
    assert!(broken.is_empty(), "{broken:#?}");
    assert!(table.checked() >= least, "only {} rows", table.checked());
    let csv = table.csv();
    assert_eq!(csv.lines().next(), recorded.lines().next(), "the columns");
    let rows: Vec<_> = recorded.lines().skip(1).collect();
    assert!(rows.len() > least, "only {} rows on record", rows.len());
    assert!(
        rows.iter().all(|row| row.contains(",20000,")),
        "20,000 sets a row"
    );
    let broken: Vec<_> = rows.iter().filter(|row| row.ends_with(",no")).collect();
    assert!(broken.is_empty(), "{broken:#?}");
}

#[test]
fn gates_on_one_run_pass_wrongly_as_seldom_as_stated() {
    check(
        &shares::table(QUICK),
        include_str!("../simulated/shares.csv"),
        8,
    );
}

#[test]
fn gates_against_a_baseline_pass_wrongly_as_seldom_as_stated() {
    check(
        &pairs::table(QUICK),
        include_str!("../simulated/pairs.csv"),
        12,
    );
}

#[test]
fn gates_on_amounts_pass_wrongly_as_seldom_as_stated() {
    check(
        &amounts::table(QUICK),
        include_str!("../simulated/amounts.csv"),
        4,
    );
}

#[test]
fn gates_that_stop_early_pass_wrongly_as_seldom_as_stated() {
    check(
        &early::table(QUICK),
        include_str!("../simulated/early.csv"),
        6,
    );
}

#[test]
fn the_interval_of_pass_rates_near_one_holds() {
    check(
        &epochs::table(QUICK),
        include_str!("../simulated/epochs.csv"),
        2,
    );
}
