//! Tables in Markdown, whoever draws them. Cells must be Markdown already: what somebody else wrote comes
//! through `notation::code` or `notation::sentence`, so that it ends no cell and becomes no markup.

/// The head of a column.
#[derive(Debug, Clone, Copy)]
pub struct Heading {
    name: &'static str,
    rule: &'static str,
}

impl Heading {
    /// Over words, which stand to the left.
    pub const fn words(name: &'static str) -> Self {
        Self { name, rule: "---" }
    }

    /// Over numbers, which stand to the right.
    pub const fn numbers(name: &'static str) -> Self {
        Self { name, rule: "---:" }
    }
}

/// A table of `rows` under `headings`.
pub fn table(headings: &[Heading], rows: impl IntoIterator<Item = Vec<String>>) -> String {
    let names: String = headings.iter().map(|heading| head(heading.name)).collect();
    let rules: Vec<_> = headings.iter().map(|heading| heading.rule).collect();
    let start = format!("{names}|\n|{}|\n", rules.join("|"));
    drawn(start, rows)
}

/// A table of `rows` under `names`, all of them words, its rule with spaces.
pub fn spaced_table(names: &[&str], rows: impl IntoIterator<Item = Vec<String>>) -> String {
    let rules = vec!["---"; names.len()];
    let start = format!("| {} |\n| {} |\n", names.join(" | "), rules.join(" | "));
    drawn(start, rows)
}

fn head(name: &str) -> String {
    if name.is_empty() {
        "| ".to_owned()
    } else {
        format!("| {name} ")
    }
}

fn drawn(start: String, rows: impl IntoIterator<Item = Vec<String>>) -> String {
    let rows = rows.into_iter();
    let rows = rows.map(|cells| format!("| {} |\n", cells.join(" | ")));
    [start].into_iter().chain(rows).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_rules_are_drawn_as_ever() {
        let row = || [vec!["x".to_owned(), "1".to_owned()]];
        let headings = [Heading::words(""), Heading::numbers("n")];
        assert_eq!(table(&headings, row()), "| | n |\n|---|---:|\n| x | 1 |\n");
        assert_eq!(
            spaced_table(&["a", "n"], row()),
            "| a | n |\n| --- | --- |\n| x | 1 |\n"
        );
    }
}
