//! Whether a server says that a prompt, or a prompt with its answer, does not fit.
//!
//! Invariant: what it says decides, in the words of any server and whatever the status. A limit of requests or tokens in a
//! time is none of the context.

/// Words that mean it wherever they stand.
const SURE: [&str; 24] = [
    "context_length_exceeded",
    "exceed_context_size",
    "contextwindowexceeded",
    "context_window_exceeded",
    "string_above_max_length",
    "prompt is too long",
    "prompt too long",
    "input is too long",
    "input too long",
    "inputs too long",
    "prompt 超长",
    "maximum context length",
    "max context length",
    "maximum model length",
    "maximum prompt length",
    "maximum input length",
    "range of input length",
    "model token limit",
    "context limit",
    "context the overflows",
    "max_new_tokens` must be",
    "input is too large to process",
    "must be reduced in order to run successfully",
    "reduce the length of",
];

/// What may be too long.
const WHAT: [&str; 15] = [
    "context length",
    "context size",
    "context window",
    "context_length",
    "context_window",
    "model length",
    "max_model_len",
    "max_seq_len",
    "sequence length",
    "input length",
    "prompt length",
    "input token",
    "prompt token",
    "token count",
    "`inputs` must have",
];

/// How it is said that it is.
const EXCEEDS: [&str; 13] = [
    "exceed",
    "too long",
    "too large",
    "too many",
    "longer than",
    "larger than",
    "greater than",
    "more than",
    "less than",
    "should be",
    "must be",
    "overflow",
    "beyond",
];

/// Words of limits in a time.
const RATES: [&str; 9] = [
    "rate limit",
    "rate_limit",
    "per minute",
    "per min",
    "per day",
    "per second",
    "quota",
    "too many requests",
    "credit",
];

/// Whether `words`, in small letters, say so.
pub(super) fn is_too_long(words: &str) -> bool {
    let has = |all: &[&str]| all.iter().any(|word| words.contains(word));
    has(&SURE) || (!has(&RATES) && has(&WHAT) && has(&EXCEEDS))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_server_has_its_words_for_it() {
        for said in [
            "This model's maximum context length is 4096 tokens. However, you requested 5000 tokens",
            "{\"code\":\"context_length_exceeded\"}",
            "The decoder prompt (length 5000) is longer than the maximum model length of 4096.",
            "the request exceeds the available context size, try increasing it",
            "Context size has been exceeded.",
            "The input (5000 tokens) is longer than the model's context length (4096 tokens).",
            "the input length exceeds the context length",
            "prompt too long; exceeded max context length by 5 tokens",
            "`inputs` must have less than 1024 tokens. Given: 4000",
            "`inputs` tokens + `max_new_tokens` must be <= 2048. Given: 1945 `inputs` tokens",
            "<400> InternalError.Algo.InvalidParameter: Range of input length should be [1, 98304]",
            "prompt is too long: 210000 tokens > 200000 maximum",
            "input length and `max_tokens` exceed context limit: 190000 + 20000 > 200000",
            "The input token count (1200000) exceeds the maximum number of tokens allowed (1048576).",
            "Prompt contains 40000 tokens, too large for model with 32768 maximum context length",
            "invalid params, context window exceeds limit",
            "Invalid request: Your request exceeded model token limit: 8192",
            "Prompt length (5000) exceeds maximum input length (4096)",
            "Please reduce the length of the messages or completion.",
        ] {
            assert!(is_too_long(&said.to_lowercase()), "{said}");
        }
    }

    #[test]
    fn other_limits_are_none_of_the_context() {
        for said in [
            "Rate limit reached: 30000 input tokens per minute exceeded",
            "This request would exceed the rate limit for your organization of 40,000 input tokens per minute",
            "too many requests; try again later",
            "the server is overloaded",
            "Number of request tokens has exceeded your per-day quota",
            "max_tokens must be at least 1",
            "internal server error",
        ] {
            assert!(!is_too_long(&said.to_lowercase()), "{said}");
        }
    }
}
