//! Words in messages: showing foreign text safely, suggesting what was meant, naming kinds, dates.

use cleanbench_text::closest;

/// Most characters of a foreign text within a message.
const SHOWN: usize = 60;

/// Appends `character`, escaped when it is a control character or would steer or hide text.
pub(crate) fn push_visible(out: &mut String, character: char) {
    let steers = matches!(character,
        '\u{ad}' | '\u{61c}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}'
        | '\u{2060}'..='\u{206f}' | '\u{feff}' | '\u{e0000}'..='\u{e007f}');
    if steers || character.is_control() {
        out.extend(character.escape_default());
    } else {
        out.push(character);
    }
}

/// `text` with every such character escaped.
pub(crate) fn visible(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for character in text.chars() {
        push_visible(&mut out, character);
    }
    out
}

/// `text` in back quotes, made visible and shortened.
pub(crate) fn shown(text: &str) -> String {
    let mut out = String::from("`");
    for character in text.chars().take(SHOWN) {
        push_visible(&mut out, character);
    }
    if text.chars().nth(SHOWN).is_some() {
        out.push('…');
    }
    out.push('`');
    out
}

/// The texts in back quotes with commas between, at most `most` of them.
pub(crate) fn shown_list<'a>(texts: impl ExactSizeIterator<Item = &'a str>, most: usize) -> String {
    let left_out = texts.len().saturating_sub(most);
    let mut list: Vec<String> = texts.take(most).map(shown).collect();
    if left_out > 0 {
        list.push(format!("… and {left_out} more"));
    }
    list.join(", ")
}

/// The sentence that suggests the closest candidate.
pub(crate) fn did_you_mean<'c>(
    word: &str,
    candidates: impl IntoIterator<Item = &'c str>,
) -> Option<String> {
    closest(word, candidates).map(|candidate| format!("did you mean `{candidate}`?"))
}

/// What kind of JSON value the text `raw` is, with its article. The text must be valid JSON.
pub(crate) fn kind_of_json(raw: &str) -> &'static str {
    match raw.trim_start().as_bytes().first() {
        Some(b'{') => "an object",
        Some(b'[') => "an array",
        Some(b'"') => "a string",
        Some(b't' | b'f') => "a boolean",
        Some(b'n') => "null",
        _ => "a number",
    }
}

/// Whether `text` is a calendar date written `YYYY-MM-DD`.
pub(crate) fn is_date(text: &str) -> bool {
    let bytes = text.as_bytes();
    let digits = |range: std::ops::Range<usize>| bytes[range].iter().all(u8::is_ascii_digit);
    bytes.len() == 10
        && (bytes[4], bytes[7]) == (b'-', b'-')
        && digits(0..4)
        && digits(5..7)
        && digits(8..10)
        && text.parse::<jiff::civil::Date>().is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates_are_of_the_calendar_and_of_one_form() {
        for (text, expected) in [
            ("2026-02-28", true),
            ("2024-02-29", true),
            ("2026-02-29", false),
            ("2026-2-28", false),
            ("20260228", false),
            ("2026-02-28T00:00:00", false),
            ("+026-02-28", false),
            ("２０26-02-1", false),
        ] {
            assert_eq!(is_date(text), expected, "{text}");
        }
    }

    #[test]
    fn foreign_text_is_cut_and_escaped() {
        assert_eq!(shown("a\u{1b}[2J"), "`a\\u{1b}[2J`");
        assert_eq!(shown(&"é".repeat(61)), format!("`{}…`", "é".repeat(60)));
        assert_eq!(
            shown_list(["a", "b", "c"].into_iter(), 2),
            "`a`, `b`, … and 1 more"
        );
    }
}
