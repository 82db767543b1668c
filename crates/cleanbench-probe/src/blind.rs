//! A blind baseline: can suspects be told from independent controls by their text alone, without asking any model?
//!
//! Where they can, a difference between the arms may be one of style, and shows no memory (Duan et al. 2024, Meeus et al.
//! 2025: likelihood attacks on sets of different dates were beaten by such classifiers). A naive Bayes classifier over
//! character n-grams learns on four folds of families and judges the fifth; the area under the curve is over families, each
//! by the mean of its items.
//!
//! Invariant: neither the order of items nor their names change anything.
//!
//! It refuses to say anything of fewer than 20 families an arm.

use std::collections::{BTreeMap, HashMap, HashSet};

use cleanbench_core::probe::{Blind, ProbeContext, ProbeItem};
use cleanbench_core::seed::derive;
use cleanbench_stats::auc::auc;

use crate::family::families;
use crate::layout;

/// With fewer families an arm nothing is said.
const FEWEST: usize = 20;
/// Parts into which families are dealt.
const FOLDS: u64 = 5;
/// Lengths of n-grams, in characters.
const LENGTHS: std::ops::RangeInclusive<usize> = 3..=5;
/// Characters of an item that are looked at.
const REACH: usize = 4_000;

/// How well the arms can be told apart; `None` where there are too few families.
pub fn blind(context: &ProbeContext<'_>) -> Option<Blind> {
    let texts = Texts::new(context);
    let all = Learnt::from(texts.all.iter());
    let mut scores: BTreeMap<(usize, bool), Vec<f64>> = BTreeMap::new();
    for fold in 0..FOLDS {
        let own = || texts.all.iter().filter(|text| text.fold == fold);
        let held_out = Learnt::from(own());
        for text in own() {
            let group = scores.entry((text.family, text.is_suspect)).or_default();
            group.push(all.score_without(&held_out, text));
        }
    }
    let arm = |wanted: bool| -> Vec<f64> {
        let own = scores
            .iter()
            .filter(|((_, is_suspect), _)| *is_suspect == wanted);
        own.filter_map(|(_, scores)| cleanbench_stats::mean(scores.iter().copied()))
            .collect()
    };
    let [suspects, controls] = [arm(true), arm(false)];
    if suspects.len().min(controls.len()) < FEWEST {
        return None;
    }
    let found = auc(&suspects, &controls)?;
    Some(Blind {
        auc: found.estimate,
        low: found.low,
        high: found.high,
        suspects: found.positives,
        controls: found.negatives,
    })
}

/// An item as the classifier sees it.
struct Text {
    /// Digests of its n-grams, each once, sorted.
    grams: Vec<u64>,
    is_suspect: bool,
    family: usize,
    fold: u64,
}

struct Texts {
    all: Vec<Text>,
}

impl Texts {
    fn new(context: &ProbeContext<'_>) -> Self {
        let items: Vec<_> = context.suspects.iter().chain(context.controls).collect();
        let families = families(&items);
        // The smallest digest of a member deals a family, so that no order of items does.
        let mut dealt: HashMap<usize, u64> = HashMap::new();
        for (item, family) in items.iter().zip(&families) {
            let digest = derive(0, "", &text_of(item), "fold");
            let least = dealt.entry(*family).or_insert(u64::MAX);
            *least = digest.min(*least);
        }
        let of = |((place, item), family): ((usize, &&ProbeItem), &usize)| Text {
            grams: grams(&text_of(item)),
            is_suspect: place < context.suspects.len(),
            family: *family,
            fold: dealt[family] % FOLDS,
        };
        let all = items.iter().enumerate().zip(&families);
        Self {
            all: all.map(of).collect(),
        }
    }
}

fn text_of(item: &ProbeItem) -> String {
    let sample = &item.sample;
    layout::item(sample, sample.choices.iter().map(String::as_str))
}

fn grams(text: &str) -> Vec<u64> {
    let letters: Vec<char> = text.chars().take(REACH).collect();
    let windows = LENGTHS.flat_map(|length| letters.windows(length));
    let found: HashSet<u64> = windows.map(digest).collect();
    let mut found: Vec<_> = found.into_iter().collect();
    found.sort_unstable();
    found
}

/// FNV-1a over the characters.
fn digest(letters: &[char]) -> u64 {
    letters.iter().fold(0xcbf2_9ce4_8422_2325, |hash, letter| {
        (hash ^ u64::from(*letter)).wrapping_mul(0x0100_0000_01b3)
    })
}

/// In how many items of each arm an n-gram stands.
#[derive(Clone, Copy, Default)]
struct Count {
    suspects: u32,
    controls: u32,
}

/// What was learnt of some items.
struct Learnt {
    counts: HashMap<u64, Count>,
    items: Count,
}

impl Learnt {
    fn from<'a>(texts: impl Iterator<Item = &'a Text>) -> Self {
        let mut learnt = Self {
            counts: HashMap::new(),
            items: Count::default(),
        };
        for text in texts {
            learnt.items.add(text.is_suspect);
            for gram in &text.grams {
                learnt.counts.entry(*gram).or_default().add(text.is_suspect);
            }
        }
        learnt
    }

    /// How much rather the item is a suspect, by all that was learnt but what is `held_out`: the sum of its n-grams' log
    /// ratios, by the root of their number, so that long items are not extreme for being long.
    fn score_without(&self, held_out: &Self, text: &Text) -> f64 {
        let items = self.items.minus(held_out.items);
        let ratios = text.grams.iter().map(|gram| {
            let count = self.count(*gram).minus(held_out.count(*gram));
            count.ratio(items)
        });
        let sum: f64 = ratios.sum();
        let count = u32::try_from(text.grams.len().max(1)).unwrap_or(u32::MAX);
        sum / f64::from(count).sqrt()
    }

    fn count(&self, gram: u64) -> Count {
        self.counts.get(&gram).copied().unwrap_or_default()
    }
}

impl Count {
    fn add(&mut self, is_suspect: bool) {
        if is_suspect {
            self.suspects += 1;
        } else {
            self.controls += 1;
        }
    }

    fn minus(self, other: Self) -> Self {
        Self {
            suspects: self.suspects - other.suspects,
            controls: self.controls - other.controls,
        }
    }

    /// Log of how much oftener something stands in suspects, of `items`; 0 for what was not met twice.
    fn ratio(self, items: Self) -> f64 {
        if self.suspects + self.controls < 2 {
            return 0.0;
        }
        let share = |count: u32, of: u32| (f64::from(count) + 0.5) / (f64::from(of) + 1.0);
        (share(self.suspects, items.suspects) / share(self.controls, items.controls)).ln()
    }
}

#[cfg(test)]
mod tests {
    use cleanbench_core::probe::ControlKind;

    use super::*;
    use crate::testing::{choice_sample, item};

    /// An item of words that no other has in this order, in one of two manners.
    fn asked(number: usize, is_solemn: bool) -> ProbeItem {
        let word = |place: usize| {
            let drawn = derive(7, &place.to_string(), &number.to_string(), "word") % 900;
            let letter = |part: u64| char::from(b'a' + u8::try_from(part % 26).unwrap());
            let letters = [
                letter(drawn),
                'o',
                letter(drawn / 26),
                'e',
                letter(drawn * 7),
            ];
            letters.into_iter().collect::<String>()
        };
        let words: Vec<_> = (0..14).map(word).collect();
        let text = if is_solemn {
            format!("Suppose that {}; which of these follows?", words.join(" "))
        } else {
            format!("{}, so what now", words.join(" "))
        };
        item(choice_sample(&number.to_string(), &text, &[], 0))
    }

    fn found(suspects: &[ProbeItem], controls: &[ProbeItem]) -> Option<Blind> {
        blind(&ProbeContext {
            suspects,
            controls,
            kind: ControlKind::Sibling,
            seed: 0,
        })
    }

    /// Items of which so many are solemn.
    fn set(numbers: std::ops::Range<usize>, solemn: usize) -> Vec<ProbeItem> {
        let start = numbers.start;
        numbers
            .map(|number| asked(number, number - start < solemn))
            .collect()
    }

    #[test]
    fn items_of_one_kind_are_not_told_apart() {
        let mut told_apart = 0;
        for seed in 0..20 {
            let start = seed * 400;
            let blind = found(
                &set(start..start + 100, 40),
                &set(start + 100..start + 200, 40),
            )
            .unwrap();
            assert_eq!([blind.suspects, blind.controls], [100, 100]);
            told_apart += u32::from(blind.low > 0.6);
        }
        assert_eq!(told_apart, 0, "of 20");
    }

    #[test]
    fn another_mix_is_told_apart_whatever_the_order() {
        let [mut suspects, mut controls] = [set(0..120, 100), set(500..620, 20)];
        let first = found(&suspects, &controls).unwrap();
        assert!(first.low > 0.6, "{first:?}");
        suspects.reverse();
        controls.rotate_left(7);
        let again = found(&suspects, &controls).unwrap();
        assert_eq!(first.auc.to_bits(), again.auc.to_bits());
    }

    #[test]
    fn a_family_is_learnt_or_judged_as_a_whole() {
        // Each item stands in both arms, and nothing else tells the arms apart.
        let suspects = set(0..60, 30);
        let blind = found(&suspects, &suspects).unwrap();
        assert!((blind.auc - 0.5).abs() < 1e-9, "{blind:?}");
    }

    #[test]
    fn of_few_items_nothing_is_said() {
        assert_eq!(found(&set(0..19, 5), &set(100..200, 5)), None);
    }
}
