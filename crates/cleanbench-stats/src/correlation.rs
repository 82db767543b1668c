//! The correlation of paired values.
//!
//! Method: Pearson's product-moment correlation (of a value that is 0 or 1 with another: the
//! point-biserial), and the interval of R. A. Fisher's transformation z = artanh r with the standard error
//! 1/√(n - 3) (Metron 1, 1921).
//!
//! Invariant: -1 ≤ low ≤ r ≤ high ≤ 1.
//!
//! It refuses values that do not vary: nothing correlates with a constant.

use crate::elementary::{exponential, natural_logarithm, real};
use crate::interval::Confidence;
use crate::student::student_upper_tail;
use crate::sum::{Sum, mean};

/// A correlation.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Correlation {
    /// Pearson's r, -1 to 1.
    pub r: f64,
    /// Ends of its interval; `None` for fewer than four pairs.
    pub interval: Option<(f64, f64)>,
    /// Number of pairs.
    pub n: u64,
}

/// The correlation of `first` and `second`, and its interval by Fisher's transformation. `None` unless there
/// are as many of each, at least two, all finite, and both vary.
pub fn pearson(first: &[f64], second: &[f64], confidence: Confidence) -> Option<Correlation> {
    let finite = |values: &[f64]| values.iter().all(|value| value.is_finite());
    if first.len() != second.len() || first.len() < 2 || !(finite(first) && finite(second)) {
        return None;
    }
    let (centre_a, centre_b) = (mean(first.iter().copied())?, mean(second.iter().copied())?);
    let (mut products, mut squares_a, mut squares_b) = (Sum::new(), Sum::new(), Sum::new());
    for (a, b) in first.iter().zip(second) {
        let (a, b) = (a - centre_a, b - centre_b);
        products.add(a * b);
        squares_a.add(a * a);
        squares_b.add(b * b);
    }
    let scale = squares_a.value().sqrt() * squares_b.value().sqrt();
    if scale <= 0.0 {
        return None;
    }
    let r = (products.value() / scale).clamp(-1.0, 1.0);
    let n = u64::try_from(first.len()).unwrap_or(u64::MAX);
    Some(Correlation {
        r,
        interval: (n > 3).then(|| fisher(r, n, confidence)),
        n,
    })
}

/// One-sided p-value that the true correlation is below 0, by Student's t with n - 2 degrees of freedom, which is
/// exact for normal values; 1 for fewer than four pairs.
pub fn is_negative(r: f64, n: u64) -> f64 {
    if n < 4 {
        return 1.0;
    }
    let left = (1.0 - r * r).max(f64::MIN_POSITIVE);
    student_upper_tail(-r * (real(n - 2) / left).sqrt(), real(n - 2))
}

fn fisher(r: f64, n: u64, confidence: Confidence) -> (f64, f64) {
    if 1.0 - r.abs() <= 0.0 {
        return (r, r);
    }
    let z = natural_logarithm((1.0 + r) / (1.0 - r)) / 2.0;
    let width = confidence.standard_errors() / real(n - 3).sqrt();
    (tanh(z - width).min(r), tanh(z + width).max(r))
}

/// The hyperbolic tangent, by the exponential whose bits are the same everywhere.
fn tanh(x: f64) -> f64 {
    let shrunk = exponential(-2.0 * x.abs());
    ((1.0 - shrunk) / (1.0 + shrunk)).copysign(x)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// From the formulas written down a second time, with Python's `math.atanh` and `math.tanh`.
    #[test]
    fn golden_values() {
        let a = [1.0, 0.0, 1.0, 1.0, 0.0, 1.0];
        let b = [0.9, 0.2, 0.5, 0.8, 0.4, 0.3];
        let found = pearson(&a, &b, Confidence::PERCENT_95).unwrap();
        let (low, high) = found.interval.unwrap();
        let expected = [
            0.602_213_370_995_703_2,
            -0.409_468_886_782_252_24,
            0.949_649_533_454_304_9,
        ];
        for (one, other) in [found.r, low, high].iter().zip(expected) {
            assert!((one - other).abs() < 1e-12, "{found:?}");
        }
    }

    /// Expected values: `scipy.stats.t.sf` of the same t.
    #[test]
    fn a_negative_correlation_is_as_likely_as_t_says() {
        for (r, n, expected) in [
            (-0.9, 8, 0.001_158_125),
            (-0.5, 20, 0.012_384_779_402_054_851),
            (0.3, 10, 0.800_154_265_625),
            (-1.0, 3, 1.0),
        ] {
            let found = is_negative(r, n);
            assert!((found - expected).abs() < 1e-9, "{r} {n}: {found}");
        }
    }

    #[test]
    fn a_constant_correlates_with_nothing_and_a_line_with_itself() {
        let line = [1.0, 2.0, 3.0, 4.0];
        assert_eq!(pearson(&line, &[1.0; 4], Confidence::PERCENT_95), None);
        assert_eq!(pearson(&line, &[1.0; 3], Confidence::PERCENT_95), None);
        let same = pearson(&line, &line, Confidence::PERCENT_95).unwrap();
        assert!((same.r - 1.0).abs() < 1e-12);
        let few = pearson(&[0.0, 1.0, 1.0], &[0.1, 0.2, 0.4], Confidence::PERCENT_95);
        assert_eq!(few.unwrap().interval, None);
    }
}
