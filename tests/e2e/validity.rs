//! Checks of validity: put beside the probes, counted for each endpoint and form, and like any other call recorded,
//! resumed, shared out, replayed and verified.

use std::path::{Path, PathBuf};

use cleanbench_core::probe::ProbeForm;
use cleanbench_probe::checks::{self, Audience};
use cleanbench_testkit::{Answers, FakeServer, Script};
use serde_json::{Value, json};

use crate::batches::bed;
use crate::bed::{Bed, MODEL, read, table};
use crate::replay::text;

const FORMS: [ProbeForm; 2] = [ProbeForm::Raw, ProbeForm::Instruction];
/// Calls of the checks in both forms.
const CALLS: usize = 2 * (5 + 16);

/// What is asked by the checks, and what a model that passes answers.
pub(crate) fn recited() -> Vec<(String, String)> {
    let mut pairs = Vec::new();
    for (name, form) in checks::NAMES
        .iter()
        .flat_map(|name| FORMS.map(|form| (*name, form)))
    {
        for item in checks::arms(name, form, Audience::of([false])).suspects {
            let cleanbench_core::sample::SampleInput::Input(shown) = item.sample.input else {
                panic!("a check shows one text");
            };
            let expected = item.sample.target.unwrap();
            pairs.push((shown, expected.as_str().unwrap().to_owned()));
        }
    }
    pairs
}

/// Repeats what it is to repeat and recites every passage; knows nothing else.
fn reciting() -> Script {
    let pairs = recited();
    let default = "no idea what that could be about".to_owned();
    Script::answering(Answers::Map { pairs, default })
}

fn declining() -> Script {
    Script::answering(Answers::Fixed(
        "I'm sorry, but I can't help with that.".to_owned(),
    ))
}

/// A suite with a probe, and a server that also takes texts to be continued.
fn scene(script: Script) -> (Bed, FakeServer) {
    let (bed, server) = bed();
    server.set_script(script);
    bed.models(&server.url(), "provider = \"vllm\"");
    (bed, server)
}

fn finished(bed: &Bed, out: &str, more: &[&str]) -> PathBuf {
    bed.run_suite(out, more).expect(0);
    bed.only_run(out)
}

fn verified(bed: &Bed, run: &Path) {
    bed.run(&["verify", text(run)]).expect(0);
}

fn validity(run: &Path) -> Value {
    let verdicts: Value = serde_json::from_str(&read(run, "verdicts.json")).unwrap();
    verdicts["validity"].clone()
}

fn check(form: &str, restored: usize, asked: usize, invalid: usize) -> Value {
    json!({"form": form, "restored": restored, "asked": asked, "invalid": invalid})
}

/// What is found where every check comes out alike.
fn both(restored: bool) -> Value {
    let of = |form: &str, asked: usize| {
        let hits = if restored { asked } else { 0 };
        check(form, hits, asked, asked - hits)
    };
    let of_form = |form: &str| json!({"compliance": of(form, 5), "memory": of(form, 16)});
    let forms = json!({"raw": of_form("raw"), "instruction": of_form("instruction")});
    json!([{"model": MODEL, "forms": forms}])
}

#[test]
fn who_recites_passes_and_who_declines_does_not() {
    for (script, passes, line) in [
        (
            reciting(),
            true,
            "fake: checks: repeats texts 5 of 5, restores passages 16 of 16 (instruction)",
        ),
        (
            declining(),
            false,
            "fake: checks: goes on as it must 0 of 5 (5 invalid), restores passages 0 of 16 (16 invalid) (raw)",
        ),
    ] {
        let (bed, _server) = scene(script);
        let done = bed.run_suite("out", &[]).expect(0);
        assert!(done.stdout.contains(line), "{}", done.stdout);
        let run = bed.only_run("out");
        assert_eq!(validity(&run), both(passes));
        let summary = read(&run, "summary.md");
        let (_, told) = line.split_once("checks: ").unwrap();
        assert!(
            summary.contains(&format!("- `fake`: checks: {told}")),
            "{summary}"
        );
        let findings = table(&run, "contamination.csv");
        let is_check = |name: &String| checks::NAMES.contains(&name.as_str());
        assert!(findings.iter().all(|row| !is_check(&row["probe"])));
        verified(&bed, &run);
        let before = read(&run, "verdicts.json");
        bed.run(&["report", text(&run)]).expect(0);
        assert_eq!(read(&run, "verdicts.json"), before);
        let shown = bed.run(&["show", text(&run), "suspect/validity/servers/genesis"]);
        let shown = shown.expect(0);
        assert!(
            shown.stdout.contains("God created the heaven"),
            "{}",
            shown.stdout
        );
        let json = bed
            .run(&["report", text(&run), "--format", "json"])
            .expect(0);
        let json: Value = serde_json::from_str(&json.stdout).unwrap();
        assert_eq!(json["validity"], both(passes));
    }
}

#[test]
fn an_empty_answer_passes_no_check() {
    let (bed, _server) = scene(Script::answering(Answers::Fixed(String::new())));
    bed.run_suite("out", &[]);
    assert_eq!(validity(&bed.only_run("out")), both(false));
}

#[test]
fn checks_are_shared_out_replayed_and_gone_on_with() {
    let (bed, server) = scene(reciting());
    let whole = finished(&bed, "whole", &[]);
    let asked = server.totals().requests;
    let again = finished(&bed, "again", &["--replay", text(&whole)]);
    assert_eq!(server.totals().requests, asked, "nothing is asked");
    assert_eq!(validity(&again), both(true));
    verified(&bed, &again);

    let one = finished(&bed, "one", &["--shard", "1/2"]);
    let two = finished(&bed, "two", &["--shard", "2/2"]);
    assert_eq!(server.totals().requests, 2 * asked);
    verified(&bed, &one);
    bed.run(&["merge", text(&one), text(&two), "-o", "merged"])
        .expect(0);
    let merged = bed.only_run("merged");
    assert_eq!(validity(&merged), both(true));
    verified(&bed, &merged);

    let cap = (asked - 10).to_string();
    bed.run_suite("cut", &["--max-requests", &cap]).expect(75);
    let cut = bed.only_run("cut");
    bed.run(&["run", "--resume", text(&cut)]).expect(0);
    assert_eq!(server.totals().requests, 3 * asked);
    assert_eq!(read(&cut, "verdicts.json"), read(&whole, "verdicts.json"));
    verified(&bed, &cut);
}

#[test]
fn a_check_that_was_changed_in_the_record_is_found() {
    let (bed, _server) = scene(reciting());
    let run = finished(&bed, "out", &[]);
    let verdicts = read(&run, "verdicts.json").replace("\"restored\": 16", "\"restored\": 15");
    let verdicts = verdicts.replace("\"restored\":16", "\"restored\":15");
    fs_err::write(run.join("verdicts.json"), verdicts).unwrap();
    bed.run(&["verify", text(&run)]).expect(102);
}

#[test]
fn forms_narrow_probes_and_checks_and_check_counts_tokens() {
    let (bed, _server) = scene(reciting());
    let listed = bed.run(&["check", "suite", "-m", MODEL]).expect(0);
    for part in [
        "compliance",
        "memory",
        "tokens out",
        "calls of probes: about",
    ] {
        assert!(listed.stdout.contains(part), "{part}: {}", listed.stdout);
    }
    let suite = read(&bed.path("suite"), "suite.toml");
    bed.write(
        "suite/suite.toml",
        &format!("{suite}forms = [\"instruction\"]\n"),
    );
    let run = finished(&bed, "out", &[]);
    let rows = table(&run, "results.csv");
    let is_raw = |task: &str| task.strip_suffix(".raw").is_some();
    assert!(rows.iter().all(|row| !is_raw(&row["task"])));
    let checks = rows
        .iter()
        .filter(|row| row["task"].starts_with("validity/"));
    assert_eq!(checks.count(), CALLS / 2);
    let found = validity(&run);
    assert!(found[0]["forms"]["raw"].is_null(), "{found}");

    let likelihood = suite.replace("completion-second-cut", "forced-likelihood");
    bed.write(
        "suite/suite.toml",
        &format!("{likelihood}forms = [\"instruction\"]\n"),
    );
    let done = bed.run_suite("none", &[]).expect(65);
    let told = "probe `forced-likelihood` has no instruction form";
    assert!(done.stderr.contains(told), "{}", done.stderr);
}

/// Embedded models have met no famous passage; they are asked for what they have met, and judged by it where a server
/// is asked in the same run.
#[test]
fn embedded_models_are_asked_for_their_own_texts() {
    let (bed, _server) = scene(reciting());
    // Some items of the suite are longer than the context of the embedded model.
    bed.run_suite("out", &["-m", "embedded/clean"]).expect(3);
    let run = bed.only_run("out");
    let of_checks =
        |row: &std::collections::BTreeMap<String, String>| row["task"].starts_with("validity/");
    let rows = table(&run, "results.csv");
    let mut checks = rows.iter().filter(|row| of_checks(row));
    assert!(checks.all(|row| row["outcome"] == "answered"));
    let found = validity(&run);
    assert_eq!(found[0], both(true)[0]);
    assert_eq!(found[1]["model"], "embedded/clean");
    let raw = &found[1]["forms"]["raw"];
    assert_eq!(raw["compliance"], check("raw", 5, 5, 0));
    assert_eq!(raw["memory"], check("raw", 16, 16, 0));
    let instruction = &found[1]["forms"]["instruction"];
    assert_eq!(
        instruction["compliance"]["restored"], 0,
        "it follows no instruction"
    );
    verified(&bed, &run);
}
