//! Messages and answers, however a provider's protocol or a tracer writes them.
//!
//! Content is a text or a list of parts (`text`, or `content` as OpenTelemetry has it). Roles of several dialects are
//! read as the three that a suite has. Refused, because a suite cannot say it: pictures, files, and turns that call a
//! tool or answer for one; of the model's last turn the calls are kept as its answer.

use cleanbench_core::{Message, Role};
use serde_json::{Map, Value};

use super::chat::Skip;
use super::stream::{self, Joined};
use super::values::{first, written};

/// Why a chat is left out.
pub(super) const TOOLS: Skip = "chats in which a tool was called before the last answer";
pub(super) const PICTURES: Skip = "chats with pictures";
pub(super) const OTHERS: Skip = "chats with files, sounds or parts of an unknown kind";
pub(super) const NO_ROLE: Skip = "chats with a turn of an unknown role";
pub(super) const NO_QUESTION: Skip = "chats that do not end with a question of the user";
pub(super) const NO_MESSAGES: Skip = "records without messages";
pub(super) const EMPTY_TURN: Skip = "chats with an empty turn, which a suite cannot put";

/// Texts of the turns, and the model's last turn where that is the last of all.
#[derive(Debug, Default, PartialEq)]
pub(super) struct Conversation {
    pub(super) messages: Vec<Message>,
    pub(super) answer: Option<String>,
    /// Whether a turn of the user or of the model was empty: without it the others would be another conversation.
    has_gap: bool,
}

/// Reads a list of messages, `system` before them.
///
/// # Errors
/// Why a suite cannot have them.
pub(super) fn conversation(
    system: Option<&Value>,
    messages: &Value,
    answer: Option<String>,
) -> Result<Conversation, Skip> {
    let mut found = Conversation::default();
    if let Some(system) = system {
        found.push(Role::System, content(system)?);
    }
    match messages {
        Value::String(text) => found.push(Role::User, text.clone()),
        Value::Array(turns) => found.turns(turns, answer.is_none())?,
        _ => return Err(NO_MESSAGES),
    }
    found.answer = answer.or(found.answer);
    match found.messages.last() {
        None => Err(NO_MESSAGES),
        Some(_) if found.has_gap => Err(EMPTY_TURN),
        Some(last) if last.role == Role::User => Ok(found),
        Some(_) => Err(NO_QUESTION),
    }
}

impl Conversation {
    fn push(&mut self, role: Role, text: String) {
        if !text.trim().is_empty() {
            self.messages.push(Message::new(role, text));
        } else if role != Role::System {
            self.has_gap = true;
        }
    }

    /// Reads `turns`; where the last one `may_answer` and is the model's, it is the answer.
    fn turns(&mut self, turns: &[Value], may_answer: bool) -> Result<(), Skip> {
        for (position, turn) in turns.iter().enumerate() {
            let turn = turn.as_object().ok_or(NO_ROLE)?;
            let role = role(turn)?;
            let is_last = position + 1 == turns.len();
            if is_last && may_answer && role == Role::Assistant {
                self.answer = said(turn);
                return Ok(());
            }
            if calls(turn).is_some() {
                return Err(TOOLS);
            }
            self.push(role, content_of(turn)?);
        }
        Ok(())
    }
}

fn role(turn: &Map<String, Value>) -> Result<Role, Skip> {
    match turn.get("role").and_then(Value::as_str).unwrap_or_default() {
        "system" | "developer" => Ok(Role::System),
        "user" | "human" => Ok(Role::User),
        "assistant" | "ai" | "model" => Ok(Role::Assistant),
        "tool" | "function" => Err(TOOLS),
        _ => Err(NO_ROLE),
    }
}

/// What the model said in `turn`: its text, else the calls of tools, else why it declined.
pub(super) fn said(turn: &Map<String, Value>) -> Option<String> {
    let text = content_of(turn).unwrap_or_default();
    if !text.trim().is_empty() {
        return Some(text);
    }
    let parts = first(turn, &["parts", "content"]).filter(|parts| parts.is_array());
    let calls = calls(turn).or(parts.filter(|_| content_of(turn) == Err(TOOLS)));
    let refusal = turn.get("refusal").and_then(Value::as_str);
    calls
        .map(Value::to_string)
        .or_else(|| refusal.map(str::to_owned))
}

fn calls(turn: &Map<String, Value>) -> Option<&Value> {
    let calls = first(turn, &["tool_calls", "function_call"])?;
    let is_empty = calls.as_array().is_some_and(Vec::is_empty);
    (!is_empty).then_some(calls)
}

fn content_of(turn: &Map<String, Value>) -> Result<String, Skip> {
    first(turn, &["content", "parts"]).map_or(Ok(String::new()), content)
}

/// The text of `value`, the content of a message.
pub(super) fn content(value: &Value) -> Result<String, Skip> {
    match value {
        Value::Null => Ok(String::new()),
        Value::String(text) => Ok(text.clone()),
        Value::Array(parts) => {
            let texts = parts.iter().map(part);
            let texts: Vec<_> = texts.collect::<Result<_, _>>()?;
            let filled = texts.into_iter().filter(|text| !text.is_empty());
            Ok(filled.collect::<Vec<_>>().join("\n"))
        }
        Value::Object(one) => match one.get("parts") {
            Some(parts) if parts.is_array() => content(parts),
            _ => part(value),
        },
        _ => Err(OTHERS),
    }
}

fn part(part: &Value) -> Result<String, Skip> {
    let Value::Object(part) = part else {
        return part.as_str().map(str::to_owned).ok_or(OTHERS);
    };
    let kind = part.get("type").and_then(Value::as_str).unwrap_or("text");
    match kind {
        "text" | "input_text" | "output_text" => {
            let text = first(part, &["text", "content"]).and_then(Value::as_str);
            text.map(str::to_owned).ok_or(OTHERS)
        }
        "reasoning" | "thinking" | "redacted_thinking" => Ok(String::new()),
        _ if kind.contains("tool") || kind.contains("function") => Err(TOOLS),
        _ if kind.contains("image") || is_picture(part) => Err(PICTURES),
        _ => Err(OTHERS),
    }
}

/// OpenTelemetry tells pictures by their modality.
fn is_picture(part: &Map<String, Value>) -> bool {
    part.get("modality").and_then(Value::as_str) == Some("image")
}

/// The answer in a reply of any protocol, or in a text of one.
pub(super) fn answer(reply: &Value) -> Option<String> {
    match reply {
        Value::String(text) if stream::is_one(text) => {
            stream::answer(text).and_then(answer_of_stream)
        }
        Value::String(text) => match written(text) {
            Some(inner) => answer_of(&inner).or_else(|| Some(text.clone())),
            None => Some(text.clone()).filter(|text| !text.trim().is_empty()),
        },
        other => answer_of(other),
    }
}

fn answer_of(reply: &Value) -> Option<String> {
    let reply = match reply {
        Value::Array(events) if stream::are_events(events) => {
            return stream::joined(events).and_then(answer_of_stream);
        }
        Value::Array(messages) => return messages.iter().rev().find_map(answer_of),
        other => other.as_object()?,
    };
    if let Some(choice) = reply.get("choices").and_then(|choices| choices.get(0)) {
        return answer_of(choice);
    }
    // The protocol of responses: a list of items, of which messages are some.
    if let Some(Value::Array(items)) = reply.get("output") {
        let texts: Vec<_> = items.iter().filter_map(message_of).collect();
        return (!texts.is_empty()).then(|| texts.join("\n"));
    }
    if let Some(message @ Value::Object(_)) = reply.get("message") {
        return answer_of(message);
    }
    let text = first(reply, &["text", "output_text"]).and_then(Value::as_str);
    said(reply).or_else(|| text.map(str::to_owned))
}

fn answer_of_stream(joined: Joined) -> Option<String> {
    match joined {
        Joined::Text(text) => Some(text),
        Joined::Reply(reply) => answer_of(&reply),
    }
}

fn message_of(item: &Value) -> Option<String> {
    let item = item.as_object()?;
    let is_message = item.get("type").and_then(Value::as_str) == Some("message");
    said(item).filter(|_| is_message)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_conversation_ends_before_the_models_last_turn() {
        let messages = json!([
            {"role": "developer", "content": "Be brief."},
            {"role": "user", "content": [{"type": "text", "text": "a"}, {"type": "input_text", "text": "b"}]},
            {"role": "assistant", "content": "c", "tool_calls": []},
            {"role": "user", "parts": [{"type": "text", "content": "d"}]},
            {"role": "model", "content": [{"type": "thinking", "thinking": "hm"}, {"type": "text", "text": "e"}]},
        ]);
        let found = conversation(None, &messages, None).unwrap();
        assert_eq!(found.answer.as_deref(), Some("e"));
        let texts: Vec<_> = found.messages.iter().map(|one| &*one.content).collect();
        assert_eq!(texts, ["Be brief.", "a\nb", "c", "d"]);
        let first = json!([{"role": "user", "content": "q"}]);
        let system = json!([{"type": "text", "text": "s"}]);
        let found = conversation(Some(&system), &first, Some("x".to_owned())).unwrap();
        assert_eq!(
            (found.messages.len(), found.answer.as_deref()),
            (2, Some("x"))
        );
    }

    #[test]
    fn what_a_suite_cannot_say_is_left_out_with_the_reason() {
        let user = |content: Value| json!([{"role": "user", "content": content}]);
        for (messages, why) in [
            (
                user(json!([{"type": "image_url", "image_url": {"url": "x"}}])),
                PICTURES,
            ),
            (
                user(json!([{"type": "blob", "modality": "image", "content": "x"}])),
                PICTURES,
            ),
            (user(json!([{"type": "file", "file_id": "x"}])), OTHERS),
            (
                user(json!([{"type": "tool_result", "content": "x"}])),
                TOOLS,
            ),
            (user(json!(7)), OTHERS),
            (user(json!("  ")), NO_MESSAGES),
            (json!([]), NO_MESSAGES),
            (json!({"a": 1}), NO_MESSAGES),
            (json!(["a"]), NO_ROLE),
            (json!([{"content": "a"}]), NO_ROLE),
            (json!([{"role": "system", "content": "a"}]), NO_QUESTION),
            (
                json!([{"role": "tool", "content": "a"}, {"role": "user", "content": "a"}]),
                TOOLS,
            ),
            (
                json!([{"role": "user", "content": "a"}, {"role": "assistant", "content": ""}, {"role": "user", "content": "b"}]),
                EMPTY_TURN,
            ),
            (
                json!([{"role": "user", "content": "a"}, {"role": "user", "content": []}]),
                EMPTY_TURN,
            ),
            (
                json!([{"role": "assistant", "content": null, "tool_calls": [{}]}, {"role": "user", "content": "a"}]),
                TOOLS,
            ),
        ] {
            assert_eq!(conversation(None, &messages, None), Err(why), "{messages}");
        }
    }

    #[test]
    fn answers_of_every_protocol() {
        for (reply, expected) in [
            (
                json!({"choices": [{"message": {"role": "assistant", "content": "a"}}]}),
                Some("a"),
            ),
            (json!({"choices": [{"text": "a"}]}), Some("a")),
            (
                json!({"role": "assistant", "content": [{"type": "text", "text": "a"}]}),
                Some("a"),
            ),
            (
                json!({"output": [{"type": "reasoning"}, {"type": "message", "content": [{"type": "output_text", "text": "a"}]}]}),
                Some("a"),
            ),
            (
                json!({"message": {"role": "assistant", "content": "a"}}),
                Some("a"),
            ),
            (
                json!([{"role": "assistant", "parts": [{"type": "text", "content": "a"}]}]),
                Some("a"),
            ),
            (json!("a"), Some("a")),
            (json!("{\"choices\":[{\"text\":\"a\"}]}"), Some("a")),
            (json!("{oops"), Some("{oops")),
            (
                json!({"choices": [{"message": {"content": null, "refusal": "a"}}]}),
                Some("a"),
            ),
            (
                json!({"choices": [{"message": {"content": null, "tool_calls": [{"id": 1}]}}]}),
                Some("[{\"id\":1}]"),
            ),
            (json!({"error": {"message": "no"}}), None),
            (json!(7), None),
        ] {
            assert_eq!(answer(&reply).as_deref(), expected, "{reply}");
        }
    }
}
