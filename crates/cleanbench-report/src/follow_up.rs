//! Which follow-up calls are due, from what is on record and from nothing else.
//!
//! The engine asks it whenever all calls that can be made have been; verification asks it at each record of a
//! batch. Both get the same answer, because it depends on the answers so far alone, whoever gave them and in
//! which order.
//!
//! A later step of a probe is due once every call of the steps before it has ended, those without an answer
//! included. A shard plans the steps that are local, for its own items; whoever goes on with a merged run plans
//! the others. What is due and on record already is not due again. So after a retry, which gives answers to calls
//! that had none, a further batch holds only what has become due by them; what was answered before is never asked
//! anew, and every planned call keeps its row in the tables.
//!
//! A probe that stops once a leak is clear asks a reference model about all items all the same.
//!
//! Order matters: a batch is due by the records before its own, in the order of the chain that holds it.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use cleanbench_core::event::{Place, RecordedScore, StopReason};
use cleanbench_core::history::{Batch, CallTable};
use cleanbench_core::probe::{Arm, ProbeCall, Seen, Step, StepScope};
use cleanbench_core::{Event, Outcome, Purpose, Shard};
use cleanbench_ledger::batches::{DueBatch, DueSample};
use cleanbench_ledger::manifest::ModelPlan;
use cleanbench_ledger::samples::SampleContent;
use cleanbench_ledger::{JournalReader, Manifest, Plan, RunDirectory, SampleRows, Tail, samples};

use crate::contamination::{Items, Unit, units};
use crate::recording::probe_of;
use crate::{Recording, ReportError};

/// Plans the later steps of the probes of a run.
#[derive(Debug)]
pub struct FollowUps {
    recording: Recording,
    items: Items,
}

impl FollowUps {
    /// Ready for `run`, which is planned as `manifest` says; `None` where no probe of its plan has a later step, or
    /// an erased sample leaves open what it would be.
    ///
    /// # Errors
    /// When the run is damaged, or of a version that this one does not know.
    pub fn open(run: &RunDirectory, manifest: &Manifest) -> Result<Option<Self>, ReportError> {
        if !has_later_steps(&manifest.plan) {
            return Ok(None);
        }
        let recording = Recording::open(run.clone())?;
        let items = Items::read(&recording)?;
        Ok((!items.erased).then_some(Self { recording, items }))
    }

    /// The batches that are due now.
    ///
    /// # Errors
    /// When the run is damaged.
    pub fn due(&self) -> Result<Vec<DueBatch>, ReportError> {
        let manifest = &self.recording.manifest;
        let units = self.units();
        let mut standing = Standing::new(&self.recording, &units);
        let mut reader = JournalReader::open(&self.recording.run, manifest, Tail::MayBeTorn)?;
        while let Some((_, record)) = reader.read()? {
            standing.take(&record.event, reader.part())?;
        }
        standing.due(&units, manifest.shard)
    }

    fn units(&self) -> Vec<Unit<'_>> {
        let units = units(&self.recording, &self.items).into_iter();
        let stepwise = units.filter(|unit| unit.probe.later_steps().is_some());
        stepwise.collect()
    }
}

fn has_later_steps(plan: &Plan) -> bool {
    let mut probes = plan.tasks.iter().filter_map(|task| task.probe.as_ref());
    probes.any(|probe| probe_of(probe).is_ok_and(|probe| probe.later_steps().is_some()))
}

/// What is wrong with the batches of `run`, which is planned as `manifest` says: lowercase fragments. Nothing is
/// said of batches that
/// cannot be planned again: of erased samples, or of probes of another version.
///
/// # Errors
/// When the run is damaged.
pub(crate) fn wrong_batches(
    run: &RunDirectory,
    manifest: &Manifest,
    tail: Tail,
) -> Result<Vec<String>, ReportError> {
    let mut wrong = Vec::new();
    let Some(follow_ups) = FollowUps::open(run, manifest)? else {
        return Ok(wrong);
    };
    let recording = &follow_ups.recording;
    let mut units = follow_ups.units();
    units.retain(|unit| recording.judges_alike(unit.place));
    let mut standing = Standing::new(recording, &units);
    let mut reader = JournalReader::open(run, manifest, tail)?;
    let mut stopped = None;
    while let Some((_, record)) = reader.read()? {
        if let Some(batch) = Batch::planned_by(&record.event) {
            wrong.extend(standing.wrong(&units, &batch, reader.part())?);
        }
        if let Event::Stopped { reason, .. } = &record.event {
            stopped = Some((*reason, reader.part()));
        }
        standing.take(&record.event, reader.part())?;
    }
    // Those who put shards together plan nothing; whoever goes on with the run does.
    let last = Some((StopReason::Complete, manifest.shard));
    if stopped == last {
        for due in standing.due(&units, manifest.shard)? {
            let task = &manifest.plan.tasks[due.task as usize].name;
            let calls = due.samples.len();
            wrong.push(format!(
                "{calls} calls of step {} of `{task}` were due and never planned",
                due.step
            ));
        }
    }
    Ok(wrong)
}

/// Where a run stands at some record of its journal.
struct Standing<'a> {
    recording: &'a Recording,
    table: CallTable,
    /// Positions of the tasks whose scores are needed.
    tasks: BTreeSet<usize>,
    scores: HashMap<Place, RecordedScore>,
    /// The calls of later steps, by name of their sample.
    planned: BTreeMap<StepKey, HashMap<String, Place>>,
}

/// A step of a task, put to a model.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct StepKey {
    model: u32,
    task: usize,
    step: u32,
}

impl<'a> Standing<'a> {
    fn new(recording: &'a Recording, units: &[Unit<'_>]) -> Self {
        Self {
            recording,
            table: CallTable::new(recording.manifest.plan.call_space()),
            tasks: units.iter().map(|unit| unit.place).collect(),
            scores: HashMap::new(),
            planned: BTreeMap::new(),
        }
    }

    /// Takes in the next event, which `part` recorded.
    fn take(&mut self, event: &Event, part: Option<Shard>) -> Result<(), ReportError> {
        self.table.narrow(part);
        self.table.apply(event)?;
        if let Some(batch) = Batch::planned_by(event) {
            self.follow(&batch)?;
        }
        if let Event::Judged { place, scores, .. } = event
            && let Some(score) = scores.first()
            && self.is_needed(*place)
        {
            self.scores.insert(*place, score.clone());
        }
        Ok(())
    }

    fn is_needed(&self, place: Place) -> bool {
        let task = self.table.space().task_of(place);
        task.is_some_and(|task| self.tasks.contains(&task))
    }

    fn follow(&mut self, batch: &Batch) -> Result<(), ReportError> {
        let key = StepKey {
            model: batch.model,
            task: batch.task,
            step: batch.step,
        };
        let calls = self.planned.entry(key).or_default();
        let rows = SampleRows::of_batch(&self.recording.run, batch.number)?;
        for (row, place) in rows.zip(batch.places()) {
            calls.insert(row?.id, place);
        }
        Ok(())
    }

    /// What is due of `units` for those who make the calls of `part`.
    fn due(
        &mut self,
        units: &[Unit<'_>],
        part: Option<Shard>,
    ) -> Result<Vec<DueBatch>, ReportError> {
        let models = self.recording.manifest.plan.models.len();
        let mut due = Vec::new();
        for model in 0..u32::try_from(models).unwrap_or(u32::MAX) {
            for unit in units {
                due.extend(self.due_of(unit, model, part)?);
            }
        }
        Ok(due)
    }

    /// What is due of `unit` for one model.
    fn due_of(
        &mut self,
        unit: &Unit<'_>,
        model: u32,
        part: Option<Shard>,
    ) -> Result<Option<DueBatch>, ReportError> {
        self.table.narrow(part);
        let is_local = unit.probe.later_steps() == Some(StepScope::Local);
        if part.is_some() && !is_local {
            return Ok(None);
        }
        // A reference stops nowhere: what it restores of any item is wanted.
        let stops_nowhere = unit.plan.early_stop && self.is_reference(model);
        let first = unit.first.iter();
        let first = first.map(|planned| Place::planned(model, planned.line, 1));
        let mut places: Vec<_> = first.collect();
        let mut step = 1;
        while self.have_ended(&places) {
            let seen = places.iter().map(|place| self.seen(*place));
            let seen: Vec<_> = if stops_nowhere {
                seen.map(|seen| Seen::ended(seen.outcome, None)).collect()
            } else {
                seen.collect()
            };
            let Some(Step::Calls(calls)) = unit.step(&seen) else {
                return Ok(None);
            };
            let samples = calls.into_iter();
            let samples = samples
                .map(|call| sample(unit, call, step))
                .collect::<Result<Vec<_>, _>>()?;
            let key = StepKey {
                model,
                task: unit.place,
                step,
            };
            let (planned, due) = self.divide(key, samples);
            if !due.is_empty() {
                return Ok(Some(batch(unit, key, due)));
            }
            if planned.is_empty() {
                return Ok(None);
            }
            places.extend(planned);
            step += 1;
        }
        Ok(None)
    }

    fn is_reference(&self, model: u32) -> bool {
        let models = &self.recording.manifest.plan.models;
        models
            .get(model as usize)
            .is_some_and(ModelPlan::is_reference)
    }

    /// The places of those of `samples` that are planned already, and those that are due now.
    fn divide(&self, key: StepKey, samples: Vec<DueSample>) -> (Vec<Place>, Vec<DueSample>) {
        let none = HashMap::new();
        let known = self.planned.get(&key).unwrap_or(&none);
        let (mut planned, mut due) = (Vec::new(), Vec::new());
        for sample in samples {
            let first = sample
                .follows
                .map(|line| Place::planned(key.model, line, 1));
            match known.get(&sample.content.sample.id) {
                Some(place) => planned.push(*place),
                None if first.is_some_and(|first| self.table.is_elsewhere(first)) => {}
                None => due.push(sample),
            }
        }
        (planned, due)
    }

    /// Whether all calls at `places` that are made here have ended.
    fn have_ended(&self, places: &[Place]) -> bool {
        let ended = |place: &Place| {
            let state = self.table.state(*place).unwrap_or_default();
            state.outcome.is_some() || self.table.is_elsewhere(*place)
        };
        places.iter().all(ended)
    }

    /// How the call at `place` ended; for those who do not make it, it has not.
    fn seen(&self, place: Place) -> Seen {
        let state = self.table.state(place).unwrap_or_default();
        let outcome = state.outcome.filter(|_| !self.table.is_elsewhere(place));
        let outcome = outcome.unwrap_or(Outcome::Skipped);
        let score = self.scores.get(&place);
        let score = score.filter(|_| outcome == Outcome::Answered).cloned();
        Seen::ended(outcome, score)
    }

    /// What is wrong with `batch`, which `part` records next.
    fn wrong(
        &mut self,
        units: &[Unit<'_>],
        batch: &Batch,
        part: Option<Shard>,
    ) -> Result<Option<String>, ReportError> {
        let Some(unit) = units.iter().find(|unit| unit.place == batch.task) else {
            return Ok(None);
        };
        let due = self.due_of(unit, batch.model, part)?;
        let number = batch.number;
        let Some(due) = due.filter(|due| due.step == batch.step) else {
            return Ok(Some(format!("batch {number} was planned and was not due")));
        };
        let same = due.purpose == batch.purpose && self.holds(batch, &due)?;
        let what = || format!("batch {number} is not what the answers before it give");
        Ok((!same).then(what))
    }

    /// Whether the samples of `batch` on record are those of `due`.
    fn holds(&self, batch: &Batch, due: &DueBatch) -> Result<bool, ReportError> {
        let rows = SampleRows::of_batch(&self.recording.run, batch.number)?;
        let mut expected = due.samples.iter();
        for row in rows {
            let row = row?;
            let content = samples::content(&self.recording.payloads, &row)?;
            let same = expected.next().is_some_and(|due| {
                let is_its = content.is_none_or(|content| content == due.content);
                is_its && row.follows == due.follows && row.id == due.content.sample.id
            });
            if !same {
                return Ok(false);
            }
        }
        Ok(expected.next().is_none())
    }
}

fn batch(unit: &Unit<'_>, key: StepKey, samples: Vec<DueSample>) -> DueBatch {
    DueBatch {
        model: key.model,
        task: u32::try_from(key.task).unwrap_or(u32::MAX),
        step: key.step,
        purpose: Purpose::Probe(unit.plan.id.clone().into()),
        samples,
    }
}

/// A call of step `step` as a sample of its own, named after the one that it follows and its step; about a new item, after
/// that.
fn sample(unit: &Unit<'_>, call: ProbeCall, step: u32) -> Result<DueSample, ReportError> {
    let mut first = unit.first.iter();
    let is_about = |of: &ProbeCall| of.arm == call.arm && of.item == call.item;
    let followed = first.find(|planned| is_about(&planned.call));
    let items = unit.arms.as_ref().map(|arms| match call.arm {
        Arm::Suspect => &arms.suspects,
        Arm::Control => &arms.controls,
    });
    let item = items.and_then(|items| items.get(call.item));
    let is_local = unit.probe.later_steps() == Some(StepScope::Local);
    let Some(item) = item.filter(|_| followed.is_some() || !is_local) else {
        let what = format!("`{}` asks again about what it never asked", unit.name);
        return Err(ReportError::Plan(what));
    };
    let mut sample = item.sample.clone();
    sample.id = match followed {
        Some(followed) => format!("{}#{}", followed.id, step + 1),
        None => call.name(item),
    };
    Ok(DueSample {
        follows: followed.map(|followed| followed.line),
        content: SampleContent {
            messages: call.messages.clone(),
            continuations: call.continuations.clone(),
            sample,
            probe: Some(call),
        },
    })
}
