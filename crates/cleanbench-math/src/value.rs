//! Values of expressions in 64-bit floats, complex where they are, each with a bound of its error by rounding.
//!
//! Symbols have values that follow from their names and the number of a point alone, and all functions are those of one
//! library in software, so a value is the same on every machine. Where an expression is real but a part of it is not,
//! as in √x for a negative x, it has no value at that point.

use num_rational::BigRational;
use num_traits::ToPrimitive;

use crate::expr::{Constant, Expr, is_unknown};

/// A complex number and how far off it may be.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Value {
    pub(crate) re: f64,
    pub(crate) im: f64,
    pub(crate) error: f64,
}

/// Where an expression is evaluated.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Point {
    pub(crate) number: u32,
    /// Whether values of parts may be complex.
    pub(crate) complex: bool,
}

impl Value {
    fn new(re: f64, im: f64, error: f64) -> Option<Self> {
        let error = error + f64::EPSILON * (re.abs() + im.abs());
        let finite = re.is_finite() && im.is_finite() && error.is_finite();
        finite.then_some(Self { re, im, error })
    }

    fn real(re: f64, error: f64) -> Option<Self> {
        Self::new(re, 0.0, error)
    }

    pub(crate) fn size(self) -> f64 {
        libm::hypot(self.re, self.im)
    }

    fn angle(self) -> f64 {
        libm::atan2(self.im, self.re)
    }

    fn is_real(self) -> bool {
        self.im == 0.0
    }

    fn plus(self, other: Self) -> Option<Self> {
        Self::new(
            self.re + other.re,
            self.im + other.im,
            self.error + other.error,
        )
    }

    fn times(self, other: Self) -> Option<Self> {
        let error =
            self.size() * other.error + other.size() * self.error + self.error * other.error;
        let rounding = 2.0 * f64::EPSILON * self.size() * other.size();
        Self::new(
            self.re * other.re - self.im * other.im,
            self.re * other.im + self.im * other.re,
            error + rounding,
        )
    }

    /// How far the two are apart, in units of what rounding may make of equal ones.
    pub(crate) fn apart(self, other: Self) -> f64 {
        let distance = libm::hypot(self.re - other.re, self.im - other.im);
        distance / (self.error + other.error + f64::MIN_POSITIVE)
    }

    /// The quotient, which is no number where the divisor may be 0.
    pub(crate) fn over(self, other: Self) -> Option<Self> {
        let minus_one = Self {
            re: -1.0,
            im: 0.0,
            error: 0.0,
        };
        self.times(power(other, minus_one, None, true)?)
    }
}

/// The value of `expr`; `None` where it has none.
pub(crate) fn value(expr: &Expr, at: Point) -> Option<Value> {
    match expr {
        Expr::Number(number) => Value::real(number.to_f64()?, 0.0),
        Expr::Symbol(name) => Value::real(coordinate(name, at.number), 0.0),
        Expr::Constant(Constant::Pi) => Value::real(std::f64::consts::PI, 0.0),
        Expr::Constant(Constant::E) => Value::real(std::f64::consts::E, 0.0),
        Expr::Constant(Constant::I) => Value::new(0.0, 1.0, 0.0),
        Expr::Constant(Constant::Infinity) => None,
        Expr::Sum(terms) => {
            let start = Value::real(0.0, 0.0)?;
            terms
                .iter()
                .try_fold(start, |sum, term| sum.plus(value(term, at)?))
        }
        Expr::Product(factors) => {
            let start = Value::real(1.0, 0.0)?;
            factors
                .iter()
                .try_fold(start, |product, factor| product.times(value(factor, at)?))
        }
        Expr::Power(base, exponent) => {
            let exact = match exponent.as_ref() {
                Expr::Number(number) => Some(number),
                _ => None,
            };
            power(value(base, at)?, value(exponent, at)?, exact, at.complex)
        }
        Expr::Call(name, arguments) => {
            let inner: Option<Vec<Value>> = arguments.iter().map(|part| value(part, at)).collect();
            called(name, &inner?, at)
        }
    }
}

/// The coordinate of a symbol: positive at even points, of either sign at odd ones.
fn coordinate(name: &str, point: u32) -> f64 {
    let mixed = mixed(name.bytes().chain(point.to_le_bytes()));
    let share = f64::from(u32::try_from(mixed >> 40).unwrap_or(0)) / f64::from(1_u32 << 24);
    let size = if point.is_multiple_of(3) {
        0.05 + 0.9 * share
    } else {
        0.1 + 3.1 * share
    };
    if point % 2 == 1 && mixed & 1 == 1 {
        -size
    } else {
        size
    }
}

/// A number that depends on every byte: FNV-1a, and a last mixing.
fn mixed(bytes: impl Iterator<Item = u8>) -> u64 {
    let hash = bytes.fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
    });
    let hash = (hash ^ (hash >> 33)).wrapping_mul(0xff51_afd7_ed55_8ccd);
    hash ^ (hash >> 33)
}

/// `base` to the power `exponent`, which is exactly `exact` where that is known.
fn power(
    base: Value,
    exponent: Value,
    exact: Option<&BigRational>,
    complex: bool,
) -> Option<Value> {
    let size = base.size();
    if size <= base.error * 4.0 {
        let zero = base.re == 0.0 && base.im == 0.0 && exponent.is_real() && exponent.re > 0.0;
        return if zero { Value::real(0.0, 0.0) } else { None };
    }
    let growth = exponent.size() * base.error / size;
    let relative = growth + (libm::log(size).abs() + 4.0) * exponent.error;
    if base.is_real() && exponent.is_real() {
        let positive = libm::pow(base.re.abs(), exponent.re);
        let error = positive.abs() * (relative + 8.0 * f64::EPSILON);
        if base.re > 0.0 {
            return Value::real(positive, error);
        }
        if let Some(sign) = sign_of_power(exponent.re, exact) {
            return Value::real(sign * positive, error);
        }
        if !complex {
            return None;
        }
    }
    let log = Value::new(libm::log(size), base.angle(), base.error / size)?;
    exponential(exponent.times(log)?)
}

/// The sign of a negative number to a real power, where that is real: odd roots are.
fn sign_of_power(exponent: f64, exact: Option<&BigRational>) -> Option<f64> {
    if (libm::trunc(exponent) - exponent).abs() <= 0.0 && exponent.abs() < 1e9 {
        return Some(if libm::fmod(exponent, 2.0) == 0.0 {
            1.0
        } else {
            -1.0
        });
    }
    let exact = exact?;
    let (above, below) = (exact.numer().to_i64()?, exact.denom().to_i64()?);
    match (below % 2, above % 2) {
        (0, _) => None,
        (_, 0) => Some(1.0),
        _ => Some(-1.0),
    }
}

fn exponential(of: Value) -> Option<Value> {
    let size = libm::exp(of.re);
    let error = size * (of.error + 4.0 * f64::EPSILON * (1.0 + of.size()));
    if of.is_real() {
        return Value::real(size, error);
    }
    Value::new(size * libm::cos(of.im), size * libm::sin(of.im), error)
}

/// The value of a function.
fn called(name: &str, arguments: &[Value], at: Point) -> Option<Value> {
    if is_unknown(name) {
        return unknown(name, arguments, at);
    }
    match (name, arguments) {
        ("exp", [of]) => exponential(*of),
        ("ln" | "log", [of]) => logarithm(name, *of, at.complex),
        ("abs", [of]) => Value::real(of.size(), of.error),
        ("%", [of]) => of.times(Value::real(0.01, 0.0)?),
        ("°", [of]) => of.times(Value::real(std::f64::consts::PI / 180.0, 0.0)?),
        (_, [of]) if of.is_real() => real_function(name, *of),
        _ => None,
    }
}

/// A smooth function that follows from the name, for one of which nothing is known.
fn unknown(name: &str, arguments: &[Value], at: Point) -> Option<Value> {
    let mut sum = Value::real(coordinate(name, at.number), 0.0)?;
    for (position, argument) in arguments.iter().enumerate() {
        let position = u32::try_from(position).ok()?;
        let factor = Value::real(coordinate(name, at.number + 2 * position + 100), 0.0)?;
        sum = sum.plus(argument.times(factor)?)?;
    }
    real_function("sin", sum)
}

fn logarithm(name: &str, of: Value, complex: bool) -> Option<Value> {
    let size = of.size();
    let negative = !of.is_real() || of.re < 0.0;
    if size <= of.error * 4.0 || negative && !complex {
        return None;
    }
    let angle = if negative { of.angle() } else { 0.0 };
    let log = Value::new(libm::log(size), angle, of.error / size + f64::EPSILON)?;
    match name {
        "log" => log.times(Value::real(std::f64::consts::LOG10_E, 0.0)?),
        _ => Some(log),
    }
}

/// A function of a real number, whose error is that of its argument carried through.
fn real_function(name: &str, of: Value) -> Option<Value> {
    let function = function(name)?;
    let (value, moved) = (function(of.re), function(of.re + of.error));
    let moved_back = function(of.re - of.error);
    let spread = (moved - value).abs().max((moved_back - value).abs());
    let spread = if spread.is_finite() {
        spread
    } else {
        libm::sqrt(of.error)
    };
    Value::real(value, spread + 4.0 * f64::EPSILON * value.abs())
}

fn function(name: &str) -> Option<fn(f64) -> f64> {
    Some(match name {
        "sin" => libm::sin,
        "cos" => libm::cos,
        "tan" => libm::tan,
        "cot" => |x| 1.0 / libm::tan(x),
        "sec" => |x| 1.0 / libm::cos(x),
        "csc" => |x| 1.0 / libm::sin(x),
        "arcsin" => libm::asin,
        "arccos" => libm::acos,
        "arctan" => libm::atan,
        "sinh" => libm::sinh,
        "cosh" => libm::cosh,
        "tanh" => libm::tanh,
        "arcsinh" => libm::asinh,
        "arccosh" => libm::acosh,
        "arctanh" => libm::atanh,
        "floor" => libm::floor,
        "ceil" => libm::ceil,
        "!" => |x| libm::tgamma(x + 1.0),
        _ => return None,
    })
}
