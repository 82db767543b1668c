//! What is refused, what has no data, and what must hold between results.
//!
//! Invariant: no test here needs a value from elsewhere.
//!
//! It refuses nothing.

use cleanbench_stats::auc::auc;
use cleanbench_stats::binomial::{ln_factorial, upper_tail};
use cleanbench_stats::difference::{newcombe, newcombe_paired};
use cleanbench_stats::exact::{fisher_greater, mcnemar_greater};
use cleanbench_stats::multiplicity::{benjamini_hochberg, holm};
use cleanbench_stats::{Confidence, power};

const LEVEL: Confidence = Confidence::PERCENT_95;

fn is_one(p: f64) -> bool {
    p.to_bits() == 1.0_f64.to_bits()
}

#[test]
fn without_data_no_test_rejects_and_no_difference_is_given() {
    assert!(is_one(mcnemar_greater(0, 0)));
    for (hits_a, n_a, hits_b, n_b) in [(0, 0, 0, 0), (0, 0, 3, 5), (3, 5, 0, 0), (5, 5, 0, 0)] {
        let found = fisher_greater(hits_a, n_a, hits_b, n_b);
        assert!(is_one(found), "{hits_a}/{n_a} {hits_b}/{n_b}: {found}");
        assert_eq!(newcombe(hits_a, n_a, hits_b, n_b, LEVEL), None);
    }
    assert_eq!(newcombe_paired([0; 4], LEVEL), None);
    assert!(holm(&[]).is_empty() && benjamini_hochberg(&[]).is_empty());
    for (n_a, n_b) in [(0, 0), (0, 50), (50, 0)] {
        assert!(power::unpaired(n_a, n_b, 0.9, 0.1, 0.05) <= 0.0);
        assert_eq!(power::smallest_unpaired(n_a, n_b, 0.1, 0.05, 0.8), None);
    }
    assert!(power::paired(0, 0.5, 0.1, 0.05) <= 0.0);
    assert!(power::paired(50, 0.0, 0.0, 0.05) <= 0.0);
    assert_eq!(power::smallest_paired(0, 0.1, 0.05, 0.8), None);
}

#[test]
fn what_is_no_count_and_no_probability_is_refused() {
    for p in [-0.1, 1.1, f64::NAN] {
        assert!(upper_tail(1, 2, p).is_nan(), "{p}");
        assert!(power::unpaired(9, 9, p, 0.5, 0.05).is_nan(), "{p}");
        assert!(power::unpaired(9, 9, 0.5, p, 0.05).is_nan(), "{p}");
        assert!(power::paired(9, p, 0.1, 0.05).is_nan(), "{p}");
        assert!(power::unpaired(9, 9, 0.5, 0.5, p).is_nan(), "{p}");
        assert_eq!(power::smallest_unpaired(9, 9, p, 0.05, 0.1), None);
        assert_eq!(power::smallest_paired(9, p, 0.05, 0.1), None);
    }
    assert!(power::paired(9, 0.6, 0.5, 0.05).is_nan());
    assert!(fisher_greater(3, 2, 0, 2).is_nan() && fisher_greater(0, 2, 3, 2).is_nan());
    assert_eq!(newcombe(3, 2, 0, 2, LEVEL), None);
    assert_eq!(newcombe_paired([u64::MAX, 1, 0, 0], LEVEL), None);
    assert_eq!(power::smallest_paired(100, 0.6, 0.05, 0.1), None);
}

#[test]
fn tails_are_certain_at_the_ends() {
    for n in [0, 1, 7, 1_000] {
        for p in [0.0, 0.3, 1.0] {
            assert!(is_one(upper_tail(0, n, p)));
            assert!(upper_tail(n + 1, n, p) <= 0.0);
        }
        assert!(is_one(upper_tail(n, n, 1.0)));
        assert!(n == 0 || upper_tail(1, n, 0.0) <= 0.0);
    }
}

/// Both sides of the place where the sum changes direction, and of the end of the table.
#[test]
fn tails_fall_and_factorials_rise_step_by_step() {
    for n in [1, 2, 15, 16, 17, 100, 999] {
        for p in [0.001, 0.2, 0.5, 0.77, 0.999] {
            let tails: Vec<f64> = (0..=n + 1).map(|k| upper_tail(k, n, p)).collect();
            assert!(tails.windows(2).all(|pair| pair[1] <= pair[0]), "{n} {p}");
        }
    }
    for n in 1..200_u32 {
        let step = ln_factorial(u64::from(n)) - ln_factorial(u64::from(n) - 1);
        assert!((step - f64::from(n).ln()).abs() < 1e-12, "{n}: {step}");
    }
}

/// P(X >= a) in one arm and P(Y >= b + 1) in the other make up everything.
#[test]
fn fisher_and_its_complement_add_up_to_one() {
    for (hits_a, n_a, hits_b, n_b) in [
        (3, 9, 4, 11),
        (1, 1, 0, 5),
        (50, 70, 40, 90),
        (7, 300, 9, 20),
    ] {
        let greater = fisher_greater(hits_a, n_a, hits_b, n_b);
        let rest = fisher_greater(hits_b + 1, n_b, hits_a - 1, n_a);
        assert!((greater + rest - 1.0).abs() < 1e-13, "{greater} + {rest}");
    }
}

#[test]
fn differences_change_sign_when_the_arms_change_places() {
    let close = |x: f64, y: f64| (x + y).abs() < 1e-14;
    let opposite = |x: (f64, f64, f64), y: (f64, f64, f64)| {
        close(x.0, y.0) && close(x.1, y.2) && close(x.2, y.1)
    };
    for (a, n, b, m) in [(3, 9, 4, 11), (0, 5, 5, 5), (812, 1_000, 1, 3)] {
        let (one, other) = (newcombe(a, n, b, m, LEVEL), newcombe(b, m, a, n, LEVEL));
        assert!(opposite(one.unwrap(), other.unwrap()), "{one:?} {other:?}");
    }
    for [both, a, b, neither] in [[20, 12, 2, 16], [0, 5, 0, 1], [9, 1, 30, 2]] {
        let one = newcombe_paired([both, a, b, neither], LEVEL);
        let other = newcombe_paired([both, b, a, neither], LEVEL);
        assert!(opposite(one.unwrap(), other.unwrap()), "{one:?} {other:?}");
    }
}

#[test]
fn p_values_that_are_none_keep_their_place_in_the_family() {
    let p = [0.01, f64::NAN, 0.02, 1.5, -0.5];
    for (found, expected) in [
        (holm(&p), [0.04, 1.0, 0.06, 1.0, 0.0]),
        (benjamini_hochberg(&p), [0.025, 1.0, 0.1 / 3.0, 1.0, 0.0]),
    ] {
        for (found, expected) in found.iter().zip(expected) {
            assert!((found - expected).abs() < 1e-15, "{found} {expected}");
        }
    }
}

#[test]
fn areas_without_a_variance_take_the_cautious_interval() {
    // Wilson at 95 % for 0 of 1, 0 of 2 and 0 of 3: z² / (n + z²).
    let reach = |n: f64| 3.841_458_820_694_124 / (n + 3.841_458_820_694_124);
    for (positive, negative, estimate, low, high) in [
        (
            vec![2.0, 3.0, 4.0],
            vec![0.0, 1.0, 1.0, 1.5],
            1.0,
            1.0 - reach(3.0),
            1.0,
        ),
        (
            vec![0.0, 1.0],
            vec![2.0, 3.0, f64::INFINITY],
            0.0,
            0.0,
            reach(2.0),
        ),
        (vec![5.0], vec![1.0, 2.0, 3.0], 1.0, 1.0 - reach(1.0), 1.0),
    ] {
        let found = auc(&positive, &negative).unwrap();
        for (found, expected) in [
            (found.estimate, estimate),
            (found.low, low),
            (found.high, high),
        ] {
            assert!((found - expected).abs() < 1e-14, "{found} {expected}");
        }
    }
    let tied = auc(&[1.0; 4], &[1.0; 9]).unwrap();
    assert!((tied.estimate - 0.5).abs() < 1e-15 && tied.low < 0.2 && tied.high > 0.8);
    assert_eq!((tied.positives, tied.negatives), (4, 9));
    for (positive, negative) in [
        (&[][..], &[1.0][..]),
        (&[1.0], &[]),
        (&[f64::NAN], &[1.0]),
        (&[1.0], &[f64::NAN]),
    ] {
        assert_eq!(auc(positive, negative), None);
    }
}

#[test]
fn the_smallest_difference_is_enough_and_a_thousandth_less_is_not() {
    for (n_a, n_b, p_b) in [
        (50, 50, 0.5),
        (200, 100, 0.1),
        (2_000, 2_000, 0.7),
        (40, 40, 0.55),
    ] {
        let found = power::smallest_unpaired(n_a, n_b, p_b, 0.05, 0.8).unwrap();
        let at = |difference: f64| power::unpaired(n_a, n_b, p_b + difference, p_b, 0.05);
        assert!(
            at(found) >= 0.8 && at(found - 0.001) < 0.8,
            "{n_a} {n_b} {p_b}: {found}"
        );
    }
    for (n, p_only_b) in [(50, 0.1), (500, 0.05), (2_000, 0.0), (100, 0.3)] {
        let found = power::smallest_paired(n, p_only_b, 0.05, 0.8).unwrap();
        let at = |difference: f64| power::paired(n, p_only_b + difference, p_only_b, 0.05);
        assert!(
            at(found) >= 0.8 && at(found - 0.001) < 0.8,
            "{n} {p_only_b}: {found}"
        );
    }
}

#[test]
fn a_sample_too_small_for_any_difference_finds_none() {
    assert_eq!(power::smallest_unpaired(2, 2, 0.0, 0.05, 0.8), None);
    assert_eq!(power::smallest_unpaired(10, 10, 0.95, 0.05, 0.8), None);
    assert_eq!(power::smallest_paired(4, 0.0, 0.05, 0.8), None);
    // Only the very largest difference will do: its end is tried, between thousandths as well.
    assert_eq!(power::smallest_paired(5, 0.0, 0.05, 1.0), Some(1.0));
    assert_eq!(power::smallest_unpaired(3, 3, 0.0, 0.05, 1.0), Some(1.0));
}
