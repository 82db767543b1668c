//! Suites of `OpenAI`'s evals: a file of the registry with the samples that it names, or samples alone.
//!
//! Refused by name: what is judged by a model or by a class that nothing here judges alike.

use std::collections::BTreeMap;
use std::path::Path;

use cleanbench_core::Message;
use serde::Deserialize;
use serde_json::{Value, json};

use super::openai_log::conversation;
use super::{Found, Look};
use crate::error::ImportError;
use crate::gather::{Gathering, target};
use crate::json::{self, list};
use crate::log::Sample;
use crate::scorers::spec;
use crate::source::{COLLECTION, DOCUMENT, Source, ends_in};
use crate::yaml;

const FORMAT: &str = "OpenAI evals suite";
const ALONE: &str = "which class judges these samples stands in the registry; `contains` does here, which accepts an ideal answer anywhere";

/// Whether `look` is a file of the registry, or samples.
pub(super) fn find(look: &Look<'_>) -> Option<Found> {
    if look.has("input") && look.has("ideal") {
        return Some(Found::new(FORMAT, read_samples));
    }
    let is_yaml = ends_in(look.path, "yaml") || ends_in(look.path, "yml");
    let is_registry = is_yaml && look.holds(b"class: evals.");
    is_registry.then(|| Found::new(FORMAT, read))
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Entry {
    class: Option<String>,
    args: Args,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Args {
    samples_jsonl: Option<String>,
    few_shot_jsonl: Option<String>,
    num_few_shot: Option<usize>,
    ignore_case: Option<bool>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Row {
    input: Value,
    ideal: Value,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Example {
    #[serde(deserialize_with = "list")]
    sample: Vec<Value>,
}

/// How a class judges, and what that comes to here.
struct Class {
    name: &'static str,
    case: bool,
    /// What is not quite the same.
    otherwise: Option<&'static str>,
}

const CLASSES: [Class; 3] = [
    Class {
        name: "evals.elsuite.basic.match:Match",
        case: true,
        otherwise: Some(
            "`Match` accepts an answer that begins with an ideal one; `contains` accepts that anywhere",
        ),
    },
    Class {
        name: "evals.elsuite.basic.includes:Includes",
        case: true,
        otherwise: None,
    },
    Class {
        name: "evals.elsuite.basic.fuzzy_match:FuzzyMatch",
        case: false,
        otherwise: Some(
            "`FuzzyMatch` also accepts an answer that is a part of an ideal one, and passes over articles and punctuation; `contains` does neither",
        ),
    },
];

fn read(source: &Source, gathering: &mut Gathering) -> Result<(), ImportError> {
    gathering.written_by("OpenAI evals", FORMAT);
    match source.seen_from_above("evals")? {
        Some(above) => {
            read_registry(&above, gathering)?;
            source.adopt(&above);
            Ok(())
        }
        None => read_registry(source, gathering),
    }
}

fn read_registry(source: &Source, gathering: &mut Gathering) -> Result<(), ImportError> {
    for file in &source.files {
        let place = source.shown(file);
        let entries: BTreeMap<String, Entry> = yaml::parse(&place, &source.take(file, DOCUMENT)?)?;
        let mut left_out = Vec::new();
        let mut taken = 0;
        for (name, entry) in &entries {
            let Some(class) = &entry.class else { continue };
            match put(source, gathering, name, entry, class)? {
                None => taken += 1,
                Some(why) => left_out.push(format!("`{name}`: {why}")),
            }
        }
        if taken == 0 {
            let what = format!(
                "nothing in it can be expressed here: {}",
                left_out.join("; ")
            );
            return Err(ImportError::refused(place, what));
        }
        for what in left_out {
            gathering.cannot_tell(format!("left out: {what}"));
        }
    }
    Ok(())
}

/// Reads the samples of an entry; why not, where it cannot be.
fn put(
    source: &Source,
    gathering: &mut Gathering,
    name: &str,
    entry: &Entry,
    class: &str,
) -> Result<Option<String>, ImportError> {
    let Some(known) = CLASSES.iter().find(|known| known.name == class) else {
        return Ok(Some(format!("it is judged by `{}`", json::shown(class))));
    };
    let Some(samples) = &entry.args.samples_jsonl else {
        return Ok(Some("it names no samples".to_owned()));
    };
    let file = Path::new("data").join(samples);
    if !source.has(&file) {
        return Ok(Some(format!(
            "there is no `{}` beside `evals`",
            file.display()
        )));
    }
    let examples = examples(source, &entry.args)?;
    let task = gathering.task(name);
    let case = known.case && entry.args.ignore_case != Some(true);
    gathering.task_mut(task).scorers = vec![spec("contains", json!({"case": case}))];
    if let Some(otherwise) = known.otherwise {
        gathering.cannot_tell(otherwise);
    }
    rows(source, &file, gathering, task, &examples)?;
    Ok(None)
}

/// The messages of the examples that stand before every question.
fn examples(source: &Source, args: &Args) -> Result<Vec<Message>, ImportError> {
    let Some(name) = &args.few_shot_jsonl else {
        return Ok(Vec::new());
    };
    let file = Path::new("data").join(name);
    let place = source.shown(&file);
    let bytes = source.take(&file, DOCUMENT)?;
    let mut messages = Vec::new();
    for line in json::lines(&bytes).take(args.num_few_shot.unwrap_or(0)) {
        let example: Example = json::parse_at(&place, line.before, line.bytes)?;
        messages.extend(conversation(&Value::from(example.sample)));
    }
    Ok(messages)
}

fn rows(
    source: &Source,
    file: &Path,
    gathering: &mut Gathering,
    task: usize,
    examples: &[Message],
) -> Result<(), ImportError> {
    let place = source.shown(file);
    let bytes = source.take(file, COLLECTION)?;
    for line in json::lines(&bytes) {
        let row: Row = json::parse_at(&place, line.before, line.bytes)?;
        let mut messages = conversation(&row.input);
        let last = messages.len().saturating_sub(1);
        messages.splice(last..last, examples.iter().cloned());
        let sample = Sample {
            id: (line.before + 1).to_string(),
            messages,
            target: target(row.ideal),
            ..Sample::default()
        };
        gathering.sample(task, sample, &place)?;
    }
    Ok(())
}

/// Samples alone.
fn read_samples(source: &Source, gathering: &mut Gathering) -> Result<(), ImportError> {
    gathering.written_by("OpenAI evals", FORMAT);
    gathering.cannot_tell(ALONE);
    for file in &source.files {
        let stem = file
            .file_stem()
            .unwrap_or_default()
            .to_string_lossy()
            .into_owned();
        let task = gathering.task(&stem);
        gathering.task_mut(task).scorers = vec![spec("contains", json!({"case": true}))];
        rows(source, file, gathering, task, &[])?;
    }
    Ok(())
}
