//! Tables in Markdown. What a model wrote comes through `notation::code`, so that it becomes no
//! heading, picture, mention or HTML.

/// A table. Cells must be Markdown already.
pub fn table(header: &[&str], rows: &[Vec<String>]) -> String {
    cleanbench_text::markdown::spaced_table(header, rows.iter().cloned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tables_have_a_rule_under_the_header() {
        let drawn = table(&["a", "b"], &[vec!["1".to_owned(), "2".to_owned()]]);
        assert_eq!(drawn, "| a | b |\n| --- | --- |\n| 1 | 2 |\n");
    }
}
