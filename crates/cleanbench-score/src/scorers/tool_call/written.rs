//! Calls that stand in the text of an answer.
//!
//! Read are JSON objects with a name and arguments, under the keys that models and interfaces use for them, alone, in
//! lists, in an object such as `{"tool_calls": […]}`, or between `<tool_call>` tags. Where several objects stand in
//! the text, all are calls if nothing is said between them, else the last one is. It refuses the definition of a
//! tool, whose parameters are a schema.
//!
//! Invariant: linear in the length of the text, and bounded in depth.

use cleanbench_core::ToolCall;
use serde_json::{Map, Value};

use cleanbench_text::json::{Embedded, find_objects, find_value};

/// How deep calls may be wrapped.
const DEEPEST: usize = 4;

const NAMES: [&str; 5] = ["name", "function", "tool_name", "tool", "action"];
const ARGUMENTS: [&str; 5] = ["arguments", "parameters", "args", "input", "action_input"];
const WRAPPERS: [&str; 4] = ["tool_calls", "function_call", "tool_call", "function"];

/// The calls in `text`, in order.
pub(super) fn calls_in(text: &str) -> Vec<ToolCall> {
    let tagged: Vec<ToolCall> = text
        .split("<tool_call>")
        .skip(1)
        .map(|part| part.split("</tool_call>").next().unwrap_or(part))
        .filter_map(find_value)
        .flat_map(|value| calls_of(&value, 0))
        .collect();
    if !tagged.is_empty() {
        return tagged;
    }
    let embedded = together(text, find_objects(text));
    let found = if embedded.len() > 1 {
        None
    } else {
        find_value(text)
    };
    match found {
        Some(value) => calls_of(&value, 0),
        None => embedded
            .iter()
            .flat_map(|found| calls_of(found, 0))
            .collect(),
    }
}

/// The last objects between which nothing is said.
fn together(text: &str, found: Vec<Embedded>) -> Vec<Value> {
    let mut next: Option<usize> = None;
    let mut values = Vec::new();
    for embedded in found.into_iter().rev() {
        let between = next.map(|start| &text[embedded.place.end..start]);
        if between.is_some_and(is_said) {
            break;
        }
        next = Some(embedded.place.start);
        values.push(Value::Object(embedded.object));
    }
    values.reverse();
    values
}

/// Whether a text holds more than marks, numbers and the name of a format.
fn is_said(between: &str) -> bool {
    between
        .split(|c: char| !c.is_alphabetic())
        .any(|word| !["", "json", "tool", "call"].contains(&word))
}

/// The calls that a value holds.
fn calls_of(value: &Value, depth: usize) -> Vec<ToolCall> {
    match value {
        Value::Array(items) if depth < DEEPEST => {
            let each = items.iter();
            each.flat_map(|item| calls_of(item, depth + 1)).collect()
        }
        Value::Object(object) => match call_of(object) {
            Some(call) => vec![call],
            None => wrapped(object, depth),
        },
        _ => Vec::new(),
    }
}

fn wrapped(object: &Map<String, Value>, depth: usize) -> Vec<ToolCall> {
    let inner = WRAPPERS.iter().find_map(|key| object.get(*key));
    let inner = inner.filter(|inner| depth < DEEPEST && !inner.is_string());
    inner.map_or_else(Vec::new, |inner| calls_of(inner, depth + 1))
}

fn call_of(object: &Map<String, Value>) -> Option<ToolCall> {
    let name = NAMES.iter().find_map(|key| object.get(*key)?.as_str())?;
    let arguments = ARGUMENTS.iter().find_map(|key| object.get(*key))?;
    let defines = ["type", "properties"];
    if defines.iter().all(|key| arguments.get(*key).is_some()) {
        return None;
    }
    Some(ToolCall {
        name: name.to_owned(),
        // Some models write the arguments as JSON text, as on the wire.
        arguments: arguments
            .as_str()
            .map_or_else(|| arguments.to_string(), str::to_owned),
    })
}
