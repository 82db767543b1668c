//! Writing a new run down before its first call.

use std::collections::BTreeMap;

use cleanbench_core::history::CallTable;
use cleanbench_core::{Digest, DigestKey, RunId, Shard};
use cleanbench_ledger::draft::{Draft, Input};
use cleanbench_ledger::manifest::{TABLES, TaskPlan};
use cleanbench_ledger::note::Note;
use cleanbench_ledger::samples::{SampleContent, SampleWriter, WrittenSamples};
use cleanbench_ledger::writer::{Continuation, timestamp};
use cleanbench_ledger::{LedgerError, Manifest, Plan, RunDirectory};

use crate::resume::Opened;

/// Why a run cannot be written down.
#[derive(Debug, thiserror::Error)]
pub enum PrepareError<E> {
    /// A sample could not be read.
    #[error(transparent)]
    Sample(E),
    /// The run directory cannot be written.
    #[error(transparent)]
    Ledger(#[from] LedgerError),
}

/// Writes the run directory of `draft` with all `samples` (task position and content, in plan order).
///
/// # Errors
/// When a sample cannot be read or the directory cannot be written; the directory is then left
/// without a `run.json`, so nothing takes it for a run.
pub fn prepare<E>(
    draft: Draft,
    samples: impl IntoIterator<Item = Result<(u32, SampleContent), E>>,
) -> Result<Opened, PrepareError<E>> {
    prepare_noting(draft, samples, |_| Vec::new())
}

/// The same; `counted` says what people must know besides, once the samples of the tasks were counted.
///
/// # Errors
/// As [`prepare`].
pub fn prepare_noting<E>(
    draft: Draft,
    samples: impl IntoIterator<Item = Result<(u32, SampleContent), E>>,
    counted: impl FnOnce(&[TaskPlan]) -> Vec<Note>,
) -> Result<Opened, PrepareError<E>> {
    let created = timestamp();
    let kind = draft.shard.map(kind_of).unwrap_or_default();
    let name = |id: &RunId| RunDirectory::name(&compact(&created), &draft.suite.name, &kind, id);
    let mut run = RunDirectory::create(&draft.out, &name(&draft.run))?;
    let lock = run.lock()?;
    let inputs = write_inputs(&run, &draft.inputs)?;
    let mut tasks = draft.tasks;
    let written = write_samples(&run, draft.key, samples, &mut tasks)?;
    let mut notes = draft.notes;
    notes.extend(counted(&tasks));
    let plan = Plan {
        tool: draft.tool,
        created: created.clone(),
        suite: draft.suite.clone(),
        models: draft.models,
        tasks,
        tables: TABLES,
        seed: draft.seed,
        samples_digest: written.file,
        samples_root: written.root,
        inputs,
        gates: draft.gates,
        baseline: draft.baseline,
        junit: draft.junit,
        quarantine: draft.quarantine,
        replay: draft.replay,
        selection: draft.selection,
        imported: draft.imported,
        notes,
    };
    plan.check_calls(&run)?;
    let mut table = CallTable::new(plan.call_space());
    table.narrow(draft.shard);
    let id = match draft.shard {
        None => draft.run.clone(),
        Some(shard) => plan
            .sharded_id(shard.count)
            .map_err(|error| LedgerError::from(std::io::Error::from(error)))?,
    };
    let mut manifest = Manifest {
        format: String::new(),
        run: id,
        shard: draft.shard,
        merged: None,
        plan,
        end: None,
    };
    manifest.lowest_format().clone_into(&mut manifest.format);
    manifest.write(&run)?;
    if manifest.run != draft.run {
        run = run.rename(&name(&manifest.run))?;
    }
    let continuation = Continuation::first(&manifest, written.next_payload_segment);
    Ok(Opened {
        run,
        manifest,
        table,
        pending: Vec::new(),
        continuation,
        lock,
        planned: false,
        scores: Vec::new(),
        index: Some(written.index),
    })
}

fn write_inputs(
    run: &RunDirectory,
    inputs: &[Input],
) -> Result<BTreeMap<String, Digest>, LedgerError> {
    let mut digests = BTreeMap::new();
    for input in inputs {
        let path = format!("inputs/{}", input.name);
        cleanbench_ledger::manifest::write_atomically(run, &path, &input.bytes)?;
        digests.insert(path, Digest::of_file_bytes(&input.bytes));
    }
    Ok(digests)
}

fn write_samples<E>(
    run: &RunDirectory,
    key: DigestKey,
    samples: impl IntoIterator<Item = Result<(u32, SampleContent), E>>,
    tasks: &mut [TaskPlan],
) -> Result<WrittenSamples, PrepareError<E>> {
    let mut writer = SampleWriter::create(run, key)?;
    for task in tasks.iter_mut() {
        task.samples = 0;
    }
    for item in samples {
        let (task, content) = item.map_err(PrepareError::Sample)?;
        writer.push(task, &content)?;
        if let Some(plan) = tasks.get_mut(task as usize) {
            plan.samples += 1;
        }
    }
    Ok(writer.finish()?)
}

/// What stands in the name of a shard's folder, so that two on one machine have two names.
fn kind_of(shard: Shard) -> String {
    format!("shard{}of{}", shard.index, shard.count)
}

/// `2026-11-23T21:17:47.123Z` as `20261123T211747Z`, for a folder's name.
pub(crate) fn compact(time: &str) -> String {
    let seconds = time.split('.').next().unwrap_or(time);
    let mut name: String = seconds
        .chars()
        .filter(char::is_ascii_alphanumeric)
        .collect();
    if !name.ends_with('Z') {
        name.push('Z');
    }
    name
}

#[cfg(test)]
mod tests {
    #[test]
    fn folder_times_have_no_punctuation() {
        assert_eq!(
            super::compact("2026-11-23T21:17:47.123Z"),
            "20261123T211747Z"
        );
    }
}
