//! Answers in the language of Anthropic's messages.

use cleanbench_core::{CallErrorKind, Reply};
use serde_json::{Map, Value};

use super::fault::Fault;
use super::frames::{self, named, text};
use super::{RawAnswer, ended_early, refusal};

/// Reads a whole message, or the stream of one.
///
/// # Errors
/// When it is none, reports an error, or its stream ends before its end is reported.
pub(super) fn read(reply: &Reply) -> Result<RawAnswer, Fault> {
    let mut message = Message::default();
    frames::each(reply, |document| message.take(&document))?;
    message.finish()
}

/// A message while it arrives.
#[derive(Debug, Default)]
struct Message {
    begun: bool,
    ended: bool,
    model: Option<String>,
    stop_reason: Option<String>,
    usage: Map<String, Value>,
    blocks: Vec<(u64, Block)>,
}

/// A part of a message.
#[derive(Debug, Default)]
struct Block {
    kind: String,
    name: Value,
    input: Value,
    /// Text, thoughts, or the arguments of a call, by kind.
    written: String,
}

impl Block {
    fn new(block: &Value) -> Self {
        let key = match text(block, "type") {
            "thinking" => "thinking",
            _ => "text",
        };
        Self {
            kind: text(block, "type").to_owned(),
            name: block["name"].clone(),
            input: block["input"].clone(),
            written: text(block, key).to_owned(),
        }
    }
}

impl Message {
    fn take(&mut self, event: &Value) -> Result<(), Fault> {
        match text(event, "type") {
            "error" if self.stop_reason.is_none() => {
                return Err(refusal::inside_success(&event["error"]));
            }
            "message_start" => {
                // A second start begins anew: what came before was given up by the server.
                *self = Self::default();
                self.start(&event["message"]);
            }
            "content_block_start" => {
                let block = Block::new(&event["content_block"]);
                self.blocks.push((index(event), block));
            }
            "content_block_delta" => self.write(event),
            "message_delta" => self.facts(&event["delta"], &event["usage"]),
            "message_stop" => self.ended = true,
            "message" => {
                self.start(event);
                self.ended = true;
            }
            _ => {}
        }
        Ok(())
    }

    fn start(&mut self, message: &Value) {
        self.begun = true;
        self.model = named(message, "model");
        self.facts(message, &message["usage"]);
        let content = message["content"].as_array();
        for (place, block) in (0..).zip(content.into_iter().flatten()) {
            self.blocks.push((place, Block::new(block)));
        }
    }

    fn facts(&mut self, delta: &Value, usage: &Value) {
        self.stop_reason = named(delta, "stop_reason").or(self.stop_reason.take());
        let reported = usage.as_object().into_iter().flatten();
        let reported = reported.filter(|(_, count)| !count.is_null());
        self.usage
            .extend(reported.map(|(key, count)| (key.clone(), count.clone())));
    }

    fn write(&mut self, event: &Value) {
        let wanted = index(event);
        let open = self.blocks.iter_mut().rev().find(|(at, _)| *at == wanted);
        if let Some((_, block)) = open {
            for key in ["text", "thinking", "partial_json"] {
                block.written.push_str(text(&event["delta"], key));
            }
        }
    }

    fn finish(self) -> Result<RawAnswer, Fault> {
        if !self.begun {
            let what = "the answer is JSON without a `message`; is this the path of messages?";
            return Err(Fault::new(CallErrorKind::Malformed, what));
        }
        if !self.ended && self.stop_reason.is_none() {
            return Err(ended_early());
        }
        let mut answer = RawAnswer {
            finish: self.stop_reason,
            usage: Value::Object(self.usage),
            model: self.model,
            ..RawAnswer::default()
        };
        for (_, block) in self.blocks {
            match block.kind.as_str() {
                "text" => answer.text.push_str(&block.written),
                "thinking" => answer.reasoning.push_str(&block.written),
                "tool_use" if block.written.is_empty() => {
                    answer.calls.push(&block.name, &block.input);
                }
                "tool_use" => answer.calls.push(&block.name, &block.written.into()),
                _ => {}
            }
        }
        Ok(answer)
    }
}

fn index(event: &Value) -> u64 {
    event["index"].as_u64().unwrap_or_default()
}
