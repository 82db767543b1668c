//! Answers that were given elsewhere and never recorded by a run, instead of calls.
//!
//! Invariants: a call of a model with such answers is never made; what the source has is on record as not asked
//! for here, is never timed and costs nothing; what it lacks is missing and no failure, and what it has of other models
//! alone was never asked, which is neither.

use std::fmt::Debug;
use std::sync::Arc;

use cleanbench_core::event::Cached;
use cleanbench_core::{CallError, CallErrorKind, Digest, Reply, RunId};
use cleanbench_ledger::replay::SampleName;

use crate::kept::Kept;
use crate::replay::Instead;

/// Where answers are found that were given elsewhere.
pub trait Answers: Send + Sync + Debug {
    /// What stands for the reply of the model at position `model` to the sample `name` in its repeat `epoch` (from
    /// 1); `None` where there is nothing.
    fn find(&self, model: u32, name: SampleName, epoch: u32) -> Option<Reply>;

    /// Whether some model has an answer to the sample `name` in its repeat `epoch`: what one lacks that another has, it
    /// was never asked.
    fn has_any(&self, name: SampleName, epoch: u32) -> bool;
}

/// The answers of one model.
#[derive(Debug, Clone)]
pub struct ModelAnswers {
    /// All answers.
    pub source: Arc<dyn Answers>,
    /// Position of the model in the plan.
    pub model: u32,
    /// The run that takes them.
    pub run: RunId,
    /// When it takes them (RFC 3339).
    pub at: String,
}

impl ModelAnswers {
    /// What the call of the sample `name` in its repeat `epoch` is ended with, whose request is `body`.
    pub(crate) fn look_up(&self, body: &[u8], epoch: u32, name: SampleName) -> Instead {
        match self.source.find(self.model, name, epoch) {
            Some(reply) => {
                let key = Digest::of(
                    "cleanbench/imported-answer/1",
                    &[body, &epoch.to_be_bytes()],
                );
                let cached = Cached {
                    key,
                    run: self.run.clone(),
                    at: self.at.clone(),
                    judged: None,
                };
                Instead::Recorded(Box::new(Kept::new(cached, Some(reply), None)))
            }
            None if self.source.has_any(name, epoch) => Instead::NeverAsked(CallError::new(
                CallErrorKind::NotRecorded,
                "the imported logs put it to other models alone",
            )),
            None => Instead::Nothing(CallError::new(
                CallErrorKind::NotRecorded,
                "the imported log has no answer of this model to this sample",
            )),
        }
    }
}
