//! What an endpoint really supports, as it was found by asking.
//!
//! Invariant: unsupported, refused and unclear are three things. Nothing here asks: a report is a value, and
//! [`identity`] says of which endpoint it is true.

use cleanbench_core::{Digest, Form, Reasoning, canonical};
use serde::{Deserialize, Serialize};
use serde_json::json;

use crate::{Endpoint, LikelihoodMethod};

/// Schema of a [`CapabilityReport`] as JSON.
pub const SCHEMA: &str = "cleanbench/capabilities/1";

/// Something that an endpoint may or may not do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Capability {
    /// It answers, and takes the key.
    Reachable,
    /// Its list of models has the model.
    ModelKnown,
    /// It reports how many tokens prompt and answer have.
    Usage,
    /// It does not reason when told not to.
    ReasoningOff,
    /// Temperature 0 gives the same answer each time.
    Deterministic,
    /// A seed decides what is drawn at temperature 1.
    Seed,
    /// It keeps to a limit of tokens.
    MaxTokens,
    /// It ends an answer at a stop text.
    Stop,
    /// It sends an answer piece by piece.
    Streaming,
    /// Log probabilities of generated tokens.
    Logprobs,
    /// It asks for tools.
    Tools,
    /// It keeps to a JSON schema.
    JsonSchema,
    /// It continues the beginning of an answer.
    Prefill,
    /// Likelihood of given texts, by a model in this process.
    Likelihood,
    /// Likelihood of given texts by [`LikelihoodMethod::Echo`].
    LikelihoodEcho,
    /// Likelihood of given texts by [`LikelihoodMethod::Vllm`].
    LikelihoodVllm,
    /// Likelihood of given texts by [`LikelihoodMethod::Sglang`].
    LikelihoodSglang,
    /// Likelihood of given texts by [`LikelihoodMethod::Llamacpp`].
    LikelihoodLlamacpp,
}

impl Capability {
    /// What is found by asking for likelihoods with `method`.
    pub fn of(method: LikelihoodMethod) -> Option<Self> {
        match method {
            LikelihoodMethod::Echo => Some(Self::LikelihoodEcho),
            LikelihoodMethod::Vllm => Some(Self::LikelihoodVllm),
            LikelihoodMethod::Sglang => Some(Self::LikelihoodSglang),
            LikelihoodMethod::Llamacpp => Some(Self::LikelihoodLlamacpp),
            LikelihoodMethod::None => None,
        }
    }

    /// The word used in tables and JSON.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Reachable => "reachable",
            Self::ModelKnown => "model_known",
            Self::Usage => "usage",
            Self::ReasoningOff => "reasoning_off",
            Self::Deterministic => "deterministic",
            Self::Seed => "seed",
            Self::MaxTokens => "max_tokens",
            Self::Stop => "stop",
            Self::Streaming => "streaming",
            Self::Logprobs => "logprobs",
            Self::Tools => "tools",
            Self::JsonSchema => "json_schema",
            Self::Prefill => "prefill",
            Self::Likelihood => "likelihood",
            Self::LikelihoodEcho => "likelihood_echo",
            Self::LikelihoodVllm => "likelihood_vllm",
            Self::LikelihoodSglang => "likelihood_sglang",
            Self::LikelihoodLlamacpp => "likelihood_llamacpp",
        }
    }
}

/// What a check found.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Support {
    /// It was seen to work.
    Yes,
    /// It does not: what was asked for cannot be asked for, was ignored, or came back wrong.
    No,
    /// The server said that it does not.
    Refused,
    /// The check could not tell.
    Unclear,
}

impl Support {
    /// The word used in tables and JSON.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Yes => "yes",
            Self::No => "no",
            Self::Refused => "refused",
            Self::Unclear => "unclear",
        }
    }
}

/// The result of one check.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CheckResult {
    /// What was checked.
    pub capability: Capability,
    /// What was found.
    pub verdict: Support,
    /// Why, in one line; it may quote the server. Hostile input where it is printed.
    pub evidence: String,
    /// HTTP requests that the check made, or calls in this process.
    pub requests: u32,
    /// Whether it is unclear for a reason that may pass: a limit of requests, a broken connection.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub passing: bool,
}

/// All findings of one endpoint.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CapabilityReport {
    /// [`SCHEMA`].
    pub schema: String,
    /// Version of cleanbench that asked.
    pub cleanbench: String,
    /// The model's name as the endpoint knows it.
    pub model: String,
    /// The URL that was asked.
    pub url: String,
    /// The form in which it was asked.
    pub form: Form,
    /// The protocol's word.
    pub protocol: String,
    /// How much the model was told to reason in the checks after `reasoning_off`; `None` leaves it to
    /// the endpoint.
    pub reasoning: Option<Reasoning>,
    /// One for each check, in the order of asking.
    pub findings: Vec<CheckResult>,
}

impl CapabilityReport {
    /// The finding about `capability`, if it was checked.
    pub fn finding(&self, capability: Capability) -> Option<&CheckResult> {
        self.findings
            .iter()
            .find(|finding| finding.capability == capability)
    }

    /// All requests that were made.
    pub fn requests(&self) -> u32 {
        self.findings.iter().map(|finding| finding.requests).sum()
    }

    /// Whether asking again would give the same, as far as can be known.
    pub fn is_lasting(&self) -> bool {
        !self.findings.iter().any(|finding| finding.passing)
    }

    /// The first method that was seen to tell the likelihood of given texts.
    pub fn likelihood_method(&self) -> Option<LikelihoodMethod> {
        let works = |method: &LikelihoodMethod| {
            let finding = Capability::of(*method).and_then(|what| self.finding(what));
            finding.is_some_and(|finding| finding.verdict == Support::Yes)
        };
        LikelihoodMethod::ALL.into_iter().find(works)
    }

    /// Whether this report is about what `endpoint` now is, in this version.
    pub fn fits(&self, endpoint: &Endpoint) -> bool {
        let blank = Self::new(endpoint);
        let about = Self {
            reasoning: blank.reasoning,
            findings: Vec::new(),
            ..self.clone()
        };
        about == blank
    }

    /// A report about `endpoint` without findings.
    pub fn new(endpoint: &Endpoint) -> Self {
        Self {
            schema: SCHEMA.to_owned(),
            cleanbench: env!("CARGO_PKG_VERSION").to_owned(),
            model: endpoint.model.clone(),
            url: endpoint.url.to_string(),
            form: endpoint.form,
            protocol: endpoint.profile.protocol.as_str().to_owned(),
            reasoning: endpoint.sampling.reasoning,
            findings: Vec::new(),
        }
    }
}

/// Digest of everything that decides what is asked of `endpoint`: two endpoints with the same one give
/// the same report. No key is part of it.
pub fn identity(endpoint: &Endpoint) -> Digest {
    let asked = json!({
        "url": endpoint.url.as_str(),
        "form": endpoint.form,
        "model": endpoint.model,
        "profile": endpoint.profile,
        "extra_body": endpoint.extra_body,
        "likelihood": LikelihoodMethod::of(endpoint),
        "likelihood_named": endpoint.likelihood.is_some(),
        "reasoning": endpoint.sampling.reasoning,
        "cleanbench": env!("CARGO_PKG_VERSION"),
    });
    Digest::of(SCHEMA, &[&canonical::to_bytes(&asked)])
}
