//! Text in XML, in Markdown and in workflow commands. Names, and whatever a model or an endpoint wrote, are
//! hostile: they must not end an element, open a table cell, link, mention or load anything, or become a command.

use std::fmt::Write as _;

use crate::{cell, foreign};

/// `text` for XML 1.0: without the characters that it cannot hold (section 2.2), not even escaped.
pub fn for_xml(text: &str) -> String {
    text.chars().filter(|letter| is_xml(*letter)).collect()
}

fn is_xml(letter: char) -> bool {
    matches!(letter, '\t' | '\n' | '\r' | '\u{20}'..='\u{d7ff}' | '\u{e000}'..='\u{fffd}' | '\u{10000}'..)
}

/// `text` in one line for an XML attribute: cut to 200 characters, control characters made visible.
pub fn attribute(text: &str) -> String {
    for_xml(&cell::visible(text))
}

/// `text` as a code span of GitHub-flavoured Markdown, cut to 200 characters. Nothing within a code span
/// is markup; the two characters that could end it or its table cell are written out.
pub fn code(text: &str) -> String {
    let plain = cell::visible(text)
        .replace('`', "\\u{60}")
        .replace('|', "\\u{7c}");
    if plain.trim().is_empty() {
        "*(empty)*".to_owned()
    } else {
        format!("`{plain}`")
    }
}

/// The fence of a block of code that nothing in `text` can end (`CommonMark`, section 4.5).
pub fn fence(text: &str) -> String {
    let runs = text.split(|letter| letter != '`').map(str::len);
    "`".repeat(runs.max().unwrap_or_default().max(2) + 1)
}

/// A sentence of ours that may quote names: every character with a meaning in Markdown or HTML becomes a
/// character reference, which is never markup (`CommonMark`, section 2.5).
pub fn sentence(text: &str) -> String {
    const SIGNS: [char; 15] = [
        '&', '<', '>', '|', '\\', '`', '*', '_', '[', ']', '#', '@', '~', '!', '$',
    ];
    let mut out = String::with_capacity(text.len());
    let mut before = ' ';
    for letter in cell::safe(text).chars() {
        // A colon behind letters may end the scheme of an address.
        if SIGNS.contains(&letter) || (letter == ':' && before.is_alphabetic()) {
            // Writing to a string cannot fail.
            let _infallible = write!(out, "&#{};", u32::from(letter));
        } else {
            out.push(letter);
        }
        before = letter;
    }
    // The one address that links without any of these signs.
    out.replace("www.", "www&#46;")
}

/// `text` as that of a workflow command of GitHub Actions: `%` is written out, and what would end the line.
pub fn command_text(text: &str) -> String {
    foreign::line(&cell::safe(text)).replace('%', "%25")
}

/// `text` as the value of a property of a workflow command: also what would end the property.
pub fn command_property(text: &str) -> String {
    command_text(text).replace(':', "%3A").replace(',', "%2C")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_xml_cannot_hold_is_left_out() {
        assert_eq!(
            for_xml("a\u{0}\u{1b}[31m\n\u{fffe}\u{ffff}é🦀"),
            "a[31m\né🦀"
        );
    }

    #[test]
    fn a_code_span_cannot_be_left() {
        for hostile in [
            "`<img src=x>`",
            "a|<script>",
            "\\|<b>",
            "a\n\n# b",
            "``",
            "|",
        ] {
            let span = code(hostile);
            let inner = span
                .strip_prefix('`')
                .and_then(|rest| rest.strip_suffix('`'));
            let inner = inner.unwrap();
            assert!(!inner.contains(['`', '|', '\n']), "{span}");
        }
        assert_eq!(
            code("| <img src=x> @all `c`\n\u{1b}[31m"),
            "`\\u{7c} <img src=x> @all \\u{60}c\\u{60}\\u{a}\\u{1b}[31m`"
        );
        assert_eq!(code(" "), "*(empty)*");
    }

    #[test]
    fn a_block_ends_with_its_own_fence() {
        assert_eq!(fence("a `b` c"), "```");
        assert_eq!(fence("```\n# x\n`````y"), "``````");
    }

    #[test]
    fn a_command_ends_with_its_line() {
        let hostile = "x\n::error::y, 100%: z\r";
        assert_eq!(command_text(hostile), "x\\u{a}::error::y, 100%25: z\\u{d}");
        assert_eq!(
            command_property(hostile),
            "x\\u{a}%3A%3Aerror%3A%3Ay%2C 100%25%3A z\\u{d}"
        );
    }

    #[test]
    fn a_sentence_holds_no_markup() {
        let text = sentence("**a** <b> [x](http://y) @z `c` a|b \\ www.x");
        for sign in ["*", "<", ">", "[", "]", "@", "`", "|", "\\", "http:"] {
            assert!(!text.contains(sign), "{text}");
        }
        assert!(!text.contains("www."), "{text}");
        assert_eq!(
            sentence("3 of 40 (p = 0.5), -0.1"),
            "3 of 40 (p = 0.5), -0.1"
        );
    }
}
