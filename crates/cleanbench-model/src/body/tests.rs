//! Requests of every provider, byte by byte.

use cleanbench_core::{Message, Role, Sampling, Sensitivity};

use serde_json::{Value, json};

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
fn what_is_added_is_merged_into_what_is_there() {
    let text = "[models.m]\nprovider = \"vllm\"\nmodel = \"m\"\nextra_body = { temperature = 1, top_k = 20, chat_template_kwargs = { lang = \"en\" } }\n";
    let file = ModelsFile::parse(text, std::path::Path::new("models.toml")).unwrap();
    let endpoint = resolve("m", &file, &Overrides::default()).unwrap();
    let mut asked = request(Form::Chat);
    asked.sampling.reasoning = Some(Reasoning::Off);
    let bytes = request_body(&endpoint, &asked).unwrap();
    let expect = format!(
        r#"{{"model":"m","messages":[{MESSAGES}],"temperature":1,"max_tokens":5,"stop":["\n"],"seed":7,"chat_template_kwargs":{{"enable_thinking":false,"lang":"en"}},"top_k":20}}"#
    );
    assert_eq!(String::from_utf8(bytes).unwrap(), expect);
}

#[test]
fn what_becomes_of_parameters_is_said() {
    let check = |spec: &str, level, expect: Value| {
        let sampling = Sampling {
            temperature: Some(0.0),
            max_tokens: Some(5),
            reasoning: level,
            ..Sampling::default()
        };
        let found = effective(&endpoint(spec), &sampling);
        assert_eq!(found, expect, "{spec}");
        let refused = check_sampling(&endpoint(spec), &sampling).is_err();
        assert_eq!(refused, found.get("unsupported").is_some(), "{spec}");
    };
    check(
        "openai/m",
        Some(Reasoning::Low),
        json!({"sent": {"max_completion_tokens": 5, "reasoning_effort": "low"}, "seed": "seed", "omitted": ["temperature"]}),
    );
    check(
        "openai/m",
        Some(Reasoning::Off),
        json!({"sent": {"temperature": 0.0, "max_completion_tokens": 5, "reasoning_effort": "none"}, "seed": "seed"}),
    );
    check(
        "deepseek/m",
        Some(Reasoning::On),
        json!({"sent": {"temperature": 0.0, "max_tokens": 5, "thinking": {"type": "enabled"}}, "seed": "seed", "ignored": ["temperature"]}),
    );
    check(
        "deepseek/m",
        None,
        json!({"sent": {"temperature": 0.0, "max_tokens": 5}, "seed": "seed", "ignored": ["temperature"]}),
    );
    check(
        "openai-responses/m",
        None,
        json!({"sent": {"temperature": 0.0, "max_output_tokens": 5, "store": false}, "seed": null}),
    );
    check(
        "ollama-native/m",
        None,
        json!({"sent": {"options": {"temperature": 0.0, "num_predict": 5}}, "seed": "seed"}),
    );
    check(
        "tgi/m",
        Some(Reasoning::Off),
        json!({"sent": {"temperature": 0.0, "max_tokens": 5}, "seed": "seed", "unsupported": [
            "provider `tgi` cannot be asked for `reasoning = \"off\"`; name the server with `provider`, or describe it under `[providers.NAME]`"]}),
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
    let mut empty = request(Form::Chat);
    empty.messages.clear();
    check("llamacpp/m", &empty, "no message");
}
