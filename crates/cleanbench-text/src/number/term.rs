//! The value of one closed term: digits with what multiplies, divides or raises them.
//!
//! `\frac{3}{4}`, `3/4`, `½`, `1 1/2`, `2\sqrt{3}`, `5\pi`, `2^10`, `10⁶`, `1.5 × 10^5`, `10!` in a formula. A term with
//! a variable (`3x`, `2^n`) is recognised and has no value. Terms stand in each other [`DEEPEST`] deep at most, and what
//! stands in braces is [`WIDEST`] bytes long at most, so that reading is linear.

use super::literal::{Decimal, literal};
use crate::scan::window;

/// How deep terms may stand in each other.
const DEEPEST: u8 = 4;
/// How long what stands in braces may be.
const WIDEST: usize = 160;

/// A term at the start of a text.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Term {
    pub(super) len: usize,
    /// `None` where it is recognised, and unclear.
    pub(super) value: Option<f64>,
    /// Its value if a point is a decimal point, where nothing says so.
    pub(super) pointed: Option<f64>,
    /// Whether it is a date or a time.
    pub(super) moment: bool,
    whole: bool,
}

impl Term {
    fn of(len: usize, value: Option<f64>) -> Self {
        Self {
            len,
            value,
            pointed: None,
            moment: false,
            whole: false,
        }
    }

    /// The same with `more` bytes and another value, which no locale changes.
    fn grown(self, more: usize, value: Option<f64>) -> Self {
        Self::of(self.len + more, value)
    }
}

/// The term at the start of `text`.
pub(super) fn term(text: &str, locale: Option<Decimal>) -> Option<Term> {
    read(text, locale, DEEPEST)
}

fn read(text: &str, locale: Option<Decimal>, depth: u8) -> Option<Term> {
    let mut term = powered(text, locale, depth)?;
    if term.whole {
        term = mixed(text, term, locale, depth);
    }
    while let Some(factor) = touching_factor(&text[term.len..], locale, depth) {
        term = term.grown(factor.len, product(term.value, factor.value));
    }
    term = divided(text, term, locale, depth);
    Some(scaled(text, term))
}

fn product(left: Option<f64>, right: Option<f64>) -> Option<f64> {
    Some(left? * right?)
}

fn quotient(left: Option<f64>, right: Option<f64>) -> Option<f64> {
    let right = right.filter(|right| *right != 0.0)?;
    Some(left? / right)
}

/// One factor with its power and its factorial.
fn powered(text: &str, locale: Option<Decimal>, depth: u8) -> Option<Term> {
    let base = factor(text, locale, depth)?;
    let rest = &text[base.len..];
    if let Some(power) = power(rest, locale, depth) {
        let value = base.value.zip(power.value);
        return Some(base.grown(power.len, value.map(|(base, power)| base.powf(power))));
    }
    Some(match rest.strip_prefix('!').filter(|_| base.whole) {
        Some(after) if is_formula(after) => base.grown(1, factorial(base.value)),
        Some("") if text.len() == base.len + 1 && depth < DEEPEST => {
            base.grown(1, factorial(base.value))
        }
        _ => base,
    })
}

/// Whether what follows a `!` shows that it is no end of a sentence.
fn is_formula(after: &str) -> bool {
    after.starts_with(['}', '$', '.', ',', ';', '/', '\\', '=', ')', '+', '-'])
        || after.starts_with(" =")
        || after.starts_with(" /")
}

fn factorial(value: Option<f64>) -> Option<f64> {
    let value = value.filter(|value| *value <= 170.0)?;
    let mut product = 1.0;
    let mut next = 2.0;
    while next <= value {
        product *= next;
        next += 1.0;
    }
    Some(product)
}

/// A literal, a vulgar fraction, a constant, a fraction or a root.
fn factor(text: &str, locale: Option<Decimal>, depth: u8) -> Option<Term> {
    match text.chars().next()? {
        '0'..='9' | '.' => {
            let read = literal(text, locale)?;
            Some(Term {
                len: read.len,
                value: read.value,
                pointed: read.pointed,
                moment: read.moment,
                whole: read.integer,
            })
        }
        '\\' => command(text, locale, depth),
        'π' => Some(Term::of('π'.len_utf8(), Some(std::f64::consts::PI))),
        '√' => {
            let rest = &text['√'.len_utf8()..];
            let inner = argument(rest, Bracket::Round, locale, depth)
                .or_else(|| factor(rest, locale, depth.checked_sub(1)?))?;
            let value = inner.value.map(f64::sqrt);
            Some(Term::of('√'.len_utf8() + inner.len, value))
        }
        sign => vulgar(sign).map(|value| Term::of(sign.len_utf8(), Some(value))),
    }
}

/// The value of a vulgar fraction.
pub(super) fn vulgar(sign: char) -> Option<f64> {
    const SIGNS: [(char, f64, f64); 18] = [
        ('½', 1.0, 2.0),
        ('⅓', 1.0, 3.0),
        ('⅔', 2.0, 3.0),
        ('¼', 1.0, 4.0),
        ('¾', 3.0, 4.0),
        ('⅕', 1.0, 5.0),
        ('⅖', 2.0, 5.0),
        ('⅗', 3.0, 5.0),
        ('⅘', 4.0, 5.0),
        ('⅙', 1.0, 6.0),
        ('⅚', 5.0, 6.0),
        ('⅐', 1.0, 7.0),
        ('⅛', 1.0, 8.0),
        ('⅜', 3.0, 8.0),
        ('⅝', 5.0, 8.0),
        ('⅞', 7.0, 8.0),
        ('⅑', 1.0, 9.0),
        ('⅒', 1.0, 10.0),
    ];
    let (_, over, under) = SIGNS.iter().find(|(known, ..)| *known == sign)?;
    Some(over / under)
}

/// `\frac{…}{…}`, `\frac34`, `\sqrt{…}`, `\sqrt[3]{…}`, `\pi`.
fn command(text: &str, locale: Option<Decimal>, depth: u8) -> Option<Term> {
    let name = text[1..].split(|c: char| !c.is_ascii_alphabetic()).next()?;
    let at = 1 + name.len();
    match name {
        "pi" => Some(Term::of(at, Some(std::f64::consts::PI))),
        "frac" | "dfrac" | "tfrac" | "cfrac" => {
            let over = part(&text[at..], locale, depth)?;
            let under = part(&text[at + over.len..], locale, depth)?;
            let value = quotient(over.value, under.value);
            Some(Term::of(at + over.len + under.len, value))
        }
        "sqrt" => {
            let root = argument(&text[at..], Bracket::Square, locale, depth);
            let more = root.map_or(0, |root| root.len);
            let inner = part(&text[at + more..], locale, depth)?;
            let root = root.map_or(Some(2.0), |root| root.value);
            let value = inner.value.zip(root).map(|(inner, root)| {
                if (root - 2.0).abs() < f64::EPSILON {
                    inner.sqrt()
                } else {
                    rooted(inner, root)
                }
            });
            Some(Term::of(at + more + inner.len, value))
        }
        _ => None,
    }
}

/// The root of `inner`, whole where it is.
fn rooted(inner: f64, root: f64) -> f64 {
    let found = inner.powf(root.recip());
    let whole = found.round();
    let fits = (whole.powf(root) - inner).abs() < f64::EPSILON * inner.abs();
    if fits { whole } else { found }
}

/// An argument of a command: in braces, or one digit.
fn part(text: &str, locale: Option<Decimal>, depth: u8) -> Option<Term> {
    let trimmed = text.trim_start_matches(' ');
    let skipped = text.len() - trimmed.len();
    let found = argument(trimmed, Bracket::Curly, locale, depth).or_else(|| {
        let digit = trimmed.chars().next()?.to_digit(10)?;
        Some(Term::of(1, Some(f64::from(digit))))
    })?;
    Some(found.grown(skipped, found.value))
}

/// Pairs of brackets.
#[derive(Debug, Clone, Copy)]
enum Bracket {
    Round,
    Square,
    Curly,
}

/// What stands in brackets at the start of `text`, as one term; without a value if it is none.
fn argument(text: &str, bracket: Bracket, locale: Option<Decimal>, depth: u8) -> Option<Term> {
    let (open, close) = match bracket {
        Bracket::Round => ('(', ')'),
        Bracket::Square => ('[', ']'),
        Bracket::Curly => ('{', '}'),
    };
    let near = window(text.strip_prefix(open)?, 0, WIDEST);
    let mut level = 0_u32;
    let end = near.char_indices().find_map(|(at, character)| {
        level += u32::from(character == open);
        let closes = character == close && level == 0;
        level = level.saturating_sub(u32::from(character == close));
        closes.then_some(at)
    })?;
    let value = depth
        .checked_sub(1)
        .and_then(|depth| whole(&near[..end], locale, depth));
    Some(Term::of(end + 2, value))
}

/// The value of a text that is one term with its sign and nothing else.
fn whole(text: &str, locale: Option<Decimal>, depth: u8) -> Option<f64> {
    let text = text.trim();
    let inner = text
        .strip_prefix("\\text{")
        .and_then(|text| text.strip_suffix('}'));
    let text = inner.unwrap_or(text).trim();
    let unsigned = text.strip_prefix('-').unwrap_or(text);
    let term = read(unsigned, locale, depth).filter(|term| term.len == unsigned.len())?;
    let sign = if unsigned.len() < text.len() {
        -1.0
    } else {
        1.0
    };
    term.value.map(|value| sign * value)
}

/// `^10`, `^{-2}`, `**3`, `⁵`; without a value where it is no number.
fn power(text: &str, locale: Option<Decimal>, depth: u8) -> Option<Term> {
    if let Some(raised) = superscript(text) {
        return Some(raised);
    }
    let after = text.strip_prefix('^').or_else(|| {
        text.strip_prefix("**")
            .filter(|after| after.starts_with(|c: char| c.is_ascii_digit()))
    })?;
    let at = text.len() - after.len();
    let trimmed = after.trim_start_matches(' ');
    if [
        "\\circ",
        "{\\circ",
        "{ \\circ",
        "°",
        "{\\text",
        "{\\rm",
        "\\text",
        "{th",
        "{st",
        "{nd",
        "{rd",
        "\\prime",
        "\\mathrm",
        "{\\mathrm",
        "\\degree",
    ]
    .iter()
    .any(|other| trimmed.starts_with(other))
    {
        return None;
    }
    if let Some(inner) = argument(trimmed, Bracket::Curly, locale, depth)
        .or_else(|| argument(trimmed, Bracket::Round, locale, depth))
    {
        return Some(inner.grown(text.len() - trimmed.len(), inner.value));
    }
    let unsigned = trimmed.strip_prefix(['-', '+']).unwrap_or(trimmed);
    let digits = unsigned.bytes().take_while(u8::is_ascii_digit).count();
    let len = text.len() - unsigned.len() + digits;
    let value = text[..len].trim_start_matches(['^', '*', ' ']).parse().ok();
    Some(Term::of(len.max(at), value))
}

/// Raised digits at the start of `text`.
fn superscript(text: &str) -> Option<Term> {
    if text.starts_with(|c: char| c.is_ascii()) {
        return None;
    }
    let end = text.find(|c| raised(c).is_none()).unwrap_or(text.len());
    let plain: String = text[..end].chars().filter_map(raised).collect();
    (end > 0).then(|| Term::of(end, plain.parse().ok()))
}

fn raised(character: char) -> Option<char> {
    const SIGNS: &str = "⁰¹²³⁴⁵⁶⁷⁸⁹";
    let plain = SIGNS.chars().position(|sign| sign == character);
    match (plain, character) {
        (Some(digit), _) => char::from_digit(u32::try_from(digit).ok()?, 10),
        (None, '⁻') => Some('-'),
        _ => None,
    }
}

/// An integer and the fraction that stands beside it, as in `1 1/2`, `2½` and `1\frac{1}{2}`.
fn mixed(text: &str, first: Term, locale: Option<Decimal>, depth: u8) -> Term {
    let rest = &text[first.len..];
    let space = ["\\,", "\\ ", "\\;", " ", "\u{a0}", "\u{202f}", "\u{2009}"]
        .iter()
        .find(|space| rest.starts_with(**space))
        .map_or("", |space| space);
    let after = &rest[space.len()..];
    let fraction = match after.chars().next() {
        Some('\\')
            if ["\\frac", "\\dfrac", "\\tfrac"]
                .iter()
                .any(|name| after.starts_with(name)) =>
        {
            command(after, locale, depth)
        }
        Some(sign) if vulgar(sign).is_some() => Some(Term::of(sign.len_utf8(), vulgar(sign))),
        Some('0'..='9') if !space.is_empty() => digits_over_digits(after),
        Some('a') if space == " " => {
            let share = after.strip_prefix("and ").and_then(digits_over_digits);
            share.map(|share| share.grown("and ".len(), share.value))
        }
        _ => None,
    };
    match fraction {
        Some(fraction) => {
            let sum = first
                .value
                .zip(fraction.value)
                .map(|(whole, share)| whole + share);
            first.grown(space.len() + fraction.len, sum)
        }
        None => first,
    }
}

/// `1/2`, of at most four digits each, which is no date.
fn digits_over_digits(text: &str) -> Option<Term> {
    let near = window(text, 0, 10);
    let (over, rest) = near.split_once('/')?;
    let under = rest.split(|c: char| !c.is_ascii_digit()).next()?;
    let after = &text[over.len() + 1 + under.len()..];
    let (top, bottom): (f64, f64) = (over.parse().ok()?, under.parse().ok()?);
    let proper = top < bottom && over.bytes().all(|byte| byte.is_ascii_digit());
    let ends = !after.starts_with(|c: char| c.is_alphanumeric() || c == '/');
    (proper && ends).then(|| Term::of(over.len() + 1 + under.len(), Some(top / bottom)))
}

/// A factor that multiplies by standing beside.
fn touching_factor(text: &str, locale: Option<Decimal>, depth: u8) -> Option<Term> {
    const SIGNS: [&str; 9] = [
        "π", "\\pi", "√", "\\sqrt", "\\frac", "\\dfrac", "\\tfrac", "pi", "sqrt(",
    ];
    let trimmed = ["\\,", "\\cdot ", "\\cdot", "*", "·", " ", ""]
        .iter()
        .find_map(|space| {
            let after = text.strip_prefix(space)?.trim_start_matches(' ');
            SIGNS
                .iter()
                .any(|sign| after.starts_with(sign))
                .then_some(after)
        })?;
    let skipped = text.len() - trimmed.len();
    let found = match trimmed.strip_prefix("pi") {
        Some(after) if after.starts_with(char::is_alphanumeric) => return None,
        Some(_) => Term::of(2, Some(std::f64::consts::PI)),
        None if trimmed.starts_with("sqrt") => {
            let inner = argument(&trimmed[4..], Bracket::Round, locale, depth)?;
            Term::of(4 + inner.len, inner.value.map(f64::sqrt))
        }
        None => powered(trimmed, locale, depth)?,
    };
    Some(found.grown(skipped, found.value))
}

/// The term with what divides it, as in `3/4`, `\pi/2` and `3 / 4`; a date or a chain of divisions is unclear.
fn divided(text: &str, term: Term, locale: Option<Decimal>, depth: u8) -> Term {
    let Some(first) = divisor(&text[term.len..], locale, depth) else {
        return term;
    };
    let value = quotient(term.value, first.value);
    let fraction = term.grown(first.len, value);
    let Some(second) = divisor(&text[fraction.len..], locale, depth) else {
        return fraction;
    };
    Term {
        moment: true,
        ..fraction.grown(second.len, None)
    }
}

fn divisor(text: &str, locale: Option<Decimal>, depth: u8) -> Option<Term> {
    let after = text
        .strip_prefix('/')
        .or_else(|| text.strip_prefix(" / "))?;
    let under = powered(after, locale, depth.saturating_sub(1))?;
    Some(under.grown(text.len() - after.len(), under.value))
}

/// The term times a power of ten.
fn scaled(text: &str, term: Term) -> Term {
    const TIMES: [&str; 10] = [
        "×", "x", "X", "*", "·", "⋅", "∙", "\\times", "\\cdot", "\\ast",
    ];
    let rest = text[term.len..].trim_start_matches([' ', '\u{a0}', '\u{202f}', '\u{2009}']);
    if !rest.starts_with(['×', 'x', 'X', '*', '·', '⋅', '∙', '\\']) {
        return term;
    }
    let rest = rest.strip_prefix("\\,").unwrap_or(rest);
    let ten = TIMES.iter().find_map(|sign| {
        let after = rest.strip_prefix(sign)?.trim_start();
        let after = after.strip_prefix("\\,").unwrap_or(after).trim_start();
        let after = after
            .strip_prefix("{10}")
            .or_else(|| after.strip_prefix("10"))?;
        Some(after.trim_start_matches(' '))
    });
    let Some((after, power)) = ten.and_then(|after| Some((after, power(after, None, 1)?))) else {
        return term;
    };
    let end = text.len() - after.len() + power.len;
    let exponent = power
        .value
        .filter(|power| power.abs() < 1000.0 && power.fract() == 0.0);
    // The nearest float of the decimal: 1.5 · 10⁻² is 0.015, while 1.5 times 0.01 may be another.
    let value = term.value.or(term.pointed).zip(exponent);
    let value = value.and_then(|(base, exponent)| format!("{base}e{exponent}").parse().ok());
    Term::of(
        end,
        value.filter(|_| !text[..term.len].contains(['e', 'E'])),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn terms_with_a_value() {
        let pi = std::f64::consts::PI;
        for (text, expected) in [
            (r"\frac{3}{4}", 0.75),
            (r"\dfrac34", 0.75),
            (r"\frac{-1}{2}", -0.5),
            (r"\frac{\pi}{2}", pi / 2.0),
            (r"5\pi", 5.0 * pi),
            (r"5 \pi", 5.0 * pi),
            ("5π", 5.0 * pi),
            ("π/2", pi / 2.0),
            (r"2\sqrt{3}", 2.0 * 3_f64.sqrt()),
            (r"\sqrt[3]{8}", 2.0),
            (r"\frac{\sqrt{3}}{2}", 3_f64.sqrt() / 2.0),
            ("√(16)", 4.0),
            ("3/4", 0.75),
            ("1 1/2", 1.5),
            (r"1\frac{1}{2}", 1.5),
            ("2½", 2.5),
            ("½", 0.5),
            ("2^10", 1024.0),
            ("2^{-1}", 0.5),
            ("10⁶", 1e6),
            ("1.5 × 10^5", 1.5e5),
            (r"1.5 \times 10^{-2}", 0.015),
            ("4x10⁻²", 0.04),
            ("5!}", 120.0),
            ("10!/9!", 10.0),
        ] {
            let value = term(text, None).unwrap().value.unwrap();
            assert!((value - expected).abs() < 1e-9, "{text}: {value}");
        }
    }

    #[test]
    fn terms_without() {
        for text in [
            "2^n",
            "2^{n+1}",
            r"\frac{x}{2}",
            "1/2/2020",
            r"\sqrt{x}",
            "200!.",
            "1/0",
            "1e5 × 10^5",
        ] {
            assert_eq!(term(text, None).unwrap().value, None, "{text}");
        }
        assert_eq!(term("10! Well", None).unwrap().value, Some(10.0));
    }
}
