//! The one writer of a run: a thread that takes encoded entries, chains them, writes them in batches, and
//! acknowledges.
//!
//! Invariants: a payload is handed to the operating system before the record that refers to it; an
//! entry is acknowledged only after both were; both are made durable at most 200 ms or 1 MiB later.
//! After the first failed write nothing more is taken, and the half-written end is cut off if the
//! file system still allows it, so that the run can be resumed.

use std::io::Write as _;
use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use cleanbench_core::event::ParentSegment;
use cleanbench_core::{Digest, Event, EventSink, RunId};
use fs_err::File;

use crate::files;
use crate::payload::{Cursor, SegmentFiles};
use crate::queue::{Batch, Queue};
use crate::record::JOURNAL_FORMAT;
use crate::sync::SyncThread;
use crate::{Frame, LedgerError, Manifest, RunDirectory};

pub use crate::queue::Receipt;

const SYNC_INTERVAL: Duration = Duration::from_millis(200);
const SYNC_BYTES: usize = 1024 * 1024;

/// An event, with the payload that it refers to.
#[derive(Debug)]
pub struct Entry {
    /// The event.
    pub event: Event,
    /// Stored first; its reference is put into the event.
    pub frame: Option<Frame>,
}

impl From<Event> for Entry {
    fn from(event: Event) -> Self {
        Self { event, frame: None }
    }
}

/// Where a new segment continues.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Continuation {
    /// Number of the new journal segment.
    pub segment: u32,
    /// The segment before it.
    pub parent: Option<ParentSegment>,
    /// Number of the new payload segment.
    pub payload_segment: u32,
    /// Bytes cut off the parent's end.
    pub dropped_bytes: u64,
    /// The hash that the first record continues where there is no segment before it.
    pub origin: Digest,
}

impl Continuation {
    /// The first segment of the run of `manifest`, whose samples end before payload segment `free`.
    pub fn first(manifest: &Manifest, free: u32) -> Self {
        let (segment, payload_segment) = manifest.first_segments();
        Self {
            segment,
            parent: None,
            payload_segment: payload_segment.max(free),
            dropped_bytes: 0,
            origin: manifest.origin(manifest.shard),
        }
    }
}

/// Handle to the writer thread. Clones write to the same journal.
#[derive(Debug, Clone)]
pub struct Ledger(Arc<Appending>);

/// Closes the queue when the last handle is gone.
#[derive(Debug)]
struct Appending(Arc<Queue>);

impl Drop for Appending {
    fn drop(&mut self) {
        self.0.close();
    }
}

/// Waits for the writer thread after the last [`Ledger`] is gone.
#[derive(Debug)]
pub struct WriterThread(JoinHandle<Result<(), LedgerError>>);

impl WriterThread {
    /// Returns when everything is durable.
    ///
    /// # Errors
    /// The first write that failed.
    pub fn join(self) -> Result<(), LedgerError> {
        self.0.join().unwrap_or(Err(LedgerError::Closed))
    }
}

impl Ledger {
    /// Opens the segment that `continuation` describes and starts its writer.
    ///
    /// # Errors
    /// When the segment cannot be made.
    pub fn start(
        run: &RunDirectory,
        id: &RunId,
        tool: &str,
        continuation: Continuation,
        sinks: Vec<Arc<dyn EventSink>>,
    ) -> Result<(Self, WriterThread), LedgerError> {
        let name = RunDirectory::journal_name(continuation.segment);
        let file = files::create_log(run.path(), &name)?;
        let segment = continuation.payload_segment;
        let head = continuation
            .parent
            .as_ref()
            .map_or(continuation.origin, |parent| parent.head);
        let queue = Arc::new(Queue::new(Cursor::at(segment), !sinks.is_empty()));
        let writer = Writer {
            queue: Arc::clone(&queue),
            file,
            payloads: SegmentFiles::create(run.path(), segment)?,
            head,
            written: 0,
            unsynced: 0,
            last_sync: Instant::now(),
            sync: SyncThread::start()?,
            sinks,
        };
        let thread = std::thread::Builder::new()
            .name("ledger".to_owned())
            .spawn(move || writer.serve())?;
        let ledger = Self(Arc::new(Appending(queue)));
        let opened = ledger.append(Event::SegmentOpened {
            format: JOURNAL_FORMAT.to_owned(),
            run: id.clone(),
            segment: continuation.segment,
            payload_segment: segment,
            tool: tool.to_owned(),
            parent: continuation.parent,
            dropped_bytes: continuation.dropped_bytes,
        });
        opened.wait()?;
        run.sync()?;
        Ok((ledger, WriterThread(thread)))
    }

    /// Resolves once everything that was handed over is written, so that it can be read back.
    pub fn flushed(&self) -> Receipt {
        self.0.0.flushed()
    }

    /// Hands over `entry`. The returned receipt resolves once the entry is written; entries are
    /// written in the order in which this was called.
    pub fn append(&self, entry: impl Into<Entry>) -> Receipt {
        self.0.0.append(entry.into())
    }
}

struct Writer {
    queue: Arc<Queue>,
    file: File,
    payloads: SegmentFiles,
    /// Hash of the last record.
    head: Digest,
    written: u64,
    unsynced: usize,
    last_sync: Instant,
    sync: SyncThread,
    sinks: Vec<Arc<dyn EventSink>>,
}

/// What becomes of the queue when its writer is gone, a panic included: nobody waits for it for ever.
impl Drop for Writer {
    fn drop(&mut self) {
        self.queue.fail(&LedgerError::Closed);
    }
}

impl Writer {
    fn serve(mut self) -> Result<(), LedgerError> {
        let mut batch = Batch::default();
        loop {
            match self.write_next(&mut batch) {
                Ok(true) => {}
                Ok(false) => return self.finish(),
                Err(error) => {
                    self.cut_unfinished();
                    self.queue.fail(&error);
                    return Err(error);
                }
            }
        }
    }

    /// Writes what is pending into `batch` and on; `false` when nothing more will come.
    fn write_next(&mut self, batch: &mut Batch) -> Result<bool, LedgerError> {
        if !self.queue.next(batch, SYNC_INTERVAL)? {
            return Ok(false);
        }
        self.write(batch)?;
        let is_due = self.last_sync.elapsed() >= SYNC_INTERVAL;
        if self.unsynced >= SYNC_BYTES || self.unsynced > 0 && is_due {
            self.sync.request(self.payloads.handle()?, &self.file)?;
            self.unsynced = 0;
            self.last_sync = Instant::now();
        }
        Ok(true)
    }

    /// Hands `batch` to the operating system, payloads first, and lets everybody know.
    fn write(&mut self, batch: &mut Batch) -> Result<(), LedgerError> {
        for (segment, frames) in batch.frames() {
            self.payloads.append(segment, frames)?;
            self.unsynced += frames.len();
        }
        let (lines, head) = batch.seal(self.head);
        self.file.write_all(lines)?;
        self.head = head;
        self.written += lines.len() as u64;
        self.unsynced += lines.len();
        for event in &batch.events {
            self.sinks.iter().for_each(|sink| sink.event(event));
        }
        self.queue.note_written();
        Ok(())
    }

    fn finish(self) -> Result<(), LedgerError> {
        self.sync.check()?;
        self.payloads.handle()?.sync_all()?;
        self.file.sync_all()?;
        Ok(())
    }

    /// After a failed write the file may end inside a record. Resuming copes with that too; cutting
    /// now only keeps the file tidy, so a failure here changes nothing.
    fn cut_unfinished(&mut self) {
        drop(self.file.set_len(self.written));
    }
}

/// Now, UTC with milliseconds.
pub fn timestamp() -> String {
    written_out(jiff::Timestamp::now())
}

/// `time`, UTC with milliseconds.
pub(crate) fn written_out(time: jiff::Timestamp) -> String {
    format!("{time:.3}")
}
