//! Whether the plan in a run's manifest is the one that its journal recorded.
//!
//! It refuses a plan that agrees with the journal in part.

use crate::manifest::MANIFEST_FILE;
use crate::parts::RecordedPlans;
use crate::reader::{JournalReader, Tail};
use crate::{Damage, LedgerError, Manifest, RunDirectory};

/// Makes sure that the plan of `manifest` is the one that the journal of `run` recorded.
///
/// # Errors
/// When it is another, or the journal cannot be read up to there.
pub fn check_plan(run: &RunDirectory, manifest: &Manifest) -> Result<(), LedgerError> {
    let mut reader = JournalReader::open(run, manifest, Tail::MayBeTorn)?;
    let mut recorded = RecordedPlans::default();
    while !recorded.are_whole(manifest) {
        let Some((_, record)) = reader.read()? else {
            break;
        };
        recorded.note(&record.event, reader.part());
    }
    if recorded.agree(manifest)? {
        return Ok(());
    }
    let what = "the plan is not the one that the journal recorded";
    Err(Damage::whole(MANIFEST_FILE, what).into())
}
