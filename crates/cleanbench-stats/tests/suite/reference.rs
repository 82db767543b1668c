//! Values from other programs.
//!
//! Invariant: each list is read in full, and holds as many rows as the test says.
//!
//! It refuses a row of the wrong width.

use cleanbench_stats::auc::auc;
use cleanbench_stats::binomial::{ln_factorial, upper_tail};
use cleanbench_stats::difference::{newcombe, newcombe_paired};
use cleanbench_stats::exact::{fisher_greater, mcnemar_greater};
use cleanbench_stats::multiplicity::{benjamini_hochberg, holm};
use cleanbench_stats::{Confidence, power};

/// The rows of a list without its comments, which must be at least `least`.
pub(crate) fn lines(text: &str, least: usize) -> Vec<&str> {
    let rows: Vec<&str> = text.lines().filter(|line| !line.starts_with('#')).collect();
    assert!(rows.len() >= least, "only {} rows", rows.len());
    rows
}

pub(crate) fn numbers(text: &str) -> Vec<f64> {
    let number = |word: &str| word.parse().expect("a number");
    text.split_whitespace().map(number).collect()
}

pub(crate) fn row<const WIDTH: usize>(line: &str) -> [f64; WIDTH] {
    numbers(line).try_into().expect("as many columns")
}

pub(crate) fn parts(line: &str) -> [Vec<f64>; 3] {
    let parts: Vec<Vec<f64>> = line.split('|').map(numbers).collect();
    parts.try_into().expect("three parts")
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "the lists hold whole numbers below 2^53 here"
)]
pub(crate) fn count(value: f64) -> u64 {
    value as u64
}

#[track_caller]
pub(crate) fn relative(found: f64, expected: f64, tolerance: f64, line: &str) {
    let error = (found - expected).abs();
    assert!(
        error <= tolerance * expected.abs(),
        "{line}: {found:e}, not {expected:e}"
    );
}

#[track_caller]
pub(crate) fn absolute(found: f64, expected: f64, tolerance: f64, line: &str) {
    let error = (found - expected).abs();
    assert!(error <= tolerance, "{line}: {found:e}, not {expected:e}");
}

#[test]
fn factorials() {
    for line in lines(include_str!("golden/ln_factorial.txt"), 20) {
        let [n, expected] = row(line);
        relative(ln_factorial(count(n)), expected, 1e-14, line);
    }
}

#[test]
fn binomial_tails() {
    for line in lines(include_str!("golden/upper_tail.txt"), 20) {
        let [k, n, p, expected] = row(line);
        relative(upper_tail(count(k), count(n), p), expected, 1e-12, line);
    }
}

#[test]
fn mcnemar_p_values() {
    for line in lines(include_str!("golden/mcnemar.txt"), 20) {
        let [first, second, expected] = row(line);
        let found = mcnemar_greater(count(first), count(second));
        relative(found, expected, 1e-12, line);
    }
}

#[test]
fn fisher_p_values() {
    for line in lines(include_str!("golden/fisher.txt"), 20) {
        let [hits_a, n_a, hits_b, n_b, expected] = row(line);
        let found = fisher_greater(count(hits_a), count(n_a), count(hits_b), count(n_b));
        relative(found, expected, 1e-12, line);
    }
}

#[track_caller]
fn triple(found: (f64, f64, f64), expected: [f64; 3], tolerance: f64, line: &str) {
    for (end, expected) in [found.0, found.1, found.2].into_iter().zip(expected) {
        absolute(end, expected, tolerance, line);
    }
}

#[test]
fn unpaired_differences() {
    for line in lines(include_str!("golden/newcombe.txt"), 20) {
        let [hits_a, n_a, hits_b, n_b, level, estimate, low, high] = row(line);
        let confidence = Confidence::new(level).unwrap();
        let [hits_a, n_a, hits_b, n_b] = [hits_a, n_a, hits_b, n_b].map(count);
        let found = newcombe(hits_a, n_a, hits_b, n_b, confidence).unwrap();
        triple(found, [estimate, low, high], 1e-12, line);
    }
}

#[test]
fn paired_differences() {
    for line in lines(include_str!("golden/newcombe_paired.txt"), 20) {
        let [both, only_a, only_b, neither, level, estimate, low, high] = row(line);
        let confidence = Confidence::new(level).unwrap();
        let counts = [both, only_a, only_b, neither].map(count);
        let found = newcombe_paired(counts, confidence).unwrap();
        triple(found, [estimate, low, high], 1e-12, line);
    }
}

#[test]
fn families_of_tests() {
    let mut compared = 0;
    for line in lines(include_str!("golden/multiplicity.txt"), 6) {
        let [p, by_holm, by_benjamini_hochberg] = parts(line);
        for (found, expected) in [
            (holm(&p), by_holm),
            (benjamini_hochberg(&p), by_benjamini_hochberg),
        ] {
            assert_eq!(found.len(), expected.len(), "{line}");
            for (found, expected) in found.into_iter().zip(expected) {
                absolute(found, expected, 1e-14, line);
                compared += 1;
            }
        }
    }
    assert!(compared >= 40, "only {compared} values");
}

#[test]
fn areas() {
    for line in lines(include_str!("golden/auc.txt"), 7) {
        let [positive, negative, expected] = parts(line);
        let found = auc(&positive, &negative).unwrap();
        let expected = expected.try_into().expect("three numbers");
        triple(
            (found.estimate, found.low, found.high),
            expected,
            1e-12,
            line,
        );
    }
}

#[test]
fn powers_of_unpaired_comparisons() {
    for line in lines(include_str!("golden/power_unpaired.txt"), 20) {
        let [n_a, n_b, p_a, p_b, alpha, expected] = row(line);
        let found = power::unpaired(count(n_a), count(n_b), p_a, p_b, alpha);
        absolute(found, expected, 1e-10, line);
    }
}

#[test]
fn powers_of_paired_comparisons() {
    for line in lines(include_str!("golden/power_paired.txt"), 20) {
        let [n, p_only_a, p_only_b, alpha, expected] = row(line);
        let found = power::paired(count(n), p_only_a, p_only_b, alpha);
        absolute(found, expected, 1e-10, line);
    }
}
