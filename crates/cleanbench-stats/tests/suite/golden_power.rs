//! Power and numbers of samples against values from other programs and published tables.
//!
//! Invariant: as in [`crate::reference`].
//!
//! It refuses a row of the wrong width.

use crate::reference::{absolute, count, lines, row};
use cleanbench_stats::power;

#[test]
fn powers_of_non_inferiority() {
    for line in lines(include_str!("golden/power_non_inferiority.txt"), 11) {
        let [n, p_only_a, p_only_b, margin, alpha, expected] = row(line);
        let found = power::non_inferiority(count(n), p_only_a, p_only_b, margin, alpha);
        absolute(found, expected, 1e-10, line);
    }
}

#[test]
fn powers_of_means() {
    for line in lines(include_str!("golden/power_means.txt"), 40) {
        let [n, effect, alpha, expected] = row(line);
        absolute(
            power::mean_above(count(n), effect, alpha),
            expected,
            1e-9,
            line,
        );
    }
}

#[test]
fn powers_of_floors() {
    for line in lines(include_str!("golden/power_floor.txt"), 10) {
        let [n, floor, rate, alpha, expected] = row(line);
        let found = power::above_floor(count(n), floor, rate, alpha);
        absolute(found, expected, 1e-11, line);
    }
}

/// Pairs for 80 % and 90 % power, one-sided at 0.05, from the formula: by share of discordant pairs and
/// margin where there is no difference, and by the difference for a share of 0.2 and a margin of 0.05.
#[test]
fn numbers_of_pairs_by_the_formula() {
    let at = |discordant, difference, margin, power| {
        power::approximate_pairs(discordant, difference, margin, 0.05, power)
    };
    for (discordant, margin, for_80, for_90) in [
        (0.05, 0.02, 773, 1071),
        (0.05, 0.05, 124, 172),
        (0.1, 0.03, 687, 952),
        (0.1, 0.1, 62, 86),
        (0.2, 0.02, 3092, 4282),
        (0.2, 0.05, 495, 686),
        (0.3, 0.02, 4637, 6423),
        (0.4, 0.08, 387, 536),
    ] {
        assert_eq!(at(discordant, 0.0, margin, 0.8), Some(for_80));
        assert_eq!(at(discordant, 0.0, margin, 0.9), Some(for_90));
    }
    for (difference, pairs) in [
        (-0.02, 1372),
        (-0.01, 773),
        (0.0, 495),
        (0.01, 344),
        (0.02, 252),
    ] {
        assert_eq!(at(0.2, difference, 0.05, 0.8), Some(pairs));
    }
    for (discordant, difference, margin) in [(0.2, -0.05, 0.05), (0.1, 0.2, 0.0), (1.2, 0.0, 0.1)] {
        assert_eq!(at(discordant, difference, margin, 0.8), None);
    }
}

/// What is found has the power, and a little less has not.
#[test]
fn what_is_needed_is_enough_and_no_more() {
    let pairs = power::needed_non_inferiority(0.05, 0.05, 0.05, 0.05, 0.8).unwrap();
    let at = |n| power::non_inferiority(n, 0.05, 0.05, 0.05, 0.05);
    assert!(at(pairs) >= 0.8 && at(pairs - 1) < 0.8, "{pairs}");
    // The formula promises 248.
    assert!((250..300).contains(&pairs), "{pairs}");
    let pairs = power::needed_paired(0.115, 0.085, 0.025, 0.8).unwrap();
    let at = |n| power::paired(n, 0.115, 0.085, 0.025);
    assert!(at(pairs) >= 0.8 && at(pairs - 1) < 0.8, "{pairs}");
    let trials = power::needed_above_floor(0.9, 0.93, 0.05, 0.8).unwrap();
    let at = |n| power::above_floor(n, 0.9, 0.93, 0.05);
    assert!(at(trials) >= 0.8 && at(trials - 1) < 0.8, "{trials}");
    let values = power::needed_mean_above(0.05, 0.05, 0.8).unwrap();
    let at = |n| power::mean_above(n, 0.05, 0.05);
    assert!(at(values) >= 0.8 && at(values - 1) < 0.8, "{values}");
    let effect = power::smallest_mean_above(100, 0.05, 0.8).unwrap();
    assert!(
        (power::mean_above(100, effect, 0.05) - 0.8).abs() < 1e-7,
        "{effect}"
    );
    let margin = power::smallest_margin(300, 0.1, 0.1, 0.05, 0.8).unwrap();
    let at = |margin| power::non_inferiority(300, 0.1, 0.1, margin, 0.05);
    assert!(at(margin) >= 0.8 && at(margin - 0.001) < 0.8, "{margin}");
    let arms = power::needed_unpaired(0.7, 0.5, 0.05, 0.8).unwrap();
    let at = |n| power::unpaired(n, n, 0.7, 0.5, 0.05);
    assert!(at(arms) >= 0.8 && at(arms - 1) < 0.8, "{arms}");
    assert_eq!(power::needed_paired(0.1, 0.1, 0.05, 0.8), None);
    assert_eq!(
        power::needed_non_inferiority(0.0, 0.1, 0.1, 0.05, 0.8),
        None
    );
}
