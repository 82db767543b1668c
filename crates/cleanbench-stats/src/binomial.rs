//! Factorials, and probabilities of the binomial distribution.
//!
//! Method: C. Loader, "Fast and Accurate Computation of Binomial Probabilities" (2000): a probability
//! is written with the error of Stirling's formula and the deviance, so that the large logarithms of
//! factorials never cancel against each other.
//!
//! Invariant: probabilities lie between 0 and 1, and a small tail is summed from its own terms, never
//! as 1 minus the rest.
//!
//! It refuses a probability outside 0 to 1: the result is NaN.

use crate::elementary::{exponential, natural_logarithm, real};
use std::f64::consts::TAU;

/// Up to here n! is exact in a double and Stirling's series is not exact enough.
const SMALL: u64 = 16;

/// Natural logarithm of n!, relative error below 1e-14.
///
/// From the exact factorial up to 16, from Stirling's series beyond.
pub fn ln_factorial(n: u64) -> f64 {
    if n <= SMALL {
        return natural_logarithm((1..=n).map(real).product());
    }
    stirling(real(n)) + stirling_error(n)
}

/// P(X >= `k`) for the number X of successes in `n` trials that succeed with probability `p`.
///
/// The relative error is below 1e-10 for `n` up to a million, however small the tail, as long as the
/// probability is a normal number. NaN unless `p` lies between 0 and 1.
pub fn upper_tail(k: u64, n: u64, p: f64) -> f64 {
    upper_tail_of(k, n, Chance::new(p))
}

/// The probabilities of success and of failure; both are kept, since 1 - p is not exact for a small p.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Chance {
    pub(crate) success: f64,
    pub(crate) failure: f64,
}

impl Chance {
    pub(crate) fn new(success: f64) -> Self {
        Self {
            success,
            failure: 1.0 - success,
        }
    }

    const fn swapped(self) -> Self {
        Self {
            success: self.failure,
            failure: self.success,
        }
    }

    fn is_valid(self) -> bool {
        (0.0..=1.0).contains(&self.success) && (0.0..=1.0).contains(&self.failure)
    }
}

/// [`upper_tail`] for both probabilities.
pub(crate) fn upper_tail_of(k: u64, n: u64, chance: Chance) -> f64 {
    if !chance.is_valid() {
        return f64::NAN;
    }
    if k == 0 {
        return 1.0;
    }
    if k > n {
        return 0.0;
    }
    if real(k) > real(n) * chance.success {
        far_tail(k, n, chance)
    } else {
        1.0 - far_tail(n - k + 1, n, chance.swapped())
    }
}

/// P(X >= `k`) by its own terms, for `k` from 1 to `n` at or beyond the mean.
fn far_tail(k: u64, n: u64, chance: Chance) -> f64 {
    let odds = chance.success / chance.failure;
    let first = probability(k, n, chance);
    sum_of_terms(first, (k..n).map(|j| real(n - j) / real(j + 1) * odds))
}

/// first · (1 + r₁ + r₁ r₂ + …), for ratios that fall from term to term.
///
/// It ends where what is left, at most a geometric series, no longer changes the sum.
pub(crate) fn sum_of_terms(first: f64, ratios: impl Iterator<Item = f64>) -> f64 {
    let (mut term, mut total) = (1.0, 1.0);
    for ratio in ratios {
        term *= ratio;
        total += term;
        if term < total * (1.0 - ratio) * 1e-17 {
            break;
        }
    }
    (first * total).min(1.0)
}

/// P(X = `k`) for `k` up to `n`.
pub(crate) fn probability(k: u64, n: u64, chance: Chance) -> f64 {
    let (hits, misses, trials) = (real(k), real(n - k), real(n));
    if k == 0 || k == n {
        let each = if k == 0 { chance.swapped() } else { chance };
        return power(trials, each);
    }
    if chance.success <= 0.0 || chance.failure <= 0.0 {
        return 0.0;
    }
    let error = stirling_error(n) - stirling_error(k) - stirling_error(n - k);
    let deviance =
        deviance(hits, trials * chance.success) + deviance(misses, trials * chance.failure);
    exponential(error - deviance) * (trials / hits / (TAU * misses)).sqrt()
}

/// Outcomes less likely than this are left out: even a million of them do not reach 1e-11.
const NEGLIGIBLE: f64 = 1e-18;

/// The numbers of successes that are not too rare to matter, with their probabilities, ascending.
pub(crate) fn likely(n: u64, chance: Chance) -> Vec<(u64, f64)> {
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "a count from 0 to n"
    )]
    let centre = ((real(n) * chance.success).round() as u64).min(n);
    let weighed = |k: u64| (k, probability(k, n, chance));
    let matters = |(_, weight): &(u64, f64)| *weight >= NEGLIGIBLE;
    let mut found: Vec<(u64, f64)> = (0..centre).rev().map(weighed).take_while(matters).collect();
    found.reverse();
    found.extend((centre..=n).map(weighed).take_while(matters));
    found
}

/// The probability of success, `trials` times over.
fn power(trials: f64, chance: Chance) -> f64 {
    if trials <= 0.0 {
        return 1.0;
    }
    if chance.success <= 0.0 {
        return 0.0;
    }
    // Near 1 the logarithm of what is kept of p is less exact than that of 1 - q.
    if chance.failure < 0.1 {
        let expected = trials * chance.success;
        return exponential(-deviance(trials, expected) - trials * chance.failure);
    }
    exponential(trials * natural_logarithm(chance.success))
}

/// x ln(x / m) + m - x, at least 0, without cancellation where x is near m.
///
/// With v = (x - m) / (x + m) the logarithm is 2 artanh v, whose first term joins m - x.
pub(crate) fn deviance(x: f64, expected: f64) -> f64 {
    let (gap, whole) = (x - expected, x + expected);
    if gap.abs() >= 0.1 * whole {
        return x * natural_logarithm(x / expected) - gap;
    }
    let v = gap / whole;
    let square = v * v;
    // v² is below 0.01, so that ten terms reach the last place.
    let series = (1..=10_u32)
        .rev()
        .fold(0.0, |sum, j| (sum + 1.0 / f64::from(2 * j + 1)) * square);
    gap * v + 2.0 * x * v * series
}

/// Stirling's formula for ln n!, without its correction.
fn stirling(n: f64) -> f64 {
    let ln = natural_logarithm(n);
    n * (ln - 1.0) + ln / 2.0 + natural_logarithm(TAU) / 2.0
}

/// What Stirling's formula lacks of ln n!, for n from 1: about 1 / (12 n).
fn stirling_error(n: u64) -> f64 {
    let x = real(n);
    if n <= SMALL {
        return ln_factorial(n) - stirling(x);
    }
    let square = x * x;
    let inner = 1.0 / 1260.0 - (1.0 / 1680.0 - 1.0 / 1188.0 / square) / square;
    (1.0 / 12.0 - (1.0 / 360.0 - inner / square) / square) / x
}
