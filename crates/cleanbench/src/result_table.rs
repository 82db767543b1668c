//! The table at the end of a run.

use cleanbench_items::{Estimated, TOO_FEW_CLUSTERS};
use cleanbench_report::{Summary, SummaryRow, cell};

use crate::plain_table::plain_table;

/// The summary for people.
pub(crate) fn text(summary: &Summary) -> String {
    let one_method = summary.tasks().all(|row| is_wilson(&row.estimated));
    let header = [
        "model",
        "task",
        "scorer",
        if one_method {
            "score [95% Wilson]"
        } else {
            "score [95%]"
        },
        "n",
        "errors",
        "no answer found",
        "contamination",
    ];
    let rows = summary.tasks().map(|row| {
        if !row.is_asked() {
            return unasked(row);
        }
        [
            cell::visible(&row.model_told()),
            cell::visible(&row.task),
            row.scorer.clone(),
            score(&row.estimated, one_method) + &beside_chance(row),
            row.estimated.n.to_string(),
            errors(row),
            extraction(row),
            row.contamination.to_owned(),
        ]
    });
    plain_table(header, rows)
}

/// A task whose probes alone were put: it has no score, and none is missing.
fn unasked(row: &SummaryRow) -> [String; 8] {
    let nothing = || "-".to_owned();
    [
        cell::visible(&row.model_told()),
        cell::visible(&row.task),
        row.scorer.clone(),
        "not asked".to_owned(),
        nothing(),
        nothing(),
        nothing(),
        row.contamination.to_owned(),
    ]
}

/// Whether the interval is Wilson's, where there is one.
fn is_wilson(estimated: &Estimated) -> bool {
    estimated.method.is_none_or(|method| method == "wilson")
}

/// A score with its interval and, unless all lines have the same, the method's name.
fn score(estimated: &Estimated, one_method: bool) -> String {
    let Some(score) = estimated.score else {
        return "no answers".to_owned();
    };
    let clusters = estimated.clusters;
    let method = estimated.method.filter(|_| !one_method);
    let method = match method.unwrap_or_default() {
        "" => String::new(),
        TOO_FEW_CLUSTERS => format!(" no interval: {clusters} clusters are too few"),
        name if clusters > 0 => format!(" {name} of {clusters}"),
        name => format!(" {name}"),
    };
    match &estimated.interval {
        Some(interval) => format!(
            "{score:.3} [{:.3}, {:.3}]{method}",
            interval.low, interval.high
        ),
        None => format!("{score:.3}{method}"),
    }
}

/// What guessing gives, where that is known.
fn beside_chance(row: &SummaryRow) -> String {
    let chance = row.chance.filter(|_| row.estimated.score.is_some());
    chance.map_or_else(String::new, |chance| format!(", chance {chance:.3}"))
}

/// Calls that ended without an answer; those that have not ended are named apart.
fn errors(row: &SummaryRow) -> String {
    let failed = row.unanswered() - row.open - row.spared();
    match row.open {
        0 => failed.to_string(),
        open => format!("{failed} ({open} open)"),
    }
}

/// How many answers were not read, as a share of those that were judged too, and how many were empty.
fn extraction(row: &SummaryRow) -> String {
    let count = row.extraction_failures;
    let share = row.unread.share().filter(|_| count > 0);
    let share = share.map(|share| format!("{:.1} %", share * 100.0));
    let empty = (row.empty > 0).then(|| format!("{} empty", row.empty));
    let more: Vec<_> = share.into_iter().chain(empty).collect();
    if more.is_empty() {
        return count.to_string();
    }
    format!("{count} ({})", more.join(", "))
}
