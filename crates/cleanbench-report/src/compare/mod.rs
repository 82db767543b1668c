//! Two models on the same samples: what differs, by how much, and how sure that is.
//!
//! Start with [`compare`]; several models of one run go through [`rank`]. Both are pure: the same tables
//! and options give the same value, bit for bit, so that a comparison on record can be verified.
//!
//! It refuses to compare what was not asked alike ([`NotComparable`]), and says in what it differs.

mod comparable;
mod finding;
mod flips;
mod measure;
mod missing;
mod pairing;
mod ranking;
mod side;
mod slices;
#[cfg(test)]
mod tests;

use cleanbench_core::Reducer;
use cleanbench_stats::multiplicity::{benjamini_hochberg, holm};
use serde::{Deserialize, Serialize};

pub use comparable::{Difference, Mode};
pub(crate) use finding::adjust_family;
pub use finding::{Finding, Verdict};
pub use flips::Flip;
pub(crate) use measure::is_binary;
pub use measure::{ALPHA, Level, Measure, POWER, Table};
pub use missing::{ByMissing, Missing};
pub use pairing::Pairing;
pub use ranking::{Rank, RankedTask, Ranking, rank};
pub use side::{Side, Who};
pub use slices::{SliceComparison, WorstSlice};

use crate::items::{Item, ItemTable};
use comparable::Differences;

/// What is compared, and how; all of it is on record with the comparison.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Options {
    /// The mode; by default the one that the sides call for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub mode: Option<Mode>,
    /// How samples without an answer count.
    #[serde(default)]
    pub missing: Missing,
    /// Only these tasks; all where empty.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub tasks: Vec<String>,
    /// Compare what both have, though tasks or the wording of samples differ otherwise.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub common: bool,
    /// Pair samples whose target or metadata changed, each scored by its own run.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub with_changed: bool,
}

/// Why two sides cannot be compared.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NotComparable {
    /// The runs digested their samples under different keys.
    #[error(
        "the runs were made under different suite keys, so that their samples cannot be recognised in each other"
    )]
    Keys,
    /// Something else was asked, or judged otherwise.
    #[error("{}", obstacles(*mode, found))]
    Differ {
        /// The mode that forbids it.
        mode: Mode,
        /// Every obstacle, task by task.
        found: Vec<Difference>,
    },
    /// A task that was asked for is on neither or only one side.
    #[error("task `{0}` is not in both runs")]
    NoSuchTask(String),
    /// No task is on both sides.
    #[error("the runs have no task in common")]
    NothingInCommon,
    /// One model alone cannot be ranked.
    #[error("the run has one model only")]
    OneModel,
}

fn obstacles(mode: Mode, found: &[Difference]) -> String {
    let lines: Vec<_> = found.iter().map(|one| format!("\n  {one}")).collect();
    format!(
        "cannot be compared in {} mode, because these differ:{}",
        mode.as_str(),
        lines.concat()
    )
}

/// How the samples of a task paired.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Counts {
    /// Pairs that are compared.
    pub pairs: u64,
    /// Pairs with the same input whose target or metadata changed.
    pub changed: u64,
    /// The first of them by id.
    pub changed_samples: Vec<String>,
    /// Samples of the baseline alone.
    pub base_alone: u64,
    /// Samples of the candidate alone.
    pub candidate_alone: u64,
    /// Pairs in which an answer of the baseline is missing.
    pub base_missing: u64,
    /// Pairs in which an answer of the candidate is missing.
    pub candidate_missing: u64,
}

/// The two sides in one task.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct TaskComparison {
    /// Name of the task.
    pub task: String,
    /// The scorer that is read.
    pub scorer: String,
    /// How the scores of epochs become one.
    pub reducer: Reducer,
    /// What is known of the task's contamination at the baseline.
    pub base_contamination: String,
    /// At the candidate.
    pub candidate_contamination: String,
    /// How samples paired.
    pub counts: Counts,
    /// The result; p is adjusted by Holm over the tasks.
    pub finding: Finding,
    /// The difference by every way to count what is missing.
    pub measured: ByMissing,
    /// Samples that scored otherwise.
    pub flipped: u64,
    /// The same for every slice; p is adjusted by Benjamini and Hochberg over all slices.
    pub slices: Vec<SliceComparison>,
}

/// Two sides compared.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Comparison {
    /// Name of the suite.
    pub suite: String,
    /// The mode.
    pub mode: Mode,
    /// The declared way to count samples without an answer.
    pub missing: Missing,
    /// The baseline.
    pub base: Who,
    /// The candidate.
    pub candidate: Who,
    /// In what they differ and may.
    pub differences: Vec<Difference>,
    /// One entry a task.
    pub tasks: Vec<TaskComparison>,
    /// The slice in which the candidate loses most.
    pub worst_slice: Option<WorstSlice>,
    /// Samples that scored otherwise, in the order of the baseline.
    #[serde(skip)]
    pub flips: Vec<Flip>,
}

/// Compares `candidate` with `base`.
///
/// # Errors
/// When they cannot be compared.
pub fn compare(
    base: Side<'_>,
    candidate: Side<'_>,
    options: &Options,
) -> Result<Comparison, NotComparable> {
    let mode = options.mode.unwrap_or_else(|| Mode::of(base, candidate));
    let mut found = Differences::default();
    let both = asked_alike((base, candidate), mode, options, &mut found)?;
    let compared = both.iter().map(|at| {
        let pairing = pairing_of((base, candidate), *at, options, &mut found);
        task((base, candidate), *at, &pairing, options)
    });
    let (tasks, flips): (Vec<_>, Vec<_>) = compared.unzip();
    refuse(mode, &mut found)?;
    let mut comparison = Comparison {
        suite: base.table.manifest.plan.suite.name.clone(),
        mode,
        missing: options.missing,
        base: base.who(),
        candidate: candidate.who(),
        differences: found.listed,
        tasks,
        worst_slice: None,
        flips: flips.concat(),
    };
    comparison.adjust();
    Ok(comparison)
}

/// Positions of the tasks that two runs of the same model share, of those in `tasks`, if there are any in
/// it. For those who follow a model over several runs.
///
/// # Errors
/// When it was not asked alike.
pub(crate) fn alike(
    base: Side<'_>,
    candidate: Side<'_>,
    tasks: &[String],
) -> Result<Vec<(usize, usize)>, NotComparable> {
    let options = Options {
        tasks: tasks.to_vec(),
        ..Options::default()
    };
    let (mode, mut found) = (Mode::Regression, Differences::default());
    let models = (base.identity(), candidate.identity());
    if models.0 != models.1 {
        found.other_models(models);
    }
    let both = asked_alike((base, candidate), mode, &options, &mut found)?;
    for at in &both {
        pairing_of((base, candidate), *at, &options, &mut found);
    }
    refuse(mode, &mut found)?;
    Ok(both)
}

/// Positions of the tasks on both sides; what differs in how they were asked goes into `found`.
fn asked_alike(
    (base, candidate): (Side<'_>, Side<'_>),
    mode: Mode,
    options: &Options,
    found: &mut Differences,
) -> Result<Vec<(usize, usize)>, NotComparable> {
    found.of_runs(base, candidate, mode);
    refuse(mode, found)?;
    if key(base.table) != key(candidate.table) {
        return Err(NotComparable::Keys);
    }
    let both = shared_tasks((base, candidate), options, found)?;
    for at in &both {
        found.of_task((base, candidate), *at, mode);
    }
    Ok(both)
}

fn refuse(mode: Mode, found: &mut Differences) -> Result<(), NotComparable> {
    if found.obstacles.is_empty() {
        return Ok(());
    }
    let found = std::mem::take(&mut found.obstacles);
    Err(NotComparable::Differ { mode, found })
}

/// Digest of the key under which a run digested its samples.
fn key(table: &ItemTable) -> Option<&cleanbench_core::Digest> {
    table.manifest.plan.inputs.get(crate::verify::KEY_FILE)
}

/// Positions of the tasks that both sides have, of those that are asked for.
fn shared_tasks(
    (base, candidate): (Side<'_>, Side<'_>),
    options: &Options,
    found: &mut Differences,
) -> Result<Vec<(usize, usize)>, NotComparable> {
    let wanted =
        |name: &str| options.tasks.is_empty() || options.tasks.iter().any(|one| one == name);
    let positions = |side: Side<'_>| -> Vec<usize> {
        let positions = side.table.task_positions();
        positions.filter(|at| wanted(name_of(side, *at))).collect()
    };
    let (ours, theirs) = (positions(base), positions(candidate));
    let partner = |at: &usize| {
        let mut theirs = theirs.iter();
        theirs.find(|other| name_of(candidate, **other) == name_of(base, *at))
    };
    let both: Vec<_> = ours
        .iter()
        .filter_map(|at| Some((*at, *partner(at)?)))
        .collect();
    let is_shared = |name: &str| both.iter().any(|at| name_of(base, at.0) == name);
    if let Some(name) = options.tasks.iter().find(|name| !is_shared(name)) {
        return Err(NotComparable::NoSuchTask(name.clone()));
    }
    if both.is_empty() {
        return Err(NotComparable::NothingInCommon);
    }
    let names = ours.iter().map(|at| (name_of(base, *at), true));
    let theirs = theirs.iter().map(|at| (name_of(candidate, *at), false));
    for (name, is_ours) in names.chain(theirs).filter(|(name, _)| !is_shared(name)) {
        found.one_sided(name, is_ours, !options.common);
    }
    Ok(both)
}

fn name_of(side: Side<'_>, task: usize) -> &str {
    &side.table.manifest.plan.tasks[task].name
}

/// Pairs the samples of a task; reworded samples are an obstacle unless only what is common is compared.
fn pairing_of(
    (base, candidate): (Side<'_>, Side<'_>),
    at: (usize, usize),
    options: &Options,
    found: &mut Differences,
) -> Pairing {
    let (one, other) = (items(base, at.0), items(candidate, at.1));
    let pairing = Pairing::of(one, other, options.with_changed);
    let reworded = pairing.reworded(one, other);
    if !reworded.is_empty() {
        found.reworded(name_of(base, at.0), &reworded, one.len(), !options.common);
    }
    pairing
}

fn items(side: Side<'_>, task: usize) -> &[Item] {
    side.table.items(side.model, task)
}

/// Compares one task, before p-values are adjusted.
fn task(
    (base, candidate): (Side<'_>, Side<'_>),
    at: (usize, usize),
    pairing: &Pairing,
    options: &Options,
) -> (TaskComparison, Vec<Flip>) {
    let (one, other) = (items(base, at.0), items(candidate, at.1));
    let pairs = pairing.pairs.iter();
    let pairs: Vec<_> = pairs.map(|at| (&one[at.0], &other[at.1])).collect();
    let plan = &base.table.manifest.plan.tasks[at.0];
    let measured = ByMissing::of(&pairs, plan.reducer);
    let flips = flips::of_task(&plan.name, &pairs, plan.reducer);
    let contamination = |side: Side<'_>, task: usize| {
        let found = side.table.task(side.model, task);
        found.map_or(String::new(), |task| task.contamination.clone())
    };
    let comparison = TaskComparison {
        task: plan.name.clone(),
        scorer: plan.judges().next().unwrap_or_default().to_owned(),
        reducer: plan.reducer,
        base_contamination: contamination(base, at.0),
        candidate_contamination: contamination(candidate, at.1),
        counts: Counts::of(pairing, one, &pairs),
        finding: Finding::of(&measured, options.missing),
        measured,
        flipped: number(flips.len()),
        slices: slices::of_task(&pairs, plan.reducer, options.missing),
    };
    (comparison, flips)
}

impl Counts {
    fn of(pairing: &Pairing, base: &[Item], pairs: &[(&Item, &Item)]) -> Self {
        const NAMED: usize = 20;
        let changed = pairing.changed.iter().take(NAMED);
        Self {
            pairs: number(pairs.len()),
            changed: number(pairing.changed.len()),
            changed_samples: changed.map(|at| base[at.0].id.to_string()).collect(),
            base_alone: number(pairing.base_alone.len()),
            candidate_alone: number(pairing.candidate_alone.len()),
            base_missing: number(pairs.iter().filter(|pair| pair.0.is_missing()).count()),
            candidate_missing: number(pairs.iter().filter(|pair| pair.1.is_missing()).count()),
        }
    }
}

impl Comparison {
    /// Adjusts p-values: Holm over tasks, Benjamini and Hochberg over slices; names the worst slice.
    fn adjust(&mut self) {
        let tasks = self.tasks.iter_mut().map(|task| &mut task.finding);
        finding::adjust_family(&mut tasks.collect::<Vec<_>>(), holm);
        let slices = self.tasks.iter_mut().flat_map(|task| &mut task.slices);
        let slices = slices.map(|slice| &mut slice.finding);
        finding::adjust_family(&mut slices.collect::<Vec<_>>(), benjamini_hochberg);
        self.worst_slice = slices::worst(&self.tasks);
    }
}

fn number(count: usize) -> u64 {
    u64::try_from(count).unwrap_or(u64::MAX)
}
