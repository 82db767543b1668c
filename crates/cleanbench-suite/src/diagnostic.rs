//! Faults of a suite, and how they look: `path:line:column`, the line, a caret, a hint.
//!
//! Invariant: whatever a suite holds, a diagnostic has no control characters and no characters that
//! reorder text, so that it can be printed on a terminal as it is.

use std::fmt;
use std::path::{Path, PathBuf};

use crate::words::{push_visible, visible};

/// Most characters of a line that an excerpt shows.
const WIDTH: usize = 100;

/// How bad a fault is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Severity {
    /// The suite cannot be used.
    Error,
    /// The suite can be used, but something looks wrong.
    Warning,
}

impl fmt::Display for Severity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Error => "error",
            Self::Warning => "warning",
        })
    }
}

/// One fault at one place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Diagnostic {
    /// How bad it is.
    pub severity: Severity,
    /// The file, as it was opened.
    pub path: PathBuf,
    /// Line, from 1, of the decompressed text. A fault of a whole file stands at 1:1.
    pub line: u32,
    /// Column, from 1, in characters (Unicode scalar values).
    pub column: u32,
    /// A lowercase fragment: what is wrong.
    pub message: String,
    /// The line around the column, control characters escaped, and a second line with a caret under
    /// the column. None where there is no text to show.
    pub excerpt: Option<String>,
    /// What to do instead.
    pub hint: Option<String>,
}

impl fmt::Display for Diagnostic {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (line, path) = (self.line, visible(&self.path.to_string_lossy()));
        write!(
            f,
            "{path}:{line}:{}: {}: {}",
            self.column, self.severity, self.message
        )?;
        if let Some(excerpt) = &self.excerpt {
            let number = line.to_string();
            for (index, text) in excerpt.lines().enumerate() {
                let gutter = if index == 0 { number.as_str() } else { "" };
                write!(f, "\n  {gutter:width$} | {text}", width = number.len())?;
            }
        }
        match &self.hint {
            Some(hint) => write!(f, "\n  hint: {hint}"),
            None => Ok(()),
        }
    }
}

/// A fault before its offset is turned into line and column.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Fault {
    /// Byte offset into the text at hand.
    pub(crate) at: usize,
    pub(crate) message: String,
    pub(crate) hint: Option<String>,
}

impl Fault {
    pub(crate) fn new(at: usize, message: impl Into<String>) -> Self {
        Self {
            at,
            message: message.into(),
            hint: None,
        }
    }

    pub(crate) fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }

    pub(crate) fn maybe_hint(mut self, hint: Option<String>) -> Self {
        self.hint = hint.or(self.hint);
        self
    }
}

/// A piece of a file that faults can point into: all of a manifest, or one record of a data file.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Document<'a> {
    pub(crate) path: &'a Path,
    pub(crate) text: &'a str,
    /// Line number of the first line of `text`.
    pub(crate) line: u32,
    /// Characters that stand before `text` on its first line.
    pub(crate) column: u32,
}

impl Document<'_> {
    /// Line and column of the byte offset `at`, and the bounds of that line within the text.
    pub(crate) fn place(&self, at: usize) -> Place {
        let at = self.text.floor_char_boundary(at.min(self.text.len()));
        let before = &self.text[..at];
        let start = before.rfind('\n').map_or(0, |newline| newline + 1);
        let end = self.text[at..]
            .find('\n')
            .map_or(self.text.len(), |newline| at + newline);
        let indent = if start == 0 { self.column } else { 0 };
        let column = count(before[start..].chars().count());
        Place {
            line: self
                .line
                .saturating_add(count(before.matches('\n').count())),
            column: column.saturating_add(indent).saturating_add(1),
            start,
            at,
            end,
        }
    }

    pub(crate) fn diagnostic(&self, severity: Severity, fault: Fault) -> Diagnostic {
        let Fault { at, message, hint } = fault;
        let place = self.place(at);
        let line = self.text[place.start..place.end].trim_end_matches('\r');
        Diagnostic {
            severity,
            path: self.path.to_owned(),
            line: place.line,
            column: place.column,
            message: visible(&message),
            excerpt: (!line.is_empty()).then(|| excerpt(line, place.at - place.start)),
            hint: hint.as_deref().map(visible),
        }
    }
}

/// Where a byte offset is.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Place {
    pub(crate) line: u32,
    pub(crate) column: u32,
    start: usize,
    at: usize,
    end: usize,
}

fn count(number: usize) -> u32 {
    u32::try_from(number).unwrap_or(u32::MAX)
}

/// The part of `line` around byte `at`, made visible, and a line with the caret.
fn excerpt(line: &str, at: usize) -> String {
    let at = at.min(line.len());
    let (start, end) = window(line, at);
    let mut shown = String::new();
    if start > 0 {
        shown.push('…');
    }
    for character in line[start..at].chars() {
        push_visible(&mut shown, character);
    }
    let caret = shown.chars().count();
    for character in line[at..end].chars() {
        push_visible(&mut shown, character);
    }
    if end < line.len() {
        shown.push('…');
    }
    shown.push('\n');
    shown.extend(std::iter::repeat_n(' ', caret));
    shown.push('^');
    shown
}

fn window(line: &str, at: usize) -> (usize, usize) {
    if line.chars().nth(WIDTH).is_none() {
        return (0, line.len());
    }
    let half = WIDTH / 2;
    let mut before = line[..at].char_indices().rev();
    let start = before.nth(half - 1).map_or(0, |(index, _)| index);
    let mut after = line[at..].char_indices();
    let end = after.nth(half).map_or(line.len(), |(index, _)| at + index);
    (start, end)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn show(text: &str, at: usize) -> String {
        let document = Document {
            path: Path::new("a.jsonl"),
            text,
            line: 9,
            column: 0,
        };
        let fault = Fault::new(at, "bad").hint("do better");
        document.diagnostic(Severity::Error, fault).to_string()
    }

    #[test]
    fn columns_are_characters_and_the_caret_is_under_them() {
        let expected = "a.jsonl:10:4: error: bad\n  10 | äöü!\n     |    ^\n  hint: do better";
        assert_eq!(show("x\näöü!\r\nz", 2 + 6), expected);
    }

    #[test]
    fn characters_that_steer_a_terminal_are_escaped_and_the_caret_moves_along() {
        let expected = "a.jsonl:9:3: error: bad\n  9 | \\u{1b}\\u{202e}x\n    |               ^\n  hint: do better";
        assert_eq!(show("\u{1b}\u{202e}x", 4), expected);
    }

    #[test]
    fn messages_and_hints_steer_no_terminal_either() {
        let document = Document {
            path: Path::new("\u{7}.csv"),
            text: "",
            line: 1,
            column: 0,
        };
        let fault = Fault::new(0, "a\u{1b}").hint("b\u{202e}");
        let shown = document.diagnostic(Severity::Error, fault).to_string();
        assert_eq!(shown, "\\u{7}.csv:1:1: error: a\\u{1b}\n  hint: b\\u{202e}");
    }

    #[test]
    fn long_lines_are_cut_around_the_column() {
        let text = format!("{}X{}", "a".repeat(300), "b".repeat(300));
        let shown = show(&text, 300);
        let lines: Vec<_> = shown.lines().collect();
        assert_eq!(lines[0], "a.jsonl:9:301: error: bad");
        let caret = lines[2].chars().count() - 1;
        assert_eq!(lines[1].chars().nth(caret), Some('X'));
        assert!(lines[1].chars().count() < 112, "{shown}");
        assert!(lines[1].ends_with("b…") && lines[1].contains("| …a"));
    }

    #[test]
    fn the_end_of_a_text_has_a_place() {
        assert!(show("ab\n", 3).starts_with("a.jsonl:10:1: error"));
        assert!(show("ab", 99).starts_with("a.jsonl:9:3: error"));
    }
}
