//! How the HTTP client is set up, and what its failures mean in plain words.
//!
//! Invariant: an error names host, cause and next step, and is made of our own words only. The
//! library's texts may hold the URL and are never passed on, except the cause of a failed TLS
//! handshake.

use std::error::Error;
use std::io;
use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr};

use cleanbench_core::{CallError, CallErrorKind};

use super::plain::Failure;
use super::{KEEP_IDLE, USER_AGENT};
use reqwest::Proxy;
use reqwest::redirect::Policy;

use crate::Endpoint;

/// The general client for `endpoint` alone: TLS and proxies. What is asked in plain text and directly has
/// [`super::plain`].
pub(super) fn client(endpoint: &Endpoint) -> Result<reqwest::Client, reqwest::Error> {
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

/// Addresses that `localhost` means. DNS is never asked for it.
fn loopback() -> [SocketAddr; 2] {
    [
        SocketAddr::from((Ipv4Addr::LOCALHOST, 0)),
        SocketAddr::from((Ipv6Addr::LOCALHOST, 0)),
    ]
}

/// During what an endpoint fell silent.
#[derive(Debug, Clone, Copy)]
pub(super) enum Silence {
    /// Nothing had come yet.
    BeforeAnswer,
    /// The headers had come.
    WithinAnswer,
}

/// `error` as the engine and the user see it.
pub(super) fn explain(error: &reqwest::Error, silence: Silence, endpoint: &Endpoint) -> CallError {
    if let Some(cause) = tls_cause(error, endpoint).filter(|_| !error.is_timeout()) {
        let what = format!("no TLS connection: {cause}; check the certificate, or use http://");
        return CallError::new(CallErrorKind::Tls, format!("{}: {what}", whom(endpoint)));
    }
    let failure = match (error.is_timeout(), error.is_connect()) {
        (true, true) => Failure::ConnectTimeout,
        (true, false) => Failure::Silent,
        (false, _) if error.is_dns() => Failure::Dns,
        (false, true) => Failure::Connect(io_kind(error).unwrap_or(io::ErrorKind::Other)),
        (false, false) => Failure::Broken,
    };
    explain_failure(failure, silence, endpoint)
}

/// `failure` as the engine and the user see it.
pub(super) fn explain_failure(
    failure: Failure,
    silence: Silence,
    endpoint: &Endpoint,
) -> CallError {
    let (kind, what) = match failure {
        Failure::Dns => {
            let what = "the host name does not resolve; check its spelling and the network";
            (CallErrorKind::Dns, what.to_owned())
        }
        Failure::Connect(kind) => (CallErrorKind::Connect, unreachable(kind).to_owned()),
        Failure::ConnectTimeout => (CallErrorKind::Timeout, not_connected(endpoint)),
        Failure::Silent => (CallErrorKind::Timeout, timed_out(silence, endpoint)),
        Failure::Broken => (CallErrorKind::Broken, broken(silence).to_owned()),
        Failure::NotHttp => {
            let what = "what came is no HTTP; does the port belong to another server?";
            (CallErrorKind::Broken, what.to_owned())
        }
    };
    CallError::new(kind, format!("{}: {what}", whom(endpoint)))
}

/// Who was called: through a proxy, either may be at fault.
fn whom(endpoint: &Endpoint) -> String {
    let host = endpoint.host();
    match endpoint.proxy_host() {
        Some(proxy) => format!("{host} through the proxy {proxy}"),
        None => host,
    }
}

fn not_connected(endpoint: &Endpoint) -> String {
    let seconds = endpoint.timeouts.connect.as_secs_f64();
    format!("no connection within {seconds} s; is the server up, and is a firewall between?")
}

fn timed_out(silence: Silence, endpoint: &Endpoint) -> String {
    let seconds = endpoint.timeouts.idle.as_secs_f64();
    let where_it_stopped = match silence {
        Silence::BeforeAnswer => "no answer",
        Silence::WithinAnswer => "no further byte of the answer",
    };
    let remedy = if endpoint.stream {
        "set a longer `timeouts.idle`"
    } else {
        "set `stream = true` or a longer `timeouts.idle`"
    };
    format!("{where_it_stopped} for {seconds} s (idle timeout); {remedy} for slow models")
}

fn unreachable(kind: io::ErrorKind) -> &'static str {
    match kind {
        io::ErrorKind::ConnectionRefused => {
            "connection refused; is the server up, and is the port right?"
        }
        io::ErrorKind::HostUnreachable | io::ErrorKind::NetworkUnreachable => {
            "host unreachable; check the address and the network"
        }
        _ => "no connection; is the server up?",
    }
}

fn broken(silence: Silence) -> &'static str {
    match silence {
        Silence::BeforeAnswer => "the connection closed before an answer came; is the server up?",
        Silence::WithinAnswer => "the connection broke within the answer; what came is recorded",
    }
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
pub(super) fn causes(error: &reqwest::Error) -> String {
    let causes: Vec<_> = chain(error).skip(1).map(ToString::to_string).collect();
    causes.join(": ")
}

fn io_kind(error: &reqwest::Error) -> Option<io::ErrorKind> {
    io_errors(error).map(io::Error::kind).last()
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
