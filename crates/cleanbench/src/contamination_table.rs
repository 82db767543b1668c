//! What the probes show, for people.

use cleanbench_core::probe::{ArmCount, Contrast, ControlKind, Finding, Values};
use cleanbench_probe::verdict::measured::curve::{COLUMNS, PowerCurve};
use cleanbench_report::{Contamination, Gap, ModelValidity, TaskVerdict, cell};

use crate::plain_table::plain_table;

/// Tables of all verdicts and gaps; `None` where nothing was probed.
pub(crate) fn text(contamination: &Contamination) -> Option<String> {
    if contamination.verdicts.is_empty() {
        return None;
    }
    let mut parts = Vec::new();
    let isomorphs: Vec<_> = contamination
        .gaps
        .iter()
        .filter(|gap| gap.kind == ControlKind::Isomorph)
        .collect();
    if !isomorphs.is_empty() {
        parts.push(format!(
            "score on the task beside that on its isomorphs (same skill, new content), pair by pair:\n{}",
            gaps(&isomorphs)
        ));
    }
    let checked: String = contamination.validity.iter().map(validity).collect();
    if !checked.is_empty() {
        let apart = if parts.is_empty() { "" } else { "\n" };
        parts.push(format!("{apart}{checked}"));
    }
    parts.extend(contamination.verdicts.iter().map(verdict));
    let lines = contamination.reference_lines();
    let references: Vec<_> = lines.map(|line| cell::visible(&line)).collect();
    if !references.is_empty() {
        parts.push(references.join("\n") + "\n");
    }
    Some(format!("\n{}", parts.join("\n")))
}

/// What the checks say of a model, a line a form.
fn validity(checked: &ModelValidity) -> String {
    let lines = checked.lines();
    let lines = lines.map(|line| format!("{}: {line}\n", cell::visible(&checked.model)));
    lines.collect()
}

fn gaps(gaps: &[&Gap]) -> String {
    let rows = gaps.iter().map(|gap| {
        let finding = &gap.finding;
        [
            cell::visible(&gap.model),
            cell::visible(&gap.task),
            rate(finding.suspects),
            rate(finding.controls),
            finding
                .contrast
                .as_ref()
                .map(difference)
                .unwrap_or_default(),
            finding.suspects.valid.to_string(),
            finding
                .contrast
                .as_ref()
                .map(|one| p(one.p))
                .unwrap_or_default(),
        ]
    });
    let header = [
        "model",
        "task",
        "score",
        "on isomorphs",
        "difference [95%]",
        "n",
        "p",
    ];
    plain_table(header, rows)
}

fn rate(arm: ArmCount) -> String {
    #[expect(clippy::cast_precision_loss, reason = "items are far fewer than 2^52")]
    let share = arm.hits as f64 / arm.valid.max(1) as f64;
    format!("{share:.3}")
}

fn difference(contrast: &Contrast) -> String {
    format!(
        "{:+.3} [{:+.3}, {:+.3}]",
        contrast.effect, contrast.low, contrast.high
    )
}

fn p(p: f64) -> String {
    if p < 0.001 {
        format!("{p:.0e}")
    } else {
        format!("{p:.3}")
    }
}

fn verdict(verdict: &TaskVerdict) -> String {
    let rows = verdict
        .findings
        .iter()
        .zip(&verdict.verdict.adjusted)
        .map(|(judged, adjusted)| {
            let finding = &judged.finding;
            let contrast = finding.contrast.as_ref();
            [
                finding.probe.clone(),
                finding.form.as_str().to_owned(),
                hits(finding.suspects),
                format!("{} {}", hits(finding.controls), finding.control.as_str()),
                contrast.map_or_else(|| not_testable(judged.not_testable.as_deref()), difference),
                adjusted.map(p).unwrap_or_default(),
                detectable(finding),
                silence(finding),
            ]
        });
    let header = [
        "probe",
        "form",
        "restored",
        "controls restored",
        "difference [95%]",
        "p (Holm)",
        "could see",
        "invalid+missing",
    ];
    let mut reasons: Vec<_> = verdict
        .verdict
        .reasons
        .iter()
        .map(|reason| format!("  {}", cell::safe(reason)))
        .collect();
    let mut judged = verdict.findings.iter().zip(&verdict.verdict.adjusted);
    let telling = judged.find(|(_, p)| p.is_some_and(|p| p <= 0.05));
    if let Some(example) = telling.and_then(|(one, _)| one.examples.first()) {
        let example = cell::visible(example);
        reasons.push(format!(
            "  for example (`cleanbench show RUN SAMPLE`): {example}"
        ));
    }
    let power = verdict.power_of_nothing().map(power).unwrap_or_default();
    format!(
        "contamination of {} at {}: {}\n{}\n{}{}{power}",
        cell::visible(&verdict.model),
        cell::visible(&verdict.task),
        verdict.verdict.class.as_str(),
        reasons.join("\n"),
        plain_table(header, rows),
        measures(verdict)
    )
}

/// For how much that was seen, and restored, a test would have found something.
fn power(curve: &PowerCurve) -> String {
    format!(
        "\n{}:\n{}",
        curve.label(),
        plain_table(COLUMNS, curve.rows())
    )
}

/// How often measures of suspects are above those of controls, probe by probe; nothing where there are no measures.
fn measures(verdict: &TaskVerdict) -> String {
    let adjusted = verdict.verdict.adjusted_values.iter();
    let judged = verdict.findings.iter().zip(adjusted);
    let rows = judged.filter_map(|(judged, adjusted)| {
        let finding = &judged.finding;
        let Values { contrast, bias, .. } = finding.values.as_ref()?;
        Some([
            finding.probe.clone(),
            finding.form.as_str().to_owned(),
            format!(
                "{:.3} [{:.3}, {:.3}]",
                contrast.superiority, contrast.low, contrast.high
            ),
            contrast.items.to_string(),
            adjusted.map(p).unwrap_or_default(),
            bias.map_or_else(String::new, |bias| format!("{:.3}", bias.upper)),
        ])
    });
    let rows: Vec<_> = rows.collect();
    if rows.is_empty() {
        return String::new();
    }
    let header = [
        "probe",
        "form",
        "measures above [95%]",
        "n",
        "p (Holm)",
        "bias up to",
    ];
    format!("\n{}", plain_table(header, rows))
}

fn hits(arm: ArmCount) -> String {
    format!("{}/{}", arm.hits, arm.valid)
}

fn not_testable(reason: Option<&str>) -> String {
    let reason = cell::visible(reason.unwrap_or_default());
    match reason.char_indices().nth(60) {
        Some((end, _)) => format!("not testable: {}…", &reason[..end]),
        None => format!("not testable: {reason}"),
    }
}

/// How many answers about suspects, and about controls, say nothing, and how many are missing.
fn silence(finding: &Finding) -> String {
    let of = |arm: ArmCount| format!("{}+{}", arm.invalid, arm.missing);
    format!(
        "{}, controls {}",
        of(finding.suspects),
        of(finding.controls)
    )
}

/// The smallest difference that the test would have found with a power of .8.
fn detectable(finding: &Finding) -> String {
    let contrast = finding.contrast.as_ref();
    contrast
        .and_then(|one| one.smallest_detectable)
        .map_or_else(String::new, |effect| format!("{effect:+.3}"))
}
