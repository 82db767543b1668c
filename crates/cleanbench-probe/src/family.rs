//! Which items hang together: near-duplicates, and what the suite says belongs to one cluster.
//!
//! Invariant: the families of items do not depend on their order. Items that no other is like are families of one.

use std::collections::HashMap;
use std::hash::{DefaultHasher, Hash as _, Hasher as _};

use cleanbench_core::Sample;
use cleanbench_core::probe::ProbeItem;
use cleanbench_text::segments;

use crate::layout;

/// Words of a shingle.
const SHINGLE: usize = 3;
/// Share of the shingles of the smaller item from which on two items are near-duplicates.
const ALIKE: f64 = 0.5;
/// Items that share a shingle up to which each is compared with each; of more, each is compared with the first.
const FEW: usize = 64;

/// For each of `items` the number of its family. Numbers are those of the first member.
pub(crate) fn families(items: &[&ProbeItem]) -> Vec<usize> {
    let mut groups = Groups::new(items.len());
    let mut clusters: HashMap<(&str, &str), usize> = HashMap::new();
    for (place, item) in items.iter().enumerate() {
        if let Some(cluster) = &item.sample.cluster {
            let first = *clusters.entry((&item.task, cluster)).or_insert(place);
            groups.join(first, place);
        }
    }
    let shingles: Vec<_> = items.iter().map(|item| shingles(&item.sample)).collect();
    for [one, other] in alike(&shingles) {
        groups.join(one, other);
    }
    (0..items.len()).map(|place| groups.root(place)).collect()
}

/// Digests of the runs of words of what the item says, each once, sorted.
fn shingles(sample: &Sample) -> Vec<u64> {
    let text = layout::item(sample, sample.choices.iter().map(String::as_str));
    let words: Vec<_> = segments(&text).into_iter().map(|one| one.word).collect();
    let mut shingles: Vec<_> = words.windows(SHINGLE).map(digest).collect();
    shingles.sort_unstable();
    shingles.dedup();
    shingles
}

/// Nothing is kept of it, and only whether two are the same is asked.
fn digest(words: &[String]) -> u64 {
    let mut hasher = DefaultHasher::new();
    words.hash(&mut hasher);
    hasher.finish()
}

/// Pairs of items that share enough shingles.
fn alike(shingles: &[Vec<u64>]) -> Vec<[usize; 2]> {
    let mut holders: HashMap<u64, Vec<usize>> = HashMap::new();
    for (place, own) in shingles.iter().enumerate() {
        for shingle in own {
            holders.entry(*shingle).or_default().push(place);
        }
    }
    let mut shared: HashMap<[usize; 2], usize> = HashMap::new();
    #[expect(
        clippy::iter_over_hash_type,
        reason = "counting does not hang on order"
    )]
    for places in holders.values() {
        let firsts = if places.len() > FEW { 1 } else { places.len() };
        for (rank, one) in places.iter().take(firsts).enumerate() {
            for other in &places[rank + 1..] {
                *shared.entry([*one, *other]).or_default() += 1;
            }
        }
    }
    let enough = |(pair, count): ([usize; 2], usize)| {
        let smaller = shingles[pair[0]].len().min(shingles[pair[1]].len());
        (real(count) >= ALIKE * real(smaller)).then_some(pair)
    };
    shared.into_iter().filter_map(enough).collect()
}

#[expect(clippy::cast_precision_loss, reason = "items are far fewer than 2^52")]
fn real(count: usize) -> f64 {
    count as f64
}

/// Disjoint sets.
pub(crate) struct Groups(Vec<usize>);

impl Groups {
    pub(crate) fn new(count: usize) -> Self {
        Self((0..count).collect())
    }

    /// The smallest member of the group of `place`.
    pub(crate) fn root(&mut self, mut place: usize) -> usize {
        while self.0[place] != place {
            self.0[place] = self.0[self.0[place]];
            place = self.0[place];
        }
        place
    }

    pub(crate) fn join(&mut self, one: usize, other: usize) {
        let [one, other] = [self.root(one), self.root(other)];
        self.0[one.max(other)] = one.min(other);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{choice_sample, item, usable};

    #[test]
    fn near_duplicates_and_clusters_are_families() {
        let long =
            "which of the seven keys behind the counter opens the oldest door of the town hall";
        let mut items = vec![
            item(choice_sample("a", long, &[], 0)),
            usable(1),
            item(choice_sample("b", &long.replace("seven", "nine"), &[], 0)),
            usable(2),
            usable(3),
        ];
        for place in [1, 4] {
            items[place].sample.cluster = Some("c".to_owned());
        }
        let of = |items: &[ProbeItem]| families(&items.iter().collect::<Vec<_>>());
        assert_eq!(of(&items), [0, 1, 0, 3, 1]);
        items.reverse();
        assert_eq!(of(&items), [0, 1, 2, 0, 2]);
        assert_eq!(of(&[]), [0_usize; 0]);
    }
}
