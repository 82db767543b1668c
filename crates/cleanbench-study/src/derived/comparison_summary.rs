//! `summary.md` of a comparison by the rules of tables 5.
//!
//! Invariant: the verdicts stand first, in sentences; whatever a model or a suite's author wrote stands in code that it
//! cannot leave.

use super::comparison_files::{aside, flips, methods, told, who};
use super::markdown::table;
use super::{number, sentence};
use crate::compare::{Amount, Comparison, Level, Rewording, TaskComparison};
use cleanbench_items::Difference;
use cleanbench_text::notation::{self, code};

/// Slices with the largest losses that are told before all of them.
const WORST: usize = 3;

/// The comparison for people.
pub(super) fn draw(comparison: &Comparison) -> String {
    let sections = [
        header(comparison),
        rewordings(comparison),
        tasks(comparison),
        spending(comparison),
        slices(comparison),
        flips(comparison),
        method_note(comparison),
    ];
    let sections = sections.into_iter().filter(|text| !text.is_empty());
    sections.collect::<Vec<_>>().join("\n")
}

fn header(comparison: &Comparison) -> String {
    let reason = comparison.reason.map_or("", |reason| reason.in_words());
    let mut text = format!(
        "# Comparison on {}, {} mode\n\n",
        code(&comparison.suite),
        comparison.mode.as_str()
    );
    for task in &comparison.tasks {
        let line = format!("- {}: {}\n", code(&task.task), sentence::verdict(task));
        text.push_str(&line);
    }
    let sides = format!(
        "\n- mode: {}, {reason}\n- baseline: {}\n- candidate: {}\n- samples without an answer: {}\n",
        comparison.mode.as_str(),
        who(&comparison.base),
        who(&comparison.candidate),
        comparison.missing.as_str().replace('_', " "),
    );
    text.push_str(&sides);
    for difference in told_shortly(comparison) {
        let line = format!("- differs: {}\n", code(&difference.to_string()));
        text.push_str(&line);
    }
    text
}

/// What differs, but for the wordings that are shown in full.
pub fn told_shortly(comparison: &Comparison) -> impl Iterator<Item = &Difference> {
    let is_shown = |one: &Difference| {
        let mut shown = comparison.rewordings.iter();
        // Texts that differ in the end of a line alone have no lines that differ.
        let tells = |part: &Rewording| !part.lines.is_empty();
        shown.any(|part| {
            one.task.as_ref() == Some(&part.task) && one.what == part.part && tells(part)
        })
    };
    comparison
        .differences
        .iter()
        .filter(move |one| !is_shown(one))
}

/// In what the wordings differ, each part in a block of code that nothing in it can end.
fn rewordings(comparison: &Comparison) -> String {
    let parts = comparison.rewordings.iter().map(|part| {
        let text = part.lines.join("\n");
        let fence = notation::fence(&text);
        let cut = match part.left_out {
            0 => String::new(),
            more => format!("\n{more} more lines; the whole wording is in both `run.json`.\n"),
        };
        let name = code(&part.task);
        format!(
            "`{}` of {name}:\n\n{fence}diff\n{text}\n{fence}\n{cut}",
            part.part
        )
    });
    let parts: Vec<_> = parts.collect();
    if parts.is_empty() {
        return String::new();
    }
    format!("## Wording\n\n{}", parts.join("\n"))
}

fn tasks(comparison: &Comparison) -> String {
    let adjusted = format!("p ({})", number::adjustment(comparison.policy));
    let header = [
        "task",
        "n",
        "baseline [95 %]",
        "candidate [95 %]",
        number::interval_head(comparison.policy),
        &adjusted,
        "lost / gained / equal",
        "missing",
        "set aside",
        "contamination",
    ];
    let rows = comparison.tasks.iter().map(task_row);
    format!("## Tasks\n\n{}", table(&header, &rows.collect::<Vec<_>>()))
}

fn task_row(task: &TaskComparison) -> Vec<String> {
    let levels = task.measured.levels(task.finding.missing);
    let shown = |level: Option<&Level>| level.map_or("-".to_owned(), number::level);
    let counts = told(task).map_or("-".to_owned(), |one| {
        format!("{} / {} / {}", one.worse, one.better, one.equal)
    });
    let contamination = format!(
        "{} / {}",
        task.base_contamination, task.candidate_contamination
    );
    vec![
        code(&task.task),
        task.finding.n.to_string(),
        shown(levels.as_ref().map(|both| &both.base)),
        shown(levels.as_ref().map(|both| &both.candidate)),
        number::delta(&task.finding),
        number::p_value(task.finding.adjusted_p),
        counts,
        sentence::missing(task),
        aside(task),
        contamination.replace('_', " "),
    ]
}

fn spending(comparison: &Comparison) -> String {
    let rows = comparison.tasks.iter().flat_map(|task| {
        let amounts = task.spending.iter();
        amounts.map(|amount| [vec![code(&task.task)], spending_row(amount)].concat())
    });
    let rows: Vec<_> = rows.collect();
    if rows.is_empty() {
        return String::new();
    }
    let header = [
        "task",
        "what",
        "n",
        "baseline",
        "candidate",
        "Δ [95 %]",
        "method",
    ];
    format!(
        "## What was used up\n\n{}\nTimes and tokens are those of answered calls. Each interval is at 95 % on its own; \
         nothing is concluded from them.\n",
        table(&header, &rows)
    )
}

fn spending_row(amount: &Amount) -> Vec<String> {
    let shown = |value: Option<f64>| value.map_or("not known".to_owned(), number::amount);
    vec![
        amount.what.in_words().to_owned(),
        amount.n.to_string(),
        shown(amount.base),
        shown(amount.candidate),
        number::change(amount),
        amount.method.replace('_', " "),
    ]
}

fn slices(comparison: &Comparison) -> String {
    let row = |task: &TaskComparison, slice: &crate::compare::SliceComparison| {
        vec![
            code(&task.task),
            code(&format!("{} = {}", slice.field, slice.value)),
            slice.finding.n.to_string(),
            number::delta(&slice.finding),
            number::p_value(slice.finding.adjusted_p),
            number::verdict(&slice.finding),
        ]
    };
    let rows = comparison.tasks.iter().flat_map(|task| {
        let slices = task.slices.iter();
        slices.map(move |slice| row(task, slice))
    });
    let rows: Vec<_> = rows.collect();
    if rows.is_empty() {
        return String::new();
    }
    let header = [
        "task",
        "slice",
        "n",
        number::interval_head(comparison.policy),
        "p (Benjamini-Hochberg)",
        "result",
    ];
    let worst = comparison.worst_slices(WORST).into_iter();
    let worst: Vec<_> = worst.map(|(task, slice)| row(task, slice)).collect();
    let first = if worst.is_empty() {
        "In no slice is the candidate below the baseline.\n".to_owned()
    } else {
        format!(
            "Where the candidate loses most:\n\n{}",
            table(&header, &worst)
        )
    };
    format!(
        "## Slices\n\n{first}\nAll of them:\n\n{}",
        table(&header, &rows)
    )
}

fn method_note(comparison: &Comparison) -> String {
    format!(
        "Δ is candidate minus baseline on the same samples. {}. Intervals of tasks hold all at once with 95 %; those of \
         slices are such that of the differences found at most 5 % are expected to be wrong. An interval excludes 0 just \
         where a difference was found. \"Could have found\": the smallest difference that the test finds with a power of .8 \
         at the level of the interval, on as many pairs of which as many flip by chance.\n",
        methods(comparison)
    )
}
