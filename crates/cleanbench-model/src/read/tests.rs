//! Recorded and worded replies, and what is read in them.

use cleanbench_core::{Finish, Usage};
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
    let prompt = "What is the capital of France? RawAnswer in one word.";
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
            env!("CARGO_MANIFEST_DIR"),
            "/tests/fixtures/llamacpp-",
            $name,
            ".json"
        )))
    };
}

fn chunks(parts: &[Value]) -> String {
    let events = parts.iter().map(|part| format!("data: {part}\n\n"));
    events.collect::<Vec<_>>().concat()
}

mod errors;

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
fn broken_utf_8_costs_a_character_and_not_the_answer() {
    let body = b"{\"choices\":[{\"message\":{\"content\":\"a\xf0\x9f b\"}}]}";
    let completion = chat()
        .read(&request(), &reply(200, "application/json", body))
        .unwrap();
    assert_eq!(completion.text, "a\u{fffd} b");
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
fn what_a_reply_begins_with_decides_how_it_is_read() {
    let stream = chunks(&[
        json!({"choices": [{"index": 0, "delta": {"content": "Par"}}]}),
        json!({"choices": [{"index": 0, "delta": {"content": "is"}, "finish_reason": "stop"}]}),
    ]);
    let stream = format!("{stream}data: [DONE]\n\n");
    let message = json!({"role": "assistant", "content": "Paris"});
    let whole = json!({"choices": [{"index": 0, "message": message, "finish_reason": "stop"}]});
    let whole = format!("\n {whole}");
    for body in [&stream, &whole] {
        for kind in ["application/json", "text/event-stream", "text/plain"] {
            let read = chat().read(&request(), &reply(200, kind, body.as_str()));
            assert_eq!(read.unwrap().text, "Paris", "{kind}: {body}");
        }
    }
}

#[test]
fn a_compressed_answer_is_called_one() {
    for magic in [&[0x1f, 0x8b, 8, 0][..], &[0x28, 0xb5, 0x2f, 0xfd]] {
        for kind in ["application/json", "text/event-stream"] {
            let error = chat()
                .read(&request(), &reply(200, kind, magic))
                .unwrap_err();
            assert_eq!(error.kind, CallErrorKind::Malformed);
            assert!(error.message.contains("compressed"), "{error}");
        }
    }
}
