//! Entries on their way to the disk.
//!
//! Whoever appends an entry encodes it, so that the chain has the order of appending and what is handed to
//! the writer's thread is bytes. Those who wait for their entries are woken together, once for all that
//! were written at once.
//!
//! Invariants: an entry counts as written only after its batch was; after the first failure nothing
//! more is taken, and everybody who waits or will wait learns of it.

use std::pin::Pin;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Wake, Waker};
use std::thread::Thread;
use std::time::Duration;

use cleanbench_core::event::PayloadRef;
use cleanbench_core::{Digest, Event};

use crate::payload::Cursor;
use crate::writer::{Entry, written_out};
use crate::{LedgerError, record};

/// Room that a batch's buffer keeps for the next one, in bytes.
const KEPT_ROOM: usize = 1 << 20;

/// What was appended and is not written yet.
#[derive(Debug, Default)]
pub(crate) struct Batch {
    /// Frames without gaps, by payload segment; the first may be empty room that is kept for later ones.
    frames: Vec<(u32, Vec<u8>)>,
    /// Lines of the journal.
    pub(crate) lines: Vec<u8>,
    /// Number of entries.
    pub(crate) entries: usize,
    /// The entries' events, if anybody listens.
    pub(crate) events: Vec<Event>,
}

impl Batch {
    fn push_frame(&mut self, segment: u32, bytes: &[u8]) {
        match self.frames.last_mut() {
            Some((last, frames)) if *last == segment || frames.is_empty() => {
                *last = segment;
                frames.extend_from_slice(bytes);
            }
            _ => self.frames.push((segment, bytes.to_vec())),
        }
    }

    /// The frames to be written, by payload segment. Room that is kept from an earlier batch is none of them:
    /// its segment may have been left behind since.
    pub(crate) fn frames(&self) -> impl Iterator<Item = (u32, &[u8])> {
        let all = self.frames.iter();
        all.filter(|(_, frames)| !frames.is_empty())
            .map(|(segment, frames)| (*segment, frames.as_slice()))
    }

    /// Empties the batch. Its room is kept, unless it was unusually large.
    fn clear(&mut self) {
        self.frames.truncate(1);
        if let Some((_, frames)) = self.frames.first_mut() {
            empty(frames);
        }
        empty(&mut self.lines);
        self.entries = 0;
        self.events.clear();
    }
}

fn empty(buffer: &mut Vec<u8>) {
    buffer.clear();
    buffer.shrink_to(KEPT_ROOM);
}

/// The current time as text, made anew once a millisecond.
#[derive(Debug, Default)]
struct Clock {
    millisecond: i64,
    text: String,
}

impl Clock {
    fn now(&mut self) -> &str {
        let now = jiff::Timestamp::now();
        if self.millisecond != now.as_millisecond() || self.text.is_empty() {
            self.millisecond = now.as_millisecond();
            self.text = written_out(now);
        }
        &self.text
    }
}

/// Entries, those who append them, and the thread that writes them.
#[derive(Debug)]
pub(crate) struct Queue {
    state: Mutex<State>,
    arrived: Condvar,
    /// Number of entries that are written.
    written: AtomicU64,
    /// Number of those who may be about to append an entry.
    callers: AtomicUsize,
}

#[derive(Debug)]
struct State {
    cursor: Cursor,
    head: Digest,
    /// Number of entries that were taken.
    taken: u64,
    clock: Clock,
    /// Whether anybody listens to events.
    is_heard: bool,
    pending: Batch,
    /// Those who wait for an entry that is pending.
    waiting: Vec<Waker>,
    /// Entries up to this number are being written, or are written.
    underway: u64,
    /// Those who wait for an entry that is being written.
    waiting_underway: Vec<Waker>,
    /// Whether the thread sleeps until an entry arrives.
    sleeps: bool,
    closed: bool,
    failure: Option<LedgerError>,
}

impl State {
    /// Encodes one entry into the pending bytes.
    fn take_in(&mut self, entry: Entry) -> Result<Option<PayloadRef>, LedgerError> {
        if let Some(failure) = &self.failure {
            return Err(failure.clone());
        }
        let mut event = entry.event;
        let mut stored = None;
        if let Some(frame) = entry.frame {
            let reference = self.cursor.place(&frame)?;
            self.pending.push_frame(reference.segment, frame.bytes());
            if let Some(slot) = event.payload_slot() {
                *slot = Some(reference);
            }
            stored = Some(reference);
        }
        let start = self.pending.lines.len();
        let at = (self.taken, self.clock.now());
        let encoded = record::encode(at, &event, self.head, &mut self.pending.lines);
        self.head = encoded.map_err(|error| {
            self.pending.lines.truncate(start);
            std::io::Error::from(error)
        })?;
        self.taken += 1;
        self.pending.entries += 1;
        if self.is_heard {
            self.pending.events.push(event);
        }
        Ok(stored)
    }
}

impl Queue {
    /// A queue whose first payload gets its place from `cursor` and whose first record continues `head`.
    pub(crate) fn new(cursor: Cursor, head: Digest, is_heard: bool) -> Self {
        Self {
            state: Mutex::new(State {
                cursor,
                head,
                taken: 0,
                clock: Clock::default(),
                is_heard,
                pending: Batch::default(),
                waiting: Vec::new(),
                underway: 0,
                waiting_underway: Vec::new(),
                sleeps: false,
                closed: false,
                failure: None,
            }),
            arrived: Condvar::new(),
            written: AtomicU64::new(0),
            callers: AtomicUsize::new(1),
        }
    }

    /// Notes that as many as `callers` may be about to append an entry.
    pub(crate) fn expect(&self, callers: usize) {
        self.callers.store(callers, Ordering::Relaxed);
    }

    /// How many may be about to append an entry.
    pub(crate) fn callers(&self) -> usize {
        self.callers.load(Ordering::Relaxed)
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Takes in one entry.
    pub(crate) fn append(self: &Arc<Self>, entry: Entry) -> Receipt {
        let mut state = self.state();
        let taken = state.take_in(entry);
        if let Err(error) = &taken {
            // A record that is missing would leave its call without an end.
            state.failure.get_or_insert_with(|| error.clone());
        }
        let number = state.taken;
        let wakes = std::mem::take(&mut state.sleeps);
        drop(state);
        if wakes {
            self.arrived.notify_one();
        }
        Receipt {
            queue: Arc::clone(self),
            number,
            taken,
        }
    }

    /// Nothing is appended any more.
    pub(crate) fn close(&self) {
        self.state().closed = true;
        self.arrived.notify_one();
    }

    /// Exchanges `batch`, which was written, for what is pending, waiting for it at most `patience`.
    /// `false` when nothing is pending and nothing will be.
    pub(crate) fn next(&self, batch: &mut Batch, patience: Duration) -> Result<bool, LedgerError> {
        batch.clear();
        let mut state = self.state();
        let idle =
            |state: &State| state.pending.entries == 0 && !state.closed && state.failure.is_none();
        if idle(&state) {
            state.sleeps = true;
            let waited = self
                .arrived
                .wait_timeout_while(state, patience, |state| idle(state));
            state = waited.unwrap_or_else(PoisonError::into_inner).0;
            state.sleeps = false;
        }
        std::mem::swap(batch, &mut state.pending);
        if batch.entries == 0 {
            return state.failure.clone().map_or(Ok(!state.closed), Err);
        }
        state.underway = state.taken;
        state.waiting_underway = std::mem::take(&mut state.waiting);
        Ok(true)
    }

    /// The batch that was given out last is written.
    pub(crate) fn note_written(&self) {
        let mut state = self.state();
        self.written.store(state.underway, Ordering::Release);
        let waiting = std::mem::take(&mut state.waiting_underway);
        drop(state);
        waiting.into_iter().for_each(Waker::wake);
    }

    /// Nothing more can be written.
    pub(crate) fn fail(&self, error: &LedgerError) {
        let mut state = self.state();
        state.failure.get_or_insert_with(|| error.clone());
        let waiting = std::mem::take(&mut state.waiting);
        let underway = std::mem::take(&mut state.waiting_underway);
        drop(state);
        waiting.into_iter().chain(underway).for_each(Waker::wake);
    }
}

/// Resolves when an entry is written. Nothing happens when it is dropped.
#[derive(Debug)]
pub struct Receipt {
    queue: Arc<Queue>,
    /// The entry's number, from 1.
    number: u64,
    taken: Result<Option<PayloadRef>, LedgerError>,
}

impl Receipt {
    /// Where the entry's payload is, if it had one.
    ///
    /// # Errors
    /// When it could not be written.
    pub async fn written(self) -> Result<Option<PayloadRef>, LedgerError> {
        self.await
    }

    /// The same, for threads outside a runtime.
    ///
    /// # Errors
    /// When it could not be written.
    pub fn wait(mut self) -> Result<Option<PayloadRef>, LedgerError> {
        let waker = Waker::from(Arc::new(Unpark(std::thread::current())));
        let mut context = Context::from_waker(&waker);
        loop {
            match Pin::new(&mut self).poll(&mut context) {
                Poll::Ready(written) => return written,
                Poll::Pending => std::thread::park(),
            }
        }
    }

    fn is_written(&self) -> bool {
        self.queue.written.load(Ordering::Acquire) >= self.number
    }
}

impl Future for Receipt {
    type Output = Result<Option<PayloadRef>, LedgerError>;

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        if self.taken.is_err() || self.is_written() {
            return Poll::Ready(self.taken.clone());
        }
        let mut state = self.queue.state();
        if self.is_written() {
            return Poll::Ready(self.taken.clone());
        }
        if let Some(failure) = &state.failure {
            return Poll::Ready(Err(failure.clone()));
        }
        let waker = context.waker().clone();
        if self.number <= state.underway {
            state.waiting_underway.push(waker);
        } else {
            state.waiting.push(waker);
        }
        Poll::Pending
    }
}

struct Unpark(Thread);

impl Wake for Unpark {
    fn wake(self: Arc<Self>) {
        self.0.unpark();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::payload::{SegmentFiles, segment_name};

    /// Two batches take turns, as the writer's and the pending one do, each keeping its room.
    #[test]
    fn room_that_is_kept_from_an_earlier_segment_is_never_written_there() {
        let folder = tempfile::tempdir().unwrap();
        fs_err::create_dir(folder.path().join("payloads")).unwrap();
        let mut files = SegmentFiles::create(folder.path(), 2).unwrap();
        let mut batches = [Batch::default(), Batch::default()];
        let turns: [&[(u32, &[u8])]; 6] = [
            &[(2, b"a")],
            &[(2, b"b"), (3, b"c")],
            &[],
            &[(3, b"d")],
            &[(3, b"e"), (4, b"f")],
            &[(4, b"g")],
        ];
        for (turn, pushed) in turns.into_iter().enumerate() {
            let batch = &mut batches[turn % 2];
            for (segment, bytes) in pushed {
                batch.push_frame(*segment, bytes);
            }
            for (segment, frames) in batch.frames() {
                files.append(segment, frames).unwrap();
            }
            batch.clear();
        }
        for (segment, written) in [(2, "ab"), (3, "cde"), (4, "fg")] {
            let text = fs_err::read(folder.path().join(segment_name(segment))).unwrap();
            assert!(text.ends_with(written.as_bytes()), "{segment}: {text:?}");
        }
    }
}
