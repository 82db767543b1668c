//! The simulations of `examples/simulate`, with fewer samples and settings.
//!
//! Invariant: seeds are fixed, so that a failure repeats.
//!
//! It refuses a table in which nothing must hold.

use crate::table::{Effort, Table};
use crate::{coverage, decisions, discoveries, drift, means, peeking, sizes};

const QUICK: Effort = Effort {
    samples: 1_000,
    years: 40,
    thorough: false,
};

#[track_caller]
fn check(table: &Table, least: usize) {
    let broken = table.broken();
    assert!(broken.is_empty(), "{broken:#?}");
    assert!(table.checked() >= least, "only {} rows", table.checked());
    // A header and a row each.
    assert!(table.csv().lines().count() > least);
}

#[test]
fn tests_reject_the_truth_no_more_often_than_they_say() {
    check(&sizes::table(QUICK), 40);
}

#[test]
fn intervals_hold_the_truth_as_often_as_they_say() {
    check(&coverage::table(QUICK), 15);
}

#[test]
fn means_err_as_stated_in_their_domain() {
    check(&means::table(QUICK), 30);
}

#[test]
fn what_decides_is_wrong_at_the_boundary_as_often_as_stated() {
    check(&decisions::table(QUICK), 20);
}

#[test]
fn items_that_are_called_negative_are_seldom_not() {
    check(&discoveries::table(QUICK), 2);
}

#[test]
fn looking_after_every_value_makes_no_more_errors() {
    check(&peeking::table(QUICK), 10);
}

#[test]
fn the_drift_alarm_is_rarely_false_and_finds_a_drop() {
    check(&drift::table(QUICK), 4);
}

/// What is on record is of full size and holds: no row is left out, and none is excused.
#[test]
fn the_years_on_record_hold() {
    let text = include_str!("../../simulated/drift.csv");
    let (header, rows) = text.split_once('\n').unwrap();
    let columns: Vec<_> = header.split(',').collect();
    let rows: Vec<Vec<_>> = rows.lines().map(|row| row.split(',').collect()).collect();
    let at = |row: &[&'static str], name: &str| {
        let place = columns.iter().position(|column| *column == name);
        row[place.unwrap()]
    };
    for row in &rows {
        let number = |name| -> f64 { at(row, name).parse().unwrap() };
        assert_eq!(number("years").to_bits(), 2000.0_f64.to_bits());
        assert!(number("false_alarms") <= number("alpha"), "{row:?}");
        assert!(number("median_nights_to_nothing") <= 4.0, "{row:?}");
        let is_beyond = number("night_correlation") > 0.6;
        assert_eq!(
            at(row, "holds"),
            if is_beyond { "" } else { "yes" },
            "{row:?}"
        );
    }
    for (name, values) in [
        (
            "baseline",
            &["14 nights", "60 nights", "10 epochs", "50 epochs"][..],
        ),
        ("n", &["100", "300", "1000"]),
        ("night_correlation", &["0", "0.3", "0.6", "0.8"]),
        ("unstable_percent", &["5", "20", "40", "all at 0.9"]),
        (
            "missing",
            &[
                "none",
                "5 % at random",
                "20 % of wrong and 1 % of right",
                "outages",
            ],
        ),
    ] {
        for value in values {
            let count = rows.iter().filter(|row| at(row, name) == *value).count();
            assert!(count >= 12, "{name} {value}: {count}");
        }
    }
}
