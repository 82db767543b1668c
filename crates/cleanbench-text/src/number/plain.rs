//! Text as the reader of numbers sees it: digits of every script as those of ASCII, one minus, no marks that nobody
//! sees, nothing that is struck through, raised digits of HTML as powers.
//!
//! Invariant: linear in the length of the text; positions in the result are those of the result alone. It refuses
//! nothing.

use std::borrow::Cow;

/// The zeros of scripts whose ten digits follow each other.
const ZEROS: [u32; 27] = [
    0x0660, 0x06F0, 0x07C0, 0x0966, 0x09E6, 0x0A66, 0x0AE6, 0x0B66, 0x0BE6, 0x0C66, 0x0CE6, 0x0D66,
    0x0E50, 0x0ED0, 0x0F20, 0x1040, 0x17E0, 0x1810, 0xFF10, 0x1_D7CE, 0x1_D7D8, 0x1_D7E2, 0x1_D7EC,
    0x1_D7F6, 0x19D0, 0x1A80, 0x1B50,
];

/// `text` in plain characters.
pub fn plain(text: &str) -> Cow<'_, str> {
    let text = match struck(text) {
        Some(kept) => Cow::Owned(raised(&kept).into_owned()),
        None => raised(text),
    };
    if text.is_ascii() {
        return text;
    }
    let mut out = String::with_capacity(text.len());
    let mut wide = false;
    for character in text.chars() {
        let mapped = if wide && character == '，' {
            Some(',')
        } else {
            mapped(character)
        };
        out.extend(mapped);
        wide = ('０'..='９').contains(&character);
    }
    Cow::Owned(out)
}

/// `text` without what is struck through (`~~40~~`), where something is.
fn struck(text: &str) -> Option<String> {
    if !text.contains("~~") {
        return None;
    }
    let (mut kept, mut rest) = (String::with_capacity(text.len()), text);
    while let Some((before, after)) = rest.split_once("~~") {
        let line = after.split('\n').next().unwrap_or_default();
        kept.push_str(before);
        rest = match line.split_once("~~") {
            Some((inside, _)) if !inside.is_empty() => &after[inside.len() + 2..],
            _ => {
                kept.push_str("~~");
                after
            }
        };
    }
    kept.push_str(rest);
    Some(kept)
}

/// `m<sup>2</sup>` as `m^{2}`, and entities as what they stand for.
fn raised(text: &str) -> Cow<'_, str> {
    const SIGNS: [(&str, &str); 12] = [
        ("<sup>", "^{"),
        ("</sup>", "}"),
        ("&nbsp;", "\u{a0}"),
        ("&thinsp;", "\u{2009}"),
        ("&minus;", "-"),
        ("&times;", "×"),
        ("&frac12;", "½"),
        ("&frac14;", "¼"),
        ("&frac34;", "¾"),
        ("&deg;", "°"),
        ("&pi;", "π"),
        ("&euro;", "€"),
    ];
    if !text.contains("</sup>") && !text.contains('&') {
        return Cow::Borrowed(text);
    }
    let met = SIGNS.iter().filter(|(sign, _)| text.contains(sign));
    met.fold(Cow::Borrowed(text), |text, (sign, plain)| {
        Cow::Owned(text.replace(sign, plain))
    })
}

fn mapped(character: char) -> Option<char> {
    if character.is_ascii() {
        return Some(character);
    }
    if let Some(digit) = digit(character) {
        return Some(digit);
    }
    match character {
        '\u{ad}'
        | '\u{200b}'..='\u{200f}'
        | '\u{202a}'..='\u{202e}'
        | '\u{2060}'..='\u{2069}'
        | '\u{feff}'
        | '\u{fe0e}'
        | '\u{fe0f}' => None,
        '％' | '٪' | '﹪' => Some('%'),
        '＋' => Some('+'),
        '－' | '−' | '﹣' | '‐' | '‑' => Some('-'),
        '＝' => Some('='),
        '／' | '⁄' | '∕' => Some('/'),
        '．' | '٫' => Some('.'),
        '٬' => Some(','),
        '＄' => Some('$'),
        '（' => Some('('),
        '）' => Some(')'),
        '＾' => Some('^'),
        other => Some(other),
    }
}

fn digit(character: char) -> Option<char> {
    let code = u32::from(character);
    if (0x2E80..0xFF10).contains(&code) {
        return None;
    }
    let zero = ZEROS
        .iter()
        .find(|zero| (**zero..**zero + 10).contains(&code))?;
    char::from_digit(code - zero, 10)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_looks_alike_becomes_alike() {
        for (text, expected) in [
            ("plain 5", "plain 5"),
            ("３４ ٣٤ ३४ ৩৪ ๓๔", "34 34 34 34 34"),
            ("９，５００ 3，4", "9,500 3，4"),
            ("٣٫٥ ٩٬٥٠٠", "3.5 9,500"),
            ("m<sup>2</sup> −5\u{200b}0", "m^{2} -50"),
            ("~~40~~ 42, ~~5\n6~~", " 42, ~~5\n6~~"),
            ("5&nbsp;000", "5\u{a0}000"),
            ("&minus;5&frac12; & so", "-5½ & so"),
        ] {
            assert_eq!(plain(text), expected);
        }
    }
}
