//! The resolved endpoint: everything that is needed to ask, and nothing that is secret.

use std::collections::BTreeSet;
use std::net::IpAddr;
use std::time::Duration;

use cleanbench_core::{Form, Sampling, Sensitivity};
use cleanbench_price::Price;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::{Map, Value};
use url::{Host, Url};

use super::target::{self, Target};
use super::{ConfigError, allow};
use crate::LikelihoodMethod;
use crate::provider::{self, Marks, Profile, Protocol};
use crate::shipped;

/// How much may be asked of an endpoint at once.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Limits {
    /// Calls in flight at a time, at least 1; `None` leaves it to the engine.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub concurrency: Option<u32>,
    /// Requests a minute, at least 1.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub requests_per_minute: Option<u32>,
    /// Tokens a minute, prompts and answers together, at least 1.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tokens_per_minute: Option<u32>,
}

/// How long an endpoint may be silent.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Timeouts {
    /// Until the connection stands, TLS included. In a description: milliseconds.
    #[serde(rename = "connect_ms", with = "milliseconds")]
    pub connect: Duration,
    /// Between the request and the first byte, and between any two bytes. In a description:
    /// milliseconds.
    #[serde(rename = "idle_ms", with = "milliseconds")]
    pub idle: Duration,
    /// From the request to the last byte; `None` leaves it to the engine, because models that reason
    /// take minutes. In a description: milliseconds.
    #[serde(
        rename = "total_ms",
        default,
        with = "optional_milliseconds",
        skip_serializing_if = "Option::is_none"
    )]
    pub total: Option<Duration>,
}

impl Default for Timeouts {
    fn default() -> Self {
        Self {
            connect: Duration::from_secs(10),
            idle: Duration::from_mins(5),
            total: None,
        }
    }
}

/// The present version of the rules by which replies are read.
const READING: u32 = 2;

fn first_reading() -> u32 {
    1
}

/// How instructions that precede a conversation are sent.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum SystemRole {
    /// As the model's provider has them: in a message, or in a field, of their own.
    #[default]
    Send,
    /// Before the text of the first message of the user, because the model knows no such role.
    Merge,
}

impl SystemRole {
    #[expect(
        clippy::trivially_copy_pass_by_ref,
        reason = "the shape that serde asks for"
    )]
    fn is_send(&self) -> bool {
        *self == Self::Send
    }
}

/// A model at a place: what an adapter is built from.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "independent facts, each a key of the models file or of the address"
)]
pub struct Endpoint {
    /// The name as the user wrote it; it stands in `run.json` and in tables.
    pub name: String,
    /// Name of the provider profile; `openai-compatible` where none was named or recognised.
    pub provider: String,
    /// What is known of the provider, as it was when the run began.
    #[serde(default)]
    pub profile: Profile,
    /// The full URL, for example with `…/chat/completions`. Never with a user or a fragment, and with no query but
    /// for a version.
    #[serde(serialize_with = "write_url", deserialize_with = "read_url")]
    pub url: Url,
    /// [`Form::Chat`], [`Form::Completion`] or [`Form::Embedding`].
    pub form: Form,
    /// The model's name as the endpoint knows it.
    pub model: String,
    /// Environment variable that holds the key.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub key_env: Option<String>,
    /// Whether asking without a key is pointless: the host is a hosted provider's own.
    pub key_required: bool,
    /// Parameters that apply where a task sets none.
    #[serde(default)]
    pub sampling: Sampling,
    /// Whether the stop texts of tasks are left out.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub clears_stop: bool,
    /// The version of the rules by which its replies are read; 1 where none is on record.
    #[serde(default = "first_reading")]
    pub reading: u32,
    /// How instructions that precede the conversation are sent.
    #[serde(default, skip_serializing_if = "SystemRole::is_send")]
    pub system: SystemRole,
    /// Marks, beside those of the provider, between which reasoning stands within the content.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub reasoning_marks: Vec<Marks>,
    /// Fields that are merged into every request, over all others.
    #[serde(default, skip_serializing_if = "Map::is_empty")]
    pub extra_body: Map<String, Value>,
    /// How much may be asked at once.
    #[serde(default)]
    pub limits: Limits,
    /// How long it may be silent.
    pub timeouts: Timeouts,
    /// Whether answers are asked for as a stream.
    #[serde(default)]
    pub stream: bool,
    /// How it tells the likelihood of given texts, if not as its provider does.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub likelihood: Option<LikelihoodMethod>,
    /// `http://host:port` of the proxy that is asked in its place.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub proxy: Option<String>,
    /// State of the model, in the words of the models file; a new one is a new model to the cache.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub version: Option<String>,
    /// Whether answers are kept for later runs, and taken from earlier ones. Only with a version.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub cache: bool,
    /// What it costs. `None` is unknown, never free.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub price: Option<Price>,
    /// Which samples may be sent there; always holds [`Sensitivity::Public`].
    pub allow: BTreeSet<Sensitivity>,
    /// Whether the host is this machine.
    pub loopback: bool,
}

/// Scheme of a model in this process, and name of its provider.
pub(super) const EMBEDDED: &str = "embedded";
/// The same for a model that is known from the log of another harness alone.
const IMPORTED: &str = "imported";
/// Where such a model is: nowhere.
const NOWHERE: &str = "imported:log";

impl Endpoint {
    /// The model called `model` in this process, named `name` by the user. It is not asked over a
    /// socket: the client factory refuses it.
    pub(super) fn embedded(name: &str, model: &str, url: Url) -> Self {
        Self {
            loopback: is_loopback(&url),
            allow: allow::in_process(),
            ..Self::unreachable(name, model, url, provider::unknown())
        }
    }

    /// A model of which nothing is known but what the log of another harness says of it under `name`. It has no
    /// address, may be shown nothing, and can be asked nothing; its questions are put down in `form`.
    ///
    /// # Errors
    /// Never: the address that stands for none is one.
    pub fn imported(name: &str, form: Form) -> Result<Self, ConfigError> {
        let url = Url::parse(NOWHERE).map_err(|error| ConfigError::new(error.to_string()))?;
        let profile = Profile::plain(IMPORTED, Protocol::Imported);
        Ok(Self {
            form,
            ..Self::unreachable(name, name, url, profile)
        })
    }

    /// An endpoint that no socket leads to, and that may see nothing.
    fn unreachable(name: &str, model: &str, url: Url, profile: Profile) -> Self {
        Self {
            name: name.to_owned(),
            provider: url.scheme().to_owned(),
            profile,
            loopback: false,
            allow: BTreeSet::new(),
            url,
            form: Form::Completion,
            model: model.to_owned(),
            key_env: None,
            key_required: false,
            sampling: Sampling::default(),
            clears_stop: false,
            reading: READING,
            system: SystemRole::default(),
            reasoning_marks: Vec::new(),
            extra_body: Map::new(),
            limits: Limits::default(),
            timeouts: Timeouts::default(),
            stream: false,
            likelihood: None,
            proxy: None,
            version: None,
            cache: false,
            price: None,
        }
    }

    /// Whether the model is in this process.
    pub fn is_embedded(&self) -> bool {
        self.url.scheme() == EMBEDDED
    }

    /// Whether nothing is there to be asked: it is known from a log alone.
    pub fn is_imported(&self) -> bool {
        self.url.scheme() == IMPORTED
    }

    /// Whether it is asked at another machine.
    pub fn is_elsewhere(&self) -> bool {
        !self.loopback && !self.is_embedded() && !self.is_imported()
    }

    /// Whether `named` is its host, or its host and port.
    pub fn is_at(&self, named: &str) -> bool {
        allow::names_host(named, &self.url)
    }

    /// An endpoint with nothing but its address; everything else is the default.
    pub(super) fn at(name: &str, model: &str, target: Target) -> Self {
        let profile = target.profile;
        let loopback = is_loopback(&target.url);
        let owned = target.url.host_str().is_some_and(|host| profile.owns(host));
        // A provider's key does not travel in the open where the provider has TLS.
        let is_open = target.url.scheme() == "http" && profile.base_url.starts_with("https:");
        let key_env = profile.key_env.clone().filter(|_| owned && !is_open);
        Self {
            name: name.to_owned(),
            provider: profile.name.clone(),
            form: target.form,
            model: model.to_owned(),
            key_required: key_env.is_some(),
            key_env,
            sampling: Sampling::default(),
            clears_stop: false,
            reading: READING,
            system: SystemRole::default(),
            reasoning_marks: Vec::new(),
            extra_body: Map::new(),
            limits: Limits::default(),
            timeouts: Timeouts::default(),
            stream: false,
            likelihood: None,
            proxy: None,
            version: None,
            cache: false,
            price: None,
            allow: allow::by_default(loopback),
            url: target.url,
            loopback,
            profile,
        }
    }

    /// `host:port`, the port of the scheme if the URL names none.
    pub fn host(&self) -> String {
        if self.is_embedded() {
            return "this process".to_owned();
        }
        if self.is_imported() {
            return "nowhere (imported)".to_owned();
        }
        target::host_of(&self.url)
    }

    /// `host:port` of the proxy, if there is one.
    pub fn proxy_host(&self) -> Option<&str> {
        self.proxy.as_deref()?.strip_prefix("http://")
    }

    /// The same, asked through `proxy`. What leaves this machine on the way is not on this machine.
    pub(super) fn through(mut self, proxy: Option<String>) -> Self {
        self.loopback = is_here(&self.url, proxy.as_deref());
        self.proxy = proxy;
        self
    }

    /// What an answer depends on beside the request, as canonical JSON; `None` where no answers are kept.
    pub fn cache_identity(&self) -> Option<Vec<u8>> {
        self.cache.then(|| self.identity())
    }

    /// What an answer depends on beside the request, as canonical JSON.
    pub fn identity(&self) -> Vec<u8> {
        let identity = serde_json::json!({
            "url": self.url.as_str(),
            "protocol": self.profile.protocol,
            "headers": self.profile.headers,
            "form": self.form,
            "model": self.model,
            "version": self.version,
        });
        cleanbench_core::canonical::to_bytes(&identity)
    }

    /// Whether a sample labelled `sensitivity` may be sent there.
    pub fn may_see(&self, sensitivity: Sensitivity) -> bool {
        self.allow.contains(&sensitivity)
    }

    /// Every field, for `run.json`.
    ///
    /// # Panics
    /// Never: all fields can be represented in JSON.
    pub fn describe(&self) -> Value {
        serde_json::to_value(self).expect("text keys and finite numbers only")
    }

    /// The endpoint that [`Endpoint::describe`] described.
    ///
    /// # Errors
    /// When `description` is none, or its URL is not one that could have been described.
    pub fn from_description(description: &Value) -> Result<Self, ConfigError> {
        let mut endpoint = Self::deserialize(description).map_err(|error| {
            ConfigError::new(format!("the recorded endpoint cannot be read: {error}"))
        })?;
        if description.get("profile").is_none() {
            endpoint.profile = profile_of_old(&endpoint);
        }
        if endpoint.profile.likelihood.is_none() {
            // Descriptions were written before this was a part of the profile; then the name said it.
            let known = shipped::named(&endpoint.provider);
            endpoint.profile.likelihood = known.and_then(|known| known.likelihood);
        }
        // The URL decides, not a field that may have been edited beside it.
        let proxy = endpoint.proxy.as_deref().map(target::parse_proxy);
        let proxy = proxy.transpose()?;
        Ok(endpoint.through(proxy))
    }
}

/// The profile of a description that was written before descriptions held one.
fn profile_of_old(endpoint: &Endpoint) -> Profile {
    let known = shipped::named(&endpoint.provider).cloned();
    let mut profile = known.unwrap_or_else(provider::unknown);
    // Nobody knew that by their names then.
    profile.reasons_by_model.clear();
    let written = Protocol::of_path(endpoint.url.path());
    shipped::speaking(
        &profile,
        written.map_or(profile.protocol, |(protocol, _)| protocol),
    )
}

/// Whether what is sent to `url`, by way of `proxy`, stays on this machine.
fn is_here(url: &Url, proxy: Option<&str>) -> bool {
    let is_local = |proxy: &str| Url::parse(proxy).is_ok_and(|proxy| is_loopback(&proxy));
    is_loopback(url) && proxy.is_none_or(is_local)
}

/// Whether `url` can only mean this machine. `localhost` does, because the client never asks DNS
/// for it.
fn is_loopback(url: &Url) -> bool {
    match url.host() {
        Some(Host::Domain(name)) => name == "localhost",
        Some(Host::Ipv4(address)) => IpAddr::V4(address).is_loopback(),
        Some(Host::Ipv6(address)) => IpAddr::V6(address).is_loopback(),
        None => url.scheme() == EMBEDDED,
    }
}

/// `embedded:NAME`, with a name of letters, digits and `-`.
pub(super) fn embedded_url(text: &str) -> Option<Url> {
    let name = text.strip_prefix("embedded:")?;
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-';
    let fine = !name.is_empty() && name.bytes().all(plain);
    Url::parse(text).ok().filter(|_| fine)
}

/// The address of what is nowhere, if `text` is that.
fn nowhere(text: &str) -> Option<Url> {
    Url::parse(text).ok().filter(|_| text == NOWHERE)
}

fn write_url<S: Serializer>(url: &Url, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(url.as_str())
}

fn read_url<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Url, D::Error> {
    let text = String::deserialize(deserializer)?;
    let url = match embedded_url(&text).or_else(|| nowhere(&text)) {
        Some(url) => Ok(url),
        None => target::parse_url(&text),
    };
    url.map_err(serde::de::Error::custom)
}

mod milliseconds {
    //! Durations as whole milliseconds.

    use std::time::Duration;

    use serde::{Deserialize, Deserializer, Serializer};

    pub(super) fn serialize<S: Serializer>(
        duration: &Duration,
        serializer: S,
    ) -> Result<S::Ok, S::Error> {
        serializer.serialize_u64(u64::try_from(duration.as_millis()).unwrap_or(u64::MAX))
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(
        deserializer: D,
    ) -> Result<Duration, D::Error> {
        u64::deserialize(deserializer).map(Duration::from_millis)
    }
}

mod optional_milliseconds {
    //! Durations that may be missing, as whole milliseconds.

    use std::time::Duration;

    use serde::{Deserialize, Deserializer, Serializer};

    #[expect(clippy::ref_option, reason = "the signature that serde asks for")]
    pub(super) fn serialize<S: Serializer>(
        duration: &Option<Duration>,
        serializer: S,
    ) -> Result<S::Ok, S::Error> {
        match duration {
            Some(duration) => super::milliseconds::serialize(duration, serializer),
            None => serializer.serialize_none(),
        }
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(
        deserializer: D,
    ) -> Result<Option<Duration>, D::Error> {
        Ok(Option::<u64>::deserialize(deserializer)?.map(Duration::from_millis))
    }
}
