//! Logs as files, from end to end.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use serde_json::{Value, json};

use super::*;
use crate::error::ErrorKind;

fn wanted(samples: usize) -> Wanted {
    Wanted {
        samples,
        seed: 1,
        format: None,
    }
}

/// A folder with log files.
struct Logs(tempfile::TempDir);

impl Logs {
    fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    fn write(&self, name: &str, text: &str) -> PathBuf {
        let path = self.0.path().join(name);
        fs_err::write(&path, text).unwrap();
        path
    }
}

fn rows(chats: &RecordedChats) -> Vec<Value> {
    let data = chats.suite.iter().filter(|file| file.name != "suite.toml");
    let text = data.map(|file| String::from_utf8(file.bytes.clone()).unwrap());
    let text: String = text.collect();
    text.lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect()
}

fn chat(question: &str, answer: &str) -> String {
    let record = json!({"model": "m", "messages": [
        {"role": "system", "content": "You help."}, {"role": "user", "content": question},
        {"role": "assistant", "content": answer}]});
    format!("{record}\n")
}

#[test]
fn the_halves_of_a_batch_are_joined_in_any_order() {
    let logs = Logs::new();
    let input: String = (0..3).fold(String::new(), |mut text, number| {
        let line = json!({"custom_id": format!("r{number}"), "method": "POST", "url": "/v1/chat/completions",
            "body": {"messages": [{"role": "user", "content": format!("{} {number}", "why ".repeat(number + 1))}]}});
        writeln!(text, "{line}").unwrap();
        text
    });
    let output: String = [2, 0, 7].iter().fold(String::new(), |mut text, number| {
        let line = json!({"custom_id": format!("r{number}"), "response": {"status_code": 200, "body":
            {"model": "m", "choices": [{"message": {"role": "assistant", "content": format!("a{number}")}}]}}});
        writeln!(text, "{line}").unwrap();
        text
    });
    let input = logs.write("in.jsonl", &input);
    let output = logs.write("out.jsonl", &output);
    for paths in [[input.clone(), output.clone()], [output, input]] {
        let found = from_logs(&paths, &wanted(10)).unwrap();
        assert_eq!((found.chats, found.samples, found.answered), (3, 3, 2));
        let answers: Vec<_> = rows(&found)
            .iter()
            .map(|row| row["metadata"]["recorded_answer"].clone())
            .collect();
        assert_eq!(answers, [json!("a0"), Value::Null, json!("a2")]);
        assert_eq!(found.left_out.len(), 1);
        assert!(found.left_out[0].what.contains("questions are in no file"));
    }
}

#[test]
fn answers_to_names_that_several_questions_have_are_given_to_none() {
    let logs = Logs::new();
    let day = |words: &str| {
        let line = json!({"custom_id": "request-0", "method": "POST", "url": "/v1/chat/completions",
            "body": {"messages": [{"role": "user", "content": words}]}});
        let reply = json!({"custom_id": "request-0", "response": {"status_code": 200, "body":
            {"model": "m", "choices": [{"message": {"role": "assistant", "content": format!("to {words}")}}]}}});
        [line, reply].map(|line| format!("{line}\n"))
    };
    let [[first, to_first], [second, to_second]] = ["one", "quite another"].map(day);
    let paths = [
        logs.write("in1.jsonl", &first),
        logs.write("in2.jsonl", &second),
        logs.write("out1.jsonl", &to_first),
        logs.write("out2.jsonl", &to_second),
    ];
    let found = from_logs(&paths, &wanted(10)).unwrap();
    assert_eq!((found.chats, found.samples, found.answered), (2, 2, 0));
    assert!(found.left_out[0].what.contains("nobody can tell"));
    let found = from_logs(&[paths[0].clone(), paths[2].clone()], &wanted(10)).unwrap();
    assert_eq!((found.samples, found.answered), (1, 1));
}

#[test]
fn a_sample_says_what_the_log_says_and_has_no_target() {
    let logs = Logs::new();
    let line = json!({"model": "m", "session_id": "secret-session", "user": "once", "created_at": "2025-05-06T07:08:09Z",
        "temperature": 0.5, "messages": [{"role": "user", "content": "q"}, {"role": "assistant", "content": "a"}]});
    let other = json!({"metadata": {"session_id": "secret-session"}, "messages": [{"role": "user", "content": "Und?"}]});
    let third = json!({"messages": [{"role": "user", "content": "And now?"}]});
    let path = logs.write("chats.jsonl", &format!("{line}\n{other}\n{third}\n"));
    let found = from_logs(std::slice::from_ref(&path), &wanted(10)).unwrap();
    let expected = json!({"id": "chat-1", "messages": [{"role": "user", "content": "q"}], "created": "2025-05-06",
        "cluster": "session-1", "metadata": {"recorded_answer": "a", "recorded_model": "m", "turns": "1",
        "length": "under 200", "script": "Latin", "logged_at": format!("{}:1", path.display())}});
    let rows = rows(&found);
    assert_eq!(rows[0], expected);
    assert_eq!(
        [&rows[1]["cluster"], &rows[2]["cluster"]],
        [&json!("session-1"), &Value::Null]
    );
    assert_eq!(found.besides, ["temperature (1)"]);
    let manifest = String::from_utf8(found.suite[0].bytes.clone()).unwrap();
    assert!(manifest.contains("sensitivity = \"private\""), "{manifest}");
    assert!(manifest.contains("temperature (1)") && !manifest.contains("secret-session"));
}

#[test]
fn broken_lines_are_counted_with_their_places_and_the_rest_is_read() {
    let logs = Logs::new();
    let deep = format!("{{\"messages\":{}", "[".repeat(100_000));
    let text = format!(
        "{}{{\"messages\": 7}}\nnope\n{deep}\n{{\"other\": 1}}\n{}{{\"messages\": [",
        chat("first question", "a"),
        chat("another matter", "b")
    );
    let path = logs.write("chats.jsonl", &text);
    let found = from_logs(std::slice::from_ref(&path), &wanted(10)).unwrap();
    assert_eq!((found.chats, found.samples), (2, 2));
    let left: Vec<_> = found
        .left_out
        .iter()
        .map(|one| (one.count, &*one.what))
        .collect();
    assert_eq!(
        left.iter().map(|(count, _)| count).sum::<u64>(),
        5,
        "{left:?}"
    );
    assert_eq!(left[0].1, input::NO_JSON);
    let at = |line: u64| format!("{}:{line}", path.display());
    assert_eq!(found.left_out[0].places, [at(3), at(4), at(7)]);
}

#[test]
fn what_is_no_log_is_refused_with_what_to_do() {
    let logs = Logs::new();
    for (text, kind, message) in [
        ("", ErrorKind::Unknown, "no log of chats"),
        ("hello\nworld\n", ErrorKind::Unknown, "no log of chats"),
        (
            "{\"messages\": [{\"role\": \"us",
            ErrorKind::Unknown,
            "x.jsonl:1 is no whole JSON, broken or cut off",
        ),
        ("{\"a\":1}\n", ErrorKind::Unknown, "no log of chats"),
        (
            "{\"messages\":[]}\n",
            ErrorKind::Refused,
            "there is no chat in it",
        ),
    ] {
        let path = logs.write("x.jsonl", text);
        let error = from_logs(&[path], &wanted(1)).unwrap_err();
        assert_eq!(error.kind, kind, "{text:?}");
        assert!(
            error.message.contains(message) && error.hint.is_some(),
            "{error:?}"
        );
    }
    let missing = Path::new("/nowhere/at/all.jsonl").to_owned();
    let error = from_logs(std::slice::from_ref(&missing), &wanted(1)).unwrap_err();
    assert_eq!(error.kind, ErrorKind::Unreadable);
    assert!(
        from_logs(&[missing.clone(), missing], &wanted(1))
            .unwrap_err()
            .message
            .contains("twice")
    );
}

#[test]
fn a_format_that_is_named_holds_over_what_a_file_looks_like() {
    let logs = Logs::new();
    let line =
        json!({"custom_id": "r", "body": {}, "messages": [{"role": "user", "content": "q"}]});
    let path = logs.write("x.jsonl", &line.to_string());
    assert!(from_logs(std::slice::from_ref(&path), &wanted(1)).is_err());
    let named = Wanted {
        format: Some(LogFormat::Chat),
        ..wanted(1)
    };
    assert_eq!(from_logs(&[path], &named).unwrap().samples, 1);
}

#[test]
fn what_looks_personal_is_counted_and_never_shown() {
    let logs = Logs::new();
    let text = chat(
        "My mail is jo@mail.example and jo2@mail.example",
        "Noted: jo@mail.example",
    ) + &chat("Call +49 30 123 45 67", "ok");
    let path = logs.write("x.jsonl", &text);
    let found = from_logs(&[path], &wanted(10)).unwrap();
    let counts: Vec<_> = found
        .personal
        .iter()
        .map(|one| (one.kind, one.count, one.samples))
        .collect();
    assert_eq!(counts, [(Personal::Email, 3, 1), (Personal::Phone, 1, 1)]);
    let shown = found.personal.iter().flat_map(|one| &one.places);
    for place in shown {
        assert!(!place.contains("mail") && !place.contains("123"), "{place}");
    }
    let data = format!("{:?}", rows(&found));
    assert!(data.contains("jo@mail.example"), "nothing is altered");
}

/// Ten thousand chats of three prompts, two models and three scripts, a tenth of them twice, and many of a template.
fn ten_thousand() -> String {
    let subjects = [
        "invoice", "router", "holiday", "contract", "printer", "salary", "parking", "laptop",
    ];
    let verbs = [
        "find", "cancel", "explain", "move", "renew", "compare", "check", "describe", "share",
    ];
    let mut text = String::new();
    for number in 0..10_000_usize {
        let number = if number % 10 == 9 { number - 1 } else { number };
        let subject = subjects[number * 7 % 8];
        let verb = verbs[number * 5 % 9];
        let question = match number % 4 {
            0 => format!(
                "Where is order {number} of customer {subject} {verb}? It was due on day {} of the month.",
                number % 28
            ),
            1 => format!(
                "Где мой {number}-й заказ, и когда {}он придёт?",
                "очень ".repeat(number % 50)
            ),
            2 => format!(
                "{verb} {subject} {}",
                format!("{verb}{number:x} {subject}{:o} ", number * 31).repeat(number % 13 + 1)
            ),
            _ => format!("请告诉我第{number}个订单{}", "的情况".repeat(number % 100)),
        };
        let record = json!({"model": format!("m{}", number % 2), "user": format!("u{}", number % 500), "messages": [
            {"role": "system", "content": format!("You are assistant {}.", ["a", "b", "c"][number % 3])},
            {"role": "user", "content": question}, {"role": "assistant", "content": "It is on its way."}]});
        writeln!(text, "{record}").unwrap();
    }
    text
}

#[test]
fn of_ten_thousand_chats_duplicates_are_found_and_strata_are_kept() {
    let logs = Logs::new();
    let path = logs.write("log.jsonl", &ten_thousand());
    let found = from_logs(std::slice::from_ref(&path), &wanted(200)).unwrap();
    assert_eq!(
        (found.chats, found.duplicates, found.samples),
        (10_000, 1_000, 200)
    );
    assert_eq!(found.answered, 200);
    assert!(
        found.families > 0 && found.in_families > 2_000,
        "{}",
        found.in_families
    );
    let chats: usize = found.strata.iter().map(|one| one.chats).sum();
    let kept: usize = found.strata.iter().map(|one| one.kept).sum();
    assert_eq!((chats, kept), (9_000, 200));
    for one in &found.strata {
        let share = one.chats * 200 / 9_000;
        assert!(
            one.kept >= 1 && one.kept + 5 >= share && one.kept <= share + 2,
            "{one:?}"
        );
    }
    assert_eq!(found.suite.len(), 1 + 3);
    let again = from_logs(std::slice::from_ref(&path), &wanted(200)).unwrap();
    assert_eq!(again.suite, found.suite);
    let other = Wanted {
        seed: 2,
        ..wanted(200)
    };
    assert_ne!(from_logs(&[path], &other).unwrap().suite, found.suite);
}

#[test]
fn logs_that_were_cut_or_changed_anywhere_end_in_a_suite_or_an_error() {
    let messages = r#"[{"role":"user","parts":[{"type":"text","content":"why?"}]}]"#;
    let logs = [
        json!({"custom_id": "a", "body": {"input": "q", "tools": [{"function": {"name": "f"}}]}, "response": null}),
        json!({"request": {"body": {"messages": [{"role": "user", "content": [{"type": "text", "text": "q"}]}]}},
            "response_body": "{\"choices\":[{\"message\":{\"content\":\"a\"}}]}", "timestamp": 1_700_000_000}),
        json!({"resourceSpans": [{"scopeSpans": [{"spans": [{"events": [{"name": "gen_ai.choice"}], "attributes": [
            {"key": "gen_ai.input.messages", "value": {"stringValue": messages}},
            {"key": "gen_ai.prompt.0.content", "value": {"arrayValue": {"values": [{"intValue": "7"}]}}}]}]}]}]}),
    ];
    let folder = Logs::new();
    for log in logs {
        let text = log.to_string();
        for at in 0..text.len() {
            let mut bytes = text.clone().into_bytes();
            // Kinds of values change, quotes open, and brackets do not close.
            bytes[at] = *b"7\"[{}],:n".iter().cycle().nth(at).unwrap_or(&b' ');
            let path = folder.0.path().join("log");
            fs_err::write(&path, &bytes[..]).unwrap();
            match from_logs(std::slice::from_ref(&path), &wanted(2)) {
                Ok(found) => assert_eq!(found.samples, 1, "{at} of {text}"),
                Err(error) => assert!(error.hint.is_some(), "{error} at {at} of {text}"),
            }
        }
    }
}

#[test]
fn both_passes_leave_out_the_same_records() {
    let logs = Logs::new();
    let odd =
        json!({"custom_id": "r", "body": {}, "messages": [{"role": "user", "content": "not me"}]});
    let text = format!(
        "{{\"a\":1}}\n{}{odd}\n{}{odd}\n{}",
        chat("one", "1"),
        chat("two", "2"),
        chat("three", "3")
    );
    let path = logs.write("x.jsonl", &text);
    let found = from_logs(&[path], &wanted(3)).unwrap();
    let asked = rows(&found);
    let asked = asked
        .iter()
        .map(|row| row["messages"][1]["content"].as_str());
    assert!(asked.eq(["one", "two", "three"].map(Some)));
    assert_eq!(found.left_out[0].count, 3);
}
