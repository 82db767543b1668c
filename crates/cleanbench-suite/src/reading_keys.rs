//! The keys of a task that say how its answers are read: `extract`, `reasoning_marks`, `locale`.
//!
//! Each is a parameter of scorers, written once for all scorers of the task that know it: [`give`] puts it into those
//! that have none of their own, so that it is part of what they are identified by. A key that no scorer of its task
//! knows is refused; one of `[defaults]` only where no task has such a scorer.

use cleanbench_core::{ScorerCatalog, ScorerSpec};
use serde_json::{Map, Value};

use crate::at::At;
use crate::diagnostic::Fault;
use crate::scorer_entry::ScorerEntry;
use crate::toml_read::{Node, Reader};

/// The keys.
pub(crate) const KEYS: [&str; 3] = ["extract", "reasoning_marks", "locale"];

/// Most pairs of marks: every answer is searched for each.
const MOST_MARKS: usize = 20;
/// Longest mark or text before an answer, in bytes.
const LONGEST: usize = 200;
/// What is parameters of scorers within scorers, as `weighted` has them.
const NESTED: &str = "scorers";
/// What the table of a scorer in a scorer says that is no parameter of it.
const NOT_ITS: [&str; 2] = ["type", "weight"];
/// How deep scorers may stand in scorers; beyond, none is built.
const DEEPEST: usize = 8;

/// A key with what it says.
#[derive(Debug, Clone)]
pub(crate) struct ReadingKey {
    pub(crate) name: &'static str,
    pub(crate) value: At<Value>,
    /// Whether it stands in `[defaults]`.
    pub(crate) is_default: bool,
}

/// Reads the value of the key `name`, one of [`KEYS`].
pub(crate) fn read(reader: &mut Reader<'_>, name: &str, node: &Node<'_>) -> Option<ReadingKey> {
    let name = *KEYS.iter().find(|key| **key == name)?;
    let value = match name {
        "extract" => read_extract(reader, node),
        "reasoning_marks" => read_marks(reader, node),
        _ => reader.text(name, node).map(|text| Value::from(text.value)),
    }?;
    let at = node.span().start;
    Some(ReadingKey {
        name,
        value: At { value, at },
        is_default: false,
    })
}

/// The keys of a task with those of `base` that it does not have.
pub(crate) fn or(own: Vec<ReadingKey>, base: &[ReadingKey]) -> Vec<ReadingKey> {
    let is_own = |key: &&ReadingKey| !own.iter().any(|one| one.name == key.name);
    let inherited: Vec<_> = base.iter().filter(is_own).cloned().collect();
    let inherited = inherited.into_iter().map(|key| ReadingKey {
        is_default: true,
        ..key
    });
    own.into_iter().chain(inherited).collect()
}

fn read_extract(reader: &mut Reader<'_>, node: &Node<'_>) -> Option<Value> {
    const HINT: &str = "write `{ after = \"FINAL:\" }` or `{ pattern = \"…\" }`";
    let mut found = Map::new();
    for (key, value) in reader.table("extract", node)? {
        let (name, at) = (key.get_ref().as_ref(), key.span().start);
        if !["after", "pattern"].contains(&name) {
            reader.unknown_key(name, at, "`extract`", &["after", "pattern"]);
            return None;
        }
        let text = bounded(reader, name, value)?;
        found.insert(name.to_owned(), Value::from(text));
    }
    if found.len() != 1 {
        let message = "`extract` needs either `after` or `pattern`";
        reader.fault(Fault::new(node.span().start, message).hint(HINT));
        return None;
    }
    Some(Value::Object(found))
}

fn read_marks(reader: &mut Reader<'_>, node: &Node<'_>) -> Option<Value> {
    const HINT: &str = "write `[[\"<x>\", \"</x>\"]]`, each pair as it opens and closes";
    let pairs = reader.array("reasoning_marks", node)?;
    if pairs.is_empty() || pairs.len() > MOST_MARKS {
        let message = format!("`reasoning_marks` needs from 1 to {MOST_MARKS} pairs of marks");
        reader.fault(Fault::new(node.span().start, message).hint(HINT));
        return None;
    }
    let mut found = Vec::new();
    for pair in pairs {
        let marks = reader.array("each of reasoning_marks", pair)?;
        if marks.len() != 2 {
            let message = "a pair of marks is what opens and what closes the reasoning";
            reader.fault(Fault::new(pair.span().start, message).hint(HINT));
            return None;
        }
        let marks = marks.iter().map(|mark| bounded(reader, "each mark", mark));
        found.push(Value::from(marks.collect::<Option<Vec<_>>>()?));
    }
    Some(Value::from(found))
}

/// A text that is not blank and not long.
fn bounded(reader: &mut Reader<'_>, name: &str, node: &Node<'_>) -> Option<String> {
    let text = reader.text(name, node)?;
    if text.value.len() > LONGEST {
        let message = format!("`{name}` is longer than {LONGEST} bytes");
        reader.fault(Fault::new(text.at, message));
        return None;
    }
    Some(text.value)
}

/// Puts `key` into every one of `scorers` that knows it by `catalog` and has none of its own. Whether any knows it.
pub(crate) fn give(
    key: &ReadingKey,
    scorers: &mut [ScorerEntry],
    catalog: &dyn ScorerCatalog,
) -> bool {
    let mut is_known = false;
    for entry in scorers {
        let before = entry.spec.params.contains_key(key.name);
        is_known |= give_to(key, &mut entry.spec, catalog, DEEPEST);
        if !before && entry.spec.params.contains_key(key.name) {
            entry.params.push((key.name.to_owned(), key.value.at));
        }
    }
    is_known
}

fn give_to(
    key: &ReadingKey,
    spec: &mut ScorerSpec,
    catalog: &dyn ScorerCatalog,
    depth: usize,
) -> bool {
    if catalog.knows(spec, key.name) {
        let value = || key.value.value.clone();
        spec.params.entry(key.name).or_insert_with(value);
        return true;
    }
    let parts = spec.params.get_mut(NESTED).and_then(Value::as_array_mut);
    let Some(parts) = parts.filter(|_| depth > 0) else {
        return false;
    };
    let mut is_known = false;
    for part in parts {
        is_known |= give_to_part(key, part, catalog, depth - 1);
    }
    is_known
}

/// Whether `spec`, or a scorer that stands in it, knows the parameter `name` by `catalog` and is not given it.
pub(crate) fn lacks(spec: &ScorerSpec, name: &str, catalog: &dyn ScorerCatalog) -> bool {
    lacks_at(spec, name, catalog, DEEPEST)
}

fn lacks_at(spec: &ScorerSpec, name: &str, catalog: &dyn ScorerCatalog, depth: usize) -> bool {
    if spec.params.contains_key(name) {
        return false;
    }
    let parts = spec.params.get(NESTED).and_then(Value::as_array);
    let mut parts = parts.into_iter().flatten().filter_map(part_of);
    catalog.knows(spec, name)
        || depth > 0 && parts.any(|part| lacks_at(&part, name, catalog, depth - 1))
}

/// A scorer as it stands in another.
fn part_of(part: &Value) -> Option<ScorerSpec> {
    let (kind, params) = match part {
        Value::String(kind) => (kind.as_str(), Map::new()),
        Value::Object(table) => (table.get("type")?.as_str()?, table.clone()),
        _ => return None,
    };
    Some(ScorerSpec {
        kind: kind.to_owned(),
        params: params
            .into_iter()
            .filter(|(name, _)| !NOT_ITS.contains(&name.as_str()))
            .collect(),
    })
}

/// Gives `key` to a scorer as it stands in another: a name, or a table with `type` and a weight besides.
fn give_to_part(
    key: &ReadingKey,
    part: &mut Value,
    catalog: &dyn ScorerCatalog,
    depth: usize,
) -> bool {
    let mut table = match part {
        Value::String(kind) => Map::from_iter([("type".to_owned(), Value::from(kind.as_str()))]),
        Value::Object(table) => table.clone(),
        _ => return false,
    };
    let Some(Value::String(kind)) = table.get("type").cloned() else {
        return false;
    };
    let given = table
        .iter()
        .filter(|(name, _)| !NOT_ITS.contains(&name.as_str()));
    let given = given.map(|(name, value)| (name.clone(), value.clone()));
    let mut spec = ScorerSpec {
        kind,
        params: given.collect(),
    };
    let before = spec.params.clone();
    let is_known = give_to(key, &mut spec, catalog, depth);
    if spec.params != before {
        table.extend(spec.params);
        *part = Value::Object(table);
    }
    is_known
}

/// What is wrong with `key`, which no scorer of its task knows.
pub(crate) fn unknown(key: &ReadingKey, scorers: &[ScorerEntry]) -> Fault {
    let kinds: Vec<_> = scorers
        .iter()
        .map(|entry| format!("`{}`", entry.spec.kind))
        .collect();
    let message = format!(
        "no scorer of the task reads answers by `{}`: it has {}",
        key.name,
        kinds.join(", ")
    );
    let hint = match key.name {
        "locale" => "remove it, or use a scorer that reads numbers, such as `numeric`",
        _ => "remove it, or use a scorer that reads a text, such as `choice` or `exact`",
    };
    Fault::new(key.value.at, message).hint(hint)
}
