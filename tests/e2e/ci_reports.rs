//! `junit.xml` and `summary.md`: what fails in them, what is kept out of them, and that nothing that a model
//! wrote is more than text there. And the quarantine list.

use cleanbench_testkit::{Answers, FakeServer, Fault, Rule, Script};
use roxmltree::Document;

use crate::bed::{Bed, MODEL, answering, bed_with, copy, manifest, read, table};

/// The named element's `message` attributes in `junit.xml`.
fn messages(junit: &str, element: &str) -> Vec<String> {
    let document = Document::parse(junit).unwrap();
    let nodes = document
        .descendants()
        .filter(|node| node.has_tag_name(element));
    nodes
        .map(|node| node.attribute("message").unwrap_or_default().to_owned())
        .collect()
}

fn reports(bed: &Bed, out: &str) -> (String, String) {
    let run = bed.only_run(out);
    bed.run(&["verify", run.to_str().unwrap()]).expect(0);
    (read(&run, "junit.xml"), read(&run, "summary.md"))
}

#[test]
fn a_wrong_answer_is_no_failure_unless_items_are_asked_for() {
    let (bed, _server) = bed_with(40, answering());
    bed.run_suite("plain", &[]).expect(0);
    bed.run_suite("items", &["--junit", "items"]).expect(0);
    let rows = table(&bed.only_run("items"), "results.csv");
    let wrong = rows.iter().filter(|row| row["score"] == "0").count();
    assert!(wrong > 0);
    let (junit, summary) = reports(&bed, "plain");
    assert_eq!(messages(&junit, "failure").len(), 0);
    assert_eq!(messages(&junit, "testcase").len(), 1, "{junit}");
    assert!(
        summary.contains("not assessed") && summary.contains("| wilson | 40 |"),
        "{summary}"
    );
    let (junit, _) = reports(&bed, "items");
    assert_eq!(messages(&junit, "failure").len(), wrong);
    assert_eq!(messages(&junit, "testcase").len(), 41);
    assert!(!junit.contains("which queue?"), "a question was told");
    bed.run_suite("content", &["--junit", "items", "--junit-include-content"])
        .expect(0);
    let (junit, _) = reports(&bed, "content");
    assert!(junit.contains("Ticket 7: which queue?"), "{junit}");
}

#[test]
fn a_verdict_that_was_painted_over_is_found() {
    let (bed, _server) = bed_with(10, answering());
    bed.run_suite("out", &["--junit", "items"]).expect(0);
    let run = bed.only_run("out");
    for (file, from, to) in [
        ("junit.xml", "<failure", "<skipped"),
        ("summary.md", "| wilson | 10 |", "| wilson | 99 |"),
    ] {
        let forged = bed.path("forged");
        copy(&run, &forged);
        let text = read(&run, file);
        assert!(text.contains(from), "{text}");
        fs_err::write(forged.join(file), text.replacen(from, to, 1)).unwrap();
        let found = bed.run(&["verify", forged.to_str().unwrap()]).expect(102);
        assert!(format!("{}{}", found.stdout, found.stderr).contains(file));
        fs_err::remove_dir_all(forged).unwrap();
    }
}

#[test]
fn errors_and_retries_are_told_apart() {
    let fault = Fault::Status {
        code: 503,
        retry_after: Some(0),
        error: None,
    };
    let busy = |question: &str| Rule::always(fault.clone()).when_prompt_contains(question);
    let once = busy("Ticket 1").times_per_prompt(1);
    let (bed, server) = bed_with(30, answering().with_rule(once));
    bed.run_suite("flaky", &[]).expect(0);
    let (junit, _) = reports(&bed, "flaky");
    let flaky = messages(&junit, "flakyError");
    assert!(
        !flaky.is_empty() && messages(&junit, "error").is_empty(),
        "{junit}"
    );
    assert!(
        flaky
            .iter()
            .all(|text| text == "attempt 1: overloaded (HTTP 503)"),
        "{flaky:?}"
    );
    // Three questions: of four that come last one after the other it could not be told whether anybody is there.
    server.set_script(answering().with_rule(busy("9: which")));
    bed.run_suite("lost", &["--max-retries", "1"]).expect(3);
    let (junit, summary) = reports(&bed, "lost");
    let rows = table(&bed.only_run("lost"), "results.csv");
    let lost = rows
        .iter()
        .filter(|row| row["outcome"] == "exhausted")
        .count();
    assert_eq!(lost, 3);
    let errors = messages(&junit, "error");
    assert_eq!(errors.len(), lost + 1, "each call, and the task");
    assert!(
        errors[0].contains(&format!("{lost} of 30 calls")),
        "{errors:?}"
    );
    // As many refusals may be chance beside those of the others: how often each is asked again hangs on their order.
    let calls = table(&bed.only_run("lost"), "calls.csv");
    let refused = calls.iter().filter(|call| !call["error"].is_empty());
    let again = refused.count() - lost;
    assert!((lost..=4 * lost).contains(&again), "{again}");
    assert_eq!(messages(&junit, "rerunError").len(), again);
    assert!(summary.contains("--retry-errors"), "{summary}");
}

#[test]
fn what_a_budget_left_out_is_skipped() {
    let (bed, _server) = bed_with(30, answering());
    bed.run_suite("out", &["--max-requests", "10"]).expect(75);
    let (junit, summary) = reports(&bed, "out");
    let skipped = messages(&junit, "skipped");
    assert_eq!(
        skipped,
        ["20 of 30 calls were not made: a cap of the run was reached"]
    );
    assert!(summary.contains("20 calls were not made"), "{summary}");
}

/// Ids and answers that try everything.
const HOSTILE: &str =
    "`|<img src=x onerror=a>](http://evil.example)\\|@all\u{1b}[31m\u{202e}]]>&amp;";

#[test]
fn hostile_ids_and_answers_are_text_everywhere() {
    let server = FakeServer::start(Script::answering(Answers::Fixed("billing".to_owned())));
    let bed = Bed::new(1);
    bed.models(&server.url(), "");
    let id = serde_json::to_string(HOSTILE).unwrap();
    bed.write(
        "suite/data.jsonl",
        &format!("{{\"id\":{id},\"input\":\"q\",\"target\":\"billing\"}}\n"),
    );
    let suite = manifest("public", "exact").replace("choices", "# choices");
    bed.write("suite/suite.toml", &suite);
    bed.run_suite("base", &[]).expect(0);
    server.set_script(Script::answering(Answers::Fixed(HOSTILE.to_owned())));
    let base = bed.only_run("base");
    let more = [
        "--baseline",
        base.to_str().unwrap(),
        "--junit",
        "items",
        "--junit-include-content",
    ];
    bed.run_suite("new", &more).expect(0);
    let (junit, summary) = reports(&bed, "new");
    let document = Document::parse(&junit).unwrap();
    assert!(!document.descendants().any(|node| node.has_tag_name("img")));
    let row = summary
        .lines()
        .find(|line| line.starts_with("| worse |"))
        .unwrap();
    // Seven bars are the table's own, and every hostile sign stands within a code span.
    assert_eq!(row.matches('|').count(), 7, "{row}");
    let outside: String = row.split('`').step_by(2).collect();
    assert!(
        !outside.contains(['<', '@', '[', '\u{1b}', '\u{202e}']),
        "{row}"
    );
    assert!(!summary.contains(['\u{1b}', '\u{202e}']), "{summary}");
}

#[test]
fn answers_of_private_samples_stay_out_of_the_summary() {
    let server = FakeServer::start(Script::answering(Answers::Fixed("billing".to_owned())));
    let bed = Bed::new(8);
    bed.models(&server.url(), "");
    bed.run_suite("base", &[]).expect(0);
    server.set_script(Script::answering(Answers::Fixed("network".to_owned())));
    let base = bed.only_run("base");
    bed.run_suite("new", &["--baseline", base.to_str().unwrap()])
        .expect(0);
    let (_, summary) = reports(&bed, "new");
    assert!(summary.contains("| worse |"), "{summary}");
    assert!(
        !summary.contains("network") && !summary.contains("billing"),
        "{summary}"
    );
    assert!(summary.contains("not shown"), "{summary}");
}

fn quarantine(bed: &Bed, sample: &str, until: &str) {
    let entry = format!(
        "[[quarantine]]\ntask = \"routing\"\nsample = \"{sample}\"\nreason = \"disputed\"\nuntil = \"{until}\"\n"
    );
    bed.write("suite/quarantine.toml", &entry);
}

#[test]
fn a_sample_in_quarantine_is_asked_and_counts_nowhere() {
    let (bed, server) = bed_with(20, answering());
    bed.run_suite("all", &[]).expect(0);
    let rows = table(&bed.only_run("all"), "results.csv");
    let wrong = rows.iter().find(|row| row["score"] == "0").unwrap()["sample"].clone();
    let right = rows.iter().filter(|row| row["score"] == "1").count();
    quarantine(&bed, &wrong, "2999-12-31");
    let before = server.totals().requests;
    bed.run_suite("aside", &["--junit", "items"]).expect(0);
    assert_eq!(
        server.totals().requests - before,
        20,
        "it is asked all the same"
    );
    let row = table(&bed.only_run("aside"), "summary.csv").remove(0);
    assert_eq!(
        (row["n"].as_str(), row["quarantined"].as_str()),
        ("19", "1")
    );
    let score: f64 = row["score"].parse().unwrap();
    #[expect(clippy::cast_precision_loss, reason = "twenty samples")]
    let expected = right as f64 / 19.0;
    assert!((score - expected).abs() < 1e-12, "{score}");
    let (junit, summary) = reports(&bed, "aside");
    let skipped = messages(&junit, "skipped");
    assert_eq!(skipped, ["in quarantine until 2999-12-31: disputed"]);
    assert!(
        summary.contains(&format!("| `routing` | `{wrong}` | 2999-12-31 |")),
        "{summary}"
    );
    assert!(
        bed.only_run("aside")
            .join("inputs/quarantine.toml")
            .is_file()
    );
}

#[test]
fn when_its_day_has_passed_it_counts_again_and_is_named() {
    let (bed, _server) = bed_with(5, answering());
    quarantine(&bed, "s3", "2026-01-31");
    let done = bed.run_suite("out", &[]).expect(0);
    assert!(
        done.stderr.contains("`s3` of task `routing`"),
        "{}",
        done.stderr
    );
    let row = table(&bed.only_run("out"), "summary.csv").remove(0);
    assert_eq!((row["n"].as_str(), row["quarantined"].as_str()), ("5", "0"));
    let (_, summary) = reports(&bed, "out");
    assert!(summary.contains("expired"), "{summary}");
}

#[test]
fn a_list_that_names_nothing_or_no_day_is_refused_at_its_place() {
    let (bed, _server) = bed_with(5, answering());
    for (entry, what) in [
        (
            "task = \"routing\"\nsample = \"s9\"\nreason = \"r\"\nuntil = \"2999-01-01\"",
            "no sample",
        ),
        (
            "task = \"other\"\nsample = \"s1\"\nreason = \"r\"\nuntil = \"2999-01-01\"",
            "no task",
        ),
        (
            "task = \"routing\"\nsample = \"s1\"\nreason = \"r\"",
            "no valid `until`",
        ),
        (
            "task = \"routing\"\nsample = \"s1\"\nreason = \"r\"\nuntil = \"soon\"",
            "no date",
        ),
        (
            "task = \"routing\"\nsample = \"s1\"\nuntil = \"2999-01-01\"\nreson = \"r\"",
            "did you mean",
        ),
    ] {
        bed.write(
            "suite/quarantine.toml",
            &format!("[[quarantine]]\n{entry}\n"),
        );
        let done = bed
            .run(&["run", "suite", "-m", MODEL, "-o", "out"])
            .expect(65);
        assert!(done.stderr.contains("quarantine.toml:"), "{}", done.stderr);
        assert!(done.stderr.contains(what), "{what}: {}", done.stderr);
    }
}
