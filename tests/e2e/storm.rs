//! Ten thousand samples on a server where three requests in ten go wrong in every way there is, and
//! the same with the program killed three times: every call ends once, nothing is lost, nothing is
//! counted twice, and the run ends by itself.
//!
//! What is counted: the server counts a request when its head has arrived, so a request that it then
//! resets, redirects or never answers counts. The journal holds a `reply_received` for every attempt
//! that came to any end the program saw, an answer or a failure. The difference can only be attempts
//! that were under way when the program was killed, and those are what the next start lists as
//! "outcome unknown, possibly billed". The equation is exact because the kills strike when every
//! attempt under way has reached the server; an attempt killed between its record and its send would
//! be listed, as it must be, without ever having been counted. `interruption.rs` kills at any moment
//! and checks that inequality.

use std::collections::BTreeMap;
use std::path::Path;
use std::process::Child;
use std::time::{Duration, Instant};

use cleanbench_core::{CallId, Event, Outcome};
use cleanbench_ledger::{JournalReader, Manifest, RunDirectory, Tail};
use cleanbench_testkit::{FakeServer, Fault, Rule, Script};

use crate::bed::{Bed, MODEL, answering, signal, table, wait, wait_until};

const SAMPLES: usize = 10_000;
/// Share of prompts that each of the faults below strikes on its first asking; together three in ten.
const SHARE: f64 = 0.0137;
/// Requests before the first of those faults that say "this is no such endpoint": met before any
/// answer they are taken at their word, and the run ends.
const SETTLED: u64 = 200;

fn status(code: u16) -> Fault {
    Fault::Status {
        code,
        retry_after: None,
        error: None,
    }
}

/// Every fault that another attempt can mend.
fn passing_faults() -> Vec<Fault> {
    let typed = |text: &str| Fault::WrongType {
        content_type: text.to_owned(),
    };
    vec![
        Fault::Status {
            code: 429,
            retry_after: Some(0),
            error: None,
        },
        status(429),
        status(500),
        status(502),
        status(503),
        status(529),
        Fault::Reset,
        Fault::Close,
        Fault::BrokenBody,
        Fault::ResetInBody,
        Fault::MalformedJson,
        Fault::NoChoices,
        Fault::StreamError,
        Fault::ErrorInside {
            code: "rate_limit_exceeded".to_owned(),
        },
        Fault::Html { code: 502 },
        Fault::SplitUtf8,
        Fault::DuplicateDone,
        typed("application/json; charset=utf-8"),
        Fault::SlowDrip {
            bytes: 64,
            pause_ms: 1,
        },
        Fault::Delay { ms: 30 },
        Fault::HugeBody { mib: 1 },
        Fault::Gzip,
        Fault::Hang,
        Fault::HangInBody,
    ]
}

/// Faults that stay, so that calls end in every way.
fn lasting_faults() -> Vec<(Fault, f64)> {
    vec![
        (status(400), 0.003),
        (status(405), 0.003),
        (Fault::ContentFilter, 0.003),
        (Fault::EmptyContent, 0.003),
        (Fault::NullContent, 0.003),
        (Fault::Length { words: 1 }, 0.003),
        (status(500), 0.002),
        (Fault::HugeBody { mib: 65 }, 0.0002),
    ]
}

/// Faults that condemn an endpoint which has never answered.
fn condemning_faults() -> Vec<Fault> {
    let to = "http://198.51.100.1/v1/chat/completions".to_owned();
    vec![
        Fault::Html { code: 200 },
        Fault::Text,
        Fault::Redirect { to },
        status(401),
        status(404),
    ]
}

/// The storm; `hangs` is the share of prompts that are never answered at first, in each of two ways.
fn storm(hangs: f64) -> Script {
    let mut script = answering();
    for (fault, share) in lasting_faults() {
        script = script.with_rule(Rule::always(fault).for_share(share));
    }
    for fault in condemning_faults() {
        let rule = Rule::always(fault).for_share(SHARE / 4.0).after(SETTLED);
        script = script.with_rule(rule.times_per_prompt(1));
    }
    for fault in passing_faults() {
        let share = match fault {
            Fault::Hang | Fault::HangInBody => hangs,
            Fault::HugeBody { .. } => 0.002,
            _ => SHARE,
        };
        script = script.with_rule(Rule::always(fault).for_share(share).times_per_prompt(1));
    }
    script
}

/// What the journal of a run holds.
#[derive(Debug, Default)]
struct Counted {
    started: u64,
    replies: u64,
    unknown: u64,
    /// How often each call ended.
    ends: BTreeMap<CallId, Vec<Outcome>>,
}

impl Counted {
    fn of(run: &Path) -> Self {
        let directory = RunDirectory::at(run);
        let manifest = Manifest::read(&directory).unwrap();
        let mut counted = Self::default();
        for item in JournalReader::open(&directory, &manifest, Tail::MayBeTorn).unwrap() {
            let Ok((_, record)) = item else { break };
            match record.event {
                Event::AttemptStarted { .. } => counted.started += 1,
                Event::ReplyReceived { .. } => counted.replies += 1,
                Event::AttemptUnknown { .. } => counted.unknown += 1,
                Event::AttemptEnded {
                    call,
                    outcome: Some(outcome),
                    ..
                } => counted.ends.entry(call).or_default().push(outcome),
                _ => {}
            }
        }
        counted
    }

    /// Attempts under way.
    fn open(&self) -> u64 {
        self.started - self.replies - self.unknown
    }
}

fn bed(server: &FakeServer, stream: bool, idle: u32) -> Bed {
    let bed = Bed::new(SAMPLES);
    let more = format!("stream = {stream}\ntimeouts = {{ idle = {idle} }}");
    bed.models(&server.url(), &more);
    bed
}

/// What holds at the end, however often the program was killed.
#[track_caller]
fn check_end(bed: &Bed, server: &FakeServer, run: &Path) -> Counted {
    let counted = Counted::of(run);
    assert_eq!(counted.ends.len(), SAMPLES, "every call ended");
    assert!(
        counted.ends.values().all(|ends| ends.len() == 1),
        "and ended once"
    );
    let requests = server.totals().requests;
    assert_eq!(
        requests - counted.replies,
        counted.unknown,
        "{requests} requests, {} replies on record",
        counted.replies
    );
    let rows = table(run, "results.csv");
    assert_eq!(rows.len(), SAMPLES);
    let mut kinds = BTreeMap::new();
    for row in &rows {
        *kinds.entry(row["outcome"].clone()).or_insert(0_u32) += 1;
    }
    for kind in [
        "answered",
        "refused",
        "censored",
        "unsupported",
        "exhausted",
    ] {
        assert!(kinds.contains_key(kind), "no call ended {kind}: {kinds:?}");
    }
    assert!(kinds["answered"] > 9_400, "{kinds:?}");
    let retried = requests - SAMPLES as u64;
    assert!(retried > 2_000, "only {retried} requests were repeats");
    bed.run(&["verify", run.to_str().unwrap()]).expect(0);
    counted
}

const ARGUMENTS: [&str; 8] = ["run", "suite", "-m", MODEL, "-o", "out", "-j", "256"];

#[test]
fn every_fault_there_is_and_every_call_ends_once() {
    let server = FakeServer::start(storm(SHARE));
    let bed = bed(&server, false, 3);
    let done = bed.run(&ARGUMENTS).expect(3);
    assert!(!done.stderr.contains("panicked"), "{}", done.stderr);
    let counted = check_end(&bed, &server, &bed.only_run("out"));
    assert_eq!(counted.unknown, 0, "nobody was killed");
}

/// Stops the server's answers, waits until what is under way has all arrived there and nothing waits
/// for its next attempt any more, and kills the program. What was under way then is what the journal leaves open: a call
/// that waited longer may have begun its next attempt just before.
fn kill_at_rest(child: &mut Child, server: &FakeServer, run: &Path) -> u64 {
    server.set_script(Script::failing(Fault::Hang));
    let mut rest = (0, Instant::now());
    wait_until("all is under way", || {
        let under_way = u64::from(server.totals().in_flight);
        if under_way == 0 || under_way != rest.0 {
            rest = (under_way, Instant::now());
        }
        rest.1.elapsed() > Duration::from_secs(2) && Counted::of(run).open() == under_way
    });
    signal(child, "KILL");
    child.wait().unwrap();
    let open = Counted::of(run).open();
    assert!(open >= rest.0, "{open} attempts are open, {} were", rest.0);
    open
}

#[test]
fn three_kills_in_the_storm_lose_nothing() {
    // Longer than it takes to come to rest, so that nothing under way ends meanwhile.
    let server = FakeServer::start(storm(0.002));
    let bed = bed(&server, true, 12);
    let mut child = bed.start(&ARGUMENTS);
    let mut killed = 0;
    for part in 1..=3 {
        let enough = (SAMPLES / 4 * part) as u64;
        let end = Instant::now() + Duration::from_mins(2);
        while server.totals().unique_prompts < enough {
            assert!(Instant::now() < end, "the run stands still");
            assert!(child.try_wait().unwrap().is_none(), "it ended early");
            std::thread::sleep(Duration::from_millis(2));
        }
        killed += kill_at_rest(&mut child, &server, &bed.only_run("out"));
        server.set_script(storm(0.002));
        child = bed.start(&["run", "--resume", "-o", "out", "-j", "256"]);
    }
    let done = wait(child).expect(3);
    assert!(!done.stderr.contains("panicked"), "{}", done.stderr);
    let counted = check_end(&bed, &server, &bed.only_run("out"));
    assert_eq!(counted.unknown, killed, "what was under way at the kills");
    assert!(
        killed > 100,
        "{killed} attempts were under way at the kills"
    );
}
