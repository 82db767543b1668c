//! `summary.md`, for reviewers; see `ci::markdown`.

use cleanbench_ledger::Plan;

use super::{Artefact, Maker, is_told_to_build_servers};
use crate::ci::{Comparer, Source, write_summary};
use crate::findings::Report;
use crate::rows::Row;
use crate::sink::TableSink;
use crate::{Recording, ReportError};

const FILE: &str = "summary.md";

pub(super) const MAKER: Maker = Maker {
    files: &[FILE],
    belongs: is_told_to_build_servers,
    begin: |recording, _| {
        Ok(Box::new(SummaryPage {
            plan: &recording.manifest.plan,
            changes: Comparer::new(recording)?,
        }))
    },
};

struct SummaryPage<'a> {
    plan: &'a Plan,
    /// What changed since the baseline, where there is one.
    changes: Option<Comparer>,
}

impl Artefact for SummaryPage<'_> {
    fn row(&mut self, row: &Row) -> Result<(), ReportError> {
        if let Some(changes) = &mut self.changes {
            changes.add(self.plan, row);
        }
        Ok(())
    }

    fn write(
        mut self: Box<Self>,
        recording: &Recording,
        report: &Report,
        sink: &mut dyn TableSink,
    ) -> Result<(), ReportError> {
        if let Some(changes) = &mut self.changes {
            changes.close(self.plan);
        }
        let source = Source { recording, report };
        write_summary(&source, self.changes.as_ref(), sink.open(FILE)?)
    }
}
