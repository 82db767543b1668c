//! llama.cpp's server, which has no prompt logprobs, scores a text that it is made to write.
//!
//! `/tokenize` cuts prompt and text into tokens; `/completion` then writes under a grammar of token
//! literals, `root ::= <[id]> <[id]> …`, that lets nothing else pass. The logprobs it reports are those
//! before the grammar. They are used only where the ids that come back are exactly those that were
//! forced. The server reports nothing for a token that begins or ends within a character (and may fail
//! when it is forced alone): such tokens, and runs that came back otherwise, are looked up one by one
//! among the likeliest tokens after their prefix.

use std::ops::Range;

use cleanbench_core::{CallErrorKind, Likelihood};
use serde_json::{Value, json};

use super::conversation::{Conversation, Stop};
use super::pieces::{self, Piece};
use super::plan::Plan;
use super::{Weighed, values};

/// How many of the likeliest tokens are asked for at a place; the second where the first do not hold
/// the token: more than any vocabulary has.
const LIKELIEST: [u64; 2] = [2_000, 1_000_000];

pub(super) fn weigh(plan: &Plan, conversation: &mut Conversation<'_>) -> Result<Weighed, Stop> {
    let prompt = tokenize(plan, conversation, &plan.prompt, true)?;
    let mut weighed = Weighed::default();
    for continuation in &plan.continuations {
        let text = tokens_after(plan, conversation, &prompt, continuation)?;
        let logprobs = score(plan, conversation, &prompt, &text, &mut weighed)?;
        weighed.likelihoods.push(Likelihood {
            logprobs,
            bytes: continuation.len(),
        });
    }
    let all: Vec<_> = weighed
        .likelihoods
        .iter()
        .flat_map(|one| one.logprobs.iter().copied())
        .collect();
    values::checked(&all).map_err(|why| conversation.unsupported(&why))?;
    Ok(weighed)
}

/// The tokens of `text`, with the mark of a text's beginning before it where the model has one and
/// `begins` says so. Special tokens in the text are text.
fn tokenize(
    plan: &Plan,
    conversation: &mut Conversation<'_>,
    text: &str,
    begins: bool,
) -> Result<Vec<Piece>, Stop> {
    let Some(path) = &plan.paths.tokenize else {
        return Err(conversation.unsupported("the plan names no path of a tokeniser"));
    };
    let request = json!({
        "content": text,
        "add_special": begins,
        "parse_special": false,
        "with_pieces": true,
    });
    let answer = conversation.answer(path, &request)?;
    pieces::read(answer).ok_or_else(|| {
        conversation.unsupported("the tokeniser's answer has no ids with their bytes")
    })
}

/// The tokens of `continuation` after those of the prompt: of both together if that begins with the
/// prompt's own, else of the text alone. They must spell the text, byte for byte.
fn tokens_after(
    plan: &Plan,
    conversation: &mut Conversation<'_>,
    prompt: &[Piece],
    continuation: &str,
) -> Result<Vec<Piece>, Stop> {
    if continuation.is_empty() {
        return Ok(Vec::new());
    }
    let whole = tokenize(plan, conversation, &plan.whole(continuation), true)?;
    if let Some(rest) = whole.strip_prefix(prompt)
        && pieces::spell(rest, continuation)
    {
        return Ok(rest.to_vec());
    }
    let alone = tokenize(plan, conversation, continuation, false)?;
    if pieces::spell(&alone, continuation) {
        return Ok(alone);
    }
    Err(conversation.unsupported(
        "a token spans the boundary between prompt and text, and alone the text is cut into tokens \
         that do not spell it",
    ))
}

/// Log probabilities of the tokens of `text` after those of `prompt`.
fn score(
    plan: &Plan,
    conversation: &mut Conversation<'_>,
    prompt: &[Piece],
    text: &[Piece],
    weighed: &mut Weighed,
) -> Result<Vec<f64>, Stop> {
    let mut found = Vec::with_capacity(text.len());
    for run in runs(text) {
        let before = [pieces::ids(prompt), pieces::ids(&text[..run.start])].concat();
        let tokens = &text[run];
        let forced = if tokens[0].is_whole() {
            forced(plan, conversation, &before, tokens, weighed)?
        } else {
            None
        };
        if let Some(logprobs) = forced {
            found.extend(logprobs);
            continue;
        }
        let other = prompt.iter().chain(text).find(|piece| piece.is_whole());
        for place in 0..tokens.len() {
            let lookup = Lookup {
                before: &[&before[..], &pieces::ids(&tokens[..place])[..]].concat(),
                token: &tokens[place],
                other,
            };
            found.push(looked_up(plan, conversation, lookup, weighed)?);
        }
    }
    values::checked(&found).map_err(|why| conversation.unsupported(&why))
}

/// Longest runs of tokens that are whole, and of tokens that are not.
fn runs(text: &[Piece]) -> Vec<Range<usize>> {
    let mut start = 0;
    text.chunk_by(|one, other| one.is_whole() == other.is_whole())
        .map(|run| {
            let range = start..start + run.len();
            start = range.end;
            range
        })
        .collect()
}

/// Log probabilities of `tokens`, which are written after `before` because nothing else may be; `None`
/// if other ids came back.
fn forced(
    plan: &Plan,
    conversation: &mut Conversation<'_>,
    before: &[u64],
    tokens: &[Piece],
    weighed: &mut Weighed,
) -> Result<Option<Vec<f64>>, Stop> {
    let ids = pieces::ids(tokens);
    let request = request(plan, before, &ids, 1);
    let exchange = conversation.ask(&plan.paths.score, &request)?;
    if exchange.reply.status == 500 {
        // The grammar's own failure at tokens that it cannot follow.
        return Ok(None);
    }
    let answer = conversation.success(exchange)?;
    let entries = entries(conversation, answer, before.len(), weighed)?;
    let returned: Option<Vec<_>> = entries.iter().map(|entry| entry["id"].as_u64()).collect();
    if returned.as_deref() != Some(&ids) {
        return Ok(None);
    }
    let logprobs: Option<Vec<_>> = entries
        .iter()
        .map(|entry| entry["logprob"].as_f64())
        .collect();
    match logprobs {
        Some(logprobs) => Ok(Some(logprobs)),
        None => Err(conversation.unsupported("an entry has no logprob")),
    }
}

/// Where a token is looked up.
#[derive(Clone, Copy)]
struct Lookup<'a> {
    before: &'a [u64],
    token: &'a Piece,
    /// What is written meanwhile: any token of whole characters, because the server reports nothing
    /// beside others.
    other: Option<&'a Piece>,
}

/// Log probability of a token among the likeliest at its place.
fn looked_up(
    plan: &Plan,
    conversation: &mut Conversation<'_>,
    lookup: Lookup<'_>,
    weighed: &mut Weighed,
) -> Result<f64, Stop> {
    let Lookup {
        before,
        token,
        other,
    } = lookup;
    let written: Vec<_> = other.iter().map(|piece| piece.id).collect();
    for count in LIKELIEST {
        let request = request(plan, before, &written, count);
        let answer = conversation.answer(&plan.paths.score, &request)?;
        let entries = entries(conversation, answer, before.len(), weighed)?;
        let likeliest = entries.first().map(|entry| &entry["top_logprobs"]);
        let Some(likeliest) = likeliest.and_then(Value::as_array) else {
            return Err(conversation.unsupported("there is no list of the likeliest tokens"));
        };
        let found = likeliest
            .iter()
            .find(|entry| entry["id"].as_u64() == Some(token.id));
        if let Some(found) = found {
            let logprob = found["logprob"].as_f64();
            return logprob.ok_or_else(|| conversation.unsupported("an entry has no logprob"));
        }
    }
    let what = "a token of the text is not among the likeliest that the server reports, so that the \
                text's likelihood is unknown";
    Err(conversation.failed(CallErrorKind::Censored, what))
}

/// A request that writes `written` after `before`, or whatever is likeliest where that is nothing.
fn request(plan: &Plan, before: &[u64], written: &[u64], likeliest: u64) -> Value {
    let mut request = json!({
        "model": plan.model,
        "prompt": before,
        "temperature": 0,
        "n_predict": written.len().max(1),
        "n_probs": likeliest,
        "post_sampling_probs": false,
        "cache_prompt": false,
        "stream": false,
    });
    if !written.is_empty() {
        request["grammar"] = Value::from(grammar(written));
    }
    request
}

/// A grammar that lets exactly these tokens pass.
fn grammar(ids: &[u64]) -> String {
    let literals: Vec<_> = ids.iter().map(|id| format!("<[{id}]>")).collect();
    format!("root ::= {}", literals.join(" "))
}

/// The entries of the tokens that were written, after a prompt of `length` tokens.
fn entries<'a>(
    conversation: &Conversation<'_>,
    answer: &'a Value,
    length: usize,
    weighed: &mut Weighed,
) -> Result<&'a [Value], Stop> {
    let counted = answer["tokens_evaluated"].as_u64();
    if counted != u64::try_from(length).ok() || answer["truncated"] == true {
        let why = format!(
            "the server read {} tokens of a prompt of {length}",
            counted.map_or("an unknown number of".to_owned(), |count| count.to_string())
        );
        return Err(conversation.unsupported(&why));
    }
    let usage = &mut weighed.usage;
    usage.prompt = Some(usage.prompt.unwrap_or(0) + counted.unwrap_or(0));
    if let Some(written) = answer["tokens_predicted"].as_u64() {
        usage.completion = Some(usage.completion.unwrap_or(0) + written);
    }
    weighed.model = answer["model"]
        .as_str()
        .map(str::to_owned)
        .or(weighed.model.take());
    match answer["completion_probabilities"].as_array() {
        Some(entries) => Ok(entries),
        None => Err(conversation.unsupported("the answer has no `completion_probabilities`")),
    }
}
