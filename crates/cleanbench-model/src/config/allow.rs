//! Who may see what: the labels that an endpoint may receive.
//!
//! Invariant: without a word of the user a remote host receives public samples only. Labels are
//! taken literally: an `allow` of `secret` does not allow `private`. A server on this machine may hand on
//! what it receives, so secret samples need a word there too; a model in this process may see everything.

use std::collections::BTreeSet;

use cleanbench_core::Sensitivity;
use url::Url;

/// What a model in this process may receive.
pub(super) fn in_process() -> BTreeSet<Sensitivity> {
    BTreeSet::from(Sensitivity::ALL)
}

/// What a server may receive when nobody says anything.
pub(super) fn by_default(loopback: bool) -> BTreeSet<Sensitivity> {
    if loopback {
        BTreeSet::from([Sensitivity::Public, Sensitivity::Private])
    } else {
        BTreeSet::from([Sensitivity::Public])
    }
}

/// The label called `word`.
pub(super) fn label(word: &str) -> Option<Sensitivity> {
    Sensitivity::ALL
        .into_iter()
        .find(|label| label.as_str() == word)
}

/// Whether `named` (a host, or a host and port) is the host of `url`. Addresses are compared by
/// value, so that any way to write one names it.
pub(super) fn names_host(named: &str, url: &Url) -> bool {
    let (host, port) = split_port(named.trim());
    let canonical = [host.to_owned(), format!("[{host}]")]
        .iter()
        .find_map(|host| Url::parse(&format!("http://{host}/")).ok());
    let same_host = canonical.is_some_and(|named| named.host() == url.host());
    same_host && port.is_none_or(|port| url.port_or_known_default() == Some(port))
}

/// Splits `host:port`; a bare IPv6 address has colons and no port.
fn split_port(named: &str) -> (&str, Option<u16>) {
    let Some((host, port)) = named.rsplit_once(':') else {
        return (named, None);
    };
    let is_bare_address = host.contains(':') && !host.ends_with(']');
    match port.parse() {
        Ok(port) if !is_bare_address => (host, Some(port)),
        _ => (named, None),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hosts_are_named_in_any_way_to_write_them() {
        let check = |named: &str, url: &str, expect: bool| {
            assert_eq!(
                names_host(named, &Url::parse(url).unwrap()),
                expect,
                "{named} {url}"
            );
        };
        check("Example.com", "https://example.com/v1", true);
        check("example.com:443", "https://example.com/v1", true);
        check("example.com:80", "http://example.com:8080/v1", false);
        check("example.com", "http://example.com:8080/v1", true);
        check("ample.com", "http://example.com/v1", false);
        check("[::ffff:127.0.0.1]:9", "http://[::ffff:7f00:1]:9/v1", true);
        check("::ffff:127.0.0.1", "http://[::ffff:7f00:1]:9/v1", true);
        check("10.0.0.1:8000", "http://10.0.0.1:8000/v1", true);
        check("", "http://10.0.0.1:8000/v1", false);
    }
}
