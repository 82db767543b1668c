//! Token counts of every provider as one [`Usage`].
//!
//! Invariants: what is not reported stays `None` and is never taken for 0. A prompt's count includes
//! what was read from and written to a cache; a completion's count includes reasoning, whichever way
//! the provider counts. Counts that contradict each other by the provider's own rule are marked
//! [`Usage::inconsistent`]; a count that follows from the others, [`Usage::estimated`].

use cleanbench_core::Usage;
use serde_json::Value;

use crate::provider::{Profile, Protocol, ReasoningTokens};

/// The counts that `reported` holds, by the rule of `profile`.
pub(crate) fn normalise(reported: &Value, profile: &Profile) -> Usage {
    let usage = match profile.protocol {
        Protocol::OpenAi | Protocol::Responses | Protocol::Imported => {
            open_ai(reported, profile.reasoning_tokens)
        }
        Protocol::Anthropic => anthropic(reported),
        Protocol::Ollama => Usage {
            prompt: first(reported, &["/prompt_eval_count"]),
            completion: first(reported, &["/eval_count"]),
            ..Usage::default()
        },
        Protocol::LlamaCpp => Usage {
            prompt: first(reported, &["/tokens_evaluated"]),
            completion: first(reported, &["/tokens_predicted"]),
            cached: first(reported, &["/timings/cache_n"]),
            ..Usage::default()
        },
    };
    checked(usage)
}

/// The first of `places` that holds a count. `12.0` is a count.
fn first(reported: &Value, places: &[&str]) -> Option<u64> {
    let mut values = places.iter().filter_map(|place| at(reported, place));
    values.find_map(|value| {
        let whole = || value.as_f64()?.to_string().parse().ok();
        value.as_u64().or_else(whole)
    })
}

/// What stands at `place`, a JSON pointer (RFC 6901) of plain names. A dozen are looked up for every
/// answer, in objects of so few fields that comparing all is faster than hashing one.
fn at<'a>(reported: &'a Value, place: &str) -> Option<&'a Value> {
    let mut names = place.split('/').skip(1);
    names.try_fold(reported, |value, name| {
        let mut fields = value.as_object()?.iter();
        fields.find_map(|(key, value)| (key == name).then_some(value))
    })
}

fn open_ai(reported: &Value, rule: ReasoningTokens) -> Usage {
    let usage = Usage {
        prompt: first(reported, &["/prompt_tokens", "/input_tokens"]),
        completion: first(reported, &["/completion_tokens", "/output_tokens"]),
        reasoning: first(
            reported,
            &[
                "/completion_tokens_details/reasoning_tokens",
                "/output_tokens_details/reasoning_tokens",
                "/reasoning_tokens",
            ],
        ),
        cached: first(
            reported,
            &[
                "/prompt_tokens_details/cached_tokens",
                "/input_tokens_details/cached_tokens",
                "/prompt_cache_hit_tokens",
                "/cached_tokens",
            ],
        ),
        cache_write: first(
            reported,
            &[
                "/prompt_tokens_details/cache_write_tokens",
                "/prompt_tokens_details/cache_creation_input_tokens",
                "/input_tokens_details/cache_write_tokens",
            ],
        ),
        inconsistent: misses_do_not_add_up(reported),
        estimated: false,
    };
    let total = first(reported, &["/total_tokens"]);
    match rule {
        ReasoningTokens::Inside => inside(usage, total),
        ReasoningTokens::Outside => outside(usage, total),
        ReasoningTokens::InTotal => in_total(usage, total),
    }
}

/// Whether tokens that were found in the cache and those that were not are not the prompt's.
fn misses_do_not_add_up(reported: &Value) -> bool {
    let count = |place| first(reported, &[place]);
    let parts = count("/prompt_cache_hit_tokens").zip(count("/prompt_cache_miss_tokens"));
    let sum = parts.map(|(hit, miss)| hit.saturating_add(miss));
    sum.zip(count("/prompt_tokens"))
        .is_some_and(|(sum, prompt)| sum != prompt)
}

/// Prompt and completion together, if both are known.
fn sum(usage: &Usage) -> Option<u64> {
    let pair = usage.prompt.zip(usage.completion);
    pair.map(|(prompt, completion)| prompt.saturating_add(completion))
}

fn inside(mut usage: Usage, total: Option<u64>) -> Usage {
    let pair = sum(&usage).zip(total);
    usage.inconsistent |= pair.is_some_and(|(sum, total)| sum != total);
    usage
}

/// Reasoning beside the completion; a total that is reached without it shows that it is inside.
fn outside(mut usage: Usage, total: Option<u64>) -> Usage {
    let already = total.is_some() && sum(&usage) == total;
    if !already {
        let reasoning = usage.reasoning.unwrap_or(0);
        usage.completion = usage
            .completion
            .map(|count| count.saturating_add(reasoning));
    }
    inside(usage, total)
}

/// Reasoning in the total alone: what is missing there was generated without being shown.
fn in_total(mut usage: Usage, total: Option<u64>) -> Usage {
    let hidden = total.zip(sum(&usage));
    let hidden = hidden.and_then(|(total, sum)| total.checked_sub(sum));
    if let Some(hidden) = hidden.filter(|hidden| *hidden > 0) {
        usage.estimated = usage.reasoning != Some(hidden);
        usage.reasoning = Some(hidden);
        usage.completion = usage.completion.map(|count| count.saturating_add(hidden));
    }
    inside(usage, total)
}

fn anthropic(reported: &Value) -> Usage {
    let cached = first(reported, &["/cache_read_input_tokens"]);
    let cache_write = first(reported, &["/cache_creation_input_tokens"]);
    let beside = cached.unwrap_or(0).saturating_add(cache_write.unwrap_or(0));
    let fresh = first(reported, &["/input_tokens"]);
    Usage {
        prompt: fresh.map(|fresh| fresh.saturating_add(beside)),
        completion: first(reported, &["/output_tokens"]),
        reasoning: first(reported, &["/output_tokens_details/thinking_tokens"]),
        cached,
        cache_write,
        ..Usage::default()
    }
}

/// No part may be larger than its whole.
fn checked(mut usage: Usage) -> Usage {
    let larger = |part: Option<u64>, whole: Option<u64>| {
        part.zip(whole).is_some_and(|(part, whole)| part > whole)
    };
    let from_cache = usage
        .cached
        .unwrap_or(0)
        .saturating_add(usage.cache_write.unwrap_or(0));
    usage.inconsistent |= larger(Some(from_cache), usage.prompt);
    usage.inconsistent |= larger(usage.reasoning, usage.completion);
    usage
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::shipped;

    /// prompt, completion, reasoning, cached, cache write, and marks.
    fn shown(usage: &Usage) -> String {
        let count = |count: Option<u64>| count.map_or("-".to_owned(), |count| count.to_string());
        let counts = [
            usage.prompt,
            usage.completion,
            usage.reasoning,
            usage.cached,
            usage.cache_write,
        ];
        let mut text = counts.map(count).join(" ");
        text.push_str(if usage.inconsistent {
            " inconsistent"
        } else {
            ""
        });
        text.push_str(if usage.estimated { " estimated" } else { "" });
        text
    }

    fn check(provider: &str, reported: &Value, expect: &str) {
        let profile = shipped::named(provider).expect(provider);
        assert_eq!(
            shown(&normalise(reported, profile)),
            expect,
            "{provider} {reported}"
        );
    }

    #[test]
    fn absent_is_not_zero() {
        check("vllm", &Value::Null, "- - - - -");
        check("vllm", &json!({"prompt_tokens": 3}), "3 - - - -");
        check(
            "vllm",
            &json!({"prompt_tokens": "3", "completion_tokens": -1}),
            "- - - - -",
        );
        check(
            "vllm",
            &json!({"prompt_tokens": 3.0, "completion_tokens": 0}),
            "3 0 - - -",
        );
        check("anthropic", &json!({"input_tokens": 5}), "5 - - - -");
        check("anthropic", &json!({"output_tokens": 5}), "- 5 - - -");
        check("ollama-native", &json!({"eval_count": 5}), "- 5 - - -");
        check(
            "xai",
            &json!({"prompt_tokens": 1, "completion_tokens": 2}),
            "1 2 - - -",
        );
    }

    #[test]
    fn every_provider_counts_in_its_own_way() {
        let openai = json!({"prompt_tokens": 10, "completion_tokens": 20, "total_tokens": 30,
            "prompt_tokens_details": {"cached_tokens": 4}, "completion_tokens_details": {"reasoning_tokens": 15}});
        check("openai", &openai, "10 20 15 4 -");
        let responses = json!({"input_tokens": 10, "output_tokens": 20, "total_tokens": 30,
            "input_tokens_details": {"cached_tokens": 4}, "output_tokens_details": {"reasoning_tokens": 15}});
        check("openai-responses", &responses, "10 20 15 4 -");
        let deepseek = json!({"prompt_tokens": 10, "completion_tokens": 20, "total_tokens": 30,
            "prompt_cache_hit_tokens": 4, "prompt_cache_miss_tokens": 6});
        check("deepseek", &deepseek, "10 20 - 4 -");
        let anthropic = json!({"input_tokens": 3, "cache_read_input_tokens": 4, "cache_creation_input_tokens": 5,
            "output_tokens": 20, "output_tokens_details": {"thinking_tokens": 15}});
        check("anthropic", &anthropic, "12 20 15 4 5");
        let xai = json!({"prompt_tokens": 12, "completion_tokens": 1, "total_tokens": 241,
            "completion_tokens_details": {"reasoning_tokens": 228}});
        check("xai", &xai, "12 229 228 - -");
        let xai = json!({"prompt_tokens": 12, "completion_tokens": 229, "total_tokens": 241,
            "completion_tokens_details": {"reasoning_tokens": 228}});
        check("xai", &xai, "12 229 228 - -");
        let gemini = json!({"prompt_tokens": 9, "completion_tokens": 29, "total_tokens": 320});
        check("gemini", &gemini, "9 311 282 - - estimated");
        let gemini = json!({"prompt_tokens": 9, "completion_tokens": 29, "total_tokens": 38});
        check("gemini", &gemini, "9 29 - - -");
        let moonshot = json!({"prompt_tokens": 20, "completion_tokens": 30, "cached_tokens": 10});
        check("moonshot", &moonshot, "20 30 - 10 -");
        let qwen = json!({"prompt_tokens": 20, "completion_tokens": 30,
            "prompt_tokens_details": {"cached_tokens": 0, "cache_creation_input_tokens": 15}});
        check("qwen", &qwen, "20 30 - 0 15");
        check(
            "ollama-native",
            &json!({"prompt_eval_count": 7, "eval_count": 5}),
            "7 5 - - -",
        );
        let llamacpp =
            json!({"tokens_evaluated": 5, "tokens_predicted": 2, "timings": {"cache_n": 4}});
        check("llamacpp-native", &llamacpp, "5 2 - 4 -");
    }

    #[test]
    fn contradictions_are_marked() {
        let check = |provider: &str, reported: &Value| {
            let usage = normalise(reported, shipped::named(provider).expect(provider));
            assert!(usage.inconsistent, "{provider} {reported}");
        };
        check(
            "vllm",
            &json!({"prompt_tokens": 5, "completion_tokens": 5, "total_tokens": 11}),
        );
        check(
            "vllm",
            &json!({"prompt_tokens": 5, "prompt_tokens_details": {"cached_tokens": 6}}),
        );
        check(
            "vllm",
            &json!({"completion_tokens": 5, "completion_tokens_details": {"reasoning_tokens": 6}}),
        );
        check(
            "deepseek",
            &json!({"prompt_tokens": 5, "prompt_cache_hit_tokens": 3, "prompt_cache_miss_tokens": 3}),
        );
        check(
            "qwen",
            &json!({"prompt_tokens": 5, "prompt_tokens_details": {"cached_tokens": 3, "cache_creation_input_tokens": 3}}),
        );
        check(
            "gemini",
            &json!({"prompt_tokens": 5, "completion_tokens": 5, "total_tokens": 9}),
        );
        check(
            "xai",
            &json!({"prompt_tokens": 5, "completion_tokens": 5, "total_tokens": 12, "reasoning_tokens": 3}),
        );
        check(
            "anthropic",
            &json!({"output_tokens": 5, "output_tokens_details": {"thinking_tokens": 6}}),
        );
        check(
            "openai",
            &json!({"prompt_tokens": u64::MAX, "completion_tokens": 9, "total_tokens": 3}),
        );
    }
}
