//! JSON Schemas that need nothing from outside: every `$ref` stays within the schema itself.
//!
//! Invariants: no file and no network is ever asked for a schema; patterns are matched in linear time; what takes more
//! than [`MOST_STEPS`] steps, counted beforehand, is not validated.

use jsonschema::{PatternOptions, Validator};
use serde_json::Value;

use crate::schema_work::{compile_work, steps, weight};

/// Memory that a compiled pattern may take, in bytes.
const PATTERN_LIMIT: usize = 1 << 20;

/// Steps in which a value may be validated, a second's work or so.
const MOST_STEPS: u64 = 1_000_000;
/// Nanoseconds of a step.
const STEP: u64 = 500;
/// Why a value is not validated.
pub(crate) const TOO_MANY_STEPS: &str = "the schema takes too many steps";

/// A schema to validate by.
#[derive(Debug)]
pub(crate) struct Schema {
    written: Value,
    weight: u64,
    /// `None` where compiling it is left to another process.
    validator: Option<Validator>,
}

impl Schema {
    /// Builds a validator.
    ///
    /// # Errors
    /// A lowercase fragment: the schema is invalid, or refers to something outside.
    pub(crate) fn of(schema: &Value) -> Result<Self, String> {
        let validator = compile(schema)?;
        Ok(Self {
            validator: Some(validator),
            ..Self::elsewhere(schema)
        })
    }

    /// Only counts the work: the schema is compiled, and its faults are found, by another process.
    pub(crate) fn elsewhere(schema: &Value) -> Self {
        Self {
            weight: weight(schema),
            written: schema.clone(),
            validator: None,
        }
    }

    /// Whether compiling `schema` may take long.
    pub(crate) fn is_long(schema: &Value) -> bool {
        compile_work(schema) > 200_000_000
    }

    /// How long it takes at most to validate a value that is written in `bytes` bytes, in nanoseconds.
    pub(crate) fn work(&self, bytes: usize) -> u64 {
        match &self.validator {
            Some(_) => self.most_steps(bytes).saturating_mul(STEP),
            None => u64::MAX,
        }
    }

    /// How long it takes at most to compile `schema` and validate such a value, in nanoseconds.
    pub(crate) fn whole_work(schema: &Value, bytes: usize) -> u64 {
        let validating = most_steps(weight(schema), bytes).saturating_mul(STEP);
        compile_work(schema).saturating_add(validating)
    }

    fn most_steps(&self, bytes: usize) -> u64 {
        most_steps(self.weight, bytes)
    }

    /// Whether `value`, written in `bytes` bytes, is valid.
    ///
    /// # Errors
    /// [`TOO_MANY_STEPS`].
    pub(crate) fn is_valid(&self, value: &Value, bytes: usize) -> Result<bool, &'static str> {
        let is_short = self.most_steps(bytes) <= MOST_STEPS;
        if !is_short && steps(&self.written, value) > MOST_STEPS {
            return Err(TOO_MANY_STEPS);
        }
        let validator = self.validator.as_ref();
        Ok(validator.is_some_and(|validator| validator.is_valid(value)))
    }
}

/// Steps by which a value of `bytes` bytes is validated at most: every schema of `weight` for every part of it.
fn most_steps(weight: u64, bytes: usize) -> u64 {
    let parts = u64::try_from(bytes).unwrap_or(u64::MAX) / 2 + 1;
    weight.saturating_mul(parts)
}

/// Builds a validator.
///
/// # Errors
/// As those of [`Schema::of`].
fn compile(schema: &Value) -> Result<Validator, String> {
    if let Some(reference) = outside_reference(schema) {
        return Err(format!(
            "refers to {reference:?}, which is outside of the schema; only references such as \"#/$defs/name\" are followed"
        ));
    }
    let patterns = PatternOptions::regex()
        .size_limit(PATTERN_LIMIT)
        .dfa_size_limit(2 * PATTERN_LIMIT);
    jsonschema::options()
        .with_pattern_options(patterns)
        .build(schema)
        .map_err(|error| format!("is not valid: {error}"))
}

/// The first reference that does not begin with `#`, wherever it stands.
fn outside_reference(schema: &Value) -> Option<&str> {
    match schema {
        Value::Object(object) => object.iter().find_map(|(key, value)| {
            let refers = matches!(key.as_str(), "$ref" | "$dynamicRef" | "$recursiveRef");
            let text = value
                .as_str()
                .filter(|text| refers && !text.starts_with('#'));
            text.or_else(|| outside_reference(value))
        }),
        Value::Array(items) => items.iter().find_map(outside_reference),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn nothing_outside_is_referred_to() {
        for reference in [
            "http://127.0.0.1:9/schema.json",
            "https://json-schema.org/draft/2020-12/schema",
            "file:///etc/hostname",
            "other.json",
            "",
        ] {
            for schema in [
                json!({"$ref": reference}),
                json!({"properties": {"a": {"items": [{"$dynamicRef": reference}]}}}),
            ] {
                let reason = compile(&schema).unwrap_err();
                assert!(reason.contains("outside"), "{reason}");
            }
        }
        let inside = json!({"$defs": {"n": {"type": "integer"}}, "items": {"$ref": "#/$defs/n"}});
        let inside = compile(&inside).unwrap();
        assert!(inside.is_valid(&json!([1])) && !inside.is_valid(&json!(["1"])));
        let unknown = json!({"$schema": "http://127.0.0.1:9/meta.json"});
        assert!(compile(&unknown).is_err());
        assert!(compile(&json!({"$ref": "#/nowhere"})).is_err());
        assert!(
            compile(&json!({"type": "integr"}))
                .unwrap_err()
                .contains("not valid")
        );
    }

    #[test]
    fn patterns_take_linear_time_and_bounded_memory() {
        let hostile = compile(&json!({"pattern": "^(a+)+$"})).unwrap();
        assert!(!hostile.is_valid(&json!(format!("{}!", "a".repeat(100_000)))));
        assert!(compile(&json!({"pattern": r"(\w{1000}){1000}"})).is_err());
        assert!(compile(&json!({"pattern": "(?=a)"})).is_err());
    }

    #[test]
    fn unique_items_take_less_than_quadratic_time() {
        let unique = compile(&json!({"uniqueItems": true})).unwrap();
        let items: Vec<_> = (0..100_000).map(|n| json!({"n": n})).collect();
        let mut twice = items.clone();
        twice.push(json!({"n": 7.0}));
        assert!(unique.is_valid(&json!(items)) && !unique.is_valid(&json!(twice)));
    }
}
