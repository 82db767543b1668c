//! Tasks that end early and cannot be asked in full: every call ends all the same, and what was asked decides.

use std::os::unix::fs::FileExt as _;
use std::path::{Path, PathBuf};
use std::process::Child;
use std::time::{Duration, Instant};

use cleanbench_ledger::{Manifest, RunDirectory};
use cleanbench_testkit::{Fault, Rule};
use serde_json::Value;

use crate::bed::{Bed, bed_with, copy, read, signal, table, wait};
use crate::gates::{gate, results, right};
use crate::replay::{column, new_run, text};

const FLOOR: &str = "metric = \"accuracy\"; test = \"floor\"; early_stop = true; min = ";

/// A gate that ends a task once a rate above `min` is shown, or one below it.
fn ends_at(bed: &Bed, min: &str) {
    gate(bed, &[&format!("{FLOOR}{min}")]);
}

/// Everything that the journal of `run` records, in order.
fn records(run: &Path) -> Vec<Value> {
    let journal = read(run, "journal/00000.jsonl");
    let lines = journal.lines();
    lines
        .map(|line| serde_json::from_str(line).unwrap())
        .collect()
}

/// Zeroes the payload that `reference` names.
fn erase(run: &Path, reference: &Value) {
    let number = |name: &str| reference[name].as_u64().unwrap();
    let path = run.join(format!("payloads/{:04}.seg", number("segment")));
    let file = std::fs::OpenOptions::new().write(true).open(path).unwrap();
    let zeros = vec![0; usize::try_from(number("length")).unwrap()];
    file.write_all_at(&zeros, number("offset")).unwrap();
}

/// Erases the first answer of `run`.
fn erase_first_answer(run: &Path) {
    let reply = records(run)
        .iter()
        .find_map(|record| record.pointer("/event/reply_received/response").cloned());
    erase(run, &reply.unwrap());
}

/// How many calls of `run` ended as `outcome`.
fn count(run: &Path, outcome: &str) -> usize {
    let outcomes = column(run, "results.csv", "outcome");
    outcomes.iter().filter(|one| *one == outcome).count()
}

/// A run that asked all of its samples, one after the other in the turn that they have where a gate may end their task
/// (this one cannot, as it has no baseline), and lost the first answer since.
fn with_a_lost_answer(bed: &Bed) -> PathBuf {
    let never = "metric = \"accuracy\"; test = \"superiority\"; early_stop = true";
    gate(bed, &[never]);
    bed.run_suite("whole", &["-j", "1"]).expect(75);
    let whole = bed.only_run("whole");
    erase_first_answer(&whole);
    whole
}

#[test]
fn a_replay_that_lacks_an_answer_ends_early_all_the_same() {
    const SAMPLES: usize = 400;
    let (bed, _server) = bed_with(SAMPLES, right(0.95));
    let whole = with_a_lost_answer(&bed);
    ends_at(&bed, "0.7");
    let mut asked = Vec::new();
    for (out, at_once) in [("one", "1"), ("many", "64")] {
        let replayed = ["--replay", text(&whole), "-j", at_once];
        // One sample has no answer, though the gate passes without it.
        let done = bed.run_suite(out, &replayed).expect(3);
        assert!(
            done.stderr
                .contains("1 call was skipped: the answer was erased"),
            "{}",
            done.stderr
        );
        let run = bed.only_run(out);
        assert_eq!(count(&run, "open"), 0);
        let result = results(&bed, out).remove(0);
        assert_eq!(result["verdict"], "pass", "{result}");
        let n = result["n"].as_u64().unwrap();
        assert_eq!(
            result["stopped_early"]["samples"], n,
            "the lost one is in it"
        );
        assert_eq!(count(&run, "answered") as u64, n - 1);
        assert!(n < 200, "{n}");
        bed.run(&["verify", text(&run)]).expect(0);
        let resume = ["run", "--resume", text(&run), "--replay", text(&whole)];
        let again = bed.run(&resume).expect(3);
        assert!(
            again.stderr.contains("nothing is asked"),
            "{}",
            again.stderr
        );
        asked.push(n);
    }
    assert_eq!(asked[0], asked[1], "whatever the concurrency");
}

#[test]
fn a_replay_of_a_run_that_ended_earlier_leaves_nothing_open() {
    let (bed, _server) = bed_with(400, right(0.95));
    ends_at(&bed, "0.7");
    bed.run_suite("first", &[]).expect(0);
    let first = bed.only_run("first");
    let had = count(&first, "answered");
    assert!(had < 200, "{had}");
    // What would decide is not on record.
    ends_at(&bed, "0.94");
    let done = bed
        .run_suite("again", &["--replay", text(&first)])
        .expect(75);
    let again = bed.only_run("again");
    let ends = ["answered", "skipped", "open"].map(|outcome| count(&again, outcome));
    assert_eq!(ends, [had, 400 - had, 0]);
    assert!(
        done.stderr
            .contains(&format!("{} calls were skipped: run", 400 - had)),
        "{}",
        done.stderr
    );
    assert!(!done.stderr.contains("were not made"), "{}", done.stderr);
    bed.run(&["verify", text(&again)]).expect(0);
}

#[test]
fn samples_that_were_erased_before_they_were_asked_keep_no_task_from_ending() {
    let (bed, server) = bed_with(400, right(0.95));
    ends_at(&bed, "0.75");
    let capped = ["-j", "1", "--max-requests", "5"];
    bed.run_suite("out", &capped).expect(75);
    let run = bed.only_run("out");
    // Every tenth sample is lost, so some of those that are asked before the end are.
    let kept = column(&run, "results.csv", "outcome");
    let samples = read(&run, "samples.jsonl");
    let open = samples.lines().zip(&kept).filter(|(_, how)| *how == "open");
    for (line, _) in open.take(40) {
        let row: Value = serde_json::from_str(line).unwrap();
        erase(&run, &row["payload"]);
    }
    let more = ["run", "--resume", text(&run), "--max-requests", "1000"];
    let done = bed.run(&more);
    assert!(!done.stderr.contains("were not made"), "{}", done.stderr);
    done.expect(3);
    assert_eq!(count(&run, "open"), 0);
    let result = results(&bed, "out").remove(0);
    assert_eq!(result["verdict"], "pass", "{result}");
    let lost = result["n"].as_u64().unwrap() - server.totals().requests;
    assert!(lost > 0, "{result}");
}

/// The first writer went on past errors; whoever asks those again learns that fewer samples would have done.
#[test]
fn a_resume_that_decides_earlier_asks_whatever_comes_before_what_was_asked() {
    const SAMPLES: u64 = 2000;
    let refusing = Rule::always(Fault::Status {
        code: 400,
        retry_after: None,
        error: None,
    });
    let (bed, server) = bed_with(2000, right(0.95).with_rule(refusing.for_share(0.4)));
    ends_at(&bed, "0.5");
    bed.run_suite("out", &["-j", "8"]).expect(3);
    let run = bed.only_run("out");
    let asked = server.totals().requests;
    let refused = count(&run, "refused");
    assert!(refused > 0 && asked < SAMPLES, "{refused} of {asked}");
    server.set_script(right(0.95));
    bed.run(&["run", "--resume", text(&run), "--retry-errors"])
        .expect(0);
    assert_eq!(
        server.totals().requests,
        asked + refused as u64,
        "all that were refused were asked again, and nothing else"
    );
    assert_eq!(count(&run, "answered") as u64, asked);
    let result = results(&bed, "out").remove(0);
    assert_eq!(result["verdict"], "pass", "{result}");
    assert_eq!(result["stopped_early"]["samples"], asked, "{result}");
    bed.run(&["verify", text(&run)]).expect(0);
    // Asked without errors from the start, it would have ended before.
    bed.run_suite("fresh", &["-j", "8"]).expect(0);
    let fresh = server.totals().requests - asked - refused as u64;
    assert!(fresh < asked, "{fresh} of {asked}");
}

/// Waits for `child` for `seconds`, and kills it after that.
fn ends_within(mut child: Child, seconds: u64) -> Option<i32> {
    let end = Instant::now() + Duration::from_secs(seconds);
    while Instant::now() < end {
        if let Some(status) = child.try_wait().unwrap() {
            return status.code();
        }
        std::thread::sleep(Duration::from_millis(5));
    }
    signal(&child, "KILL");
    wait(child);
    None
}

/// A writer that was killed right after it had skipped a call of the first batch.
#[test]
fn a_resume_waits_for_no_call_that_an_earlier_writer_skipped() {
    let (bed, _server) = bed_with(400, right(0.95));
    let whole = with_a_lost_answer(&bed);
    ends_at(&bed, "0.7");
    bed.run_suite("again", &["--replay", text(&whole), "-j", "1"])
        .expect(3);
    let again = bed.only_run("again");
    let expected = read(&again, "results.csv");
    let cut = bed.path("cut");
    copy(&again, &cut);
    let run = RunDirectory::at(&cut);
    let mut manifest = Manifest::read(&run).unwrap();
    manifest.end = None;
    manifest.write(&run).unwrap();
    let is_skip = |record: &Value| {
        record.pointer("/event/attempt_ended/outcome") == Some(&Value::from("skipped"))
    };
    let records = records(&cut);
    let skip = records.iter().position(is_skip).unwrap();
    let journal = read(&cut, "journal/00000.jsonl");
    let kept: String = journal.split_inclusive('\n').take(skip + 1).collect();
    fs_err::write(cut.join("journal/00000.jsonl"), kept).unwrap();
    let resumed = bed.start(&["run", "--resume", text(&cut), "--replay", text(&whole)]);
    assert_eq!(ends_within(resumed, 20), Some(3), "it waits for ever");
    assert_eq!(read(&cut, "results.csv"), expected);
    assert_eq!(new_run(&bed, "again", &[]), again);
    assert!(table(&cut, "calls.csv").len() < 200);
    bed.run(&["verify", text(&cut)]).expect(0);
}
