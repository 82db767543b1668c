//! A key that only a reader puts together: pieces that it joins, whatever it joins them by.
//!
//! Invariant: nothing that the reader makes of a kept reply has the key in it. There is no list of shapes here: what the
//! reader makes of the reply is searched, whatever it read that from.

use cleanbench_core::{CallError, CallErrorKind, Completion, Finish, Reply};

use super::HttpModel;
use crate::key::ApiKey;

impl HttpModel {
    /// Overwrites the whole body of `reply` to `request` if the key can be read in it, and says so.
    pub(super) fn without_echo(
        &self,
        key: &ApiKey,
        request: &[u8],
        reply: &mut Reply,
    ) -> Result<(), CallError> {
        let is_echoed = match self.reader.read(request, reply) {
            Ok(completion) => key.stands_in_any(&texts(&completion)),
            Err(error) => key.stands_in_any(&[error.message]),
        };
        if !is_echoed {
            return Ok(());
        }
        reply.body.fill(b'*');
        let message = format!(
            "{}: the endpoint echoed the API key in pieces; its reply was not kept; find out why it repeats keys, and \
             replace this one if others read its answers",
            self.endpoint.host()
        );
        Err(CallError::new(CallErrorKind::Malformed, message))
    }
}

/// Every text of `completion`, and those that stand side by side as one.
fn texts(completion: &Completion) -> Vec<String> {
    let Completion {
        text,
        reasoning,
        finish,
        model,
        fingerprint,
        tool_calls,
        tokens,
        ..
    } = completion;
    let mut texts = vec![text.clone()];
    for optional in [reasoning, model, fingerprint] {
        texts.extend(optional.clone());
    }
    if let Finish::Other(word) = finish {
        texts.push(word.clone());
    }
    for call in tool_calls {
        texts.push(call.name.clone());
        texts.push(call.arguments.clone());
    }
    texts.push(tokens.iter().map(|token| token.text.as_str()).collect());
    let most = tokens.iter().map(|token| token.top.len()).max();
    for rank in 0..most.unwrap_or_default() {
        let of_rank = tokens.iter().filter_map(|token| token.top.get(rank));
        texts.push(of_rank.map(|(text, _)| text.as_str()).collect());
    }
    texts
}
