//! JSON as some servers write it against its rules: halves of surrogate pairs, and numbers that are none.
//!
//! Invariants: what is JSON already stays as it is, byte for byte; outside of texts only what is no number becomes
//! `null`; linear in the length. The halves of a pair may come in two pieces of a stream, so each stands as a letter of
//! its own until the pieces are put together ([`join`]); what then still has no other half is U+FFFD.

/// The halves stand at the end of the last plane, of which no text makes use.
const PLACE: u32 = 0x0010_f800;
/// The first half of a pair that comes first.
const HIGH: u32 = 0xd800;
/// The first half of a pair that comes second.
const LOW: u32 = 0xdc00;
/// What follows the last of them.
const END: u32 = 0xe000;

/// Whether `body` may hold halves of pairs that are written as escapes.
fn may_hold_halves(body: &[u8]) -> bool {
    let mut windows = body.windows(4);
    windows.any(|bytes| {
        bytes.starts_with(b"\\u")
            && matches!(
                bytes[2..],
                [b'd' | b'D', b'8'..=b'9' | b'a'..=b'f' | b'A'..=b'F']
            )
    })
}

/// Words, in small letters, for numbers that JSON does not have.
const NO_NUMBERS: [&str; 3] = ["infinity", "inf", "nan"];

/// `body` with what JSON forbids in a form that it allows; `None` where there is nothing of that kind.
pub(super) fn mended(body: &[u8]) -> Option<Vec<u8>> {
    if !may_hold_halves(body) && !may_hold_no_numbers(body) {
        return None;
    }
    let text = String::from_utf8_lossy(body);
    let mended = legible(&text);
    (mended != text).then(|| mended.into_bytes())
}

fn legible(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(start) = rest.find('"') {
        push_without_no_numbers(&mut out, &rest[..start]);
        let end = end_of_text(&rest[start + 1..]).map_or(rest.len(), |end| start + 1 + end);
        push_with_halves(&mut out, &rest[start..end]);
        rest = &rest[end..];
    }
    push_without_no_numbers(&mut out, rest);
    out
}

fn may_hold_no_numbers(body: &[u8]) -> bool {
    let mut starts = body.windows(3);
    starts.any(|start| start.eq_ignore_ascii_case(b"nan") || start.eq_ignore_ascii_case(b"inf"))
}

/// Where the text whose opening mark is gone ends, its closing mark included. No text goes on over the end of a line, so
/// that what is wrong in one event of a stream spoils no other.
fn end_of_text(text: &str) -> Option<usize> {
    let mut escaped = false;
    for (place, byte) in text.bytes().enumerate() {
        match byte {
            _ if escaped && byte != b'\n' => escaped = false,
            b'\\' => escaped = true,
            b'"' => return Some(place + 1),
            b'\n' => return Some(place),
            _ => {}
        }
    }
    None
}

/// Appends what stands between two texts.
fn push_without_no_numbers(out: &mut String, mut between: &str) {
    let is_of_word = |letter: char| letter.is_ascii_alphanumeric() || "+-.".contains(letter);
    while let Some(start) = between.find(is_of_word) {
        let (before, from) = between.split_at(start);
        let end = from
            .find(|letter| !is_of_word(letter))
            .unwrap_or(from.len());
        let (word, after) = from.split_at(end);
        out.push_str(before);
        let bare = word.trim_start_matches(['+', '-']).to_ascii_lowercase();
        let is_none = NO_NUMBERS.contains(&bare.as_str());
        out.push_str(if is_none { "null" } else { word });
        between = after;
    }
    out.push_str(between);
}

/// Appends a text, its marks included, with the letters that stand for halves without their other half.
fn push_with_halves(out: &mut String, mut text: &str) {
    while let Some(start) = text.find('\\') {
        let (before, escape) = text.split_at(start);
        out.push_str(before);
        let length = match (half(escape), half(escape.get(6..).unwrap_or_default())) {
            (Some(HIGH..LOW), Some(LOW..END)) => {
                out.push_str(&escape[..12]);
                12
            }
            (Some(unit), _) => {
                out.extend(char::from_u32(PLACE + (unit - HIGH)));
                6
            }
            (None, _) => {
                let length = escape.chars().take(2).map(char::len_utf8).sum();
                out.push_str(&escape[..length]);
                length
            }
        };
        text = &escape[length..];
    }
    out.push_str(text);
}

/// The half of a pair that `text` begins with as an escape.
fn half(text: &str) -> Option<u32> {
    let digits = text.strip_prefix("\\u")?.get(..4)?;
    let is_number = digits.bytes().all(|byte| byte.is_ascii_hexdigit());
    let unit = u32::from_str_radix(digits, 16).ok().filter(|_| is_number)?;
    (HIGH..END).contains(&unit).then_some(unit)
}

/// Puts the halves in `text` together.
pub(super) fn join(text: &mut String) {
    let unit = |letter: char| {
        let half = u32::from(letter).checked_sub(PLACE)? + HIGH;
        u16::try_from(half).ok()
    };
    if !text.chars().any(|letter| unit(letter).is_some()) {
        return;
    }
    let mut units = Vec::with_capacity(text.len());
    for letter in text.chars() {
        match unit(letter) {
            Some(half) => units.push(half),
            None => units.extend_from_slice(letter.encode_utf16(&mut [0; 2])),
        }
    }
    *text = String::from_utf16_lossy(&units);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_json_stays_as_it_is() {
        for text in [
            r#"{"a":"\ud83d\ude00 xNaN \\ud83d","b":[1e3,-2,null,true],"inf":"Infinity"}"#,
            r#"{"a":"\"NaN\"","nan":false}"#,
            "",
            "\"",
            "\"\\",
            "{\"a\":\"cut off\ndata: NaN\"",
        ] {
            assert_eq!(legible(text), text.replace(" NaN", " null"));
        }
    }

    #[test]
    fn what_is_none_becomes_null() {
        let check = |text: &str, expect: &str| assert_eq!(legible(text), expect);
        check(
            "[NaN,-Infinity, nan ,inf,+inf]",
            "[null,null, null ,null,null]",
        );
        check(r#"{"NaN":NaN,"x":"NaN"}"#, r#"{"NaN":null,"x":"NaN"}"#);
        check("[nano,infinite]", "[nano,infinite]");
    }

    #[test]
    fn halves_find_each_other() {
        let check = |pieces: &[&str], expect: &str| {
            let mut whole = String::new();
            for piece in pieces {
                let piece = format!("\"{piece}\"");
                let text: String = serde_json::from_str(&legible(&piece)).expect(&piece);
                whole.push_str(&text);
            }
            join(&mut whole);
            assert_eq!(whole, expect, "{pieces:?}");
        };
        check(&[r"a\ud83d", r"\ude00b"], "a😀b");
        check(&[r"a\uD83D", "", r"\uDE00"], "a😀");
        check(&[r"a\ud83d", "b"], "a\u{fffd}b");
        check(&[r"\ude00\ud83d x"], "\u{fffd}\u{fffd} x");
        check(&[r"\ud83d\ude00", r"\ud83d"], "😀\u{fffd}");
        check(&[r"\\ud83d"], r"\ud83d");
        check(&[r"\ud83d\n"], "\u{fffd}\n");
    }
}
