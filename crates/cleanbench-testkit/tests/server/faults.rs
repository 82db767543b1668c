//! The faults, one by one, as they are on the wire.
//!
//! Invariant: every kind of [`Fault`] is asked for at least once.

use std::io::Read as _;
use std::net::Shutdown;
use std::time::Duration;

use cleanbench_testkit::{Answers, FakeServer, Fault, Rule, Script, prompt_key};
use serde_json::{Value, json};

use crate::client::{Reply, ask, fixed, leave_open, question, status, streamed, wait_until};

/// Asks a server on which `fault` strikes, and checks status, content type and the rest.
fn check(fault: &Fault, code: u16, kind: &str, expect: &dyn Fn(&Reply) -> bool) {
    let rule = Rule::always(fault.clone());
    let server = FakeServer::start(fixed("one two three").with_rule(rule));
    let reply = ask(&server, &question("my prompt"));
    assert_eq!((reply.status, reply.complete), (code, true), "{fault:?}");
    let given = reply.header("content-type").unwrap_or_default();
    assert!(given.starts_with(kind), "{fault:?}: {given}");
    assert!(expect(&reply), "{fault:?}: {}", reply.text());
    assert_eq!(server.asked("my prompt"), 1);
}

const JSON: &str = "application/json";

#[test]
fn statuses_are_as_described() {
    let named = |fault: Fault, code: u16, name: &str| {
        check(&fault, code, JSON, &|reply| {
            reply.json()["error"]["code"] == name
        });
    };
    named(status(400), 400, "context_length_exceeded");
    named(status(401), 401, "invalid_api_key");
    named(status(404), 404, "model_not_found");
    named(status(500), 500, "internal_error");
    named(status(503), 503, "overloaded");
    named(Fault::StreamError, 500, "internal_error");
    let later = |retry_after, error: Option<&str>| Fault::Status {
        code: 429,
        retry_after,
        error: error.map(str::to_owned),
    };
    named(later(None, None), 429, "rate_limit_exceeded");
    named(
        later(None, Some("insufficient_quota")),
        429,
        "insufficient_quota",
    );
    for (seconds, expect) in [(Some(0), Some("0")), (Some(7), Some("7")), (None, None)] {
        check(&later(seconds, None), 429, JSON, &|reply| {
            reply.header("retry-after") == expect
        });
    }
}

#[test]
fn errors_that_leak_are_as_described() {
    let says = |fault: Fault, code: u16, part: &str| {
        check(&fault, code, JSON, &|reply| {
            let message = reply.json()["error"]["message"].clone();
            message
                .as_str()
                .is_some_and(|message| message.contains(part))
        });
    };
    says(Fault::EchoPrompt { code: 400 }, 400, "my prompt");
    says(
        Fault::EchoAuthorization { code: 401 },
        401,
        "Bearer secret-key",
    );
}

#[test]
fn bodies_that_are_no_answer_are_as_described() {
    let is_page = |reply: &Reply| reply.text().starts_with("<!doctype html>");
    check(&Fault::Html { code: 200 }, 200, "text/html", &is_page);
    check(&Fault::Html { code: 502 }, 502, "text/html", &is_page);
    let is_no_json = |reply: &Reply| serde_json::from_slice::<Value>(&reply.body).is_err();
    check(&Fault::Text, 200, "text/plain", &is_no_json);
    check(&Fault::MalformedJson, 200, JSON, &|reply| {
        is_no_json(reply) && reply.body.starts_with(b"{\"id\"")
    });
    let to = "http://localhost:1/v1".to_owned();
    check(&Fault::Redirect { to }, 302, "text/plain", &|reply| {
        reply.header("location") == Some("http://localhost:1/v1")
    });
}

#[test]
fn strange_answers_are_as_described() {
    let answers = |fault: Fault, content: Value, finish: &str| {
        check(&fault, 200, JSON, &|reply| {
            let choice = reply.json()["choices"][0].clone();
            choice["message"]["content"] == content && choice["finish_reason"] == finish
        });
    };
    answers(Fault::EmptyContent, json!(""), "stop");
    answers(Fault::NullContent, Value::Null, "stop");
    answers(Fault::ContentFilter, Value::Null, "content_filter");
    answers(Fault::Length { words: 2 }, json!("one two"), "length");
    answers(Fault::Delay { ms: 1 }, json!("one two three"), "stop");
    check(&Fault::NoChoices, 200, JSON, &|reply| {
        reply.json()["choices"] == json!([])
    });
    check(&Fault::HugeBody { mib: 2 }, 200, JSON, &|reply| {
        let content = reply.message()["content"].clone();
        content.as_str().is_some_and(|text| text.len() == 2 << 20)
            && reply.header("content-length").is_none()
    });
    let drip = Fault::SlowDrip {
        bytes: 5,
        pause_ms: 0,
    };
    check(&drip, 200, JSON, &|reply| {
        let (last, others) = reply.chunks.split_last().unwrap();
        *last <= 5 && others.iter().all(|size| *size == 5)
    });
}

#[test]
fn answers_that_say_otherwise_are_as_described() {
    let content_type = "text/html".to_owned();
    let retyped = Fault::WrongType { content_type };
    check(&retyped, 200, "text/html", &|reply| {
        reply.message()["content"] == "one two three"
    });
    let code = "rate_limit_exceeded".to_owned();
    check(&Fault::ErrorInside { code }, 200, JSON, &|reply| {
        reply.json()["error"]["code"] == "rate_limit_exceeded"
    });
    check(&Fault::Gzip, 200, JSON, &|reply| {
        reply.header("content-encoding") == Some("gzip") && reply.body.starts_with(&[0x1f, 0x8b])
    });
    check(&Fault::Truncated, 200, JSON, &|reply| {
        reply.header("content-length").is_none()
            && serde_json::from_slice::<Value>(&reply.body).is_err()
    });
}

#[test]
fn characters_are_cut_between_chunks() {
    for request in [question("x"), streamed("x")] {
        let rule = Rule::always(Fault::SplitUtf8);
        let server = FakeServer::start(fixed("ü→🦀").with_rule(rule));
        let reply = ask(&server, &request);
        assert!(reply.complete && reply.text().contains("ü"));
        let mut end = 0;
        let ends: Vec<_> = reply
            .chunks
            .iter()
            .map(|size| {
                end += size;
                end
            })
            .collect();
        let text = reply.text();
        let whole = ends
            .iter()
            .filter(|end| text.is_char_boundary(**end))
            .count();
        assert_eq!(
            (whole, ends.len()),
            (1, 4),
            "only the end is between characters"
        );
    }
}

#[test]
fn half_bodies_end_in_a_reset_or_never() {
    for request in [question("x"), streamed("x")] {
        let server = FakeServer::start(Script::failing(Fault::ResetInBody));
        let reply = ask(&server, &request);
        assert_eq!(
            (reply.status, reply.complete, reply.reset),
            (200, false, true)
        );
        assert!(!reply.body.is_empty());
    }
    {
        let server = FakeServer::start(Script::failing(Fault::HangInBody));
        let mut stream = leave_open(&server, "x");
        stream
            .set_read_timeout(Some(Duration::from_millis(300)))
            .unwrap();
        let mut raw = Vec::new();
        stream.read_to_end(&mut raw).unwrap_err();
        let text = String::from_utf8_lossy(&raw);
        assert!(
            text.starts_with("HTTP/1.1 200") && text.contains("\"id\""),
            "{text}"
        );
        assert_eq!(server.totals().in_flight, 1, "the body is still being sent");
        drop(stream);
        wait_until("gone", || server.totals().in_flight == 0);
    }
}

#[test]
fn faults_of_streams_are_as_described() {
    let check = |fault: Fault, complete: bool, last: &str, expect: &dyn Fn(&Reply) -> bool| {
        let script = Script {
            faults: vec![Rule::always(fault.clone())],
            ..fixed("ü and ü")
        };
        let reply = ask(&FakeServer::start(script), &streamed("x"));
        assert_eq!((reply.status, reply.complete), (200, complete), "{fault:?}");
        let events = reply.events();
        assert!(
            events.last().unwrap().contains(last),
            "{fault:?}: {events:?}"
        );
        assert!(expect(&reply), "{fault:?}: {events:?}");
    };
    let content = |reply: &Reply| -> String {
        let events = reply.events();
        let events = events
            .iter()
            .filter_map(|event| serde_json::from_str::<Value>(event).ok());
        events
            .filter_map(|event| {
                event["choices"][0]["delta"]["content"]
                    .as_str()
                    .map(str::to_owned)
            })
            .collect()
    };
    check(Fault::BrokenBody, false, "\"and ", &|reply| {
        !reply.text().contains("DONE")
    });
    check(Fault::StreamError, true, "stream_failed", &|reply| {
        content(reply) == "ü and "
    });
    check(Fault::Truncated, true, "", &|reply| {
        !reply.text().contains("DONE") && !reply.text().ends_with("\n\n")
    });
    check(Fault::DuplicateDone, true, "[DONE]", &|reply| {
        reply.text().matches("[DONE]").count() == 2 && content(reply) == "ü and ü"
    });
    let code = "rate_limit_exceeded".to_owned();
    let inside = Fault::ErrorInside { code };
    check(inside, true, "[DONE]", &|reply| {
        reply.events()[0].contains("rate_limit_exceeded")
    });
    check(Fault::EmptyContent, true, "[DONE]", &|reply| {
        content(reply).is_empty()
    });
    check(Fault::NullContent, true, "[DONE]", &|reply| {
        content(reply).is_empty()
    });
    check(Fault::Length { words: 1 }, true, "[DONE]", &|reply| {
        content(reply) == "ü" && reply.text().contains("\"finish_reason\":\"length\"")
    });
    check(Fault::NoChoices, true, "[DONE]", &|reply| {
        reply.events().len() > 1 && !reply.text().contains("delta")
    });
    check(Fault::MalformedJson, true, "[DONE]", &|reply| {
        serde_json::from_str::<Value>(&reply.events()[0]).is_err()
    });
    check(Fault::HugeBody { mib: 1 }, true, "[DONE]", &|reply| {
        content(reply).len() == 1 << 20
    });
    check(
        Fault::SlowDrip {
            bytes: 3,
            pause_ms: 0,
        },
        true,
        "[DONE]",
        &|reply| content(reply) == "ü and ü" && reply.chunks.iter().all(|size| *size <= 3),
    );
}

#[test]
fn faults_of_the_connection_are_as_described() {
    let faulty = |fault| FakeServer::start(Script::failing(fault));
    let reply = ask(&faulty(Fault::Reset), &question("x"));
    assert_eq!((reply.status, reply.body.len(), reply.reset), (0, 0, true));
    let reply = ask(&faulty(Fault::Close), &question("x"));
    assert_eq!((reply.status, reply.body.len(), reply.reset), (0, 0, false));
    let reply = ask(&faulty(Fault::BrokenBody), &question("x"));
    assert_eq!(
        (reply.status, reply.complete, reply.reset),
        (200, false, false)
    );
    let declared: usize = reply.header("content-length").unwrap().parse().unwrap();
    assert_eq!(reply.body.len(), declared / 2);
}

#[test]
fn a_hanging_call_ends_with_its_client() {
    let server = FakeServer::start(Script::failing(Fault::Hang));
    let mut stream = leave_open(&server, "x");
    wait_until("the call is in flight", || server.totals().in_flight == 1);
    stream
        .set_read_timeout(Some(Duration::from_millis(50)))
        .unwrap();
    assert!(stream.read(&mut [0; 1]).is_err(), "a hang answers nothing");
    assert_eq!(server.totals().in_flight, 1);
    stream.shutdown(Shutdown::Both).unwrap();
    wait_until("the call is gone", || server.totals().in_flight == 0);
}

#[test]
fn a_tenth_of_the_prompts_is_limited_once() {
    let limited = Rule::always(Fault::Status {
        code: 429,
        retry_after: Some(0),
        error: None,
    });
    let script =
        Script::answering(Answers::Echo).with_rule(limited.for_share(0.1).times_per_prompt(1));
    let (first, second) = (FakeServer::start(script.clone()), FakeServer::start(script));
    let statuses = |server: &FakeServer, numbers: &[u32]| -> Vec<u16> {
        let ask = |number: &u32| ask(server, &question(&format!("prompt {number}"))).status;
        numbers.iter().map(ask).collect()
    };
    let numbers: Vec<u32> = (0..300).collect();
    let backwards: Vec<u32> = (0..300).rev().collect();
    let forth = statuses(&first, &numbers);
    let mut back = statuses(&second, &backwards);
    back.reverse();
    assert_eq!(forth, back, "which prompts are struck depends on the order");
    let struck = forth.iter().filter(|status| **status == 429).count();
    assert!((15..=45).contains(&struck), "{struck}");
    assert!(
        statuses(&first, &numbers)
            .iter()
            .all(|status| *status == 200)
    );
    let counts = first.counts();
    assert_eq!((counts.requests, counts.connections), (600, 600));
    assert_eq!((counts.unique_prompts, counts.max_per_prompt), (300, 2));
    assert!(counts.by_prompt.values().all(|count| *count == 2));
    assert_eq!(counts.by_prompt.get(&prompt_key("prompt 7")), Some(&2));
}

#[test]
fn a_dripping_answer_is_in_flight_until_its_client_leaves() {
    let drip = Fault::SlowDrip {
        bytes: 1,
        pause_ms: 600_000,
    };
    let server = FakeServer::start(Script::failing(drip));
    let mut stream = leave_open(&server, "x");
    let mut seen = Vec::new();
    while !seen.ends_with(b"\r\n\r\n1\r\n{\r\n") {
        let mut byte = [0];
        stream.read_exact(&mut byte).unwrap();
        seen.push(byte[0]);
    }
    assert_eq!(server.totals().in_flight, 1);
    drop(stream);
    wait_until("the call is gone", || server.totals().in_flight == 0);
}
