//! Samples without an answer: three declared ways to count them.
//!
//! An error is no wrong answer, and leaving it out is no fair sample either, since hard samples fail more
//! often. So a comparison always computes all three, and concludes from the declared one.
//!
//! Invariant: the declared way is chosen before looking, and stands beside the result.

use serde::{Deserialize, Serialize};

use super::ItemPair;
use super::measure::{Cluster, Level, Measure, PairedScores};
use super::rates::Rates;
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

/// What one side of a pair is taken to have scored.
#[derive(Debug, Clone, Copy)]
enum Taken {
    /// What its epochs with an answer say, and without any nothing.
    Filled(Filling),
    /// The least that it may have scored.
    Least,
    /// The most.
    Most,
}

impl Taken {
    /// Every missing answer as `score`, which is 0 or 1; what that makes of a sample is known better than by earlier
    /// rules, where the most frequent of several scores counts.
    fn all(score: f64, rules: Rules) -> Self {
        match rules {
            Rules::Earlier => Self::Filled(Filling::As(score)),
            Rules::Now if score > 0.5 => Self::Most,
            Rules::Now => Self::Least,
        }
    }

    fn score(self, item: &Item, reducer: Reducer, rules: Rules) -> Option<f64> {
        match self {
            Self::Filled(filling) => item.score(reducer, filling),
            Self::Least => Some(item.span(reducer, rules).low()),
            Self::Most => Some(item.span(reducer, rules).high()),
        }
    }
}

impl ByMissing {
    /// Measures the pairs of `base` and `candidate` in every way.
    pub(crate) fn of(pairs: &[ItemPair<'_>], reducer: Reducer, rates: Rates) -> Self {
        let rules = rates.rules;
        let measure = |base, candidate| {
            scores(pairs, reducer, Both { base, candidate }, rules).measure(rates)
        };
        let extreme =
            |base, candidate| measure(Taken::all(base, rules), Taken::all(candidate, rules));
        let filled = |filling| measure(Taken::Filled(filling), Taken::Filled(filling));
        let is_whole = !pairs.iter().any(|pair| pair.any(Item::is_missing));
        let complete = filled(Filling::LeftOut);
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
            error_as_wrong: filled(Filling::As(0.0)),
            worst: extreme(1.0, 0.0),
            best: extreme(0.0, 1.0),
        }
    }
}

fn scores<'a>(
    pairs: &[ItemPair<'a>],
    reducer: Reducer,
    taken: Both<Taken>,
    rules: Rules,
) -> PairedScores<'a> {
    let mut scores = PairedScores::default();
    let is_clustered = pairs.iter().any(|pair| pair.base.cluster.is_some());
    for (place, pair) in pairs.iter().enumerate() {
        let both = pair
            .zip(taken)
            .map(|(item, taken)| taken.score(item, reducer, rules));
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

    /// What each side scored by `missing`: by bounds, what was answered, between what it would have scored had all that
    /// is missing been wrong and had all been right.
    pub fn levels(&self, missing: Missing) -> Option<Both<Level>> {
        let sides = |one: &Measure| Both {
            base: one.base.clone(),
            candidate: one.candidate.clone(),
        };
        if missing != Missing::Bounds {
            return self.declared(missing).map(sides);
        }
        let (worst, best) = (sides(self.worst.as_ref()?), sides(self.best.as_ref()?));
        let seen = self.complete.as_ref().map(sides);
        let between = |least: Level, most: Level, seen: Option<&Level>| Level {
            score: seen.map_or(least.score, |seen| seen.score),
            low: least.low,
            high: most.high,
            method: least.method,
        };
        Some(Both {
            base: between(best.base, worst.base, seen.as_ref().map(|both| &both.base)),
            candidate: between(
                worst.candidate,
                best.candidate,
                seen.as_ref().map(|both| &both.candidate),
            ),
        })
    }

    /// The samples that are told by who solved them: by bounds, those that both sides have an answer to.
    pub fn told(&self, missing: Missing) -> Option<&Measure> {
        match missing {
            Missing::Bounds => self.complete.as_ref(),
            other => self.declared(other),
        }
    }
}
