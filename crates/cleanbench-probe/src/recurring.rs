//! Options that are guessed because other items have them too.

use std::collections::{HashMap, HashSet};

use cleanbench_core::Sample;
use cleanbench_core::probe::ProbeItem;

use crate::answer::plain_words;

/// Items from which on an option that they share is no evidence.
const SHARED_BY: usize = 3;

/// Options that recur in several items.
#[derive(Debug, Clone, Default)]
pub(crate) struct Recurring(HashSet<Vec<String>>);

impl Recurring {
    /// Those of `items`.
    pub(crate) fn among<'a>(items: impl Iterator<Item = &'a ProbeItem>) -> Self {
        let mut seen: HashMap<Vec<String>, usize> = HashMap::new();
        for item in items {
            let options: HashSet<_> = item
                .sample
                .choices
                .iter()
                .map(|one| plain_words(one))
                .collect();
            #[expect(
                clippy::iter_over_hash_type,
                reason = "counting does not hang on order"
            )]
            for option in options {
                *seen.entry(option).or_default() += 1;
            }
        }
        let often = seen.into_iter().filter(|(_, items)| *items >= SHARED_BY);
        Self(often.map(|(option, _)| option).collect())
    }

    /// Whether the option at `place` of `sample` is one.
    pub(crate) fn has(&self, sample: &Sample, place: usize) -> bool {
        let option = sample.choices.get(place);
        option.is_some_and(|option| self.0.contains(&plain_words(option)))
    }
}
