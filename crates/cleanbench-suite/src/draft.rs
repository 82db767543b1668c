//! A sample while its fields are being collected, and what makes it a [`Sample`].
//!
//! Invariant: a field is given once, under one name; a fault in one field hides no fault in another.

use std::collections::HashSet;

use cleanbench_core::sample::SampleInput;
use cleanbench_core::{Message, Sample, Sensitivity};
use serde_json::{Map, Value};

use crate::at::At;
use crate::choices;
use crate::diagnostic::Fault;
use crate::field::{FIELDS, Field};
use crate::folder::SuiteFolder;
use crate::grouping;
use crate::images::{self, ImageRef, Picture};
use crate::json::{Entry, Raw};
use crate::messages;
use crate::words::{did_you_mean, is_date, kind_of_json, shown};

/// Most faults that are told of one record.
const MOST_FAULTS: usize = 20;

/// What a task lends to its samples.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Rules<'a> {
    pub(crate) choices: &'a [String],
    pub(crate) sensitivity: Sensitivity,
    pub(crate) folder: &'a SuiteFolder,
    /// Images of the task's own messages.
    pub(crate) images: &'a [ImageRef],
    /// The field of the metadata that says which samples hang together.
    pub(crate) cluster: Option<&'a str>,
}

/// The fields of a sample as far as they could be read.
#[derive(Debug, Default)]
pub(crate) struct Draft {
    pub(crate) id: Option<At<String>>,
    input: Option<String>,
    messages: Option<Vec<Message>>,
    images: Vec<ImageRef>,
    target: Option<At<Value>>,
    choices: Option<At<Vec<String>>>,
    choice_rewordings: Option<At<Vec<Vec<String>>>>,
    metadata: Map<String, Value>,
    created: Option<String>,
    cluster: Option<String>,
    pub(crate) rewording_of: Option<At<String>>,
    pub(crate) isomorph_of: Option<At<String>>,
    sensitivity: Option<Sensitivity>,
    /// The name under which each field was given.
    names: [Option<&'static str>; FIELDS],
}

impl Draft {
    /// Reads one line of JSONL.
    pub(crate) fn from_json(text: &str, faults: &mut Vec<Fault>) -> Option<Self> {
        let entries = match (Raw { text, at: 0 }).entries("a sample") {
            Ok(entries) => entries,
            Err(fault) => {
                faults.push(fault);
                return None;
            }
        };
        report_duplicates(&entries, faults);
        let mut draft = Self::default();
        for entry in &entries {
            if let Err(fault) = draft.add(entry) {
                faults.push(fault);
            }
            if faults.len() >= MOST_FAULTS {
                break;
            }
        }
        Some(draft)
    }

    fn add(&mut self, entry: &Entry<'_>) -> Result<(), Fault> {
        let Some((field, name)) = Field::named(&entry.key) else {
            return Err(unknown(&entry.key, entry.key_at));
        };
        if entry.raw.text == "null" {
            return Ok(());
        }
        self.claim(field, name, entry.key_at)?;
        self.set_json(field, entry.raw)
    }

    /// Notes that `field` is given under `name`; a second alias is a fault.
    pub(crate) fn claim(
        &mut self,
        field: Field,
        name: &'static str,
        at: usize,
    ) -> Result<(), Fault> {
        match self.names[field as usize].replace(name) {
            Some(before) if before != name => {
                let message = format!("`{before}` and `{name}` both give the {}", field.name());
                Err(Fault::new(at, message).hint("keep one of them"))
            }
            _ => Ok(()),
        }
    }

    fn has(&self, field: Field) -> bool {
        self.names[field as usize].is_some()
    }

    /// Sets `field` from valid JSON.
    pub(crate) fn set_json(&mut self, field: Field, raw: Raw<'_>) -> Result<(), Fault> {
        let name = self.names[field as usize].unwrap_or(field.name());
        let what = format!("`{name}`");
        match field {
            Field::Target => {
                self.target = Some(At {
                    value: raw.parse()?,
                    at: raw.at,
                });
            }
            Field::Messages => {
                let (messages, mut images) = messages::parse(raw)?;
                self.messages = Some(messages);
                self.images.append(&mut images);
            }
            Field::Images => self.images.append(&mut image_list(raw)?),
            Field::Choices => {
                self.choices = Some(At {
                    value: check_choices(raw)?,
                    at: raw.at,
                });
            }
            Field::ChoiceRewordings => {
                self.choice_rewordings = Some(At {
                    value: choice_rewordings(raw)?,
                    at: raw.at,
                });
            }
            Field::Metadata => self.metadata.append(&mut raw.map(&what)?),
            Field::Id | Field::RewordingOf | Field::IsomorphOf => {
                return self.set_text(field, identity(raw, &what)?, raw.at);
            }
            Field::Input | Field::Created | Field::Sensitivity => {
                return self.set_text(field, raw.string(&what)?, raw.at);
            }
            Field::Cluster => return self.set_text(field, cluster_text(raw)?, raw.at),
            Field::Weight => return Err(refuse_weight(raw)),
        }
        Ok(())
    }

    /// Sets `field` from a text: a cell of a CSV file or a string of JSON.
    pub(crate) fn set_text(&mut self, field: Field, text: String, at: usize) -> Result<(), Fault> {
        let is_blank = text.trim().is_empty();
        match field {
            Field::Id | Field::Input | Field::Cluster if is_blank => {
                let name = self.names[field as usize].unwrap_or(field.name());
                return Err(Fault::new(at, format!("`{name}` is empty")));
            }
            Field::Id => self.id = Some(At { value: text, at }),
            Field::Input => self.input = Some(text),
            Field::Cluster => self.cluster = Some(text),
            Field::RewordingOf => self.rewording_of = Some(At { value: text, at }),
            Field::IsomorphOf => self.isomorph_of = Some(At { value: text, at }),
            Field::Target => {
                self.target = Some(At {
                    value: Value::String(text),
                    at,
                });
            }
            Field::Created => self.created = Some(date("created", text, at)?),
            Field::Sensitivity => self.sensitivity = Some(sensitivity(&text, at)?),
            Field::Messages
            | Field::Images
            | Field::Choices
            | Field::ChoiceRewordings
            | Field::Metadata => return self.set_cell(field, &text, at),
            Field::Weight => {
                return Err(not_yet(&format!("`{}`", field.name()), at));
            }
        }
        Ok(())
    }

    /// Sets `field` from JSON within a cell; faults stand at the start of the cell, because quotes
    /// within it may be doubled.
    fn set_cell(&mut self, field: Field, text: &str, at: usize) -> Result<(), Fault> {
        let raw = Raw { text, at };
        let known = self.images.len();
        let result = raw.check().and_then(|()| self.set_json(field, raw));
        for image in &mut self.images[known..] {
            image.at = at;
        }
        result.map_err(|fault| Fault {
            at,
            message: format!("in the cell `{}`: {}", field.name(), fault.message),
            hint: fault.hint,
        })
    }

    /// Sets the options from cells of their own.
    pub(crate) fn set_choices(&mut self, value: Vec<String>, at: usize) -> Result<(), Fault> {
        if let Some((_, message)) = choices::fault_of(&value) {
            return Err(Fault::new(at, message));
        }
        self.choices = Some(At { value, at });
        Ok(())
    }

    /// Adds a free field.
    pub(crate) fn set_metadata(&mut self, name: &str, text: String) {
        self.metadata.insert(name.to_owned(), Value::String(text));
    }

    fn check_question(&self) -> Option<Fault> {
        match (self.has(Field::Input), self.has(Field::Messages)) {
            (true, true) => {
                Some(Fault::new(0, "both an input and `messages`").hint("keep one of them"))
            }
            (false, false) => Some(missing_input()),
            (false, true) if self.has(Field::Images) => {
                Some(Fault::new(0, "both `images` and `messages`").hint(
                    "put `{\"type\": \"image\", \"file\": …}` into the `content` of a message",
                ))
            }
            _ => None,
        }
    }

    /// The sample and its pictures, where nothing is wrong with them. `position` counts the task's
    /// samples from 1.
    pub(crate) fn finish(
        self,
        rules: Rules<'_>,
        position: u64,
        faults: &mut Vec<Fault>,
    ) -> Option<(Sample, Vec<Picture>)> {
        faults.extend(self.check_question());
        let of_task: &[_] = if self.messages.is_none() {
            rules.images
        } else {
            &[]
        };
        let pictures = images::read_all(rules.folder, of_task.iter().chain(&self.images), faults);
        let choices = match self.choices {
            Some(own) => own.value,
            None => rules.choices.to_vec(),
        };
        faults.extend(
            self.choice_rewordings
                .as_ref()
                .and_then(|given| rewordings_fault(given, &choices)),
        );
        let target = resolve_target(self.target, &choices);
        let target = target.unwrap_or_else(|fault| {
            faults.push(fault);
            None
        });
        let cluster = cluster_of(self.cluster, &self.metadata, rules.cluster);
        let cluster = cluster.unwrap_or_else(|fault| {
            faults.push(fault);
            None
        });
        if !faults.is_empty() {
            return None;
        }
        let sample = Sample {
            id: self.id.map_or_else(|| position.to_string(), |id| id.value),
            input: match (self.input, self.messages) {
                (Some(text), _) => SampleInput::Input(text),
                (None, messages) => SampleInput::Messages(messages?),
            },
            target,
            choices,
            metadata: self.metadata,
            created: self.created,
            cluster,
            rewording_of: self.rewording_of.map(|other| other.value),
            isomorph_of: self.isomorph_of.map(|other| other.value),
            images: pictures
                .iter()
                .map(|picture| picture.image.clone())
                .collect(),
            choice_rewordings: self
                .choice_rewordings
                .map_or_else(Vec::new, |given| given.value),
            sensitivity: rules
                .sensitivity
                .max(self.sensitivity.unwrap_or(rules.sensitivity)),
        };
        Some((sample, pictures))
    }
}

/// The target as scorers get it: among choices the text of the right one, of several a list.
fn resolve_target(target: Option<At<Value>>, choices: &[String]) -> Result<Option<Value>, Fault> {
    match target {
        Some(target) if !choices.is_empty() => {
            let text = |one: &Value| choices::resolve(one, choices, target.at).map(Value::String);
            match &target.value {
                Value::Array(several) if !several.is_empty() => {
                    several.iter().map(text).collect::<Result<_, _>>().map(Some)
                }
                one => text(one).map(Some),
            }
        }
        other => Ok(other.map(|target| target.value)),
    }
}

fn report_duplicates(entries: &[Entry<'_>], faults: &mut Vec<Fault>) {
    let mut keys = HashSet::with_capacity(entries.len());
    for entry in entries {
        if !keys.insert(&entry.key) {
            let message = format!("duplicate key {}", shown(&entry.key));
            faults.push(Fault::new(entry.key_at, message));
        }
        if faults.len() >= MOST_FAULTS {
            return;
        }
    }
}

fn missing_input() -> Fault {
    Fault::new(0, "a sample without `input`")
        .hint("give `input` (or `question`, `prompt`, `query`) or `messages`")
}

fn unknown(key: &str, at: usize) -> Fault {
    let free = "put free fields under `metadata`";
    let hint = Field::near(key).map_or(free.to_owned(), |name| {
        format!("did you mean `{name}`? {free}")
    });
    Fault::new(at, format!("unknown field {}", shown(key))).hint(hint)
}

fn check_choices(raw: Raw<'_>) -> Result<Vec<String>, Fault> {
    let elements = raw.elements("`choices`")?;
    let texts = raw.strings("`choices`")?;
    match choices::fault_of(&texts) {
        Some((index, message)) => {
            let at = elements.get(index).filter(|_| texts.len() > 1);
            Err(Fault::new(at.map_or(raw.at, |element| element.at), message))
        }
        None => Ok(texts),
    }
}

/// A list of paths.
fn image_list(raw: Raw<'_>) -> Result<Vec<ImageRef>, Fault> {
    let elements = raw.elements("`images`")?;
    let images = elements.into_iter().map(|element| {
        Ok(ImageRef {
            written: element.string("each of `images`")?,
            at: element.at,
            message: None,
        })
    });
    images.collect()
}

/// A list with a list of texts for each choice.
fn choice_rewordings(raw: Raw<'_>) -> Result<Vec<Vec<String>>, Fault> {
    let lists = raw.elements("`choice_rewordings`")?;
    let texts = lists
        .into_iter()
        .map(|list| list.strings("each of `choice_rewordings`"));
    texts.collect()
}

/// What is wrong with the rewordings of `choices`.
fn rewordings_fault(given: &At<Vec<Vec<String>>>, choices: &[String]) -> Option<Fault> {
    if given.value.len() != choices.len() {
        let message = format!(
            "`choice_rewordings` has {} lists for {} choices",
            given.value.len(),
            choices.len()
        );
        let hint = "give one list for each choice; an empty one where there are none";
        return Some(Fault::new(given.at, message).hint(hint));
    }
    let wrong = choices.iter().zip(&given.value).find(|(choice, others)| {
        others.contains(choice) || others.iter().any(|text| text.trim().is_empty())
    });
    wrong.map(|(choice, _)| {
        let message = format!(
            "a rewording of {} is empty or the choice itself",
            shown(choice)
        );
        Fault::new(given.at, message)
    })
}

/// A string, or a whole number as text: data sets number their items.
fn identity(raw: Raw<'_>, what: &str) -> Result<String, Fault> {
    let is_number = kind_of_json(raw.text) == "a number";
    if is_number && raw.parse::<Value>()?.as_i64().is_some() {
        return Ok(raw.text.to_owned());
    }
    if !raw.text.starts_with('"') {
        let found = kind_of_json(raw.text);
        let message = format!("{what} must be a string or a whole number, found {found}");
        return Err(Fault::new(raw.at, message));
    }
    raw.string(what)
}

/// A date `YYYY-MM-DD`.
///
/// # Errors
/// A fault at `at` that names the field.
pub(crate) fn date(name: &str, text: String, at: usize) -> Result<String, Fault> {
    if is_date(&text) {
        return Ok(text);
    }
    let message = format!("`{name}` is {}, which is no date", shown(&text));
    Err(Fault::new(at, message).hint("write it as YYYY-MM-DD"))
}

/// The label that `word` names.
///
/// # Errors
/// A fault at `at`.
pub(crate) fn sensitivity(word: &str, at: usize) -> Result<Sensitivity, Fault> {
    let found = Sensitivity::ALL
        .into_iter()
        .find(|label| label.as_str() == word);
    found.ok_or_else(|| {
        let words = Sensitivity::ALL.map(Sensitivity::as_str);
        Fault::new(at, format!("unknown sensitivity {}", shown(word)))
            .hint("it is `public`, `private` or `secret`")
            .maybe_hint(did_you_mean(word, words))
    })
}

/// The fault of using something that a later version brings.
pub(crate) fn not_yet(what: &str, at: usize) -> Fault {
    Fault::new(at, format!("{what} is not yet supported")).hint("remove it")
}

/// The cluster of a sample: its own, or the value of the field that the task names.
fn cluster_of(
    own: Option<String>,
    metadata: &Map<String, Value>,
    field: Option<&str>,
) -> Result<Option<String>, Fault> {
    match (own, field) {
        (Some(own), _) => Ok(Some(own)),
        (None, Some(field)) => grouping::text_of(metadata, field).map_err(|message| {
            Fault::new(0, format!("{message}, and `cluster` of the task names it"))
        }),
        (None, None) => Ok(None),
    }
}

/// A string, or a number as text.
fn cluster_text(raw: Raw<'_>) -> Result<String, Fault> {
    match kind_of_json(raw.text) {
        "a number" => Ok(raw.text.to_owned()),
        "a string" => raw.string("`cluster`"),
        found => {
            let message = format!("`cluster` must be a string or a number, found {found}");
            Err(Fault::new(raw.at, message))
        }
    }
}

fn refuse_weight(raw: Raw<'_>) -> Fault {
    let kind = kind_of_json(raw.text);
    if raw.parse::<f64>().is_ok_and(|weight| weight > 0.0) {
        return not_yet("`weight`", raw.at);
    }
    let found = if kind == "a number" { raw.text } else { kind };
    let message = format!("`weight` must be a number above 0, found {found}");
    Fault::new(raw.at, message)
}
