//! Runs of ours in the formats of others.
//!
//! Invariants: a file is a pure function of the run; what a run does not know is left out or called unknown, never
//! made up; an error is no score.

mod every_eval_ever;
mod inspect;
mod left_out;

use cleanbench_core::Digest;

use crate::log::{Imported, Sample, Task};
use crate::stated::mean;

pub use every_eval_ever::every_eval_ever;
pub use inspect::inspect;
pub use left_out::{Absent, has_no_score, left_out};

/// A run to be written in another format.
#[derive(Debug, Clone)]
pub struct Exported {
    /// Its tasks, models and answers; of a task the first scorer comes first.
    pub run: Imported,
    /// Calls that came to no answer and no error.
    pub absent: Vec<Absent>,
    /// Its identity.
    pub id: String,
    /// When it was planned, `YYYY-MM-DDThh:mm:ss.sssZ`.
    pub created: String,
    /// The same in seconds since 1970.
    pub created_seconds: u64,
    /// Name and version of the program.
    pub tool: String,
    /// Digest of the suite.
    pub suite: Digest,
}

/// A file that an export comes to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ExportedFile {
    /// Its name.
    pub name: String,
    /// Its bytes.
    pub bytes: Vec<u8>,
}

/// The epochs of a model at a sample, with the score that the first scorer gave.
fn scored(task: &Task, sample: &Sample, model: usize) -> Vec<f64> {
    let first = task.recorded.first();
    let answers = sample.answers.iter().filter(|answer| answer.model == model);
    let scores = answers.filter_map(|answer| {
        let mut scores = answer.record.scores.iter();
        scores
            .find(|score| Some(&score.scorer) == first)
            .map(|score| score.value)
    });
    scores.collect()
}

/// The scores of the samples of `task` that have one, each the mean of its epochs.
fn sample_scores(task: &Task, model: usize) -> Vec<f64> {
    let each = task.samples.iter();
    each.filter_map(|sample| mean(&scored(task, sample, model)))
        .collect()
}

/// The standard error of the mean of `values`, of two at least.
#[expect(
    clippy::cast_precision_loss,
    reason = "no run has 2^52 samples in memory"
)]
fn standard_error(values: &[f64]) -> Option<f64> {
    let middle = mean(values).filter(|_| values.len() > 1)?;
    let n = values.len() as f64;
    let squares: f64 = values.iter().map(|value| (value - middle).powi(2)).sum();
    Some((squares / (n - 1.0) / n).sqrt())
}
