//! By which fields of their metadata samples hang together and scores are reported: `cluster`, `slices`.
//!
//! Invariant: a field that a task names is had by at least one of its samples, so that a slip of the pen
//! does not make a table silently empty.
//!
//! Refused: values that are neither text, number nor truth value, and slices of so many values that each
//! is a handful of samples.

use std::collections::{BTreeSet, HashSet};
use std::hash::{DefaultHasher, Hash as _, Hasher as _};

use cleanbench_core::Sample;
use serde_json::{Map, Value};

use crate::at::At;
use crate::diagnostic::Fault;
use crate::task_table::TaskTable;
use crate::words::{did_you_mean, kind_of_json, shown, shown_list};

/// Most values of a field by which scores are reported.
const MOST_VALUES: usize = 1_000;
/// Most names of fields that are kept to say what there is.
const MOST_NAMES: usize = 100;

/// A field of a task's samples that the task names, while its data is read.
#[derive(Debug)]
struct Named {
    key: &'static str,
    field: At<String>,
    /// Hashes of its values.
    values: HashSet<u64>,
}

/// The fields that a task names.
#[derive(Debug, Default)]
pub(crate) struct Grouping {
    named: Vec<Named>,
    /// Names of fields that samples have.
    fields: BTreeSet<String>,
}

impl Grouping {
    /// The fields that `table` names.
    pub(crate) fn of(table: &TaskTable) -> Self {
        let named = |key, field: &At<String>| Named {
            key,
            field: field.clone(),
            values: HashSet::new(),
        };
        let cluster = table.cluster.iter().map(|field| named("cluster", field));
        let slices = table.slices.iter().flatten();
        Self {
            named: cluster
                .chain(slices.map(|field| named("slices", field)))
                .collect(),
            fields: BTreeSet::new(),
        }
    }

    /// Takes in the values of `sample`; what is wrong with one is pushed.
    pub(crate) fn add(&mut self, sample: &Sample, faults: &mut Vec<Fault>) {
        if self.named.is_empty() {
            return;
        }
        if self.fields.len() < MOST_NAMES {
            self.fields.extend(sample.metadata.keys().cloned());
        }
        for named in &mut self.named {
            match text_of(&sample.metadata, &named.field.value) {
                Ok(Some(text)) if named.values.len() <= MOST_VALUES => {
                    let mut hasher = DefaultHasher::new();
                    text.hash(&mut hasher);
                    named.values.insert(hasher.finish());
                }
                Ok(_) => {}
                // The fault of a cluster was found where the sample was made.
                Err(_) if named.key == "cluster" => {}
                Err(message) => {
                    let message = format!("{message}, and `{}` of the task names it", named.key);
                    faults.push(Fault::new(0, message));
                }
            }
        }
    }

    /// What is wrong with the fields that the task names, at their places in the manifest.
    pub(crate) fn faults(&self) -> Vec<Fault> {
        self.named
            .iter()
            .filter_map(|named| self.fault(named))
            .collect()
    }

    fn fault(&self, named: &Named) -> Option<Fault> {
        let (field, at) = (&named.field.value, named.field.at);
        if named.values.is_empty() {
            let known = self.fields.iter().map(String::as_str);
            let message = format!("no sample has the metadata {}", shown(field));
            let hint = match self.fields.len() {
                0 => "no sample has any `metadata`".to_owned(),
                _ => format!(
                    "samples have {}",
                    shown_list(known.clone().collect::<Vec<_>>().into_iter(), 10)
                ),
            };
            return Some(
                Fault::new(at, message)
                    .hint(hint)
                    .maybe_hint(did_you_mean(field, known)),
            );
        }
        if named.key == "slices" && named.values.len() > MOST_VALUES {
            let message = format!("{} has more than {MOST_VALUES} values", shown(field));
            let hint =
                "a slice is a part of the samples that is large enough for a score of its own";
            return Some(Fault::new(at, message).hint(hint));
        }
        None
    }
}

/// The value of `field` in `metadata` as text; `None` where there is none.
///
/// # Errors
/// What is wrong with it, a lowercase fragment.
pub(crate) fn text_of(
    metadata: &Map<String, Value>,
    field: &str,
) -> Result<Option<String>, String> {
    match metadata.get(field) {
        None | Some(Value::Null) => Ok(None),
        Some(Value::String(text)) if text.trim().is_empty() => Ok(None),
        Some(Value::String(text)) => Ok(Some(text.clone())),
        Some(value @ (Value::Number(_) | Value::Bool(_))) => Ok(Some(value.to_string())),
        Some(other) => Err(format!(
            "the metadata {} is {}",
            shown(field),
            kind_of_json(&other.to_string())
        )),
    }
}
