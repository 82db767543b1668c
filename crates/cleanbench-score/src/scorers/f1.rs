//! `f1`: overlap of the answer's words with the target's, as in `SQuAD` (Rajpurkar et al. 2016).
//!
//! No parameters. Both texts become lower case, lose ASCII punctuation and the articles a, an and the, and
//! are divided at white space; the value is F1 of the two bags of words, of several targets the best.
//! Languages without spaces have one word a sentence: use `chrf` for those.
//!
//! It refuses targets of which that leaves nothing.

use cleanbench_core::{Sample, Score};
use cleanbench_text::{bag_f1, squad_tokens};

use crate::rule::Rule;
use crate::target;

/// Compares bags of words.
#[derive(Debug)]
pub(crate) struct F1;

impl Rule for F1 {
    const COMPARES_TEXTS: bool = true;

    fn version(&self) -> u32 {
        2
    }

    fn work(&self, sample: &Sample, text: &str) -> u64 {
        target::work_by_each(sample, text, 1)
    }

    fn check_sample(&self, sample: &Sample) -> Result<(), String> {
        target::check_tokens(sample, squad_tokens)
    }

    fn judge(&self, sample: &Sample, text: &str) -> Score {
        if let Some(refused) = target::too_much(self.work(sample, text)) {
            return refused;
        }
        let tokens = squad_tokens(text);
        let value = target::best(sample, |target| bag_f1(&tokens, &squad_tokens(target)));
        Score::share(value, text.trim())
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use crate::testing::Expect::{Nothing, Part, Right, Wrong};
    use crate::testing::{check, faulty, refused, sample, spec};

    #[test]
    fn cases() {
        let plain = spec("f1", json!({}));
        for (target, text, expect) in [
            (
                json!("the red bridge"),
                " Red bridge! ",
                Right("Red bridge!"),
            ),
            (
                json!("red bridge"),
                "the old bridge",
                Part(0.5, "the old bridge"),
            ),
            (json!(["red", "old bridge"]), "old", Part(2.0 / 3.0, "old")),
            (json!("red"), "blue", Wrong("blue")),
            (json!("red"), "the", Wrong("the")),
            (json!(7), "7", Right("7")),
            (json!("红桥"), "红桥。", Wrong("红桥。")),
            (json!("red"), "", Nothing("empty completion")),
        ] {
            check(&plain, &sample(target, &[]), text, expect);
        }
        refused(&plain, &sample(json!(null), &[]), "no target");
        refused(
            &plain,
            &sample(json!(["a b", "The"]), &[]),
            "nothing of the target \"The\"",
        );
        faulty(
            &spec("f1", json!({"case": true})),
            "case",
            "unknown parameter",
        );
    }
}
