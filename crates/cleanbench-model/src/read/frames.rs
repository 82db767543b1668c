//! A reply as JSON documents: one whole, or those of a stream.

use cleanbench_core::{CallErrorKind, Reply};
use serde_json::Value;

use super::fault::Fault;
use super::{ended_early, is_event_stream, no_document, position};
use crate::sse;

/// Hands every document of `reply` to `take`: the events of a stream up to `[DONE]`, the lines of
/// one, or the one document that the reply is.
///
/// # Errors
/// What `take` returns, and what is no JSON.
pub(super) fn each(
    reply: &Reply,
    mut take: impl FnMut(Value) -> Result<(), Fault>,
) -> Result<(), Fault> {
    if is_event_stream(reply.content_type.as_deref()) {
        return each_event(&reply.body, take);
    }
    // Tokens that end within a character make some servers send broken UTF-8; the rest is legible.
    let text = String::from_utf8_lossy(&reply.body);
    let mut any = false;
    for document in serde_json::Deserializer::from_str(&text).into_iter::<Value>() {
        match document {
            Ok(document) => take(document)?,
            Err(error) if any && error.is_eof() => return Err(ended_early()),
            Err(error) => return Err(no_document(reply, &error)),
        }
        any = true;
    }
    if any {
        Ok(())
    } else {
        let what = "the answer is empty; the server closed before it had one";
        Err(Fault::new(CallErrorKind::Broken, what))
    }
}

fn each_event(body: &[u8], mut take: impl FnMut(Value) -> Result<(), Fault>) -> Result<(), Fault> {
    for event in sse::events(body) {
        let data = event.data.trim();
        if data == "[DONE]" {
            break;
        }
        if data.is_empty() {
            continue;
        }
        match serde_json::from_str(data) {
            Ok(document) => take(document)?,
            Err(_) if !event.finished => return Err(ended_early()),
            Err(error) => {
                let what = format!("a chunk of the stream is unreadable: {}", position(&error));
                return Err(Fault::new(CallErrorKind::Malformed, what));
            }
        }
    }
    Ok(())
}

/// The text under `key`, empty if there is none.
pub(super) fn text<'v>(value: &'v Value, key: &str) -> &'v str {
    value[key].as_str().unwrap_or_default()
}

/// The text under `key` if there is one.
pub(super) fn named(value: &Value, key: &str) -> Option<String> {
    Some(text(value, key).to_owned()).filter(|text| !text.is_empty())
}
