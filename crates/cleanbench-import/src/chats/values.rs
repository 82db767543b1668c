//! Looking into JSON of strangers: the first of several names, texts, days.
//!
//! Invariant: a value of another kind than is looked for is as good as none.

use serde_json::{Map, Value};

/// The first of `keys` that `map` has and that is not null.
pub(super) fn first<'a>(map: &'a Map<String, Value>, keys: &[&str]) -> Option<&'a Value> {
    let mut found = keys.iter().filter_map(|key| map.get(*key));
    found.find(|value| !value.is_null())
}

/// The same as a text in which something stands.
pub(super) fn text(map: &Map<String, Value>, keys: &[&str]) -> Option<String> {
    let found = keys.iter().filter_map(|key| map.get(*key));
    let mut words = found.filter_map(crate::json::word);
    words.find(|word| !word.trim().is_empty())
}

/// The object at `key`; one that is written as a text is read.
pub(super) fn object(value: &Value) -> Option<Map<String, Value>> {
    match value {
        Value::Object(map) => Some(map.clone()),
        Value::String(text) => match written(text)? {
            Value::Object(map) => Some(map),
            _ => None,
        },
        _ => None,
    }
}

/// What `text` says, where it is a JSON object or array.
pub(super) fn written(text: &str) -> Option<Value> {
    let is_structure = text.trim_start().starts_with(['{', '[']);
    if !is_structure {
        return None;
    }
    crate::json::parse("", text.as_bytes()).ok()
}

/// The day of the first of `keys` that tells one, UTC.
pub(super) fn day(map: &Map<String, Value>, keys: &[&str]) -> Option<String> {
    let mut found = keys.iter().filter_map(|key| map.get(*key));
    found.find_map(day_of)
}

fn day_of(value: &Value) -> Option<String> {
    match value {
        Value::Number(number) => day_of_number(number.as_f64()?),
        Value::String(text) => match text.parse() {
            Ok(number) => day_of_number(number),
            Err(_) => day_of_text(text),
        },
        _ => None,
    }
}

/// A date and whatever follows it.
fn day_of_text(text: &str) -> Option<String> {
    let day = text.trim().get(..10)?;
    let date: jiff::civil::Date = day.parse().ok()?;
    (1990..2200)
        .contains(&date.year())
        .then(|| date.to_string())
}

/// Seconds since 1970, or thousandths, millionths or billionths of them: which, their size tells.
fn day_of_number(number: f64) -> Option<String> {
    let mut seconds = [1.0, 1e3, 1e6, 1e9].iter().map(|unit| number / unit);
    // From 2001 to 2128: the scales do not overlap there.
    let second = seconds.find(|second| (1e9..5e9).contains(second))?;
    #[expect(clippy::cast_possible_truncation, reason = "it is below 5e9")]
    let time = jiff::Timestamp::from_second(second as i64).ok()?;
    day_of_text(&time.to_string())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn days_are_read_in_every_scale_or_not_at_all() {
        for (value, expected) in [
            (json!(1_700_000_000), Some("2023-11-14")),
            (json!(1_700_000_000.5), Some("2023-11-14")),
            (json!(1_700_000_000_123_u64), Some("2023-11-14")),
            (json!("1700000000000000000"), Some("2023-11-14")),
            (json!("2024-02-29T10:00:00Z"), Some("2024-02-29")),
            (json!("2023-02-29"), None),
            (json!("yesterday"), None),
            (json!(5), None),
            (json!(-1.0), None),
            (json!({}), None),
        ] {
            let map = json!({"at": value});
            let found = day(map.as_object().unwrap(), &["no", "at"]);
            assert_eq!(found.as_deref(), expected, "{map}");
        }
    }
}
