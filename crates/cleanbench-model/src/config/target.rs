//! URLs: what is accepted, and how a base URL becomes the URL that is asked.

use cleanbench_core::Form;
use url::Url;

use super::ConfigError;
use crate::provider::{self, Profile};

const CHAT: &str = "/chat/completions";
const COMPLETION: &str = "/completions";

/// Where and how a model is asked.
#[derive(Debug, Clone)]
pub(super) struct Target {
    pub(super) url: Url,
    pub(super) form: Form,
    pub(super) profile: &'static Profile,
}

impl Target {
    /// The target for a base URL or full URL. Without a `profile` the host decides: a hosted
    /// provider is recognised by it.
    pub(super) fn new(
        text: &str,
        form: Option<Form>,
        profile: Option<&'static Profile>,
    ) -> Result<Self, ConfigError> {
        let (url, form) = complete(parse_url(text)?, form)?;
        let profile = profile
            .or_else(|| url.host_str().and_then(provider::owner_of))
            .unwrap_or(&provider::UNKNOWN);
        Ok(Self { url, form, profile })
    }
}

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
    if url.query().is_some() {
        let error = ConfigError::new("a URL must not have a query: it may hold a secret");
        return Err(error.hint("name the variable that holds the key with `api_key_env`"));
    }
    if url.fragment().is_some() {
        let error = ConfigError::new("a base URL must not have a `#`");
        return Err(error.hint("put the model's name into `model`"));
    }
    Ok(url)
}

/// Appends the path of `form` unless `url` already ends with one.
fn complete(mut url: Url, form: Option<Form>) -> Result<(Url, Form), ConfigError> {
    let path = url.path().trim_end_matches('/').to_owned();
    let written = if path.ends_with(CHAT) {
        Some(Form::Chat)
    } else if path.ends_with(COMPLETION) {
        Some(Form::Completion)
    } else {
        None
    };
    if let (Some(written), Some(form)) = (written, form)
        && written != form
    {
        let error = ConfigError::new("the URL's path and `form` contradict each other");
        return Err(error.hint("give the base URL, which ends before `/chat/completions`"));
    }
    let form = written.or(form).unwrap_or(Form::Chat);
    let tail = match (written, form) {
        (Some(_), _) => "",
        (None, Form::Completion) => COMPLETION,
        (None, Form::Chat | Form::Prefill) => CHAT,
    };
    url.set_path(&format!("{path}{tail}"));
    Ok((url, form))
}
