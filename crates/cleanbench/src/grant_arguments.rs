//! What may be read besides the suite's folder, as it is typed.

use std::path::PathBuf;

use clap::Args;
use cleanbench_suite::{Grants, NamedData};

/// What the user names besides the suite.
#[derive(Debug, Clone, Default, Args)]
pub(crate) struct GrantArguments {
    /// Let the suite name files in this folder too, by path or by link; repeatable
    #[arg(long = "allow-path", value_name = "DIR")]
    pub(crate) allow_path: Vec<PathBuf>,
    /// Take the data of a task from this file instead, wherever it is; repeatable
    #[arg(long, value_name = "TASK=PATH", value_parser = named_data)]
    pub(crate) data: Vec<NamedData>,
}

impl GrantArguments {
    /// As plain values.
    pub(crate) fn grants(&self) -> Grants {
        Grants {
            folders: self.allow_path.clone(),
            data: self.data.clone(),
        }
    }

    /// Whether nothing was named.
    pub(crate) fn is_empty(&self) -> bool {
        self.allow_path.is_empty() && self.data.is_empty()
    }
}

/// Reads `TASK=PATH`.
fn named_data(text: &str) -> Result<NamedData, String> {
    match text.split_once('=') {
        Some((task, path)) if !task.is_empty() && !path.is_empty() => Ok(NamedData {
            task: task.to_owned(),
            path: PathBuf::from(path),
        }),
        _ => Err("write it like routing=/data/routing.jsonl".to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_task_has_a_file() {
        let named = named_data("a=b=c.jsonl").unwrap();
        assert_eq!((named.task.as_str(), named.path), ("a", "b=c.jsonl".into()));
        for wrong in ["", "a", "a=", "=b"] {
            assert!(named_data(wrong).is_err(), "{wrong}");
        }
    }
}
