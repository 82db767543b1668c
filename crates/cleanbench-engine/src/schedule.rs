//! Which call is made when.
//!
//! Every model walks the plan in the same shuffled order and keeps at most its own number of calls in
//! hand. Samples are read from the run directory one by one.

use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use cleanbench_core::event::{Cap, Lag, Place, StopReason};
use cleanbench_core::history::{CallSpace, CallTable};
use cleanbench_core::{CallError, Constraints, Event, Judge, Model, Outcome, Reply};
use cleanbench_ledger::samples::{self, SampleContent, SampleIndex};
use cleanbench_ledger::{
    Ledger, LedgerError, Manifest, PayloadReader, Plan, Receipt, RunDirectory, SampleRows,
};
use futures_util::FutureExt as _;
use futures_util::future::try_join_all;
use tokio::task::JoinSet;

use crate::agenda::{Agenda, Feed};
use crate::billing::Billing;
use crate::budget::{Budget, Spent};
use crate::cache::ModelCache;
use crate::call::{Wording, run_call, worded};
use crate::conclude::{Next, Recorded, conclude, judge_again};
use crate::early::{Early, EarlyStop, Turn};
use crate::health::Health;
use crate::lag::Sampler;
use crate::limiter::EndpointLimiter;
use crate::pace::{Pace, Rates};
use crate::replay::ModelReplay;
use crate::resume::Pending;
use crate::spending::Allowance;
use crate::stop::{StopLevel, StopSignal};

/// Numbers that steer the engine.
#[derive(Debug, Clone, Copy)]
pub struct Settings {
    /// Attempts after the first one, for errors that can pass.
    pub max_retries: u32,
    /// Wait before the first retry, doubled for each further one.
    pub backoff: Duration,
    /// Longest time for one attempt. An endpoint that keeps a connection alive without ever ending
    /// its answer must not keep the run from ending.
    pub attempt_limit: Duration,
}

/// A model with its own limits.
#[derive(Debug)]
pub struct ModelSlot {
    pub(crate) model: Arc<dyn Model>,
    pub(crate) concurrency: usize,
    pub(crate) health: Health,
    pub(crate) limiter: EndpointLimiter,
    pub(crate) pace: Pace,
    pub(crate) billing: Billing,
    pub(crate) attempt_limit: Option<Duration>,
    pub(crate) cache: Option<ModelCache>,
    pub(crate) replay: Option<ModelReplay>,
}

impl ModelSlot {
    /// `model`, asked at most `concurrency` times at once (at least 1).
    pub fn new(model: Arc<dyn Model>, concurrency: usize) -> Self {
        Self {
            model,
            concurrency: concurrency.max(1),
            health: Health::default(),
            limiter: EndpointLimiter::new(concurrency),
            pace: Pace::default(),
            billing: Billing::Unknown,
            attempt_limit: None,
            cache: None,
            replay: None,
        }
    }

    /// The same, sharing what its endpoint bears with other models there.
    #[must_use]
    pub fn behind(mut self, limiter: &EndpointLimiter) -> Self {
        self.limiter = limiter.clone();
        self
    }

    /// The same, asked no faster than `rates`.
    #[must_use]
    pub fn paced(mut self, rates: Rates) -> Self {
        self.pace = Pace::new(rates);
        self
    }

    /// The same, whose tokens cost what `billing` says.
    #[must_use]
    pub fn billed(mut self, billing: Billing) -> Self {
        self.billing = billing;
        self
    }

    /// The same, whose attempts take no longer than `limit`, nor than [`Settings::attempt_limit`].
    #[must_use]
    pub fn within(mut self, limit: Option<Duration>) -> Self {
        self.attempt_limit = limit;
        self
    }

    /// The same, asked only what `cache` has no answer to.
    #[must_use]
    pub fn cached(mut self, cache: Option<ModelCache>) -> Self {
        self.cache = cache;
        self
    }

    /// The same, not asked what `replay` has an answer to.
    #[must_use]
    pub fn replaying(mut self, replay: Option<ModelReplay>) -> Self {
        self.replay = replay;
        self
    }
}

/// Everything that [`execute`] needs.
#[derive(Debug)]
pub struct Work {
    /// Where the run is.
    pub run: RunDirectory,
    /// Its plan.
    pub manifest: Manifest,
    /// What has ended.
    pub table: CallTable,
    /// Replies on record that nobody has read.
    pub pending: Vec<Pending>,
    /// Where events go.
    pub ledger: Ledger,
    /// The models, in plan order.
    pub models: Vec<ModelSlot>,
    /// What judges each task, in plan order.
    pub judges: Vec<Judge>,
    /// Numbers.
    pub settings: Settings,
    /// When to stop.
    pub stop: StopSignal,
    /// What the run may use up, and what is gone of it.
    pub allowance: Allowance,
    /// Tasks that may end early.
    pub early: Vec<EarlyStop>,
    /// What is known of how their calls ended.
    pub scores: Vec<(Place, Option<f64>)>,
    /// Where the samples are, if that is known.
    pub index: Option<SampleIndex>,
}

/// How a run ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ending {
    /// Why it stopped.
    pub reason: StopReason,
    /// For each model that was given up: its position, why, and the error that decided it.
    pub given_up: Vec<(usize, StopReason, CallError)>,
    /// Calls and judgements that panicked.
    pub panics: u64,
    /// Answers that a scorer could not judge because it failed itself; they have no score.
    pub unjudged: u64,
    /// The cap that stopped it, if one did.
    pub cap: Option<Cap>,
    /// What the run has used up against its caps; nothing where it has none.
    pub spent: Spent,
    /// How late the program's own timers were.
    pub lag: Option<Lag>,
    /// Answers that could not be kept for later runs.
    pub unkept: u64,
}

impl Ending {
    /// The end of a run in which nothing was left to do.
    pub fn complete() -> Self {
        Self {
            reason: StopReason::Complete,
            given_up: Vec::new(),
            panics: 0,
            unjudged: 0,
            cap: None,
            spent: Spent::default(),
            lag: None,
            unkept: 0,
        }
    }
}

/// Why the engine cannot go on. What was recorded so far stays valid.
#[derive(Debug, Clone, thiserror::Error)]
pub enum EngineError {
    /// The run directory cannot be read or written.
    #[error(transparent)]
    Ledger(#[from] LedgerError),
    /// A recorded reply that was an answer is not one any more.
    #[error("a recorded reply that was read as an answer no longer is: {0}")]
    Changed(String),
}

/// What all calls of a run share.
#[derive(Debug)]
pub(crate) struct Shared {
    pub(crate) manifest: Manifest,
    pub(crate) table: CallTable,
    pub(crate) ledger: Ledger,
    pub(crate) judges: Vec<Judge>,
    pub(crate) constraints: Vec<Arc<Constraints>>,
    pub(crate) settings: Settings,
    pub(crate) stop: StopSignal,
    pub(crate) budget: Budget,
    early: Early,
    run: RunDirectory,
    payloads: PayloadReader,
    panics: AtomicU64,
    unjudged: AtomicU64,
    unkept: AtomicU64,
}

impl Shared {
    pub(crate) fn plan(&self) -> &Plan {
        &self.manifest.plan
    }

    pub(crate) fn wording(&self) -> Wording<'_> {
        Wording {
            plan: self.plan(),
            constraints: &self.constraints,
        }
    }

    /// Resolves when no new attempt may be sent, for whatever reason.
    pub(crate) async fn halted(&self) {
        tokio::select! {
            () = self.stop.reached(StopLevel::Drain) => {}
            () = self.budget.closed() => {}
        }
    }

    /// Records `event`, which may decide whether its task goes on.
    pub(crate) fn record(&self, event: Event) -> Receipt {
        self.early.note(self.table.space(), &event);
        self.ledger.append(event)
    }

    /// The same, now.
    fn is_halted(&self) -> bool {
        self.stop.level() >= StopLevel::Drain || self.budget.is_closed()
    }

    pub(crate) fn note_panic(&self) {
        self.panics.fetch_add(1, Ordering::Relaxed);
    }

    pub(crate) fn note_unjudged(&self) {
        self.unjudged.fetch_add(1, Ordering::Relaxed);
    }

    pub(crate) fn note_unkept(&self) {
        self.unkept.fetch_add(1, Ordering::Relaxed);
    }
}

/// Makes every call of the plan that has not ended, and records why it stopped.
///
/// # Errors
/// When the run directory cannot be read or written; calls in flight are then dropped.
pub async fn execute(work: Work) -> Result<Ending, EngineError> {
    let tasks = work.manifest.plan.tasks.iter();
    let constraints: Vec<_> = tasks
        .map(|task| Arc::new(task.constraints.clone()))
        .collect();
    let slots: Vec<_> = work.models.into_iter().map(Arc::new).collect();
    let payloads = PayloadReader::new(work.run.path());
    let agenda = Agenda::open(&work.run, &work.manifest.plan, work.index)?;
    let agenda = Arc::new(agenda);
    let budget = {
        let wording = Wording {
            plan: &work.manifest.plan,
            constraints: &constraints,
        };
        let spent = unsettled_bounds(
            (&wording, work.table.space()),
            (&agenda, &payloads),
            &slots,
            &work.allowance,
        )?;
        Budget::new(work.allowance.caps, spent)
    };
    let may_end_early = !work.early.is_empty();
    let early = Early::new(work.early, work.table.space(), agenda.calls());
    for (place, score) in work.scores {
        let state = work.table.state(place).unwrap_or_default();
        if state.outcome.is_some() {
            early.set(work.table.space(), place, score);
        }
    }
    if may_end_early {
        // Nobody comes to calls that an earlier writer skipped; whoever waits for their batch would for ever.
        let space = work.table.space();
        let outcome = |place| work.table.state(place).and_then(|state| state.outcome);
        for place in space
            .places()
            .filter(|place| outcome(*place) == Some(Outcome::Skipped))
        {
            early.leave(space, place);
        }
    }
    let shared = Arc::new(Shared {
        early,
        constraints,
        payloads,
        budget,
        run: work.run,
        manifest: work.manifest,
        table: work.table,
        ledger: work.ledger,
        judges: work.judges,
        settings: work.settings,
        stop: work.stop,
        panics: AtomicU64::new(0),
        unjudged: AtomicU64::new(0),
        unkept: AtomicU64::new(0),
    });
    let lag = Sampler::start();
    for (slot, model) in slots.iter().zip(0..) {
        if shared.table.has_answers(model) {
            slot.health.note_answer();
        }
    }
    let settled = settle_pending(&shared, &slots, work.pending).await?;
    let settled: Arc<[Place]> = settled.into();
    let feed = |model| Feed::new(&agenda, model, &settled);
    let runs = slots
        .iter()
        .zip(0..)
        .map(|(slot, model)| run_model(&shared, slot, feed(model)));
    // What can no longer be recorded is not waited for, whichever model it is of.
    try_join_all(runs).await?;
    let mut ending = ending(&shared, &slots);
    ending.lag = lag.finish();
    shared
        .ledger
        .append(Event::Stopped {
            reason: ending.reason,
            cap: ending.cap,
            lag: ending.lag,
        })
        .written()
        .await?;
    Ok(ending)
}

fn ending(shared: &Shared, slots: &[Arc<ModelSlot>]) -> Ending {
    let panics = shared.panics.load(Ordering::Relaxed);
    let given_up: Vec<_> = slots
        .iter()
        .enumerate()
        .filter_map(|(position, slot)| {
            let (reason, error) = slot.health.given_up()?;
            Some((position, *reason, error.clone()))
        })
        .collect();
    let mut reason = given_up
        .iter()
        .fold(StopReason::Complete, |worst, (_, reason, _)| {
            worst.worst(*reason)
        });
    let cap = shared.budget.hit();
    if cap.is_some() {
        reason = reason.worst(StopReason::Budget);
    }
    if panics > 0 {
        reason = reason.worst(StopReason::Internal);
    }
    if shared.stop.level() > StopLevel::Run {
        reason = reason.worst(StopReason::Interrupted);
    }
    Ending {
        reason,
        given_up,
        panics,
        unjudged: shared.unjudged.load(Ordering::Relaxed),
        cap,
        spent: shared.budget.spent(),
        lag: None,
        unkept: shared.unkept.load(Ordering::Relaxed),
    }
}

/// What is spent when every attempt whose use is not known is counted at its worst.
fn unsettled_bounds(
    (wording, space): (&Wording<'_>, &CallSpace),
    (agenda, payloads): (&Agenda, &PayloadReader),
    slots: &[Arc<ModelSlot>],
    allowance: &Allowance,
) -> Result<Spent, EngineError> {
    let mut spent = allowance.spent;
    for place in &allowance.unsettled {
        // What was erased cannot be asked again, but it was asked.
        let Some(content) = agenda.content(payloads, place.sample)? else {
            continue;
        };
        let slot = &slots[place.model as usize];
        let task = space.task_of(place.sample).unwrap_or_default();
        let request = wording.request(&*slot.model, *place, task, &content);
        let body = worded(slot, &request).map_or(0, |body| body.len());
        spent.add_unknown(slot.billing.bound(&request, body));
    }
    Ok(spent)
}

/// Reads and judges the replies that were recorded and not yet judged when the last writer stopped.
/// Returns the places that have thereby ended.
async fn settle_pending(
    shared: &Shared,
    slots: &[Arc<ModelSlot>],
    mut pending: Vec<Pending>,
) -> Result<Vec<Place>, EngineError> {
    pending.sort_by_key(|item| item.place.sample);
    let mut rows = SampleRows::open(&shared.run)?;
    let mut line = 0;
    let mut row = None;
    let mut settled = Vec::new();
    for item in pending {
        while line <= item.place.sample {
            row = rows.next().transpose()?;
            line += 1;
        }
        let content = match &row {
            Some(row) => samples::content(&shared.payloads, row)?,
            None => None,
        };
        let Some(content) = content else { continue };
        if settle(shared, &slots[item.place.model as usize], &content, &item).await? {
            settled.push(item.place);
        }
    }
    Ok(settled)
}

async fn settle(
    shared: &Shared,
    slot: &ModelSlot,
    content: &SampleContent,
    item: &Pending,
) -> Result<bool, EngineError> {
    let load = |reference: Option<_>| match reference {
        Some(reference) => Ok::<_, LedgerError>(
            shared
                .payloads
                .read(&reference)?
                .present()
                .unwrap_or_default(),
        ),
        None => Ok(Vec::new()),
    };
    let Some(reply) = &item.reply else {
        return Ok(false);
    };
    let body = load(item.request)?;
    let recorded = Recorded {
        call: item.call,
        attempt: item.attempt,
        place: item.place,
        body: &body,
        reply: Some(Reply {
            body: load(reply.body)?,
            ..reply.head.clone()
        }),
        error: reply.error.clone(),
        answers_before: slot.health.answers(),
        is_cached: item.is_cached,
    };
    if item.answered {
        judge_again(shared, slot, content, recorded).await?;
        return Ok(true);
    }
    if let Some(error) = recorded.error.clone().or_else(|| {
        let reply = recorded.reply.as_ref()?;
        slot.model
            .read(&body, reply)
            .err()
            .filter(|error| error.kind.condemns_endpoint())
    }) {
        // It says how the endpoint was, not how it is: the call stays open and is asked again.
        let event = Event::AttemptEnded {
            call: item.call,
            attempt: item.attempt,
            place: item.place,
            reading: None,
            error: Some(error),
            outcome: None,
        };
        shared.record(event).written().await?;
        return Ok(false);
    }
    // An error that can pass leaves the call open: it is asked again like any other.
    Ok(conclude(shared, slot, content, recorded, None, true).await? == Next::Nothing)
}

/// Makes the calls of `feed`, as many at once as the model's own number.
async fn run_model(
    shared: &Arc<Shared>,
    slot: &Arc<ModelSlot>,
    feed: Feed,
) -> Result<(), EngineError> {
    let feed = Arc::new(feed);
    let mut callers = JoinSet::new();
    for _ in 0..slot.concurrency.min(feed.most()) {
        let (shared, slot) = (Arc::clone(shared), Arc::clone(slot));
        callers.spawn(make_calls(shared, slot, Arc::clone(&feed)));
    }
    let mut failure = None;
    while failure.is_none() {
        tokio::select! {
            ended = callers.join_next() => match ended {
                Some(ended) => failure = failed(shared, ended),
                None => break,
            },
            () = shared.stop.reached(StopLevel::Abort) => break,
        }
    }
    callers.shutdown().await;
    failure.map_or(Ok(()), Err)
}

/// Makes one call after the other until none is left or none may be made. There is one such task for each
/// call in flight, rather than one for each call, which would cost as much as the call.
async fn make_calls(
    shared: Arc<Shared>,
    slot: Arc<ModelSlot>,
    feed: Arc<Feed>,
) -> Result<(), EngineError> {
    while let Some((place, attempts)) = feed.next(&shared.table) {
        if shared.is_halted() || slot.health.given_up().is_some() {
            break;
        }
        match await_turn(&shared, place).await {
            Turn::Go => {}
            Turn::Skip => {
                // The next record that is waited for comes after it.
                drop(shared.record(skipped(&shared, place, &feed)?));
                continue;
            }
            Turn::Wait | Turn::Never => continue,
        }
        let call = run_place(&shared, &slot, &feed, place, attempts);
        match AssertUnwindSafe(call).catch_unwind().await {
            Ok(made) => made?,
            Err(_) => shared.note_panic(),
        }
        shared.early.leave(shared.table.space(), place);
    }
    Ok(())
}

/// Waits until it is known whether the call at `place` is made; [`Turn::Wait`] when the run stops before.
async fn await_turn(shared: &Shared, place: Place) -> Turn {
    loop {
        let changed = shared.early.changed();
        let turn = shared.early.turn(shared.table.space(), place);
        if turn != Turn::Wait {
            return turn;
        }
        tokio::select! {
            () = changed => {}
            () = shared.halted() => return Turn::Wait,
        }
    }
}

async fn run_place(
    shared: &Shared,
    slot: &ModelSlot,
    feed: &Feed,
    place: Place,
    attempts: u16,
) -> Result<(), EngineError> {
    let Some(content) = feed.content(&shared.payloads, place)? else {
        // What was erased before it was asked can never be asked.
        let skipped = skipped(shared, place, feed)?;
        shared.record(skipped).written().await?;
        return Ok(());
    };
    run_call(shared, slot, place, &content, attempts).await
}

/// The record of a call that is not made.
fn skipped(shared: &Shared, place: Place, feed: &Feed) -> Result<Event, EngineError> {
    let task = shared.table.space().task_of(place.sample);
    let name = feed.name(place)?;
    Ok(Event::AttemptEnded {
        call: crate::call::call_id(shared, place, task.unwrap_or_default(), &name),
        attempt: 0,
        place,
        reading: None,
        error: None,
        outcome: Some(Outcome::Skipped),
    })
}

/// The error of a call that could not be recorded, and a count of those that panicked outside of
/// every place where a panic is expected.
fn failed(
    shared: &Shared,
    ended: Result<Result<(), EngineError>, tokio::task::JoinError>,
) -> Option<EngineError> {
    match ended {
        Ok(result) => result.err(),
        Err(error) => {
            if error.is_panic() {
                shared.note_panic();
            }
            None
        }
    }
}
