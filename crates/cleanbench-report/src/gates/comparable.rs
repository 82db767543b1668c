//! Whether a task of one run can be compared with the same task of another.
//!
//! It refuses, with the reason, what would be a difference of two things at once.

use cleanbench_core::GateMode;
use cleanbench_ledger::manifest::{ModelPlan, TaskPlan};

/// One side of a comparison: what was planned.
#[derive(Debug, Clone, Copy)]
pub struct Side<'a> {
    /// The models, in plan order.
    pub models: &'a [ModelPlan],
    /// The tasks, in plan order.
    pub tasks: &'a [TaskPlan],
}

/// Why two tasks cannot be compared, a lowercase fragment.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct NotComparable(String);

/// Parts of a task's definition that decide what the model sees. Data may be added or corrected: samples
/// pair by what the model saw of them.
const SEEN: [&str; 6] = [
    "system",
    "prompt",
    "messages",
    "choices",
    "method",
    "constraints",
];

/// Positions of the model and task of `base` that the model and task of `new` at these positions are
/// compared with. `named` is the baseline's model that was named, if one was.
///
/// # Errors
/// Where there is none, or it differs in what `mode` wants to be the same.
pub fn counterpart(
    base: Side<'_>,
    new: Side<'_>,
    (model, task): (usize, usize),
    mode: GateMode,
    named: Option<&str>,
) -> Result<(usize, usize), NotComparable> {
    let name = &new.models[model].name;
    let base_model = match (named, mode, base.models) {
        (Some(named), _, _) => position(base.models, named)
            .ok_or_else(|| format!("the baseline has no model `{named}`")),
        (None, GateMode::Choice, [_]) => Ok(0),
        (None, _, _) => position(base.models, name).ok_or_else(|| {
            let hint = "name one with `--baseline-model`, or gate with `mode = \"choice\"`";
            format!("the baseline has no model `{name}`; {hint}")
        }),
    };
    let base_model = base_model.map_err(NotComparable)?;
    let wanted = &new.tasks[task].name;
    let base_task = base.tasks.iter().position(|task| task.name == *wanted);
    let base_task =
        base_task.ok_or_else(|| NotComparable(format!("the baseline has no task `{wanted}`")))?;
    let places = [(base, base_model, base_task), (new, model, task)];
    match difference(places, mode) {
        None => Ok((base_model, base_task)),
        Some(what) => Err(NotComparable(format!(
            "task `{wanted}` is not the same as in the baseline: {what}"
        ))),
    }
}

fn position(models: &[ModelPlan], name: &str) -> Option<usize> {
    models.iter().position(|model| model.name == name)
}

/// The first point in which model and task of two sides differ and must not, a lowercase fragment.
pub fn difference(places: [(Side<'_>, usize, usize); 2], mode: GateMode) -> Option<String> {
    let tasks = places.map(|(side, _, task)| &side.tasks[task]);
    let models = places.map(|(side, model, _)| &side.models[model]);
    if tasks[0].scorers_digest != tasks[1].scorers_digest {
        return Some("other scorers, or another version of them".to_owned());
    }
    let part = |task: &TaskPlan, key: &str| task.definition.get(key).cloned().unwrap_or_default();
    let differs = |key: &&&str| part(tasks[0], key) != part(tasks[1], key);
    if let Some(key) = SEEN.iter().find(differs) {
        return Some(format!("`{key}` differs"));
    }
    if tasks[0].reducer != tasks[1].reducer {
        let [before, now] = tasks.map(|task| task.reducer);
        return Some(format!("`reducer` was {before} and is {now}"));
    }
    if mode == GateMode::Choice {
        return None;
    }
    let asked = |name: &str| models.map(|model| model.endpoint.get(name).cloned());
    let [before, now] = asked("model");
    if before != now {
        return Some("another model answered; compare models with `mode = \"choice\"`".to_owned());
    }
    let sampling = places.map(|(side, model, task)| {
        let model = &side.models[model];
        (model.sampling.get(task), model.effective.get(task))
    });
    (sampling[0] != sampling[1])
        .then(|| "other sampling parameters; compare them with `mode = \"choice\"`".to_owned())
}
