//! One `[models.NAME]` table.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use cleanbench_core::{Form, Reasoning, Sampling, Sensitivity};
use cleanbench_text::closest;

use super::allow;
use super::asks::{self, Ask, Entry};
use super::endpoint::{EMBEDDED, Endpoint, Limits, SystemRole, Timeouts, embedded_url};
use super::fields::{At, Diagnostics, Fields};
use super::resolve::known_provider;
use super::shared_keys::{
    read_fragment, read_key_env, read_likelihood, read_reasoning_marks, refuse_keys,
};
use super::target::{self, Target};
use super::{ConfigError, price};
use crate::provider::Profile;

/// Reads the table of the model `name`; `None` after a fault that leaves no address.
pub(super) fn read(
    name: &str,
    mut fields: Fields<'_, '_>,
    providers: &BTreeMap<String, Entry<Profile>>,
    found: &mut Diagnostics<'_>,
) -> Option<Entry<Endpoint>> {
    let place = found.place(fields.span().start);
    let of_provider = asks_of_provider(&fields, providers);
    let base = read_base(name, &mut fields, providers, found);
    let key_env = read_key_env(&mut fields, found);
    let stream = fields.flag("stream", found);
    let likelihood = read_likelihood(&mut fields, found);
    let proxy = read_proxy(&mut fields, found);
    let profile = base.as_ref().map(|endpoint| &endpoint.profile);
    let sampling = fields.table("generate", found);
    let sampling = sampling.map(|table| read_sampling(table, profile, found));
    let sampling = sampling.unwrap_or_default();
    let system = fields.one_of("system", &SYSTEM_ROLES, found);
    let reasoning_marks = read_reasoning_marks(&mut fields, found);
    let extra_body = read_fragment("extra_body", &mut fields, found);
    let limits = fields.table("limits", found);
    let limits = limits.map(|table| read_limits(table, found));
    let timeouts = fields.table("timeouts", found);
    let timeouts = timeouts.map(|table| read_timeouts(table, found));
    let version = fields.text("version", found).map(|at| at.value.to_owned());
    let cache = read_cache(version.as_deref(), &mut fields, found);
    let price = fields.table("price", found);
    let price = price.and_then(|table| price::read(table, found));
    let allow = fields.texts("allow", found);
    refuse_keys(&mut fields, found);
    if base.as_ref().is_some_and(Endpoint::is_embedded) {
        let of_servers = [
            key_env.is_some(),
            stream.is_some(),
            likelihood.is_some(),
            proxy.is_some(),
            extra_body.is_some(),
            system.is_some(),
            !reasoning_marks.is_empty(),
        ];
        refuse_of_servers(name, of_servers, &fields, found);
    }
    fields.finish(found);

    let mut endpoint = base?.through(proxy);
    endpoint.allow = if endpoint.is_embedded() {
        allow::in_process()
    } else {
        allow::by_default(endpoint.loopback)
    };
    if let Some(key_env) = key_env {
        endpoint.key_env = Some(key_env);
    }
    endpoint.stream = stream.is_some_and(|at| at.value);
    endpoint.likelihood = likelihood;
    endpoint.sampling = sampling.sampling;
    endpoint.clears_stop = sampling.clears_stop;
    endpoint.system = system.unwrap_or_default();
    endpoint.reasoning_marks = reasoning_marks;
    endpoint.extra_body = extra_body.unwrap_or_default();
    endpoint.limits = limits.unwrap_or_default();
    endpoint.timeouts = timeouts.unwrap_or_default();
    endpoint.version = version;
    endpoint.cache = cache;
    endpoint.price = price;
    let listed = labels(allow.map_or(Vec::new(), |at| at.value), found);
    endpoint.allow.extend(&listed);
    let asks = asks::of_model(name, &endpoint, listed, &of_provider);
    Some(Entry::new(endpoint, place, asks))
}

/// What the provider of the file asks for that the table names.
fn asks_of_provider(
    fields: &Fields<'_, '_>,
    providers: &BTreeMap<String, Entry<Profile>>,
) -> Vec<Ask> {
    let named = fields.peek("provider");
    let entry = named.and_then(|name| providers.get(name));
    entry.map_or(Vec::new(), |entry| entry.asks.clone())
}

/// The address: provider, URL, form and model.
fn read_base(
    name: &str,
    fields: &mut Fields<'_, '_>,
    providers: &BTreeMap<String, Entry<Profile>>,
    found: &mut Diagnostics<'_>,
) -> Option<Endpoint> {
    let profile = match fields.text("provider", found) {
        None => None,
        Some(provider) if provider.value == EMBEDDED && !providers.contains_key(EMBEDDED) => {
            return read_embedded(name, fields, found);
        }
        Some(provider) => match find_provider(provider.value, providers) {
            Ok(profile) => Some(profile),
            Err(error) => {
                found.push_error(provider.span, error);
                return ask_for_the_rest(fields, found);
            }
        },
    };
    let base_url = fields.text("base_url", found);
    let model = fields
        .text("model", found)
        .filter(|at| !at.value.is_empty());
    let form = read_form(fields, found);
    if model.is_none() {
        let error = ConfigError::new(format!("model `{name}` needs `model`"));
        found.push_error(
            fields.span(),
            error.hint("the name by which the endpoint knows the model"),
        );
    }
    let target = read_target(name, base_url, form, profile, fields, found)?;
    Some(Endpoint::at(name, model?.value, target))
}

/// Keys that say how a server is asked mean nothing for a model in this process.
fn refuse_of_servers(
    name: &str,
    present: [bool; 7],
    fields: &Fields<'_, '_>,
    found: &mut Diagnostics<'_>,
) {
    const KEYS: [&str; 7] = [
        "api_key_env",
        "stream",
        "likelihood",
        "proxy",
        "extra_body",
        "system",
        "reasoning_marks",
    ];
    for (key, _) in KEYS
        .into_iter()
        .zip(present)
        .filter(|(_, present)| *present)
    {
        let message = format!("model `{name}` is in this process; `{key}` means nothing for it");
        found.push(fields.span(), message);
    }
}

/// A model in this process. It has no address.
fn read_embedded(
    name: &str,
    fields: &mut Fields<'_, '_>,
    found: &mut Diagnostics<'_>,
) -> Option<Endpoint> {
    if let Some(base_url) = fields.text("base_url", found) {
        let message = format!("model `{name}` is in this process and has no `base_url`");
        found.push(base_url.span, message);
    }
    if read_form(fields, found).is_some() {
        let message =
            format!("model `{name}` is in this process; its `form` is always `completion`");
        found.push(fields.span(), message);
    }
    let model = fields.text("model", found);
    let url = model
        .as_ref()
        .and_then(|model| embedded_url(&format!("{EMBEDDED}:{}", model.value)));
    let Some((model, url)) = model.zip(url) else {
        let error = ConfigError::new(format!("model `{name}` needs `model`"));
        found.push_error(
            fields.span(),
            error.hint("the embedded models are `clean`, `leaked` and `reworded`"),
        );
        return None;
    };
    Some(Endpoint::embedded(name, model.value, url))
}

/// The provider that the file or the product calls `name`; the file's own wins.
fn find_provider<'p>(
    name: &str,
    providers: &'p BTreeMap<String, Entry<Profile>>,
) -> Result<&'p Profile, ConfigError> {
    if let Some(own) = providers.get(name) {
        return match own.faults.first() {
            None => Ok(&own.value),
            Some(fault) => {
                let what = format!("provider `{name}` cannot be used: {fault}");
                Err(ConfigError::new(what))
            }
        };
    }
    match closest(name, providers.keys().map(String::as_str)) {
        Some(near) if known_provider(name).is_err() => {
            let error = ConfigError::new(format!("unknown provider `{name}`"));
            Err(error.hint(format!("did you mean `{near}`?")))
        }
        _ => known_provider(name),
    }
}

/// After a fault in the address the other keys of the address are still known keys.
fn ask_for_the_rest(fields: &mut Fields<'_, '_>, found: &mut Diagnostics<'_>) -> Option<Endpoint> {
    fields.text("base_url", found);
    fields.text("model", found);
    read_form(fields, found);
    None
}

fn read_target(
    name: &str,
    base_url: Option<At<&str>>,
    form: Option<Form>,
    profile: Option<&Profile>,
    fields: &Fields<'_, '_>,
    found: &mut Diagnostics<'_>,
) -> Option<Target> {
    let (text, span) = match (base_url, profile) {
        (Some(base_url), _) => (base_url.value, base_url.span),
        (None, Some(profile)) => (profile.base_url.as_str(), fields.span()),
        (None, None) => {
            let message = format!("model `{name}` needs `provider` or `base_url`");
            found.push(fields.span(), message);
            return None;
        }
    };
    let target = Target::new(text, form, profile);
    target.map_err(|error| found.push_error(span, error)).ok()
}

const FORMS: [(&str, Form); 3] = [
    ("chat", Form::Chat),
    ("completion", Form::Completion),
    ("embedding", Form::Embedding),
];

fn read_form(fields: &mut Fields<'_, '_>, found: &mut Diagnostics<'_>) -> Option<Form> {
    fields.one_of("form", &FORMS, found)
}

fn read_proxy(fields: &mut Fields<'_, '_>, found: &mut Diagnostics<'_>) -> Option<String> {
    let text = fields.text("proxy", found)?;
    let proxy = target::parse_proxy(text.value);
    proxy
        .map_err(|error| found.push_error(text.span, error))
        .ok()
}

/// Whether answers are kept. An endpoint can change behind its name, so what they are answers of must be
/// said.
fn read_cache(
    version: Option<&str>,
    fields: &mut Fields<'_, '_>,
    found: &mut Diagnostics<'_>,
) -> bool {
    let Some(cache) = fields.flag("cache", found) else {
        return false;
    };
    if cache.value && version.is_none_or(|version| version.trim().is_empty()) {
        found.push_hint(
            cache.span,
            "`cache = true` needs `version`",
            "name the state of the model that answers are kept for, for example `version = \"2026-10-01\"`; a new version asks everything anew",
        );
    }
    cache.value
}

const SYSTEM_ROLES: [(&str, SystemRole); 2] =
    [("send", SystemRole::Send), ("merge", SystemRole::Merge)];

/// What `generate` says.
#[derive(Default)]
struct Generate {
    sampling: Sampling,
    /// Whether it lists no stop texts on purpose.
    clears_stop: bool,
}

fn read_sampling(
    mut fields: Fields<'_, '_>,
    profile: Option<&Profile>,
    found: &mut Diagnostics<'_>,
) -> Generate {
    let temperature = fields.number("temperature", found);
    let top_p = fields.number("top_p", found);
    let max_tokens = fields.count("max_tokens", found);
    let stop = fields.texts("stop", found);
    let reasoning = read_reasoning(&mut fields, profile, found);
    fields.finish(found);
    refuse(
        found,
        temperature
            .as_ref()
            .filter(|at| !(0.0..=2.0).contains(&at.value)),
        "`temperature` must be from 0 to 2",
    );
    refuse(
        found,
        top_p
            .as_ref()
            .filter(|at| !(at.value > 0.0 && at.value <= 1.0)),
        "`top_p` must be above 0 and at most 1",
    );
    let clears_stop = stop.as_ref().is_some_and(|at| at.value.is_empty());
    let stop = stop.map_or(Vec::new(), |at| at.value);
    for text in stop.iter().filter(|text| text.value.is_empty()) {
        refuse(found, Some(text), "a text in `stop` must not be empty");
    }
    let sampling = Sampling {
        temperature: temperature.map(|at| at.value),
        top_p: top_p.map(|at| at.value),
        max_tokens: max_tokens.map(|at| at.value),
        stop: stop.iter().map(|text| text.value.to_owned()).collect(),
        reasoning,
    };
    Generate {
        sampling,
        clears_stop,
    }
}

/// A level of reasoning that the provider can be asked for.
fn read_reasoning(
    fields: &mut Fields<'_, '_>,
    profile: Option<&Profile>,
    found: &mut Diagnostics<'_>,
) -> Option<Reasoning> {
    let levels = Reasoning::ALL.map(|level| (level.as_str(), level));
    let span = fields.text("reasoning", found)?.span;
    let level = fields.one_of("reasoning", &levels, found)?;
    match profile {
        Some(profile) if profile.reasoning_fields(level).is_none() => {
            found.push_error(span, profile.no_such_level(level));
            None
        }
        _ => Some(level),
    }
}

fn read_limits(mut fields: Fields<'_, '_>, found: &mut Diagnostics<'_>) -> Limits {
    let concurrency = fields.count("concurrency", found);
    let requests = fields.count("requests_per_minute", found);
    let tokens = fields.count("tokens_per_minute", found);
    fields.finish(found);
    Limits {
        concurrency: concurrency.map(|at| at.value),
        requests_per_minute: requests.map(|at| at.value),
        tokens_per_minute: tokens.map(|at| at.value),
    }
}

/// Longest timeout that is accepted: a day.
const LONGEST: f64 = 86_400.0;

fn read_timeouts(mut fields: Fields<'_, '_>, found: &mut Diagnostics<'_>) -> Timeouts {
    let default = Timeouts::default();
    let mut seconds = |key| match fields.number(key, found)? {
        at if at.value >= 0.001 && at.value <= LONGEST => Some(Duration::from_secs_f64(at.value)),
        at => {
            let message = format!("`{key}` must be from 0.001 to {LONGEST} seconds");
            found.push(at.span, message);
            None
        }
    };
    let timeouts = Timeouts {
        connect: seconds("connect").unwrap_or(default.connect),
        idle: seconds("idle").unwrap_or(default.idle),
        total: seconds("total"),
    };
    fields.finish(found);
    timeouts
}

/// The labels that `allow` lists.
fn labels(words: Vec<At<&str>>, found: &mut Diagnostics<'_>) -> BTreeSet<Sensitivity> {
    let mut labels = BTreeSet::new();
    for word in words {
        match allow::label(word.value) {
            Some(label) => {
                labels.insert(label);
            }
            None => found.push(
                word.span,
                "`allow` may list \"public\", \"private\" and \"secret\"",
            ),
        }
    }
    labels
}

fn refuse<T>(found: &mut Diagnostics<'_>, at: Option<&At<T>>, message: &str) {
    if let Some(at) = at {
        found.push(at.span.clone(), message);
    }
}
