//! Gates on what a run used up: money for each solved sample, and time.
//!
//! It refuses a cost where a price or a reported number of tokens is missing, and where answers of earlier
//! runs cost nothing here: unknown is not 0.

use cleanbench_stats::Confidence;
use cleanbench_stats::percentile::quantile;

use super::bounds::Bounds;
use super::gather::Measured;

/// The quantile that the latency gate looks at.
const P95: f64 = 0.95;

/// Bounds of the 95th percentile of the time of answered calls, in milliseconds.
///
/// # Errors
/// Why there are none, a lowercase fragment.
pub(crate) fn latency(measured: &Measured, alpha: f64) -> Result<Bounds, String> {
    if measured.times.is_empty() {
        let why = match measured.from_cache {
            0 => "no answered call was timed".to_owned(),
            kept => format!(
                "{kept} answers are of earlier runs and were not timed; `--no-cache` asks anew"
            ),
        };
        return Err(why);
    }
    let mut times = measured.times.clone();
    times.sort_by(f64::total_cmp);
    let confidence = Confidence::one_sided(alpha).ok_or("`alpha` is no error rate")?;
    let found = quantile(&times, P95, confidence).map_err(|error| error.to_string())?;
    Ok(Bounds {
        estimate: found.value,
        low: found.interval.low,
        high: found.interval.high,
        method: found.interval.method.as_str().to_owned(),
    })
}

/// Bounds of the dollars that a solved sample costs: all costs over all scores, sample by sample.
///
/// # Errors
/// Why there are none, a lowercase fragment.
pub(crate) fn cost_per_solved(measured: &Measured, alpha: f64) -> Result<Bounds, String> {
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
    // A sample without an answer solved nothing, and cost what its attempts did.
    let pairs = measured.samples.iter().map(|sample| {
        let cost = measured
            .costs
            .get(&sample.line)
            .copied()
            .unwrap_or_default();
        let each = cost / f64::from(sample.calls().max(1));
        (each, sample.score().unwrap_or_default())
    });
    let (costs, solved): (Vec<_>, Vec<_>) = pairs.unzip();
    let _ = (costs, solved, confidence);
    Err("not yet".to_owned())
}
