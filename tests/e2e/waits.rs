//! What a run waits for where calls go wrong: its own call for a refusal, all calls for an endpoint that is not there,
//! and nobody for a call that hangs.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use cleanbench_testkit::{FakeServer, Fault, Latency, Rule, Script};

use crate::bed::{Bed, MODEL, answering, bed_with, table, wait, wait_until};

fn refused(retry_after: Option<u64>) -> Fault {
    Fault::Status {
        code: 503,
        retry_after,
        error: None,
    }
}

fn slow(milliseconds: u64) -> Script {
    Script {
        latency: Latency {
            fixed_ms: milliseconds,
            ..Latency::default()
        },
        ..answering()
    }
}

/// Every call was answered, and the server counted as many requests as there are attempts on record.
#[track_caller]
fn check_nothing_lost(bed: &Bed, server: &FakeServer, samples: usize) {
    let run = bed.only_run("out");
    let rows = table(&run, "results.csv");
    assert_eq!(rows.len(), samples);
    assert!(rows.iter().all(|row| row["outcome"] == "answered"));
    let attempts = table(&run, "calls.csv").len() as u64;
    assert_eq!(server.totals().requests, attempts);
    bed.run(&["verify", run.to_str().unwrap()]).expect(0);
}

/// While nobody is there the same few calls are sent again and again to see, each more often than it has retries.
#[test]
fn an_outage_is_waited_for_and_costs_no_call_its_retries() {
    for (retry_after, at_once) in [(None, "4"), (Some(1), "1")] {
        let samples = 100;
        let (bed, server) = bed_with(samples, slow(20));
        let options = ["-j", at_once, "--max-retries", "2", "-q"];
        let more = [&["run", "suite", "-m", MODEL, "-o", "out"][..], &options].concat();
        let mut child = bed.start(&more);
        wait_until("it is under way", || server.totals().requests > 20);
        server.set_script(Script::failing(refused(retry_after)));
        std::thread::sleep(Duration::from_secs(9));
        assert!(child.try_wait().unwrap().is_none(), "it did not wait");
        let asked = server.totals().requests;
        server.set_script(slow(20));
        wait(child).expect(0);
        check_nothing_lost(&bed, &server, samples);
        assert!(asked < 100, "it was asked {asked} times while it was away");
        let mut attempts = BTreeMap::<_, usize>::new();
        for row in table(&bed.only_run("out"), "calls.csv") {
            *attempts.entry(row["sample"].clone()).or_default() += 1;
        }
        let most = attempts.into_values().max().unwrap();
        assert!(most > 1 + 2, "no call had to be turned away more often");
    }
}

/// The first that are turned away cannot know that nobody is there; they wait to see.
#[test]
fn an_outage_costs_nobody_who_has_no_retry() {
    for at_once in ["1", "16"] {
        let samples = 60;
        let (bed, server) = bed_with(samples, slow(20));
        let options = ["-j", at_once, "--max-retries", "0", "-q"];
        let more = [&["run", "suite", "-m", MODEL, "-o", "out"][..], &options].concat();
        let child = bed.start(&more);
        wait_until("it is under way", || server.totals().requests > 10);
        server.set_script(Script::failing(refused(None)));
        std::thread::sleep(Duration::from_secs(3));
        server.set_script(slow(20));
        wait(child).expect(0);
        check_nothing_lost(&bed, &server, samples);
    }
    // One that is turned away alone ends as it is said to.
    let (bed, server) = bed_with(
        60,
        slow(20).with_rule(Rule::always(refused(None)).every(20)),
    );
    let options = ["--max-retries", "0"];
    bed.run_suite("out", &options).expect(3);
    assert_eq!(server.totals().requests, 60);
}

#[test]
fn an_outage_longer_than_patience_ends_resumably() {
    let samples = 300;
    let script = answering().with_rule(Rule::always(refused(None)).after(40));
    let (bed, server) = bed_with(samples, script);
    let done = bed.run_suite("out", &["--patience", "3"]).expect(75);
    for words in ["nobody was served for 3 s", "--patience", "--resume"] {
        assert!(done.stderr.contains(words), "{words}: {}", done.stderr);
    }
    server.set_script(answering());
    bed.run(&["run", "--resume", "-o", "out"]).expect(0);
    check_nothing_lost(&bed, &server, samples);
}

#[test]
fn a_refusal_that_asks_for_patience_delays_its_own_call_alone() {
    // Were the endpoint paused for each of them, the run would take two minutes.
    let samples = 400;
    let rule = Rule::always(refused(Some(3)))
        .for_share(0.1)
        .times_per_prompt(1);
    let (bed, server) = bed_with(samples, slow(5).with_rule(rule));
    let mut child = bed.start(&["run", "suite", "-m", MODEL, "-o", "out", "-q"]);
    let mut waited = 0;
    while child.try_wait().unwrap().is_none() {
        std::thread::sleep(Duration::from_millis(100));
        waited += 1;
        assert!(waited < 600, "refusals of single calls hold up all others");
    }
    wait(child).expect(0);
    check_nothing_lost(&bed, &server, samples);
    assert!(server.totals().requests > 420);
}

#[test]
fn a_call_that_waits_holds_no_place() {
    let samples = 40;
    let script = slow(5).with_rule(Rule::always(refused(Some(5))).first(1));
    let (bed, server) = bed_with(samples, script);
    let child = bed.start(&["run", "suite", "-m", MODEL, "-o", "out", "-j", "1", "-q"]);
    wait_until("all were asked", || {
        server.totals().unique_prompts == samples as u64
    });
    let asked = server.totals().requests;
    assert_eq!(asked, samples as u64, "the one that was refused waits");
    wait(child).expect(0);
    check_nothing_lost(&bed, &server, samples);
}

/// A byte a second is never idle: such calls end by the total limit.
#[test]
fn calls_that_drip_hold_up_nobody_and_end() {
    let samples = 300;
    let drip = Fault::SlowDrip {
        bytes: 1,
        pause_ms: 1000,
    };
    let server = FakeServer::start(slow(20).with_rule(Rule::always(drip).for_share(0.1)));
    let bed = Bed::new(samples);
    bed.models(&server.url(), "timeouts = { total = 30 }");
    let options = ["-j", "8", "--max-retries", "0", "-q"];
    let more = [&["run", "suite", "-m", MODEL, "-o", "out"][..], &options].concat();
    let begun = Instant::now();
    let mut child = bed.start(&more);
    while server.totals().unique_prompts < samples as u64 {
        assert!(child.try_wait().unwrap().is_none(), "it ended early");
        assert!(
            begun.elapsed() < Duration::from_secs(25),
            "some hold up others"
        );
        std::thread::sleep(Duration::from_millis(5));
    }
    wait(child).expect(3);
    let rows = table(&bed.only_run("out"), "results.csv");
    let ended = |outcome: &str| rows.iter().filter(|row| row["outcome"] == outcome).count();
    let exhausted = ended("exhausted");
    assert!((15..45).contains(&exhausted), "{exhausted}");
    assert_eq!(exhausted + ended("answered"), samples);
}

#[test]
fn calls_that_hang_hold_up_nobody() {
    let samples = 600;
    let rule = Rule::always(Fault::Hang).for_share(0.1);
    let server = FakeServer::start(slow(20).with_rule(rule));
    let bed = Bed::new(samples);
    bed.models(&server.url(), "timeouts = { idle = 20 }");
    let arguments = [
        "run",
        "suite",
        "-m",
        MODEL,
        "-o",
        "out",
        "-j",
        "8",
        "--max-retries",
        "0",
        "-q",
    ];
    let child = bed.start(&arguments);
    // Sixty hang and hold eight places: before one of them has ended, all others are asked.
    wait_until("all were asked", || {
        server.totals().unique_prompts == samples as u64
    });
    let hanging = u64::from(server.totals().in_flight);
    wait(child).expect(3);
    let rows = table(&bed.only_run("out"), "results.csv");
    let exhausted = rows
        .iter()
        .filter(|row| row["outcome"] == "exhausted")
        .count() as u64;
    assert!((40..80).contains(&exhausted), "{exhausted}");
    assert!(
        hanging >= exhausted,
        "{hanging} were waited for, of {exhausted}"
    );
}

#[test]
fn an_endpoint_that_only_hangs_gets_no_more_than_it_may() {
    let server = FakeServer::start(slow(5));
    let bed = Bed::new(400);
    bed.models(&server.url(), "timeouts = { idle = 4 }");
    let child = bed.start(&[
        "run",
        "suite",
        "-m",
        MODEL,
        "-o",
        "out",
        "-j",
        "8",
        "--max-retries",
        "0",
        "-q",
    ]);
    wait_until("it is under way", || server.totals().requests > 100);
    server.set_script(Script::failing(Fault::Hang));
    std::thread::sleep(Duration::from_secs(3));
    assert!(server.totals().in_flight <= 8, "{:?}", server.totals());
    server.set_script(slow(5));
    wait(child).expect(3);
}

/// Calls that are turned away whatever happens come last in a run, and are no outage.
#[test]
fn questions_that_are_always_turned_away_end_unanswered() {
    for fault in [
        refused(Some(0)),
        Fault::Close,
        Fault::Status {
            code: 502,
            retry_after: None,
            error: None,
        },
    ] {
        let name = format!("{fault:?}");
        let rule = Rule::always(fault).when_prompt_contains("Ticket 1");
        let (bed, _server) = bed_with(40, slow(5).with_rule(rule));
        let done = bed.run_suite("out", &["--max-retries", "2"]);
        assert_eq!(done.code, 3, "{name}: {}", done.stderr);
        let rows = table(&bed.only_run("out"), "results.csv");
        let lost = rows
            .iter()
            .filter(|row| row["outcome"] == "exhausted")
            .count();
        assert_eq!(lost, 11, "{name}");
    }
}

#[test]
fn who_was_never_there_is_not_waited_for() {
    let (bed, _server) = bed_with(6, Script::failing(Fault::Close));
    let done = bed.run_suite("out", &["--max-retries", "1"]);
    assert_eq!(done.code, 3, "{}", done.stderr);
}

#[test]
fn the_page_of_a_gateway_that_is_just_starting_ends_nothing() {
    let samples = 40;
    let script = answering().with_rule(Rule::always(Fault::Html { code: 200 }).first(20));
    let (bed, server) = bed_with(samples, script);
    bed.run_suite("out", &[]).expect(0);
    check_nothing_lost(&bed, &server, samples);
}

#[test]
fn each_retry_is_told_with_its_reason_where_that_is_wanted() {
    let rule = Rule::always(refused(None))
        .for_share(0.2)
        .times_per_prompt(1);
    let (bed, _server) = bed_with(40, answering().with_rule(rule));
    let done = bed.run_suite("out", &["-v"]).expect(0);
    let told: Vec<_> = done
        .stderr
        .lines()
        .filter(|line| line.contains("is asked again"))
        .collect();
    let retried = table(&bed.only_run("out"), "calls.csv").len() - 40;
    assert_eq!(told.len(), retried, "{told:#?}");
    assert!(
        told[0].contains("503")
            && told[0].contains("`fake`")
            && told[0].contains("after attempt 1"),
        "{told:#?}"
    );
    let done = bed.run_suite("quiet", &[]).expect(0);
    assert!(!done.stderr.contains("is asked again"), "{}", done.stderr);
}

#[test]
fn a_server_on_this_machine_is_asked_as_much_at_once_as_it_has_slots() {
    let script = Script {
        slots: Some(3),
        ..slow(20)
    };
    let (bed, server) = bed_with(60, script);
    let done = bed.run_suite("out", &[]).expect(0);
    assert!(done.stderr.contains("has 3 slots"), "{}", done.stderr);
    assert_eq!(server.totals().in_flight_max, 3);
    check_nothing_lost(&bed, &server, 60);
    bed.run_suite("more", &["-j", "6", "--no-cache"]).expect(0);
    assert_eq!(server.totals().in_flight_max, 6);
}
