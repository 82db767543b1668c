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

#[test]
fn samples_of_batches_are_found_too() {
    let (bed, _server) = batches::bed();
    bed.run_suite("out", &[]).expect(0);
    let run = bed.only_run("out");
    let table = crate::bed::table(&run, "results.csv");
    let mut words: Vec<_> = table.iter().map(|row| row["sample"].as_str()).collect();
    words.retain(|word| word.ends_with("#2"));
    assert!(words.len() > 3, "{words:?}");
    check(&bed, &run, &words[..3]);
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
    // Where the draft would be stands a folder: this holds for a superuser too.
    fs_err::create_dir(run.join("show.index.new")).unwrap();
    shown(&bed, &run, "s3");
    assert!(!run.join(FILE).exists());
}
