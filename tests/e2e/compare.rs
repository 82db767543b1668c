//! Runs compared with each other: what is found, what is refused, and that the result verifies.

use std::path::{Path, PathBuf};

use cleanbench_study::derived;
use cleanbench_testkit::{Answers, FakeServer, Fault, Rule, Script};
use serde_json::Value;

use crate::bed::{Bed, CHOICES, Done, bed_with, data, manifest, read, table};

/// A server that is right on this share of questions, always the same ones.
fn right(right_share: f64) -> Script {
    Script::answering(Answers::Hash {
        choices: CHOICES.iter().map(ToString::to_string).collect(),
        right_share,
    })
}

/// Runs the suite into `out`; gives the run directory.
fn run(bed: &Bed, out: &str, more: &[&str]) -> PathBuf {
    bed.run_suite(out, more).expect(0);
    bed.only_run(out)
}

/// Compares two runs; the result goes into the folder `cmp`.
fn compare(bed: &Bed, base: &Path, candidate: &Path, more: &[&str]) -> Done {
    let mut arguments = vec![
        "compare",
        base.to_str().unwrap(),
        candidate.to_str().unwrap(),
    ];
    arguments.extend(["-o", "cmp"]);
    arguments.extend(more);
    bed.run(&arguments)
}

/// A baseline that is always right and a candidate that is right on this share.
fn two_runs(samples: usize, share: f64) -> (Bed, FakeServer, PathBuf, PathBuf) {
    let (bed, server) = bed_with(samples, right(1.0));
    let base = run(&bed, "base", &[]);
    server.set_script(right(share));
    let candidate = run(&bed, "candidate", &[]);
    (bed, server, base, candidate)
}

fn json(done: &Done) -> Value {
    serde_json::from_str(&done.stdout).unwrap()
}

#[test]
fn a_planted_loss_is_found_with_the_samples_that_flipped() {
    let (bed, _server, base, candidate) = two_runs(120, 0.7);
    let done = compare(&bed, &base, &candidate, &["--flips", "3"]).expect(0);
    for part in [
        "regression mode",
        "worse",
        "tango",
        "mcnemar_exact",
        "flipped samples, 3 of",
    ] {
        assert!(done.stdout.contains(part), "{part}: {}", done.stdout);
    }
    let folder = bed.only_run("cmp");
    assert!(
        done.stderr
            .contains(folder.file_name().unwrap().to_str().unwrap())
    );
    let results = table(&candidate, "results.csv");
    let wrong: Vec<_> = results.iter().filter(|row| row["score"] == "0").collect();
    let flips = table(&folder, "flips.csv");
    assert_eq!(flips.len(), wrong.len());
    assert!(wrong.len() > 15, "{}", wrong.len());
    for (flip, row) in flips.iter().zip(&wrong) {
        assert_eq!(
            (&flip["sample"], &flip["candidate_answer"]),
            (&row["sample"], &row["answer"])
        );
        assert_eq!(flip["direction"], "lost");
        assert_ne!(flip["base_answer"], flip["candidate_answer"]);
    }
    let found = &table(&folder, "comparison.csv")[0];
    assert_eq!(
        (found["n"].as_str(), found["verdict"].as_str()),
        ("120", "worse")
    );
    assert_eq!(found["base_only"], wrong.len().to_string());
    assert_eq!(found["base_contamination"], "not_assessed");
    assert!(read(&folder, "summary.md").contains("## Flipped samples"));
}

#[test]
fn the_same_twice_is_no_difference_and_says_what_could_have_been_found() {
    let (bed, _server, base, candidate) = two_runs(60, 1.0);
    let done = compare(&bed, &base, &candidate, &["--format", "json"]).expect(0);
    let found = json(&done);
    assert_eq!(found["format"], "cleanbench-comparison/1.2");
    let finding = &found["tasks"][0]["finding"];
    assert_eq!(finding["verdict"], "no_difference");
    assert_eq!(finding["p"], 1.0);
    assert!(
        finding["smallest_detectable"].as_f64().unwrap() > 0.05,
        "{finding}"
    );
    assert!(found["flips"].as_array().unwrap().is_empty());
}

#[test]
fn a_result_verifies_is_drawn_again_and_stands_beside_runs() {
    let (bed, _server, base, candidate) = two_runs(40, 0.8);
    let arguments = [
        "compare",
        base.to_str().unwrap(),
        candidate.to_str().unwrap(),
        "-o",
        "base",
    ];
    bed.run(&arguments).expect(0);
    let folder = derived::list(&bed.path("base")).unwrap().remove(0);
    let id = folder
        .file_name()
        .unwrap()
        .to_str()
        .unwrap()
        .rsplit('-')
        .next()
        .unwrap();
    bed.run(&["verify", id, "-o", "base"]).expect(0);
    let files = [
        "manifest.json",
        "comparison.json",
        "comparison.csv",
        "flips.csv",
        "summary.md",
    ];
    let before: Vec<_> = files.iter().map(|name| read(&folder, name)).collect();
    fs_err::write(folder.join("comparison.csv"), "nothing").unwrap();
    bed.run(&["verify", id, "-o", "base"]).expect(102);
    let shown = bed.run(&["show", id, "-o", "base"]).expect(0);
    let drawn = bed.run(&["report", id, "-o", "base"]).expect(0);
    assert_eq!(shown.stdout, drawn.stdout);
    let after: Vec<_> = files.iter().map(|name| read(&folder, name)).collect();
    assert_eq!(before, after);
    let listed = bed
        .run(&["list", "-o", "base", "--format", "json"])
        .expect(0);
    assert_eq!(json(&listed).as_array().unwrap().len(), 1);
    assert!(listed.stderr.contains(id), "{}", listed.stderr);
    bed.run(&["verify", base.to_str().unwrap()]).expect(0);
    bed.run(&["show", id, "s1", "-o", "base"]).expect(2);
}

#[test]
fn flipped_bytes_all_over_a_result_are_found() {
    let (bed, _server, base, candidate) = two_runs(3, 0.5);
    compare(&bed, &base, &candidate, &[]).expect(0);
    let folder = bed.only_run("cmp");
    assert!(derived::verify(&folder).unwrap().passed());
    let inputs = ["base", "candidate"].into_iter().flat_map(|role| {
        ["run.json", "results.csv", "summary.csv", "calls.csv"]
            .map(|name| format!("inputs/{role}/{name}"))
    });
    let own = [
        "manifest.json",
        "comparison.json",
        "comparison.csv",
        "flips.csv",
        "spending.csv",
        "summary.md",
    ];
    for name in own.map(str::to_owned).into_iter().chain(inputs) {
        let path = folder.join(&name);
        let whole = fs_err::read(&path).unwrap();
        // Every place of a small file, and places all over a large one: each is a verification.
        let step = (whole.len() / 150).max(1);
        for position in (0..whole.len()).step_by(step) {
            let mut changed = whole.clone();
            changed[position] ^= 1 << (position % 8);
            fs_err::write(&path, &changed).unwrap();
            let found = derived::verify(&folder).unwrap();
            assert!(!found.passed(), "{name} byte {position}");
        }
        fs_err::write(&path, &whole).unwrap();
    }
}

#[test]
fn another_sampling_is_refused_and_said_unless_a_choice_is_to_be_made() {
    let (bed, _server, base, _) = two_runs(10, 1.0);
    let warmer = manifest("private", "choice").replace("temperature = 0", "temperature = 0.7");
    bed.write("suite/suite.toml", &warmer);
    let candidate = run(&bed, "warm", &[]);
    let refused = compare(&bed, &base, &candidate, &[]).expect(66);
    assert!(
        refused
            .stderr
            .contains("task `routing`: sampling.temperature: 0.0 against 0.7"),
        "{}",
        refused.stderr
    );
    assert!(
        refused.stderr.contains("--mode choice"),
        "{}",
        refused.stderr
    );
    assert!(
        !bed.path("cmp").exists(),
        "a refused comparison leaves nothing"
    );
    let chosen = compare(&bed, &base, &candidate, &["--mode", "choice"]).expect(0);
    assert!(
        chosen
            .stdout
            .contains("differs:   task `routing`: sampling.temperature"),
        "{}",
        chosen.stdout
    );
}

#[test]
fn runs_under_other_keys_do_not_pair() {
    let (bed, _server, base, _) = two_runs(5, 1.0);
    fs_err::remove_file(bed.path("suite/suite.key")).unwrap();
    let candidate = run(&bed, "other", &[]);
    let refused = compare(&bed, &base, &candidate, &[]).expect(66);
    assert!(
        refused.stderr.contains("different suite keys"),
        "{}",
        refused.stderr
    );
    assert!(refused.stderr.contains("suite.key"), "{}", refused.stderr);
}

#[test]
fn corrected_labels_are_counted_and_reworded_samples_refused() {
    let (bed, _server, base, _) = two_runs(12, 1.0);
    let lines = data(12);
    let (first, rest) = lines.split_once('\n').unwrap();
    let other = CHOICES
        .iter()
        .find(|choice| !first.contains(&format!("\"{choice}\"")))
        .unwrap();
    let start = first.rfind(":\"").unwrap();
    let corrected = format!("{}:\"{other}\"}}\n{rest}", &first[..start]);
    bed.write("suite/data.jsonl", &corrected);
    let candidate = run(&bed, "corrected", &[]);
    let done = compare(&bed, &base, &candidate, &["--format", "json"]).expect(0);
    let counts = &json(&done)["tasks"][0]["counts"];
    assert_eq!(
        (&counts["pairs"], &counts["changed"]),
        (&11.into(), &1.into())
    );
    assert_eq!(counts["changed_samples"][0], "s0");
    let with = compare(
        &bed,
        &base,
        &candidate,
        &["--pair-changed", "--format", "json"],
    )
    .expect(0);
    assert_eq!(json(&with)["tasks"][0]["counts"]["pairs"], 12);
    bed.write(
        "suite/data.jsonl",
        &lines.replace("Ticket 3:", "Ticket three:"),
    );
    let candidate = run(&bed, "reworded", &[]);
    let refused = compare(&bed, &base, &candidate, &[]).expect(66);
    assert!(
        refused
            .stderr
            .contains("what the model saw of 1 of 12 samples (s3)"),
        "{}",
        refused.stderr
    );
    let common = compare(&bed, &base, &candidate, &["--common", "--format", "json"]).expect(0);
    assert_eq!(json(&common)["tasks"][0]["counts"]["pairs"], 11);
}

#[test]
fn missing_answers_count_as_declared() {
    let (bed, server) = bed_with(60, right(1.0));
    let base = run(&bed, "base", &[]);
    let broken = Rule::always(Fault::Status {
        code: 400,
        retry_after: None,
        error: None,
    });
    server.set_script(right(1.0).with_rule(broken.for_share(0.3)));
    bed.run_suite("candidate", &[]).expect(3);
    let candidate = bed.only_run("candidate");
    let with = |missing: &str| {
        let more = ["--missing", missing, "--format", "json"];
        json(&compare(&bed, &base, &candidate, &more).expect(0))["tasks"][0].clone()
    };
    let complete = with("complete");
    let lost = complete["counts"]["candidate_missing"].as_u64().unwrap();
    assert!((8..30).contains(&lost), "{lost}");
    assert_eq!(complete["finding"]["n"], 60 - lost);
    assert_eq!(complete["finding"]["verdict"], "no_difference");
    assert_eq!(complete["measured"]["error_as_wrong"]["n"], 60);
    let wrong = with("error-as-wrong");
    assert_eq!(wrong["finding"]["verdict"], "worse");
    let bounds = with("bounds");
    assert_eq!(bounds["finding"]["verdict"], "no_difference");
    assert_eq!(bounds["finding"]["delta_at_best"], 0.0);
    assert!(bounds["finding"]["delta"].as_f64().unwrap() < -0.1);
}

/// A run of two models, of which the second is asked at a server that is right on `share`.
fn two_models(samples: usize, share: f64) -> (Bed, [FakeServer; 2], PathBuf) {
    let servers = [
        FakeServer::start(right(1.0)),
        FakeServer::start(right(share)),
    ];
    let bed = Bed::new(samples);
    let entry = |(name, server): (&str, &FakeServer)| {
        format!(
            "[models.{name}]\nbase_url = \"{}\"\nmodel = \"{name}\"\n",
            server.url()
        )
    };
    let entries = ["strong", "weak"].into_iter().zip(&servers).map(entry);
    bed.write("models.toml", &entries.collect::<String>());
    bed.run(&["run", "suite", "-m", "strong", "-m", "weak", "-o", "out"])
        .expect(0);
    let run = bed.only_run("out");
    (bed, servers, run)
}

#[test]
fn models_of_one_run_are_chosen_from_or_ranked() {
    let (bed, _servers, run) = two_models(80, 0.6);
    let run = run.to_str().unwrap();
    let models = ["--base-model", "weak", "--candidate-model", "strong"];
    let mut arguments = vec!["compare", run, "-o", "cmp", "--format", "json"];
    arguments.extend(models);
    let found = json(&bed.run(&arguments).expect(0));
    assert_eq!(
        (&found["mode"], &found["base"]["model"]),
        (&"choice".into(), &"weak".into())
    );
    assert_eq!(found["tasks"][0]["finding"]["verdict"], "better");
    let ranked = bed.run(&["compare", run, "-o", "rank"]).expect(0);
    assert!(ranked.stdout.contains("wilson"), "{}", ranked.stdout);
    let folder = bed.only_run("rank");
    bed.run(&["verify", folder.to_str().unwrap()]).expect(0);
    let ranking: Value = serde_json::from_str(&read(&folder, "ranking.json")).unwrap();
    let ranks = &ranking["tasks"][0]["ranks"];
    assert_eq!(
        (&ranks[0]["model"], &ranks[0]["worst"]),
        (&"strong".into(), &1.into())
    );
    assert_eq!(ranks[1]["best"], 2);
    let half = bed.run(&["compare", run, "--base-model", "weak"]).expect(2);
    assert!(half.stderr.contains("`strong`, `weak`"), "{}", half.stderr);
    let unknown = bed
        .run(&[
            "compare",
            run,
            "--base-model",
            "weak",
            "--candidate-model",
            "x",
        ])
        .expect(2);
    assert!(
        unknown.stderr.contains("no model `x`"),
        "{}",
        unknown.stderr
    );
}

#[test]
fn one_model_alone_an_unknown_task_and_an_unfinished_run_are_told_apart() {
    let (bed, _server, base, candidate) = two_runs(5, 1.0);
    bed.run(&["compare", base.to_str().unwrap()]).expect(2);
    let unknown = compare(&bed, &base, &candidate, &["-t", "nowhere"]).expect(4);
    assert!(unknown.stderr.contains("nowhere"), "{}", unknown.stderr);
    let text = read(&base, "run.json");
    let end = text.find(",\n  \"end\"").unwrap();
    fs_err::write(base.join("run.json"), format!("{}\n}}\n", &text[..end])).unwrap();
    let unfinished = compare(&bed, &base, &candidate, &[]).expect(75);
    assert!(
        unfinished.stderr.contains("--resume"),
        "{}",
        unfinished.stderr
    );
}

#[test]
fn a_changed_table_is_not_compared() {
    let (bed, _server, base, candidate) = two_runs(5, 1.0);
    let text = read(&base, "results.csv");
    fs_err::write(base.join("results.csv"), text.replacen(",1,", ",0,", 1)).unwrap();
    let refused = compare(&bed, &base, &candidate, &[]).expect(102);
    assert!(refused.stderr.contains("results.csv"), "{}", refused.stderr);
}

#[test]
fn answers_are_harmless_on_the_terminal_and_in_markdown() {
    let hostile = "\u{1b}[2J| <img src=x> `=1+1`\u{202e}";
    let server = FakeServer::start(Script::answering(Answers::Fixed("ok".to_owned())));
    let bed = Bed::new(1);
    bed.models(&server.url(), "");
    let suite = "name = \"x\"\nversion = \"1\"\n[[task]]\nname = \"t\"\ndata = \"data.jsonl\"\n\
                 prompt = \"{{ input }}\"\nscorers = [\"exact\"]\n";
    bed.write("suite/suite.toml", suite);
    bed.write(
        "suite/data.jsonl",
        "{\"id\":\"a\",\"input\":\"q\",\"target\":\"ok\"}\n",
    );
    let base = run(&bed, "base", &[]);
    server.set_script(Script::answering(Answers::Fixed(hostile.to_owned())));
    let candidate = run(&bed, "candidate", &[]);
    let done = compare(&bed, &base, &candidate, &[]).expect(0);
    assert!(done.stdout.contains("\\u{1b}[2J"), "{}", done.stdout);
    let markdown = read(&bed.only_run("cmp"), "summary.md");
    for text in [&done.stdout, &markdown] {
        assert!(!text.contains(['\u{1b}', '\u{202e}']), "{text}");
    }
    assert!(
        markdown.contains("\\u{7c} <img src=x> \\u{60}=1+1\\u{60}"),
        "{markdown}"
    );
}

#[test]
fn items_that_contradict_each_other_are_named() {
    let (bed, _server) = bed_with(0, right(1.0));
    let mut lines = data(30);
    let question = "Ticket 0: which queue?";
    for (id, target) in CHOICES.iter().enumerate() {
        let line =
            format!("{{\"id\":\"d{id}\",\"input\":\"{question}\",\"target\":\"{target}\"}}\n");
        lines.push_str(&line);
    }
    bed.write("suite/data.jsonl", &lines);
    let run = run(&bed, "out", &[]);
    let done = bed
        .run(&["items", run.to_str().unwrap(), "-o", "items"])
        .expect(0);
    assert!(
        done.stdout.contains("contradict each other"),
        "{}",
        done.stdout
    );
    assert!(done.stdout.contains("one model alone"), "{}", done.stdout);
    let folder = bed.only_run("items");
    let items = table(&folder, "items.csv");
    assert_eq!(items.len(), 34);
    let suspect = items
        .iter()
        .filter(|item| item["suspect"] == "contradictory")
        .count();
    assert_eq!(suspect, 5, "s0 and all four of the others");
    let wrong = items
        .iter()
        .filter(|item| item["always"] == "wrong")
        .count();
    assert_eq!(wrong, 3);
    bed.run(&["verify", folder.to_str().unwrap()]).expect(0);
}

#[test]
fn a_lasting_drop_is_alarmed_and_short_baselines_are_inconclusive() {
    let (bed, server) = bed_with(12, right(1.0));
    let mut nights = Vec::new();
    for night in 0..27 {
        if night == 18 {
            server.set_script(right(0.3));
        }
        nights.push(run(&bed, &format!("night{night}"), &[]));
    }
    let watch = |nights: &[PathBuf], out: &str| {
        let mut arguments = vec!["drift", "-o", out];
        // The order on the command line does not matter.
        arguments.extend(nights.iter().rev().map(|night| night.to_str().unwrap()));
        bed.run(&arguments)
    };
    let short = watch(&nights[..9], "short").expect(75);
    assert!(
        short.stdout.contains("baseline too short"),
        "{}",
        short.stdout
    );
    watch(&nights[..18], "steady").expect(0);
    let alarm = watch(&nights, "alarm").expect(100);
    assert!(alarm.stdout.contains("ALARM in night"), "{}", alarm.stdout);
    let folder = bed.only_run("alarm");
    let rows = table(&folder, "drift.csv");
    assert_eq!(rows.len(), 27);
    let at = rows.iter().position(|row| row["alarm"] == "alarm").unwrap();
    assert!(at > 18, "{at}");
    bed.run(&["verify", folder.to_str().unwrap()]).expect(0);
    let twice = watch(&[nights[0].clone(), nights[0].clone()], "twice").expect(2);
    assert!(twice.stderr.contains("named twice"), "{}", twice.stderr);
}
