//! `run.json`: the plan, fixed before the first call, and at the end where the journal stands.
//!
//! The journal's `planned` record holds the plan's digest, so the plan cannot be changed afterwards;
//! everything in `end` can be recomputed from the other files, so it cannot either.

use std::borrow::Cow;
use std::collections::BTreeMap;

use cleanbench_core::event::StopReason;
use cleanbench_core::history::{CallSpace, MOST_EPOCHS};
use cleanbench_core::probe::{ControlKind, ProbeForm};
use cleanbench_core::{
    Constraints, Digest, Gate, Purpose, Reducer, RunId, Sampling, ScorerSpec, Sensitivity, Shard,
    canonical,
};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::files::{self, SHORTEST_ROW, is_below};
use crate::note::Note;
use crate::parts::Merged;
use crate::record::{SegmentHead, readable};
use crate::reporting::{JunitPlan, Quarantined};
use crate::{Damage, LedgerError, RunDirectory};

/// Latest format of `run.json` that this program reads: 1.1 adds `shard` and `merged`; 1.2 adds `tables`,
/// `gates`, `baseline`, `junit`, `quarantine`, `replay`, `selection`, and `reducer`, `cluster` and `slices` of
/// tasks; 1.3 adds `notes`; 1.4 adds `judged_anew` of the baseline, and `tier`, `relative` and `min_coverage` of gates;
/// 1.5 adds `imported`; 1.6 adds `protocol` and `bias_of` of probes; 1.7 adds `role` of models, and tasks that are not
/// asked, `epochs` 0; 1.8 adds `early_stop` of probes; 1.9 adds `file_order` of probes.
pub const MANIFEST_FORMAT: &str = "cleanbench-run/1.9";
/// Name of the file.
pub const MANIFEST_FILE: &str = "run.json";
/// The format without what 1.9 adds.
const STOPS_FORMAT: &str = "cleanbench-run/1.8";
/// The format without what 1.8 adds.
const ROLES_FORMAT: &str = "cleanbench-run/1.7";
/// The format without what 1.7 adds.
const PROTOCOLS_FORMAT: &str = "cleanbench-run/1.6";
/// The format without what 1.6 adds.
const IMPORTS_FORMAT: &str = "cleanbench-run/1.5";
/// The format without what 1.5 adds.
const TIERS_FORMAT: &str = "cleanbench-run/1.4";
/// The format without what 1.4 adds.
const NOTES_FORMAT: &str = "cleanbench-run/1.3";
/// The format without what 1.3 adds.
const GATES_FORMAT: &str = "cleanbench-run/1.2";
/// The format without what 1.2 adds.
const SHARDS_FORMAT: &str = "cleanbench-run/1.1";
/// The format without what 1.1 adds.
const FIRST_FORMAT: &str = "cleanbench-run/1.0";

/// Name of the scorer that takes the scores of an imported log.
const RECORDED: &str = "recorded";

/// Version of the tables of a new run. Tables of an earlier version are drawn as they were, so that a
/// run made then still verifies byte by byte: 1 has no `input_digest` and what follows it in
/// `results.csv`, Wilson's interval for every score, and neither `junit.xml` nor `summary.md`; 2 has the
/// interval of a fixed number of samples for tasks that may end early too, and takes their samples in
/// quarantine for ones that were not asked; 3 has no notes in `summary.md`, compares with the baseline whatever
/// the model saw alike, though its target changed or the baseline had it in quarantine, and pairs equal inputs
/// in the order of rows; 4 bets in the order of rows where Student's t cannot be trusted, trusts it with any
/// clusters and any scores of several epochs, and leaves epochs without an answer out of a sample's score; 5 does not
/// tell by which rule an answer was read, nor why answers were not; 6 weighs contamination without measuring the bias of
/// controls, and knows no answers to probes that say nothing; 7 weighs what was restored alone, and knows no reference
/// models; 8 tells of what hangs on answers that say nothing the worst p-value alone, lets reference models measure bias
/// that are less able than the model under test, and a certificate rest on one finding whatever the others leave open.
pub const TABLES: u32 = 9;
/// The same, where a later version is refused.
const KNOWN_TABLES: &str = "tables 9";

fn first_tables() -> u32 {
    1
}

#[expect(
    clippy::trivially_copy_pass_by_ref,
    reason = "serde asks for a reference"
)]
fn is_first_tables(tables: &u32) -> bool {
    *tables == first_tables()
}

/// The whole of `run.json`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Manifest {
    /// [`Manifest::lowest_format`].
    pub format: String,
    /// Identity of the run.
    pub run: RunId,
    /// The part of the calls that this directory is for; absent where it is for all.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub shard: Option<Shard>,
    /// The shards that this run was put together from; absent where it was made in one place.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub merged: Option<Merged>,
    /// What was decided before the first call.
    pub plan: Plan,
    /// Where the run stands; absent until a writer has stopped in order.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub end: Option<End>,
}

/// What was decided before the first call.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Plan {
    /// Name and version of the program.
    pub tool: String,
    /// When the run was planned, UTC.
    pub created: String,
    /// The suite.
    pub suite: SuitePlan,
    /// The models, in the order of the command line.
    pub models: Vec<ModelPlan>,
    /// The tasks, in the order of the suite, and after them the contamination probes.
    pub tasks: Vec<TaskPlan>,
    /// Which columns and intervals the tables of the run have: [`TABLES`], or what it was when the run
    /// was planned.
    #[serde(default = "first_tables", skip_serializing_if = "is_first_tables")]
    pub tables: u32,
    /// Seed from which all others are derived.
    pub seed: u64,
    /// SHA-256 of `samples.jsonl`.
    pub samples_digest: Digest,
    /// Merkle root over the digests of all samples (RFC 6962; leaf = input digest ‖ sample digest).
    pub samples_root: Digest,
    /// SHA-256 of the files in `inputs/`, by path.
    pub inputs: BTreeMap<String, Digest>,
    /// The conditions that the run is judged by. Their paired tests are one family.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub gates: Vec<Gate>,
    /// The run that it is compared with; its files are in `inputs/baseline/`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub baseline: Option<BaselinePlan>,
    /// How `junit.xml` is drawn.
    #[serde(default, skip_serializing_if = "JunitPlan::is_default")]
    pub junit: JunitPlan,
    /// The quarantine list.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub quarantine: Vec<Quarantined>,
    /// The run whose recorded answers are taken instead of asking; absent where everything is asked.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub replay: Option<ReplayPlan>,
    /// Why these samples and no others were taken, where an earlier run decided it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub selection: Option<SelectionPlan>,
    /// The logs of another harness that its answers and scores are from; absent where models were asked.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub imported: Option<ImportedPlan>,
    /// What people were told of it before anything was asked. Of a merged run, what its first shard was told.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub notes: Vec<Note>,
}

/// The run that another is compared with.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct BaselinePlan {
    /// Identity of that run.
    pub run: RunId,
    /// The model of it that all are compared with, where one was named; else the one of the same name,
    /// or for the mode `choice` the only one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub model: Option<String>,
    /// Whether its recorded answers were judged again by the suite of this run; what came of that is an input, too.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub judged_anew: bool,
}

/// Where the answers of a run come from whose models nobody asked here.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ImportedPlan {
    /// The harness that asked, with its version where its log says.
    pub tool: String,
    /// The form of its log.
    pub format: String,
    /// The files that were read, by name.
    pub sources: Vec<ImportedSource>,
    /// What the log does not tell, or what was taken otherwise than it says, a sentence each.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub cannot_tell: Vec<String>,
    /// Where the results that the log states are not those of its samples, a sentence each.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub differences: Vec<String>,
}

/// A file that was imported.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ImportedSource {
    /// Its name, within the folder that was named.
    pub file: String,
    /// SHA-256 of its bytes.
    pub digest: Digest,
}

impl ImportedPlan {
    /// Where the answers are from, for people.
    pub fn told(&self) -> String {
        let first = self.sources.first();
        let first = first.map_or_else(String::new, |source| {
            format!(", `{}` (SHA-256 {})", source.file, source.digest)
        });
        let more = match self.sources.len() {
            0 | 1 => String::new(),
            files => format!(" and {} more files", files - 1),
        };
        format!("imported from {} ({}){first}{more}", self.tool, self.format)
    }
}

/// The run whose recorded answers a run takes. Its `run.json` is the input [`REPLAYED_FILE`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ReplayPlan {
    /// The run.
    pub run: RunId,
    /// What becomes of a call that it has no answer to.
    pub missing: Missing,
}

/// The `run.json` of the run that is replayed, within a run directory.
pub const REPLAYED_FILE: &str = "inputs/replayed.run.json";

/// What becomes of a call whose request was not answered in the run that is replayed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Missing {
    /// It is not made, and ends as skipped. Nothing at all is sent.
    Skip,
    /// It is made.
    Ask,
}

/// Samples that were picked by what an earlier run says of them.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SelectionPlan {
    /// The earlier run.
    pub from: RunId,
    /// What was picked.
    pub only: Only,
    /// How many samples were picked.
    pub samples: u64,
}

/// Which samples are put again.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Only {
    /// Those with a score below 1.
    Failed,
    /// Those whose repeats disagree, that needed several attempts, or that were judged differently.
    Flaky,
    /// Those whose input or target is not what it was; all others are there too, by replay.
    Changed,
}

impl Only {
    /// The word used on the command line and in `run.json`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Failed => "failed",
            Self::Flaky => "flaky",
            Self::Changed => "changed",
        }
    }
}

/// The suite of a run.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SuitePlan {
    /// Name.
    pub name: String,
    /// Version as its author wrote it.
    pub version: String,
    /// Digest over the manifest and all data files.
    pub digest: Digest,
}

/// A model of a run.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ModelPlan {
    /// Name as the user wrote it.
    pub name: String,
    /// The endpoint, as the model adapter describes it. No secret.
    pub endpoint: Value,
    /// Sampling parameters that are sent, for each task in order.
    pub sampling: Vec<Sampling>,
    /// What becomes of them at the endpoint by the provider's own rules, for each task in order: what
    /// is sent, under which names, and what the endpoint is known to ignore.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub effective: Vec<Value>,
    /// What it is asked for, since format 1.7.
    #[serde(default, skip_serializing_if = "Role::is_subject")]
    pub role: Role,
}

impl ModelPlan {
    /// Whether it cannot have seen the items, and nothing is decided about it.
    pub fn is_reference(&self) -> bool {
        self.role == Role::Reference
    }
}

/// What a model of a run is asked for.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Role {
    /// To be measured.
    #[default]
    Subject,
    /// To show what a model answers that cannot have seen the items: nothing is decided about it.
    Reference,
}

impl Role {
    /// The word used in files and tables.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Subject => "subject",
            Self::Reference => "reference",
        }
    }

    #[expect(
        clippy::trivially_copy_pass_by_ref,
        reason = "serde asks for a reference"
    )]
    fn is_subject(&self) -> bool {
        *self == Self::Subject
    }
}

/// A task of a run.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TaskPlan {
    /// Name.
    pub name: String,
    /// Repeats of each sample; 0 where the task is not asked, and its samples are there for the probes alone. Since
    /// format 1.7.
    pub epochs: u32,
    /// Number of samples.
    pub samples: u64,
    /// Label of the task.
    pub sensitivity: Sensitivity,
    /// Scorers, the first being the one that the summary shows.
    pub scorers: Vec<ScorerSpec>,
    /// Digest over the scorers with their versions.
    pub scorers_digest: Digest,
    /// How the scores of a sample's epochs become its score.
    #[serde(default, skip_serializing_if = "Reducer::is_mean")]
    pub reducer: Reducer,
    /// The field of the samples' metadata that says which of them hang together, where the task names
    /// one. What holds of a sample is its own `cluster`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cluster: Option<String>,
    /// Fields of the samples' metadata by whose values scores are reported besides.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub slices: Vec<String>,
    /// What its answers must look like.
    #[serde(default, skip_serializing_if = "Constraints::is_plain")]
    pub constraints: Constraints,
    /// The task as the suite defines it.
    pub definition: Value,
    /// What makes it a contamination probe, if it is one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub probe: Option<ProbePlan>,
}

/// A contamination probe of a run. Its samples are its calls.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ProbePlan {
    /// Name of the probe, for example `completion`.
    pub id: String,
    /// The form in which it is put.
    pub form: ProbeForm,
    /// Name of the task whose items are suspect; empty for a check of validity, which is about the endpoint.
    pub suspects: String,
    /// The task that was declared as control, and why a model cannot have seen it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub declared: Option<(String, ControlKind)>,
    /// What the controls are.
    pub control: ControlKind,
    /// Most items of an arm.
    pub items: u64,
    /// The instruction that replaces the shipped one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub prompt: Option<String>,
    /// Seed of its free choices.
    pub seed: u64,
    /// How it asks and reads, since format 1.6; 1 before.
    #[serde(default = "first_protocol", skip_serializing_if = "is_first_protocol")]
    pub protocol: u32,
    /// The task whose controls it measures the bias of: its own suspects were never sent anywhere. Since format 1.6.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub bias_of: Option<String>,
    /// Whether it asks about no more items once a leak is clear. Since format 1.8.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub early_stop: bool,
    /// Whether it asks about the order of the files in which its items stand, and the samples of the run are in it, none
    /// between them left out. Since format 1.9.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub file_order: bool,
}

fn first_protocol() -> u32 {
    1
}

#[expect(
    clippy::trivially_copy_pass_by_ref,
    reason = "serde asks for a reference"
)]
fn is_first_protocol(protocol: &u32) -> bool {
    *protocol == first_protocol()
}

/// What a scorer is called: one that takes a score of another harness after that, `recorded:NAME`, in characters that
/// can be seen, because a log may call it anything.
fn scorer_name(scorer: &ScorerSpec) -> Cow<'_, str> {
    let foreign = scorer.params.get("scorer").and_then(Value::as_str);
    match foreign.filter(|_| scorer.kind == RECORDED) {
        None => Cow::from(scorer.kind.as_str()),
        Some(name) => Cow::from(format!("{RECORDED}:{}", name.escape_debug())),
    }
}

impl TaskPlan {
    /// Names of what judges its answers: the scorers in order, or the probe.
    pub fn judges(&self) -> impl Iterator<Item = Cow<'_, str>> {
        let probe = self
            .probe
            .as_ref()
            .map(|probe| Cow::from(probe.id.as_str()));
        probe
            .into_iter()
            .chain(self.scorers.iter().map(scorer_name))
    }

    /// Whether its samples are put to models: not where probes alone are put.
    pub fn is_asked(&self) -> bool {
        self.epochs > 0
    }

    /// Why its calls are made.
    pub fn purpose(&self) -> Purpose<'_> {
        self.probe.as_ref().map_or(Purpose::Task, |probe| {
            Purpose::Probe(probe.id.as_str().into())
        })
    }
}

/// Where a run stands when its writer has stopped in order.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct End {
    /// Why the last writer stopped.
    pub stopped: StopReason,
    /// When, UTC: the time of the journal's last record.
    pub at: String,
    /// Heads of all journal segments.
    pub segments: Vec<SegmentHead>,
    /// Number of calls by how they ended; `open` are those that have not.
    pub calls: BTreeMap<String, u64>,
    /// Attempts whose outcome is unknown and that were possibly billed.
    pub attempts_unknown: u64,
    /// Answers judged.
    pub judged: u64,
    /// SHA-256 of the tables, by file name.
    pub files: BTreeMap<String, Digest>,
}

impl Plan {
    /// Digest that the journal's `planned` record holds.
    ///
    /// # Errors
    /// Never for a plan that was read from JSON.
    pub fn digest(&self) -> Result<Digest, serde_json::Error> {
        Ok(Digest::of("cleanbench/plan/1", &[&canonical::of(self)?]))
    }

    /// The numbered calls of the plan.
    pub fn call_space(&self) -> CallSpace {
        let models = u32::try_from(self.models.len()).unwrap_or(u32::MAX);
        CallSpace::new(
            models,
            self.tasks.iter().map(|task| (task.samples, task.epochs)),
        )
    }
}

impl Manifest {
    /// The lowest format that has every field of this manifest. A file names no later one, so that an
    /// earlier program reads whatever it can.
    pub fn lowest_format(&self) -> &'static str {
        let of_tasks = |task: &TaskPlan| {
            !task.reducer.is_mean() || task.cluster.is_some() || !task.slices.is_empty()
        };
        let plan = &self.plan;
        let is_gated = !plan.gates.is_empty() || plan.baseline.is_some();
        let is_reported = !plan.junit.is_default() || !plan.quarantine.is_empty();
        let of_earlier_runs = plan.replay.is_some() || plan.selection.is_some();
        let of_plan = is_gated || is_reported || of_earlier_runs || !is_first_tables(&plan.tables);
        let is_judged_anew = plan.baseline.as_ref().is_some_and(|base| base.judged_anew);
        let has_protocol = |task: &TaskPlan| {
            task.probe
                .as_ref()
                .is_some_and(|probe| !is_first_protocol(&probe.protocol))
        };
        let is_asked = plan.tasks.iter().all(TaskPlan::is_asked);
        let probes = || plan.tasks.iter().filter_map(|task| task.probe.as_ref());
        if probes().any(|probe| probe.file_order) {
            MANIFEST_FORMAT
        } else if probes().any(|probe| probe.early_stop) {
            STOPS_FORMAT
        } else if !is_asked || plan.models.iter().any(ModelPlan::is_reference) {
            ROLES_FORMAT
        } else if plan.tasks.iter().any(has_protocol) {
            PROTOCOLS_FORMAT
        } else if plan.imported.is_some() {
            IMPORTS_FORMAT
        } else if is_judged_anew || plan.gates.iter().any(Gate::has_later_keys) {
            TIERS_FORMAT
        } else if self.planning_notes().next().is_some() {
            NOTES_FORMAT
        } else if of_plan || plan.tasks.iter().any(of_tasks) {
            GATES_FORMAT
        } else if self.shard.is_some() || self.merged.is_some() {
            SHARDS_FORMAT
        } else {
            FIRST_FORMAT
        }
    }

    /// The bytes of `run.json`: indented, one line feed at the end.
    ///
    /// # Errors
    /// When a number in it cannot be written as JSON.
    pub fn to_bytes(&self) -> Result<Vec<u8>, serde_json::Error> {
        let mut bytes = serde_json::to_vec_pretty(self)?;
        bytes.push(b'\n');
        Ok(bytes)
    }

    /// Writes `run.json` so that at every moment the old or the new one is there, whole.
    ///
    /// # Errors
    /// When the folder cannot be written.
    pub fn write(&self, run: &RunDirectory) -> Result<(), LedgerError> {
        let bytes = self.to_bytes().map_err(std::io::Error::from)?;
        write_atomically(run, MANIFEST_FILE, &bytes)
    }

    /// Reads `run.json` of `run`.
    ///
    /// # Errors
    /// When it is missing, damaged, or of a later format.
    pub fn read(run: &RunDirectory) -> Result<Self, LedgerError> {
        if !run.holds(MANIFEST_FILE)? {
            let what = format!("there is no `{MANIFEST_FILE}` in it");
            return Err(LedgerError::NotARun(run.path().to_owned(), what));
        }
        let manifest = Self::parse(&run.read(MANIFEST_FILE)?)?;
        manifest.plan.check_size(run)?;
        manifest.check_parts()?;
        Ok(manifest)
    }

    /// Reads the bytes of a `run.json` that stands by itself, as in the inputs of a comparison. What it
    /// says of other files is not checked.
    ///
    /// # Errors
    /// When it is damaged, or of a later format.
    pub fn parse(bytes: &[u8]) -> Result<Self, LedgerError> {
        files::check_values(MANIFEST_FILE, bytes)?;
        let named: Named = serde_json::from_slice(bytes).map_err(|error| damaged(&error))?;
        if let Some(found) = named.format.filter(|name| !readable(name, MANIFEST_FORMAT)) {
            return Err(LedgerError::too_new(MANIFEST_FILE, found, MANIFEST_FORMAT));
        }
        let manifest: Self = serde_json::from_slice(bytes).map_err(|error| damaged(&error))?;
        manifest.check_names()?;
        if manifest.plan.tables > TABLES {
            let found = format!("tables {}", manifest.plan.tables);
            return Err(LedgerError::too_new(MANIFEST_FILE, found, KNOWN_TABLES));
        }
        Ok(manifest)
    }
}

/// Of a `run.json` the format alone.
#[derive(Deserialize)]
struct Named {
    format: Option<String>,
}

impl Manifest {
    /// Refuses names of files that would lead elsewhere: inputs lie in `inputs/`, tables in the folder itself.
    fn check_names(&self) -> Result<(), Damage> {
        let is_input = |name: &String| is_below(name) && name.starts_with("inputs/");
        let is_table = |name: &String| is_below(name) && !name.contains('/');
        let mut inputs = self.plan.inputs.keys();
        let mut tables = self.end.iter().flat_map(|end| end.files.keys());
        let wrong = inputs.find(|name| !is_input(name));
        match wrong.or_else(|| tables.find(|name| !is_table(name))) {
            None => Ok(()),
            Some(name) => {
                let what = format!("names a file that is not in its place: {name:?}");
                Err(Damage::whole(MANIFEST_FILE, what))
            }
        }
    }

    /// The head of a run that has ended: the SHA-256 of its `run.json`, from which everything else in it is covered:
    /// the plan, the samples, the inputs, the heads of all journal segments and the tables. `None` where the run has not
    /// ended, and may still grow.
    ///
    /// # Errors
    /// When a number in it cannot be written as JSON.
    pub fn head(&self) -> Result<Option<Digest>, serde_json::Error> {
        if self.end.is_none() {
            return Ok(None);
        }
        Ok(Some(Digest::of_file_bytes(&self.to_bytes()?)))
    }
}

/// Calls of any plan, however short its samples are.
const ALWAYS_CALLS: u64 = 6_000_000;

/// Most calls of a run whose `samples.jsonl` holds `bytes`: tables of that size are made in memory. A row takes up
/// [`SHORTEST_ROW`] bytes at least, so that every sample may be put to as many models and epochs.
fn most_calls(bytes: u64) -> u64 {
    bytes.max(ALWAYS_CALLS)
}

impl Plan {
    /// The number of calls; `None` where there is no such number.
    fn calls(&self) -> Option<u64> {
        let models = self.models.len() as u64;
        let mut tasks = self.tasks.iter();
        tasks.try_fold(0_u64, |sum, task| {
            let calls = task.samples.checked_mul(task.epochs.into())?;
            sum.checked_add(calls.checked_mul(models)?)
        })
    }

    /// Refuses a plan of more calls than whoever reads the run accepts.
    ///
    /// # Errors
    /// When it has more.
    pub fn check_calls(&self, run: &RunDirectory) -> Result<(), LedgerError> {
        let most = most_calls(files::held(&run.open("samples.jsonl")?)?);
        if self.calls().is_some_and(|calls| calls <= most) {
            return Ok(());
        }
        let what = format!(
            "this would be more than {most} calls, which is too many for one run: take fewer samples (`-n`), epochs or models"
        );
        Err(std::io::Error::other(what).into())
    }

    /// The models that something is decided about, with their positions.
    pub fn subjects(&self) -> impl Iterator<Item = (usize, &ModelPlan)> {
        let models = self.models.iter().enumerate();
        models.filter(|(_, model)| !model.is_reference())
    }

    /// Whether a gate may end `task` before all of its samples were asked.
    pub fn may_end_early(&self, task: &TaskPlan) -> bool {
        let ends = |gate: &Gate| gate.early_stop && gate.tasks.contains(&task.name);
        task.probe.is_none() && task.is_asked() && self.gates.iter().any(ends)
    }

    /// Whether every answer that was read has the rule that read it on record: of tables 6 on.
    pub fn tells_rules(&self) -> bool {
        self.tables >= 6
    }

    /// Refuses a plan of more calls than its samples can account for, before tables of that size are
    /// made in memory.
    fn check_size(&self, run: &RunDirectory) -> Result<(), Damage> {
        let held = run.open("samples.jsonl").ok();
        let held = held.and_then(|file| files::held(&file).ok()).unwrap_or(0);
        let samples = self
            .tasks
            .iter()
            .try_fold(0_u64, |sum, task| sum.checked_add(task.samples));
        if samples.is_none_or(|samples| samples > held / SHORTEST_ROW) {
            return Err(Damage::whole(
                "run.json",
                "plans more samples than samples.jsonl holds",
            ));
        }
        if self
            .tasks
            .iter()
            .any(|task| task.probe.is_some() && !task.is_asked() || task.epochs > MOST_EPOCHS)
        {
            return Err(Damage::whole(
                "run.json",
                format!(
                    "epochs must be from 1 to {MOST_EPOCHS}, or 0 for a task that is not asked"
                ),
            ));
        }
        if self.calls().is_none_or(|calls| calls > most_calls(held)) {
            let what = "plans more calls than its samples account for";
            return Err(Damage::whole("run.json", what));
        }
        if self
            .models
            .iter()
            .any(|model| model.sampling.len() != self.tasks.len())
        {
            return Err(Damage::whole(
                "run.json",
                "a model has not one `sampling` for each task",
            ));
        }
        Ok(())
    }
}

fn damaged(error: &serde_json::Error) -> Damage {
    Damage::at_line(
        "run.json",
        error.line() as u64,
        format!("unreadable: {error}"),
    )
}

/// Replaces the file `name` of `run` in one step. Its folder is made where there is none.
///
/// # Errors
/// When the folder cannot be written; the old file is then untouched.
pub fn write_atomically(run: &RunDirectory, name: &str, bytes: &[u8]) -> Result<(), LedgerError> {
    if let Some((folder, _)) = name.rsplit_once('/') {
        files::make_folders(run.path(), folder)?;
    }
    files::replace(run.path(), name, bytes)?;
    run.sync()
}
