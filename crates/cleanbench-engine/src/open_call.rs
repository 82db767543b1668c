//! A call that is under way, with everything that it is made of.
//!
//! It holds and does nothing: `call.rs` makes the call, `attempt_end.rs` ends its attempts, `settle.rs` takes up
//! one that another writer began.

use cleanbench_ledger::samples::SampleContent;

use crate::attempt::Call;
use crate::context::Context;
use crate::slot::ModelSlot;

/// A call that is under way, with everything that it is made of.
#[derive(Clone, Copy)]
pub(crate) struct OpenCall<'a> {
    pub(crate) context: &'a Context,
    pub(crate) slot: &'a ModelSlot,
    pub(crate) content: &'a SampleContent,
    pub(crate) call: Call,
}
