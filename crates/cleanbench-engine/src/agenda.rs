//! The calls that are to be made, in order, and the samples that they are about.
//!
//! In memory are twelve bytes for each sample, its place in the file and in the order.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use cleanbench_core::event::Place;
use cleanbench_core::history::CallTable;
use cleanbench_ledger::samples::SampleLines;
use cleanbench_ledger::{Plan, RunDirectory, SampleRow};

use crate::order::{Order, Turns};
use crate::schedule::EngineError;

/// The calls in the order in which they are made, and their rows by line.
#[derive(Debug)]
pub(crate) struct Agenda {
    order: Order,
    lines: SampleLines,
}

impl Agenda {
    /// The calls of `plan` on the samples of `run`.
    pub(crate) fn open(run: &RunDirectory, plan: &Plan) -> Result<Self, EngineError> {
        let lines = SampleLines::open(run)?;
        let mut order = Order::default();
        let mut first = 0;
        for task in &plan.tasks {
            let end = first + u32::try_from(task.samples).unwrap_or(u32::MAX);
            if task.probe.is_none() {
                order.add(&task.name, (first..end).collect(), task.epochs, plan.seed);
            } else {
                for (arm, calls) in arms(&lines, first..end)? {
                    let name = format!("{}/{arm}", task.name);
                    order.add(&name, calls, task.epochs, plan.seed);
                }
            }
            first = end;
        }
        Ok(Self { order, lines })
    }

    /// Line and epoch of every call, in the order in which they are made.
    pub(crate) fn calls(&self) -> impl Iterator<Item = (u32, u32)> {
        let mut turns = self.order.turns();
        std::iter::from_fn(move || self.order.next(&mut turns))
    }
}

/// The calls of a probe by their arm, which is the first part of a call's name.
fn arms(
    lines: &SampleLines,
    calls: std::ops::Range<u32>,
) -> Result<BTreeMap<String, Vec<u32>>, EngineError> {
    let mut arms: BTreeMap<String, Vec<u32>> = BTreeMap::new();
    for line in calls {
        let id = lines.row(u64::from(line))?.id;
        let arm = id.split('/').next().unwrap_or_default();
        arms.entry(arm.to_owned()).or_default().push(line);
    }
    Ok(arms)
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

    /// The sample of the call at `place`.
    pub(crate) fn row(&self, place: Place) -> Result<SampleRow, EngineError> {
        Ok(self.agenda.lines.row(place.sample)?)
    }
}
