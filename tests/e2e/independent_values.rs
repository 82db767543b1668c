//! What the program writes against what others compute: `independent_values/values.py`, by scipy and statsmodels.
//!
//! A baseline and a candidate answer the committed samples as the samples themselves say; their gates, tables and
//! comparison must hold the numbers of `golden.json`.
//!
//! Tolerance: a relative 1e-9 (beside 0: an absolute 1e-12). An exact unconditional p-value is the largest of a curve that
//! both look for in their own way: a relative 1e-5, and so is what Holm makes of it. Ends of bets are rounded outward to
//! 2^-30 of the width by both.

use std::path::{Path, PathBuf};

use cleanbench_testkit::{Answers, FakeServer, Fault, Rule, Script};
use serde_json::Value;

use crate::bed::{Bed, read, table};

const TASKS: [&str; 7] = [
    "rates", "few", "partial", "clusters", "skewed", "sparse", "epochs",
];
/// Where numbers come from an exact unconditional p-value.
const SEARCHED: [&str; 2] = ["/gates/12/p", "/gates/12/adjusted_p"];

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/e2e/independent_values")
}

fn samples(task: &str) -> Vec<Value> {
    let text = read(&folder(), &format!("{task}.jsonl"));
    text.lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect()
}

/// A server that answers as the samples say of `side`: with a text, not at all, or so many times of five with nothing.
fn script(side: &str) -> Script {
    let fails = || {
        Rule::always(Fault::Status {
            code: 400,
            retry_after: None,
            error: None,
        })
    };
    let (mut pairs, mut rules) = (Vec::new(), Vec::new());
    for sample in TASKS.into_iter().flat_map(samples) {
        let input = sample["input"].as_str().unwrap();
        let answer = sample["metadata"][side].as_str().unwrap();
        if answer == "lost" {
            rules.push(fails().when_prompt_contains(input));
        } else if let Ok(count) = answer.parse() {
            pairs.push((input.to_owned(), "north gate".to_owned()));
            if count > 0 {
                let empty = Rule::always(Fault::EmptyContent).when_prompt_contains(input);
                rules.push(empty.times_per_prompt(count));
            }
        } else {
            pairs.push((input.to_owned(), answer.to_owned()));
        }
    }
    let answering = Script::answering(Answers::Map {
        pairs,
        default: "nothing".to_owned(),
    });
    rules.into_iter().fold(answering, Script::with_rule)
}

/// What the program wrote, and where.
struct Written {
    gates: Value,
    compared: Value,
    run: PathBuf,
    _bed: Bed,
}

impl Written {
    fn make() -> Self {
        let bed = Bed::new(1);
        let price = "price = { input = \"1\", output = \"2\" }";
        let files = TASKS.map(|task| format!("{task}.jsonl"));
        for file in files.iter().map(String::as_str).chain(["suite.toml"]) {
            bed.write(&format!("suite/{file}"), &read(&folder(), file));
        }
        // Each side has a server that was not asked before, as some answers are empty the first time.
        let server = FakeServer::start(script("base"));
        bed.models(&server.url(), price);
        bed.run_suite("base", &["-q"]);
        let base = bed.only_run("base");
        let server = FakeServer::start(script("new"));
        bed.models(&server.url(), price);
        let base = base.to_str().unwrap();
        bed.run_suite("new", &["-q", "--baseline", base]);
        let run = bed.only_run("new");
        bed.run(&["verify", run.to_str().unwrap()]).expect(0);
        let compared = ["compare", base, run.to_str().unwrap(), "-o", "cmp"];
        let compared = bed.run(&[&compared[..], &["--format", "json"]].concat());
        Self {
            gates: serde_json::from_str(&read(&run, "gates.json")).unwrap(),
            compared: serde_json::from_str(&compared.expect(0).stdout).unwrap(),
            run,
            _bed: bed,
        }
    }

    /// The number at this place; `None` where there is none.
    fn number(&self, file: &str, at: &str) -> Option<f64> {
        let words: Vec<_> = file.split(' ').collect();
        match words.as_slice() {
            ["gates.json"] => self.gates.pointer(at)?.as_f64(),
            ["compare"] => self.compared.pointer(at)?.as_f64(),
            [name, task, rest @ ..] => {
                let mut rows = table(&self.run, name).into_iter();
                let row = rows.find(|row| {
                    row["task"] == *task && rest.iter().all(|value| row["value"] == *value)
                })?;
                row[at].parse().ok()
            }
            _ => None,
        }
    }

    /// Whether the bound `at` of the latency gate is the order statistic at `position` of the times in `calls.csv`.
    fn is_latency(&self, at: &str, position: usize) -> bool {
        let calls = table(&self.run, "calls.csv");
        let own = calls.iter().filter(|row| row["task"] == "rates");
        let mut times: Vec<f64> = own.filter_map(|row| row["end_ms"].parse().ok()).collect();
        times.sort_by(f64::total_cmp);
        let bound = self.gates.pointer(&format!("/gates/10{at}"));
        let bound = bound.and_then(Value::as_f64).unwrap();
        (times[position] - bound).abs() < 1e-6
    }

    /// What is wrong with the place that `entry` is about; `None` where nothing is.
    fn fault(&self, entry: &Value) -> Option<String> {
        let [file, at, by] = ["file", "at", "by"].map(|name| entry[name].as_str().unwrap());
        let expected = entry["value"].as_f64().unwrap();
        if file == "latency" {
            let position = format!("{expected}").parse().unwrap();
            return (!self.is_latency(at, position)).then(|| format!("{at}: not the {position}th"));
        }
        let found = self.number(file, at);
        let is_right = found.is_some_and(|found| is_near(found, expected, at));
        (!is_right).then(|| format!("{file} {at}: {found:?}, not {expected} ({by})"))
    }
}

fn is_near(found: f64, expected: f64, at: &str) -> bool {
    let relative = if SEARCHED.contains(&at) { 1e-5 } else { 1e-9 };
    (found - expected).abs() <= (relative * expected.abs()).max(1e-12)
}

#[test]
fn numbers_are_those_of_others() {
    let golden: Vec<Value> = serde_json::from_str(&read(&folder(), "golden.json")).unwrap();
    let written = Written::make();
    let wrong: Vec<_> = golden
        .iter()
        .filter_map(|entry| written.fault(entry))
        .collect();
    assert!(golden.len() >= 150, "{} values", golden.len());
    assert!(
        wrong.is_empty(),
        "{} of {}:\n{}",
        wrong.len(),
        golden.len(),
        wrong.join("\n")
    );
}
