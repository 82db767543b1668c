//! One call: attempts until it ends, each on record before it is sent.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::time::Duration;

use cleanbench_core::event::{Cached, PayloadRef, Place, short_word};
use cleanbench_core::model::Sent;
use cleanbench_core::{
    CallError, CallErrorKind, CallId, CallKey, Constraints, Event, Model, Request, Sampling,
    Timing, seed,
};
use cleanbench_ledger::samples::SampleContent;
use cleanbench_ledger::{Entry, Frame, Plan};
use futures_util::FutureExt as _;

use crate::admission::{Admission, admit};
use crate::budget::Bound;
use crate::cache;
use crate::conclude::{Next, Recorded, conclude};
use crate::limiter::LONGEST_PAUSE;
use crate::replay::{self, Instead};
use crate::schedule::{EngineError, ModelSlot, Settings, Shared};

/// Where the exponential backoff ends.
const BACKOFF_CEILING: Duration = Duration::from_secs(30);

/// Identity of the call at `place`.
pub(crate) fn call_id(shared: &Shared, place: Place, task: usize, sample: &str) -> CallId {
    let plan = shared.plan();
    CallId::of(&CallKey {
        run: &shared.manifest.run,
        model: &plan.models[place.model as usize].name,
        task: &plan.tasks[task].name,
        sample,
        epoch: place.epoch,
        purpose: plan.tasks[task].purpose(),
        step: 0,
    })
}

/// Makes the call at `place` until it ends, the run stops, or the endpoint is given up.
/// `attempts` were already made by earlier writers.
pub(crate) async fn run_call(
    shared: &Shared,
    slot: &ModelSlot,
    place: Place,
    content: &SampleContent,
    attempts: u16,
) -> Result<(), EngineError> {
    let task = shared
        .table
        .space()
        .task_of(place.sample)
        .unwrap_or_default();
    let call = call_id(shared, place, task, &content.sample.id);
    let request = shared.wording().request(&*slot.model, place, task, content);
    let body = worded(slot, &request);
    let bound = match &body {
        Ok(body) if shared.budget.is_capped() => slot.billing.bound(&request, body.len()),
        _ => Bound::default(),
    };
    if let Ok(bytes) = &body
        && let Some(kept) = cache::look_up(slot, bytes, place.epoch)
    {
        let number = u32::from(attempts) + 1;
        let (cached, reply) = kept;
        let sent = Sent {
            reply: Some(reply),
            error: None,
            timing: Timing::default(),
        };
        let kept = (bytes.as_slice(), cached, sent);
        return take_kept(shared, slot, content, (call, number, place), kept).await;
    }
    if let Ok(bytes) = &body {
        let sought = (place, task, content.sample.id.as_str());
        match replay::look_up(shared, slot, bytes, sought)? {
            None => {}
            Some(Instead::Nothing(reason)) => {
                return replay::skip(shared, slot, (call, place), reason).await;
            }
            Some(Instead::Recorded(mut replayed)) => {
                let number = u32::from(attempts) + 1;
                let sent = replay::as_sent(&mut replayed);
                let kept = (bytes.as_slice(), replayed.cached, sent);
                return take_kept(shared, slot, content, (call, number, place), kept).await;
            }
        }
    }
    let mut stored = None;
    let answers_before = slot.health.answers();
    for try_number in 0..=shared.settings.max_retries {
        let attempt = u32::from(attempts) + 1 + try_number;
        let may_retry = try_number < shared.settings.max_retries;
        let mut admission = None;
        if let Ok(body) = &body {
            admission = admit(shared, slot, &request, body.len(), bound).await;
            if admission.is_none() {
                break;
            }
        }
        let next = attempt_once(
            shared,
            slot,
            content,
            (&request, &body, admission),
            &mut stored,
            (call, attempt, place),
            (may_retry, answers_before),
        )
        .await?;
        let Next::Retry { after } = next else { break };
        let wait = wait_before(call, try_number, after, shared.settings.backoff);
        tokio::select! {
            () = tokio::time::sleep(wait) => {}
            () = shared.halted() => break,
        }
    }
    Ok(())
}

/// What the words of a request are taken from.
pub(crate) struct Wording<'a> {
    pub(crate) plan: &'a Plan,
    pub(crate) constraints: &'a [Arc<Constraints>],
}

impl Wording<'_> {
    /// The request of the call at `place`, whose task is at position `task`.
    pub(crate) fn request(
        &self,
        model: &dyn Model,
        place: Place,
        task: usize,
        content: &SampleContent,
    ) -> Request {
        let plan = self.plan;
        let sampling = match &content.probe {
            None => plan.models[place.model as usize].sampling[task].clone(),
            // What is remembered is the likeliest text, and a probe knows how long it is.
            Some(call) => Sampling {
                temperature: Some(0.0),
                top_p: None,
                max_tokens: Some(call.max_tokens),
                stop: call.stop.clone(),
                // Thinking would end before what is remembered comes out.
                reasoning: plan.models[place.model as usize].sampling[task].reasoning,
            },
        };
        // Greedy decoding needs no seed, and some endpoints reject one.
        let seed = (sampling.temperature != Some(0.0)).then(|| {
            let purpose = format!("epoch/{}", place.epoch);
            seed::derive(
                plan.seed,
                &plan.tasks[task].name,
                &content.sample.id,
                &purpose,
            )
        });
        Request {
            form: Request::form_for(model.form(), &content.messages),
            messages: content.messages.clone(),
            sampling,
            seed,
            continuations: content.continuations.clone(),
            constraints: Arc::clone(&self.constraints[task]),
            sensitivity: content.sample.sensitivity,
        }
    }
}

/// The bytes of `request`.
pub(crate) fn worded(slot: &ModelSlot, request: &Request) -> Result<Vec<u8>, CallError> {
    catch_unwind(AssertUnwindSafe(|| slot.model.body(request))).unwrap_or_else(|_| {
        Err(CallError::new(
            CallErrorKind::Panic,
            "wording the request panicked",
        ))
    })
}

async fn attempt_once(
    shared: &Shared,
    slot: &ModelSlot,
    content: &SampleContent,
    (request, body, mut admission): (&Request, &Result<Vec<u8>, CallError>, Option<Admission>),
    stored: &mut Option<PayloadRef>,
    (call, attempt, place): (CallId, u32, Place),
    (may_retry, answers_before): (bool, u64),
) -> Result<Next, EngineError> {
    let bytes = body.as_deref().unwrap_or_default();
    let frame = match stored {
        None if body.is_ok() => {
            Some(Frame::new(bytes).map_err(cleanbench_ledger::LedgerError::from)?)
        }
        _ => None,
    };
    let started = Event::AttemptStarted {
        call,
        attempt,
        place,
        request: *stored,
        cached: None,
    };
    let reference = shared
        .ledger
        .append(Entry {
            event: started,
            frame,
        })
        .written()
        .await?;
    *stored = reference.or(*stored);
    let recorded = match body {
        Ok(bytes) => {
            let mut sent = send(slot, bytes, request, &shared.settings).await;
            if let Some(admission) = &mut admission {
                admission.arrived(&mut sent);
            }
            record_reply(
                shared,
                (call, attempt, place),
                (bytes, answers_before),
                sent,
                false,
            )
            .await?
        }
        Err(error) => Recorded {
            call,
            attempt,
            place,
            body: &[],
            reply: None,
            error: Some(error.clone()),
            answers_before,
            is_cached: false,
        },
    };
    conclude(shared, slot, content, recorded, admission, may_retry).await
}

/// Ends the call with an answer that an earlier run asked for. Nothing is sent.
async fn take_kept(
    shared: &Shared,
    slot: &ModelSlot,
    content: &SampleContent,
    (call, attempt, place): (CallId, u32, Place),
    (body, cached, sent): (&[u8], Cached, Sent),
) -> Result<(), EngineError> {
    let frame = Frame::new(body).map_err(cleanbench_ledger::LedgerError::from)?;
    let event = Event::AttemptStarted {
        call,
        attempt,
        place,
        request: None,
        cached: Some(cached),
    };
    let frame = Some(frame);
    let started = shared.ledger.append(Entry { event, frame }).written();
    started.await?;
    let answers = slot.health.answers();
    let recorded = record_reply(shared, (call, attempt, place), (body, answers), sent, true);
    conclude(shared, slot, content, recorded.await?, None, false).await?;
    Ok(())
}

async fn send(slot: &ModelSlot, body: &[u8], request: &Request, settings: &Settings) -> Sent {
    let own = slot
        .attempt_limit
        .filter(|own| *own < settings.attempt_limit);
    let limit = own.unwrap_or(settings.attempt_limit);
    let sending = AssertUnwindSafe(async { slot.model.send(body, request.sensitivity).await });
    let failed = |kind, message: String| Sent {
        reply: None,
        error: Some(CallError::new(kind, message)),
        timing: Timing::default(),
    };
    match tokio::time::timeout(limit, sending.catch_unwind()).await {
        Ok(Ok(sent)) => sent,
        Ok(Err(_)) => failed(
            CallErrorKind::Panic,
            "sending the request panicked".to_owned(),
        ),
        Err(_) => failed(
            CallErrorKind::Timeout,
            format!(
                "no complete answer within {} s; {} allows more",
                limit.as_secs_f64(),
                own.map_or(
                    "`--attempt-timeout`",
                    |_| "`timeouts.total` in the models file"
                )
            ),
        ),
    }
}

async fn record_reply<'a>(
    shared: &Shared,
    (call, attempt, place): (CallId, u32, Place),
    (body, answers_before): (&'a [u8], u64),
    sent: Sent,
    is_cached: bool,
) -> Result<Recorded<'a>, EngineError> {
    let reply = sent.reply;
    let frame = match &reply {
        Some(reply) => Some(Frame::new(&reply.body).map_err(cleanbench_ledger::LedgerError::from)?),
        None => None,
    };
    let event = Event::ReplyReceived {
        call,
        attempt,
        place,
        status: reply.as_ref().map(|reply| reply.status),
        content_type: reply
            .as_ref()
            .and_then(|reply| reply.content_type.as_deref().map(short_word)),
        retry_after: reply.as_ref().and_then(|reply| reply.retry_after),
        response: None,
        error: sent.error.clone(),
        timing: sent.timing,
    };
    shared
        .ledger
        .append(Entry { event, frame })
        .written()
        .await?;
    Ok(Recorded {
        call,
        attempt,
        place,
        body,
        reply,
        error: sent.error,
        answers_before,
        is_cached,
    })
}

/// Exponential backoff from `base` with a jitter of up to one half that depends on the call alone, or
/// what the endpoint asked for.
fn wait_before(call: CallId, try_number: u32, after: Option<u64>, base: Duration) -> Duration {
    if let Some(milliseconds) = after {
        return Duration::from_millis(milliseconds).min(LONGEST_PAUSE);
    }
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
            let wait = wait_before(call, try_number, None, base);
            let full = Duration::from_millis(full);
            assert!(wait <= full && wait >= full / 2, "{try_number}: {wait:?}");
        }
        assert_eq!(
            wait_before(call, 9, Some(0), base),
            Duration::ZERO,
            "the endpoint's word counts"
        );
        assert_eq!(wait_before(call, 0, Some(10_000_000), base), LONGEST_PAUSE);
    }
}
