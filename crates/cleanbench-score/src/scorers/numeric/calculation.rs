//! Calculations in a text: numbers that operators join, and what they come to.
//!
//! Invariant: what stands between two numbers is looked at to 40 bytes.

use cleanbench_text::number::Number;

use super::{Failure, UNCLEAR};

/// The result of the calculation that starts at the number `first`, and the position of the last
/// number that belongs to it: of the parts between equals signs the last that is a number alone, so
/// that `3 + 4 = 7`, `7 = 3 + 4` and `7` are all 7.
pub(super) fn result(
    text: &str,
    numbers: &[Number],
    first: usize,
) -> (usize, Result<Number, Failure>) {
    let (mut part, mut last) = (first, first);
    let mut chosen = None;
    while let Some(operator) = operator_between(text, numbers, last) {
        if matches!(operator, "=" | "≈" | "\\approx") {
            chosen = if part == last { Some(last) } else { chosen };
            part = last + 1;
        }
        last += 1;
    }
    let chosen = if part == last { Some(last) } else { chosen };
    let known = chosen
        .map(|chosen| numbers[chosen])
        .filter(Number::is_known);
    (last, known.ok_or(UNCLEAR))
}

/// The operator that joins the number at `index` to the next, if nothing but a unit stands beside it.
pub(super) fn operator_between<'a>(
    text: &'a str,
    numbers: &[Number],
    index: usize,
) -> Option<&'a str> {
    const OPERATORS: [&str; 21] = [
        "+/-", "=", "≈", "\\approx", "+", "-", "–", "*", "×", "·", "÷", "/", "\\times", "\\cdot",
        "\\div", "x", "±", "\\pm", "plus", "minus", "times",
    ];
    let next = numbers.get(index + 1)?;
    let between = text.get(numbers[index].end..next.start)?;
    if between.len() > 40 {
        return None;
    }
    let between = between.trim_matches(|c: char| c == ' ' || c == '\t' || "()%$€£¥".contains(c));
    let bold = between.trim_end_matches('*');
    let between = if bold.ends_with([' ', '=']) {
        bold.trim_end()
    } else {
        between
    };
    let operator = OPERATORS.iter().find(|sign| between.ends_with(**sign))?;
    let left = &between[..between.len() - operator.len()];
    let parted =
        left.is_empty() || left.ends_with([' ', '}', '%', '$', ')', '°']) || *operator == "=";
    let unit = left
        .chars()
        .all(|c| c.is_alphanumeric() || " \\{}%$€£^²³_~°)".contains(c));
    // Two numbers, or one and a condition for it, as in "17 for k = 4".
    let joint = |word: &str| {
        [
            "and", "or", "und", "oder", "et", "ou", "for", "when", "if", "where", "at", "with",
            "für",
        ]
        .contains(&word)
            || ["wenn", "bei", "pour", "para", "si", "quando"].contains(&word)
    };
    let simple = left.split_whitespace().count() <= 3 && !left.split_whitespace().any(joint);
    (parted && unit && simple).then_some(&between[left.len()..])
}
