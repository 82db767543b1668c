//! Data of public sets in the form in which it is published, and tables of people: from the file to a score.
//!
//! The rows are worded for this test; their columns, and how options and targets are written, are those of the sets.

use std::io::Write as _;
use std::path::Path;

use cleanbench_suite::{Catalog, Grants, NamedData, Pulse, Severity, load};
use cleanbench_testkit::{Answers, FakeServer, Script};

use crate::bed::{Bed, MODEL};

/// A set: its folder under `tasks/public`, how its file ends, and the file.
struct Set {
    name: &'static str,
    ending: &'static str,
    rows: &'static str,
    /// The targets that come out.
    targets: &'static [&'static str],
}

const SETS: [Set; 15] = [
    Set {
        name: "mmlu",
        ending: "jsonl",
        rows: r#"{"question": "Which of these is a gas?", "subject": "chemistry", "choices": ["ice", "steam", "chalk", "salt"], "answer": 1}
{"question": "How many are two pairs?", "subject": "arithmetic", "choices": ["4", "3", "2", "2"], "answer": 0}
"#,
        targets: &["steam", "4"],
    },
    Set {
        name: "mmlu-pro",
        ending: "json",
        rows: r#"[{"question_id": 70, "question": "Which letter is the tenth?", "options": ["A","B","C","D","E","F","G","H","I","J"], "answer": "J", "answer_index": 9, "cot_content": "", "category": "letters", "src": "made"},
{"question_id": 71, "question": "Which is wet?", "options": ["sand", "rain", "N/A"], "answer": "B", "answer_index": 1, "cot_content": "", "category": "weather", "src": "made"}]"#,
        targets: &["J", "rain"],
    },
    Set {
        name: "mmmlu",
        ending: "csv",
        rows: ",Question,A,B,C,D,Answer,Subject\n0,\"Was ist nass?\",Sand,Regen,Salz,Glas,B,wetter\n1,\"Zwei, und zwei?\",3,4,5,6,B,zahlen\n",
        targets: &["Regen", "4"],
    },
    Set {
        name: "arc",
        ending: "jsonl",
        rows: r#"{"id": "M_1", "question": "What falls?", "choices": {"text": ["rain", "light", "sound", "heat"], "label": ["1", "2", "3", "4"]}, "answerKey": "1"}
{"id": "M_2", "question": "What grows?", "choices": {"text": ["stone", "grass", "glass"], "label": ["A", "B", "C"]}, "answerKey": "B"}
"#,
        targets: &["rain", "grass"],
    },
    Set {
        name: "openbookqa",
        ending: "jsonl",
        rows: r#"{"id": "7-980", "question_stem": "A lamp gives", "choices": {"text": ["light", "rain"], "label": ["A", "B"]}, "answerKey": "A"}
"#,
        targets: &["light"],
    },
    Set {
        name: "hellaswag",
        ending: "jsonl",
        rows: r#"{"ind": 4, "activity_label": "Cooking", "ctx_a": "A cook takes a pot.", "ctx_b": "he", "ctx": "A cook takes a pot. he", "endings": ["fills it.", "eats it.", "sings to it.", "plants it."], "source_id": "s~1", "split": "val", "split_type": "indomain", "label": "0"}
{"ind": 5, "activity_label": "Cooking", "ctx_a": "A", "ctx_b": "b", "ctx": "A boy climbs. he", "endings": ["melts.", "looks down.", "boils.", "rusts."], "source_id": "s~2", "split": "val", "split_type": "zeroshot", "label": "1"}
"#,
        targets: &["fills it.", "looks down."],
    },
    Set {
        name: "gsm8k",
        ending: "jsonl",
        rows: r#"{"question": "Ada has 2 boxes of 500 nails and one of 250. How many nails?", "answer": "She has 2*500=<<2*500=1000>>1000 and 250 more.\nThat is 1000+250=<<1000+250=1250>>1250.\n#### 1,250"}
"#,
        targets: &["1,250"],
    },
    Set {
        name: "math",
        ending: "jsonl",
        rows: r#"{"problem": "What is half of $\\frac{2}{3}$?", "level": "Level 1", "type": "Prealgebra", "solution": "Half of it is $\\boxed{\\frac{1}{3}}$."}
{"problem": "Solve $x + 1 = 3$.", "level": "Level 2", "subject": "Algebra", "solution": "So $x = \\boxed{2}$.", "answer": "2", "unique_id": "test/1"}
"#,
        targets: &["\\frac{1}{3}", "2"],
    },
    Set {
        name: "truthfulqa",
        ending: "jsonl",
        rows: r#"{"question": "Do boots bring rain?", "mc1_targets": {"choices": ["No, they do not", "Yes", "Only red ones"], "labels": [1, 0, 0]}, "mc2_targets": {"choices": ["No, they do not", "No", "Yes"], "labels": [1, 1, 0]}}
"#,
        targets: &["No, they do not"],
    },
    Set {
        name: "boolq",
        ending: "jsonl",
        rows: r#"{"question": "is the door of the mill blue", "answer": true, "passage": "The mill has a blue door."}
{"question": "is the mill tall", "answer": false, "passage": "The mill is small."}
"#,
        targets: &["yes", "no"],
    },
    Set {
        name: "squad",
        ending: "jsonl",
        rows: r#"{"id": "5733", "title": "Mill", "context": "The mill was built by Ada in 1802.", "question": "Who built the mill?", "answers": {"text": ["Ada", "by Ada"], "answer_start": [22, 19]}}
"#,
        targets: &[r#"["Ada","by Ada"]"#],
    },
    Set {
        name: "drop",
        ending: "jsonl",
        rows: r#"{"section_id": "mill_1", "query_id": "q-1", "passage": "Ada baked 3 loaves and Bo 4.", "question": "How many loaves were baked?", "answers_spans": {"spans": ["7", "7 loaves"], "types": ["number", "span"]}}
"#,
        targets: &[r#"["7","7 loaves"]"#],
    },
    Set {
        name: "gpqa",
        ending: "csv",
        rows: "Pre-Revision Question,Record ID,Question,Correct Answer,Incorrect Answer 1,Incorrect Answer 2,Incorrect Answer 3,Explanation,Subdomain,High-level domain,Writer's Difficulty Estimate\n\"old\",rec1,\"Which of these, by weight, floats?\",cork,lead,gold,iron,\"because, well\",Bodies,Physics,easy\n",
        targets: &["cork"],
    },
    Set {
        name: "humaneval",
        ending: "jsonl",
        rows: r#"{"task_id": "Made/0", "prompt": "def double(x):\n    \"\"\"Twice x.\"\"\"\n", "entry_point": "double", "canonical_solution": "    return 2 * x\n", "test": "def check(candidate):\n    assert candidate(2) == 4\n"}
"#,
        targets: &["    return 2 * x\n"],
    },
    Set {
        name: "mmlu-of-berkeley",
        ending: "csv",
        rows: "\"Which of these, warmed, is a gas?\",ice,steam,chalk,salt,B\nTwo and two?,3,4,5,6,B\n",
        targets: &["steam", "4"],
    },
];

fn block(name: &str) -> std::path::PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../../tasks/public")
        .join(name)
}

#[test]
fn every_public_set_loads_as_it_is_published() {
    let folder = tempfile::tempdir().unwrap();
    for set in &SETS {
        let file = folder.path().join(format!("{}.{}", set.name, set.ending));
        fs_err::write(&file, set.rows).unwrap();
        // The first publication of MMLU has no columns, and no subject to report by.
        let suite = if set.name == "mmlu-of-berkeley" {
            let text = fs_err::read_to_string(block("mmlu").join("suite.toml")).unwrap();
            let own = folder.path().join("suite.toml");
            fs_err::write(&own, text.replace("slices = [\"subject\"]\n", "")).unwrap();
            own
        } else {
            block(set.name)
        };
        let task = if set.name == "mmlu-of-berkeley" {
            "mmlu"
        } else {
            set.name
        };
        let grants = Grants {
            folders: Vec::new(),
            data: vec![NamedData {
                task: task.to_owned(),
                path: file,
            }],
        };
        let catalog = Catalog {
            scorers: &cleanbench_score::Registry,
            probes: &[],
        };
        let loaded = load(&suite, catalog, &grants, &Pulse::default());
        let errors = loaded.diagnostics.iter();
        let errors = errors.filter(|found| found.severity == Severity::Error);
        let errors: Vec<_> = errors.map(ToString::to_string).collect();
        let suite = loaded
            .suite
            .unwrap_or_else(|| panic!("{}: {}", set.name, errors.join("\n")));
        let samples = suite.tasks[0].samples().map(Result::unwrap);
        let targets = samples.map(|rendered| {
            let seen: String = rendered
                .messages
                .iter()
                .map(|turn| turn.content.as_str())
                .collect();
            assert!(
                !seen.contains("answer_index") && !seen.contains("####"),
                "{}: {seen}",
                set.name
            );
            match rendered.sample.target.unwrap() {
                serde_json::Value::String(text) => text,
                other => other.to_string(),
            }
        });
        assert_eq!(targets.collect::<Vec<_>>(), set.targets, "{}", set.name);
    }
    let blocks = fs_err::read_dir(block("")).unwrap();
    let blocks = blocks.filter(|entry| entry.as_ref().unwrap().path().is_dir());
    assert_eq!(
        blocks.count(),
        SETS.len() - 1,
        "every block has its rows here"
    );
}

#[test]
fn what_guessing_gives_stands_beside_the_score() {
    let bed = Bed::new(8);
    let server = FakeServer::start(Script::answering(Answers::Fixed("billing".to_owned())));
    bed.models(&server.url(), "");
    let done = bed.run_suite("out", &[]).expect(0);
    assert!(done.stdout.contains(", chance 0.250"), "{}", done.stdout);
    let page = crate::bed::read(&bed.only_run("out"), "summary.md");
    assert!(page.contains(", chance 0.250"), "{page}");
}

#[test]
fn a_table_of_ones_own_comes_to_a_score_with_one_manifest() {
    let bed = Bed::new(1);
    let semicolons =
        "\u{feff}question;expected_answer;category\r\n\"Say one, please\";1;a\r\nSay two;2;b\r\n";
    let utf16: Vec<u8> =
        "\u{feff}question\texpected_answer\tcategory\r\nSay one\t1\ta\r\nSay two\t2\tb\r\n"
            .encode_utf16()
            .flat_map(u16::to_le_bytes)
            .collect();
    let array = r#"[{"question": "Say one", "expected_answer": "1", "category": "a"}, {"question": "Say two", "expected_answer": "2", "category": "b"}]"#;
    let server = FakeServer::start(Script::answering(Answers::Fixed("1".to_owned())));
    bed.models(&server.url(), "");
    for (name, bytes) in [
        ("mine.csv", semicolons.as_bytes()),
        ("export.tsv", &utf16),
        ("mine.json", array.as_bytes()),
    ] {
        let folder = bed.path(name.split('.').next().unwrap());
        fs_err::create_dir_all(&folder).unwrap();
        let mut file = fs_err::File::create(folder.join(name)).unwrap();
        file.write_all(bytes).unwrap();
        let manifest = format!(
            "name = \"mine\"\n[[task]]\nname = \"mine\"\ndata = \"{name}\"\nscorers = [\"exact\"]\nslices = [\"category\"]\n"
        );
        fs_err::write(folder.join("suite.toml"), manifest).unwrap();
        let told = bed
            .run(&["check", folder.join(name).to_str().unwrap()])
            .expect(65);
        assert!(
            told.stderr.contains("what to ask of it is missing"),
            "{}",
            told.stderr
        );
        let done = bed
            .run(&["run", folder.to_str().unwrap(), "-m", MODEL, "-o", "out"])
            .expect(0);
        assert!(done.stdout.contains("0.500"), "{name}: {}", done.stdout);
    }
}
