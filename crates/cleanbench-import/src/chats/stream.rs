//! Answers that a log keeps as they arrived: the events of a stream, `data: {…}` a line, or a list of them.
//!
//! Chat completions and completions (`choices`), messages (`content_block_delta`), responses (`response.…`) and Gemini
//! (`candidates`) are joined; reasoning is left out, as it is of answers in one piece.
//!
//! Invariant: an answer is joined only where its stream tells that it came to its end. One that broke off, or ended in
//! an error, is no answer that is on record.

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

const DATA: &str = "data:";
const DONE: &str = "[DONE]";

/// Whether `text` is a stream of events.
pub(super) fn is_one(text: &str) -> bool {
    let mut lines = text.lines().map(str::trim);
    let starts = lines.find(|line| !line.is_empty());
    let is_field = |line: &str| {
        ["data:", "event:", "id:", ":"]
            .iter()
            .any(|name| line.starts_with(name))
    };
    if !starts.is_some_and(is_field) {
        return false;
    }
    let first = data_of(text).next();
    first.is_some_and(|data| data == DONE || event(data).is_some())
}

/// What a stream comes to.
#[derive(Debug, PartialEq)]
pub(super) enum Joined {
    /// The text of its pieces, or the calls of tools.
    Text(String),
    /// The reply that it ends with, which says the whole.
    Reply(Value),
}

/// What the stream `text` comes to.
pub(super) fn answer(text: &str) -> Option<Joined> {
    let mut joining = Joining::default();
    for data in data_of(text) {
        if data == DONE {
            joining.is_over = true;
        } else {
            joining.add(&event(data)?);
        }
    }
    joining.answer()
}

/// Whether `events` are the events of a stream and no messages.
pub(super) fn are_events(events: &[Value]) -> bool {
    let first = events.first().and_then(Value::as_object);
    first.is_some_and(|first| {
        let choice = first.get("choices").and_then(|choices| choices.get(0));
        let kind = first.get("type").and_then(Value::as_str);
        choice.is_some_and(|choice| choice.get("delta").is_some())
            || kind.is_some_and(|kind| kind == "message_start" || kind.starts_with("response."))
    })
}

/// What `events` come to.
pub(super) fn joined(events: &[Value]) -> Option<Joined> {
    let mut joining = Joining::default();
    for event in events {
        joining.add(event.as_object()?);
    }
    joining.answer()
}

fn data_of(text: &str) -> impl Iterator<Item = &str> {
    let lines = text.lines().map(str::trim);
    lines.filter_map(|line| line.strip_prefix(DATA).map(str::trim))
}

fn event(data: &str) -> Option<Map<String, Value>> {
    match crate::json::parse("", data.as_bytes()) {
        Ok(Value::Object(event)) => Some(event),
        _ => None,
    }
}

/// What was joined so far.
#[derive(Debug, Default)]
struct Joining {
    text: String,
    /// Name and arguments of the tools that were called, by their number.
    calls: BTreeMap<u64, Call>,
    /// What the stream says itself that it came to.
    whole: Option<Value>,
    is_over: bool,
    has_failed: bool,
}

#[derive(Debug, Default)]
struct Call {
    name: String,
    arguments: String,
}

impl Joining {
    fn add(&mut self, event: &Map<String, Value>) {
        self.has_failed |= event.get("error").is_some_and(|error| !error.is_null());
        if let Some(choices) = event.get("choices").and_then(Value::as_array) {
            let first = choices.iter().find(|choice| number(choice, "index") == 0);
            if let Some(choice) = first {
                self.choice(choice);
            }
        } else if let Some(candidate) = event.get("candidates").and_then(|found| found.get(0)) {
            self.candidate(candidate);
        } else if let Some(kind) = event.get("type").and_then(Value::as_str) {
            self.typed(kind, event);
        }
    }

    fn choice(&mut self, choice: &Value) {
        self.is_over |= choice
            .get("finish_reason")
            .is_some_and(|why| !why.is_null());
        let delta = choice.get("delta").unwrap_or(choice);
        for name in ["content", "text"] {
            self.push(delta.get(name));
        }
        let calls = delta.get("tool_calls").and_then(Value::as_array);
        for call in calls.into_iter().flatten() {
            let known = self.calls.entry(number(call, "index")).or_default();
            let function = call.get("function").unwrap_or(call);
            known.name.push_str(word(function, "name"));
            known.arguments.push_str(word(function, "arguments"));
        }
    }

    fn candidate(&mut self, candidate: &Value) {
        self.is_over |= candidate
            .get("finishReason")
            .is_some_and(|why| !why.is_null());
        let parts = candidate
            .pointer("/content/parts")
            .and_then(Value::as_array);
        for part in parts.into_iter().flatten() {
            let is_thought = part.get("thought") == Some(&Value::Bool(true));
            self.push(part.get("text").filter(|_| !is_thought));
        }
    }

    fn typed(&mut self, kind: &str, event: &Map<String, Value>) {
        match kind {
            "content_block_delta" => {
                self.push(event.get("delta").and_then(|delta| delta.get("text")));
            }
            "message_stop" => self.is_over = true,
            "response.output_text.delta" => self.push(event.get("delta")),
            "response.completed" => {
                self.is_over = true;
                self.whole = event.get("response").cloned();
            }
            "error" | "response.failed" | "response.incomplete" => self.has_failed = true,
            _ => {}
        }
    }

    fn push(&mut self, text: Option<&Value>) {
        self.text
            .push_str(text.and_then(Value::as_str).unwrap_or_default());
    }

    fn answer(self) -> Option<Joined> {
        if !self.is_over || self.has_failed {
            return None;
        }
        if !self.text.trim().is_empty() {
            return Some(Joined::Text(self.text));
        }
        let calls = self.calls.into_values().map(|call| {
            json!({"type": "function", "function": {"name": call.name, "arguments": call.arguments}})
        });
        let calls: Vec<_> = calls.collect();
        let called = || (!calls.is_empty()).then(|| Joined::Text(Value::from(calls).to_string()));
        self.whole.map(Joined::Reply).or_else(called)
    }
}

fn number(value: &Value, name: &str) -> u64 {
    value.get(name).and_then(Value::as_u64).unwrap_or(0)
}

fn word<'v>(value: &'v Value, name: &str) -> &'v str {
    value.get(name).and_then(Value::as_str).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn stream(events: &[Value]) -> String {
        let lines = events.iter().map(|event| format!("data: {event}\n\n"));
        lines.collect()
    }

    #[test]
    fn streams_of_every_protocol_are_joined() {
        let delta = |text: &str| json!({"choices": [{"index": 0, "delta": {"content": text}}]});
        let end = json!({"choices": [{"index": 0, "delta": {}, "finish_reason": "stop"}]});
        let usage = json!({"choices": [], "usage": {"total_tokens": 3}});
        let chat = [delta("a"), delta(" b"), end, usage];
        let call = |name: &str, arguments: &str| json!({"choices": [{"delta": {"tool_calls": [{"index": 0, "function": {"name": name, "arguments": arguments}}]}, "finish_reason": null}]});
        for (text, expected) in [
            (stream(&chat), Some("a b")),
            (stream(&chat[..2]) + "data: [DONE]\n", Some("a b")),
            (stream(&chat[..2]), None),
            (
                stream(&[delta("a"), json!({"error": {"message": "x"}})]) + "data: [DONE]\n",
                None,
            ),
            (stream(&chat[..2]) + "data: {\"choices\"", None),
            (
                stream(&[call("f", ""), call("", "{}")]) + "data: [DONE]\n",
                Some(
                    "[{\"type\":\"function\",\"function\":{\"name\":\"f\",\"arguments\":\"{}\"}}]",
                ),
            ),
            (
                format!(
                    "event: content_block_delta\n{}event: message_stop\n{}",
                    stream(&[
                        json!({"type": "content_block_delta", "delta": {"type": "thinking_delta", "thinking": "hm"}}),
                        json!({"type": "content_block_delta", "delta": {"type": "text_delta", "text": "a b"}}),
                    ]),
                    stream(&[json!({"type": "message_stop"})])
                ),
                Some("a b"),
            ),
            (
                stream(&[
                    json!({"type": "response.output_text.delta", "delta": "a b"}),
                    json!({"type": "response.completed", "response": {"output": []}}),
                ]),
                Some("a b"),
            ),
            (
                stream(&[
                    json!({"candidates": [{"content": {"parts": [{"text": "hm", "thought": true}, {"text": "a b"}]}, "finishReason": "STOP"}]}),
                ]),
                Some("a b"),
            ),
        ] {
            assert!(is_one(&text), "{text}");
            let expected = expected.map(|text| Joined::Text(text.to_owned()));
            assert_eq!(answer(&text), expected, "{text}");
        }
        assert!(are_events(&chat));
        assert_eq!(joined(&chat), Some(Joined::Text("a b".to_owned())));
        let whole = json!({"output": []});
        let end = json!({"type": "response.completed", "response": whole});
        assert_eq!(joined(&[end]), Some(Joined::Reply(whole)));
        for text in ["data: the last column", "id: 7", "a\ndata: {}", ""] {
            assert!(!is_one(text), "{text}");
        }
    }
}
