//! Scorers from outside: what they read in answers, what surrounds an answer, and what nobody should send them.

mod answers;
mod common;
mod graded;
mod math;
mod registry;
