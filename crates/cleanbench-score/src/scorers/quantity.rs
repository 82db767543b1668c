//! `quantity`: a number with its unit, converted before it is compared.
//!
//! Parameters: `tolerance` (largest absolute difference, in the target's unit; 0), `relative` (largest
//! difference as a share of the target; 0; the larger of the two holds), `take` (which number with a unit
//! counts: `"last"`, `"first"`, or `"only"`), `locale` (as for `numeric`), `bare` (a number without a unit: `"refuse"`, not extracted, or
//! `"same"`: it is in the target's unit), `unit` (the unit of targets that are plain numbers).
//!
//! Units, and what they may be made of, are in [`table`] and [`unit`]: SI with its prefixes, common others, percent,
//! currencies by sign, code or name, powers and quotients (`km/h`, `m²`, `€ per kWh`). 90 km/h equals 25 m/s;
//! 5 kg never equals 5 m, nor $5 5 €: the wrong unit is wrong. Nobody converts currencies here. Numbers are
//! read as by `numeric`. The `$` of LaTeX is no dollar (see [`delimiters`]). The quantity that follows the last mark of a final answer counts, named as by `numeric`
//! ("stated", "boxed", "hashes", "tag"), else the last with a unit ("last quantity"), the first ("first quantity") or
//! the only one ("only quantity").
//!
//! "2 hours and 30 minutes" is one quantity. What is denied does not count, nor does the same in another unit in brackets; of
//! several in a last sentence the one that it states does, as for `numeric`, or none.
//!
//! Answers of more than [`MOST_NUMBERS`] numbers are not read. Conversions round: values that differ by less than a billionth part are equal.

mod delimiters;

use std::sync::LazyLock;

use cleanbench_core::{Sample, Score};
use regex::Regex;
use serde_json::Value;

use cleanbench_text::number::unit::{self, Unit};
use cleanbench_text::number::{Form, LOCALES, Number, numbers, numbers_within, plain};

use super::numeric::aftermath;
use super::numeric::candidates::{are_listed, is_denied, is_other_variable};
use super::numeric::marks::{end_of_answer, marks, none_given, regions};
use super::numeric::sentence::{Settled, settled};
use crate::params::Params;
use crate::rule::Rule;
use crate::target;
use cleanbench_text::scan::window;
use cleanbench_text::spelled;

/// Most numbers of an answer; each is looked at with what stands around it.
const MOST_NUMBERS: usize = 2_000;

const SEVERAL: &str = "several numbers";

/// Which quantity counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Take {
    Last,
    First,
    Only,
}

/// Compares numbers with units.
#[derive(Debug)]
pub(crate) struct Quantity {
    tolerance: f64,
    relative: f64,
    take: Take,
    bare: bool,
    unit: Option<Unit>,
    form: Form,
}

pub(crate) fn build(params: &mut Params<'_>) -> Quantity {
    let takes = [
        ("last", Take::Last),
        ("first", Take::First),
        ("only", Take::Only),
    ];
    let unit = match params.value("unit") {
        None => None,
        Some(given) => {
            let unit = given.as_str().and_then(unit::whole);
            if unit.is_none() {
                params.wrong("unit", "must be a known unit, such as \"km/h\"", given);
            }
            unit
        }
    };
    Quantity {
        tolerance: params.at_least_zero("tolerance"),
        relative: params.at_least_zero("relative"),
        take: params.word("take", &takes),
        bare: params.word("bare", &[("refuse", false), ("same", true)]),
        unit,
        form: Form {
            locale: params.word("locale", &LOCALES),
            units: true,
        },
    }
}

/// A number with its unit, if it has one.
#[derive(Debug, Clone, Copy)]
struct Measured {
    start: usize,
    end: usize,
    value: Option<f64>,
    /// Its value if a point is a decimal point, where nothing says so.
    pointed: Option<f64>,
    unit: Option<Unit>,
}

/// Reads what stands around `number` in `text`.
fn measured(text: &str, number: Number) -> Measured {
    let after = unit::untexed(window(text, number.end, 96));
    let after = after.as_str();
    let ahead = unit::currency_before(text, number.start, number.end);
    let behind = unit::at_start(after).map(|(unit, _)| unit);
    // "$0.12 per kWh" has its sign ahead and the rest behind.
    let unit = match (ahead, behind) {
        (Some(sign), None) => Some(unit::per(sign, after).unwrap_or(sign)),
        (Some(sign), Some(behind)) if behind.is_same_kind(&sign) => Some(behind),
        // A lone `$` may be a delimiter that nothing closes. "$5 a day" is money.
        (Some(_), behind)
            if is_lone_dollar(text, number) && !after.trim_start().starts_with("a ") =>
        {
            behind
        }
        (Some(sign), Some(_)) => Some(sign),
        (None, behind) => behind,
    };
    Measured {
        start: number.start,
        end: number.end,
        value: number.value,
        pointed: number.other.filter(|_| number.value.is_none()),
        unit,
    }
}

/// Whether an unescaped `$` touches the number, and nothing else that names a currency.
fn is_lone_dollar(text: &str, number: Number) -> bool {
    let lead = text.get(number.start..number.end).unwrap_or_default();
    let known = text[..number.start].ends_with(char::is_alphabetic);
    lead.trim_start_matches(['-', '+', '–']).starts_with('$') && !known
}

/// The number in words at `at`, where none in digits stands there.
fn in_words(text: &str, at: usize, known: &[Number]) -> Option<Number> {
    let near = window(text, at, 64);
    let skipped = near.len() - near.trim_start_matches([' ', '*', '_', ':']).len();
    let read = spelled::spelled(&text[at + skipped..])?;
    let number = Number::spelled(at + skipped, read);
    let free = known
        .iter()
        .all(|other| other.end <= number.start || other.start >= number.end);
    free.then_some(number)
}

/// What else the name of a unit means, where it stands alone: pounds are weight and money, degrees angles and heat.
fn other_meanings(text: &str, found: &Measured) -> impl Iterator<Item = Unit> + use<> {
    const MEANINGS: [(&str, &str); 6] = [
        ("pound", "£"),
        ("pounds", "£"),
        ("degree", "°C"),
        ("degrees", "°C"),
        ("degrees", "°F"),
        ("°", "°C"),
    ];
    let tail = unit::untexed(window(text, found.end, 96));
    let tail = tail.trim_start_matches([' ', '*', '_']);
    let end = tail.find(|c: char| !c.is_alphabetic() && c != '°');
    let name = tail[..end.unwrap_or(tail.len())].to_lowercase();
    let meant = MEANINGS
        .into_iter()
        .filter(move |(known, _)| *known == name);
    meant.filter_map(|(_, unit)| unit::whole(unit))
}

/// Whether what was found is a part of a range or of alternatives.
fn is_one_of_several(text: &str, numbers: &[Number], found: &Measured) -> bool {
    let at = numbers.partition_point(|number| number.start < found.start);
    let last = numbers.partition_point(|number| number.end <= found.end);
    let near = &numbers[at.saturating_sub(1)..numbers.len().min(last.max(at) + 1)];
    let inside = |number: &Number| number.start >= found.start && number.end <= found.end;
    near.windows(2).any(|pair| {
        !(inside(&pair[0]) && inside(&pair[1])) && are_listed(text, &pair[0], &pair[1], false)
    })
}

/// The same with measures in two units, such as `2 hours and 30 minutes`, as one.
fn summed(text: &str, all: Vec<Measured>) -> Vec<Measured> {
    let mut out: Vec<Measured> = Vec::with_capacity(all.len());
    for found in all {
        match out.last_mut() {
            Some(last) => match sum(text, last, &found) {
                Some(sum) => *last = sum,
                None => out.push(found),
            },
            None => out.push(found),
        }
    }
    out
}

/// A whole number of a unit and less than one of it in a smaller unit, with nothing but "and" or a comma between them.
fn sum(text: &str, first: &Measured, second: &Measured) -> Option<Measured> {
    let (unit, smaller) = (first.unit?, second.unit?);
    let value = first.value.filter(|value| value.fract() == 0.0)?;
    let more = smaller.convert(second.value?, &unit)?;
    let between = text
        .get(first.end..second.start)
        .filter(|between| between.len() <= 24)?;
    let mut words = between
        .split(|c: char| !c.is_alphabetic())
        .filter(|word| !word.is_empty())
        .skip(usize::from(!between.trim_start().starts_with("and")));
    let joint = words.all(|word| ["and", "und", "et", "y", "e", "en"].contains(&word));
    let plain = between
        .chars()
        .all(|c| c.is_alphabetic() || " ,.\u{a0}".contains(c));
    let fits = (0.0..1.0).contains(&more) && unit.convert(1.0, &smaller)? > 1.0;
    (joint && plain && fits).then_some(Measured {
        end: second.end,
        value: Some(value + more),
        ..*first
    })
}

/// A number with its unit and the rule that found it.
#[derive(Debug, Clone, Copy)]
struct Chosen {
    found: Measured,
    rule: &'static str,
}

/// What counts instead of `chosen` where the answer takes it back.
fn corrected(text: &str, usable: &[Measured], chosen: Chosen) -> Result<Chosen, &'static str> {
    let Some(found) = aftermath::withdrawal(text, chosen.found.end) else {
        return Ok(chosen);
    };
    let behind = usable.iter().rfind(|other| other.start >= found.end);
    match behind {
        Some(found) => Ok(Chosen {
            found: *found,
            rule: "last quantity",
        }),
        None if found.is_final => Err("withdrawn"),
        None => Ok(chosen),
    }
}

/// Those that may be the answer: with a unit, neither denied nor, as the same in another unit, in brackets, where some are.
fn usable(text: &str, mut all: Vec<Measured>) -> Vec<Measured> {
    let keep = |all: &mut Vec<Measured>, fits: &dyn Fn(&Measured) -> bool| {
        if all.iter().any(fits) {
            all.retain(fits);
        }
    };
    keep(&mut all, &|found| found.unit.is_some());
    all.retain(|found| !is_denied(head(text, found.start).trim_end_matches([' ', '*', '_', '$'])));
    keep(&mut all, &|found| !is_again(text, found));
    all
}

/// What stands on the line before `at`, as far as it is read.
fn head(text: &str, at: usize) -> &str {
    let from = text.ceil_char_boundary(at.saturating_sub(64));
    text[from..at].rsplit('\n').next().unwrap_or_default()
}

/// Whether it stands in brackets after something else: `5 km (3.1 miles)`.
fn is_again(text: &str, found: &Measured) -> bool {
    let line = head(text, found.start);
    let Some((before, inside)) = line.rsplit_once(" (") else {
        return false;
    };
    let closes = window(text, found.end, 48)
        .lines()
        .next()
        .is_some_and(|tail| tail.contains(')'));
    closes && !inside.contains([')', '=']) && before.contains(|c: char| c.is_ascii_digit())
}

/// The last of several, or of a last sentence with several the one that [`settled`] finds.
fn settled_one(
    text: &str,
    numbers: &[Number],
    usable: &[Measured],
) -> Result<Chosen, &'static str> {
    let last = *usable.last().ok_or("no number")?;
    let place = |found: &Measured| {
        let found = numbers.binary_search_by_key(&found.start, |number| number.start);
        found.ok()
    };
    let own: Vec<usize> = usable.iter().filter_map(place).collect();
    let picked = own.last().copied().ok_or("no number")?;
    if picked > 0 && is_other_variable(text, &numbers[picked - 1], &numbers[picked]) {
        return Err(SEVERAL);
    }
    let number = match settled(text, numbers, &own, picked) {
        Settled::Sole => None,
        Settled::Calculated(number) | Settled::Stated(number) => Some(number),
        Settled::Several => return Err(SEVERAL),
    };
    let found = number.and_then(|number| usable.iter().find(|found| found.start == number.start));
    if found.is_none() && rivals(text, usable, &last) {
        return Err(SEVERAL);
    }
    let (found, rule) = found.map_or((last, "last quantity"), |found| (*found, "last sentence"));
    Ok(Chosen { found, rule })
}

/// Whether another quantity of the kind of the last, and another value, stands before its sentence, which neither concludes
/// nor takes back anything.
fn rivals(text: &str, usable: &[Measured], last: &Measured) -> bool {
    static CONCLUDES: LazyLock<Regex> = LazyLock::new(|| {
        Regex::new(
            r"(?i)=|\*\*|\b(?:so|thus|hence|therefore|then|total|totals|altogether|in all|overall|average|mean|finally|final|result|answer|gives?|gave|equals?|yields?|makes?|comes to|leaves?|left|remain\w*|combined|together|now|that is|which is|conclu\w+|also|daher|somit|insgesamt|gesamt|ergibt|donc|total|totale|reste|por tanto|entonces|quindi|portanto|dus|därför|więc|итого|всего|поэтому)\b|因此|所以|共|于是|したがって|合計|따라서",
        )
        .expect("the pattern is fixed and the tests compile it")
    });
    let differs = |other: &&Measured| {
        let same = last.unit.zip(other.unit).zip(last.value.zip(other.value));
        same.is_some_and(|((unit, own), (value, more))| {
            let converted = own.convert(more, &unit);
            converted.is_some_and(|more| (more - value).abs() > 1e-9 * value.abs())
        })
    };
    let mut earlier = usable
        .iter()
        .rev()
        .skip(1)
        .filter(|other| other.end <= last.start);
    let Some(other) = earlier.find(differs) else {
        return false;
    };
    let from = text.ceil_char_boundary(last.start.saturating_sub(240).max(other.end));
    let between = text.get(from..last.start).unwrap_or_default();
    let tail = window(text, last.end, 64)
        .lines()
        .next()
        .unwrap_or_default();
    let said = CONCLUDES.is_match(between) || CONCLUDES.is_match(tail);
    !said && aftermath::withdrawal(text, other.end).is_none()
}

impl Quantity {
    /// The number of `text` that counts.
    fn chosen(&self, text: &str) -> Result<Chosen, &'static str> {
        let marks = marks(text);
        let mut numbers = numbers_within(text, self.form, &regions(text, &marks));
        if numbers.len() > MOST_NUMBERS {
            return Err("more than 2000 numbers");
        }
        let mark = marks.last().filter(|_| self.take != Take::Only);
        if let Some(mark) = mark {
            numbers.extend(in_words(text, mark.at, &numbers));
            numbers.sort_by_key(|number| number.start);
        }
        let all = numbers.iter().map(|number| measured(text, *number));
        let usable = usable(text, summed(text, all.collect()));
        if self.take == Take::Only && usable.len() > 1 {
            return Err(SEVERAL);
        }
        let stated = mark.and_then(|mark| {
            let found = usable.iter().find(|found| found.start >= mark.at)?;
            Some(Chosen {
                found: *found,
                rule: mark.rule(),
            })
        });
        if let Some(reason) = none_given(text, &marks, stated.is_some()) {
            return Err(reason);
        }
        let chosen = match stated {
            Some(stated) => stated,
            None => self.unmarked(text, &numbers, &usable)?,
        };
        let chosen = corrected(text, &usable, chosen)?;
        if is_one_of_several(text, &numbers, &chosen.found) {
            return Err(SEVERAL);
        }
        Ok(chosen)
    }

    /// The one that counts where none is marked.
    fn unmarked(
        &self,
        text: &str,
        numbers: &[Number],
        usable: &[Measured],
    ) -> Result<Chosen, &'static str> {
        let first = usable.iter().find(|found| found.unit.is_some());
        let proper = aftermath::end_of_result(text, first.map_or(text.len(), |first| first.end));
        let (picked, rule) = match self.take {
            Take::Last if usable.len() > 1 => {
                let last = usable.iter().rposition(|found| found.start < proper);
                return settled_one(text, numbers, &usable[..last.map_or(0, |last| last + 1)]);
            }
            Take::First if usable.len() > 1 => (usable.first(), "first quantity"),
            _ => (usable.first(), "only quantity"),
        };
        let found = *picked.ok_or("no number")?;
        Ok(Chosen { found, rule })
    }

    fn target(&self, item: &Value) -> Result<(f64, Unit), String> {
        let wrong = || format!("the target holds {item}, which is no number with a known unit");
        match item {
            Value::Number(number) => {
                let unit = self.unit.ok_or_else(|| {
                    format!("the target {item} has no unit, and `unit` is not given")
                })?;
                Ok((number.as_f64().ok_or_else(wrong)?, unit))
            }
            Value::String(text) => {
                let text = &*plain(text);
                let found = numbers(text, self.form);
                let [number] = found[..] else {
                    return Err(wrong());
                };
                let found = measured(text, number);
                match (found.value, found.unit.or(self.unit)) {
                    (Some(value), Some(unit)) if unit::is_all(text, number.start, number.end) => {
                        Ok((value, unit))
                    }
                    _ => Err(wrong()),
                }
            }
            _ => Err(wrong()),
        }
    }

    /// Whether targets and tolerance show that a point before three digits is a decimal one.
    fn is_pointed(&self, targets: &[(f64, Unit)]) -> bool {
        let small = targets.iter().all(|(target, _)| target.abs() < 1000.0);
        small && (self.tolerance.fract() != 0.0 || self.relative > 0.0)
    }

    fn near(&self, answer: f64, target: f64) -> bool {
        let allowed = self.tolerance.max(self.relative * target.abs());
        let rounding = 1e-9 * answer.abs().max(target.abs());
        (answer - target).abs() <= allowed + rounding
    }
}

impl Rule for Quantity {
    const LOOKS: bool = true;

    fn version(&self) -> u32 {
        4
    }

    fn check_sample(&self, sample: &Sample) -> Result<(), String> {
        let items = target::items(target::required(sample)?);
        if items.is_empty() {
            return Err("the target is an empty list".to_owned());
        }
        items
            .iter()
            .try_for_each(|item| self.target(item).map(drop))
    }

    fn judge(&self, sample: &Sample, text: &str) -> Score {
        let text = &*plain(text);
        let text = &*delimiters::blanked(&text[..end_of_answer(text)]);
        let Chosen { found, rule } = match self.chosen(text) {
            Ok(chosen) => chosen,
            Err(reason) => return Score::not_extracted(reason),
        };
        let items = sample
            .target
            .as_ref()
            .map(target::items)
            .unwrap_or_default();
        let targets: Vec<(f64, Unit)> = items
            .iter()
            .filter_map(|item| self.target(item).ok())
            .collect();
        let pointed = found.pointed.filter(|_| self.is_pointed(&targets));
        let Some(value) = found.value.or(pointed).filter(|value| value.is_finite()) else {
            return Score::not_extracted("unclear number");
        };
        if found.unit.is_none() && !self.bare {
            return Score::not_extracted("no known unit");
        }
        let is_right = |own: Option<Unit>| {
            targets.iter().any(|(target, unit)| {
                let answer = own.map_or(Some(value), |own| own.convert(value, unit));
                answer.is_some_and(|answer| self.near(answer, *target))
            })
        };
        let right = is_right(found.unit);
        if !right && other_meanings(text, &found).any(|unit| is_right(Some(unit))) {
            return Score::not_extracted("a unit with two meanings");
        }
        let end = window(text, found.start, 48);
        Score::verdict(right, end.lines().next().unwrap_or_default().trim()).by(rule)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use crate::testing::{completion, faulty, refused, sample, spec};

    /// `None`: nothing was read.
    fn case(params: Value, target: &str, text: &str, expected: Option<bool>) {
        let scorer = crate::build(&spec("quantity", params)).unwrap();
        let sample = sample(json!(target), &[]);
        scorer.check_sample(&sample).unwrap();
        let score = scorer.score(&sample, &completion(text));
        let found = match score.extraction {
            cleanbench_core::Extraction::Found(_) => Some(score.value > 0.5),
            _ => None,
        };
        assert_eq!(found, expected, "{text:?} for {target:?}: {score:?}");
    }

    #[test]
    fn conversions() {
        for (target, text) in [
            ("25 m/s", "It goes 90 km/h."),
            ("90 km/h", "25 m/s"),
            ("90 km/h", "25 metres per second"),
            ("5 km", "5,000 m"),
            ("5 km", "5 kilometers"),
            ("1 mile", "1.609344 km"),
            ("1.5 h", "90 min"),
            ("1.5 h", "90 minutes"),
            ("100 °C", "212 °F"),
            ("100 °C", "373.15 K"),
            ("2 m²", "20000 cm^2"),
            ("2 m²", "2 square metres"),
            ("1 l", "1000 cm³"),
            ("1 L", "1 dm³"),
            ("1 kWh", "3.6 MJ"),
            ("1 N", "1 kg·m/s²"),
            ("1 W", "1 J/s"),
            ("12 V", "12000 mV"),
            ("1 Ω", "0.001 kΩ"),
            ("3 µs", "3 us"),
            ("1 KiB", "1024 bytes"),
            ("8 kbit", "1 kB"),
            ("1 atm", "101325 Pa"),
            ("50 %", "50 percent"),
            ("50%", "the share is 50%"),
            ("180°", "3.141592653589793 rad"),
            ("$5", "5 US dollars"),
            ("$5", "It costs $5.00."),
            ("5 €", "EUR 5"),
            ("5 €", "5 Euro"),
            ("$2 million", "$2,000,000"),
            ("¥300", "300 yen"),
            ("300 元", "¥300"),
            ("0.12 €/kWh", "€0.12 per kWh"),
            ("0.12 €/kWh", "0.00012 € per Wh"),
            ("5 kg", "Adding 3 kg and 2 kg gives 5 kg in total."),
            ("5 kg", "The answer is 5 kg, out of 7 kg."),
            ("5 kg", "5 千克"),
            ("6 ft", "6 feet"),
            ("5 in", "5 inches"),
            ("5 in", "5 in."),
        ] {
            case(json!({}), target, text, Some(true));
        }
    }

    #[test]
    fn the_wrong_unit_is_wrong() {
        for (target, text) in [
            ("5 kg", "5 m"),
            ("5 kg", "5 g"),
            ("$5", "5 €"),
            ("$5", "£5"),
            ("5 km", "5 km/h"),
            ("5 m", "5 m²"),
            ("50 %", "50 kg"),
            ("300 yen", "300 yuan"),
            ("5 MB", "5 Mb"),
            ("1 mW", "1 MW"),
        ] {
            case(json!({}), target, text, Some(false));
        }
        for text in ["5", "5 apples", "", "kg", "9.500 kg"] {
            case(json!({}), "5 kg", text, None);
        }
        case(json!({}), "3.14 kg", "3,14 kg", Some(true));
        case(json!({"locale": "de"}), "9500 kg", "9.500 kg", Some(true));
        case(json!({}), "5 kg", "five kg", Some(true));
        case(json!({}), "5 kg", &"5 kg ".repeat(2_001), None);
        case(json!({}), "5 in", "5 in total", None);
        case(json!({"bare": "same"}), "5 kg", "5", Some(true));
        case(json!({"bare": "same"}), "5 kg", "6", Some(false));
    }

    #[test]
    fn tolerance_is_in_the_unit_of_the_target() {
        case(json!({"tolerance": 0.1}), "1 km", "1090 m", Some(true));
        case(json!({"tolerance": 0.1}), "1 km", "1110 m", Some(false));
        case(json!({"relative": 0.01}), "1 km", "1009 m", Some(true));
        case(json!({"take": "first"}), "1 km", "1 km of 2 km", Some(true));
        case(json!({}), "1 km", "1 km or 2 km", None);
        case(json!({"take": "only"}), "1 km", "1 km or 2 km", None);
    }

    #[test]
    fn samples_and_parameters_that_are_refused() {
        let plain = spec("quantity", json!({}));
        refused(&plain, &sample(json!(null), &[]), "no target");
        refused(&plain, &sample(json!(5), &[]), "`unit` is not given");
        refused(
            &plain,
            &sample(json!("5 apples"), &[]),
            "no number with a known unit",
        );
        refused(
            &plain,
            &sample(json!("5 kg of rice"), &[]),
            "no number with a known unit",
        );
        refused(&plain, &sample(json!([]), &[]), "empty list");
        let unit = spec("quantity", json!({"unit": "kg"}));
        crate::build(&unit)
            .unwrap()
            .check_sample(&sample(json!(5), &[]))
            .unwrap();
        faulty(
            &spec("quantity", json!({"unit": "stones"})),
            "unit",
            "known unit",
        );
        faulty(
            &spec("quantity", json!({"tolerance": -1})),
            "tolerance",
            "at least 0",
        );
    }
}
