//! What a gate is judged on, and how many comparisons with the baseline a run holds: the family that Holm's
//! correction is over.
//!
//! Invariant: the family is what was planned, whatever came of it, so it is the same before the first call,
//! while a run goes on and afterwards.

use cleanbench_core::{Gate, Tier};
use cleanbench_ledger::Plan;
use cleanbench_ledger::manifest::TaskPlan;

/// The tasks that `gate` is for, with their positions.
pub(super) fn of_gate<'a>(
    gate: &'a Gate,
    tasks: &'a [TaskPlan],
) -> impl Iterator<Item = (usize, &'a TaskPlan)> {
    let positions = tasks.iter().enumerate();
    positions.filter(|(_, task)| task.probe.is_none() && gate.tasks.contains(&task.name))
}

/// Number of comparisons with the baseline that `plan` holds, of those that decide what one of the `tier` does: those
/// that are only told take nothing from the others.
pub(super) fn family_of(plan: &Plan, tier: Tier) -> usize {
    let is_told = |tier: Tier| tier == Tier::Advisory;
    let paired = plan.gates.iter();
    let paired = paired.filter(|gate| gate.test.is_paired() && is_told(gate.tier) == is_told(tier));
    let tasks = paired.map(|gate| of_gate(gate, &plan.tasks).count());
    tasks.sum::<usize>() * plan.subjects().count()
}
