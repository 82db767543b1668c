//! Gates through the program: what passes, what fails, and what is neither.

use std::path::{Path, PathBuf};

use cleanbench_testkit::{Answers, FakeServer, Fault, Rule, Script};
use serde_json::Value;

use crate::bed::{
    Bed, CHOICES, Done, MODEL, answering, bed_with, copy_without_payloads, manifest, read, table,
};

/// A server that answers with the right choice for this share of samples; the answers to the others are
/// wrong ones.
pub(crate) fn right(share: f64) -> Script {
    let choices = CHOICES.iter().map(ToString::to_string).collect();
    Script::answering(Answers::Hash {
        choices,
        right_share: share,
    })
}

/// Puts these `[[gate]]` tables, separated by blank lines, behind the suite.
pub(crate) fn gate(bed: &Bed, gates: &[&str]) {
    let tables: String = gates
        .iter()
        .map(|gate| format!("\n[[gate]]\n{}\n", gate.replace("; ", "\n")))
        .collect();
    let text = format!("{}{tables}", manifest("private", "choice"));
    bed.write("suite/suite.toml", &text);
    // The order in which a task is asked that may end early, and so its end, follows from the key.
    if tables.contains("early_stop") && !bed.path("suite/suite.key").exists() {
        bed.write("suite/suite.key", &"01".repeat(32));
    }
}

/// The results in `gates.json` of the only run in `out`.
pub(crate) fn results(bed: &Bed, out: &str) -> Vec<Value> {
    let text = read(&bed.only_run(out), "gates.json");
    let value: Value = serde_json::from_str(&text).unwrap();
    let gates = value["gates"].as_array().unwrap();
    // Only results that compare with a baseline need what 1.1 and 1.2 add.
    let compares = gates.iter().any(|gate| !gate["coverage"].is_null());
    let version = if compares { "1.2" } else { "1.0" };
    assert_eq!(value["format"], format!("cleanbench-gates/{version}"));
    gates.clone()
}

fn verdicts(bed: &Bed, out: &str) -> Vec<String> {
    let verdict = |result: &Value| result["verdict"].as_str().unwrap().to_owned();
    results(bed, out).iter().map(verdict).collect()
}

fn text(path: &Path) -> &str {
    path.to_str().unwrap()
}

/// A run of the suite as it stands, which later ones are compared with.
fn baseline(bed: &Bed) -> PathBuf {
    bed.run_suite("base", &["-q"]);
    bed.only_run("base")
}

fn against(bed: &Bed, out: &str, base: &Path) -> Done {
    bed.run_suite(out, &["--baseline", text(base)])
}

const FLOOR: &str = "metric = \"accuracy\"; test = \"floor\"; min = ";

#[test]
fn a_floor_passes_fails_or_is_not_told_and_verify_recomputes_it() {
    // About 160 of 200 are right; one-sided 95 % bounds are some 5 points away on either side.
    let (bed, _server) = bed_with(200, answering());
    let cases = [
        ("0.7", "", 0, "pass"),
        ("0.9", "", 100, "fail"),
        ("0.8", "", 75, "inconclusive"),
        ("0.8", "; on_inconclusive = \"fail\"", 100, "inconclusive"),
        ("0.8", "; on_inconclusive = \"warn\"", 0, "inconclusive"),
        ("0.7", "; min_items = 201", 75, "inconclusive"),
    ];
    for ((min, more, code, verdict), number) in cases.into_iter().zip(0..) {
        gate(&bed, &[&format!("{FLOOR}{min}{more}")]);
        let out = format!("out{number}");
        let done = bed.run_suite(&out, &[]).expect(code);
        assert_eq!(verdicts(&bed, &out), [verdict], "{min} {more}");
        assert!(done.stdout.contains("accuracy at least"), "{}", done.stdout);
        let warned = done.stderr.contains("which is no pass");
        assert_eq!(warned, more.contains("warn"), "{}", done.stderr);
        bed.run(&["verify", text(&bed.only_run(&out))]).expect(0);
    }
    let result = &results(&bed, "out0")[0];
    for key in ["estimate", "low", "high", "confidence", "n", "method"] {
        assert!(!result[key].is_null(), "{key}");
    }
    assert_eq!(result["method"], "clopper_pearson");
}

#[test]
fn gates_are_in_the_plan_before_the_first_call_and_no_later_change_counts() {
    let (bed, _server) = bed_with(60, answering());
    gate(&bed, &[&format!("{FLOOR}0.95")]);
    bed.run_suite("out", &[]).expect(100);
    let run = bed.only_run("out");
    let plan: Value = serde_json::from_str(&read(&run, "run.json")).unwrap();
    assert_eq!(plan["format"], "cleanbench-run/1.2");
    assert_eq!(plan["plan"]["gates"][0]["test"]["min"], 0.95);
    gate(&bed, &[&format!("{FLOOR}0.1")]);
    bed.run(&["run", "--resume", text(&run)]).expect(100);
    let easier = read(&run, "run.json").replace("\"min\": 0.95", "\"min\": 0.1");
    fs_err::write(run.join("run.json"), easier).unwrap();
    bed.run(&["verify", text(&run)]).expect(102);
}

#[test]
fn rates_are_gated_and_a_call_without_an_answer_counts_either_way() {
    let (bed, server) = bed_with(200, answering());
    let refuse = Rule::always(Fault::Status {
        code: 400,
        retry_after: None,
        error: None,
    });
    server.set_script(answering().with_rule(refuse.for_share(0.3)));
    let errors = "metric = \"error_rate\"; test = \"ceiling\"; max = ";
    let unread = "metric = \"extraction_failure_rate\"; test = \"ceiling\"; max = 0.05";
    gate(
        &bed,
        &[
            &format!("{errors}0.1"),
            &format!("{errors}0.5"),
            unread,
            &format!("{FLOOR}0.7"),
        ],
    );
    bed.run_suite("out", &[]).expect(100);
    assert_eq!(
        verdicts(&bed, "out"),
        ["fail", "pass", "pass", "inconclusive"]
    );
    let floor = &results(&bed, "out")[3];
    assert!(
        floor["method"]
            .as_str()
            .unwrap()
            .contains("missing counted either way"),
        "{floor}"
    );
    assert!(floor["low"].as_f64().unwrap() < 0.6 && floor["high"].as_f64().unwrap() > 0.8);
}

#[test]
fn times_and_costs_are_gated_and_unknown_costs_are_no_pass() {
    // Half right, so that neither scores nor costs are skewed; with 80 samples that is not seen.
    let (bed, server) = bed_with(120, right(0.5));
    let latency = "metric = \"latency_p95\"; test = \"ceiling\"; max = ";
    let cost = "metric = \"cost_per_solved\"; test = \"ceiling\"; max = ";
    gate(
        &bed,
        &[
            &format!("{latency}60000"),
            &format!("{latency}0.001"),
            &format!("{cost}1"),
        ],
    );
    bed.run_suite("free", &[]).expect(100);
    assert_eq!(verdicts(&bed, "free"), ["pass", "fail", "inconclusive"]);
    let why = results(&bed, "free")[2]["message"]
        .as_str()
        .unwrap()
        .to_owned();
    assert!(why.contains("price"), "{why}");
    let priced = "cache = true\nversion = \"1\"\nprice = { input = \"1\", output = \"2\" }";
    bed.models(&server.url(), priced);
    gate(&bed, &[&format!("{cost}1"), &format!("{cost}0.0000001")]);
    let paid = bed.run_suite("priced", &[]).expect(100);
    let rows: Vec<_> = paid.stdout.lines().map(str::trim_start).collect();
    for verdict in ["pass", "fail"] {
        let found = rows.iter().filter(|row| row.starts_with(verdict)).count();
        assert_eq!(found, 1, "{verdict}: {}", paid.stdout);
    }
    // What an earlier run paid is not what this one costs.
    let kept = bed.run_suite("priced", &[]).expect(75);
    assert!(kept.stdout.contains("cost nothing here"), "{}", kept.stdout);
}

const NOT_INFERIOR: &str = "metric = \"accuracy\"; test = \"non_inferiority\"; margin = 0.05";
const NO_DROP: &str = "metric = \"accuracy\"; test = \"max_drop\"; drop = 0.08";
const BETTER: &str = "metric = \"accuracy\"; test = \"superiority\"";

#[test]
fn a_comparison_without_a_baseline_is_never_a_pass() {
    let (bed, _server) = bed_with(30, answering());
    gate(&bed, &[NOT_INFERIOR]);
    let done = bed.run_suite("out", &[]).expect(75);
    assert!(done.stderr.contains("--baseline"), "{}", done.stderr);
    assert_eq!(verdicts(&bed, "out"), ["not_evaluated"]);
    gate(
        &bed,
        &[&format!("{NOT_INFERIOR}; on_inconclusive = \"warn\"")],
    );
    bed.run_suite("warned", &[]).expect(0);
}

#[test]
fn what_is_the_same_is_not_inferior_and_a_regression_is_found() {
    let (bed, server) = bed_with(300, right(0.8));
    gate(&bed, &[NOT_INFERIOR, NO_DROP]);
    let base = baseline(&bed);
    let said = against(&bed, "same", &base).expect(0).stdout;
    assert!(
        said.contains("after Holm's correction over 2 gates"),
        "{said}"
    );
    assert_eq!(verdicts(&bed, "same"), ["pass", "pass"]);
    let same = bed.only_run("same");
    let plan: Value = serde_json::from_str(&read(&same, "run.json")).unwrap();
    let copied = plan["plan"]["inputs"].as_object().unwrap();
    for name in ["run.json", "results.csv", "summary.csv"] {
        let path = format!("inputs/baseline/{name}");
        assert!(copied.contains_key(&path), "{name}");
        assert_eq!(read(&same, &path), read(&base, name));
    }
    assert!(read(&same, "journal/00000.jsonl").contains("inputs/baseline/results.csv"));
    fs_err::remove_dir_all(&base).unwrap();
    bed.run(&["verify", text(&same)]).expect(0);

    server.set_script(right(0.5));
    bed.run_suite("lost", &["--baseline", text(&same), "--no-cache"])
        .expect(100);
    assert_eq!(verdicts(&bed, "lost"), ["fail", "fail"]);
    let lost = bed.only_run("lost");
    bed.run(&["verify", text(&lost)]).expect(0);
    let table = lost.join("inputs/baseline/results.csv");
    let forged = fs_err::read_to_string(&table)
        .unwrap()
        .replacen(",1,", ",0,", 1);
    fs_err::write(&table, forged).unwrap();
    bed.run(&["verify", text(&lost)]).expect(102);
}

#[test]
fn better_is_shown_against_another_model_only_where_that_was_asked_for() {
    let (bed, server) = bed_with(200, right(0.6));
    gate(&bed, &[BETTER]);
    let base = baseline(&bed);
    let other = FakeServer::start(right(0.9));
    let models = format!(
        "[models.{MODEL}]\nbase_url = \"{}\"\nmodel = \"m\"\n[models.new]\nbase_url = \"{}\"\nmodel = \"n\"\n",
        server.url(),
        other.url()
    );
    bed.write("models.toml", &models);
    let run = |out: &str, more: &[&str]| {
        let mut words = vec![
            "run",
            "suite",
            "-m",
            "new",
            "-o",
            out,
            "--baseline",
            text(&base),
        ];
        words.extend(more);
        bed.run(&words)
    };
    let unnamed = run("unnamed", &[]).expect(66);
    assert!(
        unnamed.stderr.contains("has no model `new`"),
        "{}",
        unnamed.stderr
    );
    let another = run("another", &["--baseline-model", MODEL]).expect(66);
    assert!(
        another.stderr.contains("another model answered"),
        "{}",
        another.stderr
    );
    gate(&bed, &[&format!("{BETTER}; mode = \"choice\"")]);
    run("chosen", &[]).expect(0);
    assert_eq!(verdicts(&bed, "chosen"), ["pass"]);
    assert!(other.totals().requests > 0);
}

#[test]
fn a_baseline_that_cannot_be_compared_with_is_refused_before_the_first_call() {
    let (bed, server) = bed_with(30, answering());
    gate(&bed, &[NOT_INFERIOR]);
    let base = bed.path("bare");
    copy_without_payloads(&baseline(&bed), &base);
    let suite = fs_err::read_to_string(bed.path("suite/suite.toml")).unwrap();
    let asked = server.totals().requests;
    for (from, to, reason) in [
        ("{{ input }}", "Please: {{ input }}", "`prompt` differs"),
        (
            "max_tokens = 16",
            "max_tokens = 17",
            "other sampling parameters",
        ),
        (
            "scorers = [\"choice\"]",
            "scorers = [\"exact\"]",
            "other scorers",
        ),
        (
            "name = \"routing\"",
            "name = \"other\"",
            "has no task `other`",
        ),
    ] {
        bed.write("suite/suite.toml", &suite.replace(from, to));
        let done = against(&bed, "refused", &base).expect(66);
        assert!(done.stderr.contains(reason), "{reason}: {}", done.stderr);
    }
    bed.write("suite/suite.toml", &suite);
    let key = fs_err::read_to_string(bed.path("suite/suite.key")).unwrap();
    fs_err::remove_file(bed.path("suite/suite.key")).unwrap();
    let done = against(&bed, "refused", &base).expect(66);
    assert!(done.stderr.contains("another suite key"), "{}", done.stderr);
    bed.write("suite/suite.key", &key);
    let table = fs_err::read_to_string(base.join("results.csv")).unwrap();
    fs_err::write(base.join("results.csv"), table.replacen(",0,", ",1,", 1)).unwrap();
    let done = against(&bed, "refused", &base).expect(66);
    assert!(done.stderr.contains("cleanbench verify"), "{}", done.stderr);
    bed.run_suite("out", &["--baseline", "no-such-run"])
        .expect(2);
    assert_eq!(server.totals().requests, asked, "nobody was asked");
    assert!(!bed.path("refused").exists());
}

#[test]
fn shards_leave_their_gates_to_the_merged_run() {
    let (bed, _server) = bed_with(80, answering());
    gate(&bed, &[&format!("{FLOOR}0.95"), NOT_INFERIOR]);
    let base = baseline(&bed);
    for shard in ["1/2", "2/2"] {
        bed.run_suite("parts", &["--shard", shard, "--baseline", text(&base)])
            .expect(0);
    }
    let mut parts: Vec<_> = fs_err::read_dir(bed.path("parts")).unwrap().collect();
    let parts: Vec<_> = parts
        .drain(..)
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.join("run.json").exists())
        .collect();
    let merged = bed.run(&["merge", text(&parts[0]), text(&parts[1]), "-o", "merged"]);
    merged.expect(100);
    assert_eq!(verdicts(&bed, "merged"), ["fail", "pass"]);
    bed.run(&["verify", text(&bed.only_run("merged"))])
        .expect(0);
}

#[test]
fn check_says_what_each_gate_could_tell() {
    let (bed, server) = bed_with(60, answering());
    gate(
        &bed,
        &[&format!("{FLOOR}0.7"), NOT_INFERIOR, NO_DROP, BETTER],
    );
    let done = bed.run(&["check", "suite"]).expect(0);
    for words in [
        "n needed",
        "3 comparisons share",
        "true score of 0.800",
        "no true difference",
    ] {
        assert!(done.stdout.contains(words), "{words}: {}", done.stdout);
    }
    assert_eq!(server.totals().requests, 0);
}

const SOON: &str = "metric = \"accuracy\"; test = \"floor\"; min = 0.85; early_stop = true";

/// Outcomes of all samples of the only run in `out`.
fn outcomes(bed: &Bed, out: &str) -> Vec<String> {
    let rows = table(&bed.only_run(out), "results.csv");
    rows.iter().map(|row| row["outcome"].clone()).collect()
}

#[test]
fn a_task_ends_once_its_gate_is_decided_whatever_the_concurrency_and_however_often_it_is_resumed() {
    const SAMPLES: usize = 2000;
    let (bed, server) = bed_with(SAMPLES, right(0.9));
    gate(&bed, &[SOON]);
    let done = bed.run_suite("one", &["-j", "1"]).expect(0);
    let asked = server.totals().requests;
    let whole = asked.is_multiple_of(100) && (200..1500).contains(&asked);
    assert!(whole, "{asked} of {SAMPLES}, in batches of 100");
    assert!(done.stderr.contains("% saved"), "{}", done.stderr);
    let result = results(&bed, "one").remove(0);
    assert_eq!(result["verdict"], "pass");
    assert_eq!(result["stopped_early"]["samples"], asked);
    assert!(
        result["method"]
            .as_str()
            .unwrap()
            .contains("whenever one looks")
    );
    for row in table(&bed.only_run("one"), "summary.csv") {
        assert_eq!(
            (row["method"].as_str(), &row["n"]),
            ("betting", &asked.to_string())
        );
    }
    assert!(done.stdout.contains("betting"), "{}", done.stdout);
    let of_one = outcomes(&bed, "one");
    let skipped = of_one
        .iter()
        .filter(|outcome| *outcome == "skipped")
        .count();
    assert_eq!(skipped as u64, SAMPLES as u64 - asked);
    bed.run_suite("many", &["-j", "64"]).expect(0);
    assert_eq!(outcomes(&bed, "many"), of_one);
    // Cut off by a cap in the middle of a batch, and resumed.
    let cap = (asked - 50).to_string();
    bed.run_suite("cut", &["--max-requests", &cap]).expect(75);
    let cut = bed.only_run("cut");
    bed.run(&["run", "--resume", text(&cut), "--max-requests", "5000"])
        .expect(0);
    assert_eq!(outcomes(&bed, "cut"), of_one);
    for run in ["one", "many", "cut"] {
        bed.run(&["verify", text(&bed.only_run(run))]).expect(0);
    }
    let (one, many) = (bed.only_run("one"), bed.only_run("many"));
    let compared = bed.run(&["compare", text(&one), text(&many)]).expect(0);
    let warnings = compared.stderr.matches("could end task").count();
    assert_eq!(warnings, 1, "{}", compared.stderr);
}

/// Those that the server gets wrong are set aside, so that nothing but right ones decides.
#[test]
fn samples_in_quarantine_are_asked_in_their_turn_and_do_not_decide_when_a_task_ends() {
    let (bed, server) = bed_with(1000, right(0.6));
    bed.run_suite("all", &[]).expect(0);
    let wrong = table(&bed.only_run("all"), "results.csv");
    let wrong = wrong.iter().filter(|row| row["score"] == "0");
    let wrong: Vec<_> = wrong.map(|row| row["sample"].clone()).collect();
    let entry = |sample: &String| {
        format!(
            "[[quarantine]]\ntask = \"routing\"\nsample = \"{sample}\"\nreason = \"r\"\nuntil = \"2999-01-01\"\n"
        )
    };
    bed.write(
        "suite/quarantine.toml",
        &wrong.iter().map(entry).collect::<String>(),
    );
    gate(&bed, &[SOON]);
    for (out, at_once) in [("one", "1"), ("many", "64")] {
        let before = server.totals().requests;
        bed.run_suite(out, &["-j", at_once]).expect(0);
        let asked = server.totals().requests - before;
        let result = results(&bed, out).remove(0);
        assert_eq!(
            (&result["verdict"], &result["estimate"]),
            (&"pass".into(), &1.0.into()),
            "{result}"
        );
        assert_eq!(result["stopped_early"]["samples"], asked, "{result}");
        let judged = result["n"].as_u64().unwrap();
        assert!(judged > 0 && judged < asked && asked < 500, "{result}");
        let summary = table(&bed.only_run(out), "summary.csv").remove(0);
        assert_eq!(summary["n"], judged.to_string());
        bed.run(&["verify", text(&bed.only_run(out))]).expect(0);
    }
    assert_eq!(outcomes(&bed, "one"), outcomes(&bed, "many"));
}

#[test]
fn a_comparison_ends_early_too_and_a_regression_sooner_than_all_samples() {
    let (bed, server) = bed_with(1000, right(0.9));
    let soon = format!("{NOT_INFERIOR}; early_stop = true");
    gate(&bed, &[]);
    let base = baseline(&bed);
    gate(&bed, &[&soon]);
    server.set_script(right(0.5));
    bed.run_suite("lost", &["--baseline", text(&base)])
        .expect(100);
    let result = results(&bed, "lost").remove(0);
    assert!(
        result["stopped_early"]["samples"].as_u64().unwrap() < 500,
        "{result}"
    );
    bed.run(&["verify", text(&bed.only_run("lost"))]).expect(0);
    let twice = bed.run_suite("twice", &["--epochs", "2"]).expect(66);
    assert!(
        twice.stderr.contains("cannot stop early"),
        "{}",
        twice.stderr
    );
}
