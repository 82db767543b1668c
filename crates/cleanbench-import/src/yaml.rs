//! YAML of strangers, as other harnesses write it.
//!
//! Invariants: aliases, depth and size are bounded by the parser; `yes`, `no`, `on` and `off` are texts, as in YAML 1.2,
//! which those harnesses read. Nothing that a file names is included.

use serde::de::DeserializeOwned;
use serde_json::Value;

use crate::error::ImportError;

/// Most bytes of a file: the parser takes far longer than that of JSON.
const MOST: usize = 8 << 20;

/// What `bytes`, found at `place`, say.
///
/// # Errors
/// Where and how they are no such document.
pub(crate) fn parse<T: DeserializeOwned>(place: &str, bytes: &[u8]) -> Result<T, ImportError> {
    let value = value(place, bytes)?;
    serde_json::from_value(value).map_err(|error| ImportError::damaged(place, error))
}

/// The same, whatever they say.
pub(crate) fn value(place: &str, bytes: &[u8]) -> Result<Value, ImportError> {
    if bytes.len() > MOST {
        let what = format!("a YAML file of more than {} MiB", MOST >> 20);
        return Err(ImportError::damaged(place, what));
    }
    let options = serde_saphyr::options! {
        strict_booleans: true,
        with_snippet: false,
    };
    serde_saphyr::from_slice_with_options(bytes, options).map_err(|error| {
        let at = error.location().map_or_else(
            || place.to_owned(),
            |at| format!("{place}:{}:{}", at.line(), at.column()),
        );
        ImportError::damaged(at, first_line(&error.to_string()))
    })
}

fn first_line(text: &str) -> String {
    let line = text.lines().find(|line| !line.trim().is_empty());
    line.unwrap_or_default().trim().to_owned()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn words_stay_words_and_faults_have_a_place() {
        let text = b"a: yes\nb: no\nc: true\nd: 1.5\ne: [x, 'y']\nf: |\n  two\n  lines\n";
        let expected = json!({"a": "yes", "b": "no", "c": true, "d": 1.5, "e": ["x", "y"], "f": "two\nlines\n"});
        assert_eq!(value("x", text).unwrap(), expected);
        let error = value("conf.yaml", b"a: [1,\nb: 2\n").unwrap_err();
        assert!(error.message.starts_with("conf.yaml:"), "{error}");
    }

    #[test]
    fn aliases_and_depth_do_not_grow_without_bounds() {
        let level = |level: u32| {
            let items = vec![format!("*a{}", level - 1); 10].join(", ");
            format!("a{level}: &a{level} [{items}]\n")
        };
        let first = "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n".to_owned();
        let levels: Vec<_> = std::iter::once(first).chain((1..12).map(level)).collect();
        let bomb = levels.concat();
        assert!(value("x", bomb.as_bytes()).is_err());
        assert!(value("x", "[".repeat(100_000).as_bytes()).is_err());
    }
}
