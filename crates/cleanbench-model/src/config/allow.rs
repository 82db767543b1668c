//! Who may see what: the labels that an endpoint may receive.
//!
//! Invariant: without a word of the user a remote host receives public samples only. Labels are
//! taken literally: an `allow` of `secret` does not allow `private`.

use std::collections::BTreeSet;

use cleanbench_core::Sensitivity;
use url::Url;

use super::endpoint::host_of;

/// What an endpoint may receive when nobody says anything.
pub(super) fn by_default(loopback: bool) -> BTreeSet<Sensitivity> {
    if loopback {
        BTreeSet::from(Sensitivity::ALL)
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

/// Whether `named` (a host, or a host and port) is the host of `url`.
pub(super) fn names_host(named: &str, url: &Url) -> bool {
    let named = named.trim().to_ascii_lowercase();
    let host = url.host_str().unwrap_or_default();
    let bare = host.trim_start_matches('[').trim_end_matches(']');
    named == host || named == bare || named == host_of(url)
}
