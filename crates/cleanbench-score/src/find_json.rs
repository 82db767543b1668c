//! Finds the JSON object in an answer.
//!
//! Looked for in this order: the whole answer; the last fenced block, marked `json` or not marked,
//! that is an object; the last `{…}` that parses, where a part of a larger object that parses does
//! not count. An answer that is JSON but no object (an array, say) holds no object.
//!
//! Invariant: the work is linear in the length of the answer. Text that opens thousands of braces and
//! closes none would make a search from every brace quadratic, so failed attempts share a budget.

use std::io::{self, Read};

use serde::Deserialize;
use serde_json::{Map, Value};

type Object = Map<String, Value>;

/// The JSON value in `text`: the whole answer whatever it is, else what [`find_object`] looks for, where a
/// fenced block may hold any value.
pub(crate) fn find_value(text: &str) -> Option<Value> {
    let whole = serde_json::from_str(text.trim()).ok();
    whole
        .or_else(|| last_fenced(text))
        .or_else(|| last_embedded(text).map(Value::Object))
}

/// The object in `text`, if there is one.
pub(crate) fn find_object(text: &str) -> Option<Object> {
    match serde_json::from_str(text.trim()) {
        Ok(Value::Object(object)) => Some(object),
        Ok(_) => None,
        Err(_) => last_fenced(text).or_else(|| last_embedded(text)),
    }
}

fn last_fenced<T: serde::de::DeserializeOwned>(text: &str) -> Option<T> {
    fenced_blocks(text)
        .into_iter()
        .rev()
        .find_map(|block| serde_json::from_str(block.trim()).ok())
}

/// Contents of the fenced blocks that may hold JSON. A block that is never closed goes to the end.
fn fenced_blocks(text: &str) -> Vec<&str> {
    let mut blocks = Vec::new();
    let mut open: Option<(usize, bool)> = None;
    let mut position = 0;
    for line in text.split_inclusive('\n') {
        let end = position + line.len();
        if let Some(info) = line.trim().strip_prefix("```") {
            open = match open {
                None => Some((end, is_json_mark(info))),
                Some((start, wanted)) => {
                    blocks.extend(wanted.then(|| &text[start..position]));
                    None
                }
            };
        }
        position = end;
    }
    if let Some((start, true)) = open {
        blocks.push(&text[start..]);
    }
    blocks
}

fn is_json_mark(info: &str) -> bool {
    let info = info.trim_matches('`').trim();
    info.is_empty() || info.eq_ignore_ascii_case("json")
}

fn last_embedded(text: &str) -> Option<Object> {
    let mut budget = 16 * text.len();
    let mut last = None;
    let mut from = 0;
    while let Some(offset) = text[from..].find('{') {
        let start = from + offset;
        let mut reader = Counted {
            bytes: &text.as_bytes()[start..],
            read: 0,
        };
        let attempt = {
            let mut deserializer = serde_json::Deserializer::from_reader(&mut reader);
            Object::deserialize(&mut deserializer)
        };
        if let Ok(object) = attempt {
            last = Some(object);
            from = start + reader.read;
        } else {
            from = start + 1;
            budget = budget.checked_sub(reader.read)?;
        }
    }
    last
}

/// Bytes that count how many were read. The parser reads one at a time and, for an object, none
/// beyond its closing brace.
struct Counted<'a> {
    bytes: &'a [u8],
    read: usize,
}

impl Read for Counted<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let count = (&self.bytes[self.read..]).read(buffer)?;
        self.read += count;
        Ok(count)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn check(text: &str, expected: &Value) {
        let found = find_object(text).map_or(Value::Null, Value::Object);
        assert_eq!(&found, expected, "{text}");
    }

    #[test]
    fn the_whole_answer_a_fence_or_the_last_object() {
        for (text, expected) in [
            (" {\"a\":1}\n", json!({"a": 1})),
            ("[{\"a\":1}]", json!(null)),
            ("\"{}\"", json!(null)),
            (
                "Here:\n```json\n{\"a\":1}\n```\nor {\"b\":2}",
                json!({"a": 1}),
            ),
            (
                "```JSON\n{\"a\":1}\n```\n```json\n{\"b\":2}\n```",
                json!({"b": 2}),
            ),
            ("```\n{\"a\":1}\n```", json!({"a": 1})),
            (
                "```json\n{\"a\":1}\n```\n```json\nnot\n```",
                json!({"a": 1}),
            ),
            ("```json\n{\"a\":1}", json!({"a": 1})),
            ("```python\nx = {\"a\":1}\n```", json!({"a": 1})),
            (
                "first {\"a\":1} then {\"b\":{\"c\":2}} end",
                json!({"b": {"c": 2}}),
            ),
            ("{\"a\":1} and {broken", json!({"a": 1})),
            ("{{\"a\":1}}", json!({"a": 1})),
            ("set {x | x > 0}, it's {\"a\":\"}{\"}", json!({"a": "}{"})),
            ("{\"a\":1}{\"b\":2}", json!({"b": 2})),
            ("{\"a\":1", json!(null)),
            ("{'a':1}", json!(null)),
            ("no braces", json!(null)),
            ("{\"é\":\"東京\"}!", json!({"é": "東京"})),
        ] {
            check(text, &expected);
        }
    }

    #[test]
    fn values_of_any_kind() {
        for (text, expected) in [
            ("[1, 2]", json!([1, 2])),
            ("```json\n[1]\n```", json!([1])),
            ("so {\"a\":1}.", json!({"a": 1})),
            (" \"x\" ", json!("x")),
        ] {
            assert_eq!(find_value(text), Some(expected), "{text}");
        }
        assert_eq!(find_value("so [1]."), None);
    }

    #[test]
    fn nothing_is_read_beyond_the_closing_brace() {
        let text = b"{\"a\":[1]}  tail";
        let mut reader = Counted {
            bytes: text,
            read: 0,
        };
        let object = Object::deserialize(&mut serde_json::Deserializer::from_reader(&mut reader));
        assert!(object.is_ok());
        assert_eq!(reader.read, 9);
    }

    #[test]
    fn nested_openings_run_out_of_budget_instead_of_time() {
        let mut text = r#"{"a":"#.repeat(200_000);
        text.push_str(r#"{"b":1}"#);
        assert_eq!(find_object(&text), None);
    }
}
