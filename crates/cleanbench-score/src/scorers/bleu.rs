//! `bleu`: n-gram precision of one answer, as `sacrebleu.sentence_bleu` has it, divided by 100 (Papineni et
//! al. 2002).
//!
//! Parameter `tokens`: `"13a"` (that of the WMT shared tasks, for languages with spaces) or `"char"` (each
//! character; for Chinese and Japanese). Smoothing `exp`, effective order, case counts; several targets
//! are references of one another, as in machine translation.
//!
//! One answer's BLEU is noisy, and their mean is not the BLEU of a corpus. It refuses targets without a
//! token, and does not read answers of more than [`MOST_BYTES`] bytes.

use cleanbench_core::{Sample, Score};
use cleanbench_text::{bleu, character_tokens, tokens_13a};

use crate::params::Params;
use crate::rule::Rule;
use crate::target;

/// Bytes of an answer: four passes over the tokens of ten times as many take seconds.
const MOST_BYTES: usize = 1 << 20;

/// Compares n-grams of tokens.
#[derive(Debug)]
pub(crate) struct Bleu {
    tokenise: fn(&str) -> Vec<String>,
}

pub(crate) fn build(params: &mut Params<'_>) -> Bleu {
    let wmt: fn(&str) -> Vec<String> = tokens_13a;
    Bleu {
        tokenise: params.word("tokens", &[("13a", wmt), ("char", character_tokens)]),
    }
}

impl Rule for Bleu {
    fn version(&self) -> u32 {
        3
    }

    fn work(&self, sample: &Sample, text: &str) -> u64 {
        target::work_by_each(sample, text, 1)
    }

    fn check_sample(&self, sample: &Sample) -> Result<(), String> {
        target::check_tokens(sample, self.tokenise)
    }

    fn judge(&self, sample: &Sample, text: &str) -> Score {
        if text.len() > MOST_BYTES {
            return Score::not_extracted("more than 1 MiB of text");
        }
        if let Some(refused) = target::too_much(self.work(sample, text)) {
            return refused;
        }
        let targets = target::texts(sample);
        let references: Vec<_> = targets.iter().map(|text| (self.tokenise)(text)).collect();
        let value = bleu(&(self.tokenise)(text), &references);
        // The exponential of a mean of logarithms may be a rounding above 1.
        Score::share(value.clamp(0.0, 1.0), text.trim())
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use crate::testing::Expect::{Nothing, Part, Right, Wrong};
    use crate::testing::{check, faulty, refused, sample, spec};

    #[test]
    fn cases() {
        let plain = spec("bleu", json!({}));
        let char = spec("bleu", json!({"tokens": "char"}));
        for (spec, target, text, expect) in [
            (&plain, json!("It rains."), "It rains.", Right("It rains.")),
            (
                &plain,
                json!("It rains."),
                "It",
                Part((-2.0_f64).exp(), "It"),
            ),
            (&plain, json!(["It", "It rains."]), "It", Right("It")),
            (&plain, json!("It rains."), "Dry", Wrong("Dry")),
            (&plain, json!("下雨了"), "下雨", Wrong("下雨")),
            (
                &char,
                json!("下雨了"),
                "下雨",
                Part((-0.5_f64).exp(), "下雨"),
            ),
            (&plain, json!("It"), "", Nothing("empty completion")),
        ] {
            check(spec, &sample(target, &[]), text, expect);
        }
        refused(&plain, &sample(json!(null), &[]), "no target");
        faulty(
            &spec("bleu", json!({"tokens": "zh"})),
            "tokens",
            "`13a`, `char`",
        );
    }
}
