//! Letters that label an option, as answers write them: `B`, `(B)`, `B.`, `b)`, `**B**`, "B
//! because", "Option B".
//!
//! The hard part is what is *no* label: the article in "A good answer", the pronoun in "I think", and
//! letters that belong to something longer, such as `B-12`, `C++`, `d'Or` or `B.C.`

use crate::text::window;

/// How a label is set off from what follows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::scorers) enum Style {
    /// In brackets, or before a closing one.
    Bracketed,
    /// Followed by a full stop or a colon.
    Punctuated,
    /// In bold, quotes or the like.
    Emphasised,
    /// The last thing on its line.
    EndOfLine,
    /// Followed by "because", "since", "is correct" or the like.
    Reasoned,
    /// Followed by something else that makes no word of it.
    Bare,
}

/// A letter that labels an option.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::scorers) struct Label {
    /// As written; an ASCII letter.
    pub(in crate::scorers) letter: char,
    /// How it is set off.
    pub(in crate::scorers) style: Style,
    /// Where the text goes on, after the label with its brackets and emphasis.
    pub(in crate::scorers) end: usize,
}

/// Longest stretch in which a label and its decoration are looked for, in bytes.
const REACH: usize = 48;

const OPENING: &[char] = &['*', '_', '`', '"', '\'', '$', '“', '‘', '«'];
const CLOSING: &[char] = &['*', '_', '`', '"', '\'', '$', '”', '’', '»'];

/// The label at `at`, after white space and decoration.
pub(in crate::scorers) fn label_at(text: &str, at: usize) -> Option<Label> {
    let reach = window(text, at, REACH);
    let body = reach.trim_start_matches(|c: char| c.is_whitespace() || OPENING.contains(&c));
    let decorated = reach[..reach.len() - body.len()].contains(OPENING);
    let body = without_noun(body);
    let inner = body.strip_prefix(['(', '[']);
    let bracketed = inner.is_some();
    let inner = inner.map_or(body, |inner| inner.trim_start_matches(OPENING));
    let letter = inner.chars().next().filter(char::is_ascii_alphabetic)?;
    let tail = inner[1..].trim_start_matches(CLOSING);
    let emphasised = decorated && tail.len() < inner.len() - 1;
    let style = if bracketed {
        tail.starts_with([')', ']']).then_some(Style::Bracketed)
    } else {
        style_before(tail, letter, emphasised)
    }?;
    let end = after_bracket(tail, style);
    Some(Label {
        letter,
        style,
        end: at + reach.len() - end.len(),
    })
}

/// `body` without the noun in "Option B" and "Choice (B)".
fn without_noun(body: &str) -> &str {
    let noun = body
        .get(..6)
        .filter(|noun| noun.eq_ignore_ascii_case("option") || noun.eq_ignore_ascii_case("choice"));
    let rest = noun.and_then(|_| body[6..].strip_prefix(' '));
    rest.map_or(body, |rest| rest.trim_start_matches(OPENING))
}

fn after_bracket(tail: &str, style: Style) -> &str {
    match style {
        Style::Bracketed => tail[1..].trim_start_matches(CLOSING),
        _ => tail,
    }
}

/// How a letter without an opening bracket is set off from `tail`; `None` when it is part of it.
fn style_before(tail: &str, letter: char, emphasised: bool) -> Option<Style> {
    let mut characters = tail.chars();
    let Some(next) = characters.next() else {
        return Some(Style::EndOfLine);
    };
    let touched = characters.next().is_some_and(char::is_alphanumeric);
    match next {
        ')' | ']' => Some(Style::Bracketed),
        '\n' | '\r' => Some(Style::EndOfLine),
        '.' | ':' | '：' if !touched => Some(Style::Punctuated),
        ',' | ';' | '!' | '?' | '，' | '。' if !touched => Some(Style::Bare),
        '}' | '<' | '\\' | '|' | '—' | '–' | '/' | '&' => Some(Style::Bare),
        _ if next.is_whitespace() => before_word(tail.trim_start(), letter, emphasised),
        _ => None,
    }
}

/// How a letter is set off from `rest`, which follows after white space.
fn before_word(rest: &str, letter: char, emphasised: bool) -> Option<Style> {
    const JOINING: [&str; 12] = [
        "is", "which", "with", "based", "given", "due", "but", "and", "or", "as", "for", "would",
    ];
    let end = rest
        .find(|c: char| !c.is_alphabetic())
        .unwrap_or(rest.len());
    let word = rest[..end].to_lowercase();
    if emphasised {
        return Some(Style::Emphasised);
    }
    if word == "because" || word == "since" || word == "is" && affirms(&rest[end..]) {
        return Some(Style::Reasoned);
    }
    let may_be_word = matches!(letter, 'A' | 'a' | 'I' | 'i');
    let set_off = word.is_empty() || JOINING.contains(&word.as_str());
    (set_off || !may_be_word).then_some(Style::Bare)
}

/// Whether "is" goes on as in "is correct" or "is the right answer".
fn affirms(rest: &str) -> bool {
    let rest = rest.trim_start();
    let rest = rest.strip_prefix("the ").unwrap_or(rest);
    ["correct", "right", "best"]
        .iter()
        .any(|word| rest.starts_with(word))
}

/// Whether another label is joined to the one that ends at `end`, as in "B or C", "A/B", "A, C".
pub(in crate::scorers) fn is_joined(text: &str, end: usize) -> bool {
    let reach = window(text, end, REACH);
    let rest = reach.trim_start_matches([' ', '\t', '.', ':', ')', ']']);
    let listed = rest.strip_prefix(',').map(str::trim_start);
    let joined = listed.unwrap_or(rest);
    let joined = ["or ", "and ", "/", "&", "OR ", "AND "]
        .iter()
        .find_map(|joint| joined.strip_prefix(joint));
    match (joined, listed) {
        (Some(rest), _) => label_at(rest, 0).is_some(),
        (None, Some(rest)) => label_at(rest, 0).is_some_and(|label| {
            let after = rest[label.end..].trim_start_matches([' ', '.']);
            after.is_empty()
                || after.starts_with([',', '\n', '}', '/', '&', ')'])
                || after.starts_with("or ")
                || after.starts_with("and ")
        }),
        (None, None) => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, expected: Option<(char, Style)>) {
        let found = label_at(text, 0).map(|label| (label.letter, label.style));
        assert_eq!(found, expected, "{text:?}");
    }

    #[test]
    fn labels() {
        check("B", Some(('B', Style::EndOfLine)));
        check(" **B**\n", Some(('B', Style::EndOfLine)));
        check("**B** since", Some(('B', Style::Emphasised)));
        check("(b) text", Some(('b', Style::Bracketed)));
        check("[**B**]", Some(('B', Style::Bracketed)));
        check("b) text", Some(('b', Style::Bracketed)));
        check("B. Text", Some(('B', Style::Punctuated)));
        check("**B.** Text", Some(('B', Style::Punctuated)));
        check("B}", Some(('B', Style::Bare)));
        check("A because", Some(('A', Style::Reasoned)));
        check("B is the correct one", Some(('B', Style::Reasoned)));
        check("A is wrong", Some(('A', Style::Bare)));
        check("Option B", Some(('B', Style::EndOfLine)));
        check("**Option (b)** is", Some(('b', Style::Bracketed)));
        check("A (the first)", Some(('A', Style::Bare)));
        check("D of them", Some(('D', Style::Bare)));
    }

    #[test]
    fn what_is_no_label() {
        for text in [
            "A good answer",
            "I think",
            "a dog",
            "B-12",
            "C++",
            "d'Or",
            "B.C.",
            "a.m.",
            "Both",
            "(A good one)",
            "A's",
            "H2O",
            "é",
            "",
            "  ",
            "**",
            "1",
            "B_x",
        ] {
            check(text, None);
        }
    }

    #[test]
    fn joined_labels() {
        let joined = |text: &str| is_joined(text, label_at(text, 0).unwrap().end);
        for text in [
            "A or B",
            "A and B",
            "A/B",
            "A, B",
            "A, C and D",
            "(A) and (B)",
            "A & B",
        ] {
            assert!(joined(text), "{text}");
        }
        for text in [
            "A",
            "B, C is wrong",
            "B or a similar one",
            "B and I think",
            "B. C",
        ] {
            assert!(!joined(text), "{text}");
        }
    }
}
