//! From what a user asked for to a plan: which tasks, samples, models, probes and gates, under which key.
//!
//! Options go in as plain values, and a plan comes out, or a [`PlanError`] whose kind says what sort of
//! mistake it is and whose hints say what to do next. What people must know besides comes as
//! [`Note`](cleanbench_ledger::note::Note)s.
//!
//! Invariants: nothing here prints, knows a command line, reads a clock or the environment, or asks a model; the
//! folder, the day, the variables and what is known of endpoints come in as [`Surroundings`]. The files that are written are a suite's key
//! on its first use, and what a user [trusts](trust::Trust), in a folder that is handed in. A server could use it as it is.
//!
//! It refuses, before anything is written or sent: what a models file asks for that nobody answers for, a label that a host may not see, a missing key, a program that
//! was not allowed, a baseline that gates cannot be judged against, a cap that could not be kept.

pub mod caps;
pub mod check;
pub mod connect;
pub mod earlier_run;
pub mod endpoints;
mod error;
pub mod found;
pub mod gates;
pub mod judges;
pub mod nights;
pub mod options;
pub mod power;
pub mod probes;
mod probes_only;
pub mod quarantine;
pub mod questions;
pub mod reach;
mod references;
pub mod replay;
pub mod rerun;
pub mod resume;
pub mod run;
pub mod score;
pub mod selection;
pub mod suite;
pub mod suite_key;
pub mod support;
pub mod trust;

pub use error::{ErrorKind, PlanError};
pub use options::Surroundings;
