//! An embedded model behind the seam that every endpoint has.
//!
//! The body is a JSON object of what was asked, the reply one of what came out, so both are recorded
//! like those of a server and can be read again years later. Texts are continued as they stand: chat
//! messages are joined by blank lines, and there is no chat format.
//!
//! Invariant: a body gives the same reply, byte for byte, on every machine and number of threads.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::time::Instant;

use cleanbench_core::model::Sent;
use cleanbench_core::{
    BoxFuture, CallError, CallErrorKind, Completion, Digest, Finish, Form, Likelihood, Model,
    Reply, Request, Sensitivity, Timing, Usage, canonical,
};
use futures_channel::oneshot;
use serde::{Deserialize, Serialize};

use crate::decoder::Decoder;
use crate::file::{FileError, ModelFile};
use crate::generate::{Choice, Limits, TooLong, Written, prompt_tokens, weigh, write};
use crate::vocabulary::Vocabulary;

/// Most tokens that are written where the request sets no limit.
const DEFAULT_MAX_TOKENS: u32 = 64;

/// What is asked, on record.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Body {
    prompt: String,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    continuations: Vec<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    max_tokens: Option<u32>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    seed: Option<u64>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    stop: Vec<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    temperature: Option<f64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    top_p: Option<f64>,
}

/// What came out, on record.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
enum Answer {
    Text {
        model: String,
        text: String,
        finish: Finish,
        logprobs: Vec<f64>,
        usage: Usage,
    },
    Likelihoods {
        model: String,
        continuations: Vec<Weighed>,
        usage: Usage,
    },
    TooLong {
        message: String,
    },
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Weighed {
    logprobs: Vec<f64>,
    bytes: usize,
}

#[derive(Debug)]
struct Engine {
    /// Name and digest of the model.
    identity: String,
    decoder: Decoder,
    vocabulary: Vocabulary,
}

/// A model in this process.
#[derive(Debug, Clone)]
pub struct EmbeddedModel {
    engine: Arc<Engine>,
}

impl EmbeddedModel {
    /// Makes the model file `bytes` ready to be asked.
    ///
    /// # Errors
    /// When it is no model file.
    pub fn load(bytes: &[u8]) -> Result<Self, FileError> {
        let file = ModelFile::read(bytes)?;
        let digest = Digest::of_file_bytes(bytes).to_string();
        let identity = format!("{} sha256:{}", file.header().name, &digest[..16]);
        Ok(Self::new(&file, identity))
    }

    fn new(file: &ModelFile, identity: String) -> Self {
        Self {
            engine: Arc::new(Engine {
                identity,
                decoder: Decoder::new(file),
                vocabulary: file.vocabulary(),
            }),
        }
    }

    /// The reply to a request's body, on this thread.
    ///
    /// # Errors
    /// When the body is none that [`Model::body`] gives.
    pub fn answer(&self, body: &[u8]) -> Result<Vec<u8>, CallError> {
        let body: Body = serde_json::from_slice(body).map_err(|error| {
            CallError::new(
                CallErrorKind::Rejected,
                format!("the request is unreadable: {error}"),
            )
        })?;
        let answer = self.engine.answer(&body);
        canonical::of(&answer)
            .map_err(|error| CallError::new(CallErrorKind::Malformed, error.to_string()))
    }
}

impl Engine {
    fn answer(&self, body: &Body) -> Answer {
        let prompt = prompt_tokens(&self.vocabulary, &body.prompt);
        let answer = if body.continuations.is_empty() {
            self.write(body, &prompt)
        } else {
            self.weigh(body, &prompt)
        };
        answer.unwrap_or_else(|error| Answer::TooLong {
            message: error.to_string(),
        })
    }

    fn write(&self, body: &Body, prompt: &[u32]) -> Result<Answer, TooLong> {
        let choice = Choice {
            temperature: body.temperature.unwrap_or(0.0),
            top_p: body.top_p.unwrap_or(1.0),
            seed: body.seed.unwrap_or(0),
        };
        let limits = Limits {
            max_tokens: body.max_tokens.unwrap_or(DEFAULT_MAX_TOKENS) as usize,
            stop: body.stop.clone(),
        };
        let Written {
            text,
            stopped,
            logprobs,
        } = write(&self.decoder, &self.vocabulary, prompt, &choice, &limits)?;
        Ok(Answer::Text {
            text,
            model: self.identity.clone(),
            finish: if stopped {
                Finish::Stop
            } else {
                Finish::Length
            },
            usage: usage(prompt.len(), logprobs.len()),
            logprobs,
        })
    }

    fn weigh(&self, body: &Body, prompt: &[u32]) -> Result<Answer, TooLong> {
        let tokens: Vec<_> = body
            .continuations
            .iter()
            .map(|text| self.vocabulary.encode(text))
            .collect();
        let read = prompt.len() + tokens.iter().map(Vec::len).sum::<usize>();
        let weighed = weigh(&self.decoder, prompt, &tokens)?;
        let continuations = weighed
            .into_iter()
            .zip(&body.continuations)
            .map(|(logprobs, text)| Weighed {
                logprobs,
                bytes: text.len(),
            });
        Ok(Answer::Likelihoods {
            model: self.identity.clone(),
            continuations: continuations.collect(),
            usage: usage(read, 0),
        })
    }
}

fn usage(prompt: usize, completion: usize) -> Usage {
    Usage {
        prompt: Some(prompt as u64),
        completion: Some(completion as u64),
        ..Usage::default()
    }
}

impl Model for EmbeddedModel {
    fn form(&self) -> Form {
        Form::Completion
    }

    fn body(&self, request: &Request) -> Result<Vec<u8>, CallError> {
        if let Some(what) = request.more_than_text() {
            let message = format!("an embedded model knows texts only, and no {what}");
            return Err(CallError::new(CallErrorKind::Unsupported, message));
        }
        let texts: Vec<_> = request
            .messages
            .iter()
            .map(|message| message.content.as_str())
            .collect();
        let weighs = !request.continuations.is_empty();
        let sampling = &request.sampling;
        let body = Body {
            prompt: texts.join("\n\n"),
            continuations: request.continuations.clone(),
            max_tokens: sampling.max_tokens.filter(|_| !weighs),
            seed: request.seed.filter(|_| !weighs),
            stop: if weighs {
                Vec::new()
            } else {
                sampling.stop.clone()
            },
            temperature: sampling.temperature.filter(|_| !weighs),
            top_p: sampling.top_p.filter(|_| !weighs),
        };
        canonical::of(&body)
            .map_err(|error| CallError::new(CallErrorKind::Rejected, error.to_string()))
    }

    fn send<'a>(&'a self, body: &'a [u8], _sensitivity: Sensitivity) -> BoxFuture<'a, Sent> {
        let (sender, receiver) = oneshot::channel();
        let (model, body) = (self.clone(), body.to_vec());
        let start = Instant::now();
        rayon::spawn(move || {
            // A panic must not take the process with it; the dropped sender tells of it.
            if let Ok(answer) = catch_unwind(AssertUnwindSafe(|| model.answer(&body))) {
                // Nobody may be waiting any more.
                let _unwanted = sender.send(answer);
            }
        });
        Box::pin(async move {
            let answer = receiver.await.unwrap_or_else(|_| {
                Err(CallError::new(
                    CallErrorKind::Panic,
                    "the embedded model panicked",
                ))
            });
            let end = u64::try_from(start.elapsed().as_micros()).unwrap_or(u64::MAX);
            let (reply, error) = match answer {
                Ok(body) => (Some(reply(body)), None),
                Err(error) => (None, Some(error)),
            };
            Sent {
                reply,
                error,
                timing: Timing {
                    end,
                    ..Timing::default()
                },
            }
        })
    }

    fn read(&self, _body: &[u8], reply: &Reply) -> Result<Completion, CallError> {
        read(reply)
    }
}

/// Reads a recorded reply of any embedded model. Pure, and needs no weights.
///
/// # Errors
/// When the reply is none of an embedded model, or says that the prompt was too long.
pub fn read(reply: &Reply) -> Result<Completion, CallError> {
    let answer: Answer = serde_json::from_slice(&reply.body).map_err(|error| {
        CallError::new(
            CallErrorKind::Malformed,
            format!("the reply is unreadable: {error}"),
        )
    })?;
    match answer {
        Answer::Text {
            text,
            finish,
            usage,
            model,
            ..
        } => Ok(completion(model, text, finish, usage, Vec::new())),
        Answer::Likelihoods {
            model,
            continuations,
            usage,
        } => {
            let likelihoods = continuations.into_iter().map(|weighed| Likelihood {
                logprobs: weighed.logprobs,
                bytes: weighed.bytes,
            });
            Ok(completion(
                model,
                String::new(),
                Finish::Stop,
                usage,
                likelihoods.collect(),
            ))
        }
        Answer::TooLong { message } => Err(CallError::new(CallErrorKind::TooLong, message)),
    }
}

fn reply(body: Vec<u8>) -> Reply {
    Reply {
        status: 0,
        content_type: Some("application/json".to_owned()),
        retry_after: None,
        body,
    }
}

fn completion(
    model: String,
    text: String,
    finish: Finish,
    usage: Usage,
    likelihoods: Vec<Likelihood>,
) -> Completion {
    Completion {
        text,
        finish,
        usage,
        model: Some(model),
        likelihoods,
        ..Completion::default()
    }
}

#[cfg(test)]
mod tests {
    use std::task::{Context, Poll, Waker};

    use cleanbench_core::{Message, Role, Sampling};

    use super::*;
    use crate::testing::random_model;

    fn request(texts: &[&str], continuations: &[&str]) -> Request {
        Request {
            form: Form::Completion,
            messages: texts
                .iter()
                .map(|text| Message {
                    role: Role::User,
                    content: (*text).to_owned(),
                    images: Vec::new(),
                })
                .collect(),
            sampling: Sampling {
                temperature: Some(0.0),
                max_tokens: Some(6),
                ..Sampling::default()
            },
            seed: None,
            continuations: continuations
                .iter()
                .map(|text| (*text).to_owned())
                .collect(),
            constraints: Arc::default(),
            sensitivity: Sensitivity::Secret,
        }
    }

    fn model(seed: u64) -> EmbeddedModel {
        EmbeddedModel::load(&random_model(seed).to_bytes().unwrap()).unwrap()
    }

    /// Waits without a runtime.
    fn wait(mut future: BoxFuture<'_, Sent>) -> Sent {
        let mut context = Context::from_waker(Waker::noop());
        loop {
            if let Poll::Ready(sent) = future.as_mut().poll(&mut context) {
                return sent;
            }
            std::thread::yield_now();
        }
    }

    fn ask(model: &EmbeddedModel, request: &Request) -> Result<Completion, CallError> {
        let body = model.body(request).unwrap();
        let sent = wait(model.send(&body, request.sensitivity));
        model.read(&body, &sent.reply.unwrap())
    }

    #[test]
    fn it_writes_and_weighs() {
        let model = model(1);
        let written = ask(&model, &request(&["the", "cat"], &[])).unwrap();
        assert!(written.usage.completion.unwrap() <= 6);
        assert!(written.model.unwrap().starts_with("random sha256:"));
        assert_eq!(
            written.usage.prompt,
            Some(7),
            "end, the, two line feeds, c, a, t"
        );
        let weighed = ask(&model, &request(&["the cat"], &[" sat", "x", ""])).unwrap();
        let lengths: Vec<_> = weighed
            .likelihoods
            .iter()
            .map(|one| (one.bytes, one.logprobs.len()))
            .collect();
        assert_eq!(lengths, [(4, 1), (1, 1), (0, 0)]);
        assert!(weighed.likelihoods.iter().all(|one| one.total() <= 0.0));
    }

    #[test]
    fn what_it_cannot_do_is_unsupported() {
        let mut asked = request(&["the cat"], &[]);
        asked.constraints = Arc::new(cleanbench_core::Constraints {
            logprobs: Some(1),
            ..cleanbench_core::Constraints::default()
        });
        let error = model(1).body(&asked).unwrap_err();
        assert_eq!(error.kind, CallErrorKind::Unsupported);
        assert!(error.message.contains("log probabilities"), "{error}");
    }

    #[test]
    fn a_text_that_does_not_fit_is_too_long() {
        let model = model(1);
        let error = ask(&model, &request(&["x".repeat(64).as_str()], &[])).unwrap_err();
        assert_eq!(error.kind, CallErrorKind::TooLong);
        assert!(!error.message.contains("xx"), "{error}");
    }

    #[test]
    fn threads_change_no_byte() {
        let model = model(2);
        let mut asked = request(&["on the mat"], &[]);
        asked.sampling.temperature = Some(1.0);
        asked.seed = Some(7);
        let body = model.body(&asked).unwrap();
        let alone = model.answer(&body).unwrap();
        let many: Vec<_> = (0..8)
            .map(|_| model.send(&body, Sensitivity::Public))
            .collect();
        for sent in many {
            assert_eq!(wait(sent).reply.unwrap().body, alone);
        }
        asked.seed = Some(8);
        let other = model.answer(&model.body(&asked).unwrap()).unwrap();
        assert_ne!(other, alone, "another seed, another text");
    }

    #[test]
    fn a_foreign_body_is_rejected() {
        let model = model(1);
        let error = model.answer(b"{\"prompt\": 1}").unwrap_err();
        assert_eq!(error.kind, CallErrorKind::Rejected);
    }
}
