//! A TOML table read key by key, with every fault reported at its place.
//!
//! Invariant: the keys that were asked for are the keys that are known, so the check for unknown
//! keys cannot fall behind the code that reads them.

use std::collections::BTreeMap;
use std::ops::Range;
use std::path::Path;

use serde_json::{Map, Value};
use toml::Spanned;
use toml::de::{DeTable, DeValue};

use cleanbench_text::closest;

use super::{ConfigError, FilePlace};

/// The faults of one file.
#[derive(Debug)]
pub(super) struct Diagnostics<'a> {
    text: &'a str,
    path: &'a Path,
    /// Where each line begins.
    lines: Vec<usize>,
    errors: Vec<(usize, ConfigError)>,
}

/// So many faults are told; the others are counted.
const MOST_FAULTS: usize = 20;

impl<'a> Diagnostics<'a> {
    pub(super) fn new(text: &'a str, path: &'a Path) -> Self {
        let ends = text.match_indices('\n').map(|(newline, _)| newline + 1);
        Self {
            text,
            path,
            lines: std::iter::once(0).chain(ends).collect(),
            errors: Vec::new(),
        }
    }

    /// Reports a fault at `span`.
    pub(super) fn push(&mut self, span: Range<usize>, message: impl Into<String>) {
        self.push_error(span, ConfigError::new(message));
    }

    /// Reports a fault at `span` with what to do instead.
    pub(super) fn push_hint(
        &mut self,
        span: Range<usize>,
        message: impl Into<String>,
        hint: impl Into<String>,
    ) {
        self.push_error(span, ConfigError::new(message).hint(hint));
    }

    /// Reports `error` at `span`.
    pub(super) fn push_error(&mut self, span: Range<usize>, error: ConfigError) {
        self.errors.push((span.start, error));
    }

    /// The faults that were found, each with where it stands.
    pub(super) fn errors(&mut self) -> &mut Vec<(usize, ConfigError)> {
        &mut self.errors
    }

    /// `value` if nothing was found, else all faults in the order of the file.
    pub(super) fn into_result<T>(mut self, value: T) -> Result<T, Vec<ConfigError>> {
        let faults = self.take();
        if faults.is_empty() {
            Ok(value)
        } else {
            Err(faults)
        }
    }

    /// The faults that were found since the last time, in the order of the file: the first ones, and how many more.
    pub(super) fn take(&mut self) -> Vec<ConfigError> {
        self.errors.sort_by_key(|(offset, _)| *offset);
        let more = self.errors.len().saturating_sub(MOST_FAULTS);
        let errors = std::mem::take(&mut self.errors);
        let told = errors.into_iter().take(MOST_FAULTS);
        let told = told.map(|(offset, error)| ConfigError {
            place: Some(self.place(offset)),
            ..error
        });
        let path = self.path.display();
        let counted =
            (more > 0).then(|| ConfigError::new(format!("and {more} more faults of `{path}`")));
        told.chain(counted).collect()
    }

    /// Where the byte at `offset` of the file stands.
    pub(super) fn place(&self, offset: usize) -> FilePlace {
        let line = self.lines.partition_point(|start| *start <= offset);
        let start = self.lines.get(line - 1).copied().unwrap_or_default();
        let before = self.text.get(start..offset).unwrap_or_default();
        FilePlace {
            path: self.path.to_owned(),
            line,
            column: before.chars().count() + 1,
        }
    }
}

/// A value and where it stands.
#[derive(Debug, Clone)]
pub(super) struct At<T> {
    pub(super) value: T,
    pub(super) span: Range<usize>,
}

/// One table and the keys that were asked for so far.
#[derive(Debug)]
pub(super) struct Fields<'t, 'i> {
    table: &'t DeTable<'i>,
    span: Range<usize>,
    asked: Vec<&'static str>,
    refused: Vec<&'static str>,
}

impl<'t, 'i> Fields<'t, 'i> {
    pub(super) fn new(table: &'t DeTable<'i>, span: Range<usize>) -> Self {
        Self {
            table,
            span,
            asked: Vec::new(),
            refused: Vec::new(),
        }
    }

    /// Where the table stands.
    pub(super) fn span(&self) -> Range<usize> {
        self.span.clone()
    }

    /// Whether the key is there.
    pub(super) fn has(&self, key: &str) -> bool {
        self.table.contains_key(key)
    }

    /// A text that is read elsewhere, if it is one.
    pub(super) fn peek(&self, key: &str) -> Option<&'t str> {
        self.table.get(key)?.get_ref().as_str()
    }

    /// A text.
    pub(super) fn text(
        &mut self,
        key: &'static str,
        found: &mut Diagnostics<'_>,
    ) -> Option<At<&'t str>> {
        self.read(key, "a text in quotes", found, DeValue::as_str)
    }

    /// `true` or `false`.
    pub(super) fn flag(
        &mut self,
        key: &'static str,
        found: &mut Diagnostics<'_>,
    ) -> Option<At<bool>> {
        self.read(key, "true or false", found, DeValue::as_bool)
    }

    /// A number, with or without decimals.
    pub(super) fn number(
        &mut self,
        key: &'static str,
        found: &mut Diagnostics<'_>,
    ) -> Option<At<f64>> {
        self.read(key, "a number", found, |value| match value {
            DeValue::Float(float) => float.as_str().parse().ok(),
            DeValue::Integer(integer) if integer.radix() == 10 => integer.as_str().parse().ok(),
            _ => None,
        })
    }

    /// A whole number from 1 up to what 32 bits hold.
    pub(super) fn count(
        &mut self,
        key: &'static str,
        found: &mut Diagnostics<'_>,
    ) -> Option<At<u32>> {
        self.read(key, "a whole number of at least 1", found, |value| {
            let integer = value.as_integer()?;
            let number = u32::from_str_radix(integer.as_str(), integer.radix()).ok()?;
            (number > 0).then_some(number)
        })
    }

    /// A list of texts.
    pub(super) fn texts(
        &mut self,
        key: &'static str,
        found: &mut Diagnostics<'_>,
    ) -> Option<At<Vec<At<&'t str>>>> {
        self.read(key, "a list of texts in quotes", found, |value| {
            let items = value.as_array()?.iter();
            items
                .map(|item| {
                    item.get_ref().as_str().map(|value| At {
                        value,
                        span: item.span(),
                    })
                })
                .collect()
        })
    }

    /// A list of pairs of texts.
    pub(super) fn pairs(
        &mut self,
        key: &'static str,
        found: &mut Diagnostics<'_>,
    ) -> Option<At<Vec<[&'t str; 2]>>> {
        let expected = "a list of pairs of texts, such as [[\"<x>\", \"</x>\"]]";
        self.read(key, expected, found, |value| {
            let pairs = value.as_array()?.iter();
            let pair = |item: &'t Spanned<DeValue<'i>>| {
                let texts = item.get_ref().as_array()?.iter();
                let texts: Option<Vec<_>> = texts.map(|text| text.get_ref().as_str()).collect();
                <[&'t str; 2]>::try_from(texts?).ok()
            };
            pairs.map(pair).collect()
        })
    }

    /// One of the words that `known` names.
    pub(super) fn one_of<T: Copy>(
        &mut self,
        key: &'static str,
        known: &[(&str, T)],
        found: &mut Diagnostics<'_>,
    ) -> Option<T> {
        let text = self.text(key, found)?;
        let meant = known.iter().find(|(word, _)| *word == text.value);
        if meant.is_none() {
            found.push(text.span, one_of_message(key, known));
        }
        meant.map(|(_, value)| *value)
    }

    /// A list of words that `known` names.
    pub(super) fn some_of<T: Copy>(
        &mut self,
        key: &'static str,
        known: &[(&str, T)],
        found: &mut Diagnostics<'_>,
    ) -> Option<Vec<T>> {
        let texts = self.texts(key, found)?;
        let mut values = Vec::new();
        for text in texts.value {
            match known.iter().find(|(word, _)| *word == text.value) {
                Some((_, value)) => values.push(*value),
                None => found.push(text.span, one_of_message(key, known)),
            }
        }
        Some(values)
    }

    /// A table as JSON.
    pub(super) fn json(
        &mut self,
        key: &'static str,
        found: &mut Diagnostics<'_>,
    ) -> Option<At<Map<String, Value>>> {
        self.read(
            key,
            "a table without dates and infinite numbers",
            found,
            |value| match json(value)? {
                Value::Object(table) => Some(table),
                _ => None,
            },
        )
    }

    /// Every value of this table as a text, with its key.
    pub(super) fn all_texts(&self, found: &mut Diagnostics<'_>) -> Vec<(&'t str, At<&'t str>)> {
        let mut texts = Vec::new();
        for (key, value) in self.table {
            let span = value.span();
            match value.get_ref().as_str() {
                Some(value) => texts.push((key.get_ref().as_ref(), At { value, span })),
                None => mismatch(key.get_ref(), "a text in quotes", value, found),
            }
        }
        texts
    }

    /// Every value of this table as `true` or `false`, with its key.
    pub(super) fn all_flags(&self, found: &mut Diagnostics<'_>) -> BTreeMap<String, bool> {
        let mut flags = BTreeMap::new();
        for (key, value) in self.table {
            match value.get_ref().as_bool() {
                Some(flag) => {
                    flags.insert(key.get_ref().to_ascii_lowercase(), flag);
                }
                None => mismatch(key.get_ref(), "true or false", value, found),
            }
        }
        flags
    }

    /// A table.
    pub(super) fn table(
        &mut self,
        key: &'static str,
        found: &mut Diagnostics<'_>,
    ) -> Option<Fields<'t, 'i>> {
        let table = self.read(key, "a table", found, DeValue::as_table)?;
        Some(Fields::new(table.value, table.span))
    }

    /// Every value of this table as a table of its own, with its key.
    pub(super) fn tables(&self, found: &mut Diagnostics<'_>) -> Vec<(&'t str, Fields<'t, 'i>)> {
        let mut tables = Vec::new();
        for (key, value) in self.table {
            match value.get_ref().as_table() {
                Some(table) => {
                    tables.push((key.get_ref().as_ref(), Fields::new(table, value.span())));
                }
                None => mismatch(key.get_ref(), "a table", value, found),
            }
        }
        tables
    }

    /// Whether the table has at most `most` entries, each of them `what`. More are reported, and are not to be read.
    pub(super) fn has_at_most(&self, most: usize, what: &str, found: &mut Diagnostics<'_>) -> bool {
        let count = self.table.len();
        if count > most {
            let message = format!("{count} {what} are more than a models file may have: {most}");
            found.push(self.span(), message);
        }
        count <= most
    }

    /// Reports a key that must not be there, instead of calling it unknown.
    pub(super) fn refuse(
        &mut self,
        key: &'static str,
        message: &str,
        hint: &str,
        found: &mut Diagnostics<'_>,
    ) {
        if let Some((place, _)) = self.table.get_key_value(key) {
            self.refused.push(key);
            found.push_hint(place.span(), format!("`{key}`: {message}"), hint);
        }
    }

    /// Reports the keys that nobody asked for.
    pub(super) fn finish(self, found: &mut Diagnostics<'_>) {
        for key in self.table.keys() {
            let name = key.get_ref().as_ref();
            if self.asked.contains(&name) || self.refused.contains(&name) {
                continue;
            }
            let hint = match closest(name, self.asked.iter().copied()) {
                Some(near) => format!("did you mean `{near}`?"),
                None => format!("known keys: {}", self.asked.join(", ")),
            };
            found.push_hint(key.span(), format!("unknown key `{name}`"), hint);
        }
    }

    fn read<T>(
        &mut self,
        key: &'static str,
        expected: &str,
        found: &mut Diagnostics<'_>,
        convert: impl FnOnce(&'t DeValue<'i>) -> Option<T>,
    ) -> Option<At<T>> {
        self.asked.push(key);
        let value = self.table.get(key)?;
        let Some(converted) = convert(value.get_ref()) else {
            mismatch(key, expected, value, found);
            return None;
        };
        Some(At {
            value: converted,
            span: value.span(),
        })
    }
}

fn mismatch(key: &str, expected: &str, value: &Spanned<DeValue<'_>>, found: &mut Diagnostics<'_>) {
    found.push(value.span(), format!("`{key}` must be {expected}"));
}

/// What is wrong with a word that is none of `known`.
pub(super) fn one_of_message<T>(key: &str, known: &[(&str, T)]) -> String {
    let words: Vec<_> = known
        .iter()
        .map(|(word, _)| format!("\"{word}\""))
        .collect();
    format!("`{key}` must be one of {}", words.join(", "))
}

/// `value` as JSON; `None` for dates and numbers that JSON does not have.
fn json(value: &DeValue<'_>) -> Option<Value> {
    Some(match value {
        DeValue::String(text) => Value::from(text.as_ref()),
        DeValue::Boolean(flag) => Value::from(*flag),
        DeValue::Integer(integer) => {
            Value::from(i64::from_str_radix(integer.as_str(), integer.radix()).ok()?)
        }
        DeValue::Float(float) => {
            let number: f64 = float.as_str().parse().ok()?;
            serde_json::Number::from_f64(number)?.into()
        }
        DeValue::Datetime(_) => return None,
        DeValue::Array(items) => {
            let items = items.iter().map(|item| json(item.get_ref()));
            Value::Array(items.collect::<Option<_>>()?)
        }
        DeValue::Table(table) => {
            let entries = table.iter();
            let entries = entries.map(|(key, value)| {
                Some((key.get_ref().as_ref().to_owned(), json(value.get_ref())?))
            });
            Value::Object(entries.collect::<Option<_>>()?)
        }
    })
}
