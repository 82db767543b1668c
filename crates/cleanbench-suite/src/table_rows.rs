//! The rows of a table: what stands between cells is told from its beginning, what columns are from its first row.

use std::sync::Arc;

use crate::csv::{Findings, Layout, Splitter};
use crate::fields::Fields;
use crate::lines::Lines;
use crate::place::{Place, Stop};
use crate::row::Row;
use crate::separator::Beginning;
use crate::source::{Format, Source};

/// Reads a table.
pub(crate) struct TableRows {
    pub(crate) lines: Lines,
    splitter: Splitter,
    /// Whether the next line says what stands between cells, and is no row.
    is_said: bool,
    layout: Option<Layout>,
    columns: Arc<[String]>,
    /// Whether the first row was read.
    has_begun: bool,
}

impl TableRows {
    /// A table that begins with `head`.
    pub(crate) fn new(source: Source, format: Format, head: &[u8]) -> Self {
        let mut beginning = Beginning::of(head);
        if format == Format::Tsv && !beginning.is_said {
            beginning.separator = b'\t';
        }
        Self {
            lines: Lines::new(source),
            splitter: Splitter::new(beginning.separator),
            is_said: beginning.is_said,
            layout: None,
            columns: Arc::new([]),
            has_begun: false,
        }
    }

    /// Puts the next row into `buffer`; `None` at the end.
    pub(crate) fn read(&mut self, buffer: &mut Vec<u8>) -> Result<Option<Place>, Stop> {
        if std::mem::take(&mut self.is_said) {
            self.lines.read(buffer)?;
        }
        let splitter = &mut self.splitter;
        self.lines.read_by(buffer, |lines, buffer| {
            splitter.reset();
            while lines.append(buffer)? {
                if splitter.feed(buffer) {
                    return Ok(true);
                }
            }
            if buffer.is_empty() {
                return Ok(false);
            }
            splitter.end_of_file(buffer);
            Ok(true)
        })
    }

    /// Takes the row apart that was read last.
    pub(crate) fn fill(&mut self, row: &mut Row<'_>, fields: &Fields) {
        row.faults.extend(self.splitter.fault.take());
        if !std::mem::replace(&mut self.has_begun, true) {
            row.is_sample = false;
            if row.faults.is_empty() {
                self.begin(row, fields);
            }
        }
        if let Some(layout) = &self.layout
            && row.is_sample
            && row.faults.is_empty()
        {
            row.draft = layout.draft(&row.text, &self.splitter.cells, fields, &mut row.faults);
        }
        if let Some(draft) = &mut row.draft {
            row.doubts.append(&mut draft.doubts);
        }
    }

    fn begin(&mut self, row: &mut Row<'_>, fields: &Fields) {
        let cells = &self.splitter.cells;
        let mut findings = Findings::default();
        self.layout = Layout::from_first_row(&row.text, cells, fields, &mut findings);
        row.faults.append(&mut findings.faults);
        row.doubts.append(&mut findings.doubts);
        row.is_sample = self.layout.as_ref().is_some_and(|layout| layout.headerless);
        if !row.is_sample {
            let names = cells
                .iter()
                .map(|cell| cell.text(&row.text).trim().to_owned());
            self.columns = names.filter(|name| !name.is_empty()).collect();
        }
    }

    /// Whether nothing can be read because of its first row.
    pub(crate) fn is_hopeless(&self) -> bool {
        self.has_begun && self.layout.is_none()
    }

    /// Names of its columns.
    pub(crate) fn columns(&self) -> Arc<[String]> {
        Arc::clone(&self.columns)
    }
}
