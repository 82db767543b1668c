//! Do the records of a journal follow each other as a writer writes them?
//!
//! A chain holds whatever it was made of. A call ends once, and is judged once; its attempts have numbers that rise; a
//! writer that has stopped writes nothing more. A table that takes the last of two records would hide the first.

use std::collections::BTreeSet;

use cleanbench_core::event::Place;
use cleanbench_core::history::{CallTable, UnplannedPlace};
use cleanbench_core::{Event, Shard};
use cleanbench_ledger::Manifest;

/// What was read so far, as far as it says what may come next.
pub(super) struct Order {
    table: CallTable,
    /// Calls whose attempt has a reply and no end.
    replied: BTreeSet<Place>,
    /// Whether the writer of the segment has stopped.
    has_stopped: bool,
    /// Whether a segment was opened.
    has_begun: bool,
    tables: u32,
}

impl Order {
    pub(super) fn new(manifest: &Manifest) -> Self {
        Self {
            table: CallTable::new(manifest.plan.call_space()),
            replied: BTreeSet::new(),
            has_stopped: false,
            has_begun: false,
            tables: manifest.plan.tables,
        }
    }

    /// Takes in a record of `part`; what is wrong with it where it stands.
    ///
    /// # Errors
    /// When it names a call that the plan does not have.
    pub(super) fn note(
        &mut self,
        event: &Event,
        part: Option<Shard>,
    ) -> Result<Option<String>, UnplannedPlace> {
        self.table.narrow(part);
        let wrong = self.wrong(event).map(str::to_owned);
        let wrong = wrong.or_else(|| self.wrong_version(event));
        match event {
            Event::SegmentOpened { .. } => self.has_stopped = false,
            Event::Stopped { .. } => self.has_stopped = true,
            Event::ReplyReceived { place, .. } => drop(self.replied.insert(*place)),
            Event::AttemptStarted { place, .. }
            | Event::AttemptEnded { place, .. }
            | Event::AttemptUnknown { place, .. } => drop(self.replied.remove(place)),
            _ => {}
        }
        self.table.apply(event)?;
        Ok(wrong)
    }

    fn wrong(&self, event: &Event) -> Option<&'static str> {
        if self.has_stopped && !matches!(event, Event::SegmentOpened { .. }) {
            return Some("stands behind the record that its writer stopped");
        }
        let state = |place: &Place| self.table.state(*place).unwrap_or_default();
        let has_ended = |place: &Place| state(place).outcome.is_some();
        match event {
            Event::AttemptStarted { place, .. } if has_ended(place) => {
                Some("an attempt of a call that had ended")
            }
            Event::AttemptStarted { place, attempt, .. } => {
                let is_new = *attempt > u32::from(state(place).attempts);
                (!is_new).then_some("an attempt whose number was there before")
            }
            Event::ReplyReceived { place, .. } if has_ended(place) => {
                Some("a reply to a call that had ended")
            }
            Event::ReplyReceived { place, .. } => self
                .replied
                .contains(place)
                .then_some("a second reply to one attempt"),
            Event::AttemptEnded { place, .. } => {
                has_ended(place).then_some("an end of a call that had ended")
            }
            Event::Judged { place, .. } => state(place)
                .judged
                .then_some("a second judgement of one answer"),
            _ => None,
        }
    }

    /// Who plans a run has tables of the version that belongs to the format, or of a later one; who goes on with it may
    /// write a later format.
    fn wrong_version(&mut self, event: &Event) -> Option<String> {
        let Event::SegmentOpened { format, .. } = event else {
            return None;
        };
        if std::mem::replace(&mut self.has_begun, true) {
            return None;
        }
        let least = match format.as_str() {
            "cleanbench-journal/1.6" => 8,
            "cleanbench-journal/1.5" | "cleanbench-journal/1.4" => 6,
            "cleanbench-journal/1.3" => 4,
            "cleanbench-journal/1.2" => 2,
            _ => 1,
        };
        (self.tables < least).then(|| {
            let tables = self.tables;
            format!(
                "`{format}` was never written with tables of version {tables}, which run.json names"
            )
        })
    }
}
