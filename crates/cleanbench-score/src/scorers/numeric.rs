//! `numeric`: the number in the answer is near enough to the target.
//!
//! Parameters: `tolerance` (largest absolute difference; 0), `relative` (largest difference as a share
//! of the target; 0; the larger of the two holds), `take` (which number counts where the answer does
//! not mark one: `"last"`, `"first"`, or `"only"`, which reads marks no more and wants a single
//! number).
//!
//! Marks of a final answer, of which the last that is followed by a number counts: `####`,
//! `\boxed{…}`, and statements such as "the answer is" (see [`crate::statement`]). A calculation after
//! a mark counts by its result: "Answer: 3 + 4 = 7" is 7, "Answer: 3 + 4" is unclear.
//!
//! Percent signs, units and words of magnitude are not interpreted: `50%` and "50 million" are 50.
//! Numbers are compared as 64-bit floats. What a number is, [`number`] says. It refuses targets that
//! are no finite number, and answers whose number is unclear are not extracted.

pub(in crate::scorers) mod number;

use cleanbench_core::{Sample, Score};
use serde_json::Value;

use self::number::{Number, numbers, whole_number};
use crate::params::Params;
use crate::rule::Rule;
use crate::statement::{Statement, statements};
use crate::target;
use crate::text::window;

/// Which number counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Take {
    Last,
    First,
    Only,
}

/// Compares numbers.
#[derive(Debug)]
pub(crate) struct Numeric {
    tolerance: f64,
    relative: f64,
    take: Take,
}

pub(crate) fn build(params: &mut Params<'_>) -> Numeric {
    let words = [
        ("last", Take::Last),
        ("first", Take::First),
        ("only", Take::Only),
    ];
    Numeric {
        tolerance: params.at_least_zero("tolerance"),
        relative: params.at_least_zero("relative"),
        take: params.word("take", &words),
    }
}

/// Why there is no number.
type Failure = &'static str;

const NO_NUMBER: Failure = "no number";
const SEVERAL: Failure = "several numbers";
const UNCLEAR: Failure = "unclear number";

impl Numeric {
    fn near(&self, answer: f64, target: f64) -> bool {
        let allowed = self.tolerance.max(self.relative * target.abs());
        // 1.01 is within 0.01 of 1 although the nearest floats are not: decimals are off by rounding.
        let rounding = if allowed > 0.0 {
            4.0 * f64::EPSILON * answer.abs().max(target.abs())
        } else {
            0.0
        };
        (answer - target).abs() <= allowed + rounding
    }

    fn extract(&self, text: &str) -> Result<f64, Failure> {
        let numbers = numbers(text);
        let chosen = match self.take {
            Take::Only if numbers.len() > 1 => return Err(SEVERAL),
            Take::Only => numbers.first(),
            Take::First | Take::Last => {
                if let Some(marked) = marked(text, &numbers) {
                    return marked;
                }
                match self.take {
                    Take::First => numbers.first(),
                    _ => numbers.last(),
                }
            }
        };
        chosen.ok_or(NO_NUMBER)?.value.ok_or(UNCLEAR)
    }
}

/// The number after the last mark that is followed by one.
fn marked(text: &str, numbers: &[Number]) -> Option<Result<f64, Failure>> {
    let mut marks: Vec<(Statement, Kind)> = statements(text)
        .map(|found| (found, if found.boxed { Kind::Boxed } else { Kind::Said }))
        .chain(text.match_indices("####").map(|(at, hashes)| {
            let at = at + hashes.len();
            (Statement { at, boxed: false }, Kind::Hashes)
        }))
        .collect();
    marks.sort_by_key(|(mark, _)| mark.at);
    let mut readings = marks.iter().rev();
    readings.find_map(|(mark, kind)| after_mark(text, numbers, mark.at, *kind))
}

/// Kinds of marks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Boxed,
    Said,
    Hashes,
}

/// The number that follows directly on a mark that ends at `at`; `None` when none does.
fn after_mark(
    text: &str,
    numbers: &[Number],
    at: usize,
    kind: Kind,
) -> Option<Result<f64, Failure>> {
    let next = numbers.partition_point(|number| number.end <= at);
    let first = numbers.get(next)?;
    let touching = window(text, at, 64);
    let gap = touching.len() - skip_filler(touching).len();
    if first.start > at + gap {
        // `\boxed{\frac{3}{4}}` holds numbers, and is none that can be read.
        let inside = window(text, at, 256);
        let inside = inside.split('}').next().unwrap_or_default();
        return (kind == Kind::Boxed && first.start < at + inside.len()).then_some(Err(UNCLEAR));
    }
    let (last, value) = result(text, numbers, next);
    match kind {
        Kind::Hashes if is_heading(text, first.end) => None,
        Kind::Boxed
            if numbers
                .get(last + 1)
                .is_some_and(|after| !closed(text, numbers[last], after)) =>
        {
            Some(Err(SEVERAL))
        }
        _ => Some(value),
    }
}

/// Whether `#### 3. Title` or `#### 3: Title` goes on after the number, so that it is a heading.
fn is_heading(text: &str, end: usize) -> bool {
    let line = window(text, end, 64).lines().next().unwrap_or_default();
    line.starts_with(['.', ')', ':'])
        && line[1..].starts_with(char::is_whitespace)
        && !line[1..].trim().is_empty()
}

/// Whether the brace closes between two numbers.
fn closed(text: &str, last: Number, after: &Number) -> bool {
    text.get(last.end..after.start)
        .is_some_and(|between| between.contains('}'))
}

/// The rest of `text` after what may stand between a mark and its number: decoration, "about", `x =`.
fn skip_filler(text: &str) -> &str {
    const WORDS: [&str; 10] = [
        "approximately",
        "about",
        "roughly",
        "around",
        "exactly",
        "nearly",
        "equal to",
        "\\(",
        "\\[",
        "\\approx",
    ];
    let mut rest = text;
    loop {
        rest =
            rest.trim_start_matches(|c: char| c.is_whitespace() || "*_`\"'([{~≈$€£¥".contains(c));
        let word = WORDS.iter().find_map(|word| {
            let start = rest.get(..word.len())?;
            start
                .eq_ignore_ascii_case(word)
                .then(|| &rest[word.len()..])
        });
        match word.or_else(|| skip_variable(rest)) {
            Some(after) => rest = after,
            None => return rest,
        }
    }
}

/// The rest after `x =`.
fn skip_variable(text: &str) -> Option<&str> {
    text.strip_prefix(|c: char| c.is_ascii_alphabetic())?
        .trim_start()
        .strip_prefix('=')
}

/// The result of the calculation that starts at the number `first`, and the position of the last
/// number that belongs to it: of the parts between equals signs the last that is a number alone, so
/// that `3 + 4 = 7`, `7 = 3 + 4` and `7` are all 7.
fn result(text: &str, numbers: &[Number], first: usize) -> (usize, Result<f64, Failure>) {
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
    let value = chosen.and_then(|chosen| numbers[chosen].value);
    (last, value.ok_or(UNCLEAR))
}

/// The operator that joins the number at `index` to the next, if nothing else stands between them.
fn operator_between<'a>(text: &'a str, numbers: &[Number], index: usize) -> Option<&'a str> {
    const OPERATORS: [&str; 15] = [
        "=", "≈", "\\approx", "+", "-", "−", "–", "*", "×", "·", "÷", "/", "\\times", "\\cdot",
        "\\div",
    ];
    let next = numbers.get(index + 1)?;
    let between = text.get(numbers[index].end..next.start)?;
    let between = between.trim_matches(|c: char| c == ' ' || c == '\t' || "()%$€£¥".contains(c));
    OPERATORS.contains(&between).then_some(between)
}

/// The finite number that a target item stands for.
fn target_number(item: &Value) -> Option<f64> {
    match item {
        Value::Number(number) => number.as_f64().filter(|value| value.is_finite()),
        Value::String(text) => whole_number(text),
        _ => None,
    }
}

/// A number as text: plain digits where they are short, else with an exponent.
fn shown(value: f64) -> String {
    let magnitude = value.abs();
    if magnitude == 0.0 {
        "0".to_owned()
    } else if (1e-6..1e16).contains(&magnitude) {
        value.to_string()
    } else {
        format!("{value:e}")
    }
}

impl Rule for Numeric {
    fn version(&self) -> u32 {
        1
    }

    fn check_sample(&self, sample: &Sample) -> Result<(), String> {
        let items = target::items(target::required(sample)?);
        if items.is_empty() {
            return Err("the target is an empty list".to_owned());
        }
        match items.iter().find(|item| target_number(item).is_none()) {
            Some(item) => Err(format!(
                "the target holds {item}, which is no finite number"
            )),
            None => Ok(()),
        }
    }

    fn judge(&self, sample: &Sample, text: &str) -> Score {
        let answer = match self.extract(text) {
            Ok(answer) => answer,
            Err(reason) => return Score::not_extracted(reason),
        };
        let items = sample
            .target
            .as_ref()
            .map(target::items)
            .unwrap_or_default();
        let mut targets = items.iter().filter_map(target_number);
        let right = targets.any(|target| self.near(answer, target));
        Score::verdict(right, shown(answer))
    }
}

#[cfg(test)]
mod tests;
