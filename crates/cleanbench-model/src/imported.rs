//! Answers of another harness's log: the form in which a run keeps them, written when the log is imported and read
//! by every report.
//!
//! Invariants: what the log said is kept as it was said, its scores under the names that it gave them; what it did not
//! say is absent and no 0; an error that it recorded is an error here. Refused: a record of another form.

use cleanbench_core::completion::ForeignScore;
use cleanbench_core::{CallError, CallErrorKind, Completion, Finish, Reply, ToolCall, Usage};
use serde::{Deserialize, Serialize};

/// Name of the form; a later one reads every earlier one.
const FORM: &str = "cleanbench-imported/1";
/// What the reply to an imported call is labelled as.
const CONTENT_TYPE: &str = "application/json";
/// Most characters of an error of the log that are shown; all of it is in the record.
const MOST_SHOWN: usize = 300;

/// What a log says of one answer.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ImportedAnswer {
    /// The form; set when it is written.
    pub form: String,
    /// The text, without reasoning that the log kept apart.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub text: Option<String>,
    /// Reasoning that the log kept apart.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reasoning: Option<String>,
    /// The log's word for why the answer ended.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub finish: Option<String>,
    /// The model's name as its server reported it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub model: Option<String>,
    /// Token counts that the log reports.
    #[serde(default, skip_serializing_if = "is_unknown")]
    pub usage: Usage,
    /// Tools that the model asked for last.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub tool_calls: Vec<ImportedCall>,
    /// The scores that the log gives it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub scores: Vec<ImportedScore>,
    /// What went wrong instead of an answer.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error: Option<String>,
}

/// A tool that a model asked for.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ImportedCall {
    /// Name of the tool.
    pub name: String,
    /// Its arguments, as JSON.
    pub arguments: String,
}

/// A score of a log.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ImportedScore {
    /// The log's name of the scorer.
    pub scorer: String,
    /// The score as a number.
    pub value: f64,
    /// The score as the log has it, where that is no number.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub said: Option<String>,
    /// What the log took for the answer.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub answer: Option<String>,
}

fn is_unknown(usage: &Usage) -> bool {
    *usage == Usage::default()
}

impl ImportedAnswer {
    /// The reply that stands for it in a run.
    ///
    /// # Errors
    /// When a score is no finite number.
    pub fn reply(&self) -> Result<Reply, serde_json::Error> {
        let record = Self {
            form: FORM.to_owned(),
            ..self.clone()
        };
        Ok(Reply {
            status: 0,
            content_type: Some(CONTENT_TYPE.to_owned()),
            retry_after: None,
            body: serde_json::to_vec(&record)?,
        })
    }

    /// What `reply` records.
    fn recorded(reply: &Reply) -> Result<Self, CallError> {
        let malformed = |what: String| {
            let what = format!("the record of an imported answer cannot be read: {what}");
            CallError::new(CallErrorKind::Malformed, what)
        };
        let record: Self =
            serde_json::from_slice(&reply.body).map_err(|error| malformed(error.to_string()))?;
        if record.form == FORM {
            Ok(record)
        } else {
            Err(malformed(format!("its form is not `{FORM}`")))
        }
    }

    fn completion(self) -> Completion {
        let scores = self.scores.into_iter().map(|score| ForeignScore {
            scorer: score.scorer,
            value: score.value,
            answer: score.answer,
        });
        let calls = self.tool_calls.into_iter().map(|call| ToolCall {
            name: call.name,
            arguments: call.arguments,
        });
        Completion {
            text: self.text.unwrap_or_default(),
            reasoning: self.reasoning,
            finish: Finish::from_wire(self.finish.as_deref()),
            usage: self.usage,
            model: self.model,
            tool_calls: calls.collect(),
            foreign_scores: scores.collect(),
            ..Completion::default()
        }
    }
}

/// Reads the record of an imported answer.
///
/// # Errors
/// When it is none, or the log had an error instead of an answer.
pub(crate) fn read(reply: &Reply) -> Result<Completion, CallError> {
    let record = ImportedAnswer::recorded(reply)?;
    match &record.error {
        Some(error) => {
            let said: String = error.chars().take(MOST_SHOWN).collect();
            let what = format!("the imported log has an error instead of an answer: {said}");
            Err(CallError::new(CallErrorKind::Foreign, what))
        }
        None => Ok(record.completion()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_log_said_is_read_as_it_was_written() {
        let answer = ImportedAnswer {
            text: Some("B".to_owned()),
            finish: Some("stop".to_owned()),
            scores: vec![ImportedScore {
                scorer: "choice".to_owned(),
                value: 1.0,
                said: Some("C".to_owned()),
                answer: Some("B".to_owned()),
            }],
            ..ImportedAnswer::default()
        };
        let read = read(&answer.reply().unwrap()).unwrap();
        assert_eq!((read.text.as_str(), &read.finish), ("B", &Finish::Stop));
        assert_eq!(read.usage, Usage::default());
        assert_eq!(read.foreign_scores[0].scorer, "choice");
        assert_eq!(read.foreign_scores[0].answer.as_deref(), Some("B"));
    }

    #[test]
    fn an_error_of_the_log_is_an_error_and_anything_else_is_malformed() {
        let failed = ImportedAnswer {
            error: Some("Connection reset".to_owned()),
            ..ImportedAnswer::default()
        };
        let error = read(&failed.reply().unwrap()).unwrap_err();
        assert_eq!(error.kind, CallErrorKind::Foreign);
        assert!(error.message.ends_with("Connection reset"));
        for body in [
            &b"{}"[..],
            b"",
            b"{\"form\":\"cleanbench-imported/9\"}",
            b"[1]",
        ] {
            let reply = Reply {
                body: body.to_vec(),
                ..Reply::default()
            };
            assert_eq!(read(&reply).unwrap_err().kind, CallErrorKind::Malformed);
        }
        let endless = ImportedAnswer {
            scores: vec![ImportedScore {
                value: f64::INFINITY,
                ..ImportedScore::default()
            }],
            ..ImportedAnswer::default()
        };
        assert!(read(&endless.reply().unwrap()).is_err(), "written as null");
    }
}
