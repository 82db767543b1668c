//! How much work a JSON Schema makes, before it is done.
//!
//! Two counts, both upper bounds and the same on every machine: [`weight`], of a schema with every reference written
//! out, and [`steps`], of one value by one schema. Both take time by the size of what they are given, not by the count:
//! what is met again is not counted again but added again. A schema that refers to itself without going deeper into
//! the value, or is nested deeper than [`DEEPEST`], counts without end.

use std::collections::HashMap;

use serde_json::{Map, Value};

/// How deep schemas may lie in one another, references followed.
const DEEPEST: u32 = 300;
/// Pairs of a schema and a value that are looked at; beyond, the count is without end.
const MOST_PAIRS: usize = 400_000;
/// States of a compiled pattern at most.
const MOST_STATES: u64 = 1 << 16;

/// Keywords that hold one schema for the same value.
const SAME: [&str; 4] = ["not", "if", "then", "else"];
/// Keywords that hold a list of schemas for the same value.
const SAME_EACH: [&str; 3] = ["allOf", "anyOf", "oneOf"];
/// Keywords that hold one schema for what is in the value.
const WITHIN: [&str; 6] = [
    "additionalProperties",
    "unevaluatedProperties",
    "additionalItems",
    "unevaluatedItems",
    "contains",
    "items",
];
/// Keywords that refer to another schema.
const REFERENCES: [&str; 3] = ["$ref", "$dynamicRef", "$recursiveRef"];

/// What a reference leads to: JSON pointers are followed, names are not.
fn referred<'a>(root: &'a Value, reference: &str) -> Option<&'a Value> {
    let pointer = reference.strip_prefix('#')?;
    if pointer.is_empty() {
        return Some(root);
    }
    root.pointer(&pointer.replace("%25", "%").replace("%7E", "~"))
}

fn address(value: &Value) -> usize {
    std::ptr::from_ref(value).addr()
}

fn length(count: usize) -> u64 {
    u64::try_from(count).unwrap_or(u64::MAX)
}

/// Whether checks of `schema` look again at what others found valid, which doubles the work.
fn looks_again(schema: &Map<String, Value>) -> bool {
    schema.contains_key("unevaluatedProperties") || schema.contains_key("unevaluatedItems")
}

/// States of `pattern` when it is compiled: its length, times every number of repetitions.
pub(crate) fn states(pattern: &str) -> u64 {
    let counts = pattern.split('{').skip(1);
    let counts = counts.filter_map(|rest| {
        let within = rest.split('}').next()?;
        within
            .split(',')
            .filter_map(|number| number.trim().parse().ok())
            .max()
    });
    let repeated = counts.fold(1, |all: u64, count: u64| all.saturating_mul(count.max(1)));
    repeated
        .saturating_mul(length(pattern.len()).saturating_mul(4))
        .min(MOST_STATES)
}

/// How many schemas there are in `schema`, each counted as often as references lead to it.
pub(crate) fn weight(schema: &Value) -> u64 {
    let mut weighing = Weighing {
        root: schema,
        known: HashMap::new(),
    };
    weighing.of(schema, 0)
}

struct Weighing<'a> {
    root: &'a Value,
    /// `None` while it is being counted.
    known: HashMap<usize, Option<u64>>,
}

impl<'a> Weighing<'a> {
    fn of(&mut self, schema: &'a Value, depth: u32) -> u64 {
        if depth > DEEPEST {
            return u64::MAX;
        }
        match schema {
            Value::Object(object) => {
                if let Some(known) = self.known.get(&address(schema)) {
                    return known.unwrap_or(u64::MAX);
                }
                self.known.insert(address(schema), None);
                let count = self.of_object(object, depth);
                self.known.insert(address(schema), Some(count));
                count
            }
            Value::Array(items) => self.of_all(items.iter(), depth),
            _ => 1,
        }
    }

    fn of_object(&mut self, object: &'a Map<String, Value>, depth: u32) -> u64 {
        let mut count = 1_u64;
        for (key, value) in object {
            let more = match key.as_str() {
                key if REFERENCES.contains(&key) => self.of_reference(value, depth),
                // Counted where references lead to them.
                "$defs" | "definitions" => 0,
                "pattern" => value.as_str().map_or(1, |pattern| states(pattern) / 64 + 1),
                _ => self.of(value, depth + 1),
            };
            count = count.saturating_add(more);
        }
        count.saturating_mul(if looks_again(object) { 2 } else { 1 })
    }

    fn of_reference(&mut self, value: &'a Value, depth: u32) -> u64 {
        let target = value.as_str().and_then(|text| referred(self.root, text));
        target.map_or(u64::MAX, |target| self.of(target, depth + 1))
    }

    fn of_all(&mut self, all: impl Iterator<Item = &'a Value>, depth: u32) -> u64 {
        all.map(|one| self.of(one, depth + 1))
            .fold(1, u64::saturating_add)
    }
}

/// How long it takes to compile `schema`, in nanoseconds: by its length, and for each of its patterns.
pub(crate) fn compile_work(schema: &Value) -> u64 {
    match schema {
        Value::Object(object) => object.iter().fold(30_000_u64, |all, (key, value)| {
            let own = match (key.as_str(), value) {
                ("pattern", Value::String(pattern)) => states(pattern).saturating_mul(500),
                ("patternProperties", Value::Object(patterns)) => patterns
                    .keys()
                    .map(|pattern| states(pattern).saturating_mul(500))
                    .fold(0, u64::saturating_add),
                _ => 0,
            };
            all.saturating_add(own).saturating_add(compile_work(value))
        }),
        Value::Array(items) => items
            .iter()
            .map(compile_work)
            .fold(1_000, u64::saturating_add),
        _ => 1_000,
    }
}

/// Steps in which `value` is validated by `schema`.
pub(crate) fn steps(schema: &Value, value: &Value) -> u64 {
    let mut counting = Counting {
        root: schema,
        sizes: HashMap::new(),
        known: HashMap::new(),
    };
    counting.of(schema, value, 0)
}

struct Counting<'a> {
    root: &'a Value,
    /// Sizes by address of what values are compared with.
    sizes: HashMap<usize, u64>,
    /// Steps by the addresses of schema and value; `None` while they are being counted.
    known: HashMap<(usize, usize), Option<u64>>,
}

impl<'a> Counting<'a> {
    fn of(&mut self, schema: &'a Value, value: &'a Value, depth: u32) -> u64 {
        let Value::Object(object) = schema else {
            return 1;
        };
        let pair = (address(schema), address(value));
        if let Some(known) = self.known.get(&pair) {
            return known.unwrap_or(u64::MAX);
        }
        if depth > DEEPEST || self.known.len() > MOST_PAIRS {
            return u64::MAX;
        }
        self.known.insert(pair, None);
        let mut count = 1_u64;
        for (key, given) in object {
            count = count.saturating_add(self.of_keyword(key, given, value, depth + 1));
        }
        let count = count.saturating_mul(if looks_again(object) { 2 } else { 1 });
        self.known.insert(pair, Some(count));
        count
    }

    fn of_keyword(&mut self, key: &str, given: &'a Value, value: &'a Value, depth: u32) -> u64 {
        match (key, given) {
            (key, Value::String(text)) if REFERENCES.contains(&key) => {
                // What is called by name is not found here, and may be anything in the schema.
                let target = referred(self.root, text).unwrap_or(self.root);
                self.of(target, value, depth)
            }
            (key, given) if SAME.contains(&key) => self.of(given, value, depth),
            (key, Value::Array(schemas)) if SAME_EACH.contains(&key) => {
                self.of_each(schemas.iter(), value, depth)
            }
            ("dependentSchemas" | "dependencies", Value::Object(schemas)) => {
                self.of_each(schemas.values(), value, depth)
            }
            ("properties", Value::Object(schemas)) => schemas
                .iter()
                .filter_map(|(name, schema)| Some((schema, value.get(name)?)))
                .map(|(schema, child)| self.of(schema, child, depth))
                .fold(length(schemas.len()), u64::saturating_add),
            ("patternProperties", Value::Object(schemas)) => {
                let patterns = schemas.keys().map(|pattern| states(pattern) / 16 + 1);
                let each = patterns.fold(0, u64::saturating_add);
                let names = each.saturating_mul(length(children(value).count()));
                schemas
                    .values()
                    .map(|schema| self.of_children(schema, value, depth))
                    .fold(names, u64::saturating_add)
            }
            ("propertyNames", schema) => {
                let each = self.of(schema, &Value::Null, depth).saturating_add(1);
                each.saturating_mul(length(children(value).count()))
            }
            ("prefixItems" | "items", Value::Array(schemas)) => schemas
                .iter()
                .zip(children(value))
                .map(|(schema, child)| self.of(schema, child, depth))
                .fold(1, u64::saturating_add),
            (key, schema) if WITHIN.contains(&key) => self.of_children(schema, value, depth),
            ("pattern", Value::String(pattern)) => {
                let text = value.as_str().map_or(0, str::len);
                states(pattern).saturating_mul(length(text)) / 256 + 1
            }
            ("uniqueItems", _) => length(children(value).count()).saturating_mul(8),
            ("enum" | "const", given) => self.size(given),
            ("required", Value::Array(items)) => length(items.len()),
            _ => 1,
        }
    }

    /// How many values are in `given`, itself included.
    fn size(&mut self, given: &Value) -> u64 {
        let known = self.sizes.get(&address(given)).copied();
        known.unwrap_or_else(|| {
            let size = size(given);
            self.sizes.insert(address(given), size);
            size
        })
    }

    fn of_each(
        &mut self,
        schemas: impl Iterator<Item = &'a Value>,
        value: &'a Value,
        depth: u32,
    ) -> u64 {
        schemas
            .map(|schema| self.of(schema, value, depth))
            .fold(1, u64::saturating_add)
    }

    fn of_children(&mut self, schema: &'a Value, value: &'a Value, depth: u32) -> u64 {
        children(value)
            .map(|child| self.of(schema, child, depth))
            .fold(1, u64::saturating_add)
    }
}

fn size(value: &Value) -> u64 {
    children(value).map(size).fold(1, u64::saturating_add)
}

/// What is in an object or a list.
fn children(value: &Value) -> Box<dyn Iterator<Item = &Value> + '_> {
    match value {
        Value::Object(object) => Box::new(object.values()),
        Value::Array(items) => Box::new(items.iter()),
        _ => Box::new(std::iter::empty()),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    /// Definitions of which each holds the next one twice, under `keyword`.
    fn doubling(levels: usize, keyword: &str) -> Value {
        let mut definitions = Map::new();
        for level in 0..levels {
            let next = json!({"$ref": format!("#/$defs/{}", level + 1)});
            let both = Value::from_iter([(keyword.to_owned(), json!([next, next]))]);
            definitions.insert(level.to_string(), both);
        }
        definitions.insert(levels.to_string(), json!({"type": "object"}));
        json!({"$defs": definitions, "$ref": "#/$defs/0"})
    }

    #[test]
    fn what_doubles_is_counted_without_being_done() {
        for keyword in ["allOf", "anyOf", "oneOf"] {
            let schema = doubling(40, keyword);
            assert!(weight(&schema) > 1 << 40);
            assert!(steps(&schema, &json!({})) > 1 << 40);
        }
        let twice = json!({"properties": {"x": {"$ref": "#"}}});
        let schema = json!({"allOf": [twice, twice]});
        let mut deep = json!(1);
        for _ in 0..40 {
            deep = Value::from_iter([("x", deep)]);
        }
        assert_eq!(weight(&schema), u64::MAX);
        assert!(steps(&schema, &deep) > 1 << 40);
    }

    #[test]
    fn what_never_ends_counts_without_end() {
        for schema in [
            json!({"$ref": "#"}),
            json!({"allOf": [{"not": {"$ref": "#"}}]}),
        ] {
            assert_eq!(steps(&schema, &json!({})), u64::MAX, "{schema}");
        }
        let mut long = json!({});
        for level in 0..2_000 {
            long[level.to_string()] = json!({"$ref": format!("#/{}", level + 1)});
        }
        long["2000"] = json!({});
        long["$ref"] = json!("#/0");
        assert_eq!(steps(&long, &json!({})), u64::MAX);
    }

    #[test]
    fn common_schemas_take_few_steps() {
        let schema = json!({
            "$defs": {"line": {"type": "object", "required": ["n"], "properties": {"n": {"type": "integer"}}}},
            "type": "object",
            "properties": {"lines": {"type": "array", "items": {"$ref": "#/$defs/line"}}},
        });
        assert!(weight(&schema) < 100);
        let lines: Vec<Value> = (0..1_000).map(|n| json!({"n": n})).collect();
        assert!(steps(&schema, &json!({"lines": lines})) < 20_000);
        let tree = json!({"properties": {"children": {"items": {"$ref": "#"}}}});
        let value = json!({"children": [{"children": []}, {}, {"children": [{}]}]});
        assert!(steps(&tree, &value) < 100);
        assert!(states("^[a-z]{1,64}$") < 10_000);
        assert_eq!(states(r"(\w{1000}){1000}"), MOST_STATES);
    }
}
