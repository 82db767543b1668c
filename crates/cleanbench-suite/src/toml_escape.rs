//! Where a character of a TOML string stands in the file, so that a fault within a template can be
//! shown at its own line and column.
//!
//! The value of a string differs from its text by quotes, escapes and line continuations.

/// The byte offset in `text` of byte `wanted` of the value of the string whose first quote is at
/// `start`. The string must be valid TOML; else the result is some offset in it.
pub(crate) fn offset_in_text(text: &str, start: usize, wanted: usize) -> usize {
    let token = &text[start..];
    let (delimiter, is_basic) = match token.as_bytes() {
        [b'"', b'"', b'"', ..] => (3, true),
        [b'\'', b'\'', b'\'', ..] => (3, false),
        [b'"', ..] => (1, true),
        _ => (1, false),
    };
    let mut at = delimiter;
    if delimiter == 3 {
        let body = &token[at..];
        at += usize::from(body.starts_with('\r'))
            + usize::from(body.trim_start_matches('\r').starts_with('\n'));
    }
    let mut decoded = 0;
    while decoded < wanted && at < token.len() {
        let (width, value) = step(&token[at..], is_basic);
        at += width;
        decoded += value;
    }
    if is_basic {
        at += continuation(&token[at..]);
    }
    start + at.min(token.len())
}

/// How many bytes the next unit of a string takes in the text and in the value.
fn step(rest: &str, is_basic: bool) -> (usize, usize) {
    let Some(first) = rest.chars().next() else {
        return (1, 1);
    };
    if !is_basic || first != '\\' {
        return (first.len_utf8(), first.len_utf8());
    }
    let digits = match rest.as_bytes().get(1) {
        Some(b'x') => 2,
        Some(b'u') => 4,
        Some(b'U') => 8,
        _ => {
            return match continuation(rest) {
                0 => (2, 1),
                width => (width, 0),
            };
        }
    };
    let code = rest.get(2..2 + digits);
    let code = code.and_then(|code| u32::from_str_radix(code, 16).ok());
    let character = code.and_then(char::from_u32).unwrap_or('?');
    (2 + digits, character.len_utf8())
}

/// Length of a backslash at the end of a line with the white space that it removes; else 0.
fn continuation(rest: &str) -> usize {
    let Some(after) = rest.strip_prefix('\\') else {
        return 0;
    };
    let kept = after.trim_start_matches([' ', '\t', '\r', '\n']);
    let removed = &after[..after.len() - kept.len()];
    if removed.contains('\n') {
        1 + removed.len()
    } else {
        0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_character_of_a_value_is_found_in_the_text() {
        for text in [
            r#"k = "plain X""#,
            r#"k = "tab\t quote\" X""#,
            r#"k = "\u00e9\U0001F600\x41é X""#,
            r"k = 'no \t escape X'",
            "k = \"\"\"\nline\nX\"\"\"",
            "k = \"\"\"\r\nX\"\"\"",
            "k = '''\nline\\n\nX'''",
            "k = \"\"\"a \\\n   b \\\n\n  X\"\"\"",
        ] {
            let table = toml::de::DeTable::parse(text).unwrap();
            let spanned = &table.get_ref()["k"];
            let value = spanned.get_ref().as_str().unwrap();
            let wanted = value.find('X').unwrap();
            let found = offset_in_text(text, spanned.span().start, wanted);
            assert_eq!(found, text.find('X').unwrap(), "{text}");
        }
    }
}
