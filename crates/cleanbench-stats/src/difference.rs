//! Intervals for the difference of two rates.
//!
//! Method: R. G. Newcombe, method 10 of "Interval estimation for the difference between independent
//! proportions" (unpaired) and method 10 of "Improved confidence intervals for the difference between
//! binomial proportions based on paired data" (paired), both Statistics in Medicine 17 (1998). Each
//! combines the distances of the rates from the ends of their Wilson intervals.
//!
//! Invariant: -1 ≤ low ≤ estimate ≤ high ≤ 1, up to rounding.
//!
//! It refuses to compare with an arm without trials, or one with more hits than trials.

use crate::elementary::real;
use crate::interval::Confidence;
use crate::proportion::wilson;

/// A rate and its distances from the ends of its Wilson interval.
struct Rate {
    value: f64,
    below: f64,
    above: f64,
}

impl Rate {
    fn new(hits: f64, n: u64, confidence: Confidence) -> Option<Self> {
        let interval = wilson(hits, n, confidence)?;
        let value = hits / real(n);
        Some(Self {
            value,
            below: (value - interval.low).max(0.0),
            above: (interval.high - value).max(0.0),
        })
    }

    /// `self` - `other` as (estimate, low, high), for rates correlated by `phi`.
    fn minus(&self, other: &Self, phi: f64) -> (f64, f64, f64) {
        let estimate = self.value - other.value;
        (
            estimate,
            (estimate - hybrid(self.below, other.above, phi)).max(-1.0),
            (estimate + hybrid(self.above, other.below, phi)).min(1.0),
        )
    }
}

/// √(x² - 2 φ x y + y²), as for the standard error of a difference.
fn hybrid(x: f64, y: f64, phi: f64) -> f64 {
    (x * x - 2.0 * phi * x * y + y * y).max(0.0).sqrt()
}

/// The rate of arm a minus that of an independent arm b, as (estimate, low, high).
///
/// Newcombe's hybrid score interval for independent proportions, his method 10, without continuity
/// correction. `None` when an arm is empty or has more hits than trials.
pub fn newcombe(
    hits_a: u64,
    n_a: u64,
    hits_b: u64,
    n_b: u64,
    confidence: Confidence,
) -> Option<(f64, f64, f64)> {
    let a = Rate::new(real(hits_a), n_a, confidence)?;
    let b = Rate::new(real(hits_b), n_b, confidence)?;
    Some(a.minus(&b, 0.0))
}

/// The rate of arm a minus that of arm b over the same items, as (estimate, low, high).
///
/// The counts are those of items that succeeded in [both arms, a alone, b alone, neither]. Newcombe's
/// method 10 for paired data: Wilson intervals without continuity correction, and the correlation
///
/// φ = max(ad - bc - n/2, 0) / √((a+b)(c+d)(a+c)(b+d)) where ad > bc, and
/// φ = (ad - bc) / √((a+b)(c+d)(a+c)(b+d)) otherwise; 0 where a margin is empty.
///
/// Only a positive correlation is corrected, since only that would narrow the interval. `None` when
/// there are no items, or more than a 64-bit count holds.
pub fn newcombe_paired(counts: [u64; 4], confidence: Confidence) -> Option<(f64, f64, f64)> {
    let n = counts.into_iter().try_fold(0_u64, u64::checked_add)?;
    of_weights(counts.map(real), n, confidence)
}

/// The same of `n` items whose counts need not be whole, such as families that count once and hold several.
pub(crate) fn of_weights(
    counts: [f64; 4],
    n: u64,
    confidence: Confidence,
) -> Option<(f64, f64, f64)> {
    let [both, only_a, only_b, _] = counts;
    let a = Rate::new(both + only_a, n, confidence)?;
    let b = Rate::new(both + only_b, n, confidence)?;
    let (_, low, high) = a.minus(&b, correlation(counts));
    // From the discordant pairs, whose difference is exact where that of the rates is not.
    let estimate = (only_a - only_b) / real(n);
    Some((estimate, low.min(estimate), high.max(estimate)))
}

/// Newcombe's corrected φ of a two-by-two table.
fn correlation([both, only_a, only_b, neither]: [f64; 4]) -> f64 {
    let margins = [
        both + only_a,
        only_b + neither,
        both + only_b,
        only_a + neither,
    ];
    let scale = margins.map(f64::sqrt).iter().product::<f64>();
    if scale <= 0.0 {
        return 0.0;
    }
    let association = both * neither - only_a * only_b;
    let half = (both + only_a + only_b + neither) / 2.0;
    let corrected = if association > 0.0 {
        (association - half).max(0.0)
    } else {
        association
    };
    (corrected / scale).clamp(-1.0, 1.0)
}
