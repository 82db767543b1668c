//! Batches: calls that were planned from the answers to earlier ones.
//!
//! The samples of a batch stand in a file of the form of `samples.jsonl`, their contents in payload segments of
//! its own. Both are durable before the journal's `batch_planned` names them with their digests; whatever no
//! such record names was left by a killed writer, and recovery removes it.

use cleanbench_core::shard::batch_payload_segment;
use cleanbench_core::{DigestKey, Event, Purpose};

use crate::files;
use crate::samples::{SampleContent, SampleWriter};
use crate::{Damage, LedgerError, RunDirectory};

/// The suite's key in a run directory.
const KEY_FILE: &str = "inputs/suite.key";

/// Calls that are due.
#[derive(Debug, Clone, PartialEq)]
pub struct DueBatch {
    /// Position of the model that is to be asked.
    pub model: u32,
    /// Position of the task that the calls belong to.
    pub task: u32,
    /// Position among the steps of the task, from 1.
    pub step: u32,
    /// Why they are made.
    pub purpose: Purpose<'static>,
    /// What is asked, one call each.
    pub samples: Vec<DueSample>,
}

/// A sample of a batch.
#[derive(Debug, Clone, PartialEq)]
pub struct DueSample {
    /// Line in `samples.jsonl` of the sample whose answer it follows, if it follows a single one.
    pub follows: Option<u64>,
    /// The sample; its name is its own among all of its task and step.
    pub content: SampleContent,
}

/// The key under which the samples of `run` are digested.
///
/// # Errors
/// When it was removed from the run, or is none.
pub fn suite_key(run: &RunDirectory) -> Result<DigestKey, LedgerError> {
    let missing = || {
        let what = "the file is missing; without it no follow-up calls can be planned: put it back from the suite's folder";
        LedgerError::from(Damage::whole(KEY_FILE, what))
    };
    if !run.holds(KEY_FILE)? {
        return Err(missing());
    }
    let text = String::from_utf8_lossy(&run.read(KEY_FILE)?).into_owned();
    let unreadable = |_| Damage::whole(KEY_FILE, "the file holds no key");
    Ok(text.trim().parse().map_err(unreadable)?)
}

/// Writes the samples of `due` as batch `number` of generation `generation`, and returns what is to be
/// recorded of it before its first call.
///
/// # Errors
/// When the disk is full, for example.
pub fn write(
    run: &RunDirectory,
    number: u32,
    generation: u32,
    due: &DueBatch,
) -> Result<Event, LedgerError> {
    let key = suite_key(run)?;
    let name = RunDirectory::batch_name(number);
    if let Some((folder, _)) = name.rsplit_once('/') {
        files::make_folders(run.path(), folder)?;
    }
    let segment = batch_payload_segment(number);
    let mut writer = SampleWriter::create_at(run, &name, segment, key)?;
    for sample in &due.samples {
        writer.push_following(due.task, &sample.content, sample.follows)?;
    }
    let written = writer.finish()?;
    run.sync()?;
    Ok(Event::BatchPlanned {
        batch: number,
        model: due.model,
        task: due.task,
        step: due.step,
        purpose: due.purpose.clone(),
        samples: due.samples.len() as u64,
        file: written.file,
        root: written.root,
        generation,
    })
}
