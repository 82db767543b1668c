//! Folding events into the state of every planned call.
//!
//! A plan has a fixed number of calls in a fixed order (model, sample, epoch), so the state of all of
//! them is a flat table: three bytes a call, however many there are. Calls that were planned from the answers to
//! earlier ones follow behind, batch by batch. Resuming a run and reporting on it both start from this table, so
//! they can never disagree about what has ended.
//!
//! Order matters in one point: the calls of a batch have places from the record on that planned them.

use std::collections::BTreeMap;
use std::fmt;

use crate::event::{Event, Place, Unasked};
use crate::outcome::Outcome;
use crate::{Purpose, Shard};

/// Most repeats of a sample that a plan may have.
pub const MOST_EPOCHS: u32 = 10_000;

/// Calls that were planned from the answers to earlier ones: samples of one task, each put to one model once.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Batch {
    /// Its number, from 1.
    pub number: u32,
    /// Position of the model.
    pub model: u32,
    /// Position of the task.
    pub task: usize,
    /// Position among the steps of the task, from 1.
    pub step: u32,
    /// Why its calls are made.
    pub purpose: Purpose<'static>,
    /// Number of its samples.
    pub samples: u64,
}

impl Batch {
    /// The batch that `event` plans, if it plans one.
    pub fn planned_by(event: &Event) -> Option<Self> {
        match event {
            Event::BatchPlanned {
                batch,
                model,
                task,
                step,
                purpose,
                samples,
                ..
            } => Some(Self {
                number: *batch,
                model: *model,
                task: *task as usize,
                step: *step,
                purpose: purpose.clone(),
                samples: *samples,
            }),
            _ => None,
        }
    }

    /// Its calls, in order.
    pub fn places(&self) -> impl Iterator<Item = Place> + use<> {
        let (number, model) = (self.number, self.model);
        (0..self.samples).map(move |sample| Place::followed(number, model, sample))
    }
}

/// The calls of a plan and of the batches that followed, numbered.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct CallSpace {
    models: u32,
    tasks: Vec<TaskSpan>,
    calls_per_model: u64,
    batches: BTreeMap<u32, BatchSpan>,
    calls: u64,
}

/// The calls of a batch.
#[derive(Debug, Clone, PartialEq, Eq)]
struct BatchSpan {
    batch: Batch,
    first_call: u64,
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
            ..Self::default()
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
        space.calls = space.calls_per_model * u64::from(models);
        space
    }

    /// Puts the calls of `batch` behind all others.
    ///
    /// # Errors
    /// When there is a batch of that number, or its model or task is not in the plan.
    pub fn add(&mut self, batch: Batch) -> Result<(), UnplannedPlace> {
        let known = batch.model < self.models && batch.task < self.tasks.len();
        let is_new = batch.number > 0 && !self.batches.contains_key(&batch.number);
        if !known || !is_new {
            let first = Place::followed(batch.number, batch.model, 0);
            return Err(UnplannedPlace(first));
        }
        let first_call = self.calls;
        let place = Place::followed(batch.number, batch.model, 0);
        let calls = first_call.checked_add(batch.samples);
        self.calls = calls.ok_or(UnplannedPlace(place))?;
        let span = BatchSpan { batch, first_call };
        self.batches.insert(span.batch.number, span);
        Ok(())
    }

    /// The batches, by number.
    pub fn batches(&self) -> impl Iterator<Item = &Batch> {
        self.batches.values().map(|span| &span.batch)
    }

    /// The batch of that number; `None` for the plan.
    pub fn batch(&self, number: u32) -> Option<&Batch> {
        self.batches.get(&number).map(|span| &span.batch)
    }

    /// Number of calls, of the plan and of all batches.
    pub fn calls(&self) -> u64 {
        self.calls
    }

    /// Number of calls of the plan that one model gets.
    pub fn calls_per_model(&self) -> u64 {
        self.calls_per_model
    }

    /// Number of the call at `place`; `None` if there is no such call.
    pub fn index(&self, place: Place) -> Option<usize> {
        if place.batch != 0 {
            let span = self.batches.get(&place.batch)?;
            let is_its = place.model == span.batch.model
                && place.sample < span.batch.samples
                && place.epoch == 1;
            let number = is_its.then_some(span.first_call + place.sample)?;
            return usize::try_from(number).ok();
        }
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
        if place.batch != 0 {
            let span = self.batches.get(&place.batch)?;
            return (place.sample < span.batch.samples).then_some(span.batch.task);
        }
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
        if place.batch != 0 {
            return shard.has_batch(place.batch);
        }
        self.task_of(place)
            .is_some_and(|task| shard.holds(place.sample - self.tasks[task].first_sample))
    }

    /// All calls: those of the plan in plan order, then those of the batches.
    pub fn places(&self) -> impl Iterator<Item = Place> + '_ {
        let of_plan = (0..self.models).flat_map(move |model| self.places_of(model));
        of_plan.chain(self.batches().flat_map(Batch::places))
    }

    /// The calls of the plan of one model, in plan order.
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
pub struct UnplannedPlace(pub Place);

impl fmt::Display for UnplannedPlace {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Place {
            model,
            sample,
            epoch,
            batch,
        } = self.0;
        match batch {
            0 => write!(f, "the plan has no call for"),
            _ => write!(f, "batch {batch} has no place in the run, or no call for"),
        }?;
        write!(f, " model {model}, sample line {sample}, epoch {epoch}")
    }
}

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

    /// How the call of that number ended; `None` while it has not, and of calls that there are not.
    pub fn outcome(&self, call: usize) -> Option<Outcome> {
        outcome_of(self.states.get(call)? & OUTCOME_BITS)
    }

    /// Whether any call of the model at position `model` has been answered.
    pub fn has_answers(&self, model: u32) -> bool {
        let calls = usize::try_from(self.space.calls_per_model()).unwrap_or(usize::MAX);
        let first = usize::try_from(model)
            .unwrap_or(usize::MAX)
            .saturating_mul(calls);
        let mut states = self.states.iter().skip(first).take(calls);
        let answered = |state: &u8| state & OUTCOME_BITS == code(Outcome::Answered);
        let batches = self.space.batches();
        let mut later = batches.filter(|batch| batch.model == model);
        states.any(answered)
            || later.any(|batch| {
                let mut indexes = batch.places().filter_map(|place| self.space.index(place));
                indexes.any(|index| answered(&self.states[index]))
            })
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
                    Some(Unasked::NotNeeded | Unasked::NeverAsked) | None => code(*outcome),
                };
            }
            Event::Judged { place, .. } => {
                let index = self.find(*place)?;
                self.states[index] |= JUDGED_BIT;
            }
            Event::GenerationOpened { generation } => self.reopen(*generation),
            Event::BatchPlanned { .. } => self.follow(event)?,
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

    /// Makes room for the calls that `event` plans.
    fn follow(&mut self, event: &Event) -> Result<(), UnplannedPlace> {
        let Some(batch) = Batch::planned_by(event) else {
            return Ok(());
        };
        let first = Place::followed(batch.number, batch.model, 0);
        if self.is_elsewhere(first) {
            return Err(UnplannedPlace(first));
        }
        self.space.add(batch)?;
        let calls = usize::try_from(self.space.calls()).unwrap_or(usize::MAX);
        self.states.resize(calls, 0);
        self.attempts.resize(calls, 0);
        Ok(())
    }

    /// Opens every call again that ended without an answer.
    fn reopen(&mut self, generation: u32) {
        self.generation = self.generation.max(generation);
        let answered = code(Outcome::Answered);
        let (space, part) = (&self.space, self.part);
        let mine = |place: &Place| part.is_none_or(|part| space.is_in(part, *place));
        for index in space
            .places()
            .filter(mine)
            .filter_map(|place| space.index(place))
        {
            if self.states[index] & OUTCOME_BITS != answered {
                self.states[index] = 0;
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

    fn batch(number: u32, model: u32, samples: u64) -> Event {
        Event::BatchPlanned {
            batch: number,
            model,
            task: 1,
            step: 1,
            purpose: Purpose::Task,
            samples,
            file: crate::Digest([0; 32]),
            root: crate::Digest([0; 32]),
            generation: 0,
        }
    }

    #[test]
    fn batches_follow_the_plan_and_each_other() {
        let mut table = CallTable::new(CallSpace::new(2, [(2, 2), (1, 1)]));
        let of_batch = |number, sample| Place::followed(number, 1, sample);
        assert!(
            table
                .apply(&ended(of_batch(2, 0), Some(Outcome::Answered)))
                .is_err()
        );
        for event in [batch(2, 1, 3), batch(1, 1, 2)] {
            table.apply(&event).unwrap();
        }
        for wrong in [batch(2, 1, 1), batch(0, 1, 1), batch(3, 2, 1)] {
            assert!(table.apply(&wrong).is_err(), "{wrong:?}");
        }
        let space = table.space();
        assert_eq!(space.calls(), 15);
        let mut numbers: Vec<_> = space
            .places()
            .map(|place| space.index(place).unwrap())
            .collect();
        numbers.sort_unstable();
        assert_eq!(numbers, (0..15).collect::<Vec<_>>());
        assert_eq!(space.task_of(of_batch(2, 2)), Some(1));
        for none in [of_batch(2, 3), Place::followed(2, 0, 0), of_batch(7, 0)] {
            assert_eq!(space.index(none), None);
        }
        let refused = ended(of_batch(2, 2), Some(Outcome::Refused));
        table.apply(&refused).unwrap();
        assert_eq!(table.state(of_batch(1, 0)).unwrap().outcome, None);
        assert!(table.state(of_batch(2, 2)).unwrap().outcome.is_some());
        table
            .apply(&Event::GenerationOpened { generation: 1 })
            .unwrap();
        assert_eq!(table.state(of_batch(2, 2)).unwrap().outcome, None);
        table.narrow(Shard::new(1, 2));
        assert!(table.apply(&batch(2001, 1, 1)).is_err(), "of another shard");
        table.apply(&batch(1001, 1, 1)).unwrap();
        assert!(!table.is_elsewhere(of_batch(1001, 0)) && table.is_elsewhere(of_batch(1, 0)));
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
