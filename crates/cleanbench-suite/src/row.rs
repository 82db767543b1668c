//! One record of a data file, taken apart.

use std::borrow::Cow;
use std::path::Path;
use std::sync::Arc;

use crate::diagnostic::{Document, Fault};
use crate::draft::Draft;
use crate::place::Place;

/// One record.
pub(crate) struct Row<'a> {
    pub(crate) place: Place,
    pub(crate) text: Cow<'a, str>,
    /// None when the record could not be taken apart.
    pub(crate) draft: Option<Draft>,
    pub(crate) faults: Vec<Fault>,
    /// What looks odd, and is no fault.
    pub(crate) doubts: Vec<Fault>,
    /// False for a header, and for a fault of the file.
    pub(crate) is_sample: bool,
    /// Names of the columns that are there, as far as the first record shows them.
    pub(crate) columns: Arc<[String]>,
}

impl Row<'_> {
    /// Its text, for faults.
    pub(crate) fn document<'a>(&'a self, path: &'a Path) -> Document<'a> {
        Document {
            path,
            text: &self.text,
            line: self.place.line,
            column: self.place.column,
        }
    }
}
