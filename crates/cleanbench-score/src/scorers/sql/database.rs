//! A database in memory, and one query on it that can read and nothing else.
//!
//! Invariants: no file is opened or written; a query ends after a bounded number of steps, with a bounded
//! number of rows and bytes; no memory beyond [`MOST_MEMORY`] is taken by `SQLite` in this process. What a query comes to
//! depends on neither chance, clock nor time zone.
//!
//! A step may go through the longest value, so the steps that a query may take depend on how long that is ([`TIERS`]):
//! it is begun with short values allowed and many steps, and begun anew with longer values and fewer steps where it
//! makes one that is too long.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use rusqlite::hooks::{AuthAction, AuthContext, Authorization};
use rusqlite::limits::Limit;
use rusqlite::types::ValueRef;
use rusqlite::{Connection, ErrorCode, OpenFlags};

use super::counted::{Steps, replace};
use super::{MOST_BYTES, MOST_ROWS, MOST_STEPS};

/// Steps between two looks at the count.
const STRIDE: u32 = 100;
/// Steps that a fixture may take.
const FIXTURE_STEPS: u64 = 50_000_000;
/// Longest text or blob, in bytes.
const LONGEST: i32 = 1_000_000;
/// Longest text, blob or row that a query makes, in bytes, and the steps that it may take then.
const TIERS: [(i32, u64); 4] = [
    (2_000, MOST_STEPS),
    (20_000, MOST_STEPS / 10),
    (200_000, MOST_STEPS / 100),
    (LONGEST, MOST_STEPS / 500),
];
/// Memory of all databases of the process together, in bytes. Where the limit decides, one query is judged at a time.
const MOST_MEMORY: u64 = 256 << 20;

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

/// A database that is ready to be queried.
#[derive(Debug)]
pub(super) struct Database {
    connection: Connection,
    steps: Steps,
}

/// A database as `script` makes it.
///
/// # Errors
/// What `SQLite` says.
pub(super) fn open(script: &str) -> Result<Database, String> {
    let steps = Steps::default();
    let prepare = || -> rusqlite::Result<Connection> {
        let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let mut database = Connection::open_in_memory_with_flags(flags)?;
        database.execute_batch(&format!(
            "pragma temp_store = memory; pragma hard_heap_limit = {MOST_MEMORY};"
        ))?;
        limit_lengths(&database)?;
        replace(&database, &steps, limit_lengths)?;
        steps.allow(FIXTURE_STEPS);
        count_steps(&mut database, &steps)?;
        database.authorizer(Some(may_prepare))?;
        database.execute_batch(script)?;
        Ok(database)
    };
    match prepare() {
        Ok(connection) => Ok(Database { connection, steps }),
        Err(_) if steps.are_gone() => Err("it takes too many steps".to_owned()),
        Err(error) => Err(error.to_string()),
    }
}

fn limit_lengths(database: &Connection) -> rusqlite::Result<()> {
    for (limit, most) in [
        (Limit::SQLITE_LIMIT_ATTACHED, 0),
        (Limit::SQLITE_LIMIT_LENGTH, LONGEST),
        (Limit::SQLITE_LIMIT_EXPR_DEPTH, 200),
        (Limit::SQLITE_LIMIT_COMPOUND_SELECT, 100),
        (Limit::SQLITE_LIMIT_LIKE_PATTERN_LENGTH, 1_000),
        (Limit::SQLITE_LIMIT_VDBE_OP, 250_000),
    ] {
        database.set_limit(limit, most)?;
    }
    Ok(())
}

/// The rows of `sql`.
pub(super) fn query(mut database: Database, sql: &str) -> Result<Rows, Failure> {
    // What is denied has one of several error codes.
    let denied = Arc::new(AtomicBool::new(false));
    let noted = Arc::clone(&denied);
    database
        .connection
        .authorizer(Some(move |context: AuthContext<'_>| {
            let allowed = may_query(context);
            if allowed != Authorization::Allow {
                noted.store(true, Ordering::Relaxed);
            }
            allowed
        }))?;
    let mut found = Err(Ended::TooLong);
    for (longest, steps) in TIERS {
        database
            .connection
            .set_limit(Limit::SQLITE_LIMIT_LENGTH, longest)?;
        database.steps.allow(steps);
        found = read_rows(&database.connection, sql);
        if !matches!(found, Err(Ended::TooLong)) || database.steps.are_gone() {
            break;
        }
    }
    found.map_err(|ended| match ended {
        _ if denied.load(Ordering::Relaxed) => Failure::Refused("the query does what it may not"),
        _ if database.steps.are_gone() => Failure::Refused("the query takes too many steps"),
        Ended::TooLong => Failure::Refused("the query takes too much memory"),
        Ended::Failed(failure) => failure,
    })
}

/// Why there are no rows.
enum Ended {
    /// A value is longer than allowed.
    TooLong,
    /// Something else.
    Failed(Failure),
}

impl From<rusqlite::Error> for Ended {
    fn from(error: rusqlite::Error) -> Self {
        match error.sqlite_error_code() {
            Some(ErrorCode::TooBig) => Self::TooLong,
            _ => Self::Failed(error.into()),
        }
    }
}

impl From<&'static str> for Ended {
    fn from(reason: &'static str) -> Self {
        Self::Failed(Failure::Refused(reason))
    }
}

fn read_rows(database: &Connection, sql: &str) -> Result<Rows, Ended> {
    let mut statement = database.prepare(sql)?;
    if statement.column_count() == 0 {
        return Err("the query gives no rows".into());
    }
    gather(&mut statement)
}

fn gather(statement: &mut rusqlite::Statement<'_>) -> Result<Rows, Ended> {
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
            return Err("the query gives too many rows".into());
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

fn count_steps(database: &mut Connection, steps: &Steps) -> rusqlite::Result<()> {
    let steps = steps.clone();
    let stride = i32::try_from(STRIDE).unwrap_or(i32::MAX);
    database.progress_handler(stride, Some(move || !steps.take(u64::from(STRIDE))))
}

/// Functions that depend on chance, the version, or what was done before.
const UNSTEADY: [&str; 11] = [
    "random",
    "randomblob",
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
