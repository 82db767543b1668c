//! `junit.xml`, for build servers; see `ci::junit`.

use cleanbench_ledger::Plan;

use super::{Artefact, Attempt, Maker, is_told_to_build_servers};
use crate::ci::{CaseGatherer, Source, write_junit};
use crate::findings::Report;
use crate::rows::Row;
use crate::sink::TableSink;
use crate::{Recording, ReportError};

const FILE: &str = "junit.xml";

pub(super) const MAKER: Maker = Maker {
    files: &[FILE],
    belongs: is_told_to_build_servers,
    begin: |recording, _| {
        let plan = &recording.manifest.plan;
        let cases = CaseGatherer::new(plan);
        Ok(Box::new(Junit { plan, cases }))
    },
};

struct Junit<'a> {
    plan: &'a Plan,
    cases: CaseGatherer,
}

impl Artefact for Junit<'_> {
    fn attempt(&mut self, attempt: &Attempt<'_>) -> Result<(), ReportError> {
        self.cases.attempt(attempt.task, attempt.row);
        Ok(())
    }

    fn row(&mut self, row: &Row) -> Result<(), ReportError> {
        self.cases.row(self.plan, row);
        Ok(())
    }

    fn write(
        self: Box<Self>,
        recording: &Recording,
        report: &Report,
        sink: &mut dyn TableSink,
    ) -> Result<(), ReportError> {
        let source = Source { recording, report };
        write_junit(&source, &self.cases, sink.open(FILE)?)
    }
}
