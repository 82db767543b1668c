//! Intervals for a proportion.
//!
//! Invariant: 0 ≤ low ≤ successes / n ≤ high ≤ 1, up to rounding in the last place.
//! It refuses to give an interval without trials, or for counts that are no proportion.

use crate::normal::normal_quantile;

/// How sure an interval is meant to be: strictly between 0 and 1.
#[derive(Debug, Clone, Copy, PartialEq, PartialOrd)]
pub struct Confidence(f64);

impl Confidence {
    /// The usual 0.95.
    pub const PERCENT_95: Self = Self(0.95);

    /// Confidence `level`, a share and not a percentage; `None` unless it lies strictly between 0
    /// and 1.
    pub fn new(level: f64) -> Option<Self> {
        (level > 0.0 && level < 1.0).then_some(Self(level))
    }

    /// The level as a share.
    pub const fn level(self) -> f64 {
        self.0
    }

    /// Number of standard errors on either side that a normal estimate needs; above 0.
    pub fn standard_errors(self) -> f64 {
        -normal_quantile((1.0 - self.0) / 2.0)
    }
}

/// How an interval was computed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Method {
    /// Wilson's score interval.
    Wilson,
}

impl Method {
    /// The name printed beside an estimate.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Wilson => "wilson",
        }
    }
}

/// A two-sided confidence interval for a proportion.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Interval {
    /// Lower end, 0 to 1.
    pub low: f64,
    /// Upper end, 0 to 1.
    pub high: f64,
    /// How it was computed.
    pub method: Method,
}

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
        for level in [0.0, 1.0, 95.0, -0.5, f64::NAN] {
            assert_eq!(Confidence::new(level), None, "{level}");
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
