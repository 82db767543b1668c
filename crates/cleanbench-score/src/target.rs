//! Reads the target of a sample as a list of acceptable answers.
//!
//! It refuses targets that no completion could equal: none, null, an object, an empty list, or text
//! in which nothing is visible.

use cleanbench_core::score::{TOO_MUCH, linear_work};
use cleanbench_core::{Sample, Score};
use serde_json::Value;

use cleanbench_text::scan::is_blank;

/// Most nanoseconds of work of a rule whose work is well known.
const MOST_WORK: u64 = 1_500_000_000;
/// Bytes of a text that are compared with options: of a longer one the middle is left out.
const MOST_COMPARED: u64 = (1 << 16) + (1 << 19);

/// The target, or why there is none.
pub(crate) fn required(sample: &Sample) -> Result<&Value, String> {
    match &sample.target {
        None | Some(Value::Null) => Err("the sample has no target".to_owned()),
        Some(target) => Ok(target),
    }
}

/// The target's items: of a list each, else the target itself.
pub(crate) fn items(target: &Value) -> &[Value] {
    match target {
        Value::Array(items) => items,
        single => std::slice::from_ref(single),
    }
}

/// Checks that every acceptable answer is a text, a number or a boolean.
pub(crate) fn check_texts(sample: &Sample) -> Result<(), String> {
    let items = items(required(sample)?);
    if items.is_empty() {
        return Err("the target is an empty list".to_owned());
    }
    for item in items {
        match text_of(item) {
            None => {
                return Err(format!(
                    "the target holds {item}, which is no string, number or boolean"
                ));
            }
            Some(text) if is_blank(&text) => {
                return Err("the target holds an empty text".to_owned());
            }
            Some(_) => {}
        }
    }
    Ok(())
}

/// Checks that `tokenise` leaves something of every acceptable answer.
pub(crate) fn check_tokens(
    sample: &Sample,
    tokenise: fn(&str) -> Vec<String>,
) -> Result<(), String> {
    check_texts(sample)?;
    match texts(sample).iter().find(|text| tokenise(text).is_empty()) {
        Some(text) => Err(format!(
            "nothing of the target {text:?} is left by its tokens"
        )),
        None => Ok(()),
    }
}

/// The largest value that any acceptable answer gives; 0 where there is none.
pub(crate) fn best(sample: &Sample, value: impl Fn(&str) -> f64) -> f64 {
    texts(sample)
        .iter()
        .map(|text| value(text))
        .fold(0.0, f64::max)
}

/// Every acceptable answer as text. Empty for a sample that fails [`check_texts`] for want of a
/// target.
pub(crate) fn texts(sample: &Sample) -> Vec<String> {
    let items = sample.target.as_ref().map(items).unwrap_or_default();
    items.iter().filter_map(text_of).collect()
}

/// How many acceptable answers there are, and how many bytes of text are in them, roughly.
pub(crate) fn extent(sample: &Sample) -> (usize, usize) {
    let items = sample.target.as_ref().map(items).unwrap_or_default();
    let bytes = items.iter().map(|item| item.as_str().map_or(8, str::len));
    (items.len(), bytes.sum())
}

/// Nanoseconds of work that goes through `text` and through every acceptable answer `times` times as often as a plain
/// reading does, once for each acceptable answer.
pub(crate) fn work_by_each(sample: &Sample, text: &str, times: u64) -> u64 {
    let (count, bytes) = extent(sample);
    let all = linear_work(text.len())
        .saturating_mul(u64::try_from(count).unwrap_or(u64::MAX).max(1))
        .saturating_add(linear_work(bytes));
    all.saturating_mul(times)
}

/// Nanoseconds of work that compares parts of `text` with every option, `each` for a byte and an option at worst. So much
/// as texts of usual length and some options take is not counted.
pub(crate) fn work_by_options(sample: &Sample, text: &str, each: u64) -> u64 {
    /// Bytes by options that are read in a moment.
    const USUAL: u64 = 500_000;
    let length = u64::try_from(text.len()).unwrap_or(u64::MAX);
    let count = u64::try_from(sample.choices.len()).unwrap_or(u64::MAX);
    let product = length.min(MOST_COMPARED).saturating_mul(count);
    linear_work(text.len()).saturating_add(product.saturating_sub(USUAL).saturating_mul(each))
}

/// Nanoseconds of work by the product of the lengths of `text` and the acceptable answers, and of reading both.
pub(crate) fn work_by_product(sample: &Sample, text: &str) -> u64 {
    let (_, bytes) = extent(sample);
    let product = linear_work(text.len()).saturating_mul(u64::try_from(bytes).unwrap_or(u64::MAX));
    (product / 512).saturating_add(work_by_each(sample, text, 1))
}

/// No score where a rule would do more `work` than it may, in nanoseconds.
pub(crate) fn too_much(work: u64) -> Option<Score> {
    (work > MOST_WORK).then(|| Score::not_extracted(TOO_MUCH))
}

/// The text of a scalar, numbers as JSON writes them.
pub(crate) fn text_of(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.clone()),
        Value::Number(_) | Value::Bool(_) => Some(value.to_string()),
        Value::Null | Value::Array(_) | Value::Object(_) => None,
    }
}
