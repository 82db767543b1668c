//! Why there is no answer, in plain words.
//!
//! Invariant: an error names host, cause and next step, and is made of our own words only.

use std::io;

use cleanbench_core::{CallError, CallErrorKind};
use cleanbench_model::Endpoint;

/// Why there is no answer, or no whole one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Failure {
    /// The name does not resolve.
    Dns,
    /// No connection, for the reason that the system gave.
    Connect(io::ErrorKind),
    /// This process may open no more files and sockets, whatever the other side does.
    NoDescriptor,
    /// The whole machine has no more of them.
    NoDescriptorAnywhere,
    /// No connection within the time allowed.
    ConnectTimeout,
    /// No byte within the time allowed.
    Silent,
    /// The connection closed or broke.
    Broken,
    /// What came is no HTTP.
    NotHttp,
}

/// Too many open files: of a process, and of all (POSIX `EMFILE` and `ENFILE`, alike on all systems we know).
const EMFILE: i32 = 24;
const ENFILE: i32 = 23;

impl Failure {
    /// Why the system made no connection.
    pub(crate) fn of_connect(error: &io::Error) -> Self {
        Self::of_descriptors(error).unwrap_or(Self::Connect(error.kind()))
    }

    /// Why a name did not resolve. Resolvers keep to themselves that they could not open what they need.
    pub(crate) fn of_dns(error: Option<&io::Error>) -> Self {
        let said = error.and_then(Self::of_descriptors);
        let tried = || Self::of_descriptors(&std::fs::read_dir("/").err()?);
        said.or_else(tried).unwrap_or(Self::Dns)
    }

    /// Whether it is for want of descriptors.
    pub(crate) fn of_descriptors(error: &io::Error) -> Option<Self> {
        match error.raw_os_error() {
            Some(EMFILE) => Some(Self::NoDescriptor),
            Some(ENFILE) => Some(Self::NoDescriptorAnywhere),
            _ => None,
        }
    }
}

/// During what an endpoint fell silent.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Silence {
    /// Nothing had come yet.
    BeforeAnswer,
    /// The headers had come.
    WithinAnswer,
}

/// `failure` as the engine and the user see it.
pub(crate) fn explain(failure: Failure, silence: Silence, endpoint: &Endpoint) -> CallError {
    let (kind, what) = match failure {
        Failure::Dns => {
            let what = "the host name does not resolve; check its spelling and the network";
            (CallErrorKind::Dns, what.to_owned())
        }
        Failure::Connect(kind) => (CallErrorKind::Connect, unreachable(kind).to_owned()),
        Failure::NoDescriptor => {
            let what = "no connection, because this process may open no more files and sockets; raise the limit with \
                        `ulimit -n`, or ask fewer at once with `-j`";
            (CallErrorKind::Connect, what.to_owned())
        }
        Failure::NoDescriptorAnywhere => {
            let what = "no connection, because this machine has no more open files and sockets to give; end what holds \
                        them, or ask fewer at once with `-j`";
            (CallErrorKind::Connect, what.to_owned())
        }
        Failure::ConnectTimeout => (CallErrorKind::Connect, not_connected(endpoint)),
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
pub(crate) fn whom(endpoint: &Endpoint) -> String {
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_want_of_descriptors_is_not_laid_at_the_servers_door() {
        let of = |code| Failure::of_connect(&io::Error::from_raw_os_error(code));
        assert_eq!(of(EMFILE), Failure::NoDescriptor);
        assert_eq!(of(ENFILE), Failure::NoDescriptorAnywhere);
        let refused = io::Error::from(io::ErrorKind::ConnectionRefused);
        assert_eq!(
            Failure::of_connect(&refused),
            Failure::Connect(refused.kind())
        );
        assert_eq!(Failure::of_dns(None), Failure::Dns);
    }
}
