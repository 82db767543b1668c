//! What a run holds is for its owner alone, whatever the umask; and what the user made stays as it is.

use std::fs::Permissions;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use cleanbench_testkit::{Fault, Rule};

use crate::bed::{Bed, MODEL, answering, bed_with};
use crate::replay::text;

/// Runs the program under the umask 000.
#[track_caller]
fn open_handed(bed: &Bed, arguments: &[&str], code: i32) {
    let output = Command::new("sh")
        .args([
            "-c",
            "umask 000; exec \"$0\" \"$@\"",
            env!("CARGO_BIN_EXE_cleanbench"),
        ])
        .args(arguments)
        .current_dir(bed.path(""))
        .env_clear()
        .env("HOME", bed.path(""))
        .stdin(Stdio::null())
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(code), "{arguments:?}: {said}");
}

fn mode(path: &Path) -> u32 {
    fs_err::metadata(path).unwrap().permissions().mode() & 0o7777
}

/// The only run in `out`, beside which there may be kept answers.
fn only_run(bed: &Bed, out: &str) -> PathBuf {
    let entries = fs_err::read_dir(bed.path(out)).unwrap();
    let mut runs = entries.map(|entry| entry.unwrap().path());
    runs.find(|path| path.join("run.json").exists()).unwrap()
}

/// Everything in `folder`, itself included.
fn everything(folder: &Path) -> Vec<PathBuf> {
    let mut found = vec![folder.to_owned()];
    let mut next = 0;
    while let Some(path) = found.get(next).cloned() {
        next += 1;
        if path.is_dir() {
            found.extend(
                fs_err::read_dir(path)
                    .unwrap()
                    .map(|entry| entry.unwrap().path()),
            );
        }
    }
    found
}

#[track_caller]
fn is_owners_alone(folder: &Path) {
    let all = everything(folder);
    assert!(all.len() > 1, "{all:?}");
    for path in all {
        let expected = if path.is_dir() { 0o700 } else { 0o600 };
        assert_eq!(
            mode(&path),
            expected,
            "{}: {:o}",
            path.display(),
            mode(&path)
        );
    }
}

#[test]
fn runs_answers_keys_and_results_are_for_their_owner_alone() {
    let fault = Fault::Status {
        code: 400,
        retry_after: None,
        error: None,
    };
    let (bed, server) = bed_with(
        12,
        answering().with_rule(Rule::always(fault).for_share(0.4)),
    );
    bed.models(&server.url(), "cache = true\nversion = \"1\"");
    open_handed(&bed, &["run", "suite", "-m", MODEL, "-o", "out"], 3);
    assert_eq!(mode(&bed.path("suite/suite.key")), 0o600);
    let run = only_run(&bed, "out");
    server.set_script(answering());
    open_handed(&bed, &["run", "--resume", text(&run), "--retry-errors"], 0);
    open_handed(&bed, &["show", text(&run), "s1"], 0);
    open_handed(&bed, &["report", text(&run)], 0);
    is_owners_alone(&bed.path("out"));
    assert!(bed.path("out/.answers").is_dir());
    open_handed(
        &bed,
        &[
            "run",
            "suite",
            "-m",
            MODEL,
            "-o",
            "base",
            "--baseline",
            text(&run),
        ],
        0,
    );
    is_owners_alone(&bed.path("base"));
    for (out, part) in [("one", "1/2"), ("two", "2/2")] {
        open_handed(
            &bed,
            &["run", "suite", "-m", MODEL, "-o", out, "--shard", part],
            0,
        );
    }
    let shards = ["one", "two"].map(|out| only_run(&bed, out));
    open_handed(
        &bed,
        &["merge", text(&shards[0]), text(&shards[1]), "-o", "merged"],
        0,
    );
    is_owners_alone(&bed.path("merged"));
    let base = only_run(&bed, "base");
    open_handed(&bed, &["compare", text(&run), text(&base), "-o", "cmp"], 0);
    open_handed(&bed, &["items", text(&run), "-o", "cmp"], 0);
    for made in fs_err::read_dir(bed.path("cmp")).unwrap() {
        open_handed(&bed, &["report", text(&made.unwrap().path())], 0);
    }
    is_owners_alone(&bed.path("cmp"));
    open_handed(&bed, &["models", "check", MODEL], 0);
    is_owners_alone(&bed.path(".cache/cleanbench"));
}

#[test]
fn a_folder_of_the_users_keeps_its_mode_and_what_is_shared_is_shared() {
    let (bed, _server) = bed_with(2, answering());
    fs_err::create_dir(bed.path("team")).unwrap();
    fs_err::set_permissions(bed.path("team"), Permissions::from_mode(0o775)).unwrap();
    open_handed(&bed, &["run", "suite", "-m", MODEL, "-o", "team"], 0);
    assert_eq!(mode(&bed.path("team")), 0o775);
    is_owners_alone(&only_run(&bed, "team"));
    open_handed(&bed, &["init", "fresh"], 0);
    let shared = everything(&bed.path("fresh"));
    for path in shared.iter().filter(|path| path.is_file()) {
        let is_key = path.file_name().is_some_and(|name| name == "suite.key");
        assert_eq!(
            mode(path),
            if is_key { 0o600 } else { 0o666 },
            "{}",
            path.display()
        );
    }
}
