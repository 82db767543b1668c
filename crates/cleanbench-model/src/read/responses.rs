//! Answers in the language of `OpenAI`'s responses.

use cleanbench_core::{CallErrorKind, Reply};
use serde_json::Value;

use super::fault::Fault;
use super::frames::{self, named, text};
use super::{RawAnswer, ended_early, refusal, tokens};

/// Reads a whole response, or the stream of one.
///
/// # Errors
/// When it is none, reports an error, or its stream ends before its end is reported.
pub(super) fn read(reply: &Reply) -> Result<RawAnswer, Fault> {
    let mut items = Vec::new();
    let mut ended = None;
    frames::each(reply, |mut document| {
        match text(&document, "type") {
            "error" => return Err(fault_of(&document)),
            "response.output_item.done" => items.push(document["item"].take()),
            "response.completed" | "response.incomplete" | "response.failed" => {
                ended = Some(document["response"].take());
            }
            kind if kind.starts_with("response.") => {}
            _ => ended = Some(document),
        }
        Ok(())
    })?;
    whole(&ended.ok_or_else(ended_early)?, &items)
}

/// An error event: the error itself, or in a field.
fn fault_of(event: &Value) -> Fault {
    match &event["error"] {
        Value::Null => refusal::inside_success(event),
        error => refusal::inside_success(error),
    }
}

/// Reads a response; `streamed` are the items that came before it, for servers that do not repeat
/// them.
fn whole(response: &Value, streamed: &[Value]) -> Result<RawAnswer, Fault> {
    if !response["error"].is_null() {
        return Err(refusal::inside_success(&response["error"]));
    }
    let Some(output) = response["output"].as_array() else {
        let what = "the answer is JSON without `output`; is this the path of responses?";
        return Err(Fault::new(CallErrorKind::Malformed, what));
    };
    let mut answer = RawAnswer {
        usage: response["usage"].clone(),
        model: named(response, "model"),
        ..RawAnswer::default()
    };
    let items = if output.is_empty() { streamed } else { output };
    for item in items {
        take(item, &mut answer);
    }
    answer.finish = finish(response, items);
    Ok(answer)
}

fn take(item: &Value, answer: &mut RawAnswer) {
    let parts = |key: &str| item[key].as_array().into_iter().flatten();
    match text(item, "type") {
        "message" => {
            for part in parts("content") {
                answer.text.push_str(text(part, "text"));
                answer.text.push_str(text(part, "refusal"));
                answer.tokens.extend(tokens::of_value(&part["logprobs"]));
            }
        }
        "reasoning" => {
            for part in parts("summary").chain(parts("content")) {
                answer.reasoning.push_str(text(part, "text"));
            }
        }
        "function_call" => answer.calls.push(&item["name"], &item["arguments"]),
        _ => {}
    }
}

fn finish(response: &Value, items: &[Value]) -> Option<String> {
    let called = items.iter().any(|item| item["type"] == "function_call");
    match text(response, "status") {
        "completed" if called => Some("tool_calls".to_owned()),
        "incomplete" => named(&response["incomplete_details"], "reason")
            .or_else(|| Some("incomplete".to_owned())),
        status => Some(status.to_owned()),
    }
}
