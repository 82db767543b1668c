//! The calls that are to be made, in order, and the samples that they are about.
//!
//! In memory are twenty bytes for each sample, its place in the files and in the order, and eight more where
//! names are asked for.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use cleanbench_core::event::Place;
use cleanbench_core::history::CallTable;
use cleanbench_ledger::samples::{SampleContent, SampleIndex, SampleLines};
use cleanbench_ledger::{PayloadReader, Plan, RunDirectory};

use crate::order::{Order, Turns};
use crate::schedule::EngineError;

/// The calls in the order in which they are made, and their samples by line.
#[derive(Debug)]
pub(crate) struct Agenda {
    order: Order,
    run: RunDirectory,
    index: SampleIndex,
    lines: OnceLock<SampleLines>,
}

impl Agenda {
    /// The calls of `plan` on the samples of `run`, which are at the places in `index` if that is known.
    pub(crate) fn open(
        run: &RunDirectory,
        plan: &Plan,
        index: Option<SampleIndex>,
    ) -> Result<Self, EngineError> {
        let mut agenda = Self {
            order: Order::default(),
            run: run.clone(),
            index: index.map_or_else(|| SampleIndex::read(run), Ok)?,
            lines: OnceLock::new(),
        };
        let mut first = 0;
        for task in &plan.tasks {
            let end = first + u32::try_from(task.samples).unwrap_or(u32::MAX);
            let calls = first..end;
            if task.probe.is_none() {
                let (name, epochs) = (&task.name, task.epochs);
                agenda.order.add(name, calls.collect(), epochs, plan.seed);
            } else {
                for (arm, calls) in agenda.arms(calls)? {
                    let name = format!("{}/{arm}", task.name);
                    agenda.order.add(&name, calls, task.epochs, plan.seed);
                }
            }
            first = end;
        }
        Ok(agenda)
    }

    /// The calls of a probe by their arm, which is the first part of a call's name.
    fn arms(&self, calls: std::ops::Range<u32>) -> Result<BTreeMap<String, Vec<u32>>, EngineError> {
        let mut arms: BTreeMap<String, Vec<u32>> = BTreeMap::new();
        for line in calls {
            let name = self.name(line.into())?;
            let arm = name.split('/').next().unwrap_or_default();
            arms.entry(arm.to_owned()).or_default().push(line);
        }
        Ok(arms)
    }

    /// The sample of line `line`; `None` when it was erased.
    pub(crate) fn content(
        &self,
        payloads: &PayloadReader,
        line: u64,
    ) -> Result<Option<SampleContent>, EngineError> {
        Ok(self.index.content(payloads, line)?)
    }

    /// Its name, erased or not.
    fn name(&self, line: u64) -> Result<String, EngineError> {
        let lines = if let Some(lines) = self.lines.get() {
            lines
        } else {
            let lines = SampleLines::open(&self.run)?;
            self.lines.get_or_init(|| lines)
        };
        Ok(lines.row(line)?.id)
    }

    /// Line and epoch of every call, in the order in which they are made.
    pub(crate) fn calls(&self) -> impl Iterator<Item = (u32, u32)> {
        let mut turns = self.order.turns();
        std::iter::from_fn(move || self.order.next(&mut turns))
    }
}

/// The calls of one model, handed out one by one to whoever makes the next one.
#[derive(Debug)]
pub(crate) struct Feed {
    agenda: Arc<Agenda>,
    turns: Mutex<Turns>,
    model: u32,
    settled: Arc<[Place]>,
}

impl Feed {
    /// The calls of the model at position `model`, but for those at `settled`.
    pub(crate) fn new(agenda: &Arc<Agenda>, model: u32, settled: &Arc<[Place]>) -> Self {
        Self {
            agenda: Arc::clone(agenda),
            turns: Mutex::new(agenda.order.turns()),
            model,
            settled: Arc::clone(settled),
        }
    }

    /// The most calls that there can be.
    pub(crate) fn most(&self) -> usize {
        usize::try_from(self.agenda.order.len()).unwrap_or(usize::MAX)
    }

    /// The next call that has not ended by `table` and is this machine's, and the attempts that were
    /// made of it before.
    pub(crate) fn next(&self, table: &CallTable) -> Option<(Place, u16)> {
        let mut turns = self.turns.lock().unwrap_or_else(PoisonError::into_inner);
        loop {
            let (line, epoch) = self.agenda.order.next(&mut turns)?;
            let place = Place {
                model: self.model,
                sample: u64::from(line),
                epoch,
            };
            let state = table.state(place).unwrap_or_default();
            let is_over = state.outcome.is_some() || self.settled.contains(&place);
            if !is_over && !table.is_elsewhere(place) {
                return Some((place, state.attempts));
            }
        }
    }

    /// The sample of the call at `place`; `None` when it was erased.
    pub(crate) fn content(
        &self,
        payloads: &PayloadReader,
        place: Place,
    ) -> Result<Option<SampleContent>, EngineError> {
        self.agenda.content(payloads, place.sample)
    }

    /// The name of that sample.
    pub(crate) fn name(&self, place: Place) -> Result<String, EngineError> {
        self.agenda.name(place.sample)
    }
}
