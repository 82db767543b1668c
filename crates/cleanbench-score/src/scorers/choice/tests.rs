//! Cases of the choice scorer.

use serde_json::{Value, json};

use crate::testing::Expect::{self, Nothing, Right, Wrong};
use crate::testing::{check, faulty, refused, sample, spec};

const CITIES: &[&str] = &["Paris", "London", "Rome", "Berlin"];
const QUEUES: &[&str] = &["billing", "network", "network hardware", "other"];

fn case(choices: &[&str], target: usize, text: &str, expect: Expect) {
    with(json!({}), choices, target, text, expect);
}

fn with(params: Value, choices: &[&str], target: usize, text: &str, expect: Expect) {
    let sample = sample(json!(choices[target]), choices);
    check(&spec("choice", params), &sample, text, expect);
}

#[test]
fn the_whole_answer() {
    for (text, expect) in [
        ("B", Right("London")),
        ("b", Right("London")),
        (" (B)\n", Right("London")),
        ("B.", Right("London")),
        ("**B**", Right("London")),
        ("\"B\"", Right("London")),
        ("$\\text{B}$", Right("London")),
        ("[b]", Right("London")),
        ("Option B", Right("London")),
        ("B) London", Right("London")),
        ("**B. London**", Right("London")),
        ("C", Wrong("Rome")),
        ("London.", Right("London")),
        ("'LONDON'", Right("London")),
        ("- London", Right("London")),
        ("paris", Wrong("Paris")),
        ("A", Wrong("Paris")),
        ("E", Nothing("letter beyond the options")),
        ("(z)", Nothing("letter beyond the options")),
        ("A and B", Nothing("no choice named")),
        ("", Nothing("empty completion")),
        (" \u{200b}\n", Nothing("empty completion")),
        ("...", Nothing("no choice named")),
    ] {
        case(CITIES, 1, text, expect);
    }
}

#[test]
fn statements_of_the_answer() {
    for (text, expect) in [
        ("The answer is B.", Right("London")),
        ("**Answer:** B", Right("London")),
        ("Answer: (b) London", Right("London")),
        ("It follows that $\\boxed{B}$.", Right("London")),
        ("so \\boxed{\\text{(B)}} and not A", Right("London")),
        (
            "The correct option is **B**, since A is in France",
            Right("London"),
        ),
        (
            "answer is A. Wait, no: the answer is B, as said",
            Right("London"),
        ),
        (
            "Answer: B\nThe answer is not A because it is far",
            Right("London"),
        ),
        ("The answer is London, not Paris", Right("London")),
        ("Answer: London (the capital, unlike Rome)", Right("London")),
        ("The answer is A because of Paris", Wrong("Paris")),
        ("The answer is a good one: London", Right("London")),
        ("Answer: A big city, London", Right("London")),
        ("Answer: I think London", Right("London")),
        ("The answer is A or B", Nothing("several choices named")),
        ("Answer: A, B", Nothing("several choices named")),
        ("The answer is F", Nothing("letter beyond the options")),
        (
            "The answer is B) Rome",
            Nothing("letter and text name different choices"),
        ),
        ("The answer to the question is: B", Right("London")),
        (
            "A) Paris\nB) London\nC) Rome\nThe answer is B",
            Right("London"),
        ),
    ] {
        case(CITIES, 1, text, expect);
    }
}

#[test]
fn letters_that_open_the_answer() {
    for (text, expect) in [
        ("B) because Paris is in France", Right("London")),
        (
            "B. It lies on the Thames, unlike Rome or Paris",
            Right("London"),
        ),
        ("**B** is it, not Paris", Right("London")),
        ("B because of Rome", Right("London")),
        ("(b) of course, not Rome", Right("London")),
        ("B is correct, Rome is not", Right("London")),
        ("Option B is the right answer", Right("London")),
        ("A is wrong, so is Rome: London", Right("London")),
        ("B: Rome", Nothing("letter and text name different choices")),
        ("A good answer is London", Right("London")),
        ("A good answer", Nothing("no choice named")),
        ("I would say London", Right("London")),
        ("I. Newton lived in London", Right("London")),
        ("E) none of these", Nothing("letter beyond the options")),
        ("b. it is London or Rome", Nothing("several choices named")),
        ("A) Paris\nB) London", Nothing("several choices named")),
        ("B-12 is a vitamin", Nothing("no choice named")),
    ] {
        case(CITIES, 1, text, expect);
    }
}

#[test]
fn lines_and_texts() {
    for (target, text, expect) in [
        (
            0,
            "Let me think about network hardware.\n\nbilling",
            Right("billing"),
        ),
        (0, "Not network.\n**A**\n", Right("billing")),
        (0, "billing\nnetwork", Nothing("several choices named")),
        (
            2,
            "This is for network hardware.",
            Right("network hardware"),
        ),
        (1, "This is for the network team.", Right("network")),
        (
            1,
            "network, or network hardware?",
            Nothing("several choices named"),
        ),
        (0, "Billing or other", Nothing("several choices named")),
        (0, "rebilling", Nothing("no choice named")),
        (0, "It is not network but billing", Right("billing")),
        (0, "not billing", Nothing("no choice named")),
        (0, "It goes to \"Billing\" today", Right("billing")),
        (1, "It goes to BILLING", Wrong("billing")),
    ] {
        case(QUEUES, target, text, expect);
    }
    case(&["网络", "账单"], 0, "是网络问题", Right("网络"));
}

#[test]
fn options_that_look_like_letters_numbers_or_each_other() {
    case(&["T", "F"], 1, "F", Right("F"));
    case(&["T", "F"], 1, "The answer is F.", Right("F"));
    case(&["T", "F"], 1, "B", Right("F"));
    case(
        &["B", "A"],
        0,
        "B",
        Nothing("letter is a label and another choice's text"),
    );
    case(&["A", "B"], 1, "B", Right("B"));
    case(&["a", "b"], 0, "a dog", Nothing("no choice named"));
    case(&["4", "5", "45"], 1, "It is 5.", Right("5"));
    case(
        &["4", "5", "45"],
        1,
        "It is 4.5",
        Nothing("no choice named"),
    );
    case(&["5", "-5"], 0, "it is -5", Wrong("-5"));
    case(
        &["E. coli", "S. aureus"],
        0,
        "E. coli is it",
        Right("E. coli"),
    );
    case(
        &["x", "E. coli", "y", "z", "w"],
        1,
        "Answer: E. coli",
        Right("E. coli"),
    );
    case(&["2n", "2N"], 1, "2N", Right("2N"));
    case(&["2n", "2N"], 1, "it is 2N, I think", Right("2N"));
    case(&["+", "*"], 1, "*", Right("*"));
    let nine = ["a1", "b1", "c1", "d1", "e1", "f1", "g1", "h1", "i1"];
    case(&nine, 8, "I", Right("i1"));
    case(&nine, 8, "I am sure", Nothing("no choice named"));
    case(&nine, 8, "Answer: I believe a1", Wrong("a1"));
}

#[test]
fn parameters() {
    let letter = || json!({"accept": "letter"});
    let text = || json!({"accept": "text"});
    with(letter(), CITIES, 1, "B", Right("London"));
    with(letter(), CITIES, 1, "London", Nothing("no choice named"));
    with(letter(), CITIES, 1, "B) Rome", Right("London"));
    with(text(), CITIES, 1, "B) London", Right("London"));
    with(text(), CITIES, 1, "B", Nothing("no choice named"));
    with(text(), &["B", "A"], 0, "B", Right("B"));
    with(letter(), &["B", "A"], 0, "B", Wrong("A"));
}

#[test]
fn samples_and_parameters_that_are_refused() {
    let plain = spec("choice", json!({}));
    refused(&plain, &sample(json!("a"), &[]), "at least two choices");
    refused(&plain, &sample(json!("a"), &["a"]), "at least two choices");
    refused(
        &plain,
        &sample(json!("a"), &["a", " "]),
        "choice 2 is empty",
    );
    refused(&plain, &sample(json!(null), &["a", "b"]), "no target");
    refused(
        &plain,
        &sample(json!("c"), &["a", "b"]),
        "\"c\" is not one of the choices",
    );
    refused(
        &plain,
        &sample(json!(["a"]), &["a", "b"]),
        "not one of the choices",
    );
    faulty(
        &spec("choice", json!({"accept": "leter"})),
        "accept",
        "mean `letter`?",
    );
    faulty(
        &spec("choice", json!({"acept": "text"})),
        "acept",
        "mean `accept`?",
    );
}
