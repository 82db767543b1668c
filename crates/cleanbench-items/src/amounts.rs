//! Bounds of amounts that have no upper limit of their own: dollars for each solved sample, and times.
//!
//! Methods: Fieller's interval for the ratio of two sums over the same samples, each end of it as far as Student's t can
//! be trusted to bound costs minus that end times scores; two order statistics for a percentile.
//!
//! Invariant: what is missing solved nothing, and took for ever or no time.
//!
//! It refuses an end of Fieller's interval where the samples are too few for how skewed their costs are: a few dear calls
//! more would move it. That end is left open, and decides nothing. What no sample shows it cannot know: of a call that is
//! a hundred times as dear and comes once in two hundred, a suite must have seen a few.

use std::cmp::Ordering;

use cleanbench_core::gate::FEWEST_UNITS;
use cleanbench_stats::cluster::Units;
use cleanbench_stats::percentile::{positions, quantile_of};
use cleanbench_stats::ratio::{fieller, least_without_events};
use cleanbench_stats::{Confidence, Method, NoInterval, sum};

use crate::bounds::{Bounds, named};
use crate::rules::Rules;

/// What a sample cost, and how far it was solved.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Outlay {
    /// Dollars.
    pub cost: f64,
    /// Its score, 0 to 1.
    pub solved: f64,
}

impl Outlay {
    fn compare(&self, other: &Self) -> Ordering {
        let by_cost = self.cost.total_cmp(&other.cost);
        by_cost.then(self.solved.total_cmp(&other.solved))
    }
}

/// What samples cost, by the clusters that they hang together in.
#[derive(Debug, Clone)]
pub struct Spending {
    units: Vec<Vec<Outlay>>,
    are_clusters: bool,
    rules: Rules,
}

impl Spending {
    /// What samples cost, each in the cluster that `clusters` says; none does where samples are independent. `None`
    /// unless there are as many of both.
    pub fn new(samples: &[Outlay], clusters: &[u32], rules: Rules) -> Option<Self> {
        let mut units: Vec<Vec<Outlay>> = if clusters.is_empty() {
            samples.iter().map(|sample| vec![*sample]).collect()
        } else {
            grouped(samples, clusters)?
        };
        if rules == Rules::Now {
            for unit in &mut units {
                unit.sort_unstable_by(Outlay::compare);
            }
            units.sort_unstable_by(|one, other| compare(one, other));
        }
        Some(Self {
            units,
            are_clusters: !clusters.is_empty(),
            rules,
        })
    }

    /// Bounds of the dollars that a solved sample costs, each wrong with a chance of at most `alpha`.
    ///
    /// # Errors
    /// Why there are none, a lowercase fragment.
    pub fn per_solved(&self, alpha: f64) -> Result<Bounds, String> {
        let confidence = Confidence::one_sided(alpha).ok_or("`alpha` is no error rate")?;
        let samples = || self.units.iter().flatten();
        if samples().all(|sample| sample.solved <= 0.0) {
            let all = samples().count() as u64;
            let least = least_without_events(sum(samples().map(|sample| sample.cost)), all, alpha);
            return Ok(Bounds {
                estimate: None,
                low: least.ok_or("there is no answer to judge")?,
                high: f64::INFINITY,
                method: "nothing_solved".to_owned(),
            });
        }
        if (self.units.len() as u64) < FEWEST_UNITS {
            let found = self.units.len();
            return Err(format!(
                "{found} independent samples are too few, at least {FEWEST_UNITS} are needed"
            ));
        }
        let (costs, solved) = (self.of(|one| one.cost), self.of(|one| one.solved));
        let found = fieller(&costs, &solved, confidence).map_err(|error| error.to_string())?;
        let interval = found.interval;
        let is_trusted =
            |units: &Units| self.rules == Rules::Earlier || units.bears_an_upper_bound(alpha);
        let is_high_open = !is_trusted(&self.of(|one| one.cost - interval.high * one.solved));
        let is_low_open = !is_trusted(&self.of(|one| interval.low * one.solved - one.cost));
        if is_low_open && is_high_open {
            return Err(format!(
                "{} samples are too few for how skewed their costs and scores are",
                interval.n
            ));
        }
        Ok(Bounds {
            estimate: Some(found.value),
            low: if is_low_open {
                0.0
            } else {
                interval.low.max(0.0)
            },
            high: if is_high_open {
                f64::INFINITY
            } else {
                interval.high
            },
            method: ended(interval.method.as_str(), is_low_open || is_high_open),
        })
    }

    fn of(&self, value: impl Fn(&Outlay) -> f64) -> Units {
        let values: Vec<_> = self.units.iter().flatten().map(value).collect();
        if !self.are_clusters {
            return Units::single(&values);
        }
        let names = self.units.iter().enumerate();
        let names: Vec<_> = names
            .flat_map(|(name, unit)| vec![name; unit.len()])
            .collect();
        Units::clustered(&values, &names).unwrap_or_else(|| Units::single(&values))
    }
}

fn ended(method: &str, is_open: bool) -> String {
    if is_open {
        format!("{method}, one end left open: too few samples for how skewed costs are")
    } else {
        method.to_owned()
    }
}

/// The samples of each cluster, clusters in the order in which they appear.
fn grouped(samples: &[Outlay], clusters: &[u32]) -> Option<Vec<Vec<Outlay>>> {
    if samples.len() != clusters.len() {
        return None;
    }
    let mut places = std::collections::BTreeMap::new();
    let mut units: Vec<Vec<Outlay>> = Vec::new();
    for (sample, cluster) in samples.iter().zip(clusters) {
        let place = *places.entry(cluster).or_insert(units.len());
        if place == units.len() {
            units.push(Vec::new());
        }
        units[place].push(*sample);
    }
    Some(units)
}

/// By the first sample that differs, else by their number.
fn compare(one: &[Outlay], other: &[Outlay]) -> Ordering {
    let pairs = one.iter().zip(other);
    let mut unlike = pairs
        .map(|(one, other)| one.compare(other))
        .filter(|order| order.is_ne());
    unlike.next().unwrap_or(one.len().cmp(&other.len()))
}

/// Bounds of the `quantile` of times, each wrong with a chance of at most `alpha`, where `unanswered` calls more took
/// for ever, or no time.
///
/// # Errors
/// Why there are none, a lowercase fragment.
pub fn quantile(
    mut times: Vec<f64>,
    unanswered: u64,
    quantile: f64,
    alpha: f64,
) -> Result<Bounds, String> {
    times.sort_by(f64::total_cmp);
    let confidence = Confidence::one_sided(alpha).ok_or("`alpha` is no error rate")?;
    let all = times.len() as u64 + unanswered;
    let too_few = NoInterval::TooFewValues { values: all };
    let (low, high) = positions(all, quantile, confidence).ok_or_else(|| too_few.to_string())?;
    let at = |position: u64| times.get(usize::try_from(position).ok()?).copied();
    Ok(Bounds {
        estimate: quantile_of(&times, quantile),
        low: low.checked_sub(unanswered).and_then(at).unwrap_or_default(),
        high: at(high).unwrap_or(f64::INFINITY),
        method: named(
            Method::OrderStatistics.as_str(),
            usize::try_from(unanswered).unwrap_or(usize::MAX),
        ),
    })
}
