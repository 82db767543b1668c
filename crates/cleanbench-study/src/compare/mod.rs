//! Two models on the same samples: what differs, by how much, and how sure that is.
//!
//! Start with [`compare`]; several models of one run go through [`rank`]. Both are pure: the same tables
//! and options give the same value, bit for bit, so that a comparison on record can be verified.
//!
//! It refuses to compare what was not asked alike ([`NotComparable`]), and says in what it differs.

mod called_for;
mod finding;
mod flips;
mod measure;
mod missing;
mod ranking;
mod rates;
mod rewording;
mod slices;
mod spending;
#[cfg(test)]
mod tests;

use cleanbench_core::{Digest, GateMode, Reducer};
use cleanbench_items::{
    Both, Comparability, Difference, Item, ItemTable, PairKey, Pairing, Policy, Rules, Side, Terms,
    Treatment, Who,
};
use cleanbench_ledger::manifest::TaskPlan;
use cleanbench_stats::multiplicity::{benjamini_hochberg, holm};
use serde::{Deserialize, Serialize};

pub use called_for::Reason;
use called_for::{CalledFor, asked, called_for};
pub(crate) use finding::adjust_family;
pub use finding::{Finding, Verdict};
pub use flips::Flip;
pub(crate) use measure::is_binary;
pub use measure::{Level, Measure, POWER, Table};
pub use missing::{ByMissing, Missing};
pub use ranking::{Rank, RankedTask, Ranking, rank};
pub use rates::ALPHA;
use rates::Rates;
pub use rewording::Rewording;
use slices::Slice;
pub use slices::{SliceComparison, WorstSlice};
pub use spending::{Amount, What as SpentOn};

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
        let terms = Terms::of(mode);
        Terms {
            same_model: is_told && terms.same_model,
            same_wording: is_told && !self.common && terms.same_wording,
            same_epochs: self.policy().rules == Rules::Now,
            ..terms
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
    #[error("the runs have no task in common that was asked")]
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
    /// The result; p is adjusted over the tasks.
    pub finding: Finding,
    /// The difference by every way to count what is missing.
    pub measured: ByMissing,
    /// Samples that scored otherwise.
    pub flipped: u64,
    /// The same for every slice; p is adjusted by Benjamini and Hochberg over all slices.
    pub slices: Vec<SliceComparison>,
    /// What was used up on the pairs; earlier versions do not say.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub spending: Vec<Amount>,
}

/// Two sides compared.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Comparison {
    /// Name of the suite.
    pub suite: String,
    /// The mode.
    pub mode: GateMode,
    /// Why it is this one; earlier versions do not say.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<Reason>,
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
    /// Where two wordings are compared, in what they differ.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub rewordings: Vec<Rewording>,
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
    compare_among(sides, options, 1)
}

/// The same as one of `duels` comparisons of the same tasks, all of which are one family.
pub(crate) fn compare_among(
    sides: Both<Side<'_>>,
    options: &Options,
    duels: usize,
) -> Result<Comparison, NotComparable> {
    compared(sides, options, |rules, tasks| {
        Rates::of_family(rules, tasks * duels)
    })
}

/// The same with every task on its own, for those who adjust p themselves.
pub(crate) fn compare_alone(
    sides: Both<Side<'_>>,
    options: &Options,
) -> Result<Comparison, NotComparable> {
    compared(sides, options, |rules, _| Rates::alone(rules))
}

fn compared(
    sides: Both<Side<'_>>,
    options: &Options,
    rates: impl Fn(Rules, usize) -> Rates,
) -> Result<Comparison, NotComparable> {
    let CalledFor { mode, reason } = called_for(sides, options);
    let mut found = Comparability::default();
    let shared = asked_alike(sides, options.terms(mode), options, &mut found)?;
    let pairings = shared.iter().map(|at| {
        let pairing = pairing_of(sides, *at, mode, options, &mut found);
        Paired::new(sides, *at, pairing, options)
    });
    let paired: Vec<_> = pairings.collect();
    refuse(mode, &mut found)?;
    let rules = options.policy().rules;
    let rates = rates(rules, shared.len());
    let tasks = paired.iter().map(|paired| paired.compared(options, rates));
    let mut comparison = Comparison {
        suite: sides.base.table.manifest.plan.suite.name.clone(),
        mode,
        reason: (rules == Rules::Now).then_some(reason),
        missing: options.missing,
        policy: options.policy,
        base: sides.base.who(),
        candidate: sides.candidate.who(),
        differences: found.listed,
        rewordings: rewordings(sides, &shared, mode),
        tasks: tasks.collect(),
        worst_slice: None,
        flips: paired.iter().flat_map(Paired::flips).collect(),
    };
    comparison.adjust(rates);
    comparison.compare_slices(&paired, options);
    Ok(comparison)
}

/// In what the wordings of the tasks differ, where these are what is compared.
fn rewordings(sides: Both<Side<'_>>, shared: &[Both<usize>], mode: GateMode) -> Vec<Rewording> {
    if mode != GateMode::Prompt {
        return Vec::new();
    }
    let plans = |at: &Both<usize>| asked(sides, *at).map(|asked| asked.task);
    let of_task = |at| rewording::of_task(plans(at));
    shared.iter().flat_map(of_task).collect()
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
        pairing_of(sides, *at, mode, options, &mut found);
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
        found.of_task(asked(sides, *at), terms);
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
    mode: GateMode,
    options: &Options,
    found: &mut Comparability,
) -> Pairing {
    let items = items(sides, at);
    let key = PairKey::of(mode);
    let pairing = Pairing::by(key, items.base, items.candidate, options.policy());
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

/// A task with its pairs.
struct Paired<'a> {
    sides: Both<Side<'a>>,
    at: Both<usize>,
    pairing: Pairing,
    /// In the order of the baseline.
    listed: Vec<ItemPair<'a>>,
    /// The same in the order in which they are counted: no sum, and nothing that is drawn at random, depends on the order
    /// of rows. By earlier rules it was the order of the baseline.
    counted: Vec<ItemPair<'a>>,
}

impl<'a> Paired<'a> {
    fn new(sides: Both<Side<'a>>, at: Both<usize>, pairing: Pairing, options: &Options) -> Self {
        let items = items(sides, at);
        let pairs = pairing.pairs.iter().map(|at| Both {
            base: &items.base[at.base],
            candidate: &items.candidate[at.candidate],
        });
        let listed: Vec<_> = pairs.collect();
        let mut counted = listed.clone();
        if options.policy().rules == Rules::Now {
            counted.sort_by(|one, other| order_of(one).cmp(&order_of(other)));
        }
        Self {
            sides,
            at,
            pairing,
            listed,
            counted,
        }
    }

    fn plan(&self) -> &'a TaskPlan {
        &self.sides.base.table.manifest.plan.tasks[self.at.base]
    }

    /// Compares it, before p-values are adjusted, and without its slices.
    fn compared(&self, options: &Options, rates: Rates) -> TaskComparison {
        let plan = self.plan();
        let measured = ByMissing::of(&self.counted, plan.reducer, rates);
        let contamination = self.sides.zip(self.at).map(|(side, task)| {
            let found = side.task(task);
            found.map_or(String::new(), |task| task.contamination.clone())
        });
        let base = items(self.sides, self.at).base;
        TaskComparison {
            task: plan.name.clone(),
            scorer: plan.judges().next().unwrap_or_default().into_owned(),
            reducer: plan.reducer,
            base_contamination: contamination.base,
            candidate_contamination: contamination.candidate,
            counts: Counts::of(&self.pairing, base, &self.listed, options),
            finding: Finding::of(&measured, options.missing, rates),
            measured,
            flipped: number(self.flips().len()),
            slices: Vec::new(),
            spending: spending::of_task(self.sides, self.at, &self.counted, plan.reducer),
        }
    }

    fn flips(&self) -> Vec<Flip> {
        let plan = self.plan();
        flips::of_task(&plan.name, &self.listed, plan.reducer)
    }
}

/// By what pairs are counted: their identities, whichever side is the baseline.
fn order_of<'a>(pair: &ItemPair<'a>) -> [IdentityOrder<'a>; 2] {
    let of = |item: &'a Item| {
        let identity = &item.identity;
        (identity.sample_digest, identity.input_digest, &*identity.id)
    };
    let (one, other) = (of(pair.base), of(pair.candidate));
    [one.min(other), one.max(other)]
}

type IdentityOrder<'a> = (Digest, Digest, &'a str);

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
            changed: match options.policy().rules {
                Rules::Now => aside.changed,
                Rules::Earlier => number(pairing.changed.len()),
            },
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
    /// The slices in which the candidate loses most, at most so many; none in which it does not lose.
    pub fn worst_slices(&self, most: usize) -> Vec<(&TaskComparison, &SliceComparison)> {
        let slices = self.tasks.iter();
        let slices = slices.flat_map(|task| task.slices.iter().map(move |slice| (task, slice)));
        let rank = |slice: &SliceComparison| {
            let is_found = slice.finding.verdict == Verdict::Worse;
            (!is_found, slice.finding.delta.unwrap_or_default())
        };
        let mut lost: Vec<_> = slices.filter(|(_, slice)| rank(slice).1 < 0.0).collect();
        lost.sort_by(|one, other| {
            let (one, other) = (rank(one.1), rank(other.1));
            one.0.cmp(&other.0).then(one.1.total_cmp(&other.1))
        });
        lost.truncate(most);
        lost
    }

    /// Adjusts p over the tasks, and concludes.
    fn adjust(&mut self, rates: Rates) {
        let findings = self.tasks.iter_mut().map(|task| &mut task.finding);
        let mut findings: Vec<_> = findings.collect();
        match rates.rules {
            Rules::Earlier => finding::adjust_family(&mut findings, holm, Rules::Earlier),
            Rules::Now => {
                let family = rates.family;
                for finding in findings {
                    finding.share(family);
                }
            }
        }
    }

    /// Compares the slices of all tasks, adjusts them together, and names the worst.
    fn compare_slices(&mut self, paired: &[Paired<'_>], options: &Options) {
        let slices: Vec<_> = paired
            .iter()
            .map(|paired| slices::of_task(&paired.counted))
            .collect();
        let size = slices.iter().map(Vec::len).sum();
        let rates = Rates::of_family(options.policy().rules, size);
        self.measure_slices(paired, &slices, options, rates);
        let found = self.adjust_slices(rates.rules);
        if found > 1 && rates.rules == Rules::Now {
            self.measure_slices(paired, &slices, options, rates.selected(found, size));
            self.adjust_slices(rates.rules);
        }
        self.worst_slice = slices::worst(&self.tasks);
    }

    fn measure_slices(
        &mut self,
        paired: &[Paired<'_>],
        slices: &[Vec<Slice<'_>>],
        options: &Options,
        rates: Rates,
    ) {
        let tasks = self.tasks.iter_mut().zip(paired).zip(slices);
        for ((task, paired), slices) in tasks {
            let reducer = paired.plan().reducer;
            let compared = slices
                .iter()
                .map(|slice| slice.compared(reducer, options, rates));
            task.slices = compared.collect();
        }
    }

    /// Adjusts p over the slices; gives how many differ by it.
    fn adjust_slices(&mut self, rules: Rules) -> usize {
        let slices = self.tasks.iter_mut().flat_map(|task| &mut task.slices);
        let findings = slices.map(|slice| &mut slice.finding);
        let mut findings: Vec<_> = findings.collect();
        finding::adjust_family(&mut findings, benjamini_hochberg, rules);
        let is_found = |one: &&&mut Finding| one.adjusted_p.is_some_and(|p| p <= ALPHA);
        findings.iter().filter(is_found).count()
    }
}

fn number(count: usize) -> u64 {
    u64::try_from(count).unwrap_or(u64::MAX)
}
