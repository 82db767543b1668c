//! Whether two sides can be compared at all, and in what they differ.
//!
//! Invariant: an obstacle is something that would be mistaken for a difference of the models; everything
//! else that differs is listed. In regression mode a difference of the request is an obstacle, since the
//! same model is meant; in choice mode it is listed.
//!
//! It refuses runs under different suite keys, whose digests say nothing of each other.

use std::collections::BTreeSet;

use cleanbench_ledger::manifest::TaskPlan;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::side::Side;

/// What a comparison is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Mode {
    /// Whether the same model has become worse: the request must be the same.
    Regression,
    /// Which of two models to take: each is asked in its own way.
    Choice,
}

impl Mode {
    /// The word used in files and on the command line.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Regression => "regression",
            Self::Choice => "choice",
        }
    }

    /// The mode that two sides call for: regression where the model is the same.
    pub fn of(base: Side<'_>, candidate: Side<'_>) -> Self {
        if base.identity() == candidate.identity() {
            Self::Regression
        } else {
            Self::Choice
        }
    }
}

/// Something in which two sides differ.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Difference {
    /// The task that it concerns; `None` where it concerns the whole run.
    pub task: Option<String>,
    /// What differs, for example `sampling.temperature`.
    pub what: String,
    /// On the baseline's side.
    pub base: String,
    /// On the candidate's.
    pub candidate: String,
}

impl std::fmt::Display for Difference {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        if let Some(task) = &self.task {
            write!(f, "task `{task}`: ")?;
        }
        write!(f, "{}: {} against {}", self.what, self.base, self.candidate)
    }
}

/// What was found: what forbids the comparison, and what only has to be known.
#[derive(Debug, Default)]
pub(crate) struct Differences {
    pub(crate) obstacles: Vec<Difference>,
    pub(crate) listed: Vec<Difference>,
}

/// Longest text of a difference, in characters.
const LONGEST: usize = 120;

impl Differences {
    /// Notes that `what` differs, if it does.
    fn note(
        &mut self,
        (task, what): (Option<&str>, &str),
        (base, candidate): (&Value, &Value),
        is_obstacle: bool,
    ) {
        if base == candidate {
            return;
        }
        let difference = Difference {
            task: task.map(str::to_owned),
            what: what.to_owned(),
            base: shown(base),
            candidate: shown(candidate),
        };
        if is_obstacle {
            self.obstacles.push(difference);
        } else {
            self.listed.push(difference);
        }
    }

    /// As [`Differences::note`], field by field where both are objects.
    fn note_fields(
        &mut self,
        (task, what): (Option<&str>, &str),
        (base, candidate): (&Value, &Value),
        is_obstacle: bool,
    ) {
        let (Some(one), Some(other)) = (base.as_object(), candidate.as_object()) else {
            return self.note((task, what), (base, candidate), is_obstacle);
        };
        let fields: BTreeSet<&String> = one.keys().chain(other.keys()).collect();
        for field in fields {
            let side = |side: &serde_json::Map<String, Value>| {
                side.get(field).cloned().unwrap_or(Value::Null)
            };
            let name = format!("{what}.{field}");
            self.note((task, &name), (&side(one), &side(other)), is_obstacle);
        }
    }

    /// Compares what holds for the whole run.
    pub(crate) fn of_runs(&mut self, base: Side<'_>, candidate: Side<'_>, mode: Mode) {
        let (one, other) = (&base.table.manifest.plan, &candidate.table.manifest.plan);
        let name = |name: &str| Value::from(name);
        let suites = (&name(&one.suite.name), &name(&other.suite.name));
        self.note((None, "suite"), suites, true);
        let versions = (&name(&one.suite.version), &name(&other.suite.version));
        self.note((None, "suite version"), versions, false);
        self.note(
            (None, "seed"),
            (&Value::from(one.seed), &Value::from(other.seed)),
            false,
        );
        self.note(
            (None, "tool"),
            (&name(&one.tool), &name(&other.tool)),
            false,
        );
        let models = (&name(&base.identity()), &name(&candidate.identity()));
        self.note((None, "model"), models, false);
        for (field, is_obstacle) in [
            ("url", false),
            ("version", false),
            ("form", mode == Mode::Regression),
        ] {
            let value = |side: Side<'_>| side.plan().endpoint.get(field).cloned();
            let (one, other) = (value(base), value(candidate));
            let both = (&one.unwrap_or_default(), &other.unwrap_or_default());
            self.note((None, &format!("model.{field}")), both, is_obstacle);
        }
    }

    /// Compares a task that both have, at positions `at` of their plans.
    pub(crate) fn of_task(
        &mut self,
        (base, candidate): (Side<'_>, Side<'_>),
        at: (usize, usize),
        mode: Mode,
    ) {
        let plans = (plan(base, at.0), plan(candidate, at.1));
        let name = Some(plans.0.name.as_str());
        let both = |value: fn(&TaskPlan) -> Value| (value(plans.0), value(plans.1));
        if plans.0.scorers_digest != plans.1.scorers_digest {
            let (mut one, mut other) = both(scorers);
            if one == other {
                (one, other) = both(|plan| Value::from(plan.scorers_digest.to_string()));
            }
            self.note((name, "scorers"), (&one, &other), true);
        }
        let (one, other) = both(|plan| Value::from(plan.reducer.to_string()));
        self.note((name, "reducer"), (&one, &other), true);
        let (one, other) = both(|plan| to_value(&plan.constraints));
        self.note_fields((name, "constraints"), (&one, &other), true);
        let (one, other) = both(|plan| Value::from(plan.epochs));
        self.note((name, "epochs"), (&one, &other), false);
        let strict = mode == Mode::Regression;
        let (one, other) = (sampling(base, at.0), sampling(candidate, at.1));
        self.note_fields((name, "sampling"), (&one, &other), strict);
        // The wording of a prompt is judged by the input digests; here it is said where it differs.
        for field in ["system", "prompt", "messages", "choices", "method"] {
            let value = |plan: &TaskPlan| plan.definition.get(field).cloned().unwrap_or_default();
            self.note((name, field), (&value(plans.0), &value(plans.1)), false);
        }
    }
}

fn plan(side: Side<'_>, task: usize) -> &TaskPlan {
    &side.table.manifest.plan.tasks[task]
}

fn scorers(plan: &TaskPlan) -> Value {
    to_value(&plan.scorers)
}

fn to_value<T: Serialize>(value: &T) -> Value {
    serde_json::to_value(value).unwrap_or_default()
}

/// What is really sent as sampling, flat: fields of the request, and under other names what the
/// provider is known to leave out or ignore.
fn sampling(side: Side<'_>, task: usize) -> Value {
    let model = side.plan();
    let Some(effective) = model.effective.get(task) else {
        return model.sampling.get(task).map(to_value).unwrap_or_default();
    };
    let mut flat = effective.clone();
    if let Some(fields) = flat.as_object_mut()
        && let Some(Value::Object(sent)) = fields.remove("sent")
    {
        fields.extend(sent);
    }
    flat
}

/// A value as people read it, not too long.
fn shown(value: &Value) -> String {
    let text = match value {
        Value::Null => "not set".to_owned(),
        Value::String(text) => format!("{text:?}"),
        other => other.to_string(),
    };
    match text.char_indices().nth(LONGEST) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text,
    }
}

impl Differences {
    /// Notes that another model was asked where the same is meant.
    pub(crate) fn other_models(&mut self, (base, candidate): (String, String)) {
        let both = (&Value::from(base), &Value::from(candidate));
        self.note((None, "model"), both, true);
    }

    /// Notes a task that one side alone has.
    pub(crate) fn one_sided(&mut self, task: &str, is_base: bool, is_obstacle: bool) {
        let (here, missing) = (Value::from("in the run"), Value::from("not in the run"));
        let both = if is_base {
            (&here, &missing)
        } else {
            (&missing, &here)
        };
        self.note((Some(task), "task"), both, is_obstacle);
    }

    /// Notes samples whose ids are on both sides and whose inputs are not.
    pub(crate) fn reworded(&mut self, task: &str, ids: &[&str], of: usize, is_obstacle: bool) {
        const NAMED: usize = 5;
        let mut named = ids
            .iter()
            .take(NAMED)
            .copied()
            .collect::<Vec<_>>()
            .join(", ");
        if ids.len() > NAMED {
            named.push_str(", …");
        }
        let difference = Difference {
            task: Some(task.to_owned()),
            what: format!(
                "what the model saw of {} of {of} samples ({named})",
                ids.len()
            ),
            base: "one wording".to_owned(),
            candidate: "another".to_owned(),
        };
        if is_obstacle {
            self.obstacles.push(difference);
        } else {
            self.listed.push(difference);
        }
    }
}
