//! One answer to each question: on awkward pairs of runs the gate, the flips of `summary.md` and `compare`
//! name the same number of pairs, the same difference, the same flips, and set the same samples aside.

use std::collections::HashMap;
use std::path::{Path, PathBuf};

use cleanbench_core::SetAside;
use cleanbench_testkit::{FakeServer, Fault, Rule, Script, right_choice};
use serde_json::Value;

use crate::bed::{
    Bed, CHOICES, Done, MODEL, copy_without_payloads, manifest, question, read, table,
};
use crate::gates::right;

/// Samples of a run that nothing is done to.
const SAMPLES: usize = 40;
const NOT_INFERIOR: &str = "metric = \"accuracy\"\ntest = \"non_inferiority\"\nmargin = 0.05\n";
/// Shown after the first twenty, whichever they are.
const SOON: &str = "metric = \"accuracy\"\ntest = \"floor\"\nmin = 0.1\nearly_stop = true\n";

/// What is done to a side, in order. Samples are `s0`, `s1`, …
#[derive(Debug, Clone, Copy, PartialEq)]
enum Change {
    /// The first so many have another target.
    Correct(usize),
    /// The first so many have metadata.
    Metadata(usize),
    /// The first so many are called otherwise.
    Rename(usize),
    /// The first so many ask something else.
    Reword(usize),
    /// The first so many are missing.
    Drop(usize),
    /// There are so many more.
    Add(usize),
    /// The first so many are there again under another id, `t0`, `t1`, …
    Twins(usize),
    /// The file is in the opposite order.
    Reverse,
    /// So many from this one on are in quarantine.
    Quarantine(usize, usize),
    /// The first so many were in quarantine, until a day that has passed.
    Expired(usize),
    /// So many percent get no answer.
    Errors(u32),
    /// Every sample is asked twice.
    Epochs,
    /// The same, and so many percent have one answer of two.
    Partial(u32),
    /// A gate ends the task early.
    Early,
    /// Two machines make it.
    Shards,
    /// It replays a run that asked the first thirty.
    Replay,
    /// This percentage is right, where nothing else is said.
    Right(u32),
    /// Something that must be the same is not.
    Unlike(What),
}

#[derive(Debug, Clone, Copy, PartialEq)]
enum What {
    Prompt,
    Scorer,
    Sampling,
    Suite,
    Key,
    Model,
    Task,
}

use Change::{
    Add, Correct, Drop, Early, Epochs, Errors, Expired, Metadata, Partial, Quarantine, Rename,
    Replay, Reverse, Reword, Right, Shards, Twins, Unlike,
};

/// Two sides, the pairs that are left, and what is set aside; nothing where that hangs on chance.
struct Case {
    base: &'static [Change],
    candidate: &'static [Change],
    expected: Option<(u64, &'static str)>,
}

const fn case(
    base: &'static [Change],
    candidate: &'static [Change],
    pairs: u64,
    aside: &'static str,
) -> Case {
    Case {
        base,
        candidate,
        expected: Some((pairs, aside)),
    }
}

const fn by_chance(base: &'static [Change], candidate: &'static [Change]) -> Case {
    Case {
        base,
        candidate,
        expected: None,
    }
}

const TARGETS_AND_ORDER: [Case; 10] = [
    case(&[], &[], 40, ""),
    case(
        &[],
        &[Correct(10)],
        30,
        "10 with another id, target or metadata",
    ),
    case(
        &[Correct(10)],
        &[],
        30,
        "10 with another id, target or metadata",
    ),
    case(
        &[],
        &[Metadata(4)],
        36,
        "4 with another id, target or metadata",
    ),
    case(&[], &[Reverse], 40, ""),
    case(
        &[],
        &[Correct(10), Reverse],
        30,
        "10 with another id, target or metadata",
    ),
    case(
        &[],
        &[Rename(5)],
        35,
        "5 with another id, target or metadata",
    ),
    case(
        &[Rename(5)],
        &[Reverse],
        35,
        "5 with another id, target or metadata",
    ),
    case(&[Drop(5)], &[Add(3)], 35, "8 in the candidate alone"),
    case(
        &[],
        &[Reword(3)],
        37,
        "3 in the baseline alone, 3 in the candidate alone",
    ),
];

const TWINS_AND_QUARANTINE: [Case; 14] = [
    case(&[Twins(6)], &[Twins(6)], 46, ""),
    case(&[Twins(6)], &[Twins(6), Reverse], 46, ""),
    case(
        &[Twins(6), Reverse],
        &[Correct(3), Twins(6)],
        43,
        "3 with another id, target or metadata",
    ),
    case(&[Twins(6)], &[], 40, "6 in the baseline alone"),
    case(&[], &[Twins(6), Reverse], 40, "6 in the candidate alone"),
    case(
        &[Twins(4)],
        &[Twins(4), Rename(4)],
        40,
        "4 with another id, target or metadata",
    ),
    case(&[], &[Quarantine(0, 8)], 32, "8 in quarantine"),
    case(&[Quarantine(0, 8)], &[], 32, "8 in quarantine"),
    case(
        &[Quarantine(0, 8)],
        &[Quarantine(4, 8)],
        28,
        "12 in quarantine",
    ),
    case(&[Expired(8)], &[], 40, ""),
    case(
        &[Quarantine(0, 8)],
        &[Correct(10)],
        30,
        "8 in quarantine, 2 with another id, target or metadata",
    ),
    case(
        &[],
        &[Rename(2), Reverse, Quarantine(2, 8)],
        30,
        "8 in quarantine, 2 with another id, target or metadata",
    ),
    case(
        &[],
        &[Correct(40)],
        0,
        "40 with another id, target or metadata",
    ),
    case(&[], &[Quarantine(0, 40)], 0, "40 in quarantine"),
];

const ANSWERS: [Case; 8] = [
    case(&[], &[Errors(30)], 40, ""),
    case(&[Errors(30)], &[], 40, ""),
    case(
        &[Errors(30)],
        &[Errors(20), Correct(6)],
        34,
        "6 with another id, target or metadata",
    ),
    case(&[Epochs], &[Partial(30)], 40, ""),
    case(
        &[Partial(30)],
        &[Epochs, Quarantine(0, 5)],
        35,
        "5 in quarantine",
    ),
    case(&[Partial(40)], &[Partial(30), Reverse], 40, ""),
    case(&[Right(100)], &[Right(20), Errors(10)], 40, ""),
    case(
        &[Twins(6), Quarantine(12, 5)],
        &[Correct(3), Twins(6), Reverse, Quarantine(10, 5), Errors(20)],
        36,
        "7 in quarantine, 3 with another id, target or metadata",
    ),
];

const PARTS: [Case; 10] = [
    case(&[], &[Early, Right(0)], 20, "20 not asked in both runs"),
    case(&[Early], &[], 20, "20 not asked in both runs"),
    case(
        &[Early],
        &[Early, Right(0)],
        20,
        "20 not asked in both runs",
    ),
    by_chance(&[Early], &[Quarantine(0, 8)]),
    by_chance(&[Correct(10)], &[Early, Reverse]),
    case(&[], &[Shards], 40, ""),
    case(
        &[Shards],
        &[Correct(10)],
        30,
        "10 with another id, target or metadata",
    ),
    case(
        &[Shards, Quarantine(0, 8)],
        &[Shards],
        32,
        "8 in quarantine",
    ),
    case(&[], &[Replay], 30, "10 not asked in both runs"),
    by_chance(&[Replay], &[Correct(5), Early]),
];

const INCOMPARABLE: [What; 7] = [
    What::Prompt,
    What::Scorer,
    What::Sampling,
    What::Suite,
    What::Key,
    What::Model,
    What::Task,
];

/// A sample of a suite.
#[derive(Clone)]
struct Line {
    id: String,
    input: String,
    target: String,
    more: &'static str,
}

fn lines(changes: &[Change]) -> Vec<Line> {
    let mut lines: Vec<_> = (0..SAMPLES).map(|number| line(number, "s")).collect();
    for change in changes {
        match *change {
            Correct(count) => lines[..count]
                .iter_mut()
                .for_each(|line| line.target = other(line)),
            Metadata(count) => {
                let more = ",\"metadata\":{\"seen\":true}";
                lines[..count].iter_mut().for_each(|line| line.more = more);
            }
            Rename(count) => lines[..count]
                .iter_mut()
                .for_each(|line| line.id.insert(0, 'r')),
            Reword(count) => lines[..count]
                .iter_mut()
                .for_each(|line| line.input.push('?')),
            Drop(count) => drop(lines.drain(..count)),
            Add(count) => lines.extend((900..900 + count).map(|number| line(number, "s"))),
            Twins(count) => lines.extend((0..count).map(|number| line(number, "t"))),
            Reverse => lines.reverse(),
            _ => {}
        }
    }
    lines
}

fn line(number: usize, letter: &str) -> Line {
    let input = question(number);
    Line {
        id: format!("{letter}{number}"),
        target: right_choice(&CHOICES.map(str::to_owned), &input)
            .unwrap()
            .to_owned(),
        input,
        more: "",
    }
}

/// A target that the sample does not have.
fn other(line: &Line) -> String {
    let mut choices = CHOICES.iter();
    let other = choices.find(|choice| **choice != line.target);
    (*other.unwrap()).to_owned()
}

/// What a side is made with.
struct Making<'a> {
    bed: &'a Bed,
    server: &'a FakeServer,
    /// Sides that were made before, by what was done to them.
    made: HashMap<String, PathBuf>,
    count: usize,
}

impl Making<'_> {
    /// Writes the suite as `changes` make it, with these gates, and has the server answer likewise.
    fn prepare(&self, changes: &[Change], gates: &[&str], share: u32) {
        let mut suite = manifest("private", "choice");
        for change in changes {
            suite = match *change {
                Unlike(What::Prompt) => suite.replace("{{ input }}", "Please: {{ input }}"),
                Unlike(What::Scorer) => suite.replace("[\"choice\"]", "[\"exact\"]"),
                Unlike(What::Sampling) => suite.replace("temperature = 0", "temperature = 0.5"),
                Unlike(What::Suite) => suite.replace("\"tickets\"", "\"letters\""),
                Unlike(What::Task) => suite.replace("\"routing\"", "\"other\""),
                _ => suite,
            };
        }
        // Where one gate ends a task early, all of them must.
        let gates: String = match (changes.contains(&Early), gates) {
            (true, []) => format!("\n[[gate]]\n{SOON}"),
            (true, gates) => format!("\n[[gate]]\n{}early_stop = true\n", gates.concat()),
            (false, gates) => gates
                .iter()
                .map(|gate| format!("\n[[gate]]\n{gate}"))
                .collect(),
        };
        self.bed.write("suite/suite.toml", &(suite + &gates));
        let lines = lines(changes).into_iter().map(|line| {
            let Line {
                id,
                input,
                target,
                more,
            } = line;
            format!("{{\"id\":\"{id}\",\"input\":\"{input}\",\"target\":\"{target}\"{more}}}\n")
        });
        self.bed
            .write("suite/data.jsonl", &lines.collect::<String>());
        self.bed
            .write("suite/quarantine.toml", &quarantine(changes));
        let is_unlike = changes.contains(&Unlike(What::Model));
        let model = if is_unlike { "n" } else { "m" };
        let url = self.server.url();
        let models = format!("[models.{MODEL}]\nbase_url = \"{url}\"\nmodel = \"{model}\"\n");
        self.bed.write("models.toml", &models);
        self.server.set_script(script(changes, share));
    }

    fn next(&mut self, name: &str) -> String {
        self.count += 1;
        format!("{name}{}", self.count)
    }

    /// The baseline that `changes` make.
    fn base(&mut self, changes: &[Change]) -> PathBuf {
        let key = format!("{changes:?}");
        if let Some(made) = self.made.get(&key) {
            return made.clone();
        }
        self.prepare(changes, &[], 90);
        let (run, _) = self.run(changes, &[]);
        self.made.insert(key, run.clone().unwrap());
        run.unwrap()
    }

    /// Runs the suite as it stands; gives the run, where there is one.
    fn run(&mut self, changes: &[Change], more: &[&str]) -> (Option<PathBuf>, Done) {
        let mut more = more.to_vec();
        if changes
            .iter()
            .any(|change| matches!(change, Epochs | Partial(_)))
        {
            more.extend(["--epochs", "2"]);
        }
        let replayed = changes.contains(&Replay).then(|| {
            let out = self.next("replayed");
            let arguments = ["run", "suite", "-m", MODEL, "-o", &out, "-n", "30"];
            self.bed.run(&arguments);
            self.bed.only_run(&out)
        });
        if let Some(replayed) = &replayed {
            more.extend(["--replay", text(replayed)]);
        }
        let out = self.next("run");
        if !changes.contains(&Shards) {
            let done = self.bed.run_suite(&out, &more);
            let is_there = self.bed.path(&out).exists();
            return (is_there.then(|| self.bed.only_run(&out)), done);
        }
        let shards = ["1/2", "2/2"].map(|shard| {
            let out = self.next("shard");
            self.bed
                .run_suite(&out, &[&more[..], &["--shard", shard]].concat());
            self.bed.only_run(&out)
        });
        let done = self
            .bed
            .run(&["merge", "-o", &out, text(&shards[0]), text(&shards[1])]);
        (Some(self.bed.only_run(&out)), done)
    }
}

fn text(path: &Path) -> &str {
    path.to_str().unwrap()
}

fn quarantine(changes: &[Change]) -> String {
    let entry = |number: usize, until: &str| {
        format!(
            "[[quarantine]]\ntask = \"routing\"\nsample = \"s{number}\"\nreason = \"r\"\nuntil = \"{until}\"\n"
        )
    };
    let of_change = |change: &Change| match *change {
        Quarantine(first, count) => (first..first + count)
            .map(|number| entry(number, "2999-01-01"))
            .collect(),
        Expired(count) => (0..count)
            .map(|number| entry(number, "2020-01-01"))
            .collect(),
        _ => String::new(),
    };
    changes.iter().map(of_change).collect()
}

fn script(changes: &[Change], share: u32) -> Script {
    let percent = |count: u32| f64::from(count) / 100.0;
    let refuse = || {
        Rule::always(Fault::Status {
            code: 400,
            retry_after: None,
            error: None,
        })
    };
    let said = changes.iter().find_map(|change| match *change {
        Right(share) => Some(share),
        _ => None,
    });
    let mut script = right(percent(said.unwrap_or(share)));
    for change in changes {
        script = match *change {
            Errors(share) => script.with_rule(refuse().for_share(percent(share))),
            Partial(share) => script.with_rule(Rule {
                times_per_prompt: Some(1),
                ..refuse().for_share(percent(share))
            }),
            _ => script,
        };
    }
    script
}

/// Compares two runs, as far as they have samples in common.
fn compare(making: &mut Making<'_>, base: &Path, candidate: &Path, more: &[&str]) -> Done {
    let out = making.next("compared");
    let arguments = ["compare", text(base), text(candidate), "--format", "json"];
    let arguments = [&arguments[..], &["--missing", "complete"]].concat();
    making
        .bed
        .run(&[&arguments[..], &["-o", &out], more].concat())
}

/// What one place says of a pair of runs.
#[derive(Debug, PartialEq)]
struct Said {
    /// Pairs, with or without both answers.
    pairs: u64,
    /// Mean difference of the pairs that have both.
    difference: Option<f64>,
    aside: SetAside,
}

/// Pairs with both answers, those that are worse and those that are better.
#[derive(Debug, PartialEq)]
struct Flips {
    pairs: u64,
    worse: u64,
    better: u64,
}

fn number(value: &Value) -> u64 {
    value.as_u64().unwrap_or_else(|| panic!("{value}"))
}

/// What the gate says; where nothing is left to compare, it must not have been evaluated.
fn said_by_gate(run: &Path) -> Said {
    let gates: Value = serde_json::from_str(&read(run, "gates.json")).unwrap();
    assert_eq!(gates["format"], "cleanbench-gates/1.2");
    let gate = &gates["gates"][0];
    let is_evaluated = gate["verdict"] != "not_evaluated";
    let n = number(&gate["n"]);
    Said {
        pairs: if is_evaluated { n } else { 0 },
        difference: gate["estimate"].as_f64(),
        aside: serde_json::from_value(gate["set_aside"].clone()).unwrap(),
    }
}

fn said_by_compare(task: &Value) -> Said {
    let counts = &task["counts"];
    Said {
        pairs: number(&counts["pairs"]),
        difference: task["finding"]["delta"].as_f64(),
        aside: SetAside {
            quarantined: number(&counts["quarantined"]),
            changed: number(&counts["changed"]),
            not_asked: number(&counts["not_asked"]),
            base_alone: number(&counts["base_alone"]),
            candidate_alone: number(&counts["candidate_alone"]),
        },
    }
}

fn flips_by_compare(compared: &Value) -> Flips {
    let flips = compared["flips"].as_array().unwrap();
    let is_lost = |flip: &&Value| flip["candidate_score"].as_f64() < flip["base_score"].as_f64();
    let lost = flips.iter().filter(is_lost).count() as u64;
    Flips {
        pairs: number(&compared["tasks"][0]["finding"]["n"]),
        worse: lost,
        better: flips.len() as u64 - lost,
    }
}

/// What `summary.md` says of flips, and in words of what is set aside.
fn flips_by_summary(run: &Path) -> (Flips, String) {
    let summary = read(run, "summary.md");
    let found = summary
        .lines()
        .find(|line| line.contains("that both have an answer to"));
    let line = found.unwrap_or_else(|| panic!("{summary}"));
    let (_, said) = line.split_once(": ").unwrap();
    let word = |place: usize| said.split(' ').nth(place).unwrap().parse().unwrap();
    let aside = said
        .split_once("Set aside: ")
        .map_or("", |(_, aside)| aside);
    let flips = Flips {
        worse: word(0),
        better: word(3),
        pairs: word(6),
    };
    (flips, aside.trim_end_matches('.').to_owned())
}

fn near(one: Option<f64>, other: Option<f64>) -> bool {
    match (one, other) {
        (Some(one), Some(other)) => (one - other).abs() < 1e-12,
        (one, other) => one == other,
    }
}

fn agree(cases: &[Case]) {
    let server = FakeServer::start(right(0.9));
    let bed = Bed::new(1);
    let mut making = Making {
        bed: &bed,
        server: &server,
        made: HashMap::new(),
        count: 0,
    };
    for case in cases {
        let what = format!("{:?} against {:?}", case.candidate, case.base);
        let base = making.base(case.base);
        making.prepare(case.candidate, &[NOT_INFERIOR], 60);
        // With its payloads the gates would have changed samples judged anew, which `compare` sets aside.
        let bare = bed.path(&making.next("bare"));
        copy_without_payloads(&base, &bare);
        let (run, done) = making.run(case.candidate, &["--baseline", text(&bare)]);
        let run = run.unwrap_or_else(|| panic!("{what}: {}", done.stderr));
        let gate = said_by_gate(&run);
        let compared = compare(&mut making, &base, &run, &["--common"]).expect(0);
        let compared: Value = serde_json::from_str(&compared.stdout).unwrap();
        let said = said_by_compare(&compared["tasks"][0]);
        assert_eq!((gate.pairs, gate.aside), (said.pairs, said.aside), "{what}");
        assert!(
            near(gate.difference, said.difference),
            "{what}: {gate:?} {said:?}"
        );
        let (flips, words) = flips_by_summary(&run);
        assert_eq!(flips, flips_by_compare(&compared), "{what}");
        assert_eq!(words, gate.aside.in_words(), "{what}");
        if let Some((pairs, aside)) = case.expected {
            assert_eq!((gate.pairs, words.as_str()), (pairs, aside), "{what}");
        }
        bed.run(&["verify", text(&run)]).expect(0);
    }
}

#[test]
fn on_changed_samples_all_say_the_same() {
    agree(&TARGETS_AND_ORDER);
}

#[test]
fn on_equal_questions_and_quarantine_all_say_the_same() {
    agree(&TWINS_AND_QUARANTINE);
}

#[test]
fn on_missing_answers_all_say_the_same() {
    agree(&ANSWERS);
}

#[test]
fn on_runs_made_in_parts_all_say_the_same() {
    agree(&PARTS);
}

#[test]
fn what_cannot_be_compared_is_refused_by_all() {
    let server = FakeServer::start(right(0.9));
    let bed = Bed::new(1);
    let mut making = Making {
        bed: &bed,
        server: &server,
        made: HashMap::new(),
        count: 0,
    };
    let base = making.base(&[]);
    let bare = bed.path("bare");
    copy_without_payloads(&base, &bare);
    let key = fs_err::read(bed.path("suite/suite.key")).unwrap();
    for what in INCOMPARABLE {
        let changes = [Unlike(what)];
        making.prepare(&changes, &[NOT_INFERIOR], 60);
        if what == What::Key {
            fs_err::remove_file(bed.path("suite/suite.key")).unwrap();
        }
        let (run, done) = making.run(&changes, &["--baseline", text(&bare)]);
        assert!(
            run.is_none() && done.code == 66,
            "{what:?}: {}",
            done.stderr
        );
        making.prepare(&changes, &[], 60);
        let (run, _) = making.run(&changes, &[]);
        let compared = compare(&mut making, &base, &run.unwrap(), &["--mode", "regression"]);
        let expected = if what == What::Task { 4 } else { 66 };
        assert_eq!(compared.code, expected, "{what:?}: {}", compared.stderr);
        fs_err::write(bed.path("suite/suite.key"), &key).unwrap();
    }
}

/// Thirty of 120 targets are corrected between two runs of the same answers.
#[test]
fn corrected_targets_are_no_regression_for_a_gate_either() {
    let server = FakeServer::start(right(1.0));
    let bed = Bed::new(120);
    bed.models(&server.url(), "");
    bed.run_suite("base", &[]).expect(0);
    let base = bed.only_run("base");
    let data = read(&bed.path("suite"), "data.jsonl");
    let corrected = data.lines().enumerate().map(|(number, line)| {
        let (start, target) = line.rsplit_once("\"target\":").unwrap();
        let other = CHOICES
            .iter()
            .find(|choice| !target.contains(*choice))
            .unwrap();
        if number < 30 {
            format!("{start}\"target\":\"{other}\"}}\n")
        } else {
            format!("{line}\n")
        }
    });
    bed.write("suite/data.jsonl", &corrected.collect::<String>());
    let gate = format!(
        "{}\n[[gate]]\n{NOT_INFERIOR}",
        manifest("private", "choice")
    );
    bed.write("suite/suite.toml", &gate);
    bed.run_suite("out", &["--baseline", text(&base)]).expect(0);
    let run = bed.only_run("out");
    let said = said_by_gate(&run);
    assert_eq!((said.pairs, said.difference), (120, Some(0.0)));
    assert_eq!(said.aside, SetAside::default());
    let summary = read(&run, "summary.md");
    assert!(summary.contains("0 worse and 0 better of 120"), "{summary}");
    let told = "the target or metadata of 30 samples changed";
    assert!(summary.contains(told), "{summary}");
}

/// Thirty of 120 samples are in quarantine, and wrong.
#[test]
fn what_is_in_quarantine_is_in_no_comparison_item_analysis_or_drift() {
    let server = FakeServer::start(right(0.65));
    let bed = Bed::new(120);
    bed.models(&server.url(), "");
    bed.run_suite("all", &[]).expect(0);
    let all = bed.only_run("all");
    let wrong = table(&all, "results.csv")
        .into_iter()
        .filter(|row| row["score"] == "0");
    let entry = |row: std::collections::BTreeMap<String, String>| {
        format!(
            "[[quarantine]]\ntask = \"routing\"\nsample = \"{}\"\nreason = \"r\"\nuntil = \"2999-01-01\"\n",
            row["sample"]
        )
    };
    let list: String = wrong.take(30).map(entry).collect();
    bed.write("suite/quarantine.toml", &list);
    bed.run_suite("out", &[]).expect(0);
    let run = bed.only_run("out");
    let summary = table(&run, "summary.csv").remove(0);
    assert_eq!(summary["n"], "90");
    let score: f64 = summary["score"].parse().unwrap();
    let json = |arguments: &[&str], code: i32| -> Value {
        let arguments = [arguments, &["--format", "json"]].concat();
        serde_json::from_str(&bed.run(&arguments).expect(code).stdout).unwrap()
    };
    let compared = json(&["compare", text(&all), text(&run), "-o", "cmp"], 0);
    let task = &compared["tasks"][0];
    assert_eq!(
        (&task["counts"]["pairs"], &task["counts"]["quarantined"]),
        (&90.into(), &30.into())
    );
    for side in ["base", "candidate"] {
        let found = task["measured"]["complete"][side]["score"].as_f64();
        assert!(near(found, Some(score)), "{side}: {found:?} {score}");
    }
    assert_eq!(compared["policy"]["quarantined"], "set_aside");
    let items = json(&["items", text(&run), "-o", "items"], 0);
    assert_eq!(items["tasks"][0]["n"], 90);
    assert_eq!(items["tasks"][0]["set_aside"]["quarantined"], 30);
    let drift = json(&["drift", text(&all), text(&run), "-o", "drift"], 75);
    for night in drift["tasks"][0]["nights"].as_array().unwrap() {
        assert_eq!(night["n"], 90);
        assert!(near(night["score"].as_f64(), Some(score)), "{night}");
    }
    for out in ["cmp", "items", "drift"] {
        bed.run(&["verify", text(&bed.only_run(out))]).expect(0);
        let summary = read(&bed.only_run(out), "summary.md");
        assert!(summary.contains("30 in quarantine"), "{summary}");
    }
}
