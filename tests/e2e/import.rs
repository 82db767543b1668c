//! Logs of other harnesses become runs that everything here reads, and go out again.

use std::io::Write as _;
use std::path::PathBuf;

use serde_json::{Value, json};

use crate::bed::{Bed, read, table, wait};
use crate::egress::{INSIDE, Sink, in_namespace};
use crate::memory::peak_kib;
use crate::replay::{column, new_run, text};

/// A log in the form of Inspect: `scores` of the samples in order; the second has an error where `breaks`.
fn log(model: &str, scores: &[&str], breaks: bool) -> String {
    let samples = scores.iter().zip(1_u64..).map(|(score, id)| {
        let given = if *score == "C" { "4" } else { "5" };
        let mut sample = json!({
            "id": id, "epoch": 1, "input": format!("2 + {id}?"), "target": (2 + id).to_string(),
            "messages": [{"role": "user", "content": format!("2 + {id}?")}, {"role": "assistant", "content": given}],
            "output": {"model": model, "choices": [{"message": {"role": "assistant", "content": given}, "stop_reason": "stop"}],
                "usage": {"input_tokens": 6, "output_tokens": 2, "total_tokens": 8}},
            "scores": {"match": {"value": score, "answer": given}},
        });
        if breaks && id == 2 {
            sample["error"] = json!({"message": "connection reset", "traceback": ""});
        }
        sample
    });
    let samples: Vec<_> = samples.collect();
    let right = scores.iter().filter(|score| **score == "C").count();
    let stated =
        f64::from(u32::try_from(right).unwrap()) / f64::from(u32::try_from(scores.len()).unwrap());
    json!({
        "version": 2, "status": "success",
        "eval": {"task": "sums", "model": model, "packages": {"inspect_ai": "0.3.1"}}, "plan": {},
        "results": {"scores": [{"name": "match", "scorer": "match", "metrics": {"accuracy": {"value": stated}}}]},
        "samples": samples,
    })
    .to_string()
}

/// A bed with two logs, imported as one run.
fn imported() -> (Bed, PathBuf) {
    let bed = Bed::new(1);
    bed.write("a.json", &log("maker/a", &["C", "C", "I", "C"], false));
    bed.write("b.json", &log("maker/b", &["C", "I", "I", "I"], true));
    let done = bed.run(&[
        "import",
        "a.json",
        "b.json",
        "-o",
        "runs",
        "--suite-out",
        "sums",
    ]);
    let done = done.expect(3);
    assert!(
        done.stderr.contains("1 of 2 results that the log states"),
        "{}",
        done.stderr
    );
    let run = bed.only_run("runs");
    (bed, run)
}

#[test]
fn an_imported_run_has_the_scores_of_its_log_and_says_whose_they_are() {
    let (bed, run) = imported();
    assert_eq!(
        column(&run, "results.csv", "score"),
        ["1", "1", "0", "1", "1", "", "0", "0"]
    );
    assert_eq!(column(&run, "results.csv", "outcome")[5], "exhausted");
    let plan: Value = serde_json::from_str(&read(&run, "run.json")).unwrap();
    assert_eq!(plan["format"], "cleanbench-run/1.5");
    let imported = &plan["plan"]["imported"];
    assert_eq!(imported["tool"], "inspect_ai 0.3.1");
    assert_eq!(imported["sources"][0]["file"], "a.json");
    assert_eq!(imported["sources"].as_array().unwrap().len(), 2);
    let difference = imported["differences"][0].as_str().unwrap();
    assert!(
        difference.contains("model `maker/b`: the log states accuracy 0.25"),
        "{difference}"
    );
    let summary = read(&run, "summary.md");
    assert!(
        summary.contains("imported from inspect&#95;ai 0.3.1") && summary.contains("accuracy 0.25"),
        "{summary}"
    );
    let verified = bed.run(&["verify", text(&run)]).expect(0);
    assert!(
        verified.stdout.contains("is that harness's word"),
        "{}",
        verified.stdout
    );
    let calls = table(&run, "calls.csv").remove(0);
    assert!(
        !calls["from_cache"].is_empty() && calls["cost_usd"].is_empty(),
        "{calls:?}"
    );
    let listed = bed.run(&["list", "-o", "runs"]).expect(0);
    assert!(listed.stdout.contains("imported"), "{}", listed.stdout);
    let shown = bed.run(&["show", text(&run), "2"]).expect(0);
    assert!(
        shown.stdout.contains("connection reset"),
        "{}",
        shown.stdout
    );
}

#[test]
fn everything_reads_an_imported_run_and_nobody_can_be_asked_by_it() {
    let (bed, run) = imported();
    let compared = bed.run(&["compare", text(&run), "-o", "runs"]);
    assert!([0, 75].contains(&compared.code), "{}", compared.stderr);
    bed.run(&["items", text(&run), "-o", "runs"]).expect(0);
    let scored = bed
        .run(&["score", text(&run), "sums", "-o", "scored"])
        .expect(3);
    assert!(scored.stdout.contains("numeric"), "{}", scored.stdout);
    let again = new_run(&bed, "scored", &[]);
    // The log calls right what is not, and wrong what is.
    let scores = column(&again, "results.csv", "score");
    assert_eq!(scores, ["0", "1", "1", "0", "0", "", "1", "0"]);
    bed.run(&["verify", text(&again)]).expect(0);
    assert!(
        read(&again, "summary.md").contains("imported from"),
        "a re-score is of the same log"
    );
    let resumed = bed
        .run(&["run", "--resume", text(&run), "--retry-errors"])
        .expect(2);
    assert!(
        resumed.stderr.contains("known from an imported log alone"),
        "{}",
        resumed.stderr
    );
    let checked = bed.run(&["check", "sums"]).expect(0);
    assert!(checked.stdout.contains("sums"), "{}", checked.stdout);
}

#[test]
fn runs_that_are_imported_into_one_folder_pair() {
    let bed = Bed::new(1);
    bed.write("a.json", &log("maker/m", &["C", "C", "I", "C"], false));
    bed.write("b.json", &log("maker/m", &["C", "I", "I", "I"], false));
    bed.run(&["import", "a.json", "-o", "runs"]).expect(0);
    let first = bed.only_run("runs");
    bed.run(&["import", "b.json", "-o", "runs"]).expect(0);
    let second = new_run(&bed, "runs", &[&first]);
    let compared = bed.run(&[
        "compare",
        text(&first),
        text(&second),
        "-o",
        "runs",
        "--format",
        "json",
    ]);
    assert!([0, 75].contains(&compared.code), "{}", compared.stderr);
}

#[test]
fn what_goes_out_comes_in_again_with_the_same_scores() {
    let (bed, run) = imported();
    bed.run(&["export", "inspect", text(&run), "-o", "logs"])
        .expect(0);
    let again = bed.run(&["import", "logs", "-o", "again"]).expect(3);
    assert!(again.stdout.contains("maker/a"), "{}", again.stdout);
    let second = bed.only_run("again");
    assert_eq!(
        column(&second, "results.csv", "score"),
        column(&run, "results.csv", "score")
    );
    assert_eq!(column(&second, "results.csv", "input_digest").len(), 8);
    let plan: Value = serde_json::from_str(&read(&second, "run.json")).unwrap();
    assert!(
        plan["plan"]["imported"].get("differences").is_none(),
        "{plan:#}"
    );
    bed.run(&["export", "every-eval-ever", text(&run), "-o", "records"])
        .expect(0);
    // A folder that is there takes more files, but none is written over.
    let written = bed
        .run(&["export", "every-eval-ever", text(&run), "-o", "records"])
        .expect(73);
    assert!(
        written.stderr.contains("nothing is written over"),
        "{}",
        written.stderr
    );
}

#[test]
fn ids_with_slashes_and_models_that_are_called_alike_go_out_and_come_in_again() {
    let bed = Bed::new(1);
    for (name, model) in [("a.json", "maker/a"), ("b.json", "maker:a")] {
        let log = log(model, &["C", "I"], false).replace("\"id\":1,", "\"id\":\"Set/1\",");
        bed.write(name, &log);
    }
    bed.run(&["import", "a.json", "b.json", "-o", "runs"])
        .expect(0);
    let run = bed.only_run("runs");
    bed.run(&["export", "inspect", text(&run), "-o", "logs"])
        .expect(0);
    bed.run(&["import", "logs", "-o", "again"]).expect(0);
    let second = bed.only_run("again");
    // An archive has numbers before texts, and that order is no matter of the scores.
    let rows = |run: &PathBuf| {
        let names = ["model", "sample", "score"];
        let [models, samples, scores] = names.map(|name| column(run, "results.csv", name));
        let rows = models.into_iter().zip(samples).zip(scores);
        rows.collect::<std::collections::BTreeSet<_>>()
    };
    assert_eq!(rows(&second), rows(&run));
    assert_eq!(rows(&second).len(), 4);
}

#[test]
fn an_import_that_fails_leaves_no_suite() {
    let bed = Bed::new(1);
    bed.write("a.json", &log("maker/a", &["C"], false));
    bed.write("runs/imported.key/x", "");
    let failed = bed.run(&["import", "a.json", "-o", "runs", "--suite-out", "sums"]);
    assert_ne!(failed.code, 0, "{}", failed.stderr);
    assert!(!bed.path("sums").exists());
}

#[test]
fn what_cannot_be_imported_is_refused_with_its_place_and_leaves_nothing() {
    let bed = Bed::new(1);
    bed.write(
        "broken.json",
        "{\"eval\": {\"task\": \"t\"}, \"plan\": {}, \"samples\": [{\"id\": 1, \"epoch\": \"x\"}]}",
    );
    let done = bed.run(&["import", "broken.json", "-o", "runs"]).expect(65);
    assert!(done.stderr.contains("broken.json:1:"), "{}", done.stderr);
    bed.write("other.txt", "hello");
    let done = bed.run(&["import", "other.txt", "-o", "runs"]).expect(65);
    assert!(
        done.stderr.contains("of no format that is known"),
        "{}",
        done.stderr
    );
    assert!(!bed.path("runs").exists());
    bed.write("a.json", &log("maker/a", &["C"], false));
    fs_err::create_dir_all(bed.path("there")).unwrap();
    let done = bed
        .run(&["import", "a.json", "--suite-out", "there"])
        .expect(73);
    assert!(
        done.stderr.contains("`there` is there already"),
        "{}",
        done.stderr
    );
}

#[test]
fn a_suite_of_another_harness_becomes_one_that_can_be_run() {
    let bed = Bed::new(1);
    bed.write(
        "promptfooconfig.yaml",
        "description: hi\nprompts: ['Say {{w}}']\ntests:\n  - vars: {w: yes}\n    assert: [{type: icontains, value: 'yes'}]\n",
    );
    let done = bed.run(&["import", "promptfooconfig.yaml"]).expect(0);
    assert!(
        done.stderr.contains("cleanbench check hi"),
        "{}",
        done.stderr
    );
    assert!(read(&bed.path("hi"), "prompt-1-icontains.jsonl").contains("Say yes"));
    bed.run(&["check", "hi"]).expect(0);
    assert!(!bed.path("reports").exists());
}

/// The same samples as [`log`], from the third on.
fn later(model: &str) -> String {
    let mut log: Value = serde_json::from_str(&log(model, &["C", "C", "C", "I"], false)).unwrap();
    log["samples"].as_array_mut().unwrap().drain(..2);
    log["results"] = Value::Null;
    log.to_string()
}

#[test]
fn what_a_model_was_never_asked_is_neither_an_error_nor_an_answer() {
    let bed = Bed::new(1);
    bed.write("a.json", &log("maker/a", &["C", "I"], false));
    bed.write("b.json", &later("maker/b"));
    let done = bed
        .run(&[
            "import",
            "a.json",
            "b.json",
            "-o",
            "runs",
            "--suite-out",
            "sums",
        ])
        .expect(0);
    assert!(
        done.stderr
            .contains("4 calls were skipped: the imported logs put it to other models alone"),
        "{}",
        done.stderr
    );
    let run = bed.only_run("runs");
    assert_eq!(
        column(&run, "results.csv", "score"),
        ["1", "0", "", "", "", "", "1", "0"]
    );
    let outcomes = column(&run, "results.csv", "outcome");
    assert_eq!(outcomes[2..6], ["skipped"; 4]);
    let summary = table(&run, "summary.csv");
    assert!(summary.iter().all(|row| row["n"] == "2"), "{summary:#?}");
    bed.run(&["verify", text(&run)]).expect(0);
    bed.run(&["report", text(&run)]).expect(0);
    // Of a sample that no log has an answer to, one is missing.
    let mut lacking: Value = serde_json::from_str(&log("maker/c", &["C", "C"], false)).unwrap();
    lacking["samples"][1]["output"] = json!({"model": "maker/c", "choices": []});
    lacking["samples"][1]["messages"] = json!([{"role": "user", "content": "2 + 2?"}]);
    lacking["samples"][1]["scores"] = Value::Null;
    lacking["results"] = Value::Null;
    bed.write("c.json", &lacking.to_string());
    bed.run(&["import", "c.json", "-o", "lacking"]).expect(3);
}

/// Two models of which the first was asked the first two samples and failed at one, and the other the last two.
fn never_asked() -> (Bed, PathBuf) {
    let bed = Bed::new(1);
    bed.write("a.json", &log("maker/a", &["C", "I"], true));
    bed.write("b.json", &later("maker/b"));
    bed.run(&[
        "import",
        "a.json",
        "b.json",
        "-o",
        "runs",
        "--suite-out",
        "sums",
    ])
    .expect(3);
    let run = bed.only_run("runs");
    (bed, run)
}

#[test]
fn what_a_model_was_never_asked_is_no_error_of_a_rescore_either() {
    let (bed, run) = never_asked();
    let scored = bed
        .run(&["score", text(&run), "sums", "-o", "scored"])
        .expect(3);
    assert!(
        scored
            .stderr
            .contains("4 calls were skipped: the imported logs put it to other models alone"),
        "{}",
        scored.stderr
    );
    let again = bed.only_run("scored");
    let [before, now] = [&run, &again].map(|run| {
        let outcomes = column(run, "results.csv", "outcome");
        (outcomes, column(run, "summary.csv", "exhausted"))
    });
    assert_eq!(before, now);
    assert_eq!(now.1, ["1", "0"]);
    bed.run(&["verify", text(&again)]).expect(0);
    // And of what was judged anew, the same once more.
    let twice = bed
        .run(&["score", text(&again), "sums", "-o", "twice"])
        .expect(3);
    assert!(
        twice.stderr.contains("4 calls were skipped: the imported"),
        "{}",
        twice.stderr
    );
}

#[test]
fn what_an_export_leaves_out_is_counted() {
    let (bed, run) = never_asked();
    let export = |format: &str| {
        let done = bed
            .run(&["export", format, text(&run), "-o", format])
            .expect(0);
        done.stderr
    };
    let skipped = [
        "maker/a at task `sums`: 2 calls are left out: 2 never asked (skipped); they are neither right nor wrong nor an error",
        "maker/b at task `sums`: 2 calls are left out: 2 never asked (skipped)",
    ];
    let errors = "maker/a at task `sums`: left out of the record, which has a score in each line: 1 call that ended in an error";
    let of_records = export("every-eval-ever");
    let of_logs = export("inspect");
    for said in skipped {
        assert!(of_records.contains(said), "{of_records}");
        assert!(of_logs.contains(said), "{of_logs}");
    }
    assert!(of_records.contains(errors), "{of_records}");
    assert!(!of_logs.contains("left out of the record"), "{of_logs}");
    bed.write("whole.json", &log("maker/c", &["C", "I"], false));
    bed.run(&["import", "whole.json", "-o", "whole"]).expect(0);
    let whole = bed.only_run("whole");
    let done = bed
        .run(&["export", "every-eval-ever", text(&whole), "-o", "w"])
        .expect(0);
    assert!(!done.stderr.contains("left out"), "{}", done.stderr);
}

#[test]
fn an_import_is_compared_with_a_new_run_as_the_hint_says() {
    let bed = Bed::new(1);
    bed.write("a.json", &log("maker/a", &["C", "I", "C"], false));
    bed.run(&["import", "a.json", "-o", "runs", "--suite-out", "sums"])
        .expect(0);
    let import = bed.only_run("runs");
    let run = bed.run(&["run", "sums", "-m", "embedded/clean", "-o", "new"]);
    assert!([0, 3].contains(&run.code), "{}", run.stderr);
    let new = bed.only_run("new");
    for sides in [[&import, &new], [&new, &import]] {
        let [base, candidate] = sides.map(|run| text(run));
        let refused = bed
            .run(&["compare", base, candidate, "-o", "new"])
            .expect(66);
        let way = format!("cleanbench score {} SUITE", import.display());
        assert!(refused.stderr.contains(&way), "{}", refused.stderr);
        assert!(
            !refused.stderr.contains("make the runs alike"),
            "{}",
            refused.stderr
        );
    }
    bed.run(&["score", text(&import), "sums", "-o", "scored"])
        .expect(0);
    let scored = bed.only_run("scored");
    bed.run(&["compare", text(&scored), text(&new), "-o", "new"])
        .expect(0);
    // Under another key nothing pairs, and that has its own way.
    bed.run(&["import", "a.json", "-o", "others"]).expect(0);
    let other = bed.only_run("others");
    let refused = bed
        .run(&["compare", text(&other), text(&new), "-o", "new"])
        .expect(66);
    assert!(
        refused
            .stderr
            .contains("import its log again with `--suite-out SUITE`"),
        "{}",
        refused.stderr
    );
}

/// A log of Inspect whose targets are words, judged by `scorer` with `options`.
fn log_of_words(scorer: &str, options: &Value) -> String {
    let said = ["It is Paris.", "Paris", "Rome or Paris", "Rome"];
    let samples = said.iter().zip(1_u64..).map(|(said, id)| {
        json!({
            "id": id, "epoch": 1, "input": format!("Which city is {id}?"), "target": "paris",
            "messages": [{"role": "user", "content": format!("Which city is {id}?")}],
            "output": {"model": "m/x", "choices": [{"message": {"role": "assistant", "content": said}, "stop_reason": "stop"}]},
            "scores": {scorer: {"value": if id < 4 { "C" } else { "I" }, "answer": said}},
        })
    });
    json!({
        "version": 2, "status": "success",
        "eval": {"task": "cities", "model": "m/x", "packages": {"inspect_ai": "0.3.1"},
            "scorers": [{"name": scorer, "options": options}]}, "plan": {},
        "samples": samples.collect::<Vec<_>>(),
    })
    .to_string()
}

#[test]
fn a_scorer_that_stands_in_for_one_of_a_log_judges_alike_or_is_told() {
    for (scorer, options, scores, stands_in) in [
        ("match", json!({}), ["1", "1", "1", "0"], Some("contains")),
        ("includes", json!({}), ["1", "1", "1", "0"], None),
        (
            "includes",
            json!({"ignore_case": false}),
            ["0", "0", "0", "0"],
            None,
        ),
        (
            "model_graded_qa",
            json!({}),
            ["0", "0", "0", "0"],
            Some("exact"),
        ),
    ] {
        let bed = Bed::new(1);
        bed.write("a.json", &log_of_words(scorer, &options));
        let done = bed
            .run(&["import", "a.json", "-o", "runs", "--suite-out", "cities"])
            .expect(0);
        let run = bed.only_run("runs");
        assert_eq!(column(&run, "results.csv", "score"), ["1", "1", "1", "0"]);
        let manifest = read(&bed.path("cities"), "suite.toml");
        let word = format!("in the place of the log's `{scorer}`, and its scores may differ");
        assert_eq!(
            done.stderr.contains(&word),
            stands_in.is_some(),
            "{}",
            done.stderr
        );
        assert_eq!(manifest.contains(&word), stands_in.is_some(), "{manifest}");
        let scored = bed
            .run(&["score", text(&run), "cities", "-o", "scored"])
            .expect(0);
        let again = bed.only_run("scored");
        assert_eq!(
            column(&again, "results.csv", "score"),
            scores,
            "{scorer} {options}"
        );
        let kind = stands_in.unwrap_or("contains");
        let word = format!("task `cities` is judged by `{kind}`, where the log had `{scorer}`");
        assert!(scored.stderr.contains(&word), "{}", scored.stderr);
        assert!(read(&again, "summary.md").contains("where the log had"));
        bed.run(&["verify", text(&again)]).expect(0);
    }
}

#[test]
fn a_log_that_is_cut_off_is_called_that_with_its_place() {
    let bed = Bed::new(1);
    let whole = log("maker/a", &["C", "I"], false);
    bed.write("cut.json", &whole[..700]);
    bed.write("cut.jsonl", "{\"doc_id\": 1, \"doc\": {\"q");
    bed.write("empty.json", " \n");
    bed.write("no.eval", "hello");
    let packed = archive(&[("header.json", whole.clone().into_bytes())]);
    fs_err::write(bed.path("cut.eval"), &packed[..packed.len() / 2]).unwrap();
    for (file, said) in [
        ("cut.json", "cut.json:1:700: it is cut off here: "),
        ("cut.jsonl", "cut.jsonl:1:24: it is cut off here: "),
        ("empty.json", "empty.json: it is empty"),
        ("no.eval", "no.eval: it is no archive"),
        ("cut.eval", "cut.eval: it is cut off after "),
    ] {
        let done = bed.run(&["import", file, "-o", "runs"]).expect(65);
        assert!(done.stderr.contains(said), "{file}: {}", done.stderr);
        assert!(
            done.stderr.contains("copy the file again"),
            "{file}: {}",
            done.stderr
        );
        assert!(
            !done.stderr.contains("of no format that is known"),
            "{}",
            done.stderr
        );
    }
}

#[test]
fn an_export_goes_into_a_folder_or_into_a_file_that_ends_as_it_has_to() {
    let bed = Bed::new(1);
    bed.write("a.json", &log("maker/a", &["C", "I"], false));
    bed.run(&["import", "a.json", "-o", "runs"]).expect(0);
    let run = bed.only_run("runs");
    let export = |to: &str| bed.run(&["export", "inspect", text(&run), "-o", to]);
    fs_err::create_dir(bed.path("there")).unwrap();
    for (to, file) in [
        ("new", "new/sums_maker-a.eval"),
        ("there", "there/sums_maker-a.eval"),
        ("v1.2/", "v1.2/sums_maker-a.eval"),
        ("one.eval", "one.eval"),
    ] {
        export(to).expect(0);
        assert!(bed.path(file).is_file(), "{to}");
    }
    let wrong = export("one.json").expect(2);
    assert!(
        wrong.stderr.contains("does not end in `.eval`"),
        "{}",
        wrong.stderr
    );
    assert!(!bed.path("one.json").exists());
    export("there").expect(73);
    // A model that was asked nothing of a task has no log of it.
    let mut other: Value = serde_json::from_str(&later("maker/b")).unwrap();
    other["eval"]["task"] = json!("others");
    bed.write("b.json", &other.to_string());
    bed.run(&["import", "a.json", "b.json", "-o", "both"])
        .expect(0);
    let both = bed.only_run("both");
    bed.run(&["export", "inspect", text(&both), "-o", "logs"])
        .expect(0);
    let names = fs_err::read_dir(bed.path("logs")).unwrap();
    let mut names: Vec<_> = names
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    names.sort();
    assert_eq!(names, ["others_maker-b.eval", "sums_maker-a.eval"]);
}

#[test]
fn nobody_is_called() {
    match in_namespace("import::inside_the_namespace") {
        Some((passed, printed)) => {
            assert!(passed, "{printed}");
            assert!(printed.contains("1 passed"), "{printed}");
        }
        None => eprintln!(
            "network namespaces are not allowed here: it is not checked that nobody is called"
        ),
    }
}

#[test]
#[ignore = "runs in a network namespace that `nobody_is_called` makes"]
fn inside_the_namespace() {
    let inside = std::env::vars_os().any(|(name, _)| name == INSIDE);
    assert!(inside, "not in a namespace");
    let sink = Sink::default();
    sink.resolve();
    for port in [80, 443] {
        sink.listen(port);
    }
    let bed = Bed::new(1);
    let log = log("https://unnamed.example/v1", &["C", "I"], false);
    bed.write(
        "a.json",
        &log.replace("2 + 1?", "Look at http://203.0.113.7/."),
    );
    bed.run(&["import", "a.json", "-o", "runs"]).expect(0);
    bed.write(
        "suite.yaml",
        "prompts: ['Say {{w}}']\nproviders: [https://unnamed.example/api]\ntests: https://unnamed.example/tests.csv\n",
    );
    bed.run(&["import", "suite.yaml"]).expect(65);
    let run = bed.only_run("runs");
    bed.run(&["export", "inspect", text(&run), "-o", "logs"])
        .expect(0);
    bed.run(&["import", "logs", "-o", "again"]).expect(0);
    assert_eq!(sink.seen(), [""; 0]);
}

/// An archive of `entries`, each with its name, deflated as far as it goes.
fn archive(entries: &[(&str, Vec<u8>)]) -> Vec<u8> {
    let (mut file, mut directory) = (Vec::new(), Vec::new());
    for (name, bytes) in entries {
        let mut packer =
            flate2::write::DeflateEncoder::new(Vec::new(), flate2::Compression::best());
        packer.write_all(bytes).unwrap();
        let packed = packer.finish().unwrap();
        let mut crc = flate2::Crc::new();
        crc.update(bytes);
        let size = |bytes: &[u8]| u32::try_from(bytes.len()).unwrap().to_le_bytes();
        let mut about = vec![20, 0, 0, 0, 8, 0, 0, 0, 0, 0];
        about.extend(crc.sum().to_le_bytes());
        about.extend([size(&packed), size(bytes), size(name.as_bytes())].concat());
        let at = size(&file);
        file.extend([b"PK\x03\x04", &about[..], name.as_bytes(), &packed].concat());
        directory.extend(
            [
                b"PK\x01\x02\x14\0",
                &about[..],
                &[0; 10],
                &at,
                name.as_bytes(),
            ]
            .concat(),
        );
    }
    let count = u16::try_from(entries.len()).unwrap().to_le_bytes();
    let sizes =
        [directory.len(), file.len()].map(|size| u32::try_from(size).unwrap().to_le_bytes());
    let end = [
        b"PK\x05\x06\0\0\0\0",
        &count[..],
        &count,
        &sizes.concat(),
        &[0; 2],
    ]
    .concat();
    [file, directory, end].concat()
}

#[test]
fn a_small_archive_takes_no_memory_without_end() {
    const MOST_KIB: u64 = 512 << 10;
    let header = json!({"version": 2, "status": "success",
        "eval": {"task": "t", "model": "m/x", "packages": {}}, "plan": {}});
    let sample = |id: usize, field: &str, value: &str| {
        let mut sample = json!({"id": id, "epoch": 1, "input": "q", "target": "a", "messages": [],
            "output": {"model": "m", "choices": [{"message": {"role": "assistant", "content": "a"}, "stop_reason": "stop"}]},
            "scores": {"match": {"value": "C"}}});
        sample[field] = json!("@@");
        sample.to_string().replace("\"@@\"", value).into_bytes()
    };
    let many = |part: &dyn Fn(usize) -> String, count: usize| {
        let parts: Vec<_> = (0..count).map(part).collect();
        parts.join(",")
    };
    let zeros = format!("[{}]", many(&|_| "0".to_owned(), 3_999_000));
    let keys = format!("{{{}}}", many(&|key| format!("\"k{key}\":0"), 790_000));
    let scores = format!(
        "{{{}}}",
        many(&|key| format!("\"s{key}\":{{\"value\":1}}"), 390_000)
    );
    let text = format!("{{\"completion\": \"{}\"}}", "x".repeat(60 << 20));
    let answers = format!("[{}]", many(&|_| "1".to_owned(), 400_000));
    let bombs: [(&str, Vec<Vec<u8>>); 8] = [
        (
            "zeros",
            vec![sample(1, "metadata", &format!("{{\"a\":{zeros}}}"))],
        ),
        ("target", vec![sample(1, "target", &zeros)]),
        ("keys", vec![sample(1, "metadata", &keys)]),
        ("scores", vec![sample(1, "scores", &scores)]),
        (
            "attachments",
            vec![sample(1, "attachments", &keys.replace(":0", ":\"v\""))],
        ),
        (
            "many scores",
            (0..8).map(|id| sample(id, "scores", &scores)).collect(),
        ),
        (
            "targets",
            (0..12).map(|id| sample(id, "target", &answers)).collect(),
        ),
        (
            "texts",
            (0..12).map(|id| sample(id, "output", &text)).collect(),
        ),
    ];
    for (what, samples) in bombs {
        let bed = Bed::new(1);
        let names: Vec<_> = (0..samples.len())
            .map(|id| format!("samples/{id}_epoch_1.json"))
            .collect();
        let mut entries = vec![("header.json", header.to_string().into_bytes())];
        entries.extend(names.iter().map(String::as_str).zip(samples));
        fs_err::write(bed.path("a.eval"), archive(&entries)).unwrap();
        let mut child = bed.start(&["import", "a.eval", "-o", "runs"]);
        let mut peak = 0;
        while child.try_wait().unwrap().is_none() {
            peak = peak_kib(child.id()).unwrap_or(0).max(peak);
            std::thread::sleep(std::time::Duration::from_millis(2));
        }
        let done = wait(child);
        assert!([0, 3, 65].contains(&done.code), "{what}: {}", done.stderr);
        assert!(
            !done.stderr.contains("internal error"),
            "{what}: {}",
            done.stderr
        );
        assert!(peak > 0 && peak < MOST_KIB, "{what}: {peak} KiB");
    }
}
