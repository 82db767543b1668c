//! A model watched over nights of which answers are missing: what is an alarm, what is an outage, and what is too
//! little to say anything.

use std::path::{Path, PathBuf};

use cleanbench_testkit::{Answers, FakeServer, Fault, Rule, Script};
use serde_json::Value;

use crate::bed::{Bed, CHOICES, Done, bed_with, read, table};

/// Nights of a baseline.
const BASELINE: usize = 14;

/// Epochs of the first night are what later nights are compared with, for as long as they are watched.
#[test]
fn a_fall_after_a_baseline_of_epochs_stays_an_alarm() {
    let (bed, server) = bed_with(20, right(0.9));
    let mut arguments = vec!["drift".to_owned()];
    for night in 0..18 {
        server.set_script(right(if night < 5 { 0.9 } else { 0.5 }));
        let out = format!("night{night}");
        bed.run_suite(&out, &["-q", "--epochs", "10"]).expect(0);
        arguments.push(bed.only_run(&out).to_str().unwrap().to_owned());
    }
    for nights in [12, 14, 15, 18] {
        let words: Vec<_> = arguments[..=nights].iter().map(String::as_str).collect();
        let done = bed.run(&words).expect(100);
        assert!(done.stdout.contains("ALARM"), "{nights}: {}", done.stdout);
    }
}

/// A server that is right on this share of questions, always the same ones.
fn right(right_share: f64) -> Script {
    Script::answering(Answers::Hash {
        choices: CHOICES.iter().map(ToString::to_string).collect(),
        right_share,
    })
}

fn refuse() -> Rule {
    Rule::always(Fault::Status {
        code: 400,
        retry_after: None,
        error: None,
    })
}

/// Nights of forty samples, each a run of its own.
struct Nights {
    bed: Bed,
    server: FakeServer,
    runs: Vec<PathBuf>,
}

impl Nights {
    /// A baseline at nine of ten.
    fn begin() -> Self {
        let (bed, server) = bed_with(40, right(0.9));
        let runs = Vec::new();
        let mut nights = Self { bed, server, runs };
        nights.add(BASELINE, &right(0.9), &[], 0);
        nights
    }

    /// So many nights more, whose runs end with `code`.
    fn add(&mut self, count: usize, script: &Script, more: &[&str], code: i32) {
        self.server.set_script(script.clone());
        for _ in 0..count {
            let out = format!("night{}", self.runs.len());
            self.bed.run_suite(&out, more).expect(code);
            self.runs.push(self.bed.only_run(&out));
        }
    }

    /// Watches the baseline and the first `later` nights after it.
    fn watch(&self, later: usize, out: &str, more: &[&str]) -> Done {
        let mut arguments = vec!["drift", "-o", out];
        arguments.extend(more);
        arguments.extend(self.runs[..BASELINE + later].iter().map(|run| text(run)));
        self.bed.run(&arguments)
    }

    /// The same as JSON: the only task.
    fn found(&self, later: usize, more: &[&str], code: i32) -> Value {
        let more = [more, &["--format", "json"]].concat();
        let done = self.watch(later, "json", &more).expect(code);
        let mut found: Value = serde_json::from_str(&done.stdout).unwrap();
        found["tasks"][0].take()
    }
}

fn text(path: &Path) -> &str {
    path.to_str().unwrap()
}

#[track_caller]
fn says(done: &str, words: &[&str]) {
    for word in words {
        assert!(done.contains(word), "{word}: {done}");
    }
}

/// Six nights of nothing but wrong answers, one of which is missing each night, were "no alarm", since nights with
/// another number of answers were passed over.
#[test]
fn a_fall_to_nothing_is_an_alarm_by_the_fourth_night_though_an_answer_is_missing() {
    let mut nights = Nights::begin();
    let broken = right(0.0).with_rule(refuse().when_prompt_contains("Ticket 3:"));
    nights.add(6, &broken, &[], 3);
    let found = nights.found(6, &[], 100);
    assert_eq!(found["state"], "alarm");
    let alarm = found["alarm"].as_u64().unwrap();
    assert!((14..18).contains(&alarm), "{found}");
    nights.watch(4, "four", &[]).expect(100);
    // Too early to tell is not "no alarm".
    let early = nights.watch(1, "one", &[]).expect(75);
    says(&early.stdout, &["not watched", "last 1 nights were wrong"]);

    let done = nights.watch(6, "six", &[]).expect(100);
    says(
        &done.stdout,
        &["ALARM in night", "night 15 2.5 %", "night 20 2.5 %"],
    );
    says(
        &done.stdout,
        &["(median): 5 points ", "10 points ", "20 points "],
    );
    let folder = nights.bed.only_run("six");
    let rows = table(&folder, "drift.csv");
    for (night, row) in rows.iter().enumerate() {
        let missing = if night < BASELINE { "0" } else { "0.025" };
        assert_eq!(row["missing"], missing);
        let part = if night < BASELINE {
            "baseline"
        } else {
            "watched"
        };
        assert_eq!(row["part"], part);
    }
    let last = &rows[19];
    let cells = ["score", "n", "lowest", "highest"].map(|name| last[name].as_str());
    assert_eq!(cells, ["0", "39", "0", "0.025"]);
    let summary = read(&folder, "summary.md");
    says(
        &summary,
        &["ALARM in night", "night 20 2.5 %", "(median): 5 points "],
    );
    says(
        &read(&folder, "drift.json"),
        &["cleanbench-drift/1.2", "\"delays\""],
    );
    nights.bed.run(&["verify", text(&folder)]).expect(0);
    let csv = read(&folder, "drift.csv").replace("0.025", "0");
    fs_err::write(folder.join("drift.csv"), csv).unwrap();
    nights.bed.run(&["verify", text(&folder)]).expect(102);
}

/// Of most questions no answer comes; those that come are as right as ever.
#[test]
fn an_outage_is_neither_an_alarm_nor_an_all_clear() {
    let mut nights = Nights::begin();
    nights.add(4, &right(0.9).with_rule(refuse().for_share(0.7)), &[], 3);
    nights.add(2, &right(0.9), &[], 0);
    let found = nights.found(4, &[], 75);
    assert_eq!(
        (&found["state"], &found["alarm"]),
        (&"availability".into(), &Value::Null)
    );
    let last = &found["nights"][17];
    assert!(last["missing"].as_f64().unwrap() > 0.5, "{last}");
    assert!(last["e_value"].as_f64().unwrap() < 1.0, "{last}");
    assert!(last["e_value_if_wrong"].as_f64().unwrap() >= 20.0, "{last}");
    let done = nights.watch(4, "outage", &[]).expect(75);
    says(
        &done.stdout,
        &["availability: with missing answers as wrong"],
    );
    says(&done.stderr, &["rerun RUN --only errors"]);
    let folder = nights.bed.only_run("outage");
    says(
        &read(&folder, "summary.md"),
        &["availability: with missing answers as wrong"],
    );
    nights.bed.run(&["verify", text(&folder)]).expect(0);
    // Whoever wants an outage to be an alarm says so.
    let as_wrong = nights.found(4, &["--missing", "error-as-wrong"], 100);
    assert_eq!(as_wrong["state"], "alarm");
    // With answers again it is over.
    let over = nights.found(6, &[], 0);
    assert_eq!(over["state"], "no_alarm");
}

#[test]
fn too_few_nights_and_nights_passed_over_are_no_all_clear() {
    let mut nights = Nights::begin();
    nights.add(4, &right(0.9), &[], 0);
    let state = |found: &Value| found["state"].as_str().unwrap().to_owned();
    for later in [0, 1, 2] {
        assert_eq!(
            state(&nights.found(later, &[], 75)),
            "not_watched",
            "{later}"
        );
    }
    let none = nights.watch(0, "none", &[]).expect(75);
    says(&none.stdout, &["there is no night after the baseline"]);
    says(&none.stderr, &["no all-clear"]);
    let steady = nights.watch(4, "steady", &[]).expect(0);
    says(&steady.stdout, &["no alarm", "(median): 5 points "]);
    assert_eq!(state(&nights.found(4, &[], 0)), "no_alarm");
    // A night of other samples.
    nights.add(1, &right(0.9), &["-n", "39"], 0);
    let passed = nights.watch(5, "passed", &[]).expect(75);
    says(
        &passed.stdout,
        &["the newest night was passed over: its samples are not those of the baseline"],
    );
    let rows = table(&nights.bed.only_run("passed"), "drift.csv");
    assert_eq!(rows[18]["part"], "passed_over");
    nights.add(1, &right(0.9), &[], 0);
    assert_eq!(state(&nights.found(6, &[], 0)), "no_alarm");
    // One with a single answer says nothing, however good those before were.
    nights.add(1, &right(0.9).with_rule(refuse().after(1)), &[], 3);
    let lost = nights.watch(7, "lost", &[]).expect(75);
    says(
        &lost.stdout,
        &["not watched: so much of the newest night is missing"],
    );
}

#[test]
fn check_says_how_soon_a_drop_would_be_found() {
    let (bed, _server) = bed_with(100, right(1.0));
    let done = bed.run(&["check", "suite"]).expect(0);
    says(
        &done.stdout,
        &["asked every night", "assuming 14 nights at 0.9 before"],
    );
    says(
        &done.stdout,
        &["5 points ", "10 points after", "20 points after"],
    );
}
