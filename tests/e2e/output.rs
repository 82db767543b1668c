//! What is printed: the table, the exit codes, and text that cannot hurt.

use cleanbench_testkit::{Answers, FakeServer, Script};

use crate::bed::{Bed, MODEL, answering, bed_with, manifest, read, table};

#[test]
fn the_result_is_on_stdout_and_talk_on_stderr() {
    let (bed, _server) = bed_with(50, answering());
    let done = bed.run_suite("out", &[]).expect(0);
    assert!(
        done.stdout.contains("fake") && done.stdout.contains("routing"),
        "{}",
        done.stdout
    );
    assert!(
        done.stdout.contains("not_assessed") && done.stdout.contains("[95% Wilson]"),
        "{}",
        done.stdout
    );
    assert!(!done.stdout.contains("run:"), "{}", done.stdout);
    assert!(done.stderr.contains("cleanbench verify"), "{}", done.stderr);
    let json = bed
        .run_suite("again", &["--format", "json", "-q"])
        .expect(0);
    // Where other tests keep the machine busy, that is said however quiet.
    let talk = json.stderr.lines();
    let talk: Vec<_> = talk.filter(|line| !line.contains("was busy")).collect();
    assert!(talk.is_empty(), "{talk:?}");
    let value: serde_json::Value = serde_json::from_str(&json.stdout).unwrap();
    assert_eq!(value["exit"], 0);
    assert_eq!(value["summary"][0]["contamination"], "not_assessed");
    assert_eq!(value["summary"][0]["interval"]["method"], "wilson");
}

/// The paths in JSON of the columns of `summary.csv`, from the page about them.
fn summary_paths() -> Vec<String> {
    let page = include_str!("../../docs/format/columns.md");
    let (_, part) = page.split_once("## `summary.csv`").unwrap();
    let part = part.split("\n## ").next().unwrap();
    let lines = part.lines().filter(|line| line.starts_with("| `"));
    let paths = lines.flat_map(|line| {
        let cells: Vec<_> = line.split(" | ").collect();
        let own = cells[0].trim_start_matches("| ");
        let other = cells[2].trim();
        let all = if other.is_empty() { own } else { other };
        let paths = all
            .split(", ")
            .map(|path| path.trim_matches('`').to_owned());
        paths.collect::<Vec<_>>()
    });
    paths.collect()
}

#[test]
fn json_has_every_column_of_the_summary() {
    let (bed, _server) = bed_with(5, answering());
    let done = bed.run_suite("out", &["--format", "json"]).expect(0);
    let value: serde_json::Value = serde_json::from_str(&done.stdout).unwrap();
    let paths = summary_paths();
    assert!(paths.len() > table(&bed.only_run("out"), "summary.csv")[0].len());
    for path in paths {
        // Of the outcomes only those that occurred are named.
        if path.starts_with("outcomes.") {
            continue;
        }
        let pointer = format!("/summary/0/{}", path.replace('.', "/"));
        assert!(value.pointer(&pointer).is_some(), "{path}");
    }
    assert_eq!(value["summary"][0]["outcomes"]["answered"], 5);
}

#[test]
fn hostile_answers_are_harmless_in_tables_and_terminals() {
    let hostile = "=HYPERLINK(\"http://x\")\u{1b}[31m\u{202e}\nsecond";
    let server = FakeServer::start(Script::answering(Answers::Fixed(hostile.to_owned())));
    let bed = Bed::new(4);
    bed.write("suite/suite.toml", &manifest("private", "exact"));
    bed.write("suite/data.jsonl", "{\"id\":\"=1+1\",\"input\":\"x\",\"target\":\"billing\"}\n{\"id\":\"-2\",\"input\":\"y\",\"target\":\"network\"}\n");
    bed.models(&server.url(), "");
    bed.run_suite("out", &[]).expect(0);
    let run = bed.only_run("out");
    for name in ["results.csv", "calls.csv", "summary.csv"] {
        for row in table(&run, name) {
            for (column, cell) in row {
                let number = cell.parse::<f64>().is_ok();
                let formula = cell.trim_start().starts_with(['=', '+', '-', '@']) && !number;
                assert!(!formula, "{name} {column}: {cell}");
            }
        }
        let text = read(&run, name);
        assert!(
            !text.contains('\u{1b}') && !text.contains('\u{202e}'),
            "{name}"
        );
    }
    assert!(table(&run, "results.csv")[0]["answer"].starts_with("'=HYPERLINK"));
    let shown = bed.run(&["show", run.to_str().unwrap(), "=1+1"]).expect(0);
    assert!(
        !shown.stdout.contains('\u{1b}') && shown.stdout.contains("\\u{1b}"),
        "{}",
        shown.stdout
    );
}

#[test]
fn usage_and_selection_have_their_own_codes() {
    let (bed, server) = bed_with(5, answering());
    bed.run(&["frobnicate"]).expect(2);
    bed.run(&["run", "suite", "--resume", "x", "-n", "3"])
        .expect(2);
    bed.run(&["run", "suite"]).expect(2);
    bed.run(&["run", "suite", "-m", MODEL, "--retry-errors"])
        .expect(2);
    bed.run(&["run", "suite", "-m", MODEL, "-t", "nothing"])
        .expect(4);
    bed.run(&["run", "suite", "-m", MODEL, "--tag", "nothing"])
        .expect(4);
    bed.run(&["run", "--resume", "-o", "nowhere"]).expect(4);
    bed.run(&["run", "nosuite", "-m", MODEL]).expect(65);
    bed.run(&["run", "suite", "-m", "no-such-model"]).expect(66);
    bed.run(&["run", "suite", "-m", MODEL, "-o", "/proc/nowhere"])
        .expect(73);
    bed.run(&["verify", "nothing"]).expect(2);
    assert_eq!(server.totals().requests, 0);
    let help = bed.run(&["--help"]).expect(0);
    assert!(
        help.stdout.contains("102  verification failed"),
        "{}",
        help.stdout
    );
}

#[test]
fn a_suite_with_faults_is_not_run() {
    let (bed, server) = bed_with(5, answering());
    bed.write(
        "suite/data.jsonl",
        "{\"id\":\"a\",\"input\":\"x\",\"target\":\"biling\"}\n",
    );
    let done = bed.run_suite("out", &[]).expect(65);
    assert!(done.stderr.contains("data.jsonl:1:"), "{}", done.stderr);
    assert_eq!(server.totals().requests, 0);
}

#[test]
fn check_says_what_would_be_sent_where() {
    let (bed, server) = bed_with(30, answering());
    bed.models(
        &server.url(),
        "price = { input = \"0.15\", output = \"0.60\" }",
    );
    let done = bed.run(&["check", "suite", "-m", MODEL]).expect(0);
    for words in [
        "30 private",
        "30 calls planned",
        "would be sent",
        "Ticket 0: which queue?",
        "cost between $",
        "data.jsonl",
        "SHA-256",
    ] {
        assert!(
            done.stdout.contains(words),
            "no `{words}` in:\n{}",
            done.stdout
        );
    }
    assert_eq!(server.totals().connections, 0, "check asks nobody");
}

#[test]
fn costs_are_exact_and_unknown_is_not_zero() {
    let (bed, server) = bed_with(10, answering());
    bed.run_suite("free", &[]).expect(0);
    assert_eq!(
        table(&bed.only_run("free"), "summary.csv")[0]["cost_usd"],
        ""
    );
    bed.models(&server.url(), "price = { input = \"1\", output = \"2\" }");
    bed.run_suite("priced", &[]).expect(0);
    let summary = table(&bed.only_run("priced"), "summary.csv").remove(0);
    let micros = |tokens: &str, price: u64| tokens.parse::<u64>().unwrap() * price;
    let expected = micros(&summary["prompt_tokens"], 1) + micros(&summary["completion_tokens"], 2);
    let cost: cleanbench_core::Usd = summary["cost_usd"].parse().unwrap();
    assert_eq!(
        cost,
        cleanbench_core::Usd::from_pico(i128::from(expected) * 1_000_000),
        "{summary:?}"
    );
}

#[test]
fn runs_are_listed_and_found_by_prefix() {
    let (bed, _server) = bed_with(5, answering());
    bed.run_suite("out", &[]).expect(0);
    let run = bed.only_run("out");
    let id = run
        .file_name()
        .unwrap()
        .to_str()
        .unwrap()
        .rsplit('-')
        .next()
        .unwrap()
        .to_owned();
    let list = bed.run(&["list", "-o", "out"]).expect(0);
    assert!(
        list.stdout.contains(&id) && list.stdout.contains("complete"),
        "{}",
        list.stdout
    );
    bed.run(&["verify", &id[..4], "-o", "out"]).expect(0);
    bed.run(&["show", &id, "-o", "out"]).expect(0);
}
