//! What an answer says itself: without code, quotations and letters that were asked for.
//!
//! Invariant: it is put to a bounded window, is linear in it, and what is quoted as a whole is kept, since nothing else is said. It
//! refuses nothing.

use std::borrow::Cow;
use std::sync::LazyLock;

use regex::Regex;

use super::compiled;

/// Code in fences, closed or not, and in backticks.
const CODE: &str =
    r"(?:^|\n)[ \t]{0,8}```[^\n]*\n(?s:.)*?(?:\n[ \t]{0,8}```|$)|(?:^|[\s(:,])`[^`\n]+`";

/// Quotations in marks, and quoted lines.
const QUOTED: &str = r#""[^"\n]+"|“[^”\n]+”|„[^“”\n]+[“”]|«[^»\n]+»|「[^」\n]+」|『[^』\n]+』|(?:^|[\s(:,])'(?:[^'\n]|\w'\w)+'(?:$|[\s.,;:!?)])|(?:^|\n)[ \t]{0,8}>[^\n]*"#;

/// A fence around the whole that names no language of code.
const WRAPPED: &str =
    r"^\s{0,8}```(?:text|txt|markdown|md|plaintext)?[ \t]{0,8}\n(?P<inner>[^`]+)\n?```\s{0,8}$";

fn has_words(text: &str) -> bool {
    text.chars().any(char::is_alphanumeric)
}

/// `text` without what stands in it as code or quotation; all of it where it is one quotation.
pub(super) fn spoken(text: &str) -> Cow<'_, str> {
    static CODES: LazyLock<Regex> = LazyLock::new(|| compiled(CODE));
    static QUOTES: LazyLock<Regex> = LazyLock::new(|| compiled(QUOTED));
    static WHOLE: LazyLock<Regex> = LazyLock::new(|| compiled(WRAPPED));
    if text.trim_start().starts_with('{') {
        return Cow::Borrowed(text);
    }
    if let Some(inner) = WHOLE.captures(text).and_then(|all| all.name("inner")) {
        return Cow::Borrowed(inner.as_str());
    }
    let prose = CODES.replace_all(text, "\n");
    let said = QUOTES.replace_all(&prose, " … ");
    if has_words(&said) {
        Cow::Owned(said.into_owned())
    } else {
        prose
    }
}
