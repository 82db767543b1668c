//! Numbers in running text, in plain characters (see [`plain`]).
//!
//! Read are: digits as `literal.rs` says; terms as `term.rs` says (`\frac{3}{4}`, `5\pi`, `2^10`); words
//! and short forms of magnitude after them ("5 million", `5k`); signs, "minus" and "negative" among them; a currency
//! sign before or after the sign is skipped. Percent is noted, and a base (`1010_2`) gives a second value.
//!
//! Recognised as a number, but as an unclear one without a value: what a literal or a term leaves unclear (`9.500`,
//! `12:30`), a number that is a part of an expression with a variable (`3x`, `3n + 1`, `x + 3`) or of an inequality,
//! and what exceeds a 64-bit float. Digits inside a word (`H2O`, `x1`), powers and indices of something else (`m^2`,
//! `x_1`) are no number.

mod literal;
mod plain;
mod table;
mod term;
pub mod unit;

use std::ops::Range;

pub use self::literal::{Decimal, LOCALES, shows_decimal_point};
pub use self::plain::plain;

use self::literal::literal;
use self::term::{Term, term, vulgar};

use crate::scan::{after, before, is_word, window};
use crate::spelled;

/// A number in a text.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Number {
    /// Where it starts, its sign and currency included.
    pub start: usize,
    /// Where it ends, before a percent sign or a unit.
    pub end: usize,
    /// Its finite value; `None` when it is unclear.
    pub value: Option<f64>,
    /// Its value by another convention: as a share for percent, in the base that is named, or, for an unclear one, if
    /// a point is a decimal point.
    pub other: Option<f64>,
    /// Whether it is a percentage.
    pub percent: bool,
    /// Whether it is a date or a time.
    pub moment: bool,
}

/// How numbers are written and what follows them.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Form {
    /// The sign before decimals, where the task says so.
    pub locale: Option<Decimal>,
    /// Whether units follow, so that `5 K` and `5M` are none of thousands and millions.
    pub units: bool,
}

/// Every number in digits or signs that starts in one of the `regions` of `text`, in order; where there is none, the
/// English ones in words.
pub fn numbers_within(text: &str, form: Form, regions: &[Range<usize>]) -> Vec<Number> {
    let mut found = Vec::new();
    for region in regions {
        let mut at = region
            .start
            .max(found.last().map_or(0, |last: &Number| last.end));
        while let Some(start) = next_start(&text[..region.end.max(at)], at) {
            match read(text, start, form) {
                Found::Number(number) => {
                    at = number.end.max(start + 1);
                    found.push(number);
                }
                Found::Nothing(end) => at = end,
            }
        }
    }
    if found.is_empty() {
        for region in regions {
            let spelled = spelled::running(&text[region.clone()]).into_iter();
            found.extend(spelled.map(|(at, read)| Number::in_words(text, region.start + at, read)));
        }
    }
    found
}

/// Every number in `text`.
pub fn numbers(text: &str, form: Form) -> Vec<Number> {
    numbers_within(text, form, std::slice::from_ref(&(0..text.len())))
}

/// The value of a text that is one number and nothing else, but for a percent sign.
pub fn whole_number(text: &str, form: Form) -> Option<Number> {
    let text = text.trim();
    let bare = text.strip_suffix('%').map_or(text, str::trim_end);
    if !bare.ends_with(|c: char| c.is_ascii_digit() || c == '}' || c == 'π' || vulgar(c).is_some())
    {
        return None;
    }
    match numbers(text, form)[..] {
        [number] if number.start == 0 && number.end == bare.len() => Some(number),
        _ => None,
    }
}

impl Number {
    /// Whether it has a value, or has one as soon as it is known what its point means.
    pub fn is_known(&self) -> bool {
        self.value.or(self.other).is_some()
    }

    /// A number in words that starts at `at` of `text`; without a value where it is told in another way than by its sum,
    /// as a year is ("nineteen ninety-five").
    pub fn in_words(text: &str, at: usize, read: spelled::Spelled) -> Self {
        let end = at + read.len;
        let percent = read.percent || is_percent(text.get(end..).unwrap_or_default());
        let value = (!spelled::is_doubtful(text, at, end)).then_some(read.value);
        Self {
            start: at,
            end,
            value,
            other: value.filter(|_| percent).map(|value| times(value, 0.01)),
            percent,
            moment: false,
        }
    }
}

/// What stands at a place that looks like a number.
enum Found {
    Number(Number),
    /// None, up to this position.
    Nothing(usize),
}

/// The next place from `at` on at which a number may start.
fn next_start(text: &str, at: usize) -> Option<usize> {
    let bytes = text.as_bytes();
    (at..bytes.len()).find(|&at| match bytes[at] {
        b'0'..=b'9' => true,
        b'.' => starts_with_point(text, at),
        b'\\' => ["\\frac", "\\dfrac", "\\tfrac", "\\cfrac", "\\sqrt", "\\pi"]
            .iter()
            .any(|name| {
                let rest = &text[at..];
                rest.starts_with(name)
                    && !rest[name.len()..].starts_with(|c: char| c.is_ascii_alphabetic())
            }),
        0xC2 | 0xCF | 0xE2 => {
            after(text, at).is_some_and(|c| c == 'π' || c == '√' || vulgar(c).is_some())
        }
        _ => false,
    })
}

/// A leading point belongs to the number in ` .5`, but not in `…costs.5`.
fn starts_with_point(text: &str, at: usize) -> bool {
    let belongs = |c: char| c.is_whitespace() || "+-–$€£¥([{=~≈*<>|\"'".contains(c);
    text[at..]
        .chars()
        .nth(1)
        .is_some_and(|c| c.is_ascii_digit())
        && before(text, at).is_none_or(belongs)
}

fn read(text: &str, start: usize, form: Form) -> Found {
    let near = window(text, start, 1 << 20);
    if is_inside(text, start) {
        let digits = literal(near, None).map_or(1, |found| found.len);
        let end = start + digits;
        return Found::Nothing(text.ceil_char_boundary(end.max(start + 1)));
    }
    let Some(mut read) = term(near, form.locale) else {
        return Found::Nothing(text.ceil_char_boundary(start + 1));
    };
    let unclear = read.value.is_none() && read.pointed.is_some();
    if unclear && is_price_by_comma(&text[..start], &near[read.len..]) {
        read = term(near, Some(Decimal::Comma)).unwrap_or(read);
    }
    Found::Number(surrounded(text, start, read, form))
}

/// Codes of currencies that touch the number behind them: `Rp75.000`, `EUR20`.
const CODES: &str = "Rp Rs RM kr Kr NOK SEK DKK EUR USD GBP CHF IDR INR BRL VND TRY";

/// Whether a code of a currency ends `head`.
fn ends_with_code(head: &str) -> bool {
    CODES.split(' ').any(|code| {
        let left = head.strip_suffix(code);
        left.is_some_and(|left| !left.ends_with(is_word))
    })
}

/// Whether a price between `head` and `tail` has a comma before decimals, so that a point parts thousands: its currency is
/// one of countries that write so and count no thousandths, or a comma and a dash stand for the decimals (`1.250,-`).
fn is_price_by_comma(head: &str, tail: &str) -> bool {
    const BEFORE: &str = "Rp IDR R$ BRL kr Kr kr. DKK NOK ₫ VND ₺ zł Kč";
    const BEHIND: &str = "rupiah IDR đ đồng VND kr kroner zł PLN Kč Ft lei TL reais";
    let head = head.trim_end_matches([' ', '\u{a0}', '*']);
    let tail = tail.trim_start_matches([' ', '\u{a0}', '*']);
    let named = |word: &str| {
        let left = head.strip_suffix(word);
        left.is_some_and(|left| !left.ends_with(is_word))
    };
    let follows = |word: &str| {
        let left = tail.strip_prefix(word);
        left.is_some_and(|left| !left.starts_with(is_word))
    };
    let dashed = [",-", ",–", ",—"]
        .iter()
        .find_map(|sign| tail.strip_prefix(*sign));
    dashed.is_some_and(|left| !left.starts_with(|c: char| c.is_ascii_digit()))
        || ["₫", "₺", "₽"].iter().any(|sign| tail.starts_with(sign))
        || BEFORE.split(' ').any(named)
        || BEHIND.split(' ').any(follows)
}

/// Whether what starts at `start` is a part of a word, a power or an index.
fn is_inside(text: &str, start: usize) -> bool {
    let head = &text[..start];
    let greek = text[start..]
        .strip_prefix('π')
        .is_some_and(|rest| rest.starts_with(is_greek));
    if is_named(head) || greek {
        return true;
    }
    if ends_with_code(head) {
        return false;
    }
    let outer = head.strip_suffix(['-', '+']).unwrap_or(head);
    if outer.ends_with(['^'])
        || outer.ends_with("^{")
        || outer.ends_with("_{")
        || outer.ends_with("^(")
        || outer.ends_with("\\overline{")
    {
        return true;
    }
    match head.chars().next_back() {
        Some('_') => {
            !head
                .trim_end_matches(['_', '*'])
                .ends_with(|c: char| !is_word(c) && c != '}')
                && !head.trim_end_matches(['_', '*']).is_empty()
        }
        Some(c) if text[start..].starts_with('π') => is_greek(c),
        Some(c) if text[start..].starts_with('\\') || text[start..].starts_with('√') => c == 'π',
        Some(c) => is_word(c) && (!c.is_numeric() || c.is_ascii_digit()),
        None => false,
    }
}

/// A letter of Greek, among which π is no number.
fn is_greek(character: char) -> bool {
    matches!(character, 'ά'..='ώ' | 'Α'..='Ω' | 'Ά'..='ΐ')
}

/// Whether a hyphen joins a name in capitals to what follows, as in `COVID-19` and `GPT-4`.
fn is_named(head: &str) -> bool {
    let Some(name) = head.strip_suffix('-') else {
        return false;
    };
    let letters = name.bytes().rev().take(12);
    let capitals = letters.take_while(u8::is_ascii_uppercase).count();
    let word = &name[name.len() - capitals..];
    let alone = !name[..name.len() - capitals].ends_with(is_word);
    let noun = ["ANSWER", "ANS", "TOTAL", "RESULT", "SUM"].contains(&word);
    (2..12).contains(&capitals) && alone && !noun
}

/// The number `term` with what stands around it.
fn surrounded(text: &str, start: usize, term: Term, form: Form) -> Number {
    let lead = Lead::of(text, start);
    let mut end = start + term.len;
    let (mut factor, mut more) = (1.0, 0.0);
    let followed = is_followed(text, end);
    let added = followed.then(|| added(&text[end..])).flatten();
    end += added.map_or(0, |added| added.len);
    let hex =
        &text[start..start + term.len] == "0" && text[end..].starts_with(['x', 'X', 'b', 'o']);
    if let Some(found) = followed
        .then(|| magnitude(text, &lead, end, form))
        .flatten()
    {
        (factor, end) = (found.0, end + found.1);
        if let Some(found) = smaller(text, end, factor) {
            (more, end) = (found.0, end + found.1);
        }
    }
    // "1.234 million" is no group of thousands.
    let value = term.value.or(term.pointed.filter(|_| factor > 1.0));
    let is_permille = !form.units && is_permille(&text[end..]);
    factor *= if is_permille { 0.001 } else { 1.0 };
    let base = base(&text[end..]);
    end += base.map_or(0, |base| base.len);
    let part = hex
        || added.is_some_and(|added| added.value.is_none())
        || is_bound(text, start)
        || followed && is_slang(&text[end..])
        || follows_variable(text, start)
        || followed && precedes_variable(window(text, end, 48))
        || text[end..].starts_with('\u{305}')
        || is_exclaimed(text, &lead, start, end);
    let half = added.and_then(|added| added.value).unwrap_or_default();
    let signed = |value: f64| {
        let value = times(value + half, factor) + more;
        let value = 0.0 + if lead.negative { -value } else { value };
        Some(value).filter(|value| value.is_finite() && !part)
    };
    let value = value.and_then(signed);
    let percent = followed && is_percent(&text[end..]);
    let below = followed && !lead.negative && is_below_zero(&text[end..]);
    let other = match (value, base) {
        (None, _) => term.pointed.and_then(signed),
        (Some(value), _) if below => Some(-value),
        (Some(value), _) if percent => Some(times(value, 0.01)),
        (Some(_), Some(base)) => base.value(&text[start..start + term.len]),
        _ => None,
    };
    Number {
        start: lead.start,
        end,
        value,
        other,
        percent,
        moment: term.moment || is_date(text, start, end),
    }
}

/// What is added to a whole number before it.
#[derive(Clone, Copy)]
struct Added {
    len: usize,
    /// `None` where it may as well be a number of its own.
    value: Option<f64>,
}

/// A part that is joined to a whole number: "and a half", and "and 1/2", which may be the second of two numbers.
fn added(rest: &str) -> Option<Added> {
    const PARTS: [(&str, f64); 9] = [
        ("a half", 0.5),
        ("one half", 0.5),
        ("a quarter", 0.25),
        ("one quarter", 0.25),
        ("three quarters", 0.75),
        ("a third", 1.0 / 3.0),
        ("one third", 1.0 / 3.0),
        ("two thirds", 2.0 / 3.0),
        ("a fifth", 0.2),
    ];
    let near = window(rest, 0, 32).to_ascii_lowercase().replace('-', " ");
    let joints = [" and ", " plus ", " & "];
    let tail = joints.iter().find_map(|joint| near.strip_prefix(joint))?;
    let ends = |tail: &str| !tail.starts_with(is_word) && !tail.starts_with(" of ");
    let known = PARTS.iter().find_map(|(name, value)| {
        let left = tail.strip_prefix(name).filter(|left| ends(left))?;
        Some((left, Some(*value)))
    });
    let (left, value) = known.or_else(|| Some((after_fraction(tail)?, None)))?;
    ends(left).then(|| Added {
        len: near.len() - left.len(),
        value,
    })
}

/// What stands after a fraction of small numbers at the start of `text`.
fn after_fraction(text: &str) -> Option<&str> {
    let digits = |text: &str| text.bytes().take(3).take_while(u8::is_ascii_digit).count();
    let over = digits(text);
    let under = text[over..].strip_prefix('/')?;
    let length = digits(under);
    ((1..=2).contains(&over) && (1..=2).contains(&length)).then(|| &under[length..])
}

/// Whether a sign of inequality stands before a number and nothing before that; "> 42" is a quotation, and "<42>" holds a
/// place.
fn is_bound(text: &str, start: usize) -> bool {
    let from = text.ceil_char_boundary(start.saturating_sub(12));
    let head = &text[from..start];
    let sign = head.trim_end_matches([' ', '$', '{']);
    let Some(left) = sign.strip_suffix(['<', '>']) else {
        return false;
    };
    let line = left.rsplit('\n').next().unwrap_or_default();
    let opens =
        line.trim_matches([' ', '*', '_', '$']).is_empty() && (from == 0 || left.contains('\n'));
    let digits = |c: char| c.is_ascii_digit() || ",.".contains(c);
    let closed = window(text, start, 24)
        .trim_start_matches(digits)
        .starts_with('>');
    opens && !closed && (sign.ends_with('<') || head.ends_with(['>', '$']))
}

/// Whether a word for a thousand follows that is one for a piano too.
fn is_slang(rest: &str) -> bool {
    let word = window(rest, 0, 12)
        .strip_prefix(' ')
        .and_then(|word| word.strip_prefix("grand"));
    word.is_some_and(|left| !left.starts_with(is_word))
}

/// Whether something follows that may belong to the number before `end`.
fn is_followed(text: &str, end: usize) -> bool {
    let rest = window(text, end, 8).trim_start_matches(' ');
    rest.starts_with(|c: char| !c.is_ascii_digit() && !"\n,;:?".contains(c))
}

/// The product, rounded as the decimal that is meant where `factor` moves the point only.
fn times(value: f64, factor: f64) -> f64 {
    let places = factor.log10().round();
    let moves = (10_f64.powf(places) - factor).abs() <= f64::EPSILON * factor;
    let moved = (moves && places.abs() > 0.5).then(|| format!("{value}e{places}").parse().ok());
    moved.flatten().unwrap_or(value * factor)
}

/// Whether the text is a small whole number and a `!`, which may be a factorial or not.
fn is_exclaimed(text: &str, lead: &Lead, start: usize, end: usize) -> bool {
    let tail = window(text, end, 8);
    tail.starts_with('!')
        && tail.trim_end() == "!"
        && text[..lead.start].trim().is_empty()
        && end - start <= 3
        && lead.start == start
}

/// A word, a sign or a letter that multiplies, with its length.
fn magnitude(text: &str, lead: &Lead, end: usize, form: Form) -> Option<(f64, usize)> {
    let rest = &text[end..];
    if let Some(found) = spelled::magnitude(rest) {
        return Some(found);
    }
    let money = lead.money;
    let short = [
        ("k", 1e3),
        ("K", 1e3),
        ("M", 1e6),
        ("B", 1e9),
        ("m", 1e6),
        ("b", 1e9),
    ];
    let (letter, factor) = short.iter().find(|(letter, _)| rest.starts_with(letter))?;
    let ends = !rest[letter.len()..].starts_with(|c: char| is_word(c) || "^/·*²³".contains(c));
    let allowed = money || !form.units && !["m", "b"].contains(letter) || *letter == "k";
    (ends && allowed).then_some((*factor, 1))
}

/// What is added after a myriad or a thousand, with its length: `2千` in `1万2千`, `5천` in `1만 5천`, `2000` in `1万2000`,
/// `5 hundred` in `9 thousand 5 hundred`.
fn smaller(text: &str, end: usize, factor: f64) -> Option<(f64, usize)> {
    let sign = before(text, end)?;
    let english = ["thousand", "million", "billion"]
        .iter()
        .any(|word| text[..end].ends_with(word));
    let unspaced = "千仟万萬亿億".contains(sign);
    if !unspaced && !english && !"천만억".contains(sign) {
        return None;
    }
    let near = window(text, end, 40);
    let rest = near.strip_prefix(' ').filter(|_| !unspaced).unwrap_or(near);
    let read = literal(rest, None).filter(|read| read.integer)?;
    let after = &rest[read.len..];
    let magnitude = spelled::magnitude(after)
        .filter(|(unit, _)| *unit < factor && (english || !after.starts_with(is_word_of_latin)));
    let spaced = rest.len() < near.len() || read.len < 2;
    let (unit, len) = magnitude.or((!spaced).then_some((1.0, 0)))?;
    let value = Some(read.value? * unit).filter(|value| *value < factor)?;
    let own = near.len() - rest.len() + read.len + len;
    // Units fall, so that this ends.
    let deeper = (unit < factor).then(|| smaller(text, end + own, unit));
    let (more, tail) = deeper.flatten().unwrap_or((0.0, 0));
    Some((value + more, own + tail))
}

/// Whether a word of the Latin script starts with it, or a space stands before one.
fn is_word_of_latin(character: char) -> bool {
    character.is_ascii_alphabetic() || character == ' '
}

/// An index that names a base.
#[derive(Clone, Copy)]
struct Base {
    len: usize,
    base: u32,
}

impl Base {
    fn value(self, digits: &str) -> Option<f64> {
        let value = u32::from_str_radix(digits, self.base).ok()?;
        Some(f64::from(value))
    }
}

fn base(rest: &str) -> Option<Base> {
    let inner = rest.strip_prefix('_')?;
    let inner = inner.strip_prefix('{').unwrap_or(inner);
    let digits = inner.bytes().take(3).take_while(u8::is_ascii_digit).count();
    let base = inner[..digits]
        .parse()
        .ok()
        .filter(|base| (2..=36).contains(base))?;
    let closed = usize::from(inner[digits..].starts_with('}'));
    Some(Base {
        len: rest.len() - inner.len() + digits + closed,
        base,
    })
}

fn is_percent(rest: &str) -> bool {
    const WORDS: [&str; 12] = [
        "%",
        "\\%",
        "percent",
        "per cent",
        "pct",
        "prozent",
        "por ciento",
        "pour cent",
        "per cento",
        "procent",
        "por cento",
        "процент",
    ];
    let near =
        window(rest, 0, 24).trim_start_matches([' ', '\u{a0}', '\u{202f}', '*', '$', '}', ')']);
    let near = near.strip_prefix("\\,").unwrap_or(near).trim_start();
    let near = near.strip_prefix("\\text{").unwrap_or(near).trim_start();
    WORDS.iter().any(|word| {
        near.get(..word.len())
            .is_some_and(|start| start.eq_ignore_ascii_case(word))
    }) || near.starts_with("процент")
}

/// `7 degrees below zero`, which is -7, and 7 where that is asked for.
fn is_below_zero(rest: &str) -> bool {
    let near = window(rest, 0, 40);
    let line = near.lines().next().unwrap_or_default();
    line.find("below zero").is_some_and(|at| {
        line[..at]
            .split_whitespace()
            .all(|word| word.starts_with(['d', 'D', '°', 'C', 'F', 'c', 'f']))
    })
}

fn is_permille(rest: &str) -> bool {
    let near = rest.trim_start_matches([' ', '\u{a0}', '\u{202f}']);
    near.starts_with('‰') || near.starts_with("promille") || near.starts_with("per mille")
}

/// Whether digits and dashes make a date: `2024-05-03`.
fn is_date(text: &str, start: usize, end: usize) -> bool {
    if !text[..start].ends_with('-') && !text[end..].starts_with('-') {
        return false;
    }
    let (head, tail) = (&text[..start], &text[end..]);
    let digits = |text: &str| text.bytes().take_while(u8::is_ascii_digit).count();
    let before = head
        .bytes()
        .rev()
        .take_while(|byte| byte.is_ascii_digit() || *byte == b'-')
        .take(11)
        .count();
    let after = tail
        .bytes()
        .take_while(|byte| byte.is_ascii_digit() || *byte == b'-')
        .take(11)
        .count();
    let whole = &text[start - before..end + after];
    let parts: Vec<usize> = whole.split('-').map(str::len).collect();
    let first = digits(whole);
    matches!(parts[..], [4, 2, 2] | [2, 2, 4]) && first >= 2
}

/// Commands that stand for a variable, a function or an interval.
const SYMBOLS: [&str; 25] = [
    "alpha", "beta", "gamma", "delta", "epsilon", "theta", "lambda", "omega", "phi", "psi",
    "sigma", "tau", "rho", "log", "ln", "sin", "cos", "tan", "exp", "pm", "infty", "le", "leq",
    "lt", "i",
];

fn precedes_variable(rest: &str) -> bool {
    let rest = rest.strip_prefix("\\,").unwrap_or(rest);
    let touching = rest.chars().next();
    let trimmed = rest.trim_start_matches(' ');
    if rest.trim_start_matches('.').starts_with("\\overline") {
        return true;
    }
    if let Some(command) = trimmed.strip_prefix('\\') {
        let name = command
            .split(|c: char| !c.is_ascii_alphabetic())
            .next()
            .unwrap_or_default();
        if SYMBOLS.contains(&name) {
            return true;
        }
    }
    match touching {
        Some('(') => is_factor(&rest[1..]),
        Some(c) if c.is_alphabetic() && c.len_utf8() <= 2 && is_letters(c) => is_variable(rest),
        Some(' ') if is_lone(trimmed, "xyznXYZ") => !is_times(trimmed),
        _ => operator_then_variable(trimmed),
    }
}

/// Latin and Greek.
fn is_letters(character: char) -> bool {
    character.is_ascii_alphabetic() || ('α'..='ω').contains(&character)
}

/// `x 4` and `x4`, where the letter multiplies.
fn is_times(text: &str) -> bool {
    text.starts_with(['x', 'X'])
        && text[1..]
            .trim_start_matches([' ', '$', '*'])
            .starts_with(|c: char| c.is_ascii_digit())
}

/// Whether `text`, which stands after a bracket, makes it a factor: `(4)`, `(x + 1)`.
fn is_factor(text: &str) -> bool {
    let inner = text.trim_start_matches(['-', ' ']);
    let token = inner.bytes().take_while(u8::is_ascii_alphanumeric).count();
    let number = inner[..token].bytes().all(|byte| byte.is_ascii_digit());
    let ends = inner[token..]
        .trim_start_matches(' ')
        .starts_with([')', '+', '-', '*', '^']);
    ends && token > 0 && (number || token == 1)
}

/// Whether the letters at the start of `rest`, which touch a number, are a variable and no unit.
fn is_variable(rest: &str) -> bool {
    let end = rest
        .find(|c: char| !c.is_alphabetic())
        .unwrap_or(rest.len());
    let (letters, tail) = rest.split_at(end);
    let expression = tail.trim_start_matches(' ').starts_with(['+', '='])
        || tail.starts_with(['^', '²', '³', '(', '-', '_'])
        || tail.starts_with(" - ");
    match letters.chars().count() {
        1 if is_times(rest) => false,
        1 if unit::whole(letters).is_some() => expression && !tail.starts_with(['^', '²', '³']),
        1 => true,
        2 | 3 => letters.chars().all(|c| "xyznabcuvw".contains(c)),
        _ => false,
    }
}

/// Whether `text` starts with one of `letters` that stands alone.
fn is_lone(text: &str, letters: &str) -> bool {
    let mut characters = text.chars();
    let first = characters.next().is_some_and(|c| letters.contains(c));
    first
        && characters
            .next()
            .is_none_or(|c| !is_word(c) && c != '\'' && c != '’' || c == '_')
}

/// `+ x`, `\cdot n`, `< y`, `+ 3n`: the number before it is a part only.
fn operator_then_variable(text: &str) -> bool {
    const OPERATORS: [&str; 16] = [
        "+", "-", "*", "·", "×", "/", "\\cdot", "\\times", "\\div", "<", ">", "≤", "≥", "\\leq",
        "\\geq", "\\le",
    ];
    let Some(rest) = OPERATORS.iter().find_map(|sign| text.strip_prefix(sign)) else {
        return false;
    };
    let rest = rest.trim_start_matches([' ', '=']);
    let digits = rest.bytes().take_while(u8::is_ascii_digit).count();
    is_lone(&rest[digits..], "abcdfijklmnopqrstuvwxyzXYZABCNTPQR")
        && !(digits > 0 && is_lone(&rest[digits..], "gkmslhtd"))
        && !(digits == 0 && is_lone(rest, "hsd"))
}

/// Whether a variable and an operator, or a sign of inequality, stand before `start`.
fn follows_variable(text: &str, start: usize) -> bool {
    let from = text.ceil_char_boundary(start.saturating_sub(12));
    let whole = &text[from..start];
    if is_argument(whole) {
        return true;
    }
    let head = whole.trim_end_matches([' ', '$', '-', '{']);
    let sign = whole.trim_end_matches([' ', '$', '{']).chars().next_back();
    if !whole.contains('\\') && sign.is_none_or(|sign| !"+-*·×<>/≥≤≠±".contains(sign)) {
        return false;
    }
    let unequal = [
        "\\sin", "\\cos", "\\tan", "\\log", "\\ln", "≥", "≤", "≠", "\\geq", "\\leq", "\\ge",
        "\\le", "\\neq", "\\ne", "±", "\\pm",
    ];
    if unequal.iter().any(|sign| head.ends_with(sign)) {
        return true;
    }
    let signed = whole.trim_end_matches([' ', '$', '{']);
    let operator = ["+", "-", "*", "·", "×", "<", ">", "/", "\\cdot", "\\times"]
        .iter()
        .find_map(|sign| signed.strip_suffix(sign));
    let Some(left) = operator else {
        return false;
    };
    let unequal = signed.ends_with(['<', '>']) && left.ends_with(' ');
    if unequal
        && left
            .rsplit('\n')
            .next()
            .is_some_and(|left| !left.trim().is_empty())
    {
        return true;
    }
    let bold = signed.ends_with('*') && !left.ends_with(' ');
    let left = left.trim_end_matches(' ');
    let Some(letter) = left.chars().next_back() else {
        return false;
    };
    let alone = !left[..left.len() - letter.len_utf8()].ends_with(|c: char| {
        is_word(c) && !c.is_ascii_digit() || c == '\\' || c == '<' || c == '/'
    });
    let tight = signed.ends_with(['-', '/']) && left.len() + 1 == signed.len();
    let known = if tight {
        "xyzn"
    } else {
        "abcdfghijklmnopqrstuvwxyzXYZN"
    };
    !bold && alone && known.contains(letter)
}

/// Whether `head` ends with a function that is written without a backslash: `log 5`, `ln(5`.
fn is_argument(head: &str) -> bool {
    let head = head.trim_end_matches([' ', '(', '$']);
    let letters = head.len()
        - head
            .trim_end_matches(|c: char| c.is_ascii_alphabetic())
            .len();
    let word = &head[head.len() - letters..];
    ["log", "ln", "lg", "sin", "cos", "tan", "exp"].contains(&word)
}

/// What stands before the digits: sign and currency.
struct Lead {
    start: usize,
    negative: bool,
    money: bool,
}

impl Lead {
    fn of(text: &str, digits: usize) -> Self {
        let inner = skip_currency(text, digits);
        let unsigned = Self {
            start: inner,
            negative: false,
            money: inner < digits,
        };
        if let Some(start) = spelled::minus_before(text, inner) {
            return Self {
                start,
                negative: true,
                ..unsigned
            };
        }
        let spaced = text[..inner].strip_suffix(' ').filter(|head| {
            let left = head.strip_suffix(['-', '+']);
            left.is_some_and(|left| left.trim_end().ends_with('='))
        });
        let at = spaced.map_or(inner, str::len);
        let sign = before(text, at).filter(|c| "+-–".contains(*c));
        let Some(sign) = sign else {
            return unsigned;
        };
        let at = at - sign.len_utf8();
        // In `5-3`, `x-3`, `)-3` and `--3` it is an operator, a hyphen or a dash.
        let joins = |c: char| is_word(c) && c != '_' || ")]}+-–".contains(c);
        if before(text, at).is_some_and(joins) && !text[..at].ends_with("boxed{") {
            return unsigned;
        }
        let start = skip_currency(text, at);
        Self {
            start,
            negative: sign != '+',
            money: unsigned.money || start < at,
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
        let found: Vec<f64> = numbers(text, Form::default())
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
        check("-5 –5 +5 (-5) =-5", &[-5.0, -5.0, 5.0, -5.0, -5.0]);
        check("$5 -$5 $-5 € 5 5€ \\$5", &[5.0, -5.0, -5.0, 5.0, 5.0, 5.0]);
        check("1e5 1E-2 2e+1 5e3", &[1e5, 0.01, 20.0, 5000.0]);
        check(
            "1.5 × 10^5 2*10^{-3} 3·10⁵ 4x10⁻²",
            &[1.5e5, 0.002, 3e5, 0.04],
        );
        check("50% 5km 3rd", &[50.0, 5.0, 3.0]);
        check("是5个", &[5.0]);
        check("3,25 1,23,456 12,34", &[3.25, 123_456.0, 12.34]);
        check(
            "3/4 2^10 10² 1 500, 1 1/2",
            &[0.75, 1024.0, 100.0, 1500.0, 1.5],
        );
        check("minus 5, negative 5, 10 minus 5", &[-5.0, -5.0, 10.0, 5.0]);
        check("5 million, 5k, $5m, 3万", &[5e6, 5e3, 5e6, 3e4]);
        check(
            "1万2千円 1만 5천 원 2亿3000万 1万2000",
            &[12e3, 15e3, 2.3e8, 12e3],
        );
        check("60 m^2, 9.8 m/s^{2}, 5 s^-1", &[60.0, 9.8, 5.0]);
    }

    #[test]
    fn currencies_tell_what_a_point_is() {
        check("Rp75.000 Rp 9.500 9.500 đồng", &[75e3, 9500.0, 9500.0]);
        check("€ 1.250,- 1.250,– R$ 4.900", &[1250.0, 1250.0, 4900.0]);
        check("Rs80 EUR20 Rp2.50 kr 7.500", &[80.0, 20.0, 2.5, 7500.0]);
        check(
            "€ 9.500 $9.500 9.500,-5",
            &[UNCLEAR, UNCLEAR, UNCLEAR, -5.0],
        );
        check("XRp75 HEUR20", &[]);
    }

    #[test]
    fn what_is_no_number_or_two_or_unclear() {
        check("H2O x1 a_2 GPT4 GPT-4 COVID-19", &[]);
        check("ANSWER-42, A-1, η απάντηση είναι 42", &[42.0, 1.0, 42.0]);
        check("5-3 2024-05 --3", &[5.0, 3.0, 2024.0, 5.0, 3.0]);
        check("costs.5 end...7", &[5.0, 7.0]);
        check("1.2.3 9.500 12:30 5'6", &[UNCLEAR; 4]);
        check(
            "in 2019 500 came, 1 50 5 1000",
            &[2019.0, 500.0, 1.0, 50.0, 5.0, 1000.0],
        );
        check("1e999 1e5 × 10^5", &[UNCLEAR; 2]);
        check("1 2, 3", &[1.0, 2.0, 3.0]);
        check("3x; 3n + 1; x + 3; 2^n", &[UNCLEAR; 5]);
    }

    #[test]
    fn a_whole_number_is_nothing_else() {
        for (text, expected) in [
            (" 1,234 ", Some(1234.0)),
            ("-$5.50", Some(-5.5)),
            ("50%", Some(50.0)),
            ("3,25", Some(3.25)),
            ("3/4", Some(0.75)),
            ("5 km", None),
            ("1 2", None),
            ("NaN", None),
            ("inf", None),
            ("", None),
        ] {
            let read = whole_number(text, Form::default()).and_then(|number| number.value);
            assert_eq!(read, expected, "{text}");
        }
    }
}
