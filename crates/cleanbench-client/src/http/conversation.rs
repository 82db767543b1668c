//! A plan becomes exchanges, one after the other, on the endpoint's own host.
//!
//! Invariants: the label was checked before the first exchange; the key travels and is overwritten as
//! in any other. What arrived is kept when a later exchange fails.

use cleanbench_core::model::Sent;
use cleanbench_core::{CallError, CallErrorKind, Timing};
use cleanbench_model::likelihood::{Exchange, Inquiry, NextInquiry, encode, next};

use super::HttpModel;
use super::attempt::{Attempt, LARGEST_BODY};

impl HttpModel {
    /// Asks what the plan `body` needs, and gives all of it as one reply.
    pub(super) async fn follow(&self, body: &[u8]) -> Sent {
        let attempt = Attempt::begin();
        let mut exchanges = Vec::new();
        let mut timing = Timing::default();
        let ended = loop {
            match next(&self.reader, &self.endpoint.host(), body, &exchanges) {
                Ok(NextInquiry::Done) => break Ok(()),
                Err(error) => break Err(error),
                Ok(NextInquiry::Ask(inquiry)) => {
                    let begun = attempt.elapsed();
                    let sent = self.put(inquiry, &mut exchanges).await;
                    note(&mut timing, begun, &sent.timing);
                    if let Some(error) = sent.error {
                        break Err(error);
                    }
                }
            }
            if let Err(error) = self.check_size(&exchanges) {
                break Err(error);
            }
        };
        let encoded = encode(&exchanges).map_err(|error| {
            CallError::new(
                CallErrorKind::Malformed,
                format!("{}: {error}", self.endpoint.host()),
            )
        });
        let (mut reply, unencoded) = match encoded {
            Ok(reply) => (Some(reply).filter(|_| !exchanges.is_empty()), None),
            Err(error) => (None, Some(error)),
        };
        // What several exchanges say together.
        let kept = match (&self.key, &mut reply) {
            (Some(key), Some(reply)) => self.without_echo(key, body, reply),
            _ => Ok(()),
        };
        timing.end = attempt.elapsed();
        Sent {
            reply,
            error: kept.err().or(ended.err()).or(unencoded),
            timing,
        }
    }

    /// Makes one exchange; what came back joins `exchanges`.
    async fn put(&self, inquiry: Inquiry, exchanges: &mut Vec<Exchange>) -> Sent {
        let mut url = self.endpoint.url.clone();
        url.set_path(&inquiry.path);
        let mut sent = self.exchange(&url, inquiry.body.as_bytes()).await;
        if let Some(reply) = sent.reply.take() {
            exchanges.push(Exchange::new(inquiry.path, inquiry.body, reply));
        }
        sent
    }

    fn check_size(&self, exchanges: &[Exchange]) -> Result<(), CallError> {
        let size: usize = exchanges
            .iter()
            .map(|exchange| exchange.request.len() + exchange.reply.body.len())
            .sum();
        if size <= LARGEST_BODY {
            return Ok(());
        }
        let message = format!(
            "{}: the exchanges of one call are larger than {} MiB; weigh shorter texts, or fewer",
            self.endpoint.host(),
            LARGEST_BODY >> 20
        );
        Err(CallError::new(CallErrorKind::TooLong, message))
    }
}

/// Notes the times of the first exchange.
fn note(timing: &mut Timing, begun: u64, exchange: &Timing) {
    timing.headers = timing.headers.or(exchange.headers.map(|at| begun + at));
    timing.first_byte = timing
        .first_byte
        .or(exchange.first_byte.map(|at| begun + at));
}
