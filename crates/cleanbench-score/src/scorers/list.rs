//! `list`: the items that the answer lists against those of the target.
//!
//! Parameters: `score` (`"f1"`, `"precision"`, `"recall"`, or `"exact"`: 1 only for the same items),
//! `ordered` (items match in one order only: the longest common subsequence counts; false), `duplicates`
//! (an item counts as often as it occurs; false: once), `case` (upper and lower case differ; false).
//!
//! The answer's items, by the first of these that applies: a JSON array, alone, in a fenced block or the only one in
//! an object; what stands in a box or a tag, or what a statement such as "the answers are" leads in; and there, or
//! anywhere: lines that begin with a bullet, a number or a letter (of nested ones the outermost, of ticked ones the
//! ticked); the first column of a table that holds words; short lines; parts of the last line that is no remark,
//! divided by `;`, else by `,`, `，` or `、`, else by `→`, `|` or `/`, and by "and" before the last. Commas in numbers,
//! brackets and quotes divide nothing. Where something is said of every item behind a colon or a dash, it is no part
//! of it. Items are compared without bullets, quotes, emphasis and a full stop at the end.
//!
//! The target is a list of texts and numbers, which may not be empty. It does not read answers of more
//! than [`LONGEST`] items or [`MOST_BYTES`] bytes, nor a sentence that lists nothing.

mod items;

use cleanbench_core::{Sample, Score};
use cleanbench_text::longest_common_subsequence;
use serde_json::Value;

use self::items::{Known, items};
use crate::params::Params;
use crate::rule::Rule;
use crate::scorers::choice::options::undecorated;
use crate::target;
use cleanbench_text::scan::fold_case;

/// Most items of an answer.
const LONGEST: usize = 10_000;

/// Bytes of an answer.
const MOST_BYTES: usize = 1 << 20;

/// Most commas, semicolons and ends of lines of an answer.
const MOST_MARKS: usize = 8 * LONGEST;

/// What is made of the matches.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Measure {
    F1,
    Precision,
    Recall,
    Exact,
}

/// Compares lists.
#[derive(Debug)]
pub(crate) struct List {
    measure: Measure,
    ordered: bool,
    duplicates: bool,
    case: bool,
}

pub(crate) fn build(params: &mut Params<'_>) -> List {
    let words = [
        ("f1", Measure::F1),
        ("precision", Measure::Precision),
        ("recall", Measure::Recall),
        ("exact", Measure::Exact),
    ];
    List {
        measure: params.word("score", &words),
        ordered: params.flag("ordered", false),
        duplicates: params.flag("duplicates", false),
        case: params.flag("case", false),
    }
}

impl List {
    fn prepared(&self, items: impl Iterator<Item = String>) -> Vec<String> {
        let mut kept: Vec<String> = items
            .map(|item| undecorated(&item))
            .map(|item| if self.case { item } else { fold_case(&item) })
            .collect();
        if !self.duplicates {
            let mut seen = std::collections::HashSet::with_capacity(kept.len());
            kept.retain(|item| seen.insert(item.clone()));
        }
        kept
    }

    fn matches(&self, answer: &[String], target: &[String]) -> usize {
        if self.ordered {
            return longest_common_subsequence(answer, target);
        }
        let mut left = std::collections::HashMap::new();
        for item in target {
            *left.entry(item).or_insert(0_u32) += 1;
        }
        answer
            .iter()
            .filter(|item| match left.get_mut(item) {
                Some(count) if *count > 0 => {
                    *count -= 1;
                    true
                }
                _ => false,
            })
            .count()
    }

    #[expect(clippy::cast_precision_loss, reason = "lists are bounded")]
    fn value(&self, answer: &[String], target: &[String]) -> f64 {
        let matches = self.matches(answer, target) as f64;
        let (found, wanted) = (answer.len().max(1) as f64, target.len().max(1) as f64);
        match self.measure {
            Measure::Precision => matches / found,
            Measure::Recall => matches / wanted,
            Measure::F1 => 2.0 * matches / (found + wanted),
            Measure::Exact => f64::from(u8::from(matches >= found.max(wanted))),
        }
    }
}

impl Rule for List {
    const COMPARES_TEXTS: bool = true;
    const LOOKS: bool = true;
    const LISTS: bool = true;

    fn version(&self) -> u32 {
        3
    }

    fn work(&self, sample: &Sample, text: &str) -> u64 {
        target::work_by_each(sample, text, 1)
    }

    fn check_sample(&self, sample: &Sample) -> Result<(), String> {
        match target::required(sample)? {
            Value::Array(items) if items.len() > LONGEST => {
                Err(format!("the target has more than {LONGEST} items"))
            }
            Value::Array(_) => target::check_texts(sample),
            other => Err(format!("the target must be a list, not {other}")),
        }
    }

    fn judge(&self, sample: &Sample, text: &str) -> Score {
        // What divides so often divides more items than are read.
        let divides = |byte: &u8| matches!(byte, b',' | b';' | b'\n');
        if text.len() > MOST_BYTES {
            return Score::not_extracted("more than 1 MiB of text");
        }
        if text.bytes().filter(divides).count() > MOST_MARKS {
            return Score::not_extracted("more than 10000 items");
        }
        let target = self.prepared(target::texts(sample).into_iter());
        let known = Known {
            items: target.iter().cloned().collect(),
            case: self.case,
            longest: target.iter().map(String::len).max().unwrap_or(0),
        };
        let answer = self.prepared(items(text, &known).into_iter());
        if answer.is_empty() {
            return Score::not_extracted("no items");
        }
        if answer.len() > LONGEST {
            return Score::not_extracted("more than 10000 items");
        }
        let value = self.value(&answer, &target);
        Score::share(value, answer.join("; "))
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use crate::testing::Expect::{self, Nothing, Part, Right, Wrong};
    use crate::testing::{check, faulty, refused, sample, spec};

    fn case(params: Value, target: Value, text: &str, expect: Expect) {
        check(&spec("list", params), &sample(target, &[]), text, expect);
    }

    #[test]
    fn where_items_are_found() {
        let target = json!(["red", "dark blue"]);
        for text in [
            r#"["Red", "dark blue"]"#,
            "Here:\n```json\n[\"red\", \"dark blue\"]\n```",
            "Sure:\n- **Red**\n- dark  blue.",
            "1. red\n2) dark blue",
            "The answer is: dark blue, red.",
            "I thought about it.\nred; dark blue",
            "red、dark blue",
        ] {
            let judged = crate::build(&spec("list", json!({}))).unwrap().score(
                &sample(target.clone(), &[]),
                &crate::testing::completion(text),
            );
            assert!((judged.value - 1.0).abs() < 1e-12, "{text}: {judged:?}");
        }
        case(json!({}), target.clone(), "red", Part(2.0 / 3.0, "red"));
        case(json!({}), target.clone(), "green", Wrong("green"));
        case(json!({}), target.clone(), "[]", Nothing("no items"));
        case(json!({}), target, "", Nothing("empty completion"));
    }

    #[test]
    fn measures() {
        let target = json!(["a", "b", "c"]);
        let by = |word: &str| json!({"score": word});
        case(by("precision"), target.clone(), "a, x", Part(0.5, "a; x"));
        case(
            by("recall"),
            target.clone(),
            "a, x",
            Part(1.0 / 3.0, "a; x"),
        );
        case(by("exact"), target.clone(), "c, b, a", Right("c; b; a"));
        case(
            by("exact"),
            target.clone(),
            "a, b, c, d",
            Wrong("a; b; c; d"),
        );
        let ordered = json!({"ordered": true, "score": "recall"});
        case(ordered, target, "c, a, b", Part(2.0 / 3.0, "c; a; b"));
        let twice = json!(["a", "a"]);
        case(by("exact"), twice.clone(), "a", Right("a"));
        let counted = json!({"duplicates": true, "score": "recall"});
        case(counted, twice, "a", Part(0.5, "a"));
        case(json!({"case": true}), json!(["A"]), "a", Wrong("a"));
        case(json!({}), json!([1, 2]), "[2, 1]", Right("2; 1"));
    }

    #[test]
    fn samples_and_parameters_that_are_refused() {
        let plain = spec("list", json!({}));
        refused(&plain, &sample(json!("a"), &[]), "must be a list");
        refused(&plain, &sample(json!([]), &[]), "empty list");
        refused(&plain, &sample(json!([["a"]]), &[]), "no string, number");
        faulty(
            &spec("list", json!({"score": "recal"})),
            "score",
            "mean `recall`?",
        );
    }
}
