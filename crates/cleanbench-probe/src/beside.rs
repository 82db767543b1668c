//! A model beside others that cannot have seen the items: what they restore too is guessed, and what they find as
//! likely is no sign of memory.
//!
//! Invariant: an item that leaves the test leaves it whatever was answered about it, in pairs with its partner, and
//! stands in the counts of what was left out.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};

use cleanbench_core::Outcome;
use cleanbench_core::event::RecordedScore;
use cleanbench_core::probe::{Arm, ProbeCall, Seen};

/// Why an item leaves the test that a reference restores.
pub const GUESSED: &str = "a reference model restores it";
/// Why one leaves it that no reference has weighed.
pub const UNWEIGHED: &str = "no reference model weighs it";

/// An item that a call is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct About {
    /// Its arm.
    pub arm: Arm,
    /// Its position in it.
    pub item: usize,
}

impl About {
    /// What `call` is about.
    pub fn of(call: &ProbeCall) -> Self {
        Self {
            arm: call.arm,
            item: call.item,
        }
    }
}

/// The judgement that decides about each item: that of the last call about it, where it was answered in form.
fn decided<'a>(calls: &[ProbeCall], seen: &'a [Seen]) -> BTreeMap<About, &'a RecordedScore> {
    let mut decided = BTreeMap::new();
    for (call, seen) in calls.iter().zip(seen) {
        let score = seen.score.as_ref();
        let score = score.filter(|score| score.extraction_failure.is_none());
        match score.filter(|_| seen.outcome == Outcome::Answered) {
            Some(score) => decided.insert(About::of(call), score),
            None => decided.remove(&About::of(call)),
        };
    }
    decided
}

/// The items that a model restored whose `calls` ended as `seen`.
pub fn restored(calls: &[ProbeCall], seen: &[Seen]) -> BTreeSet<About> {
    let decided = decided(calls, seen).into_iter();
    let restored = decided.filter(|(_, score)| score.value >= 1.0);
    restored.map(|(about, _)| about).collect()
}

/// What it showed of each item, as far as its probe measures that.
pub fn measured(calls: &[ProbeCall], seen: &[Seen]) -> BTreeMap<About, f64> {
    let decided = decided(calls, seen).into_iter();
    let measured = decided.filter_map(|(about, score)| Some((about, score.measure?)));
    measured.collect()
}

/// The mean of what several models showed of each item, over those that showed any.
pub fn mean_of<'a>(
    all: impl IntoIterator<Item = &'a BTreeMap<About, f64>>,
) -> BTreeMap<About, f64> {
    let mut each: BTreeMap<About, Vec<f64>> = BTreeMap::new();
    for (about, measure) in all.into_iter().flatten() {
        each.entry(*about).or_default().push(*measure);
    }
    let means = each.into_iter();
    let mean = |(about, all): (About, Vec<f64>)| Some((about, cleanbench_stats::mean(all)?));
    means.filter_map(mean).collect()
}

/// Leaves `guessed` out of the test, of the items that `calls` are about.
pub fn leave_out(guessed: &BTreeSet<About>, calls: &[ProbeCall], seen: &mut [Seen]) {
    for (call, seen) in calls.iter().zip(seen) {
        if guessed.contains(&About::of(call)) {
            seen.left_out = Some(GUESSED);
        }
    }
}

/// Puts the difference to what others showed on average in place of what was seen of each item: a hit is what shows
/// more of it than they do. What they did not weigh leaves the test.
pub fn set_against(others: &BTreeMap<About, f64>, calls: &[ProbeCall], seen: &mut [Seen]) {
    for (call, seen) in calls.iter().zip(seen) {
        let Some(other) = others.get(&About::of(call)) else {
            seen.left_out = Some(UNWEIGHED);
            continue;
        };
        let Some(score) = &mut seen.score else {
            continue;
        };
        if score.extraction_failure.is_some() {
            continue;
        }
        match score.measure {
            Some(own) => {
                score.value = f64::from(u8::from(own > *other));
                score.measure = Some(own - other);
            }
            None => seen.left_out = Some(UNWEIGHED),
        }
    }
}

/// The calls that stay in the test.
pub(crate) struct LeftIn<'a> {
    pub(crate) calls: Cow<'a, [ProbeCall]>,
    pub(crate) seen: Vec<Seen>,
    /// Items that were left out, by reason.
    pub(crate) left_out: BTreeMap<&'static str, u64>,
}

impl<'a> LeftIn<'a> {
    /// Those of `calls`, one an item, that ended as `seen`; in pairs both or neither.
    pub(crate) fn of(is_paired: bool, calls: &'a [ProbeCall], seen: Vec<Seen>) -> Self {
        let unit = |call: &ProbeCall| {
            let about = About::of(call);
            let arm = if is_paired { Arm::Suspect } else { about.arm };
            About { arm, ..about }
        };
        let mut reasons: BTreeMap<About, &'static str> = BTreeMap::new();
        for (call, seen) in calls.iter().zip(&seen) {
            if let Some(reason) = seen.left_out {
                reasons.entry(unit(call)).or_insert(reason);
            }
        }
        let mut left_out = BTreeMap::new();
        if reasons.is_empty() {
            return Self {
                calls: Cow::Borrowed(calls),
                seen,
                left_out,
            };
        }
        let mut kept = (Vec::new(), Vec::new());
        // What has not ended is about an item all the same.
        let ended = seen.into_iter().map(Some).chain(std::iter::repeat(None));
        for (call, seen) in calls.iter().zip(ended) {
            match reasons.get(&unit(call)) {
                Some(reason) => *left_out.entry(*reason).or_insert(0) += 1,
                None => {
                    kept.0.push(call.clone());
                    kept.1.push(seen.unwrap_or(Seen::ended(Outcome::Skipped, None)));
                }
            }
        }
        Self {
            calls: Cow::Owned(kept.0),
            seen: kept.1,
            left_out,
        }
    }
}
