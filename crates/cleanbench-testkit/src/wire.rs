//! The JSON that the server writes, in the shapes of the `OpenAI` API.
//!
//! Invariant: the bytes follow from the question and the script alone (ids come from the prompt's
//! hash, `created` is a constant), so that two servers give the same bytes. Fields that a real
//! endpoint leaves out are left out, not null.

use serde::{Serialize, Serializer};

use crate::answer::with_think;
use crate::key::PromptKey;
use crate::question::{Endpoint, Question};
use crate::said::count_words;
use crate::script::{Reasoning, Script, Usage};

/// Unix time reported as that of every answer: 2023-11-14.
const CREATED: u64 = 1_700_000_000;

/// An answer before it is put into a body.
#[derive(Debug)]
pub(crate) struct AnswerParts<'a> {
    /// The script in force.
    pub(crate) script: &'a Script,
    /// What was asked.
    pub(crate) question: &'a Question<'a>,
    /// The prompt's key, for the id.
    pub(crate) key: PromptKey,
    /// The content; `None` is null.
    pub(crate) content: Option<String>,
    /// The reasoning in a field of its own, with the field's name.
    pub(crate) reasoning: Option<(ReasoningField, &'a str)>,
    /// Why the answer ended.
    pub(crate) finish: &'static str,
    /// Whether there is any choice.
    pub(crate) has_choice: bool,
}

/// The message's field that holds reasoning.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum ReasoningField {
    /// `reasoning_content`.
    ReasoningContent,
    /// `reasoning`.
    Reasoning,
}

#[derive(Serialize)]
struct Whole<'a> {
    #[serde(flatten)]
    head: Head<'a>,
    choices: Vec<Choice<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    usage: Option<Spent>,
}

/// One event of a stream.
#[derive(Serialize)]
pub(crate) struct Event<'a> {
    #[serde(flatten)]
    head: Head<'a>,
    choices: Vec<Choice<'a>>,
    /// `None` is left out, as when the client did not ask for usage.
    #[serde(skip_serializing_if = "Option::is_none")]
    usage: Option<EventUsage>,
}

#[derive(Serialize)]
#[serde(untagged)]
enum EventUsage {
    /// Null, as in every event before the last.
    NotYet,
    Known(Spent),
}

/// What an answer is called.
#[derive(Clone, Copy)]
struct AnswerId {
    endpoint: Endpoint,
    key: PromptKey,
}

#[derive(Clone, Copy, Serialize)]
struct Head<'a> {
    #[serde(serialize_with = "write_id")]
    id: AnswerId,
    object: &'static str,
    created: u64,
    model: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    system_fingerprint: Option<&'a str>,
}

#[derive(Serialize)]
struct Choice<'a> {
    index: u32,
    #[serde(flatten)]
    said: Said<'a>,
    logprobs: Option<()>,
    finish_reason: Option<&'static str>,
}

#[derive(Serialize)]
#[serde(rename_all = "snake_case")]
enum Said<'a> {
    Message(Message<'a>),
    Delta(Delta<'a>),
    Text(&'a str),
}

#[derive(Serialize)]
struct Message<'a> {
    role: &'static str,
    content: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    reasoning_content: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    reasoning: Option<&'a str>,
}

/// What one event adds to the message.
#[derive(Debug, Clone, Copy, Default, Serialize)]
pub(crate) struct Delta<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    role: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    content: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    reasoning_content: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    reasoning: Option<&'a str>,
}

#[derive(Clone, Copy, Serialize)]
struct Spent {
    prompt_tokens: u64,
    completion_tokens: u64,
    total_tokens: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    prompt_tokens_details: Option<Cached>,
    #[serde(skip_serializing_if = "Option::is_none")]
    completion_tokens_details: Option<Reasoned>,
}

#[derive(Clone, Copy, Serialize)]
struct Cached {
    cached_tokens: u64,
}

#[derive(Clone, Copy, Serialize)]
struct Reasoned {
    reasoning_tokens: u64,
}

impl<'a> Delta<'a> {
    /// The first event: only the role.
    pub(crate) fn role() -> Self {
        Self {
            role: Some("assistant"),
            content: Some(""),
            ..Self::default()
        }
    }

    /// A piece of the content.
    pub(crate) fn content(piece: &'a str) -> Self {
        Self {
            content: Some(piece),
            ..Self::default()
        }
    }

    /// A piece of the reasoning.
    pub(crate) fn reasoning(field: ReasoningField, piece: &'a str) -> Self {
        let piece = Some(piece);
        match field {
            ReasoningField::ReasoningContent => Self {
                reasoning_content: piece,
                ..Self::default()
            },
            ReasoningField::Reasoning => Self {
                reasoning: piece,
                ..Self::default()
            },
        }
    }
}

impl<'a> AnswerParts<'a> {
    /// The answer `text` in the script's way of showing reasoning. Text completions show none.
    pub(crate) fn new(
        script: &'a Script,
        question: &'a Question<'a>,
        key: PromptKey,
        text: &str,
    ) -> Self {
        let field = |field, reasoning: &'a String| Some((field, reasoning.as_str()));
        let (content, reasoning) = match &script.reasoning {
            _ if question.endpoint == Endpoint::Text => (text.to_owned(), None),
            Reasoning::None => (text.to_owned(), None),
            Reasoning::Think(reasoning) => (with_think(reasoning, text), None),
            Reasoning::ReasoningContent(reasoning) => {
                let reasoning = field(ReasoningField::ReasoningContent, reasoning);
                (text.to_owned(), reasoning)
            }
            Reasoning::Reasoning(reasoning) => {
                (text.to_owned(), field(ReasoningField::Reasoning, reasoning))
            }
        };
        Self {
            script,
            question,
            key,
            content: Some(content),
            reasoning,
            finish: "stop",
            has_choice: true,
        }
    }

    /// The body of an answer that is not streamed.
    pub(crate) fn whole(&self) -> Vec<u8> {
        let choices = self.has_choice.then(|| self.choice()).into_iter().collect();
        let head = self.head(match self.question.endpoint {
            Endpoint::Chat => "chat.completion",
            Endpoint::Text => "text_completion",
        });
        let usage = self.tokens();
        to_json(&Whole {
            head,
            choices,
            usage,
        })
    }

    /// An event that adds `delta`, or the last one where `finish` is given.
    pub(crate) fn event(&self, delta: Delta<'a>, finish: Option<&'static str>) -> Vec<u8> {
        let said = match self.question.endpoint {
            Endpoint::Chat => Said::Delta(delta),
            Endpoint::Text => Said::Text(delta.content.unwrap_or_default()),
        };
        let choice = Choice {
            index: 0,
            said,
            logprobs: None,
            finish_reason: finish,
        };
        let choices = self.has_choice.then_some(choice).into_iter().collect();
        to_json(&Event {
            head: self.event_head(),
            choices,
            usage: self.question.include_usage.then_some(EventUsage::NotYet),
        })
    }

    /// The event with the token counts, where client and script want it.
    pub(crate) fn usage_event(&self) -> Option<Vec<u8>> {
        let tokens = self.tokens().filter(|_| self.question.include_usage)?;
        Some(to_json(&Event {
            head: self.event_head(),
            choices: Vec::new(),
            usage: Some(EventUsage::Known(tokens)),
        }))
    }

    fn event_head(&self) -> Head<'_> {
        self.head(match self.question.endpoint {
            Endpoint::Chat => "chat.completion.chunk",
            Endpoint::Text => "text_completion",
        })
    }

    fn head(&self, object: &'static str) -> Head<'_> {
        let asked = self.question.model.as_ref();
        Head {
            id: AnswerId {
                endpoint: self.question.endpoint,
                key: self.key,
            },
            object,
            created: CREATED,
            model: self.script.model.as_deref().unwrap_or(asked),
            system_fingerprint: self.script.system_fingerprint.as_deref(),
        }
    }

    fn choice(&self) -> Choice<'_> {
        let content = self.content.as_deref();
        let said = match self.question.endpoint {
            Endpoint::Text => Said::Text(content.unwrap_or_default()),
            Endpoint::Chat => Said::Message(Message {
                role: "assistant",
                content,
                reasoning_content: self.reasoning_in(ReasoningField::ReasoningContent),
                reasoning: self.reasoning_in(ReasoningField::Reasoning),
            }),
        };
        Choice {
            index: 0,
            said,
            logprobs: None,
            finish_reason: Some(self.finish),
        }
    }

    fn reasoning_in(&self, field: ReasoningField) -> Option<&'a str> {
        let (held, text) = self.reasoning?;
        (held == field).then_some(text)
    }

    fn tokens(&self) -> Option<Spent> {
        let prompt = self.question.words;
        let prompt_tokens_details = match self.script.usage {
            Usage::Absent => return None,
            Usage::Words => None,
            Usage::Cached(cached) => Some(Cached {
                cached_tokens: cached.min(prompt),
            }),
        };
        let reasoned = self.reasoning.map(|(_, text)| count_words(text));
        let content = self.content.as_deref().map_or(0, count_words);
        let completion = content + reasoned.unwrap_or(0);
        Some(Spent {
            prompt_tokens: prompt,
            completion_tokens: completion,
            total_tokens: prompt + completion,
            prompt_tokens_details,
            completion_tokens_details: reasoned
                .map(|reasoning_tokens| Reasoned { reasoning_tokens }),
        })
    }
}

/// The body of an error, in the API's shape.
pub(crate) fn error_body(kind: &str, code: &str, message: &str) -> Vec<u8> {
    to_json(&serde_json::json!({
        "error": { "message": message, "type": kind, "param": null, "code": code }
    }))
}

/// The body of `GET /v1/models`.
pub(crate) fn model_list(models: &[String]) -> Vec<u8> {
    let entry = |id| serde_json::json!({"id": id, "object": "model", "created": CREATED, "owned_by": "testkit"});
    let data: Vec<_> = models.iter().map(entry).collect();
    to_json(&serde_json::json!({ "object": "list", "data": data }))
}

/// Only maps with keys other than strings fail to become JSON, and none is written here.
pub(crate) fn to_json(value: &impl Serialize) -> Vec<u8> {
    serde_json::to_vec(value).unwrap_or_default()
}

fn write_id<S: Serializer>(id: &AnswerId, to: S) -> Result<S::Ok, S::Error> {
    let AnswerId { endpoint, key } = id;
    let kind = match endpoint {
        Endpoint::Chat => "chatcmpl",
        Endpoint::Text => "cmpl",
    };
    to.collect_str(&format_args!("{kind}-{key:016x}"))
}
