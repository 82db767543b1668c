//! Numbers in words, as data by language (`words.txt`), and the numerals of Chinese, Japanese and Korean.
//!
//! A line of the data is `language|units from zero|tens from twenty|others|and`; `x10` multiplies what stands before,
//! `+10` is added to it. Languages that write one word ("zweiundvierzig") are taken apart. It refuses sums that no
//! language makes ("two three"), and reads at most 16 words.

mod numerals;

use std::collections::HashMap;
use std::sync::LazyLock;

use crate::scan::{is_word, window};

/// A number in words at the start of a text.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Spelled {
    /// Bytes that it takes.
    pub len: usize,
    /// What it says.
    pub value: f64,
    /// Whether the word for percent belongs to it.
    pub percent: bool,
}

impl Spelled {
    /// Whether it is 1, for which many languages have their article.
    pub fn is_one(&self) -> bool {
        (self.value - 1.0).abs() < f64::EPSILON
    }
}

/// Most words of one number.
const LONGEST: usize = 16;
/// The first line of the data, and the second.
const ENGLISH: usize = 0;
const GERMAN: usize = 1;

#[derive(Debug, Clone, Copy, PartialEq)]
enum Meaning {
    Value(u64),
    Times(u64),
    Plus(u64),
}

struct Language {
    words: HashMap<&'static str, Meaning>,
    and: &'static str,
}

static LANGUAGES: LazyLock<Vec<Language>> = LazyLock::new(|| {
    let lines = include_str!("spelled/words.txt").lines();
    lines.filter_map(language).collect()
});

fn language(line: &'static str) -> Option<Language> {
    let parts: Vec<&str> = line.split('|').collect();
    let [_, units, tens, others, and] = parts[..] else {
        return None;
    };
    let units = (0..).zip(units.split_whitespace());
    let tens = (2..).map(|ten| ten * 10).zip(tens.split_whitespace());
    let plain = units
        .chain(tens)
        .map(|(value, word)| (word, Meaning::Value(value)));
    let others = others.split_whitespace().filter_map(|entry| {
        let (word, value) = entry.split_once('=')?;
        let meaning = match value.split_at_checked(1)? {
            ("x", factor) => Meaning::Times(factor.parse().ok()?),
            ("+", more) => Meaning::Plus(more.parse().ok()?),
            _ => Meaning::Value(value.parse().ok()?),
        };
        Some((word, meaning))
    });
    Some(Language {
        words: plain.chain(others).collect(),
        and,
    })
}

/// The number in words at the start of `text`, in any language.
pub fn spelled(text: &str) -> Option<Spelled> {
    let near = window(text, 0, 200);
    numerals::numeral(near)
        .or_else(|| with_half(near))
        .or_else(|| in_words(near, &LANGUAGES))
}

/// German numbers that end in a half, as one word: "anderthalb", "zweieinhalb".
fn with_half(near: &str) -> Option<Spelled> {
    let word = first_word(near);
    let lower = word.to_lowercase();
    let half = lower.strip_suffix("einhalb");
    let whole = half.and_then(|half| match LANGUAGES.get(GERMAN)?.words.get(half)? {
        Meaning::Value(value) => Some(bounded_float(*value)),
        _ => None,
    });
    let whole = whole.or((lower == "anderthalb").then_some(1.0))?;
    Some(Spelled {
        len: word.len(),
        value: whole + 0.5,
        percent: false,
    })
}

/// Whether the English number in words from `at` to `end` of `text` is not told by its sum: another one follows, as in
/// "nineteen ninety-five" and "three fifty", or its dozen is a baker's.
pub fn is_doubtful(text: &str, at: usize, end: usize) -> bool {
    let (Some(own), Some(english)) = (text.get(at..end), LANGUAGES.get(ENGLISH)) else {
        return false;
    };
    let baker = ["baker's ", "baker’s ", "Baker's "];
    if baker.iter().any(|word| text[..at].ends_with(word)) {
        return true;
    }
    let rest = window(text, end, 20).strip_prefix([' ', '-']);
    let next = rest
        .map(first_word)
        .unwrap_or_default()
        .to_ascii_lowercase();
    let follows = next != "one" && english.words.contains_key(next.as_str());
    follows && own.bytes().all(|byte| byte.is_ascii()) && english.starts(own)
}

/// The number in words of one of `languages`, English first, at the start of `near`.
fn in_words(near: &str, languages: &[Language]) -> Option<Spelled> {
    let (negative, body) = signed(near);
    let skipped = near.len() - body.len();
    let lower = body.to_lowercase();
    if lower.len() != body.len() {
        return None;
    }
    let all = languages.iter().enumerate();
    let readings = all.filter_map(|(at, language)| language.read(&lower, at == ENGLISH));
    let found = readings.reduce(|best, next| if next.len > best.len { next } else { best })?;
    Some(Spelled {
        len: skipped + found.len,
        value: if negative { -found.value } else { found.value },
        percent: false,
    })
}

/// Words that make a number negative.
const MINUS: [&str; 12] = [
    "minus",
    "negative",
    "moins",
    "menos",
    "meno",
    "min",
    "минус",
    "eksi",
    "ujemne",
    "سالب",
    "ऋण",
    "âm",
];

/// The text after a word that makes it negative.
fn signed(text: &str) -> (bool, &str) {
    let word = first_word(text);
    let negative = MINUS.iter().any(|minus| word.eq_ignore_ascii_case(minus));
    match text[word.len()..].trim_start_matches(' ') {
        after if negative && !after.is_empty() => (true, after),
        _ => (false, text),
    }
}

/// Where a word that negates the number at `position` starts, if one stands before it.
pub fn minus_before(text: &str, position: usize) -> Option<usize> {
    let head = text[..position].strip_suffix([' ', '\u{a0}'])?;
    head.chars().next_back().filter(|c| c.is_alphabetic())?;
    let word = MINUS.iter().find(|minus| {
        let from = head.len().checked_sub(minus.len());
        from.and_then(|from| head.get(from..))
            .is_some_and(|end| end.eq_ignore_ascii_case(minus))
    })?;
    let start = head.len() - word.len();
    let alone = !head[..start].chars().next_back().is_some_and(is_word);
    let left = head[..start].trim_end();
    // In "10 minus 5" it is an operator.
    let operator = left.ends_with(|c: char| c.is_numeric() || ")]}%".contains(c));
    (alone && !operator && *word != "min").then_some(start)
}

fn first_word(text: &str) -> &str {
    let end = text.find(|c: char| !c.is_alphabetic() && !is_mark(c));
    &text[..end.unwrap_or(text.len())]
}

/// Vowel signs, which belong to words.
fn is_mark(character: char) -> bool {
    matches!(character, '\u{300}'..='\u{36f}' | '\u{900}'..='\u{903}' | '\u{93a}'..='\u{94f}')
}

/// A sum while it is being read.
#[derive(Default)]
struct Sum {
    total: u64,
    current: u64,
    /// The last scale, which the next must be below.
    scale: Option<u64>,
    started: bool,
}

impl Sum {
    /// Adds `meaning` where a language could; `None` where it could not.
    fn add(&mut self, meaning: Meaning) -> Option<()> {
        match meaning {
            Meaning::Plus(more) if self.started && (1..10).contains(&(self.current % 100)) => {
                self.current += more;
            }
            Meaning::Times(factor) if (1..10).contains(&(self.current % 100)) => {
                self.current += self.current % 100 * (factor - 1);
            }
            Meaning::Value(value) => self.value(value)?,
            _ => return None,
        }
        self.started = true;
        Some(())
    }

    fn value(&mut self, value: u64) -> Option<()> {
        let below = self.current % 100;
        let free = !self.started || below == 0 && self.current > 0 && value < 100;
        match value {
            1000.. => {
                let fits = self.scale.is_none_or(|scale| value < scale)
                    && (self.current > 0 || !self.started);
                self.total += fits.then(|| self.current.max(1).saturating_mul(value))?;
                self.current = 0;
                self.scale = Some(value);
            }
            12 if self.started && (1..10).contains(&self.current) => return None,
            100 if self.current < 100
                && (self.current > 0 || self.scale.is_some() || !self.started) =>
            {
                self.current = self.current.max(1) * 100;
            }
            20 if below == 4 => self.current += 76,
            100..1000 if self.current == 0 => self.current = value,
            1..20 if [60, 80].contains(&below) && value >= 10 => self.current += value,
            1..10 if below >= 20 && below.is_multiple_of(10) => self.current += value,
            _ if free || self.current == 0 && value < 100 && self.total > 0 => {
                self.current += value;
            }
            _ => return None,
        }
        Some(())
    }
}

impl Language {
    /// The number at the start of `text`, in lower case.
    fn read(&self, text: &str, english: bool) -> Option<Spelled> {
        let mut sum = Sum::default();
        let (mut at, mut end) = (0, 0);
        if english {
            at = article(text).unwrap_or(0);
        }
        for _ in 0..LONGEST {
            let word = first_word(&text[at..]);
            let dozen = self.meaning(word) == Some(Meaning::Value(12)) && ends_in_dozen(word);
            if dozen && (1..100).contains(&sum.current) {
                sum.current *= 12;
                end = at + word.len();
            } else if let Some(meaning) = self.meaning(word) {
                if sum.add(meaning).is_none() {
                    break;
                }
                end = at + word.len();
            } else if word != self.and || end == 0 {
                break;
            }
            at += word.len();
            match text[at..].trim_start_matches([' ', '-', '\u{a0}']) {
                rest if rest.len() < text.len() - at => at = text.len() - rest.len(),
                _ => break,
            }
        }
        let whole = bounded_float(sum.total + sum.current);
        let (value, end) = if english {
            parts(text, whole, end)
        } else {
            (whole, end)
        };
        (end > 0).then_some(Spelled {
            len: end,
            value,
            percent: false,
        })
    }

    fn meaning(&self, word: &str) -> Option<Meaning> {
        if word.is_empty() {
            return None;
        }
        let known = self.words.get(word).copied();
        known.or_else(|| Some(Meaning::Value(self.compound(word, 4)?)))
    }

    /// A number written as one word: `zweiundvierzig`, `quarantadue`, `femtiotre`.
    fn compound(&self, word: &str, depth: u8) -> Option<u64> {
        let depth = depth.checked_sub(1).filter(|_| word.len() <= 80)?;
        if let Some(Meaning::Value(value)) = self.words.get(word) {
            return Some(*value);
        }
        self.scaled(word, depth).or_else(|| self.tens(word))
    }

    /// `dreihundertzwölf`: what stands before and after a word for a hundred or a thousand.
    fn scaled(&self, word: &str, depth: u8) -> Option<u64> {
        const SCALES: [&str; 9] = [
            "tausend", "duizend", "mila", "mille", "tusen", "hundert", "honderd", "cento", "hundra",
        ];
        let scale = SCALES
            .iter()
            .find(|scale| self.words.contains_key(**scale) && word.contains(**scale))?;
        let Meaning::Value(factor) = *self.words.get(scale)? else {
            return None;
        };
        let (before, after) = word.split_once(scale)?;
        let after = after
            .strip_prefix("und")
            .or_else(|| after.strip_prefix("en"))
            .unwrap_or(after);
        let times = if before.is_empty() {
            1
        } else {
            self.compound(before, depth)?
        };
        let more = if after.is_empty() {
            0
        } else {
            self.compound(after, depth)?
        };
        (times < 1000 && more < factor).then(|| times * factor + more)
    }

    /// A ten and a unit in one word, in either order.
    fn tens(&self, word: &str) -> Option<u64> {
        let unit_first = [self.and, "ën"].iter().find_map(|and| {
            let at = word.match_indices(*and).map(|(at, _)| at);
            at.filter(|_| self.and.len() > 1 && ["und", "en"].contains(&self.and))
                .find_map(|at| {
                    let (unit, ten) = (
                        self.words.get(&word[..at])?,
                        self.words.get(&word[at + and.len()..])?,
                    );
                    sum_of(*ten, *unit)
                })
        });
        unit_first.or_else(|| {
            let cuts = word.char_indices().skip(3).map(|(at, _)| at);
            cuts.filter(|_| ["e", "och"].contains(&self.and))
                .find_map(|at| {
                    let (head, unit) = word.split_at(at);
                    let unit = self
                        .words
                        .get(unit)
                        .copied()
                        .or_else(|| (unit == "tré").then_some(Meaning::Value(3)))?;
                    let elided = ["i", "a"]
                        .iter()
                        .find_map(|vowel| self.words.get(format!("{head}{vowel}").as_str()));
                    sum_of(*self.words.get(head).or(elided)?, unit)
                })
        })
    }
}

/// The sum of a ten and a unit.
fn sum_of(ten: Meaning, unit: Meaning) -> Option<u64> {
    match (ten, unit) {
        (Meaning::Value(ten), Meaning::Value(unit)) => {
            let fits = (20..100).contains(&ten) && ten % 10 == 0 && (1..10).contains(&unit);
            fits.then_some(ten + unit)
        }
        _ => None,
    }
}

#[expect(
    clippy::cast_precision_loss,
    reason = "words rarely name more than a float holds"
)]
fn bounded_float(value: u64) -> f64 {
    value as f64
}

fn ends_in_dozen(word: &str) -> bool {
    [
        "dozen", "dutzend", "dozijn", "douzaine", "docena", "dúzia", "dozzina", "dussin",
    ]
    .contains(&word)
}

/// The length of an article before a word that is none by itself: "a hundred", "a dozen".
fn article(text: &str) -> Option<usize> {
    let rest = text.strip_prefix("a ")?;
    [
        "hundred", "thousand", "million", "billion", "trillion", "dozen", "half", "third",
        "quarter",
    ]
    .contains(&first_word(rest))
    .then_some(2)
}

/// English decimals and fractions after the whole number `whole` that ends at `end`.
fn parts(text: &str, whole: f64, end: usize) -> (f64, usize) {
    let rest = &text[end..];
    if end > 0 && rest.starts_with(" point ") {
        return decimals(text, whole, end);
    }
    let joined = rest.strip_prefix(" and ").filter(|_| end > 0);
    let tail = joined.unwrap_or_else(|| rest.trim_start_matches([' ', '-']));
    let tail = tail.strip_prefix("a ").unwrap_or(tail);
    let word = first_word(tail);
    if let Some(part) = joined.and_then(fraction) {
        return (whole + part.value, text.len() - tail.len() + part.len);
    }
    let (Some(under), true) = (
        share(word, whole),
        end > 0 || text.starts_with("half") || text.starts_with("a "),
    ) else {
        return (whole, end);
    };
    let at = text.len() - tail.len() + word.len();
    let (value, at) = match (joined, end) {
        (_, 0) => (1.0 / under, at),
        (Some(_), _) => (whole + 1.0 / under, at),
        (None, _) if whole > 0.0 => (whole / under, at),
        _ => return (whole, end),
    };
    times_scale(text, value, at)
}

/// "three fifths" after "one and".
fn fraction(text: &str) -> Option<Spelled> {
    let over = *LANGUAGES.get(ENGLISH)?.words.get(first_word(text))?;
    let Meaning::Value(over @ 1..20) = over else {
        return None;
    };
    let rest = text[first_word(text).len()..].strip_prefix([' ', '-'])?;
    let word = first_word(rest);
    let over = bounded_float(over);
    Some(Spelled {
        len: text.len() - rest.len() + word.len(),
        value: over / share(word, over)?,
        percent: false,
    })
}

/// What a word for a part divides by, as in "half", "three quarters", "one sixth"; of more parts than one it is a plural,
/// so that "sixty sixth-graders" are none.
fn share(word: &str, whole: f64) -> Option<f64> {
    const SHARES: [(&str, f64); 16] = [
        ("half", 2.0),
        ("halve", 2.0),
        ("third", 3.0),
        ("quarter", 4.0),
        ("fourth", 4.0),
        ("fifth", 5.0),
        ("sixth", 6.0),
        ("seventh", 7.0),
        ("eighth", 8.0),
        ("ninth", 9.0),
        ("tenth", 10.0),
        ("twelfth", 12.0),
        ("fifteenth", 15.0),
        ("sixteenth", 16.0),
        ("hundredth", 100.0),
        ("thousandth", 1000.0),
    ];
    let plural = word.strip_suffix('s');
    let (_, under) = SHARES
        .iter()
        .find(|(name, _)| *name == plural.unwrap_or(word))?;
    (plural.is_some() || whole < 1.5 || *under < 2.5).then_some(*under)
}

/// A part of a word for many: "half a million", "two and a half thousand".
fn times_scale(text: &str, value: f64, end: usize) -> (f64, usize) {
    const SCALES: [(&str, f64); 6] = [
        ("dozen", 12.0),
        ("hundred", 1e2),
        ("thousand", 1e3),
        ("million", 1e6),
        ("billion", 1e9),
        ("trillion", 1e12),
    ];
    let rest = text[end..].strip_prefix(" a").unwrap_or(&text[end..]);
    let Some(word) = rest.strip_prefix(' ').map(first_word) else {
        return (value, end);
    };
    let scale = SCALES.iter().find(|(name, _)| *name == word);
    scale.map_or((value, end), |(_, scale)| {
        (value * scale, text.len() - rest.len() + 1 + word.len())
    })
}

/// "three point one four".
fn decimals(text: &str, whole: f64, end: usize) -> (f64, usize) {
    let Some(english) = LANGUAGES.get(ENGLISH) else {
        return (whole, end);
    };
    let (mut at, mut last) = (end + " point ".len(), end);
    let mut value = format!("{whole}.");
    for _ in 0..LONGEST {
        let word = first_word(&text[at..]);
        let Some(Meaning::Value(digit @ 0..10)) = english.words.get(word) else {
            break;
        };
        value.push_str(&digit.to_string());
        last = at + word.len();
        at = last + usize::from(text[last..].starts_with(' '));
    }
    (value.parse().unwrap_or(whole), last)
}

/// Words that multiply digits before them.
const MAGNITUDES: [(f64, &str); 8] = [
    (
        1e3,
        "thousand thousands tausend tsd mille mil mila duizend tusen tys tysięcy tysiące bin ribu nghìn тыс тысяч",
    ),
    (1e2, "hundred hundert"),
    (12.0, "dozen dutzend"),
    (
        1e6,
        "million millions mn mln mio millionen millón millones milhão milhões milione milioni miljoen miljon miljoner milionów miliony milyon juta triệu млн миллионов",
    ),
    (
        1e9,
        "billion billions bn mrd milliarde milliarden milliard milliards bilhão bilhões miliardo miliardi miljard mld milyar млрд",
    ),
    (1e12, "trillion"),
    (1e5, "lakh lakhs लाख"),
    (1e7, "crore crores करोड़"),
];

/// Characters that multiply digits before them.
const MAGNITUDE_SIGNS: [(f64, &str); 6] = [
    (1e1, "十"),
    (1e2, "百백"),
    (1e3, "千천"),
    (1e4, "万萬만"),
    (1e8, "億亿억"),
    (1e12, "兆"),
];

/// The word of magnitude at the start of `text`, after spaces, and where it ends.
pub fn magnitude(text: &str) -> Option<(f64, usize)> {
    let near = window(text, 0, 40);
    let trimmed = near.trim_start_matches([' ', '\u{a0}', '\u{202f}']);
    let trimmed = trimmed
        .strip_prefix("\\text{")
        .map_or(trimmed, str::trim_start);
    let skipped = near.len() - trimmed.len();
    let first = trimmed.chars().next()?;
    if let Some((factor, _)) = MAGNITUDE_SIGNS
        .iter()
        .find(|(_, signs)| signs.contains(first))
    {
        return Some((*factor, skipped + first.len_utf8()));
    }
    let word = first_word(trimmed);
    if word.is_empty() {
        return None;
    }
    let lower = word.to_lowercase();
    let named = |names: &str| names.split(' ').any(|name| name == lower);
    let (factor, _) = MAGNITUDES.iter().find(|(_, names)| named(names))?;
    let dotted = ["mio", "mrd", "tsd", "tys", "тыс", "bn", "mln", "mld"].contains(&lower.as_str());
    let point = usize::from(dotted && trimmed[word.len()..].starts_with('.'));
    Some((*factor, skipped + word.len() + point))
}

/// The English numbers in words of a running text, "one" apart, which is a pronoun too.
pub fn running(text: &str) -> Vec<(usize, Spelled)> {
    let languages = &LANGUAGES[..=ENGLISH];
    let [english] = languages else {
        return Vec::new();
    };
    let mut found = Vec::new();
    let (mut at, mut inside) = (0, false);
    while let Some(character) = text[at..].chars().next() {
        let starts = character.is_ascii_alphabetic() && !inside;
        inside = is_word(character) && character != '_';
        let near = window(text, at, 20);
        let here = starts && english.starts(near);
        let read = here
            .then(|| in_words(window(text, at, 200), languages))
            .flatten();
        match read.filter(|read| !read.is_one()) {
            Some(read) => {
                found.push((at, read));
                at += read.len;
            }
            None => at += character.len_utf8(),
        }
    }
    found
}

/// Whether `text` starts with an English number.
pub fn is_english(text: &str) -> bool {
    LANGUAGES
        .get(ENGLISH)
        .is_some_and(|english| english.starts(window(text, 0, 20)))
}

impl Language {
    /// Whether `text` starts with one of its words, or a word that leads one in.
    fn starts(&self, text: &str) -> bool {
        let word = first_word(text).to_ascii_lowercase();
        word.len() <= 10
            && (self.words.contains_key(word.as_str())
                || ["a", "minus", "negative", "half"].contains(&word.as_str()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_in_words() {
        for (text, expected) in [
            ("forty-two", 42.0),
            ("Twelve apples", 12.0),
            ("one hundred and five", 105.0),
            ("two thousand three hundred", 2300.0),
            ("three million", 3e6),
            ("a dozen", 12.0),
            ("two dozen", 24.0),
            ("a hundred", 100.0),
            ("twelve hundred", 1200.0),
            ("three quarters", 0.75),
            ("half", 0.5),
            ("a half", 0.5),
            ("one and a half", 1.5),
            ("three point two five", 3.25),
            ("minus five", -5.0),
            ("zweiundvierzig", 42.0),
            ("dreihundertzwölf", 312.0),
            ("zweitausend", 2000.0),
            ("tweeënveertig", 42.0),
            ("quarante-deux", 42.0),
            ("quatre-vingt-dix-neuf", 99.0),
            ("soixante et onze", 71.0),
            ("cuarenta y dos", 42.0),
            ("quarenta e dois", 42.0),
            ("quarantadue", 42.0),
            ("ventuno", 21.0),
            ("fyrtiotvå", 42.0),
            ("czterdzieści dwa", 42.0),
            ("kırk iki", 42.0),
            ("empat puluh dua", 42.0),
            ("dua belas", 12.0),
            ("bốn mươi hai", 42.0),
            ("сорок два", 42.0),
            ("पंद्रह", 15.0),
            ("四十二", 42.0),
        ] {
            let found = spelled(text).map(|found| found.value);
            assert!(
                found.is_some_and(|found| (found - expected).abs() < 1e-9),
                "{text}: {found:?}"
            );
        }
    }

    #[test]
    fn words_that_are_no_number() {
        for text in ["apples", "and", "a", "the one", ""] {
            assert_eq!(spelled(text), None, "{text}");
        }
        assert_eq!(spelled("two three").map(|found| found.value), Some(2.0));
        assert_eq!(minus_before("10 minus 5", 9), None);
        assert_eq!(minus_before("is minus 5", 9), Some(3));
    }
}
