//! Examples that stand before every question of a task, each with its answer.
//!
//! Which examples a sample gets, and in which order, follows from the suite alone and not from a run's seed, so
//! that runs stay comparable sample by sample.
//!
//! Refused: examples that give away the answer of a sample (the same identity or the same question).

use std::collections::BTreeMap;
use std::hash::{DefaultHasher, Hash as _, Hasher as _};
use std::path::Path;

use cleanbench_core::sample::SampleInput;
use cleanbench_core::seed::derive;
use cleanbench_core::{Message, Role, Sample, Sensitivity};
use serde_json::{Map, Value, json};

use crate::data_file::DataFile;
use crate::diagnostic::Fault;

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
    pub(crate) turns: Vec<Vec<Message>>,
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

    /// About how many bytes stand before each question.
    pub(crate) fn bytes(&self) -> u64 {
        let turns = self.turns.iter().flatten();
        let bytes = turns.map(|turn| turn.content.len()).sum::<usize>();
        (bytes / self.turns.len().max(1) * self.count) as u64
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
    pub(crate) ids: BTreeMap<String, u32>,
    /// The line of each example by its question.
    pub(crate) questions: BTreeMap<u64, u32>,
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
pub(crate) fn question(sample: &Sample) -> u64 {
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
