//! A run directory may come from a stranger: whatever stands in the place of its files, every command refuses it or is
//! done with it quickly and in little memory, and touches nothing outside.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

use cleanbench_testkit::FakeServer;

use crate::bed::{Bed, Done, MODEL, answering, bed_with, copy, read, wait};
use crate::memory::peak_kib;
use crate::replay::text;

/// Longest time of a command on a machine that is busy with others, and most memory of it.
const LONGEST: Duration = Duration::from_secs(40);
const MOST_KIB: u64 = 512 * 1024;
/// A file that is this long without being written.
const SPARSE: u64 = 5 << 30;
/// What is outside.
const VICTIM: &str = "outside/victim";

type Plant = fn(&Bed, &Path);

/// What a stranger puts into the place of a file.
const PLANTS: [(&str, Plant); 10] = [
    ("pipe", |_, path| pipe(path)),
    ("link to a device", |_, path| link("/dev/zero", path)),
    ("link outside", |bed, path| {
        link(text(&bed.path(VICTIM)), path);
    }),
    ("link in a circle", |_, path| link(text(path), path)),
    ("link that leads nowhere", |bed, path| {
        link(text(&bed.path("outside/new")), path);
    }),
    ("folder", |_, path| {
        clear(path);
        fs_err::create_dir(path).unwrap();
    }),
    ("zeros", |_, path| {
        clear(path);
        fs_err::File::create(path).unwrap().set_len(SPARSE).unwrap();
    }),
    ("zeros at its end", |_, path| {
        let file = fs_err::OpenOptions::new()
            .append(true)
            .create(true)
            .open(path);
        file.unwrap().set_len(SPARSE).unwrap();
    }),
    ("nothing", |_, path| fs_err::write(path, "").unwrap()),
    ("half of it", |_, path| {
        let whole = fs_err::read(path).unwrap();
        fs_err::write(path, &whole[..whole.len() / 2]).unwrap();
    }),
];

fn clear(path: &Path) {
    drop(fs_err::remove_file(path));
}

fn link(to: &str, path: &Path) {
    clear(path);
    std::os::unix::fs::symlink(to, path).unwrap();
}

fn pipe(path: &Path) {
    clear(path);
    assert!(Command::new("mkfifo").arg(path).status().unwrap().success());
}

/// A finished run with an index, beside something that nobody may touch.
fn bed() -> (Bed, FakeServer, PathBuf) {
    let (bed, server) = bed_with(12, answering());
    bed.write(VICTIM, "precious");
    bed.run_suite("out", &[]).expect(0);
    let run = bed.only_run("out");
    bed.run(&["show", text(&run), "s1"]).expect(0);
    (bed, server, run)
}

/// Runs the program; it must end in time, in little memory, with an exit code that is meant, and leave what is outside.
#[track_caller]
fn bounded(bed: &Bed, arguments: &[&str], what: &str) -> Done {
    let started = Instant::now();
    let mut child = bed.start(arguments);
    let mut peak = 0;
    let ended = loop {
        if child.try_wait().unwrap().is_some() {
            break true;
        }
        if started.elapsed() > LONGEST {
            child.kill().unwrap();
            break false;
        }
        peak = peak.max(peak_kib(child.id()).unwrap_or(0));
        std::thread::sleep(Duration::from_millis(1));
    };
    let done = wait(child);
    let show = format!(
        "{what}: {arguments:?}: exit {}, {peak} KiB\n{}\n{}",
        done.code, done.stdout, done.stderr
    );
    assert!(ended, "does not end: {show}");
    assert!(peak < MOST_KIB, "takes up too much memory: {show}");
    let meant = [0, 2, 3, 4, 66, 75, 100, 102].contains(&done.code);
    assert!(meant, "{show}");
    for wrong in ["panicked", "a bug in cleanbench", "cannot write"] {
        assert!(!done.stderr.contains(wrong), "{show}");
    }
    assert_eq!(read(&bed.path(""), VICTIM), "precious", "{show}");
    let outside = fs_err::read_dir(bed.path("outside")).unwrap();
    assert_eq!(outside.count(), 1, "{show}");
    done
}

/// More segments than a process may have open at once.
#[test]
fn a_journal_of_many_segments_is_read_one_after_the_other() {
    let (bed, _server, run) = bed();
    for number in 1..20_000 {
        fs_err::write(run.join(format!("journal/{number:05}.jsonl")), "").unwrap();
    }
    for command in ["verify", "report"] {
        let limit = "ulimit -n 256; exec \"$0\" \"$@\"";
        let output = Command::new("sh")
            .args([
                "-c",
                limit,
                env!("CARGO_BIN_EXE_cleanbench"),
                command,
                text(&run),
            ])
            .current_dir(bed.path(""))
            .env_clear()
            .env("HOME", bed.path(""))
            .output()
            .unwrap();
        let said = String::from_utf8_lossy(&output.stderr);
        let code = output.status.code();
        assert!(matches!(code, Some(0 | 102)), "{command}: {code:?} {said}");
        assert!(!said.contains("Too many open files"), "{command}: {said}");
        assert!(command != "verify" || code == Some(102), "{said}");
    }
    bounded(&bed, &["verify", text(&run)], "20,000 segments");
}

fn files(folder: &Path) -> Vec<String> {
    let mut found = Vec::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(next) = folders.pop() {
        for entry in fs_err::read_dir(next).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else {
                found.push(text(path.strip_prefix(folder).unwrap()).to_owned());
            }
        }
    }
    found.sort();
    found
}

/// What of a run nobody takes for true, so that it may hold anything.
fn is_no_part(file: &str, plant: &str) -> bool {
    let is_index = file == "show.index" && ["nothing", "zeros"].contains(&plant);
    is_index || file == "lock" && ["nothing", "half of it"].contains(&plant)
}

#[test]
fn no_file_of_a_run_can_be_anything_else() {
    let (bed, server, run) = bed();
    let asked = server.totals().requests;
    let names = files(&run);
    assert!(names.len() >= 13, "{names:?}");
    std::thread::scope(|scope| {
        for (number, part) in names.chunks(names.len().div_ceil(2)).enumerate() {
            let (bed, run) = (&bed, &run);
            scope.spawn(move || {
                for (file, (what, plant)) in part
                    .iter()
                    .flat_map(|file| PLANTS.map(|plant| (file, plant)))
                {
                    check_file(bed, run, &format!("h{number}"), file, what, plant);
                }
            });
        }
    });
    assert_eq!(server.totals().requests, asked, "nothing is sent");
}

fn check_file(bed: &Bed, run: &Path, out: &str, file: &str, what: &str, plant: Plant) {
    let (folder, other) = (format!("{out}/run"), format!("{out}-other"));
    let what = format!("{file} as {what}");
    let commands = [
        &["verify", &folder][..],
        &["list", "-o", out],
        &["show", &folder],
        &["show", &folder, "s1"],
        &["compare", text(run), &folder, "-o", &other],
        &["items", &folder, "-o", &other],
        &["report", &folder],
        &["run", "--resume", &folder],
    ];
    for arguments in commands {
        drop(fs_err::remove_dir_all(bed.path(out)));
        copy(run, &bed.path(&folder));
        plant(bed, &bed.path(&folder).join(file));
        let done = bounded(bed, arguments, &what);
        if arguments[0] == "verify" {
            let expected = if is_no_part(file, what.rsplit(" as ").next().unwrap()) {
                0
            } else {
                102
            };
            let done = done.expect(expected);
            assert!(
                expected == 0 || done.stdout.contains(file),
                "{what}: {}",
                done.stdout
            );
        }
    }
    drop(fs_err::remove_dir_all(bed.path(&other)));
}

#[test]
fn no_folder_of_a_run_can_be_anything_else() {
    let (bed, _server, run) = bed();
    let plants: [(&str, Plant); 3] = [
        ("link", |bed, path| link(text(&bed.path("elsewhere")), path)),
        ("pipe", |_, path| pipe(path)),
        ("file", |_, path| fs_err::write(path, "x").unwrap()),
    ];
    for (folder, (what, plant)) in ["journal", "payloads", "inputs", "batches"]
        .iter()
        .flat_map(|folder| plants.map(|plant| (folder, plant)))
    {
        for command in [
            &["verify"][..],
            &["show"],
            &["report"],
            &["run", "--resume"],
        ] {
            let target = bed.path("h");
            drop(fs_err::remove_dir_all(&target));
            drop(fs_err::remove_dir_all(bed.path("elsewhere")));
            copy(&run, &target);
            // The files themselves are right, and somewhere else.
            if target.join(folder).exists() {
                fs_err::rename(target.join(folder), bed.path("elsewhere")).unwrap();
            } else {
                fs_err::create_dir(bed.path("elsewhere")).unwrap();
            }
            let before = files(&bed.path("elsewhere"));
            plant(&bed, &target.join(folder));
            let arguments: Vec<_> = command.iter().copied().chain(["h"]).collect();
            let done = bounded(&bed, &arguments, &format!("{folder} as {what}"));
            if command == ["verify"] || *folder == "journal" && what == "link" {
                done.expect(102);
            }
            assert_eq!(files(&bed.path("elsewhere")), before);
        }
    }
}

/// A link where a writer keeps its draft would have led it to write elsewhere.
#[test]
fn nothing_is_written_through_what_was_planted() {
    let (bed, _server, run) = bed();
    let plants = PLANTS
        .iter()
        .filter(|(what, _)| *what != "half of it" && !what.starts_with("zeros"));
    for name in [
        "results.csv",
        "calls.csv",
        "summary.csv",
        "flakes.csv",
        "junit.xml",
        "summary.md",
        "run.json",
    ] {
        for (what, plant) in plants.clone() {
            for draft in [format!("{name}.new"), name.to_owned()] {
                for command in [&["report"][..], &["run", "--resume"]] {
                    let target = bed.path("h");
                    drop(fs_err::remove_dir_all(&target));
                    copy(&run, &target);
                    plant(&bed, &target.join(&draft));
                    let arguments: Vec<_> = command.iter().copied().chain(["h"]).collect();
                    let done = bounded(&bed, &arguments, &format!("{draft} as {what}"));
                    let is_left = *what == "nothing" && draft != "run.json";
                    done.expect(if is_left { 0 } else { 102 });
                    if is_left {
                        assert_eq!(read(&target, name), read(&run, name), "{draft}");
                        bed.run(&["verify", "h"]).expect(0);
                    }
                }
            }
        }
    }
}

#[test]
fn what_was_added_is_named_and_refused_under_names_of_the_program() {
    let (bed, _server, run) = bed();
    let own = [
        "gates.json",
        "verdicts.json",
        "contamination.csv",
        "slices.csv",
        "comparison.csv",
        "comparison.json",
        "flips.csv",
        "manifest.json",
        "report.html",
        "drift.json",
        "items.csv",
        "ranking.json",
        "Gates.json",
        "inputs/results.csv",
        "inputs/baseline/run.json",
        "inputs/quarantine.toml",
        "sub/gates.json",
        "journal/00007.jsonl",
        "payloads/0099.seg",
        "payloads/results.csv",
        "batches/00001.jsonl",
    ];
    for name in own {
        drop(fs_err::remove_dir_all(bed.path("h")));
        copy(&run, &bed.path("h"));
        bed.write(&format!("h/{name}"), "{\"verdict\":\"pass\"}\n");
        let done = bounded(&bed, &["verify", "h"], name).expect(102);
        // Of segments the ones between are missing as well.
        let told = if name.starts_with("journal/") {
            "journal/"
        } else {
            name
        };
        assert!(done.stdout.contains(told), "{name}: {}", done.stdout);
    }
    drop(fs_err::remove_dir_all(bed.path("h")));
    copy(&run, &bed.path("h"));
    let strange = [
        "notes.txt",
        ".DS_Store",
        "inputs/x\u{1b}[2J",
        "journal/7.jsonl",
        "payloads/0.seg",
        "a/b",
    ];
    for name in strange {
        bed.write(&format!("h/{name}"), "x");
    }
    let done = bounded(&bed, &["verify", "h"], "strange").expect(0);
    let warnings: Vec<_> = done
        .stdout
        .lines()
        .filter(|line| line.starts_with("warning: added: "))
        .collect();
    assert_eq!(warnings.len(), strange.len() + 1, "{}", done.stdout);
    assert!(!done.stdout.contains('\u{1b}'), "{}", done.stdout);
    let done = bed.run(&["verify", "h", "--format", "json"]).expect(0);
    let json: serde_json::Value = serde_json::from_str(&done.stdout).unwrap();
    assert_eq!(json["added"].as_array().unwrap().len(), warnings.len());
}

#[test]
fn no_file_of_a_result_over_runs_can_be_anything_else() {
    let (bed, _server, run) = bed();
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
    for file in files(&made) {
        for (what, plant) in PLANTS {
            for command in ["verify", "show", "report", "list"] {
                drop(fs_err::remove_dir_all(bed.path("c")));
                copy(&made, &bed.path("c/run"));
                plant(&bed, &bed.path("c/run").join(&file));
                let arguments = if command == "list" {
                    ["list", "-o", "c"].to_vec()
                } else {
                    [command, "c/run"].to_vec()
                };
                let done = bounded(&bed, &arguments, &format!("{file} as {what}"));
                if command == "verify" {
                    done.expect(102);
                }
            }
        }
    }
    for name in [
        "results.csv",
        "gates.json",
        "drift.json",
        "inputs/base/gates.json",
    ] {
        drop(fs_err::remove_dir_all(bed.path("c")));
        copy(&made, &bed.path("c/run"));
        bed.write(&format!("c/run/{name}"), "x");
        bounded(&bed, &["verify", "c/run"], name).expect(102);
    }
    bed.write("c/run/notes.txt", "x");
    drop(fs_err::remove_file(
        bed.path("c/run/inputs/base/gates.json"),
    ));
    let done = bounded(&bed, &["verify", "c/run"], "notes").expect(0);
    assert!(done.stdout.contains("added: notes.txt"), "{}", done.stdout);
}

/// Whoever starts from a run of somebody else reads as little of what is none.
#[test]
fn a_run_that_others_start_from_is_read_as_carefully() {
    let (bed, _server, run) = bed();
    bed.run_suite("one", &["--shard", "1/2"]).expect(0);
    bed.run_suite("two", &["--shard", "2/2"]).expect(0);
    let two = bed.only_run("two");
    let whole = bed.path("h/run");
    for (what, plant) in PLANTS {
        for file in [
            "run.json",
            "results.csv",
            "summary.csv",
            "samples.jsonl",
            "journal/00000.jsonl",
            "inputs/suite.key",
        ] {
            let commands = [
                &[
                    "run",
                    "suite",
                    "-m",
                    MODEL,
                    "-o",
                    "n",
                    "--baseline",
                    "h/run",
                ][..],
                &["run", "suite", "-m", MODEL, "-o", "n", "--replay", "h/run"],
                &["rerun", "h/run", "suite", "--only", "failed", "-o", "n"],
                &["rerun", "h/run", "suite", "--only", "changed", "-o", "n"],
                &["score", "h/run", "suite", "-o", "n"],
            ];
            for arguments in commands {
                for folder in ["h", "n"] {
                    drop(fs_err::remove_dir_all(bed.path(folder)));
                }
                copy(&run, &whole);
                plant(&bed, &whole.join(file));
                bounded(&bed, arguments, &format!("{file} as {what}"));
            }
        }
        for file in [
            "run.json",
            "samples.jsonl",
            "journal/01000.jsonl",
            "inputs/suite.toml",
            "payloads/0000.seg",
            "lock",
        ] {
            for folder in ["h", "n"] {
                drop(fs_err::remove_dir_all(bed.path(folder)));
            }
            copy(&bed.only_run("one"), &whole);
            plant(&bed, &whole.join(file));
            bounded(
                &bed,
                &["merge", "h/run", text(&two), "-o", "n"],
                &format!("{file} as {what}"),
            );
        }
    }
}

/// Names in `run.json` lead to files, and whoever merges shards copies them.
#[test]
fn a_name_in_a_manifest_leads_nowhere_else() {
    let (bed, _server, run) = bed();
    bed.run_suite("one", &["--shard", "1/1"]).expect(0);
    for name in [
        "../outside/victim",
        "/etc/passwd",
        "inputs/../../outside/new",
        "results.csv",
        "inputs/./suite.toml",
    ] {
        let renamed = |from: &Path, to: &str| {
            drop(fs_err::remove_dir_all(bed.path(to)));
            copy(from, &bed.path(to));
            let manifest =
                read(from, "run.json").replacen("\"inputs/suite.toml\"", &format!("{name:?}"), 1);
            bed.write(&format!("{to}/run.json"), &manifest);
        };
        renamed(&run, "h");
        for command in [
            &["verify", "h"][..],
            &["report", "h"],
            &["show", "h"],
            &["run", "--resume", "h"],
        ] {
            bounded(&bed, command, name).expect(102);
        }
        renamed(&bed.only_run("one"), "s");
        bounded(&bed, &["merge", "s", "-o", "n"], name).expect(102);
        let manifest =
            read(&run, "run.json").replacen("\"results.csv\":", &format!("{name:?}:"), 1);
        bed.write("h/run.json", &manifest);
        let expected = if name == "results.csv" { 0 } else { 102 };
        bounded(&bed, &["run", "--resume", "h", "--retry-errors"], name).expect(expected);
    }
}

/// What is claimed is not made room for.
#[test]
fn a_claim_of_more_than_there_is_takes_up_nothing() {
    let (bed, _server, run) = bed();
    let manifest = read(&run, "run.json");
    let values = "0,".repeat(20_000_000);
    let models = r#"{"name":"x","endpoint":{},"sampling":[]},"#.repeat(400_000);
    let deep = "[".repeat(1_000_000);
    let changed = [
        manifest.replacen("\"epochs\": 1", "\"epochs\": 4294967295", 1),
        manifest
            .replacen("\"epochs\": 1", "\"epochs\": 10000", 1)
            .replacen("\"samples\": 12", "\"samples\": 9000000000", 1),
        manifest.replacen("\"models\": [", &format!("\"models\": [{models}"), 1),
        manifest.replacen(
            "\"definition\": {",
            &format!("\"definition\": {{\"x\":[{values}0],"),
            1,
        ),
        manifest.replacen(
            "\"definition\": {",
            &format!("\"definition\": {{\"x\":{deep},"),
            1,
        ),
        format!("{{\"format\":\"{}\"}}", "x".repeat(60 << 20)),
    ];
    for (number, changed) in changed.iter().enumerate() {
        assert_ne!(*changed, manifest, "{number}");
        for command in [
            &["verify", "h"][..],
            &["show", "h"],
            &["report", "h"],
            &["run", "--resume", "h"],
        ] {
            drop(fs_err::remove_dir_all(bed.path("h")));
            copy(&run, &bed.path("h"));
            bed.write("h/run.json", changed);
            let done = bounded(&bed, command, &format!("claim {number}"));
            assert_ne!(done.code, 0, "{number}");
        }
    }
}

#[test]
fn nobody_is_meant_by_an_empty_name() {
    let (bed, _server, _run) = bed();
    for arguments in [
        &["verify", "", "-o", "out"][..],
        &["show", "", "-o", "out"],
        &["report", " ", "-o", "out"],
        &["merge", "", "-o", "out"],
        &["score", "", "suite", "-o", "out"],
        &["rerun", "", "suite", "--only", "failed", "-o", "out"],
        &["compare", "", "", "-o", "out"],
        &["items", "", "-o", "out"],
        &["run", "--resume", "", "-o", "out"],
        &["run", "suite", "-m", MODEL, "-o", "out", "--baseline", ""],
        &["run", "suite", "-m", MODEL, "-o", "out", "--replay", ""],
    ] {
        let done = bed.run(arguments).expect(2);
        assert!(
            done.stderr.contains("empty"),
            "{arguments:?}: {}",
            done.stderr
        );
    }
}
