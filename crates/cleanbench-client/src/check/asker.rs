//! Asks one question at a time, and counts.
//!
//! Invariant: a question is one attempt, except that an internal error (HTTP 500) is met twice before
//! it is believed. After [`PATIENCE`] questions in a row that nobody answered nothing more is sent.

use std::sync::Arc;

use cleanbench_core::model::Sent;
use cleanbench_core::{
    BoxFuture, CallError, CallErrorKind, Completion, Constraints, Form, Message, Model, Reply,
    Request, Role, Sampling, Sensitivity,
};
use cleanbench_model::Endpoint;
use cleanbench_model::capability::Support;
use cleanbench_model::likelihood::statuses;

use super::judge::Assessment;
use crate::factory::ClientFactory;
use crate::http::HttpModel;
use crate::key::ApiKey;

/// Unanswered questions in a row after which an endpoint counts as gone.
const PATIENCE: u32 = 3;

/// How an endpoint is reached.
#[derive(Debug, Clone, Copy)]
pub enum Way<'a> {
    /// Over HTTP, by clients of a factory.
    Http {
        /// Makes the clients; the endpoint's host must be among those it was made for.
        factory: &'a ClientFactory,
        /// The key, if there is one.
        key: Option<&'a ApiKey>,
    },
    /// In this process.
    InProcess(&'a dyn Model),
}

/// Asks one endpoint.
#[derive(Debug)]
pub(super) struct Asker<'a> {
    pub(super) endpoint: &'a Endpoint,
    way: Way<'a>,
    count: u32,
    unanswered: u32,
}

/// What came of a question.
#[derive(Debug)]
pub(super) struct Response {
    pub(super) completion: Result<Completion, CallError>,
    /// What arrived; `None` where nothing did, or nothing was sent.
    pub(super) reply: Option<Reply>,
    /// Whether anything was sent.
    pub(super) sent: bool,
}

impl Response {
    fn unsent(error: CallError) -> Self {
        Self {
            completion: Err(error),
            reply: None,
            sent: false,
        }
    }

    /// What a failed question says about what was asked for. Not for questions that were answered.
    pub(super) fn failure(&self, endpoint: &Endpoint) -> Assessment {
        let Err(error) = &self.completion else {
            return Assessment::unclear("the question was answered");
        };
        let before = format!("{}: ", endpoint.host());
        let words = error.message.strip_prefix(&before);
        let words = words.unwrap_or(&error.message).to_owned();
        match error.kind {
            CallErrorKind::Unsupported if !self.sent => Assessment::no(words),
            CallErrorKind::Malformed | CallErrorKind::NotJson => Assessment::no(words),
            CallErrorKind::Unsupported
            | CallErrorKind::Auth
            | CallErrorKind::NotFound
            | CallErrorKind::Rejected
            | CallErrorKind::TooLong
            | CallErrorKind::Censored
            | CallErrorKind::Forbidden
            | CallErrorKind::NotRecorded
            | CallErrorKind::Foreign => Assessment::new(Support::Refused, words),
            CallErrorKind::Dns
            | CallErrorKind::Connect
            | CallErrorKind::Tls
            | CallErrorKind::Timeout
            | CallErrorKind::Broken
            | CallErrorKind::RateLimited
            | CallErrorKind::Overloaded
            | CallErrorKind::Panic => Assessment::unclear(words).for_now(),
        }
    }
}

impl<'a> Asker<'a> {
    pub(super) fn new(endpoint: &'a Endpoint, way: Way<'a>) -> Self {
        Self {
            endpoint,
            way,
            count: 0,
            unanswered: 0,
        }
    }

    /// Requests since this was last asked.
    pub(super) fn take_count(&mut self) -> u32 {
        std::mem::take(&mut self.count)
    }

    /// Whether the model is in this process.
    pub(super) fn is_in_process(&self) -> bool {
        matches!(self.way, Way::InProcess(_))
    }

    /// Puts `request` to the endpoint.
    pub(super) async fn ask(&mut self, request: &Request) -> Response {
        self.ask_at(self.endpoint, request).await
    }

    /// Puts `request` to `endpoint`, a variant of the endpoint at the same host.
    pub(super) async fn ask_at(&mut self, endpoint: &Endpoint, request: &Request) -> Response {
        let way = self.way;
        match way {
            Way::InProcess(model) => self.put(model, request).await,
            Way::Http { .. } => match self.connect(endpoint) {
                Ok(model) => self.put(&model, request).await,
                Err(error) => Response::unsent(error),
            },
        }
    }

    /// What stands at `path` on the endpoint's host.
    pub(super) async fn look_up(&mut self, path: &str) -> Result<Reply, CallError> {
        let model = self.connect(self.endpoint)?;
        let sent = self.send(Box::pin(model.look_up(path))).await?;
        match (sent.reply, sent.error) {
            (Some(reply), None) => Ok(reply),
            (_, error) => Err(error.unwrap_or_else(nothing)),
        }
    }

    fn connect(&self, endpoint: &Endpoint) -> Result<HttpModel, CallError> {
        let Way::Http { factory, key } = self.way else {
            let what = "a model in this process has no address";
            return Err(CallError::new(CallErrorKind::Unsupported, what));
        };
        factory
            .connect(endpoint, key.cloned())
            .map_err(|error| CallError::new(error.kind(), error.to_string()))
    }

    async fn put(&mut self, model: &dyn Model, request: &Request) -> Response {
        let body = match model.body(request) {
            Ok(body) => body,
            Err(error) => return Response::unsent(error),
        };
        let first = self.put_body(model, &body).await;
        let failed_inside = first
            .reply
            .as_ref()
            .is_some_and(|reply| reply.status == 500);
        if !failed_inside {
            return first;
        }
        let mut second = self.put_body(model, &body).await;
        if let (Err(error), Some(Reply { status: 500, .. })) =
            (&mut second.completion, &second.reply)
        {
            // Twice the same, while other questions are answered: it is this one that it cannot.
            error.kind = CallErrorKind::Rejected;
        }
        second
    }

    async fn put_body(&mut self, model: &dyn Model, body: &[u8]) -> Response {
        let sending = model.send(body, Sensitivity::Public);
        let sent = match self.send(sending).await {
            Ok(sent) => sent,
            Err(error) => return Response::unsent(error),
        };
        let completion = match (&sent.reply, sent.error) {
            (Some(reply), None) => model.read(body, reply),
            (_, error) => Err(error.unwrap_or_else(nothing)),
        };
        Response {
            completion,
            reply: sent.reply,
            sent: true,
        }
    }

    /// Sends, unless the endpoint is gone.
    async fn send(&mut self, sending: BoxFuture<'_, Sent>) -> Result<Sent, CallError> {
        if self.unanswered >= PATIENCE {
            let what = format!("not asked: {PATIENCE} questions in a row had no answer");
            return Err(CallError::new(CallErrorKind::Broken, what));
        }
        let sent = sending.await;
        // A likelihood is several exchanges; one that failed has left no reply.
        let exchanges = sent.reply.as_ref().and_then(statuses);
        let answered = exchanges.map_or(1, |statuses| statuses.len());
        let broken = usize::from(sent.error.is_some() && exchanges_are_many(&sent));
        self.count += u32::try_from(answered + broken).unwrap_or(u32::MAX);
        if sent.reply.is_some() {
            self.unanswered = 0;
        } else {
            self.unanswered += 1;
        }
        Ok(sent)
    }
}

fn exchanges_are_many(sent: &Sent) -> bool {
    sent.reply.as_ref().and_then(statuses).is_some()
}

fn nothing() -> CallError {
    CallError::new(CallErrorKind::Broken, "nothing came back")
}

/// A request in `form` that asks `text` with `sampling`.
pub(super) fn request(form: Form, text: &str, sampling: Sampling) -> Request {
    Request {
        form,
        messages: vec![Message::new(Role::User, text)],
        sampling,
        seed: None,
        continuations: Vec::new(),
        constraints: Arc::default(),
        sensitivity: Sensitivity::Public,
    }
}

/// The same request with `constraints`.
pub(super) fn constrained(request: Request, constraints: Constraints) -> Request {
    Request {
        constraints: Arc::new(constraints),
        ..request
    }
}
