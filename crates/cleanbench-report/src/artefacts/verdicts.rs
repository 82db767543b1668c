//! `verdicts.json`: everything that the probes show, for programs.

use serde_json::json;

use super::{Artefact, Maker, is_probed, when_done, write_json};
use crate::findings::Report;
use crate::sink::TableSink;
use crate::{Recording, ReportError};

const FILE: &str = "verdicts.json";
const FORMAT: &str = "cleanbench-verdicts/1.0";

pub(super) const MAKER: Maker = Maker {
    files: &[FILE],
    belongs: is_probed,
    begin: when_done::<Verdicts>,
};

#[derive(Default)]
struct Verdicts;

impl Artefact for Verdicts {
    fn write(
        self: Box<Self>,
        _: &Recording,
        report: &Report,
        sink: &mut dyn TableSink,
    ) -> Result<(), ReportError> {
        let mut value = json!({
            "format": FORMAT,
            "verdicts": report.contamination.verdicts,
            "gaps": report.contamination.gaps,
        });
        // Runs that were planned before there were checks keep their file as it was.
        let validity = &report.contamination.validity;
        if !validity.is_empty() {
            value["validity"] = json!(validity);
        }
        let contamination = &report.contamination;
        if !contamination.references.is_empty() {
            value["references"] = json!(contamination.references);
        }
        if !contamination.alike.is_empty() {
            value["references_alike"] = json!(contamination.alike);
        }
        if !contamination.on_controls.is_empty() {
            value["on_controls"] = json!(contamination.on_controls);
        }
        write_json(&value, sink.open(FILE)?)
    }
}
