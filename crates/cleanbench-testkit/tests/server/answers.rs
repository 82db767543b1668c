//! The answers: their shape, and that they are the same everywhere.
//!
//! Invariant: shapes are compared whole, so a field that comes or goes fails a test.

use cleanbench_testkit::{
    Answers, FakeServer, Fault, ItemList, KnownItem, Memory, Options, Reasoning, Rule, Script,
    Tokens, Usage, prompt_key, right_choice,
};
use serde_json::{Value, json};

use crate::client::{ask, fixed, question, send, streamed};

#[test]
fn a_chat_answer_has_the_shape_of_the_api() {
    let server = FakeServer::start(fixed("the answer"));
    let reply = ask(&server, &question("one two three"));
    let id = format!("chatcmpl-{:016x}", prompt_key("one two three"));
    let expect = json!({
        "id": id, "object": "chat.completion", "created": 1_700_000_000, "model": "m",
        "system_fingerprint": "fp_fake",
        "choices": [{ "index": 0, "message": { "role": "assistant", "content": "the answer" },
                      "logprobs": null, "finish_reason": "stop" }],
        "usage": { "prompt_tokens": 5, "completion_tokens": 2, "total_tokens": 7 },
    });
    assert_eq!((reply.status, reply.complete), (200, true));
    assert_eq!(reply.json(), expect);
    assert_eq!(reply.header("content-type"), Some("application/json"));
}

#[test]
fn a_text_completion_has_the_shape_of_the_api() {
    let server = FakeServer::start(Script::answering(Answers::Echo));
    let body = json!({ "model": "m", "prompt": "to be" }).to_string();
    let reply = send(server.addr(), "POST", "/v1/completions", "", &body).json();
    assert_eq!(reply["object"], "text_completion");
    assert_eq!(reply["choices"][0]["text"], "to be");
    assert!(reply["id"].as_str().unwrap().starts_with("cmpl-"));
    let body = json!({ "prompt": "to be", "stream": true }).to_string();
    let reply = send(server.addr(), "POST", "/v1/completions", "", &body);
    let texts: Vec<Value> = reply.events()[..3]
        .iter()
        .map(|event| serde_json::from_str::<Value>(event).unwrap()["choices"][0]["text"].clone())
        .collect();
    assert_eq!(texts, ["to ", "be", ""]);
}

#[test]
fn what_is_known_by_heart_goes_on_as_far_as_there_is_room() {
    let item = KnownItem::new("Question: Who keeps the bees?\nA. the baker\nB. the smith");
    let server = FakeServer::start(Script::answering(Answers::Memory(Memory {
        lists: vec![ItemList::by_heart([item])],
        tokens: Some(Tokens::SHORT),
        ..Memory::default()
    })));
    let begun = "Question: Who keeps the bees?\nA.";
    let body = json!({ "prompt": begun, "stop": ["\n"], "max_tokens": 99 }).to_string();
    let reply = send(server.addr(), "POST", "/v1/completions", "", &body).json();
    assert_eq!(reply["choices"][0]["text"], " the baker");
    assert_eq!(reply["choices"][0]["finish_reason"], "stop");
    let messages = json!([{ "role": "assistant", "content": begun }]);
    let body = json!({ "messages": messages, "max_tokens": 2, "stream": true });
    let reply = ask(&server, &body);
    let text = reply.text();
    assert!(text.contains("the") && !text.contains("baker"), "{text}");
    assert!(text.contains("\"finish_reason\":\"length\""), "{text}");
}

#[test]
fn a_stream_has_the_shape_of_the_api() {
    let script = Script {
        reasoning: Reasoning::ReasoningContent("hm well".to_owned()),
        ..fixed("the answer")
    };
    let server = FakeServer::start(script);
    let reply = ask(&server, &streamed("x"));
    assert_eq!(reply.header("content-type"), Some("text/event-stream"));
    assert!(reply.complete);
    let events = reply.events();
    let (last, events) = events.split_last().unwrap();
    assert_eq!(last, "[DONE]");
    let events: Vec<Value> = events
        .iter()
        .map(|event| serde_json::from_str(event).unwrap())
        .collect();
    let (usage, events) = events.split_last().unwrap();
    assert_eq!(usage["choices"], json!([]));
    assert_eq!(
        usage["usage"],
        json!({ "prompt_tokens": 3, "completion_tokens": 4, "total_tokens": 7,
                "completion_tokens_details": { "reasoning_tokens": 2 } })
    );
    let deltas: Vec<&Value> = events
        .iter()
        .map(|event| &event["choices"][0]["delta"])
        .collect();
    let expect = [
        json!({ "role": "assistant", "content": "" }),
        json!({ "reasoning_content": "hm " }),
        json!({ "reasoning_content": "well" }),
        json!({ "content": "the " }),
        json!({ "content": "answer" }),
        json!({}),
    ];
    assert_eq!(deltas, expect.iter().collect::<Vec<_>>());
    let finishes: Vec<&Value> = events
        .iter()
        .map(|event| &event["choices"][0]["finish_reason"])
        .collect();
    assert_eq!(finishes.last(), Some(&&json!("stop")));
    assert!(finishes[..5].iter().all(|finish| finish.is_null()));
    assert!(
        events
            .iter()
            .all(|event| event["usage"].is_null() && event.get("usage").is_some())
    );
    let mut plain = streamed("x");
    plain["stream_options"] = Value::Null;
    assert!(!ask(&server, &plain).text().contains("usage"));
}

#[test]
fn reasoning_and_usage_follow_the_script() {
    let check = |script: Script, message: Value, usage: Value| {
        let server = FakeServer::start(script);
        let reply = ask(&server, &question("x"));
        assert_eq!(reply.message(), message);
        assert_eq!(reply.json()["usage"], usage);
    };
    let reasoning = |reasoning| Script {
        reasoning,
        ..fixed("a")
    };
    let tokens = |completion: u64| json!({ "prompt_tokens": 3, "completion_tokens": completion, "total_tokens": 3 + completion });
    let with = |mut value: Value, key: &str, part: Value| {
        value[key] = part;
        value
    };
    let message = json!({ "role": "assistant", "content": "a" });
    check(reasoning(Reasoning::None), message.clone(), tokens(1));
    check(
        reasoning(Reasoning::Reasoning("r s".to_owned())),
        with(message.clone(), "reasoning", json!("r s")),
        with(
            tokens(3),
            "completion_tokens_details",
            json!({ "reasoning_tokens": 2 }),
        ),
    );
    check(
        reasoning(Reasoning::Think("r s".to_owned())),
        json!({ "role": "assistant", "content": "<think>\nr s\n</think>\n\na" }),
        tokens(5),
    );
    let usage = |usage| Script {
        usage,
        ..fixed("a")
    };
    check(usage(Usage::Absent), message.clone(), Value::Null);
    let cached = json!({ "cached_tokens": 3 });
    check(
        usage(Usage::Cached(99)),
        message,
        with(tokens(1), "prompt_tokens_details", cached),
    );
}

#[test]
fn two_servers_give_the_same_bytes() {
    let choices = ["A", "B", "C"].map(str::to_owned).to_vec();
    let script = Script::answering(Answers::Hash {
        choices: choices.clone(),
        right_share: 1.0,
    })
    .with_rule(Rule::always(Fault::ContentFilter).for_share(0.2));
    let several = Options {
        threads: 2,
        ..Options::default()
    };
    let first = FakeServer::start(script.clone());
    let second = FakeServer::start_with(script, several).unwrap();
    let mut answers = std::collections::BTreeSet::new();
    for number in 0..60 {
        let prompt = format!("prompt {number}");
        let (one, other) = (
            ask(&first, &question(&prompt)),
            ask(&second, &question(&prompt)),
        );
        assert_eq!(one.body, other.body);
        assert_eq!(
            ask(&first, &streamed(&prompt)).body,
            ask(&second, &streamed(&prompt)).body
        );
        if let Some(answer) = one.message()["content"].as_str() {
            assert_eq!(Some(answer), right_choice(&choices, &prompt));
            answers.insert(answer.to_owned());
        }
    }
    assert_eq!(answers.len(), 3, "every choice is picked by some prompt");
}

#[test]
fn scores_come_over_the_wire_and_only_where_the_script_has_them() {
    let post = |server: &FakeServer, path: &str, body: &Value| {
        let reply = crate::client::send(server.addr(), "POST", path, "", &body.to_string());
        (reply.status, reply.json())
    };
    let script = |form: &str| -> Script {
        let tokens = json!([{"text": "a", "id": 1}, {"text": " b", "id": 2, "logprob": -0.5}]);
        let texts = json!([{"text": "a b", "tokens": tokens}]);
        serde_json::from_value(json!({"scored": {"form": form, "texts": texts}})).unwrap()
    };
    let echo = json!({"prompt": "a b", "echo": true, "logprobs": 0, "max_tokens": 0});
    let server = FakeServer::start(script("echo"));
    let (status, answer) = post(&server, "/v1/completions", &echo);
    assert_eq!(status, 200);
    let numbers = &answer["choices"][0]["logprobs"]["token_logprobs"];
    assert_eq!(*numbers, json!([null, -0.5]));
    assert_eq!((server.asked("a b"), server.totals().requests), (1, 1));
    let mut unknown = echo.clone();
    unknown["prompt"] = json!("c");
    assert_eq!(post(&server, "/v1/completions", &unknown).0, 400);
    assert_eq!(post(&server, "/generate", &echo).0, 404);
    let server = FakeServer::start(script("sglang"));
    let request = json!({"text": "a b", "return_logprob": true, "logprob_start_len": 0});
    let (status, answer) = post(&server, "/generate", &request);
    assert_eq!(status, 200);
    let numbers = &answer["meta_info"]["input_token_logprobs"];
    assert_eq!(*numbers, json!([[null, 1, "a"], [-0.5, 2, " b"]]));
    // The echo is no field of this server, so it answers like any other prompt.
    let (status, answer) = post(&server, "/v1/completions", &echo);
    assert_eq!(
        (status, &answer["choices"][0]["logprobs"]),
        (200, &Value::Null)
    );
}
