//! Comparisons and rankings for people at a terminal.

use cleanbench_items::Who;
use cleanbench_report::cell;
use cleanbench_study::compare::{Comparison, Flip, Ranking, TaskComparison};
use cleanbench_study::derived::{left_out, level, lost_first, number, places, told, told_shortly};

use crate::plain_table::plain_table;

/// A comparison, and its first `flips` flipped samples.
pub(crate) fn comparison(comparison: &Comparison, flips: usize) -> String {
    let mut parts = vec![header(comparison)];
    parts.extend(rewordings(comparison));
    parts.push(tasks(comparison));
    parts.extend(comparison.tasks.iter().filter_map(remarks));
    parts.extend(slices(comparison));
    parts.extend(flipped(comparison, flips));
    parts.join("\n")
}

fn header(comparison: &Comparison) -> String {
    let reason = comparison
        .reason
        .map(|reason| format!(", {}", reason.in_words()));
    let mut lines = vec![
        format!(
            "{} mode{}",
            comparison.mode.as_str(),
            reason.unwrap_or_default()
        ),
        format!(
            "suite {}; samples without an answer: {}",
            cell::visible(&comparison.suite),
            comparison.missing.as_str().replace('_', " ")
        ),
        format!("baseline:  {}", who(&comparison.base)),
        format!("candidate: {}", who(&comparison.candidate)),
    ];
    let differences = told_shortly(comparison);
    lines.extend(differences.map(|one| format!("differs:   {}", cell::safe(&one.to_string()))));
    lines.push(String::new());
    lines.join("\n")
}

/// Widest line of a difference, in characters.
const WIDTH: usize = 80;

/// In what the wordings differ.
fn rewordings(comparison: &Comparison) -> Option<String> {
    let parts = comparison.rewordings.iter().map(|part| {
        let name = cell::visible(&part.task);
        let mut lines = vec![
            format!("--- {} of {name}, baseline", part.part),
            format!("+++ {} of {name}, candidate", part.part),
        ];
        lines.extend(part.lines.iter().flat_map(|line| wrapped(line, WIDTH)));
        if part.left_out > 0 {
            lines.push(format!(
                "… {} more lines; the whole wording is in both run.json",
                part.left_out
            ));
        }
        lines.push(String::new());
        lines.join("\n")
    });
    let parts: Vec<_> = parts.collect();
    (!parts.is_empty()).then(|| parts.join("\n"))
}

/// A line of a difference in lines of at most `width` characters; what follows the first is marked.
fn wrapped(line: &str, width: usize) -> Vec<String> {
    let mut letters = line.chars();
    let sign = letters.next().unwrap_or(' ');
    let mut rest: Vec<char> = letters.collect();
    let mut lines = Vec::new();
    while rest.len() >= width {
        let room = width - 1 - if lines.is_empty() { 0 } else { 2 };
        let at_space = rest[..room].iter().rposition(|letter| *letter == ' ');
        let end = at_space.map_or(room, |at| at + 1);
        lines.push(rest.drain(..end).collect::<String>());
    }
    lines.push(rest.into_iter().collect());
    let marked = lines.iter().enumerate();
    let marked = marked.map(|(at, text)| match at {
        0 => format!("{sign}{text}"),
        _ => format!("{sign}> {text}"),
    });
    marked.map(|line| line.trim_end().to_owned()).collect()
}

fn who(who: &Who) -> String {
    format!(
        "{} ({}), run {} of {}",
        cell::visible(&who.model),
        cell::visible(&who.identity),
        who.run,
        who.created
    )
}

fn tasks(comparison: &Comparison) -> String {
    let adjusted = format!("p ({})", number::adjustment(comparison.policy));
    let header = [
        "task",
        "n",
        number::interval_head(comparison.policy),
        "method",
        &adjusted,
        "lost/gained/equal",
        "result",
        "contamination",
    ];
    let rows = comparison.tasks.iter().map(|task| {
        let finding = &task.finding;
        let counts = told(task);
        [
            cell::visible(&task.task),
            finding.n.to_string(),
            number::delta(finding),
            format!("{}, {}", finding.method, finding.test.unwrap_or("no test")),
            number::p_value(finding.adjusted_p),
            counts.map_or("-".to_owned(), |one| {
                format!("{}/{}/{}", one.worse, one.better, one.equal)
            }),
            number::verdict(finding),
            format!(
                "{}/{}",
                task.base_contamination, task.candidate_contamination
            ),
        ]
    });
    plain_table(header, rows)
}

/// What of a task could not be compared.
fn remarks(task: &TaskComparison) -> Option<String> {
    let left_out = left_out(task);
    (left_out != "none").then(|| format!("{}: {left_out}", cell::visible(&task.task)))
}

fn slices(comparison: &Comparison) -> Option<String> {
    let rows = comparison.tasks.iter().flat_map(|task| {
        task.slices.iter().map(|slice| {
            [
                cell::visible(&task.task),
                cell::visible(&format!("{}={}", slice.field, slice.value)),
                slice.finding.n.to_string(),
                number::delta(&slice.finding),
                number::p_value(slice.finding.adjusted_p),
                number::verdict(&slice.finding),
            ]
        })
    });
    let rows: Vec<_> = rows.collect();
    if rows.is_empty() {
        return None;
    }
    let interval = number::interval_head(comparison.policy);
    let header = ["task", "slice", "n", interval, "p (BH)", "result"];
    let worst = comparison
        .worst_slice
        .as_ref()
        .map_or(String::new(), |worst| {
            format!(
                "\nworst slice: {}={} of {}, {}",
                cell::visible(&worst.field),
                cell::visible(&worst.value),
                cell::visible(&worst.task),
                number::delta(&worst.finding)
            )
        });
    Some(format!("\n{}{worst}", plain_table(header, rows)))
}

fn flipped(comparison: &Comparison, most: usize) -> Option<String> {
    let shown = lost_first(comparison, most);
    if shown.is_empty() {
        return None;
    }
    let header = [
        "",
        "task",
        "sample",
        "baseline answered",
        "candidate answered",
    ];
    let table = plain_table(header, shown.iter().map(|flip| flip_row(flip)));
    let all = comparison.flips.len();
    Some(format!(
        "\nflipped samples, {} of {all} (all in flips.csv)\n{table}",
        shown.len()
    ))
}

fn flip_row(flip: &Flip) -> [String; 5] {
    [
        flip.direction().to_owned(),
        cell::visible(&flip.task),
        cell::visible(&flip.sample),
        cell::visible(&flip.base_answer),
        cell::visible(&flip.candidate_answer),
    ]
}

/// A ranking.
pub(crate) fn ranking(ranking: &Ranking) -> String {
    let differences = ranking.differences.iter();
    let differences = differences
        .map(|one| format!("differs from the first: {}\n", cell::safe(&one.to_string())));
    format!(
        "suite {}; samples without an answer: {}\n{}\n{}\n\n{}",
        cell::visible(&ranking.suite),
        ranking.missing.as_str().replace('_', " "),
        differences.collect::<String>(),
        ranks(ranking),
        pairs(ranking)
    )
}

fn ranks(ranking: &Ranking) -> String {
    let rows = ranking.tasks.iter().flat_map(|task| {
        task.ranks.iter().map(|rank| {
            let tied = task.tied.iter().filter(|group| group.contains(&rank.model));
            let tied: Vec<_> = tied.map(|group| group.join(" = ")).collect();
            [
                cell::visible(&task.task),
                places(rank),
                cell::visible(&rank.model),
                level(rank),
                cell::visible(&tied.join("; ")),
                rank.contamination.clone(),
            ]
        })
    });
    let header = [
        "task",
        "rank",
        "model",
        "score [95%]",
        "not told apart",
        "contamination",
    ];
    plain_table(header, rows)
}

fn pairs(ranking: &Ranking) -> String {
    let rows = ranking.tasks.iter().flat_map(|task| {
        task.pairs.iter().map(|pair| {
            [
                cell::visible(&task.task),
                cell::visible(&format!("{} - {}", pair.candidate, pair.base)),
                pair.finding.n.to_string(),
                number::delta(&pair.finding),
                pair.finding.method.clone(),
                number::p_value(pair.finding.adjusted_p),
                number::verdict(&pair.finding),
            ]
        })
    });
    let adjusted = format!("p ({})", number::adjustment(ranking.policy));
    let header = [
        "task",
        "pair",
        "n",
        number::interval_head(ranking.policy),
        "method",
        &adjusted,
        "result",
    ];
    plain_table(header, rows)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn long_lines_are_wrapped_and_lose_nothing() {
        assert_eq!(wrapped("+short", 10), ["+short"]);
        assert_eq!(wrapped("-one two three", 10), ["-one two", "-> three"]);
        assert_eq!(wrapped("+aaaaaaaaaabbb", 10), ["+aaaaaaaaa", "+> abbb"]);
        let text = "x".repeat(700);
        let lines = wrapped(&format!("-{text}"), WIDTH);
        assert!(lines.iter().all(|line| line.chars().count() <= WIDTH));
        let whole: String = lines
            .iter()
            .map(|line| line.trim_start_matches(['-', '>', ' ']))
            .collect();
        assert_eq!(whole, text);
    }
}
