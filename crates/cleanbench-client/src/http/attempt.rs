//! What is known of one attempt while it goes on, and the body of its answer while it comes.
//!
//! Invariant: whatever arrived is kept, also where the rest does not come.

use std::time::Instant;

use cleanbench_core::model::Sent;
use cleanbench_core::{CallError, CallErrorKind, Reply, Timing};
use cleanbench_model::{Endpoint, FirstToken};

/// Largest body that is kept, in bytes. A completion of a million tokens has a tenth of it.
pub(super) const LARGEST_BODY: usize = 64 << 20;

/// One attempt.
pub(super) struct Attempt {
    begun: Instant,
    timing: Timing,
    reply: Option<Reply>,
}

impl Attempt {
    pub(super) fn begin() -> Self {
        Self {
            begun: Instant::now(),
            timing: Timing::default(),
            reply: None,
        }
    }

    /// Microseconds since it began.
    pub(super) fn elapsed(&self) -> u64 {
        micros(self.begun)
    }

    /// What has arrived.
    pub(super) fn reply_mut(&mut self) -> Option<&mut Reply> {
        self.reply.as_mut()
    }

    /// Notes that the head of the answer has come; its body is taken in from here.
    pub(super) fn take_in<'a>(&'a mut self, reply: Reply, endpoint: &'a Endpoint) -> Intake<'a> {
        self.timing.headers = Some(self.elapsed());
        Intake {
            begun: self.begun,
            timing: &mut self.timing,
            reply: self.reply.insert(reply),
            endpoint,
            first_token: FirstToken::new(endpoint.profile.protocol),
        }
    }

    pub(super) fn fail(self, error: CallError) -> Sent {
        self.end(Some(error))
    }

    pub(super) fn end(mut self, error: Option<CallError>) -> Sent {
        self.timing.end = self.elapsed();
        Sent {
            reply: self.reply,
            error,
            timing: self.timing,
        }
    }
}

/// Takes in the body of an answer while it comes.
pub(super) struct Intake<'a> {
    begun: Instant,
    timing: &'a mut Timing,
    reply: &'a mut Reply,
    endpoint: &'a Endpoint,
    first_token: FirstToken,
}

impl Intake<'_> {
    /// Adds the next bytes, as far as there is room.
    ///
    /// # Errors
    /// When the body is larger than [`LARGEST_BODY`].
    pub(super) fn add(&mut self, chunk: &[u8]) -> Result<(), CallError> {
        if self.timing.first_byte.is_none() && !chunk.is_empty() {
            self.timing.first_byte = Some(micros(self.begun));
        }
        if self.endpoint.stream {
            self.note_first(chunk);
        }
        let room = LARGEST_BODY - self.reply.body.len();
        let taken = &chunk[..chunk.len().min(room)];
        self.reply.body.extend_from_slice(taken);
        if chunk.len() > room {
            return Err(too_large(self.endpoint));
        }
        Ok(())
    }

    /// Notes the time of what is seen for the first time.
    fn note_first(&mut self, chunk: &[u8]) {
        let seen = self.first_token.see(chunk);
        let now = || micros(self.begun);
        if seen.reasoning && self.timing.first_reasoning.is_none() {
            self.timing.first_reasoning = Some(now());
        }
        if seen.answer && self.timing.first_answer.is_none() {
            self.timing.first_answer = Some(now());
        }
    }
}

fn too_large(endpoint: &Endpoint) -> CallError {
    let host = endpoint.host();
    let message = format!(
        "{host}: body larger than {} MiB; set `max_tokens`",
        LARGEST_BODY >> 20
    );
    CallError::new(CallErrorKind::Malformed, message)
}

fn micros(since: Instant) -> u64 {
    u64::try_from(since.elapsed().as_micros()).unwrap_or(u64::MAX)
}
