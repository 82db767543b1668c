//! What each model made of each sample, read from a finished run's `results.csv` and `run.json` alone.
//!
//! Comparisons, gates, item analysis and drift start here. No payload is opened and no reply is judged
//! again, so 100,000 samples take well under a second.
//!
//! Invariant: what is read is what the run recorded, because the table's SHA-256 must be the one in
//! `run.json`. That this table follows from the replies is the business of
//! [`verify`](crate::verify::verify).
//!
//! It refuses a run that has not ended in order, and a table without input digests.

mod reading;
mod score;
#[cfg(test)]
pub(crate) mod testing;

use std::path::{Path, PathBuf};
use std::sync::Arc;

use cleanbench_core::{Digest, Outcome};
use cleanbench_ledger::{LedgerError, Manifest, RunDirectory};

pub use score::Filling;

use crate::ReportError;

/// The file that holds the items of a run.
pub const RESULTS_FILE: &str = "results.csv";
/// The file that holds what is known of the contamination of tasks.
pub const SUMMARY_FILE: &str = "summary.csv";

/// The items of a run: for each model and task of the plan, one entry a sample.
#[derive(Debug, Clone)]
pub struct ItemTable {
    /// The run's manifest.
    pub manifest: Manifest,
    /// SHA-256 of its `results.csv`.
    pub results: Digest,
    /// Models in plan order, in each the tasks in plan order, probes included but empty.
    tasks: Vec<Vec<TaskItems>>,
}

/// The items of one model in one task.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct TaskItems {
    /// What is known of the task's contamination at this model, in the words of `summary.csv`.
    pub contamination: String,
    /// One entry a sample, in the order of the suite. Samples that another shard asks are not in it.
    pub items: Vec<Item>,
}

/// A sample and what a model made of it.
#[derive(Debug, Clone, PartialEq)]
pub struct Item {
    /// Identity within its task, as a table cell: harmless to print, cut where it is very long.
    pub id: Box<str>,
    /// Keyed digest of what the model saw; pairs runs.
    pub input_digest: Digest,
    /// Keyed digest of the whole sample; another one means another target or other metadata.
    pub sample_digest: Digest,
    /// The samples that it hangs together with.
    pub cluster: Option<Arc<str>>,
    /// Field and value, for each field by which the task reports and that the sample has.
    pub slices: Slices,
    /// One entry an epoch, in order.
    pub trials: Vec<Trial>,
}

/// Fields and values by which a task reports; shared by the items that have the same.
pub type Slices = Arc<[(String, String)]>;

/// One epoch of a sample.
#[derive(Debug, Clone, PartialEq)]
pub struct Trial {
    /// How the call ended; `None` while it has not.
    pub outcome: Option<Outcome>,
    /// The first scorer's judgement; `None` where there is no answer to judge.
    pub score: Option<f64>,
    /// Whether no answer could be read out of what the model wrote. The score is then 0.
    pub extraction_failure: bool,
    /// What was read out, as a table cell: harmless to print, cut where it is long.
    pub answer: Box<str>,
}

/// Why the items of a run cannot be read.
#[derive(Debug, thiserror::Error)]
pub enum ItemsError {
    /// The run is damaged, or no run.
    #[error(transparent)]
    Report(#[from] ReportError),
    /// The run has not ended in order, so that it has no tables.
    #[error("the run in `{}` has not ended in order, so that it has no results yet", .0.display())]
    Unfinished(PathBuf),
    /// The tables are those of an early version.
    #[error(
        "the run in `{}` was made by an early version, whose results.csv has no column `{column}`",
        run.display()
    )]
    Old {
        /// The run.
        run: PathBuf,
        /// What is missing.
        column: &'static str,
    },
}

impl From<LedgerError> for ItemsError {
    fn from(error: LedgerError) -> Self {
        Self::Report(error.into())
    }
}

impl From<std::io::Error> for ItemsError {
    fn from(error: std::io::Error) -> Self {
        Self::Report(error.into())
    }
}

impl ItemTable {
    /// Reads the items of `run`.
    ///
    /// # Errors
    /// When the run is damaged, has not ended, or was made before input digests stood in its table.
    pub fn of_run(run: &RunDirectory) -> Result<Self, ItemsError> {
        Self::read(run.path(), Manifest::read(run)?)
    }

    /// Reads the items of the run whose `run.json`, `results.csv` and `summary.csv` lie in `folder`,
    /// without the rest of it.
    ///
    /// # Errors
    /// As [`ItemTable::of_run`].
    pub fn of_files(folder: &Path) -> Result<Self, ItemsError> {
        let bytes = fs_err::read(folder.join("run.json"))?;
        Self::read(folder, Manifest::parse(&bytes)?)
    }

    fn read(folder: &Path, manifest: Manifest) -> Result<Self, ItemsError> {
        let (tasks, results) = reading::read(folder, &manifest)?;
        Ok(Self {
            manifest,
            results,
            tasks,
        })
    }

    /// A table put together from `tasks`: models in plan order, in each the tasks in plan order.
    #[cfg(test)]
    pub(crate) fn from_parts(manifest: Manifest, tasks: Vec<Vec<TaskItems>>) -> Self {
        Self {
            manifest,
            results: Digest([0; 32]),
            tasks,
        }
    }

    /// What the model at position `model` made of the task at position `task` of the plan; empty for
    /// positions that are not, and for probes.
    pub fn items(&self, model: usize, task: usize) -> &[Item] {
        self.task(model, task).map_or(&[], |task| &task.items)
    }

    /// Items and contamination of the model at position `model` in the task at position `task`.
    pub fn task(&self, model: usize, task: usize) -> Option<&TaskItems> {
        self.tasks.get(model)?.get(task)
    }

    /// Positions of the plan's tasks that are no probes.
    pub fn task_positions(&self) -> impl Iterator<Item = usize> + '_ {
        let tasks = self.manifest.plan.tasks.iter().enumerate();
        tasks
            .filter(|(_, task)| task.probe.is_none())
            .map(|(position, _)| position)
    }

    /// Position of the model that the user named `name`.
    pub fn model_named(&self, name: &str) -> Option<usize> {
        let mut models = self.manifest.plan.models.iter();
        models.position(|model| model.name == name)
    }
}
