//! From a run directory to tables, and back to the question whether they are true.
//!
//! Invariant: everything here is a pure function of the run directory. The same directory gives the
//! same bytes, whatever the number of threads; no network, no clock.
//!
//! [`Recording::open`] reads the journal once; [`tables::write_all`] writes the CSV files and closes
//! `run.json`; [`verify::verify`] recomputes all of it and names every place that differs.

pub mod ci;
pub mod contamination;
pub mod detail;
mod error;
pub mod flakes;
pub mod follow_up;
pub mod gates;
pub mod notation;
mod notes;
pub mod recording;
pub mod rerun;
pub mod rows;
mod scan;
mod slices;
pub mod summary;
pub mod tables;
mod tally;
pub mod times;
mod verdicts;
pub mod verify;

pub use cleanbench_text::cell;
pub use contamination::{Contamination, Gap, Judged, TaskVerdict};
pub use error::ReportError;
pub use recording::Recording;
pub use summary::{AnswerCounts, SliceRow, Summary, SummaryRow};
pub use tally::{Estimated, TOO_FEW_CLUSTERS};
pub use times::{Distribution, Latency};
