//! `init --from-logs`: a private suite that passes `check`, from logs that never leave the machine.

use std::fmt::Write as _;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;

use serde_json::{Value, json};

use crate::bed::{Bed, Done};
use crate::egress::{INSIDE, Sink, in_namespace};

/// Words that stand in the chats and must stand nowhere in what is printed.
const WORDS: [&str; 4] = [
    "zebrawood",
    "jo.doe@mail.example",
    "quartzite",
    "You are a clerk",
];

/// An empty bed with chats in `chats.jsonl`: two prompts, three duplicates, a template, two broken lines.
fn bed() -> Bed {
    let bed = Bed::new(0);
    fs_err::remove_dir_all(bed.path("suite")).unwrap();
    let mut text = String::new();
    for number in 0..60 {
        let system = ["You are a clerk.", "You count."][number % 2];
        let question = match number {
            3..6 => "The same zebrawood again?".to_owned(),
            6..30 => {
                format!("Please tell me where order {number} of the zebrawood shelf is today.")
            }
            _ => format!(
                "{} {number} {}?",
                "quartzite ".repeat(number),
                "ab ".repeat(90 - number)
            ),
        };
        let line = json!({"model": "old", "user": format!("u{}", number / 30), "temperature": 0, "messages": [
            {"role": "system", "content": system}, {"role": "user", "content": question},
            {"role": "assistant", "content": "Write to jo.doe@mail.example."}]});
        writeln!(text, "{line}").unwrap();
    }
    text.push_str("{\"messages\": [{\"role\"\n[1, 2\n");
    bed.write("chats.jsonl", &text);
    bed
}

fn tells_nothing(done: &Done) {
    for word in WORDS {
        let printed = format!("{}{}", done.stdout, done.stderr);
        assert!(!printed.contains(word), "{word}:\n{printed}");
    }
}

fn rows(folder: &Path) -> Vec<Value> {
    let mut files: Vec<_> = fs_err::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.extension().is_some_and(|ending| ending == "jsonl"))
        .collect();
    files.sort();
    let texts = files
        .iter()
        .map(|path| fs_err::read_to_string(path).unwrap());
    let texts: String = texts.collect();
    texts
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect()
}

#[test]
fn a_log_becomes_a_private_suite_that_passes_check_and_runs() {
    let bed = bed();
    let done = bed
        .run(&["init", "--from-logs", "chats.jsonl", "--samples", "20"])
        .expect(0);
    tells_nothing(&done);
    for part in [
        "60 chats in the log",
        "duplicates",
        "families",
        "in the log",
        "kept",
    ] {
        assert!(done.stdout.contains(part), "{part}:\n{}", done.stdout);
    }
    for part in [
        "left out: 2 × lines that are no JSON (broken or cut off), for example chats.jsonl:61, chats.jsonl:62",
        "looks personal: 20 × e-mail address in 20 samples, for example chats.jsonl:",
        "answer: xx.xxx@xxxx.xxxxxxx",
        "nothing was altered",
        "temperature (20)",
    ] {
        assert!(done.stderr.contains(part), "{part}:\n{}", done.stderr);
    }
    let rows = rows(&bed.path("suite"));
    assert_eq!(rows.len(), 20);
    for row in &rows {
        assert!(row.get("target").is_none(), "{row}");
        assert_eq!(
            row["metadata"]["recorded_answer"],
            "Write to jo.doe@mail.example."
        );
        assert!(
            row["cluster"].as_str().unwrap().starts_with("user-"),
            "{row}"
        );
    }
    let checked = bed
        .run(&["check", "suite", "-m", "embedded/clean"])
        .expect(0);
    assert!(checked.stdout.contains("private"), "{}", checked.stdout);
    assert!(!checked.stderr.contains("error"), "{}", checked.stderr);
    let remote = bed
        .run(&["check", "suite", "-m", "https://llm.example/v1#m"])
        .expect(66);
    assert!(remote.stdout.contains("REFUSED"), "{}", remote.stdout);
    let run = bed.run(&[
        "run",
        "suite",
        "-m",
        "embedded/clean",
        "-n",
        "2",
        "-o",
        "out",
    ]);
    assert!([0, 3].contains(&run.code), "{}{}", run.stdout, run.stderr);
}

#[test]
fn what_is_written_is_the_owners_alone_and_nothing_is_written_over() {
    let bed = bed();
    bed.run(&["init", "new/place", "--from-logs", "chats.jsonl"])
        .expect(0);
    let folder = bed.path("new/place/suite");
    let mode = |path: &Path| fs_err::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!(mode(&folder), 0o700);
    for entry in fs_err::read_dir(&folder).unwrap() {
        assert_eq!(mode(&entry.unwrap().path()), 0o600);
    }
    let before = fs_err::read(folder.join("suite.toml")).unwrap();
    let again = bed
        .run(&[
            "init",
            "new/place",
            "--from-logs",
            "chats.jsonl",
            "--seed",
            "5",
        ])
        .expect(73);
    assert!(
        again.stderr.contains("is there already"),
        "{}",
        again.stderr
    );
    assert_eq!(fs_err::read(folder.join("suite.toml")).unwrap(), before);
    for more in [&["--force"][..], &["--ci", "github"]] {
        let arguments = [&["init", "elsewhere", "--from-logs", "chats.jsonl"], more].concat();
        bed.run(&arguments).expect(2);
    }
    bed.run(&["init", "elsewhere", "--samples", "3"]).expect(2);
    assert!(!bed.path("elsewhere").exists());
}

#[test]
fn every_format_is_told_by_what_it_holds_and_others_are_refused() {
    let bed = bed();
    let request = json!({"custom_id": "a", "method": "POST", "url": "/v1/chat/completions",
        "body": {"model": "m", "messages": [{"role": "user", "content": "why?"}]}});
    let response = json!({"custom_id": "a", "response": {"status_code": 200, "body":
        {"choices": [{"message": {"role": "assistant", "content": "because"}}]}}});
    bed.write("in.jsonl", &request.to_string());
    bed.write("out.jsonl", &response.to_string());
    let messages = r#"[{"role":"user","parts":[{"type":"text","content":"why?"}]}]"#;
    let span = json!({"resourceSpans": [{"scopeSpans": [{"spans": [{"name": "chat m", "attributes": [
        {"key": "gen_ai.input.messages", "value": {"stringValue": messages}}]}]}]}]});
    bed.write("spans.json", &format!("{span:#}"));
    bed.write("other.jsonl", "{\"a\": 1}\n");
    for (name, files, answered) in [
        ("1", &["in.jsonl", "out.jsonl"][..], true),
        ("2", &["spans.json"], false),
    ] {
        let mut arguments = vec!["init", name];
        for file in files {
            arguments.extend(["--from-logs", file]);
        }
        bed.run(&arguments).expect(0);
        let rows = rows(&bed.path(&format!("{name}/suite")));
        assert_eq!(
            rows[0]["messages"],
            json!([{"role": "user", "content": "why?"}])
        );
        assert_eq!(
            rows[0]["metadata"].get("recorded_answer").is_some(),
            answered
        );
        bed.run(&["check", &format!("{name}/suite"), "-m", "embedded/clean"])
            .expect(0);
    }
    let done = bed
        .run(&["init", "3", "--from-logs", "other.jsonl"])
        .expect(65);
    assert!(done.stderr.contains("--log-format"), "{}", done.stderr);
    bed.run(&["init", "3", "--from-logs", "absent.jsonl"])
        .expect(2);
    assert!(!bed.path("3").exists());
}

#[test]
fn nobody_is_called() {
    match in_namespace("from_logs::inside_the_namespace") {
        Some((passed, printed)) => {
            assert!(passed, "{printed}");
            assert!(printed.contains("1 passed"), "{printed}");
        }
        None => eprintln!(
            "network namespaces are not allowed here: it is not checked that nobody is called"
        ),
    }
}

#[test]
#[ignore = "runs in a network namespace that `nobody_is_called` makes"]
fn inside_the_namespace() {
    let inside = std::env::vars_os().any(|(name, _)| name == INSIDE);
    assert!(inside, "not in a namespace");
    let sink = Sink::default();
    sink.resolve();
    for port in [80, 443] {
        sink.listen(port);
    }
    let bed = bed();
    let line = json!({"messages": [{"role": "user", "content": "Look at https://unnamed.example/ and http://203.0.113.7/."}]});
    bed.write("links.jsonl", &line.to_string());
    bed.run(&[
        "init",
        "--from-logs",
        "chats.jsonl",
        "--from-logs",
        "links.jsonl",
    ])
    .expect(0);
    bed.run(&["check", "suite", "-m", "embedded/clean"])
        .expect(0);
    assert_eq!(sink.seen(), [""; 0]);
}
