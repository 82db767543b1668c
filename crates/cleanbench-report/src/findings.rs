//! Everything that a pass over a run gives: what artefacts are drawn from.

use cleanbench_core::GateResult;
use cleanbench_ledger::note::Note;
use cleanbench_ledger::{Manifest, Plan};

use crate::attempt::AttemptRow;
use crate::contamination::Gatherer;
use crate::flakes::{Flake, FlakeGatherer, Skipped};
use crate::reasons::Reason;
use crate::rows::Row;
use crate::scan::Index;
use crate::summary::{Summarizer, Summary};
use crate::unread::UnreadGatherer;
use crate::{Contamination, Recording, ReportError, gates, notes, reasons};

/// Everything that a pass over the run gives.
#[derive(Debug)]
pub struct Report {
    /// What the journal says.
    pub index: Index,
    /// The summary.
    pub summary: Summary,
    /// What the probes show.
    pub contamination: Contamination,
    /// How the gates came out.
    pub gates: Vec<GateResult>,
    /// Samples that do not come out the same each time, in plan order.
    pub flakes: Vec<Flake>,
    /// Why calls ended without an answer, the commonest reason first.
    pub reasons: Vec<Reason>,
    /// What people must know besides.
    pub notes: Vec<Note>,
}

/// Whether gates are judged here. A shard has part of the samples alone; its gates are judged when the
/// shards have been merged.
pub fn is_gated(manifest: &Manifest) -> bool {
    !manifest.plan.gates.is_empty() && manifest.shard.is_none()
}

/// Whatever looks at every attempt, and then at every row.
#[derive(Debug)]
pub(crate) struct AttemptReaders {
    measures: Option<gates::Gatherer>,
    noted: notes::Gatherer,
}

impl AttemptReaders {
    /// Ready for the run of `manifest`.
    pub(crate) fn new(manifest: &Manifest) -> Self {
        Self {
            measures: is_gated(manifest).then(|| gates::Gatherer::new(&manifest.plan)),
            noted: notes::Gatherer::default(),
        }
    }

    /// Takes in an attempt of the task at position `task`.
    pub(crate) fn add(&mut self, task: usize, attempt: &AttemptRow) {
        self.noted.add_attempt(attempt);
        if let Some(measures) = &mut self.measures {
            measures.add_attempt(task, attempt);
        }
    }
}

/// Whatever looks at every row, which come in plan order.
#[derive(Debug)]
pub(crate) struct RowReaders<'a> {
    plan: &'a Plan,
    summarizer: Summarizer,
    probes: Option<Gatherer>,
    measures: Option<gates::Gatherer>,
    noted: notes::Gatherer,
    flakes: FlakeGatherer,
    skipped: Skipped,
    unread: UnreadGatherer,
    reasons: reasons::Gatherer,
}

impl<'a> RowReaders<'a> {
    /// Ready for the rows of `recording`, whose `attempts` have all come.
    ///
    /// # Errors
    /// When samples cannot be read.
    pub(crate) fn new(
        recording: &'a Recording,
        index: &Index,
        attempts: AttemptReaders,
    ) -> Result<Self, ReportError> {
        let plan = &recording.manifest.plan;
        Ok(Self {
            plan,
            summarizer: Summarizer::new(recording, index)?,
            probes: Gatherer::new(plan),
            measures: attempts.measures,
            noted: attempts.noted,
            flakes: FlakeGatherer::default(),
            skipped: Skipped::default(),
            unread: UnreadGatherer::default(),
            reasons: reasons::Gatherer::default(),
        })
    }

    /// Takes in the next row.
    pub(crate) fn add(&mut self, row: &Row) {
        self.summarizer.add(row);
        if let Some(probes) = &mut self.probes {
            probes.add(self.plan, row);
        }
        if let Some(measures) = &mut self.measures {
            measures.add(row);
        }
        self.flakes.add(self.plan, row);
        self.skipped.add(self.plan, row);
        self.unread.add(self.plan, row);
        self.reasons.add(self.plan, row);
        self.noted.add(row);
    }

    /// Everything that was found.
    ///
    /// # Errors
    /// When samples, or the run's copy of its baseline, are damaged.
    pub(crate) fn finish(self, recording: &Recording, index: Index) -> Result<Report, ReportError> {
        let mut summary = self.summarizer.finish();
        let probes = self.probes.map(|probes| probes.assess(recording));
        let contamination = probes.transpose()?.unwrap_or_default();
        summary.classify(&contamination);
        summary.count_unread(self.plan.tasks.len(), &self.unread);
        let flakes = self.flakes.finish();
        summary.count_flakes(self.plan.tasks.len(), &flakes);
        let gates = self
            .measures
            .map(|measures| gates::evaluate(recording, &measures, &contamination));
        let gates = gates.transpose()?.unwrap_or_default();
        let notes = notes::Source {
            manifest: &recording.manifest,
            index: &index,
            summary: &summary,
            gates: &gates,
            skipped: &self.skipped,
            gathered: &self.noted,
            unread: &self.unread,
            contamination: &contamination,
        };
        Ok(Report {
            notes: notes.notes(),
            index,
            summary,
            contamination,
            gates,
            flakes,
            reasons: self.reasons.finish(),
        })
    }
}
