//! What of an earlier run a new one starts from: its answers, its selection, its epochs and its seed.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use cleanbench_ledger::manifest::{
    ImportedPlan, MANIFEST_FILE, Missing, Only, Plan, Role, SelectionPlan, TaskPlan,
};
use cleanbench_ledger::note::{Note, NoteKind};
use cleanbench_ledger::replay::SampleName;
use cleanbench_ledger::{LedgerError, Manifest, RunDirectory, SampleRows};
use cleanbench_model::Endpoint;
use cleanbench_probe::registry;
use cleanbench_suite::Suite;

use crate::endpoints::{Placed, placed_again, resolve_all, unnamed_hosts};
use crate::options::{Granting, RunOptions};
use crate::references::{self, with_roles};
use crate::replay::{Source, asked_again};
use crate::selection::Selected;
use crate::support::use_found;
use crate::{ErrorKind, PlanError, Surroundings};

/// What a new run takes from an earlier one; by default nothing.
#[derive(Debug, Default)]
pub struct EarlierRun {
    /// The run whose answers are taken.
    pub replay: Option<Source>,
    /// What is left of the suite.
    pub narrowed: Option<Narrowed>,
    /// The log of another harness whose answers are taken.
    pub imported: Option<ImportedLog>,
}

/// The log of another harness.
#[derive(Debug)]
pub struct ImportedLog {
    /// What a run says of it.
    pub plan: ImportedPlan,
    /// The models that it names; nobody can ask them.
    pub endpoints: Vec<Endpoint>,
}

/// What people must know of the log that `plan` tells of.
fn notes_of(plan: &ImportedPlan) -> impl Iterator<Item = Note> + '_ {
    let word = "the answers and what `recorded` says are that harness's word; nobody was asked here, nothing is timed and no cost is known";
    let of = Note::new(NoteKind::Imported, format!("{}: {word}", plan.told()));
    let cannot = plan.cannot_tell.iter();
    let cannot = cannot.map(|what| Note::new(NoteKind::CannotTell, what.clone()));
    let otherwise = plan.differences.iter();
    let otherwise = otherwise.map(|what| Note::new(NoteKind::StatedOtherwise, what.clone()));
    std::iter::once(of).chain(cannot).chain(otherwise)
}

/// A part of a suite, as an earlier run has it.
#[derive(Debug)]
pub struct Narrowed {
    /// The earlier run.
    pub manifest: Manifest,
    /// Its folder.
    pub folder: PathBuf,
    /// The samples that are taken, ascending; `None` for all samples of the tasks that the run had.
    pub samples: Option<Arc<[SampleName]>>,
    /// What the plan says of the selection.
    pub selection: Option<SelectionPlan>,
}

impl Narrowed {
    /// Whether samples are taken for how they came out, so that no score on them estimates anything.
    pub(crate) fn is_picked_by_result(&self) -> bool {
        let only = self.selection.as_ref().map(|selection| selection.only);
        matches!(only, Some(Only::Failed | Only::Flaky))
    }

    /// Leaves the part of `selected` that the run had, with its epochs.
    pub(crate) fn narrow<'a>(
        &self,
        mut selected: Vec<Selected<'a>>,
    ) -> Result<Vec<Selected<'a>>, PlanError> {
        selected.retain_mut(|chosen| {
            let mut planned = tasks_of(&self.manifest.plan);
            let planned = planned.find(|task| task.name == chosen.task.name);
            if let Some(planned) = planned {
                chosen.epochs = planned.epochs;
            }
            chosen.names.clone_from(&self.samples);
            planned.is_some()
        });
        if selected.is_empty() {
            return Err(nothing_left(&self.manifest));
        }
        Ok(selected)
    }
}

impl EarlierRun {
    /// Of a run all of whose answers are taken, and nothing else of it.
    ///
    /// # Errors
    /// When there is no such run, or it cannot be read.
    pub fn replayed(options: &RunOptions, word: &str) -> Result<Self, PlanError> {
        Ok(Self {
            replay: Some(Source::open(&options.out, word, Missing::Skip)?),
            narrowed: None,
            imported: None,
        })
    }

    /// Of the log of another harness all of whose answers are taken.
    pub fn imported(log: ImportedLog) -> Self {
        Self {
            imported: Some(log),
            ..Self::default()
        }
    }

    /// The log that the answers are from, also where a run that was made of it is replayed.
    pub(crate) fn log(&self) -> Option<&ImportedPlan> {
        let own = self.imported.as_ref().map(|log| &log.plan);
        let replayed = || self.replay.as_ref()?.manifest.plan.imported.as_ref();
        own.or_else(replayed)
    }

    /// Whether any call is made.
    pub fn asks(&self) -> bool {
        self.imported.is_none() && self.replay.as_ref().is_none_or(Source::asks)
    }

    /// The models of the new run: those of `options`, else those of the earlier run, else the suite's. What must be said of
    /// their hosts is added to `notes`.
    pub(crate) fn endpoints(
        &self,
        options: &RunOptions,
        suite: &Suite,
        around: Surroundings<'_>,
        notes: &mut Vec<Note>,
    ) -> Result<Vec<Placed>, PlanError> {
        if let Some(log) = &self.imported {
            return Ok(unasked(log.endpoints.clone()));
        }
        let concurrency = options.max_concurrency;
        if let Some(earlier) = self.asked_again(options) {
            references::check_unnamed(&options.models)?;
            let plan = &earlier.manifest.plan;
            let endpoints = asked_again(earlier.manifest, concurrency)?;
            if !self.asks() {
                return Ok(with_roles(unasked(endpoints), plan));
            }
            let granting = Granting {
                models_file: options.models.models_file.clone(),
                allow_private: options.models.allow_private.clone(),
            };
            let placed = placed_again(earlier.folder, &endpoints, &granting, around)?;
            notes.extend(unnamed_hosts(&placed, &earlier.folder.join(MANIFEST_FILE)));
            return Ok(with_roles(placed, plan));
        }
        let mut placed = resolve_all(&options.models, concurrency, suite, around)?;
        references::check_roles(&placed)?;
        if self.asks() {
            notes.extend(unnamed_hosts(&placed, &suite.file));
            notes.extend(use_found(&mut placed, suite, around.supported));
        }
        if let Some(source) = &self.replay {
            let named: Vec<_> = placed.iter().map(|one| one.endpoint.clone()).collect();
            source.positions(&named)?;
        }
        Ok(placed)
    }

    /// The run whose models are those of the new one.
    fn asked_again(&self, options: &RunOptions) -> Option<Record<'_>> {
        match (&self.narrowed, &self.replay) {
            (Some(narrowed), _) => Some(Record {
                manifest: &narrowed.manifest,
                folder: &narrowed.folder,
            }),
            (None, Some(source)) if options.models.models.is_empty() => Some(Record {
                manifest: &source.manifest,
                folder: source.run.path(),
            }),
            (None, _) => None,
        }
    }

    /// The seed: the one that was named, else that of the run whose answers are taken, because seeds of
    /// requests come from it.
    pub(crate) fn seed(&self, options: &RunOptions) -> u64 {
        let of_narrowed = self.narrowed.as_ref().map(|narrowed| &narrowed.manifest);
        let of_replay = self.replay.as_ref().map(|source| &source.manifest);
        let earlier = of_replay.or(of_narrowed).map(|manifest| manifest.plan.seed);
        options.seed.or(earlier).unwrap_or_default()
    }

    /// Whether probes are put: not beside picked samples, whose scores say nothing of a whole task, nor
    /// where the earlier run had none.
    pub(crate) fn has_probes(&self) -> bool {
        self.narrowed.as_ref().is_none_or(|narrowed| {
            let planned = &narrowed.manifest.plan.tasks;
            let is_whole = narrowed.samples.is_none() || narrowed.selection.is_none();
            is_whole && planned.iter().any(|task| task.probe.is_some())
        })
    }

    /// Whether it is taken from a run of probes alone, whose tasks were not asked.
    pub(crate) fn is_of_probes_alone(&self) -> bool {
        self.narrowed.as_ref().is_some_and(|narrowed| {
            let mut tasks = tasks_of(&narrowed.manifest.plan);
            !tasks.any(TaskPlan::is_asked)
        })
    }

    /// Whether checks of validity are put beside the probes: not where answers come from a run that had none.
    pub(crate) fn has_checks(&self) -> bool {
        self.replay.as_ref().is_none_or(|source| {
            let planned = source.manifest.plan.tasks.iter();
            let mut probes = planned.filter_map(|task| task.probe.as_ref());
            probes.any(|probe| registry::is_check(&probe.id))
        })
    }

    /// Leaves the part of `selected` that the earlier run had, and notes what is on one side only.
    pub(crate) fn narrow<'a>(
        &self,
        selected: Vec<Selected<'a>>,
        notes: &mut Vec<Note>,
    ) -> Result<Vec<Selected<'a>>, PlanError> {
        notes.extend(self.log().into_iter().flat_map(notes_of));
        let Some(narrowed) = &self.narrowed else {
            return Ok(selected);
        };
        let before = selected.len();
        let selected = narrowed.narrow(selected)?;
        notes.extend(gone(&narrowed.manifest.plan, &selected));
        notes.extend(new(before - selected.len()));
        if narrowed.is_picked_by_result() {
            notes.extend(narrowed.selection.as_ref().map(picked));
        }
        Ok(selected)
    }
}

/// What an earlier run wrote down, and where.
struct Record<'a> {
    manifest: &'a Manifest,
    folder: &'a Path,
}

/// `endpoints` that nobody asks: of them nothing need be said.
fn unasked(endpoints: Vec<Endpoint>) -> Vec<Placed> {
    let each = endpoints.into_iter().map(|endpoint| Placed {
        endpoint,
        place: None,
        is_named: false,
        role: Role::Subject,
    });
    each.collect()
}

fn tasks_of(plan: &Plan) -> impl Iterator<Item = &TaskPlan> {
    plan.tasks.iter().filter(|task| task.probe.is_none())
}

fn nothing_left(manifest: &Manifest) -> PlanError {
    let what = format!("the suite has none of the tasks of run `{}`", manifest.run);
    PlanError::new(ErrorKind::NothingSelected, what).hint("name the suite that the run was made of")
}

/// The tasks that only the earlier run has.
fn gone(plan: &Plan, selected: &[Selected<'_>]) -> Vec<Note> {
    let is_left = |task: &&TaskPlan| selected.iter().any(|chosen| chosen.task.name == task.name);
    let gone = tasks_of(plan).filter(|task| !is_left(task));
    gone.map(|task| {
        let text = format!(
            "task `{}` of the run is not in the suite any more; it is left out",
            task.name
        );
        Note::new(NoteKind::TaskGone, text)
    })
    .collect()
}

/// The `count` of tasks that only the suite has.
fn new(count: usize) -> Option<Note> {
    let text = format!("{count} tasks of the suite are not in the run; they are left out");
    (count > 0).then(|| Note::new(NoteKind::TasksNew, text))
}

/// What scores of samples that were picked for how they came out are worth.
fn picked(selection: &SelectionPlan) -> Note {
    let text = format!(
        "these samples were picked because they were {}: asked again they do better on average even where nothing has changed, so their scores cannot be compared with those of a full run",
        selection.only.as_str()
    );
    Note::new(NoteKind::PickedByResult, text)
}

/// All samples of the run of `manifest`, ascending; those of its probes are not among them.
pub(crate) fn samples_of(
    run: &RunDirectory,
    manifest: &Manifest,
) -> Result<Vec<SampleName>, LedgerError> {
    let tasks = &manifest.plan.tasks;
    let mut names = Vec::new();
    for row in SampleRows::open(run)? {
        let row = row?;
        let task = tasks.get(row.task as usize);
        let task = task.filter(|task| task.probe.is_none());
        names.extend(task.map(|task| SampleName::new(&task.name, &row.id)));
    }
    names.sort_unstable();
    Ok(names)
}
