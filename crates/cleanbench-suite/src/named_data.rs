//! A data file that was named in the place of a suite.
//!
//! Invariant: it is opened as data is, and no further than its first record.

use std::path::Path;
use std::sync::Arc;

use crate::MANIFEST;
use crate::diagnostic::Fault;
use crate::field::Field;
use crate::fields::{Fields, which_column};
use crate::folder::{DataSource, SuiteFolder};
use crate::rows::Rows;
use crate::source::{self, kind_of};
use crate::words::{shown, shown_list};

/// What to say where `path` is a data file and no suite.
pub(crate) fn fault_of(path: &Path) -> Option<Fault> {
    let file = path.file_name()?.to_string_lossy();
    if let Some(hint) = source::other_format(path)
        && path.is_file()
    {
        let message = format!("{} is no suite and no data that can be read", shown(&file));
        return Some(Fault::new(0, message).hint(hint));
    }
    kind_of(path).ok()?;
    if !path.is_file() {
        return None;
    }
    let name: String = file
        .chars()
        .take_while(|character| character.is_alphanumeric() || matches!(character, '-' | '_'))
        .collect();
    let name = if name.is_empty() { "mine" } else { &name };
    let message = format!("{} is data, and what to ask of it is missing", shown(&file));
    let folder = match path.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent,
        _ => Path::new("."),
    };
    let lines = [
        format!("name = \"{name}\""),
        "[[task]]".to_owned(),
        format!("name = \"{name}\""),
        format!("data = {}", toml_text(&file)),
        "scorers = [\"exact\"]".to_owned(),
    ];
    let lines: Vec<_> = lines.iter().map(|line| shell_word(line)).collect();
    let manifest = folder.join(MANIFEST);
    let hint = format!(
        "say it in a `{MANIFEST}`: printf '%s\\n' {} > {} && cleanbench check {} (other scorers are \"choice\", \"numeric\", …). {}",
        lines.join(" "),
        shell_word(&manifest.to_string_lossy()),
        shell_word(&folder.to_string_lossy()),
        of_columns(&columns_of(path))
    );
    Some(Fault::new(0, message).hint(hint))
}

/// `text` as a basic string of TOML, whose escapes are those of JSON; JSON alone lets U+007F stand.
fn toml_text(text: &str) -> String {
    let quoted = serde_json::Value::from(text).to_string();
    quoted.replace('\u{7f}', "\\u007f")
}

/// `text` as one word of a shell.
fn shell_word(text: &str) -> String {
    let is_plain = |c: char| c.is_alphanumeric() || matches!(c, '-' | '_' | '.' | '/');
    if !text.is_empty() && text.chars().all(is_plain) && !text.starts_with('-') {
        return text.to_owned();
    }
    format!("'{}'", text.replace('\'', "'\\''"))
}

/// What is known of the columns of a file without being told.
fn of_columns(columns: &[String]) -> String {
    if columns.is_empty() {
        return String::new();
    }
    let field = |wanted: Field| {
        let is_it =
            |column: &&String| Field::named(column).is_some_and(|(field, _)| field == wanted);
        columns.iter().find(is_it)
    };
    match (field(Field::Input), field(Field::Target)) {
        (None, _) => format!("Besides: {}", which_column(Field::Input, columns)),
        (Some(_), None) => format!("Besides: {}", which_column(Field::Target, columns)),
        (Some(input), Some(target)) => format!(
            "Of its columns {} the input is {} and the target {}",
            shown_list(columns.iter().map(String::as_str), 20),
            shown(input),
            shown(target)
        ),
    }
}

fn columns_of(path: &Path) -> Vec<String> {
    let parent = path
        .parent()
        .filter(|parent| !parent.as_os_str().is_empty());
    let Ok(folder) = SuiteFolder::open(parent.unwrap_or(Path::new(".")), &[]) else {
        return Vec::new();
    };
    let source = DataSource {
        path: path.to_owned(),
        is_named: true,
    };
    let rows = Rows::open(&folder, &source, &Arc::new(Fields::default()));
    let Ok(mut rows) = rows else {
        return Vec::new();
    };
    rows.next_row()
        .map_or_else(Vec::new, |row| row.columns.to_vec())
}
