//! Suites whose files are sorted otherwise: gates, early ends, summaries, slices and comparisons stay what they are.
//!
//! The many orders are in `cleanbench-study/tests/orders.rs`; these few go through the program. Samples keep their ids and
//! stand elsewhere, the losses first, last, or anywhere.

use std::collections::BTreeMap;

use cleanbench_testkit::{Answers, FakeServer, Fault, Rule, Script};
use serde_json::Value;

use crate::bed::{Bed, read, table};

/// What a suite is made of.
#[derive(Clone, Copy)]
struct Making {
    samples: usize,
    /// Answers of the baseline and of the candidate, by the number of the sample.
    answers: [fn(usize) -> &'static str; 2],
    /// Whether samples hang together, five at a time.
    clustered: bool,
    /// Every so many samples are not answered the first time they are asked.
    lost: Option<usize>,
    epochs: usize,
    /// The gates that may stop early.
    early: bool,
}

const RIGHT: &str = "north gate";
const PARTS: [&str; 4] = [RIGHT, "north", "north gate two", "south"];

const PLAIN: Making = Making {
    samples: 90,
    answers: [
        |number| if number % 5 == 0 { "south" } else { RIGHT },
        |number| if number % 4 == 0 { "south" } else { RIGHT },
    ],
    clustered: false,
    lost: None,
    epochs: 1,
    early: false,
};

const SUITES: [Making; 6] = [
    PLAIN,
    // In part, with all that may be missing.
    Making {
        answers: [
            |number| PARTS[number % 4],
            |number| PARTS[number * number % 7 % 4],
        ],
        lost: Some(9),
        ..PLAIN
    },
    // Near 1 and skewed, in clusters.
    Making {
        samples: 110,
        answers: [
            |_| RIGHT,
            |number| if number % 11 == 0 { "north" } else { RIGHT },
        ],
        clustered: true,
        ..PLAIN
    },
    Making {
        answers: [
            |number| PARTS[number * 3 % 5 % 4],
            |number| PARTS[number * 2 % 5 % 4],
        ],
        clustered: true,
        lost: Some(7),
        ..PLAIN
    },
    Making {
        samples: 40,
        answers: [|number| PARTS[number % 3], |number| PARTS[number % 4]],
        lost: Some(5),
        epochs: 3,
        ..PLAIN
    },
    Making {
        samples: 200,
        answers: [
            |_| RIGHT,
            |number| if number < 70 { "south" } else { RIGHT },
        ],
        early: true,
        ..PLAIN
    },
];

const GATES: [&str; 5] = [
    "metric = \"accuracy\"\ntest = \"floor\"\nmin = 0.7",
    "metric = \"accuracy\"\ntest = \"non_inferiority\"\nmargin = 0.1",
    "metric = \"accuracy\"\ntest = \"superiority\"",
    "metric = \"error_rate\"\ntest = \"ceiling\"\nmax = 0.2",
    "metric = \"cost_per_solved\"\ntest = \"ceiling\"\nmax = 0.00001",
];
const EARLY: [&str; 2] = [
    "metric = \"accuracy\"\ntest = \"floor\"\nmin = 0.55\nearly_stop = true",
    "metric = \"accuracy\"\ntest = \"non_inferiority\"\nmargin = 0.3\nearly_stop = true",
];

impl Making {
    fn prompt(number: usize) -> String {
        format!("Answer number {number} please.")
    }

    fn script(&self, side: usize) -> Script {
        let pairs = (0..self.samples)
            .map(|number| (Self::prompt(number), self.answers[side](number).to_owned()));
        let mut script = Script::answering(Answers::Map {
            pairs: pairs.collect(),
            default: String::new(),
        });
        let fails = Fault::Status {
            code: 400,
            retry_after: None,
            error: None,
        };
        let is_lost = |number: &usize| self.lost.is_some_and(|every| number % every == 1);
        for number in (0..self.samples).filter(is_lost) {
            let rule = Rule::always(fails.clone()).when_prompt_contains(&Self::prompt(number));
            script = script.with_rule(rule.times_per_prompt(1));
        }
        script
    }

    /// A server that answers for `side`, and a models file that names it.
    fn server(&self, bed: &Bed, side: usize) -> FakeServer {
        let server = FakeServer::start(self.script(side));
        bed.models(&server.url(), "price = { input = \"1\", output = \"2\" }");
        server
    }

    fn write(&self, bed: &Bed, order: &[usize], gates: &[&str]) {
        let line = |number: &usize| {
            format!(
                "{{\"id\":\"s{number}\",\"input\":\"{}\",\"target\":\"{RIGHT}\",\"metadata\":{{\"of\":\"s{}\",\"lang\":\"{}\"}}}}\n",
                Self::prompt(*number),
                number / 5,
                ["de", "en"][number % 2],
            )
        };
        // The order in which a task is asked that may end early follows from the key and the seed.
        bed.write("suite/suite.key", &"07".repeat(32));
        bed.write(
            "suite/data.jsonl",
            &order.iter().map(line).collect::<String>(),
        );
        let gates: String = gates
            .iter()
            .map(|gate| format!("\n[[gate]]\n{gate}\n"))
            .collect();
        let cluster = if self.clustered {
            "cluster = \"of\"\n"
        } else {
            ""
        };
        bed.write(
            "suite/suite.toml",
            &format!(
                "name = \"orders\"\nversion = \"1\"\n\n[[task]]\nname = \"t\"\ndata = \"data.jsonl\"\n\
                 sensitivity = \"private\"\nprompt = \"{{{{ input }}}}\"\nscorers = [\"f1\"]\n\
                 slices = [\"lang\"]\nepochs = {}\n{cluster}{gates}",
                self.epochs
            ),
        );
    }

    /// As written, what the candidate loses first, and all over the place.
    fn orders(&self) -> [Vec<usize>; 3] {
        let forth: Vec<_> = (0..self.samples).collect();
        let mut losses_first = forth.clone();
        losses_first.sort_by_key(|number| {
            let answer = self.answers[1](*number);
            (answer == RIGHT, answer.len(), usize::MAX - number)
        });
        let mixed = forth.iter().map(|at| at * 37 % self.samples).collect();
        [forth, losses_first, mixed]
    }
}

/// What is concluded, by name: of the gates, `summary.csv`, `slices.csv` and `compare`.
fn concluded(bed: &Bed, making: &Making, out: &str) -> BTreeMap<String, String> {
    let (one, other) = (format!("base-{out}"), format!("new-{out}"));
    // One that has not been asked yet, so that it fails the first time again.
    let _server = making.server(bed, 0);
    bed.run_suite(&one, &["-q"]);
    let base = bed.only_run(&one);
    let base = base.to_str().unwrap();
    let _server = making.server(bed, 1);
    let done = bed.run_suite(&other, &["--baseline", base]);
    assert!([0, 3, 75, 100].contains(&done.code), "{}", done.stderr);
    let new = bed.only_run(&other);
    bed.run(&["verify", new.to_str().unwrap()]).expect(0);
    let mut found = BTreeMap::new();
    let gates: Value = serde_json::from_str(&read(&new, "gates.json")).unwrap();
    found.insert("gates".to_owned(), gates["gates"].to_string());
    for file in ["summary.csv", "slices.csv"] {
        for (line, row) in table(&new, file).into_iter().enumerate() {
            let cells = ["n", "score", "interval_low", "interval_high", "method"];
            let cells = cells.map(|name| row.get(name).cloned().unwrap_or_default());
            found.insert(format!("{file} {line}"), cells.join(" "));
        }
    }
    let new = new.to_str().unwrap();
    let compared = bed.run(&["compare", base, new, "-o", "cmp", "--format", "json"]);
    let mut compared: Value = serde_json::from_str(&compared.expect(0).stdout).unwrap();
    for task in compared["tasks"].as_array_mut().unwrap() {
        // No two runs take the same time.
        let spending = task["spending"].as_array_mut().unwrap();
        spending.retain(|amount| !amount["what"].as_str().unwrap().starts_with("latency"));
    }
    found.insert("compared".to_owned(), compared["tasks"].to_string());
    found
}

#[test]
fn the_order_of_a_file_changes_no_conclusion() {
    for (number, making) in SUITES.iter().enumerate() {
        let bed = Bed::new(1);
        let mut first = None;
        for (place, order) in making.orders().iter().enumerate() {
            let gates: &[&str] = if making.early { &EARLY } else { &GATES };
            making.write(&bed, order, gates);
            let found = concluded(&bed, making, &place.to_string());
            let first = first.get_or_insert_with(|| found.clone());
            for (name, value) in &found {
                assert_eq!(value, &first[name], "suite {number}, order {place}: {name}");
            }
        }
    }
}

/// A task whose gate ends it is asked in the same order wherever its samples stand, so it ends after the same ones.
#[test]
fn an_early_end_comes_after_the_same_samples() {
    let making = &SUITES[5];
    let bed = Bed::new(1);
    let _server = making.server(&bed, 1);
    let mut asked = Vec::new();
    for (place, order) in making.orders().iter().enumerate() {
        making.write(&bed, order, &EARLY[..1]);
        let out = format!("out{place}");
        bed.run_suite(&out, &["-q"]);
        let rows = table(&bed.only_run(&out), "results.csv");
        let answered = rows.iter().filter(|row| row["outcome"] == "answered");
        let mut ids: Vec<_> = answered.map(|row| row["sample"].clone()).collect();
        ids.sort();
        asked.push(ids);
    }
    assert!((20..180).contains(&asked[0].len()), "{}", asked[0].len());
    assert!(asked.iter().all(|ids| *ids == asked[0]), "{asked:?}");
}
