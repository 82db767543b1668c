//! A database in memory, and one query on it that can read and nothing else.
//!
//! Invariants: no file is opened or written; a query ends after a bounded number of steps, with a bounded
//! number of rows and bytes; no memory beyond [`MOST_MEMORY`] is taken by `SQLite` in this process.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use rusqlite::hooks::{AuthAction, AuthContext, Authorization};
use rusqlite::limits::Limit;
use rusqlite::types::ValueRef;
use rusqlite::{Connection, ErrorCode, OpenFlags};

use super::{MOST_BYTES, MOST_ROWS, MOST_STEPS};

/// Steps between two looks at the count.
const STRIDE: u32 = 1_000;
/// Steps that a fixture may take.
const FIXTURE_STEPS: u32 = 200_000_000;
/// Longest text or blob, in bytes.
const LONGEST: i32 = 1_000_000;
/// Memory of all databases together, in bytes.
const MOST_MEMORY: u64 = 1 << 30;

/// The rows of a result; each value as a text by which equal ones are equal.
pub(super) type Rows = Vec<Vec<String>>;

/// Why a query has no rows.
#[derive(Debug)]
pub(super) enum Failure {
    /// `SQLite` says so.
    Sql(String),
    /// It is not run, or not to its end; why.
    Refused(&'static str),
}

impl From<rusqlite::Error> for Failure {
    fn from(error: rusqlite::Error) -> Self {
        match error.sqlite_error_code() {
            Some(ErrorCode::OperationInterrupted) => {
                Self::Refused("the query takes too many steps")
            }
            Some(ErrorCode::OutOfMemory | ErrorCode::TooBig) => {
                Self::Refused("the query takes too much memory")
            }
            _ => Self::Sql(error.to_string()),
        }
    }
}

/// A database as `script` makes it.
///
/// # Errors
/// What `SQLite` says.
pub(super) fn open(script: &str) -> Result<Connection, String> {
    let prepare = || -> rusqlite::Result<Connection> {
        let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let mut database = Connection::open_in_memory_with_flags(flags)?;
        database.execute_batch(&format!(
            "pragma temp_store = memory; pragma hard_heap_limit = {MOST_MEMORY};"
        ))?;
        for (limit, most) in [
            (Limit::SQLITE_LIMIT_ATTACHED, 0),
            (Limit::SQLITE_LIMIT_LENGTH, LONGEST),
            (Limit::SQLITE_LIMIT_EXPR_DEPTH, 200),
            (Limit::SQLITE_LIMIT_COMPOUND_SELECT, 100),
            (Limit::SQLITE_LIMIT_LIKE_PATTERN_LENGTH, 1_000),
        ] {
            database.set_limit(limit, most)?;
        }
        limit_steps(&mut database, FIXTURE_STEPS)?;
        database.authorizer(Some(may_prepare))?;
        database.execute_batch(script)?;
        Ok(database)
    };
    prepare().map_err(|error| error.to_string())
}

/// The rows of `sql`.
pub(super) fn query(mut database: Connection, sql: &str) -> Result<Rows, Failure> {
    limit_steps(&mut database, MOST_STEPS)?;
    // What is denied has one of several error codes.
    let denied = Arc::new(AtomicBool::new(false));
    let noted = Arc::clone(&denied);
    database.authorizer(Some(move |context: AuthContext<'_>| {
        let allowed = may_query(context);
        if allowed != Authorization::Allow {
            noted.store(true, Ordering::Relaxed);
        }
        allowed
    }))?;
    read_rows(&database, sql).map_err(|failure| match failure {
        Failure::Sql(_) if denied.load(Ordering::Relaxed) => {
            Failure::Refused("the query does what it may not")
        }
        other => other,
    })
}

fn read_rows(database: &Connection, sql: &str) -> Result<Rows, Failure> {
    let mut statement = database.prepare(sql)?;
    if statement.column_count() == 0 {
        return Err(Failure::Refused("the query gives no rows"));
    }
    gather(&mut statement)
}

fn gather(statement: &mut rusqlite::Statement<'_>) -> Result<Rows, Failure> {
    let columns = statement.column_count();
    let mut found = statement.query([])?;
    let mut rows = Rows::new();
    let mut bytes = 0;
    while let Some(row) = found.next()? {
        let row: Vec<String> = (0..columns)
            .map(|column| row.get_ref(column).map(key))
            .collect::<rusqlite::Result<_>>()?;
        bytes += row.iter().map(String::len).sum::<usize>();
        if rows.len() == MOST_ROWS || bytes > MOST_BYTES {
            return Err(Failure::Refused("the query gives too many rows"));
        }
        rows.push(row);
    }
    Ok(rows)
}

/// A text that is the same for values that count as equal.
fn key(value: ValueRef<'_>) -> String {
    match value {
        ValueRef::Null => "null".to_owned(),
        ValueRef::Integer(number) => format!("number {number}"),
        // Below this every whole real is an exact integer.
        ValueRef::Real(number) if number.fract() == 0.0 && number.abs() < 9e15 => {
            format!("number {}", number + 0.0)
        }
        ValueRef::Real(number) => format!("real {number:.11e}"),
        ValueRef::Text(text) => format!("text {}", String::from_utf8_lossy(text)),
        ValueRef::Blob(bytes) => format!("blob {bytes:02x?}"),
    }
}

fn limit_steps(database: &mut Connection, most: u32) -> rusqlite::Result<()> {
    let mut left = most / STRIDE;
    let stride = i32::try_from(STRIDE).unwrap_or(i32::MAX);
    database.progress_handler(
        stride,
        Some(move || {
            left = left.saturating_sub(1);
            left == 0
        }),
    )
}

/// Functions that depend on chance, the clock, the version, or what was done before.
const UNSTEADY: [&str; 14] = [
    "random",
    "randomblob",
    "current_time",
    "current_date",
    "current_timestamp",
    "last_insert_rowid",
    "changes",
    "total_changes",
    "sqlite_version",
    "sqlite_source_id",
    "sqlite_compileoption_used",
    "sqlite_compileoption_get",
    "load_extension",
    "fts3_tokenizer",
];

fn may_query(context: AuthContext<'_>) -> Authorization {
    match context.action {
        AuthAction::Select | AuthAction::Recursive | AuthAction::Read { .. } => {
            Authorization::Allow
        }
        AuthAction::Function { function_name }
            if !UNSTEADY
                .iter()
                .any(|name| name.eq_ignore_ascii_case(function_name)) =>
        {
            Authorization::Allow
        }
        _ => Authorization::Deny,
    }
}

/// A fixture makes its tables as it likes, and touches nothing but its own database.
fn may_prepare(context: AuthContext<'_>) -> Authorization {
    match context.action {
        AuthAction::Attach { .. } | AuthAction::Detach { .. } | AuthAction::Pragma { .. } => {
            Authorization::Deny
        }
        AuthAction::Function { function_name }
            if UNSTEADY
                .iter()
                .any(|name| name.eq_ignore_ascii_case(function_name)) =>
        {
            Authorization::Deny
        }
        _ => Authorization::Allow,
    }
}
