//! One request, from its head to its response.
//!
//! Invariant: everything that is asked of the two completion endpoints is counted before anything can
//! go wrong, so the counts hold under every fault. A prompt is counted once its request was read
//! whole and carried the required key.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use bytes::Bytes;
use http_body_util::BodyExt as _;
use hyper::body::Incoming;
use hyper::header::AUTHORIZATION;
use hyper::http::request::Parts;
use hyper::{HeaderMap, Method, Request, Response};

use crate::body::ReplyBody;
use crate::counts::{InFlight, ReceivedRequest, Tally, lock};
use crate::fault::{Fault, Moment};
use crate::key::{Draws, PromptKey};
use crate::question::{Endpoint, Question};
use crate::reply::{self, ReplyContext};
use crate::scored::{ScoreRequest, Scored};
use crate::script::{Installed, Script};
use crate::script_error::ScriptError;
use crate::wire;

/// What all connections share.
#[derive(Debug)]
pub(crate) struct Shared {
    /// The counts.
    pub(crate) tally: Arc<Tally>,
    installed: Mutex<Arc<Installed>>,
}

/// The response that is never sent: the connection ends instead.
#[derive(Debug, thiserror::Error)]
#[error("the script ends this connection without a response")]
pub(crate) struct NoResponse;

impl Shared {
    /// Fresh counts and this script.
    pub(crate) fn new(script: Script) -> Result<Self, ScriptError> {
        Ok(Self {
            tally: Arc::default(),
            installed: Mutex::new(Arc::new(script.install()?)),
        })
    }

    /// Replaces the script; requests that are being answered keep the old one.
    pub(crate) fn replace(&self, script: Script) -> Result<(), ScriptError> {
        let installed = Arc::new(script.install()?);
        *lock(&self.installed) = installed;
        Ok(())
    }

    fn installed(&self) -> Arc<Installed> {
        Arc::clone(&lock(&self.installed))
    }

    /// Answers a request. `reset` is set where the connection is to end with a reset.
    pub(crate) async fn serve(
        &self,
        request: Request<Incoming>,
        reset: &AtomicBool,
    ) -> Result<Response<ReplyBody>, NoResponse> {
        let (parts, body) = request.into_parts();
        let path = match (&parts.method, parts.uri.path()) {
            (&Method::POST, "/v1/chat/completions") => Path::Of(Endpoint::Chat),
            (&Method::POST, "/v1/completions") => Path::Of(Endpoint::Text),
            (&Method::POST, "/generate") if self.installed().script.serves_generate() => {
                Path::Generate
            }
            (&Method::POST, "/__script") => {
                return Ok(self.replace_by(&read(body).await?));
            }
            (&Method::GET, path) => return Ok(self.look_up(path, &parts.headers)),
            _ => return Ok(not_found()),
        };
        let number = self.tally.request();
        let (in_flight, now) = InFlight::begin(&self.tally);
        let body = read(body).await?;
        let arrival = Arrival {
            path,
            headers: &parts.headers,
            number,
            in_flight: now,
        };
        let response = self.complete(arrival, &parts, &body, reset).await?;
        Ok(response.map(|body| body.counting(in_flight)))
    }

    async fn complete(
        &self,
        arrival: Arrival<'_>,
        parts: &Parts,
        body: &[u8],
        reset: &AtomicBool,
    ) -> Result<Response<ReplyBody>, NoResponse> {
        let installed = self.installed();
        let script = &installed.script;
        if script.record > 0 {
            self.tally.keep(seen(parts, body), script.record);
        }
        if !has_key(script, &parts.headers) {
            return Ok(reply::unauthorized());
        }
        let (reaction, delay) = match (scoring(script, arrival.path, body), arrival.path) {
            (Some(scoring), _) => self.react_scored(&installed, arrival, scoring, reset),
            (None, Path::Of(endpoint)) => match Question::read(endpoint, body) {
                Ok(question) => self.react(&installed, arrival, &question, reset),
                Err(sentence) => (bad_request(&sentence), Duration::ZERO),
            },
            (None, Path::Generate) => (bad_request("the body is not a request"), Duration::ZERO),
        };
        if !delay.is_zero() {
            tokio::time::sleep(delay).await;
        }
        match reaction {
            Reaction::Send(response) => Ok(response),
            Reaction::Hang => std::future::pending().await,
            Reaction::Drop { with_reset } => {
                reset.store(with_reset, Ordering::Relaxed);
                Err(NoResponse)
            }
        }
    }

    /// What the script has for `question`, and after how long.
    fn react(
        &self,
        installed: &Installed,
        arrival: Arrival<'_>,
        question: &Question<'_>,
        reset: &AtomicBool,
    ) -> (Reaction, Duration) {
        let script = &installed.script;
        let draws = Draws::of(&question.prompt);
        let asked = self.tally.prompt(draws.key());
        let fault = struck(script, arrival, &question.prompt, draws, asked);
        match fault {
            Some(Fault::Reset) => return (Reaction::Drop { with_reset: true }, Duration::ZERO),
            Some(Fault::Close) => return (Reaction::Drop { with_reset: false }, Duration::ZERO),
            Some(Fault::Hang) => return (Reaction::Hang, Duration::ZERO),
            _ => {}
        }
        // The connection ends with a reset once the body has broken off.
        let resets = matches!(fault, Some(Fault::ResetInBody));
        reset.store(resets, Ordering::Relaxed);
        let said = installed.book.reply(question, draws);
        let case = ReplyContext {
            script,
            question,
            key: draws.key(),
            text: &said.text,
            finish: said.finish,
            authorization: text_of(arrival.headers, &AUTHORIZATION),
        };
        let response = case.reply(fault);
        (Reaction::Send(response), delay_of(script, fault, draws))
    }

    /// What the script has for a request to score a text. Under a fault that carries an answer, that
    /// answer has no numbers.
    fn react_scored(
        &self,
        installed: &Installed,
        arrival: Arrival<'_>,
        Scoring { scored, request }: Scoring<'_>,
        reset: &AtomicBool,
    ) -> (Reaction, Duration) {
        let script = &installed.script;
        let question = Question::to_score(scored.text_of(&request));
        let draws = Draws::of(&question.prompt);
        let asked = self.tally.asked(draws.key()).saturating_add(1);
        if struck(script, arrival, &question.prompt, draws, asked).is_some() {
            return self.react(installed, arrival, &question, reset);
        }
        self.tally.prompt(draws.key());
        match scored.answer(&request) {
            Ok(body) => {
                let delay = Duration::from_millis(script.latency.before_answer(draws));
                (Reaction::Send(reply::json(200, body)), delay)
            }
            Err(sentence) => (bad_request(&sentence), Duration::ZERO),
        }
    }

    fn look_up(&self, path: &str, headers: &HeaderMap) -> Response<ReplyBody> {
        let installed = self.installed();
        let script = &installed.script;
        match path {
            "/v1/models" if !has_key(script, headers) => reply::unauthorized(),
            "/v1/models" => reply::json(200, wire::model_list(&script.models)),
            "/props" if let Some(slots) = script.slots => {
                reply::json(200, format!(r#"{{"total_slots":{slots}}}"#).into_bytes())
            }
            "/health" => reply::json(200, br#"{"status":"ok"}"#.to_vec()),
            "/__counts" => reply::json(200, wire::to_json(&self.tally.totals())),
            "/__prompts" => reply::plain(200, prompt_lines(&self.tally.by_prompt())),
            _ => not_found(),
        }
    }

    fn replace_by(&self, body: &[u8]) -> Response<ReplyBody> {
        let parsed = serde_json::from_slice(body).map_err(|source| ScriptError::Parse {
            place: "the script".to_owned(),
            source,
        });
        match parsed.and_then(|script| self.replace(script)) {
            Ok(()) => reply::json(200, br#"{"status":"ok"}"#.to_vec()),
            Err(error) => {
                let message = error.to_string();
                reply::error(400, "invalid_request_error", "bad_script", &message)
            }
        }
    }
}

/// Where a request came.
#[derive(Debug, Clone, Copy)]
enum Path {
    /// One of the two completion endpoints.
    Of(Endpoint),
    /// `/generate`, which only scores.
    Generate,
}

/// How and when a request came.
#[derive(Debug, Clone, Copy)]
struct Arrival<'a> {
    path: Path,
    headers: &'a HeaderMap,
    number: u64,
    in_flight: u32,
}

/// What is done about a request.
enum Reaction {
    Send(Response<ReplyBody>),
    Hang,
    Drop { with_reset: bool },
}

/// A request to score a text, and what the script has to score it with.
struct Scoring<'a> {
    scored: &'a Scored,
    request: ScoreRequest<'a>,
}

/// The request in `body`, if it asks for what the script scores.
fn scoring<'a>(script: &'a Script, path: Path, body: &'a [u8]) -> Option<Scoring<'a>> {
    let scored = script.scored.as_ref()?;
    let request = match path {
        Path::Of(Endpoint::Chat) => None,
        Path::Of(Endpoint::Text) => {
            ScoreRequest::read(body).filter(|request| scored.concerns(request))
        }
        Path::Generate => ScoreRequest::read(body),
    };
    request.map(|request| Scoring { scored, request })
}

/// The fault of the first rule that strikes.
fn struck<'a>(
    script: &'a Script,
    arrival: Arrival<'_>,
    prompt: &str,
    draws: Draws,
    asked: u32,
) -> Option<&'a Fault> {
    let now = Moment {
        prompt,
        draws,
        asked,
        number: arrival.number,
        in_flight: arrival.in_flight,
    };
    let mut rules = script.faults.iter().enumerate();
    let rule = rules.find(|(place, rule)| rule.strikes(*place, now));
    rule.map(|(_, rule)| &rule.fault)
}

/// Time before the response: the script's latency for answers, nothing for bare faults.
fn delay_of(script: &Script, fault: Option<&Fault>, draws: Draws) -> Duration {
    let latency = script.latency;
    let usual = latency.before_answer(draws);
    Duration::from_millis(match fault {
        Some(Fault::Delay { ms }) => usual.saturating_add(*ms),
        Some(fault) if fault.is_bare() => 0,
        _ => usual,
    })
}

fn has_key(script: &Script, headers: &HeaderMap) -> bool {
    script.require_key.as_ref().is_none_or(|key| {
        let given = text_of(headers, &AUTHORIZATION).strip_prefix("Bearer ");
        given == Some(key.as_str())
    })
}

fn text_of<'a>(headers: &'a HeaderMap, name: &hyper::header::HeaderName) -> &'a str {
    let value = headers.get(name).and_then(|value| value.to_str().ok());
    value.unwrap_or_default()
}

fn seen(parts: &Parts, body: &[u8]) -> ReceivedRequest {
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    let headers = parts.headers.iter();
    ReceivedRequest {
        path: parts.uri.to_string(),
        headers: headers
            .map(|(name, value)| (name.as_str().to_owned(), text(value.as_bytes())))
            .collect(),
        body: text(body),
    }
}

/// A body that breaks off gets no response: nobody is there to read it.
async fn read(body: Incoming) -> Result<Bytes, NoResponse> {
    let collected = body.collect().await.map_err(|_| NoResponse)?;
    Ok(collected.to_bytes())
}

fn bad_request(sentence: &str) -> Reaction {
    let kind = "invalid_request_error";
    Reaction::Send(reply::error(400, kind, "bad_request", sentence))
}

fn not_found() -> Response<ReplyBody> {
    let message = "no such path; the API is below /v1";
    reply::error(404, "invalid_request_error", "unknown_url", message)
}

/// One line a prompt, by ascending key.
fn prompt_lines(prompts: &[(PromptKey, u32)]) -> Vec<u8> {
    let mut lines = Vec::with_capacity(prompts.len() * 48);
    for (key, count) in prompts {
        let line = format!("{{\"prompt\":\"{key:016x}\",\"count\":{count}}}\n");
        lines.extend_from_slice(line.as_bytes());
    }
    lines
}
