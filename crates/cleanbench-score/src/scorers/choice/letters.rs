//! Letters of other scripts that stand for labels: those that look like Latin ones, as the Cyrillic С does, and those
//! with which other alphabets count, as Γ is the third of Greek.
//!
//! Cyrillic letters count in their own order (В is the third) where the question or the answer names one that has no
//! Latin twin (Б, Г, Д); else they are taken for the Latin letters that they look like, since the options are labelled in
//! Latin. A letter counts only where it stands alone as a label does. It refuses letters of the scripts in which options
//! are single letters themselves.

use std::borrow::Cow;

use crate::languages::joint;
use cleanbench_text::scan::{after, before, is_word};

/// Letters that count from A on, of each alphabet.
const COUNTS: [&str; 8] = [
    "ΑΒΓΔΕ",
    "אבגדה",
    "أبجده",
    "กขคงจ",
    "가나다라마",
    "アイウエオ",
    "甲乙丙丁戊",
    "कखगघङ",
];

/// The same where small letters stand before or in brackets only.
const CYRILLIC: [&str; 2] = ["АБВГДЕ", "абвгде"];

/// Cyrillic letters, and the Latin ones that they look like.
const TWINS: [(char, char); 14] = [
    ('А', 'A'),
    ('В', 'B'),
    ('С', 'C'),
    ('Е', 'E'),
    ('Н', 'H'),
    ('І', 'I'),
    ('Ј', 'J'),
    ('К', 'K'),
    ('М', 'M'),
    ('О', 'O'),
    ('а', 'a'),
    ('с', 'c'),
    ('е', 'e'),
    ('в', 'b'),
];

/// Bytes of an answer beyond which a syllable or a character of its own is a word rather than a label: 甲 is a name too.
const SHORT: usize = 96;

/// Hangul, kana, Devanagari and Chinese characters.
fn is_syllable(character: char) -> bool {
    character >= '\u{3000}' || ('\u{900}'..'\u{980}').contains(&character)
}

/// How the letters of other scripts are taken in an answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Letters {
    /// Not at all.
    Own,
    /// As what they look like, where they look like any.
    Twins,
    /// In the order of their alphabet.
    Counted,
}

impl Letters {
    /// How they are taken where these are the options, and `question` was asked.
    pub(super) fn of(choices: &[String], question: &str) -> Self {
        let single = |choice: &String| {
            let mut letters = choice.trim().chars();
            letters.next().is_some_and(|c| !c.is_ascii()) && letters.next().is_none()
        };
        if choices.iter().any(single) {
            Self::Own
        } else if counts_in_cyrillic(question) == Some(true) {
            Self::Counted
        } else {
            Self::Twins
        }
    }

    /// `text` with Latin letters for the labels of other scripts.
    pub(super) fn latin(self, text: &str) -> Cow<'_, str> {
        if self == Self::Own || text.is_ascii() {
            return Cow::Borrowed(text);
        }
        let counted = if self == Self::Counted {
            Some(true)
        } else {
            counts_in_cyrillic(text)
        };
        let greek = is_greek(text);
        let mut out = String::with_capacity(text.len());
        let mut from = 0;
        let labels = text.char_indices().filter(|(_, c)| !c.is_ascii());
        for (at, character) in labels {
            let sign =
                "ΓΔ".contains(character) && !greek || is_syllable(character) && text.len() > SHORT;
            let label =
                latin(character, counted).filter(|_| !sign && stands_alone(text, at, character));
            if let Some(label) = label {
                out.push_str(&text[from..at]);
                out.push(label);
                from = at + character.len_utf8();
            }
        }
        if from == 0 {
            return Cow::Borrowed(text);
        }
        out.push_str(&text[from..]);
        Cow::Owned(out)
    }
}

/// Whether Γ and Δ may be labels: in Greek, or where nothing else is said. Elsewhere they are signs.
fn is_greek(text: &str) -> bool {
    let letter = |c: char| matches!(c, '\u{370}'..='\u{3ff}' | '\u{1f00}'..='\u{1fff}');
    let mut words = text.split(|c: char| !letter(c));
    text.len() < 16 || words.any(|word| word.chars().nth(2).is_some())
}

/// Whether a Cyrillic letter that has no Latin twin stands in `text` alone, so that labels count in Cyrillic; `None` where
/// it may be an initial, as in "Б. Иванов".
fn counts_in_cyrillic(text: &str) -> Option<bool> {
    let alone = |c: Option<char>| c.is_none_or(|c| !is_word(c) && c != '-');
    let letters = text.char_indices().filter(|(_, c)| "БГДбгд".contains(*c));
    let alone = letters.take(4_096).filter(|(at, letter)| {
        let end = at + letter.len_utf8();
        let capital = letter.is_uppercase() && alone(before(text, *at)) && alone(after(text, end));
        capital || stands_alone(text, *at, *letter)
    });
    let mut known = Some(false);
    for (at, letter) in alone {
        if !is_initial(text, at, at + letter.len_utf8()) {
            return Some(true);
        }
        known = None;
    }
    known
}

/// The Latin letter for which `character` stands as a label.
fn latin(character: char, counted: Option<bool>) -> Option<char> {
    let place = |alphabet: &&str| alphabet.chars().position(|letter| letter == character);
    let letter = |at: usize| Some(char::from(b'A' + u8::try_from(at).ok()?));
    if let Some(at) = COUNTS.iter().find_map(place) {
        return letter(at);
    }
    let own = CYRILLIC.iter().find_map(place).and_then(letter);
    let twin = TWINS.iter().find(|(own, _)| *own == character);
    let twin = twin.map(|(_, latin)| *latin);
    match counted {
        Some(true) => own,
        Some(false) => twin.or(own),
        // Only where both say the same, or nothing else can be meant.
        None => own.filter(|own| twin.is_none_or(|twin| twin.eq_ignore_ascii_case(own))),
    }
}

/// Whether the letter at `at` stands as labels do: touched by no other, and followed by the end of a line, by
/// punctuation or by what joins it to the next.
fn stands_alone(text: &str, at: usize, character: char) -> bool {
    let end = at + character.len_utf8();
    let head = before(text, at);
    let opens =
        head.is_none_or(|c| c.is_whitespace() || "([{【「（*_`\"'“«:：/,;、，-–—".contains(c));
    let bracketed = head.is_some_and(|c| "([{【「（".contains(c));
    let tail = &text[end..];
    let closes = tail.starts_with([')', ']', '}', '】', '」', '）']);
    if character.is_lowercase() && !closes {
        return false;
    }
    let ends =
        after(text, end).is_none_or(|c| ".,:;!?\n\r*_`\"'”»<|/。，、：；！？—–✓✔✅".contains(c));
    let spaced = tail.strip_prefix(' ').is_some_and(|rest| {
        let word = rest.get(joint(rest)..).unwrap_or_default().trim_start();
        let next = word.chars().nth(1).is_none_or(|c| !c.is_alphanumeric());
        rest.starts_with(['-', '–', '—', '(']) || joint(rest) > 0 && next
    });
    let initial = is_initial(text, at, end);
    opens && (bracketed || closes || ends || spaced) && !initial
}

/// Whether the letter from `at` to `end` may be an initial within a sentence, as in "художник А. Иванов".
fn is_initial(text: &str, at: usize, end: usize) -> bool {
    let name = text[end..].strip_prefix(". ");
    let head = text[..at].trim_end();
    name.is_some_and(|name| name.starts_with(char::is_uppercase))
        && head.ends_with(|c: char| c.is_alphabetic() || c == '.')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn labels_of_other_scripts() {
        for (text, expected) in [
            ("С", "C"),
            ("Ответ: В", "Ответ: B"),
            ("Ответ: Г", "Ответ: D"),
            ("Вариант Б неверен. Ответ: В", "Вариант Б неверен. Ответ: C"),
            ("Б) и Г) неверны. Ответ: В", "B) и D) неверны. Ответ: C"),
            ("(в)", "(b)"),
            ("Η απάντηση είναι Γ.", "Η απάντηση είναι C."),
            ("התשובה היא ג.", "התשובה היא C."),
            ("ข้อ ข.", "ข้อ B."),
            ("А и С", "A и C"),
        ] {
            assert_eq!(Letters::Twins.latin(text), expected, "{text}");
        }
        assert_eq!(Letters::Counted.latin("В)"), "C)");
    }

    #[test]
    fn what_is_no_label() {
        for text in [
            "В ответе нет ничего.",
            "С учётом этого",
            "Неверно Б. Ответ: В",
            "это верно, а то нет",
            "Η απάντηση",
            "ночь",
            "écru",
            "an alpha particle (α) and ΔE",
            "the change of enthalpy (Δ)",
            "甲、 hundred words more than a label needs to say so, and it goes on and on, far beyond what is short",
            "2-е",
        ] {
            assert_eq!(Letters::Twins.latin(text), text);
        }
        assert_eq!(Letters::Own.latin("Γ"), "Γ");
    }

    #[test]
    fn options_and_questions_say_how() {
        let choices = ["Δ".to_owned(), "Γ".to_owned()];
        assert_eq!(Letters::of(&choices, ""), Letters::Own);
        let words = ["лес".to_owned(), "море".to_owned()];
        assert_eq!(Letters::of(&words, "А) лес Б) море"), Letters::Counted);
        assert_eq!(Letters::of(&words, "A) лес B) море"), Letters::Twins);
    }
}
