//! Gates: from what a run recorded to a verdict on each condition that its plan holds.
//!
//! `cleanbench_core::gate` says when a gate passes and when it fails. How the bounds are found:
//!
//! | what | bounds |
//! |---|---|
//! | shares and 0/1 scores of independent samples | Clopper and Pearson |
//! | other scores; samples that hang together | Student's t, over clusters where there are any |
//! | the same where t cannot be trusted | by betting, in no order (`cleanbench_stats::bounded`) |
//! | cost per solved sample | Fieller, over pairs of cost and score |
//! | 95th percentile of times | two order statistics |
//! | difference of 0/1 scores of the same samples | Tango's score interval; exact `McNemar` for superiority |
//! | other differences; samples that hang together | Student's t on the differences |
//! | gates that stop early | a confidence sequence by betting, valid whenever one looks |
//!
//! A sample without an answer, and an epoch without one, counts against the gate and for it: its score is taken
//! for the worst where a pass is at stake and for the best where a failure is; a call without an answer took for
//! ever, or no time. Only what was never meant to be asked is left out.
//!
//! Pure: it reads the run directory, with its copy of the baseline, and nothing else.

mod amounts;
mod baseline;
mod early;
mod family;
mod gather;
mod judge;
mod result;
mod single;
#[cfg(test)]
mod tests;
mod versus;

pub use baseline::{BASELINE_FILES, BASELINE_FOLDER, baseline_file, check_baseline};
pub(crate) use baseline::{Before, Facing};
pub(crate) use early::turns;
pub use early::{Decides, EarlyRule, rules, saving};
pub(crate) use gather::Gatherer;
pub(crate) use judge::evaluate;

/// Power that a gate should have.
pub const ENOUGH: f64 = 0.8;
/// Name of the artefact.
pub const FILE: &str = "gates.json";
