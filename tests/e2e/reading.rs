//! What was read in an answer, by which rule, and what could not be read: on record, in the tables, told; and what
//! another reading of the same answers changes.

use std::path::{Path, PathBuf};

use cleanbench_core::{Digest, Event};
use cleanbench_ledger::{Manifest, RunDirectory};
use cleanbench_testkit::{Answers, Script};
use serde_json::Value;

use crate::bed::{Bed, MODEL, bed_with, copy, read, table};
use crate::replay::text;
use crate::tampering::rewrite;

/// What each sample of a suite is answered, and its target.
struct Asked {
    id: &'static str,
    answer: &'static str,
    target: &'static str,
}

const fn asked(id: &'static str, answer: &'static str, target: &'static str) -> Asked {
    Asked { id, answer, target }
}

const TICKETS: [Asked; 4] = [
    asked("stated", "The answer is B.", "network"),
    asked("letter", "C", "hardware"),
    asked("evasive", "I would\nrather \u{1b}[2J not say.", "account"),
    asked("wrong", "The answer is D.", "billing"),
];

/// A suite of one task over `rows` with the further lines `keys`, and a server that answers as they say.
fn suite(rows: &[Asked], keys: &str) -> (Bed, cleanbench_testkit::FakeServer) {
    let question = |row: &Asked| format!("item {}: what is it?", row.id);
    let pairs = rows
        .iter()
        .map(|row| (question(row), row.answer.to_owned()));
    let answers = Answers::Map {
        pairs: pairs.collect(),
        default: "?".to_owned(),
    };
    let (bed, server) = bed_with(1, Script::answering(answers));
    let manifest = format!(
        "name = \"read\"\nversion = \"1\"\n[[task]]\nname = \"t\"\ndata = \"data.jsonl\"\n\
         prompt = \"{{{{ input }}}}\"\n{keys}\n"
    );
    bed.write("suite/suite.toml", &manifest);
    let line = |row: &Asked| {
        let line = serde_json::json!({"id": row.id, "input": question(row), "target": row.target});
        format!("{line}\n")
    };
    let data: String = rows.iter().map(line).collect();
    bed.write("suite/data.jsonl", &data);
    (bed, server)
}

const CHOICE: &str =
    "choices = [\"billing\", \"network\", \"hardware\", \"account\"]\nscorers = [\"choice\"]";

#[test]
fn the_rule_that_read_an_answer_is_on_record_and_shown() {
    let (bed, _server) = suite(&TICKETS, CHOICE);
    bed.run_suite("out", &[]).expect(0);
    let run = bed.only_run("out");
    bed.run(&["verify", text(&run)]).expect(0);
    let rows = table(&run, "results.csv");
    for row in &rows {
        let is_read = row["extraction_failure"].is_empty();
        assert_eq!(is_read, !row["rule"].is_empty(), "{row:?}");
        let shown = bed.run(&["show", text(&run), &row["sample"]]).expect(0);
        let said = format!("read by: {}", row["rule"]);
        assert_eq!(shown.stdout.contains(&said), is_read, "{}", shown.stdout);
        let json = bed
            .run(&["show", text(&run), &row["sample"], "--format", "json"])
            .expect(0);
        let json: Value = serde_json::from_str(&json.stdout).unwrap();
        let rule = json[0]["calls"][0]["scores"][0]["rule"].as_str();
        assert_eq!(rule.unwrap_or_default(), row["rule"], "{json}");
    }
    assert_eq!(rows.iter().filter(|row| row["rule"].is_empty()).count(), 1);
    let journal = read(&run, "journal/00000.jsonl");
    assert_eq!(journal.matches(",\"rule\":\"").count(), 3, "{journal}");
}

#[test]
fn many_unread_answers_are_told_with_examples_and_the_remedy() {
    let keys = format!("sensitivity = \"public\"\n{CHOICE}");
    let (bed, _server) = suite(&TICKETS, &keys);
    let done = bed.run_suite("out", &[]).expect(0);
    let run = bed.only_run("out");
    let row = table(&run, "summary.csv").remove(0);
    let cells = ["judged", "unread_share", "unread_reasons"].map(|name| row[name].as_str());
    assert_eq!(cells, ["4", "0.25", "no choice named: 1"]);
    assert!(done.stdout.contains("1 (25.0 %)"), "{}", done.stdout);
    let warning = done
        .stderr
        .lines()
        .find(|line| line.contains("could not read"));
    let warning = warning.unwrap_or_else(|| panic!("{}", done.stderr));
    for part in [
        "warning: fake at task t: `choice` could not read 1 of 4 answers (25 %)",
        "evasive (no choice named) \"I would",
        "`extract`",
        "cleanbench show ",
        "cleanbench score ",
    ] {
        assert!(warning.contains(part), "{part}: {warning}");
    }
    assert!(!done.stderr.contains('\u{1b}'), "{}", done.stderr);
    let shown = bed.run(&["show", text(&run), "--format", "json"]).expect(0);
    let json: Value = serde_json::from_str(&shown.stdout).unwrap();
    assert_eq!(json["summary"][0]["unread"]["share"], 0.25, "{json}");
    assert!(read(&run, "summary.md").contains("could not read 1 of 4 answers"));
}

#[test]
fn what_is_not_public_is_not_quoted() {
    let (bed, _server) = suite(&TICKETS, CHOICE);
    let done = bed.run_suite("out", &[]).expect(0);
    assert!(
        done.stderr.contains("such as evasive (no choice named);"),
        "{}",
        done.stderr
    );
    assert!(!done.stderr.contains("I would"), "{}", done.stderr);
    assert!(!read(&bed.only_run("out"), "summary.md").contains("I would"));
}

#[test]
fn few_unread_answers_are_no_warning() {
    let rows = TICKETS.iter().filter(|row| row.id != "evasive");
    let rows: Vec<_> = rows
        .map(|row| asked(row.id, row.answer, row.target))
        .collect();
    let (bed, _server) = suite(&rows, CHOICE);
    let done = bed.run_suite("out", &[]).expect(0);
    assert!(!done.stderr.contains("could not read"), "{}", done.stderr);
    let row = table(&bed.only_run("out"), "summary.csv").remove(0);
    assert_eq!(
        (row["unread_share"].as_str(), row["unread_reasons"].as_str()),
        ("0", "")
    );
}

/// A scorer of the task that does not count for its score may leave answers unread too.
#[test]
fn every_scorer_of_a_task_is_told_of() {
    let keys = CHOICE.replace("[\"choice\"]", "[\"choice\", \"numeric\"]");
    let rows = [asked("a", "B", "2"), asked("b", "A", "1")];
    let keys = keys.replace("\"billing\", \"network\"", "\"1\", \"2\"");
    let (bed, _server) = suite(&rows, &keys);
    let done = bed.run_suite("out", &[]).expect(0);
    let said = "`numeric` could not read 2 of 2 answers (100 %)";
    assert!(done.stderr.contains(said), "{}", done.stderr);
}

#[test]
fn another_reading_says_what_it_changes() {
    let (bed, _server) = suite(&TICKETS, CHOICE);
    bed.run_suite("out", &[]).expect(0);
    let run = bed.only_run("out");
    let same = bed
        .run(&["score", text(&run), "suite", "-o", "same"])
        .expect(0);
    assert!(
        same.stdout
            .contains("no answer is read or judged otherwise"),
        "{}",
        same.stdout
    );
    // Letters alone are no answer now, and one target is another.
    let manifest = read(&bed.path("suite"), "suite.toml");
    let changed = manifest.replace("[\"choice\"]", "[{ type = \"choice\", accept = \"text\" }]");
    bed.write("suite/suite.toml", &changed);
    let done = bed
        .run(&["score", text(&run), "suite", "-o", "again"])
        .expect(0);
    assert!(
        done.stdout
            .contains("what judging the same answers anew changes:"),
        "{}",
        done.stdout
    );
    let line = done
        .stdout
        .lines()
        .find(|line| line.starts_with("fake t:letter epoch 1 choice: "));
    let line = line.unwrap_or_else(|| panic!("{}", done.stdout));
    assert!(line.contains(": 1 (\"hardware\", by: "), "{line}");
    assert!(line.contains(") -> 0 ("), "{line}");
    let counts = done
        .stdout
        .lines()
        .find(|line| line.trim_start().starts_with("t "));
    let counts: Vec<_> = counts.unwrap_or_default().split_whitespace().collect();
    assert_eq!(counts[..2], ["t", "choice"], "{}", done.stdout);
    let [judged, changed, right, wrong] = [2, 3, 4, 5].map(|place| counts[place]);
    assert_eq!((judged, right), ("4", "0"), "{counts:?}");
    assert_eq!((changed, wrong), ("2", "2"), "{counts:?}");
    let json = [
        "score",
        text(&run),
        "suite",
        "-o",
        "json",
        "--format",
        "json",
    ];
    let json = bed.run(&json).expect(0);
    serde_json::from_str::<Value>(&json.stdout).unwrap();
    assert!(
        json.stderr
            .contains("what judging the same answers anew changes:"),
        "{}",
        json.stderr
    );
}

/// The run that the program before rules were on record made, beside the suite that it is of.
fn earlier(bed: &Bed) -> PathBuf {
    let written = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/e2e/run_of_tables_5");
    let run = bed.path("run");
    copy(&written, &run);
    bed.write("suite/suite.toml", &read(&run, "inputs/suite.toml"));
    bed.write("suite/suite.key", &read(&run, "inputs/suite.key"));
    for (name, targets) in [
        (
            "letters",
            &[
                "network", "hardware", "network", "account", "billing", "network", "account",
                "hardware",
            ][..],
        ),
        ("sums", &["60", "-5", "0.75", "12", "3"]),
        ("words", &["Grüße \"aus\" Köln", "yes", "something"]),
    ] {
        let rows = targets.iter().zip(1..).map(|(target, number)| {
            let id = format!("{}{number}", &name[..1]);
            let input = format!("{name} item {id}: what is it?");
            let line = serde_json::json!({"id": id, "input": input, "target": target});
            format!("{line}\n")
        });
        bed.write(&format!("suite/{name}.jsonl"), &rows.collect::<String>());
    }
    run
}

#[test]
fn a_run_from_before_rules_were_told_can_be_judged_anew() {
    let bed = Bed::new(1);
    let run = earlier(&bed);
    let done = bed.run(&["score", "run", "suite", "-o", "out"]).expect(0);
    assert!(
        done.stdout
            .contains("what judging the same answers anew changes:"),
        "{}",
        done.stdout
    );
    // Every answer is judged twice, by each scorer that both have.
    for task in [
        &["letters", "choice", "16"],
        &["sums", "numeric", "5"],
        &["sums", "f1", "5"],
    ] {
        let is_it = |line: &&str| {
            let cells: Vec<_> = line.split_whitespace().take(3).collect();
            cells == task
        };
        assert!(
            done.stdout.lines().any(|line| is_it(&line)),
            "{task:?}: {}",
            done.stdout
        );
    }
    let again = bed.only_run("out");
    bed.run(&["verify", text(&again)]).expect(0);
    let before = table(&run, "results.csv");
    assert!(!before[0].contains_key("rule"));
    for row in table(&again, "results.csv") {
        assert_eq!(
            row["rule"].is_empty(),
            !row["extraction_failure"].is_empty(),
            "{row:?}"
        );
    }
    // What is on record of the earlier run is shown as it is on record.
    for row in before.iter().filter(|row| row["epoch"] == "1") {
        let shown = bed.run(&["show", "run", &row["sample"]]).expect(0).stdout;
        let score = format!("score {}: {}", row["scorer"], row["score"]);
        assert!(shown.contains(&score), "{score}: {shown}");
    }
}

/// Makes of `run` what another version of its scorers would have left, which read `misread` in the answer "C".
fn by_another_version(bed: &Bed, run: &Path) {
    let directory = RunDirectory::at(run);
    let mut manifest = Manifest::read(&directory).unwrap();
    let other = Digest([7; 32]);
    manifest.plan.tasks[0].scorers_digest = other;
    manifest.write(&directory).unwrap();
    let digest = manifest.plan.digest().unwrap();
    rewrite(run, |event| {
        match event {
            Event::Judged { scorers, .. } => *scorers = other,
            Event::Planned { plan } => *plan = digest,
            _ => {}
        }
        true
    });
    bed.run(&["report", text(run)]).expect(0);
    let results = read(run, "results.csv");
    let misread = results.replacen(",hardware,", ",misread,", 1);
    assert_ne!(results, misread);
    fs_err::write(run.join("results.csv"), misread).unwrap();
    let mut manifest = Manifest::read(&directory).unwrap();
    let digest = directory.digest("results.csv").unwrap();
    let files = &mut manifest.end.as_mut().unwrap().files;
    files.insert("results.csv".to_owned(), digest);
    manifest.write(&directory).unwrap();
}

#[test]
fn what_another_version_read_stands_in_its_tables() {
    let (bed, _server) = suite(&TICKETS, CHOICE);
    bed.run_suite("out", &[]).expect(0);
    let run = bed.only_run("out");
    by_another_version(&bed, &run);
    for command in ["verify", "report", "verify"] {
        let done = bed.run(&[command, text(&run)]).expect(0);
        let is_told = done.stdout.contains("judged by another version");
        assert_eq!(is_told, command == "verify", "{}", done.stdout);
        assert_eq!(table(&run, "results.csv")[1]["answer"], "misread");
    }
    let shown = bed.run(&["show", text(&run), "letter"]).expect(0).stdout;
    let said = "judged by another version of the scorer; this one gives 1 (read as \"hardware\"; read by: ";
    assert!(
        shown.contains("score choice: 1 (read by: ") && shown.contains(said),
        "{shown}"
    );
    // What somebody else wrote there is none of its.
    let results = read(&run, "results.csv");
    fs_err::write(
        run.join("results.csv"),
        results.replace(",misread,", ",forged,"),
    )
    .unwrap();
    bed.run(&["verify", text(&run)]).expect(102);
}

/// Answers that an earlier version misread are read otherwise, and its run keeps what it says.
#[test]
fn what_was_misread_is_read_otherwise_and_stands_in_the_earlier_run() {
    let bed = Bed::new(1);
    let run = earlier(&bed);
    let done = bed.run(&["score", "run", "suite", "-o", "out"]).expect(0);
    for line in [
        "letters:l1 epoch 1 choice: 0 (",
        "letters:l3 epoch 1 choice: 0 (",
    ] {
        let found = done.stdout.lines().find(|text| text.contains(line));
        let found = found.unwrap_or_else(|| panic!("{line}: {}", done.stdout));
        assert!(found.contains(" -> 1 (\""), "{found}");
    }
    assert_eq!(table(&run, "results.csv")[0]["answer"], "billing");
    bed.run(&["report", "run"]).expect(0);
    assert_eq!(table(&run, "results.csv")[0]["answer"], "billing");
    let verified = bed.run(&["verify", "run"]).expect(0);
    assert!(
        verified.stdout.contains("another version"),
        "{}",
        verified.stdout
    );
    let shown = bed.run(&["show", "run", "l1"]).expect(0).stdout;
    assert!(
        shown.contains("judged by another version of the scorer"),
        "{shown}"
    );
}

#[test]
fn a_task_says_what_stands_before_its_answers() {
    let rows = [
        asked("a", "A is tempting, B is better.\nFINAL: C", "hardware"),
        asked("b", "<scratch>FINAL: A</scratch>\nFINAL: D", "account"),
        asked("c", "The answer is B.", "network"),
    ];
    let keys = format!(
        "{CHOICE}\nextract = {{ after = \"FINAL:\" }}\nreasoning_marks = [[\"<scratch>\", \"</scratch>\"]]"
    );
    let (bed, _server) = suite(&rows, &keys);
    bed.run_suite("out", &[]).expect(0);
    let run = bed.only_run("out");
    bed.run(&["verify", text(&run)]).expect(0);
    let rows = table(&run, "results.csv");
    let scores: Vec<_> = rows.iter().map(|row| row["score"].as_str()).collect();
    assert_eq!(scores, ["1", "1", "0"], "{rows:?}");
    assert!(!rows[2]["extraction_failure"].is_empty(), "{rows:?}");
    let plan: Value = serde_json::from_str(&read(&run, "run.json")).unwrap();
    let params = &plan["plan"]["tasks"][0]["scorers"][0]["params"];
    assert_eq!(params["extract"]["after"], "FINAL:", "{params}");
    // Without the mark it is another scorer: the same answers are judged anew.
    let manifest = read(&bed.path("suite"), "suite.toml");
    bed.write(
        "suite/suite.toml",
        &manifest.replace("extract =", "# extract ="),
    );
    let done = bed
        .run(&["score", text(&run), "suite", "-o", "again"])
        .expect(0);
    assert!(
        done.stdout.contains("fake t:c epoch 1 choice: 0 (unread: "),
        "{}",
        done.stdout
    );
}

#[test]
fn a_task_says_how_its_numbers_are_written() {
    let rows = [asked("a", "9.500", "9500")];
    let (bed, _server) = suite(&rows, "scorers = [\"numeric\"]\nlocale = \"de\"");
    bed.run_suite("out", &[]).expect(0);
    assert_eq!(table(&bed.only_run("out"), "results.csv")[0]["score"], "1");
}

#[test]
fn a_key_that_no_scorer_reads_by_is_refused_with_its_place() {
    let keys = "choices = [\"a\", \"b\"]\nmethod = \"likelihood\"\nscorers = [\"likelihood\"]\n\
                extract = { after = \"FINAL:\" }";
    let (bed, _server) = suite(&[asked("a", "A", "a")], keys);
    let done = bed.run(&["check", "suite", "-m", MODEL]).expect(65);
    let said = done.stdout + &done.stderr;
    assert!(
        said.contains("suite.toml:10:11: error: no scorer of the task reads answers by `extract`"),
        "{said}"
    );
    assert!(
        said.contains("remove it, or use a scorer that reads a text"),
        "{said}"
    );
}
