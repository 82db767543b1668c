//! What the last writer left under way: replies that are on record and were not read or judged.

use cleanbench_core::event::{PayloadRef, Place};
use cleanbench_core::history::CallSpace;
use cleanbench_core::{CallError, Reply};
use cleanbench_ledger::LedgerError;

use crate::admission::Admission;
use crate::attempt::{Attempt, Call};
use crate::attempt_end::{Next, Patience};
use crate::call_order::CallOrder;
use crate::context::Context;
use crate::error::EngineError;
use crate::open_call::OpenCall;
use crate::recorded::Recorded;
use crate::resume::{Pending, RecordedReply};
use crate::slot::Slots;

/// What is needed to go on where the last writer stopped.
pub(crate) struct Left<'a> {
    pub(crate) context: &'a Context,
    pub(crate) slots: &'a Slots,
    pub(crate) calls: &'a CallOrder,
    pub(crate) space: &'a CallSpace,
}

impl Left<'_> {
    /// Reads and judges the replies of `pending`, which were recorded and not yet judged. Returns the places
    /// that have thereby ended.
    pub(crate) async fn settle(&self, pending: &[Pending]) -> Result<Vec<Place>, EngineError> {
        let mut in_order: Vec<_> = pending.iter().collect();
        in_order.sort_by_key(|item| (item.place.batch, item.place.sample));
        let mut settled = Vec::new();
        for item in in_order {
            if self.settle_one(item).await? {
                settled.push(item.place);
            }
        }
        Ok(settled)
    }

    async fn settle_one(&self, item: &Pending) -> Result<bool, EngineError> {
        let payloads = &self.context.payloads;
        let Some(content) = self.calls.content(payloads, item.place)? else {
            return Ok(false);
        };
        let open = OpenCall {
            context: self.context,
            slot: &self.slots[item.place.model as usize],
            content: &content,
            call: Call {
                id: item.call,
                place: item.place,
                task: self.space.task_of(item.place).unwrap_or_default(),
            },
        };
        open.settle(item).await
    }
}

impl OpenCall<'_> {
    /// Takes up where the last writer stopped; whether the call has thereby ended.
    async fn settle(&self, item: &Pending) -> Result<bool, EngineError> {
        let Some(reply) = &item.reply else {
            return Ok(false);
        };
        let body = self.stored(item.request)?;
        let attempt = self.call.attempt(item.attempt);
        let recorded = Recorded {
            answers_before: self.slot.health.answers(),
            is_cached: item.is_cached,
            ..self.recorded(attempt, reply, &body)?
        };
        if item.answered {
            self.judge_again(recorded).await?;
            return Ok(true);
        }
        if let Some(error) = self.condemnation(&recorded) {
            // It says how the endpoint was, not how it is: the call stays open and is asked again.
            let failed = attempt.failed(error, None);
            self.context.record(failed).written().await?;
            return Ok(false);
        }
        // An error that can pass leaves the call open: it is asked again like any other.
        let next = self
            .end_attempt(recorded, Admission::unsent(), Patience::ENDLESS)
            .await?;
        Ok(next == Next::Nothing)
    }

    fn recorded<'b>(
        &self,
        attempt: Attempt,
        reply: &RecordedReply,
        body: &'b [u8],
    ) -> Result<Recorded<'b>, EngineError> {
        Ok(Recorded {
            attempt,
            body,
            reply: Some(Reply {
                body: self.stored(reply.body)?,
                ..reply.head.clone()
            }),
            error: reply.error.clone(),
            answers_before: 0,
            is_cached: false,
        })
    }

    /// The bytes of a payload; none where there is none, or it was erased.
    fn stored(&self, reference: Option<PayloadRef>) -> Result<Vec<u8>, LedgerError> {
        let Some(reference) = reference else {
            return Ok(Vec::new());
        };
        let payload = self.context.payloads.read(&reference)?;
        Ok(payload.present().unwrap_or_default())
    }

    /// The error in what is recorded, if it says that no call would have succeeded.
    fn condemnation(&self, recorded: &Recorded<'_>) -> Option<CallError> {
        recorded.error.clone().or_else(|| {
            let reply = recorded.reply.as_ref()?;
            let read = self.slot.model.read(recorded.body, reply);
            read.err().filter(|error| error.kind.condemns_endpoint())
        })
    }
}
