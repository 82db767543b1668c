//! Recorded and worded replies, and what is read in them.

use serde_json::{Value, json};

use super::*;
use crate::{ModelsFile, Overrides, resolve};

fn reader_for(spec: &str) -> Reader {
    reader(&resolve(spec, &ModelsFile::empty(), &Overrides::default()).expect(spec))
}

fn chat() -> Reader {
    reader_for("http://127.0.0.1:8080/v1#m")
}

fn raw() -> Reader {
    reader_for("http://127.0.0.1:8080/v1/completions#m")
}

fn request() -> Vec<u8> {
    let prompt = "What is the capital of France? Answer in one word.";
    json!({"model": "m", "messages": [{"role": "user", "content": prompt}]})
        .to_string()
        .into_bytes()
}

fn reply(status: u16, content_type: &str, body: impl Into<Vec<u8>>) -> Reply {
    Reply {
        status,
        content_type: Some(content_type.to_owned()),
        retry_after: None,
        body: body.into(),
    }
}

fn ok(body: &Value) -> Reply {
    reply(200, "application/json", body.to_string())
}

/// The fixture's request and reply.
fn fixture(text: &str) -> (Vec<u8>, Reply) {
    let fixture: Value = serde_json::from_str(text).unwrap();
    let status = u16::try_from(fixture["status"].as_u64().unwrap()).unwrap();
    let content_type = fixture["content_type"].as_str().unwrap();
    let body = fixture["body"].as_str().unwrap();
    let request = fixture["request"].to_string().into_bytes();
    (request, reply(status, content_type, body))
}

macro_rules! recorded {
    ($name:literal) => {
        fixture(include_str!(concat!(
            "../../tests/fixtures/llamacpp-",
            $name,
            ".json"
        )))
    };
}

fn counts(usage: Usage) -> [Option<u64>; 4] {
    [
        usage.prompt,
        usage.completion,
        usage.reasoning,
        usage.cached,
    ]
}

#[test]
fn recorded_answers_of_llama_cpp() {
    let check = |reader: &Reader, recorded: (Vec<u8>, Reply), text: &str, finish, usage| {
        let completion = reader.read(&recorded.0, &recorded.1).expect(text);
        assert_eq!(completion.text, text);
        assert_eq!(completion.finish, finish, "{text}");
        assert_eq!(counts(completion.usage), usage, "{text}");
        assert_eq!(completion.model.as_deref(), Some("lab"));
        assert_eq!(completion.fingerprint.as_deref(), Some("b0-unknown"));
    };
    let (stop, length) = (Finish::Stop, Finish::Length);
    let paris = "The capital of France is Paris.";
    let usage = |prompt, completion, cached| [Some(prompt), Some(completion), None, Some(cached)];
    check(
        &chat(),
        recorded!("chat"),
        paris,
        stop.clone(),
        usage(42, 8, 0),
    );
    check(
        &chat(),
        recorded!("chat-prefill"),
        " France is Paris.",
        stop.clone(),
        usage(45, 5, 44),
    );
    check(
        &chat(),
        recorded!("chat-stop"),
        "The capital of ",
        stop.clone(),
        usage(42, 4, 41),
    );
    check(
        &chat(),
        recorded!("chat-stream"),
        paris,
        stop.clone(),
        [None; 4],
    );
    check(
        &chat(),
        recorded!("chat-stream-usage"),
        paris,
        stop,
        usage(42, 8, 41),
    );
    let crabs = "\u{1f980}".repeat(5);
    let utf8 = recorded!("chat-utf8");
    assert_eq!(chat().read(&utf8.0, &utf8.1).unwrap().text, crabs);
    check(
        &raw(),
        recorded!("completions"),
        " Paris.\n\n",
        length.clone(),
        usage(5, 4, 0),
    );
    check(
        &raw(),
        recorded!("completions-stream"),
        " Paris.\n\n",
        length,
        usage(5, 4, 3),
    );
}

#[test]
fn recorded_errors_of_llama_cpp() {
    let check = |recorded: (Vec<u8>, Reply), kind, words: &str| {
        let error = chat().read(&recorded.0, &recorded.1).unwrap_err();
        assert_eq!(error.kind, kind, "{error}");
        assert!(error.message.contains(words), "{error}");
        assert!(
            error.message.starts_with("127.0.0.1:8080: HTTP 4"),
            "{error}"
        );
    };
    check(
        recorded!("err-too-long"),
        CallErrorKind::TooLong,
        "9031 tokens",
    );
    check(
        recorded!("err-bad-json"),
        CallErrorKind::Rejected,
        "parse error",
    );
    check(
        recorded!("err-temp-string"),
        CallErrorKind::Rejected,
        "type must be number",
    );
    check(
        recorded!("err-no-messages"),
        CallErrorKind::Rejected,
        "'messages' is required",
    );
    check(
        recorded!("get-not-found"),
        CallErrorKind::NotFound,
        "check the URL",
    );
}

#[test]
fn shapes_of_other_servers() {
    let check = |message: &Value, text: &str, reasoning: Option<&str>| {
        let body = json!({"choices": [{"message": message, "finish_reason": "stop"}]});
        let completion = chat().read(&request(), &ok(&body)).expect(text);
        assert_eq!(completion.text, text, "{message}");
        assert_eq!(completion.reasoning.as_deref(), reasoning, "{message}");
    };
    check(
        &json!({"content": "a", "reasoning_content": "r"}),
        "a",
        Some("r"),
    );
    check(
        &json!({"content": "a", "reasoning": "r", "reasoning_content": ""}),
        "a",
        Some("r"),
    );
    check(
        &json!({"content": "a", "reasoning": "r", "reasoning_content": "r"}),
        "a",
        Some("r"),
    );
    check(
        &json!({"content": "a", "reasoning": {"effort": 1}}),
        "a",
        None,
    );
    check(
        &json!({"content": null, "reasoning_content": null}),
        "",
        None,
    );
    check(&json!({"content": 7, "tool_calls": []}), "", None);
    check(&json!({}), "", None);
    check(&Value::Null, "", None);
    let parts = json!([
        {"type": "thinking", "thinking": [{"type": "text", "text": "hm "}, {"type": "text", "text": "yes"}]},
        {"type": "text", "text": "a"}, {"type": "image_url"}, "b",
    ]);
    check(&json!({"content": parts}), "ab", Some("hm yes"));
    check(&json!({"content": "<think>r</think>\n\na"}), "a", Some("r"));
}

#[test]
fn usage_in_all_dialects() {
    let check = |usage: Value, expect: [Option<u64>; 4]| {
        let body = json!({"choices": [{"message": {"content": "a"}}], "usage": usage});
        let completion = chat().read(&request(), &ok(&body)).unwrap();
        assert_eq!(counts(completion.usage), expect, "{body}");
        assert_eq!(completion.finish, Finish::Unreported);
    };
    check(Value::Null, [None; 4]);
    check(json!({}), [None; 4]);
    check(
        json!({"prompt_tokens": 0, "completion_tokens": 12.0}),
        [Some(0), Some(12), None, None],
    );
    check(
        json!({"prompt_tokens": "3", "completion_tokens": -1}),
        [None; 4],
    );
    check(
        json!({"prompt_tokens": 3, "prompt_tokens_details": null, "prompt_cache_hit_tokens": 2}),
        [Some(3), None, None, Some(2)],
    );
    check(
        json!({"cached_tokens": 10, "completion_tokens_details": {"reasoning_tokens": 22}}),
        [None, None, Some(22), Some(10)],
    );
    check(json!({"reasoning_tokens": 5}), [None, None, Some(5), None]);
}

#[test]
fn statuses_and_words_decide_the_kind() {
    let check = |status: u16, error: Value, kind: CallErrorKind| {
        let refused = reply(
            status,
            "application/json",
            json!({"error": error}).to_string(),
        );
        let found = chat().read(&request(), &refused).unwrap_err();
        assert_eq!(found.kind, kind, "{status} {error}: {found}");
        assert!(found.message.starts_with("127.0.0.1:8080: "), "{found}");
    };
    check(301, json!({}), CallErrorKind::NotFound);
    check(
        400,
        json!({"code": "context_length_exceeded"}),
        CallErrorKind::TooLong,
    );
    check(
        400,
        json!({"message": "This model's maximum context length is 4096 tokens."}),
        CallErrorKind::TooLong,
    );
    check(
        400,
        json!({"message": "Range of input length should be [1, 30720]"}),
        CallErrorKind::TooLong,
    );
    check(
        400,
        json!({"code": "data_inspection_failed"}),
        CallErrorKind::Censored,
    );
    check(
        400,
        json!({"code": "content_filter", "innererror": {"code": "ResponsibleAIPolicyViolation"}}),
        CallErrorKind::Censored,
    );
    check(
        400,
        json!({"message": "Content Exists Risk"}),
        CallErrorKind::Censored,
    );
    check(
        400,
        json!({"message": "Unsupported parameter"}),
        CallErrorKind::Rejected,
    );
    check(401, json!("no key"), CallErrorKind::Auth);
    check(
        402,
        json!({"message": "Insufficient Balance"}),
        CallErrorKind::Auth,
    );
    check(
        403,
        json!({"message": "Your input was flagged"}),
        CallErrorKind::Censored,
    );
    check(403, Value::Null, CallErrorKind::Auth);
    check(
        404,
        json!({"code": "model_not_found"}),
        CallErrorKind::NotFound,
    );
    check(405, Value::Null, CallErrorKind::Unsupported);
    check(408, Value::Null, CallErrorKind::RateLimited);
    check(418, Value::Null, CallErrorKind::Rejected);
    check(
        422,
        json!({"message": "temperature"}),
        CallErrorKind::Rejected,
    );
    check(429, json!({"type": "tokens"}), CallErrorKind::RateLimited);
    check(
        429,
        json!({"code": "insufficient_quota"}),
        CallErrorKind::Auth,
    );
    check(500, Value::Null, CallErrorKind::Overloaded);
    check(501, Value::Null, CallErrorKind::Unsupported);
    check(529, Value::Null, CallErrorKind::Overloaded);
    for status in [0, 100, 199, 304, 600, u16::MAX] {
        let nothing = reply(status, "", "");
        assert!(chat().read(&request(), &nothing).is_err(), "{status}");
    }
}

#[test]
fn a_success_that_is_none() {
    let check = |content_type: &str, body: &str, kind: CallErrorKind, words: &str| {
        let error = chat()
            .read(&request(), &reply(200, content_type, body))
            .unwrap_err();
        assert_eq!(error.kind, kind, "{body}: {error}");
        assert!(error.message.contains(words), "{body}: {error}");
    };
    let json = "application/json";
    check(
        "text/html",
        "<html>\u{1b}[31m<title>Sign in</title>",
        CallErrorKind::NotJson,
        "(text/html): \"<html> [31m<title>Sign in</title>\"",
    );
    check(
        "text/plain",
        "ok",
        CallErrorKind::NotJson,
        "check that the URL",
    );
    check(json, "  \n\n", CallErrorKind::Broken, "empty");
    check(
        json,
        r#"{"choices":[{"mess"#,
        CallErrorKind::Malformed,
        "breaks off at line 1",
    );
    check(
        json,
        r#"{"choices": "a"}"#,
        CallErrorKind::Malformed,
        "unexpected type",
    );
    check(
        json,
        r#"{"choices": []}"#,
        CallErrorKind::Malformed,
        "without `choices`",
    );
    check(
        json,
        r#"{"object": "list"}"#,
        CallErrorKind::Malformed,
        "without `choices`",
    );
    check(json, "[1]", CallErrorKind::Malformed, "");
    check(
        json,
        r#"{"error": {"code": 429, "message": "slow down"}}"#,
        CallErrorKind::RateLimited,
        "slow down",
    );
    check(
        json,
        r#"{"error": {"code": "502", "message": "upstream"}}"#,
        CallErrorKind::Overloaded,
        "upstream",
    );
    check(
        json,
        r#"{"error": {"type": "overloaded_error"}}"#,
        CallErrorKind::Overloaded,
        "inside a success",
    );
    check(
        json,
        r#"{"error": "who knows"}"#,
        CallErrorKind::Malformed,
        "who knows",
    );
    check(
        json,
        r#"{"choices": null, "base_resp": {"status_code": 1004, "status_msg": "login fail"}}"#,
        CallErrorKind::Auth,
        "login fail",
    );
    check(
        json,
        r#"{"choices": [{"message": {"content": ""}, "finish_reason": "content_filter"}]}"#,
        CallErrorKind::Censored,
        "content filter",
    );
}

#[test]
fn an_error_never_repeats_the_prompt() {
    let check = |status: u16, content_type: &str, body: &str| {
        let error = chat()
            .read(&request(), &reply(status, content_type, body))
            .unwrap_err();
        assert!(!error.message.contains("capital of France"), "{error}");
        assert!(error.message.contains("repeats the prompt"), "{error}");
    };
    let echo = "cannot handle: What is the capital of France? Answer in one word.";
    check(
        400,
        "application/json",
        &json!({"error": {"message": echo}}).to_string(),
    );
    check(400, "text/plain", echo);
    check(200, "text/plain", echo);
    check(200, "application/json", &json!({"error": echo}).to_string());
}

fn chunks(parts: &[Value]) -> String {
    let events = parts.iter().map(|part| format!("data: {part}\n\n"));
    events.collect::<Vec<_>>().concat()
}

#[test]
fn streams_of_other_servers() {
    let stream = "text/event-stream; charset=utf-8";
    let said = |field: &str, text: &str| json!({"choices": [{"index": 0, "delta": {field: text}}]});
    let body = format!(
        ": PROCESSING\n\n{}data: [DONE]",
        chunks(&[
            json!({"choices": [], "model": "", "prompt_filter_results": []}),
            said("reasoning_content", "h"),
            said("reasoning_content", "m"),
            json!({"choices": [{"index": 1, "delta": {"content": "other"}}]}),
            said("content", "a"),
            json!({"model": "m-1", "choices": [{"delta": {"content": "b"}, "finish_reason": "length"}]}),
            json!({"error": {"code": 400, "message": "Token limit reached"}, "usage": {"prompt_tokens": 4}}),
        ])
    );
    let completion = chat().read(&request(), &reply(200, stream, body)).unwrap();
    assert_eq!(completion.text, "ab");
    assert_eq!(completion.reasoning.as_deref(), Some("hm"));
    assert_eq!(completion.finish, Finish::Length);
    assert_eq!(completion.usage.prompt, Some(4));
    assert_eq!(completion.model.as_deref(), Some("m-1"));

    let only_done = format!("{}data: [DONE]\n\n", chunks(&[said("content", "a")]));
    let completion = chat()
        .read(&request(), &reply(200, stream, only_done))
        .unwrap();
    assert_eq!(completion.finish, Finish::Unreported);
}

#[test]
fn streams_that_fail() {
    let check = |body: &str, kind: CallErrorKind, words: &str| {
        let error = chat()
            .read(&request(), &reply(200, "text/event-stream", body))
            .unwrap_err();
        assert_eq!(error.kind, kind, "{body}: {error}");
        assert!(error.message.contains(words), "{body}: {error}");
    };
    let started = chunks(&[json!({"choices": [{"delta": {"content": "a"}}]})]);
    check("", CallErrorKind::Broken, "ended early");
    check(&started, CallErrorKind::Broken, "ended early");
    check(
        &format!("{started}data: {{\"choi"),
        CallErrorKind::Broken,
        "ended early",
    );
    check(
        &format!("{started}data: {{\"choi\n\n"),
        CallErrorKind::Malformed,
        "breaks off",
    );
    check(
        &format!("{started}data: {{\"error\": {{\"code\": 503}}}}\n\ndata: [DONE]\n\n"),
        CallErrorKind::Overloaded,
        "",
    );
    check(
        "event: error\ndata: {\"message\": \"rate limit\"}\n\n",
        CallErrorKind::RateLimited,
        "rate limit",
    );
}

#[test]
fn a_repeated_prefix_is_taken_off_only_where_servers_repeat_it() {
    let body = json!({"messages": [
        {"role": "user", "content": "Go on."},
        {"role": "assistant", "content": "A", "prefix": true},
    ]});
    let check = |spec: &str, content: &str, expect: &str| {
        let answer = ok(&json!({"choices": [{"message": {"content": content}}]}));
        let completion = reader_for(spec)
            .read(body.to_string().as_bytes(), &answer)
            .unwrap();
        assert_eq!(completion.text, expect, "{spec}");
    };
    check("llamacpp/m", "A B", " B");
    check("llamacpp/m", " B", " B");
    check("deepseek/m", "A B", " B");
    check("vllm/m", "A B", "A B");
    check("qwen/m", "A B", "A B");
}

#[test]
fn no_bytes_make_it_panic() {
    let (request, good) = recorded!("chat-stream-usage");
    for content_type in ["text/event-stream", "application/json"] {
        for cut in (0..good.body.len()).step_by(3) {
            let mut body = good.body[..cut].to_vec();
            let _any = chat()
                .read(&request, &reply(200, content_type, body.clone()))
                .is_ok();
            if let Some(last) = body.last_mut() {
                *last = 0xff;
            }
            let _any = chat()
                .read(&request, &reply(400, content_type, body))
                .is_ok();
        }
    }
    let deep = "[".repeat(100_000);
    assert!(
        chat()
            .read(&request, &reply(200, "application/json", deep))
            .is_err()
    );
}
