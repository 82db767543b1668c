//! Recorded answers stand for calls: the same scores without a key, a network or a permission to send;
//! and a re-score changes only what its scorers change.

use std::os::unix::fs::FileExt as _;
use std::path::{Path, PathBuf};

use cleanbench_testkit::{FakeServer, Fault, Rule};
use serde_json::Value;

use crate::bed::{
    Bed, CHOICES, MODEL, answering, bed_with, data, manifest, read, signal, table, wait, wait_until,
};
use crate::egress::{INSIDE, Sink, in_namespace};

/// The run in `out` besides `earlier`.
#[track_caller]
pub(crate) fn new_run(bed: &Bed, out: &str, earlier: &[&Path]) -> PathBuf {
    let entries = fs_err::read_dir(bed.path(out)).unwrap();
    let mut runs = entries
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.join("run.json").exists() && !earlier.contains(&path.as_path()));
    let run = runs.next().unwrap();
    assert!(runs.next().is_none());
    run
}

pub(crate) fn column(run: &Path, name: &str, column: &str) -> Vec<String> {
    let rows = table(run, name).into_iter();
    rows.map(|mut row| row.remove(column).unwrap()).collect()
}

pub(crate) fn text(path: &Path) -> &str {
    path.to_str().unwrap()
}

/// Lines of `results.csv` of `task`.
fn lines_of<'a>(results: &'a str, task: &str) -> Vec<&'a str> {
    let start = format!("{MODEL},{task},");
    let lines = results.lines().filter(|line| line.starts_with(&start));
    lines.collect()
}

#[test]
fn a_replay_gives_the_same_results_and_sends_nothing() {
    let (bed, server) = bed_with(30, answering());
    let first = {
        bed.run_suite("out", &[]).expect(0);
        bed.only_run("out")
    };
    assert_eq!(server.totals().requests, 30);
    // Elsewhere, private, behind TLS that cannot be set up, with a key that nobody has.
    bed.models("https://llm.invalid/v1", "api_key_env = \"NOWHERE\"");
    bed.run_suite("refused", &[]).expect(66);
    let mut command = bed.command(&[
        "run",
        "suite",
        "-m",
        MODEL,
        "-o",
        "again",
        "--replay",
        text(&first),
    ]);
    command
        .env("SSL_CERT_FILE", "/nonexistent")
        .env("SSL_CERT_DIR", "/nonexistent");
    let output = command.output().unwrap();
    let stderr = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(0), "{stderr}");
    assert!(
        stderr.contains("30 calls are replayed from run"),
        "{stderr}"
    );
    assert_eq!(server.totals().requests, 30);

    let again = bed.only_run("again");
    assert_eq!(read(&again, "results.csv"), read(&first, "results.csv"));
    let id = first.file_name().unwrap().to_str().unwrap().to_owned();
    for from in column(&again, "calls.csv", "from_cache") {
        assert!(
            !from.is_empty() && id.ends_with(&from),
            "{from} is not {id}"
        );
    }
    assert_eq!(column(&again, "summary.csv", "latency_n"), ["0"]);
    assert_eq!(
        read(&again, "inputs/replayed.run.json"),
        read(&first, "run.json")
    );
    bed.run(&["verify", text(&again)]).expect(0);
    // A replay of a replay names the run that asked.
    bed.run(&["run", "suite", "-o", "third", "--replay", text(&again)])
        .expect(0);
    let third = bed.only_run("third");
    assert!(
        column(&third, "calls.csv", "from_cache")
            .iter()
            .all(|from| id.ends_with(from))
    );
    assert_eq!(read(&third, "results.csv"), read(&first, "results.csv"));
}

#[test]
fn errors_and_the_answers_of_equal_questions_are_replayed_as_they_were() {
    let script = answering()
        .with_rule(
            Rule::always(Fault::Status {
                code: 401,
                retry_after: None,
                error: None,
            })
            .for_share(0.2)
            .after(10),
        )
        .with_rule(Rule::always(Fault::Reset).for_share(0.2))
        .with_rule(Rule::always(Fault::EmptyContent).first(40).for_share(0.3));
    let (bed, server) = bed_with(40, script);
    // Every question stands there twice.
    let doubled: String = data(40)
        .lines()
        .flat_map(|line| [line.to_owned(), line.replace("\"id\":\"s", "\"id\":\"t")])
        .map(|line| line + "\n")
        .collect();
    bed.write("suite/data.jsonl", &doubled);
    bed.run_suite("out", &["--max-retries", "0", "-j", "1"])
        .expect(3);
    let first = bed.only_run("out");
    let outcomes = column(&first, "results.csv", "outcome");
    for word in ["answered", "refused", "exhausted"] {
        assert!(outcomes.iter().any(|outcome| outcome == word), "{word}");
    }
    let answers = |run: &Path| {
        let rows = table(run, "results.csv");
        let of = |letter: char| {
            rows.iter()
                .filter(move |row| row["sample"].starts_with(letter))
        };
        of('s')
            .zip(of('t'))
            .filter(|(one, other)| one["answer"] != other["answer"])
            .count()
    };
    assert!(
        answers(&first) > 0,
        "some equal questions have different answers"
    );
    let requests = server.totals().requests;
    bed.run_suite("again", &["--replay", text(&first)])
        .expect(3);
    let again = bed.only_run("again");
    assert_eq!(server.totals().requests, requests);
    assert_eq!(read(&again, "results.csv"), read(&first, "results.csv"));
    assert_eq!(column(&again, "summary.csv", "flaky_infrastructure"), ["0"]);
    bed.run(&["verify", text(&again)]).expect(0);
}

#[test]
fn seeds_and_epochs_are_those_of_the_run() {
    let (bed, server) = bed_with(10, answering());
    bed.models(&server.url(), "generate = { temperature = 1 }");
    bed.run_suite("out", &["--seed", "7", "--epochs", "2"])
        .expect(0);
    let first = bed.only_run("out");
    bed.run_suite("again", &["--epochs", "2", "--replay", text(&first)])
        .expect(0);
    let more = ["--epochs", "3", "--replay", text(&first)];
    let done = bed.run_suite("third", &more).expect(3);
    assert!(
        done.stderr.contains("10 calls were skipped"),
        "{}",
        done.stderr
    );
    assert!(!done.stderr.contains("--retry-errors"), "{}", done.stderr);
    let other = ["--seed", "8", "--epochs", "2", "--replay", text(&first)];
    let done = bed.run_suite("fourth", &other).expect(3);
    assert!(
        done.stderr.contains("20 calls were skipped"),
        "{}",
        done.stderr
    );
    assert_eq!(server.totals().requests, 20);
    let done = bed
        .run(&[
            "run",
            "suite",
            "-m",
            "embedded/clean",
            "--replay",
            text(&first),
        ])
        .expect(2);
    assert!(
        done.stderr.contains("has no answers of model"),
        "{}",
        done.stderr
    );
}

#[test]
fn an_erased_answer_is_not_there() {
    let (bed, _server) = bed_with(5, answering());
    bed.run_suite("out", &[]).expect(0);
    let first = bed.only_run("out");
    let journal = read(&first, "journal/00000.jsonl");
    let reply = journal
        .lines()
        .map(|line| serde_json::from_str::<Value>(line).unwrap())
        .find_map(|record| record.pointer("/event/reply_received/response").cloned())
        .unwrap();
    let number = |name: &str| reply[name].as_u64().unwrap();
    let path = first.join(format!("payloads/{:04}.seg", number("segment")));
    let file = std::fs::OpenOptions::new().write(true).open(path).unwrap();
    let zeros = vec![0; usize::try_from(number("length")).unwrap()];
    file.write_all_at(&zeros, number("offset")).unwrap();
    let done = bed
        .run_suite("again", &["--replay", text(&first)])
        .expect(3);
    assert!(
        done.stderr
            .contains("1 call was skipped: the answer was erased"),
        "{}",
        done.stderr
    );
    bed.run(&["verify", text(&bed.only_run("again"))]).expect(0);
}

#[test]
fn a_killed_replay_goes_on() {
    let (bed, server) = bed_with(3000, answering());
    bed.run_suite("out", &["-j", "64"]).expect(0);
    let first = bed.only_run("out");
    let mut arguments = vec!["run", "suite", "-m", MODEL, "-o", "out", "--replay"];
    arguments.push(text(&first));
    let child = bed.start(&arguments);
    let begun = || {
        let entries = fs_err::read_dir(bed.path("out")).unwrap();
        let mut journals = entries.map(|entry| entry.unwrap().path());
        journals.any(|path| {
            let journal = path.join("journal/00000.jsonl");
            path != first && fs_err::metadata(journal).is_ok_and(|file| file.len() > 100_000)
        })
    };
    wait_until("the replay records calls", begun);
    signal(&child, "KILL");
    wait(child);
    let again = new_run(&bed, "out", &[&first]);
    let done = bed
        .run(&["run", "-o", "out", "--resume", text(&again)])
        .expect(0);
    assert!(!done.stderr.contains("has ended"), "{}", done.stderr);
    assert_eq!(server.totals().requests, 3000, "nothing was asked again");
    assert_eq!(read(&again, "results.csv"), read(&first, "results.csv"));
    bed.run(&["verify", text(&again)]).expect(0);
}

#[test]
fn embedded_models_are_replayed() {
    let bed = Bed::new(4);
    bed.run(&["run", "suite", "-m", "embedded/clean", "-o", "out"])
        .expect(0);
    let first = bed.only_run("out");
    let done = bed
        .run(&["run", "suite", "-o", "again", "--replay", text(&first)])
        .expect(0);
    assert!(
        done.stderr.contains("4 calls are replayed"),
        "{}",
        done.stderr
    );
    let again = bed.only_run("again");
    assert_eq!(read(&again, "results.csv"), read(&first, "results.csv"));
}

/// A suite of two tasks over the same data; the second is judged by `scorer`.
fn two_tasks(bed: &Bed, scorer: &str) {
    let base = manifest("private", "choice");
    let second = format!(
        "\n[[task]]\nname = \"wording\"\ndata = \"data.jsonl\"\nsensitivity = \"private\"\n\
         prompt = \"{{{{ input }}}} Say it in one word.\"\nchoices = {CHOICES:?}\nscorers = [{scorer}]\n\
         generate = {{ temperature = 0, max_tokens = 16 }}\n"
    );
    bed.write("suite/suite.toml", &(base + &second));
}

#[test]
fn a_rescore_changes_only_what_must_change() {
    let Some((passed, printed)) = in_namespace("replay::inside_the_namespace") else {
        eprintln!("network namespaces are not allowed here: only the server counts requests");
        return rescore(&Sink::default());
    };
    assert!(passed, "{printed}");
    assert!(printed.contains("1 passed"), "{printed}");
}

#[test]
#[ignore = "runs in a network namespace that `a_rescore_changes_only_what_must_change` makes"]
fn inside_the_namespace() {
    assert!(
        std::env::vars_os().any(|(name, _)| name == INSIDE),
        "not in a namespace"
    );
    let sink = Sink::default();
    sink.resolve();
    for port in [80, 443] {
        sink.listen(port);
    }
    rescore(&sink);
}

fn rescore(sink: &Sink) {
    let (bed, server) = bed_with(60, answering());
    two_tasks(&bed, "\"choice\"");
    bed.run_suite("out", &[]).expect(0);
    let first = bed.only_run("out");
    let requests = server.totals().requests;
    two_tasks(&bed, r#"{ type = "regex", pattern = "^(.)" }"#);
    bed.run(&["score", text(&first), "suite", "-o", "again"])
        .expect(0);
    let again = bed.only_run("again");
    assert_eq!(server.totals().requests, requests, "somebody was asked");
    assert_eq!(sink.seen(), Vec::<String>::new(), "somebody was called");

    let (before, after) = (read(&first, "results.csv"), read(&again, "results.csv"));
    assert_eq!(before.lines().next(), after.lines().next());
    assert_eq!(lines_of(&before, "routing").len(), 60);
    assert_eq!(lines_of(&before, "routing"), lines_of(&after, "routing"));
    let (before, after) = (table(&first, "results.csv"), table(&again, "results.csv"));
    let mut changed = 0;
    for (before, after) in before.iter().zip(&after) {
        for (name, cell) in before {
            let may = ["scorer", "score", "answer", "extraction_failure"].contains(&name.as_str());
            assert!(
                (may && before["task"] == "wording") || *cell == after[name],
                "{name}: {after:?}"
            );
        }
        changed += usize::from(before["score"] != after["score"]);
    }
    assert!(changed > 5, "{changed} scores changed");
    for name in [
        "score",
        "interval_low",
        "interval_high",
        "method",
        "n",
        "answered",
        "flaky_scorer",
    ] {
        let cell = |run| column(run, "summary.csv", name).remove(0);
        assert_eq!(cell(&first), cell(&again), "{name}");
    }
    assert_eq!(
        column(&again, "summary.csv", "flaky_scorer"),
        ["0", &changed.to_string()]
    );
    let kinds = column(&again, "flakes.csv", "kind");
    assert!(
        kinds.len() == changed && kinds.iter().all(|kind| kind == "scorer"),
        "{kinds:?}"
    );
    assert!(column(&again, "flakes.csv", "detail")[0].ends_with("by other scorers"));
    for run in [&first, &again] {
        bed.run(&["verify", text(run)]).expect(0);
    }
    unchanged_but_for_one_prompt(&bed, &server, &first);
}

/// Where a prompt has changed there is no answer to score.
fn unchanged_but_for_one_prompt(bed: &Bed, server: &FakeServer, first: &Path) {
    let requests = server.totals().requests;
    two_tasks(bed, "\"choice\"");
    let edited = data(61).replace("Ticket 7: which", "Ticket 7, please: which");
    bed.write("suite/data.jsonl", &edited);
    let done = bed
        .run(&["score", text(first), "suite", "-o", "edited"])
        .expect(3);
    let edited = bed.only_run("edited");
    assert!(
        done.stderr.contains("2 calls were skipped"),
        "{}",
        done.stderr
    );
    assert!(
        done.stderr.contains("routing:s7, wording:s7"),
        "{}",
        done.stderr
    );
    assert!(
        done.stderr
            .contains("2 samples of the suite are not in the run"),
        "{}",
        done.stderr
    );
    assert_eq!(server.totals().requests, requests);
    let skipped = column(&edited, "results.csv", "outcome");
    assert_eq!(
        skipped
            .iter()
            .filter(|outcome| *outcome == "skipped")
            .count(),
        2
    );
    assert_eq!(skipped.len(), 120);
    bed.run(&["verify", text(&edited)]).expect(0);
    let shown = bed.run(&["show", text(&edited), "routing:s7"]).expect(0);
    assert!(
        shown.stdout.contains("has no answer to this request"),
        "{}",
        shown.stdout
    );
}
