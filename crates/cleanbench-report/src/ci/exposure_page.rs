//! What the probes found, for `summary.md`: each verdict with its reasons, and a table of its probes.
//!
//! Invariant: the counts and figures are those of `contamination.csv`.

use std::io::Write;

use cleanbench_core::probe::{ArmCount, Contrast, Values};
use cleanbench_text::markdown::{Heading, table};
use cleanbench_text::notation::{code, sentence};

use crate::contamination::MEASURED_SINCE;
use crate::{Judged, ReportError, TaskVerdict};

use super::Source;

const PROBES: [Heading; 7] = [
    Heading::words("probe"),
    Heading::words("form"),
    Heading::words("restored"),
    Heading::words("controls restored"),
    Heading::words("says nothing"),
    Heading::words("difference [95 %]"),
    Heading::words("p (Holm)"),
];

/// Of the measures, a table of their own: one wide table is read by nobody.
const MEASURES: [Heading; 6] = [
    Heading::words("probe"),
    Heading::words("form"),
    Heading::words("measures above [95 %]"),
    Heading::words("n"),
    Heading::words("p (Holm)"),
    Heading::words("bias at most"),
];

/// Writes the section, where the run was probed and its tables have it.
pub(super) fn write(source: &Source<'_>, out: &mut impl Write) -> Result<(), ReportError> {
    let verdicts = &source.report.contamination.verdicts;
    if verdicts.is_empty() || source.recording.manifest.plan.tables < MEASURED_SINCE {
        return Ok(());
    }
    write!(out, "\n## Contamination\n")?;
    verdicts
        .iter()
        .try_for_each(|verdict| write_verdict(verdict, out))?;
    let mut lines = source.report.contamination.reference_lines().peekable();
    if lines.peek().is_some() {
        writeln!(out)?;
    }
    lines.try_for_each(|line| Ok(writeln!(out, "- {}", sentence(&line))?))
}

fn write_verdict(verdict: &TaskVerdict, out: &mut impl Write) -> Result<(), ReportError> {
    let class = verdict.verdict.class.as_str().replace('_', " ");
    let (model, task) = (code(&verdict.model), code(&verdict.task));
    writeln!(out, "\n{model} at {task}: **{class}**\n")?;
    for reason in &verdict.verdict.reasons {
        writeln!(out, "- {}", sentence(reason))?;
    }
    let adjusted = verdict.verdict.adjusted.iter();
    let rows = verdict.findings.iter().zip(adjusted);
    let drawn = table(&PROBES, rows.map(|(judged, p)| cells(judged, *p)));
    write!(out, "\n{drawn}")?;
    let adjusted = verdict.verdict.adjusted_values.iter();
    let measured = verdict.findings.iter().zip(adjusted);
    let rows = measured.filter_map(|(judged, p)| measures(judged, *p));
    let rows: Vec<_> = rows.collect();
    if !rows.is_empty() {
        write!(out, "\n{}", table(&MEASURES, rows.into_iter()))?;
    }
    Ok(())
}

/// What the measures of a probe show, where it has any.
fn measures(judged: &Judged, adjusted: Option<f64>) -> Option<Vec<String>> {
    let finding = &judged.finding;
    let Values { contrast, bias, .. } = finding.values.as_ref()?;
    let bias = bias.map(|bias| format!("{:.3} ({})", bias.upper, bias.items));
    Some(vec![
        finding.probe.clone(),
        finding.form.as_str().to_owned(),
        format!(
            "{:.3} [{:.3}, {:.3}]",
            contrast.superiority, contrast.low, contrast.high
        ),
        contrast.items.to_string(),
        told(adjusted),
        bias.unwrap_or_else(|| "–".to_owned()),
    ])
}

fn told(p: Option<f64>) -> String {
    p.map_or_else(|| "–".to_owned(), |p| format!("{p:.2e}"))
}

fn cells(judged: &Judged, adjusted: Option<f64>) -> Vec<String> {
    let finding = &judged.finding;
    let why_not = || sentence(judged.not_testable.as_deref().unwrap_or("–"));
    vec![
        finding.probe.clone(),
        finding.form.as_str().to_owned(),
        restored(finding.suspects),
        format!(
            "{} ({})",
            restored(finding.controls),
            finding.control.as_str()
        ),
        (finding.suspects.invalid + finding.controls.invalid).to_string(),
        finding.contrast.as_ref().map_or_else(why_not, difference),
        told(adjusted),
    ]
}

fn restored(arm: ArmCount) -> String {
    format!("{} of {}", arm.hits, arm.valid)
}

fn difference(contrast: &Contrast) -> String {
    format!(
        "{:+.3} [{:+.3}, {:+.3}]",
        contrast.effect, contrast.low, contrast.high
    )
}
