//! Gates on what a run used up: money for each solved sample, and time.
//!
//! It refuses a cost where a price or a reported number of tokens is missing, and where answers of earlier
//! runs cost nothing here: unknown is not 0.

use cleanbench_core::Reducer;
use cleanbench_items::{Bounds, Outlay, Rules, Spending, quantile};

use super::gather::{Asked, Measured, units};

/// The quantile that the latency gate looks at.
const P95: f64 = 0.95;

/// Bounds of the 95th percentile of the time of calls, in milliseconds, where each sample is asked `epochs` times. One
/// that has no answer took for ever, or no time, and answers of earlier runs say nothing; earlier rules left out both,
/// and took the times of samples in quarantine in.
///
/// # Errors
/// Why there are none, a lowercase fragment.
pub(crate) fn latency(
    measured: &Measured,
    alpha: f64,
    epochs: u32,
    rules: Rules,
) -> Result<Bounds, String> {
    if measured.times.is_empty() || rules == Rules::Now && measured.from_cache > 0 {
        let why = match measured.from_cache {
            0 => "no answered call was timed".to_owned(),
            kept => format!(
                "{kept} answers are of earlier runs and were not timed; `--no-cache` asks anew"
            ),
        };
        return Err(why);
    }
    let counted = measured.times.iter();
    let counted = counted.filter(|one| rules == Rules::Earlier || measured.counts(one.line));
    let times = counted.map(|one| one.milliseconds).collect();
    let unanswered = match rules {
        Rules::Now => measured.unanswered(epochs),
        Rules::Earlier => 0,
    };
    quantile(times, unanswered, P95, alpha)
}

/// Bounds of the dollars that a solved sample costs: all costs over all scores, sample by sample. A score that is the
/// mean of several calls costs what one of them does; any other costs all of them (by earlier rules it cost one, too).
///
/// # Errors
/// Why there are none, a lowercase fragment.
pub(crate) fn cost_per_solved(
    measured: &Measured,
    alpha: f64,
    reducer: Reducer,
    rules: Rules,
    epochs: u32,
) -> Result<Bounds, String> {
    if measured.from_cache > 0 {
        let kept = measured.from_cache;
        return Err(format!(
            "{kept} answers are of earlier runs and cost nothing here; `--no-cache` asks anew"
        ));
    }
    if measured.unpriced > 0 {
        let unpriced = measured.unpriced;
        return Err(format!(
            "the cost of {unpriced} attempts is not known: no price in the models file, or no reported tokens"
        ));
    }
    let is_open = |sample: &&Asked| sample.calls() < epochs;
    let open = measured.samples.iter().filter(is_open).count();
    if rules == Rules::Now && open > 0 {
        return Err(format!(
            "{open} samples have calls that have not been made or not ended: what they cost is not known"
        ));
    }
    // What has no answer solved nothing, and cost what its attempts did.
    let spent = measured.samples.iter().map(|sample| {
        let calls = if reducer == Reducer::Mean || rules == Rules::Earlier {
            sample.calls().max(1)
        } else {
            1
        };
        Outlay {
            cost: measured.cost(sample.line, rules) / f64::from(calls),
            solved: sample.score.low(),
        }
    });
    let clusters = measured.samples.iter().map(|sample| sample.cluster);
    let clusters = units(&clusters.collect::<Vec<_>>());
    let spending = Spending::new(&spent.collect::<Vec<_>>(), &clusters, rules);
    let spending = spending.ok_or("samples and clusters differ in number")?;
    spending.per_solved(alpha)
}
