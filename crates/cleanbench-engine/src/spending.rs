//! What a run has used up already, read back from its journal.
//!
//! Needed only for a resumed run with caps: they hold over all its writers. An attempt whose use is not
//! known, because it was cut off or the endpoint reported nothing, is listed by its place; its worst
//! case is worked out again from the sample.

use std::collections::BTreeMap;

use cleanbench_core::event::Place;
use cleanbench_core::{CallId, Caps, Event, Usd};
use cleanbench_ledger::{JournalReader, LedgerError, Manifest, RunDirectory, Tail};
use jiff::Timestamp;

use crate::billing::{Billing, used_by_failure};
use crate::budget::{Bound, Spent};

/// The caps of a run and what is gone of them.
#[derive(Debug, Clone, Default)]
pub struct Allowance {
    /// The caps.
    pub caps: Caps,
    /// What attempts of earlier writers used up, as far as that is known.
    pub spent: Spent,
    /// Places of their attempts whose use is not known, one for each attempt.
    pub unsettled: Vec<Place>,
}

impl Allowance {
    /// Reads what the writers of `run` so far have used up. `billing` has one entry for each model of
    /// the plan. Without caps nothing is read.
    ///
    /// # Errors
    /// When the journal is damaged.
    pub fn of(
        caps: Caps,
        run: &RunDirectory,
        manifest: &Manifest,
        billing: &[Billing],
    ) -> Result<Self, LedgerError> {
        let mut survey = Survey::default();
        if !caps.any() || run.journal_segments()?.is_empty() {
            return Ok(survey.finish(caps));
        }
        let mut reader = JournalReader::open(run, manifest, Tail::MayBeTorn)?;
        while let Some((_, record)) = reader.read()? {
            survey.note(&record.at, record.event, billing);
        }
        Ok(survey.finish(caps))
    }
}

#[derive(Debug, Default)]
struct Survey {
    spent: Spent,
    unsettled: Vec<Place>,
    open: BTreeMap<CallId, (Place, Option<u16>)>,
    /// When the writer being read began, and its last record.
    writer: Option<(Timestamp, Timestamp)>,
}

impl Survey {
    fn note(&mut self, at: &str, event: Event, billing: &[Billing]) {
        self.note_time(at, matches!(event, Event::SegmentOpened { .. }));
        match event {
            Event::AttemptStarted {
                call,
                place,
                request: Some(_),
                cached: None,
                ..
            } => {
                self.spent.requests += 1;
                self.open.insert(call, (place, None));
            }
            Event::ReplyReceived { call, status, .. } => {
                if let Some((_, known)) = self.open.get_mut(&call) {
                    *known = status;
                }
            }
            Event::AttemptEnded {
                call,
                reading,
                error,
                ..
            } => {
                let Some((place, status)) = self.open.remove(&call) else {
                    return;
                };
                let used = match (reading, error) {
                    (Some(reading), _) => billing
                        .get(place.model as usize)
                        .map(|billing| billing.used(&reading.usage)),
                    (None, Some(error)) => Some(used_by_failure(&error, status)),
                    (None, None) => None,
                };
                self.settle(place, used.unwrap_or_default());
            }
            Event::AttemptUnknown { call, .. } => {
                if let Some((place, _)) = self.open.remove(&call) {
                    self.unsettled.push(place);
                }
            }
            _ => {}
        }
    }

    fn settle(&mut self, place: Place, used: Bound) {
        let Some(tokens) = used.tokens else {
            self.unsettled.push(place);
            return;
        };
        self.spent.tokens = self.spent.tokens.saturating_add(tokens);
        self.spent.cost += used.cost.unwrap_or(Usd::ZERO);
    }

    fn note_time(&mut self, at: &str, begins: bool) {
        let Ok(at) = at.parse::<Timestamp>() else {
            return;
        };
        if begins {
            self.end_writer();
        }
        self.writer = Some(match self.writer {
            Some((begun, _)) => (begun, at),
            None => (at, at),
        });
    }

    fn end_writer(&mut self) {
        if let Some((begun, last)) = self.writer.take() {
            // A clock that was set back has measured nothing.
            self.spent.time +=
                std::time::Duration::try_from(last.duration_since(begun)).unwrap_or_default();
        }
    }

    fn finish(mut self, caps: Caps) -> Allowance {
        self.end_writer();
        let open = std::mem::take(&mut self.open);
        self.unsettled
            .extend(open.into_values().map(|(place, _)| place));
        Allowance {
            caps,
            spent: self.spent,
            unsettled: self.unsettled,
        }
    }
}
