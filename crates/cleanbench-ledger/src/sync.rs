//! Making files durable in the background.
//!
//! Invariant: a sync that failed is never forgotten; it fails the next request or check.

use std::io;
use std::sync::mpsc::{SyncSender, sync_channel};
use std::sync::{Arc, Mutex, PoisonError};

use fs_err::File;

/// Makes files durable without holding up the writer. The operating system reports a failed sync only
/// once, so the first one is kept and fails the next request.
#[derive(Debug)]
pub(crate) struct SyncThread {
    requests: SyncSender<(File, File)>,
    failure: Arc<Mutex<Option<io::Error>>>,
}

impl SyncThread {
    pub(crate) fn start() -> io::Result<Self> {
        let (requests, inbox) = sync_channel::<(File, File)>(1);
        let failure = Arc::new(Mutex::new(None));
        let noted = Arc::clone(&failure);
        std::thread::Builder::new()
            .name("ledger-sync".to_owned())
            .spawn(move || {
                for (payloads, journal) in inbox {
                    if let Err(error) = payloads.sync_data().and_then(|()| journal.sync_data()) {
                        noted
                            .lock()
                            .unwrap_or_else(PoisonError::into_inner)
                            .get_or_insert(error);
                    }
                }
            })?;
        Ok(Self { requests, failure })
    }

    /// Asks for a sync, waiting if two are already under way.
    pub(crate) fn request(&self, payloads: File, journal: &File) -> io::Result<()> {
        self.check()?;
        let files = (payloads, journal.try_clone()?);
        self.requests
            .send(files)
            .map_err(|_| io::Error::other("the sync thread has ended"))
    }

    /// The first sync that failed, if one did.
    pub(crate) fn check(&self) -> io::Result<()> {
        self.failure
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .take()
            .map_or(Ok(()), Err)
    }
}
