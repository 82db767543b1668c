//! Every metric against its reference implementation, see `golden/generate.py`.

#![expect(clippy::unwrap_used, reason = "an integration test, helpers included")]
#![expect(clippy::print_stderr, reason = "a test says what it did not compare")]

use std::path::{Path, PathBuf};

use cleanbench_text::{
    bag_f1, bleu, character_tokens, chrf, edit_distance, longest_common_subsequence, rouge_l,
    rouge_tokens, squad_tokens, tokens_13a,
};
use serde_json::Value;

/// Largest difference from the reference; both compute with 64-bit floats.
const TOLERANCE: f64 = 1e-9;

fn golden(text: &str) -> Vec<Value> {
    let file: Value = serde_json::from_str(text).unwrap();
    file["rows"].as_array().unwrap().clone()
}

fn most(values: impl Iterator<Item = f64>) -> f64 {
    values.fold(0.0, f64::max)
}

#[expect(clippy::cast_precision_loss, reason = "texts are short")]
fn edit_similarity(answer: &str, target: &str) -> f64 {
    let letters = |text: &str| text.chars().collect::<Vec<_>>();
    let (answer, target) = (letters(answer), letters(target));
    let longest = answer.len().max(target.len()).max(1);
    1.0 - edit_distance(&answer, &target) as f64 / longest as f64
}

fn compare(answer: &str, targets: &[&str], values: &Value) {
    let each = |metric: &dyn Fn(&str) -> f64| most(targets.iter().map(|target| metric(target)));
    let tokens = |tokenise: fn(&str) -> Vec<String>| {
        let references: Vec<_> = targets.iter().map(|target| tokenise(target)).collect();
        bleu(&tokenise(answer), &references)
    };
    let found = [
        (
            "f1",
            each(&|target| bag_f1(&squad_tokens(answer), &squad_tokens(target))),
        ),
        (
            "rouge_l",
            each(&|target| rouge_l(&rouge_tokens(answer), &rouge_tokens(target))),
        ),
        ("bleu", tokens(tokens_13a)),
        ("bleu_char", tokens(character_tokens)),
        ("chrf", each(&|target| chrf(answer, target))),
        (
            "edit_similarity",
            each(&|target| edit_similarity(answer, target)),
        ),
    ];
    for (metric, found) in found {
        let expected = values[metric].as_f64().unwrap();
        assert!(
            (found - expected).abs() < TOLERANCE,
            "{metric} of {answer:?} for {targets:?}: {found}, and the reference says {expected}"
        );
    }
}

#[test]
fn own_texts_score_as_by_the_references() {
    let rows = golden(include_str!("golden/own.json"));
    assert!(rows.len() > 30);
    for row in rows {
        let targets = row["targets"].as_array().unwrap();
        let targets: Vec<&str> = targets.iter().filter_map(Value::as_str).collect();
        compare(row["answer"].as_str().unwrap(), &targets, &row["values"]);
    }
}

/// The folder of public data beside the project, if it is there.
fn public_data() -> Option<PathBuf> {
    let project = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let found = ["../shared/data", "../../shared/data"]
        .map(|path| project.join(path))
        .into_iter()
        .find(|path| path.is_dir());
    if found.is_none() {
        eprintln!("public data are not there: nothing was compared with them");
    }
    found
}

fn lines_by_id(path: &Path) -> Vec<Value> {
    let text = fs_err::read_to_string(path).unwrap();
    text.lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect()
}

#[test]
fn public_answers_score_as_by_the_references() {
    let Some(folder) = public_data() else { return };
    let questions = lines_by_id(&folder.join("truthfulqa/truthfulqa_test.jsonl"));
    let solutions = lines_by_id(&folder.join("model_outputs/gsm8k_openai_2021.jsonl"));
    let mut compared = 0;
    for row in golden(include_str!("golden/public.json")) {
        let items = if row["set"] == "gsm8k" {
            &solutions
        } else {
            &questions
        };
        let Some(item) = items.iter().find(|item| item["id"] == row["id"]) else {
            continue;
        };
        let targets: Vec<&str> = match item["correct_answers"].as_array() {
            Some(targets) => targets.iter().filter_map(Value::as_str).collect(),
            None => vec![item["ground_truth"].as_str().unwrap()],
        };
        let answer = item["best_incorrect_answer"].as_str();
        let answer = answer.or(item["6b_finetuning"]["solution"].as_str());
        compare(answer.unwrap(), &targets, &row["values"]);
        compared += 1;
    }
    assert!(compared > 300, "only {compared} answers were found");
}

/// Scores published with four tables of completions, to two digits.
#[test]
fn published_rouge_of_completions_is_reproduced() {
    let Some(folder) = public_data() else { return };
    let (mut near, mut all) = (0, 0);
    for table in [
        "gpt3.5_wnli_train",
        "gpt3.5_wnli_valid",
        "gpt4_wnli_train",
        "gpt4_wnli_valid",
    ] {
        let path = folder.join(format!("time_travel/full/{table}.csv"));
        for row in csv::Reader::from_path(path).unwrap().records() {
            let row = row.unwrap();
            for (answer, score) in [(3, 6), (4, 5)] {
                let found = rouge_l(&rouge_tokens(&row[answer]), &rouge_tokens(&row[1]));
                let published: f64 = row[score].parse().unwrap();
                all += 1;
                near += u32::from((found - published).abs() < 0.0051);
            }
        }
    }
    assert!(all > 50 && near == all, "{near} of {all}");
}

#[test]
fn long_texts_are_aligned_in_time() {
    let long: Vec<char> = "ab cd".chars().cycle().take(30_000).collect();
    let mut other = long.clone();
    other.rotate_left(3);
    assert!(longest_common_subsequence(&long, &other) >= 29_997);
    assert!(edit_distance(&long, &other) <= 6);
}
