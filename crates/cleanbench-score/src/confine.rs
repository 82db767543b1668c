//! Judging in a process of its own, where a library cannot be bounded from within.
//!
//! Limits that are the same on every machine decide (steps, bytes, lengths); a scorer refuses what exceeds them. What
//! escapes them all meets the limits of a child of this very program, [`serve`]: seconds of the processor, memory, and
//! the end of its parent. Such a judgement has the reason [`cleanbench_core::score::RAN_OUT`] or
//! [`cleanbench_core::score::BROKE_OFF`].
//!
//! Invariant: a child judges one answer at a time, so that the memory that it takes depends on that answer alone.
//! Without [`start`], as in tests of libraries, everything is judged in this process.

pub(crate) mod confined;
mod limits;
mod message;
mod pool;
mod serving;

pub use pool::start;
pub use serving::serve;
