//! What the probes of a suite ask, for somebody who puts it to an endpoint that cleanbench cannot reach.
//!
//! Invariant: these are the calls of a run of probes alone with the same suite, tasks and seed, the checks of the endpoint
//! among them. It refuses a suite of which no probe can be put so.

use cleanbench_ledger::note::Note;
use cleanbench_suite::Suite;

use crate::options::SelectOptions;
use crate::probes::{self, PlannedProbe};
use crate::selection::select;
use crate::{PlanError, probes_only};

/// The probes of `suite` with their questions. What people must know of it is added to `notes`.
///
/// # Errors
/// When no probe can be put, or a sample cannot be read.
pub fn questions(
    suite: &Suite,
    options: &SelectOptions,
    seed: u64,
    notes: &mut Vec<Note>,
) -> Result<Vec<PlannedProbe>, PlanError> {
    let selected = select(suite, options)?;
    let wanted = probes_only::put_elsewhere(suite)?;
    notes.extend(probes_only::not_elsewhere(suite));
    let mut planned = probes::plan(Some(&wanted), &selected, seed)?;
    if planned.is_empty() {
        return Err(probes_only::no_controls(&selected));
    }
    planned.extend(probes::checks_beside(&planned, &[])?);
    Ok(planned)
}
