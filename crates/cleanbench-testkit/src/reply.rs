//! From a question and a fault to a response.
//!
//! Invariant: a response is built in full before its first byte is sent, so a fault is the same
//! whether or not the client streams, as far as streams have it. Nothing here waits: the caller does.

use std::collections::VecDeque;
use std::io::Write as _;
use std::time::Duration;

use bytes::Bytes;
use hyper::header::{
    CONTENT_ENCODING, CONTENT_LENGTH, CONTENT_TYPE, HeaderValue, LOCATION, RETRY_AFTER,
};
use hyper::{Response, StatusCode};

use crate::answer::{first_words, pieces};
use crate::body::{Paced, ReplyBody};
use crate::fault::Fault;
use crate::key::PromptKey;
use crate::question::{Endpoint, Question};
use crate::script::Script;
use crate::wire::{AnswerParts, Delta, error_body};

const JSON: HeaderValue = HeaderValue::from_static("application/json");
const EVENTS: HeaderValue = HeaderValue::from_static("text/event-stream");
const HTML: HeaderValue = HeaderValue::from_static("text/html; charset=utf-8");
const PLAIN: HeaderValue = HeaderValue::from_static("text/plain; charset=utf-8");

const MEBIBYTE: usize = 1 << 20;
const HUGE_PIECE: usize = 1 << 16;

/// What is known when a request is answered.
#[derive(Debug)]
pub(crate) struct ReplyContext<'a> {
    /// The script in force.
    pub(crate) script: &'a Script,
    /// What was asked.
    pub(crate) question: &'a Question<'a>,
    /// The prompt's key.
    pub(crate) key: PromptKey,
    /// The answer's text.
    pub(crate) text: &'a str,
    /// Why the answer ended.
    pub(crate) finish: &'static str,
    /// The request's `authorization` header, empty if it has none.
    pub(crate) authorization: &'a str,
}

impl ReplyContext<'_> {
    /// The response under `fault`. The faults that send no response are the caller's; here they get
    /// the true answer.
    pub(crate) fn reply(&self, fault: Option<&Fault>) -> Response<ReplyBody> {
        match fault {
            Some(Fault::Status {
                code,
                retry_after,
                error,
            }) => status_error(*code, *retry_after, error.as_deref()),
            Some(Fault::Html { code }) => page(*code),
            Some(Fault::Text) => text_page(),
            Some(Fault::Redirect { to }) => redirect(to),
            Some(Fault::EchoPrompt { code }) => {
                let message = format!("cannot process the prompt: {}", self.question.prompt);
                error(*code, "invalid_request_error", "invalid_prompt", &message)
            }
            Some(Fault::EchoAuthorization { code }) => {
                let message = format!("incorrect credentials: {}", self.authorization);
                error(*code, "authentication_error", "invalid_api_key", &message)
            }
            Some(Fault::MalformedJson) => self.malformed(),
            Some(Fault::HugeBody { mib }) => self.huge(*mib),
            Some(Fault::StreamError) if !self.question.stream => status_error(500, None, None),
            Some(Fault::ErrorInside { code }) => self.error_inside(code),
            Some(Fault::WrongType { content_type }) => {
                let mut response = self.answered(None);
                // Types that do not fit a header were refused with the script.
                if let Ok(kind) = HeaderValue::from_str(content_type) {
                    response.headers_mut().insert(CONTENT_TYPE, kind);
                }
                response
            }
            Some(Fault::Gzip) => self.compressed(),
            Some(Fault::Verbatim {
                code,
                content_type,
                pieces,
            }) => verbatim(*code, content_type, pieces),
            _ => self.answered(fault),
        }
    }

    /// A response that carries an answer, changed by `fault`.
    fn answered(&self, fault: Option<&Fault>) -> Response<ReplyBody> {
        let mut answer = self.answer(self.text);
        match fault {
            Some(Fault::EmptyContent) => answer.content = Some(String::new()),
            Some(Fault::NullContent) => answer.content = None,
            Some(Fault::NoChoices) => answer.has_choice = false,
            Some(Fault::ContentFilter) => {
                answer.content = None;
                answer.finish = "content_filter";
            }
            Some(Fault::Length { words }) => {
                answer = self.answer(first_words(self.text, *words));
                answer.finish = "length";
            }
            _ => {}
        }
        if self.question.stream {
            self.streamed(&answer, fault)
        } else {
            at_once(answer.whole(), fault)
        }
    }

    fn answer(&self, text: &str) -> AnswerParts<'_> {
        AnswerParts {
            finish: self.finish,
            ..AnswerParts::new(self.script, self.question, self.key, text)
        }
    }

    fn streamed(&self, answer: &AnswerParts<'_>, fault: Option<&Fault>) -> Response<ReplyBody> {
        let mut events = stream_events(answer);
        let pause = self.script.latency.between_events();
        let half = events.len() / 2;
        let paced = match fault {
            Some(Fault::BrokenBody | Fault::ResetInBody) => {
                events.truncate(half);
                Paced::new(events, pause).breaking_off()
            }
            Some(Fault::Truncated) => {
                // The last event is cut within its JSON.
                events.truncate(half + 1);
                let cut = events[half].len() / 2;
                events[half].truncate(cut);
                Paced::new(events, pause)
            }
            Some(Fault::HangInBody) => {
                events.truncate(half);
                Paced::new(events, pause).falling_silent()
            }
            Some(Fault::SplitUtf8) => Paced::new(cut_characters(&events.concat()), pause),
            Some(Fault::DuplicateDone) => {
                events.push(done());
                Paced::new(events, pause)
            }
            Some(Fault::StreamError) => {
                events.truncate(half);
                events.push(event(&error_body(
                    "server_error",
                    "stream_failed",
                    "the stream failed",
                )));
                Paced::new(events, pause)
            }
            Some(Fault::SlowDrip { bytes, pause_ms }) => drip(&events.concat(), *bytes, *pause_ms),
            _ => Paced::new(events, pause),
        };
        respond(200, EVENTS, ReplyBody::paced(paced))
    }

    /// An error where an answer is expected.
    fn error_inside(&self, code: &str) -> Response<ReplyBody> {
        let error = error_body("server_error", code, "the request could not be served");
        if !self.question.stream {
            return respond(200, JSON, ReplyBody::whole(error));
        }
        let events = [event(&error), done()];
        let paced = Paced::new(events, Duration::ZERO);
        respond(200, EVENTS, ReplyBody::paced(paced))
    }

    /// The true answer, compressed.
    fn compressed(&self) -> Response<ReplyBody> {
        let answer = self.answer(self.text);
        let (bytes, kind) = if self.question.stream {
            (stream_events(&answer).concat(), EVENTS)
        } else {
            (answer.whole(), JSON)
        };
        let mut response = respond(200, kind, ReplyBody::whole(gzip(&bytes)));
        let encoding = HeaderValue::from_static("gzip");
        response.headers_mut().insert(CONTENT_ENCODING, encoding);
        response
    }

    /// A body, or an event, that is cut in the middle of its JSON though its length is right.
    fn malformed(&self) -> Response<ReplyBody> {
        let mut json = self.answer(self.text).whole();
        json.truncate(json.len() / 2);
        if self.question.stream {
            let events = [event(&json), done()];
            return respond(
                200,
                EVENTS,
                ReplyBody::paced(Paced::new(events, Duration::ZERO)),
            );
        }
        respond(200, JSON, ReplyBody::whole(json))
    }

    /// An answer whose content is `mib` mebibytes; the pieces share one buffer.
    fn huge(&self, mib: u32) -> Response<ReplyBody> {
        const MARK: &str = "\u{1}";
        let answer = self.answer(MARK);
        let (json, kind) = if self.question.stream {
            (
                event(&answer.event(Delta::content(MARK), None)).into(),
                EVENTS,
            )
        } else {
            (answer.whole(), JSON)
        };
        let filler = Bytes::from(vec![b'a'; HUGE_PIECE]);
        let count = mib as usize * (MEBIBYTE / HUGE_PIECE);
        let (before, after) = split_at_mark(&json);
        let mut pieces = VecDeque::from([before]);
        pieces.extend(std::iter::repeat_n(filler, count));
        pieces.push_back(after);
        if self.question.stream {
            pieces.push_back(done());
        }
        respond(
            200,
            kind,
            ReplyBody::paced(Paced::new(pieces, Duration::ZERO)),
        )
    }
}

/// A response that is an error in the API's shape.
pub(crate) fn error(code: u16, kind: &str, name: &str, message: &str) -> Response<ReplyBody> {
    respond(
        code,
        JSON,
        ReplyBody::whole(error_body(kind, name, message)),
    )
}

/// A response of JSON.
pub(crate) fn json(code: u16, body: Vec<u8>) -> Response<ReplyBody> {
    respond(code, JSON, ReplyBody::whole(body))
}

/// A response of plain text.
pub(crate) fn plain(code: u16, body: impl Into<Bytes>) -> Response<ReplyBody> {
    respond(code, PLAIN, ReplyBody::whole(body))
}

/// The refusal of a request without the required key.
pub(crate) fn unauthorized() -> Response<ReplyBody> {
    status_error(401, None, None)
}

fn status_error(code: u16, retry_after: Option<u64>, name: Option<&str>) -> Response<ReplyBody> {
    let (kind, usual, message) = error_of(code);
    let mut response = error(code, kind, name.unwrap_or(usual), message);
    if let Some(seconds) = retry_after {
        response
            .headers_mut()
            .insert(RETRY_AFTER, HeaderValue::from(seconds));
    }
    response
}

/// Type, code and message that go with a status.
fn error_of(code: u16) -> (&'static str, &'static str, &'static str) {
    match code {
        400 => (
            "invalid_request_error",
            "context_length_exceeded",
            "this model's maximum context length is 8 tokens, and the messages have more",
        ),
        401 => (
            "authentication_error",
            "invalid_api_key",
            "the API key is wrong or missing",
        ),
        404 => (
            "invalid_request_error",
            "model_not_found",
            "the model does not exist",
        ),
        429 => (
            "rate_limit_error",
            "rate_limit_exceeded",
            "too many requests; try again later",
        ),
        503 | 529 => (
            "server_error",
            "overloaded",
            "the server is overloaded; try again later",
        ),
        500..=599 => ("server_error", "internal_error", "the server had an error"),
        _ => (
            "invalid_request_error",
            "refused",
            "the request was refused",
        ),
    }
}

fn page(code: u16) -> Response<ReplyBody> {
    const PAGE: &str = "<!doctype html>\n<html><head><title>Gateway</title></head>\
        <body><h1>Please wait</h1><p>The page is not what you asked for.</p></body></html>\n";
    respond(code, HTML, ReplyBody::whole(PAGE))
}

fn verbatim(code: u16, content_type: &str, pieces: &[String]) -> Response<ReplyBody> {
    let pieces = pieces.iter().cloned().map(Bytes::from);
    // Types that do not fit a header were refused with the script.
    let kind = HeaderValue::from_str(content_type).unwrap_or(PLAIN);
    let paced = Paced::new(pieces, Duration::from_millis(1));
    respond(code, kind, ReplyBody::paced(paced))
}

fn text_page() -> Response<ReplyBody> {
    plain(200, "upstream connect error or disconnect before headers\n")
}

fn redirect(to: &str) -> Response<ReplyBody> {
    let mut response = respond(302, PLAIN, ReplyBody::whole(""));
    // Targets that do not fit a header were refused with the script.
    if let Ok(target) = HeaderValue::from_str(to) {
        response.headers_mut().insert(LOCATION, target);
    }
    response
}

/// An unstreamed answer, sent as `fault` has it.
fn at_once(json: Vec<u8>, fault: Option<&Fault>) -> Response<ReplyBody> {
    match fault {
        Some(Fault::BrokenBody | Fault::ResetInBody) => halved(json, Paced::breaking_off),
        Some(Fault::Truncated) => {
            let half = Bytes::copy_from_slice(&json[..json.len() / 2]);
            let paced = Paced::new([half], Duration::ZERO);
            respond(200, JSON, ReplyBody::paced(paced))
        }
        Some(Fault::HangInBody) => halved(json, Paced::falling_silent),
        Some(Fault::SplitUtf8) => {
            let paced = Paced::new(cut_characters(&json), Duration::ZERO);
            respond(200, JSON, ReplyBody::paced(paced))
        }
        Some(Fault::SlowDrip { bytes, pause_ms }) => {
            respond(200, JSON, ReplyBody::paced(drip(&json, *bytes, *pause_ms)))
        }
        _ => respond(200, JSON, ReplyBody::whole(json)),
    }
}

/// Half of `json` under its full length, with an end that `ending` chooses.
fn halved(mut json: Vec<u8>, ending: impl Fn(Paced) -> Paced) -> Response<ReplyBody> {
    let declared = HeaderValue::from(json.len());
    json.truncate(json.len() / 2);
    let paced = ending(Paced::new([Bytes::from(json)], Duration::ZERO));
    let mut response = respond(200, JSON, ReplyBody::paced(paced));
    response.headers_mut().insert(CONTENT_LENGTH, declared);
    response
}

fn drip(bytes: &[u8], size: usize, pause_ms: u64) -> Paced {
    let pieces = bytes.chunks(size.max(1)).map(Bytes::copy_from_slice);
    Paced::new(pieces, Duration::from_millis(pause_ms))
}

/// Pieces of `text` that end after the first byte of every character of more than one byte.
fn cut_characters(text: &[u8]) -> Vec<Bytes> {
    let mut pieces = Vec::new();
    let mut begun = 0;
    for (at, byte) in text.iter().enumerate() {
        // 0b11…… begins a character of several bytes.
        if *byte >= 0xc0 {
            pieces.push(Bytes::copy_from_slice(&text[begun..=at]));
            begun = at + 1;
        }
    }
    pieces.push(Bytes::copy_from_slice(&text[begun..]));
    pieces
}

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    // Writing into memory does not fail.
    drop(encoder.write_all(bytes));
    encoder.finish().unwrap_or_default()
}

/// All events of a streamed answer: role, reasoning and content word by word, the end, the token
/// counts if asked for, and the end marker.
fn stream_events(answer: &AnswerParts<'_>) -> Vec<Bytes> {
    let mut events = Vec::new();
    let is_chat = answer.question.endpoint == Endpoint::Chat;
    if is_chat {
        events.push(event(&answer.event(Delta::role(), None)));
    }
    if let Some((field, reasoning)) = answer.reasoning {
        let deltas = pieces(reasoning).map(|piece| Delta::reasoning(field, piece));
        events.extend(deltas.map(|delta| event(&answer.event(delta, None))));
    }
    let deltas = pieces(answer.content.as_deref().unwrap_or_default()).map(Delta::content);
    events.extend(deltas.map(|delta| event(&answer.event(delta, None))));
    events.push(event(&answer.event(Delta::default(), Some(answer.finish))));
    events.extend(answer.usage_event().as_deref().map(event));
    events.push(done());
    events
}

fn event(json: &[u8]) -> Bytes {
    Bytes::from([b"data: ", json, b"\n\n"].concat())
}

fn done() -> Bytes {
    Bytes::from_static(b"data: [DONE]\n\n")
}

/// Cuts the JSON where the marked content stands (escaped as `\u0001`).
fn split_at_mark(json: &[u8]) -> (Bytes, Bytes) {
    const ESCAPED: &[u8] = br"\u0001";
    let found = json.windows(ESCAPED.len()).position(|part| part == ESCAPED);
    let at = found.unwrap_or(json.len());
    let after = json.get(at + ESCAPED.len()..).unwrap_or_default();
    (
        Bytes::copy_from_slice(&json[..at]),
        Bytes::copy_from_slice(after),
    )
}

fn respond(code: u16, kind: HeaderValue, body: ReplyBody) -> Response<ReplyBody> {
    let mut response = Response::new(body);
    // Codes outside of HTTP's range were refused with the script.
    *response.status_mut() = StatusCode::from_u16(code).unwrap_or(StatusCode::OK);
    response.headers_mut().insert(CONTENT_TYPE, kind);
    response
}
