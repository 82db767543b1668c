//! Connections that wait for the next request.
//!
//! Invariant: none is handed out that the server has closed as far as this machine knows, or that has
//! waited longer than [`KEEP_IDLE`]. There are never more than were in use at once.

use std::collections::VecDeque;
use std::sync::{Mutex, PoisonError};
use std::time::Instant;

use super::connection::Connection;
use crate::KEEP_IDLE;

/// Idle connections, the one that was used last at the back.
#[derive(Debug)]
pub(super) struct Idle {
    keeps: bool,
    waiting: Mutex<VecDeque<(Instant, Connection)>>,
}

impl Idle {
    /// A place for idle connections; one that keeps none unless `keeps`.
    pub(super) fn new(keeps: bool) -> Self {
        Self {
            keeps,
            waiting: Mutex::default(),
        }
    }

    /// The connection that was used last, if one is usable.
    pub(super) fn take(&self) -> Option<Connection> {
        loop {
            let last = self.locked(VecDeque::pop_back);
            let (since, connection) = last?;
            if since.elapsed() < KEEP_IDLE && connection.is_quiet() {
                return Some(connection);
            }
        }
    }

    /// Keeps `connection` for the next request, and closes those that have waited too long.
    pub(super) fn put(&self, mut connection: Connection) {
        if !self.keeps {
            return;
        }
        connection.shrink();
        let now = Instant::now();
        let old = self.locked(|waiting| {
            waiting.push_back((now, connection));
            let is_old = |(since, _): &(Instant, _)| now.duration_since(*since) >= KEEP_IDLE;
            let count = waiting.iter().take_while(|one| is_old(one)).count();
            waiting.drain(..count).collect::<Vec<_>>()
        });
        drop(old);
    }

    fn locked<T>(&self, change: impl FnOnce(&mut VecDeque<(Instant, Connection)>) -> T) -> T {
        change(&mut self.waiting.lock().unwrap_or_else(PoisonError::into_inner))
    }
}
