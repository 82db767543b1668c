//! The files of a watch over nights: `drift.json`, `drift.csv`, `summary.md`.

use std::collections::BTreeMap;

use super::comparison_files::{Formats, csv_file, json, who};
use super::markdown::table;
use super::number;
use crate::drift::{Drift, State, TaskDrift};
use cleanbench_report::ReportError;
use cleanbench_text::cell;
use cleanbench_text::notation::code;

/// Formats of `drift.json`: 1.1 adds `policy`, and what is set aside by it.
const FORMATS: Formats = Formats {
    first: "cleanbench-drift/1.0",
    with_policy: "cleanbench-drift/1.1",
};

const COLUMNS: [&str; 10] = [
    "task",
    "night",
    "run",
    "created",
    "score",
    "n",
    "part",
    "e_value",
    "threshold",
    "alarm",
];

/// All files of `drift`, by name.
pub(super) fn draw(drift: &Drift) -> Result<BTreeMap<&'static str, Vec<u8>>, ReportError> {
    Ok(BTreeMap::from([
        ("drift.json", json(FORMATS.of(drift.policy), drift)?),
        ("drift.csv", csv_file(COLUMNS, rows(drift))?),
        ("summary.md", summary(drift).into_bytes()),
    ]))
}

fn rows(drift: &Drift) -> impl Iterator<Item = [String; COLUMNS.len()]> + '_ {
    drift.tasks.iter().flat_map(|task| {
        task.nights.iter().enumerate().map(|(position, night)| {
            let is_alarm = task.alarm == Some(position);
            [
                cell::text(&task.task),
                (position + 1).to_string(),
                night.run.clone(),
                night.created.clone(),
                number::cell(night.score),
                night.n.to_string(),
                night.part.as_str().to_owned(),
                number::cell(night.e_value),
                task.threshold.to_string(),
                if is_alarm { "alarm" } else { "" }.to_owned(),
            ]
        })
    })
}

fn summary(drift: &Drift) -> String {
    let rows = drift.tasks.iter().map(|task| {
        vec![
            code(&task.task),
            task.nights.len().to_string(),
            statement(task),
            evidence(task),
        ]
    });
    format!(
        "# Drift of {} on {}\n\n- first night: {}\n{}\n{}\nMethod: {}; a false alarm in any task in at most {} \
         of years.\n",
        code(&drift.first.model),
        code(&drift.suite),
        who(&drift.first),
        drift.tasks.iter().filter_map(left_out).collect::<String>(),
        table(
            &["task", "nights", "result", "evidence"],
            &rows.collect::<Vec<_>>()
        ),
        drift.method.replace('_', " "),
        drift.alpha
    )
}

/// What is left out of every night, as an entry of a list; `None` where nothing is.
fn left_out(task: &TaskDrift) -> Option<String> {
    let told = aside(task)?;
    Some(format!("- set aside in {}: {told}\n", code(&task.task)))
}

/// What is left out of every night, in words; `None` where nothing is.
pub fn aside(task: &TaskDrift) -> Option<String> {
    let told = task.set_aside?.in_words();
    (!told.is_empty()).then_some(told)
}

/// What was found, in words.
pub fn statement(task: &TaskDrift) -> String {
    match (task.state, task.alarm.and_then(|at| task.nights.get(at))) {
        (State::Alarm, Some(night)) => format!(
            "ALARM in night {} (run {} of {}): worse than before",
            task.alarm.unwrap_or_default() + 1,
            night.run,
            night.created
        ),
        (State::Alarm | State::NoAlarm, _) => "no alarm".to_owned(),
        (State::TooShort, _) => task.reason.clone().unwrap_or_default(),
    }
}

/// The evidence after the last night, and what it takes for an alarm.
pub fn evidence(task: &TaskDrift) -> String {
    let last = task.nights.iter().rev().find_map(|night| night.e_value);
    let passed = task
        .nights
        .iter()
        .filter(|night| night.part == crate::drift::Part::PassedOver);
    let passed = passed.count();
    let rest = if passed > 0 {
        format!("; {passed} nights passed over")
    } else {
        String::new()
    };
    match last {
        Some(e_value) => format!("e {e_value:.3} of {:.0}{rest}", task.threshold),
        None => format!("none{rest}"),
    }
}
