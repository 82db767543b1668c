//! The area under the ROC curve.
//!
//! Method: the Mann-Whitney estimate with ties counted half, and the variance of E. R. `DeLong`,
//! D. M. `DeLong` and D. L. Clarke-Pearson, Biometrics 44 (1988), from the placement of each value among
//! those of the other group.
//!
//! Invariant: 0 ≤ low ≤ estimate ≤ high ≤ 1, and an interval is never a single point.
//!
//! It refuses to estimate when a group is empty, or when a value is NaN and so has no rank.

use crate::elementary::{exponential, natural_logarithm, real};
use crate::interval::Confidence;
use crate::proportion::wilson;
use crate::sum::{Sum, mean};

/// An area under the ROC curve with its 95 % interval.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Auc {
    /// The chance that a positive has a higher value than a negative, ties half; 0 to 1.
    pub estimate: f64,
    /// Lower end of the interval, 0 to 1.
    pub low: f64,
    /// Upper end of the interval, 0 to 1.
    pub high: f64,
    /// Number of positives.
    pub positives: u64,
    /// Number of negatives.
    pub negatives: u64,
}

/// The area under the ROC curve of values that should be higher for the `positive` group.
///
/// The 95 % interval is estimate ± 1.96 standard errors on the logit scale, by `DeLong`'s variance.
/// Where that variance says nothing (an area of 0 or 1, a group of one, or no variation at all) it is
/// Wilson's interval for as many trials as the smaller group has values. That is cautious: for
/// continuous values the variance of the area A is at most A (1 - A) / min(positives, negatives),
/// which is just the variance that Wilson's interval supposes.
///
/// `None` when a group is empty or a value is NaN; infinite values are ranked.
pub fn auc(positive: &[f64], negative: &[f64]) -> Option<Auc> {
    let placed = Placements::new(positive, negative)?;
    let estimate = mean(placed.positive.iter().copied())?.clamp(0.0, 1.0);
    let (positives, negatives) = (count(positive), count(negative));
    let (low, high) = match placed.variance() {
        Some(variance) if variance > 0.0 && estimate > 0.0 && estimate < 1.0 => {
            on_logit_scale(estimate, variance.sqrt())
        }
        _ => cautious(estimate, positives.min(negatives))?,
    };
    Some(Auc {
        estimate,
        low: low.min(estimate),
        high: high.max(estimate),
        positives,
        negatives,
    })
}

/// For each value, the share of the other group that it beats, ties half.
struct Placements {
    positive: Vec<f64>,
    negative: Vec<f64>,
}

impl Placements {
    fn new(positive: &[f64], negative: &[f64]) -> Option<Self> {
        let (high, low) = (sorted(positive)?, sorted(negative)?);
        Some(Self {
            positive: positive
                .iter()
                .map(|&value| share_below(value, &low))
                .collect(),
            negative: negative
                .iter()
                .map(|&value| 1.0 - share_below(value, &high))
                .collect(),
        })
    }

    /// `DeLong`'s variance of the area; `None` when a group has one value only.
    fn variance(&self) -> Option<f64> {
        Some(variance_of_mean(&self.positive)? + variance_of_mean(&self.negative)?)
    }
}

/// `values` in ascending order; `None` when there are none or one is NaN.
fn sorted(values: &[f64]) -> Option<Vec<f64>> {
    if values.is_empty() || values.iter().any(|value| value.is_nan()) {
        return None;
    }
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    Some(sorted)
}

/// The share of `sorted` below `value`, ties half.
fn share_below(value: f64, sorted: &[f64]) -> f64 {
    let below = sorted.partition_point(|other| *other < value);
    let not_above = sorted.partition_point(|other| *other <= value);
    real(u64::try_from(below + not_above).unwrap_or(u64::MAX)) / (2.0 * real(count(sorted)))
}

/// The sample variance over the number of values; `None` for fewer than two.
fn variance_of_mean(values: &[f64]) -> Option<f64> {
    let centre = mean(values.iter().copied())?;
    let n = real(count(values));
    let mut squares = Sum::new();
    for value in values {
        squares.add((value - centre) * (value - centre));
    }
    (n > 1.0).then(|| squares.value() / (n - 1.0) / n)
}

/// The 95 % interval that is symmetric in ln(A / (1 - A)).
fn on_logit_scale(estimate: f64, error: f64) -> (f64, f64) {
    let centre = natural_logarithm(estimate / (1.0 - estimate));
    let reach = Confidence::PERCENT_95.standard_errors() * error / (estimate * (1.0 - estimate));
    let area = |logit: f64| 1.0 / (1.0 + exponential(-logit));
    (area(centre - reach), area(centre + reach))
}

/// Wilson's 95 % interval for the share `estimate` of `n` trials.
fn cautious(estimate: f64, n: u64) -> Option<(f64, f64)> {
    let interval = wilson(estimate * real(n), n, Confidence::PERCENT_95)?;
    Some((interval.low, interval.high))
}

fn count(values: &[f64]) -> u64 {
    u64::try_from(values.len()).unwrap_or(u64::MAX)
}
