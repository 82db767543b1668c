//! From a run directory to tables, and back to the question whether they are true.
//!
//! Invariant: everything here is a pure function of the run directory. The same directory gives the
//! same bytes, whatever the number of threads; no network, no clock.
//!
//! [`Recording::open`] reads the plan; [`pass::draw`] reads the journal once and feeds all artefacts;
//! [`tables::write_all`] keeps them and closes `run.json`; [`verify::verify`] recomputes all of it and names
//! every place that differs.

mod artefacts;
mod attempt;
pub mod ci;
mod columns;
pub mod contamination;
pub mod detail;
mod drawn;
mod error;
mod every_row;
mod findings;
pub mod flakes;
pub mod follow_up;
pub mod gates;
mod lookup;
mod notes;
pub mod pass;
mod reasons;
pub mod recording;
pub mod rerun;
pub mod rows;
mod scan;
mod sink;
mod slices;
pub mod summary;
pub mod tables;
pub mod times;
mod unread;
pub mod verify;

pub use artefacts::columns_page;
pub use artefacts::summary::summary_json;
pub use cleanbench_probe::registry::is_check;
pub use cleanbench_text::{cell, foreign};
pub use contamination::references::{OnControls, Referenced};
pub use contamination::validity::ModelValidity;
pub use contamination::{Contamination, Gap, Judged, TaskVerdict};
pub use error::ReportError;
pub use every_row::every_row;
pub use findings::{Report, is_gated};
pub use reasons::Reason;
pub use recording::{Recording, probe_of};
pub use sink::{Nowhere, TableSink};
pub use summary::{AnswerCounts, SliceRow, Summary, SummaryRow};
pub use times::{Distribution, Latency};
pub use unread::Unread;
