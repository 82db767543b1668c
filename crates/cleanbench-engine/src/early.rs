//! Ending a task before all of its samples were asked, because what was asked decides.
//!
//! Invariant: a decision depends on complete batches in the seeded order of the task and on nothing else, so
//! that it is the same whatever the concurrency and however often the run is resumed. No sample of a batch is
//! asked before every earlier batch has ended.

use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, Mutex, PoisonError};

use cleanbench_core::event::Place;
use cleanbench_core::history::CallSpace;
use cleanbench_core::{Event, Outcome};
use tokio::sync::Notify;
use tokio::sync::futures::Notified;

/// Whether the first scores of a task decide; `None` stands for a sample without a score.
pub type Rule = Arc<dyn Fn(&[Option<f64>]) -> bool + Send + Sync>;

/// When a task may end early for one model. Its samples are asked once each.
#[derive(Clone)]
pub struct EarlyStop {
    /// Position of the model.
    pub model: u32,
    /// Position of the task.
    pub task: usize,
    /// Samples between two looks; at least 1.
    pub batch: usize,
    /// The rule.
    pub rule: Rule,
}

impl std::fmt::Debug for EarlyStop {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self {
            model, task, batch, ..
        } = self;
        write!(f, "EarlyStop {{ {model}, {task}, every {batch} }}")
    }
}

/// What becomes of a call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Turn {
    /// It may be made.
    Go,
    /// An earlier batch has not ended.
    Wait,
    /// It need not be made.
    Skip,
    /// An earlier batch will not end while this program runs.
    Never,
}

/// All tasks that may end early.
#[derive(Debug, Default)]
pub(crate) struct Early {
    lanes: BTreeMap<(u32, usize), Mutex<Lane>>,
    changed: Notify,
}

/// How a call ended.
#[derive(Debug, Clone, Copy)]
enum End {
    /// It has not.
    Open,
    /// With this score, or without one.
    With(Option<f64>),
}

/// One model at one task.
#[derive(Debug)]
struct Lane {
    stop: EarlyStop,
    /// Place in the order of each sample, by line.
    position: HashMap<u64, usize>,
    /// How the calls ended, in that order.
    ended: Vec<End>,
    /// Batches that have ended and did not decide.
    passed: usize,
    /// How many samples were enough.
    enough: Option<usize>,
    /// Whether a call was left open, so that its batch cannot end.
    is_stuck: bool,
}

impl Early {
    /// Ready for `stops`, with samples in the order of `calls` (line and epoch).
    pub(crate) fn new(
        stops: Vec<EarlyStop>,
        space: &CallSpace,
        calls: impl Iterator<Item = (u32, u32)>,
    ) -> Self {
        let lanes = stops.into_iter().map(|stop| {
            let lane = Lane {
                position: HashMap::new(),
                ended: Vec::new(),
                passed: 0,
                enough: None,
                is_stuck: false,
                stop,
            };
            ((lane.stop.model, lane.stop.task), Mutex::new(lane))
        });
        let mut early = Self {
            lanes: lanes.collect(),
            changed: Notify::new(),
        };
        if early.lanes.is_empty() {
            return early;
        }
        for (line, _) in calls {
            let line = u64::from(line);
            for ((_, task), lane) in &mut early.lanes {
                if space.task_of(line) == Some(*task) {
                    let lane = lane.get_mut().unwrap_or_else(PoisonError::into_inner);
                    lane.position.insert(line, lane.ended.len());
                    lane.ended.push(End::Open);
                }
            }
        }
        early
    }

    /// Takes note of how a call ended.
    pub(crate) fn note(&self, space: &CallSpace, event: &Event) {
        if let Some((place, score)) = score_of(event) {
            self.set(space, place, score);
        }
    }

    /// Takes note of the score of a call that has ended; `None` where it has none.
    pub(crate) fn set(&self, space: &CallSpace, place: Place, score: Option<f64>) {
        let noted = self.with(space, place, |lane, position| {
            lane.ended[position] = End::With(score);
        });
        if noted.is_some() {
            self.changed.notify_waiters();
        }
    }

    /// Takes note that nobody is at the call at `place` any more, whether it has ended or not.
    pub(crate) fn leave(&self, space: &CallSpace, place: Place) {
        let left = self.with(space, place, |lane, position| {
            lane.is_stuck |= matches!(lane.ended[position], End::Open);
        });
        if left.is_some() {
            self.changed.notify_waiters();
        }
    }

    /// Resolves when a call has ended or was left. It must be had before [`Early::turn`] is asked, so that
    /// nothing between the two is missed.
    pub(crate) fn changed(&self) -> Notified<'_> {
        self.changed.notified()
    }

    /// What becomes of the call at `place`.
    pub(crate) fn turn(&self, space: &CallSpace, place: Place) -> Turn {
        let turn = self.with(space, place, Lane::turn);
        turn.unwrap_or(Turn::Go)
    }

    fn with<T>(
        &self,
        space: &CallSpace,
        place: Place,
        act: impl FnOnce(&mut Lane, usize) -> T,
    ) -> Option<T> {
        if self.lanes.is_empty() {
            return None;
        }
        let lane = self
            .lanes
            .get(&(place.model, space.task_of(place.sample)?))?;
        let mut lane = lane.lock().unwrap_or_else(PoisonError::into_inner);
        let position = *lane.position.get(&place.sample)?;
        Some(act(&mut lane, position))
    }
}

/// The score that `event` gives the call that it ends: `None` for an end without an answer, and for an
/// answer that could not be judged. Nothing for an event that ends no call.
pub(crate) fn score_of(event: &Event) -> Option<(Place, Option<f64>)> {
    match event {
        Event::Judged { place, scores, .. } => Some((*place, scores.first().map(|one| one.value))),
        Event::AttemptEnded {
            place,
            outcome: Some(outcome),
            ..
        } if !matches!(outcome, Outcome::Answered | Outcome::Skipped) => Some((*place, None)),
        _ => None,
    }
}

impl Lane {
    fn turn(&mut self, position: usize) -> Turn {
        let batch = self.stop.batch.max(1);
        while self.enough.is_none() && self.passed < position / batch {
            let end = (self.passed + 1) * batch;
            let scores: Option<Vec<_>> = self.ended[..end]
                .iter()
                .map(|end| match end {
                    End::Open => None,
                    End::With(score) => Some(*score),
                })
                .collect();
            let Some(scores) = scores else {
                return if self.is_stuck {
                    Turn::Never
                } else {
                    Turn::Wait
                };
            };
            if (self.stop.rule)(&scores) {
                self.enough = Some(end);
            } else {
                self.passed += 1;
            }
        }
        match self.enough {
            Some(enough) if position >= enough => Turn::Skip,
            _ => Turn::Go,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use cleanbench_core::event::RecordedScore;
    use cleanbench_core::{CallId, Digest};

    fn place(sample: u64) -> Place {
        Place {
            model: 0,
            sample,
            epoch: 1,
        }
    }

    fn judged(sample: u64, value: f64) -> Event {
        Event::Judged {
            call: CallId([0; 16]),
            place: place(sample),
            scorers: Digest([0; 32]),
            scores: vec![RecordedScore {
                value,
                extraction_failure: None,
            }],
            error: None,
        }
    }

    #[test]
    fn a_batch_waits_for_all_before_it_and_a_decision_skips_all_after_it() {
        let space = CallSpace::new(1, [(9, 1), (5, 1)]);
        let stop = EarlyStop {
            model: 0,
            task: 0,
            batch: 3,
            rule: Arc::new(|scores| scores.iter().flatten().sum::<f64>() >= 4.0),
        };
        // The order of the first task is 8, 7, … 0.
        let calls = (0..9)
            .rev()
            .map(|line| (line, 1))
            .chain((9..14).map(|line| (line, 1)));
        let early = Early::new(vec![stop], &space, calls);
        let turn = |sample| early.turn(&space, place(sample));
        assert_eq!([8, 7, 6].map(turn), [Turn::Go; 3]);
        assert_eq!(turn(5), Turn::Wait);
        assert_eq!(turn(9), Turn::Go, "another task");
        for sample in [6, 8] {
            early.note(&space, &judged(sample, 1.0));
        }
        assert_eq!(turn(5), Turn::Wait, "one of the first batch is open");
        early.note(&space, &judged(7, 1.0));
        assert_eq!([5, 4, 3].map(turn), [Turn::Go; 3], "3 are not enough");
        for sample in [3, 4, 5] {
            early.note(&space, &judged(sample, 1.0));
            early.leave(&space, place(sample));
        }
        assert_eq!([2, 1, 0].map(turn), [Turn::Skip; 3], "6 are");
    }

    #[test]
    fn a_call_that_was_left_open_keeps_nobody_waiting() {
        let space = CallSpace::new(1, [(4, 1)]);
        let stop = EarlyStop {
            model: 0,
            task: 0,
            batch: 2,
            rule: Arc::new(|_| false),
        };
        let early = Early::new(vec![stop], &space, (0..4).map(|line| (line, 1)));
        early.note(&space, &judged(0, 1.0));
        assert_eq!(early.turn(&space, place(2)), Turn::Wait);
        early.leave(&space, place(0));
        assert_eq!(
            early.turn(&space, place(2)),
            Turn::Wait,
            "0 has ended, 1 is under way"
        );
        early.leave(&space, place(1));
        assert_eq!(early.turn(&space, place(2)), Turn::Never);
    }
}
