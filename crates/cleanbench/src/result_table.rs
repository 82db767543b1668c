//! The table at the end of a run.

use cleanbench_report::{
    AnswerCounts, Distribution, Estimated, Summary, SummaryRow, TOO_FEW_CLUSTERS, cell,
};
use serde_json::{Value, json};

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
        [
            cell::visible(&row.model),
            cell::visible(&row.task),
            row.scorer.clone(),
            score(&row.estimated, one_method),
            row.estimated.n.to_string(),
            errors(row),
            extraction(row),
            row.contamination.to_owned(),
        ]
    });
    plain_table(header, rows)
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

/// Calls that ended without an answer; those that have not ended are named apart.
fn errors(row: &SummaryRow) -> String {
    let failed = row.unanswered() - row.open - row.spared();
    match row.open {
        0 => failed.to_string(),
        open => format!("{failed} ({open} open)"),
    }
}

fn extraction(row: &SummaryRow) -> String {
    match row.empty {
        0 => row.extraction_failures.to_string(),
        empty => format!("{} ({empty} empty)", row.extraction_failures),
    }
}

/// The summary for programs.
pub(crate) fn json(summary: &Summary) -> Value {
    summary.tasks().map(row_json).collect()
}

fn row_json(row: &SummaryRow) -> Value {
    let outcomes: serde_json::Map<_, _> = row
        .outcomes
        .iter()
        .map(|(outcome, count)| (outcome.as_str().to_owned(), Value::from(*count)))
        .collect();
    let estimated = &row.estimated;
    let interval = estimated.interval.as_ref().map(|interval| {
        json!({"low": interval.low, "high": interval.high, "confidence": 0.95, "method": estimated.method})
    });
    json!({
        "model": row.model,
        "task": row.task,
        "scorer": row.scorer,
        "score": estimated.score,
        "interval": interval,
        "method": estimated.method,
        "n": estimated.n,
        "clusters": estimated.clusters,
        "reducer": row.reducer,
        "samples": row.samples,
        "quarantined": row.quarantined,
        "epochs": row.epochs,
        "outcomes": outcomes,
        "open": row.open,
        "empty": row.empty,
        "truncated": row.truncated,
        "answers": answers_json(&row.answers),
        "extraction_failures": row.extraction_failures,
        "attempts": row.totals.attempts,
        "attempts_unknown": row.totals.unknown,
        "prompt_tokens": row.totals.prompt.known(),
        "completion_tokens": row.totals.completion.known(),
        "reasoning_tokens": row.totals.reasoning.known(),
        "cached_tokens": row.totals.cached.known(),
        "cache_share": {"n": row.totals.cached.reported, "share": row.totals.cache_share()},
        "usage_inconsistent": row.totals.inconsistent,
        "usage_estimated": row.totals.estimated,
        "latency_ms": distribution_json(&row.latency.end_to_end),
        "ttft_any_ms": distribution_json(&row.latency.first_any),
        "ttft_answer_ms": distribution_json(&row.latency.first_answer),
        "queued_ms": distribution_json(&row.latency.queued),
        "attempts_priced": row.totals.priced,
        "cost_usd": (row.totals.priced > 0).then(|| row.totals.cost.to_string()),
        "contamination": row.contamination,
    })
}

/// What the answers were like: counts, and their shares of the `n` answers.
fn answers_json(answers: &AnswerCounts) -> Value {
    let counts = answers.named().into_iter().map(|(name, count)| {
        let value = json!({"count": count, "rate": answers.rate(count)});
        (name.to_owned(), value)
    });
    let n = std::iter::once(("n".to_owned(), Value::from(answers.n)));
    Value::Object(n.chain(counts).collect())
}

/// Percentiles in milliseconds.
fn distribution_json(times: &Distribution) -> Value {
    let milliseconds = |micros: Option<f64>| micros.map(|micros| micros / 1_000.0);
    json!({
        "n": times.n,
        "p50": milliseconds(times.p50),
        "p90": milliseconds(times.p90),
        "p99": milliseconds(times.p99),
    })
}
