//! What is wrong with a reply, and how it is told.

use cleanbench_core::{CallError, CallErrorKind};

use super::foreign_words;
use super::too_long::is_too_long;

/// A fault before the endpoint's name and the next step are added.
#[derive(Debug)]
pub(super) struct Fault {
    pub(super) kind: CallErrorKind,
    what: String,
    said: Option<(String, usize)>,
    /// What the server said in any field, in small letters; empty where it said nothing of its own.
    words: String,
}

impl Fault {
    pub(super) fn new(kind: CallErrorKind, what: impl Into<String>) -> Self {
        Self {
            kind,
            what: what.into(),
            said: None,
            words: String::new(),
        }
    }

    /// Adds the server's own words, of which at most `limit` characters are shown.
    pub(super) fn said(mut self, said: String, limit: usize) -> Self {
        if !said.trim().is_empty() {
            self.said = Some((said, limit));
        }
        self
    }

    /// Adds all words of the server, in small letters, by which a fault may be told.
    pub(super) fn worded(mut self, words: String) -> Self {
        self.words = words;
        self
    }

    /// The same; of the context, where the server's words say so: whatever the `status`, asking again does not help.
    pub(super) fn of_context(mut self, status: u16) -> Self {
        let is_told = matches!(self.kind, CallErrorKind::Censored | CallErrorKind::TooLong);
        if is_told || !is_too_long(&self.words) {
            return self;
        }
        self.kind = CallErrorKind::TooLong;
        if !(200..300).contains(&status) {
            self.what = format!("HTTP {status}, the prompt does not fit the model's context");
        }
        self
    }

    /// The error as the engine and the user see it; `body` is the request, which must not show.
    pub(super) fn into_error(self, host: &str, key_env: Option<&str>, body: &[u8]) -> CallError {
        let mut message = format!("{host}: {}", self.what);
        if let Some((said, limit)) = &self.said {
            message.push_str(&foreign_words::or_withheld(said, *limit, body));
        }
        if let Some(step) = next_step(self.kind, key_env) {
            message.push_str("; ");
            message.push_str(&step);
        }
        CallError::new(self.kind, message)
    }
}

fn next_step(kind: CallErrorKind, key_env: Option<&str>) -> Option<String> {
    let step = match kind {
        CallErrorKind::Auth => {
            return Some(match key_env {
                Some(variable) => format!("check the key in {variable} and the account's credit"),
                None => "no key was configured: name its variable with `api_key_env`".to_owned(),
            });
        }
        CallErrorKind::NotFound => "check the URL and the model's name",
        CallErrorKind::TooLong => "shorten the prompt, or serve the model with a longer context",
        CallErrorKind::RateLimited => "lower `limits.concurrency` if this goes on",
        CallErrorKind::NotJson => "check that the URL is that of the API",
        _ => return None,
    };
    Some(step.to_owned())
}
