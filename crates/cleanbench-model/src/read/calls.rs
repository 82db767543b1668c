//! Tool calls: whole, or put together from the pieces of a stream.

use cleanbench_core::ToolCall;
use serde_json::Value;

/// Calls in the order in which they began.
#[derive(Debug, Default)]
pub(super) struct Calls(Vec<(Option<u64>, ToolCall)>);

impl Calls {
    /// Takes in the `tool_calls` of a message or of a piece of one.
    pub(super) fn take(&mut self, calls: &Value) {
        for call in calls.as_array().into_iter().flatten() {
            let function = match &call["function"] {
                Value::Null => call,
                function => function,
            };
            let begins = call["id"].is_string() || function["name"].is_string();
            self.add(call["index"].as_u64(), begins, function);
        }
    }

    /// Takes in a call of the time before there were several.
    pub(super) fn take_single(&mut self, function: &Value) {
        if function.is_object() {
            self.add(Some(0), true, function);
        }
    }

    /// Adds a call that is complete.
    pub(super) fn push(&mut self, name: &Value, arguments: &Value) {
        let call = ToolCall {
            name: name.as_str().unwrap_or_default().to_owned(),
            arguments: text_of(arguments),
        };
        self.0.push((None, call));
    }

    /// Every name and all arguments.
    pub(super) fn texts(&mut self) -> impl Iterator<Item = &mut String> {
        let calls = self.0.iter_mut().map(|(_, call)| call);
        calls.flat_map(|call| [&mut call.name, &mut call.arguments])
    }

    /// The calls that have a name.
    pub(super) fn finish(self) -> Vec<ToolCall> {
        let calls = self.0.into_iter().map(|(_, call)| call);
        calls.filter(|call| !call.name.is_empty()).collect()
    }

    fn add(&mut self, index: Option<u64>, begins: bool, function: &Value) {
        let open = match index {
            Some(_) => self.0.iter().position(|(known, _)| *known == index),
            None if begins => None,
            None => self.0.len().checked_sub(1),
        };
        let place = open.unwrap_or_else(|| {
            self.0.push((index, ToolCall::default()));
            self.0.len() - 1
        });
        let call = &mut self.0[place].1;
        // A name comes whole; some servers repeat it with every piece.
        if call.name.is_empty() {
            call.name
                .push_str(function["name"].as_str().unwrap_or_default());
        }
        call.arguments.push_str(&text_of(&function["arguments"]));
    }
}

/// Arguments as the model wrote them; servers that parsed them get them back as JSON.
fn text_of(arguments: &Value) -> String {
    match arguments {
        Value::String(text) => text.clone(),
        Value::Null => String::new(),
        parsed => parsed.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn pieces_become_calls() {
        let check = |pieces: &[Value], expect: &[(&str, &str)]| {
            let mut calls = Calls::default();
            for piece in pieces {
                calls.take(piece);
            }
            let calls = calls.finish();
            let found: Vec<_> = calls
                .iter()
                .map(|call| (call.name.as_str(), call.arguments.as_str()))
                .collect();
            assert_eq!(found, expect, "{pieces:?}");
        };
        let piece = |index: u64, id: Option<&str>, name: Option<&str>, arguments: &str| json!([{"index": index, "id": id, "function": {"name": name, "arguments": arguments}}]);
        check(
            &[
                piece(1, Some("x"), Some("a"), ""),
                piece(1, None, None, "{\"p\""),
                piece(2, Some("y"), Some("b"), "{}"),
                piece(1, None, None, ":1}"),
            ],
            &[("a", "{\"p\":1}"), ("b", "{}")],
        );
        check(
            &[
                json!([{"id": "x", "function": {"name": "a", "arguments": "{"}}]),
                json!([{"function": {"arguments": "}"}}]),
                json!([{"id": "y", "function": {"name": "a", "arguments": "{}"}}]),
            ],
            &[("a", "{}"), ("a", "{}")],
        );
        check(
            &[json!([{"function": {"name": "a", "arguments": {"q": 1}}}])],
            &[("a", "{\"q\":1}")],
        );
        check(&[json!(null), json!("odd"), json!([7])], &[]);
    }
}
