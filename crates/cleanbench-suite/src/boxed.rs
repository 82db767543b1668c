//! What the last box of a worked solution holds: `\boxed{…}`, `\fbox{…}`, and without braces `\boxed 3` or
//! `\boxed\frac12`.
//!
//! Invariant: without braces a box ends with its formula; where words follow it there, nobody can tell what is in it,
//! and nothing is taken. An earlier box never stands in for the last one.

const BOXES: [&str; 3] = ["\\boxed", "\\fbox", "\\framebox"];
/// What ends a formula.
const ENDS: [&str; 5] = ["$", "\\)", "\\]", "\\end", "\n"];

/// Whether there is a box.
pub(crate) fn has_box(text: &str) -> bool {
    behind_last_box(text).is_some()
}

/// What the last box of `text` holds, where that can be told.
pub(crate) fn last_box(text: &str) -> Option<&str> {
    let rest = behind_last_box(text)?.trim_start_matches([' ', '\t']);
    match rest.strip_prefix('{') {
        Some(inner) => group(inner),
        None => unbraced(rest),
    }
}

fn behind_last_box(text: &str) -> Option<&str> {
    let found = BOXES.iter().filter_map(|name| {
        let mut places = text.rmatch_indices(name).map(|(at, _)| at + name.len());
        // A longer name is another command.
        places.find(|end| !text[*end..].starts_with(|c: char| c.is_ascii_alphabetic()))
    });
    found.max().map(|end| &text[end..])
}

/// What stands before the brace that closes a group. A brace behind a backslash is a sign.
fn group(text: &str) -> Option<&str> {
    let mut depth = 1_u32;
    let mut is_escaped = false;
    for (at, byte) in text.bytes().enumerate() {
        match byte {
            _ if is_escaped => is_escaped = false,
            b'\\' => is_escaped = true,
            b'{' => depth += 1,
            b'}' => depth -= 1,
            _ => {}
        }
        if depth == 0 {
            return text.get(..at);
        }
    }
    None
}

fn unbraced(text: &str) -> Option<&str> {
    let ends = ENDS.iter().filter_map(|end| text.find(end));
    let held = &text[..ends.min().unwrap_or(text.len())];
    let held = held.trim().trim_end_matches(['.', ',', ';']).trim_end();
    let is_letter = held.chars().count() == 1;
    (!held.is_empty() && (is_letter || !has_words(held))).then_some(held)
}

/// Whether letters stand there besides names of commands and what is in braces, or a relation.
fn has_words(text: &str) -> bool {
    let (mut depth, mut is_command) = (0_u32, false);
    text.chars().any(|c| {
        is_command = c == '\\' || is_command && c.is_ascii_alphabetic();
        match c {
            '{' => depth += 1,
            '}' => depth = depth.saturating_sub(1),
            _ => {}
        }
        depth == 0 && (c.is_alphabetic() && !is_command || "=<>".contains(c))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_box_is_read_with_and_without_braces() {
        for (text, expected) in [
            (
                r"so $\boxed{1}$, no: \boxed{\frac{1}{2}}.",
                Some(r"\frac{1}{2}"),
            ),
            (r"The sum is $\boxed 3$.", Some("3")),
            (r"It is $\boxed\frac12$ of it.", Some(r"\frac12")),
            (r"we get \boxed{ 7 }", Some(" 7 ")),
            (r"\boxed {x+1}", Some("x+1")),
            (r"\fbox{12}", Some("12")),
            (r"first \fbox{1}, then \boxed{2}", Some("2")),
            (r"\(\boxed -4.5\)", Some("-4.5")),
            (r"\boxed 8.", Some("8")),
            (r"$\boxed x$", Some("x")),
            (r"$\boxed\text{even}$", Some(r"\text{even}")),
            (r"\boxed{\{1, 2\}}", Some(r"\{1, 2\}")),
            (r"$\boxed{1}$ and \boxed 3 apples are left", None),
            (r"\boxed{1}, or \boxed{2", None),
            (r"\boxedtext{1}", None),
            (r"$\boxed 3 = x$", None),
            (r"$\boxed$", None),
            ("no box", None),
        ] {
            assert_eq!(last_box(text), expected, "{text}");
        }
        assert!(has_box(r"\boxed{1") && !has_box(r"\boxedtext{1}"));
    }
}
