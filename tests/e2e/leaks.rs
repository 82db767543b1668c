//! A key that comes back is found nowhere: whatever it is dressed in, wherever it is cut, whatever it stands in.

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};

use cleanbench_testkit::{FakeServer, Fault, Rule, Script};
use serde_json::{Value, json};

use crate::bed::{Bed, Done, MODEL, answering, signal, wait_until};
use crate::privacy::{grep, payloads};

const KEY: &str = "sk-CANARY/9f2c_7d41.xyz";

fn unicode(text: &str) -> String {
    text.bytes().map(|byte| format!("\\u{byte:04x}")).collect()
}

fn percent(text: &str) -> String {
    text.bytes().map(|byte| format!("%{byte:02X}")).collect()
}

fn html(text: &str) -> String {
    text.bytes().map(|byte| format!("&#x{byte:x};")).collect()
}

fn swapped(text: &str) -> String {
    let each = text.chars().map(|letter| {
        if letter.is_ascii_uppercase() {
            letter.to_ascii_lowercase()
        } else {
            letter.to_ascii_uppercase()
        }
    });
    each.collect()
}

/// The key as it may stand within a text of JSON, each with a part by which it is known.
fn dresses() -> Vec<String> {
    vec![
        KEY.to_owned(),
        KEY.replace('/', "\\/"),
        unicode(KEY),
        unicode(KEY).to_uppercase().replace("\\U", "\\u"),
        format!("{}{}", &KEY[..4], unicode(&KEY[4..])),
        unicode(KEY).replace('\\', "\\\\"),
        percent(KEY),
        KEY.replace('/', "%2f"),
        percent(KEY).replace('%', "%25"),
        html(KEY),
        KEY.bytes().map(|byte| format!("&#{byte};")).collect(),
        html(KEY).replace('&', "&amp;"),
        "c2stQ0FOQVJZLzlmMmNfN2Q0MS54eXo=".to_owned(),
        "eHNrLUNBTkFSWS85ZjJjXzdkNDEueHl6".to_owned(),
        "QmVhcmVyIHNrLUNBTkFSWS85ZjJjXzdkNDEueHl6".to_owned(),
        "736b2d43414e4152592f396632635f376434312e78797a".to_owned(),
        KEY.to_uppercase(),
        KEY.to_lowercase(),
        swapped(KEY),
        unicode(&swapped(KEY)),
        KEY.replace('-', "&hyphen;").replace('_', "&UnderBar;"),
        KEY.replace('-', "&dash;").replace('/', "&#00000000047;"),
    ]
}

/// Samples `Case 0000:` and so on.
fn bed(samples: usize, script: Script, more: &str) -> (Bed, FakeServer) {
    bed_of(samples, samples, script, more)
}

/// The same, of so many cases that come again and again.
fn bed_of(samples: usize, cases: usize, script: Script, more: &str) -> (Bed, FakeServer) {
    let server = FakeServer::start(script);
    let bed = Bed::new(0);
    let lines = (0..samples).map(|number| {
        let case = number % cases.max(1);
        format!("{{\"id\":\"s{number}\",\"input\":\"Case {case:04}: which queue, {number}?\",\"target\":\"billing\"}}\n")
    });
    bed.write("suite/data.jsonl", &lines.collect::<String>());
    bed.models(
        &server.url(),
        &format!("api_key_env = \"KEY_FOR_TEST\"\n{more}"),
    );
    (bed, server)
}

fn verbatim(code: u16, content_type: &str, pieces: &[&str]) -> Fault {
    Fault::Verbatim {
        code,
        content_type: content_type.to_owned(),
        pieces: pieces.iter().map(ToString::to_string).collect(),
    }
}

fn of(number: usize, fault: Fault) -> Rule {
    Rule::always(fault).when_prompt_contains(&format!("Case {number:04}:"))
}

fn with_key(bed: &Bed, arguments: &[&str]) -> Done {
    let output = bed
        .command(arguments)
        .env("KEY_FOR_TEST", KEY)
        .output()
        .unwrap();
    Done {
        code: output.status.code().unwrap_or(-1),
        stdout: String::from_utf8_lossy(&output.stdout).into_owned(),
        stderr: String::from_utf8_lossy(&output.stderr).into_owned(),
    }
}

/// Runs the suite, and looks for the key in all that is left and printed.
#[track_caller]
fn nowhere(bed: &Bed, samples: usize) -> Vec<Value> {
    let done = with_key(
        bed,
        &[
            "run",
            "suite",
            "-m",
            MODEL,
            "-o",
            "out",
            "-v",
            "--max-retries",
            "0",
            "-j",
            "4",
            "--junit",
            "items",
            "--junit-include-content",
        ],
    );
    let run = bed.only_run("out");
    let folder = run.display().to_string();
    let mut printed = format!("{}{}", done.stdout, done.stderr);
    let ids: Vec<String> = (0..samples).map(|number| format!("s{number}")).collect();
    let ids: Vec<&str> = ids.iter().map(String::as_str).collect();
    let text = [&["show", &folder], &ids[..samples.min(20)]].concat();
    printed.push_str(&bed.run(&text).expect(0).stdout);
    let json = [&["show", &folder, "--format", "json"], &ids[..]].concat();
    let json = bed.run(&json).expect(0).stdout;
    printed.push_str(&json);
    let shown: Vec<Value> = serde_json::from_str(&json).unwrap();
    assert_eq!(shown.len(), samples);
    let shown: Vec<_> = shown.into_iter().map(|sample| json!([sample])).collect();
    // The record alone gives the same, without the key.
    bed.run(&["verify", &folder]).expect(0);
    let mut needles = dresses();
    needles.extend(
        [
            "sk-CANARY",
            "9f2c_7d41",
            "Q0FOQVJZLzlmMmNfN2Q0",
            "LUNBTkFSWS85ZjJjXzdkN",
            "43414e4152592f",
        ]
        .map(str::to_owned),
    );
    for needle in &needles {
        assert!(!printed.contains(needle.as_str()), "{needle} is printed");
        assert_eq!(
            grep(&bed.path("."), needle),
            Vec::<String>::new(),
            "{needle}"
        );
        for (name, text) in payloads(&run) {
            assert!(
                !text.contains(needle.as_str()),
                "{needle} in a {name}: {text}"
            );
        }
    }
    shown
}

#[test]
fn an_echoed_key_is_found_nowhere_whatever_it_is_dressed_in() {
    // An endpoint is not given up that has answered, and answers now and then.
    const CASES: usize = 11;
    const SAMPLES: usize = 6 * CASES;
    for dress in dresses() {
        let message = format!("it is {dress}, yes");
        let argument = message.replace('\\', "\\\\");
        let bodies = [
            (
                200,
                format!(
                    "{{\"choices\":[{{\"index\":0,\"finish_reason\":\"stop\",\"message\":{{\"role\":\"assistant\",\"content\":\"{message}\",\"reasoning_content\":\"{message}\"}}}}],\"model\":\"{message}\",\"system_fingerprint\":\"{message}\"}}"
                ),
            ),
            (
                200,
                format!(
                    "{{\"choices\":[{{\"index\":0,\"finish_reason\":\"tool_calls\",\"message\":{{\"role\":\"assistant\",\"content\":\"x\",\"tool_calls\":[{{\"id\":\"1\",\"type\":\"function\",\"function\":{{\"name\":\"f\",\"arguments\":\"{{\\\"a\\\":\\\"{argument}\\\"}}\"}}}}]}}}}]}}"
                ),
            ),
            (
                400,
                format!(
                    "{{\"error\":{{\"message\":\"{message}\",\"type\":\"{message}\",\"code\":\"{message}\"}}}}"
                ),
            ),
            (503, message.clone()),
            (200, message.clone()),
            (
                200,
                format!("data: {{\"error\":{{\"message\":\"{message}\"}}}}\n\n"),
            ),
        ];
        let header = format!("text/plain; x=\"{}\"", dress.replace('\\', ""));
        let mut script = answering();
        for (case, (code, body)) in bodies.iter().enumerate() {
            let fault = verbatim(*code, "application/json", &[body]);
            script = script.with_rule(of(case, fault).after(12));
        }
        let headed = verbatim(200, &header, &["no JSON"]);
        let script = script.with_rule(of(bodies.len(), headed).after(12));
        let (bed, _server) = bed_of(SAMPLES, CASES, script, "");
        let shown = nowhere(&bed, SAMPLES);
        let all = Value::from(shown).to_string();
        assert!(!all.contains("\"open\""), "everything was asked: {all}");
        assert!(all.contains("********"), "{dress}");
    }
}

#[test]
fn an_echoed_key_is_found_nowhere_wherever_its_body_is_cut() {
    let body = json!({"choices": [{"index": 0, "finish_reason": "stop", "message": {"role": "assistant", "content": format!("a {KEY} b")}}]}).to_string();
    let start = body.find(KEY).unwrap();
    let mut script = answering();
    let cuts = start..=start + KEY.len();
    let samples = cuts.clone().count();
    for (number, cut) in cuts.enumerate() {
        let (one, other) = body.split_at(cut);
        script = script.with_rule(of(number, verbatim(200, "application/json", &[one, other])));
    }
    // One letter at a time; and an answer that breaks off within the key.
    let letters: Vec<_> = body.split("").collect();
    script = script
        .with_rule(of(samples, verbatim(200, "application/json", &letters)))
        .with_rule(of(
            samples + 1,
            verbatim(200, "application/json", &[&body[..start + KEY.len() - 1]]),
        ));
    let (bed, _server) = bed(samples + 2, script, "");
    for (number, sample) in nowhere(&bed, samples + 2)
        .iter()
        .enumerate()
        .take(samples + 1)
    {
        let answer = &sample[0]["calls"][0]["answer"];
        assert_eq!(
            answer,
            &format!("a {} b", "*".repeat(KEY.len())),
            "{number}"
        );
    }
}

/// A stream whose events say `one` and `other` by `field`.
fn stream(field: &str, one: &str, other: &str) -> Vec<String> {
    let delta = |piece: &str| match field {
        "arguments" => {
            json!({"tool_calls": [{"index": 0, "id": "1", "function": {"name": "f", "arguments": piece}}]})
        }
        name => json!({ name: piece }),
    };
    let event = |piece: &str| {
        let event = json!({"id": "c", "choices": [{"index": 0, "delta": delta(piece), "finish_reason": null}]});
        format!("data: {event}\n\n")
    };
    let last = json!({"id": "c", "choices": [{"index": 0, "delta": {"content": "."}, "finish_reason": "stop"}]});
    vec![
        event(one),
        event(other),
        format!("data: {last}\n\ndata: [DONE]\n\n"),
    ]
}

#[test]
fn an_echoed_key_is_found_nowhere_wherever_it_is_cut_over_events() {
    let mut script = answering();
    let mut samples = Vec::new();
    for field in ["content", "reasoning_content", "arguments"] {
        for dress in [KEY.to_owned(), percent(KEY), unicode(KEY)] {
            for cut in 1..dress.len() {
                let (one, other) = dress.split_at(cut);
                let pieces = stream(field, &format!("a {one}"), &format!("{other} b"));
                let pieces: Vec<_> = pieces.iter().map(String::as_str).collect();
                script = script.with_rule(of(
                    samples.len(),
                    verbatim(200, "text/event-stream", &pieces),
                ));
                samples.push(field);
            }
        }
    }
    let (bed, _server) = bed(samples.len(), script, "stream = true");
    let shown = nowhere(&bed, samples.len());
    for (sample, field) in shown.iter().zip(samples) {
        let call = &sample[0]["calls"][0];
        let text = match field {
            "content" => &call["answer"],
            "arguments" => &call["tool_calls"][0]["arguments"],
            _ => &call["reasoning"],
        };
        let text = text.as_str().unwrap().trim_end_matches('.');
        let stars = text
            .strip_prefix("a ")
            .and_then(|text| text.strip_suffix(" b"))
            .unwrap();
        assert!(
            stars.len() >= KEY.len() && stars.bytes().all(|byte| byte == b'*'),
            "{text}"
        );
    }
}

/// Answers every request, at whatever path, with the answer whose number it names as `Case 0000:`.
fn repeating(content_type: &'static str, answers: Vec<String>) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            answer_one(stream.unwrap(), content_type, &answers);
        }
    });
    format!("http://{address}/v1")
}

fn answer_one(mut stream: TcpStream, content_type: &str, answers: &[String]) {
    let mut request = Vec::new();
    let mut chunk = [0; 4096];
    let number = loop {
        let length = stream.read(&mut chunk).unwrap();
        if length == 0 {
            return;
        }
        request.extend_from_slice(&chunk[..length]);
        let text = String::from_utf8_lossy(&request).into_owned();
        let number = text
            .split_once("Case ")
            .and_then(|(_, rest)| rest.get(..4)?.parse::<usize>().ok());
        if let Some(number) = number
            && request.ends_with(b"}")
        {
            break number;
        }
    };
    let body = &answers[number];
    let head = format!(
        "HTTP/1.1 200 OK\r\ncontent-type: {content_type}\r\ncontent-length: {}\r\nconnection: close\r\n\r\n",
        body.len()
    );
    stream.write_all(head.as_bytes()).unwrap();
    stream.write_all(body.as_bytes()).unwrap();
}

/// Samples of as many cases as there are `answers`, asked at `path` of a server that gives them.
fn told(content_type: &'static str, path: &str, answers: Vec<String>, more: &str) -> Bed {
    let (bed, _server) = bed(answers.len(), answering(), more);
    let url = repeating(content_type, answers);
    bed.models(
        &format!("{url}{path}"),
        &format!("api_key_env = \"KEY_FOR_TEST\"\n{more}"),
    );
    bed
}

/// What no list of shapes has: pieces that belong together because the reader of a protocol says so.
fn pieces_of_chats() -> Vec<String> {
    let (one, other) = KEY.split_at(9);
    let delta =
        |delta: Value| json!({"id": "c", "choices": [{"index": 0, "delta": delta}]}).to_string();
    let said = |text: Value| delta(json!({ "content": text }));
    let last = json!({"id": "c", "choices": [{"index": 0, "delta": {}, "finish_reason": "stop"}]})
        .to_string();
    let stream = |events: &[String]| {
        let all = events.iter().chain([&last]);
        let events: String = all.map(|event| format!("data: {event}\n\n")).collect();
        format!("{events}data: [DONE]\n\n")
    };
    let lines = |piece: &str| {
        let event = json!({"id": "c", "choices": [{"index": 0, "delta": {"content": piece}}]});
        let event = serde_json::to_string_pretty(&event).unwrap();
        event.replace('\n', "\ndata: ")
    };
    let call = |index: u32, arguments: &str| {
        format!(
            "{{\"id\":\"c\",\"choices\":[{{\"delta\":{{\"tool_calls\":[{{\"function\":{{\"name\":\"f\",\"arguments\":\"{arguments}\"}},\"index\":{index}}}]}},\"index\":0}}]}}"
        )
    };
    let choice = |choice: Value| json!({"id": "c", "choices": [choice]}).to_string();
    vec![
        stream(&[said(json!("nothing of a key"))]),
        stream(&[
            delta(json!({"reasoning": one})),
            delta(json!({"reasoning_details": [{"type": "reasoning.text", "text": other}]})),
            said(json!("x")),
        ]),
        stream(&[lines(one), lines(other)]),
        format!(
            "data: {}\n\n: {}\n\n{}",
            said(json!(one)),
            said(json!("zz")),
            stream(&[said(json!(other))])
        ),
        stream(&[
            said(json!(one)),
            said(json!([{"type": "text", "text": other}])),
        ]),
        stream(&[
            said(json!(one)),
            choice(json!({"index": 0, "message": {"content": other}})),
        ]),
        stream(&[said(json!(one)), choice(json!({"index": 0, "text": other}))]),
        stream(&[said(json!(one)), delta(json!({"refusal": other}))]),
        stream(&[call(0, one), call(1, "zz"), call(0, other)]),
        format!(
            "{{\"choices\":[{{\"index\":0,\"finish_reason\":\"stop\",\"message\":{{\"content\":[{{\"type\":\"text\",\"text\":\"zz\",\"text\":\"{one}\"}},{{\"type\":\"text\",\"text\":\"zz\",\"text\":\"{other}\"}}]}}}}]}}"
        ),
    ]
}

/// Streams of Anthropic's protocol, whose blocks begin with the first piece.
fn pieces_of_messages() -> Vec<String> {
    let stream = |one: &str, other: &str| {
        let events = [
            json!({"type": "message_start", "message": {"id": "x", "role": "assistant", "model": "m", "content": [], "usage": {"input_tokens": 1, "output_tokens": 1}}}),
            json!({"type": "content_block_start", "index": 0, "content_block": {"type": "text", "text": one}}),
            json!({"type": "ping", "note": "zz"}),
            json!({"type": "content_block_delta", "index": 0, "delta": {"type": "text_delta", "text": other}}),
            json!({"type": "content_block_stop", "index": 0}),
            json!({"type": "message_delta", "delta": {"stop_reason": "end_turn"}, "usage": {"output_tokens": 1}}),
            json!({"type": "message_stop"}),
        ];
        let event = |event: &Value| {
            let name = event["type"].as_str().unwrap();
            format!("event: {name}\ndata: {event}\n\n")
        };
        events.iter().map(event).collect::<String>()
    };
    let (one, other) = KEY.split_at(9);
    vec![stream("nothing", " of a key"), stream(one, other)]
}

#[test]
fn an_echoed_key_is_found_nowhere_whatever_a_reader_puts_it_together_from() {
    const ECHOED: &str = "the endpoint echoed the API key in pieces; its reply was not kept";
    for (path, answers) in [("", pieces_of_chats()), ("/messages", pieces_of_messages())] {
        let count = answers.len();
        let bed = told("text/event-stream", path, answers, "stream = true");
        let shown = nowhere(&bed, count);
        let calls: Vec<_> = shown.iter().map(|sample| &sample[0]["calls"][0]).collect();
        assert_eq!(calls[0]["answer"], "nothing of a key");
        let mut dropped = 0;
        for (number, call) in calls.iter().enumerate().skip(1) {
            let text = call.to_string();
            let is_dropped = text.contains(ECHOED);
            assert!(is_dropped || text.contains("*********"), "{number}: {call}");
            dropped += usize::from(is_dropped);
        }
        assert!(dropped > 0);
    }
}

#[test]
fn a_check_of_support_shows_and_keeps_no_key_in_pieces() {
    let whole = pieces_of_chats().pop().unwrap();
    let fault = verbatim(200, "application/json", &[&whole]);
    let (bed, _server) = bed(1, answering().with_rule(Rule::always(fault)), "");
    let done = with_key(&bed, &["models", "check", MODEL, "--format", "json"]);
    let text = with_key(&bed, &["models", "check", MODEL]).stdout;
    assert!(
        done.stdout.contains("echoed the API key in pieces"),
        "{}{}",
        done.stdout,
        done.stderr
    );
    for needle in ["sk-CANARY", "9f2c_7d41"] {
        let printed = [&done.stdout, &done.stderr, &text];
        assert!(printed.iter().all(|printed| !printed.contains(needle)));
        assert_eq!(grep(&bed.path("."), needle), Vec::<String>::new());
    }
}

#[test]
fn tokens_beside_an_echoed_key_do_not_spell_it() {
    let letters: Vec<String> = (0..KEY.len())
        .step_by(3)
        .map(|at| KEY[at..KEY.len().min(at + 3)].to_owned())
        .collect();
    let bytes = |text: &str| text.bytes().collect::<Vec<_>>();
    let other = json!({"token": "zz", "logprob": -3.0, "bytes": [122, 122]});
    let content: Vec<_> = letters
        .iter()
        .map(|text| {
            let token = json!({"token": text, "logprob": -0.5, "bytes": bytes(text)});
            let mut token_with_others = token.clone();
            token_with_others["top_logprobs"] = json!([token, other]);
            token_with_others
        })
        .collect();
    let tops: Vec<_> = letters
        .iter()
        .map(|text| json!({ text.as_str(): -0.5, "zz": -3.0 }))
        .collect();
    let columns = json!({"tokens": letters, "token_logprobs": vec![-0.5; letters.len()], "top_logprobs": tops});
    let whole = |logprobs: &Value| {
        json!({"id": "c", "choices": [{"index": 0, "finish_reason": "stop", "message": {"content": KEY}, "logprobs": logprobs}]}).to_string()
    };
    let answers = vec![whole(&json!({ "content": content })), whole(&columns)];
    let count = answers.len();
    let bed = told("application/json", "", answers, "");
    for sample in nowhere(&bed, count) {
        assert_eq!(sample[0]["calls"][0]["answer"], "*".repeat(KEY.len()));
    }
    let replies: Vec<_> = payloads(&bed.only_run("out"))
        .into_iter()
        .filter(|(_, text)| text.contains("logprob"))
        .collect();
    assert_eq!(replies.len(), count);
    for (name, text) in replies {
        let reply: Value = serde_json::from_str(&text).unwrap();
        assert!(text.contains("-0.5"), "{name}: {text}");
        for piece in letters.iter().filter(|piece| piece.len() == 3) {
            assert!(!text.contains(piece.as_str()), "{piece} in {name}: {text}");
        }
        let tokens = &reply["choices"][0]["logprobs"]["content"];
        for token in tokens.as_array().into_iter().flatten() {
            for entry in [&token["bytes"], &token["top_logprobs"][0]["bytes"]] {
                let numbers = entry.as_array().unwrap();
                assert!(numbers.iter().all(|number| *number == 0), "{text}");
            }
        }
    }
}

#[test]
fn a_placeholder_for_a_key_is_an_ordinary_word_in_answers() {
    for word in [
        "not-needed",
        "EMPTY",
        "sk-no-key-required",
        "lm-studio",
        "LM-Studio",
        "ollama",
        "dummy",
    ] {
        let said = format!("a key is {word} here");
        let body = json!({"choices": [{"index": 0, "finish_reason": "stop", "message": {"content": said}}]});
        let bed = told("application/json", "", vec![body.to_string()], "");
        let arguments = ["run", "suite", "-m", MODEL, "-o", "out"];
        let output = bed
            .command(&arguments)
            .env("KEY_FOR_TEST", word)
            .output()
            .unwrap();
        assert_eq!(output.status.code(), Some(0), "{word}");
        let folder = bed.only_run("out").display().to_string();
        let json = bed
            .run(&["show", &folder, "s0", "--format", "json"])
            .expect(0)
            .stdout;
        let shown: Value = serde_json::from_str(&json).unwrap();
        assert_eq!(shown[0]["calls"][0]["answer"], said, "{word}");
    }
}

#[test]
fn a_secret_in_the_models_file_is_refused_and_stands_nowhere() {
    let model = "[models.m]\nbase_url = \"http://127.0.0.1:9/v1\"\nmodel = \"m\"\n";
    let provider = "[providers.lab]\nbase_url = \"http://127.0.0.1:9/v1\"\n";
    for secret in ["sk-CANARY-0123456789", "Zx8Qp2LmN4vT7wRb9KcY"] {
        for line in [
            format!("{model}extra_body = {{ api_key = \"{secret}\" }}"),
            format!("{model}extra_body = {{ user = \"{secret}\" }}"),
            format!("{model}extra_body = {{ a = {{ b = [ {{ password = \"{secret}\" }} ] }} }}"),
            format!("{model}api_key = \"{secret}\""),
            format!("{provider}headers = {{ x-goog-api-key = \"{secret}\" }}"),
            format!("{provider}headers = {{ X-Auth-Token = \"{secret}\" }}"),
            format!("{provider}headers = {{ x-team = \"{secret}\" }}"),
            format!("{provider}headers = {{ Cookie = \"{secret}\" }}"),
            format!("{provider}always = {{ access_token = \"{secret}\" }}"),
            format!("{provider}reasoning.on = {{ secret = \"{secret}\" }}"),
        ] {
            let bed = Bed::new(1);
            bed.write("mine.toml", &line);
            let name = if line.starts_with("[providers") {
                "lab/m"
            } else {
                "m"
            };
            let done = bed
                .run(&[
                    "run",
                    "suite",
                    "-m",
                    name,
                    "--models",
                    "mine.toml",
                    "-o",
                    "out",
                ])
                .expect(66);
            assert!(
                done.stderr.contains("api_key_env"),
                "{line}: {}",
                done.stderr
            );
            assert!(!done.stderr.contains(secret), "{line}: {}", done.stderr);
            assert!(!bed.path("out").exists());
        }
    }
}

#[test]
fn no_core_file_is_left_of_what_is_in_memory() {
    let (bed, server) = bed(1, answering().with_rule(Rule::always(Fault::Hang)), "");
    let mut command = bed.command(&["run", "suite", "-m", MODEL, "-o", "out"]);
    let mut child = command.env("KEY_FOR_TEST", KEY).spawn().unwrap();
    wait_until("it asks", || server.totals().requests > 0);
    let limits = fs_err::read_to_string(format!("/proc/{}/limits", child.id())).unwrap();
    let core = limits
        .lines()
        .find(|line| line.starts_with("Max core file size"))
        .unwrap();
    let values: Vec<_> = core.split_whitespace().skip(4).take(2).collect();
    assert_eq!(values, ["0", "0"], "{core}");
    signal(&child, "ABRT");
    child.wait().unwrap();
    let entries = fs_err::read_dir(bed.path(".")).unwrap();
    let names: Vec<_> = entries.map(|entry| entry.unwrap().file_name()).collect();
    assert!(
        !names
            .iter()
            .any(|name| name.to_string_lossy().starts_with("core")),
        "{names:?}"
    );
}
