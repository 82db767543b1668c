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
use crate::source::kind_of;
use crate::words::{shown, shown_list};

/// What to say where `path` is a data file and no suite.
pub(crate) fn fault_of(path: &Path) -> Option<Fault> {
    kind_of(path).ok()?;
    if !path.is_file() {
        return None;
    }
    let file = path.file_name()?.to_string_lossy();
    let name: String = file
        .chars()
        .take_while(|character| character.is_alphanumeric() || matches!(character, '-' | '_'))
        .collect();
    let name = if name.is_empty() { "mine" } else { &name };
    let message = format!("{} is data, and what to ask of it is missing", shown(&file));
    let hint = format!(
        "write a `{MANIFEST}` beside it with `name = \"{name}\"`, below that `[[task]]`, and below that \
         `name = \"{name}\"`, `data = \"{file}\"`, `scorers = [\"exact\"]` (or \"choice\", \"numeric\", …), a line each; \
         then name the folder. {}",
        of_columns(&columns_of(path))
    );
    Some(Fault::new(0, message).hint(hint))
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
