//! JSON Schemas that need nothing from outside: every `$ref` stays within the schema itself.
//!
//! Invariants: no file and no network is ever asked for a schema; patterns are matched in linear time.

use jsonschema::{PatternOptions, Validator};
use serde_json::Value;

/// Memory that a compiled pattern may take, in bytes.
const PATTERN_LIMIT: usize = 1 << 20;

/// Builds a validator.
///
/// # Errors
/// A lowercase fragment: the schema is invalid, or refers to something outside.
pub(crate) fn compile(schema: &Value) -> Result<Validator, String> {
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
