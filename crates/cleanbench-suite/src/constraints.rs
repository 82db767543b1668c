//! From the keys of a complete task to what is sent: schema files are read, and keys that contradict
//! each other are faults.

use cleanbench_core::{Constraints, Method, ResponseFormat, Tool, ToolChoice};
use serde_json::Value;

use crate::at::At;
use crate::constraint_table::{ConstraintTable, FormatEntry, SchemaSource, ToolEntry};
use crate::diagnostic::{Document, Fault};
use crate::load::{Loader, whole};
use crate::schema;
use crate::task_table::TaskTable;
use crate::words::shown;

/// Bytes that a byte of a schema takes in memory when it is taken apart.
const SCHEMA: u64 = 24;

impl Loader<'_> {
    /// What the task asks of its answers; `None` after a fault, which is logged.
    pub(crate) fn constraints(&mut self, table: &TaskTable) -> Option<Constraints> {
        let asked = &table.constraints;
        for fault in contradictions(table) {
            self.log.error(self.manifest, fault);
        }
        let tools = asked.tools.iter().flat_map(|tools| &tools.value);
        let tools: Vec<_> = tools.map(|entry| self.tool(entry)).collect();
        let response_format = match &asked.response_format {
            Some(entry) => Some(self.response_format(&entry.value)?),
            None => None,
        };
        Some(Constraints {
            tools: tools.into_iter().collect::<Option<_>>()?,
            tool_choice: asked
                .tool_choice
                .as_ref()
                .map(|choice| choice.value.clone()),
            response_format,
            logprobs: asked.logprobs.as_ref().map(|number| number.value),
        })
    }

    fn tool(&mut self, entry: &ToolEntry) -> Option<Tool> {
        Some(Tool {
            name: entry.name.value.clone(),
            description: entry.description.clone(),
            parameters: self.schema(&entry.parameters)?,
        })
    }

    fn response_format(&mut self, entry: &FormatEntry) -> Option<ResponseFormat> {
        Some(match entry {
            FormatEntry::JsonObject => ResponseFormat::JsonObject,
            FormatEntry::JsonSchema {
                name,
                schema,
                strict,
            } => ResponseFormat::JsonSchema {
                name: name.clone(),
                schema: self.schema(schema)?,
                strict: *strict,
            },
        })
    }

    fn schema(&mut self, source: &SchemaSource) -> Option<Value> {
        match source {
            SchemaSource::Inline(schema) => Some(schema.clone()),
            SchemaSource::File(written) => self.schema_file(written),
        }
    }

    fn schema_file(&mut self, written: &At<String>) -> Option<Value> {
        let (path, bytes, text) = self.text_file(written)?;
        self.effort.hold(bytes.len(), SCHEMA);
        self.parts.push([b"schema ", bytes.as_slice()].concat());
        let faults = match schema::parse(&text) {
            Ok(schema) => return Some(schema),
            Err(faults) => faults,
        };
        for fault in faults {
            let document = Document {
                text: &text,
                ..whole(&path)
            };
            self.log.error(document, fault);
        }
        None
    }
}

/// Keys that contradict each other.
fn contradictions(table: &TaskTable) -> Vec<Fault> {
    let asked = &table.constraints;
    let mut faults = Vec::new();
    faults.extend(choice_fault(asked));
    let method = table.method.as_ref().map(|method| method.value);
    if method == Some(Method::Likelihood) {
        let places = [
            ("tools", asked.tools.as_ref().map(|tools| tools.at)),
            (
                "response_format",
                asked.response_format.as_ref().map(|one| one.at),
            ),
            ("logprobs", asked.logprobs.as_ref().map(|one| one.at)),
        ];
        for (key, at) in places {
            let message =
                format!("`{key}` with `method = \"likelihood\"`, which generates nothing");
            faults.extend(at.map(|at| Fault::new(at, message)));
        }
    }
    faults
}

/// What is wrong with `tool_choice`.
fn choice_fault(asked: &ConstraintTable) -> Option<Fault> {
    let choice = asked.tool_choice.as_ref()?;
    let tools = asked.tools.as_ref().map_or(&[][..], |tools| &tools.value);
    if tools.is_empty() {
        let fault = Fault::new(choice.at, "`tool_choice` without `tools`");
        return Some(fault.hint("name the tools, or remove the key"));
    }
    let ToolChoice::Tool(name) = &choice.value else {
        return None;
    };
    let is_known = tools.iter().any(|tool| tool.name.value == *name);
    (!is_known).then(|| {
        let message = format!(
            "`tool_choice` names {}, which is none of `tools`",
            shown(name)
        );
        Fault::new(choice.at, message)
            .hint("it is `auto`, `none`, `required`, or the name of a tool")
    })
}
