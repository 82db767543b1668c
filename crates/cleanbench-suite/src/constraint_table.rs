//! The keys of a task that say what its answers must look like: `tools`, `tool_choice`,
//! `response_format` and `logprobs`.
//!
//! Invariant: what stands here is well formed by itself; whether a file is a schema, and whether the
//! keys fit each other, is seen when the table is complete ([`crate::constraints`]).

use cleanbench_core::ToolChoice;
use serde_json::Value;
use toml::de::DeTable;

use crate::at::At;
use crate::diagnostic::Fault;
use crate::schema;
use crate::toml_read::{Node, Reader};
use crate::words::{did_you_mean, shown};

/// The keys.
pub(crate) const KEYS: [&str; 4] = ["tools", "tool_choice", "response_format", "logprobs"];
/// Most alternatives beside each token that the protocol knows.
const MOST_ALTERNATIVES: i64 = 20;
/// The name of a schema that is given none.
const SCHEMA_NAME: &str = "answer";

/// Where a JSON schema is.
#[derive(Debug, Clone)]
pub(crate) enum SchemaSource {
    Inline(Value),
    File(At<String>),
}

#[derive(Debug, Clone)]
pub(crate) struct ToolEntry {
    pub(crate) name: At<String>,
    pub(crate) description: Option<String>,
    pub(crate) parameters: SchemaSource,
}

#[derive(Debug, Clone)]
pub(crate) enum FormatEntry {
    JsonObject,
    JsonSchema {
        name: String,
        schema: SchemaSource,
        strict: bool,
    },
}

/// What the keys say; None where they say nothing.
#[derive(Debug, Clone, Default)]
pub(crate) struct ConstraintTable {
    pub(crate) tools: Option<At<Vec<ToolEntry>>>,
    pub(crate) tool_choice: Option<At<ToolChoice>>,
    pub(crate) response_format: Option<At<FormatEntry>>,
    pub(crate) logprobs: Option<At<u32>>,
}

impl ConstraintTable {
    /// Reads the value of `name`, which is one of [`KEYS`].
    pub(crate) fn read_key(&mut self, reader: &mut Reader<'_>, name: &str, node: &Node<'_>) {
        let at = node.span().start;
        match name {
            "tools" => self.tools = read_tools(reader, name, node).map(|value| At { value, at }),
            "tool_choice" => self.tool_choice = read_choice(reader, name, node),
            "response_format" => {
                self.response_format =
                    read_format(reader, name, node).map(|value| At { value, at });
            }
            _ => {
                let number = reader.whole(name, node, 0..=MOST_ALTERNATIVES);
                let number = number.and_then(|number| u32::try_from(number).ok());
                self.logprobs = number.map(|value| At { value, at });
            }
        }
    }

    /// This table where it says something, else `base`.
    pub(crate) fn or(self, base: &Self) -> Self {
        Self {
            tools: self.tools.or_else(|| base.tools.clone()),
            tool_choice: self.tool_choice.or_else(|| base.tool_choice.clone()),
            response_format: self
                .response_format
                .or_else(|| base.response_format.clone()),
            logprobs: self.logprobs.or_else(|| base.logprobs.clone()),
        }
    }
}

fn read_tools(reader: &mut Reader<'_>, name: &str, node: &Node<'_>) -> Option<Vec<ToolEntry>> {
    let elements = reader.array(name, node)?;
    let mut tools: Vec<ToolEntry> = Vec::new();
    for element in elements {
        let tool = read_tool(reader, element)?;
        if tools
            .iter()
            .any(|before| before.name.value == tool.name.value)
        {
            let message = format!("the tool {} stands there twice", shown(&tool.name.value));
            reader.fault(Fault::new(tool.name.at, message));
        }
        tools.push(tool);
    }
    Some(tools)
}

fn read_tool(reader: &mut Reader<'_>, node: &Node<'_>) -> Option<ToolEntry> {
    let known = ["name", "description", "parameters", "parameters_file"];
    let table = reader.table("each of tools", node)?;
    let (mut name, mut description) = (None, None);
    for (key, value) in table {
        match key.get_ref().as_ref() {
            "name" => name = Some(tool_name(reader, value)?),
            "description" => description = Some(reader.text("description", value)?.value),
            "parameters" | "parameters_file" => {}
            other => reader.unknown_key(other, key.span().start, "a tool", &known),
        }
    }
    let Some(name) = name else {
        reader.fault(Fault::new(node.span().start, "a tool without `name`"));
        return None;
    };
    let parameters = read_source(reader, table, "parameters", node.span().start)?;
    Some(ToolEntry {
        name,
        description,
        parameters,
    })
}

fn tool_name(reader: &mut Reader<'_>, node: &Node<'_>) -> Option<At<String>> {
    let name = wire_name(reader, "name", node)?;
    if matches!(name.value.as_str(), "auto" | "none" | "required") {
        let message = format!("a tool cannot be called {}", shown(&name.value));
        reader.fault(Fault::new(name.at, message).hint("that word is a value of `tool_choice`"));
    }
    Some(name)
}

/// A name that every endpoint takes for a tool or a schema.
fn wire_name(reader: &mut Reader<'_>, key: &str, node: &Node<'_>) -> Option<At<String>> {
    let name = reader.text(key, node)?;
    let fits = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-');
    if name.value.len() <= 64 && name.value.bytes().all(fits) {
        return Some(name);
    }
    let message = format!(
        "`{key}` is {}, which endpoints do not take",
        shown(&name.value)
    );
    let hint = "use letters of ASCII, digits, `_` and `-`, 64 at most";
    reader.fault(Fault::new(name.at, message).hint(hint));
    None
}

/// The schema that stands under `key`, or in the file that `key` with `_file` after it names.
fn read_source(
    reader: &mut Reader<'_>,
    table: &DeTable<'_>,
    key: &str,
    at: usize,
) -> Option<SchemaSource> {
    let file_key = format!("{key}_file");
    match (table.get(key), table.get(file_key.as_str())) {
        (Some(inline), None) => {
            reader.table(key, inline)?;
            for fault in schema::faults_of_node(inline) {
                reader.fault(fault);
            }
            reader.json(key, inline).map(SchemaSource::Inline)
        }
        (None, Some(file)) => reader.text(&file_key, file).map(SchemaSource::File),
        (Some(_), Some(second)) => {
            let message = format!("both `{key}` and `{file_key}`");
            reader.fault(Fault::new(second.span().start, message).hint("keep one of them"));
            None
        }
        (None, None) => {
            let message = format!("neither `{key}` nor `{file_key}`");
            let hint = "give a JSON schema as a table, or the path of a file with one";
            reader.fault(Fault::new(at, message).hint(hint));
            None
        }
    }
}

fn read_choice(reader: &mut Reader<'_>, name: &str, node: &Node<'_>) -> Option<At<ToolChoice>> {
    let word = reader.text(name, node)?;
    let value = match word.value.as_str() {
        "auto" => ToolChoice::Auto,
        "none" => ToolChoice::None,
        "required" => ToolChoice::Required,
        _ => ToolChoice::Tool(word.value),
    };
    Some(At { value, at: word.at })
}

fn read_format(reader: &mut Reader<'_>, name: &str, node: &Node<'_>) -> Option<FormatEntry> {
    let at = node.span().start;
    let table = reader.table(name, node)?;
    let Some(kind) = table.get("type") else {
        let fault = Fault::new(at, "`response_format` without `type`");
        reader.fault(fault.hint("it is `json_object` or `json_schema`"));
        return None;
    };
    let kind = reader.text("type", kind)?;
    let known: &[&str] = match kind.value.as_str() {
        "json_object" => &["type"],
        "json_schema" => &["type", "schema", "schema_file", "name", "strict"],
        other => {
            let message = format!("unknown response format {}", shown(other));
            let near = did_you_mean(other, ["json_object", "json_schema"]);
            let fault = Fault::new(kind.at, message).hint("it is `json_object` or `json_schema`");
            reader.fault(fault.maybe_hint(near));
            return None;
        }
    };
    for (key, _) in table {
        if !known.contains(&key.get_ref().as_ref()) {
            let what = format!("a response format of type {}", shown(&kind.value));
            reader.unknown_key(key.get_ref(), key.span().start, &what, known);
        }
    }
    if kind.value == "json_object" {
        return Some(FormatEntry::JsonObject);
    }
    read_schema_format(reader, table, at)
}

fn read_schema_format(
    reader: &mut Reader<'_>,
    table: &DeTable<'_>,
    at: usize,
) -> Option<FormatEntry> {
    let name = match table.get("name") {
        Some(name) => wire_name(reader, "name", name)?.value,
        None => SCHEMA_NAME.to_owned(),
    };
    let strict = match table.get("strict") {
        Some(strict) => reader.boolean("strict", strict)?,
        None => false,
    };
    Some(FormatEntry::JsonSchema {
        name,
        schema: read_source(reader, table, "schema", at)?,
        strict,
    })
}
