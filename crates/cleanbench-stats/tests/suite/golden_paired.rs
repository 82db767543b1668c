//! Tests and intervals of two arms against values from other programs.
//!
//! Invariant: as in [`crate::reference`].
//!
//! It refuses a row of the wrong width.

use crate::reference::{absolute, count, lines, numbers, relative, row};
use cleanbench_stats::cluster::Units;
use cleanbench_stats::exact::{
    fisher_two_sided, mcnemar_mid_p_greater, mcnemar_mid_p_two_sided, mcnemar_two_sided,
};
use cleanbench_stats::random::Random;
use cleanbench_stats::resample::{bootstrap_given, sign_flip, sign_flip_given};
use cleanbench_stats::tango::{self, Pairs};
use cleanbench_stats::{Confidence, Method};

#[test]
fn other_forms_of_mcnemars_test() {
    for line in lines(include_str!("golden/mcnemar_more.txt"), 15) {
        let [first, second, two_sided, mid_p, mid_p_two_sided] = row(line);
        let (first, second) = (count(first), count(second));
        absolute(mcnemar_two_sided(first, second), two_sided, 1e-11, line);
        absolute(
            mcnemar_mid_p_two_sided(first, second),
            mid_p_two_sided,
            1e-11,
            line,
        );
        if first + second > 0 {
            absolute(mcnemar_mid_p_greater(first, second), mid_p, 1e-11, line);
        }
    }
}

#[test]
fn fishers_two_sided_test() {
    for line in lines(include_str!("golden/fisher_two_sided.txt"), 12) {
        let [hits_a, n_a, hits_b, n_b, expected] = row(line);
        let found = fisher_two_sided(count(hits_a), count(n_a), count(hits_b), count(n_b));
        relative(found, expected, 1e-11, line);
    }
}

#[test]
fn tangos_interval_and_test() {
    for line in lines(include_str!("golden/tango.txt"), 30) {
        let [n, first, second, level, margin, low, high, z, p] = row(line);
        let pairs = Pairs::new(count(n), count(first), count(second)).unwrap();
        let found = tango::interval(pairs, Confidence::new(level).unwrap()).interval;
        absolute(found.low, low, 1e-12, line);
        absolute(found.high, high, 1e-12, line);
        absolute(tango::z(pairs, -margin), z, 1e-10, line);
        absolute(tango::score_non_inferiority(pairs, margin), p, 1e-11, line);
        assert_eq!((found.n, found.method), (count(n), Method::Tango));
    }
}

/// A published vector: 500 pairs, 31 solved by the new arm alone and 44 by the old alone.
#[test]
fn a_known_case_of_non_inferiority() {
    let pairs = Pairs::new(500, 31, 44).unwrap();
    assert!((tango::z(pairs, -0.05) - 1.36722).abs() < 5e-6);
    let low = tango::interval(pairs, Confidence::one_sided(0.05).unwrap())
        .interval
        .low;
    assert!((low + 0.055_017).abs() < 5e-7, "{low}");
    // Wald's interval, for which Tango's is the better replacement.
    let variance = (31.0 + 44.0 - 13.0_f64 * 13.0 / 500.0) / (500.0 * 500.0);
    let wald = -0.026 - 1.644_853_626_951_472_6 * variance.sqrt();
    assert!((wald + 0.054_425).abs() < 5e-7, "{wald}");
}

#[test]
fn the_exact_test_of_non_inferiority() {
    for line in lines(include_str!("golden/exact_non_inferiority.txt"), 11) {
        let [n, first, second, margin, expected] = row(line);
        let pairs = Pairs::new(count(n), count(first), count(second)).unwrap();
        let found = tango::exact_non_inferiority(pairs, margin);
        absolute(found, expected, 1e-9, line);
    }
}

/// 25 rows of places or of signs.
fn matrix(numbers: &[f64], units: usize) -> Vec<Vec<u64>> {
    assert_eq!(numbers.len(), 25 * units);
    let rows = numbers.chunks(units);
    rows.map(|row| row.iter().map(|&value| count(value)).collect())
        .collect()
}

#[test]
fn resampling_on_given_matrices() {
    for line in lines(include_str!("golden/resampled.txt"), 11) {
        let parts: Vec<Vec<f64>> = line.split('|').map(numbers).collect();
        let [values, names, draws, signs, expected] = parts.try_into().unwrap();
        let [
            mean,
            low,
            high,
            greater,
            two_sided,
            all_greater,
            all_two_sided,
        ] = expected.try_into().unwrap();
        let names: Vec<u64> = names.into_iter().map(count).collect();
        let units = Units::clustered(&values, &names).unwrap();
        let places: Vec<Vec<usize>> = matrix(&draws, units.len())
            .into_iter()
            .map(|row| {
                row.into_iter()
                    .map(|at| usize::try_from(at).unwrap())
                    .collect()
            })
            .collect();
        let found = bootstrap_given(&units, &places, Confidence::new(0.9).unwrap()).unwrap();
        absolute(found.value, mean, 1e-12, line);
        absolute(found.interval.low, low, 1e-9, line);
        absolute(found.interval.high, high, 1e-9, line);
        let flips: Vec<Vec<bool>> = matrix(&signs, units.len())
            .into_iter()
            .map(|row| row.into_iter().map(|sign| sign == 1).collect())
            .collect();
        let found = sign_flip_given(&units, &flips).unwrap();
        absolute(found.greater, greater, 1e-12, line);
        absolute(found.two_sided, two_sided, 1e-12, line);
        if all_greater <= 1.0 {
            let found = sign_flip(&units, 0, 0).unwrap();
            absolute(found.greater, all_greater, 1e-12, line);
            absolute(found.two_sided, all_two_sided, 1e-12, line);
            assert_eq!(found.flips, None);
        }
    }
}

#[test]
fn bounded_draws() {
    for line in lines(include_str!("golden/random_below.txt"), 10) {
        let numbers: Vec<u64> = line.split(' ').map(|word| word.parse().unwrap()).collect();
        let mut random = Random::new(numbers[0]);
        let bounds = [2, 6, 1000, 1_000_000_000_000, (1 << 63) + 1];
        for (expected, bound) in numbers[1..].iter().zip(bounds.into_iter().cycle()) {
            assert_eq!(random.below(bound), *expected, "{line}");
        }
    }
}
