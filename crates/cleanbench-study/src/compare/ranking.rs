//! Several models of one run: which ranks each may have, and which are tied.
//!
//! Method: every two models are compared on the same samples, and all pairs in all tasks are one family
//! ([`super::rates`]; by earlier rules p was adjusted by Holm). A model's best rank counts the models found better than it, its worst
//! rank those not found worse. A tied group is a set of models, neighbours by score, of which no two were
//! found to differ; groups may overlap, since "not found to differ" is not transitive.

use serde::Serialize;

use super::finding::{Finding, Verdict, adjust_family};
use super::{Level, NotComparable, Options, TaskComparison, compare_among};
use cleanbench_core::GateMode;
use cleanbench_items::{Both, Difference, ItemTable, Policy, Rules, Side, Who};
use cleanbench_stats::multiplicity::holm;

/// A model's place among the others in a task.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Rank {
    /// Name of the model.
    pub model: String,
    /// Its score on the samples that pair with the first model's.
    pub score: Option<Level>,
    /// Its best possible rank, from 1.
    pub best: usize,
    /// Its worst possible rank.
    pub worst: usize,
    /// What is known of the task's contamination at it.
    pub contamination: String,
}

/// Two models of the ranking in a task.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct RankedPair {
    /// Name of the one.
    pub base: String,
    /// Name of the other.
    pub candidate: String,
    /// What was found; p is adjusted over all pairs and tasks.
    pub finding: Finding,
}

/// The models in one task, the highest score first.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct RankedTask {
    /// Name of the task.
    pub task: String,
    /// The models.
    pub ranks: Vec<Rank>,
    /// Groups of models of which no two were found to differ.
    pub tied: Vec<Vec<String>>,
    /// Every two models.
    pub pairs: Vec<RankedPair>,
}

/// All models of a run in order.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Ranking {
    /// Name of the suite.
    pub suite: String,
    /// Always [`GateMode::Choice`].
    pub mode: GateMode,
    /// The declared way to count samples without an answer.
    pub missing: super::Missing,
    /// What became of pairs that speak against being compared; earlier versions do not say.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub policy: Option<Policy>,
    /// The models, in the order of the run.
    pub models: Vec<Who>,
    /// In what each differs from the first and may.
    pub differences: Vec<Difference>,
    /// One entry a task.
    pub tasks: Vec<RankedTask>,
}

/// Two models compared in every task.
struct Duel {
    at: (usize, usize),
    tasks: Vec<TaskComparison>,
}

/// Ranks all models of a run but for references.
///
/// # Errors
/// When there is one model only, or a task that was asked for is not there.
pub fn rank(table: &ItemTable, options: &Options) -> Result<Ranking, NotComparable> {
    let subjects = table.manifest.plan.subjects();
    let subjects: Vec<_> = subjects.map(|(position, _)| position).collect();
    let count = subjects.len();
    if count < 2 {
        return Err(NotComparable::OneModel);
    }
    let side = |model| Side { table, model };
    let options = Options {
        mode: Some(GateMode::Choice),
        ..options.clone()
    };
    let (mut duels, mut differences) = (Vec::new(), Vec::new());
    for (place, one) in subjects.iter().copied().enumerate() {
        for other in subjects[place + 1..].iter().copied() {
            let sides = Both {
                base: side(one),
                candidate: side(other),
            };
            let found = compare_among(sides, &options, count * (count - 1) / 2)?;
            if place == 0 {
                differences.extend(found.differences);
            }
            let (at, tasks) = ((one, other), found.tasks);
            duels.push(Duel { at, tasks });
        }
    }
    if options.policy().rules == Rules::Earlier {
        adjust(&mut duels);
    }
    let names: Vec<_> = duels[0]
        .tasks
        .iter()
        .map(|task| task.task.clone())
        .collect();
    let ranked = names.into_iter().enumerate();
    Ok(Ranking {
        suite: table.manifest.plan.suite.name.clone(),
        mode: GateMode::Choice,
        missing: options.missing,
        policy: options.policy,
        models: subjects.iter().map(|model| side(*model).who()).collect(),
        differences,
        tasks: ranked
            .map(|(at, task)| ranked_task(table, &duels, at, task))
            .collect(),
    })
}

/// As earlier rules had it; now each was compared as one of the family.
fn adjust(duels: &mut [Duel]) {
    let tasks = duels.iter_mut().flat_map(|duel| &mut duel.tasks);
    let findings = tasks.map(|task| &mut task.finding);
    adjust_family(&mut findings.collect::<Vec<_>>(), holm, Rules::Earlier);
}

fn ranked_task(table: &ItemTable, duels: &[Duel], at: usize, task: String) -> RankedTask {
    let models = &table.manifest.plan.models;
    let name = |model: usize| models[model].name.clone();
    let mut ranks: Vec<_> = table
        .manifest
        .plan
        .subjects()
        .map(|(model, _)| (model, rank_of(model, name(model), duels, at)))
        .collect();
    let score = |rank: &Rank| rank.score.as_ref().map_or(-1.0, |level| level.score);
    ranks.sort_by(|(_, one), (_, other)| score(other).total_cmp(&score(one)));
    let order: Vec<_> = ranks.iter().map(|(model, _)| *model).collect();
    let tied = tied(&order, duels, at);
    let pairs = duels.iter().map(|duel| RankedPair {
        base: name(duel.at.0),
        candidate: name(duel.at.1),
        finding: duel.tasks[at].finding.clone(),
    });
    RankedTask {
        pairs: pairs.collect(),
        task,
        tied: tied
            .into_iter()
            .map(|group| group.into_iter().map(name).collect())
            .collect(),
        ranks: ranks.into_iter().map(|(_, rank)| rank).collect(),
    }
}

/// The ranks that `model` may have: 1 more than are found better, up to all that are not found worse.
fn rank_of(model: usize, name: String, duels: &[Duel], at: usize) -> Rank {
    let mut rank = Rank {
        model: name,
        score: None,
        best: 1,
        worst: 1,
        contamination: String::new(),
    };
    for duel in duels {
        let task = &duel.tasks[at];
        let is_base = match duel.at {
            (base, _) if base == model => true,
            (_, candidate) if candidate == model => false,
            _ => continue,
        };
        if rank.score.is_none() {
            rank.score = level(task, is_base);
            let known = if is_base {
                &task.base_contamination
            } else {
                &task.candidate_contamination
            };
            rank.contamination.clone_from(known);
        }
        match (task.finding.verdict, is_base) {
            (Verdict::Better, true) | (Verdict::Worse, false) => {
                rank.best += 1;
                rank.worst += 1;
            }
            (Verdict::Better, false) | (Verdict::Worse, true) => {}
            (Verdict::NoDifference | Verdict::Inconclusive, _) => rank.worst += 1,
        }
    }
    rank
}

/// What one side scored.
fn level(task: &TaskComparison, is_base: bool) -> Option<Level> {
    let finding = &task.finding;
    let both = match finding.confidence {
        Some(_) => task.measured.levels(finding.missing)?,
        None => task.measured.declared(finding.missing).map(|found| Both {
            base: found.base.clone(),
            candidate: found.candidate.clone(),
        })?,
    };
    Some(if is_base { both.base } else { both.candidate })
}

/// The longest runs of models in `order` of which no two were found to differ.
fn tied(order: &[usize], duels: &[Duel], at: usize) -> Vec<Vec<usize>> {
    let differ = |one: usize, other: usize| {
        let duel = duels
            .iter()
            .find(|duel| duel.at == (one, other) || duel.at == (other, one));
        duel.is_some_and(|duel| {
            matches!(
                duel.tasks[at].finding.verdict,
                Verdict::Better | Verdict::Worse
            )
        })
    };
    let mut groups: Vec<Vec<usize>> = Vec::new();
    let mut reached = 0;
    for start in 0..order.len() {
        let mut end = start + 1;
        while end < order.len()
            && order[start..end]
                .iter()
                .all(|one| !differ(*one, order[end]))
        {
            end += 1;
        }
        if end > reached && end - start > 1 {
            groups.push(order[start..end].to_vec());
        }
        reached = reached.max(end);
    }
    groups
}
