//! OpenTelemetry spans of generative models in JSON: OTLP (`resourceSpans`), or a span a line as consoles print it.
//!
//! Read in this order: `gen_ai.input.messages` with `gen_ai.system_instructions` and `gen_ai.output.messages`
//! (conventions from 1.37 on; structured, or as JSON text), `gen_ai.prompt.N.content` with `gen_ai.completion.N.content`
//! (as Traceloop writes them), `gen_ai.prompt` with `gen_ai.completion`, and events: one that holds these attributes, or
//! `gen_ai.user.message`, `gen_ai.choice` and the like (up to 1.36).
//!
//! Spans of tools, agents and embeddings are left out, because the calls within an agent are spans of their own; so are
//! those without texts, which tracers do not capture unless they are told to.

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

use crate::chats::chat::{Chat, Found, Skip};
use crate::chats::conversation::{answer, conversation};
use crate::chats::request::tool_name;
use crate::chats::values::{day, object, text, written};

const NO_TEXTS: Skip = "spans of model calls without texts (tracers keep them only if told to, for example by OTEL_INSTRUMENTATION_GENAI_CAPTURE_MESSAGE_CONTENT)";
const OTHER_OPERATIONS: Skip = "spans of agents, tools and embeddings";
/// Operations that are a call of a model.
const CALLS: [&str; 4] = ["chat", "generate_content", "text_completion", ""];
/// Most messages that are numbered in attributes.
const MOST_NUMBERED: usize = 10_000;

pub(super) fn is_one(record: &Map<String, Value>) -> bool {
    let is_any = |keys: &[&str]| keys.iter().any(|key| record.contains_key(*key));
    is_any(&["resourceSpans", "resource_spans"])
        || is_any(&["attributes"]) && is_any(&["context", "spanId", "span_id", "traceId"])
}

pub(super) fn read(record: &Map<String, Value>, take: &mut dyn FnMut(Result<Found, Skip>)) {
    let Some(resources) = list(record, &["resourceSpans", "resource_spans"]) else {
        return span(record, take);
    };
    for resource in resources.iter().filter_map(Value::as_object) {
        let names = ["scopeSpans", "scope_spans", "instrumentationLibrarySpans"];
        let scopes = list(resource, &names).into_iter().flatten();
        for scope in scopes.filter_map(Value::as_object) {
            let spans = list(scope, &["spans"]).into_iter().flatten();
            spans
                .filter_map(Value::as_object)
                .for_each(|one| span(one, take));
        }
    }
}

fn list<'a>(map: &'a Map<String, Value>, keys: &[&str]) -> Option<&'a Vec<Value>> {
    keys.iter().find_map(|key| map.get(*key)?.as_array())
}

/// Reads a span; those that have nothing to do with models are none of the log's.
fn span(span: &Map<String, Value>, take: &mut dyn FnMut(Result<Found, Skip>)) {
    let attributes = attributes(span.get("attributes"));
    let events = events(span, &attributes);
    let mut names = attributes
        .keys()
        .chain(events.iter().map(|event| &event.name));
    if names.any(|name| name.starts_with("gen_ai.")) {
        take(chat(span, attributes, &events));
    }
}

fn chat(
    span: &Map<String, Value>,
    mut attributes: Map<String, Value>,
    events: &[Event],
) -> Result<Found, Skip> {
    let operation = text(&attributes, &["gen_ai.operation.name"]).unwrap_or_default();
    if !CALLS.contains(&operation.as_str()) {
        return Err(OTHER_OPERATIONS);
    }
    for event in events {
        for (name, value) in &event.attributes {
            let held = attributes.entry(name.clone());
            held.or_insert_with(|| value.clone());
        }
    }
    let texts = texts(&attributes, events).ok_or(NO_TEXTS)?;
    let said = texts.output.as_ref().and_then(answer);
    let found = conversation(texts.system.as_ref(), &texts.input, said)?;
    Ok(Found::Chat(Box::new(Chat {
        messages: found.messages,
        answer: found.answer,
        model: text(
            &attributes,
            &["gen_ai.request.model", "gen_ai.response.model"],
        ),
        created: day(
            span,
            &["startTimeUnixNano", "start_time_unix_nano", "start_time"],
        ),
        session: text(&attributes, &["gen_ai.conversation.id", "session.id"]),
        person: text(&attributes, &["user.id", "enduser.id"]),
        custom_id: None,
        besides: besides(&attributes),
    })))
}

fn besides(attributes: &Map<String, Value>) -> Vec<String> {
    let tools = attributes.get("gen_ai.tool.definitions").map(structure);
    let tools = tools.as_ref().and_then(Value::as_array);
    let tools = tools.into_iter().flatten().take(100);
    let tools = tools.map(|tool| format!("tool `{}`", tool_name(tool)));
    let others = ["temperature", "top_p", "max_tokens"].into_iter();
    let is_set = |name: &&str| attributes.contains_key(&format!("gen_ai.request.{name}"));
    tools
        .chain(others.filter(is_set).map(str::to_owned))
        .collect()
}

/// What a model saw and said, as one of the conventions has it.
#[derive(Debug)]
struct Texts {
    system: Option<Value>,
    input: Value,
    output: Option<Value>,
}

fn texts(attributes: &Map<String, Value>, events: &[Event]) -> Option<Texts> {
    let structured = |name: &str| attributes.get(name).map(structure);
    let of = |input: &str, output: &str| {
        Some(Texts {
            system: structured("gen_ai.system_instructions"),
            input: structured(input)?,
            output: structured(output),
        })
    };
    of("gen_ai.input.messages", "gen_ai.output.messages")
        .or_else(|| numbered(attributes))
        .or_else(|| of("gen_ai.prompt", "gen_ai.completion"))
        .or_else(|| told(events))
}

/// A value that is written as a text is read.
fn structure(value: &Value) -> Value {
    let inner = value.as_str().and_then(written);
    inner.unwrap_or_else(|| value.clone())
}

fn numbered(attributes: &Map<String, Value>) -> Option<Texts> {
    let input = numbered_list(attributes, "gen_ai.prompt.");
    let output = numbered_list(attributes, "gen_ai.completion.");
    (!input.is_empty()).then(|| Texts {
        system: None,
        input: Value::Array(input),
        output: (!output.is_empty()).then(|| Value::Array(output)),
    })
}

/// The messages `PREFIX0.role`, `PREFIX0.content` and so on, in the order of their numbers.
fn numbered_list(attributes: &Map<String, Value>, prefix: &str) -> Vec<Value> {
    let mut messages: BTreeMap<usize, Map<String, Value>> = BTreeMap::new();
    for (name, value) in attributes {
        let parts = name
            .strip_prefix(prefix)
            .and_then(|rest| rest.split_once('.'));
        let Some((Ok(number), field)) = parts.map(|(number, field)| (number.parse(), field)) else {
            continue;
        };
        if number < MOST_NUMBERED {
            let field = if field.starts_with("tool_calls") {
                "tool_calls"
            } else {
                field
            };
            let value = if field == "content" {
                content(value)
            } else {
                value.clone()
            };
            messages
                .entry(number)
                .or_default()
                .insert(field.to_owned(), value);
        }
    }
    messages.into_values().map(Value::Object).collect()
}

/// A list of parts that is written as a text is read; any other text stands for itself.
fn content(value: &Value) -> Value {
    let inner = value.as_str().and_then(written);
    let is_parts = |inner: &Value| {
        let parts = inner.as_array();
        parts.is_some_and(|parts| parts.iter().all(|part| part.get("type").is_some()))
    };
    inner.filter(is_parts).unwrap_or_else(|| value.clone())
}

/// What events tell one by one.
fn told(events: &[Event]) -> Option<Texts> {
    let (mut input, mut output) = (Vec::new(), None);
    for event in events {
        let role = match event.name.as_str() {
            "gen_ai.system.message" => "system",
            "gen_ai.user.message" => "user",
            "gen_ai.assistant.message" => "assistant",
            "gen_ai.tool.message" => "tool",
            "gen_ai.choice" => {
                output = output.or_else(|| Some(choice(&event.attributes)));
                continue;
            }
            _ => continue,
        };
        let mut message = event.attributes.clone();
        message.entry("role").or_insert_with(|| json!(role));
        let content = message.get("content").map(content).unwrap_or_default();
        message.insert("content".to_owned(), content);
        input.push(Value::Object(message));
    }
    (!input.is_empty()).then(|| Texts {
        system: None,
        input: Value::Array(input),
        output,
    })
}

/// The message of a choice, which may stand in it as a text.
fn choice(attributes: &Map<String, Value>) -> Value {
    let message = attributes.get("message").map(structure);
    message.unwrap_or_else(|| Value::Object(attributes.clone()))
}

/// An event of a span.
#[derive(Debug)]
struct Event {
    name: String,
    attributes: Map<String, Value>,
}

/// The events of a span, and those that stand in its attribute `events`.
fn events(span: &Map<String, Value>, held: &Map<String, Value>) -> Vec<Event> {
    let own = list(span, &["events"]).into_iter().flatten();
    let own = own.filter_map(Value::as_object).map(|event| {
        let attributes = with_body(attributes(event.get("attributes")), event.get("body"));
        let name = text(event, &["name"]).or_else(|| text(&attributes, &["event.name"]));
        Event {
            name: name.unwrap_or_default(),
            attributes,
        }
    });
    let held = held.get("events").map(structure);
    let held = held.as_ref().and_then(Value::as_array);
    let held = held.into_iter().flatten().filter_map(Value::as_object);
    let held = held.map(|event| Event {
        name: text(event, &["event.name", "name"]).unwrap_or_default(),
        attributes: event.clone(),
    });
    own.chain(held).collect()
}

/// `attributes` and what stands in the body of an event, which some tracers keep as an attribute.
fn with_body(mut attributes: Map<String, Value>, body: Option<&Value>) -> Map<String, Value> {
    let body = body
        .map(value_of)
        .or_else(|| attributes.get("event_body").cloned());
    if let Some(body) = body.as_ref().and_then(object) {
        attributes.extend(body);
    }
    attributes
}

/// Attributes as a map: OTLP has a list of keys and values, consoles print an object.
fn attributes(value: Option<&Value>) -> Map<String, Value> {
    match value {
        Some(Value::Object(map)) => map.clone(),
        Some(Value::Array(pairs)) => pairs.iter().filter_map(pair).collect(),
        _ => Map::new(),
    }
}

fn pair(pair: &Value) -> Option<(String, Value)> {
    let key = pair.get("key")?.as_str()?;
    Some((key.to_owned(), value_of(pair.get("value")?)))
}

/// The value in an `AnyValue` of OTLP; anything else as it is.
fn value_of(value: &Value) -> Value {
    let Some((kind, inner)) = value.as_object().and_then(|map| map.iter().next()) else {
        return value.clone();
    };
    match kind.as_str() {
        "stringValue" | "boolValue" | "intValue" | "doubleValue" => inner.clone(),
        "arrayValue" => {
            let values = inner.get("values").and_then(Value::as_array);
            values.into_iter().flatten().map(value_of).collect()
        }
        "kvlistValue" => Value::Object(attributes(inner.get("values"))),
        _ => value.clone(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn chats(record: &Value) -> Vec<Result<Found, Skip>> {
        let record = record.as_object().unwrap();
        assert!(is_one(record));
        let mut found = Vec::new();
        read(record, &mut |one| found.push(one));
        found
    }

    fn only(record: &Value) -> Chat {
        match &chats(record)[..] {
            [Ok(Found::Chat(chat))] => (**chat).clone(),
            other => panic!("{other:?}"),
        }
    }

    fn spans(attributes: &Value, events: &Value) -> Value {
        json!({"resourceSpans": [{"resource": {}, "scopeSpans": [{"spans": [
            {"name": "GET /", "attributes": [{"key": "http.method", "value": {"stringValue": "GET"}}]},
            {"name": "chat m", "startTimeUnixNano": "1700000000000000000", "attributes": attributes, "events": events},
        ]}]}]})
    }

    fn strings(pairs: &[(&str, &str)]) -> Value {
        let each = pairs.iter();
        each.map(|(key, value)| json!({"key": key, "value": {"stringValue": value}}))
            .collect()
    }

    fn texts_of(chat: &Chat) -> Vec<&str> {
        chat.messages.iter().map(|one| &*one.content).collect()
    }

    #[test]
    fn the_current_conventions_as_text_and_structured() {
        let input = r#"[{"role":"user","parts":[{"type":"text","content":"q"}]}]"#;
        let output = r#"[{"role":"assistant","parts":[{"type":"text","content":"a"}],"finish_reason":"stop"}]"#;
        let attributes = strings(&[
            ("gen_ai.operation.name", "chat"),
            ("gen_ai.request.model", "m"),
            ("gen_ai.conversation.id", "c"),
            (
                "gen_ai.system_instructions",
                r#"[{"type":"text","content":"s"}]"#,
            ),
            ("gen_ai.input.messages", input),
            ("gen_ai.output.messages", output),
            (
                "gen_ai.tool.definitions",
                r#"[{"type":"function","name":"f"}]"#,
            ),
        ]);
        let chat = only(&spans(&attributes, &json!([])));
        assert_eq!(texts_of(&chat), ["s", "q"]);
        assert_eq!(chat.answer.as_deref(), Some("a"));
        assert_eq!(chat.model.as_deref(), Some("m"));
        assert_eq!(chat.session.as_deref(), Some("c"));
        assert_eq!(chat.created.as_deref(), Some("2023-11-14"));
        assert_eq!(chat.besides, ["tool `f`"]);
        let part = |text: &str| {
            json!({"kvlistValue": {"values": [
                {"key": "type", "value": {"stringValue": "text"}}, {"key": "content", "value": {"stringValue": text}}]}})
        };
        let message = json!({"arrayValue": {"values": [{"kvlistValue": {"values": [
            {"key": "role", "value": {"stringValue": "user"}},
            {"key": "parts", "value": {"arrayValue": {"values": [part("q")]}}}]}}]}});
        let attributes = json!([{"key": "gen_ai.input.messages", "value": message}]);
        assert_eq!(texts_of(&only(&spans(&attributes, &json!([])))), ["q"]);
        let event = json!([{"name": "gen_ai.client.inference.operation.details", "attributes": attributes}]);
        let bare = strings(&[("gen_ai.operation.name", "chat")]);
        assert_eq!(texts_of(&only(&spans(&bare, &event))), ["q"]);
    }

    #[test]
    fn the_older_conventions() {
        let attributes = strings(&[
            ("gen_ai.prompt.0.role", "system"),
            ("gen_ai.prompt.0.content", "s"),
            ("gen_ai.prompt.10.role", "user"),
            (
                "gen_ai.prompt.10.content",
                r#"[{"type":"text","text":"r"}]"#,
            ),
            ("gen_ai.prompt.2.role", "user"),
            ("gen_ai.prompt.2.content", "[q]"),
            ("gen_ai.completion.0.content", "a"),
            ("gen_ai.completion.0.role", "assistant"),
        ]);
        let chat = only(&spans(&attributes, &json!([])));
        assert_eq!(texts_of(&chat), ["s", "[q]", "r"]);
        assert_eq!(chat.answer.as_deref(), Some("a"));
        let attributes = strings(&[("gen_ai.prompt", "q"), ("gen_ai.completion", "a")]);
        let chat = only(&spans(&attributes, &json!([])));
        assert_eq!(
            (texts_of(&chat), chat.answer.as_deref()),
            (vec!["q"], Some("a"))
        );
        let events = json!([
            {"name": "gen_ai.system.message", "attributes": strings(&[("content", "s")])},
            {"name": "gen_ai.user.message", "attributes": strings(&[("content", "q")])},
            {"name": "gen_ai.choice", "attributes": strings(&[("message", r#"{"role":"assistant","content":"a"}"#)])},
        ]);
        let bare = strings(&[("gen_ai.operation.name", "chat")]);
        let chat = only(&spans(&bare, &events));
        assert_eq!(
            (texts_of(&chat), chat.answer.as_deref()),
            (vec!["s", "q"], Some("a"))
        );
        let console = json!({"name": "chat", "context": {"span_id": "0x1"}, "start_time": "2023-11-14T22:00:00Z",
            "attributes": {"gen_ai.system": "x", "events":
                "[{\"event.name\":\"gen_ai.user.message\",\"content\":\"q\",\"role\":\"user\"},{\"event.name\":\"gen_ai.choice\",\"message\":{\"role\":\"assistant\",\"content\":\"a\"}}]"}});
        let chat = only(&console);
        assert_eq!(
            (texts_of(&chat), chat.answer.as_deref()),
            (vec!["q"], Some("a"))
        );
        assert_eq!(chat.created.as_deref(), Some("2023-11-14"));
    }

    #[test]
    fn other_spans_and_wrong_types_are_left_out() {
        let bare = strings(&[("gen_ai.operation.name", "chat")]);
        assert_eq!(chats(&spans(&bare, &json!([]))), [Err(NO_TEXTS)]);
        let tool = strings(&[("gen_ai.operation.name", "execute_tool")]);
        assert_eq!(chats(&spans(&tool, &json!(7))), [Err(OTHER_OPERATIONS)]);
        for record in [
            json!({"resourceSpans": 7, "attributes": 8}),
            json!({"resourceSpans": [7, {"scopeSpans": [{"spans": [{"attributes": [{"key": 1}, 2]}]}]}]}),
        ] {
            assert_eq!(chats(&record), [], "{record}");
        }
    }
}
