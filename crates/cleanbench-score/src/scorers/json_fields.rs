//! `json_fields`: declared fields of a JSON object in the answer equal those of the target.
//!
//! Parameters: `fields` (dotted paths, where a number steps into an array; by default every key of
//! the target object, dots and all), `all` (1 only if every field is equal, else 0; by default the
//! score is the share of equal fields), `case` (upper and lower case differ; true),
//! `numbers_from_strings` (`"12"` equals 12; false).
//!
//! Numbers are compared by value (12 equals 12.0), strings without white space at the ends, arrays in
//! order, objects by their keys. A field that the answer lacks is not equal to anything, null
//! included. It refuses targets that are no object or lack a declared field.

use cleanbench_core::{Sample, Score, canonical};
use serde_json::{Map, Value};

use crate::json_equal::Equality;
use crate::params::Params;
use crate::rule::Rule;
use crate::target;
use cleanbench_text::json::{find_object, is_spread};

/// Why no object is read where each holds a part of the answer.
pub(crate) const SPREAD: &str = "fields in several objects";

/// Compares fields of JSON objects.
#[derive(Debug)]
pub(crate) struct JsonFields {
    fields: Option<Vec<String>>,
    all: bool,
    equality: Equality,
}

pub(crate) fn build(params: &mut Params<'_>) -> JsonFields {
    JsonFields {
        fields: params.strings("fields"),
        all: params.flag("all", false),
        equality: Equality {
            case: params.flag("case", true),
            numbers_from_strings: params.flag("numbers_from_strings", false),
            normal: params.flag("normal_form", true),
        },
    }
}

impl JsonFields {
    /// Whether what stands under `key` is compared.
    fn compares(&self, target: &Map<String, Value>, key: &str) -> bool {
        match &self.fields {
            Some(paths) => paths.iter().any(|path| path.split('.').next() == Some(key)),
            None => target.contains_key(key),
        }
    }

    /// How many fields are compared, and how many are equal.
    fn count(&self, target: &Map<String, Value>, answer: &Map<String, Value>) -> (u32, u32) {
        let mut counts = (0, 0);
        let mut tally = |expected: Option<&Value>, found: Option<&Value>| {
            let equal = expected
                .zip(found)
                .is_some_and(|(expected, found)| self.equality.holds(expected, found));
            counts.0 += 1;
            counts.1 += u32::from(equal);
        };
        match &self.fields {
            Some(paths) => {
                for path in paths {
                    tally(follow(target, path), follow(answer, path));
                }
            }
            None => {
                for (key, expected) in target {
                    tally(Some(expected), answer.get(key));
                }
            }
        }
        counts
    }
}

/// The value at a dotted path.
fn follow<'a>(object: &'a Map<String, Value>, path: &str) -> Option<&'a Value> {
    let mut steps = path.split('.');
    let first = object.get(steps.next()?)?;
    steps.try_fold(first, |value, step| match value {
        Value::Object(object) => object.get(step),
        Value::Array(items) => items.get(step.parse::<usize>().ok()?),
        _ => None,
    })
}

impl Rule for JsonFields {
    fn version(&self) -> u32 {
        3
    }

    fn check_sample(&self, sample: &Sample) -> Result<(), String> {
        let target = target::required(sample)?;
        let Some(object) = target.as_object().filter(|object| !object.is_empty()) else {
            return Err(format!(
                "the target must be a JSON object with at least one key, not {target}"
            ));
        };
        let mut declared = self.fields.iter().flatten();
        match declared.find(|path| follow(object, path).is_none()) {
            Some(path) => Err(format!("the target has no field `{path}`")),
            None => Ok(()),
        }
    }

    fn judge(&self, sample: &Sample, text: &str) -> Score {
        let Some(answer) = find_object(text) else {
            return Score::not_extracted("no JSON object");
        };
        let none = Map::new();
        let target = sample.target.as_ref().and_then(Value::as_object);
        if is_spread(text, &answer, |key| {
            self.compares(target.unwrap_or(&none), key)
        }) {
            return Score::not_extracted(SPREAD);
        }
        let (fields, equal) = self.count(target.unwrap_or(&none), &answer);
        let found = canonical::to_bytes(&Value::Object(answer));
        let found = String::from_utf8_lossy(&found);
        let mut score = Score::verdict(equal == fields, found).by("json");
        if !self.all {
            score.value = f64::from(equal) / f64::from(fields.max(1));
        }
        score
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::testing::Expect::{self, Nothing, Part, Right, Wrong};
    use crate::testing::{check, faulty, refused, sample, spec};

    fn case(params: &Value, target: &Value, text: &str, expect: Expect) {
        let (spec, sample) = (
            spec("json_fields", params.clone()),
            sample(target.clone(), &[]),
        );
        check(&spec, &sample, text, expect);
    }

    #[test]
    fn shares_of_fields() {
        let target = json!({"a": 1, "b": "x"});
        for (params, text, expect) in [
            (json!({}), r#"{"a":1,"b":"x"}"#, Right(r#"{"a":1,"b":"x"}"#)),
            (
                json!({}),
                r#"{"b":" x ","a":1.0}"#,
                Right(r#"{"a":1.0,"b":" x "}"#),
            ),
            (
                json!({}),
                r#"{"a":2,"b":"x"}"#,
                Part(0.5, r#"{"a":2,"b":"x"}"#),
            ),
            (json!({}), r#"{"c":2}"#, Wrong(r#"{"c":2}"#)),
            (json!({}), "a is 1", Nothing("no JSON object")),
            (json!({}), "", Nothing("empty completion")),
            (
                json!({"all": true}),
                r#"{"a":1,"b":"y"}"#,
                Wrong(r#"{"a":1,"b":"y"}"#),
            ),
            (
                json!({"all": true}),
                r#"{"a":1,"b":"x","c":0}"#,
                Right(r#"{"a":1,"b":"x","c":0}"#),
            ),
            (
                json!({"fields": ["b"]}),
                r#"{"b":"x"}"#,
                Right(r#"{"b":"x"}"#),
            ),
        ] {
            case(&params, &target, text, expect);
        }
    }

    #[test]
    fn equality_of_values() {
        let plain = json!({});
        let folded = json!({"case": false});
        let lenient = json!({"numbers_from_strings": true});
        for (params, target, text, equal) in [
            (&folded, json!("X"), r#"{"a":"x"}"#, true),
            (&plain, json!("X"), r#"{"a":"x"}"#, false),
            (&lenient, json!(12), r#"{"a":"12.0"}"#, true),
            (&lenient, json!(12), r#"{"a":"12 kg"}"#, false),
            (&plain, json!(12), r#"{"a":"12"}"#, false),
            (&plain, json!(0.1), r#"{"a":0.10}"#, true),
            (
                &plain,
                json!(9_007_199_254_740_993_u64),
                r#"{"a":9007199254740992}"#,
                false,
            ),
            (&plain, json!(true), r#"{"a":true}"#, true),
            (&plain, json!(true), r#"{"a":"true"}"#, false),
            (&plain, json!(null), r#"{"a":null}"#, true),
            (&plain, json!(null), r#"{"b":1}"#, false),
            (&plain, json!([1, 2]), r#"{"a":[1,2.0]}"#, true),
            (&plain, json!([1, 2]), r#"{"a":[2,1]}"#, false),
            (&plain, json!({"b": 1}), r#"{"a":{"b":1,"c":2}}"#, false),
        ] {
            let object: Value = serde_json::from_str(text).unwrap();
            let target = json!({ "a": target });
            let rule = crate::build(&spec("json_fields", params.clone())).unwrap();
            let score = rule.score(&sample(target, &[]), &crate::testing::completion(text));
            assert_eq!(
                score,
                Score::verdict(equal, object.to_string()).by("json"),
                "{text} by {params}"
            );
        }
    }

    #[test]
    fn keys_with_dots_are_keys_unless_declared_as_paths() {
        case(
            &json!({}),
            &json!({"a.b": 1}),
            r#"{"a.b":1}"#,
            Right(r#"{"a.b":1}"#),
        );
        case(
            &json!({}),
            &json!({"a.b": 1}),
            r#"{"a":{"b":1}}"#,
            Wrong(r#"{"a":{"b":1}}"#),
        );
    }

    #[test]
    fn nested_fields() {
        let target = json!({"a": {"b": [{"c": 1}, {"c": 2}]}, "d": 0});
        let deep = json!({"fields": ["a.b.1.c"]});
        let right = r#"{"a":{"b":[0,{"c":2}]}}"#;
        case(&deep, &target, right, Right(right));
        case(
            &deep,
            &target,
            r#"{"a":{"b":{}}}"#,
            Wrong(r#"{"a":{"b":{}}}"#),
        );
        case(&deep, &target, r#"{"a":1}"#, Wrong(r#"{"a":1}"#));
        let whole = r#"{"a":{"b":[{"c":1.0},{"c":2}]},"d":1}"#;
        case(&json!({}), &target, whole, Part(0.5, whole));
    }

    #[test]
    fn samples_and_parameters_that_are_refused() {
        let plain = spec("json_fields", json!({}));
        refused(&plain, &sample(json!(null), &[]), "no target");
        refused(&plain, &sample(json!("x"), &[]), "must be a JSON object");
        refused(&plain, &sample(json!({}), &[]), "at least one key");
        let fields = spec("json_fields", json!({"fields": ["a", "b.c"]}));
        refused(
            &fields,
            &sample(json!({"a": 1, "b": 2}), &[]),
            "no field `b.c`",
        );
        faulty(
            &spec("json_fields", json!({"fields": []})),
            "fields",
            "at least one",
        );
        faulty(
            &spec("json_fields", json!({"fields": ["a", 1]})),
            "fields",
            "hold strings",
        );
        faulty(
            &spec("json_fields", json!({"fields": ["a", "a"]})),
            "fields",
            "twice",
        );
        faulty(
            &spec("json_fields", json!({"field": ["a"]})),
            "field",
            "mean `fields`?",
        );
    }
}
