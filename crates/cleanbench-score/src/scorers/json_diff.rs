//! `json_diff`: how much of the target's JSON the answer has, value by value.
//!
//! Parameters: `extra` (`"count"`: a value that the target lacks counts against the answer; `"ignore"`),
//! `case` (upper and lower case differ; true), `numbers_from_strings` (`"12"` equals 12; false).
//!
//! Both are taken apart into their values that are no object or array, each at its path (`a.b[0]`; an
//! empty object or array is a value). The score is the number of equal values over the number of paths in
//! the target, plus those that only the answer has. Array items are compared by position. The parts name
//! each path: 1 for equal, 0 for different, missing or extra; at most [`MOST_PARTS`] of them.
//!
//! The JSON is looked for as by `json_schema`. It refuses samples without a target.

use cleanbench_core::{Sample, Score, canonical};
use serde_json::Value;

use crate::json_equal::Equality;
use crate::params::Params;
use crate::rule::Rule;
use crate::scorers::json_fields::SPREAD;
use crate::target;
use cleanbench_text::json::{find_value, is_spread};

/// Most paths that are named.
const MOST_PARTS: usize = 100;

/// Compares JSON by structure.
#[derive(Debug)]
pub(crate) struct JsonDiff {
    extra: bool,
    equality: Equality,
}

pub(crate) fn build(params: &mut Params<'_>) -> JsonDiff {
    JsonDiff {
        extra: params.word("extra", &[("count", true), ("ignore", false)]),
        equality: Equality {
            case: params.flag("case", true),
            numbers_from_strings: params.flag("numbers_from_strings", false),
            normal: params.flag("normal_form", true),
        },
    }
}

/// What a comparison counts.
#[derive(Debug, Default)]
pub(in crate::scorers) struct Tally {
    equal: u32,
    all: u32,
    path: String,
    parts: Vec<(String, f64)>,
}

impl Tally {
    /// Compares `answer` with `target`; values that only the answer has count if `extra`.
    pub(in crate::scorers) fn of(
        target: &Value,
        answer: &Value,
        equality: Equality,
        extra: bool,
    ) -> Self {
        let mut tally = Self::default();
        tally.compare(target, answer, equality, extra);
        tally
    }

    /// The share of equal values.
    pub(in crate::scorers) fn share(&self) -> f64 {
        f64::from(self.equal) / f64::from(self.all.max(1))
    }

    fn compare(&mut self, target: &Value, answer: &Value, equality: Equality, extra: bool) {
        match (target, answer) {
            (Value::Object(a), Value::Object(b)) if !a.is_empty() && !b.is_empty() => {
                for (key, expected) in a {
                    self.below(&step(key), |tally| match b.get(key) {
                        Some(found) => tally.compare(expected, found, equality, extra),
                        None => tally.unmatched(expected),
                    });
                }
                let more = b.iter().filter(|(key, _)| extra && !a.contains_key(*key));
                for (key, found) in more {
                    self.below(&step(key), |tally| tally.unmatched(found));
                }
            }
            (Value::Array(a), Value::Array(b)) if !a.is_empty() && !b.is_empty() => {
                for (index, (expected, found)) in a.iter().zip(b).enumerate() {
                    self.below(&format!("[{index}]"), |tally| {
                        tally.compare(expected, found, equality, extra);
                    });
                }
                let shorter = a.len().min(b.len());
                let longer = if a.len() > b.len() || !extra { a } else { b };
                for (index, value) in longer.iter().enumerate().skip(shorter) {
                    self.below(&format!("[{index}]"), |tally| tally.unmatched(value));
                }
            }
            (a, b) if is_single(a) && is_single(b) => self.count(equality.holds(a, b)),
            (a, b) => {
                self.unmatched(a);
                if extra {
                    self.unmatched(b);
                }
            }
        }
    }

    /// Counts every value in `json` as one that has no equal.
    fn unmatched(&mut self, json: &Value) {
        match json {
            Value::Object(object) if !object.is_empty() => {
                for (key, value) in object {
                    self.below(&step(key), |tally| tally.unmatched(value));
                }
            }
            Value::Array(items) if !items.is_empty() => {
                for (index, value) in items.iter().enumerate() {
                    self.below(&format!("[{index}]"), |tally| tally.unmatched(value));
                }
            }
            _ => self.count(false),
        }
    }

    fn count(&mut self, equal: bool) {
        self.all = self.all.saturating_add(1);
        self.equal += u32::from(equal);
        if self.parts.len() < MOST_PARTS {
            self.parts
                .push((self.path.clone(), f64::from(u8::from(equal))));
        }
    }

    fn below(&mut self, step: &str, work: impl FnOnce(&mut Self)) {
        let length = self.path.len();
        let joint = if length == 0 || step.starts_with('[') {
            ""
        } else {
            "."
        };
        self.path.push_str(joint);
        self.path.push_str(step);
        work(self);
        self.path.truncate(length);
    }
}

/// Whether `json` is a value of its own: no object or array with something in it.
fn is_single(json: &Value) -> bool {
    match json {
        Value::Object(object) => object.is_empty(),
        Value::Array(items) => items.is_empty(),
        _ => true,
    }
}

/// A key as a step of a path, cut where it is long.
fn step(key: &str) -> String {
    key.chars().take(60).collect()
}

impl Rule for JsonDiff {
    fn version(&self) -> u32 {
        3
    }

    fn check_sample(&self, sample: &Sample) -> Result<(), String> {
        target::required(sample).map(drop)
    }

    fn judge(&self, sample: &Sample, text: &str) -> Score {
        let Some(answer) = find_value(text) else {
            return Score::not_extracted("no JSON");
        };
        let target = sample.target.as_ref().unwrap_or(&Value::Null);
        let has = |key: &str| target.get(key).is_some();
        if answer
            .as_object()
            .is_some_and(|read| is_spread(text, read, has))
        {
            return Score::not_extracted(SPREAD);
        }
        let tally = Tally::of(target, &answer, self.equality, self.extra);
        let found = canonical::to_bytes(&answer);
        Score {
            value: tally.share(),
            parts: tally.parts,
            ..Score::verdict(false, String::from_utf8_lossy(&found)).by("json")
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use crate::testing::Expect::{self, Nothing, Part, Right, Wrong};
    use crate::testing::{check, completion, faulty, refused, sample, spec};

    fn case(params: Value, target: Value, text: &str, expect: Expect) {
        check(
            &spec("json_diff", params),
            &sample(target, &[]),
            text,
            expect,
        );
    }

    #[test]
    fn cases() {
        let target = json!({"a": 1, "b": {"c": [true, "x"]}});
        let same = r#"{"a":1.0,"b":{"c":[true," x "]}}"#;
        case(json!({}), target.clone(), same, Right(same));
        let more = r#"{"a":1,"b":{"c":[true,"x"]},"d":0}"#;
        case(json!({}), target.clone(), more, Part(0.75, more));
        case(
            json!({"extra": "ignore"}),
            target.clone(),
            more,
            Right(more),
        );
        let less = r#"{"a":2,"b":{"c":[true]}}"#;
        case(json!({}), target.clone(), less, Part(1.0 / 3.0, less));
        case(json!({}), target.clone(), "[]", Wrong("[]"));
        case(json!({}), target.clone(), "a is 1", Nothing("no JSON"));
        case(json!({}), target, " ", Nothing("empty completion"));
        case(json!({}), json!([]), "[]", Right("[]"));
        case(
            json!({"case": false}),
            json!(["X"]),
            r#"["x"]"#,
            Right(r#"["x"]"#),
        );
        case(
            json!({"numbers_from_strings": true}),
            json!([1]),
            r#"["1"]"#,
            Right(r#"["1"]"#),
        );
        case(
            json!({}),
            json!({"a.b": 1}),
            r#"{"a":{"b":1}}"#,
            Wrong(r#"{"a":{"b":1}}"#),
        );
    }

    #[test]
    fn parts_name_the_paths() {
        let scorer = crate::build(&spec("json_diff", json!({}))).unwrap();
        let target = sample(json!({"a": 1, "b": [2, {"c": 3}]}), &[]);
        let score = scorer.score(&target, &completion(r#"{"a":1,"b":[2,{"d":3}]}"#));
        let parts: Vec<(&str, f64)> = score
            .parts
            .iter()
            .map(|(path, value)| (path.as_str(), *value))
            .collect();
        assert_eq!(
            parts,
            [("a", 1.0), ("b[0]", 1.0), ("b[1].c", 0.0), ("b[1].d", 0.0)]
        );
    }

    #[test]
    fn samples_and_parameters_that_are_refused() {
        refused(
            &spec("json_diff", json!({})),
            &sample(json!(null), &[]),
            "no target",
        );
        faulty(
            &spec("json_diff", json!({"extra": true})),
            "extra",
            "`count`, `ignore`",
        );
    }
}
