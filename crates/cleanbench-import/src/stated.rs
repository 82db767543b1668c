//! The results that a log states, against those of its samples.
//!
//! A claim holds where the mean over the samples, each the mean of its repeats, is what the log states. Only means
//! are compared: standard errors, medians and what judges a whole data set at once are not.

use serde_json::Value;

use crate::log::{Imported, Sample, Task};

/// A mean that a log states.
#[derive(Debug, Clone)]
pub(crate) struct Claim {
    /// Name of the task, as it was imported.
    pub(crate) task: String,
    /// Position of the model.
    pub(crate) model: usize,
    /// What is averaged.
    pub(crate) scorer: String,
    /// What the log calls the mean.
    pub(crate) metric: String,
    /// The mean.
    pub(crate) value: f64,
    /// How far a mean may be from it by rounding alone.
    pub(crate) tolerance: f64,
    /// The `split` of the samples that it is about, where not all are.
    pub(crate) split: Option<String>,
}

/// Rounding of a mean that is stated with all its digits.
pub(crate) const EXACT: f64 = 1e-9;

/// Compares what was claimed with `imported`, and puts down the differences there.
pub(crate) fn compare(claims: &[Claim], imported: &mut Imported) {
    for claim in claims {
        let found = found(claim, &imported.tasks);
        match found {
            Some(found) if (found.mean - claim.value).abs() <= claim.tolerance => {
                imported.agreeing += 1;
            }
            found => {
                let model = &imported.models[claim.model].name;
                let what = told(claim, model, found.as_ref());
                imported.differences.push(what);
            }
        }
    }
}

fn told(claim: &Claim, model: &str, found: Option<&Found>) -> String {
    let of = match &claim.split {
        Some(split) => format!(" of split `{split}`"),
        None => String::new(),
    };
    let start = format!(
        "task `{}`{of}, model `{model}`: the log states {} {} for `{}`",
        claim.task, claim.metric, claim.value, claim.scorer
    );
    match found {
        Some(Found { mean, samples }) => {
            format!("{start}, its {samples} samples give {mean}")
        }
        None => format!("{start}, and has no such score of any sample"),
    }
}

/// What the samples come to.
struct Found {
    mean: f64,
    samples: usize,
}

fn found(claim: &Claim, tasks: &[Task]) -> Option<Found> {
    let task = tasks.iter().find(|task| task.name == claim.task)?;
    let scores = task.samples.iter().filter_map(|sample| of(claim, sample));
    let scores: Vec<_> = scores.collect();
    let samples = scores.len();
    mean(&scores).map(|mean| Found { mean, samples })
}

/// The score of a sample: the mean of its repeats.
fn of(claim: &Claim, sample: &Sample) -> Option<f64> {
    let split = sample.metadata.get("split").and_then(Value::as_str);
    if claim.split.is_some() && claim.split.as_deref() != split {
        return None;
    }
    let answers = sample.answers.iter();
    // An error is no answer here, whatever score the log gives it.
    let answers =
        answers.filter(|answer| answer.model == claim.model && answer.record.error.is_none());
    let scores = answers.filter_map(|answer| {
        let mut scores = answer.record.scores.iter();
        scores.find(|score| score.scorer == claim.scorer)
    });
    mean(&scores.map(|score| score.value).collect::<Vec<_>>())
}

/// The mean of `values`, where there are any.
#[expect(
    clippy::cast_precision_loss,
    reason = "no log has 2^52 samples in memory"
)]
pub(crate) fn mean(values: &[f64]) -> Option<f64> {
    (!values.is_empty()).then(|| values.iter().sum::<f64>() / values.len() as f64)
}
