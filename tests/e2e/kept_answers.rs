//! Answers of earlier runs are taken only where everything is the same, and are on record as such.

use std::fs::Permissions;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};

use cleanbench_core::Usd;
use cleanbench_testkit::{FakeServer, Fault, Rule};

use crate::bed::{Bed, MODEL, answering, bed_with, table};

const KEPT: &str = "cache = true\nversion = \"1\"\nprice = { input = \"1\", output = \"10\" }";

fn bed(samples: usize) -> (Bed, FakeServer) {
    let (bed, server) = bed_with(samples, answering());
    bed.models(&server.url(), KEPT);
    (bed, server)
}

/// The run in `out` besides `earlier`.
fn new_run(bed: &Bed, earlier: &[&Path]) -> PathBuf {
    let entries = fs_err::read_dir(bed.path("out")).unwrap();
    let mut runs = entries
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.join("run.json").exists() && !earlier.contains(&path.as_path()));
    let run = runs.next().unwrap();
    assert!(runs.next().is_none());
    run
}

fn column(run: &Path, name: &str, column: &str) -> Vec<String> {
    let rows = table(run, name).into_iter();
    rows.map(|mut row| row.remove(column).unwrap()).collect()
}

/// A folder of answers may have come along with anything: only what this user kept is taken.
#[test]
fn answers_that_somebody_else_kept_are_not_believed() {
    let (bed, server) = bed(10);
    let of_user = |user: &str, expected: u64| {
        let mut command = bed.command(&["run", "suite", "-m", MODEL, "-o", "out"]);
        command.env("XDG_CONFIG_HOME", bed.path(user));
        let output = command.output().unwrap();
        let said = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(0), "{said}");
        assert_eq!(server.totals().requests, expected, "{user}: {said}");
    };
    of_user("stranger", 10);
    of_user("own", 20);
    of_user("own", 20);
    let key = bed.path("own/cleanbench/answers.key");
    let mode = fs_err::metadata(&key).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
    // One that others could have read seals nothing, and that is said.
    fs_err::set_permissions(&key, Permissions::from_mode(0o644)).unwrap();
    of_user("own", 30);
    // Nor is there a place for one without a home.
    let mut command = bed.command(&["run", "suite", "-m", MODEL, "-o", "out"]);
    let output = command.env_remove("HOME").output().unwrap();
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(
        said.contains("neither taken from earlier runs nor kept"),
        "{said}"
    );
    assert_eq!(server.totals().requests, 40);
}

#[test]
fn the_same_request_is_answered_once_and_never_timed_again() {
    let (bed, server) = bed(40);
    bed.run_suite("out", &[]).expect(0);
    assert_eq!(server.totals().requests, 40);
    let first = new_run(&bed, &[]);
    let done = bed.run_suite("out", &["--max-requests", "1"]).expect(0);
    assert!(
        done.stderr.contains("40 answers are of earlier runs"),
        "{}",
        done.stderr
    );
    assert_eq!(server.totals().requests, 40, "nothing was sent");
    let second = new_run(&bed, &[&first]);

    let id = first.file_name().unwrap().to_str().unwrap().to_owned();
    for run in column(&second, "calls.csv", "from_cache") {
        assert!(!run.is_empty() && id.ends_with(&run), "{run} is not {id}");
    }
    for name in ["end_ms", "headers_ms", "first_byte_ms", "queued_ms"] {
        assert!(
            column(&second, "calls.csv", name)
                .iter()
                .all(String::is_empty),
            "{name}"
        );
    }
    let cell = |name| column(&second, "summary.csv", name).remove(0);
    assert_eq!(cell("from_cache"), "40");
    assert_eq!(cell("latency_n"), "0");
    assert_eq!(cell("cost_usd").parse(), Ok(Usd::ZERO));
    assert_eq!(cell("prompt_tokens"), "", "this run used no tokens");
    assert_eq!(cell("score"), column(&first, "summary.csv", "score")[0]);
    assert!(
        column(&first, "calls.csv", "from_cache")
            .iter()
            .all(String::is_empty)
    );
    for run in [&first, &second] {
        bed.run(&["verify", run.to_str().unwrap()]).expect(0);
    }
}

#[test]
fn whatever_differs_is_asked_anew() {
    let (bed, server) = bed(10);
    bed.run_suite("out", &[]).expect(0);
    bed.run_suite("out", &["--epochs", "2"]).expect(0);
    assert_eq!(
        server.totals().requests,
        20,
        "the second epoch has no answer yet"
    );
    bed.run_suite("out", &["--no-cache"]).expect(0);
    assert_eq!(server.totals().requests, 30);
    bed.models(&server.url(), &KEPT.replace("\"1\"\nprice", "\"2\"\nprice"));
    bed.run_suite("out", &[]).expect(0);
    assert_eq!(
        server.totals().requests,
        40,
        "another version is another model"
    );
    bed.run_suite("elsewhere", &[]).expect(0);
    assert_eq!(server.totals().requests, 50, "kept beside the runs");
    bed.models(&server.url(), "");
    bed.run_suite("out", &[]).expect(0);
    assert_eq!(server.totals().requests, 60, "nobody asked for a cache");
}

#[test]
fn what_failed_or_was_damaged_is_asked_anew() {
    let (bed, server) = bed(20);
    let script = answering()
        .with_rule(Rule::always(Fault::EmptyContent).for_share(0.2))
        .with_rule(Rule::always(Fault::ContentFilter).for_share(0.2));
    server.set_script(script);
    bed.run_suite("out", &[]).expect(3);
    let first = new_run(&bed, &[]);
    let outcomes = column(&first, "calls.csv", "outcome").into_iter();
    let empty = column(&first, "summary.csv", "empty")[0]
        .parse::<u64>()
        .unwrap();
    let missing = outcomes.filter(|outcome| outcome != "answered").count() as u64;
    assert!(
        empty > 0 && missing > 0,
        "{empty} empty, {missing} without an answer"
    );
    server.set_script(answering());
    let before = server.totals().requests;
    bed.run_suite("out", &[]).expect(0);
    assert_eq!(server.totals().requests - before, empty + missing);

    let mut damaged = 0;
    for folder in fs_err::read_dir(bed.path("out").join(".answers")).unwrap() {
        for file in fs_err::read_dir(folder.unwrap().path()).unwrap() {
            let path = file.unwrap().path();
            let whole = fs_err::read(&path).unwrap();
            fs_err::write(&path, &whole[..whole.len() / 2]).unwrap();
            damaged += 1;
        }
    }
    assert_eq!(damaged, 20);
    let before = server.totals().requests;
    bed.run_suite("out", &[]).expect(0);
    assert_eq!(server.totals().requests - before, 20);
}

#[test]
fn a_cache_without_a_version_is_refused() {
    let (bed, server) = bed_with(5, answering());
    bed.models(&server.url(), "cache = true");
    let done = bed.run_suite("out", &[]).expect(66);
    assert!(done.stderr.contains("needs `version`"), "{}", done.stderr);
    assert!(done.stderr.contains("models.toml:"), "{}", done.stderr);
}
