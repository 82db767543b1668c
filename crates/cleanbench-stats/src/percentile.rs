//! Percentiles of a sample, by linear interpolation between order statistics.
//!
//! Method: R. J. Hyndman and Y. Fan, "Sample Quantiles in Statistical Packages", The American
//! Statistician 50 (1996), definition 7: with values `x[0] ≤ … ≤ x[n-1]` and h = (n - 1)·p, the value
//! between `x[⌊h⌋]` and `x[⌊h⌋ + 1]` at the fraction of h. It is the default of R and of `NumPy`. Intervals
//! have order statistics for ends, and hold for every distribution.
//!
//! Invariant: an estimate never lies beyond the smallest or the largest value.
//!
//! It refuses an interval where there are too few values for one.

use crate::binomial::upper_tail;
use crate::elementary::real;
use crate::interval::{Confidence, Estimate, Interval, Method, NoInterval};
use crate::search::first_at_least;

/// Values from which a 99th percentile is worth printing: with fewer than 299 no order statistic
/// bounds it from above with 95 % confidence (1 - 0.99^n ≥ 0.95).
pub const LEAST_FOR_99: usize = 300;

/// The `percent`th percentile (0 to 100) of `count` values, of which `at` gives those at positions in
/// ascending order. `None` without values, or above 100.
pub fn percentile(count: usize, percent: u8, at: impl Fn(usize) -> f64) -> Option<f64> {
    let last = count.checked_sub(1)?;
    if percent > 100 {
        return None;
    }
    // Whole numbers, so that no rounding of h picks the wrong neighbours.
    let hundredths = last * usize::from(percent);
    let (below, rest) = (hundredths / 100, hundredths % 100);
    let value = at(below);
    if rest == 0 {
        return Some(value);
    }
    #[expect(clippy::cast_precision_loss, reason = "below 100")]
    let fraction = rest as f64 / 100.0;
    Some(value + (at(below + 1) - value) * fraction)
}

/// The two order statistics, as positions from 0 in ascending order, between which the `quantile` (0 to 1,
/// as 0.95 for the 95th percentile) of the distribution lies with the given confidence.
///
/// Whatever the distribution, at most half of what is missing lies on either side (W. J. Conover,
/// "Practical Nonparametric Statistics", 1999). `None` where there are too few values: the ends would have
/// to lie beyond the smallest or the largest.
pub fn positions(count: u64, quantile: f64, confidence: Confidence) -> Option<(u64, u64)> {
    let tail = confidence.tail();
    let upper = position_above(count, quantile, tail)?;
    // The lower end is the upper one counted from the other side.
    let lower = position_above(count, 1.0 - quantile, tail)?;
    Some((count - 1 - lower, upper))
}

/// The position, from 0 in ascending order, of the smallest order statistic that the `quantile` of the
/// distribution exceeds with a probability of at most `alpha`; `None` where there are too few values.
pub fn position_above(count: u64, quantile: f64, alpha: f64) -> Option<u64> {
    if !(quantile > 0.0 && quantile < 1.0) {
        return None;
    }
    // Of n values k or more lie below the quantile: then the kth smallest does not bound it.
    let rank = first_at_least(1, count.saturating_add(1), |rank| {
        upper_tail(rank, count, quantile) <= alpha
    });
    (rank <= count).then(|| rank - 1)
}

/// The `quantile` of values in ascending order, by definition 7, with its interval of order statistics.
///
/// # Errors
/// Without values, with too few for this quantile and confidence, and when one is not finite.
pub fn quantile(
    ascending: &[f64],
    quantile: f64,
    confidence: Confidence,
) -> Result<Estimate, NoInterval> {
    let values = u64::try_from(ascending.len()).unwrap_or(u64::MAX);
    if !ascending.iter().all(|value| value.is_finite()) {
        return Err(NoInterval::NotFinite);
    }
    let value = quantile_of(ascending, quantile).ok_or(NoInterval::NoValues)?;
    let (low, high) =
        positions(values, quantile, confidence).ok_or(NoInterval::TooFewValues { values })?;
    let at = |position: u64| {
        let found = usize::try_from(position)
            .ok()
            .and_then(|place| ascending.get(place));
        found.copied().ok_or(NoInterval::TooFewValues { values })
    };
    Ok(Estimate {
        value,
        interval: Interval {
            low: at(low)?,
            high: at(high)?,
            n: values,
            method: Method::OrderStatistics,
        },
    })
}

/// Definition 7 for any probability; `None` without values, or unless `p` is a probability.
pub fn quantile_of(ascending: &[f64], p: f64) -> Option<f64> {
    let last = ascending.len().checked_sub(1)?;
    if !(0.0..=1.0).contains(&p) {
        return None;
    }
    let place = real(u64::try_from(last).unwrap_or(u64::MAX)) * p;
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "a place in the list"
    )]
    let below = (place.floor() as usize).min(last);
    let above = (below + 1).min(last);
    let fraction = place - place.floor();
    Some(ascending[below] + (ascending[above] - ascending[below]) * fraction)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn golden_values() {
        let check = |values: &[f64], percent: u8, expected: Option<f64>| {
            let found = percentile(values.len(), percent, |at| values[at]);
            match (found, expected) {
                (Some(found), Some(expected)) => {
                    assert!((found - expected).abs() < 1e-12, "{found} {expected}");
                }
                (found, expected) => assert_eq!(found, expected),
            }
        };
        // By hand from the definition; numpy.percentile and R's quantile(type = 7) give the same.
        let four = [1.0, 2.0, 3.0, 4.0];
        for (percent, expected) in [
            (0, 1.0),
            (25, 1.75),
            (50, 2.5),
            (90, 3.7),
            (99, 3.97),
            (100, 4.0),
        ] {
            check(&four, percent, Some(expected));
        }
        check(&[15.0, 20.0, 35.0, 40.0, 50.0], 40, Some(29.0));
        check(&[7.0], 99, Some(7.0));
        check(&[], 50, None);
        check(&four, 101, None);
        let hundred: Vec<f64> = (1..=101).map(f64::from).collect();
        check(&hundred, 99, Some(100.0));
    }
}
