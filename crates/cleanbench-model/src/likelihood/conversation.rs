//! A conversation with a server as far as it has come.
//!
//! Invariant: what is asked is compared, path and bytes, with what the transcript says was asked.

use cleanbench_core::{CallError, CallErrorKind};
use serde_json::Value;

use super::LikelihoodMethod;
use super::transcript::Exchange;
use crate::Reader;

/// A request that has yet to be made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Inquiry {
    /// Path on the endpoint's host.
    pub path: String,
    /// Body of a POST.
    pub body: String,
}

/// Why a conversation does not go on.
#[derive(Debug)]
pub(super) enum Stop {
    /// This has to be asked first.
    Ask(Inquiry),
    /// Nothing that could be asked would help.
    Failed(CallError),
}

/// The exchanges so far, and how many of them have been gone through.
#[derive(Debug)]
pub(super) struct Conversation<'a> {
    reader: &'a Reader,
    host: &'a str,
    method: LikelihoodMethod,
    exchanges: &'a [Exchange],
    passed: usize,
}

impl<'a> Conversation<'a> {
    pub(super) fn new(
        reader: &'a Reader,
        host: &'a str,
        method: LikelihoodMethod,
        exchanges: &'a [Exchange],
    ) -> Self {
        Self {
            reader,
            host,
            method,
            exchanges,
            passed: 0,
        }
    }

    /// Whether every exchange has been gone through.
    pub(super) fn is_over(&self) -> bool {
        self.passed == self.exchanges.len()
    }

    /// The exchange in which `body` was posted to `path`, whatever its status.
    pub(super) fn ask(&mut self, path: &str, body: &Value) -> Result<&'a Exchange, Stop> {
        let body = body.to_string();
        let Some(exchange) = self.exchanges.get(self.passed) else {
            let path = path.to_owned();
            return Err(Stop::Ask(Inquiry { path, body }));
        };
        if exchange.path != path || exchange.request != body {
            let what = format!(
                "exchange {} of the record is not what its plan asks for",
                self.passed + 1
            );
            return Err(self.failed(CallErrorKind::Malformed, &what));
        }
        self.passed += 1;
        Ok(exchange)
    }

    /// The answer to `body` posted to `path`, which must be a success and JSON without an error in it.
    pub(super) fn answer(&mut self, path: &str, body: &Value) -> Result<&'a Value, Stop> {
        let exchange = self.ask(path, body)?;
        self.success(exchange)
    }

    /// The JSON of an exchange that must be a success.
    pub(super) fn success(&self, exchange: &'a Exchange) -> Result<&'a Value, Stop> {
        let json = exchange.json();
        let is_fault = !(200..300).contains(&exchange.reply.status)
            || !json.is_object()
            || !matches!(json["error"], Value::Null);
        if !is_fault {
            return Ok(json);
        }
        let request = exchange.request.as_bytes();
        let error = match self.reader.read(request, &exchange.reply) {
            Err(error) => error,
            Ok(_) => CallError::new(
                CallErrorKind::Malformed,
                format!("{}: no JSON object", self.host),
            ),
        };
        // A server that has no such path or field does not do this; it may well answer other calls.
        Err(Stop::Failed(match error.kind {
            CallErrorKind::NotFound | CallErrorKind::Rejected | CallErrorKind::NotJson => {
                let message = format!("{} ({})", error.message, self.where_asked(&exchange.path));
                CallError::new(CallErrorKind::Unsupported, message)
            }
            _ => error,
        }))
    }

    fn where_asked(&self, path: &str) -> String {
        format!(
            "asked for prompt logprobs by method `{}` at {path}",
            self.method.as_str()
        )
    }

    /// The server does not tell likelihoods, because of `why`.
    pub(super) fn unsupported(&self, why: &str) -> Stop {
        let what = format!(
            "no prompt logprobs by method `{}`: {why}",
            self.method.as_str()
        );
        self.failed(CallErrorKind::Unsupported, &what)
    }

    /// A failure of `kind`, with the host before `what`.
    pub(super) fn failed(&self, kind: CallErrorKind, what: &str) -> Stop {
        Stop::Failed(CallError::new(kind, format!("{}: {what}", self.host)))
    }
}
