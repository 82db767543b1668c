//! Which call, and which attempt of it.

use cleanbench_core::event::{Cached, PayloadRef, Place, Reading, short_word};
use cleanbench_core::model::Sent;
use cleanbench_core::{CallError, CallId, Event, Outcome};

/// A call of the run.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Call {
    pub(crate) id: CallId,
    pub(crate) place: Place,
    /// Position of its task.
    pub(crate) task: usize,
}

impl Call {
    /// Its attempt `number`, from 1.
    pub(crate) fn attempt(self, number: u32) -> Attempt {
        Attempt { call: self, number }
    }
}

/// An attempt of a call. It says of itself what goes into the journal.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Attempt {
    pub(crate) call: Call,
    /// From 1, over all writers.
    pub(crate) number: u32,
}

impl Attempt {
    /// It begins; `request` is the body where that is stored already, `cached` where the answer is from.
    pub(crate) fn started(self, request: Option<PayloadRef>, cached: Option<Cached>) -> Event {
        Event::AttemptStarted {
            call: self.call.id,
            attempt: self.number,
            place: self.call.place,
            request,
            cached,
        }
    }

    /// `sent` is what came back; its body is stored with the record.
    pub(crate) fn replied(self, sent: &Sent) -> Event {
        let reply = sent.reply.as_ref();
        let kind = reply.and_then(|reply| reply.content_type.as_deref());
        Event::ReplyReceived {
            call: self.call.id,
            attempt: self.number,
            place: self.call.place,
            status: reply.map(|reply| reply.status),
            content_type: kind.map(short_word),
            retry_after: reply.and_then(|reply| reply.retry_after),
            response: None,
            error: sent.error.clone(),
            timing: sent.timing,
        }
    }

    /// It was answered, and its call has ended as `outcome`.
    pub(crate) fn answered(self, reading: Reading, outcome: Outcome) -> Event {
        self.ended(Some(reading), None, Some(outcome))
    }

    /// It failed. Its call has ended as `outcome`, or is still open.
    pub(crate) fn failed(self, error: CallError, outcome: Option<Outcome>) -> Event {
        self.ended(None, Some(error), outcome)
    }

    fn ended(
        self,
        reading: Option<Reading>,
        error: Option<CallError>,
        outcome: Option<Outcome>,
    ) -> Event {
        Event::AttemptEnded {
            call: self.call.id,
            attempt: self.number,
            place: self.call.place,
            reading,
            error,
            outcome,
            unasked: None,
        }
    }
}
