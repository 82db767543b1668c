//! Judging an answer: the same for the scorers of a task and for a probe.

use crate::event::RecordedScore;
use crate::probe::ProbeCall;
use crate::{Completion, Extraction, Probe, Sample, Scorer};

/// What judges the answers of one task or probe.
#[derive(Debug)]
pub enum Judge {
    /// The scorers of a task, in order.
    Scorers(Vec<Box<dyn Scorer>>),
    /// A contamination probe.
    Probe(Box<dyn Probe>),
}

/// One judgement.
#[derive(Debug, Clone, PartialEq)]
pub struct Judgement {
    /// What is recorded.
    pub score: RecordedScore,
    /// What was taken for the answer; `None` where nothing could be read out.
    pub answer: Option<String>,
}

impl Judge {
    /// Judges `completion` as an answer to `sample`, or to the probe's `call` about it: one judgement for
    /// each scorer, one for a probe, none for a probe without a call.
    pub fn judge(
        &self,
        sample: &Sample,
        call: Option<&ProbeCall>,
        completion: &Completion,
    ) -> Vec<Judgement> {
        match self {
            Self::Scorers(scorers) => scorers
                .iter()
                .map(|scorer| {
                    let score = scorer.score(sample, completion);
                    let answer = match &score.extraction {
                        Extraction::Found(answer) => Some(answer.clone()),
                        Extraction::Failed(_) => None,
                    };
                    Judgement {
                        score: score.into(),
                        answer,
                    }
                })
                .collect(),
            Self::Probe(probe) => call
                .map(|call| Judgement {
                    score: probe.score(call, completion),
                    answer: call
                        .continuations
                        .is_empty()
                        .then(|| completion.text.clone()),
                })
                .into_iter()
                .collect(),
        }
    }
}
