//! Nothing leaves for a host that may not see it; keys and prompts are found nowhere they should not be.

use std::net::TcpListener;
use std::path::Path;
use std::process::Command;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use cleanbench_core::Event;
use cleanbench_ledger::{JournalReader, Manifest, PayloadReader, RunDirectory, Tail};
use cleanbench_testkit::{FakeServer, Fault, Rule, Script};

use crate::bed::{Bed, MODEL, answering, data, manifest};

/// An address that is this machine and does not look like it, so the program takes it for remote.
const DISGUISED: &str = "[::ffff:127.0.0.1]";

/// A listener that counts connections and closes them.
fn recording_listener() -> (u16, Arc<AtomicU32>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    let count = Arc::new(AtomicU32::new(0));
    let seen = Arc::clone(&count);
    std::thread::spawn(move || {
        for connection in listener.incoming() {
            seen.fetch_add(1, Ordering::SeqCst);
            drop(connection);
        }
    });
    (port, count)
}

#[test]
fn a_private_suite_opens_no_socket_to_a_host_without_leave() {
    let (port, connections) = recording_listener();
    let bed = Bed::new(5);
    bed.models(&format!("http://{DISGUISED}:{port}/v1"), "");
    let done = bed.run_suite("out", &[]).expect(66);
    assert!(
        done.stderr.contains("task `routing` is private"),
        "{}",
        done.stderr
    );
    assert!(
        done.stderr.contains(&port.to_string()),
        "names the host: {}",
        done.stderr
    );
    assert_eq!(connections.load(Ordering::SeqCst), 0);
    assert!(!bed.path("out").exists(), "nothing was written either");
    let check = bed.run(&["check", "suite", "-m", MODEL]).expect(66);
    assert!(check.stdout.contains("REFUSED"), "{}", check.stdout);
    assert_eq!(connections.load(Ordering::SeqCst), 0);
    // The same host with leave is asked: the listener does count.
    let host = format!("{DISGUISED}:{port}");
    bed.run_suite(
        "out",
        &["--allow-private", &host, "--max-retries", "0", "-j", "1"],
    );
    assert!(connections.load(Ordering::SeqCst) > 0);
}

#[test]
fn one_private_sample_in_a_public_task_is_enough() {
    let (port, connections) = recording_listener();
    let bed = Bed::new(0);
    bed.write("suite/suite.toml", &manifest("public", "choice"));
    bed.write(
        "suite/data.jsonl",
        &format!(
            "{}{}",
            data(3),
            r#"{"id":"mine","input":"x","target":"billing","sensitivity":"secret"}"#
        ),
    );
    bed.models(
        &format!("http://{DISGUISED}:{port}/v1"),
        "allow = [\"private\"]",
    );
    let done = bed.run_suite("out", &[]).expect(66);
    assert!(
        done.stderr
            .contains("sample `mine` of task `routing` is secret"),
        "{}",
        done.stderr
    );
    assert_eq!(connections.load(Ordering::SeqCst), 0);
    assert_eq!(
        fs_err::read_dir(bed.path("out")).map_or(0, Iterator::count),
        0,
        "no half run is left"
    );
}

#[test]
fn public_samples_go_anywhere_and_a_missing_key_is_said_first() {
    let bed = Bed::new(3);
    bed.write("suite/suite.toml", &manifest("public", "choice"));
    let done = bed
        .run(&["run", "suite", "-m", "openai/some-model"])
        .expect(66);
    assert!(done.stderr.contains("OPENAI_API_KEY"), "{}", done.stderr);
}

const KEY: &str = "sk-CANARY-9f2c7d41";
const MARKER: &str = "PROMPTMARKER77Q";

/// Files below a folder that hold `needle`.
pub(crate) fn grep(folder: &Path, needle: &str) -> Vec<String> {
    let mut found = Vec::new();
    for entry in fs_err::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            found.extend(grep(&path, needle));
        } else if String::from_utf8_lossy(&fs_err::read(&path).unwrap()).contains(needle) {
            found.push(path.display().to_string());
        }
    }
    found
}

/// The texts of all payloads that the journal refers to: (event name, text).
pub(crate) fn payloads(run: &Path) -> Vec<(&'static str, String)> {
    let directory = RunDirectory::at(run);
    let manifest = Manifest::read(&directory).unwrap();
    let reader = PayloadReader::new(run);
    let mut texts = Vec::new();
    for item in JournalReader::open(&directory, &manifest, Tail::MayBeTorn).unwrap() {
        let (_, record) = item.unwrap();
        if let Some(reference) = record.event.payload() {
            let name = if matches!(record.event, Event::AttemptStarted { .. }) {
                "request"
            } else {
                "reply"
            };
            let bytes = reader.read(&reference).unwrap().present().unwrap();
            texts.push((name, String::from_utf8_lossy(&bytes).into_owned()));
        }
    }
    texts
}

#[test]
fn neither_key_nor_prompt_is_found_where_it_should_not_be() {
    let echo_key = Rule::always(Fault::EchoAuthorization { code: 400 }).for_share(0.3);
    let echo_prompt = Rule::always(Fault::EchoPrompt { code: 400 }).for_share(0.5);
    let script = Script {
        require_key: Some(KEY.to_owned()),
        ..answering()
    };
    let server = FakeServer::start(script.with_rule(echo_key).with_rule(echo_prompt));
    let bed = Bed::new(0);
    let lines: String = (0..60)
        .map(|number| format!("{{\"id\":\"s{number}\",\"input\":\"{MARKER} of ticket number {number}, which queue?\",\"target\":\"billing\"}}\n"))
        .collect();
    bed.write("suite/data.jsonl", &lines);
    bed.models(&server.url(), "api_key_env = \"SECRET_FOR_TEST\"");
    bed.write(".env", &format!("SECRET_FOR_TEST={KEY}\n"));
    bed.trust();
    let done = bed.run_suite("out", &["-v"]).expect(3);
    let run = bed.only_run("out");
    let printed = format!("{}{}", done.stdout, done.stderr);
    assert!(
        !printed.contains(KEY) && !printed.contains(MARKER),
        "{printed}"
    );
    assert_eq!(grep(&run, KEY), Vec::<String>::new());
    let elsewhere = grep(&run, MARKER)
        .into_iter()
        .filter(|path| !path.contains("/payloads/"));
    assert_eq!(elsewhere.collect::<Vec<_>>(), Vec::<String>::new());
    let texts = payloads(&run);
    assert!(
        texts.iter().all(|(_, text)| !text.contains(KEY)),
        "the key is masked in replies too"
    );
    assert!(
        texts
            .iter()
            .filter(|(name, _)| *name == "request")
            .all(|(_, text)| text.contains(MARKER))
    );
    assert!(
        texts
            .iter()
            .any(|(name, text)| *name == "reply" && text.contains("*****")),
        "an echoed key was masked"
    );
    assert!(
        texts
            .iter()
            .any(|(name, text)| *name == "reply" && text.contains(MARKER)),
        "an echoed prompt is kept"
    );
    let shown = bed.run(&["show", run.to_str().unwrap(), "s3"]).expect(0);
    assert!(
        shown.stdout.contains(MARKER),
        "where a prompt is meant to be"
    );
    assert!(!shown.stdout.contains(KEY));
}

#[test]
fn a_process_key_wins_over_the_file() {
    let server = FakeServer::start(Script {
        require_key: Some("right-key-1".to_owned()),
        ..answering()
    });
    let bed = Bed::new(2);
    bed.models(&server.url(), "api_key_env = \"K\"");
    bed.write(".env", "K=wrong-key-1\n");
    bed.trust();
    let output = |command: &mut Command| command.output().unwrap().status.code();
    assert_eq!(
        output(&mut bed.command(&["run", "suite", "-m", MODEL])),
        Some(69)
    );
    assert_eq!(
        output(
            bed.command(&["run", "suite", "-m", MODEL])
                .env("K", "right-key-1")
        ),
        Some(0)
    );
}
