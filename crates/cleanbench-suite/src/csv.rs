//! CSV after RFC 4180, with whatever stands between cells, split with the position of every cell.
//!
//! The splitter is our own because a diagnostic needs the line and column of a cell, and an unclosed
//! quote or text after a closing quote must be faults; a test compares it with the `csv` crate.

use std::borrow::Cow;
use std::collections::HashSet;

use serde_json::Value;

use crate::at::At;
use crate::choices;
use crate::diagnostic::Fault;
use crate::draft::{Draft, not_yet};
use crate::field::Field;
use crate::fields::{Fields, Meaning, letter_columns, which_column};
use crate::words::shown;

/// Most cells of a row.
const MOST_CELLS: usize = 10_000;

/// One cell: the bounds of its content in the record, quotes left out.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Cell {
    pub(crate) start: usize,
    end: usize,
    /// Whether there are doubled quotes in it.
    doubled: bool,
}

impl Cell {
    pub(crate) fn text(self, record: &str) -> Cow<'_, str> {
        let text = &record[self.start..self.end];
        if self.doubled {
            Cow::Owned(text.replace("\"\"", "\""))
        } else {
            Cow::Borrowed(text)
        }
    }
}

impl Cell {
    /// Its text in a record that need not be UTF-8; quotes in it may be doubled.
    pub(crate) fn lossy(self, record: &[u8]) -> Cow<'_, str> {
        String::from_utf8_lossy(&record[self.start..self.end])
    }
}

#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
enum State {
    #[default]
    Start,
    Plain,
    Quoted,
    /// After a quote within a quoted cell: its end, or the first of two.
    Closed,
}

/// Splits one record; fed line by line until it is complete.
#[derive(Debug)]
pub(crate) struct Splitter {
    separator: u8,
    state: State,
    pub(crate) cells: Vec<Cell>,
    pub(crate) fault: Option<Fault>,
    start: usize,
    doubled: bool,
    read: usize,
}

impl Splitter {
    /// Splits at `separator`, an ASCII character.
    pub(crate) fn new(separator: u8) -> Self {
        Self {
            separator,
            state: State::Start,
            cells: Vec::new(),
            fault: None,
            start: 0,
            doubled: false,
            read: 0,
        }
    }

    pub(crate) fn reset(&mut self) {
        let mut cells = std::mem::take(&mut self.cells);
        cells.clear();
        *self = Self {
            cells,
            ..Self::new(self.separator)
        };
    }

    /// Reads what was appended to `record` since the last call; true when the record is complete.
    pub(crate) fn feed(&mut self, record: &[u8]) -> bool {
        for (at, byte) in record.iter().enumerate().skip(self.read) {
            match (self.state, byte) {
                (State::Quoted, b'"') => self.state = State::Closed,
                (State::Quoted, _) => {}
                (State::Closed, b'"') => {
                    self.state = State::Quoted;
                    self.doubled = true;
                }
                (_, byte) if *byte == self.separator => self.end_cell(record, at),
                (_, b'\n') => {
                    self.end_cell(record, at);
                    return true;
                }
                (State::Start, b'"') => {
                    self.state = State::Quoted;
                    self.start = at + 1;
                }
                (State::Closed, b'\r') if record.get(at + 1) == Some(&b'\n') => {}
                (State::Closed, _) => {
                    let fault = Fault::new(at, "text after the closing quote of a cell");
                    self.fault
                        .get_or_insert(fault.hint("double a quote within a quoted cell"));
                    self.state = State::Plain;
                }
                (State::Start | State::Plain, _) => self.state = State::Plain,
            }
        }
        self.read = record.len();
        false
    }

    /// Ends the record at the end of the file.
    pub(crate) fn end_of_file(&mut self, record: &[u8]) {
        if self.state == State::Quoted {
            let at = self.start.saturating_sub(1);
            self.fault = Some(Fault::new(at, "this quote is never closed"));
        }
        self.end_cell(record, record.len());
    }

    fn end_cell(&mut self, record: &[u8], at: usize) {
        let content = &record[self.start..at];
        let content = content
            .strip_suffix(b"\r")
            .filter(|_| record.get(at) == Some(&b'\n'));
        let mut end = content.map_or(at, |content| self.start + content.len());
        if self.state == State::Closed {
            end -= 1;
        }
        if self.cells.len() < MOST_CELLS {
            self.cells.push(Cell {
                start: self.start,
                end,
                doubled: self.doubled,
            });
        } else {
            self.fault.get_or_insert_with(|| {
                Fault::new(at, format!("a row of more than {MOST_CELLS} cells"))
            });
        }
        self.start = at + 1;
        self.doubled = false;
        self.state = State::Start;
    }
}

/// What a column holds.
#[derive(Debug, Clone, Default, PartialEq)]
struct Column {
    /// What the task takes from it: fields with their names, and where it stands among the columns that the task names.
    mapped: Vec<Mapped>,
    /// What its name says, where the task takes nothing from it.
    meaning: Option<Meaning>,
}

#[derive(Debug, Clone, PartialEq)]
struct Mapped {
    position: usize,
    what: What,
}

#[derive(Debug, Clone, PartialEq)]
enum What {
    Field(Field),
    /// The option at this place.
    Option(usize),
    Metadata(String),
}

/// The columns of a file.
#[derive(Debug)]
pub(crate) struct Layout {
    columns: Vec<Column>,
    /// Options that the task takes from columns of their own.
    options: usize,
    /// Whether the first row is a sample already.
    pub(crate) headerless: bool,
}

/// A header as it is read.
struct Header<'a> {
    names: Vec<Cow<'a, str>>,
    cells: &'a [Cell],
    fields: &'a Fields,
}

impl Layout {
    /// The layout that the first row gives. None when no sample can be read with it.
    pub(crate) fn from_first_row(
        record: &str,
        cells: &[Cell],
        fields: &Fields,
        findings: &mut Findings,
    ) -> Option<Self> {
        let names: Vec<_> = cells.iter().map(|cell| cell.text(record)).collect();
        if is_headerless(&names, fields) {
            return Some(Self::headerless(names.len()));
        }
        let header = Header {
            names,
            cells,
            fields,
        };
        let columns = header.columns(findings);
        let is_fine = header.check_named(findings) && header.check_input(&columns, findings);
        is_fine.then_some(Self {
            columns,
            options: fields.options.len(),
            headerless: false,
        })
    }

    fn headerless(columns: usize) -> Self {
        let of = |meaning| Column {
            mapped: Vec::new(),
            meaning: Some(meaning),
        };
        let mut all = vec![of(Meaning::Option); columns];
        all[0] = of(Meaning::Field(Field::Input, "question"));
        all[columns - 1] = of(Meaning::Field(Field::Target, "answer"));
        Self {
            columns: all,
            options: 0,
            headerless: true,
        }
    }

    /// Reads one row.
    pub(crate) fn draft(
        &self,
        record: &str,
        cells: &[Cell],
        fields: &Fields,
        faults: &mut Vec<Fault>,
    ) -> Option<Draft> {
        if cells.len() != self.columns.len() {
            faults.push(self.ragged(record, cells));
            return None;
        }
        let mut row = RowDraft::new(self.options);
        for (cell, column) in cells.iter().zip(&self.columns) {
            let text = At {
                value: cell.text(record),
                at: cell.start,
            };
            for mapped in &column.mapped {
                row.draft.meet(mapped.position);
                faults.extend(row.take(&mapped.what, &text).err());
            }
            if let Some(meaning) = &column.meaning {
                faults.extend(row.take_by_name(meaning, &text).err());
            }
        }
        Some(row.finish(fields, faults))
    }

    fn ragged(&self, record: &str, cells: &[Cell]) -> Fault {
        let (expected, found) = (self.columns.len(), cells.len());
        let at = cells
            .get(expected)
            .map_or(record.trim_end().len(), |cell| cell.start);
        let message = format!("expected {expected} cells, found {found}");
        Fault::new(at, message).hint(
            "put a cell that holds what stands between cells, or a line feed, in double quotes",
        )
    }
}

/// What was found in a header.
#[derive(Debug, Default)]
pub(crate) struct Findings {
    pub(crate) faults: Vec<Fault>,
    pub(crate) doubts: Vec<Fault>,
}

impl Header<'_> {
    fn columns(&self, findings: &mut Findings) -> Vec<Column> {
        let letters = letter_columns(&self.names.iter().map(|name| &**name));
        let mut columns = Vec::with_capacity(self.cells.len());
        let mut seen = HashSet::new();
        for (cell, name) in self.cells.iter().zip(&self.names) {
            if !name.trim().is_empty() && !seen.insert(name.trim()) {
                let message = format!("duplicate column {}", shown(name.trim()));
                findings.faults.push(Fault::new(cell.start, message));
                columns.push(Column::default());
                continue;
            }
            let mapped = mapped(name, self.fields);
            let meaning = if self.fields.takes(name) {
                None
            } else {
                self.meaning(name, cell.start, letters, findings)
            };
            columns.push(Column { mapped, meaning });
        }
        columns
    }

    fn meaning(
        &self,
        name: &str,
        at: usize,
        letters: usize,
        findings: &mut Findings,
    ) -> Option<Meaning> {
        let meaning = self.fields.meaning(name, at, letters);
        let meaning = meaning.and_then(|meaning| match meaning {
            Meaning::Field(field, known) if field.is_refused() => {
                Err(not_yet(&format!("`{known}`"), at))
            }
            meaning => Ok(meaning),
        });
        match meaning {
            // What the task names as metadata is taken as such.
            Ok(Meaning::Metadata(_)) if self.fields.metadata.is_some() => None,
            Ok(meaning) => {
                if matches!(meaning, Meaning::Metadata(_)) {
                    findings.doubts.extend(self.fields.doubt(name, at));
                }
                Some(meaning)
            }
            Err(fault) => {
                findings.faults.push(fault);
                None
            }
        }
    }

    /// Every column that the task names must be there: false where one is not.
    fn check_named(&self, findings: &mut Findings) -> bool {
        let before = findings.faults.len();
        for column in self.fields.columns() {
            if !self.names.iter().any(|name| column.is_named(name)) {
                let message = format!("no column {} in the header", shown(&column.name.value));
                let hint = "`fields` of the task names it";
                findings.faults.push(Fault::new(0, message).hint(format!(
                    "{hint}; the columns are {}",
                    crate::words::shown_list(self.names.iter().map(|name| &**name), 20)
                )));
            }
        }
        findings.faults.len() == before
    }

    /// Whether a row can be read: false where no column is the question.
    fn check_input(&self, columns: &[Column], findings: &mut Findings) -> bool {
        let has = |wanted: Field| {
            columns.iter().any(|column| {
                let of_name =
                    matches!(column.meaning, Some(Meaning::Field(field, _)) if field == wanted);
                of_name
                    || column
                        .mapped
                        .iter()
                        .any(|mapped| mapped.what == What::Field(wanted))
            })
        };
        let readable = has(Field::Input) || has(Field::Messages);
        // A column that the task names and that is not there was told of.
        let is_told = self.fields.maps(Field::Input) || self.fields.maps(Field::Messages);
        if !readable && !is_told {
            let names: Vec<_> = self
                .names
                .iter()
                .map(|name| name.trim().to_owned())
                .collect();
            findings.faults.push(
                Fault::new(0, "no column `input` in the header")
                    .hint(which_column(Field::Input, &names)),
            );
        }
        readable
    }
}

/// What the task takes from the column `name`.
fn mapped(name: &str, fields: &Fields) -> Vec<Mapped> {
    let single = fields.single.iter();
    let single = single.map(|(field, column)| (column, What::Field(*field)));
    let options = fields.options.iter().enumerate();
    let options = options.map(|(place, column)| (column, What::Option(place)));
    let metadata = fields.metadata.iter().flatten();
    let metadata = metadata.map(|column| (column, What::Metadata(column.last().to_owned())));
    let all = single.chain(options).chain(metadata);
    let own = all.filter(|(column, _)| column.is_named(name));
    own.map(|(column, what)| Mapped {
        position: column.position,
        what,
    })
    .collect()
}

/// A row while its cells are taken.
struct RowDraft {
    draft: Draft,
    /// Options from columns that the task names, in its order.
    mapped: Vec<At<String>>,
    /// Options from columns with letters.
    lettered: Vec<At<String>>,
}

impl RowDraft {
    fn new(options: usize) -> Self {
        let none = At {
            value: String::new(),
            at: 0,
        };
        Self {
            draft: Draft::default(),
            mapped: vec![none; options],
            lettered: Vec::new(),
        }
    }

    fn take(&mut self, what: &What, text: &At<Cow<'_, str>>) -> Result<(), Fault> {
        match what {
            What::Field(field) => self.set(*field, field.name(), text),
            What::Option(place) => {
                self.mapped[*place] = owned(text);
                Ok(())
            }
            What::Metadata(name) => self.keep(name, text),
        }
    }

    fn take_by_name(&mut self, meaning: &Meaning, text: &At<Cow<'_, str>>) -> Result<(), Fault> {
        match meaning {
            Meaning::Nothing => Ok(()),
            Meaning::Option => {
                self.lettered.push(owned(text));
                Ok(())
            }
            Meaning::Metadata(name) => self.keep(name, text),
            Meaning::Field(field, name) => self.set(*field, name, text),
        }
    }

    fn keep(&mut self, name: &str, text: &At<Cow<'_, str>>) -> Result<(), Fault> {
        let value = Value::from(text.value.as_ref());
        self.draft.set_metadata(name, value, text.at)
    }

    /// An empty cell says nothing.
    fn set(
        &mut self,
        field: Field,
        name: &'static str,
        text: &At<Cow<'_, str>>,
    ) -> Result<(), Fault> {
        if text.value.is_empty() {
            return Ok(());
        }
        self.draft.claim(field, name, text.at)?;
        self.draft
            .set_text(field, text.value.clone().into_owned(), text.at)
    }

    fn finish(mut self, fields: &Fields, faults: &mut Vec<Fault>) -> Draft {
        faults.extend(self.draft.set_options(self.mapped).err());
        faults.extend(self.draft.set_options(self.lettered).err());
        self.draft.read_target(fields, faults);
        self.draft
    }
}

fn owned(text: &At<Cow<'_, str>>) -> At<String> {
    At {
        value: text.value.clone().into_owned(),
        at: text.at,
    }
}

/// The layout of the published MMLU files: question, options, letter of the answer, no header.
fn is_headerless(names: &[Cow<'_, str>], fields: &Fields) -> bool {
    let options = names.len().saturating_sub(2);
    let last = names.last().map_or("", |name| name.trim());
    options >= 2
        && last.len() == 1
        && choices::index_of_letter(last, options).is_some()
        && fields.columns().next().is_none()
        && !names.iter().any(|name| Field::named(name).is_some())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn split(text: &str) -> (Vec<Vec<String>>, Option<Fault>) {
        let (mut rows, mut fault, mut rest) = (Vec::new(), None, text);
        while !rest.is_empty() && fault.is_none() {
            let mut splitter = Splitter::new(b',');
            let mut length = 0;
            loop {
                length += rest[length..]
                    .find('\n')
                    .map_or(rest.len() - length, |at| at + 1);
                if splitter.feed(&rest.as_bytes()[..length]) {
                    break;
                }
                if length == rest.len() {
                    splitter.end_of_file(rest.as_bytes());
                    break;
                }
            }
            let cells = splitter.cells.iter();
            rows.push(cells.map(|cell| cell.text(rest).into_owned()).collect());
            fault = splitter.fault;
            rest = &rest[length..];
        }
        (rows, fault)
    }

    #[test]
    fn cells_are_those_that_the_csv_crate_finds() {
        for text in [
            "a,b\n1,2\n",
            "a,b\r\n1,\r\n,2",
            "\"a,\"\"x\"\"\",b\n\"line\nline\r\n\",\"\"\n",
            "a\"b,c\nd,\"e\"\r\n",
            "\"\"\"\",\"\"\"\"\"\"\n\" x \",y",
            "é,\"ü\n\"\n",
        ] {
            let mut builder = ::csv::ReaderBuilder::new();
            let mut reader = builder
                .has_headers(false)
                .flexible(true)
                .from_reader(text.as_bytes());
            let expected: Vec<Vec<String>> = reader
                .records()
                .map(|record| record.unwrap().iter().map(str::to_owned).collect())
                .collect();
            assert_eq!(split(text), (expected, None), "{text:?}");
        }
    }

    #[test]
    fn broken_quotes_are_faults() {
        for (text, at, message) in [
            ("a,\"b\nc", 2, "this quote is never closed"),
            ("\"a\"b,c\n", 3, "text after the closing quote of a cell"),
        ] {
            let fault = split(text).1.unwrap();
            assert_eq!((fault.at, fault.message.as_str()), (at, message));
        }
    }

    #[test]
    fn only_rows_like_mmlu_are_taken_for_headerless() {
        let check = |row: &[&str]| {
            let names: Vec<_> = row.iter().map(|name| Cow::Borrowed(*name)).collect();
            is_headerless(&names, &Fields::default())
        };
        assert!(check(&["2 + 2?", "3", "4", "5", "6", "B"]));
        assert!(check(&["Is it?", "yes", "no", "B"]));
        assert!(!check(&["question", "A", "B", "C", "D", "answer"]));
        assert!(!check(&["Q", "yes", "no", "C"]), "no third option");
        assert!(!check(&["Q", "yes", "A"]), "one option");
        assert!(!check(&["input", "x", "y", "A"]));
    }
}
