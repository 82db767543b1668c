//! A sample's one score from those of its epochs.
//!
//! Invariant: an epoch without an answer is either left out or counted as what was said before looking,
//! never silently as 0.

use cleanbench_core::Reducer;

use super::{Item, Trial};
use crate::reduce::reduce;

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

#[cfg(test)]
mod tests {
    use super::*;

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
