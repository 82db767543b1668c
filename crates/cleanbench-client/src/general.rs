//! The general HTTP client: how it is set up, and what its failures are.
//!
//! Invariant: the library's texts may hold the URL and are never passed on, except the cause of a failed
//! TLS handshake.

use std::error::Error;
use std::io;
use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr};

use cleanbench_core::{CallError, CallErrorKind};
use cleanbench_model::Endpoint;
use reqwest::Proxy;
use reqwest::header::HeaderMap;
use reqwest::redirect::Policy;

use crate::failure::{self, Failure, Silence};
use crate::outgoing::Outgoing;
use crate::{KEEP_IDLE, USER_AGENT};

/// The general client for `endpoint` alone: TLS and proxies. What is asked in plain text and directly has
/// [`crate::plain`].
pub(crate) fn client(endpoint: &Endpoint) -> Result<reqwest::Client, reqwest::Error> {
    let builder = reqwest::Client::builder()
        .user_agent(USER_AGENT)
        .no_proxy()
        .redirect(Policy::none())
        .retry(reqwest::retry::never())
        .referer(false)
        .connect_timeout(endpoint.timeouts.connect)
        .read_timeout(endpoint.timeouts.idle)
        .pool_idle_timeout(KEEP_IDLE)
        .tcp_nodelay(true)
        .resolve_to_addrs("localhost", &loopback());
    let builder = match &endpoint.proxy {
        Some(proxy) => builder.proxy(Proxy::all(proxy)?),
        None => builder,
    };
    let builder = if endpoint.url.scheme() == "http" {
        // Without this a machine that has no CA certificates could not even ask itself.
        builder.tls_certs_only([])
    } else {
        builder
    };
    let builder = if endpoint.stream && endpoint.url.scheme() == "http" {
        // As in `plain`.
        builder.pool_max_idle_per_host(0)
    } else {
        builder
    };
    builder.build()
}

/// `outgoing` with `headers`, yet to be sent.
pub(crate) fn request(
    client: &reqwest::Client,
    headers: &HeaderMap,
    outgoing: Outgoing<'_>,
) -> reqwest::RequestBuilder {
    let url = outgoing.url.clone();
    let request = match outgoing.body {
        Some(body) => client.post(url).body(body.to_vec()),
        None => client.get(url),
    };
    request.headers(headers.clone())
}

/// Addresses that `localhost` means. DNS is never asked for it.
fn loopback() -> [SocketAddr; 2] {
    [
        SocketAddr::from((Ipv4Addr::LOCALHOST, 0)),
        SocketAddr::from((Ipv6Addr::LOCALHOST, 0)),
    ]
}

/// `error` as the engine and the user see it.
pub(crate) fn explain(error: &reqwest::Error, silence: Silence, endpoint: &Endpoint) -> CallError {
    if let Some(cause) = tls_cause(error, endpoint).filter(|_| !error.is_timeout()) {
        let what = format!("no TLS connection: {cause}; check the certificate, or use http://");
        return CallError::new(
            CallErrorKind::Tls,
            format!("{}: {what}", failure::whom(endpoint)),
        );
    }
    let cause = match (error.is_timeout(), error.is_connect()) {
        (true, true) => Failure::ConnectTimeout,
        (true, false) => Failure::Silent,
        (false, _) if error.is_dns() => Failure::of_dns(io_errors(error).last()),
        (false, true) => connect(error),
        (false, false) => Failure::Broken,
    };
    failure::explain(cause, silence, endpoint)
}

/// What failed in the TLS handshake, if that is where `error` comes from: a failure to connect that
/// is not the operating system's.
fn tls_cause(error: &reqwest::Error, endpoint: &Endpoint) -> Option<String> {
    let by_the_system = |io: &io::Error| io.raw_os_error().is_some();
    let handshake = endpoint.url.scheme() == "https"
        && error.is_connect()
        && io_errors(error).next().is_some()
        && !io_errors(error).any(by_the_system);
    let cause = chain(error).last().filter(|_| handshake);
    cause.map(ToString::to_string)
}

/// Everything that `error` says below its own line, which may hold the URL.
pub(crate) fn causes(error: &reqwest::Error) -> String {
    let causes: Vec<_> = chain(error).skip(1).map(ToString::to_string).collect();
    causes.join(": ")
}

fn connect(error: &reqwest::Error) -> Failure {
    let of_descriptors = io_errors(error).find_map(Failure::of_descriptors);
    let last = || io_errors(error).last().map(Failure::of_connect);
    of_descriptors
        .or_else(last)
        .unwrap_or(Failure::Connect(io::ErrorKind::Other))
}

fn io_errors(error: &reqwest::Error) -> impl Iterator<Item = &io::Error> {
    chain(error).filter_map(|cause| cause.downcast_ref())
}

/// `error` and its causes. An I/O error that wraps another error skips it as its source, so it is
/// unwrapped here.
fn chain<'a>(error: &'a reqwest::Error) -> impl Iterator<Item = &'a (dyn Error + 'static)> {
    let first: &'a (dyn Error + 'static) = error;
    std::iter::successors(Some(first), |&error| {
        let wrapped = error
            .downcast_ref::<io::Error>()
            .and_then(io::Error::get_ref);
        match wrapped {
            Some(inner) => Some(inner as &(dyn Error + 'static)),
            None => error.source(),
        }
    })
}
