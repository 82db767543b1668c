//! The normal form in which texts are compared: what looks the same is the same.
//!
//! Composed characters (NFC), straight quotes, one hyphen for all dashes, plain spaces, no characters without
//! width, no soft hyphen, ASCII for full-width forms, letters for ligatures. It is less than NFKC, which would
//! make 2 of ², and a fraction of ½: what a careful reader tells apart stays apart.
//!
//! Invariant: linear in the length of the text; ASCII is left as it is.

use std::borrow::Cow;

use icu_normalizer::{
    ComposingNormalizer, ComposingNormalizerBorrowed, DecomposingNormalizer,
    DecomposingNormalizerBorrowed,
};

/// `text` in normal form.
pub fn normal(text: &str) -> Cow<'_, str> {
    const NFC: ComposingNormalizerBorrowed<'static> = ComposingNormalizer::new_nfc();
    if text.is_ascii() {
        return Cow::Borrowed(text);
    }
    let mut out = String::with_capacity(text.len());
    for character in text.chars() {
        push(&mut out, character);
    }
    let composed = NFC.normalize(&out);
    Cow::Owned(composed.into_owned())
}

fn push(out: &mut String, character: char) {
    const NFKC: ComposingNormalizerBorrowed<'static> = ComposingNormalizer::new_nfkc();
    match character {
        '\u{0}'..='\u{7f}' => out.push(character),
        '‘' | '’' | '‚' | '‛' | '′' | '´' | 'ʼ' | 'ʹ' => out.push('\''),
        '“' | '”' | '„' | '‟' | '″' => out.push('"'),
        '‐' | '‑' | '‒' | '–' | '—' | '―' | '−' | '﹣' | '﹘' => out.push('-'),
        '\u{a0}' | '\u{2000}'..='\u{200a}' | '\u{202f}' | '\u{205f}' | '\u{3000}' => out.push(' '),
        '…' => out.push_str("..."),
        _ if is_hidden(character) => {}
        '\u{ff01}'..='\u{ffef}'
        | '\u{fb00}'..='\u{fdff}'
        | '\u{fe70}'..='\u{fefe}'
        | '\u{132}'
        | '\u{133}' => out.extend(NFKC.normalize_iter(std::iter::once(character))),
        _ => out.push(character),
    }
}

/// `text` as it looks at first sight, in lower case: letters of other alphabets, figures and letters with marks are the plain
/// letters that they look like. Two texts that look the same are the same then, and many more: it compares, and shows nothing.
pub fn look_alike(text: &str) -> String {
    const NFKD: DecomposingNormalizerBorrowed<'static> = DecomposingNormalizer::new_nfkd();
    let letters = NFKD.normalize_iter(text.chars());
    let seen = letters.filter(|one| !is_hidden(*one) && !is_mark(*one));
    seen.map(alike).flat_map(char::to_lowercase).collect()
}

/// Marks above and below letters.
fn is_mark(character: char) -> bool {
    matches!(character, '\u{300}'..='\u{36f}' | '\u{1ab0}'..='\u{1aff}' | '\u{20d0}'..='\u{20ff}')
}

/// The plain letter that `character` looks like.
fn alike(character: char) -> char {
    let found = ALIKE.iter().find(|(_, others)| others.contains(character));
    found.map_or(character, |(plain, _)| *plain)
}

/// Plain letters and what looks like them.
const ALIKE: [(char, &str); 26] = [
    ('a', "аАαΑɑᴀ@4"),
    ('b', "вВΒʙ8"),
    ('c', "сСϲᴄ"),
    ('d', "ԁᴅ"),
    ('e', "еЕεΕᴇ3"),
    ('f', "ꜰ"),
    ('g', "ɡɢ"),
    ('h', "һհнНΗʜ"),
    ('j', "јЈᴊ"),
    ('k', "кКκΚᴋ"),
    ('l', "iIіІιΙıɪ1|ʟӏ"),
    ('m', "мМΜᴍ"),
    ('n', "ոпΝηɴ"),
    ('o', "оОοΟօᴏ0"),
    ('p', "рРρΡᴘ"),
    ('q', "ԛ"),
    ('r', "гʀ"),
    ('s', "ѕЅꜱ$5"),
    ('t', "тТτΤᴛ7"),
    ('u', "иυսᴜ"),
    ('v', "νѵᴠ"),
    ('w', "ԝωᴡ"),
    ('x', "хХχΧ"),
    ('y', "уУγΥʏ"),
    ('z', "Ζᴢ"),
    ('-', "‐‑‒–—―−"),
];

/// Characters that nobody sees.
pub fn is_hidden(character: char) -> bool {
    matches!(character,
        '\u{ad}' | '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{2064}'
        | '\u{2066}'..='\u{2069}' | '\u{feff}' | '\u{fe0e}' | '\u{fe0f}' | '\u{34f}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_looks_the_same_is_the_same() {
        for (text, expected) in [
            ("cafe\u{301}", "café"),
            ("“it’s”", "\"it's\""),
            ("co\u{2011}op – a", "co-op - a"),
            ("a\u{a0}b\u{200b}c\u{ad}d\u{feff}", "a bcd"),
            ("ＡＢ１", "AB1"),
            ("ﬁne", "fine"),
            ("\u{1112}\u{1161}\u{11ab}", "한"),
            ("x² ½", "x² ½"),
            ("ｶﾞ", "ガ"),
            ("plain", "plain"),
        ] {
            assert_eq!(normal(text), expected, "{text:?}");
        }
    }

    #[test]
    fn what_looks_like_another_letter_is_that_letter() {
        for (text, other) in [
            ("The red fox", "Тһе rеԁ fох"),
            ("The red fox", "ᴛʜᴇ ʀᴇᴅ ꜰox"),
            ("The red fox", "Ｔｈｅ 𝐫𝐞𝐝 𝒇𝑜𝓍"),
            ("The red fox", "T̶h̶e̶ r̈ëd fóx"),
            ("a small elk", "4 sm@11 31k"),
            ("Лиса и мост", "Лиса и мост"),
        ] {
            assert_eq!(look_alike(text), look_alike(other), "{other}");
        }
        assert_ne!(look_alike("the red fox"), look_alike("the bed fox"));
    }
}
