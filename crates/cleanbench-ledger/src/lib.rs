//! The run directory: what a run leaves behind, so written that it survives anything.
//!
//! ```text
//! run.json            the plan, fixed before the first call; at the end the heads of the journal
//! samples.jsonl       one line a sample: digests, and where its content is
//! batches/NNNNN.jsonl the same for calls that were planned later
//! journal/NNNNN.jsonl append-only, hash-chained, one writer a segment
//! payloads/NNNN.seg   one salted frame a payload, compressed unless it is short
//! inputs/             foreign facts: the suite's manifest and key, price tables, baselines
//! ```
//!
//! Invariants: a record is written before it is acknowledged, and a payload before the record that
//! refers to it; cutting any file at any byte loses at most what was not yet acknowledged; every byte
//! of a finished run is covered by a check.
//!
//! This crate stores and finds. It does not know what an answer or a score means.

pub mod ahead;
pub mod answers;
pub mod batches;
mod compact;
pub mod directory;
pub mod draft;
mod error;
pub mod files;
pub mod manifest;
pub mod merge;
pub mod note;
pub mod parts;
pub mod payload;
pub mod plan_check;
mod queue;
pub mod reader;
pub mod record;
pub mod recovery;
pub mod replay;
pub mod reporting;
pub mod samples;
pub mod show_index;
mod sync;
mod turns;
pub mod writer;

pub use directory::RunDirectory;
pub use error::{Damage, LedgerError};
pub use manifest::{Manifest, Plan};
pub use payload::{Frame, PayloadReader};
pub use reader::{JournalReader, Location, Tail};
pub use replay::ReplaySource;
pub use samples::{SampleRow, SampleRows};
pub use turns::Turns;
pub use writer::{Entry, Ledger, Receipt};
