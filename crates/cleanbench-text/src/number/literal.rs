//! Digits with their separators: which number they are, by their form or by the locale that a task names.
//!
//! Without a locale a form counts where it can be one number only: `1,234` as in English, `3,14` with a decimal comma,
//! `1.234.567,89`, `12,34,567`, thousands by space, apostrophe, underscore or those of LaTeX. `9.500` is 9.5 to one
//! reader and 9500 to another, so it has no value unless
//! an exponent follows, nor have `1.2.3`, `12:30` and `5'6`.

use std::sync::LazyLock;

use regex::Regex;

static DECIMAL_POINT: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(
        r"(?m)(?:^|[^0-9.,])[0-9]{1,12}\.(?:[0-9]{1,2}|[0-9]{4,12})(?:[^0-9.,]|[.,](?:\s|$)|$)",
    )
    .expect("the pattern is fixed and its tests compile it")
});

static DECIMAL_COMMA: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r"[0-9],[0-9]{1,2}(?:[^0-9]|$)")
        .expect("the pattern is fixed and its tests compile it")
});

/// Which sign stands before the decimals.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Decimal {
    /// As in English.
    Point,
    /// As in German.
    Comma,
}

/// The locales that a task may name.
pub const LOCALES: [(&str, Option<Decimal>); 20] = [
    ("auto", None),
    ("en", Some(Decimal::Point)),
    ("de", Some(Decimal::Comma)),
    ("fr", Some(Decimal::Comma)),
    ("es", Some(Decimal::Comma)),
    ("it", Some(Decimal::Comma)),
    ("pt", Some(Decimal::Comma)),
    ("nl", Some(Decimal::Comma)),
    ("sv", Some(Decimal::Comma)),
    ("pl", Some(Decimal::Comma)),
    ("tr", Some(Decimal::Comma)),
    ("id", Some(Decimal::Comma)),
    ("vi", Some(Decimal::Comma)),
    ("ru", Some(Decimal::Comma)),
    ("in", Some(Decimal::Point)),
    ("ch", Some(Decimal::Point)),
    ("zh", Some(Decimal::Point)),
    ("ja", Some(Decimal::Point)),
    ("ko", Some(Decimal::Point)),
    ("ar", Some(Decimal::Point)),
];

/// What a run of digits and separators is.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Literal {
    pub(super) len: usize,
    pub(super) value: Option<f64>,
    /// Its value if a point is a decimal point, where nothing says so.
    pub(super) pointed: Option<f64>,
    pub(super) integer: bool,
    /// Whether it is a date or a time.
    pub(super) moment: bool,
}

/// Groups of digits and what parts them.
#[derive(Default)]
struct Groups<'a> {
    digits: Vec<&'a str>,
    signs: Vec<char>,
}

/// The number in digits at the start of `text`, which may start with a point.
pub(super) fn literal(text: &str, locale: Option<Decimal>) -> Option<Literal> {
    let mut groups = Groups::default();
    let first = digits(text);
    let mut rest = &text[first.len()..];
    if first.is_empty() {
        let decimals = digits(text.strip_prefix('.')?);
        let plain = format!("0.{decimals}");
        let read = finished(text, &text[1 + decimals.len()..], Some(plain));
        return (!decimals.is_empty()).then_some(read);
    }
    groups.digits.push(first);
    while let Some((sign, after)) = separator(rest, &groups) {
        let next = digits(after);
        groups.signs.push(sign);
        groups.digits.push(next);
        rest = &after[next.len()..];
    }
    if groups.signs.is_empty() && !rest.starts_with(['e', 'E']) {
        return Some(Literal {
            len: first.len(),
            value: first.parse().ok().filter(|value: &f64| value.is_finite()),
            pointed: None,
            integer: true,
            moment: false,
        });
    }
    let known = groups.plain(locale);
    let mut read = finished(text, rest, known);
    read.moment = groups.is_moment();
    if read.value.is_none() && locale.is_none() {
        read.pointed = finished(text, rest, groups.plain(Some(Decimal::Point))).value;
        // What has an exponent is written with few digits before its point, never in groups.
        let is_mantissa = groups.signs == ['.'] && !exponent(rest).0.is_empty();
        read.value = read.pointed.filter(|_| is_mantissa);
    }
    Some(read)
}

/// Whether some number of `text` has a point that parts no groups (`2.5`), and none a comma of that kind.
pub fn shows_decimal_point(text: &str) -> bool {
    DECIMAL_POINT.is_match(text) && !DECIMAL_COMMA.is_match(text)
}

fn digits(text: &str) -> &str {
    let end = text.bytes().position(|byte| !byte.is_ascii_digit());
    &text[..end.unwrap_or(text.len())]
}

/// The value of the digits `plain`, with the exponent that follows at the start of `rest`.
fn finished(text: &str, rest: &str, plain: Option<String>) -> Literal {
    let (exponent, rest) = exponent(rest);
    let integer = exponent.is_empty() && plain.as_ref().is_some_and(|plain| !plain.contains('.'));
    let value = plain.and_then(|plain| format!("{plain}{exponent}").parse().ok());
    Literal {
        len: text.len() - rest.len(),
        value: value.filter(|value: &f64| value.is_finite()),
        pointed: None,
        integer,
        moment: false,
    }
}

/// `e5` and `E-2`, and what follows.
fn exponent(rest: &str) -> (&str, &str) {
    let Some(after) = rest.strip_prefix(['e', 'E']) else {
        return ("", rest);
    };
    let unsigned = after.strip_prefix(['+', '-']).unwrap_or(after);
    let power = digits(unsigned);
    let tail = &unsigned[power.len()..];
    if power.is_empty() || tail.starts_with(char::is_alphanumeric) {
        return ("", rest);
    }
    rest.split_at(rest.len() - tail.len())
}

/// The separator at the start of `rest`, if digits follow it, and what follows it.
fn separator<'a>(rest: &'a str, groups: &Groups<'_>) -> Option<(char, &'a str)> {
    let first = rest.chars().next()?;
    let loose = match first {
        '.' | ',' | ':' | '\'' | '’' => rest.strip_prefix(first),
        '{' => rest
            .strip_prefix("{,}")
            .or_else(|| rest.strip_prefix("{.}")),
        _ => None,
    };
    let loose = loose.map(|after| rest.strip_prefix(",\\!").unwrap_or(after));
    if let Some(after) = loose.filter(|after| !digits(after).is_empty()) {
        let sign = match first {
            '{' if rest.starts_with("{.}") => '.',
            '{' => ',',
            '’' => '\'',
            other => other,
        };
        return Some((sign, after));
    }
    if let Some(after) = rest.strip_prefix(",\\!") {
        return (digits(after).len() == 3).then_some((',', after));
    }
    thousands(rest, groups)
}

/// A separator that stands between groups of three alone.
fn thousands<'a>(rest: &'a str, groups: &Groups<'_>) -> Option<(char, &'a str)> {
    const SIGNS: [&str; 13] = [
        " ",
        "\u{a0}",
        "\u{2007}",
        "\u{2009}",
        "\u{202f}",
        "_",
        "\\,",
        "\\;",
        "\\:",
        "\\ ",
        "~",
        "\\thinspace ",
        "˙",
    ];
    let sign = SIGNS.iter().find(|sign| rest.starts_with(**sign))?;
    let kind = if *sign == "_" { '_' } else { ' ' };
    let fits = groups.signs.iter().all(|other| *other == kind)
        && groups.digits[0].len() <= 3
        && !groups.digits[0].starts_with('0');
    let after = &rest[sign.len()..];
    let next = digits(after);
    // No number begins with several zeros: `1 0000` is one, and nobody can tell which.
    if *sign == " " && next.len() > 1 && next.len() != 3 && next.starts_with("00") {
        return Some(('?', after));
    }
    let tail = &after[next.len()..];
    let ends = !tail.starts_with(|c: char| c.is_alphanumeric() || c == '^' || c == '/');
    (fits && next.len() == 3 && (ends || kind == '_')).then_some((kind, after))
}

/// What a separator stands before.
enum Separator {
    Decimals(char),
    Thousands,
}

impl Groups<'_> {
    /// The digits with a decimal point at most; `None` where it is not clear which number they are.
    fn plain(&self, locale: Option<Decimal>) -> Option<String> {
        let Some((last, earlier)) = self.signs.split_last() else {
            return Some(self.digits[0].to_owned());
        };
        let decimal = match earlier.first() {
            _ if self.signs.contains(&':') || self.signs.contains(&'?') => return None,
            Some(first) if earlier.iter().any(|sign| sign != first) => return None,
            Some(first) if first == last => None,
            Some(_) if !".,".contains(*last) => return None,
            Some(_) => Some(*last),
            None => match self.single(*last, locale)? {
                Separator::Decimals(sign) => Some(sign),
                Separator::Thousands => None,
            },
        };
        let grouped = match decimal {
            Some(sign) if locale.is_some_and(|locale| locale.sign() != sign) => return None,
            Some(_) => &self.digits[..self.digits.len() - 1],
            None => &self.digits[..],
        };
        let group_sign = self.signs.first().filter(|_| grouped.len() > 1);
        let forbidden = locale.is_some_and(|locale| group_sign == Some(&locale.sign()));
        let fits = is_grouped(grouped, group_sign == Some(&',')) && !forbidden;
        let whole = grouped.concat();
        fits.then(|| match decimal {
            Some(_) => format!("{whole}.{}", self.digits[self.digits.len() - 1]),
            None => whole,
        })
    }

    /// What the only separator `sign` is; `None` where nobody can tell.
    fn single(&self, sign: char, locale: Option<Decimal>) -> Option<Separator> {
        let could_group = is_grouped(&self.digits, false);
        match (sign, locale) {
            ('.' | ',', Some(locale)) if locale.sign() == sign => Some(Separator::Decimals(sign)),
            (',' | '.', None) if !could_group => Some(Separator::Decimals(sign)),
            ('.', None) | (':', _) => None,
            _ => could_group.then_some(Separator::Thousands),
        }
    }

    fn is_moment(&self) -> bool {
        let lengths: Vec<usize> = self
            .digits
            .iter()
            .take(4)
            .map(|group| group.len())
            .collect();
        matches!(
            (self.signs.as_slice(), lengths.as_slice()),
            ([':'], [1 | 2, 2])
                | ([':', ':'], [1 | 2, 2, 2])
                | (['.', '.'], [1 | 2, 1 | 2, 2 | 4] | [4, 1 | 2, 1 | 2])
        )
    }
}

impl Decimal {
    fn sign(self) -> char {
        match self {
            Self::Point => '.',
            Self::Comma => ',',
        }
    }
}

/// Whether all groups but the first have three digits, or, by commas, as in India two each but the last.
fn is_grouped(groups: &[&str], indian: bool) -> bool {
    let Some((first, more)) = groups.split_first() else {
        return false;
    };
    let Some((last, middle)) = more.split_last() else {
        return true;
    };
    let starts = !first.starts_with('0') && first.len() <= 3;
    let threes = middle.iter().all(|group| group.len() == 3);
    let twos = indian && first.len() <= 2 && middle.iter().all(|group| group.len() == 2);
    starts && last.len() == 3 && (threes || twos)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(locale: Option<Decimal>, cases: &[(&str, Option<f64>)]) {
        for (text, expected) in cases {
            let read = literal(text, locale).unwrap();
            assert_eq!(read.value, *expected, "{text}");
        }
    }

    #[test]
    fn forms_that_are_one_number() {
        check(
            None,
            &[
                ("1,234", Some(1234.0)),
                ("3,25", Some(3.25)),
                ("0,123", Some(0.123)),
                ("1234,567", Some(1234.567)),
                ("1.234.567,89", Some(1_234_567.89)),
                ("1,234.50", Some(1234.5)),
                ("1 234,56", Some(1234.56)),
                ("12,34,567.5", Some(1_234_567.5)),
                ("9'500 9’500", Some(9500.0)),
                ("1_000_000", Some(1e6)),
                (r"9\;500", Some(9500.0)),
                ("3{,}25", Some(3.25)),
                ("12345.678", Some(12_345.678)),
                ("0.500", Some(0.5)),
                ("1e-3", Some(0.001)),
                (".5", Some(0.5)),
                ("2019 500", Some(2019.0)),
            ],
        );
    }

    #[test]
    fn forms_that_are_none() {
        for text in [
            "9.500",
            "1.2.3",
            "12:30",
            "5'6",
            "1,2,3",
            "1.234,567.8",
            "01,234,567",
            "1 0000",
            "12 00",
        ] {
            check(None, &[(text, None)]);
        }
    }

    #[test]
    fn a_locale_tells() {
        let german = [("9.500", Some(9500.0)), ("9,500", Some(9.5)), ("9.5", None)];
        check(Some(Decimal::Comma), &german);
        let english = [
            ("9.500", Some(9.5)),
            ("9,500", Some(9500.0)),
            ("3,14", None),
        ];
        check(Some(Decimal::Point), &english);
        check(Some(Decimal::Comma), &[("1,234.5", None)]);
    }
}
