//! The files of an item analysis: `items.json`, `items.csv`, `summary.md`.

use std::collections::BTreeMap;

use super::comparison_files::{Formats, csv_file, json, who};
use super::markdown::table;
use super::number;
use crate::item_analysis::{Always, Analysis, ItemReport, SliceScore, TaskAnalysis};
use cleanbench_report::ReportError;
use cleanbench_text::cell;
use cleanbench_text::notation::code;

/// Formats of `items.json`: 1.1 adds `policy`, and what is set aside by it.
const FORMATS: Formats = Formats {
    first: "cleanbench-items/1.0",
    with_policy: "cleanbench-items/1.1",
};
/// Ids that a summary names before the rest is only counted.
const NAMED: usize = 20;

const COLUMNS: [&str; 15] = [
    "task",
    "sample",
    "input_digest",
    "n",
    "difficulty",
    "difficulty_low",
    "difficulty_high",
    "difficulty_method",
    "discrimination",
    "discrimination_low",
    "discrimination_high",
    "discrimination_n",
    "discrimination_method",
    "always",
    "suspect",
];

/// All files of `analysis`, by name.
pub(super) fn draw(analysis: &Analysis) -> Result<BTreeMap<&'static str, Vec<u8>>, ReportError> {
    Ok(BTreeMap::from([
        ("items.json", json(FORMATS.of(analysis.policy), analysis)?),
        ("items.csv", csv_file(COLUMNS, rows(analysis))?),
        ("summary.md", summary(analysis).into_bytes()),
    ]))
}

fn rows(analysis: &Analysis) -> impl Iterator<Item = [String; COLUMNS.len()]> + '_ {
    analysis.tasks.iter().flat_map(|task| {
        let suspects = suspects(task);
        let rows = task.items.iter();
        rows.map(move |item| row(task, item, suspects.get(item.id.as_str()).copied()))
    })
}

/// Why items are suspect, by id.
fn suspects(task: &TaskAnalysis) -> BTreeMap<&str, &'static str> {
    let mut suspects = BTreeMap::new();
    for item in task.items.iter().filter(|item| item.is_negative) {
        suspects.insert(item.id.as_str(), "negative_discrimination");
    }
    for id in task.duplicates.groups.iter().flatten() {
        suspects.insert(id, "duplicate");
    }
    for pair in &task.duplicates.contradictions {
        suspects.insert(&pair.right, "contradictory");
        suspects.insert(&pair.wrong, "contradictory");
    }
    suspects
}

fn row(
    task: &TaskAnalysis,
    item: &ItemReport,
    suspect: Option<&'static str>,
) -> [String; COLUMNS.len()] {
    let (difficulty, discrimination) = (item.difficulty, item.discrimination);
    let ease = difficulty.and_then(|found| found.interval);
    let reach = discrimination.and_then(|found| found.interval);
    let method = |known: bool, name: &str| {
        if known {
            name.to_owned()
        } else {
            String::new()
        }
    };
    [
        cell::text(&task.task),
        item.id.clone(),
        item.input_digest.to_string(),
        difficulty.map_or(0, |found| found.n).to_string(),
        number::cell(difficulty.map(|found| found.score)),
        number::cell(ease.map(|(low, _)| low)),
        number::cell(ease.map(|(_, high)| high)),
        method(ease.is_some(), "wilson"),
        number::cell(discrimination.map(|found| found.r)),
        number::cell(reach.map(|(low, _)| low)),
        number::cell(reach.map(|(_, high)| high)),
        discrimination.map_or(String::new(), |found| found.n.to_string()),
        method(discrimination.is_some(), "point_biserial, fisher_z"),
        item.always.map_or("", always).to_owned(),
        suspect.unwrap_or_default().to_owned(),
    ]
}

fn always(always: Always) -> &'static str {
    match always {
        Always::Right => "right",
        Always::Wrong => "wrong",
    }
}

fn summary(analysis: &Analysis) -> String {
    let respondents = analysis
        .respondents
        .iter()
        .map(|one| format!("- {}\n", who(one)));
    let worst = analysis
        .worst_slice
        .as_ref()
        .map_or(String::new(), |(task, slice)| {
            format!(
                "\nWorst slice: {} of {}, {}.\n",
                code(&slice_name(slice)),
                code(task),
                gap(slice)
            )
        });
    let tasks = analysis.tasks.iter().map(task_section);
    format!(
        "# Items of {}\n\n{}{worst}\n{}",
        code(&analysis.suite),
        respondents.collect::<String>(),
        tasks.collect::<Vec<_>>().join("\n")
    )
}

/// Field and value of a slice, and the model.
pub fn slice_name(slice: &SliceScore) -> String {
    format!("{}={} ({})", slice.field, slice.value, slice.model)
}

/// By how much a slice differs from the rest, and how sure that is.
pub fn gap(slice: &SliceScore) -> String {
    let interval = match (slice.low, slice.high) {
        (Some(low), Some(high)) => format!("[{}, {}]", number::signed(low), number::signed(high)),
        _ => format!("(no interval: {})", slice.method.replace('_', " ")),
    };
    format!(
        "{} {interval} against the rest, n {} and {}, p (Benjamini-Hochberg) {}",
        number::signed(slice.delta),
        slice.n,
        slice.rest_n,
        number::p_value(slice.adjusted_p)
    )
}

fn task_section(task: &TaskAnalysis) -> String {
    let mut text = format!(
        "## {}\n\n{} items, {} models: {}.{}\n\n{}",
        code(&task.task),
        task.n,
        task.respondents.len(),
        task.saturation.separation.as_str(),
        items_aside(task).map_or_else(String::new, |told| format!(" Set aside: {told}.")),
        table(
            &["", "items"],
            &[
                vec![
                    "always right".to_owned(),
                    listed(task, |item| item.always == Some(Always::Right))
                ],
                vec![
                    "always wrong".to_owned(),
                    listed(task, |item| item.always == Some(Always::Wrong))
                ],
                vec![
                    "better models are worse at it".to_owned(),
                    listed(task, |item| item.is_negative)
                ],
            ]
        )
    );
    let groups = task.duplicates.groups.iter().take(NAMED);
    text.extend(groups.map(|group| format!("\nSame input: {}\n", codes(group))));
    let pairs = task.duplicates.contradictions.iter().take(NAMED);
    text.extend(pairs.map(|pair| {
        format!(
            "\nContradictory targets: {} scores higher on {} than on {}, which ask the same\n",
            code(&pair.answer),
            code(&pair.right),
            code(&pair.wrong)
        )
    }));
    text
}

/// The items that are in no figure, in words; `None` where there are none.
pub fn items_aside(task: &TaskAnalysis) -> Option<String> {
    let told = task.set_aside?.in_words();
    (!told.is_empty()).then_some(told)
}

fn codes(ids: &[String]) -> String {
    let shown = ids.iter().take(NAMED).map(|id| code(id));
    shown.collect::<Vec<_>>().join(", ")
}

/// How many items fit, and the first of them by name.
fn listed(task: &TaskAnalysis, fits: fn(&ItemReport) -> bool) -> String {
    let found: Vec<_> = task.items.iter().filter(|item| fits(item)).collect();
    let names = found.iter().take(NAMED).map(|item| code(&item.id));
    let more = if found.len() > NAMED { ", …" } else { "" };
    let names = names.collect::<Vec<_>>().join(", ");
    if found.is_empty() {
        "0".to_owned()
    } else {
        format!("{}: {names}{more}", found.len())
    }
}
