//! The recorded ends of another run's calls, found by what was asked.
//!
//! A call of that run is found again by its model, the bytes of its request and its epoch: whoever would
//! send the same to the same model gets what came back then, an error included. Where several calls of the
//! run sent the same bytes, the one of the same task and sample is taken, so that two samples with one
//! question keep an answer each.
//!
//! In memory are 48 bytes a call; replies are read when they are asked for. A payload that was erased is
//! not there. A call that was never made, since the logs that were imported put its sample to other models alone, ends
//! as it did then. It refuses nothing but damage: what a run never ended is simply not found.

use std::collections::BTreeMap;

use cleanbench_core::event::{Cached, JudgedBefore, PayloadRef, Place, Unasked};
use cleanbench_core::{CallError, CallErrorKind, CallId, Digest, Event, Outcome, Reply, RunId};

use crate::payload::PayloadReader;
use crate::reader::{JournalReader, Location, RecordReader, Tail};
use crate::{LedgerError, Manifest, RunDirectory, SampleRows};

/// A sample of a task as eight bytes, the same in every run.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SampleName(u64);

impl SampleName {
    /// The sample `sample` of `task`.
    pub fn new(task: &str, sample: &str) -> Self {
        let parts: [&[u8]; 2] = [task.as_bytes(), sample.as_bytes()];
        let digest = Digest::of("cleanbench/sample-name/1", &parts);
        let start = digest.0.first_chunk().copied().unwrap_or_default();
        Self(u64::from_be_bytes(start))
    }
}

/// The calls of a run that have ended, by what was asked.
#[derive(Debug)]
pub struct ReplaySource {
    run: RunId,
    records: RecordReader,
    payloads: PayloadReader,
    /// Ascending by key and name.
    ends: Vec<End>,
    /// What no model was asked that had no log of it, ascending.
    never_asked: Vec<NeverAsked>,
    /// All samples of the run, ascending.
    samples: Vec<SampleName>,
}

/// A call that was never made: where that is recorded.
#[derive(Debug, Clone, Copy)]
struct NeverAsked {
    name: SampleName,
    model: u32,
    epoch: u32,
    ended: Location,
}

impl NeverAsked {
    fn is_of(&self, asked: &Asked<'_>) -> bool {
        let Self {
            name, model, epoch, ..
        } = *self;
        name == asked.name && model == asked.model && epoch == asked.epoch
    }
}

/// How a call ended: where its records are.
#[derive(Debug, Clone, Copy)]
struct End {
    key: u128,
    name: SampleName,
    started: Location,
    replied: Location,
    judged: Location,
}

/// What another run has for a request.
#[derive(Debug, Clone, PartialEq)]
pub struct Replayed {
    /// Where it comes from.
    pub cached: Cached,
    /// What came back, if anything did.
    pub reply: Option<Reply>,
    /// Why it is missing or incomplete.
    pub error: Option<CallError>,
}

/// What is looked for.
#[derive(Debug, Clone, Copy)]
pub struct Asked<'a> {
    /// Position of the model in the plan of the run that is replayed.
    pub model: u32,
    /// The request.
    pub body: &'a [u8],
    /// Repeat of the sample, from 1.
    pub epoch: u32,
    /// The sample.
    pub name: SampleName,
}

/// Why a run has nothing for a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Absent {
    /// It does not have the sample at all.
    Sample,
    /// It has the sample, and no ended call with this request and epoch.
    Request,
    /// The reply was erased.
    Erased,
}

impl ReplaySource {
    /// Indexes the ended calls of `run`, whose plan is `manifest`. Reads the whole journal and every
    /// request once.
    ///
    /// # Errors
    /// When the run is damaged.
    pub fn open(run: &RunDirectory, manifest: &Manifest) -> Result<Self, LedgerError> {
        let names = names(run, manifest, 0)?;
        let payloads = PayloadReader::new(run.path());
        let tail = match &manifest.end {
            Some(_) => Tail::Whole,
            None => Tail::MayBeTorn,
        };
        let mut gathered = Gathered::new(names, &payloads);
        for record in JournalReader::open(run, manifest, tail)? {
            let (location, record) = record?;
            if let Event::BatchPlanned { batch, .. } = &record.event {
                let names = self::names(run, manifest, *batch)?;
                gathered.names.insert(*batch, names);
            }
            gathered.take(location, &record.event)?;
        }
        let Gathered {
            names,
            mut never_asked,
            ends,
            ..
        } = gathered;
        let mut samples: Vec<_> = names.into_values().flatten().collect();
        samples.sort_unstable();
        never_asked.sort_unstable_by_key(|one| one.name);
        never_asked.shrink_to_fit();
        Ok(Self {
            run: manifest.run.clone(),
            records: RecordReader::open(run)?,
            payloads,
            ends: in_order(ends),
            never_asked,
            samples,
        })
    }

    /// The run.
    pub fn run(&self) -> &RunId {
        &self.run
    }

    /// Whether the run has the sample `name`.
    pub fn has(&self, name: SampleName) -> bool {
        self.samples.binary_search(&name).is_ok()
    }

    /// What the run has for `asked`, else why it has nothing.
    ///
    /// # Errors
    /// When a record or a payload is damaged.
    pub fn find(&self, asked: &Asked<'_>) -> Result<Result<Replayed, Absent>, LedgerError> {
        let whole_key = key(asked.model, asked.body, asked.epoch);
        let short = shortened(whole_key);
        let first = self.ends.partition_point(|end| end.key < short);
        let same = self.ends[first..].iter().take_while(|end| end.key == short);
        let best = same.clone().find(|end| end.name == asked.name);
        match best.or_else(|| same.clone().next()) {
            Some(end) => self.read(end, whole_key),
            None if self.has(asked.name) => self.read_never_asked(asked, whole_key),
            None => Ok(Err(Absent::Sample)),
        }
    }

    /// How the call ended that was never made, of a sample that the run has.
    fn read_never_asked(
        &self,
        asked: &Asked<'_>,
        key: Digest,
    ) -> Result<Result<Replayed, Absent>, LedgerError> {
        let first = self
            .never_asked
            .partition_point(|one| one.name < asked.name);
        let of_sample = self.never_asked[first..].iter();
        let mut of_sample = of_sample.take_while(|one| one.name == asked.name);
        let Some(found) = of_sample.find(|one| one.is_of(asked)) else {
            return Ok(Err(Absent::Request));
        };
        let record = self.records.read(found.ended)?;
        let Event::AttemptEnded { error, .. } = record.event else {
            return Ok(Err(Absent::Request));
        };
        let cached = Cached {
            key,
            run: self.run.clone(),
            at: record.at,
            judged: None,
        };
        Ok(Ok(Replayed {
            cached,
            reply: None,
            error,
        }))
    }

    fn read(&self, end: &End, key: Digest) -> Result<Result<Replayed, Absent>, LedgerError> {
        let Event::AttemptStarted { cached, .. } = self.records.read(end.started)?.event else {
            return Ok(Err(Absent::Request));
        };
        let replied = self.records.read(end.replied)?;
        let Event::ReplyReceived {
            status,
            content_type,
            retry_after,
            response,
            error,
            ..
        } = replied.event
        else {
            return Ok(Err(Absent::Request));
        };
        let reply = match response {
            None => None,
            Some(response) => match self.payloads.read(&response)?.present() {
                None => return Ok(Err(Absent::Erased)),
                Some(body) => Some(Reply {
                    status: status.unwrap_or_default(),
                    content_type,
                    retry_after,
                    body,
                }),
            },
        };
        // What was replayed there was asked by a run before it.
        let (run, at) = match cached {
            Some(earlier) => (earlier.run, earlier.at),
            None => (self.run.clone(), replied.at),
        };
        let cached = Cached {
            key,
            run,
            at,
            judged: self.judged(end)?,
        };
        Ok(Ok(Replayed {
            cached,
            reply,
            error,
        }))
    }

    fn judged(&self, end: &End) -> Result<Option<JudgedBefore>, LedgerError> {
        if !end.judged.is_some() {
            return Ok(None);
        }
        Ok(match self.records.read(end.judged)?.event {
            Event::Judged {
                scorers, scores, ..
            } => scores.first().map(|score| JudgedBefore {
                scorers,
                value: score.value,
            }),
            _ => None,
        })
    }
}

/// The sample of each line of the batch `batch`; 0 is the plan.
fn names(
    run: &RunDirectory,
    manifest: &Manifest,
    batch: u32,
) -> Result<Vec<SampleName>, LedgerError> {
    let tasks = &manifest.plan.tasks;
    SampleRows::of_batch(run, batch)?
        .map(|row| {
            let row = row?;
            let task = tasks.get(row.task as usize);
            let task = task.map_or("", |task| task.name.as_str());
            Ok(SampleName::new(task, &row.id))
        })
        .collect()
}

fn key(model: u32, body: &[u8], epoch: u32) -> Digest {
    let parts: [&[u8]; 3] = [&model.to_be_bytes(), body, &epoch.to_be_bytes()];
    Digest::of("cleanbench/replay-key/1", &parts)
}

/// The first half of `digest`: enough to keep the calls of a run apart.
fn shortened(digest: Digest) -> u128 {
    let half = digest.0.first_chunk().copied().unwrap_or_default();
    u128::from_be_bytes(half)
}

/// Puts the records of calls together.
struct Gathered<'a> {
    /// The samples of the plan and of each batch, by line.
    names: BTreeMap<u32, Vec<SampleName>>,
    payloads: &'a PayloadReader,
    /// Calls under way, at most as many as were in flight.
    open: BTreeMap<CallId, Open>,
    /// Position among `ends` of the calls that were answered and not yet judged.
    unjudged: BTreeMap<CallId, usize>,
    ends: Vec<End>,
    never_asked: Vec<NeverAsked>,
}

#[derive(Debug, Clone, Copy)]
struct Open {
    request: Option<PayloadRef>,
    started: Location,
    replied: Location,
}

impl<'a> Gathered<'a> {
    fn new(planned: Vec<SampleName>, payloads: &'a PayloadReader) -> Self {
        Self {
            names: BTreeMap::from([(0, planned)]),
            payloads,
            open: BTreeMap::new(),
            unjudged: BTreeMap::new(),
            ends: Vec::new(),
            never_asked: Vec::new(),
        }
    }

    fn take(&mut self, location: Location, event: &Event) -> Result<(), LedgerError> {
        match event {
            Event::AttemptStarted { call, request, .. } => {
                let open = Open {
                    request: *request,
                    started: location,
                    replied: Location::default(),
                };
                self.open.insert(*call, open);
            }
            Event::ReplyReceived { call, .. } => {
                if let Some(open) = self.open.get_mut(call) {
                    open.replied = location;
                }
            }
            Event::AttemptUnknown { call, .. } => drop(self.open.remove(call)),
            Event::AttemptEnded {
                place,
                unasked: Some(Unasked::NeverAsked),
                ..
            } => self.never_asked(*place, location),
            Event::AttemptEnded {
                call,
                place,
                error,
                outcome,
                ..
            } => {
                let Some(open) = self.open.remove(call) else {
                    return Ok(());
                };
                // A bug of this program is nothing that an endpoint said.
                let is_bug = |error: &CallError| error.kind == CallErrorKind::Panic;
                if let Some(outcome) = outcome
                    && !error.as_ref().is_some_and(is_bug)
                {
                    self.end(*call, *place, &open, *outcome)?;
                }
            }
            Event::Judged { call, .. } => {
                if let Some(position) = self.unjudged.remove(call) {
                    self.ends[position].judged = location;
                }
            }
            _ => {}
        }
        Ok(())
    }

    fn end(
        &mut self,
        call: CallId,
        place: Place,
        open: &Open,
        outcome: Outcome,
    ) -> Result<(), LedgerError> {
        let name = self.name_at(place);
        let (Some(name), Some(request), true) = (name, open.request, open.replied.is_some()) else {
            return Ok(());
        };
        let Some(body) = self.payloads.read(&request)?.present() else {
            return Ok(());
        };
        if outcome == Outcome::Answered {
            self.unjudged.insert(call, self.ends.len());
        }
        self.ends.push(End {
            key: shortened(key(place.model, &body, place.epoch)),
            name,
            started: open.started,
            replied: open.replied,
            judged: Location::default(),
        });
        Ok(())
    }

    fn name_at(&self, place: Place) -> Option<SampleName> {
        let line = usize::try_from(place.sample).ok()?;
        self.names.get(&place.batch)?.get(line).copied()
    }

    fn never_asked(&mut self, place: Place, ended: Location) {
        let name = self.name_at(place);
        self.never_asked.extend(name.map(|name| NeverAsked {
            name,
            model: place.model,
            epoch: place.epoch,
            ended,
        }));
    }
}

/// `ends` in the order in which they are looked up: of a call that was opened again the last one counts.
fn in_order(mut ends: Vec<End>) -> Vec<End> {
    ends.reverse();
    ends.sort_by_key(|end| (end.key, end.name));
    ends.dedup_by_key(|end| (end.key, end.name));
    ends.shrink_to_fit();
    ends
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_end_takes_48_bytes() {
        assert_eq!(size_of::<End>(), 48);
    }

    #[test]
    fn a_key_tells_model_request_and_epoch_apart() {
        let one = key(0, b"a", 1);
        for other in [key(1, b"a", 1), key(0, b"b", 1), key(0, b"a", 2)] {
            assert_ne!(shortened(one), shortened(other));
        }
        assert_eq!(shortened(one), shortened(key(0, b"a", 1)));
    }

    #[test]
    fn task_and_sample_are_told_apart_in_a_name() {
        assert_ne!(SampleName::new("ab", "c"), SampleName::new("a", "bc"));
    }
}
