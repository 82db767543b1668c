//! `numeric`: the number in the answer is near enough to the target.
//!
//! Parameters: `tolerance` (largest absolute difference; 0), `relative` (largest difference as a share
//! of the target; 0; the larger of the two holds), `take` (which number counts where the answer does
//! not mark one: `"last"`, `"first"`, or `"only"`, which reads marks no more and wants a single
//! number), `locale` (how digits are grouped: `"auto"`, which refuses what can be read in two ways, or one of
//! [`LOCALES`]).
//!
//! Rules, by name: "hashes", "boxed", "tag", "stated" and "calculation" for a number that a mark of a final answer leads
//! in (see [`marks`]); "opening", "bold", "last line", "last sentence", "result", "last number", "first number" and "only number" where there is
//! none (see [`candidates`]).
//!
//! A number that words make less than nothing ("a loss of $500") is right for the target -500; for 500 it is not read, unless
//! the question speaks of a loss itself.
//!
//! A number that the answer takes back ("wait, that's wrong") does not count; what follows does (see [`aftermath`]), and so
//! does one that takes its place without a word about it ("Actually, 42.", see [`revision`]). A last number after a
//! result that is stated before it may be neither (see [`rival`]), nor is the answer to another question that an answer goes
//! on with, where it may be one (see [`another`]), nor what would be under a condition ("If you also eat, it would be 180").
//! Answers that stop in the middle or say that there is none are not extracted, nor those that mark numbers for several
//! parts of a question or two values of a variable, nor those of which only a number in brackets behind another is right
//! ("25 cents ($0.25)").
//!
//! What a number is, [`number`] says: fractions, powers, words and magnitudes among them. Units are not interpreted.
//! `50%` equals 50 and 0.5, while 0.5 equals the target 50 only where that is written as a percentage. A number with
//! exactly three decimals after a point (`9.500`) is unclear without a locale, unless a target has so many itself, or
//! the tolerance is a fraction and the targets are below 1000, or other numbers of the answer show what a point is.
//! Numbers are compared as 64-bit floats; of answers beyond 256 KiB the beginning, the end and what follows the last 64
//! marks are read. It refuses targets that are no finite number, and answers whose number is
//! unclear are not extracted.

pub(in crate::scorers) mod aftermath;
pub(in crate::scorers) mod another;
mod calculation;
pub(in crate::scorers) mod candidates;
pub(in crate::scorers) mod marks;
mod names;
pub(in crate::scorers) mod revision;
mod rival;
pub(in crate::scorers) mod sentence;
mod sign;

use cleanbench_core::sample::SampleInput;
use cleanbench_core::{Sample, Score};
use serde_json::Value;

use cleanbench_text::number::{
    Form, LOCALES, Number, numbers, numbers_within, plain, shows_decimal_point, whole_number,
};
use cleanbench_text::scan::window;

use self::another::Next;
use self::candidates::Take;
use self::revision::{Revision, revision};
use self::sign::{Sign, asks_for_loss};
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
            locale: params.word("locale", &LOCALES),
            units: false,
        },
    }
}

/// Why there is no number.
type Failure = &'static str;

const NO_NUMBER: Failure = "no number";
const SEVERAL: Failure = "several numbers";
const WITHDRAWN: Failure = "withdrawn";
const CUT_OFF: Failure = "cut off";
const REFUSED: Failure = "no answer given";
const UNCLEAR: Failure = "unclear number";
const NO_SIGN: Failure = "a loss or an amount";
const TWO_VALUES: Failure = "another value in brackets";
const ANOTHER: Failure = "answers of two questions";

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
        let given = marked.flatten();
        if let Some(reason) = marks::none_given(text, &marks, given.is_some()) {
            return Err(reason);
        }
        let unmarked = || self.unmarked(text, &numbers);
        let read = given.unwrap_or_else(unmarked)?;
        if self.take == Take::Only {
            return Ok(read);
        }
        let read = corrected(text, &numbers, read)?;
        if is_of_another(text, &numbers, &read) {
            return Err(ANOTHER);
        }
        Ok(read)
    }

    /// The number that counts where none is marked; checks and offers behind it are no part of the answer.
    fn unmarked(&self, text: &str, numbers: &[Number]) -> Result<Read, Failure> {
        let first = numbers.first().map_or(text.len(), |first| first.end);
        let end = aftermath::end_of_result(text, first);
        let within = numbers.partition_point(|number| number.end <= end);
        if self.take == Take::Only {
            return candidates::choose(text, numbers, self.take);
        }
        candidates::choose(&text[..end], &numbers[..within], self.take)
    }

    fn target(&self, item: &Value) -> Option<Target> {
        let text = match item {
            Value::Number(number) => number.to_string(),
            Value::String(text) => plain(text).trim().to_owned(),
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

/// The number that stands alone in brackets behind `number` and a unit: `5 cents ($0.05)`.
fn again(text: &str, number: &Number, form: Form) -> Option<Number> {
    let near = text.get(number.end..).map(|rest| window(rest, 0, 80))?;
    let (unit, rest) = near.split_once('(')?;
    let (inside, _) = rest.split_once(')')?;
    let short =
        |text: &str| text.split_whitespace().count() <= 2 && !text.contains(['\n', '.', ',']);
    let found = numbers(inside, form);
    let [again] = found[..] else {
        return None;
    };
    let beside = inside[again.end..].to_owned() + &inside[..again.start];
    let fits = short(unit) && short(&beside) && !beside.contains(['+', '-', '*', '/', '=', '^']);
    fits.then_some(again)
}

/// What words make of a number that is positive as it is written.
fn sign_of(text: &str, number: &Number, value: f64) -> Sign {
    if value > 0.0 {
        sign::of(text, number)
    } else {
        Sign::Plain
    }
}

/// Whether the question of a sample is about a loss.
fn is_of_loss(sample: &Sample) -> bool {
    match &sample.input {
        SampleInput::Input(text) => asks_for_loss(text),
        SampleInput::Messages(messages) => {
            let mut messages = messages.iter();
            messages.any(|message| asks_for_loss(&message.content))
        }
    }
}

/// Whether `read` may be the answer to another question than the first number of an answer that stands complete before it.
fn is_of_another(text: &str, numbers: &[Number], read: &Read) -> bool {
    let Next::Doubtful(from) = another::next(text) else {
        return false;
    };
    let given = numbers.first().filter(|first| first.end <= from);
    given.is_some_and(|given| read.number.start >= from && given.value != read.number.value)
}

/// What counts instead of `read` where the answer puts another number in its place.
fn revised(text: &str, numbers: &[Number], read: Read) -> Result<Read, Failure> {
    match revision(text, numbers, &read.number) {
        Revision::None => Ok(read),
        Revision::By(number) => Ok(Read { number, ..read }),
        Revision::Doubtful => Err(SEVERAL),
    }
}

/// What counts instead of `read` where the answer takes it back.
fn corrected(text: &str, numbers: &[Number], read: Read) -> Result<Read, Failure> {
    let Some(found) = aftermath::withdrawal(text, read.number.end) else {
        return revised(text, numbers, read);
    };
    let next = numbers.partition_point(|number| number.start < found.end);
    match candidates::chosen(text, &numbers[next..], Take::Last) {
        Some(behind) => behind,
        None if found.is_final => Err(WITHDRAWN),
        None => Ok(read),
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
    const LOOKS: bool = true;

    fn version(&self) -> u32 {
        4
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
        let plain = plain(text);
        let read = match self.extract(&plain) {
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
            || small && (self.tolerance.fract() != 0.0 || self.relative > 0.0)
            || shows_decimal_point(text);
        let answer = read.number.value.or(read.number.other.filter(|_| pointed));
        let Some(answer) = answer else {
            return Score::not_extracted(UNCLEAR);
        };
        let is_right = |answer, number: &Number| {
            let mut targets = targets.iter();
            targets.any(|target| self.is_right(answer, number, target))
        };
        let right = is_right(answer, &read.number);
        let sign = sign_of(&plain, &read.number, answer);
        if sign != Sign::Plain && is_right(-answer, &read.number) {
            return Score::verdict(true, shown(-answer)).by(read.rule);
        }
        if right && sign == Sign::Lost && !is_of_loss(sample) {
            return Score::not_extracted(NO_SIGN);
        }
        let again = (!right)
            .then(|| again(&plain, &read.number, self.form))
            .flatten();
        if again.is_some_and(|again| again.value.is_some_and(|value| is_right(value, &again))) {
            return Score::not_extracted(TWO_VALUES);
        }
        Score::verdict(right, shown(answer)).by(read.rule)
    }
}

#[cfg(test)]
mod tests;
