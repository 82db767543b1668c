//! Replies that are no completion, and what they are called.

use super::*;

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
fn errors_in_odd_shapes() {
    let check = |body: &str, kind: CallErrorKind, words: &str| {
        let error = chat().read(&request(), &reply(400, "", body)).unwrap_err();
        assert_eq!(error.kind, kind, "{body}: {error}");
        assert!(error.message.contains(words), "{body}: {error}");
    };
    let (rejected, too_long) = (CallErrorKind::Rejected, CallErrorKind::TooLong);
    check(
        r#"[{"error": {"code": 400, "message": "no"}}]"#,
        rejected,
        ": \"no\"",
    );
    check(
        r#"{"object": "error", "message": "maximum context length"}"#,
        too_long,
        "maximum",
    );
    check(
        r#"{"detail": [{"loc": ["body"], "msg": "field required"}]}"#,
        rejected,
        "required",
    );
    check(r#"{"detail": "nope"}"#, rejected, "nope");
    check("prompt is too long", too_long, "prompt is too long");
    check("<p>prompt is too long</p>", rejected, "<p>");
    check("", rejected, "rejects the request");
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
    let echo = "cannot handle: What is the capital of France? RawAnswer in one word.";
    check(
        400,
        "application/json",
        &json!({"error": {"message": echo}}).to_string(),
    );
    check(400, "text/plain", echo);
    check(200, "text/plain", echo);
    check(200, "application/json", &json!({"error": echo}).to_string());
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
