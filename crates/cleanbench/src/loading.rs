//! Loads a suite on a thread of its own, so that nothing in it can hold the program up.
//!
//! The loader bounds what it reads and what templates do; the template engine does not account for all of that (lists
//! that are put together again and again are counted only when somebody looks). What gets through ends here: one record
//! may take only so long and so much memory. Invariant: a suite that is loaded twice is refused twice.

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

/// When the last step forward was seen, and what memory was taken then.
struct Watch {
    count: u64,
    since: Duration,
    bytes: u64,
}

impl Watch {
    fn new() -> Self {
        Self {
            count: 0,
            since: used(),
            bytes: resident(),
        }
    }

    fn look(&mut self, count: u64, suite: &Path) -> Result<(), PlanError> {
        let bytes = resident();
        if count != self.count {
            *self = Self {
                count,
                since: used(),
                bytes,
            };
            return Ok(());
        }
        let what = if bytes.saturating_sub(self.bytes) > MOST_BYTES {
            format!("more than {} MiB of memory", MOST_BYTES >> 20)
        } else if used().saturating_sub(self.since) > PATIENCE {
            format!("more than {} s of work", PATIENCE.as_secs())
        } else {
            return Ok(());
        };
        let what = format!(
            "the suite `{}` takes {what} at record {count} of its data, or before the first one, and was given up",
            suite.display()
        );
        Err(PlanError::new(ErrorKind::SuiteInvalid, what)
            .hint("look for a template that puts lists or texts together again and again"))
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
