//! Loads a suite on a thread of its own, so that nothing in it can hold the program up.
//!
//! The loader bounds what it reads, what templates do and what tasks make of both; the template engine does not account for
//! all of that (lists that are put together again and again are counted only when somebody looks), nor do scorers. What
//! gets through ends here: one record may take only so long and so much memory, and all of them together only what their
//! number explains. Invariant: a suite that is loaded twice is refused twice.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::mpsc::{RecvTimeoutError, channel};
use std::time::Duration;

use cleanbench_core::Exit;
use cleanbench_plan::suite::{LoadedSuite, load_suite};
use cleanbench_plan::{ErrorKind, PlanError};
use cleanbench_suite::{Grants, Pulse};

use crate::failure::Failure;

/// Longest time of the processor without a step forward: a busy machine or a slow disk is no fault of a suite.
const PATIENCE: Duration = Duration::from_secs(3);
/// Most bytes that are taken without a step forward.
const MOST_BYTES: u64 = 400 << 20;
/// Longest time of the processor in all, besides that of records: tasks without end each take a little.
const PATIENCE_IN_ALL: Duration = Duration::from_millis(3_500);
/// Time that each record may take besides: a hundred times what one takes.
const FOR_RECORD: Duration = Duration::from_micros(500);
/// Most bytes that a record may leave behind.
const BYTES_OF_RECORD: u64 = 128;
/// How often that is looked at.
const LOOK: Duration = Duration::from_millis(10);
/// What templates and schemas of a suite may take of the stack.
const STACK: usize = 64 << 20;

/// Loads the suite at `named`, else the one in `folder`.
pub(crate) fn load_bounded(
    named: Option<&Path>,
    folder: &Path,
    grants: Grants,
) -> Result<LoadedSuite, Failure> {
    let pulse = Arc::new(Pulse::default());
    let (named, folder) = (named.map(Path::to_owned), folder.to_owned());
    let shown = named.clone().unwrap_or_else(|| PathBuf::from("."));
    let (sender, receiver) = channel();
    let seen = Arc::clone(&pulse);
    let thread = std::thread::Builder::new()
        .name("loader".to_owned())
        .stack_size(STACK)
        .spawn(move || {
            let loaded = load_suite(named.as_deref(), &folder, &grants, &seen);
            // Nobody waits any more where the suite was given up.
            drop(sender.send(loaded));
        })
        .map_err(|error| Failure::new(Exit::Internal, format!("no thread: {error}")))?;
    let mut watch = Watch::new();
    loop {
        match receiver.recv_timeout(LOOK) {
            Ok(loaded) => return Ok(loaded?),
            Err(RecvTimeoutError::Timeout) => watch.look(pulse.count(), &shown)?,
            Err(RecvTimeoutError::Disconnected) => break,
        }
    }
    match thread.join() {
        Err(panic) => std::panic::resume_unwind(panic),
        Ok(()) => Err(Failure::new(Exit::Internal, "the loader said nothing")),
    }
}

/// What the process had used up at a moment.
#[derive(Clone, Copy)]
struct Used {
    time: Duration,
    bytes: u64,
}

impl Used {
    fn now() -> Self {
        Self {
            time: used(),
            bytes: resident(),
        }
    }

    /// What was used up from `before` on, where that is more than `time` or `bytes`.
    fn beyond(self, before: Self, time: Duration, bytes: u64) -> Option<String> {
        if self.bytes.saturating_sub(before.bytes) > bytes {
            return Some(format!("more than {} MiB of memory", bytes >> 20));
        }
        let is_long = self.time.saturating_sub(before.time) > time;
        is_long.then(|| format!("more than {:.0} s of work", time.as_secs_f64()))
    }
}

/// When the last step forward was seen, and what was used up then and at the beginning.
struct Watch {
    count: u64,
    last: Used,
    first: Used,
}

impl Watch {
    fn new() -> Self {
        let now = Used::now();
        Self {
            count: 0,
            last: now,
            first: now,
        }
    }

    fn look(&mut self, count: u64, suite: &Path) -> Result<(), PlanError> {
        let now = Used::now();
        if let Some(what) = self.too_much(count, now) {
            let what = format!(
                "the suite `{}` takes {what} at record {count} of its data, or before the first one, and was given up",
                suite.display()
            );
            let hint = "look for a template that puts lists or texts together again and again, for large schemas and patterns, and for tasks that repeat them";
            return Err(PlanError::new(ErrorKind::SuiteInvalid, what).hint(hint));
        }
        if count != self.count {
            self.count = count;
            self.last = now;
        }
        Ok(())
    }

    /// What was used up since the last step forward, or in all, where that is too much.
    fn too_much(&self, count: u64, now: Used) -> Option<String> {
        if count == self.count
            && let Some(what) = now.beyond(self.last, PATIENCE, MOST_BYTES)
        {
            return Some(what);
        }
        let records = u32::try_from(count).unwrap_or(u32::MAX);
        let time = PATIENCE_IN_ALL.saturating_add(FOR_RECORD.saturating_mul(records));
        let bytes = MOST_BYTES.saturating_add(count.saturating_mul(BYTES_OF_RECORD));
        now.beyond(self.first, time, bytes)
    }
}

/// Time of the processor that the process has used.
fn used() -> Duration {
    let time = rustix::time::clock_gettime(rustix::time::ClockId::ProcessCPUTime);
    Duration::try_from(time).unwrap_or_default()
}

/// Memory that the process has at the moment, in bytes; 0 where that cannot be told.
fn resident() -> u64 {
    /// Bytes of a page, where the system does not say otherwise.
    const PAGE: u64 = 4_096;
    let text = fs_err::read_to_string("/proc/self/statm").unwrap_or_default();
    let pages = text.split(' ').nth(1).and_then(|pages| pages.parse().ok());
    pages.unwrap_or(0_u64).saturating_mul(PAGE)
}
