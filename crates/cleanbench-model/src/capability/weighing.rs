//! The likelihood of given texts, by each method that the endpoint may have.
//!
//! Invariant: the numbers come from the same code as in a run ([`crate::likelihood`]), which refuses
//! those that do not fit together; here they must also be those of a model: an ordinary sentence is
//! more likely than its words in disorder.

use cleanbench_core::{Form, Request, Sampling};

use super::asker::request;
use super::judge::{self, Judged};
use super::{Capability, Probe, Verdict, texts};
use crate::likelihood::statuses;
use crate::{Endpoint, LikelihoodMethod, Protocol};

/// What is checked by asking with `method`.
pub(super) fn capability(method: LikelihoodMethod) -> Option<Capability> {
    match method {
        LikelihoodMethod::Echo => Some(Capability::LikelihoodEcho),
        LikelihoodMethod::Vllm => Some(Capability::LikelihoodVllm),
        LikelihoodMethod::Sglang => Some(Capability::LikelihoodSglang),
        LikelihoodMethod::Llamacpp => Some(Capability::LikelihoodLlamacpp),
        LikelihoodMethod::None => None,
    }
}

/// Asks by the method that the models file names, else by every one.
pub(super) async fn check_all(probe: &mut Probe<'_>) {
    if probe.asker.is_in_process() {
        let endpoint = probe.asker.endpoint;
        probe
            .note(Capability::Likelihood, async |probe: &mut Probe<'_>| {
                weigh(probe, endpoint).await
            })
            .await;
        return;
    }
    for method in LikelihoodMethod::ALL {
        if let Some(capability) = capability(method) {
            probe
                .note(capability, async |probe: &mut Probe<'_>| {
                    by_method(probe, method).await
                })
                .await;
        }
    }
}

async fn by_method(probe: &mut Probe<'_>, method: LikelihoodMethod) -> Judged {
    let endpoint = probe.asker.endpoint;
    if let Some(why) = needless(endpoint, method) {
        return Judged::unclear(format!("not asked: {why}"));
    }
    let endpoint = Endpoint {
        likelihood: Some(method),
        ..endpoint.clone()
    };
    weigh(probe, &endpoint).await
}

/// Why it would be pointless to ask by `method`.
fn needless(endpoint: &Endpoint, method: LikelihoodMethod) -> Option<&'static str> {
    let native = matches!(
        method,
        LikelihoodMethod::Sglang | LikelihoodMethod::Llamacpp
    );
    match (endpoint.likelihood, endpoint.profile.protocol) {
        (Some(named), _) if named == method => None,
        (Some(_), _) => Some("the models file names another `likelihood`"),
        (None, Protocol::OpenAi | Protocol::LlamaCpp) if native && endpoint.key_required => {
            Some("a server of one's own has it, a hosted provider has not")
        }
        (None, Protocol::OpenAi | Protocol::LlamaCpp) => None,
        (None, _) => Some("the protocol has nothing like it"),
    }
}

async fn weigh(probe: &mut Probe<'_>, endpoint: &Endpoint) -> Judged {
    let [prompt, ordered, shuffled] = if probe.asker.is_in_process() {
        texts::OWN_WORLD
    } else {
        [texts::PROMPT, texts::ORDERED, texts::SHUFFLED]
    };
    let asked = Request {
        continuations: vec![ordered.to_owned(), shuffled.to_owned()],
        ..request(Form::Completion, prompt, Sampling::default())
    };
    let answer = probe.asker.ask_at(endpoint, &asked).await;
    let Ok(completion) = &answer.completion else {
        let judged = answer.failure(endpoint);
        let statuses = answer.reply.as_ref().and_then(statuses);
        let last = statuses.and_then(|statuses| statuses.last().copied());
        let refused = last.is_some_and(|status| (400..500).contains(&status));
        // Where the server did answer, its numbers were found wanting.
        return match judged.verdict {
            Verdict::Refused if answer.sent && !refused => Judged::no(judged.evidence),
            _ => judged,
        };
    };
    match completion.likelihoods.as_slice() {
        [ordered, shuffled] => judge::weighed(
            (ordered.total(), ordered.logprobs.len()),
            (shuffled.total(), shuffled.logprobs.len()),
        ),
        _ => Judged::no("the answer has no likelihoods"),
    }
}
