//! Who makes the calls of a model: as many at once as it may be asked, and others while calls wait.
//!
//! A call that waits until it may be tried again, or whose place at the endpoint was lent, keeps nobody busy: another
//! is begun meanwhile. Invariant: no more calls wait, and their requests take no more memory, than stands here;
//! beyond that nothing new is begun until one goes on.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::{Notify, OwnedSemaphorePermit, Semaphore};

/// Calls that may wait beside those that are busy, at least.
const FEWEST_WAITING: usize = 256;
/// Calls that may wait for each that may be busy.
const WAITING_FOR_EACH: usize = 4;
/// Bytes that the requests of waiting calls may take.
const MOST_BYTES: usize = 32 << 20;

/// Counts those who make calls of a model. Clones share the count.
#[derive(Debug, Clone)]
pub(crate) struct Hands(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    most: usize,
    count: Mutex<Count>,
    changed: Notify,
    /// Places among those of the endpoint, which other models may share.
    seats: Arc<Semaphore>,
}

#[derive(Debug, Default)]
struct Count {
    busy: usize,
    waiting: usize,
    bytes: usize,
}

impl Hands {
    /// Hands for at most `most` busy calls, at least one.
    pub(crate) fn new(most: usize) -> Self {
        Self(Arc::new(Inner {
            most: most.max(1),
            count: Mutex::default(),
            changed: Notify::new(),
            seats: Arc::new(Semaphore::new(most.clamp(1, Semaphore::MAX_PERMITS))),
        }))
    }

    fn count(&self) -> MutexGuard<'_, Count> {
        self.0.count.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Waits for a place of the model, in order of asking.
    pub(crate) async fn seat(&self) -> OwnSeat {
        OwnSeat(Arc::clone(&self.0.seats).acquire_owned().await.ok())
    }

    /// Whether one more may be busy.
    fn has_room(&self, count: &Count) -> bool {
        count.busy < self.0.most && self.few_wait(count)
    }

    fn few_wait(&self, count: &Count) -> bool {
        let most_waiting = FEWEST_WAITING.max(self.0.most.saturating_mul(WAITING_FOR_EACH));
        count.waiting <= most_waiting && count.bytes <= MOST_BYTES
    }

    /// Whether one more may wait.
    pub(crate) fn may_wait(&self) -> bool {
        self.few_wait(&self.count())
    }

    /// A call lends its place among those of the model until what is returned is dropped.
    pub(crate) fn lend(&self) -> Lent {
        self.0.seats.add_permits(1);
        Lent(self.wait(0))
    }

    /// One more who is busy, if there is room.
    pub(crate) fn take(&self) -> Option<Hand> {
        let mut count = self.count();
        let room = self.has_room(&count);
        count.busy += usize::from(room);
        drop(count);
        room.then(|| Hand(self.clone()))
    }

    /// Resolves when there may be room for one more.
    pub(crate) async fn room(&self) {
        self.0.changed.notified().await;
    }

    /// Whether more are busy than may be, because calls went on that had waited.
    pub(crate) fn are_too_many(&self) -> bool {
        self.count().busy > self.0.most
    }

    /// A call waits, whose request has `bytes`, until what is returned is dropped.
    pub(crate) fn wait(&self, bytes: usize) -> Waiting {
        let mut count = self.count();
        count.busy = count.busy.saturating_sub(1);
        count.waiting += 1;
        count.bytes += bytes;
        drop(count);
        self.0.changed.notify_one();
        Waiting {
            hands: self.clone(),
            bytes,
        }
    }

    /// Calls that wait now.
    pub(crate) fn waiting(&self) -> usize {
        self.count().waiting
    }
}

/// A place among those of the model; given back when dropped.
#[derive(Debug)]
pub(crate) struct OwnSeat(Option<OwnedSemaphorePermit>);

impl OwnSeat {
    /// It was lent, and another has taken it.
    pub(crate) fn forget(&mut self) {
        if let Some(permit) = self.0.take() {
            permit.forget();
        }
    }
}

/// A call whose place was lent.
#[derive(Debug)]
pub(crate) struct Lent(#[expect(dead_code, reason = "it waits as long as this is there")] Waiting);

/// Somebody who makes calls, one after the other.
#[derive(Debug)]
pub(crate) struct Hand(Hands);

impl Drop for Hand {
    fn drop(&mut self) {
        let mut count = self.0.count();
        count.busy = count.busy.saturating_sub(1);
        drop(count);
        self.0.0.changed.notify_one();
    }
}

/// A call that waits.
#[derive(Debug)]
pub(crate) struct Waiting {
    hands: Hands,
    bytes: usize,
}

impl Drop for Waiting {
    fn drop(&mut self) {
        let mut count = self.hands.count();
        count.busy += 1;
        count.waiting -= 1;
        count.bytes -= self.bytes;
        drop(count);
        self.hands.0.changed.notify_one();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_call_that_waits_makes_room_for_one_and_no_more() {
        let hands = Hands::new(2);
        let (_first, _second) = (hands.take().unwrap(), hands.take().unwrap());
        assert!(hands.take().is_none());
        let waiting = hands.wait(10);
        let third = hands.take().unwrap();
        assert!(hands.take().is_none());
        drop(waiting);
        assert!(hands.are_too_many());
        drop(third);
        assert!(!hands.are_too_many());
        assert!(hands.take().is_none());
    }

    #[test]
    fn only_so_many_wait_and_so_many_bytes() {
        let hands = Hands::new(1);
        let _one = hands.take();
        let _large = hands.wait(MOST_BYTES + 1);
        assert!(hands.take().is_none());
        let hands = Hands::new(1);
        let mut all = Vec::new();
        while let Some(hand) = hands.take() {
            all.push((hand, hands.wait(1)));
        }
        assert_eq!(all.len(), FEWEST_WAITING + 1);
        assert_eq!(hands.waiting(), FEWEST_WAITING + 1);
    }
}
