//! From a host to a connection.
//!
//! Invariant: only the host of the client's own endpoint is resolved and connected to. `localhost` is
//! this machine; DNS is never asked for it.

use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::time::Duration;

use socket2::{SockRef, TcpKeepalive};
use tokio::net::{TcpStream, lookup_host};
use tokio::time::{Instant, timeout, timeout_at};
use url::{Host, Url};

use crate::failure::Failure;

/// Silence after which the system asks whether the other machine is still there.
const PROBE_AFTER: Duration = Duration::from_secs(15);

/// Where connections go, and how long one may take to stand.
#[derive(Debug)]
pub(super) struct Address {
    host: Host,
    port: u16,
    limit: Duration,
}

impl Address {
    /// The address of `url`; `None` if it names no host.
    pub(super) fn of(url: &Url, limit: Duration) -> Option<Self> {
        Some(Self {
            host: url.host()?.to_owned(),
            port: url.port_or_known_default()?,
            limit,
        })
    }

    /// A new connection. All addresses of a name are tried in the system's order; each gets an equal
    /// share of the time that is left.
    pub(super) async fn dial(&self) -> Result<TcpStream, Failure> {
        let end = Instant::now() + self.limit;
        let addresses = timeout_at(end, self.resolve()).await;
        let addresses = addresses.map_err(|_| Failure::ConnectTimeout)??;
        let mut failure = Failure::Dns;
        for (position, address) in addresses.iter().enumerate() {
            let others = u32::try_from(addresses.len() - position).unwrap_or(u32::MAX);
            let share = end.saturating_duration_since(Instant::now()) / others;
            match timeout(share, TcpStream::connect(address)).await {
                Ok(Ok(stream)) => {
                    tune(&stream);
                    return Ok(stream);
                }
                Ok(Err(error)) => failure = Failure::of_connect(&error),
                Err(_) => failure = Failure::ConnectTimeout,
            }
        }
        Err(failure)
    }

    async fn resolve(&self) -> Result<Vec<SocketAddr>, Failure> {
        let at = |ip: IpAddr| SocketAddr::new(ip, self.port);
        match &self.host {
            Host::Ipv4(ip) => Ok(vec![at(IpAddr::V4(*ip))]),
            Host::Ipv6(ip) => Ok(vec![at(IpAddr::V6(*ip))]),
            Host::Domain(name) if name == "localhost" => Ok(vec![
                at(Ipv4Addr::LOCALHOST.into()),
                at(Ipv6Addr::LOCALHOST.into()),
            ]),
            Host::Domain(name) => {
                let found: io::Result<_> = lookup_host((name.as_str(), self.port)).await;
                Ok(found
                    .map_err(|error| Failure::of_dns(Some(&error)))?
                    .collect())
            }
        }
    }
}

/// Requests are written at once, so waiting to fill a packet only delays them; and a machine that was
/// switched off is noticed within a minute, however long an answer may take. A system that refuses
/// either still has a connection.
fn tune(stream: &TcpStream) {
    drop(stream.set_nodelay(true));
    let probes = TcpKeepalive::new()
        .with_time(PROBE_AFTER)
        .with_interval(PROBE_AFTER)
        .with_retries(3);
    drop(SockRef::from(stream).set_tcp_keepalive(&probes));
}
