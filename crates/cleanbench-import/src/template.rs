//! Templates of other harnesses, as far as they are names of fields between braces.
//!
//! Refused: whatever would have to be computed (filters, conditions, loops, calls), by name, so that no prompt is
//! worded otherwise than it was meant.

use serde_json::{Map, Value};

use crate::json;

/// Longest text that a template comes to, in bytes.
const LONGEST: usize = 16 << 20;

/// `template` with each `{{ name }}` replaced by the field of that name; what it asks for besides is the error.
/// A `-` beside the braces takes the white space beside it away.
pub(crate) fn render(template: &str, fields: &Map<String, Value>) -> Result<String, String> {
    let mut out = String::new();
    let mut rest = template;
    loop {
        let Some((before, after)) = rest.split_once("{{") else {
            return plain(rest).map(|rest| out + rest);
        };
        out.push_str(plain(before)?);
        let Some((inner, after)) = after.split_once("}}") else {
            return Err("`{{` without `}}`".to_owned());
        };
        let inner = match inner.strip_prefix('-') {
            Some(inner) => {
                out.truncate(out.trim_end().len());
                inner
            }
            None => inner,
        };
        let trimmed = inner.strip_suffix('-');
        out.push_str(&field(trimmed.unwrap_or(inner).trim(), fields)?);
        if out.len() > LONGEST {
            return Err(format!("a text of more than {} MiB", LONGEST >> 20));
        }
        rest = trimmed.map_or(after, |_| after.trim_start());
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
        let begins = chars
            .next()
            .is_some_and(|c| c.is_alphanumeric() || c == '_');
        begins && chars.all(|c| c.is_alphanumeric() || matches!(c, '_' | '-'))
    };
    if !name.split('.').all(is_name) {
        return Err(format!("the expression `{}`", json::shown(name)));
    }
    let name = name.strip_prefix("doc.").unwrap_or(name);
    let mut parts = name.split('.');
    let first = parts.next().and_then(|part| fields.get(part));
    let found = parts.fold(first, |value, part| value?.get(part));
    written(name, found.unwrap_or(&Value::Null))
}

/// The value of the field `name` as every language of templates writes it; what they write each in its own way is the
/// error.
pub(crate) fn written(name: &str, value: &Value) -> Result<String, String> {
    let what = match value {
        Value::String(text) => return Ok(text.clone()),
        Value::Number(number) if !number.is_f64() => return Ok(number.to_string()),
        Value::Number(number) => {
            let text = number.to_string();
            if !text.contains('e') && !text.ends_with(".0") {
                return Ok(text);
            }
            "is a number that others write otherwise"
        }
        Value::Null => "is not there",
        Value::Bool(_) => "is a truth value",
        Value::Array(_) => "is a list",
        Value::Object(_) => "is an object",
    };
    Err(format!("the field `{name}`, which {what}"))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn fields_are_put_in_and_anything_else_is_named() {
        let fields = json!({"a": "x", "n": 3, "o": {"p": "y"}, "yes": true, "f": 1.0, "l": [1]});
        let fields = fields.as_object().unwrap();
        for (template, expected) in [
            ("{{a}} and {{ n }}{{ o.p }}!", Ok("x and 3y!")),
            ("{{ doc.a }}", Ok("x")),
            ("plain { }", Ok("plain { }")),
            ("a \n{{- a -}}\n b", Ok("axb")),
            ("{{ -a }}", Err("the expression `-a`")),
            ("{{ yes }}", Err("the field `yes`, which is a truth value")),
            ("{{ l }}", Err("the field `l`, which is a list")),
            ("{{ o }}", Err("the field `o`, which is an object")),
            (
                "{{ f }}",
                Err("the field `f`, which is a number that others write otherwise"),
            ),
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
