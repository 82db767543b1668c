//! Which samples of a task every night is scored on.
//!
//! Invariant: what is set aside in one night is set aside in all of them, so that the score of a night does
//! not move because the list of samples did. A sample is set aside where it changed since the first night, or
//! is in quarantine in any.

use std::collections::BTreeMap;

use cleanbench_core::{Aside, SetAside};
use cleanbench_items::{Item, Pairing, Policy, Treatment};

/// The samples of each night that count.
pub(super) struct Kept<'a> {
    pub(super) nights: Vec<Vec<&'a Item>>,
    /// What is left out of all nights, each sample counted once.
    pub(super) aside: SetAside,
}

/// Leaves out of `nights` what `policy` sets aside in any of them.
pub(super) fn kept<'a>(nights: &[&'a [Item]], policy: Policy) -> Kept<'a> {
    // Which samples a night asked is for its own score to say.
    let policy = Policy {
        not_asked: Treatment::Compared,
        ..policy
    };
    let Some(first) = nights.first() else {
        return Kept {
            nights: Vec::new(),
            aside: SetAside::default(),
        };
    };
    let pairings: Vec<_> = nights
        .iter()
        .map(|night| Pairing::of(first, night, policy))
        .collect();
    let mut reasons: BTreeMap<usize, Aside> = BTreeMap::new();
    for one in pairings.iter().flat_map(|pairing| &pairing.aside) {
        let known = reasons.entry(one.at.base).or_insert(one.why);
        *known = one.why.min(*known);
    }
    let mut aside = SetAside::default();
    for why in reasons.values() {
        aside.count(*why);
    }
    let of_night = nights.iter().zip(&pairings).map(|(night, pairing)| {
        let mut is_kept = vec![true; night.len()];
        let pairs = pairing
            .pairs
            .iter()
            .chain(pairing.aside.iter().map(|one| &one.at));
        for at in pairs.filter(|at| reasons.contains_key(&at.base)) {
            is_kept[at.candidate] = false;
        }
        for alone in &pairing.candidate_alone {
            if night[*alone].identity.is_quarantined && policy.quarantined == Treatment::SetAside {
                is_kept[*alone] = false;
                aside.count(Aside::Quarantined);
            }
        }
        let kept = night.iter().zip(is_kept);
        kept.filter_map(|(item, kept)| kept.then_some(item))
            .collect()
    });
    Kept {
        nights: of_night.collect(),
        aside,
    }
}

#[cfg(test)]
mod tests {
    use cleanbench_core::Digest;
    use cleanbench_items::testing::items;

    use super::*;

    #[test]
    fn what_is_set_aside_in_one_night_is_in_none() {
        let mut nights = [items("1111"), items("1111"), items("1111")];
        nights[1][0].identity.is_quarantined = true;
        nights[2][2].identity.sample_digest = Digest([9; 32]);
        let [one, two, three] = &nights;
        let found = kept(&[one, two, three], Policy::default());
        for night in &found.nights {
            let ids: Vec<_> = night.iter().map(|item| &*item.identity.id).collect();
            assert_eq!(ids, ["s1", "s3"]);
        }
        assert_eq!((found.aside.quarantined, found.aside.changed), (1, 1));
        let all = Policy::OF_EARLIER_GATES;
        assert!(
            kept(&[one, two, three], all)
                .nights
                .iter()
                .all(|night| night.len() == 4)
        );
    }
}
