//! What is concluded from a measured difference.
//!
//! Invariant: no difference found is never said to be equality; the smallest effect that could have been
//! found stands beside it. What cannot be concluded is `inconclusive`, which is neither. A difference is found just where
//! the interval beside it excludes 0 ([`super::rates`]), but for findings by earlier rules.

use serde::{Deserialize, Serialize};

use super::measure::Measure;
use super::missing::{ByMissing, Missing};
use super::rates::{ALPHA, Rates};
use cleanbench_items::Rules;

/// What is concluded.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    /// The candidate is better.
    Better,
    /// The candidate is worse.
    Worse,
    /// None was found: see the smallest effect that would have been.
    NoDifference,
    /// Nothing can be concluded: no pairs, too few clusters, or bounds that disagree.
    Inconclusive,
}

impl Verdict {
    /// The word used in files and tables.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Better => "better",
            Self::Worse => "worse",
            Self::NoDifference => "no_difference",
            Self::Inconclusive => "inconclusive",
        }
    }
}

/// The result by the declared way to count what is missing.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Finding {
    /// The declared way.
    pub missing: Missing,
    /// Number of pairs.
    pub n: u64,
    /// Mean difference, candidate minus baseline; by bounds, if what is missing speaks against the
    /// candidate.
    pub delta: Option<f64>,
    /// By bounds: the mean difference if what is missing speaks for the candidate.
    pub delta_at_best: Option<f64>,
    /// Lower end of the interval.
    pub low: Option<f64>,
    /// Upper end.
    pub high: Option<f64>,
    /// Its confidence; by earlier rules always .95, and not said.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub confidence: Option<f64>,
    /// Method of the interval, or why there is none.
    pub method: String,
    /// The test.
    pub test: Option<&'static str>,
    /// Two-sided p-value.
    pub p: Option<f64>,
    /// The same, adjusted for the family of tests that it belongs to.
    pub adjusted_p: Option<f64>,
    /// The smallest difference that could have been found with a power of .8.
    pub smallest_detectable: Option<f64>,
    /// What is concluded from `adjusted_p` at .05.
    pub verdict: Verdict,
}

impl Finding {
    /// What `measured` says by `missing`, before p is adjusted.
    pub(crate) fn of(measured: &ByMissing, missing: Missing, rates: Rates) -> Self {
        let found = match missing {
            Missing::Complete => measured.complete.as_ref().map(Self::plain),
            Missing::ErrorAsWrong => measured.error_as_wrong.as_ref().map(Self::plain),
            Missing::Bounds => {
                let both = measured.worst.as_ref().zip(measured.best.as_ref());
                both.map(|(worst, best)| Self::between(worst, best, rates.rules))
            }
        };
        let mut found = found.unwrap_or_else(Self::nothing);
        found.missing = missing;
        found.confidence = (rates.rules == Rules::Now).then_some(rates.confidence().level());
        found.adjust(found.p);
        found
    }

    fn nothing() -> Self {
        Self {
            missing: Missing::Complete,
            n: 0,
            delta: None,
            delta_at_best: None,
            low: None,
            high: None,
            confidence: None,
            method: "no_pairs".to_owned(),
            test: None,
            p: None,
            adjusted_p: None,
            smallest_detectable: None,
            verdict: Verdict::Inconclusive,
        }
    }

    fn plain(measure: &Measure) -> Self {
        Self {
            n: measure.n,
            delta: Some(measure.delta),
            low: measure.low,
            high: measure.high,
            method: measure.method.clone(),
            test: measure.test,
            p: measure.p,
            smallest_detectable: measure.smallest_detectable,
            ..Self::nothing()
        }
    }

    /// A difference is found only if it is on both ends, and in the same direction. The interval holds those of both.
    fn between(worst: &Measure, best: &Measure, rules: Rules) -> Self {
        let larger = |one: Option<f64>, other: Option<f64>| Some(one?.max(other?));
        let smaller = |one: Option<f64>, other: Option<f64>| Some(one?.min(other?));
        let agree = worst.delta * best.delta > 0.0;
        let p = larger(worst.p, best.p);
        let is_now = rules == Rules::Now;
        let method = if is_now && worst.method != best.method {
            format!("{}/{}", worst.method, best.method)
        } else {
            worst.method.clone()
        };
        Self {
            method,
            delta_at_best: Some(best.delta),
            low: if is_now {
                smaller(worst.low, best.low)
            } else {
                worst.low
            },
            high: if is_now {
                larger(worst.high, best.high)
            } else {
                best.high
            },
            p: if agree { p } else { p.map(|_| 1.0) },
            // What is missing can hide as much as it can make up.
            smallest_detectable: larger(worst.smallest_detectable, best.smallest_detectable)
                .map(|smallest| smallest + (best.delta - worst.delta))
                .filter(|smallest| *smallest <= 1.0),
            ..Self::plain(worst)
        }
    }

    /// Takes the p-value that the family of tests leaves, and concludes from it.
    pub(crate) fn adjust(&mut self, adjusted_p: Option<f64>) {
        self.adjusted_p = adjusted_p;
        let is_up = self.delta.is_some_and(|delta| delta > 0.0);
        self.verdict = match adjusted_p {
            None => Verdict::Inconclusive,
            Some(p) if p > ALPHA || self.admits_none() => Verdict::NoDifference,
            Some(_) if is_up => Verdict::Better,
            Some(_) => Verdict::Worse,
        };
    }
}

impl Finding {
    /// Whether the interval holds 0; earlier rules did not ask.
    fn admits_none(&self) -> bool {
        let ends = self.confidence.and(self.low).zip(self.high);
        ends.is_some_and(|(low, high)| (low..=high).contains(&0.0))
    }

    /// Takes in that it is one of a family of so many, whose intervals hold all at once.
    pub(crate) fn share(&mut self, family: usize) {
        let adjusted = self.p.map(|p| (p * super::rates::number(family)).min(1.0));
        self.adjust(adjusted);
    }
}

/// Adjusts the p-values of `findings` by `adjust`. Those without one keep their places in the family, which is known
/// before anything is looked at; by earlier rules they were no tests of it.
pub(crate) fn adjust_family(
    findings: &mut [&mut Finding],
    adjust: fn(&[f64]) -> Vec<f64>,
    rules: Rules,
) {
    let without = match rules {
        Rules::Now => Some(1.0),
        Rules::Earlier => None,
    };
    let raw = findings.iter().filter_map(|finding| finding.p.or(without));
    let mut adjusted = adjust(&raw.collect::<Vec<_>>()).into_iter();
    for finding in findings {
        let p = finding.p.or(without).and_then(|_| adjusted.next());
        finding.adjust(p.filter(|_| finding.p.is_some()));
    }
}
