//! What of an earlier run a new one starts from: its answers, its selection, its epochs and its seed.

use cleanbench_core::Exit;
use cleanbench_ledger::SampleRows;
use cleanbench_ledger::manifest::{Missing, Only, Plan, SelectionPlan};
use cleanbench_ledger::replay::SampleName;
use cleanbench_ledger::{LedgerError, Manifest, RunDirectory};
use cleanbench_model::Endpoint;
use cleanbench_suite::Suite;

use super::selection::Selected;
use crate::arguments::RunArguments;
use crate::endpoints::resolve_all;
use crate::failure::Failure;
use crate::replaying::{Source, recorded_endpoints};
use crate::talk::{self, Talk};

/// What a new run starts from.
#[derive(Debug, Default)]
pub(super) struct Basis {
    /// The run whose answers are taken.
    pub(super) replay: Option<Source>,
    /// What is left of the suite.
    pub(super) narrowed: Option<Narrowed>,
}

/// A part of a suite, as an earlier run has it.
#[derive(Debug)]
pub(super) struct Narrowed {
    /// The earlier run.
    pub(super) manifest: Manifest,
    /// The samples that are taken, ascending; `None` for all samples of the tasks that the run had.
    pub(super) samples: Option<Vec<SampleName>>,
    /// What the plan says of the selection.
    pub(super) selection: Option<SelectionPlan>,
}

impl Narrowed {
    /// Whether samples are taken for how they came out, so that no score on them estimates anything.
    pub(super) fn is_picked_by_result(&self) -> bool {
        let only = self.selection.as_ref().map(|selection| selection.only);
        matches!(only, Some(Only::Failed | Only::Flaky))
    }
}

impl Basis {
    /// The basis of `run --replay`.
    pub(super) fn of(arguments: &RunArguments) -> Result<Self, Failure> {
        let open = |word: &String| Source::open(&arguments.out.out, word, Missing::Skip);
        Ok(Self {
            replay: arguments.replay.as_ref().map(open).transpose()?,
            narrowed: None,
        })
    }

    /// Whether any call is made.
    pub(super) fn asks(&self) -> bool {
        self.replay.as_ref().is_none_or(Source::asks)
    }

    /// The models of the new run: those of `arguments`, else those of the earlier run, else the suite's.
    pub(super) fn endpoints(
        &self,
        arguments: &RunArguments,
        suite: &Suite,
    ) -> Result<Vec<Endpoint>, Failure> {
        let earlier = match (&self.narrowed, &self.replay) {
            (Some(narrowed), _) => Some(&narrowed.manifest),
            (None, Some(source)) if arguments.models.models.is_empty() => Some(&source.manifest),
            (None, _) => None,
        };
        let Some(earlier) = earlier else {
            let named = resolve_all(&arguments.models, arguments.max_concurrency, suite)?;
            if let Some(source) = &self.replay {
                source.check_models(&named)?;
            }
            return Ok(named);
        };
        let mut endpoints = recorded_endpoints(earlier)?;
        for endpoint in &mut endpoints {
            endpoint.limits.concurrency = arguments.max_concurrency.or(endpoint.limits.concurrency);
        }
        Ok(endpoints)
    }

    /// The seed: the one that was named, else that of the run whose answers are taken, because seeds of
    /// requests come from it.
    pub(super) fn seed(&self, arguments: &RunArguments) -> u64 {
        let of_narrowed = self.narrowed.as_ref().map(|narrowed| &narrowed.manifest);
        let of_replay = self.replay.as_ref().map(|source| &source.manifest);
        let earlier = of_replay.or(of_narrowed).map(|manifest| manifest.plan.seed);
        arguments.seed.or(earlier).unwrap_or_default()
    }

    /// Whether probes are put: not beside picked samples, whose scores say nothing of a whole task, nor
    /// where the earlier run had none.
    pub(super) fn has_probes(&self) -> bool {
        self.narrowed.as_ref().is_none_or(|narrowed| {
            let planned = &narrowed.manifest.plan.tasks;
            let is_whole = narrowed.samples.is_none() || narrowed.selection.is_none();
            is_whole && planned.iter().any(|task| task.probe.is_some())
        })
    }

    /// Leaves the part of `selected` that the earlier run had, with its epochs.
    pub(super) fn narrow<'a>(
        &self,
        mut selected: Vec<Selected<'a>>,
        talk: Talk,
    ) -> Result<Vec<Selected<'a>>, Failure> {
        let Some(narrowed) = &self.narrowed else {
            return Ok(selected);
        };
        let plan = &narrowed.manifest.plan;
        let before = selected.len();
        selected.retain_mut(|chosen| {
            let planned = plan
                .tasks
                .iter()
                .find(|task| task.probe.is_none() && task.name == chosen.task.name);
            if let Some(planned) = planned {
                chosen.epochs = planned.epochs;
            }
            chosen.names = narrowed.samples.as_deref().map(<[_]>::to_vec);
            planned.is_some()
        });
        if selected.is_empty() {
            let what = format!(
                "the suite has none of the tasks of run `{}`",
                narrowed.manifest.run
            );
            return Err(Failure::new(Exit::NothingSelected, what)
                .hint("name the suite that the run was made of"));
        }
        say_left_out(plan, &selected, before, talk);
        Ok(selected)
    }
}

/// Says which tasks are on one side only.
fn say_left_out(plan: &Plan, selected: &[Selected<'_>], before: usize, talk: Talk) {
    let gone = plan.tasks.iter().filter(|task| {
        task.probe.is_none() && !selected.iter().any(|chosen| chosen.task.name == task.name)
    });
    for task in gone {
        talk::warn(format!(
            "task `{}` of the run is not in the suite any more; it is left out",
            task.name
        ));
    }
    let new = before - selected.len();
    if new > 0 {
        talk.say(format!(
            "{new} tasks of the suite are not in the run; they are left out"
        ));
    }
}

/// All samples of the run of `manifest`, ascending; those of its probes are not among them.
pub(super) fn samples_of(
    run: &RunDirectory,
    manifest: &Manifest,
) -> Result<Vec<SampleName>, Failure> {
    let tasks = &manifest.plan.tasks;
    let mut names = SampleRows::open(run)?
        .map(|row| {
            let row = row?;
            let task = tasks.get(row.task as usize);
            let task = task.filter(|task| task.probe.is_none());
            Ok(task.map(|task| SampleName::new(&task.name, &row.id)))
        })
        .filter_map(Result::transpose)
        .collect::<Result<Vec<_>, LedgerError>>()?;
    names.sort_unstable();
    Ok(names)
}
