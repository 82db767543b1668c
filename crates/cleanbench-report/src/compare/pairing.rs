//! Which sample of the baseline is which of the candidate.
//!
//! Invariant: a pair saw the same input, because the keyed digest of what the model saw is the same.
//! Every sample of either side is in exactly one pair, left out because it changed, or alone.
//!
//! It refuses to guess: samples whose ids agree and whose inputs do not are no pairs.

use std::collections::{HashMap, HashSet};
use std::hash::Hash;

use crate::items::Item;

/// Positions of the same samples in two lists of items.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Pairing {
    /// (baseline, candidate), in the order of the baseline.
    pub pairs: Vec<(usize, usize)>,
    /// Pairs with the same input whose target or metadata is another; not in `pairs` unless they were
    /// asked for.
    pub changed: Vec<(usize, usize)>,
    /// Samples of the baseline without a partner.
    pub base_alone: Vec<usize>,
    /// Samples of the candidate without a partner.
    pub candidate_alone: Vec<usize>,
}

impl Pairing {
    /// Pairs samples by input digest. Several with the same input pair by id, and in order where ids do
    /// not decide. Pairs whose sample changed are left out unless `with_changed`.
    pub fn of<'a>(base: &'a [Item], candidate: &'a [Item], with_changed: bool) -> Self {
        let mut partner = vec![None; candidate.len()];
        let mut is_taken = vec![false; base.len()];
        let by_id = |item: &'a Item| (item.input_digest, &*item.id);
        match_up((base, candidate), &mut partner, &mut is_taken, by_id);
        let by_input = |item: &'a Item| item.input_digest;
        match_up((base, candidate), &mut partner, &mut is_taken, by_input);
        let mut pairing = Self::default();
        pairing.sort_out((base, candidate), &partner, with_changed);
        pairing
    }

    fn sort_out(
        &mut self,
        (base, candidate): (&[Item], &[Item]),
        partner: &[Option<usize>],
        with_changed: bool,
    ) {
        let mut is_paired = vec![false; base.len()];
        for (position, partner) in partner.iter().enumerate() {
            let Some(partner) = *partner else {
                self.candidate_alone.push(position);
                continue;
            };
            is_paired[partner] = true;
            let changed = base[partner].sample_digest != candidate[position].sample_digest;
            if changed {
                self.changed.push((partner, position));
            }
            if !changed || with_changed {
                self.pairs.push((partner, position));
            }
        }
        let alone = is_paired.iter().enumerate().filter(|(_, paired)| !**paired);
        self.base_alone = alone.map(|(position, _)| position).collect();
        self.pairs.sort_unstable();
        self.changed.sort_unstable();
    }

    /// Samples that are alone on both sides under the same id: what they ask has changed.
    pub fn reworded<'a>(&self, base: &'a [Item], candidate: &[Item]) -> Vec<&'a str> {
        let ids = self.candidate_alone.iter().map(|at| &*candidate[*at].id);
        let ids: HashSet<&str> = ids.collect();
        let base = self.base_alone.iter().map(|at| &*base[*at].id);
        base.filter(|id| ids.contains(id)).collect()
    }
}

/// Gives every sample of the candidate that has no partner the first free one with the same `key`.
fn match_up<'a, Key: Hash + Eq>(
    (base, candidate): (&'a [Item], &'a [Item]),
    partner: &mut [Option<usize>],
    is_taken: &mut [bool],
    key: impl Fn(&'a Item) -> Key,
) {
    let mut free: HashMap<Key, Vec<usize>> = HashMap::new();
    for (position, item) in base.iter().enumerate().rev() {
        if !is_taken[position] {
            free.entry(key(item)).or_default().push(position);
        }
    }
    for (item, partner) in candidate.iter().zip(partner) {
        if partner.is_none() {
            *partner = free.get_mut(&key(item)).and_then(Vec::pop);
        }
        if let Some(taken) = *partner {
            is_taken[taken] = true;
        }
    }
}

#[cfg(test)]
mod tests {
    use cleanbench_core::Digest;
    use cleanbench_stats::random::Random;

    use super::*;
    use crate::items::testing::{item, items};

    fn asking(id: &str, input: &str) -> Item {
        Item {
            id: id.into(),
            ..item(input, &[Some(1.0)])
        }
    }

    #[test]
    fn samples_pair_by_what_the_model_saw() {
        let base = items("1101");
        let mut candidate = items("0011");
        candidate.reverse();
        let pairing = Pairing::of(&base, &candidate, false);
        assert_eq!(pairing.pairs, [(0, 3), (1, 2), (2, 1), (3, 0)]);
        assert!(pairing.base_alone.is_empty() && pairing.candidate_alone.is_empty());
    }

    #[test]
    fn equal_inputs_pair_by_id_and_then_in_order() {
        let base = [asking("a", "q"), asking("b", "q"), asking("c", "q")];
        let candidate = [
            asking("x", "q"),
            asking("b", "q"),
            asking("a", "q"),
            asking("y", "q"),
        ];
        let pairing = Pairing::of(&base, &candidate, false);
        assert_eq!(pairing.pairs, [(0, 2), (1, 1), (2, 0)]);
        assert_eq!(pairing.candidate_alone, [3]);
    }

    #[test]
    fn a_corrected_label_does_not_pair_unless_asked_for() {
        let base = items("11");
        let mut candidate = items("11");
        candidate[1].sample_digest = Digest([9; 32]);
        let pairing = Pairing::of(&base, &candidate, false);
        assert_eq!(
            (pairing.pairs, pairing.changed),
            (vec![(0, 0)], vec![(1, 1)])
        );
        assert_eq!(Pairing::of(&base, &candidate, true).pairs.len(), 2);
    }

    #[test]
    fn a_reworded_sample_is_named_and_stays_alone() {
        let base = [asking("a", "q"), asking("b", "r"), asking("c", "only here")];
        let candidate = [asking("a", "q"), asking("b", "reworded")];
        let pairing = Pairing::of(&base, &candidate, false);
        assert_eq!(pairing.base_alone, [1, 2]);
        assert_eq!(pairing.reworded(&base, &candidate), ["b"]);
    }

    #[test]
    fn whatever_the_inputs_every_sample_has_one_place() {
        let mut random = Random::new(7);
        for _ in 0..200 {
            let mut side = |most: u64| -> Vec<Item> {
                let count = random.below(most);
                let mut one = || {
                    asking(
                        &format!("i{}", random.below(6)),
                        &format!("q{}", random.below(4)),
                    )
                };
                (0..count).map(|_| one()).collect()
            };
            let (base, candidate) = (side(12), side(12));
            let pairing = Pairing::of(&base, &candidate, false);
            for (one, other) in &pairing.pairs {
                assert_eq!(base[*one].input_digest, candidate[*other].input_digest);
            }
            let firsts = pairing
                .pairs
                .iter()
                .chain(&pairing.changed)
                .map(|pair| pair.0);
            let mut ours: Vec<_> = firsts.chain(pairing.base_alone.iter().copied()).collect();
            let seconds = pairing
                .pairs
                .iter()
                .chain(&pairing.changed)
                .map(|pair| pair.1);
            let mut theirs: Vec<_> = seconds
                .chain(pairing.candidate_alone.iter().copied())
                .collect();
            ours.sort_unstable();
            theirs.sort_unstable();
            assert_eq!(ours, (0..base.len()).collect::<Vec<_>>());
            assert_eq!(theirs, (0..candidate.len()).collect::<Vec<_>>());
            // As many pairs as inputs allow.
            let inputs = |items: &[Item], input: Digest| {
                items
                    .iter()
                    .filter(|item| item.input_digest == input)
                    .count()
            };
            let mut kinds: Vec<_> = base.iter().map(|item| item.input_digest).collect();
            kinds.sort_unstable();
            kinds.dedup();
            let most: usize = kinds
                .iter()
                .map(|kind| inputs(&base, *kind).min(inputs(&candidate, *kind)))
                .sum();
            assert_eq!(pairing.pairs.len() + pairing.changed.len(), most);
        }
    }
}
