//! The client: the only code of the product that opens sockets.
//!
//! Invariants: a connection goes to a host that was named, and only after the sample's label was
//! checked; one `send` is one attempt; the key is in one header and nowhere else, and what comes
//! back is freed of it before anyone sees it. Redirects, compression and
//! retries are off, and so are proxies that the models file does not name.

mod egress;
mod glimpse;
mod key;
mod likelihood;
mod plain;
mod transport;
mod wait;

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::{Duration, Instant};

use cleanbench_core::model::Sent;
use cleanbench_core::{
    BoxFuture, CallError, CallErrorKind, Completion, Form, Model, Reply, Request, Sensitivity,
    Timing,
};
use reqwest::header::{CONTENT_TYPE, HeaderMap, HeaderName, HeaderValue};

use crate::likelihood::is_plan;
use crate::{Endpoint, Reader, request_body};
use egress::Egress;
use glimpse::{Glimpse, Seen};
use plain::PlainClient;
use transport::Silence;
use url::Url;
use wait::Fields;

pub use key::ApiKey;

/// Largest body that is kept, in bytes. A completion of a million tokens has a tenth of it.
const LARGEST_BODY: usize = 64 << 20;

/// How long an idle connection is kept. Shorter than the five seconds after which common servers
/// close theirs, so that a request does not meet a connection that is just being closed.
const KEEP_IDLE: Duration = Duration::from_secs(4);

const USER_AGENT: &str = concat!("cleanbench/", env!("CARGO_PKG_VERSION"));

/// Why no client could be made for an endpoint. No socket was opened.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ConnectError {
    /// The host is not among those that the factory was made for.
    #[error("{host} was not named on the command line or in the models file; nothing was sent")]
    NotNamed {
        /// Host and port.
        host: String,
    },
    /// The key cannot stand in a header.
    #[error("the key for {host} is empty or has characters that no key has; check {source_name}")]
    BadKey {
        /// Host and port.
        host: String,
        /// The environment variable, or what stands in its place.
        source_name: String,
    },
    /// TLS cannot be set up.
    #[error(
        "no TLS for {host}: {cause}; install the system's CA certificates, or use a http:// address on this machine"
    )]
    Tls {
        /// Host and port.
        host: String,
        /// What the TLS library says.
        cause: String,
    },
}

impl ConnectError {
    /// The kind under which the engine would record it.
    pub fn kind(&self) -> CallErrorKind {
        match self {
            Self::NotNamed { .. } => CallErrorKind::Forbidden,
            Self::BadKey { .. } => CallErrorKind::Auth,
            Self::Tls { .. } => CallErrorKind::Tls,
        }
    }
}

/// Makes clients for the hosts that were named, and for no others.
#[derive(Debug, Clone)]
pub struct ClientFactory {
    hosts: Arc<BTreeSet<String>>,
}

impl ClientFactory {
    /// A factory for the hosts of `endpoints`: those that the models file and the command line
    /// named for this run.
    pub fn new(endpoints: &[Endpoint]) -> Self {
        let hosts = endpoints.iter().flat_map(egress::names).collect();
        Self {
            hosts: Arc::new(hosts),
        }
    }

    /// A client for `endpoint`. Opens no socket yet.
    ///
    /// # Errors
    /// When the host was not named, the key cannot be a key, or TLS cannot be set up: a `https:`
    /// endpoint needs the CA certificates of the system, a `http:` endpoint does not.
    pub fn connect(
        &self,
        endpoint: &Endpoint,
        key: Option<ApiKey>,
    ) -> Result<HttpModel, ConnectError> {
        let host = endpoint.host();
        if endpoint.is_embedded() {
            return Err(ConnectError::NotNamed { host });
        }
        let egress = Egress::new(Arc::clone(&self.hosts), endpoint);
        if !egress.is_named() {
            return Err(ConnectError::NotNamed { host });
        }
        let headers = headers(endpoint, key.as_ref()).ok_or_else(|| ConnectError::BadKey {
            host: host.clone(),
            source_name: endpoint.key_env.clone().unwrap_or("its source".to_owned()),
        })?;
        let wire = match PlainClient::new(endpoint, &headers) {
            Some(plain) => Wire::Plain(plain),
            None => Wire::General(transport::client(endpoint).map_err(|error| {
                let cause = transport::causes(&error);
                ConnectError::Tls { host, cause }
            })?),
        };
        Ok(HttpModel {
            reader: Reader::new(endpoint),
            endpoint: endpoint.clone(),
            egress,
            wire,
            headers,
            key,
        })
    }
}

/// The headers of every request; `None` if the key cannot be one.
fn headers(endpoint: &Endpoint, key: Option<&ApiKey>) -> Option<HeaderMap> {
    let mut headers = HeaderMap::new();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    for (name, value) in &endpoint.profile.headers {
        // A description that was edited may hold what no header can; it is left out.
        let name = HeaderName::try_from(name.as_str());
        if let (Ok(name), Ok(value)) = (name, HeaderValue::try_from(value.as_str())) {
            headers.insert(name, value);
        }
    }
    if let Some(key) = key {
        let (name, value) = key.header(endpoint.profile.key_header)?;
        headers.insert(name, value);
    }
    Some(headers)
}

/// A model behind an HTTP API, whichever of the known languages it speaks.
#[derive(Debug)]
pub struct HttpModel {
    endpoint: Endpoint,
    reader: Reader,
    egress: Egress,
    wire: Wire,
    headers: HeaderMap,
    key: Option<ApiKey>,
}

/// What carries requests.
#[derive(Debug)]
enum Wire {
    /// Plain text to the endpoint itself.
    Plain(PlainClient),
    /// TLS, or a proxy.
    General(reqwest::Client),
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
                Err(error) => Exchange::begin().fail(error),
            }
        })
    }

    fn read(&self, body: &[u8], reply: &Reply) -> Result<Completion, CallError> {
        self.reader.read(body, reply)
    }
}

impl HttpModel {
    /// Asks for what stands at `path` on the endpoint's host. The request has no body and tells the
    /// host nothing but the path and the key.
    pub(crate) async fn look_up(&self, path: &str) -> Sent {
        if let Err(error) = self.egress.check(Sensitivity::Public) {
            return Exchange::begin().fail(error);
        }
        let mut url = self.endpoint.url.clone();
        url.set_path(path);
        self.carry(&url, None).await
    }

    /// Posts `body` to `url`, which is on the endpoint's host.
    async fn exchange(&self, url: &Url, body: &[u8]) -> Sent {
        self.carry(url, Some(body)).await
    }

    async fn carry(&self, url: &Url, body: Option<&[u8]>) -> Sent {
        let mut exchange = Exchange::begin();
        let error = match &self.wire {
            Wire::Plain(client) => {
                let asked = self.ask_plainly(client, (url, body), &mut exchange).await;
                asked.err()
            }
            Wire::General(client) => {
                // Apart, because its state is much larger than that of a plain exchange.
                let asked = Box::pin(self.ask(client, (url, body), &mut exchange));
                asked.await.err()
            }
        };
        if let (Some(key), Some(reply)) = (&self.key, &mut exchange.reply) {
            key.overwrite_in(reply);
        }
        exchange.end(error)
    }

    /// Reads the answer into `exchange`, which keeps what arrived even if the rest does not.
    async fn ask(
        &self,
        client: &reqwest::Client,
        (url, body): (&Url, Option<&[u8]>),
        exchange: &mut Exchange,
    ) -> Result<(), CallError> {
        let request = match body {
            Some(body) => client.post(url.clone()).body(body.to_vec()),
            None => client.get(url.clone()),
        };
        let explain = |error: &_, silence| transport::explain(error, silence, &self.endpoint);
        let sent = request.headers(self.headers.clone()).send().await;
        let mut response = sent.map_err(|error| explain(&error, Silence::BeforeAnswer))?;
        let headers = response.headers();
        let find = |name: &str| Some(headers.get(name)?.as_bytes());
        let reply = self.reply(response.status().as_u16(), &find);
        let mut taking = self.take_in(exchange, reply);
        loop {
            let chunk = response.chunk().await;
            match chunk.map_err(|error| explain(&error, Silence::WithinAnswer))? {
                Some(chunk) => taking.add(&chunk)?,
                None => return Ok(()),
            }
        }
    }

    /// The same, without the general client.
    async fn ask_plainly(
        &self,
        client: &PlainClient,
        (url, body): (&Url, Option<&[u8]>),
        exchange: &mut Exchange,
    ) -> Result<(), CallError> {
        let explain =
            |failure, silence| transport::explain_failure(failure, silence, &self.endpoint);
        let read = |head: &plain::Head<'_>| self.reply(head.status, &|name| head.get(name));
        let asked = client.ask(url, body, read).await;
        let (reply, mut answer) =
            asked.map_err(|failure| explain(failure, Silence::BeforeAnswer))?;
        let mut taking = self.take_in(exchange, reply);
        loop {
            let chunk = answer.chunk().await;
            match chunk.map_err(|failure| explain(failure, Silence::WithinAnswer))? {
                Some(chunk) => taking.add(chunk)?,
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

    /// Notes that the head of the answer has come; its body goes into `exchange` from here.
    fn take_in<'a>(&'a self, exchange: &'a mut Exchange, reply: Reply) -> Taking<'a> {
        exchange.timing.headers = Some(exchange.elapsed());
        Taking {
            begun: exchange.begun,
            timing: &mut exchange.timing,
            reply: exchange.reply.insert(reply),
            endpoint: &self.endpoint,
            glimpse: Glimpse::new(self.endpoint.profile.protocol),
        }
    }
}

/// Takes in the body of an answer while it comes.
struct Taking<'a> {
    begun: Instant,
    timing: &'a mut Timing,
    reply: &'a mut Reply,
    endpoint: &'a Endpoint,
    glimpse: Glimpse,
}

impl Taking<'_> {
    fn add(&mut self, chunk: &[u8]) -> Result<(), CallError> {
        if self.timing.first_byte.is_none() && !chunk.is_empty() {
            self.timing.first_byte = Some(micros(self.begun));
        }
        if self.endpoint.stream {
            note_first(self.timing, self.glimpse.see(chunk), self.begun);
        }
        let room = LARGEST_BODY - self.reply.body.len();
        let taken = &chunk[..chunk.len().min(room)];
        self.reply.body.extend_from_slice(taken);
        if chunk.len() > room {
            return Err(too_large(self.endpoint));
        }
        Ok(())
    }
}

fn too_large(endpoint: &Endpoint) -> CallError {
    let host = endpoint.host();
    let message = format!(
        "{host}: body larger than {} MiB; set `max_tokens`",
        LARGEST_BODY >> 20
    );
    CallError::new(CallErrorKind::Malformed, message)
}

/// What is known of one attempt while it goes on.
struct Exchange {
    begun: Instant,
    timing: Timing,
    reply: Option<Reply>,
}

impl Exchange {
    fn begin() -> Self {
        Self {
            begun: Instant::now(),
            timing: Timing::default(),
            reply: None,
        }
    }

    fn elapsed(&self) -> u64 {
        micros(self.begun)
    }

    fn fail(self, error: CallError) -> Sent {
        self.end(Some(error))
    }

    fn end(mut self, error: Option<CallError>) -> Sent {
        self.timing.end = self.elapsed();
        Sent {
            reply: self.reply,
            error,
            timing: self.timing,
        }
    }
}

/// Notes the time of what is seen for the first time.
fn note_first(timing: &mut Timing, seen: Seen, begun: Instant) {
    let now = || micros(begun);
    if seen.reasoning && timing.first_reasoning.is_none() {
        timing.first_reasoning = Some(now());
    }
    if seen.answer && timing.first_answer.is_none() {
        timing.first_answer = Some(now());
    }
}

fn micros(since: Instant) -> u64 {
    u64::try_from(since.elapsed().as_micros()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn looking_up_passes_the_same_gate_with_the_same_key() {
        let server = cleanbench_testkit::FakeServer::start(cleanbench_testkit::Script {
            require_key: Some("sk-canary-123".to_owned()),
            ..Default::default()
        });
        let spec = format!("{}#m", server.url());
        let file = crate::ModelsFile::empty();
        let mut endpoint = crate::resolve(&spec, &file, &crate::Overrides::default()).unwrap();
        let factory = ClientFactory::new(std::slice::from_ref(&endpoint));
        let connect = |endpoint: &Endpoint| {
            let key = Some(ApiKey::new("sk-canary-123"));
            factory.connect(endpoint, key).unwrap()
        };
        let sent = connect(&endpoint).look_up("/v1/models").await;
        assert_eq!(sent.reply.unwrap().status, 200);
        let connections = server.totals().connections;
        endpoint.allow.clear();
        let error = connect(&endpoint).look_up("/v1/models").await.error;
        assert_eq!(error.unwrap().kind, CallErrorKind::Forbidden);
        assert_eq!(server.totals().connections, connections);
    }
}
