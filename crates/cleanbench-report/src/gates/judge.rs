//! From what was gathered to a result for each gate, model and task.
//!
//! Invariant: whatever cannot be told is inconclusive or not evaluated, with the reason; a pass is only
//! ever what bounds or a corrected p show.

use cleanbench_core::gate::Metric;
use cleanbench_core::{Aside, Gate, GateResult, GateTest, GateVerdict, Tier};
use cleanbench_items::{ModelTask, Pair, Pairs, Rules, Shares, Span, Standing};
use cleanbench_ledger::{Plan, Turns};
use cleanbench_stats::multiplicity::holm;

use super::baseline::Before;
use super::family::{family_of, of_gate};
use super::gather::{Asked, Gatherer, Measured, units};
use super::result::{count_aside, fill, need_coverage};
use super::{amounts, early, single, versus};
use crate::{Contamination, Recording, ReportError};

/// A gate for one model and task.
#[derive(Clone, Copy)]
pub(crate) struct Case<'a> {
    pub(crate) gate: &'a Gate,
    pub(crate) model: usize,
    pub(crate) task: usize,
    pub(crate) measured: &'a Measured,
}

impl Case<'_> {
    fn at(&self) -> ModelTask {
        ModelTask {
            model: self.model,
            task: self.task,
        }
    }
}

/// Judges every gate of the plan, in the order of gates, models and tasks.
///
/// # Errors
/// When the baseline's copy is damaged.
pub(crate) fn evaluate(
    recording: &Recording,
    gatherer: &Gatherer,
    contamination: &Contamination,
) -> Result<Vec<GateResult>, ReportError> {
    let plan = &recording.manifest.plan;
    let before = recording.before()?.map(AsRef::as_ref);
    let turns = Turns::open(&recording.run, plan)?;
    let mut results = Vec::new();
    let mut claims = Vec::new();
    for gate in &plan.gates {
        for (model, _) in plan.subjects() {
            for (task, _) in of_gate(gate, &plan.tasks) {
                let case = Case {
                    gate,
                    model,
                    task,
                    measured: gatherer.get(model, task),
                };
                let mut result = blank(recording, case);
                if let GateTest::AtMost { worst } = gate.test {
                    single::exposure(&mut result, worst, contamination);
                } else if gate.early_stop {
                    look(plan, case, before, turns.order(task), &mut result);
                    if gate.test.is_paired() {
                        let position = results.len();
                        claims.push(Claimed {
                            position,
                            claim: None,
                        });
                    }
                } else if gate.test.is_paired() {
                    let claim = claim(plan, case, before, &mut result);
                    let position = results.len();
                    claims.push(Claimed { position, claim });
                } else {
                    measure(plan, case, &mut result);
                }
                results.push(result);
            }
        }
    }
    let is_told = |position: usize| results[position].gate.tier == Tier::Advisory;
    let (told, deciding): (Vec<_>, Vec<_>) =
        claims.into_iter().partition(|one| is_told(one.position));
    for family in [told, deciding] {
        conclude(&mut results, &family);
    }
    Ok(results)
}

/// Gives the verdicts on the claims of one family, each at the position of its result. The family is what was planned: a
/// gate without a p-value keeps its place in it.
fn conclude(results: &mut [GateResult], family: &[Claimed]) {
    let p = |one: &Claimed| one.claim.as_ref().map_or(f64::NAN, |claim| claim.p);
    let p: Vec<_> = family.iter().map(p).collect();
    for (one, adjusted) in family.iter().zip(holm(&p)) {
        if let Some(claim) = &one.claim {
            let result = &mut results[one.position];
            versus::decide(result, claim, adjusted, p.len());
            need_coverage(result);
        }
    }
}

/// What a paired gate claims.
struct Claimed {
    /// Of its result.
    position: usize,
    /// `None` where nothing can be shown, or it was judged whenever one looked.
    claim: Option<versus::Claim>,
}

/// A result that says nothing yet.
fn blank(recording: &Recording, case: Case<'_>) -> GateResult {
    let plan = &recording.manifest.plan;
    GateResult {
        gate: case.gate.clone(),
        model: plan.models[case.model].name.clone(),
        task: plan.tasks[case.task].name.clone(),
        verdict: GateVerdict::Inconclusive,
        estimate: None,
        low: None,
        high: None,
        confidence: 1.0 - case.gate.alpha,
        n: case.measured.samples.len() as u64,
        method: "none".to_owned(),
        p: None,
        adjusted_p: None,
        class: None,
        set_aside: None,
        coverage: None,
        stopped_early: None,
        message: String::new(),
    }
}

/// Judges a gate that looks at this run alone.
fn measure(plan: &Plan, case: Case<'_>, result: &mut GateResult) {
    let (rules, task) = (Rules::of_tables(plan.tables), &plan.tasks[case.task]);
    let alpha = case.gate.alpha;
    let samples = &case.measured.samples;
    let found = match case.gate.metric {
        Metric::Accuracy => shares(samples, |sample| sample.score, rules).bounds(alpha),
        Metric::ErrorRate => {
            let share = |sample: &Asked| sample.error_share(task.epochs, rules);
            shares(samples, share, rules).bounds(alpha)
        }
        Metric::ExtractionFailureRate => {
            // Calls without an answer are the error rate's matter.
            let read = samples
                .iter()
                .filter(|sample| sample.unread_share().is_some());
            let read: Vec<_> = read.copied().collect();
            result.n = read.len() as u64;
            let share = |sample: &Asked| Span::of_score(sample.unread_share());
            shares(&read, share, rules).bounds(alpha)
        }
        Metric::CostPerSolved => {
            amounts::cost_per_solved(case.measured, alpha, task.reducer, rules, task.epochs)
        }
        Metric::LatencyP95 => {
            result.n = case.measured.times.len() as u64;
            amounts::latency(case.measured, alpha, task.epochs, rules)
        }
        Metric::Contamination => Err("the class is judged elsewhere".to_owned()),
    };
    match found {
        Ok(bounds) => {
            fill(result, &bounds);
            single::decide(result, &bounds);
        }
        Err(reason) => result.message = reason,
    }
}

/// One number for each sample.
fn shares(samples: &[Asked], of: impl Fn(&Asked) -> Span, rules: Rules) -> Shares {
    let clusters: Vec<_> = samples.iter().map(|sample| sample.cluster).collect();
    Shares::new(samples.iter().map(of).collect(), units(&clusters), rules)
}

/// What a paired gate claims; `None` where there is nothing to judge, which is then written.
fn claim(
    plan: &Plan,
    case: Case<'_>,
    before: Option<&Before>,
    result: &mut GateResult,
) -> Option<versus::Claim> {
    let Some(before) = before else {
        result.verdict = GateVerdict::NotEvaluated;
        "there is no baseline; name one with `--baseline RUN`".clone_into(&mut result.message);
        return None;
    };
    match pairs(plan, case, before, result) {
        Ok(pairs) => versus::claim(result, &pairs, family_of(plan, case.gate.tier)),
        Err(reason) => {
            result.verdict = GateVerdict::NotEvaluated;
            result.message = reason;
            None
        }
    }
}

/// The samples that both sides have and that are not set aside; the others are counted in `result`.
fn pairs(
    plan: &Plan,
    case: Case<'_>,
    before: &Before,
    result: &mut GateResult,
) -> Result<Pairs, String> {
    let facing = before.facing(plan, case.at(), case.gate.mode)?;
    let first = first_line(plan, case.task);
    let mut was_asked = vec![false; facing.len()];
    let mut pairs = Pairs {
        rules: Rules::of_tables(plan.tables),
        ..Pairs::default()
    };
    let mut clusters = Vec::new();
    // As in `compare`, a sample that could not be asked is in no pair, and is counted as set aside.
    let asked = case.measured.samples.iter();
    for sample in asked.filter(|sample| sample.was_asked()) {
        let offset = offset(sample.line, first).unwrap_or(usize::MAX);
        if let Some(was_asked) = was_asked.get_mut(offset) {
            *was_asked = true;
        }
        let standing = before.standing(&facing, offset);
        let Some(base) = standing.span() else {
            pairs.alone += u64::from(standing == Standing::Absent);
            continue;
        };
        pairs.all.push(Pair {
            base,
            new: sample.score,
        });
        clusters.push(sample.cluster);
    }
    pairs.clusters = units(&clusters);
    count_aside(plan, &facing, result, |offset| was_asked[offset]);
    facing.check()?;
    Ok(pairs)
}

/// Line of the first sample of the task at position `task`.
fn first_line(plan: &Plan, task: usize) -> u64 {
    plan.tasks[..task].iter().map(|task| task.samples).sum()
}

/// How many lines `line` stands after the `first` of its task; `None` where it stands before it.
fn offset(line: u64, first: u64) -> Option<usize> {
    usize::try_from(line.checked_sub(first)?).ok()
}

/// Judges a gate that stops early.
fn look(
    plan: &Plan,
    case: Case<'_>,
    before: Option<&Before>,
    order: &[u32],
    result: &mut GateResult,
) {
    let samples = &case.measured.samples;
    if samples.iter().any(|sample| sample.cluster.is_some()) {
        "samples that hang together are not judged while they come in; leave `early_stop` out"
            .clone_into(&mut result.message);
        return;
    }
    let first = first_line(plan, case.task);
    let mut scores =
        vec![Standing::Absent; usize::try_from(plan.tasks[case.task].samples).unwrap_or(0)];
    let asked = samples
        .iter()
        .map(|sample| (sample.line, Standing::Asked(sample.score)));
    let aside = case
        .measured
        .aside
        .iter()
        .map(|line| (*line, Standing::Aside(Aside::Quarantined)));
    for (line, known) in asked.chain(aside) {
        let offset = offset(line, first);
        if let Some(slot) = offset.and_then(|offset| scores.get_mut(offset)) {
            *slot = known;
        }
    }
    early::judge(result, plan, before, case.at(), order, &scores);
}
