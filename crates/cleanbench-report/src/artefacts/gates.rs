//! `gates.json`: how every gate came out, for programs. A shard has none, see [`is_gated`].

use cleanbench_core::GateResult;
use serde_json::json;

use super::{Artefact, Maker, when_done, write_json};
use crate::gates::FILE;
use crate::findings::{Report, is_gated};
use crate::sink::TableSink;
use crate::{Recording, ReportError};

/// The format: 1.1 adds `set_aside`, 1.2 `coverage`, and `tier`, `relative` and `min_coverage` of gates.
const FORMAT: &str = "cleanbench-gates/1.2";
/// The format without what 1.2 adds.
const ASIDE_FORMAT: &str = "cleanbench-gates/1.1";
/// The format without what 1.1 adds.
const FIRST_FORMAT: &str = "cleanbench-gates/1.0";

pub(super) const MAKER: Maker = Maker {
    files: &[FILE],
    belongs: is_gated,
    begin: when_done::<Gates>,
};

#[derive(Default)]
struct Gates;

impl Artefact for Gates {
    fn write(
        self: Box<Self>,
        _: &Recording,
        report: &Report,
        sink: &mut dyn TableSink,
    ) -> Result<(), ReportError> {
        let is_later = |one: &GateResult| one.coverage.is_some() || one.gate.has_later_keys();
        let format = if report.gates.iter().any(is_later) {
            FORMAT
        } else if report.gates.iter().any(|one| one.set_aside.is_some()) {
            ASIDE_FORMAT
        } else {
            FIRST_FORMAT
        };
        let value = json!({"format": format, "gates": report.gates});
        write_json(&value, sink.open(FILE)?)
    }
}
