//! Templates of other harnesses, as far as they are names of fields between braces.
//!
//! Refused: whatever would have to be computed (filters, conditions, loops, calls), by name, so that no prompt is
//! worded otherwise than it was meant.

use serde_json::{Map, Value};

use crate::json;

/// Longest text that a template comes to, in bytes.
const LONGEST: usize = 16 << 20;

/// `template` with each `{{ name }}` replaced by the field of that name; what it asks for besides is the error.
pub(crate) fn render(template: &str, fields: &Map<String, Value>) -> Result<String, String> {
    let mut out = String::new();
    let mut rest = template;
    loop {
        let Some((before, after)) = rest.split_once("{{") else {
            return plain(rest).map(|rest| out + rest);
        };
        out.push_str(plain(before)?);
        let Some((name, after)) = after.split_once("}}") else {
            return Err("`{{` without `}}`".to_owned());
        };
        out.push_str(&field(name.trim_matches(['-', ' ', '\n', '\t']), fields)?);
        if out.len() > LONGEST {
            return Err(format!("a text of more than {} MiB", LONGEST >> 20));
        }
        rest = after;
    }
}

/// Text between fields, in which nothing is to be done.
fn plain(text: &str) -> Result<&str, String> {
    let marks = ["{%", "{#"];
    match marks.iter().find(|mark| text.contains(**mark)) {
        Some(mark) => Err(format!("`{mark}` in a template")),
        None => Ok(text),
    }
}

fn field(name: &str, fields: &Map<String, Value>) -> Result<String, String> {
    let is_name = |part: &str| {
        let mut chars = part.chars();
        !part.is_empty() && chars.all(|c| c.is_alphanumeric() || matches!(c, '_' | '-'))
    };
    if !name.split('.').all(is_name) {
        return Err(format!("the expression `{}`", json::shown(name)));
    }
    let name = name.strip_prefix("doc.").unwrap_or(name);
    let mut parts = name.split('.');
    let first = parts.next().and_then(|part| fields.get(part));
    let found = parts.fold(first, |value, part| value?.get(part));
    found
        .and_then(json::text)
        .ok_or_else(|| format!("the field `{name}`, which is not there"))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn fields_are_put_in_and_anything_else_is_named() {
        let fields = json!({"a": "x", "n": 3, "o": {"p": "y"}});
        let fields = fields.as_object().unwrap();
        for (template, expected) in [
            ("{{a}} and {{ n }}{{ o.p }}!", Ok("x and 3y!")),
            ("{{ doc.a }}", Ok("x")),
            ("plain { }", Ok("plain { }")),
            ("{{ a | upper }}", Err("the expression `a | upper`")),
            ("{% if a %}", Err("`{%` in a template")),
            ("{{ b }}", Err("the field `b`, which is not there")),
            ("{{ a", Err("`{{` without `}}`")),
        ] {
            let expected = expected.map(str::to_owned).map_err(str::to_owned);
            assert_eq!(render(template, fields), expected, "{template}");
        }
    }
}
