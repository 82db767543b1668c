//! The calls that are to be made, in order, and the samples that they are about.
//!
//! In memory are twenty bytes for each sample, its place in the files and in the order, and eight more where
//! names are asked for.

use std::collections::BTreeMap;
use std::ops::Range;
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};

use cleanbench_core::event::Place;
use cleanbench_core::history::{Batch, CallTable};
use cleanbench_ledger::manifest::TaskPlan;
use cleanbench_ledger::samples::{SampleContent, SampleIndex, SampleLines};
use cleanbench_ledger::{LedgerError, PayloadReader, Plan, RunDirectory, Turns as TaskTurns};

use crate::error::EngineError;
use crate::order::{Order, Ordered, Turns};

/// The calls in the order in which they are made: those of the plan first, then batch by batch.
#[derive(Debug)]
pub(crate) struct CallOrder {
    legs: Vec<Leg>,
}

/// The calls of the plan, or of a batch.
#[derive(Debug)]
struct Leg {
    /// `None` for the plan.
    batch: Option<Batch>,
    order: Order,
    samples: Samples,
}

impl CallOrder {
    /// The calls of `plan` and of `batches` on the samples of `run`; those of the plan are at the places in
    /// `index` if that is known.
    pub(crate) fn open<'a>(
        run: &RunDirectory,
        plan: &Plan,
        index: Option<SampleIndex>,
        batches: impl Iterator<Item = &'a Batch>,
    ) -> Result<Self, EngineError> {
        let later = Self::of_batches(run, plan, batches)?;
        let mut legs = vec![Leg::of_plan(run, plan, index)?];
        legs.extend(later.legs);
        Ok(Self { legs })
    }

    /// The calls of `batches` alone.
    pub(crate) fn of_batches<'a>(
        run: &RunDirectory,
        plan: &Plan,
        batches: impl Iterator<Item = &'a Batch>,
    ) -> Result<Self, EngineError> {
        let legs = batches.map(|batch| Leg::of_batch(run, plan, batch));
        Ok(Self {
            legs: legs.collect::<Result<_, _>>()?,
        })
    }

    fn leg(&self, batch: u32) -> Option<&Leg> {
        let mut legs = self.legs.iter();
        legs.find(|leg| leg.number() == batch)
    }

    /// The batch that planned the call at `place`; `None` for the plan.
    pub(crate) fn batch(&self, place: Place) -> Option<&Batch> {
        self.leg(place.batch)?.batch.as_ref()
    }

    /// The sample of the call at `place`; `None` when it was erased.
    pub(crate) fn content(
        &self,
        payloads: &PayloadReader,
        place: Place,
    ) -> Result<Option<SampleContent>, EngineError> {
        let Some(leg) = self.leg(place.batch) else {
            return Ok(None);
        };
        Ok(leg.samples.index.content(payloads, place.sample)?)
    }

    /// The name of the sample of the call at `place`, erased or not.
    pub(crate) fn name(&self, place: Place) -> Result<String, EngineError> {
        match self.leg(place.batch) {
            Some(leg) => Ok(leg.samples.name(place.sample)?),
            None => Ok(String::new()),
        }
    }

    /// The calls of the plan, in the order in which they are made.
    pub(crate) fn planned(&self) -> impl Iterator<Item = Ordered> {
        let plan = self.leg(0).map(|leg| (leg, leg.order.turns()));
        plan.into_iter()
            .flat_map(|(leg, mut turns)| std::iter::from_fn(move || leg.order.next(&mut turns)))
    }
}

impl Leg {
    fn of_plan(
        run: &RunDirectory,
        plan: &Plan,
        index: Option<SampleIndex>,
    ) -> Result<Self, EngineError> {
        let mut leg = Self {
            batch: None,
            order: Order::default(),
            samples: Samples::open(run, 0, index)?,
        };
        let in_turn = TaskTurns::open(run, plan)?;
        let mut first = 0;
        for (position, task) in plan.tasks.iter().enumerate() {
            let end = first + u32::try_from(task.samples).unwrap_or(u32::MAX);
            match in_turn.order(position) {
                [] => leg.add(task, first..end, plan.seed)?,
                order => leg.order.add_in_turn(order, first, task.epochs),
            }
            first = end;
        }
        Ok(leg)
    }

    fn of_batch(run: &RunDirectory, plan: &Plan, batch: &Batch) -> Result<Self, EngineError> {
        let mut order = Order::default();
        let lines = 0..u32::try_from(batch.samples).unwrap_or(u32::MAX);
        let name = format!("{}#{}", plan.tasks[batch.task].name, batch.step);
        order.add(&name, lines.collect(), 1, plan.seed);
        Ok(Self {
            batch: Some(batch.clone()),
            order,
            samples: Samples::open(run, batch.number, None)?,
        })
    }

    /// Adds the samples of `task`, which are at `lines`.
    fn add(&mut self, task: &TaskPlan, lines: Range<u32>, seed: u64) -> Result<(), EngineError> {
        if task.probe.is_none() {
            self.order
                .add(&task.name, lines.collect(), task.epochs, seed);
            return Ok(());
        }
        for (arm, lines) in self.arms(lines)? {
            let name = format!("{}/{arm}", task.name);
            self.order.add(&name, lines, task.epochs, seed);
        }
        Ok(())
    }

    /// The samples of a probe by their arm, which is the first part of a sample's name.
    fn arms(&self, lines: Range<u32>) -> Result<BTreeMap<String, Vec<u32>>, EngineError> {
        let mut arms: BTreeMap<String, Vec<u32>> = BTreeMap::new();
        for line in lines {
            let name = self.samples.name(line.into())?;
            let arm = name.split('/').next().unwrap_or_default();
            arms.entry(arm.to_owned()).or_default().push(line);
        }
        Ok(arms)
    }

    /// Number of the batch; 0 for the plan.
    fn number(&self) -> u32 {
        self.batch.as_ref().map_or(0, |batch| batch.number)
    }

    /// Number of its calls of the model at position `model`.
    fn calls_of(&self, model: u32) -> u64 {
        let is_its = self.batch.as_ref().is_none_or(|batch| batch.model == model);
        if is_its { self.order.len() } else { 0 }
    }

    /// The position of `call` as one of the model at position `model`.
    fn place(&self, call: Ordered, model: u32) -> Place {
        Place {
            batch: self.number(),
            ..call.of(model)
        }
    }
}

/// The samples of the plan, or of a batch.
#[derive(Debug)]
struct Samples {
    run: RunDirectory,
    batch: u32,
    index: SampleIndex,
    lines: OnceLock<SampleLines>,
}

impl Samples {
    fn open(
        run: &RunDirectory,
        batch: u32,
        index: Option<SampleIndex>,
    ) -> Result<Self, LedgerError> {
        let read = || SampleIndex::of_batch(run, batch);
        Ok(Self {
            run: run.clone(),
            batch,
            index: index.map_or_else(read, Ok)?,
            lines: OnceLock::new(),
        })
    }

    fn name(&self, line: u64) -> Result<String, LedgerError> {
        let lines = if let Some(lines) = self.lines.get() {
            lines
        } else {
            let lines = SampleLines::of_batch(&self.run, self.batch)?;
            self.lines.get_or_init(|| lines)
        };
        Ok(lines.row(line)?.id)
    }
}

/// A call that is to be made.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Due {
    pub(crate) place: Place,
    /// Position of its task.
    pub(crate) task: usize,
    /// Attempts that were made of it before.
    pub(crate) attempts: u16,
}

/// The calls of one model, handed out one by one to whoever makes the next one.
#[derive(Debug)]
pub(crate) struct Feed {
    pub(crate) calls: Arc<CallOrder>,
    table: Arc<CallTable>,
    reached: Mutex<Reached>,
    model: u32,
    settled: Arc<[Place]>,
}

/// How far the calls were handed out.
#[derive(Debug)]
struct Reached {
    /// The next leg that was not begun.
    next: usize,
    /// The leg that was, and how far its order was followed.
    begun: Option<(usize, Turns)>,
    /// Whether nothing is left.
    is_done: bool,
}

impl Feed {
    /// The calls of the model at position `model` that are open in `table`, but for those at `settled`.
    pub(crate) fn new(
        calls: &Arc<CallOrder>,
        table: &Arc<CallTable>,
        settled: &Arc<[Place]>,
        model: u32,
    ) -> Self {
        Self {
            calls: Arc::clone(calls),
            table: Arc::clone(table),
            reached: Mutex::new(Reached {
                next: 0,
                begun: None,
                is_done: false,
            }),
            model,
            settled: Arc::clone(settled),
        }
    }

    /// Whether all calls were handed out.
    pub(crate) fn is_empty(&self) -> bool {
        self.reached().is_done
    }

    fn reached(&self) -> MutexGuard<'_, Reached> {
        self.reached.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The next call that has not ended and is this machine's.
    pub(crate) fn next(&self) -> Option<Due> {
        let mut reached = self.reached();
        loop {
            if let Some((leg, turns)) = &mut reached.begun {
                let leg = &self.calls.legs[*leg];
                while let Some(call) = leg.order.next(turns) {
                    if let Some(due) = self.due(leg.place(call, self.model)) {
                        return Some(due);
                    }
                }
            }
            self.begin_next(&mut reached)?;
        }
    }

    /// Goes on with the next leg that has calls of the model; `None` where there is none.
    fn begin_next(&self, reached: &mut Reached) -> Option<()> {
        let mut legs = self.calls.legs.iter().enumerate().skip(reached.next);
        let found = legs.find(|(_, leg)| leg.calls_of(self.model) > 0);
        reached.is_done = found.is_none();
        let (number, leg) = found?;
        *reached = Reached {
            next: number + 1,
            begun: Some((number, leg.order.turns())),
            is_done: false,
        };
        Some(())
    }

    /// The call at `place`, unless it has ended or is another machine's.
    fn due(&self, place: Place) -> Option<Due> {
        let state = self.table.state(place).unwrap_or_default();
        let is_over = state.outcome.is_some() || self.settled.contains(&place);
        let is_due = !is_over && !self.table.is_elsewhere(place);
        is_due.then(|| Due {
            place,
            task: self.table.space().task_of(place).unwrap_or_default(),
            attempts: state.attempts,
        })
    }
}
