//! What a reader of a comparison sees: one level for verdict and interval, both sides mirrored, what was used up, and no
//! private text where it does not belong.

use std::path::{Path, PathBuf};

use cleanbench_testkit::{Answers, FakeServer, Fault, Rule, Script};
use serde_json::Value;

use crate::bed::{Bed, Done, bed_with, read, table};
use crate::prompts::{right, share, text};

type Row = std::collections::BTreeMap<String, String>;

fn compare(bed: &Bed, base: &Path, candidate: &Path, out: &str, more: &[&str]) -> Done {
    bed.run(&[&["compare", text(base), text(candidate), "-o", out], more].concat())
}

fn cell(row: &Row, name: &str) -> f64 {
    row[name]
        .parse()
        .unwrap_or_else(|_| panic!("{name}: {row:?}"))
}

/// Whether the interval of a row excludes 0.
fn excludes(row: &Row) -> bool {
    cell(row, "low") > 0.0 || cell(row, "high") < 0.0
}

fn near(one: f64, other: f64) -> bool {
    (one - other).abs() < 1e-9
}

const TASKS: usize = 7;
const SAMPLES: usize = 10;

fn asked(task: usize, sample: usize) -> String {
    format!("Task {task}, ticket {sample}?")
}

/// A server that answers `yes` where `is_right` says so, and `no` elsewhere.
fn answering(is_right: impl Fn(usize, usize) -> bool) -> Script {
    let of_task = |task| (0..SAMPLES).map(move |sample| (task, sample));
    let pair = |(task, sample)| {
        let answer = if is_right(task, sample) { "yes" } else { "no" };
        (asked(task, sample), answer.to_owned())
    };
    Script::answering(Answers::Map {
        pairs: (0..TASKS).flat_map(of_task).map(pair).collect(),
        default: "no".to_owned(),
    })
}

/// Seven tasks, of which the last gains nine samples and loses one.
fn seven_tasks() -> (Bed, FakeServer, PathBuf, PathBuf) {
    let last = TASKS - 1;
    let usual = |sample: usize| sample.is_multiple_of(2);
    let (bed, server) = bed_with(1, Script::default());
    let mut suite = "name = \"seven\"\nversion = \"1\"\n".to_owned();
    for task in 0..TASKS {
        let table = format!(
            "[[task]]\nname = \"t{task}\"\ndata = \"t{task}.jsonl\"\nprompt = \"{{{{ input }}}}\"\nscorers = [\"exact\"]\n"
        );
        suite.push_str(&table);
        let line = |sample| {
            let input = asked(task, sample);
            format!("{{\"id\":\"s{sample}\",\"input\":\"{input}\",\"target\":\"yes\"}}\n")
        };
        let lines: String = (0..SAMPLES).map(line).collect();
        bed.write(&format!("suite/t{task}.jsonl"), &lines);
    }
    bed.write("suite/suite.toml", &suite);
    let run = |out: &str, is_right: &dyn Fn(usize, usize) -> bool| {
        server.set_script(answering(is_right));
        bed.run_suite(out, &[]).expect(0);
        bed.only_run(out)
    };
    let one = |task, sample| {
        if task == last {
            sample == 9
        } else {
            usual(sample)
        }
    };
    let other = |task, sample| {
        if task == last {
            sample != 9
        } else {
            usual(sample)
        }
    };
    let (base, candidate) = (run("base", &one), run("candidate", &other));
    (bed, server, base, candidate)
}

#[test]
fn no_difference_among_seven_tasks_stands_beside_an_interval_that_holds_0() {
    let (bed, _server, base, candidate) = seven_tasks();
    compare(&bed, &base, &candidate, "cmp", &[]).expect(0);
    let folder = bed.only_run("cmp");
    let rows = table(&folder, "comparison.csv");
    assert_eq!(rows.len(), TASKS);
    let last = rows.last().unwrap();
    assert!(near(cell(last, "p"), 0.021_484_375), "{last:?}");
    assert!(
        near(cell(last, "adjusted_p"), 7.0 * 0.021_484_375),
        "{last:?}"
    );
    assert_eq!(last["verdict"], "no_difference");
    assert!(!excludes(last), "{last:?}");
    assert!(near(cell(last, "confidence"), 1.0 - 0.05 / 7.0), "{last:?}");
    assert_eq!(last["adjustment"], "bonferroni");
    for row in &rows {
        let differs = ["better", "worse"].contains(&row["verdict"].as_str());
        assert_eq!(differs, excludes(row), "{row:?}");
    }
    // Alone it is judged alone, and is found.
    let done = compare(&bed, &base, &candidate, "alone", &["-t", "t6"]).expect(0);
    let alone = table(&bed.only_run("alone"), "comparison.csv").remove(0);
    assert_eq!(
        (alone["verdict"].as_str(), excludes(&alone)),
        ("better", true)
    );
    assert!(cell(&alone, "low") > cell(last, "low"), "a narrower level");
    assert!(
        done.stdout.contains("The candidate is better: it scores "),
        "{}",
        done.stdout
    );
}

#[test]
fn swapping_the_sides_mirrors_what_is_told() {
    let (bed, server) = bed_with(90, right(0.9));
    let run = |out: &str, of: f64| {
        server.set_script(right(of));
        bed.run_suite(out, &[]).expect(0);
        bed.only_run(out)
    };
    let (one, other) = (run("one", 0.85), run("other", 0.6));
    compare(&bed, &one, &other, "there", &[]).expect(0);
    compare(&bed, &other, &one, "back", &[]).expect(0);
    let [there, back] = ["there", "back"].map(|out| bed.only_run(out));
    let rows = |folder: &Path| table(folder, "comparison.csv").remove(0);
    let (ours, theirs) = (rows(&there), rows(&back));
    assert_eq!(
        (ours["verdict"].as_str(), theirs["verdict"].as_str()),
        ("worse", "better")
    );
    for (of, mirrored) in [("delta", "delta"), ("low", "high"), ("high", "low")] {
        assert!(near(cell(&ours, of), -cell(&theirs, mirrored)), "{of}");
    }
    for (of, swapped) in [
        ("p", "p"),
        ("base_only", "candidate_only"),
        ("base", "candidate"),
        ("worse", "better"),
    ] {
        assert!(near(cell(&ours, of), cell(&theirs, swapped)), "{of}");
    }
    let spent = |folder: &Path| table(folder, "spending.csv");
    let median = |rows: &[Row]| {
        rows.iter()
            .find(|row| row["what"] == "latency_p50")
            .unwrap()
            .clone()
    };
    let (ours, theirs) = (median(&spent(&there)), median(&spent(&back)));
    for (of, mirrored) in [
        ("difference", "difference"),
        ("low", "high"),
        ("high", "low"),
    ] {
        assert!(
            (cell(&ours, of) + cell(&theirs, mirrored)).abs() < 1e-6,
            "{of}"
        );
    }
    let flips = |folder: &Path| table(folder, "flips.csv").len();
    assert_eq!(flips(&there), flips(&back));
}

/// Every file below `folder`.
fn files(folder: &Path) -> Vec<PathBuf> {
    let entries = fs_err::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path());
    entries
        .flat_map(|path| {
            if path.is_dir() {
                files(&path)
            } else {
                vec![path]
            }
        })
        .collect()
}

#[test]
fn one_screen_says_what_a_manager_asks_and_the_folder_holds_no_question() {
    let server = FakeServer::start(right(0.9));
    let bed = Bed::new(100);
    let price = "price = { input = \"1\", output = \"2\", source = \"x\", date = \"2026-10-01\" }";
    bed.models(&server.url(), price);
    let suite = read(&bed.path("suite"), "suite.toml") + "slices = [\"third\"]\n";
    bed.write("suite/suite.toml", &suite);
    let data = read(&bed.path("suite"), "data.jsonl");
    let sliced = data.lines().enumerate().map(|(at, line)| {
        let line = line.trim_end_matches('}');
        format!("{line},\"metadata\":{{\"third\":\"part {}\"}}}}\n", at % 3)
    });
    bed.write("suite/data.jsonl", &sliced.collect::<String>());
    let run = |out: &str, of: f64| {
        server.set_script(right(of));
        bed.run_suite(out, &["--no-cache"]).expect(0);
        bed.only_run(out)
    };
    let (base, candidate) = (run("base", 0.9), run("candidate", 0.6));
    let done = compare(&bed, &base, &candidate, "cmp", &["--flips", "3"]).expect(0);
    for line in done.stdout.lines() {
        assert!(line.chars().count() <= 80, "{line}");
    }
    for part in [
        "The candidate is worse: it scores ",
        "  baseline     0.900 [",
        "  candidate    0.600 [",
        "lost 30, gained 0, equal 70",
        "missing      none",
        "cost per solved, $",
        "latency p50, ms",
        "worst slices, 3 of 3",
        "flipped samples, 3 of 30",
        "  question  Ticket ",
        "  target    ",
    ] {
        assert!(done.stdout.contains(part), "{part}: {}", done.stdout);
    }
    let folder = bed.only_run("cmp");
    let spent = table(&folder, "spending.csv");
    let words: Vec<_> = spent.iter().map(|row| row["what"].as_str()).collect();
    assert_eq!(
        words,
        [
            "cost_per_solved",
            "latency_p50",
            "latency_p95",
            "prompt_tokens",
            "completion_tokens"
        ]
    );
    // Every call has the same price, so that the cost of a solved sample goes with the share of them.
    let cost = &spent[0];
    let calls = table(&base, "calls.csv");
    let total: f64 = calls.iter().map(|call| cell(call, "cost_usd")).sum();
    assert!(
        (cell(cost, "base") - total / 90.0).abs() < 1e-12,
        "{cost:?}"
    );
    let ratio = cell(cost, "candidate") / cell(cost, "base");
    assert!(
        (ratio - share(&base) / share(&candidate)).abs() < 0.02,
        "{ratio}"
    );
    assert!(
        cell(cost, "low") > 0.0 && cell(cost, "high") > cell(cost, "difference"),
        "{cost:?}"
    );
    for row in &spent[1..3] {
        assert!(cell(row, "low") <= cell(row, "difference"), "{row:?}");
    }
    let summary = read(&folder, "summary.md");
    for part in [
        "The candidate is worse: it scores ",
        "## What was used up",
        "Where the candidate loses most",
    ] {
        assert!(summary.contains(part), "{part}: {summary}");
    }
    for file in files(&folder) {
        let text = String::from_utf8_lossy(&fs_err::read(&file).unwrap()).into_owned();
        assert!(!text.contains("which queue?"), "{}", file.display());
    }
    bed.run(&["verify", text(&folder)]).expect(0);
    let shown = bed.run(&["show", text(&folder)]).expect(0);
    assert!(!shown.stdout.contains("question"), "{}", shown.stdout);
}

#[test]
fn a_price_that_is_not_known_is_not_0_and_answers_of_earlier_runs_took_no_time_here() {
    let (bed, _server) = bed_with(30, right(0.9));
    bed.run_suite("base", &[]).expect(0);
    let base = bed.only_run("base");
    bed.run_suite("replayed", &["--replay", text(&base)])
        .expect(0);
    let replayed = bed.only_run("replayed");
    let done = compare(&bed, &base, &replayed, "cmp", &[]).expect(0);
    let spent = table(&bed.only_run("cmp"), "spending.csv");
    for row in &spent[..3] {
        assert_eq!(
            (row["base"].as_str(), row["candidate"].as_str()),
            ("", ""),
            "{row:?}"
        );
        assert!(
            row["method"].starts_with("not_known: 30 answers are of earlier runs"),
            "{row:?}"
        );
    }
    assert!(
        done.stdout.contains("cost per solved, $: not known: "),
        "{}",
        done.stdout
    );
    bed.run_suite("again", &["--no-cache"]).expect(0);
    let again = bed.only_run("again");
    compare(&bed, &base, &again, "unpriced", &[]).expect(0);
    let spent = table(&bed.only_run("unpriced"), "spending.csv");
    assert_eq!(
        spent[0]["method"],
        "not_known: 60 attempts have no known cost"
    );
    assert!(cell(&spent[1], "base") > 0.0);
    assert_eq!(
        (spent[2]["method"].as_str(), spent[2]["low"].as_str()),
        ("too_few_samples", "")
    );
}

#[test]
fn what_is_missing_is_bounded_unless_something_else_is_asked_for() {
    let (bed, server) = bed_with(60, right(1.0));
    bed.run_suite("base", &[]).expect(0);
    let base = bed.only_run("base");
    let broken = Rule::always(Fault::Status {
        code: 400,
        retry_after: None,
        error: None,
    });
    server.set_script(right(1.0).with_rule(broken.for_share(0.3)));
    bed.run_suite("candidate", &[]).expect(3);
    let candidate = bed.only_run("candidate");
    let done = compare(&bed, &base, &candidate, "cmp", &[]).expect(0);
    let folder = bed.only_run("cmp");
    let row = table(&folder, "comparison.csv").remove(0);
    let missing = cell(&row, "candidate_missing");
    assert_eq!(
        (row["missing"].as_str(), row["verdict"].as_str()),
        ("bounds", "no_difference")
    );
    assert!(
        missing > 8.0 && near(cell(&row, "delta"), -missing / 60.0),
        "{row:?}"
    );
    assert!(
        cell(&row, "low") < -0.1 && cell(&row, "high") >= 0.0,
        "{row:?}"
    );
    assert!(near(cell(&row, "candidate_score"), 1.0), "{row:?}");
    let told = format!(
        "missing      baseline 0 of 60 (0.0 %), candidate {missing} of 60 ({:.1} %)",
        missing / 0.6
    );
    assert!(done.stdout.contains(&told), "{told}: {}", done.stdout);
    let document: Value = serde_json::from_str(&read(&folder, "comparison.json")).unwrap();
    assert_eq!(document["missing"], "bounds");
}
