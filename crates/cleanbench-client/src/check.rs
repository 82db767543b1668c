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

use cleanbench_core::{CallError, CallErrorKind, Form};
use cleanbench_model::Endpoint;
use cleanbench_model::capability::{Capability, CapabilityReport, CheckResult};

use asker::Asker;
use judge::Assessment;

pub use asker::Way;

/// The checks of one endpoint, one after the other.
struct Checks<'a> {
    asker: Asker<'a>,
    report: CapabilityReport,
    tell: &'a mut dyn FnMut(&CheckResult),
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
pub async fn support(
    endpoint: &Endpoint,
    way: Way<'_>,
    tell: &mut dyn FnMut(&CheckResult),
) -> Result<CapabilityReport, CallError> {
    // Only one check is about streams; elsewhere whole answers are easier to see through.
    let endpoint = &Endpoint {
        stream: false,
        ..endpoint.clone()
    };
    let mut checks = Checks {
        asker: Asker::new(endpoint, way),
        report: CapabilityReport::new(endpoint),
        tell,
        reasons: false,
        cold: Some(0.0),
        sample: String::new(),
    };
    let answers = checks.reach().await?;
    checks.note(Capability::ModelKnown, listing::check).await;
    if endpoint.form != Form::Embedding {
        if answers {
            checks.ask_for_text().await;
        }
        weighing::check_all(&mut checks).await;
    }
    Ok(checks.report)
}

impl Checks<'_> {
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
    async fn note(
        &mut self,
        capability: Capability,
        check: impl AsyncFnOnce(&mut Self) -> Assessment,
    ) {
        let judged = check(self).await;
        let requests = self.asker.take_count();
        self.push(capability, judged, requests);
    }

    fn push(&mut self, capability: Capability, judged: Assessment, requests: u32) {
        let finding = CheckResult {
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
