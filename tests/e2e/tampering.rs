//! A finished run with one byte changed does not verify, and the place is named.

use std::path::{Path, PathBuf};

use cleanbench_ledger::RunDirectory;
use cleanbench_report::verify::verify;

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

#[test]
fn a_judgement_that_its_reply_does_not_give_is_found_even_with_a_valid_chain() {
    // A run judged against one answer, then the recorded replies of another: the chain of the second
    // is whole, its tables are redrawn, and still its scores are not what its replies give.
    let (bed, _server) = bed_with(4, answering());
    bed.run_suite("out", &[]).expect(0);
    let run = bed.only_run("out");
    forge_scores(&run);
    bed.run(&["report", run.to_str().unwrap()]).expect(0);
    let done = bed.run(&["verify", run.to_str().unwrap()]).expect(102);
    assert!(
        done.stdout
            .contains("the recorded score is not what its reply gives"),
        "{}",
        done.stdout
    );
}

/// Rewrites the journal with every score inverted and the chain recomputed.
fn forge_scores(run: &Path) {
    use cleanbench_core::Event;
    use cleanbench_ledger::record::{Record, encode, genesis};
    use cleanbench_ledger::{JournalReader, Manifest, Tail};

    let directory = RunDirectory::at(run);
    let manifest = Manifest::read(&directory).unwrap();
    let mut head = genesis(&manifest.run);
    let mut forged = Vec::new();
    for item in JournalReader::open(&directory, &manifest.run, Tail::Whole).unwrap() {
        let (_, mut record): (_, Record) = item.unwrap();
        if let Event::Judged { scores, .. } = &mut record.event {
            for score in scores {
                score.value = 1.0 - score.value;
            }
        }
        head = encode(&record, head, &mut forged).unwrap();
    }
    fs_err::write(run.join("journal/00000.jsonl"), forged).unwrap();
}
