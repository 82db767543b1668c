//! Calls that are planned from answers: asked, cut off, shared out, replayed and verified like any other.

use std::path::{Path, PathBuf};
use std::time::Duration;

use cleanbench_core::{Event, RunId};
use cleanbench_ledger::batches::{self, DueBatch, DueSample};
use cleanbench_ledger::record::{Record, Stamp, encode, genesis};
use cleanbench_ledger::{JournalReader, Manifest, RunDirectory, SampleRows, Tail, samples};
use cleanbench_report::verify::verify;
use cleanbench_testkit::{Answers, FakeServer, Fault, Latency, Rule, Script};

use crate::bed::{Bed, MODEL, copy, read, signal, table, wait_until};
use crate::replay::text;

const PROBE: &str = "quiz/completion-second-cut.instruction";
/// Items of each arm.
const ITEMS: usize = 12;

/// The words of an item from number `from` on; each word is in no other item.
fn words(item: &str, from: usize, to: usize) -> String {
    let words: Vec<_> = (from..to).map(|place| format!("{item}w{place}")).collect();
    words.join(" ")
}

/// An item of forty words: cut after 24, and where it came close again after 30.
fn whole(item: &str) -> String {
    words(item, 0, 40)
}

/// Says how the model goes on after the first and the second cut of an item.
fn answers() -> Answers {
    let mut pairs = Vec::new();
    let mut add = |item: &str, place: usize, answer: String| {
        pairs.push((words(item, place - 1, place + 1), answer));
    };
    for number in 0..ITEMS {
        let (quiz, control) = (format!("q{number}"), format!("c{number}"));
        // Ten words of sixteen are near enough to be asked again.
        let near = |item: &str| format!("{} and so on and on then", words(item, 24, 34));
        if number % 3 != 2 {
            add(&quiz, 29, words(&quiz, 30, 40));
            add(&quiz, 23, near(&quiz));
        }
        if number % 4 == 0 {
            add(&control, 29, "something else entirely".to_owned());
            add(&control, 23, near(&control));
        }
    }
    Answers::Map {
        pairs,
        default: "no idea".to_owned(),
    }
}

fn script() -> Script {
    Script::answering(answers())
}

/// A suite whose items are put by the probe besides, and a server.
pub(crate) fn bed() -> (Bed, FakeServer) {
    let server = FakeServer::start(script());
    let bed = Bed::new(0);
    bed.models(&server.url(), "");
    let task = |name: &str, more: &str| {
        format!(
            "\n[[task]]\nname = \"{name}\"\ndata = \"{name}.jsonl\"\nsensitivity = \"public\"\n\
             prompt = \"{{{{ input }}}}\"\nscorers = [\"exact\"]\n{more}\n\
             generate = {{ temperature = 0, max_tokens = 16 }}\n"
        )
    };
    let control = "control = { task = \"control\", kind = \"sibling\" }";
    let suite = format!(
        "name = \"quizzes\"\nversion = \"1\"\n{}{}\n[probes]\nuse = [\"completion-second-cut\"]\n",
        task("quiz", control),
        task("control", "")
    );
    bed.write("suite/suite.toml", &suite);
    for (name, letter) in [("quiz", 'q'), ("control", 'c')] {
        let line = |number: usize| {
            let input = whole(&format!("{letter}{number}"));
            format!("{{\"id\":\"{letter}{number}\",\"input\":\"{input}\",\"target\":\"x\"}}\n")
        };
        let lines: String = (0..ITEMS).map(line).collect();
        bed.write(&format!("suite/{name}.jsonl"), &lines);
    }
    (bed, server)
}

fn finished(bed: &Bed, out: &str, more: &[&str]) -> PathBuf {
    bed.run_suite(out, more).expect(0);
    bed.only_run(out)
}

fn verified(bed: &Bed, run: &Path) {
    bed.run(&["verify", text(run)]).expect(0);
}

/// Names of the samples that were asked again in `run`, of the instruction form.
fn asked_again(run: &Path) -> Vec<String> {
    let rows = table(run, "results.csv").into_iter();
    let rows = rows.filter(|row| row["task"] == PROBE && row["sample"].ends_with("#2"));
    rows.map(|row| row["sample"].clone()).collect()
}

/// What must not depend on how often a run was cut off, and who made which part.
fn tables(run: &Path) -> [String; 3] {
    ["results.csv", "contamination.csv", "verdicts.json"].map(|name| read(run, name))
}

#[test]
fn what_came_close_is_asked_again_and_changes_no_class() {
    let (bed, server) = bed();
    let run = finished(&bed, "out", &[]);
    let expected: Vec<_> = (0..ITEMS)
        .filter(|number| number % 3 != 2)
        .map(|number| format!("suspect/quiz/q{number}#2"))
        .chain(
            (0..ITEMS)
                .step_by(4)
                .map(|number| format!("control/control/c{number}#2")),
        )
        .collect();
    assert_eq!(
        asked_again(&run),
        expected,
        "in the order of what they follow"
    );
    let asked = server.totals().requests;
    assert_eq!(server.counts().max_per_prompt, 1);
    let finding = table(&run, "contamination.csv")
        .into_iter()
        .find(|row| row["probe"] == "completion-second-cut" && row["form"] == "instruction")
        .unwrap();
    assert_eq!(
        [&finding["suspects_hits"], &finding["controls_hits"]],
        ["8", "0"]
    );
    assert_eq!(finding["p_holm"], "", "it is in no family");
    assert_eq!(finding["class"], "not_assessed");
    let rows = table(&run, "results.csv").into_iter();
    let of_probe = rows.filter(|row| row["task"] == PROBE && row["outcome"] == "answered");
    assert_eq!(of_probe.count(), 24 + 11);
    verified(&bed, &run);
    let before = tables(&run);
    bed.run(&["report", text(&run)]).expect(0);
    assert_eq!(tables(&run), before);
    let again = bed.run(&["run", "--resume", text(&run)]).expect(0);
    assert!(
        again.stderr.contains("nothing is asked"),
        "{}",
        again.stderr
    );
    assert_eq!(server.totals().requests, asked);
    let shown = bed
        .run(&["show", text(&run), "suspect/quiz/q0#2"])
        .expect(0);
    assert!(shown.stdout.contains("q0w30"), "{}", shown.stdout);
}

/// The lines of the journal of `run`.
fn journal(run: &Path) -> Vec<String> {
    let journal = read(run, "journal/00000.jsonl");
    journal.split_inclusive('\n').map(str::to_owned).collect()
}

/// A copy of `run` whose writer was killed after `kept` records.
fn killed_after(bed: &Bed, run: &Path, kept: usize) -> PathBuf {
    let cut = bed.path(&format!("cut{kept}"));
    copy(run, &cut);
    let directory = RunDirectory::at(&cut);
    let mut manifest = Manifest::read(&directory).unwrap();
    for table in manifest.end.take().unwrap().files.keys() {
        fs_err::remove_file(cut.join(table)).unwrap();
    }
    manifest.write(&directory).unwrap();
    fs_err::write(
        cut.join("journal/00000.jsonl"),
        journal(run)[..kept].concat(),
    )
    .unwrap();
    cut
}

#[test]
fn a_batch_that_was_planned_and_not_begun_is_gone_on_with() {
    let (bed, server) = bed();
    let run = finished(&bed, "out", &["-j", "1"]);
    let lines = journal(&run);
    let is_planned = |line: &String| line.contains("{\"batch_planned\":");
    let planned = lines.iter().position(is_planned).unwrap();
    assert!(planned > 0 && lines.len() > planned + 10);
    let all = server.totals().requests;
    // Written and not on record; on record and not begun; in the middle of it.
    for kept in [planned, planned + 1, planned + 6] {
        let cut = killed_after(&bed, &run, kept);
        let answered = lines[..kept].iter();
        let answered = answered
            .filter(|line| line.contains("{\"reply_received\":"))
            .count();
        let before = server.totals().requests;
        bed.run(&["verify", text(&cut)]).expect(75);
        bed.run(&["run", "--resume", text(&cut)]).expect(0);
        assert_eq!(
            server.totals().requests - before,
            all - answered as u64,
            "{kept}"
        );
        assert_eq!(tables(&cut), tables(&run), "{kept}");
        verified(&bed, &cut);
    }
}

#[test]
fn killed_at_any_time_it_comes_to_the_same_tables() {
    let (bed, server) = bed();
    let run = finished(&bed, "out", &[]);
    server.set_script(Script {
        latency: Latency {
            fixed_ms: 20,
            ..Latency::default()
        },
        ..script()
    });
    let has = |out: &str, name: &str| {
        let runs = fs_err::read_dir(bed.path(out)).into_iter().flatten();
        runs.flatten().any(|run| run.path().join(name).exists())
    };
    let mut met_second = 0;
    for round in 0..10_u64 {
        let out = format!("round{round}");
        let mut child = bed.start(&["run", "suite", "-m", MODEL, "-o", &out, "-j", "2"]);
        // Half of them anywhere, half of them while the second step is planned or under way.
        if round < 5 {
            wait_until("planned", || has(&out, "run.json"));
            std::thread::sleep(Duration::from_millis(100 * round));
        } else {
            wait_until("the second step", || has(&out, "batches/00001.jsonl"));
            std::thread::sleep(Duration::from_millis(12 * (round - 5)));
        }
        signal(&child, "KILL");
        child.wait().unwrap();
        met_second += u32::from(has(&out, "batches/00001.jsonl") && !has(&out, "results.csv"));
        let killed = bed.only_run(&out);
        bed.run(&["run", "--resume", text(&killed)]).expect(0);
        assert_eq!(tables(&killed), tables(&run), "round {round}");
        verified(&bed, &killed);
    }
    assert!(met_second > 0, "no kill met the second step");
}

#[test]
fn shards_plan_their_own_and_merge_to_the_same_tables() {
    let (bed, server) = bed();
    let whole = finished(&bed, "whole", &[]);
    let of_whole = server.totals().requests;
    let one = finished(&bed, "one", &["--shard", "1/2"]);
    let two = finished(&bed, "two", &["--shard", "2/2"]);
    assert_eq!(server.totals().requests, 2 * of_whole);
    let (first, second) = (asked_again(&one).len(), asked_again(&two).len());
    assert!(first > 0 && second > 0 && first + second == asked_again(&whole).len());
    for run in [&one, &two] {
        verified(&bed, run);
    }
    bed.run(&["merge", "-o", "merged", text(&one), text(&two)])
        .expect(0);
    let merged = bed.only_run("merged");
    assert_eq!(tables(&merged), tables(&whole));
    verified(&bed, &merged);
    let again = bed.run(&["run", "--resume", text(&merged)]).expect(0);
    assert!(
        again.stderr.contains("nothing is asked"),
        "{}",
        again.stderr
    );
    assert!(
        one.join("batches/01001.jsonl").exists() && merged.join("batches/02001.jsonl").exists()
    );
}

#[test]
fn caps_hold_over_all_batches() {
    let (bed, server) = bed();
    let whole = finished(&bed, "whole", &[]);
    let all = server.totals().requests;
    let cap = (all - 4).to_string();
    bed.run_suite("out", &["--max-requests", &cap]).expect(75);
    assert_eq!(server.totals().requests - all, all - 4);
    let run = bed.only_run("out");
    assert!(run.join("batches/00001.jsonl").exists());
    verified(&bed, &run);
    bed.run(&["run", "--resume", text(&run)]).expect(0);
    assert_eq!(tables(&run), tables(&whole));
    assert_eq!(server.counts().max_per_prompt, 2, "once in each run");
}

#[test]
fn later_calls_are_replayed_too() {
    let (bed, server) = bed();
    let run = finished(&bed, "out", &[]);
    let asked = server.totals().requests;
    let again = finished(&bed, "again", &["--replay", text(&run)]);
    assert_eq!(server.totals().requests, asked);
    assert_eq!(tables(&again), tables(&run));
    verified(&bed, &again);
}

#[test]
fn a_retry_plans_what_has_become_due_and_repeats_nothing() {
    let (bed, server) = bed();
    let whole = finished(&bed, "whole", &[]);
    let refusing = Rule::always(Fault::Status {
        code: 400,
        retry_after: None,
        error: None,
    });
    server.set_script(script().with_rule(refusing.for_share(0.4)));
    bed.run_suite("out", &[]).expect(3);
    let run = bed.only_run("out");
    verified(&bed, &run);
    let few = asked_again(&run).len();
    assert!(few > 0 && few < asked_again(&whole).len(), "{few}");
    server.set_script(script());
    let files = |run: &Path| fs_err::read_dir(run.join("batches")).unwrap().count();
    let before = files(&run);
    bed.run(&["run", "--resume", text(&run), "--retry-errors"])
        .expect(0);
    assert!(files(&run) > before, "a further batch");
    assert_eq!(tables(&run), tables(&whole));
    verified(&bed, &run);
    let rows = table(&run, "calls.csv");
    let answered = rows.iter().filter(|row| row["outcome"] == "answered");
    let mut calls: Vec<_> = answered.map(|row| &row["call"]).collect();
    let all = calls.len();
    calls.sort();
    calls.dedup();
    assert_eq!(calls.len(), all, "no call was answered twice");
}

#[test]
fn a_changed_batch_is_found() {
    let (bed, _server) = bed();
    let run = finished(&bed, "out", &[]);
    let directory = RunDirectory::at(&run);
    assert!(verify(&directory).unwrap().passed());
    let segment = cleanbench_core::shard::batch_payload_segment(1);
    for name in [
        "batches/00001.jsonl".to_owned(),
        format!("payloads/{segment}.seg"),
    ] {
        let path = run.join(&name);
        let whole = fs_err::read(&path).unwrap();
        for position in (0..whole.len()).step_by(61) {
            let mut changed = whole.clone();
            changed[position] ^= 1 << (position % 8);
            fs_err::write(&path, &changed).unwrap();
            let found = verify(&directory).unwrap();
            let named = |file: &str| file == name;
            let damages = &found.damages;
            assert!(
                damages.iter().any(|one| named(&one.file)),
                "{name} {position}: {damages:?}"
            );
        }
        fs_err::remove_file(&path).unwrap();
        assert!(!verify(&directory).unwrap().passed(), "{name} is missing");
        bed.run(&["verify", text(&run)]).expect(102);
        fs_err::write(&path, &whole).unwrap();
        let stray = run.join(
            name.replace("00001", "00077")
                .replace(&segment.to_string(), "2147490000"),
        );
        fs_err::write(&stray, &whole).unwrap();
        let found = verify(&directory).unwrap();
        assert!(!found.passed(), "{} is stray", stray.display());
        fs_err::remove_file(stray).unwrap();
    }
    assert!(verify(&directory).unwrap().passed());
}

/// The records of `run`.
fn records(directory: &RunDirectory, manifest: &Manifest) -> Vec<Record> {
    let reader = JournalReader::open(directory, manifest, Tail::Whole).unwrap();
    reader.map(|record| record.unwrap().1).collect()
}

/// Puts `records` in place of the journal of `run`, chained as if they had been written so, and draws the tables.
fn rewrite(bed: &Bed, run: &Path, id: &RunId, records: &[Record]) {
    let (mut bytes, mut head) = (Vec::new(), genesis(id));
    for (seq, record) in (0..).zip(records) {
        head = encode(
            Stamp {
                seq,
                at: &record.at,
            },
            &record.event,
            head,
            &mut bytes,
        )
        .unwrap();
    }
    fs_err::write(run.join("journal/00000.jsonl"), bytes).unwrap();
    let directory = RunDirectory::at(run);
    let mut manifest = Manifest::read(&directory).unwrap();
    manifest.end = None;
    manifest.write(&directory).unwrap();
    bed.run(&["report", text(run)]);
}

/// Cuts off the payloads that no record of `records` refers to; none but those of the samples is before them.
fn forget_payloads(run: &Path, records: &[Record]) {
    let references = records.iter().filter_map(|record| record.event.payload());
    let last = references.max_by_key(|one| one.offset).unwrap();
    for entry in fs_err::read_dir(run.join("payloads")).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_stem().unwrap().to_str().unwrap().to_owned();
        let segment: u32 = name.parse().unwrap();
        if segment > last.segment {
            fs_err::remove_file(&path).unwrap();
        } else if segment == last.segment {
            let file = fs_err::OpenOptions::new().write(true).open(&path).unwrap();
            file.set_len(last.offset + u64::from(last.length)).unwrap();
        }
    }
}

/// Number of the batch that an event is about; 0 is the plan.
fn batch_of(event: &Event) -> u32 {
    match event {
        Event::BatchPlanned { batch, .. } => *batch,
        Event::AttemptStarted { place, .. }
        | Event::ReplyReceived { place, .. }
        | Event::AttemptEnded { place, .. }
        | Event::Judged { place, .. } => place.batch,
        _ => 0,
    }
}

#[test]
fn a_batch_that_was_left_out_or_was_not_due_is_found_in_a_journal_that_is_whole() {
    let (bed, _server) = bed();
    let run = finished(&bed, "out", &[]);
    let directory = RunDirectory::at(&run);
    let manifest = Manifest::read(&directory).unwrap();
    let mut records = records(&directory, &manifest);

    let more = bed.path("more");
    copy(&run, &more);
    let target = RunDirectory::at(&more);
    let row = SampleRows::of_batch(&target, 1)
        .unwrap()
        .next()
        .unwrap()
        .unwrap();
    let payloads = cleanbench_ledger::PayloadReader::new(&more);
    let content = samples::content(&payloads, &row).unwrap().unwrap();
    let planned = records
        .iter()
        .find(|record| batch_of(&record.event) == 1)
        .unwrap()
        .clone();
    let Event::BatchPlanned { task, purpose, .. } = &planned.event else {
        panic!("{planned:?}")
    };
    let due = DueBatch {
        model: 0,
        task: *task,
        step: 2,
        purpose: purpose.clone(),
        samples: vec![DueSample {
            follows: row.follows,
            content,
        }],
    };
    let event = batches::write(&target, 77, 0, &due).unwrap();
    let mut forged = records.clone();
    forged.insert(forged.len() - 1, Record { event, ..planned });
    rewrite(&bed, &more, &manifest.run, &forged);
    let done = bed.run(&["verify", text(&more)]).expect(102);
    assert!(done.stdout.contains("was not due") || done.stderr.contains("was not due"));

    let less = bed.path("less");
    copy(&run, &less);
    records.retain(|record| batch_of(&record.event) == 0);
    fs_err::remove_dir_all(less.join("batches")).unwrap();
    forget_payloads(&less, &records);
    rewrite(&bed, &less, &manifest.run, &records);
    let done = bed.run(&["verify", text(&less)]).expect(102);
    assert!(done.stdout.contains("never planned") || done.stderr.contains("never planned"));
}
