//! Sets of real numbers as spans between end points, so that intervals, unions and inequalities in one unknown can be
//! compared.
//!
//! Invariant: spans are in order and neither overlap nor touch. Only end points with a value have spans.

use num_rational::BigRational;
use num_traits::Zero;

use crate::equal::{Verdict, same_value};
use crate::expr::{Constant, Expr, Joiner, Named, Object, Sign};
use crate::normal::{Quadratic, normal};
use crate::value::{Point, value};

/// An end of a span.
#[derive(Debug, Clone)]
struct End {
    at: f64,
    expr: Expr,
    /// Whether the point itself belongs to it.
    closed: bool,
}

#[derive(Debug, Clone)]
struct Span {
    low: End,
    high: End,
}

/// A set of real numbers, and the name of its unknown where it has one.
#[derive(Debug, Clone)]
pub(crate) struct Spans {
    name: Option<String>,
    spans: Vec<Span>,
}

/// The set that `object` is, where it is one.
pub(crate) fn spans(object: &Object) -> Option<Spans> {
    let mut name = None;
    let spans = of(object, &mut name)?;
    Some(Spans { name, spans })
}

/// Whether two sets are the same.
pub(crate) fn same_spans(left: &Spans, right: &Spans) -> Verdict {
    let named = |set: &Spans| set.name.clone();
    if let (Some(left), Some(right)) = (named(left), named(right))
        && left != right
    {
        return Verdict::Apart;
    }
    if left.spans.len() != right.spans.len() {
        return Verdict::Apart;
    }
    let ends = |set: &Spans| -> Vec<End> {
        let both = |span: &Span| [span.low.clone(), span.high.clone()];
        set.spans.iter().flat_map(both).collect()
    };
    let pairs = ends(left).into_iter().zip(ends(right));
    Verdict::all(pairs.map(|(left, right)| same_end(&left, &right)))
}

fn same_end(left: &End, right: &End) -> Verdict {
    if left.closed != right.closed {
        return Verdict::Apart;
    }
    same_value(&left.expr, &right.expr)
}

fn of(object: &Object, name: &mut Option<String>) -> Option<Vec<Span>> {
    match object {
        Object::Tuple { open, items, close } => {
            let [low, high] = items.as_slice() else {
                return None;
            };
            interval(end(low, *open == '[')?, end(high, *close == ']')?)
        }
        Object::Set(items) => {
            let points = items.iter().map(|item| {
                let point = end(item, true)?;
                Some(Span {
                    low: point.clone(),
                    high: point,
                })
            });
            Some(joined(points.collect::<Option<Vec<_>>>()?))
        }
        Object::Named(Named::Empty) => Some(Vec::new()),
        Object::Named(Named::Reals) => Some(vec![everything()]),
        Object::Union(parts) => {
            let parts: Option<Vec<_>> = parts.iter().map(|part| of(part, name)).collect();
            Some(joined(parts?.concat()))
        }
        Object::Common(parts) => {
            let parts: Option<Vec<_>> = parts.iter().map(|part| of(part, name)).collect();
            Some(common(&parts?))
        }
        Object::Minus(from, what) => {
            let (from, what) = (of(from, name)?, of(what, name)?);
            Some(common(&[from, complement(&what)]))
        }
        Object::Relation { terms, signs } => relation(terms, signs, name),
        Object::List(items, joiner) => {
            if !items
                .iter()
                .all(|item| matches!(item, Object::Relation { .. }))
            {
                return None;
            }
            let parts: Option<Vec<_>> = items.iter().map(|item| of(item, name)).collect();
            match joiner {
                Joiner::Or => Some(joined(parts?.concat())),
                Joiner::And => Some(common(&parts?)),
                Joiner::Comma if items.iter().all(is_exclusion) => Some(common(&parts?)),
                Joiner::Comma => None,
            }
        }
        _ => None,
    }
}

/// Whether it says what an unknown is not.
fn is_exclusion(object: &Object) -> bool {
    matches!(object, Object::Relation { signs, .. } if signs.as_slice() == [Sign::Unequal])
}

fn end(object: &Object, closed: bool) -> Option<End> {
    match object {
        Object::Scalar(expr) => expr_end(expr, closed),
        _ => None,
    }
}

fn expr_end(expr: &Expr, closed: bool) -> Option<End> {
    if expr.has_symbols() {
        return None;
    }
    let infinite = Expr::Constant(Constant::Infinity);
    let at = if *expr == infinite {
        f64::INFINITY
    } else if *expr == infinite.negated() {
        f64::NEG_INFINITY
    } else {
        let found = value(
            expr,
            Point {
                number: 0,
                complex: false,
            },
        )?;
        (found.im == 0.0).then_some(found.re)?
    };
    Some(End {
        at,
        expr: expr.clone(),
        closed: closed && at.is_finite(),
    })
}

fn everything() -> Span {
    let infinite = || Expr::Constant(Constant::Infinity);
    Span {
        low: End {
            at: f64::NEG_INFINITY,
            expr: infinite().negated(),
            closed: false,
        },
        high: End {
            at: f64::INFINITY,
            expr: infinite(),
            closed: false,
        },
    }
}

/// The span between two ends; none where they are the wrong way round.
fn interval(low: End, high: End) -> Option<Vec<Span>> {
    let point = low.closed && high.closed;
    let right = low.at < high.at || point && low.at <= high.at;
    right.then(|| vec![Span { low, high }])
}

/// Spans in order, those that overlap or touch made one.
fn joined(mut spans: Vec<Span>) -> Vec<Span> {
    spans.sort_by(|a, b| {
        a.low
            .at
            .total_cmp(&b.low.at)
            .then(b.low.closed.cmp(&a.low.closed))
    });
    let mut out: Vec<Span> = Vec::new();
    for span in spans {
        let touched = out.last_mut().filter(|last| reaches(&last.high, &span.low));
        match touched {
            Some(last) => extend(last, span.high),
            None => out.push(span),
        }
    }
    out
}

fn reaches(high: &End, low: &End) -> bool {
    let same = same_value(&high.expr, &low.expr) == Verdict::Same;
    if same {
        high.closed || low.closed
    } else {
        high.at > low.at
    }
}

fn extend(span: &mut Span, high: End) {
    if same_value(&span.high.expr, &high.expr) == Verdict::Same {
        span.high.closed |= high.closed;
    } else if high.at > span.high.at {
        span.high = high;
    }
}

fn complement(spans: &[Span]) -> Vec<Span> {
    let whole = everything();
    let mut out = Vec::new();
    let mut low = whole.low;
    for span in joined(spans.to_vec()) {
        let high = End {
            closed: !span.low.closed && span.low.at.is_finite(),
            ..span.low
        };
        out.extend(interval(low, high).into_iter().flatten());
        low = End {
            closed: !span.high.closed && span.high.at.is_finite(),
            ..span.high
        };
    }
    out.extend(interval(low, whole.high).into_iter().flatten());
    out
}

fn common(parts: &[Vec<Span>]) -> Vec<Span> {
    let outside: Vec<Span> = parts.iter().flat_map(|part| complement(part)).collect();
    complement(&outside)
}

/// The numbers for which a relation in one unknown holds.
fn relation(terms: &[Object], signs: &[Sign], name: &mut Option<String>) -> Option<Vec<Span>> {
    if let ([Object::Scalar(Expr::Symbol(symbol)), set], [Sign::In]) = (terms, signs) {
        return settled(name, symbol).and_then(|()| of(set, name));
    }
    let exprs: Option<Vec<&Expr>> = terms.iter().map(scalar).collect();
    let exprs = exprs?;
    let symbol = exprs.iter().find_map(|expr| first_symbol(expr))?;
    settled(name, &symbol)?;
    let links = exprs.windows(2).zip(signs);
    let parts: Option<Vec<_>> = links
        .map(|(sides, sign)| link(sides[0], *sign, sides[1], &symbol))
        .collect();
    Some(common(&parts?))
}

fn scalar(object: &Object) -> Option<&Expr> {
    match object {
        Object::Scalar(expr) => Some(expr),
        _ => None,
    }
}

/// Makes `symbol` the one name of the unknown; `None` where it has another.
fn settled(name: &mut Option<String>, symbol: &str) -> Option<()> {
    let found = name.get_or_insert_with(|| symbol.to_owned());
    (found == symbol).then_some(())
}

fn first_symbol(expr: &Expr) -> Option<String> {
    match expr {
        Expr::Symbol(name) => Some(name.clone()),
        _ => expr.parts().into_iter().find_map(first_symbol),
    }
}

/// The numbers for which `left sign right` holds, which is linear or quadratic in the unknown or in its absolute value.
fn link(left: &Expr, sign: Sign, right: &Expr, name: &str) -> Option<Vec<Span>> {
    if let Some(inner) = magnitude(left) {
        return within(inner, sign, right, name);
    }
    if let Some(inner) = magnitude(right) {
        return within(inner, sign.turned(), left, name);
    }
    let difference = normal(&Expr::difference(left, right));
    if let Some(quadratic) = difference.and_then(|form| form.quadratic_in(name)) {
        return parabola(&quadratic, sign);
    }
    linear(left, sign, right, name)
}

/// What an absolute value is taken of.
fn magnitude(expr: &Expr) -> Option<&Expr> {
    match expr {
        Expr::Call(function, inner) if function == "abs" && expr.has_symbols() => inner.first(),
        _ => None,
    }
}

/// The numbers for which `|inner| sign bound` holds.
fn within(inner: &Expr, sign: Sign, bound: &Expr, name: &str) -> Option<Vec<Span>> {
    let at = expr_end(bound, true)?.at;
    if at < 0.0 {
        let all = matches!(sign, Sign::More | Sign::AtLeast | Sign::Unequal);
        return Some(if all { vec![everything()] } else { Vec::new() });
    }
    let above = link(inner, sign, bound, name)?;
    let below = link(inner, sign.turned(), &bound.clone().negated(), name)?;
    match sign {
        Sign::More | Sign::AtLeast | Sign::Equal => Some(joined([above, below].concat())),
        Sign::Less | Sign::AtMost | Sign::Unequal => Some(common(&[above, below])),
        Sign::About | Sign::In => None,
    }
}

/// The numbers for which `square x² + slope x + rest sign 0` holds.
fn parabola(quadratic: &Quadratic, sign: Sign) -> Option<Vec<Span>> {
    let Quadratic {
        square,
        slope,
        rest,
    } = quadratic;
    let zero = BigRational::zero();
    let sign = if *square > zero { sign } else { sign.turned() };
    let whole = |number: i64| BigRational::from_integer(number.into());
    let under = slope * slope - whole(4) * square * rest;
    if under < zero {
        let all = matches!(sign, Sign::More | Sign::AtLeast | Sign::Unequal);
        return Some(if all { vec![everything()] } else { Vec::new() });
    }
    let width = Expr::Number(under / (whole(4) * square * square)).root(Expr::whole(2));
    let middle = Expr::Number(-slope / (whole(2) * square));
    let low = expr_end(&Expr::difference(&middle, &width), true)?;
    let high = expr_end(&Expr::sum(vec![middle, width]), true)?;
    let point = |end: &End| interval(end.clone(), end.clone());
    let between = interval(low.clone(), high.clone())?;
    let ends = [point(&low)?, point(&high)?].concat();
    match sign {
        Sign::Less => Some(common(&[between, complement(&ends)])),
        Sign::AtMost => Some(between),
        Sign::More => Some(complement(&between)),
        Sign::AtLeast => Some(joined([complement(&between), ends].concat())),
        Sign::Equal => Some(joined(ends)),
        Sign::Unequal => Some(complement(&ends)),
        Sign::About | Sign::In => None,
    }
}

/// The numbers for which `left sign right` holds, which is linear in the unknown.
fn linear(left: &Expr, sign: Sign, right: &Expr, name: &str) -> Option<Vec<Span>> {
    let is_unknown = |expr: &Expr| matches!(expr, Expr::Symbol(symbol) if symbol == name);
    let (sign, bound) = if is_unknown(left) {
        (sign, right.clone())
    } else if is_unknown(right) {
        (sign.turned(), left.clone())
    } else {
        let linear = normal(&Expr::difference(left, right))?.linear_in(name)?;
        let zero = Expr::Number(-&linear.rest / &linear.slope);
        let rising = linear.slope > num_traits::Zero::zero();
        (if rising { sign } else { sign.turned() }, zero)
    };
    let whole = everything();
    let at = expr_end(
        &bound,
        matches!(sign, Sign::AtMost | Sign::AtLeast | Sign::Equal),
    )?;
    match sign {
        Sign::Less | Sign::AtMost => interval(whole.low, at),
        Sign::More | Sign::AtLeast => interval(at, whole.high),
        Sign::Equal => interval(at.clone(), at),
        Sign::Unequal => {
            let point = End { closed: true, ..at };
            Some(complement(&interval(point.clone(), point)?))
        }
        Sign::About | Sign::In => None,
    }
}
