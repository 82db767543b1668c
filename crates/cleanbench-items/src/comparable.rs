//! Whether two sides were asked the same and judged alike, and in what they differ.
//!
//! One answer for gates, flips, comparisons and drift. An obstacle is something that would be mistaken for a
//! difference of the models; everything else that differs is listed. Where the same model is meant, a
//! difference of the request is an obstacle; where one of two models is to be chosen, it is listed. Where one of two
//! wordings is, the wording is what may differ, and nothing else of the request.
//!
//! | what | regression | choice | prompt |
//! |---|---|---|---|
//! | suite, scorers, reducer, epochs, constraints | obstacle | obstacle | obstacle |
//! | what of the scorers only reads answers ([`crate::judging`]) | obstacle | obstacle | listed |
//! | wording of the task | obstacle | obstacle | listed |
//! | model ([`identity`]), protocol, sampling as it is sent | obstacle | listed | obstacle |
//! | versions, seed, tool, address | listed | listed | listed |

use std::collections::BTreeSet;

use cleanbench_core::GateMode;
use cleanbench_ledger::Plan;
use cleanbench_ledger::manifest::{ModelPlan, TaskPlan};
use serde::Serialize;
use serde_json::Value;

use crate::both::Both;
use crate::judging;
use crate::side::identity;

/// What must be the same.
#[expect(
    clippy::struct_excessive_bools,
    reason = "each is a demand of its own, and callers differ in each"
)]
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Terms {
    /// Whether the same model is meant, or one is to be chosen.
    pub mode: GateMode,
    /// Whether another suite is an obstacle.
    pub same_suite: bool,
    /// Whether another model is one.
    pub same_model: bool,
    /// Whether another protocol or sampling is.
    pub same_request: bool,
    /// Whether another wording of a task is an obstacle. Where it is not, samples still pair by what the model
    /// saw, unless the mode is [`GateMode::Prompt`].
    pub same_wording: bool,
    /// Whether another way to read the same answer is one.
    pub same_reading: bool,
    /// Whether another number of epochs is: the best of five is not the best of one.
    pub same_epochs: bool,
}

impl Terms {
    /// Those of `mode`.
    pub fn of(mode: GateMode) -> Self {
        Self {
            mode,
            same_suite: true,
            same_model: mode != GateMode::Choice,
            same_request: mode != GateMode::Choice,
            same_wording: mode != GateMode::Prompt,
            same_reading: mode != GateMode::Prompt,
            same_epochs: true,
        }
    }

    /// The mode that two models call for by earlier rules: regression where they are the same.
    pub fn mode_of(models: Both<&ModelPlan>) -> GateMode {
        if models.map(identity).differ() {
            GateMode::Choice
        } else {
            GateMode::Regression
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

impl Difference {
    /// What differs, without what it was and is: nothing of a private prompt is in it.
    pub fn in_words(&self) -> String {
        let choice = "with `mode = \"choice\"`";
        let prompt = "compare wordings with `mode = \"prompt\"`";
        match self.what.as_str() {
            "scorers" => "other scorers, or another version of them".to_owned(),
            "model" => format!("another model answered; compare models {choice}"),
            "reducer" => format!(
                "`reducer` was {} and is {}",
                self.base.trim_matches('"'),
                self.candidate.trim_matches('"')
            ),
            what if what.starts_with("sampling") => {
                format!("other sampling parameters; compare them {choice}")
            }
            "epochs" => format!(
                "{} epochs against {}; ask both as often (`--epochs`)",
                self.base, self.candidate
            ),
            what if what.starts_with("constraints") => "`constraints` differs".to_owned(),
            what if self.is_wording() => format!("`{what}` differs; {prompt}"),
            what => format!("`{what}` differs"),
        }
    }
}

impl Difference {
    /// Whether it is one of those between two wordings of a task.
    pub fn is_wording(&self) -> bool {
        WORDING.contains(&self.what.as_str()) || self.what == FEWSHOT || self.what.starts_with(SEEN)
    }
}

/// What was planned of one side of a comparison.
#[derive(Debug, Clone, Copy)]
pub struct Planned<'a> {
    /// Name of the suite.
    pub suite: &'a str,
    /// The models, in plan order.
    pub models: &'a [ModelPlan],
    /// The tasks, in plan order.
    pub tasks: &'a [TaskPlan],
}

impl<'a> Planned<'a> {
    /// What `plan` says.
    pub fn of(plan: &'a Plan) -> Self {
        Self {
            suite: &plan.suite.name,
            models: &plan.models,
            tasks: &plan.tasks,
        }
    }

    /// The model and task at these positions.
    pub fn at(self, at: ModelTask) -> AskedTask<'a> {
        AskedTask {
            model: &self.models[at.model],
            task: &self.tasks[at.task],
            position: at.task,
        }
    }
}

/// Positions of a model and of a task in their plan.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ModelTask {
    /// Position of the model.
    pub model: usize,
    /// Position of the task.
    pub task: usize,
}

/// A task as it was put to a model.
#[derive(Debug, Clone, Copy)]
pub struct AskedTask<'a> {
    /// The model.
    pub model: &'a ModelPlan,
    /// The task.
    pub task: &'a TaskPlan,
    /// Position of the task in its plan.
    pub position: usize,
}

impl AskedTask<'_> {
    /// Whether both are asked with the same sampling.
    pub fn are_sampled_alike(tasks: Both<Self>) -> bool {
        !tasks.map(Self::sampling).differ()
    }

    /// What is really sent as sampling, flat: fields of the request, and under other names what the
    /// provider is known to leave out or ignore.
    fn sampling(self) -> Value {
        let Some(effective) = self.model.effective.get(self.position) else {
            let planned = self.model.sampling.get(self.position);
            return planned.map(to_value).unwrap_or_default();
        };
        let mut flat = effective.clone();
        if let Some(fields) = flat.as_object_mut()
            && let Some(Value::Object(sent)) = fields.remove("sent")
        {
            fields.extend(sent);
        }
        flat
    }
}

/// The parts of a task's definition that decide its wording. Data may be added or corrected.
const WORDING: [&str; 5] = ["system", "prompt", "messages", "choices", "method"];
/// The examples before every question. What the model saw of them is in the digests of inputs.
const FEWSHOT: &str = "fewshot";
/// How the difference of samples that were worded otherwise begins.
const SEEN: &str = "what the model saw";
/// Longest text of a difference, in characters.
const LONGEST: usize = 120;

/// The parts of a task's wording that differ, each with what both sides have.
pub fn wording(tasks: Both<&TaskPlan>) -> Vec<Wording> {
    let parts = WORDING.into_iter().chain([FEWSHOT]);
    let value = |plan: &TaskPlan, part| plan.definition.get(part).cloned().unwrap_or_default();
    let all = parts.map(|part| Wording {
        part,
        said: tasks.map(|plan| value(plan, part)),
    });
    all.filter(|part| part.said.differ()).collect()
}

/// A part of a task's wording.
#[derive(Debug, Clone)]
pub struct Wording {
    /// Its name in the suite, for example `system`.
    pub part: &'static str,
    /// What either side has, null where it has nothing.
    pub said: Both<Value>,
}

/// What was found: what forbids the comparison, and what only has to be known.
#[derive(Debug, Default)]
pub struct Comparability {
    /// What would be mistaken for a difference of the models.
    pub obstacles: Vec<Difference>,
    /// What else differs.
    pub listed: Vec<Difference>,
}

/// What is compared, and where.
#[derive(Clone, Copy)]
struct Subject<'a> {
    task: Option<&'a str>,
    what: &'a str,
    is_obstacle: bool,
}

impl Comparability {
    fn push(&mut self, difference: Difference, is_obstacle: bool) {
        if is_obstacle {
            self.obstacles.push(difference);
        } else {
            self.listed.push(difference);
        }
    }

    /// Notes that the values differ, if they do.
    fn note(&mut self, subject: Subject<'_>, values: &Both<Value>) {
        if !values.differ() {
            return;
        }
        let difference = Difference {
            task: subject.task.map(str::to_owned),
            what: subject.what.to_owned(),
            base: shown(&values.base),
            candidate: shown(&values.candidate),
        };
        self.push(difference, subject.is_obstacle);
    }

    /// The same, field by field where both are objects.
    fn note_fields(&mut self, subject: Subject<'_>, values: &Both<Value>) {
        let (Some(one), Some(other)) = (values.base.as_object(), values.candidate.as_object())
        else {
            return self.note(subject, values);
        };
        let fields: BTreeSet<&String> = one.keys().chain(other.keys()).collect();
        for field in fields {
            let value = |side: &Value| side.get(field).cloned().unwrap_or_default();
            let both = Both {
                base: value(&values.base),
                candidate: value(&values.candidate),
            };
            let what = format!("{}.{field}", subject.what);
            let what = what.as_str();
            self.note(Subject { what, ..subject }, &both);
        }
    }

    /// Compares what holds for the whole of two runs, but for the models.
    pub fn of_runs(&mut self, plans: Both<&Plan>) {
        self.of_suites(plans.map(|plan| plan.suite.name.as_str()));
        let version = |plan: &Plan| Value::from(plan.suite.version.as_str());
        let tool = |plan: &Plan| Value::from(plan.tool.as_str());
        self.note(listed("suite version"), &plans.map(version));
        self.note(listed("seed"), &plans.map(|plan| Value::from(plan.seed)));
        self.note(listed("tool"), &plans.map(tool));
    }

    /// Compares the names of the suites.
    pub fn of_suites(&mut self, suites: Both<&str>) {
        let subject = Subject {
            is_obstacle: true,
            ..listed("suite")
        };
        self.note(subject, &suites.map(Value::from));
    }

    /// Compares the models.
    pub fn of_models(&mut self, models: Both<&ModelPlan>, terms: Terms) {
        let subject = Subject {
            is_obstacle: terms.same_model,
            ..listed("model")
        };
        self.note(subject, &models.map(|model| Value::from(identity(model))));
        for (field, is_obstacle) in [
            ("url", false),
            ("version", false),
            ("form", terms.same_request),
        ] {
            let value = |model: &ModelPlan| model.endpoint.get(field).cloned().unwrap_or_default();
            let what = &format!("model.{field}");
            let subject = Subject {
                is_obstacle,
                ..listed(what)
            };
            self.note(subject, &models.map(value));
        }
    }

    /// Compares how a task was put and judged.
    pub fn of_task(&mut self, tasks: Both<AskedTask<'_>>, terms: Terms) {
        let plans = tasks.map(|asked| asked.task);
        let subject = |what, is_obstacle| Subject {
            task: Some(plans.base.name.as_str()),
            what,
            is_obstacle,
        };
        if plans.map(|plan| plan.scorers_digest).differ() {
            let mut scorers = plans.map(|plan| to_value(&plan.scorers));
            let only_reads = scorers.differ() && judging::agree(plans);
            if !scorers.differ() {
                scorers = plans.map(|plan| Value::from(plan.scorers_digest.to_string()));
            }
            let is_obstacle = terms.same_reading || !only_reads;
            self.note(subject("scorers", is_obstacle), &scorers);
        }
        let reducer = |plan: &TaskPlan| Value::from(plan.reducer.to_string());
        self.note(subject("reducer", true), &plans.map(reducer));
        let constraints = |plan: &TaskPlan| to_value(&plan.constraints);
        self.note_fields(subject("constraints", true), &plans.map(constraints));
        let epochs = |plan: &TaskPlan| Value::from(plan.epochs);
        self.note(subject("epochs", terms.same_epochs), &plans.map(epochs));
        let sampling = subject("sampling", terms.same_request);
        self.note_fields(sampling, &tasks.map(AskedTask::sampling));
        for field in WORDING {
            let value = |plan: &TaskPlan| plan.definition.get(field).cloned().unwrap_or_default();
            self.note(subject(field, terms.same_wording), &plans.map(value));
        }
        if terms.mode == GateMode::Prompt {
            let value = |plan: &TaskPlan| plan.definition.get(FEWSHOT).cloned().unwrap_or_default();
            self.note(subject(FEWSHOT, false), &plans.map(value));
        }
    }

    /// Notes a task that one side alone has.
    pub fn one_sided(&mut self, task: &str, is_base: bool, is_obstacle: bool) {
        let is_there = |is_there: bool| {
            Value::from(if is_there {
                "in the run"
            } else {
                "not in the run"
            })
        };
        let subject = Subject {
            task: Some(task),
            what: "task",
            is_obstacle,
        };
        let both = Both {
            base: is_there(is_base),
            candidate: is_there(!is_base),
        };
        self.note(subject, &both);
    }

    /// Notes samples whose ids are on both sides and whose inputs are not.
    pub fn reworded(&mut self, task: &str, ids: &[&str], of: usize, is_obstacle: bool) {
        const NAMED: usize = 5;
        let mut named = ids[..ids.len().min(NAMED)].join(", ");
        if ids.len() > NAMED {
            named.push_str(", …");
        }
        let count = ids.len();
        let difference = Difference {
            task: Some(task.to_owned()),
            what: format!("{SEEN} of {count} of {of} samples ({named})"),
            base: "one wording".to_owned(),
            candidate: "another".to_owned(),
        };
        self.push(difference, is_obstacle);
    }
}

/// Why a model and task have nothing that they can be compared with, a lowercase fragment.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct NoCounterpart(String);

/// Positions of the model and task of the baseline that those of the candidate at `at` are compared with.
/// `named` is the baseline's model that was named, if one was.
///
/// # Errors
/// Where there is none, or it differs in what `terms` want to be the same.
pub fn counterpart(
    planned: Both<Planned<'_>>,
    at: ModelTask,
    named: Option<&str>,
    terms: Terms,
) -> Result<ModelTask, NoCounterpart> {
    let model = model_of(planned, at.model, named, terms.mode)?;
    let wanted = &planned.candidate.tasks[at.task].name;
    let mut tasks = planned.base.tasks.iter();
    let task = tasks.position(|task| task.name == *wanted);
    let task = task.ok_or_else(|| NoCounterpart(format!("the baseline has no task `{wanted}`")))?;
    let found = ModelTask { model, task };
    let both = Both {
        base: planned.base.at(found),
        candidate: planned.candidate.at(at),
    };
    let mut comparability = Comparability::default();
    if terms.same_suite {
        comparability.of_suites(planned.map(|side| side.suite));
    }
    comparability.of_task(both, terms);
    comparability.of_models(both.map(|asked| asked.model), terms);
    match comparability.obstacles.first() {
        None => Ok(found),
        Some(obstacle) => Err(NoCounterpart(format!(
            "task `{wanted}` is not the same as in the baseline: {}",
            obstacle.in_words()
        ))),
    }
}

fn model_of(
    planned: Both<Planned<'_>>,
    model: usize,
    named: Option<&str>,
    mode: GateMode,
) -> Result<usize, NoCounterpart> {
    let models = planned.base.models;
    let position = |name: &str| models.iter().position(|model| model.name == name);
    let missing =
        |name: &str, hint: &str| NoCounterpart(format!("the baseline has no model `{name}`{hint}"));
    let own = &planned.candidate.models[model].name;
    let hint = "; name one with `--baseline-model`, or gate with `mode = \"choice\"`";
    let subjects = models.iter().enumerate();
    let subjects = subjects.filter(|(_, model)| !model.is_reference());
    let subjects: Vec<_> = subjects.map(|(position, _)| position).collect();
    match (named, mode, subjects.as_slice()) {
        (Some(named), _, _) => position(named).ok_or_else(|| missing(named, "")),
        (None, GateMode::Choice, [only]) => Ok(*only),
        (None, _, _) => position(own).ok_or_else(|| missing(own, hint)),
    }
}

fn listed(what: &str) -> Subject<'_> {
    Subject {
        task: None,
        what,
        is_obstacle: false,
    }
}

fn to_value<T: Serialize>(value: &T) -> Value {
    serde_json::to_value(value).unwrap_or_default()
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
