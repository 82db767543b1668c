//! Ending a task before all of its samples were asked, because what was asked decides.
//!
//! Invariant: a decision depends on complete batches in the seeded order of the task and on nothing else, so
//! that it is the same whatever the concurrency and however often the run is resumed. No sample of a batch is
//! asked before every earlier batch has ended. Whoever knows more than an earlier writer did, because errors
//! were asked again or shards were put together, may decide sooner than it: what comes before the last sample
//! that was asked is asked all the same, so that what decides is always the beginning of the order.
//!
//! A call that cannot be asked (what is replayed has no answer, or the sample was erased) has ended without a
//! score, like one that was refused; it is missing, and keeps nobody waiting.

use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, Mutex, PoisonError};

use cleanbench_core::event::{Place, Unasked};
use cleanbench_core::history::{CallSpace, CallState, CallTable};
use cleanbench_core::{Event, Outcome};
use tokio::sync::Notify;
use tokio::sync::futures::Notified;

use crate::order::Ordered;

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

/// How a call of a task that may end early has ended.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Scored {
    /// Position of the call.
    pub place: Place,
    /// Its score; `None` where it ended without an answer, or its answer could not be judged.
    pub score: Option<f64>,
}

/// What becomes of a call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Decision {
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
pub(crate) struct EarlyStops {
    space: CallSpace,
    lanes: BTreeMap<LaneKey, Mutex<Lane>>,
    changed: Notify,
}

/// One model at one task.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct LaneKey {
    model: u32,
    task: usize,
}

/// How a call ended.
#[derive(Debug, Clone, Copy)]
enum End {
    /// It has not.
    Open,
    /// With this score, or without one.
    With(Option<f64>),
}

/// The samples of one model at one task.
#[derive(Debug)]
struct Lane {
    stop: EarlyStop,
    /// Place in the order of each sample, by line.
    position: HashMap<u64, usize>,
    /// How the calls ended, in that order.
    ended: Vec<End>,
    /// Samples in that order up to the last one that an earlier writer asked.
    asked: usize,
    /// Batches that have ended and did not decide.
    passed: usize,
    /// How many samples were enough.
    enough: Option<usize>,
    /// Whether a call was left open, so that its batch cannot end.
    is_stuck: bool,
}

impl EarlyStops {
    /// Ready for `stops`, with samples in the order of `calls`, where `table` stands; `scores` are those
    /// of its ended calls, a later one of a call in place of an earlier.
    pub(crate) fn new(
        stops: Vec<EarlyStop>,
        calls: impl Iterator<Item = Ordered>,
        table: &CallTable,
        scores: &[Scored],
    ) -> Self {
        let lanes = stops.into_iter().map(|stop| {
            let (model, task) = (stop.model, stop.task);
            (LaneKey { model, task }, Mutex::new(Lane::new(stop)))
        });
        let mut early = Self {
            space: table.space().clone(),
            lanes: lanes.collect(),
            changed: Notify::new(),
        };
        if early.lanes.is_empty() {
            return early;
        }
        calls.for_each(|call| early.line_up(call, table));
        let state = |place| table.state(place).unwrap_or_default();
        let ended = scores.iter();
        ended
            .filter(|scored| state(scored.place).outcome.is_some())
            .for_each(|scored| early.set(*scored));
        early
    }

    /// Puts the sample of `call` behind those that came before it.
    fn line_up(&mut self, call: Ordered, table: &CallTable) {
        for (key, lane) in &mut self.lanes {
            let place = call.of(key.model);
            if self.space.task_of(place) == Some(key.task) {
                let lane = lane.get_mut().unwrap_or_else(PoisonError::into_inner);
                lane.line_up(place.sample, table.state(place).unwrap_or_default());
            }
        }
    }

    /// Takes note of how a call ended.
    pub(crate) fn note(&self, event: &Event) {
        if let Some(scored) = scored(event) {
            self.set(scored);
        }
    }

    fn set(&self, Scored { place, score }: Scored) {
        let noted = self.with(place, |lane, position| {
            lane.ended[position] = End::With(score);
        });
        if noted.is_some() {
            self.changed.notify_waiters();
        }
    }

    /// Takes note that nobody is at the call at `place` any more, whether it has ended or not.
    pub(crate) fn leave(&self, place: Place) {
        let left = self.with(place, |lane, position| {
            lane.is_stuck |= matches!(lane.ended[position], End::Open);
        });
        if left.is_some() {
            self.changed.notify_waiters();
        }
    }

    /// Resolves when a call has ended or was left. It must be had before [`EarlyStops::decide`] is asked,
    /// so that nothing between the two is missed.
    pub(crate) fn changed(&self) -> Notified<'_> {
        self.changed.notified()
    }

    /// What becomes of the call at `place`.
    pub(crate) fn decide(&self, place: Place) -> Decision {
        let decision = self.with(place, Lane::decide);
        decision.unwrap_or(Decision::Go)
    }

    fn with<T>(&self, place: Place, act: impl FnOnce(&mut Lane, usize) -> T) -> Option<T> {
        if self.lanes.is_empty() || place.batch != 0 {
            return None;
        }
        let (model, task) = (place.model, self.space.task_of(place)?);
        let lane = self.lanes.get(&LaneKey { model, task })?;
        let mut lane = lane.lock().unwrap_or_else(PoisonError::into_inner);
        let position = *lane.position.get(&place.sample)?;
        Some(act(&mut lane, position))
    }
}

/// What `event` says of the score of a call: nothing where it ends none.
pub(crate) fn scored(event: &Event) -> Option<Scored> {
    let (place, score) = match event {
        Event::Judged { place, scores, .. } => (place, scores.first().map(|one| one.value)),
        Event::AttemptEnded {
            place,
            outcome: Some(outcome),
            ..
        } if *outcome != Outcome::Answered => (place, None),
        _ => return None,
    };
    Some(Scored {
        place: *place,
        score,
    })
}

/// Whether a call in `state` was asked, or would have been had it been possible.
fn was_asked(state: CallState) -> bool {
    let is_over = state
        .outcome
        .is_some_and(|outcome| outcome != Outcome::Skipped);
    is_over || state.attempts > 0 || state.unasked == Some(Unasked::CannotBeAsked)
}

impl Lane {
    fn new(stop: EarlyStop) -> Self {
        Self {
            position: HashMap::new(),
            ended: Vec::new(),
            asked: 0,
            passed: 0,
            enough: None,
            is_stuck: false,
            stop,
        }
    }

    /// Takes in the next sample, the one of line `line`.
    fn line_up(&mut self, line: u64, state: CallState) {
        self.position.insert(line, self.ended.len());
        self.ended.push(End::Open);
        if was_asked(state) {
            self.asked = self.ended.len();
        }
    }

    fn decide(&mut self, position: usize) -> Decision {
        let batch = self.stop.batch.max(1);
        while self.enough.is_none() && self.passed < position / batch {
            let end = (self.passed + 1) * batch;
            let Some(scores) = self.scores(end) else {
                return if self.is_stuck {
                    Decision::Never
                } else {
                    Decision::Wait
                };
            };
            if (self.stop.rule)(&scores) {
                self.enough = Some(end);
            } else {
                self.passed += 1;
            }
        }
        match self.enough {
            Some(enough) if position >= enough.max(self.asked) => Decision::Skip,
            _ => Decision::Go,
        }
    }

    /// The scores of the first `end` samples; `None` where one of them has not ended.
    fn scores(&self, end: usize) -> Option<Vec<Option<f64>>> {
        let ended = self.ended[..end].iter().map(|end| match end {
            End::Open => None,
            End::With(score) => Some(*score),
        });
        ended.collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use cleanbench_core::event::RecordedScore;
    use cleanbench_core::{CallId, Digest};

    fn place(sample: u64) -> Place {
        Place::planned(0, sample, 1)
    }

    fn judged(sample: u64, value: f64) -> Event {
        Event::Judged {
            call: CallId([0; 16]),
            place: place(sample),
            scorers: Digest([0; 32]),
            scores: vec![RecordedScore::of(value)],
            error: None,
        }
    }

    fn unasked(sample: u64, unasked: Unasked) -> Event {
        Event::AttemptEnded {
            call: CallId([0; 16]),
            attempt: 0,
            place: place(sample),
            reading: None,
            error: None,
            outcome: Some(Outcome::Skipped),
            unasked: Some(unasked),
        }
    }

    /// Looks after every `batch` samples, and has enough at a sum of `enough`.
    fn stop(batch: usize, enough: f64) -> EarlyStop {
        EarlyStop {
            model: 0,
            task: 0,
            batch,
            rule: Arc::new(move |scores| scores.iter().flatten().sum::<f64>() >= enough),
        }
    }

    fn in_order(lines: impl Iterator<Item = u32>) -> impl Iterator<Item = Ordered> {
        lines.map(|line| Ordered { line, epoch: 1 })
    }

    /// Samples 0, 1, … of one task, in this order, of which `events` are on record.
    fn resumed(stop: EarlyStop, samples: u32, events: &[Event]) -> EarlyStops {
        let mut table = CallTable::new(CallSpace::new(1, [(u64::from(samples), 1)]));
        for event in events {
            table.apply(event).unwrap();
        }
        let scores: Vec<_> = events.iter().filter_map(scored).collect();
        EarlyStops::new(vec![stop], in_order(0..samples), &table, &scores)
    }

    #[test]
    fn a_batch_waits_for_all_before_it_and_a_decision_skips_all_after_it() {
        let table = CallTable::new(CallSpace::new(1, [(9, 1), (5, 1)]));
        // The order of the first task is 8, 7, … 0.
        let calls = in_order((0..9).rev().chain(9..14));
        let early = EarlyStops::new(vec![stop(3, 4.0)], calls, &table, &[]);
        let decide = |sample| early.decide(place(sample));
        assert_eq!([8, 7, 6].map(decide), [Decision::Go; 3]);
        assert_eq!(decide(5), Decision::Wait);
        assert_eq!(decide(9), Decision::Go, "another task");
        for sample in [6, 8] {
            early.note(&judged(sample, 1.0));
        }
        assert_eq!(decide(5), Decision::Wait, "one of the first batch is open");
        early.note(&judged(7, 1.0));
        assert_eq!([5, 4, 3].map(decide), [Decision::Go; 3], "3 are not enough");
        for sample in [3, 4, 5] {
            early.note(&judged(sample, 1.0));
            early.leave(place(sample));
        }
        assert_eq!([2, 1, 0].map(decide), [Decision::Skip; 3], "6 are");
    }

    #[test]
    fn a_call_that_was_left_open_keeps_nobody_waiting() {
        let early = resumed(stop(2, 9.0), 4, &[]);
        early.note(&judged(0, 1.0));
        early.leave(place(0));
        let waits = early.decide(place(2));
        assert_eq!(waits, Decision::Wait, "0 has ended, 1 is under way");
        early.leave(place(1));
        assert_eq!(early.decide(place(2)), Decision::Never);
    }

    #[test]
    fn a_call_that_cannot_be_asked_has_ended_without_a_score() {
        let live = resumed(stop(2, 1.0), 6, &[]);
        for sample in [0, 1] {
            live.note(&unasked(sample, Unasked::CannotBeAsked));
            live.leave(place(sample));
        }
        assert_eq!(
            live.decide(place(2)),
            Decision::Go,
            "missing decides nothing"
        );
        let before = [0, 1].map(|sample| unasked(sample, Unasked::CannotBeAsked));
        let resumed = resumed(stop(2, 1.0), 6, &before);
        assert_eq!(resumed.decide(place(2)), Decision::Go);
    }

    #[test]
    fn nothing_is_skipped_before_what_an_earlier_writer_asked() {
        let refused = |sample| Event::AttemptEnded {
            call: CallId([0; 16]),
            attempt: 1,
            place: place(sample),
            reading: None,
            error: None,
            outcome: Some(Outcome::Refused),
            unasked: None,
        };
        let begun = Event::AttemptStarted {
            call: CallId([0; 16]),
            attempt: 1,
            place: place(6),
            request: None,
            cached: None,
        };
        for (last, asked) in [
            (refused(6), 7),
            (begun, 7),
            (unasked(6, Unasked::CannotBeAsked), 7),
            (unasked(6, Unasked::NotNeeded), 2),
        ] {
            let early = resumed(stop(2, 2.0), 9, std::slice::from_ref(&last));
            for sample in [0, 1] {
                early.note(&judged(sample, 1.0));
            }
            let skipped = (2..9).filter(|sample| early.decide(place(*sample)) == Decision::Skip);
            assert_eq!(
                skipped.collect::<Vec<_>>(),
                (asked..9).collect::<Vec<_>>(),
                "{last:?}"
            );
        }
    }
}
