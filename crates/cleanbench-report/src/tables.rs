//! Artefacts into the run directory, and the end of `run.json`.

use std::collections::BTreeMap;
use std::io::{BufWriter, Write};

use cleanbench_core::Digest;
use cleanbench_ledger::files::{self, DRAFT};
use cleanbench_ledger::manifest::End;
use cleanbench_ledger::record::SegmentHead;
use cleanbench_ledger::{Damage, LedgerError, Manifest, RunDirectory, Tail};

use crate::artefacts;
use crate::findings::Report;
use crate::pass::draw;
use crate::rows::ELSEWHERE;
use crate::sink::TableSink;
use crate::{Recording, ReportError};

/// Names of the artefacts of the run with `manifest`.
pub fn tables(manifest: &Manifest) -> Vec<&'static str> {
    artefacts::files(manifest)
}

/// Writes all tables of `recording` and closes `run.json`. Called twice, it writes the same bytes.
///
/// # Errors
/// When the run is damaged or its folder cannot be written.
pub fn write_all(recording: &Recording) -> Result<Report, ReportError> {
    let mut sink = FileSink {
        run: &recording.run,
    };
    let drawn = draw(recording, &mut sink, Tail::MayBeTorn, |_| {});
    let report = drawn.inspect_err(|_| discard_drafts(recording))?;
    if lacks_records(recording, &report) {
        discard_drafts(recording);
        let what = "the journal is shorter than run.json says; the tables were left as they are";
        return Err(LedgerError::from(Damage::whole("journal", what)).into());
    }
    let mut written = BTreeMap::new();
    for name in tables(&recording.manifest) {
        let draft = format!("{name}{DRAFT}");
        // Some file systems find only now that there is no room.
        recording.run.open(&draft)?.sync_all()?;
        written.insert(name.to_owned(), recording.run.digest(&draft)?);
        files::finish_draft(recording.run.path(), name)?;
    }
    if let Some(manifest) = closed_manifest(recording, &report, written) {
        manifest.write(&recording.run)?;
    }
    recording.run.sync()?;
    Ok(report)
}

/// `run.json` as it must be after a writer has stopped in order; `None` when none has.
pub(crate) fn closed_manifest(
    recording: &Recording,
    report: &Report,
    files: BTreeMap<String, Digest>,
) -> Option<Manifest> {
    let index = &report.index;
    let mut calls = BTreeMap::new();
    for row in &report.summary.rows {
        for (outcome, count) in &row.outcomes {
            *calls.entry(outcome.as_str().to_owned()).or_insert(0) += count;
        }
        *calls.entry("open".to_owned()).or_insert(0) += row.open;
        if row.elsewhere > 0 {
            *calls.entry(ELSEWHERE.to_owned()).or_insert(0) += row.elsewhere;
        }
    }
    let judged = index
        .table
        .space()
        .places()
        .filter(|place| index.table.state(*place).is_some_and(|state| state.judged));
    let end = End {
        stopped: index.stopped?,
        at: index.last_at.clone(),
        segments: index.heads.clone(),
        calls,
        attempts_unknown: index
            .totals
            .iter()
            .flatten()
            .map(|totals| totals.unknown)
            .sum(),
        judged: judged.count() as u64,
        files,
    };
    Some(Manifest {
        end: Some(end),
        ..recording.manifest.clone()
    })
}

/// Whether the journal no longer holds all that it held when the run ended. It may have more: of those who went on.
fn lacks_records(recording: &Recording, report: &Report) -> bool {
    let ended = recording.manifest.end.iter();
    let mut recorded = ended.flat_map(|end| &end.segments);
    recorded.any(|head| {
        let mut found = report.index.heads.iter();
        let found = found.find(|found| found.segment == head.segment);
        let goes_on = |found: &SegmentHead| found.records > head.records || found == head;
        !found.is_some_and(goes_on)
    })
}

/// Half a table is of no use, and takes space.
fn discard_drafts(recording: &Recording) {
    for name in tables(&recording.manifest) {
        files::discard_draft(recording.run.path(), name);
    }
}

struct FileSink<'a> {
    run: &'a RunDirectory,
}

impl TableSink for FileSink<'_> {
    fn open(&mut self, name: &'static str) -> Result<Box<dyn Write>, ReportError> {
        let file = files::draft(self.run.path(), name)?;
        Ok(Box::new(BufWriter::new(file)))
    }
}
