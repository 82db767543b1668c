//! An import as a suite of ours: `suite.toml` and one file of samples for each task.
//!
//! Invariants: whatever a log holds, the manifest says of it what was meant (texts are quoted, names are plain); every
//! task is private, for a log may hold anything; the questions are those that the models saw.

use cleanbench_core::{Message, Role, ScorerSpec};
use serde_json::{Map, Value, json};

use crate::log::{Imported, Sample, Task};

/// A file of a suite.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SuiteFile {
    /// Its name.
    pub name: String,
    /// Its bytes.
    pub bytes: Vec<u8>,
}

/// The files of the suite that `imported` comes to, the manifest first.
pub fn suite_files(imported: &Imported) -> Vec<SuiteFile> {
    let manifest = SuiteFile {
        name: "suite.toml".to_owned(),
        bytes: manifest(imported).into_bytes(),
    };
    let data = imported.tasks.iter().map(|task| SuiteFile {
        name: data_name(task),
        bytes: rows(task),
    });
    std::iter::once(manifest).chain(data).collect()
}

fn data_name(task: &Task) -> String {
    format!("{}.jsonl", task.name)
}

fn manifest(imported: &Imported) -> String {
    let from = format!("Imported from {} ({})", imported.tool, imported.format);
    let mut text = format!(
        "name = {}\nversion = \"1\"\ndescription = {}\n",
        quoted(&imported.name),
        quoted(&from)
    );
    for task in &imported.tasks {
        text.push_str(&task_table(task));
    }
    text
}

fn task_table(task: &Task) -> String {
    let judged = match task.recorded.as_slice() {
        [] => String::new(),
        names => format!("# the log's own scorers: {}\n", comment(&names.join(", "))),
    };
    let replaced = match &task.replaced {
        None => String::new(),
        Some(what) => format!("# {}\n", comment(what)),
    };
    let epochs = match task.epochs() {
        1 => String::new(),
        epochs => format!("epochs = {epochs}\n"),
    };
    let scorers: Vec<_> = task.scorers.iter().map(scorer).collect();
    format!(
        "\n[[task]]\nname = {}\ndata = {}\nsensitivity = \"private\"\n{epochs}{judged}{replaced}scorers = [{}]\n",
        quoted(&task.name),
        quoted(&data_name(task)),
        scorers.join(", ")
    )
}

fn scorer(spec: &ScorerSpec) -> String {
    if spec.params.is_empty() {
        return quoted(&spec.kind);
    }
    let params = spec.params.iter();
    let params = params.map(|(name, value)| format!(", {name} = {}", toml_value(value)));
    format!(
        "{{ type = {}{} }}",
        quoted(&spec.kind),
        params.collect::<String>()
    )
}

fn toml_value(value: &Value) -> String {
    match value {
        Value::String(text) => quoted(text),
        other => other.to_string(),
    }
}

/// `text` as a basic string of TOML, whose escapes are those of JSON; JSON alone lets U+007F stand.
fn quoted(text: &str) -> String {
    Value::from(text).to_string().replace('\u{7f}', "\\u007f")
}

/// `text` as the rest of a comment: one line, no control characters.
fn comment(text: &str) -> String {
    text.chars()
        .map(|c| if c.is_control() { ' ' } else { c })
        .collect()
}

fn rows(task: &Task) -> Vec<u8> {
    let mut bytes = Vec::new();
    for sample in &task.samples {
        bytes.extend_from_slice(row(sample).to_string().as_bytes());
        bytes.push(b'\n');
    }
    bytes
}

fn row(sample: &Sample) -> Value {
    let mut row = Map::new();
    row.insert("id".to_owned(), Value::from(sample.id.as_str()));
    row.insert("messages".to_owned(), messages(&sample.messages));
    if let Some(target) = &sample.target {
        row.insert("target".to_owned(), target.clone());
    }
    if !sample.choices.is_empty() {
        row.insert("choices".to_owned(), json!(sample.choices));
    }
    if !sample.metadata.is_empty() {
        row.insert("metadata".to_owned(), Value::from(sample.metadata.clone()));
    }
    Value::Object(row)
}

/// The messages of a row.
pub(crate) fn messages(messages: &[Message]) -> Value {
    let each = messages.iter();
    let each = each.map(|message| json!({"role": role(message.role), "content": message.content}));
    each.collect()
}

fn role(role: Role) -> &'static str {
    match role {
        Role::System => "system",
        Role::User => "user",
        Role::Assistant => "assistant",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scorers::spec;

    #[test]
    fn whatever_a_log_holds_stays_within_its_quotes() {
        let imported = Imported {
            name: "n".to_owned(),
            tool: "evil\"\n[[task]]\u{7f}".to_owned(),
            tasks: vec![Task {
                name: "t".to_owned(),
                recorded: vec!["a\nname = 1".to_owned()],
                scorers: vec![spec("regex", json!({"pattern": "\"x\\d", "case": false}))],
                samples: vec![Sample {
                    id: "1".to_owned(),
                    messages: vec![Message::new(Role::User, "q\n")],
                    ..Sample::default()
                }],
                ..Task::default()
            }],
            ..Imported::default()
        };
        let [manifest, data] = suite_files(&imported).try_into().unwrap();
        let manifest = String::from_utf8(manifest.bytes).unwrap();
        assert!(manifest.contains("evil\\\"\\n[[task]]\\u007f"));
        assert!(manifest.contains("# the log's own scorers: a name = 1\n"));
        assert!(manifest.contains("{ type = \"regex\", pattern = \"\\\"x\\\\d\", case = false }"));
        assert_eq!(
            String::from_utf8(data.bytes).unwrap(),
            "{\"id\":\"1\",\"messages\":[{\"role\":\"user\",\"content\":\"q\\n\"}]}\n"
        );
    }
}
