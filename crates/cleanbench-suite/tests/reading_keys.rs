//! The keys of a task that say how answers are read: their shape, and into which scorers they go.

#![expect(
    clippy::unwrap_used,
    reason = "a helper of a test fails the test by panicking"
)]

use cleanbench_core::{Completion, Sample, Score, Scorer, ScorerCatalog, ScorerSpec, SpecError};
use cleanbench_suite::{Catalog, Grants, Loaded, Pulse, load};
use serde_json::{Value, json};

/// What scorers there are, and which parameters each knows.
const SCORERS: [(&str, &[&str]); 4] = [
    ("text", &["extract", "reasoning_marks"]),
    ("number", &["extract", "reasoning_marks", "locale"]),
    ("weighted", &["scorers"]),
    ("program", &["program"]),
];

struct Known;

#[derive(Debug)]
struct Fake;

impl Scorer for Fake {
    fn version(&self) -> u32 {
        1
    }

    fn check_sample(&self, _: &Sample) -> Result<(), String> {
        Ok(())
    }

    fn score(&self, _: &Sample, completion: &Completion) -> Score {
        Score::verdict(true, completion.text.as_str())
    }
}

impl ScorerCatalog for Known {
    fn build(&self, spec: &ScorerSpec) -> Result<Box<dyn Scorer>, Vec<SpecError>> {
        let unknown = spec.params.keys().filter(|name| !self.knows(spec, name));
        let faults: Vec<_> = unknown
            .map(|name| SpecError {
                param: Some(name.clone()),
                message: format!("unknown parameter `{name}`"),
                hint: None,
                may_pass: false,
            })
            .collect();
        if spec.params.get("extract") == Some(&json!({"pattern": "("})) {
            return Err(vec![SpecError {
                param: Some("extract".to_owned()),
                message: "no pattern".to_owned(),
                hint: None,
                may_pass: false,
            }]);
        }
        if faults.is_empty() {
            Ok(Box::new(Fake))
        } else {
            Err(faults)
        }
    }

    fn knows(&self, spec: &ScorerSpec, name: &str) -> bool {
        let found = SCORERS.iter().find(|(kind, _)| *kind == spec.kind);
        found.is_some_and(|(_, params)| params.contains(&name))
    }
}

/// Loads a suite of the tasks `tasks`, each its own lines, after `defaults`.
fn loaded(defaults: &str, tasks: &[&str]) -> Loaded {
    let folder = tempfile::tempdir().unwrap();
    let mut manifest = format!("name = \"s\"\nversion = \"1\"\n{defaults}");
    for (number, keys) in tasks.iter().enumerate() {
        let task = format!(
            "[[task]]\nname = \"t{number}\"\ndata = \"d{number}.jsonl\"\nprompt = \"{{{{ input }}}}\"\n{keys}\n"
        );
        manifest.push_str(&task);
        let row = format!("{{\"id\":\"a\",\"input\":\"q{number}\",\"target\":\"x\"}}\n");
        fs_err::write(folder.path().join(format!("d{number}.jsonl")), row).unwrap();
    }
    fs_err::write(folder.path().join("suite.toml"), manifest).unwrap();
    let catalog = Catalog {
        scorers: &Known,
        probes: &[],
    };
    load(
        folder.path(),
        catalog,
        &Grants::default(),
        &Pulse::default(),
    )
}

/// The parameters of the scorers of the task at `position`.
fn params(loaded: &Loaded, position: usize) -> Vec<Value> {
    let shown: Vec<_> = loaded.diagnostics.iter().map(ToString::to_string).collect();
    let suite = loaded.suite.as_ref();
    let suite = suite.unwrap_or_else(|| panic!("{}", shown.join("\n")));
    let scorers = suite.tasks[position].scorers.iter();
    scorers
        .map(|spec| Value::from(spec.params.clone()))
        .collect()
}

/// `line:column: message (hint)` of every fault.
fn faults(loaded: &Loaded) -> Vec<String> {
    let shown = loaded.diagnostics.iter().map(|fault| {
        let hint = fault.hint.as_deref().unwrap_or_default();
        format!(
            "{}:{}: {} ({hint})",
            fault.line, fault.column, fault.message
        )
    });
    shown.collect()
}

#[test]
fn a_key_goes_into_every_scorer_that_knows_it_and_has_none_of_its_own() {
    let found = loaded(
        "",
        &["extract = { after = \"FINAL:\" }\nlocale = \"de\"\n\
           reasoning_marks = [[\"<x>\", \"</x>\"]]\n\
           scorers = [\"text\", { type = \"number\", locale = \"en\" }, { type = \"program\", program = \"p\" }]"],
    );
    let marks = json!([["<x>", "</x>"]]);
    assert_eq!(
        params(&found, 0),
        [
            json!({"extract": {"after": "FINAL:"}, "reasoning_marks": marks}),
            json!({"extract": {"after": "FINAL:"}, "reasoning_marks": marks, "locale": "en"}),
            json!({"program": "p"}),
        ]
    );
}

#[test]
fn scorers_within_scorers_get_it_too() {
    let found = loaded(
        "",
        &["extract = { pattern = \"= (.*)\" }\n\
           scorers = [{ type = \"weighted\", scorers = [\"text\", { type = \"number\", weight = 2 }, \"program\", \
           { type = \"text\", extract = { after = \"!\" } }] }]"],
    );
    let extract = json!({"pattern": "= (.*)"});
    assert_eq!(
        params(&found, 0),
        [json!({"scorers": [
            {"type": "text", "extract": extract},
            {"type": "number", "weight": 2, "extract": extract},
            "program",
            {"type": "text", "extract": {"after": "!"}},
        ]})]
    );
}

#[test]
fn a_default_goes_where_it_is_known_and_a_task_has_its_own() {
    let found = loaded(
        "[defaults]\nlocale = \"de\"\nextract = { after = \"=\" }\n",
        &[
            "scorers = [\"text\"]",
            "scorers = [\"number\"]\nextract = { after = \"!\" }",
            "scorers = [{ type = \"program\", program = \"p\" }]",
        ],
    );
    assert_eq!(params(&found, 0), [json!({"extract": {"after": "="}})]);
    assert_eq!(
        params(&found, 1),
        [json!({"extract": {"after": "!"}, "locale": "de"})]
    );
    assert_eq!(params(&found, 2), [json!({"program": "p"})]);
}

#[test]
fn a_key_that_nobody_reads_by_is_refused_at_its_place() {
    let found = loaded("", &["locale = \"de\"\nscorers = [\"text\"]"]);
    assert_eq!(
        faults(&found),
        [
            "7:10: no scorer of the task reads answers by `locale`: it has `text` \
             (remove it, or use a scorer that reads numbers, such as `numeric`)"
        ]
    );
    let found = loaded(
        "[defaults]\nlocale = \"de\"\n",
        &["scorers = [\"text\"]", "scorers = [\"text\"]"],
    );
    assert_eq!(
        faults(&found),
        ["4:10: no task has a scorer that reads answers by `locale` (remove it)"]
    );
}

#[test]
fn what_a_scorer_says_of_a_key_is_said_at_the_key() {
    let found = loaded("", &["scorers = [\"text\"]\nextract = { pattern = \"(\" }"]);
    assert_eq!(faults(&found), ["8:11: no pattern ()"]);
}

#[test]
fn the_shape_of_each_key_is_checked() {
    let write = "write `{ after = \"FINAL:\" }` or `{ pattern = \"…\" }`";
    let pair = "write `[[\"<x>\", \"</x>\"]]`, each pair as it opens and closes";
    for (line, expected) in [
        (
            "extract = \"FINAL:\"",
            "7:11: `extract` must be a table, found a string ()".to_owned(),
        ),
        (
            "extract = {}",
            format!("7:11: `extract` needs either `after` or `pattern` ({write})"),
        ),
        (
            "extract = { after = \"a\", pattern = \"b\" }",
            format!("7:11: `extract` needs either `after` or `pattern` ({write})"),
        ),
        (
            "extract = { after = \" \" }",
            "7:21: `after` is empty ()".to_owned(),
        ),
        (
            "extract = { afer = \"a\" }",
            "7:13: unknown key `afer` in `extract` (did you mean `after`?)".to_owned(),
        ),
        (
            "reasoning_marks = []",
            format!("7:19: `reasoning_marks` needs from 1 to 20 pairs of marks ({pair})"),
        ),
        (
            "reasoning_marks = [[\"<x>\"]]",
            format!("7:20: a pair of marks is what opens and what closes the reasoning ({pair})"),
        ),
        (
            "reasoning_marks = [[\"<x>\", \"\"]]",
            "7:28: `each mark` is empty ()".to_owned(),
        ),
        (
            "reasoning_marks = [\"<x>\", \"</x>\"]",
            "7:20: `each of reasoning_marks` must be an array, found a string ()".to_owned(),
        ),
        (
            "locale = 7",
            "7:10: `locale` must be a string, found an integer ()".to_owned(),
        ),
    ] {
        let found = loaded("", &[&format!("{line}\nscorers = [\"number\"]")]);
        assert_eq!(faults(&found), [expected], "{line}");
    }
    let long = format!(
        "extract = {{ after = \"{}\" }}\nscorers = [\"text\"]",
        "a".repeat(201)
    );
    assert_eq!(
        faults(&loaded("", &[&long])),
        ["7:21: `after` is longer than 200 bytes ()"]
    );
}
