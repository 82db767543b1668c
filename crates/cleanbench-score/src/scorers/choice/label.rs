//! Labels of options, as answers write them: `B`, `(B)`, `B.`, `b)`, `**B**`, `【B】`, `[[B]]`, "B because", "Option
//! B", `AB` past Z, and numbers.
//!
//! The hard part is what is *no* label: the article in "A good answer", the pronoun in "I think", and
//! letters that belong to something longer, such as `B-12`, `C++`, `d'Or` or `B.C.`

use crate::languages::joint;
use cleanbench_text::scan::window;

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

/// What a label is called.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::scorers) enum Name {
    /// One ASCII letter, as written.
    Letter(char),
    /// Several upper-case letters, by the position that they stand for (AA is 26).
    Letters(usize),
    /// A number, from 1 on.
    Number(usize),
}

impl Name {
    /// The position of the option that it stands for.
    pub(in crate::scorers) fn position(self) -> usize {
        match self {
            Self::Letter(letter) => usize::from(letter.to_ascii_uppercase() as u8 - b'A'),
            Self::Letters(position) => position,
            Self::Number(number) => number - 1,
        }
    }

    /// Whether it is written in small letters, as words are.
    pub(in crate::scorers) fn is_small(self) -> bool {
        matches!(self, Self::Letter('a'..='z'))
    }
}

/// A label of an option.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::scorers) struct Label {
    /// What it is called.
    pub(in crate::scorers) name: Name,
    /// How it is set off.
    pub(in crate::scorers) style: Style,
    /// Whether a noun such as "Option" stands before it.
    pub(in crate::scorers) named: bool,
    /// Whether what follows affirms it, as in "B fits best".
    pub(in crate::scorers) affirmed: bool,
    /// Where the text goes on, after the label with its brackets and emphasis.
    pub(in crate::scorers) end: usize,
}

/// Longest stretch in which a label and its decoration are looked for, in bytes.
const REACH: usize = 64;

const OPENING: &[char] = &['*', '_', '`', '"', '\'', '$', '“', '‘', '«', '>', '#'];
const CLOSING: &[char] = &['*', '_', '`', '"', '\'', '$', '”', '’', '»'];
const OPEN: &[char] = &[
    '(', '[', '{', '<', '【', '「', '『', '〔', '〈', '《', '（', '［', '｛', '«', '“',
];
const CLOSE: &[char] = &[
    ')', ']', '}', '>', '】', '」', '』', '〕', '〉', '》', '）', '］', '｝', '»', '”',
];

/// Nouns that stand before a label.
const NOUNS: &str = "option|choice|letter|number|answer choice|alternative|opción|opcion|opção|möglichkeit|variante|buchstabe|\
    proposition|lettre|opzione|lettera|letra|alternativa|optie|alternativ|bokstav|opcja|seçenek|opsi|\
    pilihan|phương án|вариант|буква|الخيار|विकल्प|možnost|varianta|písmeno|mulighed|bogstav|vaihtoehto|kirjain|\
    opțiunea|opțiune|litera|opció|lehetőség|betű|επιλογή|γράμμα|варіант|літера|האפשרות|אפשרות|האות|ตัวเลือก|ข้อ|选项|選項|選択肢|보기|선택지";

/// Nouns that stand before a label where they open a sentence and it is a capital: there may be one solution only.
const LOOSE: &str = "solution|response|ending|lösung|solución|soluzione|solução|oplossing|lösning|rozwiązanie|решение";

/// The label at `at`, after white space and decoration.
pub(in crate::scorers) fn label_at(text: &str, at: usize) -> Option<Label> {
    let reach = window(text, at, REACH);
    let body = reach.trim_start_matches(|c: char| c.is_whitespace() || OPENING.contains(&c));
    let decorated =
        reach[..reach.len() - body.len()].contains(['*', '_', '`', '"', '\'', '$', '“', '‘', '«']);
    let head = text[..at].trim_end();
    let opens = head.is_empty() || head.ends_with(['.', '!', '?', ':', '*', '。']);
    let noun = without_noun(body).or_else(|| opens.then(|| without_loose_noun(body))?);
    let mut inner = noun.unwrap_or(body);
    let mut depth = 0;
    while let Some(deeper) = inner.strip_prefix(OPEN).filter(|_| depth < 3) {
        inner = deeper.trim_start_matches(|c: char| c == ' ' || OPENING.contains(&c));
        depth += 1;
    }
    let (name, length) = name_at(inner)?;
    let tail = inner[length..].trim_start_matches(CLOSING);
    let emphasised = decorated && tail.len() < inner.len() - length;
    let style = if depth > 0 {
        let tail = tail.trim_start_matches(' ');
        tail.starts_with(CLOSE).then_some(Style::Bracketed)
    } else {
        style_before(tail, name, emphasised)
    }?;
    let end = after_bracket(tail, style);
    Some(Label {
        name,
        style,
        named: noun.is_some(),
        affirmed: style == Style::Bare && (affirms_it(end) || denies_next(end)),
        end: at + reach.len() - end.len(),
    })
}

/// Whether `rest` goes on as in "is the most likely".
fn affirms_it(rest: &str) -> bool {
    crate::languages::affirms(window(rest, 0, REACH))
}

/// Whether `rest` goes on with what the answer is not, as in ", not A".
fn denies_next(rest: &str) -> bool {
    let rest = rest.trim_start_matches(['*', '_', '`', '"']);
    rest.trim_start_matches(' ')
        .strip_prefix([',', '，', '('])
        .is_some_and(|rest| {
            let rest = rest.trim_start();
            [
                "not ",
                "nicht ",
                "non ",
                "pas ",
                "no ",
                "não ",
                "niet ",
                "inte ",
                "nie ",
                "не ",
                "不是",
                "而不是",
            ]
            .iter()
            .any(|word| {
                rest.strip_prefix(word)
                    .is_some_and(|rest| label_at(rest, 0).is_some())
            })
        })
}

/// The name with which `text` begins, and its length.
fn name_at(text: &str) -> Option<(Name, usize)> {
    let length = text
        .find(|c: char| !c.is_ascii_alphanumeric())
        .unwrap_or(text.len());
    let word = &text[..length];
    match word.as_bytes() {
        [letter] if letter.is_ascii_alphabetic() => Some((Name::Letter(char::from(*letter)), 1)),
        [b'1'..=b'9'] | [b'1'..=b'9', b'0'..=b'9'] => {
            Some((Name::Number(word.parse().ok()?), length))
        }
        letters if (2..=3).contains(&length) && letters.iter().all(u8::is_ascii_uppercase) => {
            let value = letters.iter().fold(0, |value, letter| {
                value * 26 + usize::from(letter - b'A') + 1
            });
            Some((Name::Letters(value - 1), length))
        }
        _ => None,
    }
}

/// What follows one of `nouns` with which `body` begins.
fn after_noun<'a>(body: &'a str, noun: &str) -> Option<&'a str> {
    let head = body.get(..noun.len())?;
    let same = head.eq_ignore_ascii_case(noun) || !noun.is_ascii() && head.to_lowercase() == noun;
    same.then(|| &body[noun.len()..])
}

/// What follows the noun in "Option B" and "Choice (B)".
fn without_noun(body: &str) -> Option<&str> {
    NOUNS.split('|').find_map(|noun| {
        let rest = after_noun(body, noun)?;
        // Only scripts without spaces let a label touch its noun: "možnosti" is no option "i".
        let spaced =
            rest.starts_with([' ', ':', '(', '*', '-']) || noun.ends_with(|c: char| c >= '\u{e00}');
        spaced.then(|| rest.trim_start_matches(|c: char| " :-".contains(c) || OPENING.contains(&c)))
    })
}

/// What follows the noun in "Solution B".
fn without_loose_noun(body: &str) -> Option<&str> {
    let mut nouns = LOOSE.split('|');
    let rest = nouns.find_map(|noun| after_noun(body, noun)?.strip_prefix(' '))?;
    let mut letters = rest.chars();
    let capital = letters.next().is_some_and(|c| c.is_ascii_uppercase());
    let ends = |c: char| !c.is_alphanumeric() && !"'’-".contains(c);
    (capital && letters.next().is_none_or(ends)).then_some(rest)
}

fn after_bracket(tail: &str, style: Style) -> &str {
    match style {
        Style::Bracketed => {
            tail.trim_start_matches(|c: char| CLOSE.contains(&c) || CLOSING.contains(&c))
        }
        _ => tail,
    }
}

/// How a label without an opening bracket is set off from `tail`; `None` when it is part of it.
fn style_before(tail: &str, name: Name, emphasised: bool) -> Option<Style> {
    let mut characters = tail.chars();
    let Some(next) = characters.next() else {
        return Some(Style::EndOfLine);
    };
    // Nothing divides words in Chinese and Japanese: what follows there begins a new one.
    let touched = characters
        .next()
        .is_some_and(|c| c.is_alphanumeric() && c < '\u{2e80}');
    if next == ',' && gives_reason(&tail[1..]) {
        return Some(Style::Reasoned);
    }
    match next {
        ')' | ']' | '】' | '）' => Some(Style::Bracketed),
        '\n' | '\r' => Some(Style::EndOfLine),
        '：' | '．' | '。' => Some(Style::Punctuated),
        '.' | ':' if !touched => Some(Style::Punctuated),
        ',' | ';' | '!' | '?' | '，' | '、' | '；' if !touched || !next.is_ascii() => {
            Some(Style::Bare)
        }
        ',' | ';' => {
            let alone = tail.chars().nth(2).is_none_or(|c| !c.is_alphanumeric());
            (tail.as_bytes().get(1).is_some_and(u8::is_ascii_alphabetic) && alone)
                .then_some(Style::Bare)
        }
        '+' if tail[1..].starts_with(|c: char| c.is_ascii_uppercase()) => Some(Style::Bare),
        '}' | '<' | '\\' | '|' | '—' | '–' | '/' | '&' | '(' | '（' | '…' => {
            Some(Style::Bare)
        }
        'd' | 't'
            if tail.starts_with("dir") || tail.starts_with("dır") || tail.starts_with("tir") =>
        {
            Some(Style::EndOfLine)
        }
        _ if next.is_whitespace() => before_word(tail.trim_start(), name, emphasised),
        // Scripts that are written without spaces, and the particles of Korean.
        _ if next.is_alphabetic() && next > '\u{2fff}' => Some(Style::Bare),
        _ => None,
    }
}

/// Words before a reason.
const REASONS: &str = "because|since|weil|denn|car|puisque|porque|perché|poiché|omdat|eftersom|ponieważ|çünkü|karena|vì|\
    потому";

fn gives_reason(rest: &str) -> bool {
    let rest = rest.trim_start();
    REASONS.split('|').any(|word| rest.starts_with(word)) || rest.starts_with("as ")
}

/// How a label is set off from `rest`, which follows after white space.
fn before_word(rest: &str, name: Name, emphasised: bool) -> Option<Style> {
    const JOINING: [&str; 21] = [
        "is", "which", "with", "based", "given", "due", "but", "and", "or", "as", "for", "would",
        "ist", "und", "oder", "est", "seems", "must", "looks", "only", "after",
    ];
    let end = rest
        .find(|c: char| !c.is_alphabetic())
        .unwrap_or(rest.len());
    let word = rest[..end].to_lowercase();
    if emphasised {
        return Some(Style::Emphasised);
    }
    let dash = rest.strip_prefix(['-', '–', '—', '→', '⇒']);
    if dash.is_some_and(|after| after.contains(' ')) {
        return Some(Style::Punctuated);
    }
    let asserts = [
        "is", "seems", "would", "must", "looks", "ist", "est", "es", "è",
    ]
    .contains(&word.as_str());
    if REASONS.split('|').any(|reason| reason == word) || asserts && affirms(&rest[end..]) {
        return Some(Style::Reasoned);
    }
    let may_be_word = matches!(name, Name::Letter('A' | 'a' | 'I' | 'i') | Name::Number(_));
    let set_off = word.is_empty()
        || word.starts_with(|c: char| c > '\u{2e80}')
        || matches!(name, Name::Letter('A' | 'I')) && word.starts_with(is_of_other_script)
        || JOINING.contains(&word.as_str())
        || joint(rest) > 0;
    // No verb follows an article: "A fits best".
    let verb = name == Name::Letter('A') && affirms_it(&format!(" {}", window(rest, 0, REACH)));
    (set_off || verb || !may_be_word).then_some(Style::Bare)
}

/// Whether a letter is none of the Latin script, in which "A" and "I" are words.
fn is_of_other_script(letter: char) -> bool {
    letter >= '\u{370}' && !('\u{1e00}'..'\u{2000}').contains(&letter)
}

/// Whether a verb goes on as in "is correct" or "would be the right answer".
fn affirms(rest: &str) -> bool {
    const WORDS: &str = "correct right best true appropriate likely accurate answer richtig korrekt bonne vero giusta corretta";
    let rest = rest.trim_start();
    let rest = [
        "clearly ",
        "definitely ",
        "therefore ",
        "thus ",
        "most likely ",
        "be ",
        "to be ",
    ]
    .iter()
    .find_map(|word| rest.strip_prefix(word))
    .unwrap_or(rest);
    let rest = ["the ", "most ", "la ", "die ", "der "]
        .iter()
        .find_map(|word| rest.strip_prefix(word))
        .unwrap_or(rest);
    WORDS.split(' ').any(|word| rest.starts_with(word))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, expected: Option<(char, Style)>) {
        let found = label_at(text, 0).and_then(|label| match label.name {
            Name::Letter(letter) => Some((letter, label.style)),
            _ => None,
        });
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
            "10-",
            "B_x",
        ] {
            check(text, None);
        }
    }
}
