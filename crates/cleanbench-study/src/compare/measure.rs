//! The difference between two lists of paired scores: estimate, interval, test, and what could have
//! been seen.
//!
//! Methods, all in `cleanbench-stats`: scores of 0 and 1 of independent samples get Tango's interval and
//! the exact test of `McNemar`. Anything else gets Student's t on the differences, cluster-robust where samples
//! hang together, with the sign-flip permutation test beside it; where t cannot be trusted, interval and test are by
//! betting in no order. By earlier rules the interval was always t's, and the sign-flip test stood in for t's.
//!
//! Invariant: an estimate without an interval says why. Fewer than ten clusters give no test. An interval excludes 0
//! just where its test finds a difference: Tango's and `McNemar`'s disagree near the boundary, where an interval whose test
//! finds nothing is widened to 0, and at levels of many tests, where p is the larger of both.

use cleanbench_items::{Average, Range, Rules};
use cleanbench_stats::bounded::BoundedMean;
use cleanbench_stats::cluster::{self, Units};
use cleanbench_stats::mean::Mean;
use cleanbench_stats::resample::sign_flip;
use cleanbench_stats::{Confidence, NoInterval, exact, power, tango};
use serde::Serialize;

use super::rates::{ALPHA, Rates};

/// The power at which the smallest detectable effect is told.
pub const POWER: f64 = 0.8;
/// Random flips of signs of a permutation test.
const FLIPS: u64 = 10_000;
/// Flips times differences that are worth their time; with more differences there are fewer flips.
const MOST_WORK: u64 = 20_000_000;
/// From this many clusters on Student's t was trusted by earlier rules (harnesses advise a bootstrap or permutation
/// below).
const CLUSTERS_FOR_T: usize = 30;
/// Down to this p the exact p of `McNemar` is never below that of the score test, which goes with Tango's interval: of
/// up to 1,200 discordant pairs the first that is has .00049 against .00053, twelve to none.
const EXACT_IS_LARGER: f64 = 0.001;
/// With fewer flips a test is not worth printing.
const FEWEST_FLIPS: u64 = 2_000;

/// The scores of the pairs of one task or slice, and the clusters that they hang together in.
#[derive(Debug, Clone, Default)]
pub(crate) struct PairedScores<'a> {
    pub(crate) base: Vec<f64>,
    pub(crate) candidate: Vec<f64>,
    /// One for each pair; empty where samples are independent.
    pub(crate) clusters: Vec<Cluster<'a>>,
}

/// What a pair hangs together in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Cluster<'a> {
    /// With all others of this name.
    Named(&'a str),
    /// With nothing: the pair at this place.
    OfOne(usize),
}

/// A mean score.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Level {
    /// The mean over the pairs, 0 to 1.
    pub score: f64,
    /// Lower end of its 95 % interval.
    pub low: Option<f64>,
    /// Upper end.
    pub high: Option<f64>,
    /// Method of the interval, or why there is none.
    pub method: String,
}

/// Scores of 0 and 1 by who was right.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Table {
    /// Pairs that both solved.
    pub both_right: u64,
    /// Pairs that the baseline alone solved (b).
    pub base_only: u64,
    /// Pairs that the candidate alone solved (c).
    pub candidate_only: u64,
    /// Pairs that neither solved.
    pub both_wrong: u64,
}

/// The difference of two models on the same samples, candidate minus baseline.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Measure {
    /// Number of pairs.
    pub n: u64,
    /// Number of clusters, where samples hang together.
    pub clusters: Option<u64>,
    /// The baseline on these pairs.
    pub base: Level,
    /// The candidate on these pairs.
    pub candidate: Level,
    /// Mean difference, candidate minus baseline, -1 to 1.
    pub delta: f64,
    /// Lower end of its interval.
    pub low: Option<f64>,
    /// Upper end.
    pub high: Option<f64>,
    /// Method of the interval, or why there is none.
    pub method: String,
    /// The test that `p` is from.
    pub test: Option<&'static str>,
    /// Two-sided p-value of no difference; `None` where nothing can be concluded.
    pub p: Option<f64>,
    /// Mid-p by `McNemar`, for scores of 0 and 1.
    pub mid_p: Option<f64>,
    /// P-value by Student's t.
    pub t_p: Option<f64>,
    /// P-value by flipping signs.
    pub sign_flip_p: Option<f64>,
    /// For scores of 0 and 1: who was right.
    pub table: Option<Table>,
    /// Pairs on which the candidate scored higher.
    pub better: u64,
    /// Pairs on which it scored lower.
    pub worse: u64,
    /// Pairs with equal scores.
    pub equal: u64,
    /// The smallest difference that the test finds with a power of .8, on as many pairs of which as many flip
    /// by chance as did here, at the level of the interval; `None` where none can be found, or that is not known.
    pub smallest_detectable: Option<f64>,
}

impl PairedScores<'_> {
    /// The difference, and everything that is told beside it; `None` without pairs.
    pub(crate) fn measure(&self, rates: Rates) -> Option<Measure> {
        let differences = differences(&self.candidate, &self.base);
        let delta = rates.rules.mean(differences.iter().copied())?;
        let counts = Counts::of(&differences);
        let mut measure = Measure {
            n: count(differences.len()),
            clusters: None,
            base: self.level(&self.base, rates.rules),
            candidate: self.level(&self.candidate, rates.rules),
            delta,
            low: None,
            high: None,
            method: String::new(),
            test: None,
            p: None,
            mid_p: None,
            t_p: None,
            sign_flip_p: None,
            table: None,
            better: counts.better,
            worse: counts.worse,
            equal: counts.equal,
            smallest_detectable: None,
        };
        if self.are_rates() {
            measure.compare_rates(self.table(), rates);
        } else {
            let units = self.units(&differences, rates.rules);
            measure.compare_means(&units, &differences, rates);
        }
        if rates.rules == Rules::Now {
            measure.agree_with_test(rates.alpha);
        }
        Some(measure)
    }

    /// Whether all samples are independent and right or wrong.
    fn are_rates(&self) -> bool {
        self.clusters.is_empty() && is_binary(&self.base) && is_binary(&self.candidate)
    }

    fn units(&self, values: &[f64], rules: Rules) -> Units {
        let units = if self.clusters.is_empty() {
            None
        } else {
            Units::clustered(values, &self.clusters)
        };
        let units = units.unwrap_or_else(|| Units::single(values));
        match rules {
            Rules::Now => units.in_no_order(),
            Rules::Earlier => units,
        }
    }

    /// The mean of one side with its interval.
    fn level(&self, values: &[f64], rules: Rules) -> Level {
        let score = rules.mean(values.iter().copied()).unwrap_or_default();
        if self.clusters.is_empty() && is_binary(values) {
            let (right, n) = (values.iter().sum(), count(values.len()));
            let interval = cleanbench_stats::wilson(right, n, Confidence::PERCENT_95);
            return Level::of(score, interval.ok_or(NoInterval::NoValues));
        }
        let units = self.units(values, rules);
        if rules == Rules::Now && !is_too_small(&units) {
            let average = Average::of_units(units.clone(), Range::SCORES, ALPHA / 2.0);
            let (low, high, method) = average.map_or((0.0, 1.0, "none"), |average| {
                average.interval(Confidence::PERCENT_95)
            });
            return Level {
                score,
                low: Some(low.max(0.0)),
                high: Some(high.min(1.0)),
                method: method.to_owned(),
            };
        }
        let robust = units.robust_mean();
        let interval = robust.map(|mean| mean.estimate(Confidence::PERCENT_95).interval);
        Level::of(score, interval)
    }

    fn table(&self) -> Table {
        let number = |base: bool, candidate: bool| {
            let pairs = self.base.iter().zip(&self.candidate);
            let fits =
                |(one, other): &(&f64, &f64)| (**one > 0.5) == base && (**other > 0.5) == candidate;
            count(pairs.filter(fits).count())
        };
        Table {
            both_right: number(true, true),
            base_only: number(true, false),
            candidate_only: number(false, true),
            both_wrong: number(false, false),
        }
    }
}

impl Level {
    fn of(score: f64, interval: Result<cleanbench_stats::Interval, NoInterval>) -> Self {
        match interval {
            Ok(found) => Self {
                score,
                low: Some(found.low.max(0.0)),
                high: Some(found.high.min(1.0)),
                method: found.method.as_str().to_owned(),
            },
            Err(reason) => Self {
                score,
                low: None,
                high: None,
                method: word(reason),
            },
        }
    }
}

impl Measure {
    /// Right or wrong, independently: Tango and `McNemar`.
    fn compare_rates(&mut self, table: Table, rates: Rates) {
        self.table = Some(table);
        let Some(pairs) = tango::Pairs::new(self.n, table.candidate_only, table.base_only) else {
            return;
        };
        let found = tango::interval(pairs, rates.confidence()).interval;
        (self.low, self.high) = (Some(found.low), Some(found.high));
        found.method.as_str().clone_into(&mut self.method);
        self.test = Some("mcnemar_exact");
        let (first, second) = (pairs.only_first(), pairs.only_second());
        self.p = Some(exact::mcnemar_two_sided(first, second));
        self.mid_p = Some(exact::mcnemar_mid_p_two_sided(first, second));
        self.smallest_detectable = smallest_of_rates(pairs, rates.alpha);
        let score = tango::differs(pairs);
        let may_be_smaller = rates.rules == Rules::Now && rates.strictest < EXACT_IS_LARGER;
        if may_be_smaller && self.p.is_some_and(|exact| exact < score) {
            (self.test, self.p) = (Some("tango_score"), Some(score));
        }
    }

    /// Widens an interval to 0 where its test finds nothing at `alpha`.
    fn agree_with_test(&mut self, alpha: f64) {
        let (Some(low), Some(high), Some(p)) = (self.low, self.high, self.p) else {
            return;
        };
        if p > alpha && !(low..=high).contains(&0.0) {
            (self.low, self.high) = (Some(low.min(0.0)), Some(high.max(0.0)));
            self.method.push_str("_widened_to_test");
        }
    }

    /// Any other scores: Student's t and flips of signs.
    fn compare_means(&mut self, units: &Units, differences: &[f64], rates: Rates) {
        let rules = rates.rules;
        self.clusters = units.are_clusters().then(|| count(units.len()));
        if rules == Rules::Now
            && !is_too_small(units)
            && let Some(Average::Bounded(mean)) =
                Average::of_units(units.clone(), Range::DIFFERENCES, rates.each_end())
        {
            return self.take_bounded(&mean, rates);
        }
        match units.robust_mean() {
            Ok(mean) => self.take_mean(&mean, rates),
            Err(reason) => self.method = word(reason),
        }
        let moving = differences.iter().filter(|value| value.abs() > 0.0).count();
        let flips = FLIPS.min(MOST_WORK / count(moving).max(1));
        if flips >= FEWEST_FLIPS {
            let found = sign_flip(units, 0, flips);
            self.sign_flip_p = found.ok().map(|found| found.two_sided);
        }
        let t_holds = if rules == Rules::Now {
            true
        } else if units.are_clusters() {
            units.len() >= CLUSTERS_FOR_T
        } else {
            cleanbench_stats::mean::is_in_domain(differences, ALPHA / 2.0)
        };
        (self.test, self.p) = match (self.t_p, self.sign_flip_p) {
            (Some(p), flipped) if t_holds || flipped.is_none() => (Some("student_t"), Some(p)),
            (_, Some(p)) => (Some("sign_flip"), Some(p)),
            _ => (None, None),
        };
    }

    /// What Student's t cannot be trusted with.
    fn take_bounded(&mut self, mean: &BoundedMean, rates: Rates) {
        let found = mean.interval(rates.confidence());
        (self.low, self.high) = (Some(found.low), Some(found.high));
        found.method.as_str().clone_into(&mut self.method);
        let one_sided = mean.exceeds(0.0).min(mean.is_below(0.0));
        self.test = Some(found.method.as_str());
        self.p = Some((2.0 * one_sided).min(1.0));
    }

    fn take_mean(&mut self, mean: &Mean, rates: Rates) {
        let found = mean.estimate(rates.confidence()).interval;
        (self.low, self.high) = (Some(found.low.max(-1.0)), Some(found.high.min(1.0)));
        found.method.as_str().clone_into(&mut self.method);
        self.t_p = Some(mean.differs_from(0.0));
        self.smallest_detectable = smallest_of_mean(mean, rates.alpha);
    }
}

/// Pairs by which side scored higher.
struct Counts {
    better: u64,
    worse: u64,
    equal: u64,
}

impl Counts {
    fn of(differences: &[f64]) -> Self {
        let number =
            |fits: fn(f64) -> bool| count(differences.iter().filter(|value| fits(**value)).count());
        Self {
            better: number(|value| value > 0.0),
            worse: number(|value| value < 0.0),
            equal: number(|value| value.abs() <= 0.0),
        }
    }
}

fn differences(first: &[f64], second: &[f64]) -> Vec<f64> {
    let pairs = first.iter().zip(second);
    pairs.map(|(one, other)| one - other).collect()
}

pub(crate) fn is_binary(values: &[f64]) -> bool {
    let whole = |value: &f64| value.abs() <= 0.0 || (value - 1.0).abs() <= 0.0;
    values.iter().all(whole)
}

/// Whether there are too few clusters for any interval.
fn is_too_small(units: &Units) -> bool {
    units.are_clusters() && count(units.len()) < cluster::FEWEST
}

/// Why there is no interval, as a word for tables.
fn word(reason: NoInterval) -> String {
    match reason {
        NoInterval::NoValues => "no_values".to_owned(),
        NoInterval::OneValue => "one_value".to_owned(),
        NoInterval::NoVariation => "no_variation".to_owned(),
        NoInterval::TooFewClusters { .. } => "too_few_clusters".to_owned(),
        other => other.to_string(),
    }
}

/// The smallest gain that the exact test of `McNemar` finds, where as many pairs as were seen to differ do so by chance.
fn smallest_of_rates(pairs: tango::Pairs, alpha: f64) -> Option<f64> {
    let chance = ratio(pairs.discordant(), pairs.n()) / 2.0;
    power::smallest_paired(pairs.n(), chance, alpha / 2.0, POWER)
}

/// The smallest mean difference that a t test finds on units that vary as much.
fn smallest_of_mean(mean: &Mean, alpha: f64) -> Option<f64> {
    let effect = power::smallest_mean_above(mean.n, alpha / 2.0, POWER)?;
    let smallest = effect * mean.error * ratio(mean.n, 1).sqrt();
    (smallest <= 1.0).then_some(smallest)
}

fn count(number: usize) -> u64 {
    u64::try_from(number).unwrap_or(u64::MAX)
}

#[expect(clippy::cast_precision_loss, reason = "no run has 2^53 samples")]
fn ratio(part: u64, whole: u64) -> f64 {
    part as f64 / whole as f64
}
