//! A gate's result while it comes about: what every kind of gate writes into it, and says from it, in the same
//! way.
//!
//! It refuses to decide: a verdict is given by the kind of gate alone.

use cleanbench_core::gate::amount;
use cleanbench_core::{Coverage, Gate, GateMode, GateResult, GateVerdict};
use cleanbench_items::{Bounds, Rules};
use cleanbench_ledger::Plan;

use super::baseline::Facing;

/// Puts bounds into a result.
pub(super) fn fill(result: &mut GateResult, bounds: &Bounds) {
    result.estimate = bounds.estimate;
    result.low = Some(bounds.low);
    result.high = bounds.high.is_finite().then_some(bounds.high);
    result.method.clone_from(&bounds.method);
}

/// Whether the gate's own minimum is not reached; the message is then written.
pub(super) fn is_too_small(result: &mut GateResult) -> bool {
    let (n, least) = (result.n, result.gate.min_items);
    if n < least {
        result.message = format!("{n} are fewer than the {least} of `min_items`");
    }
    n < least
}

/// The share of the samples that must be in a pair for `gate` to pass; 0 in runs of earlier versions.
pub(super) fn least_coverage(plan: &Plan, gate: &Gate) -> f64 {
    match Rules::of_tables(plan.tables) {
        Rules::Now => gate.min_coverage,
        Rules::Earlier => 0.0,
    }
}

/// Takes a pass back where too little is compared: what is in no pair might say otherwise.
pub(super) fn need_coverage(result: &mut GateResult) {
    let Some(coverage) = result.coverage else {
        return;
    };
    let least = result.gate.min_coverage;
    if result.verdict != GateVerdict::Pass || coverage.is_enough(least) {
        return;
    }
    result.verdict = GateVerdict::Inconclusive;
    let Coverage { pairs, of } = coverage;
    let changed = result.set_aside.is_some_and(|aside| aside.changed > 0);
    let way_out = if changed && result.gate.mode != GateMode::Prompt {
        "; `cleanbench score BASELINE SUITE` makes a baseline that is judged by the suite as it is now"
    } else {
        "; put the same samples to both, or say `min_coverage`"
    };
    result.message = format!(
        "{}, but {pairs} of {of} samples are compared and `min_coverage` is {least}: the others may say otherwise{way_out}",
        result.message
    );
}

/// Counts what is in no pair, where the tables of the run say it.
pub(super) fn count_aside(
    plan: &Plan,
    facing: &Facing,
    result: &mut GateResult,
    was_asked: impl Fn(usize) -> bool,
) {
    if plan.tables >= 4 {
        result.set_aside = Some(facing.set_aside(&was_asked));
    }
    if Rules::of_tables(plan.tables) == Rules::Now {
        result.coverage = Some(facing.coverage(was_asked));
    }
}

/// What is in no pair, in the words that go behind a method.
pub(super) fn left_out(result: &GateResult, alone: u64) -> String {
    let told = match result.set_aside {
        Some(aside) if aside.in_words().is_empty() => return String::new(),
        Some(aside) => format!("set aside {}", aside.in_words()),
        None if alone == 0 => return String::new(),
        None => format!("{alone} samples without a partner left out"),
    };
    format!(", {told}")
}

/// "between LOW and HIGH", for people.
pub(super) fn between(result: &GateResult) -> String {
    let metric = result.gate.metric;
    let text =
        |value: Option<f64>| value.map_or("any amount".to_owned(), |value| amount(metric, value));
    format!("between {} and {}", text(result.low), text(result.high))
}
