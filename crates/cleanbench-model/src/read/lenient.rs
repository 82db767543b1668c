//! Fields that are read if they have the expected type and ignored if not.
//!
//! A server that sends a number where others send a text costs a detail, not the answer.

use std::fmt;
use std::marker::PhantomData;

use serde::de::{Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde_json::Value;

/// A type that some JSON values mean.
trait FromWire: Sized {
    fn text(_text: &str) -> Option<Self> {
        None
    }
    fn count(_count: u64) -> Option<Self> {
        None
    }
}

impl FromWire for String {
    fn text(text: &str) -> Option<Self> {
        Some(text.to_owned())
    }
}

impl FromWire for u64 {
    fn count(count: u64) -> Option<Self> {
        Some(count)
    }
}

/// A text, or `None` for anything else.
pub(super) fn text<'de, D: Deserializer<'de>>(json: D) -> Result<Option<String>, D::Error> {
    json.deserialize_any(Lenient(PhantomData))
}

/// A count, or `None` for anything else. `12.0` is a count.
pub(super) fn count<'de, D: Deserializer<'de>>(json: D) -> Result<Option<u64>, D::Error> {
    json.deserialize_any(Lenient(PhantomData))
}

struct Lenient<T>(PhantomData<T>);

impl<'de, T: FromWire> Visitor<'de> for Lenient<T> {
    type Value = Option<T>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("any JSON value")
    }

    fn visit_str<E>(self, text: &str) -> Result<Self::Value, E> {
        Ok(T::text(text))
    }

    fn visit_u64<E>(self, number: u64) -> Result<Self::Value, E> {
        Ok(T::count(number))
    }

    fn visit_i64<E>(self, _: i64) -> Result<Self::Value, E> {
        Ok(None)
    }

    fn visit_f64<E>(self, number: f64) -> Result<Self::Value, E> {
        // Display writes a whole number without decimals, so this needs no cast.
        Ok(number.to_string().parse().ok().and_then(T::count))
    }

    fn visit_bool<E>(self, _: bool) -> Result<Self::Value, E> {
        Ok(None)
    }

    fn visit_unit<E>(self) -> Result<Self::Value, E> {
        Ok(None)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Self::Value, A::Error> {
        while items.next_element::<IgnoredAny>()?.is_some() {}
        Ok(None)
    }

    fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<Self::Value, A::Error> {
        while entries.next_entry::<IgnoredAny, IgnoredAny>()?.is_some() {}
        Ok(None)
    }
}

/// Content in any of its shapes: a text, nothing, or a list of parts.
#[derive(Debug, Default)]
pub(super) struct Content {
    /// The parts that are text, joined.
    pub(super) text: String,
    /// The parts that are reasoning, joined.
    pub(super) reasoning: String,
}

/// Content; empty for what is neither a text nor a list.
pub(super) fn content<'de, D: Deserializer<'de>>(json: D) -> Result<Content, D::Error> {
    json.deserialize_any(ContentVisitor)
}

struct ContentVisitor;

impl<'de> Visitor<'de> for ContentVisitor {
    type Value = Content;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("any JSON value")
    }

    fn visit_str<E>(self, text: &str) -> Result<Content, E> {
        Ok(Content {
            text: text.to_owned(),
            reasoning: String::new(),
        })
    }

    fn visit_string<E>(self, text: String) -> Result<Content, E> {
        Ok(Content {
            text,
            reasoning: String::new(),
        })
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Content, A::Error> {
        let mut content = Content::default();
        while let Some(part) = items.next_element::<Value>()? {
            let reasoning = part["type"] == "thinking" || part["type"] == "reasoning";
            let target = if reasoning {
                &mut content.reasoning
            } else {
                &mut content.text
            };
            push_text(&part, target);
        }
        Ok(content)
    }

    fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<Content, A::Error> {
        while entries.next_entry::<IgnoredAny, IgnoredAny>()?.is_some() {}
        Ok(Content::default())
    }

    fn visit_u64<E>(self, _: u64) -> Result<Content, E> {
        Ok(Content::default())
    }

    fn visit_i64<E>(self, _: i64) -> Result<Content, E> {
        Ok(Content::default())
    }

    fn visit_f64<E>(self, _: f64) -> Result<Content, E> {
        Ok(Content::default())
    }

    fn visit_bool<E>(self, _: bool) -> Result<Content, E> {
        Ok(Content::default())
    }

    fn visit_unit<E>(self) -> Result<Content, E> {
        Ok(Content::default())
    }
}

/// Appends the text of a part: the part itself, its `text`, or the parts of its `thinking`.
fn push_text(part: &Value, text: &mut String) {
    match part {
        Value::String(own) => text.push_str(own),
        Value::Array(parts) => parts.iter().for_each(|part| push_text(part, text)),
        Value::Object(fields) => {
            let inner = fields.get("text").or_else(|| fields.get("thinking"));
            if let Some(part) = inner {
                push_text(part, text);
            }
        }
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}
