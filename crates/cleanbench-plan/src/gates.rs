//! The gates of a run and its baseline, before the first call.

use cleanbench_core::{Digest, Gate};
use cleanbench_items::{
    Both, ItemTable, JudgedAnew, ModelTask, NoCounterpart, Planned, Terms, counterpart,
};
use cleanbench_ledger::draft::Input;
use cleanbench_ledger::manifest::{BaselinePlan, TaskPlan};
use cleanbench_ledger::note::{Note, NoteKind};
use cleanbench_ledger::{Manifest, RunDirectory, directory};
use cleanbench_report::gates::{BASELINE_FILES, check_baseline};
use cleanbench_report::verify::KEY_FILE;
use cleanbench_suite::Suite;

use crate::options::{Anew, BaselineOptions, RunOptions};
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

/// Which gates of `suite` are about tasks alone that are not `selected`: they are not judged, and nothing is known by
/// them.
pub(crate) fn of_others(suite: &Suite, selected: &[Selected<'_>]) -> Option<Note> {
    let is_selected = |name: &String| selected.iter().any(|chosen| chosen.task.name == *name);
    let of_others = suite.gates.iter();
    let of_others = of_others.filter(|gate| !gate.tasks.iter().any(is_selected));
    let mut tasks: Vec<_> = of_others.clone().flat_map(|gate| &gate.tasks).collect();
    tasks.sort_unstable();
    tasks.dedup();
    let tasks: Vec<_> = tasks.iter().map(|name| format!("`{name}`")).collect();
    let (count, tasks) = (of_others.count(), tasks.join(", "));
    let text = format!("gates not judged: {count}, about tasks that are not selected: {tasks}");
    (count > 0).then(|| Note::new(NoteKind::GatesOfOthers, text))
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

/// Whether `suite` may judge the answers of the baseline that `options` name otherwise than it did: it is not what it
/// was, and a gate compares the same questions.
///
/// # Errors
/// When there is no such run.
pub fn may_judge_anew(options: &RunOptions, suite: &Suite) -> Result<bool, PlanError> {
    let Some(named) = &options.baseline else {
        return Ok(false);
    };
    let run = directory::find(&options.out, &named.run)?;
    let manifest = Manifest::read(&run)?;
    let compares = |gate: &Gate| gate.test.is_paired();
    let is_another = manifest.plan.suite.digest != suite.digest;
    Ok(is_another && suite.gates.iter().any(compares) && check_baseline(&run, &manifest).is_ok())
}

/// Opens the baseline that was named, and refuses one that the gates cannot be judged against. What people must know of
/// it is added to `notes`.
pub(crate) fn baseline(
    options: &RunOptions,
    gated: Gated<'_>,
    notes: &mut Vec<Note>,
) -> Result<Option<Baseline>, PlanError> {
    let Some(named) = &options.baseline else {
        return Ok(None);
    };
    let run = directory::find(&options.out, &named.run)?;
    let mut manifest = Manifest::read(&run)?;
    check_baseline(&run, &manifest).map_err(|reason| unfit(&run, reason))?;
    check_key(&run, &manifest, gated.key)?;
    let judged = judged_anew(&run, &mut manifest, named)?;
    notes.extend(judged.note);
    if let Err(reason) = check_counterparts(&manifest, gated, named.model.as_deref()) {
        let refused = unfit(&run, reason);
        return Err(match judged.hint {
            Some(hint) => refused.hint(hint),
            None => refused,
        });
    }
    let mut inputs = inputs(&run, "baseline")?;
    let anew = judged
        .run
        .map(|run| self::inputs(&run, "anew"))
        .transpose()?;
    let judged_anew = anew.is_some();
    inputs.extend(anew.into_iter().flatten());
    Ok(Some(Baseline {
        plan: BaselinePlan {
            run: manifest.run.clone(),
            model: named.model.clone(),
            judged_anew,
        },
        inputs,
    }))
}

/// How the answers of a baseline are judged by the suite as it is now.
#[derive(Debug, Default)]
struct Judgement {
    /// The run that says so, where it says anything new.
    run: Option<RunDirectory>,
    note: Option<Note>,
    /// What to do where the baseline is refused all the same.
    hint: Option<String>,
}

/// Takes over into `manifest`, which is that of `run`, what the suite as it is now makes of its answers.
fn judged_anew(
    run: &RunDirectory,
    manifest: &mut Manifest,
    named: &BaselineOptions,
) -> Result<Judgement, PlanError> {
    let folder = match &named.anew {
        None => return Ok(Judgement::default()),
        Some(Anew::Failed(reason)) => {
            let text = format!(
                "the suite has changed since the baseline, whose recorded answers cannot be judged by it ({reason}): samples whose target changed are not compared"
            );
            let hint = format!(
                "`cleanbench score {} SUITE` makes a baseline that is judged by the suite as it is now",
                run.path().display()
            );
            return Ok(Judgement {
                note: Some(Note::new(NoteKind::BaselineNotJudgedAnew, text)),
                hint: Some(hint),
                run: None,
            });
        }
        Some(Anew::Judged(folder)) => folder,
    };
    let anew = RunDirectory::at(folder.clone());
    let mut items = ItemTable::of_run(run).map_err(|error| unfit(run, error))?;
    let again = ItemTable::of_run(&anew).map_err(|error| unfit(run, error))?;
    let found = items.judge_anew(&again);
    manifest.plan = items.manifest.plan;
    if found.is_nothing() {
        return Ok(Judgement::default());
    }
    Ok(Judgement {
        note: Some(Note::new(NoteKind::BaselineJudgedAnew, in_words(&found))),
        hint: None,
        run: Some(anew),
    })
}

fn in_words(found: &JudgedAnew) -> String {
    let mut what = Vec::new();
    if found.samples > 0 {
        what.push(format!(
            "the target or metadata of {} samples",
            found.samples
        ));
    }
    if !found.tasks.is_empty() {
        what.push(format!("the scorers of {}", found.tasks.join(", ")));
    }
    format!(
        "since the baseline {} changed; its recorded answers are judged by the suite as it is now",
        what.join(" and ")
    )
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
            let subjects = models.iter().enumerate();
            let subjects = subjects.filter(|(_, model)| !model.is_reference());
            for (model, _) in subjects {
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

/// What is copied of `run`, into `folder`.
fn inputs(run: &RunDirectory, folder: &str) -> Result<Vec<Input>, PlanError> {
    let read = |name: &&str| {
        Ok(Input {
            name: format!("{folder}/{name}"),
            bytes: run.read_table(name)?,
        })
    };
    BASELINE_FILES.iter().map(read).collect()
}

fn unfit(run: &RunDirectory, reason: impl std::fmt::Display) -> PlanError {
    let folder = run.path().display();
    let what = format!("`{folder}` cannot be the baseline: {reason}");
    PlanError::new(ErrorKind::ConfigInvalid, what)
}
