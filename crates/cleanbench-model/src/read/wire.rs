//! The JSON of answers, as far as it is used: one shape for whole answers and for chunks.

use serde::Deserialize;
use serde_json::Value;

use super::fault::Fault;
use super::lenient::{self, Content};
use super::{RawAnswer, refusal, tokens};

/// A whole answer, or one chunk of a streamed one.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Envelope {
    choices: Option<Vec<Choice>>,
    usage: Value,
    #[serde(deserialize_with = "lenient::text")]
    model: Option<String>,
    #[serde(deserialize_with = "lenient::text")]
    system_fingerprint: Option<String>,
    error: Value,
    /// Where `MiniMax` reports errors, with status 200.
    base_resp: Value,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Choice {
    #[serde(deserialize_with = "lenient::count")]
    index: Option<u64>,
    #[serde(deserialize_with = "lenient::text")]
    finish_reason: Option<String>,
    message: Option<Said>,
    delta: Option<Said>,
    #[serde(deserialize_with = "lenient::text")]
    text: Option<String>,
    logprobs: Value,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Said {
    #[serde(deserialize_with = "lenient::content")]
    content: Content,
    #[serde(deserialize_with = "lenient::text")]
    reasoning_content: Option<String>,
    #[serde(deserialize_with = "lenient::text")]
    reasoning: Option<String>,
    /// Reasoning in parts, of routers and `MiniMax`.
    reasoning_details: Value,
    /// The model's own words for not answering.
    #[serde(deserialize_with = "lenient::text")]
    refusal: Option<String>,
    tool_calls: Value,
    function_call: Value,
}

impl Envelope {
    /// The error that the server reports inside a success, if it does.
    pub(super) fn fault(&self) -> Option<Fault> {
        let reported = match &self.error {
            Value::Null | Value::Bool(false) => false,
            Value::String(text) => !text.is_empty(),
            Value::Object(fields) => !fields.is_empty(),
            _ => true,
        };
        if reported {
            return Some(refusal::inside_success(&self.error));
        }
        let code = self.base_resp["status_code"].as_u64();
        let failed = code.is_some_and(|code| code != 0);
        failed.then(|| refusal::inside_success(&self.base_resp))
    }

    /// Appends what the first choice says. `false` if there is no choice.
    pub(super) fn take_choice(&mut self, answer: &mut RawAnswer) -> bool {
        let choices = self.choices.take().unwrap_or_default();
        let first = choices
            .into_iter()
            .find(|choice| choice.index.unwrap_or(0) == 0);
        let Some(choice) = first else {
            return false;
        };
        for said in [choice.message, choice.delta].into_iter().flatten() {
            said.append_to(answer);
        }
        answer.tokens.extend(tokens::of_choice(&choice.logprobs));
        answer.text.push_str(&choice.text.unwrap_or_default());
        let finish = choice.finish_reason.filter(|word| !word.is_empty());
        answer.finish = finish.or(answer.finish.take());
        true
    }

    /// Takes over what is said about the whole answer; what a later chunk says wins.
    pub(super) fn take_facts(&mut self, answer: &mut RawAnswer) {
        if self.usage.is_object() {
            answer.usage = self.usage.take();
        }
        let named = |text: Option<String>| text.filter(|text| !text.is_empty());
        answer.model = named(self.model.take()).or(answer.model.take());
        let fingerprint = named(self.system_fingerprint.take());
        answer.fingerprint = fingerprint.or(answer.fingerprint.take());
    }
}

impl Said {
    fn append_to(self, answer: &mut RawAnswer) {
        let full = |text: &String| !text.is_empty();
        let field = self.reasoning_content.filter(full);
        let field = field.or_else(|| self.reasoning.filter(full));
        answer.text.push_str(&self.content.text);
        if self.content.text.is_empty() {
            answer.text.push_str(&self.refusal.unwrap_or_default());
        }
        answer.reasoning.push_str(&self.content.reasoning);
        match field {
            Some(text) => answer.reasoning.push_str(&text),
            None => push_details(&self.reasoning_details, &mut answer.reasoning),
        }
        answer.calls.take(&self.tool_calls);
        answer.calls.take_single(&self.function_call);
    }
}

/// Appends the legible parts of `reasoning_details`.
fn push_details(details: &Value, reasoning: &mut String) {
    for part in details.as_array().into_iter().flatten() {
        let legible = part["text"].as_str().or_else(|| part["summary"].as_str());
        reasoning.push_str(legible.unwrap_or_default());
    }
}

#[derive(Deserialize)]
struct Conversation {
    #[serde(default)]
    messages: Vec<Turn>,
}

#[derive(Deserialize)]
struct Turn {
    role: String,
    content: String,
}

/// The assistant's beginning that the request `body` asks to continue, if it does.
pub(super) fn prefix_of(body: &[u8]) -> Option<String> {
    // Nearly all requests hold no turn of the assistant; they are not parsed.
    let text = std::str::from_utf8(body).ok()?;
    if !text.contains("\"assistant\"") {
        return None;
    }
    let mut conversation: Conversation = serde_json::from_str(text).ok()?;
    let last = conversation.messages.pop()?;
    (last.role == "assistant" && !last.content.is_empty()).then_some(last.content)
}
