//! Items that no figure is drawn from: those in quarantine in some run, and those that differ between runs.
//!
//! An item is known by its input and id. One whose target was corrected between two runs was answered by two
//! sets of respondents to two questions; their scores are not put together.

use std::collections::HashMap;

use cleanbench_core::{Aside, Digest, SetAside};
use cleanbench_items::{Item, Policy, Treatment};

use super::Answers;

/// What is known of an item over all respondents.
struct Seen {
    whole: Digest,
    why: Option<Aside>,
}

/// Leaves out of `answers` what `policy` sets aside; gives the counts, each item once.
pub(super) fn leave_out(answers: &mut [Answers<'_>], policy: Policy) -> SetAside {
    let mut seen: HashMap<(Digest, &str), Seen> = HashMap::new();
    for item in answers
        .iter()
        .flat_map(|answers| answers.items.iter().copied())
    {
        let known = seen
            .entry((item.identity.input_digest, &item.identity.id))
            .or_insert(Seen {
                whole: item.identity.sample_digest,
                why: None,
            });
        known.look_at(item, policy);
    }
    let mut counts = SetAside::default();
    for why in seen.values().filter_map(|seen| seen.why) {
        counts.count(why);
    }
    for answers in answers {
        let is_left = |item: &&Item| {
            seen[&(item.identity.input_digest, &*item.identity.id)]
                .why
                .is_none()
        };
        answers.items.retain(is_left);
    }
    counts
}

impl Seen {
    fn look_at(&mut self, item: &Item, policy: Policy) {
        let sets_aside = |why| policy.treatment(why) == Treatment::SetAside;
        if item.identity.is_quarantined && sets_aside(Aside::Quarantined) {
            self.why = Some(Aside::Quarantined);
        } else if self.whole != item.identity.sample_digest && sets_aside(Aside::Changed) {
            self.why = self.why.or(Some(Aside::Changed));
        }
    }
}
