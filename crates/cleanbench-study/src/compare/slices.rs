//! The same comparison in parts of a task, by fields of its samples.
//!
//! Invariant: slices are exploration. Their p-values are adjusted by Benjamini and Hochberg over all
//! slices of the comparison, and a worst slice is named even where nothing is significant, with what it is.

use std::collections::BTreeMap;

use cleanbench_core::Reducer;
use serde::Serialize;

use super::ItemPair;
use super::Options;
use super::TaskComparison;
use super::finding::{Finding, Verdict};
use super::measure::Measure;
use super::missing::ByMissing;

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

/// Compares every slice of a task, fields and values in alphabetical order.
pub(super) fn of_task(
    pairs: &[ItemPair<'_>],
    reducer: Reducer,
    options: &Options,
) -> Vec<SliceComparison> {
    let mut slices: BTreeMap<&(String, String), Vec<ItemPair<'_>>> = BTreeMap::new();
    for pair in pairs {
        for slice in pair.base.slices.iter() {
            slices.entry(slice).or_default().push(*pair);
        }
    }
    let compared = slices.into_iter().map(|((field, value), pairs)| {
        let measured = ByMissing::of(&pairs, reducer, options.policy().rules);
        SliceComparison {
            field: field.clone(),
            value: value.clone(),
            finding: Finding::of(&measured, options.missing),
            measured,
        }
    });
    compared.collect()
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
