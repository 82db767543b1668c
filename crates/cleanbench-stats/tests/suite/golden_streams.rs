//! Sequential tests, repeats and ratios against values from other programs.
//!
//! Invariant: as in [`crate::reference`].
//!
//! It refuses a row of the wrong width.

use crate::reference::{absolute, count, lines, numbers, parts, relative, row};
use cleanbench_stats::cluster::Units;
use cleanbench_stats::drift::{Baseline, Night, Stakes, Terms, watch};
use cleanbench_stats::ratio::fieller;
use cleanbench_stats::repeats::{pass_at_k, pass_power_k};
use cleanbench_stats::sequential::{
    ConfidenceSequence, MeanAbove, mcnemar_e_value, mcnemar_e_value_greater,
};
use cleanbench_stats::{Confidence, NoInterval};

#[test]
fn e_values_of_paired_rates() {
    for line in lines(include_str!("golden/e_values.txt"), 15) {
        let [first, second, either, greater] = row(line);
        let (first, second) = (count(first), count(second));
        relative(mcnemar_e_value(first, second), either, 1e-9, line);
        relative(mcnemar_e_value_greater(first, second), greater, 1e-9, line);
    }
}

#[test]
fn bets_on_a_mean() {
    for line in lines(include_str!("golden/betting.txt"), 12) {
        let [values, bound, expected] = parts(line);
        let [e_value, p, low, high] = expected.try_into().unwrap();
        let mut test = MeanAbove::new(bound[0], 0.0, 1.0, 0.05).unwrap();
        // On another scale the interval is the same, stretched.
        let mut sequence = ConfidenceSequence::new(-1.0, 3.0, Confidence::PERCENT_95).unwrap();
        for value in &values {
            assert!(test.add(*value) && sequence.add(4.0 * value - 1.0));
        }
        relative(test.e_value(), e_value, 1e-9, line);
        relative(test.p_value(), p, 1e-9, line);
        let found = sequence.interval();
        absolute(found.low, 4.0 * low - 1.0, 1e-12, line);
        absolute(found.high, 4.0 * high - 1.0, 1e-12, line);
    }
}

/// A night of which this share is missing beside what is right.
fn night([score, missing]: [f64; 2]) -> Night {
    Night {
        low: score,
        high: score + missing,
        seen: Some(score),
    }
}

#[test]
fn e_values_of_nights() {
    for (text, stakes) in [
        (include_str!("golden/drift.txt"), Stakes::EarlyToo),
        (include_str!("golden/drift_even.txt"), Stakes::Even),
    ] {
        let terms = Terms {
            alpha: 0.05,
            allowance: 0.0,
            stakes,
        };
        let mut largest = 0.0_f64;
        for line in lines(text, 12) {
            let parts: Vec<Vec<f64>> = line.split('|').map(numbers).collect();
            let [epochs, baseline, later, missing, path] = parts.try_into().unwrap();
            let later = later.into_iter().zip(missing);
            let later: Vec<Night> = later.map(|(score, gap)| night([score, gap])).collect();
            let baseline: Vec<Night> = baseline.into_iter().map(Night::whole).collect();
            let baseline = if epochs[0] > 0.5 {
                Baseline::Epochs(&baseline)
            } else {
                Baseline::Nights(&baseline)
            };
            let found = watch(baseline, &later, terms).unwrap();
            assert_eq!(found.path.len(), path.len());
            for (found, expected) in found.path.into_iter().zip(path) {
                relative(found, expected, 1e-9, line);
                largest = largest.max(found);
            }
        }
        assert!(largest > 20.0, "no drop was found: {largest}");
    }
}

#[test]
fn repeats_of_a_sample() {
    for line in lines(include_str!("golden/repeats.txt"), 12) {
        let [attempts, successes, k, at_least_one, all] = row(line);
        let [attempts, successes, k] = [attempts, successes, k].map(count);
        absolute(
            pass_at_k(attempts, successes, k).unwrap(),
            at_least_one,
            1e-12,
            line,
        );
        absolute(
            pass_power_k(attempts, successes, k).unwrap(),
            all,
            1e-12,
            line,
        );
    }
    for (attempts, successes, k) in [(0, 0, 0), (3, 1, 0), (3, 1, 4), (3, 4, 1)] {
        assert_eq!(pass_at_k(attempts, successes, k), None);
        assert_eq!(pass_power_k(attempts, successes, k), None);
    }
}

#[test]
fn ratios_of_means() {
    for line in lines(include_str!("golden/ratios.txt"), 12) {
        let parts: Vec<Vec<f64>> = line.split('|').map(numbers).collect();
        let [above, below, level, expected] = parts.try_into().unwrap();
        let [ratio, low, high] = expected.try_into().unwrap();
        let confidence = Confidence::new(level[0]).unwrap();
        let found = fieller(&Units::single(&above), &Units::single(&below), confidence);
        if low > high {
            assert_eq!(found, Err(NoInterval::Unbounded), "{line}");
            continue;
        }
        let found = found.unwrap();
        absolute(found.value, ratio, 1e-12, line);
        absolute(found.interval.low, low, 1e-9, line);
        absolute(found.interval.high, high, 1e-9, line);
    }
}
