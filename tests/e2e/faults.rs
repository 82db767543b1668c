//! What goes wrong is said clearly, with the right exit code, and never as a panic.

use std::net::TcpListener;

use cleanbench_testkit::{FakeServer, Fault, Rule, Script};

use crate::bed::{Bed, MODEL, answering, bed_with, table};

#[track_caller]
fn check(bed: &Bed, code: i32, words: &[&str]) {
    let arguments = ["--max-retries", "1", "--patience", "3"];
    let done = bed.run_suite("out", &arguments).expect(code);
    for word in words {
        assert!(
            done.stderr.contains(word),
            "no `{word}` in:\n{}",
            done.stderr
        );
    }
    assert!(!done.stderr.contains("panicked"), "{}", done.stderr);
    let run = bed.only_run("out");
    bed.run(&["verify", run.to_str().unwrap()]).expect(0);
}

#[track_caller]
fn check_fault(fault: Fault, code: i32, words: &[&str]) {
    let (bed, _server) = bed_with(20, Script::failing(fault));
    check(&bed, code, words);
}

fn status(code: u16) -> Fault {
    Fault::Status {
        code,
        retry_after: Some(0),
        error: None,
    }
}

#[test]
fn nobody_listens() {
    let port = TcpListener::bind("127.0.0.1:0")
        .unwrap()
        .local_addr()
        .unwrap()
        .port();
    let bed = Bed::new(20);
    bed.models(&format!("http://127.0.0.1:{port}/v1"), "");
    check(
        &bed,
        69,
        &["127.0.0.1", &port.to_string(), "is the server up"],
    );
}

#[test]
fn the_name_does_not_resolve() {
    let bed = Bed::new(20);
    bed.models("http://no-such-host.invalid/v1", "allow = [\"private\"]");
    check(&bed, 69, &["no-such-host.invalid", "resolve"]);
}

#[test]
fn the_key_is_wrong() {
    let script = Script {
        require_key: Some("right".to_owned()),
        ..answering()
    };
    let (bed, server) = bed_with(500, script);
    check(&bed, 69, &["401", "key"]);
    assert!(server.totals().requests < 100, "asked on in vain");
}

#[test]
fn a_page_instead_of_json() {
    check_fault(
        Fault::Html { code: 200 },
        69,
        &["text/html", "check that the URL is that of the API"],
    );
}

#[test]
fn text_instead_of_json() {
    check_fault(Fault::Text, 69, &["JSON"]);
}

#[test]
fn an_error_page() {
    check_fault(Fault::Html { code: 502 }, 69, &["502"]);
}

#[test]
fn no_such_path_or_model() {
    check_fault(status(404), 69, &["404"]);
}

#[test]
fn a_redirect_is_not_followed() {
    let sink = FakeServer::start(answering());
    check_fault(Fault::Redirect { to: sink.url() }, 69, &["redirect"]);
    assert_eq!(sink.totals().connections, 0);
}

#[test]
fn an_endpoint_that_only_fails_is_given_up() {
    let (bed, server) = bed_with(500, Script::failing(status(503)));
    check(&bed, 69, &["503"]);
    assert!(server.totals().requests < 200, "asked on in vain");
}

#[test]
fn an_outage_midway_is_inconclusive_and_resumable() {
    let script = answering().with_rule(Rule::always(status(503)).after(40));
    let (bed, server) = bed_with(300, script);
    check(&bed, 75, &["503", "--resume"]);
    server.set_script(answering());
    bed.run(&["run", "--resume", "-o", "out", "--retry-errors"])
        .expect(0);
}

#[test]
fn empty_answers_are_counted_and_not_hidden() {
    let (bed, _server) = bed_with(
        20,
        answering().with_rule(Rule::always(Fault::EmptyContent).for_share(0.3)),
    );
    check(&bed, 3, &["without any text"]);
    let summary = table(&bed.only_run("out"), "summary.csv").remove(0);
    let empty: u32 = summary["empty"].parse().unwrap();
    assert!(empty > 0);
    assert_eq!(summary["empty"], summary["extraction_failures"]);
    assert_eq!(summary["answered"], "20");
    assert_eq!(summary["n"], "20", "an empty answer is a wrong answer");
}

#[test]
fn null_answers_are_empty_answers() {
    check_fault(Fault::NullContent, 3, &["without any text"]);
}

#[test]
fn filtered_answers_are_censored() {
    let (bed, _server) = bed_with(10, Script::failing(Fault::ContentFilter));
    bed.run_suite("out", &[]).expect(3);
    let rows = table(&bed.only_run("out"), "results.csv");
    assert!(
        rows.iter()
            .all(|row| row["outcome"] == "censored" && row["score"].is_empty())
    );
}

#[test]
fn broken_replies_are_asked_again() {
    for fault in [
        Fault::Reset,
        Fault::BrokenBody,
        Fault::MalformedJson,
        status(500),
    ] {
        let name = format!("{fault:?}");
        let script = answering().with_rule(Rule::always(fault).for_share(0.2).times_per_prompt(1));
        let (bed, _server) = bed_with(40, script);
        let done = bed.run_suite("out", &["-j", "4"]);
        assert_eq!(done.code, 0, "{name}: {}", done.stderr);
    }
}

#[test]
fn a_server_that_hangs_is_left() {
    let server = FakeServer::start(Script::failing(Fault::Hang));
    let bed = Bed::new(2);
    bed.models(&server.url(), "timeouts = { idle = 1 }");
    let done = bed
        .run(&[
            "run",
            "suite",
            "-m",
            MODEL,
            "-o",
            "out",
            "--max-retries",
            "0",
        ])
        .expect(3);
    assert!(
        done.stderr.contains("ended without an answer"),
        "{}",
        done.stderr
    );
    let rows = table(&bed.only_run("out"), "calls.csv");
    assert!(
        rows.iter()
            .all(|row| row["error"].contains("1 s") && row["outcome"] == "exhausted"),
        "{rows:?}"
    );
}

/// One prompt in three is turned away twice, and one in fifty eight times in a row: more often than a call has retries,
/// and no more than chance brings where so many are.
#[test]
fn at_a_limit_that_everybody_runs_into_nobody_is_lost() {
    let rule = |share, times| {
        Rule::always(status(429))
            .for_share(share)
            .times_per_prompt(times)
    };
    let script = answering()
        .with_rule(rule(0.02, 8))
        .with_rule(rule(0.33, 2));
    let (bed, server) = bed_with(600, script);
    bed.run_suite("out", &["-j", "16"]).expect(0);
    let run = bed.only_run("out");
    let rows = table(&run, "results.csv");
    assert!(rows.iter().all(|row| row["outcome"] == "answered"));
    assert!(
        server.totals().requests > 600 + 5 * 8,
        "some were turned away eight times"
    );
    bed.run(&["verify", run.to_str().unwrap()]).expect(0);
}

/// A call that is turned away whatever happens, where others are not, ends after its retries.
#[test]
fn a_call_that_alone_is_turned_away_ends_after_its_retries() {
    let never = Rule::always(status(429)).for_share(0.01);
    let (bed, _server) = bed_with(600, answering().with_rule(never));
    bed.run_suite("out", &["-j", "16"]).expect(3);
    let calls = table(&bed.only_run("out"), "calls.csv");
    let refused = calls.iter().filter(|row| row["status"] == "429").count();
    let rows = table(&bed.only_run("out"), "results.csv");
    let lost = rows
        .iter()
        .filter(|row| row["outcome"] == "exhausted")
        .count();
    assert!((1..=20).contains(&lost), "{lost}");
    // Six attempts each; as these calls are turned away over and over, that may be chance for one attempt more.
    assert!(
        (lost * 6..=lost * 7).contains(&refused),
        "{refused} of {lost}"
    );
}
