//! The tokens of a prompt, and of the prompt with a text after it, as one server scored them.
//!
//! Invariant: a text's tokens are those that follow exactly the prompt's own; where the two
//! tokenisations part earlier, a token spans the boundary, and nothing is scored.

use cleanbench_core::{Likelihood, Usage};
use serde_json::Value;

use super::conversation::{Conversation, Stop};
use super::plan::Plan;
use super::{Weighed, values};

/// Tokens of one text that was put as a prompt.
#[derive(Debug, Default)]
pub(super) struct Scored {
    /// What names each token: its id, or its text where the server gives no ids; `None` for a first
    /// token that the server does not name.
    pub(super) names: Vec<Option<String>>,
    /// Log probabilities of all tokens but the first, in nats.
    pub(super) logprobs: Vec<f64>,
    /// How many tokens the server counted.
    pub(super) usage: Usage,
    pub(super) model: Option<String>,
    pub(super) fingerprint: Option<String>,
}

/// Puts the prompt alone, then with each text, by `score`.
pub(super) fn weigh_by<F>(
    plan: &Plan,
    conversation: &mut Conversation<'_>,
    mut score: F,
) -> Result<Weighed, Stop>
where
    F: FnMut(&Plan, &mut Conversation<'_>, &str) -> Result<Scored, Stop>,
{
    let prompt = score(plan, conversation, &plan.prompt)?;
    let mut weighed = Weighed::default();
    take_facts(&mut weighed, &prompt);
    for continuation in &plan.continuations {
        let mut logprobs = Vec::new();
        if !continuation.is_empty() {
            let whole = score(plan, conversation, &plan.whole(continuation))?;
            take_facts(&mut weighed, &whole);
            logprobs = after(&prompt, &whole).map_err(|why| conversation.unsupported(&why))?;
        }
        weighed.likelihoods.push(Likelihood {
            logprobs,
            bytes: continuation.len(),
        });
    }
    Ok(weighed)
}

/// Log probabilities of the tokens of `whole` after those of `prompt`.
fn after(prompt: &Scored, whole: &Scored) -> Result<Vec<f64>, String> {
    let length = prompt.names.len();
    if whole.names.len() <= length {
        return Err(format!(
            "the prompt has {length} tokens alone and with a text after it {}",
            whole.names.len()
        ));
    }
    if prompt.names.len() == 1 && prompt.names[0].is_none() {
        return Err("the prompt is a single token that the server does not name".to_owned());
    }
    if whole.names[..length] != prompt.names {
        return Err(
            "a token spans the boundary between prompt and text, so that a part of the prompt would be \
             scored; end the prompt without white space, or begin the text with it"
                .to_owned(),
        );
    }
    values::checked(&whole.logprobs).map(|logprobs| logprobs[length - 1..].to_vec())
}

fn take_facts(weighed: &mut Weighed, scored: &Scored) {
    let add = |sum: Option<u64>, more: Option<u64>| match (sum, more) {
        (sum, None) => sum,
        (sum, Some(more)) => Some(sum.unwrap_or(0) + more),
    };
    weighed.usage.prompt = add(weighed.usage.prompt, scored.usage.prompt);
    weighed.usage.completion = add(weighed.usage.completion, scored.usage.completion);
    weighed.model = scored.model.clone().or(weighed.model.take());
    weighed.fingerprint = scored.fingerprint.clone().or(weighed.fingerprint.take());
}

/// A list of log probabilities of which the first, and only the first, must be `null`.
///
/// # Errors
/// What the list has instead.
pub(super) fn after_null(values: &[Value]) -> Result<Vec<f64>, String> {
    match values.split_first() {
        None => Err("the list of logprobs is empty".to_owned()),
        Some((first, rest)) => {
            if rest.is_empty() || rest.iter().any(|value| !value.is_null()) {
                if !first.is_null() {
                    return Err(
                        "the first of the logprobs is not null, so they are not those of a prompt"
                            .to_owned(),
                    );
                }
            } else {
                return Err(format!("all {} logprobs are null", values.len()));
            }
            let numbers: Option<Vec<f64>> = rest.iter().map(Value::as_f64).collect();
            numbers.ok_or_else(|| {
                let missing = rest.iter().filter(|value| !value.is_number()).count();
                format!("{missing} of {} logprobs are no numbers", values.len())
            })
        }
    }
}

/// How many of `entries` are the prompt's, by what the server counted: all of them, or all but those it
/// generated.
///
/// # Errors
/// What does not fit together.
pub(super) fn prompt_length(entries: usize, usage: &Usage) -> Result<usize, String> {
    let counted = usage
        .prompt
        .and_then(|count| usize::try_from(count).ok())
        .ok_or(
            "the server does not say how many tokens the prompt has, so nothing can be checked",
        )?;
    let generated = usage
        .completion
        .and_then(|count| usize::try_from(count).ok())
        .unwrap_or(0);
    if entries == counted || (generated > 0 && entries == counted + generated) {
        return Ok(counted);
    }
    let what = if entries == generated {
        "as many as were generated"
    } else {
        "neither the prompt's nor the prompt's and the generated ones"
    };
    Err(format!(
        "{entries} logprobs for a prompt of {counted} tokens: {what}"
    ))
}

/// Usage and names as `OpenAI`'s completions report them.
pub(super) fn facts_of(answer: &Value) -> Scored {
    Scored {
        usage: Usage {
            prompt: answer["usage"]["prompt_tokens"].as_u64(),
            completion: answer["usage"]["completion_tokens"].as_u64(),
            ..Usage::default()
        },
        model: answer["model"].as_str().map(str::to_owned),
        fingerprint: answer["system_fingerprint"].as_str().map(str::to_owned),
        ..Scored::default()
    }
}
