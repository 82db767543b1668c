//! Examples that stand before every question of a task, each with its answer.
//!
//! An example is worded by the task's own templates; its answer is the assistant's turn after it. Which
//! examples a sample gets, and in which order, follows from the suite alone and not from a run's seed, so
//! that runs stay comparable sample by sample.
//!
//! Refused: examples without an answer, examples that give away the answer of a sample (the same identity
//! or the same question), and examples with pictures.

use std::collections::BTreeMap;
use std::hash::{DefaultHasher, Hash as _, Hasher as _};
use std::path::{Path, PathBuf};

use cleanbench_core::sample::SampleInput;
use cleanbench_core::seed::derive;
use cleanbench_core::{Completion, Message, Method, Role, Sample, Sensitivity};
use serde_json::{Map, Value, json};

use crate::choices;
use crate::data_pass::Reading;
use crate::diagnostic::{Document, Fault};
use crate::draft::{At, Draft, Rules};
use crate::fewshot_table::{FewShotTable, Order};
use crate::files;
use crate::load::{Loader, whole};
use crate::prompt::Prompts;
use crate::rows::{Row, Rows};
use crate::suite::DataFile;
use crate::words::shown;

/// Most examples of a task: they are held in memory, and each is sent with every sample.
const MOST: usize = 1_000;

/// The examples of a task.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FewShot {
    /// The file they come from; its samples are the examples.
    pub file: DataFile,
    /// How many stand before each question; at least 1.
    pub count: usize,
    /// The seed by which each sample draws its own examples, in an order of its own; `None` where the
    /// first ones of the file stand before all of them, as they stand there.
    pub seed: Option<u64>,
    /// The strictest label among those that are sent.
    pub sensitivity: Sensitivity,
    /// The turns of each example in the order of the file.
    turns: Vec<Vec<Message>>,
}

impl FewShot {
    /// The turns that stand before the question of the sample `sample` of `task`.
    pub(crate) fn turns(&self, task: &str, sample: &str) -> Vec<Message> {
        let mut order: Vec<usize> = (0..self.turns.len()).collect();
        if let Some(seed) = self.seed {
            let key = |example: &usize| derive(seed, task, sample, &format!("fewshot/{example}"));
            order.sort_by_cached_key(key);
        }
        let chosen = order.into_iter().take(self.count);
        chosen
            .flat_map(|example| self.turns[example].clone())
            .collect()
    }

    /// Puts the examples before the question in `messages`: behind the system's message, if there is one.
    pub(crate) fn insert(&self, task: &str, sample: &Sample, messages: &mut Vec<Message>) {
        let is_system = |message: &&Message| message.role == Role::System;
        let place = messages.iter().take_while(is_system).count();
        drop(messages.splice(place..place, self.turns(task, &sample.id)));
    }

    /// As an object for a run's record, with the file's path as `path`.
    pub(crate) fn describe(&self, path: &str) -> Value {
        json!({
            "path": path,
            "digest": self.file.digest,
            "examples": self.file.samples,
            "count": self.count,
            "order": if self.seed.is_some() { "seeded" } else { "fixed" },
            "seed": self.seed,
        })
    }
}

/// The examples of a task while its data is read.
#[derive(Debug)]
pub(crate) struct Examples {
    pub(crate) fewshot: FewShot,
    /// The line of each example by its identity, where it has one of its own.
    ids: BTreeMap<String, u32>,
    /// The line of each example by its question.
    questions: BTreeMap<u64, u32>,
}

impl Examples {
    /// What is wrong with `sample` beside these examples. Its identity counts where it was given at
    /// `id`, and not where it is a position.
    pub(crate) fn fault_of(&self, sample: &Sample, id: Option<usize>) -> Option<Fault> {
        let line_of_id = id.and_then(|_| self.ids.get(&sample.id));
        let (line, what) = match (line_of_id, self.questions.get(&question(sample))) {
            (_, Some(line)) => (line, "question"),
            (Some(line), None) => (line, "id"),
            (None, None) => return None,
        };
        let place = self.fewshot.file.path.display();
        let message = format!("the example at {place}:{line} has the same {what}");
        let fault = Fault::new(id.filter(|_| what == "id").unwrap_or(0), message);
        Some(fault.hint("it would tell the model the answer; take one of them away"))
    }
}

/// A hash of what a sample asks: its text with white space made even, and its options in any order.
fn question(sample: &Sample) -> u64 {
    let mut hasher = DefaultHasher::new();
    let mut hash = |text: &str| {
        for word in text.split_whitespace() {
            word.hash(&mut hasher);
        }
        0_u8.hash(&mut hasher);
    };
    match &sample.input {
        SampleInput::Input(text) => hash(text),
        SampleInput::Messages(messages) => messages
            .iter()
            .filter(|message| message.role != Role::System)
            .for_each(|message| hash(&message.content)),
    }
    let mut choices: Vec<_> = sample.choices.iter().collect();
    choices.sort_unstable();
    choices.hash(&mut hasher);
    hasher.finish()
}

/// The answer that an example shows.
///
/// Among choices it is the option's text, or its letter where the task is one of letters: a template shows
/// them, and the scorer `choice` reads the answer.
fn answer(sample: &Sample, letters: bool) -> Option<String> {
    let text = match sample.target.as_ref()? {
        Value::String(text) => text.clone(),
        Value::Array(accepted) => match accepted.first()? {
            Value::String(text) => text.clone(),
            other => other.to_string(),
        },
        Value::Null => return None,
        other => other.to_string(),
    };
    let position = sample.choices.iter().position(|choice| *choice == text);
    match position.filter(|_| letters) {
        Some(position) => Some(choices::letter(position)),
        None => Some(text),
    }
}

/// Adds the answer to the turns of an example: as the assistant's, behind what the task's own wording
/// begins it with.
fn close(turns: &mut Vec<Message>, answer: &str) {
    match turns.last_mut() {
        Some(begun) if begun.role == Role::Assistant => {
            if !begun.content.ends_with(char::is_whitespace) && !begun.content.is_empty() {
                begun.content.push(' ');
            }
            begun.content.push_str(answer);
        }
        _ => turns.push(Message::new(Role::Assistant, answer.to_owned())),
    }
}

impl Loader<'_> {
    /// Reads the examples that the task's table names.
    pub(crate) fn examples(&mut self, reading: &Reading) -> Option<Examples> {
        let table = reading.table.fewshot.as_ref()?;
        let path = self.example_file(&table.file)?;
        let mut rows = match Rows::open(&path) {
            Ok(rows) => rows,
            Err(error) => {
                let fault = Fault::new(0, format!("cannot read the file: {error}"));
                self.log.error(whole(&path), fault);
                return None;
            }
        };
        let errors = self.log.errors();
        let mut found = Found::default();
        while let Some(row) = rows.next_row() {
            self.example(reading, &path, row, &mut found);
        }
        self.parts
            .push([b"fewshot ", rows.digest().0.as_slice()].concat());
        if self.log.errors() > errors {
            return None;
        }
        let count = self.count(table, found.turns.len())?;
        let used = match table.order {
            Order::Fixed => &found.labels[..count],
            Order::Seeded(_) => &found.labels,
        };
        let strictest = used.iter().copied().max().unwrap_or(reading.sensitivity());
        Some(Examples {
            fewshot: FewShot {
                file: DataFile {
                    path,
                    digest: rows.digest(),
                    samples: found.turns.len() as u64,
                    images: crate::ImageSet::default(),
                },
                count,
                seed: match table.order {
                    Order::Fixed => None,
                    Order::Seeded(seed) => Some(seed),
                },
                sensitivity: strictest,
                turns: found.turns,
            },
            ids: found.ids,
            questions: found.questions,
        })
    }

    /// The one data file that `written` means.
    fn example_file(&mut self, written: &At<String>) -> Option<PathBuf> {
        match files::all(self.dir, &written.value) {
            Ok(mut paths) if paths.len() == 1 => {
                let path = paths.remove(0);
                self.log.mention(&path);
                Some(path)
            }
            Ok(paths) => {
                let message = format!("`fewshot` means {} files", paths.len());
                let fault = Fault::new(written.at, message).hint("name one");
                self.log.error(self.manifest, fault);
                None
            }
            Err(fault) => {
                self.path_fault(written.at, fault);
                None
            }
        }
    }

    /// How many of the `there` examples stand before each question.
    fn count(&mut self, table: &FewShotTable, there: usize) -> Option<usize> {
        let (at, message) = match &table.count {
            _ if there == 0 => (
                table.file.at,
                "empty data: there is no example in it".to_owned(),
            ),
            _ if there > MOST => (
                table.file.at,
                format!("{there} examples; at most {MOST} are held"),
            ),
            Some(count) if count.value > there => (
                count.at,
                format!("`count` is {}, and there are {there} examples", count.value),
            ),
            Some(count) => return Some(count.value),
            None => return Some(there),
        };
        self.log.error(self.manifest, Fault::new(at, message));
        None
    }

    fn example(&mut self, reading: &Reading, path: &Path, row: Row<'_>, found: &mut Found) {
        let document = Document {
            path,
            text: &row.text,
            line: row.line,
        };
        let mut faults = row.faults;
        if let Some(draft) = row.draft {
            faults.extend(found.identify(&draft, row.line));
            faults.extend(related(&draft));
            let rules = Rules {
                sensitivity: reading.sensitivity(),
                ..reading.rules(self.dir)
            };
            let position = found.turns.len() as u64 + 1;
            let sample = draft.finish(rules, position, &mut faults);
            if let (Some((sample, _)), Some(prompts)) = (sample, &reading.prompts) {
                match word(reading, prompts, &sample) {
                    Ok((turns, answer)) => {
                        self.warn_of_score(reading, document, &sample, answer);
                        found.turns.push(turns);
                        found.labels.push(sample.sensitivity);
                        found.questions.entry(question(&sample)).or_insert(row.line);
                    }
                    Err(fault) => faults.push(fault),
                }
            }
        }
        for fault in faults {
            self.log.error(document, fault);
        }
    }

    /// Warns where an answer like that of the example would be wrong by the scorer that counts.
    fn warn_of_score(
        &mut self,
        reading: &Reading,
        document: Document<'_>,
        sample: &Sample,
        answer: String,
    ) {
        let Some((kind, scorer)) = reading.scorers.first() else {
            return;
        };
        if scorer.reads() != Method::Generate || scorer.check_sample(sample).is_err() {
            return;
        }
        let completion = Completion {
            text: answer,
            ..Completion::default()
        };
        let score = scorer.score(sample, &completion).value;
        if score < 1.0 {
            let message =
                format!("scorer `{kind}` gives {score} for the answer of this example, written so");
            self.log.warn(document, Fault::new(0, message));
        }
    }
}

/// The examples of a file as far as they were read.
#[derive(Default)]
struct Found {
    turns: Vec<Vec<Message>>,
    labels: Vec<Sensitivity>,
    ids: BTreeMap<String, u32>,
    questions: BTreeMap<u64, u32>,
}

impl Found {
    /// Notes an example's identity; the fault if it is taken.
    fn identify(&mut self, draft: &Draft, line: u32) -> Option<Fault> {
        let id = draft.id.as_ref()?;
        if let Some(first) = self.ids.get(&id.value) {
            let shown = shown(&id.value);
            let message = format!("duplicate id {shown}; the first is at line {first}");
            return Some(Fault::new(id.at, message));
        }
        self.ids.insert(id.value.clone(), line);
        None
    }
}

/// The fault of an example that names the sample that it belongs to.
fn related(draft: &Draft) -> Option<Fault> {
    let other = draft.rewording_of.as_ref().or(draft.isomorph_of.as_ref())?;
    let message = "an example cannot be a rewording or isomorph of a sample";
    Some(Fault::new(other.at, message).hint("it would help the model with the answer"))
}

/// The turns of an example, and its answer.
fn word(
    reading: &Reading,
    prompts: &Prompts,
    sample: &Sample,
) -> Result<(Vec<Message>, String), Fault> {
    if !sample.images.is_empty() {
        let message = "examples with images are not yet supported";
        return Err(Fault::new(0, message));
    }
    let method = reading.table.method.as_ref().map(|method| method.value);
    let letters = method.unwrap_or_default() == Method::Generate
        && (prompts.uses("options") || prompts.uses("letters"))
        && reading.scorers.iter().any(|(kind, _)| kind == "choice");
    let answer = answer(sample, letters).ok_or_else(|| {
        Fault::new(0, "an example without `target`").hint("its target is the answer that it shows")
    })?;
    let mut turns = prompts
        .render(sample)
        .map_err(|error| Fault::new(0, error.message))?;
    turns.retain(|turn| turn.role != Role::System);
    close(&mut turns, &answer);
    Ok((turns, answer))
}

/// Adds what a task's record says of its examples.
pub(crate) fn describe(
    fields: &mut Map<String, Value>,
    fewshot: Option<&FewShot>,
    path: impl Fn(&Path) -> String,
) {
    if let Some(fewshot) = fewshot {
        let described = fewshot.describe(&path(&fewshot.file.path));
        fields.insert("fewshot".to_owned(), described);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_goes_behind_what_the_wording_begins_it_with() {
        let begun = |text: &str| vec![Message::new(Role::Assistant, text)];
        for (mut turns, expected) in [
            (begun("Answer:"), "Answer: B"),
            (begun("Answer:\n"), "Answer:\nB"),
            (begun(""), "B"),
            (vec![Message::new(Role::User, "q")], "B"),
        ] {
            close(&mut turns, "B");
            let last = turns.last().unwrap();
            assert_eq!(
                (last.role, last.content.as_str()),
                (Role::Assistant, expected)
            );
        }
    }
}
