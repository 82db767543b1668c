//! Everything an attempt waits for before it is sent, in this order: a place at the endpoint, the end of
//! a pause, its turn by the minute, and room within the run's caps.
//!
//! Room is reserved last, so that nothing is held for an attempt that still waits.

use cleanbench_core::Request;
use cleanbench_core::model::Sent;
use tokio::time::Instant;

use crate::billing::TEMPLATE_TOKENS;
use crate::budget::{Bound, Reservation};
use crate::context::Context;
use crate::limiter::{Load, Seat};
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

/// Waits until an attempt of `request` may be sent; its body has `body` bytes and it uses up at most
/// `bound`. `None` when no attempt may be sent any more.
pub(crate) async fn admit(
    context: &Context,
    slot: &ModelSlot,
    request: &Request,
    body: usize,
    bound: Bound,
) -> Option<Admission> {
    let taken_up = Instant::now();
    let estimate = estimate(request, body);
    let (seat, reservation) = tokio::select! {
        biased;
        let_through = enter(context, slot, estimate, bound) => let_through?,
        () = context.halted() => return None,
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
    bound: Bound,
) -> Option<(Seat, Reservation)> {
    let mut seat = slot.limiter.place().await;
    slot.pace.admit(estimate).await;
    // While it waited for its turn, another answer may have asked for a pause.
    seat.pause().await;
    let reservation = context.budget.reserve(bound).await?;
    Some((seat, reservation))
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

    /// Gives the place at the endpoint back, with what the reply says of its load.
    pub(crate) fn arrived(&mut self, sent: &mut Sent) {
        sent.timing.queued = Some(self.queued);
        let load = sent.reply.as_ref().map_or(Load::Unknown, |reply| {
            Load::of_status(reply.status, reply.retry_after)
        });
        if let Some(seat) = self.seat.take() {
            seat.leave(load);
        }
    }

    /// Takes in what the attempt used up.
    pub(crate) fn settle(self, slot: &ModelSlot, used: Bound) {
        if let Some(reservation) = self.reservation {
            slot.pace.correct(self.estimate, used.tokens);
            reservation.settle(used);
        }
    }
}
