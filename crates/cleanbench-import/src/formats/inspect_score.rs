//! Scores of an Inspect log as numbers, by the rule of its own `value_to_float`: `C` is 1, `P` a half, `I` and `N` are
//! 0, `yes` and `true` are 1, `no` and `false` 0, a text of digits is that number, and any other text is 0.

use cleanbench_model::imported::ImportedScore;
use serde::Deserialize;
use serde_json::{Map, Value};

use crate::gather::Gathering;
use crate::json;

const WORDS: &str =
    "score that is a word (`C`, `I`, `P`, `N`, yes, no), counted as Inspect does: 1, 0, 0.5, 0";
const UNKNOWN_WORD: &str = "score that is another word, which Inspect counts as 0";
const NO_NUMBER: &str = "score that is no number (none, not a number, or a list); it is left out";

/// A score as it stands there.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct RawScore {
    value: Value,
    answer: Value,
}

/// The scores of a sample, by scorer, or where early versions had only one, that.
pub(super) fn scores(
    scores: Option<Map<String, Value>>,
    single: Option<RawScore>,
    task: usize,
    gathering: &mut Gathering,
) -> Vec<ImportedScore> {
    let mut found = Vec::new();
    for (scorer, value) in scores.into_iter().flatten() {
        let score = serde_json::from_value(value).unwrap_or_default();
        found.extend(of_scorer(&scorer, &score, task, gathering));
    }
    if let Some(single) = single.filter(|_| found.is_empty()) {
        found.extend(of_scorer("score", &single, task, gathering));
    }
    found
}

/// The score of `scorer`, or where it is an object, each of its own; one that has the name of another scorer's is
/// called by both names.
fn of_scorer(
    scorer: &str,
    score: &RawScore,
    task: usize,
    gathering: &mut Gathering,
) -> Vec<ImportedScore> {
    let values = match &score.value {
        Value::Object(several) => several
            .iter()
            .map(|(name, value)| (name.as_str(), value))
            .collect(),
        one => vec![(scorer, one)],
    };
    let each = values.into_iter().filter_map(|(name, value)| {
        let name = gathering.score_name(task, scorer, name);
        one(name, value, score, gathering)
    });
    each.collect()
}

fn one(
    scorer: String,
    value: &Value,
    score: &RawScore,
    gathering: &mut Gathering,
) -> Option<ImportedScore> {
    let Some(number) = number(value) else {
        gathering.remark(NO_NUMBER);
        return None;
    };
    if let Some(remark) = number.remark {
        gathering.remark(remark);
    }
    Some(ImportedScore {
        scorer,
        value: number.value,
        said: value.as_str().map(str::to_owned),
        answer: json::text(&score.answer),
    })
}

struct Counted {
    value: f64,
    remark: Option<&'static str>,
}

fn number(value: &Value) -> Option<Counted> {
    let plain = |value| Counted {
        value,
        remark: None,
    };
    match value {
        Value::Bool(flag) => Some(plain(f64::from(u8::from(*flag)))),
        Value::Number(number) => number.as_f64().map(plain),
        Value::String(text) => Some(of_word(text)),
        Value::Null | Value::Array(_) | Value::Object(_) => None,
    }
}

fn of_word(text: &str) -> Counted {
    let known = |value| Counted {
        value,
        remark: Some(WORDS),
    };
    match text {
        "C" => return known(1.0),
        "P" => return known(0.5),
        "I" | "N" => return known(0.0),
        _ => {}
    }
    let lower = text.to_lowercase();
    match lower.as_str() {
        "yes" | "true" => known(1.0),
        "no" | "false" => known(0.0),
        _ => match lower.parse::<f64>().ok().filter(|value| value.is_finite()) {
            Some(value) => Counted {
                value,
                remark: None,
            },
            None => Counted {
                value: 0.0,
                remark: Some(UNKNOWN_WORD),
            },
        },
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn values_are_numbers_as_inspect_counts_them() {
        for (value, expected) in [
            (json!("C"), Some(1.0)),
            (json!("I"), Some(0.0)),
            (json!("P"), Some(0.5)),
            (json!("N"), Some(0.0)),
            (json!("Yes"), Some(1.0)),
            (json!("false"), Some(0.0)),
            (json!("0.25"), Some(0.25)),
            (json!("7"), Some(7.0)),
            (json!("well"), Some(0.0)),
            (json!(true), Some(1.0)),
            (json!(0.5), Some(0.5)),
            (json!(null), None),
            (json!([1]), None),
        ] {
            assert_eq!(number(&value).map(|it| it.value), expected, "{value}");
        }
    }

    #[test]
    fn an_object_is_a_score_for_each_of_its_names() {
        let mut gathering = Gathering::default();
        let given = json!({"s": {"value": {"a": "C", "b": 0.5}, "answer": "x"}});
        let found = scores(given.as_object().cloned(), None, 0, &mut gathering);
        let found: Vec<_> = found
            .iter()
            .map(|it| (it.scorer.as_str(), it.value))
            .collect();
        assert_eq!(found, [("a", 1.0), ("b", 0.5)]);
    }

    #[test]
    fn two_scorers_with_a_score_of_one_name_keep_both() {
        let mut gathering = Gathering::default();
        let both = json!({"s1": {"value": {"correct": 1}}, "s2": {"value": {"correct": 0}}});
        let later = json!({"s2": {"value": {"correct": 0.5}}});
        for (given, expected) in [
            (both, &[("correct", 1.0), ("s2/correct", 0.0)][..]),
            (later, &[("s2/correct", 0.5)]),
        ] {
            let found = scores(given.as_object().cloned(), None, 0, &mut gathering);
            let found = found.iter().map(|it| (it.scorer.as_str(), it.value));
            assert_eq!(found.collect::<Vec<_>>(), expected);
        }
    }
}
