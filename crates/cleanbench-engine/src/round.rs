//! Which call is made when.
//!
//! Every model walks the plan in the same shuffled order, then its batches one by one, and keeps at most its own number of calls in
//! hand. Samples are read from the run directory one by one.

use std::panic::AssertUnwindSafe;
use std::sync::Arc;

use cleanbench_core::event::{Place, Unasked};
use cleanbench_core::history::CallTable;
use futures_util::FutureExt as _;
use futures_util::future::try_join_all;
use tokio::task::{JoinError, JoinSet};

use crate::attempt::Call;
use crate::call_order::{CallOrder, Due, Feed};
use crate::context::Context;
use crate::early::Decision;
use crate::error::EngineError;
use crate::hands::Hand;
use crate::open_call::OpenCall;
use crate::slot::{ModelSlot, Slots};
use crate::stop::StopLevel;

/// Calls that can be made without waiting for what others will show.
pub(crate) struct Round {
    pub(crate) calls: Arc<CallOrder>,
    /// What had ended when it began.
    pub(crate) table: Arc<CallTable>,
    /// What has ended since, in another way.
    pub(crate) settled: Arc<[Place]>,
}

impl Round {
    /// Makes the calls, all models side by side.
    pub(crate) async fn make(
        &self,
        context: &Arc<Context>,
        slots: &Slots,
    ) -> Result<(), EngineError> {
        let models = slots.iter().zip(0..).map(|(slot, model)| {
            let feed = Feed::new(&self.calls, &self.table, &self.settled, model);
            let caller = Caller {
                context: Arc::clone(context),
                slot: Arc::clone(slot),
                feed: Arc::new(feed),
            };
            caller.make_all()
        });
        // What can no longer be recorded is not waited for, whichever model it is of.
        try_join_all(models).await?;
        Ok(())
    }
}

/// Makes calls of one model.
#[derive(Clone)]
struct Caller {
    context: Arc<Context>,
    slot: Arc<ModelSlot>,
    feed: Arc<Feed>,
}

impl Caller {
    /// Makes all of them, as many at once as the model's own number.
    async fn make_all(self) -> Result<(), EngineError> {
        let mut callers = JoinSet::new();
        let mut failure = None;
        while failure.is_none() {
            while !self.is_over()
                && !self.feed.is_empty()
                && let Some(hand) = self.slot.hands.take()
            {
                callers.spawn(self.clone().make_in_turn(hand));
            }
            tokio::select! {
                ended = callers.join_next() => match ended {
                    Some(ended) => failure = self.failed(ended),
                    None => break,
                },
                () = self.slot.hands.room() => {}
                () = self.context.stop.reached(StopLevel::Abort) => break,
            }
        }
        callers.shutdown().await;
        failure.map_or(Ok(()), Err)
    }

    /// Makes one call after the other until none is left or none may be made, or until calls go on that had waited
    /// and for which somebody else was busy. There is one such task for each call in flight, rather than one for each
    /// call, which would cost as much as the call.
    async fn make_in_turn(self, _hand: Hand) -> Result<(), EngineError> {
        while let Some(due) = self.feed.next() {
            if self.is_over() {
                self.context.early.leave(due.place);
                break;
            }
            match self.await_decision(due.place).await {
                Decision::Go => self.make(due).await?,
                // The next record that is waited for comes after it.
                Decision::Skip => {
                    let call = self.call_of(due)?;
                    drop(self.context.end_unasked(call, Unasked::NotNeeded, None));
                }
                Decision::Wait | Decision::Never => {}
            }
            if self.slot.hands.are_too_many() {
                break;
            }
        }
        Ok(())
    }

    /// Whether nothing is asked any more.
    fn is_over(&self) -> bool {
        self.context.is_halted() || self.slot.health.given_up().is_some()
    }

    /// Waits until it is known whether the call at `place` is made; [`Decision::Wait`] when the run stops
    /// before.
    async fn await_decision(&self, place: Place) -> Decision {
        let early = &self.context.early;
        loop {
            let changed = early.changed();
            let decision = early.decide(place);
            if decision != Decision::Wait {
                return decision;
            }
            tokio::select! {
                () = changed => {}
                () = self.context.halted() => return Decision::Wait,
                () = self.slot.health.gave_up() => return Decision::Wait,
            }
        }
    }

    /// Makes a call; a panic outside of every place where one is expected is counted.
    async fn make(&self, due: Due) -> Result<(), EngineError> {
        let made = AssertUnwindSafe(self.make_one(due)).catch_unwind().await;
        match made {
            Ok(made) => made?,
            Err(_) => self.context.mishaps.panics.raise(),
        }
        self.context.early.leave(due.place);
        Ok(())
    }

    async fn make_one(&self, due: Due) -> Result<(), EngineError> {
        let payloads = &self.context.payloads;
        let Some(content) = self.feed.calls.content(payloads, due.place)? else {
            return self.pass_over(due).await;
        };
        let batch = self.feed.calls.batch(due.place);
        let name = &content.sample.id;
        let open = OpenCall {
            context: &self.context,
            slot: &self.slot,
            content: &content,
            call: self.context.call(due.place, due.task, batch, name),
        };
        open.make(due.attempts).await
    }

    /// Ends a call whose sample was erased before it was asked, and so can never be.
    async fn pass_over(&self, due: Due) -> Result<(), EngineError> {
        let call = self.call_of(due)?;
        let ended = self.context.end_unasked(call, Unasked::CannotBeAsked, None);
        ended.written().await?;
        Ok(())
    }

    fn call_of(&self, due: Due) -> Result<Call, EngineError> {
        let calls = &self.feed.calls;
        let name = calls.name(due.place)?;
        let batch = calls.batch(due.place);
        Ok(self.context.call(due.place, due.task, batch, &name))
    }

    /// The error of a call that could not be recorded, and a count of those that panicked outside of
    /// every place where a panic is expected.
    fn failed(&self, ended: Result<Result<(), EngineError>, JoinError>) -> Option<EngineError> {
        match ended {
            Ok(result) => result.err(),
            Err(error) => {
                if error.is_panic() {
                    self.context.mishaps.panics.raise();
                }
                None
            }
        }
    }
}
