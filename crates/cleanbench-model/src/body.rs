//! A request as JSON bytes, in the language of its endpoint.
//!
//! Invariant: the same endpoint and request give the same bytes (fixed order of keys), so that a
//! recorded body can be recomputed. What is not set is not sent. Refuses what the endpoint's language
//! or its provider cannot express; nothing that was asked for is dropped in silence: what is left out
//! because it would be refused stands in [`effective`].

mod chat;
mod instructions;
mod json;
mod llamacpp;
mod messages;
mod ollama;
mod responses;
mod sampling;
mod shared;

use cleanbench_core::{CallError, CallErrorKind, Form, Reasoning, Request, Sampling};
use serde_json::{Value, json};

use crate::provider::{Prefill, Profile, Protocol};
use crate::{ConfigError, Endpoint, likelihood};
use json::Object;
use sampling::Parameters;

/// What cannot be expressed, and what to do about it.
type Unsupported = String;

/// The bytes that `request` becomes at `endpoint`.
///
/// # Errors
/// [`CallErrorKind::Unsupported`] when the endpoint is not asked in the request's form, when its
/// provider has no way to express a part of it, when the request has no message, or asks for the
/// likelihood of given texts and nothing is known of a way.
pub fn request_body(endpoint: &Endpoint, request: &Request) -> Result<Vec<u8>, CallError> {
    if !request.continuations.is_empty() {
        let request = instructions::placed(endpoint, request);
        return likelihood::plan_bytes(endpoint, &request);
    }
    let unsupported = |what: String| {
        let message = format!("{}: {what}", endpoint.host());
        CallError::new(CallErrorKind::Unsupported, message)
    };
    let request = instructions::placed(endpoint, request);
    let body = body(endpoint, &request).map_err(unsupported)?;
    serde_json::to_vec(&body)
        .map_err(|error| unsupported(format!("the request is no JSON: {error}")))
}

fn body<'a>(endpoint: &'a Endpoint, request: &'a Request) -> Result<Object<'a>, Unsupported> {
    check(endpoint, request)?;
    let parameters = Parameters::new(endpoint, request.form, &request.sampling);
    let parameters = parameters.seeded(&endpoint.profile, request.seed);
    let mut body = match endpoint.profile.protocol {
        Protocol::OpenAi | Protocol::Imported => Ok(chat::body(endpoint, request, &parameters)),
        Protocol::Responses => responses::body(endpoint, request, &parameters),
        Protocol::Anthropic => messages::body(endpoint, request, &parameters),
        Protocol::Ollama => ollama::body(endpoint, request, &parameters),
        Protocol::LlamaCpp => Ok(llamacpp::body(endpoint, request, &parameters)),
    }?;
    if request.form != Form::Embedding {
        body.merge(&endpoint.profile.always);
        if let Some(level) = request.sampling.reasoning {
            body.merge(fields_for(&endpoint.profile, level)?);
        }
    }
    body.merge(&endpoint.extra_body);
    Ok(body)
}

fn fields_for(
    profile: &Profile,
    level: Reasoning,
) -> Result<&serde_json::Map<String, Value>, Unsupported> {
    profile.reasoning_fields(level).ok_or_else(|| {
        let error = profile.no_such_level(level);
        let hint = error.hint.unwrap_or_default();
        format!("{}; {hint}", error.message)
    })
}

fn check(endpoint: &Endpoint, request: &Request) -> Result<(), Unsupported> {
    if request.messages.is_empty() {
        return Err("the request has no message".to_owned());
    }
    check_form(endpoint.form, request.form)?;
    if request.form == Form::Prefill && endpoint.profile.prefill == Prefill::Unsupported {
        return Err(format!(
            "provider `{}` cannot be told to continue an answer; ask by raw text, or let the conversation end with the user",
            endpoint.profile.name
        ));
    }
    shared::check_constraints(endpoint, request)
}

fn check_form(asked: Form, wanted: Form) -> Result<(), Unsupported> {
    let what = match (asked, wanted) {
        (Form::Chat | Form::Prefill, Form::Completion) => {
            "it is asked by chat and takes no raw text; set `form = \"completion\"` in the models file"
        }
        (Form::Completion, Form::Chat | Form::Prefill) => {
            "it is asked by raw text and takes no chat; set `form = \"chat\"` in the models file"
        }
        (Form::Embedding, Form::Chat | Form::Prefill | Form::Completion) => {
            "it is asked for embeddings and writes no text; set `form = \"chat\"` in the models file"
        }
        (Form::Chat | Form::Prefill | Form::Completion, Form::Embedding) => {
            "it is not asked for embeddings; set `form = \"embedding\"` in the models file"
        }
        _ => return Ok(()),
    };
    Err(what.to_owned())
}

/// What `sampling` becomes at `endpoint`: under `sent` the fields of its requests, under `omitted`
/// parameters that are not sent because they would be refused, under `ignored` parameters that are
/// sent but known to have no effect, under `unsupported` what makes every request fail.
pub fn effective(endpoint: &Endpoint, sampling: &Sampling) -> Value {
    let profile = &endpoint.profile;
    let parameters = Parameters::new(endpoint, endpoint.form, sampling);
    let mut sent = parameters.fields(profile.protocol);
    sent.merge(&profile.always);
    let mut unsupported = parameters.unsupported(profile.protocol);
    if let Some(level) = sampling.reasoning {
        match fields_for(profile, level) {
            Ok(fields) => sent.merge(fields),
            Err(what) => unsupported.push(what),
        }
    }
    sent.merge(&endpoint.extra_body);
    let mut effective = json!({ "sent": sent.to_value(), "seed": profile.seed_field });
    let lists = [
        ("omitted", parameters.omitted),
        ("ignored", parameters.ignored),
        ("unsupported", unsupported),
    ];
    for (key, list) in lists {
        if !list.is_empty() {
            effective[key] = list.into();
        }
    }
    effective
}

/// Whether `endpoint` can be asked with `sampling` at all.
///
/// # Errors
/// When its provider cannot be asked for the level of reasoning.
pub fn check_sampling(endpoint: &Endpoint, sampling: &Sampling) -> Result<(), ConfigError> {
    match sampling.reasoning {
        Some(level) if endpoint.profile.reasoning_fields(level).is_none() => {
            Err(endpoint.profile.no_such_level(level))
        }
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests;
