//! Numbers that belong to a name: "Apollo 11", "the Boeing 747", "Windows 11".
//!
//! Invariant: looks at the words right before a number. It refuses whatever may as well be counted: a capital begins
//! sentences too.

use cleanbench_text::number::Number;
use cleanbench_text::scan::is_word;

/// What is numbered, in lower case; it is no name in small letters.
const NUMBERED: &str = "apollo gemini voyager sputnik soyuz vostok windows android ios macos ubuntu python boeing airbus \
    concorde psalm route highway interstate autobahn room chapter section area formula war xbox playstation iphone ipad \
    galaxy falcon ariane model type class grade level phase stage unit flight gate platform channel article amendment \
    proposition title appendix apartment suite floor season episode volume issue bowl http rfc version item task exercise \
    question problem step figure table equation lemma theorem corollary definition page line rule law act day week \
    kapitel seite zimmer raum linie artikel paragraph absatz aufgabe frage schritt chapitre salle capítulo sala sección \
    capitolo stanza глава комната шаг";

/// Words that stand before a name.
const DETERMINERS: [&str; 6] = ["the", "a", "an", "this", "der", "die"];

/// Capitals that stand before what is counted, not before a name.
const COUNTED: &str = "january february march april may june july august september october november december monday tuesday \
    wednesday thursday friday saturday sunday answer total result sum number count value output amount difference product \
    average mean median quotient remainder final score";

/// Whether a whole number of few digits stands behind a name as a part of it.
pub(super) fn is_part_of_name(text: &str, number: &Number) -> bool {
    let own = &text[number.start..number.end];
    let digits = own.len() <= 4 && own.bytes().all(|byte| byte.is_ascii_digit());
    let Some(head) = text[..number.start]
        .strip_suffix([' ', '\u{a0}'])
        .filter(|_| digits)
    else {
        return false;
    };
    let from = head
        .rfind(|c: char| !is_word(c) && c != '-')
        .map_or(0, |at| at + 1);
    let from = head.ceil_char_boundary(from);
    let word = &head[from..];
    if !word.starts_with(char::is_uppercase) || word.chars().nth(1).is_none() || word.len() > 24 {
        return false;
    }
    let folded = word.to_lowercase();
    let is_in = |list: &str| list.split(' ').any(|known| known == folded);
    // All nouns of German have capitals: "hat der Zoo 64 Arten".
    let noun = text[number.end..].strip_prefix(' ');
    let counts = noun.is_some_and(|noun| noun.starts_with(char::is_uppercase));
    is_in(NUMBERED) || !is_in(COUNTED) && !counts && follows_determiner(&head[..from])
}

/// Whether the word before a name says that it is one.
fn follows_determiner(head: &str) -> bool {
    let Some(head) = head.strip_suffix(' ') else {
        return false;
    };
    let word = head
        .rsplit(|c: char| !c.is_alphabetic())
        .next()
        .unwrap_or_default();
    DETERMINERS.contains(&word.to_lowercase().as_str())
}

#[cfg(test)]
mod tests {
    use super::*;
    use cleanbench_text::number::{Form, numbers};

    #[test]
    fn parts_of_names() {
        for (text, expected) in [
            ("Apollo 11 landed", true),
            ("the Boeing 747", true),
            ("In Chapter 5 we", true),
            ("the apollo 11", false),
            ("Mary 11 times", false),
            ("In Chicago 84 people", false),
            ("Exactly 84", false),
            ("the Total 84", false),
            ("Apollo $11", false),
        ] {
            let number = numbers(text, Form::default())[0];
            assert_eq!(is_part_of_name(text, &number), expected, "{text}");
        }
    }
}
