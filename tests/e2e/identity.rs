//! The same run gives the same bytes, whatever the concurrency and however often it is reported.

use crate::bed::{Bed, CHOICES, answering, bed_with, manifest, read, table};
use cleanbench_testkit::{Answers, FakeServer, Fault, Latency, Rule, Script};

#[test]
fn results_do_not_depend_on_concurrency() {
    let jitter = Latency {
        fixed_ms: 1,
        jitter_ms: 8,
        ..Latency::default()
    };
    let (bed, _server) = bed_with(
        300,
        Script {
            latency: jitter,
            ..answering()
        },
    );
    bed.run_suite("one", &["-j", "1", "-n", "120"]).expect(0);
    bed.run_suite("many", &["-j", "64", "-n", "120"]).expect(0);
    let one = read(&bed.only_run("one"), "results.csv");
    assert_eq!(one, read(&bed.only_run("many"), "results.csv"));
    assert_eq!(one.lines().count(), 121);
    let right = table(&bed.only_run("one"), "results.csv")
        .iter()
        .filter(|row| row["score"] == "1")
        .count();
    assert!(
        (70..120).contains(&right),
        "{right} right of 120 at a share of 0.8"
    );
}

#[test]
fn two_reports_of_one_run_are_identical() {
    let (bed, _server) = bed_with(40, answering());
    bed.run_suite("out", &[]).expect(0);
    let run = bed.only_run("out");
    let names = ["results.csv", "calls.csv", "summary.csv", "run.json"];
    let before: Vec<_> = names.iter().map(|name| read(&run, name)).collect();
    let first = bed.run(&["report", run.to_str().unwrap()]).expect(0);
    let second = bed.run(&["report", run.to_str().unwrap()]).expect(0);
    assert_eq!(first.stdout, second.stdout);
    let after: Vec<_> = names.iter().map(|name| read(&run, name)).collect();
    assert_eq!(before, after);
}

#[test]
fn epochs_are_calls_of_their_own_and_one_sample_in_the_score() {
    let (bed, server) = bed_with(10, answering());
    bed.run_suite("out", &["--epochs", "3"]).expect(0);
    assert_eq!(server.counts().max_per_prompt, 3);
    let run = bed.only_run("out");
    assert_eq!(table(&run, "results.csv").len(), 30);
    let summary = table(&run, "summary.csv");
    assert_eq!(
        (summary[0]["n"].as_str(), summary[0]["epochs"].as_str()),
        ("10", "3")
    );
    assert_eq!(summary[0]["contamination"], "not_assessed");
    assert_eq!(summary[0]["method"], "betting_portfolio");
}

#[test]
fn retries_end_well_and_are_on_record() {
    let rule = Rule::always(Fault::Status {
        code: 429,
        retry_after: Some(0),
        error: None,
    })
    .for_share(0.3);
    let (bed, server) = bed_with(60, answering().with_rule(rule.times_per_prompt(1)));
    bed.run_suite("out", &[]).expect(0);
    let run = bed.only_run("out");
    let calls = table(&run, "calls.csv");
    let limited = calls.iter().filter(|row| row["status"] == "429").count();
    assert!(limited > 5, "{limited}");
    assert_eq!(calls.len(), 60 + limited);
    assert_eq!(server.totals().requests, 60 + limited as u64);
    assert!(
        table(&run, "results.csv")
            .iter()
            .all(|row| row["outcome"] == "answered")
    );
}

#[test]
fn errors_are_asked_again_only_when_that_is_wanted() {
    let broken = answering().with_rule(
        Rule::always(Fault::Status {
            code: 400,
            retry_after: None,
            error: None,
        })
        .for_share(0.2),
    );
    let (bed, server) = bed_with(50, broken);
    let done = bed.run_suite("out", &[]).expect(3);
    // A prompt that is too long is so the next time, too, unless the server changes.
    assert!(!done.stderr.contains("--retry-errors"), "{}", done.stderr);
    let run = bed.only_run("out");
    let refused = table(&run, "results.csv")
        .iter()
        .filter(|row| row["outcome"] == "refused")
        .count();
    assert!(refused > 2);
    server.set_script(answering());
    bed.run(&["run", "--resume", "-o", "out"]).expect(3);
    assert_eq!(
        server.totals().requests,
        50,
        "a plain resume asks nothing that has ended"
    );
    bed.run(&["run", "--resume", "-o", "out", "--retry-errors"])
        .expect(0);
    assert_eq!(server.totals().requests, 50 + refused as u64);
    bed.run(&["verify", run.to_str().unwrap()]).expect(0);
}

#[test]
fn several_models_and_scorers_stand_side_by_side() {
    let server = FakeServer::start(Script::answering(Answers::Fixed("billing".to_owned())));
    let bed = Bed::new(12);
    let text = manifest("public", "choice").replace(
        "scorers = [\"choice\"]",
        "scorers = [\"choice\", \"exact\"]",
    );
    bed.write("suite/suite.toml", &text);
    let url = server.url();
    let models = format!(
        "[models.a]\nbase_url = \"{url}\"\nmodel = \"a\"\n[models.b]\nbase_url = \"{url}\"\nmodel = \"b\"\nstream = true\n"
    );
    bed.write("models.toml", &models);
    bed.run(&["run", "suite", "-m", "a", "-m", "b", "-o", "out"])
        .expect(0);
    let run = bed.only_run("out");
    let summary = table(&run, "summary.csv");
    assert_eq!(summary.len(), 2);
    assert_eq!(
        summary[0]["score"], summary[1]["score"],
        "streamed or not, the answer is the same"
    );
    let rows = table(&run, "results.csv");
    assert_eq!(rows.len(), 24);
    assert!(
        rows.iter()
            .all(|row| row["other_scores"].starts_with("exact=")
                && CHOICES.contains(&row["answer"].as_str()))
    );
    bed.run(&["verify", run.to_str().unwrap()]).expect(0);
}
