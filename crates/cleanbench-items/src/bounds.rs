//! Bounds of a mean of numbers from 0 to 1, of which some may be missing.
//!
//! Invariant: the lower bound holds whatever the missing numbers are, and so does the upper one.
//! It refuses bounds where there is nothing to judge.

use cleanbench_stats::{Confidence, clopper_pearson};

use crate::average::{Average, Range};
use crate::rules::Rules;
use crate::span::Span;

/// One number for each sample, as far as it is known.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Shares {
    spans: Vec<Span>,
    /// The cluster of each; empty where samples are independent.
    clusters: Vec<u32>,
    rules: Rules,
}

/// An estimate between two bounds.
#[derive(Debug, Clone, PartialEq)]
pub struct Bounds {
    /// `None` where it is infinite.
    pub estimate: Option<f64>,
    /// Lower bound.
    pub low: f64,
    /// Infinite where nothing bounds it.
    pub high: f64,
    /// How they were found, and what was done about missing numbers.
    pub method: String,
}

impl Shares {
    /// Numbers of samples, each in the cluster that `clusters` says; none does where samples are independent.
    pub fn new(spans: Vec<Span>, clusters: Vec<u32>, rules: Rules) -> Self {
        match rules {
            Rules::Now => Self {
                spans,
                clusters,
                rules,
            },
            Rules::Earlier => Self::missing_last(&spans, &clusters),
        }
    }

    /// As earlier rules had it: those that are missing after those that are not.
    fn missing_last(spans: &[Span], clusters: &[u32]) -> Self {
        let mut places: Vec<_> = (0..spans.len()).collect();
        places.sort_by_key(|place| spans[*place].seen().is_none());
        let spans = places
            .iter()
            .map(|place| Span::of_score(spans[*place].seen()));
        let clusters = places
            .iter()
            .filter_map(|place| clusters.get(*place).copied());
        Self {
            spans: spans.collect(),
            clusters: clusters.collect(),
            rules: Rules::Earlier,
        }
    }

    /// The mean of what is known; `None` where nothing is.
    pub fn estimate(&self) -> Option<f64> {
        self.rules
            .mean(self.spans.iter().filter_map(|span| span.seen()))
    }

    /// Bounds that are each wrong with a chance of at most `alpha`.
    ///
    /// # Errors
    /// Why there are none, a lowercase fragment.
    pub fn bounds(&self, alpha: f64) -> Result<Bounds, String> {
        let estimate = self.estimate().ok_or("there is no answer to judge")?;
        let confidence = Confidence::one_sided(alpha).ok_or("`alpha` is no error rate")?;
        let (worst, best) = (self.ends(Span::low), self.ends(Span::high));
        let (low, high, method) = if self.clusters.is_empty() && is_plain(&worst) && is_plain(&best)
        {
            exact(&worst, &best, confidence)?
        } else {
            let average = |values: &[f64]| {
                Average::new(values, &self.clusters, Range::SCORES, alpha, self.rules)
            };
            let (low, _, method) = average(&worst)?.interval(confidence);
            let (_, high, _) = average(&best)?.interval(confidence);
            (low.max(0.0), high.min(1.0), method)
        };
        let missing = self.spans.iter().filter(|span| span.is_open()).count();
        Ok(Bounds {
            estimate: Some(estimate),
            low,
            high,
            method: named(method, missing),
        })
    }

    fn ends(&self, end: impl Fn(Span) -> f64) -> Vec<f64> {
        self.spans.iter().map(|span| end(*span)).collect()
    }
}

fn exact(
    worst: &[f64],
    best: &[f64],
    confidence: Confidence,
) -> Result<(f64, f64, &'static str), String> {
    let of = |values: &[f64]| {
        let right = values.iter().filter(|value| **value > 0.5).count() as u64;
        clopper_pearson(right, values.len() as u64, confidence)
    };
    let (worst, best) = of(worst)
        .zip(of(best))
        .ok_or("there is no answer to judge")?;
    Ok((worst.low, best.high, worst.method.as_str()))
}

/// The name of a method, with what it does about missing answers.
pub fn named(method: &str, missing: usize) -> String {
    match missing {
        0 => method.to_owned(),
        _ => format!("{method}, {missing} missing counted either way"),
    }
}

/// Whether every value is 0 or 1.
pub(crate) fn is_plain(values: &[f64]) -> bool {
    let is_end = |value: &f64| value.to_bits() == 0 || value.to_bits() == 1.0_f64.to_bits();
    values.iter().all(is_end)
}
