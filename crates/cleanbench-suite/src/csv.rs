//! CSV after RFC 4180, split with the position of every cell.
//!
//! The splitter is our own because a diagnostic needs the line and column of a cell, and an unclosed
//! quote or text after a closing quote must be faults; a test compares it with the `csv` crate.

use std::borrow::Cow;
use std::collections::HashSet;

use crate::choices;
use crate::diagnostic::Fault;
use crate::draft::{Draft, not_yet};
use crate::field::Field;
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
#[derive(Debug, Default)]
pub(crate) struct Splitter {
    state: State,
    pub(crate) cells: Vec<Cell>,
    pub(crate) fault: Option<Fault>,
    start: usize,
    doubled: bool,
    read: usize,
}

impl Splitter {
    pub(crate) fn reset(&mut self) {
        let mut cells = std::mem::take(&mut self.cells);
        cells.clear();
        *self = Self {
            cells,
            ..Self::default()
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
                (_, b',') => self.end_cell(record, at),
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
#[derive(Debug, Clone, PartialEq, Eq)]
enum Column {
    Field(Field, &'static str),
    /// An option of a multiple-choice sample.
    Option,
    Metadata(String),
    /// A column that was found faulty in the header.
    Ignored,
}

/// The columns of a file.
#[derive(Debug)]
pub(crate) struct Layout {
    columns: Vec<Column>,
    /// Whether the first row is a sample already.
    pub(crate) headerless: bool,
}

impl Layout {
    /// The layout that the first row gives. None when no sample can be read with it.
    pub(crate) fn from_first_row(
        record: &str,
        cells: &[Cell],
        faults: &mut Vec<Fault>,
    ) -> Option<Self> {
        let names: Vec<_> = cells.iter().map(|cell| cell.text(record)).collect();
        if is_headerless(&names) {
            return Some(Self::headerless(names.len()));
        }
        let letters = letter_columns(&names);
        let mut columns = Vec::with_capacity(cells.len());
        let mut seen = HashSet::new();
        for (cell, name) in cells.iter().zip(&names) {
            let column = column(name, cell.start, letters);
            columns.push(column.unwrap_or_else(|fault| {
                faults.push(fault);
                Column::Ignored
            }));
            if !seen.insert(name) {
                let message = format!("duplicate column {}", shown(name));
                faults.push(Fault::new(cell.start, message));
            }
        }
        check_columns(cells, &columns, faults).then_some(Self {
            columns,
            headerless: false,
        })
    }

    fn headerless(columns: usize) -> Self {
        let mut all = vec![Column::Option; columns];
        all[0] = Column::Field(Field::Input, "question");
        all[columns - 1] = Column::Field(Field::Target, "answer");
        Self {
            columns: all,
            headerless: true,
        }
    }

    /// Reads one row.
    pub(crate) fn draft(
        &self,
        record: &str,
        cells: &[Cell],
        faults: &mut Vec<Fault>,
    ) -> Option<Draft> {
        if cells.len() != self.columns.len() {
            faults.push(self.ragged(record, cells));
            return None;
        }
        let mut draft = Draft::default();
        let mut options = Vec::new();
        for (cell, column) in cells.iter().zip(&self.columns) {
            let text = cell.text(record);
            let result = match column {
                Column::Ignored => Ok(()),
                Column::Option => {
                    options.push((text.into_owned(), cell.start));
                    Ok(())
                }
                Column::Metadata(name) => {
                    draft.set_metadata(name, text.into_owned());
                    Ok(())
                }
                Column::Field(..) if text.is_empty() => Ok(()),
                Column::Field(field, name) => draft
                    .claim(*field, name, cell.start)
                    .and_then(|()| draft.set_text(*field, text.into_owned(), cell.start)),
            };
            faults.extend(result.err());
        }
        faults.extend(set_options(&mut draft, options).err());
        Some(draft)
    }

    fn ragged(&self, record: &str, cells: &[Cell]) -> Fault {
        let (expected, found) = (self.columns.len(), cells.len());
        let at = cells
            .get(expected)
            .map_or(record.trim_end().len(), |cell| cell.start);
        let message = format!("expected {expected} cells, found {found}");
        Fault::new(at, message)
            .hint("put a cell that holds a comma or a line feed in double quotes")
    }
}

/// The layout of the published MMLU files: question, options, letter of the answer, no header.
fn is_headerless(names: &[Cow<'_, str>]) -> bool {
    let options = names.len().saturating_sub(2);
    let last = names.last().map_or("", |name| name.trim());
    options >= 2
        && last.len() == 1
        && choices::index_of_letter(last, options).is_some()
        && !names.iter().any(|name| Field::named(name).is_some())
}

/// How many columns `A`, `B`, … hold options; 0 unless there are at least two.
fn letter_columns(names: &[Cow<'_, str>]) -> usize {
    let present = |index: &usize| names.iter().any(|name| *name == choices::letter(*index));
    let count = (0..26).take_while(present).count();
    if count >= 2 { count } else { 0 }
}

fn column(name: &str, at: usize, letters: usize) -> Result<Column, Fault> {
    if let Some((field, known)) = Field::named(name) {
        if field.is_refused() {
            return Err(not_yet(&format!("`{known}`"), at));
        }
        return Ok(Column::Field(field, known));
    }
    if name.trim().is_empty() {
        return Err(Fault::new(at, "a column without a name"));
    }
    if name.len() == 1
        && name.bytes().all(|byte| byte.is_ascii_uppercase())
        && choices::index_of_letter(name, letters).is_some()
    {
        return Ok(Column::Option);
    }
    if let Some(free) = name
        .strip_prefix("metadata.")
        .filter(|free| !free.is_empty())
    {
        return Ok(Column::Metadata(free.to_owned()));
    }
    match Field::near(name.trim()) {
        Some(near) => Err(
            Fault::new(at, format!("unknown column {}", shown(name))).hint(format!(
                "did you mean `{near}`? name a free column `metadata.{}`",
                name.trim()
            )),
        ),
        None => Ok(Column::Metadata(name.to_owned())),
    }
}

/// Checks the header as a whole; false when no row can be read with it.
fn check_columns(cells: &[Cell], columns: &[Column], faults: &mut Vec<Fault>) -> bool {
    let has = |wanted: Field| {
        let is_wanted =
            |column: &Column| matches!(column, Column::Field(field, _) if *field == wanted);
        columns.iter().position(is_wanted)
    };
    if let (Some(index), true) = (has(Field::Choices), columns.contains(&Column::Option)) {
        let message = "both a column of choices and columns `A`, `B`, …";
        faults.push(Fault::new(cells[index].start, message).hint("keep one of them"));
    }
    let readable = has(Field::Input).or(has(Field::Messages)).is_some();
    if !readable {
        faults.push(
            Fault::new(0, "no column `input` in the header")
                .hint("name one `input` (or `question`, `prompt`, `query`)"),
        );
    }
    readable
}

/// Options from columns of their own: empty cells at the end are fewer options.
fn set_options(draft: &mut Draft, mut options: Vec<(String, usize)>) -> Result<(), Fault> {
    while options.last().is_some_and(|(text, _)| text.is_empty()) {
        options.pop();
    }
    let Some((_, at)) = options.first() else {
        return Ok(());
    };
    let at = *at;
    if let Some(gap) = options.iter().position(|(text, _)| text.is_empty()) {
        let message = format!(
            "option {} is empty but a later one is not",
            choices::letter(gap)
        );
        return Err(Fault::new(options[gap].1, message));
    }
    draft.set_choices(options.into_iter().map(|(text, _)| text).collect(), at)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn split(text: &str) -> (Vec<Vec<String>>, Option<Fault>) {
        let (mut rows, mut fault, mut rest) = (Vec::new(), None, text);
        while !rest.is_empty() && fault.is_none() {
            let mut splitter = Splitter::default();
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
            is_headerless(&names)
        };
        assert!(check(&["2 + 2?", "3", "4", "5", "6", "B"]));
        assert!(check(&["Is it?", "yes", "no", "B"]));
        assert!(!check(&["question", "A", "B", "C", "D", "answer"]));
        assert!(!check(&["Q", "yes", "no", "C"]), "no third option");
        assert!(!check(&["Q", "yes", "A"]), "one option");
        assert!(!check(&["input", "x", "y", "A"]));
    }
}
