//! A rerun puts what was picked again, keeps it apart from the first results, and asks nothing else; and
//! what is flaky is told apart by what is to blame.

use std::collections::BTreeSet;
use std::path::Path;

use cleanbench_testkit::{Answers, Fault, Rule, Script};
use serde_json::Value;

use crate::bed::{Bed, CHOICES, MODEL, answering, bed_with, data, question, read, table};
use crate::replay::{column, new_run, text};

fn always_right() -> Script {
    let choices = CHOICES.iter().map(ToString::to_string).collect();
    Script::answering(Answers::Hash {
        choices,
        right_share: 1.0,
    })
}

fn overloaded() -> Fault {
    Fault::Status {
        code: 503,
        retry_after: Some(0),
        error: None,
    }
}

fn selection(run: &Path) -> Value {
    let manifest: Value = serde_json::from_str(&read(run, "run.json")).unwrap();
    manifest["plan"]["selection"].clone()
}

fn rerun(bed: &Bed, run: &Path, only: &str, code: i32) -> crate::bed::Done {
    bed.run(&["rerun", text(run), "suite", "--only", only, "-o", "out"])
        .expect(code)
}

#[test]
fn what_failed_is_put_again_in_a_run_of_its_own() {
    let (bed, server) = bed_with(50, answering());
    bed.run_suite("out", &[]).expect(0);
    let first = bed.only_run("out");
    let scores = column(&first, "results.csv", "score");
    let failed = scores.iter().filter(|score| *score == "0").count();
    assert!((1..25).contains(&failed), "{failed}");
    server.set_script(always_right());
    let done = rerun(&bed, &first, "failed", 0);
    assert_eq!(server.totals().requests, 50 + failed as u64);
    let second = new_run(&bed, "out", &[&first]);
    assert_eq!(column(&second, "results.csv", "score"), vec!["1"; failed]);
    assert_eq!(selection(&second)["only"], "failed");
    assert_eq!(selection(&second)["samples"], failed as u64);
    let row = done
        .stdout
        .lines()
        .find(|line| line.contains("0.000 ["))
        .unwrap();
    assert!(
        row.contains("1.000 [") && row.contains(&format!("n {failed}")),
        "{row}"
    );
    assert!(
        done.stderr.contains("cannot be compared"),
        "{}",
        done.stderr
    );
    assert_eq!(
        column(&first, "results.csv", "score"),
        scores,
        "the first run is as it was"
    );
    for run in [&first, &second] {
        bed.run(&["verify", text(run)]).expect(0);
    }
    let done = rerun(&bed, &second, "failed", 4);
    assert!(done.stderr.contains("no sample of run"), "{}", done.stderr);
}

#[test]
fn gates_say_nothing_of_samples_that_were_picked_because_they_failed() {
    let (bed, server) = bed_with(50, answering());
    let gate = "[[gate]]\nmetric = \"accuracy\"\ntest = \"floor\"\nmin = 0.05\n";
    let suite = read(&bed.path("suite"), "suite.toml");
    bed.write("suite/suite.toml", &format!("{suite}\n{gate}"));
    bed.run_suite("out", &[]).expect(0);
    let first = bed.only_run("out");
    server.set_script(always_right());
    let done = rerun(&bed, &first, "failed", 0);
    assert!(
        done.stderr.contains("1 gates are not judged"),
        "{}",
        done.stderr
    );
    let second = new_run(&bed, "out", &[&first]);
    assert!(first.join("gates.json").exists() && !second.join("gates.json").exists());
}

#[test]
fn errors_are_asked_again_in_the_run_itself() {
    let script = answering().with_rule(Rule::always(overloaded()).for_share(0.2));
    let (bed, server) = bed_with(40, script);
    bed.run_suite("out", &["--max-retries", "0"]).expect(3);
    let run = bed.only_run("out");
    let outcomes = column(&run, "results.csv", "outcome");
    let missing = outcomes
        .iter()
        .filter(|outcome| *outcome != "answered")
        .count();
    assert!(missing > 0);
    rerun(&bed, &run, "errors", 2);
    server.set_script(answering());
    let requests = server.totals().requests;
    bed.run(&["rerun", text(&run), "--only", "errors", "-o", "out"])
        .expect(0);
    assert_eq!(server.totals().requests - requests, missing as u64);
    assert_eq!(bed.only_run("out"), run);
    let flaky = column(&run, "summary.csv", "flaky_infrastructure");
    assert_eq!(flaky, [missing.to_string()], "an error, then an answer");
}

#[test]
fn flakes_of_model_and_infrastructure_are_kept_apart() {
    // Early answers to some questions are empty, so that epochs disagree; and every fourth request fails.
    let script = answering()
        .with_rule(Rule::always(Fault::EmptyContent).first(60).for_share(0.2))
        .with_rule(Rule::always(overloaded()).every(4));
    let (bed, server) = bed_with(60, script);
    bed.run_suite("out", &["--epochs", "2", "-j", "1"])
        .expect(3);
    let first = bed.only_run("out");
    let rows = table(&first, "flakes.csv");
    let of = |kind: &str| rows.iter().filter(|row| row["kind"] == kind).count();
    let (model, infrastructure) = (of("model"), of("infrastructure"));
    assert!(model > 0 && infrastructure > 0, "{rows:?}");
    assert_eq!(model + infrastructure, rows.len());
    let cell = |name| column(&first, "summary.csv", name).remove(0);
    assert_eq!(cell("flaky_model"), model.to_string());
    assert_eq!(cell("flaky_infrastructure"), infrastructure.to_string());
    assert_eq!(cell("flaky_scorer"), "0");
    let calls = table(&first, "calls.csv");
    let retried = calls
        .iter()
        .filter(|row| row["attempt"] != "1" && row["outcome"] == "answered");
    let retried: BTreeSet<_> = retried.map(|row| &row["sample"]).collect();
    assert_eq!(infrastructure, retried.len());
    bed.run(&["verify", text(&first)]).expect(0);

    server.set_script(always_right());
    let samples: BTreeSet<_> = rows.iter().map(|row| &row["sample"]).collect();
    rerun(&bed, &first, "flaky", 0);
    let second = new_run(&bed, "out", &[&first]);
    assert_eq!(table(&second, "results.csv").len(), 2 * samples.len());
    assert_eq!(
        read(&second, "flakes.csv"),
        "model,task,sample,kind,detail\n"
    );

    let path = first.join("flakes.csv");
    let tampered = read(&first, "flakes.csv").replacen("model,score 0", "model,score 1", 1);
    fs_err::write(&path, tampered).unwrap();
    let done = bed.run(&["verify", text(&first)]).expect(102);
    assert!(done.stdout.contains("flakes.csv") || done.stderr.contains("flakes.csv"));
}

#[test]
fn what_changed_is_asked_and_everything_else_is_replayed() {
    let (bed, server) = bed_with(30, answering());
    bed.run_suite("out", &[]).expect(0);
    let first = bed.only_run("out");
    rerun(&bed, &first, "changed", 4);
    // One question, one target, one more sample, one less.
    let mut lines: Vec<String> = data(31).lines().map(str::to_owned).collect();
    lines[3] = lines[3].replace(&question(3), "Ticket 3, once more: which queue?");
    let other = CHOICES
        .iter()
        .find(|choice| !lines[4].contains(**choice))
        .unwrap();
    let (head, _) = lines[4].split_once("\"target\"").unwrap();
    lines[4] = format!("{head}\"target\":\"{other}\"}}");
    lines.remove(5);
    bed.write("suite/data.jsonl", &(lines.join("\n") + "\n"));
    let before = server.totals().requests;
    let done = rerun(&bed, &first, "changed", 0);
    assert!(
        done.stderr
            .contains("1 inputs, 1 targets or fields alone, 1 new, 1 gone; 27 are"),
        "{}",
        done.stderr
    );
    assert_eq!(
        server.totals().requests - before,
        2,
        "a target needs no answer"
    );
    let second = new_run(&bed, "out", &[&first]);
    assert_eq!(selection(&second)["samples"], 3);
    let rows = table(&second, "results.csv");
    assert_eq!(rows.len(), 30, "the run is complete");
    let earlier = table(&first, "results.csv");
    for row in &rows {
        let same = earlier.iter().any(|other| other == row);
        let changed = ["s3", "s4", "s30"].contains(&row["sample"].as_str());
        assert_eq!(same, !changed, "{row:?}");
    }
    let asked = table(&second, "calls.csv");
    let asked: Vec<_> = asked
        .iter()
        .filter(|row| row["from_cache"].is_empty())
        .collect();
    assert_eq!(asked.len(), 2);
    bed.run(&["verify", text(&second)]).expect(0);
    // A prompt that changed for all is asked for all.
    let manifest =
        read(&bed.path("suite"), "suite.toml").replace("{{ input }}", "{{ input }} Now.");
    bed.write("suite/suite.toml", &manifest);
    let before = server.totals().requests;
    bed.run(&[
        "rerun",
        text(&second),
        "suite",
        "--only",
        "changed",
        "-o",
        "out",
    ])
    .expect(0);
    assert_eq!(server.totals().requests - before, 30);
    assert_eq!(MODEL, rows[0]["model"]);
}

#[test]
fn what_got_no_answer_is_asked_beside_what_changed() {
    let script = answering().with_rule(Rule::always(overloaded()).for_share(0.3));
    let (bed, server) = bed_with(30, script);
    bed.run_suite("out", &["--max-retries", "0"]).expect(3);
    let first = bed.only_run("out");
    let outcomes = column(&first, "results.csv", "outcome");
    let missing = outcomes.iter().filter(|word| *word == "exhausted").count();
    assert!(missing > 0);
    server.set_script(answering());
    bed.write("suite/data.jsonl", &data(29));
    let before = server.totals().requests;
    rerun(&bed, &first, "changed", 0);
    let second = new_run(&bed, "out", &[&first]);
    let kept = column(&second, "results.csv", "outcome").len();
    assert_eq!(kept, 29);
    let asked = server.totals().requests - before;
    assert!(
        (missing as u64 - 1..=missing as u64).contains(&asked),
        "{asked} of {missing}"
    );
    bed.run(&["verify", text(&second)]).expect(0);
}
