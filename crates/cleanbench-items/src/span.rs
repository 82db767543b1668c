//! What a sample's score may be, with epochs that have no answer.
//!
//! Invariant: whatever the missing epochs would have scored, the sample's score lies between the two ends.

use cleanbench_core::Reducer;
use cleanbench_ledger::manifest::TaskPlan;

use crate::reduce::reduce;
use crate::rules::Rules;

/// What a sample's score may be. Takes 24 bytes, as runs hold one for each sample.
#[derive(Debug, Clone, Copy)]
pub struct Span {
    /// That of the epochs that have one; NaN without any.
    seen: f64,
    low: f64,
    high: f64,
}

impl Span {
    /// Nothing is known.
    pub const UNKNOWN: Self = Self {
        seen: f64::NAN,
        low: 0.0,
        high: 1.0,
    };

    /// Just this score.
    pub const fn whole(score: f64) -> Self {
        Self {
            seen: score,
            low: score,
            high: score,
        }
    }

    /// This score, or nothing.
    pub fn of_score(score: Option<f64>) -> Self {
        score.map_or(Self::UNKNOWN, Self::whole)
    }

    /// Of a sample whose epochs have these `scores`, each from 0 to 1, where `missing` have none.
    pub fn of_epochs(reducer: Reducer, scores: &[f64], missing: usize, rules: Rules) -> Self {
        let seen = reduce(reducer, scores);
        if missing == 0 || rules == Rules::Earlier {
            return Self::of_score(seen);
        }
        let mut filled = scores.to_vec();
        filled.resize(scores.len() + missing, 0.0);
        // All reducers rise with every score but the most frequent one, which may be made any that is there.
        let others = if reducer == Reducer::Mode {
            scores
        } else {
            &[]
        };
        let fillers = [0.0, 1.0].into_iter().chain(others.iter().copied());
        let possible = fillers.filter_map(|filler| {
            filled[scores.len()..].fill(filler);
            reduce(reducer, &filled)
        });
        let (low, high) = possible.fold((f64::INFINITY, f64::NEG_INFINITY), |(low, high), one| {
            (low.min(one), high.max(one))
        });
        Self::between(seen, low, high)
    }

    /// `seen` so far, and at the end from `low` to `high`. Where nothing can change it any more, it is that;
    /// where the ends are no range, nothing is known.
    pub fn between(seen: Option<f64>, low: f64, high: f64) -> Self {
        if low > high {
            return Self::UNKNOWN;
        }
        let seen = if low < high { seen } else { Some(low) };
        Self {
            seen: seen.unwrap_or(f64::NAN),
            low,
            high,
        }
    }

    /// The score by the epochs that have one; `None` where too few have.
    pub fn seen(self) -> Option<f64> {
        (!self.seen.is_nan()).then_some(self.seen)
    }

    /// What it is at least.
    pub const fn low(self) -> f64 {
        self.low
    }

    /// What it is at most.
    pub const fn high(self) -> f64 {
        self.high
    }

    /// Whether something is missing that would change it.
    pub fn is_open(self) -> bool {
        self.low < self.high
    }
}

/// How many epochs a sample has, and how their scores make its score.
#[derive(Debug, Clone, Copy)]
pub struct Epochs {
    reducer: Reducer,
    count: u32,
}

impl Epochs {
    /// Those of the samples of `task`.
    pub fn of(task: &TaskPlan) -> Self {
        Self {
            reducer: task.reducer,
            count: task.epochs,
        }
    }

    /// What a sample's score may be when these scores are known.
    pub fn span(self, scores: &[f64], rules: Rules) -> Span {
        let count = usize::try_from(self.count).unwrap_or(usize::MAX);
        let missing = count.saturating_sub(scores.len());
        Span::of_epochs(self.reducer, scores, missing, rules)
    }
}

impl Default for Span {
    fn default() -> Self {
        Self::UNKNOWN
    }
}

/// Two that know nothing are equal.
impl PartialEq for Span {
    fn eq(&self, other: &Self) -> bool {
        let bits = |span: &Self| [span.seen, span.low, span.high].map(f64::to_bits);
        bits(self) == bits(other)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ends(reducer: Reducer, scores: &[f64], missing: usize) -> (Option<f64>, f64, f64) {
        let span = Span::of_epochs(reducer, scores, missing, Rules::Now);
        (span.seen(), span.low(), span.high())
    }

    #[test]
    fn a_missing_epoch_may_be_anything() {
        assert_eq!(ends(Reducer::Mean, &[1.0], 1), (Some(1.0), 0.5, 1.0));
        assert_eq!(ends(Reducer::Max, &[0.25, 0.5], 1), (Some(0.5), 0.5, 1.0));
        assert_eq!(ends(Reducer::Min, &[0.25, 0.5], 1), (Some(0.25), 0.0, 0.25));
        assert_eq!(ends(Reducer::PassAtK(2), &[0.0], 1), (None, 0.0, 1.0));
        assert_eq!(ends(Reducer::PassHatK(2), &[0.0], 1), (Some(0.0), 0.0, 0.0));
        assert_eq!(ends(Reducer::PassAtK(2), &[1.0], 1), (Some(1.0), 1.0, 1.0));
        assert_eq!(ends(Reducer::Mean, &[], 2), (None, 0.0, 1.0));
        assert_eq!(ends(Reducer::Mean, &[1.0, 0.0], 0), (Some(0.5), 0.5, 0.5));
        // A tie is the lower one, so a second half would make it that.
        assert_eq!(
            ends(Reducer::Mode, &[1.0, 1.0, 0.5], 1),
            (Some(1.0), 0.5, 1.0)
        );
    }

    #[test]
    fn earlier_rules_know_a_sample_by_what_is_seen() {
        let span = Span::of_epochs(Reducer::Mean, &[1.0], 1, Rules::Earlier);
        assert_eq!(span, Span::whole(1.0));
        assert!(!span.is_open() && Span::UNKNOWN.is_open());
    }
}
