//! As much of SQL as is needed to see where a query ends and whether it orders its rows.

/// A piece of a query. Comments and white space are none.
#[derive(Debug, PartialEq, Eq)]
enum Token {
    /// A bare word, in lower case.
    Word(String),
    /// A text or an identifier in quotes, a number's digit, or a sign.
    Sign(char),
}

/// The pieces of `sql`. An open quote or comment goes to the end.
fn tokens(sql: &str) -> Vec<Token> {
    let mut found = Vec::new();
    let mut rest = sql;
    while let Some(first) = rest.chars().next() {
        let length = match first {
            '-' if rest.starts_with("--") => rest.find('\n').unwrap_or(rest.len()),
            '/' if rest.starts_with("/*") => rest.find("*/").map_or(rest.len(), |end| end + 2),
            '\'' | '"' | '`' => {
                found.push(Token::Sign(first));
                quoted(rest, first)
            }
            '[' => rest.find(']').map_or(rest.len(), |end| end + 1),
            _ if first.is_alphabetic() || first == '_' => {
                let end = rest.find(|c: char| !c.is_alphanumeric() && c != '_');
                let end = end.unwrap_or(rest.len());
                found.push(Token::Word(rest[..end].to_lowercase()));
                end
            }
            _ => {
                if !first.is_whitespace() {
                    found.push(Token::Sign(first));
                }
                first.len_utf8()
            }
        };
        rest = &rest[length..];
    }
    found
}

/// Where the first semicolon stands that ends a statement of `sql`.
pub(super) fn end_of_statement(sql: &str) -> Option<usize> {
    let mut at = 0;
    while let Some(first) = sql[at..].chars().next() {
        let rest = &sql[at..];
        at += match first {
            ';' => return Some(at),
            '-' if rest.starts_with("--") => rest.find('\n').unwrap_or(rest.len()),
            '/' if rest.starts_with("/*") => rest.find("*/").map_or(rest.len(), |end| end + 2),
            '\'' | '"' | '`' => quoted(rest, first),
            _ => first.len_utf8(),
        };
    }
    None
}

/// `sql` as far as its second statement goes: two are refused like any number of them, and the library goes one level
/// deeper for each.
pub(super) fn two_statements(sql: &str) -> &str {
    let first = end_of_statement(sql).map_or(sql.len(), |end| end + 1);
    let second = end_of_statement(&sql[first..]);
    second.map_or(sql, |end| &sql[..first + end])
}

/// The length of a text that begins with `quote`, with its quotes. A doubled quote is one.
fn quoted(text: &str, quote: char) -> usize {
    let mut letters = text.char_indices().skip(1).peekable();
    while let Some((at, letter)) = letters.next() {
        if letter != quote {
            continue;
        }
        if letters.next_if(|(_, next)| *next == quote).is_none() {
            return at + quote.len_utf8();
        }
    }
    text.len()
}

/// Whether the outermost query has an `ORDER BY`.
pub(super) fn is_ordered(sql: &str) -> bool {
    let mut depth = 0_i64;
    let mut after_order = false;
    for token in tokens(sql) {
        match token {
            Token::Sign('(') => depth += 1,
            Token::Sign(')') => depth -= 1,
            Token::Word(word) if depth == 0 && after_order && word == "by" => return true,
            Token::Word(word) => {
                after_order = depth == 0 && word == "order";
                continue;
            }
            Token::Sign(_) => {}
        }
        after_order = false;
    }
    false
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_outermost_order() {
        for (sql, expected) in [
            ("select 1 order by 1", true),
            ("SELECT 1 ORDER\n BY 1", true),
            ("select * from (select 1 order by 1)", false),
            ("with a as (select 1 order by 1) select * from a", false),
            ("select 'order by'", false),
            ("select 1 -- order by 1\n", false),
            ("select 1 /* order by */", false),
            ("select \"order\" , by from t", false),
            ("select rank() over (order by a) from t", false),
            ("select 'it''s' order by 1", true),
            ("select 1 order", false),
        ] {
            assert_eq!(is_ordered(sql), expected, "{sql}");
        }
    }

    #[test]
    fn where_a_statement_ends() {
        for (sql, expected) in [
            ("select 1; and so", Some(8)),
            ("select ';' -- ;\n;", Some(16)),
            ("select 1 /* ; */", None),
            ("select 'it''s;", None),
        ] {
            assert_eq!(end_of_statement(sql), expected, "{sql}");
        }
        assert_eq!(two_statements("a; b; c; d"), "a; b");
        assert_eq!(two_statements("a; b"), "a; b");
    }

    #[test]
    fn hostile_text_takes_linear_time() {
        for unit in ["'", "\"", "[", "(", "date(", "/*", "--", "order ", "é"] {
            let text = unit.repeat(10_000);
            is_ordered(&text);
            end_of_statement(&text);
        }
    }
}
