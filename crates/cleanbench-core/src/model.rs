//! The seam to whatever answers prompts.
//!
//! A call has three steps so that bytes are recorded before anyone interprets them: [`Model::body`]
//! gives the bytes that will be sent, [`Model::send`] does the only I/O, [`Model::read`] is pure and
//! can be repeated years later on the recorded reply.

use std::future::Future;
use std::pin::Pin;

use serde::{Deserialize, Serialize};

use crate::outcome::Outcome;
use crate::{Completion, Form, Request, Sensitivity};

/// A boxed future, the price of `dyn` seams.
pub type BoxFuture<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

/// When things happened, in microseconds after the request was handed to the client. That moment is
/// the time of the journal's `attempt_started`.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Timing {
    /// How long the call had been due by then: it waited for a free place, a rate limit, or for the
    /// scheduler.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub queued: Option<u64>,
    /// Response headers were complete.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub headers: Option<u64>,
    /// The first byte of the body arrived.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub first_byte: Option<u64>,
    /// The first chunk with reasoning arrived; streamed replies only.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub first_reasoning: Option<u64>,
    /// The first chunk with a part of the answer arrived; streamed replies only.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub first_answer: Option<u64>,
    /// The last byte of the body arrived, or the call failed.
    pub end: u64,
}

/// What came back, byte for byte.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Reply {
    /// HTTP status; 0 for a model that is not asked over HTTP.
    pub status: u16,
    /// The `Content-Type` header.
    pub content_type: Option<String>,
    /// The wait that the endpoint asked for, in milliseconds.
    pub retry_after: Option<u64>,
    /// The body as received. Occurrences of the API key are overwritten with `*`.
    pub body: Vec<u8>,
}

/// The result of [`Model::send`]: whatever arrived, and what went wrong on the way.
#[derive(Debug)]
pub struct Sent {
    /// What arrived. Present with an error too, when the body broke off.
    pub reply: Option<Reply>,
    /// Why the reply is missing or incomplete.
    pub error: Option<CallError>,
    /// When things happened.
    pub timing: Timing,
}

/// Kinds of failure; each decides whether a retry can help.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CallErrorKind {
    /// The host name does not resolve.
    Dns,
    /// No connection: refused, unreachable, or none within the time allowed.
    Connect,
    /// The certificate or the TLS handshake failed.
    Tls,
    /// No byte within the time allowed.
    Timeout,
    /// The connection broke.
    Broken,
    /// HTTP 408, 409, 425 or 429.
    RateLimited,
    /// HTTP 5xx that a later attempt may not meet.
    Overloaded,
    /// HTTP 401, 402 or 403: the key is missing, wrong or has no credit.
    Auth,
    /// HTTP 404, or a redirect: no such path or model.
    NotFound,
    /// Other HTTP 4xx: the endpoint rejects this request.
    Rejected,
    /// The prompt does not fit the model's context.
    TooLong,
    /// A content filter rejected the request.
    Censored,
    /// HTTP 405 or 501: the endpoint does not do this.
    Unsupported,
    /// A success status with a body that is no JSON: an HTML page, for example.
    NotJson,
    /// JSON that is no completion.
    Malformed,
    /// A label or the list of allowed hosts forbids sending.
    Forbidden,
    /// The adapter or the engine panicked.
    Panic,
    /// Nothing is sent, and the run that is replayed has no answer to this request.
    NotRecorded,
    /// Nothing was sent: the log that was imported says that there was an error instead of an answer.
    Foreign,
}

impl CallErrorKind {
    /// The word used in the journal and in reports.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Dns => "dns",
            Self::Connect => "connect",
            Self::Tls => "tls",
            Self::Timeout => "timeout",
            Self::Broken => "broken",
            Self::RateLimited => "rate_limited",
            Self::Overloaded => "overloaded",
            Self::Auth => "auth",
            Self::NotFound => "not_found",
            Self::Rejected => "rejected",
            Self::TooLong => "too_long",
            Self::Censored => "censored",
            Self::Unsupported => "unsupported",
            Self::NotJson => "not_json",
            Self::Malformed => "malformed",
            Self::Forbidden => "forbidden",
            Self::Panic => "panic",
            Self::NotRecorded => "not_recorded",
            Self::Foreign => "foreign",
        }
    }

    /// Whether another attempt of the same call may succeed.
    pub fn retryable(self) -> bool {
        matches!(
            self,
            Self::Dns
                | Self::Connect
                | Self::Timeout
                | Self::Broken
                | Self::RateLimited
                | Self::Overloaded
                | Self::NotJson
                | Self::Malformed
        )
    }

    /// Whether, met before the endpoint ever answered, it means that no call will succeed: the
    /// engine then stops asking instead of failing sample by sample.
    pub fn condemns_endpoint(self) -> bool {
        matches!(
            self,
            Self::Dns
                | Self::Connect
                | Self::Tls
                | Self::Auth
                | Self::NotFound
                | Self::NotJson
                | Self::Forbidden
        )
    }

    /// How a call ends when this is its last error.
    pub fn outcome(self) -> Outcome {
        match self {
            Self::Rejected | Self::TooLong | Self::Auth | Self::NotFound | Self::Forbidden => {
                Outcome::Refused
            }
            Self::Censored => Outcome::Censored,
            Self::Unsupported => Outcome::Unsupported,
            Self::NotRecorded => Outcome::Skipped,
            Self::Dns
            | Self::Connect
            | Self::Tls
            | Self::Timeout
            | Self::Broken
            | Self::RateLimited
            | Self::Overloaded
            | Self::NotJson
            | Self::Malformed
            | Self::Panic
            | Self::Foreign => Outcome::Exhausted,
        }
    }
}

/// A failed attempt.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
#[error("{message}")]
pub struct CallError {
    /// What kind of failure.
    pub kind: CallErrorKind,
    /// A lowercase fragment that names the endpoint and the next step. Never holds a key, nor a
    /// part of the prompt.
    pub message: String,
}

impl CallError {
    /// An error of `kind`.
    pub fn new(kind: CallErrorKind, message: impl Into<String>) -> Self {
        Self {
            kind,
            message: message.into(),
        }
    }
}

/// A thing that answers prompts. Implementations make one attempt and nothing more: retries, limits
/// and recording are the engine's.
pub trait Model: Send + Sync + std::fmt::Debug {
    /// The form in which this endpoint is asked: [`Form::Chat`], [`Form::Completion`] or
    /// [`Form::Embedding`].
    fn form(&self) -> Form;

    /// The bytes that [`Model::send`] will send for `request`.
    ///
    /// # Errors
    /// When the endpoint has no way to express the request.
    fn body(&self, request: &Request) -> Result<Vec<u8>, CallError>;

    /// Sends `body` once and collects what comes back. `sensitivity` is the sample's label; an
    /// implementation refuses with [`CallErrorKind::Forbidden`] what its endpoint may not see.
    fn send<'a>(&'a self, body: &'a [u8], sensitivity: Sensitivity) -> BoxFuture<'a, Sent>;

    /// Reads a recorded reply to a request whose bytes were `body`. Pure.
    ///
    /// # Errors
    /// When the reply is not a completion; the kind says what it is instead.
    fn read(&self, body: &[u8], reply: &Reply) -> Result<Completion, CallError>;
}
