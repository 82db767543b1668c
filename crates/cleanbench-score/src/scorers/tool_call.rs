//! `tool_call`: the tools that the model asked for, by name and arguments.
//!
//! The target is a call `{"name": …, "arguments": {…}}`, or a list of calls; an empty list means that no
//! tool is to be called. Parameters: `arguments` (`"fields"`: the share of equal values, see `json_diff`;
//! `"exact"`: all or nothing; `"ignore"`), `schemas` (a table from names of tools to JSON Schemas; a call
//! whose arguments are invalid by its schema counts 0), `ordered` (calls match by position; false: by name,
//! in order of appearance), `from_text` (where the endpoint reports no call, JSON objects with a name and
//! arguments in the answer are such, see [`written`]; false), `case` (upper and lower case of values differ; true).
//!
//! A call counts 0 unless the name is exactly the target's. The value is the mean over the calls of the
//! target and those beyond; the parts name each. An answer without a call, where the target has one, is
//! not extracted. Arguments that are no JSON object equal nothing.

mod written;

use std::collections::BTreeMap;

use cleanbench_core::score::linear_work;
use cleanbench_core::{Completion, Sample, Score, Scorer, ToolCall};
use serde_json::{Map, Value};

use self::written::calls_in;
use super::json_diff::Tally;
use crate::json_equal::Equality;
use crate::params::Params;
use crate::reading::Reading;
use crate::schema::Schema;
use crate::target;
use cleanbench_text::scan::is_blank;

/// The rule by which answers are read.
const CALLS: &str = "tool calls";

/// What of the arguments is compared.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Arguments {
    Fields,
    Exact,
    Ignore,
}

/// Compares calls of tools.
#[derive(Debug)]
pub(crate) struct ToolCalls {
    arguments: Arguments,
    schemas: BTreeMap<String, Schema>,
    ordered: bool,
    from_text: bool,
    equality: Equality,
    reading: Reading,
}

pub(crate) fn build(params: &mut Params<'_>) -> ToolCalls {
    let words = [
        ("fields", Arguments::Fields),
        ("exact", Arguments::Exact),
        ("ignore", Arguments::Ignore),
    ];
    ToolCalls {
        arguments: params.word("arguments", &words),
        schemas: schemas(params),
        ordered: params.flag("ordered", false),
        from_text: params.flag("from_text", false),
        equality: Equality {
            case: params.flag("case", true),
            numbers_from_strings: false,
            normal: params.flag("normal_form", true),
        },
        reading: Reading::of(params, false),
    }
}

fn schemas(params: &mut Params<'_>) -> BTreeMap<String, Schema> {
    let mut compiled = BTreeMap::new();
    let given = params.value("schemas");
    let leaves = given.is_some_and(Schema::is_long) && params.leave();
    match given {
        None => {}
        Some(Value::Object(given)) => {
            for (tool, schema) in given {
                let built = if leaves {
                    Ok(Schema::elsewhere(schema))
                } else {
                    Schema::of(schema)
                };
                match built {
                    Ok(schema) => drop(compiled.insert(tool.clone(), schema)),
                    Err(reason) => {
                        let message = format!("the schema of `{tool}` in `schemas` {reason}");
                        params.fault("schemas", message, None);
                    }
                }
            }
        }
        Some(other) => params.wrong("schemas", "must be a table of JSON Schemas", other),
    }
    compiled
}

/// A call that the target asks for.
struct Expected<'a> {
    name: &'a str,
    arguments: &'a Map<String, Value>,
}

/// The calls of the target.
fn expected(sample: &Sample) -> Result<Vec<Expected<'_>>, String> {
    static NONE: std::sync::LazyLock<Map<String, Value>> = std::sync::LazyLock::new(Map::new);
    let calls = target::items(target::required(sample)?);
    calls
        .iter()
        .map(|call| {
            let wrong = || format!("the target holds {call}, which is no call: write {{\"name\": …, \"arguments\": {{…}}}}");
            let object = call.as_object().ok_or_else(wrong)?;
            let name = object.get("name").and_then(Value::as_str);
            let arguments = object
                .get("arguments")
                .map_or(Some(&*NONE), Value::as_object);
            let more = object.keys().any(|key| key != "name" && key != "arguments");
            match (name, arguments) {
                (Some(name), Some(arguments)) if !more && !name.is_empty() => {
                    Ok(Expected { name, arguments })
                }
                _ => Err(wrong()),
            }
        })
        .collect()
}

impl ToolCalls {
    fn made(&self, completion: &Completion) -> Vec<ToolCall> {
        if completion.tool_calls.is_empty() && self.from_text {
            let answer = self.reading.answer(&completion.text);
            answer.map_or_else(|_| Vec::new(), |answer| calls_in(&answer))
        } else {
            completion.tool_calls.clone()
        }
    }

    /// From 0 to 1.
    ///
    /// # Errors
    /// When validating takes too many steps.
    fn one(&self, expected: &Expected<'_>, made: &ToolCall) -> Result<f64, &'static str> {
        if expected.name != made.name {
            return Ok(0.0);
        }
        let text = made.arguments.trim();
        // A tool without arguments is often called with none at all.
        let text = if text.is_empty() { "{}" } else { text };
        let arguments: Option<Value> = serde_json::from_str(text).ok();
        let Some(arguments) = arguments.filter(Value::is_object) else {
            return Ok(f64::from(u8::from(self.arguments == Arguments::Ignore)));
        };
        if let Some(schema) = self.schemas.get(&made.name)
            && !schema.is_valid(&arguments, text.len())?
        {
            return Ok(0.0);
        }
        let target = Value::Object(expected.arguments.clone());
        Ok(match self.arguments {
            Arguments::Ignore => 1.0,
            Arguments::Exact => f64::from(u8::from(self.equality.holds(&target, &arguments))),
            Arguments::Fields if target == arguments => 1.0,
            Arguments::Fields => Tally::of(&target, &arguments, self.equality, true).share(),
        })
    }

    /// The value of each expected call, then 0 for each that was made beyond.
    fn parts(
        &self,
        expected: &[Expected<'_>],
        mut made: Vec<Option<ToolCall>>,
    ) -> Result<Vec<(String, f64)>, &'static str> {
        let mut parts = Vec::new();
        let mut missed = 0;
        for (position, call) in expected.iter().enumerate() {
            let found = if self.ordered {
                made.get_mut(position).and_then(Option::take)
            } else {
                let same = |other: &&mut Option<ToolCall>| {
                    other.as_ref().is_some_and(|other| other.name == call.name)
                };
                made.iter_mut().find(same).and_then(Option::take)
            };
            missed += usize::from(found.is_none());
            let value = found.map_or(Ok(0.0), |found| self.one(call, &found))?;
            parts.push((call.name.to_owned(), value));
        }
        let beyond = made.into_iter().flatten().map(|call| (call.name, 0.0));
        let beyond: Vec<_> = if self.ordered {
            beyond.collect()
        } else {
            // A call by another name than the one expected is one mistake, not two.
            beyond.skip(missed).collect()
        };
        parts.extend(beyond);
        Ok(parts)
    }
}

#[expect(
    clippy::cast_precision_loss,
    reason = "an answer has far fewer than 2^52 calls"
)]
fn mean(parts: &[(String, f64)]) -> f64 {
    parts.iter().map(|(_, value)| value).sum::<f64>() / parts.len().max(1) as f64
}

/// Calls as they are shown.
fn shown(made: &[ToolCall]) -> String {
    let calls = made
        .iter()
        .map(|call| format!("{}({})", call.name, call.arguments));
    calls.collect::<Vec<_>>().join("; ")
}

impl Scorer for ToolCalls {
    fn version(&self) -> u32 {
        3
    }

    fn work(&self, sample: &Sample, completion: &Completion) -> u64 {
        let calls = completion.tool_calls.iter();
        let written = calls.map(|call| call.name.len() + call.arguments.len());
        let bytes = completion.text.len() + written.sum::<usize>();
        let wanted = sample
            .target
            .as_ref()
            .map_or(1, |target| target::items(target).len());
        let pairs =
            linear_work(completion.tool_calls.len()).saturating_mul(linear_work(wanted)) / 64;
        let schemas = self.schemas.values().map(|schema| schema.work(bytes));
        schemas.fold(
            linear_work(bytes).saturating_add(pairs),
            u64::saturating_add,
        )
    }

    fn read_out(&self, completion: &Completion) -> Option<String> {
        Some(shown(&self.made(completion)))
    }

    fn check_sample(&self, sample: &Sample) -> Result<(), String> {
        expected(sample).map(drop)
    }

    fn score(&self, sample: &Sample, completion: &Completion) -> Score {
        let made = self.made(completion);
        let expected = expected(sample).unwrap_or_default();
        let answer = shown(&made);
        match (expected.is_empty(), made.is_empty()) {
            (true, none) => {
                let answer = if none { "no call".to_owned() } else { answer };
                Score::verdict(none, answer).by(CALLS)
            }
            (false, true) if is_blank(&completion.text) => Score::not_extracted("empty completion"),
            (false, true) => Score::not_extracted("no tool call"),
            (false, false) => {
                let parts = self.parts(&expected, made.into_iter().map(Some).collect());
                let parts = match parts {
                    Ok(parts) => parts,
                    Err(reason) => return Score::not_extracted(reason),
                };
                Score {
                    value: mean(&parts),
                    parts,
                    ..Score::verdict(false, answer).by(CALLS)
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use cleanbench_core::Extraction;
    use serde_json::json;

    use super::*;
    use crate::testing::{completion, faulty, refused, sample, spec};

    fn calls(calls: &[(&str, &str)]) -> Completion {
        Completion {
            tool_calls: calls
                .iter()
                .map(|(name, arguments)| ToolCall {
                    name: (*name).to_owned(),
                    arguments: (*arguments).to_owned(),
                })
                .collect(),
            ..completion("")
        }
    }

    fn case(params: &Value, target: &Value, made: &[(&str, &str)], expected: f64) {
        let scorer = crate::build(&spec("tool_call", params.clone())).unwrap();
        let sample = sample(target.clone(), &[]);
        scorer.check_sample(&sample).unwrap();
        let score = scorer.score(&sample, &calls(made));
        assert!(
            (score.value - expected).abs() < 1e-12,
            "{made:?} by {params}: {score:?}"
        );
        assert!(matches!(score.extraction, Extraction::Found(_)));
    }

    #[test]
    fn one_call() {
        let target = json!({"name": "book", "arguments": {"room": "A1", "people": 4}});
        let right = [("book", r#"{"people": 4.0, "room": "A1"}"#)];
        case(&json!({}), &target, &right, 1.0);
        case(
            &json!({}),
            &target,
            &[("Book", r#"{"people":4,"room":"A1"}"#)],
            0.0,
        );
        case(
            &json!({}),
            &target,
            &[("book", r#"{"people":4,"room":"B1"}"#)],
            0.5,
        );
        case(
            &json!({}),
            &target,
            &[("book", r#"{"people":4,"room":"A1","x":1}"#)],
            2.0 / 3.0,
        );
        case(&json!({}), &target, &[("book", "people=4")], 0.0);
        case(&json!({}), &target, &[right[0], right[0]], 0.5);
        case(
            &json!({"arguments": "exact"}),
            &target,
            &[("book", r#"{"people":4}"#)],
            0.0,
        );
        case(&json!({"arguments": "exact"}), &target, &right, 1.0);
        case(
            &json!({"arguments": "ignore"}),
            &target,
            &[("book", "")],
            1.0,
        );
        case(
            &json!({"case": false}),
            &target,
            &[("book", r#"{"people":4,"room":"a1"}"#)],
            1.0,
        );
        let schemas = json!({"schemas": {"book": {"properties": {"people": {"maximum": 3}}}}});
        case(&schemas, &target, &right, 0.0);
        let bare = json!({"name": "stop"});
        case(&json!({}), &bare, &[("stop", "")], 1.0);
        case(&json!({}), &bare, &[("stop", r#"{"now":true}"#)], 0.0);
    }

    #[test]
    fn several_calls_and_none() {
        let both = json!([{"name": "a", "arguments": {}}, {"name": "b", "arguments": {"n": 1}}]);
        let (a, b) = (("a", "{}"), ("b", r#"{"n":1}"#));
        case(&json!({}), &both, &[b, a], 1.0);
        case(&json!({"ordered": true}), &both, &[b, a], 0.0);
        case(&json!({"ordered": true}), &both, &[a, b], 1.0);
        case(&json!({}), &both, &[a], 0.5);
        case(&json!({}), &both, &[a, ("c", "{}")], 0.5);
        case(&json!({}), &both, &[a, b, ("c", "{}")], 2.0 / 3.0);
        case(&json!({}), &both, &[a, ("b", "{}"), ("c", "{}")], 1.0 / 3.0);
        case(&json!({}), &json!([]), &[], 1.0);
        case(&json!({}), &json!([]), &[a], 0.0);
    }

    #[test]
    fn no_call_and_calls_in_text() {
        let target = sample(json!({"name": "a", "arguments": {"n": 1}}), &[]);
        let plain = crate::build(&spec("tool_call", json!({}))).unwrap();
        let text = completion(r#"I call {"name": "a", "arguments": {"n": 1}}"#);
        assert_eq!(
            plain.score(&target, &text),
            Score::not_extracted("no tool call")
        );
        let lenient = crate::build(&spec("tool_call", json!({"from_text": true}))).unwrap();
        let score = lenient.score(&target, &text);
        assert!((score.value - 1.0).abs() < 1e-12);
        assert_eq!(
            score.extraction,
            Extraction::Found("a({\"n\":1})".to_owned())
        );
    }

    #[test]
    fn samples_and_parameters_that_are_refused() {
        let plain = spec("tool_call", json!({}));
        refused(&plain, &sample(json!(null), &[]), "no target");
        refused(&plain, &sample(json!("a"), &[]), "is no call");
        refused(
            &plain,
            &sample(json!({"name": "a", "args": {}}), &[]),
            "is no call",
        );
        let remote = json!({"schemas": {"a": {"$ref": "http://127.0.0.1:9/"}}});
        faulty(&spec("tool_call", remote), "schemas", "outside");
        faulty(
            &spec("tool_call", json!({"schemas": []})),
            "schemas",
            "a table",
        );
    }
}
