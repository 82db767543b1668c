//! One call: attempts until it ends, each on record before it is sent.

use std::panic::AssertUnwindSafe;
use std::time::Duration;

use cleanbench_core::event::{PayloadRef, Unasked};
use cleanbench_core::model::Sent;
use cleanbench_core::{CallError, CallErrorKind, CallId, Timing};
use cleanbench_ledger::replay::SampleName;
use cleanbench_ledger::{Entry, Frame, LedgerError};
use futures_util::FutureExt as _;

use crate::admission::{Admission, Outgoing, admit};
use crate::attempt::{Attempt, Call};
use crate::attempt_end::{Next, Patience, Retry};
use crate::budget::Bound;
use crate::burst::{LONGEST_PAUSE, Past};
use crate::error::EngineError;
use crate::kept::Kept;
use crate::limiter::Fault;
use crate::open_call::OpenCall;
use crate::recorded::Recorded;
use crate::replay::Instead;
use crate::slot::ModelSlot;
use crate::wording::Worded;

/// So many times sooner a broken connection is tried again than a refusal.
const SOONER: u32 = 5;
/// So many times the retries of a call it may be turned away by chance.
const MOST_TIMES: u32 = 4;
/// The longest that the end of a call waits for word of others.
const LONGEST_DOUBT: Duration = Duration::from_secs(1);
/// Where the exponential backoff ends.
const BACKOFF_CEILING: Duration = Duration::from_secs(30);

/// What the attempts of a call hand on to one another.
struct Tries {
    /// Where the body is stored; nowhere before the first attempt.
    stored: Option<PayloadRef>,
    /// Answers of the endpoint when the call began.
    answers_before: u64,
    /// Whose fault it was that each of them failed.
    faults: Vec<Fault>,
    /// What came of all of them, those included that were forgiven.
    past: Past,
}

impl Tries {
    /// An attempt is over; where it failed, `fault` says by whose fault.
    fn take_in(&mut self, fault: Fault) {
        self.past = self.past.after(fault.streak());
        self.faults.push(fault);
    }

    /// Leaves out attempts that failed while nobody was there.
    fn forget_forgiven(&mut self, slot: &ModelSlot) {
        self.faults
            .retain(|fault| !slot.limiter.is_forgiven(*fault));
    }

    /// Attempts that failed while the endpoint was there.
    fn costly(&self, slot: &ModelSlot) -> u32 {
        let costly = self
            .faults
            .iter()
            .filter(|fault| slot.limiter.costs(**fault));
        u32::try_from(costly.count()).unwrap_or(u32::MAX)
    }
}

impl OpenCall<'_> {
    /// Makes the call until it ends, the run stops, or the endpoint is given up. `attempts` were already
    /// made by earlier writers.
    pub(crate) async fn make(&self, attempts: u16) -> Result<(), EngineError> {
        let wording = self.context.wording();
        let Call { place, task, .. } = self.call;
        let request = wording.request(&*self.slot.model, place, task, self.content);
        let worded = Worded::new(self.slot, request);
        let first = u32::from(attempts) + 1;
        if let Ok(body) = &worded.body {
            match self.instead(body)? {
                None => {}
                Some(Instead::Recorded(kept)) => return self.take(*kept, body, first).await,
                Some(Instead::Nothing(error)) => {
                    return self.give_up_asking(Unasked::CannotBeAsked, error).await;
                }
                Some(Instead::NeverAsked(error)) => {
                    return self.give_up_asking(Unasked::NeverAsked, error).await;
                }
            }
        }
        self.ask(&worded, first).await
    }

    /// What the call is ended with, which would send `body`; `None` where it is to be made.
    fn instead(&self, body: &[u8]) -> Result<Option<Instead>, LedgerError> {
        let (model, epoch) = (&*self.slot.model, self.call.place.epoch);
        let cache = self.slot.cache.as_ref();
        if let Some(kept) = cache.and_then(|cache| cache.look_up(model, body, epoch)) {
            return Ok(Some(Instead::Recorded(Box::new(kept))));
        }
        let task = &self.context.plan().tasks[self.call.task].name;
        let name = || SampleName::new(task, &self.content.sample.id);
        if let Some(imported) = &self.slot.imported {
            return Ok(Some(imported.look_up(body, epoch, name())));
        }
        let Some(replay) = &self.slot.replay else {
            return Ok(None);
        };
        replay.look_up(model, body, epoch, name())
    }

    /// Ends the call because nobody can be asked, or was.
    async fn give_up_asking(&self, unasked: Unasked, error: CallError) -> Result<(), EngineError> {
        let ended = self.context.end_unasked(self.call, unasked, Some(error));
        ended.written().await?;
        Ok(())
    }

    /// Ends the call with an answer that an earlier run asked for. Nothing is sent.
    async fn take(&self, kept: Kept, body: &[u8], number: u32) -> Result<(), EngineError> {
        let attempt = self.call.attempt(number);
        let started = Entry {
            event: attempt.started(None, Some(kept.cached)),
            frame: Some(frame(body)?),
        };
        self.context.ledger.append(started).written().await?;
        let recorded = Recorded {
            is_cached: true,
            answers_before: self.slot.health.answers(),
            ..self.record_reply(attempt, body, kept.sent).await?
        };
        let admission = Admission::unsent();
        self.end_attempt(recorded, admission, Patience::NONE)
            .await?;
        Ok(())
    }

    /// Asks until the call ends; `first` is the number of its next attempt.
    async fn ask(&self, worded: &Worded, first: u32) -> Result<(), EngineError> {
        let bound = self.bound(worded);
        let mut tries = Tries {
            stored: None,
            answers_before: self.slot.health.answers(),
            faults: Vec::new(),
            past: Past::New,
        };
        for number in first.. {
            tries.forget_forgiven(self.slot);
            let Some(admission) = self.admit(worded, bound, tries.past).await else {
                break;
            };
            let attempt = self.call.attempt(number);
            let made = self.attempt(attempt, worded, &mut tries, admission);
            let Next::Retry(reason) = made.await? else {
                break;
            };
            if !self.wait(&tries, reason, worded.bytes().len()).await {
                break;
            }
        }
        Ok(())
    }

    /// Waits before the next attempt, and lets another call be begun meanwhile. Whether there is to be one.
    async fn wait(&self, tries: &Tries, reason: Retry, bytes: usize) -> bool {
        let failed = tries.costly(self.slot);
        // Nobody is there: the endpoint's own pause is what is waited for.
        if tries
            .faults
            .last()
            .is_some_and(|last| !self.slot.limiter.costs(*last))
        {
            return !self.context.is_halted() && self.slot.health.given_up().is_none();
        }
        let backoff = self.context.settings.backoff;
        let wait = wait_before(self.call.id, failed.saturating_sub(1), reason, backoff);
        let _waiting = self.slot.hands.wait(bytes);
        tokio::select! {
            () = tokio::time::sleep(wait) => true,
            () = self.context.halted() => false,
            () = self.slot.health.gave_up() => false,
        }
    }

    /// What an attempt uses up at most.
    fn bound(&self, worded: &Worded) -> Bound {
        match &worded.body {
            Ok(body) if self.context.budget.is_capped() => {
                self.slot.billing.bound(&worded.request, body.len())
            }
            _ => Bound::default(),
        }
    }

    /// Waits until an attempt may be sent; `None` when none may be any more.
    async fn admit(&self, worded: &Worded, bound: Bound, past: Past) -> Option<Admission> {
        match &worded.body {
            Ok(body) => {
                let outgoing = Outgoing {
                    sample: &self.content.sample.id,
                    request: &worded.request,
                    past,
                    bytes: body.len(),
                    bound,
                };
                admit(self.context, self.slot, outgoing).await
            }
            Err(_) => Some(Admission::unsent()),
        }
    }

    async fn attempt(
        &self,
        attempt: Attempt,
        worded: &Worded,
        tries: &mut Tries,
        mut admission: Admission,
    ) -> Result<Next, EngineError> {
        self.start(attempt, worded, tries).await?;
        let recorded = match &worded.body {
            Ok(body) => {
                let mut sent = self.send(body, worded).await;
                tries.take_in(admission.arrived(&mut sent));
                self.record_reply(attempt, body, sent).await?
            }
            Err(error) => Recorded::unsent(attempt, error.clone()),
        };
        let retries = self.retries(tries);
        if tries.costly(self.slot) > retries
            && let Some(last) = tries.faults.last()
        {
            self.see_whether_alone(*last, worded.bytes().len()).await;
        }
        let patience = Patience {
            failed: tries.costly(self.slot),
            retries,
        };
        let recorded = Recorded {
            answers_before: tries.answers_before,
            ..recorded
        };
        self.end_attempt(recorded, admission, patience).await
    }

    /// Retries of the call. One that was only ever turned away has more where so many refusals are chance at this
    /// endpoint: at a limit that everybody runs into, some meet it many times in a row.
    fn retries(&self, tries: &Tries) -> u32 {
        let retries = self.context.settings.max_retries;
        let failed = tries.costly(self.slot);
        let is_unlucky = (retries..=retries.saturating_mul(MOST_TIMES)).contains(&failed)
            && tries.faults.iter().all(|fault| fault.streak().is_some())
            && self.slot.limiter.may_be_chance(failed);
        if is_unlucky { failed } else { retries }
    }

    /// Waits for a moment with the end of a call that has no retry left, to see whether it was turned away alone: where
    /// nobody was there, that costs it nothing, and the first ones cannot know. Others go on meanwhile.
    async fn see_whether_alone(&self, fault: Fault, bytes: usize) {
        if !self.slot.limiter.is_undecided(fault) {
            return;
        }
        let _waiting = self.slot.hands.wait(bytes);
        tokio::select! {
            () = self.slot.limiter.decided(fault) => {}
            () = tokio::time::sleep(LONGEST_DOUBT) => {}
            () = self.context.halted() => {}
            () = self.slot.health.gave_up() => {}
        }
    }

    /// Records that `attempt` begins, the first time with the body.
    async fn start(
        &self,
        attempt: Attempt,
        worded: &Worded,
        tries: &mut Tries,
    ) -> Result<(), EngineError> {
        let frame = match tries.stored {
            None if worded.body.is_ok() => Some(frame(worded.bytes())?),
            _ => None,
        };
        let event = attempt.started(tries.stored, None);
        let started = self.context.ledger.append(Entry { event, frame });
        tries.stored = started.written().await?.or(tries.stored);
        Ok(())
    }

    async fn send(&self, body: &[u8], worded: &Worded) -> Sent {
        let longest = self.context.settings.attempt_limit;
        let own = self.slot.attempt_limit.filter(|own| *own < longest);
        let limit = own.unwrap_or(longest);
        let model = &self.slot.model;
        let label = worded.request.sensitivity;
        let sending = AssertUnwindSafe(async { model.send(body, label).await });
        match tokio::time::timeout(limit, sending.catch_unwind()).await {
            Ok(Ok(sent)) => sent,
            Ok(Err(_)) => unsent(
                CallErrorKind::Panic,
                "sending the request panicked".to_owned(),
            ),
            Err(_) => unsent(CallErrorKind::Timeout, too_long(limit, own.is_some())),
        }
    }

    /// Records what came back, before anybody reads it.
    async fn record_reply<'b>(
        &self,
        attempt: Attempt,
        body: &'b [u8],
        sent: Sent,
    ) -> Result<Recorded<'b>, EngineError> {
        let reply = sent.reply.as_ref();
        let frame = reply.map(|reply| frame(&reply.body)).transpose()?;
        let event = attempt.replied(&sent);
        self.context
            .ledger
            .append(Entry { event, frame })
            .written()
            .await?;
        Ok(Recorded {
            attempt,
            body,
            reply: sent.reply,
            error: sent.error,
            answers_before: 0,
            is_cached: false,
        })
    }
}

fn frame(payload: &[u8]) -> Result<Frame, LedgerError> {
    Ok(Frame::new(payload)?)
}

/// Stands for a reply that did not come.
fn unsent(kind: CallErrorKind, message: String) -> Sent {
    Sent {
        reply: None,
        error: Some(CallError::new(kind, message)),
        timing: Timing::default(),
    }
}

/// Why an attempt was given up after `limit`, which is the model's own or that of all.
fn too_long(limit: Duration, is_own: bool) -> String {
    let allows = if is_own {
        "`timeouts.total` in the models file"
    } else {
        "`--attempt-timeout`"
    };
    format!(
        "no complete answer within {} s; {allows} allows more",
        limit.as_secs_f64()
    )
}

/// Exponential backoff from `base` with a jitter of up to one half that depends on the call alone, or
/// what the endpoint asked for. A connection that broke is tried again sooner: nobody asked for patience.
fn wait_before(call: CallId, try_number: u32, reason: Retry, base: Duration) -> Duration {
    let base = match reason {
        Retry::After(milliseconds) => {
            return Duration::from_millis(milliseconds).min(LONGEST_PAUSE);
        }
        Retry::Broken => base / SOONER,
        Retry::Failed => base,
    };
    let full = base
        .saturating_mul(1_u32 << try_number.min(16))
        .min(BACKOFF_CEILING);
    let jitter = f64::from(call.0[(try_number % 16) as usize]) / 512.0;
    full.mul_f64(1.0 - jitter)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_grow_and_stay_within_their_bounds() {
        let base = Duration::from_millis(500);
        let call = CallId([255; 16]);
        for (try_number, full) in [(0, 500), (1, 1000), (2, 2000), (10, 30_000), (40, 30_000)] {
            let wait = wait_before(call, try_number, Retry::Failed, base);
            let full = Duration::from_millis(full);
            assert!(wait <= full && wait >= full / 2, "{try_number}: {wait:?}");
        }
        assert_eq!(
            wait_before(call, 9, Retry::After(0), base),
            Duration::ZERO,
            "the endpoint's word counts"
        );
        let long = Retry::After(10_000_000);
        assert_eq!(wait_before(call, 0, long, base), LONGEST_PAUSE);
        let sooner = wait_before(call, 0, Retry::Broken, base);
        assert!(sooner <= base / SOONER, "{sooner:?}");
    }
}
