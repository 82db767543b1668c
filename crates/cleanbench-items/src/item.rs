//! A sample and what a model made of it.
//!
//! Invariant: an epoch without an answer is either left out or counted as what was said before looking,
//! never silently as 0.

use std::sync::Arc;

use cleanbench_core::{Aside, Digest, Outcome, Reducer};

use crate::reduce::reduce;
use crate::rules::Rules;
use crate::span::Span;

/// The items of one model in one task.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct TaskItems {
    /// What is known of the task's contamination at this model, in the words of `summary.csv`.
    pub contamination: String,
    /// One entry a sample, in the order of the suite. Samples that another shard asks are not in it.
    pub items: Vec<Item>,
}

/// A sample and what a model made of it.
#[derive(Debug, Clone, PartialEq)]
pub struct Item {
    /// What tells it from others.
    pub identity: Identity,
    /// The samples that it hangs together with.
    pub cluster: Option<Arc<str>>,
    /// Field and value, for each field by which the task reports and that the sample has.
    pub slices: Slices,
    /// One entry an epoch, in order.
    pub trials: Vec<Trial>,
}

/// Fields and values by which a task reports; shared by the items that have the same.
pub type Slices = Arc<[(String, String)]>;

/// One epoch of a sample.
#[derive(Debug, Clone, PartialEq)]
pub struct Trial {
    /// How the call ended; `None` while it has not.
    pub outcome: Option<Outcome>,
    /// The first scorer's judgement; `None` where there is no answer to judge.
    pub score: Option<f64>,
    /// Whether no answer could be read out of what the model wrote. The score is then 0.
    pub extraction_failure: bool,
    /// What was read out, as a table cell: harmless to print, cut where it is long.
    pub answer: Box<str>,
}

/// What is known of a sample on one side.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Standing {
    /// It is not there, or was not asked.
    Absent,
    /// It is, and is set aside.
    Aside(Aside),
    /// It was put to the model; its score is this, as far as there is one.
    Asked(Span),
}

impl Standing {
    /// What its score may be, if it is in an estimate.
    pub fn span(self) -> Option<Span> {
        match self {
            Self::Asked(span) => Some(span),
            Self::Absent | Self::Aside(_) => None,
        }
    }
}

/// A sample that may be paired with one of another run.
pub trait Identified {
    /// What tells it from others, and whether it counts.
    fn identity(&self) -> &Identity;
    /// Whether it was put to the model, or was to be; `false` where it was deliberately left out.
    fn was_asked(&self) -> bool;
}

/// What tells a sample from others, and whether it counts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Identity {
    /// Identity within its task, as a table cell: harmless to print, cut where it is very long.
    pub id: Box<str>,
    /// Keyed digest of what the model saw; pairs runs.
    pub input_digest: Digest,
    /// Keyed digest of the whole sample; another one means another id, another target or other metadata.
    pub sample_digest: Digest,
    /// Whether it was in quarantine when its run was planned.
    pub is_quarantined: bool,
}

/// An identity alone stands for a sample whose answers are known elsewhere.
impl Identified for Identity {
    fn identity(&self) -> &Identity {
        self
    }

    fn was_asked(&self) -> bool {
        true
    }
}

impl Identified for Item {
    fn identity(&self) -> &Identity {
        &self.identity
    }

    fn was_asked(&self) -> bool {
        let skipped = |trial: &Trial| trial.outcome == Some(Outcome::Skipped);
        !self.trials.iter().all(skipped)
    }
}

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

    /// What its score may be.
    pub fn span(&self, reducer: Reducer, rules: Rules) -> Span {
        let scores: Vec<_> = self.trials.iter().filter_map(|trial| trial.score).collect();
        let missing = self.trials.len() - scores.len();
        Span::of_epochs(reducer, &scores, missing, rules)
    }

    /// Whether an epoch has no answer.
    pub fn is_missing(&self) -> bool {
        self.trials.iter().any(|trial| trial.score.is_none())
    }

    /// Whether some epochs have an answer and others have none.
    pub fn is_partial(&self) -> bool {
        self.is_missing() && self.trials.iter().any(|trial| trial.score.is_some())
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
                Outcome::Answered => "[not judged]",
                Outcome::Refused => "[refused]",
                Outcome::Censored => "[censored]",
                Outcome::Unsupported => "[unsupported]",
                Outcome::Exhausted => "[exhausted]",
                Outcome::Skipped => "[skipped]",
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
        let item = crate::testing::item("a", &[Some(1.0), None]);
        assert_eq!(item.score(Reducer::Mean, Filling::LeftOut), Some(1.0));
        assert_eq!(item.score(Reducer::Mean, Filling::As(0.0)), Some(0.5));
        let none = crate::testing::item("b", &[None]);
        assert_eq!(none.score(Reducer::Mean, Filling::LeftOut), None);
        assert_eq!(none.score(Reducer::Mean, Filling::As(1.0)), Some(1.0));
        assert!(none.is_missing() && item.is_missing());
        assert!(item.is_partial() && !none.is_partial());
        assert_eq!((none.answer(), item.answer()), ("[open]", "answer 1"));
    }
}
