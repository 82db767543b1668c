//! Canonical JSON: one byte sequence for one value, so that digests mean something.
//!
//! Follows RFC 8785 in spirit: object keys sorted, no white space, shortest round-trip numbers. It
//! differs in two points that matter to nobody who uses this code on both sides: keys are sorted by
//! their UTF-8 bytes (RFC 8785: UTF-16 units), and a float that is a whole number keeps its `.0`.
//! No Unicode normalisation is applied: the bytes a model saw are the bytes that are hashed.

use serde::Serialize;
use serde_json::Value;

/// Canonical bytes of `value`.
pub fn to_bytes(value: &Value) -> Vec<u8> {
    let mut out = Vec::with_capacity(128);
    write(value, &mut out);
    out
}

/// Canonical bytes of anything that serialises to JSON.
///
/// # Errors
/// When `value` cannot be represented in JSON (a map with keys that are no strings).
pub fn of<T: Serialize + ?Sized>(value: &T) -> Result<Vec<u8>, serde_json::Error> {
    Ok(to_bytes(&serde_json::to_value(value)?))
}

fn write(value: &Value, out: &mut Vec<u8>) {
    match value {
        Value::Object(map) => {
            let mut entries: Vec<_> = map.iter().collect();
            entries.sort_unstable_by(|a, b| a.0.as_bytes().cmp(b.0.as_bytes()));
            write_list(out, [b'{', b'}'], &entries, |(key, value), out| {
                scalar(&Value::from(key.as_str()), out);
                out.push(b':');
                write(value, out);
            });
        }
        Value::Array(items) => write_list(out, [b'[', b']'], items, write),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => scalar(value, out),
    }
}

fn write_list<T>(out: &mut Vec<u8>, around: [u8; 2], items: &[T], each: impl Fn(&T, &mut Vec<u8>)) {
    out.push(around[0]);
    for (index, item) in items.iter().enumerate() {
        if index > 0 {
            out.push(b',');
        }
        each(item, out);
    }
    out.push(around[1]);
}

fn scalar(value: &Value, out: &mut Vec<u8>) {
    out.extend_from_slice(value.to_string().as_bytes());
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_are_sorted_and_space_is_gone() {
        let value: Value = serde_json::from_str(
            r#"{ "b": [1, 2.50, true, null], "a": {"é": "\u00e9\n", "e": 1e3} }"#,
        )
        .unwrap();
        assert_eq!(
            String::from_utf8(to_bytes(&value)).unwrap(),
            r#"{"a":{"e":1000.0,"é":"é\n"},"b":[1,2.5,true,null]}"#
        );
    }

    #[test]
    fn a_round_trip_changes_nothing() {
        let value: Value =
            serde_json::from_str(r#"{"z":0.1,"y":[{"k":"v"},-3],"x":"\"\\"}"#).unwrap();
        let bytes = to_bytes(&value);
        let again: Value = serde_json::from_slice(&bytes).unwrap();
        assert_eq!(to_bytes(&again), bytes);
    }
}
