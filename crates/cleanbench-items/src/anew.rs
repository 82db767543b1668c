//! The answers of a run, judged by what its suite has become.
//!
//! Targets get corrected and scorers mended. A run made before is then no baseline: its scores answer another question.
//! Its recorded answers can be judged again (`cleanbench score`), and stand here in place of the first judgements.
//!
//! Invariant: who was asked what stays as it was. Nothing is left out that was there, so what one side alone has is still
//! counted, and no sample keeps a score of scorers that are no longer those of its task.

use cleanbench_ledger::Plan;
use cleanbench_ledger::manifest::TaskPlan;

use crate::both::Both;
use crate::comparable::wording;
use crate::item::{Identified as _, Item};
use crate::pairing::Pairing;
use crate::policy::{Policy, Treatment};
use crate::table::ItemTable;

/// What another judgement changed.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct JudgedAnew {
    /// Samples whose target or metadata is another, of all models.
    pub samples: u64,
    /// Tasks with other scorers.
    pub tasks: Vec<String>,
}

impl JudgedAnew {
    /// Whether nothing was judged otherwise.
    pub fn is_nothing(&self) -> bool {
        self.samples == 0 && self.tasks.is_empty()
    }
}

impl ItemTable {
    /// Takes over how `anew`, a run of the same models that took the answers of this one, judges them.
    pub fn judge_anew(&mut self, anew: &Self) -> JudgedAnew {
        let mut found = JudgedAnew {
            samples: 0,
            tasks: take_scorers(&mut self.manifest.plan, &anew.manifest.plan),
        };
        for task in 0..self.manifest.plan.tasks.len() {
            let name = self.manifest.plan.tasks[task].name.clone();
            let mut positions = anew.task_positions();
            let theirs = positions.find(|at| anew.manifest.plan.tasks[*at].name == name);
            let has_other_scorers = found.tasks.contains(&name);
            for model in 0..self.manifest.plan.models.len() {
                let judged = theirs.map_or(&[][..], |at| anew.items(model, at));
                if let Some(own) = self.items_mut(model, task) {
                    found.samples += take_items(own, judged, has_other_scorers);
                }
            }
        }
        found
    }
}

/// Takes over the scorers of tasks that have others in `anew`; the names of those tasks.
pub fn take_scorers(plan: &mut Plan, anew: &Plan) -> Vec<String> {
    let mut changed = Vec::new();
    for task in plan.tasks.iter_mut().filter(|task| task.probe.is_none()) {
        let mut theirs = anew.tasks.iter();
        let theirs = theirs.find(|other| other.probe.is_none() && other.name == task.name);
        // In other words it was asked something else, of which no answer is on record to be judged.
        let is_asked_alike = |other: &TaskPlan| {
            wording(Both {
                base: &*task,
                candidate: other,
            })
            .is_empty()
        };
        let has_others = |other: &&TaskPlan| {
            other.scorers_digest != task.scorers_digest && is_asked_alike(other)
        };
        let Some(theirs) = theirs.filter(has_others) else {
            continue;
        };
        task.scorers.clone_from(&theirs.scorers);
        task.scorers_digest = theirs.scorers_digest;
        changed.push(task.name.clone());
    }
    changed
}

/// Takes over the judgements of `anew`; how many samples have another target or other metadata.
fn take_items(own: &mut [Item], anew: &[Item], has_other_scorers: bool) -> u64 {
    let policy = Policy {
        changed: Treatment::Compared,
        quarantined: Treatment::Compared,
        ..Policy::default()
    };
    let pairing = Pairing::of(own, anew, policy);
    let mut is_judged = vec![false; own.len()];
    let mut changed = 0;
    for Both { base, candidate } in pairing.pairs {
        let theirs = &anew[candidate];
        // An answer that is not on record any more was not judged again.
        let is_whole = theirs.was_asked() && theirs.trials.len() == own[base].trials.len();
        let is_other = theirs.identity.sample_digest != own[base].identity.sample_digest;
        if !is_whole || !(is_other || has_other_scorers) {
            continue;
        }
        is_judged[base] = true;
        changed += u64::from(is_other);
        let was_quarantined = own[base].identity.is_quarantined;
        own[base] = theirs.clone();
        own[base].identity.is_quarantined |= was_quarantined;
    }
    if has_other_scorers {
        let stale = own.iter_mut().zip(is_judged).filter(|(_, is)| !is);
        stale.for_each(|(item, _)| forget(item));
    }
    changed
}

/// Takes its scores from a sample: they are those of other scorers, and what it would have now is missing.
fn forget(item: &mut Item) {
    for trial in &mut item.trials {
        (trial.outcome, trial.score) = (None, None);
    }
}

#[cfg(test)]
mod tests {
    use cleanbench_core::Digest;

    use super::*;
    use crate::testing::{items, table};

    #[test]
    fn a_corrected_target_is_judged_and_all_else_stays() {
        let mut own = table(&[items("1100")]);
        let mut judged = items("0110");
        judged[0].identity.sample_digest = Digest([9; 32]);
        judged.truncate(3);
        let anew = table(&[judged]);
        let found = own.judge_anew(&anew);
        assert_eq!((found.samples, found.tasks.len()), (1, 0));
        let scores: Vec<_> = own
            .items(0, 0)
            .iter()
            .map(|item| item.trials[0].score)
            .collect();
        // The third is judged otherwise for no reason: what is not another question keeps its score.
        assert_eq!(scores, [Some(0.0), Some(1.0), Some(0.0), Some(0.0)]);
    }

    #[test]
    fn what_was_not_judged_by_other_scorers_is_missing() {
        let mut own = table(&[items("1100")]);
        let mut anew = table(&[items("011")]);
        anew.manifest.plan.tasks[0].scorers_digest = Digest([8; 32]);
        let found = own.judge_anew(&anew);
        assert_eq!(found.tasks, ["t"]);
        assert_eq!(own.manifest.plan.tasks[0].scorers_digest, Digest([8; 32]));
        let pairing = Pairing::of(own.items(0, 0), &items("1111"), Policy::default());
        assert_eq!(pairing.pairs.len(), 4);
        assert!(own.items(0, 0)[3].is_missing() && !own.items(0, 0)[2].is_missing());
    }
}
