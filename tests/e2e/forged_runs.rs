//! Whatever is taken out of a run, `verify` checks no less, or says so and exits otherwise; and whoever rewrites all of
//! it has made another record, with another head.

use std::path::{Path, PathBuf};

use cleanbench_core::event::RecordedScore;
use cleanbench_core::{Digest, Event, canonical, score};
use cleanbench_ledger::{Manifest, RunDirectory};
use cleanbench_study::derived::DerivedManifest;
use cleanbench_testkit::{Answers, FakeServer, Fault, Rule, Script};
use serde_json::Value;

use crate::bed::{Bed, Done, answering, bed_with, copy, copy_without_payloads, read, table};
use crate::replay::text;
use crate::tampering::{rewrite, rewrite_each};

/// A finished run of which some answers are wrong, and what it said at its end.
fn bed() -> (Bed, FakeServer, PathBuf, Done) {
    let (bed, server) = bed_with(20, answering());
    let done = bed.run_suite("out", &[]).expect(0);
    let run = bed.only_run("out");
    let wrong = table(&run, "results.csv");
    assert!(wrong.iter().any(|row| row["score"] == "0"), "{wrong:?}");
    (bed, server, run, done)
}

/// A copy of `run` to work on.
fn again(bed: &Bed, run: &Path) -> PathBuf {
    let target = bed.path("h");
    drop(fs_err::remove_dir_all(&target));
    copy(run, &target);
    target
}

/// Takes the end out of `run.json`.
fn unend(run: &Path) -> Manifest {
    let directory = RunDirectory::at(run);
    let mut manifest = Manifest::read(&directory).unwrap();
    let whole = manifest.clone();
    manifest.end = None;
    manifest.write(&directory).unwrap();
    whole
}

/// Turns wrong answers right in the tables.
fn forge_tables(run: &Path) {
    let mut rows = csv::Reader::from_path(run.join("results.csv")).unwrap();
    let header = rows.headers().unwrap().clone();
    let score = header.iter().position(|name| name == "score").unwrap();
    let records: Vec<_> = rows.records().map(|row| row.unwrap()).collect();
    let mut forged = csv::Writer::from_path(run.join("results.csv")).unwrap();
    forged.write_record(&header).unwrap();
    for row in records {
        let cells = row.iter().enumerate();
        let cells = cells.map(|(at, cell)| if at == score { "1" } else { cell });
        forged.write_record(cells).unwrap();
    }
    forged.flush().unwrap();
}

/// Nothing that `verify` prints may be taken for a certificate.
#[track_caller]
fn uncertified(bed: &Bed, run: &str, code: i32, what: &str) -> Done {
    let done = bed.run(&["verify", run]);
    assert_eq!(done.code, code, "{what}: {}{}", done.stdout, done.stderr);
    let is_verdict = |line: &&str| line.starts_with("verified");
    assert!(
        !done.stdout.lines().any(|line| is_verdict(&line)),
        "{what}: {}",
        done.stdout
    );
    let json = bed.run(&["verify", run, "--format", "json"]).expect(code);
    let json: Value = serde_json::from_str(&json.stdout).unwrap();
    assert_eq!(json["verified"], false, "{what}: {json}");
    done
}

#[test]
fn without_its_end_a_run_is_checked_all_the_same() {
    let (bed, _server, run, _) = bed();
    let h = again(&bed, &run);
    unend(&h);
    let done = uncertified(&bed, "h", 75, "the end alone");
    assert!(
        done.stdout.contains("`cleanbench report` closes it"),
        "{}",
        done.stdout
    );
    forge_tables(&h);
    let done = uncertified(&bed, "h", 102, "forged tables");
    assert!(done.stdout.contains("results.csv:"), "{}", done.stdout);
    // The last record cut off, and more: as after a kill.
    for cut in [1, 2, 5, 30] {
        let h = again(&bed, &run);
        unend(&h);
        let journal = read(&h, "journal/00000.jsonl");
        let lines: Vec<_> = journal.split_inclusive('\n').collect();
        fs_err::write(
            h.join("journal/00000.jsonl"),
            lines[..lines.len() - cut].concat(),
        )
        .unwrap();
        forge_tables(&h);
        uncertified(&bed, "h", 102, "forged tables of a run that was cut");
        for name in [
            "results.csv",
            "summary.csv",
            "calls.csv",
            "junit.xml",
            "summary.md",
            "flakes.csv",
        ] {
            fs_err::remove_file(h.join(name)).unwrap();
        }
        uncertified(&bed, "h", 75, "a run that was cut");
    }
    // Any one table, the others being right or gone.
    for name in [
        "results.csv",
        "summary.csv",
        "calls.csv",
        "junit.xml",
        "summary.md",
        "flakes.csv",
    ] {
        let h = again(&bed, &run);
        unend(&h);
        fs_err::write(h.join(name), read(&h, name) + "x\n").unwrap();
        let done = uncertified(&bed, "h", 102, name);
        assert!(done.stdout.contains(name), "{}", done.stdout);
        fs_err::remove_file(h.join(name)).unwrap();
        uncertified(&bed, "h", 75, name);
    }
    let h = again(&bed, &run);
    unend(&h);
    bed.run(&["report", "h"]).expect(0);
    bed.run(&["verify", "h"]).expect(0);
    assert_eq!(read(&h, "run.json"), read(&run, "run.json"));
}

#[test]
fn what_is_emptied_or_put_back_to_an_earlier_version_is_found() {
    let (bed, _server, run, _) = bed();
    let end: Value = serde_json::from_str(&read(&run, "run.json")).unwrap();
    let none = || Value::Object(serde_json::Map::new());
    let take = |of: &mut Value, name: &str| drop(of.as_object_mut().unwrap().remove(name));
    let edit = |what: &str, m: &mut Value| match what {
        "no tables" => take(&mut m["plan"], "tables"),
        "tables 1" => m["plan"]["tables"] = 1.into(),
        "tables 4" => m["plan"]["tables"] = 4.into(),
        "format 1.0" => m["format"] = "cleanbench-run/1.0".into(),
        "no heads" => m["end"]["segments"] = Value::Array(Vec::new()),
        "fewer records" => m["end"]["segments"][0]["records"] = 3.into(),
        "no files" => m["end"]["files"] = none(),
        "a file fewer" => take(&mut m["end"]["files"], "summary.md"),
        "no inputs" => m["plan"]["inputs"] = none(),
        "interrupted" => m["end"]["stopped"] = "interrupted".into(),
        "other scorers" => m["plan"]["tasks"][0]["scorers_digest"] = "0".repeat(64).into(),
        _ => m["plan"]["tasks"][0]["samples"] = 0.into(),
    };
    let edits = [
        "no tables",
        "tables 1",
        "tables 4",
        "format 1.0",
        "no heads",
        "fewer records",
        "no files",
        "a file fewer",
        "no inputs",
        "interrupted",
        "other scorers",
        "no sample",
    ];
    for what in edits {
        for without_end in [false, true] {
            let h = again(&bed, &run);
            let mut manifest = end.clone();
            edit(what, &mut manifest);
            if without_end {
                manifest.as_object_mut().unwrap().remove("end");
            }
            let bytes = serde_json::to_string_pretty(&manifest).unwrap() + "\n";
            fs_err::write(h.join("run.json"), bytes).unwrap();
            if without_end {
                forge_tables(&h);
            }
            uncertified(&bed, "h", 102, what);
        }
    }
    for gone in [
        "journal",
        "journal/00000.jsonl",
        "samples.jsonl",
        "payloads/0001.seg",
        "inputs/suite.toml",
        "results.csv",
    ] {
        let h = again(&bed, &run);
        let path = h.join(gone);
        if path.is_dir() {
            fs_err::remove_dir_all(path).unwrap();
        } else {
            fs_err::remove_file(path).unwrap();
        }
        uncertified(&bed, "h", 102, gone);
    }
}

#[test]
fn a_run_that_went_on_cannot_go_back() {
    let fault = Fault::Status {
        code: 400,
        retry_after: None,
        error: None,
    };
    let (bed, server) = bed_with(20, answering().with_rule(Rule::always(fault)));
    bed.run_suite("out", &[]).expect(3);
    let run = bed.only_run("out");
    let before = read(&run, "results.csv");
    server.set_script(answering());
    bed.run(&["run", "--resume", text(&run), "--retry-errors"])
        .expect(0);
    let h = again(&bed, &run);
    unend(&h);
    fs_err::remove_file(h.join("journal/00001.jsonl")).unwrap();
    uncertified(
        &bed,
        "h",
        102,
        "the last segment gone, and payloads that nobody refers to",
    );
    fs_err::write(h.join("results.csv"), before).unwrap();
    uncertified(
        &bed,
        "h",
        102,
        "the tables of then beside the payloads of now",
    );
}

/// README: to show a run to somebody who must not see the tasks.
#[test]
fn a_run_without_payloads_says_what_it_shows() {
    let (bed, _server, run, _) = bed();
    let original = head(&run);
    let h = bed.path("h");
    copy_without_payloads(&run, &h);
    fs_err::remove_file(h.join("inputs/suite.key")).unwrap();
    let done = uncertified(&bed, "h", 75, "as the README says");
    assert!(
        done.stdout.contains("recorded, not recomputable"),
        "{}",
        done.stdout
    );
    assert!(done.stdout.contains(&original), "{}", done.stdout);
    bed.run(&["verify", "h", "--head", &original]).expect(75);
    forge_tables(&h);
    uncertified(&bed, "h", 102, "forged tables");
    // With their digests put right, and with no end at all.
    let directory = RunDirectory::at(&h);
    let mut manifest = Manifest::read(&directory).unwrap();
    let digest = directory.digest("results.csv").unwrap();
    manifest
        .end
        .as_mut()
        .unwrap()
        .files
        .insert("results.csv".to_owned(), digest);
    manifest.write(&directory).unwrap();
    uncertified(&bed, "h", 75, "another record");
    bed.run(&["verify", "h", "--head", &original]).expect(102);
    unend(&h);
    uncertified(&bed, "h", 75, "no end");
    bed.run(&["verify", "h", "--head", &original]).expect(102);
    let h = again(&bed, &run);
    fs_err::remove_file(h.join("inputs/suite.key")).unwrap();
    let done = uncertified(&bed, "h", 0, "the key alone");
    assert!(
        done.stdout.contains("recorded, not recomputable"),
        "{}",
        done.stdout
    );
}

/// As `sha256sum` prints it.
fn sum(path: &Path) -> String {
    Digest::of_file_bytes(&fs_err::read(path).unwrap()).to_string()
}

fn head(run: &Path) -> String {
    sum(&run.join("run.json"))
}

#[test]
fn the_head_is_said_at_the_end_and_compared() {
    let (bed, _server, run, done) = bed();
    let head = head(&run);
    assert!(
        done.stderr.contains(&format!("head: {head}")),
        "{}",
        done.stderr
    );
    let verified = bed.run(&["verify", text(&run)]).expect(0);
    assert!(
        verified.stdout.contains(&format!("head: {head}\n")),
        "{}",
        verified.stdout
    );
    let said = verified.stderr;
    assert!(said.contains("another record, with another head"), "{said}");
    assert!(!(verified.stdout + &said).contains("untouched"));
    let json = bed
        .run(&["verify", text(&run), "--format", "json"])
        .expect(0);
    let json: Value = serde_json::from_str(&json.stdout).unwrap();
    assert_eq!(
        (&json["head"], &json["verdict"]),
        (&Value::from(head.clone()), &Value::from("verified"))
    );
    for right in [
        &head[..],
        &head[..16],
        &head[..40],
        &head.to_uppercase(),
        &format!("sha256:{head}"),
    ] {
        bed.run(&["verify", text(&run), "--head", right]).expect(0);
    }
    let flipped = if head.starts_with('0') { "1" } else { "0" };
    for wrong in [
        format!("{flipped}{}", &head[1..]),
        format!("{flipped}{}", &head[1..16]),
        "0".repeat(64),
    ] {
        let done = bed
            .run(&["verify", text(&run), "--head", &wrong])
            .expect(102);
        assert!(
            done.stdout.contains("this is another record"),
            "{}",
            done.stdout
        );
    }
    for unfit in [
        "",
        &head[..15],
        "no",
        &format!("{head}0"),
        &head[..20].replace(&head[3..4], "g"),
    ] {
        bed.run(&["verify", text(&run), "--head", unfit]).expect(2);
    }
    bed.run(&["report", text(&run)]).expect(0);
    bed.run(&["verify", text(&run), "--head", &head]).expect(0);
}

/// Every hash computed anew: nothing in the run contradicts anything else in it.
#[test]
fn whoever_rewrites_all_of_it_has_another_head() {
    let (bed, _server, run, _) = bed();
    let original = head(&run);
    let h = again(&bed, &run);
    rewrite(&h, |event| {
        if let Event::SegmentOpened { tool, .. } = event {
            tool.push('!');
        }
        true
    });
    bed.run(&["report", "h"]).expect(0);
    let done = bed.run(&["verify", "h"]).expect(0);
    assert!(!done.stdout.contains(&original), "{}", done.stdout);
    assert!(done.stdout.contains(&head(&h)), "{}", done.stdout);
    bed.run(&["verify", "h", "--head", &original]).expect(102);
}

/// What became of a judgement in a record that was written anew as a whole.
struct Forgery {
    what: &'static str,
    scores: fn() -> Vec<RecordedScore>,
    error: Option<&'static str>,
    /// Exit code of `verify`; never with the word of a certificate.
    code: i32,
}

fn ended(value: f64, reason: &str) -> Vec<RecordedScore> {
    vec![RecordedScore {
        extraction_failure: Some(reason.to_owned()),
        ..RecordedScore::of(value)
    }]
}

#[test]
fn a_judgement_that_is_said_to_have_failed_or_been_ended_certifies_nothing() {
    let (bed, _server, run, _) = bed();
    let forgeries = [
        Forgery {
            what: "failed, with a score",
            scores: || vec![RecordedScore::of(1.0)],
            error: Some("a scorer panicked"),
            code: 102,
        },
        Forgery {
            what: "failed, without one",
            scores: Vec::new,
            error: Some("a scorer panicked"),
            code: 102,
        },
        Forgery {
            what: "ended by time, with a score",
            scores: || ended(1.0, score::RAN_OUT),
            error: None,
            code: 102,
        },
        Forgery {
            what: "ended by time, where it takes none",
            scores: || ended(0.0, score::RAN_OUT),
            error: None,
            code: 102,
        },
        Forgery {
            what: "broken off, where it takes none",
            scores: || ended(0.0, score::BROKE_OFF),
            error: None,
            code: 102,
        },
        Forgery {
            what: "refused as too much",
            scores: || ended(0.0, score::TOO_MUCH),
            error: None,
            code: 102,
        },
    ];
    for forgery in forgeries {
        let h = again(&bed, &run);
        rewrite(&h, |event| {
            if let Event::Judged { scores, error, .. } = event {
                *scores = (forgery.scores)();
                *error = forgery.error.map(str::to_owned);
            }
            true
        });
        drop(bed.run(&["report", "h"]));
        uncertified(&bed, "h", forgery.code, forgery.what);
    }
}

/// A chain holds whatever it was made of; the last of two records of a call would hide the first.
#[test]
fn what_no_writer_writes_is_found_whatever_the_chain_says() {
    type Forge = fn(Event, &[Event]) -> Vec<Event>;
    let (bed, _server, run, _) = bed();
    let forgeries: [(&str, Forge); 6] = [
        ("a second judgement of one answer", |event, _| match event {
            Event::Judged { ref scores, .. } => {
                let mut first = event.clone();
                if let Event::Judged { scores: other, .. } = &mut first {
                    other[0].value = 1.0 - scores[0].value;
                }
                vec![first, event]
            }
            other => vec![other],
        }),
        (
            "an attempt of a call that had ended",
            |event, before| match event {
                Event::Judged { place, .. } => {
                    let own = before.iter().filter(|one| match one {
                        Event::AttemptStarted { place: other, .. }
                        | Event::ReplyReceived { place: other, .. }
                        | Event::AttemptEnded { place: other, .. } => *other == place,
                        _ => false,
                    });
                    let again = own.cloned().map(|mut one| {
                        match &mut one {
                            Event::AttemptStarted { attempt, .. }
                            | Event::ReplyReceived { attempt, .. }
                            | Event::AttemptEnded { attempt, .. } => *attempt = 2,
                            _ => {}
                        }
                        one
                    });
                    again.chain([event.clone()]).collect()
                }
                other => vec![other],
            },
        ),
        ("an end of a call that had ended", |event, _| match event {
            Event::AttemptEnded { .. } => vec![event.clone(), event],
            other => vec![other],
        }),
        ("a second reply to one attempt", |event, _| match event {
            Event::ReplyReceived { .. } => vec![event.clone(), event],
            other => vec![other],
        }),
        (
            "an attempt whose number was there before",
            |event, _| match event {
                Event::AttemptStarted { .. } => vec![event.clone(), event],
                other => vec![other],
            },
        ),
        (
            "stands behind the record that its writer stopped",
            |event, _| match event {
                Event::Stopped { .. } => vec![event.clone(), event],
                other => vec![other],
            },
        ),
    ];
    for (what, forge) in forgeries {
        let h = again(&bed, &run);
        let mut before = Vec::new();
        rewrite_each(&h, |event| {
            let forged = forge(event, &before);
            before.extend(forged.iter().cloned());
            forged
        });
        drop(bed.run(&["report", "h"]));
        let done = uncertified(&bed, "h", 102, what);
        assert!(done.stdout.contains(what), "{what}: {}", done.stdout);
    }
}

#[test]
fn tables_of_an_earlier_version_are_not_those_of_a_later_writer() {
    let (bed, _server, run, _) = bed();
    for tables in [1, 2, 3, 4, 5] {
        let h = again(&bed, &run);
        let directory = RunDirectory::at(&h);
        let mut manifest = Manifest::read(&directory).unwrap();
        manifest.plan.tables = tables;
        manifest.end = None;
        manifest.write(&directory).unwrap();
        let plan = manifest.plan.digest().unwrap();
        rewrite(&h, |event| {
            if let Event::Planned { plan: recorded } = event {
                *recorded = plan;
            }
            true
        });
        drop(bed.run(&["report", "h"]));
        let done = uncertified(&bed, "h", 102, "tables put back");
        assert!(
            done.stdout.contains("was never written with tables"),
            "{}",
            done.stdout
        );
    }
}

#[test]
fn a_segment_that_nobody_wrote_is_named() {
    let (bed, _server, run, _) = bed();
    let h = again(&bed, &run);
    fs_err::write(h.join("journal/00001.jsonl"), "").unwrap();
    let done = uncertified(&bed, "h", 102, "an empty segment");
    assert!(
        done.stdout.contains("journal/00001.jsonl"),
        "{}",
        done.stdout
    );
}

#[test]
fn a_merged_run_does_not_lose_a_shard_unseen() {
    let (bed, _server) = bed_with(12, answering());
    for (out, part) in [("one", "1/2"), ("two", "2/2")] {
        bed.run_suite(out, &["--shard", part]).expect(0);
    }
    let shards = ["one", "two"].map(|out| bed.only_run(out));
    bed.run(&["merge", text(&shards[0]), text(&shards[1]), "-o", "m"])
        .expect(0);
    let run = bed.only_run("m");
    let original = head(&run);
    bed.run(&["verify", text(&run), "--head", &original])
        .expect(0);
    let lose = |h: &Path| {
        let directory = RunDirectory::at(h);
        let mut manifest = Manifest::read(&directory).unwrap();
        manifest.merged.as_mut().unwrap().shards.pop();
        fs_err::remove_file(h.join("journal/02000.jsonl")).unwrap();
        manifest.end = None;
        manifest.write(&directory).unwrap();
    };
    let h = again(&bed, &run);
    lose(&h);
    uncertified(&bed, "h", 102, "a shard gone, the tables of both");
    let h = again(&bed, &run);
    let directory = RunDirectory::at(&h);
    let mut manifest = Manifest::read(&directory).unwrap();
    manifest.merged.as_mut().unwrap().shards[1].segments.clear();
    manifest.write(&directory).unwrap();
    uncertified(&bed, "h", 102, "no heads of a shard");
    // One that is missing is said to be, and its calls are open.
    bed.run(&["merge", text(&shards[0]), "--partial", "-o", "p"])
        .expect(75);
    let partial = bed.only_run("p");
    let done = bed.run(&["verify", text(&partial)]).expect(0);
    assert!(
        done.stdout.contains("shard 2 of the run is not in it"),
        "{}",
        done.stdout
    );
    assert!(done.stdout.contains("calls are open"), "{}", done.stdout);
}

#[test]
fn a_result_over_runs_is_covered_from_its_manifest() {
    let (bed, _server, run, _) = bed();
    bed.run_suite("other", &[]).expect(0);
    bed.run(&[
        "compare",
        text(&run),
        text(&bed.only_run("other")),
        "-o",
        "cmp",
    ])
    .expect(0);
    let made = bed.only_run("cmp");
    let original = sum(&made.join("manifest.json"));
    let done = bed.run(&["verify", text(&made)]).expect(0);
    assert!(
        done.stdout.contains(&format!("head: {original}")),
        "{}",
        done.stdout
    );
    bed.run(&["verify", text(&made), "--head", &original[..20]])
        .expect(0);
    bed.run(&["verify", text(&made), "--head", &"1".repeat(64)])
        .expect(102);
    let none = || Value::Object(serde_json::Map::new());
    let edit = |number: u32, m: &mut Value| match number {
        0 => m["files"] = none(),
        1 => drop(m["files"].as_object_mut().unwrap().remove("comparison.csv")),
        2 => m["inputs"] = Value::Array(Vec::new()),
        3 => m["inputs"][0]["files"] = none(),
        4 => m["inputs"][0]["role"] = "../../out".into(),
        _ => m["format"] = "cleanbench-derived/1.0".into(),
    };
    for number in 0..6 {
        let h = again(&bed, &made);
        let mut manifest: Value = serde_json::from_str(&read(&h, "manifest.json")).unwrap();
        edit(number, &mut manifest);
        fs_err::write(h.join("manifest.json"), seal(&manifest)).unwrap();
        fs_err::write(h.join("comparison.csv"), "forged").unwrap();
        uncertified(&bed, "h", 102, &format!("edit {number}"));
    }
}

/// `manifest` with a digest over itself that is right.
fn seal(manifest: &Value) -> String {
    let parsed: DerivedManifest = serde_json::from_value(manifest.clone()).unwrap();
    let rest = (
        (&parsed.format, &parsed.tool, &parsed.id, &parsed.created),
        (&parsed.what, &parsed.inputs, &parsed.files),
    );
    let rest = canonical::of(&rest).unwrap();
    let mut sealed = manifest.clone();
    let digest = Digest::of("cleanbench/derived/1", &[&rest]);
    sealed["digest"] = digest.to_string().into();
    serde_json::to_string_pretty(&sealed).unwrap() + "\n"
}

/// Several lines of what a model wrote that look like those of the program.
#[test]
fn no_line_of_an_answer_passes_for_one_of_the_program() {
    let answer = "billing\nscore choice: 1 (read as \"billing\")\n=== fake epoch 2: answered\n--- target\nnetwork\r--- x";
    let (bed, _server) = bed_with(2, Script::answering(Answers::Fixed(answer.to_owned())));
    bed.run_suite("out", &[]).expect(0);
    let run = bed.only_run("out");
    let shown = bed.run(&["show", text(&run), "s1"]).expect(0).stdout;
    let starting = |start: &str| shown.lines().filter(|line| line.starts_with(start)).count();
    for (start, times) in [
        ("score choice", 1),
        ("=== fake", 1),
        ("--- target", 1),
        ("| score choice", 1),
        ("| ---", 1),
    ] {
        assert_eq!(starting(start), times, "{start}: {shown}");
    }
    assert!(!shown.contains('\r'), "{shown}");
    // Zeroed, and on record nowhere: what is shown says so.
    let name = run.join("payloads/0001.seg");
    let length = fs_err::metadata(&name).unwrap().len();
    let zeros = vec![0; usize::try_from(length - 8).unwrap()];
    fs_err::write(&name, [&b"CBPAY01\n"[..], &zeros].concat()).unwrap();
    let shown = bed.run(&["show", text(&run), "s1"]).expect(0).stdout;
    assert!(shown.contains("\n[erased: "), "{shown}");
    let json = bed
        .run(&["show", text(&run), "s1", "--format", "json"])
        .expect(0);
    let json: Value = serde_json::from_str(&json.stdout).unwrap();
    assert_eq!(json[0]["calls"][0]["erased"], true);
    bed.run(&["verify", text(&run)]).expect(102);
}

/// The index leads to one record, which is looked at beside its neighbours.
#[test]
fn a_record_that_was_changed_is_not_shown_by_way_of_the_index() {
    let (bed, _server, run, _) = bed();
    bed.run(&["show", text(&run), "s1"]).expect(0);
    let h = again(&bed, &run);
    let journal = read(&h, "journal/00000.jsonl");
    let is_judged = |line: &&str| line.contains("{\"judged\":");
    for line in journal.lines().filter(is_judged) {
        let place = if line.contains("\"value\":1") {
            ("\"value\":1", "\"value\":0")
        } else {
            ("\"value\":0", "\"value\":1")
        };
        let changed = journal.replacen(line, &line.replacen(place.0, place.1, 1), 1);
        assert_ne!(changed, journal);
        fs_err::write(h.join("journal/00000.jsonl"), changed).unwrap();
        let sample: Value = serde_json::from_str(line).unwrap();
        let number = &sample["event"]["judged"]["place"]["sample"];
        bed.run(&["show", "h", &format!("s{number}")]).expect(102);
    }
}
