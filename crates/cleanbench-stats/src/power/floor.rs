//! Power of the exact test that a rate is above a floor.

use super::{are_rates, is_level, needed, smallest};
use crate::binomial::upper_tail;
use crate::proportion::exceeds_floor;
use crate::search::first_at_least;

/// Power of [`exceeds_floor`] at level `alpha` for `n` trials that succeed with probability `rate`.
///
/// NaN unless `floor` and `rate` are rates and `alpha` lies strictly between 0 and 1.
pub fn above_floor(n: u64, floor: f64, rate: f64, alpha: f64) -> f64 {
    if !(are_rates(&[floor, rate]) && is_level(alpha)) {
        return f64::NAN;
    }
    let critical = first_at_least(0, n.saturating_add(1), |successes| {
        exceeds_floor(successes, n, floor) <= alpha
    });
    upper_tail(critical, n, rate)
}

/// Smallest distance above `floor`, to 0.001, at which [`above_floor`] reaches `power`; `None` when not
/// even a rate of 1 does.
pub fn smallest_above_floor(n: u64, floor: f64, alpha: f64, power: f64) -> Option<f64> {
    smallest(1.0 - floor, |distance| {
        above_floor(n, floor, (floor + distance).min(1.0), alpha) >= power
    })
}

/// Number of trials from which on [`above_floor`] reaches `power`, as [`super::needed_paired`].
pub fn needed_above_floor(floor: f64, rate: f64, alpha: f64, power: f64) -> Option<u64> {
    needed(|n| above_floor(n, floor, rate, alpha) >= power)
}
