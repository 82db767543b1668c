//! `json_schema`: the JSON in the answer is valid by a schema.
//!
//! Parameter `schema`: the schema, as a table or as JSON text; where it is not given, the sample's target
//! is the schema. Drafts 4 to 2020-12, by `$schema` (2020-12 where it is missing); `format` is not checked.
//!
//! The JSON is the whole answer, the last fenced block that parses, or the last object in the text. It
//! refuses schemas that are invalid or refer to anything outside of themselves; nothing is fetched. Where validating
//! takes more than a million steps, counted before the first, nothing is extracted.

use cleanbench_core::{Sample, Score, canonical};
use serde_json::Value;

use crate::params::Params;
use crate::rule::Rule;
use crate::schema::Schema;
use crate::target;
use cleanbench_text::json::valid_value;

/// Validates JSON.
#[derive(Debug)]
pub(crate) struct JsonSchema {
    /// `None` where each sample has its own.
    schema: Option<Schema>,
}

pub(crate) fn build(params: &mut Params<'_>) -> Option<JsonSchema> {
    let Some(given) = params.value("schema") else {
        return Some(JsonSchema { schema: None });
    };
    let compiled = schema_of(given).and_then(|schema| {
        if Schema::is_long(&schema) && params.leave() {
            Ok(Schema::elsewhere(&schema))
        } else {
            Schema::of(&schema)
        }
    });
    match compiled {
        Ok(schema) => Some(JsonSchema {
            schema: Some(schema),
        }),
        Err(reason) => {
            params.fault("schema", format!("`schema` {reason}"), None);
            None
        }
    }
}

/// A schema as written: an object, or JSON text that holds one.
fn schema_of(given: &Value) -> Result<Value, String> {
    match given {
        Value::Object(_) => Ok(given.clone()),
        Value::String(text) => match serde_json::from_str(text) {
            Ok(schema @ Value::Object(_)) => Ok(schema),
            Ok(_) => Err("must hold a JSON object".to_owned()),
            Err(error) => Err(format!("is no JSON: {error}")),
        },
        other => Err(format!("must be a JSON object, not {other}")),
    }
}

fn own_schema(sample: &Sample) -> Result<Schema, String> {
    let schema = schema_of(target::required(sample)?);
    schema
        .and_then(|schema| Schema::of(&schema))
        .map_err(|reason| format!("the target is the schema, and {reason}"))
}

fn shown(answer: &Value) -> String {
    String::from_utf8_lossy(&canonical::to_bytes(answer)).into_owned()
}

impl Rule for JsonSchema {
    fn version(&self) -> u32 {
        3
    }

    fn work(&self, sample: &Sample, text: &str) -> u64 {
        let own = || {
            let schema = target::required(sample).and_then(schema_of);
            schema.map_or(0, |schema| Schema::whole_work(&schema, text.len()))
        };
        let schema = self.schema.as_ref();
        schema.map_or_else(own, |schema| schema.work(text.len()))
    }

    fn read_out(&self, text: &str) -> Option<String> {
        valid_value(text).map(|answer| shown(&answer))
    }

    fn check_sample(&self, sample: &Sample) -> Result<(), String> {
        match &self.schema {
            Some(_) => Ok(()),
            None => own_schema(sample).map(drop),
        }
    }

    fn judge(&self, sample: &Sample, text: &str) -> Score {
        let Some(answer) = valid_value(text) else {
            return Score::not_extracted("no JSON");
        };
        let valid = match &self.schema {
            Some(schema) => schema.is_valid(&answer, text.len()),
            None => {
                own_schema(sample).map_or(Ok(false), |schema| schema.is_valid(&answer, text.len()))
            }
        };
        match valid {
            Ok(valid) => Score::verdict(valid, shown(&answer)).by("json"),
            Err(reason) => Score::not_extracted(reason),
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use crate::testing::Expect::{Nothing, Right, Wrong};
    use crate::testing::{check, faulty, refused, sample, spec};

    #[test]
    fn cases() {
        let schema = json!({
            "type": "object", "required": ["n"], "additionalProperties": false,
            "properties": {"n": {"type": "integer", "minimum": 1}},
        });
        let table = spec("json_schema", json!({"schema": schema}));
        let text = spec("json_schema", json!({"schema": schema.to_string()}));
        let own = spec("json_schema", json!({}));
        for (spec, target) in [(&table, json!(null)), (&text, json!("x")), (&own, schema)] {
            let sample = sample(target, &[]);
            check(spec, &sample, r#"{"n": 3}"#, Right(r#"{"n":3}"#));
            check(
                spec,
                &sample,
                "So:\n```json\n{\"n\":0}\n```",
                Wrong(r#"{"n":0}"#),
            );
            check(
                spec,
                &sample,
                r#"it is {"n":1,"m":2}"#,
                Wrong(r#"{"m":2,"n":1}"#),
            );
            check(spec, &sample, "[1]", Wrong("[1]"));
            check(spec, &sample, "n is 3", Nothing("no JSON"));
            check(spec, &sample, "", Nothing("empty completion"));
        }
    }

    #[test]
    fn samples_and_parameters_that_are_refused() {
        let own = spec("json_schema", json!({}));
        refused(&own, &sample(json!(null), &[]), "no target");
        refused(&own, &sample(json!({"type": 3}), &[]), "not valid");
        refused(&own, &sample(json!({"$ref": "x.json"}), &[]), "outside");
        let remote = json!({"schema": {"$ref": "http://127.0.0.1:9/x.json"}});
        faulty(
            &spec("json_schema", remote),
            "schema",
            "outside of the schema",
        );
        faulty(
            &spec("json_schema", json!({"schema": "{"})),
            "schema",
            "is no JSON",
        );
        faulty(
            &spec("json_schema", json!({"schema": 3})),
            "schema",
            "JSON object",
        );
    }
}
