//! Killed at any moment, cut at any byte, interrupted by hand: nothing is lost, nothing asked twice
//! that need not be.

use std::collections::BTreeSet;
use std::path::Path;
use std::time::{Duration, Instant};

use cleanbench_testkit::{FakeServer, Latency, Script, prompt_key};

use crate::bed::{
    Bed, MODEL, answering, bed_with, copy, question, read, signal, table, wait, wait_until,
};

fn slow() -> Script {
    Script {
        latency: Latency {
            fixed_ms: 4,
            ..Latency::default()
        },
        ..answering()
    }
}

/// Samples of which an attempt's outcome is unknown, from `calls.csv`.
fn unknown_samples(run: &Path) -> Vec<String> {
    let rows = table(run, "calls.csv").into_iter();
    rows.filter(|row| row["error"] == "outcome unknown, possibly billed")
        .map(|row| row["sample"].clone())
        .collect()
}

/// Whatever was asked more than once was in flight at a kill, and nothing is missing.
fn check_counts(server: &FakeServer, run: &Path, samples: usize) {
    let unknown = unknown_samples(run);
    let known: BTreeSet<_> = unknown.iter().collect();
    let counts = server.counts();
    assert_eq!(
        counts.unique_prompts, samples as u64,
        "every sample was asked"
    );
    let mut repeated = 0;
    for number in 0..samples {
        let asked = counts
            .by_prompt
            .get(&prompt_key(&question(number)))
            .copied()
            .unwrap_or(0);
        assert!(asked >= 1);
        if asked > 1 {
            repeated += u64::from(asked) - 1;
            assert!(
                known.contains(&format!("s{number}")),
                "s{number} was asked {asked} times"
            );
        }
    }
    assert!(
        repeated <= unknown.len() as u64,
        "{repeated} repeated, {} listed",
        unknown.len()
    );
}

#[test]
fn twenty_kills_lose_nothing_and_change_nothing() {
    const SAMPLES: usize = 2000;
    let (bed, _server) = bed_with(SAMPLES, slow());
    let started = Instant::now();
    bed.run_suite("whole", &["-j", "32"]).expect(0);
    let whole_time = started.elapsed();
    let expected = read(&bed.only_run("whole"), "results.csv");
    let mut killed_midway = 0;
    for round in 0..20_u32 {
        let server = FakeServer::start(slow());
        bed.models(&server.url(), "");
        let out = format!("round{round}");
        let mut child = bed.start(&["run", "suite", "-m", MODEL, "-o", &out, "-j", "32"]);
        // Spread over the run, with a jitter that no two test runs share.
        let jitter = Duration::from_nanos(u64::from(started.elapsed().subsec_nanos()) % 20_000_000);
        wait_until("planned", || {
            bed.path(&out).is_dir() && has_plan(&bed, &out)
        });
        std::thread::sleep(whole_time.mul_f64(f64::from(round) / 24.0) + jitter);
        signal(&child, "KILL");
        child.wait().unwrap();
        let run = bed.only_run(&out);
        let before = server.totals().requests;
        killed_midway += u32::from(before > 0 && before < SAMPLES as u64);
        bed.run(&["run", "--resume", "-o", &out]).expect(0);
        assert_eq!(read(&run, "results.csv"), expected, "round {round}");
        check_counts(&server, &run, SAMPLES);
        bed.run(&["verify", run.to_str().unwrap()]).expect(0);
    }
    assert!(
        killed_midway >= 8,
        "only {killed_midway} kills met a run under way"
    );
}

fn has_plan(bed: &Bed, out: &str) -> bool {
    let runs = fs_err::read_dir(bed.path(out)).unwrap();
    runs.flatten()
        .any(|run| run.path().join("run.json").is_file())
}

#[test]
fn the_journal_cut_at_every_byte_of_its_last_three_records_resumes() {
    let (bed, _server) = bed_with(3, answering());
    bed.run_suite("out", &["-j", "1"]).expect(0);
    let whole = bed.only_run("out");
    let expected = read(&whole, "results.csv");
    let journal = read(&whole, "journal/00000.jsonl");
    let lines: Vec<_> = journal.split_inclusive('\n').collect();
    let last_three: usize = lines[lines.len() - 3..].iter().map(|line| line.len()).sum();
    let first_cut = journal.len() - last_three;
    let cuts: Vec<_> = (first_cut..journal.len()).collect();
    std::thread::scope(|scope| {
        for part in cuts.chunks(cuts.len().div_ceil(2)) {
            let (bed, whole, expected, journal) = (&bed, &whole, &expected, &journal);
            scope.spawn(move || {
                for cut in part {
                    let run = bed.path(&format!("cut{cut}/run"));
                    copy(whole, &run);
                    fs_err::write(run.join("journal/00000.jsonl"), &journal[..*cut]).unwrap();
                    let path = run.to_str().unwrap();
                    bed.run(&["run", "--resume", path]).expect(0);
                    assert_eq!(read(&run, "results.csv"), *expected, "cut at {cut}");
                    bed.run(&["verify", path]).expect(0);
                    fs_err::remove_dir_all(run).unwrap();
                }
            });
        }
    });
}

#[test]
fn the_first_signal_drains_and_the_run_goes_on_later() {
    let script = Script {
        latency: Latency {
            fixed_ms: 20,
            ..Latency::default()
        },
        ..answering()
    };
    let (bed, server) = bed_with(400, script);
    let child = bed.start(&["run", "suite", "-m", MODEL, "-o", "out", "-j", "4"]);
    wait_until("some answers", || server.totals().requests > 20);
    signal(&child, "INT");
    let done = wait(child).expect(130);
    assert!(
        done.stderr.contains("cleanbench run --resume"),
        "{}",
        done.stderr
    );
    let run = bed.only_run("out");
    let asked = server.totals().requests;
    assert!(asked < 400, "stopped early");
    bed.run(&["verify", run.to_str().unwrap()]).expect(0);
    bed.run(&["run", "--resume", "-o", "out"]).expect(0);
    assert_eq!(
        server.counts().max_per_prompt,
        1,
        "what was drained was not asked again"
    );
    assert!(unknown_samples(&run).is_empty());
}

#[test]
fn the_second_signal_drops_what_is_in_flight() {
    let script = Script {
        latency: Latency {
            fixed_ms: 60_000,
            ..Latency::default()
        },
        ..answering()
    };
    let (bed, server) = bed_with(10, script);
    let child = bed.start(&["run", "suite", "-m", MODEL, "-o", "out", "-j", "2"]);
    wait_until("two calls", || server.totals().requests == 2);
    signal(&child, "INT");
    std::thread::sleep(Duration::from_millis(200));
    signal(&child, "INT");
    wait(child).expect(130);
    server.set_script(answering());
    bed.run(&["run", "--resume", "-o", "out"]).expect(0);
    assert_eq!(unknown_samples(&bed.only_run("out")).len(), 2);
}

#[test]
fn two_writers_of_one_run_are_refused() {
    let script = Script {
        latency: Latency {
            fixed_ms: 50,
            ..Latency::default()
        },
        ..answering()
    };
    let (bed, server) = bed_with(50, script);
    let child = bed.start(&["run", "suite", "-m", MODEL, "-o", "out", "-j", "1"]);
    wait_until("a call", || server.totals().requests > 0);
    let second = bed.run(&["run", "--resume", "-o", "out"]).expect(73);
    assert!(
        second.stderr.contains("in use by another process"),
        "{}",
        second.stderr
    );
    signal(&child, "INT");
    wait(child).expect(130);
}
