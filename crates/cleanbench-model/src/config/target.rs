//! URLs: what is accepted, and how a base URL becomes the URL that is asked.

use cleanbench_core::Form;
use url::Url;

use super::{ConfigError, secrets};
use crate::provider::{self, Profile, Protocol};
use crate::shipped;

/// Where and how a model is asked.
#[derive(Debug, Clone)]
pub(super) struct Target {
    pub(super) url: Url,
    pub(super) form: Form,
    pub(super) profile: Profile,
}

impl Target {
    /// The target for a base URL or full URL. Without a `profile` the host decides: a hosted
    /// provider is recognised by it. A path that belongs to one protocol selects that protocol.
    pub(super) fn new(
        text: &str,
        form: Option<Form>,
        profile: Option<&Profile>,
    ) -> Result<Self, ConfigError> {
        if let (true, Some(profile)) = (text.is_empty(), profile) {
            let message = format!("provider `{}` has no address of its own", profile.name);
            return Err(ConfigError::new(message).hint("give one with `base_url`"));
        }
        let mut url = parse_url(text)?;
        let path = url.path().trim_end_matches('/').to_owned();
        let written = Protocol::of_path(&path);
        let profile = match profile {
            Some(profile) => profile.clone(),
            None => recognised(&url, written.map(|(protocol, _)| protocol)),
        };
        let wanted = written.map_or(profile.protocol, |(protocol, _)| protocol);
        let profile = shipped::speaking(&profile, wanted);
        let form = chosen_form(written.map(|(_, form)| form), form, profile.protocol)?;
        let tail = match written {
            Some(_) => "",
            None => tail(&profile, form)?,
        };
        url.set_path(&format!("{path}{tail}"));
        Ok(Self { url, form, profile })
    }
}

/// `host:port` of `url`.
pub(super) fn host_of(url: &Url) -> String {
    let host = url.host_str().unwrap_or_default();
    match url.port_or_known_default() {
        Some(port) => format!("{host}:{port}"),
        None => host.to_owned(),
    }
}

/// The hosted provider that `url` belongs to, or the profile that assumes nothing.
fn recognised(url: &Url, protocol: Option<Protocol>) -> Profile {
    let owner = url
        .host_str()
        .and_then(|host| shipped::owner_of(host, protocol));
    owner.cloned().unwrap_or_else(provider::unknown)
}

fn chosen_form(
    written: Option<Form>,
    wanted: Option<Form>,
    protocol: Protocol,
) -> Result<Form, ConfigError> {
    if let (Some(written), Some(wanted)) = (written, wanted)
        && written != wanted
    {
        let error = ConfigError::new("the URL's path and `form` contradict each other");
        return Err(error.hint("give the base URL, which ends before `/chat/completions`"));
    }
    Ok(written.or(wanted).unwrap_or_else(|| protocol.usual_form()))
}

/// The end of the path for `form`.
fn tail(profile: &Profile, form: Form) -> Result<&'static str, ConfigError> {
    profile.protocol.path(form).ok_or_else(|| {
        let form = match form {
            Form::Chat | Form::Prefill => "chat",
            Form::Completion => "completion",
            Form::Embedding => "embedding",
        };
        let error = ConfigError::new(format!(
            "provider `{}` cannot be asked in the form \"{form}\"",
            profile.name
        ));
        error.hint("leave `form` out, or choose a provider that speaks another protocol")
    })
}

/// `http://host:port` of a proxy. `https` endpoints are tunnelled through it, so it need not be trusted
/// with what is said to them.
pub(super) fn parse_proxy(text: &str) -> Result<String, ConfigError> {
    let example = "for example `http://proxy.example:3128`";
    let url = parse_url(text).map_err(|error| match error.message.as_str() {
        message if message.contains("user name") => {
            ConfigError::new("a proxy that asks for a user name or password is not supported")
                .hint("the file must not hold a password; use a proxy that knows this machine")
        }
        _ => error.hint(example),
    })?;
    if url.scheme() != "http" {
        let error = ConfigError::new("a proxy's URL must begin with http://");
        return Err(error.hint(example));
    }
    if url.path() != "/" || url.query().is_some() {
        let error = ConfigError::new("a proxy's URL must end after its port");
        return Err(error.hint(example));
    }
    Ok(format!("http://{}", host_of(&url)))
}

/// Whether the query of `url` says nothing but which version of an interface is meant, as Azure's do.
fn names_a_version(url: &Url) -> bool {
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-._".contains(&byte);
    let mut pairs = url.query_pairs();
    pairs.all(|(name, value)| {
        let is_version = matches!(
            &*name.to_ascii_lowercase(),
            "api-version" | "api_version" | "version"
        );
        let is_short = (1..=LONGEST_VERSION).contains(&value.len());
        is_version && is_short && value.bytes().all(is_plain) && !secrets::is_secret(&name, &value)
    })
}

/// Longest name of a version, in bytes: shorter than any key.
const LONGEST_VERSION: usize = 24;

/// Parses a URL that may be asked. Errors do not repeat the URL where it may hold a secret.
pub(super) fn parse_url(text: &str) -> Result<Url, ConfigError> {
    let example = "for example `http://127.0.0.1:8000/v1`";
    let url = Url::parse(text)
        .map_err(|error| ConfigError::new(format!("no URL: {error}")).hint(example))?;
    if !matches!(url.scheme(), "http" | "https") {
        let message = format!(
            "a URL must begin with http:// or https://, not {}:",
            url.scheme()
        );
        return Err(ConfigError::new(message).hint(example));
    }
    if !url.username().is_empty() || url.password().is_some() {
        let error = ConfigError::new("a URL must not hold a user name or password");
        return Err(error.hint("name the variable that holds the key with `api_key_env`"));
    }
    if url.query().is_some() && !names_a_version(&url) {
        let error = ConfigError::new(
            "a URL must not have a query but for `api-version`: it may hold a secret",
        );
        return Err(error.hint("name the variable that holds the key with `api_key_env`"));
    }
    if url.fragment().is_some() {
        let error = ConfigError::new("a base URL must not have a `#`");
        return Err(error.hint("put the model's name into `model`"));
    }
    Ok(url)
}
