//! Opening a run again after its writer stopped, in order or not.
//!
//! What a killed writer leaves: an unfinished last record, payloads that no record refers to, a
//! segment without a header. All of that was never acknowledged; it is cut off, and the new segment's
//! header says how many bytes of the journal were. A power cut may in addition have lost payloads that
//! the last records refer to; the journal is then cut before the first such record.

use std::collections::BTreeMap;

use cleanbench_core::event::{ParentSegment, PayloadRef};
use cleanbench_core::{Event, RunId};
use fs_err::OpenOptions;

use crate::manifest::SegmentHead;
use crate::payload::{MAGIC, segment_name};
use crate::writer::Continuation;
use crate::{JournalReader, LedgerError, RunDirectory, SampleRows, Tail};

/// Reads the whole journal of a run that nobody writes, handing every record to `visit`, cuts off what
/// a killed writer left, and says where a new segment continues. The caller holds the lock.
///
/// # Errors
/// When the journal is damaged anywhere but at its end, or `visit` fails.
pub fn recover<E: From<LedgerError>>(
    run: &RunDirectory,
    id: &RunId,
    mut visit: impl FnMut(&Event) -> Result<(), E>,
) -> Result<Continuation, E> {
    let mut payloads = PayloadEnds::of_samples(run)?;
    let lengths = payload_lengths(run)?;
    let mut reader = JournalReader::open(run, id, Tail::MayBeTorn)?;
    let mut kept: Option<(SegmentHead, u64)> = None;
    let mut lost = false;
    while let Some((_, record)) = reader.read()? {
        if record
            .event
            .payload()
            .is_some_and(|reference| is_lost(&reference, &lengths))
        {
            lost = true;
            break;
        }
        payloads.note(&record.event);
        visit(&record.event)?;
        let Some(head) = reader.heads().last() else {
            continue;
        };
        kept = Some((head.clone(), reader.valid_length()));
    }
    if lost && !is_last_segment(run, kept.as_ref())? {
        let segment = kept.map_or(0, |(head, _)| head.segment);
        let what = "a payload of this segment is missing";
        return Err(LedgerError::from(crate::Damage::whole(
            RunDirectory::journal_name(segment),
            what,
        ))
        .into());
    }
    let dropped_bytes = cut_journal(run, kept.as_ref())?;
    payloads.cut(run, &lengths)?;
    run.sync()?;
    Ok(continuation(
        kept.map(|(head, _)| head),
        payloads.next_segment(),
        dropped_bytes,
    ))
}

fn continuation(
    head: Option<SegmentHead>,
    payload_segment: u32,
    dropped_bytes: u64,
) -> Continuation {
    let parent = head.map(|head| ParentSegment {
        segment: head.segment,
        head: head.head,
        records: head.records,
    });
    let segment = parent.as_ref().map_or(0, |parent| parent.segment + 1);
    Continuation {
        segment,
        parent,
        payload_segment,
        dropped_bytes,
    }
}

fn end_of(reference: &PayloadRef) -> u64 {
    reference.offset + u64::from(reference.length)
}

fn is_lost(reference: &PayloadRef, lengths: &BTreeMap<u32, u64>) -> bool {
    lengths
        .get(&reference.segment)
        .is_none_or(|length| *length < end_of(reference))
}

fn payload_lengths(run: &RunDirectory) -> Result<BTreeMap<u32, u64>, LedgerError> {
    let mut lengths = BTreeMap::new();
    for segment in run.payload_segments()? {
        lengths.insert(
            segment,
            fs_err::metadata(run.file(&segment_name(segment)))?.len(),
        );
    }
    Ok(lengths)
}

fn is_last_segment(
    run: &RunDirectory,
    kept: Option<&(SegmentHead, u64)>,
) -> Result<bool, LedgerError> {
    let last = run.journal_segments()?.last().copied();
    Ok(last == Some(kept.map_or(0, |(head, _)| head.segment))
        || last == kept.map(|(head, _)| head.segment + 1))
}

/// Cuts the last segment after its last whole record, and removes a segment that has none.
fn cut_journal(run: &RunDirectory, kept: Option<&(SegmentHead, u64)>) -> Result<u64, LedgerError> {
    let mut dropped = 0;
    for segment in run.journal_segments()? {
        let path = run.file(&RunDirectory::journal_name(segment));
        let length = fs_err::metadata(&path)?.len();
        match kept {
            Some((head, _)) if segment < head.segment => {}
            Some((head, valid)) if segment == head.segment => {
                dropped += length.saturating_sub(*valid);
                OpenOptions::new()
                    .write(true)
                    .open(&path)?
                    .set_len(*valid)?;
            }
            _ => {
                dropped += length;
                fs_err::remove_file(&path)?;
            }
        }
    }
    Ok(dropped)
}

/// Where the payloads that are referred to end, by segment.
#[derive(Debug, Default)]
struct PayloadEnds {
    ends: BTreeMap<u32, u64>,
}

impl PayloadEnds {
    /// The samples' payloads, which no journal record refers to.
    fn of_samples(run: &RunDirectory) -> Result<Self, LedgerError> {
        let mut ends = Self::default();
        ends.open(0);
        for row in SampleRows::open(run)? {
            ends.extend(&row?.payload);
        }
        Ok(ends)
    }

    fn open(&mut self, segment: u32) {
        self.ends.entry(segment).or_insert(MAGIC.len() as u64);
    }

    fn extend(&mut self, reference: &PayloadRef) {
        let end = self.ends.entry(reference.segment).or_default();
        *end = (*end).max(end_of(reference));
    }

    fn note(&mut self, event: &Event) {
        if let Event::SegmentOpened {
            payload_segment, ..
        } = event
        {
            self.open(*payload_segment);
        }
        if let Some(reference) = event.payload() {
            self.extend(&reference);
        }
    }

    fn next_segment(&self) -> u32 {
        self.ends
            .last_key_value()
            .map_or(0, |(segment, _)| segment + 1)
    }

    /// Cuts off payloads that no record refers to.
    fn cut(&self, run: &RunDirectory, lengths: &BTreeMap<u32, u64>) -> Result<(), LedgerError> {
        for (segment, length) in lengths {
            let path = run.file(&segment_name(*segment));
            match self.ends.get(segment) {
                None => fs_err::remove_file(path)?,
                Some(end) if end < length => {
                    OpenOptions::new().write(true).open(path)?.set_len(*end)?;
                }
                Some(_) => {}
            }
        }
        Ok(())
    }
}
