//! Samples that do not come out the same each time, by what is to blame.
//!
//! Three things are kept apart, because a different person mends each: the *model* varies (the repeats of a
//! sample, which differ in their seed alone, get different scores), the *infrastructure* failed (an
//! attempt ended in an error and a later one was answered), the *scorer* judges differently (a replayed
//! answer, the same bytes, gets another score than in the run that it is of: its scorers cannot be
//! repeated, or they or the target were changed since).
//!
//! Invariant: a sample stands at most once under each kind. In memory are the flaky samples alone.

use std::collections::BTreeMap;

use cleanbench_core::Outcome;
use cleanbench_core::event::JudgedBefore;
use cleanbench_ledger::Plan;

use crate::rows::Row;

/// What is to blame.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FlakeKind {
    /// The repeats of the sample have different scores.
    Model,
    /// An attempt failed, and a later one of the same call was answered.
    Infrastructure,
    /// The same answer was judged differently before.
    Scorer,
}

impl FlakeKind {
    /// The word used in tables.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Model => "model",
            Self::Infrastructure => "infrastructure",
            Self::Scorer => "scorer",
        }
    }
}

/// A flaky sample of a model.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Flake {
    /// Position of the model.
    pub model: usize,
    /// Position of the task.
    pub task: usize,
    /// Identity of the sample.
    pub sample: String,
    /// What is to blame.
    pub kind: FlakeKind,
    /// What was seen.
    pub detail: String,
}

/// Number of flaky samples of a model at a task, by kind. Counts of this run, which estimate nothing.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct FlakeCounts {
    /// By the model.
    pub model: u64,
    /// By the infrastructure.
    pub infrastructure: u64,
    /// By the scorer.
    pub scorer: u64,
}

impl FlakeCounts {
    /// Counts one more of `kind`.
    pub(crate) fn count(&mut self, kind: FlakeKind) {
        match kind {
            FlakeKind::Model => self.model += 1,
            FlakeKind::Infrastructure => self.infrastructure += 1,
            FlakeKind::Scorer => self.scorer += 1,
        }
    }
}

/// Gathers the rows of each sample, which must come in plan order.
#[derive(Debug, Default)]
pub(crate) struct FlakeGatherer {
    flakes: Vec<Flake>,
    open: Option<OpenSample>,
}

/// A sample while its epochs come.
#[derive(Debug)]
struct OpenSample {
    model: usize,
    task: usize,
    line: u64,
    batch: u32,
    sample: String,
    scores: Vec<f64>,
    /// Epochs that were answered after failed attempts, with their number.
    failed: Vec<(u32, u8)>,
    /// Epochs whose answer has another score than before.
    rejudged: Vec<(u32, JudgedBefore, f64, bool)>,
}

impl FlakeGatherer {
    /// Takes in the next row of `plan`.
    pub(crate) fn add(&mut self, plan: &Plan, row: &Row) {
        let model = row.place.model as usize;
        let other = |open: &OpenSample| {
            open.model != model || open.line != row.place.sample || open.batch != row.place.batch
        };
        if self.open.as_ref().is_none_or(other) {
            self.close();
            self.open = Some(OpenSample {
                model,
                task: row.task,
                line: row.place.sample,
                batch: row.place.batch,
                sample: row.sample.clone(),
                scores: Vec::new(),
                failed: Vec::new(),
                rejudged: Vec::new(),
            });
        }
        if let Some(open) = &mut self.open {
            open.add(row, plan);
        }
    }

    fn close(&mut self) {
        let Some(open) = self.open.take() else { return };
        let found = [
            (FlakeKind::Model, open.variance()),
            (FlakeKind::Infrastructure, open.failures()),
            (FlakeKind::Scorer, open.rejudgements()),
        ];
        for (kind, detail) in found {
            self.flakes.extend(detail.map(|detail| Flake {
                model: open.model,
                task: open.task,
                sample: open.sample.clone(),
                kind,
                detail,
            }));
        }
    }

    /// All flakes, in plan order.
    pub(crate) fn finish(mut self) -> Vec<Flake> {
        self.close();
        self.flakes
    }
}

impl OpenSample {
    fn add(&mut self, row: &Row, plan: &Plan) {
        let score = row.scores.first().map(|score| score.value);
        self.scores.extend(score);
        if row.outcome == Some(Outcome::Answered) && row.failed_attempts > 0 {
            self.failed.push((row.place.epoch, row.failed_attempts));
        }
        if let (Some(before), Some(now)) = (&row.judged_before, score)
            && before.value.total_cmp(&now).is_ne()
        {
            let alike = before.scorers == plan.tasks[row.task].scorers_digest;
            self.rejudged
                .push((row.place.epoch, before.clone(), now, alike));
        }
    }

    /// How the scores of the epochs differ.
    fn variance(&self) -> Option<String> {
        let mut counts: Vec<(f64, usize)> = Vec::new();
        let mut scores = self.scores.clone();
        scores.sort_by(f64::total_cmp);
        for score in scores {
            match counts.last_mut() {
                Some((last, count)) if last.total_cmp(&score).is_eq() => *count += 1,
                _ => counts.push((score, 1)),
            }
        }
        let n = self.scores.len();
        let parts = counts
            .iter()
            .map(|(score, count)| format!("score {score} in {count} of {n} epochs"));
        (counts.len() > 1).then(|| joined(parts))
    }

    /// Which epochs were answered after failures.
    fn failures(&self) -> Option<String> {
        let parts = self.failed.iter().map(|(epoch, failed)| {
            format!("epoch {epoch} was answered after {failed} failed attempts")
        });
        (!self.failed.is_empty()).then(|| joined(parts))
    }

    /// Which epochs were judged differently.
    fn rejudgements(&self) -> Option<String> {
        let parts = self.rejudged.iter().map(|(epoch, before, now, alike)| {
            let by = if *alike {
                "the same scorers"
            } else {
                "other scorers"
            };
            format!(
                "epoch {epoch} scored {} before and {now} now, by {by}",
                before.value
            )
        });
        (!self.rejudged.is_empty()).then(|| joined(parts))
    }
}

/// Most epochs that are listed for a sample.
const MOST: usize = 20;

fn joined(parts: impl Iterator<Item = String>) -> String {
    let mut parts: Vec<_> = parts.collect();
    if parts.len() > MOST {
        let more = parts.len() - MOST;
        parts.truncate(MOST);
        parts.push(format!("and {more} more"));
    }
    parts.join("; ")
}

/// Calls that were skipped, by the reason on record.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Skipped(pub BTreeMap<String, SkippedCalls>);

/// Calls that were skipped for one reason.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct SkippedCalls {
    /// How many.
    pub n: u64,
    /// The first of them as `task:sample`; at most [`SHOWN`].
    pub first: Vec<String>,
}

/// Skipped calls that are named one by one.
pub const SHOWN: usize = 10;

impl Skipped {
    /// Takes in the next row of `plan`.
    pub(crate) fn add(&mut self, plan: &Plan, row: &Row) {
        if let (Some(Outcome::Skipped), Some(reason)) = (row.outcome, &row.error) {
            let calls = self.0.entry(reason.clone()).or_default();
            calls.n += 1;
            let name = format!("{}:{}", plan.tasks[row.task].name, row.sample);
            if calls.first.len() < SHOWN && calls.first.last() != Some(&name) {
                calls.first.push(name);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use cleanbench_core::Digest;

    use super::*;

    fn sample(scores: &[f64]) -> OpenSample {
        OpenSample {
            model: 0,
            task: 0,
            line: 0,
            batch: 0,
            sample: "s".to_owned(),
            scores: scores.to_vec(),
            failed: Vec::new(),
            rejudged: Vec::new(),
        }
    }

    #[test]
    fn epochs_that_agree_are_no_flake() {
        assert_eq!(sample(&[1.0, 1.0]).variance(), None);
        assert_eq!(sample(&[0.5]).variance(), None);
        assert_eq!(sample(&[]).variance(), None);
        assert_eq!(
            sample(&[1.0, 0.0, 1.0]).variance().unwrap(),
            "score 0 in 1 of 3 epochs; score 1 in 2 of 3 epochs"
        );
    }

    #[test]
    fn each_kind_says_what_was_seen() {
        let mut flaky = sample(&[1.0]);
        assert_eq!((flaky.failures(), flaky.rejudgements()), (None, None));
        flaky.failed.push((2, 3));
        let before = JudgedBefore {
            scorers: Digest([0; 32]),
            value: 0.0,
        };
        flaky.rejudged.push((1, before, 1.0, true));
        assert_eq!(
            flaky.failures().unwrap(),
            "epoch 2 was answered after 3 failed attempts"
        );
        assert_eq!(
            flaky.rejudgements().unwrap(),
            "epoch 1 scored 0 before and 1 now, by the same scorers"
        );
    }

    #[test]
    fn a_long_list_is_cut() {
        let text = joined((0..25).map(|number| number.to_string()));
        assert!(text.ends_with("19; and 5 more"), "{text}");
    }
}
