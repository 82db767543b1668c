//! `chrf`: overlap of character n-grams, as `sacrebleu.sentence_chrf` has it, divided by 100 (Popović 2015).
//!
//! No parameters: chrF2, n-grams of 1 to 6 characters without white space, recall weighs twice as much as
//! precision, case counts; of several targets the best. It needs no words, so it serves every language.

use cleanbench_core::{Sample, Score};
use cleanbench_text::chrf;

use crate::rule::Rule;
use crate::target;

/// Compares n-grams of characters.
#[derive(Debug)]
pub(crate) struct Chrf;

impl Rule for Chrf {
    fn version(&self) -> u32 {
        2
    }

    fn work(&self, sample: &Sample, text: &str) -> u64 {
        target::work_by_each(sample, text, 5)
    }

    fn check_sample(&self, sample: &Sample) -> Result<(), String> {
        target::check_texts(sample)
    }

    fn judge(&self, sample: &Sample, text: &str) -> Score {
        if let Some(refused) = target::too_much(self.work(sample, text)) {
            return refused;
        }
        let value = target::best(sample, |target| chrf(text, target));
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
        let plain = spec("chrf", json!({}));
        for (target, text, expect) in [
            (json!("a b"), "ab", Right("ab")),
            (json!("ac"), "ab", Part(0.25, "ab")),
            (json!(["ac", "ab"]), "ab", Right("ab")),
            (json!("红桥"), "红路", Part(0.25, "红路")),
            (json!("x"), "y", Wrong("y")),
            (json!("x"), "\n", Nothing("empty completion")),
        ] {
            check(&plain, &sample(target, &[]), text, expect);
        }
        refused(&plain, &sample(json!(""), &[]), "empty text");
        faulty(
            &spec("chrf", json!({"beta": 3})),
            "beta",
            "unknown parameter",
        );
    }
}
