//! How answers are written: again, by a seed, up to a limit, up to a text, piece by piece.

use cleanbench_core::{Form, Request, Sampling};
use cleanbench_model::capability::Support;
use cleanbench_model::{Endpoint, Protocol};

use super::asker::{Response, request};
use super::judge::{self, Assessment};
use super::{Checks, texts};

/// Tokens of an answer that is compared.
const SHORT: u32 = 48;
/// Tokens of an answer where a model reasons first.
const WITH_REASONING: u32 = 2048;
/// The limit that is tested. Some endpoints take none below 16.
const LIMIT: u32 = 16;
/// How often a question is repeated.
const REPEATS: usize = 5;

impl Checks<'_> {
    /// Asks for some text, with nothing that could be refused.
    pub(super) fn plain(&self) -> Request {
        let form = self.asker.endpoint.form;
        let sampling = Sampling {
            max_tokens: match form {
                Form::Embedding => None,
                Form::Completion => Some(SHORT),
                Form::Chat | Form::Prefill => Some(WITH_REASONING / 4),
            },
            reasoning: self.report.reasoning.filter(|_| form != Form::Embedding),
            ..Sampling::default()
        };
        request(form, texts::some_text(form), sampling)
    }

    /// Sampling for answers that are compared.
    pub(super) fn sampling(&self) -> Sampling {
        Sampling {
            temperature: self.cold,
            max_tokens: Some(if self.reasons { WITH_REASONING } else { SHORT }),
            reasoning: self.report.reasoning,
            ..Sampling::default()
        }
    }

    /// Asks for some text with `sampling`.
    pub(super) fn some_text(&self, sampling: Sampling) -> Request {
        let form = self.asker.endpoint.form;
        request(form, texts::some_text(form), sampling)
    }
}

/// The same question at temperature 0, again and again.
pub(super) async fn repeats(checks: &mut Checks<'_>) -> Assessment {
    let endpoint = checks.asker.endpoint;
    let asked = checks.some_text(checks.sampling());
    let mut texts = Vec::new();
    for _ in 0..REPEATS {
        let answer = checks.asker.ask(&asked).await;
        let Ok(completion) = &answer.completion else {
            let judged = answer.failure(endpoint);
            if texts.is_empty() && judged.verdict == Support::Refused {
                checks.cold = None;
            }
            return judged;
        };
        texts.push(completion.text.clone());
    }
    checks.sample.clone_from(&texts[0]);
    judge::repeats(&texts)
}

/// One seed twice, then others, at temperature 1.
pub(super) async fn seed(checks: &mut Checks<'_>) -> Assessment {
    let endpoint = checks.asker.endpoint;
    if endpoint.profile.seed_field.is_none() {
        let name = &endpoint.profile.name;
        return Assessment::no(format!("provider `{name}` is not known to take a seed"));
    }
    let mut texts = Vec::new();
    for seed in [7, 7, 8, 9] {
        let sampling = Sampling {
            temperature: Some(1.0),
            ..checks.sampling()
        };
        let asked = Request {
            seed: Some(seed),
            ..checks.some_text(sampling)
        };
        let answer = checks.asker.ask(&asked).await;
        match &answer.completion {
            Ok(completion) => texts.push(completion.text.clone()),
            Err(_) => return answer.failure(endpoint),
        }
    }
    judge::seed([&texts[0], &texts[1]], &texts[2..])
}

/// A long answer with room for little.
pub(super) async fn max_tokens(checks: &mut Checks<'_>) -> Assessment {
    let endpoint = checks.asker.endpoint;
    let sampling = Sampling {
        max_tokens: Some(LIMIT),
        ..checks.sampling()
    };
    let text = if checks.asker.is_in_process() {
        texts::some_text(endpoint.form) // these models cannot count
    } else {
        texts::counting(endpoint.form)
    };
    let asked = request(endpoint.form, text, sampling);
    let answer = checks.asker.ask(&asked).await;
    match &answer.completion {
        Ok(completion) => judge::limited(completion, LIMIT),
        Err(_) => answer.failure(endpoint),
    }
}

/// An answer that is known, with a word of it to stop at.
pub(super) async fn stop(checks: &mut Checks<'_>) -> Assessment {
    let endpoint = checks.asker.endpoint;
    let sample = checks.sample.clone();
    let Some(stop) = judge::stop_word(&sample) else {
        return Assessment::unclear("no answer was long enough to stop within");
    };
    let sampling = Sampling {
        stop: vec![stop.word.to_owned()],
        ..checks.sampling()
    };
    let answer = checks.asker.ask(&checks.some_text(sampling)).await;
    match &answer.completion {
        Ok(completion) => judge::stopped(&sample, stop, &completion.text),
        Err(_) => answer.failure(endpoint),
    }
}

/// An answer as a stream.
pub(super) async fn streaming(checks: &mut Checks<'_>) -> Assessment {
    if checks.asker.is_in_process() {
        return Assessment::no("a model in this process gives its answers whole");
    }
    let endpoint = Endpoint {
        stream: true,
        ..checks.asker.endpoint.clone()
    };
    let asked = checks.some_text(checks.sampling());
    let answer = checks.asker.ask_at(&endpoint, &asked).await;
    match &answer.completion {
        Ok(completion) => {
            let counted = completion.usage.completion.is_some();
            let empty = completion.text.is_empty() && completion.reasoning.is_none();
            came_in_pieces(&endpoint, &answer, empty, counted)
        }
        Err(_) => answer.failure(&endpoint),
    }
}

fn came_in_pieces(
    endpoint: &Endpoint,
    answer: &Response,
    empty: bool,
    counted: bool,
) -> Assessment {
    let Some(reply) = &answer.reply else {
        return Assessment::unclear("nothing came back");
    };
    let body = String::from_utf8_lossy(&reply.body);
    let is_piece = |line: &&str| match endpoint.profile.protocol {
        Protocol::Ollama => line.starts_with('{'),
        _ => line.starts_with("data:") && !line.contains("[DONE]"),
    };
    let pieces = body.lines().filter(is_piece).count();
    let usage = if counted { "with" } else { "without" };
    match pieces {
        0 => Assessment::no("accepted, and the answer came whole"),
        _ if empty => Assessment::unclear(format!("{pieces} pieces, and no text in them")),
        1 => Assessment::no("a stream, but the answer stands in a single piece"),
        _ => Assessment::yes(format!("{pieces} pieces, {usage} token counts")),
    }
}
