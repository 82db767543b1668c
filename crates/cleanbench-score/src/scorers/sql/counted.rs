//! Functions of `SQLite` that count the work they do, and those of date and time by a clock that stands still.
//!
//! Each is the library's own: it is asked on a second, empty database, after its work was counted. What grows by the
//! product of two lengths is counted so; everything else takes time by the length of its result and arguments, which
//! [`super::database`] bounds.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use rusqlite::functions::{Context, FunctionFlags};
use rusqlite::types::{Value, ValueRef};
use rusqlite::{Connection, Error};

use super::clock::{self, FUNCTIONS, NOW, TIME, TODAY};

/// Functions whose work grows by the product of the lengths of their first two arguments, with their numbers of
/// arguments.
const BY_PRODUCT: [(&str, i32); 10] = [
    ("instr", 2),
    ("replace", 3),
    ("like", 2),
    ("like", 3),
    ("glob", 2),
    ("trim", 2),
    ("ltrim", 2),
    ("rtrim", 2),
    ("json_patch", 2),
    ("jsonb_patch", 2),
];
/// Bytes compared with bytes in the time of a step.
const PAIRS_OF_A_STEP: u64 = 32;
/// Bytes gone through in the time of a step.
const BYTES_OF_A_STEP: u64 = 256;
/// Steps of a call, whatever it is given.
const STEPS_OF_A_CALL: u64 = 20;
/// What `SQLite` calls a text that is JSON.
const JSON: u32 = 74;

/// Steps that are left.
#[derive(Debug, Clone, Default)]
pub(super) struct Steps(Arc<AtomicU64>);

impl Steps {
    /// From now on `most` are left.
    pub(super) fn allow(&self, most: u64) {
        self.0.store(most, Ordering::Relaxed);
    }

    /// Takes `number` of them; `false` when there are not so many, and none are left then.
    pub(super) fn take(&self, number: u64) -> bool {
        let left = self.0.load(Ordering::Relaxed);
        self.0.store(left.saturating_sub(number), Ordering::Relaxed);
        left > number
    }

    /// Whether none are left.
    pub(super) fn are_gone(&self) -> bool {
        self.0.load(Ordering::Relaxed) == 0
    }
}

/// Replaces the functions of `database` whose work grows fast, or that ask the clock.
pub(super) fn replace(
    database: &Connection,
    steps: &Steps,
    prepare: fn(&Connection) -> rusqlite::Result<()>,
) -> rusqlite::Result<()> {
    let flags = FunctionFlags::SQLITE_UTF8
        | FunctionFlags::SQLITE_DETERMINISTIC
        | FunctionFlags::SQLITE_INNOCUOUS;
    let own = Own {
        database: Arc::default(),
        steps: steps.clone(),
        prepare,
    };
    for (name, count) in BY_PRODUCT {
        let own = own.clone();
        let is_json = name == "json_patch";
        let flags = if is_json {
            flags | FunctionFlags::SQLITE_RESULT_SUBTYPE
        } else {
            flags
        };
        database.create_scalar_function(name, count, flags, move |context| {
            own.count(product(context))?;
            let value = own.call(name, arguments(context))?;
            let subtype = (is_json && value != Value::Null).then_some(JSON);
            Ok((value, subtype))
        })?;
    }
    for (name, moment) in FUNCTIONS {
        let own = own.clone();
        database.create_scalar_function(name, -1, flags, move |context| {
            own.count(STEPS_OF_A_CALL)?;
            own.call(name, clock::at_rest(name, moment, arguments(context)))
        })?;
    }
    for (name, text) in [
        ("current_timestamp", NOW),
        ("current_date", TODAY),
        ("current_time", TIME),
    ] {
        database.create_scalar_function(name, 0, flags, move |_| Ok(text))?;
    }
    Ok(())
}

/// The library's own functions, on a database that has nothing in it and is made when the first is called.
#[derive(Debug, Clone)]
struct Own {
    database: Arc<Mutex<Option<Connection>>>,
    steps: Steps,
    prepare: fn(&Connection) -> rusqlite::Result<()>,
}

impl Own {
    fn count(&self, number: u64) -> rusqlite::Result<()> {
        if self.steps.take(number) {
            return Ok(());
        }
        Err(Error::UserFunctionError("too many steps".into()))
    }

    fn call(&self, name: &str, given: Vec<Value>) -> rusqlite::Result<Value> {
        let mut database = self.database.lock().unwrap_or_else(PoisonError::into_inner);
        let database = match &mut *database {
            Some(made) => made,
            empty => {
                let made = Connection::open_in_memory()?;
                (self.prepare)(&made)?;
                empty.insert(made)
            }
        };
        let places = vec!["?"; given.len()].join(",");
        let mut statement = database.prepare_cached(&format!("select {name}({places})"))?;
        statement.query_row(rusqlite::params_from_iter(given), |row| row.get(0))
    }
}

fn arguments(context: &Context<'_>) -> Vec<Value> {
    (0..context.len())
        .map(|position| owned(context.get_raw(position)))
        .collect()
}

/// Bytes that are no text are replaced as everywhere where they are shown.
fn owned(value: ValueRef<'_>) -> Value {
    match value {
        ValueRef::Null => Value::Null,
        ValueRef::Integer(number) => Value::Integer(number),
        ValueRef::Real(number) => Value::Real(number),
        ValueRef::Text(bytes) => Value::Text(String::from_utf8_lossy(bytes).into_owned()),
        ValueRef::Blob(bytes) => Value::Blob(bytes.to_owned()),
    }
}

/// Steps of a function whose work grows by the product of its first two arguments.
fn product(context: &Context<'_>) -> u64 {
    let lengths: Vec<u64> = (0..context.len())
        .map(|position| length(context.get_raw(position)))
        .collect();
    let product = lengths
        .iter()
        .take(2)
        .fold(1, |all: u64, one| all.saturating_mul(*one));
    let sum: u64 = lengths.iter().sum();
    STEPS_OF_A_CALL + product / PAIRS_OF_A_STEP + sum / BYTES_OF_A_STEP
}

fn length(value: ValueRef<'_>) -> u64 {
    let bytes = match value {
        ValueRef::Text(bytes) | ValueRef::Blob(bytes) => bytes.len(),
        _ => 24,
    };
    u64::try_from(bytes).unwrap_or(u64::MAX)
}
