//! Whether an answer that says what was asked says what the question does.
//!
//! Invariant: what an answer does not say is passed over. It refuses, with the line, whatever differs.

use cleanbench_core::Message;
use serde_json::{Map, Value};

use super::ProbeQuestion;
use crate::error::ImportError;
use crate::json;

/// Compares what is `said` beside an answer with its `question`.
pub(super) fn check(
    at: &str,
    said: &Map<String, Value>,
    question: &ProbeQuestion,
) -> Result<(), ImportError> {
    let differs = of_messages(said, question)
        .or_else(|| of_max_tokens(said, question))
        .or_else(|| of_stop(said, question));
    match differs {
        None => Ok(()),
        Some(what) => Err(ImportError::refused(at, what)
            .hint("an answer counts for what was asked: `cleanbench probe SUITE --questions FILE` writes it")),
    }
}

/// What is said under `name`, also as JSON in a text; `None` where nothing is.
fn value(said: &Map<String, Value>, name: &str) -> Option<Value> {
    match said.get(name)? {
        Value::Null => None,
        Value::String(text) if text.is_empty() => None,
        Value::String(text) => serde_json::from_str(text).ok().or(Some(Value::Null)),
        other => Some(other.clone()),
    }
}

fn of_messages(said: &Map<String, Value>, question: &ProbeQuestion) -> Option<String> {
    let said = value(said, "messages")?;
    let Ok(messages) = serde_json::from_value::<Vec<Message>>(said) else {
        return Some("`messages` are no messages of `role` and `content`".to_owned());
    };
    let asked = &question.messages;
    let what = if messages.len() == asked.len() {
        let place = asked
            .iter()
            .zip(&messages)
            .position(|(one, other)| one != other)?;
        let is_role = asked[place].role != messages[place].role;
        let what = if is_role {
            "has another role"
        } else {
            "is another text"
        };
        format!("message {} {what}", place + 1)
    } else {
        format!("{} in place of {}", messages.len(), asked.len())
    };
    Some(format!("`messages` are not those of the question: {what}"))
}

fn of_max_tokens(said: &Map<String, Value>, question: &ProbeQuestion) -> Option<String> {
    let said = said.get("max_tokens").and_then(json::word)?;
    let asked = question.max_tokens.to_string();
    (!said.is_empty() && said != asked)
        .then(|| format!("`max_tokens` is {asked} in the question, and {said} here"))
}

fn of_stop(said: &Map<String, Value>, question: &ProbeQuestion) -> Option<String> {
    let said = value(said, "stop")?;
    let stop: Option<Vec<String>> = serde_json::from_value(said).ok();
    (stop.as_ref() != Some(&question.stop)).then(|| "`stop` is not that of the question".to_owned())
}
