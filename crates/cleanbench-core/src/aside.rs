//! Samples of two runs that are in no estimate of their difference, and why.
//!
//! Invariant: a pair is set aside for one reason alone, the first of [`Aside::ALL`] that holds.

use serde::{Deserialize, Serialize};

/// Why a pair is in no estimate.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Aside {
    /// One of its samples is in quarantine.
    Quarantined,
    /// Its id, target or metadata is another.
    Changed,
    /// One of its samples was deliberately not asked.
    NotAsked,
}

impl Aside {
    /// All of them, the one that is told first.
    pub const ALL: [Self; 3] = [Self::Quarantined, Self::Changed, Self::NotAsked];

    /// Whether such a pair is in neither number of [`Coverage`]; `may_have_ended` says whether a gate of the run that
    /// did not ask may have ended its task.
    pub fn is_excused(self, may_have_ended: bool) -> bool {
        match self {
            Self::Quarantined => true,
            Self::NotAsked => may_have_ended,
            Self::Changed => false,
        }
    }
}

/// Samples of two runs that are in no pair that is compared.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SetAside {
    /// Pairs of which a sample is in quarantine.
    pub quarantined: u64,
    /// Pairs whose id, target or metadata is another.
    pub changed: u64,
    /// Pairs of which a sample was deliberately not asked.
    pub not_asked: u64,
    /// Samples of the baseline alone.
    pub base_alone: u64,
    /// Samples of the candidate alone.
    pub candidate_alone: u64,
}

impl SetAside {
    /// Counts a pair that is set aside.
    pub fn count(&mut self, why: Aside) {
        match why {
            Aside::Quarantined => self.quarantined += 1,
            Aside::Changed => self.changed += 1,
            Aside::NotAsked => self.not_asked += 1,
        }
    }

    /// The counts in words, those that are not 0; empty where nothing is set aside.
    pub fn in_words(&self) -> String {
        let parts = [
            (self.quarantined, "in quarantine"),
            (self.changed, "with another id, target or metadata"),
            (self.not_asked, "not asked in both runs"),
            (self.base_alone, "in the baseline alone"),
            (self.candidate_alone, "in the candidate alone"),
        ];
        let parts = parts.iter().filter(|(count, _)| *count > 0);
        let parts: Vec<_> = parts
            .map(|(count, what)| format!("{count} {what}"))
            .collect();
        parts.join(", ")
    }
}

/// How much of what two runs hold is in a pair that is compared.
///
/// In neither number: what is in quarantine, which its suite says before anything is asked, and for gates that may be
/// looked at at any time what was not reached because a gate that is on record had ended the task.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Coverage {
    /// Samples in a pair that is compared.
    pub pairs: u64,
    /// Those, and all others of either run.
    pub of: u64,
}

impl Coverage {
    /// Of so many `pairs`, where `aside` are in none.
    pub fn of(pairs: u64, aside: &SetAside) -> Self {
        let alone = aside.base_alone + aside.candidate_alone;
        Self {
            pairs,
            of: pairs + aside.changed + aside.not_asked + alone,
        }
    }

    /// Whether the share is at least `least`; not where there is nothing.
    #[expect(clippy::cast_precision_loss, reason = "no suite has 2^53 samples")]
    pub fn is_enough(self, least: f64) -> bool {
        self.pairs > 0 && self.pairs as f64 >= least * self.of as f64
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_in_no_pair_counts_against_unless_it_is_in_quarantine() {
        let aside = SetAside {
            quarantined: 50,
            changed: 1,
            not_asked: 1,
            base_alone: 2,
            candidate_alone: 1,
        };
        let found = Coverage::of(95, &aside);
        assert_eq!((found.pairs, found.of), (95, 100));
        assert!(found.is_enough(0.95) && !found.is_enough(0.951));
        assert!(!Coverage::default().is_enough(0.0));
    }

    #[test]
    fn what_is_set_aside_is_told_in_words() {
        let mut counts = SetAside::default();
        assert_eq!(counts.in_words(), "");
        for why in [Aside::Changed, Aside::Changed, Aside::Quarantined] {
            counts.count(why);
        }
        let told = "1 in quarantine, 2 with another id, target or metadata";
        assert_eq!(counts.in_words(), told);
    }
}
