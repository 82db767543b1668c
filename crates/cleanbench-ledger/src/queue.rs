//! Entries on their way to the disk.
//!
//! Whoever appends an entry encodes it, so that the journal has the order of appending and what is handed to
//! the writer's thread is bytes; the thread puts in what chains them, which needs no lock. Those who wait for
//! their entries are woken together, once for all that were written at once.
//!
//! Waking the thread costs both sides a system call, so entries gather first: the first who waits lets
//! everybody else have a turn, and asks for what is pending when its own comes again. Where few are at work
//! that is at once; where many are, their entries go together. Entries that nobody waits for gather longer.
//!
//! Invariants: an entry counts as written only after its batch was; after the first failure nothing
//! more is taken, and everybody who waits or will wait learns of it.

use std::pin::Pin;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Wake, Waker};
use std::thread::Thread;
use std::time::Duration;

use cleanbench_core::event::PayloadRef;
use cleanbench_core::{Digest, Event};

use crate::payload::Cursor;
use crate::record::Stamp;
use crate::writer::{Entry, written_out};
use crate::{LedgerError, record};

/// Room that a batch's buffer keeps for the next one, in bytes.
const KEPT_ROOM: usize = 1 << 20;

/// Longest time that entries gather while nobody asks for them.
const LONGEST_GATHERING: Duration = Duration::from_millis(5);

/// What was appended and is not written yet.
#[derive(Debug, Default)]
pub(crate) struct Batch {
    /// Frames without gaps, by payload segment; the first may be empty room that is kept for later ones.
    frames: Vec<(u32, Vec<u8>)>,
    /// Lines of the journal, without their hashes until they are sealed.
    lines: Vec<u8>,
    /// Where each line ends.
    ends: Vec<usize>,
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

    /// Chains the lines to the record with hash `head`, and returns them and the hash of the last.
    pub(crate) fn seal(&mut self, mut head: Digest) -> (&[u8], Digest) {
        let mut start = 0;
        for end in &self.ends {
            head = record::seal(&mut self.lines[start..*end], head);
            start = *end;
        }
        (&self.lines, head)
    }

    /// Empties the batch. Its room is kept, unless it was unusually large.
    fn clear(&mut self) {
        self.frames.truncate(1);
        if let Some((_, frames)) = self.frames.first_mut() {
            empty(frames);
        }
        empty(&mut self.lines);
        self.ends.clear();
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
}

#[derive(Debug)]
struct State {
    cursor: Cursor,
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
    /// Whether somebody asks for the pending entries.
    demand: Demand,
    closed: bool,
    failure: Option<LedgerError>,
}

/// Whether somebody asks for the pending entries.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Demand {
    Nobody,
    /// The first who waits does, at its next turn.
    Soon,
    Now,
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
        let stamp = Stamp {
            seq: self.taken,
            at: self.clock.now(),
        };
        let written = record::write_open(stamp, &event, &mut self.pending.lines);
        written.map_err(|error| {
            self.pending.lines.truncate(start);
            std::io::Error::from(error)
        })?;
        self.taken += 1;
        self.pending.ends.push(self.pending.lines.len());
        if self.is_heard {
            self.pending.events.push(event);
        }
        Ok(stored)
    }
}

impl Queue {
    /// A queue whose first payload gets its place from `cursor`.
    pub(crate) fn new(cursor: Cursor, is_heard: bool) -> Self {
        Self {
            state: Mutex::new(State {
                cursor,
                taken: 0,
                clock: Clock::default(),
                is_heard,
                pending: Batch::default(),
                waiting: Vec::new(),
                underway: 0,
                waiting_underway: Vec::new(),
                sleeps: false,
                demand: Demand::Nobody,
                closed: false,
                failure: None,
            }),
            arrived: Condvar::new(),
            written: AtomicU64::new(0),
        }
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
        let wakes = std::mem::take(&mut state.sleeps) || taken.is_err();
        drop(state);
        if wakes {
            self.arrived.notify_one();
        }
        Receipt {
            queue: Arc::clone(self),
            number,
            taken,
            part: Part::New,
        }
    }

    /// A receipt for all that was taken in.
    pub(crate) fn flushed(self: &Arc<Self>) -> Receipt {
        let state = self.state();
        Receipt {
            queue: Arc::clone(self),
            number: state.taken,
            taken: state.failure.clone().map_or(Ok(None), Err),
            part: Part::New,
        }
    }

    /// Nothing is appended any more.
    pub(crate) fn close(&self) {
        self.state().closed = true;
        self.arrived.notify_one();
    }

    /// Exchanges `batch`, which was written, for what is pending: as soon as somebody asks for it, and after
    /// [`LONGEST_GATHERING`] if nobody does. While nothing is, waits for it at most `patience`. `false` when
    /// nothing is pending and nothing will be.
    pub(crate) fn next(&self, batch: &mut Batch, patience: Duration) -> Result<bool, LedgerError> {
        batch.clear();
        let mut state = self.state();
        let ends =
            |state: &State| state.demand == Demand::Now || state.closed || state.failure.is_some();
        state = self.wait(state, LONGEST_GATHERING, |state| !ends(state));
        if state.pending.ends.is_empty() && !ends(&state) {
            state.sleeps = true;
            state = self.wait(state, patience, |state| {
                state.pending.ends.is_empty() && !ends(state)
            });
            state.sleeps = false;
        }
        state.demand = Demand::Nobody;
        std::mem::swap(batch, &mut state.pending);
        if batch.ends.is_empty() {
            return state.failure.clone().map_or(Ok(!state.closed), Err);
        }
        state.underway = state.taken;
        state.waiting_underway = std::mem::take(&mut state.waiting);
        Ok(true)
    }

    /// Waits at most `longest` until it is no longer true that `goes_on`.
    fn wait<'a>(
        &self,
        state: MutexGuard<'a, State>,
        longest: Duration,
        goes_on: impl Fn(&State) -> bool,
    ) -> MutexGuard<'a, State> {
        let waited = self
            .arrived
            .wait_timeout_while(state, longest, |state| goes_on(state));
        waited.unwrap_or_else(PoisonError::into_inner).0
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
    part: Part,
}

/// The part of one who waits in getting the pending entries written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Part {
    /// It has not been looked at yet.
    New,
    /// It is the one that asks, at its next turn.
    Elected,
    /// It asked, or somebody else does.
    Waits,
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
        let receipt = self.get_mut();
        if receipt.taken.is_err() || receipt.is_written() {
            return Poll::Ready(receipt.taken.clone());
        }
        let mut state = receipt.queue.state();
        if receipt.is_written() {
            return Poll::Ready(receipt.taken.clone());
        }
        if let Some(failure) = &state.failure {
            return Poll::Ready(Err(failure.clone()));
        }
        let waker = context.waker();
        if receipt.number <= state.underway {
            state.waiting_underway.push(waker.clone());
            return Poll::Pending;
        }
        if receipt.part == Part::New && state.demand == Demand::Nobody {
            state.demand = Demand::Soon;
            receipt.part = Part::Elected;
            drop(state);
            waker.wake_by_ref();
            return Poll::Pending;
        }
        let asks = receipt.part == Part::Elected && state.demand != Demand::Now;
        if asks {
            state.demand = Demand::Now;
        }
        receipt.part = Part::Waits;
        state.waiting.push(waker.clone());
        drop(state);
        if asks {
            receipt.queue.arrived.notify_one();
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

    fn queue() -> Arc<Queue> {
        let queue = Queue::new(Cursor::at(0), false);
        Arc::new(queue)
    }

    fn entry() -> Entry {
        Event::GenerationOpened { generation: 1 }.into()
    }

    /// Takes batches until nothing more will come; the number of entries in each.
    fn write_all(queue: &Queue) -> Vec<usize> {
        let mut batch = Batch::default();
        let mut sizes = Vec::new();
        while queue.next(&mut batch, Duration::from_mins(1)).unwrap() {
            sizes.push(batch.ends.len());
            queue.note_written();
        }
        sizes
    }

    /// Has `receipt` looked at once by somebody who then does something else.
    fn look_at(receipt: &mut Receipt) {
        let mut context = Context::from_waker(Waker::noop());
        assert!(Pin::new(receipt).poll(&mut context).is_pending());
    }

    #[test]
    fn what_many_wait_for_is_asked_for_once() {
        let queue = queue();
        let mut receipts: Vec<_> = (0..100).map(|_| queue.append(entry())).collect();
        receipts.iter_mut().for_each(look_at);
        assert_eq!(queue.state().demand, Demand::Soon, "it had one turn");
        look_at(&mut receipts[0]);
        assert_eq!(queue.state().demand, Demand::Now);
        queue.close();
        assert_eq!(write_all(&queue), [100]);
        assert!(receipts.iter().all(Receipt::is_written));
    }

    /// A call is dropped where it waits when the run is aborted or its attempt runs out of time.
    #[test]
    fn nobody_depends_on_one_who_has_left() {
        let queue = queue();
        let mut gone = queue.append(entry());
        look_at(&mut gone);
        drop(gone);
        let left = queue.append(entry());
        std::thread::scope(|scope| {
            let writer = scope.spawn(|| write_all(&queue));
            left.wait().unwrap();
            queue.close();
            assert_eq!(writer.join().unwrap(), [2]);
        });
    }
}
