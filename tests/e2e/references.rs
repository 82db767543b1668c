//! Reference models: what they restore is no evidence, and with two of them the bias of the controls is measured.
//!
//! Nothing is decided about a reference, and one whose answers say nothing changes nothing.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use cleanbench_testkit::{Answers, Declines, FakeServer, ItemList, Memory, Script};
use serde_json::Value;

use crate::bed::{Bed, Done, MODEL, read, table};
use crate::exposure::{DECLINED, ENGLISH, Exam, GATE, Row, count};
use crate::replay::text;
use crate::validity::recited;

/// Names of references in the models file.
const REFERENCES: [&str; 2] = ["one", "two"];
/// What is written of items that a reference restores.
const GUESSED: &str = "a reference model restores it";

/// An exam, a server of the model under test, and one of each reference.
struct Scene {
    bed: Bed,
    subject: FakeServer,
    references: [FakeServer; 2],
    runs: std::cell::Cell<usize>,
}

impl Scene {
    fn new(exam: &Exam, more: &str) -> Self {
        let bed = Bed::new(0);
        let start = || FakeServer::start(Script::default());
        let (subject, references) = (start(), [start(), start()]);
        let entry = |name: &str, server: &FakeServer| {
            format!(
                "[models.{name}]\nbase_url = \"{}\"\nmodel = \"m\"\n",
                server.url()
            )
        };
        let models = [(MODEL, &subject)].into_iter();
        let models = models.chain(REFERENCES.into_iter().zip(&references));
        let models: String = models.map(|(name, server)| entry(name, server)).collect();
        bed.write("models.toml", &models);
        bed.trust();
        let suite = format!(
            "name = \"exams\"\nversion = \"1\"\n{}\n[probes]\nuse = [\"completion\"]\n{more}",
            exam.tasks()
        );
        bed.write("suite/suite.toml", &suite);
        exam.write(&bed);
        Self {
            bed,
            subject,
            references,
            runs: std::cell::Cell::new(0),
        }
    }

    /// Puts everything to a model beside as many references as `others` are.
    fn put(&self, model: &Memory, others: &[Memory], more: &[&str]) -> Told {
        self.answer(model, others);
        let out = format!("out{}", self.runs.replace(self.runs.get() + 1));
        let named = REFERENCES.iter().take(others.len());
        let named = named.flat_map(|name| ["-R", *name]);
        let arguments: Vec<_> = named.chain(more.iter().copied()).collect();
        let done = self.bed.run_suite(&out, &arguments);
        Told {
            run: self.bed.only_run(&out),
            done,
        }
    }

    fn answer(&self, model: &Memory, others: &[Memory]) {
        let script = |memory: &Memory| Script::answering(Answers::Memory(memory.clone()));
        self.subject.set_script(script(model));
        for (server, memory) in self.references.iter().zip(others) {
            server.set_script(script(memory));
        }
    }

    fn requests(&self) -> u64 {
        let of_references = self.references.iter().map(|one| one.totals().requests);
        self.subject.totals().requests + of_references.sum::<u64>()
    }
}

/// What a run told.
struct Told {
    run: PathBuf,
    done: Done,
}

impl Told {
    fn rows(&self) -> Vec<Row> {
        let rows = table(&self.run, "contamination.csv").into_iter();
        rows.filter(|row| !row["form"].is_empty()).collect()
    }

    #[track_caller]
    fn class(&self) -> String {
        let classes: BTreeSet<_> = self.rows().iter().map(|row| row["class"].clone()).collect();
        assert_eq!(classes.len(), 1, "{classes:?}\n{}", self.done.stderr);
        classes.into_iter().next().unwrap()
    }

    fn verdicts(&self) -> Value {
        serde_json::from_str(&read(&self.run, "verdicts.json")).unwrap()
    }

    /// The finding of the model under test in `form`.
    fn finding(&self, form: &str) -> Value {
        let verdicts = self.verdicts();
        let findings = verdicts["verdicts"][0]["findings"].as_array().unwrap();
        let found = findings.iter().find(|one| one["finding"]["form"] == form);
        found.unwrap()["finding"].clone()
    }
}

fn verified(bed: &Bed, run: &Path) {
    bed.run(&["verify", text(run)]).expect(0);
}

/// A model that guesses so many of the suspects and of the controls, and as another number other ones.
fn guessing(exam: &Exam, shares: [f64; 2], seed: u64) -> Memory {
    Memory {
        seed,
        ..exam.guessed(shares[0], shares[1])
    }
}

/// Of the suspects four in ten were seen, of which it gives back six in ten; it guesses a few of all.
fn leaked(exam: &Exam, guess: f64, seed: u64) -> Memory {
    let list = |items, recall_share| ItemList {
        items,
        recall_share,
        guess,
        ..ItemList::default()
    };
    Memory {
        lists: vec![
            list(exam.known().collect(), 0.4 * 0.6),
            list(exam.known_controls().collect(), 0.0),
        ],
        seed,
        ..exam.guessed(0.0, 0.0)
    }
}

fn number(value: &Value) -> f64 {
    value.as_f64().unwrap_or_else(|| panic!("{value}"))
}

/// Originals are guessed more often than their rewordings, by every model: nobody has seen anything.
#[test]
fn what_references_guess_as_well_accuses_nobody() {
    let exam = Exam::reworded(ENGLISH, 200);
    let scene = Scene::new(&exam, "");
    for seed in [2, 5, 8] {
        let guess = |seed| guessing(&exam, [0.3, 0.2], seed);
        let told = scene.put(&guess(seed), &[guess(seed + 1), guess(seed + 2)], &[]);
        let class = told.class();
        assert!(
            !["strong", "suspected"].contains(&class.as_str()),
            "{class}"
        );
        let finding = told.finding("raw");
        assert!(number(&finding["filters"][GUESSED]) > 100.0, "{finding}");
        assert_eq!(finding["bias"]["source"], "references");
        assert!(number(&finding["bias"]["upper"]) > 0.05, "{finding}");
    }
}

/// What all models guess alike leaves the test altogether, in pairs with its partner; all counts add up.
#[test]
fn what_a_reference_restores_leaves_the_test() {
    let exam = Exam::reworded(ENGLISH, 120);
    let scene = Scene::new(&exam, "");
    let guess = || guessing(&exam, [0.6, 0.1], 3);
    let told = scene.put(&guess(), &[guess()], &[]);
    for row in told.rows() {
        assert_eq!(row["suspects_hits"], "0", "{row:#?}");
        assert_eq!(row["controls_hits"], "0", "{row:#?}");
        for arm in ["suspects", "controls"] {
            let of = |what: &str| count(&row, &format!("{arm}_{what}"));
            let sum = of("valid") + of("filtered") + of("missing");
            assert_eq!(sum, count(&row, arm), "{row:#?}");
        }
        let left_out = count(&row, "suspects_filtered") + count(&row, "controls_filtered");
        assert!(left_out > 100, "{row:#?}");
        assert_eq!(count(&row, "pairs"), count(&row, "suspects_valid"));
    }
    let alone = scene.put(&guess(), &[], &[]);
    let row = &alone.rows()[0];
    assert!(count(row, "suspects_hits") > 50, "{row:#?}");
}

#[test]
fn a_leak_is_strong_beside_two_references_and_not_beside_one() {
    let exam = Exam::reworded(ENGLISH, 200);
    let scene = Scene::new(&exam, "");
    for seed in [11, 21, 31] {
        let other = |number| guessing(&exam, [0.03, 0.03], seed + number);
        let model = || leaked(&exam, 0.03, seed);
        let two = scene.put(&model(), &[other(1), other(2)], &[]);
        assert_eq!(two.class(), "strong", "{:#?}", two.rows());
        let one = scene.put(&model(), &[other(1)], &[]);
        // Its lower bound may be too near to what originals are like.
        let at_most = ["suspected", "not_identifiable"];
        assert!(at_most.contains(&one.class().as_str()), "{:#?}", one.rows());
        let said = "one reference model alone measures no bias";
        assert!(one.done.stderr.contains(said), "{}", one.done.stderr);
        assert!(!two.done.stderr.contains(said), "{}", two.done.stderr);
    }
}

/// The same weights at two addresses guess in both arms alike, if one of them does.
#[test]
fn one_model_at_two_addresses_is_one_reference() {
    let exam = Exam::reworded(ENGLISH, 200);
    let scene = Scene::new(&exam, "");
    let other = |seed| guessing(&exam, [0.03, 0.03], seed);
    let model = leaked(&exam, 0.03, 11);
    let two = scene.put(&model, &[other(12), other(13)], &[]);
    assert_eq!(two.class(), "strong", "{:#?}", two.rows());
    assert!(!two.done.stderr.contains("count as one model"));
    let one = scene.put(&model, &[other(12), other(12)], &["--probes-only"]);
    assert_ne!(one.class(), "strong", "{:#?}", one.rows());
    assert_eq!(one.finding("raw")["bias"], Value::Null);
    let said = "the reference models `one` and `two` gave the same answer ";
    assert!(one.done.stderr.contains(said), "{}", one.done.stderr);
    let alike = &one.verdicts()["references_alike"][0];
    assert_eq!(alike["models"], serde_json::json!(REFERENCES));
    assert_eq!(alike["alike"], alike["of"]);
    let summary = read(&one.run, "summary.md");
    assert!(summary.contains("counted as one model"), "{summary}");
    // Of probes alone nobody knows how able a reference is, and of those with the tasks everybody does.
    let unknown =
        "how able reference models are is not known, because the items of `english` were not asked";
    assert!(one.done.stderr.contains(unknown), "{}", one.done.stderr);
    assert!(summary.contains("not known, because its items were not asked"));
    assert!(!two.done.stderr.contains("how able reference models are"));
    verified(&scene.bed, &one.run);
}

/// Whoever is taken for a reference and has seen the items, too, leaves nothing to be tested.
#[test]
fn where_references_leave_nothing_that_is_said() {
    let exam = Exam::reworded(ENGLISH, 60);
    let scene = Scene::new(&exam, "");
    let told = scene.put(&exam.by_heart(), &[exam.by_heart()], &[]);
    assert_eq!(told.class(), "not_testable");
    let why = "nothing is left to test: 120 items were left out because reference models restore them or their partners";
    for row in told.rows() {
        assert_eq!(row["not_testable"], why, "{row:#?}");
        assert_eq!(row["examples"], "", "{row:#?}");
    }
    let summary = read(&told.run, "summary.md");
    assert!(
        summary.contains("&#58; nothing is left to test&#58; 120 items"),
        "{summary}"
    );
}

/// It recites passages, or not even these, and declines every item.
#[test]
fn a_reference_that_says_nothing_measures_nothing_and_is_said_to() {
    let exam = Exam::reworded(ENGLISH, 200);
    let scene = Scene::new(&exam, "");
    let able = guessing(&exam, [0.0, 0.0], 41);
    let declining = |items_only| Memory {
        declines: Some(Declines {
            items_only,
            ..Declines::everything(DECLINED)
        }),
        ..exam.by_heart()
    };
    let forgetful = Memory {
        passages: Vec::new(),
        ..exam.by_heart()
    };
    for (silent, why) in [
        // Declining a check is no inability, and no passage came.
        (declining(false), "it restores hardly a famous passage"),
        (declining(true), "more than 5 % of its answers say nothing"),
        (forgetful, "it does not do what it is asked"),
    ] {
        let told = scene.put(&leaked(&exam, 0.0, 40), &[able.clone(), silent], &[]);
        assert_eq!(told.class(), "suspected", "{:#?}", told.rows());
        let finding = told.finding("raw");
        assert_eq!(finding["bias"], Value::Null);
        assert_eq!(
            finding["filters"][GUESSED],
            Value::Null,
            "it knows all by heart"
        );
        let said = format!("reference model `two` says nothing, because {why}");
        assert!(told.done.stderr.contains(&said), "{}", told.done.stderr);
        let summary = read(&told.run, "summary.md");
        assert!(summary.contains("says nothing, because"), "{summary}");
    }
}

/// Gates, `junit.xml` and the line of a verdict are of the model under test alone.
#[test]
fn nothing_is_decided_about_a_reference() {
    let exam = Exam::reworded(ENGLISH, 120);
    let errors = "\n[[gate]]\nmetric = \"error_rate\"\ntest = \"ceiling\"\nmax = 0.5\n";
    let scene = Scene::new(&exam, &format!("{GATE}{errors}"));
    let clean = || guessing(&exam, [0.0, 0.0], 50);
    // Whoever is taken for a reference and knows all leaves nothing to be tested.
    let told = scene.put(&clean(), &[guessing(&exam, [0.0, 0.0], 51), clean()], &[]);
    assert_eq!(told.done.code, 0, "{}", told.done.stderr);
    assert_eq!(told.class(), "no_evidence");
    let models: BTreeSet<_> = told.rows().iter().map(|row| row["model"].clone()).collect();
    assert_eq!(models, BTreeSet::from([MODEL.to_owned()]));
    let gates: Value = serde_json::from_str(&read(&told.run, "gates.json")).unwrap();
    let gates = gates["gates"].as_array().unwrap();
    assert_eq!(gates.len(), 2);
    assert!(gates.iter().all(|gate| gate["model"] == MODEL), "{gates:?}");
    let junit = read(&told.run, "junit.xml");
    assert!(!junit.contains("name=\"one/"), "{junit}");
    let roles: BTreeMap<_, _> = table(&told.run, "summary.csv")
        .into_iter()
        .map(|row| (row["model"].clone(), row["role"].clone()))
        .collect();
    let role = |name: &str, role: &str| (name.to_owned(), role.to_owned());
    assert_eq!(
        roles,
        [
            role(MODEL, "subject"),
            role("one", "reference"),
            role("two", "reference")
        ]
        .into()
    );
    assert!(told.done.stdout.contains("one (reference)"));
    let found = scene.put(&exam.by_heart(), &[exam.guessed(0.0, 0.0)], &[]);
    assert_eq!(found.done.code, 101, "{}", found.done.stderr);
    let ranked = scene.bed.run(&["compare", text(&told.run)]);
    assert_eq!(ranked.code, 2, "{}", ranked.stderr);
    let named = ["--base-model", MODEL, "--candidate-model", "one"];
    let named = [&["compare", text(&told.run)], &named[..]].concat();
    scene.bed.run(&named).expect(0);
}

#[test]
fn references_are_recorded_replayed_shared_out_and_gone_on_with() {
    let exam = Exam::reworded(ENGLISH, 60);
    let scene = Scene::new(&exam, "");
    let guess = |seed| guessing(&exam, [0.3, 0.1], seed);
    let others = [guess(61), guess(62)];
    let whole = scene.put(&guess(60), &others, &[]);
    let asked = scene.requests();
    let verdicts = read(&whole.run, "verdicts.json");
    verified(&scene.bed, &whole.run);
    let recorded: Value = serde_json::from_str(&read(&whole.run, "run.json")).unwrap();
    assert_eq!(recorded["format"], "cleanbench-run/1.7");
    let roles = recorded["plan"]["models"].as_array().unwrap().iter();
    let roles: Vec<_> = roles.map(|model| model["role"].clone()).collect();
    assert_eq!(roles, [Value::Null, "reference".into(), "reference".into()]);
    scene.bed.run(&["report", text(&whole.run)]).expect(0);
    assert_eq!(read(&whole.run, "verdicts.json"), verdicts);

    let bed = &scene.bed;
    let replayed = ["run", "suite", "--replay", text(&whole.run), "-o", "again"];
    bed.run(&replayed).expect(0);
    assert_eq!(scene.requests(), asked, "nothing is asked");
    let again = bed.only_run("again");
    assert_eq!(read(&again, "verdicts.json"), verdicts);
    verified(bed, &again);
    let refused = [&replayed[..], &["-R", "one"]].concat();
    let refused = bed.run(&refused).expect(2);
    assert!(refused.stderr.contains("models under test are not"));

    let named = ["-R", "one", "-R", "two"];
    for (out, shard) in [("first", "1/2"), ("second", "2/2")] {
        let more = [&named[..], &["--shard", shard]].concat();
        bed.run_suite(out, &more).expect(0);
    }
    let shards = ["first", "second"].map(|out| bed.only_run(out));
    let merge = ["merge", text(&shards[0]), text(&shards[1]), "-o", "merged"];
    bed.run(&merge).expect(0);
    let merged = bed.only_run("merged");
    assert_eq!(read(&merged, "verdicts.json"), verdicts);
    verified(bed, &merged);

    let cap = (asked - 30).to_string();
    let more = [&named[..], &["--max-requests", &cap, "--no-cache"]].concat();
    bed.run_suite("cut", &more).expect(75);
    let cut = bed.only_run("cut");
    bed.run(&["run", "--resume", text(&cut)]).expect(0);
    assert_eq!(read(&cut, "verdicts.json"), verdicts);
    verified(bed, &cut);
}

/// Answers so many of the questions of all items rightly, and passes the checks.
fn answering(exam: &Exam, of_ten: usize) -> Script {
    let mut pairs = recited();
    for items in [&exam.suspects, &exam.controls] {
        let known = items.iter().enumerate();
        let known = known.filter(|(number, _)| number % 10 < of_ten);
        pairs.extend(
            known.map(|(_, item)| (item.question.clone(), item.options[item.right].clone())),
        );
    }
    let default = "no idea what that could be about".to_owned();
    Script::answering(Answers::Map { pairs, default })
}

#[test]
fn accuracies_on_the_controls_stand_beside_each_other() {
    let exam = Exam::reworded(ENGLISH, 60);
    let scene = Scene::new(&exam, "");
    scene.subject.set_script(answering(&exam, 8));
    scene.references[0].set_script(answering(&exam, 7));
    scene.references[1].set_script(answering(&exam, 2));
    let done = scene.bed.run_suite("out", &["-R", "one", "-R", "two"]);
    let run = scene.bed.only_run("out");
    let verdicts: Value = serde_json::from_str(&read(&run, "verdicts.json")).unwrap();
    let shown = verdicts["on_controls"].as_array().unwrap();
    let shown: Vec<_> = shown
        .iter()
        .map(|one| [&one["model"], &one["role"], &one["right"], &one["n"]].map(Value::to_string))
        .collect();
    let expected = [
        ["\"fake\"", "\"subject\"", "48", "60"],
        ["\"one\"", "\"reference\"", "42", "60"],
        ["\"two\"", "\"reference\"", "12", "60"],
    ];
    assert_eq!(shown, expected);
    let line = "accuracy on controls of english: fake 0.800 [0.682, 0.882], reference one 0.700 [0.575, 0.801], reference two 0.200 [0.118, 0.318] (n 60, 95 % Wilson)";
    assert!(done.stdout.contains(line), "{}", done.stdout);
    assert!(read(&run, "summary.md").contains("accuracy on controls of english"));
    let less = "reference model `two` is right on 12 of 60 controls of `english`, clearly fewer than `fake`";
    assert!(done.stderr.contains(less), "{}", done.stderr);
    assert!(!done.stderr.contains("reference model `one` is right"));
}

/// Whoever answers no question, or few of those that the model under test answers, guesses nothing that it guesses.
#[test]
fn a_feeble_reference_measures_no_bias() {
    let exam = Exam::reworded(ENGLISH, 120);
    let scene = Scene::new(&exam, "");
    let able = |memory: Memory, of_ten: usize| {
        let controls = exam.controls.iter().enumerate();
        let known = controls.filter(|(number, _)| number % 10 < of_ten);
        let answers =
            known.map(|(_, item)| format!("{}{}", item.question, item.options[item.right]));
        Memory {
            passages: memory.passages.iter().cloned().chain(answers).collect(),
            ..memory
        }
    };
    let model = || able(leaked(&exam, 0.03, 11), 8);
    let other =
        |number: u64, of_ten: usize| able(guessing(&exam, [0.03, 0.03], 11 + number), of_ten);
    let beside =
        |of_ten: [usize; 2]| scene.put(&model(), &[other(1, of_ten[0]), other(2, of_ten[1])], &[]);
    let peers = beside([8, 7]);
    assert_eq!(peers.class(), "strong", "{:#?}", peers.rows());
    assert_eq!(peers.finding("raw")["bias"]["source"], "references");
    for feeble in [[0, 0], [8, 0], [8, 6]] {
        let told = beside(feeble);
        assert_ne!(told.class(), "strong", "{feeble:?}: {:#?}", told.rows());
        assert_eq!(told.finding("raw")["bias"], Value::Null, "{feeble:?}");
        let line = "reference two measures no bias of fake at english: right on ";
        assert!(told.done.stdout.contains(line), "{}", told.done.stdout);
        assert!(
            told.done.stderr.contains("measures no bias of `fake`"),
            "{}",
            told.done.stderr
        );
    }
}

#[test]
fn references_that_make_no_sense_are_refused_and_checks_list_them() {
    let exam = Exam::reworded(ENGLISH, 12);
    let scene = Scene::new(&exam, "");
    let bed = &scene.bed;
    let refused = bed.run_suite("none", &["-R", MODEL]).expect(2);
    let what = format!("model `{MODEL}` is under test, and cannot be a reference");
    assert!(refused.stderr.contains(&what), "{}", refused.stderr);
    let listed = ["check", "suite", "-m", MODEL, "-R", "one"];
    let listed = bed.run(&listed).expect(0).stdout;
    for line in ["\nmodel fake: ", "\nreference model one: "] {
        assert!(listed.contains(line), "{listed}");
    }
    let suite = read(&bed.path("suite"), "suite.toml");
    let named = suite.replacen("version", "references = [\"one\", \"two\"]\nversion", 1);
    bed.write("suite/suite.toml", &named);
    bed.trust();
    bed.run(&["trust", "suite"]).expect(0);
    let listed = ["check", "suite", "-m", MODEL];
    let listed = bed.run(&listed).expect(0).stdout;
    assert!(listed.contains("\nreference model two: "), "{listed}");
    let (bare, _) = suite.split_once("\n[probes]").unwrap();
    bed.write("suite/suite.toml", bare);
    for command in [
        &["run", "suite", "-m", MODEL, "-R", "one", "-o", "none"][..],
        &["check", "suite", "-m", MODEL, "-R", "one"],
    ] {
        let refused = bed.run(command).expect(2);
        assert!(refused.stderr.contains("`-R one`: no probe is put"));
        for way in [
            "has no `[probes]`",
            "`cleanbench probe SUITE -m MODEL -R REFERENCE`",
        ] {
            assert!(refused.stderr.contains(way), "{}", refused.stderr);
        }
    }
    assert!(!bed.path("none").exists(), "nothing is left");
    let private = suite.replace("\"public\"", "\"secret\"");
    bed.write("suite/suite.toml", &private);
    let refused = bed.run_suite("none", &["-R", "one"]).expect(66);
    assert!(refused.stderr.contains("must not be sent"));
}
