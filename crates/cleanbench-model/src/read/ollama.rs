//! Answers in Ollama's own language: one document, or one a line.

use cleanbench_core::{CallErrorKind, Reply};
use serde_json::Value;

use super::fault::Fault;
use super::frames::{self, named, text};
use super::{RawAnswer, ended_early, refusal, tokens};

/// Reads a chat or a continuation.
///
/// # Errors
/// When it is none, reports an error, or ends before its end is reported.
pub(super) fn read(reply: &Reply) -> Result<RawAnswer, Fault> {
    let mut answer = RawAnswer::default();
    let (mut known, mut done) = (false, false);
    frames::each(reply, |document| {
        if !document["error"].is_null() && !done {
            return Err(refusal::inside_success(&document["error"]));
        }
        known |= document["message"].is_object() || document["response"].is_string();
        take(&document, &mut answer);
        if document["done"] == true {
            done = true;
            answer.finish = named(&document, "done_reason");
            answer.usage = document;
        }
        Ok(())
    })?;
    if !known {
        let what = "the answer is JSON without `message` or `response`; is this Ollama's own path?";
        return Err(Fault::new(CallErrorKind::Malformed, what));
    }
    if done { Ok(answer) } else { Err(ended_early()) }
}

fn take(document: &Value, answer: &mut RawAnswer) {
    let message = &document["message"];
    answer.text.push_str(text(message, "content"));
    answer.text.push_str(text(document, "response"));
    answer.reasoning.push_str(text(message, "thinking"));
    answer.reasoning.push_str(text(document, "thinking"));
    for call in message["tool_calls"].as_array().into_iter().flatten() {
        let function = &call["function"];
        answer.calls.push(&function["name"], &function["arguments"]);
    }
    answer
        .tokens
        .extend(tokens::of_value(&document["logprobs"]));
    answer.model = named(document, "model").or(answer.model.take());
}
