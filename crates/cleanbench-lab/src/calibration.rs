//! The calibration set: what models of known contamination answered, and what the probes make of it.
//!
//! A file of recorded answers is committed, not the models: one line for each, with its world, its arm,
//! the doses of its members and everything it answered. From these the calls are planned, the answers
//! scored and the verdicts reached by the very code that a run uses.
//!
//! Answers are kept by probe and form. A probe that is newer than a record has none there: it is named as
//! not recorded, and the others are judged as ever.
//!
//! Invariant: the answers of a record belong to the calls that its world gives, one for one.

use std::collections::BTreeMap;
use std::io::{Read as _, Write as _};

use cleanbench_core::probe::{Arm, Finding, ProbeCall, Seen, Step};
use cleanbench_core::seed::derive;
use cleanbench_core::{
    CallError, Completion, Finish, Form, Likelihood, Message, Model as _, Probe, Reply, Request,
    Role, Sample, Sampling, Sensitivity,
};
use cleanbench_embedded::EmbeddedModel;
use cleanbench_embedded::world::World;
use cleanbench_probe::registry::{self, Order};
use cleanbench_probe::{Arms, Protocol, Verdict, advantage, similarity, verdict};
use rayon::prelude::*;
use serde::{Deserialize, Serialize};

use crate::quickstart::Quickstart;

/// The committed set.
static COMMITTED: &[u8] = include_bytes!("../calibration/answers.jsonl.zst");
/// Longest set that is read, in bytes, unpacked.
const LONGEST: u64 = 1 << 28;

/// What a model of the set had seen.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Kind {
    /// Nothing of its benchmark. Its members are a drawing of lots without consequence.
    Clean,
    /// Members, word for word.
    Leaked,
    /// Rewordings of the members.
    Reworded,
}

impl Kind {
    /// All kinds.
    pub const ALL: [Self; 3] = [Self::Clean, Self::Leaked, Self::Reworded];

    /// The word used in files and tables.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Clean => "clean",
            Self::Leaked => "leaked",
            Self::Reworded => "reworded",
        }
    }
}

/// Everything that one model answered.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Record {
    /// Seed of its world.
    pub world: u64,
    /// What it had seen.
    pub kind: Kind,
    /// Seed of its training and of its members.
    pub seed: u64,
    /// How often each item of the benchmark was seen; 0 for non-members.
    pub doses: Vec<usize>,
    /// Whether each item of the benchmark was answered right, choosing by likelihood per byte: 1 or 0.
    pub benchmark: Vec<u8>,
    /// The same for the isomorphs.
    pub isomorphs: Vec<u8>,
    /// For each probe, `NAME.FORM`: an answer for each call, in order.
    pub answers: BTreeMap<String, Answers>,
}

/// Answers to the calls of one probe.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Answers {
    /// Texts.
    Texts(Vec<String>),
    /// Mean log probability of a token of each text that was weighed, in nats, to four digits.
    Weights(Vec<Vec<f64>>),
}

/// Why a set cannot be read or recorded.
#[derive(Debug, thiserror::Error)]
pub enum CalibrationError {
    /// The file is damaged.
    #[error("the calibration set cannot be read: {0}")]
    Unreadable(#[from] std::io::Error),
    /// A line is no record.
    #[error("line {line} of the calibration set is no record: {cause}")]
    Record {
        /// The line, from 1.
        line: usize,
        /// Why.
        cause: serde_json::Error,
    },
    /// A record does not belong to its world.
    #[error("the answers of `{probe}` of model {model} are not those that its world asks for")]
    Foreign {
        /// The probe.
        probe: String,
        /// Kind and seed.
        model: String,
    },
    /// A model did not answer.
    #[error("a model did not answer: {0}")]
    Call(#[from] CallError),
    /// A probe of the table is none.
    #[error("{0}")]
    Probe(String),
}

/// The committed set.
///
/// # Errors
/// When the program was built with a damaged file.
pub fn committed() -> Result<Vec<Record>, CalibrationError> {
    read(COMMITTED)
}

/// Reads a packed set.
///
/// # Errors
/// When it is damaged.
pub fn read(packed: &[u8]) -> Result<Vec<Record>, CalibrationError> {
    let mut text = String::new();
    zstd::Decoder::new(packed)?
        .take(LONGEST)
        .read_to_string(&mut text)?;
    text.lines()
        .enumerate()
        .map(|(place, line)| {
            serde_json::from_str(line).map_err(|cause| CalibrationError::Record {
                line: place + 1,
                cause,
            })
        })
        .collect()
}

/// Packs a set.
///
/// # Errors
/// Never for records that were read or recorded.
pub fn pack(records: &[Record]) -> Result<Vec<u8>, CalibrationError> {
    let mut encoder = zstd::Encoder::new(Vec::new(), 19)?;
    encoder.long_distance_matching(true)?;
    for record in records {
        serde_json::to_writer(&mut encoder, record).map_err(std::io::Error::from)?;
        encoder.write_all(b"\n")?;
    }
    Ok(encoder.finish()?)
}

/// Every probe in every form, as a run has them.
fn probes() -> Result<Vec<Box<dyn Probe>>, CalibrationError> {
    let mut probes = Vec::new();
    let family = registry::NAMES.into_iter();
    for name in family.filter(|name| registry::is_confirmatory(name)) {
        for form in registry::forms(name) {
            // The answers were recorded when this was how probes asked.
            let probe = registry::build(&Order {
                name,
                form: *form,
                prompt: None,
                protocol: Protocol::First,
                early_stop: false,
            });
            probes.push(probe.map_err(|error| CalibrationError::Probe(error.to_string()))?);
        }
    }
    Ok(probes)
}

fn key(probe: &dyn Probe) -> String {
    format!("{}.{}", probe.id(), probe.form().as_str())
}

/// Seed of a probe's free choices: fixed, as in a run with the seed 0.
fn probe_seed(probe: &dyn Probe) -> u64 {
    derive(0, "benchmark", "", &format!("probe/{}", probe.id()))
}

fn calls(probe: &dyn Probe, arms: &Arms) -> Vec<ProbeCall> {
    match probe.next(&arms.context(probe_seed(probe)), &[]) {
        Step::Calls(calls) => calls,
        Step::Done => Vec::new(),
    }
}

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
    /// Whether every probe in every form has its answers here.
    ///
    /// # Errors
    /// When a probe of the table is none.
    pub fn is_complete(&self) -> Result<bool, CalibrationError> {
        let probes = probes()?;
        Ok(probes
            .iter()
            .all(|probe| self.answers.contains_key(&key(&**probe))))
    }

    /// Puts the probes to `model` whose answers are not here yet; the others stay as they are.
    ///
    /// # Errors
    /// When the model does not answer.
    pub fn complete(&mut self, model: &EmbeddedModel) -> Result<(), CalibrationError> {
        let arms = Quickstart::new(&World::new(self.world)).arms();
        for probe in probes()? {
            let name = key(&*probe);
            if self.answers.contains_key(&name) {
                continue;
            }
            let completions: Vec<_> = calls(&*probe, &arms)
                .par_iter()
                .map(|call| ask(model, &call.messages, &call.continuations, Some(call)))
                .collect::<Result<_, _>>()?;
            self.answers.insert(name, Answers::of(&completions));
        }
        Ok(())
    }
}

impl Answers {
    fn of(completions: &[Completion]) -> Self {
        if completions.iter().any(|one| one.likelihoods.is_empty()) {
            return Self::Texts(completions.iter().map(|one| one.text.clone()).collect());
        }
        let weights = completions
            .iter()
            .map(|one| one.likelihoods.iter().map(per_token).collect());
        Self::Weights(weights.collect())
    }

    fn completions(&self) -> Vec<Completion> {
        match self {
            Self::Texts(texts) => texts.iter().map(|text| completion(text, &[])).collect(),
            Self::Weights(all) => all.iter().map(|weights| completion("", weights)).collect(),
        }
    }
}

#[expect(clippy::cast_precision_loss, reason = "texts have few tokens")]
fn per_token(text: &Likelihood) -> f64 {
    let mean = text.total() / text.logprobs.len().max(1) as f64;
    (mean * 1e4).round() / 1e4
}

fn completion(text: &str, weights: &[f64]) -> Completion {
    let likelihood = |weight: &f64| Likelihood {
        logprobs: vec![*weight],
        bytes: 1,
    };
    Completion {
        text: text.to_owned(),
        finish: Finish::Stop,
        likelihoods: weights.iter().map(likelihood).collect(),
        ..Completion::default()
    }
}

fn ask(
    model: &EmbeddedModel,
    messages: &[Message],
    continuations: &[String],
    call: Option<&ProbeCall>,
) -> Result<Completion, CallError> {
    let request = Request {
        form: Form::Completion,
        messages: messages.to_vec(),
        sampling: Sampling {
            temperature: Some(0.0),
            top_p: None,
            max_tokens: call.map(|call| call.max_tokens),
            stop: call.map(|call| call.stop.clone()).unwrap_or_default(),
            reasoning: None,
        },
        seed: None,
        continuations: continuations.to_vec(),
        constraints: std::sync::Arc::default(),
        sensitivity: Sensitivity::Public,
    };
    let body = model.answer(&model.body(&request)?)?;
    cleanbench_embedded::read(&Reply {
        body,
        ..Reply::default()
    })
}

/// Which of `samples` the model answers right, by likelihood per byte.
fn right(model: &EmbeddedModel, samples: &[Sample]) -> Result<Vec<u8>, CalibrationError> {
    let answer = |sample: &Sample| -> Result<u8, CallError> {
        let cleanbench_core::sample::SampleInput::Input(input) = &sample.input else {
            return Ok(0);
        };
        let messages = [Message {
            role: Role::User,
            content: format!("Question: {input}\nAnswer:"),
            images: Vec::new(),
        }];
        let texts = cleanbench_core::request::choice_continuations(&messages, &sample.choices);
        let weighed = ask(model, &messages, &texts, None)?;
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

/// What the probes make of one model.
#[derive(Debug, Clone, PartialEq)]
pub struct Assessed {
    /// What it had seen.
    pub kind: Kind,
    /// Seed of its world.
    pub world: u64,
    /// Seed of its training.
    pub seed: u64,
    /// The verdict that a run would reach.
    pub verdict: Verdict,
    /// Findings of the probes that were put to it, in the order of the family.
    pub findings: Vec<Finding>,
    /// `NAME.FORM` of probes that are newer than the record.
    pub not_recorded: Vec<String>,
    /// Every item of the benchmark.
    pub items: Vec<AssessedItem>,
    /// Share of isomorphs answered right.
    pub isomorphs: Vec<bool>,
}

/// What is known of one item of the benchmark.
#[derive(Debug, Clone, PartialEq)]
pub struct AssessedItem {
    /// How often it was seen.
    pub dose: usize,
    /// Whether it was answered right.
    pub right: bool,
    /// For each probe, `NAME.FORM`: whether it was restored, and how nearly (ROUGE-L, or nats of
    /// advantage). Absent where the probe could not use the item.
    pub probes: BTreeMap<String, (bool, f64)>,
}

/// Judges one record as a run would.
///
/// # Errors
/// When its answers are not those of its world.
pub fn assess(record: &Record) -> Result<Assessed, CalibrationError> {
    assess_with(&probes()?, record)
}

fn assess_with(probes: &[Box<dyn Probe>], record: &Record) -> Result<Assessed, CalibrationError> {
    let suite = Quickstart::new(&World::new(record.world));
    let arms = suite.arms();
    let mut assessed = Assessed {
        kind: record.kind,
        world: record.world,
        seed: record.seed,
        verdict: verdict(&[]),
        findings: Vec::new(),
        not_recorded: Vec::new(),
        items: record.items(suite.benchmark.len())?,
        isomorphs: record.isomorphs.iter().map(|right| *right == 1).collect(),
    };
    for probe in probes {
        let name = key(&**probe);
        match record.answers.get(&name) {
            Some(answers) => assessed.judge(&**probe, &arms, answers)?,
            None => assessed.not_recorded.push(name),
        }
    }
    assessed.verdict = verdict(&assessed.findings);
    Ok(assessed)
}

impl Record {
    /// The items of a benchmark of `benchmark` items, before any probe.
    fn items(&self, benchmark: usize) -> Result<Vec<AssessedItem>, CalibrationError> {
        let lengths = [self.doses.len(), self.benchmark.len(), self.isomorphs.len()];
        if lengths != [benchmark; 3] {
            return Err(foreign("benchmark", self.kind, self.seed));
        }
        let items = self.doses.iter().zip(&self.benchmark);
        let items = items.map(|(dose, right)| AssessedItem {
            dose: *dose,
            right: *right == 1,
            probes: BTreeMap::new(),
        });
        Ok(items.collect())
    }
}

fn foreign(probe: &str, kind: Kind, seed: u64) -> CalibrationError {
    CalibrationError::Foreign {
        probe: probe.to_owned(),
        model: format!("{} {seed}", kind.as_str()),
    }
}

impl Assessed {
    /// Adds what `probe` makes of the recorded `answers`.
    fn judge(
        &mut self,
        probe: &dyn Probe,
        arms: &Arms,
        answers: &Answers,
    ) -> Result<(), CalibrationError> {
        let name = key(probe);
        let calls = calls(probe, arms);
        let completions = answers.completions();
        if completions.len() != calls.len() {
            return Err(foreign(&name, self.kind, self.seed));
        }
        let mut seen = Vec::new();
        for (call, completion) in calls.iter().zip(&completions) {
            let score = probe.score(call, completion);
            if call.arm == Arm::Suspect {
                let near = advantage(completion).unwrap_or_else(|| similarity(call, completion));
                let shown = (score.value >= 1.0, near);
                self.items[call.item].probes.insert(name.clone(), shown);
            }
            seen.push(Seen::answered(score));
        }
        let context = arms.context(probe_seed(probe));
        self.findings.push(probe.judge(&context, &calls, &seen));
        Ok(())
    }
}

/// Judges all records, on all cores.
///
/// # Errors
/// When a record's answers are not those of its world.
pub fn assess_all(records: &[Record]) -> Result<Vec<Assessed>, CalibrationError> {
    records.par_iter().map(assess).collect()
}

#[cfg(test)]
mod tests {
    use cleanbench_core::event::RecordedScore;
    use cleanbench_core::probe::{ProbeContext, ProbeForm};

    use super::*;

    /// A probe that came after the answers were recorded.
    #[derive(Debug)]
    struct Newer(Box<dyn Probe>);

    impl Probe for Newer {
        fn id(&self) -> &'static str {
            "newer"
        }

        fn form(&self) -> ProbeForm {
            self.0.form()
        }

        fn version(&self) -> u32 {
            1
        }

        fn next(&self, context: &ProbeContext<'_>, seen: &[Seen]) -> Step {
            self.0.next(context, seen)
        }

        fn score(&self, call: &ProbeCall, completion: &Completion) -> RecordedScore {
            self.0.score(call, completion)
        }

        fn judge(&self, context: &ProbeContext<'_>, calls: &[ProbeCall], seen: &[Seen]) -> Finding {
            self.0.judge(context, calls, seen)
        }
    }

    #[test]
    fn recorded_answers_serve_whatever_probes_come_later() {
        let record = &committed().unwrap()[0];
        let known = assess(record).unwrap();
        let later = ["option-order.raw", "option-order-quiz.instruction"];
        assert_eq!(known.not_recorded, later);
        for place in 0..=known.findings.len() {
            let mut more = probes().unwrap();
            let again = probes().unwrap().remove(0);
            more.insert(place, Box::new(Newer(again)));
            let mut assessed = assess_with(&more, record).unwrap();
            let newer = |name: &String| name == "newer.raw";
            assert_eq!(
                assessed
                    .not_recorded
                    .iter()
                    .filter(|name| newer(name))
                    .count(),
                1
            );
            assessed.not_recorded.retain(|name| !newer(name));
            assert_eq!(assessed, known, "at {place}");
        }
    }

    #[test]
    fn answers_of_another_world_are_refused() {
        let mut record = committed().unwrap().remove(0);
        let probe = "completion.raw";
        let Some(Answers::Texts(texts)) = record.answers.get_mut(probe) else {
            panic!("{probe} is not recorded");
        };
        texts.pop();
        let error = assess(&record).unwrap_err().to_string();
        assert!(error.contains(probe), "{error}");
        record.doses.pop();
        let error = assess(&record).unwrap_err().to_string();
        assert!(error.contains("`benchmark`"), "{error}");
    }
}
