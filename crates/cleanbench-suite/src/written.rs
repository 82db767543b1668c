//! Numbers as their file writes them.
//!
//! Invariant: no digit of a number is lost in silence. JSON's numbers are 64-bit floats here, so `1.50`, `1e2` and a whole
//! number of thirty digits come back as other texts; where the text matters it is kept instead.

use serde_json::Value;

use crate::diagnostic::Fault;
use crate::json::Raw;

/// Digits that every 64-bit float keeps.
const KEPT_DIGITS: usize = 15;

/// A target with its numbers as texts, of those that are written otherwise than their values would be; `None` where
/// there are none.
///
/// # Errors
/// When a list cannot be taken apart, which was read before.
pub(crate) fn target(raw: Raw<'_>, value: &Value) -> Result<Option<Value>, Fault> {
    match value {
        Value::Number(_) => Ok(text_of(raw, value)),
        Value::Array(items) if items.iter().any(Value::is_number) => {
            let written = raw.elements("the target")?;
            let texts = written
                .iter()
                .zip(items)
                .map(|(raw, item)| text_of(*raw, item));
            let texts: Vec<_> = texts.collect();
            let has_some = texts.iter().any(Option::is_some);
            let each = texts.into_iter().zip(items);
            let each = each.map(|(text, item)| text.unwrap_or_else(|| item.clone()));
            Ok(has_some.then(|| each.collect()))
        }
        _ => Ok(None),
    }
}

fn text_of(raw: Raw<'_>, value: &Value) -> Option<Value> {
    let Value::Number(number) = value else {
        return None;
    };
    let written = raw.text.trim();
    let differs = number.to_string() != written;
    differs.then(|| Value::from(written))
}

/// `value`, or its text where a number has more digits than are kept.
pub(crate) fn exact(raw: Raw<'_>, value: Value) -> Value {
    if !value.is_f64() {
        return value;
    }
    let digits = raw.text.bytes().filter(u8::is_ascii_digit).count();
    let text = (digits > KEPT_DIGITS).then(|| text_of(raw, &value));
    text.flatten().unwrap_or(value)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_number_that_would_read_otherwise_is_its_text() {
        for (text, expected) in [
            ("100.0", None),
            ("7", None),
            ("100.00", Some(json!("100.00"))),
            ("1e2", Some(json!("1e2"))),
            ("-0.50", Some(json!("-0.50"))),
            (
                "12345678901234567890123",
                Some(json!("12345678901234567890123")),
            ),
            ("\"1.50\"", None),
            ("[1.5, 2.50, \"x\"]", Some(json!([1.5, "2.50", "x"]))),
            ("[1, 2]", None),
        ] {
            let raw = Raw { text, at: 0 };
            let value = serde_json::from_str(text).unwrap();
            assert_eq!(target(raw, &value).unwrap(), expected, "{text}");
        }
    }

    #[test]
    fn free_fields_keep_numbers_unless_digits_would_be_lost() {
        for (text, expected) in [
            ("1.50", json!(1.5)),
            ("0.30000000000000004", json!(0.300_000_000_000_000_04)),
            ("12345678901234567890123", json!("12345678901234567890123")),
            ("18446744073709551615", json!(u64::MAX)),
        ] {
            let value = serde_json::from_str(text).unwrap();
            assert_eq!(exact(Raw { text, at: 0 }, value), expected, "{text}");
        }
    }
}
