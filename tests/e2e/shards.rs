//! Several machines make one run: their parts, put together, are the run that one machine would have made.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use cleanbench_ledger::{Manifest, RunDirectory};
use cleanbench_report::verify::verify;
use cleanbench_testkit::{Fault, Rule};

use crate::bed::{Bed, MODEL, answering, bed_with, copy, read, table};

/// Makes shard `part` into the folder `out`.
fn shard(bed: &Bed, out: &str, part: &str, code: i32) -> PathBuf {
    bed.run_suite(out, &["--shard", part]).expect(code);
    bed.only_run(out)
}

fn text(path: &Path) -> &str {
    path.to_str().unwrap()
}

fn verified(bed: &Bed, run: &Path) {
    bed.run(&["verify", text(run)]).expect(0);
}

/// Merges `shards` into the folder `out`.
fn merge(bed: &Bed, out: &str, shards: &[&Path], more: &[&str], code: i32) -> String {
    let mut arguments = vec!["merge", "-o", out];
    arguments.extend(more);
    arguments.extend(shards.iter().map(|path| text(path)));
    let done = bed.run(&arguments).expect(code);
    format!("{}{}", done.stdout, done.stderr)
}

/// `summary.csv` without the columns that tell how long things took.
fn timeless_summary(run: &Path) -> Vec<BTreeMap<String, String>> {
    let of_time = |column: &str| {
        ["latency", "ttft", "queued"]
            .iter()
            .any(|start| column.starts_with(start))
    };
    let mut rows = table(run, "summary.csv");
    for row in &mut rows {
        row.retain(|column, _| !of_time(column));
        assert!(row.len() > 25, "{row:?}");
    }
    rows
}

#[test]
fn merged_shards_are_the_run_that_one_machine_makes() {
    const SAMPLES: usize = 41;
    let (bed, server) = bed_with(SAMPLES, answering());
    bed.run_suite("whole", &["--epochs", "2"]).expect(0);
    let whole = bed.only_run("whole");
    let mut shards = Vec::new();
    for index in 1..=3 {
        let (out, part) = (format!("part{index}"), format!("{index}/3"));
        let done = bed
            .run_suite(&out, &["--shard", &part, "--epochs", "2", "-j", &part[..1]])
            .expect(0);
        assert!(done.stderr.contains("not in this shard"), "{}", done.stderr);
        let run = bed.only_run(&out);
        let own: Vec<_> = table(&run, "results.csv")
            .iter()
            .filter(|row| row["outcome"] == "answered")
            .map(|row| row["sample"].clone())
            .collect();
        let expected = (0..SAMPLES).filter(|number| number % 3 == index - 1);
        let expected: Vec<_> = expected.flat_map(|number| [number, number]).collect();
        let expected: Vec<_> = expected.iter().map(|number| format!("s{number}")).collect();
        assert_eq!(own, expected, "round robin, all epochs together");
        verified(&bed, &run);
        shards.push(run);
    }
    assert_eq!(
        server.counts().max_per_prompt,
        4,
        "twice in the whole run, twice in its shards"
    );
    let shards: Vec<_> = shards.iter().rev().map(PathBuf::as_path).collect();
    merge(&bed, "merged", &shards, &[], 0);
    let merged = bed.only_run("merged");
    assert_eq!(read(&merged, "results.csv"), read(&whole, "results.csv"));
    assert_eq!(timeless_summary(&merged), timeless_summary(&whole));
    assert_eq!(table(&merged, "calls.csv").len(), 2 * SAMPLES);
    verified(&bed, &merged);
    let again = bed.run(&["run", "--resume", text(&merged)]).expect(0);
    assert!(
        again.stderr.contains("nothing is asked"),
        "{}",
        again.stderr
    );
}

#[test]
fn probes_find_the_same_in_merged_shards() {
    let bed = Bed::new(1);
    let suite = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tasks/quickstart");
    copy(&suite, &bed.path("quickstart"));
    let models = ["-m", "embedded/leaked", "-m", "embedded/clean"];
    let run = |out: &str, more: &[&str]| {
        let mut arguments = vec!["run", "quickstart", "-n", "60", "-o", out];
        arguments.extend(models);
        arguments.extend(more);
        bed.run(&arguments).expect(0);
        bed.only_run(out)
    };
    let whole = run("whole", &[]);
    let one = run("one", &["--shard", "1/2"]);
    let two = run("two", &["--shard", "2/2"]);
    verified(&bed, &two);
    merge(&bed, "merged", &[&one, &two], &[], 0);
    let merged = bed.only_run("merged");
    assert_eq!(timeless_summary(&merged), timeless_summary(&whole));
    for name in ["results.csv", "contamination.csv", "verdicts.json"] {
        assert_eq!(read(&merged, name), read(&whole, name), "{name}");
        assert_ne!(read(&one, name), read(&whole, name), "{name}");
    }
    verified(&bed, &merged);
}

#[test]
fn a_shard_that_lacks_nothing_of_its_own_ends_well_and_its_errors_are_its_own() {
    let refusing = answering().with_rule(
        Rule::always(Fault::Status {
            code: 400,
            retry_after: None,
            error: None,
        })
        .for_share(0.3),
    );
    let (bed, server) = bed_with(40, refusing);
    let one = shard(&bed, "one", "1/2", 3);
    let two = shard(&bed, "two", "2/2", 3);
    let refused = |run: &Path| {
        let rows = table(run, "results.csv").into_iter();
        rows.filter(|row| row["outcome"] == "refused").count()
    };
    let (first, second) = (refused(&one), refused(&two));
    assert!(first > 0 && second > 0, "{first} {second}");
    server.set_script(answering());
    let before = server.totals().requests;
    bed.run(&["run", "--resume", text(&two), "--retry-errors"])
        .expect(0);
    assert_eq!(server.totals().requests - before, second as u64);
    verified(&bed, &two);
    let shown = bed.run(&["show", text(&two), "s0"]).expect(0);
    assert!(shown.stdout.contains("not in shard"), "{}", shown.stdout);
    // What the second shard asked again must not open what the first was refused.
    merge(&bed, "merged", &[&one, &two], &[], 3);
    let merged = bed.only_run("merged");
    assert_eq!(refused(&merged), first);
    verified(&bed, &merged);
    let before = server.totals().requests;
    bed.run(&["run", "--resume", text(&merged), "--retry-errors"])
        .expect(0);
    assert_eq!(server.totals().requests - before, first as u64);
    verified(&bed, &merged);
}

#[test]
fn what_does_not_belong_together_is_refused() {
    let (bed, _server) = bed_with(12, answering());
    let one = shard(&bed, "one", "1/2", 0);
    let two = shard(&bed, "two", "2/2", 0);
    let said = merge(&bed, "merged", &[&one], &[], 2);
    assert!(said.contains("shard 2 of 2 is missing"), "{said}");
    assert!(said.contains("--partial"), "{said}");
    let said = merge(&bed, "merged", &[&one, &two, &two], &[], 2);
    assert!(said.contains("are both shard 2"), "{said}");
    let third = shard(&bed, "third", "2/3", 0);
    let said = merge(&bed, "merged", &[&one, &third], &[], 66);
    assert!(said.contains("the number of shards differs"), "{said}");
    bed.run_suite("seeded", &["--shard", "2/2", "--seed", "1"])
        .expect(0);
    let said = merge(&bed, "merged", &[&one, &bed.only_run("seeded")], &[], 66);
    assert!(said.contains("the seed differs"), "{said}");
    bed.run_suite("plain", &[]).expect(0);
    let said = merge(&bed, "merged", &[&one, &bed.only_run("plain")], &[], 2);
    assert!(said.contains("is no shard"), "{said}");
    fs_err::remove_file(bed.path("suite/suite.key")).unwrap();
    let done = bed.run_suite("keyed", &["--shard", "2/2"]).expect(0);
    assert!(done.stderr.contains("copy the file"), "{}", done.stderr);
    let said = merge(&bed, "merged", &[&one, &bed.only_run("keyed")], &[], 66);
    assert!(said.contains("the suite's key differs"), "{said}");
    assert!(said.contains("inputs/suite.key"), "{said}");
    let journal = two.join("journal/02000.jsonl");
    let cut = fs_err::read_to_string(&journal).unwrap();
    let cut: String = cut.split_inclusive('\n').take(9).collect();
    fs_err::write(&journal, cut).unwrap();
    merge(&bed, "merged", &[&one, &two], &[], 102);
    assert!(!bed.path("merged").exists(), "nothing is left behind");
    let wrong = bed.run_suite("wrong", &["--shard", "3/2"]).expect(2);
    assert!(wrong.stderr.contains("`I/N`"), "{}", wrong.stderr);
}

#[test]
fn a_partial_merge_is_open_and_can_be_finished() {
    let (bed, server) = bed_with(20, answering());
    bed.run_suite("whole", &[]).expect(0);
    let one = shard(&bed, "one", "1/3", 0);
    let three = shard(&bed, "three", "3/3", 0);
    let said = merge(&bed, "merged", &[&one, &three], &["--partial"], 75);
    assert!(said.contains("without shard 2"), "{said}");
    assert!(said.contains("--resume"), "{said}");
    let merged = bed.only_run("merged");
    verified(&bed, &merged);
    let before = server.totals().requests;
    bed.run(&["run", "--resume", text(&merged)]).expect(0);
    assert_eq!(server.totals().requests - before, 7);
    assert!(merged.join("journal/04000.jsonl").is_file());
    verified(&bed, &merged);
    bed.run(&["report", text(&merged)]).expect(0);
    verified(&bed, &merged);
    let whole = bed.only_run("whole");
    assert_eq!(read(&merged, "results.csv"), read(&whole, "results.csv"));
    assert_eq!(timeless_summary(&merged), timeless_summary(&whole));
}

/// Leaves `run` as a killed writer does: no end in `run.json`, and of journal segment `segment` only the
/// first `records`.
fn kill(run: &Path, segment: u32, records: usize) {
    let directory = RunDirectory::at(run);
    let mut manifest = Manifest::read(&directory).unwrap();
    for table in manifest.end.take().unwrap().files.keys() {
        fs_err::remove_file(run.join(table)).unwrap();
    }
    manifest.write(&directory).unwrap();
    let journal = run.join(RunDirectory::journal_name(segment));
    let text = fs_err::read_to_string(&journal).unwrap();
    let kept: String = text.split_inclusive('\n').take(records).collect();
    if records == 0 {
        fs_err::remove_file(journal).unwrap();
    } else {
        // The next record was under way.
        fs_err::write(journal, format!("{kept}{{\"seq\":")).unwrap();
    }
}

#[test]
fn a_killed_shard_and_a_killed_merged_run_go_on_under_their_own_numbers() {
    let (bed, server) = bed_with(20, answering());
    bed.run_suite("whole", &[]).expect(0);
    let one = shard(&bed, "one", "1/2", 0);
    let two = shard(&bed, "two", "2/2", 0);
    kill(&two, 2000, 0);
    let said = merge(&bed, "merged", &[&one, &two], &[], 73);
    assert!(said.contains("has not ended in order"), "{said}");
    bed.run(&["run", "--resume", text(&two)]).expect(0);
    assert!(two.join("journal/02000.jsonl").is_file());
    assert!(two.join("payloads/2000000.seg").is_file());
    kill(&two, 2000, 12);
    bed.run(&["run", "--resume", text(&two)]).expect(0);
    assert!(two.join("journal/02001.jsonl").is_file());
    verified(&bed, &two);
    merge(&bed, "partial", &[&one], &["--partial"], 75);
    let partial = bed.only_run("partial");
    bed.run(&["run", "--resume", text(&partial)]).expect(0);
    for records in [0, 1, 12] {
        kill(&partial, 3000, records);
        for segment in fs_err::read_dir(partial.join("journal")).unwrap() {
            let path = segment.unwrap().path();
            let name = path.file_name().unwrap().to_str().unwrap().to_owned();
            if name.starts_with("030") && name != "03000.jsonl" {
                fs_err::remove_file(path).unwrap();
            }
        }
        bed.run(&["verify", text(&partial)]).expect(75);
        bed.run(&["run", "--resume", text(&partial)]).expect(0);
        verified(&bed, &partial);
    }
    merge(&bed, "merged", &[&one, &two], &[], 0);
    let merged = bed.only_run("merged");
    verified(&bed, &merged);
    let whole = read(&bed.only_run("whole"), "results.csv");
    assert_eq!(read(&merged, "results.csv"), whole);
    assert_eq!(read(&partial, "results.csv"), whole);
    // A shard that was cut short after it was merged is damage, not a kill.
    kill(&merged, 1000, 9);
    let journal = merged.join("journal/01000.jsonl");
    let cut = fs_err::read_to_string(&journal).unwrap();
    fs_err::write(&journal, cut.trim_end_matches("{\"seq\":")).unwrap();
    let before = server.totals().requests;
    bed.run(&["verify", text(&merged)]).expect(102);
    bed.run(&["run", "--resume", text(&merged)]).expect(102);
    assert_eq!(server.totals().requests, before);
}

#[test]
fn who_goes_on_with_a_merged_run_vouches_for_all_its_shards() {
    let (bed, _server) = bed_with(12, answering());
    let shards = [("one", "1/3"), ("again", "1/3"), ("three", "3/3")];
    let [one, again, three] = shards.map(|(out, part)| shard(&bed, out, part, 0));
    merge(&bed, "first", &[&one, &three], &["--partial"], 75);
    merge(&bed, "second", &[&again, &three], &["--partial"], 75);
    let (first, second) = (bed.only_run("first"), bed.only_run("second"));
    bed.run(&["run", "--resume", text(&first)]).expect(0);
    verified(&bed, &first);
    // Another making of the first shard is put into the place of the one that was gone on from.
    for name in [
        "samples.jsonl",
        "payloads/0000.seg",
        "payloads/1000000.seg",
        "journal/01000.jsonl",
    ] {
        fs_err::copy(second.join(name), first.join(name)).unwrap();
    }
    let mut manifest = Manifest::read(&RunDirectory::at(&second)).unwrap();
    manifest.end = None;
    manifest.write(&RunDirectory::at(&first)).unwrap();
    let done = bed.run(&["verify", text(&first)]).expect(102);
    assert!(
        done.stdout.contains("journal/04000.jsonl:1"),
        "{}",
        done.stdout
    );
}

#[test]
fn the_same_suite_in_another_folder_is_the_same_run() {
    let (bed, _server) = bed_with(8, answering());
    let one = shard(&bed, "one", "1/2", 0);
    copy(&bed.path("suite"), &bed.path("elsewhere/tickets"));
    let other = ["run", "elsewhere/tickets", "-m", MODEL, "--shard", "2/2"];
    bed.run(&[&other[..], &["-o", "two", "-j", "3"]].concat())
        .expect(0);
    merge(&bed, "merged", &[&one, &bed.only_run("two")], &[], 0);
    verified(&bed, &bed.only_run("merged"));
}

#[test]
fn shards_side_by_side_on_one_machine_are_told_apart() {
    let (bed, _server) = bed_with(6, answering());
    for part in ["1/2", "2/2"] {
        bed.run(&["run", "suite", "-m", MODEL, "-o", "out", "--shard", part])
            .expect(0);
    }
    let listed = bed.run(&["list", "-o", "out"]).expect(0);
    for part in ["shard 1/2 complete", "shard 2/2 complete"] {
        assert!(listed.stdout.contains(part), "{}", listed.stdout);
    }
}

#[test]
fn a_flipped_byte_in_any_segment_of_a_merged_run_is_found() {
    let (bed, _server) = bed_with(4, answering());
    let one = shard(&bed, "one", "1/2", 0);
    let two = shard(&bed, "two", "2/2", 0);
    let single = RunDirectory::at(&two);
    flip_everywhere(&single, &["run.json"]);
    merge(&bed, "merged", &[&one, &two], &[], 0);
    let merged = bed.only_run("merged");
    let files = [
        "run.json",
        "journal/01000.jsonl",
        "journal/02000.jsonl",
        "payloads/0000.seg",
        "payloads/1000000.seg",
        "payloads/2000000.seg",
    ];
    flip_everywhere(&RunDirectory::at(&merged), &files);
    for name in &files[1..] {
        let broken = bed.path("broken");
        copy(&merged, &broken);
        fs_err::remove_file(broken.join(name)).unwrap();
        let found = verify(&RunDirectory::at(&broken)).unwrap();
        assert!(!found.passed(), "{name} is missing");
        fs_err::remove_dir_all(broken).unwrap();
    }
}

/// Changes every byte of `files` in turn; each must be found, and the file be named.
fn flip_everywhere(run: &RunDirectory, files: &[&str]) {
    let clean = verify(run).unwrap();
    assert!(clean.passed(), "{:?}", clean.damages);
    for name in files {
        let path = run.file(name);
        let whole = fs_err::read(&path).unwrap();
        for position in 0..whole.len() {
            let mut changed = whole.clone();
            changed[position] ^= 1 << (position % 8);
            fs_err::write(&path, &changed).unwrap();
            let found = verify(run).unwrap();
            let named = |damage: &cleanbench_ledger::Damage| {
                damage.file == *name || damage.what.contains(name)
            };
            assert!(
                found.damages.iter().any(named),
                "{name} byte {position}: {:?}",
                found.damages
            );
        }
        fs_err::write(&path, &whole).unwrap();
    }
}
