//! As much of YAML as recorded cassettes use, as JSON: block mappings and sequences, plain, quoted and
//! block scalars, empty flow collections, `!binary`.

use serde_json::{Map, Value};

/// Reads a document.
pub(crate) fn parse(text: &str) -> Value {
    let lines = text
        .lines()
        .filter(|line| !matches!(*line, "---" | "..."))
        .collect();
    let mut reader = Reader { lines, at: 0 };
    reader.node(0)
}

struct Reader<'a> {
    lines: Vec<&'a str>,
    at: usize,
}

fn indent_of(line: &str) -> usize {
    line.len() - line.trim_start_matches(' ').len()
}

impl<'a> Reader<'a> {
    /// The next line that is not blank, with its indentation.
    fn peek(&mut self) -> Option<(usize, &'a str)> {
        while self.lines.get(self.at)?.trim().is_empty() {
            self.at += 1;
        }
        let line = self.lines[self.at];
        Some((indent_of(line), line.trim_start_matches(' ')))
    }

    fn node(&mut self, least: usize) -> Value {
        match self.peek() {
            Some((indent, line)) if indent >= least && (line == "-" || line.starts_with("- ")) => {
                self.sequence(indent)
            }
            Some((indent, _)) if indent >= least => self.mapping(indent),
            _ => Value::Null,
        }
    }

    fn sequence(&mut self, indent: usize) -> Value {
        let mut items = Vec::new();
        while let Some((at, line)) = self.peek() {
            let Some(rest) = line.strip_prefix('-').filter(|_| at == indent) else {
                break;
            };
            let rest_text = rest.trim_start();
            if rest_text.is_empty() {
                self.at += 1;
                items.push(self.node(indent + 1));
            } else if rest_text.starts_with("- ") || key_of(rest_text).is_some() {
                // The item begins on the line of its dash: read on as if it stood alone.
                let inner = indent + line.len() - rest_text.len();
                let blank = " ".repeat(inner);
                let replaced: &'static str =
                    Box::leak(format!("{blank}{rest_text}").into_boxed_str());
                self.lines[self.at] = replaced;
                items.push(self.node(inner));
            } else {
                items.push(self.scalar(rest_text, indent));
            }
        }
        Value::Array(items)
    }

    fn mapping(&mut self, indent: usize) -> Value {
        let mut map = Map::new();
        while let Some((at, line)) = self.peek() {
            if at != indent || line.starts_with("- ") {
                break;
            }
            let (key, rest) = key_of(line).unwrap_or_else(|| panic!("no key: {line}"));
            let value = if rest.is_empty() {
                self.at += 1;
                match self.peek() {
                    Some((deeper, _)) if deeper > indent => self.node(deeper),
                    Some((same, next)) if same == indent && next.starts_with("- ") => {
                        self.sequence(indent)
                    }
                    _ => Value::Null,
                }
            } else {
                self.scalar(rest, indent)
            };
            map.insert(key, value);
        }
        Value::Object(map)
    }

    /// A scalar that begins with `rest` on the current line.
    fn scalar(&mut self, rest: &str, indent: usize) -> Value {
        let (binary, rest) = match rest.strip_prefix("!binary ") {
            Some(rest) => (true, rest.trim_start()),
            None => (false, rest),
        };
        if rest.starts_with('|') || rest.starts_with('>') {
            self.at += 1;
            let text = self.block(rest, indent);
            return Value::from(if binary { decoded(&text) } else { text });
        }
        if let Some(quote) = rest
            .chars()
            .next()
            .filter(|first| matches!(first, '\'' | '"'))
        {
            return Value::from(self.quoted(quote, rest));
        }
        self.at += 1;
        let mut text = rest.to_owned();
        while let Some(line) = self.lines.get(self.at) {
            if line.trim().is_empty() || indent_of(line) <= indent {
                break;
            }
            text.push(' ');
            text.push_str(line.trim());
            self.at += 1;
        }
        plain(&text)
    }

    fn block(&mut self, header: &str, indent: usize) -> String {
        let mut lines = Vec::new();
        while let Some(line) = self.lines.get(self.at) {
            if !line.trim().is_empty() && indent_of(line) <= indent {
                break;
            }
            lines.push(*line);
            self.at += 1;
        }
        let full = lines.iter().filter(|line| !line.trim().is_empty());
        let inner = full.map(|line| indent_of(line)).next().unwrap_or(0);
        let cut: Vec<&str> = lines
            .iter()
            .map(|line| line.get(inner..).unwrap_or(""))
            .collect();
        let text = cut.join("\n") + "\n";
        match header.chars().last() {
            Some('+') => text,
            Some('-') => text.trim_end_matches('\n').to_owned(),
            _ => format!("{}\n", text.trim_end_matches('\n')),
        }
    }

    /// A quoted scalar over any number of lines. A line break is a space, a blank line a break.
    fn quoted(&mut self, quote: char, rest: &str) -> String {
        let mut text = String::new();
        let mut line = rest[1..].to_owned();
        loop {
            self.at += 1;
            if append(&mut text, &line, quote) {
                return text;
            }
            let escaped = quote == '"' && text.ends_with('\u{0}');
            if escaped {
                text.pop();
            } else {
                text.truncate(text.trim_end_matches(' ').len());
            }
            let mut blank = 0;
            while self.lines[self.at].trim().is_empty() {
                blank += 1;
                self.at += 1;
            }
            match (blank, escaped) {
                (0, true) => {}
                (0, false) => text.push(' '),
                (count, _) => text.push_str(&"\n".repeat(count)),
            }
            self.lines[self.at].trim_start().clone_into(&mut line);
        }
    }
}

/// Appends up to the closing quote; whether it was there. A line that ends in `\` leaves a NUL.
fn append(text: &mut String, line: &str, quote: char) -> bool {
    let mut characters = line.chars().peekable();
    while let Some(character) = characters.next() {
        match character {
            '\'' if quote == '\'' => {
                if characters.next_if_eq(&'\'').is_none() {
                    return true;
                }
                text.push('\'');
            }
            '"' if quote == '"' => return true,
            '\\' if quote == '"' => {
                let Some(escape) = characters.next() else {
                    text.push('\u{0}');
                    return false;
                };
                let digits = match escape {
                    'x' => 2,
                    'u' => 4,
                    'U' => 8,
                    _ => 0,
                };
                let hex: String = characters.by_ref().take(digits).collect();
                text.push(match escape {
                    'n' => '\n',
                    't' => '\t',
                    'r' => '\r',
                    'e' => '\u{1b}',
                    'x' | 'u' | 'U' => {
                        char::from_u32(u32::from_str_radix(&hex, 16).unwrap()).unwrap_or('\u{fffd}')
                    }
                    other => other,
                });
            }
            other => text.push(other),
        }
    }
    false
}

/// The key of a line and what stands after it.
fn key_of(line: &str) -> Option<(String, &str)> {
    if let Some(rest) = line.strip_prefix('\'') {
        let (key, rest) = rest.split_once("':")?;
        return Some((key.to_owned(), rest.trim_start()));
    }
    if line.starts_with('"') {
        return None;
    }
    let (key, rest) = match line.strip_suffix(':') {
        Some(key) if !key.contains(": ") => (key, ""),
        _ => line.split_once(": ")?,
    };
    let simple = |byte: u8| byte.is_ascii_alphanumeric() || b"_-$ .".contains(&byte);
    key.bytes()
        .all(simple)
        .then(|| (key.to_owned(), rest.trim_start()))
}

fn plain(text: &str) -> Value {
    match text {
        "null" | "~" => Value::Null,
        "true" => Value::Bool(true),
        "false" => Value::Bool(false),
        "[]" => Value::Array(Vec::new()),
        "{}" => Value::Object(Map::new()),
        _ => match serde_json::from_str(text) {
            Ok(Value::Number(number)) => Value::Number(number),
            _ => Value::from(text),
        },
    }
}

/// Base 64 (RFC 4648, section 4) of a text.
fn decoded(text: &str) -> String {
    let value = |byte: u8| match byte {
        b'A'..=b'Z' => Some(byte - b'A'),
        b'a'..=b'z' => Some(byte - b'a' + 26),
        b'0'..=b'9' => Some(byte - b'0' + 52),
        b'+' => Some(62),
        b'/' => Some(63),
        _ => None,
    };
    let mut bytes = Vec::new();
    let (mut bits, mut held) = (0_u32, 0);
    for digit in text.bytes().filter_map(value) {
        bits = (bits << 6) | u32::from(digit);
        held += 6;
        if held >= 8 {
            held -= 8;
            bytes.push(u8::try_from((bits >> held) & 0xff).unwrap());
        }
    }
    String::from_utf8_lossy(&bytes).into_owned()
}
