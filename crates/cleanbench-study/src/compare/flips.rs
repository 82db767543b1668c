//! Samples that scored otherwise, with both answers.

use cleanbench_core::Reducer;
use serde::Serialize;

use super::ItemPair;
use cleanbench_items::{Both, Filling};

/// A sample that scored otherwise.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Flip {
    /// Name of its task.
    pub task: String,
    /// Its id, as a table cell.
    pub sample: String,
    /// Keyed digest of what the models saw.
    pub input_digest: String,
    /// Score of the baseline.
    pub base_score: f64,
    /// Score of the candidate.
    pub candidate_score: f64,
    /// What was read out of the baseline's answer, as a table cell.
    pub base_answer: String,
    /// What was read out of the candidate's answer, as a table cell.
    pub candidate_answer: String,
}

impl Flip {
    /// Whether the candidate lost the sample.
    pub fn is_lost(&self) -> bool {
        self.candidate_score < self.base_score
    }

    /// `lost` or `gained`, from the candidate's side.
    pub fn direction(&self) -> &'static str {
        if self.is_lost() { "lost" } else { "gained" }
    }
}

/// The pairs with an answer on both sides that scored otherwise, in order.
pub(super) fn of_task(task: &str, pairs: &[ItemPair<'_>], reducer: Reducer) -> Vec<Flip> {
    let flip = |Both { base, candidate }: &ItemPair<'_>| {
        let base_score = base.score(reducer, Filling::LeftOut)?;
        let candidate_score = candidate.score(reducer, Filling::LeftOut)?;
        ((base_score - candidate_score).abs() > 0.0).then(|| Flip {
            task: task.to_owned(),
            sample: base.identity.id.to_string(),
            input_digest: base.identity.input_digest.to_string(),
            base_score,
            candidate_score,
            base_answer: base.answer().to_owned(),
            candidate_answer: candidate.answer().to_owned(),
        })
    };
    pairs.iter().filter_map(flip).collect()
}
