//! A run as one value, to be written in the formats of others.
//!
//! Invariants: what a call did not answer is counted and no answer, and an error is one; of an answer the scores are those
//! on record.
//! Probes are left out: other harnesses have none. Refused: what was erased, which nobody can hand on.

use cleanbench_core::{Completion, Form, Judgement, Outcome};
use cleanbench_import::{Absent, Answer, Imported, Model, Sample, Task};
use cleanbench_ledger::manifest::TaskPlan;
use cleanbench_ledger::samples::SampleContent;
use cleanbench_ledger::{Plan, SampleRows};
use cleanbench_model::imported::{ImportedAnswer, ImportedCall, ImportedScore};
use cleanbench_report::detail::{CallDetail, SampleDetail, ScoreDetail, find};
use cleanbench_report::{Recording, ReportError};
use serde_json::Value;

/// A run, and what of it is no answer and no error.
#[derive(Debug, Clone, Default)]
pub struct Outgoing {
    /// Its tasks, models and answers.
    pub run: Imported,
    /// Calls that are not in it, by model and task.
    pub absent: Vec<Absent>,
}

/// What `recording` comes to.
///
/// # Errors
/// When the run is damaged.
pub fn exported(recording: &Recording) -> Result<Outgoing, ReportError> {
    let plan = &recording.manifest.plan;
    let each = plan.tasks.iter().map(|task| Task {
        name: task.name.clone(),
        recorded: scorer_names(task),
        ..Task::default()
    });
    let mut tasks: Vec<_> = each.collect();
    let mut absent = Vec::new();
    for row in SampleRows::open(&recording.run)? {
        let row = row?;
        let task = &plan.tasks[row.task as usize];
        if task.probe.is_some() || !task.is_asked() {
            continue;
        }
        let found = find(recording, &format!("{}:{}", task.name, row.id))?;
        let own = found
            .into_iter()
            .find(|one| one.task == task.name && one.id == row.id);
        let Some(detail) = own else { continue };
        for call in &detail.calls {
            count(&mut absent, task, call, detail.content.is_none());
        }
        let exported = &mut tasks[row.task as usize];
        exported
            .samples
            .extend(sample(plan, &exported.recorded, detail));
    }
    tasks.retain(|task| !task.samples.is_empty());
    let run = Imported {
        name: plan.suite.name.clone(),
        tool: plan
            .imported
            .as_ref()
            .map(|imported| imported.tool.clone())
            .unwrap_or_default(),
        tasks,
        models: models(plan),
        ..Imported::default()
    };
    Ok(Outgoing { run, absent })
}

/// Counts `call` of `task` among the absent ones where it has neither an answer nor an error to hand on.
fn count(absent: &mut Vec<Absent>, task: &TaskPlan, call: &CallDetail, is_erased: bool) {
    let is_skipped = call.outcome == Some(Outcome::Skipped);
    let has_any = call.completion.is_some() || call.error.is_some();
    if !is_erased && has_any && !is_skipped {
        return;
    }
    let same = |one: &Absent| one.task == task.name && one.model == call.model;
    let known = absent.iter().position(same);
    let position = known.unwrap_or(absent.len());
    if known.is_none() {
        absent.push(Absent {
            task: task.name.clone(),
            model: call.model.clone(),
            ..Absent::default()
        });
    }
    let counts = &mut absent[position];
    match call.outcome {
        Some(Outcome::Skipped) => counts.skipped += 1,
        None => counts.unfinished += 1,
        Some(_) => counts.erased += 1,
    }
}

/// What the scorers of `task` are called: those that take the scores of a log as that log does, the others by what
/// they are, and the second of a name with its number.
fn scorer_names(task: &TaskPlan) -> Vec<String> {
    let mut names: Vec<String> = Vec::new();
    for spec in &task.scorers {
        let own = spec.params.get("scorer").and_then(Value::as_str);
        let name = own
            .filter(|_| spec.kind == "recorded")
            .unwrap_or(&spec.kind);
        let same = names.iter().filter(|known| *known == name).count();
        names.push(match same {
            0 => name.to_owned(),
            same => format!("{name}-{}", same + 1),
        });
    }
    names
}

fn models(plan: &Plan) -> Vec<Model> {
    let each = plan.models.iter().map(|model| Model {
        name: model.name.clone(),
        form: Form::Chat,
    });
    each.collect()
}

fn sample(plan: &Plan, scorers: &[String], detail: SampleDetail) -> Option<Sample> {
    let SampleContent {
        messages, sample, ..
    } = detail.content?;
    let answers = detail
        .calls
        .into_iter()
        .filter_map(|call| answer(plan, scorers, call));
    Some(Sample {
        id: detail.id,
        messages,
        target: sample.target,
        choices: sample.choices,
        metadata: sample.metadata,
        answers: answers.collect(),
    })
}

fn answer(plan: &Plan, scorers: &[String], call: CallDetail) -> Option<Answer> {
    let model = plan
        .models
        .iter()
        .position(|model| model.name == call.model)?;
    let record = match (call.completion, call.error) {
        (Some(completion), _) => ImportedAnswer {
            scores: scores(call.scores, scorers),
            ..record(completion)
        },
        // Nobody was asked: that is no error of the model.
        (None, _) if call.outcome == Some(Outcome::Skipped) => return None,
        (None, Some(error)) => ImportedAnswer {
            error: Some(error),
            ..ImportedAnswer::default()
        },
        (None, None) => return None,
    };
    Some(Answer {
        model,
        epoch: call.epoch,
        record,
    })
}

fn record(completion: Completion) -> ImportedAnswer {
    let calls = completion.tool_calls.into_iter().map(|call| ImportedCall {
        name: call.name,
        arguments: call.arguments,
    });
    let finish = completion.finish.as_str();
    ImportedAnswer {
        text: Some(completion.text),
        reasoning: completion.reasoning,
        finish: (!finish.is_empty()).then(|| finish.to_owned()),
        model: completion.model,
        usage: completion.usage,
        tool_calls: calls.collect(),
        ..ImportedAnswer::default()
    }
}

fn scores(details: Vec<ScoreDetail>, scorers: &[String]) -> Vec<ImportedScore> {
    let is_whole = details.len() == scorers.len();
    let each = details.into_iter().enumerate().map(|(position, detail)| {
        let Judgement { score, answer, .. } = detail.judgement;
        let name = scorers.get(position).filter(|_| is_whole);
        ImportedScore {
            scorer: name.cloned().unwrap_or(detail.scorer),
            value: score.value,
            said: None,
            answer,
        }
    });
    each.collect()
}
