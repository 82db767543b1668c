//! What a run may use up, and the reservation that keeps it from using more.
//!
//! Invariant: what is spent and what is held for attempts under way never exceeds a cap together. An
//! attempt is sent only after its worst case was reserved; the reservation is replaced by what the
//! endpoint reports, and stays where it reports nothing.
//!
//! Time is the exception by its nature: no attempt is sent after `--max-time`, and those in flight end.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use cleanbench_core::event::Cap;
use cleanbench_core::{Caps, Usd};
use tokio::sync::{Notify, watch};
use tokio::time::Instant;

/// Most that one attempt can use up; `None` is without bound.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Bound {
    /// Tokens of prompt and answer together.
    pub tokens: Option<u64>,
    /// US dollars.
    pub cost: Option<Usd>,
}

impl Bound {
    /// Of an attempt that uses nothing up.
    pub const NOTHING: Self = Self {
        tokens: Some(0),
        cost: Some(Usd::ZERO),
    };
}

/// What attempts have used up, or may have.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Spent {
    /// Attempts.
    pub requests: u64,
    /// Tokens of prompts and answers together.
    pub tokens: u64,
    /// US dollars.
    pub cost: Usd,
    /// Time in which earlier writers were at work.
    pub time: Duration,
}

impl Spent {
    /// Adds one attempt whose outcome is unknown and that could use up `bound`.
    pub(crate) fn add_unknown(&mut self, bound: Bound) {
        self.tokens = self.tokens.saturating_add(bound.tokens.unwrap_or(0));
        self.cost += bound.cost.unwrap_or(Usd::ZERO);
    }
}

/// Keeps a run within its caps.
#[derive(Debug, Clone)]
pub(crate) struct Budget(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    caps: Caps,
    deadline: Option<Instant>,
    state: Mutex<State>,
    freed: Notify,
    hit: watch::Sender<Option<Cap>>,
}

#[derive(Debug, Default)]
struct State {
    spent: Spent,
    held_tokens: u64,
    held_cost: Usd,
}

/// Whether an attempt may be sent.
enum Verdict {
    Fits,
    /// Attempts under way may turn out to use less than is held for them.
    Later,
    Never(Cap),
}

impl Budget {
    /// A budget of which `spent` is gone.
    pub(crate) fn new(caps: Caps, spent: Spent) -> Self {
        let deadline = caps
            .time
            .and_then(|time| Instant::now().checked_add(time.saturating_sub(spent.time)));
        Self(Arc::new(Inner {
            caps,
            deadline,
            state: Mutex::new(State {
                spent,
                ..State::default()
            }),
            freed: Notify::new(),
            hit: watch::Sender::new(None),
        }))
    }

    /// Whether anything is capped: otherwise bounds need not be worked out.
    pub(crate) fn is_capped(&self) -> bool {
        self.0.caps.any()
    }

    /// The cap that was hit, if one was.
    pub(crate) fn hit(&self) -> Option<Cap> {
        *self.0.hit.borrow()
    }

    /// What is spent, reservations of ended attempts without a report included.
    pub(crate) fn spent(&self) -> Spent {
        self.0.state().spent
    }

    /// Whether no more attempts may be sent; if so, that is on record as what kept the caller from it.
    pub(crate) fn is_closed(&self) -> bool {
        let deadline = self.0.deadline;
        if deadline.is_some_and(|deadline| deadline <= Instant::now()) {
            self.0.close(Cap::Time);
        }
        self.hit().is_some()
    }

    /// Resolves when no more attempts may be sent, and records that this kept somebody from sending.
    pub(crate) async fn closed(&self) {
        let mut hit = self.0.hit.subscribe();
        let deadline = async {
            match self.0.deadline {
                Some(deadline) => tokio::time::sleep_until(deadline).await,
                None => std::future::pending().await,
            }
        };
        tokio::select! {
            _ = hit.wait_for(Option::is_some) => {}
            () = deadline => self.0.close(Cap::Time),
        }
    }

    /// Reserves `bound` for one attempt, waiting for attempts under way where that may help. `None`
    /// when it does not fit: from then on nothing does.
    pub(crate) async fn reserve(&self, bound: Bound) -> Option<Reservation> {
        if !self.is_capped() {
            return Some(Reservation { held: None });
        }
        loop {
            let freed = self.0.freed.notified();
            tokio::pin!(freed);
            freed.as_mut().enable();
            match self.0.try_reserve(bound) {
                Verdict::Fits => {
                    let held = Some((Arc::clone(&self.0), bound));
                    return Some(Reservation { held });
                }
                Verdict::Later => tokio::select! {
                    () = freed => {}
                    () = self.closed() => return None,
                },
                Verdict::Never(cap) => {
                    self.0.close(cap);
                    return None;
                }
            }
        }
    }
}

impl Inner {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn close(&self, cap: Cap) {
        self.hit.send_if_modified(|hit| {
            let first = hit.is_none();
            hit.get_or_insert(cap);
            first
        });
    }

    fn try_reserve(&self, bound: Bound) -> Verdict {
        if let Some(cap) = *self.hit.borrow() {
            return Verdict::Never(cap);
        }
        if self
            .deadline
            .is_some_and(|deadline| deadline <= Instant::now())
        {
            return Verdict::Never(Cap::Time);
        }
        let mut state = self.state();
        let verdict = state.fits(&self.caps, bound);
        if matches!(verdict, Verdict::Fits) {
            state.spent.requests += 1;
            state.held_tokens = state.held_tokens.saturating_add(bound.tokens.unwrap_or(0));
            state.held_cost += bound.cost.unwrap_or(Usd::ZERO);
        }
        verdict
    }

    /// Replaces what is held for an attempt by what it used up; what is not known stays at the bound.
    fn settle(&self, bound: Bound, used: Bound) {
        let mut state = self.state();
        let held_tokens = bound.tokens.unwrap_or(0);
        let held_cost = bound.cost.unwrap_or(Usd::ZERO);
        state.held_tokens = state.held_tokens.saturating_sub(held_tokens);
        state.held_cost = Usd::from_pico(state.held_cost.pico() - held_cost.pico());
        let tokens = used.tokens.unwrap_or(held_tokens);
        state.spent.tokens = state.spent.tokens.saturating_add(tokens);
        state.spent.cost += used.cost.unwrap_or(held_cost);
        drop(state);
        self.freed.notify_waiters();
    }
}

impl State {
    fn fits(&self, caps: &Caps, bound: Bound) -> Verdict {
        if caps.requests.is_some_and(|cap| self.spent.requests >= cap) {
            return Verdict::Never(Cap::Requests);
        }
        let tokens = Fit {
            cap: caps.tokens.map(i128::from),
            spent: i128::from(self.spent.tokens),
            held: i128::from(self.held_tokens),
            next: bound.tokens.map(i128::from),
        };
        let cost = Fit {
            cap: caps.cost.map(Usd::pico),
            spent: self.spent.cost.pico(),
            held: self.held_cost.pico(),
            next: bound.cost.map(Usd::pico),
        };
        let tokens = tokens.verdict(Cap::Tokens, caps.best_effort);
        match (tokens, cost.verdict(Cap::Cost, caps.best_effort)) {
            (Verdict::Never(cap), _) | (_, Verdict::Never(cap)) => Verdict::Never(cap),
            (Verdict::Later, _) | (_, Verdict::Later) => Verdict::Later,
            (Verdict::Fits, Verdict::Fits) => Verdict::Fits,
        }
    }
}

/// One quantity and its cap.
struct Fit {
    cap: Option<i128>,
    spent: i128,
    held: i128,
    next: Option<i128>,
}

impl Fit {
    fn verdict(&self, name: Cap, best_effort: bool) -> Verdict {
        let Some(cap) = self.cap else {
            return Verdict::Fits;
        };
        let next = match self.next {
            Some(next) => next,
            // What is known is all that counts, and it counts until nothing is left.
            None if best_effort => 1,
            None => return Verdict::Never(name),
        };
        if self.spent + next > cap {
            Verdict::Never(name)
        } else if self.spent + self.held + next > cap {
            Verdict::Later
        } else {
            Verdict::Fits
        }
    }
}

/// What is held for one attempt. Dropped without a report it stays reserved: the attempt was possibly
/// billed.
#[derive(Debug)]
pub(crate) struct Reservation {
    held: Option<(Arc<Inner>, Bound)>,
}

impl Reservation {
    /// Replaces the reservation by what the attempt used up, as far as that is known.
    pub(crate) fn settle(mut self, used: Bound) {
        if let Some((budget, bound)) = self.held.take() {
            budget.settle(bound, used);
        }
    }

    /// Gives everything back: the attempt is not sent.
    pub(crate) fn cancel(mut self) {
        if let Some((budget, bound)) = self.held.take() {
            budget.state().spent.requests -= 1;
            budget.settle(bound, Bound::NOTHING);
        }
    }
}

impl Drop for Reservation {
    fn drop(&mut self) {
        if let Some((budget, bound)) = self.held.take() {
            budget.settle(bound, Bound::default());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn bound(tokens: u64, pico: i128) -> Bound {
        Bound {
            tokens: Some(tokens),
            cost: Some(Usd::from_pico(pico)),
        }
    }

    fn caps(pico: i128) -> Caps {
        Caps {
            cost: Some(Usd::from_pico(pico)),
            ..Caps::default()
        }
    }

    /// Small numbers that a test can repeat.
    fn random(state: &mut u64) -> u64 {
        *state ^= *state << 13;
        *state ^= *state >> 7;
        *state ^= *state << 17;
        *state >> 33
    }

    #[tokio::test(start_paused = true)]
    async fn random_attempts_never_exceed_a_cap() {
        for seed in 1..200_u64 {
            let budget = Budget::new(
                Caps {
                    cost: Some(Usd::from_pico(10_000)),
                    tokens: Some(9_000),
                    ..Caps::default()
                },
                Spent::default(),
            );
            let mut attempts = tokio::task::JoinSet::new();
            for worker in 0..8 {
                let budget = budget.clone();
                attempts.spawn(async move {
                    let mut state = seed * 1_000 + worker;
                    let mut billed = (0, 0);
                    loop {
                        let worst = 1 + random(&mut state) % 500;
                        let Some(reservation) =
                            budget.reserve(bound(worst, i128::from(worst))).await
                        else {
                            return billed;
                        };
                        let wait = random(&mut state) % 20;
                        tokio::time::sleep(Duration::from_millis(wait)).await;
                        let used = random(&mut state) % (worst + 1);
                        billed.0 += used;
                        billed.1 += u64::from(random(&mut state).is_multiple_of(10));
                        match random(&mut state) % 10 {
                            0 => drop(reservation),
                            1 => reservation.settle(Bound::default()),
                            _ => reservation.settle(bound(used, i128::from(used))),
                        }
                    }
                });
            }
            let billed: u64 = attempts.join_all().await.iter().map(|pair| pair.0).sum();
            let spent = budget.spent();
            assert!(
                spent.tokens <= 9_000 && spent.cost.pico() <= 10_000,
                "seed {seed}: {spent:?}"
            );
            assert!(billed <= spent.tokens, "seed {seed}: {billed} {spent:?}");
            assert!(
                spent.tokens >= 8_500,
                "seed {seed}: the budget is used: {spent:?}"
            );
            assert_eq!(budget.hit(), Some(Cap::Tokens));
        }
    }

    #[tokio::test(start_paused = true)]
    async fn an_attempt_waits_for_those_under_way_and_not_for_nothing() {
        let budget = Budget::new(caps(100), Spent::default());
        let first = budget.reserve(bound(0, 80)).await.unwrap();
        let second = tokio::spawn({
            let budget = budget.clone();
            async move { budget.reserve(bound(0, 60)).await.is_some() }
        });
        tokio::time::sleep(Duration::from_secs(1)).await;
        assert!(!second.is_finished() && budget.hit().is_none());
        first.settle(bound(0, 40));
        assert!(second.await.unwrap(), "40 are spent, 60 fit");
        assert!(budget.reserve(bound(0, 1)).await.is_none());
        assert_eq!(budget.hit(), Some(Cap::Cost));
    }

    #[tokio::test(start_paused = true)]
    async fn what_has_no_bound_is_sent_only_on_best_effort() {
        let budget = Budget::new(caps(100), Spent::default());
        assert!(budget.reserve(Bound::default()).await.is_none());
        let best_effort = Caps {
            best_effort: true,
            ..caps(100)
        };
        let budget = Budget::new(best_effort, Spent::default());
        let sent = budget.reserve(Bound::default()).await.unwrap();
        sent.settle(bound(0, 100));
        assert!(budget.reserve(Bound::default()).await.is_none());
    }

    #[tokio::test(start_paused = true)]
    async fn time_and_requests_count_over_earlier_writers() {
        let spent = Spent {
            requests: 3,
            time: Duration::from_secs(50),
            ..Spent::default()
        };
        let requests = Caps {
            requests: Some(4),
            ..Caps::default()
        };
        let budget = Budget::new(requests, spent);
        assert!(budget.reserve(Bound::default()).await.is_some());
        assert!(budget.reserve(Bound::default()).await.is_none());
        assert_eq!(budget.hit(), Some(Cap::Requests));
        let time = Caps {
            time: Some(Duration::from_mins(1)),
            ..Caps::default()
        };
        let budget = Budget::new(time, spent);
        assert!(budget.reserve(Bound::default()).await.is_some());
        let before = Instant::now();
        budget.closed().await;
        assert_eq!(before.elapsed().as_secs(), 10);
        assert!(budget.reserve(Bound::default()).await.is_none());
        assert_eq!(budget.hit(), Some(Cap::Time));
    }
}
