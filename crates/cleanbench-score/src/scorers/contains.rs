//! `contains`: the answer contains the target.
//!
//! Parameters: `all` (every acceptable text must occur, not any one; false), `case` (upper and lower
//! case differ; false), `words` (only as whole words; false).
//!
//! It refuses empty targets, which every text contains.

use cleanbench_core::{Sample, Score};

use crate::params::Params;
use crate::rule::Rule;
use crate::target;
use cleanbench_text::scan::{fold_case, word_occurrences};

/// Looks for texts in the answer.
#[derive(Debug)]
pub(crate) struct Contains {
    all: bool,
    case: bool,
    words: bool,
}

pub(crate) fn build(params: &mut Params<'_>) -> Contains {
    Contains {
        all: params.flag("all", false),
        case: params.flag("case", false),
        words: params.flag("words", false),
    }
}

impl Contains {
    fn prepare(&self, text: &str) -> String {
        if self.case {
            text.to_owned()
        } else {
            fold_case(text)
        }
    }

    fn occurs(&self, text: &str, needle: &str) -> bool {
        if self.words {
            word_occurrences(text, needle).next().is_some()
        } else {
            text.contains(needle)
        }
    }
}

impl Rule for Contains {
    const COMPARES_TEXTS: bool = true;

    fn version(&self) -> u32 {
        2
    }

    fn work(&self, sample: &Sample, text: &str) -> u64 {
        target::work_by_each(sample, text, 1)
    }

    fn check_sample(&self, sample: &Sample) -> Result<(), String> {
        target::check_texts(sample)
    }

    fn judge(&self, sample: &Sample, text: &str) -> Score {
        if let Some(refused) = target::too_much(self.work(sample, text)) {
            return refused;
        }
        let prepared = self.prepare(text);
        let needles = target::texts(sample);
        let occurs = |needle: &String| self.occurs(&prepared, &self.prepare(needle));
        let right = if self.all {
            needles.iter().all(occurs)
        } else {
            needles.iter().any(occurs)
        };
        Score::verdict(right, text.trim())
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use crate::testing::Expect::{self, Nothing, Right, Wrong};
    use crate::testing::{check, faulty, refused, sample, spec};

    fn case(params: Value, target: Value, text: &str, expect: Expect) {
        check(
            &spec("contains", params),
            &sample(target, &[]),
            text,
            expect,
        );
    }

    #[test]
    fn cases() {
        case(
            json!({}),
            json!("paris"),
            "It is PARIS.\n",
            Right("It is PARIS."),
        );
        case(json!({}), json!("Paris"), "Par is", Wrong("Par is"));
        case(json!({}), json!("art"), "party", Right("party"));
        case(json!({}), json!("x"), "\n\n", Nothing("empty completion"));
        case(
            json!({"case": true}),
            json!("Paris"),
            "paris",
            Wrong("paris"),
        );
        case(
            json!({"case": true}),
            json!("Paris"),
            "Paris!",
            Right("Paris!"),
        );
        case(
            json!({"words": true}),
            json!("art"),
            "party",
            Wrong("party"),
        );
        case(
            json!({"words": true}),
            json!("art"),
            "Art, he said",
            Right("Art, he said"),
        );
        case(json!({"words": true}), json!(5), "1.5", Wrong("1.5"));
        case(
            json!({"words": true}),
            json!("c++"),
            "in C++.",
            Right("in C++."),
        );
        case(
            json!({}),
            json!(["red", "blue"]),
            "a blue car",
            Right("a blue car"),
        );
        case(
            json!({"all": true}),
            json!(["red", "blue"]),
            "a blue car",
            Wrong("a blue car"),
        );
        case(
            json!({"all": true}),
            json!(["red", "blue"]),
            "Red, blue",
            Right("Red, blue"),
        );
        case(json!({}), json!("ΣΑΣ"), "σασ", Right("σασ"));
        case(
            json!({}),
            json!("東京"),
            "首都は東京です",
            Right("首都は東京です"),
        );
    }

    #[test]
    fn samples_and_parameters_that_are_refused() {
        let plain = spec("contains", json!({}));
        refused(&plain, &sample(json!(null), &[]), "no target");
        refused(&plain, &sample(json!(["a", ""]), &[]), "empty text");
        faulty(
            &spec("contains", json!({"all": "yes"})),
            "all",
            "true or false, not \"yes\"",
        );
        faulty(
            &spec("contains", json!({"word": true})),
            "word",
            "mean `words`?",
        );
    }
}
