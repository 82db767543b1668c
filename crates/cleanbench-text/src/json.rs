//! Finds the JSON in an answer.
//!
//! Looked for in this order: the whole answer; the last fenced block, marked `json` or not marked, that parses; the
//! last `{…}` that parses, where a part of a larger object that parses does not count, and where one that is said to
//! be an example, a schema or wrong counts only if there is no other. An answer that is JSON but no
//! object (an array, say) holds no object. What people write who mean JSON is read too, but by [`valid_value`]: single
//! and curly quotes, keys without quotes, commas at the end, comments, spaces of any width, `+1`, `NaN`, `True` and `None`.
//!
//! It refuses an object with a key twice and two values for it, and what is nested too deep.
//!
//! Invariant: the work is linear in the length of the answer. Braces are paired in one pass, only what is closed is
//! parsed, and failed attempts share a budget.

use std::collections::VecDeque;
use std::ops::Range;
use std::sync::LazyLock;

use regex::Regex;
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
pub fn find_value(text: &str) -> Option<Value> {
    value_in(text, Form::Meant)
}

/// The same, where it is valid JSON.
pub fn valid_value(text: &str) -> Option<Value> {
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
pub fn find_object(text: &str) -> Option<Object> {
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
    let blocks = blocks.into_iter().rev().take(MOST);
    let mut first = None;
    for block in blocks {
        let (Some(found), _) = parse(text[block.content].trim(), form) else {
            continue;
        };
        if form == Form::Strict || !is_example(text[..block.fence].trim_end()) {
            return Some(found);
        }
        first = first.or(Some(found));
    }
    first
}

/// A fenced block that may hold JSON.
struct Block {
    /// Where its first fence begins.
    fence: usize,
    content: Range<usize>,
}

/// The fenced blocks that may hold JSON. One that is never closed goes to the end.
fn fenced_blocks(text: &str) -> Vec<Block> {
    let mut blocks = Vec::new();
    let mut open: Option<(Block, bool)> = None;
    let mut position = 0;
    for line in text.split_inclusive('\n') {
        let end = position + line.len();
        if let Some(info) = line.trim().strip_prefix("```") {
            open = if let Some((mut block, wanted)) = open {
                block.content.end = position;
                blocks.extend(wanted.then_some(block));
                None
            } else {
                let block = Block {
                    fence: position,
                    content: end..text.len(),
                };
                Some((block, is_json_mark(info)))
            };
        }
        position = end;
    }
    if let Some((block, true)) = open {
        blocks.push(block);
    }
    blocks
}

fn is_json_mark(info: &str) -> bool {
    let info = info.trim_matches('`').trim();
    let marks = ["json", "json5", "jsonc"];
    info.is_empty() || marks.iter().any(|mark| info.eq_ignore_ascii_case(mark))
}

/// An object in a text.
pub struct Embedded {
    /// Where it stands.
    pub place: Range<usize>,
    /// What it holds.
    pub object: Object,
}

/// The outermost objects in `text` that parse, in order.
pub fn find_objects(text: &str) -> Vec<Embedded> {
    let mut found: Vec<Embedded> = embedded(text, Form::Meant).collect();
    found.reverse();
    found
}

/// Whether another object of `text` that is no example holds what `read` lacks and `is_wanted`: the answer is spread over
/// several, and which of them is meant cannot be told.
pub fn is_spread(text: &str, read: &Object, is_wanted: impl Fn(&str) -> bool) -> bool {
    let mut others = embedded(text, Form::Meant).take(MOST_EXAMPLES);
    others.any(|other| {
        let mut keys = other.object.keys();
        let more = keys.any(|key| is_wanted(key) && !read.contains_key(key));
        more && !is_example(&text[..other.place.start])
    })
}

fn last_embedded(text: &str, form: Form) -> Option<Object> {
    let mut first = None;
    for found in embedded(text, form).take(MOST_EXAMPLES) {
        if form == Form::Strict || !is_example(&text[..found.place.start]) {
            return Some(found.object);
        }
        first = first.or(Some(found.object));
    }
    first
}

/// Most objects that are said to be no answer and are looked behind.
const MOST_EXAMPLES: usize = 16;

/// Whether what stands before an object says that it is an example, or not the answer.
fn is_example(before: &str) -> bool {
    static SAID: LazyLock<Regex> = LazyLock::new(|| {
        Regex::new(r"(?i)\b(?:example|e\.g\.|for instance|such as|instead of|rather than|not|wrong|incorrect|invalid|schema|template|beispiel|ejemplo|exemple|exemplo|esempio)\b[^.!?\n{}]{0,40}$|(?:例如|比如|示例)[^。\n{}]{0,20}$")
            .expect("the pattern is fixed and its tests compile it")
    });
    let start = before.ceil_char_boundary(before.len().saturating_sub(80));
    SAID.is_match(&before[start..])
}

/// The outermost objects in `text` that parse, the last one first.
fn embedded(text: &str, form: Form) -> impl Iterator<Item = Embedded> + '_ {
    let mut budget = Some(16 * text.len());
    let mut outer = text.len();
    let regions = closed_braces(text).into_iter().rev();
    regions.filter_map(move |place| {
        if place.start >= outer {
            return None;
        }
        let left = budget?;
        let (found, read) = parse(&text[place.clone()], form);
        budget = left.checked_sub(read + 1);
        let Some(Value::Object(object)) = found else {
            return None;
        };
        outer = place.start;
        Some(Embedded { place, object })
    })
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
        if self.form == Form::Meant {
            self.skip_more();
        }
    }

    /// Steps over wide and narrow spaces and comments.
    fn skip_more(&mut self) {
        loop {
            let rest = &self.text[self.at..];
            let length = if rest.starts_with("//") {
                rest.find('\n').unwrap_or(rest.len())
            } else if rest.starts_with("/*") {
                rest.find("*/").map_or(rest.len(), |end| end + 2)
            } else {
                rest.len() - rest.trim_start_matches(is_around).len()
            };
            if length == 0 {
                return;
            }
            self.at += length;
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
            _ => self.curly().map(Value::from).or_else(|| self.word()),
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
            _ if self.form == Form::Meant => {
                let curly = self.curly();
                curly.or_else(|| self.bare().map(str::to_owned))
            }
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

    /// A string in curly quotes.
    fn curly(&mut self) -> Option<String> {
        const QUOTES: [char; 2] = ['“', '”'];
        let rest = &self.text[self.at..];
        let inner = rest
            .strip_prefix(QUOTES)
            .filter(|_| self.form == Form::Meant)?;
        let end = inner.find(|c| QUOTES.contains(&c) || c == '\n')?;
        let inner = &inner[..end];
        let closing = &self.text[self.at + '“'.len_utf8() + end..];
        let rest = closing.strip_prefix(QUOTES)?;
        let inner = inner.replace('"', "\\\"");
        self.at = self.text.len() - rest.len();
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
                let number = number.strip_prefix('+').filter(|_| meant).unwrap_or(number);
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
                "```json\n{\"a\":1}\n```\nThe schema was:\n```json\n{\"b\":2}\n```",
                json!({"a": 1}),
            ),
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
    fn what_is_spread_over_several_objects() {
        for (text, expected) in [
            ("{\"a\":1}\n{\"b\":2}", true),
            ("{\"a\":1,\"b\":2}\n{\"a\":1,\"b\":3}", false),
            ("{\"c\":1}\n{\"b\":2}", false),
            ("For example {\"a\":1}, so {\"b\":2}", false),
        ] {
            let read = find_object(text).unwrap();
            let wanted = |key: &str| key == "a" || key == "b";
            assert_eq!(is_spread(text, &read, wanted), expected, "{text}");
        }
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
            (
                "{ // one\n\"a\": +1, /* two */ \u{a0}\"b\": 2}",
                json!({"a": 1, "b": 2}),
            ),
            ("{“a”: “x \"y\"”}", json!({"a": "x \"y\""})),
            ("{“a”: “x}", json!(null)),
            ("{\"a\":1} as in the example {\"a\":2}.", json!({"a": 1})),
            ("For example {\"a\":2}.", json!({"a": 2})),
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
