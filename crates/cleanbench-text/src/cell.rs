//! Text that goes into a table cell. What a model wrote is hostile: a spreadsheet must not run it, a
//! terminal must not obey it.

use std::fmt::Write as _;

/// Longest text in a cell, in characters; the whole text is in the payloads.
pub const LONGEST: usize = 200;

/// `text` for a CSV cell: cut to 200 characters, control and bidirectional characters made visible,
/// and an apostrophe put before what a spreadsheet would take for a formula (OWASP, CSV injection).
pub fn text(text: &str) -> String {
    let visible = visible(text);
    if starts_formula(&visible) {
        format!("'{visible}")
    } else {
        visible
    }
}

/// `text` for a terminal or a cell: cut to 200 characters, with control and bidirectional characters
/// made visible.
pub fn visible(text: &str) -> String {
    match text.char_indices().nth(LONGEST) {
        Some((end, _)) => format!("{}…", safe(&text[..end])),
        None => safe(text),
    }
}

/// `text` with control and bidirectional characters made visible, uncut.
pub fn safe(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for letter in text.chars() {
        if is_hostile(letter) {
            // Writing to a string cannot fail.
            let _infallible = write!(out, "\\u{{{:x}}}", u32::from(letter));
        } else {
            out.push(letter);
        }
    }
    out
}

/// Whether `text` may be the text of a cell as [`text`] gives it.
pub fn is_cell(text: &str) -> bool {
    !text.contains(is_hostile) && !starts_formula(text)
}

fn is_hostile(letter: char) -> bool {
    letter.is_control()
        || matches!(letter, '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}')
}

fn starts_formula(text: &str) -> bool {
    text.trim_start()
        .starts_with(['=', '+', '-', '@', '＝', '＋', '－', '＠', '\t', '\r'])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn formulas_are_defused() {
        for hostile in ["=1+1", "+1", "-1", "@SUM(A1)", " =1", "＝1"] {
            assert!(text(hostile).starts_with('\''), "{hostile}");
        }
        assert_eq!(text("a=b"), "a=b");
        for cell in [text("=1"), text("a\n\u{202e}"), text(&"é".repeat(300))] {
            assert!(is_cell(&cell), "{cell}");
        }
        assert!(!is_cell("=1") && !is_cell("a\u{1b}"));
    }

    #[test]
    fn control_characters_are_seen_and_not_obeyed() {
        assert_eq!(
            text("a\u{1b}[31m\nb\u{202e}"),
            "a\\u{1b}[31m\\u{a}b\\u{202e}"
        );
        assert_eq!(text("\t=1"), "\\u{9}=1");
    }

    #[test]
    fn long_text_is_cut() {
        assert_eq!(text(&"ä".repeat(300)).chars().count(), LONGEST + 1);
    }
}
