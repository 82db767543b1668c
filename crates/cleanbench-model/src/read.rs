//! A recorded reply to a completion, or to the error it is instead.
//!
//! Invariant: pure, and total over hostile input: any bytes give a completion or an error, never a
//! panic. Errors quote the server in at most 200 printable characters, and not at all where it
//! repeats the prompt. Nothing is guessed: what the server did not report is `None`.

mod calls;
mod embedding;
mod fault;
mod finish;
mod first_token;
mod foreign_words;
mod frames;
mod legible;
mod lenient;
mod llamacpp;
mod messages;
mod ollama;
mod refusal;
mod responses;
mod stream;
mod thinking;
mod tokens;
mod too_long;
mod wire;

use std::borrow::Cow;

use cleanbench_core::{CallError, CallErrorKind, Completion, Form, GeneratedToken, Reply};
use serde_json::Value;

use crate::provider::{Marks, Profile, Protocol};
use crate::{Endpoint, imported, likelihood, usage};
use calls::Calls;
use fault::Fault;
use wire::Envelope;

pub use first_token::{FirstSeen, FirstToken};

/// Reads recorded replies of one endpoint. Needs no client, no key and no network.
#[derive(Debug, Clone)]
pub struct Reader {
    host: String,
    form: Form,
    profile: Profile,
    key_env: Option<String>,
    marks: Vec<Marks>,
    version: u32,
}

/// The version of reading from which on broken JSON is mended, and a prompt that is too long is known by the words of any
/// server.
const LENIENT: u32 = 2;

/// The reader for replies of `endpoint`.
pub fn reader(endpoint: &Endpoint) -> Reader {
    Reader::new(endpoint)
}

/// An answer as it travelled, before prefix and reasoning are taken off its text.
#[derive(Debug, Default)]
struct RawAnswer {
    text: String,
    reasoning: String,
    finish: Option<String>,
    /// The object in which the endpoint reports its counts.
    usage: Value,
    model: Option<String>,
    fingerprint: Option<String>,
    calls: Calls,
    tokens: Vec<GeneratedToken>,
    embedding: Vec<f64>,
}

impl RawAnswer {
    /// The same.
    fn unchanged(self) -> Self {
        self
    }

    /// The same with whole letters where their halves came in pieces.
    fn joined(mut self) -> Self {
        legible::join(&mut self.text);
        legible::join(&mut self.reasoning);
        self.calls.texts().for_each(legible::join);
        for token in &mut self.tokens {
            let top = token.top.iter_mut().map(|(text, _)| text);
            std::iter::once(&mut token.text)
                .chain(top)
                .for_each(legible::join);
        }
        self
    }
}

impl Reader {
    /// The reader for replies of `endpoint`.
    pub fn new(endpoint: &Endpoint) -> Self {
        Self {
            host: endpoint.host(),
            form: endpoint.form,
            profile: endpoint.profile.clone(),
            key_env: endpoint.key_env.clone(),
            version: endpoint.reading,
            marks: {
                let of_profile = endpoint.profile.reasoning_marks.iter();
                of_profile
                    .chain(&endpoint.reasoning_marks)
                    .cloned()
                    .collect()
            },
        }
    }

    /// The form in which the endpoint is asked.
    pub fn form(&self) -> Form {
        self.form
    }

    /// Reads `reply` to the request whose bytes were `body`.
    ///
    /// # Errors
    /// When the reply is not a completion; the kind says what it is instead.
    pub fn read(&self, body: &[u8], reply: &Reply) -> Result<Completion, CallError> {
        if likelihood::is_transcript(reply) {
            return likelihood::read(self, &self.host, body, reply);
        }
        if self.profile.protocol == Protocol::Imported {
            return imported::read(reply);
        }
        self.by_version(body, reply)
            .map_err(|fault| fault.into_error(&self.host, self.key_env.as_deref(), body))
    }

    /// As the version says by which replies of this endpoint are read.
    fn by_version(&self, body: &[u8], reply: &Reply) -> Result<Completion, Fault> {
        if self.version < LENIENT {
            return self.completion(body, reply, RawAnswer::unchanged);
        }
        let mended = legible::mended(&reply.body).map(|body| Reply {
            body,
            ..reply.clone()
        });
        let read = match &mended {
            Some(mended) => self.completion(body, mended, RawAnswer::joined),
            None => self.completion(body, reply, RawAnswer::unchanged),
        };
        read.map_err(|fault| fault.of_context(reply.status))
    }

    /// `finish` is done to the answer before anything is read out of it.
    fn completion(
        &self,
        body: &[u8],
        reply: &Reply,
        finish: fn(RawAnswer) -> RawAnswer,
    ) -> Result<Completion, Fault> {
        if !(200..300).contains(&reply.status) {
            return Err(refusal::by_status(reply.status, &reply.body));
        }
        if is_compressed(&reply.body) {
            let what = "the answer is compressed, which nobody asked for; switch compression off in the server, or in the proxy before it";
            return Err(Fault::new(CallErrorKind::Malformed, what));
        }
        let answer = match self.profile.protocol {
            Protocol::OpenAi | Protocol::Ollama if self.form == Form::Embedding => {
                embedding::read(reply)
            }
            Protocol::OpenAi if is_stream(reply) => stream::read(&reply.body),
            Protocol::OpenAi | Protocol::Imported => whole(reply),
            Protocol::Responses => responses::read(reply),
            Protocol::Anthropic => messages::read(reply),
            Protocol::Ollama => ollama::read(reply),
            Protocol::LlamaCpp => llamacpp::read(reply),
        }?;
        self.interpret(body, finish(answer))
    }

    fn interpret(&self, body: &[u8], answer: RawAnswer) -> Result<Completion, Fault> {
        let text = self.without_prefix(body, answer.text);
        let (text, reasoning) = if self.tags_reasoning() {
            thinking::split(text, answer.reasoning, &self.marks)
        } else {
            (text, some(answer.reasoning))
        };
        let tool_calls = answer.calls.finish();
        let empty = text.is_empty() && tool_calls.is_empty();
        let finish = finish::read(answer.finish.as_deref(), &self.profile, empty)?;
        let mut usage = usage::normalise(&answer.usage, &self.profile);
        if reasoning.is_some() && usage.reasoning == Some(0) {
            // Servers that reason and count none of it do not count reasoning.
            usage.reasoning = None;
        }
        Ok(Completion {
            text,
            reasoning,
            finish,
            usage,
            model: answer.model,
            fingerprint: answer.fingerprint,
            likelihoods: Vec::new(),
            tool_calls,
            tokens: answer.tokens,
            embedding: answer.embedding,
            foreign_scores: Vec::new(),
        })
    }

    /// Whether reasoning may stand in tags within the content.
    fn tags_reasoning(&self) -> bool {
        let chat = matches!(self.form, Form::Chat | Form::Prefill);
        chat && matches!(self.profile.protocol, Protocol::OpenAi | Protocol::Ollama)
    }

    /// Some servers send the text that was to be continued once more.
    fn without_prefix(&self, body: &[u8], text: String) -> String {
        if !matches!(self.form, Form::Chat | Form::Prefill) || !self.profile.prefill.may_repeat() {
            return text;
        }
        match wire::prefix_of(body) {
            Some(prefix) => match text.strip_prefix(&prefix) {
                Some(rest) => rest.to_owned(),
                None => text,
            },
            None => text,
        }
    }
}

/// Whether the reply is a stream of events. What it begins with decides: some servers, and proxies
/// before them, label streams as documents and documents as streams.
fn is_stream(reply: &Reply) -> bool {
    let body = reply.body.trim_ascii_start();
    let begins = |marks: &[&str]| marks.iter().any(|mark| body.starts_with(mark.as_bytes()));
    if begins(&["data:", "event:", "id:", "retry:"]) {
        return true;
    }
    !begins(&["{"]) && is_event_stream(reply.content_type.as_deref())
}

/// Whether `body` begins as gzip (RFC 1952) or zstd (RFC 8878) does. No text does.
fn is_compressed(body: &[u8]) -> bool {
    body.starts_with(&[0x1f, 0x8b]) || body.starts_with(&[0x28, 0xb5, 0x2f, 0xfd])
}

fn is_event_stream(content_type: Option<&str>) -> bool {
    let media_type = content_type.and_then(|text| text.split(';').next());
    media_type.is_some_and(|text| text.trim().eq_ignore_ascii_case("text/event-stream"))
}

/// Reads a reply that is one JSON document.
fn whole(reply: &Reply) -> Result<RawAnswer, Fault> {
    // Tokens that end within a character make some servers send broken UTF-8; the rest is legible.
    let text = match str::from_utf8(&reply.body) {
        Ok(text) => Cow::Borrowed(text),
        Err(_) => String::from_utf8_lossy(&reply.body),
    };
    let mut envelope: Envelope =
        serde_json::from_str(&text).map_err(|error| no_document(reply, &error))?;
    if let Some(fault) = envelope.fault() {
        return Err(fault);
    }
    let mut answer = RawAnswer::default();
    if !envelope.take_choice(&mut answer) {
        let what = "the answer is JSON without `choices`; is this an OpenAI-compatible path?";
        return Err(Fault::new(CallErrorKind::Malformed, what));
    }
    envelope.take_facts(&mut answer);
    Ok(answer)
}

/// What a reply is that cannot be read as JSON.
fn no_document(reply: &Reply, error: &serde_json::Error) -> Fault {
    let body = reply.body.trim_ascii();
    if body.is_empty() {
        let what = "the answer is empty; the server closed before it had one";
        return Fault::new(CallErrorKind::Broken, what);
    }
    if matches!(body[0], b'{' | b'[') {
        let what = format!("the answer is no completion: {}", position(error));
        return Fault::new(CallErrorKind::Malformed, what);
    }
    let kind = reply.content_type.as_deref().unwrap_or("no content type");
    let what = format!(
        "HTTP {} with a body that is no JSON ({})",
        reply.status,
        foreign_words::clean(kind, 60)
    );
    Fault::new(CallErrorKind::NotJson, what).said(String::from_utf8_lossy(body).into_owned(), 60)
}

/// Where and how JSON is wrong, without any of its content.
fn position(error: &serde_json::Error) -> String {
    let what = match error.classify() {
        serde_json::error::Category::Eof => "it breaks off",
        serde_json::error::Category::Syntax | serde_json::error::Category::Io => {
            "its JSON is broken"
        }
        serde_json::error::Category::Data => "a field has an unexpected type",
    };
    format!("{what} at line {}, column {}", error.line(), error.column())
}

/// A stream that breaks off before it says how the answer ended.
fn ended_early() -> Fault {
    let what = "the stream ended early: neither a finish reason nor [DONE]";
    Fault::new(CallErrorKind::Broken, what)
}

fn some(text: String) -> Option<String> {
    Some(text).filter(|text| !text.is_empty())
}

#[cfg(test)]
mod tests;
