//! What a model answered, after the wire format has been read.

use serde::{Deserialize, Serialize};

/// Token counts as the endpoint reported them. `None` means "not reported" and is never treated as 0.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Usage {
    /// Tokens of the prompt, cached ones included.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub prompt: Option<u64>,
    /// Tokens generated, reasoning included where the endpoint counts it so.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub completion: Option<u64>,
    /// Tokens of reasoning among the generated ones.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reasoning: Option<u64>,
    /// Tokens of the prompt that were read from the endpoint's cache.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cached: Option<u64>,
    /// Tokens of the prompt that were written to the endpoint's cache, where it bills that.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cache_write: Option<u64>,
    /// Whether the reported counts contradict each other, by the provider's own rules.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub inconsistent: bool,
    /// Whether a count was not reported but derived here.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub estimated: bool,
}

/// Why generation ended.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Finish {
    /// The model ended its answer, or a stop text was met.
    Stop,
    /// The token limit cut it off.
    Length,
    /// A content filter cut it off.
    ContentFilter,
    /// The model asked for a tool.
    ToolCalls,
    /// The endpoint said something else; its own word.
    Other(String),
    /// The endpoint did not say.
    #[default]
    Unreported,
}

impl Finish {
    /// The reason for the endpoint's word `word`.
    pub fn from_wire(word: Option<&str>) -> Self {
        match word {
            Some("stop" | "eos" | "end_turn" | "stop_sequence") => Self::Stop,
            Some("length" | "max_tokens") => Self::Length,
            Some("content_filter") => Self::ContentFilter,
            Some("tool_calls" | "function_call") => Self::ToolCalls,
            None | Some("") => Self::Unreported,
            Some(other) => Self::Other(other.to_owned()),
        }
    }

    /// The word used in tables.
    pub fn as_str(&self) -> &str {
        match self {
            Self::Stop => "stop",
            Self::Length => "length",
            Self::ContentFilter => "content_filter",
            Self::ToolCalls => "tool_calls",
            Self::Other(word) => word,
            Self::Unreported => "",
        }
    }
}

/// How likely a model found a given text after a prompt.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Likelihood {
    /// Natural logarithm of each token's probability, given the prompt and the tokens before it; at
    /// most 0.
    pub logprobs: Vec<f64>,
    /// Length of the text in bytes of UTF-8.
    pub bytes: usize,
}

impl Likelihood {
    /// Log probability of the whole text, in nats: the sum over its tokens, in their order.
    pub fn total(&self) -> f64 {
        self.logprobs.iter().sum()
    }
}

/// A function that the model asks to be called.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ToolCall {
    /// Name of the tool.
    pub name: String,
    /// Its arguments as the model wrote them: JSON, if the model kept to the rules.
    pub arguments: String,
}

/// A generated token.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct GeneratedToken {
    /// Its text; U+FFFD stands for bytes that are no whole character.
    pub text: String,
    /// Natural logarithm of its probability; at most 0.
    pub logprob: f64,
    /// The likeliest tokens at its place, the likeliest first.
    pub top: Vec<(String, f64)>,
}

/// A score that another harness gave an answer.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct ForeignScore {
    /// What that harness calls the scorer.
    pub scorer: String,
    /// The score, as a number; of any size, where that harness has it so.
    pub value: f64,
    /// What it took for the answer, where it says.
    pub answer: Option<String>,
}

/// One answer.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Completion {
    /// The answer without its reasoning; empty where the endpoint sent none.
    pub text: String,
    /// The reasoning, from its own field or from `<think>` at the start of the content.
    pub reasoning: Option<String>,
    /// Why it ended.
    pub finish: Finish,
    /// Reported token counts.
    pub usage: Usage,
    /// The model name that the endpoint reported.
    pub model: Option<String>,
    /// The `system_fingerprint` that the endpoint reported.
    pub fingerprint: Option<String>,
    /// One for each of the request's continuations, in order; empty where none was asked for.
    pub likelihoods: Vec<Likelihood>,
    /// Tools that the model asks for, in order.
    pub tool_calls: Vec<ToolCall>,
    /// The generated tokens with their probabilities, where they were asked for and reported.
    pub tokens: Vec<GeneratedToken>,
    /// The numbers that stand for the text, in [`crate::Form::Embedding`].
    pub embedding: Vec<f64>,
    /// How the harness judged it from whose log it was imported; empty for any other answer.
    pub foreign_scores: Vec<ForeignScore>,
}
