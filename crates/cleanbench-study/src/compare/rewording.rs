//! How the wording of a task differs between two sides, line by line.
//!
//! It holds nothing of a suite that is not in the plans of the runs. Every line is harmless on a terminal.

use cleanbench_items::{Both, Wording, wording};
use cleanbench_ledger::manifest::TaskPlan;
use cleanbench_text::diff::unified;
use serde::Serialize;
use serde_json::Value;

/// A part of a task's wording that differs.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Rewording {
    /// Name of the task.
    pub task: String,
    /// The part, by its name in the suite.
    pub part: &'static str,
    /// The difference in unified style, the baseline's lines with `-`, the candidate's with `+`.
    pub lines: Vec<String>,
    /// Lines of it that were left out at the end.
    pub left_out: usize,
}

/// The parts of a task that differ.
pub(super) fn of_task(tasks: Both<&TaskPlan>) -> Vec<Rewording> {
    let mut parts = wording(tasks);
    let scorers = tasks.map(|task| serde_json::to_value(&task.scorers).unwrap_or_default());
    if scorers.differ() {
        let part = "scorers";
        parts.push(Wording {
            part,
            said: scorers,
        });
    }
    let reworded = parts.into_iter().map(|Wording { part, said }| {
        let found = unified(&text(&said.base), &text(&said.candidate));
        Rewording {
            task: tasks.base.name.clone(),
            part,
            lines: found.lines,
            left_out: found.left_out,
        }
    });
    reworded.collect()
}

/// A part as people write it: text as it is, messages under their roles, anything else as JSON.
fn text(value: &Value) -> String {
    match value {
        Value::Null => String::new(),
        Value::String(text) => text.clone(),
        Value::Array(turns) => turns.iter().map(turn).collect::<Vec<_>>().join("\n"),
        other => serde_json::to_string_pretty(other).unwrap_or_default(),
    }
}

fn turn(turn: &Value) -> String {
    let field = |name| turn.get(name).and_then(Value::as_str);
    match (field("role"), field("content"), turn) {
        (Some(role), Some(content), _) => format!("[{role}]\n{content}"),
        (_, _, Value::String(text)) => text.clone(),
        _ => turn.to_string(),
    }
}
