//! The key `fields` of a task: which column of its data is which field of a sample, and how targets are written.
//!
//! Refused: fields that no sample has, more columns than are kept track of, and columns that would be metadata under
//! one name.

use toml::de::{DeTable, DeValue};

use crate::at::At;
use crate::diagnostic::Fault;
use crate::field::{Field, plain};
use crate::fields::{Column, Fields, MOST_COLUMNS};
use crate::target_form::Form;
use crate::toml_read::{Node, Reader};
use crate::words::{did_you_mean, shown};

/// Fields that can be mapped.
const KNOWN: [&str; 13] = [
    "id",
    "input",
    "messages",
    "images",
    "target",
    "choices",
    "choice_rewordings",
    "metadata",
    "created",
    "cluster",
    "rewording_of",
    "isomorph_of",
    "sensitivity",
];

/// Keys of `target` where it is a table.
const TARGET: [&str; 4] = ["column", "form", "after", "boxed"];

/// Longest mark before an answer, in bytes.
const LONGEST_MARK: usize = 200;

/// Reads the table.
pub(crate) fn read(reader: &mut Reader<'_>, name: &str, node: &Node<'_>) -> Option<Fields> {
    let table = reader.table(name, node)?;
    let mut found = Reading {
        reader,
        fields: Fields::default(),
        columns: 0,
    };
    let mut entries: Vec<_> = table.iter().collect();
    entries.sort_by_key(|(key, _)| key.span().start);
    for (key, value) in entries {
        found.entry(key.get_ref(), key.span().start, value)?;
    }
    let Reading {
        reader,
        fields,
        columns,
    } = found;
    if columns > MOST_COLUMNS {
        let message = format!("`fields` names {columns} columns; at most {MOST_COLUMNS} are read");
        reader.fault(Fault::new(node.span().start, message));
        return None;
    }
    check_metadata(reader, &fields)?;
    Some(fields)
}

/// The table while it is read.
struct Reading<'r, 'a> {
    reader: &'r mut Reader<'a>,
    fields: Fields,
    /// How many columns were named.
    columns: usize,
}

impl Reading<'_, '_> {
    fn entry(&mut self, key: &str, at: usize, node: &Node<'_>) -> Option<()> {
        match key {
            "metadata" => self.fields.metadata = Some(self.list(key, node)?),
            "choices" if node.get_ref().as_array().is_some() => {
                self.fields.options = self.list(key, node)?;
                if self.fields.options.len() < 2 {
                    let message = "`choices` needs at least two columns, each an option";
                    let fault = Fault::new(node.span().start, message);
                    self.reader.fault(
                        fault.hint("name one column, without brackets, where it holds all options"),
                    );
                    return None;
                }
            }
            "target" => self.target(node)?,
            _ if KNOWN.contains(&key) => {
                let column = self.column(key, node)?;
                let field = Field::own(key)?;
                self.fields.single.push((field, column));
            }
            _ => {
                let message = format!("no sample has a field {}", shown(key));
                let hint = format!("a field is one of {}", KNOWN.join(", "));
                self.reader.fault(
                    Fault::new(at, message)
                        .hint(hint)
                        .maybe_hint(did_you_mean(key, KNOWN)),
                );
                return None;
            }
        }
        Some(())
    }

    fn column(&mut self, key: &str, node: &Node<'_>) -> Option<Column> {
        let name = self.reader.text(key, node)?;
        Some(self.numbered(name))
    }

    fn numbered(&mut self, name: At<String>) -> Column {
        let position = self.columns;
        self.columns += 1;
        Column {
            name,
            // Tables with more are refused when they have been read.
            position: position.min(MOST_COLUMNS - 1),
        }
    }

    fn list(&mut self, key: &str, node: &Node<'_>) -> Option<Vec<Column>> {
        let names = self.reader.texts(key, node)?;
        Some(names.into_iter().map(|name| self.numbered(name)).collect())
    }

    /// Reads a column, or a table that says more of the target.
    fn target(&mut self, node: &Node<'_>) -> Option<()> {
        let DeValue::Table(table) = node.get_ref() else {
            let column = self.column("target", node)?;
            self.fields.single.push((Field::Target, column));
            return Some(());
        };
        self.target_table(table)
    }

    fn target_table(&mut self, table: &DeTable<'_>) -> Option<()> {
        for (key, value) in table {
            match key.get_ref().as_ref() {
                "column" => {
                    let column = self.column("column", value)?;
                    self.fields.single.push((Field::Target, column));
                }
                "form" => self.fields.target.form = Some(self.form(value)?),
                "after" => self.fields.target.after = Some(self.mark(value)?),
                "boxed" => {
                    self.fields.target.is_boxed = self.reader.boolean("boxed", value)?;
                }
                other => {
                    let at = key.span().start;
                    self.reader.unknown_key(other, at, "`target`", &TARGET);
                    return None;
                }
            }
        }
        Some(())
    }

    fn form(&mut self, node: &Node<'_>) -> Option<Form> {
        let word = self.reader.text("form", node)?;
        let found = Form::ALL
            .into_iter()
            .find(|form| form.as_str() == word.value);
        let words = Form::ALL.map(Form::as_str);
        let fault = || {
            Fault::new(
                word.at,
                format!("unknown form of targets {}", shown(&word.value)),
            )
            .hint(format!("it is one of {}", words.join(", ")))
            .maybe_hint(did_you_mean(&word.value, words))
        };
        self.reader.accept(found.ok_or_else(fault))
    }

    fn mark(&mut self, node: &Node<'_>) -> Option<String> {
        let mark = self.reader.text("after", node)?;
        if mark.value.len() > LONGEST_MARK {
            let message = format!("`after` is longer than {LONGEST_MARK} bytes");
            self.reader.fault(Fault::new(mark.at, message));
            return None;
        }
        Some(mark.value)
    }
}

/// No two columns can be metadata under one name.
fn check_metadata(reader: &mut Reader<'_>, fields: &Fields) -> Option<()> {
    let columns = fields.metadata.as_deref().unwrap_or_default();
    for (position, column) in columns.iter().enumerate() {
        let is_same = |before: &&Column| plain(before.last()) == plain(column.last());
        if columns[..position].iter().find(is_same).is_some() {
            let message = format!("two columns would be the metadata {}", shown(column.last()));
            reader.fault(Fault::new(column.name.at, message));
            return None;
        }
    }
    Some(())
}
