//! `show.index` leads to a sample as fast as a pass over the run would slowly, and to nothing else.

use std::path::Path;

use cleanbench_ledger::{Manifest, RunDirectory};
use cleanbench_report::Recording;
use cleanbench_report::detail::find;
use cleanbench_report::verify::verify;
use cleanbench_testkit::{Fault, Rule};

use crate::batches;
use crate::bed::{Bed, answering, bed_with, data};
use crate::replay::text;

const FILE: &str = "show.index";

/// What `show` prints of `word`, as text and as JSON.
#[track_caller]
fn shown(bed: &Bed, run: &Path, word: &str) -> [String; 2] {
    ["text", "json"].map(|format| {
        let done = bed.run(&["show", text(run), word, "--format", format]);
        done.expect(0).stdout
    })
}

/// The first `show` reads the whole run, the second one by the index that the first one left.
#[track_caller]
fn check(bed: &Bed, run: &Path, words: &[&str]) {
    for word in words {
        drop(fs_err::remove_file(run.join(FILE)));
        let by_pass = shown(bed, run, word);
        let kept = fs_err::read(run.join(FILE)).unwrap();
        assert_eq!(shown(bed, run, word), by_pass, "{word}");
        assert_eq!(fs_err::read(run.join(FILE)).unwrap(), kept);
    }
    bed.run(&["verify", text(run)]).expect(0);
}

#[test]
fn a_sample_is_shown_alike_with_the_index_and_without() {
    let (bed, _server) = bed_with(60, answering());
    let odd = "{\"id\":\"=1+1\",\"input\":\"Ticket =\",\"target\":\"billing\"}\n";
    bed.write("suite/data.jsonl", &(data(60) + odd));
    bed.run_suite("out", &["--epochs", "2"]).expect(0);
    let run = bed.only_run("out");
    check(
        &bed,
        &run,
        &["s0", "s59", "routing:s7", "=1+1", "'=1+1", "routing:=1+1"],
    );
    for word in ["s60", "routing:", "other:s7", ""] {
        bed.run(&["show", text(&run), word]).expect(4);
    }
}

/// Their samples lie in several files, and their calls are known from the journal alone.
#[test]
fn a_run_of_several_batches_is_read_each_time() {
    let (bed, _server) = batches::bed();
    bed.run_suite("out", &[]).expect(0);
    let run = bed.only_run("out");
    let table = crate::bed::table(&run, "results.csv");
    let mut words: Vec<_> = table.iter().map(|row| row["sample"].as_str()).collect();
    words.retain(|word| word.ends_with("#2"));
    assert!(words.len() > 3, "{words:?}");
    for word in [words[0], "q0"] {
        shown(&bed, &run, word);
    }
    assert!(!run.join(FILE).exists());
}

/// The names of two samples, each with the line of the other: the row of one and the answers of the other.
#[test]
fn an_index_never_shows_a_sample_with_the_answers_of_another() {
    let (bed, _server) = bed_with(12, answering());
    bed.run_suite("out", &[]).expect(0);
    let directory = RunDirectory::at(bed.only_run("out"));
    let recording = Recording::of_plan(directory.clone()).unwrap();
    let show = |word: &str| format!("{:?}", find(&recording, word).unwrap());
    let truth = show("s7");
    let path = directory.file(FILE);
    let mut bytes = fs_err::read(&path).unwrap();
    // After the header: hash, offset and line of each name, eight bytes each.
    let name = |at: usize| 48 + 24 * at;
    let place = |line: u64| {
        let is_its = |at: &usize| bytes[name(*at) + 16..][..8] == line.to_le_bytes();
        name((0..12).find(is_its).unwrap())
    };
    let (seven, three) = (place(7), place(3));
    bytes[seven + 16..][..8].copy_from_slice(&3_u64.to_le_bytes());
    bytes[three + 16..][..8].copy_from_slice(&7_u64.to_le_bytes());
    fs_err::write(&path, &bytes).unwrap();
    assert!(!verify(&directory).unwrap().passed());
    assert_eq!(show("s7"), truth);
}

/// A call without a trace is one that has not ended, and only the journal can say so.
#[test]
fn an_index_with_holes_hides_no_answer() {
    let (bed, _server) = bed_with(12, answering());
    bed.run_suite("out", &[]).expect(0);
    let directory = RunDirectory::at(bed.only_run("out"));
    let recording = Recording::of_plan(directory.clone()).unwrap();
    let show = || format!("{:?}", find(&recording, "s7").unwrap());
    let truth = show();
    let path = directory.file(FILE);
    let mut bytes = fs_err::read(&path).unwrap();
    let calls = 48 + 12 * 24;
    for part in 0..4 {
        let mut holes = bytes.clone();
        for call in 0..12 {
            holes[calls + 33 * call + 8 * part..][..8].fill(0);
        }
        fs_err::write(&path, &holes).unwrap();
        assert_eq!(show(), truth);
    }
    bytes[calls..].fill(0);
    fs_err::write(&path, &bytes).unwrap();
    assert_eq!(show(), truth);
}

/// One row fewer, and every row behind it elsewhere than the index says.
#[test]
fn an_index_of_samples_that_were_changed_is_not_used() {
    let (bed, _server) = bed_with(12, answering());
    bed.run_suite("out", &[]).expect(0);
    let run = bed.only_run("out");
    shown(&bed, &run, "s7");
    let path = run.join("samples.jsonl");
    let samples = fs_err::read_to_string(&path).unwrap();
    let (_, rest) = samples.split_once('\n').unwrap();
    fs_err::write(&path, rest).unwrap();
    bed.run(&["show", text(&run), "s7"]).expect(102);
}

/// Whatever stands in the index, what is shown is what the run holds; and `verify` tells that it was changed.
#[test]
fn an_index_that_was_changed_shows_nothing_else() {
    let (bed, _server) = bed_with(12, answering());
    bed.run_suite("out", &[]).expect(0);
    let directory = RunDirectory::at(bed.only_run("out"));
    let recording = Recording::of_plan(directory.clone()).unwrap();
    let show = |word: &str| format!("{:?}", find(&recording, word).unwrap());
    let words = ["s0", "s7", "routing:s11", "nothing"];
    let truth = words.map(show);
    let path = directory.file(FILE);
    let whole = fs_err::read(&path).unwrap();
    for position in (0..whole.len()).chain([whole.len()]) {
        let mut changed = whole.clone();
        match changed.get_mut(position) {
            Some(byte) => *byte ^= 1 << (position % 8),
            None => changed.truncate(whole.len() / 2),
        }
        fs_err::write(&path, &changed).unwrap();
        let found = verify(&directory).unwrap();
        // It begins with what it is and whose it is; one that is not this run's is not used.
        let is_used = position >= 40;
        assert_eq!(
            found.passed(),
            !is_used,
            "byte {position}: {:?}",
            found.damages
        );
        for (word, expected) in words.iter().zip(&truth) {
            fs_err::write(&path, &changed).unwrap();
            assert_eq!(show(word), *expected, "byte {position}");
        }
    }
}

#[test]
fn a_run_that_went_on_is_looked_through_anew() {
    let fault = Fault::Status {
        code: 400,
        retry_after: None,
        error: None,
    };
    let (bed, server) = bed_with(20, answering().with_rule(Rule::always(fault)));
    bed.run_suite("out", &[]).expect(3);
    let run = bed.only_run("out");
    let refused = shown(&bed, &run, "s3");
    assert!(run.join(FILE).is_file());
    server.set_script(answering());
    let again = ["run", "--resume", text(&run), "--retry-errors"];
    bed.run(&again).expect(0);
    bed.run(&["verify", text(&run)]).expect(0);
    let answered = shown(&bed, &run, "s3");
    assert_ne!(answered, refused);
    check(&bed, &run, &["s3"]);
}

#[test]
fn a_run_that_is_not_over_leaves_no_index() {
    let (bed, _server) = bed_with(20, answering());
    bed.run_suite("out", &[]).expect(0);
    let run = bed.only_run("out");
    let directory = RunDirectory::at(&run);
    let mut manifest = Manifest::read(&directory).unwrap();
    manifest.end = None;
    manifest.write(&directory).unwrap();
    shown(&bed, &run, "s3");
    assert!(!run.join(FILE).exists());
}

/// Who may not write into a run may still look at it.
#[test]
fn a_folder_that_cannot_be_written_is_no_fault() {
    let (bed, _server) = bed_with(5, answering());
    bed.run_suite("out", &[]).expect(0);
    let run = bed.only_run("out");
    // Where the file would be stands a folder: this holds for a superuser too.
    fs_err::create_dir(run.join(FILE)).unwrap();
    shown(&bed, &run, "s3");
    let left = fs_err::read_dir(&run).unwrap();
    let names = left.map(|entry| entry.unwrap().file_name().into_string().unwrap());
    let mut drafts = names.filter(|name| name.starts_with("show.index."));
    assert_eq!(drafts.next(), None);
}
