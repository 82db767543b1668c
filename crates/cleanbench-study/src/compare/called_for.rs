//! Which question two sides put, where nobody says it.
//!
//! Invariant: the mode is taken from what was planned, never from what was answered, and why it was taken stands
//! beside it.

use cleanbench_core::GateMode;
use cleanbench_items::{AskedTask, Both, ModelTask, Planned, Rules, Side, Terms, wording};
use serde::Serialize;

use super::Options;

/// Why a mode was taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Reason {
    /// It was asked for.
    Asked,
    /// Another model answered.
    OtherModel,
    /// The same model stands under two names.
    TwoNames,
    /// The same model was asked in other words.
    OtherWording,
    /// The same was asked of the same model.
    Alike,
}

impl Reason {
    /// The reason for people.
    pub fn in_words(self) -> &'static str {
        match self {
            Self::Asked => "as asked for",
            Self::OtherModel => "because another model answered",
            Self::TwoNames => "because the model stands under two names",
            Self::OtherWording => "because the same model was asked in other words",
            Self::Alike => "because the same was asked of the same model",
        }
    }
}

/// A mode and why it is the one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct CalledFor {
    pub(super) mode: GateMode,
    pub(super) reason: Reason,
}

/// The mode of `options`, or the one that the sides call for at the tasks that both have.
pub(super) fn called_for(sides: Both<Side<'_>>, options: &Options) -> CalledFor {
    if let Some(mode) = options.mode {
        let reason = Reason::Asked;
        return CalledFor { mode, reason };
    }
    let mode = Terms::mode_of(sides.map(Side::plan));
    let (mode, reason) = if mode == GateMode::Choice {
        (mode, Reason::OtherModel)
    } else if options.policy().rules == Rules::Earlier {
        (mode, Reason::Alike)
    } else if any_task(sides, options, is_worded_otherwise) {
        (GateMode::Prompt, Reason::OtherWording)
    } else if are_two_candidates(sides, options) {
        (GateMode::Choice, Reason::TwoNames)
    } else {
        (mode, Reason::Alike)
    };
    CalledFor { mode, reason }
}

/// Whether one model stands under two names: those of one run, or of two that are asked otherwise.
fn are_two_candidates(sides: Both<Side<'_>>, options: &Options) -> bool {
    let is_one_run = !sides.map(|side| &side.table.manifest.run).differ();
    let differ = |tasks: Both<AskedTask<'_>>| !AskedTask::are_sampled_alike(tasks);
    sides.map(|side| side.plan().name.as_str()).differ()
        && (is_one_run || any_task(sides, options, differ))
}

fn is_worded_otherwise(tasks: Both<AskedTask<'_>>) -> bool {
    !wording(tasks.map(|asked| asked.task)).is_empty()
}

/// Whether `holds` of a task that both sides have, of those that are asked for.
fn any_task(
    sides: Both<Side<'_>>,
    options: &Options,
    holds: impl Fn(Both<AskedTask<'_>>) -> bool,
) -> bool {
    let named = |side: Side<'_>, name: &str| {
        let positions = side.table.task_positions();
        positions
            .into_iter()
            .find(|at| side.table.manifest.plan.tasks[*at].name == name)
    };
    sides.base.table.task_positions().any(|base| {
        let name = &sides.base.table.manifest.plan.tasks[base].name;
        let is_wanted = options.tasks.is_empty() || options.tasks.contains(name);
        let candidate = named(sides.candidate, name).filter(|_| is_wanted);
        let asked = candidate.map(|candidate| asked(sides, Both { base, candidate }));
        asked.is_some_and(&holds)
    })
}

/// The tasks at these positions as they were put to the models.
pub(super) fn asked(sides: Both<Side<'_>>, at: Both<usize>) -> Both<AskedTask<'_>> {
    sides.zip(at).map(|(side, task)| {
        let model = side.model;
        Planned::of(&side.table.manifest.plan).at(ModelTask { model, task })
    })
}
