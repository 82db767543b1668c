//! The table at the end of a rerun: every second score beside the first one.

use cleanbench_items::Estimated;
use cleanbench_report::cell;
use cleanbench_study::rerun::RerunRow;

use crate::plain_table::plain_table;

/// The table for people.
pub(crate) fn text(rows: &[RerunRow]) -> String {
    let header = [
        "model",
        "task",
        "samples put again",
        "their first score",
        "their second score",
        "run without the rerun",
        "run with it",
    ];
    let rows = rows.iter().map(|row| {
        [
            cell::visible(&row.model),
            cell::visible(&row.task),
            row.second.n.to_string(),
            score(&row.first),
            score(&row.second),
            score(&row.without),
            score(&row.with),
        ]
    });
    plain_table(header, rows)
}

/// Score, interval with its method, and n.
fn score(estimated: &Estimated) -> String {
    let n = estimated.n;
    let method = estimated.method.unwrap_or_default();
    match (estimated.score, &estimated.interval) {
        (Some(score), Some(interval)) => format!(
            "{score:.3} [{:.3}, {:.3}] {method}, n {n}",
            interval.low, interval.high
        ),
        (Some(score), None) => format!("{score:.3} ({method}), n {n}"),
        (None, _) => "no answers".to_owned(),
    }
}
