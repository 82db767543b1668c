//! A streamed answer, recorded as one body.

use cleanbench_core::CallErrorKind;

use super::fault::Fault;
use super::wire::Envelope;
use super::{RawAnswer, ended_early, position, refusal};
use crate::sse::{self, Event};

/// Puts the chunks of `body` together.
///
/// # Errors
/// When the stream has no choice, reports an error before it has said how the answer ended, when a chunk is no
/// JSON, and when it ends without a reason and without `[DONE]`.
pub(super) fn read(body: &[u8]) -> Result<RawAnswer, Fault> {
    let mut answer = RawAnswer::default();
    let (mut done, mut any) = (false, false);
    for event in sse::events(body) {
        if event.data.trim() == "[DONE]" {
            done = true;
            break;
        }
        any |= take(&event, &mut answer)?;
    }
    if (done || answer.finish.is_some()) && !any {
        let what = "a stream without `choices`; is this an OpenAI-compatible path?";
        return Err(Fault::new(CallErrorKind::Malformed, what));
    }
    if done || answer.finish.is_some() {
        Ok(answer)
    } else {
        Err(ended_early())
    }
}

/// Takes in a chunk; whether it holds a choice.
fn take(event: &Event, answer: &mut RawAnswer) -> Result<bool, Fault> {
    if event.data.trim().is_empty() {
        return Ok(false);
    }
    let mut chunk: Envelope = match serde_json::from_str(&event.data) {
        Ok(chunk) => chunk,
        Err(_) if !event.finished => return Err(ended_early()),
        Err(error) => {
            let what = format!("a chunk of the stream is unreadable: {}", position(&error));
            return Err(Fault::new(CallErrorKind::Malformed, what));
        }
    };
    // An error after the reason for ending (a router's "token limit reached") changes nothing.
    if answer.finish.is_none()
        && let Some(fault) = fault_of(event, &chunk)
    {
        return Err(fault);
    }
    let any = chunk.take_choice(answer);
    chunk.take_facts(answer);
    Ok(any)
}

fn fault_of(event: &Event, chunk: &Envelope) -> Option<Fault> {
    chunk.fault().or_else(|| {
        let named = event.name == "error";
        named.then(|| {
            refusal::inside_success(&serde_json::from_str(&event.data).unwrap_or_default())
        })
    })
}
