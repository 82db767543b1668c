//! From what the user typed after `-m` to an endpoint.

use cleanbench_core::Sensitivity;
use cleanbench_text::closest;

use super::endpoint::{Endpoint, embedded_url};
use super::target::Target;
use super::{ConfigError, ModelsFile, allow};
use crate::provider::{self, Profile, Protocol};
use crate::shipped;

/// What the command line says about all models.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Overrides {
    /// Replaces the URL of a model that is named or written `provider/model`; with it, any other
    /// text is taken for the model's name.
    pub base_url: Option<String>,
    /// Hosts, or hosts and ports, that may receive private samples.
    pub allow_private: Vec<String>,
    /// Calls in flight at a time, instead of what the models file says.
    pub concurrency: Option<u32>,
}

/// The endpoint that `spec` means: a name of the models file, a URL with the model's name after
/// `#`, or `provider/model`.
///
/// # Errors
/// When it means none of them, or its URL is not one that may be asked.
pub fn resolve(
    spec: &str,
    file: &ModelsFile,
    overrides: &Overrides,
) -> Result<Endpoint, ConfigError> {
    let mut endpoint = find(spec, file, overrides.base_url.as_deref())?;
    if let Some(concurrency) = overrides.concurrency {
        endpoint.limits.concurrency = Some(concurrency);
    }
    let named = |host: &String| allow::names_host(host, &endpoint.url);
    if overrides.allow_private.iter().any(named) {
        endpoint.allow.insert(Sensitivity::Private);
    }
    Ok(endpoint)
}

fn find(spec: &str, file: &ModelsFile, base_url: Option<&str>) -> Result<Endpoint, ConfigError> {
    if spec.trim().is_empty() || spec.chars().any(char::is_control) {
        return Err(ConfigError::new(
            "the name of a model is empty or unreadable",
        ));
    }
    match (file.endpoint(spec)?, base_url) {
        (Some(endpoint), None) => Ok(endpoint.clone()),
        (Some(endpoint), Some(base_url)) => moved(endpoint, base_url),
        (None, _) if spec.contains("://") => by_url(spec, base_url),
        (None, _) => by_provider(spec, file, base_url),
    }
}

/// A model of the file at another address. Its permissions and its key belong to the old address
/// and stay there, unless the provider owns the new one.
fn moved(endpoint: &Endpoint, base_url: &str) -> Result<Endpoint, ConfigError> {
    // A path in the new address may select another protocol and, with it, another form.
    let path = base_url.split('?').next().unwrap_or(base_url);
    let parsed = Protocol::of_path(path.trim_end_matches('/'));
    let form = parsed.map_or(Some(endpoint.form), |_| None);
    let known = endpoint.provider != provider::UNKNOWN;
    let target = Target::new(base_url, form, known.then_some(&endpoint.profile))?;
    let same_host = target.url.origin() == endpoint.url.origin();
    let bare = Endpoint::at(&endpoint.name, &endpoint.model, target);
    let moved = Endpoint {
        url: bare.url.clone(),
        form: bare.form,
        provider: bare.provider.clone(),
        profile: bare.profile.clone(),
        ..endpoint.clone()
    };
    let moved = moved.through(endpoint.proxy.clone());
    if same_host {
        return Ok(moved);
    }
    Ok(Endpoint {
        allow: allow::by_default(moved.loopback),
        key_env: bare.key_env,
        key_required: bare.key_required,
        ..moved
    })
}

fn by_url(spec: &str, base_url: Option<&str>) -> Result<Endpoint, ConfigError> {
    if base_url.is_some() {
        let error = ConfigError::new("`-m URL` and `--base-url` are both given");
        return Err(error.hint("with `--base-url`, give the model's name alone"));
    }
    let (url, model) = spec.split_once('#').unwrap_or((spec, ""));
    let target = Target::new(url, None, None)?;
    if model.is_empty() {
        let error = ConfigError::new("the URL does not say which model");
        let example = format!("append its name: `{url}#NAME`");
        return Err(error.hint(example));
    }
    Ok(Endpoint::at(spec, model, target))
}

fn by_provider(
    spec: &str,
    file: &ModelsFile,
    base_url: Option<&str>,
) -> Result<Endpoint, ConfigError> {
    let (name, model) = spec.split_once('/').unwrap_or(("", spec));
    if let (Some(url), "embedded", None) =
        (embedded_url(&format!("{name}:{model}")), name, base_url)
    {
        return Ok(Endpoint::embedded(spec, model, url));
    }
    let known = file.provider(name)?.or_else(|| shipped::named(name));
    match (known, base_url) {
        (Some(_), _) if model.is_empty() => {
            let error = ConfigError::new(format!("`{spec}` does not say which model"));
            Err(error.hint(format!("write `{name}/MODEL`")))
        }
        (Some(profile), base_url) => {
            let target = Target::new(base_url.unwrap_or(&profile.base_url), None, Some(profile))?;
            Ok(Endpoint::at(spec, model, target))
        }
        (None, Some(base_url)) => Ok(Endpoint::at(spec, spec, Target::new(base_url, None, None)?)),
        (None, None) => Err(unknown_model(spec, name, file)),
    }
}

fn unknown_model(spec: &str, provider: &str, file: &ModelsFile) -> ConfigError {
    if !provider.is_empty()
        && let Err(error) = known_provider(provider)
        && error.hint.is_some()
    {
        return error;
    }
    let error = ConfigError::new(format!("unknown model `{spec}`"));
    match closest(spec, file.names()) {
        Some(near) => error.hint(format!("did you mean `{near}`?")),
        None => error.hint(
            "a model is a name of models.toml, `provider/model`, or `http://127.0.0.1:8000/v1#name`",
        ),
    }
}

/// The profile called `name`, in the language `protocol` if one is given.
///
/// # Errors
/// As [`known_provider`].
pub(super) fn provider_in(name: &str, protocol: Option<Protocol>) -> Result<Profile, ConfigError> {
    let known = known_provider(name)?;
    Ok(protocol.map_or_else(|| known.clone(), |it| shipped::speaking(known, it)))
}

/// The profile called `name`.
///
/// # Errors
/// When there is none; with the nearest name, or what is missing, as the hint.
pub(super) fn known_provider(name: &str) -> Result<&'static Profile, ConfigError> {
    if let Some(profile) = shipped::named(name) {
        return Ok(profile);
    }
    let names = || {
        shipped::profiles()
            .iter()
            .map(|profile| profile.name.as_str())
    };
    let error = ConfigError::new(format!("unknown provider `{name}`"));
    Err(match closest(name, names()) {
        Some(near) => error.hint(format!("did you mean `{near}`?")),
        None => error.hint(format!(
            "known providers: {}; or give a URL",
            names().collect::<Vec<_>>().join(", ")
        )),
    })
}
