//! What an estimate carries: an interval, how it was computed, and from how much.
//!
//! Invariant: low ≤ high, both are finite, and n is the number of independent units (trials, samples,
//! pairs or clusters) that the method counts.
//!
//! It refuses to stand in for an interval: where there is none, [`NoInterval`] says why.

use crate::normal::normal_quantile;

/// Fewest clusters for an interval.
pub(crate) const FEWEST_CLUSTERS: u64 = 10;

/// How sure an interval is meant to be: strictly between 0 and 1.
#[derive(Debug, Clone, Copy, PartialEq, PartialOrd)]
pub struct Confidence(f64);

impl Confidence {
    /// The usual 0.95.
    pub const PERCENT_95: Self = Self(0.95);

    /// Confidence `level`, a share and not a percentage; `None` unless it lies strictly between 0
    /// and 1.
    pub fn new(level: f64) -> Option<Self> {
        (level > 0.0 && level < 1.0).then_some(Self(level))
    }

    /// The level of a two-sided interval whose ends are one-sided bounds at error rate `alpha`, such as
    /// 0.90 for 0.05; `None` unless `alpha` lies strictly between 0 and ½.
    pub fn one_sided(alpha: f64) -> Option<Self> {
        Self::new(1.0 - 2.0 * alpha)
    }

    /// What is left on either side: half of 1 minus the level.
    pub const fn tail(self) -> f64 {
        (1.0 - self.0) / 2.0
    }

    /// The level as a share.
    pub const fn level(self) -> f64 {
        self.0
    }

    /// Number of standard errors on either side that a normal estimate needs; above 0.
    pub fn standard_errors(self) -> f64 {
        -normal_quantile(self.tail())
    }
}

/// How an interval was computed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Method {
    /// Wilson's score interval.
    Wilson,
    /// Clopper and Pearson's exact interval.
    ClopperPearson,
    /// Student's t for a mean of independent values.
    StudentT,
    /// Student's t with cluster-robust standard errors.
    ClusterT,
    /// Two order statistics around a quantile.
    OrderStatistics,
    /// Newcombe's hybrid score interval, paired or not.
    Newcombe,
    /// Tango's score interval for paired rates.
    Tango,
    /// Percentiles of a bootstrap of independent values.
    Bootstrap,
    /// Percentiles of a bootstrap of whole clusters.
    ClusterBootstrap,
    /// Fieller's interval for a ratio of means.
    Fieller,
    /// A confidence sequence by betting, valid at every time at once.
    Betting,
    /// An interval by betting with a universal portfolio, valid in whatever order values stand.
    Portfolio,
}

impl Method {
    /// The name printed beside an estimate.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Wilson => "wilson",
            Self::ClopperPearson => "clopper_pearson",
            Self::StudentT => "student_t",
            Self::ClusterT => "cluster_t",
            Self::OrderStatistics => "order_statistics",
            Self::Newcombe => "newcombe",
            Self::Tango => "tango",
            Self::Bootstrap => "bootstrap_percentile",
            Self::ClusterBootstrap => "cluster_bootstrap_percentile",
            Self::Fieller => "fieller",
            Self::Betting => "betting",
            Self::Portfolio => "betting_portfolio",
        }
    }
}

/// A two-sided confidence interval.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Interval {
    /// Lower end, in the unit of the estimate.
    pub low: f64,
    /// Upper end, in the unit of the estimate.
    pub high: f64,
    /// Number of independent units: trials, values, pairs, or clusters.
    pub n: u64,
    /// How it was computed.
    pub method: Method,
}

/// An estimate with its interval.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Estimate {
    /// The point estimate.
    pub value: f64,
    /// Its interval.
    pub interval: Interval,
}

/// Why there is no interval.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum NoInterval {
    /// There is nothing to estimate from.
    NoValues,
    /// One value says nothing of how values vary.
    OneValue,
    /// All values (or clusters) are the same, so that a standard error of 0 would claim certainty. For
    /// scores with known bounds, [`crate::proportion`] and [`crate::tango`] have intervals in this case.
    NoVariation,
    /// A value is NaN or infinite.
    NotFinite,
    /// Fewer clusters than [`crate::cluster::FEWEST`]: inconclusive, whatever the values.
    TooFewClusters {
        /// How many there are.
        clusters: u64,
    },
    /// Too few values for any interval of this confidence by this method.
    TooFewValues {
        /// How many there are.
        values: u64,
    },
    /// The denominator of a ratio cannot be told from 0, so that the ratio has no finite interval.
    Unbounded,
}

impl std::fmt::Display for NoInterval {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::NoValues => f.write_str("no values"),
            Self::OneValue => f.write_str("one value only"),
            Self::NoVariation => f.write_str("all values are the same"),
            Self::NotFinite => f.write_str("a value is not finite"),
            Self::TooFewClusters { clusters } => {
                write!(f, "{clusters} clusters, fewer than {FEWEST_CLUSTERS}")
            }
            Self::TooFewValues { values } => write!(f, "{values} values are too few"),
            Self::Unbounded => f.write_str("the denominator cannot be told from 0"),
        }
    }
}

impl std::error::Error for NoInterval {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_level_is_a_share_strictly_between_0_and_1() {
        for level in [0.0, 1.0, 95.0, -0.5, f64::NAN] {
            assert_eq!(Confidence::new(level), None, "{level}");
        }
        let one_sided = Confidence::one_sided(0.05).unwrap();
        assert!((one_sided.level() - 0.9).abs() < 1e-15 && (one_sided.tail() - 0.05).abs() < 1e-15);
        assert_eq!(Confidence::one_sided(0.5), None);
    }
}
