//! Judging the recorded answers of a run by the scorers that its suite has now.
//!
//! A re-score is a run like any other, whose calls are all answered from the earlier one. Nothing is sent.

use std::path::Path;

use cleanbench_ledger::manifest::{Missing, Plan, TaskPlan};
use cleanbench_ledger::note::{Note, NoteKind};
use cleanbench_suite::Suite;
use serde_json::Value;

use crate::PlanError;
use crate::earlier_run::{EarlierRun, Narrowed, samples_of};
use crate::replay::Source;

/// The scorer that takes the scores of a log.
const RECORDED: &str = "recorded";

/// What a re-score of the run that `word` means in `out` starts from: its answers, and the samples it has.
///
/// # Errors
/// When there is no such run, or it cannot be read.
pub fn score(out: &Path, word: &str) -> Result<EarlierRun, PlanError> {
    let source = Source::open(out, word, Missing::Skip)?;
    let narrowed = Narrowed {
        folder: source.run.path().to_owned(),
        samples: Some(samples_of(&source.run, &source.manifest)?.into()),
        manifest: source.manifest.clone(),
        selection: None,
    };
    Ok(EarlierRun {
        replay: Some(source),
        narrowed: Some(narrowed),
        imported: None,
    })
}

impl EarlierRun {
    /// How many samples only `suite` has, and how many only the earlier run, where `tasks` are those of a re-score
    /// after their samples were counted.
    pub fn uncommon(&self, suite: &Suite, tasks: &[TaskPlan]) -> Vec<Note> {
        let rescored = self.narrowed.as_ref();
        let rescored = rescored.filter(|narrowed| narrowed.samples.is_some());
        let Some(narrowed) = rescored.filter(|narrowed| narrowed.selection.is_none()) else {
            return Vec::new();
        };
        let (mut new, mut gone) = (0, 0);
        for task in tasks {
            let now = suite.tasks.iter().find(|now| now.name == task.name);
            new += now.map_or(0, |now| now.samples.saturating_sub(task.samples));
            let mut before = narrowed.manifest.plan.tasks.iter();
            let before = before.find(|before| before.name == task.name);
            gone += before.map_or(0, |before| before.samples.saturating_sub(task.samples));
        }
        let left_out = [
            (NoteKind::SamplesNew, new, "suite are not in the run"),
            (
                NoteKind::SamplesGone,
                gone,
                "run are not in the suite any more",
            ),
        ];
        let left_out = left_out.into_iter().filter(|(_, count, _)| *count > 0);
        let left_out = left_out.map(|(kind, count, what)| {
            Note::new(
                kind,
                format!("{count} samples of the {what}; they are left out"),
            )
        });
        let plan = &narrowed.manifest.plan;
        left_out.chain(replaced(plan, tasks)).collect()
    }
}

/// Which tasks of an imported run are judged by other scorers than its log was.
fn replaced(before: &Plan, tasks: &[TaskPlan]) -> Vec<Note> {
    let mut notes = Vec::new();
    for task in tasks.iter().filter(|_| before.imported.is_some()) {
        let earlier = before.tasks.iter().find(|one| one.name == task.name);
        let (Some(own), Some(now)) = (
            earlier.and_then(|earlier| earlier.scorers.first()),
            task.scorers.first(),
        ) else {
            continue;
        };
        if own.kind != RECORDED || now.kind == RECORDED {
            continue;
        }
        let name = own.params.get("scorer").and_then(Value::as_str);
        let name = name.map_or_else(
            || "the log had another scorer".to_owned(),
            |name| format!("the log had `{name}`"),
        );
        let text = format!(
            "task `{}` is judged by `{}`, where {name}: scores may differ from those of the log for that alone",
            task.name, now.kind
        );
        notes.push(Note::new(NoteKind::ScorersReplaced, text));
    }
    notes
}
