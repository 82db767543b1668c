//! Models asked, and their answers kept.
//!
//! Invariant: what is on record for the questions of today is not asked again.

use std::collections::BTreeMap;
use std::sync::Arc;

use cleanbench_core::probe::ProbeCall;
use cleanbench_core::sample::SampleInput;
use cleanbench_core::{
    CallError, CallErrorKind, Completion, Finish, Form, Likelihood, Message, Model as _, Reply,
    Request, Role, Sample, Sampling, Sensitivity,
};
use cleanbench_embedded::EmbeddedModel;
use cleanbench_embedded::world::World;
use cleanbench_probe::ASKED_ALIKE;
use rayon::prelude::*;

use super::asked::{Asked, digest};
use super::{Answers, CalibrationError, Kind, Record, Recorded};
use crate::quickstart::Quickstart;

/// Digits of a log probability that are kept, as of a measure.
const DIGITS: f64 = 1e6;

/// What a model was trained on, beside its world.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Training {
    /// What it had seen.
    pub kind: Kind,
    /// Seed of its training and of its members.
    pub seed: u64,
    /// How often each item of the benchmark was seen; 0 for non-members.
    pub doses: Vec<usize>,
}

/// Puts every probe and the benchmark to `model`, which learnt `world`.
///
/// # Errors
/// When the model does not answer.
pub fn record(
    model: &EmbeddedModel,
    world: &World,
    training: Training,
) -> Result<Record, CalibrationError> {
    let suite = Quickstart::new(world);
    let mut record = Record {
        protocol: ASKED_ALIKE,
        world: world.seed,
        kind: training.kind,
        seed: training.seed,
        doses: training.doses,
        benchmark: right(model, &suite.benchmark)?,
        isomorphs: right(model, &suite.isomorphs)?,
        answers: BTreeMap::new(),
    };
    record.complete(model)?;
    Ok(record)
}

impl Record {
    /// Whether the answers to everything that is asked today are here.
    ///
    /// # Errors
    /// When its protocol is unknown or a probe of the table is none.
    pub fn is_complete(&self) -> Result<bool, CalibrationError> {
        let asked = Asked::by(self.protocol)?;
        let units = asked.units(&World::new(self.world));
        Ok(units
            .iter()
            .all(|unit| self.has(&unit.name(), &unit.calls())))
    }

    fn has(&self, name: &str, calls: &[ProbeCall]) -> bool {
        let known = self.answers.get(name);
        known.is_some_and(|known| known.calls == digest(calls))
    }

    /// Asks `model` what is not on record yet; the rest stays as it is.
    ///
    /// # Errors
    /// When the model does not answer.
    pub fn complete(&mut self, model: &EmbeddedModel) -> Result<(), CalibrationError> {
        let asked = Asked::by(self.protocol)?;
        for unit in asked.units(&World::new(self.world)) {
            let (name, calls) = (unit.name(), unit.calls());
            if self.has(&name, &calls) {
                continue;
            }
            let completions = calls.par_iter().map(|call| put(model, call));
            let completions = completions.collect::<Result<Vec<_>, _>>()?;
            let weighs = calls.iter().any(|call| !call.continuations.is_empty());
            let recorded = Recorded {
                calls: digest(&calls),
                answers: if weighs {
                    Answers::weighed(&completions)
                } else {
                    Answers::written(&completions)
                },
            };
            self.answers.insert(name, recorded);
        }
        Ok(())
    }
}

impl Answers {
    fn written(completions: &[Option<Completion>]) -> Self {
        let said = completions
            .iter()
            .map(|one| one.as_ref().map(|one| one.text.clone()));
        let ended = completions
            .iter()
            .map(|one| one.as_ref().map(|one| &one.finish));
        Self::Texts {
            said: said.collect(),
            cut_off: ended
                .map(|finish| u8::from(finish == Some(&Finish::Length)))
                .collect(),
        }
    }

    fn weighed(completions: &[Option<Completion>]) -> Self {
        let weights = completions.iter().map(|one| {
            let texts = one.iter().flat_map(|one| &one.likelihoods);
            texts.map(per_token).collect()
        });
        Self::Weights(weights.collect())
    }
}

#[expect(clippy::cast_precision_loss, reason = "texts have few tokens")]
fn per_token(text: &Likelihood) -> f64 {
    let mean = text.total() / text.logprobs.len().max(1) as f64;
    (mean * DIGITS).round() / DIGITS
}

/// What `model` answers to `call`; `None` where it does not fit its context.
fn put(model: &EmbeddedModel, call: &ProbeCall) -> Result<Option<Completion>, CallError> {
    let mut request = request(&call.messages, &call.continuations);
    request.sampling.max_tokens = Some(call.max_tokens);
    request.sampling.stop.clone_from(&call.stop);
    match ask(model, &request) {
        Ok(completion) => Ok(Some(completion)),
        Err(error) if error.kind == CallErrorKind::TooLong => Ok(None),
        Err(error) => Err(error),
    }
}

fn ask(model: &EmbeddedModel, request: &Request) -> Result<Completion, CallError> {
    let body = model.answer(&model.body(request)?)?;
    cleanbench_embedded::read(&Reply {
        body,
        ..Reply::default()
    })
}

fn request(messages: &[Message], continuations: &[String]) -> Request {
    Request {
        form: Form::Completion,
        messages: messages.to_vec(),
        sampling: Sampling {
            temperature: Some(0.0),
            top_p: None,
            max_tokens: None,
            stop: Vec::new(),
            reasoning: None,
        },
        seed: None,
        continuations: continuations.to_vec(),
        constraints: Arc::default(),
        sensitivity: Sensitivity::Public,
    }
}

/// Which of `samples` the model answers right, by likelihood per byte.
fn right(model: &EmbeddedModel, samples: &[Sample]) -> Result<Vec<u8>, CalibrationError> {
    let answer = |sample: &Sample| -> Result<u8, CallError> {
        let SampleInput::Input(input) = &sample.input else {
            return Ok(0);
        };
        let messages = [Message {
            role: Role::User,
            content: format!("Question: {input}\nAnswer:"),
            images: Vec::new(),
        }];
        let texts = cleanbench_core::request::choice_continuations(&messages, &sample.choices);
        let weighed = ask(model, &request(&messages, &texts))?;
        #[expect(clippy::cast_precision_loss, reason = "options are short")]
        let weight = |one: &Likelihood| one.total() / one.bytes.max(1) as f64;
        let weights: Vec<_> = weighed.likelihoods.iter().map(weight).collect();
        let best =
            (0..weights.len()).max_by(|one, other| weights[*one].total_cmp(&weights[*other]));
        let target = sample.target.as_ref().and_then(|target| target.as_str());
        let chosen = best.map(|place| sample.choices[place].as_str());
        Ok(u8::from(chosen == target))
    };
    Ok(samples.par_iter().map(answer).collect::<Result<_, _>>()?)
}
