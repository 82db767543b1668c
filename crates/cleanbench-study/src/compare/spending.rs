//! What both sides used up on the same samples: money for each solved sample, time and tokens.
//!
//! Method: the difference of two ratios, quantiles or means over the pairs, with percentiles of a bootstrap that draws
//! pairs (or the clusters that they hang together in) whole, in the order of their identities and from one seed. Each
//! interval is at 95 % on its own: what was used up is told, and nothing is concluded from it.
//!
//! Invariant: unknown is not 0. Where a price, a number of tokens or a time is absent on either side, the amount is not
//! known, and why stands in its place. Fewer than ten pairs or clusters give no interval (72 for a 95th percentile), and
//! what varies nowhere has none, either.

use std::collections::{BTreeMap, BTreeSet, HashSet};

use cleanbench_core::{Reducer, Usd};
use cleanbench_items::{Both, Item, Rules, Side, Spent};
use cleanbench_stats::percentile::quantile_of;
use cleanbench_stats::resample::drawn;
use cleanbench_stats::{Confidence, Method, sum};
use serde::Serialize;

use super::ItemPair;

/// With fewer pairs or clusters there is no interval.
const FEWEST: usize = 10;
/// The same for a 95th percentile, which a sample must have a chance to be beyond: .95^72 is below .025.
const FEWEST_FOR_P95: usize = 72;
/// Resamples where there are few pairs, and where there are many.
const MOST_RESAMPLES: usize = 2_000;
const FEWEST_RESAMPLES: usize = 200;
/// Draws that are worth their time.
const MOST_DRAWS: usize = 40_000_000;
/// Picodollars of a dollar.
const PICO: f64 = 1e12;

/// What is used up.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum What {
    /// Dollars for each solved sample.
    CostPerSolved,
    /// Median of the milliseconds of answered calls.
    LatencyP50,
    /// Their 95th percentile.
    LatencyP95,
    /// Tokens of the prompt of an answered call.
    PromptTokens,
    /// Generated tokens of one.
    CompletionTokens,
}

impl What {
    /// The word used in files.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::CostPerSolved => "cost_per_solved",
            Self::LatencyP50 => "latency_p50",
            Self::LatencyP95 => "latency_p95",
            Self::PromptTokens => "prompt_tokens",
            Self::CompletionTokens => "completion_tokens",
        }
    }

    /// The name for people, with its unit.
    pub fn in_words(self) -> &'static str {
        match self {
            Self::CostPerSolved => "cost per solved, $",
            Self::LatencyP50 => "latency p50, ms",
            Self::LatencyP95 => "latency p95, ms",
            Self::PromptTokens => "prompt tokens",
            Self::CompletionTokens => "answer tokens",
        }
    }
}

/// What both sides used up of something.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Amount {
    /// Of what.
    pub what: What,
    /// Pairs that it is over.
    pub n: u64,
    /// The baseline's; `None` where it is not known.
    pub base: Option<f64>,
    /// The candidate's.
    pub candidate: Option<f64>,
    /// The candidate's less the baseline's.
    pub difference: Option<f64>,
    /// Lower end of the interval of the difference, at 95 %.
    pub low: Option<f64>,
    /// Upper end.
    pub high: Option<f64>,
    /// Method of the interval, or why there is none, or why nothing is known.
    pub method: String,
}

/// The pairs of a task, what each side used up on them, and which are drawn together.
struct Spending<'a> {
    pairs: Vec<Both<Used<'a>>>,
    /// For each pair the unit that it is drawn with.
    units: Vec<usize>,
    count: usize,
}

/// A sample and what it used up.
#[derive(Clone, Copy)]
struct Used<'a> {
    item: &'a Item,
    spent: Option<&'a Spent>,
}

/// What was used up on the pairs of the tasks at `at`; nothing where the calls of a side were not read.
pub(super) fn of_task(
    sides: Both<Side<'_>>,
    at: Both<usize>,
    pairs: &[ItemPair<'_>],
    reducer: Reducer,
) -> Vec<Amount> {
    if sides.any(|side| side.table.calls().is_none()) || pairs.is_empty() {
        return Vec::new();
    }
    let spending = Spending::new(sides, at, pairs);
    vec![
        spending.cost_per_solved(reducer),
        spending.latency(What::LatencyP50, 0.5),
        spending.latency(What::LatencyP95, 0.95),
        spending.tokens(What::PromptTokens, |spent| spent.prompt),
        spending.tokens(What::CompletionTokens, |spent| spent.completion),
    ]
}

impl<'a> Spending<'a> {
    fn new(sides: Both<Side<'a>>, at: Both<usize>, pairs: &[ItemPair<'a>]) -> Self {
        let used = |side: Side<'a>, task: usize, item: &'a Item| {
            let calls = side.table.calls();
            let spent = calls.and_then(|calls| calls.spent(side.model, task, &item.identity.id));
            Used { item, spent }
        };
        let mut places: BTreeMap<&str, usize> = BTreeMap::new();
        let mut count = 0;
        let mut units = Vec::with_capacity(pairs.len());
        for pair in pairs {
            let named = pair.base.cluster.as_deref();
            let unit = named.map_or(count, |name| *places.entry(name).or_insert(count));
            count += usize::from(unit == count);
            units.push(unit);
        }
        let both = pairs.iter().map(|pair| Both {
            base: used(sides.base, at.base, pair.base),
            candidate: used(sides.candidate, at.candidate, pair.candidate),
        });
        Self {
            pairs: both.collect(),
            units,
            count,
        }
    }

    /// Why nothing can be told of either side: ids that were cut to the same cell, or what `counted` finds.
    fn unknown(&self, counted: impl Fn(&Spent) -> u32, why: &str) -> Option<String> {
        let ids: HashSet<&str> = self
            .pairs
            .iter()
            .map(|pair| &*pair.base.item.identity.id)
            .collect();
        if ids.len() < self.pairs.len() {
            return Some("not_known: ids are too long to tell samples apart".to_owned());
        }
        let side = |used: Used<'_>| used.spent.map_or(0, &counted);
        let both = self.pairs.iter();
        let number: u32 = both
            .map(|pair| side(pair.base) + side(pair.candidate))
            .sum();
        (number > 0).then(|| format!("not_known: {number} {why}"))
    }

    fn cost_per_solved(&self, reducer: Reducer) -> Amount {
        let what = What::CostPerSolved;
        let unknown = self
            .unknown(
                |spent| spent.from_cache,
                "answers are of earlier runs and cost nothing here",
            )
            .or_else(|| self.unknown(|spent| spent.unpriced, "attempts have no known cost"));
        if let Some(why) = unknown {
            return self.not_known(what, why);
        }
        let costs = self
            .pairs
            .iter()
            .map(|pair| pair.map(|used| used.cost(reducer)));
        let solved = self
            .pairs
            .iter()
            .map(|pair| pair.map(|used| used.solved(reducer)));
        let (costs, solved): (Vec<_>, Vec<_>) = (costs.collect(), solved.collect());
        if solved.iter().all(|both| both.base <= 0.0)
            || solved.iter().all(|both| both.candidate <= 0.0)
        {
            return self.not_known(what, "not_known: a side solved nothing".to_owned());
        }
        self.amount(what, |weights| {
            let total = |of: fn(&Both<f64>) -> f64, values: &[Both<f64>]| {
                sum(values
                    .iter()
                    .zip(weights)
                    .map(|(both, weight)| of(both) * weight))
            };
            Both {
                base: total(|both| both.base, &costs) / total(|both| both.base, &solved),
                candidate: total(|both| both.candidate, &costs)
                    / total(|both| both.candidate, &solved),
            }
        })
    }

    fn tokens(&self, what: What, of: fn(&Spent) -> u64) -> Amount {
        let unknown = self.unknown(|spent| spent.uncounted, "answers report no tokens");
        if let Some(why) = unknown {
            return self.not_known(what, why);
        }
        let each = |used: Used<'_>| {
            used.spent
                .filter(|spent| spent.counted > 0)
                .map(|spent| real(of(spent)) / f64::from(spent.counted))
        };
        let values: Vec<_> = self.pairs.iter().map(|pair| pair.map(each)).collect();
        let known = |both: &Both<Option<f64>>| {
            Some(Both {
                base: both.base?,
                candidate: both.candidate?,
            })
        };
        let values: Vec<_> = values.iter().map(known).collect();
        if values.iter().all(Option::is_none) {
            let why = "not_known: no sample has an answer of this run on both sides";
            return self.not_known(what, why.to_owned());
        }
        let n = values.iter().flatten().count();
        let found = self.amount(what, |weights| {
            let weighed = |of: fn(&Both<f64>) -> f64| {
                let pairs = values.iter().zip(weights);
                let pairs = pairs.filter_map(|(both, weight)| Some((both.as_ref()?, *weight)));
                let (above, below): (Vec<_>, Vec<_>) = pairs
                    .map(|(both, weight)| (of(both) * weight, weight))
                    .unzip();
                sum(above) / sum(below)
            };
            Both {
                base: weighed(|both| both.base),
                candidate: weighed(|both| both.candidate),
            }
        });
        Amount {
            n: n as u64,
            ..found
        }
    }

    fn latency(&self, what: What, quantile: f64) -> Amount {
        let unknown = self.unknown(
            |spent| spent.from_cache,
            "answers are of earlier runs and were not timed",
        );
        if let Some(why) = unknown {
            return self.not_known(what, why);
        }
        let times = Both {
            base: self.times(|pair| pair.base),
            candidate: self.times(|pair| pair.candidate),
        };
        if times.base.is_empty() || times.candidate.is_empty() {
            let why = "not_known: no answered call was timed".to_owned();
            return self.not_known(what, why);
        }
        let timed = Both {
            base: self.timed(&times.base),
            candidate: self.timed(&times.candidate),
        };
        let found = self.amount(what, |weights| Both {
            base: weighed_quantile(&times.base, weights, quantile),
            candidate: weighed_quantile(&times.candidate, weights, quantile),
        });
        // A side that answers a few of its calls is known by these alone.
        let fewest = timed.base.min(timed.candidate);
        if fewest >= fewest_for(what) {
            return Amount {
                n: fewest as u64,
                ..found
            };
        }
        Amount {
            n: fewest as u64,
            low: None,
            high: None,
            method: "too_few_samples".to_owned(),
            ..found
        }
    }

    /// How many units have a timed call.
    fn timed(&self, times: &[Timed]) -> usize {
        let units: BTreeSet<usize> = times.iter().map(|time| self.units[time.pair]).collect();
        units.len()
    }

    /// How long the calls of a side took, ascending, each with the place of its pair.
    fn times(&self, side: impl Fn(&Both<Used<'a>>) -> Used<'a>) -> Vec<Timed> {
        let pairs = self.pairs.iter().enumerate();
        let of_pair = |(pair, both)| {
            let spent = side(both).spent;
            let times = spent.map_or(&[][..], |spent| &spent.times);
            times.iter().map(move |milliseconds| Timed {
                milliseconds: *milliseconds,
                pair,
            })
        };
        let mut times: Vec<Timed> = pairs.flat_map(of_pair).collect();
        times.sort_by(|one, other| one.milliseconds.total_cmp(&other.milliseconds));
        times
    }

    fn not_known(&self, what: What, why: String) -> Amount {
        Amount {
            what,
            n: self.pairs.len() as u64,
            base: None,
            candidate: None,
            difference: None,
            low: None,
            high: None,
            method: why,
        }
    }

    /// What `of` finds where each pair has its weight: at first 1, and then as often as it was drawn.
    fn amount(&self, what: What, of: impl Fn(&[f64]) -> Both<f64>) -> Amount {
        let found = of(&vec![1.0; self.pairs.len()]);
        let mut amount = Amount {
            base: Some(found.base),
            candidate: Some(found.candidate),
            difference: Some(found.candidate - found.base),
            ..self.not_known(what, "too_few_samples".to_owned())
        };
        if self.count < fewest_for(what) {
            return amount;
        }
        let resamples = (MOST_DRAWS / self.pairs.len()).clamp(FEWEST_RESAMPLES, MOST_RESAMPLES);
        let differences = drawn(self.count, 0, resamples, |counts| {
            let weights: Vec<_> = self
                .units
                .iter()
                .map(|unit| f64::from(counts[*unit]))
                .collect();
            let found = of(&weights);
            found.candidate - found.base
        });
        let tail = Confidence::PERCENT_95.tail();
        let ends = quantile_of(&differences, tail).zip(quantile_of(&differences, 1.0 - tail));
        match ends.filter(|(low, high)| low.is_finite() && high.is_finite()) {
            None => "unbounded".clone_into(&mut amount.method),
            // A width of 0 would claim certainty.
            Some((low, high)) if low >= high => "no_variation".clone_into(&mut amount.method),
            Some((low, high)) => {
                (amount.low, amount.high) = (Some(low), Some(high));
                let is_clustered = self.count < self.pairs.len();
                let method = if is_clustered {
                    Method::ClusterBootstrap
                } else {
                    Method::Bootstrap
                };
                method.as_str().clone_into(&mut amount.method);
            }
        }
        amount
    }
}

/// The fewest units with which an interval is told.
fn fewest_for(what: What) -> usize {
    if what == What::LatencyP95 {
        FEWEST_FOR_P95
    } else {
        FEWEST
    }
}

/// How long a call took, and of which pair it is.
#[derive(Debug, Clone, Copy)]
struct Timed {
    milliseconds: f64,
    pair: usize,
}

/// The quantile of `times`, each as often as its pair weighs, by the same definition as elsewhere; NaN of none.
fn weighed_quantile(times: &[Timed], weights: &[f64], quantile: f64) -> f64 {
    let total: f64 = times.iter().map(|time| weights[time.pair]).sum();
    let place = (total - 1.0).max(0.0) * quantile;
    let (below, fraction) = (place.floor(), place - place.floor());
    let (mut passed, mut lower) = (0.0, f64::NAN);
    for time in times {
        passed += weights[time.pair];
        if lower.is_nan() && passed > below {
            lower = time.milliseconds;
        }
        if passed > (below + 1.0).min(total - 1.0) {
            return lower + (time.milliseconds - lower) * fraction;
        }
    }
    lower
}

impl Used<'_> {
    /// What it cost: one call where its score is the mean of several, else all of them.
    fn cost(self, reducer: Reducer) -> f64 {
        let cost = self.spent.map_or(Usd::ZERO, |spent| spent.cost);
        let calls = if reducer == Reducer::Mean {
            self.item.trials.len().max(1)
        } else {
            1
        };
        dollars(cost) / real(calls as u64)
    }

    /// How far it was solved; what has no answer solved nothing.
    fn solved(self, reducer: Reducer) -> f64 {
        self.item.span(reducer, Rules::Now).low()
    }
}

#[expect(clippy::cast_precision_loss, reason = "for statistics only")]
fn dollars(amount: Usd) -> f64 {
    amount.pico() as f64 / PICO
}

#[expect(clippy::cast_precision_loss, reason = "no call has 2^53 tokens")]
fn real(number: u64) -> f64 {
    number as f64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_quantile_with_weights_is_that_of_the_values_drawn() {
        let times: Vec<_> = [1.0, 2.0, 4.0, 8.0, 16.0]
            .iter()
            .enumerate()
            .map(|(pair, time)| Timed {
                milliseconds: *time,
                pair,
            })
            .collect();
        for weights in [
            [1, 1, 1, 1, 1],
            [0, 2, 1, 0, 2],
            [5, 0, 0, 0, 0],
            [0, 0, 0, 0, 1],
            [3, 0, 4, 1, 0],
        ] {
            let listed: Vec<f64> = times
                .iter()
                .flat_map(|time| vec![time.milliseconds; weights[time.pair]])
                .collect();
            let real: Vec<f64> = weights.iter().map(|weight| real(*weight as u64)).collect();
            for quantile in [0.0, 0.25, 0.5, 0.95, 1.0] {
                let found = weighed_quantile(&times, &real, quantile);
                let expected = quantile_of(&listed, quantile).unwrap();
                assert!(
                    (found - expected).abs() < 1e-12,
                    "{weights:?} {quantile}: {found} {expected}"
                );
            }
        }
        assert!(weighed_quantile(&times, &[0.0; 5], 0.5).is_nan());
    }
}
