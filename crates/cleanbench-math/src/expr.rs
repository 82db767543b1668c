//! What a formula is once it is read: an expression with a value, or an object made of expressions.
//!
//! Invariant: neither is deeper than [`DEPTH`] or larger than the text that it was read from, so that going through one
//! by recursion is safe.

use std::collections::BTreeSet;

use num_bigint::BigInt;
use num_rational::BigRational;
use num_traits::{One, Zero};

/// How deep brackets, powers and calls may stand in each other.
pub(crate) const DEPTH: usize = 48;

/// Why a formula is not read, or two are not compared.
pub type Failure = &'static str;

/// It is none that can be read whole.
pub const UNREADABLE: Failure = "unreadable formula";
/// Brackets, powers or calls stand too deep in each other.
pub const TOO_DEEP: Failure = "formula too deep";
/// A number has too many digits.
pub const TOO_LARGE: Failure = "number too large";
/// It has too many items.
pub const TOO_MANY: Failure = "too many items";
/// Neither form nor values decide.
pub const CANNOT_TELL: Failure = "equality cannot be told";

/// Constants that are no rational numbers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Constant {
    /// The ratio of a circle to its diameter.
    Pi,
    /// Euler's number.
    E,
    /// The imaginary unit.
    I,
    /// Beyond every number.
    Infinity,
}

/// Something with a value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Expr {
    /// A rational number.
    Number(BigRational),
    /// A constant.
    Constant(Constant),
    /// A name without a value.
    Symbol(String),
    /// Terms that are added.
    Sum(Vec<Expr>),
    /// Factors.
    Product(Vec<Expr>),
    /// A base and its exponent.
    Power(Box<Expr>, Box<Expr>),
    /// A function and its arguments.
    Call(String, Vec<Expr>),
}

/// How the items of a list are joined.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Joiner {
    /// `,` or `;`.
    Comma,
    /// The word "and".
    And,
    /// The word "or".
    Or,
}

/// What stands between the terms of a relation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Sign {
    /// `=`.
    Equal,
    /// `≈`.
    About,
    /// `≠`.
    Unequal,
    /// `<`.
    Less,
    /// `≤`.
    AtMost,
    /// `>`.
    More,
    /// `≥`.
    AtLeast,
    /// `∈`.
    In,
}

/// Sets that have a name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Named {
    /// ∅.
    Empty,
    /// ℝ.
    Reals,
    /// Another letter for a set, such as ℤ.
    Other(char),
}

/// What a formula says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Object {
    /// A value.
    Scalar(Expr),
    /// Items in brackets, in this order.
    Tuple {
        /// The opening bracket.
        open: char,
        /// What stands between them.
        items: Vec<Object>,
        /// The closing bracket.
        close: char,
    },
    /// Items in braces, in any order.
    Set(Vec<Object>),
    /// Items without brackets.
    List(Vec<Object>, Joiner),
    /// Rows of cells.
    Matrix(Vec<Vec<Expr>>),
    /// What is in any of them.
    Union(Vec<Object>),
    /// What is in all of them.
    Common(Vec<Object>),
    /// What is in the first alone.
    Minus(Box<Object>, Box<Object>),
    /// A set that has a name.
    Named(Named),
    /// An equation, an inequality or a chain of them.
    Relation {
        /// What is compared.
        terms: Vec<Object>,
        /// What stands between two terms, each.
        signs: Vec<Sign>,
    },
    /// Words.
    Text(String),
    /// A value and its unit.
    Measured(Box<Object>, String),
}

impl Sign {
    /// The sign with its sides exchanged.
    pub(crate) fn turned(self) -> Self {
        match self {
            Self::Less => Self::More,
            Self::AtMost => Self::AtLeast,
            Self::More => Self::Less,
            Self::AtLeast => Self::AtMost,
            other => other,
        }
    }

    /// Whether the left side is the larger one.
    pub(crate) fn is_descending(self) -> bool {
        matches!(self, Self::More | Self::AtLeast)
    }

    /// Whether it orders its sides.
    pub(crate) fn is_order(self) -> bool {
        self.is_descending() || matches!(self, Self::Less | Self::AtMost)
    }
}

impl Expr {
    pub(crate) fn whole(number: i64) -> Self {
        Self::Number(BigRational::from_integer(BigInt::from(number)))
    }

    pub(crate) fn negated(self) -> Self {
        match self {
            Self::Number(number) => Self::Number(-number),
            other => Self::Product(vec![Self::whole(-1), other]),
        }
    }

    pub(crate) fn inverted(self) -> Self {
        match self {
            Self::Number(number) if !number.is_zero() => Self::Number(number.recip()),
            other => Self::Power(Box::new(other), Box::new(Self::whole(-1))),
        }
    }

    pub(crate) fn power(self, exponent: Self) -> Self {
        Self::Power(Box::new(self), Box::new(exponent))
    }

    pub(crate) fn root(self, degree: Self) -> Self {
        self.power(degree.inverted())
    }

    pub(crate) fn call(name: &str, argument: Self) -> Self {
        Self::Call(name.to_owned(), vec![argument])
    }

    pub(crate) fn product(mut factors: Vec<Self>) -> Self {
        if factors.len() == 1 {
            return factors.swap_remove(0);
        }
        Self::Product(factors)
    }

    pub(crate) fn sum(mut terms: Vec<Self>) -> Self {
        if terms.len() == 1 {
            return terms.swap_remove(0);
        }
        Self::Sum(terms)
    }

    pub(crate) fn difference(left: &Self, right: &Self) -> Self {
        Self::Sum(vec![left.clone(), right.clone().negated()])
    }

    /// What it is made of.
    pub(crate) fn parts(&self) -> Vec<&Self> {
        match self {
            Self::Number(_) | Self::Constant(_) | Self::Symbol(_) => Vec::new(),
            Self::Sum(parts) | Self::Product(parts) | Self::Call(_, parts) => {
                parts.iter().collect()
            }
            Self::Power(base, exponent) => vec![base, exponent],
        }
    }

    /// Whether `wanted` holds for it or for any part of it.
    pub(crate) fn any(&self, wanted: &dyn Fn(&Self) -> bool) -> bool {
        wanted(self) || self.parts().into_iter().any(|part| part.any(wanted))
    }

    pub(crate) fn has_symbols(&self) -> bool {
        self.any(&|part| {
            matches!(part, Self::Symbol(_))
                || matches!(part, Self::Call(name, _) if is_unknown(name))
        })
    }

    pub(crate) fn is_complex(&self) -> bool {
        self.any(&|part| matches!(part, Self::Constant(Constant::I)))
    }

    /// Whether it is a name that a value may be given to: `x`, `x_1`, `f(x)`.
    pub(crate) fn is_name(&self) -> bool {
        match self {
            Self::Symbol(_) => true,
            Self::Call(name, _) => is_unknown(name),
            _ => false,
        }
    }
}

/// Whether a call is one of a function that nothing is known of, as in `f(x)`.
pub(crate) fn is_unknown(name: &str) -> bool {
    name.starts_with('?')
}

impl Object {
    pub(crate) fn number(number: BigRational) -> Self {
        Self::Scalar(Expr::Number(number))
    }

    pub(crate) fn one() -> Self {
        Self::number(BigRational::one())
    }

    /// The expression, where it is one.
    pub(crate) fn scalar(self) -> Result<Expr, Failure> {
        match self {
            Self::Scalar(expr) => Ok(expr),
            _ => Err(UNREADABLE),
        }
    }

    /// The number, where it is plainly one.
    pub fn as_number(&self) -> Option<&BigRational> {
        match self {
            Self::Scalar(Expr::Number(number)) => Some(number),
            _ => None,
        }
    }

    /// Whether it may stand on the left of `=` as the name of what is on the right.
    pub(crate) fn is_name(&self) -> bool {
        match self {
            Self::Scalar(expr) => expr.is_name(),
            Self::Text(_) => true,
            Self::Tuple { items, .. } => items.iter().all(Self::is_name),
            _ => false,
        }
    }

    pub(crate) fn has_symbols(&self) -> bool {
        match self {
            Self::Scalar(expr) => expr.has_symbols(),
            Self::Tuple { items, .. } | Self::Set(items) | Self::List(items, _) => {
                items.iter().any(Self::has_symbols)
            }
            Self::Matrix(rows) => rows.iter().flatten().any(Expr::has_symbols),
            Self::Measured(value, _) => value.has_symbols(),
            _ => true,
        }
    }
}

/// Adds the symbols that occur in `expr`.
pub(crate) fn add_names<'a>(expr: &'a Expr, names: &mut BTreeSet<&'a str>) {
    if let Expr::Symbol(name) = expr {
        names.insert(name);
    }
    for part in expr.parts() {
        add_names(part, names);
    }
}
