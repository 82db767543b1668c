//! From a recorded reply to an ended attempt and a judgement.
//!
//! The same code serves a reply that has just arrived and one that was found at resume.

use std::panic::{AssertUnwindSafe, catch_unwind};

use cleanbench_core::event::{Reading, RecordedScore};
use cleanbench_core::score::INLINE;
use cleanbench_core::{CallError, CallErrorKind, Completion, Event, Finish, Judge, Outcome};
use cleanbench_ledger::samples::SampleContent;

use crate::admission::Admission;
use crate::billing::used_by_failure;
use crate::error::EngineError;
use crate::open_call::OpenCall;
use crate::recorded::Recorded;

/// What follows an ended attempt.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Next {
    /// The call has ended, or must stay open.
    Nothing,
    /// Another attempt.
    Retry(Retry),
}

/// Why there is to be another attempt.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Retry {
    /// The endpoint asked for it, after so many milliseconds.
    After(u64),
    /// The connection broke.
    Broken,
    /// It failed in another way.
    Failed,
}

impl Retry {
    fn of(recorded: &Recorded<'_>, error: &CallError) -> Self {
        let after = recorded.reply.as_ref().and_then(|reply| reply.retry_after);
        match after {
            Some(after) => Self::After(after),
            None if error.kind == CallErrorKind::Broken => Self::Broken,
            None => Self::Failed,
        }
    }
}

/// How many attempts of a call have failed, and how many may.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Patience {
    /// Attempts that failed while the endpoint was there, this one included should it fail.
    pub(crate) failed: u32,
    /// Attempts after the first one.
    pub(crate) retries: u32,
}

impl Patience {
    /// Every error ends the call.
    pub(crate) const NONE: Self = Self {
        failed: 1,
        retries: 0,
    };
    /// No error that can pass ends the call.
    pub(crate) const ENDLESS: Self = Self {
        failed: 0,
        retries: 1,
    };

    fn may_retry(self) -> bool {
        self.failed <= self.retries
    }

    /// Whether the call failed so often that what it met was no mishap.
    fn has_seen_it_again(self) -> bool {
        self.failed > 1 && self.failed > self.retries.min(AGAIN)
    }
}

/// Retries after which a page instead of an answer is no page of a gateway that is just starting.
const AGAIN: u32 = 2;

impl OpenCall<'_> {
    /// Reads the reply, records how the attempt ended, and judges an answer. `patience` says whether an
    /// error that can pass keeps the call open; `admission` is what the attempt was let through with.
    pub(crate) async fn end_attempt(
        &self,
        recorded: Recorded<'_>,
        admission: Admission,
        patience: Patience,
    ) -> Result<Next, EngineError> {
        match recorded.read(&*self.slot.model) {
            Ok(completion) => {
                if !recorded.is_cached {
                    self.slot.health.note_answer();
                }
                admission.settle(self.slot, self.slot.billing.used(&completion.usage));
                self.answered(&recorded, &completion);
                self.keep(&recorded, &completion);
                Ok(Next::Nothing)
            }
            Err(error) => {
                let status = recorded.reply.as_ref().map(|reply| reply.status);
                admission.settle(self.slot, used_by_failure(&error, status));
                self.failed(&recorded, error, patience).await
            }
        }
    }

    async fn failed(
        &self,
        recorded: &Recorded<'_>,
        error: CallError,
        patience: Patience,
    ) -> Result<Next, EngineError> {
        let health = &self.slot.health;
        // What is replayed says nothing of how the endpoint is now.
        let is_of_now = !recorded.is_cached;
        let keep_open = is_of_now && health.note_error(&error, patience.has_seen_it_again());
        let retry = patience.may_retry() && error.kind.retryable();
        let reason = Retry::of(recorded, &error);
        let outcome = (!keep_open && !retry).then(|| error.kind.outcome());
        if let Some(outcome) = outcome.filter(|_| is_of_now) {
            health.note_failed_call(outcome, &error, recorded.answers_before);
        }
        if error.kind == CallErrorKind::Panic {
            self.context.mishaps.panics.raise();
        }
        let ended = recorded.attempt.failed(error, outcome);
        self.context.record(ended).written().await?;
        Ok(if retry && !keep_open {
            Next::Retry(reason)
        } else {
            Next::Nothing
        })
    }

    fn answered(&self, recorded: &Recorded<'_>, completion: &Completion) {
        let censored = completion.finish == Finish::ContentFilter;
        let outcome = if censored {
            Outcome::Censored
        } else {
            Outcome::Answered
        };
        let reading = Reading::from(completion);
        // Nothing follows in this call, so nobody waits until these are written: the journal is written in
        // order, the next call's first record is waited for, and a write that fails ends the run.
        drop(
            self.context
                .record(recorded.attempt.answered(reading, outcome)),
        );
        if !censored {
            drop(self.context.record(self.judged(completion)));
        }
    }

    /// Keeps a reply that was read as `completion` for later runs.
    fn keep(&self, recorded: &Recorded<'_>, completion: &Completion) {
        let Some(cache) = &self.slot.cache else {
            return;
        };
        let run = &self.context.manifest.run;
        if cache.keep(run, recorded, completion).is_err() {
            self.context.mishaps.unkept.raise();
        }
    }

    /// Judges an answer whose attempt has already been recorded as ended.
    pub(crate) async fn judge_again(&self, recorded: Recorded<'_>) -> Result<(), EngineError> {
        match recorded.read(&*self.slot.model) {
            Ok(completion) => {
                let judged = self.judged(&completion);
                self.context.record(judged).written().await?;
                Ok(())
            }
            Err(error) => Err(EngineError::Changed(error.message)),
        }
    }

    /// The judgement of an answer.
    fn judged(&self, completion: &Completion) -> Event {
        let judge = &self.context.judges[self.call.task];
        let judging = || judge_once(judge, self.content, completion);
        let work = judge.work(&self.content.sample, completion);
        let mishaps = &self.context.mishaps;
        let (scores, error) = match in_its_time(work, judging) {
            Ok(Ok(scores)) => (scores, None),
            Ok(Err(failure)) => {
                mishaps.unjudged.raise();
                (Vec::new(), Some(failure))
            }
            Err(_) => {
                mishaps.panics.raise();
                (Vec::new(), Some("a scorer panicked".to_owned()))
            }
        };
        Event::Judged {
            call: self.call.id,
            place: self.call.place,
            scorers: self.context.plan().tasks[self.call.task].scorers_digest,
            scores,
            error,
        }
    }
}

/// Runs `judging`, which takes `work` nanoseconds at worst. What may take long gives up its place among the
/// threads that make calls, so that the times of others are their own; what is short takes less time than that.
fn in_its_time<T>(work: u64, judging: impl FnOnce() -> T) -> T {
    let handle = tokio::runtime::Handle::try_current();
    let can_move = handle
        .is_ok_and(|handle| handle.runtime_flavor() == tokio::runtime::RuntimeFlavor::MultiThread);
    if can_move && work > INLINE {
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
