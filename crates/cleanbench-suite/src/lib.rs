//! The task loader: a folder with `suite.toml` and data files becomes a validated [`Suite`].
//!
//! [`load`] reads everything once, streaming, and collects *all* faults as [`Diagnostic`]s with file,
//! line and column; only a suite without errors is handed on. [`Task::samples`] then streams the
//! samples again, rendered into messages by the same code, and ends with an error when the files
//! are not the ones that were validated.
//!
//! Invariants: memory grows by at most about 24 bytes per sample (identities), freed after loading;
//! a sample's label is never weaker than its task's, and a task without a label is private; no
//! template can see a target; a column that is no field of a sample is metadata, and one that is nearly called
//! `sensitivity` is refused, never ignored; what a target means is never guessed.
//!
//! Refused: fields that this version does not implement, whatever lies outside of the suite's folder and was
//! not named by the user, what is no regular file, templates that include other files, images by address, schemas
//! with references out of themselves.

mod at;
mod balance;
mod boxed;
mod choice_forms;
mod choices;
mod constraint_table;
mod constraints;
mod csv;
mod data_file;
mod data_pass;
mod diagnostic;
mod draft;
mod effort;
mod fewshot;
mod fewshot_pass;
mod fewshot_table;
mod field;
mod fields;
mod fields_table;
mod files;
mod folder;
mod gate_table;
mod grouping;
mod identities;
mod images;
mod json;
mod json_array;
mod json_rows;
mod lines;
mod load;
mod log;
mod manifest;
mod messages;
mod named_data;
mod number_form;
mod parquet_bounds;
mod parquet_column;
mod parquet_record;
mod parquet_rows;
mod parquet_schema;
mod parquet_value;
mod place;
mod places;
mod probe_table;
mod prompt;
mod pulse;
mod quarantine;
mod reading;
mod reading_keys;
mod row;
mod rows;
mod schema;
mod scorer_entry;
mod separator;
mod shuffle;
mod source;
mod stream;
mod suite;
mod table_rows;
mod tally;
mod target_form;
mod task_table;
mod template_size;
mod toml_escape;
mod toml_read;
mod wording;
mod words;
mod written;

use std::path::{Path, PathBuf};

pub use data_file::DataFile;
pub use diagnostic::{Diagnostic, Severity};
pub use fewshot::FewShot;
pub use folder::{Grants, NamedData};
pub use images::ImageSet;
pub use load::{Catalog, Loaded, load};
pub use manifest::models_of;
pub use parquet_rows::decodes_foreign_bytes;
pub use probe_table::DEFAULT_ITEMS;
pub use prompt::TEMPLATE_ENGINE;
pub use pulse::Pulse;
pub use quarantine::QUARANTINE;
pub use stream::{LoadError, Rendered, Samples};
pub use suite::{Control, ProbeUse, Quarantine, QuarantinedSample, Suite, Task};
pub use tally::Tally;

/// Name of the manifest within a suite's folder.
pub const MANIFEST: &str = "suite.toml";

/// Where a suite in `dir` keeps its secret digest key. The loader never reads this file, and never
/// takes it for data.
pub fn suite_key_path(dir: &Path) -> PathBuf {
    dir.join("suite.key")
}
