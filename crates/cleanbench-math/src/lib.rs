//! Mathematical expressions as people and models write them, in LaTeX and in plain text: what they say, and whether two of
//! them say the same.
//!
//! [`readings`] reads a formula as the objects that it may be; [`Comparison::compare`] tells whether two are equal, by exact
//! arithmetic where that decides, else by values at points that follow from the names of their symbols. How it goes about it,
//! and with which chance of error, stands with the scorer `math`.
//!
//! Invariants: pure; the same on every machine; what is beyond the bounds of size, depth and work is refused with a reason and
//! never called equal. Work is counted on each thread from [`begin`] on.
//!
//! It refuses what it cannot read whole: half a formula says something else.

mod aside;
mod equal;
mod expr;
mod lex;
mod normal;
mod parse;
mod read;
mod spans;
mod value;

pub use aside::{Aside, aside};
pub use equal::{Comparison, Verdict};
pub use expr::{
    CANNOT_TELL, Constant, Expr, Failure, Joiner, Named, Object, Sign, TOO_DEEP, TOO_LARGE,
    TOO_MANY, UNREADABLE,
};
pub use normal::begin;
pub use read::{Units, readings};
