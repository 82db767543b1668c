//! `contamination.csv` and `verdicts.json`.

use std::fmt::Display;
use std::io::Write;

use cleanbench_core::probe::{ArmCount, Finding};
use csv::Writer;
use serde_json::json;

use crate::{Contamination, ReportError, TaskVerdict, cell};

/// Format of `verdicts.json`.
const FORMAT: &str = "cleanbench-verdicts/1.0";

const COLUMNS: [&str; 34] = [
    "model",
    "task",
    "probe",
    "form",
    "control",
    "suspects",
    "suspects_valid",
    "suspects_hits",
    "suspects_filtered",
    "suspects_missing",
    "controls",
    "controls_valid",
    "controls_hits",
    "controls_filtered",
    "controls_missing",
    "effect",
    "effect_low",
    "effect_high",
    "confidence",
    "interval",
    "p",
    "test",
    "p_holm",
    "power_declared_effect",
    "smallest_detectable",
    "pairs",
    "pairs_both",
    "pairs_only_suspect",
    "pairs_only_control",
    "pairs_neither",
    "filters",
    "examples",
    "not_testable",
    "class",
];

/// One row for each model, task and probe, and one for each gap.
pub(crate) fn write_csv(contamination: &Contamination, out: impl Write) -> Result<(), ReportError> {
    let mut table = Writer::from_writer(out);
    table.write_record(COLUMNS)?;
    for verdict in &contamination.verdicts {
        for position in 0..verdict.findings.len() {
            table.write_record(finding_cells(verdict, position))?;
        }
    }
    for gap in &contamination.gaps {
        let start = [cell::text(&gap.model), cell::text(&gap.task)];
        let shape = [gap.finding.probe.clone(), String::new()];
        let end = [""; 4].map(str::to_owned);
        let statistics = statistics(&gap.finding, None, None);
        table.write_record(start.into_iter().chain(shape).chain(statistics).chain(end))?;
    }
    table.flush()?;
    Ok(())
}

fn number(value: Option<impl Display>) -> String {
    value.map_or_else(String::new, |value| value.to_string())
}

fn finding_cells(verdict: &TaskVerdict, position: usize) -> Vec<String> {
    let judged = &verdict.findings[position];
    let finding = &judged.finding;
    let at = |values: &[Option<f64>]| values.get(position).copied().flatten();
    let filters: Vec<_> = finding
        .filters
        .iter()
        .map(|(reason, count)| format!("{reason}={count}"))
        .collect();
    let mut cells = vec![
        cell::text(&verdict.model),
        cell::text(&verdict.task),
        finding.probe.clone(),
        finding.form.as_str().to_owned(),
    ];
    cells.extend(statistics(
        finding,
        at(&verdict.verdict.adjusted),
        at(&verdict.verdict.power),
    ));
    cells.extend([
        filters.join("; "),
        cell::text(&judged.examples.join(" ")),
        cell::text(judged.not_testable.as_deref().unwrap_or_default()),
        verdict.verdict.class.as_str().to_owned(),
    ]);
    cells
}

/// The cells from `control` to `pairs_neither`.
fn statistics(finding: &Finding, adjusted: Option<f64>, power: Option<f64>) -> Vec<String> {
    let mut cells = vec![finding.control.as_str().to_owned()];
    cells.extend(arm(finding.suspects));
    cells.extend(arm(finding.controls));
    let contrast = finding.contrast.as_ref();
    cells.extend([
        number(contrast.map(|one| one.effect)),
        number(contrast.map(|one| one.low)),
        number(contrast.map(|one| one.high)),
        number(contrast.map(|_| "0.95")),
        number(contrast.map(|one| one.interval.as_str())),
        number(contrast.map(|one| one.p)),
        number(contrast.map(|one| one.test.as_str())),
        number(adjusted),
        number(power),
        number(contrast.and_then(|one| one.smallest_detectable)),
    ]);
    let pairs = contrast.and_then(|one| one.pairs);
    cells.push(number(pairs.map(|pairs| pairs.iter().sum::<u64>())));
    cells.extend((0..4).map(|place| number(pairs.map(|pairs| pairs[place]))));
    cells
}

fn arm(arm: ArmCount) -> [String; 5] {
    [arm.items, arm.valid, arm.hits, arm.filtered, arm.missing].map(|count| count.to_string())
}

/// Everything, for programs.
pub(crate) fn write_json(
    contamination: &Contamination,
    mut out: impl Write,
) -> Result<(), ReportError> {
    let value = json!({
        "format": FORMAT,
        "verdicts": contamination.verdicts,
        "gaps": contamination.gaps,
    });
    serde_json::to_writer_pretty(&mut out, &value).map_err(std::io::Error::from)?;
    out.write_all(b"\n")?;
    // A buffer that is dropped keeps its error to itself.
    Ok(out.flush()?)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Takes everything and keeps it, but finds no room in the end.
    struct Full;

    impl Write for Full {
        fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
            Ok(bytes.len())
        }

        fn flush(&mut self) -> std::io::Result<()> {
            Err(std::io::ErrorKind::StorageFull.into())
        }
    }

    #[test]
    fn a_table_that_finds_no_room_in_the_end_is_an_error() {
        let nothing = Contamination::default();
        assert!(write_json(&nothing, Full).is_err());
        assert!(write_csv(&nothing, Full).is_err());
    }
}
