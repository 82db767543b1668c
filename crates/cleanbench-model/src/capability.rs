//! What an endpoint really supports, found by asking.
//!
//! Invariants: a success status proves nothing: an answer counts where it shows what was asked for and
//! could hardly have come about otherwise. A check that fails leaves the others alone. All that is sent
//! are the texts of this module, which are public; everything goes through the client factory or stays
//! in this process. It refuses to go on where nobody answers, or the key is refused.

mod asker;
mod generation;
mod judge;
mod listing;
mod reasoning;
mod shape;
pub mod texts;
mod weighing;

use cleanbench_core::{CallError, CallErrorKind, Digest, Form, Model, Reasoning, canonical};
use serde::{Deserialize, Serialize};
use serde_json::json;

use crate::{ApiKey, ClientFactory, Endpoint, LikelihoodMethod};
use asker::Asker;
use judge::Judged;

/// Schema of a [`Report`] as JSON.
pub const SCHEMA: &str = "cleanbench/capabilities/1";

/// How an endpoint is reached.
#[derive(Debug, Clone, Copy)]
pub enum Way<'a> {
    /// Over HTTP, by clients of a factory.
    Http {
        /// Makes the clients; the endpoint's host must be among those it was made for.
        factory: &'a ClientFactory,
        /// The key, if there is one.
        key: Option<&'a ApiKey>,
    },
    /// In this process.
    InProcess(&'a dyn Model),
}

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
pub enum Verdict {
    /// It was seen to work.
    Yes,
    /// It does not: what was asked for cannot be asked for, was ignored, or came back wrong.
    No,
    /// The server said that it does not.
    Refused,
    /// The check could not tell.
    Unclear,
}

impl Verdict {
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
pub struct Finding {
    /// What was checked.
    pub capability: Capability,
    /// What was found.
    pub verdict: Verdict,
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
pub struct Report {
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
    pub findings: Vec<Finding>,
}

impl Report {
    /// The finding about `capability`, if it was checked.
    pub fn finding(&self, capability: Capability) -> Option<&Finding> {
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
            let finding = weighing::capability(*method).and_then(|what| self.finding(what));
            finding.is_some_and(|finding| finding.verdict == Verdict::Yes)
        };
        LikelihoodMethod::ALL.into_iter().find(works)
    }

    /// Whether this report is about what `endpoint` now is, in this version.
    pub fn fits(&self, endpoint: &Endpoint) -> bool {
        let blank = Self::new(endpoint);
        let known = |report: &Self| {
            (
                report.schema.clone(),
                report.cleanbench.clone(),
                report.model.clone(),
                report.url.clone(),
                report.form,
                report.protocol.clone(),
            )
        };
        known(self) == known(&blank)
    }

    fn new(endpoint: &Endpoint) -> Self {
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

/// The checks of one endpoint, one after the other.
struct Probe<'a> {
    asker: Asker<'a>,
    report: Report,
    tell: &'a mut dyn FnMut(&Finding),
    /// Whether an answer had reasoning, so that limits of tokens must leave room for it.
    reasons: bool,
    /// The temperature at which answers repeat; `None` where 0 is refused.
    cold: Option<f64>,
    /// An answer of some length, to compare with; empty where there is none.
    sample: String,
}

/// Asks `endpoint` everything. Every finding is handed to `tell` as soon as it is there.
///
/// # Errors
/// When nobody answers, or the key is refused: nothing can be found then.
pub async fn probe(
    endpoint: &Endpoint,
    way: Way<'_>,
    tell: &mut dyn FnMut(&Finding),
) -> Result<Report, CallError> {
    // Only one check is about streams; elsewhere whole answers are easier to see through.
    let endpoint = &Endpoint {
        stream: false,
        ..endpoint.clone()
    };
    let mut probe = Probe {
        asker: Asker::new(endpoint, way),
        report: Report::new(endpoint),
        tell,
        reasons: false,
        cold: Some(0.0),
        sample: String::new(),
    };
    let answers = probe.reach().await?;
    probe.note(Capability::ModelKnown, listing::check).await;
    if endpoint.form != Form::Embedding {
        if answers {
            probe.ask_for_text().await;
        }
        weighing::check_all(&mut probe).await;
    }
    Ok(probe.report)
}

impl Probe<'_> {
    fn endpoint(&self) -> &Endpoint {
        self.asker.endpoint
    }

    /// Asks a plain question; whether it makes sense to ask others in the same way.
    async fn reach(&mut self) -> Result<bool, CallError> {
        let answer = self.asker.ask(&self.plain()).await;
        let requests = self.asker.take_count();
        let usage = match &answer.completion {
            Ok(completion) => {
                self.reasons = judge::reasons(completion);
                self.sample.clone_from(&completion.text);
                Some(judge::usage(completion, self.report.form))
            }
            Err(error) if is_nobody(error.kind) => return Err(error.clone()),
            Err(_) => None,
        };
        let judged = match &answer.completion {
            Ok(completion) => judge::reached(completion),
            Err(_) => answer.failure(self.endpoint()),
        };
        self.push(Capability::Reachable, judged, requests);
        if let Some(usage) = usage {
            self.push(Capability::Usage, usage, 0);
        }
        Ok(!matches!(
            answer.completion.map_err(|error| error.kind),
            Err(CallErrorKind::NotFound | CallErrorKind::NotJson)
        ))
    }

    async fn ask_for_text(&mut self) {
        self.note(Capability::ReasoningOff, reasoning::check).await;
        self.note(Capability::Deterministic, generation::repeats)
            .await;
        self.note(Capability::Seed, generation::seed).await;
        self.note(Capability::MaxTokens, generation::max_tokens)
            .await;
        self.note(Capability::Stop, generation::stop).await;
        self.note(Capability::Streaming, generation::streaming)
            .await;
        self.note(Capability::Logprobs, shape::logprobs).await;
        self.note(Capability::Tools, shape::tools).await;
        self.note(Capability::JsonSchema, shape::json_schema).await;
        self.note(Capability::Prefill, shape::prefill).await;
    }

    /// Makes one check and notes what it found.
    async fn note(&mut self, capability: Capability, check: impl AsyncFnOnce(&mut Self) -> Judged) {
        let judged = check(self).await;
        let requests = self.asker.take_count();
        self.push(capability, judged, requests);
    }

    fn push(&mut self, capability: Capability, judged: Judged, requests: u32) {
        let finding = Finding {
            capability,
            verdict: judged.verdict,
            evidence: judged.evidence,
            requests,
            passing: judged.passing,
        };
        (self.tell)(&finding);
        self.report.findings.push(finding);
    }
}

/// Whether an error means that asking further is of no use.
fn is_nobody(kind: CallErrorKind) -> bool {
    matches!(
        kind,
        CallErrorKind::Dns
            | CallErrorKind::Connect
            | CallErrorKind::Tls
            | CallErrorKind::Timeout
            | CallErrorKind::Auth
            | CallErrorKind::Forbidden
    )
}
