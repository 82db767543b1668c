//! `summary.md`: what a reviewer reads first, and what to do next. GitHub-flavoured Markdown.
//!
//! The verdict and the gates come first, then the scores with what is known of their contamination, so
//! that a reader who sees only the beginning (see [`super::github::step_summary`]) sees what matters.

use std::io::Write;

use cleanbench_core::gate::{GateResult, GateVerdict, in_a_line};
use cleanbench_items::{ModelTask, Rules};
use cleanbench_ledger::Plan;
use cleanbench_ledger::manifest::Role;
use cleanbench_ledger::note::{Note, NoteKind, Weight};
use cleanbench_ledger::reporting::Quarantined;

use super::exposure_page;
use super::flips::{Comparer, Flip, Flips};
use super::{Missing, Source, Verdict, label};
use crate::{ModelValidity, ReportError, SummaryRow};
use cleanbench_text::markdown::{Heading, table};
use cleanbench_text::notation::{code, sentence};

/// Writes `summary.md` of `source`, with the `changes` since the baseline where there is one.
///
/// # Errors
/// When `out` fails.
pub(crate) fn write(
    source: &Source<'_>,
    changes: Option<&Comparer>,
    mut out: impl Write,
) -> Result<(), ReportError> {
    let manifest = &source.recording.manifest;
    let plan = &manifest.plan;
    let verdict = Verdict::of(&source.report.gates);
    let suite = sentence(&format!("{} {}", plan.suite.name, plan.suite.version));
    writeln!(
        out,
        "# {suite}: {}\n",
        heading(verdict, &source.report.gates)
    )?;
    let created = sentence(&plan.created);
    writeln!(
        out,
        "Run {} of {created}, {}.",
        code(manifest.run.as_str()),
        sentence(&plan.tool)
    )?;
    if !source.report.gates.is_empty() {
        write_gates(&source.report.gates, &mut out)?;
        if Rules::of_tables(plan.tables) == Rules::Now {
            writeln!(out, "\n{}.", in_a_line(&source.report.gates))?;
        }
    }
    write_scores(source, &mut out)?;
    exposure_page::write(source, &mut out)?;
    write_validity(&source.report.contamination.validity, &mut out)?;
    if has_notes(plan) {
        let notes = source.report.notes.iter();
        let notes: Vec<_> = notes.filter(|note| is_told(plan, note)).collect();
        write_notes(&notes, &mut out)?;
    }
    if let Some(changes) = changes {
        write_changes(plan, changes, &mut out)?;
    }
    write_quarantine(plan, &mut out)?;
    write_next(source, verdict, &mut out)?;
    Ok(out.flush()?)
}

/// Whether the run's `summary.md` has notes: those of runs that were planned before there were any have not.
fn has_notes(plan: &Plan) -> bool {
    plan.tables >= 4
}

/// Whether `note` was already known to the version of the tables of the run.
fn is_told(plan: &Plan, note: &Note) -> bool {
    plan.tells_rules() || note.kind != NoteKind::Unread
}

/// What qualifies the numbers, warnings marked as such.
fn write_notes(notes: &[&Note], out: &mut impl Write) -> Result<(), ReportError> {
    if notes.is_empty() {
        return Ok(());
    }
    writeln!(out, "\n## Notes\n")?;
    for note in notes {
        let mark = match note.kind.weight() {
            Weight::Warning => "**warning**: ",
            Weight::Remark => "",
        };
        writeln!(out, "- {mark}{}", sentence(&note.text))?;
    }
    Ok(())
}

fn heading(verdict: Verdict, gates: &[GateResult]) -> &'static str {
    match verdict {
        Verdict::Pass => "every gate passed",
        Verdict::Warn if gates.iter().any(|gate| gate.verdict == GateVerdict::Fail) => {
            "only gates that are advisory failed"
        }
        Verdict::Warn => "no gate failed; see the warnings",
        Verdict::Inconclusive => "inconclusive",
        Verdict::Fail => "a gate failed",
        Verdict::NoGates => "no gates",
    }
}

fn number(value: Option<f64>) -> String {
    value.map_or_else(|| "–".to_owned(), |value| format!("{value:.3}"))
}

const GATES: [Heading; 9] = [
    Heading::words("verdict"),
    Heading::words("gate"),
    Heading::words("model"),
    Heading::words("task"),
    Heading::words("estimate [bounds]"),
    Heading::numbers("n"),
    Heading::words("method"),
    Heading::words("p (adjusted)"),
    Heading::words("why"),
];

fn write_gates(gates: &[GateResult], out: &mut impl Write) -> Result<(), ReportError> {
    let drawn = table(&GATES, gates.iter().map(gate_cells));
    write!(out, "\n## Gates\n\n{drawn}")?;
    writeln!(
        out,
        "\nBounds are one-sided, each with confidence 1 − alpha; those of paired gates are of the difference \
         from the baseline. A gate that could not decide is no pass."
    )?;
    Ok(())
}

fn gate_cells(gate: &GateResult) -> Vec<String> {
    let p = match (gate.p, gate.adjusted_p) {
        (Some(p), Some(adjusted)) => format!("{p:.4} ({adjusted:.4})"),
        _ => "–".to_owned(),
    };
    vec![
        format!("**{}**", gate.verdict.as_str().replace('_', " ")),
        sentence(&label(&gate.gate)),
        code(&gate.model),
        code(&gate.task),
        format!(
            "{} [{}, {}]",
            number(gate.estimate),
            number(gate.low),
            number(gate.high)
        ),
        gate.n.to_string(),
        sentence(&gate.method.replace('_', " ")),
        p,
        sentence(&gate.message),
    ]
}

const SCORES: [Heading; 11] = [
    Heading::words("model"),
    Heading::words("task"),
    Heading::words("scorer"),
    Heading::words("score [95 % interval]"),
    Heading::words("method"),
    Heading::numbers("n"),
    Heading::numbers("in quarantine"),
    Heading::numbers("without answer"),
    Heading::numbers("no answer found"),
    Heading::words("contamination"),
    Heading::numbers("cost (USD)"),
];

fn write_scores(source: &Source<'_>, out: &mut impl Write) -> Result<(), ReportError> {
    let drawn = table(&SCORES, source.report.summary.tasks().map(score_cells));
    Ok(write!(out, "\n## Scores\n\n{drawn}")?)
}

/// What the checks say of each endpoint that was probed, a line a form.
fn write_validity(checked: &[ModelValidity], out: &mut impl Write) -> Result<(), ReportError> {
    let all = checked.iter();
    let mut lines = all.flat_map(|one| one.lines().map(move |line| (&one.model, line)));
    if let Some((model, line)) = lines.next() {
        write!(out, "\n- {}: {line}\n", code(model))?;
    }
    lines.try_for_each(|(model, line)| Ok(writeln!(out, "- {}: {line}", code(model))?))
}

fn score_cells(row: &SummaryRow) -> Vec<String> {
    let missing = Missing::of(row);
    vec![
        match row.role {
            Role::Subject => code(&row.model),
            Role::Reference => format!("{} (reference)", code(&row.model)),
        },
        code(&row.task),
        sentence(&row.scorer),
        score(row),
        row.estimated.method.unwrap_or("–").replace('_', " "),
        row.estimated.n.to_string(),
        row.quarantined.to_string(),
        (missing.failed + missing.open).to_string(),
        row.extraction_failures.to_string(),
        row.contamination.replace('_', " "),
        cost(row),
    ]
}

fn score(row: &SummaryRow) -> String {
    match (row.estimated.score, &row.estimated.interval) {
        (Some(score), Some(interval)) => {
            format!(
                "{score:.3} [{:.3}, {:.3}]{}",
                interval.low,
                interval.high,
                beside_chance(row)
            )
        }
        (Some(score), None) => format!("{score:.3} (no interval){}", beside_chance(row)),
        (None, _) => "no answers".to_owned(),
    }
}

/// What guessing gives, where that is known.
fn beside_chance(row: &SummaryRow) -> String {
    row.chance
        .map_or_else(String::new, |chance| format!(", chance {chance:.3}"))
}

/// What is known of the cost. A price that is missing is not 0, and a sum of some attempts is no sum.
fn cost(row: &SummaryRow) -> String {
    let totals = &row.totals;
    if totals.priced == 0 {
        "unknown".to_owned()
    } else if totals.priced < totals.attempts {
        let rest = totals.attempts - totals.priced;
        format!("{} and {rest} attempts unknown", totals.cost)
    } else {
        totals.cost.to_string()
    }
}

/// The samples whose score changed: first those that got worse.
fn write_changes(plan: &Plan, changes: &Comparer, out: &mut impl Write) -> Result<(), ReportError> {
    let base = plan.baseline.as_ref();
    let base = base.map_or("", |baseline| baseline.run.as_str());
    writeln!(out, "\n## Flipped samples\n")?;
    writeln!(
        out,
        "Samples whose score is not what it was in the baseline, run {}. Chance alone flips some of them \
         wherever a model does not answer the same twice; the gates say whether it is more.",
        code(base)
    )?;
    for (model, model_plan) in plan.models.iter().enumerate() {
        for (task, task_plan) in plan.tasks.iter().enumerate() {
            let flips = changes.flips.get(&ModelTask { model, task });
            let Some(flips) = flips else { continue };
            let [worse, better] = flips.count;
            let aside = flips.aside.in_words();
            let aside = match aside.as_str() {
                "" => String::new(),
                aside => format!(" Set aside: {aside}."),
            };
            writeln!(
                out,
                "\n{} on {}: {worse} worse and {better} better of {} that both have an answer to.{aside}",
                code(&model_plan.name),
                code(&task_plan.name),
                flips.pairs
            )?;
            if worse + better > 0 {
                write_flips(flips, out)?;
            }
        }
    }
    Ok(())
}

const FLIPS: [Heading; 6] = [
    Heading::words(""),
    Heading::words("sample"),
    Heading::numbers("before"),
    Heading::numbers("now"),
    Heading::words("answer before"),
    Heading::words("answer now"),
];

fn write_flips(flips: &Flips, out: &mut impl Write) -> Result<(), ReportError> {
    let all = || flips.worse.iter().chain(&flips.better);
    let shows_answers = all().any(|flip| flip.answers.is_some());
    let headings = if shows_answers {
        &FLIPS[..]
    } else {
        &FLIPS[..4]
    };
    write!(out, "\n{}", table(headings, all().map(flip_cells)))?;
    if !shows_answers {
        writeln!(
            out,
            "\nThe answers are not shown, because the samples are not public."
        )?;
    }
    let told = all().count() as u64;
    let left = flips.count[0] + flips.count[1] - told;
    if left > 0 {
        writeln!(out, "\n{left} more are not listed.")?;
    }
    Ok(())
}

fn flip_cells(flip: &Flip) -> Vec<String> {
    let way = if flip.now < flip.before {
        "worse"
    } else {
        "better"
    };
    let mut cells = vec![
        way.to_owned(),
        code(&flip.sample),
        format!("{:.3}", flip.before),
        format!("{:.3}", flip.now),
    ];
    cells.extend(flip.answers.iter().flatten().map(|answer| code(answer)));
    cells
}

const QUARANTINE: [Heading; 4] = [
    Heading::words("task"),
    Heading::words("sample"),
    Heading::words("until"),
    Heading::words("reason"),
];

fn write_quarantine(plan: &Plan, out: &mut impl Write) -> Result<(), ReportError> {
    if plan.quarantine.is_empty() {
        return Ok(());
    }
    writeln!(out, "\n## Quarantine\n")?;
    writeln!(
        out,
        "These samples are asked and recorded, and are in no score and in no gate until their day has passed.\n"
    )?;
    let drawn = table(&QUARANTINE, plan.quarantine.iter().map(quarantine_cells));
    Ok(write!(out, "{drawn}")?)
}

fn quarantine_cells(one: &Quarantined) -> Vec<String> {
    let until = if one.expired {
        format!("{} (**expired: it counts again**)", one.until)
    } else {
        one.until.clone()
    };
    vec![
        code(&one.task),
        code(&one.sample),
        until,
        sentence(&one.reason),
    ]
}

fn write_next(
    source: &Source<'_>,
    verdict: Verdict,
    out: &mut impl Write,
) -> Result<(), ReportError> {
    let run = source.recording.manifest.run.as_str();
    let rows = source.report.summary.rows.iter().map(Missing::of);
    let (open, failed) = rows.fold((0, 0), |(open, failed), row| {
        (open + row.open, failed + row.failed)
    });
    writeln!(out, "\n## Next steps\n")?;
    if open > 0 {
        writeln!(
            out,
            "- {open} calls were not made; go on with `cleanbench run --resume {run}`"
        )?;
    }
    if failed > 0 {
        writeln!(
            out,
            "- {failed} calls ended without an answer; ask them again with `cleanbench run --resume {run} --retry-errors`"
        )?;
    }
    if matches!(verdict, Verdict::Fail | Verdict::Inconclusive) {
        writeln!(
            out,
            "- look at a sample, its question and its answer: `cleanbench show {run} SAMPLE`"
        )?;
    }
    writeln!(
        out,
        "- recompute every number here from what was recorded: `cleanbench verify {run}`"
    )?;
    Ok(())
}
