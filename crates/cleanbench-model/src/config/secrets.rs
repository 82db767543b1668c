//! What must not stand in a models file, because it would stand in `run.json` next: keys, under whatever name.
//!
//! Invariant: a value is never repeated in an error. It refuses by name (`*key*`, `*token*`, `*secret*`, …) where the
//! value is a text, and by value: known beginnings of keys, and long random texts.

use serde_json::{Map, Value};

/// Parts of names under which secrets stand.
const NAMES: [&str; 12] = [
    "authorization",
    "bearer",
    "cookie",
    "credential",
    "key",
    "passphrase",
    "passwd",
    "password",
    "secret",
    "session",
    "signature",
    "token",
];

/// Names that have such a part and hold none.
const HARMLESS: [&str; 11] = [
    "bos_token",
    "cache_key",
    "cls_token",
    "eos_token",
    "idempotency_key",
    "keyword",
    "mask_token",
    "pad_token",
    "prompt_cache_key",
    "stop_token",
    "unk_token",
];

/// What keys of well-known makers begin with.
const BEGINNINGS: [&str; 24] = [
    "sk-",
    "sk_",
    "pk-",
    "pk_",
    "rk_",
    "ghp_",
    "gho_",
    "ghs_",
    "github_pat_",
    "glpat-",
    "xox",
    "xai-",
    "gsk_",
    "hf_",
    "nvapi-",
    "AKIA",
    "ASIA",
    "AIza",
    "eyJ",
    "Bearer ",
    "bearer ",
    "Basic ",
    "Token ",
    "-----BEGIN",
];

/// Least length of a text that is taken for a key because it looks random.
const LEAST_RANDOM: usize = 20;
/// Least information of a random text, in bits a character.
const LEAST_BITS: f64 = 3.3;

/// Whether a text under `name` is one that a file must not hold.
pub(super) fn is_secret(name: &str, value: &str) -> bool {
    !value.is_empty() && (is_name(name) || looks_secret(value))
}

/// The name under which `fragment` holds a secret, if it does.
pub(super) fn within(fragment: &Map<String, Value>) -> Option<String> {
    fragment
        .iter()
        .find_map(|(name, value)| secret_in(name, value))
}

fn secret_in(name: &str, value: &Value) -> Option<String> {
    match value {
        Value::String(text) => is_secret(name, text).then(|| name.to_owned()),
        Value::Array(items) => items.iter().find_map(|item| secret_in(name, item)),
        Value::Object(inner) => within(inner),
        Value::Null | Value::Bool(_) | Value::Number(_) => None,
    }
}

fn is_name(name: &str) -> bool {
    let plain = name.to_ascii_lowercase().replace(['-', ' ', '.'], "_");
    !HARMLESS.contains(&plain.as_str())
        && (plain == "auth" || NAMES.iter().any(|part| plain.contains(part)))
}

fn looks_secret(value: &str) -> bool {
    let value = value.trim();
    let begins = |start: &str| value.starts_with(start) && value.len() >= start.len() + 8;
    BEGINNINGS.into_iter().any(begins) || value.split(divides).any(is_random)
}

/// What no key has within it.
fn divides(letter: char) -> bool {
    !(letter.is_ascii_alphanumeric() || matches!(letter, '-' | '_' | '+' | '='))
}

/// Whether `text` is long, varied, and changes between small letters, capitals and digits as no words do.
fn is_random(text: &str) -> bool {
    let kinds: Vec<u8> = text.bytes().filter_map(kind).collect();
    let changes = kinds.windows(2).filter(|pair| pair[0] != pair[1]).count();
    kinds.len() >= LEAST_RANDOM && changes * 3 >= kinds.len() && bits(text) >= LEAST_BITS
}

fn kind(byte: u8) -> Option<u8> {
    match byte {
        b'a'..=b'z' => Some(0),
        b'A'..=b'Z' => Some(1),
        b'0'..=b'9' => Some(2),
        _ => None,
    }
}

/// Shannon's entropy of the bytes of `text`, in bits a byte.
fn bits(text: &str) -> f64 {
    let mut counts = [0_u32; 256];
    for byte in text.bytes() {
        counts[usize::from(byte)] += 1;
    }
    let total: f64 = counts.iter().copied().map(f64::from).sum();
    let shares = counts.iter().filter(|count| **count > 0);
    shares
        .map(|count| f64::from(*count) / total)
        .map(|share| -share * share.log2())
        .sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn secrets_are_known_by_name_or_by_value() {
        for (name, value) in [
            ("x-goog-api-key", "abc"),
            ("Proxy-Token", "abc"),
            ("session", "abc"),
            ("auth", "abc"),
            ("x-team", "sk-0123456789"),
            ("x-team", "Bearer abcdefgh"),
            ("x-team", "Zx8Qp2LmN4vT7wRb9KcY"),
            ("x-team", "9f86d081884c7d659a2feaa0c55ad015"),
            ("user", "https://host/Zx8Qp2LmN4vT7wRb9KcY/x"),
        ] {
            assert!(is_secret(name, value), "{name} {value}");
        }
    }

    #[test]
    fn what_is_no_secret_may_stand() {
        for (name, value) in [
            ("x-team", "evaluation"),
            ("anthropic-beta", "prompt-caching-2024-07-31"),
            ("anthropic-version", "2023-06-01"),
            ("model", "Qwen3-8B-Instruct-2507-FP8"),
            ("prompt_cache_key", "suite"),
            ("chat_template", "{{ bos }} a long template of words 1 2 3"),
            ("api_key", ""),
        ] {
            assert!(!is_secret(name, value), "{name} {value}");
        }
        let fragment = serde_json::json!({"max_tokens": 5, "logit": {"tokens": [1, 2]}});
        assert_eq!(within(fragment.as_object().unwrap()), None);
        let fragment = serde_json::json!({"a": [{"deep": "sk-0123456789"}]});
        assert_eq!(
            within(fragment.as_object().unwrap()).as_deref(),
            Some("deep")
        );
    }
}
