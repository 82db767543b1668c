//! Do references cover the payload segments without a gap, and is every erasure on record?
//!
//! Nothing may stand in a payload segment that no sample and no record refers to, so a text that was put there or
//! forgotten is found. It says nothing of the payloads themselves.

use std::collections::{BTreeMap, BTreeSet};

use cleanbench_core::event::PayloadRef;
use cleanbench_core::shard::batch_of_payload_segment;
use cleanbench_ledger::payload::{MAGIC, segment_name};
use cleanbench_ledger::{Damage, PayloadReader, RunDirectory};

use super::{Standing, Verification};
use crate::ReportError;

/// What of the payload segments is referred to.
pub(super) struct Coverage {
    /// `None` where the folder of them was left out.
    pub(super) payloads: Option<PayloadReader>,
    pub(super) extents: Extents,
    pub(super) erasures: Erasures,
    /// Batches that are on record.
    pub(super) batches: BTreeSet<u32>,
    /// References in `samples.jsonl` cannot be trusted, so gaps mean nothing.
    pub(super) samples_damaged: bool,
}

/// Where what was referred to so far ends, by segment.
#[derive(Default)]
pub(super) struct Extents(BTreeMap<u32, u64>);

impl Extents {
    /// Expects payloads in `segment`.
    pub(super) fn open(&mut self, segment: u32) {
        self.0.entry(segment).or_insert(MAGIC.len() as u64);
    }

    /// Takes in a payload, which must follow the one before it, or be one that was seen already.
    pub(super) fn extend(&mut self, reference: &PayloadRef) -> Option<Damage> {
        let start = MAGIC.len() as u64;
        let end = self.0.entry(reference.segment).or_insert(start);
        let before = *end;
        *end = before.max(reference.offset + u64::from(reference.length));
        let gap = || {
            let what = "bytes that no record refers to";
            Damage::at_byte(segment_name(reference.segment), before, what)
        };
        (reference.offset > before).then(gap)
    }
}

/// Payloads that were zeroed by segment and offset, and whether that is on record.
#[derive(Default)]
pub(super) struct Erasures(BTreeMap<(u32, u64), bool>);

impl Erasures {
    /// The payload was found zeroed.
    pub(super) fn note(&mut self, reference: &PayloadRef) {
        let place = (reference.segment, reference.offset);
        self.0.entry(place).or_insert(false);
    }

    /// A record says that the payload was zeroed.
    pub(super) fn allow(&mut self, reference: &PayloadRef) {
        self.0.insert((reference.segment, reference.offset), true);
    }
}

impl Coverage {
    pub(super) fn new(run: &RunDirectory, has_payloads: bool) -> Self {
        Self {
            payloads: has_payloads.then(|| PayloadReader::new(run.path())),
            extents: Extents::default(),
            erasures: Erasures::default(),
            batches: BTreeSet::new(),
            samples_damaged: false,
        }
    }

    /// A file of a batch that no record names: left by a killed writer, or by somebody else.
    fn note_stray(name: String, ended: bool, found: &mut Verification) {
        if ended {
            found.damage(Damage::whole(name, "no record refers to this file"));
        } else {
            let what = "the killed writer left samples that were not planned";
            found
                .notes
                .push(format!("{name}: {what}; `--resume` removes them"));
        }
    }

    /// Nothing may follow the last payload of a segment, and every erasure must be on record.
    pub(super) fn close(
        &self,
        run: &RunDirectory,
        ended: bool,
        found: &mut Verification,
    ) -> Result<(), ReportError> {
        for batch in run.batches()? {
            if !self.batches.contains(&batch) {
                Self::note_stray(RunDirectory::batch_name(batch), ended, found);
            }
        }
        let Some(payloads) = self.payloads.as_ref().filter(|_| !self.samples_damaged) else {
            return Ok(());
        };
        for segment in run.payload_segments()? {
            let name = segment_name(segment);
            let (length, magic) = payloads.segment(segment)?;
            if !magic && (ended || length >= MAGIC.len() as u64) {
                found.damage(Damage::at_byte(name.clone(), 0, "not a payload segment"));
            }
            let own = |segment: &u32| batch_of_payload_segment(*segment).is_none();
            let last = self.extents.0.keys().rev().find(|segment| own(segment));
            let last = last.is_none_or(|last| segment >= *last) && own(&segment);
            match self.extents.0.get(&segment) {
                Some(end) if *end == length => {}
                None if !own(&segment) => Self::note_stray(name, ended, found),
                end if last && !ended && end.is_none_or(|end| *end < length) => found.notes.push(format!(
                    "{name}: the killed writer left a payload that no record refers to; `--resume` cuts it off"
                )),
                Some(end) => found.damage(Damage::at_byte(
                    name,
                    *end,
                    "bytes that no record refers to",
                )),
                None => found.damage(Damage::whole(name, "no record refers to this segment")),
            }
        }
        for ((segment, offset), recorded) in &self.erasures.0 {
            if !recorded {
                let what = "the payload was zeroed without a record of it";
                found.damage(Damage::at_byte(segment_name(*segment), *offset, what));
            }
        }
        if self.erasures.0.values().any(|recorded| *recorded) {
            let what = "erased payloads: their judgements are recorded, not recomputable";
            found.weaken(Standing::InPart, what);
        }
        Ok(())
    }
}
