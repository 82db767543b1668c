//! When a stream begins to reason and to answer, seen while it arrives.
//!
//! Invariant: nothing but two times comes of it. It looks no further than the first part of the answer,
//! keeps no more than one unfinished event, and what it cannot read it passes over: the reply is
//! judged from its record alone.

use serde_json::Value;

use super::thinking::{CLOSE, OPEN};
use crate::provider::Protocol;
use crate::sse;

/// What has been seen so far.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct FirstSeen {
    /// Whether reasoning has begun.
    pub reasoning: bool,
    /// Whether the answer itself has begun.
    pub answer: bool,
}

/// An observer of one stream.
#[derive(Debug)]
pub struct FirstToken {
    protocol: Protocol,
    events: sse::Parser,
    line: Vec<u8>,
    content: ContentState,
    seen: FirstSeen,
}

/// Where in its content an answer is that may begin with reasoning in tags.
#[derive(Debug)]
enum ContentState {
    /// All of it could still be the opening tag, or white space before it.
    Undecided(String),
    /// Within the tags; the last characters.
    Tagged(String),
}

impl FirstToken {
    /// An observer of a stream in the language `protocol`.
    pub fn new(protocol: Protocol) -> Self {
        Self {
            protocol,
            events: sse::Parser::default(),
            line: Vec::new(),
            content: ContentState::Undecided(String::new()),
            seen: FirstSeen::default(),
        }
    }

    /// Takes in the next bytes, and says what has been seen by now.
    pub fn see(&mut self, bytes: &[u8]) -> FirstSeen {
        if self.seen.answer {
            return self.seen;
        }
        for document in self.documents(bytes) {
            let (reasoning, answer) = parts(self.protocol, &document);
            self.seen.reasoning |= reasoning;
            if let Some(text) = answer {
                self.content(text);
            }
        }
        self.seen
    }

    fn documents(&mut self, bytes: &[u8]) -> Vec<Value> {
        if self.protocol == Protocol::Ollama {
            return self.lines(bytes);
        }
        self.events.push(bytes);
        let events = self.events.take();
        let data = events.iter().map(|event| serde_json::from_str(&event.data));
        data.filter_map(Result::ok).collect()
    }

    fn lines(&mut self, bytes: &[u8]) -> Vec<Value> {
        self.line.extend_from_slice(bytes);
        let Some(end) = self.line.iter().rposition(|byte| *byte == b'\n') else {
            return Vec::new();
        };
        let rest = self.line.split_off(end + 1);
        let whole = std::mem::replace(&mut self.line, rest);
        let lines = whole.split(|byte| *byte == b'\n');
        lines
            .filter_map(|line| serde_json::from_slice(line).ok())
            .collect()
    }

    fn content(&mut self, text: &str) {
        match &mut self.content {
            ContentState::Undecided(begun) => {
                begun.push_str(text);
                let begun = begun.trim_start();
                if let Some(rest) = begun.strip_prefix(OPEN) {
                    self.seen.reasoning = true;
                    let rest = rest.to_owned();
                    self.content = ContentState::Tagged(String::new());
                    self.content(&rest);
                } else if !OPEN.starts_with(begun) {
                    self.seen.answer = true;
                }
            }
            ContentState::Tagged(tail) => {
                tail.push_str(text);
                match tail.split_once(CLOSE) {
                    Some((_, answer)) => self.seen.answer |= !answer.trim().is_empty(),
                    None => keep_tail(tail),
                }
            }
        }
    }
}

/// Cuts all of `text` but what could be the beginning of the closing tag.
fn keep_tail(text: &mut String) {
    let mut start = text.len().saturating_sub(CLOSE.len());
    while !text.is_char_boundary(start) {
        start += 1;
    }
    text.drain(..start);
}

/// Whether `document` holds reasoning, and the content that it holds.
fn parts(protocol: Protocol, document: &Value) -> (bool, Option<&str>) {
    match protocol {
        Protocol::OpenAi => of_chunk(document),
        Protocol::Responses => of_response(document),
        Protocol::Anthropic => of_message(document),
        Protocol::Ollama => {
            let message = &document["message"];
            let thinking = full(&message["thinking"]).or_else(|| full(&document["thinking"]));
            let called = first(&message["tool_calls"]).map(|_| CALL);
            let content = full(&message["content"]).or_else(|| full(&document["response"]));
            (thinking.is_some(), content.or(called))
        }
        Protocol::LlamaCpp => (false, full(&document["content"])),
        Protocol::Imported => (false, None),
    }
}

/// What stands for a tool call, which is an answer.
const CALL: &str = "call";

fn of_chunk(chunk: &Value) -> (bool, Option<&str>) {
    let choice = &chunk["choices"][0];
    let delta = &choice["delta"];
    let content = &delta["content"];
    let part = first(content);
    let thinking = part.is_some_and(|part| part["type"] == "thinking");
    let reasoning = full(&delta["reasoning_content"])
        .or_else(|| full(&delta["reasoning"]))
        .is_some()
        || first(&delta["reasoning_details"]).is_some()
        || thinking;
    let text = part
        .filter(|_| !thinking)
        .and_then(|part| full(&part["text"]));
    let called = first(&delta["tool_calls"]).map(|_| CALL);
    let answer = full(content).or(text).or_else(|| full(&choice["text"]));
    (reasoning, answer.or(called))
}

fn of_response(event: &Value) -> (bool, Option<&str>) {
    match event["type"].as_str().unwrap_or_default() {
        "response.reasoning_text.delta" | "response.reasoning_summary_text.delta" => (true, None),
        "response.output_text.delta" | "response.function_call_arguments.delta" => {
            (false, full(&event["delta"]))
        }
        _ => (false, None),
    }
}

fn of_message(event: &Value) -> (bool, Option<&str>) {
    let delta = &event["delta"];
    let called = event["content_block"]["type"] == "tool_use";
    let answer = full(&delta["text"]).or_else(|| called.then_some(CALL));
    (full(&delta["thinking"]).is_some(), answer)
}

fn full(value: &Value) -> Option<&str> {
    value.as_str().filter(|text| !text.is_empty())
}

fn first(value: &Value) -> Option<&Value> {
    value.as_array()?.first()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    /// `expect` holds the numbers of the events, from 1, at which reasoning and the answer were seen; 0 for
    /// never.
    fn check(protocol: Protocol, events: &[Value], expect: [usize; 2]) {
        let text = |event: &Value| match protocol {
            Protocol::Ollama => format!("{event}\n"),
            _ => format!("data: {event}\n\n"),
        };
        let mut first_token = FirstToken::new(protocol);
        let mut found = [0, 0];
        for (number, event) in (1..).zip(events) {
            let text = text(event);
            let (head, tail) = text.as_bytes().split_at(text.len() / 2);
            let before = first_token.see(head);
            assert_eq!(
                (before.reasoning, before.answer),
                (found[0] > 0, found[1] > 0)
            );
            let seen = first_token.see(tail);
            for (now, place) in [seen.reasoning, seen.answer].into_iter().zip(&mut found) {
                if now && *place == 0 {
                    *place = number;
                }
            }
        }
        assert_eq!(found, expect, "{events:?}");
    }

    #[test]
    fn the_first_of_each_is_seen_in_every_protocol() {
        let delta = |field: &str, value: Value| json!({"choices": [{"delta": {field: value}}]});
        let empty = delta("content", json!(""));
        check(
            Protocol::OpenAi,
            &[
                empty.clone(),
                delta("reasoning_content", json!("h")),
                delta("content", json!("a")),
            ],
            [2, 3],
        );
        check(
            Protocol::OpenAi,
            &[
                json!({"choices": []}),
                delta("tool_calls", json!([{"index": 0}])),
            ],
            [0, 2],
        );
        check(
            Protocol::OpenAi,
            &[json!({"choices": [{"text": "a"}]})],
            [0, 1],
        );
        let thinking = json!([{"type": "thinking", "thinking": [{"type": "text", "text": "h"}]}]);
        let text = json!([{"type": "text", "text": "a"}]);
        check(
            Protocol::OpenAi,
            &[delta("content", thinking), delta("content", text)],
            [1, 2],
        );
        let tagged = ["\n<th", "ink>\nhm", "</thi", "nk>\n", "a"];
        let tagged: Vec<_> = tagged
            .iter()
            .map(|text| delta("content", json!(text)))
            .collect();
        check(Protocol::OpenAi, &tagged, [2, 5]);
        check(
            Protocol::Responses,
            &[
                json!({"type": "response.created"}),
                json!({"type": "response.reasoning_summary_text.delta", "delta": "h"}),
                json!({"type": "response.output_text.delta", "delta": "a"}),
            ],
            [2, 3],
        );
        check(
            Protocol::Anthropic,
            &[
                json!({"type": "message_start"}),
                json!({"type": "content_block_delta", "delta": {"thinking": "h"}}),
                json!({"type": "content_block_delta", "delta": {"text": "a"}}),
            ],
            [2, 3],
        );
        check(
            Protocol::Ollama,
            &[
                json!({"message": {"content": "", "thinking": "h"}}),
                json!({"message": {"content": "a"}}),
            ],
            [1, 2],
        );
        check(
            Protocol::LlamaCpp,
            &[json!({"content": ""}), json!({"content": "a"})],
            [0, 2],
        );
    }

    #[test]
    fn what_is_no_stream_is_passed_over() {
        let mut first_token = FirstToken::new(Protocol::OpenAi);
        assert_eq!(
            first_token.see(b"<html>\xff\n\ndata: {\n\ndata: [DONE]\n\n"),
            FirstSeen::default()
        );
    }
}
