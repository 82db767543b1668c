//! Logs of `OpenAI`'s evals: lines of events about samples, between a specification and a report.
//!
//! What a sample was asked and answered is its first `sampling`; `match` says whether it was right, `metrics` gives
//! numbers. Refused: logs without samplings, a sample that one scorer judged twice.

use std::collections::{HashMap, HashSet};

use cleanbench_core::{Form, Message, Role};
use cleanbench_model::imported::{ImportedAnswer, ImportedScore};
use serde::Deserialize;
use serde_json::{Map, Value};

use super::{Found, Look};
use crate::error::ImportError;
use crate::gather::{At, Gathering, target};
use crate::json;
use crate::log::Sample;
use crate::source::{COLLECTION, Source};
use crate::stated::{Claim, EXACT};

const FORMAT: &str = "OpenAI evals log";
const MATCH: &str = "match";
const LATER: &str = "further completion of a sample; the first stands for its answer";
const LOST: &str = "sample without a completion; its answer is missing and no 0";

/// Whether `look` is such a log.
pub(super) fn find(look: &Look<'_>) -> Option<Found> {
    let is_event = look.has("event_id") && look.has("run_id") && look.has("data");
    let is_spec = look.has("spec") && look.keys.len() == 1;
    (is_event || is_spec).then(|| Found::new(FORMAT, read))
}

/// A line.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Line {
    spec: Option<Spec>,
    final_report: Option<Map<String, Value>>,
    sample_id: Option<Value>,
    r#type: String,
    data: Map<String, Value>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Spec {
    eval_name: String,
    base_eval: String,
    completion_fns: Vec<String>,
}

/// What the events say of a sample.
#[derive(Debug, Default)]
struct Told {
    messages: Vec<Message>,
    record: Option<ImportedAnswer>,
    scores: Vec<ImportedScore>,
    /// Which scorers have judged it.
    judged: HashSet<String>,
    expected: Option<Value>,
    error: Option<String>,
}

fn read(source: &Source, gathering: &mut Gathering) -> Result<(), ImportError> {
    for file in &source.files {
        let place = source.shown(file);
        let bytes = source.take(file, COLLECTION)?;
        let mut log = Log::default();
        for line in json::lines(&bytes) {
            let number = line.before;
            let line: Line = json::parse_at(&place, number, line.bytes)?;
            let at = format!("{place}:{}", number + 1);
            log.add(line, gathering, &at)?;
        }
        log.finish(gathering, &place)?;
    }
    Ok(())
}

/// A log as far as it was read.
#[derive(Default)]
struct Log {
    spec: Spec,
    report: Map<String, Value>,
    order: Vec<String>,
    told: HashMap<String, Told>,
}

impl Log {
    fn add(
        &mut self,
        line: Line,
        gathering: &mut Gathering,
        place: &str,
    ) -> Result<(), ImportError> {
        if let Some(spec) = line.spec {
            self.spec = spec;
        }
        if let Some(report) = line.final_report {
            self.report = report;
        }
        let Some(id) = line.sample_id.as_ref().and_then(json::word) else {
            return Ok(());
        };
        if !self.told.contains_key(&id) {
            self.order.push(id.clone());
        }
        let told = self.told.entry(id.clone()).or_default();
        let before = told.scores.len();
        match line.r#type.as_str() {
            "sampling" if told.record.is_none() => told.sampled(&line.data),
            "sampling" => gathering.remark(LATER),
            "match" => told.matched(&line.data),
            "metrics" => told.measured(&line.data),
            "error" | "failure" => {
                told.error = Some(Value::Object(line.data).to_string());
            }
            _ => {}
        }
        let mut new = told.scores.iter().skip(before);
        match new.find(|score| !told.judged.insert(score.scorer.clone())) {
            Some(score) => Err(judged_twice(place, &id, &score.scorer)),
            None => Ok(()),
        }
    }

    fn finish(self, gathering: &mut Gathering, place: &str) -> Result<(), ImportError> {
        gathering.written_by("OpenAI evals", FORMAT);
        let name = [&self.spec.eval_name, &self.spec.base_eval];
        let name = name.into_iter().find(|name| !name.is_empty());
        let task = gathering.task(name.map_or("eval", String::as_str));
        let model = self
            .spec
            .completion_fns
            .first()
            .cloned()
            .unwrap_or_default();
        let model = gathering.model(&model, Form::Chat);
        let mut told = self.told;
        for id in self.order {
            if let Some(told) = told.remove(&id) {
                told.put(gathering, Target { task, model, id }, place)?;
            }
        }
        let claim = self.report.get("accuracy").and_then(Value::as_f64);
        if let Some(value) = claim {
            gathering.claim(Claim {
                task: gathering.task_name(task).to_owned(),
                model,
                scorer: MATCH.to_owned(),
                metric: "accuracy".to_owned(),
                value,
                tolerance: EXACT,
                split: None,
            });
        }
        Ok(())
    }
}

fn judged_twice(place: &str, id: &str, scorer: &str) -> ImportError {
    let what = format!("sample `{id}` was judged by `{scorer}` twice");
    ImportError::refused(place, what)
        .hint("leave one of the events out; the log does not say which of them holds")
}

/// Where a sample goes.
struct Target {
    task: usize,
    model: usize,
    id: String,
}

impl Told {
    fn sampled(&mut self, data: &Map<String, Value>) {
        self.messages = data.get("prompt").map(conversation).unwrap_or_default();
        let text = match data.get("sampled") {
            Some(Value::Array(several)) => several.first().and_then(json::text),
            Some(one) => json::text(one),
            None => None,
        };
        self.record = text.map(|text| ImportedAnswer {
            text: Some(text),
            ..ImportedAnswer::default()
        });
    }

    fn matched(&mut self, data: &Map<String, Value>) {
        self.expected = data.get("expected").cloned().and_then(target);
        let correct = data.get("correct").and_then(Value::as_bool);
        let picked = data.get("picked").and_then(json::text);
        self.scores.extend(correct.map(|correct| ImportedScore {
            scorer: MATCH.to_owned(),
            value: f64::from(u8::from(correct)),
            said: None,
            answer: picked,
        }));
    }

    fn measured(&mut self, data: &Map<String, Value>) {
        for (scorer, value) in data {
            let flag = || value.as_bool().map(|flag| f64::from(u8::from(flag)));
            let Some(number) = value.as_f64().or_else(flag) else {
                continue;
            };
            self.scores.push(ImportedScore {
                scorer: scorer.clone(),
                value: number,
                ..ImportedScore::default()
            });
        }
    }

    fn put(self, gathering: &mut Gathering, to: Target, place: &str) -> Result<(), ImportError> {
        let sample = Sample {
            id: to.id,
            messages: if self.messages.is_empty() {
                vec![Message::new(Role::User, "")]
            } else {
                self.messages
            },
            target: self.expected,
            ..Sample::default()
        };
        let sample = gathering.sample(to.task, sample, place)?;
        let failed = self.error.map(|error| ImportedAnswer {
            error: Some(error),
            ..ImportedAnswer::default()
        });
        let Some(record) = self.record.or(failed) else {
            gathering.remark(LOST);
            return Ok(());
        };
        for score in &self.scores {
            gathering.scored_by(to.task, &score.scorer);
        }
        let at = At {
            task: to.task,
            sample,
            model: to.model,
            epoch: 1,
        };
        let record = ImportedAnswer {
            scores: self.scores,
            ..record
        };
        gathering.answer(at, record, place)
    }
}

/// A prompt: a text or a conversation. Speakers that only this harness has (named examples) are the system.
pub(super) fn conversation(prompt: &Value) -> Vec<Message> {
    let Value::Array(turns) = prompt else {
        let text = json::text(prompt).unwrap_or_default();
        return vec![Message::new(Role::User, text)];
    };
    let each = turns.iter().map(|turn| {
        let role = match turn.get("role").and_then(Value::as_str) {
            Some("user") => Role::User,
            Some("assistant") => Role::Assistant,
            _ => Role::System,
        };
        let content = turn.get("content").and_then(json::text);
        Message::new(role, content.unwrap_or_default())
    });
    each.collect()
}
