//! Opening a run: reading back what was recorded, and starting a writer that continues it.

use std::collections::BTreeMap;
use std::sync::Arc;

use cleanbench_core::event::{PayloadRef, Place, UNKNOWN_NOTE};
use cleanbench_core::history::{CallTable, UnplannedPlace};
use cleanbench_core::{CallId, Event, EventSink, Outcome, Reply, Shard};
use cleanbench_ledger::directory::RunLock;
use cleanbench_ledger::parts::RecordedPlans;
use cleanbench_ledger::recovery::recover;
use cleanbench_ledger::samples::SampleIndex;
use cleanbench_ledger::writer::{Continuation, WriterThread};
use cleanbench_ledger::{Damage, Ledger, LedgerError, Manifest, RunDirectory};

use crate::early::{Scored, scored};

/// A run that is ready to go on, locked for this process.
#[derive(Debug)]
pub struct Opened {
    /// Where it is.
    pub run: RunDirectory,
    /// Its plan.
    pub manifest: Manifest,
    /// What has ended.
    pub table: CallTable,
    /// What was under way when the last writer stopped. At most as many as were in flight.
    pub pending: Vec<Pending>,
    /// Where the journal goes on.
    pub continuation: Continuation,
    /// Keeps other writers out.
    pub lock: RunLock,
    /// Whether the journal holds the plan and all inputs already.
    pub planned: bool,
    /// The scores so far, in runs with gates that end a task early; a later one of a call holds.
    pub scores: Vec<Scored>,
    /// Where the samples are, in a run that was planned just now.
    pub index: Option<SampleIndex>,
}

/// A call that was under way when the last writer stopped.
#[derive(Debug, Clone, PartialEq)]
pub struct Pending {
    /// The call.
    pub call: CallId,
    /// Its last attempt.
    pub attempt: u32,
    /// Position of the call.
    pub place: Place,
    /// The body that was sent.
    pub request: Option<PayloadRef>,
    /// What came back, if it was recorded.
    pub reply: Option<RecordedReply>,
    /// Whether the reply was read as an answer, and only the judgement is missing.
    pub answered: bool,
    /// Whether nothing was sent, because an earlier run has the answer.
    pub is_cached: bool,
}

/// A reply on record.
#[derive(Debug, Clone, PartialEq)]
pub struct RecordedReply {
    /// The reply without its body.
    pub head: Reply,
    /// The body.
    pub body: Option<PayloadRef>,
    /// Why the reply is missing or incomplete.
    pub error: Option<cleanbench_core::CallError>,
}

/// Why a run cannot be resumed.
#[derive(Debug, thiserror::Error)]
pub enum ResumeError {
    /// The directory cannot be read or written.
    #[error(transparent)]
    Ledger(#[from] LedgerError),
    /// Journal and plan do not belong together.
    #[error(transparent)]
    Unplanned(#[from] UnplannedPlace),
}

/// Reads a run back and cuts off what a killed writer left behind.
///
/// # Errors
/// When the run is damaged, in use, or no run.
pub fn reopen(run: RunDirectory) -> Result<Opened, ResumeError> {
    let manifest = Manifest::read(&run)?;
    let lock = run.lock()?;
    let mut table = CallTable::new(manifest.plan.call_space());
    let mut pending = BTreeMap::new();
    let mut recorded = RecordedPlans::default();
    let mut scores = Vec::new();
    let stops_early = manifest.plan.gates.iter().any(|gate| gate.early_stop);
    let continuation = recover(&run, &manifest, |event, part: Option<Shard>| {
        track(&mut pending, event);
        recorded.note(event, part);
        scores.extend(scored(event).filter(|_| stops_early));
        table.narrow(part);
        table.apply(event).map_err(ResumeError::from)
    })?;
    table.narrow(manifest.shard);
    if !recorded.agree(&manifest)? {
        let what = "the plan is not the one that the journal recorded";
        return Err(LedgerError::from(Damage::whole("run.json", what)).into());
    }
    let planned = recorded.are_whole(&manifest);
    let pending = pending.into_values().collect();
    Ok(Opened {
        run,
        manifest,
        table,
        pending,
        continuation,
        lock,
        planned,
        scores,
        index: None,
    })
}

/// Keeps `pending` at the calls that are under way after `event`.
fn track(pending: &mut BTreeMap<CallId, Pending>, event: &Event) {
    match event {
        Event::AttemptStarted {
            call,
            attempt,
            place,
            request,
            cached,
        } => {
            let started = Pending {
                call: *call,
                attempt: *attempt,
                place: *place,
                request: *request,
                reply: None,
                answered: false,
                is_cached: cached.is_some(),
            };
            pending.insert(*call, started);
        }
        Event::ReplyReceived {
            call,
            status,
            content_type,
            retry_after,
            response,
            error,
            ..
        } => {
            if let Some(started) = pending.get_mut(call) {
                let head = Reply {
                    status: status.unwrap_or_default(),
                    content_type: content_type.clone(),
                    retry_after: *retry_after,
                    body: Vec::new(),
                };
                started.reply = Some(RecordedReply {
                    head,
                    body: *response,
                    error: error.clone(),
                });
            }
        }
        Event::AttemptEnded {
            call,
            outcome: Some(Outcome::Answered),
            ..
        } => {
            if let Some(started) = pending.get_mut(call) {
                started.answered = true;
            }
        }
        Event::AttemptEnded { call, .. }
        | Event::AttemptUnknown { call, .. }
        | Event::Judged { call, .. } => {
            pending.remove(call);
        }
        Event::SegmentOpened { .. }
        | Event::Planned { .. }
        | Event::InputAdded { .. }
        | Event::BatchPlanned { .. }
        | Event::GenerationOpened { .. }
        | Event::Erased { .. }
        | Event::Stopped { .. } => {}
    }
}

/// Starts the writer of `opened` and records how this part of the run begins: for a new run its plan,
/// for a resumed one the attempts whose outcome is unknown, and with `retry_errors` a new generation.
/// Attempts without a recorded reply leave `opened.pending`.
///
/// # Errors
/// When the journal cannot be written.
pub fn begin(
    opened: &mut Opened,
    tool: &str,
    retry_errors: bool,
    sinks: Vec<Arc<dyn EventSink>>,
) -> Result<(Ledger, WriterThread), ResumeError> {
    if let Some(end) = opened.manifest.end.take() {
        // While somebody writes, where the run ended before is no longer true, and nor are its tables: those of a run
        // without an end are what its record gives, or damage.
        opened.manifest.write(&opened.run)?;
        let mut tables = end.files.keys();
        tables.try_for_each(|name| opened.run.remove(name))?;
    }
    let (ledger, thread) = Ledger::start(
        &opened.run,
        &opened.manifest.run,
        tool,
        opened.continuation.clone(),
        sinks,
    )?;
    let mut events = if opened.planned {
        Vec::new()
    } else {
        opening(&opened.manifest)?
    };
    opened.pending.retain(|pending| {
        if pending.reply.is_none() && !pending.is_cached {
            events.push(unknown(pending));
        }
        pending.reply.is_some()
    });
    if retry_errors {
        events.push(Event::GenerationOpened {
            generation: opened.table.generation().saturating_add(1),
        });
    }
    for event in events {
        opened.table.apply(&event)?;
        ledger.append(event).wait()?;
    }
    Ok((ledger, thread))
}

fn opening(manifest: &Manifest) -> Result<Vec<Event>, LedgerError> {
    let plan = manifest.plan.digest().map_err(std::io::Error::from)?;
    let inputs = manifest
        .plan
        .inputs
        .iter()
        .map(|(path, digest)| Event::InputAdded {
            path: path.clone(),
            digest: *digest,
            role: path.trim_start_matches("inputs/").to_owned(),
        });
    Ok(std::iter::once(Event::Planned { plan })
        .chain(inputs)
        .collect())
}

fn unknown(pending: &Pending) -> Event {
    Event::AttemptUnknown {
        call: pending.call,
        attempt: pending.attempt,
        place: pending.place,
        note: UNKNOWN_NOTE.to_owned(),
    }
}
