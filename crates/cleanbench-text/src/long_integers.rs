//! Integers of JSON that no reader of 64 bits keeps.
//!
//! Invariant: whatever is no such integer stays byte for byte; what was no JSON does not become any.

use std::borrow::Cow;

/// Fewest digits of an integer beyond 64 bits.
const FEWEST: usize = 19;

/// `json` with each integer beyond 64 bits as a text of the same digits: as a number it would be read as another one
/// that is near.
pub fn long_integers_as_texts(json: &[u8]) -> Cow<'_, [u8]> {
    let mut out = Vec::new();
    let (mut kept, mut at, mut quoted) = (0, 0, false);
    while let Some(byte) = json.get(at) {
        match byte {
            b'\\' if quoted => at += 1,
            b'"' => quoted = !quoted,
            b'-' | b'0'..=b'9' if !quoted => {
                let word = number(&json[at..]);
                if is_long_integer(word) {
                    let parts = [&json[kept..at], b"\"", word, b"\""];
                    out.extend_from_slice(&parts.concat());
                    kept = at + word.len();
                }
                at += word.len();
                continue;
            }
            _ => {}
        }
        at += 1;
    }
    if kept == 0 {
        return Cow::Borrowed(json);
    }
    out.extend_from_slice(&json[kept..]);
    Cow::Owned(out)
}

/// The number at the start of `rest`.
fn number(rest: &[u8]) -> &[u8] {
    let is_of_it = |byte: &&u8| matches!(byte, b'0'..=b'9' | b'-' | b'+' | b'.' | b'e' | b'E');
    &rest[..rest.iter().take_while(is_of_it).count()]
}

fn is_long_integer(word: &[u8]) -> bool {
    let digits = word.strip_prefix(b"-").unwrap_or(word);
    if digits.len() < FEWEST || digits[0] == b'0' || !digits.iter().all(u8::is_ascii_digit) {
        return false;
    }
    let word = String::from_utf8_lossy(word);
    word.parse::<i64>().is_err() && word.parse::<u64>().is_err()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn digits_that_no_number_keeps_become_texts() {
        for (json, expected) in [
            ("18446744073709551615", "18446744073709551615"),
            ("18446744073709551616", "\"18446744073709551616\""),
            ("-9223372036854775808", "-9223372036854775808"),
            ("[-9223372036854775809, 1]", "[\"-9223372036854775809\", 1]"),
            (
                "{\"a\":123456789012345678901}",
                "{\"a\":\"123456789012345678901\"}",
            ),
            (
                "\"\\\"123456789012345678901\"",
                "\"\\\"123456789012345678901\"",
            ),
            ("123456789012345678901.5", "123456789012345678901.5"),
            ("1234567890123456789e10", "1234567890123456789e10"),
            ("00123456789012345678901", "00123456789012345678901"),
        ] {
            let found = long_integers_as_texts(json.as_bytes());
            assert_eq!(String::from_utf8_lossy(&found), expected);
        }
    }
}
