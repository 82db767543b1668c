//! A model behind an HTTP API, whichever of the known languages it speaks.
//!
//! Invariants: nothing is sent before the gate has let it pass; one `send` is one attempt; what comes back
//! is freed of the key before anyone sees it.

mod attempt;
mod conversation;
mod echo;

use cleanbench_core::model::Sent;
use cleanbench_core::{BoxFuture, CallError, Completion, Form, Model, Reply, Request, Sensitivity};
use cleanbench_model::likelihood::is_plan;
use cleanbench_model::{Endpoint, Reader, request_body};
use reqwest::header::{CONTENT_TYPE, HeaderMap};
use url::Url;

use crate::egress::Egress;
use crate::failure::{self, Silence};
use crate::general;
use crate::key::ApiKey;
use crate::outgoing::Outgoing;
use crate::plain::{Head, PlainClient};
use crate::wait::{self, Fields};
use attempt::Attempt;

/// A model behind an HTTP API.
#[derive(Debug)]
pub struct HttpModel {
    endpoint: Endpoint,
    reader: Reader,
    egress: Egress,
    wire: Wire,
    key: Option<ApiKey>,
}

/// What carries requests.
#[derive(Debug)]
pub(crate) enum Wire {
    /// Plain text to the endpoint itself.
    Plain(PlainClient),
    /// TLS, or a proxy.
    General {
        /// The client.
        client: reqwest::Client,
        /// The headers of every request. They hold the key.
        headers: HeaderMap,
    },
}

impl Wire {
    /// What carries requests with `headers` to `endpoint`.
    ///
    /// # Errors
    /// Why TLS cannot be set up.
    pub(crate) fn to(endpoint: &Endpoint, headers: HeaderMap) -> Result<Self, String> {
        match PlainClient::new(endpoint, &headers) {
            Some(plain) => Ok(Self::Plain(plain)),
            None => Self::general(endpoint, headers),
        }
    }

    /// The same, whether TLS or a proxy is needed or not.
    ///
    /// # Errors
    /// Why TLS cannot be set up.
    pub(crate) fn general(endpoint: &Endpoint, headers: HeaderMap) -> Result<Self, String> {
        let client = general::client(endpoint).map_err(|error| general::causes(&error))?;
        Ok(Self::General { client, headers })
    }
}

impl Model for HttpModel {
    fn form(&self) -> Form {
        self.endpoint.form
    }

    fn body(&self, request: &Request) -> Result<Vec<u8>, CallError> {
        request_body(&self.endpoint, request)
    }

    fn send<'a>(&'a self, body: &'a [u8], sensitivity: Sensitivity) -> BoxFuture<'a, Sent> {
        Box::pin(async move {
            match self.egress.check(sensitivity) {
                Ok(()) if is_plan(body) => Box::pin(self.follow(body)).await,
                Ok(()) => self.exchange(&self.endpoint.url, body).await,
                Err(error) => Attempt::begin().fail(error),
            }
        })
    }

    fn read(&self, body: &[u8], reply: &Reply) -> Result<Completion, CallError> {
        self.reader.read(body, reply)
    }
}

impl HttpModel {
    /// A model at `endpoint`, asked over `wire`, whose requests carry `key`.
    pub(crate) fn new(
        endpoint: &Endpoint,
        egress: Egress,
        wire: Wire,
        key: Option<ApiKey>,
    ) -> Self {
        Self {
            endpoint: endpoint.clone(),
            reader: Reader::new(endpoint),
            egress,
            wire,
            key,
        }
    }

    /// Asks for what stands at `path` on the endpoint's host. The request has no body and tells the
    /// host nothing but the path and the key.
    pub(crate) async fn look_up(&self, path: &str) -> Sent {
        if let Err(error) = self.egress.check(Sensitivity::Public) {
            return Attempt::begin().fail(error);
        }
        let mut url = self.endpoint.url.clone();
        url.set_path(path);
        let (url, body) = (&url, None);
        self.carry(Outgoing { url, body }).await
    }

    /// Posts `body` to `url`, which is on the endpoint's host.
    async fn exchange(&self, url: &Url, body: &[u8]) -> Sent {
        let body = Some(body);
        self.carry(Outgoing { url, body }).await
    }

    async fn carry(&self, outgoing: Outgoing<'_>) -> Sent {
        let mut attempt = Attempt::begin();
        let request_body = outgoing.body.unwrap_or_default();
        let asked = match &self.wire {
            Wire::Plain(client) => self.ask_plainly(client, outgoing, &mut attempt).await,
            // Apart, because its state is much larger than that of a plain exchange.
            Wire::General { client, headers } => {
                let request = general::request(client, headers, outgoing);
                Box::pin(self.ask(request, &mut attempt)).await
            }
        };
        let mut failed = asked.err();
        if let Some(key) = &self.key {
            if let Some(reply) = attempt.reply_mut() {
                key.overwrite_in(reply);
                let kept = self.without_echo(key, request_body, reply);
                failed = kept.err().or(failed);
            }
            if let Some(error) = &mut failed {
                key.overwrite_in_error(error);
            }
        }
        attempt.end(failed)
    }

    /// Reads the answer into `attempt`, which keeps what arrived even if the rest does not.
    async fn ask(
        &self,
        request: reqwest::RequestBuilder,
        attempt: &mut Attempt,
    ) -> Result<(), CallError> {
        let explain = |error: &_, silence| general::explain(error, silence, &self.endpoint);
        let sent = request.send().await;
        let mut response = sent.map_err(|error| explain(&error, Silence::BeforeAnswer))?;
        let headers = response.headers();
        let find = |name: &str| Some(headers.get(name)?.as_bytes());
        let reply = self.reply(response.status().as_u16(), &find);
        let mut intake = attempt.take_in(reply, &self.endpoint);
        loop {
            let chunk = response.chunk().await;
            match chunk.map_err(|error| explain(&error, Silence::WithinAnswer))? {
                Some(chunk) => intake.add(&chunk)?,
                None => return Ok(()),
            }
        }
    }

    /// The same, without the general client.
    async fn ask_plainly(
        &self,
        client: &PlainClient,
        outgoing: Outgoing<'_>,
        attempt: &mut Attempt,
    ) -> Result<(), CallError> {
        let explain = |cause, silence| failure::explain(cause, silence, &self.endpoint);
        let read = |head: &Head<'_>| self.reply(head.status, &|name| head.get(name));
        let asked = client.ask(outgoing, read).await;
        let (reply, mut answer) = asked.map_err(|cause| explain(cause, Silence::BeforeAnswer))?;
        let mut intake = attempt.take_in(reply, &self.endpoint);
        loop {
            let chunk = answer.chunk().await;
            match chunk.map_err(|cause| explain(cause, Silence::WithinAnswer))? {
                Some(chunk) => intake.add(chunk)?,
                None => break,
            }
        }
        answer.finish();
        Ok(())
    }

    /// A reply without its body.
    fn reply(&self, status: u16, headers: Fields<'_>) -> Reply {
        let limits = &self.endpoint.profile.rate_limit_headers;
        Reply {
            status,
            content_type: headers(CONTENT_TYPE.as_str())
                .map(|value| String::from_utf8_lossy(value).into_owned()),
            retry_after: wait::asked_for(headers, status, limits),
            body: Vec::new(),
        }
    }
}

#[cfg(test)]
mod tests;
