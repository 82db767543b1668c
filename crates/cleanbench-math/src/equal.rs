//! Whether two objects are mathematically the same.
//!
//! Values are compared exactly by their normal forms where these say all there is to say; else by their values at points
//! (see [`super::value`]), where a difference beyond rounding at any point is a difference, and agreement at enough of
//! them is equality. What neither decides is [`Verdict::Unknown`], and never equal.

use std::collections::BTreeSet;

use num_bigint::BigInt;
use num_rational::BigRational;
use num_traits::{Signed, ToPrimitive};

use crate::expr::{Constant, Expr, Object, Sign, add_names};
use crate::normal::{Normal, is_exhausted, normal};
use crate::spans::{same_spans, spans};
use crate::value::{Point, Value, value};

/// Points at which expressions with symbols are compared, and how many of them must tell.
const POINTS: u32 = 32;
const ENOUGH: u32 = 6;
/// How many times the bound of rounding two equal values may be apart.
const SLACK: f64 = 32.0;

/// What comes of a comparison.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// They are equal.
    Same,
    /// They are not.
    Apart,
    /// That cannot be told.
    Unknown,
}

impl Verdict {
    fn of(same: bool) -> Self {
        if same { Self::Same } else { Self::Apart }
    }

    /// Same where all are.
    pub(crate) fn all(verdicts: impl IntoIterator<Item = Self>) -> Self {
        let mut all = Self::Same;
        for verdict in verdicts {
            match verdict {
                Self::Same => {}
                Self::Apart => return Self::Apart,
                Self::Unknown => all = Self::Unknown,
            }
        }
        all
    }

    /// Same where any is.
    pub fn any(verdicts: impl IntoIterator<Item = Self>) -> Self {
        let mut any = Self::Apart;
        for verdict in verdicts {
            match verdict {
                Self::Same => return Self::Same,
                Self::Apart => {}
                Self::Unknown => any = Self::Unknown,
            }
        }
        any
    }
}

/// How objects are compared.
#[derive(Debug, Clone, Copy)]
pub struct Comparison {
    /// Decimals to which constants are rounded.
    pub digits: Option<u32>,
    /// Whether an inequality may answer for a set.
    pub relations: bool,
    /// Whether a unit in the answer is left out where the target has none.
    pub any_unit: bool,
}

/// Whether two expressions have the same value, for all values of their symbols.
pub(crate) fn same_value(left: &Expr, right: &Expr) -> Verdict {
    if left == right {
        return Verdict::Same;
    }
    if is_beyond(left) || is_beyond(right) {
        return Verdict::Unknown;
    }
    let difference = normal(&Expr::difference(left, right));
    if let Some(difference) = &difference {
        if difference.is_zero() {
            return Verdict::Same;
        }
        if difference.is_complete() {
            return Verdict::Apart;
        }
    }
    if is_exhausted() {
        return Verdict::Unknown;
    }
    let found = same_at_points(left, right);
    if found == Verdict::Same && is_too_fine(left, right) {
        return Verdict::Apart;
    }
    found
}

/// Whether it computes with infinity, which has no rules here but its sign.
fn is_beyond(expr: &Expr) -> bool {
    let infinite = Expr::Constant(Constant::Infinity);
    let plain = *expr == infinite || *expr == infinite.clone().negated();
    !plain && expr.any(&|part| *part == infinite)
}

/// Whether one is a number with more digits than a comparison in floats can vouch for, and the other is none.
fn is_too_fine(left: &Expr, right: &Expr) -> bool {
    let rational = |expr| normal(expr).and_then(|form| form.as_rational());
    match (rational(left), rational(right)) {
        (Some(number), None) | (None, Some(number)) => is_fine(&number),
        _ => false,
    }
}

fn is_fine(number: &BigRational) -> bool {
    *number.denom() > BigInt::from(1_000_000) || number.numer().abs() > BigInt::from(10_u64.pow(12))
}

fn same_at_points(left: &Expr, right: &Expr) -> Verdict {
    let symbols = left.has_symbols() || right.has_symbols();
    let complex = left.is_complex() || right.is_complex() || !symbols;
    let points = if symbols { POINTS } else { 1 };
    let mut told = 0;
    for number in 0..points {
        let at = Point { number, complex };
        let (Some(left), Some(right)) = (value(left, at), value(right, at)) else {
            continue;
        };
        if left.apart(right) > SLACK {
            return Verdict::Apart;
        }
        told += u32::from(is_sharp(left) && is_sharp(right));
    }
    if told >= ENOUGH.min(points) {
        Verdict::Same
    } else {
        Verdict::Unknown
    }
}

/// Whether rounding leaves enough of a value to tell it from others.
fn is_sharp(value: Value) -> bool {
    value.error <= 1e-9 * value.size() || value.error < 1e-12
}

impl Comparison {
    /// Whether `answer` is the same as `target`.
    pub fn compare(self, target: &Object, answer: &Object) -> Verdict {
        if target == answer {
            return Verdict::Same;
        }
        match (target, answer) {
            (Object::Measured(value, unit), Object::Measured(other, found)) => Verdict::all([
                Verdict::of(same_unit(unit, found)),
                self.compare(value, other),
            ]),
            (Object::Measured(value, unit), _) => match degrees(value, unit) {
                Some(angle) => self.compare(&angle, answer),
                None => Verdict::Apart,
            },
            (_, Object::Measured(value, unit)) => {
                let angle = degrees(value, unit).map(|angle| self.compare(target, &angle));
                let bare = self.any_unit.then(|| self.compare(target, value));
                Verdict::any(angle.into_iter().chain(bare))
            }
            (Object::Relation { .. }, Object::Relation { .. }) => self.relations(target, answer),
            _ => self.of_kinds(target, answer),
        }
    }

    fn of_kinds(self, target: &Object, answer: &Object) -> Verdict {
        let ordered = is_inequality(answer) && !is_inequality(target);
        if ordered && !self.relations {
            return Verdict::Apart;
        }
        if let (Some(bare), false) = (bare(target), is_relation(answer)) {
            return self.compare(bare, answer);
        }
        if let (false, Some(bare)) = (is_relation(target), bare(answer)) {
            return self.compare(target, bare);
        }
        if (is_set(target) || is_set(answer))
            && let (Some(left), Some(right)) = (spans(target), spans(answer))
        {
            return same_spans(&left, &right);
        }
        let bracketed = |object: &Object| matches!(object, Object::Tuple { .. } | Object::Set(_));
        let unsolved = |one: &Object, other: &Object| {
            is_inequality(one) && (is_set(other) || bracketed(other)) && spans(one).is_none()
        };
        let found = self.items(target, answer);
        if found == Verdict::Apart && (unsolved(target, answer) || unsolved(answer, target)) {
            return Verdict::Unknown;
        }
        found
    }

    fn items(self, target: &Object, answer: &Object) -> Verdict {
        match (target, answer) {
            (Object::Scalar(left), Object::Scalar(right)) => self.values(left, right),
            (
                Object::Tuple { open, items, close },
                Object::Tuple {
                    open: left,
                    items: others,
                    close: right,
                },
            ) => {
                let brackets = Verdict::of(open == left && close == right);
                Verdict::all([brackets, self.in_order(items, others)])
            }
            (
                Object::Tuple {
                    open: '(',
                    items,
                    close: ')',
                },
                Object::List(others, _),
            )
            | (
                Object::List(items, _),
                Object::Tuple {
                    open: '(',
                    items: others,
                    close: ')',
                },
            ) => self.in_order(items, others),
            (Object::List(left, _), Object::List(right, _)) => {
                let (left, right) = (unnamed(left), unnamed(right));
                Verdict::all([
                    self.as_often(&left, &right),
                    self.in_any_order(&left, &right),
                ])
            }
            (
                Object::Set(left) | Object::List(left, _),
                Object::Set(right) | Object::List(right, _),
            ) => self.in_any_order(&unnamed(left), &unnamed(right)),
            (Object::Union(left), Object::Union(right))
            | (Object::Common(left), Object::Common(right)) => {
                let all = |parts: &[Object]| parts.to_vec();
                self.in_any_order(&all(left), &all(right))
            }
            (Object::Minus(left, less), Object::Minus(right, other)) => {
                Verdict::all([self.compare(left, right), self.compare(less, other)])
            }
            (Object::Matrix(left), Object::Matrix(right)) => self.matrices(left, right),
            (Object::Text(left), Object::Text(right)) => Verdict::of(plain(left) == plain(right)),
            _ => Verdict::Apart,
        }
    }

    fn values(self, left: &Expr, right: &Expr) -> Verdict {
        let exact = same_value(left, right);
        match self.digits {
            Some(digits) if exact != Verdict::Same => {
                let rounded = rounded_alike(left, right, digits);
                rounded.map_or(exact, Verdict::of)
            }
            _ => exact,
        }
    }

    fn in_order(self, left: &[Object], right: &[Object]) -> Verdict {
        if left.len() != right.len() {
            return Verdict::Apart;
        }
        Verdict::all(
            left.iter()
                .zip(right)
                .map(|(left, right)| self.compare(left, right)),
        )
    }

    /// Whether each has its like on the other side.
    fn in_any_order(self, left: &[Object], right: &[Object]) -> Verdict {
        let found = |one: &Object, others: &[Object], turned: bool| {
            Verdict::any(others.iter().map(|other| {
                if turned {
                    self.compare(other, one)
                } else {
                    self.compare(one, other)
                }
            }))
        };
        let forth = left.iter().map(|one| found(one, right, false));
        let back = right.iter().map(|one| found(one, left, true));
        Verdict::all(forth.chain(back))
    }

    /// Whether each item of `left` is as often on the other side.
    fn as_often(self, left: &[Object], right: &[Object]) -> Verdict {
        let times = |one: &Object, items: &[Object]| {
            let same = items
                .iter()
                .filter(|item| self.compare(one, item) == Verdict::Same);
            same.count()
        };
        let equal = left.len() == right.len()
            && left.iter().all(|one| times(one, left) == times(one, right));
        Verdict::of(equal)
    }

    fn matrices(self, left: &[Vec<Expr>], right: &[Vec<Expr>]) -> Verdict {
        let widths = |rows: &[Vec<Expr>]| rows.iter().map(Vec::len).collect::<Vec<_>>();
        if widths(left) != widths(right) {
            return Verdict::Apart;
        }
        let cells = left.iter().flatten().zip(right.iter().flatten());
        Verdict::all(cells.map(|(left, right)| self.values(left, right)))
    }

    fn relations(self, target: &Object, answer: &Object) -> Verdict {
        let ordered = is_inequality(answer) && !is_inequality(target);
        if ordered && !self.relations {
            return Verdict::Apart;
        }
        let links = self.links(target, answer);
        if links == Verdict::Same {
            return links;
        }
        match (spans(target), spans(answer)) {
            (Some(left), Some(right)) => same_spans(&left, &right),
            // What one unknown is may be said by quite another inequality in it.
            _ if is_inequality(target) && is_inequality(answer) && is_in_one(target, answer) => {
                Verdict::Unknown
            }
            _ => links,
        }
    }

    /// Relations side by side, whichever way round each is written.
    fn links(self, target: &Object, answer: &Object) -> Verdict {
        let (Some(left), Some(right)) = (chain(target), chain(answer)) else {
            return Verdict::Apart;
        };
        if left.signs != right.signs {
            return Verdict::Apart;
        }
        let symmetric = matches!(left.signs.as_slice(), [Sign::Equal | Sign::Unequal]);
        let mut found = vec![self.in_order(&left.terms, &right.terms)];
        if symmetric {
            let turned: Vec<Object> = right.terms.iter().rev().cloned().collect();
            found.push(self.in_order(&left.terms, &turned));
        }
        if let Some(scaled) = scaled(&left, &right) {
            found.push(scaled);
        }
        Verdict::any(found)
    }
}

/// The terms of a relation, the smaller ones first, and the signs between them.
struct Chain {
    terms: Vec<Object>,
    signs: Vec<Sign>,
}

fn chain(object: &Object) -> Option<Chain> {
    let Object::Relation { terms, signs } = object else {
        return None;
    };
    let about = |sign: &Sign| {
        if *sign == Sign::About {
            Sign::Equal
        } else {
            *sign
        }
    };
    let (mut terms, mut signs) = (terms.clone(), signs.iter().map(about).collect::<Vec<_>>());
    if signs.iter().any(|sign| sign.is_descending()) {
        terms.reverse();
        signs.reverse();
        for sign in &mut signs {
            *sign = sign.turned();
        }
    }
    Some(Chain { terms, signs })
}

/// Whether two relations of two sides are the same up to a factor.
fn scaled(left: &Chain, right: &Chain) -> Option<Verdict> {
    let difference = |chain: &Chain| match chain.terms.as_slice() {
        [Object::Scalar(left), Object::Scalar(right)] => Some(Expr::difference(left, right)),
        _ => None,
    };
    let (first, second) = (difference(left)?, difference(right)?);
    let order = left.signs.first()?.is_order();
    if !(first.has_symbols() && second.has_symbols()) {
        return None;
    }
    if let (Some(first), Some(second)) = (normal(&first), normal(&second))
        && let Some(verdict) = exactly_scaled(&first, &second, order)
    {
        return Some(verdict);
    }
    if is_exhausted() {
        return Some(Verdict::Unknown);
    }
    Some(scaled_at_points(&first, &second, order))
}

/// The same by normal forms, where they tell.
fn exactly_scaled(left: &Normal, right: &Normal, order: bool) -> Option<Verdict> {
    if left.is_zero() || right.is_zero() {
        return Some(Verdict::of(left.is_zero() && right.is_zero()));
    }
    let below = match (left.constant_below(), right.constant_below()) {
        (Some(left), Some(right)) => Some(left * right),
        _ => None,
    };
    if order && below.is_none() {
        return None;
    }
    let turned = below.is_some_and(|below| below.is_negative());
    match left.scale_to(right) {
        Some(scale) => Some(Verdict::of(!order || scale.is_negative() == turned)),
        None if left.is_rational() && right.is_rational() => Some(Verdict::Apart),
        None => None,
    }
}

/// The same by the quotient of the differences, which is one number at all points.
fn scaled_at_points(left: &Expr, right: &Expr, order: bool) -> Verdict {
    let complex = left.is_complex() || right.is_complex();
    let mut first: Option<Value> = None;
    let mut told = 0;
    for number in 0..POINTS {
        let at = Point { number, complex };
        let (Some(left), Some(right)) = (value(left, at), value(right, at)) else {
            continue;
        };
        let Some(quotient) = left.over(right) else {
            continue;
        };
        let same = *first.get_or_insert(quotient);
        let wrong_way = order && (quotient.re <= 0.0 || quotient.im != 0.0);
        if wrong_way || same.apart(quotient) > SLACK || quotient.size() <= quotient.error {
            return Verdict::Apart;
        }
        told += u32::from(is_sharp(quotient));
    }
    if told >= ENOUGH {
        Verdict::Same
    } else {
        Verdict::Unknown
    }
}

/// Whether two constants round to the same decimals; `None` where they are no real constants.
fn rounded_alike(left: &Expr, right: &Expr, digits: u32) -> Option<bool> {
    if left.has_symbols() || right.has_symbols() {
        return None;
    }
    let at = Point {
        number: 0,
        complex: false,
    };
    let (left, right) = (value(left, at)?, value(right, at)?);
    let scale = libm::pow(10.0, digits.to_f64()?);
    let rounded = |value: Value| libm::round(value.re * scale);
    let real = left.im == 0.0 && right.im == 0.0 && rounded(left).abs() < 1e15;
    real.then(|| (rounded(left) - rounded(right)).abs() < 0.5)
}

/// The angle, where the unit is a degree.
fn degrees(value: &Object, unit: &str) -> Option<Object> {
    match value {
        Object::Scalar(expr) if unit == "°" => Some(Object::Scalar(Expr::call("°", expr.clone()))),
        _ => None,
    }
}

/// What an object says apart from the name that it gives to it.
pub(crate) fn bare(object: &Object) -> Option<&Object> {
    let Object::Relation { terms, signs } = object else {
        return None;
    };
    match (terms.as_slice(), signs.as_slice()) {
        ([name, value], [Sign::Equal | Sign::About | Sign::In]) if name.is_name() => Some(value),
        ([value, name], [Sign::Equal]) if name.is_name() && !value.has_symbols() => Some(value),
        _ => None,
    }
}

/// The values of items that all give one to the same name; else the items.
fn unnamed(items: &[Object]) -> Vec<Object> {
    let name = |item: &Object| match item {
        Object::Relation { terms, signs } if signs.as_slice() == [Sign::Equal] => {
            terms.first().filter(|name| name.is_name()).cloned()
        }
        _ => None,
    };
    let Some(first) = items.first().and_then(name) else {
        return items.to_vec();
    };
    let bare_or_named = |item: &Object| !is_relation(item) || name(item).as_ref() == Some(&first);
    if !items.iter().all(bare_or_named) {
        return items.to_vec();
    }
    items
        .iter()
        .map(|item| bare(item).unwrap_or(item).clone())
        .collect()
}

fn is_relation(object: &Object) -> bool {
    matches!(object, Object::Relation { .. })
}

fn is_inequality(object: &Object) -> bool {
    match object {
        Object::Relation { signs, .. } => signs.iter().any(|sign| sign.is_order()),
        Object::List(items, _) => items.iter().any(is_inequality),
        _ => false,
    }
}

/// Whether it is a set of numbers other than a pair or a list.
fn is_set(object: &Object) -> bool {
    match object {
        Object::Union(_) | Object::Common(_) | Object::Minus(..) | Object::Named(_) => true,
        Object::Relation { signs, .. } => signs
            .iter()
            .any(|sign| sign.is_order() || matches!(sign, Sign::In | Sign::Unequal)),
        Object::List(items, _) => items.iter().any(is_set),
        Object::Tuple { items, .. } => items.iter().any(is_infinite),
        _ => false,
    }
}

/// Whether there is one unknown in both.
fn is_in_one(left: &Object, right: &Object) -> bool {
    let mut names = BTreeSet::new();
    for relation in [left, right] {
        let Object::Relation { terms, .. } = relation else {
            return false;
        };
        for term in terms {
            match term {
                Object::Scalar(expr) => add_names(expr, &mut names),
                _ => return false,
            }
        }
    }
    names.len() == 1
}

fn is_infinite(object: &Object) -> bool {
    let infinite = Expr::Constant(Constant::Infinity);
    matches!(object, Object::Scalar(expr) if *expr == infinite || *expr == infinite.clone().negated())
}

/// Whether two units are the same but for spaces, points and the s of a plural.
fn same_unit(left: &str, right: &str) -> bool {
    plain(left).trim_end_matches('s') == plain(right).trim_end_matches('s')
}

/// Text without case, spaces and punctuation.
pub(crate) fn plain(text: &str) -> String {
    let kept = text
        .chars()
        .filter(|c| c.is_alphanumeric() || "°$€£¥₹₽₩¢%/".contains(*c));
    kept.flat_map(char::to_lowercase).collect()
}
