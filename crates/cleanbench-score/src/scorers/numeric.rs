//! `numeric`: the number in the answer is near enough to the target.
//!
//! Parameters: `tolerance` (largest absolute difference; 0), `relative` (largest difference as a share
//! of the target; 0; the larger of the two holds), `take` (which number counts where the answer does
//! not mark one: `"last"`, `"first"`, or `"only"`, which reads marks no more and wants a single
//! number), `locale` (how digits are grouped: `"auto"`, which refuses what can be read in two ways, or one of
//! [`literal::LOCALES`]).
//!
//! Rules, by name: "hashes", "boxed", "tag", "stated" and "calculation" for a number that a mark of a final answer leads
//! in (see [`marks`]); "opening", "bold", "last line", "last number", "first number" and "only number" where there is
//! none (see [`candidates`]).
//!
//! What a number is, [`number`] says: fractions, powers, words and magnitudes among them. Units are not interpreted.
//! `50%` equals 50 and 0.5, while 0.5 equals the target 50 only where that is written as a percentage. A number with
//! exactly three decimals after a point (`9.500`) is unclear without a locale, unless a target has so many itself, or
//! the tolerance is a fraction and the targets are below 1000.
//! Numbers are compared as 64-bit floats; of answers beyond 256 KiB the beginning, the end and what follows the last 64
//! marks are read. It refuses targets that are no finite number, and answers whose number is
//! unclear are not extracted.

pub(in crate::scorers) mod candidates;
pub(in crate::scorers) mod literal;
pub(in crate::scorers) mod marks;
pub(in crate::scorers) mod number;
pub(in crate::scorers) mod plain;
mod term;

use cleanbench_core::{Sample, Score};
use serde_json::Value;

use self::candidates::Take;
use self::number::{Form, Number, numbers_within, whole_number};
use crate::params::Params;
use crate::rule::Rule;
use crate::target;

/// Compares numbers.
#[derive(Debug)]
pub(crate) struct Numeric {
    tolerance: f64,
    relative: f64,
    take: Take,
    form: Form,
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
        form: Form {
            locale: params.word("locale", &literal::LOCALES),
            units: false,
        },
    }
}

/// Why there is no number.
type Failure = &'static str;

const NO_NUMBER: Failure = "no number";
const SEVERAL: Failure = "several numbers";
const UNCLEAR: Failure = "unclear number";

/// A number and the rule that found it.
#[derive(Debug, Clone, Copy)]
struct Read {
    number: Number,
    rule: &'static str,
}

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

    fn extract(&self, text: &str) -> Result<Read, Failure> {
        let text = &text[..marks::end_of_answer(text)];
        let marks = marks::marks(text);
        let numbers = numbers_within(text, self.form, &marks::regions(text, &marks));
        let marked = (self.take != Take::Only).then(|| marks::marked(text, &numbers, &marks));
        let unmarked = || candidates::choose(text, &numbers, self.take);
        marked.flatten().unwrap_or_else(unmarked)
    }

    fn target(&self, item: &Value) -> Option<Target> {
        let text = match item {
            Value::Number(number) => number.to_string(),
            Value::String(text) => plain::plain(text).trim().to_owned(),
            _ => return None,
        };
        let direct = text
            .parse()
            .ok()
            .filter(|value: &f64| value.is_finite() && !text.ends_with(char::is_alphabetic));
        let read = whole_number(&text, self.form);
        let plainly = direct.filter(|_| item.is_number() || self.form.locale.is_none());
        let value = plainly.or_else(|| read?.value).or(direct)?;
        Some(Target {
            value,
            share: read.filter(|read| read.percent).and_then(|read| read.other),
            has_decimals: value.fract() != 0.0
                && text
                    .split('.')
                    .nth(1)
                    .is_some_and(|decimals| decimals.len() >= 3),
        })
    }

    fn is_right(&self, answer: f64, number: &Number, target: &Target) -> bool {
        let same = self.near(answer, target.value);
        if number.percent && target.share.is_some() {
            return same;
        }
        let known = number.value.is_some();
        same || number
            .other
            .is_some_and(|other| known && self.near(other, target.value))
            || target.share.is_some_and(|share| self.near(answer, share))
    }
}

impl Number {
    /// Whether it has a value, or has one as soon as it is known what its point means.
    fn is_known(&self) -> bool {
        self.value.or(self.other).is_some()
    }
}

/// A finite number that a target item stands for.
struct Target {
    value: f64,
    /// Its value as a share, if it is a percentage.
    share: Option<f64>,
    /// Whether it shows what a point before three digits is.
    has_decimals: bool,
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
        3
    }

    fn check_sample(&self, sample: &Sample) -> Result<(), String> {
        let items = target::items(target::required(sample)?);
        if items.is_empty() {
            return Err("the target is an empty list".to_owned());
        }
        match items.iter().find(|item| self.target(item).is_none()) {
            Some(item) => Err(format!(
                "the target holds {item}, which is no finite number"
            )),
            None => Ok(()),
        }
    }

    fn judge(&self, sample: &Sample, text: &str) -> Score {
        let read = match self.extract(&plain::plain(text)) {
            Ok(read) => read,
            Err(reason) => return Score::not_extracted(reason),
        };
        let items = sample
            .target
            .as_ref()
            .map(target::items)
            .unwrap_or_default();
        let targets: Vec<Target> = items.iter().filter_map(|item| self.target(item)).collect();
        let small = targets.iter().all(|target| target.value.abs() < 1000.0);
        let pointed = targets.iter().any(|target| target.has_decimals)
            || small && self.tolerance.fract() != 0.0;
        let answer = read.number.value.or(read.number.other.filter(|_| pointed));
        let Some(answer) = answer else {
            return Score::not_extracted(UNCLEAR);
        };
        let right = targets
            .iter()
            .any(|target| self.is_right(answer, &read.number, target));
        Score::verdict(right, shown(answer)).by(read.rule)
    }
}

#[cfg(test)]
mod tests;
