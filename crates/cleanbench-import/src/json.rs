//! JSON of strangers, as Python writes it.
//!
//! Invariants: linear in the bytes; what a document becomes in memory is bounded before it is parsed; nesting is
//! bounded by the parser. `NaN` and `Infinity`, which Python writes and JSON does not have, are read as nothing, and
//! integers beyond 64 bits as texts of their digits.

use std::borrow::Cow;
use std::fmt;

use cleanbench_text::long_integers_as_texts;
use serde::de::{DeserializeOwned, IgnoredAny, MapAccess, Visitor};
use serde::{Deserialize, Deserializer};
use serde_json::Value;

use crate::error::ImportError;

/// Most values of a document: each takes up some tens of bytes in memory.
const MOST_VALUES: usize = 4_000_000;
/// The same of one that an archive holds, which may be a thousandth of it in size: a value can take up 350 bytes.
const MOST_PACKED: usize = 1_050_000;
/// Longest text of a value that is kept as a note.
const LONGEST_SHOWN: usize = 200;

/// What `bytes`, found at `place`, say.
///
/// # Errors
/// Where and how they are no such document.
pub(crate) fn parse<T: DeserializeOwned>(place: &str, bytes: &[u8]) -> Result<T, ImportError> {
    parse_at(place, 0, bytes)
}

/// The same for a document that was packed small: of at most [`MOST_PACKED`] values.
///
/// # Errors
/// Where and how it is no such document.
pub(crate) fn parse_packed<T: DeserializeOwned>(
    place: &str,
    bytes: &[u8],
) -> Result<T, ImportError> {
    if separators(bytes) > MOST_PACKED {
        return Err(too_many(place, MOST_PACKED));
    }
    parse(place, bytes)
}

fn too_many(place: &str, most: usize) -> ImportError {
    let what = format!("more than {most} values; nothing so large is read at once");
    ImportError::damaged(place, what)
}

/// The same for a part of a file that `before` lines precede.
pub(crate) fn parse_at<T: DeserializeOwned>(
    place: &str,
    before: usize,
    bytes: &[u8],
) -> Result<T, ImportError> {
    let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
    if separators(bytes) > MOST_VALUES {
        return Err(too_many(place, MOST_VALUES));
    }
    let bytes = mended(bytes);
    serde_json::from_slice(&long_integers_as_texts(&bytes)).map_err(|error| {
        let line = before + error.line();
        let at = format!("{place}:{line}:{}", error.column());
        ImportError::damaged(at, reason(&error))
    })
}

/// What is wrong, without the place, which stands elsewhere.
fn reason(error: &serde_json::Error) -> String {
    let text = error.to_string();
    let end = text.rfind(" at line ").unwrap_or(text.len());
    let what = &text[..end];
    if error.is_eof() {
        format!("it is cut off here: {what}")
    } else {
        what.to_owned()
    }
}

fn separators(bytes: &[u8]) -> usize {
    let counted = |byte: &&u8| matches!(byte, b',' | b'[' | b'{');
    bytes.iter().filter(counted).count()
}

/// The words that stand for no number.
const NO_NUMBERS: [&[u8]; 3] = [b"-Infinity", b"Infinity", b"NaN"];

/// `bytes` with `null` in place of what JSON does not have.
fn mended(bytes: &[u8]) -> Cow<'_, [u8]> {
    let mut out = Vec::new();
    let (mut kept, mut at, mut quoted) = (0, 0, false);
    while let Some(byte) = bytes.get(at) {
        match byte {
            b'\\' if quoted => at += 1,
            b'"' => quoted = !quoted,
            b'-' | b'I' | b'N' if !quoted => {
                let rest = &bytes[at..];
                if let Some(word) = NO_NUMBERS.iter().find(|word| rest.starts_with(word)) {
                    out.extend_from_slice(&bytes[kept..at]);
                    out.extend_from_slice(b"null");
                    at += word.len();
                    kept = at;
                    continue;
                }
            }
            _ => {}
        }
        at += 1;
    }
    if kept == 0 {
        return Cow::Borrowed(bytes);
    }
    out.extend_from_slice(&bytes[kept..]);
    Cow::Owned(out)
}

/// A line of a file of lines.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Line<'a> {
    /// Lines before it.
    pub(crate) before: usize,
    /// Its bytes, without the line feed.
    pub(crate) bytes: &'a [u8],
}

/// The lines of `bytes` in which anything stands.
pub(crate) fn lines(bytes: &[u8]) -> impl Iterator<Item = Line<'_>> {
    let lines = bytes.split(|byte| *byte == b'\n').enumerate();
    let lines = lines.map(|(before, bytes)| Line { before, bytes });
    lines.filter(|line| !line.bytes.trim_ascii().is_empty())
}

/// The keys of a document that is an object; `None` where it is none.
pub(crate) fn keys(bytes: &[u8]) -> Option<Vec<String>> {
    let found: Keys = parse("", bytes).ok()?;
    Some(found.0)
}

/// The keys of an object, whose values are passed over.
struct Keys(Vec<String>);

impl<'de> Deserialize<'de> for Keys {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(KeysOnly)
    }
}

struct KeysOnly;

impl<'de> Visitor<'de> for KeysOnly {
    type Value = Keys;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Keys, A::Error> {
        let mut keys = Vec::new();
        while let Some(key) = map.next_key::<String>()? {
            map.next_value::<IgnoredAny>()?;
            keys.push(key);
        }
        Ok(Keys(keys))
    }
}

/// Reads a value that some versions write as a text and others as a number.
pub(crate) fn word(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        Value::Bool(flag) => Some(flag.to_string()),
        Value::Null | Value::Array(_) | Value::Object(_) => None,
    }
}

/// A value as a text: a string as it is, anything else as JSON; `None` for nothing.
pub(crate) fn text(value: &Value) -> Option<String> {
    match value {
        Value::Null => None,
        Value::String(text) => Some(text.clone()),
        other => Some(other.to_string()),
    }
}

/// Bytes that a value takes up in memory, roughly; its depth is bounded by the parser.
pub(crate) fn weight(value: &Value) -> usize {
    const NODE: usize = 64;
    let inner = match value {
        Value::String(text) => text.len(),
        Value::Array(items) => items.iter().map(weight).fold(0, usize::saturating_add),
        Value::Object(fields) => {
            let each = fields
                .iter()
                .map(|(name, value)| name.len() + weight(value));
            each.fold(0, usize::saturating_add)
        }
        Value::Null | Value::Bool(_) | Value::Number(_) => 0,
    };
    inner.saturating_add(NODE)
}

/// The beginning of `text`, for a sentence.
pub(crate) fn shown(text: &str) -> String {
    let mut start: String = text.chars().take(LONGEST_SHOWN).collect();
    if start.len() < text.len() {
        start.push('…');
    }
    start
}

/// A list that stands in the place of nothing in some versions.
pub(crate) fn list<'de, D, T>(deserializer: D) -> Result<Vec<T>, D::Error>
where
    D: serde::Deserializer<'de>,
    T: Deserialize<'de>,
{
    Ok(Option::deserialize(deserializer)?.unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_python_writes_is_read_and_texts_stay() {
        let text = br#"{"a": NaN, "b": [-Infinity, Infinity, -1], "c": "NaN \" NaN", "d": 36893488147419103233}"#;
        let value: Value = parse("x", text).unwrap();
        let expected = serde_json::json!({"a": null, "b": [null, null, -1], "c": "NaN \" NaN", "d": "36893488147419103233"});
        assert_eq!(value, expected);
    }

    #[test]
    fn faults_have_their_place_and_depth_is_bounded() {
        let error = parse::<Value>("log.json", b"{\n  \"a\": 1,\n  oops}").unwrap_err();
        assert_eq!(error.message, "log.json:3:3: key must be a string");
        let deep = "[".repeat(100_000);
        assert!(parse::<Value>("x", deep.as_bytes()).is_err());
        let many = format!("[{}0]", "0,".repeat(MOST_VALUES + 1));
        let error = parse::<IgnoredAny>("x", many.as_bytes()).unwrap_err();
        assert!(error.message.contains("more than 4000000 values"));
    }

    #[test]
    fn lines_know_how_many_precede_them() {
        let found: Vec<_> = lines(b"a\n\n b\n").map(|line| line.before).collect();
        assert_eq!(found, [0, 2]);
    }
}
