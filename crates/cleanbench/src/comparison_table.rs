//! Comparisons and rankings for people at a terminal.

use std::collections::BTreeSet;

use cleanbench_items::Who;
use cleanbench_report::cell;
use cleanbench_study::compare::{Comparison, Flip, Ranking, TaskComparison};
use cleanbench_study::derived::{aside_of, level, number, places, sentence, told, told_shortly};
use cleanbench_study::sample_texts::SampleText;

use crate::plain_table::plain_table;

/// A flip that is shown.
pub(crate) struct ShownFlip<'a> {
    pub(crate) flip: &'a Flip,
    /// What its sample asks, where that is known.
    pub(crate) text: Option<SampleText>,
}

/// A comparison with these of its flipped samples.
pub(crate) fn comparison(comparison: &Comparison, flips: &[ShownFlip<'_>]) -> String {
    let mut parts = vec![header(comparison)];
    parts.extend(rewordings(comparison));
    parts.extend(comparison.tasks.iter().map(|one| task(comparison, one)));
    parts.extend(slices(comparison));
    parts.extend(flipped(comparison, flips));
    parts.join("\n")
}

fn header(comparison: &Comparison) -> String {
    let reason = comparison.reason;
    let reason = reason.map(|reason| format!(", {}", reason.in_words()));
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
    ];
    lines.extend(fold("baseline:  ", &who(&comparison.base)));
    lines.extend(fold("candidate: ", &who(&comparison.candidate)));
    let differences = told_shortly(comparison);
    lines.extend(differences.flat_map(|one| fold("differs:   ", &cell::safe(&one.to_string()))));
    lines.push(String::new());
    lines.join("\n")
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

/// `text` behind `label` in lines of at most [`WIDTH`] characters, each below the first.
fn fold(label: &str, text: &str) -> Vec<String> {
    let indent = label.chars().count();
    let mut rest: Vec<char> = text.chars().collect();
    let mut lines = Vec::new();
    while rest.len() + indent > WIDTH {
        let room = WIDTH - indent;
        let at_space = rest[..=room].iter().rposition(|letter| *letter == ' ');
        let end = at_space.filter(|at| *at > 0).unwrap_or(room);
        lines.push(rest.drain(..end).collect::<String>());
        rest = rest
            .into_iter()
            .skip_while(|letter| *letter == ' ')
            .collect();
    }
    lines.push(rest.into_iter().collect());
    let numbered = lines.into_iter().enumerate();
    let shown = numbered.map(|(at, line)| match at {
        0 => format!("{label}{line}"),
        _ => format!("{:indent$}{line}", ""),
    });
    shown.collect()
}

/// `text` behind `label` in one line, cut where it is longer.
fn cut(label: &str, text: &str) -> String {
    format!("{label}{}", cut_to(text, WIDTH - label.chars().count()))
}

/// Widest line, in characters.
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

/// One task: the verdict first, then what it rests on.
fn task(comparison: &Comparison, task: &TaskComparison) -> String {
    let finding = &task.finding;
    let mut lines = vec![cut(
        "task ",
        &format!("{}, {} samples", task.task, finding.n),
    )];
    lines.extend(fold("  ", &sentence::verdict(task)));
    if let Some(both) = task.measured.levels(finding.missing) {
        lines.push(format!(
            "  baseline     {}, 95 %",
            number::level(&both.base)
        ));
        lines.push(format!(
            "  candidate    {}, 95 %",
            number::level(&both.candidate)
        ));
    }
    lines.push(format!("  difference   {}", number::delta(finding)));
    lines.extend(fold("  result       ", &number::verdict(finding)));
    let test = format!(
        "{} ({}); interval {}, test {}",
        number::p_value(finding.adjusted_p),
        number::adjustment(comparison.policy),
        finding.method,
        finding.test.unwrap_or("none")
    );
    lines.extend(fold("  p            ", &test));
    if let Some(counts) = told(task) {
        lines.push(format!(
            "  samples      lost {}, gained {}, equal {}",
            counts.worse, counts.better, counts.equal
        ));
    }
    lines.extend(fold("  missing      ", &sentence::missing(task)));
    lines.extend(fold("  set aside    ", &aside_of(task)));
    lines.push(format!(
        "  exposure     {}/{}",
        task.base_contamination, task.candidate_contamination
    ));
    lines.extend(spending(task));
    lines.push(String::new());
    lines.join("\n")
}

/// What was used up.
fn spending(task: &TaskComparison) -> Vec<String> {
    let (known, unknown): (Vec<_>, Vec<_>) = task
        .spending
        .iter()
        .partition(|amount| amount.base.is_some());
    let value = |value: Option<f64>| value.map_or("-".to_owned(), number::amount);
    let rows = known.iter().map(|amount| {
        [
            amount.what.in_words().to_owned(),
            value(amount.base),
            value(amount.candidate),
            number::change(amount),
        ]
    });
    let mut lines = Vec::new();
    if !known.is_empty() {
        let header = [
            "used up",
            "baseline",
            "candidate",
            "difference [95 %, each on its own]",
        ];
        lines.extend(
            plain_table(header, rows)
                .lines()
                .map(|line| format!(" {line}")),
        );
        let methods: BTreeSet<_> = known
            .iter()
            .map(|amount| amount.method.replace('_', " "))
            .collect();
        let methods: Vec<_> = methods.into_iter().collect();
        let note = format!(
            "of answered calls; {} samples, {}",
            known[0].n,
            methods.join(", ")
        );
        lines.extend(fold("  ", &note));
    }
    let reasons = unknown.iter().flat_map(|amount| {
        let why = amount.method.replace('_', " ");
        fold(&format!("  {}: ", amount.what.in_words()), &why)
    });
    lines.extend(reasons);
    lines
}

/// Slices that are shown; all are in `comparison.csv`.
const SLICES: usize = 3;

fn slices(comparison: &Comparison) -> Option<String> {
    let all: usize = comparison.tasks.iter().map(|task| task.slices.len()).sum();
    if all == 0 {
        return None;
    }
    let rows: Vec<_> = comparison
        .worst_slices(SLICES)
        .into_iter()
        .map(|(task, slice)| {
            [
                cut_to(
                    &format!("{}: {}={}", task.task, slice.field, slice.value),
                    24,
                ),
                slice.finding.n.to_string(),
                number::delta(&slice.finding),
                number::p_value(slice.finding.adjusted_p),
                slice.finding.verdict.as_str().replace('_', " "),
            ]
        })
        .collect();
    if rows.is_empty() {
        return Some(format!(
            "slices: the candidate is below the baseline in none of {all}\n"
        ));
    }
    let header = [
        "slice",
        "n",
        number::interval_head(comparison.policy),
        "p (BH)",
        "result",
    ];
    Some(format!(
        "worst slices, {} of {all} (all in comparison.csv)\n{}\n",
        rows.len(),
        plain_table(header, rows)
    ))
}

fn cut_to(text: &str, most: usize) -> String {
    let visible = cell::visible(text);
    if visible.chars().count() <= most {
        return visible;
    }
    let short: String = visible.chars().take(most - 1).collect();
    format!("{short}…")
}

fn flipped(comparison: &Comparison, shown: &[ShownFlip<'_>]) -> Option<String> {
    if shown.is_empty() {
        return None;
    }
    let all = comparison.flips.len();
    let mut lines = vec![format!(
        "flipped samples, {} of {all} (all in flips.csv)",
        shown.len()
    )];
    for ShownFlip { flip, text } in shown {
        let name = format!("{} of {}", flip.sample, flip.task);
        lines.push(cut(&format!("{:<12}", flip.direction()), &name));
        if let Some(text) = text {
            lines.push(cut("  question  ", &text.question));
            lines.extend(text.target.iter().map(|target| cut("  target    ", target)));
        }
        lines.push(cut("  baseline  ", &flip.base_answer));
        lines.push(cut("  candidate ", &flip.candidate_answer));
    }
    Some(lines.join("\n"))
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
