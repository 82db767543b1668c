//! Runs of several parts: what a shard has of its own, and which chains of journal segments a run has.
//!
//! All shards of a run have one identity, drawn from what they must agree on, so that a call has the same
//! identity whoever makes it. A merged run holds the segments of every shard unchanged, a chain for each;
//! who goes on with it opens a chain of its own that starts from the heads of all others.

use std::collections::BTreeMap;

use cleanbench_core::shard::JOURNAL_STRIDE;
use cleanbench_core::{Digest, Event, RunId, Shard, canonical};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::note::Note;
use crate::record::SegmentHead;
use crate::record::{genesis, merge_genesis};
use crate::{Damage, LedgerError, Manifest, Plan, RunDirectory};

/// What a run was put together from.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Merged {
    /// Number of shards that the run was cut into.
    pub count: u32,
    /// Those that are here, by number.
    pub shards: Vec<MergedShard>,
}

impl Merged {
    /// Heads of the journal segments of all shards.
    pub fn heads(&self) -> impl Iterator<Item = &SegmentHead> {
        self.shards.iter().flat_map(|shard| &shard.segments)
    }
}

/// A shard within a merged run.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct MergedShard {
    /// Its number, from 1.
    pub index: u32,
    /// What its plan had of its own.
    pub own: Own,
    /// Digest of its plan, as its journal holds it.
    pub plan: Digest,
    /// Heads of its journal segments.
    pub segments: Vec<SegmentHead>,
}

/// What the plan of a shard has of its own; everything else is the same in all shards.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Own {
    /// When it was planned, UTC.
    pub created: String,
    /// SHA-256 of its `samples.jsonl`, in which every shard has salts of its own.
    pub samples_digest: Digest,
    /// How much may be asked of each model at once; `null` where its endpoint says nothing of it.
    pub limits: Vec<Value>,
    /// What people were told where it was planned: of a key that is not set there, say.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub notes: Vec<Note>,
}

const LIMITS: &str = "limits";

impl Plan {
    /// What this plan has of its own among the shards of a run.
    pub fn own(&self) -> Own {
        let limits = |endpoint: &Value| endpoint.get(LIMITS).cloned().unwrap_or_default();
        Own {
            created: self.created.clone(),
            samples_digest: self.samples_digest,
            limits: self
                .models
                .iter()
                .map(|model| limits(&model.endpoint))
                .collect(),
            notes: self.notes.clone(),
        }
    }

    /// The plan of the shard that has `own`, where this is the plan of another one.
    #[must_use]
    pub fn with(&self, own: &Own) -> Self {
        let mut plan = self.clone();
        plan.created.clone_from(&own.created);
        plan.samples_digest = own.samples_digest;
        plan.notes.clone_from(&own.notes);
        for (model, limits) in plan.models.iter_mut().zip(&own.limits) {
            let Some(fields) = model.endpoint.as_object_mut() else {
                continue;
            };
            if limits.is_null() {
                fields.remove(LIMITS);
            } else {
                fields.insert(LIMITS.to_owned(), limits.clone());
            }
        }
        plan
    }

    /// What all shards of a run must have in common.
    #[must_use]
    pub fn common(&self) -> Self {
        self.with(&Own {
            created: String::new(),
            samples_digest: Digest([0; 32]),
            limits: vec![Value::Null; self.models.len()],
            notes: Vec::new(),
        })
    }

    /// The identity of the run of which this is planned in `count` shards.
    ///
    /// # Errors
    /// Never for a plan that was read from JSON.
    pub fn sharded_id(&self, count: u32) -> Result<RunId, serde_json::Error> {
        let common = canonical::of(&self.common())?;
        let parts: [&[u8]; 2] = [&common, &count.to_le_bytes()];
        Ok(RunId::from_digest(Digest::of(
            "cleanbench/sharded-run/1",
            &parts,
        )))
    }
}

/// What the journal says of the plans that its chains belong to.
#[derive(Debug, Default)]
pub struct RecordedPlans {
    plans: BTreeMap<Option<Shard>, Digest>,
    inputs: BTreeMap<Option<Shard>, BTreeMap<String, Digest>>,
}

impl RecordedPlans {
    /// Takes in an event that `part` recorded.
    pub fn note(&mut self, event: &Event, part: Option<Shard>) {
        match event {
            Event::Planned { plan } => {
                self.plans.insert(part, *plan);
            }
            Event::InputAdded { path, digest, .. } => {
                let inputs = self.inputs.entry(part).or_default();
                inputs.insert(path.clone(), *digest);
            }
            _ => {}
        }
    }

    /// Whether no other plan is on record than that of `manifest`, nor a plan where none belongs.
    ///
    /// # Errors
    /// Never for a plan that was read from JSON.
    pub fn agree(&self, manifest: &Manifest) -> Result<bool, LedgerError> {
        let planners = manifest.planners();
        for (part, recorded) in &self.plans {
            let planned = manifest.planned_by(*part).map_err(std::io::Error::from)?;
            if !planners.contains(part) || planned != *recorded {
                return Ok(false);
            }
        }
        Ok(true)
    }

    /// Whether every plan is on record with all its inputs.
    pub fn are_whole(&self, manifest: &Manifest) -> bool {
        let none = BTreeMap::new();
        let whole = |part: &Option<Shard>| {
            let inputs = self.inputs.get(part).unwrap_or(&none);
            self.plans.contains_key(part) && *inputs == manifest.plan.inputs
        };
        manifest.planners().iter().all(whole)
    }
}

/// A chain of journal segments.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Chain {
    /// The shard whose calls it records; `None` for all calls.
    pub(crate) part: Option<Shard>,
    /// Number of its first segment.
    pub(crate) first: u32,
    /// Where it must end; `None` while it may grow.
    pub(crate) heads: Option<Vec<SegmentHead>>,
}

impl Chain {
    fn growing(part: Option<Shard>, first: u32) -> Self {
        Self {
            part,
            first,
            heads: None,
        }
    }

    /// Whether its segments end before number `segment`.
    fn ends_before(&self, segment: u32) -> bool {
        let length = self.heads.as_ref().map(Vec::len);
        length.is_some_and(|length| (segment - self.first) as usize >= length)
    }
}

impl Manifest {
    /// The journal's chains, in the order in which they are read; only the last may grow.
    pub(crate) fn chains(&self) -> Vec<Chain> {
        let Some(merged) = &self.merged else {
            return vec![Chain::growing(self.shard, self.first_segments().0)];
        };
        let shards = merged.shards.iter().filter_map(|shard| {
            let part = Shard::new(shard.index, merged.count)?;
            Some(Chain {
                part: Some(part),
                first: part.first_segment(),
                heads: Some(shard.segments.clone()),
            })
        });
        let own = Chain::growing(None, self.first_segments().0);
        shards.chain([own]).collect()
    }

    /// First journal and payload segment of the chain that grows.
    pub fn first_segments(&self) -> (u32, u32) {
        match (&self.merged, self.shard) {
            (Some(merged), _) => Shard::after_all(merged.count),
            (None, Some(shard)) => (shard.first_segment(), shard.first_payload_segment()),
            (None, None) => (0, 0),
        }
    }

    /// The hash before the first record of the chain of `part`.
    pub(crate) fn origin(&self, part: Option<Shard>) -> Digest {
        match (&self.merged, part) {
            (Some(merged), None) => merge_genesis(&self.run, merged.heads()),
            _ => genesis(&self.run),
        }
    }

    /// Digest of the plan that the chain of `part` must hold.
    ///
    /// # Errors
    /// Never for a plan that was read from JSON.
    pub fn planned_by(&self, part: Option<Shard>) -> Result<Digest, serde_json::Error> {
        let merged = self.merged.iter().flat_map(|merged| &merged.shards);
        let mut shards = merged.filter(|shard| part.is_some_and(|part| part.index == shard.index));
        match shards.next() {
            Some(shard) => self.plan.with(&shard.own).digest(),
            None => self.plan.digest(),
        }
    }

    /// The shards whose plans the journal must hold; one `None` where the run is not merged.
    pub fn planners(&self) -> Vec<Option<Shard>> {
        match &self.merged {
            None => vec![self.shard],
            Some(merged) => {
                let part = |shard: &MergedShard| Shard::new(shard.index, merged.count);
                merged.shards.iter().map(part).collect()
            }
        }
    }

    /// What people were told when the run was planned, each thing once, however many shards it was said to.
    pub fn planning_notes(&self) -> impl Iterator<Item = &Note> {
        let shards = self.merged.iter().flat_map(|merged| &merged.shards);
        let all: Vec<_> = shards.flat_map(|shard| &shard.own.notes).collect();
        let rest = all.clone().into_iter().enumerate();
        let rest = rest.filter(move |(position, note)| {
            !self.plan.notes.contains(note) && !all[..*position].contains(note)
        });
        self.plan.notes.iter().chain(rest.map(|(_, note)| note))
    }

    /// Numbers of the shards that a merged run lacks.
    pub fn lacking(&self) -> Vec<u32> {
        let Some(merged) = &self.merged else {
            return Vec::new();
        };
        let here = |index: &u32| merged.shards.iter().any(|shard| shard.index == *index);
        (1..=merged.count).filter(|index| !here(index)).collect()
    }

    /// Refuses shards that cannot be, and an identity that does not follow from the plan.
    pub(crate) fn check_parts(&self) -> Result<(), LedgerError> {
        let damage = |what| Err(Damage::whole("run.json", what).into());
        let count = match (&self.merged, self.shard) {
            (None, None) => return Ok(()),
            (Some(_), Some(_)) => return damage("is that of a shard and of a merged run at once"),
            (None, Some(shard)) if !shard.is_valid() => return damage("names no possible shard"),
            (None, Some(shard)) => shard.count,
            (Some(merged), None) => merged.count,
        };
        if let Some(merged) = &self.merged {
            let known = |shard: &MergedShard| Shard::new(shard.index, count).is_some();
            let sorted = merged
                .shards
                .is_sorted_by(|one, next| one.index < next.index);
            if merged.shards.is_empty() || !sorted || !merged.shards.iter().all(known) {
                return damage("names no possible shards");
            }
            if merged.shards[0].own != self.plan.own() {
                return damage("the plan of a merged run is not that of its first shard");
            }
            for shard in &merged.shards {
                let part = Shard::new(shard.index, count);
                if self.planned_by(part).map_err(std::io::Error::from)? != shard.plan {
                    return damage("the plan of a shard does not match its digest");
                }
            }
        }
        if self.plan.sharded_id(count).map_err(std::io::Error::from)? != self.run {
            return damage("the identity of the run does not follow from its plan and shards");
        }
        Ok(())
    }
}

/// The segments `found`, each with the position of its chain.
///
/// # Errors
/// When one is missing, or belongs to no chain.
pub(crate) fn lay_out(chains: &[Chain], found: &[u32]) -> Result<Vec<(u32, usize)>, Damage> {
    let mut placed = Vec::with_capacity(found.len());
    let mut rest = found.iter().copied().peekable();
    let mut next = 0;
    for (position, chain) in chains.iter().enumerate() {
        next = chain.first;
        while !chain.ends_before(next) && rest.next_if_eq(&next).is_some() {
            placed.push((next, position));
            next += 1;
        }
        if chain.heads.is_some() && !chain.ends_before(next) {
            return Err(missing(next));
        }
    }
    match rest.next() {
        None => Ok(placed),
        Some(stray) if stray > next && stray - next < JOURNAL_STRIDE => Err(missing(next)),
        Some(stray) => Err(Damage::whole(
            RunDirectory::journal_name(stray),
            "a segment that run.json has no place for",
        )),
    }
}

fn missing(segment: u32) -> Damage {
    Damage::whole(
        RunDirectory::journal_name(segment),
        "the segment is missing",
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn head(segment: u32) -> SegmentHead {
        SegmentHead {
            segment,
            records: 1,
            head: Digest([0; 32]),
        }
    }

    #[test]
    fn segments_find_their_chains_and_gaps_are_named() {
        let shard = |index, segments: &[u32]| Chain {
            part: Shard::new(index, 2),
            first: index * JOURNAL_STRIDE,
            heads: Some(segments.iter().copied().map(head).collect()),
        };
        let chains = [
            shard(1, &[1000, 1001]),
            shard(2, &[2000]),
            Chain::growing(None, 3000),
        ];
        let whole = [1000, 1001, 2000, 3000, 3001];
        let places = lay_out(&chains, &whole).unwrap();
        let positions: Vec<_> = places.iter().map(|(_, position)| *position).collect();
        assert_eq!(positions, [0, 0, 1, 2, 2]);
        for (found, named) in [
            (&[1000, 2000][..], "journal/01001.jsonl"),
            (&[1000, 1001], "journal/02000.jsonl"),
            (&[1000, 1001, 2000, 3001], "journal/03000.jsonl"),
            (&[1000, 1001, 2000, 2001], "journal/02001.jsonl"),
            (&[0, 1000, 1001, 2000], "journal/01000.jsonl"),
        ] {
            assert_eq!(
                lay_out(&chains, found).unwrap_err().file,
                named,
                "{found:?}"
            );
        }
    }
}
