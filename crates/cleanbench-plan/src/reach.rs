//! Which classes the probes of each task can come to, and with how many items, before anything is asked.

use cleanbench_core::probe::{BiasSource, Finding};
use cleanbench_ledger::manifest::ProbePlan;
use cleanbench_probe::registry::is_check;
use cleanbench_probe::verdict::bias::{self, FEWEST_REFERENCES};
use cleanbench_probe::verdict::measured::reach::{Reach, reach};
use cleanbench_probe::verdict::measured::{bias as bias_of, values};

use crate::probes::PlannedProbe;

/// What can come of the probes of a task.
#[derive(Debug)]
pub struct TaskReach<'a> {
    /// Name of the task.
    pub task: &'a str,
    /// Its probes as they would come out if nothing were restored.
    pub findings: Vec<Finding>,
    /// What that amounts to.
    pub reach: Reach,
}

/// Of every task that `probes` are put to, in plan order; they were planned with what each would find. So many
/// `references` are asked the same.
pub fn of_tasks(probes: &[PlannedProbe], references: usize) -> Vec<TaskReach<'_>> {
    let mut tasks: Vec<&str> = Vec::new();
    for plan in own(probes).map(|one| one.plan) {
        if !tasks.contains(&plan.suspects.as_str()) {
            tasks.push(&plan.suspects);
        }
    }
    let each = tasks.into_iter().map(|task| {
        let of_task = own(probes).filter(|one| one.plan.suspects == task);
        let findings: Vec<_> = of_task
            .map(|one| with_bias(one, probes, references))
            .collect();
        TaskReach {
            task,
            reach: reach(&findings),
            findings,
        }
    });
    each.collect()
}

/// A probe of a task with what it would find.
#[derive(Clone, Copy)]
struct Own<'a> {
    plan: &'a ProbePlan,
    foreseen: &'a Finding,
}

/// The probes of tasks, without checks and without what measures bias.
fn own(probes: &[PlannedProbe]) -> impl Iterator<Item = Own<'_>> {
    all(probes).filter(|one| one.plan.bias_of.is_none() && !is_check(&one.plan.id))
}

fn all(probes: &[PlannedProbe]) -> impl Iterator<Item = Own<'_>> {
    probes.iter().filter_map(|planned| {
        Some(Own {
            plan: planned.task.probe.as_ref()?,
            foreseen: planned.foreseen.as_ref()?,
        })
    })
}

/// What is foreseen of `one`, with the biases that would be measured for it.
fn with_bias(one: Own<'_>, probes: &[PlannedProbe], references: usize) -> Finding {
    let plan = one.plan;
    let measures = all(probes).find(|other| {
        let is_of_it = other.plan.bias_of.as_ref() == Some(&plan.suspects);
        let is_alike = other.plan.control == plan.control;
        is_of_it && is_alike && (&other.plan.id, other.plan.form) == (&plan.id, plan.form)
    });
    let never_sent = measures.map(|other| (other.foreseen, BiasSource::NeverSent));
    let beside =
        (references >= FEWEST_REFERENCES).then_some((one.foreseen, BiasSource::References));
    let measured = || never_sent.into_iter().chain(beside);
    let of_hits = measured().filter_map(|(shown, source)| bias_of(shown, source));
    let of_measures = measured().filter_map(|(shown, source)| values::bias(shown, source));
    let mut finding = one.foreseen.clone();
    let [of_hits, of_measures] = [of_hits.collect::<Vec<_>>(), of_measures.collect()];
    bias::add(&mut finding, &of_hits, &of_measures);
    finding
}
