//! JSON schemas as they stand in a manifest or a file of their own.
//!
//! Invariant: a schema is sent as it was written, keys in their order, and nothing that it refers to is
//! ever fetched. Refused: what is no JSON object, repeated keys, and references out of the schema.

use serde_json::Value;
use std::collections::HashSet;

use toml::de::DeValue;

use crate::diagnostic::Fault;
use crate::json::Raw;
use crate::toml_read::Node;
use crate::words::shown;

/// Keys whose value leads to a schema.
const REFERENCES: [&str; 3] = ["$ref", "$dynamicRef", "$recursiveRef"];

/// Reads the schema that the file `text` holds.
///
/// # Errors
/// Everything that is wrong with it, at offsets into `text`.
pub(crate) fn parse(text: &str) -> Result<Value, Vec<Fault>> {
    let raw = Raw {
        text: text.trim_end(),
        at: 0,
    };
    raw.entries("a schema").map_err(|fault| vec![fault])?;
    // This parser refuses what is nested too deeply to be walked through.
    let schema = raw.parse().map_err(|fault| vec![fault])?;
    let mut faults = Vec::new();
    if let Err(fault) = check(raw, &mut faults) {
        faults.push(fault);
    }
    if faults.is_empty() {
        Ok(schema)
    } else {
        Err(faults)
    }
}

/// Collects the faults of a JSON value and all its parts. The depth is bounded by the parser's.
fn check(raw: Raw<'_>, faults: &mut Vec<Fault>) -> Result<(), Fault> {
    match raw.text.trim_start().as_bytes().first() {
        Some(b'{') => {
            let mut keys = HashSet::new();
            for entry in raw.entries("a schema")? {
                if !keys.insert(entry.key.clone().into_owned()) {
                    let message = format!("duplicate key {}", shown(&entry.key));
                    faults.push(Fault::new(entry.key_at, message));
                }
                if entry.raw.text.starts_with('"') {
                    let target = entry.raw.string("a reference")?;
                    faults.extend(reference_fault(&entry.key, &target, entry.raw.at));
                }
                check(entry.raw, faults)?;
            }
        }
        Some(b'[') => {
            for element in raw.elements("a schema")? {
                check(element, faults)?;
            }
        }
        _ => {}
    }
    Ok(())
}

/// The faults of a schema in the manifest, which is known to be a table.
pub(crate) fn faults_of_node(node: &Node<'_>) -> Vec<Fault> {
    match node.get_ref() {
        DeValue::Table(table) => {
            let entries = table.iter().flat_map(|(key, value)| {
                let target = value.get_ref().as_str();
                let fault = target
                    .and_then(|target| reference_fault(key.get_ref(), target, value.span().start));
                fault.into_iter().chain(faults_of_node(value))
            });
            entries.collect()
        }
        DeValue::Array(elements) => elements.iter().flat_map(faults_of_node).collect(),
        _ => Vec::new(),
    }
}

/// The fault of the key `key` with the text `target` at `at`, if that leads out of the schema.
fn reference_fault(key: &str, target: &str, at: usize) -> Option<Fault> {
    let leads_out = REFERENCES.contains(&key) && !target.starts_with('#');
    leads_out.then(|| {
        let message = format!("`{key}` leads out of the schema, to {}", shown(target));
        Fault::new(at, message).hint(
            "nothing is ever fetched for a schema; put the part under `$defs` and write `#/$defs/…`",
        )
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn schemas_keep_their_order_or_their_faults_are_named() {
        let text = "{\n  \"type\": \"object\",\n  \"properties\": {\"why\": {\"$ref\": \"#/$defs/t\"}, \"answer\": {}},\n  \"$defs\": {\"t\": {\"type\": \"string\"}}\n}\n";
        let schema = parse(text).unwrap();
        let written: String = text.split_whitespace().collect();
        assert_eq!(schema.to_string(), written);
        for (text, at, message) in [
            ("[]", 0, "a schema must be an object, found an array"),
            ("true\n", 0, "a schema must be an object, found a boolean"),
            ("{\n\"a\": {,}\n}", 8, "invalid JSON: key must be a string"),
            ("{\"a\": 1", 7, "invalid JSON: EOF while parsing an object"),
            ("{\"a\":[{\"b\":1,\"b\":2}]}", 13, "duplicate key `b`"),
            (
                "{\"a\":[{\"$ref\":\"http://x/y\"}]}",
                14,
                "`$ref` leads out of the schema, to `http://x/y`",
            ),
            (
                "{\"$dynamicRef\":\"other.json#/x\"}",
                15,
                "`$dynamicRef` leads out of the schema, to `other.json#/x`",
            ),
        ] {
            let faults = parse(text).unwrap_err();
            let found = (faults[0].at, faults[0].message.as_str());
            assert_eq!(found, (at, message), "{text}");
        }
        let deep = format!("{}1{}", "{\"a\":".repeat(5_000), "}".repeat(5_000));
        assert!(parse(&deep).unwrap_err()[0].message.contains("recursion"));
    }
}
