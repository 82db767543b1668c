//! What can go wrong at an endpoint, and when.
//!
//! Invariant: a rule with a `share` decides by the prompt's hash and by how often that prompt was
//! asked, never by a clock or a random number. It refuses numbers that mean nothing (a share above
//! 1, every 0th request) when the script is installed, not when the request comes.

use serde::{Deserialize, Serialize};

use crate::key::Draws;
use crate::script_error::{ScriptError, check_share};

/// One way for a call to fail, or to succeed strangely.
///
/// In JSON a fault without fields is a string (`"hang"`), one with fields an object
/// (`{"status": {"code": 429, "retry_after": 0}}`).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum Fault {
    /// The status with an error body of the shape that the API documents for it (400 says the
    /// context is too long).
    Status {
        /// HTTP status, 200 to 599.
        code: u16,
        /// Value of the header `retry-after`, in seconds; may be 0. `None` sends no header.
        #[serde(default)]
        retry_after: Option<u64>,
        /// Replaces the `code` of the error body, for example `insufficient_quota`.
        #[serde(default)]
        error: Option<String>,
    },
    /// An HTML page, as gateways and captive portals send it; with 200 or, say, 502.
    Html {
        /// HTTP status.
        code: u16,
    },
    /// 200 with a body of content type `text/plain` that is no JSON.
    Text,
    /// 200 with a body that begins as JSON and breaks off, while its length is as declared.
    MalformedJson,
    /// A well-formed answer whose content is the empty string.
    EmptyContent,
    /// A well-formed answer whose content is null.
    NullContent,
    /// A well-formed answer with an empty list of choices.
    NoChoices,
    /// The true answer, marked as withheld: content is null and the finish reason
    /// `content_filter`.
    ContentFilter,
    /// Only the first words of the answer, with the finish reason `length`.
    Length {
        /// How many words are kept.
        words: usize,
    },
    /// The connection is reset (RST) without a byte of response.
    Reset,
    /// The connection is closed in order (FIN) without a byte of response.
    Close,
    /// Half the response (its length declared in full), then the connection is closed. A stream
    /// breaks off half-way without its end marker.
    BrokenBody,
    /// A stream that sends half its events, then an `error` event, and ends in order. Without
    /// streaming it is a status 500.
    StreamError,
    /// No response for as long as the client waits.
    Hang,
    /// The true answer after this much more time.
    Delay {
        /// Milliseconds on top of the script's latency.
        ms: u64,
    },
    /// The true answer, a few bytes at a time; cuts through UTF-8 characters and events.
    SlowDrip {
        /// Bytes per piece, at least 1.
        bytes: usize,
        /// Milliseconds between pieces.
        pause_ms: u64,
    },
    /// 302 to another place.
    Redirect {
        /// Value of the header `location`.
        to: String,
    },
    /// The status with an error message that repeats the whole prompt.
    EchoPrompt {
        /// HTTP status.
        code: u16,
    },
    /// The status with an error message that repeats the request's `authorization` header.
    EchoAuthorization {
        /// HTTP status.
        code: u16,
    },
    /// A well-formed answer whose content has this many mebibytes; its length is not declared.
    HugeBody {
        /// Mebibytes (1,048,576 bytes).
        mib: u32,
    },
    /// The true answer under another content type: JSON called a page, or a stream called JSON.
    WrongType {
        /// Value of the header `content-type`.
        content_type: String,
    },
    /// 200 whose body is an error object. A stream says it in its first event and ends in order.
    ErrorInside {
        /// The `code` of the error, for example `rate_limit_exceeded`.
        code: String,
    },
    /// Half the answer, then a reset (RST) of the connection.
    ResetInBody,
    /// Half the answer, then an orderly end as if it were all: a stream ends within an event, without
    /// its end marker.
    Truncated,
    /// Half the answer, then silence for as long as the client waits.
    HangInBody,
    /// The true answer in pieces that are cut within every character of more than one byte.
    SplitUtf8,
    /// The true answer; a stream says `[DONE]` twice.
    DuplicateDone,
    /// The true answer compressed with gzip, though nobody asked for that.
    Gzip,
    /// Exactly these bytes, each piece written by itself.
    Verbatim {
        /// HTTP status.
        code: u16,
        /// Value of the header `content-type`.
        content_type: String,
        /// The body.
        pieces: Vec<String>,
    },
}

/// A fault and the conditions under which it strikes. Every condition that is given must hold; a
/// rule without conditions always strikes. Of several rules that hold, the first one counts.
///
/// ```
/// use cleanbench_testkit::{Fault, Rule};
/// let too_many = Fault::Status { code: 429, retry_after: Some(0), error: None };
/// let rule = Rule::always(too_many).for_share(0.1).times_per_prompt(1);
/// assert_eq!(rule.share, Some(0.1));
/// ```
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Rule {
    /// What happens.
    pub fault: Fault,
    /// Strikes this share of prompts, 0 to 1, chosen by the prompt's hash and the rule's place.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub share: Option<f64>,
    /// Strikes every n-th request; at least 1. Depends on the order of arrival.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub every: Option<u64>,
    /// Strikes the first n requests of the server's life only.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub first: Option<u64>,
    /// Spares the first n requests of the server's life.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub after: Option<u64>,
    /// Strikes prompts that contain this text.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub prompt_contains: Option<String>,
    /// Strikes while more than n requests are being answered, this one included.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub in_flight_above: Option<u32>,
    /// Strikes a prompt only the first n times that it is asked, so that a retry succeeds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub times_per_prompt: Option<u32>,
}

/// What a rule may look at.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Moment<'a> {
    /// The prompt's text.
    pub(crate) prompt: &'a str,
    /// Its draws.
    pub(crate) draws: Draws,
    /// How often the prompt was asked by now, this time included.
    pub(crate) asked: u32,
    /// The request's number since the server started, from 1.
    pub(crate) number: u64,
    /// Requests being answered, this one included.
    pub(crate) in_flight: u32,
}

impl Rule {
    /// A rule that strikes every request.
    pub fn always(fault: Fault) -> Self {
        Self {
            fault,
            share: None,
            every: None,
            first: None,
            after: None,
            prompt_contains: None,
            in_flight_above: None,
            times_per_prompt: None,
        }
    }

    /// Narrows the rule to a share of prompts, 0 to 1.
    #[must_use]
    pub fn for_share(self, share: f64) -> Self {
        let share = Some(share);
        Self { share, ..self }
    }

    /// Narrows the rule to every n-th request.
    #[must_use]
    pub fn every(self, nth: u64) -> Self {
        let every = Some(nth);
        Self { every, ..self }
    }

    /// Narrows the rule to the first n requests.
    #[must_use]
    pub fn first(self, count: u64) -> Self {
        let first = Some(count);
        Self { first, ..self }
    }

    /// Narrows the rule to the requests after the first n.
    #[must_use]
    pub fn after(self, count: u64) -> Self {
        let after = Some(count);
        Self { after, ..self }
    }

    /// Narrows the rule to prompts that contain `text`.
    #[must_use]
    pub fn when_prompt_contains(self, text: &str) -> Self {
        let prompt_contains = Some(text.to_owned());
        Self {
            prompt_contains,
            ..self
        }
    }

    /// Narrows the rule to moments with more than n requests in flight.
    #[must_use]
    pub fn when_in_flight_above(self, count: u32) -> Self {
        let in_flight_above = Some(count);
        Self {
            in_flight_above,
            ..self
        }
    }

    /// Narrows the rule to the first n times that a prompt is asked.
    #[must_use]
    pub fn times_per_prompt(self, times: u32) -> Self {
        let times_per_prompt = Some(times);
        Self {
            times_per_prompt,
            ..self
        }
    }

    /// Whether the rule, which stands at `place` in its script, strikes now.
    pub(crate) fn strikes(&self, place: usize, now: Moment<'_>) -> bool {
        let contains = |text: &String| now.prompt.contains(text.as_str());
        self.times_per_prompt.is_none_or(|times| now.asked <= times)
            && self.every.is_none_or(|nth| now.number.is_multiple_of(nth))
            && self.first.is_none_or(|count| now.number <= count)
            && self.after.is_none_or(|count| now.number > count)
            && self.in_flight_above.is_none_or(|most| now.in_flight > most)
            && self
                .share
                .is_none_or(|share| now.draws.is_struck(place, share))
            && self.prompt_contains.as_ref().is_none_or(contains)
    }

    /// Refuses numbers that mean nothing.
    pub(crate) fn validate(&self) -> Result<(), ScriptError> {
        if let Some(share) = self.share {
            check_share("share of a fault", share)?;
        }
        if self.every == Some(0) {
            return Err(ScriptError::Meaningless("`every` is 0; use 1 or more"));
        }
        self.fault.validate()
    }
}

impl Fault {
    /// Whether the fault carries no answer, so that it comes without the script's latency.
    pub(crate) fn is_bare(&self) -> bool {
        matches!(
            self,
            Self::Status { .. }
                | Self::Html { .. }
                | Self::Text
                | Self::Redirect { .. }
                | Self::EchoPrompt { .. }
                | Self::EchoAuthorization { .. }
        )
    }

    fn validate(&self) -> Result<(), ScriptError> {
        match self {
            Self::Status { code, .. }
            | Self::Html { code }
            | Self::EchoPrompt { code }
            | Self::EchoAuthorization { code } => check_code(*code),
            Self::Verbatim {
                code, content_type, ..
            } => {
                check_code(*code)?;
                check_type(content_type)
            }
            Self::SlowDrip { bytes: 0, .. } => Err(ScriptError::Meaningless(
                "a slow drip of 0 bytes never ends; use 1 or more",
            )),
            Self::WrongType { content_type } => check_type(content_type),
            Self::Redirect { to } if hyper::header::HeaderValue::from_str(to).is_err() => Err(
                ScriptError::Meaningless("the redirect's target does not fit a header"),
            ),
            _ => Ok(()),
        }
    }
}

fn check_type(content_type: &str) -> Result<(), ScriptError> {
    let header = hyper::header::HeaderValue::from_str(content_type);
    header
        .map(drop)
        .map_err(|_| ScriptError::Meaningless("the content type does not fit a header"))
}

/// Informational statuses cannot end a response, so they are refused along with impossible ones.
fn check_code(code: u16) -> Result<(), ScriptError> {
    if (200..=599).contains(&code) {
        Ok(())
    } else {
        Err(ScriptError::Status(code))
    }
}

#[cfg(test)]
mod tests {
    use super::{Draws, Fault, Moment, Rule};

    #[test]
    fn every_condition_must_hold() {
        let now = Moment {
            prompt: "what is a bench",
            draws: Draws::of("what is a bench"),
            asked: 2,
            number: 6,
            in_flight: 3,
        };
        let check = |rule: Rule, expect: bool| {
            assert_eq!(rule.strikes(0, now), expect, "{rule:?}");
        };
        let rule = || Rule::always(Fault::Hang);
        check(rule(), true);
        check(rule().every(3), true);
        check(rule().every(4), false);
        check(rule().first(6), true);
        check(rule().first(5), false);
        check(rule().after(5), true);
        check(rule().after(6), false);
        check(rule().times_per_prompt(2), true);
        check(rule().times_per_prompt(1), false);
        check(rule().when_prompt_contains("bench"), true);
        check(rule().when_prompt_contains("desk"), false);
        check(rule().when_in_flight_above(2), true);
        check(rule().when_in_flight_above(3), false);
        check(rule().for_share(1.0), true);
        check(rule().for_share(0.0), false);
        check(rule().every(3).first(5), false);
    }

    #[test]
    fn meaningless_rules_are_refused() {
        let check = |rule: Rule, expect: &str| {
            let error = rule.validate().unwrap_err().to_string();
            assert!(error.contains(expect), "{error}");
        };
        let rule = || Rule::always(Fault::Hang);
        check(rule().for_share(1.5), "share of a fault");
        check(rule().for_share(f64::NAN), "share of a fault");
        check(rule().every(0), "`every` is 0");
        check(Rule::always(Fault::Html { code: 100 }), "100");
        let drip = Fault::SlowDrip {
            bytes: 0,
            pause_ms: 1,
        };
        check(Rule::always(drip), "drip");
        let to = "http://x/\n".to_owned();
        check(Rule::always(Fault::Redirect { to }), "redirect");
        let content_type = "text/\n".to_owned();
        check(
            Rule::always(Fault::WrongType { content_type }),
            "content type",
        );
        assert!(rule().for_share(0.5).every(1).validate().is_ok());
    }
}
