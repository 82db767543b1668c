//! The key: one header, and no other place.

use std::fmt;
use std::sync::Arc;

use cleanbench_core::{CallError, Reply};
use cleanbench_model::KeyHeader;
use reqwest::header::{AUTHORIZATION, HeaderName, HeaderValue};
use secrecy::{ExposeSecret, SecretString};

use crate::redact::Forms;

/// An API key. `Debug` does not show it, and its memory is cleared when it is dropped.
#[derive(Clone)]
pub struct ApiKey {
    text: SecretString,
    forms: Arc<Forms>,
}

impl ApiKey {
    /// The key in `text`, without white space around it.
    pub fn new(text: &str) -> Self {
        let text = text.trim();
        Self {
            text: SecretString::from(text),
            forms: Arc::new(Forms::of(text)),
        }
    }

    /// The header `kind` with this key, or `None` if this cannot be a key.
    pub(crate) fn header(&self, kind: KeyHeader) -> Option<(HeaderName, HeaderValue)> {
        let key = self.text.expose_secret();
        if key.is_empty() || !key.bytes().all(|byte| byte.is_ascii_graphic()) {
            return None;
        }
        let (name, text) = match kind {
            KeyHeader::Bearer => (AUTHORIZATION, format!("Bearer {key}")),
            KeyHeader::XApiKey => (HeaderName::from_static("x-api-key"), key.to_owned()),
            KeyHeader::ApiKey => (HeaderName::from_static("api-key"), key.to_owned()),
        };
        let mut value = HeaderValue::from_str(&text).ok()?;
        value.set_sensitive(true);
        Some((name, value))
    }

    /// Overwrites the key in `reply`, byte for byte with `*`, whatever it is dressed in.
    pub(crate) fn overwrite_in(&self, reply: &mut Reply) {
        self.forms.overwrite(&mut reply.body);
        if let Some(content_type) = &mut reply.content_type {
            self.forms.overwrite_text(content_type);
        }
    }

    /// Whether it stands in any of `texts`, whatever it is dressed in.
    pub(crate) fn stands_in_any(&self, texts: &[String]) -> bool {
        texts.iter().any(|text| self.forms.stand_in(text))
    }

    /// Overwrites it in what is said of an attempt that failed.
    pub(crate) fn overwrite_in_error(&self, error: &mut CallError) {
        self.forms.overwrite_text(&mut error.message);
    }
}

impl fmt::Debug for ApiKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ApiKey(..)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_is_overwritten_wherever_it_stands() {
        let check = |key: &str, body: &str, expect: &str| {
            let mut reply = Reply {
                body: body.as_bytes().to_vec(),
                content_type: Some(body.to_owned()),
                ..Reply::default()
            };
            ApiKey::new(key).overwrite_in(&mut reply);
            assert_eq!(String::from_utf8_lossy(&reply.body), expect);
            assert_eq!(reply.content_type.as_deref(), Some(expect));
        };
        check(
            "sk-12345",
            "sk-12345 ssk-12345sk-12345",
            "******** s****************",
        );
        check("sk-12345", "sk-1234", "sk-1234");
        check("none", "none of these", "none of these");
    }

    #[test]
    fn what_cannot_be_a_key_is_refused_and_never_shown() {
        for text in ["", "  ", "two words", "line\nbreak", "schlüssel"] {
            assert!(
                ApiKey::new(text).header(KeyHeader::Bearer).is_none(),
                "{text:?}"
            );
        }
        let key = ApiKey::new(" sk-canary-123 \n");
        let check = |kind, name: &str, value: &str| {
            let header = key.header(kind).unwrap();
            assert_eq!(
                (header.0.as_str(), header.1.as_bytes()),
                (name, value.as_bytes())
            );
            assert!(!format!("{key:?} {header:?}").contains("canary"));
        };
        check(KeyHeader::Bearer, "authorization", "Bearer sk-canary-123");
        check(KeyHeader::XApiKey, "x-api-key", "sk-canary-123");
        check(KeyHeader::ApiKey, "api-key", "sk-canary-123");
    }
}
