//! Reading a reply, whether it has just arrived, was found at resume, or is one of an earlier run.
//!
//! Invariant: a reader that panics ends in an error like any other, and never in the run.

use std::panic::{AssertUnwindSafe, catch_unwind};

use cleanbench_core::{CallError, CallErrorKind, Completion, Model, Reply};

/// What `model` reads in its `reply` to `body`.
pub(crate) fn read(model: &dyn Model, body: &[u8], reply: &Reply) -> Result<Completion, CallError> {
    catch_unwind(AssertUnwindSafe(|| model.read(body, reply))).unwrap_or_else(|_| {
        Err(CallError::new(
            CallErrorKind::Panic,
            "reading the reply panicked",
        ))
    })
}
