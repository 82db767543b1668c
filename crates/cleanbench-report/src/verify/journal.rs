//! Is the journal whole, and every payload that it refers to?
//!
//! Records are read in order. Their payloads are digested by other threads meanwhile, and what was found of them is
//! noted in the order of the records.

use std::collections::HashSet;
use std::io::BufReader;

use cleanbench_core::event::PayloadRef;
use cleanbench_core::{Event, RunId};
use cleanbench_ledger::ahead::in_order;
use cleanbench_ledger::files;
use cleanbench_ledger::parts::RecordedPlans;
use cleanbench_ledger::payload::Payload;
use cleanbench_ledger::record::{decode, genesis};
use cleanbench_ledger::{Damage, JournalReader, Manifest, PayloadReader, RunDirectory, Tail};
use rayon::prelude::*;

use super::Verification;
use super::coverage::{Coverage, Erasures, Extents};
use super::order::Order;
use super::samples::check_batch;
use crate::ReportError;

/// Steps that are taken at once.
const CHUNK: usize = 1024;

/// Checks the chain of the journal and what it refers to.
///
/// # Errors
/// [`Damage`] where the chain breaks; what comes after it is not read.
pub(super) fn check_journal(
    run: &RunDirectory,
    manifest: &Manifest,
    coverage: &mut Coverage,
    found: &mut Verification,
) -> Result<(), ReportError> {
    if let Some(owner) = owner(run)?
        && owner != manifest.run
    {
        let what = format!(
            "names run `{}`, but the journal is that of run `{owner}`",
            manifest.run
        );
        found.damage(Damage::whole("run.json", what));
        return Ok(());
    }
    let Coverage {
        payloads,
        extents,
        erasures,
        ..
    } = coverage;
    let mut records = Records::open(run, manifest, extents)?;
    let check = |steps: Vec<Step>| {
        let steps = steps.into_par_iter();
        let checked = steps.map(|step| step.check(payloads.as_ref()));
        checked.collect::<Vec<_>>()
    };
    in_order(&mut records, check, |checked| {
        let mut checked = checked.into_iter();
        checked.try_for_each(|checked| checked.note(erasures, found))
    })?;
    let Records {
        reader,
        plans,
        begun,
        batches,
        read,
        failed,
        ..
    } = records;
    found.records += read;
    for event in &batches {
        check_batch(run, event, coverage, found)?;
    }
    failed.map_or(Ok(()), Err)?;
    // A writer may be killed, or find no room, before it has written its plan down; nothing is asked
    // before it has.
    if !plans.agree(manifest)? || (begun && !plans.are_whole(manifest)) {
        found.damage(Damage::whole(
            "run.json",
            "the plan is not the one that the journal recorded",
        ));
    }
    check_end(manifest, &reader, found);
    if manifest.end.is_some() {
        check_segments(run, &reader, found)?;
    }
    Ok(())
}

/// The journal must end where `run.json` says, if that says so.
fn check_end(manifest: &Manifest, reader: &JournalReader, found: &mut Verification) {
    let Some(end) = &manifest.end else {
        return;
    };
    let heads = reader.heads();
    if end.segments != heads {
        let last = heads.last().map_or(0, |head| head.segment);
        let what = "the journal does not end where run.json says";
        found.damage(Damage::whole(RunDirectory::journal_name(last), what));
    }
}

/// There must be no segments but those that were read, not even empty ones.
fn check_segments(
    run: &RunDirectory,
    reader: &JournalReader,
    found: &mut Verification,
) -> Result<(), ReportError> {
    let known: HashSet<_> = reader.heads().iter().map(|head| head.segment).collect();
    let segments = run.journal_segments()?;
    for segment in segments
        .into_iter()
        .filter(|segment| !known.contains(segment))
    {
        let what = "a segment of which run.json says nothing";
        found.damage(Damage::whole(RunDirectory::journal_name(segment), what));
    }
    Ok(())
}

/// Reads records, and gives what is to be done about their payloads.
struct Records<'a> {
    reader: JournalReader,
    extents: &'a mut Extents,
    order: Order,
    plans: RecordedPlans,
    /// Whether the plan must be on record.
    begun: bool,
    /// The records of batches.
    batches: Vec<Event>,
    read: u64,
    /// Why reading ended early.
    failed: Option<ReportError>,
}

/// What is to be done about a payload.
enum Step {
    /// It does not follow the one before it, or nothing is: the record itself is out of order.
    Gap(Damage),
    Check(PayloadRef),
    AllowErased(PayloadRef),
}

/// What came of a step.
enum Checked {
    Gap(Damage),
    Read(PayloadRef, Result<bool, ReportError>),
    AllowErased(PayloadRef),
    Nothing,
}

impl<'a> Records<'a> {
    fn open(
        run: &RunDirectory,
        manifest: &Manifest,
        extents: &'a mut Extents,
    ) -> Result<Self, ReportError> {
        let tail = if manifest.end.is_some() {
            Tail::Whole
        } else {
            Tail::MayBeTorn
        };
        Ok(Self {
            reader: JournalReader::open(run, manifest, tail)?,
            extents,
            order: Order::new(manifest),
            plans: RecordedPlans::default(),
            begun: manifest.end.is_some(),
            batches: Vec::new(),
            read: 0,
            failed: None,
        })
    }

    /// Reads a record and adds what it asks for to `steps`; false at the end.
    fn read(&mut self, steps: &mut Vec<Step>) -> Result<bool, ReportError> {
        let Some((_, record)) = self.reader.read()? else {
            return Ok(false);
        };
        self.read += 1;
        self.plans.note(&record.event, self.reader.part());
        if let Some(what) = self.order.note(&record.event, self.reader.part())? {
            let segment = self.reader.heads().last().map_or(0, |head| head.segment);
            let name = RunDirectory::journal_name(segment);
            steps.push(Step::Gap(Damage::at_line(name, record.seq + 1, what)));
        }
        if let Some(reference) = record.event.payload() {
            steps.extend(self.extents.extend(&reference).map(Step::Gap));
            steps.push(Step::Check(reference));
        }
        match record.event {
            Event::SegmentOpened {
                payload_segment, ..
            } => self.extents.open(payload_segment),
            Event::AttemptStarted { .. } => self.begun = true,
            Event::Erased { payload } => steps.push(Step::AllowErased(payload)),
            event @ Event::BatchPlanned { .. } => self.batches.push(event),
            _ => {}
        }
        Ok(true)
    }
}

impl Iterator for Records<'_> {
    type Item = Vec<Step>;

    fn next(&mut self) -> Option<Vec<Step>> {
        let mut steps = Vec::new();
        while self.failed.is_none() && steps.len() < CHUNK {
            match self.read(&mut steps) {
                Ok(true) => {}
                Ok(false) => break,
                Err(error) => self.failed = Some(error),
            }
        }
        (!steps.is_empty()).then_some(steps)
    }
}

impl Step {
    /// What is found of the payload; nothing where there are none to read.
    fn check(self, payloads: Option<&PayloadReader>) -> Checked {
        let Some(payloads) = payloads else {
            return match self {
                Self::Gap(damage) => Checked::Gap(damage),
                Self::Check(_) | Self::AllowErased(_) => Checked::Nothing,
            };
        };
        match self {
            Self::Gap(damage) => Checked::Gap(damage),
            Self::AllowErased(reference) => Checked::AllowErased(reference),
            Self::Check(reference) => {
                let read = payloads.read(&reference);
                let erased = read.map(|payload| payload == Payload::Erased);
                Checked::Read(reference, erased.map_err(ReportError::from))
            }
        }
    }
}

impl Checked {
    fn note(self, erasures: &mut Erasures, found: &mut Verification) -> Result<(), ReportError> {
        match self {
            Self::Nothing => {}
            Self::Gap(damage) => found.damage(damage),
            Self::AllowErased(reference) => erasures.allow(&reference),
            Self::Read(reference, erased) => {
                found.payloads += 1;
                if found.absorb(erased)? == Some(true) {
                    erasures.note(&reference);
                }
            }
        }
        Ok(())
    }
}

/// The run that the journal's first record says it belongs to, if that record is whole under this id.
fn owner(run: &RunDirectory) -> Result<Option<RunId>, ReportError> {
    let segments = run.journal_segments()?;
    Ok(segments.first().and_then(|first| owner_of(run, *first)))
}

fn owner_of(run: &RunDirectory, segment: u32) -> Option<RunId> {
    let name = RunDirectory::journal_name(segment);
    let mut lines = BufReader::new(run.open(&name).ok()?);
    let mut line = Vec::new();
    files::read_line(&name, &mut lines, &mut line).ok()?;
    let value: serde_json::Value = serde_json::from_slice(&line).ok()?;
    let id: RunId = value
        .pointer("/event/segment_opened/run")?
        .as_str()?
        .parse()
        .ok()?;
    decode(line.strip_suffix(b"\n")?, genesis(&id)).ok()?;
    Some(id)
}
