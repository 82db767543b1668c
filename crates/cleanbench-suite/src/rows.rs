//! The records of one data file, one after the other, as drafts of samples.
//!
//! Invariant: one record is in memory at a time; a faulty record does not stop the next one, except
//! where its end cannot be known.

use std::borrow::Cow;
use std::io;
use std::os::unix::fs::MetadataExt as _;

use cleanbench_core::Digest;

use crate::csv::{Layout, Splitter};
use crate::diagnostic::Fault;
use crate::draft::Draft;
use crate::folder::{DataSource, SuiteFolder};
use crate::json;
use crate::source::{Format, Source, kind_of};

/// Most blank lines of a file.
const MOST_BLANK: u64 = 1_000_000;

/// Which file it is, whatever name leads to it: its disk, and its number there.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct FileIdentity {
    disk: u64,
    number: u64,
}

pub(crate) struct Rows {
    identity: FileIdentity,
    source: Source,
    format: Format,
    buffer: Vec<u8>,
    splitter: Splitter,
    layout: Option<Layout>,
    /// Number of lines read so far.
    lines: u32,
    /// Number of blank ones among them.
    blank: u64,
    done: bool,
}

/// One record.
pub(crate) struct Row<'a> {
    /// Line at which it starts, from 1.
    pub(crate) line: u32,
    pub(crate) text: Cow<'a, str>,
    /// None when the record could not be taken apart.
    pub(crate) draft: Option<Draft>,
    pub(crate) faults: Vec<Fault>,
    /// False for a header, and for a fault of the file.
    pub(crate) is_sample: bool,
}

impl Rows {
    /// Opens `file`, whose name must say a known format.
    pub(crate) fn open(folder: &SuiteFolder, file: &DataSource) -> io::Result<Self> {
        let (format, packing) = kind_of(&file.path).map_err(io::Error::other)?;
        let file = folder.data(file)?;
        let status = file.file().metadata()?;
        Ok(Self {
            identity: FileIdentity {
                disk: status.dev(),
                number: status.ino(),
            },
            source: Source::open(file, packing)?,
            format,
            buffer: Vec::new(),
            splitter: Splitter::default(),
            layout: None,
            lines: 0,
            blank: 0,
            done: false,
        })
    }

    /// The next record; None at the end.
    pub(crate) fn next_row(&mut self) -> Option<Row<'_>> {
        if self.done {
            return None;
        }
        let first = self.lines + 1;
        match self.read_record() {
            Ok(Some(line)) => Some(match self.format {
                Format::Jsonl => self.json_row(line),
                Format::Csv => self.csv_row(line),
            }),
            Ok(None) => {
                self.done = true;
                None
            }
            Err(error) => {
                self.done = true;
                let message = format!("cannot read on: {error}");
                Some(fault_row(first, Fault::new(0, message)))
            }
        }
    }

    pub(crate) fn identity(&self) -> FileIdentity {
        self.identity
    }

    /// Digest of the file's bytes; whole once [`Rows::next_row`] returned None without a fault of
    /// the file before.
    pub(crate) fn digest(&self) -> Digest {
        self.source.digest()
    }

    /// How many lines were read.
    pub(crate) fn lines(&self) -> u32 {
        self.lines
    }

    /// Fills the buffer with the next record that is not blank; gives its line.
    fn read_record(&mut self) -> io::Result<Option<u32>> {
        if self.lines == 0 && self.source.is_utf16()? {
            return Err(io::Error::other("the file is UTF-16; save it as UTF-8"));
        }
        loop {
            self.buffer.clear();
            let line = self.lines + 1;
            let found = match self.format {
                Format::Jsonl => self.read_line()?,
                Format::Csv => self.read_csv()?,
            };
            if !found {
                return Ok(None);
            }
            if !self.buffer.trim_ascii().is_empty() {
                return Ok(Some(line));
            }
            self.blank += 1;
            if self.blank > MOST_BLANK {
                let message = format!("more than {MOST_BLANK} lines are blank");
                return Err(io::Error::other(message));
            }
        }
    }

    fn read_line(&mut self) -> io::Result<bool> {
        let found = self.source.line(&mut self.buffer)?;
        self.lines = self.lines.saturating_add(u32::from(found));
        Ok(found)
    }

    fn read_csv(&mut self) -> io::Result<bool> {
        self.splitter.reset();
        while self.read_line()? {
            if self.splitter.feed(&self.buffer) {
                return Ok(true);
            }
        }
        if self.buffer.is_empty() {
            return Ok(false);
        }
        self.splitter.end_of_file(&self.buffer);
        Ok(true)
    }

    fn json_row(&mut self, line: u32) -> Row<'_> {
        let mut row = text_row(&self.buffer, line);
        if row.faults.is_empty() {
            let text = row.text.trim_end();
            row.draft = match json::size_fault(text) {
                None => Draft::from_json(text, &mut row.faults),
                Some(fault) => {
                    row.faults.push(fault);
                    None
                }
            };
            if matches!(text, "[" | "{" | "[{")
                && let Some(fault) = row.faults.first_mut()
            {
                fault.hint = Some("a .jsonl file holds one object a line".to_owned());
                self.done = true;
            }
        }
        row
    }

    fn csv_row(&mut self, line: u32) -> Row<'_> {
        let mut row = text_row(&self.buffer, line);
        row.faults.extend(self.splitter.fault.take());
        let cells = &self.splitter.cells;
        if self.layout.is_none() {
            if row.faults.is_empty() {
                self.layout = Layout::from_first_row(&row.text, cells, &mut row.faults);
            }
            row.is_sample = self.layout.as_ref().is_some_and(|layout| layout.headerless);
            self.done = self.layout.is_none();
        }
        if let Some(layout) = &self.layout
            && row.is_sample
            && row.faults.is_empty()
        {
            row.draft = layout.draft(&row.text, cells, &mut row.faults);
        }
        row
    }
}

/// A row that has its text, and a fault where that is not UTF-8.
fn text_row(bytes: &[u8], line: u32) -> Row<'_> {
    let text = String::from_utf8_lossy(bytes);
    let mut faults = Vec::new();
    if let (Cow::Owned(_), Err(error)) = (&text, std::str::from_utf8(bytes)) {
        let at = error.valid_up_to();
        let message = format!("invalid UTF-8: byte 0x{:02x}", bytes[at]);
        faults.push(Fault::new(at, message).hint("save the file as UTF-8"));
    }
    Row {
        line,
        text,
        draft: None,
        faults,
        is_sample: true,
    }
}

fn fault_row(line: u32, fault: Fault) -> Row<'static> {
    Row {
        line,
        text: Cow::Borrowed(""),
        draft: None,
        faults: vec![fault],
        is_sample: false,
    }
}
