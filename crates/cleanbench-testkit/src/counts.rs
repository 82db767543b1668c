//! What the server has seen: the counts that tests check.
//!
//! Invariant: a prompt costs at most 32 bytes however long it is (an entry of 12 bytes and one of
//! bookkeeping in a table that is at least 7/16 full). Whole requests are kept only when the script
//! asks for it, and never more than it says.

use std::collections::{HashMap, VecDeque};
use std::hash::{BuildHasherDefault, Hasher};
use std::sync::atomic::{AtomicU32, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{SystemTime, UNIX_EPOCH};

use serde::Serialize;

use crate::key::PromptKey;

/// Counts since the server started.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct ServerCounts {
    /// Requests to the two completion endpoints, refused and failed ones included.
    pub requests: u64,
    /// TCP connections accepted, whatever was asked on them.
    pub connections: u64,
    /// Different prompts asked.
    pub unique_prompts: u64,
    /// How often the prompt that was asked most was asked.
    pub max_per_prompt: u32,
    /// Requests being answered now.
    pub in_flight: u32,
    /// Most requests that were being answered at one time.
    pub in_flight_max: u32,
    /// When the first request came, in microseconds since 1970; 0 before.
    pub first_request_us: u64,
    /// When the last request came, in microseconds since 1970; 0 before.
    pub last_request_us: u64,
    /// How often each prompt was asked, by [`crate::prompt_key`]; `GET /__counts` leaves this out
    /// and `GET /__prompts` gives it.
    #[serde(skip)]
    pub by_prompt: HashMap<PromptKey, u32>,
}

/// A request that was kept whole.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReceivedRequest {
    /// The path, with the query if any.
    pub path: String,
    /// Header names (lower case) and values in the order received; bytes that are not UTF-8 are
    /// replaced.
    pub headers: Vec<(String, String)>,
    /// The body; bytes that are not UTF-8 are replaced.
    pub body: String,
}

impl ReceivedRequest {
    /// The value of the first header called `name` (lower case).
    pub fn header(&self, name: &str) -> Option<&str> {
        let found = self.headers.iter().find(|(header, _)| header == name);
        found.map(|(_, value)| value.as_str())
    }
}

/// The running counts, shared by all connections.
#[derive(Debug, Default)]
pub(crate) struct Tally {
    requests: AtomicU64,
    connections: AtomicU64,
    in_flight: AtomicU32,
    in_flight_max: AtomicU32,
    first_request_us: AtomicU64,
    last_request_us: AtomicU64,
    prompts: Mutex<Prompts>,
    seen: Mutex<VecDeque<ReceivedRequest>>,
}

#[derive(Debug, Default)]
struct Prompts {
    // The key is split so that an entry has no padding: 12 bytes instead of 16.
    asked: HashMap<[u32; 2], u32, BuildHasherDefault<KeyItself>>,
    most: u32,
}

impl Tally {
    /// Counts a request; gives its number, from 1.
    pub(crate) fn request(&self) -> u64 {
        let number = self.requests.fetch_add(1, Ordering::Relaxed) + 1;
        let now = since_1970_us();
        if number == 1 {
            self.first_request_us.store(now, Ordering::Relaxed);
        }
        self.last_request_us.fetch_max(now, Ordering::Relaxed);
        number
    }

    /// Counts a connection.
    pub(crate) fn connection(&self) {
        self.connections.fetch_add(1, Ordering::Relaxed);
    }

    /// Counts a prompt; gives how often it was asked by now.
    pub(crate) fn prompt(&self, key: PromptKey) -> u32 {
        let mut prompts = lock(&self.prompts);
        let asked = prompts.asked.entry(split(key)).or_insert(0);
        *asked = asked.saturating_add(1);
        let asked = *asked;
        prompts.most = prompts.most.max(asked);
        asked
    }

    /// How often a prompt was asked.
    pub(crate) fn asked(&self, key: PromptKey) -> u32 {
        let prompts = lock(&self.prompts);
        prompts.asked.get(&split(key)).copied().unwrap_or(0)
    }

    /// Keeps a request, forgetting the oldest beyond `most`.
    pub(crate) fn keep(&self, seen: ReceivedRequest, most: usize) {
        let mut kept = lock(&self.seen);
        kept.push_back(seen);
        while kept.len() > most {
            kept.pop_front();
        }
    }

    /// The requests kept, oldest first.
    pub(crate) fn seen(&self) -> Vec<ReceivedRequest> {
        lock(&self.seen).iter().cloned().collect()
    }

    /// The counts without those by prompt, which costs the same however many prompts there are.
    pub(crate) fn totals(&self) -> ServerCounts {
        let prompts = lock(&self.prompts);
        ServerCounts {
            requests: self.requests.load(Ordering::Relaxed),
            connections: self.connections.load(Ordering::Relaxed),
            unique_prompts: prompts.asked.len() as u64,
            max_per_prompt: prompts.most,
            in_flight: self.in_flight.load(Ordering::Relaxed),
            in_flight_max: self.in_flight_max.load(Ordering::Relaxed),
            first_request_us: self.first_request_us.load(Ordering::Relaxed),
            last_request_us: self.last_request_us.load(Ordering::Relaxed),
            by_prompt: HashMap::new(),
        }
    }

    /// Every prompt's key and count, by ascending key.
    pub(crate) fn by_prompt(&self) -> Vec<(PromptKey, u32)> {
        let prompts = lock(&self.prompts);
        let pairs = prompts.asked.iter();
        let mut list: Vec<_> = pairs.map(|(key, asked)| (join(*key), *asked)).collect();
        list.sort_unstable();
        list
    }
}

/// Now, in microseconds since 1970; 0 on a machine whose clock is before that.
fn since_1970_us() -> u64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH);
    since.map_or(0, |since| {
        u64::try_from(since.as_micros()).unwrap_or(u64::MAX)
    })
}

/// A request being answered; counted until dropped.
#[derive(Debug)]
pub(crate) struct InFlight(Arc<Tally>);

impl InFlight {
    /// Begins to count a request as being answered.
    pub(crate) fn begin(tally: &Arc<Tally>) -> (Self, u32) {
        let now = tally.in_flight.fetch_add(1, Ordering::Relaxed) + 1;
        tally.in_flight_max.fetch_max(now, Ordering::Relaxed);
        (Self(Arc::clone(tally)), now)
    }
}

impl Drop for InFlight {
    fn drop(&mut self) {
        self.0.in_flight.fetch_sub(1, Ordering::Relaxed);
    }
}

/// Counts stay usable after a panic elsewhere: every update leaves them whole.
pub(crate) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Keys come from SHA-256, so they need no further hashing.
#[derive(Debug, Default)]
struct KeyItself(u64);

impl Hasher for KeyItself {
    fn finish(&self) -> u64 {
        self.0
    }

    fn write(&mut self, bytes: &[u8]) {
        for &byte in bytes {
            self.0 = self.0.rotate_left(8) ^ u64::from(byte);
        }
    }

    fn write_usize(&mut self, _length: usize) {}
}

fn split(key: PromptKey) -> [u32; 2] {
    let bytes = key.to_be_bytes();
    let (halves, _) = bytes.as_chunks::<4>();
    std::array::from_fn(|index| u32::from_be_bytes(halves[index]))
}

fn join([high, low]: [u32; 2]) -> PromptKey {
    (u64::from(high) << 32) | u64::from(low)
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::{InFlight, ReceivedRequest, Tally, join, split};

    #[test]
    fn prompts_are_counted_one_by_one() {
        let tally = Tally::default();
        let asked: Vec<u32> = [5, 7, 5, 5].map(|key| tally.prompt(key)).to_vec();
        assert_eq!(asked, [1, 1, 2, 3]);
        assert_eq!((tally.asked(5), tally.asked(7), tally.asked(9)), (3, 1, 0));
        assert_eq!(tally.by_prompt(), [(5, 3), (7, 1)]);
        let totals = tally.totals();
        assert_eq!((totals.unique_prompts, totals.max_per_prompt), (2, 3));
    }

    #[test]
    fn a_prompt_costs_at_most_32_bytes() {
        let tally = Tally::default();
        for index in 0..230_000_u64 {
            tally.prompt(crate::prompt_key(&index.to_string()));
        }
        let prompts = super::lock(&tally.prompts);
        let entry = size_of::<([u32; 2], u32)>() + 1;
        // The table has a power of two of places, of which 7/8 may be used.
        let places = (prompts.asked.capacity() * 8 / 7).next_power_of_two();
        assert_eq!(prompts.asked.len(), 230_000);
        assert!(
            places * entry <= 32 * 230_000,
            "{places} places of {entry} bytes"
        );
    }

    #[test]
    fn keys_survive_splitting() {
        for key in [0, 1, u64::MAX, 0x0123_4567_89ab_cdef] {
            assert_eq!(join(split(key)), key);
        }
    }

    #[test]
    fn requests_in_flight_end_when_dropped() {
        let tally = Arc::new(Tally::default());
        let (first, one) = InFlight::begin(&tally);
        let (second, two) = InFlight::begin(&tally);
        drop((first, second));
        let (_third, again) = InFlight::begin(&tally);
        assert_eq!((one, two, again), (1, 2, 1));
        assert_eq!(tally.totals().in_flight_max, 2);
    }

    #[test]
    fn only_the_latest_requests_are_kept() {
        let tally = Tally::default();
        for body in ["a", "b", "c"] {
            let (path, body) = (String::new(), body.to_owned());
            tally.keep(
                ReceivedRequest {
                    path,
                    headers: Vec::new(),
                    body,
                },
                2,
            );
        }
        let bodies: Vec<String> = tally.seen().into_iter().map(|seen| seen.body).collect();
        assert_eq!(bodies, ["b", "c"]);
    }
}
