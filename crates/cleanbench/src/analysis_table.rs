//! Item analyses and drift for people at a terminal.

use cleanbench_report::cell;
use cleanbench_study::derived::{
    aside, delays, evidence, gap, items_aside, missing, slice_name, statement,
};
use cleanbench_study::drift::Drift;
use cleanbench_study::item_analysis::{Analysis, TaskAnalysis};

use crate::plain_table::plain_table;

/// Items that are named before the rest is only in `items.csv`.
const NAMED: usize = 10;

/// An item analysis.
pub(crate) fn items(analysis: &Analysis) -> String {
    let header = [
        "task",
        "items",
        "models",
        "always right",
        "always wrong",
        "negative",
        "duplicates",
        "contradictory",
        "",
    ];
    let rows = analysis.tasks.iter().map(|task| {
        [
            cell::visible(&task.task),
            task.n.to_string(),
            task.respondents.len().to_string(),
            task.always_right.to_string(),
            task.always_wrong.to_string(),
            task.negative.to_string(),
            task.duplicates.groups.len().to_string(),
            task.duplicates.contradictions.len().to_string(),
            task.saturation.separation.as_str().to_owned(),
        ]
    });
    let mut parts = vec![plain_table(header, rows)];
    parts.extend(analysis.tasks.iter().filter_map(|task| {
        let told = items_aside(task)?;
        Some(format!("{}: set aside: {told}", cell::visible(&task.task)))
    }));
    parts.extend(analysis.tasks.iter().flat_map(suspects));
    if let Some((task, slice)) = &analysis.worst_slice {
        let name = cell::visible(&slice_name(slice));
        parts.push(format!(
            "worst slice: {name} of {}, {}",
            cell::visible(task),
            gap(slice)
        ));
    }
    parts.join("\n")
}

/// The items of a task that somebody should look at.
fn suspects(task: &TaskAnalysis) -> Vec<String> {
    let name = cell::visible(&task.task);
    let contradictory = task.duplicates.contradictions.iter().take(NAMED).map(|pair| {
        format!(
            "{name}: {} and {} ask the same and contradict each other: {} scores higher on the first",
            cell::visible(&pair.right),
            cell::visible(&pair.wrong),
            cell::visible(&pair.answer)
        )
    });
    let negative = task
        .items
        .iter()
        .filter(|item| item.is_negative)
        .take(NAMED);
    let negative = negative.map(|item| {
        format!(
            "{name}: better models are worse at {}; look at its target",
            cell::visible(&item.id)
        )
    });
    contradictory.chain(negative).collect()
}

/// A model over the nights.
pub(crate) fn drift(drift: &Drift) -> String {
    let rows = drift.tasks.iter().map(|task| {
        [
            cell::visible(&task.task),
            task.nights.len().to_string(),
            statement(task),
            evidence(task),
        ]
    });
    let more = drift.tasks.iter().flat_map(|task| {
        let aside = aside(task).map(|told| format!("set aside in every night: {told}"));
        let told = [aside, missing(task), delays(task)];
        let name = cell::visible(&task.task);
        told.into_iter()
            .flatten()
            .map(move |told| format!("\n{name}: {told}"))
    });
    format!(
        "{} on {}, first night {}\n{}{}",
        cell::visible(&drift.first.model),
        cell::visible(&drift.suite),
        drift.first.created,
        plain_table(["task", "nights", "result", "evidence"], rows),
        more.collect::<String>()
    )
}
