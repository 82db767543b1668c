//! Which sample of the baseline is which of the candidate.
//!
//! Order: samples pair by input digest. Several with the same input pair by id; of those that are left, the
//! first by id of the one side with the first by id of the other. So no pair depends on the order of rows,
//! unless an earlier [`Policy`] is asked for. Where two wordings are compared ([`PairKey::Sample`]) they pair by the
//! digest of the sample, which holds nothing of the task's wording; what is left pairs by id, and has changed.
//!
//! Invariant: a pair saw the same input, or is the same sample in two wordings, because the keyed digest of
//! the one or the other is the same. Every sample of either side is in exactly one pair, set aside with its partner,
//! or alone.
//!
//! It refuses to guess: samples whose ids agree and whose inputs do not are no pairs, unless wordings are compared.

use std::collections::{HashMap, HashSet};
use std::hash::Hash;

use cleanbench_core::GateMode;
use cleanbench_core::aside::{Aside, SetAside};

use crate::both::Both;
use crate::item::Identified;
use crate::policy::{EqualInputs, Policy};

/// Positions of the same samples in two lists of items.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Pairing {
    /// Pairs that are compared, in the order of the baseline.
    pub pairs: Vec<Both<usize>>,
    /// Pairs that are set aside, in the order of the baseline.
    pub aside: Vec<PairAside>,
    /// Pairs whose id, target or metadata is another, compared or not, but for those that are set aside for
    /// another reason; in the order of the baseline.
    pub changed: Vec<Both<usize>>,
    /// Samples of the baseline without a partner.
    pub base_alone: Vec<usize>,
    /// Samples of the candidate without a partner.
    pub candidate_alone: Vec<usize>,
}

/// By what a sample is recognised in another run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PairKey {
    /// What the model saw.
    Input,
    /// The sample itself: its id, question, target and metadata, whatever words the task puts around them.
    Sample,
}

impl PairKey {
    /// That of comparisons in `mode`.
    pub const fn of(mode: GateMode) -> Self {
        match mode {
            GateMode::Regression | GateMode::Choice => Self::Input,
            GateMode::Prompt => Self::Sample,
        }
    }
}

/// A pair that is set aside.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PairAside {
    /// Its positions.
    pub at: Both<usize>,
    /// Why.
    pub why: Aside,
}

/// Where a sample of the candidate finds its partner.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Partner {
    /// The baseline has none.
    Alone,
    /// The pair is set aside.
    Aside(Aside),
    /// It is at this position.
    At(usize),
}

impl Pairing {
    /// Pairs the samples of two runs by what the model saw, and sets aside what `policy` says.
    pub fn of<A: Identified, B: Identified>(base: &[A], candidate: &[B], policy: Policy) -> Self {
        Self::by(PairKey::Input, base, candidate, policy)
    }

    /// The same by `key`.
    pub fn by<A: Identified, B: Identified>(
        key: PairKey,
        base: &[A],
        candidate: &[B],
        policy: Policy,
    ) -> Self {
        let partners = match key {
            PairKey::Input => partners(base, candidate, policy.equal_inputs),
            PairKey::Sample => same_samples(base, candidate),
        };
        let mut pairing = Self::default();
        let mut is_paired = vec![false; base.len()];
        for (position, partner) in partners.into_iter().enumerate() {
            let Some(partner) = partner else {
                pairing.candidate_alone.push(position);
                continue;
            };
            is_paired[partner] = true;
            let at = Both {
                base: partner,
                candidate: position,
            };
            let why = policy.aside(&base[partner], &candidate[position]);
            let is_changed = base[partner].identity().sample_digest
                != candidate[position].identity().sample_digest;
            pairing.add(at, why, is_changed);
        }
        let alone = is_paired.iter().enumerate().filter(|(_, paired)| !**paired);
        pairing.base_alone = alone.map(|(position, _)| position).collect();
        pairing.sort();
        pairing
    }

    fn add(&mut self, at: Both<usize>, why: Option<Aside>, is_changed: bool) {
        if is_changed && why.is_none_or(|why| why == Aside::Changed) {
            self.changed.push(at);
        }
        match why {
            Some(why) => self.aside.push(PairAside { at, why }),
            None => self.pairs.push(at),
        }
    }

    fn sort(&mut self) {
        self.pairs.sort_unstable();
        self.changed.sort_unstable();
        self.aside.sort_unstable_by_key(|one| one.at);
    }

    /// What is in no pair that is compared, counted.
    pub fn set_aside(&self) -> SetAside {
        let mut counts = SetAside {
            base_alone: number(self.base_alone.len()),
            candidate_alone: number(self.candidate_alone.len()),
            ..SetAside::default()
        };
        for one in &self.aside {
            counts.count(one.why);
        }
        counts
    }

    /// The partner of each of the `count` samples of the candidate.
    pub fn partners(&self, count: usize) -> Vec<Partner> {
        let mut partners = vec![Partner::Alone; count];
        for at in &self.pairs {
            partners[at.candidate] = Partner::At(at.base);
        }
        for one in &self.aside {
            partners[one.at.candidate] = Partner::Aside(one.why);
        }
        partners
    }

    /// Ids of samples that are alone on both sides under the same id: what they ask has changed.
    pub fn reworded<'a, A: Identified, B: Identified>(
        &self,
        base: &'a [A],
        candidate: &[B],
    ) -> Vec<&'a str> {
        let ids = self
            .candidate_alone
            .iter()
            .map(|at| &*candidate[*at].identity().id);
        let ids: HashSet<&str> = ids.collect();
        let base = self.base_alone.iter().map(|at| &*base[*at].identity().id);
        base.filter(|id| ids.contains(id)).collect()
    }
}

/// The position of the partner of each sample of the candidate.
fn partners<A: Identified, B: Identified>(
    base: &[A],
    candidate: &[B],
    equal_inputs: EqualInputs,
) -> Vec<Option<usize>> {
    let mut matching = Matching::new(base, candidate);
    let by_row = Both {
        base: (0..base.len()).collect(),
        candidate: (0..candidate.len()).collect(),
    };
    if equal_inputs != EqualInputs::ByRow {
        matching.match_up(&by_row, |sample| {
            (sample.identity().input_digest, &*sample.identity().id)
        });
    }
    let order = match equal_inputs {
        EqualInputs::ById => Both {
            base: by_id(base),
            candidate: by_id(candidate),
        },
        EqualInputs::ByIdThenRow | EqualInputs::ByRow => by_row,
    };
    matching.match_up(&order, |sample| sample.identity().input_digest);
    matching.partners
}

/// The same by the samples themselves, whatever the model saw of them; of those that are left, by their ids alone.
fn same_samples<A: Identified, B: Identified>(base: &[A], candidate: &[B]) -> Vec<Option<usize>> {
    let mut matching = Matching::new(base, candidate);
    let order = Both {
        base: by_id(base),
        candidate: by_id(candidate),
    };
    matching.match_up(&order, |sample| sample.identity().sample_digest);
    matching.match_up(&order, |sample| &*sample.identity().id);
    matching.partners
}

/// Positions in the order of ids.
fn by_id<A: Identified>(samples: &[A]) -> Vec<usize> {
    let mut positions: Vec<_> = (0..samples.len()).collect();
    positions.sort_by_key(|at| &samples[*at].identity().id);
    positions
}

/// Two lists of samples while their partners are looked for.
struct Matching<'a, A, B> {
    base: &'a [A],
    candidate: &'a [B],
    partners: Vec<Option<usize>>,
    is_taken: Vec<bool>,
}

impl<'a, A: Identified, B: Identified> Matching<'a, A, B> {
    fn new(base: &'a [A], candidate: &'a [B]) -> Self {
        Self {
            base,
            candidate,
            partners: vec![None; candidate.len()],
            is_taken: vec![false; base.len()],
        }
    }

    /// Gives every sample of the candidate that has no partner the first free one with the same `key`, both in
    /// `order`.
    fn match_up<Key: Hash + Eq>(
        &mut self,
        order: &Both<Vec<usize>>,
        key: impl Fn(&'a dyn Identified) -> Key,
    ) {
        let mut free: HashMap<Key, Vec<usize>> = HashMap::new();
        for position in order.base.iter().rev() {
            if !self.is_taken[*position] {
                let key = key(&self.base[*position]);
                free.entry(key).or_default().push(*position);
            }
        }
        for position in &order.candidate {
            if self.partners[*position].is_some() {
                continue;
            }
            let key = key(&self.candidate[*position]);
            let found = free.get_mut(&key).and_then(Vec::pop);
            if let Some(found) = found {
                self.is_taken[found] = true;
            }
            self.partners[*position] = found;
        }
    }
}

fn number(count: usize) -> u64 {
    u64::try_from(count).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use cleanbench_core::Digest;
    use cleanbench_stats::random::Random;

    use super::*;
    use crate::item::Item;
    use crate::policy::Treatment;
    use crate::testing::{item, items};

    fn positions(pairs: &[Both<usize>]) -> Vec<(usize, usize)> {
        pairs.iter().map(|at| (at.base, at.candidate)).collect()
    }

    fn asking(id: &str, input: &str) -> Item {
        let mut asking = item(input, &[Some(1.0)]);
        asking.identity.id = id.into();
        asking
    }

    #[test]
    fn samples_pair_by_what_the_model_saw() {
        let base = items("1101");
        let mut candidate = items("0011");
        candidate.reverse();
        let pairing = Pairing::of(&base, &candidate, Policy::default());
        assert_eq!(positions(&pairing.pairs), [(0, 3), (1, 2), (2, 1), (3, 0)]);
        assert!(pairing.base_alone.is_empty() && pairing.candidate_alone.is_empty());
    }

    #[test]
    fn equal_inputs_pair_by_id_and_then_in_the_order_of_ids() {
        let base = ["d", "a", "b", "c"].map(|id| asking(id, "q"));
        let candidate = ["y", "b", "a", "z", "x"].map(|id| asking(id, "q"));
        let with = |equal_inputs| {
            let policy = Policy {
                equal_inputs,
                ..Policy::default()
            };
            let pairing = Pairing::of(&base, &candidate, policy);
            (positions(&pairing.pairs), pairing.candidate_alone)
        };
        // `a` and `b` find themselves; of the rest `c` comes before `d`, and `x` before `y`.
        let by_id = vec![(0, 0), (1, 2), (2, 1), (3, 4)];
        assert_eq!(with(EqualInputs::ById), (by_id, vec![3]));
        let then_rows = vec![(0, 0), (1, 2), (2, 1), (3, 3)];
        assert_eq!(with(EqualInputs::ByIdThenRow), (then_rows, vec![4]));
        let rows = vec![(0, 0), (1, 1), (2, 2), (3, 3)];
        assert_eq!(with(EqualInputs::ByRow), (rows, vec![4]));
    }

    #[test]
    fn a_corrected_label_does_not_pair_unless_asked_for() {
        let base = items("11");
        let mut candidate = items("11");
        candidate[1].identity.sample_digest = Digest([9; 32]);
        let pairing = Pairing::of(&base, &candidate, Policy::default());
        assert_eq!(positions(&pairing.pairs), [(0, 0)]);
        assert_eq!(positions(&pairing.changed), [(1, 1)]);
        assert_eq!(pairing.set_aside().changed, 1);
        let partners = [Partner::At(0), Partner::Aside(Aside::Changed)];
        assert_eq!(pairing.partners(2), partners);
        let all = Policy {
            changed: Treatment::Compared,
            ..Policy::default()
        };
        let all = Pairing::of(&base, &candidate, all);
        assert_eq!((all.pairs.len(), all.changed.len()), (2, 1));
        assert_eq!(all.set_aside(), SetAside::default());
    }

    #[test]
    fn in_two_wordings_samples_pair_by_what_they_are_and_then_by_id() {
        let base = items("111");
        let mut candidate = items("000");
        for item in &mut candidate {
            item.identity.input_digest = Digest::of("other", &[item.identity.id.as_bytes()]);
        }
        candidate[1].identity.sample_digest = Digest([9; 32]);
        candidate.reverse();
        let none = Pairing::of(&base, &candidate, Policy::default());
        assert!(none.pairs.is_empty() && none.base_alone.len() == 3);
        let found = Pairing::by(PairKey::Sample, &base, &candidate, Policy::default());
        assert_eq!(positions(&found.pairs), [(0, 2), (2, 0)]);
        assert_eq!(positions(&found.changed), [(1, 1)]);
        assert!(found.base_alone.is_empty() && found.reworded(&base, &candidate).is_empty());
    }

    #[test]
    fn a_reworded_sample_is_named_and_stays_alone() {
        let base = [asking("a", "q"), asking("b", "r"), asking("c", "only here")];
        let candidate = [asking("a", "q"), asking("b", "reworded")];
        let pairing = Pairing::of(&base, &candidate, Policy::default());
        assert_eq!(pairing.base_alone, [1, 2]);
        assert_eq!(pairing.reworded(&base, &candidate), ["b"]);
    }

    #[test]
    fn whatever_the_inputs_every_sample_has_one_place_and_rows_decide_nothing() {
        let mut random = Random::new(7);
        for _ in 0..200 {
            let mut side = |most: u64| -> Vec<Item> {
                let ids = 0..random.below(most);
                let one = |id| {
                    let whole = Digest([u8::from(random.below(3) == 0); 32]);
                    let mut one = asking(&format!("i{id}"), &format!("q{}", random.below(4)));
                    one.identity.sample_digest = whole;
                    one
                };
                ids.map(one).collect()
            };
            let (base, mut candidate) = (side(12), side(12));
            let found = Pairing::of(&base, &candidate, Policy::default());
            let asides = found.aside.iter().map(|one| one.at);
            let all: Vec<_> = found.pairs.iter().copied().chain(asides).collect();
            for at in &all {
                assert_eq!(
                    base[at.base].identity.input_digest,
                    candidate[at.candidate].identity.input_digest
                );
            }
            let places = |paired: Vec<usize>, alone: &[usize]| {
                let mut places = [paired, alone.to_vec()].concat();
                places.sort_unstable();
                places
            };
            let ours = places(all.iter().map(|at| at.base).collect(), &found.base_alone);
            let theirs = all.iter().map(|at| at.candidate).collect();
            let theirs = places(theirs, &found.candidate_alone);
            assert_eq!(ours, (0..base.len()).collect::<Vec<_>>());
            assert_eq!(theirs, (0..candidate.len()).collect::<Vec<_>>());
            assert_eq!(all.len(), most_pairs(&base, &candidate));
            let named = |pairing: &Pairing, candidate: &[Item]| -> Vec<(String, String)> {
                let asides = pairing.aside.iter().map(|one| one.at);
                let all = pairing.pairs.iter().copied().chain(asides);
                let names = |at: Both<usize>| {
                    (
                        base[at.base].identity.id.to_string(),
                        candidate[at.candidate].identity.id.to_string(),
                    )
                };
                all.map(names).collect()
            };
            let in_order = named(&found, &candidate);
            candidate.reverse();
            let reversed = Pairing::of(&base, &candidate, Policy::default());
            assert_eq!(named(&reversed, &candidate), in_order);
        }
    }

    /// As many as inputs allow.
    fn most_pairs(base: &[Item], candidate: &[Item]) -> usize {
        let with = |items: &[Item], input: Digest| {
            let same = items
                .iter()
                .filter(|item| item.identity.input_digest == input);
            same.count()
        };
        let kinds: HashSet<_> = base.iter().map(|item| item.identity.input_digest).collect();
        let most = kinds
            .into_iter()
            .map(|kind| with(base, kind).min(with(candidate, kind)));
        most.sum()
    }
}
