//! How many attempts an endpoint gets at once.
//!
//! Invariant: never more in flight than the limit, which lies between 1 and a ceiling. The limit starts
//! at the ceiling, so an endpoint that never says "too much" is asked at full speed from the first call.
//! It is halved when the endpoint turns away more than a tenth of a round of attempts (HTTP 429, 503 or
//! 529), at most once for all attempts that were under way together, and grows by one for every round
//! of answers (additive increase, multiplicative decrease; Chiu and Jain 1989). Near the number at
//! which the endpoint was last overrun it grows twenty times more slowly: what it could not serve a moment
//! ago, it hardly can now.
//!
//! Fewer than a tenth are mishaps: big services turn away one request in some dozens whatever the load,
//! and asking them less changes nothing. An endpoint that is really overrun turns away quickly and every
//! attempt beyond what it serves, so it passes a tenth within one round.
//!
//! What the endpoint asks for with `Retry-After` is a pause of the endpoint: no attempt is sent to it,
//! whichever call the answer belonged to.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::Semaphore;
use tokio::time::{Instant, sleep_until};

/// The longest pause, whatever an endpoint asks for.
pub(crate) const LONGEST_PAUSE: Duration = Duration::from_mins(2);

/// Places that a round of answers adds where the endpoint was overrun before.
const NEAR_STEP: f64 = 0.05;

/// Fewest attempts that make a round: of fewer, a tenth would be none.
const SMALLEST_ROUND: u32 = 20;

/// What an attempt says of the endpoint's load.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Load {
    /// It was served.
    Served,
    /// It was turned away for now; with the pause that was asked for, if one was.
    TooMuch(Option<Duration>),
    /// It says nothing: the connection broke, or the request was wrong.
    Unknown,
}

impl Load {
    /// What the HTTP `status` of a reply says; `retry_after` in milliseconds.
    pub(crate) fn of_status(status: u16, retry_after: Option<u64>) -> Self {
        match status {
            429 | 503 | 529 => Self::TooMuch(retry_after.map(Duration::from_millis)),
            0 | 200..=299 => Self::Served,
            _ => Self::Unknown,
        }
    }
}

/// Limits the attempts in flight at one endpoint. Clones share the limit, so models behind the same host
/// and key can.
#[derive(Debug, Clone)]
pub struct EndpointLimiter(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    places: Semaphore,
    state: Mutex<State>,
}

#[derive(Debug)]
struct State {
    limit: f64,
    ceiling: usize,
    /// The limit at which the endpoint last said "too much".
    overrun: f64,
    /// Places that exist, taken or free. Follows the limit down only as they are given back.
    places: usize,
    /// Attempts sent so far.
    sent: u64,
    /// Attempts up to this one do not lower the limit again.
    heard_until: u64,
    round: Round,
    paused_until: Option<Instant>,
}

impl EndpointLimiter {
    /// A limit that starts at `ceiling` (at least 1).
    pub fn new(ceiling: usize) -> Self {
        let ceiling = ceiling.clamp(1, Semaphore::MAX_PERMITS);
        Self(Arc::new(Inner {
            places: Semaphore::new(ceiling),
            state: Mutex::new(State {
                limit: as_limit(ceiling),
                ceiling,
                overrun: f64::INFINITY,
                places: ceiling,
                sent: 0,
                heard_until: 0,
                round: Round::default(),
                paused_until: None,
            }),
        }))
    }

    /// The number of attempts that may be in flight now.
    pub fn limit(&self) -> usize {
        self.0.state().whole_limit()
    }

    /// Waits for a place and for the end of a pause. In order of asking.
    pub(crate) async fn place(&self) -> Seat {
        if let Ok(place) = self.0.places.acquire().await {
            place.forget();
        }
        let mut seat = Seat {
            limiter: Arc::clone(&self.0),
            number: 0,
        };
        seat.pause().await;
        seat
    }
}

impl Inner {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The end of the pause, if there is one now.
    fn pause(&self) -> Option<Instant> {
        self.state()
            .paused_until
            .filter(|until| *until > Instant::now())
    }

    fn next_number(&self) -> u64 {
        let mut state = self.state();
        state.sent += 1;
        state.sent
    }

    fn give_back(&self) {
        let mut state = self.state();
        if state.places > state.whole_limit() {
            state.places -= 1;
        } else {
            self.places.add_permits(1);
        }
    }
}

impl State {
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "between 1 and a ceiling that was a whole number"
    )]
    fn whole_limit(&self) -> usize {
        self.limit as usize
    }

    /// One more place for every round of answers. Returns the places to add.
    fn grow(&mut self) -> usize {
        if self.limit >= self.overrun + 1.0 {
            self.overrun = f64::INFINITY;
        }
        let near = self.limit + 1.5 >= self.overrun;
        let step = if near { NEAR_STEP } else { 1.0 } / self.limit;
        self.limit = (self.limit + step).min(as_limit(self.ceiling));
        let added = self.whole_limit().saturating_sub(self.places);
        self.places += added;
        added
    }

    /// Halves the limit once attempt `number` makes more than a tenth of a round turned away.
    fn turn_away(&mut self, number: u64) {
        if number <= self.heard_until {
            return;
        }
        self.round.turned_away += 1;
        if self.round.turned_away * 10 > self.round_size() {
            self.overrun = self.limit;
            self.limit = (self.limit / 2.0).max(1.0);
            self.heard_until = self.sent;
            self.round = Round::default();
        } else {
            self.count(number);
        }
    }

    /// Counts attempt `number`, which is over, and begins a new round when this one is complete.
    fn count(&mut self, number: u64) {
        if number > self.heard_until {
            self.round.over += 1;
            if self.round.over >= self.round_size() {
                self.round = Round::default();
            }
        }
    }

    fn round_size(&self) -> u32 {
        let limit = u32::try_from(self.whole_limit()).unwrap_or(u32::MAX / 10);
        limit.max(SMALLEST_ROUND)
    }

    fn pause(&mut self, wait: Duration) {
        let until = Instant::now() + wait.min(LONGEST_PAUSE);
        self.paused_until = self.paused_until.max(Some(until));
    }
}

/// What became of as many attempts as may be in flight at once.
#[derive(Debug, Default)]
struct Round {
    over: u32,
    turned_away: u32,
}

/// A place in flight; given back when dropped.
#[derive(Debug)]
pub(crate) struct Seat {
    limiter: Arc<Inner>,
    number: u64,
}

impl Seat {
    /// Waits for the end of a pause. What is sent after it is a new attempt.
    pub(crate) async fn pause(&mut self) {
        while let Some(until) = self.limiter.pause() {
            sleep_until(until).await;
        }
        self.number = self.limiter.next_number();
    }

    /// Takes in what the attempt says of the endpoint's load, and gives the place back.
    pub(crate) fn leave(self, load: Load) {
        let mut state = self.limiter.state();
        match load {
            Load::Served => {
                state.count(self.number);
                let added = state.grow();
                drop(state);
                self.limiter.places.add_permits(added);
            }
            Load::TooMuch(pause) => {
                state.turn_away(self.number);
                let surplus = state.places.saturating_sub(state.whole_limit());
                state.places -= self.limiter.places.forget_permits(surplus);
                if let Some(wait) = pause {
                    state.pause(wait);
                }
            }
            Load::Unknown => {}
        }
    }
}

impl Drop for Seat {
    fn drop(&mut self) {
        self.limiter.give_back();
    }
}

#[expect(
    clippy::cast_precision_loss,
    reason = "far fewer than 2^52 attempts are in flight"
)]
fn as_limit(ceiling: usize) -> f64 {
    ceiling as f64
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};

    use super::*;

    /// Counts of a simulated endpoint.
    #[derive(Debug, Default)]
    struct Counts {
        in_flight: AtomicUsize,
        most: AtomicUsize,
        served: AtomicU64,
        turned_away: AtomicU64,
    }

    /// `workers` ask an endpoint that serves `capacity` at once, 100 ms each, for `seconds`.
    async fn simulate(ceiling: usize, capacity: usize, seconds: u64) -> Arc<Counts> {
        let limiter = EndpointLimiter::new(ceiling);
        let counts = Arc::new(Counts::default());
        let end = Instant::now() + Duration::from_secs(seconds);
        let mut workers = tokio::task::JoinSet::new();
        for _ in 0..ceiling {
            let (limiter, counts) = (limiter.clone(), Arc::clone(&counts));
            workers.spawn(async move {
                while Instant::now() < end {
                    let seat = limiter.place().await;
                    let now = counts.in_flight.fetch_add(1, Ordering::SeqCst) + 1;
                    counts.most.fetch_max(now, Ordering::SeqCst);
                    let fits = now <= capacity;
                    tokio::time::sleep(Duration::from_millis(if fits { 100 } else { 5 })).await;
                    counts.in_flight.fetch_sub(1, Ordering::SeqCst);
                    let (count, load) = if fits {
                        (&counts.served, Load::Served)
                    } else {
                        (&counts.turned_away, Load::TooMuch(None))
                    };
                    count.fetch_add(1, Ordering::SeqCst);
                    seat.leave(load);
                }
            });
        }
        workers.join_all().await;
        counts
    }

    #[tokio::test(start_paused = true)]
    async fn a_steady_endpoint_is_asked_at_the_ceiling_at_once() {
        let counts = simulate(32, usize::MAX, 10).await;
        assert_eq!(counts.most.load(Ordering::SeqCst), 32);
        // 32 at once, ten a second each, for ten seconds.
        assert_eq!(counts.served.load(Ordering::SeqCst), 3200);
    }

    #[tokio::test(start_paused = true)]
    async fn an_endpoint_that_serves_less_is_used_well_and_seldom_overrun() {
        for capacity in [1, 3, 10, 24] {
            let counts = simulate(32, capacity, 60).await;
            let served = counts.served.load(Ordering::SeqCst);
            let turned_away = counts.turned_away.load(Ordering::SeqCst);
            let possible = 600 * u64::try_from(capacity).unwrap();
            assert!(
                served * 10 >= possible * 6,
                "capacity {capacity}: {served} of {possible}"
            );
            assert!(
                turned_away * 5 <= served,
                "capacity {capacity}: {turned_away} turned away, {served} served"
            );
        }
    }

    #[tokio::test(start_paused = true)]
    async fn one_round_trip_lowers_the_limit_once_and_never_below_one() {
        let limiter = EndpointLimiter::new(16);
        let mut seats = Vec::new();
        for _ in 0..16 {
            seats.push(limiter.place().await);
        }
        for seat in seats.drain(..) {
            seat.leave(Load::TooMuch(None));
        }
        assert_eq!(limiter.limit(), 8);
        for expected in [4, 2, 1, 1, 1] {
            for _ in 0..3 {
                limiter.place().await.leave(Load::TooMuch(None));
            }
            assert_eq!(limiter.limit(), expected);
        }
        // It was just overrun at one: some thirty rounds of one answer add one.
        for _ in 0..31 {
            limiter.place().await.leave(Load::Served);
        }
        assert_eq!(limiter.limit(), 2);
        for _ in 0..1000 {
            limiter.place().await.leave(Load::Served);
        }
        assert_eq!(limiter.limit(), 16);
    }

    #[tokio::test(start_paused = true)]
    async fn mishaps_whatever_the_load_do_not_lower_the_limit() {
        for ceiling in [4, 64, 256] {
            let limiter = EndpointLimiter::new(ceiling);
            for number in 0..2_000 {
                let load = if number % 12 == 0 {
                    Load::TooMuch(None)
                } else {
                    Load::Served
                };
                limiter.place().await.leave(load);
            }
            assert_eq!(limiter.limit(), ceiling);
        }
    }

    #[tokio::test(start_paused = true)]
    async fn a_pause_holds_for_the_endpoint_and_has_a_longest_time() {
        let limiter = EndpointLimiter::new(4);
        let waiting = limiter.place().await;
        let seat = limiter.place().await;
        seat.leave(Load::TooMuch(Some(Duration::from_secs(7))));
        waiting.leave(Load::TooMuch(Some(Duration::from_secs(3))));
        let before = Instant::now();
        drop(limiter.place().await);
        assert_eq!(before.elapsed().as_secs(), 7);
        limiter
            .place()
            .await
            .leave(Load::TooMuch(Some(Duration::from_hours(1))));
        let before = Instant::now();
        drop(limiter.place().await);
        assert_eq!(before.elapsed().as_secs(), LONGEST_PAUSE.as_secs());
    }

    #[tokio::test(start_paused = true)]
    async fn a_lowered_limit_holds_while_places_are_given_back() {
        let limiter = EndpointLimiter::new(8);
        let mut seats = Vec::new();
        for _ in 0..8 {
            seats.push(limiter.place().await);
        }
        for seat in seats.drain(..3) {
            seat.leave(Load::TooMuch(None));
        }
        assert_eq!(limiter.limit(), 4);
        seats.truncate(4);
        let none = tokio::time::timeout(Duration::from_secs(1), limiter.place()).await;
        assert!(none.is_err(), "four are in flight");
        seats.pop();
        drop(limiter.place().await);
    }

    #[test]
    fn only_a_turned_away_attempt_lowers_the_limit() {
        for (status, expected) in [
            (200, Load::Served),
            (0, Load::Served),
            (429, Load::TooMuch(Some(Duration::from_millis(250)))),
            (503, Load::TooMuch(Some(Duration::from_millis(250)))),
            (529, Load::TooMuch(Some(Duration::from_millis(250)))),
            (500, Load::Unknown),
            (400, Load::Unknown),
        ] {
            assert_eq!(Load::of_status(status, Some(250)), expected, "{status}");
        }
    }
}
