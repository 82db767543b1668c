//! Student's t distribution, central and not.
//!
//! Method: the incomplete beta function (NIST Digital Library of Mathematical Functions, 8.17); for the
//! noncentral distribution the series of R. V. Lenth, "Algorithm AS 243", Applied Statistics 38 (1989),
//! each term from its own logarithm.
//!
//! Invariant: tails are computed as themselves, so that a small one keeps its digits.
//!
//! It refuses degrees of freedom that are not positive: the result is NaN.

use crate::beta::{Share, distribution, quantile};
use crate::elementary::{exponential, natural_logarithm};
use crate::gamma::ln_gamma;
use crate::normal::normal_upper_tail;

/// The chance that a variable with Student's t distribution exceeds `t`.
///
/// NaN unless `degrees` (of freedom) is positive and finite and `t` is a number; `t` may be infinite.
pub fn student_upper_tail(t: f64, degrees: f64) -> f64 {
    if t.is_nan() {
        return t;
    }
    let square = t * t;
    let outside = if square.is_infinite() {
        0.0
    } else {
        // The share ν / (ν + t²) and its complement, each without cancellation.
        let x = Share {
            part: degrees / (degrees + square),
            rest: square / (degrees + square),
        };
        distribution(x, degrees / 2.0, 0.5)
    };
    if t > 0.0 {
        outside / 2.0
    } else {
        1.0 - outside / 2.0
    }
}

/// The value below which a variable with Student's t distribution falls with probability `p`.
///
/// NaN unless `p` lies strictly between 0 and 1 and `degrees` (of freedom) is positive and finite.
pub fn student_quantile(p: f64, degrees: f64) -> f64 {
    if !(p > 0.0 && p < 1.0) {
        return f64::NAN;
    }
    let nearer = p.min(1.0 - p);
    // 1 - 2p is exact where p is near ½, the only place where it would cancel.
    let outside = Share {
        part: 2.0 * nearer,
        rest: 1.0 - 2.0 * nearer,
    };
    let x = quantile(outside, degrees / 2.0, 0.5);
    (degrees * x.rest / x.part).sqrt().copysign(p - 0.5)
}

/// The chance that a variable with the noncentral t distribution, whose normal part has the mean
/// `noncentrality`, exceeds `t`.
///
/// The absolute error is below 1e-11 for a `noncentrality` up to 37 in size. NaN unless `degrees` (of
/// freedom) is positive and all arguments are finite.
pub fn noncentral_upper_tail(t: f64, degrees: f64, noncentrality: f64) -> f64 {
    if !(t.is_finite() && noncentrality.is_finite() && degrees > 0.0 && degrees.is_finite()) {
        return f64::NAN;
    }
    if t < 0.0 {
        return 1.0 - beyond_zero(-t, degrees, -noncentrality);
    }
    beyond_zero(t, degrees, noncentrality)
}

/// [`noncentral_upper_tail`] for `t` from 0 on: P(T > t) = P(T > 0) - P(0 < T ≤ t).
fn beyond_zero(t: f64, degrees: f64, noncentrality: f64) -> f64 {
    let below_zero = normal_upper_tail(noncentrality);
    (1.0 - below_zero - between(t, degrees, noncentrality)).clamp(0.0, 1.0)
}

/// P(0 < T ≤ `t`) = ½ Σ [pⱼ I(j + ½, ν/2) + qⱼ I(j + 1, ν/2)] at t² / (t² + ν), where pⱼ and qⱼ are
/// Poisson weights with mean δ²/2 at the whole and the half numbers.
fn between(t: f64, degrees: f64, noncentrality: f64) -> f64 {
    let square = t * t;
    let x = Share {
        part: square / (square + degrees),
        rest: degrees / (square + degrees),
    };
    let mean = noncentrality * noncentrality / 2.0;
    let weight = |place: f64| {
        if mean <= 0.0 {
            return if place <= 0.0 { 1.0 } else { 0.0 };
        }
        exponential(place * natural_logarithm(mean) - mean - ln_gamma(place + 1.0))
    };
    let reach = 12.0 * mean.sqrt() + 60.0;
    let (mut total, mut place) = (0.0, (mean - reach).floor().max(0.0));
    while place <= mean + reach {
        total += weight(place) * distribution(x, place + 0.5, degrees / 2.0);
        let half = weight(place + 0.5) * distribution(x, place + 1.0, degrees / 2.0);
        total += half.copysign(noncentrality * half.signum());
        place += 1.0;
    }
    total / 2.0
}
