//! The server around its answers: counts, keys, steering, start and end.
//!
//! Invariant: no test looks at a server that another one uses.

use std::io::{BufRead as _, BufReader, ErrorKind, Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use cleanbench_testkit::{FakeServer, Fault, Latency, Options, Rule, Script, prompt_key};
use serde_json::{Value, json};

use crate::client::{CHAT, ask, fixed, get, leave_open, question, send, status, wait_until};

#[test]
fn calls_at_one_time_are_counted() {
    let overload = Rule::always(status(503)).when_in_flight_above(4);
    let server = FakeServer::start(Script::failing(Fault::Hang));
    let open = ["a", "b", "c", "d"].map(|prompt| leave_open(&server, prompt));
    wait_until("four are in flight", || server.totals().in_flight == 4);
    // A prompt is counted after its request took the script, so none of the four takes the next one.
    wait_until("four took the script", || {
        server.totals().unique_prompts == 4
    });
    server.set_script(fixed("a").with_rule(overload));
    assert_eq!(ask(&server, &question("e")).status, 503);
    assert_eq!(server.totals().in_flight_max, 5);
    drop(open);
    wait_until("none is in flight", || server.totals().in_flight == 0);
    assert_eq!(ask(&server, &question("e")).status, 200);
}

#[test]
fn latency_holds_answers_back_but_not_refusals() {
    let latency = Latency {
        fixed_ms: 60,
        ..Latency::default()
    };
    let refused = Rule::always(status(503)).when_prompt_contains("refuse");
    let server = FakeServer::start(Script {
        latency,
        ..fixed("a").with_rule(refused)
    });
    let timed = |prompt: &str| {
        let start = Instant::now();
        ask(&server, &question(prompt));
        start.elapsed()
    };
    assert!(timed("answer") >= Duration::from_millis(60));
    let quickest = (0..20).map(|_| timed("refuse")).min().unwrap();
    assert!(quickest < Duration::from_millis(60), "{quickest:?}");
}

#[test]
fn a_connection_serves_many_requests() {
    let server = FakeServer::start(fixed("a"));
    let mut stream = TcpStream::connect(server.addr()).unwrap();
    let body = question("x").to_string();
    for _ in 0..5 {
        let length = body.len();
        write!(
            stream,
            "POST {CHAT} HTTP/1.1\r\ncontent-length: {length}\r\n\r\n{body}"
        )
        .unwrap();
        let mut reader = BufReader::new(&stream);
        let mut line = String::new();
        let mut expected = 0;
        while line != "\r\n" {
            line.clear();
            reader.read_line(&mut line).unwrap();
            if let Some(length) = line.strip_prefix("content-length: ") {
                expected = length.trim_end().parse().unwrap();
            }
        }
        reader.read_exact(&mut vec![0; expected]).unwrap();
    }
    let counts = server.counts();
    assert_eq!(
        (counts.requests, counts.connections, counts.max_per_prompt),
        (5, 1, 5)
    );
}

#[test]
fn the_key_is_asked_for() {
    let script = Script {
        require_key: Some("right".to_owned()),
        ..fixed("a")
    };
    let server = FakeServer::start(script);
    let check = |headers: &str, expect: u16| {
        let body = question("x").to_string();
        assert_eq!(
            send(server.addr(), "POST", CHAT, headers, &body).status,
            expect,
            "{headers}"
        );
        assert_eq!(
            send(server.addr(), "GET", "/v1/models", headers, "").status,
            expect,
            "{headers}"
        );
    };
    check("", 401);
    check("authorization: Bearer wrong\r\n", 401);
    check("authorization: right\r\n", 401);
    check("authorization: Bearer right\r\n", 200);
    assert_eq!(server.asked("x"), 1, "a refused request asks no prompt");
    assert_eq!(server.counts().requests, 4);
}

#[test]
fn refused_requests_say_why() {
    let server = FakeServer::start(Script::default());
    let check = |path: &str, body: &str, status: u16, expect: &str| {
        let reply = send(server.addr(), "POST", path, "", body);
        assert_eq!(reply.status, status, "{path} {body}");
        assert!(reply.text().contains(expect), "{}", reply.text());
    };
    check(CHAT, "{", 400, "not a request");
    check(CHAT, "{}", 400, "`messages` is missing");
    check("/v1/completions", "{}", 400, "`prompt` is missing");
    check("/v2/chat", "{}", 404, "no such path");
    check("/__script", r#"{"answer": 1}"#, 400, "unknown field");
    assert_eq!(get(&server, CHAT).status, 404);
}

#[test]
fn the_server_is_steered_from_outside() {
    let server = FakeServer::start(Script::failing(status(503)));
    assert_eq!(ask(&server, &question("x")).status, 503);
    let script = json!({ "answers": { "fixed": "healed" }, "models": ["n"] }).to_string();
    assert_eq!(
        send(server.addr(), "POST", "/__script", "", &script).status,
        200
    );
    assert_eq!(ask(&server, &question("x")).message()["content"], "healed");
    server.set_script(Script::failing(status(500)));
    assert_eq!(ask(&server, &question("y")).status, 500);
    assert_eq!(get(&server, "/health").json(), json!({ "status": "ok" }));
    server.set_script(Script {
        models: vec!["n".to_owned()],
        ..Script::default()
    });
    assert_eq!(get(&server, "/v1/models").json()["data"][0]["id"], "n");
    let counts = get(&server, "/__counts").json();
    assert_eq!(
        (&counts["requests"], &counts["unique_prompts"]),
        (&json!(3), &json!(2))
    );
    assert_eq!(counts["max_per_prompt"], 2);
    let prompts = get(&server, "/__prompts").text();
    let lines: Vec<Value> = prompts
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    let line = |prompt, count: u32| json!({ "prompt": format!("{:016x}", prompt_key(prompt)), "count": count });
    assert_eq!(lines.len(), 2);
    assert!(lines.contains(&line("x", 2)) && lines.contains(&line("y", 1)));
}

#[test]
fn requests_are_kept_where_the_script_says_so() {
    let server = FakeServer::start(Script {
        record: 2,
        ..Script::default()
    });
    for prompt in ["a", "b", "c"] {
        ask(&server, &question(prompt));
    }
    let bodies: Vec<String> = ["b", "c"]
        .map(|prompt| question(prompt).to_string())
        .to_vec();
    assert_eq!(server.seen_bodies(), bodies);
    assert_eq!(server.seen()[0].path, CHAT);
    assert_eq!(
        server.seen()[0].header("authorization"),
        Some("Bearer secret-key")
    );
    assert_eq!(server.seen_headers().len(), 2);
    let silent = FakeServer::start(Script::default());
    ask(&silent, &question("a"));
    assert!(silent.seen().is_empty());
}

#[test]
fn a_dropped_server_ends_its_calls() {
    let server = FakeServer::start(Script::failing(Fault::Hang));
    let mut stream = leave_open(&server, "x");
    wait_until("the call is in flight", || server.totals().in_flight == 1);
    drop(server);
    stream
        .set_read_timeout(Some(Duration::from_secs(20)))
        .unwrap();
    let ended = match stream.read(&mut [0; 1]) {
        Ok(count) => count == 0,
        Err(error) => error.kind() == ErrorKind::ConnectionReset,
    };
    assert!(ended, "the connection outlives its server");
}

#[test]
fn servers_that_cannot_start_say_why() {
    let taken = FakeServer::start(Script::default());
    let port = taken.addr().port();
    let options = Options {
        port,
        ..Options::default()
    };
    let error = FakeServer::start_with(Script::default(), options)
        .unwrap_err()
        .to_string();
    assert!(error.contains(&port.to_string()), "{error}");
    let bad = Script::default().with_rule(Rule::always(Fault::Hang).every(0));
    let error = FakeServer::start_with(bad, Options::default())
        .unwrap_err()
        .to_string();
    assert!(error.contains("every"), "{error}");
}

/// A process that does not outlive its test.
struct Running(Child);

impl Drop for Running {
    fn drop(&mut self) {
        self.0.kill().unwrap();
        self.0.wait().unwrap();
    }
}

#[test]
fn the_binary_announces_itself_and_serves() {
    let folder = tempfile::tempdir().unwrap();
    let script = folder.path().join("script.json");
    fs_err::write(&script, r#"{"answers": "echo", "model": "other"}"#).unwrap();
    let process = Command::new(env!("CARGO_BIN_EXE_fake-server"))
        .args([
            "--answer",
            "from the flag",
            "--latency-ms",
            "1",
            "--threads",
            "2",
            "--script",
        ])
        .arg(&script)
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut process = Running(process);
    let mut line = String::new();
    BufReader::new(process.0.stdout.take().unwrap())
        .read_line(&mut line)
        .unwrap();
    let address = line
        .trim_end()
        .strip_prefix("listening on http://")
        .unwrap();
    let address: SocketAddr = address.strip_suffix("/v1").unwrap().parse().unwrap();
    let reply = send(address, "POST", CHAT, "", &question("x").to_string());
    assert_eq!(reply.message()["content"], "from the flag");
    assert_eq!(reply.json()["model"], "other");
}
