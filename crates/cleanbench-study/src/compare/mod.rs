//! Two models on the same samples: what differs, by how much, and how sure that is.
//!
//! Start with [`compare`]; several models of one run go through [`rank`]. Both are pure: the same tables
//! and options give the same value, bit for bit, so that a comparison on record can be verified.
//!
//! It refuses to compare what was not asked alike ([`NotComparable`]), and says in what it differs.

mod finding;
mod flips;
mod measure;
mod missing;
mod ranking;
mod slices;
#[cfg(test)]
mod tests;

use cleanbench_core::{GateMode, Reducer};
use cleanbench_items::{
    Both, Comparability, Difference, Item, ItemTable, ModelTask, Pairing, Planned, Policy, Rules,
    Side, Terms, Treatment, Who,
};
use cleanbench_stats::multiplicity::{benjamini_hochberg, holm};
use serde::{Deserialize, Serialize};

pub(crate) use finding::adjust_family;
pub use finding::{Finding, Verdict};
pub use flips::Flip;
pub(crate) use measure::is_binary;
pub use measure::{ALPHA, Level, Measure, POWER, Table};
pub use missing::{ByMissing, Missing};
pub use ranking::{Rank, RankedTask, Ranking, rank};
pub use slices::{SliceComparison, WorstSlice};

/// What is compared, and how; all of it is on record with the comparison.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Options {
    /// The mode; by default the one that the sides call for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub mode: Option<GateMode>,
    /// How samples without an answer count.
    #[serde(default)]
    pub missing: Missing,
    /// Only these tasks; all where empty.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub tasks: Vec<String>,
    /// Compare what both have, though tasks or the wording of samples differ otherwise.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub common: bool,
    /// What comparisons without a `policy` say instead: pair samples whose target or metadata changed, each
    /// scored by its own run.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub with_changed: bool,
    /// What becomes of pairs for which something speaks against comparing them; comparisons of earlier versions
    /// do not say.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub policy: Option<Policy>,
}

impl Options {
    /// What becomes of pairs, said or not.
    pub fn policy(&self) -> Policy {
        let earlier = Policy::OF_EARLIER_COMPARISONS;
        let changed = if self.with_changed {
            Treatment::Compared
        } else {
            earlier.changed
        };
        self.policy.unwrap_or(Policy { changed, ..earlier })
    }

    /// What must be the same.
    fn terms(&self, mode: GateMode) -> Terms {
        let is_told = self.policy.is_some();
        Terms {
            same_model: is_told && mode == GateMode::Regression,
            same_wording: is_told && !self.common,
            same_epochs: self.policy().rules == Rules::Now,
            ..Terms::of(mode)
        }
    }
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
        mode: GateMode,
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

fn obstacles(mode: GateMode, found: &[Difference]) -> String {
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
    /// Pairs of which a sample is in quarantine; earlier versions do not say.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub quarantined: Option<u64>,
    /// Pairs of which a sample was deliberately not asked; earlier versions do not say.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub not_asked: Option<u64>,
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
    pub mode: GateMode,
    /// The declared way to count samples without an answer.
    pub missing: Missing,
    /// What became of pairs that speak against being compared; earlier versions do not say.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub policy: Option<Policy>,
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

/// Compares the candidate with the baseline.
///
/// # Errors
/// When they cannot be compared.
pub fn compare(sides: Both<Side<'_>>, options: &Options) -> Result<Comparison, NotComparable> {
    let called_for = Terms::mode_of(sides.map(Side::plan));
    let mode = options.mode.unwrap_or(called_for);
    let mut found = Comparability::default();
    let shared = asked_alike(sides, options.terms(mode), options, &mut found)?;
    let compared = shared.iter().map(|at| {
        let pairing = pairing_of(sides, *at, options, &mut found);
        task(sides, *at, &pairing, options)
    });
    let (tasks, flips): (Vec<_>, Vec<_>) = compared.unzip();
    refuse(mode, &mut found)?;
    let mut comparison = Comparison {
        suite: sides.base.table.manifest.plan.suite.name.clone(),
        mode,
        missing: options.missing,
        policy: options.policy,
        base: sides.base.who(),
        candidate: sides.candidate.who(),
        differences: found.listed,
        tasks,
        worst_slice: None,
        flips: flips.concat(),
    };
    comparison.adjust();
    Ok(comparison)
}

/// Positions of the tasks that two runs of the same model share, of those that `options` name. For those who
/// follow a model over several runs.
///
/// # Errors
/// When it was not asked alike.
pub(crate) fn alike(
    sides: Both<Side<'_>>,
    options: &Options,
) -> Result<Vec<Both<usize>>, NotComparable> {
    let mode = GateMode::Regression;
    let terms = Terms {
        same_model: true,
        ..options.terms(mode)
    };
    let mut found = Comparability::default();
    let shared = asked_alike(sides, terms, options, &mut found)?;
    for at in &shared {
        pairing_of(sides, *at, options, &mut found);
    }
    refuse(mode, &mut found)?;
    Ok(shared)
}

/// Positions of the tasks on both sides; what differs in how they were asked goes into `found`.
fn asked_alike(
    sides: Both<Side<'_>>,
    terms: Terms,
    options: &Options,
    found: &mut Comparability,
) -> Result<Vec<Both<usize>>, NotComparable> {
    found.of_runs(sides.map(|side| &side.table.manifest.plan));
    found.of_models(sides.map(Side::plan), terms);
    refuse(terms.mode, found)?;
    if sides.map(|side| key(side.table)).differ() {
        return Err(NotComparable::Keys);
    }
    let shared = shared_tasks(sides, options, found)?;
    for at in &shared {
        let asked = sides.zip(*at).map(|(side, task)| {
            let model = side.model;
            Planned::of(&side.table.manifest.plan).at(ModelTask { model, task })
        });
        found.of_task(asked, terms);
    }
    Ok(shared)
}

fn refuse(mode: GateMode, found: &mut Comparability) -> Result<(), NotComparable> {
    if found.obstacles.is_empty() {
        return Ok(());
    }
    let found = std::mem::take(&mut found.obstacles);
    Err(NotComparable::Differ { mode, found })
}

/// Digest of the key under which a run digested its samples.
fn key(table: &ItemTable) -> Option<&cleanbench_core::Digest> {
    table
        .manifest
        .plan
        .inputs
        .get(cleanbench_report::verify::KEY_FILE)
}

/// Positions of the tasks that both sides have, of those that are asked for.
fn shared_tasks(
    sides: Both<Side<'_>>,
    options: &Options,
    found: &mut Comparability,
) -> Result<Vec<Both<usize>>, NotComparable> {
    let positions = sides.map(|side| wanted(side, options));
    let mut shared = Vec::new();
    for base in positions.base.iter().copied() {
        let name = name_of(sides.base, base);
        let mut theirs = positions.candidate.iter().copied();
        let partner = theirs.find(|other| name_of(sides.candidate, *other) == name);
        shared.extend(partner.map(|candidate| Both { base, candidate }));
    }
    let is_shared = |name: &str| shared.iter().any(|at| name_of(sides.base, at.base) == name);
    if let Some(name) = options.tasks.iter().find(|name| !is_shared(name)) {
        return Err(NotComparable::NoSuchTask(name.clone()));
    }
    if shared.is_empty() {
        return Err(NotComparable::NothingInCommon);
    }
    for (side, positions, is_base) in [
        (sides.base, &positions.base, true),
        (sides.candidate, &positions.candidate, false),
    ] {
        let names = positions.iter().map(|at| name_of(side, *at));
        for name in names.filter(|name| !is_shared(name)) {
            found.one_sided(name, is_base, !options.common);
        }
    }
    Ok(shared)
}

/// Positions of the tasks of a side that are asked for.
fn wanted(side: Side<'_>, options: &Options) -> Vec<usize> {
    let is_wanted =
        |name: &str| options.tasks.is_empty() || options.tasks.iter().any(|one| one == name);
    let positions = side.table.task_positions();
    positions
        .filter(|at| is_wanted(name_of(side, *at)))
        .collect()
}

fn name_of(side: Side<'_>, task: usize) -> &str {
    &side.table.manifest.plan.tasks[task].name
}

/// Pairs the samples of a task; reworded samples are an obstacle unless only what is common is compared.
fn pairing_of(
    sides: Both<Side<'_>>,
    at: Both<usize>,
    options: &Options,
    found: &mut Comparability,
) -> Pairing {
    let items = items(sides, at);
    let pairing = Pairing::of(items.base, items.candidate, options.policy());
    let reworded = pairing.reworded(items.base, items.candidate);
    if !reworded.is_empty() {
        let name = name_of(sides.base, at.base);
        found.reworded(name, &reworded, items.base.len(), !options.common);
    }
    pairing
}

fn items(sides: Both<Side<'_>>, at: Both<usize>) -> Both<&[Item]> {
    sides.zip(at).map(|(side, task)| side.items(task))
}

/// Compares one task, before p-values are adjusted.
fn task(
    sides: Both<Side<'_>>,
    at: Both<usize>,
    pairing: &Pairing,
    options: &Options,
) -> (TaskComparison, Vec<Flip>) {
    let items = items(sides, at);
    let pairs = pairing.pairs.iter().map(|at| Both {
        base: &items.base[at.base],
        candidate: &items.candidate[at.candidate],
    });
    let pairs: Vec<_> = pairs.collect();
    let plan = &sides.base.table.manifest.plan.tasks[at.base];
    let measured = ByMissing::of(&pairs, plan.reducer, options.policy().rules);
    let flips = flips::of_task(&plan.name, &pairs, plan.reducer);
    let contamination = sides.zip(at).map(|(side, task)| {
        let found = side.task(task);
        found.map_or(String::new(), |task| task.contamination.clone())
    });
    let comparison = TaskComparison {
        task: plan.name.clone(),
        scorer: plan.judges().next().unwrap_or_default().to_owned(),
        reducer: plan.reducer,
        base_contamination: contamination.base,
        candidate_contamination: contamination.candidate,
        counts: Counts::of(pairing, items.base, &pairs, options),
        finding: Finding::of(&measured, options.missing),
        measured,
        flipped: number(flips.len()),
        slices: slices::of_task(&pairs, plan.reducer, options),
    };
    (comparison, flips)
}

impl Counts {
    fn of(pairing: &Pairing, base: &[Item], pairs: &[ItemPair<'_>], options: &Options) -> Self {
        const NAMED: usize = 20;
        let changed = pairing.changed.iter();
        let mut changed: Vec<_> = changed.map(|at| &*base[at.base].identity.id).collect();
        if options.policy().rules == Rules::Now {
            changed.sort_unstable();
        }
        changed.truncate(NAMED);
        let aside = pairing.set_aside();
        let told = |count: u64| options.policy.map(|_| count);
        Self {
            pairs: number(pairs.len()),
            changed: number(pairing.changed.len()),
            changed_samples: changed.into_iter().map(str::to_owned).collect(),
            base_alone: aside.base_alone,
            candidate_alone: aside.candidate_alone,
            base_missing: number(pairs.iter().filter(|pair| pair.base.is_missing()).count()),
            candidate_missing: number(
                pairs
                    .iter()
                    .filter(|pair| pair.candidate.is_missing())
                    .count(),
            ),
            quarantined: told(aside.quarantined),
            not_asked: told(aside.not_asked),
        }
    }
}

/// A sample on both sides.
pub(crate) type ItemPair<'a> = Both<&'a Item>;

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
