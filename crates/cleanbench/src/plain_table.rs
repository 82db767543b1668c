//! Tables for people: columns, no lines.

use comfy_table::{Table, presets};

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
    table.trim_fmt()
}
