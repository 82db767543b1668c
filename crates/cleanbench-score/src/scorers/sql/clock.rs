//! The clock of queries, which stands still.
//!
//! Invariant: no function of `SQLite` is handed a word that makes it look at the clock or at a time zone.

use rusqlite::types::Value;

/// What time it is, UTC.
pub(super) const NOW: &str = "2026-01-01 00:00:00";
/// The day of [`NOW`].
pub(super) const TODAY: &str = "2026-01-01";
/// The time of day of [`NOW`].
pub(super) const TIME: &str = "00:00:00";

/// Functions of date and time, each with the position of the first argument that says a moment.
pub(super) const FUNCTIONS: [(&str, usize); 7] = [
    ("date", 0),
    ("time", 0),
    ("datetime", 0),
    ("julianday", 0),
    ("unixepoch", 0),
    ("strftime", 1),
    ("timediff", 0),
];

/// The arguments of `function` with [`NOW`] wherever the clock would be asked, and without turns to or from local time.
pub(super) fn at_rest(function: &str, moment: usize, mut given: Vec<Value>) -> Vec<Value> {
    if function == "timediff" {
        return given.into_iter().map(still).collect();
    }
    if given.len() < moment {
        return given;
    }
    match given.get_mut(moment) {
        None => given.push(now()),
        Some(first) if is_word(first, &["now"]) => *first = now(),
        Some(first) if is_word(first, &["subsec", "subsecond"]) => given.insert(moment, now()),
        Some(_) => {}
    }
    let mut position = 0;
    given.retain(|value| {
        position += 1;
        position <= moment + 1 || !is_word(value, &["localtime", "utc"])
    });
    given
}

fn now() -> Value {
    Value::Text(NOW.to_owned())
}

fn still(value: Value) -> Value {
    if is_word(&value, &["now", "subsec", "subsecond"]) {
        return now();
    }
    value
}

/// Whether `value` is one of `words` in any case.
fn is_word(value: &Value, words: &[&str]) -> bool {
    let bytes = match value {
        Value::Text(text) => text.as_bytes(),
        Value::Blob(bytes) => bytes,
        _ => return false,
    };
    words
        .iter()
        .any(|word| bytes.eq_ignore_ascii_case(word.as_bytes()))
}
