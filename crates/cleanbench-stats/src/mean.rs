//! Means of independent values, by Student's t.
//!
//! Method: W. S. Gosset (1908). It is exact for normal values and close for others when there are
//! enough of them for their skewness; [`is_in_domain`] tells.
//!
//! Invariant: sums are compensated and in the order given.
//!
//! It refuses a standard error from one value, or from values that are all the same: a width of 0 would
//! claim certainty.

use crate::elementary::{exponential, real};
use crate::interval::{Confidence, Estimate, Interval, Method, NoInterval};
use crate::normal::normal_quantile;
use crate::student::{student_quantile, student_upper_tail};
use crate::sum::{Sum, mean};
use std::f64::consts::TAU;

/// A mean with its standard error.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Mean {
    /// The mean.
    pub value: f64,
    /// Its standard error, above 0.
    pub error: f64,
    /// Degrees of freedom of the standard error, at least 1.
    pub degrees: f64,
    /// Number of independent units: values or clusters.
    pub n: u64,
    /// [`Method::StudentT`] or [`Method::ClusterT`].
    pub method: Method,
}

impl Mean {
    /// The mean of independent `values`.
    ///
    /// # Errors
    /// When there are fewer than two values, one is not finite, or all are the same.
    pub fn new(values: &[f64]) -> Result<Self, NoInterval> {
        let moments = Moments::new(values)?;
        let n = real(moments.n);
        Self::checked(
            moments.mean,
            (moments.squares / (n - 1.0) / n).sqrt(),
            moments.n,
            Method::StudentT,
        )
    }

    /// A mean over `n` units with `n` - 1 degrees of freedom, unless its error is none.
    pub(crate) fn checked(
        value: f64,
        error: f64,
        n: u64,
        method: Method,
    ) -> Result<Self, NoInterval> {
        if !(value.is_finite() && error.is_finite()) {
            return Err(NoInterval::NotFinite);
        }
        // What rounding alone makes of equal values is no variation.
        if error <= value.abs() * 1e-14 {
            return Err(NoInterval::NoVariation);
        }
        Ok(Self {
            value,
            error,
            degrees: real(n - 1),
            n,
            method,
        })
    }

    /// The mean ± t standard errors.
    pub fn estimate(&self, confidence: Confidence) -> Estimate {
        let reach = -student_quantile(confidence.tail(), self.degrees) * self.error;
        Estimate {
            value: self.value,
            interval: Interval {
                low: self.value - reach,
                high: self.value + reach,
                n: self.n,
                method: self.method,
            },
        }
    }

    /// P-value of the one-sided t test that the true mean is above `bound`. With `bound` = -margin and a
    /// mean of differences, new minus old, it is the test of non-inferiority.
    pub fn exceeds(&self, bound: f64) -> f64 {
        student_upper_tail((self.value - bound) / self.error, self.degrees)
    }

    /// P-value of the one-sided t test that the true mean is below `bound`.
    pub fn is_below(&self, bound: f64) -> f64 {
        student_upper_tail((bound - self.value) / self.error, self.degrees)
    }

    /// P-value of the two-sided t test that the true mean is not `bound`.
    pub fn differs_from(&self, bound: f64) -> f64 {
        (2.0 * self.exceeds(bound).min(self.is_below(bound))).min(1.0)
    }

    /// P-value of the test of equivalence: that the true mean lies strictly within ± `margin`. The
    /// larger of two one-sided tests (D. J. Schuirmann, Journal of Pharmacokinetics and
    /// Biopharmaceutics 15, 1987). NaN unless `margin` is above 0.
    pub fn is_equivalent(&self, margin: f64) -> f64 {
        if margin > 0.0 {
            self.exceeds(-margin).max(self.is_below(margin))
        } else {
            f64::NAN
        }
    }
}

/// The mean of `values` with its interval by Student's t.
///
/// # Errors
/// As [`Mean::new`].
pub fn student_t(values: &[f64], confidence: Confidence) -> Result<Estimate, NoInterval> {
    Ok(Mean::new(values)?.estimate(confidence))
}

/// Differences `first` - `second` of paired scores; `None` unless there are as many of each.
pub fn differences(first: &[f64], second: &[f64]) -> Option<Vec<f64>> {
    let pairs = first.iter().zip(second);
    (first.len() == second.len()).then(|| pairs.map(|(one, other)| one - other).collect())
}

/// Whether one-sided t tests of these values keep an error rate of at most 1.3 `alpha`.
///
/// There must be at least 30 values, and as many as their skewness γ needs: the first term of the
/// Edgeworth expansion, |γ| (2 z² + 1) φ(z) / (6 √n), must be at most 0.15 `alpha`, half of what is
/// allowed, since a sample shows less skewness than there is. Where it does not hold, take an exact test
/// ([`crate::sequential`] for bounded scores, [`crate::tango`] for paired rates), or say so.
///
/// `false` for values without an interval or for an `alpha` outside 0 to ½.
pub fn is_in_domain(values: &[f64], alpha: f64) -> bool {
    values.len() >= 30 && bears_skewness(values, alpha)
}

/// Whether there are enough values for their skewness.
pub(crate) fn bears_skewness(values: &[f64], alpha: f64) -> bool {
    shift(values, alpha).is_some_and(|shift| shift.abs() <= 0.15 * alpha)
}

/// By how much, to the first order of Edgeworth, the one-sided t test at level `alpha` that a mean is below a bound errs
/// more often than that; below 0 where it errs less often. `None` for values without an interval or for an `alpha` outside
/// 0 to ½.
pub(crate) fn shift(values: &[f64], alpha: f64) -> Option<f64> {
    let moments = Moments::new(values).ok()?;
    if !(alpha > 0.0 && alpha < 0.5) {
        return None;
    }
    let z = normal_quantile(alpha);
    let density = exponential(-z * z / 2.0) / TAU.sqrt();
    let shift = moments.skewness() * (2.0 * z * z + 1.0) * density;
    Some(shift / (6.0 * real(moments.n).sqrt()))
}

/// Central moments, as sums.
struct Moments {
    n: u64,
    mean: f64,
    squares: f64,
    cubes: f64,
}

impl Moments {
    fn new(values: &[f64]) -> Result<Self, NoInterval> {
        if values.iter().any(|value| !value.is_finite()) {
            return Err(NoInterval::NotFinite);
        }
        let centre = mean(values.iter().copied()).ok_or(NoInterval::NoValues)?;
        if values.len() == 1 {
            return Err(NoInterval::OneValue);
        }
        let (mut squares, mut cubes) = (Sum::new(), Sum::new());
        for value in values {
            let gap = value - centre;
            squares.add(gap * gap);
            cubes.add(gap * gap * gap);
        }
        Ok(Self {
            n: u64::try_from(values.len()).unwrap_or(u64::MAX),
            mean: centre,
            squares: squares.value(),
            cubes: cubes.value(),
        })
    }

    /// The moment coefficient of skewness; infinite where nothing varies.
    fn skewness(&self) -> f64 {
        if self.squares <= 0.0 {
            return f64::INFINITY;
        }
        let n = real(self.n);
        let variance = self.squares / n;
        self.cubes / n / (variance * variance.sqrt())
    }
}
