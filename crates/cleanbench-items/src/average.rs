//! A mean, and what can be said of it: by Student's t where that can be trusted, else by betting.
//!
//! Invariant: which of the two is decided here, for gates, summaries and slices alike.
//! It refuses fewer than ten clusters, and in what decides fewer than ten samples.

use cleanbench_core::gate::FEWEST_UNITS;
use cleanbench_stats::bounded::BoundedMean;
use cleanbench_stats::cluster::Units;
use cleanbench_stats::mean::{Mean, is_in_domain};
use cleanbench_stats::sequential::{ConfidenceSequence, MeanAbove};
use cleanbench_stats::{Confidence, Interval, Method, NoInterval};

use crate::rules::Rules;

/// A mean of values that hang together in clusters or not at all.
#[derive(Debug, Clone)]
pub enum Average {
    /// With a standard error.
    Mean(Mean),
    /// Too few or too skewed values for t.
    Bounded(BoundedMean),
    /// The same by earlier rules: values in the order of rows, between these bounds.
    InOrder(Vec<f64>, Range),
}

/// The bounds between which all values lie.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Range {
    /// No value is below.
    pub low: f64,
    /// No value is above.
    pub high: f64,
}

impl Range {
    /// Of scores.
    pub const SCORES: Self = Self {
        low: 0.0,
        high: 1.0,
    };
    /// Of differences of scores.
    pub const DIFFERENCES: Self = Self {
        low: -1.0,
        high: 1.0,
    };

    fn mirrored(self) -> Self {
        Self {
            low: -self.high,
            high: -self.low,
        }
    }
}

impl Average {
    /// The mean of `values` between the bounds `range`, for what decides; `clusters` has one number for each, or
    /// none at all. `alpha` is the error rate that t must keep.
    ///
    /// # Errors
    /// Why nothing can be said, a lowercase fragment.
    pub fn new(
        values: &[f64],
        clusters: &[u32],
        range: Range,
        alpha: f64,
        rules: Rules,
    ) -> Result<Self, String> {
        let units = grouped(values, clusters)?;
        if (units.len() as u64) < FEWEST_UNITS {
            let (found, what) = (
                units.len(),
                if units.are_clusters() {
                    "clusters"
                } else {
                    "samples"
                },
            );
            return Err(format!(
                "{found} {what} are too few for an interval, at least {FEWEST_UNITS} are needed"
            ));
        }
        match rules {
            Rules::Now => Self::of_units(units, range, alpha)
                .ok_or_else(|| "a score lies outside of what scores can be".to_owned()),
            Rules::Earlier => Self::by_earlier_rules(values, &units, range, alpha),
        }
    }

    /// The mean of `units`, however few and in whatever order; `None` where a value lies outside of `range`.
    pub fn of_units(units: Units, range: Range, alpha: f64) -> Option<Self> {
        let units = units.in_no_order();
        if units.is_in_domain(alpha)
            && let Ok(mean) = units.robust_mean()
        {
            return Some(Self::Mean(mean));
        }
        BoundedMean::new(&units, range.low, range.high).map(Self::Bounded)
    }

    fn by_earlier_rules(
        values: &[f64],
        units: &Units,
        range: Range,
        alpha: f64,
    ) -> Result<Self, String> {
        if !units.are_clusters() && !is_in_domain(values, alpha) {
            return Ok(Self::InOrder(values.to_vec(), range));
        }
        match units.robust_mean() {
            Ok(mean) => Ok(Self::Mean(mean)),
            // All clusters are alike, so that each says what any one says.
            Err(NoInterval::NoVariation) => {
                let each = values.iter().take(units.len());
                Ok(Self::InOrder(each.copied().collect(), range))
            }
            Err(error) => Err(error.to_string()),
        }
    }

    /// Its bounds, and the name of their method.
    pub fn interval(&self, confidence: Confidence) -> (f64, f64, &'static str) {
        match self.bounds(confidence) {
            Ok(found) => (found.low, found.high, found.method.as_str()),
            Err(Range { low, high }) => (low, high, "none"),
        }
    }

    /// Its interval.
    ///
    /// # Errors
    /// With what the values lie between, where that is no range.
    pub(crate) fn bounds(&self, confidence: Confidence) -> Result<Interval, Range> {
        match self {
            Self::Mean(mean) => Ok(mean.estimate(confidence).interval),
            Self::Bounded(mean) => Ok(mean.interval(confidence)),
            Self::InOrder(values, range) => {
                let mut sequence =
                    ConfidenceSequence::new(range.low, range.high, confidence).ok_or(*range)?;
                for value in values {
                    sequence.add(*value);
                }
                Ok(sequence.interval())
            }
        }
    }

    /// One-sided p that the true mean is above `bound`, and the name of the test.
    pub fn above(&self, bound: f64, alpha: f64) -> (f64, &'static str) {
        match self {
            Self::Mean(mean) => (mean.exceeds(bound), mean.method.as_str()),
            Self::Bounded(mean) => (mean.exceeds(bound), Method::Portfolio.as_str()),
            Self::InOrder(values, range) => (bet(values, bound, *range, alpha), BETTING),
        }
    }

    /// One-sided p that the true mean is below `bound`, and the name of the test.
    pub fn below(&self, bound: f64, alpha: f64) -> (f64, &'static str) {
        match self {
            Self::Mean(mean) => (mean.is_below(bound), mean.method.as_str()),
            Self::Bounded(mean) => (mean.is_below(bound), Method::Portfolio.as_str()),
            Self::InOrder(values, range) => {
                let mirrored: Vec<_> = values.iter().map(|value| -value).collect();
                (bet(&mirrored, -bound, range.mirrored(), alpha), BETTING)
            }
        }
    }

    /// The mean itself.
    pub fn value(&self) -> f64 {
        match self {
            Self::Mean(mean) => mean.value,
            Self::Bounded(mean) => mean.value(),
            Self::InOrder(values, _) => {
                cleanbench_stats::mean(values.iter().copied()).unwrap_or_default()
            }
        }
    }

    /// The smallest distance from a bound that a test at level `alpha` finds with a probability of `power`;
    /// `None` where that is not known.
    pub fn smallest(&self, alpha: f64, power: f64) -> Option<f64> {
        let Self::Mean(mean) = self else {
            return None;
        };
        // t standard errors for the level and for the power, as in every formula of sample size.
        let reach = |tail| {
            let found = mean.estimate(Confidence::one_sided(tail)?);
            Some(found.value - found.interval.low)
        };
        Some(reach(alpha)? + reach(1.0 - power)?)
    }
}

const BETTING: &str = "betting";

/// Values in clusters, or on their own where there are none.
fn grouped(values: &[f64], clusters: &[u32]) -> Result<Units, String> {
    if clusters.is_empty() {
        return Ok(Units::single(values));
    }
    let units = Units::clustered(values, clusters);
    units.ok_or_else(|| "samples and clusters differ in number".to_owned())
}

/// The p-value of those who bet that the mean is above `bound`.
fn bet(values: &[f64], bound: f64, range: Range, alpha: f64) -> f64 {
    let Some(mut test) = MeanAbove::new(bound, range.low, range.high, alpha) else {
        return 1.0;
    };
    for value in values {
        test.add(*value);
    }
    test.p_value()
}
