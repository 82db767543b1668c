//! What is said: an answer, why it ended, and how long it is.

use std::borrow::Cow;

/// An answer, and why it ended.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Said<'a> {
    pub(crate) text: Cow<'a, str>,
    pub(crate) finish: &'static str,
}

/// Words of `text`: the token count of this server.
pub(crate) fn count_words(text: &str) -> u64 {
    text.split_whitespace().count() as u64
}
