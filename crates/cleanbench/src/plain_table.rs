//! Tables for people: columns, no lines; no wider than the terminal that they are printed to, where cells can be wrapped.

use std::io::stdout;

use comfy_table::{ContentArrangement, Table, presets};

use crate::wrap;

/// `rows` under `header`, columns aligned, no space at line ends.
pub(crate) fn plain_table<const N: usize>(
    header: [&str; N],
    rows: impl IntoIterator<Item = [String; N]>,
) -> String {
    let rows: Vec<_> = rows.into_iter().map(Vec::from).collect();
    plain_rows(&header.map(str::to_owned), &rows)
}

/// `rows`, each with as many cells as `header`.
pub(crate) fn plain_rows(header: &[String], rows: &[Vec<String>]) -> String {
    let mut table = Table::new();
    table.load_style(presets::NOTHING);
    table.set_header(header);
    for row in rows {
        table.add_row(row);
    }
    fitted(table, wrap::columns(&stdout()))
}

/// `table` with its cells wrapped where it is wider than `columns`.
fn fitted(mut table: Table, columns: Option<usize>) -> String {
    let text = table.trim_fmt();
    let columns = columns.filter(|columns| wrap::is_wider(&text, *columns));
    let Some(columns) = columns.and_then(|columns| u16::try_from(columns).ok()) else {
        return text;
    };
    table.set_content_arrangement(ContentArrangement::Dynamic);
    table.set_width(columns);
    table.trim_fmt()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_table_is_no_wider_than_its_terminal() {
        let mut table = Table::new();
        table.load_style(presets::NOTHING);
        table.set_header(["model", "what was found of it and of its controls"]);
        table.add_row(["a-model", "0.700 [0.289, 0.892]"]);
        let whole = fitted(table.clone(), None);
        assert_eq!(whole.lines().count(), 2, "{whole}");
        assert_eq!(fitted(table.clone(), Some(100)), whole);
        let narrow = fitted(table, Some(40));
        assert!(
            !wrap::is_wider(&narrow, 40) && narrow.lines().count() > 2,
            "{narrow}"
        );
    }
}
