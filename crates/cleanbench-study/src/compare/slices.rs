//! The same comparison in parts of a task, by fields of its samples.
//!
//! Invariant: slices are exploration. Their p-values are adjusted by Benjamini and Hochberg over all
//! slices of the comparison, their intervals are those that go with it ([`super::rates`]), and a worst slice is named even
//! where nothing is significant, with what it is.

use std::collections::BTreeMap;

use cleanbench_core::Reducer;
use serde::Serialize;

use super::ItemPair;
use super::Options;
use super::TaskComparison;
use super::finding::{Finding, Verdict};
use super::measure::Measure;
use super::missing::ByMissing;
use super::rates::Rates;

/// The two sides in one slice of a task.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct SliceComparison {
    /// The field.
    pub field: String,
    /// Its value.
    pub value: String,
    /// The result; p is adjusted by Benjamini and Hochberg over all slices of the comparison.
    pub finding: Finding,
    /// The difference by every way to count what is missing.
    pub measured: ByMissing,
}

/// The slice in which the candidate loses most.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct WorstSlice {
    /// Name of the task.
    pub task: String,
    /// The field.
    pub field: String,
    /// Its value.
    pub value: String,
    /// What was found there.
    pub finding: Finding,
}

/// The samples of a task with one value in one field.
#[derive(Debug)]
pub(super) struct Slice<'a> {
    field: &'a str,
    value: &'a str,
    pairs: Vec<ItemPair<'a>>,
}

/// The slices of a task, fields and values in alphabetical order.
pub(super) fn of_task<'a>(pairs: &[ItemPair<'a>]) -> Vec<Slice<'a>> {
    let mut slices: BTreeMap<&(String, String), Vec<ItemPair<'a>>> = BTreeMap::new();
    for pair in pairs {
        for slice in pair.base.slices.iter() {
            slices.entry(slice).or_default().push(*pair);
        }
    }
    let slices = slices.into_iter();
    let slices = slices.map(|((field, value), pairs)| Slice {
        field,
        value,
        pairs,
    });
    slices.collect()
}

impl Slice<'_> {
    /// What is found in it, before p is adjusted.
    pub(super) fn compared(
        &self,
        reducer: Reducer,
        options: &Options,
        rates: Rates,
    ) -> SliceComparison {
        let measured = ByMissing::of(&self.pairs, reducer, rates);
        SliceComparison {
            field: self.field.to_owned(),
            value: self.value.to_owned(),
            finding: Finding::of(&measured, options.missing, rates),
            measured,
        }
    }
}

/// The slice with the largest loss that is significant; where none is, the one with the largest loss.
pub(super) fn worst(tasks: &[TaskComparison]) -> Option<WorstSlice> {
    let slices = tasks
        .iter()
        .flat_map(|task| task.slices.iter().map(|slice| (&task.task, slice)));
    let lost = slices.filter(|(_, slice)| slice.finding.delta.is_some_and(|delta| delta < 0.0));
    let rank = |slice: &SliceComparison| {
        let found = slice.finding.verdict == Verdict::Worse;
        (!found, slice.finding.delta.unwrap_or_default())
    };
    let worst = lost.min_by(|(_, one), (_, other)| {
        let ((one_found, one), (other_found, other)) = (rank(one), rank(other));
        one_found.cmp(&other_found).then(one.total_cmp(&other))
    });
    worst.map(|(task, slice)| WorstSlice {
        task: task.clone(),
        field: slice.field.clone(),
        value: slice.value.clone(),
        finding: slice.finding.clone(),
    })
}

impl SliceComparison {
    /// The difference by the declared way; by bounds, what speaks against the candidate.
    pub fn declared(&self) -> Option<&Measure> {
        self.measured.declared(self.finding.missing)
    }
}
