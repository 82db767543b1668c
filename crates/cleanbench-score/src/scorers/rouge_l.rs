//! `rouge_l`: the longest common subsequence of words, as `rouge-score` has it (Lin 2004).
//!
//! Parameter `tokens`: `"rouge"` (lower case, runs of a to z and 0 to 9, no stemmer, all else dropped, so
//! that nothing is left of Chinese and words with umlauts fall apart), or `"words"` (every letter of every
//! script; a Chinese character or kana is a word of its own). The value is the F-measure with equal weight
//! of precision and recall, of several targets the best.
//!
//! The work grows with the product of both lengths: it refuses targets and does not read answers of more
//! than [`LONGEST`] words.

use cleanbench_core::{Sample, Score};
use cleanbench_text::{rouge_l, rouge_tokens, words};

use crate::params::Params;
use crate::rule::Rule;
use crate::target;

/// Most words of an answer or a target.
const LONGEST: usize = 20_000;

/// Compares sequences of words.
#[derive(Debug)]
pub(crate) struct RougeL {
    tokenise: fn(&str) -> Vec<String>,
}

pub(crate) fn build(params: &mut Params<'_>) -> RougeL {
    let rouge: fn(&str) -> Vec<String> = rouge_tokens;
    RougeL {
        tokenise: params.word("tokens", &[("rouge", rouge), ("words", words)]),
    }
}

impl Rule for RougeL {
    fn version(&self) -> u32 {
        2
    }

    fn work(&self, sample: &Sample, text: &str) -> u64 {
        target::work_by_product(sample, text) / 4
    }

    fn check_sample(&self, sample: &Sample) -> Result<(), String> {
        target::check_tokens(sample, self.tokenise)
            .map_err(|reason| format!("{reason}; `tokens = \"words\"` knows all scripts"))?;
        let long = |text: &String| (self.tokenise)(text).len() > LONGEST;
        if target::texts(sample).iter().any(long) {
            return Err(format!("the target has more than {LONGEST} words"));
        }
        Ok(())
    }

    fn judge(&self, sample: &Sample, text: &str) -> Score {
        if let Some(refused) = target::too_much(self.work(sample, text)) {
            return refused;
        }
        let tokens = (self.tokenise)(text);
        if tokens.len() > LONGEST {
            return Score::not_extracted("more than 20000 words");
        }
        let value = target::best(sample, |target| rouge_l(&tokens, &(self.tokenise)(target)));
        Score::share(value, text.trim())
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::testing::Expect::{Nothing, Part, Right, Wrong};
    use crate::testing::{check, faulty, refused, sample, spec};

    #[test]
    fn cases() {
        let plain = spec("rouge_l", json!({}));
        let words = spec("rouge_l", json!({"tokens": "words"}));
        for (spec, target, text, expect) in [
            (
                &plain,
                json!("one two three"),
                "One, two; three",
                Right("One, two; three"),
            ),
            (
                &plain,
                json!("one two three"),
                "three two one",
                Part(1.0 / 3.0, "three two one"),
            ),
            (
                &plain,
                json!(["x", "one two"]),
                "one",
                Part(2.0 / 3.0, "one"),
            ),
            (&plain, json!("one"), "二", Wrong("二")),
            (&plain, json!("one"), " ", Nothing("empty completion")),
            (&words, json!("红桥"), "红的桥", Part(0.8, "红的桥")),
        ] {
            check(spec, &sample(target, &[]), text, expect);
        }
        refused(&plain, &sample(json!("红桥"), &[]), "knows all scripts");
        faulty(
            &spec("rouge_l", json!({"tokens": "13a"})),
            "tokens",
            "`rouge`, `words`",
        );
    }

    #[test]
    fn lengths_are_bounded() {
        let plain = spec("rouge_l", json!({}));
        let long = "a ".repeat(LONGEST + 1);
        check(
            &plain,
            &sample(json!("a"), &[]),
            &long,
            Nothing("more than 20000 words"),
        );
        refused(&plain, &sample(json!(long), &[]), "more than 20000 words");
    }
}
