//! Gates: from what a run recorded to a verdict on each condition that its plan holds.
//!
//! `cleanbench_core::gate` says when a gate passes and when it fails. How the bounds are found:
//!
//! | what | bounds |
//! |---|---|
//! | shares and 0/1 scores of independent samples | Clopper and Pearson |
//! | other scores; samples that hang together | Student's t, over clusters where there are any |
//! | the same where t cannot be trusted | a confidence sequence by betting |
//! | cost per solved sample | Fieller, over pairs of cost and score |
//! | 95th percentile of times | two order statistics |
//! | difference of 0/1 scores of the same samples | Tango's score interval; exact `McNemar` for superiority |
//! | other differences; samples that hang together | Student's t on the differences |
//! | gates that stop early | a confidence sequence by betting, valid whenever one looks |
//!
//! A sample without an answer counts against the gate and for it: its score is taken for the worst where
//! a pass is at stake and for the best where a failure is. Only what was never meant to be asked is left
//! out.
//!
//! Pure: it reads the run directory, with its copy of the baseline, and nothing else.

mod amounts;
mod baseline;
mod describe;
mod early;
mod gather;
mod judge;
mod power;
mod single;
#[cfg(test)]
mod tests;
mod versus;

use std::io::Write;

use cleanbench_core::GateResult;
use serde_json::json;

pub use baseline::{BASELINE_FILES, BASELINE_FOLDER, baseline_file, check_baseline};
pub(crate) use baseline::{Before, Facing};
pub use describe::{amount, condition};
pub(crate) use early::turns;
pub use early::{Decides, EarlyRule, rules, saving};
pub(crate) use gather::Gatherer;
pub(crate) use judge::evaluate;
pub use power::{ENOUGH, Power, power};

use crate::ReportError;

/// Name of the table.
pub const FILE: &str = "gates.json";
/// Format of `gates.json`: 1.1 adds `set_aside`.
const FORMAT: &str = "cleanbench-gates/1.1";
/// The format without what 1.1 adds.
const FIRST_FORMAT: &str = "cleanbench-gates/1.0";

/// All results, for programs.
pub(crate) fn write_json(results: &[GateResult], mut out: impl Write) -> Result<(), ReportError> {
    let counts_aside = results.iter().any(|one| one.set_aside.is_some());
    let format = if counts_aside { FORMAT } else { FIRST_FORMAT };
    let value = json!({"format": format, "gates": results});
    serde_json::to_writer_pretty(&mut out, &value).map_err(std::io::Error::from)?;
    out.write_all(b"\n")?;
    // A buffer that is dropped keeps its error to itself.
    Ok(out.flush()?)
}
