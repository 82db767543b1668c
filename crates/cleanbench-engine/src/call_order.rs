//! The calls that are to be made, in order, and the samples that they are about.
//!
//! In memory are twenty bytes for each sample, its place in the files and in the order, and eight more where
//! names are asked for.

use std::collections::BTreeMap;
use std::ops::Range;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use cleanbench_core::event::Place;
use cleanbench_core::history::CallTable;
use cleanbench_ledger::manifest::TaskPlan;
use cleanbench_ledger::samples::{SampleContent, SampleIndex, SampleLines};
use cleanbench_ledger::{PayloadReader, Plan, RunDirectory};

use crate::order::{Order, Ordered, Turns};
use crate::work::EngineError;

/// The calls in the order in which they are made, and their samples by line.
#[derive(Debug)]
pub(crate) struct CallOrder {
    order: Order,
    run: RunDirectory,
    index: SampleIndex,
    lines: OnceLock<SampleLines>,
}

impl CallOrder {
    /// The calls of `plan` on the samples of `run`, which are at the places in `index` if that is known.
    pub(crate) fn open(
        run: &RunDirectory,
        plan: &Plan,
        index: Option<SampleIndex>,
    ) -> Result<Self, EngineError> {
        let mut calls = Self {
            order: Order::default(),
            run: run.clone(),
            index: index.map_or_else(|| SampleIndex::read(run), Ok)?,
            lines: OnceLock::new(),
        };
        let mut first = 0;
        for task in &plan.tasks {
            let end = first + u32::try_from(task.samples).unwrap_or(u32::MAX);
            calls.add(task, first..end, plan.seed)?;
            first = end;
        }
        Ok(calls)
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
            let name = self.name_at(line.into())?;
            let arm = name.split('/').next().unwrap_or_default();
            arms.entry(arm.to_owned()).or_default().push(line);
        }
        Ok(arms)
    }

    /// The sample of the call at `place`; `None` when it was erased.
    pub(crate) fn content(
        &self,
        payloads: &PayloadReader,
        place: Place,
    ) -> Result<Option<SampleContent>, EngineError> {
        Ok(self.index.content(payloads, place.sample)?)
    }

    /// The name of the sample of the call at `place`, erased or not.
    pub(crate) fn name(&self, place: Place) -> Result<String, EngineError> {
        self.name_at(place.sample)
    }

    fn name_at(&self, line: u64) -> Result<String, EngineError> {
        let lines = if let Some(lines) = self.lines.get() {
            lines
        } else {
            let lines = SampleLines::open(&self.run)?;
            self.lines.get_or_init(|| lines)
        };
        Ok(lines.row(line)?.id)
    }

    /// Every call, in the order in which they are made.
    pub(crate) fn calls(&self) -> impl Iterator<Item = Ordered> {
        let mut turns = self.order.turns();
        std::iter::from_fn(move || self.order.next(&mut turns))
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
    turns: Mutex<Turns>,
    model: u32,
    settled: Arc<[Place]>,
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
            turns: Mutex::new(calls.order.turns()),
            model,
            settled: Arc::clone(settled),
        }
    }

    /// The most calls that there can be.
    pub(crate) fn most(&self) -> usize {
        usize::try_from(self.calls.order.len()).unwrap_or(usize::MAX)
    }

    /// The next call that has not ended and is this machine's.
    pub(crate) fn next(&self) -> Option<Due> {
        let mut turns = self.turns.lock().unwrap_or_else(PoisonError::into_inner);
        loop {
            let place = self.calls.order.next(&mut turns)?.of(self.model);
            let state = self.table.state(place).unwrap_or_default();
            let is_over = state.outcome.is_some() || self.settled.contains(&place);
            if !is_over && !self.table.is_elsewhere(place) {
                return Some(Due {
                    place,
                    task: self.table.space().task_of(place).unwrap_or_default(),
                    attempts: state.attempts,
                });
            }
        }
    }
}
