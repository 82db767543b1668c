//! Errors that servers report: by status, or inside a success.
//!
//! Which words mean what is data: [`CENSORED`], [`TOO_LONG`] and [`WORDS`]. They are looked for in
//! the code, type and message, in lower case.

use cleanbench_core::CallErrorKind;
use serde_json::Value;

use super::fault::Fault;

/// Most characters of a server's message that are shown.
const SHOWN: usize = 200;

/// Words of content filters: `OpenAI`, Azure, `DashScope`, `DeepSeek`, Moonshot, `MiniMax`, routers.
const CENSORED: [&str; 11] = [
    "input was flagged",
    "content_filter",
    "content_policy",
    "content policy",
    "content management policy",
    "data_inspection_failed",
    "datainspectionfailed",
    "responsibleaipolicyviolation",
    "content exists risk",
    "considered high risk",
    "new_sensitive",
];

/// Words for a prompt that does not fit, where the status says that the request is at fault; [`super::too_long`] knows
/// more: llama.cpp, `OpenAI`, vLLM, `SGLang`, `MiniMax`, `DashScope`.
const TOO_LONG: [&str; 8] = [
    "exceed_context_size",
    "context_length_exceeded",
    "maximum context length",
    "context size",
    "context length",
    "context window",
    "prompt is too long",
    "range of input length",
];

/// Words for an account without credit, which some servers report as 429.
const NO_CREDIT: [&str; 2] = ["insufficient_quota", "insufficient balance"];

/// Words of an error that comes without a status, most telling first.
const WORDS: [(&str, CallErrorKind); 16] = [
    ("rate_limit", CallErrorKind::RateLimited),
    ("rate limit", CallErrorKind::RateLimited),
    ("too many requests", CallErrorKind::RateLimited),
    ("authentication", CallErrorKind::Auth),
    ("invalid_api_key", CallErrorKind::Auth),
    ("unauthorized", CallErrorKind::Auth),
    ("model_not_found", CallErrorKind::NotFound),
    ("not_found_error", CallErrorKind::NotFound),
    ("overloaded", CallErrorKind::Overloaded),
    ("server_error", CallErrorKind::Overloaded),
    ("internal", CallErrorKind::Overloaded),
    ("unavailable", CallErrorKind::Overloaded),
    ("timeout", CallErrorKind::Overloaded),
    ("upstream", CallErrorKind::Overloaded),
    ("invalid_request", CallErrorKind::Rejected),
    ("badrequest", CallErrorKind::Rejected),
];

/// `MiniMax`'s own numbers, which come with status 200.
const OWN_CODES: [(u64, CallErrorKind); 9] = [
    (1002, CallErrorKind::RateLimited),
    (1004, CallErrorKind::Auth),
    (1008, CallErrorKind::Auth),
    (1026, CallErrorKind::Censored),
    (1027, CallErrorKind::Censored),
    (1039, CallErrorKind::RateLimited),
    (1041, CallErrorKind::RateLimited),
    (2013, CallErrorKind::Rejected),
    (2049, CallErrorKind::Auth),
];

/// What a server says about an error.
#[derive(Debug, Default)]
struct Facts {
    message: String,
    words: String,
    code: Option<u64>,
}

impl Facts {
    /// Facts of a body that is an error: `{"error": …}`, the same in a list, the error itself, or
    /// plain text. Of a web page only its text is kept: its words mean nothing.
    fn of_body(body: &[u8]) -> Self {
        let Ok(document) = serde_json::from_slice::<Value>(body) else {
            let text = String::from_utf8_lossy(body);
            let words = if text.trim_start().starts_with('<') {
                String::new()
            } else {
                text.to_lowercase()
            };
            let message = text.into_owned();
            return Self {
                message,
                words,
                code: None,
            };
        };
        let inner = document.get(0).unwrap_or(&document);
        Self::of(inner.get("error").unwrap_or(inner))
    }

    /// Facts of an error object in any of the known shapes.
    fn of(error: &Value) -> Self {
        let mut facts = Self::default();
        facts.take(error);
        facts.words = format!("{} {}", facts.words, facts.message).to_lowercase();
        facts
    }

    fn take(&mut self, error: &Value) {
        if let Value::String(message) = error {
            message.clone_into(&mut self.message);
        }
        let validation = &error["detail"][0]["msg"];
        let keys = ["message", "msg", "detail", "status_msg"].map(|key| &error[key]);
        let message = keys.into_iter().chain([validation]).find_map(Value::as_str);
        if let Some(message) = message {
            message.clone_into(&mut self.message);
        }
        for word in [&error["code"], &error["type"], &error["innererror"]["code"]] {
            self.words.push(' ');
            self.words.push_str(word.as_str().unwrap_or_default());
        }
        self.words.push(' ');
        let raw = error["metadata"]["raw"].as_str();
        self.words.push_str(raw.unwrap_or_default());
        let number = [&error["code"], &error["status_code"], &error["status"]]
            .into_iter()
            .find_map(|code| code.as_u64().or_else(|| code.as_str()?.parse().ok()));
        self.code = self.code.or(number);
    }

    fn has(&self, words: &[&str]) -> bool {
        words.iter().any(|word| self.words.contains(word))
    }
}

/// The fault that a status other than success means.
pub(super) fn by_status(status: u16, body: &[u8]) -> Fault {
    let facts = Facts::of_body(body);
    let kind = kind_of(status, &facts);
    let what = format!("HTTP {status}, {}", meaning(status, kind));
    Fault::new(kind, what)
        .said(facts.message, SHOWN)
        .worded(facts.words)
}

/// The fault that an error object inside a success means.
pub(super) fn inside_success(error: &Value) -> Fault {
    let facts = Facts::of(error);
    let own = facts.code.and_then(|code| {
        let known = OWN_CODES.iter().find(|(own, _)| *own == code);
        known.map(|(_, kind)| *kind)
    });
    let status = facts.code.and_then(|code| u16::try_from(code).ok());
    let kind = match (own, status) {
        (Some(kind), _) => kind,
        (None, Some(status @ 400..=599)) => kind_of(status, &facts),
        (None, _) => kind_by_words(&facts),
    };
    Fault::new(kind, "the server reports an error inside a success")
        .said(facts.message, SHOWN)
        .worded(facts.words)
}

fn kind_of(status: u16, facts: &Facts) -> CallErrorKind {
    match status {
        400 | 403 | 413 | 422 | 451 if facts.has(&CENSORED) => CallErrorKind::Censored,
        400 | 413 | 422 if facts.has(&TOO_LONG) => CallErrorKind::TooLong,
        429 if facts.has(&NO_CREDIT) => CallErrorKind::Auth,
        401..=403 => CallErrorKind::Auth,
        404 | 300..=399 => CallErrorKind::NotFound,
        408 | 409 | 425 | 429 => CallErrorKind::RateLimited,
        405 | 501 => CallErrorKind::Unsupported,
        500..=599 => CallErrorKind::Overloaded,
        _ => CallErrorKind::Rejected,
    }
}

fn kind_by_words(facts: &Facts) -> CallErrorKind {
    if facts.has(&CENSORED) {
        return CallErrorKind::Censored;
    }
    if facts.has(&TOO_LONG) {
        return CallErrorKind::TooLong;
    }
    if facts.has(&NO_CREDIT) {
        return CallErrorKind::Auth;
    }
    let known = WORDS.iter().find(|(word, _)| facts.words.contains(word));
    known.map_or(CallErrorKind::Malformed, |(_, kind)| *kind)
}

/// The status in plain words.
fn meaning(status: u16, kind: CallErrorKind) -> &'static str {
    match kind {
        CallErrorKind::Censored => "a content filter rejected the prompt",
        CallErrorKind::TooLong => "the prompt does not fit the model's context",
        CallErrorKind::Auth if status == 402 || status == 429 => "the account has no credit",
        CallErrorKind::Auth => "the key is missing or not accepted",
        CallErrorKind::NotFound if status != 404 => {
            "a redirect; redirects are not followed, so give the final URL"
        }
        CallErrorKind::NotFound => "no such path or model",
        CallErrorKind::RateLimited => "it asks to be asked less often",
        CallErrorKind::Unsupported => "it does not do this",
        CallErrorKind::Overloaded => "it is overloaded or broken",
        _ => "it rejects the request",
    }
}
