//! Caps that could not be kept: where a price or a longest answer is missing, the worst case of a call has no
//! bound.

use cleanbench_core::{Caps, Sampling, event::Cap};
use cleanbench_ledger::manifest::{ModelPlan, TaskPlan};
use cleanbench_ledger::note::{Note, NoteKind};
use cleanbench_model::Endpoint;

use crate::{ErrorKind, PlanError};

/// What would be asked.
#[derive(Debug, Clone, Copy)]
pub struct Asked<'a> {
    /// The models, in plan order.
    pub models: &'a [ModelPlan],
    /// The tasks, in plan order.
    pub tasks: &'a [TaskPlan],
    /// The endpoints of the models, in the same order; empty where nothing is asked.
    pub endpoints: &'a [Endpoint],
}

/// Why a cap cannot be kept, and what would mend it.
struct Gap {
    what: String,
    hint: String,
}

/// Refuses caps that could not be kept with what is `asked`, before anything is sent. Where the best effort is
/// enough, that becomes a note instead.
///
/// # Errors
/// Everything that is missing.
pub fn check_caps(caps: Caps, asked: Asked<'_>) -> Result<Vec<Note>, PlanError> {
    let gaps = gaps(caps, asked);
    if caps.best_effort {
        let note = |gap: Gap| {
            let text = format!("{}; only what is known is counted", gap.what);
            Note::new(NoteKind::BestEffortCap, text)
        };
        return Ok(gaps.into_iter().map(note).collect());
    }
    if gaps.is_empty() {
        return Ok(Vec::new());
    }
    let (what, hints) = gaps.into_iter().map(|gap| (gap.what, gap.hint)).unzip();
    let error = PlanError {
        hints,
        ..PlanError::of_all(ErrorKind::ConfigInvalid, what)
    };
    Err(error.hint("`--best-effort-cap` counts only what is known, and may exceed the cap"))
}

fn gaps(caps: Caps, asked: Asked<'_>) -> Vec<Gap> {
    let flag = match (caps.cost, caps.tokens) {
        (Some(_), _) => Cap::Cost.flag(),
        (None, Some(_)) => Cap::Tokens.flag(),
        (None, None) => return Vec::new(),
    };
    let mut gaps = Vec::new();
    for (model, endpoint) in asked.models.iter().zip(asked.endpoints) {
        let is_free = endpoint.is_embedded();
        if caps.cost.is_some() && !is_free && endpoint.price.is_none() {
            gaps.push(no_price(model));
        }
        if caps.tokens.is_some() || !is_free {
            gaps.extend(no_longest_answer(flag, model, asked.tasks));
        }
    }
    gaps
}

fn no_price(model: &ModelPlan) -> Gap {
    let (flag, model) = (Cap::Cost.flag(), &model.name);
    Gap {
        what: format!("`{flag}` cannot be kept: model `{model}` has no price"),
        hint: format!(
            "put `price = {{ input = \"…\", output = \"…\" }}` (US dollars per million tokens, \"0\" if it costs nothing) into the entry of `{model}` in the models file"
        ),
    }
}

/// The first task that sets no limit to the answers of `model`.
fn no_longest_answer(flag: &str, model: &ModelPlan, tasks: &[TaskPlan]) -> Option<Gap> {
    let mut pairs = tasks.iter().zip(&model.sampling);
    let (task, _) = pairs.find(|(task, sampling)| is_endless(task, sampling))?;
    let name = &model.name;
    Some(Gap {
        what: format!(
            "`{flag}` cannot be kept: `max_tokens` is not set for task `{}` at model `{name}`",
            task.name
        ),
        hint: format!(
            "put `generate = {{ max_tokens = … }}` into the task, or into the entry of `{name}` in the models file"
        ),
    })
}

fn is_endless(task: &TaskPlan, sampling: &Sampling) -> bool {
    let is_weighed = task.definition["method"] == "likelihood";
    task.probe.is_none() && task.is_asked() && !is_weighed && sampling.max_tokens.is_none()
}
