//! The tests of one model and task, adjusted together.
//!
//! Invariant: every test of a family is adjusted for all of them, those of measures too.

use cleanbench_core::probe::Finding;
use cleanbench_stats::multiplicity;

use super::beyond::{at_worst, beyond_bias};
use super::values;
use crate::verdict::SUSPECTED;

/// The adjusted p-values of a test.
#[derive(Debug, Clone, Copy)]
pub(super) struct Adjusted {
    /// With what is missing taken for the worst.
    pub(super) p: f64,
    /// Of the answers that say something alone.
    pub(super) of_valid: f64,
    /// Of all, for "no more than the bias that was measured"; the same as `p` where none was.
    pub(super) beyond: f64,
}

/// The level of the smallest p-value of a family of so many tests, by Holm's method.
#[expect(
    clippy::cast_precision_loss,
    reason = "a family has a handful of members"
)]
pub(super) fn level(tests: usize) -> f64 {
    SUSPECTED / tests.max(1) as f64
}

/// The tests of a family: of the hits of each finding, and of its measures where it has them.
pub(super) struct Family {
    pub(super) hits: Vec<Adjusted>,
    pub(super) values: Vec<Option<Adjusted>>,
}

impl Family {
    pub(super) fn adjusted(judged: &[&Finding]) -> Self {
        let of_valid = |one: &&Finding| one.contrast.as_ref().map_or(1.0, |contrast| contrast.p);
        let worst = |one: &&Finding| at_worst(one, |contrast| contrast.p, f64::max).unwrap_or(1.0);
        let all = |hits: fn(&&Finding) -> f64, values: fn(&Finding) -> Option<f64>| {
            let values = judged.iter().filter_map(|one| values(one));
            multiplicity::holm(&judged.iter().map(hits).chain(values).collect::<Vec<_>>())
        };
        let beyond = |one: &&Finding| {
            let p = at_worst(one, |contrast| contrast.p, f64::max).unwrap_or(1.0);
            p.max(beyond_bias(one).unwrap_or(0.0))
        };
        let both = all(worst, values::p).into_iter();
        let both = both.zip(all(of_valid, values::p_of_valid));
        let three = both.zip(all(beyond, values::p_beyond));
        let mut both = three.map(|((p, of_valid), beyond)| Adjusted {
            p,
            of_valid,
            beyond,
        });
        Self {
            hits: both.by_ref().take(judged.len()).collect(),
            values: judged
                .iter()
                .map(|one| one.values.as_ref().and_then(|_| both.next()))
                .collect(),
        }
    }

    /// The level of its smallest p-value.
    pub(super) fn level(&self) -> f64 {
        level(self.hits.len() + self.values.iter().flatten().count())
    }

    /// The p-values of measures of the findings at `places`; none at all where no finding has any.
    pub(super) fn told_of_values(
        &self,
        places: impl Iterator<Item = Option<usize>>,
    ) -> Vec<Option<f64>> {
        if self.values.iter().all(Option::is_none) {
            return Vec::new();
        }
        let told = places.map(|place| Some(self.values[place?]?.p));
        told.collect()
    }
}
