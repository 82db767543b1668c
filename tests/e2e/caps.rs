//! A run stops before it can exceed a cap, with the right exit code, and can be resumed.

use std::path::Path;
use std::time::Duration;

use cleanbench_core::Usd;
use cleanbench_testkit::{Fault, Rule};

use crate::bed::{Bed, answering, bed_with, table, wait, wait_until};

const PRICE: &str = "price = { input = \"1\", output = \"10\" }";

/// What the attempts of a run cost, summed from `calls.csv`.
fn cost(run: &Path) -> Usd {
    let rows = table(run, "calls.csv").into_iter();
    rows.filter_map(|row| row["cost_usd"].parse::<Usd>().ok())
        .sum()
}

#[track_caller]
fn refuse(bed: &Bed, flags: &[&str], words: &[&str]) {
    let done = bed.run_suite("refused", flags).expect(66);
    for word in words {
        assert!(done.stderr.contains(word), "no `{word}`:\n{}", done.stderr);
    }
    assert!(!bed.path("refused").exists(), "nothing was written");
}

#[test]
fn a_cap_on_requests_holds_over_resumes() {
    let (bed, server) = bed_with(100, answering());
    let done = bed.run_suite("out", &["--max-requests", "30"]).expect(75);
    assert!(done.stderr.contains("--max-requests"), "{}", done.stderr);
    assert_eq!(server.totals().requests, 30);
    let run = bed.only_run("out");
    let folder = run.to_str().unwrap();
    bed.run(&["run", "--resume", folder, "--max-requests", "30"])
        .expect(75);
    assert_eq!(server.totals().requests, 30, "thirty of the whole run");
    bed.run(&["run", "--resume", folder, "--max-requests", "50"])
        .expect(75);
    assert_eq!(server.totals().requests, 50);
    bed.run(&["run", "--resume", folder]).expect(0);
    assert_eq!(server.totals().requests, 100);
    bed.run(&["verify", folder]).expect(0);
}

#[test]
fn a_cap_on_money_is_used_and_never_exceeded() {
    let (bed, server) = bed_with(200, answering());
    bed.models(&server.url(), PRICE);
    let cap: Usd = "0.002".parse().unwrap();
    bed.run_suite("out", &["--max-cost", "0.002"]).expect(75);
    let run = bed.only_run("out");
    let first = cost(&run);
    assert!(first > Usd::ZERO && first <= cap, "{first}");
    let requests = server.totals().requests;
    bed.run(&[
        "run",
        "--resume",
        run.to_str().unwrap(),
        "--max-cost",
        "0.002",
    ])
    .expect(75);
    assert_eq!(
        server.totals().requests,
        requests,
        "nothing is left of the cap"
    );
    bed.run(&["verify", run.to_str().unwrap()]).expect(0);
}

#[test]
fn a_cap_that_cannot_be_kept_is_refused_before_anything_is_sent() {
    let (bed, server) = bed_with(20, answering());
    refuse(
        &bed,
        &["--max-cost", "1"],
        &["`fake`", "no price", "--best-effort-cap"],
    );
    let suite = crate::bed::manifest("private", "choice").replace(", max_tokens = 16", "");
    bed.write("suite/suite.toml", &suite);
    bed.models(&server.url(), PRICE);
    refuse(
        &bed,
        &["--max-cost", "1"],
        &["`max_tokens` is not set", "`routing`"],
    );
    refuse(
        &bed,
        &["--max-tokens", "100"],
        &["`--max-tokens` cannot be kept"],
    );
    assert_eq!(server.totals().requests, 0);
    let done = bed
        .run_suite("out", &["--max-cost", "1", "--best-effort-cap"])
        .expect(0);
    assert!(
        done.stderr.contains("only what is known is counted"),
        "{}",
        done.stderr
    );
}

#[test]
fn a_cap_on_time_starts_no_call_after_it() {
    let slow = cleanbench_testkit::Script {
        latency: cleanbench_testkit::Latency {
            fixed_ms: 50,
            ..cleanbench_testkit::Latency::default()
        },
        ..answering()
    };
    let (bed, server) = bed_with(500, slow);
    let done = bed
        .run_suite("out", &["-j", "1", "--max-time", "1s"])
        .expect(75);
    assert!(done.stderr.contains("--max-time"), "{}", done.stderr);
    assert!(
        (1..=20).contains(&server.totals().requests),
        "{}",
        server.totals().requests
    );
}

/// A host that turns everybody away and asks one model to wait is left alone by all of them.
#[test]
fn models_behind_one_host_share_its_pauses() {
    const SAMPLES: usize = 300;
    let busy = Fault::Status {
        code: 429,
        retry_after: Some(5),
        error: None,
    };
    let mut script = answering().with_rule(Rule::always(busy));
    script.latency.fixed_ms = 10;
    let (bed, server) = bed_with(SAMPLES, script);
    let models = ["one", "two", "three"].map(|name| format!("{}#{name}", server.url()));
    let mut arguments = vec!["run", "suite", "-o", "out", "-j", "16"];
    arguments.extend(models.iter().flat_map(|model| ["-m", model]));
    let child = bed.start(&arguments);
    wait_until("the first request", || server.totals().requests > 0);
    // At their own pace they would have ended by then.
    std::thread::sleep(Duration::from_secs(1));
    let sent = server.totals().requests;
    // Until four are turned away nothing is known, and what they leave free is taken.
    assert!(sent <= 3 * 16 + 4, "{sent} while it was to be left alone");
    server.set_script(answering());
    wait(child).expect(0);
    let run = bed.only_run("out");
    let attempts = table(&run, "calls.csv").len() as u64;
    assert_eq!(server.totals().requests, attempts);
    for row in table(&run, "summary.csv") {
        assert_eq!(row["answered"], SAMPLES.to_string(), "{row:?}");
    }
    bed.run(&["verify", run.to_str().unwrap()]).expect(0);
}
