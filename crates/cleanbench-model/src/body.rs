//! A request as JSON bytes.
//!
//! Invariant: the same endpoint and request give the same bytes (fixed order of keys), so that a
//! recorded body can be recomputed. What is not set is not sent. Refuses a form that the endpoint
//! is not asked in, and a request without a message.

use cleanbench_core::{CallError, CallErrorKind, Form, Message, Request, Role};
use serde::Serialize;

use crate::Endpoint;
use crate::provider::{self, Prefill, Profile};

#[derive(Serialize)]
struct Body<'a> {
    model: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    messages: Option<Vec<WireMessage<'a>>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    prompt: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    temperature: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    top_p: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    max_tokens: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    max_completion_tokens: Option<u32>,
    #[serde(skip_serializing_if = "<[String]>::is_empty")]
    stop: &'a [String],
    #[serde(skip_serializing_if = "Option::is_none")]
    seed: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    random_seed: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    stream: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    stream_options: Option<StreamOptions>,
    #[serde(skip_serializing_if = "Option::is_none")]
    continue_final_message: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    add_generation_prompt: Option<bool>,
}

#[derive(Serialize)]
struct WireMessage<'a> {
    role: Role,
    content: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    prefix: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    partial: Option<bool>,
}

#[derive(Serialize)]
struct StreamOptions {
    include_usage: bool,
}

/// The bytes that `request` becomes at `endpoint`.
///
/// # Errors
/// [`CallErrorKind::Unsupported`] when the endpoint is not asked in the request's form, or the
/// request has no message, or asks for the likelihood of given texts or for more than text.
pub fn request_body(endpoint: &Endpoint, request: &Request) -> Result<Vec<u8>, CallError> {
    check(endpoint, request)?;
    serde_json::to_vec(&wire(endpoint, request)).map_err(|error| {
        let message = format!("{}: the request is no JSON: {error}", endpoint.host());
        CallError::new(CallErrorKind::Unsupported, message)
    })
}

fn check(endpoint: &Endpoint, request: &Request) -> Result<(), CallError> {
    let unsupported = |what: &str| {
        let message = format!("{}: {what}", endpoint.host());
        Err(CallError::new(CallErrorKind::Unsupported, message))
    };
    if let Some(what) = request.more_than_text() {
        return unsupported(&format!(
            "{what} cannot yet be asked for over this protocol"
        ));
    }
    match (endpoint.form, request.form) {
        _ if request.messages.is_empty() => unsupported("the request has no message"),
        _ if !request.continuations.is_empty() => {
            unsupported("the likelihood of a given text cannot be asked for over this protocol")
        }
        (Form::Chat | Form::Prefill, Form::Completion) => unsupported(
            "it is asked by chat and takes no raw text; set `form = \"completion\"` in the models file",
        ),
        (Form::Completion, Form::Chat | Form::Prefill) => unsupported(
            "it is asked by raw text and takes no chat; set `form = \"chat\"` in the models file",
        ),
        _ => Ok(()),
    }
}

fn wire<'a>(endpoint: &'a Endpoint, request: &'a Request) -> Body<'a> {
    let profile = provider::named_or_unknown(&endpoint.provider);
    let raw = request.form == Form::Completion;
    let newer_limit = profile.max_completion_tokens && !raw;
    let limit = request.sampling.max_tokens;
    let (seed, random_seed) = if profile.random_seed {
        (None, request.seed)
    } else {
        (request.seed, None)
    };
    let continues =
        request.form == Form::Prefill && profile.prefill == Prefill::ContinueFinalMessage;
    Body {
        model: &endpoint.model,
        messages: (!raw).then(|| messages(profile, request)),
        prompt: raw.then(|| joined(&request.messages)),
        temperature: request.sampling.temperature,
        top_p: request.sampling.top_p,
        max_tokens: limit.filter(|_| !newer_limit),
        max_completion_tokens: limit.filter(|_| newer_limit),
        stop: &request.sampling.stop,
        seed,
        random_seed,
        stream: endpoint.stream.then_some(true),
        stream_options: (endpoint.stream && profile.stream_options).then_some(StreamOptions {
            include_usage: true,
        }),
        continue_final_message: continues.then_some(true),
        add_generation_prompt: continues.then_some(false),
    }
}

fn messages<'a>(profile: &Profile, request: &'a Request) -> Vec<WireMessage<'a>> {
    let mut messages: Vec<_> = request
        .messages
        .iter()
        .map(|message| WireMessage {
            role: message.role,
            content: &message.content,
            prefix: None,
            partial: None,
        })
        .collect();
    if let (Form::Prefill, Some(last)) = (request.form, messages.last_mut()) {
        last.prefix = (profile.prefill == Prefill::PrefixFlag).then_some(true);
        last.partial = (profile.prefill == Prefill::PartialFlag).then_some(true);
    }
    messages
}

fn joined(messages: &[Message]) -> String {
    let contents: Vec<_> = messages
        .iter()
        .map(|message| message.content.as_str())
        .collect();
    contents.join("\n\n")
}

#[cfg(test)]
mod tests {
    use cleanbench_core::{Sampling, Sensitivity};

    use super::*;
    use crate::{ModelsFile, Overrides, resolve};

    fn endpoint(spec: &str) -> Endpoint {
        resolve(spec, &ModelsFile::empty(), &Overrides::default()).expect(spec)
    }

    fn request(form: Form) -> Request {
        let message = |role, content: &str| Message {
            role,
            content: content.to_owned(),
            images: Vec::new(),
        };
        let mut messages = vec![
            message(Role::System, "Be brief."),
            message(Role::User, "\"2\"+2?"),
        ];
        if form == Form::Prefill {
            messages.push(message(Role::Assistant, "It is"));
        }
        Request {
            form,
            messages,
            sampling: Sampling {
                temperature: Some(0.0),
                top_p: None,
                max_tokens: Some(5),
                stop: vec!["\n".to_owned()],
                reasoning: None,
            },
            seed: Some(7),
            continuations: Vec::new(),
            constraints: std::sync::Arc::default(),
            sensitivity: Sensitivity::Public,
        }
    }

    const MESSAGES: &str =
        r#"{"role":"system","content":"Be brief."},{"role":"user","content":"\"2\"+2?"}"#;

    #[test]
    fn the_bytes_are_fixed() {
        let check = |endpoint: &Endpoint, form, expect: String| {
            let bytes = request_body(endpoint, &request(form)).unwrap();
            let expect = expect.replace("MESSAGES", MESSAGES);
            assert_eq!(String::from_utf8(bytes).unwrap(), expect);
        };
        let rest = r#""temperature":0.0,"max_tokens":5,"stop":["\n"],"seed":7"#;
        check(
            &endpoint("llamacpp/m"),
            Form::Chat,
            format!(r#"{{"model":"m","messages":[MESSAGES],{rest}}}"#),
        );
        check(
            &endpoint("http://127.0.0.1:1/v1/completions#m"),
            Form::Completion,
            format!(r#"{{"model":"m","prompt":"Be brief.\n\n\"2\"+2?",{rest}}}"#),
        );
        let begun = r#"MESSAGES,{"role":"assistant","content":"It is""#;
        check(
            &endpoint("llamacpp/m"),
            Form::Prefill,
            format!(r#"{{"model":"m","messages":[{begun}}}],{rest}}}"#),
        );
        check(
            &endpoint("vllm/m"),
            Form::Prefill,
            format!(
                r#"{{"model":"m","messages":[{begun}}}],{rest},"continue_final_message":true,"add_generation_prompt":false}}"#
            ),
        );
        check(
            &endpoint("deepseek/m"),
            Form::Prefill,
            format!(r#"{{"model":"m","messages":[{begun},"prefix":true}}],{rest}}}"#),
        );
        check(
            &endpoint("qwen/m"),
            Form::Prefill,
            format!(r#"{{"model":"m","messages":[{begun},"partial":true}}],{rest}}}"#),
        );
        let mut streamed = endpoint("openai/m");
        streamed.stream = true;
        check(
            &streamed,
            Form::Chat,
            r#"{"model":"m","messages":[MESSAGES],"temperature":0.0,"max_completion_tokens":5,"stop":["\n"],"seed":7,"stream":true,"stream_options":{"include_usage":true}}"#.to_owned(),
        );
        let mut strict = endpoint("mistral/m");
        strict.stream = true;
        check(
            &strict,
            Form::Chat,
            r#"{"model":"m","messages":[MESSAGES],"temperature":0.0,"max_tokens":5,"stop":["\n"],"random_seed":7,"stream":true}"#.to_owned(),
        );
    }

    #[test]
    fn what_is_not_set_is_not_sent() {
        let mut bare = request(Form::Chat);
        bare.sampling = Sampling::default();
        bare.seed = None;
        let bytes = request_body(&endpoint("llamacpp/m"), &bare).unwrap();
        let expect = format!(r#"{{"model":"m","messages":[{MESSAGES}]}}"#);
        assert_eq!(String::from_utf8(bytes).unwrap(), expect);
    }

    #[test]
    fn what_cannot_be_expressed_is_refused() {
        let check = |spec: &str, request: &Request, words: &str| {
            let error = request_body(&endpoint(spec), request).unwrap_err();
            assert_eq!(error.kind, CallErrorKind::Unsupported);
            assert!(error.message.contains(words), "{error}");
        };
        check(
            "llamacpp/m",
            &request(Form::Completion),
            "form = \"completion\"",
        );
        let raw = "http://127.0.0.1:1/v1/completions#m";
        check(raw, &request(Form::Chat), "form = \"chat\"");
        check(raw, &request(Form::Prefill), "form = \"chat\"");
        let mut reasons = request(Form::Chat);
        reasons.sampling.reasoning = Some(cleanbench_core::Reasoning::Low);
        check("llamacpp/m", &reasons, "reasoning cannot yet be asked for");
        let mut empty = request(Form::Chat);
        empty.messages.clear();
        check("llamacpp/m", &empty, "no message");
    }
}
