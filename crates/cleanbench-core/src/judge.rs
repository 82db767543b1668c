//! Judging an answer: the same for the scorers of a task and for a probe.

use crate::event::RecordedScore;
use crate::probe::ProbeCall;
use crate::score::{INLINE, linear_work};
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
    /// What the score is made of, where the scorer says, see [`crate::Score::parts`].
    pub parts: Vec<(String, f64)>,
}

impl Judge {
    /// Judges `completion` as an answer to `sample`, or to the probe's `call` about it: one judgement for
    /// each scorer, one for a probe, none for a probe without a call.
    ///
    /// # Errors
    /// When a scorer failed itself; what happened. Nothing is known of the answer then.
    pub fn judge(
        &self,
        sample: &Sample,
        call: Option<&ProbeCall>,
        completion: &Completion,
    ) -> Result<Vec<Judgement>, String> {
        match self {
            Self::Scorers(scorers) => scorers
                .iter()
                .map(|scorer| judged_by(&**scorer, sample, completion))
                .collect(),
            Self::Probe(probe) => Ok(call
                .map(|call| judged_by_probe(&**probe, call, completion))
                .into_iter()
                .collect()),
        }
    }

    /// How many nanoseconds [`Judge::judge`] may take, see [`Scorer::work`]; without end where a program judges.
    pub fn work(&self, sample: &Sample, completion: &Completion) -> u64 {
        match self {
            Self::Scorers(scorers) => scorers
                .iter()
                .map(|scorer| {
                    if scorer.repeatable() {
                        scorer.work(sample, completion)
                    } else {
                        u64::MAX
                    }
                })
                .fold(0, u64::saturating_add),
            Self::Probe(_) => linear_work(completion.text.len()).saturating_mul(4),
        }
    }

    /// Whether a limit of the machine may end the scorer at `position`: not one that takes no time.
    pub fn may_be_ended(&self, position: usize, sample: &Sample, completion: &Completion) -> bool {
        match self {
            Self::Scorers(scorers) => scorers
                .get(position)
                .is_some_and(|scorer| scorer.work(sample, completion) > INLINE),
            Self::Probe(_) => false,
        }
    }

    /// The same for a report, which has the `recorded` scores: what cannot be repeated is not tried, and is `None`.
    ///
    /// # Errors
    /// As for [`Judge::judge`].
    pub fn repeat(
        &self,
        sample: &Sample,
        call: Option<&ProbeCall>,
        completion: &Completion,
        recorded: &[RecordedScore],
    ) -> Result<Vec<Option<Judgement>>, String> {
        match self {
            Self::Scorers(scorers) => scorers
                .iter()
                .enumerate()
                .map(|(position, scorer)| {
                    let recorded = recorded.get(position);
                    let again =
                        scorer.repeatable() && recorded.is_none_or(RecordedScore::is_recomputable);
                    again
                        .then(|| judged_by(&**scorer, sample, completion))
                        .transpose()
                })
                .collect(),
            Self::Probe(_) => {
                let judgements = self.judge(sample, call, completion)?;
                Ok(judgements.into_iter().map(Some).collect())
            }
        }
    }

    /// What the first scorer takes for the answer before it judges, see [`Scorer::read_out`].
    pub fn read_out(&self, completion: &Completion) -> Option<String> {
        match self {
            Self::Scorers(scorers) => scorers.first()?.read_out(completion),
            Self::Probe(_) => None,
        }
    }

    /// Whether every judgement can be repeated, see [`Scorer::repeatable`].
    pub fn repeatable(&self) -> bool {
        match self {
            Self::Scorers(scorers) => scorers.iter().all(|scorer| scorer.repeatable()),
            Self::Probe(_) => true,
        }
    }
}

fn judged_by(
    scorer: &dyn Scorer,
    sample: &Sample,
    completion: &Completion,
) -> Result<Judgement, String> {
    let mut score = scorer.score(sample, completion);
    let parts = std::mem::take(&mut score.parts);
    let answer = match &score.extraction {
        Extraction::Found(answer) => Some(answer.clone()),
        Extraction::Failed(_) => None,
        Extraction::Broken(reason) => return Err(reason.clone()),
    };
    Ok(Judgement {
        score: score.into(),
        answer,
        parts,
    })
}

fn judged_by_probe(probe: &dyn Probe, call: &ProbeCall, completion: &Completion) -> Judgement {
    Judgement {
        score: probe.score(call, completion),
        answer: call
            .continuations
            .is_empty()
            .then(|| completion.text.clone()),
        parts: Vec::new(),
    }
}
