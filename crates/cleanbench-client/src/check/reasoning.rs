//! Does it keep from reasoning when told to?

use cleanbench_core::{Form, Reasoning, Sampling};
use cleanbench_model::capability::Support;

use super::asker::request;
use super::judge::{self, Assessment};
use super::{Checks, texts};

/// Room for the answer to the riddle, reasoning included.
const ROOM: u32 = 1024;

/// Asks a riddle without reasoning. Where that works, and the models file says nothing else, the checks
/// that follow ask so too: they are shorter, and see what is tested.
pub(super) async fn check(checks: &mut Checks<'_>) -> Assessment {
    let endpoint = checks.asker.endpoint;
    if endpoint.form == Form::Completion {
        return if checks.reasons {
            Assessment::no("the continuation of a raw text came with reasoning")
        } else {
            Assessment::yes("a raw text is continued without reasoning")
        };
    }
    if endpoint.profile.reasoning_fields(Reasoning::Off).is_none() {
        let seen = if checks.reasons { "reasoning" } else { "none" };
        return Assessment::unclear(format!(
            "no way is known to tell provider `{}`; a plain answer had {seen}",
            endpoint.profile.name
        ));
    }
    let sampling = Sampling {
        max_tokens: Some(ROOM),
        reasoning: Some(Reasoning::Off),
        ..Sampling::default()
    };
    let answer = checks
        .asker
        .ask(&request(endpoint.form, texts::RIDDLE, sampling))
        .await;
    let Ok(completion) = &answer.completion else {
        return answer.failure(endpoint);
    };
    let judged = judge::without_reasoning(completion);
    if judged.verdict == Support::Yes && endpoint.sampling.reasoning.is_none() {
        checks.report.reasoning = Some(Reasoning::Off);
        checks.reasons = false;
    }
    judged
}
