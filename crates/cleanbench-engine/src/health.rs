//! Whether an endpoint is worth asking on.
//!
//! An endpoint that has never answered is given up at the first error that no call can escape (wrong
//! key, no such host), or after a run of calls that all failed. One that has answered is given up only
//! after a run of failures that are the endpoint's own: calls during which it answered nobody else. A
//! call that failed while others were answered is a stubborn one; such calls come last in a run, one
//! after the other, and are no outage. One that turns everybody away is waited for (`burst.rs`) until patience ends.
//! What was not asked stays open, so the run can be resumed.

use std::sync::atomic::{AtomicU32, AtomicU64, Ordering};
use std::sync::{Mutex, OnceLock, PoisonError};
use std::time::Duration;

use cleanbench_core::event::StopReason;
use cleanbench_core::{CallError, CallErrorKind, Outcome};
use tokio::sync::Notify;

/// Calls that must fail in a row before an endpoint is given up.
const PATIENCE: u32 = 16;

/// The state of one endpoint, shared by all its calls.
#[derive(Debug, Default)]
pub(crate) struct Health {
    answers: AtomicU64,
    failures: AtomicU32,
    given_up: OnceLock<(StopReason, CallError)>,
    gave_up: Notify,
    last: Mutex<Option<CallError>>,
}

impl Health {
    /// Notes that an attempt was answered.
    pub(crate) fn note_answer(&self) {
        self.answers.fetch_add(1, Ordering::Relaxed);
        self.failures.store(0, Ordering::Relaxed);
    }

    /// Answers so far, for [`Health::note_failed_call`].
    pub(crate) fn answers(&self) -> u64 {
        self.answers.load(Ordering::Relaxed)
    }

    /// Notes an error that only a working endpoint gives: it read the request and judged it.
    fn proves_life(kind: CallErrorKind) -> bool {
        matches!(
            kind,
            CallErrorKind::TooLong | CallErrorKind::Censored | CallErrorKind::Unsupported
        )
    }

    /// Notes that an attempt failed. Returns whether the call must stay open because the endpoint is
    /// given up for good.
    ///
    /// `again` says whether the call had failed before: a page instead of an answer may be that of a gateway which is
    /// just starting, so only one that comes again condemns.
    pub(crate) fn note_error(&self, error: &CallError, again: bool) -> bool {
        if Self::proves_life(error.kind) {
            self.note_answer();
        }
        *self.last.lock().unwrap_or_else(PoisonError::into_inner) = Some(error.clone());
        let condemns =
            error.kind.condemns_endpoint() && (again || error.kind != CallErrorKind::NotJson);
        if self.answers() == 0 && condemns {
            self.give_up(StopReason::EndpointRefused, error);
        }
        self.given_up.get().is_some() && error.kind.condemns_endpoint()
    }

    /// Gives the endpoint up, which has turned everybody away for `time`.
    pub(crate) fn give_up_after(&self, time: Duration) {
        let last = self.last.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(last) = last.clone() else { return };
        let seconds = time.as_secs();
        let message = format!(
            "{}; nobody was served for {seconds} s (`--patience` allows more)",
            last.message
        );
        let error = CallError::new(last.kind, message);
        self.give_up(self.reason(), &error);
    }

    /// Why an endpoint is given up that only fails.
    fn reason(&self) -> StopReason {
        if self.answers() > 0 {
            StopReason::Outage
        } else {
            StopReason::EndpointRefused
        }
    }

    /// Resolves once the endpoint is given up.
    pub(crate) async fn gave_up(&self) {
        loop {
            let gave_up = self.gave_up.notified();
            if self.given_up().is_some() {
                return;
            }
            gave_up.await;
        }
    }

    /// Notes that a call ended without an answer. `answers` is how many there were when the call
    /// began.
    pub(crate) fn note_failed_call(&self, outcome: Outcome, error: &CallError, answers: u64) {
        let answered = self.answers() > 0;
        if answers < self.answers() {
            return;
        }
        let of_endpoint = outcome == Outcome::Exhausted || error.kind.condemns_endpoint();
        if answered && !of_endpoint {
            self.failures.store(0, Ordering::Relaxed);
            return;
        }
        if self.failures.fetch_add(1, Ordering::Relaxed) + 1 >= PATIENCE {
            self.give_up(self.reason(), error);
        }
    }

    fn give_up(&self, reason: StopReason, error: &CallError) {
        // Only the first reason counts; later calls fail for the same one.
        drop(self.given_up.set((reason, error.clone())));
        self.gave_up.notify_waiters();
    }

    /// Why the endpoint was given up, if it was.
    pub(crate) fn given_up(&self) -> Option<&(StopReason, CallError)> {
        self.given_up.get()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_wrong_key_is_final_only_before_the_first_answer() {
        let error = CallError::new(CallErrorKind::Auth, "no");
        let fresh = Health::default();
        assert!(fresh.note_error(&error, false));
        assert_eq!(fresh.given_up().unwrap().0, StopReason::EndpointRefused);
        let working = Health::default();
        working.note_answer();
        assert!(!working.note_error(&error, false));
        assert!(working.given_up().is_none());
    }

    #[test]
    fn a_run_of_failures_is_an_outage_and_one_answer_ends_it() {
        let error = CallError::new(CallErrorKind::Overloaded, "503");
        let health = Health::default();
        health.note_answer();
        for _ in 1..PATIENCE {
            health.note_failed_call(Outcome::Exhausted, &error, health.answers());
        }
        health.note_answer();
        for _ in 1..PATIENCE {
            health.note_failed_call(Outcome::Exhausted, &error, health.answers());
        }
        for _ in 0..PATIENCE {
            // Begun before the last answer came to somebody else.
            health.note_failed_call(Outcome::Exhausted, &error, 1);
        }
        assert!(health.given_up().is_none());
        health.note_failed_call(Outcome::Exhausted, &error, health.answers());
        assert_eq!(health.given_up().unwrap().0, StopReason::Outage);
    }

    #[test]
    fn requests_that_are_rejected_one_by_one_do_not_stop_a_working_endpoint() {
        let error = CallError::new(CallErrorKind::TooLong, "too long");
        let health = Health::default();
        health.note_answer();
        for _ in 0..100 {
            health.note_failed_call(Outcome::Refused, &error, health.answers());
        }
        assert!(health.given_up().is_none());
    }
}
