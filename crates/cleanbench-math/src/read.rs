//! Reads a formula as the objects that it may be, in the simplest form that says the same.
//!
//! A formula has more than one reading where a comma between digits may group, separate or stand before decimals:
//! `1,234` is 1234 or the list of 1 and 234, and `0,25` is 1/4 or the list of 0 and 25. A chain of equations is what it
//! ends with, `A or B` of equal values is one; what is only about equal does not count where something else is given.

use crate::equal::{Comparison, Verdict, plain};
use crate::expr::{Expr, Failure, Joiner, Object, Sign};
use crate::lex::Comma;
use crate::parse::object;

/// Which units are left out, on both sides.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Units {
    /// None.
    None,
    /// Whichever stands there.
    All,
    /// These, as they are written.
    These(Vec<String>),
}

impl Units {
    fn strips(&self, unit: &str) -> bool {
        match self {
            Self::None => false,
            Self::All => true,
            Self::These(units) => units.iter().any(|known| {
                plain(known).trim_end_matches('s') == plain(unit).trim_end_matches('s')
            }),
        }
    }

    /// `text` without a declared unit at its end.
    fn without<'a>(&self, text: &'a str) -> &'a str {
        let Self::These(units) = self else {
            return text;
        };
        let mut units: Vec<&str> = units.iter().map(String::as_str).collect();
        units.sort_by_key(|unit| std::cmp::Reverse(unit.len()));
        let ending = text.trim_end_matches(['.', ' ', '$']);
        let stripped = units.into_iter().find_map(|unit| {
            let rest = ending.strip_suffix(unit)?;
            let rest = rest.trim_end();
            rest.ends_with(|c: char| c.is_ascii_digit() || "})]$%".contains(c))
                .then_some(rest)
        });
        stripped.unwrap_or(text)
    }
}

/// Every reading of `text`, the likeliest first.
pub fn readings(text: &str, units: &Units) -> Result<Vec<Object>, Failure> {
    let text = units.without(trimmed(text));
    let first = object(text, Comma::Groups)?;
    let mut found = vec![simplified(first, units)];
    if has_comma_between_digits(text) {
        let others = [
            (Comma::Decimal, is_plainly_decimal(text)),
            (Comma::Separates, true),
        ];
        for (comma, _) in others.into_iter().filter(|(_, holds)| *holds) {
            let other = object(text, comma).map(|other| simplified(other, units));
            found.extend(other.ok().filter(|other| !found.contains(other)));
        }
    }
    Ok(found)
}

/// `text` without what is around a formula.
pub(crate) fn trimmed(text: &str) -> &str {
    let marks = |c: char| c.is_whitespace() || "*`\"“”„".contains(c);
    let inner = text
        .trim_matches(marks)
        .trim_end_matches(['.', ',', ';', ':', '。']);
    inner.trim_matches(marks)
}

fn has_comma_between_digits(text: &str) -> bool {
    let is_digit = |byte: Option<&u8>| byte.is_some_and(u8::is_ascii_digit);
    let bytes = text.as_bytes();
    bytes.iter().enumerate().any(|(at, byte)| {
        *byte == b',' && at > 0 && is_digit(bytes.get(at - 1)) && is_digit(bytes.get(at + 1))
    })
}

/// Whether the one comma of `text` can stand before decimals: after 0, or before two or more than three.
fn is_plainly_decimal(text: &str) -> bool {
    let Some((before, after)) = text.split_once(',') else {
        return false;
    };
    let decimals = after.bytes().take_while(u8::is_ascii_digit).count();
    let whole = before.bytes().rev().take_while(u8::is_ascii_digit).count();
    let zero = before.ends_with('0') && whole == 1;
    !after.contains(',')
        && (decimals == 2 || decimals > 3 || decimals == 1 && (zero || before.contains('.')))
        || decimals == 1
            && !after.contains(',')
            && decimals == after.trim_end_matches(|c: char| !c.is_ascii_digit()).len()
}

/// The simplest form that says the same.
fn simplified(object: Object, units: &Units) -> Object {
    match object {
        Object::Measured(value, unit) if units.strips(&unit) => simplified(*value, units),
        Object::Scalar(Expr::Call(name, mut inner)) if inner.len() == 1 && name == "°" => {
            let inner = Object::Scalar(inner.remove(0));
            if units.strips("°") {
                inner
            } else {
                Object::Measured(Box::new(inner), name)
            }
        }
        Object::Scalar(Expr::Call(name, mut inner))
            if inner.len() == 1 && name == "%" && units.strips("%") =>
        {
            Object::Scalar(inner.remove(0))
        }
        Object::Relation { terms, signs } => relation(terms, signs, units),
        Object::List(items, Joiner::Or) => either(each(items, units)),
        Object::List(items, joiner) => Object::List(each(items, units), joiner),
        Object::Union(parts) if parts.iter().all(|part| matches!(part, Object::Set(_))) => {
            let items = parts.into_iter().flat_map(|part| match part {
                Object::Set(items) => items,
                _ => Vec::new(),
            });
            Object::Set(each(items.collect(), units))
        }
        Object::Set(items) => Object::Set(each(items, units)),
        Object::Tuple { open, items, close } => Object::Tuple {
            open,
            items: each(items, units),
            close,
        },
        other => other,
    }
}

/// Items of which one holds; where all say the same, it is one.
fn either(mut items: Vec<Object>) -> Object {
    let exact = Comparison {
        digits: None,
        relations: true,
        any_unit: true,
    };
    let first = items.first().filter(|first| !first.has_words());
    let same = first.is_some_and(|first| {
        let mut others = items.iter().skip(1);
        others.all(|other| exact.compare(first, other) == Verdict::Same)
    });
    if same {
        items.swap_remove(0)
    } else {
        Object::List(items, Joiner::Or)
    }
}

fn each(items: Vec<Object>, units: &Units) -> Vec<Object> {
    items
        .into_iter()
        .map(|item| simplified(item, units))
        .collect()
}

fn relation(terms: Vec<Object>, mut signs: Vec<Sign>, units: &Units) -> Object {
    let mut terms = each(terms, units);
    while signs.len() > 1 && signs.last() == Some(&Sign::About) || is_rounding(&terms, &signs) {
        signs.pop();
        terms.pop();
    }
    if signs.is_empty() {
        return terms.swap_remove(0);
    }
    if signs.iter().any(|sign| *sign != Sign::Equal) {
        return Object::Relation { terms, signs };
    }
    let symbols = terms.iter().any(Object::has_symbols);
    if !symbols && !terms.first().is_some_and(Object::is_name) {
        return terms.pop().unwrap_or_else(Object::one);
    }
    let middle = terms.len() > 2 && terms[1..terms.len() - 1].iter().any(Object::is_name);
    if terms.len() > 2 && !middle {
        terms.drain(1..terms.len() - 1);
        signs.truncate(1);
    }
    Object::Relation { terms, signs }
}

/// Whether a value without a name is followed by what it is about.
fn is_rounding(terms: &[Object], signs: &[Sign]) -> bool {
    signs == [Sign::About]
        && terms
            .first()
            .is_some_and(|first| !first.is_name() && !first.has_symbols())
}
