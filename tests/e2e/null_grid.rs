//! Models of the null grid through the server, byte for byte: the class and the counts of a run are those of the
//! simulation, which draws answers instead of reading them.
//!
//! These models carry no rate; they show that what the simulation counts is what the program does.

use std::collections::{BTreeMap, BTreeSet};

use cleanbench_core::Sample;
use cleanbench_core::probe::{Arm, ProbeItem};
use cleanbench_core::sample::SampleInput;
use cleanbench_lab::null_grid::scenario::{ByArm, Controls, Leak, Scenario};
use cleanbench_lab::null_grid::study::{Answers as Drawn, Assessed, Model, Set, Shown, Study};
use cleanbench_testkit::{Answers, FakeServer, ItemList, KnownItem, Memory, Script};
use serde_json::json;

use crate::bed::{Bed, MODEL, table};
use crate::exposure::{DECLINED, count, famous};

/// Names of references in the models file.
const REFERENCES: [&str; 2] = ["one", "two"];
/// Seed of the models.
const SEED: u64 = 11;

/// An item as most copies of it stand on the web.
fn laid_out(sample: &Sample) -> String {
    let options = ["A", "B", "C", "D"].into_iter().zip(&sample.choices);
    let options: String = options
        .map(|(label, option)| format!("\n{label}. {option}"))
        .collect();
    format!("Question: {}{options}", question(sample))
}

fn question(sample: &Sample) -> &str {
    match &sample.input {
        SampleInput::Input(text) => text,
        SampleInput::Messages(_) => panic!("the grid has questions"),
    }
}

fn line(sample: &Sample) -> String {
    let mut line = json!({
        "id": sample.id,
        "input": question(sample),
        "choices": sample.choices,
        "target": sample.target,
    });
    for (name, value) in [
        ("cluster", &sample.cluster),
        ("rewording_of", &sample.rewording_of),
    ] {
        if let Some(value) = value {
            line[name] = json!(value);
        }
    }
    format!("{line}\n")
}

fn lines<'a>(items: impl IntoIterator<Item = &'a ProbeItem>) -> String {
    items.into_iter().map(|item| line(&item.sample)).collect()
}

/// What is known of the items of `set` by whoever gave `answers`: the same in every probe and form.
fn lists(set: &Set, answers: &Drawn) -> Vec<ItemList> {
    let mut shown: BTreeMap<(Arm, usize), BTreeSet<String>> = BTreeMap::new();
    let mut by_shown: BTreeMap<String, Vec<KnownItem>> = BTreeMap::new();
    for (design, answers) in set.designs().iter().zip(answers) {
        for (call, answer) in design.calls().iter().zip(answers) {
            let about = shown.entry((call.arm, call.item)).or_default();
            let is_new = about.is_empty();
            about.insert(format!("{:?}", answer.shown));
            if is_new {
                let items = match call.arm {
                    Arm::Suspect => &set.arms.suspects,
                    Arm::Control => &set.arms.controls,
                };
                let item = KnownItem::new(laid_out(&items[call.item].sample));
                by_shown
                    .entry(format!("{:?}", answer.shown))
                    .or_default()
                    .push(item);
            }
        }
    }
    assert!(
        shown.values().all(|shown| shown.len() == 1),
        "not the same in all forms"
    );
    let mut of = |shown: Shown| by_shown.remove(&format!("{shown:?}")).unwrap_or_default();
    vec![
        ItemList::by_heart(of(Shown::Restored)),
        ItemList::guessed(of(Shown::Another), 0.0),
        ItemList::told(of(Shown::Nothing), DECLINED),
    ]
}

/// A suite of a study, a server of its models, and one of each reference.
struct Scene<'a> {
    study: &'a Study,
    bed: Bed,
    subject: FakeServer,
    references: Vec<FakeServer>,
}

impl<'a> Scene<'a> {
    fn new(study: &'a Study, scenario: &Scenario) -> Self {
        let bed = Bed::new(0);
        let start = || FakeServer::start(Script::default());
        let scene = Self {
            study,
            bed,
            subject: start(),
            references: (0..scenario.references).map(|_| start()).collect(),
        };
        scene.write_models();
        scene.write_suite(scenario.controls);
        scene
    }

    fn write_models(&self) {
        let models = [(MODEL, &self.subject)].into_iter();
        let models = models.chain(REFERENCES.into_iter().zip(&self.references));
        let entries = models.map(|(name, server)| {
            let url = server.url();
            format!("[models.{name}]\nbase_url = \"{url}\"\nmodel = \"m\"\n")
        });
        self.bed.write("models.toml", &entries.collect::<String>());
        self.bed.trust();
    }

    fn write_suite(&self, controls: Controls) {
        let task = |name: &str, more: &str| {
            format!(
                "\n[[task]]\nname = \"{name}\"\ndata = \"{name}.jsonl\"\nsensitivity = \"public\"\n\
                 prompt = \"{{{{ input }}}}\"\nscorers = [\"exact\"]\n{more}\n\
                 generate = {{ temperature = 0, max_tokens = 16 }}\n"
            )
        };
        let arms = &self.study.main().arms;
        let mut more = String::new();
        let mut others = String::new();
        let mut items = lines(&arms.suspects);
        match controls {
            Controls::Rewordings => items += &lines(&arms.controls),
            Controls::Siblings => {
                more += "control = { task = \"siblings\", kind = \"sibling\" }\n";
                others += &task("siblings", "");
                self.bed
                    .write("suite/siblings.jsonl", &lines(&arms.controls));
            }
        }
        if let Some(set) = self.study.never_sent() {
            more += "never_sent = \"never-sent\"\n";
            others += &task("never-sent", "");
            let both = set.arms.suspects.iter().chain(&set.arms.controls);
            self.bed.write("suite/never-sent.jsonl", &lines(both));
        }
        self.bed.write("suite/suspects.jsonl", &items);
        let suite = format!(
            "name = \"grid\"\nversion = \"1\"\n{}{others}\n[probes]\nuse = {:?}\n",
            task("suspects", &more),
            cleanbench_lab::null_grid::study::TEXTS
        );
        self.bed.write("suite/suite.toml", &suite);
    }

    fn memory(&self, answers: &Drawn, never_sent: &Drawn) -> Memory {
        let mut all = lists(self.study.main(), answers);
        if let Some(set) = self.study.never_sent().filter(|_| !never_sent.is_empty()) {
            all.extend(lists(set, never_sent));
        }
        Memory {
            lists: all,
            passages: famous(),
            ..Memory::default()
        }
    }

    /// Puts everything to `model` and checks that the run finds what `assessed` says.
    fn check(&self, number: u64, model: &Model, assessed: &Assessed) {
        let script = |memory: Memory| Script::answering(Answers::Memory(memory));
        self.subject
            .set_script(script(self.memory(&model.answers, &model.never_sent)));
        for (server, answers) in self.references.iter().zip(&model.references) {
            server.set_script(script(self.memory(answers, &Vec::new())));
        }
        let named = REFERENCES.iter().take(self.references.len());
        let arguments: Vec<_> = ["-q"]
            .into_iter()
            .chain(named.flat_map(|name| ["-R", *name]))
            .collect();
        let out = format!("out{number}");
        let done = self.bed.run_suite(&out, &arguments);
        let rows = table(&self.bed.only_run(&out), "contamination.csv");
        let rows: Vec<_> = rows
            .into_iter()
            .filter(|row| row["model"] == MODEL)
            .collect();
        for finding in &assessed.findings {
            let is_own = |row: &&BTreeMap<String, String>| {
                row["task"] == "suspects"
                    && row["probe"] == finding.probe
                    && row["form"] == finding.form.as_str()
            };
            let row = rows.iter().find(is_own);
            let row = row.unwrap_or_else(|| panic!("{}: {}", finding.probe, done.stderr));
            let told = [
                "suspects_valid",
                "suspects_hits",
                "suspects_invalid",
                "controls_valid",
                "controls_hits",
                "controls_invalid",
            ];
            let [suspects, controls] = [finding.suspects, finding.controls];
            let expected = [
                suspects.valid,
                suspects.hits,
                suspects.invalid,
                controls.valid,
                controls.hits,
                controls.invalid,
            ];
            assert_eq!(
                told.map(|name| count(row, name)),
                expected,
                "model {number}: {row:#?}"
            );
            assert_eq!(
                row["class"],
                assessed.verdict.class.as_str(),
                "model {number}: {row:#?} {:?}",
                assessed.verdict.reasons
            );
        }
    }
}

/// Puts `models` models of `scenario` to the program; gives their classes.
fn put(scenario: Scenario, models: u64) -> BTreeSet<&'static str> {
    let scenario = Scenario {
        // What a memory knows, it knows in every form, and its other words stand in no item.
        together: true,
        overlap: ByArm::default(),
        ..scenario
    };
    let study = Study::new(&scenario, None).unwrap();
    let scene = Scene::new(&study, &scenario);
    let classes = (0..models).map(|number| {
        let model = study.model(SEED, number);
        let assessed = study.assess(&model);
        scene.check(number, &model, &assessed);
        assessed.verdict.class.as_str()
    });
    classes.collect()
}

/// Scenarios with everything that answers may be: guesses, families, refusals, recall, other models.
fn scenarios() -> [Scenario; 4] {
    let small = |suspects, controls| Scenario {
        items: 60,
        ..Scenario::new(suspects, controls)
    };
    [
        Scenario {
            never_sent: 60,
            declined: ByArm {
                suspects: 0.1,
                controls: 0.0,
            },
            ..small(0.3, 0.15)
        },
        Scenario {
            references: 2,
            leak: Leak {
                share: 0.5,
                recall: 0.6,
            },
            ..small(0.2, 0.2)
        },
        Scenario {
            family: 4,
            controls: Controls::Siblings,
            references: 2,
            ..small(0.3, 0.2)
        },
        Scenario {
            family: 3,
            never_sent: 60,
            leak: Leak {
                share: 0.3,
                recall: 0.9,
            },
            ..small(0.1, 0.1)
        },
    ]
}

#[test]
fn a_run_finds_what_the_simulation_finds() {
    let mut classes = BTreeSet::new();
    for scenario in scenarios() {
        classes.extend(put(scenario, 1));
    }
    assert!(classes.len() > 1, "{classes:?}");
}

/// A hundred models. They take minutes, and add certainty and no rate.
#[test]
#[ignore = "takes minutes; `--ignored` puts 25 models of each scenario to the program"]
fn a_hundred_models_are_found_as_the_simulation_finds_them() {
    for scenario in scenarios() {
        put(scenario, 25);
    }
}
