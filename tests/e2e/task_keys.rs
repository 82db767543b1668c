//! What a task says beside its question: examples, the primary scorer, repeats, clusters, slices.

use std::collections::BTreeMap;

use cleanbench_testkit::{Answers, FakeServer, Fault, Rule, Script};
use serde_json::Value;

use crate::bed::{Bed, Done, bed_with, read, table};

/// A suite with one task over `data`, with the further lines `keys`.
fn suite(bed: &Bed, data: &str, keys: &str) {
    let manifest = format!(
        "name = \"keys\"\nversion = \"1\"\n[[task]]\nname = \"t\"\ndata = \"data.jsonl\"\n\
         prompt = \"{{{{ input }}}}\"\ngenerate = {{ max_tokens = 16 }}\n{keys}\n"
    );
    bed.write("suite/suite.toml", &manifest);
    bed.write("suite/data.jsonl", data);
}

/// Runs the suite and verifies the run; gives what was printed and the line of `summary.csv`.
fn run(bed: &Bed, code: i32, more: &[&str]) -> (Done, BTreeMap<String, String>) {
    let done = bed.run_suite("out", more).expect(code);
    let folder = bed.only_run("out");
    let verified = bed.run(&["verify", folder.to_str().unwrap()]).expect(0);
    assert!(verified.stdout.contains("verified"), "{}", verified.stdout);
    (done, table(&folder, "summary.csv").remove(0))
}

fn number(row: &BTreeMap<String, String>, column: &str) -> f64 {
    row[column].parse().unwrap()
}

#[track_caller]
fn near(found: f64, expected: f64) {
    assert!((found - expected).abs() < 1e-9, "{found}, not {expected}");
}

/// A server that answers `4` and keeps what it was asked.
fn recording() -> (Bed, FakeServer) {
    let script = Script {
        record: 16,
        ..Script::answering(Answers::Fixed("4".to_owned()))
    };
    bed_with(1, script)
}

#[test]
fn examples_reach_the_server_as_turns() {
    let (bed, server) = recording();
    let data = "{\"id\": \"a\", \"input\": \"1+3?\", \"target\": \"4\"}\n";
    suite(&bed, data, "scorers = [\"exact\"]\nfewshot = \"few.jsonl\"");
    bed.write(
        "suite/few.jsonl",
        "{\"input\": \"2+3?\", \"target\": \"5\"}\n{\"input\": \"3+3?\", \"target\": 6}\n",
    );
    let checked = bed.run(&["check", "suite"]).expect(0);
    let shown = "[user] 2+3?\n  [assistant] 5\n  [user] 3+3?\n  [assistant] 6\n  [user] 1+3?";
    assert!(checked.stdout.contains(shown), "{}", checked.stdout);
    assert!(
        checked
            .stdout
            .contains("2 examples, 2 before each question"),
        "{}",
        checked.stdout
    );
    let (_, summary) = run(&bed, 0, &[]);
    near(number(&summary, "score"), 1.0);
    let body: Value = serde_json::from_str(&server.seen_bodies()[0]).unwrap();
    let turn = |message: &Value| {
        let word = |name: &str| message[name].as_str().unwrap().to_owned();
        (word("role"), word("content"))
    };
    let turns: Vec<_> = body["messages"]
        .as_array()
        .unwrap()
        .iter()
        .map(turn)
        .collect();
    let expected = [
        ("user", "2+3?"),
        ("assistant", "5"),
        ("user", "3+3?"),
        ("assistant", "6"),
        ("user", "1+3?"),
    ];
    assert_eq!(
        turns,
        expected.map(|(role, text)| (role.to_owned(), text.to_owned()))
    );
}

/// A public sample with a secret example before it is secret.
#[test]
fn an_example_keeps_its_label_wherever_it_goes() {
    let bed = Bed::new(1);
    bed.models("https://remote.example/v1", "");
    let data = "{\"id\": \"a\", \"input\": \"1+3?\", \"target\": \"4\"}\n";
    suite(
        &bed,
        data,
        "sensitivity = \"public\"\nscorers = [\"exact\"]\nfewshot = \"few.jsonl\"",
    );
    bed.write(
        "suite/few.jsonl",
        "{\"input\": \"2+3?\", \"target\": \"5\", \"sensitivity\": \"secret\"}\n",
    );
    let refused = bed.run_suite("out", &[]).expect(66);
    assert!(refused.stderr.contains("task `t`"), "{}", refused.stderr);
    assert!(refused.stderr.contains("secret"), "{}", refused.stderr);
}

#[test]
fn the_primary_scorer_is_the_one_that_counts() {
    let (bed, _server) = recording();
    let data = "{\"id\": \"a\", \"input\": \"1+3?\", \"target\": \"4.2\"}\n";
    let keys =
        "scorers = [\"exact\", { type = \"numeric\", tolerance = 0.5 }]\nprimary = \"numeric\"";
    suite(&bed, data, keys);
    let (_, summary) = run(&bed, 0, &[]);
    assert_eq!(summary["scorer"], "numeric");
    near(number(&summary, "score"), 1.0);
    let result = table(&bed.only_run("out"), "results.csv").remove(0);
    assert_eq!(
        (result["score"].as_str(), result["other_scores"].as_str()),
        ("1", "exact=0")
    );
}

/// Four answers to each of three questions: all right, two right, none.
fn repeated(keys: &str) -> (Bed, FakeServer) {
    let pairs = ["always", "half", "never"].map(|word| {
        let answer = if word == "never" { "no" } else { "yes" };
        (word.to_owned(), answer.to_owned())
    });
    let script = Script::answering(Answers::Map {
        pairs: pairs.into(),
        default: "no".to_owned(),
    });
    let empty = Rule::always(Fault::EmptyContent);
    let (bed, server) = bed_with(
        1,
        script.with_rule(empty.when_prompt_contains("half").times_per_prompt(2)),
    );
    let line = |word: &str| {
        format!("{{\"id\": \"{word}\", \"input\": \"{word}\", \"target\": \"yes\"}}\n")
    };
    let data = ["always", "half", "never"].map(line).concat();
    suite(
        &bed,
        &data,
        &format!("scorers = [\"exact\"]\nepochs = 4\n{keys}"),
    );
    (bed, server)
}

#[test]
fn repeats_are_reduced_to_one_score_a_sample() {
    for (reducer, expected) in [
        ("mean", 0.5),
        ("max", 2.0 / 3.0),
        ("min", 1.0 / 3.0),
        ("mode", 1.0 / 3.0),
        // 1, 1 − C(2,2)/C(4,2), 0 and 1, C(2,2)/C(4,2), 0.
        ("pass@2", (1.0 + 5.0 / 6.0) / 3.0),
        ("pass^2", (1.0 + 1.0 / 6.0) / 3.0),
    ] {
        let (bed, _server) = repeated(&format!("reducer = \"{reducer}\""));
        // Empty answers are answers, and not what a finished run should have.
        let (done, summary) = run(&bed, 3, &[]);
        near(number(&summary, "score"), expected);
        let cells = ["reducer", "n", "epochs", "method"].map(|name| summary[name].as_str());
        assert_eq!(cells, [reducer, "3", "4", "betting_portfolio"]);
        assert!(done.stdout.contains("score [95%]"), "{}", done.stdout);
        assert!(
            done.stdout.contains("] betting_portfolio"),
            "{}",
            done.stdout
        );
    }
}

#[test]
fn too_few_epochs_for_a_reducer_are_refused() {
    let (bed, _server) = repeated("reducer = \"pass@3\"");
    let refused = bed.run_suite("out", &["--epochs", "2"]).expect(2);
    assert!(
        refused.stderr.contains("`pass@3` needs 3"),
        "{}",
        refused.stderr
    );
}

/// `clusters` customers with two tickets each; those of even customers are answered right.
fn customers(clusters: usize) -> (Bed, FakeServer) {
    let (bed, server) = bed_with(1, Script::answering(Answers::Fixed("even".to_owned())));
    let line = |ticket: usize| {
        let customer = ticket / 2;
        let target = if customer.is_multiple_of(2) {
            "even"
        } else {
            "odd"
        };
        let lang = if ticket.is_multiple_of(2) { "de" } else { "en" };
        format!(
            "{{\"id\": \"{ticket}\", \"input\": \"{ticket}?\", \"target\": \"{target}\", \
             \"metadata\": {{\"customer\": {customer}, \"lang\": \"{lang}\"}}}}\n"
        )
    };
    let data: String = (0..2 * clusters).map(line).collect();
    let keys = "scorers = [\"exact\"]\ncluster = \"customer\"\nslices = [\"lang\"]";
    suite(&bed, &data, keys);
    (bed, server)
}

#[test]
fn clusters_widen_the_interval_and_slices_have_lines_of_their_own() {
    let (bed, _server) = customers(40);
    let (done, summary) = run(&bed, 0, &[]);
    let cells = ["n", "clusters", "method", "score"].map(|name| summary[name].as_str());
    assert_eq!(cells, ["80", "40", "cluster_t", "0.5"]);
    // 40 clusters of two, 20 of them right: SE² = 40/39 · 40 / 6400, t(39) = 2.022691.
    let reach = 2.022_690_920_036_760_4 * (1.0_f64 / 156.0).sqrt();
    near(number(&summary, "interval_low"), 0.5 - reach);
    near(number(&summary, "interval_high"), 0.5 + reach);
    assert!(done.stdout.contains("cluster_t of 40"), "{}", done.stdout);
    let run = bed.only_run("out");
    let results = table(&run, "results.csv");
    let cells = ["cluster", "slices"].map(|name| results[3][name].as_str());
    assert_eq!(cells, ["1", "{\"lang\":\"en\"}"]);
    for column in ["input_digest", "sample_digest"] {
        let digest = &results[0][column];
        assert!(digest.len() == 64 && digest.bytes().all(|byte| byte.is_ascii_hexdigit()));
        assert_ne!(digest, &results[1][column]);
    }
    let slices = table(&run, "slices.csv");
    let line = |row: &BTreeMap<String, String>| {
        ["field", "value", "n", "score", "clusters", "method"].map(|name| row[name].clone())
    };
    let expected =
        ["de", "en"].map(|lang| ["lang", lang, "40", "0.5", "40", "cluster_t"].map(str::to_owned));
    assert_eq!(slices.iter().map(line).collect::<Vec<_>>(), expected);
    assert_eq!(slices[0]["scorer"], "exact");
}

#[test]
fn a_changed_slice_is_found() {
    let (bed, _server) = customers(10);
    run(&bed, 0, &[]);
    let folder = bed.only_run("out");
    let text = read(&folder, "slices.csv").replacen("lang,de,10,0.5", "lang,de,10,0.6", 1);
    fs_err::write(folder.join("slices.csv"), text).unwrap();
    let found = bed.run(&["verify", folder.to_str().unwrap()]).expect(102);
    let said = format!("{}{}", found.stdout, found.stderr);
    assert!(said.contains("slices.csv:2"), "{said}");
}

#[test]
fn too_few_clusters_have_no_interval() {
    let (bed, _server) = customers(9);
    let (done, summary) = run(&bed, 0, &[]);
    let cells = ["n", "clusters", "method", "interval_low", "confidence"];
    assert_eq!(
        cells.map(|name| summary[name].as_str()),
        ["18", "9", "too_few_clusters", "", ""]
    );
    let said = "no interval: 9 clusters are too few";
    assert!(done.stdout.contains(said), "{}", done.stdout);
}
