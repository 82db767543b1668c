//! The registry from outside, and hostile answers put to every scorer.

use cleanbench_core::{Completion, Extraction, Sample, Scorer, ScorerCatalog, ScorerSpec};
use cleanbench_score::{Registry, build, digest_of, names};
use serde_json::{Value, json};

use crate::common::{self, spec};

/// Every scorer with parameters that make it work hard, and a target it accepts.
fn every_scorer() -> Vec<(ScorerSpec, Value)> {
    let prose = json!({"normalize": ["case", "punctuation", "articles", "whitespace", "trim"]});
    vec![
        (spec("exact", prose), json!("x")),
        (spec("choice", json!({})), json!("a a")),
        (spec("choice", json!({"accept": "letter"})), json!("a a")),
        (spec("choice", json!({"normal_form": false})), json!("a a")),
        (spec("numeric", json!({})), json!(1)),
        (spec("numeric", json!({"take": "only"})), json!(1)),
        (spec("contains", json!({"words": true})), json!("a a")),
        (spec("regex", json!({"pattern": r"(\w+)\s*$"})), json!("a")),
        (spec("json_fields", json!({"case": false})), json!({"a": 1})),
        (
            spec("json_diff", json!({"case": false})),
            json!({"a": [1, {"b": 2}]}),
        ),
        (
            spec(
                "json_schema",
                json!({"schema": {"pattern": "^(a+)+$", "uniqueItems": true}}),
            ),
            json!(1),
        ),
        (spec("choices", json!({})), json!(["a a", "b"])),
        (spec("quantity", json!({})), json!("1 km/h")),
        (spec("math", json!({"digits": 3})), json!("(x+1)^2")),
        (spec("f1", json!({})), json!("x y")),
        (
            spec("rouge_l", json!({"tokens": "words"})),
            json!("a b a b a b"),
        ),
        (spec("bleu", json!({})), json!(["a b", "a b a b a"])),
        (spec("chrf", json!({})), json!("a b a b a")),
        (
            spec("edit_similarity", json!({"case": false})),
            json!("a b a b a"),
        ),
        (
            spec("list", json!({"ordered": true, "duplicates": true})),
            json!(["a", "b", "a"]),
        ),
        (
            spec("tool_call", json!({"from_text": true})),
            json!({"name": "a", "arguments": {"b": 1}}),
        ),
        (
            spec("sql", json!({"fixture": "create table t as select 1 as a"})),
            json!("select a from t"),
        ),
        (spec("refusal", json!({})), json!(true)),
        (
            spec(
                "weighted",
                json!({"scorers": ["f1", "list", {"type": "weighted", "scorers": ["exact"]}]}),
            ),
            json!(["x", "b"]),
        ),
    ]
}

fn sample(target: Value) -> Sample {
    let choices = ["a a", "a", "b", "a b", "answer", "1", "{", "é"];
    common::sample(target, &choices.map(str::to_owned))
}

fn completion(text: &str) -> Completion {
    Completion {
        reasoning: Some("the answer is a a".to_owned()),
        ..common::completion(text)
    }
}

fn check_all(text: &str) {
    for (spec, target) in every_scorer() {
        let scorer = build(&spec).expect("the specification is valid");
        let sample = sample(target);
        assert_eq!(scorer.check_sample(&sample), Ok(()));
        let score = scorer.score(&sample, &completion(text));
        let start: String = text.chars().take(40).collect();
        assert!(
            (0.0..=1.0).contains(&score.value),
            "{start:?} by {}",
            spec.kind
        );
    }
}

/// Fragments whose every pairing is put to every scorer: cut characters, marks, controls.
#[rustfmt::skip]
const FRAGMENTS: &[&str] = &[
    "", " ", "\0", "\u{202e}", "\u{200b}", "\u{feff}", "é", "e\u{301}", "🦀", "東京", "ß", "İ", "½", "²", "٣",
    "\u{a0}", "\n", "\r\n", "a", "A", "B", "(A", "b)", "**", "`", "```json\n", "{", "}", "{\"a\":", "[", "]",
    "\"", "\\", "\\boxed{", "\\boxed{\\text{", "####", "answer is", "Answer:", "answer：", "-", "−", "$",
    "\\$", "€ ", "1", "1,", ".5", "1e", "e9", "1e999", "×10^", "1{,}2", "1\u{202f}234", "=", "not ", "or B",
    ", C", "\u{1f468}\u{200d}\u{1f469}", "%s%n", "=cmd()", "<script>", "\u{1b}[2J", "A → B ", "B →because",
    "B – x", "A—b ", "1 ≥ ", "…", "C… no, ",
];

#[test]
fn nasty_fragments_in_every_pairing_do_not_panic() {
    let scorers: Vec<(Box<dyn Scorer>, Sample)> = every_scorer()
        .into_iter()
        .map(|(spec, target)| (build(&spec).unwrap(), sample(target)))
        .collect();
    for first in FRAGMENTS {
        for second in FRAGMENTS {
            let completion = completion(&format!("{first}{second}{first}"));
            for (scorer, sample) in &scorers {
                let score = scorer.score(sample, &completion);
                assert!((0.0..=1.0).contains(&score.value), "{first:?} {second:?}");
            }
        }
    }
}

#[rustfmt::skip]
const UNITS: &[&str] = &[
    "[", "{", "{\"a\":", "{\"a\":\"", "{\"\":{", "\"", "\\", "(", "A ", "A\n", "(A) ", "a ", "a a", "not ",
    "answer", "answer is ", "answer: A, ", "the answer to ", "\\boxed{", "\\boxed{1", "####", "#### ", "1",
    "1,", "1 ", "1.", "1=", "1 = ", "-", "$", "$ ", "1e", "×10^", "1^", ".", "```", "```json\n{", "\n", " \n",
    "é", "\u{301}", "\u{202f}1", "𝔸", "\"a\":1,", "*", "B. ", "A or ", "A, ", "<think>", "</think>",
    "<x><think>", "<|message|>", "<|channel|>final<|message|>", "</s>", "The answer is not A. ", "so A ",
    "so ", "A is wrong, ", "Question: x\n", "\\text{", "\\boxed{\\text{A", "【", "[[A", "{'a':", "{a:", "{}",
    "{\"a\":1}", "答案是", "ответ ", "ﬁ", "Ⓑ", "not a, ", "no, ", "I can't ", "1. a\n", "A. wrong\n", "a\u{301}",
    "__a__ ", "_a ", "Attempt 1: A\n", "Sample 1: A\nSample 2: ", "С. ", "②", "loss of 5 ", "Apollo 11 ", "i. a\n", "1 a\n",
    "A. No, ", "no, B ", "A. wait ", "A?\n\nA. ", "not A, B, ", "Yes. ",
];

/// Long runs of what would take minutes if any step were quadratic.
#[test]
fn long_hostile_answers_take_linear_time() {
    // What the first units show needs no longer text to be shown by the others.
    let mut short = false;
    for &unit in UNITS {
        let length = match unit {
            "[" | "{" => 1 << 20,
            _ if short => 50_000,
            _ => 80_000,
        };
        short |= unit == "<think>";
        let mut text = unit.repeat(length / unit.len());
        text.push('x');
        check_all(&text);
    }
}

/// Numbers that look random and are the same everywhere.
struct Numbers(u64);

impl Numbers {
    fn below(&mut self, most: usize) -> usize {
        self.0 = self
            .0
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        usize::try_from(self.0 >> 33).expect("31 bits") % most
    }
}

#[rustfmt::skip]
const WORDS: &[&str] = &[
    "The answer is", "Answer:", "not", "is wrong", "so", "A", "(B)", "C.", "a a", "b", "or", "and", ",", "\n",
    ". ", "**", "\\boxed{", "}", "<think>", "</think>", "<answer>", "</answer>", "答案是", "Ответ:",
    "die Antwort ist", "正解は", "정답은", "A:", "Q:", "{\"answer\":", "\"B\"", "`", "$", "\\text{", "Ⓑ", "𝐁", "é",
    "e\u{301}", "Question:", "I can't", "help", "wait", "1", "2.", "【", "】", "if", "?", "yes", "no",
    "\u{200b}", "İ", "ß", "!", " ", "<|message|>", "”", "→", " – ", "—", "≥", "…", "no, wait: ", "sorry",
    "A.\nB.",
];

#[test]
fn arbitrary_answers_do_not_panic() {
    let scorers: Vec<(Box<dyn Scorer>, Sample)> = every_scorer()
        .into_iter()
        .filter(|(spec, _)| spec.kind != "sql")
        .map(|(spec, target)| (build(&spec).unwrap(), sample(target)))
        .collect();
    let mut numbers = Numbers(7);
    for _ in 0..1500 {
        let count = 1 + numbers.below(14);
        let words: Vec<&str> = (0..count)
            .map(|_| WORDS[numbers.below(WORDS.len())])
            .collect();
        let joint = ["", " "][numbers.below(2)];
        let completion = completion(&words.join(joint));
        for (scorer, sample) in &scorers {
            let score = scorer.score(sample, &completion);
            assert!((0.0..=1.0).contains(&score.value), "{words:?}");
        }
    }
}

#[test]
fn what_surrounds_an_answer_does_not_change_what_is_read() {
    let kinds = ["choice", "choices"].map(|kind| build(&spec(kind, json!({}))).unwrap());
    let sample = sample(json!("b"));
    for text in [
        "C",
        "(C)",
        "b",
        "The answer is C.",
        "A or C",
        "It is not C",
        "Answer: b, since a is not",
        "C) b",
        "A is wrong, so C",
        "Die Antwort ist C",
        "答案是C",
        "none",
        "C because of that",
        "so C",
        "a a, b",
        "A, C",
        "no idea",
        "Is the answer C?",
        "The wrong answer is C",
    ] {
        for scorer in &kinds {
            let plain = scorer.score(&sample, &completion(text));
            for (before, after) in [
                (" ", "\n"),
                ("\n\n", "  "),
                ("**", "**"),
                ("*", "*"),
                ("\t**", "**\n"),
                ("\u{feff}", "\r\n"),
            ] {
                let dressed = scorer.score(&sample, &completion(&format!("{before}{text}{after}")));
                assert_eq!(
                    dressed.extraction, plain.extraction,
                    "{before}{text}{after}"
                );
            }
        }
    }
}

#[test]
fn an_answer_in_which_nothing_is_visible_is_empty_for_all() {
    for text in ["", " \n\t", "\u{200b}", "\0", "\u{feff}\u{202e}"] {
        for (spec, target) in every_scorer() {
            let score = build(&spec)
                .unwrap()
                .score(&sample(target), &completion(text));
            assert_eq!(
                score.extraction,
                Extraction::Failed("empty completion"),
                "{text:?}"
            );
        }
    }
}

#[test]
fn every_name_is_covered_and_unknown_names_are_explained() {
    let covered: Vec<String> = every_scorer()
        .into_iter()
        .map(|(spec, _)| spec.kind)
        .collect();
    // Those that read no text and the one that runs programs have their cases in their own files.
    for name in names().filter(|name| !["likelihood", "recorded", "command"].contains(name)) {
        assert!(
            covered.iter().any(|kind| kind == name),
            "{name} is not tested here"
        );
    }
    for (kind, hint) in [
        (
            "chioce",
            "did you mean `choice`? known scorers: exact, choice, choices, numeric",
        ),
        (
            "perplexity",
            "known scorers: exact, choice, choices, numeric, quantity, contains, regex, f1, rouge_l",
        ),
    ] {
        let faults = Registry.build(&spec(kind, json!({}))).unwrap_err();
        assert_eq!(faults.len(), 1);
        assert_eq!(faults[0].param, None);
        assert_eq!(faults[0].message, format!("unknown scorer `{kind}`"));
        let found = faults[0].hint.as_deref().unwrap();
        assert!(found.starts_with(hint), "{found}");
    }
}

#[test]
fn every_fault_is_reported_at_once() {
    let params = json!({"tolerance": "x", "take": "middle", "speed": 3});
    let faults = build(&spec("numeric", params)).unwrap_err();
    let mut at: Vec<&str> = faults
        .iter()
        .filter_map(|fault| fault.param.as_deref())
        .collect();
    at.sort_unstable();
    assert_eq!(at, ["speed", "take", "tolerance"]);
}

#[test]
fn the_digest_depends_on_parameters_and_order() {
    let digest = |specs: &[ScorerSpec]| {
        let scorers: Vec<Box<dyn Scorer>> = specs.iter().map(|spec| build(spec).unwrap()).collect();
        digest_of(specs, &scorers)
    };
    let exact = spec("exact", json!({}));
    let choice = spec("choice", json!({}));
    let letter = spec("choice", json!({"accept": "letter"}));
    let both = digest(&[exact.clone(), choice.clone()]);
    assert_eq!(both, digest(&[exact.clone(), choice.clone()]));
    assert_ne!(both, digest(&[choice, exact.clone()]));
    assert_ne!(both, digest(&[exact.clone(), letter]));
    assert_ne!(both, digest(&[exact]));
    assert_ne!(digest(&[]), both);
}
