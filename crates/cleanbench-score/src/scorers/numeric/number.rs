//! Numbers in running text.
//!
//! Read are: digits with an optional decimal point; thousands grouped by comma (also `{,}`, `,\!` and
//! `\,` of LaTeX) or by no-break, figure or thin space; exponents (`1e5`, `1.5 × 10^5`, `1.5·10⁵`);
//! signs, the Unicode minus and a touching en dash among them; a currency sign before or after the
//! sign is skipped.
//!
//! Recognised as a number, but as an unclear one without a value: a comma that is no thousands
//! separator (`3,14`: nobody knows whether that is one number or two), several points (`1.2.3`),
//! fractions, dates, times and ratios (`3/4`, `12:30`), powers (`2^10`), vulgar fractions and digits of
//! other scripts, groups of three after plain spaces (`1 500` may be one number or two), and what exceeds a 64-bit float. Digits inside a word (`H2O`, `x1`) are no number.

use std::sync::LazyLock;

use regex::{Captures, Regex};

use crate::text::{after, before, is_word};

/// A number in a text.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(in crate::scorers) struct Number {
    /// Where it starts, its sign and currency included.
    pub(in crate::scorers) start: usize,
    /// Where it ends.
    pub(in crate::scorers) end: usize,
    /// Its finite value; `None` when it is unclear.
    pub(in crate::scorers) value: Option<f64>,
}

/// Whatever looks like one number, to be read strictly afterwards.
static CANDIDATE: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(
        r"(?x)
        (?<digits> [1-9][0-9]{0,2} (?: \x20 [0-9]{3} \b )+ (?: [.,:/'’] [0-9]+ )* | \.? [0-9]+
            (?: [.,:/'’] [0-9]+ | (?: \{,\} | ,\\! ) [0-9]+ | \\, [0-9]{3}
              | [\u{a0}\u{2007}\u{2009}\u{202f}] [0-9]{3} | \^ \{? [-+−]? [0-9]+ \}? )* )
        (?: [eE] (?<exponent> [-+−]? [0-9]+ ) )?
        (?: \s? (?: [×xX*·⋅] | \\times | \\cdot ) \s? 10 \s?
            (?: \^ \s? \{? \s? (?<power> [-+−]? [0-9]{1,4} ) \s? \}?
              | (?<raised> [⁺⁻]? [⁰¹²³⁴⁵⁶⁷⁸⁹]{1,4} ) ) )?
        ",
    )
    .expect("the pattern is fixed and its tests compile it")
});

/// Digits that are surely one number: plain, or grouped by one kind of separator.
static STRICT: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(
        r"(?x) ^ (?: [0-9]+ | [1-9][0-9]{0,2} (?:
            (?: , [0-9]{3} )+ | (?: \{,\} [0-9]{3} )+ | (?: ,\\! [0-9]{3} )+ | (?: \\, [0-9]{3} )+
            | (?: [\u{a0}\u{2007}\u{2009}\u{202f}] [0-9]{3} )+ ) )? (?: \.[0-9]+ )? $",
    )
    .expect("the pattern is fixed and its tests compile it")
});

/// Every number in `text`, in order.
pub(in crate::scorers) fn numbers(text: &str) -> Vec<Number> {
    CANDIDATE
        .captures_iter(text)
        .filter_map(|found| read(text, &found))
        .collect()
}

/// The value of a text that is one number and nothing else, but for a percent sign.
pub(in crate::scorers) fn whole_number(text: &str) -> Option<f64> {
    let text = text.trim();
    let text = text.strip_suffix('%').unwrap_or(text);
    match numbers(text)[..] {
        [number] if number.start == 0 && number.end == text.len() => number.value,
        _ => None,
    }
}

fn read(text: &str, found: &Captures<'_>) -> Option<Number> {
    let whole = found.get(0)?;
    let (first, digits) = drop_stray_point(text, whole.start(), &found["digits"]);
    let previous = before(text, first);
    if previous.is_some_and(|c| is_word(c) && (!c.is_numeric() || c.is_ascii_digit())) {
        return None;
    }
    let lead = Lead::of(text, first);
    let foreign = |c: Option<char>| c.is_some_and(|c| c.is_numeric() && !c.is_ascii());
    let unclear = foreign(previous) || foreign(after(text, whole.end()));
    let value = value(digits, found).filter(|_| !unclear);
    Some(Number {
        start: lead.start,
        end: whole.end(),
        value: value.map(|value| if lead.negative { 0.0 - value } else { value }),
    })
}

/// A leading point belongs to the number in ` .5`, but not in `…costs.5`.
fn drop_stray_point<'a>(text: &str, start: usize, digits: &'a str) -> (usize, &'a str) {
    let belongs = |c: char| c.is_whitespace() || "+-−–$€£¥([{=~≈*<>|\"'".contains(c);
    match digits.strip_prefix('.') {
        Some(rest) if !before(text, start).is_none_or(belongs) => (start + 1, rest),
        _ => (start, digits),
    }
}

fn value(digits: &str, found: &Captures<'_>) -> Option<f64> {
    if !STRICT.is_match(digits) {
        return None;
    }
    let mut plain: String = digits
        .chars()
        .filter(|c| c.is_ascii_digit() || *c == '.')
        .collect();
    let exponents = ["exponent", "power", "raised"];
    let mut exponents = exponents.iter().filter_map(|name| found.name(name));
    if let Some(exponent) = exponents.next() {
        plain.push('e');
        plain.extend(exponent.as_str().chars().map(plain_exponent));
    }
    if exponents.next().is_some() {
        return None;
    }
    plain.parse().ok().filter(|value: &f64| value.is_finite())
}

fn plain_exponent(character: char) -> char {
    match character {
        '−' | '⁻' => '-',
        '⁺' => '+',
        '⁰' => '0',
        '¹' => '1',
        '²' => '2',
        '³' => '3',
        '⁴'..='⁹' => char::from_u32(u32::from(character) - u32::from('⁴') + u32::from('4'))
            .unwrap_or(character),
        other => other,
    }
}

/// What stands before the digits: sign and currency.
struct Lead {
    start: usize,
    negative: bool,
}

impl Lead {
    fn of(text: &str, digits: usize) -> Self {
        let inner = skip_currency(text, digits);
        let sign = before(text, inner).filter(|c| "+-−–﹣-".contains(*c));
        let Some(sign) = sign else {
            return Self {
                start: inner,
                negative: false,
            };
        };
        let at = inner - sign.len_utf8();
        // In `5-3`, `x-3`, `)-3` and `--3` it is an operator, a hyphen or a dash.
        let joins = |c: char| is_word(c) || ")]}+-−–".contains(c);
        if before(text, at).is_some_and(joins) {
            return Self {
                start: inner,
                negative: false,
            };
        }
        Self {
            start: skip_currency(text, at),
            negative: sign != '+',
        }
    }
}

/// Where a currency sign that stands before `position` starts, else `position`.
fn skip_currency(text: &str, position: usize) -> usize {
    let touching = text[..position]
        .strip_suffix(' ')
        .unwrap_or(&text[..position]);
    let sign = touching.chars().next_back();
    match sign.filter(|c| "$€£¥₹₽₩₿¢".contains(*c)) {
        Some(sign) => {
            let rest = &touching[..touching.len() - sign.len_utf8()];
            rest.strip_suffix('\\').unwrap_or(rest).len()
        }
        None => position,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const UNCLEAR: f64 = f64::INFINITY;

    fn check(text: &str, expected: &[f64]) {
        let found: Vec<f64> = numbers(text)
            .iter()
            .map(|number| number.value.unwrap_or(UNCLEAR))
            .collect();
        assert_eq!(found, expected, "{text}");
    }

    #[test]
    fn what_is_a_number() {
        check("5 5. 5.0 .5 05", &[5.0, 5.0, 5.0, 0.5, 5.0]);
        check("1,234 and 1,234,567.5", &[1234.0, 1_234_567.5]);
        check("1\u{202f}234\u{202f}567 1\u{a0}000", &[1_234_567.0, 1000.0]);
        check(r"1{,}234 1\,234 1,\!234", &[1234.0, 1234.0, 1234.0]);
        check("-5 −5 –5 +5 (-5) =-5", &[-5.0, -5.0, -5.0, 5.0, -5.0, -5.0]);
        check("$5 -$5 $-5 € 5 5€ \\$5", &[5.0, -5.0, -5.0, 5.0, 5.0, 5.0]);
        check("1e5 1E-2 2e+1 5e", &[1e5, 0.01, 20.0, 5.0]);
        check(
            "1.5 × 10^5 2*10^{-3} 3·10⁵ 4x10⁻²",
            &[1.5e5, 0.002, 3e5, 0.04],
        );
        check("50% 5km 3rd", &[50.0, 5.0, 3.0]);
        check("是5个", &[5.0]);
    }

    #[test]
    fn what_is_no_number_or_two_or_unclear() {
        check("H2O x1 a_2 GPT4", &[]);
        check("5-3 2024-05 x-3 --3", &[5.0, 3.0, 2024.0, 5.0, 3.0, 3.0]);
        check("costs.5 end...7", &[5.0, 7.0]);
        check("3,14 1,23,456 12,34", &[UNCLEAR; 3]);
        check("0,123 1234,567 1,234,56", &[UNCLEAR; 3]);
        check("1.2.3 1.234,56 3/4 12:30 2^10 5'6", &[UNCLEAR; 6]);
        check("1½ 10² ٣5", &[UNCLEAR; 3]);
        check("1 500, or 1 234 567.5, or 12 000,50", &[UNCLEAR; 3]);
        check(
            "in 2019 500 came, 1 50 5 1000",
            &[2019.0, 500.0, 1.0, 50.0, 5.0, 1000.0],
        );
        check("1e999 1e5 × 10^5", &[UNCLEAR; 2]);
        check("1 2, 3", &[1.0, 2.0, 3.0]);
    }

    #[test]
    fn a_whole_number_is_nothing_else() {
        for (text, expected) in [
            (" 1,234 ", Some(1234.0)),
            ("-$5.50", Some(-5.5)),
            ("50%", Some(50.0)),
            ("5 km", None),
            ("1 2", None),
            ("3,14", None),
            ("NaN", None),
            ("inf", None),
            ("", None),
        ] {
            assert_eq!(whole_number(text), expected, "{text}");
        }
    }
}
