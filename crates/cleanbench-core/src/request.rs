//! What is asked of a model, before any wire format.

use std::sync::Arc;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::sensitivity::Sensitivity;

/// Speaker of a message.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Role {
    /// Instructions that precede the conversation.
    System,
    /// The person who asks.
    User,
    /// The model.
    Assistant,
}

/// One turn of a conversation.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Message {
    /// Who speaks.
    pub role: Role,
    /// The text, exactly as the model gets it.
    pub content: String,
    /// Pictures that follow the text, in their order.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub images: Vec<Image>,
}

impl Message {
    /// A message without pictures.
    pub fn new(role: Role, content: impl Into<String>) -> Self {
        Self {
            role,
            content: content.into(),
            images: Vec::new(),
        }
    }
}

/// A picture, whole: an address is never sent, because whoever fetched it would be a host that nobody
/// named.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Image {
    /// Media type, for example `image/png`.
    pub media_type: String,
    /// The file's bytes in base 64 with padding (RFC 4648, section 4).
    pub data: String,
}

/// The form in which an endpoint is asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Form {
    /// Chat messages; the model answers with a new assistant message.
    Chat,
    /// A raw text that the model continues.
    Completion,
    /// Chat messages of which the last is the beginning of the assistant's answer.
    Prefill,
    /// A text whose meaning is asked for as a list of numbers.
    Embedding,
}

/// How much a model may think before it answers. Every provider has its own way of being told.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Reasoning {
    /// Not at all.
    Off,
    /// As much as the endpoint sees fit.
    On,
    /// As little as the endpoint can.
    Minimal,
    /// Little.
    Low,
    /// Some.
    Medium,
    /// Much.
    High,
    /// As much as the endpoint can.
    Max,
}

impl Reasoning {
    /// All of them, the least first.
    pub const ALL: [Self; 7] = [
        Self::Off,
        Self::On,
        Self::Minimal,
        Self::Low,
        Self::Medium,
        Self::High,
        Self::Max,
    ];

    /// The word used in files.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Off => "off",
            Self::On => "on",
            Self::Minimal => "minimal",
            Self::Low => "low",
            Self::Medium => "medium",
            Self::High => "high",
            Self::Max => "max",
        }
    }

    /// The one that `word` names.
    pub fn named(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|one| one.as_str() == word)
    }
}

/// Sampling parameters of a task or model. A value that is `None` is not sent, so the endpoint's own
/// default holds.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Sampling {
    /// Temperature, 0 to 2.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub temperature: Option<f64>,
    /// Nucleus sampling mass, above 0 and up to 1.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub top_p: Option<f64>,
    /// Most tokens that may be generated, reasoning included; at least 1.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max_tokens: Option<u32>,
    /// Texts at which generation ends.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub stop: Vec<String>,
    /// How much the model may think.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reasoning: Option<Reasoning>,
}

impl Sampling {
    /// These parameters where they are set, else those of `base`.
    #[must_use]
    pub fn or(self, base: &Self) -> Self {
        Self {
            temperature: self.temperature.or(base.temperature),
            top_p: self.top_p.or(base.top_p),
            max_tokens: self.max_tokens.or(base.max_tokens),
            stop: if self.stop.is_empty() {
                base.stop.clone()
            } else {
                self.stop
            },
            reasoning: self.reasoning.or(base.reasoning),
        }
    }
}

/// What an answer must look like, and what it may come with. The default asks for plain text.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Constraints {
    /// Functions that the model may ask to be called. cleanbench calls none of them.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub tools: Vec<Tool>,
    /// Which of them it must choose.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tool_choice: Option<ToolChoice>,
    /// JSON instead of text.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub response_format: Option<ResponseFormat>,
    /// Log probabilities of the generated tokens, with this many of the likeliest tokens beside each
    /// (0 for none beside).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub logprobs: Option<u32>,
}

impl Constraints {
    /// Whether nothing is asked for but text.
    pub fn is_plain(&self) -> bool {
        *self == Self::default()
    }
}

/// A function that a model may ask to be called.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Tool {
    /// Name, of letters, digits, `_` and `-`.
    pub name: String,
    /// What it does, in words for the model.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    /// JSON schema of its arguments, an object.
    pub parameters: Value,
}

/// Whether a model has to ask for a tool.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ToolChoice {
    /// It may.
    Auto,
    /// It must not.
    None,
    /// It must ask for one, whichever.
    Required,
    /// It must ask for this one.
    Tool(String),
}

/// JSON as an answer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum ResponseFormat {
    /// Any JSON object.
    JsonObject,
    /// JSON that fits a schema.
    JsonSchema {
        /// Name of the schema, of letters, digits, `_` and `-`.
        name: String,
        /// The schema. A reference in it is sent as it stands and never followed.
        schema: Value,
        /// Whether the endpoint must enforce it strictly.
        strict: bool,
    },
}

/// One question to a model.
#[derive(Debug, Clone, PartialEq)]
pub struct Request {
    /// How it is put.
    pub form: Form,
    /// The conversation. In [`Form::Prefill`] the last message is the assistant's beginning; in
    /// [`Form::Completion`] the contents are joined by blank lines into one text.
    pub messages: Vec<Message>,
    /// Sampling parameters that are sent.
    pub sampling: Sampling,
    /// Seed that is sent, where sampling is random.
    pub seed: Option<u64>,
    /// Texts whose likelihood after the prompt is asked for. Where there are any, nothing is
    /// generated.
    pub continuations: Vec<String>,
    /// What the answer must look like.
    pub constraints: Arc<Constraints>,
    /// Label of the sample; an adapter refuses to send what its endpoint may not see.
    pub sensitivity: Sensitivity,
}

/// The texts whose likelihood after `messages` is asked for when `choices` are to be weighed: each with
/// a space before it, unless the prompt ends in white space already.
pub fn choice_continuations(messages: &[Message], choices: &[String]) -> Vec<String> {
    let ends_in_space = messages
        .last()
        .is_some_and(|last| last.content.ends_with(char::is_whitespace));
    let space = if ends_in_space { "" } else { " " };
    choices
        .iter()
        .map(|choice| format!("{space}{choice}"))
        .collect()
}

impl Request {
    /// What this request asks for beside the text of an answer to a text, if anything: a word for the
    /// error of an adapter that knows nothing else. Not to reason at all is nothing beside text.
    pub fn more_than_text(&self) -> Option<&'static str> {
        let Constraints {
            tools,
            tool_choice,
            response_format,
            logprobs,
        } = &*self.constraints;
        let has_images = self
            .messages
            .iter()
            .any(|message| !message.images.is_empty());
        let reasons = !matches!(self.sampling.reasoning, None | Some(Reasoning::Off));
        let asked = [
            (has_images, "images"),
            (!tools.is_empty() || tool_choice.is_some(), "tools"),
            (response_format.is_some(), "format of answers"),
            (logprobs.is_some(), "log probabilities of answers"),
            (reasons, "reasoning"),
        ];
        asked
            .into_iter()
            .find(|(is_asked, _)| *is_asked)
            .map(|(_, what)| what)
    }

    /// The form that `messages` ask for on an endpoint of kind `endpoint`: a conversation that ends
    /// with the assistant is a prefill.
    pub fn form_for(endpoint: Form, messages: &[Message]) -> Form {
        let ends_with_assistant = messages
            .last()
            .is_some_and(|last| last.role == Role::Assistant);
        match endpoint {
            Form::Chat | Form::Prefill if ends_with_assistant => Form::Prefill,
            Form::Chat | Form::Prefill => Form::Chat,
            Form::Completion => Form::Completion,
            Form::Embedding => Form::Embedding,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_conversation_that_ends_with_the_assistant_is_a_prefill() {
        let message = |role| Message::new(role, "");
        let user = [message(Role::User)];
        let prefill = [message(Role::User), message(Role::Assistant)];
        assert_eq!(Request::form_for(Form::Chat, &user), Form::Chat);
        assert_eq!(Request::form_for(Form::Chat, &prefill), Form::Prefill);
        assert_eq!(
            Request::form_for(Form::Completion, &prefill),
            Form::Completion
        );
    }

    #[test]
    fn what_is_more_than_text_is_named() {
        let mut request = Request {
            form: Form::Chat,
            messages: vec![Message::new(Role::User, "q")],
            sampling: Sampling {
                reasoning: Some(Reasoning::Off),
                ..Sampling::default()
            },
            seed: None,
            continuations: Vec::new(),
            constraints: Arc::default(),
            sensitivity: Sensitivity::Public,
        };
        assert_eq!(request.more_than_text(), None);
        request.sampling.reasoning = Some(Reasoning::Minimal);
        assert_eq!(request.more_than_text(), Some("reasoning"));
        let asked = |constraints| Request {
            constraints: Arc::new(constraints),
            ..request.clone()
        };
        let logprobs = asked(Constraints {
            logprobs: Some(0),
            ..Constraints::default()
        });
        assert_eq!(
            logprobs.more_than_text(),
            Some("log probabilities of answers")
        );
        let format = asked(Constraints {
            response_format: Some(ResponseFormat::JsonObject),
            ..Constraints::default()
        });
        assert_eq!(format.more_than_text(), Some("format of answers"));
        let tools = asked(Constraints {
            tool_choice: Some(ToolChoice::Auto),
            ..Constraints::default()
        });
        assert_eq!(tools.more_than_text(), Some("tools"));
        request.messages[0].images.push(Image {
            media_type: "image/png".to_owned(),
            data: String::new(),
        });
        assert_eq!(request.more_than_text(), Some("images"));
    }

    #[test]
    fn own_parameters_win() {
        let base = Sampling {
            temperature: Some(1.0),
            max_tokens: Some(5),
            ..Sampling::default()
        };
        let own = Sampling {
            temperature: Some(0.0),
            ..Sampling::default()
        };
        let merged = own.or(&base);
        assert_eq!(
            (merged.temperature, merged.max_tokens),
            (Some(0.0), Some(5))
        );
    }
}
