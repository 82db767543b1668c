//! A request as it was sent: its conversation, and what it asked for besides.
//!
//! Chat completions (`messages`), responses (`input`, `instructions`), messages (`system` beside `messages`) and
//! completions (`prompt`) are read; requests of other kinds hold no chat.

use serde_json::{Map, Value};

use super::chat::{Chat, Skip};
use super::conversation::{NO_MESSAGES, conversation};
use super::values::{day, first, text};

/// Names of what a request may ask for, and a suite says by task.
const BESIDES: [&str; 11] = [
    "response_format",
    "temperature",
    "top_p",
    "max_tokens",
    "max_completion_tokens",
    "max_output_tokens",
    "stop",
    "seed",
    "logprobs",
    "reasoning_effort",
    "reasoning",
];
/// Most tools that are named.
const MOST_TOOLS: usize = 100;

const SESSION: [&str; 7] = [
    "session_id",
    "sessionId",
    "conversation_id",
    "conversationId",
    "thread_id",
    "chat_id",
    "trace_id",
];
const PERSON: [&str; 7] = [
    "user",
    "user_id",
    "userId",
    "end_user",
    "request_user_id",
    "customer_id",
    "safety_identifier",
];
const WHEN: [&str; 10] = [
    "created",
    "created_at",
    "createdAt",
    "request_created_at",
    "timestamp",
    "startTime",
    "start_time",
    "time",
    "ts",
    "date",
];

/// The chat that `body` asked for, which was answered with `answer`.
///
/// # Errors
/// Why a suite cannot have it.
pub(super) fn chat(body: &Map<String, Value>, answer: Option<String>) -> Result<Chat, Skip> {
    let messages = first(body, &["messages", "input", "prompt"]).ok_or(NO_MESSAGES)?;
    let system = first(body, &["system", "instructions"]);
    let found = conversation(system, messages, answer)?;
    let mut chat = Chat {
        messages: found.messages,
        answer: found.answer,
        model: text(body, &["model"]),
        besides: besides(body),
        ..Chat::default()
    };
    about(&mut chat, body);
    Ok(chat)
}

/// Notes what `record`, or its metadata, says of when and for whom, where that is not known yet.
pub(super) fn about(chat: &mut Chat, record: &Map<String, Value>) {
    let metadata = record.get("metadata").and_then(Value::as_object);
    for map in std::iter::once(record).chain(metadata) {
        let Chat {
            created,
            session,
            person,
            model,
            ..
        } = chat;
        *created = created.take().or_else(|| day(map, &WHEN));
        *session = session.take().or_else(|| text(map, &SESSION));
        *person = person.take().or_else(|| text(map, &PERSON));
        *model = model
            .take()
            .or_else(|| text(map, &["model", "request_model"]));
    }
}

fn besides(body: &Map<String, Value>) -> Vec<String> {
    let tools = first(body, &["tools", "functions"]).and_then(Value::as_array);
    let tools = tools.into_iter().flatten().take(MOST_TOOLS);
    let tools = tools.map(|tool| format!("tool `{}`", tool_name(tool)));
    let others = BESIDES.iter();
    let others = others.filter(|name| body.get(**name).is_some_and(|value| !value.is_null()));
    tools.chain(others.map(|name| (*name).to_owned())).collect()
}

/// The name of a tool, in either of the ways in which one is written.
pub(super) fn tool_name(tool: &Value) -> &str {
    let inner = tool.get("function").unwrap_or(tool);
    let name = inner.get("name").or_else(|| tool.get("type"));
    name.and_then(Value::as_str).unwrap_or("without a name")
}
