//! From requests and replies to what they cost: bounds before the send, counts after it.
//!
//! Invariant: a bound is never below what the endpoint can bill, as far as it follows the request's
//! `max_tokens`. Every known tokenizer falls back to single bytes, so a text has at most as many tokens
//! as UTF-8 bytes; the body that is sent holds every text, and JSON only makes it longer.

use cleanbench_core::{CallError, CallErrorKind, Request, Usage, Usd};
use cleanbench_price::Price;

use crate::budget::Bound;

/// Tokens that a chat template may add for each message, and once for the whole request: role names,
/// turn markers, a preamble of the template's own.
pub const TEMPLATE_TOKENS: u64 = 64;
/// Tokens that one picture may become beyond the bytes of its file: more than the dearest tiling that a
/// provider documents (48,169 tokens for eight tiles).
pub const PICTURE_TOKENS: u64 = 65_536;

/// What a model's tokens cost.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum Billing {
    /// Nothing: the model is in this process.
    Free,
    /// This.
    Price(Price),
    /// Nobody said.
    #[default]
    Unknown,
}

impl Billing {
    /// The most that one attempt of `request` can use up when its body has `body` bytes.
    pub(crate) fn bound(&self, request: &Request, body: usize) -> Bound {
        let prompt = prompt_bound(request, body);
        let answer = answer_bound(request);
        let cost = match (self, answer) {
            (Self::Free, _) => Some(Usd::ZERO),
            (Self::Price(price), Some(answer)) => Some(price.worst(prompt, answer)),
            (Self::Price(_), None) | (Self::Unknown, _) => None,
        };
        Bound {
            tokens: answer.map(|answer| prompt.saturating_add(answer)),
            cost,
        }
    }

    /// What an answer with `usage` used up; `None` is unknown, and never 0.
    pub(crate) fn used(&self, usage: &Usage) -> Bound {
        let reliable = !usage.inconsistent && !usage.estimated;
        let counts = usage.prompt.zip(usage.completion).filter(|_| reliable);
        let cost = match self {
            Self::Free => Some(Usd::ZERO),
            Self::Price(price) => counts.and_then(|_| price.cost(usage)),
            Self::Unknown => None,
        };
        Bound {
            tokens: counts.map(|(prompt, answer)| prompt.saturating_add(answer)),
            cost,
        }
    }
}

fn prompt_bound(request: &Request, body: usize) -> u64 {
    let count = |number: usize| u64::try_from(number).unwrap_or(u64::MAX);
    let messages = count(request.messages.len()) + 1;
    let pictures = request.messages.iter().map(|message| message.images.len());
    let once = count(body)
        .saturating_add(messages.saturating_mul(TEMPLATE_TOKENS))
        .saturating_add(count(pictures.sum()).saturating_mul(PICTURE_TOKENS));
    // A text that is weighed may be read once more after the prompt.
    once.saturating_mul(count(request.continuations.len()).max(1))
}

fn answer_bound(request: &Request) -> Option<u64> {
    match (request.continuations.len(), request.sampling.max_tokens) {
        (0, most) => most.map(u64::from),
        // Endpoints that weigh texts generate one token for each.
        (texts, _) => u64::try_from(texts).ok(),
    }
}

/// What a failed attempt used up. An endpoint that could not be reached, or that turned the request
/// away unread, bills nothing; anything else may have been worked on.
pub(crate) fn used_by_failure(error: &CallError, status: Option<u16>) -> Bound {
    let turned_away = match error.kind {
        CallErrorKind::Dns
        | CallErrorKind::Connect
        | CallErrorKind::Tls
        | CallErrorKind::Auth
        | CallErrorKind::NotFound
        | CallErrorKind::Rejected
        | CallErrorKind::TooLong
        | CallErrorKind::Unsupported
        | CallErrorKind::Forbidden
        | CallErrorKind::NotRecorded
        | CallErrorKind::Foreign => true,
        CallErrorKind::RateLimited | CallErrorKind::Overloaded => {
            matches!(status, Some(429 | 503 | 529))
        }
        CallErrorKind::Timeout
        | CallErrorKind::Broken
        | CallErrorKind::Censored
        | CallErrorKind::NotJson
        | CallErrorKind::Malformed
        | CallErrorKind::Panic => false,
    };
    if turned_away {
        Bound::NOTHING
    } else {
        Bound::default()
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use cleanbench_core::{Constraints, Form, Message, Role, Sampling, Sensitivity};

    use super::*;

    fn request(max_tokens: Option<u32>) -> Request {
        Request {
            form: Form::Chat,
            messages: vec![Message::new(Role::User, "a")],
            sampling: Sampling {
                max_tokens,
                ..Sampling::default()
            },
            seed: None,
            continuations: Vec::new(),
            constraints: Arc::new(Constraints::default()),
            sensitivity: Sensitivity::Public,
        }
    }

    fn priced() -> Billing {
        Billing::Price(Price {
            input: "1".parse().unwrap(),
            output: "2".parse().unwrap(),
            cached_input: Some("1".parse().unwrap()),
            cache_write: Some("3".parse().unwrap()),
            source: None,
            date: None,
        })
    }

    #[test]
    fn a_bound_counts_bytes_template_and_the_whole_answer_at_the_dearest_price() {
        let bound = priced().bound(&request(Some(10)), 100);
        assert_eq!(bound.tokens, Some(100 + 2 * 64 + 10));
        assert_eq!(bound.cost.unwrap().to_string(), "0.000704000002");
        assert_eq!(
            Billing::Free.bound(&request(Some(10)), 100).cost,
            Some(Usd::ZERO)
        );
        assert_eq!(Billing::Unknown.bound(&request(Some(10)), 100).cost, None);
        assert_eq!(priced().bound(&request(None), 100), Bound::default());
    }

    #[test]
    fn texts_to_weigh_need_no_limit_of_the_answer() {
        let weighed = Request {
            continuations: vec!["a".to_owned(), "b".to_owned()],
            ..request(None)
        };
        let bound = priced().bound(&weighed, 100);
        assert_eq!(bound.tokens, Some(2 * (100 + 128) + 2));
    }

    #[test]
    fn a_picture_is_counted_beyond_its_bytes() {
        let mut pictured = request(Some(1));
        pictured.messages[0].images.push(cleanbench_core::Image {
            media_type: "image/png".to_owned(),
            data: String::new(),
        });
        let bound = priced().bound(&pictured, 100);
        assert_eq!(bound.tokens, Some(100 + 128 + PICTURE_TOKENS + 1));
    }

    #[test]
    fn what_is_not_reported_or_contradicts_itself_is_unknown() {
        let usage = Usage {
            prompt: Some(5),
            completion: Some(1),
            ..Usage::default()
        };
        assert_eq!(priced().used(&usage).tokens, Some(6));
        assert_eq!(Billing::Unknown.used(&usage).cost, None);
        for unknown in [
            Usage::default(),
            Usage {
                inconsistent: true,
                ..usage
            },
            Usage {
                estimated: true,
                ..usage
            },
        ] {
            assert_eq!(priced().used(&unknown), Bound::default());
        }
    }

    #[test]
    fn only_an_attempt_that_was_turned_away_is_free() {
        let used = |kind, status| used_by_failure(&CallError::new(kind, ""), status);
        assert_eq!(used(CallErrorKind::RateLimited, Some(429)), Bound::NOTHING);
        assert_eq!(used(CallErrorKind::Overloaded, Some(503)), Bound::NOTHING);
        assert_eq!(used(CallErrorKind::Overloaded, Some(502)), Bound::default());
        assert_eq!(used(CallErrorKind::Connect, None), Bound::NOTHING);
        assert_eq!(used(CallErrorKind::Timeout, None), Bound::default());
        assert_eq!(used(CallErrorKind::Malformed, Some(200)), Bound::default());
    }
}
