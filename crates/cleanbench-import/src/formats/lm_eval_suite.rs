//! Tasks of lm-evaluation-harness: a YAML file whose data lie beside it and whose prompt is a template of fields.
//!
//! Refused by name: what needs Python (`!function`, `process_docs`, `class`), data of a hub, and other kinds of output.

use std::path::Path;

use serde::Deserialize;
use serde_json::{Map, Value};

use super::conversation::messages;
use super::{Found, Look};
use crate::choices::Named;
use crate::error::ImportError;
use crate::gather::{Gathering, target};
use crate::json;
use crate::log::Sample;
use crate::source::{COLLECTION, DOCUMENT, Source, ends_in};
use crate::template;
use crate::yaml;

const FORMAT: &str = "lm-eval task";
const WEIGHED: &str =
    "lm-eval weighs the likelihood of each choice; here the model is asked to write one";

/// Whether `look` is such a task.
pub(super) fn find(look: &Look<'_>) -> Option<Found> {
    let is_yaml = ends_in(look.path, "yaml") || ends_in(look.path, "yml");
    let has = |key: &str| {
        let quoted = format!("\"{key}\":");
        look.has_line(format!("{key}:").as_bytes()) || look.has_line(quoted.as_bytes())
    };
    // Most of that harness's own say little besides the file that they include.
    let is_part = has("task") && (has("include") || has("dataset_name"));
    let is_task = has("doc_to_text") || has("dataset_path") || is_part;
    (is_yaml && is_task).then(|| Found::new(FORMAT, read))
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Task {
    #[serde(rename = "task")]
    name: String,
    dataset_path: Option<String>,
    dataset_kwargs: Option<Kwargs>,
    test_split: Option<String>,
    validation_split: Option<String>,
    description: Option<String>,
    doc_to_text: Value,
    doc_to_target: Value,
    doc_to_choice: Value,
    output_type: Option<String>,
    process_docs: Value,
    include: Value,
    class: Value,
    num_fewshot: Option<u64>,
    #[serde(flatten)]
    others: Map<String, Value>,
}

/// Keys that change neither what is asked nor what is right, but for examples, which are left out.
const HARMLESS: [&str; 14] = [
    "alias",
    "dataset_name",
    "fewshot_config",
    "fewshot_delimiter",
    "fewshot_split",
    "group",
    "group_alias",
    "metadata",
    "should_decontaminate",
    "doc_to_decontamination_query",
    "tag",
    "task_alias",
    "target_delimiter",
    "training_split",
];

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Kwargs {
    data_files: Value,
}

fn read(source: &Source, gathering: &mut Gathering) -> Result<(), ImportError> {
    gathering.written_by("lm-evaluation-harness", FORMAT);
    for file in &source.files {
        let place = source.shown(file);
        let bytes = source.take(file, DOCUMENT)?;
        if let Some(what) = python(&bytes) {
            return Err(ImportError::refused(
                place,
                format!("it needs Python: {what}"),
            ));
        }
        let task: Task = yaml::parse(&place, &bytes)?;
        if let Some(why) = refused(&task) {
            return Err(ImportError::refused(place, why));
        }
        let folder = file.parent().unwrap_or(Path::new(""));
        Reading {
            source,
            place: &place,
            gathering,
            task: &task,
        }
        .rows(folder)?;
    }
    Ok(())
}

/// The line of a file that names a function.
fn python(bytes: &[u8]) -> Option<String> {
    let text = String::from_utf8_lossy(bytes);
    let mut lines = text.lines();
    let line = lines.find(|line| line.contains("!function"))?;
    Some(json::shown(line.trim()))
}

fn refused(task: &Task) -> Option<String> {
    let set = [
        ("process_docs", &task.process_docs),
        ("include", &task.include),
        ("class", &task.class),
    ];
    if let Some((name, _)) = set.iter().find(|(_, value)| !value.is_null()) {
        return Some(format!("it sets `{name}`, which cannot be expressed here"));
    }
    let path = task.dataset_path.as_deref().unwrap_or_default();
    if !["json", "csv"].contains(&path) {
        return Some(format!(
            "its data are `{}` of a hub, which is never asked; download them and set `dataset_path: json`",
            json::shown(path)
        ));
    }
    let kinds = ["generate_until", "multiple_choice"];
    let kind = task.output_type.as_deref().unwrap_or("generate_until");
    (!kinds.contains(&kind)).then(|| format!("its `output_type` is `{}`", json::shown(kind)))
}

/// A task while its data are read.
struct Reading<'a> {
    source: &'a Source,
    place: &'a str,
    gathering: &'a mut Gathering,
    task: &'a Task,
}

impl Reading<'_> {
    fn rows(mut self, folder: &Path) -> Result<(), ImportError> {
        if self.task.num_fewshot.is_some_and(|shots| shots > 0) {
            let what = "examples before the question (`num_fewshot`) are left out";
            self.gathering.cannot_tell(what);
        }
        let others = self.task.others.keys();
        let dropped = others.filter(|key| !HARMLESS.contains(&key.as_str()));
        let dropped: Vec<_> = dropped.map(|key| json::shown(key)).collect();
        if !dropped.is_empty() {
            let what = format!("left out of the task: `{}`", dropped.join("`, `"));
            self.gathering.cannot_tell(what);
        }
        let position = self.gathering.task(&self.task.name);
        self.gathering.targets_are(position, Named::Position);
        for name in self.data_files()? {
            let file = folder.join(&name);
            let place = self.source.shown(&file);
            let bytes = self.source.take(&file, COLLECTION)?;
            let docs = if ends_in(&file, "csv") {
                docs_of_csv(&place, &bytes)?
            } else {
                docs_of_json(&place, &bytes)?
            };
            for doc in docs {
                self.doc(position, doc)?;
            }
        }
        Ok(())
    }

    /// The files of the split that is tested.
    fn data_files(&self) -> Result<Vec<String>, ImportError> {
        let named = self
            .task
            .dataset_kwargs
            .as_ref()
            .map(|kwargs| &kwargs.data_files);
        let split = self
            .task
            .test_split
            .as_ref()
            .or(self.task.validation_split.as_ref());
        let of_split = match (named, split) {
            (Some(Value::Object(splits)), Some(split)) => splits.get(split),
            (named, _) => named,
        };
        let names: Option<Vec<String>> = match of_split {
            Some(Value::String(name)) => Some(vec![name.clone()]),
            Some(Value::Array(names)) => names.iter().map(json::word).collect(),
            _ => None,
        };
        names.ok_or_else(|| {
            ImportError::refused(self.place, "it names no `data_files` of its split")
        })
    }

    fn doc(&mut self, task: usize, doc: Map<String, Value>) -> Result<(), ImportError> {
        let refuse = |what: String| ImportError::refused(self.place, format!("it needs {what}"));
        let text = worded(&self.task.doc_to_text, &doc).map_err(refuse)?;
        let description = self.task.description.as_deref().unwrap_or_default();
        let description = template::render(description, &doc).map_err(refuse)?;
        let prompt = format!("{description}{text}");
        let choices = self.choices(&doc).map_err(refuse)?;
        if !choices.is_empty() {
            self.gathering.cannot_tell(WEIGHED);
        }
        let right = self.right(&doc).map_err(refuse)?;
        let sample = Sample {
            messages: messages(&prompt),
            target: target(right),
            choices,
            metadata: doc,
            ..Sample::default()
        };
        self.gathering.sample(task, sample, self.place).map(drop)
    }

    /// What is right: digits that a template comes to are a position among choices.
    fn right(&self, doc: &Map<String, Value>) -> Result<Value, String> {
        let template = &self.task.doc_to_target;
        let is_field = template.as_str().is_some_and(|name| doc.contains_key(name));
        let right = worded(template, doc)?;
        let digits = right.parse::<u64>().ok();
        let position = digits.filter(|_| !is_field && !self.task.doc_to_choice.is_null());
        Ok(position.map_or_else(|| Value::from(right), Value::from))
    }

    fn choices(&self, doc: &Map<String, Value>) -> Result<Vec<String>, String> {
        let listed = match &self.task.doc_to_choice {
            Value::Null => return Ok(Vec::new()),
            Value::String(field) => doc.get(field).cloned().unwrap_or_default(),
            other => other.clone(),
        };
        let Value::Array(listed) = listed else {
            return Err("`doc_to_choice` that is no list, nor the name of one".to_owned());
        };
        listed.iter().map(|choice| worded(choice, doc)).collect()
    }
}

/// A template of fields, or the name of a field.
fn worded(template: &Value, doc: &Map<String, Value>) -> Result<String, String> {
    let text = json::text(template).unwrap_or_default();
    match doc.get(&text) {
        Some(field) => template::written(&text, field),
        None => template::render(&text, doc),
    }
}

fn docs_of_json(place: &str, bytes: &[u8]) -> Result<Vec<Map<String, Value>>, ImportError> {
    if bytes.trim_ascii_start().starts_with(b"[") {
        return json::parse(place, bytes);
    }
    let lines = json::lines(bytes);
    let each = lines.map(|line| json::parse_at(place, line.before, line.bytes));
    each.collect()
}

fn docs_of_csv(place: &str, bytes: &[u8]) -> Result<Vec<Map<String, Value>>, ImportError> {
    let mut reader = csv::Reader::from_reader(bytes);
    let each = reader.deserialize::<std::collections::BTreeMap<String, String>>();
    let each = each.map(|row| {
        let row = row.map_err(|error| ImportError::damaged(place, error))?;
        Ok(row
            .into_iter()
            .map(|(name, cell)| (name, Value::from(cell)))
            .collect())
    });
    each.collect()
}
