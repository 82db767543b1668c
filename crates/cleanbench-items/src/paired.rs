//! A candidate and a baseline on the same samples.
//!
//! Invariant: what is said to be shown is shown whatever the missing answers of either side are.

use cleanbench_stats::Confidence;
use cleanbench_stats::exact::mcnemar_greater;
use cleanbench_stats::power::smallest_paired;
use cleanbench_stats::tango;

use crate::average::{Average, Range};
use crate::bounds::{Bounds, is_plain, named};
use crate::rules::Rules;
use crate::span::Span;

/// What the scores of one sample may be.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Pair {
    /// The baseline's.
    pub base: Span,
    /// The candidate's.
    pub new: Span,
}

impl Pair {
    /// The difference, candidate minus baseline; `None` unless both have an answer.
    fn seen(self) -> Option<f64> {
        Some(self.new.seen()? - self.base.seen()?)
    }
}

/// The samples that both sides have.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Pairs {
    /// The pairs.
    pub all: Vec<Pair>,
    /// The cluster of each; empty where samples are independent.
    pub clusters: Vec<u32>,
    /// Samples of the candidate that the baseline does not have.
    pub alone: u64,
    /// By which rules they are judged.
    pub rules: Rules,
}

/// What is taken for the answers that are missing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Extreme {
    /// What speaks against the candidate.
    Worst,
    /// What speaks for it.
    Best,
}

/// What the differences amount to in one case.
#[derive(Debug, Clone)]
pub enum Evidence {
    /// Scores of 0 and 1 of independent samples; the candidate comes first.
    Rates(tango::Pairs),
    /// Differences of any other scores.
    Differences(Average),
}

impl Pairs {
    /// Mean difference, candidate minus baseline, of the pairs with both answers.
    pub fn estimate(&self) -> Option<f64> {
        self.rules
            .mean(self.all.iter().filter_map(|pair| pair.seen()))
    }

    /// Number of pairs in which an answer is missing.
    pub fn missing(&self) -> usize {
        let lacks = |pair: &&Pair| pair.base.is_open() || pair.new.is_open();
        self.all.iter().filter(lacks).count()
    }

    /// What is shown if missing answers are as in `case`.
    ///
    /// # Errors
    /// Why nothing is, a lowercase fragment.
    pub fn evidence(&self, case: Extreme, alpha: f64) -> Result<Evidence, String> {
        let (base, new) = self.filled(case);
        if self.clusters.is_empty() && is_plain(&base) && is_plain(&new) {
            return rates(&base, &new).map(Evidence::Rates);
        }
        let differences: Vec<_> = new
            .iter()
            .zip(&base)
            .map(|(new, base)| new - base)
            .collect();
        let range = Range::DIFFERENCES;
        let average = Average::new(&differences, &self.clusters, range, alpha, self.rules);
        average.map(Evidence::Differences)
    }

    /// The same for how far the candidate is above the share `kept` of the baseline's score: what a difference that is
    /// a share of it has to show. Its margin is 0.
    ///
    /// # Errors
    /// Why nothing is shown, a lowercase fragment.
    pub fn evidence_of_share(
        &self,
        case: Extreme,
        kept: f64,
        alpha: f64,
    ) -> Result<Evidence, String> {
        let (base, new) = self.filled(case);
        let above = new.iter().zip(&base);
        let above: Vec<_> = above.map(|(new, base)| new - kept * base).collect();
        let range = Range {
            low: -kept,
            high: 1.0,
        };
        let average = Average::new(&above, &self.clusters, range, alpha, self.rules);
        average.map(Evidence::Differences)
    }

    /// The scores of both sides, with what `case` takes for those that are missing.
    fn filled(&self, case: Extreme) -> (Vec<f64>, Vec<f64>) {
        let filled = self.all.iter().map(|pair| match case {
            Extreme::Worst => (pair.base.high(), pair.new.low()),
            Extreme::Best => (pair.base.low(), pair.new.high()),
        });
        filled.unzip()
    }

    /// The difference between bounds that are each wrong with a chance of at most `alpha`.
    ///
    /// # Errors
    /// Why there are none.
    pub fn bounds(&self, alpha: f64) -> Result<Bounds, String> {
        let estimate = self
            .estimate()
            .ok_or("no sample has an answer on both sides")?;
        let confidence = Confidence::one_sided(alpha).ok_or("`alpha` is no error rate")?;
        let (worst, best) = (
            self.evidence(Extreme::Worst, alpha)?,
            self.evidence(Extreme::Best, alpha)?,
        );
        let (low, _, method) = worst.interval(confidence);
        let (_, high, _) = best.interval(confidence);
        Ok(Bounds {
            estimate: Some(estimate),
            low,
            high,
            method: named(method, self.missing()),
        })
    }
}

/// Independent samples by who solved them.
fn rates(base: &[f64], new: &[f64]) -> Result<tango::Pairs, String> {
    let alone = |one: &[f64], other: &[f64]| {
        let pairs = one.iter().zip(other);
        pairs.filter(|(one, other)| one > other).count() as u64
    };
    let pairs = tango::Pairs::new(base.len() as u64, alone(new, base), alone(base, new));
    pairs.ok_or_else(|| "no sample is on both sides".to_owned())
}

impl Evidence {
    /// The difference with two bounds, and the name of their method.
    pub fn interval(&self, confidence: Confidence) -> (f64, f64, &'static str) {
        let (low, high, method) = match self {
            Self::Rates(pairs) => {
                let found = tango::interval(*pairs, confidence).interval;
                (found.low, found.high, found.method.as_str())
            }
            Self::Differences(average) => average.interval(confidence),
        };
        (low.max(-1.0), high.min(1.0), method)
    }

    /// One-sided p that the difference is above -`margin`, and the name of the test.
    pub fn not_inferior(&self, margin: f64, alpha: f64) -> (f64, &'static str) {
        match self {
            Self::Rates(pairs) => {
                let p = tango::non_inferiority(*pairs, margin, alpha);
                let is_score = tango::is_in_domain(pairs.n(), margin, alpha);
                (p, if is_score { "tango" } else { "exact_tango" })
            }
            Self::Differences(average) => average.above(-margin, alpha),
        }
    }

    /// One-sided p that the difference is above 0, and the name of the test.
    pub fn better(&self, alpha: f64) -> (f64, &'static str) {
        match self {
            Self::Rates(pairs) => (
                mcnemar_greater(pairs.only_first(), pairs.only_second()),
                "exact_mcnemar",
            ),
            Self::Differences(average) => average.above(0.0, alpha),
        }
    }

    /// One-sided p that the difference is below 0, and the name of the test.
    pub fn worse(&self, alpha: f64) -> (f64, &'static str) {
        match self {
            Self::Rates(pairs) => (
                mcnemar_greater(pairs.only_second(), pairs.only_first()),
                "exact_mcnemar",
            ),
            Self::Differences(average) => average.below(0.0, alpha),
        }
    }

    /// The difference itself.
    pub fn difference(&self) -> f64 {
        match self {
            Self::Rates(pairs) => pairs.difference(),
            Self::Differences(average) => average.value(),
        }
    }

    /// The smallest drop that the test of a drop finds with a probability of at least `power`; `None`
    /// where not even the largest is.
    pub fn smallest_drop(&self, alpha: f64, power: f64) -> Option<f64> {
        match self {
            Self::Rates(pairs) => {
                #[expect(clippy::cast_precision_loss, reason = "no suite has 2^53 samples")]
                let only_new = pairs.only_first() as f64 / pairs.n() as f64;
                smallest_paired(pairs.n(), only_new, alpha, power)
            }
            Self::Differences(average) => average.smallest(alpha, power),
        }
    }
}
