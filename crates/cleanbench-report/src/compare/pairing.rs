//! Which sample of the baseline is which of the candidate.
//!
//! Invariant: a pair saw the same input, because the keyed digest of what the model saw is the same.
//! Every sample of either side is in exactly one pair, left out because it changed, or alone.
//!
//! It refuses to guess: samples whose ids agree and whose inputs do not are no pairs.

use std::collections::{HashMap, HashSet};

use cleanbench_core::Digest;

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
    pub fn of(base: &[Item], candidate: &[Item], with_changed: bool) -> Self {
        let mut groups: HashMap<Digest, Vec<usize>> = HashMap::with_capacity(base.len());
        for (position, item) in base.iter().enumerate() {
            groups.entry(item.input_digest).or_default().push(position);
        }
        let mut partner = vec![None; candidate.len()];
        for by_id in [true, false] {
            for (item, partner) in candidate.iter().zip(&mut partner) {
                if partner.is_none() {
                    *partner = take(&mut groups, item, base, by_id);
                }
            }
        }
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

/// Takes a sample of the baseline with the input of `item` out of its group, if there is one left.
fn take(
    groups: &mut HashMap<Digest, Vec<usize>>,
    item: &Item,
    base: &[Item],
    by_id: bool,
) -> Option<usize> {
    let group = groups.get_mut(&item.input_digest)?;
    let fits = |at: &usize| !by_id || base[*at].id == item.id;
    let place = group.iter().position(fits)?;
    Some(group.remove(place))
}

#[cfg(test)]
mod tests {
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
}
