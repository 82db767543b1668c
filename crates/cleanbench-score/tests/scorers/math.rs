//! The scorer `math`: a collection beside the checkout, parameters, and what holds for all formulas.
//!
//! Properties are tested on formulas by a generator with a fixed seed, so that a failure comes back.

use std::fmt::Write as _;
use std::path::Path;

use cleanbench_core::{Extraction, Score, ScorerSpec};
use serde::Deserialize;
use serde_json::{Map, Value, json};

use crate::common;

fn score(params: &Value, target: &str, answer: &str) -> Score {
    common::score(&common::spec("math", params.clone()), target, answer)
}

fn equal(target: &str, answer: &str) -> bool {
    score(&json!({}), target, answer).value > 0.5
}

/// A case of a collection, and the switches with which it was labelled.
#[derive(Debug, Deserialize)]
struct Case {
    kind: String,
    target: String,
    answer: String,
    equal: bool,
    precision: Option<u32>,
    allow_set_relation_comp: Option<bool>,
    strict: Option<bool>,
}

impl Case {
    /// Its switches as parameters.
    fn params(&self) -> Value {
        let mut params = Map::new();
        if let Some(digits) = self.precision {
            params.insert("digits".to_owned(), Value::from(digits));
        }
        if let Some(relations) = self.allow_set_relation_comp {
            params.insert("relations".to_owned(), Value::from(relations));
        }
        if self.strict == Some(false) {
            params.insert("units".to_owned(), Value::from(true));
        }
        Value::Object(params)
    }
}

#[test]
#[expect(
    clippy::disallowed_methods,
    reason = "a file of the developer's is read as it is"
)]
fn a_collection_beside_the_checkout_is_compared() {
    let path =
        Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/data/math_cases/cases.jsonl");
    let Ok(text) = std::fs::read_to_string(&path) else {
        eprintln!("not run: there is no {}", path.display());
        return;
    };
    let (mut all, mut missed, mut taken, mut list) = (0, 0, 0, String::new());
    for line in text.lines() {
        let case: Case = serde_json::from_str(line).expect("the collection is well formed");
        let score = score(&case.params(), &case.target, &case.answer);
        let found = score.value > 0.5;
        all += 1;
        if found != case.equal {
            missed += 1;
            taken += usize::from(found);
            let tail = &case.answer[case
                .answer
                .floor_char_boundary(case.answer.len().saturating_sub(300))..];
            let target = &case.target[case
                .target
                .floor_char_boundary(case.target.len().saturating_sub(200))..];
            writeln!(list, "{}: {target:?} and {tail:?}: {score:?}", case.kind)
                .expect("text grows");
        }
    }
    assert!(
        missed * 20 <= all && taken == 0,
        "{missed} of {all} are not right, {taken} of them equal that are not:\n{list}"
    );
}

/// Numbers that follow from a seed.
struct Random(u64);

impl Random {
    fn below(&mut self, bound: usize) -> usize {
        self.0 = self
            .0
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        usize::try_from(self.0 >> 33).expect("31 bits fit") % bound
    }

    fn pick<'a>(&mut self, of: &[&'a str]) -> &'a str {
        of[self.below(of.len())]
    }

    fn coefficient(&mut self) -> i64 {
        let size = i64::try_from(self.below(9)).expect("it is small") + 1;
        if self.below(2) == 0 { size } else { -size }
    }
}

/// One expression, written twice: in LaTeX, and as plain text with sums and products the other way round.
struct Twice {
    latex: String,
    plain: String,
}

fn leaf(random: &mut Random) -> Twice {
    let [latex, plain] = [
        ["x", "x"],
        ["y", "y"],
        ["3", "3"],
        [r"\frac{5}{2}", "(5/2)"],
        [r"\pi", "pi"],
        ["7", "7.0"],
        [r"\alpha", "α"],
    ][random.below(7)];
    Twice {
        latex: latex.to_owned(),
        plain: plain.to_owned(),
    }
}

fn expression(random: &mut Random, depth: usize) -> Twice {
    if depth == 0 {
        return leaf(random);
    }
    let (a, b) = (expression(random, depth - 1), expression(random, depth - 1));
    let (latex, plain) = match random.below(8) {
        0 => (
            format!("{}+{}", a.latex, b.latex),
            format!("{} + {}", b.plain, a.plain),
        ),
        1 => (
            format!(r"\left({}\right)\cdot\left({}\right)", a.latex, b.latex),
            format!("({})*({})", b.plain, a.plain),
        ),
        2 => (
            format!("{}-({})", a.latex, b.latex),
            format!("-({}) + {}", b.plain, a.plain),
        ),
        3 => (
            format!(r"\dfrac{{{}}}{{2+|{}|}}", a.latex, b.latex),
            format!("({})/(abs({})+2)", a.plain, b.plain),
        ),
        4 => (
            format!(r"\left({}\right)^2", a.latex),
            format!("({})**2", a.plain),
        ),
        5 => (
            format!(r"\sin\left({}\right)", a.latex),
            format!("sin({})", a.plain),
        ),
        6 => (
            format!(r"\sqrt{{1+({})^2}}", a.latex),
            format!("sqrt(({})^2 + 1)", a.plain),
        ),
        _ => (
            format!(
                r"{{{}}}\left({}\right)",
                leaf(random).latex.replace(r"\frac{5}{2}", "x"),
                b.latex
            ),
            String::new(),
        ),
    };
    if plain.is_empty() {
        let plain = latex.clone();
        return Twice { latex, plain };
    }
    Twice { latex, plain }
}

#[test]
fn an_expression_written_otherwise_is_equal() {
    let mut random = Random(19);
    for _ in 0..400 {
        let depth = 1 + random.below(3);
        let found = expression(&mut random, depth);
        let score = score(
            &json!({}),
            &found.latex,
            &format!("\\boxed{{{}}}", found.plain),
        );
        assert!(
            score.value > 0.5,
            "{} and {}: {score:?}",
            found.latex,
            found.plain
        );
    }
}

#[test]
fn products_equal_their_expansion_and_nothing_near_it() {
    let mut random = Random(7);
    for _ in 0..300 {
        let [a, b, c, d] = [(); 4].map(|()| random.coefficient());
        let product = format!("({a}x+({b}))({c}x+({d}))");
        let (square, linear, rest) = (a * c, a * d + b * c, b * d);
        let expanded =
            |square: i64, linear: i64, rest: i64| format!("{rest}+({linear})x+({square})x^2");
        assert!(
            equal(&product, &expanded(square, linear, rest)),
            "{product}"
        );
        for [s, l, r] in [
            [square + 1, linear, rest],
            [square, linear - 1, rest],
            [square, linear, rest + 1],
            [-square, -linear, -rest],
        ] {
            let near = expanded(s, l, r);
            let score = score(&json!({}), &product, &near);
            let read = matches!(score.extraction, Extraction::Found(_));
            assert!(read && score.value < 0.5, "{product} and {near}: {score:?}");
        }
    }
}

#[test]
fn equations_hold_up_to_a_factor_and_inequalities_up_to_a_positive_one() {
    let mut random = Random(3);
    for _ in 0..200 {
        let [a, b, c] = [(); 3].map(|()| random.coefficient());
        let by = random.coefficient();
        let times = |sign: &str| format!("{}x + ({})y {sign} {}", a * by, b * by, c * by);
        let base = |sign: &str| format!("{a}x+({b})y{sign}{c}");
        assert!(equal(&base("="), &times("=")));
        assert!(!equal(&base("="), &format!("{}x + ({b})y = {c}", a + 1)));
        let kept = equal(&base("<"), &times("<"));
        let turned = equal(&base("<"), &times(">"));
        assert_eq!([kept, turned], [by > 0, by < 0], "{} by {by}", base("<"));
    }
}

#[test]
fn nothing_makes_it_panic() {
    const PARTS: [&str; 48] = [
        "1",
        "2",
        "0",
        "12,345",
        ".5",
        "x",
        "e",
        "i",
        "f",
        "+",
        "-",
        "*",
        "/",
        "^",
        "_",
        "!",
        "%",
        "=",
        "<",
        "\\le ",
        "\\in ",
        "(",
        ")",
        "[",
        "]",
        "\\{",
        "\\}",
        "{",
        "}",
        "|",
        ",",
        " and ",
        " or ",
        "\\frac",
        "\\sqrt",
        "\\pm ",
        "\\infty ",
        "\\cup ",
        "\\setminus ",
        "\\mathbb{R}",
        "\\begin{pmatrix}",
        "\\end{pmatrix}",
        "\\\\",
        "&",
        "\\text{cm}",
        "\\log",
        "°",
        "\\boxed{",
    ];
    let mut random = Random(23);
    for round in 0..30_000 {
        let mut text = String::new();
        for _ in 0..=random.below(14) {
            text.push_str(random.pick(&PARTS));
        }
        let target = if round % 3 == 0 { text.as_str() } else { "x+1" };
        let found = score(&json!({"digits": 3, "units": ["cm"]}), target, &text);
        assert!(found.value.is_finite(), "{text}");
    }
}

/// What takes far less than a second, however busy the machine is; work that grows faster than the answer takes hours.
const MOST_SECONDS: u64 = 60;

#[test]
fn long_and_hostile_answers_end() {
    let part = |piece: &str, bytes: usize| piece.repeat(bytes / piece.len() + 1);
    let mut answers: Vec<String> = [
        "\\boxed{",
        "$",
        "\\(",
        "#### ",
        "the answer is ",
        "((((",
        "1,",
        "9^",
        "\\frac",
        "x+",
        "5 ",
        "{",
        "\\\\(1",
    ]
    .into_iter()
    .map(|piece| part(piece, 10_000_000))
    .collect();
    let list = part("(a+b+c+d)^{9},", 3_900);
    answers.extend(
        [
            "(x+y+z+w+1)^{40}",
            "(x+1)^{40}(y+1)^{40}(z+1)^{40}",
            &list,
            &part("(\\sqrt{2}+x)^{9}", 4000),
            &part("9^{999}", 4000),
        ]
        .map(|inner| format!("\\boxed{{{inner}}}")),
    );
    for answer in answers {
        let begin = std::time::Instant::now();
        for target in ["5", &list] {
            score(&json!({}), target, &answer);
        }
        let head: String = answer.chars().take(40).collect();
        assert!(
            begin.elapsed().as_secs() < MOST_SECONDS,
            "{head}: {:?}",
            begin.elapsed()
        );
    }
}

#[test]
fn what_is_read_has_the_name_of_its_rule() {
    for [answer, rule] in [
        ["so \\boxed{5}", "boxed"],
        ["#### 5", "hashes"],
        ["The answer is 5.", "stated"],
        ["5", "whole answer"],
        ["hence $x = 5$ holds", "formula"],
        ["some words\nx = 5", "last line"],
        ["he has 5 left", "last number"],
    ] {
        let found = score(&json!({}), "5", answer);
        assert_eq!([found.rule.as_ref(), answer], [rule, answer]);
        assert!(found.value > 0.5, "{answer}");
    }
}

#[test]
fn wrong_parameters_are_refused() {
    for params in [
        json!({"digits": -1}),
        json!({"digits": 99}),
        json!({"units": "cm"}),
        json!({"units": []}),
        json!({"relations": 1}),
        json!({"tolerance": 1}),
    ] {
        let spec = ScorerSpec {
            kind: "math".to_owned(),
            params: params.as_object().expect("an object").clone(),
        };
        assert_eq!(
            cleanbench_score::build(&spec)
                .expect_err("it is wrong")
                .len(),
            1,
            "{params}"
        );
    }
}
