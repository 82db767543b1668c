//! A blind baseline: can suspects be told from controls by their text alone, without asking any model?
//!
//! Where they can, a difference between the arms may be one of style, and shows no memory (Duan et al. 2024, Meeus et al.
//! 2025: likelihood attacks on sets of different dates were beaten by such classifiers). A naive Bayes classifier over
//! character n-grams learns on four folds of families and judges the fifth. Of independent arms the area under the curve is
//! over families, each by the mean of its items. Isomorphs are other texts as well, and each belongs to a suspect: a pair
//! hangs together in the folds, and what counts is how often the suspect of a pair is the one that looks like a suspect.
//!
//! Invariant: neither the order of items nor their names change anything.
//!
//! It refuses rewordings, which say the same in another manner by design: what that does is their bias. Of fewer than 20
//! families an arm nothing is told: the interval is from 0 to 1.

use std::collections::{BTreeMap, HashMap, HashSet};

use cleanbench_core::probe::{Blind, ControlKind, ProbeContext, ProbeItem};
use cleanbench_core::seed::derive;
use cleanbench_stats::auc::auc;
use cleanbench_stats::superiority::{self, Pair};

use crate::family::{Groups, families};
use crate::layout;
use crate::spending::ALPHA;

/// With fewer families an arm nothing is told.
const FEWEST: u64 = 20;
/// Parts into which families are dealt.
const FOLDS: u64 = 5;
/// Lengths of n-grams, in characters.
const LENGTHS: std::ops::RangeInclusive<usize> = 3..=5;
/// Characters of an item that are looked at.
const REACH: usize = 4_000;

/// How well the arms can be told apart; `None` of rewordings, and where an arm has no item.
pub fn blind(context: &ProbeContext<'_>) -> Option<Blind> {
    if context.kind == ControlKind::Rewording {
        return None;
    }
    let texts = Texts::new(context);
    let scores = texts.scores();
    let found = if context.kind.paired() {
        of_pairs(&texts, &scores)
    } else {
        of_arms(&texts, &scores)
    };
    found.map(|found| {
        if tells_nothing(found) {
            unknown(found)
        } else {
            found
        }
    })
}

/// Whether `blind` is of too few families to tell anything.
pub(crate) fn tells_nothing(blind: Blind) -> bool {
    blind.suspects.min(blind.controls) < FEWEST
}

fn unknown(blind: Blind) -> Blind {
    Blind {
        auc: 0.5,
        low: 0.0,
        high: 1.0,
        ..blind
    }
}

/// The area under the curve over families, each by the mean of the `scores` of its texts.
fn of_arms(texts: &Texts, scores: &[f64]) -> Option<Blind> {
    let arm = |wanted: bool| -> Vec<f64> {
        let mut families: BTreeMap<usize, Vec<f64>> = BTreeMap::new();
        for (text, score) in texts.all.iter().zip(scores) {
            if text.is_suspect == wanted {
                families.entry(text.family).or_default().push(*score);
            }
        }
        let families = families.into_values();
        families.filter_map(cleanbench_stats::mean).collect()
    };
    let found = auc(&arm(true), &arm(false))?;
    Some(Blind {
        auc: found.estimate,
        low: found.low,
        high: found.high,
        suspects: found.positives,
        controls: found.negatives,
    })
}

/// How often the suspect of a pair has the larger of both `scores`.
fn of_pairs(texts: &Texts, scores: &[f64]) -> Option<Blind> {
    let (suspects, controls) = scores.split_at(texts.suspects);
    let pairs = suspects.iter().zip(controls).zip(&texts.all);
    let pairs = pairs.map(|((suspect, control), text)| Pair {
        first: *suspect,
        second: *control,
        family: text.family,
    });
    // No use is made of a p-value.
    let found = superiority::paired_at(&pairs.collect::<Vec<_>>(), 0.0, ALPHA)?;
    Some(Blind {
        auc: found.estimate,
        low: found.low,
        high: found.high,
        suspects: found.families,
        controls: found.families,
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
    /// Suspects, then controls.
    all: Vec<Text>,
    /// How many are suspects.
    suspects: usize,
}

impl Texts {
    fn new(context: &ProbeContext<'_>) -> Self {
        let items: Vec<_> = context.suspects.iter().chain(context.controls).collect();
        let mut families = families(&items);
        if context.kind.paired() {
            families = joined(&families, context.suspects.len());
        }
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
            suspects: context.suspects.len(),
        }
    }

    /// For each how much rather it is a suspect, by what was learnt of the other folds.
    fn scores(&self) -> Vec<f64> {
        let all = Learnt::from(self.all.iter());
        let mut scores = vec![0.0; self.all.len()];
        for fold in 0..FOLDS {
            let is_own = |text: &&Text| text.fold == fold;
            let held_out = Learnt::from(self.all.iter().filter(is_own));
            let own = self.all.iter().enumerate();
            for (place, text) in own.filter(|(_, text)| is_own(text)) {
                scores[place] = all.score_without(&held_out, text);
            }
        }
        scores
    }
}

/// `families` of `suspects` items and as many controls, where each control hangs together with its suspect.
fn joined(families: &[usize], suspects: usize) -> Vec<usize> {
    let mut groups = Groups::new(families.len());
    for (place, first) in families.iter().enumerate() {
        groups.join(place, *first);
        if let Some(suspect) = place.checked_sub(suspects) {
            groups.join(place, suspect);
        }
    }
    (0..families.len())
        .map(|place| groups.root(place))
        .collect()
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
        found_of(ControlKind::Sibling, suspects, controls)
    }

    fn found_of(
        kind: ControlKind,
        suspects: &[ProbeItem],
        controls: &[ProbeItem],
    ) -> Option<Blind> {
        blind(&ProbeContext {
            suspects,
            controls,
            kind,
            seed: 0,
            published: None,
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
    fn of_few_items_nothing_is_told() {
        for kind in [ControlKind::Sibling, ControlKind::Isomorph] {
            let few = found_of(kind, &set(0..19, 5), &set(100..119, 5)).unwrap();
            assert!(tells_nothing(few), "{few:?}");
            assert_eq!((few.low, few.high, few.suspects), (0.0, 1.0, 19));
            let enough = found_of(kind, &set(0..20, 5), &set(100..120, 5)).unwrap();
            assert!(!tells_nothing(enough), "{enough:?}");
        }
        assert_eq!(found(&set(0..30, 5), &[]), None);
    }

    #[test]
    fn isomorphs_are_told_apart_pair_by_pair_and_rewordings_are_not_asked_about() {
        let of = |kind, solemn: [usize; 2]| {
            let [suspects, controls] = [set(0..80, solemn[0]), set(500..580, solemn[1])];
            found_of(kind, &suspects, &controls)
        };
        let apart = of(ControlKind::Isomorph, [70, 10]).unwrap();
        assert!(apart.low > 0.6, "{apart:?}");
        assert_eq!([apart.suspects, apart.controls], [80, 80]);
        let alike = of(ControlKind::Isomorph, [30, 30]).unwrap();
        assert!(alike.low < 0.6, "{alike:?}");
        assert_eq!(of(ControlKind::Rewording, [70, 10]), None);
    }

    /// Who learns of a suspect what its isomorph is about would take the isomorph for one.
    #[test]
    fn a_pair_is_learnt_or_judged_as_a_whole() {
        let suspects = set(0..60, 30);
        let mut controls = suspects.clone();
        controls.rotate_left(30);
        let texts = Texts::new(&ProbeContext {
            suspects: &suspects,
            controls: &controls,
            kind: ControlKind::Isomorph,
            seed: 0,
            published: None,
        });
        for (suspect, control) in texts.all.iter().zip(&texts.all[60..]) {
            assert_eq!(
                (suspect.family, suspect.fold),
                (control.family, control.fold)
            );
        }
    }
}
