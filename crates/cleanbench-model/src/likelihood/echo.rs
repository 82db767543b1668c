//! Completions with `echo`: the prompt comes back with the log probability of each of its tokens.
//!
//! Form: `logprobs.tokens` and `logprobs.token_logprobs`, the first `null`. Some servers insist on
//! generating a token; it is left out. Servers that ignore `echo` answer 200 with the generated tokens
//! alone, which the count and the text give away.

use serde_json::{Value, json};

use super::Weighed;
use super::conversation::{Conversation, Stop};
use super::plan::Plan;
use super::tokens::{Scored, after_null, facts_of, prompt_length, weigh_by};

pub(super) fn weigh(plan: &Plan, conversation: &mut Conversation<'_>) -> Result<Weighed, Stop> {
    let mut generated = 0;
    weigh_by(plan, conversation, move |plan, conversation, text| {
        let answer = put(plan, conversation, text, &mut generated)?;
        read(answer, text).map_err(|why| conversation.unsupported(&why))
    })
}

/// Asks for no generated token, and for one where the server wants none of that.
fn put<'a>(
    plan: &Plan,
    conversation: &mut Conversation<'a>,
    text: &str,
    generated: &mut u32,
) -> Result<&'a Value, Stop> {
    loop {
        let request = request(&plan.model, text, *generated);
        let exchange = conversation.ask(&plan.paths.score, &request)?;
        if *generated == 0 && matches!(exchange.reply.status, 400 | 422) {
            *generated = 1;
            continue;
        }
        return conversation.success(exchange);
    }
}

/// The request that has `text` echoed, with `generated` tokens after it.
pub(crate) fn request(model: &str, text: &str, generated: u32) -> Value {
    json!({
        "model": model,
        "prompt": text,
        "temperature": 0,
        "echo": true,
        "logprobs": 1,
        "max_tokens": generated,
    })
}

/// Reads the answer to `text`.
fn read(answer: &Value, text: &str) -> Result<Scored, String> {
    let choice = &answer["choices"][0];
    let logprobs = &choice["logprobs"];
    let (Some(tokens), Some(values)) = (
        logprobs["tokens"].as_array(),
        logprobs["token_logprobs"].as_array(),
    ) else {
        return Err(if logprobs["content"].is_array() {
            "the logprobs are those of generated tokens, and there are none of the prompt"
                .to_owned()
        } else {
            "the answer has no `logprobs.tokens` and `logprobs.token_logprobs`".to_owned()
        });
    };
    if tokens.len() != values.len() {
        return Err(format!(
            "{} tokens and {} logprobs",
            tokens.len(),
            values.len()
        ));
    }
    let mut scored = facts_of(answer);
    let length = prompt_length(tokens.len(), &scored.usage)?;
    let echoed = choice["text"].as_str().unwrap_or_default();
    if !echoed.trim_start().starts_with(text.trim_start()) {
        return Err("the prompt is not echoed".to_owned());
    }
    let name = |token: &Value| token.as_str().map(|text| Some(text.to_owned()));
    let names: Option<Vec<_>> = tokens[..length].iter().map(name).collect();
    scored.names = names.ok_or("a token is no text")?;
    scored.logprobs = after_null(&values[..length])?;
    super::values::checked(&scored.logprobs)?;
    Ok(scored)
}
