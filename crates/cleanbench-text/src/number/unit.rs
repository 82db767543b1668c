//! Units: what they measure, how they convert, and how they are read.
//!
//! Symbols count case (`mW` and `MW`), names do not; the table beside it lists them. `in` is
//! an inch only where no word follows ("5 in total" has no unit), and `'` and `"` are none.

use super::table::{BASES, BINARY, Base, DATA, Dimension, HEAT, MONEY, PREFIXES};

/// A unit, perhaps made of others.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Unit {
    dimension: Dimension,
    /// In SI units.
    factor: f64,
    /// What is added after the factor; for temperatures that stand alone.
    offset: f64,
    /// One bit for each currency that it may be; 0 for none.
    currency: u16,
    /// Whether it is money in the numerator alone or in a product.
    money_power: i8,
}

impl Unit {
    const ONE: Self = Self {
        dimension: [0; 9],
        factor: 1.0,
        offset: 0.0,
        currency: 0,
        money_power: 0,
    };

    /// Whether both measure the same.
    pub fn is_same_kind(&self, other: &Self) -> bool {
        let money = self.currency & other.currency != 0 || self.currency == other.currency;
        self.dimension == other.dimension && self.money_power == other.money_power && money
    }

    /// `value` of this unit in `other`; `None` where they measure different things.
    pub fn convert(&self, value: f64, other: &Self) -> Option<f64> {
        let base = value.mul_add(self.factor, self.offset);
        self.is_same_kind(other)
            .then(|| (base - other.offset) / other.factor)
    }

    fn times(self, other: Self, power: i8) -> Self {
        let mut dimension = self.dimension;
        for (own, more) in dimension.iter_mut().zip(other.dimension) {
            *own += more * power;
        }
        Self {
            dimension,
            factor: self.factor * other.factor.powi(i32::from(power)),
            offset: 0.0,
            currency: self.currency | other.currency,
            money_power: self.money_power + other.money_power * power,
        }
    }
}

fn money(currency: u16, factor: f64) -> Unit {
    Unit {
        currency,
        factor,
        money_power: 1,
        ..Unit::ONE
    }
}

/// `text` with the marks of LaTeX that stand in and around units taken away.
pub fn untexed(text: &str) -> String {
    const MARKS: [(&str, &str); 24] = [
        ("\\text{", " "),
        ("\\mathrm{", " "),
        ("\\textrm{", " "),
        ("\\mbox{", " "),
        ("\\operatorname{", " "),
        ("\\rm ", " "),
        ("^{\\circ}", "°"),
        ("^\\circ", "°"),
        ("\\circ", "°"),
        ("\\degree", "°"),
        ("\\cdot", "·"),
        ("\\times", "×"),
        ("\\Omega", "Ω"),
        ("\\mu ", "µ"),
        ("\\mu", "µ"),
        ("\\%", "%"),
        ("\\,", " "),
        ("\\;", " "),
        ("\\:", " "),
        ("\\!", ""),
        ("\\ ", " "),
        ("~", " "),
        ("^{", "^"),
        ("}", ""),
    ];
    if !text.contains(['\\', '~', '{', '}']) {
        return text.to_owned();
    }
    let (start, math) = text.split_at(text.find('$').unwrap_or(text.len()));
    let plain = MARKS.iter().fold(start.to_owned(), |text, (mark, plain)| {
        text.replace(mark, plain)
    });
    plain.replace("° C", "°C").replace("° F", "°F") + math
}

/// What follows `word`, in any case, at the start of `text`, as a whole word.
fn without_word<'a>(text: &'a str, word: &str) -> Option<&'a str> {
    let start = text.get(..word.len())?;
    let after = &text[word.len()..];
    let whole = !after.starts_with(char::is_alphanumeric);
    (whole && start.eq_ignore_ascii_case(word)).then_some(after)
}

/// The currency whose sign stands in `text[start..end]` before the digits, or whose code stands before.
pub fn currency_before(text: &str, start: usize, end: usize) -> Option<Unit> {
    let lead = text.get(start..end)?;
    let lead = &lead[..lead.find(|c: char| c.is_ascii_digit()).unwrap_or(0)];
    if lead.starts_with('$') && is_other_dollar(&text[..start]) {
        return None;
    }
    let before = text.get(..start)?.trim_end_matches(' ');
    MONEY.iter().find_map(|(symbols, _, currency, factor)| {
        let met = symbols.iter().any(|symbol| {
            let touches = before.strip_suffix(symbol).is_some_and(|rest| {
                !symbol.starts_with(char::is_alphabetic) || !rest.ends_with(char::is_alphanumeric)
            });
            lead.contains(symbol) || touches
        });
        met.then(|| money(*currency, *factor))
    })
}

/// Whether a `$` after `head` is that of another country: `C$`, `HK$`.
fn is_other_dollar(head: &str) -> bool {
    ["C", "CA", "A", "AU", "HK", "NZ", "S", "NT", "R", "MX"]
        .iter()
        .any(|land| {
            head.strip_suffix(land)
                .is_some_and(|rest| !rest.ends_with(char::is_alphanumeric))
        })
}

/// `sign` divided by the unit that "per" or "/" leads in at the start of `text`.
pub fn per(sign: Unit, text: &str) -> Option<Unit> {
    let (power, after) = operator(text)?;
    let (unit, after) = single(after.trim_start())?;
    (power < 0).then(|| continued(sign.times(unit, -1), after).0)
}

/// The unit at the start of `text`, after white space, and what follows it.
pub fn at_start(text: &str) -> Option<(Unit, &str)> {
    let text =
        text.trim_start_matches(|c: char| c.is_whitespace() || "}*_`$\\-".contains(c) && c != '$');
    let (unit, after) = powered(text)?;
    let (whole, rest) = continued(unit, after);
    Some(if rest.len() == after.len() {
        (unit, after)
    } else {
        (whole, rest)
    })
}

/// `unit` with all factors that follow it at the start of `text`.
fn continued(unit: Unit, text: &str) -> (Unit, &str) {
    let (mut unit, mut rest) = (unit, text);
    while let Some((power, after)) = operator(rest).or_else(|| beside(rest)) {
        let Some((factor, after)) = powered(after.trim_start()) else {
            break;
        };
        unit = unit.times(factor, power);
        rest = after;
    }
    (unit, rest)
}

/// Whether nothing but a unit stands around the number at `start..end`.
pub fn is_all(text: &str, start: usize, end: usize) -> bool {
    let before = text[..start].trim();
    let code = before.is_empty() || MONEY.iter().any(|(symbols, ..)| symbols.contains(&before));
    let after = untexed(&text[end..]);
    let after = after.as_str();
    let rest = at_start(after).map_or(after, |(_, rest)| rest);
    let rest = match currency_before(text, start, end) {
        Some(sign) if per(sign, after).is_some() => "",
        _ => rest,
    };
    code && rest.trim().is_empty()
}

/// The unit that `text` is.
pub fn whole(text: &str) -> Option<Unit> {
    let (unit, rest) = at_start(text)?;
    rest.trim().is_empty().then_some(unit)
}

/// A sign that joins two units: 1 for a product, -1 for a quotient.
fn operator(text: &str) -> Option<(i8, &str)> {
    let start = text.trim_start_matches(' ');
    let sign = start.chars().next()?;
    match sign {
        '/' => Some((-1, &start[1..])),
        '·' | '⋅' | '×' | '*' => Some((1, &start[sign.len_utf8()..])),
        // "kilowatt-hours"; "-1" is a power, and " - " a dash.
        '-' if start.len() == text.len() && start[1..].starts_with(char::is_alphabetic) => {
            Some((1, &start[1..]))
        }
        _ => without_word(start, "per")
            .or_else(|| without_word(start, "pro"))
            .or_else(|| without_word(start, "por"))
            .or_else(|| without_word(start, "par"))
            .map(|after| (-1, after)),
    }
}

/// A unit after a space that is a factor, since it has a power below zero: `m s^-1`.
fn beside(text: &str) -> Option<(i8, &str)> {
    let start = text.strip_prefix(' ')?.trim_start_matches(' ');
    let (_, after) = single(start)?;
    let inverse = ["^-", "⁻", "-1", "-2"]
        .iter()
        .any(|sign| after.starts_with(sign));
    inverse.then_some((1, start))
}

/// A unit with its power: `m²`, `m^2`, `s^-1`, `square metre`.
fn powered(text: &str) -> Option<(Unit, &str)> {
    for (word, power) in [("square", 2), ("sq", 2), ("cubic", 3)] {
        if let Some(after) = without_word(text, word) {
            let (unit, after) = single(after.trim_start_matches(['.', ' ']))?;
            return Some((Unit::ONE.times(unit, power), after));
        }
    }
    let (unit, after) = single(text)?;
    for (word, power) in [("squared", 2), ("cubed", 3)] {
        if let Some(after) = without_word(after.trim_start_matches(' '), word) {
            return Some((Unit::ONE.times(unit, power), after));
        }
    }
    let powers = [
        ("²", 2),
        ("³", 3),
        ("^2", 2),
        ("^3", 3),
        ("^{2}", 2),
        ("^{3}", 3),
        ("⁻¹", -1),
        ("⁻²", -2),
        ("^-1", -1),
        ("^-2", -2),
        ("^{-1}", -1),
        ("^{-2}", -2),
        ("2", 2),
        ("3", 3),
        ("-1", -1),
        ("-2", -2),
    ];
    let power = powers
        .iter()
        .find_map(|(sign, power)| Some((*power, after.strip_prefix(sign)?)));
    let power = power.filter(|(_, rest)| !rest.starts_with(|c: char| c.is_ascii_digit()));
    Some(match power {
        Some((power, after)) => (Unit::ONE.times(unit, power), after),
        None => (unit, after),
    })
}

/// One unit without a power.
fn single(text: &str) -> Option<(Unit, &str)> {
    temperature(text).or_else(|| currency(text)).or_else(|| {
        let first = text.chars().next()?;
        let end = if first.is_alphabetic() {
            text.find(|c: char| !c.is_alphabetic())
                .unwrap_or(text.len())
        } else {
            first.len_utf8()
        };
        let (token, after) = text.split_at(end);
        let is_preposition = token == "in" && after.trim_start().starts_with(char::is_alphanumeric);
        let factor = (!is_preposition)
            .then(|| by_symbol(token).or_else(|| by_name(token)))
            .flatten()?;
        Some((factor, after))
    })
}

fn temperature(text: &str) -> Option<(Unit, &str)> {
    let celsius = Unit {
        dimension: HEAT,
        offset: 273.15,
        ..Unit::ONE
    };
    let fahrenheit = Unit {
        dimension: HEAT,
        factor: 5.0 / 9.0,
        offset: 273.15 - 32.0 * 5.0 / 9.0,
        ..Unit::ONE
    };
    [
        ("°C", celsius),
        ("℃", celsius),
        ("° C", celsius),
        ("°F", fahrenheit),
        ("℉", fahrenheit),
        ("° F", fahrenheit),
    ]
    .iter()
    .find_map(|(sign, unit)| {
        let after = text.strip_prefix(sign)?;
        (!after.starts_with(char::is_alphanumeric)).then_some((*unit, after))
    })
    .or_else(|| {
        let rest = without_word(text, "degrees").or_else(|| without_word(text, "grad"));
        let rest = rest.unwrap_or(text).trim_start();
        [("celsius", celsius), ("fahrenheit", fahrenheit)]
            .iter()
            .find_map(|(word, unit)| Some((*unit, without_word(rest, word)?)))
    })
}

fn currency(text: &str) -> Option<(Unit, &str)> {
    MONEY.iter().find_map(|(symbols, names, currency, factor)| {
        let symbol = symbols.iter().find_map(|symbol| {
            let after = text.strip_prefix(symbol)?;
            let whole = !symbol.is_ascii() || !after.starts_with(char::is_alphanumeric);
            whole.then_some(after)
        });
        let named = || names.iter().find_map(|name| without_word(text, name));
        let after = symbol.or_else(named)?;
        Some((money(*currency, *factor), after))
    })
}

fn plain(base: &Base, prefix: f64) -> Unit {
    Unit {
        dimension: base.2,
        factor: base.3 * prefix,
        ..Unit::ONE
    }
}

fn by_symbol(token: &str) -> Option<Unit> {
    let exact = BASES.iter().find(|base| base.0.contains(&token));
    if let Some(base) = exact {
        return Some(plain(base, 1.0));
    }
    let with = |base: &Base, prefixes: &[(&str, &str, f64)]| {
        prefixes.iter().find_map(|(symbol, _, factor)| {
            let rest = token.strip_prefix(symbol)?;
            base.0.contains(&rest).then(|| plain(base, *factor))
        })
    };
    BASES.iter().filter(|base| base.4).find_map(|base| {
        let binary = (base.2 == DATA).then(|| with(base, BINARY)).flatten();
        binary.or_else(|| with(base, PREFIXES))
    })
}

fn by_name(token: &str) -> Option<Unit> {
    let lower = token.to_lowercase();
    let singular = lower.strip_suffix('s').unwrap_or(&lower);
    let is = |base: &Base, name: &str| {
        base.1.contains(&name) || base.1.iter().any(|one| *one == name.trim_end_matches('s'))
    };
    let bare = BASES
        .iter()
        .find(|base| base.1.contains(&lower.as_str()) || base.1.contains(&singular));
    if let Some(base) = bare {
        return Some(plain(base, 1.0));
    }
    BASES.iter().filter(|base| base.4).find_map(|base| {
        let binary = if base.2 == DATA { BINARY } else { &[] };
        binary
            .iter()
            .chain(PREFIXES)
            .find_map(|(_, prefix, factor)| {
                let rest = lower.strip_prefix(prefix)?;
                is(base, rest).then(|| plain(base, *factor))
            })
    })
}
