//! The quickstart suite on the models in the program: a planted leak is found, a clean model is left
//! alone, and everything that is printed can be computed again.

use std::path::{Path, PathBuf};

use cleanbench_testkit::{Answers, FakeServer, Script};
use serde_json::Value;

use crate::bed::{Bed, Done, copy, read, table};

/// SHA-256 of `results.csv` (its two columns of digests left empty, as they are keyed with the suite's
/// key) and `contamination.csv` of the whole suite with the seed 0. The same in every
/// build profile and on any number of threads; `.ci/run` compares the release build with it.
const DIGESTS: &str = include_str!("quickstart.sha256");

fn suite(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../../tasks")
        .join(name)
}

/// The suite in a folder of its own, so that its key is made there.
fn bed() -> Bed {
    let bed = Bed::new(1);
    copy(&suite("quickstart"), &bed.path("quickstart"));
    bed
}

fn run(bed: &Bed, out: &str, threads: &str, more: &[&str]) -> Done {
    let mut arguments = vec!["run", "quickstart", "-o", out];
    arguments.extend(more);
    let output = bed
        .command(&arguments)
        .env("RAYON_NUM_THREADS", threads)
        .output()
        .unwrap();
    Done {
        code: output.status.code().unwrap_or(-1),
        stdout: String::from_utf8(output.stdout).unwrap(),
        stderr: String::from_utf8(output.stderr).unwrap(),
    }
    .expect(0)
}

fn digests(run: &Path) -> String {
    let line = |name: &str, text: &[u8]| {
        let digest = cleanbench_core::Digest::of_file_bytes(text);
        format!("{digest}  {name}\n")
    };
    let contamination = read(run, "contamination.csv");
    line("results.csv", &without_keyed(run)) + &line("contamination.csv", contamination.as_bytes())
}

/// `results.csv` of a run with nothing in the columns that depend on the suite's key.
fn without_keyed(run: &Path) -> Vec<u8> {
    let mut rows = csv::Reader::from_path(run.join("results.csv")).unwrap();
    let mut table = csv::Writer::from_writer(Vec::new());
    let header = rows.headers().unwrap().clone();
    table.write_record(&header).unwrap();
    for row in rows.records() {
        let row = row.unwrap();
        let cells = header.iter().zip(&row).map(|(name, cell)| match name {
            "input_digest" | "sample_digest" => "",
            _ => cell,
        });
        table.write_record(cells).unwrap();
    }
    table.into_inner().unwrap()
}

fn class(verdicts: &Value, model: &str) -> String {
    let all = verdicts["verdicts"].as_array().unwrap();
    let found: Vec<_> = all.iter().filter(|one| one["model"] == model).collect();
    assert_eq!(found.len(), 1, "one task is probed");
    assert_eq!(found[0]["task"], "benchmark");
    found[0]["verdict"]["class"].as_str().unwrap().to_owned()
}

#[test]
fn a_planted_leak_is_found_and_a_clean_model_is_left_alone() {
    let bed = bed();
    let done = run(&bed, "out", "2", &[]);
    assert!(!done.stderr.contains("without any text"), "{}", done.stderr);
    let run = bed.only_run("out");
    let verdicts: Value = serde_json::from_str(&read(&run, "verdicts.json")).unwrap();
    assert_eq!(class(&verdicts, "embedded/leaked"), "strong");
    assert_eq!(class(&verdicts, "embedded/clean"), "no_evidence");
    for (row, model, word) in table(&run, "summary.csv").iter().filter_map(|row| {
        let word = match (row["model"].as_str(), row["task"].as_str()) {
            ("embedded/leaked", "benchmark") => "strong",
            ("embedded/clean", "benchmark") => "no_evidence",
            (_, "benchmark") => return None,
            _ => "not_assessed",
        };
        Some((row, row["model"].clone(), word))
    }) {
        assert_eq!(row["contamination"], word, "{model} {}", row["task"]);
    }
    let gap = |model: &str| {
        let rows = table(&run, "contamination.csv");
        let found = rows
            .iter()
            .find(|row| row["model"] == model && row["probe"] == "isomorph-gap")
            .unwrap();
        let number = |column: &str| found[column].parse::<f64>().unwrap();
        (number("p"), number("effect_low"), number("pairs"))
    };
    let (p, low, pairs) = gap("embedded/leaked");
    assert!(p < 0.01 && low > 0.0 && pairs >= 200.0, "{p} {low} {pairs}");
    let (p, low, _) = gap("embedded/clean");
    assert!(p > 0.05 && low <= 0.0, "{p} {low}");
    assert_eq!(digests(&run), DIGESTS, "{}", done.stdout);
    the_readme_shows(&done.stdout);
    let verified = bed.run(&["verify", run.to_str().unwrap()]).expect(0);
    assert!(verified.stdout.contains("verified"), "{}", verified.stdout);
    tampering_is_found(&bed, &run);
}

/// The README's block is what was printed, but for the run's own name.
fn the_readme_shows(stdout: &str) {
    let readme = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../README.md");
    let readme = fs_err::read_to_string(readme).unwrap();
    let (_, rest) = readme
        .split_once("<!-- quickstart-output -->\n```text\n")
        .unwrap();
    let (block, _) = rest.split_once("\n```").unwrap();
    let talk = |line: &&str| {
        ["run: ", "tables: ", "warning: "]
            .iter()
            .any(|start| line.starts_with(start))
    };
    let shown: Vec<_> = block.lines().filter(|line| !talk(line)).collect();
    let printed: Vec<_> = stdout.lines().collect();
    assert_eq!(shown, printed);
}

/// A changed class is found.
fn tampering_is_found(bed: &Bed, run: &Path) {
    for (file, from, to) in [
        ("contamination.csv", "strong", "no_evidence"),
        ("verdicts.json", "\"strong\"", "\"suspected\""),
    ] {
        let forged = bed.path("forged");
        copy(run, &forged);
        let text = read(&forged, file).replacen(from, to, 1);
        fs_err::write(forged.join(file), text).unwrap();
        let found = bed.run(&["verify", forged.to_str().unwrap()]).expect(102);
        let said = format!("{}{}", found.stdout, found.stderr);
        assert!(said.contains(file), "{said}");
        fs_err::remove_dir_all(forged).unwrap();
    }
}

#[test]
fn threads_change_no_byte() {
    let bed = bed();
    let tables = |out: &str, threads: &str| {
        run(&bed, out, threads, &["-n", "40", "-m", "embedded/leaked"]);
        let run = bed.only_run(out);
        let mut summary = table(&run, "summary.csv");
        for row in &mut summary {
            let columns = row.len();
            // Two runs do not take the same time; everything else that is summed up is the same.
            row.retain(|column, _| !column.ends_with("_ms"));
            assert_eq!(columns - row.len(), 12, "{row:?}");
        }
        let files = ["results.csv", "contamination.csv", "verdicts.json"];
        (files.map(|name| read(&run, name)), summary)
    };
    assert_eq!(tables("one", "1"), tables("two", "2"));
}

#[test]
fn an_interrupted_run_of_probes_goes_on_where_it_was() {
    let bed = bed();
    let limits = ["-n", "60", "-m", "embedded/clean"];
    run(&bed, "whole", "2", &limits);
    let mut arguments = vec!["run", "quickstart", "-o", "cut"];
    arguments.extend(limits);
    let child = bed.start(&arguments);
    crate::bed::wait_until("some calls have ended", || {
        let runs = fs_err::read_dir(bed.path("cut"));
        runs.into_iter().flatten().flatten().any(|run| {
            let journal = run.path().join("journal/00000.jsonl");
            fs_err::metadata(journal).is_ok_and(|file| file.len() > 400_000)
        })
    });
    crate::bed::signal(&child, "KILL");
    crate::bed::wait(child);
    let cut = bed.only_run("cut");
    bed.run(&["run", "--resume", cut.to_str().unwrap()])
        .expect(0);
    let whole = bed.only_run("whole");
    for name in ["results.csv", "contamination.csv"] {
        assert_eq!(read(&cut, name), read(&whole, name), "{name}");
    }
    bed.run(&["verify", cut.to_str().unwrap()]).expect(0);
}

#[test]
fn a_chat_server_is_probed_by_what_it_can_do() {
    // One answer to all items, which is an attempt at none.
    let attempt = "one wooden whistle that hangs on a nail behind the old green door of the mill";
    let server = FakeServer::start(Script::answering(Answers::Fixed(attempt.to_owned())));
    let bed = bed();
    bed.models(&server.url(), "");
    // Weighing choices is nothing that this protocol can do; the probes that can be put are.
    let text = read(&bed.path("quickstart"), "suite.toml")
        .replace("method = \"likelihood\"", "method = \"generate\"")
        .replace("scorers = [\"likelihood\"]", "scorers = [\"choice\"]");
    bed.write("quickstart/suite.toml", &text);
    let arguments = ["run", "quickstart", "-m", "fake", "-n", "20", "-o", "out"];
    let done = bed.run(&arguments).expect(0);
    assert!(done.stdout.contains("not_testable"), "{}", done.stdout);
    let run = bed.only_run("out");
    let mut answered = 0;
    for row in table(&run, "contamination.csv") {
        let testable = row["not_testable"].is_empty();
        if row["probe"].ends_with("-gap") {
            assert!(testable, "{row:?}");
            continue;
        }
        let count = |column: &str| row[column].parse::<u32>().unwrap();
        let filtered = count("suspects_filtered");
        if row["probe"] == "forced-likelihood" {
            let unasked = row["not_testable"].contains("likelihood");
            assert!(unasked && row["p"].is_empty(), "{row:?}");
            assert_eq!(count("suspects_missing") + filtered, 20, "{row:?}");
        } else {
            assert!(!testable, "{row:?}");
            assert_eq!(count("suspects_invalid") + filtered, 20, "{row:?}");
            answered += count("suspects_invalid");
        }
    }
    assert!(answered > 20, "{answered}");
    bed.run(&["verify", run.to_str().unwrap()]).expect(0);
}

#[test]
fn check_lists_the_probes_and_names_of_models() {
    let bed = bed();
    let done = bed.run(&["check", "quickstart"]).expect(0);
    for part in ["forced-likelihood", "rewording", "this process"] {
        assert!(done.stdout.contains(part), "{part}: {}", done.stdout);
    }
    let unknown = bed
        .run(&["run", "quickstart", "-m", "embedded/other"])
        .expect(66);
    assert!(
        unknown.stderr.contains("`embedded/leaked`"),
        "{}",
        unknown.stderr
    );
}

#[test]
fn the_committed_error_rates_are_what_calibrate_prints() {
    let done = Bed::new(1).run(&["calibrate"]).expect(0);
    let committed =
        Path::new(env!("CARGO_MANIFEST_DIR")).join("../cleanbench-lab/calibration/error-rates.txt");
    assert_eq!(done.stdout, fs_err::read_to_string(committed).unwrap());
}

/// The published order of options is the likeliest to the model that saw it, and to no other.
#[test]
fn a_published_order_is_likely_to_whom_it_was_shown() {
    let bed = bed();
    let suite = fs_err::read_to_string(bed.path("quickstart/suite.toml")).unwrap();
    let (tasks, _) = suite.split_once("[probes]").unwrap();
    let probes = "[probes]\nuse = [\"option-order\"]\n";
    fs_err::write(
        bed.path("quickstart/suite.toml"),
        format!("{tasks}{probes}"),
    )
    .unwrap();
    run(&bed, "out", "2", &["-n", "120"]);
    let rows = table(&bed.only_run("out"), "contamination.csv");
    let of = |model: &str| {
        let mut found = rows
            .iter()
            .filter(|row| row["model"] == model && row["probe"] == "option-order");
        let row = found.next().unwrap();
        ["suspects_hits", "controls_hits", "suspects_valid"]
            .map(|name| row[name].parse::<u32>().unwrap())
    };
    let [hits, of_controls, valid] = of("embedded/leaked");
    assert!(
        valid >= 30 && hits > of_controls + valid / 5,
        "{hits} {of_controls} {valid}"
    );
    let [hits, of_controls, valid] = of("embedded/clean");
    assert!(
        hits.abs_diff(of_controls) < valid / 5,
        "{hits} {of_controls} {valid}"
    );
}
