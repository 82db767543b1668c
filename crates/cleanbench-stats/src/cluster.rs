//! Values that hang together in clusters, such as the samples of one customer.
//!
//! Method: the cluster-robust standard error of a mean (E. Miller, "Adding Error Bars to Evals", 2024,
//! appendix A) with the factor C / (C - 1), and t with C - 1 degrees of freedom for C clusters:
//! SE² = C / (C - 1) · Σ over clusters of (Σ (x - mean))² / n².
//!
//! Invariant: clusters keep the order in which they first appear, so sums have a fixed order; in
//! [`Units::in_no_order`] it follows from their values alone, so that nothing that is computed knows another.
//!
//! It refuses fewer than [`FEWEST`] clusters: that is inconclusive, not a wide interval.

use crate::elementary::real;
use crate::interval::{Confidence, Estimate, FEWEST_CLUSTERS, Method, NoInterval};
use crate::mean::{Mean, bears_skewness, shift};
use crate::sum::{Sum, sum};
use std::cmp::Ordering;
use std::collections::BTreeMap;

/// With fewer clusters there is no interval and no test.
pub const FEWEST: u64 = FEWEST_CLUSTERS;

/// The units that are drawn, flipped or counted as one: clusters, or single values.
#[derive(Debug, Clone, PartialEq)]
pub struct Units {
    sums: Vec<f64>,
    sizes: Vec<f64>,
    values: Vec<Vec<f64>>,
    clustered: bool,
}

impl Units {
    /// Each value on its own.
    pub fn single(values: &[f64]) -> Self {
        Self {
            sums: values.to_vec(),
            sizes: vec![1.0; values.len()],
            values: values.iter().map(|&value| vec![value]).collect(),
            clustered: false,
        }
    }

    /// Values grouped by their cluster's name, of which there is one for each value; `None` when there
    /// are more or fewer names than values.
    pub fn clustered<Name: Ord>(values: &[f64], names: &[Name]) -> Option<Self> {
        if values.len() != names.len() {
            return None;
        }
        let mut places = BTreeMap::new();
        let mut grouped: Vec<Vec<f64>> = Vec::new();
        for (name, &value) in names.iter().zip(values) {
            let place = *places.entry(name).or_insert(grouped.len());
            if place == grouped.len() {
                grouped.push(Vec::new());
            }
            grouped[place].push(value);
        }
        Some(Self::of_clusters(grouped))
    }

    /// The same units in an order that follows from their values: whoever permutes what they came from has the same
    /// sums, and the same flips of signs, to the last bit.
    #[must_use]
    pub fn in_no_order(self) -> Self {
        if !self.clustered {
            let mut values = self.sums;
            values.sort_unstable_by(f64::total_cmp);
            return Self::single(&values);
        }
        let mut values = self.values;
        for unit in &mut values {
            unit.sort_unstable_by(f64::total_cmp);
        }
        values.sort_unstable_by(|one, other| compare(one, other));
        Self::of_clusters(values)
    }

    fn of_clusters(values: Vec<Vec<f64>>) -> Self {
        Self {
            sums: values
                .iter()
                .map(|values| sum(values.iter().copied()))
                .collect(),
            sizes: values.iter().map(|values| count(values)).collect(),
            values,
            clustered: true,
        }
    }

    /// Number of units.
    pub fn len(&self) -> usize {
        self.sums.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.sums.is_empty()
    }

    /// Whether units are clusters.
    pub const fn are_clusters(&self) -> bool {
        self.clustered
    }

    /// Whether all values lie from `low` to `high`.
    pub(crate) fn are_within(&self, low: f64, high: f64) -> bool {
        let mut values = self.values.iter().flatten();
        values.all(|value| (low..=high).contains(value))
    }

    /// The sum of each unit's values.
    pub(crate) fn sums(&self) -> &[f64] {
        &self.sums
    }

    /// The number of each unit's values.
    pub(crate) fn sizes(&self) -> &[f64] {
        &self.sizes
    }

    /// The mean over all values.
    ///
    /// # Errors
    /// Without values, or when one is not finite; for clusters, when there are fewer than [`FEWEST`].
    pub fn mean(&self) -> Result<f64, NoInterval> {
        if self.is_empty() {
            return Err(NoInterval::NoValues);
        }
        if !self.sums.iter().all(|sum| sum.is_finite()) {
            return Err(NoInterval::NotFinite);
        }
        let clusters = u64::try_from(self.len()).unwrap_or(u64::MAX);
        if self.clustered && clusters < FEWEST {
            return Err(NoInterval::TooFewClusters { clusters });
        }
        Ok(sum(self.sums.iter().copied()) / sum(self.sizes.iter().copied()))
    }

    /// The mean over all values with a standard error that respects the clusters.
    ///
    /// # Errors
    /// As [`Units::mean`], and when there is one unit only or nothing varies between units.
    pub fn robust_mean(&self) -> Result<Mean, NoInterval> {
        let centre = self.mean()?;
        if self.len() == 1 {
            return Err(NoInterval::OneValue);
        }
        let mut squares = Sum::new();
        for values in &self.values {
            let gap = sum(values.iter().map(|value| value - centre));
            squares.add(gap * gap);
        }
        let units = u64::try_from(self.len()).unwrap_or(u64::MAX);
        let factor = real(units) / real(units - 1);
        let error = (factor * squares.value()).sqrt() / sum(self.sizes.iter().copied());
        let method = if self.clustered {
            Method::ClusterT
        } else {
            Method::StudentT
        };
        Mean::checked(centre, error, units, method)
    }

    /// Whether one-sided t tests of [`Units::robust_mean`] keep an error rate of at most 1.3 `alpha`.
    ///
    /// Single values: as [`crate::mean::is_in_domain`]. Clusters: there must be as many as would weigh like 20
    /// of equal size ([`Units::effective`]), and enough for the skewness of what they add to the mean. Where
    /// it does not hold, take [`crate::resample::sign_flip`], or say so.
    pub fn is_in_domain(&self, alpha: f64) -> bool {
        let Ok(centre) = self.mean() else {
            return false;
        };
        let pairs = self.sums.iter().zip(&self.sizes);
        let gaps: Vec<f64> = pairs.map(|(sum, size)| sum - size * centre).collect();
        if self.clustered {
            self.effective() >= 20.0 && bears_skewness(&gaps, alpha)
        } else {
            crate::mean::is_in_domain(&gaps, alpha)
        }
    }

    /// Whether the one-sided t test of [`Units::robust_mean`] that the true mean is below a bound keeps an error rate of
    /// at most 1.3 `alpha`, where nothing bounds the values from above.
    ///
    /// There must be as many units as would weigh like 100 of equal size, so that what is rare has been seen, and the
    /// first term of the Edgeworth expansion must be at most all that is allowed, 0.3 `alpha`. Only skewness to the right
    /// speaks against it: to the left it makes the test more cautious.
    pub fn bears_an_upper_bound(&self, alpha: f64) -> bool {
        let Ok(centre) = self.mean() else {
            return false;
        };
        let pairs = self.sums.iter().zip(&self.sizes);
        let gaps: Vec<f64> = pairs.map(|(sum, size)| sum - size * centre).collect();
        self.effective() >= 100.0 && shift(&gaps, alpha).is_some_and(|shift| shift <= 0.3 * alpha)
    }

    /// As many clusters of equal size as would weigh alike: (Σ sizes)² / Σ sizes².
    pub fn effective(&self) -> f64 {
        let total = sum(self.sizes.iter().copied());
        let squares = sum(self.sizes.iter().map(|size| size * size));
        total * total / squares.max(f64::MIN_POSITIVE)
    }
}

/// The mean of `values` with its cluster-robust interval; `names` has one name a value.
///
/// # Errors
/// As [`Units::robust_mean`]; [`NoInterval::NoValues`] too when names and values differ in number.
pub fn cluster_t<Name: Ord>(
    values: &[f64],
    names: &[Name],
    confidence: Confidence,
) -> Result<Estimate, NoInterval> {
    let units = Units::clustered(values, names).ok_or(NoInterval::NoValues)?;
    Ok(units.robust_mean()?.estimate(confidence))
}

/// By how much clusters of `size` samples with intraclass correlation `correlation` multiply the number
/// of samples that is needed: 1 + (size - 1) · correlation, and at least 1 (L. Kish, 1965).
pub fn design_effect(size: f64, correlation: f64) -> f64 {
    (1.0 + (size - 1.0) * correlation).max(1.0)
}

/// By the first value that differs, else by their number.
fn compare(one: &[f64], other: &[f64]) -> Ordering {
    let pairs = one.iter().zip(other);
    let mut unlike = pairs
        .map(|(one, other)| one.total_cmp(other))
        .filter(|order| order.is_ne());
    unlike.next().unwrap_or(one.len().cmp(&other.len()))
}

fn count(values: &[f64]) -> f64 {
    real(u64::try_from(values.len()).unwrap_or(u64::MAX))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::random::Random;
    use crate::resample::sign_flip;

    /// The same pairs of value and name in another order, by three methods that add up or draw in the order given.
    #[test]
    fn what_is_in_no_order_knows_none() {
        let mut random = Random::new(3);
        let mut rows: Vec<_> = (0..60).map(|at| (random.unit() - 0.4, at % 17)).collect();
        let found = |rows: &[(f64, u64)]| {
            let (values, names): (Vec<_>, Vec<_>) = rows.iter().copied().unzip();
            [
                Units::single(&values),
                Units::clustered(&values, &names).unwrap(),
            ]
            .map(|units| {
                let units = units.in_no_order();
                let flips = sign_flip(&units, 0, 500).unwrap();
                (
                    units.robust_mean().unwrap(),
                    flips,
                    units.is_in_domain(0.05),
                )
            })
        };
        let first = found(&rows);
        for _ in 0..50 {
            random.shuffle(&mut rows);
            assert_eq!(found(&rows), first);
        }
    }
}
