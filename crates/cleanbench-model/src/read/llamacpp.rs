//! Answers of llama.cpp's own `/completion`.

use cleanbench_core::{CallErrorKind, Reply};
use serde_json::Value;

use super::fault::Fault;
use super::frames::{self, named, text};
use super::{RawAnswer, ended_early, refusal, tokens};

/// Reads a continuation, or the stream of one.
///
/// # Errors
/// When it is none, reports an error, or ends before its end is reported.
pub(super) fn read(reply: &Reply) -> Result<RawAnswer, Fault> {
    let mut answer = RawAnswer::default();
    let (mut known, mut ended) = (false, false);
    frames::each(reply, |document| {
        if !document["error"].is_null() {
            return Err(refusal::inside_success(&document["error"]));
        }
        known |= document["content"].is_string();
        answer.text.push_str(text(&document, "content"));
        let probabilities = tokens::of_value(&document["completion_probabilities"]);
        answer.tokens.extend(probabilities);
        answer.model = named(&document, "model").or(answer.model.take());
        if document["stop"] == true {
            ended = true;
            answer.finish = finish(&document);
            answer.usage = document;
        }
        Ok(())
    })?;
    if !known {
        let what = "the answer is JSON without `content`; is this llama.cpp's own path?";
        return Err(Fault::new(CallErrorKind::Malformed, what));
    }
    if ended {
        Ok(answer)
    } else {
        Err(ended_early())
    }
}

/// `stop_type`, or the flags that stood in its place in earlier versions.
fn finish(document: &Value) -> Option<String> {
    let flag = |key: &str| document[key] == true;
    match text(document, "stop_type") {
        "" if flag("stopped_limit") => Some("limit".to_owned()),
        "" if flag("stopped_eos") || flag("stopped_word") => Some("stop".to_owned()),
        "" | "none" => None,
        word => Some(word.to_owned()),
    }
}
