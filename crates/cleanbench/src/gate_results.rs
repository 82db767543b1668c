//! How the gates of a run came out, for people.

use cleanbench_core::{GateResult, GateVerdict, OnInconclusive};
use cleanbench_report::cell;
use cleanbench_report::gates::{amount, condition, saving};

use crate::plain_table::plain_table;
use crate::printer::{self, Printer};

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
            condition(result.gate.metric, result.gate.test),
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
        "\n{}\n{}",
        plain_table(header, rows),
        reasons.join("\n")
    ))
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

/// Warns of gates that could not decide and were told not to fail for that.
pub(crate) fn warn(results: &[GateResult]) {
    let undecided = results.iter().filter(|result| {
        let open = [GateVerdict::Inconclusive, GateVerdict::NotEvaluated];
        open.contains(&result.verdict) && result.gate.on_inconclusive == OnInconclusive::Warn
    });
    for result in undecided {
        printer::warn(format!(
            "the gate on {} of task `{}` is {}, which is no pass: {}",
            result.gate.metric.as_str(),
            cell::visible(&result.task),
            result.verdict.as_str(),
            result.message
        ));
    }
}

/// Says how much was not asked because gates were decided earlier.
pub(crate) fn say_saved(results: &[GateResult], printer: Printer) {
    for result in results {
        if let Some(early) = result.stopped_early {
            let (model, task) = (cell::visible(&result.model), cell::visible(&result.task));
            printer.say(format!("{model} at task {task} {}", saving(early)));
        }
    }
}
