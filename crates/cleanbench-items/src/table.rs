//! The items of a run, read from its `results.csv`, `summary.csv` and `run.json` alone.
//!
//! No payload is opened and no reply is judged again, so 100,000 samples take well under a second.
//!
//! Invariant: what is read is what the run recorded, because the tables' SHA-256 must be those in
//! `run.json`. That these tables follow from the replies is the business of whoever verifies the run.
//!
//! It refuses a run that has not ended in order, and a table without input digests.

use std::path::Path;

use cleanbench_core::Digest;
use cleanbench_ledger::manifest::MANIFEST_FILE;
use cleanbench_ledger::{Manifest, RunDirectory};

use crate::calls::Calls;
use crate::error::ItemsError;
use crate::item::{Item, TaskItems};
use crate::reading;

/// The items of a run: for each model and task of the plan, one entry a sample.
#[derive(Debug, Clone)]
pub struct ItemTable {
    /// The run's manifest.
    pub manifest: Manifest,
    /// SHA-256 of its `results.csv`.
    pub results: Digest,
    /// Models in plan order, in each the tasks in plan order, probes included but empty.
    tasks: Vec<Vec<TaskItems>>,
    /// What its calls used up, where that was read.
    calls: Option<Calls>,
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
        let bytes = RunDirectory::at(folder).read(MANIFEST_FILE)?;
        Self::read(folder, Manifest::parse(&bytes)?)
    }

    fn read(folder: &Path, manifest: Manifest) -> Result<Self, ItemsError> {
        let (tasks, results) = reading::read(folder, &manifest)?;
        Ok(Self {
            manifest,
            results,
            tasks,
            calls: None,
        })
    }

    /// Reads what the calls of the run used up from the `calls.csv` in `folder`.
    ///
    /// # Errors
    /// When it is not the one that the run recorded.
    pub fn read_calls(&mut self, folder: &Path) -> Result<(), ItemsError> {
        self.calls = Some(Calls::read(folder, &self.manifest)?);
        Ok(())
    }

    /// What the calls of the run used up, where that was read.
    pub fn calls(&self) -> Option<&Calls> {
        self.calls.as_ref()
    }

    /// A table put together from `tasks`: models in plan order, in each the tasks in plan order.
    pub fn from_parts(manifest: Manifest, tasks: Vec<Vec<TaskItems>>) -> Self {
        Self {
            manifest,
            results: Digest([0; 32]),
            tasks,
            calls: None,
        }
    }

    /// What the model at position `model` made of the task at position `task` of the plan; empty for
    /// positions that are not, and for probes.
    pub fn items(&self, model: usize, task: usize) -> &[Item] {
        self.task(model, task).map_or(&[], |task| &task.items)
    }

    /// The same, to be judged otherwise.
    pub(crate) fn items_mut(&mut self, model: usize, task: usize) -> Option<&mut [Item]> {
        let task = self.tasks.get_mut(model)?.get_mut(task)?;
        Some(&mut task.items)
    }

    /// Items and contamination of the model at position `model` in the task at position `task`.
    pub fn task(&self, model: usize, task: usize) -> Option<&TaskItems> {
        self.tasks.get(model)?.get(task)
    }

    /// Positions of the plan's tasks that were asked; probes are none.
    pub fn task_positions(&self) -> impl Iterator<Item = usize> + '_ {
        let tasks = self.manifest.plan.tasks.iter().enumerate();
        tasks
            .filter(|(_, task)| task.probe.is_none() && task.is_asked())
            .map(|(position, _)| position)
    }

    /// Position of the model that the user named `name`.
    pub fn model_named(&self, name: &str) -> Option<usize> {
        let mut models = self.manifest.plan.models.iter();
        models.position(|model| model.name == name)
    }
}
