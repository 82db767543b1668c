//! Text as the scorers see it: what is blank, how case is folded, where a word ends.
//!
//! Invariant: every function is linear in the length of its text and works on whole characters.

/// Whether nothing in `text` is visible: only white space, control characters, marks of direction
/// and joining, or byte-order marks.
pub fn is_blank(text: &str) -> bool {
    text.chars().all(|character| {
        character.is_whitespace()
            || character.is_control()
            || matches!(character,
                '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{2069}'
                | '\u{feff}' | '\u{ad}')
    })
}

/// `text` in lower case, character by character and without regard to language: ß as ss, the final sigma as any
/// other, and every i of Turkish as i.
pub fn fold_case(text: &str) -> String {
    if text.is_ascii() {
        return text.to_ascii_lowercase();
    }
    let mut out = String::with_capacity(text.len());
    for character in text.chars() {
        push_folded(&mut out, character);
    }
    out
}

/// Adds `character` in lower case to `out`, see [`fold_case`].
pub fn push_folded(out: &mut String, character: char) {
    match character {
        'ß' | 'ẞ' => out.push_str("ss"),
        'ς' => out.push('σ'),
        'İ' | 'ı' => out.push('i'),
        _ => out.extend(character.to_lowercase()),
    }
}

/// `text` with every run of white space as one space, and none at the ends.
pub fn collapse(text: &str) -> String {
    if text.bytes().all(|byte| byte.is_ascii_graphic()) {
        return text.to_owned();
    }
    let mut out = String::with_capacity(text.len());
    for word in text.split_whitespace() {
        if !out.is_empty() {
            out.push(' ');
        }
        out.push_str(word);
    }
    out
}

/// Whether a character belongs to a word that white space or punctuation must bound. Letters of
/// scripts that are written without spaces do not.
pub fn is_word(character: char) -> bool {
    let combining = ('\u{300}'..='\u{36f}').contains(&character);
    character == '_' || combining || character.is_alphanumeric() && !is_unspaced(character)
}

/// Thai, Lao, Burmese, Khmer, and the scripts of Chinese and Japanese.
fn is_unspaced(character: char) -> bool {
    matches!(character,
        '\u{e00}'..='\u{eff}' | '\u{1000}'..='\u{109f}' | '\u{1780}'..='\u{17ff}'
        | '\u{3040}'..='\u{30ff}' | '\u{3400}'..='\u{4dbf}' | '\u{4e00}'..='\u{9fff}'
        | '\u{f900}'..='\u{faff}' | '\u{20000}'..='\u{3ffff}')
}

/// The beginning of `text` from `position` on, at most `bytes` long and cut between characters.
pub fn window(text: &str, position: usize, bytes: usize) -> &str {
    let end = position.saturating_add(bytes).min(text.len());
    &text[position..text.floor_char_boundary(end)]
}

/// The character that ends just before `position`.
pub fn before(text: &str, position: usize) -> Option<char> {
    text[..position].chars().next_back()
}

/// The character that starts at `position`.
pub fn after(text: &str, position: usize) -> Option<char> {
    text[position..].chars().next()
}

/// Starts of the occurrences of `needle` in `text` that are no part of a longer word or number,
/// overlapping ones included. No occurrence for an empty needle.
pub fn word_occurrences<'a>(text: &'a str, needle: &'a str) -> impl Iterator<Item = usize> + 'a {
    let alone = move |start: &usize| stands_alone(text, *start, start + needle.len());
    occurrences(text, needle).filter(alone)
}

/// Starts of all occurrences of `needle`, by Knuth, Morris and Pratt: linear however often it overlaps itself.
fn occurrences<'a>(text: &'a str, needle: &'a str) -> impl Iterator<Item = usize> + 'a {
    let first = text.find(needle).filter(|_| !needle.is_empty());
    let borders = first.map_or_else(Vec::new, |_| borders(needle.as_bytes()));
    let needle = needle.as_bytes();
    let mut matched = 0;
    let bytes = text.bytes().enumerate().skip(first.unwrap_or(text.len()));
    bytes.filter_map(move |(at, byte)| {
        matched = extended(needle, &borders, matched, byte);
        if matched < needle.len() {
            return None;
        }
        matched = borders[matched - 1];
        Some(at + 1 - needle.len())
    })
}

/// For each beginning of `needle` the length of the longest shorter one that it ends with.
fn borders(needle: &[u8]) -> Vec<usize> {
    let mut borders = vec![0; needle.len()];
    for at in 1..needle.len() {
        borders[at] = extended(needle, &borders, borders[at - 1], needle[at]);
    }
    borders
}

/// How much of `needle` is matched after `byte`, where `matched` was before it.
fn extended(needle: &[u8], borders: &[usize], mut matched: usize, byte: u8) -> usize {
    while matched > 0 && needle[matched] != byte {
        matched = borders[matched - 1];
    }
    matched + usize::from(needle[matched] == byte)
}

/// Whether `text[start..end]` is bounded on both sides: a word by no other letter or digit, and a
/// number by no sign, decimal or thousands separator that would make it another number.
fn stands_alone(text: &str, start: usize, end: usize) -> bool {
    let (Some(first), Some(last)) = (after(text, start), before(text, end)) else {
        return false;
    };
    let starts = !is_word(first) || !before(text, start).is_some_and(is_word);
    let ends = !is_word(last) || !after(text, end).is_some_and(is_word);
    starts
        && ends
        && !(first.is_ascii_digit() && continues_left(text, start))
        && !(last.is_ascii_digit() && continues_right(text, end))
}

/// Whether the digit at `start` goes on to the left: after a sign, or as in `1,5` and `1.5`.
fn continues_left(text: &str, start: usize) -> bool {
    match before(text, start) {
        Some('-' | '\u{2212}') => true,
        Some('.' | ',') => before(text, start - 1).is_some_and(|c| c.is_ascii_digit()),
        _ => false,
    }
}

/// Whether the digit before `end` goes on to the right, as in `1,5` and `1.5`.
fn continues_right(text: &str, end: usize) -> bool {
    matches!(after(text, end), Some('.' | ','))
        && after(text, end + 1).is_some_and(|c| c.is_ascii_digit())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whole_words_and_numbers() {
        for (text, needle, expected) in [
            ("the cat sat on the cat", "cat", vec![4, 19]),
            ("concatenate", "cat", vec![]),
            ("cat_1 cat-1", "cat", vec![6]),
            ("1.5 and 5, -5 and 5.", "5", vec![8, 18]),
            ("xa a a", "a a", vec![3]),
            ("äcatä Cat", "cat", vec![]),
            ("(cat)", "cat", vec![1]),
            ("c++ or c", "c++", vec![0]),
            ("aaa", "", vec![]),
            ("是网络问题", "网络", vec![3]),
            ("cafe\u{301}", "cafe", vec![]),
        ] {
            let found: Vec<usize> = word_occurrences(text, needle).collect();
            assert_eq!(found, expected, "{needle} in {text}");
        }
    }

    #[test]
    fn blank_is_what_nobody_can_see() {
        for text in ["", " \n\t", "\0", "\u{200b}\u{feff}", "\u{202e}\u{a0}"] {
            assert!(is_blank(text), "{text:?}");
        }
        for text in ["a", ".", "\u{200b}0"] {
            assert!(!is_blank(text), "{text:?}");
        }
    }

    #[test]
    fn case_is_folded() {
        for (one, other) in [("Straße", "STRASSE"), ("ΟΔΟΣ", "οδος"), ("İĞDIR", "iğdır")]
        {
            assert_eq!(fold_case(one), fold_case(other));
        }
    }

    #[test]
    fn white_space_is_collapsed() {
        assert_eq!(collapse(" a\u{a0}\n b  "), "a b");
    }
}
