//! Long lines of prose at the width of the terminal that they are printed to.
//!
//! Invariant: what goes anywhere else stays as it is, and no word is broken, nor what stands between backticks: commands are
//! copied. It refuses lines of tables, which have spaces in a row, and terminals too narrow for any prose.

use std::io::IsTerminal;
use std::os::fd::AsFd;

use unicode_width::UnicodeWidthStr;

/// Columns below which nothing is wrapped.
const NARROWEST: usize = 40;
/// Columns by which what follows the first line is set in further.
const HANGING: usize = 2;

/// Columns of the terminal that `stream` is; `None` where it is none.
pub(crate) fn columns<S: IsTerminal + AsFd>(stream: &S) -> Option<usize> {
    if !stream.is_terminal() {
        return None;
    }
    let size = rustix::termios::tcgetwinsize(stream).ok()?;
    Some(usize::from(size.ws_col)).filter(|columns| *columns >= NARROWEST)
}

/// Whether a line of `text` is wider than `columns`.
pub(crate) fn is_wider(text: &str, columns: usize) -> bool {
    text.lines().any(|line| line.width() > columns)
}

/// `text` with no line of prose longer than `columns`, where its words let that be.
pub(crate) fn prose(text: &str, columns: usize) -> String {
    let lines = text.split('\n').map(|line| wrapped(line, columns));
    lines.collect::<Vec<_>>().join("\n")
}

fn wrapped(line: &str, columns: usize) -> String {
    let words = line.trim_start_matches(' ');
    if line.width() <= columns || words.contains("  ") {
        return line.to_owned();
    }
    let mut own = line.len() - words.len();
    let mut out = " ".repeat(own);
    let mut used = own;
    own += HANGING;
    for word in pieces(words) {
        let width = word.width();
        if used > own && used + 1 + width > columns {
            out.push('\n');
            out.push_str(&" ".repeat(own));
            used = own;
        } else if !out.ends_with(' ') && !out.is_empty() {
            out.push(' ');
            used += 1;
        }
        out.push_str(word);
        used += width;
    }
    out
}

/// The words of `line`; what stands between backticks is one with what touches it.
fn pieces(line: &str) -> impl Iterator<Item = &str> {
    let mut is_quoted = false;
    line.split(move |one: char| {
        is_quoted ^= one == '`';
        one == ' ' && !is_quoted
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn prose_hangs_and_neither_tables_nor_commands_break() {
        for (text, expected) in [
            ("short", "short"),
            (
                "warning: this is a line of more than forty columns of prose",
                "warning: this is a line of more than\n  forty columns of prose",
            ),
            (
                "  completion (raw): 3 of 4 suspects and 0 of 4 controls restored, at most",
                "  completion (raw): 3 of 4 suspects and\n    0 of 4 controls restored, at most",
            ),
            (
                "hint: call `cleanbench run --resume out/a-long-name` to go on with it",
                "hint: call\n  `cleanbench run --resume out/a-long-name`\n  to go on with it",
            ),
            (
                " model  task  score [95% Wilson]  n    errors  no answer found",
                " model  task  score [95% Wilson]  n    errors  no answer found",
            ),
            ("one\n\ntwo", "one\n\ntwo"),
            (
                "水水水水水水水水水水水水水水水 水水水水水水水水水水水水水",
                "水水水水水水水水水水水水水水水\n  水水水水水水水水水水水水水",
            ),
        ] {
            assert_eq!(prose(text, 40), expected, "{text}");
        }
    }
}
