//! Samples: one row of a task, as the loader hands it on and as a run directory keeps it.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::Digest;
use crate::request::Message;
use crate::sensitivity::Sensitivity;

/// What a sample asks: one text, or a conversation.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SampleInput {
    /// The `input` field, put into the task's prompt.
    Input(String),
    /// The `messages` field, sent as it stands.
    Messages(Vec<Message>),
}

/// One sample after loading: aliases resolved, defaults of the task applied.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Sample {
    /// Identity within the task.
    pub id: String,
    /// The question.
    pub input: SampleInput,
    /// What a right answer is. For multiple choice the *text* of the right choice (the loader
    /// resolves letters and positions); otherwise whatever the data said: a string, a number, a list
    /// of acceptable answers, or an object of expected fields.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub target: Option<Value>,
    /// The options of a multiple-choice sample, the task's if the sample has none of its own.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub choices: Vec<String>,
    /// For each choice in turn, other ways to say the same; empty for choices that have none, and as
    /// a whole where no choice has any. Controls for probes that weigh one wording against others.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub choice_rewordings: Vec<Vec<String>>,
    /// Free fields, for templates and slices.
    #[serde(default, skip_serializing_if = "Map::is_empty")]
    pub metadata: Map<String, Value>,
    /// Date at which the item was written, `YYYY-MM-DD`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub created: Option<String>,
    /// Samples of one cluster hang together (the same customer, document or passage), so that their
    /// scores are not independent; unique within the task only.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cluster: Option<String>,
    /// Sample of which this one is a rewording: same content and answer, other words.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rewording_of: Option<String>,
    /// Sample of which this one is an isomorph: same skill, new content, new answer.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub isomorph_of: Option<String>,
    /// Its pictures, in the order in which its messages carry them.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub images: Vec<SampleImage>,
    /// Who may see it.
    pub sensitivity: Sensitivity,
}

/// A picture of a sample. Its bytes are read when the sample is worded, and stand in the message.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SampleImage {
    /// The file, relative to the suite's folder.
    pub file: String,
    /// Position of the message that carries it, from 0: among the sample's own, or among the task's
    /// where the sample has none. `None` for the last question of the task's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub message: Option<u32>,
    /// Length of the file in bytes.
    pub bytes: u64,
    /// Plain SHA-256 of the file.
    pub digest: Digest,
}
