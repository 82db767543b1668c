//! Everything an attempt waits for before it is sent, in this order: a place among those of its model, one at the
//! endpoint, its turn by the minute,
//! the end of a pause, and room within the run's caps.
//!
//! Room is reserved last, so that nothing is held for an attempt that still waits.

use cleanbench_core::Request;
use cleanbench_core::model::Sent;
use tokio::time::Instant;

use crate::billing::TEMPLATE_TOKENS;
use crate::budget::{Bound, Reservation};
use crate::burst::Past;
use crate::context::Context;
use crate::limiter::{Fault, Seat};
use crate::load::Load;
use crate::places::Asker;
use crate::slot::ModelSlot;

/// What an attempt was let through with.
#[derive(Debug)]
pub(crate) struct Admission {
    seat: Option<Seat>,
    /// Room within the run's caps; none for an attempt that sends nothing.
    reservation: Option<Reservation>,
    /// Tokens counted against the rate of the minute.
    estimate: u64,
    /// Microseconds from the moment the attempt was taken up until it was let through.
    queued: u64,
}

/// What is to be sent.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Outgoing<'a> {
    /// The sample, as the user calls it.
    pub(crate) sample: &'a str,
    pub(crate) request: &'a Request,
    /// What came of the attempts of its call before.
    pub(crate) past: Past,
    /// Bytes of its body.
    pub(crate) bytes: usize,
    /// What it uses up at most.
    pub(crate) bound: Bound,
}

/// Waits until an attempt may be sent; `None` when none may be sent any more.
pub(crate) async fn admit(
    context: &Context,
    slot: &ModelSlot,
    outgoing: Outgoing<'_>,
) -> Option<Admission> {
    let taken_up = Instant::now();
    let estimate = estimate(outgoing.request, outgoing.bytes);
    let (seat, reservation) = tokio::select! {
        biased;
        let_through = enter(context, slot, estimate, outgoing) => let_through?,
        () = context.halted() => return None,
        () = slot.health.gave_up() => return None,
    };
    if slot.health.given_up().is_some() {
        reservation.cancel();
        return None;
    }
    Some(Admission {
        seat: Some(seat),
        reservation: Some(reservation),
        estimate,
        queued: u64::try_from(taken_up.elapsed().as_micros()).unwrap_or(u64::MAX),
    })
}

async fn enter(
    context: &Context,
    slot: &ModelSlot,
    estimate: u64,
    outgoing: Outgoing<'_>,
) -> Option<(Seat, Reservation)> {
    let own = slot.hands.seat().await;
    let mut seat = slot.limiter.place(own).await;
    slot.pace.admit(estimate).await;
    let asker = Asker {
        name: outgoing.sample.to_owned(),
        past: outgoing.past,
        hands: slot.hands.clone(),
    };
    loop {
        // While it waited for its turn, the endpoint may have gone.
        seat.pause().await;
        let reservation = context.budget.reserve(outgoing.bound).await?;
        if seat.depart(&asker) {
            return Some((seat, reservation));
        }
        reservation.cancel();
    }
}

/// About how many tokens an endpoint counts for a request when it arrives: four bytes of text each, and
/// the longest answer that was asked for.
fn estimate(request: &Request, body: usize) -> u64 {
    let prompt = u64::try_from(body).unwrap_or(u64::MAX) / 4;
    let answer = request
        .sampling
        .max_tokens
        .map_or(TEMPLATE_TOKENS, u64::from);
    prompt.saturating_add(answer).max(1)
}

impl Admission {
    /// That of an attempt for which nothing is sent now.
    pub(crate) fn unsent() -> Self {
        Self {
            seat: None,
            reservation: None,
            estimate: 0,
            queued: 0,
        }
    }

    /// Gives the place at the endpoint back, with what came back says of its load; whose fault a failure is.
    pub(crate) fn arrived(&mut self, sent: &mut Sent) -> Fault {
        sent.timing.queued = Some(self.queued);
        let load = Load::of(sent);
        let left = self.seat.take().map(|seat| seat.leave(load));
        left.unwrap_or(Fault::Own)
    }

    /// Takes in what the attempt used up.
    pub(crate) fn settle(self, slot: &ModelSlot, used: Bound) {
        if let Some(reservation) = self.reservation {
            slot.pace.correct(self.estimate, used.tokens);
            reservation.settle(used);
        }
    }
}
