//! `edit_similarity`: 1 less the edit distance over the length of the longer text, in characters
//! (Levenshtein 1966).
//!
//! Parameters: `case` (upper and lower case differ; true), `whitespace` (runs of white space count as
//! written; false: they are one space). White space at the ends never counts; of several targets the best.
//!
//! The work grows with the product of both lengths: it refuses targets and does not read answers of more
//! than [`LONGEST`] characters.

use cleanbench_core::{Sample, Score};
use cleanbench_text::edit_distance;

use crate::params::Params;
use crate::rule::Rule;
use crate::target;
use cleanbench_text::scan::{collapse, fold_case};

/// Most characters of an answer or a target.
const LONGEST: usize = 20_000;

/// Counts edits.
#[derive(Debug)]
pub(crate) struct EditSimilarity {
    case: bool,
    whitespace: bool,
}

pub(crate) fn build(params: &mut Params<'_>) -> EditSimilarity {
    EditSimilarity {
        case: params.flag("case", true),
        whitespace: params.flag("whitespace", false),
    }
}

impl EditSimilarity {
    fn letters(&self, text: &str) -> Vec<char> {
        let text = if self.whitespace {
            text.trim().to_owned()
        } else {
            collapse(text)
        };
        if self.case {
            text.chars().collect()
        } else {
            fold_case(&text).chars().collect()
        }
    }
}

#[expect(clippy::cast_precision_loss, reason = "lengths are bounded")]
fn similarity(one: &[char], other: &[char]) -> f64 {
    let longest = one.len().max(other.len()).max(1);
    1.0 - edit_distance(one, other) as f64 / longest as f64
}

impl Rule for EditSimilarity {
    fn version(&self) -> u32 {
        2
    }

    fn work(&self, sample: &Sample, text: &str) -> u64 {
        target::work_by_product(sample, text)
    }

    fn check_sample(&self, sample: &Sample) -> Result<(), String> {
        target::check_texts(sample)?;
        let long = |text: &String| self.letters(text).len() > LONGEST;
        if target::texts(sample).iter().any(long) {
            return Err(format!("the target has more than {LONGEST} characters"));
        }
        Ok(())
    }

    fn judge(&self, sample: &Sample, text: &str) -> Score {
        if let Some(refused) = target::too_much(self.work(sample, text)) {
            return refused;
        }
        let letters = self.letters(text);
        if letters.len() > LONGEST {
            return Score::not_extracted("more than 20000 characters");
        }
        let value = target::best(sample, |target| similarity(&letters, &self.letters(target)));
        Score::share(value, text.trim())
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;
    use crate::testing::Expect::{self, Nothing, Part, Right, Wrong};
    use crate::testing::{check, faulty, refused, sample, spec};

    fn case(params: Value, target: Value, text: &str, expect: Expect) {
        check(
            &spec("edit_similarity", params),
            &sample(target, &[]),
            text,
            expect,
        );
    }

    #[test]
    fn cases() {
        case(json!({}), json!("kitten"), " kitten ", Right("kitten"));
        case(
            json!({}),
            json!("kitten"),
            "sitting",
            Part(4.0 / 7.0, "sitting"),
        );
        case(json!({}), json!("a b"), "a \n b", Right("a \n b"));
        case(
            json!({"whitespace": true}),
            json!("a b"),
            "a  b",
            Part(0.75, "a  b"),
        );
        case(json!({}), json!("AB"), "ab", Wrong("ab"));
        case(json!({"case": false}), json!("ÄB"), "äb", Right("äb"));
        case(
            json!({}),
            json!(["xyz", "北京市"]),
            "北京",
            Part(2.0 / 3.0, "北京"),
        );
        case(json!({}), json!("a"), "", Nothing("empty completion"));
        let plain = spec("edit_similarity", json!({}));
        let long = "a".repeat(LONGEST + 1);
        check(
            &plain,
            &sample(json!("a"), &[]),
            &long,
            Nothing("more than 20000 characters"),
        );
        refused(&plain, &sample(json!(long), &[]), "more than 20000");
        faulty(
            &spec("edit_similarity", json!({"case": 1})),
            "case",
            "true or false",
        );
    }
}
