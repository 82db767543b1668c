//! Bounds of a mean of numbers from 0 to 1, of which some may be missing.
//!
//! Invariant: the lower bound holds whatever the missing numbers are, and so does the upper one.
//! It refuses bounds where there is nothing to judge.

use cleanbench_stats::{Confidence, clopper_pearson};

use crate::average::{Average, Range};

/// One number for each sample, and how many samples have none.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Shares {
    /// The numbers that are known.
    pub known: Vec<f64>,
    /// How many are not.
    pub missing: usize,
    /// The cluster of each that is known, then of each that is not; empty where samples are independent.
    pub clusters: Vec<u32>,
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
    /// Whether there is no sample.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Number of samples, known or not.
    pub fn len(&self) -> usize {
        self.known.len() + self.missing
    }

    /// The mean of what is known; `None` where nothing is.
    pub fn estimate(&self) -> Option<f64> {
        cleanbench_stats::mean(self.known.iter().copied())
    }

    /// Bounds that are each wrong with a chance of at most `alpha`.
    ///
    /// # Errors
    /// Why there are none, a lowercase fragment.
    pub fn bounds(&self, alpha: f64) -> Result<Bounds, String> {
        let estimate = self.estimate().ok_or("there is no answer to judge")?;
        let confidence = Confidence::one_sided(alpha).ok_or("`alpha` is no error rate")?;
        let (low, high, method) = if is_plain(&self.known) && self.clusters.is_empty() {
            self.exact(confidence)?
        } else {
            let average =
                |filler| Average::new(&self.filled(filler), &self.clusters, Range::SCORES, alpha);
            let (low, _, method) = average(0.0)?.interval(confidence);
            let (_, high, _) = average(1.0)?.interval(confidence);
            (low.max(0.0), high.min(1.0), method)
        };
        Ok(Bounds {
            estimate: Some(estimate),
            low,
            high,
            method: named(method, self.missing),
        })
    }

    fn exact(&self, confidence: Confidence) -> Result<(f64, f64, &'static str), String> {
        let right = self.known.iter().filter(|value| **value > 0.5).count() as u64;
        let n = self.len() as u64;
        let worst = clopper_pearson(right, n, confidence);
        let best = clopper_pearson(right + self.missing as u64, n, confidence);
        let (worst, best) = worst.zip(best).ok_or("there is no answer to judge")?;
        Ok((worst.low, best.high, worst.method.as_str()))
    }

    /// The numbers with `filler` for those that are missing.
    fn filled(&self, filler: f64) -> Vec<f64> {
        let mut values = self.known.clone();
        values.resize(self.len(), filler);
        values
    }
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
