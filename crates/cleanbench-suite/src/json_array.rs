//! The values of a JSON document one after the other, each with its line and column: the elements of an array, or
//! values that follow one another.
//!
//! Invariant: one value is in memory at a time, and no more of the text is looked at than its brackets and quotes;
//! whatever the value is, it is handed on as text. Refused: what stands between values and is no comma, whose end
//! cannot be known.

use std::io::{self, BufRead};

use crate::source::MOST_BYTES;

/// Where a value begins: line from 1, characters before it on that line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Start {
    pub(crate) line: u32,
    pub(crate) column: u32,
}

impl Start {
    /// The place behind `text`, which begins here.
    pub(crate) fn behind(self, text: &str) -> Self {
        let count = |number: usize| u32::try_from(number).unwrap_or(u32::MAX);
        let lines = count(text.matches('\n').count());
        let last = text.rsplit('\n').next().unwrap_or_default();
        let column = count(last.chars().count());
        Self {
            line: self.line.saturating_add(lines),
            column: if lines == 0 {
                self.column.saturating_add(column)
            } else {
                column
            },
        }
    }
}

/// What is wrong between values, and where.
#[derive(Debug)]
pub(crate) struct Broken {
    pub(crate) start: Start,
    pub(crate) message: String,
}

/// The outcome of a step.
pub(crate) type Step = io::Result<Result<Option<Start>, Broken>>;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    /// Before the first value.
    Begin,
    /// Within an array, before a value.
    Value,
    /// Within an array, after a value.
    Comma,
    /// Between values that follow one another.
    Sequence,
    Done,
}

/// Takes a document apart.
#[derive(Debug)]
pub(crate) struct Elements {
    state: State,
    at: Start,
    /// Whether the array was opened and a comma came last.
    after_comma: bool,
}

/// A value while its end is looked for.
#[derive(Default)]
struct Brackets {
    depth: usize,
    is_quoted: bool,
    is_escaped: bool,
}

impl Brackets {
    /// Takes in a byte; whether the value ends with it.
    fn add(&mut self, byte: u8) -> bool {
        if self.is_escaped {
            self.is_escaped = false;
            return false;
        }
        match byte {
            b'\\' => self.is_escaped = self.is_quoted,
            b'"' => {
                self.is_quoted = !self.is_quoted;
                return !self.is_quoted && self.depth == 0;
            }
            _ if self.is_quoted => {}
            b'[' | b'{' => self.depth += 1,
            b']' | b'}' => {
                self.depth = self.depth.saturating_sub(1);
                return self.depth == 0;
            }
            _ => {}
        }
        false
    }
}

impl Elements {
    /// At the beginning of a document.
    pub(crate) fn new() -> Self {
        Self {
            state: State::Begin,
            at: Start { line: 1, column: 0 },
            after_comma: false,
        }
    }

    /// The line that is read.
    pub(crate) fn line(&self) -> u32 {
        self.at.line
    }

    /// Whether the document is an array.
    pub(crate) fn is_in_array(&self) -> bool {
        matches!(self.state, State::Value | State::Comma)
    }

    /// Whether nothing but white space is left.
    ///
    /// # Errors
    /// When the text cannot be read.
    pub(crate) fn is_at_end(&mut self, text: &mut dyn BufRead) -> io::Result<bool> {
        Ok(self.skip_space(text)?.is_none())
    }

    /// Puts the next value into `buffer`: where it begins, `None` at the end of the document.
    ///
    /// # Errors
    /// When the text cannot be read or a value is too long.
    pub(crate) fn next(&mut self, text: &mut dyn BufRead, buffer: &mut Vec<u8>) -> Step {
        buffer.clear();
        loop {
            let Some(byte) = self.skip_space(text)? else {
                return Ok(self.end());
            };
            match (self.state, byte) {
                (State::Begin, b'[') => {
                    self.step(text);
                    self.state = State::Value;
                }
                (State::Begin, _) => self.state = State::Sequence,
                (State::Value, b']') if !self.after_comma => self.close(text),
                (State::Comma, b']') => self.close(text),
                (State::Comma, b',') => {
                    self.step(text);
                    self.state = State::Value;
                    self.after_comma = true;
                }
                (State::Value | State::Sequence, b'{' | b'[' | b'"') => {
                    return self.value(text, buffer).map(|start| Ok(Some(start)));
                }
                (State::Value, byte) if !matches!(byte, b']' | b'}' | b',' | b':') => {
                    return self.word(text, buffer).map(|start| Ok(Some(start)));
                }
                (state, _) => return Ok(Err(self.broken(state))),
            }
        }
    }

    fn end(&mut self) -> Result<Option<Start>, Broken> {
        let state = std::mem::replace(&mut self.state, State::Done);
        match state {
            State::Value | State::Comma => Err(Broken {
                start: self.at,
                message: "the array is never closed".to_owned(),
            }),
            _ => Ok(None),
        }
    }

    fn close(&mut self, text: &mut dyn BufRead) {
        self.step(text);
        self.state = State::Done;
    }

    fn broken(&mut self, state: State) -> Broken {
        self.state = State::Done;
        let message = match state {
            State::Comma => "no comma between this value and the one before",
            State::Done => "something follows the end of the array",
            _ => "a value was expected here",
        };
        Broken {
            start: self.at,
            message: format!("invalid JSON: {message}"),
        }
    }

    /// The next byte that is no white space, which is not taken yet.
    fn skip_space(&mut self, text: &mut dyn BufRead) -> io::Result<Option<u8>> {
        loop {
            let Some(byte) = text.fill_buf()?.first().copied() else {
                return Ok(None);
            };
            if !byte.is_ascii_whitespace() {
                return Ok(Some(byte));
            }
            self.pass(byte);
            text.consume(1);
        }
    }

    /// Takes a byte that is in the buffer of `text`.
    fn step(&mut self, text: &mut dyn BufRead) {
        self.at.column = self.at.column.saturating_add(1);
        text.consume(1);
    }

    /// Moves on behind `byte`.
    fn pass(&mut self, byte: u8) {
        if byte == b'\n' {
            self.at.line = self.at.line.saturating_add(1);
            self.at.column = 0;
        } else if byte & 0xc0 != 0x80 {
            self.at.column = self.at.column.saturating_add(1);
        }
    }

    /// Takes a value that begins with a bracket or a quote, to its end or that of the text.
    fn value(&mut self, text: &mut dyn BufRead, buffer: &mut Vec<u8>) -> io::Result<Start> {
        let mut brackets = Brackets::default();
        self.take(text, buffer, |byte| {
            if brackets.add(byte) {
                Last::Taken
            } else {
                Last::No
            }
        })
    }

    /// Takes a number or a word.
    fn word(&mut self, text: &mut dyn BufRead, buffer: &mut Vec<u8>) -> io::Result<Start> {
        self.take(text, buffer, |byte| {
            let ends = byte.is_ascii_whitespace() || matches!(byte, b',' | b']' | b'}');
            if ends { Last::Left } else { Last::No }
        })
    }

    fn take(
        &mut self,
        text: &mut dyn BufRead,
        buffer: &mut Vec<u8>,
        mut is_last: impl FnMut(u8) -> Last,
    ) -> io::Result<Start> {
        let start = self.at;
        loop {
            let chunk = text.fill_buf()?;
            let (mut taken, mut is_done) = (0, chunk.is_empty());
            for byte in chunk {
                let last = is_last(*byte);
                taken += usize::from(last != Last::Left);
                is_done = last != Last::No;
                if is_done {
                    break;
                }
            }
            buffer.extend_from_slice(&chunk[..taken]);
            text.consume(taken);
            if buffer.len() > MOST_BYTES {
                let message = format!("a record is longer than {} MiB", MOST_BYTES >> 20);
                return Err(io::Error::other(message));
            }
            if is_done {
                break;
            }
        }
        for byte in buffer.iter() {
            self.pass(*byte);
        }
        if self.state == State::Value {
            self.state = State::Comma;
        }
        self.after_comma = false;
        Ok(start)
    }
}

/// Whether a value ends with a byte, or before it.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Last {
    No,
    Taken,
    Left,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn values(text: &str) -> (Vec<String>, Option<String>) {
        let mut elements = Elements::new();
        let mut rest: &[u8] = text.as_bytes();
        let (mut found, mut buffer) = (Vec::new(), Vec::new());
        loop {
            match elements.next(&mut rest, &mut buffer).unwrap() {
                Ok(Some(start)) => {
                    let value = String::from_utf8(buffer.clone()).unwrap();
                    found.push(format!("{}:{} {value}", start.line, start.column));
                }
                Ok(None) => return (found, None),
                Err(Broken { start, message }) => {
                    return (
                        found,
                        Some(format!("{}:{} {message}", start.line, start.column)),
                    );
                }
            }
        }
    }

    #[test]
    fn values_come_with_their_places_whatever_is_in_them() {
        for (text, expected) in [
            ("[]", vec![]),
            (
                " [1, true\n,\"a]\\\"\"]\n",
                vec!["1:2 1", "1:5 true", "2:1 \"a]\\\"\""],
            ),
            (
                "[\n {\"é\": [{}]},\n{\"b\":\n2} ]",
                vec!["2:1 {\"é\": [{}]}", "3:0 {\"b\":\n2}"],
            ),
            (
                "{\"a\":1}\n {\"b\":2}",
                vec!["1:0 {\"a\":1}", "2:1 {\"b\":2}"],
            ),
            ("[\"é\", {\"a\"", vec!["1:1 \"é\"", "1:6 {\"a\""]),
        ] {
            let (found, fault) = values(text);
            assert_eq!(found, expected, "{text}");
            let is_cut = text.ends_with("\"a\"");
            assert_eq!(fault.is_some(), is_cut, "{text}: {fault:?}");
        }
    }

    #[test]
    fn what_stands_between_values_must_be_a_comma() {
        for (text, fault) in [
            (
                "[1 2]",
                "1:3 invalid JSON: no comma between this value and the one before",
            ),
            ("[1,]", "1:3 invalid JSON: a value was expected here"),
            ("[,1]", "1:1 invalid JSON: a value was expected here"),
            (
                "[1] 2",
                "1:4 invalid JSON: something follows the end of the array",
            ),
            ("[1", "1:2 the array is never closed"),
            ("x", "1:0 invalid JSON: a value was expected here"),
        ] {
            assert_eq!(values(text).1.as_deref(), Some(fault), "{text}");
        }
    }

    #[test]
    fn a_deep_value_takes_no_more_than_its_text() {
        let text = format!("[{}{}]", "[".repeat(200_000), "]".repeat(200_000));
        assert_eq!(values(&text).0.len(), 1);
    }
}
