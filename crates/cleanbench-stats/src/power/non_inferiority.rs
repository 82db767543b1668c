//! Power of the test of non-inferiority of paired rates, [`crate::tango::non_inferiority`].

use super::{are_rates, is_level, needed, smallest};
use crate::normal::normal_quantile;
use crate::region::Region;
use crate::tango::critical;

/// Power of [`crate::tango::non_inferiority`] at level `alpha` for `n` pairs, of which each succeeds in the
/// first arm alone with probability `p_only_a` and in the second alone with probability `p_only_b`.
///
/// By summing over outcomes, for the very test that is used: the exact one for few pairs, Tango's for
/// many. NaN unless these are rates that add up to at most 1, `margin` lies strictly between 0 and 1 and
/// `alpha` strictly between 0 and ½.
pub fn non_inferiority(n: u64, p_only_a: f64, p_only_b: f64, margin: f64, alpha: f64) -> f64 {
    let rates = are_rates(&[p_only_a, p_only_b]) && p_only_a + p_only_b <= 1.0 + 1e-12;
    if !(rates && is_level(margin) && alpha > 0.0 && alpha < 0.5) {
        return f64::NAN;
    }
    let least = critical(n, margin, alpha);
    Region::likely(n, margin, least, p_only_a).chance(p_only_a, p_only_b)
}

/// Number of pairs from which on [`non_inferiority`] reaches `power`, as [`super::needed_paired`].
pub fn needed_non_inferiority(
    p_only_a: f64,
    p_only_b: f64,
    margin: f64,
    alpha: f64,
    power: f64,
) -> Option<u64> {
    // Without a difference in favour of the margin no number is enough.
    if p_only_a - p_only_b + margin <= 0.0 {
        return None;
    }
    needed(|n| non_inferiority(n, p_only_a, p_only_b, margin, alpha) >= power)
}

/// Smallest margin, to 0.001, for which [`non_inferiority`] reaches `power`; `None` when not even 0.999
/// does.
pub fn smallest_margin(
    n: u64,
    p_only_a: f64,
    p_only_b: f64,
    alpha: f64,
    power: f64,
) -> Option<f64> {
    smallest(0.999, |margin| {
        margin > 0.0 && non_inferiority(n, p_only_a, p_only_b, margin, alpha) >= power
    })
}

/// The usual formula for the number of pairs that a test of non-inferiority needs, one-sided at `alpha`:
/// (z₁₋α + z₁₋β)² (ψ - Δ²) / (Δ + margin)², where a share ψ = `discordant` of the pairs differs and the
/// first rate minus the second is Δ = `difference`. For superiority the margin is 0.
///
/// It is 10 to 20 % too low where fewer than 50 discordant pairs are expected: [`needed_non_inferiority`]
/// is not. `None` for arguments that no pairs can have, or when the number is beyond a thousand million.
pub fn approximate_pairs(
    discordant: f64,
    difference: f64,
    margin: f64,
    alpha: f64,
    power: f64,
) -> Option<u64> {
    let gap = difference + margin;
    let variance = discordant - difference * difference;
    let possible = difference.abs() <= discordant && discordant <= 1.0 && variance >= 0.0;
    if !(possible && gap > 0.0 && is_level(alpha) && is_level(power)) {
        return None;
    }
    let errors = normal_quantile(alpha) + normal_quantile(1.0 - power);
    let pairs = (errors * errors * variance / (gap * gap)).ceil();
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "a whole number from 0 to a thousand million"
    )]
    (pairs <= 1e9).then_some(pairs as u64)
}
