//! `contamination.json`: all that the probes of a run tell, in one document that names the rules by which it was judged.
//!
//! Invariant: what stands here is what `contamination.csv` and `verdicts.json` say. Its form is
//! `docs/format/contamination.schema.json`.

use cleanbench_ledger::Manifest;
use cleanbench_ledger::manifest::ModelPlan;
use cleanbench_probe::verdict::measured::RULES;
use serde_json::{Map, Value, json};

use super::contamination::can_show;
use super::{Artefact, Maker, is_probed, when_done, write_json};
use crate::findings::Report;
use crate::sink::TableSink;
use crate::{Gap, Judged, Recording, ReportError, TaskVerdict};

const FILE: &str = "contamination.json";
const FORMAT: &str = "cleanbench-contamination/1.0";
/// Tables from this version on have it.
const SINCE: u32 = 8;

pub(super) const MAKER: Maker = Maker {
    files: &[FILE],
    belongs: |manifest| is_probed(manifest) && manifest.plan.tables >= SINCE,
    begin: when_done::<Document>,
};

#[derive(Default)]
struct Document;

impl Artefact for Document {
    fn write(
        self: Box<Self>,
        recording: &Recording,
        report: &Report,
        sink: &mut dyn TableSink,
    ) -> Result<(), ReportError> {
        let found = &report.contamination;
        let mut document = head(&recording.manifest);
        document["verdicts"] = found.verdicts.iter().map(verdict).collect();
        document["gaps"] = found.gaps.iter().map(gap).collect();
        document["validity"] = json!(found.validity);
        if !found.references.is_empty() {
            document["references"] = json!(found.references);
            document["on_controls"] = json!(found.on_controls);
        }
        if !found.alike.is_empty() {
            document["references_alike"] = json!(found.alike);
        }
        write_json(&document, sink.open(FILE)?)
    }
}

/// What was probed, and by which rules it was judged.
fn head(manifest: &Manifest) -> Value {
    let plan = &manifest.plan;
    let model = |model: &ModelPlan| json!({"name": model.name, "role": model.role});
    json!({
        "format": FORMAT,
        "rules": {"name": RULES, "tables": plan.tables},
        "tool": plan.tool,
        "run": manifest.run,
        "created": plan.created,
        "suite": plan.suite,
        "models": plan.models.iter().map(model).collect::<Value>(),
    })
}

fn verdict(found: &TaskVerdict) -> Value {
    let own = &found.verdict;
    let findings = found.findings.iter().enumerate();
    let findings = findings.map(|(place, judged)| {
        let at = |values: &[Option<f64>]| values.get(place).copied().flatten();
        let figures = [&own.adjusted, &own.adjusted_values, &own.power].map(|values| at(values));
        finding(judged, figures)
    });
    let mut told = json!({
        "model": found.model,
        "task": found.task,
        "class": found.verdict.class,
        "reasons": found.verdict.reasons,
        "findings": findings.collect::<Value>(),
        "power_curve": found.power_curve,
    });
    if let Some(place) = own.rests_on {
        told["rests_on"] = json!(place);
    }
    told
}

/// A finding with its figures within the family, and with names of samples instead of positions.
fn finding(judged: &Judged, [p, p_of_values, power]: [Option<f64>; 3]) -> Value {
    let mut told = fields(&json!(judged.finding));
    told.insert("examples".to_owned(), json!(judged.examples));
    told.insert("not_testable".to_owned(), json!(judged.not_testable));
    told.insert("p_holm".to_owned(), json!(p));
    if judged.finding.values.is_some() {
        told.insert("p_holm_values".to_owned(), json!(p_of_values));
    }
    told.insert("power_declared_effect".to_owned(), json!(power));
    Value::Object(told)
}

fn gap(found: &Gap) -> Value {
    let mut told = fields(&json!(found.finding));
    // Nothing was asked in a form, and no call shows it.
    told.remove("form");
    told.remove("examples");
    json!({
        "model": found.model,
        "task": found.task,
        "kind": found.kind,
        "finding": told,
        "can_show": can_show(found.kind),
    })
}

fn fields(value: &Value) -> Map<String, Value> {
    value.as_object().cloned().unwrap_or_default()
}
