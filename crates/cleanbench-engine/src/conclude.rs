//! From a recorded reply to an ended attempt and a judgement.
//!
//! The same code serves a reply that has just arrived and one that was found at resume.

use std::panic::{AssertUnwindSafe, catch_unwind};

use cleanbench_core::event::{Place, Reading, RecordedScore};
use cleanbench_core::{
    CallError, CallErrorKind, CallId, Completion, Event, Finish, Judge, Outcome, Reply,
};
use cleanbench_ledger::samples::SampleContent;

use crate::admission::Admission;
use crate::billing::used_by_failure;
use crate::cache;
use crate::schedule::{EngineError, ModelSlot, Shared};

/// An attempt whose reply, or the lack of one, is on record.
pub(crate) struct Recorded<'a> {
    pub(crate) call: CallId,
    pub(crate) attempt: u32,
    pub(crate) place: Place,
    /// The body that was sent.
    pub(crate) body: &'a [u8],
    pub(crate) reply: Option<Reply>,
    pub(crate) error: Option<CallError>,
    /// Answers of the endpoint when the call began.
    pub(crate) answers_before: u64,
    /// Whether the reply is one of an earlier run.
    pub(crate) is_cached: bool,
}

/// What follows an ended attempt.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Next {
    /// The call has ended, or must stay open.
    Nothing,
    /// Another attempt, not before this many milliseconds if the endpoint said so.
    Retry { after: Option<u64> },
}

/// Reads the reply, records how the attempt ended, and judges an answer. `may_retry` says whether an
/// error that can pass keeps the call open; `admission` is what the attempt was let through with, `None`
/// for one of an earlier writer.
pub(crate) async fn conclude(
    shared: &Shared,
    slot: &ModelSlot,
    content: &SampleContent,
    recorded: Recorded<'_>,
    admission: Option<Admission>,
    may_retry: bool,
) -> Result<Next, EngineError> {
    match read(slot, &recorded) {
        Ok(completion) => {
            if !recorded.is_cached {
                slot.health.note_answer();
            }
            if let Some(admission) = admission {
                admission.settle(slot, slot.billing.used(&completion.usage));
            }
            answered(shared, content, &recorded, &completion);
            cache::keep(shared, slot, &recorded, &completion);
            Ok(Next::Nothing)
        }
        Err(error) => {
            if let Some(admission) = admission {
                let status = recorded.reply.as_ref().map(|reply| reply.status);
                admission.settle(slot, used_by_failure(&error, status));
            }
            let after = recorded.reply.as_ref().and_then(|reply| reply.retry_after);
            let keep_open = slot.health.note_error(&error);
            let retry = may_retry && error.kind.retryable();
            let outcome = (!keep_open && !retry).then(|| error.kind.outcome());
            if let Some(outcome) = outcome {
                slot.health
                    .note_failed_call(outcome, &error, recorded.answers_before);
            }
            if error.kind == CallErrorKind::Panic {
                shared.note_panic();
            }
            let ended = Event::AttemptEnded {
                call: recorded.call,
                attempt: recorded.attempt,
                place: recorded.place,
                reading: None,
                error: Some(error),
                outcome,
            };
            shared.record(ended).written().await?;
            Ok(if retry && !keep_open {
                Next::Retry { after }
            } else {
                Next::Nothing
            })
        }
    }
}

fn read(slot: &ModelSlot, recorded: &Recorded<'_>) -> Result<Completion, CallError> {
    if let Some(error) = &recorded.error {
        return Err(error.clone());
    }
    let Some(reply) = &recorded.reply else {
        return Err(CallError::new(
            CallErrorKind::Broken,
            "no reply was recorded",
        ));
    };
    catch_unwind(AssertUnwindSafe(|| slot.model.read(recorded.body, reply))).unwrap_or_else(|_| {
        Err(CallError::new(
            CallErrorKind::Panic,
            "reading the reply panicked",
        ))
    })
}

fn answered(
    shared: &Shared,
    content: &SampleContent,
    recorded: &Recorded<'_>,
    completion: &Completion,
) {
    let censored = completion.finish == Finish::ContentFilter;
    let outcome = if censored {
        Outcome::Censored
    } else {
        Outcome::Answered
    };
    let ended = Event::AttemptEnded {
        call: recorded.call,
        attempt: recorded.attempt,
        place: recorded.place,
        reading: Some(Reading::from(completion)),
        error: None,
        outcome: Some(outcome),
    };
    // Nothing follows in this call, so nobody waits until these are written: the journal is written in
    // order, the next call's first record is waited for, and a write that fails ends the run.
    drop(shared.record(ended));
    if !censored {
        drop(shared.record(judged(shared, content, recorded, completion)));
    }
}

/// Judges an answer whose attempt has already been recorded as ended.
pub(crate) async fn judge_again(
    shared: &Shared,
    slot: &ModelSlot,
    content: &SampleContent,
    recorded: Recorded<'_>,
) -> Result<(), EngineError> {
    match read(slot, &recorded) {
        Ok(completion) => {
            let event = judged(shared, content, &recorded, &completion);
            shared.record(event).written().await?;
            Ok(())
        }
        Err(error) => Err(EngineError::Changed(error.message)),
    }
}

/// The judgement of an answer.
fn judged(
    shared: &Shared,
    content: &SampleContent,
    recorded: &Recorded<'_>,
    completion: &Completion,
) -> Event {
    let task = shared
        .table
        .space()
        .task_of(recorded.place.sample)
        .unwrap_or_default();
    let (scores, error) = judge(&shared.judges[task], content, completion);
    if error.is_some() {
        shared.note_panic();
    }
    Event::Judged {
        call: recorded.call,
        place: recorded.place,
        scorers: shared.plan().tasks[task].scorers_digest,
        scores,
        error,
    }
}

/// Judges `completion`. A scorer that panics leaves no scores and an error.
fn judge(
    judge: &Judge,
    content: &SampleContent,
    completion: &Completion,
) -> (Vec<RecordedScore>, Option<String>) {
    let scores = catch_unwind(AssertUnwindSafe(|| {
        judge
            .judge(&content.sample, content.probe.as_ref(), completion)
            .into_iter()
            .map(|judgement| judgement.score)
            .collect()
    }));
    match scores {
        Ok(scores) => (scores, None),
        Err(_) => (Vec::new(), Some("a scorer panicked".to_owned())),
    }
}
