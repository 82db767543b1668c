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
            // What is replayed says nothing of how the endpoint is now.
            let is_of_now = !recorded.is_cached;
            let keep_open = is_of_now && slot.health.note_error(&error);
            let retry = may_retry && error.kind.retryable();
            let outcome = (!keep_open && !retry).then(|| error.kind.outcome());
            if let Some(outcome) = outcome
                && is_of_now
            {
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
    let judge = &shared.judges[task];
    let (scores, error) = match in_its_time(judge, || judge_once(judge, content, completion)) {
        Ok(Ok(scores)) => (scores, None),
        Ok(Err(failure)) => {
            shared.note_unjudged();
            (Vec::new(), Some(failure))
        }
        Err(_) => {
            shared.note_panic();
            (Vec::new(), Some("a scorer panicked".to_owned()))
        }
    };
    Event::Judged {
        call: recorded.call,
        place: recorded.place,
        scorers: shared.plan().tasks[task].scorers_digest,
        scores,
        error,
    }
}

/// Runs `judging`. A scorer that cannot be repeated may wait for a foreign program, and other calls go on
/// meanwhile; all others take less time than moving the work would.
fn in_its_time<T>(judge: &Judge, judging: impl FnOnce() -> T) -> T {
    let handle = tokio::runtime::Handle::try_current();
    let can_move = handle
        .is_ok_and(|handle| handle.runtime_flavor() == tokio::runtime::RuntimeFlavor::MultiThread);
    if can_move && !judge.repeatable() {
        tokio::task::block_in_place(judging)
    } else {
        judging()
    }
}

/// The scores, the reason where a scorer failed itself, or what it panicked with.
fn judge_once(
    judge: &Judge,
    content: &SampleContent,
    completion: &Completion,
) -> std::thread::Result<Result<Vec<RecordedScore>, String>> {
    catch_unwind(AssertUnwindSafe(|| {
        let judgements = judge.judge(&content.sample, content.probe.as_ref(), completion)?;
        Ok(judgements.into_iter().map(|one| one.score).collect())
    }))
}
