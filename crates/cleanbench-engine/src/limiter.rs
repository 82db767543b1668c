//! How many attempts an endpoint gets at once, and when it gets none.
//!
//! Invariant: never more attempts hold a place than there are (`places.rs`). A refusal delays its own call alone: what
//! is asked for with `Retry-After` is a pause of that call. Only when nobody is served any more (`burst.rs`) is the
//! endpoint left alone, by all calls; then one attempt goes out to see, and when it is served all others follow.
//!
//! A place whose attempt was turned away rests for as long as an answer takes, so that an endpoint that turns away
//! quickly is not asked the more for it.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::{Notify, Semaphore};
use tokio::time::{Instant, sleep_until};

use crate::hands::OwnSeat;
use crate::load::Load;
use crate::places::{Asker, Oldest, Places};

/// A place rests no longer than this, however long answers take.
const LONGEST_REST: Duration = Duration::from_secs(5);

/// Limits the attempts in flight at one endpoint. Clones share the limit, so models behind the same host
/// and key can.
#[derive(Debug, Clone)]
pub struct EndpointLimiter(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    permits: Semaphore,
    places: Mutex<Places>,
    /// A pause may be over.
    resumed: Notify,
    /// An attempt has landed.
    heard: Notify,
}

/// How an endpoint is being asked now.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct EndpointStatus {
    /// How long it has turned everybody away, if it does.
    pub absence: Option<Duration>,
    /// How long until it is asked again, where it is left alone.
    pub pause: Option<Duration>,
    /// The attempt that has been under way longest.
    pub oldest: Option<Oldest>,
}

/// Whose fault it is that an attempt failed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Fault {
    /// Its own, or a mishap: it costs a retry.
    Own,
    /// It was one of the refusals in a row called so, and costs a retry unless nobody was there.
    Streak(u64),
}

impl Fault {
    /// The refusals in a row that it was one of.
    pub(crate) fn streak(self) -> Option<u64> {
        match self {
            Self::Own => None,
            Self::Streak(number) => Some(number),
        }
    }
}

impl EndpointLimiter {
    /// A limit that starts at `ceiling` (at least 1).
    pub fn new(ceiling: usize) -> Self {
        let ceiling = ceiling.clamp(1, Semaphore::MAX_PERMITS);
        Self(Arc::new(Inner {
            permits: Semaphore::new(ceiling),
            places: Mutex::new(Places::new(ceiling)),
            resumed: Notify::new(),
            heard: Notify::new(),
        }))
    }

    /// The number of attempts that may be in flight now.
    pub fn limit(&self) -> usize {
        self.0.places().limit()
    }

    /// How the endpoint is being asked.
    pub fn status(&self) -> EndpointStatus {
        let now = Instant::now();
        let places = self.0.places();
        EndpointStatus {
            absence: places.absence(now),
            pause: places.pause(now).map(|until| until - now),
            oldest: places.oldest(now),
        }
    }

    /// Notes that the endpoint has answered before.
    pub(crate) fn greet(&self) {
        self.0.places().greet();
    }

    /// Whether the endpoint has turned everybody away for `patience`.
    pub(crate) fn is_gone(&self, patience: Duration) -> bool {
        self.0.places().is_gone(patience, Instant::now())
    }

    /// Whether what failed so never costs a call a retry.
    pub(crate) fn is_forgiven(&self, fault: Fault) -> bool {
        match fault {
            Fault::Own => false,
            Fault::Streak(number) => self.0.places().is_forgiven(number),
        }
    }

    /// Whether what failed so costs a call a retry.
    pub(crate) fn costs(&self, fault: Fault) -> bool {
        match fault {
            Fault::Own => true,
            Fault::Streak(number) => self.0.places().costs(number),
        }
    }

    /// Whether chance alone may turn a call away so often, where others are served between.
    pub(crate) fn may_be_chance(&self, times: u32) -> bool {
        self.0.places().may_be_chance(times)
    }

    /// Whether it is open whether what failed so costs a retry: others may still be turned away with it, or be served.
    pub(crate) fn is_undecided(&self, fault: Fault) -> bool {
        match fault {
            Fault::Own => false,
            Fault::Streak(number) => self.0.places().is_undecided(number),
        }
    }

    /// Resolves when that is no longer open.
    pub(crate) async fn decided(&self, fault: Fault) {
        loop {
            let heard = self.0.heard.notified();
            tokio::pin!(heard);
            // Whatever lands from here on is heard.
            heard.as_mut().enable();
            if !self.is_undecided(fault) {
                return;
            }
            heard.await;
        }
    }

    /// Lends the places of calls that are far older than others.
    pub(crate) fn lend(&self) {
        let lent = self.0.places().lend(Instant::now());
        self.0.permits.add_permits(lent);
    }

    /// Waits for a place, in order of asking, for a call that has one among those of its model.
    pub(crate) async fn place(&self, own: OwnSeat) -> Seat {
        if let Ok(permit) = self.0.permits.acquire().await {
            permit.forget();
        }
        Seat {
            limiter: Arc::clone(&self.0),
            number: 0,
            holds: true,
            own,
        }
    }
}

impl Inner {
    fn places(&self) -> MutexGuard<'_, Places> {
        self.places.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Makes as many places as there may be.
    fn fit(&self, places: &mut Places) {
        self.permits.add_permits(places.add_missing());
        let surplus = places.surplus();
        places.remove(self.permits.forget_permits(surplus));
    }

    /// Gives the place of attempt `number` back; whether it had not been lent.
    fn give_back(&self, number: u64) -> bool {
        let mut places = self.places();
        if !places.land(number) {
            return false;
        }
        if places.surplus() > 0 {
            places.remove(1);
        } else {
            self.permits.add_permits(1);
        }
        true
    }
}

/// A place in flight; given back when dropped.
#[derive(Debug)]
pub(crate) struct Seat {
    limiter: Arc<Inner>,
    /// That of its attempt; 0 before it sets off and after it has landed.
    number: u64,
    /// Whether there is a place to give back, because it was not lent.
    holds: bool,
    /// The place among those of its model.
    own: OwnSeat,
}

impl Seat {
    /// Waits for the end of a pause.
    pub(crate) async fn pause(&self) {
        loop {
            let resumed = self.limiter.resumed.notified();
            let Some(until) = self.limiter.places().pause(Instant::now()) else {
                return;
            };
            tokio::select! {
                () = resumed => {}
                () = sleep_until(until) => {}
            }
        }
    }

    /// Sets off, unless there is a pause again; whether it did.
    pub(crate) fn depart(&mut self, asker: &Asker) -> bool {
        let number = self.limiter.places().depart(asker, Instant::now());
        self.number = number.unwrap_or_default();
        number.is_some()
    }

    /// Takes in what the attempt says of the endpoint's load, and gives the place back.
    pub(crate) fn leave(self, load: Load) -> Fault {
        let limiter = Arc::clone(&self.limiter);
        let mut places = limiter.places();
        let now = Instant::now();
        let before = places.pause(now);
        let streak = places.hear(self.number, load, now);
        let is_sooner =
            before.is_some_and(|before| places.pause(now).is_none_or(|now| now < before));
        let is_away = places.absence(now).is_some();
        limiter.fit(&mut places);
        let rest = places.typical().filter(|_| streak.is_some() && !is_away);
        drop(places);
        limiter.heard.notify_waiters();
        if is_sooner {
            limiter.resumed.notify_waiters();
        }
        if let Some(rest) = rest {
            self.rest(rest.min(LONGEST_REST));
        }
        streak.map_or(Fault::Own, Fault::Streak)
    }

    /// Gives the place back after `time`.
    fn rest(mut self, time: Duration) {
        self.holds = self.limiter.places().land(self.number);
        self.number = 0;
        if self.holds {
            tokio::spawn(async move {
                tokio::time::sleep(time).await;
                drop(self);
            });
        } else {
            self.own.forget();
        }
    }
}

impl Drop for Seat {
    fn drop(&mut self) {
        if self.holds && !self.limiter.give_back(self.number) {
            self.own.forget();
        }
    }
}

#[cfg(test)]
mod tests;
