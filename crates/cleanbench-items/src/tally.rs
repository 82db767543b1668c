//! Scores of samples, gathered for one estimate: a task's, or a slice's.
//!
//! Invariant: scores of right or wrong get Wilson's interval, all others what [`Average`] says, as in gates.
//! Where the values may have decided how many there are, it is one that holds whenever one stops.

use std::collections::BTreeMap;

use cleanbench_stats::cluster::{FEWEST, Units, cluster_t};
use cleanbench_stats::mean::student_t;
use cleanbench_stats::sequential::ConfidenceSequence;
use cleanbench_stats::{Confidence, Interval, NoInterval, sum, wilson};

use crate::average::{Average, Range};
use crate::rules::Rules;

/// Stands for the method where samples hang together in too few clusters for any interval.
pub const TOO_FEW_CLUSTERS: &str = "too_few_clusters";
/// Stands for the method where all clusters have the same score, by earlier rules: Wilson's interval with clusters
/// as trials.
const WILSON_OF_CLUSTERS: &str = "wilson_of_clusters";

/// Scores of samples. Takes 8 bytes for each, and 4 more where some belong to clusters or have a turn.
#[derive(Debug, Clone, Default)]
pub struct Tally {
    scores: Vec<f64>,
    /// When each was asked, where it was asked whether another one was needed.
    turns: Vec<u32>,
    /// Whether some score is neither 0 nor 1.
    partial: bool,
    clusters: Option<Clusters>,
}

/// To which cluster each score belongs.
#[derive(Debug, Clone, Default)]
struct Clusters {
    names: BTreeMap<String, u32>,
    /// The cluster of each score.
    of: Vec<u32>,
    next: u32,
}

impl Clusters {
    /// The scores so far, each on its own.
    fn single(scores: usize) -> Self {
        let next = u32::try_from(scores).unwrap_or(u32::MAX);
        Self {
            names: BTreeMap::new(),
            of: (0..next).collect(),
            next,
        }
    }

    fn push(&mut self, name: Option<&str>) {
        let known = name.and_then(|name| self.names.get(name)).copied();
        let number = known.unwrap_or(self.next);
        if known.is_none() {
            self.next = self.next.saturating_add(1);
            if let Some(name) = name {
                self.names.insert(name.to_owned(), number);
            }
        }
        self.of.push(number);
    }
}

/// What is estimated from scores.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Estimated {
    /// Number of samples.
    pub n: u64,
    /// Number of clusters, a sample without one being its own; 0 where no sample has any.
    pub clusters: u64,
    /// The mean score; `None` without samples.
    pub score: Option<f64>,
    /// Its interval at 95 %, within 0 and 1.
    pub interval: Option<Interval>,
    /// How the interval was computed, or why there is none.
    pub method: Option<&'static str>,
}

impl Tally {
    /// Room for as many scores.
    pub fn with_capacity(scores: u64) -> Self {
        Self {
            scores: Vec::with_capacity(usize::try_from(scores).unwrap_or(0)),
            ..Self::default()
        }
    }

    /// Adds the score of a sample that was asked as the one at `turn` of a task that may end early.
    /// All scores have a turn, or none has.
    pub fn add_in_turn(&mut self, score: f64, turn: u32) {
        self.turns.push(turn);
        self.add(score, None);
    }

    /// Adds the score of a sample that belongs to `cluster`.
    pub fn add(&mut self, score: f64, cluster: Option<&str>) {
        if cluster.is_some() && self.clusters.is_none() {
            self.clusters = Some(Clusters::single(self.scores.len()));
        }
        if let Some(clusters) = &mut self.clusters {
            clusters.push(cluster);
        }
        self.partial |= score > 0.0 && score < 1.0;
        self.scores.push(score);
    }

    /// The estimate. `epochs` is how many answers a score is made of.
    pub fn estimate(&self, epochs: u32, rules: Rules) -> Estimated {
        let n = self.scores.len() as u64;
        let total = self.total(rules);
        #[expect(clippy::cast_precision_loss, reason = "no suite has 2^53 samples")]
        let score = (n > 0).then(|| total / n as f64);
        let (interval, method) = match (score, &self.clusters) {
            (None, _) => (None, None),
            _ if !self.turns.is_empty() => named(self.at_any_time()),
            (Some(_), None) if epochs == 1 && !self.partial => named(proportion(total, n)),
            (Some(_), clusters) if rules == Rules::Now => self.judged(clusters.as_ref()),
            (Some(score), Some(clusters)) => self.clustered(score, clusters),
            (Some(_), None) => named(self.of_means(total, n)),
        };
        Estimated {
            n,
            clusters: self.clusters.as_ref().map_or(0, |all| u64::from(all.next)),
            score,
            interval: interval.map(within_bounds),
            method,
        }
    }

    /// The sum of all scores: of those between 0 and 1 the last bit knows no order, but by earlier rules.
    fn total(&self, rules: Rules) -> f64 {
        if rules == Rules::Earlier || !self.partial {
            return sum(self.scores.iter().copied());
        }
        let mut scores = self.scores.clone();
        scores.sort_unstable_by(f64::total_cmp);
        sum(scores)
    }

    /// The estimate of runs whose tables are of version 1: Wilson's interval whatever the scores.
    pub fn proportion(&self) -> Estimated {
        let n = self.scores.len() as u64;
        let (interval, method) = named(proportion(sum(self.scores.iter().copied()), n));
        Estimated {
            clusters: 0,
            interval,
            method,
            ..self.estimate(1, Rules::Earlier)
        }
    }

    /// By Student's t where that can be trusted, else by betting.
    fn judged(&self, clusters: Option<&Clusters>) -> (Option<Interval>, Option<&'static str>) {
        let units = match clusters {
            None => Some(Units::single(&self.scores)),
            Some(clusters) if u64::from(clusters.next) < FEWEST => {
                return (None, Some(TOO_FEW_CLUSTERS));
            }
            Some(clusters) => Units::clustered(&self.scores, &clusters.of),
        };
        let confidence = Confidence::PERCENT_95;
        let average =
            units.and_then(|units| Average::of_units(units, Range::SCORES, confidence.tail()));
        named(average.and_then(|average| average.bounds(confidence).ok()))
    }

    /// Student's t, by earlier rules. It knows nothing of a single score and of scores that are all the same; Wilson's
    /// interval is then too wide rather than too narrow, as no score between 0 and 1 varies more than 0
    /// and 1 do.
    fn of_means(&self, total: f64, n: u64) -> Option<Interval> {
        match student_t(&self.scores, Confidence::PERCENT_95) {
            Ok(estimate) => Some(estimate.interval),
            Err(_) => proportion(total, n),
        }
    }

    /// An interval that holds whenever one stops, over the scores in the order in which they were asked.
    fn at_any_time(&self) -> Option<Interval> {
        let mut in_order: Vec<_> = self.turns.iter().zip(&self.scores).collect();
        in_order.sort_unstable_by_key(|(turn, _)| **turn);
        let mut sequence = ConfidenceSequence::new(0.0, 1.0, Confidence::PERCENT_95)?;
        for (_, score) in in_order {
            sequence.add(*score);
        }
        Some(sequence.interval())
    }

    fn clustered(
        &self,
        score: f64,
        clusters: &Clusters,
    ) -> (Option<Interval>, Option<&'static str>) {
        let count = u64::from(clusters.next);
        if count < FEWEST {
            return (None, Some(TOO_FEW_CLUSTERS));
        }
        match cluster_t(&self.scores, &clusters.of, Confidence::PERCENT_95) {
            Ok(estimate) => named(Some(estimate.interval)),
            Err(NoInterval::NoVariation) => {
                let interval = proportion(score * f64::from(clusters.next), count);
                (interval, interval.map(|_| WILSON_OF_CLUSTERS))
            }
            Err(_) => (None, None),
        }
    }
}

/// Wilson's interval for scores that add up to `total`.
fn proportion(total: f64, n: u64) -> Option<Interval> {
    wilson(total, n, Confidence::PERCENT_95)
}

fn named(interval: Option<Interval>) -> (Option<Interval>, Option<&'static str>) {
    (interval, interval.map(|interval| interval.method.as_str()))
}

fn within_bounds(interval: Interval) -> Interval {
    Interval {
        low: interval.low.max(0.0),
        high: interval.high.min(1.0),
        ..interval
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tally(scores: &[(f64, Option<&str>)]) -> Tally {
        let mut tally = Tally::default();
        for (score, cluster) in scores {
            tally.add(*score, *cluster);
        }
        tally
    }

    /// A sample's turn counts, not its place in the plan.
    #[test]
    fn a_task_that_may_end_early_has_an_interval_that_holds_whenever_it_does() {
        let of = |turns: &mut dyn Iterator<Item = u32>| {
            let mut tally = Tally::default();
            for turn in turns {
                tally.add_in_turn(f64::from(u8::from(turn < 60)), turn);
            }
            tally.estimate(1, Rules::Now)
        };
        let (forth, back) = (of(&mut (0..100)), of(&mut (0..100).rev()));
        assert_eq!(forth, back);
        assert_eq!((forth.method, forth.score), (Some("betting"), Some(0.6)));
        // Expected values: the same sequence of the library, whose own tests are against published ones.
        let mut sequence = ConfidenceSequence::new(0.0, 1.0, Confidence::PERCENT_95).unwrap();
        for turn in 0..100 {
            sequence.add(f64::from(u8::from(turn < 60)));
        }
        assert_eq!(forth.interval, Some(sequence.interval()));
    }

    #[test]
    fn by_earlier_rules_the_kind_of_scores_decides_the_method() {
        let right_and_wrong = [(1.0, None), (0.0, None), (1.0, None)];
        let method = |scores: &[(f64, Option<&str>)], epochs| {
            tally(scores).estimate(epochs, Rules::Earlier).method
        };
        assert_eq!(method(&right_and_wrong, 1), Some("wilson"));
        assert_eq!(method(&right_and_wrong, 2), Some("student_t"));
        assert_eq!(method(&[(0.5, None), (0.0, None)], 1), Some("student_t"));
        // No variation: t has no interval.
        assert_eq!(method(&[(1.0, None), (1.0, None)], 3), Some("wilson"));
        assert_eq!(method(&[(0.5, None)], 3), Some("wilson"));
        assert_eq!(method(&[], 1), None);
        let few =
            tally(&[(1.0, None), (0.0, Some("a")), (0.0, Some("a"))]).estimate(1, Rules::Earlier);
        assert_eq!((few.method, few.interval), (Some(TOO_FEW_CLUSTERS), None));
        assert_eq!((few.n, few.clusters), (3, 2));
    }

    /// Ten clusters of two, all right or all wrong: as ten samples, with the factor 10/9 of few clusters.
    #[test]
    fn samples_of_a_cluster_count_as_one() {
        let names: Vec<String> = (0..10).map(|number| number.to_string()).collect();
        let scores = names.iter().flat_map(|name| {
            let score = if name.as_str() < "5" { 1.0 } else { 0.0 };
            [(score, Some(name.as_str())); 2]
        });
        let found = tally(&scores.collect::<Vec<_>>()).estimate(1, Rules::Earlier);
        assert_eq!((found.n, found.clusters), (20, 10));
        assert_eq!(found.method, Some("cluster_t"));
        let interval = found.interval.unwrap();
        // SE² = 10/9 · 10 · 1² / 20² = 1/36, t(9) at 97.5 % = 2.262157.
        let reach = 2.262_157_162_740_992 / 6.0;
        assert!((interval.low - (0.5 - reach)).abs() < 1e-9, "{interval:?}");
        assert!((interval.high - (0.5 + reach)).abs() < 1e-9, "{interval:?}");
        let same = names.iter().map(|name| (1.0, Some(name.as_str())));
        let same = tally(&same.collect::<Vec<_>>()).estimate(1, Rules::Earlier);
        assert_eq!(same.method, Some(WILSON_OF_CLUSTERS));
        assert!((same.interval.unwrap().low - 0.722_467_200_137_110_7).abs() < 1e-12);
    }

    #[test]
    fn an_interval_stays_within_what_a_score_can_be() {
        let found = tally(&[(1.0, None), (1.0, None), (0.9, None)]).estimate(2, Rules::Earlier);
        assert!(found.interval.unwrap().high <= 1.0);
    }

    #[test]
    fn what_gates_say_of_scores_is_said_of_their_average() {
        let of = |scores: &[f64], cluster: Option<&[String]>| {
            let mut tally = Tally::default();
            for (at, score) in scores.iter().enumerate() {
                tally.add(*score, cluster.map(|names| names[at].as_str()));
            }
            tally.estimate(2, Rules::Now)
        };
        // Near 1 and skewed: Student's t would end at .981.
        let near_one: Vec<_> = (0..40).map(|at| if at == 0 { 0.5 } else { 1.0 }).collect();
        let found = of(&near_one, None);
        assert_eq!(found.method, Some("betting_portfolio"));
        assert!(found.interval.unwrap().low < 0.95, "{found:?}");
        let even: Vec<_> = (0..200).map(|at| f64::from(at % 5) / 4.0).collect();
        assert_eq!(of(&even, None).method, Some("student_t"));
        let names: Vec<String> = (0..200).map(|at| (at / 5).to_string()).collect();
        assert_eq!(
            of(&even, Some(&names)).method,
            Some("betting_portfolio"),
            "all alike"
        );
        let names: Vec<String> = (0..200).map(|at| (at % 40).to_string()).collect();
        assert_eq!(of(&even, Some(&names)).method, Some("cluster_t"));
        let uneven: Vec<String> = (0..200).map(|at| (at.max(150) - 150).to_string()).collect();
        assert_eq!(of(&even, Some(&uneven)).method, Some("betting_portfolio"));
    }
}
