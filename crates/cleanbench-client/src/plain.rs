//! HTTP/1.1 over plain TCP (RFC 9112), for servers on this machine and the local network.
//!
//! There a call may cost less than the general client's handling of it, so this one does only what the
//! product needs: one request, one answer, one of a few idle connections. It speaks to the host that it
//! was made for and to no other: no proxy, no TLS, no redirect, no decompression, no upgrade, no
//! retry. The one exception is a kept connection that turns out to be closed before a byte of the
//! request was sent on it; the request then goes over a new one.
//!
//! It refuses what is no HTTP/1.x, a head above [`frame::LARGEST_HEAD`], and lengths that contradict
//! each other.

mod connection;
mod dial;
mod frame;
mod idle;

use std::time::Duration;

use cleanbench_model::Endpoint;
use reqwest::header::{ACCEPT, HOST, HeaderMap, USER_AGENT as AGENT};
use url::{Position, Url};

use crate::USER_AGENT;
use crate::failure::Failure;
use crate::outgoing::Outgoing;
use connection::Connection;
use dial::Address;
use frame::{Framing, FramingStep};
use idle::Idle;

pub(crate) use frame::Head;

/// A client of one host.
pub(crate) struct PlainClient {
    address: Address,
    idle: Idle,
    /// Longest time without a byte.
    patience: Duration,
    /// The head of every request from the end of its first line on, up to the length of its body.
    /// Holds the key.
    headers: Vec<u8>,
}

impl std::fmt::Debug for PlainClient {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("PlainClient")
            .field("address", &self.address)
            .finish_non_exhaustive()
    }
}

impl PlainClient {
    /// A client for `endpoint`, whose requests carry `headers`. `None` where the endpoint is not asked
    /// in plain text and directly.
    pub(crate) fn new(endpoint: &Endpoint, headers: &HeaderMap) -> Option<Self> {
        if endpoint.url.scheme() != "http" || endpoint.proxy.is_some() {
            return None;
        }
        Some(Self {
            address: Address::of(&endpoint.url, endpoint.timeouts.connect)?,
            // Local servers (llama.cpp) close the connection after a streamed answer without saying
            // so. Asking on such a connection costs a failed attempt; a new one on the local network
            // costs less than a millisecond.
            idle: Idle::new(!endpoint.stream),
            patience: endpoint.timeouts.idle,
            headers: common_headers(&endpoint.url, headers),
        })
    }

    /// Sends one request and waits for the head of the answer, which is put to `read`. Of the URL, which is
    /// on the client's host, only path and query count.
    pub(crate) async fn ask<T>(
        &self,
        outgoing: Outgoing<'_>,
        read: impl Fn(&Head<'_>) -> T,
    ) -> Result<(T, AnswerBody<'_>), Failure> {
        let request = self.request(outgoing);
        let (connection, is_whole) = self.put(&request).await?;
        let answered = self.head(connection, is_whole, read);
        tokio::time::timeout(self.patience, answered)
            .await
            .unwrap_or(Err(Failure::Silent))
    }

    fn request(&self, Outgoing { url, body }: Outgoing<'_>) -> Vec<u8> {
        let target = &url[Position::BeforePath..Position::AfterQuery];
        let length = body.map_or(0, <[u8]>::len);
        let mut request = Vec::with_capacity(target.len() + self.headers.len() + length + 64);
        request.extend_from_slice(if body.is_some() { b"POST " } else { b"GET " });
        request.extend_from_slice(target.as_bytes());
        request.extend_from_slice(b" HTTP/1.1\r\n");
        request.extend_from_slice(&self.headers);
        if let Some(body) = body {
            request.extend_from_slice(format!("content-length: {length}\r\n\r\n").as_bytes());
            request.extend_from_slice(body);
        } else {
            request.extend_from_slice(b"\r\n");
        }
        request
    }

    /// Sends `request`; whether all of it was sent.
    async fn put(&self, request: &[u8]) -> Result<(Connection, bool), Failure> {
        while let Some(mut kept) = self.idle.take() {
            match self.within(kept.send(request)).await? {
                // The server closed it before anything of the request had left.
                connection::SentPart::Nothing => {}
                sent => return Ok((kept, sent == connection::SentPart::All)),
            }
        }
        let mut fresh = Connection::new(self.address.dial().await?);
        let sent = self.within(fresh.send(request)).await?;
        Ok((fresh, sent == connection::SentPart::All))
    }

    async fn within<T>(&self, work: impl Future<Output = T>) -> Result<T, Failure> {
        let timed = tokio::time::timeout(self.patience, work);
        timed.await.map_err(|_| Failure::Silent)
    }

    async fn head<T>(
        &self,
        mut connection: Connection,
        is_whole: bool,
        read: impl Fn(&Head<'_>) -> T,
    ) -> Result<(T, AnswerBody<'_>), Failure> {
        loop {
            let parsed = frame::head(connection.received(), |head| {
                (head.status, head.framing(), read(head))
            });
            let parsed = parsed.map_err(|_| Failure::NotHttp)?;
            let Some((length, (status, framing, taken))) = parsed else {
                if !connection.receive().await? {
                    return Err(Failure::Broken);
                }
                continue;
            };
            if (100..200).contains(&status) && status != 101 {
                // Interim answers (RFC 9110, section 15.2) say nothing of the final one.
                connection.consume(length);
                continue;
            }
            let (body, keeps) = framing.map_err(|_| Failure::NotHttp)?;
            connection.consume(length);
            let answer = AnswerBody {
                client: self,
                connection,
                body,
                keeps: keeps && is_whole,
                handed_out: 0,
            };
            return Ok((taken, answer));
        }
    }
}

/// Everything of a head that is the same in all requests to the host of `url`. What stands in `headers` goes
/// before what is sent by default.
fn common_headers(url: &Url, headers: &HeaderMap) -> Vec<u8> {
    let host = &url[Position::BeforeHost..Position::AfterPort];
    let mut lines = Vec::new();
    let mut put = |name: &str, value: &[u8]| {
        for part in [name.as_bytes(), b": ", value, b"\r\n"] {
            lines.extend_from_slice(part);
        }
    };
    for (name, value) in [(HOST, host), (AGENT, USER_AGENT), (ACCEPT, "*/*")] {
        if !headers.contains_key(&name) {
            put(name.as_str(), value.as_bytes());
        }
    }
    for (name, value) in headers {
        put(name.as_str(), value.as_bytes());
    }
    lines
}

/// An answer whose head has come. Its connection is kept once its body was taken whole, and closed if it
/// is dropped before.
#[derive(Debug)]
pub(crate) struct AnswerBody<'a> {
    client: &'a PlainClient,
    connection: Connection,
    body: Framing,
    keeps: bool,
    handed_out: usize,
}

impl AnswerBody<'_> {
    /// The next bytes of the body; `None` after the last.
    pub(crate) async fn chunk(&mut self) -> Result<Option<&[u8]>, Failure> {
        self.connection
            .consume(std::mem::take(&mut self.handed_out));
        loop {
            let step = self.body.step(self.connection.received());
            match step.map_err(|_| Failure::Broken)? {
                FramingStep::Bytes { skip, length } => {
                    self.connection.consume(skip);
                    self.handed_out = length;
                    return Ok(Some(&self.connection.received()[..length]));
                }
                FramingStep::End { skip } => {
                    self.connection.consume(skip);
                    return Ok(None);
                }
                FramingStep::More { skip } => {
                    self.connection.consume(skip);
                    let received = self.connection.receive();
                    if !self.client.within(received).await?? {
                        let is_end = self.body.ends_with_connection();
                        return is_end.then_some(None).ok_or(Failure::Broken);
                    }
                }
            }
        }
    }

    /// Gives the connection back after the last chunk.
    pub(crate) fn finish(self) {
        // What came beyond the end of the answer belongs to no request.
        if self.keeps && self.connection.received().is_empty() {
            self.client.idle.put(self.connection);
        }
    }
}
