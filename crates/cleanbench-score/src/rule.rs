//! What every scorer here has in common: an answer in which nothing is visible is not judged.
//!
//! Invariant: a [`Rule`] never sees an empty answer, so "the model said nothing" is counted in the
//! same way by every scorer and is never a match by accident.

use cleanbench_core::score::linear_work;
use cleanbench_core::{Completion, Extraction, Sample, Score, Scorer};

use crate::text::is_blank;

/// The rule of scorers that judge an answer as it is.
pub(crate) const WHOLE: &str = "whole answer";

/// One way to judge the text of an answer. Pure, and linear in the length of the text.
pub(crate) trait Rule: Send + Sync + std::fmt::Debug {
    /// Raised whenever the same input may give another score than before.
    fn version(&self) -> u32;

    /// How many nanoseconds judging `text` may take, see [`Scorer::work`].
    fn work(&self, sample: &Sample, text: &str) -> u64 {
        let _ = sample;
        linear_work(text.len())
    }

    /// What is taken for the answer in `text` before anything is judged, see [`Scorer::read_out`].
    fn read_out(&self, text: &str) -> Option<String> {
        let _ = text;
        None
    }

    /// Whether the sample has what this rule needs; if not, a lowercase fragment that says why.
    fn check_sample(&self, sample: &Sample) -> Result<(), String>;

    /// Judges `text`, in which something is visible, for a sample that passed the check. A sample
    /// that did not pass must not panic either; its score means nothing.
    fn judge(&self, sample: &Sample, text: &str) -> Score;
}

/// A rule as a scorer.
#[derive(Debug)]
pub(crate) struct Ruled<R>(pub(crate) R);

impl<R: Rule> Scorer for Ruled<R> {
    fn version(&self) -> u32 {
        self.0.version()
    }

    fn work(&self, sample: &Sample, completion: &Completion) -> u64 {
        self.0.work(sample, &completion.text)
    }

    fn read_out(&self, completion: &Completion) -> Option<String> {
        self.0.read_out(&completion.text)
    }

    fn check_sample(&self, sample: &Sample) -> Result<(), String> {
        self.0.check_sample(sample)
    }

    fn score(&self, sample: &Sample, completion: &Completion) -> Score {
        if is_blank(&completion.text) {
            return Score::not_extracted("empty completion");
        }
        let score = self.0.judge(sample, &completion.text);
        match score.extraction {
            Extraction::Found(_) if score.rule.is_empty() => score.by(WHOLE),
            _ => score,
        }
    }
}
