//! Exact normal forms: a fraction of two polynomials with rational coefficients, in symbols, roots of primes, π, e, i, and
//! calls that are not computed.
//!
//! Invariant: where nothing but symbols, roots of primes, π, e and i occurs ([`Normal::is_complete`]), two expressions are
//! equal if and only if the difference of their forms is 0; that π and e are algebraically independent of each other is
//! taken for granted. Work, powers and sizes are bounded; what is beyond has no normal form.

use std::cell::Cell;
use std::collections::BTreeMap;
use std::fmt::Write as _;

use num_bigint::BigInt;
use num_integer::Integer;
use num_rational::{BigRational, Ratio};
use num_traits::{One, Signed, ToPrimitive, Zero, pow};

use crate::expr::{Constant, Expr, is_unknown};

/// Most bits of a numerator or denominator.
const BITS: u64 = 4096;
/// Most terms of a polynomial.
const TERMS: usize = 400;
/// Most work for one judgement: multiplications of terms, those of large numbers counted more often.
const WORK: u64 = 20_000;
/// Largest exponent of a sum.
const EXPONENT: usize = 40;

/// What a term is a product of powers of.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
enum Atom {
    Prime(u64),
    Pi,
    E,
    I,
    Infinity,
    Symbol(String),
    Unresolved(String),
}

type Power = Ratio<i64>;
type Term = Vec<(Atom, Power)>;
type Poly = BTreeMap<Term, BigRational>;

/// A fraction of two polynomials.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Normal {
    above: Poly,
    below: Poly,
}

/// The normal form of `expr`, where there is one within the bounds.
pub(crate) fn normal(expr: &Expr) -> Option<Normal> {
    LEFT.with(|left| {
        let mut work = Work(left.get());
        let found = work.normal(expr);
        left.set(work.0);
        found
    })
}

thread_local! {
    /// Work that is left for the judgement that this thread is at.
    static LEFT: Cell<u64> = const { Cell::new(WORK) };
}

/// Begins a judgement, which may do the whole of the work.
pub fn begin() {
    LEFT.set(WORK);
}

/// Whether all of the work is done, so that a normal form that is missing says nothing.
pub(crate) fn is_exhausted() -> bool {
    LEFT.get() == 0
}

/// Work that is left.
struct Work(u64);

impl Normal {
    fn rational(value: BigRational) -> Self {
        Self {
            above: constant(value),
            below: constant(BigRational::one()),
        }
    }

    fn atom(atom: Atom) -> Self {
        let term = vec![(atom, Power::one())];
        Self {
            above: Poly::from([(term, BigRational::one())]),
            below: constant(BigRational::one()),
        }
    }

    pub(crate) fn is_zero(&self) -> bool {
        self.above.is_empty()
    }

    /// The number, where it is a rational one.
    pub(crate) fn as_rational(&self) -> Option<BigRational> {
        let below = as_constant(&self.below)?;
        Some(as_constant(&self.above)? / below)
    }

    /// Whether it says all there is to say, see the invariant.
    pub(crate) fn is_complete(&self) -> bool {
        self.atoms()
            .all(|atom| !matches!(atom, Atom::Unresolved(_)))
    }

    /// Whether only symbols and rational numbers occur.
    pub(crate) fn is_rational(&self) -> bool {
        self.atoms().all(|atom| matches!(atom, Atom::Symbol(_)))
    }

    fn atoms(&self) -> impl Iterator<Item = &Atom> {
        let terms = self.above.keys().chain(self.below.keys());
        terms.flatten().map(|(atom, _)| atom)
    }

    /// What its numerator is to be multiplied by to give that of `other`, where it is a number and neither is 0.
    pub(crate) fn scale_to(&self, other: &Self) -> Option<BigRational> {
        let (term, coefficient) = self.above.iter().next()?;
        let scale = other.above.get(term)? / coefficient;
        let same = self.above.len() == other.above.len()
            && self.above.iter().all(|(term, coefficient)| {
                other
                    .above
                    .get(term)
                    .is_some_and(|found| *found == coefficient * &scale)
            });
        same.then_some(scale)
    }

    /// The denominator, where it is a number.
    pub(crate) fn constant_below(&self) -> Option<BigRational> {
        as_constant(&self.below)
    }

    /// `a` and `b` of `a x + b`, where it is that for the symbol `name`, with numbers, and `a` is not 0.
    pub(crate) fn linear_in(&self, name: &str) -> Option<Linear> {
        let below = self.constant_below()?;
        let mut found = Linear {
            slope: BigRational::zero(),
            rest: BigRational::zero(),
        };
        for (term, coefficient) in &self.above {
            match term.as_slice() {
                [] => found.rest = coefficient / &below,
                [(Atom::Symbol(symbol), power)] if symbol == name && power.is_one() => {
                    found.slope = coefficient / &below;
                }
                _ => return None,
            }
        }
        (!found.slope.is_zero()).then_some(found)
    }

    /// `a`, `b` and `c` of `a x² + b x + c`, where it is that for the symbol `name`, with numbers, and `a` is not 0.
    pub(crate) fn quadratic_in(&self, name: &str) -> Option<Quadratic> {
        let below = self.constant_below()?;
        let [mut square, mut slope, mut rest] = [(); 3].map(|()| BigRational::zero());
        let two = num_rational::Ratio::from_integer(2);
        for (term, coefficient) in &self.above {
            let coefficient = coefficient / &below;
            match term.as_slice() {
                [] => rest = coefficient,
                [(Atom::Symbol(symbol), power)] if symbol == name && power.is_one() => {
                    slope = coefficient;
                }
                [(Atom::Symbol(symbol), power)] if symbol == name && *power == two => {
                    square = coefficient;
                }
                _ => return None,
            }
        }
        (!square.is_zero()).then_some(Quadratic {
            square,
            slope,
            rest,
        })
    }
}

/// `square · x² + slope · x + rest`.
#[derive(Debug, Clone)]
pub(crate) struct Quadratic {
    pub(crate) square: BigRational,
    pub(crate) slope: BigRational,
    pub(crate) rest: BigRational,
}

/// `slope · x + rest`.
#[derive(Debug, Clone)]
pub(crate) struct Linear {
    pub(crate) slope: BigRational,
    pub(crate) rest: BigRational,
}

fn constant(value: BigRational) -> Poly {
    let mut poly = Poly::new();
    if !value.is_zero() {
        poly.insert(Term::new(), value);
    }
    poly
}

fn as_constant(poly: &Poly) -> Option<BigRational> {
    match poly.len() {
        0 => Some(BigRational::zero()),
        1 => poly.get(&Term::new()).cloned(),
        _ => None,
    }
}

fn is_small(value: &BigRational) -> bool {
    value.numer().bits() <= BITS && value.denom().bits() <= BITS
}

impl Work {
    fn normal(&mut self, expr: &Expr) -> Option<Normal> {
        match expr {
            Expr::Number(number) => {
                Some(Normal::rational(number.clone())).filter(|_| is_small(number))
            }
            Expr::Symbol(name) => Some(Normal::atom(Atom::Symbol(name.clone()))),
            Expr::Constant(constant) => Some(Normal::atom(match constant {
                Constant::Pi => Atom::Pi,
                Constant::E => Atom::E,
                Constant::I => Atom::I,
                Constant::Infinity => Atom::Infinity,
            })),
            Expr::Sum(terms) => {
                let mut sum = Normal::rational(BigRational::zero());
                for term in terms {
                    let term = self.normal(term)?;
                    sum = self.added(&sum, &term)?;
                }
                Some(sum)
            }
            Expr::Product(factors) => {
                let mut product = Normal::rational(BigRational::one());
                for factor in factors {
                    let factor = self.normal(factor)?;
                    product = self.multiplied(&product, &factor)?;
                }
                Some(product)
            }
            Expr::Power(base, exponent) => self.power(base, exponent),
            Expr::Call(name, arguments) => self.call(name, arguments),
        }
    }

    fn added(&mut self, left: &Normal, right: &Normal) -> Option<Normal> {
        if left.below == right.below {
            let above = sum(left.above.clone(), &right.above)?;
            return Some(Normal {
                above,
                below: left.below.clone(),
            });
        }
        let first = self.product(&left.above, &right.below)?;
        let second = self.product(&right.above, &left.below)?;
        Some(Normal {
            above: sum(first, &second)?,
            below: self.product(&left.below, &right.below)?,
        })
    }

    fn multiplied(&mut self, left: &Normal, right: &Normal) -> Option<Normal> {
        Some(Normal {
            above: self.product(&left.above, &right.above)?,
            below: self.product(&left.below, &right.below)?,
        })
    }

    fn product(&mut self, left: &Poly, right: &Poly) -> Option<Poly> {
        let mut out = Poly::new();
        for (term, coefficient) in left {
            for (other, by) in right {
                self.spend(coefficient, by)?;
                let mut value = coefficient * by;
                let term = reduced(merged(term, other)?, &mut value)?;
                if !is_small(&value) {
                    return None;
                }
                add_to(&mut out, term, value);
            }
        }
        (out.len() <= TERMS).then_some(out)
    }

    /// Pays for a multiplication, by the square of its size.
    fn spend(&mut self, left: &BigRational, right: &BigRational) -> Option<()> {
        let bits = |number: &BigRational| number.numer().bits().max(number.denom().bits());
        let words = (bits(left) + bits(right)) / 128;
        self.0 = self.0.saturating_sub(1 + words * words);
        (self.0 > 0).then_some(())
    }

    fn power(&mut self, base: &Expr, exponent: &Expr) -> Option<Normal> {
        let inner = self.normal(base)?;
        let by = self.normal(exponent).and_then(|by| by.as_rational());
        let Some(by) = by else {
            return self.unresolved("^", &[base.clone(), exponent.clone()]);
        };
        let (above, below) = (by.numer().to_i64()?, by.denom().to_i64()?);
        if below == 1 {
            return self.whole_power(&inner, above);
        }
        match rooted(&inner, Power::new(above, below)) {
            Some(root) => Some(root),
            None => self.unresolved("^", &[base.clone(), exponent.clone()]),
        }
    }

    fn whole_power(&mut self, base: &Normal, exponent: i64) -> Option<Normal> {
        let base = if exponent < 0 {
            flipped(base)?
        } else {
            base.clone()
        };
        let times = usize::try_from(exponent.unsigned_abs()).ok()?;
        let single = base.above.len() <= 1 && base.below.len() <= 1;
        if !single && times > EXPONENT {
            return None;
        }
        let mut result = Normal::rational(BigRational::one());
        let (mut square, mut left) = (base, times);
        while left > 0 {
            if left % 2 == 1 {
                result = self.multiplied(&result, &square)?;
            }
            left /= 2;
            if left > 0 {
                square = self.multiplied(&square, &square)?;
            }
        }
        Some(result)
    }

    fn call(&mut self, name: &str, arguments: &[Expr]) -> Option<Normal> {
        let mut inner = Vec::with_capacity(arguments.len());
        for argument in arguments {
            inner.push(self.normal(argument)?);
        }
        match (name, inner.as_slice()) {
            ("%", [value]) => {
                let hundredth = BigRational::new(BigInt::one(), BigInt::from(100));
                return self.multiplied(value, &Normal::rational(hundredth));
            }
            ("°", [value]) => {
                let share = Normal::rational(BigRational::new(BigInt::one(), BigInt::from(180)));
                let value = self.multiplied(value, &share)?;
                return self.multiplied(&value, &Normal::atom(Atom::Pi));
            }
            _ => {}
        }
        let numbers: Option<Vec<BigRational>> = inner.iter().map(Normal::as_rational).collect();
        if let Some(value) = numbers.and_then(|numbers| computed(name, &numbers)) {
            return Some(Normal::rational(value));
        }
        if is_unknown(name) {
            return Some(Normal::atom(Atom::Symbol(format!("{name}{inner:?}"))));
        }
        Some(Normal::atom(Atom::Unresolved(format!("{name}{inner:?}"))))
    }

    /// Something that is not computed, by what it is made of.
    fn unresolved(&mut self, name: &str, parts: &[Expr]) -> Option<Normal> {
        let mut key = name.to_owned();
        for part in parts {
            let part = self.normal(part)?;
            write!(key, "{part:?}").ok()?;
        }
        Some(Normal::atom(Atom::Unresolved(key)))
    }
}

fn sum(mut left: Poly, right: &Poly) -> Option<Poly> {
    for (term, coefficient) in right {
        add_to(&mut left, term.clone(), coefficient.clone());
    }
    (left.len() <= TERMS && left.values().all(is_small)).then_some(left)
}

fn add_to(poly: &mut Poly, term: Term, value: BigRational) {
    let sum = poly
        .remove(&term)
        .map_or(value.clone(), |found| found + value);
    if !sum.is_zero() {
        poly.insert(term, sum);
    }
}

fn flipped(normal: &Normal) -> Option<Normal> {
    if normal.is_zero() {
        return None;
    }
    let mut flipped = Normal {
        above: normal.below.clone(),
        below: normal.above.clone(),
    };
    if let Some(value) = as_constant(&flipped.below) {
        let by = value.recip();
        flipped
            .above
            .values_mut()
            .for_each(|coefficient| *coefficient *= &by);
        flipped.below = constant(BigRational::one());
    }
    Some(flipped)
}

/// The product of two terms, not reduced.
fn merged(left: &Term, right: &Term) -> Option<Term> {
    let mut out = left.clone();
    for (atom, power) in right {
        match out.binary_search_by(|(found, _)| found.cmp(atom)) {
            Ok(at) => {
                let sum = out[at].1 + *power;
                if sum.numer().abs() > 10_000 || *sum.denom() > 10_000 {
                    return None;
                }
                out[at].1 = sum;
            }
            Err(at) => out.insert(at, (atom.clone(), *power)),
        }
    }
    Some(out)
}

/// A term whose whole powers of primes and of i went into `value`.
fn reduced(term: Term, value: &mut BigRational) -> Option<Term> {
    let mut out = Term::with_capacity(term.len());
    for (atom, power) in term {
        let power = match &atom {
            Atom::Prime(prime) => {
                let whole = power.floor().to_integer();
                *value *= whole_power_of(*prime, whole)?;
                power - Power::from_integer(whole)
            }
            Atom::I => {
                let turns = power.to_integer().rem_euclid(4);
                if turns >= 2 {
                    *value = -value.clone();
                }
                Power::from_integer(turns % 2)
            }
            _ => power,
        };
        if !power.is_zero() {
            out.push((atom, power));
        }
    }
    Some(out)
}

fn whole_power_of(prime: u64, exponent: i64) -> Option<BigRational> {
    let size = usize::try_from(exponent.unsigned_abs()).ok()?;
    if size > 512 {
        return None;
    }
    let value = BigRational::from_integer(pow(BigInt::from(prime), size));
    Some(if exponent < 0 { value.recip() } else { value })
}

/// A root of one term over another, where it can be drawn exactly: of a number, of powers of constants, and of a single
/// symbol with a positive factor.
fn rooted(base: &Normal, power: Power) -> Option<Normal> {
    if base.is_zero() && power.is_positive() {
        return Some(base.clone());
    }
    if base.above.len() != 1
        || base.below.len() != 1
        || *power.denom() > 12
        || power.numer().abs() > 120
    {
        return None;
    }
    let (above, coefficient) = base.above.iter().next()?;
    let (below, divisor) = base.below.iter().next()?;
    if !below.is_empty() || above.len() > 1 && above.iter().any(|(atom, _)| is_signed(atom)) {
        return None;
    }
    let mut number = coefficient / divisor;
    let mut value = BigRational::one();
    let mut term = Term::new();
    if number.is_negative() {
        let odd = power.denom().is_odd();
        if !above.is_empty() || !odd && *power.denom() != 2 {
            return None;
        }
        number = -number;
        if !odd {
            term.push((Atom::I, Power::from_integer(*power.numer())));
        } else if power.numer().is_odd() {
            value = -value;
        }
    }
    for (atom, exponent) in above {
        if is_signed(atom) && !exponent.is_one() {
            return None;
        }
        term = merged(&term, &vec![(atom.clone(), exponent * power)])?;
    }
    term = merged(&term, &factored(number.numer(), power)?)?;
    term = merged(&term, &factored(number.denom(), -power)?)?;
    let term = reduced(term, &mut value)?;
    let above = Poly::from([(term, value)]);
    Some(Normal {
        above,
        below: constant(BigRational::one()),
    })
}

/// Whether an atom may stand for a number that is not positive.
fn is_signed(atom: &Atom) -> bool {
    !matches!(atom, Atom::Prime(_) | Atom::Pi | Atom::E)
}

/// The primes of a positive number, each to its exponent times `power`.
fn factored(number: &BigInt, power: Power) -> Option<Term> {
    let mut left = number.to_u64()?;
    let mut term = Term::new();
    let mut prime = 2;
    while left > 1 {
        if prime > 2000 && prime * prime <= left {
            return None;
        }
        if prime * prime > left {
            prime = left;
        }
        let mut exponent = 0;
        while left % prime == 0 {
            left /= prime;
            exponent += 1;
        }
        if exponent > 0 {
            term.push((Atom::Prime(prime), power * Power::from_integer(exponent)));
        }
        prime += 1;
    }
    Some(term)
}

/// The value of a call for rational numbers, where it is rational and known.
fn computed(name: &str, numbers: &[BigRational]) -> Option<BigRational> {
    match (name, numbers) {
        ("abs", [value]) => Some(value.abs()),
        ("floor", [value]) => Some(value.floor()),
        ("ceil", [value]) => Some(value.ceil()),
        ("!", [value]) => factorial(value),
        ("binom", [of, chosen]) => binomial(of, chosen),
        ("min", [first, rest @ ..]) => {
            Some(rest.iter().fold(first.clone(), |a, b| a.min(b.clone())))
        }
        ("max", [first, rest @ ..]) => {
            Some(rest.iter().fold(first.clone(), |a, b| a.max(b.clone())))
        }
        ("gcd", [first, rest @ ..]) => over_whole(first, rest, BigInt::gcd),
        ("lcm", [first, rest @ ..]) => over_whole(first, rest, BigInt::lcm),
        _ => None,
    }
}

fn over_whole(
    first: &BigRational,
    rest: &[BigRational],
    join: fn(&BigInt, &BigInt) -> BigInt,
) -> Option<BigRational> {
    let mut value = first.is_integer().then(|| first.to_integer())?;
    for other in rest {
        value = join(&value, &other.is_integer().then(|| other.to_integer())?);
    }
    Some(BigRational::from_integer(value)).filter(is_small)
}

fn factorial(value: &BigRational) -> Option<BigRational> {
    let size = value.is_integer().then(|| value.to_integer().to_u32())??;
    (size <= 400).then(|| {
        let product = (2..=size).fold(BigInt::one(), |product, factor| product * factor);
        BigRational::from_integer(product)
    })
}

fn binomial(of: &BigRational, chosen: &BigRational) -> Option<BigRational> {
    let of = of.is_integer().then(|| of.to_integer().to_u32())??;
    let chosen = chosen
        .is_integer()
        .then(|| chosen.to_integer().to_u32())??;
    if of > 1000 {
        return None;
    }
    if chosen > of {
        return Some(BigRational::zero());
    }
    let least = chosen.min(of - chosen);
    let value = (0..least).fold(BigInt::one(), |value, at| value * (of - at) / (at + 1));
    Some(BigRational::from_integer(value))
}
