//! Answers that another run recorded, instead of calls.
//!
//! Invariants: where the plan says that what is missing is skipped, no call of the model reaches
//! [`cleanbench_core::Model::send`]; what is replayed is on record as such, is never timed, costs nothing,
//! and says nothing of how the endpoint is.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use cleanbench_core::event::Place;
use cleanbench_core::model::Sent;
use cleanbench_core::{CallError, CallErrorKind, CallId, Event, Outcome, Timing};
use cleanbench_ledger::manifest::Missing;
use cleanbench_ledger::replay::{Absent, Asked, ReplaySource, Replayed, SampleName};

use crate::schedule::{EngineError, ModelSlot, Shared};

/// The run that a model's answers are taken from.
#[derive(Debug, Clone)]
pub struct ModelReplay {
    /// Its recorded answers.
    pub source: Arc<ReplaySource>,
    /// Position of the model in its plan.
    pub model: u32,
    /// What becomes of a call that it has no answer to.
    pub missing: Missing,
}

/// What a call is ended with, instead of being made.
pub(crate) enum Instead {
    /// What came back when another run asked the same.
    Recorded(Box<Replayed>),
    /// Nothing: it is skipped, for this reason.
    Nothing(Absent),
}

/// What the call of `body` at `place` is ended with; `None` where it is to be made.
pub(crate) fn look_up(
    shared: &Shared,
    slot: &ModelSlot,
    body: &[u8],
    (place, task, sample): (Place, usize, &str),
) -> Result<Option<Instead>, EngineError> {
    let Some(replay) = &slot.replay else {
        return Ok(None);
    };
    let asked = Asked {
        model: replay.model,
        body,
        epoch: place.epoch,
        name: SampleName::new(&shared.plan().tasks[task].name, sample),
    };
    Ok(match (replay.source.find(&asked)?, replay.missing) {
        (Err(reason), Missing::Skip) => Some(Instead::Nothing(reason)),
        (Err(_), Missing::Ask) => None,
        // An error is the end of a call, and no answer.
        (Ok(replayed), Missing::Ask) if !is_answer(slot, body, &replayed) => None,
        (Ok(replayed), _) => Some(Instead::Recorded(Box::new(replayed))),
    })
}

fn is_answer(slot: &ModelSlot, body: &[u8], replayed: &Replayed) -> bool {
    let reply = replayed.reply.as_ref().filter(|_| replayed.error.is_none());
    let read = |reply| catch_unwind(AssertUnwindSafe(|| slot.model.read(body, reply)));
    reply.is_some_and(|reply| matches!(read(reply), Ok(Ok(_))))
}

/// What `replayed` would have been, had it just arrived.
pub(crate) fn as_sent(replayed: &mut Replayed) -> Sent {
    Sent {
        reply: replayed.reply.take(),
        error: replayed.error.take(),
        timing: Timing::default(),
    }
}

/// Ends the call at `place` without an attempt.
pub(crate) async fn skip(
    shared: &Shared,
    slot: &ModelSlot,
    (call, place): (CallId, Place),
    reason: Absent,
) -> Result<(), EngineError> {
    let run = slot
        .replay
        .as_ref()
        .map_or("", |replay| replay.source.run().as_str());
    let message = match reason {
        Absent::Sample => format!("run {run} has no such sample"),
        Absent::Request => format!(
            "run {run} has no answer to this request: prompt, parameters or epoch are others, or it was never answered"
        ),
        Absent::Erased => format!("the answer was erased from run {run}"),
    };
    let event = Event::AttemptEnded {
        call,
        attempt: 0,
        place,
        reading: None,
        error: Some(CallError::new(CallErrorKind::NotRecorded, message)),
        outcome: Some(Outcome::Skipped),
    };
    shared.ledger.append(event).written().await?;
    Ok(())
}
