//! Calls that are planned from the answers to earlier ones.
//!
//! Whoever knows what they are is asked whenever all calls that can be made have been: it reads what is on
//! record and says which batches are due. Each is written down before its first call, so a run that is cut off
//! goes on with the same ones. What is due and on record already is not due again.

use std::sync::Arc;

use cleanbench_core::Shard;
use cleanbench_core::history::{Batch, CallTable};
use cleanbench_ledger::batches::{self, DueBatch};
use cleanbench_ledger::{LedgerError, Manifest};

use crate::context::Context;
use crate::error::{EngineError, PlannerError};

/// Says which batches are due in a run, from what is on record of it and from nothing else. It is called only
/// while nobody writes.
pub type Planner = Arc<dyn Fn() -> Result<Vec<DueBatch>, PlannerError> + Send + Sync>;

/// Plans what is due after the calls in `table`, and adds it there. Empty where nothing is.
pub(crate) async fn plan(
    context: &Context,
    planner: &Planner,
    table: &mut CallTable,
) -> Result<Vec<Batch>, EngineError> {
    context.ledger.flushed().written().await?;
    let mut planned = Vec::new();
    for due in planner()? {
        planned.push(record(context, table, &due).await?);
    }
    Ok(planned)
}

/// Writes the batch `due` down.
async fn record(
    context: &Context,
    table: &mut CallTable,
    due: &DueBatch,
) -> Result<Batch, EngineError> {
    let number = next_number(&context.manifest, table)?;
    let event = batches::write(&context.run, number, table.generation(), due)?;
    let unplanned = |error| EngineError::Planner(PlannerError(format!("{error}")));
    table.apply(&event).map_err(unplanned)?;
    context.ledger.append(event).written().await?;
    let batch = table.space().batch(number).cloned();
    batch.ok_or_else(|| EngineError::Planner(PlannerError("a batch was lost".to_owned())))
}

/// The number of the next batch: one above the last of the same writers, whose range is that of their journal
/// segments.
fn next_number(manifest: &Manifest, table: &CallTable) -> Result<u32, LedgerError> {
    let (first, _) = manifest.first_segments();
    let last = table.space().batches().map(|batch| batch.number).max();
    let number = last.unwrap_or(first).max(first) + 1;
    let is_full = |shard: Shard| !shard.has_batch(number);
    if manifest.shard.is_some_and(is_full) {
        let what = "this shard has planned too many batches to plan another one";
        return Err(std::io::Error::other(what).into());
    }
    Ok(number)
}
