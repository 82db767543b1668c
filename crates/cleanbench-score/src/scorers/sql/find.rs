//! The query in an answer.
//!
//! Invariant: linear in the length of the answer. Words before and after a query are no part of it; it refuses an
//! answer in which nothing begins as a query does.

use std::sync::LazyLock;

use regex::Regex;
use serde_json::Value;

use super::lexer::end_of_statement;
use cleanbench_text::json::find_object;
use cleanbench_text::scan::{is_blank, window};

/// The query in `text`.
pub(super) fn query_in(text: &str) -> Option<String> {
    let found = fenced(text).map(str::to_owned);
    let found = found
        .or_else(|| on_a_line(text).map(|sql| alone(sql).to_owned()))
        .or_else(|| between(text).map(|sql| alone(sql).to_owned()))
        .or_else(|| in_json(text));
    let sql = found?;
    let sql = sql.trim().trim_end_matches(';').trim();
    (!is_blank(sql)).then(|| sql.to_owned())
}

/// Whether `text` begins as a query does, after comments and brackets.
fn begins(text: &str) -> bool {
    let mut rest = text.trim_start_matches(|c: char| c.is_whitespace() || c == '(');
    while let Some(comment) = rest.strip_prefix("--") {
        let (_, after) = comment.split_once('\n').unwrap_or_default();
        rest = after.trim_start_matches(|c: char| c.is_whitespace() || c == '(');
    }
    is_word(rest, &["select", "with", "values"])
}

/// Whether `text` begins with one of `words`, in any case.
fn is_word(text: &str, words: &[&str]) -> bool {
    let word = text.split(|c: char| !c.is_ascii_alphabetic()).next();
    word.is_some_and(|word| words.iter().any(|start| word.eq_ignore_ascii_case(start)))
}

/// The last fenced block that begins as a query does, of those that are marked as SQL or not marked; where none does,
/// the last of them. An open one goes to the end.
fn fenced(text: &str) -> Option<&str> {
    let blocks = blocks(text);
    let query = blocks.iter().rev().find(|block| begins(block));
    query.or(blocks.last()).copied()
}

fn blocks(text: &str) -> Vec<&str> {
    let mut open: Option<(usize, bool)> = None;
    let mut blocks = Vec::new();
    let mut at = 0;
    for line in text.split_inclusive('\n') {
        if let Some(mark) = line.trim().strip_prefix("```") {
            let mark = mark.trim().to_ascii_lowercase();
            open = match open {
                None => Some((at + line.len(), mark.is_empty() || mark.contains("sql"))),
                Some((start, wanted)) => {
                    blocks.extend(wanted.then(|| &text[start..at]));
                    None
                }
            };
        }
        at += line.len();
    }
    if let Some((start, true)) = open {
        blocks.push(&text[start..]);
    }
    blocks
}

/// From the first line on that begins with a query.
fn on_a_line(text: &str) -> Option<&str> {
    let mut at = 0;
    for line in text.split_inclusive('\n') {
        if is_word(line.trim_start(), &["select", "with", "values"]) && reads_as_query(&text[at..])
        {
            return Some(&text[at..]);
        }
        at += line.len();
    }
    None
}

/// Whether what begins with "with" is a query and no sentence: "With this query …".
fn reads_as_query(text: &str) -> bool {
    static NAMED: LazyLock<Regex> = LazyLock::new(|| {
        Regex::new(r#"(?i)^\s*with\s+(?:recursive\s+)?(?:\w+|"[^"\n]+"|\[[^\]\n]+\])\s*(?:\([^)]*\)\s*)?as\s*(?:(?:not\s+)?materialized\s*)?\("#)
            .expect("the pattern is fixed and its tests compile it")
    });
    !is_word(text.trim_start(), &["with"]) || NAMED.is_match(window(text, 0, 4096))
}

/// A query between backticks or tags, or after a colon.
fn between(text: &str) -> Option<&str> {
    static OPENED: LazyLock<Regex> = LazyLock::new(|| {
        Regex::new(r"(?i)(?:<(?:sql|query|answer|code)>|`|:)\s{0,8}(?:select|with|values)\b")
            .expect("the pattern is fixed and its tests compile it")
    });
    let opened = OPENED.find_iter(text).last()?;
    let mark = opened.as_str();
    let length = mark.find('>').map_or(1, |at| at + 1);
    let rest = &text[opened.start() + length..];
    let end = match mark.as_bytes()[0] {
        b'<' => rest.find("</"),
        b'`' => rest.find('`'),
        _ => None,
    };
    let sql = &rest[..end.unwrap_or(rest.len())];
    reads_as_query(sql).then_some(sql)
}

/// What a JSON object holds under a key for a query.
fn in_json(text: &str) -> Option<String> {
    let object = find_object(text)?;
    let keys = ["sql", "query", "sql_query", "answer"];
    let held = keys
        .iter()
        .find_map(|key| object.get(*key))
        .and_then(Value::as_str);
    held.filter(|sql| begins(sql)).map(str::to_owned)
}

/// A query without the words behind it.
fn alone(text: &str) -> &str {
    let text = before_words(text);
    let end = end_of_statement(text).filter(|end| !is_more(&text[end + 1..]));
    end.map_or(text, |end| &text[..end])
}

/// Whether another statement follows, which is no explanation.
fn is_more(rest: &str) -> bool {
    const WORDS: [&str; 14] = [
        "insert", "update", "delete", "drop", "create", "alter", "pragma", "attach", "replace",
        "begin", "commit", "vacuum", "explain", "detach",
    ];
    is_word(rest.trim_start(), &WORDS) || rest.lines().any(begins)
}

/// What stands before a blank line after which the query does not go on.
fn before_words(text: &str) -> &str {
    let mut at = 0;
    let mut blank = false;
    for line in text.split_inclusive('\n') {
        if blank && !is_blank(line) && !goes_on(line.trim_start()) {
            return &text[..at];
        }
        blank = is_blank(line);
        at += line.len();
    }
    text
}

/// Whether a line after a blank one goes on with the query.
fn goes_on(line: &str) -> bool {
    const WORDS: &str = "from where group order having limit offset join left right inner outer full cross natural \
        union except intersect select and or on using window case as";
    line.starts_with([')', '(', ',', '-', '/', '\'', '"'])
        || is_word(line, &WORDS.split(' ').collect::<Vec<_>>())
}
