//! `math`: the formula in the answer is mathematically equal to the target.
//!
//! # Where the answer is
//! The first of these that can be read counts, under the name of its rule:
//! 1. The last mark of a final answer: a box (`boxed`; boxes with nothing but "and", "or" or a comma between them are a
//!    list), what follows `####` (`hashes`), or a statement such as "the answer is" (`stated`, see [`crate::statement`]: its
//!    formula, its sentence, or the only number in it). A box and a formula that is stated are the answer: where they
//!    cannot be read, nothing else is.
//! 2. The answer as a whole, up to 512 bytes (`whole answer`).
//! 3. The last formula in `$…$`, `$$…$$`, `\(…\)` or `\[…\]`, with those that it is joined to by "and", "or" or a comma
//!    (`formula`); unread where another number stands after it, or where it says only when or where the one before it
//!    holds ("is $6$ when $t = 3$"). A check after a formula does not count.
//! 4. What is bold in the last line (`bold`); the last line, or in its last sentence what follows "is", or from the name
//!    before the first `=` (`last line`); and for a target that is a number the last number that stands alone (`last number`).
//!
//! Of a calculation in rows, and of one that cannot be read whole, what it comes to counts. A box that is only a part of a
//! formula (`\boxed{2}\sqrt{3}`), decimals that go on ("0.333...") and what is taken back afterwards are not extracted.
//!
//! An answer ends where another question begins after something was given. A box after "not" does not count, and none after
//! "whereas" or "would be" where one stands before it. "Therefore", "so" and the like before a formula are left out.
//!
//! Of a target, the boxes count where it has some, else the whole of it, else its last formula. A list holds acceptable
//! answers, at most 64. Where neither can be read, the same notation is still the same.
//!
//! # What is read
//! LaTeX and plain text: fractions, mixed numbers (`3\frac12`, `3 1/2`), decimals, decimals that repeat under a bar,
//! numerals with a base below, roots, powers, π, e, i, ∞, percent, degrees, absolute values, factorials, binomials, trigonometric
//! functions and their inverses, logarithms (`\log` is that of 10), Greek letters, subscripts, products without a sign,
//! `±` (both values), words for powers of ten ("5 million"), matrices, points, intervals, sets, unions, intersections and
//! differences, ℝ, equations, inequalities and chains of them, and words. `1,234` is 1234 or a list; `3,25` and `0,5` are
//! decimals or a list; the reading that fits the target counts. Whatever else is in a formula makes it unread.
//!
//! # What is equal
//! * Values: exactly, by polynomials over the rational numbers in symbols, roots of primes, π, e and i. Where other
//!   functions occur, by values at up to 32 points that follow from the names of the symbols: a difference beyond the
//!   bound of rounding at any point is one; six points (one, where no symbol occurs) without any are equality. Two analytic
//!   expressions that differ agree so by chance with a probability below 1e-12 for each point; constants count as
//!   equal if they agree to about 1e-14 of their size, and a number of more than six decimals (or beyond 1e12) is never
//!   equal to what is not exactly rational. Points at which either has no real value are left out: √x√y is √(xy).
//! * 3.14 is not π and 0.33 is not 1/3, unless `digits` says how many decimals constants are rounded to.
//! * Points and intervals bracket by bracket, so (1,2), [1,2] and {1,2} are three things; sets in any order; a list without
//!   brackets as a set or as a point in the same order; matrices cell by cell.
//! * A value and the same again: in brackets after a space ("1/2 (0.5)"), where another value in prose is unread, and
//!   after "or". `3(7)` and `2 (x+1)` are products.
//! * What an expression is said to be, for a target that is no relation: 7 for `m+n = 7`, `AB = 7`, `|z| = 7`. `2x = 7`
//!   and `x^2 = 7` say no value.
//! * Equations up to their sides and a factor, inequalities up to a positive one; inequalities in one unknown by the numbers for
//!   which they hold, so also as intervals; one that is neither linear nor quadratic in it or its absolute value cannot be
//!   told from a set. `x = 2` is 2 and `y = 2x` is `2x`: a name alone on one side may be left out.
//!   A chain of equations is its beginning and its end, and what is only about equal does not count beside what is equal.
//! * Units: a unit in the answer is not held against it where the target has none; where the target has one, it must be
//!   the same. 25% is 0.25, and 90° is π/2.
//! * Words without regard to case, spaces and punctuation.
//!
//! # Parameters
//! * `digits`: constants are equal if they are after rounding to so many decimals, from 0 to 12 (no rounding).
//! * `units`: `true`, or a list of units, `%` and `°` among them, which are left out on both sides (false). With a list, any
//!   other unit is wrong.
//! * `relations`: whether an inequality may answer for a set, as `-2 ≤ x ≤ 7` for `[-2,7]` (true).
//!
//! # Bounds
//! A formula has at most 4096 bytes, 400 digits in a number, 48 levels and 32 items; numbers have at most 4096 bits, and the
//! work of a judgement is counted. What is beyond is not extracted, with the reason; so is what neither form nor values
//! decide. Of an answer the last 256 KiB are read, and for formulas
//! without a mark the last 32 KiB.

mod find;

use std::borrow::Cow;

use cleanbench_core::{Sample, Score};
use cleanbench_math::{
    Aside, CANNOT_TELL, Comparison, Failure, Object, TOO_DEEP, TOO_LARGE, TOO_MANY, UNREADABLE,
    Units, Verdict, aside, readings,
};
use cleanbench_text::number::{Form, numbers, unit};
use serde_json::Value;

use self::find::{Found, candidates, last_number, last_row, of_target, own};
use crate::params::Params;
use crate::rule::Rule;
use crate::target;

const NO_FORMULA: Failure = "no formula";
const UNREADABLE_TARGET: Failure = "unreadable target";
const TWO_VALUES: Failure = "another value in brackets";
const OPEN_DECIMALS: Failure = "decimals that go on";
const STRAY: Failure = "a letter that may be a unit";
const AMBIGUOUS: Failure = "several numbers or formulas";

/// Why what is certainly a formula is not read.
const BEYOND: [Failure; 3] = [TOO_DEEP, TOO_LARGE, TOO_MANY];

/// Most acceptable answers that are compared.
const TARGETS: usize = 64;

/// Compares formulas.
#[derive(Debug)]
pub(crate) struct Math {
    units: Units,
    comparison: Comparison,
}

pub(crate) fn build(params: &mut Params<'_>) -> Math {
    let digits = params.whole("digits", 0..=12, u64::MAX);
    let relations = params.flag("relations", true);
    let units = units(params);
    Math {
        comparison: Comparison {
            digits: u32::try_from(digits).ok(),
            relations,
            any_unit: !matches!(units, Units::These(_)),
        },
        units,
    }
}

fn units(params: &mut Params<'_>) -> Units {
    match params.value("units") {
        None | Some(Value::Bool(false)) => Units::None,
        Some(Value::Bool(true)) => Units::All,
        Some(Value::Array(_)) => params.strings("units").map_or(Units::None, Units::These),
        Some(other) => {
            params.wrong("units", "must be true, false or a list of units", other);
            Units::None
        }
    }
}

/// An acceptable answer.
struct Target {
    objects: Vec<Object>,
    squeezed: Vec<String>,
}

impl Math {
    fn target(&self, text: &str) -> Target {
        let found = of_target(&narrow(text));
        let objects = found
            .iter()
            .find_map(|found| readings(&found.text, &self.units).ok());
        Target {
            objects: objects.unwrap_or_default(),
            squeezed: found.iter().map(|found| squeezed(&found.text)).collect(),
        }
    }

    /// Judges one candidate; `None` where another may be looked for.
    fn judged(&self, targets: &[Target], found: &Found) -> Option<Score> {
        let score = |right: bool| Some(Score::verdict(right, found.text.trim()).by(found.rule));
        let squeezed = squeezed(&found.text);
        let alike = |target: &Target| target.squeezed.contains(&squeezed);
        if !squeezed.is_empty() && targets.iter().any(alike) {
            return score(true);
        }
        let unread = |reason| found.firm.then(|| Score::not_extracted(reason));
        if found.text.is_empty() {
            return unread(AMBIGUOUS);
        }
        let row = last_row(&found.text);
        let Some(row) = without_open_decimals(&row) else {
            return Some(Score::not_extracted(OPEN_DECIMALS));
        };
        let text = match aside(row, &self.units) {
            Aside::Same(head) => head,
            Aside::Unlike if !found.firm => return Some(Score::not_extracted(TWO_VALUES)),
            Aside::Unlike | Aside::Absent => row,
        };
        let derived = ["\\frac{d}{d", "\\dfrac{d}{d"]
            .iter()
            .any(|sign| text.contains(sign));
        let text = if derived {
            result(text).unwrap_or(text)
        } else {
            text
        };
        let objects = match readings(text, &self.units) {
            Ok(objects) => objects,
            Err(reason) if BEYOND.contains(&reason) => return Some(Score::not_extracted(reason)),
            Err(reason) => match result(text).map(|text| readings(text, &self.units)) {
                Some(Ok(objects)) if is_valued(targets) => objects,
                _ => return unread(reason),
            },
        };
        if targets.iter().all(|target| target.objects.is_empty()) {
            return unread(UNREADABLE_TARGET);
        }
        if !is_of_kind(targets, &objects) {
            return unread(UNREADABLE);
        }
        match self.verdict(targets, &objects, &found.word) {
            Verdict::Same => score(true),
            // A sentence that is not the word in question may well say it.
            Verdict::Apart if !found.firm && is_sentence(&objects) => None,
            Verdict::Apart if self.comparison.any_unit && self.is_measured(targets, text) => {
                score(true)
            }
            Verdict::Apart if self.may_have_unit(targets, text) => {
                Some(Score::not_extracted(STRAY))
            }
            Verdict::Apart => score(false),
            Verdict::Unknown => Some(Score::not_extracted(CANNOT_TELL)),
        }
    }

    /// Whether `text` is a number with a unit in plain letters, as in `12 m/s`, and a target that number.
    fn is_measured(&self, targets: &[Target], text: &str) -> bool {
        let form = Form {
            units: true,
            ..Form::default()
        };
        let numbers = numbers(text, form);
        let [number] = numbers.as_slice() else {
            return false;
        };
        let letters = text[number.end..]
            .trim_start()
            .starts_with(char::is_alphabetic);
        let unit = letters && unit::whole(&text[number.end..]).is_some();
        let bare = text[number.start..number.end].trim_start_matches('$');
        let alone = unit && text[..number.start].trim().is_empty() && is_valued(targets);
        alone
            && readings(bare, &self.units)
                .is_ok_and(|bare| self.verdict(targets, &bare, "") == Verdict::Same)
    }

    /// Whether `text` is a target and a letter that may be a unit as well as a factor: `9500 e`.
    fn may_have_unit(&self, targets: &[Target], text: &str) -> bool {
        let bare = text.trim().trim_matches('$').trim_end().strip_suffix(" e");
        let number = bare.filter(|bare| bare.ends_with(|c: char| c.is_ascii_digit() || c == '}'));
        let readings = number.and_then(|bare| readings(bare, &self.units).ok());
        readings.is_some_and(|bare| self.verdict(targets, &bare, "") == Verdict::Same)
    }

    fn verdict(&self, targets: &[Target], answers: &[Object], word: &str) -> Verdict {
        let wanted = || targets.iter().flat_map(|target| &target.objects);
        let said = answers.iter().filter_map(Object::said_of_expression);
        let values = wanted().filter(|target| !target.is_relation());
        let said = values.flat_map(|target| said.clone().map(move |answer| [target, answer]));
        let pairs = wanted().flat_map(|target| answers.iter().map(move |answer| [target, answer]));
        Verdict::any(pairs.chain(said).map(|[target, answer]| {
            let measured = matches!(target, Object::Measured(..)) && !word.is_empty();
            if measured && !matches!(answer, Object::Measured(..)) {
                let answer = Object::Measured(Box::new(answer.clone()), word.to_owned());
                return self.comparison.compare(target, &answer);
            }
            self.comparison.compare(target, answer)
        }))
    }
}

/// Whether every target is a number, so that no letter of an answer is a symbol.
fn is_valued(targets: &[Target]) -> bool {
    let mut all = targets.iter().flat_map(|target| &target.objects);
    all.all(|object| object.as_number().is_some())
}

/// What a calculation that cannot be read whole comes to: what stands behind its last `=`.
fn result(text: &str) -> Option<&str> {
    let text = text.trim().trim_matches('$');
    let (head, value) = text.rsplit_once('=')?;
    let word =
        |token: &str| token.len() > 1 && token.bytes().all(|byte| byte.is_ascii_alphabetic());
    if text.contains('$') || head.split_whitespace().any(word) {
        return None;
    }
    let sides = ["{", "}", "(", ")", "[", "]"];
    let [opened, closed] = [0, 1].map(|from| {
        let signs = sides.iter().skip(from).step_by(2);
        signs.map(|sign| value.matches(sign).count()).sum::<usize>()
    });
    (opened == closed && !value.trim().is_empty()).then_some(value)
}

/// Whether all that is read are words, and several.
fn is_sentence(objects: &[Object]) -> bool {
    objects.iter().all(|object| match object {
        Object::Text(words) => words.split_whitespace().nth(1).is_some(),
        _ => false,
    })
}

/// Whether words are compared with words, and formulas with formulas.
fn is_of_kind(targets: &[Target], answers: &[Object]) -> bool {
    let wanted = |object: &Object| {
        targets
            .iter()
            .flat_map(|target| &target.objects)
            .any(|target| target.has_words() == object.has_words())
    };
    answers.iter().any(wanted)
}

/// `text` with plain characters for the wide ones of East Asian print, but for commas, which do not group digits.
fn narrow(text: &str) -> Cow<'_, str> {
    let wide =
        |c: char| matches!(c, '０'..='９' | '＋' | '－' | '＝' | '．' | 'Ａ'..='Ｚ' | 'ａ'..='ｚ');
    if !text.contains(|c| wide(c) || FRACTIONS.contains(c)) {
        return Cow::Borrowed(text);
    }
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        let plain = u32::from(c).checked_sub(0xFEE0).and_then(char::from_u32);
        match FRACTIONS.chars().position(|fraction| fraction == c) {
            Some(at) => out.push_str(FORMULAS[at]),
            None => out.push(plain.filter(|_| wide(c)).unwrap_or(c)),
        }
    }
    Cow::Owned(out)
}

/// Fractions of one character, and what they say.
const FRACTIONS: &str = "½⅓⅔¼¾⅕⅖⅗⅘⅙⅚⅛⅜⅝⅞";
const FORMULAS: [&str; 15] = [
    "\\frac{1}{2}",
    "\\frac{1}{3}",
    "\\frac{2}{3}",
    "\\frac{1}{4}",
    "\\frac{3}{4}",
    "\\frac{1}{5}",
    "\\frac{2}{5}",
    "\\frac{3}{5}",
    "\\frac{4}{5}",
    "\\frac{1}{6}",
    "\\frac{5}{6}",
    "\\frac{1}{8}",
    "\\frac{3}{8}",
    "\\frac{5}{8}",
    "\\frac{7}{8}",
];

/// `text` without decimals that go on at its end, as in `1/3 = 0.333...`; `None` where it says nothing else.
fn without_open_decimals(text: &str) -> Option<&str> {
    let end = text.trim_end_matches(|c: char| c.is_whitespace() || "$*)".contains(c));
    let signs = ["...", "…", "\\ldots", "\\dots", "\\cdots"];
    let Some(head) = signs.iter().find_map(|sign| end.strip_suffix(sign)) else {
        return Some(text);
    };
    let number = head
        .trim_end()
        .trim_end_matches(|c: char| c.is_ascii_digit());
    if number.len() == head.trim_end().len() || !number.ends_with('.') {
        return Some(text);
    }
    let before = number.trim_end_matches(|c: char| c.is_ascii_digit() || c == '.');
    let before = before.trim_end();
    let sign = ["=", "≈", "\\approx"];
    let left = sign.iter().find_map(|sign| before.strip_suffix(sign))?;
    (!left.trim().is_empty()).then_some(left)
}

/// A formula without spaces and marks of layout.
fn squeezed(text: &str) -> String {
    let text = text
        .replace("\\left", "")
        .replace("\\right", "")
        .replace("\\!", "")
        .replace("dfrac", "frac");
    let kept = text
        .chars()
        .filter(|c| !c.is_whitespace() && !"$*`\"".contains(*c));
    kept.collect::<String>().trim_end_matches('.').to_owned()
}

impl Rule for Math {
    const LOOKS: bool = true;

    fn version(&self) -> u32 {
        3
    }

    fn check_sample(&self, sample: &Sample) -> Result<(), String> {
        target::check_texts(sample)?;
        let count = target::texts(sample).len();
        if count > TARGETS {
            return Err(format!(
                "the target holds {count} answers, and at most {TARGETS} are compared"
            ));
        }
        Ok(())
    }

    fn judge(&self, sample: &Sample, text: &str) -> Score {
        cleanbench_math::begin();
        let texts = target::texts(sample);
        let targets: Vec<Target> = texts.iter().map(|text| self.target(text)).collect();
        let text = &*narrow(own(text));
        let found = candidates(text);
        if let Some(score) = found.iter().find_map(|found| self.judged(&targets, found)) {
            return score;
        }
        let numbers = targets.iter().flat_map(|target| &target.objects);
        if !numbers
            .into_iter()
            .any(|object| object.as_number().is_some())
        {
            return Score::not_extracted(NO_FORMULA);
        }
        let last = last_number(text).and_then(|found| self.judged(&targets, &found));
        last.unwrap_or_else(|| Score::not_extracted(NO_FORMULA))
    }
}
