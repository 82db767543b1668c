//! Keys that the tables of a model and of a provider have in common.
//!
//! Invariant: they mean the same in both, and are refused in the same words. A fragment never says what is asked,
//! and no key of an account stands in a file.

use serde_json::{Map, Value};

use super::fields::{Diagnostics, Fields};
use super::secrets;
use crate::LikelihoodMethod;
use crate::provider::Marks;

/// Fields that a fragment must not set: they are what is asked.
const OWN_FIELDS: [&str; 5] = ["model", "messages", "prompt", "input", "stream"];

/// How the endpoint gives likelihoods, where the table says so.
pub(super) fn read_likelihood(
    fields: &mut Fields<'_, '_>,
    found: &mut Diagnostics<'_>,
) -> Option<LikelihoodMethod> {
    let word = fields.text("likelihood", found)?;
    let method = LikelihoodMethod::named(word.value);
    if method.is_none() {
        let words = LikelihoodMethod::ALL
            .map(LikelihoodMethod::as_str)
            .join("\", \"");
        found.push_hint(
            word.span,
            format!("`likelihood` must be one of \"{words}\""),
            "`cleanbench models check` finds out which the server speaks; an answer without such numbers is refused, never guessed",
        );
    }
    method
}

/// Marks between which reasoning stands: pairs of texts.
pub(super) fn read_reasoning_marks(
    fields: &mut Fields<'_, '_>,
    found: &mut Diagnostics<'_>,
) -> Vec<Marks> {
    let Some(pairs) = fields.pairs("reasoning_marks", found) else {
        return Vec::new();
    };
    let mut marks = Vec::new();
    for [open, close] in pairs.value {
        if open.trim().is_empty() || close.trim().is_empty() {
            let message = "a mark in `reasoning_marks` must not be empty";
            found.push(pairs.span.clone(), message);
        } else {
            marks.push(Marks {
                open: open.to_owned(),
                close: close.to_owned(),
            });
        }
    }
    marks
}

/// The environment variable that holds the key.
pub(super) fn read_key_env(
    fields: &mut Fields<'_, '_>,
    found: &mut Diagnostics<'_>,
) -> Option<String> {
    let variable = fields.text("api_key_env", found)?;
    let mut bytes = variable.value.bytes();
    let name_like = bytes
        .next()
        .is_some_and(|first| first.is_ascii_alphabetic() || first == b'_')
        && bytes.all(|byte| byte.is_ascii_alphanumeric() || byte == b'_');
    if name_like {
        return Some(variable.value.to_owned());
    }
    // The value is not repeated: it may be the key itself.
    found.push_hint(
        variable.span,
        "`api_key_env` must be the name of an environment variable",
        "never write the key itself into this file",
    );
    None
}

/// A key in the file is the one mistake that must not be answered with "did you mean".
pub(super) fn refuse_keys(fields: &mut Fields<'_, '_>, found: &mut Diagnostics<'_>) {
    for key in ["api_key", "key", "token"] {
        fields.refuse(
            key,
            "a key must not stand in the models file",
            "put it into an environment variable and name that with `api_key_env`",
            found,
        );
    }
}

/// A table that is merged into requests.
pub(super) fn read_fragment(
    key: &'static str,
    fields: &mut Fields<'_, '_>,
    found: &mut Diagnostics<'_>,
) -> Option<Map<String, Value>> {
    let fragment = fields.json(key, found)?;
    let own = OWN_FIELDS
        .iter()
        .find(|own| fragment.value.contains_key(**own));
    if let Some(own) = own {
        let message = format!("`{key}` must not set `{own}`");
        found.push_hint(
            fragment.span,
            message,
            "it may add anything but what is asked",
        );
        return None;
    }
    if let Some(name) = secrets::within(&fragment.value) {
        // The value is not repeated: it may be the key itself.
        let message = format!(
            "`{name}` in `{key}` looks like a secret, which must not stand in the models file: what is sent is on record"
        );
        found.push_hint(
            fragment.span,
            message,
            "put it into an environment variable and name that with `api_key_env`",
        );
        return None;
    }
    Some(fragment.value)
}
