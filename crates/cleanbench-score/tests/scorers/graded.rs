//! Numbers of long answers: graded solutions that lie beside the checkout, answers without end, and what must not
//! change the reading.

use std::path::Path;
use std::time::Instant;

use cleanbench_core::{Extraction, Score};
use serde_json::{Value, json};

use crate::common;

fn score(kind: &str, target: &str, answer: &str) -> Score {
    common::score(&common::spec(kind, json!({})), target, answer)
}

/// What is not read as it was graded, and how many were.
fn misread(lines: &str) -> (usize, Vec<String>) {
    const MODELS: [&str; 4] = [
        "6b_finetuning",
        "6b_verification",
        "175b_finetuning",
        "175b_verification",
    ];
    let (mut count, mut wrong) = (0, Vec::new());
    for line in lines.lines() {
        let item: Value = serde_json::from_str(line).expect("a line is JSON");
        let truth = item["ground_truth"].as_str().expect("there is a truth");
        let (_, target) = truth.rsplit_once("A: ").expect("it ends in an answer");
        for model in MODELS {
            let Some(solution) = item[model]["solution"].as_str() else {
                continue;
            };
            count += 1;
            let score = score("numeric", &target.replace(',', ""), solution);
            if Some(score.value > 0.5) != item[model]["is_correct"].as_bool() {
                wrong.push(format!("{target}: {score:?} of {solution:?}\n"));
            }
        }
    }
    (count, wrong)
}

#[test]
#[expect(
    clippy::disallowed_methods,
    reason = "a file of the developer's is read as it is"
)]
fn graded_solutions_are_read_as_they_were_graded() {
    let name = "shared/data/model_outputs/gsm8k_openai_2021.jsonl";
    let mut above = Path::new(env!("CARGO_MANIFEST_DIR")).ancestors();
    let found = above.find_map(|folder| std::fs::read_to_string(folder.join(name)).ok());
    let Some(lines) = found else {
        eprintln!("not run: there is no {name} beside the checkout");
        return;
    };
    let (count, wrong) = misread(&lines);
    assert!(
        count >= 2_708 && wrong.is_empty(),
        "{} of {count}:\n{}",
        wrong.len(),
        wrong.concat()
    );
}

#[test]
fn an_answer_without_end_is_read_in_time() {
    for part in [
        "1 ",
        "1,",
        "1.",
        "1/",
        "(1) ",
        "[1]",
        "one ",
        "a hundred and ",
        "\\frac{",
        "\\boxed{",
        "#### ",
        "answer is ",
        "<answer>",
        "√",
        "½",
        "1^",
        "1!",
        "x + ",
        "1 = ",
        "**1** ",
        "\n",
        "Question: 5\n",
        "一",
        "1万",
        "minus ",
        "3x+",
        "\\sqrt{2}",
        "answer: five ",
        "1_",
        "5 million ",
        "1e",
        "- ",
        "5\n",
        "__5__ ",
        "Attempt 1: 5\n",
        "a loss of 5 ",
        "Apollo 11 ",
        "5 kg ",
    ] {
        let text = part.repeat(1_000_000 / part.len());
        for kind in ["numeric", "quantity"] {
            let start = Instant::now();
            score(kind, "5", &text);
            let seconds = start.elapsed().as_secs_f64();
            assert!(seconds < 10.0, "{kind}: {seconds} s for {part:?}");
        }
    }
}

#[test]
fn white_space_and_emphasis_change_nothing() {
    for answer in [
        "42",
        "-7",
        "3/4",
        "1,234",
        "forty-two",
        "5 million",
        "60 m^2",
        "½",
        "1 1/2",
        "50%",
        "\\frac{3}{4}",
        "四十二",
    ] {
        let plain = score("numeric", "1", answer).extraction;
        assert!(matches!(plain, Extraction::Found(_)), "{answer}");
        for (before, after) in [
            (" ", "\n"),
            ("**", "**"),
            ("\n\n", "  "),
            ("*", "*"),
            ("_", "_"),
            ("__", "__"),
            ("***", "***"),
            ("`", "`"),
            ("\n> ", ""),
        ] {
            let decorated = format!("{before}{answer}{after}");
            assert_eq!(
                score("numeric", "1", &decorated).extraction,
                plain,
                "{decorated:?}"
            );
            let stated = format!("The answer is {before}{answer}{after}");
            assert_eq!(
                score("numeric", "1", &stated).extraction,
                plain,
                "{stated:?}"
            );
        }
    }
}

#[test]
fn white_space_and_emphasis_change_no_choice_list_or_formula() {
    let options = ["dark blue", "light_grey", "red", "2x"].map(str::to_owned);
    let read = |kind: &str, target: Value, answer: &str| {
        let scorer = cleanbench_score::build(&common::spec(kind, json!({}))).expect("it is right");
        scorer.score(
            &common::sample(target, &options),
            &common::completion(answer),
        )
    };
    for (kind, target, answer) in [
        ("choice", json!("red"), "C"),
        ("choice", json!("red"), "(c)"),
        ("choice", json!("red"), "red"),
        ("choice", json!("dark blue"), "dark blue"),
        ("choice", json!("light_grey"), "light_grey"),
        ("choices", json!(["dark blue", "red"]), "A, C"),
        ("choices", json!(["dark blue", "red"]), "dark blue, red"),
        ("list", json!(["oak", "ash"]), "oak, ash"),
        ("quantity", json!("5 km"), "5 km"),
        ("math", json!("2x"), "2x"),
        ("math", json!("1/2"), "1/2"),
    ] {
        let plain = read(kind, target.clone(), answer);
        assert!(plain.value > 0.5, "{kind}: {answer}");
        for (before, after) in [
            (" ", "\n"),
            ("**", "**"),
            ("\n\n", "  "),
            ("*", "*"),
            ("_", "_"),
            ("__", "__"),
            ("***", "***"),
        ] {
            for lead in ["", "The answer is "] {
                let decorated = format!("{lead}{before}{answer}{after}");
                let found = read(kind, target.clone(), &decorated);
                assert!(found.value > 0.5, "{kind}: {decorated:?}: {found:?}");
            }
        }
    }
}

#[test]
fn pieces_in_any_order_never_panic() {
    const PIECES: [&str; 40] = [
        "1",
        "9.500",
        ",",
        ".",
        "/",
        "^",
        "_",
        "{",
        "}",
        "\\frac",
        "\\sqrt",
        "\\pi",
        "\\boxed{",
        "####",
        "answer is ",
        "five",
        "hundert",
        "一",
        "百分之",
        "½",
        "²",
        "π",
        "√",
        "(",
        ")",
        "[",
        "]",
        "-",
        "–",
        " ",
        "\n",
        "%",
        "$",
        "€",
        "x",
        "!",
        "万",
        "minus ",
        "e5",
        "é",
    ];
    let mut state = 7_u64;
    for _ in 0..20_000 {
        let mut text = String::new();
        for _ in 0..12 {
            state = state
                .wrapping_mul(6_364_136_223_846_793_005)
                .wrapping_add(1_442_695_040_888_963_407);
            let at = usize::try_from(state >> 40).unwrap_or(0) % PIECES.len();
            text.push_str(PIECES[at]);
        }
        score("numeric", "5", &text);
        score("quantity", "5 kg", &text);
    }
}
