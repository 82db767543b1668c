//! What answers show: pure judgements.
//!
//! Invariant: a judgement names the numbers or words that it rests on.

use cleanbench_core::{Completion, Finish, Form, Likelihood};
use cleanbench_model::capability::Support;
use cleanbench_model::likelihood::checked;
use serde_json::Value;

use super::texts::{GOES_ON, ONCE_MORE};

/// Most characters of a model's text that are shown.
const SHOWN: usize = 40;
/// Tokens that an answer may have beyond its bytes: marks of its beginning and end.
const MARKS: u64 = 16;
/// How far the probabilities at one place may be above 1 in sum.
const ROUNDING: f64 = 0.01;

/// A verdict and why.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Assessment {
    pub(super) verdict: Support,
    pub(super) evidence: String,
    pub(super) passing: bool,
}

impl Assessment {
    pub(super) fn new(verdict: Support, evidence: impl Into<String>) -> Self {
        Self {
            verdict,
            evidence: evidence.into(),
            passing: false,
        }
    }

    pub(super) fn yes(evidence: impl Into<String>) -> Self {
        Self::new(Support::Yes, evidence)
    }

    pub(super) fn no(evidence: impl Into<String>) -> Self {
        Self::new(Support::No, evidence)
    }

    pub(super) fn unclear(evidence: impl Into<String>) -> Self {
        Self::new(Support::Unclear, evidence)
    }

    /// The same, for a reason that may pass.
    pub(super) fn for_now(self) -> Self {
        Self {
            passing: true,
            ..self
        }
    }
}

/// The beginning of a model's text, in quotes.
pub(super) fn shown(text: &str) -> String {
    let mut begin: String = text.chars().take(SHOWN).collect();
    if begin.len() < text.len() {
        begin.push('…');
    }
    format!("{begin:?}")
}

/// What a plain answer says of being reached.
pub(super) fn reached(completion: &Completion) -> Assessment {
    let model = completion.model.as_deref().map_or_else(
        || "it does not name its model".to_owned(),
        |model| format!("it calls its model {}", shown(model)),
    );
    if !completion.embedding.is_empty() {
        let numbers = completion.embedding.len();
        return Assessment::yes(format!("answered with {numbers} numbers; {model}"));
    }
    Assessment::yes(format!("answered {}; {model}", shown(&completion.text)))
}

/// Whether an answer came with reasoning.
pub(super) fn reasons(completion: &Completion) -> bool {
    completion.reasoning.is_some() || completion.usage.reasoning.is_some_and(|count| count > 0)
}

/// Whether plausible counts of tokens came with an answer.
pub(super) fn usage(completion: &Completion, form: Form) -> Assessment {
    let usage = completion.usage;
    if usage.inconsistent {
        return Assessment::no("the reported counts contradict each other");
    }
    let Some(prompt) = usage.prompt else {
        return Assessment::no("no count of the prompt's tokens is reported");
    };
    if prompt == 0 {
        return Assessment::no("0 tokens are reported for a prompt that has some");
    }
    match usage.completion {
        _ if form == Form::Embedding => Assessment::yes(format!("{prompt} tokens of the prompt")),
        None => Assessment::no("no count of the answer's tokens is reported"),
        Some(0) if !completion.text.is_empty() => {
            Assessment::no("0 tokens are reported for an answer that has some")
        }
        Some(count) => Assessment::yes(format!("{prompt} tokens of the prompt, {count} generated")),
    }
}

/// Whether the answer to a riddle is free of reasoning, also of such as is not shown.
pub(super) fn without_reasoning(completion: &Completion) -> Assessment {
    if let Some(reasoning) = &completion.reasoning {
        return Assessment::no(format!("it reasoned all the same: {}", shown(reasoning)));
    }
    if let Some(count @ 1..) = completion.usage.reasoning {
        return Assessment::no(format!("{count} tokens of reasoning all the same"));
    }
    let bytes = completion.text.len() as u64;
    match completion.usage.completion {
        Some(count) if count > bytes + MARKS => Assessment::no(format!(
            "{count} tokens for an answer of {bytes} bytes: it reasons out of sight"
        )),
        Some(count) => Assessment::yes(format!("no reasoning; {count} tokens for {bytes} bytes")),
        None => Assessment::yes("no reasoning is shown or counted"),
    }
}

/// Whether all `texts` are one.
pub(super) fn repeats(texts: &[String]) -> Assessment {
    let mut different: Vec<_> = texts.iter().collect();
    different.sort_unstable();
    different.dedup();
    match different.as_slice() {
        [text] if text.is_empty() => Assessment::unclear("all answers are empty"),
        [text] => Assessment::yes(format!("{} times {}", texts.len(), shown(text))),
        _ => Assessment::no(format!(
            "{} different answers in {}",
            different.len(),
            texts.len()
        )),
    }
}

/// Whether the seed decides: `same` are two answers with one seed, `others` those with further ones.
pub(super) fn seed(same: [&str; 2], others: &[String]) -> Assessment {
    if same[0] != same[1] {
        return Assessment::no(format!(
            "two answers with one seed: {} and {}",
            shown(same[0]),
            shown(same[1])
        ));
    }
    if others.iter().all(|other| other == same[0]) {
        let count = others.len() + 2;
        return Assessment::unclear(format!(
            "{count} times the same answer, whatever the seed, at temperature 1"
        ));
    }
    Assessment::yes("one seed, one answer; another seed, another answer")
}

/// Whether an answer to a long count keeps to `limit` tokens.
pub(super) fn limited(completion: &Completion, limit: u32) -> Assessment {
    let finish = match completion.finish.as_str() {
        "" => "no finish reason".to_owned(),
        word => format!("finish reason `{word}`"),
    };
    let words = completion.text.split_whitespace().count();
    // A token holds a part of a word, seldom two words.
    if words > 2 * limit as usize {
        return Assessment::no(format!("{words} words where {limit} tokens were allowed"));
    }
    match completion.usage.completion {
        Some(count) if count > u64::from(limit) => Assessment::no(format!(
            "{count} tokens where {limit} were allowed, {finish}"
        )),
        Some(count) if count < u64::from(limit) && completion.finish != Finish::Length => {
            Assessment::unclear(format!(
                "the answer ended by itself after {count} of {limit} tokens"
            ))
        }
        Some(count) => Assessment::yes(format!("{count} of {limit} tokens, {finish}")),
        None if completion.finish == Finish::Length => {
            Assessment::yes(format!("{words} words, {finish}"))
        }
        None => Assessment::unclear(format!("{words} words, {finish}, and no count of tokens")),
    }
}

/// A word to stop at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct StopWord<'a> {
    pub(super) word: &'a str,
    /// The byte of the sample at which it begins.
    pub(super) place: usize,
}

/// A word of `text` to stop at: neither at the beginning nor met before.
pub(super) fn stop_word(text: &str) -> Option<StopWord<'_>> {
    let words: Vec<_> = text.split_whitespace().collect();
    let skipped = (words.len() / 3).max(1);
    words.into_iter().skip(skipped).find_map(|word| {
        let place = text.find(word)?;
        let is_word = word.chars().count() >= 3 && word.chars().all(char::is_alphanumeric);
        (is_word && place > text.len() / 5).then_some(StopWord { word, place })
    })
}

/// Whether `answer` ended where `sample` has the word to stop at.
pub(super) fn stopped(sample: &str, stop: StopWord<'_>, answer: &str) -> Assessment {
    let StopWord { word, place } = stop;
    let before = sample[..place].trim_end();
    let kept = answer.trim_end();
    if kept == before {
        return Assessment::yes(format!("ended before {}", shown(word)));
    }
    if kept.strip_suffix(word).map(str::trim_end) == Some(before) {
        return Assessment::yes(format!(
            "ended after {}, which stays in the answer",
            shown(word)
        ));
    }
    if answer.contains(word) {
        return Assessment::no(format!("the answer goes on with and after {}", shown(word)));
    }
    Assessment::unclear("the answer is another one without the stop text, so that nothing is shown")
}

/// A generated token as the server sent it.
#[derive(Debug)]
struct TokenEntry<'a> {
    logprob: &'a Value,
    top: Vec<&'a Value>,
}

/// Whether the log probabilities in `reply` are such.
pub(super) fn logprobs(reply: &Value) -> Assessment {
    let mut entries = Vec::new();
    collect(reply, &mut entries);
    match sound(&entries) {
        Ok(evidence) => Assessment::yes(evidence),
        Err(evidence) => Assessment::no(evidence),
    }
}

/// All entries of tokens in `value`, in every shape in which they come.
fn collect<'a>(value: &'a Value, entries: &mut Vec<TokenEntry<'a>>) {
    match value {
        Value::Array(items) => items.iter().for_each(|item| collect(item, entries)),
        Value::Object(fields) if fields.contains_key("logprob") => entries.push(TokenEntry {
            logprob: &value["logprob"],
            top: listed(&value["top_logprobs"]),
        }),
        Value::Object(fields) => match &value["token_logprobs"] {
            Value::Array(numbers) => {
                for (place, logprob) in numbers.iter().enumerate() {
                    // The likeliest stand here in a map, whose order means nothing.
                    let top = value["top_logprobs"][place].as_object();
                    let top = top.map_or_else(Vec::new, |map| map.values().collect());
                    entries.push(TokenEntry { logprob, top });
                }
            }
            _ => fields.values().for_each(|field| collect(field, entries)),
        },
        _ => {}
    }
}

fn listed(top: &Value) -> Vec<&Value> {
    let items = top.as_array().into_iter().flatten();
    items.map(|item| &item["logprob"]).collect()
}

fn sound(entries: &[TokenEntry<'_>]) -> Result<String, String> {
    if entries.is_empty() {
        return Err("accepted, and none came back".to_owned());
    }
    let numbers: Vec<f64> = entries
        .iter()
        .filter_map(|entry| entry.logprob.as_f64())
        .collect();
    if numbers.len() < entries.len() {
        let missing = entries.len() - numbers.len();
        return Err(format!("{missing} of {} are no numbers", entries.len()));
    }
    checked(&numbers)?;
    let mut most = 0;
    for entry in entries {
        let top: Vec<f64> = entry
            .top
            .iter()
            .filter_map(|number| number.as_f64())
            .collect();
        if top.len() < entry.top.len() {
            return Err("among the likeliest tokens are some without a number".to_owned());
        }
        let sum: f64 = top.iter().map(|logprob| logprob.exp()).sum();
        if sum > 1.0 + ROUNDING {
            return Err(format!(
                "the likeliest tokens have a probability of {sum:.3} together"
            ));
        }
        most = most.max(top.len());
    }
    Ok(format!(
        "{} tokens, up to {most} beside each",
        entries.len()
    ))
}

/// Whether lists of the likeliest tokens in `reply` begin with the likeliest.
pub(super) fn ranks_fall(reply: &Value) -> bool {
    match reply {
        Value::Array(items) => items.iter().all(ranks_fall),
        Value::Object(fields) => {
            let top: Vec<_> = listed(&reply["top_logprobs"]);
            let numbers: Vec<f64> = top.iter().filter_map(|number| number.as_f64()).collect();
            numbers.is_sorted_by(|one, next| one >= next) && fields.values().all(ranks_fall)
        }
        _ => true,
    }
}

/// Whether `text` is an object that fits the schema of [`super::shape::json_schema`].
pub(super) fn fits_schema(text: &str) -> Assessment {
    let Ok(Value::Object(object)) = serde_json::from_str::<Value>(text) else {
        return Assessment::no(format!("accepted, and the answer is {}", shown(text)));
    };
    let fits = object.len() == 2
        && object.get("millilitres").is_some_and(Value::is_i64)
        && matches!(
            object.get("kind").and_then(Value::as_str),
            Some("ladle" | "spoon")
        );
    if fits {
        Assessment::yes(shown(text))
    } else {
        Assessment::no(format!(
            "the answer does not fit the schema: {}",
            shown(text)
        ))
    }
}

/// Whether an answer asks for the tool of [`super::shape::tools`] in the right words.
pub(super) fn asks_for_tool(completion: &Completion, name: &str) -> Assessment {
    let Some(call) = completion.tool_calls.first() else {
        let text = shown(&completion.text);
        return Assessment::no(format!("accepted, and the answer is the text {text}"));
    };
    if call.name != name {
        return Assessment::no(format!(
            "it asks for {}, which is no tool",
            shown(&call.name)
        ));
    }
    match serde_json::from_str::<Value>(&call.arguments) {
        Ok(arguments) if arguments["city"].is_string() => {
            Assessment::yes(format!("{name} {}", shown(&call.arguments)))
        }
        _ => Assessment::no(format!(
            "the arguments do not fit the tool: {}",
            shown(&call.arguments)
        )),
    }
}

/// Whether `text` goes on from a beginning that breaks off within a word.
pub(super) fn goes_on(text: &str) -> Assessment {
    let text = text.trim_start();
    if GOES_ON.iter().any(|begin| text.starts_with(begin)) {
        return Assessment::yes(format!("went on with {}", shown(text)));
    }
    if text.is_empty() {
        return Assessment::unclear("the answer is empty");
    }
    if text.starts_with(ONCE_MORE) {
        // Both may write so: who continues badly, and who answers having read the beginning.
        return Assessment::unclear(format!("the answer is {}", shown(text)));
    }
    Assessment::no(format!("began anew with {}", shown(text)))
}

/// Whether an ordinary sentence is more likely than its words in disorder.
pub(super) fn weighed(ordered: &Likelihood, shuffled: &Likelihood) -> Assessment {
    /// Less than this, in nats, tells no language model from chance.
    const CLEAR: f64 = 1.0;
    let facts = format!(
        "a sentence has {:.1} nats over {} tokens, its words in disorder {:.1} over {}",
        ordered.total(),
        ordered.logprobs.len(),
        shuffled.total(),
        shuffled.logprobs.len()
    );
    if ordered.total() > shuffled.total() + CLEAR {
        Assessment::yes(facts)
    } else {
        Assessment::no(format!("{facts}: these are not a model's numbers"))
    }
}

#[cfg(test)]
#[path = "judge_tests.rs"]
mod tests;
