//! Gates on what a run used up: money for each solved sample, and time.
//!
//! It refuses a cost where a price or a reported number of tokens is missing, and where answers of earlier
//! runs cost nothing here: unknown is not 0.

use cleanbench_core::Reducer;
use cleanbench_core::gate::FEWEST_UNITS;
use cleanbench_items::{Bounds, Rules, named};
use cleanbench_stats::cluster::Units;
use cleanbench_stats::percentile::{positions, quantile_of};
use cleanbench_stats::ratio::{fieller, least_without_events};
use cleanbench_stats::{Confidence, Method, NoInterval, sum};

use super::gather::{Measured, units};

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
    let mut times: Vec<_> = counted.map(|one| one.milliseconds).collect();
    times.sort_by(f64::total_cmp);
    let confidence = Confidence::one_sided(alpha).ok_or("`alpha` is no error rate")?;
    let unanswered = match rules {
        Rules::Now => measured.unanswered(epochs),
        Rules::Earlier => 0,
    };
    let all = times.len() as u64 + unanswered;
    let too_few = NoInterval::TooFewValues { values: all };
    let (low, high) = positions(all, P95, confidence).ok_or_else(|| too_few.to_string())?;
    let at = |position: u64| times.get(usize::try_from(position).ok()?).copied();
    Ok(Bounds {
        estimate: quantile_of(&times, P95),
        low: low.checked_sub(unanswered).and_then(at).unwrap_or_default(),
        high: at(high).unwrap_or(f64::INFINITY),
        method: named(
            Method::OrderStatistics.as_str(),
            usize::try_from(unanswered).unwrap_or(usize::MAX),
        ),
    })
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
    let confidence = Confidence::one_sided(alpha).ok_or("`alpha` is no error rate")?;
    // What has no answer solved nothing, and cost what its attempts did.
    let pairs = measured.samples.iter().map(|sample| {
        let cost = measured
            .costs
            .get(&sample.line)
            .copied()
            .unwrap_or_default();
        let calls = if reducer == Reducer::Mean || rules == Rules::Earlier {
            sample.calls().max(1)
        } else {
            1
        };
        let each = cost / f64::from(calls);
        (each, sample.score.low())
    });
    let (costs, solved): (Vec<_>, Vec<_>) = pairs.unzip();
    if solved.iter().all(|score| *score <= 0.0) {
        let least = least_without_events(sum(costs.iter().copied()), costs.len() as u64, alpha);
        return Ok(Bounds {
            estimate: None,
            low: least.ok_or("there is no answer to judge")?,
            high: f64::INFINITY,
            method: "nothing_solved".to_owned(),
        });
    }
    let clusters = measured.samples.iter().map(|sample| sample.cluster);
    let clusters = units(&clusters.collect::<Vec<_>>());
    let grouped = |values: &[f64]| match clusters.as_slice() {
        [] => Some(Units::single(values)),
        clusters => Units::clustered(values, clusters),
    };
    let both = grouped(&costs).zip(grouped(&solved));
    let (costs, solved) = both.ok_or("samples and clusters differ in number")?;
    if (costs.len() as u64) < FEWEST_UNITS {
        let found = costs.len();
        return Err(format!(
            "{found} independent samples are too few, at least {FEWEST_UNITS} are needed"
        ));
    }
    let found = fieller(&costs, &solved, confidence).map_err(|error| error.to_string())?;
    Ok(Bounds {
        estimate: Some(found.value),
        low: found.interval.low.max(0.0),
        high: found.interval.high,
        method: found.interval.method.as_str().to_owned(),
    })
}
