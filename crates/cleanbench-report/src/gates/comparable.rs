//! Whether a task of one run can be compared with the same task of another.
//!
//! It refuses, with the reason, what would be a difference of two things at once.

use cleanbench_core::GateMode;
use cleanbench_ledger::manifest::{ModelPlan, TaskPlan};
use serde_json::Value;

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

/// Parts of a task's definition that change neither what is asked nor how it is judged. Samples pair by
/// what the model saw, so that one more of them, or a corrected target, leaves the rest comparable.
const BESIDES: [&str; 7] = [
    "tags",
    "control",
    "released",
    "slices",
    "strictest",
    "files",
    "samples",
];
/// The part that the mode `choice` lets differ.
const SAMPLING: &str = "sampling";

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
    if let Some(key) = differing_key(&tasks[0].definition, &tasks[1].definition, mode) {
        return Some(format!("`{key}` differs"));
    }
    if tasks[0].epochs != tasks[1].epochs && mode == GateMode::Regression {
        let [before, now] = tasks.map(|task| task.epochs);
        return Some(format!("{before} epochs then, {now} now"));
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

/// The first key whose values differ and must not.
fn differing_key(one: &Value, other: &Value, mode: GateMode) -> Option<String> {
    let (Some(one), Some(other)) = (one.as_object(), other.as_object()) else {
        return (one != other).then(|| "the definition".to_owned());
    };
    let keys = one.keys().chain(other.keys());
    let matters = |key: &&String| {
        let is_free = mode == GateMode::Choice && *key == SAMPLING;
        !is_free && !BESIDES.contains(&key.as_str())
    };
    let mut keys = keys.filter(matters);
    keys.find(|key| one.get(*key) != other.get(*key)).cloned()
}
