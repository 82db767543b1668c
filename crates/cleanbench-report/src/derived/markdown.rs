//! Text in Markdown. What a model wrote must not become a heading, a picture, a mention or HTML.

use crate::cell;

/// `text` as a code span: cut to 200 characters, control characters made visible. Nothing within a code
/// span is markup; the two characters that could end it or its table cell are written out.
pub fn code(text: &str) -> String {
    let plain = cell::visible(text)
        .replace('`', "\\u{60}")
        .replace('|', "\\u{7c}");
    if plain.trim().is_empty() {
        "*(empty)*".to_owned()
    } else {
        format!("`{plain}`")
    }
}

/// A table. Cells must be Markdown already.
pub fn table(header: &[&str], rows: &[Vec<String>]) -> String {
    let line = |cells: &[String]| format!("| {} |\n", cells.join(" | "));
    let head: Vec<_> = header.iter().map(|&cell| cell.to_owned()).collect();
    let rule = vec!["---".to_owned(); header.len()];
    let rows = rows.iter().map(|row| line(row));
    [line(&head), line(&rule)].into_iter().chain(rows).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_ends_a_code_span() {
        assert_eq!(
            code("| <img src=x> @all `c`\n\u{1b}[31m"),
            "`\\u{7c} <img src=x> @all \\u{60}c\\u{60}\\u{a}\\u{1b}[31m`"
        );
        assert_eq!(code(" "), "*(empty)*");
    }

    #[test]
    fn tables_have_a_rule_under_the_header() {
        let drawn = table(&["a", "b"], &[vec!["1".to_owned(), "2".to_owned()]]);
        assert_eq!(drawn, "| a | b |\n| --- | --- |\n| 1 | 2 |\n");
    }
}
