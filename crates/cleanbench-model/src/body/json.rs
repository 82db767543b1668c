//! JSON whose keys stay in the order in which they were put, so that a body can be recomputed.

use std::borrow::Cow;

use serde::ser::{Serialize, SerializeMap, Serializer};
use serde_json::{Map, Value};

/// A JSON value that borrows the long texts of a request.
#[derive(Debug, Clone)]
pub(crate) enum Json<'a> {
    Text(&'a str),
    Value(Value),
    Borrowed(&'a Value),
    List(Vec<Json<'a>>),
    Object(Object<'a>),
}

/// An object with its keys in order.
#[derive(Debug, Clone, Default)]
pub(crate) struct Object<'a>(Vec<(Cow<'a, str>, Json<'a>)>);

impl<'a> Object<'a> {
    /// The same object with one more field.
    pub(crate) fn with(mut self, key: &'a str, value: impl Into<Json<'a>>) -> Self {
        self.put(key, value);
        self
    }

    /// Adds a field.
    pub(crate) fn put(&mut self, key: &'a str, value: impl Into<Json<'a>>) {
        self.0.push((Cow::Borrowed(key), value.into()));
    }

    /// Adds a field that is set.
    pub(crate) fn put_some(&mut self, key: &'a str, value: Option<impl Into<Json<'a>>>) {
        if let Some(value) = value {
            self.put(key, value);
        }
    }

    /// Adds the fields of `other`.
    pub(crate) fn extend(&mut self, other: Self) {
        self.0.extend(other.0);
    }

    /// Whether there is no field.
    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Adds `fields`; what stands on both sides is merged if both are objects, else replaced.
    pub(crate) fn merge(&mut self, fields: &Map<String, Value>) {
        for (key, value) in fields {
            match self.0.iter_mut().find(|(known, _)| known == key) {
                Some((_, old)) => old.merge(value),
                None => self.0.push((Cow::Owned(key.clone()), value.clone().into())),
            }
        }
    }

    /// As a plain value, in which the order of keys is lost.
    pub(crate) fn to_value(&self) -> Value {
        serde_json::to_value(self).unwrap_or_default()
    }
}

impl Json<'_> {
    fn merge(&mut self, value: &Value) {
        match (&mut *self, value) {
            (Self::Object(old), Value::Object(new)) => old.merge(new),
            (Self::Value(Value::Object(old)), Value::Object(new)) => merge_maps(old, new),
            _ => *self = Self::Value(value.clone()),
        }
    }
}

fn merge_maps(old: &mut Map<String, Value>, new: &Map<String, Value>) {
    for (key, value) in new {
        match (old.get_mut(key), value) {
            (Some(Value::Object(old)), Value::Object(new)) => merge_maps(old, new),
            _ => {
                old.insert(key.clone(), value.clone());
            }
        }
    }
}

impl Serialize for Object<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(Some(self.0.len()))?;
        for (key, value) in &self.0 {
            map.serialize_entry(key, value)?;
        }
        map.end()
    }
}

impl Serialize for Json<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Text(text) => serializer.serialize_str(text),
            Self::Value(value) => value.serialize(serializer),
            Self::Borrowed(value) => value.serialize(serializer),
            Self::List(list) => list.serialize(serializer),
            Self::Object(object) => object.serialize(serializer),
        }
    }
}

impl<'a> From<&'a str> for Json<'a> {
    fn from(text: &'a str) -> Self {
        Self::Text(text)
    }
}

impl<'a> From<&'a Value> for Json<'a> {
    fn from(value: &'a Value) -> Self {
        Self::Borrowed(value)
    }
}

impl<'a> From<Vec<Json<'a>>> for Json<'a> {
    fn from(list: Vec<Json<'a>>) -> Self {
        Self::List(list)
    }
}

impl<'a> From<Object<'a>> for Json<'a> {
    fn from(object: Object<'a>) -> Self {
        Self::Object(object)
    }
}

macro_rules! from_plain {
    ($($plain:ty),*) => {$(
        impl From<$plain> for Json<'_> {
            fn from(value: $plain) -> Self {
                Self::Value(Value::from(value))
            }
        }
    )*};
}

from_plain!(bool, u32, u64, f64, String, Value, &[String]);
