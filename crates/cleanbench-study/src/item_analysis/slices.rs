//! Which part of a task a model is worst at.
//!
//! Method: for scores of 0 and 1 of independent samples, Fisher's exact test of the slice against the rest
//! of the task and Newcombe's interval; p-values are adjusted by Benjamini and Hochberg over all slices,
//! models and tasks. Other scores have no test here, and say so.

use std::collections::BTreeMap;

use cleanbench_stats::Confidence;
use cleanbench_stats::difference::newcombe;
use cleanbench_stats::exact::fisher_two_sided;
use cleanbench_stats::multiplicity::benjamini_hochberg;
use serde::Serialize;

use super::{Answers, TaskAnalysis};
use crate::compare::{ALPHA, is_binary};
use cleanbench_items::{Filling, Rules};

/// A model's score in a slice, against the rest of the task.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct SliceScore {
    /// The run.
    pub run: String,
    /// Name of the model.
    pub model: String,
    /// The field.
    pub field: String,
    /// Its value.
    pub value: String,
    /// Samples in it.
    pub n: u64,
    /// Mean score in it.
    pub score: f64,
    /// Samples in the rest.
    pub rest_n: u64,
    /// Mean score in the rest.
    pub rest: f64,
    /// Slice minus rest.
    pub delta: f64,
    /// Lower end of its 95 % interval.
    pub low: Option<f64>,
    /// Upper end.
    pub high: Option<f64>,
    /// Methods of interval and test, or why there are none.
    pub method: &'static str,
    /// Two-sided p-value.
    pub p: Option<f64>,
    /// The same, adjusted over all slices.
    pub adjusted_p: Option<f64>,
}

/// Every slice of a task at every respondent that does not hold all of its samples.
pub(super) fn of_task(answers: &[Answers<'_>], rules: Rules) -> Vec<SliceScore> {
    let each = answers.iter();
    each.flat_map(|answers| of_respondent(answers, rules))
        .collect()
}

fn of_respondent(answers: &Answers<'_>, rules: Rules) -> Vec<SliceScore> {
    let mut scores = Vec::new();
    let mut slices: BTreeMap<&(String, String), Vec<usize>> = BTreeMap::new();
    for item in &answers.items {
        let Some(score) = item.score(answers.reducer, Filling::LeftOut) else {
            continue;
        };
        for slice in item.slices.iter() {
            slices.entry(slice).or_default().push(scores.len());
        }
        scores.push(score);
    }
    let independent = answers.items.iter().all(|item| item.cluster.is_none());
    let slices = slices.into_iter();
    let found = slices.filter_map(|(slice, places)| {
        let (mut inside, mut rest) = (Vec::new(), Vec::new());
        let mut places = places.into_iter().peekable();
        for (place, score) in scores.iter().enumerate() {
            let side = if places.next_if_eq(&place).is_some() {
                &mut inside
            } else {
                &mut rest
            };
            side.push(*score);
        }
        let (field, value) = slice;
        let divided = Divided {
            field,
            value,
            inside: &inside,
            rest: &rest,
            rules,
        };
        score(answers, &divided, independent)
    });
    found.collect()
}

/// The scores of a task, divided by a value of a field.
struct Divided<'a> {
    field: &'a str,
    value: &'a str,
    inside: &'a [f64],
    rest: &'a [f64],
    rules: Rules,
}

fn score(answers: &Answers<'_>, divided: &Divided<'_>, independent: bool) -> Option<SliceScore> {
    let (inside, rest) = (divided.inside, divided.rest);
    let mean = |values: &[f64]| divided.rules.mean(values.iter().copied());
    let (one, other) = (mean(inside)?, mean(rest)?);
    let who = answers.side.who();
    let count = |values: &[f64]| u64::try_from(values.len()).unwrap_or(u64::MAX);
    let mut found = SliceScore {
        run: who.run,
        model: who.model,
        field: divided.field.to_owned(),
        value: divided.value.to_owned(),
        n: count(inside),
        score: one,
        rest_n: count(rest),
        rest: other,
        delta: one - other,
        low: None,
        high: None,
        method: if independent {
            "not_rates"
        } else {
            "clustered"
        },
        p: None,
        adjusted_p: None,
    };
    if independent && is_binary(inside) && is_binary(rest) {
        let hits = |values: &[f64]| {
            u64::try_from(values.iter().filter(|value| **value > 0.5).count()).unwrap_or(u64::MAX)
        };
        let table = (hits(inside), found.n, hits(rest), found.rest_n);
        let interval = newcombe(table.0, table.1, table.2, table.3, Confidence::PERCENT_95);
        found.low = interval.map(|(_, low, _)| low);
        found.high = interval.map(|(_, _, high)| high);
        found.p = Some(fisher_two_sided(table.0, table.1, table.2, table.3));
        found.method = "newcombe, fisher_exact";
    }
    Some(found)
}

/// Adjusts the p-values of all slices of `tasks` together.
pub(super) fn adjust(tasks: &mut [TaskAnalysis]) {
    let mut slices: Vec<_> = tasks.iter_mut().flat_map(|task| &mut task.slices).collect();
    let raw: Vec<f64> = slices.iter().filter_map(|slice| slice.p).collect();
    let mut adjusted = benjamini_hochberg(&raw).into_iter();
    for slice in &mut slices {
        slice.adjusted_p = slice.p.and_then(|_| adjusted.next());
    }
}

/// The slice that is furthest below the rest, of those that are so beyond chance if there are any.
pub(super) fn worst(tasks: &[TaskAnalysis]) -> Option<(String, SliceScore)> {
    let slices = tasks
        .iter()
        .flat_map(|task| task.slices.iter().map(|slice| (&task.task, slice)));
    let below = slices.filter(|(_, slice)| slice.delta < 0.0);
    let by_chance = |slice: &SliceScore| slice.adjusted_p.is_none_or(|p| p > ALPHA);
    let worst = below.min_by(|(_, one), (_, other)| {
        let chance = by_chance(one).cmp(&by_chance(other));
        chance.then(one.delta.total_cmp(&other.delta))
    });
    worst.map(|(task, slice)| (task.clone(), slice.clone()))
}
