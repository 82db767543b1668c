//! What any log comes to: tasks with samples, models, and what each answered and scored.
//!
//! Invariant: nothing is made up. What a log does not say is absent, and is listed in [`Imported::cannot_tell`].

use cleanbench_core::{Form, Message, ScorerSpec};
use cleanbench_model::imported::ImportedAnswer;
use serde_json::{Map, Value};

pub use crate::source::SourceFile;

/// What was imported.
#[derive(Debug, Clone, Default)]
pub struct Imported {
    /// Name of the suite, fit to be part of a file name.
    pub name: String,
    /// The harness, with its version where it says.
    pub tool: String,
    /// The format.
    pub format: String,
    /// The files that were read.
    pub sources: Vec<SourceFile>,
    /// The tasks, in the order of the log; at least one.
    pub tasks: Vec<Task>,
    /// The models that answered; none where only questions were imported.
    pub models: Vec<Model>,
    /// What the log does not tell, or what was taken otherwise than it says, a sentence each.
    pub cannot_tell: Vec<String>,
    /// Where the results that the log states are not those of its samples, a sentence each.
    pub differences: Vec<String>,
    /// Results that the log states and that its samples bear out.
    pub agreeing: usize,
}

impl Imported {
    /// Whether there are answers, and not only questions.
    pub fn is_run(&self) -> bool {
        !self.models.is_empty()
    }
}

/// A model that answered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Model {
    /// Its name in the log.
    pub name: String,
    /// How it was asked.
    pub form: Form,
}

/// A kind of question.
#[derive(Debug, Clone, Default)]
pub struct Task {
    /// Its name, as a suite may have it.
    pub name: String,
    /// What the log calls its scorers, the one that it reports first; none where there are no scores.
    pub recorded: Vec<String>,
    /// With what options the first of them judged, where the log says so.
    pub options: Map<String, Value>,
    /// What of this program judges alike, where the log's own rules say so; else what fits the targets is taken.
    pub scorers: Vec<ScorerSpec>,
    /// What judges here in the place of the log's own scorer, where its scores may be others: a sentence.
    pub replaced: Option<String>,
    /// The samples, in the order of the log.
    pub samples: Vec<Sample>,
}

impl Task {
    /// The number of its repeats: the highest of all answers, at least 1.
    pub fn epochs(&self) -> u32 {
        let answers = self.samples.iter().flat_map(|sample| &sample.answers);
        answers.map(|answer| answer.epoch).max().unwrap_or(1)
    }
}

/// A question.
#[derive(Debug, Clone, Default)]
pub struct Sample {
    /// Its identity within the task.
    pub id: String,
    /// What the model saw.
    pub messages: Vec<Message>,
    /// What a right answer is; among choices the text of the right one, of several a list.
    pub target: Option<Value>,
    /// The options; none or at least two, no two alike.
    pub choices: Vec<String>,
    /// Whatever else the log says of it.
    pub metadata: Map<String, Value>,
    /// What the models answered.
    pub answers: Vec<Answer>,
}

/// An answer.
#[derive(Debug, Clone, Default)]
pub struct Answer {
    /// Position of the model.
    pub model: usize,
    /// Repeat, from 1.
    pub epoch: u32,
    /// What the log says of it.
    pub record: ImportedAnswer,
}
