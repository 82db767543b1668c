//! JSON with positions: objects and arrays one level deep, their parts borrowed from the text.
//!
//! Invariant: every fault carries the byte offset of what it is about, relative to the record.

use std::borrow::Cow;
use std::fmt;

use cleanbench_text::long_integers_as_texts;
use serde::de::{DeserializeOwned, IgnoredAny, MapAccess, Visitor};
use serde::{Deserialize, Deserializer};
use serde_json::value::RawValue;
use serde_json::{Map, Value};

use crate::diagnostic::Fault;
use crate::words::{kind_of_json, shown};

/// Most values of one record, those within others included. Each takes up to a hundred times the memory of its text.
const MOST_VALUES: usize = 500_000;

/// Most keys of an object that is made a map, which is gone through for every sample.
const MOST_KEYS: usize = 10_000;

/// One key of an object with its value, unparsed.
#[derive(Debug)]
pub(crate) struct Entry<'a> {
    pub(crate) key: Cow<'a, str>,
    pub(crate) key_at: usize,
    pub(crate) raw: Raw<'a>,
}

/// A JSON value as text and where it starts in the record.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Raw<'a> {
    pub(crate) text: &'a str,
    pub(crate) at: usize,
}

impl<'a> Raw<'a> {
    /// The keys and values of an object, in order, repeated keys included.
    pub(crate) fn entries(self, what: &str) -> Result<Vec<Entry<'a>>, Fault> {
        self.expect('{', what, "an object")?;
        let Entries(pairs) = self.parse_borrowed()?;
        Ok(pairs
            .into_iter()
            .map(|(key, value)| self.entry(key, value))
            .collect())
    }

    fn entry(self, key: Cow<'a, str>, value: &'a RawValue) -> Entry<'a> {
        let raw = self.part(value.get());
        // A key with escapes is not a part of the text; its value is near enough.
        let key_at = match &key {
            Cow::Borrowed(key) => self.part(key).at.saturating_sub(1),
            Cow::Owned(_) => raw.at,
        };
        Entry { key, key_at, raw }
    }

    /// `part`, which must be borrowed from this text, with its offset.
    fn part(self, part: &'a str) -> Self {
        let offset = part.as_ptr().addr() - self.text.as_ptr().addr();
        Self {
            text: part,
            at: self.at + offset,
        }
    }

    /// The elements of an array.
    pub(crate) fn elements(self, what: &str) -> Result<Vec<Self>, Fault> {
        self.expect('[', what, "an array")?;
        let elements: Vec<&RawValue> = self.parse_borrowed()?;
        Ok(elements
            .into_iter()
            .map(|element| self.part(element.get()))
            .collect())
    }

    /// The text of a string.
    pub(crate) fn string(self, what: &str) -> Result<String, Fault> {
        self.expect('"', what, "a string")?;
        self.parse()
    }

    /// The same, where what it is has to be made up first.
    pub(crate) fn text_of(self, what: impl Fn() -> String) -> Result<String, Fault> {
        if self.text.starts_with('"') {
            return self.parse();
        }
        self.string(&what())
    }

    /// The texts of an array of strings.
    pub(crate) fn strings(self, what: &str) -> Result<Vec<String>, Fault> {
        let elements = self.elements(what)?;
        let what = format!("each of {what}");
        elements.into_iter().map(|raw| raw.string(&what)).collect()
    }

    /// An object as a map; a repeated key is a fault.
    pub(crate) fn map(self, what: &str) -> Result<Map<String, Value>, Fault> {
        let mut map = Map::new();
        let entries = self.entries(what)?;
        if entries.len() > MOST_KEYS {
            let message = format!(
                "{what} has {} keys; at most {MOST_KEYS} are read",
                entries.len()
            );
            return Err(Fault::new(self.at, message)
                .hint("put them into lists, or into objects of their own"));
        }
        for entry in entries {
            let value = entry.raw.value()?;
            if map.contains_key(&*entry.key) {
                let message = format!("duplicate key {} in {what}", shown(&entry.key));
                return Err(Fault::new(entry.key_at, message));
            }
            map.insert(entry.key.into_owned(), value);
        }
        Ok(map)
    }

    /// Any value.
    pub(crate) fn parse<T: DeserializeOwned>(self) -> Result<T, Fault> {
        serde_json::from_str(self.text).map_err(|error| self.syntax(&error))
    }

    /// The value; an integer beyond 64 bits is a text of its digits, since no number keeps them.
    pub(crate) fn value(self) -> Result<Value, Fault> {
        let text = long_integers_as_texts(self.text.as_bytes());
        serde_json::from_slice(&text).or_else(|_| self.parse())
    }

    /// Checks that the text is JSON at all.
    pub(crate) fn check(self) -> Result<(), Fault> {
        self.parse::<IgnoredAny>().map(drop)
    }

    fn parse_borrowed<T: Deserialize<'a>>(self) -> Result<T, Fault> {
        serde_json::from_str(self.text).map_err(|error| self.syntax(&error))
    }

    fn expect(self, first: char, what: &str, expected: &str) -> Result<(), Fault> {
        let start = self.text.len() - self.text.trim_start().len();
        if self.text[start..].starts_with(first) {
            return Ok(());
        }
        self.check()?;
        let found = kind_of_json(self.text);
        let message = format!("{what} must be {expected}, found {found}");
        Err(Fault::new(self.at + start, message))
    }

    fn syntax(self, error: &serde_json::Error) -> Fault {
        let text = error.to_string();
        let message = text.split(" at line ").next().unwrap_or_default();
        let within = if error.is_eof() {
            self.text.trim_end().len()
        } else {
            let lines = self.text.split_inclusive('\n').take(error.line() - 1);
            lines.map(str::len).sum::<usize>() + error.column().saturating_sub(1)
        };
        Fault::new(self.at + within, format!("invalid JSON: {message}"))
    }
}

/// The fault of a record of more values than fit into a sensible amount of memory.
///
/// A short record is not looked at: it cannot hold so many.
pub(crate) fn size_fault(text: &str) -> Option<Fault> {
    if text.len() <= MOST_VALUES {
        return None;
    }
    let (mut values, mut quoted, mut escaped) = (0_usize, false, false);
    for (at, byte) in text.bytes().enumerate() {
        match byte {
            _ if escaped => escaped = false,
            b'\\' => escaped = quoted,
            b'"' => quoted = !quoted,
            b',' | b'[' | b'{' if !quoted => values += 1,
            _ => {}
        }
        if values > MOST_VALUES {
            let message = format!("a record of more than {MOST_VALUES} values");
            return Some(Fault::new(at, message).hint("make several samples of it"));
        }
    }
    None
}

/// The fault of an object with more values in it, or in a list that it holds, than fit into a sensible amount of memory.
pub(crate) fn crowd_fault(text: &str) -> Option<Fault> {
    let (mut values, mut depth, mut quoted, mut escaped) = (0_usize, 0_usize, false, false);
    for byte in text.bytes() {
        match byte {
            _ if escaped => escaped = false,
            b'\\' => escaped = quoted,
            b'"' => quoted = !quoted,
            _ if quoted => {}
            b'[' | b'{' => depth += 1,
            b']' | b'}' => depth = depth.saturating_sub(1),
            b',' if depth <= 2 => values += 1,
            _ => {}
        }
    }
    (values > MOST_VALUES).then(|| {
        let message = format!("an object that holds more than {MOST_VALUES} records");
        Fault::new(0, message).hint("write one record a line, or an array of them")
    })
}

/// An object of which only the keys are read. Unlike a map it keeps order and repetitions.
struct Entries<'a>(Vec<(Cow<'a, str>, &'a RawValue)>);

#[derive(Deserialize)]
struct Key<'a>(#[serde(borrow)] Cow<'a, str>);

impl<'de> Deserialize<'de> for Entries<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(EntriesVisitor)
    }
}

struct EntriesVisitor;

impl<'de> Visitor<'de> for EntriesVisitor {
    type Value = Entries<'de>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut access: A) -> Result<Self::Value, A::Error> {
        let mut entries = Vec::with_capacity(8);
        while let Some(Key(key)) = access.next_key()? {
            entries.push((key, access.next_value()?));
        }
        Ok(Entries(entries))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_know_where_they_are() {
        let text = r#" {"a" : [1, "x"], "b\n": {"k":"é"}}"#;
        let raw = Raw { text, at: 100 };
        let entries = raw.entries("a sample").unwrap();
        assert_eq!((&*entries[0].key, entries[0].key_at), ("a", 102));
        assert_eq!(entries[0].raw.at, 108);
        let elements = entries[0].raw.elements("x").unwrap();
        assert_eq!((elements[1].text, elements[1].at), ("\"x\"", 112));
        assert_eq!(entries[1].key, "b\n");
        assert_eq!(&text[entries[1].raw.at - 100..][..1], "{");
    }

    #[test]
    fn faults_say_what_was_found_and_where() {
        for (text, at, message) in [
            ("[1]", 0, "a sample must be an object, found an array"),
            ("  7", 2, "a sample must be an object, found a number"),
            ("{\"a\":1,}", 7, "invalid JSON: trailing comma"),
            ("{\"a\":", 5, "invalid JSON: EOF while parsing a value"),
            ("nope", 1, "invalid JSON: expected ident"),
            ("{} {}", 3, "invalid JSON: trailing characters"),
        ] {
            let fault = Raw { text, at: 0 }.entries("a sample").unwrap_err();
            assert_eq!((fault.at, fault.message.as_str()), (at, message), "{text}");
        }
    }

    #[test]
    fn a_repeated_key_in_a_map_is_a_fault() {
        let raw = Raw {
            text: r#"{"a":1,"a":2}"#,
            at: 0,
        };
        let fault = raw.map("`metadata`").unwrap_err();
        assert_eq!(fault.at, 7);
        assert_eq!(fault.message, "duplicate key `a` in `metadata`");
    }
}
