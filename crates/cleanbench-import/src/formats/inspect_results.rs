//! What an Inspect log states of its scores as a whole.

use serde::Deserialize;
use serde_json::{Map, Value};

use crate::json::list;
use crate::stated::{Claim, EXACT};

/// Metrics that are the mean over the samples.
const MEANS: [&str; 2] = ["accuracy", "mean"];
/// Reducers that are the mean over the epochs.
const MEAN_REDUCERS: [&str; 2] = ["mean", "mean_score"];

/// The results; early versions had one scorer.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Results {
    #[serde(deserialize_with = "list")]
    scores: Vec<Scored>,
    scorer: Option<Scored>,
    metrics: Option<Map<String, Value>>,
}

/// What a scorer comes to.
#[derive(Debug, Default, Clone, Deserialize)]
#[serde(default)]
struct Scored {
    name: String,
    reducer: Option<String>,
    metrics: Option<Map<String, Value>>,
}

/// The means that `results` state of `task`, as it is called here, and the model at `model`.
pub(super) fn claims(results: &Results, task: &str, model: usize) -> Vec<Claim> {
    let single = results.scorer.clone().map(|scorer| Scored {
        metrics: scorer.metrics.or_else(|| results.metrics.clone()),
        ..scorer
    });
    let all = results.scores.iter().cloned().chain(single);
    let means = all.filter(|scored| {
        let reducer = scored.reducer.as_deref();
        reducer.is_none_or(|reducer| MEAN_REDUCERS.contains(&reducer))
    });
    let each = means.flat_map(|scored| {
        let metrics = scored.metrics.unwrap_or_default().into_iter();
        metrics.filter_map(move |(metric, value)| {
            Some(Claim {
                task: task.to_owned(),
                model,
                scorer: scored.name.clone(),
                value: value_of(&metric, &value)?,
                metric,
                tolerance: EXACT,
                split: None,
            })
        })
    });
    each.collect()
}

fn value_of(metric: &str, value: &Value) -> Option<f64> {
    let value = value.get("value").unwrap_or(value);
    value.as_f64().filter(|_| MEANS.contains(&metric))
}
