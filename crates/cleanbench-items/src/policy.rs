//! What becomes of samples that are no plain pair: an argument, never a habit.
//!
//! Invariant: what is set aside is counted, and a pair is set aside for one reason alone, the first of
//! [`Aside::ALL`] that holds. How answers that are missing count is another question ([`crate::Filling`]).

use std::collections::HashSet;

use cleanbench_core::aside::Aside;
use cleanbench_ledger::Plan;
use cleanbench_ledger::manifest::TaskPlan;
use serde::{Deserialize, Serialize};

use crate::item::Identified;
use crate::rules::Rules;

/// What becomes of pairs for which something speaks against comparing their scores.
///
/// The default is what gates, flips, comparisons, item analysis and drift do alike: all such pairs are set
/// aside, and equal inputs pair so that the order of rows decides nothing.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Policy {
    /// Pairs whose id, target or metadata is another: their scores answer two questions.
    pub changed: Treatment,
    /// Pairs of which a sample is in quarantine, in its own run.
    pub quarantined: Treatment,
    /// Pairs of which a sample was deliberately not asked.
    pub not_asked: Treatment,
    /// How samples with equal inputs find their partners.
    pub equal_inputs: EqualInputs,
    /// By which rules numbers become bounds, and what must be the same.
    #[serde(default = "Rules::unsaid", skip_serializing_if = "Rules::are_unsaid")]
    pub rules: Rules,
}

/// What becomes of a pair.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Treatment {
    /// It is counted as set aside, and is in no estimate.
    #[default]
    SetAside,
    /// It is compared like any other.
    Compared,
}

/// How several samples with the same input find their partners.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum EqualInputs {
    /// By id; those that are left in the order of their ids.
    #[default]
    ById,
    /// By id; those that are left in the order of rows.
    ByIdThenRow,
    /// In the order of rows.
    ByRow,
}

impl Policy {
    /// That of comparisons which do not say theirs.
    pub const OF_EARLIER_COMPARISONS: Self = Self {
        changed: Treatment::SetAside,
        quarantined: Treatment::Compared,
        not_asked: Treatment::Compared,
        equal_inputs: EqualInputs::ByIdThenRow,
        rules: Rules::Earlier,
    };
    /// That of gates and flips of runs whose tables are of a version before 4.
    pub const OF_EARLIER_GATES: Self = Self {
        changed: Treatment::Compared,
        quarantined: Treatment::Compared,
        not_asked: Treatment::Compared,
        equal_inputs: EqualInputs::ByRow,
        rules: Rules::Earlier,
    };

    /// That of the gates and flips of a run whose tables are of version `tables`.
    pub fn of_tables(tables: u32) -> Self {
        if tables < 4 {
            return Self::OF_EARLIER_GATES;
        }
        Self {
            rules: Rules::of_tables(tables),
            ..Self::default()
        }
    }

    /// Why the pair is set aside; `None` where it is compared.
    pub fn aside<A: Identified, B: Identified>(&self, base: &A, candidate: &B) -> Option<Aside> {
        let were_asked = || base.was_asked() && candidate.was_asked();
        let (base, candidate) = (base.identity(), candidate.identity());
        let is_so = |why: Aside| match why {
            Aside::Quarantined => base.is_quarantined || candidate.is_quarantined,
            Aside::Changed => base.sample_digest != candidate.sample_digest,
            Aside::NotAsked => !were_asked(),
        };
        let mut reasons = Aside::ALL.into_iter();
        reasons.find(|why| self.treatment(*why) == Treatment::SetAside && is_so(*why))
    }

    /// What becomes of pairs of which `why` holds.
    pub fn treatment(&self, why: Aside) -> Treatment {
        match why {
            Aside::Quarantined => self.quarantined,
            Aside::Changed => self.changed,
            Aside::NotAsked => self.not_asked,
        }
    }
}

/// The samples of each task of `plan` that are in quarantine, as it was decided when the run was planned.
pub fn quarantine(plan: &Plan) -> Vec<HashSet<String>> {
    let of_task = |task: &TaskPlan| {
        let list = plan.quarantine.iter();
        let own = list.filter(|one| !one.expired && task.probe.is_none() && one.task == task.name);
        own.map(|one| one.sample.clone()).collect()
    };
    plan.tasks.iter().map(of_task).collect()
}

#[cfg(test)]
mod tests {
    use cleanbench_core::Digest;

    use super::*;
    use crate::testing::item;

    #[test]
    fn a_pair_is_set_aside_for_the_first_reason_alone() {
        let plain = item("a", &[Some(1.0)]);
        let mut broken = plain.clone();
        broken.identity.is_quarantined = true;
        broken.identity.sample_digest = Digest([9; 32]);
        let mut corrected = plain.clone();
        corrected.identity.sample_digest = Digest([9; 32]);
        let policy = Policy::default();
        assert_eq!(policy.aside(&plain, &plain), None);
        assert_eq!(policy.aside(&plain, &corrected), Some(Aside::Changed));
        for pair in [(&plain, &broken), (&broken, &plain)] {
            assert_eq!(policy.aside(pair.0, pair.1), Some(Aside::Quarantined));
        }
        let earlier = Policy::OF_EARLIER_COMPARISONS;
        assert_eq!(earlier.aside(&plain, &broken), Some(Aside::Changed));
        assert_eq!(Policy::OF_EARLIER_GATES.aside(&plain, &broken), None);
    }
}
