//! A run opened for reading: its plan, and what is needed to read and judge its replies again.

use std::collections::HashSet;
use std::sync::{Arc, OnceLock};

use cleanbench_core::event::Place;
use cleanbench_core::history::Batch;
use cleanbench_core::{
    CallError, CallId, CallKey, Completion, Digest, Event, Judge, Probe, Reply, Scorer, SpecError,
};
use cleanbench_items::quarantine;
use cleanbench_ledger::manifest::ProbePlan;
use cleanbench_ledger::payload::Payload;
use cleanbench_ledger::reader::RecordReader;
use cleanbench_ledger::show_index::Trace;
use cleanbench_ledger::{
    Damage, LedgerError, Location, Manifest, PayloadReader, RunDirectory, SampleRow,
};
use cleanbench_model::{Endpoint, Reader};
use cleanbench_price::Price;
use cleanbench_probe::Protocol;
use cleanbench_probe::registry::{self, BuildError, Order};

use crate::ReportError;
use crate::gates::Before;

/// A run opened for reading.
#[derive(Debug)]
pub struct Recording {
    /// Where it is.
    pub run: RunDirectory,
    /// Its plan.
    pub manifest: Manifest,
    /// The payloads.
    pub payloads: PayloadReader,
    /// Prices of the models, in plan order.
    pub prices: Vec<Option<Price>>,
    readers: Vec<Replies>,
    judges: Vec<Judge>,
    current: Vec<bool>,
    /// For each task the samples in quarantine.
    quarantine: Vec<HashSet<String>>,
    /// What it is compared with, read when it is first asked for.
    before: OnceLock<Option<Arc<Before>>>,
}

impl Recording {
    /// Reads the plan of `run`, and makes sure that its samples are those that were planned.
    ///
    /// # Errors
    /// As those of [`Recording::of_plan`] and [`Recording::check_samples`].
    pub fn open(run: RunDirectory) -> Result<Self, ReportError> {
        let recording = Self::of_plan(run)?;
        recording.check_samples()?;
        Ok(recording)
    }

    /// Makes sure that the samples are those that were planned.
    ///
    /// # Errors
    /// When they are not, or cannot be read.
    pub fn check_samples(&self) -> Result<(), ReportError> {
        if self.run.digest("samples.jsonl")? == self.manifest.plan.samples_digest {
            return Ok(());
        }
        let what = "the file does not match its digest in run.json";
        Err(LedgerError::from(Damage::whole("samples.jsonl", what)).into())
    }

    /// Reads the plan of `run`, and nothing else.
    ///
    /// # Errors
    /// When it is no run, or names an adapter or scorer that this version does not have.
    pub fn of_plan(run: RunDirectory) -> Result<Self, ReportError> {
        let manifest = Manifest::read(&run)?;
        let endpoints = endpoints(&manifest)?;
        let mut judges = Vec::new();
        let mut current = Vec::new();
        for task in &manifest.plan.tasks {
            let (judge, digest) = if let Some(probe) = &task.probe {
                build_probe(probe)?
            } else {
                let built = build_scorers(&task.scorers)?;
                let digest = cleanbench_score::digest_of(&task.scorers, &built);
                (Judge::Scorers(built), digest)
            };
            current.push(digest == task.scorers_digest);
            judges.push(judge);
        }
        Ok(Self {
            payloads: PayloadReader::new(run.path()),
            readers: endpoints.iter().map(Replies::of).collect(),
            quarantine: quarantine(&manifest.plan),
            before: OnceLock::new(),
            prices: endpoints
                .into_iter()
                .map(|endpoint| endpoint.price)
                .collect(),
            run,
            manifest,
            judges,
            current,
        })
    }

    /// What judges the task at position `task`.
    pub fn judge(&self, task: usize) -> &Judge {
        &self.judges[task]
    }

    /// Whether this version judges the task at position `task` as the run did.
    pub fn judges_alike(&self, task: usize) -> bool {
        self.current[task]
    }

    /// For each model whether it is an embedded one.
    pub(crate) fn embedded(&self) -> impl Iterator<Item = bool> + '_ {
        let readers = self.readers.iter();
        readers.map(|reader| matches!(reader, Replies::Embedded))
    }

    /// Whether the sample `id` of the task at position `task` is in quarantine.
    pub(crate) fn is_quarantined(&self, task: u32, id: &str) -> bool {
        let samples = self.quarantine.get(task as usize);
        samples.is_some_and(|samples| samples.contains(id))
    }

    /// The identity of the call at `place` about the sample of `row`; `batch` is the one that planned it, `None` the plan.
    pub(crate) fn call_id(&self, row: &SampleRow, place: Place, batch: Option<&Batch>) -> CallId {
        let plan = &self.manifest.plan;
        let of_plan = || plan.tasks[row.task as usize].purpose();
        CallId::of(&CallKey {
            run: &self.manifest.run,
            model: &plan.models[place.model as usize].name,
            task: &plan.tasks[row.task as usize].name,
            sample: &row.id,
            epoch: place.epoch,
            purpose: batch.map_or_else(of_plan, |batch| batch.purpose.clone()),
            step: batch.map_or(0, |batch| batch.step),
        })
    }

    /// Whether another shard makes the call at `place`.
    pub(crate) fn is_elsewhere(&self, place: Place) -> bool {
        let space = self.manifest.plan.call_space();
        let shard = self.manifest.shard;
        shard.is_some_and(|shard| !space.is_in(shard, place))
    }

    /// The run that it is compared with; `None` where there is none.
    ///
    /// # Errors
    /// When the copy of it is damaged.
    pub(crate) fn before(&self) -> Result<Option<&Arc<Before>>, ReportError> {
        if let Some(known) = self.before.get() {
            return Ok(known.as_ref());
        }
        let opened = Before::open(&self.run, &self.manifest.plan)?.map(Arc::new);
        Ok(self.before.get_or_init(|| opened).as_ref())
    }

    /// Reads the recorded reply of a call of the model at position `model` again. `None` when it was erased.
    ///
    /// # Errors
    /// When journal or payload are damaged.
    pub(crate) fn read_again(
        &self,
        records: &RecordReader,
        trace: Trace,
        model: u32,
    ) -> Result<Option<Result<Completion, CallError>>, ReportError> {
        let Some(body) = self.request_body(records, trace.started)? else {
            return Ok(None);
        };
        let Some(reply) = self.reply(records, trace.replied)? else {
            return Ok(None);
        };
        Ok(Some(self.read(model, &body, &reply)))
    }

    /// What the adapter of the model at position `model` reads in `reply` to the request `body`.
    pub(crate) fn read(
        &self,
        model: u32,
        body: &[u8],
        reply: &Reply,
    ) -> Result<Completion, CallError> {
        self.readers[model as usize].read(body, reply)
    }

    /// The bytes that were sent in the attempt recorded at `location`.
    pub(crate) fn request_body(
        &self,
        records: &RecordReader,
        location: Location,
    ) -> Result<Option<Vec<u8>>, ReportError> {
        if !location.is_some() {
            return Ok(None);
        }
        match records.read(location)?.event {
            Event::AttemptStarted {
                request: Some(reference),
                ..
            } => Ok(self.payloads.read(&reference)?.present()),
            _ => Ok(None),
        }
    }

    /// The reply recorded at `location`.
    pub(crate) fn reply(
        &self,
        records: &RecordReader,
        location: Location,
    ) -> Result<Option<Reply>, ReportError> {
        if !location.is_some() {
            return Ok(None);
        }
        self.reply_of(records.read(location)?.event)
    }

    /// The reply that `event` records; `None` where it was erased, or there is none.
    pub(crate) fn reply_of(&self, event: Event) -> Result<Option<Reply>, ReportError> {
        let Event::ReplyReceived {
            status,
            content_type,
            retry_after,
            response: Some(response),
            ..
        } = event
        else {
            return Ok(None);
        };
        let Payload::Present(body) = self.payloads.read(&response)? else {
            return Ok(None);
        };
        Ok(Some(Reply {
            status: status.unwrap_or_default(),
            content_type,
            retry_after,
            body,
        }))
    }
}

/// How the replies of a model are read.
#[derive(Debug)]
enum Replies {
    Remote(Box<Reader>),
    Embedded,
}

impl Replies {
    fn of(endpoint: &Endpoint) -> Self {
        if endpoint.is_embedded() {
            Self::Embedded
        } else {
            Self::Remote(Box::new(cleanbench_model::reader(endpoint)))
        }
    }

    fn read(&self, body: &[u8], reply: &Reply) -> Result<Completion, CallError> {
        match self {
            Self::Remote(reader) => reader.read(body, reply),
            Self::Embedded => cleanbench_embedded::read(reply),
        }
    }
}

fn endpoints(manifest: &Manifest) -> Result<Vec<Endpoint>, ReportError> {
    let models = &manifest.plan.models;
    models
        .iter()
        .map(|model| {
            Endpoint::from_description(&model.endpoint)
                .map_err(|error| ReportError::Plan(format!("model `{}`: {error}", model.name)))
        })
        .collect()
}

fn build_probe(plan: &ProbePlan) -> Result<(Judge, Digest), ReportError> {
    let probe = probe_of(plan).map_err(|error| ReportError::Plan(error.to_string()))?;
    let digest = registry::digest(&*probe, plan.prompt.as_deref());
    Ok((Judge::Probe(probe), digest))
}

/// The probe that `plan` names, as it asks and reads there.
///
/// # Errors
/// When this version has none that does.
pub fn probe_of(plan: &ProbePlan) -> Result<Box<dyn Probe>, BuildError> {
    let Some(protocol) = Protocol::numbered(plan.protocol, cleanbench_score::declines) else {
        let number = plan.protocol;
        let message = format!("probes of protocol {number} are of a later version of the program");
        return Err(BuildError(message));
    };
    registry::build(&Order {
        name: &plan.id,
        form: plan.form,
        prompt: plan.prompt.as_deref(),
        protocol,
        early_stop: plan.early_stop,
    })
}

fn build_scorers(
    specs: &[cleanbench_core::ScorerSpec],
) -> Result<Vec<Box<dyn Scorer>>, ReportError> {
    specs
        .iter()
        .map(|spec| cleanbench_score::build(spec).map_err(|errors| unbuilt(&spec.kind, &errors)))
        .collect()
}

/// Why there is no scorer `kind`: a fault that stays one outweighs what the machine was short of.
fn unbuilt(kind: &str, errors: &[SpecError]) -> ReportError {
    let lasting = errors.iter().find(|error| !error.may_pass);
    let told = lasting.or(errors.first());
    let told = told.map(ToString::to_string).unwrap_or_default();
    let what = format!("scorer `{kind}`: {told}");
    if lasting.is_some() || errors.is_empty() {
        ReportError::Plan(what)
    } else {
        ReportError::Unprepared(what)
    }
}
