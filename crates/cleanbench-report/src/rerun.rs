//! Which samples of a run are worth putting again, and what it means when they were.
//!
//! Invariant: the scores of a rerun never stand alone. Its samples were picked *by* their first result, so
//! their second one is better on average even where nothing has changed (regression to the mean);
//! hence every figure comes beside the same samples' first, and the whole run with and without them.

use std::collections::BTreeMap;

use cleanbench_ledger::Tail;
use cleanbench_ledger::replay::SampleName;

use crate::flakes::FlakeGatherer;
use crate::rows::{Row, for_each};
use crate::scan::scan;
use crate::tally::{Estimated, Tally};
use crate::{Recording, ReportError};
use cleanbench_items::reduce;

/// A model at a task, with and without a rerun.
#[derive(Debug, Clone, PartialEq)]
pub struct RerunRow {
    /// Name of the model.
    pub model: String,
    /// Name of the task.
    pub task: String,
    /// The whole run as it was.
    pub without: Estimated,
    /// The samples that have a score in both: their first scores.
    pub first: Estimated,
    /// The same samples: their scores in the rerun.
    pub second: Estimated,
    /// The whole run with the second scores in place of the first.
    pub with: Estimated,
}

/// The samples of tasks that scored below 1 in some epoch with some model, ascending.
///
/// # Errors
/// When the run is damaged.
pub fn failed(recording: &Recording) -> Result<Vec<SampleName>, ReportError> {
    let plan = &recording.manifest.plan;
    let mut names = Vec::new();
    rows(recording, |row| {
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
    rows(recording, |row| gatherer.add(plan, row))?;
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

/// `earlier` with and without the samples that `later` put again.
///
/// # Errors
/// When a run is damaged.
pub fn beside(earlier: &Recording, later: &Recording) -> Result<Vec<RerunRow>, ReportError> {
    let mut again = BTreeMap::new();
    sample_scores(later, |scored| {
        again.insert((scored.model.to_owned(), scored.name), scored.score);
    })?;
    let mut lines: Vec<(String, String, Lines)> = Vec::new();
    sample_scores(earlier, |scored| {
        let key = (scored.model.to_owned(), scored.name);
        let is_new = lines
            .last()
            .is_none_or(|(model, task, _)| *model != scored.model || *task != scored.task);
        if is_new {
            let (model, task) = (scored.model.to_owned(), scored.task.to_owned());
            lines.push((model, task, Lines::default()));
        }
        if let Some((_, _, tallies)) = lines.last_mut() {
            tallies.add(&scored, again.get(&key).copied());
        }
    })?;
    let plan = &earlier.manifest.plan;
    let epochs = |name: &str| {
        let task = plan.tasks.iter().find(|task| task.name == name);
        task.map_or(1, |task| task.epochs)
    };
    let rows = lines.into_iter().map(|(model, task, lines)| {
        let epochs = epochs(&task);
        RerunRow {
            model,
            task,
            without: lines.without.estimate(epochs),
            first: lines.first.estimate(epochs),
            second: lines.second.estimate(epochs),
            with: lines.with.estimate(epochs),
        }
    });
    Ok(rows.filter(|row| row.second.n > 0).collect())
}

#[derive(Default)]
struct Lines {
    without: Tally,
    first: Tally,
    second: Tally,
    with: Tally,
}

impl Lines {
    fn add(&mut self, scored: &Scored<'_>, again: Option<f64>) {
        let cluster = scored.cluster.as_deref();
        self.without.add(scored.score, cluster);
        self.with.add(again.unwrap_or(scored.score), cluster);
        if let Some(again) = again {
            self.first.add(scored.score, cluster);
            self.second.add(again, cluster);
        }
    }
}

/// A sample of a task with its score.
struct Scored<'a> {
    model: &'a str,
    task: &'a str,
    name: SampleName,
    cluster: Option<String>,
    score: f64,
}

/// Hands every sample of a task that has a score to `each`, in plan order.
fn sample_scores(
    recording: &Recording,
    mut each: impl FnMut(Scored<'_>),
) -> Result<(), ReportError> {
    let plan = &recording.manifest.plan;
    let mut open: Option<(Row, Vec<f64>)> = None;
    let mut close = |open: Option<(Row, Vec<f64>)>| {
        let Some((row, scores)) = open else { return };
        let task = &plan.tasks[row.task];
        let Some(score) = reduce(task.reducer, &scores).filter(|_| task.probe.is_none()) else {
            return;
        };
        each(Scored {
            model: &plan.models[row.place.model as usize].name,
            task: &task.name,
            name: SampleName::new(&task.name, &row.sample),
            cluster: row.belongs.cluster.clone(),
            score,
        });
    };
    rows(recording, |row| {
        let Some(score) = row.scores.first() else {
            return;
        };
        match &mut open {
            Some((first, scores))
                if first.place.model == row.place.model
                    && first.place.sample == row.place.sample =>
            {
                scores.push(score.value);
            }
            _ => close(open.replace((row.clone(), vec![score.value]))),
        }
    })?;
    close(open);
    Ok(())
}

/// Hands every row of the run to `each`, in plan order.
fn rows(recording: &Recording, mut each: impl FnMut(&Row)) -> Result<(), ReportError> {
    let index = scan(
        &recording.run,
        &recording.manifest,
        &recording.prices,
        Tail::MayBeTorn,
        |_| Ok(()),
    )?;
    for_each(recording, &index, |row| {
        each(&row);
        Ok(())
    })
}
