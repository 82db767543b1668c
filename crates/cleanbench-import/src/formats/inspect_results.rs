//! What an Inspect log states of its scores as a whole.

use serde::Deserialize;
use serde_json::{Map, Value};

use crate::gather::Gathering;
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
    /// Samples, each repeat for itself.
    pub(super) total_samples: Option<u64>,
    #[serde(deserialize_with = "list")]
    scores: Vec<Scored>,
    scorer: Option<Scored>,
    metrics: Option<Map<String, Value>>,
}

/// What a scorer comes to.
#[derive(Debug, Default, Clone, Deserialize)]
#[serde(default)]
pub(super) struct Scored {
    /// The scorer, or of a scorer that gives several scores one of those.
    name: String,
    scorer: Option<String>,
    reducer: Option<String>,
    metrics: Option<Map<String, Value>>,
}

impl Results {
    /// What each scorer comes to.
    pub(super) fn all(&self) -> impl Iterator<Item = Scored> {
        let single = self.scorer.clone().map(|scorer| Scored {
            metrics: scorer.metrics.or_else(|| self.metrics.clone()),
            ..scorer
        });
        self.scores.iter().cloned().chain(single)
    }

    /// What the scores of `scored` are called in the task at `task`: its name, and where another scorer has a score of
    /// that name too, what [`Gathering::score_name`] makes of it.
    pub(super) fn name_of(
        &self,
        scored: &Scored,
        task: usize,
        gathering: &mut Gathering,
    ) -> String {
        let is_other = |other: Scored| other.name == scored.name && other.scorer != scored.scorer;
        match &scored.scorer {
            Some(scorer) if self.all().any(is_other) => {
                gathering.score_name(task, scorer, &scored.name)
            }
            _ => scored.name.clone(),
        }
    }
}

impl Scored {
    /// Whether the mean of repeats is what is averaged.
    pub(super) fn is_mean(&self) -> bool {
        let reducer = self.reducer.as_deref();
        reducer.is_none_or(|reducer| MEAN_REDUCERS.contains(&reducer))
    }

    /// The means that it states of `task` and the model at `model`, which are called as they are here.
    pub(super) fn claims(self, task: &str, model: usize, scorer: &str) -> Vec<Claim> {
        let metrics = self.metrics.unwrap_or_default().into_iter();
        let claims = metrics.filter_map(|(metric, value)| {
            Some(Claim {
                task: task.to_owned(),
                model,
                scorer: scorer.to_owned(),
                value: value_of(&metric, &value)?,
                metric,
                tolerance: EXACT,
                split: None,
            })
        });
        claims.collect()
    }
}

fn value_of(metric: &str, value: &Value) -> Option<f64> {
    let value = value.get("value").unwrap_or(value);
    value.as_f64().filter(|_| MEANS.contains(&metric))
}
