//! The `price` table of a model.
//!
//! What a price may be is decided by [`Price`] itself, so that what is accepted here can also be
//! read back from a run's description.

use cleanbench_price::Price;
use serde::Deserialize;
use serde_json::{Map, Value};

use super::fields::{At, Diagnostics, Fields};

/// Reads a price; `None` after a fault, which is then reported.
pub(super) fn read(mut fields: Fields<'_, '_>, found: &mut Diagnostics<'_>) -> Option<Price> {
    let mut texts: Vec<(&'static str, At<&str>)> = Vec::new();
    for key in [
        "input",
        "output",
        "cached_input",
        "cache_write",
        "source",
        "date",
    ] {
        if let Some(text) = fields.text(key, found) {
            texts.push((key, text));
        }
    }
    let mut complete = true;
    for key in ["input", "output"] {
        if !fields.has(key) {
            let message = format!("`price` needs `{key}`, in US dollars per million tokens");
            found.push(fields.span(), message);
        }
        complete &= texts.iter().any(|(known, _)| *known == key);
    }
    let span = fields.span();
    fields.finish(found);
    if !complete {
        return None;
    }
    let table: Map<_, _> = texts
        .into_iter()
        .map(|(key, text)| (key.to_owned(), Value::from(text.value)))
        .collect();
    let price = Price::deserialize(Value::Object(table));
    price
        .map_err(|error| found.push(span, error.to_string()))
        .ok()
}
