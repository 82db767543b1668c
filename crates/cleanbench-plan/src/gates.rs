//! The gates of a run and its baseline, before the first call.

use cleanbench_core::{Digest, Gate};
use cleanbench_items::{Both, ModelTask, NoCounterpart, Planned, Terms, counterpart};
use cleanbench_ledger::draft::Input;
use cleanbench_ledger::manifest::{BaselinePlan, TaskPlan};
use cleanbench_ledger::note::{Note, NoteKind};
use cleanbench_ledger::{Manifest, RunDirectory, directory};
use cleanbench_report::gates::{BASELINE_FILES, check_baseline};
use cleanbench_report::verify::KEY_FILE;
use cleanbench_suite::Suite;

use crate::options::RunOptions;
use crate::selection::Selected;
use crate::{ErrorKind, PlanError};

/// The run that is compared with, and its files.
#[derive(Debug)]
pub(crate) struct Baseline {
    pub(crate) plan: BaselinePlan,
    pub(crate) inputs: Vec<Input>,
}

/// What the gates of a new run are about.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Gated<'a> {
    pub(crate) gates: &'a [Gate],
    /// What is put to which models.
    pub(crate) planned: Planned<'a>,
    /// SHA-256 of the file of the suite's key.
    pub(crate) key: Digest,
}

/// The gates of the suite, as far as their tasks are selected.
///
/// # Errors
/// When one cannot be looked at while answers come in, though it is to stop early.
pub fn gates(suite: &Suite, selected: &[Selected<'_>]) -> Result<Vec<Gate>, PlanError> {
    let is_selected = |name: &String| selected.iter().any(|chosen| chosen.task.name == *name);
    let narrowed = suite.gates.iter().map(|gate| {
        let mut gate = gate.clone();
        gate.tasks.retain(is_selected);
        gate
    });
    let gates: Vec<_> = narrowed.filter(|gate| !gate.tasks.is_empty()).collect();
    for gate in gates.iter().filter(|gate| gate.early_stop) {
        check_early(gate, selected)?;
    }
    Ok(gates)
}

fn check_early(gate: &Gate, selected: &[Selected<'_>]) -> Result<(), PlanError> {
    let mut own = selected.iter();
    let unfit = own.find(|chosen| {
        let hangs_together = chosen.task.cluster.is_some();
        gate.tasks.contains(&chosen.task.name) && (chosen.epochs > 1 || hangs_together)
    });
    let Some(chosen) = unfit else { return Ok(()) };
    let what = format!(
        "task `{}` cannot stop early: its samples are asked {} times, or hang together in clusters",
        chosen.task.name, chosen.epochs
    );
    Err(PlanError::new(ErrorKind::ConfigInvalid, what)
        .hint("leave `early_stop` out, or ask each sample once and declare no `cluster`"))
}

/// That the gates of `suite` are not judged where samples were picked by how they came out.
pub(crate) fn left_out(suite: &Suite) -> Option<Note> {
    let count = suite.gates.len();
    let text =
        format!("{count} gates are not judged: these samples were picked by how they came out");
    (count > 0).then(|| Note::new(NoteKind::GatesLeftOut, text))
}

/// That gates are not evaluated, where they compare with a baseline and none is named.
pub(crate) fn without_baseline(gates: &[Gate]) -> Option<Note> {
    let count = gates.iter().filter(|gate| gate.test.is_paired()).count();
    let text = format!(
        "no baseline is named with `--baseline RUN`: {count} gates that compare with one are not evaluated"
    );
    (count > 0).then(|| Note::new(NoteKind::NoBaseline, text))
}

/// Opens the baseline that was named, and refuses one that the gates cannot be judged against.
pub(crate) fn baseline(
    options: &RunOptions,
    gated: Gated<'_>,
) -> Result<Option<Baseline>, PlanError> {
    let Some(named) = &options.baseline else {
        return Ok(None);
    };
    let run = directory::find(&options.out, &named.run)?;
    let manifest = Manifest::read(&run)?;
    check_baseline(&run, &manifest).map_err(|reason| unfit(&run, reason))?;
    check_key(&run, &manifest, gated.key)?;
    check_counterparts(&manifest, gated, named.model.as_deref())
        .map_err(|reason| unfit(&run, reason))?;
    Ok(Some(Baseline {
        plan: BaselinePlan {
            run: manifest.run.clone(),
            model: named.model.clone(),
        },
        inputs: inputs(&run)?,
    }))
}

fn check_key(run: &RunDirectory, manifest: &Manifest, key: Digest) -> Result<(), PlanError> {
    if manifest.plan.inputs.get(KEY_FILE) == Some(&key) {
        return Ok(());
    }
    let what = "it was made under another suite key, so that its samples cannot be told";
    Err(unfit(run, what).hint(format!(
        "copy `{}` as `suite.key` into the suite's folder",
        run.path().join(KEY_FILE).display()
    )))
}

fn check_counterparts(
    manifest: &Manifest,
    gated: Gated<'_>,
    named: Option<&str>,
) -> Result<(), NoCounterpart> {
    let planned = Both {
        base: Planned::of(&manifest.plan),
        candidate: gated.planned,
    };
    let Planned { models, tasks, .. } = gated.planned;
    for gate in gated.gates.iter().filter(|gate| gate.test.is_paired()) {
        for task in positions(gate, tasks) {
            for model in 0..models.len() {
                let at = ModelTask { model, task };
                counterpart(planned, at, named, Terms::of(gate.mode))?;
            }
        }
    }
    Ok(())
}

/// Positions of the tasks that `gate` is on.
fn positions(gate: &Gate, tasks: &[TaskPlan]) -> impl Iterator<Item = usize> {
    let is_own = |task: &TaskPlan| task.probe.is_none() && gate.tasks.contains(&task.name);
    (0..tasks.len()).filter(move |position| is_own(&tasks[*position]))
}

fn inputs(run: &RunDirectory) -> Result<Vec<Input>, PlanError> {
    let read = |name: &&str| {
        Ok(Input {
            name: format!("baseline/{name}"),
            bytes: fs_err::read(run.file(name))?,
        })
    };
    BASELINE_FILES.iter().map(read).collect()
}

fn unfit(run: &RunDirectory, reason: impl std::fmt::Display) -> PlanError {
    let folder = run.path().display();
    let what = format!("`{folder}` cannot be the baseline: {reason}");
    PlanError::new(ErrorKind::ConfigInvalid, what)
}
