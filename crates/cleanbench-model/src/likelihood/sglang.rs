//! `SGLang`'s native `/generate` with `return_logprob` and `logprob_start_len: 0`.
//!
//! Form: `meta_info.input_token_logprobs`, a list of `[logprob, token id, text]`, the first logprob
//! `null`. Without `logprob_start_len` the server scores generated tokens alone.

use cleanbench_core::Usage;
use serde_json::{Value, json};

use super::Weighed;
use super::conversation::{Conversation, Stop};
use super::plan::Plan;
use super::tokens::{Scored, after_null, prompt_length, weigh_by};

pub(super) fn weigh(plan: &Plan, conversation: &mut Conversation<'_>) -> Result<Weighed, Stop> {
    weigh_by(plan, conversation, |plan, conversation, text| {
        let answer = conversation.answer(&plan.paths.score, &request(text))?;
        read(answer).map_err(|why| conversation.unsupported(&why))
    })
}

/// The request that has the tokens of `text` scored.
pub(crate) fn request(text: &str) -> Value {
    json!({
        "text": text,
        "sampling_params": {"temperature": 0, "max_new_tokens": 1},
        "return_logprob": true,
        "logprob_start_len": 0,
        "return_text_in_logprobs": true,
    })
}

fn read(answer: &Value) -> Result<Scored, String> {
    let facts = &answer["meta_info"];
    let Some(entries) = facts["input_token_logprobs"].as_array() else {
        return Err("the answer has no `meta_info.input_token_logprobs`".to_owned());
    };
    let mut scored = Scored {
        usage: Usage {
            prompt: facts["prompt_tokens"].as_u64(),
            completion: facts["completion_tokens"].as_u64(),
            ..Usage::default()
        },
        ..Scored::default()
    };
    let counted = Usage {
        completion: None,
        ..scored.usage
    };
    prompt_length(entries.len(), &counted)?;
    let id = |entry: &Value| entry[1].as_u64().map(|id| Some(id.to_string()));
    let names: Option<Vec<_>> = entries.iter().map(id).collect();
    scored.names = names.ok_or("an entry of `input_token_logprobs` has no token id")?;
    let values: Vec<_> = entries.iter().map(|entry| entry[0].clone()).collect();
    scored.logprobs = after_null(&values)?;
    super::values::checked(&scored.logprobs)?;
    Ok(scored)
}
