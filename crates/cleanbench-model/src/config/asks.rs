//! What an entry of a models file asks for, besides an address to send public questions to.
//!
//! Invariant: a models file that came along with a suite gets none of it without a word of the user. Keys, names that
//! mean something without the file, proxies and permissions are asked for; an address without a key is not.

use std::collections::BTreeSet;
use std::fmt;
use std::path::Path;

use cleanbench_core::Sensitivity;

use super::endpoint::{EMBEDDED, Endpoint};
use super::{ConfigError, FilePlace, allow};
use crate::provider::Profile;
use crate::shipped;

/// One thing that an entry asks for.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Ask {
    /// To be meant by a name that means something else without the file.
    Name(String),
    /// The key in an environment variable, to be sent to a host.
    Key {
        /// Name of the variable.
        variable: String,
        /// Host and port, or what is known of the place.
        host: String,
    },
    /// To be asked through a proxy, which sees what is sent in the open.
    Proxy(String),
    /// To receive samples with these labels.
    Grant(BTreeSet<Sensitivity>),
}

impl fmt::Display for Ask {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Name(meant) => write!(f, "takes the place of {meant}"),
            Self::Key { variable, host } => {
                write!(f, "asks for the key in `{variable}`, to be sent to {host}")
            }
            Self::Proxy(proxy) => write!(f, "asks through the proxy {proxy}"),
            Self::Grant(labels) => {
                let labels: Vec<_> = labels.iter().map(|label| label.as_str()).collect();
                write!(f, "grants itself {} samples", labels.join(" and "))
            }
        }
    }
}

/// A part of a models file, where it stands, and what it asks for.
#[derive(Debug, Clone)]
pub(super) struct Entry<T> {
    pub(super) value: T,
    pub(super) place: FilePlace,
    pub(super) asks: Vec<Ask>,
    /// Whether what it asks for is withheld, because nobody answers for the file.
    pub(super) is_withheld: bool,
    /// What is wrong with it; with any of that it cannot be used.
    pub(super) faults: Vec<ConfigError>,
}

impl<T> Entry<T> {
    /// What stands at `place`, in a file that somebody answers for.
    pub(super) fn new(value: T, place: FilePlace, asks: Vec<Ask>) -> Self {
        Self {
            value,
            place,
            asks,
            is_withheld: false,
            faults: Vec::new(),
        }
    }

    /// The same with `faults`.
    pub(super) fn with(self, faults: Vec<ConfigError>) -> Self {
        Self { faults, ..self }
    }

    /// The value, unless what it asks for is withheld; `what` it is stands in the error.
    ///
    /// # Errors
    /// Where it stands, all that it asks for, and how to agree to that.
    pub(super) fn granted(&self, what: &str) -> Result<&T, ConfigError> {
        if let Some(fault) = self.faults.first() {
            return Err(fault.clone());
        }
        if !self.is_withheld || self.asks.is_empty() {
            return Ok(&self.value);
        }
        let asks: Vec<_> = self.asks.iter().map(ToString::to_string).collect();
        let path = self.place.path.as_path();
        let folder = match path.parent() {
            Some(folder) if !folder.as_os_str().is_empty() => folder,
            _ => Path::new("."),
        };
        let mut error = ConfigError::new(format!(
            "{what} {}; this file was neither named nor trusted",
            asks.join("; ")
        ));
        error.place = Some(self.place.clone());
        Err(error.hint(format!(
            "read it; if you want all of that, name it with `--models {}`, or trust the folder as it is now with `cleanbench trust {}`",
            path.display(),
            folder.display()
        )))
    }
}

/// What the model `name` asks for: its endpoint, the labels that it `lists`, and the provider that it names.
pub(super) fn of_model(
    name: &str,
    endpoint: &Endpoint,
    listed: BTreeSet<Sensitivity>,
    provider: &[Ask],
) -> Vec<Ask> {
    let mut asks: Vec<Ask> = meant(name).into_iter().map(Ask::Name).collect();
    let of_provider = provider.iter();
    asks.extend(
        of_provider
            .filter(|ask| matches!(ask, Ask::Name(_)))
            .cloned(),
    );
    asks.extend(endpoint.key_env.clone().map(|variable| Ask::Key {
        variable,
        host: endpoint.host(),
    }));
    asks.extend(
        endpoint
            .proxy_host()
            .map(|host| Ask::Proxy(host.to_owned())),
    );
    let more = listed
        .into_iter()
        .filter(|label| *label != Sensitivity::Public);
    let more: BTreeSet<_> = more.collect();
    if !more.is_empty() {
        asks.push(Ask::Grant(more));
    }
    asks
}

/// What the provider of `profile` asks for.
pub(super) fn of_provider(profile: &Profile) -> Vec<Ask> {
    let name = is_known(&profile.name).then(|| format!("the provider `{}`", profile.name));
    let mut asks: Vec<Ask> = name.into_iter().map(Ask::Name).collect();
    asks.extend(profile.key_env.clone().map(|variable| Ask::Key {
        variable,
        host: match profile.base_url.as_str() {
            "" => "the address that is given with it".to_owned(),
            url => url.to_owned(),
        },
    }));
    asks
}

/// What `name` means without a file, as far as it looks like something that has a meaning.
fn meant(name: &str) -> Option<String> {
    if name.contains("://") {
        return Some(format!("the address `{name}`"));
    }
    let (provider, _) = name.split_once('/')?;
    // What no provider is called may look like one that is: letters of other scripts, or none that are seen.
    let is_taken = !provider.is_ascii() || is_known(provider);
    is_taken.then(|| format!("`{name}`, a model of the provider `{provider}`"))
}

/// Whether a provider is called `name` without any file, whatever its case.
fn is_known(name: &str) -> bool {
    let plain = name.trim().to_ascii_lowercase();
    plain == EMBEDDED || shipped::named(&plain).is_some() || !name.is_ascii()
}

impl Endpoint {
    /// What the endpoint asks for as it stands in a record, without the file that granted it: a key that is not that of
    /// the provider whose host it is, a proxy, and labels that nothing at its place receives without a word: a server on
    /// this machine secret ones, any other all but public ones.
    pub fn asks(&self) -> Vec<Ask> {
        let host = self.url.host_str().unwrap_or_default();
        let is_its_own = |variable: &String| {
            let mut known = shipped::profiles().iter();
            self.url.scheme() == "https"
                && known.any(|one| one.key_env.as_ref() == Some(variable) && one.owns(host))
        };
        let key = self
            .key_env
            .clone()
            .filter(|variable| !is_its_own(variable));
        let key = key.map(|variable| Ask::Key {
            variable,
            host: self.host(),
        });
        let proxy = self.proxy_host().map(|host| Ask::Proxy(host.to_owned()));
        let default = if self.is_embedded() {
            allow::in_process()
        } else {
            allow::by_default(self.loopback)
        };
        let more: BTreeSet<_> = self.allow.difference(&default).copied().collect();
        let grant = (!more.is_empty()).then_some(Ask::Grant(more));
        key.into_iter().chain(proxy).chain(grant).collect()
    }
}
