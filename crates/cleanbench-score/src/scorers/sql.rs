//! `sql`: the query in the answer gives the rows that a reference query gives, on a small `SQLite` database.
//!
//! Parameters: `fixture` (a script that creates and fills the tables), or `fixture_field` (the metadata field
//! that holds each sample's script); one of them is required. `order` (`"auto"`: rows match in order only
//! where the reference has an outermost `ORDER BY`; `"always"`, `"never"`). The target is the reference
//! query.
//!
//! The query is the last fenced block that is marked as SQL or not marked and begins with `SELECT`, `WITH` or `VALUES`
//! (where none begins so, the last of them), else the text from its first line that begins so, what stands between
//! backticks or tags or after a colon, or under a key such as `sql` of a JSON object; words behind its semicolon or
//! after a blank line are no part of it ([`find`]). Columns are compared by position, not by name; whole
//! numbers equal reals of the same value, reals are compared to 12 digits, texts exactly. A query that
//! `SQLite` rejects is wrong; one that does what it may not, takes more than [`MOST_STEPS`] steps, or gives
//! more than [`MOST_ROWS`] rows or [`MOST_BYTES`] bytes, is not extracted. The longer the longest value is that a query
//! makes, the fewer steps it may take ([`database`]), and a function counts as many steps as it has work.
//!
//! The database is in memory and made anew for each answer. A query may read and nothing else: no writing,
//! no other database, no pragma, no extension. For the same answer to have the same score always, `random()` and what
//! depends on the library are refused, and the clock stands still: for queries and fixtures it is [`clock::NOW`], UTC,
//! and local time is UTC.

mod clock;
mod counted;
mod database;
mod find;
mod lexer;

use cleanbench_core::{Sample, Score};
use serde_json::Value;

use self::database::{Failure, Rows, open, query};
use self::find::query_in;
use self::lexer::{is_ordered, two_statements};
use crate::params::Params;
use crate::rule::Rule;
use crate::target;
use cleanbench_text::scan::is_blank;

/// Steps of `SQLite`'s machine that a query may take, a second's work or so.
const MOST_STEPS: u64 = 5_000_000;
/// Rows that a query may give.
const MOST_ROWS: usize = 10_000;
/// Bytes that the rows of a query may hold.
const MOST_BYTES: usize = 8 << 20;

/// Whether the order of rows counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Order {
    Auto,
    Always,
    Never,
}

/// Where the script of a sample's database is.
#[derive(Debug)]
enum Fixture {
    Script(String),
    Field(String),
}

/// Compares the results of queries.
#[derive(Debug)]
pub(crate) struct Sql {
    fixture: Fixture,
    order: Order,
}

pub(crate) fn build(params: &mut Params<'_>) -> Option<Sql> {
    let words = [
        ("auto", Order::Auto),
        ("always", Order::Always),
        ("never", Order::Never),
    ];
    let order = params.word("order", &words);
    let (script, field) = (params.value("fixture"), params.value("fixture_field"));
    let fixture = match (script, field) {
        (Some(Value::String(script)), None) => Fixture::Script(script.clone()),
        (None, Some(Value::String(field))) => Fixture::Field(field.clone()),
        _ => {
            let message =
                "`fixture` must be a script, or `fixture_field` the name of a metadata field";
            let hint = "write `fixture = \"create table …; insert into …\"`";
            params.fault("fixture", message.to_owned(), Some(hint.to_owned()));
            return None;
        }
    };
    if let Fixture::Script(script) = &fixture
        && !params.leave()
        && let Err(error) = open(script)
    {
        params.fault("fixture", format!("`fixture` fails: {error}"), None);
        return None;
    }
    Some(Sql { fixture, order })
}

impl Sql {
    fn script<'a>(&'a self, sample: &'a Sample) -> Result<&'a str, String> {
        match &self.fixture {
            Fixture::Script(script) => Ok(script),
            Fixture::Field(field) => sample
                .metadata
                .get(field)
                .and_then(Value::as_str)
                .ok_or_else(|| format!("the metadata has no text in `{field}`")),
        }
    }

    /// The rows of `sql` on a database of the sample's own.
    fn rows(&self, sample: &Sample, sql: &str) -> Result<Rows, Failure> {
        let script = self.script(sample).map_err(Failure::Sql)?;
        let database = open(script).map_err(Failure::Sql)?;
        query(database, two_statements(sql))
    }

    fn same(&self, reference: &str, mut expected: Rows, mut found: Rows) -> bool {
        let ordered = match self.order {
            Order::Auto => is_ordered(reference),
            Order::Always => true,
            Order::Never => false,
        };
        if !ordered {
            expected.sort_unstable();
            found.sort_unstable();
        }
        expected == found
    }
}

/// The reference query.
fn reference(sample: &Sample) -> Result<String, String> {
    let target = target::required(sample)?;
    let text = target.as_str().filter(|text| !is_blank(text));
    let text = text.ok_or_else(|| format!("the target must be a query, not {target}"))?;
    Ok(text.trim().trim_end_matches(';').trim().to_owned())
}

impl Rule for Sql {
    fn version(&self) -> u32 {
        3
    }

    /// A query is short or long by what it does, not by how it is written.
    fn work(&self, _: &Sample, _: &str) -> u64 {
        u64::MAX
    }

    fn read_out(&self, text: &str) -> Option<String> {
        query_in(text)
    }

    fn check_sample(&self, sample: &Sample) -> Result<(), String> {
        let sql = reference(sample)?;
        self.script(sample)?;
        match self.rows(sample, &sql) {
            Ok(_) => Ok(()),
            Err(Failure::Sql(error)) => Err(format!("the target's query fails: {error}")),
            Err(Failure::Refused(reason)) => {
                Err(format!("the target's query is refused: {reason}"))
            }
        }
    }

    fn judge(&self, sample: &Sample, text: &str) -> Score {
        let Some(sql) = query_in(text) else {
            return Score::not_extracted("no query");
        };
        let reference = reference(sample).unwrap_or_default();
        let Ok(expected) = self.rows(sample, &reference) else {
            return Score::broken("the target's query cannot be repeated");
        };
        match self.rows(sample, &sql) {
            Err(Failure::Refused(reason)) => Score::not_extracted(reason),
            Err(Failure::Sql(_)) => Score::verdict(false, sql),
            Ok(found) => Score::verdict(self.same(&reference, expected, found), sql),
        }
    }
}

#[cfg(test)]
mod tests;
