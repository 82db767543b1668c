//! What it means that some samples of a run were put again.
//!
//! Invariant: the scores of a rerun never stand alone. Its samples were picked *by* their first result, so
//! their second one is better on average even where nothing has changed (regression to the mean);
//! hence every figure comes beside the same samples' first, and the whole run with and without them.

use std::collections::BTreeMap;

use cleanbench_items::{Estimated, Rules, Tally, reduce};
use cleanbench_ledger::replay::SampleName;
use cleanbench_report::rows::Row;
use cleanbench_report::{Recording, ReportError, every_row};

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
    // As in the tables of the earlier run.
    let rules = Rules::of_tables(plan.tables);
    let rows = lines.into_iter().map(|(model, task, lines)| {
        let epochs = epochs(&task);
        RerunRow {
            model,
            task,
            without: lines.without.estimate(epochs, rules),
            first: lines.first.estimate(epochs, rules),
            second: lines.second.estimate(epochs, rules),
            with: lines.with.estimate(epochs, rules),
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
    every_row(recording, |row| {
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
