//! Folding events into the state of every planned call.
//!
//! A plan has a fixed number of calls in a fixed order (model, sample, epoch), so the state of all of
//! them is a flat table: three bytes a call, however many there are. Resuming a run and reporting on
//! it both start from this table, so they can never disagree about what has ended.

use crate::Shard;
use crate::event::{Event, Outcome, Place, Unasked};

/// Most repeats of a sample that a plan may have.
pub const MOST_EPOCHS: u32 = 10_000;

/// The calls of a plan, numbered.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct CallSpace {
    models: u32,
    tasks: Vec<TaskSpan>,
    calls_per_model: u64,
}

/// The samples of one task within `samples.jsonl`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct TaskSpan {
    first_sample: u64,
    samples: u64,
    epochs: u32,
    first_call: u64,
}

impl CallSpace {
    /// The calls of `models` models over tasks of (samples, epochs) each, in plan order.
    pub fn new(models: u32, tasks: impl IntoIterator<Item = (u64, u32)>) -> Self {
        let mut space = Self {
            models,
            tasks: Vec::new(),
            calls_per_model: 0,
        };
        let mut first_sample = 0;
        for (samples, epochs) in tasks {
            space.tasks.push(TaskSpan {
                first_sample,
                samples,
                epochs,
                first_call: space.calls_per_model,
            });
            first_sample += samples;
            space.calls_per_model += samples * u64::from(epochs);
        }
        space
    }

    /// Number of calls of the whole plan.
    pub fn calls(&self) -> u64 {
        self.calls_per_model * u64::from(self.models)
    }

    /// Number of calls that one model gets.
    pub fn calls_per_model(&self) -> u64 {
        self.calls_per_model
    }

    /// Number of the call at `place`; `None` if the plan has no such call.
    pub fn index(&self, place: Place) -> Option<usize> {
        let span = &self.tasks[self.task_of(place)?];
        if place.model >= self.models || place.epoch == 0 || place.epoch > span.epochs {
            return None;
        }
        let within = (place.sample - span.first_sample) * u64::from(span.epochs)
            + u64::from(place.epoch - 1);
        usize::try_from(u64::from(place.model) * self.calls_per_model + span.first_call + within)
            .ok()
    }

    /// Position of the task that the call at `place` belongs to.
    pub fn task_of(&self, place: Place) -> Option<usize> {
        let sample = place.sample;
        let task = self
            .tasks
            .partition_point(|span| span.first_sample <= sample)
            .checked_sub(1)?;
        // Tasks without samples share their first line with the next task; the last one that starts
        // at or before the sample is the one that holds it.
        (sample < self.tasks[task].first_sample + self.tasks[task].samples).then_some(task)
    }

    /// Whether the call at `place` belongs to `shard`.
    pub fn is_in(&self, shard: Shard, place: Place) -> bool {
        self.task_of(place)
            .is_some_and(|task| shard.holds(place.sample - self.tasks[task].first_sample))
    }

    /// All calls in plan order.
    pub fn places(&self) -> impl Iterator<Item = Place> + '_ {
        (0..self.models).flat_map(move |model| self.places_of(model))
    }

    /// The calls of one model in plan order.
    pub fn places_of(&self, model: u32) -> impl Iterator<Item = Place> + '_ {
        self.tasks.iter().flat_map(move |span| {
            let epochs = span.epochs;
            (span.first_sample..span.first_sample + span.samples).flat_map(move |sample| {
                (1..=epochs).map(move |epoch| Place::planned(model, sample, epoch))
            })
        })
    }
}

/// State of one call.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct CallState {
    /// How it ended; `None` while it has not.
    pub outcome: Option<Outcome>,
    /// Why nobody was asked, where that is on record.
    pub unasked: Option<Unasked>,
    /// Whether its answer has been judged.
    pub judged: bool,
    /// Attempts started so far.
    pub attempts: u16,
}

/// An event that the plan has no place for.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the plan has no call for model {}, sample line {}, epoch {}", .0.model, .0.sample, .0.epoch)]
pub struct UnplannedPlace(pub Place);

/// The state of every call of a plan.
#[derive(Debug, Clone)]
pub struct CallTable {
    space: CallSpace,
    states: Vec<u8>,
    attempts: Vec<u16>,
    generation: u32,
    part: Option<Shard>,
}

/// Code of a call that was skipped because it could not be asked. One that was skipped for another reason,
/// or for one that is not on record, has the code of its outcome.
const CANNOT_BE_ASKED: u8 = 7;
const OUTCOME_BITS: u8 = 0b0111;
const JUDGED_BIT: u8 = 0b1000;

impl CallTable {
    /// A table in which no call has been made.
    pub fn new(space: CallSpace) -> Self {
        let calls = usize::try_from(space.calls()).unwrap_or(usize::MAX);
        Self {
            space,
            states: vec![0; calls],
            attempts: vec![0; calls],
            generation: 0,
            part: None,
        }
    }

    /// Narrows the table to the calls of `part`; `None` widens it to all of them. Events of a shard
    /// change calls of that shard alone.
    pub fn narrow(&mut self, part: Option<Shard>) {
        self.part = part;
    }

    /// Whether the call at `place` is made by another shard than the one that the table is narrowed to.
    pub fn is_elsewhere(&self, place: Place) -> bool {
        self.part.is_some_and(|part| !self.space.is_in(part, place))
    }

    /// The numbering.
    pub fn space(&self) -> &CallSpace {
        &self.space
    }

    /// Number of times that unanswered calls have been opened again.
    pub fn generation(&self) -> u32 {
        self.generation
    }

    /// State of the call at `place`, if the plan has it.
    pub fn state(&self, place: Place) -> Option<CallState> {
        let index = self.space.index(place)?;
        let byte = *self.states.get(index)?;
        let ended = byte & OUTCOME_BITS;
        let cannot = ended == CANNOT_BE_ASKED;
        Some(CallState {
            outcome: outcome_of(ended),
            unasked: cannot.then_some(Unasked::CannotBeAsked),
            judged: byte & JUDGED_BIT != 0,
            attempts: self.attempts[index],
        })
    }

    /// Whether any call of the model at position `model` has been answered.
    pub fn has_answers(&self, model: u32) -> bool {
        let calls = usize::try_from(self.space.calls_per_model()).unwrap_or(usize::MAX);
        let first = usize::try_from(model)
            .unwrap_or(usize::MAX)
            .saturating_mul(calls);
        let states = self.states.iter().skip(first).take(calls);
        states
            .into_iter()
            .any(|state| state & OUTCOME_BITS == code(Outcome::Answered))
    }

    /// Takes in one event.
    ///
    /// # Errors
    /// When the event names a call that the plan does not have.
    pub fn apply(&mut self, event: &Event) -> Result<(), UnplannedPlace> {
        match event {
            Event::AttemptStarted { place, attempt, .. } => {
                let index = self.find(*place)?;
                self.attempts[index] = u16::try_from(*attempt).unwrap_or(u16::MAX);
            }
            Event::AttemptEnded {
                place,
                outcome: Some(outcome),
                unasked,
                ..
            } => {
                let index = self.find(*place)?;
                self.states[index] = match unasked {
                    Some(Unasked::CannotBeAsked) => CANNOT_BE_ASKED,
                    Some(Unasked::NotNeeded) | None => code(*outcome),
                };
            }
            Event::Judged { place, .. } => {
                let index = self.find(*place)?;
                self.states[index] |= JUDGED_BIT;
            }
            Event::GenerationOpened { generation } => self.reopen(*generation),
            Event::AttemptEnded { outcome: None, .. }
            | Event::AttemptUnknown { .. }
            | Event::ReplyReceived { .. }
            | Event::SegmentOpened { .. }
            | Event::Planned { .. }
            | Event::InputAdded { .. }
            | Event::Erased { .. }
            | Event::Stopped { .. } => {}
        }
        Ok(())
    }

    /// Opens every call again that ended without an answer.
    fn reopen(&mut self, generation: u32) {
        self.generation = self.generation.max(generation);
        let answered = code(Outcome::Answered);
        let (space, part) = (&self.space, self.part);
        for (state, place) in self.states.iter_mut().zip(space.places()) {
            let mine = part.is_none_or(|part| space.is_in(part, place));
            if mine && *state & OUTCOME_BITS != answered {
                *state = 0;
            }
        }
    }

    fn find(&self, place: Place) -> Result<usize, UnplannedPlace> {
        let index = self.space.index(place);
        index
            .filter(|_| !self.is_elsewhere(place))
            .ok_or(UnplannedPlace(place))
    }
}

/// The outcome of a call with the code `ended`; `None` for the code of an open one.
fn outcome_of(ended: u8) -> Option<Outcome> {
    if ended == CANNOT_BE_ASKED {
        return Some(Unasked::CannotBeAsked.outcome());
    }
    Outcome::ALL.into_iter().find(|one| code(*one) == ended)
}

fn code(outcome: Outcome) -> u8 {
    match outcome {
        Outcome::Answered => 1,
        Outcome::Refused => 2,
        Outcome::Censored => 3,
        Outcome::Unsupported => 4,
        Outcome::Exhausted => 5,
        Outcome::Skipped => 6,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::CallId;

    fn ended(place: Place, outcome: Option<Outcome>) -> Event {
        Event::AttemptEnded {
            call: CallId([0; 16]),
            attempt: 1,
            place,
            reading: None,
            error: None,
            outcome,
            unasked: None,
        }
    }

    fn at(model: u32, sample: u64) -> Place {
        Place::planned(model, sample, 1)
    }

    #[test]
    fn places_are_numbered_in_plan_order() {
        let space = CallSpace::new(2, [(2, 3), (0, 1), (1, 1)]);
        assert_eq!(space.calls(), 14);
        let numbers: Vec<_> = space
            .places()
            .map(|place| space.index(place).unwrap())
            .collect();
        assert_eq!(numbers, (0..14).collect::<Vec<_>>());
        let tasks = [0, 2, 3].map(|sample| space.task_of(at(0, sample)));
        assert_eq!(tasks, [Some(0), Some(2), None]);
        for wrong in [
            at(2, 0),
            at(0, 3),
            Place::planned(0, 2, 2),
            Place::planned(0, 0, 0),
        ] {
            assert_eq!(space.index(wrong), None);
        }
    }

    #[test]
    fn every_outcome_survives_its_code() {
        let mut table = CallTable::new(CallSpace::new(1, [(7, 1)]));
        for (sample, outcome) in (0..).zip(Outcome::ALL) {
            table.apply(&ended(at(0, sample), Some(outcome))).unwrap();
            let state = table.state(at(0, sample)).unwrap();
            assert_eq!((state.outcome, state.unasked), (Some(outcome), None));
        }
        let mut event = ended(at(0, 6), Some(Outcome::Skipped));
        let Event::AttemptEnded { unasked, .. } = &mut event else {
            unreachable!("it was made one")
        };
        *unasked = Some(Unasked::CannotBeAsked);
        table.apply(&event).unwrap();
        let state = table.state(at(0, 6)).unwrap();
        assert_eq!(state.outcome, Some(Outcome::Skipped));
        assert_eq!(state.unasked, Some(Unasked::CannotBeAsked));
    }

    #[test]
    fn a_new_generation_keeps_only_answers() {
        let mut table = CallTable::new(CallSpace::new(1, [(3, 1)]));
        let place = |sample| at(0, sample);
        table
            .apply(&ended(place(0), Some(Outcome::Answered)))
            .unwrap();
        table
            .apply(&ended(place(1), Some(Outcome::Exhausted)))
            .unwrap();
        table.apply(&ended(place(2), None)).unwrap();
        assert_eq!(
            table.state(place(1)).unwrap().outcome,
            Some(Outcome::Exhausted)
        );
        assert_eq!(table.state(place(2)).unwrap().outcome, None);
        assert!(table.has_answers(0) && !table.has_answers(1));
        table
            .apply(&Event::GenerationOpened { generation: 1 })
            .unwrap();
        assert_eq!(
            table.state(place(0)).unwrap().outcome,
            Some(Outcome::Answered)
        );
        assert_eq!(table.state(place(1)).unwrap().outcome, None);
        assert!(
            table.apply(&ended(place(3), None)).is_ok(),
            "no outcome, nothing to place"
        );
        assert!(
            table
                .apply(&ended(place(3), Some(Outcome::Answered)))
                .is_err()
        );
    }

    #[test]
    fn a_shard_touches_its_own_calls_alone() {
        let mut table = CallTable::new(CallSpace::new(2, [(3, 1), (2, 2)]));
        let place = |sample| at(1, sample);
        for sample in 0..5 {
            let refused = ended(place(sample), Some(Outcome::Refused));
            table.apply(&refused).unwrap();
        }
        table.narrow(Shard::new(2, 2));
        let elsewhere =
            |table: &CallTable| [0, 1, 2, 3, 4].map(|one| table.is_elsewhere(place(one)));
        assert_eq!(elsewhere(&table), [true, false, true, true, false]);
        assert!(
            table
                .apply(&ended(place(0), Some(Outcome::Answered)))
                .is_err()
        );
        table
            .apply(&Event::GenerationOpened { generation: 1 })
            .unwrap();
        let open = |sample| table.state(place(sample)).unwrap().outcome.is_none();
        assert_eq!([0, 1, 2, 3, 4].map(open), [false, true, false, false, true]);
        table.narrow(None);
        assert_eq!(elsewhere(&table), [false; 5]);
    }
}
