//! The files of a ranking: `ranking.json`, `ranking.csv`, `summary.md`.

use std::collections::BTreeMap;

use super::comparison_files::{Formats, csv_file, json, who};
use super::markdown::table;
use super::number;
use cleanbench_items::Policy;

use crate::compare::{Rank, RankedTask, Ranking};
use cleanbench_report::ReportError;
use cleanbench_text::cell;
use cleanbench_text::notation::code;

/// Formats of `ranking.json`: 1.1 adds `policy`, and what is set aside by it.
const FORMATS: Formats = Formats {
    first: "cleanbench-ranking/1.0",
    with_policy: "cleanbench-ranking/1.1",
};
/// That of rankings by the rules of tables 5, which say at which level each interval is.
const WITH_RULES: &str = "cleanbench-ranking/1.2";

const COLUMNS: [&str; 13] = [
    "task",
    "base",
    "candidate",
    "n",
    "delta",
    "low",
    "high",
    "method",
    "test",
    "p",
    "adjusted_p",
    "verdict",
    "smallest_detectable",
];

/// All files of `ranking`, by name.
pub(super) fn draw(ranking: &Ranking) -> Result<BTreeMap<&'static str, Vec<u8>>, ReportError> {
    let format = if number::by_rules_of_now(ranking.policy) {
        WITH_RULES
    } else {
        FORMATS.of(ranking.policy)
    };
    Ok(BTreeMap::from([
        ("ranking.json", json(format, ranking)?),
        ("ranking.csv", csv_file(COLUMNS, rows(ranking))?),
        ("summary.md", summary(ranking).into_bytes()),
    ]))
}

/// One row for every two models in a task.
fn rows(ranking: &Ranking) -> impl Iterator<Item = [String; COLUMNS.len()]> + '_ {
    ranking.tasks.iter().flat_map(|task| {
        task.pairs.iter().map(|pair| {
            let finding = &pair.finding;
            [
                cell::text(&task.task),
                cell::text(&pair.base),
                cell::text(&pair.candidate),
                finding.n.to_string(),
                number::cell(finding.delta),
                number::cell(finding.low),
                number::cell(finding.high),
                finding.method.clone(),
                finding.test.unwrap_or_default().to_owned(),
                number::cell(finding.p),
                number::cell(finding.adjusted_p),
                finding.verdict.as_str().to_owned(),
                number::cell(finding.smallest_detectable),
            ]
        })
    })
}

fn summary(ranking: &Ranking) -> String {
    let models = ranking
        .models
        .iter()
        .map(|model| format!("- {}\n", who(model)));
    let differences = ranking.differences.iter();
    let differences =
        differences.map(|one| format!("- differs from the first: {}\n", code(&one.to_string())));
    let adjustment = number::adjustment(ranking.policy);
    let tasks = ranking.tasks.iter().map(|one| task(one, ranking.policy));
    format!(
        "# Models on {}\n\n{}{}\n{}\np-values are adjusted by {adjustment} over all pairs of models and all tasks. \
         Models share their ranks where no difference was found.\n",
        code(&ranking.suite),
        models.collect::<String>(),
        differences.collect::<String>(),
        tasks.collect::<Vec<_>>().join("\n")
    )
}

fn task(task: &RankedTask, policy: Option<Policy>) -> String {
    let adjusted = format!("p ({})", number::adjustment(policy));
    let ranks = task.ranks.iter().map(|rank| {
        vec![
            places(rank),
            code(&rank.model),
            level(rank),
            rank.contamination.replace('_', " "),
        ]
    });
    let pairs = task.pairs.iter().map(|pair| {
        vec![
            format!("{} against {}", code(&pair.candidate), code(&pair.base)),
            pair.finding.n.to_string(),
            number::delta(&pair.finding),
            number::p_value(pair.finding.adjusted_p),
            number::verdict(&pair.finding),
        ]
    });
    let ranks: Vec<_> = ranks.collect();
    let pairs: Vec<_> = pairs.collect();
    format!(
        "## {}\n\n{}\n{}",
        code(&task.task),
        table(&["rank", "model", "score [95 %]", "contamination"], &ranks),
        table(
            &[
                "pair",
                "n",
                number::interval_head(policy),
                &adjusted,
                "result"
            ],
            &pairs
        )
    )
}

/// The ranks that a model may have.
pub fn places(rank: &Rank) -> String {
    if rank.best == rank.worst {
        rank.best.to_string()
    } else {
        format!("{}-{}", rank.best, rank.worst)
    }
}

/// A model's score with its interval.
pub fn level(rank: &Rank) -> String {
    let Some(level) = &rank.score else {
        return "no answers".to_owned();
    };
    match (level.low, level.high) {
        (Some(low), Some(high)) => {
            format!("{:.3} [{low:.3}, {high:.3}] {}", level.score, level.method)
        }
        _ => format!(
            "{:.3} (no interval: {})",
            level.score,
            level.method.replace('_', " ")
        ),
    }
}
