//! One `[providers.NAME]` table: of a models file, or of those that are shipped.
//!
//! Invariant: every field of a profile can be written here, and nothing else can. A table begins with
//! the provider that `like` names, or with what is true of every speaker of its `protocol`.

use std::collections::BTreeMap;
use std::path::Path;

use cleanbench_core::Reasoning;

use super::ConfigError;
use super::asks::{Ask, Entry};
use super::fields::{Diagnostics, Fields};
use super::resolve::provider_in;
use super::secrets;
use super::shared_keys::{
    read_fragment, read_key_env, read_likelihood, read_reasoning_marks, refuse_keys,
};
use super::target::parse_url;
use crate::provider::{
    FinishMeaning, KeyHeader, Prefill, Profile, Protocol, RateLimitHeaders, ReasoningTokens,
};

const PREFILLS: [(&str, Prefill); 5] = [
    ("implied", Prefill::Implied),
    ("continue_final_message", Prefill::ContinueFinalMessage),
    ("prefix", Prefill::Prefix),
    ("partial", Prefill::Partial),
    ("unsupported", Prefill::Unsupported),
];

const KEY_HEADERS: [(&str, KeyHeader); 3] = [
    ("api-key", KeyHeader::ApiKey),
    ("bearer", KeyHeader::Bearer),
    ("x-api-key", KeyHeader::XApiKey),
];

const REASONING_TOKENS: [(&str, ReasoningTokens); 3] = [
    ("inside", ReasoningTokens::Inside),
    ("outside", ReasoningTokens::Outside),
    ("in_total", ReasoningTokens::InTotal),
];

const MEANINGS: [(&str, FinishMeaning); 6] = [
    ("stop", FinishMeaning::Stop),
    ("length", FinishMeaning::Length),
    ("content_filter", FinishMeaning::ContentFilter),
    ("recitation", FinishMeaning::Recitation),
    ("tool_calls", FinishMeaning::ToolCalls),
    ("failed", FinishMeaning::Failed),
];

/// Sampling parameters that a provider may ignore or refuse.
const PARAMETERS: [(&str, &str); 3] = [
    ("temperature", "temperature"),
    ("top_p", "top_p"),
    ("stop", "stop"),
];

const FORMATS: [(&str, &str); 2] = [
    ("json_object", "json_object"),
    ("json_schema", "json_schema"),
];

/// Reads the tables of `providers`; `asking` says what each asks for.
pub(super) fn read_all(
    providers: &Fields<'_, '_>,
    asking: fn(&Profile) -> Vec<Ask>,
    found: &mut Diagnostics<'_>,
) -> BTreeMap<String, Entry<Profile>> {
    let mut profiles = BTreeMap::new();
    for (name, fields) in providers.tables(found) {
        if name.is_empty() || name.contains('/') || name.chars().any(char::is_control) {
            let message = "a provider needs a name without `/` and control characters";
            found.push(fields.span(), message);
        } else {
            let place = found.place(fields.span().start);
            // What was found before is of no entry.
            let before = std::mem::take(found.errors());
            let profile = read(name, fields, found);
            let asks = asking(&profile);
            let faults = found.take();
            *found.errors() = before;
            profiles.insert(
                name.to_owned(),
                Entry::new(profile, place, asks).with(faults),
            );
        }
    }
    profiles
}

/// Reads the providers that the product knows by itself.
///
/// # Errors
/// Every fault; a test reads the shipped text, so there is none.
pub(crate) fn read_shipped(text: &str, path: &Path) -> Result<Vec<Profile>, Vec<ConfigError>> {
    let mut found = Diagnostics::new(text, path);
    let (document, errors) = toml::de::DeTable::parse_recoverable(text);
    for error in &errors {
        found.push(error.span().unwrap_or_default(), error.message());
    }
    let mut top = Fields::new(document.get_ref(), document.span());
    let providers = top.table("providers", &mut found);
    let profiles = providers.map(|providers| {
        // What is known without a file asks for nothing, and must not look for itself while it is read.
        read_all(&providers, |_| Vec::new(), &mut found)
    });
    top.finish(&mut found);
    let profiles = profiles.unwrap_or_default().into_values();
    let (values, faults): (Vec<_>, Vec<_>) =
        profiles.map(|entry| (entry.value, entry.faults)).unzip();
    let faults = faults.concat();
    if faults.is_empty() {
        found.into_result(values)
    } else {
        Err(faults)
    }
}

fn read(name: &str, mut fields: Fields<'_, '_>, found: &mut Diagnostics<'_>) -> Profile {
    let mut profile = base(name, &mut fields, found);
    read_address(&mut profile, &mut fields, found);
    read_requests(&mut profile, &mut fields, found);
    read_reasoning(&mut profile, &mut fields, found);
    read_answers(&mut profile, &mut fields, found);
    refuse_keys(&mut fields, found);
    fields.finish(found);
    profile
}

/// What the table begins with.
fn base(name: &str, fields: &mut Fields<'_, '_>, found: &mut Diagnostics<'_>) -> Profile {
    let protocol = fields.one_of("protocol", &Protocol::WORDS, found);
    let plain = |protocol: Option<Protocol>| Profile::plain(name, protocol.unwrap_or_default());
    let Some(like) = fields.text("like", found) else {
        return plain(protocol);
    };
    match provider_in(like.value, protocol) {
        Ok(known) => Profile {
            name: name.to_owned(),
            // Its address and its key are its own.
            base_url: String::new(),
            key_env: None,
            other_hosts: Vec::new(),
            ..known
        },
        Err(error) => {
            found.push_error(like.span, error);
            plain(protocol)
        }
    }
}

fn read_address(profile: &mut Profile, fields: &mut Fields<'_, '_>, found: &mut Diagnostics<'_>) {
    if let Some(base_url) = fields.text("base_url", found) {
        match parse_url(base_url.value) {
            Ok(_) => base_url
                .value
                .trim_end_matches('/')
                .clone_into(&mut profile.base_url),
            Err(error) => found.push_error(base_url.span, error),
        }
    }
    if let Some(key_env) = read_key_env(fields, found) {
        profile.key_env = Some(key_env);
    }
    if let Some(hosts) = fields.texts("other_hosts", found) {
        profile.other_hosts = hosts.value.iter().map(|at| at.value.to_owned()).collect();
    }
    if let Some(header) = fields.one_of("key_header", &KEY_HEADERS, found) {
        profile.key_header = header;
    }
    if let Some(headers) = fields.table("headers", found) {
        profile.headers.extend(read_headers(&headers, found));
    }
    if let Some(headers) = fields.table("rate_limit_headers", found) {
        profile.rate_limit_headers = read_rate_limits(headers, found);
    }
}

/// Headers of every request. Those that carry keys are refused: a key has its own way.
fn read_headers(fields: &Fields<'_, '_>, found: &mut Diagnostics<'_>) -> BTreeMap<String, String> {
    let mut headers = BTreeMap::new();
    for (name, text) in fields.all_texts(found) {
        let lower = name.to_ascii_lowercase();
        let token = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_';
        let own = [
            "authorization",
            "api-key",
            "proxy-authorization",
            "cookie",
            "x-api-key",
            "content-type",
            "content-length",
            "host",
        ];
        if name.is_empty() || !name.bytes().all(token) {
            found.push(
                text.span,
                format!("`{}` is no name of a header", name.escape_debug()),
            );
        } else if own.contains(&lower.as_str()) {
            let message = format!("the header `{lower}` must not be set here");
            found.push_hint(
                text.span,
                message,
                "name the key's variable with `api_key_env`",
            );
        } else if secrets::is_secret(name, text.value) {
            // The value is not repeated: it may be the key itself.
            let message = format!(
                "the header `{lower}` looks like a secret, which must not stand in the models file"
            );
            found.push_hint(
                text.span,
                message,
                "put it into an environment variable and name that with `api_key_env`",
            );
        } else if !text
            .value
            .bytes()
            .all(|byte| byte == b' ' || byte.is_ascii_graphic())
        {
            found.push(text.span, format!("`{name}` must be printable ASCII"));
        } else {
            headers.insert(lower, text.value.to_owned());
        }
    }
    headers
}

fn read_rate_limits(mut fields: Fields<'_, '_>, found: &mut Diagnostics<'_>) -> RateLimitHeaders {
    let mut name = |key| {
        let text = fields.text(key, found);
        text.map(|at| at.value.to_ascii_lowercase())
    };
    let headers = RateLimitHeaders {
        remaining_requests: name("remaining_requests"),
        remaining_tokens: name("remaining_tokens"),
        reset_requests: name("reset_requests"),
        reset_tokens: name("reset_tokens"),
    };
    fields.finish(found);
    headers
}

fn read_requests(profile: &mut Profile, fields: &mut Fields<'_, '_>, found: &mut Diagnostics<'_>) {
    if let Some(prefill) = fields.one_of("prefill", &PREFILLS, found) {
        profile.prefill = prefill;
    }
    if let Some(field) = read_name("max_tokens_field", fields, found) {
        profile.max_tokens_field = field;
    }
    if let Some(limit) = fields.count("default_max_tokens", found) {
        profile.default_max_tokens = Some(limit.value);
    }
    if let Some(field) = fields.text("seed_field", found) {
        // Empty: it takes no seed.
        profile.seed_field = Some(field.value.to_owned()).filter(|name| !name.is_empty());
    }
    if let Some(flag) = fields.flag("stream_options", found) {
        profile.stream_options = flag.value;
    }
    if let Some(formats) = fields.some_of("json_formats", &FORMATS, found) {
        profile.json_formats = formats.into_iter().map(str::to_owned).collect();
    }
    if let Some(count) = fields.count("least_top_logprobs", found) {
        profile.least_top_logprobs = count.value;
    }
    if let Some(method) = read_likelihood(fields, found) {
        profile.likelihood = Some(method);
    }
    if let Some(always) = read_fragment("always", fields, found) {
        profile.always = always;
    }
}

fn read_name(
    key: &'static str,
    fields: &mut Fields<'_, '_>,
    found: &mut Diagnostics<'_>,
) -> Option<String> {
    let name = fields.text(key, found)?;
    if name.value.is_empty() {
        found.push(name.span, format!("`{key}` must not be empty"));
        return None;
    }
    Some(name.value.to_owned())
}

fn read_reasoning(profile: &mut Profile, fields: &mut Fields<'_, '_>, found: &mut Diagnostics<'_>) {
    if let Some(mut levels) = fields.table("reasoning", found) {
        for level in Reasoning::ALL {
            if let Some(fragment) = read_fragment(level.as_str(), &mut levels, found) {
                profile
                    .reasoning
                    .insert(level.as_str().to_owned(), fragment);
            }
        }
        levels.finish(found);
    }
    if let Some(flag) = fields.flag("reasons_by_default", found) {
        profile.reasons_by_default = flag.value;
    }
    if let Some(models) = fields.table("reasons_by_model", found) {
        profile.reasons_by_model = models.all_flags(found);
    }
    profile
        .reasoning_marks
        .extend(read_reasoning_marks(fields, found));
    let names = |words: Vec<&str>| words.into_iter().map(str::to_owned).collect();
    if let Some(words) = fields.some_of("ignored_while_reasoning", &PARAMETERS, found) {
        profile.ignored_while_reasoning = names(words);
    }
    if let Some(words) = fields.some_of("refused_while_reasoning", &PARAMETERS, found) {
        profile.refused_while_reasoning = names(words);
    }
}

fn read_answers(profile: &mut Profile, fields: &mut Fields<'_, '_>, found: &mut Diagnostics<'_>) {
    if let Some(place) = fields.one_of("reasoning_tokens", &REASONING_TOKENS, found) {
        profile.reasoning_tokens = place;
    }
    if let Some(flag) = fields.flag("untested", found) {
        profile.untested = flag.value;
    }
    let Some(words) = fields.table("finish", found) else {
        return;
    };
    for (word, meaning) in words.all_texts(found) {
        match MEANINGS.iter().find(|(known, _)| *known == meaning.value) {
            Some((_, known)) => {
                profile.finish.insert(word.to_owned(), *known);
            }
            None => found.push(meaning.span, super::fields::one_of_message(word, &MEANINGS)),
        }
    }
}
