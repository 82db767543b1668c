//! The records of one data file, one after the other, as drafts of samples.
//!
//! Invariant: one record is in memory at a time; a faulty record does not stop the next one, except
//! where its end cannot be known; whatever the format, a record becomes a [`Draft`] by the same rules.

use std::borrow::Cow;
use std::io;
use std::os::unix::fs::MetadataExt as _;
use std::sync::Arc;

use cleanbench_core::Digest;
use cleanbench_files::Taken;

use crate::diagnostic::Fault;
use crate::draft::Draft;
use crate::fields::Fields;
use crate::folder::{DataSource, SuiteFolder};
use crate::json;
use crate::json_rows::{JsonDocument, is_document};
use crate::lines::Lines;
use crate::parquet_rows::ParquetRows;
use crate::place::{Place, Stop};
use crate::row::Row;
use crate::source::{Format, Source, kind_of};
use crate::table_rows::TableRows;

/// Which file it is, whatever name leads to it: its disk, and its number there.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct FileIdentity {
    disk: u64,
    number: u64,
}

/// Bytes of a block, as file systems count them.
const BLOCK: u64 = 512;

/// What takes a file apart.
enum Reader {
    Lines(Lines),
    Document(Box<JsonDocument>),
    Table(Box<TableRows>),
    Parquet(Box<ParquetRows>),
}

pub(crate) struct Rows {
    identity: FileIdentity,
    /// Bytes that it takes on the disk, and how many of it were read.
    stored: u64,
    taken: Taken,
    reader: Reader,
    fields: Arc<Fields>,
    columns: Arc<[String]>,
    buffer: Vec<u8>,
    /// Where the last record stood.
    last: u32,
    done: bool,
}

impl Rows {
    /// Opens `file`, whose name must say a known format. What its columns are `fields` say, and their names.
    pub(crate) fn open(
        folder: &SuiteFolder,
        file: &DataSource,
        fields: &Arc<Fields>,
    ) -> io::Result<Self> {
        let (format, packing) = kind_of(&file.path).map_err(io::Error::other)?;
        let file = folder.data(file)?;
        let status = file.file().metadata()?;
        let identity = FileIdentity {
            disk: status.dev(),
            number: status.ino(),
        };
        let taken = file.taken();
        let reader = if format == Format::Parquet {
            Reader::Parquet(Box::new(ParquetRows::open(file)?))
        } else {
            text_reader(Source::open(file, packing)?, format)
        };
        Ok(Self {
            identity,
            stored: status.blocks().saturating_mul(BLOCK),
            taken,
            reader,
            fields: Arc::clone(fields),
            columns: Arc::new([]),
            buffer: Vec::new(),
            last: 0,
            done: false,
        })
    }

    /// The next record; None at the end.
    pub(crate) fn next_row(&mut self) -> Option<Row<'_>> {
        if self.done {
            return None;
        }
        let found = match &mut self.reader {
            Reader::Lines(lines) => lines.read(&mut self.buffer),
            Reader::Document(document) => document.read(&mut self.buffer, &self.fields),
            Reader::Table(table) => table.read(&mut self.buffer),
            Reader::Parquet(rows) => rows.read(&mut self.buffer),
        };
        match found {
            Ok(Some(place)) => {
                self.last = place.number;
                Some(self.row(place))
            }
            Ok(None) => {
                self.done = true;
                None
            }
            Err(stop) => {
                self.done = true;
                Some(self.fault_row(stop))
            }
        }
    }

    pub(crate) fn identity(&self) -> FileIdentity {
        self.identity
    }

    /// How many bytes of the file were read so far that lie on a disk: holes in it are none.
    pub(crate) fn bytes_on_disk(&self) -> u64 {
        self.taken.bytes().min(self.stored)
    }

    /// Digest of the file's bytes; whole once [`Rows::next_row`] returned None without a fault of
    /// the file before.
    pub(crate) fn digest(&self) -> Digest {
        match &self.reader {
            Reader::Lines(lines) => lines.source.digest(),
            Reader::Document(document) => document.source.digest(),
            Reader::Table(table) => table.lines.source.digest(),
            Reader::Parquet(rows) => rows.digest(),
        }
    }

    /// What was there and could not be read, though nothing was wrong with its record: a sentence each.
    pub(crate) fn lost(&self) -> Vec<String> {
        match &self.reader {
            Reader::Parquet(rows) => rows.lost(),
            Reader::Lines(_) | Reader::Document(_) | Reader::Table(_) => Vec::new(),
        }
    }

    /// How many lines were read; of what has no lines of its own, how many records.
    pub(crate) fn lines(&self) -> u32 {
        match &self.reader {
            Reader::Lines(lines) => lines.count(),
            Reader::Table(table) => table.lines.count(),
            Reader::Document(_) | Reader::Parquet(_) => self.last,
        }
    }

    /// Whether records are counted, and not the lines at which they stand.
    pub(crate) fn counts_records(&self) -> bool {
        matches!(self.reader, Reader::Document(_) | Reader::Parquet(_))
    }

    fn row(&mut self, place: Place) -> Row<'_> {
        let mut row = text_row(&self.buffer, place);
        match &mut self.reader {
            Reader::Table(table) => {
                table.fill(&mut row, &self.fields);
                self.done = table.is_hopeless();
                self.columns = table.columns();
            }
            _ => fill_from_json(&mut row, &self.fields),
        }
        if self.columns.is_empty() {
            self.columns = columns_of(&row.text);
        }
        row.columns = Arc::clone(&self.columns);
        row
    }

    fn fault_row(&self, stop: Stop) -> Row<'static> {
        Row {
            place: stop.place,
            text: Cow::Owned(stop.text),
            draft: None,
            faults: vec![stop.fault],
            doubts: Vec::new(),
            is_sample: false,
            columns: Arc::clone(&self.columns),
        }
    }
}

fn text_reader(mut source: Source, format: Format) -> Reader {
    let head = source.take_head();
    match format {
        Format::Csv | Format::Tsv => Reader::Table(Box::new(TableRows::new(source, format, &head))),
        _ if is_document(&head, format) => Reader::Document(Box::new(JsonDocument::new(source))),
        _ => Reader::Lines(Lines::new(source)),
    }
}

fn fill_from_json(row: &mut Row<'_>, fields: &Fields) {
    if !row.faults.is_empty() {
        return;
    }
    let text = row.text.trim_end();
    match json::size_fault(text) {
        Some(fault) => row.faults.push(fault),
        None => row.draft = Draft::from_json(text, fields, &mut row.faults),
    }
    if let Some(draft) = &mut row.draft {
        row.doubts.append(&mut draft.doubts);
    }
}

/// The keys of a record.
fn columns_of(text: &str) -> Arc<[String]> {
    let raw = json::Raw {
        text: text.trim_end(),
        at: 0,
    };
    let entries = raw.entries("a sample").unwrap_or_default();
    let keys = entries.into_iter().map(|entry| entry.key.into_owned());
    keys.take(1_000).collect()
}

/// A row that has its text, and a fault where that is not UTF-8.
fn text_row(bytes: &[u8], place: Place) -> Row<'_> {
    let text = String::from_utf8_lossy(bytes);
    let mut faults = Vec::new();
    if let (Cow::Owned(_), Err(error)) = (&text, std::str::from_utf8(bytes)) {
        let at = error.valid_up_to();
        let message = format!("invalid UTF-8: byte 0x{:02x}", bytes[at]);
        let hint = "save the file as UTF-8 (spreadsheets call it \"CSV UTF-8\")";
        faults.push(Fault::new(at, message).hint(hint));
    }
    Row {
        place,
        text,
        draft: None,
        faults,
        doubts: Vec::new(),
        is_sample: true,
        columns: Arc::new([]),
    }
}
