//! Ratios of two means over the same units, such as cost per solved sample.
//!
//! Methods: E. C. Fieller, "Some Problems in Interval Estimation", Journal of the Royal Statistical Society
//! B 16 (1954), with t and cluster-robust covariances; or percentiles of a bootstrap of units.
//!
//! Invariant: an interval is finite and holds the estimate.
//!
//! It refuses a ratio whose denominator cannot be told from 0: that is [`NoInterval::Unbounded`], and
//! where nothing was observed in the denominator [`least_without_events`] still bounds it from below.

use crate::cluster::Units;
use crate::elementary::real;
use crate::interval::{Confidence, Estimate, Interval, Method, NoInterval};
use crate::percentile::quantile_of;
use crate::proportion::upper_bound_of_none;
use crate::random::Random;
use crate::student::student_quantile;
use crate::sum::{Sum, sum};

/// Fieller's interval for the sum of `numerator` over the sum of `denominator`, which have the same units.
///
/// # Errors
/// As [`Units::robust_mean`] of the numerator, except that one side alone may not vary;
/// [`NoInterval::NoValues`] when the units differ; [`NoInterval::Unbounded`] when the denominator's own
/// interval holds 0.
pub fn fieller(
    numerator: &Units,
    denominator: &Units,
    confidence: Confidence,
) -> Result<Estimate, NoInterval> {
    let moments = Moments::new(numerator, denominator)?;
    let t = -student_quantile(confidence.tail(), real(moments.units - 1));
    let square = t * t;
    // (x² - t² xx) θ² - 2 (xy - t² xy) θ + (y² - t² yy) = 0
    let leading = moments.below * moments.below - square * moments.below_below;
    if leading <= 0.0 {
        return Err(NoInterval::Unbounded);
    }
    let middle = moments.above * moments.below - square * moments.above_below;
    let constant = moments.above * moments.above - square * moments.above_above;
    let root = (middle * middle - leading * constant).max(0.0).sqrt();
    let value = moments.above / moments.below;
    Ok(Estimate {
        value,
        interval: Interval {
            low: ((middle - root) / leading).min(value),
            high: ((middle + root) / leading).max(value),
            n: moments.units,
            method: Method::Fieller,
        },
    })
}

/// Both means with the variances and the covariance of their errors.
struct Moments {
    units: u64,
    above: f64,
    below: f64,
    above_above: f64,
    above_below: f64,
    below_below: f64,
}

impl Moments {
    fn new(numerator: &Units, denominator: &Units) -> Result<Self, NoInterval> {
        let (above, below) = (checked(numerator, denominator)?, denominator.mean()?);
        let units = u64::try_from(numerator.len()).unwrap_or(u64::MAX);
        if units == 1 {
            return Err(NoInterval::OneValue);
        }
        let gaps = |units: &Units, mean: f64| -> Vec<f64> {
            let pairs = units.sums().iter().zip(units.sizes());
            pairs.map(|(sum, size)| sum - size * mean).collect()
        };
        let (over, under) = (gaps(numerator, above), gaps(denominator, below));
        let total = sum(numerator.sizes().iter().copied());
        let factor = real(units) / real(units - 1) / (total * total);
        let product =
            |one: &[f64], other: &[f64]| factor * sum(one.iter().zip(other).map(|(a, b)| a * b));
        let moments = Self {
            units,
            above,
            below,
            above_above: product(&over, &over),
            above_below: product(&over, &under),
            below_below: product(&under, &under),
        };
        if moments.above_above <= 0.0 && moments.below_below <= 0.0 {
            return Err(NoInterval::NoVariation);
        }
        Ok(moments)
    }
}

/// The mean of the numerator, when both have the same units.
fn checked(numerator: &Units, denominator: &Units) -> Result<f64, NoInterval> {
    if numerator.sizes() != denominator.sizes() {
        return Err(NoInterval::NoValues);
    }
    numerator.mean()
}

/// The ratio with percentiles of `resamples` bootstrap samples of units, in the stream of `seed`.
///
/// A resample without anything in the denominator is larger than every other.
///
/// # Errors
/// As [`fieller`]; [`NoInterval::Unbounded`] when the denominator has nothing, or so many resamples have
/// nothing in it that the upper end is not finite.
pub fn bootstrap(
    numerator: &Units,
    denominator: &Units,
    seed: u64,
    resamples: usize,
    confidence: Confidence,
) -> Result<Estimate, NoInterval> {
    let moments = Moments::new(numerator, denominator)?;
    let (mut random, units) = (Random::new(seed), numerator.len());
    let draws = (0..resamples).map(|_| {
        let (mut above, mut below) = (Sum::new(), Sum::new());
        for _ in 0..units {
            let place = random.index(units);
            above.add(numerator.sums()[place]);
            below.add(denominator.sums()[place]);
        }
        let ratio = above.value() / below.value();
        if below.value() > 0.0 {
            ratio
        } else {
            f64::INFINITY
        }
    });
    let mut ratios: Vec<f64> = draws.collect();
    ratios.sort_by(f64::total_cmp);
    let end = |p: f64| quantile_of(&ratios, p).ok_or(NoInterval::NoValues);
    let (low, high) = (end(confidence.tail())?, end(1.0 - confidence.tail())?);
    if !(high.is_finite() && moments.below > 0.0) {
        return Err(NoInterval::Unbounded);
    }
    Ok(Estimate {
        value: moments.above / moments.below,
        interval: Interval {
            low,
            high,
            n: moments.units,
            method: if numerator.are_clusters() {
                Method::ClusterBootstrap
            } else {
                Method::Bootstrap
            },
        },
    })
}

/// The least that one event costs when `total` was spent on `n` independent trials without any: the mean
/// spent on a trial over the largest rate that is possible with confidence 1 - `alpha`.
///
/// `None` without trials, or unless `alpha` lies strictly between 0 and 1.
pub fn least_without_events(total: f64, n: u64, alpha: f64) -> Option<f64> {
    Some(total / real(n) / upper_bound_of_none(n, alpha)?)
}
