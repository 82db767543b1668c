//! Samples without an answer: three declared ways to count them.
//!
//! An error is no wrong answer, and leaving it out is no fair sample either, since hard samples fail more
//! often. So a comparison always computes all three, and concludes from the declared one.
//!
//! Invariant: the declared way is chosen before looking, and stands beside the result.

use serde::{Deserialize, Serialize};

use super::ItemPair;
use super::measure::{Cluster, Measure, PairedScores};
use cleanbench_core::Reducer;
use cleanbench_items::{Both, Filling, Item, Rules};

/// What becomes of samples without an answer.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Missing {
    /// Only pairs with an answer on both sides count.
    #[default]
    Complete,
    /// An answer that is missing counts as wrong, on either side.
    ErrorAsWrong,
    /// What speaks most against the candidate, and what speaks most for it: something is concluded only if
    /// both agree.
    Bounds,
}

impl Missing {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Complete, Self::ErrorAsWrong, Self::Bounds];

    /// The word used in files and on the command line.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Complete => "complete",
            Self::ErrorAsWrong => "error_as_wrong",
            Self::Bounds => "bounds",
        }
    }
}

/// The difference with what is missing counted in each of the ways; `None` where no pair is left.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct ByMissing {
    /// Pairs with an answer on both sides.
    pub complete: Option<Measure>,
    /// All pairs, an error being wrong.
    pub error_as_wrong: Option<Measure>,
    /// All pairs, what is missing speaking against the candidate.
    pub worst: Option<Measure>,
    /// All pairs, what is missing speaking for the candidate.
    pub best: Option<Measure>,
}

impl ByMissing {
    /// Measures the pairs of `base` and `candidate` in every way.
    pub(crate) fn of(pairs: &[ItemPair<'_>], reducer: Reducer, rules: Rules) -> Self {
        let filled = |base: f64, candidate: f64| {
            let base = Filling::As(base);
            let candidate = Filling::As(candidate);
            scores(pairs, reducer, Both { base, candidate }, rules).measure(rules)
        };
        let is_whole = !pairs.iter().any(|pair| pair.any(Item::is_missing));
        let left_out = Both {
            base: Filling::LeftOut,
            candidate: Filling::LeftOut,
        };
        let complete = scores(pairs, reducer, left_out, rules).measure(rules);
        if is_whole {
            return Self {
                error_as_wrong: complete.clone(),
                worst: complete.clone(),
                best: complete.clone(),
                complete,
            };
        }
        Self {
            complete,
            error_as_wrong: filled(0.0, 0.0),
            worst: filled(1.0, 0.0),
            best: filled(0.0, 1.0),
        }
    }
}

fn scores<'a>(
    pairs: &[ItemPair<'a>],
    reducer: Reducer,
    filling: Both<Filling>,
    rules: Rules,
) -> PairedScores<'a> {
    let mut scores = PairedScores::default();
    let is_clustered = pairs.iter().any(|pair| pair.base.cluster.is_some());
    for (place, pair) in pairs.iter().enumerate() {
        let both = pair
            .zip(filling)
            .map(|(item, filling)| item.score(reducer, filling));
        let (Some(one), Some(other)) = (both.base, both.candidate) else {
            continue;
        };
        scores.base.push(one);
        scores.candidate.push(other);
        if is_clustered {
            let own = match rules {
                Rules::Now => Cluster::OfOne(place),
                Rules::Earlier => Cluster::Named(&pair.base.identity.id),
            };
            let named = pair.base.cluster.as_deref();
            scores.clusters.push(named.map_or(own, Cluster::Named));
        }
    }
    scores
}

impl ByMissing {
    /// The difference by `missing`; by bounds, what speaks against the candidate.
    pub fn declared(&self, missing: Missing) -> Option<&Measure> {
        match missing {
            Missing::Complete => self.complete.as_ref(),
            Missing::ErrorAsWrong => self.error_as_wrong.as_ref(),
            Missing::Bounds => self.worst.as_ref(),
        }
    }
}
