//! Power of the tests, the smallest difference that they can be expected to find, and how many samples
//! they need.
//!
//! Every power is exact, by summing over outcomes: no formula is used where it could fail, such as for
//! few discordant pairs. For two-sided tests ask with half of their α. Where samples hang together,
//! multiply what is needed by [`crate::cluster::design_effect`].
//!
//! Invariant: the power is the probability, summed over every outcome but those too rare to matter
//! (below 1e-18 each), that the test's p-value is at most α; it rises with the difference.
//!
//! It refuses rates that are no probabilities and an α outside 0 to 1: the power is NaN, and no
//! difference is found.

use crate::binomial::{Chance, likely, upper_tail, upper_tail_of};
use crate::elementary::real;
use crate::exact::fisher_greater;
use crate::search::{first_at_least, first_within};

mod floor;
mod mean;
mod non_inferiority;

pub use floor::{above_floor, needed_above_floor, smallest_above_floor};
pub use mean::{mean_above, needed_mean_above, smallest_mean_above};
pub use non_inferiority::{
    approximate_pairs, needed_non_inferiority, non_inferiority, smallest_margin,
};

/// More samples than this are not looked for.
pub const MOST_NEEDED: u64 = 1_000_000;

/// Power of [`fisher_greater`] at level `alpha` for arms of `n_a` and `n_b` independent trials that
/// succeed with probability `p_a` and `p_b`.
pub fn unpaired(n_a: u64, n_b: u64, p_a: f64, p_b: f64, alpha: f64) -> f64 {
    if !(are_rates(&[p_a, p_b]) && is_level(alpha)) {
        return f64::NAN;
    }
    Rejection::new(n_a, n_b, p_b, alpha).power(p_a)
}

/// Power of [`mcnemar_greater`](crate::exact::mcnemar_greater) at level `alpha` for `n` pairs, of which
/// each succeeds in the first arm alone with probability `p_only_a` and in the second alone with
/// probability `p_only_b`; the two add up to at most 1.
pub fn paired(n: u64, p_only_a: f64, p_only_b: f64, alpha: f64) -> f64 {
    let discordant = p_only_a + p_only_b;
    // A sum of decimals may exceed 1 by its rounding alone.
    if !(are_rates(&[p_only_a, p_only_b]) && discordant <= 1.0 + 1e-12 && is_level(alpha)) {
        return f64::NAN;
    }
    if discordant <= 0.0 {
        return 0.0;
    }
    let first = Chance {
        success: p_only_a / discordant,
        failure: p_only_b / discordant,
    };
    let mut critical = 0;
    likely(n, Chance::new(discordant.min(1.0)))
        .into_iter()
        .map(|(pairs, weight)| {
            critical = critical_half(critical, pairs, alpha);
            weight * upper_tail_of(critical, pairs, first)
        })
        .sum::<f64>()
        .min(1.0)
}

/// Smallest difference of rates `p_a` - `p_b`, to 0.001, at which [`unpaired`] reaches `power`; `None`
/// when not even the largest, 1 - `p_b`, does.
pub fn smallest_unpaired(n_a: u64, n_b: u64, p_b: f64, alpha: f64, power: f64) -> Option<f64> {
    if !(are_rates(&[p_b]) && is_level(alpha)) {
        return None;
    }
    let rejection = Rejection::new(n_a, n_b, p_b, alpha);
    smallest(1.0 - p_b, |difference| {
        rejection.power((p_b + difference).min(1.0)) >= power
    })
}

/// Smallest difference of rates `p_only_a` - `p_only_b`, to 0.001, at which [`paired`] reaches `power`;
/// `None` when not even the largest does, which is 1 - 2 `p_only_b` since the two add up to at most 1.
pub fn smallest_paired(n: u64, p_only_b: f64, alpha: f64, power: f64) -> Option<f64> {
    if !(are_rates(&[p_only_b]) && is_level(alpha)) {
        return None;
    }
    smallest(1.0 - 2.0 * p_only_b, |difference| {
        paired(n, p_only_b + difference, p_only_b, alpha) >= power
    })
}

/// Number of pairs from which on [`paired`] reaches `power`, as far as looked for: the power of an exact
/// test goes up and down a little from one number to the next, and the result is one at which it is
/// reached and below which it is not. `None` when [`MOST_NEEDED`] are not enough.
pub fn needed_paired(p_only_a: f64, p_only_b: f64, alpha: f64, power: f64) -> Option<u64> {
    needed(|n| paired(n, p_only_a, p_only_b, alpha) >= power)
}

/// Number of trials in each of two arms from which on [`unpaired`] reaches `power`, as
/// [`needed_paired`]; `None` when 20,000 in each arm are not enough.
pub fn needed_unpaired(p_a: f64, p_b: f64, alpha: f64, power: f64) -> Option<u64> {
    // The exact test looks at every table: beyond this it takes too long.
    needed_up_to(20_000, |n| unpaired(n, n, p_a, p_b, alpha) >= power)
}

/// The first number of samples, up to [`MOST_NEEDED`], that is `enough`.
fn needed(enough: impl Fn(u64) -> bool) -> Option<u64> {
    needed_up_to(MOST_NEEDED, enough)
}

/// The first number of samples, up to `most`, that is `enough`: doubled from 8 on until it is, and then
/// halved down, since larger numbers take longer.
fn needed_up_to(most: u64, enough: impl Fn(u64) -> bool) -> Option<u64> {
    let mut high = 8;
    while !enough(high) {
        if high >= most {
            return None;
        }
        high = (2 * high).min(most);
    }
    let low = if high > 8 { high / 2 } else { 0 };
    first_within(high - low, |step| enough(low + step)).map(|step| low + step)
}

fn are_rates(rates: &[f64]) -> bool {
    rates.iter().all(|rate| (0.0..=1.0).contains(rate))
}

fn is_level(alpha: f64) -> bool {
    alpha > 0.0 && alpha < 1.0
}

/// The smallest count, from `from` up, of `pairs` discordant pairs that a fair coin exceeds with a
/// probability of at most `alpha`; it never falls as pairs are added.
fn critical_half(from: u64, pairs: u64, alpha: f64) -> u64 {
    first_at_least(from, pairs.saturating_add(1), |count| {
        upper_tail(count, pairs, 0.5) <= alpha
    })
}

/// Where Fisher's test rejects, for each likely number of hits in arm b.
struct Rejection {
    n_a: u64,
    /// Smallest number of hits in arm a that rejects, `n_a` + 1 if none does, and the weight.
    rows: Vec<(u64, f64)>,
}

impl Rejection {
    /// The critical values rise with the hits in arm b, so that each search begins where the last
    /// ended.
    fn new(n_a: u64, n_b: u64, p_b: f64, alpha: f64) -> Self {
        let mut critical = 0;
        let rows = likely(n_b, Chance::new(p_b))
            .into_iter()
            .map(|(hits_b, weight)| {
                critical = first_at_least(critical, n_a.saturating_add(1), |hits_a| {
                    fisher_greater(hits_a, n_a, hits_b, n_b) <= alpha
                });
                (critical, weight)
            })
            .collect();
        Self { n_a, rows }
    }

    /// The probability of rejecting when arm a succeeds with probability `p_a`.
    fn power(&self, p_a: f64) -> f64 {
        let Some(&(lowest, _)) = self.rows.first() else {
            return 0.0;
        };
        let chance = Chance::new(p_a);
        let mut reached = (lowest, upper_tail_of(lowest, self.n_a, chance));
        let mut total = 0.0;
        for &(critical, weight) in &self.rows {
            if critical > reached.0 {
                reached = (critical, upper_tail_of(critical, self.n_a, chance));
            }
            total += weight * reached.1;
        }
        total.min(1.0)
    }
}

/// The smallest difference up to `largest`, in thousandths or `largest` itself, that is `enough`.
fn smallest(largest: f64, enough: impl Fn(f64) -> bool) -> Option<f64> {
    if largest.is_nan() || largest < 0.0 {
        return None;
    }
    // The tolerance keeps a limit like 0.7 from being followed by itself with a rounding error.
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "a whole number from 0 to 1000"
    )]
    let steps = (largest * 1000.0 - 1e-9).ceil().max(0.0) as u64;
    let difference = |thousandths: u64| (real(thousandths) / 1000.0).min(largest);
    let found = first_within(steps, |thousandths| enough(difference(thousandths)));
    found.map(difference)
}
