//! As much of SQL as is needed to see whether a query orders its rows, and whether it asks the clock.

/// A piece of a query. Comments and white space are none.
#[derive(Debug, PartialEq, Eq)]
enum Token {
    /// A bare word, in lower case.
    Word(String),
    /// The content of a text in single quotes.
    Text(String),
    /// A quoted identifier, a number's digit, or a sign.
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
                let (content, length) = quoted(rest, first);
                found.push(if first == '\'' {
                    Token::Text(content)
                } else {
                    Token::Sign(first)
                });
                length
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

/// The content of a text that begins with `quote`, and its length with quotes. A doubled quote is one.
fn quoted(text: &str, quote: char) -> (String, usize) {
    let mut content = String::new();
    let mut letters = text.char_indices().skip(1).peekable();
    while let Some((at, letter)) = letters.next() {
        if letter != quote {
            content.push(letter);
        } else if letters.peek().is_some_and(|(_, next)| *next == quote) {
            content.push(quote);
            letters.next();
        } else {
            return (content, at + quote.len_utf8());
        }
    }
    (content, text.len())
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
            _ => {}
        }
        after_order = false;
    }
    false
}

/// Whether a query asks for the time or for this machine's time zone.
pub(super) fn asks_clock(sql: &str) -> bool {
    let tokens = tokens(sql);
    let named = |token: &Token| {
        matches!(token, Token::Text(text)
            if ["now", "localtime", "utc"].iter().any(|word| text.trim().eq_ignore_ascii_case(word)))
    };
    tokens.iter().any(named)
        || tokens.iter().enumerate().any(|(at, token)| {
            let Token::Word(function) = token else {
                return false;
            };
            let least = match function.as_str() {
                "date" | "time" | "datetime" | "julianday" | "unixepoch" => 1,
                "strftime" => 2,
                _ => return false,
            };
            arguments(&tokens[at + 1..]).is_some_and(|given| given < least)
        })
}

/// How many arguments follow, if `tokens` begin with a bracket.
fn arguments(tokens: &[Token]) -> Option<usize> {
    if tokens.first() != Some(&Token::Sign('(')) {
        return None;
    }
    let (mut depth, mut commas, mut any) = (0_i64, 0, false);
    for token in tokens {
        match token {
            Token::Sign('(') => depth += 1,
            Token::Sign(')') if depth == 1 => break,
            Token::Sign(')') => depth -= 1,
            Token::Sign(',') if depth == 1 => commas += 1,
            _ => {}
        }
        any |= *token != Token::Sign('(') || depth > 1;
    }
    Some(if any { commas + 1 } else { 0 })
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
    fn the_clock() {
        for (sql, expected) in [
            ("select date('now')", true),
            ("select date(' NOW ', '+1 day')", true),
            ("select strftime('%Y', day, 'localtime') from t", true),
            ("select datetime()", true),
            ("select date ( )", true),
            ("select strftime('%Y')", true),
            ("select strftime('%Y', day) from t", false),
            (
                "select date(day, '+1 day'), time(coalesce(a, b)) from t",
                false,
            ),
            ("select date from t", false),
            ("select 'know', \"now\" from t -- 'now'", false),
        ] {
            assert_eq!(asks_clock(sql), expected, "{sql}");
        }
    }

    #[test]
    fn hostile_text_takes_linear_time() {
        for unit in ["'", "\"", "[", "(", "date(", "/*", "--", "order ", "é"] {
            let text = unit.repeat(10_000);
            is_ordered(&text);
            asks_clock(&text);
        }
    }
}
