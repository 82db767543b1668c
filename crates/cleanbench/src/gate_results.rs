//! How the gates of a run came out, for people.

use cleanbench_core::GateResult;
use cleanbench_core::gate::{Tier, amount, condition, in_a_line};
use cleanbench_report::cell;

use crate::plain_table::plain_table;

/// A table of all gates and a line for each on what it rests; `None` where there are none.
pub(crate) fn text(results: &[GateResult]) -> Option<String> {
    if results.is_empty() {
        return None;
    }
    let rows = results.iter().map(|result| {
        [
            result.verdict.as_str().to_owned(),
            cell::visible(&result.model),
            cell::visible(&result.task),
            wanted(result),
            estimate(result),
            result.n.to_string(),
        ]
    });
    let header = [
        "gate",
        "model",
        "task",
        "condition",
        "estimate [bounds]",
        "n",
    ];
    let reasons = results.iter().map(|result| {
        format!(
            "  {} of {} at {}: {}{}",
            result.gate.metric.as_str(),
            cell::visible(&result.model),
            cell::visible(&result.task),
            result.message,
            basis(result)
        )
    });
    let reasons: Vec<_> = reasons.collect();
    Some(format!(
        "\n{}\n{}\n{}",
        plain_table(header, rows),
        reasons.join("\n"),
        in_a_line(results)
    ))
}

/// What the gate asks for, and how much hangs on it where that is not all.
fn wanted(result: &GateResult) -> String {
    let condition = condition(result.gate.metric, result.gate.test);
    match result.gate.tier {
        Tier::Critical => condition,
        tier => format!("{condition} ({})", tier.as_str()),
    }
}

/// How the bounds were had; nothing where there are none.
fn basis(result: &GateResult) -> String {
    if result.low.is_none() && result.high.is_none() {
        return String::new();
    }
    format!(
        "; {}, each bound {:.3} sure",
        result.method, result.confidence
    )
}

fn estimate(result: &GateResult) -> String {
    if let Some(class) = &result.class {
        return class.clone();
    }
    let shown = |value: f64| amount(result.gate.metric, value);
    match (result.estimate, result.low, result.high) {
        (Some(estimate), Some(low), Some(high)) => {
            format!("{} [{}, {}]", shown(estimate), shown(low), shown(high))
        }
        (Some(estimate), _, _) => shown(estimate),
        _ => "unknown".to_owned(),
    }
}
