//! Finds the JSON in an answer.
//!
//! Looked for in this order: the whole answer; the last fenced block, marked `json` or not marked, that parses; the
//! last `{…}` that parses, where a part of a larger object that parses does not count. An answer that is JSON but no
//! object (an array, say) holds no object. What people write who mean JSON is read too, but by [`valid_value`]: single
//! quotes, keys without quotes, commas at the end, `NaN`, `True` and `None`.
//!
//! It refuses an object with a key twice and two values for it, and what is nested more than [`DEEPEST`] deep.
//!
//! Invariant: the work is linear in the length of the answer. Braces are paired in one pass, only what is closed is
//! parsed, and failed attempts share a budget.

use std::collections::VecDeque;
use std::ops::Range;

use serde_json::{Map, Value};

type Object = Map<String, Value>;

/// How deep a value may be nested.
const DEEPEST: usize = 120;

/// Most closed pairs of braces that are tried, the last ones.
const MOST: usize = 4096;

/// Whether only JSON is read, or also what is meant as such.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Form {
    Strict,
    Meant,
}

/// The JSON value in `text`: the whole answer whatever it is, else what [`find_object`] looks for, where a
/// fenced block may hold any value.
pub(crate) fn find_value(text: &str) -> Option<Value> {
    value_in(text, Form::Meant)
}

/// The same, where it is valid JSON.
pub(crate) fn valid_value(text: &str) -> Option<Value> {
    value_in(text, Form::Strict)
}

fn value_in(text: &str, form: Form) -> Option<Value> {
    let whole = match form {
        // The library reads what no other does, such as lone surrogates in a way of its own.
        Form::Strict => serde_json::from_str(text.trim()).ok(),
        Form::Meant => parse(text.trim_matches(is_around), form).0,
    };
    whole
        .or_else(|| last_fenced(text, form))
        .or_else(|| last_embedded(text, form).map(Value::Object))
}

/// The object in `text`, if there is one.
pub(crate) fn find_object(text: &str) -> Option<Object> {
    match parse(text.trim_matches(is_around), Form::Meant).0 {
        Some(Value::Object(object)) => Some(object),
        Some(_) => None,
        None => match last_fenced(text, Form::Meant) {
            Some(Value::Object(object)) => Some(object),
            _ => last_embedded(text, Form::Meant),
        },
    }
}

fn is_around(character: char) -> bool {
    character.is_whitespace() || character == '\u{feff}'
}

fn last_fenced(text: &str, form: Form) -> Option<Value> {
    let blocks = fenced_blocks(text);
    blocks
        .into_iter()
        .rev()
        .take(MOST)
        .find_map(|block| parse(block.trim(), form).0)
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

fn last_embedded(text: &str, form: Form) -> Option<Object> {
    let mut budget = 16 * text.len();
    for region in closed_braces(text).into_iter().rev() {
        let (found, read) = parse(&text[region], form);
        if let Some(Value::Object(object)) = found {
            return Some(object);
        }
        budget = budget.checked_sub(read + 1)?;
    }
    None
}

/// The last stretches from an opening brace to the one that closes it, in the order of their ends. Braces in strings
/// do not count; a string begins where a value or a key may, and ends on its line.
fn closed_braces(text: &str) -> VecDeque<Range<usize>> {
    let mut closed = VecDeque::new();
    let mut open: Vec<usize> = Vec::new();
    let mut string = None;
    let mut escaped = false;
    let mut previous = b'{';
    for (at, &byte) in text.as_bytes().iter().enumerate() {
        if let Some(quote) = string {
            let ends = byte == b'\n' || byte == quote && !escaped;
            escaped = byte == b'\\' && !escaped;
            if ends {
                string = None;
            }
        } else if matches!(byte, b'"' | b'\'')
            && !open.is_empty()
            && matches!(previous, b'{' | b'[' | b',' | b':')
        {
            string = Some(byte);
            escaped = false;
        } else if byte == b'{' {
            open.push(at);
        } else if byte == b'}'
            && let Some(start) = open.pop()
        {
            if closed.len() == MOST {
                closed.pop_front();
            }
            closed.push_back(start..at + 1);
        }
        if !byte.is_ascii_whitespace() {
            previous = byte;
        }
    }
    closed
}

/// The value that `text` is, and how many bytes were read.
fn parse(text: &str, form: Form) -> (Option<Value>, usize) {
    let mut parser = Parser { text, at: 0, form };
    let value = parser.value(0);
    parser.skip_space();
    let whole = parser.at == text.len();
    (value.filter(|_| whole), parser.at)
}

/// Reads one value.
struct Parser<'a> {
    text: &'a str,
    at: usize,
    form: Form,
}

impl Parser<'_> {
    fn peek(&self) -> Option<u8> {
        self.text.as_bytes().get(self.at).copied()
    }

    fn skip_space(&mut self) {
        while self.peek().is_some_and(|byte| byte.is_ascii_whitespace()) {
            self.at += 1;
        }
    }

    /// Steps over `byte` after white space, where it stands there.
    fn take(&mut self, byte: u8) -> bool {
        self.skip_space();
        let stands = self.peek() == Some(byte);
        self.at += usize::from(stands);
        stands
    }

    fn value(&mut self, depth: usize) -> Option<Value> {
        if depth > DEEPEST {
            return None;
        }
        self.skip_space();
        match self.peek()? {
            b'{' => self.object(depth),
            b'[' => self.array(depth),
            b'"' => self.string().map(Value::from),
            b'\'' if self.form == Form::Meant => self.string().map(Value::from),
            _ => self.word(),
        }
    }

    fn object(&mut self, depth: usize) -> Option<Value> {
        let mut object = Object::new();
        self.at += 1;
        if self.take(b'}') {
            return Some(Value::Object(object));
        }
        loop {
            let key = self.key()?;
            let value = self.take(b':').then(|| self.value(depth + 1))??;
            match object.get(&key) {
                Some(other) if *other != value => return None,
                _ => drop(object.insert(key, value)),
            }
            let more = self.take(b',');
            if self.take(b'}') {
                return (!more || self.form == Form::Meant).then_some(Value::Object(object));
            }
            if !more {
                return None;
            }
        }
    }

    fn array(&mut self, depth: usize) -> Option<Value> {
        let mut items = Vec::new();
        self.at += 1;
        if self.take(b']') {
            return Some(Value::Array(items));
        }
        loop {
            items.push(self.value(depth + 1)?);
            let more = self.take(b',');
            if self.take(b']') {
                return (!more || self.form == Form::Meant).then_some(Value::Array(items));
            }
            if !more {
                return None;
            }
        }
    }

    fn key(&mut self) -> Option<String> {
        self.skip_space();
        match self.peek()? {
            b'"' => self.string(),
            b'\'' if self.form == Form::Meant => self.string(),
            _ if self.form == Form::Meant => self.bare().map(str::to_owned),
            _ => None,
        }
    }

    /// A string with either quote.
    fn string(&mut self) -> Option<String> {
        let quote = self.peek()?;
        let start = self.at + 1;
        let mut at = start;
        let mut escaped = false;
        loop {
            match *self.text.as_bytes().get(at)? {
                b'\n' => return None,
                byte if byte == quote && !escaped => break,
                byte => escaped = byte == b'\\' && !escaped,
            }
            at += 1;
        }
        self.at = at + 1;
        if quote == b'"' {
            return serde_json::from_str(&self.text[start - 1..=at]).ok();
        }
        let inner = self.text[start..at]
            .replace("\\'", "'")
            .replace('"', "\\\"");
        serde_json::from_str(&format!("\"{inner}\"")).ok()
    }

    /// Letters, digits and what else stands in numbers and names.
    fn bare(&mut self) -> Option<&str> {
        let rest = &self.text[self.at..];
        let end = rest.find(|c: char| !(c.is_alphanumeric() || "+-._$".contains(c)));
        let word = &rest[..end.unwrap_or(rest.len())];
        self.at += word.len();
        (!word.is_empty()).then_some(word)
    }

    fn word(&mut self) -> Option<Value> {
        let meant = self.form == Form::Meant;
        let word = self.bare()?;
        match word {
            "true" => Some(Value::Bool(true)),
            "false" => Some(Value::Bool(false)),
            "null" => Some(Value::Null),
            "True" if meant => Some(Value::Bool(true)),
            "False" if meant => Some(Value::Bool(false)),
            "None" | "NaN" | "undefined" if meant => Some(Value::Null),
            number => {
                let first = number.trim_start_matches('-').bytes().next()?;
                let read = first
                    .is_ascii_digit()
                    .then(|| serde_json::from_str(number).ok());
                read?.map(Value::Number)
            }
        }
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
            ("{'a':1}", json!({"a": 1})),
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
    fn what_is_meant_as_json() {
        for (text, expected) in [
            ("{'a': 'it\\'s \"x\"'}", json!({"a": "it's \"x\""})),
            ("{a: 1, b_c: \"x\",}", json!({"a": 1, "b_c": "x"})),
            ("{\"a\": NaN, \"b\": True}", json!({"a": null, "b": true})),
            ("\u{feff}{\"a\": 1}", json!({"a": 1})),
            ("{\"a\": 1, \"a\": 2}", json!(null)),
            ("{\"a\": 1, \"a\": 1}", json!({"a": 1})),
            ("{\"a\": \"x\ny\"}", json!(null)),
            ("{\"a\": hello}", json!(null)),
        ] {
            check(text, &expected);
        }
        assert_eq!(valid_value("{'a': 1}"), None);
        assert_eq!(valid_value("so {\"a\": 1}"), Some(json!({"a": 1})));
    }

    #[test]
    fn nested_openings_take_no_time() {
        let mut text = r#"{"a":"#.repeat(200_000);
        text.push_str(r#"{"b":1}"#);
        check(&text, &json!({"b": 1}));
    }
}
