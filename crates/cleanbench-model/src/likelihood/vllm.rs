//! vLLM's `prompt_logprobs: 0`: one entry for each token of the prompt, the first `null`.
//!
//! Form: `choices[0].prompt_logprobs`, a list of objects `{"<token id>": {"logprob": …}}`. Servers that
//! do not know the field ignore it and answer 200.

use serde_json::{Value, json};

use super::Weighed;
use super::conversation::{Conversation, Stop};
use super::plan::Plan;
use super::tokens::{Scored, after_null, facts_of, prompt_length, weigh_by};

pub(super) fn weigh(plan: &Plan, conversation: &mut Conversation<'_>) -> Result<Weighed, Stop> {
    weigh_by(plan, conversation, |plan, conversation, text| {
        let answer = conversation.answer(&plan.paths.score, &request(&plan.model, text))?;
        read(answer).map_err(|why| conversation.unsupported(&why))
    })
}

/// The request that has the tokens of `text` scored.
pub(crate) fn request(model: &str, text: &str) -> Value {
    json!({
        "model": model,
        "prompt": text,
        "temperature": 0,
        "max_tokens": 1,
        "prompt_logprobs": 0,
    })
}

fn read(answer: &Value) -> Result<Scored, String> {
    let Some(entries) = answer["choices"][0]["prompt_logprobs"].as_array() else {
        return Err("the answer has no `prompt_logprobs`".to_owned());
    };
    let mut scored = facts_of(answer);
    // Generated tokens never stand in this list.
    let counted = cleanbench_core::Usage {
        completion: None,
        ..scored.usage
    };
    prompt_length(entries.len(), &counted)?;
    let mut values = Vec::with_capacity(entries.len());
    for entry in entries {
        let (name, value) = token(entry)?;
        scored.names.push(name);
        values.push(value);
    }
    scored.logprobs = after_null(&values)?;
    super::values::checked(&scored.logprobs)?;
    Ok(scored)
}

/// Id and log probability of an entry.
fn token(entry: &Value) -> Result<(Option<String>, Value), String> {
    let Some(candidates) = entry.as_object() else {
        return Ok((None, Value::Null));
    };
    let mut candidates = candidates.iter();
    match (candidates.next(), candidates.next()) {
        (Some((id, facts)), None) => Ok((Some(id.clone()), facts["logprob"].clone())),
        (None, _) => Err("an entry of `prompt_logprobs` is empty".to_owned()),
        // Which of them is the prompt's own cannot be told.
        (Some(_), Some(_)) => Err(
            "an entry of `prompt_logprobs` has several tokens where one was asked for".to_owned(),
        ),
    }
}
