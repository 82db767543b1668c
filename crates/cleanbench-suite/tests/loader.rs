//! The loader from outside: suites written to a folder, loaded, and what comes out or is reported.

#![expect(
    clippy::unwrap_used,
    reason = "a helper of a test fails the test by panicking"
)]

use std::io::Write as _;
use std::path::Path;

use cleanbench_core::probe::{ControlKind, ProbeForm};
use cleanbench_core::{
    Completion, Constraints, Message, Reasoning, ResponseFormat, Role, Sample, Score, Scorer,
    ScorerCatalog, ScorerSpec, Sensitivity, SpecError, Tool, ToolChoice,
};
use cleanbench_suite::{
    Catalog, Grants, LoadError, Loaded, Pulse, Rendered, Severity, Suite, Tally, load,
    suite_key_path,
};
use serde_json::{Value, json};

/// Knows two scorers: `exact` (parameter `ignore_case`) and `choice`.
struct TwoScorers;

#[derive(Debug)]
struct Fake {
    needs_choices: bool,
}

impl Scorer for Fake {
    fn version(&self) -> u32 {
        1
    }

    fn check_sample(&self, sample: &Sample) -> Result<(), String> {
        match sample.target {
            None => Err("the sample has no target".to_owned()),
            Some(_) if self.needs_choices && sample.choices.is_empty() => {
                Err("the sample has no choices".to_owned())
            }
            Some(_) => Ok(()),
        }
    }

    fn score(&self, sample: &Sample, completion: &Completion) -> Score {
        let text = completion.text.as_str();
        let letter = sample
            .choices
            .iter()
            .position(|choice| sample.target == Some(json!(choice)));
        let letter = letter.map(|place| ["A", "B", "C"][place]);
        let right = sample.target == Some(json!(text)) || letter == Some(text);
        Score::verdict(right, text)
    }
}

impl ScorerCatalog for TwoScorers {
    fn build(&self, spec: &ScorerSpec) -> Result<Box<dyn Scorer>, Vec<SpecError>> {
        let error = |param: Option<&String>, message: String| SpecError {
            param: param.cloned(),
            message,
            hint: Some("known are `exact` and `choice`".to_owned()),
            may_pass: false,
        };
        let needs_choices = match spec.kind.as_str() {
            "exact" => false,
            "choice" => true,
            other => return Err(vec![error(None, format!("unknown scorer `{other}`"))]),
        };
        let unknown = spec.params.keys().filter(|name| *name != "ignore_case");
        let errors: Vec<_> = unknown
            .map(|name| error(Some(name), format!("unknown parameter `{name}`")))
            .collect();
        if errors.is_empty() {
            Ok(Box::new(Fake { needs_choices }))
        } else {
            Err(errors)
        }
    }
}

/// A suite's folder in a temporary place.
struct Folder(tempfile::TempDir);

impl Folder {
    fn new(files: &[(&str, &[u8])]) -> Self {
        let folder = Self(tempfile::tempdir().unwrap());
        for (name, bytes) in files {
            folder.write(name, bytes);
        }
        folder
    }

    fn write(&self, name: &str, bytes: &[u8]) {
        let path = self.0.path().join(name);
        fs_err::create_dir_all(path.parent().unwrap()).unwrap();
        fs_err::write(path, bytes).unwrap();
    }

    fn load(&self) -> Loaded {
        let catalog = Catalog {
            scorers: &TwoScorers,
            probes: &["completion", "ts-guessing"],
        };
        load(
            self.0.path(),
            catalog,
            &Grants::default(),
            &Pulse::default(),
        )
    }

    fn suite(&self) -> Suite {
        let loaded = self.load();
        let shown: Vec<_> = loaded.diagnostics.iter().map(ToString::to_string).collect();
        loaded
            .suite
            .unwrap_or_else(|| panic!("{}", shown.join("\n")))
    }

    /// `file:line:column: message` of every diagnostic, errors and warnings.
    fn faults(&self) -> Vec<String> {
        let loaded = self.load();
        let has_error = |d: &cleanbench_suite::Diagnostic| d.severity == Severity::Error;
        assert_eq!(
            loaded.suite.is_none(),
            loaded.diagnostics.iter().any(has_error)
        );
        let shown = loaded.diagnostics.into_iter().map(|d| {
            let path = d.path.strip_prefix(self.0.path()).unwrap().display();
            format!("{path}:{}:{}: {}", d.line, d.column, d.message)
        });
        shown.collect()
    }
}

/// A suite with one task that reads `data` and has the further lines `keys`.
fn manifest(data: &str, keys: &str) -> String {
    format!("name = \"s\"\nversion = \"1\"\n[[task]]\nname = \"t\"\ndata = \"{data}\"\n{keys}\n")
}

fn folder(name: &str, bytes: &[u8], keys: &str) -> Folder {
    Folder::new(&[
        (name, bytes),
        ("suite.toml", manifest(name, keys).as_bytes()),
    ])
}

/// The samples of the first task. What they come to was counted when they were loaded, if no examples stand before them.
fn samples(suite: &Suite) -> Vec<Rendered> {
    let task = &suite.tasks[0];
    let samples: Vec<_> = task.samples().map(Result::unwrap).collect();
    let mut tally = Tally::default();
    for rendered in &samples {
        tally.add(&rendered.sample, &rendered.messages);
    }
    let counted = task.fewshot.is_none().then_some(tally);
    assert_eq!(task.tally, counted);
    samples
}

const MISTAKEN_SUITE: &str = r#"name = "mistakes"
version = "1"
modles = ["x"]

[defaults]
epochs = 0
generate = { temperature = 3 }

[[task]]
name = "quiz"
data = "quiz.jsonl"
sensitivity = "privat"
released = "2026-02-30"
prompt = "Frage \u00fcber \"{{ question }}\""
scorers = ["exakt"]

[[task]]
name = "quiz"
data = "table.csv"
prompt_file = "prompt.md"
scorers = [{ type = "choice", strictt = true }]
primary = "exact"

[[task]]
name = "more"
data = "none-*.jsonl"
scorers = ["exact"]
"#;

const MISTAKEN_LINES: &[u8] = b"{\"id\": \"a\", \"input\": \"ok\", \"target\": \"x\"}
{\"input\": \"q\", \"id\": \"a\", \"target\": \"x\"}
{\"id\": \"b\", \"input\": \"\xc3\xbc\", \"metdata\": {}}

{\"id\": \"c\", \"input\": 5}
{\"id\": \"d\" \"input\": \"q\"}
{\"id\": \"e\", \"target\": \"x\"}
{\"id\": \"\xc3\xbc\xff\", \"input\": \"q\"}
{\"id\": \"f\", \"question\": \"q\", \"input\": \"q\"}
{\"id\": \"g\", \"input\": \"q\", \"choices\": [\"a\", \"b\", \"a\"]}
{\"id\": \"h\", \"input\": \"q\", \"choices\": [\"Ja\", \"Nein\"], \"target\": \"C\"}
{\"id\": \"i\", \"input\": \"q\", \"rewording_of\": \"zz\"}
";

const MISTAKEN_TABLE: &str = "id,input,A,B,target,created
x1,\"a question
of \"\"two\"\" lines\",yes,no,A,2026-01-01
x2,\"short,\nrow\",yes,no
x3,q,yes,no,B,\"2026-13-01\"
 ,q,yes,no,B,
";

#[test]
fn twenty_five_mistakes_are_all_reported_where_they_are() {
    let folder = Folder::new(&[
        ("suite.toml", MISTAKEN_SUITE.as_bytes()),
        ("quiz.jsonl", MISTAKEN_LINES),
        ("table.csv", MISTAKEN_TABLE.as_bytes()),
        ("prompt.md", b"Question:\n  {{ input | }}\n"),
    ]);
    // Written by hand from the text above: where each mistake is, and a word of its message.
    let expected = [
        ("suite.toml", 3, 1, "unknown key `modles`"),
        ("suite.toml", 6, 10, "`epochs` must be from 1"),
        ("suite.toml", 7, 28, "`temperature` must be from 0 to 2"),
        ("suite.toml", 12, 15, "unknown sensitivity `privat`"),
        ("suite.toml", 13, 12, "no date"),
        ("suite.toml", 14, 32, "unknown variable `question`"),
        ("suite.toml", 15, 12, "unknown scorer `exakt`"),
        ("suite.toml", 18, 8, "task `quiz` is already at line 10"),
        ("suite.toml", 21, 31, "unknown parameter `strictt`"),
        ("suite.toml", 22, 11, "`primary` is `exact`, which is not"),
        ("suite.toml", 26, 8, "no file matches `none-*.jsonl`"),
        (
            "quiz.jsonl",
            2,
            22,
            "duplicate id `a`; the first is at line 1",
        ),
        ("quiz.jsonl", 3, 27, "`metdata` is taken for metadata"),
        ("quiz.jsonl", 5, 22, "must be a string, found a number"),
        ("quiz.jsonl", 6, 12, "invalid JSON"),
        ("quiz.jsonl", 7, 1, "without `input`"),
        ("quiz.jsonl", 8, 10, "invalid UTF-8: byte 0xff"),
        ("quiz.jsonl", 9, 30, "`question` and `input` both give"),
        ("quiz.jsonl", 10, 38, "choice `a` stands there twice"),
        ("quiz.jsonl", 11, 64, "not among the choices `Ja`, `Nein`"),
        ("quiz.jsonl", 12, 43, "has the id `zz`"),
        ("prompt.md", 2, 14, "syntax error"),
        ("table.csv", 5, 12, "expected 6 cells, found 4"),
        ("table.csv", 6, 16, "`created` is `2026-13-01`"),
        ("table.csv", 7, 1, "`id` is empty"),
    ];
    let faults = folder.faults();
    for (path, line, column, message) in expected {
        let place = format!("{path}:{line}:{column}: ");
        let found = faults.iter().find(|fault| fault.starts_with(&place));
        let found = found.unwrap_or_else(|| panic!("{place}{message}\n{faults:#?}"));
        assert!(found.contains(message), "{found} / {message}");
    }
    assert_eq!(faults.len(), 25, "{faults:#?}");
    let diagnostics = folder.load().diagnostics;
    let shown: Vec<_> = diagnostics.iter().map(ToString::to_string).collect();
    let root = format!("{}/", folder.0.path().display());
    let shown = shown.join("\n\n").replace(&root, "");
    assert_eq!(
        shown.trim_end(),
        include_str!("twenty_five_mistakes.txt").trim_end(),
        "{shown}"
    );
}

#[test]
fn every_layout_gives_the_same_samples() {
    let lines = br#"{"question": "2 + 2?", "options": ["3", "4", "5", "6"], "answer": "b"}

{"id": null, "query": "1 + \"2\"?", "choices": ["1", "2", "3", "4"], "label": "(c)"}
"#;
    let header =
        "\u{feff}prompt,A,B,C,D,ideal\r\n2 + 2?,3,4,5,6,B\r\n\"1 + \"\"2\"\"?\",1,2,3,4,C\r\n";
    let list = "choices,query,target\n\"[\"\"3\"\", \"\"4\"\", \"\"5\"\", \"\"6\"\"]\",2 + 2?,B\n\"[\"\"1\"\",\"\"2\"\",\"\"3\"\",\"\"4\"\"]\",\"1 + \"\"2\"\"?\",c";
    let headerless = "2 + 2?,3,4,5,6,B\n\"1 + \"\"2\"\"?\",1,2,3,4,C\n";
    let mut gzip = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    gzip.write_all(lines).unwrap();
    let cases: [(&str, Vec<u8>); 6] = [
        ("a.jsonl", lines.to_vec()),
        ("a.csv", header.into()),
        ("b.csv", list.into()),
        ("c.csv", headerless.into()),
        ("a.jsonl.gz", gzip.finish().unwrap()),
        (
            "c.csv.zst",
            zstd::encode_all(headerless.as_bytes(), 1).unwrap(),
        ),
    ];
    for (name, bytes) in cases {
        let folder = folder(name, &bytes, "scorers = [\"choice\"]");
        let suite = folder.suite();
        let found: Vec<_> = samples(&suite)
            .into_iter()
            .map(|rendered| {
                (
                    rendered.sample.id,
                    rendered.sample.target,
                    rendered.messages,
                )
            })
            .collect();
        let message = |text: &str| {
            let wording = "Which option is right? Reply with its letter only.";
            vec![Message {
                role: Role::User,
                content: format!("{text}\n\n{wording}"),
                images: Vec::new(),
            }]
        };
        let expected = [
            (
                "1".to_owned(),
                Some(json!("4")),
                message("2 + 2?\n\nA. 3\nB. 4\nC. 5\nD. 6"),
            ),
            (
                "2".to_owned(),
                Some(json!("3")),
                message("1 + \"2\"?\n\nA. 1\nB. 2\nC. 3\nD. 4"),
            ),
        ];
        assert_eq!(found, expected, "{name}");
        assert_eq!(suite.tasks[0].samples, 2);
        assert_eq!(suite.tasks[0].sensitivity, Sensitivity::Private);
    }
}

#[test]
fn headerless_tables_may_have_five_options_and_lettered_ones_fewer_at_the_end() {
    let five = "Which?,v,w,x,y,z,E\n\"And\nthis?\",1,2,3,4,5,A\n";
    let written = folder("five.csv", five.as_bytes(), "scorers = [\"choice\"]");
    let suite = written.suite();
    let targets: Vec<_> = samples(&suite)
        .into_iter()
        .map(|r| r.sample.target.unwrap())
        .collect();
    assert_eq!(targets, [json!("z"), json!("1")]);

    let fewer = "input,A,B,C,D,target\nq,a,b,c,d,D\nq,a,b,,,B\nq,a,,c,,A\n";
    assert_eq!(
        folder("fewer.csv", fewer.as_bytes(), "scorers = [\"choice\"]").faults(),
        ["fewer.csv:4:5: option B is empty but a later one is not"]
    );
}

#[test]
fn a_glob_reads_files_in_order_and_the_key_is_never_data() {
    let line = |text: &str| format!("{{\"input\": \"{text}\", \"target\": 1}}\n").into_bytes();
    let folder = Folder::new(&[
        (
            "suite.toml",
            manifest("data/*", "scorers = [\"exact\"]").as_bytes(),
        ),
        ("data/b.jsonl", &[line("2"), line("3")].concat()),
        ("data/a.jsonl", &line("1")),
        ("data/c.csv", b"input,target\n4,1\n"),
        ("data/suite.key", b"secret"),
    ]);
    let suite = folder.suite();
    let found = samples(&suite);
    let texts: Vec<_> = found
        .iter()
        .map(|r| (r.sample.id.as_str(), r.messages[0].content.as_str()))
        .collect();
    assert_eq!(texts, [("1", "1"), ("2", "2"), ("3", "3"), ("4", "4")]);
    let counts: Vec<_> = suite.tasks[0]
        .files
        .iter()
        .map(|file| file.samples)
        .collect();
    assert_eq!(counts, [1, 2, 1]);
    assert_eq!(suite_key_path(Path::new("x")), Path::new("x/suite.key"));
}

#[test]
fn what_a_later_version_brings_is_refused_by_name() {
    let keys = r#"scorers = ["exact"]
generate = { seed = 7 }
"#;
    let data = br#"{"input": "q", "target": 1, "weight": 2}
{"input": "q", "target": 1, "weight": -1}
"#;
    let faults = folder("a.jsonl", data, keys).faults();
    let refused = ["suite.toml:7:14: `generate.seed`", "a.jsonl:1:39: `weight`"];
    let mut expected: Vec<_> = refused
        .map(|place| format!("{place} is not yet supported"))
        .into();
    expected.push("a.jsonl:2:39: `weight` must be a number above 0, found -1".to_owned());
    assert_eq!(faults, expected);
    for (name, message) in [
        (
            "a.parquet",
            "a.parquet:1:1: cannot read the file: it is no Parquet file",
        ),
        (
            "weight.csv",
            "weight.csv:1:14: `weight` is not yet supported",
        ),
    ] {
        let faults = folder(
            name,
            b"input,target,weight\nq,1,2\n",
            "scorers = [\"exact\"]",
        )
        .faults();
        assert_eq!(faults, [message]);
    }
}

/// Checks the faults of one task over one file.
fn check(name: &str, data: &str, keys: &str, expected: &[&str]) {
    let keys = format!("scorers = [\"exact\"]\n{keys}");
    assert_eq!(
        folder(name, data.as_bytes(), &keys).faults(),
        expected,
        "{data}\n{keys}"
    );
}

#[test]
fn faults_in_samples() {
    let messages = r#"{"messages": [{"role": "bot", "content": ""}], "target": 1}"#;
    for (line, expected) in [
        ("[1]", "2: a sample must be an object, found a number"),
        (
            r#"{"input":"q","input":"r","target":1}"#,
            "14: duplicate key `input`",
        ),
        (r#"{"input":"","target":1}"#, "10: `input` is empty"),
        (r#"{"id":"","input":"q","target":1}"#, "7: `id` is empty"),
        (
            r#"{"id":1.5,"input":"q","target":1}"#,
            "7: `id` must be a string or a whole number, found a number",
        ),
        (
            r#"{"input":"q","messages":[{"role":"user","content":"x"}],"target":1}"#,
            "1: both an input and `messages`",
        ),
        (messages, "24: unknown role `bot`"),
        (
            r#"{"input":"q","target":1,"metadata":[]}"#,
            "36: `metadata` must be an object, found an array",
        ),
        (
            r#"{"input":"q","target":1,"metadata":{"a":1,"a":2}}"#,
            "43: duplicate key `a` in `metadata`",
        ),
        (
            r#"{"input":"q","target":1,"created":"1.1.2026"}"#,
            "35: `created` is `1.1.2026`, which is no date",
        ),
        (
            r#"{"input":"q","target":1,"sensitivity":"Secret"}"#,
            "39: unknown sensitivity `Secret`",
        ),
        (
            r#"{"input":"q","choices":["x"],"target":"x"}"#,
            "24: 1 choice; at least 2 are needed",
        ),
        (
            r#"{"input":"q","choices":["x",[2]],"target":"x"}"#,
            "29: each of `choices` must be a string, found an array",
        ),
        (
            r#"{"input":"q","choices":["x","y"],"target":3}"#,
            "43: target `3` is not among the choices `x`, `y`",
        ),
        (
            r#"{"id":"s","input":"q","target":1,"isomorph_of":"s"}"#,
            "48: a sample cannot be a rewording or isomorph of itself",
        ),
        (
            r#"{"input":"\ud800","target":1}"#,
            "17: invalid JSON: unexpected end of hex escape",
        ),
        (
            r#"{"input":"ü","target":1e999}"#,
            "27: invalid JSON: number out of range",
        ),
        (
            r#"{"input":"q"}"#,
            "1: scorer `exact`: the sample has no target",
        ),
    ] {
        check("a.jsonl", line, "", &[&format!("a.jsonl:1:{expected}")]);
    }
    check(
        "a.jsonl",
        "[\n{\"input\":\"q\"}\n]",
        "",
        &["a.jsonl:2:1: scorer `exact`: the sample has no target"],
    );
    check(
        "a.jsonl",
        " \n\n",
        "",
        &["suite.toml:5:8: empty data: there is no sample in it"],
    );
}

#[test]
fn faults_in_tables() {
    for (data, expected) in [
        (
            "input,target\n\"a\nb\n\nc\",1\nd\n",
            "6:2: expected 2 cells, found 1",
        ),
        ("input,target\nq,1,2,3\n", "2:5: expected 2 cells, found 4"),
        (
            "input,target\n\nq,\"1\nr,1\n",
            "3:3: this quote is never closed",
        ),
        (
            "input,target\r\n\"q\"x,1\r\nr,1\r\n",
            "2:4: text after the closing quote of a cell",
        ),
        (
            "input,target,lable\nq,1,2\n",
            "1:14: `lable` is taken for metadata",
        ),
        (
            "input,target,sensitivty\nq,1,secret\n",
            "1:14: `sensitivty` protects no sample",
        ),
        ("input,target,x,x\nq,1,2,3\n", "1:16: duplicate column `x`"),
        ("target,text\n1,q\n", "1:1: no column `input` in the header"),
        (
            "input,answer,ideal\nq,1,\nq,1,2\n",
            "3:5: `answer` and `ideal` both give the target",
        ),
        (
            "input,target,metadata\nq,1,nope\n",
            "2:5: in the cell `metadata`: invalid JSON: expected ident",
        ),
        ("input,target\nq,1\n,1\n", "3:1: a sample without `input`"),
    ] {
        check("a.csv", data, "", &[&format!("a.csv:{expected}")]);
    }
}

#[test]
fn faults_in_manifests() {
    let line = "{\"input\": \"q\", \"target\": 1}";
    for (keys, expected) in [
        (
            "prompt = '{{ input }}'\nmessages = [{ role = 'user', content = '{{ input }}' }]",
            "8:1: both `prompt` and `messages`",
        ),
        (
            "prompt = '''\n{{ input }}\n{{ target }}'''",
            "9:4: unknown variable `target`",
        ),
        (
            "prompt = '{{ input | loud }}'",
            "7:22: cannot render `prompt`: unknown filter: filter loud is unknown",
        ),
        (
            "prompt_file = '../x.md'",
            "7:15: `../x.md` leaves the suite's folder",
        ),
        ("prompt_file = 'x.md'", "7:15: there is no file `x.md`"),
        (
            "messages = [{ role = 'user' }]",
            "7:13: a message needs `role` and `content`",
        ),
        (
            "system = 'x'\nmessages = [{ role = 'system', content = '{{ input }}' }]",
            "7:10: both `system` and a system message in `messages`",
        ),
        (
            "choices = ['a', 'b', 'a']",
            "7:22: the choice `a` stands there twice",
        ),
        (
            "generate = { top_p = 0 }",
            "7:22: `top_p` must be above 0 and at most 1, found 0",
        ),
        (
            "generate = { max_tokens = 0 }",
            "7:27: `max_tokens` must be from 1 to 4294967295, found 0",
        ),
        (
            "generate = { tempreature = 0 }",
            "7:14: unknown key `tempreature` in generate",
        ),
        (
            "generate = { stop = ['a', ''] }",
            "7:27: an empty stop text ends every answer at once",
        ),
        (
            "released = 2026-01-01T10:00:00",
            "7:12: `released` is `2026-01-01T10:00:00`, which is no date",
        ),
        (
            "epochs = 'two'",
            "7:10: `epochs` must be an integer, found a string",
        ),
        (
            "tags = ['a', 1]",
            "7:14: `each of tags` must be a string, found an integer",
        ),
        ("[defaults]\ndata = 'x'", "8:1: `data` cannot be a default"),
        ("[tasks]", "7:2: unknown key `tasks` in a suite"),
        (
            "prompt = 'Hello'",
            "7:11: no template uses `input`, so every question is the same",
        ),
    ] {
        check("a.jsonl", line, keys, &[&format!("suite.toml:{expected}")]);
    }
    for (text, expected) in [
        ("name = \n", "suite.toml:1:8: "),
        ("name = 'a'\nname = 'b'\n", "suite.toml:2:1: duplicate key"),
        (
            "name = 'a/b'\nversion = '1'\n[[task]]\nname='t'\ndata='x'\n",
            "suite.toml:1:8: `name` is `a/b`, which is no plain name",
        ),
        (
            "name = 'a'\nversion = 1\n",
            "suite.toml:1:1: the suite has no `[[task]]`",
        ),
    ] {
        let faults = Folder::new(&[("suite.toml", text.as_bytes())]).faults();
        assert!(faults[0].starts_with(expected), "{faults:?} / {expected}");
    }
    let faults = Folder::new(&[]).faults();
    assert!(
        faults[0].starts_with("suite.toml:1:1: the folder `")
            && faults[0].ends_with("` has no `suite.toml`"),
        "{faults:?}"
    );
}

#[test]
fn ids_are_unique_over_the_files_of_a_task_and_references_cross_tasks() {
    let text = r#"name = "s"
version = "1"
defaults = { scorers = ["exact"], generate = { temperature = 0, max_tokens = 9 } }
[[task]]
name = "one"
data = "one*.jsonl"
generate = { temperature = 1 }
[[task]]
name = "two"
data = "two.csv"
"#;
    let line = |rest: &str| format!("{{\"input\": \"q\", \"target\": 1, {rest}}}\n");
    let first = line(r#""id": "a", "rewording_of": "later""#);
    let good = Folder::new(&[
        ("suite.toml", text.as_bytes()),
        ("one1.jsonl", first.as_bytes()),
        (
            "one2.jsonl",
            line(r#""id": "b", "isomorph_of": "a""#).as_bytes(),
        ),
        (
            "two.csv",
            b"id,input,target,sensitivity\na,q,1,\nlater,q,1,secret\n",
        ),
    ]);
    let suite = good.suite();
    assert_eq!(suite.tasks[0].sampling.temperature, Some(1.0));
    assert_eq!(suite.tasks[0].sampling.max_tokens, Some(9));
    assert_eq!(suite.tasks[0].strictest, Sensitivity::Private);
    assert_eq!(suite.tasks[1].strictest, Sensitivity::Secret);

    let twice = format!("\n{}", line(r#""id": "a", "isomorph_of": "nowhere""#));
    good.write("one2.jsonl", twice.as_bytes());
    let shown: Vec<_> = good
        .load()
        .diagnostics
        .into_iter()
        .map(|d| d.message)
        .collect();
    let place = good.0.path().join("one1.jsonl");
    assert_eq!(
        shown,
        [
            format!("duplicate id `a`; the first is at {}:1", place.display()),
            "no sample of the suite has the id `nowhere`".to_owned()
        ]
    );
}

#[test]
fn templates_conversations_and_metadata_reach_the_model() {
    let keys = r#"scorers = ["exact"]
sensitivity = "public"
released = 2026-03-01
system = "You speak {{ metadata.lang }}."
messages = [
  { role = "user", content = "{{ id }}: {{ input }}" },
  { role = "assistant", content = "Answer:" },
]
tags = ["nightly"]
"#;
    let data = r#"{"id": 7, "input": "q", "target": [1, 2], "metadata": {"lang": "de"}}
{"messages": [{"role": "user", "content": "own {{ id }}"}], "target": {"a": 1}, "metadata": {"lang": "en"}, "sensitivity": "secret"}
"#;
    let folder = folder("a.jsonl", data.as_bytes(), keys);
    let suite = folder.suite();
    let found: Vec<Vec<(Role, String)>> = samples(&suite)
        .into_iter()
        .map(|r| {
            r.messages
                .into_iter()
                .map(|m| (m.role, m.content))
                .collect()
        })
        .collect();
    let turn = |role, text: &str| (role, text.to_owned());
    assert_eq!(
        found,
        [
            vec![
                turn(Role::System, "You speak de."),
                turn(Role::User, "7: q"),
                turn(Role::Assistant, "Answer:")
            ],
            vec![
                turn(Role::System, "You speak en."),
                turn(Role::User, "own {{ id }}")
            ],
        ]
    );
    let task = &suite.tasks[0];
    let labels: Vec<_> = samples(&suite)
        .iter()
        .map(|r| r.sample.sensitivity)
        .collect();
    assert_eq!(labels, [Sensitivity::Public, Sensitivity::Secret]);
    let description = task.describe();
    for (key, expected) in [
        ("name", json!("t")),
        ("released", json!("2026-03-01")),
        ("tags", json!(["nightly"])),
        ("scorers", json!([{"type": "exact"}])),
        ("system", json!("You speak {{ metadata.lang }}.")),
        ("samples", json!(2)),
        ("template_engine", json!(cleanbench_suite::TEMPLATE_ENGINE)),
    ] {
        assert_eq!(description[key], expected, "{key}");
    }
    assert_eq!(description["messages"][1]["role"], "assistant");
    assert_eq!(description["files"][0]["path"], "a.jsonl");
    assert_eq!(description["prompt"], Value::Null);
}

#[test]
fn a_missing_variable_is_reported_at_the_sample_and_names_the_template() {
    let data = "input,target,lang,metadata.level\nq,1,de,3\nr,1,,4\n";
    let keys = "prompt = '{{ input }} {{ metadata.lang }} {{ metadata.level }}'";
    let keys = format!("scorers = ['exact']\n{keys}");
    let written = folder("a.csv", data.as_bytes(), &keys);
    let suite = written.suite();
    let found: Vec<_> = samples(&suite)
        .into_iter()
        .map(|r| r.messages[0].content.clone())
        .collect();
    assert_eq!(found, ["q de 3", "r  4"]);

    let missing = folder(
        "a.csv",
        data.as_bytes(),
        "scorers = ['exact']\nprompt = \"{{ input }}\\t{{ metadata.subject }}\"",
    );
    let faults: Vec<_> = missing
        .load()
        .diagnostics
        .into_iter()
        .map(|d| (d.line, d.message))
        .collect();
    assert_eq!(faults.len(), 1, "{faults:?}");
    assert_eq!(faults[0].0, 2);
    assert!(
        faults[0]
            .1
            .contains("cannot render `prompt`: undefined value"),
        "{faults:?}"
    );
    let end = "suite.toml:7:27) (and 1 more like it, line 3)";
    assert!(faults[0].1.ends_with(end), "{faults:?}");
}

#[test]
fn streaming_twice_gives_the_same_and_a_change_is_noticed() {
    let line = |n: u32| format!("{{\"input\": \"q{n}\", \"target\": {n}}}\n");
    let data: String = (0..500).map(line).collect();
    let folder = folder("a.jsonl", data.as_bytes(), "scorers = [\"exact\"]");
    let suite = folder.suite();
    let first = samples(&suite);
    assert_eq!(first.len(), 500);
    assert_eq!(first, samples(&suite));
    assert_eq!(folder.suite().digest, suite.digest);

    folder.write("a.jsonl", data.replace("q499", "q_99").as_bytes());
    let last = suite.tasks[0].samples().last().unwrap().unwrap_err();
    assert!(matches!(last, LoadError::Changed(_)), "{last}");
    assert_ne!(folder.suite().digest, suite.digest);

    folder.write("a.jsonl", format!("{}nonsense\n", line(0)).as_bytes());
    let found: Vec<_> = suite.tasks[0].samples().collect();
    assert_eq!(found.len(), 2, "an error ends the stream");
    let error = found[1].as_ref().unwrap_err().to_string();
    assert!(
        error.contains("a.jsonl:2:2: error: invalid JSON"),
        "{error}"
    );

    fs_err::remove_file(folder.0.path().join("a.jsonl")).unwrap();
    let found = suite.tasks[0].samples().next().unwrap();
    assert!(matches!(found, Err(LoadError::Unreadable { .. })));
}

#[test]
fn broken_packing_and_foreign_encodings_are_faults_of_the_file() {
    let packed = zstd::encode_all(&b"{\"input\": \"q\", \"target\": 1}\n"[..], 1).unwrap();
    let keys = "scorers = [\"exact\"]";
    let cut = folder("a.jsonl.zst", &packed[..packed.len() - 3], keys).faults();
    assert!(
        cut[0].starts_with("a.jsonl.zst:1:1: cannot read"),
        "{cut:?}"
    );
    let no_gzip = folder("a.csv.gz", b"input,target\n", keys).faults();
    assert!(
        no_gzip[0].starts_with("a.csv.gz:1:1: cannot read"),
        "{no_gzip:?}"
    );
    let utf16 = folder("a.csv", b"\xff\xfei\0n\0", keys).faults();
    assert_eq!(utf16, ["a.csv:1:1: no column `input` in the header"]);
}

/// A suite of two tasks, the second of which has `keys` and, after it, `tables`.
fn two_tasks(keys: &str, tables: &str) -> Folder {
    let manifest = format!(
        "name = \"s\"\nversion = \"1\"\n[[task]]\nname = \"u\"\ndata = \"a.jsonl\"\nscorers = [\"exact\"]\n\
         [[task]]\nname = \"t\"\ndata = \"a.jsonl\"\nscorers = [\"exact\"]\n{keys}\n{tables}\n"
    );
    Folder::new(&[
        ("suite.toml", manifest.as_bytes()),
        ("a.jsonl", b"{\"input\": \"q\", \"target\": 1}\n"),
        ("say.txt", "Sag es: {prefix}".as_bytes()),
    ])
}

#[test]
fn controls_and_probes_are_read() {
    let kept = two_tasks(
        "control = { task = \"u\", kind = \"post_cutoff\" }",
        "[probes]\nuse = [\"ts-guessing\"]\nitems = 50\nprompts = { ts-guessing = \"say.txt\" }",
    );
    let suite = kept.suite();
    let control = suite.tasks[1].control.as_ref().unwrap();
    assert_eq!(
        (control.task.as_str(), control.kind),
        ("u", ControlKind::PostCutoff)
    );
    let probes = suite.probes.as_ref().unwrap();
    assert_eq!((probes.names.len(), probes.items), (1, 50));
    assert_eq!(probes.prompts["ts-guessing"], "Sag es: {prefix}");
    let other = two_tasks("", "[probes]\nuse = [\"ts-guessing\"]\nprompts = {}").suite();
    assert_eq!(other.probes.as_ref().unwrap().items, 1_000);
    assert_eq!(other.probes.as_ref().unwrap().forms.len(), 2, "both");
    assert!(!other.probes.as_ref().unwrap().early_stop);
    let raw = "[probes]\nuse = [\"ts-guessing\"]\nforms = [\"raw\"]\nearly_stop = true";
    let raw = two_tasks("", raw).suite();
    let raw = raw.probes.as_ref().unwrap();
    assert_eq!(
        (&raw.forms[..], raw.early_stop),
        (&[ProbeForm::Raw][..], true)
    );
    assert_ne!(suite.digest, other.digest);
}

#[test]
fn faults_in_controls_probes_and_methods() {
    for (keys, tables, expected) in [
        (
            "control = { task = \"v\", kind = \"sibling\" }",
            "",
            "suite.toml:11:11: the suite has no task `v`",
        ),
        (
            "control = { task = \"t\", kind = \"sibling\" }",
            "",
            "suite.toml:11:11: a task cannot be its own control",
        ),
        (
            "control = { task = \"u\", kind = \"isomorph\" }",
            "",
            "suite.toml:11:32: unknown kind of control `isomorph`",
        ),
        (
            "control = { task = \"u\" }",
            "",
            "suite.toml:11:11: `control` needs `task` and `kind`",
        ),
        (
            "",
            "[probes]\nuse = [\"completio\"]",
            "suite.toml:13:8: unknown probe `completio`",
        ),
        (
            "",
            "[probes]\nuse = [\"completion\", \"completion\"]",
            "suite.toml:13:22: the probe `completion` stands there twice",
        ),
        (
            "",
            "[probes]\nuse = [\"completion\"]\nforms = [\"raw\", \"chat\"]",
            "suite.toml:14:17: unknown form `chat`",
        ),
        (
            "",
            "[probes]\nuse = [\"completion\"]\nforms = [\"raw\", \"raw\"]",
            "suite.toml:14:17: the form `raw` stands there twice",
        ),
        (
            "",
            "[probes]\nuse = [\"completion\"]\nforms = []",
            "suite.toml:14:9: `forms` names no form",
        ),
        (
            "",
            "[probes]\nuse = [\"ts-guessing\"]\nforms = [\"raw\"]\nprompts = { ts-guessing = \"say.txt\" }",
            "suite.toml:15:13: prompts are for the `instruction` form, which `forms` leaves out",
        ),
        (
            "",
            "[probes]\nitems = 3",
            "suite.toml:12:2: `[probes]` uses no probe",
        ),
        (
            "method = \"guess\"",
            "",
            "suite.toml:11:10: unknown method `guess`",
        ),
        (
            "method = \"likelihood\"",
            "",
            "suite.toml:10:12: scorer `exact` is for tasks with `method = \"generate\"`, this one has `likelihood`",
        ),
    ] {
        assert_eq!(two_tasks(keys, tables).faults(), [expected]);
    }
}

#[test]
fn rewordings_of_choices_belong_to_choices() {
    let item = |rewordings: &str| {
        let line = format!(
            "{{\"input\": \"q\", \"choices\": [\"a\", \"b\"], \"target\": 0, \"choice_rewordings\": {rewordings}}}\n"
        );
        folder("a.jsonl", line.as_bytes(), "scorers = [\"choice\"]")
    };
    let kept = item("[[], [\"c\", \"d\"]]");
    let suite = kept.suite();
    assert_eq!(samples(&suite)[0].sample.choice_rewordings[1], ["c", "d"]);
    for (rewordings, expected) in [
        ("[[]]", "`choice_rewordings` has 1 lists for 2 choices"),
        (
            "[[], [\"b\"]]",
            "a rewording of `b` is empty or the choice itself",
        ),
        (
            "[[], [\" \"]]",
            "a rewording of `b` is empty or the choice itself",
        ),
    ] {
        let faults = item(rewordings).faults();
        assert_eq!(faults, [format!("a.jsonl:1:73: {expected}")]);
    }
}

const SCHEMA: &str = r##"{
  "type": "object",
  "properties": {
    "why": { "$ref": "#/$defs/text" },
    "answer": { "type": "integer" }
  },
  "required": ["why", "answer"],
  "$defs": { "text": { "type": "string" } }
}
"##;

fn constrained() -> Folder {
    let manifest = r#"name = "s"
version = "1"
[defaults]
logprobs = 5
generate = { reasoning = "low", max_tokens = 9 }
response_format = { type = "json_object" }
[[task]]
name = "tools"
data = "a.jsonl"
scorers = ["exact"]
generate = { reasoning = "off" }
tool_choice = "look_up"
tools = [
  { name = "look_up", description = "Finds a ticket", parameters_file = "schemas/ticket.json" },
  { name = "stop", parameters = { type = "object", properties = { why = { type = "string" }, again = { type = "boolean" } } } },
]
[[task]]
name = "json"
data = "a.jsonl"
scorers = ["exact"]
tools = []
logprobs = 0
[task.response_format]
type = "json_schema"
name = "routing"
schema_file = "schemas/ticket.json"
strict = true
"#;
    Folder::new(&[
        ("suite.toml", manifest.as_bytes()),
        ("a.jsonl", br#"{"input": "q", "target": 1}"#),
        ("schemas/ticket.json", SCHEMA.as_bytes()),
    ])
}

#[test]
fn what_answers_must_look_like_is_read_in_the_order_in_which_it_stands_there() {
    let folder = constrained();
    let suite = folder.suite();
    let schema: Value = serde_json::from_str(SCHEMA).unwrap();
    let [tools, json] = suite.tasks.as_slice() else {
        panic!("two tasks");
    };
    let inline = json!({"type": "object", "properties": {"why": {"type": "string"}, "again": {"type": "boolean"}}});
    assert_eq!(
        tools.constraints,
        Constraints {
            tools: vec![
                Tool {
                    name: "look_up".to_owned(),
                    description: Some("Finds a ticket".to_owned()),
                    parameters: schema.clone(),
                },
                Tool {
                    name: "stop".to_owned(),
                    description: None,
                    parameters: inline.clone(),
                },
            ],
            tool_choice: Some(ToolChoice::Tool("look_up".to_owned())),
            response_format: Some(ResponseFormat::JsonObject),
            logprobs: Some(5),
        }
    );
    assert_eq!(tools.sampling.reasoning, Some(Reasoning::Off));
    assert_eq!(json.sampling.reasoning, Some(Reasoning::Low));
    let Some(ResponseFormat::JsonSchema {
        name,
        schema: sent,
        strict: true,
    }) = &json.constraints.response_format
    else {
        panic!("{:?}", json.constraints);
    };
    assert_eq!(
        (name.as_str(), json.constraints.logprobs),
        ("routing", Some(0))
    );
    // Equality of objects ignores the order of keys; the texts do not.
    let written: String = SCHEMA.split_whitespace().collect();
    assert_eq!(sent.to_string(), written);
    assert_eq!(
        tools.constraints.tools[1].parameters.to_string(),
        inline.to_string()
    );
    let described = tools.describe();
    assert_eq!(described["constraints"]["logprobs"], 5);
    assert_eq!(described["sampling"]["reasoning"], "off");
    folder.write(
        "schemas/ticket.json",
        SCHEMA.replace("why", "reason").as_bytes(),
    );
    assert_ne!(folder.suite().digest, suite.digest, "schema files count");
}

#[test]
fn a_task_without_constraints_is_described_as_before() {
    let folder = folder(
        "a.jsonl",
        br#"{"input": "q", "target": 1}"#,
        "scorers = ['exact']",
    );
    let suite = folder.suite();
    assert!(suite.tasks[0].constraints.is_plain());
    let described = suite.tasks[0].describe();
    assert_eq!(described.get("constraints"), None);
    assert_eq!(described["files"][0].get("images"), None);
}

#[test]
fn faults_in_tools() {
    for (keys, expected) in [
        ("tools = {}", "7:9: `tools` must be an array, found a table"),
        (
            "tools = [{ parameters = {} }]",
            "7:10: a tool without `name`",
        ),
        (
            "tools = [{ name = 'a' }]",
            "7:10: neither `parameters` nor `parameters_file`",
        ),
        (
            "tools = [{ name = 'a b', parameters = {} }]",
            "7:19: `name` is `a b`, which endpoints do not take",
        ),
        (
            "tools = [{ name = 'none', parameters = {} }]",
            "7:19: a tool cannot be called `none`",
        ),
        (
            "tools = [{ name = 'a', parameters = {} }, { name = 'a', parameters = {} }]",
            "7:52: the tool `a` stands there twice",
        ),
        (
            "tools = [{ name = 'a', parameters = {}, strict = true }]",
            "7:41: unknown key `strict` in a tool",
        ),
        (
            "tools = [{ name = 'a', parameters = [] }]",
            "7:37: `parameters` must be a table, found an array",
        ),
        (
            "tools = [{ name = 'a', parameters = { properties = { x = { '$ref' = 'https://x/y' } } } }]",
            "7:69: `$ref` leads out of the schema, to `https://x/y`",
        ),
        (
            "tools = [{ name = 'a', parameters = {}, parameters_file = 's.json' }]",
            "7:59: both `parameters` and `parameters_file`",
        ),
        (
            "tool_choice = 'auto'",
            "7:15: `tool_choice` without `tools`",
        ),
        (
            "tool_choice = 'b'\ntools = [{ name = 'a', parameters = {} }]",
            "7:15: `tool_choice` names `b`, which is none of `tools`",
        ),
    ] {
        check_keys(keys, expected);
    }
}

#[test]
fn faults_in_formats_of_answers() {
    for (keys, expected) in [
        (
            "response_format = 'json_object'",
            "7:19: `response_format` must be a table, found a string",
        ),
        (
            "response_format = { schema = {} }",
            "7:19: `response_format` without `type`",
        ),
        (
            "response_format = { type = 'json' }",
            "7:28: unknown response format `json`",
        ),
        (
            "response_format = { type = 'json_object', strict = true }",
            "7:43: unknown key `strict` in a response format of type `json_object`",
        ),
        (
            "response_format = { type = 'json_schema', schema = {}, strict = 1 }",
            "7:65: `strict` must be true or false, found an integer",
        ),
        (
            "response_format = { type = 'json_schema', schema_file = '../s.json' }",
            "7:57: `../s.json` leaves the suite's folder",
        ),
        (
            "response_format = { type = 'json_schema', schema_file = 'none.json' }",
            "7:57: there is no file `none.json`",
        ),
        (
            "logprobs = 21",
            "7:12: `logprobs` must be from 0 to 20, found 21",
        ),
        (
            "logprobs = true",
            "7:12: `logprobs` must be an integer, found a boolean",
        ),
        (
            "logprobs = 1\nmethod = 'likelihood'\n",
            "7:12: `logprobs` with `method = \"likelihood\"`, which generates nothing",
        ),
        (
            "generate = { reasoning = 'hi' }",
            "7:26: unknown `reasoning` `hi`",
        ),
        (
            "generate = { reasoning = true }",
            "7:26: `reasoning` must be a string, found a boolean",
        ),
    ] {
        check_keys(keys, expected);
    }
}

/// Checks that a task with `keys` has a fault at `expected` of its manifest.
fn check_keys(keys: &str, expected: &str) {
    let line = b"{\"input\": \"q\", \"target\": 1}";
    let keys = format!("scorers = [\"exact\"]\n{keys}");
    let faults = folder("a.jsonl", line, &keys).faults();
    let expected = format!("suite.toml:{expected}");
    assert!(faults.contains(&expected), "{faults:?} / {expected}");
}

#[test]
fn faults_in_schema_files() {
    for (schema, expected) in [
        ("[]", "1:1: a schema must be an object, found an array"),
        (
            "{\n  \"a\": {\"b\" 1}\n}",
            "2:13: invalid JSON: expected `:`",
        ),
        (
            "{\"a\":\n {\"$ref\": \"file:///etc/passwd\"}}",
            "2:11: `$ref` leads out of the schema, to `file:///etc/passwd`",
        ),
    ] {
        let keys = "scorers = ['exact']\nresponse_format = { type = 'json_schema', schema_file = 's.json' }";
        let folder = folder("a.jsonl", b"{\"input\": \"q\", \"target\": 1}", keys);
        folder.write("s.json", schema.as_bytes());
        assert_eq!(folder.faults(), [format!("s.json:{expected}")]);
    }
}

const PNG: &[u8] = b"\x89PNG\r\n\x1a\nrest";
const JPEG: &[u8] = b"\xff\xd8\xff\xe0rest";
const GIF: &[u8] = b"GIF89a..";
const WEBP: &[u8] = b"RIFF\x04\0\0\0WEBPVP8 ";

/// A suite of three samples with five images.
fn pictured() -> Folder {
    let data = r#"{"id": "a", "input": "What?", "images": ["x/one.png", "./two.bin"], "target": 1}
{"id": "b", "messages": [{"role": "user", "content": [{"type": "text", "text": "This?"}, {"type": "image", "file": "three.gif"}]}, {"role": "assistant", "content": "Yes."}, {"role": "user", "content": [{"type": "image", "file": "four.webp"}, {"type": "image", "file": "x/one.png"}]}], "target": 1}
{"id": "c", "input": "None", "target": 1}
"#;
    let keys = "scorers = ['exact']\nsystem = 'Look.'\nmessages = [{ role = 'user', content = '{{ input }}' }, { role = 'assistant', content = 'It is' }]";
    let folder = folder("a.jsonl", data.as_bytes(), keys);
    for (name, bytes) in [
        ("x/one.png", PNG),
        ("two.bin", JPEG),
        ("three.gif", GIF),
        ("four.webp", WEBP),
    ] {
        folder.write(name, bytes);
    }
    folder
}

#[test]
fn images_reach_the_message_that_they_belong_to() {
    let folder = pictured();
    let suite = folder.suite();
    let found = samples(&suite);
    let carried = |sample: &Rendered| -> Vec<(Role, Vec<String>)> {
        let messages = sample.messages.iter();
        messages
            .map(|message| {
                let kinds = message.images.iter().map(|image| image.media_type.clone());
                (message.role, kinds.collect())
            })
            .collect()
    };
    let images = |kinds: &[&str]| -> Vec<String> {
        kinds.iter().map(|kind| format!("image/{kind}")).collect()
    };
    assert_eq!(
        carried(&found[0]),
        [
            (Role::System, vec![]),
            (Role::User, images(&["png", "jpeg"])),
            (Role::Assistant, vec![])
        ]
    );
    assert_eq!(
        carried(&found[1]),
        [
            (Role::System, vec![]),
            (Role::User, images(&["gif"])),
            (Role::Assistant, vec![]),
            (Role::User, images(&["webp", "png"]))
        ]
    );
    assert!(found[2].sample.images.is_empty());
    assert_eq!(found[0].messages[1].images[1].data, "/9j/4HJlc3Q=");
    let names: Vec<_> = found[1]
        .sample
        .images
        .iter()
        .map(|image| image.file.as_str())
        .collect();
    assert_eq!(names, ["three.gif", "four.webp", "x/one.png"]);
    let of_file = &suite.tasks[0].files[0].images;
    assert_eq!((of_file.count, of_file.bytes), (5, 12 + 8 + 8 + 16 + 12));
    assert_eq!(suite.tasks[0].describe()["files"][0]["images"]["count"], 5);
    folder.write("two.bin", b"\xff\xd8\xffother");
    let changed: Result<Vec<_>, _> = suite.tasks[0].samples().collect();
    assert!(
        matches!(changed, Err(LoadError::ImagesChanged(_))),
        "{changed:?}"
    );
    assert_ne!(folder.suite().digest, suite.digest, "images count");
}

#[test]
fn images_may_stand_in_a_table() {
    let data = "input,target,images\nq,1,\"[\"\"a.png\"\"]\"\nr,1,\ns,1,\"[\"\"b.png\"\"]\"\n";
    let folder = folder("a.csv", data.as_bytes(), "scorers = ['exact']");
    folder.write("a.png", PNG);
    assert_eq!(folder.faults(), ["a.csv:4:6: there is no image `b.png`"]);
    folder.write("b.png", PNG);
    let counts: Vec<_> = samples(&folder.suite())
        .iter()
        .map(|found| found.messages[0].images.len())
        .collect();
    assert_eq!(counts, [1, 0, 1]);
}

#[test]
fn faults_in_images() {
    let outside = tempfile::tempdir().unwrap();
    fs_err::write(outside.path().join("x.png"), PNG).unwrap();
    let absolute = outside.path().join("x.png");
    let absolute = absolute.to_str().unwrap();
    for (written, expected) in [
        ("none.png", "there is no image `none.png`".to_owned()),
        (
            "../x.png",
            "the image `../x.png` is not in the suite's folder".to_owned(),
        ),
        (
            "a/../good.png",
            "the image `a/../good.png` is not in the suite's folder".to_owned(),
        ),
        (
            absolute,
            format!("the image `{absolute}` is not in the suite's folder"),
        ),
        (
            "link.png",
            "the image `link.png` is a link out of the suite's folder".to_owned(),
        ),
        (
            "far/x.png",
            "the image `far/x.png` is a link out of the suite's folder".to_owned(),
        ),
        ("a", "`a` is a folder".to_owned()),
        (
            "text.png",
            "`text.png` is no image that can be sent".to_owned(),
        ),
        (
            "large.png",
            "the image `large.png` is larger than 20 MiB".to_owned(),
        ),
        (
            "https://example.org/x.png",
            "`https://example.org/x.png` is an address; only files of the suite are sent"
                .to_owned(),
        ),
        (
            "data:image/png;base64,AAAA",
            "`data:image/png;base64,AAAA` is an address; only files of the suite are sent"
                .to_owned(),
        ),
    ] {
        let line = json!({"input": "q", "target": 1, "images": ["good.png", written]}).to_string();
        let folder = folder("a.jsonl", line.as_bytes(), "scorers = ['exact']");
        folder.write("good.png", PNG);
        folder.write("text.png", b"no picture");
        folder.write("a/x.png", PNG);
        folder.write("large.png", &[PNG, &vec![0; 20 << 20]].concat());
        #[cfg(unix)]
        {
            std::os::unix::fs::symlink(absolute, folder.0.path().join("link.png")).unwrap();
            std::os::unix::fs::symlink(outside.path(), folder.0.path().join("far")).unwrap();
        }
        let column = 1 + line.find(&format!("{written:?}")).unwrap();
        assert_eq!(folder.faults(), [format!("a.jsonl:1:{column}: {expected}")]);
    }
    for (line, keys, expected) in [
        (
            r#"{"input": "q", "target": 1, "images": "a.png"}"#,
            "",
            "39: `images` must be an array, found a string",
        ),
        (
            r#"{"messages": [{"role": "user", "content": "q"}], "images": ["a.png"], "target": 1}"#,
            "",
            "1: both `images` and `messages`",
        ),
        (
            r#"{"input": "q", "target": 1, "images": ["a.png"]}"#,
            "messages = [{ role = 'assistant', content = '{{ input }}' }]",
            "1: `images` without a question: no message of the task is the user's",
        ),
    ] {
        let folder = folder(
            "a.jsonl",
            line.as_bytes(),
            &format!("scorers = ['exact']\n{keys}"),
        );
        folder.write("a.png", PNG);
        assert_eq!(folder.faults(), [format!("a.jsonl:1:{expected}")]);
    }
}

#[test]
fn images_of_a_task_go_with_its_messages_to_every_sample() {
    let keys = r#"scorers = ["exact"]
messages = [
  { role = "user", content = [{ type = "text", text = "Like this?" }, { type = "image", file = "shot.gif" }] },
  { role = "assistant", content = "Yes." },
  { role = "user", content = [{ type = "text", text = "{{ input }}" }, { file = "rule.png", type = "image" }] },
]
"#;
    let data = r#"{"input": "And this?", "images": ["own.jpg"], "target": 1}
{"messages": [{"role": "user", "content": "No pictures?"}], "target": 1}
"#;
    let folder = folder("a.jsonl", data.as_bytes(), keys);
    for (name, bytes) in [("shot.gif", GIF), ("rule.png", PNG), ("own.jpg", JPEG)] {
        folder.write(name, bytes);
    }
    let suite = folder.suite();
    let found = samples(&suite);
    let kinds = |message: &Message| -> Vec<String> {
        let images = message.images.iter();
        images.map(|image| image.media_type.clone()).collect()
    };
    assert_eq!(kinds(&found[0].messages[0]), ["image/gif"]);
    assert_eq!(found[0].messages[2].content, "And this?");
    assert_eq!(kinds(&found[0].messages[2]), ["image/png", "image/jpeg"]);
    let named = found[0].sample.images.iter();
    let named: Vec<_> = named.map(|image| (&*image.file, image.message)).collect();
    assert_eq!(
        named,
        [
            ("shot.gif", Some(0)),
            ("rule.png", Some(2)),
            ("own.jpg", None)
        ]
    );
    assert!(found[1].sample.images.is_empty() && found[1].messages[0].images.is_empty());
    assert_eq!(suite.tasks[0].files[0].images.count, 3);
    let described = suite.tasks[0].describe();
    assert_eq!(described["messages"][0]["images"], json!(["shot.gif"]));
    fs_err::remove_file(folder.0.path().join("shot.gif")).unwrap();
    assert_eq!(
        folder.faults(),
        ["suite.toml:8:96: there is no image `shot.gif`"]
    );
}

#[test]
fn faults_in_parts_of_a_task() {
    for (content, expected) in [
        (
            "[]",
            "7:40: a message of a task needs a part of type `text`",
        ),
        ("[{ text = 'x' }]", "7:41: a part without `type`"),
        (
            "[{ type = 'audio', file = 'x' }]",
            "7:50: unknown type of a part `audio`",
        ),
        (
            "[{ type = 'text', text = '{{ input }}', file = 'x' }]",
            "7:80: unknown key `file` in a part",
        ),
        (
            "[{ type = 'text', text = '{{ input }}' }, { type = 'image', file = 'http://x/y.png' }]",
            "7:107: `http://x/y.png` is an address; only files of the suite are sent",
        ),
        (
            "[{ type = 'text', text = '{{ input }}' }, { type = 'text', text = 'x' }]",
            "7:82: a text after another part of the message",
        ),
    ] {
        check_keys(
            &format!("messages = [{{ role = 'user', content = {content} }}]"),
            expected,
        );
    }
    check_keys(
        "messages = [{ role = 'system', content = [{ type = 'text', text = '{{ input }}' }, { type = 'image', file = 'x' }] }]",
        "7:109: an image in a message that is not the user's",
    );
}

const EXAMPLES: &str = r#"{"id": "x", "input": "2+2?", "target": "4"}
{"id": "y", "input": "2+3?", "target": "5"}
{"id": "z", "input": "2+4?", "target": "6"}
"#;

/// A suite with the three examples, the samples `data` and the further lines `keys`.
fn exampled(data: &str, keys: &str) -> Folder {
    let folder = folder("a.jsonl", data.as_bytes(), keys);
    folder.write("few.jsonl", EXAMPLES.as_bytes());
    folder
}

/// The conversation of each sample: first letters of roles, and texts.
fn turns(suite: &Suite) -> Vec<Vec<String>> {
    let rendered = samples(suite);
    let line = |message: &Message| {
        let role = format!("{:?}", message.role);
        format!("{}: {}", &role[..1], message.content)
    };
    rendered
        .iter()
        .map(|one| one.messages.iter().map(line).collect())
        .collect()
}

#[test]
fn examples_stand_before_every_question_with_their_answers() {
    let data = r#"{"id": "a", "input": "1+1?", "target": "2"}
{"id": "b", "messages": [{"role": "system", "content": "Be brief."}, {"role": "user", "content": "1+2?"}], "target": "3"}
"#;
    let keys = "scorers = ['exact']\nsystem = 'Add.'\nprompt = 'Q: {{ input }}'\nfewshot = { file = 'few.jsonl', count = 2 }";
    let folder = exampled(data, keys);
    let suite = folder.suite();
    let examples = ["U: Q: 2+2?", "A: 4", "U: Q: 2+3?", "A: 5"];
    let first = [&["S: Add."], &examples[..], &["U: Q: 1+1?"]].concat();
    let second = [&["S: Be brief."], &examples[..], &["U: 1+2?"]].concat();
    assert_eq!(turns(&suite), [first, second]);
    let described = suite.tasks[0].describe();
    assert_eq!(described["fewshot"]["path"], "few.jsonl");
    assert_eq!(described["fewshot"]["examples"], 3);
    assert_eq!(described["fewshot"]["count"], 2);
    // What an assistant's turn of the task begins is gone on with.
    let keys = "scorers = ['exact']\nfewshot = 'few.jsonl'\nmessages = [{ role = 'user', content = '{{ input }}' }, { role = 'assistant', content = 'Sum:' }]";
    let folder = exampled(data.lines().next().unwrap(), keys);
    let suite = folder.suite();
    let expected = [
        "U: 2+2?",
        "A: Sum: 4",
        "U: 2+3?",
        "A: Sum: 5",
        "U: 2+4?",
        "A: Sum: 6",
        "U: 1+1?",
        "A: Sum:",
    ];
    assert_eq!(turns(&suite), [expected]);
}

/// With letters in the prompt and the scorer `choice` the answer of an example is a letter.
#[test]
fn examples_answer_as_the_task_asks() {
    let few = br#"{"input": "Sky?", "choices": ["red", "blue"], "target": "blue"}"#;
    let data = br#"{"input": "Grass?", "choices": ["red", "green"], "target": "green"}"#;
    for (keys, expected) in [
        ("scorers = ['choice']", "A: B"),
        ("scorers = ['exact']", "A: blue"),
        (
            "scorers = ['choice']\nprompt = '{{ input }} {{ choices | join(\" or \") }}'",
            "A: blue",
        ),
    ] {
        let folder = folder("a.jsonl", data, &format!("{keys}\nfewshot = 'few.jsonl'"));
        folder.write("few.jsonl", few);
        let loaded = folder.load();
        let shown: Vec<_> = loaded.diagnostics.iter().map(ToString::to_string).collect();
        assert_eq!(shown, [""; 0], "{keys}");
        assert_eq!(turns(&loaded.suite.unwrap())[0][1], expected, "{keys}");
    }
}

#[test]
fn drawn_examples_follow_from_the_suite_and_differ_between_samples() {
    let line = |number| format!("{{\"input\": \"{number}+100?\", \"target\": \"n\"}}\n");
    let data = (0..40).map(line).collect::<Vec<_>>().concat();
    let drawn = |more: &str| {
        let keys = format!(
            "scorers = ['exact']\nfewshot = {{ file = 'few.jsonl', count = 2, order = 'seeded'{more} }}"
        );
        let folder = exampled(&data, &keys);
        turns(&folder.suite())
    };
    let once = drawn("");
    assert_eq!(once, drawn(", seed = 0"));
    assert_ne!(once, drawn(", seed = 1"));
    let orders: std::collections::BTreeSet<_> = once.iter().map(|turns| &turns[..4]).collect();
    assert_eq!(orders.len(), 6, "all ordered pairs of three");
    assert!(
        once.iter()
            .all(|turns| turns.len() == 5 && turns[0] != turns[2])
    );
}

/// Examples go out with every sample, so that their labels bind it.
#[test]
fn a_sample_is_as_protected_as_the_examples_before_it() {
    let data = br#"{"input": "1+1?", "target": "2"}"#;
    let few = br#"{"input": "2+2?", "target": "4"}
{"input": "2+3?", "target": "5", "sensitivity": "secret"}
"#;
    for (fewshot, expected) in [
        ("'few.jsonl'", Sensitivity::Secret),
        ("{ file = 'few.jsonl', count = 1 }", Sensitivity::Public),
        (
            "{ file = 'few.jsonl', count = 1, order = 'seeded' }",
            Sensitivity::Secret,
        ),
    ] {
        let keys = format!("scorers = ['exact']\nsensitivity = 'public'\nfewshot = {fewshot}");
        let folder = folder("a.jsonl", data, &keys);
        folder.write("few.jsonl", few);
        let suite = folder.suite();
        let task = &suite.tasks[0];
        assert_eq!((task.sensitivity, task.strictest), (expected, expected));
        assert_eq!(samples(&suite)[0].sample.sensitivity, expected, "{fewshot}");
    }
}

#[test]
fn examples_count_into_the_digest() {
    let keys = "scorers = ['exact']\nfewshot = 'few.jsonl'";
    let folder = exampled(r#"{"input": "1+1?", "target": "2"}"#, keys);
    let before = folder.suite().digest;
    folder.write("few.jsonl", EXAMPLES.replace("2+2", "3+1").as_bytes());
    assert_ne!(folder.suite().digest, before);
}

/// Checks the faults of a task with the examples `few` and the samples `data`.
fn check_examples(few: &str, data: &str, expected: &[&str]) {
    let keys = "scorers = ['exact']\nfewshot = 'few.jsonl'";
    let folder = folder("a.jsonl", data.as_bytes(), keys);
    folder.write("few.jsonl", few.as_bytes());
    let root = format!("{}/", folder.0.path().display());
    let faults: Vec<_> = folder
        .faults()
        .iter()
        .map(|fault| fault.replace(&root, ""))
        .collect();
    assert_eq!(faults, expected, "{few}\n{data}");
}

#[test]
fn faults_in_examples() {
    let data = r#"{"id": "a", "input": "1+1?", "target": "2"}"#;
    let line = |more: &str| format!("{{\"input\": \"2+2?\", {more}}}");
    check_examples(
        &line("\"target\": null"),
        data,
        &["few.jsonl:1:1: an example without `target`"],
    );
    check_examples(
        "{\"id\": \"x\", \"input\": \"p\", \"target\": \"1\"}\n{\"input\": \"q\", \"id\": \"x\", \"target\": \"1\"}",
        data,
        &["few.jsonl:2:22: duplicate id `x`; the first is at line 1"],
    );
    check_examples(
        &line("\"target\": \"4\", \"rewording_of\": \"a\""),
        data,
        &["few.jsonl:1:50: an example cannot be a rewording or isomorph of a sample"],
    );
    check_examples(
        &line("\"targett\": \"4\""),
        data,
        &[
            "few.jsonl:1:1: an example without `target`",
            "few.jsonl:1:19: `targett` is taken for metadata",
        ],
    );
    check_examples(
        "",
        data,
        &["suite.toml:7:11: empty data: there is no example in it"],
    );
    // An example that the scorer would not pass is a warning: a model that follows it is wrong.
    check_examples(
        &line("\"target\": 4"),
        data,
        &["few.jsonl:1:1: scorer `exact` gives 0 for the answer of this example, written so"],
    );
    check_examples(
        &format!("\n{}", line("\"id\": \"a\", \"target\": \"4\"")),
        data,
        &["a.jsonl:1:8: the example at few.jsonl:2 has the same id"],
    );
    check_examples(
        "{\"input\": \" 1+1? \", \"target\": \"2\"}",
        data,
        &["a.jsonl:1:1: the example at few.jsonl:1 has the same question"],
    );
    // Positions are no ids, and the same text with other options is another question.
    check_examples(
        r#"{"id": "1", "input": "q", "choices": ["a", "b"], "target": "a"}"#,
        r#"{"input": "q", "choices": ["a", "c"], "target": "a"}"#,
        &[],
    );
}

#[test]
fn faults_in_the_key_fewshot() {
    let data = r#"{"input": "1+1?", "target": "2"}"#;
    for (fewshot, expected) in [
        ("'none.jsonl'", "7:11: there is no file `none.jsonl`"),
        ("7", "7:11: `fewshot` must be a table, found an integer"),
        ("{ count = 2 }", "7:11: `fewshot` without `file`"),
        (
            "{ file = 'few.jsonl', count = 4 }",
            "7:41: `count` is 4, and there are 3 examples",
        ),
        (
            "{ file = 'few.jsonl', order = 'random' }",
            "7:41: unknown order `random`",
        ),
        (
            "{ file = 'few.jsonl', seed = 3 }",
            "7:40: `seed` without `order = \"seeded\"`",
        ),
        (
            "{ file = 'few.jsonl', shots = 3 }",
            "7:33: unknown key `shots` in fewshot",
        ),
    ] {
        let keys = format!("scorers = ['exact']\nfewshot = {fewshot}");
        let faults = exampled(data, &keys).faults();
        assert_eq!(faults, [format!("suite.toml:{expected}")]);
    }
}

#[test]
fn the_primary_scorer_comes_first() {
    let data = br#"{"input": "q", "choices": ["a", "b"], "target": "a"}"#;
    let keys = |primary: &str, scorers: &str| format!("scorers = {scorers}\nprimary = '{primary}'");
    let both = "['exact', 'choice']";
    let suite = folder("a.jsonl", data, &keys("choice", both)).suite();
    let kinds: Vec<_> = suite.tasks[0]
        .scorers
        .iter()
        .map(|scorer| scorer.kind.as_str())
        .collect();
    assert_eq!(kinds, ["choice", "exact"]);
    for (primary, scorers, expected) in [
        (
            "chioce",
            both,
            "7:11: `primary` is `chioce`, which is not among the task's scorers",
        ),
        (
            "exact",
            "['exact', { type = 'exact', ignore_case = true }]",
            "7:11: `primary` is `exact`, and two of the task's scorers are",
        ),
    ] {
        let faults = folder("a.jsonl", data, &keys(primary, scorers)).faults();
        assert_eq!(faults, [format!("suite.toml:{expected}")]);
    }
}

#[test]
fn a_reducer_has_the_epochs_that_it_needs() {
    let data = "{\"input\": \"q\", \"target\": \"1\"}";
    for (keys, expected) in [
        ("reducer = 'pass@3'\nepochs = 3", None),
        ("reducer = 'median'", None),
        (
            "reducer = 'pass@3'",
            Some("7:11: `pass@3` needs 3 epochs, the task has 1"),
        ),
        (
            "reducer = 'pass^4'\nepochs = 3",
            Some("7:11: `pass^4` needs 4 epochs, the task has 3"),
        ),
        (
            "reducer = 'average'",
            Some("7:11: unknown reducer `average`"),
        ),
        ("reducer = 'pass@0'", Some("7:11: unknown reducer `pass@0`")),
    ] {
        let expected: Vec<_> = expected
            .iter()
            .map(|expected| format!("suite.toml:{expected}"))
            .collect();
        let expected: Vec<_> = expected.iter().map(String::as_str).collect();
        check("a.jsonl", data, keys, &expected);
    }
}

#[test]
fn clusters_come_from_the_sample_or_from_the_field_that_the_task_names() {
    let data = br#"{"input": "q", "target": 1, "metadata": {"customer": 7, "lang": "de"}}
{"input": "r", "target": 1, "cluster": "own", "metadata": {"customer": "c"}}
{"input": "s", "target": 1, "cluster": 12}
{"input": "t", "target": 1, "metadata": {"customer": null}}
"#;
    let keys = "scorers = ['exact']\ncluster = 'customer'\nslices = ['lang']";
    let lines = folder("a.jsonl", data, keys);
    let suite = lines.suite();
    let task = &suite.tasks[0];
    assert_eq!(task.cluster.as_deref(), Some("customer"));
    assert_eq!(task.slices, ["lang"]);
    let clusters: Vec<_> = samples(&suite)
        .into_iter()
        .map(|one| one.sample.cluster)
        .collect();
    let expected = [Some("7"), Some("own"), Some("12"), None];
    assert_eq!(clusters, expected.map(|name| name.map(str::to_owned)));
    let table = b"input,target,cluster,lang\nq,1,k,de\nr,1,,de\n";
    let cells = folder("a.csv", table, "scorers = ['exact']");
    let suite = cells.suite();
    let clusters: Vec<_> = samples(&suite)
        .into_iter()
        .map(|one| one.sample.cluster)
        .collect();
    assert_eq!(clusters, [Some("k".to_owned()), None]);
}

#[test]
fn faults_in_clusters_and_slices() {
    let line = |more: &str| format!("{{\"input\": \"q\", \"target\": 1, {more}}}");
    let customer = line("\"metadata\": {\"customer\": \"c\"}");
    for (data, keys, expected) in [
        (
            &customer,
            "cluster = 'custmer'",
            "suite.toml:7:11: no sample has the metadata `custmer`",
        ),
        (
            &customer,
            "slices = ['customer', 'lang']",
            "suite.toml:7:23: no sample has the metadata `lang`",
        ),
        (
            &customer,
            "slices = ['customer', 'customer']",
            "suite.toml:7:23: the field `customer` stands there twice",
        ),
        (
            &line("\"cluster\": [1]"),
            "",
            "a.jsonl:1:40: `cluster` must be a string or a number, found an array",
        ),
        (
            &line("\"cluster\": \" \""),
            "",
            "a.jsonl:1:40: `cluster` is empty",
        ),
        (
            &line("\"metadata\": {\"customer\": [1]}"),
            "cluster = 'customer'",
            "a.jsonl:1:1: the metadata `customer` is an array, and `cluster` of the task names it",
        ),
        (
            &line("\"metadata\": {\"lang\": {}}"),
            "slices = ['lang']",
            "a.jsonl:1:1: the metadata `lang` is an object, and `slices` of the task names it",
        ),
    ] {
        check("a.jsonl", data, keys, &[expected]);
    }
    let many: String = (0..1_002)
        .map(|number| line(&format!("\"metadata\": {{\"n\": {number}}}")) + "\n")
        .collect();
    let expected = "suite.toml:7:11: `n` has more than 1000 values";
    check("a.jsonl", &many, "slices = ['n']", &[expected]);
    check("a.jsonl", &many, "cluster = 'n'", &[]);
}
