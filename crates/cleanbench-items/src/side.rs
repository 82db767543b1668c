//! One side of a comparison: a model of a run, and who it is.

use cleanbench_ledger::manifest::ModelPlan;
use serde::Serialize;
use serde_json::Value;

use crate::item::{Item, TaskItems};
use crate::table::ItemTable;

/// One side of a comparison.
#[derive(Debug, Clone, Copy)]
pub struct Side<'a> {
    /// The run's items.
    pub table: &'a ItemTable,
    /// Position of the model in the plan.
    pub model: usize,
}

/// Who a side is, for a header.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Who {
    /// The run.
    pub run: String,
    /// When it was planned, UTC.
    pub created: String,
    /// The model's name as the user wrote it.
    pub model: String,
    /// The provider, and the model's name as the endpoint knows it.
    pub identity: String,
    /// Version of the suite.
    pub suite_version: String,
    /// SHA-256 of its `results.csv`.
    pub results: String,
}

impl<'a> Side<'a> {
    /// The model's plan.
    pub fn plan(self) -> &'a ModelPlan {
        &self.table.manifest.plan.models[self.model]
    }

    /// Who it is.
    pub fn who(self) -> Who {
        let manifest = &self.table.manifest;
        Who {
            run: manifest.run.to_string(),
            created: manifest.plan.created.clone(),
            model: self.plan().name.clone(),
            identity: self.identity(),
            suite_version: manifest.plan.suite.version.clone(),
            results: self.table.results.to_string(),
        }
    }

    /// Who the model is: [`identity`].
    pub fn identity(self) -> String {
        identity(self.plan())
    }

    /// What the model made of the task at position `task` of its plan.
    pub fn items(self, task: usize) -> &'a [Item] {
        self.table.items(self.model, task)
    }

    /// The same with what is known of the task's contamination.
    pub fn task(self, task: usize) -> Option<&'a TaskItems> {
        self.table.task(self.model, task)
    }
}

/// What makes a model the same one in another run: its provider, its name there, and the host,
/// where all hosts of one's own machine are the same, since ports change from night to night.
pub fn identity(model: &ModelPlan) -> String {
    let text = |field: &str| model.endpoint.get(field).and_then(Value::as_str);
    let host = text("url").map(host_of).unwrap_or_default();
    let provider = text("provider").unwrap_or_default();
    let model = text("model").unwrap_or_default();
    if host.is_empty() {
        format!("{provider}/{model}")
    } else {
        format!("{provider}/{model} at {host}")
    }
}

/// The host of `url` without port, `this machine` for one's own, and nothing for a model in the process.
fn host_of(url: &str) -> String {
    let Some((_, rest)) = url.split_once("://") else {
        return String::new();
    };
    let authority = rest.split('/').next().unwrap_or_default();
    let host = match authority.rsplit_once(':') {
        Some((host, port)) if port.bytes().all(|byte| byte.is_ascii_digit()) => host,
        _ => authority,
    };
    let is_own = host == "localhost" || host == "[::1]" || host.starts_with("127.");
    if is_own {
        "this machine".to_owned()
    } else {
        host.to_owned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ports_of_ones_own_machine_do_not_make_another_model() {
        for (url, host) in [
            ("http://127.0.0.1:8080/v1", "this machine"),
            ("http://localhost:1/v1", "this machine"),
            ("http://[::1]:9/v1", "this machine"),
            ("https://api.example/v1/chat", "api.example"),
            ("https://api.example:8443", "api.example"),
            ("embedded:clean", ""),
        ] {
            assert_eq!(host_of(url), host, "{url}");
        }
    }
}
