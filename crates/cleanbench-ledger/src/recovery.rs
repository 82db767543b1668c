//! Opening a run again after its writer stopped, in order or not.
//!
//! What a killed writer leaves: an unfinished last record, payloads that no record refers to, a
//! segment without a header, samples of a batch that was not planned. All of that was never acknowledged; it is cut off, and the new segment's
//! header says how many bytes of the journal were. A power cut may in addition have lost payloads that
//! the last records refer to; the journal is then cut before the first such record.

use std::collections::{BTreeMap, BTreeSet};
use std::os::unix::fs::FileExt as _;

use cleanbench_core::event::{ParentSegment, PayloadRef};
use cleanbench_core::shard::batch_of_payload_segment;
use cleanbench_core::{Digest, Event, Shard};

use crate::files;
use crate::payload::{MAGIC, segment_name};
use crate::record::SegmentHead;
use crate::writer::Continuation;
use crate::{Damage, JournalReader, LedgerError, Manifest, RunDirectory, SampleRows, Tail};

/// The last record that stays, and how long its segment is up to there, in bytes.
struct Kept {
    head: SegmentHead,
    valid: u64,
}

/// Reads the whole journal of a run that nobody writes, handing every event to `visit` with the shard
/// that recorded it, cuts off what a killed writer left, and says where a new segment continues. The caller holds the lock.
///
/// # Errors
/// When the journal is damaged anywhere but at its end, or `visit` fails.
pub fn recover<E: From<LedgerError>>(
    run: &RunDirectory,
    manifest: &Manifest,
    mut visit: impl FnMut(&Event, Option<Shard>) -> Result<(), E>,
) -> Result<Continuation, E> {
    let mut payloads = PayloadEnds::of_samples(run, manifest.plan.samples_digest)?;
    let lengths = payload_lengths(run)?;
    let mut reader = JournalReader::open(run, manifest, Tail::MayBeTorn)?;
    let mut kept: Option<Kept> = None;
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
        payloads.note(run, &record.event)?;
        visit(&record.event, reader.part())?;
        let Some(head) = reader.heads().last() else {
            continue;
        };
        kept = Some(Kept {
            head: head.clone(),
            valid: reader.valid_length(),
        });
    }
    if lost {
        check_loss(run, manifest, kept.as_ref())?;
    }
    check_end(manifest, reader.heads())?;
    let dropped_bytes = cut_journal(run, kept.as_ref())?;
    payloads.cut(run, &lengths)?;
    remove_unplanned(run, &payloads.batches)?;
    run.sync()?;
    let head = kept.map(|kept| kept.head);
    let next = continuation(manifest, head, payloads.next_segment(), dropped_bytes);
    let full = |shard: Shard| !shard.has_segment(next.segment);
    if manifest.shard.is_some_and(full) {
        let what = "this shard was resumed too often to be resumed once more";
        return Err(LedgerError::from(std::io::Error::other(what)).into());
    }
    Ok(next)
}

fn continuation(
    manifest: &Manifest,
    head: Option<SegmentHead>,
    payload_segment: u32,
    dropped_bytes: u64,
) -> Continuation {
    let first = Continuation::first(manifest, payload_segment);
    // The chain of a shard within a merged run is closed: who goes on starts another one.
    let parent = head
        .filter(|head| head.segment >= first.segment)
        .map(|head| ParentSegment {
            segment: head.segment,
            head: head.head,
            records: head.records,
        });
    let after = parent.as_ref().map(|parent| parent.segment + 1);
    Continuation {
        segment: after.unwrap_or(first.segment),
        parent,
        dropped_bytes,
        ..first
    }
}

/// Removes the samples of batches that are not `planned`.
fn remove_unplanned(run: &RunDirectory, planned: &BTreeSet<u32>) -> Result<(), LedgerError> {
    for batch in run.batches()? {
        if !planned.contains(&batch) {
            fs_err::remove_file(run.file(&RunDirectory::batch_name(batch)))?;
        }
    }
    Ok(())
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
        lengths.insert(segment, run.open(&segment_name(segment))?.metadata()?.len());
    }
    Ok(lengths)
}

/// Records that may be missing from the end of a journal whose writer had stopped in order. A last
/// sync that a disk did not honour loses a few; a journal that lacks more was cut by somebody.
const MOST_MISSING: u64 = 16;

/// A run that ended in order must still have the journal that `run.json` names, but for a few records
/// at its very end: to resume from less would throw answers away and have them paid for again.
///
/// # Errors
/// When the journal is another one, or lacks more.
pub fn check_end(manifest: &Manifest, heads: &[SegmentHead]) -> Result<(), LedgerError> {
    let Some(end) = &manifest.end else {
        return Ok(());
    };
    let (Some((last, before)), Some((found, found_before))) =
        (end.segments.split_last(), heads.split_last())
    else {
        return Err(not_the_end(end.segments.last()));
    };
    let missing = last.records.saturating_sub(found.records);
    let same_end =
        found == last || (missing > 0 && missing <= MOST_MISSING && found.segment == last.segment);
    if before == found_before && same_end {
        Ok(())
    } else {
        Err(not_the_end(Some(last)))
    }
}

fn not_the_end(last: Option<&SegmentHead>) -> LedgerError {
    let name = RunDirectory::journal_name(last.map_or(0, |head| head.segment));
    Damage::whole(name, "the journal does not end where run.json says").into()
}

/// What a power cut can lose at most: twice what is written between two syncs.
const MOST_LOST: u64 = 4 * 1024 * 1024;

/// A missing payload is the work of a power cut only at the very end of what was written; anywhere
/// else it is damage, and cutting the journal there would throw answers away.
fn check_loss(
    run: &RunDirectory,
    manifest: &Manifest,
    kept: Option<&Kept>,
) -> Result<(), LedgerError> {
    let (segment, valid) = kept.map_or((0, 0), |kept| (kept.head.segment, kept.valid));
    let name = RunDirectory::journal_name(segment);
    let rest = rest(run, &name, valid)?;
    let is_last = run.journal_segments()?.last() == Some(&segment);
    let stopped = rest.windows(11).any(|window| window == b"{\"stopped\":");
    if manifest.end.is_none() && is_last && !stopped && rest.len() as u64 <= MOST_LOST {
        return Ok(());
    }
    Err(Damage::whole(name, "a payload that this segment refers to is missing").into())
}

/// What stands in the file `name` behind its first `valid` bytes; little more than may be lost, if it is longer.
fn rest(run: &RunDirectory, name: &str, valid: u64) -> Result<Vec<u8>, LedgerError> {
    let file = run.open(name)?;
    let length = file.metadata()?.len().saturating_sub(valid);
    let length = usize::try_from(length.min(MOST_LOST + 1)).unwrap_or_default();
    let mut rest = vec![0; length];
    file.file().read_exact_at(&mut rest, valid)?;
    Ok(rest)
}

/// Cuts the last segment after its last whole record, and removes a segment that has none.
fn cut_journal(run: &RunDirectory, kept: Option<&Kept>) -> Result<u64, LedgerError> {
    let mut dropped = 0;
    for segment in run.journal_segments()? {
        let name = RunDirectory::journal_name(segment);
        let length = run.open(&name)?.metadata()?.len();
        match kept {
            Some(kept) if segment < kept.head.segment => {}
            Some(kept) if segment == kept.head.segment => {
                dropped += length.saturating_sub(kept.valid);
                let file = files::open_to_change(run.path(), &name)?;
                file.set_len(kept.valid)?;
                // The next segment chains to this end, so it must outlast a power cut.
                file.sync_all()?;
            }
            _ => {
                dropped += length;
                fs_err::remove_file(run.file(&name))?;
            }
        }
    }
    Ok(dropped)
}

/// Where the payloads that are referred to end, by segment.
#[derive(Debug, Default)]
struct PayloadEnds {
    ends: BTreeMap<u32, u64>,
    /// The batches that are on record.
    batches: BTreeSet<u32>,
}

impl PayloadEnds {
    /// The samples' payloads, which no journal record refers to.
    fn of_samples(run: &RunDirectory, expected: Digest) -> Result<Self, LedgerError> {
        let mut ends = Self::default();
        ends.open(0);
        ends.extend_by(SampleRows::open(run)?)?;
        if run.digest("samples.jsonl")? != expected {
            let what = "the file does not match its digest in run.json";
            return Err(Damage::whole("samples.jsonl", what).into());
        }
        Ok(ends)
    }

    /// Takes in the payloads of `rows`.
    fn extend_by(&mut self, rows: SampleRows) -> Result<(), LedgerError> {
        for row in rows {
            let payload = row?.payload;
            self.open(payload.segment);
            self.extend(&payload);
        }
        Ok(())
    }

    fn open(&mut self, segment: u32) {
        self.ends.entry(segment).or_insert(MAGIC.len() as u64);
    }

    fn extend(&mut self, reference: &PayloadRef) {
        let end = self.ends.entry(reference.segment).or_default();
        *end = (*end).max(end_of(reference));
    }

    fn note(&mut self, run: &RunDirectory, event: &Event) -> Result<(), LedgerError> {
        match event {
            Event::SegmentOpened {
                payload_segment, ..
            } => self.open(*payload_segment),
            Event::BatchPlanned { batch, file, .. } => self.take_batch(run, *batch, *file)?,
            _ => {}
        }
        if let Some(reference) = event.payload() {
            self.extend(&reference);
        }
        Ok(())
    }

    /// Takes in the samples of `batch`, which the journal records with the digest `expected`.
    fn take_batch(
        &mut self,
        run: &RunDirectory,
        batch: u32,
        expected: Digest,
    ) -> Result<(), LedgerError> {
        self.extend_by(SampleRows::of_batch(run, batch)?)?;
        let name = RunDirectory::batch_name(batch);
        if run.digest(&name)? != expected {
            let what = "the file does not match its digest in the journal";
            return Err(Damage::whole(name, what).into());
        }
        self.batches.insert(batch);
        Ok(())
    }

    /// First segment that is free for what the journal records.
    fn next_segment(&self) -> u32 {
        let segments = self.ends.keys().rev();
        let mut own = segments.filter(|segment| batch_of_payload_segment(**segment).is_none());
        own.next().map_or(0, |segment| segment + 1)
    }

    /// Cuts off payloads that no record refers to.
    fn cut(&self, run: &RunDirectory, lengths: &BTreeMap<u32, u64>) -> Result<(), LedgerError> {
        for (segment, length) in lengths {
            let name = segment_name(*segment);
            match self.ends.get(segment) {
                None => fs_err::remove_file(run.file(&name))?,
                Some(end) if end < length => {
                    files::open_to_change(run.path(), &name)?.set_len(*end)?;
                }
                Some(_) => {}
            }
        }
        Ok(())
    }
}
