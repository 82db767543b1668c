//! An attempt, put together from its records.
//!
//! Its records need not follow each other: those of other calls stand between them.

use std::collections::BTreeMap;

use cleanbench_core::event::{Place, Reading};
use cleanbench_core::{CallError, CallId, Event, Outcome, RunId, Timing, Usd};

/// An attempt that has ended, or is under way.
#[derive(Debug, Clone)]
pub(crate) struct AttemptRow {
    /// The call.
    pub(crate) call: CallId,
    /// Position of the call.
    pub(crate) place: Place,
    /// Number of the attempt.
    pub(crate) attempt: u32,
    /// When it was sent.
    pub(crate) started_at: String,
    /// When it ended, or was found without an end.
    pub(crate) ended_at: String,
    /// HTTP status.
    pub(crate) status: Option<u16>,
    /// When things happened.
    pub(crate) timing: Option<Timing>,
    /// Whether the reply came as a stream of events.
    pub(crate) streamed: bool,
    /// What was read.
    pub(crate) reading: Option<Reading>,
    /// Why it failed.
    pub(crate) error: Option<CallError>,
    /// How the call ended with it.
    pub(crate) outcome: Option<Outcome>,
    /// What it cost, if that is known.
    pub(crate) cost: Option<Usd>,
    /// Whether its outcome is unknown.
    pub(crate) unknown: bool,
    /// The run that asked it, where it was an earlier one.
    pub(crate) cached: Option<RunId>,
}

/// Follows the attempts that are under way; returns an attempt when it has ended.
pub(crate) fn follow(
    open: &mut BTreeMap<CallId, AttemptRow>,
    at: String,
    event: Event,
) -> Option<AttemptRow> {
    match event {
        Event::AttemptStarted {
            call,
            attempt,
            place,
            cached,
            ..
        } => {
            let row = AttemptRow {
                cached: cached.map(|cached| cached.run),
                ..AttemptRow::started(call, attempt, place, at)
            };
            open.insert(call, row);
            None
        }
        Event::ReplyReceived {
            call,
            status,
            content_type,
            timing,
            ..
        } => {
            if let Some(row) = open.get_mut(&call) {
                row.status = status;
                row.streamed = content_type.is_some_and(|kind| is_event_stream(&kind));
                row.timing = Some(timing).filter(|_| row.cached.is_none());
            }
            None
        }
        Event::AttemptEnded {
            call,
            reading,
            error,
            outcome,
            ..
        } => {
            let row = open.remove(&call)?;
            Some(AttemptRow {
                ended_at: at,
                reading,
                error,
                outcome,
                ..row
            })
        }
        Event::AttemptUnknown { call, .. } => {
            let row = open.remove(&call)?;
            Some(AttemptRow {
                ended_at: at,
                unknown: true,
                ..row
            })
        }
        _ => None,
    }
}

fn is_event_stream(content_type: &str) -> bool {
    let media_type = content_type.split(';').next().unwrap_or_default();
    media_type.trim().eq_ignore_ascii_case("text/event-stream")
}

impl AttemptRow {
    fn started(call: CallId, attempt: u32, place: Place, at: String) -> Self {
        Self {
            call,
            place,
            attempt,
            started_at: at,
            ended_at: String::new(),
            status: None,
            timing: None,
            streamed: false,
            reading: None,
            error: None,
            outcome: None,
            cost: None,
            unknown: false,
            cached: None,
        }
    }
}
