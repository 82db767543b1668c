//! Probes that stop once a leak is clear: what that spares, and that it changes no class, whoever makes the calls when.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use cleanbench_testkit::{Answers, FakeServer, Memory, Script};
use serde_json::Value;

use crate::bed::{Bed, MODEL, read, table};
use crate::exposure::{ENGLISH, Exam, count};
use crate::replay::text;

/// Items of each arm; a quarter of them is enough for an early look.
const ITEMS: usize = 120;
/// Names of references in the models file.
const REFERENCES: [&str; 2] = ["one", "two"];
/// What is written of items that were not asked about.
const NOT_NEEDED: &str = "not needed, the leak was clear";

/// An exam in two suites, of which one lets probes stop; a server of the model under test, and one of each reference.
struct Scene {
    bed: Bed,
    exam: Exam,
    subject: FakeServer,
    references: [FakeServer; 2],
}

impl Scene {
    fn new() -> Self {
        let bed = Bed::new(0);
        let start = || FakeServer::start(Script::default());
        let (subject, references) = (start(), [start(), start()]);
        let models = [(MODEL, &subject)].into_iter();
        let models = models.chain(REFERENCES.into_iter().zip(&references));
        let models = models.map(|(name, server)| {
            let url = server.url();
            format!("[models.{name}]\nbase_url = \"{url}\"\nmodel = \"m\"\n")
        });
        bed.write("models.toml", &models.collect::<String>());
        bed.trust();
        let exam = Exam::reworded(ENGLISH, ITEMS);
        exam.write(&bed);
        let scene = Self {
            bed,
            exam,
            subject,
            references,
        };
        scene.suite("");
        scene
    }

    /// Writes the suite, with `more` keys of its probes.
    fn suite(&self, more: &str) {
        let suite = format!(
            "name = \"exams\"\nversion = \"1\"\n{}\n[probes]\nuse = [\"completion\"]\n{more}\n",
            self.exam.tasks()
        );
        self.bed.write("suite/suite.toml", &suite);
    }

    /// Puts probes alone to a model beside two others that saw nothing.
    fn put(&self, memory: &Memory, out: &str, more: &[&str]) -> Told {
        let script = |memory: &Memory| Script::answering(Answers::Memory(memory.clone()));
        self.subject.set_script(script(memory));
        for (server, seed) in self.references.iter().zip([4, 5]) {
            server.set_script(script(&self.guessing(seed)));
        }
        let before = self.requests();
        let mut arguments = vec!["probe", "suite", "-m", MODEL, "-o", out];
        arguments.extend(REFERENCES.iter().flat_map(|name| ["-R", *name]));
        arguments.extend(more);
        let done = self.bed.run(&arguments);
        let after = self.requests();
        Told {
            run: self.bed.only_run(out),
            code: done.code,
            asked: std::array::from_fn(|place| after[place] - before[place]),
        }
    }

    fn guessing(&self, seed: u64) -> Memory {
        Memory {
            seed,
            ..self.exam.guessed(0.0, 0.0)
        }
    }

    /// Requests to the model under test, and to all references.
    fn requests(&self) -> [u64; 2] {
        let of_references = self.references.iter().map(|one| one.totals().requests);
        [self.subject.totals().requests, of_references.sum()]
    }

    fn verified(&self, run: &Path) {
        self.bed.run(&["verify", text(run)]).expect(0);
    }
}

/// What a run told.
struct Told {
    run: PathBuf,
    code: i32,
    /// Requests to the model under test, and to all references.
    asked: [u64; 2],
}

impl Told {
    fn rows(&self) -> Vec<BTreeMap<String, String>> {
        let rows = table(&self.run, "contamination.csv").into_iter();
        rows.filter(|row| row["model"] == MODEL && !row["form"].is_empty())
            .collect()
    }

    fn class(&self) -> String {
        self.rows()[0]["class"].clone()
    }
}

fn tables(run: &Path) -> [String; 3] {
    ["results.csv", "contamination.csv", "verdicts.json"].map(|name| read(run, name))
}

const STOPS: &str = "early_stop = true";

#[test]
fn a_clear_leak_takes_less_than_half_of_the_calls_and_is_as_strong() {
    let scene = Scene::new();
    let knows = scene.exam.by_heart();
    let whole = scene.put(&knows, "whole", &[]);
    scene.suite(STOPS);
    let stopped = scene.put(&knows, "stopped", &[]);
    assert_eq!([whole.class(), stopped.class()], ["strong", "strong"]);
    assert!(
        2 * stopped.asked[0] <= whole.asked[0],
        "{:?} of {:?}",
        stopped.asked,
        whole.asked
    );
    assert_eq!(stopped.asked[1], whole.asked[1], "references stop nowhere");
    for row in stopped.rows() {
        let not_needed = format!("{NOT_NEEDED}=180");
        assert!(row["filters"].contains(&not_needed), "{row:#?}");
        assert!(row["interval"].ends_with(", at look 1 of 3"), "{row:#?}");
        assert!(row["test"].ends_with(", at look 1 of 3"), "{row:#?}");
        let of = |what: &str| count(&row, &format!("suspects_{what}"));
        assert_eq!(of("valid") + of("filtered"), ITEMS as u64, "{row:#?}");
        assert_eq!(of("missing"), 0, "{row:#?}");
    }
    let document = read(&stopped.run, "contamination.json");
    let document: Value = serde_json::from_str(&document).unwrap();
    let faults = crate::probe_command::faults(&document);
    assert_eq!(faults, Vec::<String>::new());
    let told = "stopped after 60 of 240 items: the leak was clear";
    assert!(document["verdicts"][0].to_string().contains(told));
    scene.verified(&stopped.run);
    let before = tables(&stopped.run);
    scene.bed.run(&["report", text(&stopped.run)]).expect(0);
    assert_eq!(tables(&stopped.run), before);
    let [whole, stopped] = [whole, stopped].map(|told| read(&told.run, "run.json"));
    assert!(whole.contains("cleanbench-run/1.7") && !whole.contains("early_stop"));
    assert!(stopped.contains("cleanbench-run/1.8"));
}

#[test]
fn a_model_that_saw_nothing_is_asked_everything_and_has_the_same_class() {
    let scene = Scene::new();
    let nothing = scene.guessing(3);
    let whole = scene.put(&nothing, "whole", &[]);
    scene.suite(STOPS);
    let stopped = scene.put(&nothing, "stopped", &[]);
    assert_eq!(
        [whole.class(), stopped.class()],
        ["no_evidence", "no_evidence"]
    );
    assert_eq!(stopped.asked, whole.asked);
    for row in stopped.rows() {
        assert!(row["interval"].ends_with(", at look 3 of 3"), "{row:#?}");
        assert!(!row["filters"].contains("not needed"), "{row:#?}");
    }
    scene.verified(&stopped.run);
}

#[test]
fn between_two_looks_it_can_end_and_go_on_and_shards_come_to_the_same() {
    let scene = Scene::new();
    scene.suite(STOPS);
    let nothing = scene.guessing(3);
    let whole = scene.put(&nothing, "whole", &[]);
    // The first look of all three models, and a little of the second.
    let [subject, references] = whole.asked;
    let cap = ((subject + references) / 3 + 20).to_string();
    let cut = scene.put(&nothing, "cut", &["--max-requests", &cap]);
    assert_eq!(cut.code, 75);
    assert!(
        cut.run.join("batches/00001.jsonl").exists(),
        "a second look was planned"
    );
    assert_ne!(cut.class(), "no_evidence");
    scene.verified(&cut.run);
    scene
        .bed
        .run(&["run", "--resume", text(&cut.run)])
        .expect(0);
    assert_eq!(tables(&cut.run), tables(&whole.run));
    scene.verified(&cut.run);
    let parts = ["1/2", "2/2"].map(|shard| {
        let out = format!("part{}", &shard[..1]);
        scene.put(&nothing, &out, &["--shard", shard]).run
    });
    let merge = ["merge", "-o", "merged", text(&parts[0]), text(&parts[1])];
    scene.bed.run(&merge).expect(0);
    let merged = scene.bed.only_run("merged");
    scene.bed.run(&["run", "--resume", text(&merged)]).expect(0);
    assert_eq!(tables(&merged), tables(&whole.run));
    scene.verified(&merged);
}

#[test]
fn check_tells_the_most_and_what_a_clear_leak_takes() {
    let scene = Scene::new();
    scene.suite(STOPS);
    let done = scene.bed.run(&["check", "suite", "-m", MODEL]).expect(0);
    assert!(done.stdout.contains("240; 60 if clear"), "{}", done.stdout);
    assert!(
        done.stdout.contains("where every leak is clear at once"),
        "{}",
        done.stdout
    );
    scene.suite("early_stop = 1");
    let done = scene.bed.run(&["check", "suite"]);
    assert_eq!(done.code, 65, "{}", done.stderr);
}
