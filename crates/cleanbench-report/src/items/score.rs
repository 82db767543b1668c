//! A sample's one score from those of its epochs.
//!
//! Invariant: an epoch without an answer is either left out or counted as what was said before looking,
//! never silently as 0.

use cleanbench_core::Reducer;
use cleanbench_stats::repeats;

use super::{Item, Trial};

/// What an epoch without an answer counts as.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Filling {
    /// Nothing: the sample's score is that of the other epochs, and a sample without any has none.
    LeftOut,
    /// This score, 0 to 1.
    As(f64),
}

impl Item {
    /// The sample's score; `None` where no epoch has one, or fewer than `reducer` needs.
    pub fn score(&self, reducer: Reducer, filling: Filling) -> Option<f64> {
        if let ([only], Reducer::Mean) = (self.trials.as_slice(), reducer) {
            return only.value(filling);
        }
        let values = self.trials.iter().filter_map(|trial| trial.value(filling));
        reduce(reducer, &values.collect::<Vec<_>>())
    }

    /// Whether an epoch has no answer.
    pub fn is_missing(&self) -> bool {
        self.trials.iter().any(|trial| trial.score.is_none())
    }

    /// What was read out of the first epoch that has an answer; why there is none, otherwise.
    pub fn answer(&self) -> &str {
        let answered = self.trials.iter().find(|trial| trial.score.is_some());
        answered.or(self.trials.first()).map_or("", Trial::said)
    }
}

impl Trial {
    fn value(&self, filling: Filling) -> Option<f64> {
        match filling {
            Filling::LeftOut => self.score,
            Filling::As(value) => Some(self.score.unwrap_or(value)),
        }
    }

    /// What was read out, or in brackets why nothing was.
    fn said(&self) -> &str {
        match (self.score, self.outcome) {
            (Some(_), _) if self.extraction_failure => "[no answer found]",
            (Some(_), _) => &self.answer,
            (None, Some(outcome)) => match outcome {
                cleanbench_core::Outcome::Answered => "[not judged]",
                cleanbench_core::Outcome::Refused => "[refused]",
                cleanbench_core::Outcome::Censored => "[censored]",
                cleanbench_core::Outcome::Unsupported => "[unsupported]",
                cleanbench_core::Outcome::Exhausted => "[exhausted]",
                cleanbench_core::Outcome::Skipped => "[skipped]",
            },
            (None, None) => "[open]",
        }
    }
}

/// The one score that the scores of a sample's epochs make.
fn reduce(reducer: Reducer, values: &[f64]) -> Option<f64> {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    let count = |number: usize| u64::try_from(number).unwrap_or(u64::MAX);
    let passed = count(values.iter().filter(|value| **value >= 1.0).count());
    let attempts = count(values.len());
    match reducer {
        Reducer::Mean => cleanbench_stats::mean(values.iter().copied()),
        Reducer::Median => {
            cleanbench_stats::percentile::percentile(sorted.len(), 50, |at| sorted[at])
        }
        Reducer::Min => sorted.first().copied(),
        Reducer::Max => sorted.last().copied(),
        Reducer::Mode => most_frequent(&sorted),
        Reducer::PassAtK(k) => repeats::pass_at_k(attempts, passed, k.into()),
        Reducer::PassHatK(k) => repeats::pass_power_k(attempts, passed, k.into()),
    }
}

/// The most frequent of `sorted` values; the lowest of several that are equally frequent.
fn most_frequent(sorted: &[f64]) -> Option<f64> {
    let runs = sorted.chunk_by(|one, other| one.total_cmp(other).is_eq());
    let best = runs.reduce(|best, run| if run.len() > best.len() { run } else { best });
    best.and_then(|run| run.first().copied())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reducers_by_hand() {
        let four = [1.0, 0.0, 1.0, 0.5];
        for (reducer, expected) in [
            (Reducer::Mean, Some(0.625)),
            (Reducer::Median, Some(0.75)),
            (Reducer::Min, Some(0.0)),
            (Reducer::Max, Some(1.0)),
            (Reducer::Mode, Some(1.0)),
            // Two of four passed: 1 - C(2,2)/C(4,2) = 5/6, and C(2,2)/C(4,2) = 1/6.
            (Reducer::PassAtK(2), Some(1.0 - 1.0 / 6.0)),
            (Reducer::PassHatK(2), Some(1.0 / 6.0)),
            (Reducer::PassAtK(5), None),
        ] {
            assert_eq!(reduce(reducer, &four), expected, "{reducer}");
        }
        assert_eq!(reduce(Reducer::Mean, &[]), None);
        assert_eq!(reduce(Reducer::Mode, &[1.0, 0.0]), Some(0.0));
    }

    #[test]
    fn a_missing_epoch_is_left_out_or_counts_as_said() {
        let item = super::super::testing::item("a", &[Some(1.0), None]);
        assert_eq!(item.score(Reducer::Mean, Filling::LeftOut), Some(1.0));
        assert_eq!(item.score(Reducer::Mean, Filling::As(0.0)), Some(0.5));
        let none = super::super::testing::item("b", &[None]);
        assert_eq!(none.score(Reducer::Mean, Filling::LeftOut), None);
        assert_eq!(none.score(Reducer::Mean, Filling::As(1.0)), Some(1.0));
        assert!(none.is_missing() && item.is_missing());
        assert_eq!((none.answer(), item.answer()), ("[open]", "answer 1"));
    }
}
