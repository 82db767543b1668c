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
