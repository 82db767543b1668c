//! When two JSON values are equal for a scorer: numbers by value, texts in normal form and without white space at
//! their ends.

use serde_json::Value;

use cleanbench_text::normal;
use cleanbench_text::scan::fold_case;

/// When two values are equal.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Equality {
    /// Upper and lower case differ.
    pub(crate) case: bool,
    /// `"12"` equals 12.
    pub(crate) numbers_from_strings: bool,
    /// Texts are compared in normal form.
    pub(crate) normal: bool,
}

impl Equality {
    /// Whether `a` equals `b`: arrays in order, objects by their keys.
    pub(crate) fn holds(self, a: &Value, b: &Value) -> bool {
        match (a, b) {
            (Value::String(a), Value::String(b)) => self.texts(a.trim(), b.trim()),
            (Value::Number(a), Value::Number(b)) => numbers(a, b),
            (Value::String(text), Value::Number(number))
            | (Value::Number(number), Value::String(text)) => {
                self.numbers_from_strings
                    && serde_json::from_str(text.trim()).is_ok_and(|read| numbers(&read, number))
            }
            (Value::Array(a), Value::Array(b)) => {
                a.len() == b.len() && a.iter().zip(b).all(|(a, b)| self.holds(a, b))
            }
            (Value::Object(a), Value::Object(b)) => {
                let same = |(key, a)| b.get(key).is_some_and(|b| self.holds(a, b));
                a.len() == b.len() && a.iter().all(same)
            }
            (a, b) => a == b,
        }
    }

    fn texts(self, a: &str, b: &str) -> bool {
        let equal = |a: &str, b: &str| {
            if self.case {
                a == b
            } else {
                fold_case(a) == fold_case(b)
            }
        };
        equal(a, b) || self.normal && equal(&normal(a), &normal(b))
    }
}

/// Whole numbers exactly, as they may exceed what a float holds; others by their float value.
fn numbers(a: &serde_json::Number, b: &serde_json::Number) -> bool {
    let whole = |n: &serde_json::Number| n.as_i64().map(i128::from).or(n.as_u64().map(i128::from));
    match (whole(a), whole(b)) {
        (Some(a), Some(b)) => a == b,
        _ => a.as_f64() == b.as_f64(),
    }
}
