//! Which samples of a run are worth putting again.
//!
//! Invariant: each is named once, in order, however many models and epochs it came out badly in.

use cleanbench_ledger::replay::SampleName;

use crate::every_row::every_row;
use crate::flakes::FlakeGatherer;
use crate::{Recording, ReportError};

/// The samples of tasks that scored below 1 in some epoch with some model, ascending.
///
/// # Errors
/// When the run is damaged.
pub fn failed(recording: &Recording) -> Result<Vec<SampleName>, ReportError> {
    let plan = &recording.manifest.plan;
    let mut names = Vec::new();
    every_row(recording, |row| {
        let task = &plan.tasks[row.task];
        let score = row.scores.first();
        if task.probe.is_none() && score.is_some_and(|score| score.value < 1.0) {
            names.push(SampleName::new(&task.name, &row.sample));
        }
    })?;
    Ok(in_order(names))
}

/// The samples of tasks that are flaky in any way, ascending.
///
/// # Errors
/// When the run is damaged.
pub fn flaky(recording: &Recording) -> Result<Vec<SampleName>, ReportError> {
    let plan = &recording.manifest.plan;
    let mut gatherer = FlakeGatherer::default();
    every_row(recording, |row| gatherer.add(plan, row))?;
    let flakes = gatherer.finish();
    let of_tasks = flakes
        .iter()
        .filter(|flake| plan.tasks[flake.task].probe.is_none());
    let names = of_tasks.map(|flake| SampleName::new(&plan.tasks[flake.task].name, &flake.sample));
    Ok(in_order(names.collect()))
}

fn in_order(mut names: Vec<SampleName>) -> Vec<SampleName> {
    names.sort_unstable();
    names.dedup();
    names
}
