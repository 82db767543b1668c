//! Embeddings: the numbers for one text.

use cleanbench_core::{CallErrorKind, Reply};
use serde_json::Value;

use super::fault::Fault;
use super::frames::{self, named};
use super::{RawAnswer, refusal};

/// Reads `data[0].embedding` or `embeddings[0]`.
///
/// # Errors
/// When there is none, or it is no list of finite numbers.
pub(super) fn read(reply: &Reply) -> Result<RawAnswer, Fault> {
    let mut answer = RawAnswer::default();
    frames::each(reply, |document| {
        if !document["error"].is_null() {
            return Err(refusal::inside_success(&document["error"]));
        }
        let list = match &document["data"][0]["embedding"] {
            Value::Null => &document["embeddings"][0],
            list => list,
        };
        answer.embedding = numbers(list).ok_or_else(|| {
            let what = "the answer is JSON without an embedding that is a list of numbers";
            Fault::new(CallErrorKind::Malformed, what)
        })?;
        answer.model = named(&document, "model");
        answer.usage = match &document["usage"] {
            Value::Null => document.clone(),
            usage => usage.clone(),
        };
        Ok(())
    })?;
    Ok(answer)
}

fn numbers(list: &Value) -> Option<Vec<f64>> {
    let numbers: Vec<_> = list.as_array()?.iter().map(Value::as_f64).collect();
    let numbers: Vec<f64> = numbers.into_iter().collect::<Option<_>>()?;
    (!numbers.is_empty()).then_some(numbers)
}
