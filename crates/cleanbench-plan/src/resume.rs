//! Going on with a run: which, and whether it can be gone on with here.

use std::path::Path;

use cleanbench_ledger::manifest::MANIFEST_FILE;
use cleanbench_ledger::note::Note;
use cleanbench_ledger::{Manifest, Plan, RunDirectory, directory};
use cleanbench_model::Endpoint;

use crate::caps::{Asked, check_caps};
use crate::connect::connect;
use crate::endpoints::{placed_again, unnamed_hosts};
use crate::options::ResumeOptions;
use crate::replay::{Source, asked_again};
use crate::{ErrorKind, PlanError, Surroundings};

/// With what a run is gone on with.
#[derive(Debug)]
pub struct Resumed {
    /// The endpoints that it asks, as it recorded them.
    pub endpoints: Vec<Endpoint>,
    /// The run whose answers it takes, if it takes any.
    pub source: Option<Source>,
}

/// The directory of the run that is meant.
///
/// # Errors
/// When there is none.
pub fn find(options: &ResumeOptions) -> Result<RunDirectory, PlanError> {
    match &options.run {
        Some(word) => Ok(directory::find(&options.out, word)?),
        None => latest(&options.out),
    }
}

fn latest(out: &Path) -> Result<RunDirectory, PlanError> {
    let created = |run: &RunDirectory| {
        let manifest = Manifest::read(run);
        manifest.map_or_else(|_| String::new(), |manifest| manifest.plan.created)
    };
    let runs = directory::list(out)?;
    runs.into_iter().max_by_key(created).ok_or_else(|| {
        let what = format!("there is no run in `{}`", out.display());
        PlanError::new(ErrorKind::NothingSelected, what)
    })
}

/// What the run in `run`, of `manifest`, goes on with. What people must know of it is added to `notes`.
///
/// # Errors
/// When the run whose answers it takes is not there, a cap could not be kept, a key is missing, or what the record
/// asks for was never granted.
pub fn resume(
    options: &ResumeOptions,
    run: &RunDirectory,
    manifest: &Manifest,
    around: Surroundings<'_>,
    notes: &mut Vec<Note>,
) -> Result<Resumed, PlanError> {
    let endpoints = asked_again(manifest, options.max_concurrency)?;
    let plan = &manifest.plan;
    let source = source_again(options, plan)?;
    if source.as_ref().is_none_or(Source::asks) {
        let asked = Asked {
            models: &plan.models,
            tasks: &plan.tasks,
            endpoints: &endpoints,
        };
        let placed = placed_again(run.path(), &endpoints, &options.granting, around)?;
        notes.extend(unnamed_hosts(&placed, &run.file(MANIFEST_FILE)));
        notes.extend(check_caps(options.caps, asked)?);
        connect(&endpoints, around.variables, notes)?;
    }
    Ok(Resumed { endpoints, source })
}

/// The run that a run planned with `plan` takes its answers from.
fn source_again(options: &ResumeOptions, plan: &Plan) -> Result<Option<Source>, PlanError> {
    let word = options.replay.as_deref();
    match &plan.replay {
        Some(replay) => Source::again(&options.out, word, replay).map(Some),
        None if word.is_some() => Err(PlanError::new(
            ErrorKind::Usage,
            "`--replay` cannot be added to a run that was begun without it",
        )),
        None => Ok(None),
    }
}
