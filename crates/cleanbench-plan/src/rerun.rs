//! Putting some samples of a run again, picked by what the run says of them.

use std::collections::HashMap;
use std::path::Path;

use cleanbench_core::{Digest, DigestKey};
use cleanbench_ledger::manifest::{Missing, Only, SelectionPlan};
use cleanbench_ledger::note::{Note, NoteKind};
use cleanbench_ledger::plan_check::check_plan;
use cleanbench_ledger::replay::SampleName;
use cleanbench_ledger::samples::SampleContent;
use cleanbench_ledger::{LedgerError, Manifest, RunDirectory, SampleRows, directory};
use cleanbench_report::Recording;
use cleanbench_report::rerun::{failed, flaky};
use cleanbench_report::verify::KEY_FILE;
use cleanbench_suite::Suite;

use crate::earlier_run::{EarlierRun, Narrowed};
use crate::options::SelectOptions;
use crate::replay::Source;
use crate::run::samples;
use crate::selection::{Selected, select};
use crate::{ErrorKind, PlanError};

/// Samples that were picked by how they came out.
#[derive(Debug)]
pub struct Picked {
    /// The run that they are of.
    pub of: Recording,
    /// What the new run starts from.
    pub start: EarlierRun,
}

/// Picks the samples of the run that `word` means in `out` that failed, or that were flaky.
///
/// # Errors
/// When there is no such run, it cannot be read, its plan is not the one that its journal recorded, or none of its
/// samples are.
pub fn picked(out: &Path, word: &str, only: Only) -> Result<Picked, PlanError> {
    let of = Recording::open(directory::find(out, word)?)?;
    check_plan(&of.run, &of.manifest)?;
    let names = match only {
        Only::Failed => failed(&of)?,
        Only::Flaky | Only::Changed => flaky(&of)?,
    };
    if names.is_empty() {
        let (run, only) = (&of.manifest.run, only.as_str());
        let what = format!("no sample of run `{run}` is {only}");
        return Err(PlanError::new(ErrorKind::NothingSelected, what));
    }
    let narrowed = Narrowed {
        manifest: of.manifest.clone(),
        folder: of.run.path().to_owned(),
        selection: Some(SelectionPlan {
            from: of.manifest.run.clone(),
            only,
            samples: names.len() as u64,
        }),
        samples: Some(names.into()),
    };
    let start = EarlierRun {
        replay: None,
        narrowed: Some(narrowed),
        imported: None,
    };
    Ok(Picked { of, start })
}

/// What a run starts from that asks what has changed in `suite` since the run that `word` means in `out`, and
/// takes everything else from it. Says in `notes` how much that is.
///
/// # Errors
/// When there is no such run, it cannot be read, or nothing has changed.
pub fn changed(
    out: &Path,
    word: &str,
    suite: &Suite,
    notes: &mut Vec<Note>,
) -> Result<EarlierRun, PlanError> {
    let source = Source::open(out, word, Missing::Ask)?;
    let mut narrowed = Narrowed {
        manifest: source.manifest.clone(),
        folder: source.run.path().to_owned(),
        samples: None,
        selection: None,
    };
    let selected = narrowed.narrow(select(suite, &SelectOptions::default())?)?;
    let changes = Changes::since(&source, &selected)?;
    let run = source.manifest.run.clone();
    if changes.is_empty() {
        let what = format!("nothing has changed since run `{run}`");
        return Err(PlanError::new(ErrorKind::NothingSelected, what));
    }
    notes.push(Note::new(NoteKind::Changed, changes.text()));
    narrowed.selection = Some(SelectionPlan {
        from: run,
        only: Only::Changed,
        samples: changes.samples(),
    });
    Ok(EarlierRun {
        replay: Some(source),
        narrowed: Some(narrowed),
        imported: None,
    })
}

/// How the samples of a suite differ from those of a run.
#[derive(Debug, Default)]
struct Changes {
    new: u64,
    input: u64,
    target: u64,
    gone: u64,
    same: u64,
}

/// What a run digested of a sample.
#[derive(Debug, Clone, Copy)]
struct Digests {
    input: Digest,
    sample: Digest,
}

impl Digests {
    fn of(content: &SampleContent, key: &DigestKey) -> Result<Self, PlanError> {
        let unwritable = |error: serde_json::Error| PlanError::from(std::io::Error::from(error));
        Ok(Self {
            input: content.input_digest(key).map_err(unwritable)?,
            sample: content.sample_digest(key).map_err(unwritable)?,
        })
    }
}

impl Changes {
    /// Compares digests under the key that the run had.
    fn since(source: &Source, selected: &[Selected<'_>]) -> Result<Self, PlanError> {
        let key = key_of(&source.run)?;
        let mut before = digests(&source.run, &source.manifest)?;
        let mut changes = Self::default();
        for item in samples(selected.to_vec(), [].into(), Vec::new()) {
            let (task, content) = item?;
            let task = &selected[task as usize].task.name;
            let earlier = before.remove(&SampleName::new(task, &content.sample.id));
            changes.count(earlier, Digests::of(&content, &key)?);
        }
        changes.gone = before.len() as u64;
        Ok(changes)
    }

    fn count(&mut self, earlier: Option<Digests>, now: Digests) {
        match earlier {
            None => self.new += 1,
            Some(earlier) if earlier.input != now.input => self.input += 1,
            Some(earlier) if earlier.sample != now.sample => self.target += 1,
            Some(_) => self.same += 1,
        }
    }

    /// Samples that are not what they were.
    fn samples(&self) -> u64 {
        self.new + self.input + self.target
    }

    fn is_empty(&self) -> bool {
        self.samples() + self.gone == 0
    }

    fn text(&self) -> String {
        let Self {
            new,
            input,
            target,
            gone,
            same,
        } = self;
        format!(
            "changed since the run: {input} inputs, {target} targets or fields alone, {new} new, {gone} gone; {same} are as they were. What the run has no answer to is asked, everything else is replayed"
        )
    }
}

/// The key under which the samples of `run` are digested.
fn key_of(run: &RunDirectory) -> Result<DigestKey, PlanError> {
    if !run.holds(KEY_FILE)? {
        let what = format!("`{}` is missing", run.file(KEY_FILE).display());
        return Err(PlanError::new(ErrorKind::Usage, what)
            .hint("without its key nobody can tell what has changed since; run the whole suite"));
    }
    let bytes = run.read(KEY_FILE)?;
    let text = String::from_utf8_lossy(&bytes);
    let unreadable = |error| PlanError::new(ErrorKind::Damaged, format!("{KEY_FILE}: {error}"));
    text.trim().parse().map_err(unreadable)
}

/// The digests of every sample of a task of the run.
fn digests(
    run: &RunDirectory,
    manifest: &Manifest,
) -> Result<HashMap<SampleName, Digests>, LedgerError> {
    let tasks = &manifest.plan.tasks;
    let mut digests = HashMap::new();
    for row in SampleRows::open(run)? {
        let row = row?;
        let task = tasks.get(row.task as usize);
        if let Some(task) = task.filter(|task| task.probe.is_none()) {
            let name = SampleName::new(&task.name, &row.id);
            let (input, sample) = (row.input_digest, row.sample_digest);
            digests.insert(name, Digests { input, sample });
        }
    }
    Ok(digests)
}
