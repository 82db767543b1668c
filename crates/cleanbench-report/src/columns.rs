//! Tables as lists of columns: from one list come a table's CSV, its lines in JSON and its part of
//! `docs/format/columns.md`, so that none of them can lack what another has.
//!
//! Invariant: a column that came with a later version of the tables stands behind all earlier ones, and a run
//! keeps the columns of the version under which it was planned.

use std::borrow::Cow;
use std::fmt::Write as _;
use std::io::Write;

use cleanbench_core::Digest;
use cleanbench_ledger::manifest::TABLES;
use csv::Writer;
use serde_json::{Map, Value};

use crate::{ReportError, cell};
use cleanbench_text::markdown::{Heading, table};

/// Columns that CSV files get with the next version of the tables; no run has them yet.
pub(crate) const NEXT: u32 = TABLES + 1;
/// The confidence of every interval in these tables.
pub(crate) const CONFIDENCE: Cell<'static> = Cell::Number(0.95);

/// What stands in a cell.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Cell<'a> {
    /// What is not known, which is never 0.
    Missing,
    /// What somebody else wrote: cut and defused for whoever reads it.
    Text(&'a str),
    /// A word or a list of words of this program's own.
    Word(Cow<'a, str>),
    /// A count.
    Count(u64),
    /// A count of one kind of several, left out of JSON where there is none of the kind.
    Occurrences(u64),
    /// A number, in the shortest form that reads back the same.
    Number(f64),
    /// Microseconds, told as milliseconds to the nearest microsecond.
    Micros(f64),
    /// A digest.
    Digest(Digest),
}

impl<'a> Cell<'a> {
    /// A word of this program's own.
    pub(crate) fn word(word: impl Into<Cow<'a, str>>) -> Self {
        Self::Word(word.into())
    }

    /// What `value` prints; nothing where it is not known.
    pub(crate) fn shown(value: Option<impl ToString>) -> Self {
        value.map_or(Self::Missing, |value| Self::Word(value.to_string().into()))
    }

    /// A text, or nothing.
    pub(crate) fn text(text: Option<&'a str>) -> Self {
        text.map_or(Self::Missing, Self::Text)
    }

    /// A count, or nothing.
    pub(crate) fn count(count: Option<u64>) -> Self {
        count.map_or(Self::Missing, Self::Count)
    }

    /// A number, or nothing.
    pub(crate) fn number(number: Option<f64>) -> Self {
        number.map_or(Self::Missing, Self::Number)
    }

    /// Microseconds, or nothing.
    pub(crate) fn micros(micros: Option<f64>) -> Self {
        micros.map_or(Self::Missing, Self::Micros)
    }

    /// Whole microseconds, or nothing.
    #[expect(
        clippy::cast_precision_loss,
        reason = "285 years have 2^53 microseconds"
    )]
    pub(crate) fn whole_micros(micros: Option<u64>) -> Self {
        Self::micros(micros.map(|micros| micros as f64))
    }

    /// Appends the text of a CSV cell to `out`.
    fn write_csv(&self, out: &mut String) {
        // Writing to a string cannot fail.
        let _infallible = match self {
            Self::Missing => Ok(()),
            Self::Text(text) => out.write_str(&cell::text(text)),
            Self::Word(word) => out.write_str(word),
            Self::Count(count) | Self::Occurrences(count) => write!(out, "{count}"),
            Self::Number(number) => write!(out, "{number}"),
            Self::Micros(micros) => write!(out, "{:.3}", micros / 1_000.0),
            Self::Digest(digest) => out.write_str(digest.digits(&mut [0; 64])),
        };
    }

    /// The value in JSON; `None` where it is left out.
    fn json(&self) -> Option<Value> {
        Some(match self {
            Self::Missing => Value::Null,
            Self::Occurrences(0) => return None,
            Self::Text(text) => Value::from(*text),
            Self::Word(word) => Value::from(word.as_ref()),
            Self::Count(count) | Self::Occurrences(count) => Value::from(*count),
            Self::Number(number) => Value::from(*number),
            Self::Micros(micros) => Value::from(micros / 1_000.0),
            Self::Digest(digest) => Value::from(digest.to_string()),
        })
    }
}

/// What a table's lines are drawn from.
pub(crate) trait Table: Sized + 'static {
    /// What a line is drawn from.
    type Line<'a>;
    /// Name of the file.
    const FILE: &'static str;
    /// What a line is of, a noun phrase.
    const LINE: &'static str;
    /// All columns, in order.
    const COLUMNS: &'static [Column<Self>];
}

/// A column of a table.
pub(crate) struct Column<T: Table> {
    name: &'static str,
    /// The version of the tables with which it came.
    since: u32,
    /// Where it stands in JSON: members of objects with dots between, none where it is `name`.
    json: &'static [&'static str],
    /// What it is, in one sentence, with its unit.
    says: &'static str,
    cell: for<'a> fn(&'a T::Line<'a>) -> Cell<'a>,
}

impl<T: Table> Column<T> {
    /// A column that every version of the tables has.
    pub(crate) const fn new(
        name: &'static str,
        says: &'static str,
        cell: for<'a> fn(&'a T::Line<'a>) -> Cell<'a>,
    ) -> Self {
        let (since, json) = (1, &[] as &[_]);
        Self {
            name,
            since,
            json,
            says,
            cell,
        }
    }

    /// The same, from `version` of the tables on.
    pub(crate) const fn since(self, version: u32) -> Self {
        Self {
            since: version,
            ..self
        }
    }

    /// The same, at `paths` in JSON.
    pub(crate) const fn json(self, paths: &'static [&'static str]) -> Self {
        Self {
            json: paths,
            ..self
        }
    }
}

/// Writes lines of `T` as CSV.
pub(crate) struct CsvTable<T: Table, W: Write> {
    out: Writer<W>,
    columns: Vec<&'static Column<T>>,
    room: String,
}

impl<T: Table, W: Write> CsvTable<T, W> {
    /// A table with the columns of `version`; writes the header.
    ///
    /// # Errors
    /// When `out` fails.
    pub(crate) fn new(out: W, version: u32) -> Result<Self, ReportError> {
        let mut out = Writer::from_writer(out);
        let columns: Vec<_> = of_version::<T>(version).collect();
        out.write_record(columns.iter().map(|column| column.name))?;
        Ok(Self {
            out,
            columns,
            room: String::new(),
        })
    }

    /// Writes a line.
    ///
    /// # Errors
    /// When the destination fails.
    pub(crate) fn line<'a>(&mut self, line: &'a T::Line<'a>) -> Result<(), ReportError> {
        for column in &self.columns {
            self.room.clear();
            (column.cell)(line).write_csv(&mut self.room);
            self.out.write_field(&self.room)?;
        }
        Ok(self.out.write_record(None::<&[u8]>)?)
    }

    /// Hands everything on.
    ///
    /// # Errors
    /// When the destination fails; a buffer that is dropped keeps its error to itself.
    pub(crate) fn finish(mut self) -> Result<(), ReportError> {
        Ok(self.out.flush()?)
    }
}

fn of_version<T: Table>(version: u32) -> impl Iterator<Item = &'static Column<T>> {
    T::COLUMNS
        .iter()
        .filter(move |column| column.since <= version)
}

/// A line as JSON, with the columns of all versions. An object within it whose first member is not known
/// is `null` as a whole.
pub(crate) fn json<'a, T: Table>(line: &'a T::Line<'a>) -> Value {
    let mut object = Map::new();
    for column in T::COLUMNS {
        let value = (column.cell)(line).json();
        let name = [column.name];
        let paths = if column.json.is_empty() {
            &name
        } else {
            column.json
        };
        for path in paths {
            put(&mut object, path, value.clone());
        }
    }
    Value::Object(object)
}

/// Puts `value` at `path`, or the objects around it alone where it is left out.
fn put(object: &mut Map<String, Value>, path: &str, value: Option<Value>) {
    let Some((group, member)) = path.split_once('.') else {
        object.extend(value.map(|value| (path.to_owned(), value)));
        return;
    };
    let inner = object.entry(group).or_insert_with(|| match value {
        Some(Value::Null) => Value::Null,
        _ => Value::Object(Map::new()),
    });
    if let Value::Object(inner) = inner {
        put(inner, member, value);
    }
}

/// The part of `docs/format/columns.md` about `T`.
pub(crate) fn page<T: Table>() -> String {
    const HEADINGS: [Heading; 4] = [
        Heading::words("column"),
        Heading::numbers("from version"),
        Heading::words("in JSON"),
        Heading::words("what"),
    ];
    let drawn = table(&HEADINGS, T::COLUMNS.iter().map(described));
    format!("\n## `{}`\n\nOne line for {}.\n\n{drawn}", T::FILE, T::LINE)
}

fn described<T: Table>(column: &Column<T>) -> Vec<String> {
    let since = match column.since {
        NEXT => "next".to_owned(),
        since => since.to_string(),
    };
    let paths = column.json.iter().map(|path| format!("`{path}`"));
    vec![
        format!("`{}`", column.name),
        since,
        paths.collect::<Vec<_>>().join(", "),
        column.says.to_owned(),
    ]
}

/// Panics where a column cannot be understood or would move another one.
#[cfg(test)]
pub(crate) fn check<T: Table>() {
    let versions = T::COLUMNS.iter().map(|column| column.since);
    assert!(versions.is_sorted(), "{}: columns move", T::FILE);
    let mut names: Vec<_> = T::COLUMNS.iter().map(|column| column.name).collect();
    names.sort_unstable();
    names.dedup();
    assert_eq!(names.len(), T::COLUMNS.len(), "{}: a name twice", T::FILE);
    for column in T::COLUMNS {
        let says = column.says;
        assert!(says.ends_with('.') && !says.contains('|'), "{says}");
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    struct Example;

    impl Table for Example {
        type Line<'a> = Option<f64>;
        const FILE: &'static str = "example.csv";
        const LINE: &'static str = "each example";
        const COLUMNS: &'static [Column<Self>] = &[
            Column::<Self>::new("name", "Its name.", |_| Cell::Text("=x")),
            Column::<Self>::new("low", "Its lower end.", |low| Cell::number(*low))
                .json(&["ends.low"]),
            Column::<Self>::new("method", "How.", |_| Cell::word("exact"))
                .json(&["ends.method", "method"]),
            Column::<Self>::new("none", "None of a kind.", |_| Cell::Occurrences(0))
                .json(&["kinds.none"]),
            Column::<Self>::new("wait_ms", "A wait.", |_| {
                Cell::whole_micros(Some(1_234_567))
            })
            .since(2),
        ];
    }

    fn csv(version: u32) -> String {
        let mut out = Vec::new();
        let mut table = CsvTable::<Example, _>::new(&mut out, version).unwrap();
        table.line(&Some(0.5)).unwrap();
        table.line(&None).unwrap();
        table.finish().unwrap();
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn a_run_has_the_columns_of_its_version() {
        assert_eq!(
            csv(1),
            "name,low,method,none\n'=x,0.5,exact,0\n'=x,,exact,0\n"
        );
        assert_eq!(csv(2).lines().next(), Some("name,low,method,none,wait_ms"));
        assert!(csv(2).ends_with(",1234.567\n"));
    }

    #[test]
    fn json_has_every_column_in_its_object() {
        assert_eq!(
            json::<Example>(&Some(0.5)),
            json!({
                "name": "=x", "ends": {"low": 0.5, "method": "exact"}, "method": "exact", "kinds": {},
                "wait_ms": 1234.567,
            })
        );
        assert_eq!(json::<Example>(&None)["ends"], Value::Null);
    }

    #[test]
    fn the_page_names_every_column() {
        let page = page::<Example>();
        assert!(page.contains("| `wait_ms` | 2 |  | A wait. |\n"), "{page}");
        assert!(
            page.contains("| `method` | 1 | `ends.method`, `method` | How. |\n"),
            "{page}"
        );
        check::<Example>();
    }
}
