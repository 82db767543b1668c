//! What somebody else wrote, for a terminal or the log of a build server: answers, names, errors of servers, files.
//!
//! Invariants: nothing that is printed moves the cursor, reorders or hides text, or is taken for a command by a build
//! server; lines stay lines. What is legible stays so: letters of all scripts, accents, pictographs with their joiners.
//! Escaping what was escaped changes nothing. Cells of recorded tables keep to [`crate::cell`], whose bytes are on
//! record.

use std::fmt::Write as _;

/// Beginnings of what a build server takes for a command wherever it stands in a line, in small letters.
const COMMANDS: [&str; 3] = ["##[", "##vso[", "##teamcity["];

/// `text` with its lines as they are, and all else that is not to be seen or obeyed written out.
pub fn lines(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for (position, line) in text.split('\n').enumerate() {
        if position > 0 {
            out.push('\n');
        }
        push_line(&mut out, line);
    }
    out
}

/// `text` in one line.
pub fn line(text: &str) -> String {
    lines(&text.replace('\n', "\\u{a}"))
}

/// `json`, a document, with the same characters written as JSON has it: it means the same.
pub fn json(json: &str) -> String {
    let mut out = String::with_capacity(json.len());
    let mut rest = json;
    while let Some(letter) = rest.chars().next() {
        let is_command = letter == '#' && starts_command(rest);
        rest = &rest[letter.len_utf8()..];
        if is_command {
            out.push_str("#\\u0023");
            rest = &rest[1..];
        } else if letter != '\n' && is_hidden(letter) {
            let mut units = [0; 2];
            for unit in letter.encode_utf16(&mut units) {
                // Writing to a string cannot fail.
                let _infallible = write!(out, "\\u{unit:04x}");
            }
        } else {
            out.push(letter);
        }
    }
    out
}

fn push_line(out: &mut String, line: &str) {
    // A command of GitHub Actions may have white space before it.
    let indent = line.len() - line.trim_start().len();
    let is_command = line[indent..].starts_with("::");
    let mut before = ' ';
    for (place, letter) in line.char_indices() {
        let rest = &line[place..];
        let is_taken = (is_command && place == indent)
            || (letter == '#' && before == '#' && starts_command(&line[place - 1..]));
        let next = || rest[letter.len_utf8()..].chars().next();
        if is_taken || (is_hidden(letter) && letter != '\t' && !is_joined(before, letter, next())) {
            // Writing to a string cannot fail.
            let _infallible = write!(out, "\\u{{{:x}}}", u32::from(letter));
        } else {
            out.push(letter);
        }
        before = letter;
    }
}

fn starts_command(text: &str) -> bool {
    let starts = |command: &str| {
        let start = text.get(..command.len());
        start.is_some_and(|start| start.eq_ignore_ascii_case(command))
    };
    COMMANDS.into_iter().any(starts)
}

/// Whether `letter` is not seen by itself, or changes how others are seen: control characters, format characters
/// (category Cf), those that Unicode says to ignore where they are not known, and the separators of lines.
fn is_hidden(letter: char) -> bool {
    letter.is_control()
        || matches!(letter,
            '\u{ad}' | '\u{34f}' | '\u{600}'..='\u{605}' | '\u{61c}' | '\u{6dd}' | '\u{70f}'
            | '\u{890}'..='\u{891}' | '\u{8e2}' | '\u{115f}'..='\u{1160}' | '\u{17b4}'..='\u{17b5}'
            | '\u{180b}'..='\u{180f}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}'
            | '\u{2060}'..='\u{206f}' | '\u{3164}' | '\u{fe00}'..='\u{fe0f}' | '\u{feff}' | '\u{ffa0}'
            | '\u{fff0}'..='\u{fffb}' | '\u{110bd}' | '\u{110cd}' | '\u{13430}'..='\u{1343f}'
            | '\u{1bca0}'..='\u{1bca3}' | '\u{1d173}'..='\u{1d17a}' | '\u{e0000}'..='\u{e0fff}')
}

/// Whether `letter` belongs where it stands: joiners and styles of pictographs, and the mark that parts letters of
/// Persian and its like.
fn is_joined(before: char, letter: char, next: Option<char>) -> bool {
    match letter {
        '\u{200d}' => {
            (is_pictograph(before) || before == '\u{fe0f}') && next.is_some_and(is_pictograph)
        }
        '\u{fe0e}' | '\u{fe0f}' => is_pictograph(before) || next == Some('\u{20e3}'),
        '\u{200c}' => is_arabic(before) && next.is_some_and(is_arabic),
        _ => false,
    }
}

fn is_pictograph(letter: char) -> bool {
    matches!(letter,
        '\u{a9}' | '\u{ae}' | '\u{203c}' | '\u{2049}' | '\u{2122}' | '\u{2139}' | '\u{2190}'..='\u{21ff}'
        | '\u{2300}'..='\u{27bf}' | '\u{2900}'..='\u{297f}' | '\u{2b00}'..='\u{2bff}' | '\u{3030}' | '\u{303d}'
        | '\u{3297}' | '\u{3299}' | '\u{1f000}'..='\u{1faff}')
}

fn is_arabic(letter: char) -> bool {
    matches!(letter, '\u{620}'..='\u{64a}' | '\u{66e}'..='\u{6d3}' | '\u{6fa}'..='\u{6ff}' | '\u{750}'..='\u{77f}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_hidden_is_left_and_nothing_is_escaped_twice() {
        for (text, expected) in [
            ("a\u{1b}[2Jb", "a\\u{1b}[2Jb"),
            ("a\u{9b}31m", "a\\u{9b}31m"),
            ("a\rb\tc\nd", "a\\u{d}b\tc\nd"),
            ("a\u{61c}b\u{202e}c", "a\\u{61c}b\\u{202e}c"),
            ("a\u{e0041}b\u{e0001}", "a\\u{e0041}b\\u{e0001}"),
            (
                "a\u{2028}b\u{2029}c\u{85}d",
                "a\\u{2028}b\\u{2029}c\\u{85}d",
            ),
            (
                "a\u{ad}b\u{feff}c\u{200b}d\u{2066}",
                "a\\u{ad}b\\u{feff}c\\u{200b}d\\u{2066}",
            ),
            ("a\u{200d}b\u{fe0f}", "a\\u{200d}b\\u{fe0f}"),
        ] {
            assert_eq!(lines(text), expected);
            assert_eq!(lines(expected), expected);
        }
        assert_eq!(line("a\nb"), "a\\u{a}b");
    }

    #[test]
    fn what_is_legible_stays() {
        for text in [
            "äöü e\u{301} 中文 العربية",
            "👩\u{200d}👩\u{200d}👧 ❤\u{fe0f}\u{200d}🔥 👍🏽 1\u{fe0f}\u{20e3} 🇩🇪",
            "می\u{200c}خواهم",
            "a::b # ## std::mem 1 :: 2",
        ] {
            assert_eq!(lines(text), text);
        }
    }

    #[test]
    fn no_line_is_a_command() {
        for (text, expected) in [
            ("::add-mask::x", "\\u{3a}:add-mask::x"),
            ("a\n \u{3000}::error::x", "a\n \u{3000}\\u{3a}:error::x"),
            ("a ##[error]x", "a #\\u{23}[error]x"),
            ("###[error]", "##\\u{23}[error]"),
            ("##VSO[task.x]", "#\\u{23}VSO[task.x]"),
            ("\r::stop-commands::x", "\\u{d}\\u{3a}:stop-commands::x"),
        ] {
            assert_eq!(lines(text), expected);
        }
    }

    #[test]
    fn a_document_means_the_same() {
        for text in ["##[error]", "a\u{202e}\u{e0041}\u{7f}b", "::x", "# ##"] {
            let document = format!("[\"{text}\"]");
            let shown = json(&document);
            assert!(
                !shown.contains("##[") && !shown.chars().any(is_hidden),
                "{shown}"
            );
        }
        assert_eq!(json("[\"\u{e0041}\"]"), "[\"\\udb40\\udc41\"]");
    }
}
