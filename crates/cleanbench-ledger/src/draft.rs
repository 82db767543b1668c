//! A run before it is written down: everything that is decided before the first call but its samples.

use std::path::PathBuf;

use cleanbench_core::{DigestKey, Gate, RunId, Shard};

use crate::manifest::{
    BaselinePlan, ImportedPlan, ModelPlan, ReplayPlan, SelectionPlan, SuitePlan, TaskPlan,
};
use crate::note::Note;
use crate::reporting::{JunitPlan, Quarantined};

/// A foreign fact that is copied into the run directory.
#[derive(Debug, Clone)]
pub struct Input {
    /// Name of the file in `inputs/`; it may be in a folder there.
    pub name: String,
    /// Its bytes.
    pub bytes: Vec<u8>,
}

/// Everything that is decided before the first call.
#[derive(Debug)]
pub struct Draft {
    /// Folder in which the run directory is made.
    pub out: PathBuf,
    /// Name and version of the program.
    pub tool: String,
    /// Identity of the new run. That of a shard is drawn from its plan instead.
    pub run: RunId,
    /// The part of the calls that is made here; `None` for all of them.
    pub shard: Option<Shard>,
    /// The suite.
    pub suite: SuitePlan,
    /// The models.
    pub models: Vec<ModelPlan>,
    /// The tasks. Their number of samples is counted while the samples arrive.
    pub tasks: Vec<TaskPlan>,
    /// Seed from which all others are derived.
    pub seed: u64,
    /// The suite's key.
    pub key: DigestKey,
    /// Files for `inputs/`.
    pub inputs: Vec<Input>,
    /// The conditions that the run is judged by.
    pub gates: Vec<Gate>,
    /// The run that it is compared with; its files are among the inputs.
    pub baseline: Option<BaselinePlan>,
    /// How `junit.xml` is drawn.
    pub junit: JunitPlan,
    /// The quarantine list.
    pub quarantine: Vec<Quarantined>,
    /// The run whose recorded answers are taken.
    pub replay: Option<ReplayPlan>,
    /// Why these samples and no others were taken.
    pub selection: Option<SelectionPlan>,
    /// The log of another harness that its answers are from.
    pub imported: Option<ImportedPlan>,
    /// What people must know of it before anything is asked.
    pub notes: Vec<Note>,
}
