//! The regularised incomplete beta function and its inverse.
//!
//! Method: the continued fraction of the NIST Digital Library of Mathematical Functions, 8.17.22,
//! evaluated from the front (I. J. Thompson and A. R. Barnett, Journal of Computational Physics 64,
//! 1986), on the side where it converges fast. The factor before it is Loader's form of a binomial
//! probability (see [`crate::binomial`]), so that large logarithms do not cancel. The inverse is Newton's
//! method for ln I as a function of ln x, which is nearly a line in the tail, kept inside a bracket.
//!
//! Invariant: what is small is computed as itself, never as 1 minus the rest; where both x and 1 - x
//! matter both are handed on.
//!
//! It refuses parameters that are not positive and arguments outside 0 to 1: the result is NaN.

use crate::binomial::deviance;
use crate::elementary::{exponential, natural_logarithm};
use crate::gamma::stirling_error;
use std::f64::consts::TAU;

/// More terms than any parameters up to a thousand million need.
const MOST_TERMS: u32 = 200_000;
/// Newton converges within ten steps; bisection of all doubles would need some sixty.
const MOST_STEPS: u32 = 200;

/// A share and what it leaves of 1; both are kept, since 1 - x is not exact for a small x.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Share {
    pub(crate) part: f64,
    pub(crate) rest: f64,
}

impl Share {
    pub(crate) fn new(part: f64) -> Self {
        Self {
            part,
            rest: 1.0 - part,
        }
    }

    pub(crate) const fn swapped(self) -> Self {
        Self {
            part: self.rest,
            rest: self.part,
        }
    }
}

/// The regularised incomplete beta function `I_x(a, b)`: the chance that a variable with the
/// distribution Beta(`a`, `b`) is at most `x`.
///
/// The relative error is below 1e-12 for parameters up to a thousand, and below 1e-10 up to a million. NaN
/// unless `a` and `b` are positive and finite and `x` lies between 0 and 1.
pub fn incomplete_beta(x: f64, a: f64, b: f64) -> f64 {
    distribution(Share::new(x), a, b)
}

/// [`incomplete_beta`] for an argument that is known with its complement.
pub(crate) fn distribution(x: Share, a: f64, b: f64) -> f64 {
    let parameters = a > 0.0 && b > 0.0 && (a + b).is_finite();
    if !(parameters && (0.0..=1.0).contains(&x.part)) {
        return f64::NAN;
    }
    if x.part <= 0.0 || x.rest <= 0.0 {
        return if x.rest <= 0.0 { 1.0 } else { 0.0 };
    }
    if x.part * (a + b + 2.0) <= a + 1.0 {
        tail(x, a, b)
    } else {
        1.0 - tail(x.swapped(), b, a)
    }
}

/// `I_x(a, b)` for x at or below the mean, more or less.
fn tail(x: Share, a: f64, b: f64) -> f64 {
    (power(x, a, b) / a / fraction(x.part, a, b)).min(1.0)
}

/// x^a (1 - x)^b / B(a, b).
fn power(x: Share, a: f64, b: f64) -> f64 {
    let n = a + b;
    let error = stirling_error(n) - stirling_error(a) - stirling_error(b);
    let gap = deviance(a, n * x.part) + deviance(b, n * x.rest);
    exponential(error - gap) * (a / n * b / TAU).sqrt()
}

/// 1 + d₁ / (1 + d₂ / (1 + …)), the continued fraction that divides the first term.
fn fraction(x: f64, a: f64, b: f64) -> f64 {
    const TINY: f64 = 1e-300;
    let away = |value: f64| if value.abs() < TINY { TINY } else { value };
    let (mut value, mut ratio, mut inverse) = (1.0, 1.0, 0.0);
    for index in 1..=MOST_TERMS {
        let m = f64::from(index / 2);
        let coefficient = if index % 2 == 0 {
            m * (b - m) / ((a + 2.0 * m - 1.0) * (a + 2.0 * m))
        } else {
            -(a + m) * (a + b + m) / ((a + 2.0 * m) * (a + 2.0 * m + 1.0))
        };
        let step = coefficient * x;
        inverse = 1.0 / away(1.0 + step * inverse);
        ratio = away(1.0 + step / ratio);
        let change = ratio * inverse;
        value *= change;
        if (change - 1.0).abs() < 1e-16 {
            break;
        }
    }
    value
}

/// The x at which `I_x(a, b)` is `p`, with the relative error of [`incomplete_beta`].
///
/// NaN unless `a` and `b` are positive and finite and `p` lies between 0 and 1.
pub fn beta_quantile(p: f64, a: f64, b: f64) -> f64 {
    quantile(Share::new(p), a, b).part
}

/// [`beta_quantile`] for a probability that is known with its complement, and with the complement of
/// the result.
pub(crate) fn quantile(p: Share, a: f64, b: f64) -> Share {
    let half = distribution(Share::new(0.5), a, b);
    if half.is_nan() || !(0.0..=1.0).contains(&p.part) {
        return Share::new(f64::NAN);
    }
    if p.part <= half {
        below_half(p.part, a, b)
    } else {
        below_half(p.rest, b, a).swapped()
    }
}

/// The quantile, where it is at most ½.
fn below_half(p: f64, a: f64, b: f64) -> Share {
    if p <= 0.0 {
        return Share::new(0.0);
    }
    let target = natural_logarithm(p);
    let (mut low, mut high) = (-745.0, natural_logarithm(0.5));
    let mut at = natural_logarithm((a / (a + b)).min(0.5));
    for _ in 0..MOST_STEPS {
        let x = Share::new(exponential(at).min(0.5));
        let found = distribution(x, a, b);
        let gap = natural_logarithm(found.max(f64::MIN_POSITIVE)) - target;
        if gap > 0.0 {
            high = at;
        } else {
            low = at;
        }
        // d ln I / d ln x = x^a (1 - x)^(b - 1) / B / I
        let slope = power(x, a, b) / x.rest / found.max(f64::MIN_POSITIVE);
        let next = at - gap / slope;
        let next = if next > low && next < high {
            next
        } else {
            low + (high - low) / 2.0
        };
        let done = (next - at).abs() <= 4e-16 || high - low <= 4e-16;
        at = next;
        if done {
            break;
        }
    }
    Share::new(exponential(at).min(0.5))
}
