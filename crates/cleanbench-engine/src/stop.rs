//! Stopping in two steps: first no new calls, then no calls at all.

use tokio::sync::watch;

/// How firmly to stop. Only ever rises.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum StopLevel {
    /// Go on.
    Run,
    /// Start no new attempt; let those in flight end.
    Drain,
    /// Drop what is in flight.
    Abort,
}

/// Raises the level.
#[derive(Debug, Clone)]
pub struct StopHandle(watch::Sender<StopLevel>);

/// Watches the level.
#[derive(Debug, Clone)]
pub struct StopSignal(watch::Receiver<StopLevel>);

/// A handle and the signal that it controls.
pub fn stop_pair() -> (StopHandle, StopSignal) {
    let (sender, receiver) = watch::channel(StopLevel::Run);
    (StopHandle(sender), StopSignal(receiver))
}

impl StopHandle {
    /// Raises the level by one step and returns the new one.
    pub fn escalate(&self) -> StopLevel {
        self.0.send_modify(|level| {
            *level = if *level == StopLevel::Run {
                StopLevel::Drain
            } else {
                StopLevel::Abort
            };
        });
        *self.0.borrow()
    }
}

impl StopSignal {
    /// The level now.
    pub fn level(&self) -> StopLevel {
        *self.0.borrow()
    }

    /// Resolves once the level is at least `level`; never if the handle is gone before that.
    pub async fn reached(&self, level: StopLevel) {
        let mut receiver = self.0.clone();
        if receiver.wait_for(|now| *now >= level).await.is_err() {
            std::future::pending::<()>().await;
        }
    }
}
