//! The one writer of a run: a thread that takes entries, writes them in batches, and acknowledges.
//!
//! Invariants: a payload is handed to the operating system before the record that refers to it; an
//! entry is acknowledged only after both were; both are made durable at most 200 ms or 1 MiB later.
//! After the first failed write nothing more is taken, and the half-written end is cut off if the
//! file system still allows it, so that the run can be resumed.

use std::io::{self, Write as _};
use std::sync::Arc;
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use cleanbench_core::event::{ParentSegment, PayloadRef};
use cleanbench_core::{Digest, Event, EventSink, RunId};
use fs_err::{File, OpenOptions};
use tokio::sync::oneshot;

use crate::payload::PayloadWriter;
use crate::record::{self, JOURNAL_FORMAT, Record};
use crate::sync::SyncThread;
use crate::{Frame, LedgerError, Manifest, RunDirectory};

const SYNC_INTERVAL: Duration = Duration::from_millis(200);
const SYNC_BYTES: usize = 1024 * 1024;
/// A batch of at least this many entries is a sign of more to come.
const BUSY: usize = 4;
/// How long the writer then lets entries gather. Waking it for each one costs both sides a system
/// call; an entry waits at most about this much longer.
const GATHER: Duration = Duration::from_micros(40);

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

type Acknowledgement = oneshot::Sender<Result<Option<PayloadRef>, LedgerError>>;

#[derive(Debug)]
struct Job {
    entry: Entry,
    acknowledge: Acknowledgement,
}

/// Handle to the writer thread. Clones write to the same journal.
#[derive(Debug, Clone)]
pub struct Ledger {
    jobs: Sender<Job>,
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
        let path = run.file(&RunDirectory::journal_name(continuation.segment));
        let file = OpenOptions::new()
            .create_new(true)
            .append(true)
            .open(path)?;
        let payloads = PayloadWriter::create(run.path(), continuation.payload_segment)?;
        let head = continuation
            .parent
            .as_ref()
            .map_or(continuation.origin, |parent| parent.head);
        let mut writer = Writer {
            file,
            payloads,
            head,
            seq: 0,
            written: 0,
            lines: Vec::new(),
            unsynced: 0,
            sync: SyncThread::start()?,
            sinks,
        };
        writer.push(Entry::from(Event::SegmentOpened {
            format: JOURNAL_FORMAT.to_owned(),
            run: id.clone(),
            segment: continuation.segment,
            payload_segment: continuation.payload_segment,
            tool: tool.to_owned(),
            parent: continuation.parent,
            dropped_bytes: continuation.dropped_bytes,
        }))?;
        writer.flush()?;
        run.sync()?;
        let (jobs, inbox) = channel();
        let thread = std::thread::Builder::new()
            .name("ledger".to_owned())
            .spawn(move || writer.serve(&inbox))?;
        Ok((Self { jobs }, WriterThread(thread)))
    }

    /// Hands over `entry`. The returned receipt resolves once the entry is written; entries are
    /// written in the order in which this was called.
    pub fn append(&self, entry: impl Into<Entry>) -> Receipt {
        let (acknowledge, receipt) = oneshot::channel();
        // A writer that has ended drops the sender, which the receipt reports.
        drop(self.jobs.send(Job {
            entry: entry.into(),
            acknowledge,
        }));
        Receipt(receipt)
    }
}

/// Resolves when an entry is written.
#[derive(Debug)]
pub struct Receipt(oneshot::Receiver<Result<Option<PayloadRef>, LedgerError>>);

impl Receipt {
    /// Where the entry's payload is, if it had one.
    ///
    /// # Errors
    /// When it could not be written.
    pub async fn written(self) -> Result<Option<PayloadRef>, LedgerError> {
        self.0.await.unwrap_or(Err(LedgerError::Closed))
    }

    /// The same, for threads outside a runtime.
    ///
    /// # Errors
    /// When it could not be written.
    pub fn wait(self) -> Result<Option<PayloadRef>, LedgerError> {
        self.0.blocking_recv().unwrap_or(Err(LedgerError::Closed))
    }
}

struct Writer {
    file: File,
    payloads: PayloadWriter,
    head: Digest,
    seq: u64,
    written: u64,
    lines: Vec<u8>,
    unsynced: usize,
    sync: SyncThread,
    sinks: Vec<Arc<dyn EventSink>>,
}

impl Writer {
    fn serve(mut self, inbox: &Receiver<Job>) -> Result<(), LedgerError> {
        let mut last_sync = Instant::now();
        let mut batch = Vec::new();
        loop {
            match inbox.recv_timeout(SYNC_INTERVAL) {
                Ok(job) => batch.push(job),
                Err(RecvTimeoutError::Timeout) => {}
                Err(RecvTimeoutError::Disconnected) => return self.finish(),
            }
            batch.extend(inbox.try_iter().take(4096));
            let busy = batch.len() >= BUSY;
            if let Err(error) = self.write_batch(&mut batch) {
                self.cut_unfinished();
                for job in batch.into_iter().chain(inbox.iter()) {
                    drop(job.acknowledge.send(Err(error.clone())));
                }
                return Err(error);
            }
            if self.unsynced >= SYNC_BYTES
                || self.unsynced > 0 && last_sync.elapsed() >= SYNC_INTERVAL
            {
                self.sync.request(&self.payloads, &self.file)?;
                self.unsynced = 0;
                last_sync = Instant::now();
            }
            if busy {
                std::thread::sleep(GATHER);
            }
        }
    }

    /// Writes all jobs of `batch`; on failure they stay in it, unacknowledged.
    fn write_batch(&mut self, batch: &mut Vec<Job>) -> Result<(), LedgerError> {
        let mut done = Vec::with_capacity(batch.len());
        for job in batch.iter_mut() {
            let event = Event::Stopped {
                reason: cleanbench_core::event::StopReason::Internal,
                cap: None,
                lag: None,
            };
            let entry = std::mem::replace(&mut job.entry, Entry::from(event));
            done.push(self.push(entry)?);
        }
        self.flush()?;
        for (job, (reference, event)) in batch.drain(..).zip(done) {
            self.sinks.iter().for_each(|sink| sink.event(&event));
            // A call that was aborted no longer waits for its receipt.
            drop(job.acknowledge.send(Ok(reference)));
        }
        Ok(())
    }

    /// Encodes one entry into the pending bytes.
    fn push(&mut self, entry: Entry) -> Result<(Option<PayloadRef>, Event), LedgerError> {
        let mut event = entry.event;
        let mut stored = None;
        if let Some(frame) = entry.frame {
            let reference = self.payloads.push(&frame)?;
            if let Some(slot) = event.payload_slot() {
                *slot = Some(reference);
            }
            stored = Some(reference);
        }
        let at = timestamp();
        let record = Record {
            seq: self.seq,
            at,
            event,
        };
        self.head = record::encode(&record, self.head, &mut self.lines).map_err(io::Error::from)?;
        self.seq += 1;
        Ok((stored, record.event))
    }

    fn flush(&mut self) -> Result<(), LedgerError> {
        self.unsynced += self.lines.len() + self.payloads.pending();
        self.payloads.flush()?;
        self.file.write_all(&self.lines)?;
        self.written += self.lines.len() as u64;
        self.lines.clear();
        Ok(())
    }

    fn finish(mut self) -> Result<(), LedgerError> {
        self.flush()?;
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
    format!("{:.3}", jiff::Timestamp::now())
}
