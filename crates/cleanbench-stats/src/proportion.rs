//! Intervals and tests for a proportion.
//!
//! Methods: E. B. Wilson, Journal of the American Statistical Association 22 (1927); C. J. Clopper and
//! E. S. Pearson, Biometrika 26 (1934). Wilson's covers as stated on average over proportions, Clopper and
//! Pearson's at least as stated for each.
//!
//! Invariant: 0 ≤ low ≤ successes / n ≤ high ≤ 1, up to rounding in the last place.
//!
//! It refuses to give an interval without trials, or for counts that are no proportion.

use crate::beta::{Share, quantile};
use crate::binomial::upper_tail;
use crate::elementary::{exponential, natural_logarithm, real};
use crate::interval::{Confidence, Interval, Method};

/// Wilson's score interval for `successes` out of `n` independent trials.
///
/// `successes` may be fractional, as with partial scores from 0 to 1. The interval is then an
/// approximation that is wider than necessary: a mean of values in [0, 1] never varies more than a
/// proportion with the same mean.
///
/// `None` when `n` is 0, or when `successes` is negative, above `n` or NaN.
pub fn wilson(successes: f64, n: u64, confidence: Confidence) -> Option<Interval> {
    #[expect(
        clippy::cast_precision_loss,
        reason = "beyond 2^53 trials the interval is narrower than its own rounding"
    )]
    let trials = n as f64;
    if n == 0 || !(0.0..=trials).contains(&successes) {
        return None;
    }
    let errors = confidence.standard_errors();
    let bounds = Bounds {
        squared: errors * errors / trials,
    };
    let (share, missing) = (successes / trials, (trials - successes) / trials);
    Some(Interval {
        low: bounds.lower(share, missing),
        high: bounds.higher(share, missing),
        n,
        method: Method::Wilson,
    })
}

/// The two roots of (1 + q) x² - (2 p + q) x + p² = 0, with q = z² / n.
struct Bounds {
    squared: f64,
}

impl Bounds {
    /// The larger root by the usual formula, in which nothing cancels.
    fn larger_root(&self, share: f64, missing: f64) -> f64 {
        let half = self.squared / 2.0;
        let spread = (self.squared * (share * missing + self.squared / 4.0)).sqrt();
        (share + half + spread) / (1.0 + self.squared)
    }

    /// The smaller root from the product of both, p² / (1 + q): the usual formula would subtract two
    /// nearly equal numbers for a small share, and miss 0 for none.
    fn lower(&self, share: f64, missing: f64) -> f64 {
        share / (1.0 + self.squared) * (share / self.larger_root(share, missing))
    }

    /// The larger root, through the other side where that is the more exact.
    fn higher(&self, share: f64, missing: f64) -> f64 {
        if share <= missing {
            self.larger_root(share, missing)
        } else {
            1.0 - self.lower(missing, share)
        }
    }
}

/// Clopper and Pearson's exact interval for `successes` out of `n` independent trials.
///
/// `None` when `n` is 0 or below `successes`.
pub fn clopper_pearson(successes: u64, n: u64, confidence: Confidence) -> Option<Interval> {
    if n == 0 || successes > n {
        return None;
    }
    let failures = n - successes;
    Some(Interval {
        low: lower_limit(successes, failures, confidence.tail()),
        high: 1.0 - lower_limit(failures, successes, confidence.tail()),
        n,
        method: Method::ClopperPearson,
    })
}

/// The proportion at which as many `successes` or more have the chance `tail`; 0 for none.
fn lower_limit(successes: u64, failures: u64, tail: f64) -> f64 {
    if successes == 0 {
        return 0.0;
    }
    quantile(Share::new(tail), real(successes), real(failures + 1)).part
}

/// The largest rate at which no event in `n` independent trials has a chance of at least `alpha`: the
/// exact one-sided upper bound 1 - α^(1/n), of which the rule of three is the approximation.
///
/// `None` without trials, or unless `alpha` lies strictly between 0 and 1.
pub fn upper_bound_of_none(n: u64, alpha: f64) -> Option<f64> {
    (n > 0 && alpha > 0.0 && alpha < 1.0).then(|| {
        let exponent = natural_logarithm(alpha) / real(n);
        // 1 - eˣ loses digits for a small x, where the first terms of its series do not.
        if exponent > -1e-5 {
            -exponent * (1.0 + exponent / 2.0 * (1.0 + exponent / 3.0))
        } else {
            1.0 - exponential(exponent)
        }
    })
}

/// The rule of three: no event in `n` trials leaves rates up to about 3 / n possible (95 %, one-sided;
/// J. A. Hanley and A. Lippman-Hand, JAMA 249, 1983). At most 1; `None` without trials.
pub fn rule_of_three(n: u64) -> Option<f64> {
    (n > 0).then(|| (3.0 / real(n)).min(1.0))
}

/// Exact one-sided binomial test that the rate behind `successes` out of `n` trials is above `floor`.
///
/// P(X >= `successes`) at the rate `floor`; 1 without trials. NaN unless `floor` lies between 0 and 1.
pub fn exceeds_floor(successes: u64, n: u64, floor: f64) -> f64 {
    upper_tail(successes, n, floor)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(successes: f64, n: u64, level: f64, expected: (f64, f64)) {
        let confidence = Confidence::new(level).unwrap();
        let found = wilson(successes, n, confidence).unwrap();
        let error = (found.low - expected.0)
            .abs()
            .max((found.high - expected.1).abs());
        assert!(
            error <= 1e-12,
            "{successes}/{n} at {level}: {found:?}, not {expected:?}"
        );
    }

    /// From statsmodels 0.15.0, `proportion_confint(successes, n, alpha=1 - level, method="wilson")`,
    /// on scipy 1.17.1; mpmath 1.4.1 at 40 digits agrees to 6e-16.
    #[test]
    fn golden_values() {
        for (successes, n, level, low, high) in [
            (0.0, 1, 0.95, 0.0, 0.793_450_685_622_762_6),
            (1.0, 1, 0.95, 0.206_549_314_377_237_45, 1.0),
            (0.0, 10, 0.95, 0.0, 0.277_532_799_862_889_2),
            (10.0, 10, 0.95, 0.722_467_200_137_110_7, 1.0),
            (
                5.0,
                10,
                0.95,
                0.236_593_090_512_564,
                0.763_406_909_487_436_1,
            ),
            (
                81.0,
                263,
                0.95,
                0.255_288_519_878_274_2,
                0.366_209_576_982_800_04,
            ),
            (
                812.0,
                1_000,
                0.95,
                0.786_606_812_588_782_2,
                0.835_005_290_116_231_5,
            ),
            (
                1.0,
                1_000_000,
                0.95,
                1.765_245_767_453_717_6e-7,
                5.664_911_804_311_444e-6,
            ),
            (
                999_999.0,
                1_000_000,
                0.999,
                0.999_987_251_009_452_3,
                0.999_999_921_563_266_4,
            ),
            (3.0, 7, 0.9, 0.186_443_190_363_956, 0.710_522_908_986_407_1),
            (
                3.0,
                7,
                0.99,
                0.116_373_680_516_138_17,
                0.810_285_095_911_612_4,
            ),
            (
                2.5,
                4,
                0.95,
                0.219_426_520_065_362_78,
                0.908_100_770_820_988,
            ),
            (
                50.0,
                100,
                0.5,
                0.466_351_964_222_379_73,
                0.533_648_035_777_620_1,
            ),
            (
                17.25,
                40,
                0.8,
                0.335_569_772_853_702_04,
                0.532_353_224_399_810_5,
            ),
            (0.0, 20_000, 0.99, 0.0, 3.316_348_119_167_423_6e-4),
        ] {
            check(successes, n, level, (low, high));
        }
    }

    #[test]
    fn none_and_all_touch_the_ends_exactly() {
        for n in [1, 2, 3, 7, 10, 1_000, 123_457] {
            let at = |successes: f64| wilson(successes, n, Confidence::PERCENT_95).unwrap();
            assert_eq!(at(0.0).low.to_bits(), 0.0_f64.to_bits());
            #[expect(clippy::cast_precision_loss, reason = "small numbers")]
            let all = at(n as f64);
            assert_eq!(all.high.to_bits(), 1.0_f64.to_bits());
            assert!(at(0.0).high < 1.0 && all.low > 0.0);
        }
    }

    #[test]
    fn what_is_no_proportion_has_no_interval() {
        for (successes, n) in [
            (0.0, 0),
            (-0.1, 3),
            (3.1, 3),
            (f64::NAN, 3),
            (f64::INFINITY, 3),
        ] {
            assert_eq!(wilson(successes, n, Confidence::PERCENT_95), None);
        }
    }

    #[test]
    fn more_confidence_is_wider_and_more_trials_are_narrower() {
        let width = |successes: f64, n: u64, level: f64| {
            let interval = wilson(successes, n, Confidence::new(level).unwrap()).unwrap();
            interval.high - interval.low
        };
        assert!(width(5.0, 10, 0.99) > width(5.0, 10, 0.95));
        assert!(width(50.0, 100, 0.95) < width(5.0, 10, 0.95));
    }
}
