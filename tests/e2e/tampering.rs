//! A finished run with one byte changed does not verify, and the place is named.

use std::path::{Path, PathBuf};

use cleanbench_core::Event;
use cleanbench_ledger::record::{Record, Stamp, encode, genesis};
use cleanbench_ledger::{JournalReader, Manifest, RunDirectory, Tail};
use cleanbench_report::verify::verify;
use cleanbench_testkit::{Fault, Rule};

use crate::bed::{answering, bed_with, copy};

/// Files of a run, relative to it.
fn files(run: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    let mut folders = vec![run.to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in fs_err::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else if path.file_name().unwrap() != "lock" {
                found.push(path.strip_prefix(run).unwrap().to_owned());
            }
        }
    }
    found.sort();
    found
}

#[test]
fn a_flipped_byte_anywhere_is_found_and_named() {
    let (bed, _server) = bed_with(3, answering());
    bed.run_suite("out", &[]).expect(0);
    let run = bed.only_run("out");
    let directory = RunDirectory::at(&run);
    let clean = verify(&directory).unwrap();
    assert!(clean.passed(), "{:?}", clean.damages);
    assert_eq!(clean.judgements, 3);
    let files = files(&run);
    assert!(files.len() >= 9, "{files:?}");
    for file in files {
        let path = run.join(&file);
        let whole = fs_err::read(&path).unwrap();
        for position in 0..whole.len() {
            let mut changed = whole.clone();
            // A single bit, another one at each position.
            changed[position] ^= 1 << (position % 8);
            fs_err::write(&path, &changed).unwrap();
            let found = verify(&directory).unwrap();
            assert!(!found.passed(), "{} byte {position}", file.display());
            let name = file.to_str().unwrap();
            let named = found
                .damages
                .iter()
                .any(|damage| damage.file == name || damage.what.contains(name));
            assert!(
                named,
                "{} byte {position}: {:?}",
                file.display(),
                found.damages
            );
        }
        fs_err::write(&path, &whole).unwrap();
    }
    assert!(verify(&directory).unwrap().passed());
}

#[test]
fn the_program_says_where_and_exits_with_102() {
    let (bed, _server) = bed_with(5, answering());
    bed.run_suite("out", &[]).expect(0);
    let run = bed.only_run("out");
    for (file, needle, replacement, place) in [
        ("results.csv", "routing,s3", "routing,s8", "results.csv:5:"),
        ("summary.csv", ",5,5,1,", ",5,6,1,", "summary.csv:2:"),
        (
            "journal/00000.jsonl",
            "\"sample\":2",
            "\"sample\":3",
            "journal/00000.jsonl:",
        ),
        (
            "samples.jsonl",
            "\"id\":\"s1\"",
            "\"id\":\"s4\"",
            "samples.jsonl",
        ),
        ("run.json", "\"seed\": 0", "\"seed\": 1", "run.json"),
    ] {
        let broken = bed.path("broken");
        copy(&run, &broken);
        let path = broken.join(file);
        let text = fs_err::read_to_string(&path).unwrap();
        assert!(text.contains(needle), "{file} has no {needle}:\n{text}");
        fs_err::write(&path, text.replacen(needle, replacement, 1)).unwrap();
        let done = bed.run(&["verify", "broken"]).expect(102);
        assert!(done.stdout.contains(place), "{file}: {}", done.stdout);
        fs_err::remove_dir_all(broken).unwrap();
    }
}

/// Tables drawn from what is left would look like those of a run that had not gone so far.
#[test]
fn a_report_does_not_cover_up_that_segments_are_gone() {
    let fault = Fault::Status {
        code: 400,
        retry_after: None,
        error: None,
    };
    let (bed, server) = bed_with(20, answering().with_rule(Rule::always(fault)));
    bed.run_suite("out", &[]).expect(3);
    let run = bed.only_run("out");
    server.set_script(answering());
    let path = run.to_str().unwrap();
    bed.run(&["run", "--resume", path, "--retry-errors"])
        .expect(0);
    let results = fs_err::read(run.join("results.csv")).unwrap();
    let journal = run.join("journal");
    for (segment, left) in [
        ("00001.jsonl", false),
        ("00001.jsonl", true),
        ("00000.jsonl", true),
    ] {
        let segment = journal.join(segment);
        let whole = fs_err::read(&segment).unwrap();
        if left {
            fs_err::write(&segment, "").unwrap();
        } else {
            fs_err::remove_file(&segment).unwrap();
        }
        bed.run(&["verify", path]).expect(102);
        bed.run(&["report", path]).expect(102);
        bed.run(&["verify", path]).expect(102);
        assert_eq!(fs_err::read(run.join("results.csv")).unwrap(), results);
        fs_err::write(&segment, whole).unwrap();
    }
    let left = fs_err::read_dir(&run).unwrap();
    let mut names = left.map(|entry| entry.unwrap().file_name().into_string().unwrap());
    assert!(names.all(|name| !name.contains(".new")));
    bed.run(&["verify", path]).expect(0);
}

/// Forges the journal of a finished run, redraws its tables, and expects to be found out.
#[track_caller]
fn check_forgery(words: &str, forge: impl FnMut(&mut Event) -> bool) {
    let (bed, _server) = bed_with(20, answering());
    bed.run_suite("out", &[]).expect(0);
    let run = bed.only_run("out");
    rewrite(&run, forge);
    let path = run.to_str().unwrap();
    bed.run(&["report", path]).expect(0);
    let done = bed.run(&["verify", path]).expect(102);
    assert!(done.stdout.contains(words), "{}", done.stdout);
}

/// Rewrites the journal with a valid chain, keeping the events for which `forge` returns true, and
/// takes the old end out of `run.json`.
pub(crate) fn rewrite(run: &Path, mut forge: impl FnMut(&mut Event) -> bool) {
    rewrite_each(run, |mut event| {
        let stays = forge(&mut event);
        stays.then_some(event).into_iter().collect()
    });
}

/// The same, with any number of events in the place of each.
pub(crate) fn rewrite_each(run: &Path, mut forge: impl FnMut(Event) -> Vec<Event>) {
    let directory = RunDirectory::at(run);
    let mut manifest = Manifest::read(&directory).unwrap();
    let mut head = genesis(&manifest.run);
    let mut forged = Vec::new();
    let mut seq = 0;
    for item in JournalReader::open(&directory, &manifest, Tail::Whole).unwrap() {
        let (_, record): (_, Record) = item.unwrap();
        for event in forge(record.event) {
            let at = &record.at;
            head = encode(Stamp { seq, at }, &event, head, &mut forged).unwrap();
            seq += 1;
        }
    }
    fs_err::write(run.join("journal/00000.jsonl"), forged).unwrap();
    manifest.end = None;
    manifest.write(&directory).unwrap();
}

#[test]
fn a_score_that_its_reply_does_not_give_is_found() {
    check_forgery("the recorded score is not what its reply gives", |event| {
        if let Event::Judged { scores, .. } = event {
            scores[0].value = 1.0 - scores[0].value;
        }
        true
    });
}

/// By another rule than that which reads the answer, or by none.
#[test]
fn a_rule_that_did_not_read_the_answer_is_found() {
    for forged in [Some("boxed by me"), None] {
        check_forgery("the recorded score is not what its reply gives", |event| {
            if let Event::Judged { scores, .. } = event {
                assert!(scores[0].rule.is_some());
                scores[0].rule = forged.map(Into::into);
            }
            true
        });
    }
}

#[test]
fn wrong_answers_that_were_made_refusals_are_found() {
    let mut wrong = Vec::new();
    let (bed, _server) = bed_with(20, answering());
    bed.run_suite("out", &[]).expect(0);
    let run = bed.only_run("out");
    rewrite(&run, |event| {
        match event {
            Event::Judged { scores, place, .. } if scores[0].value < 1.0 => wrong.push(*place),
            _ => {}
        }
        true
    });
    assert!(!wrong.is_empty());
    rewrite(&run, |event| match event {
        Event::Judged { place, .. } => !wrong.contains(place),
        Event::AttemptEnded {
            place,
            outcome,
            reading,
            ..
        } if wrong.contains(place) => {
            *outcome = Some(cleanbench_core::Outcome::Refused);
            *reading = None;
            true
        }
        _ => true,
    });
    bed.run(&["report", run.to_str().unwrap()]).expect(0);
    let done = bed.run(&["verify", run.to_str().unwrap()]).expect(102);
    assert!(
        done.stdout
            .contains("recorded as refused, and its reply is not"),
        "{}",
        done.stdout
    );
}

#[test]
fn judgements_and_tokens_cannot_be_dropped_or_changed() {
    check_forgery("the answer has no judgement on record", |event| {
        !matches!(event, Event::Judged { .. })
    });
    check_forgery("and its reply is not", |event| {
        if let Event::AttemptEnded {
            reading: Some(reading),
            ..
        } = event
        {
            reading.usage.completion = Some(1_000_000);
        }
        true
    });
}

#[test]
fn a_changed_plan_is_not_resumed() {
    let (bed, server) = bed_with(5, answering());
    bed.run_suite("out", &[]).expect(0);
    let run = bed.only_run("out");
    let text = fs_err::read_to_string(run.join("run.json")).unwrap();
    fs_err::write(
        run.join("run.json"),
        text.replacen("\"epochs\": 1", "\"epochs\": 2", 1),
    )
    .unwrap();
    let done = bed.run(&["run", "--resume", "-o", "out"]).expect(102);
    assert!(
        done.stderr.contains("the plan is not the one"),
        "{}",
        done.stderr
    );
    assert_eq!(server.totals().requests, 5);
}

#[test]
fn a_finished_run_that_was_cut_short_is_neither_resumed_nor_redrawn() {
    let (bed, server) = bed_with(40, answering());
    bed.run_suite("out", &[]).expect(0);
    let run = bed.only_run("out");
    let journal = fs_err::read_to_string(run.join("journal/00000.jsonl")).unwrap();
    let kept: String = journal.split_inclusive('\n').take(30).collect();
    let results = fs_err::read(run.join("results.csv")).unwrap();
    fs_err::write(run.join("journal/00000.jsonl"), kept).unwrap();
    bed.run(&["report", run.to_str().unwrap()]).expect(102);
    bed.run(&["run", "--resume", "-o", "out"]).expect(102);
    assert_eq!(server.totals().requests, 40);
    assert_eq!(fs_err::read(run.join("results.csv")).unwrap(), results);
}

#[test]
fn scores_survive_the_journal_to_the_last_bit() {
    for n in 1..200_u32 {
        for k in 0..=n {
            let value = f64::from(k) / f64::from(n);
            let text = serde_json::to_string(&value).unwrap();
            assert_eq!(
                serde_json::from_str::<f64>(&text).unwrap().to_bits(),
                value.to_bits(),
                "{k}/{n}"
            );
        }
    }
}
