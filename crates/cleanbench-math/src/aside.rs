//! What stands beside a value: the same again in brackets after it, as in `1/2 (0.5)`, and what is on the left of `a + b = 7`.
//!
//! Invariant: a bracket is left out only where it says the same as what is before it, or says words; what may as well be a
//! product is told apart from it. It refuses to choose between two values.

use std::collections::BTreeSet;

use crate::equal::{Comparison, Verdict, bare};
use crate::expr::{Expr, Object, Sign, add_names};
use crate::read::{Units, readings, trimmed};

/// What a bracket at the end of a formula, after a space, is to what is before it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Aside<'a> {
    /// There is none, or it is a factor.
    Absent,
    /// It says the same again or is a remark; the value is what is before it.
    Same(&'a str),
    /// It is another value, or a factor.
    Unlike,
}

/// What is before a bracket at the end, and what is in it.
struct Split<'a> {
    head: &'a str,
    inner: &'a str,
}

/// What the bracket at the end of `text` is.
pub fn aside<'a>(text: &'a str, units: &Units) -> Aside<'a> {
    let Some(Split { head, inner }) = split(text) else {
        return Aside::Absent;
    };
    let Ok(heads) = readings(head, units) else {
        return Aside::Absent;
    };
    let heads: Vec<&Object> = heads
        .iter()
        .map(|head| bare(head).unwrap_or(head))
        .collect();
    if heads
        .iter()
        .any(|head| head.has_symbols() || matches!(head, Object::Text(_)))
    {
        return Aside::Absent;
    }
    let value = without_lead(inner);
    let Ok(again) = readings(value, units) else {
        return remark(inner, head);
    };
    if again.iter().any(|object| matches!(object, Object::Text(_))) {
        return remark(inner, head);
    }
    if again.iter().any(Object::has_symbols) {
        let product = inner.contains(['+', '-', '−', '*', '/', '^', '\\']);
        return if product {
            Aside::Absent
        } else {
            Aside::Unlike
        };
    }
    let pairs = || {
        heads
            .iter()
            .flat_map(|head| again.iter().map(|it| [*head, it]))
    };
    let same = |[head, again]: [&Object; 2]| {
        let alike = |digits| beside(digits).compare(head, again) == Verdict::Same;
        alike(None) || decimals(value).is_some_and(|digits| alike(Some(digits)))
    };
    if pairs().any(same) {
        Aside::Same(head)
    } else {
        Aside::Unlike
    }
}

fn beside(digits: Option<u32>) -> Comparison {
    Comparison {
        digits,
        relations: true,
        any_unit: true,
    }
}

/// A bracket with words is left out, unless they are part of the value.
fn remark<'a>(inner: &str, head: &'a str) -> Aside<'a> {
    let mut words = inner.split(|c: char| !c.is_alphabetic());
    let part = inner.contains("mod") || inner.contains("base");
    if !part && words.any(|word| word.chars().count() > 2 || !word.is_ascii()) {
        Aside::Same(head)
    } else {
        Aside::Unlike
    }
}

fn split(text: &str) -> Option<Split<'_>> {
    let text = trimmed(text);
    let inside = text.strip_suffix(')')?;
    let mut depth = 1_usize;
    let open = inside.char_indices().rev().find(|(_, character)| {
        depth += usize::from(*character == ')');
        depth -= usize::from(*character == '(');
        depth == 0
    });
    let (at, _) = open?;
    let inner = &inside[at + 1..];
    let before = &text[..at];
    let before = before.strip_suffix("\\left").unwrap_or(before);
    let head = before.trim_end_matches(|c: char| c.is_whitespace() || c == '~');
    let head = head.strip_suffix("\\quad").unwrap_or(head);
    let head = head.strip_suffix(['\\']).unwrap_or(head);
    let spaced = head.len() < before.len();
    let head = head.trim_end();
    let bold = head.strip_suffix("**").unwrap_or(head);
    let open_ended = bold.ends_with(|c: char| "+-−–*/=<>≤≥≈^_,;:·×÷([{|'".contains(c));
    (spaced && !bold.is_empty() && !open_ended).then(|| Split {
        head,
        inner: inner.strip_suffix("\\right").unwrap_or(inner),
    })
}

/// What is in a bracket, without "or", "about" and the like.
fn without_lead(inner: &str) -> &str {
    const LEADS: [&str; 16] = [
        "or",
        "i.e.",
        "that is",
        "which is",
        "equals",
        "=",
        "≈",
        "~",
        "\\approx",
        "approximately",
        "approx.",
        "about",
        "roughly",
        "equivalently",
        "oder",
        ",",
    ];
    let mut rest = inner.trim();
    for _ in 0..3 {
        let found = LEADS.iter().find_map(|lead| {
            let after = rest.strip_prefix(lead)?;
            let ends = !lead.ends_with(char::is_alphabetic) || after.starts_with([' ', '$', '\\']);
            ends.then(|| after.trim_start())
        });
        rest = found.unwrap_or(rest);
    }
    rest
}

/// To how many decimals a number is written, that of a percentage as a fraction.
fn decimals(text: &str) -> Option<u32> {
    let after = &text[text.rfind('.')? + 1..];
    let digits = after.bytes().take_while(u8::is_ascii_digit).count();
    let percent = if text.contains('%') { 2 } else { 0 };
    let found = u32::try_from(digits).ok()? + percent;
    (digits > 0 && found <= 12).then_some(found)
}

impl Comparison {
    /// What an expression with symbols is said to be, where that is so whatever they stand for: the `x^2 - 4` of
    /// `(x-2)(x+2) = x^2 - 4`.
    pub fn said_by_identity(self, object: &Object) -> Option<&Object> {
        let Object::Relation { terms, signs } = object else {
            return None;
        };
        let (first, last) = (terms.first()?, terms.last()?);
        let equal = signs.iter().all(|sign| *sign == Sign::Equal);
        let scalars = matches!((first, last), (Object::Scalar(_), Object::Scalar(_)));
        let found = equal && scalars && first.has_symbols();
        (found && self.compare(first, last) == Verdict::Same).then_some(last)
    }
}

impl Object {
    /// The value that is said to be that of an expression: the 7 of `a + b = 7`, `AB = 7` and `|z| = 7`. An equation in one
    /// unknown that is not solved, as `2x = 7`, says no value.
    pub fn said_of_expression(&self) -> Option<&Self> {
        let Self::Relation { terms, signs } = self else {
            return None;
        };
        let (first, last) = (terms.first()?, terms.last()?);
        let equal = signs.iter().all(|sign| *sign == Sign::Equal);
        let asked = match first {
            Self::Scalar(expr) => is_asked(expr),
            Self::Union(_) | Self::Common(_) | Self::Minus(..) => true,
            _ => false,
        };
        (equal && asked && !last.has_symbols()).then_some(last)
    }

    /// Whether words are it, or among its items.
    pub fn has_words(&self) -> bool {
        match self {
            Self::Text(_) => true,
            Self::List(items, _) | Self::Set(items) => items.iter().any(Self::has_words),
            _ => false,
        }
    }

    /// Whether it is an equation, an inequality or a chain of them.
    pub fn is_relation(&self) -> bool {
        match self {
            Self::Relation { .. } => true,
            Self::List(items, _) => items.iter().any(Self::is_relation),
            _ => false,
        }
    }
}

/// Whether a value is asked of it rather than that of the unknown in it.
fn is_asked(expr: &Expr) -> bool {
    const OF_ONE: [&str; 7] = ["abs", "sin", "cos", "tan", "cot", "sec", "csc"];
    let called = matches!(expr, Expr::Call(name, _) if OF_ONE.contains(&name.as_str()));
    let mut names = BTreeSet::new();
    add_names(expr, &mut names);
    names.len() > 1 || called && names.len() == 1
}
