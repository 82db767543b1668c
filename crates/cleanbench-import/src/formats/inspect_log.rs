//! The parts of an Inspect log that are read. Whatever else stands there is passed over unread.
//!
//! Invariant: what some versions of Inspect leave out is optional here, and what they name otherwise has both names.

use std::collections::HashMap;

use cleanbench_core::Usage;
use serde::Deserialize;
use serde_json::{Map, Value};

use super::inspect_results::Results;
use super::inspect_score::RawScore;
use crate::json::list;

/// The parts of a log that are read; an archive has the same in its header.
#[derive(Debug, Deserialize)]
pub(super) struct Log {
    pub(super) eval: Spec,
    #[serde(default)]
    pub(super) status: Option<String>,
    #[serde(default)]
    pub(super) results: Option<Results>,
    #[serde(default, deserialize_with = "list")]
    pub(super) samples: Vec<RawSample>,
}

/// What was evaluated.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Spec {
    pub(super) task: String,
    pub(super) model: String,
    pub(super) packages: HashMap<String, Value>,
    #[serde(deserialize_with = "list")]
    pub(super) scorers: Vec<ScorerOf>,
}

/// A scorer, and how it was told to judge.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct ScorerOf {
    pub(super) name: String,
    pub(super) options: Option<Map<String, Value>>,
}

/// A sample with its answer.
#[derive(Debug, Deserialize)]
pub(super) struct RawSample {
    pub(super) id: Value,
    #[serde(default)]
    pub(super) epoch: Option<u32>,
    #[serde(default)]
    pub(super) input: Value,
    #[serde(default, deserialize_with = "list")]
    pub(super) choices: Vec<String>,
    #[serde(default)]
    pub(super) target: Value,
    #[serde(default, deserialize_with = "list")]
    pub(super) messages: Vec<RawMessage>,
    #[serde(default)]
    pub(super) output: Option<Output>,
    #[serde(default)]
    pub(super) scores: Option<Map<String, Value>>,
    #[serde(default)]
    pub(super) score: Option<RawScore>,
    #[serde(default)]
    pub(super) metadata: Option<Map<String, Value>>,
    #[serde(default)]
    pub(super) error: Option<Value>,
    #[serde(default)]
    pub(super) attachments: Option<HashMap<String, String>>,
    /// Of a sample in chunks: which messages of its pool are its conversation.
    #[serde(default, deserialize_with = "list")]
    pub(super) message_refs: Vec<Vec<usize>>,
}

/// A turn of a conversation.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub(super) struct RawMessage {
    pub(super) role: String,
    pub(super) content: Value,
    pub(super) source: Option<String>,
    pub(super) reasoning: Option<String>,
    pub(super) tool_calls: Option<Vec<RawCall>>,
}

/// A tool that was asked for.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub(super) struct RawCall {
    pub(super) function: String,
    pub(super) arguments: Value,
}

/// What a model gave in the end.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Output {
    pub(super) model: Option<String>,
    #[serde(deserialize_with = "list")]
    pub(super) choices: Vec<OutputChoice>,
    pub(super) completion: Option<String>,
    pub(super) usage: Option<RawUsage>,
    pub(super) error: Option<String>,
}

/// One of the answers that a model gave at once.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct OutputChoice {
    pub(super) message: RawMessage,
    pub(super) stop_reason: Option<String>,
}

/// Token counts.
#[derive(Debug, Default, Clone, Copy, Deserialize)]
#[serde(default)]
pub(super) struct RawUsage {
    pub(super) input_tokens: Option<u64>,
    pub(super) output_tokens: Option<u64>,
    pub(super) total_tokens: Option<u64>,
    pub(super) input_tokens_cache_read: Option<u64>,
    pub(super) input_tokens_cache_write: Option<u64>,
    pub(super) reasoning_tokens: Option<u64>,
}

impl RawUsage {
    /// The counts as they are kept here. The prompt's count without what was cached is made whole where the total says that it is so counted.
    pub(super) fn usage(self) -> Usage {
        let cached = self.input_tokens_cache_read.unwrap_or(0);
        let written = self.input_tokens_cache_write.unwrap_or(0);
        let whole = |input: u64| input.saturating_add(cached).saturating_add(written);
        let prompt = self.input_tokens.map(|input| {
            let counted = whole(input).saturating_add(self.output_tokens.unwrap_or(0));
            if self.total_tokens == Some(counted) {
                whole(input)
            } else {
                input
            }
        });
        Usage {
            prompt,
            completion: self.output_tokens,
            reasoning: self.reasoning_tokens,
            cached: self.input_tokens_cache_read,
            cache_write: self.input_tokens_cache_write,
            ..Usage::default()
        }
    }
}
