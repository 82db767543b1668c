//! Provider profiles: what differs between the endpoints of different makers, as data.
//!
//! Invariant: a provider is one table of `provider/profiles.toml`, read by the same code as
//! `[providers.NAME]` of a models file; no other code names one. A profile is recorded with its
//! endpoint, so a run is read and resumed with the profile that it began with. A key variable is the
//! provider's own, and its key travels to that provider's hosts only.

use std::collections::BTreeMap;

use cleanbench_core::{Form, Reasoning};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use url::Url;

use crate::LikelihoodMethod;
use crate::config::error::ConfigError;

/// The language that an endpoint speaks.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Protocol {
    /// `OpenAI`'s chat completions, completions and embeddings, which most servers speak.
    #[default]
    OpenAi,
    /// `OpenAI`'s responses.
    Responses,
    /// Anthropic's messages.
    Anthropic,
    /// Ollama's own `/api/chat`, `/api/generate` and `/api/embed`.
    Ollama,
    /// llama.cpp's own `/completion`.
    LlamaCpp,
    /// None: nobody is asked. Answers are those of a log of another harness, as [`crate::imported`] writes them.
    Imported,
}

/// How paths end, and what an address that ends so is asked in.
const PATHS: [(&str, Protocol, Form); 9] = [
    ("/chat/completions", Protocol::OpenAi, Form::Chat),
    ("/completions", Protocol::OpenAi, Form::Completion),
    ("/embeddings", Protocol::OpenAi, Form::Embedding),
    ("/responses", Protocol::Responses, Form::Chat),
    ("/messages", Protocol::Anthropic, Form::Chat),
    ("/api/chat", Protocol::Ollama, Form::Chat),
    ("/api/generate", Protocol::Ollama, Form::Completion),
    ("/api/embed", Protocol::Ollama, Form::Embedding),
    ("/completion", Protocol::LlamaCpp, Form::Completion),
];

impl Protocol {
    /// All that a models file may name, with the words used there.
    pub(crate) const WORDS: [(&'static str, Self); 5] = [
        ("openai", Self::OpenAi),
        ("responses", Self::Responses),
        ("anthropic", Self::Anthropic),
        ("ollama", Self::Ollama),
        ("llamacpp", Self::LlamaCpp),
    ];

    /// The word used in files.
    pub fn as_str(self) -> &'static str {
        let known = Self::WORDS.iter().find(|(_, protocol)| *protocol == self);
        known.map_or("imported", |(word, _)| word)
    }

    /// What a path that ends in one of the known ways is asked in.
    pub(crate) fn of_path(path: &str) -> Option<(Self, Form)> {
        let known = PATHS.iter().find(|(end, ..)| path.ends_with(end));
        known.map(|(_, protocol, form)| (*protocol, *form))
    }

    /// The end of the path under which `form` is asked for; `None` where the protocol lacks it.
    pub fn path(self, form: Form) -> Option<&'static str> {
        let wanted = match form {
            Form::Prefill => Form::Chat,
            form => form,
        };
        let known = PATHS
            .iter()
            .find(|(_, protocol, form)| (*protocol, *form) == (self, wanted));
        known.map(|(end, ..)| *end)
    }

    /// The form in which an endpoint is asked about which nothing else is said.
    pub(crate) fn usual_form(self) -> Form {
        match self {
            Self::LlamaCpp => Form::Completion,
            _ => Form::Chat,
        }
    }
}

/// The header in which a key travels.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum KeyHeader {
    /// `Authorization: Bearer KEY`.
    #[default]
    Bearer,
    /// `x-api-key: KEY`.
    XApiKey,
    /// `api-key: KEY`, as Azure has it.
    ApiKey,
}

/// How an endpoint is told to continue the last message instead of answering it.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Prefill {
    /// It is not told: a conversation that ends with the assistant is enough, or nothing is known.
    #[default]
    Implied,
    /// `continue_final_message: true, add_generation_prompt: false` in the request.
    ContinueFinalMessage,
    /// `prefix: true` in the last message. `DeepSeek` honours it under
    /// `base_url = "https://api.deepseek.com/beta"` only.
    Prefix,
    /// `partial: true` in the last message.
    Partial,
    /// It cannot be told.
    Unsupported,
}

impl Prefill {
    /// Whether the answer may begin with the text that was to be continued.
    pub fn may_repeat(self) -> bool {
        matches!(self, Self::Implied | Self::Prefix)
    }
}

/// Where an endpoint counts the tokens of reasoning.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ReasoningTokens {
    /// Among the generated tokens.
    #[default]
    Inside,
    /// Beside the generated tokens: both are billed.
    Outside,
    /// In the total alone: what is missing between prompt, answer and total.
    InTotal,
}

/// What a word for the end of an answer means.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FinishMeaning {
    /// The model ended its answer.
    Stop,
    /// A limit of tokens cut it off.
    Length,
    /// A content filter cut it off, or the model declined.
    ContentFilter,
    /// It was cut off because it recited protected text.
    Recitation,
    /// The model asks for a tool.
    ToolCalls,
    /// The endpoint failed within the answer; another attempt may not.
    Failed,
}

/// Headers in which an endpoint says how much may be asked of it. Names in lower case.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct RateLimitHeaders {
    /// Requests left in the current window.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub remaining_requests: Option<String>,
    /// Tokens left in the current window.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub remaining_tokens: Option<String>,
    /// When the window of requests begins anew.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reset_requests: Option<String>,
    /// When the window of tokens begins anew.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reset_tokens: Option<String>,
}

impl RateLimitHeaders {
    /// Whether no header is known.
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }
}

/// What begins reasoning within the content of an answer, and what ends it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(from = "[String; 2]", into = "[String; 2]")]
pub struct Marks {
    /// What begins it; never empty where it was read from a file.
    pub open: String,
    /// What ends it; never empty where it was read from a file.
    pub close: String,
}

impl From<[String; 2]> for Marks {
    fn from([open, close]: [String; 2]) -> Self {
        Self { open, close }
    }
}

impl From<Marks> for [String; 2] {
    fn from(marks: Marks) -> Self {
        [marks.open, marks.close]
    }
}

/// One provider.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Profile {
    /// The name before the slash in `provider/model`.
    pub name: String,
    /// The language that it speaks.
    pub protocol: Protocol,
    /// Where it is reached unless `base_url` says otherwise; empty where it has no own address.
    pub base_url: String,
    /// The usual environment variable of its key; `None` where no key is needed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub key_env: Option<String>,
    /// Hosts beside that of `base_url` that take the same key; one that begins with a dot stands for all below it.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub other_hosts: Vec<String>,
    /// The header in which the key travels.
    pub key_header: KeyHeader,
    /// Headers that every request has. Never a secret.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub headers: BTreeMap<String, String>,
    /// Fields that every request has.
    #[serde(skip_serializing_if = "Map::is_empty")]
    pub always: Map<String, Value>,
    /// What is added to a request for a level of reasoning, by the word of the level. A level that is
    /// not there cannot be asked for.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub reasoning: BTreeMap<String, Map<String, Value>>,
    /// Whether the models reason unless they are told not to.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub reasons_by_default: bool,
    /// Whether models reason unless they are told not to, by the beginnings of their names: the longest that fits
    /// decides, before [`Profile::reasons_by_default`].
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub reasons_by_model: BTreeMap<String, bool>,
    /// Marks, beside `<think>`, between which reasoning stands within the content.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub reasoning_marks: Vec<Marks>,
    /// Where tokens of reasoning are counted.
    pub reasoning_tokens: ReasoningTokens,
    /// Sampling parameters that have no effect while the model reasons, by the names of
    /// [`cleanbench_core::Sampling`].
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub ignored_while_reasoning: Vec<String>,
    /// Sampling parameters that are refused while the model reasons; they are then not sent.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub refused_while_reasoning: Vec<String>,
    /// How a prefill is asked for.
    pub prefill: Prefill,
    /// Name of the limit of tokens in chat requests; requests in raw text call it `max_tokens`.
    pub max_tokens_field: String,
    /// The limit that is sent where none is set, because requests without one are refused.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub default_max_tokens: Option<u32>,
    /// Name of the seed; `None` where the endpoint takes none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub seed_field: Option<String>,
    /// Whether `stream_options` is understood. Where it is not, usage comes with the last event.
    pub stream_options: bool,
    /// Kinds of JSON that can be asked for: `json_object`, `json_schema`.
    pub json_formats: Vec<String>,
    /// Fewest likeliest tokens that must be asked for to get log probabilities at all.
    #[serde(skip_serializing_if = "is_zero")]
    pub least_top_logprobs: u32,
    /// How it tells the likelihood of given texts; `None` where nothing is known of a way.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub likelihood: Option<LikelihoodMethod>,
    /// What the endpoint's own words for the end of an answer mean, beside those that all use.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub finish: BTreeMap<String, FinishMeaning>,
    /// Where it says how much may be asked of it.
    #[serde(skip_serializing_if = "RateLimitHeaders::is_empty")]
    pub rate_limit_headers: RateLimitHeaders,
    /// Whether nobody has recorded how its endpoint really answers: what stands here is from its documents.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub untested: bool,
}

#[expect(
    clippy::trivially_copy_pass_by_ref,
    reason = "the shape that serde asks for"
)]
fn is_zero(count: &u32) -> bool {
    *count == 0
}

impl Profile {
    /// A profile about which nothing is known but the language.
    pub(crate) fn plain(name: &str, protocol: Protocol) -> Self {
        let texts = |words: &[&str]| words.iter().map(|&word| word.to_owned()).collect();
        let (max_tokens_field, seed, formats): (_, _, &[&str]) = match protocol {
            Protocol::OpenAi => ("max_tokens", true, &["json_object", "json_schema"]),
            Protocol::Responses => ("max_output_tokens", false, &["json_object", "json_schema"]),
            Protocol::Anthropic => ("max_tokens", false, &["json_schema"]),
            Protocol::Ollama => ("num_predict", true, &["json_object", "json_schema"]),
            Protocol::LlamaCpp => ("n_predict", true, &["json_object", "json_schema"]),
            Protocol::Imported => ("max_tokens", false, &[]),
        };
        let anthropic = protocol == Protocol::Anthropic;
        let version = ("anthropic-version".to_owned(), "2023-06-01".to_owned());
        Self {
            name: name.to_owned(),
            protocol,
            key_header: if anthropic {
                KeyHeader::XApiKey
            } else {
                KeyHeader::Bearer
            },
            headers: anthropic.then_some(version).into_iter().collect(),
            max_tokens_field: max_tokens_field.to_owned(),
            default_max_tokens: anthropic.then_some(4096),
            seed_field: seed.then(|| "seed".to_owned()),
            stream_options: true,
            prefill: match protocol {
                Protocol::Responses => Prefill::Unsupported,
                _ => Prefill::Implied,
            },
            json_formats: texts(formats),
            ..Self::default()
        }
    }

    /// The name without the language.
    pub(crate) fn family(&self) -> &str {
        let name = self.name.as_str();
        let bare = ["-native", "-responses"].map(|end| name.strip_suffix(end));
        bare.into_iter().flatten().next().unwrap_or(name)
    }

    /// Whether `host` is one of the provider's own, so that it may be handed the provider's key.
    pub fn owns(&self, host: &str) -> bool {
        let own = Url::parse(&self.base_url).ok();
        own.and_then(|url| url.host_str().map(|own| own == host))
            .unwrap_or(false)
            || self
                .other_hosts
                .iter()
                .any(|other| match other.strip_prefix('.') {
                    Some(_) => host.ends_with(other.as_str()),
                    None => other == host,
                })
    }

    /// Whether `model` is known by its name to reason, or not to; `None` where the name says nothing.
    pub fn reasons_by_name(&self, model: &str) -> Option<bool> {
        let bare = model
            .rsplit('/')
            .next()
            .unwrap_or(model)
            .to_ascii_lowercase();
        let bare = bare.strip_prefix("ft:").unwrap_or(&bare);
        let begins = |beginning: &str| {
            let rest = bare.strip_prefix(beginning);
            rest.is_some_and(|rest| !rest.starts_with(|next: char| next.is_alphanumeric()))
        };
        let known = self.reasons_by_model.iter();
        let fitting = known.filter(|(beginning, _)| begins(beginning));
        let longest = fitting.max_by_key(|(beginning, _)| beginning.len());
        longest.map(|(_, reasons)| *reasons)
    }

    /// What is added to a request for `level`; `None` where it cannot be asked for.
    pub fn reasoning_fields(&self, level: Reasoning) -> Option<&Map<String, Value>> {
        self.reasoning.get(level.as_str())
    }

    /// Why `level` cannot be asked for, and what can.
    pub(crate) fn no_such_level(&self, level: Reasoning) -> ConfigError {
        let known: Vec<_> = Reasoning::ALL
            .iter()
            .map(|level| level.as_str())
            .filter(|word| self.reasoning.contains_key(*word))
            .collect();
        let message = format!(
            "provider `{}` cannot be asked for `reasoning = \"{}\"`",
            self.name,
            level.as_str()
        );
        ConfigError::new(message).hint(if known.is_empty() {
            "name the server with `provider`, or describe it under `[providers.NAME]`".to_owned()
        } else {
            format!("it can be asked for: {}", known.join(", "))
        })
    }
}

/// Name of the profile that assumes nothing.
pub(crate) const UNKNOWN: &str = "openai-compatible";

/// The profile that assumes nothing.
pub(crate) fn unknown() -> Profile {
    Profile::plain(UNKNOWN, Protocol::OpenAi)
}
