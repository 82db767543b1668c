//! What can be asked for, as plain values, and what a plan depends on besides.

use std::path::{Path, PathBuf};

use cleanbench_core::{Caps, Shard};
use cleanbench_ledger::reporting::JunitPlan;

use crate::connect::Variables;
use crate::support::Supported;
use crate::trust::Trust;

/// What a plan depends on besides options and files.
#[derive(Debug, Clone, Copy)]
pub struct Surroundings<'a> {
    /// The folder in which a suite or a models file that is not named is looked for; empty for the working folder.
    pub folder: &'a Path,
    /// Where keys stand.
    pub variables: &'a dyn Variables,
    /// For which files the user answers.
    pub trust: &'a Trust,
    /// What is known of endpoints from before.
    pub supported: &'a dyn Supported,
    /// The day it is, UTC, `YYYY-MM-DD`.
    pub today: &'a str,
    /// Name and version of the program, as recorded.
    pub tool: &'a str,
}

/// Which models, and what they may see.
#[derive(Debug, Clone, Default)]
pub struct ModelOptions {
    /// Names of the models file, `provider/model`, or URLs; without any, those of the suite.
    pub models: Vec<String>,
    /// Models that cannot have seen the items; without any, those of the suite.
    pub references: Vec<String>,
    /// The models file; `None` for those in the suite's folder, here, and in the user's configuration folder.
    pub models_file: Option<PathBuf>,
    /// A URL at which all models are asked instead of at their own.
    pub base_url: Option<String>,
    /// Hosts that private samples may be sent to besides.
    pub allow_private: Vec<String>,
}

/// Which part of the suite.
#[derive(Debug, Clone, Default)]
pub struct SelectOptions {
    /// Names of tasks; empty for all.
    pub tasks: Vec<String>,
    /// Tags of which a task must have one; empty for all.
    pub tags: Vec<String>,
    /// Samples of each task at most, at least 1.
    pub limit: Option<u64>,
    /// Repeats of every sample, whatever the suite says; at least 1.
    pub epochs: Option<u32>,
}

/// The run that gates compare with.
#[derive(Debug, Clone)]
pub struct BaselineOptions {
    /// Its id, a prefix of it, or its folder.
    pub run: String,
    /// The model of it that all are compared with.
    pub model: Option<String>,
    /// A run in which its answers are judged by the suite as it is now, where there is one.
    pub anew: Option<Anew>,
}

/// What came of judging the answers of a baseline again.
#[derive(Debug, Clone)]
pub enum Anew {
    /// They are in this folder.
    Judged(PathBuf),
    /// They could not be, for this reason.
    Failed(String),
}

/// A new run.
#[derive(Debug, Clone, Default)]
pub struct RunOptions {
    /// Which models.
    pub models: ModelOptions,
    /// Which part of the suite.
    pub select: SelectOptions,
    /// The folder that holds run directories.
    pub out: PathBuf,
    /// Calls in flight for each model at most, at least 1; `None` as the models file says.
    pub max_concurrency: Option<u32>,
    /// Seed from which every other is derived; `None` for that of an earlier run, else 0.
    pub seed: Option<u64>,
    /// What it may use up.
    pub caps: Caps,
    /// The part of the calls that is made here.
    pub shard: Option<Shard>,
    /// The run that gates compare with.
    pub baseline: Option<BaselineOptions>,
    /// How `junit.xml` is drawn.
    pub junit: JunitPlan,
    /// Whether programs that scorers name may be run.
    pub allow_commands: bool,
    /// Whether contamination probes alone are put, and the tasks are not asked.
    pub probes_only: bool,
}

/// What the user grants again to the record of a run, where that was not remembered: its models are asked as they are
/// recorded, and what they ask for is granted as far as this says so.
#[derive(Debug, Clone, Default)]
pub struct Granting {
    /// A models file whose entries ask for the same.
    pub models_file: Option<PathBuf>,
    /// Hosts that private samples may be sent to.
    pub allow_private: Vec<String>,
}

/// A run to go on with.
#[derive(Debug, Clone, Default)]
pub struct ResumeOptions {
    /// The folder that holds run directories.
    pub out: PathBuf,
    /// Its id, a prefix of it, or its folder; `None` for the latest.
    pub run: Option<String>,
    /// Calls in flight for each model at most, at least 1; `None` as recorded.
    pub max_concurrency: Option<u32>,
    /// What it may use up, with what it has used up already.
    pub caps: Caps,
    /// What the user grants it anew.
    pub granting: Granting,
    /// Where the run is whose answers it takes, if it takes any.
    pub replay: Option<String>,
}

/// What can be known of a run without making it.
#[derive(Debug, Clone, Default)]
pub struct CheckOptions {
    /// Which models.
    pub models: ModelOptions,
    /// Which part of the suite.
    pub select: SelectOptions,
}
