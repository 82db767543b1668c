//! `suite.toml` as a whole.

use std::collections::HashMap;

use cleanbench_core::Gate;
use toml::de::DeTable;

use crate::diagnostic::{Document, Fault};
use crate::gate_table::{self, GateTable};
use crate::log::Log;
use crate::probe_table::ProbeTable;
use crate::task_table::TaskTable;
use crate::toml_read::{Node, Reader};
use crate::words::shown;

const KNOWN: [&str; 9] = [
    "name",
    "version",
    "models",
    "references",
    "description",
    "defaults",
    "task",
    "probes",
    "gate",
];

/// A manifest after reading; what is wrong with it is in the log.
#[derive(Debug, Default)]
pub(crate) struct Manifest {
    pub(crate) name: String,
    pub(crate) version: String,
    pub(crate) description: Option<String>,
    pub(crate) models: Vec<String>,
    pub(crate) references: Vec<String>,
    pub(crate) probes: Option<ProbeTable>,
    pub(crate) gates: Vec<Gate>,
    /// Each task with the offset of its table; defaults are filled in.
    pub(crate) tasks: Vec<(usize, TaskTable)>,
}

/// The models that a manifest names, references among them, as far as it can be read.
pub fn models_of(text: &str) -> Vec<String> {
    let (root, _) = DeTable::parse_recoverable(text);
    let lists = ["models", "references"].map(|key| root.get_ref().get(key));
    let lists = lists.into_iter().flatten();
    let names = lists.filter_map(|node| node.get_ref().as_array()).flatten();
    names
        .filter_map(|name| name.get_ref().as_str().map(str::to_owned))
        .collect()
}

/// Reads the manifest. None when it is no TOML.
pub(crate) fn read(document: Document<'_>, log: &mut Log) -> Option<Manifest> {
    let (root, errors) = DeTable::parse_recoverable(document.text);
    for error in &errors {
        let at = error.span().map_or(0, |span| span.start);
        log.error(document, Fault::new(at, error.message().to_owned()));
    }
    if !errors.is_empty() {
        return None;
    }
    let mut reader = Reader { document, log };
    let manifest = read_root(&mut reader, root.get_ref());
    check_task_names(&mut reader, &manifest.tasks);
    Some(manifest)
}

/// The version of a suite whose author gives none.
const UNVERSIONED: &str = "unversioned";

fn read_root(reader: &mut Reader<'_>, root: &DeTable<'_>) -> Manifest {
    let mut manifest = Manifest {
        version: UNVERSIONED.to_owned(),
        ..Manifest::default()
    };
    let mut gates: Vec<GateTable> = Vec::new();
    for (key, node) in root {
        let (name, at) = (key.get_ref().as_ref(), key.span().start);
        match name {
            "name" => manifest.name = value_or_default(reader.plain_name(name, node)),
            "version" => manifest.version = value_or_default(reader.text(name, node)),
            "description" => {
                manifest.description = reader.string(name, node).map(|text| text.value);
            }
            "models" => {
                let models = reader.texts(name, node).unwrap_or_default();
                manifest.models = models.into_iter().map(|model| model.value).collect();
            }
            "references" => {
                let models = reader.texts(name, node).unwrap_or_default();
                manifest.references = models.into_iter().map(|model| model.value).collect();
            }
            "probes" => {
                let table = reader.table(name, node);
                manifest.probes = table.and_then(|table| ProbeTable::read(reader, at, table));
            }
            "gate" => gates = gate_table::read(reader, node),
            "defaults" | "task" => {}
            _ => reader.unknown_key(name, at, "a suite", &KNOWN),
        }
    }
    require(reader, root, &["name"], 0, "the suite");
    manifest.tasks = read_tasks(reader, root);
    let tasks = manifest.tasks.iter();
    let names = tasks.filter_map(|(_, task)| Some(task.name.as_ref()?.value.as_str()));
    manifest.gates = gate_table::resolve(reader, gates, &names.collect::<Vec<_>>());
    manifest
}

fn value_or_default(text: Option<crate::at::At<String>>) -> String {
    text.map_or_else(String::new, |text| text.value)
}

fn require(reader: &mut Reader<'_>, table: &DeTable<'_>, names: &[&str], at: usize, what: &str) {
    for name in names {
        if !table.contains_key(*name) {
            reader.fault(Fault::new(at, format!("{what} has no `{name}`")));
        }
    }
}

fn read_tasks(reader: &mut Reader<'_>, root: &DeTable<'_>) -> Vec<(usize, TaskTable)> {
    let defaults = root.get("defaults");
    let defaults_table = defaults.and_then(|node| reader.table("defaults", node));
    let base = defaults_table.map_or_else(TaskTable::default, |table| read_defaults(reader, table));
    let Some(node) = root.get("task") else {
        reader.fault(Fault::new(0, "the suite has no `[[task]]`"));
        return Vec::new();
    };
    let Some(elements) = reader.array("task", node) else {
        return Vec::new();
    };
    if elements.is_empty() {
        reader.fault(Fault::new(node.span().start, "the suite has no `[[task]]`"));
    }
    let tables = elements.iter().filter_map(|element| {
        let has_scorers = defaults_table.is_some_and(|table| table.contains_key("scorers"));
        read_task(reader, element, &base, has_scorers)
    });
    tables.collect()
}

fn read_defaults(reader: &mut Reader<'_>, table: &DeTable<'_>) -> TaskTable {
    for own in ["name", "data"] {
        if let Some((key, _)) = table.get_key_value(own) {
            let message = format!("`{own}` cannot be a default");
            let hint = "write it in each task";
            reader.fault(Fault::new(key.span().start, message).hint(hint));
        }
    }
    TaskTable::read(reader, "[defaults]", table)
}

fn read_task(
    reader: &mut Reader<'_>,
    node: &Node<'_>,
    base: &TaskTable,
    has_scorers: bool,
) -> Option<(usize, TaskTable)> {
    let at = node.span().start;
    let table = reader.table("each of task", node)?;
    let names: &[_] = if has_scorers {
        &["name", "data"]
    } else {
        &["name", "data", "scorers"]
    };
    require(reader, table, names, at, "the task");
    Some((at, TaskTable::read(reader, "a task", table).or(base)))
}

fn check_task_names(reader: &mut Reader<'_>, tasks: &[(usize, TaskTable)]) {
    let mut first_lines = HashMap::new();
    for name in tasks.iter().filter_map(|(_, task)| task.name.as_ref()) {
        let first = *first_lines.entry(name.value.as_str()).or_insert(name.at);
        if first != name.at {
            let first = reader.document.place(first).line;
            let message = format!("the task {} is already at line {first}", shown(&name.value));
            reader.fault(Fault::new(name.at, message).hint("give each task a name of its own"));
        }
    }
}
