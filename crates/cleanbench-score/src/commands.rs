//! The permission to run foreign programs. Whoever builds scorers without it, reports above all, cannot
//! run any, whatever a suite or a run directory says.

use std::ffi::{OsStr, OsString};

use cleanbench_core::ScorerSpec;
use serde_json::Value;

/// The permission to run the programs of the scorer `command`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Commands {
    path: OsString,
}

impl Commands {
    /// Allows them. Programs named without a folder are looked for in the folders of `path`, which has the
    /// form of the variable `PATH`; it is all of the environment that they get.
    pub fn allowed(path: OsString) -> Self {
        Self { path }
    }

    pub(crate) fn path(&self) -> &OsStr {
        &self.path
    }
}

/// What `spec` would run, nested scorers included: each program with its arguments, as written.
pub fn programs(spec: &ScorerSpec) -> Vec<String> {
    of_scorer(&spec.kind, |name| spec.params.get(name))
}

fn of_scorer<'a>(kind: &str, param: impl Fn(&str) -> Option<&'a Value>) -> Vec<String> {
    let list = |name: &str| param(name).and_then(Value::as_array).into_iter().flatten();
    match kind {
        "command" => {
            let program = param("program").into_iter();
            let words = program.chain(list("args")).filter_map(Value::as_str);
            vec![words.collect::<Vec<_>>().join(" ")]
        }
        "weighted" => list("scorers").flat_map(of_entry).collect(),
        _ => Vec::new(),
    }
}

fn of_entry(entry: &Value) -> Vec<String> {
    let kind = entry.get("type").or(Some(entry)).and_then(Value::as_str);
    of_scorer(kind.unwrap_or_default(), |name| entry.get(name))
}
