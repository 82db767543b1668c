//! An attempt whose reply, or the lack of one, is on record: what everything after it starts from.
//!
//! Invariant: but for how often the endpoint had answered by then, it is made only of what the journal holds.

use cleanbench_core::{CallError, CallErrorKind, Completion, Model, Reply};

use crate::attempt::Attempt;
use crate::reading;

/// An attempt whose reply, or the lack of one, is on record.
pub(crate) struct Recorded<'a> {
    pub(crate) attempt: Attempt,
    /// The body that was sent.
    pub(crate) body: &'a [u8],
    pub(crate) reply: Option<Reply>,
    pub(crate) error: Option<CallError>,
    /// Answers of the endpoint when the call began.
    pub(crate) answers_before: u64,
    /// Whether the reply is one of an earlier run.
    pub(crate) is_cached: bool,
}

impl Recorded<'_> {
    /// An attempt of a call that there is no way to express, for the reason `error`.
    pub(crate) fn unsent(attempt: Attempt, error: CallError) -> Self {
        Self {
            attempt,
            body: &[],
            reply: None,
            error: Some(error),
            answers_before: 0,
            is_cached: false,
        }
    }

    /// What `model` reads in it.
    pub(crate) fn read(&self, model: &dyn Model) -> Result<Completion, CallError> {
        if let Some(error) = &self.error {
            return Err(error.clone());
        }
        match &self.reply {
            Some(reply) => reading::read(model, self.body, reply),
            None => Err(CallError::new(
                CallErrorKind::Broken,
                "no reply was recorded",
            )),
        }
    }
}
