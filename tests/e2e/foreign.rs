//! Scorers that run programs: only where that was allowed, on record, and never run again.

use cleanbench_testkit::{Answers, FakeServer, Script};

use crate::bed::{Bed, CHOICES, MODEL, table};

/// A suite whose answers a shell script judges. It counts its runs in a file, scores 1, and fails where
/// the answer says so.
fn bed(answer: &str) -> (Bed, FakeServer) {
    let server = FakeServer::start(Script::answering(Answers::Fixed(answer.to_owned())));
    let bed = Bed::new(3);
    let count = bed.path("count");
    let script = format!(
        "read -r line; echo x >> {}; case $line in *fail*) exit 4;; esac; echo '{{\\\"score\\\": 1}}'",
        count.display()
    );
    bed.write(
        "suite/suite.toml",
        &format!(
            "name = \"tickets\"\nversion = \"1\"\n\n[[task]]\nname = \"routing\"\ndata = \"data.jsonl\"\n\
             sensitivity = \"private\"\nprompt = \"{{{{ input }}}}\"\nchoices = {CHOICES:?}\n\
             scorers = [{{ type = \"command\", program = \"/bin/sh\", args = [\"-c\", \"{script}\"] }}, \"choice\"]\n"
        ),
    );
    bed.models(&server.url(), "");
    (bed, server)
}

fn runs_of_script(bed: &Bed) -> usize {
    fs_err::read_to_string(bed.path("count")).map_or(0, |text| text.lines().count())
}

#[test]
fn a_program_runs_only_where_it_is_allowed_and_never_for_a_report() {
    let (bed, server) = bed("billing");
    let done = bed.run_suite("out", &[]).expect(66);
    assert!(
        done.stderr.contains("--allow-commands") && done.stderr.contains("/bin/sh -c"),
        "{}",
        done.stderr
    );
    assert_eq!(server.totals().requests, 0);
    assert!(!bed.path("out").exists(), "nothing was prepared");
    let listed = bed.run(&["check", "suite", "-m", MODEL]).expect(0);
    assert!(listed.stdout.contains("/bin/sh -c"), "{}", listed.stdout);
    assert_eq!(runs_of_script(&bed), 0);

    bed.run_suite("out", &["--allow-commands"]).expect(0);
    assert_eq!(runs_of_script(&bed), 3);
    let run = bed.only_run("out");
    let rows = table(&run, "results.csv");
    assert!(
        rows.iter()
            .all(|row| row["score"] == "1" && row["answer"] == "billing")
    );
    let name = run.to_str().unwrap();
    let verified = bed.run(&["verify", name]).expect(0);
    assert!(
        format!("{}{}", verified.stdout, verified.stderr).contains("recorded, not recomputable"),
        "{}{}",
        verified.stdout,
        verified.stderr
    );
    bed.run(&["report", name]).expect(0);
    let shown = bed.run(&["show", name, "s1"]).expect(0);
    assert!(
        shown.stdout.contains("score command: 1"),
        "{}",
        shown.stdout
    );
    assert_eq!(runs_of_script(&bed), 3, "reports run nothing");
}

#[test]
fn a_program_that_fails_leaves_no_score_and_says_so() {
    let (bed, _server) = bed("fail");
    let done = bed.run_suite("out", &["--allow-commands"]).expect(3);
    assert!(
        done.stderr.contains("3 answers have no score"),
        "{}",
        done.stderr
    );
    let run = bed.only_run("out");
    assert!(
        table(&run, "results.csv")
            .iter()
            .all(|row| row["score"].is_empty())
    );
    assert_eq!(table(&run, "summary.csv")[0]["n"], "0");
    let name = run.to_str().unwrap();
    let shown = bed.run(&["show", name, "s1"]).expect(0);
    assert!(
        shown.stdout.contains("ended with exit code 4"),
        "{}",
        shown.stdout
    );
    bed.run(&["verify", name]).expect(0);
    assert_eq!(runs_of_script(&bed), 3);
}
