//! Typed reading of TOML values; whatever does not fit becomes a diagnostic at its place.
//!
//! Invariant: a reader gives `None` only after it has logged why.

use std::ops::RangeInclusive;

use serde_json::{Map, Number, Value};
use toml::Spanned;
use toml::de::{DeArray, DeTable, DeValue};

use crate::at::At;
use crate::diagnostic::{Document, Fault};
use crate::log::Log;
use crate::words::{did_you_mean, shown};

/// Most elements of an array of a manifest.
const MOST_ELEMENTS: usize = 10_000;
/// Most scorers of a task, and most fields by which its scores are reported: each looks at every sample.
const MOST_OF_TASK: usize = 100;
/// Most tasks of a suite: each may read a file of its own.
const MOST_TASKS: usize = 2_000;

/// A TOML value with its place.
pub(crate) type Node<'i> = Spanned<DeValue<'i>>;

/// Reads a manifest's values.
pub(crate) struct Reader<'a> {
    pub(crate) document: Document<'a>,
    pub(crate) log: &'a mut Log,
}

impl Reader<'_> {
    pub(crate) fn fault(&mut self, fault: Fault) {
        self.log.error(self.document, fault);
    }

    /// The value of a result; a fault is logged.
    pub(crate) fn accept<T>(&mut self, result: Result<T, Fault>) -> Option<T> {
        result.map_err(|fault| self.fault(fault)).ok()
    }

    fn wrong_type(&mut self, name: &str, node: &Node<'_>, expected: &str) {
        let found = match node.get_ref().type_str() {
            kind @ ("array" | "integer") => format!("an {kind}"),
            kind => format!("a {kind}"),
        };
        let message = format!("`{name}` must be {expected}, found {found}");
        self.fault(Fault::new(node.span().start, message));
    }

    pub(crate) fn string(&mut self, name: &str, node: &Node<'_>) -> Option<At<String>> {
        let DeValue::String(text) = node.get_ref() else {
            self.wrong_type(name, node, "a string");
            return None;
        };
        Some(At {
            value: text.clone().into_owned(),
            at: node.span().start,
        })
    }

    /// A string that is not blank.
    pub(crate) fn text(&mut self, name: &str, node: &Node<'_>) -> Option<At<String>> {
        let text = self.string(name, node)?;
        if text.value.trim().is_empty() {
            self.fault(Fault::new(text.at, format!("`{name}` is empty")));
            return None;
        }
        Some(text)
    }

    /// A string that may be part of a file name.
    pub(crate) fn plain_name(&mut self, name: &str, node: &Node<'_>) -> Option<At<String>> {
        let text = self.text(name, node)?;
        let is_plain = text.value.starts_with(char::is_alphanumeric)
            && text.value.len() <= 100
            && (text.value.chars()).all(|c| c.is_alphanumeric() || matches!(c, '-' | '_' | '.'));
        if is_plain {
            return Some(text);
        }
        let message = format!("`{name}` is {}, which is no plain name", shown(&text.value));
        self.fault(Fault::new(text.at, message).hint(
            "use letters, digits, `-`, `_` and `.`, a letter or digit first, 100 bytes at most",
        ));
        None
    }

    pub(crate) fn array<'n, 'i>(
        &mut self,
        name: &str,
        node: &'n Node<'i>,
    ) -> Option<&'n DeArray<'i>> {
        let Some(found) = node.get_ref().as_array() else {
            self.wrong_type(name, node, "an array");
            return None;
        };
        let most = match name {
            "task" => MOST_TASKS,
            "scorers" | "slices" => MOST_OF_TASK,
            _ => MOST_ELEMENTS,
        };
        if found.len() > most {
            let message = format!(
                "`{name}` has {} elements; at most {most} are read",
                found.len()
            );
            self.fault(Fault::new(node.span().start, message));
            return None;
        }
        Some(found)
    }

    pub(crate) fn table<'n, 'i>(
        &mut self,
        name: &str,
        node: &'n Node<'i>,
    ) -> Option<&'n DeTable<'i>> {
        let found = node.get_ref().as_table();
        if found.is_none() {
            self.wrong_type(name, node, "a table");
        }
        found
    }

    /// An array of strings that are not blank.
    pub(crate) fn texts(&mut self, name: &str, node: &Node<'_>) -> Option<Vec<At<String>>> {
        let elements = self.array(name, node)?.iter();
        let name = format!("each of {name}");
        let texts: Vec<_> = elements.map(|element| self.text(&name, element)).collect();
        texts.into_iter().collect()
    }

    /// A whole number within `range`.
    pub(crate) fn whole(
        &mut self,
        name: &str,
        node: &Node<'_>,
        range: RangeInclusive<i64>,
    ) -> Option<i64> {
        let DeValue::Integer(integer) = node.get_ref() else {
            self.wrong_type(name, node, "an integer");
            return None;
        };
        let number = i64::from_str_radix(integer.as_str(), integer.radix()).ok();
        let found = number.filter(|number| range.contains(number));
        if found.is_none() {
            let message = format!(
                "`{name}` must be from {} to {}, found {integer}",
                range.start(),
                range.end()
            );
            self.fault(Fault::new(node.span().start, message));
        }
        found
    }

    pub(crate) fn boolean(&mut self, name: &str, node: &Node<'_>) -> Option<bool> {
        let found = node.get_ref().as_bool();
        if found.is_none() {
            self.wrong_type(name, node, "true or false");
        }
        found
    }

    /// A number, whole or not.
    pub(crate) fn number(&mut self, name: &str, node: &Node<'_>) -> Option<f64> {
        let text = match node.get_ref() {
            DeValue::Integer(integer) if integer.radix() == 10 => integer.as_str(),
            DeValue::Float(float) => float.as_str(),
            _ => {
                self.wrong_type(name, node, "a number");
                return None;
            }
        };
        text.parse().ok()
    }

    /// Logs a key that nothing knows.
    pub(crate) fn unknown_key(&mut self, key: &str, at: usize, what: &str, known: &[&str]) {
        let message = format!("unknown key {} in {what}", shown(key));
        let hint = did_you_mean(key, known.iter().copied());
        self.fault(Fault::new(at, message).maybe_hint(hint));
    }

    /// The same value in JSON, its keys in the order in which they were written.
    pub(crate) fn json(&mut self, name: &str, node: &Node<'_>) -> Option<Value> {
        match node.get_ref() {
            DeValue::String(text) => Some(Value::from(text.as_ref())),
            DeValue::Boolean(value) => Some(Value::from(*value)),
            DeValue::Integer(_) => self.whole(name, node, i64::MIN..=i64::MAX).map(Value::from),
            DeValue::Float(_) => {
                let number = self.number(name, node).and_then(Number::from_f64);
                if number.is_none() {
                    self.wrong_type(name, node, "a finite number");
                }
                number.map(Value::Number)
            }
            DeValue::Array(elements) => {
                let values = elements.iter().map(|element| self.json(name, element));
                values.collect::<Option<Vec<_>>>().map(Value::Array)
            }
            DeValue::Table(table) => {
                let mut map = Map::new();
                let mut entries: Vec<_> = table.iter().collect();
                entries.sort_by_key(|(key, _)| key.span().start);
                for (key, value) in entries {
                    let key = key.get_ref().as_ref();
                    map.insert(key.to_owned(), self.json(key, value)?);
                }
                Some(Value::Object(map))
            }
            DeValue::Datetime(_) => {
                self.wrong_type(name, node, "a string, number, boolean, array or table");
                None
            }
        }
    }
}
