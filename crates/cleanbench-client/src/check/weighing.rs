//! The likelihood of given texts, by each method that the endpoint may have.
//!
//! Invariant: the numbers come from the same code as in a run ([`cleanbench_model::likelihood`]), which refuses
//! those that do not fit together; here they must also be those of a model: an ordinary sentence is
//! more likely than its words in disorder.

use cleanbench_core::{Form, Request, Sampling};
use cleanbench_model::capability::{Capability, Support};
use cleanbench_model::likelihood::statuses;
use cleanbench_model::{Endpoint, LikelihoodMethod, Protocol};

use super::asker::request;
use super::judge::{self, Assessment};
use super::{Checks, texts};

/// Asks by the method that the models file names, else by every one.
pub(super) async fn check_all(checks: &mut Checks<'_>) {
    if checks.asker.is_in_process() {
        let endpoint = checks.asker.endpoint;
        checks
            .note(Capability::Likelihood, async |checks: &mut Checks<'_>| {
                weigh(checks, endpoint).await
            })
            .await;
        return;
    }
    for method in LikelihoodMethod::ALL {
        if let Some(capability) = Capability::of(method) {
            checks
                .note(capability, async |checks: &mut Checks<'_>| {
                    by_method(checks, method).await
                })
                .await;
        }
    }
}

async fn by_method(checks: &mut Checks<'_>, method: LikelihoodMethod) -> Assessment {
    let endpoint = checks.asker.endpoint;
    if let Some(why) = needless(endpoint, method) {
        return Assessment::unclear(format!("not asked: {why}"));
    }
    let endpoint = Endpoint {
        likelihood: Some(method),
        ..endpoint.clone()
    };
    weigh(checks, &endpoint).await
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

async fn weigh(checks: &mut Checks<'_>, endpoint: &Endpoint) -> Assessment {
    let [prompt, ordered, shuffled] = if checks.asker.is_in_process() {
        texts::OWN_WORLD
    } else {
        [texts::PROMPT, texts::ORDERED, texts::SHUFFLED]
    };
    let asked = Request {
        continuations: vec![ordered.to_owned(), shuffled.to_owned()],
        ..request(Form::Completion, prompt, Sampling::default())
    };
    let answer = checks.asker.ask_at(endpoint, &asked).await;
    let Ok(completion) = &answer.completion else {
        let judged = answer.failure(endpoint);
        let statuses = answer.reply.as_ref().and_then(statuses);
        let last = statuses.and_then(|statuses| statuses.last().copied());
        let refused = last.is_some_and(|status| (400..500).contains(&status));
        // Where the server did answer, its numbers were found wanting.
        return match judged.verdict {
            Support::Refused if answer.sent && !refused => Assessment::no(judged.evidence),
            _ => judged,
        };
    };
    match completion.likelihoods.as_slice() {
        [ordered, shuffled] => judge::weighed(ordered, shuffled),
        _ => Assessment::no("the answer has no likelihoods"),
    }
}
