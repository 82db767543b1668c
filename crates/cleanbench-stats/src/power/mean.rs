//! Power of the t test that a mean, such as that of paired differences, is above a bound.
//!
//! Exact for normal values, by the noncentral t distribution.

use super::{is_level, needed};
use crate::elementary::real;
use crate::student::{noncentral_upper_tail, student_quantile};

/// Beyond this the power is that for this: less than it is, and at least 0.99999 for three values.
const MOST_NONCENTRAL: f64 = 37.0;

/// Power of [`crate::mean::Mean::exceeds`] at level `alpha` for `n` values whose mean lies `effect` standard
/// deviations of a single value above the bound.
///
/// For a test of non-inferiority of paired scores the effect is (true difference + margin) / standard
/// deviation of the differences. 0 for fewer than two values; NaN unless `effect` is finite and `alpha`
/// lies strictly between 0 and 1.
pub fn mean_above(n: u64, effect: f64, alpha: f64) -> f64 {
    if !(effect.is_finite() && is_level(alpha)) {
        return f64::NAN;
    }
    if n < 2 {
        return 0.0;
    }
    let degrees = real(n - 1);
    let critical = -student_quantile(alpha, degrees);
    let noncentrality = effect * real(n).sqrt();
    noncentral_upper_tail(
        critical,
        degrees,
        noncentrality.clamp(-MOST_NONCENTRAL, MOST_NONCENTRAL),
    )
}

/// Smallest effect, in standard deviations of a single value, at which [`mean_above`] reaches `power`, to
/// nine digits; `None` for fewer than two values, or unless `power` lies strictly between 0 and 1.
pub fn smallest_mean_above(n: u64, alpha: f64, power: f64) -> Option<f64> {
    let (mut low, mut high) = (0.0, MOST_NONCENTRAL / real(n.max(1)).sqrt());
    if !(is_level(power) && mean_above(n, high, alpha) >= power) {
        return None;
    }
    for _ in 0..34 {
        let middle = f64::midpoint(low, high);
        if mean_above(n, middle, alpha) >= power {
            high = middle;
        } else {
            low = middle;
        }
    }
    Some(high)
}

/// Number of values from which on [`mean_above`] reaches `power`; `None` when [`super::MOST_NEEDED`] are
/// not enough.
pub fn needed_mean_above(effect: f64, alpha: f64, power: f64) -> Option<u64> {
    needed(|n| mean_above(n, effect, alpha) >= power)
}
