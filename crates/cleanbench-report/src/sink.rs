//! Where artefacts go.

use std::io::Write;

use crate::ReportError;

/// Where files of a report go: into the run directory, beside it for a comparison, or nowhere.
pub trait TableSink {
    /// A destination for the file `name`. Several may be open at once.
    ///
    /// # Errors
    /// When it cannot be opened.
    fn open(&mut self, name: &'static str) -> Result<Box<dyn Write>, ReportError>;
}

/// Keeps nothing.
#[derive(Debug, Clone, Copy, Default)]
pub struct Nowhere;

impl TableSink for Nowhere {
    fn open(&mut self, _name: &'static str) -> Result<Box<dyn Write>, ReportError> {
        Ok(Box::new(std::io::sink()))
    }
}
