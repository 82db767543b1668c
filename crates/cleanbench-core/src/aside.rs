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

#[cfg(test)]
mod tests {
    use super::*;

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
