//! What must be known of a run besides its numbers is said in the same words on a terminal, in JSON and in
//! `summary.md`, by `run` and by every later `report`.

use std::path::Path;

use cleanbench_testkit::{Answers, FakeServer, Fault, Rule, Script};
use serde_json::Value;

use crate::bed::{Bed, CHOICES, Done, MODEL, answering, bed_with, data, manifest, read};
use crate::replay::{new_run, text};

/// `summary.md` as a reader sees it: character references read, markup left.
fn seen(summary: &str) -> String {
    let mut out = String::new();
    let mut parts = summary.split("&#");
    out.push_str(parts.next().unwrap());
    for part in parts {
        let (number, rest) = part.split_once(';').unwrap();
        out.push(char::from_u32(number.parse().unwrap()).unwrap());
        out.push_str(rest);
    }
    out
}

fn in_json(stdout: &str) -> Vec<String> {
    let json: Value = serde_json::from_str(stdout).unwrap();
    let notes = json["notes"].as_array().unwrap();
    let text = |note: &Value| note["text"].as_str().unwrap().to_owned();
    notes.iter().map(text).collect()
}

/// What is said of `run` in JSON stands in all three places, and `words` are among it.
#[track_caller]
fn said_everywhere(done: &Done, run: &Path, words: &str) {
    let notes = in_json(&done.stdout);
    assert!(notes.iter().any(|note| note.contains(words)), "{notes:#?}");
    let summary = seen(&read(run, "summary.md"));
    for note in &notes {
        // A diagnostic names the file from here, a note from the suite.
        let core = note.strip_prefix("suite.toml:").unwrap_or(note);
        let core = core
            .rsplit_once(": no template")
            .map_or(core, |(_, rest)| rest);
        assert!(done.stderr.contains(core), "{note}\n{}", done.stderr);
        assert!(summary.contains(note), "{note}\n{summary}");
    }
}

/// The same, said again by a later report; then it verifies.
#[track_caller]
fn said_again(bed: &Bed, run: &Path, words: &str) {
    let done = bed
        .run(&["report", text(run), "--format", "json"])
        .expect(0);
    said_everywhere(&done, run, words);
    bed.run(&["verify", text(run)]).expect(0);
}

fn suite(bed: &Bed, more: &str) {
    let task = manifest("private", "choice");
    bed.write("suite/suite.toml", &format!("{task}{more}"));
}

fn expired(bed: &Bed, sample: &str) {
    let entry = format!(
        "[[quarantine]]\ntask = \"routing\"\nsample = \"{sample}\"\nreason = \"odd\"\nuntil = \"2020-01-01\"\n"
    );
    bed.write("suite/quarantine.toml", &entry);
}

/// How a bed is changed, the flags that a run gets, what it exits with, and what is said.
struct Case {
    scene: fn(&Bed, &FakeServer),
    flags: &'static [&'static str],
    code: i32,
    words: &'static str,
}

#[track_caller]
fn check(cases: &[Case]) {
    for case in cases {
        let (bed, server) = bed_with(12, answering());
        (case.scene)(&bed, &server);
        let flags = [&["--format", "json"], case.flags].concat();
        let done = bed.run_suite("out", &flags).expect(case.code);
        let run = bed.only_run("out");
        said_everywhere(&done, &run, case.words);
        said_again(&bed, &run, case.words);
    }
}

#[test]
fn what_is_known_when_a_run_is_planned_is_said_everywhere() {
    const PAIRED: &str =
        "\n[[gate]]\nmetric = \"accuracy\"\ntest = \"non_inferiority\"\nmargin = 0.1\n";
    check(&[
        Case {
            scene: |bed, _| suite(bed, PAIRED),
            flags: &[],
            code: 75,
            words: "1 gates that compare with one are not evaluated",
        },
        Case {
            scene: |bed, _| suite(bed, "\n[probes]\nuse = [\"completion\"]\n"),
            flags: &[],
            code: 0,
            words: "no probe is put: no selected task has controls",
        },
        Case {
            scene: |bed, _| expired(bed, "s3"),
            flags: &[],
            code: 0,
            words: "sample `s3` of task `routing` was in quarantine until 2020-01-01 and counts again",
        },
        Case {
            scene: |bed, _| {
                let task = manifest("private", "choice").replace("{{ input }}", "Well?");
                bed.write("suite/suite.toml", &task);
            },
            flags: &[],
            code: 0,
            words: "no template uses `input`",
        },
        Case {
            scene: |bed, server| bed.models(&server.url(), "api_key_env = \"NO_SUCH_KEY\""),
            flags: &[],
            code: 0,
            words: "`NO_SUCH_KEY` is not set; model `fake` is asked without a key",
        },
        Case {
            scene: |_, _| {},
            flags: &["--max-cost", "100", "--best-effort-cap"],
            code: 0,
            words: "model `fake` has no price; only what is known is counted",
        },
    ]);
}

fn with(rule: Rule) -> Script {
    answering().with_rule(rule)
}

#[test]
fn what_the_records_of_a_run_show_is_said_everywhere() {
    check(&[
        Case {
            scene: |_, server| {
                let fault = Fault::Status {
                    code: 503,
                    retry_after: Some(0),
                    error: None,
                };
                server.set_script(with(Rule::always(fault).when_prompt_contains("Ticket 3:")));
            },
            flags: &["--max-retries", "0"],
            code: 3,
            words: "1 call ended without an answer (see calls.csv)",
        },
        Case {
            scene: |_, server| {
                let fault = Fault::EmptyContent;
                server.set_script(with(Rule::always(fault).when_prompt_contains("Ticket 3:")));
            },
            flags: &[],
            code: 3,
            words: "1 answer came back without any text",
        },
        Case {
            scene: |_, server| {
                let fault = Fault::Length { words: 1 };
                server.set_script(with(Rule::always(fault).when_prompt_contains("Ticket 3:")));
            },
            flags: &[],
            code: 0,
            words: "1 answer was cut off at `max_tokens`",
        },
        Case {
            scene: |_, _| {},
            flags: &["--max-requests", "5", "-j", "1"],
            code: 75,
            words: "stopped by `--max-requests`",
        },
        Case {
            scene: |_, _| {},
            flags: &["--max-requests", "5", "-j", "1"],
            code: 75,
            words: "7 calls were not made",
        },
        Case {
            scene: |_, _| {},
            flags: &["--shard", "1/2"],
            code: 0,
            words: "shard 1/2: 6 calls are not in this shard",
        },
        Case {
            scene: |bed, _| {
                let gate = "\n[[gate]]\nmetric = \"accuracy\"\ntest = \"floor\"\nmin = 0.7\non_inconclusive = \"warn\"\n";
                suite(bed, gate);
            },
            flags: &[],
            code: 0,
            words: "the gate on accuracy of task `routing` is inconclusive, which is no pass",
        },
    ]);
}

#[test]
fn what_comes_of_earlier_runs_is_said_everywhere() {
    let (bed, server) = bed_with(12, answering());
    bed.run_suite("out", &[]).expect(0);
    let first = bed.only_run("out");
    let json = ["-o", "out", "--format", "json"];

    let replay = [&["run", "suite", "--replay", text(&first)][..], &json].concat();
    let done = bed.run(&replay).expect(0);
    let replayed = new_run(&bed, "out", &[&first]);
    said_everywhere(&done, &replayed, "12 calls are replayed from run");

    bed.write("suite/data.jsonl", &data(10));
    let score = [&["score", text(&first), "suite"][..], &json].concat();
    let done = bed.run(&score).expect(0);
    let rescored = new_run(&bed, "out", &[&first, &replayed]);
    said_everywhere(
        &done,
        &rescored,
        "2 samples of the run are not in the suite any more",
    );
    said_again(
        &bed,
        &rescored,
        "2 samples of the run are not in the suite any more",
    );

    let choices = CHOICES.iter().map(ToString::to_string).collect();
    server.set_script(Script::answering(Answers::Hash {
        choices,
        right_share: 1.0,
    }));
    let rerun = ["rerun", text(&first), "suite", "--only", "failed"];
    let done = bed.run(&[&rerun[..], &json].concat()).expect(0);
    let again = new_run(&bed, "out", &[&first, &replayed, &rescored]);
    said_everywhere(
        &done,
        &again,
        "their scores cannot be compared with those of a full run",
    );
    said_again(
        &bed,
        &again,
        "their scores cannot be compared with those of a full run",
    );
}

#[test]
fn a_note_that_one_machine_alone_gets_does_not_keep_shards_apart() {
    let (bed, server) = bed_with(12, answering());
    bed.models(&server.url(), "api_key_env = \"NO_SUCH_KEY\"");
    bed.run_suite("part1", &["--shard", "1/2"]).expect(0);
    let mut with_key = bed.command(&["run", "suite", "-m", MODEL, "-o", "part2", "--shard", "2/2"]);
    let done = with_key.env("NO_SUCH_KEY", "k-1").output().unwrap();
    assert!(done.status.success());
    let shards = [bed.only_run("part1"), bed.only_run("part2")];
    let words = "`NO_SUCH_KEY` is not set";
    for order in [[0, 1], [1, 0]] {
        let out = format!("whole{}", order[0]);
        let [one, other] = order.map(|index: usize| text(&shards[index]));
        let merge = ["merge", one, other, "-o", &out, "--format", "json"];
        let done = bed.run(&merge).expect(0);
        said_everywhere(&done, &bed.only_run(&out), words);
        said_again(&bed, &bed.only_run(&out), words);
    }
}

#[test]
fn names_in_notes_are_hostile_and_obeyed_nowhere() {
    const NAME: &str = "x|<img src=x>@all \\u001b[31m\\u202e";
    let (bed, _server) = bed_with(2, answering());
    let line = format!("{{\"id\":\"{NAME}\",\"input\":\"Ticket 9\",\"target\":\"billing\"}}\n");
    bed.write("suite/data.jsonl", &format!("{}{line}", data(2)));
    expired(&bed, NAME);
    let done = bed.run_suite("out", &[]).expect(0);
    assert!(done.stderr.contains("was in quarantine"), "{}", done.stderr);
    let summary = read(&bed.only_run("out"), "summary.md");
    let notes = summary.split_once("## Notes").unwrap().1;
    let notes = notes.split_once("\n## ").unwrap().0;
    assert!(notes.contains("was in quarantine"), "{notes}");
    for text in [done.stderr.as_str(), notes] {
        assert!(!text.contains(['\u{1b}', '\u{202e}']), "{text}");
    }
    for markup in ["<img", "|", "@all"] {
        assert!(!notes.contains(markup), "{notes}");
    }
}

#[test]
fn a_run_of_which_nothing_is_to_be_said_has_no_notes() {
    let (bed, _server) = bed_with(12, answering());
    let done = bed.run_suite("out", &["--format", "json"]).expect(0);
    let run = bed.only_run("out");
    let notes = in_json(&done.stdout);
    let notes: Vec<_> = notes.iter().filter(|note| !note.contains("busy")).collect();
    assert!(notes.is_empty(), "{notes:?}");
    let manifest: Value = serde_json::from_str(&read(&run, "run.json")).unwrap();
    assert!(manifest["plan"].get("notes").is_none());
    assert_eq!(manifest["format"], "cleanbench-run/1.2");
}
