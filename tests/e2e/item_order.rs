//! The order of a published file: who remembers it, who does not, and who guesses it by subject.
//!
//! Answers are written by who knows the file: the questions are those that `probe --questions` writes.

use std::collections::BTreeMap;
use std::path::PathBuf;

use cleanbench_core::seed::derive;
use cleanbench_testkit::{Answers, FakeServer, Script};
use serde_json::{Value, json};

use crate::bed::{Bed, read, table};
use crate::replay::text;

const PROBE: &str = "item-order-quiz";
const ITEMS: usize = 160;
/// Items of a subject.
const SUBJECT: usize = 4;

fn drawn(what: &str) -> usize {
    usize::try_from(derive(11, "", what, "drawn") % 1_000).unwrap()
}

/// The item `number` of the file called `file`: so many words that tell nothing of its subject, nor of its file.
fn item(file: &str, number: usize) -> String {
    let name = format!("{file}{number}");
    let words = 8 + drawn(&name) % 9;
    let word = |at: usize| format!("word{}", drawn(&format!("{name} {at}")));
    let words: Vec<_> = (0..words).map(word).collect();
    format!("{}?", words.join(" "))
}

fn lines(file: &str, more: impl Fn(usize) -> Value) -> String {
    let line = |number: usize| {
        let mut line = more(number);
        line["id"] = json!(format!("{file}{number}"));
        line["input"] = json!(item(file, number));
        line["target"] = json!("none");
        format!("{line}\n")
    };
    (0..ITEMS).map(line).collect()
}

const TASK: &str = "sensitivity = \"public\"\nprompt = \"{{ input }}\"\nscorers = [\"exact\"]\n\
    generate = { temperature = 0, max_tokens = 16 }\n";

/// A suite of a task with `data`, and `more` of its manifest.
fn suite(bed: &Bed, data: &str, more: &str) {
    bed.write(
        "suite/suite.toml",
        &format!(
            "name = \"exam\"\nversion = \"1\"\n\n[[task]]\nname = \"exam\"\ndata = {data}\n{TASK}{more}\n\
             [probes]\nuse = [\"{PROBE}\"]\n"
        ),
    );
}

/// One whose items have rewordings behind them, in another file where `apart`.
fn reworded(bed: &Bed, apart: bool) {
    let originals = lines("o", |_| json!({}));
    let rewordings = lines("r", |number| json!({"rewording_of": format!("o{number}")}));
    if apart {
        suite(bed, "\"part-*.jsonl\"", "");
        bed.write("suite/part-1.jsonl", &originals);
        bed.write("suite/part-2.jsonl", &rewordings);
    } else {
        suite(bed, "\"exam.jsonl\"", "");
        bed.write("suite/exam.jsonl", &(originals + &rewordings));
    }
}

/// One whose controls are another file.
fn with_siblings(bed: &Bed) {
    let more = format!(
        "control = {{ task = \"others\", kind = \"sibling\" }}\n\n[[task]]\nname = \"others\"\ndata = \"others.jsonl\"\n{TASK}"
    );
    suite(bed, "\"exam.jsonl\"", &more);
    bed.write("suite/exam.jsonl", &lines("o", |_| json!({})));
    bed.write("suite/others.jsonl", &lines("s", |_| json!({})));
}

/// What a question of the probe shows: each item by its file and number, the one that it is about first.
struct Question {
    /// The line that shows what it is about.
    about: String,
    shown: Vec<(String, usize)>,
}

impl Question {
    fn of(prompt: &str, known: &BTreeMap<String, (String, usize)>) -> Self {
        let named = |line: &str| Some(known.get(line.split_once(": ")?.1)?.clone());
        let lines: Vec<_> = prompt
            .lines()
            .filter(|line| named(line).is_some())
            .collect();
        Self {
            about: lines[0].to_owned(),
            shown: lines.iter().filter_map(|line| named(line)).collect(),
        }
    }

    /// The number of the first that is like that.
    fn first(&self, is: impl Fn(&str, usize) -> bool) -> Option<usize> {
        let mut others = self.shown[1..].iter();
        Some(others.position(|(file, number)| is(file, *number))? + 1)
    }

    fn next(&self) -> usize {
        let own = self.shown[0].1;
        self.first(|_, number| number == own + 1).unwrap()
    }

    fn any(&self) -> usize {
        drawn(&self.about) % 4 + 1
    }
}

/// The questions that are asked.
fn questions(bed: &Bed, more: &[&str]) -> Vec<Question> {
    let file = bed.path("questions.jsonl");
    let mut arguments = vec!["probe", "suite", "--questions", text(&file)];
    arguments.extend(more);
    bed.run(&arguments).expect(0);
    let lines = fs_err::read_to_string(&file).unwrap();
    fs_err::remove_file(&file).unwrap();
    let lines = lines
        .lines()
        .map(|line| serde_json::from_str::<Value>(line).unwrap());
    let own = lines.filter(|line| line["probe"] == PROBE);
    let all = ["o", "r", "s"].map(|file| (0..ITEMS).map(move |number| (file, number)));
    let known: BTreeMap<_, _> = all
        .into_iter()
        .flatten()
        .map(|(file, number)| (item(file, number), (file.to_owned(), number)))
        .collect();
    own.map(|line| Question::of(line["messages"][0]["content"].as_str().unwrap(), &known))
        .collect()
}

/// A run whose model answers so, and what became of it.
struct Told {
    run: PathBuf,
    row: BTreeMap<String, String>,
    class: String,
    reasons: String,
}

fn told(bed: &Bed, out: &str, more: &[&str], names: impl Fn(&Question) -> usize) -> Told {
    let pairs = questions(bed, more).into_iter().map(|asked| {
        let number = names(&asked);
        (asked.about, number.to_string())
    });
    let server = FakeServer::start(Script::answering(Answers::Map {
        pairs: pairs.collect(),
        default: String::new(),
    }));
    bed.models(&server.url(), "");
    let mut arguments = vec![
        "probe",
        "suite",
        "-m",
        crate::bed::MODEL,
        "-o",
        out,
        "--no-cache",
    ];
    arguments.extend(more);
    bed.run(&arguments).expect(0);
    let run = bed.only_run(out);
    bed.run(&["verify", text(&run)]).expect(0);
    let verdicts: Value = serde_json::from_str(&read(&run, "verdicts.json")).unwrap();
    let verdict = &verdicts["verdicts"][0]["verdict"];
    let rows = table(&run, "contamination.csv");
    Told {
        class: verdict["class"].as_str().unwrap().to_owned(),
        reasons: verdict["reasons"].to_string(),
        row: rows.into_iter().find(|row| row["probe"] == PROBE).unwrap(),
        run,
    }
}

fn count(told: &Told, column: &str) -> usize {
    told.row[column].parse().unwrap()
}

fn bed() -> Bed {
    let bed = Bed::new(0);
    bed.models("http://127.0.0.1:9", "");
    bed
}

/// It is told by pairs, again from the run's record, and where only the first items are taken.
#[test]
fn who_remembers_the_order_of_a_file_is_suspected() {
    let bed = bed();
    reworded(&bed, false);
    let remembers = |asked: &Question| {
        if asked.shown[0].0 == "o" {
            asked.next()
        } else {
            asked.any()
        }
    };
    let found = told(&bed, "out", &[], remembers);
    assert_eq!(found.class, "suspected", "{}", found.reasons);
    assert!(count(&found, "suspects_valid") >= 40, "{:#?}", found.row);
    assert_eq!(found.row["suspects_hits"], found.row["suspects_valid"]);
    assert!(count(&found, "controls_hits") * 10 < count(&found, "controls_valid") * 4);
    let plan: Value = serde_json::from_str(&read(&found.run, "run.json")).unwrap();
    assert_eq!(plan["format"], "cleanbench-run/1.9");
    let probes = plan["plan"]["tasks"].as_array().unwrap();
    let probe = probes
        .iter()
        .find(|task| task["probe"]["id"] == PROBE)
        .unwrap();
    assert_eq!(probe["probe"]["file_order"], true);
    let before = read(&found.run, "contamination.json");
    bed.run(&["report", text(&found.run)]).expect(0);
    assert_eq!(read(&found.run, "contamination.json"), before);
    bed.run(&["score", text(&found.run), "suite", "-o", "again"])
        .expect(0);
    let again = bed.only_run("again");
    assert_eq!(
        read(&again, "verdicts.json"),
        read(&found.run, "verdicts.json")
    );

    let all = questions(&bed, &[]);
    for asked in &all {
        assert!(
            asked.shown.len() == 5
                && asked
                    .shown
                    .iter()
                    .all(|(file, _)| *file == asked.shown[0].0)
        );
        asked.next();
    }
    let clean = told(&bed, "clean", &[], Question::any);
    assert_eq!(clean.class, "underpowered", "{}", clean.reasons);
}

#[test]
fn first_items_keep_their_neighbours_and_files_that_are_put_together_have_none() {
    let bed = bed();
    with_siblings(&bed);
    let of = |more: &[&str]| questions(&bed, more);
    let first = of(&["-n", "60"]);
    assert!(first.len() > 20, "{}", first.len());
    for asked in &first {
        asked.next();
        assert!(asked.shown.iter().all(|(_, number)| *number < 60));
    }
    reworded(&bed, true);
    assert!(of(&[]).is_empty());
    let found = told(&bed, "out", &[], Question::next);
    assert_eq!(found.class, "not_testable", "{}", found.reasons);
    let document = read(&found.run, "contamination.json");
    assert!(
        document.contains("the order of its file is not known"),
        "{document}"
    );
    assert!(!read(&found.run, "run.json").contains("file_order"));
}

/// A model that knows the subjects of a file, which no word tells, and that the other file has none.
#[test]
fn who_guesses_by_subject_is_not_accused() {
    let bed = bed();
    with_siblings(&bed);
    let by_subject = |asked: &Question| {
        let own = asked.shown[0].1 / SUBJECT;
        let same = asked.first(|file, number| file == "o" && number / SUBJECT == own);
        same.unwrap_or_else(|| asked.any())
    };
    let found = told(&bed, "siblings", &[], by_subject);
    assert_eq!(found.class, "not_identifiable", "{}", found.reasons);
    assert!(
        found
            .reasons
            .contains("sorted by subject is guessed without any leak")
    );
    let [own, other] = ["suspects", "controls"].map(|arm| {
        count(&found, &format!("{arm}_hits")) * 100 / count(&found, &format!("{arm}_valid"))
    });
    assert!(own > 40 && other < 40, "{own} {other}");

    reworded(&bed, false);
    let by_subject = |asked: &Question| {
        let own = asked.shown[0].1 / SUBJECT;
        asked
            .first(|_, number| number / SUBJECT == own)
            .unwrap_or_else(|| asked.any())
    };
    let found = told(&bed, "pairs", &[], by_subject);
    assert_eq!(found.class, "underpowered", "{}", found.reasons);
}

/// The same questions are planned wherever a part of the run is planned, and where it stops early.
#[test]
fn a_run_that_is_shared_out_or_stops_early_asks_the_same() {
    let bed = bed();
    reworded(&bed, false);
    let remembers = |asked: &Question| {
        if asked.shown[0].0 == "o" {
            asked.next()
        } else {
            asked.any()
        }
    };
    let whole = told(&bed, "whole", &[], remembers);
    let answers = questions(&bed, &[]).into_iter().map(|asked| {
        let number = remembers(&asked);
        (asked.about, number.to_string())
    });
    let server = FakeServer::start(Script::answering(Answers::Map {
        pairs: answers.collect(),
        default: String::new(),
    }));
    bed.models(&server.url(), "");
    let run = |out: &str, more: &[&str]| {
        let mut arguments = vec!["probe", "suite", "-m", crate::bed::MODEL, "-o", out];
        arguments.extend(more);
        bed.run(&arguments).expect(0);
        bed.only_run(out)
    };
    let parts = ["1/2", "2/2"].map(|part| run(&part.replace('/', "-"), &["--shard", part]));
    bed.run(&["merge", text(&parts[0]), text(&parts[1]), "-o", "merged"])
        .expect(0);
    let merged = bed.only_run("merged");
    bed.run(&["verify", text(&merged)]).expect(0);
    assert_eq!(
        read(&merged, "verdicts.json"),
        read(&whole.run, "verdicts.json")
    );

    let manifest = fs_err::read_to_string(bed.path("suite/suite.toml")).unwrap();
    bed.write(
        "suite/suite.toml",
        &format!("{manifest}early_stop = true\n"),
    );
    let stopping = run("stopping", &[]);
    bed.run(&["verify", text(&stopping)]).expect(0);
    let rows = table(&stopping, "contamination.csv");
    let row = rows.iter().find(|row| row["probe"] == PROBE).unwrap();
    assert_eq!(row["class"], "suspected", "{row:#?}");
}

#[test]
fn what_it_takes_is_told_beforehand() {
    let bed = bed();
    reworded(&bed, false);
    let checked = bed.run(&["check", "suite"]).expect(0);
    let line = checked
        .stdout
        .lines()
        .find(|line| line.contains(PROBE))
        .unwrap();
    let calls: usize = line.split_whitespace().nth(4).unwrap().parse().unwrap();
    assert_eq!(calls, questions(&bed, &[]).len(), "{line}");
    for told in [
        "stands in the question about another item",
        "at most `suspected`",
    ] {
        assert!(checked.stdout.contains(told), "{}", checked.stdout);
    }
    with_siblings(&bed);
    let checked = bed.run(&["check", "suite"]).expect(0);
    let told = "at most `not_identifiable`, whatever is found: the order of a file that is sorted by subject";
    assert!(checked.stdout.contains(told), "{}", checked.stdout);
}
