//! Bounds of a mean of numbers from 0 to 1, of which some may be missing.
//!
//! Invariant: the lower bound holds whatever the missing numbers are, and so does the upper one.
//! It refuses bounds by a normal approximation from fewer than ten independent units.

use cleanbench_core::gate::FEWEST_UNITS;
use cleanbench_stats::Confidence;
use cleanbench_stats::cluster::Units;
use cleanbench_stats::mean::Mean;
use cleanbench_stats::proportion::clopper_pearson;

/// One number for each sample, and how many samples have none.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct Shares {
    /// The numbers that are known.
    pub(crate) known: Vec<f64>,
    /// How many are not.
    pub(crate) missing: usize,
    /// The cluster of each that is known, then of each that is not; empty where samples are independent.
    pub(crate) clusters: Vec<u32>,
}

/// An estimate between two bounds.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Bounds {
    pub(crate) estimate: f64,
    pub(crate) low: f64,
    pub(crate) high: f64,
    pub(crate) method: String,
}

impl Shares {
    /// Number of samples, known or not.
    pub(crate) fn len(&self) -> usize {
        self.known.len() + self.missing
    }

    /// The mean of what is known; `None` where nothing is.
    pub(crate) fn estimate(&self) -> Option<f64> {
        cleanbench_stats::mean(self.known.iter().copied())
    }

    /// Bounds that are each wrong with a chance of at most `alpha`.
    ///
    /// # Errors
    /// Why there are none, a lowercase fragment.
    pub(crate) fn bounds(&self, alpha: f64) -> Result<Bounds, String> {
        let estimate = self.estimate().ok_or("there is no answer to judge")?;
        let confidence = Confidence::one_sided(alpha).ok_or("`alpha` is no error rate")?;
        let (low, high, method) = if is_plain(&self.known) && self.clusters.is_empty() {
            self.exact(confidence)?
        } else {
            let bound = |filler| mean_of(&self.filled(filler), &self.clusters);
            let (worst, best) = (bound(0.0)?, bound(1.0)?);
            let low = worst.estimate(confidence).interval.low.max(0.0);
            let high = best.estimate(confidence).interval.high.min(1.0);
            (low, high, worst.method.as_str())
        };
        Ok(Bounds {
            estimate,
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
pub(crate) fn named(method: &str, missing: usize) -> String {
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

/// The mean of values with its standard error, over clusters where there are any.
///
/// # Errors
/// Why t has nothing to say of it, a lowercase fragment.
pub(crate) fn mean_of(values: &[f64], clusters: &[u32]) -> Result<Mean, String> {
    let units = if clusters.is_empty() {
        Units::single(values)
    } else {
        Units::clustered(values, clusters).ok_or("samples and clusters differ in number")?
    };
    if (units.len() as u64) < FEWEST_UNITS {
        let what = if clusters.is_empty() {
            "samples"
        } else {
            "clusters"
        };
        return Err(format!(
            "{} {what} are too few for an interval, at least {FEWEST_UNITS} are needed",
            units.len()
        ));
    }
    units.robust_mean().map_err(|error| error.to_string())
}
