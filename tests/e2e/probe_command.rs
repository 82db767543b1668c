//! Probes alone: asked of a model, foreseen before anything is spent, told in one document, or answered elsewhere.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use cleanbench_core::probe::{Arm, ProbeForm};
use cleanbench_probe::checks::{self, Audience};
use cleanbench_testkit::{Answers, Declines, FakeServer, ItemList, KnownItem, Memory, Script};
use serde_json::{Value, json};

use crate::bed::{Bed, MODEL, read, table};
use crate::replay::text;

const WORDS: &str = "river lantern copper winter orchard bridge hollow market candle sparrow timber velvet harbour \
    meadow pepper anchor thunder barley marble cinder willow ribbon saddle tunnel feather kettle canyon";
/// Enough items to certify.
const MANY: usize = 120;
/// A gate that all but proof passes.
const LENIENT: &str = "\n[[gate]]\nmetric = \"contamination\"\nat_most = \"strong\"\n";
/// A gate that only "no evidence" passes, and one on scores.
const GATES: &str = "\n[[gate]]\nmetric = \"contamination\"\nat_most = \"no_evidence\"\n\
    \n[[gate]]\nmetric = \"accuracy\"\ntest = \"floor\"\nmin = 0.5\n";
const PROBES: &str = "\n[probes]\nuse = [\"completion\"]\n";

/// A text that `name` alone decides.
fn words(name: &str) -> String {
    let all: Vec<_> = WORDS.split_whitespace().collect();
    let drawn = |place: usize| {
        let drawn = cleanbench_core::seed::derive(3, "", &format!("{name} {place}"), "word");
        all[usize::try_from(drawn % all.len() as u64).unwrap()]
    };
    (0..12).map(drawn).collect::<Vec<_>>().join(" ")
}

/// The item `id` as it is asked, with its options.
fn item(id: &str) -> (String, Vec<String>) {
    let options = ["A", "B", "C", "D"].map(|label| words(&format!("{id} {label}")));
    (words(&format!("{id} question")) + "?", options.to_vec())
}

/// The same as most copies of it stand on the web.
fn laid_out(id: &str) -> String {
    let (question, options) = item(id);
    let options = ["A", "B", "C", "D"].into_iter().zip(options);
    let options = options.map(|(label, option)| format!("\n{label}. {option}"));
    format!("Question: {question}{}", options.collect::<String>())
}

fn line(id: &str, rewords: Option<&str>) -> String {
    let (question, options) = item(id);
    let mut line = json!({"id": id, "input": question, "choices": options, "target": options[0]});
    if let Some(original) = rewords {
        line["rewording_of"] = json!(original);
    }
    format!("{line}\n")
}

fn suspects(items: usize) -> impl Iterator<Item = String> {
    (0..items).map(|number| format!("o{number}"))
}

fn controls(items: usize) -> impl Iterator<Item = String> {
    (0..items).map(|number| format!("r{number}"))
}

/// A suite of one task with so many items, each with a rewording, and `more` in its manifest.
fn suite(bed: &Bed, items: usize, more: &str) {
    let manifest = "name = \"exam\"\nversion = \"1\"\n\n[[task]]\nname = \"exam\"\ndata = \"exam.jsonl\"\n\
        sensitivity = \"public\"\nprompt = \"{{ input }}\"\nscorers = [\"exact\"]\n\
        generate = { temperature = 0, max_tokens = 16 }\n";
    bed.write("suite/suite.toml", &format!("{manifest}{more}"));
    let originals = suspects(items).map(|id| line(&id, None));
    let pairs = suspects(items).zip(controls(items));
    let rewordings = pairs.map(|(original, id)| line(&id, Some(&original)));
    bed.write(
        "suite/exam.jsonl",
        &originals.chain(rewordings).collect::<String>(),
    );
}

/// What every model knows.
fn famous() -> Vec<String> {
    let list = concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/../cleanbench-probe/src/checks/texts.txt"
    );
    let list = fs_err::read_to_string(list).unwrap();
    let texts = list.lines().filter_map(|line| {
        let (head, text) = line.split_once(" = ")?;
        let of_servers = head.starts_with("memory ") || head.starts_with("continue ");
        of_servers.then(|| text.replace(" // ,", ",").replace(" // ", " "))
    });
    texts.collect()
}

/// A model that restores so many of the items and of their rewordings, by chance.
fn guessing(items: usize, share: f64) -> Memory {
    let known = |ids: Vec<String>| ids.into_iter().map(|id| KnownItem::new(laid_out(&id)));
    Memory {
        lists: vec![
            ItemList::guessed(known(suspects(items).collect()), share),
            ItemList::guessed(known(controls(items).collect()), 0.0),
        ],
        passages: famous(),
        ..Memory::default()
    }
}

fn by_heart(items: usize) -> Memory {
    guessing(items, 1.0)
}

fn clean(items: usize) -> Memory {
    guessing(items, 0.0)
}

/// A suite and a server that answers as `memory` says.
fn scene(items: usize, more: &str, memory: Memory) -> (Bed, FakeServer) {
    let server = FakeServer::start(Script::answering(Answers::Memory(memory)));
    let bed = Bed::new(0);
    bed.models(&server.url(), "");
    suite(&bed, items, more);
    (bed, server)
}

/// Puts the probes alone, into the folder `out`.
fn probe(bed: &Bed, out: &str, more: &[&str]) -> crate::bed::Done {
    let mut arguments = vec!["probe", "suite", "-m", MODEL, "-o", out];
    arguments.extend(more);
    bed.run(&arguments)
}

fn json_of(run: &Path, name: &str) -> Value {
    serde_json::from_str(&read(run, name)).unwrap()
}

fn verified(bed: &Bed, run: &Path) {
    bed.run(&["verify", text(run)]).expect(0);
}

fn class(run: &Path) -> String {
    let verdicts = json_of(run, "verdicts.json");
    let class = verdicts["verdicts"][0]["verdict"]["class"].as_str();
    class.unwrap_or_else(|| panic!("{verdicts}")).to_owned()
}

/// The verdict on each metric.
fn gates(run: &Path) -> BTreeMap<String, String> {
    let gates = json_of(run, "gates.json");
    let results = gates["gates"].as_array().unwrap().clone();
    let word = |value: &Value| value.as_str().unwrap().to_owned();
    let each = results.iter();
    each.map(|result| (word(&result["gate"]["metric"]), word(&result["verdict"])))
        .collect()
}

#[test]
fn probes_are_put_alone_and_the_tables_say_that_tasks_were_not_asked() {
    let (bed, server) = scene(MANY, &format!("{PROBES}{GATES}"), clean(MANY));
    let done = probe(&bed, "out", &[]).expect(0);
    assert!(done.stdout.contains("not asked"), "{}", done.stdout);
    assert!(
        done.stderr.contains("probes alone are put"),
        "{}",
        done.stderr
    );
    let run = bed.only_run("out");
    assert_eq!(class(&run), "no_evidence");
    let expected = [("contamination", "pass"), ("accuracy", "not_evaluated")];
    let expected = expected.map(|(metric, verdict)| (metric.to_owned(), verdict.to_owned()));
    assert_eq!(gates(&run), BTreeMap::from(expected));
    let rows = table(&run, "results.csv");
    assert!(rows.iter().all(|row| row["task"] != "exam"));
    assert_eq!(server.totals().requests, rows.len() as u64);
    let summary = table(&run, "summary.csv");
    let task = summary.iter().find(|row| row["task"] == "exam").unwrap();
    let told = ["score", "n", "epochs", "samples", "open", "contamination"]
        .map(|name| task[name].as_str());
    let samples = (2 * MANY).to_string();
    assert_eq!(told, ["", "0", "0", samples.as_str(), "0", "no_evidence"]);
    assert!(read(&run, "summary.md").contains("not asked"));
    let told = "no sample of it was put to the model";
    assert!(read(&run, "junit.xml").contains(told));
    let plan = json_of(&run, "run.json");
    assert_eq!(plan["format"], "cleanbench-run/1.7");
    verified(&bed, &run);

    bed.run_suite("same", &["--probes-only"]).expect(0);
    let same = bed.only_run("same");
    let tasks = |run: &Path| json_of(run, "run.json")["plan"]["tasks"].clone();
    assert_eq!(tasks(&same), tasks(&run));
    assert_eq!(read(&same, "verdicts.json"), read(&run, "verdicts.json"));

    server.set_script(Script::answering(Answers::Memory(by_heart(MANY))));
    probe(&bed, "leaked", &["--no-cache"]).expect(101);
    assert_eq!(class(&bed.only_run("leaked")), "suspected");
}

#[test]
fn a_run_of_probes_alone_is_gone_on_with_shared_out_judged_again_and_not_compared() {
    let (bed, server) = scene(MANY, PROBES, clean(MANY));
    probe(&bed, "whole", &["--no-cache"]).expect(0);
    let whole = bed.only_run("whole");
    let asked = server.totals().requests;
    let cap = (asked - 40).to_string();
    probe(&bed, "cut", &["--no-cache", "--max-requests", &cap]).expect(75);
    let cut = bed.only_run("cut");
    bed.run(&["probe", "--resume", text(&cut)]).expect(0);
    assert_eq!(server.totals().requests, 2 * asked);
    assert_eq!(read(&cut, "verdicts.json"), read(&whole, "verdicts.json"));
    verified(&bed, &cut);

    probe(&bed, "one", &["--shard", "1/2"]).expect(0);
    probe(&bed, "two", &["--shard", "2/2"]).expect(0);
    let parts = [bed.only_run("one"), bed.only_run("two")];
    bed.run(&["merge", text(&parts[0]), text(&parts[1]), "-o", "merged"])
        .expect(0);
    let merged = bed.only_run("merged");
    assert_eq!(
        read(&merged, "verdicts.json"),
        read(&whole, "verdicts.json")
    );
    verified(&bed, &merged);

    bed.run(&["score", text(&whole), "suite", "-o", "again"])
        .expect(0);
    let again = bed.only_run("again");
    assert_eq!(read(&again, "verdicts.json"), read(&whole, "verdicts.json"));
    let done = bed.run(&["compare", text(&whole), text(&again), "-o", "compared"]);
    assert_ne!(done.code, 0);
    assert!(
        done.stderr.contains("no task in common that was asked"),
        "{}",
        done.stderr
    );
    let shown = bed.run(&["show", text(&whole), "exam:o1"]).expect(0);
    assert!(shown.stdout.contains("o1"), "{}", shown.stdout);
}

#[test]
fn without_a_table_of_probes_the_primary_ones_are_put_and_it_is_said() {
    let (bed, _server) = scene(30, "", clean(30));
    let done = probe(&bed, "out", &[]).expect(0);
    let told = "the primary ones are put (completion, option-completion)";
    assert!(done.stderr.contains(told), "{}", done.stderr);
    let run = bed.only_run("out");
    let findings = table(&run, "contamination.csv");
    let names: BTreeSet<_> = findings.iter().map(|row| row["probe"].as_str()).collect();
    assert_eq!(names, BTreeSet::from(["completion", "option-completion"]));
    let before = read(&run, "verdicts.json");
    bed.run(&["score", text(&run), "suite", "-o", "again"])
        .expect(0);
    assert_eq!(read(&bed.only_run("again"), "verdicts.json"), before);
}

#[test]
fn a_suite_without_controls_is_told_which_ones_it_needs() {
    let (bed, server) = scene(30, PROBES, clean(30));
    let lines: String = suspects(30).map(|id| line(&id, None)).collect();
    bed.write("suite/exam.jsonl", &lines);
    let done = probe(&bed, "out", &[]).expect(65);
    for told in [
        "no probe can be put",
        "(`exam`)",
        "rewording_of",
        "isomorph_of",
        "control = {",
    ] {
        assert!(done.stderr.contains(told), "{told}: {}", done.stderr);
    }
    assert_eq!(server.totals().requests, 0);
    assert!(!bed.path("out").exists());
}

/// Classes that say nothing, and a model that comes to each.
#[test]
fn no_class_that_says_nothing_passes_a_gate_however_lenient() {
    let declining = Memory {
        declines: Some(Declines::everything(
            "I'm sorry, but I can't help with that.",
        )),
        ..by_heart(MANY)
    };
    let shown_only = "\n[probes]\nuse = [\"completion-second-cut\"]\n";
    for (expected, items, probes, memory) in [
        ("underpowered", 30, PROBES, clean(30)),
        ("not_testable", MANY, PROBES, declining),
        ("not_identifiable", MANY, PROBES, guessing(MANY, 0.15)),
        ("not_assessed", 30, shown_only, clean(30)),
    ] {
        let (bed, _server) = scene(items, &format!("{probes}{LENIENT}"), memory);
        let done = probe(&bed, "out", &[]);
        let run = bed.only_run("out");
        assert_eq!(class(&run), expected);
        assert_eq!(gates(&run)["contamination"], "inconclusive", "{expected}");
        assert_eq!(done.code, 75, "{expected}: {}", done.stderr);
        let strict = format!("{probes}{LENIENT}on_inconclusive = \"fail\"\n");
        suite(&bed, items, &strict);
        probe(&bed, "strict", &[]).expect(101);
    }
    let (bed, _server) = scene(30, LENIENT, clean(30));
    bed.run_suite("unprobed", &[]).expect(75);
    assert_eq!(
        gates(&bed.only_run("unprobed"))["contamination"],
        "inconclusive"
    );
}

#[test]
fn check_says_beforehand_which_classes_are_within_reach() {
    let (bed, server) = scene(MANY, PROBES, clean(MANY));
    let done = bed.run(&["check", "suite", "-m", MODEL]).expect(0);
    for told in [
        "120 of 120",
        "exam: at most `suspected`, from a difference of 15 points on: bias is not measured",
        "exam: `no_evidence` is within reach of completion (raw)",
        "of measures bias is not measured (completion raw and 1 more)",
    ] {
        assert!(done.stdout.contains(told), "{told}: {}", done.stdout);
    }
    // Hits and measures in two forms are a family of four, of which 98 pairs are enough.
    let row = done
        .stdout
        .lines()
        .find(|line| line.contains("120 of 120"))
        .unwrap();
    assert!(row.split_whitespace().any(|cell| cell == "98"), "{row}");
    suite(&bed, 40, PROBES);
    let done = bed.run(&["check", "suite"]).expect(0);
    let told = "at most 40 items an arm that do not hang together can be used, and 100 are needed";
    assert!(done.stdout.contains(told), "{}", done.stdout);
    assert_eq!(server.totals().requests, 0);
}

/// The schema that stands beside the documents.
fn schema() -> Value {
    let path = concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/../../docs/format/contamination.schema.json"
    );
    serde_json::from_str(&fs_err::read_to_string(path).unwrap()).unwrap()
}

/// Where `document` is not of the form that is written down.
pub(crate) fn faults(document: &Value) -> Vec<String> {
    let validator = jsonschema::draft202012::new(&schema()).unwrap();
    let faults = validator.iter_errors(document);
    faults
        .map(|fault| format!("{}: {fault}", fault.instance_path()))
        .collect()
}

#[test]
fn one_document_tells_everything_in_the_form_that_is_written_down() {
    let schema = schema();
    let validator = jsonschema::draft202012::new(&schema).unwrap();
    for (memory, expected) in [(clean(MANY), "no_evidence"), (by_heart(MANY), "suspected")] {
        let (bed, _server) = scene(MANY, PROBES, memory);
        // With the tasks, so that there are gaps between them.
        bed.run_suite("out", &[]);
        let run = bed.only_run("out");
        let document = json_of(&run, "contamination.json");
        assert_eq!(faults(&document), Vec::<String>::new());
        assert_eq!(document["rules"]["tables"], json!(9));
        let found = &document["verdicts"][0];
        assert_eq!(found["class"], expected);
        let row = &table(&run, "contamination.csv")[0];
        let finding = &found["findings"][0];
        assert_eq!(
            finding["suspects"]["hits"].to_string(),
            row["suspects_hits"]
        );
        let points = found["power_curve"][0]["points"].as_array().unwrap();
        assert_eq!(points.len(), 12);
        let declared = points
            .iter()
            .find(|point| point["seen"] == 0.2 && point["recall"] == 0.5);
        assert_eq!(declared.unwrap()["power"], finding["power_declared_effect"]);
        let told = "assumed, not measured on this model";
        let summary = read(&run, "summary.md");
        assert_eq!(
            summary.contains(told),
            expected == "no_evidence",
            "{summary}"
        );

        let mut wrong = document.clone();
        wrong["verdicts"][0]["class"] = json!("clean");
        assert!(!validator.is_valid(&wrong), "there is no such class");
        fs_err::write(run.join("contamination.json"), wrong.to_string()).unwrap();
        bed.run(&["verify", text(&run)]).expect(102);
    }
}

/// What is asked of somebody else, and what a model that knows `known` answers, a line each.
fn answered(bed: &Bed, known: bool, with_checks: bool) -> String {
    let expected: BTreeMap<_, _> = checks::NAMES
        .iter()
        .flat_map(|name| checks::arms(name, ProbeForm::Raw, Audience::of([false])).suspects)
        .map(|item| (item.sample.id, item.sample.target.unwrap()))
        .collect();
    let questions = read(&bed.path("."), "questions.jsonl");
    let mut lines = String::new();
    for line in questions.lines() {
        let question: Value = serde_json::from_str(line).unwrap();
        let item = question["item"].as_str().unwrap();
        let is_check = question["task"] == checks::TASK;
        if is_check && !with_checks {
            continue;
        }
        let said = if is_check {
            expected[item].as_str().unwrap().to_owned()
        } else {
            let beginning = question["messages"][0]["content"].as_str().unwrap();
            let whole = laid_out(item);
            let rest = whole.strip_prefix(beginning).expect(beginning);
            let is_known = known && question["arm"] == Arm::Suspect.as_str();
            if is_known {
                rest.to_owned()
            } else {
                words(&format!("{item} {} guessed", question["arm"]))
            }
        };
        let mut answer = question.clone();
        answer["text"] = json!(said);
        answer["finish"] = json!("stop");
        answer["model"] = json!("far-away");
        lines.extend([answer.to_string(), "\n".to_owned()]);
    }
    lines
}

/// A suite whose questions are written down, without any server.
fn elsewhere() -> Bed {
    let bed = Bed::new(0);
    suite(&bed, MANY, &format!("{PROBES}forms = [\"raw\"]\n{GATES}"));
    bed.run(&["probe", "suite", "--questions", "questions.jsonl"])
        .expect(0);
    bed
}

fn taken(bed: &Bed, out: &str, answers: &str) -> (crate::bed::Done, PathBuf) {
    bed.write("answers.jsonl", answers);
    let done = bed.run(&["probe", "suite", "--answers", "answers.jsonl", "-o", out]);
    (done, bed.only_run(out))
}

#[test]
fn answers_that_were_recorded_elsewhere_are_judged_like_any_other() {
    let bed = elsewhere();
    let (done, run) = taken(&bed, "clean", &answered(&bed, false, true));
    let done = done.expect(0);
    assert_eq!(class(&run), "no_evidence");
    let plan = &json_of(&run, "run.json")["plan"];
    assert_eq!(plan["models"][0]["name"], "far-away");
    let imported = &plan["imported"];
    assert_eq!(imported["tool"], "answers recorded elsewhere");
    assert_eq!(imported["sources"][0]["file"], "answers.jsonl");
    assert!(done.stderr.contains("word for word"), "{}", done.stderr);
    verified(&bed, &run);
    let before = read(&run, "contamination.json");
    bed.run(&["report", text(&run)]).expect(0);
    assert_eq!(read(&run, "contamination.json"), before);

    let (done, run) = taken(&bed, "leaked", &answered(&bed, true, true));
    done.expect(101);
    assert_eq!(class(&run), "suspected");
    let (done, run) = taken(&bed, "unchecked", &answered(&bed, false, false));
    done.expect(75);
    assert_eq!(class(&run), "underpowered");
}

/// A file has the answers of models under test alone.
#[test]
fn references_are_not_named_beside_answers_or_questions_in_a_file() {
    let bed = elsewhere();
    bed.write("answers.jsonl", &answered(&bed, false, true));
    for option in [
        ["--answers", "answers.jsonl"],
        ["--questions", "more.jsonl"],
    ] {
        let named = [&["probe", "suite", "-R", "one", "-o", "out"][..], &option].concat();
        let refused = bed.run(&named).expect(2);
        for told in [option[0], "--reference"] {
            assert!(refused.stderr.contains(told), "{told}: {}", refused.stderr);
        }
        assert!(!bed.path("out").exists() && !bed.path("more.jsonl").exists());
    }
    let suite = read(&bed.path("suite"), "suite.toml");
    let named = suite.replacen("version", "references = [\"one\", \"two\"]\nversion", 1);
    bed.write("suite/suite.toml", &named);
    let (done, _) = taken(&bed, "out", &answered(&bed, false, true));
    let told = "reference models of the suite are not asked, because the answers are in a file: `one`, `two`";
    assert!(done.expect(0).stderr.contains(told));
}

#[test]
fn an_answer_that_is_not_there_is_missing_and_one_to_no_question_is_refused() {
    let bed = elsewhere();
    let all = answered(&bed, false, true);
    let few: String = all
        .lines()
        .skip(20)
        .map(|line| format!("{line}\n"))
        .collect();
    let (done, run) = taken(&bed, "few", &few);
    assert_eq!(class(&run), "not_testable", "{}", done.stderr);
    let missing = |run: &Path| {
        let rows = table(run, "results.csv").into_iter();
        let rows = rows.filter(|row| row["model"] == "far-away" && row["outcome"] == "skipped");
        rows.count()
    };
    assert_eq!(missing(&run), 20);
    verified(&bed, &run);
    // That somebody else was asked does not excuse it.
    let beside = few + &all.replace("far-away", "nearby");
    let (_, run) = taken(&bed, "beside", &beside);
    assert_eq!((missing(&run), class(&run).as_str()), (20, "not_testable"));

    let stranger = "item,arm,form,text\no1,suspect,raw,x\nnobody,suspect,raw,x\n";
    bed.write("wrong.csv", stranger);
    let done = bed.run(&["probe", "suite", "--answers", "wrong.csv", "-o", "wrong"]);
    let done = done.expect(65);
    assert!(
        done.stderr.contains("wrong.csv:3: it answers no question"),
        "{}",
        done.stderr
    );
    assert!(!bed.path("wrong").exists());
    let again = bed.run(&["probe", "suite", "--questions", "questions.jsonl"]);
    again.expect(73);
}

#[test]
fn what_cannot_be_asked_from_a_list_is_left_out_and_said() {
    let bed = Bed::new(0);
    let probes =
        "\n[probes]\nuse = [\"completion\", \"forced-likelihood\", \"completion-second-cut\"]\n";
    suite(&bed, 30, probes);
    let done = bed.run(&["probe", "suite", "--questions", "questions.jsonl"]);
    let done = done.expect(0);
    let told = "not put elsewhere, because they weigh likelihoods or ask again by what was answered: \
        forced-likelihood, completion-second-cut";
    assert!(done.stderr.contains(told), "{}", done.stderr);
    let questions = read(&bed.path("."), "questions.jsonl");
    let named = |line: &str| serde_json::from_str::<Value>(line).unwrap()["probe"].clone();
    let names: BTreeSet<_> = questions
        .lines()
        .map(|line| named(line).to_string())
        .collect();
    let expected = ["completion", "compliance", "memory"].map(|name| format!("\"{name}\""));
    assert_eq!(names, BTreeSet::from(expected));
    assert!(!questions.contains("expected"));
    suite(&bed, 30, "\n[probes]\nuse = [\"forced-likelihood\"]\n");
    let done = bed.run(&["probe", "suite", "--questions", "none.jsonl"]);
    assert!(done.expect(65).stderr.contains("can be put elsewhere"));
}

#[test]
fn a_folder_for_a_suite_that_lies_in_none_is_named() {
    let bed = Bed::new(0);
    bed.write(
        "promptfooconfig.yaml",
        "prompts: ['{{q}}']\nproviders: [openai:x]\ntests:\n  - vars: {q: 'two?'}\n    assert:\n      - {type: equals, value: '2'}\n",
    );
    let arguments = ["import", "promptfooconfig.yaml", "--suite-out", "so/5"];
    let done = bed.run(&arguments).expect(73);
    assert!(
        done.stderr.contains("there is no folder `so`"),
        "{}",
        done.stderr
    );
    fs_err::create_dir(bed.path("so")).unwrap();
    bed.run(&arguments).expect(0);
}
