//! Whether two references are one model: the same weights at two addresses, or under two names.
//!
//! Two references measure a bias because one alone may happen to guess in both arms alike. The same model twice is one. It
//! is told by what it says where it restores nothing: the first words of its long answers, and likelihoods. Models that are
//! not the same agree on none of these but by chance, also greedily decoded and trained on the same texts: they would have to
//! choose the same word about ten times in a row. Of 48 pairs of models of the calibration set, which share a world, none had
//! one of up to 692 answers in common, and at most 17 % of 443 likelihoods. The same weights agree on nearly all, and not on
//! all: servers that add in another order choose otherwise where two words are as likely.
//!
//! Invariant: short answers and what was restored, in which models may well agree, have no say, and the same answer to many
//! items counts once. It errs to the safe side: from half on two are one, and since tables 9 two of
//! which fewer than 50 answers could tell are counted as one.

use std::collections::{BTreeMap, BTreeSet};

use cleanbench_core::probe::{ProbeCall, Seen};

use crate::answer::told_by;
use crate::beside::{About, decided};

/// Different answers of both from which on anything is said.
const FEWEST: u64 = 50;
/// Nats a token by which likelihoods of the same weights may differ for rounding.
const ROUNDING: f64 = 0.02;

/// What a model said of the items of all probes, as far as it tells models from one another.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Manner {
    said: BTreeMap<(usize, About), Said>,
}

#[derive(Debug, Clone, PartialEq)]
enum Said {
    /// A digest of its first words.
    Text(String),
    /// By how much likelier one text is.
    Likelihood(f64),
}

/// How often two models said the same about an item, of all that both said something about; what both said alike of
/// several items counts once.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Likeness {
    /// Answers that are the same.
    pub alike: u64,
    /// Answers that were compared.
    pub of: u64,
}

impl Likeness {
    /// Whether enough was compared to tell two models apart.
    pub fn is_known(self) -> bool {
        self.of >= FEWEST
    }

    /// Whether both are one model, as far as anybody can tell.
    pub fn is_of_one(self) -> bool {
        self.is_known() && 2 * self.alike >= self.of
    }
}

impl Manner {
    /// Adds how the `calls` of the probe at `place` of a plan ended, one that weighs likelihoods or not.
    pub fn add(&mut self, place: usize, weighs: bool, calls: &[ProbeCall], seen: &[Seen]) {
        let said = decided(calls, seen)
            .into_iter()
            .filter_map(|(about, score)| {
                let said = if weighs {
                    Said::Likelihood(score.measure?)
                } else {
                    Said::Text(told_by(score)?.to_owned())
                };
                Some(((place, about), said))
            });
        self.said.extend(said);
    }

    /// How alike both are.
    pub fn likeness(&self, other: &Self) -> Likeness {
        let mut texts = BTreeSet::new();
        let mut found = Likeness::default();
        for (about, own) in &self.said {
            let is_alike = match (own, other.said.get(about)) {
                (Said::Text(own), Some(Said::Text(other))) if texts.insert([own, other]) => {
                    own == other
                }
                (Said::Likelihood(own), Some(Said::Likelihood(other))) => {
                    (own - other).abs() <= ROUNDING
                }
                _ => continue,
            };
            found.alike += u64::from(is_alike);
            found.of += 1;
        }
        found
    }
}

#[cfg(test)]
mod tests {
    use cleanbench_core::event::RecordedScore;
    use cleanbench_core::probe::{Arm, ProbeForm};

    use super::*;
    use crate::answer::{another, invalid, restored};

    fn call(item: usize) -> ProbeCall {
        ProbeCall {
            arm: Arm::Suspect,
            item,
            messages: Vec::new(),
            continuations: Vec::new(),
            max_tokens: 1,
            stop: Vec::new(),
            expected: String::new(),
            right: None,
        }
    }

    /// Says what `answer` gives of each of so many items.
    fn manner(items: usize, weighs: bool, answer: impl Fn(usize) -> RecordedScore) -> Manner {
        let calls: Vec<_> = (0..items).map(call).collect();
        let seen: Vec<_> = (0..items)
            .map(|item| Seen::answered(answer(item)))
            .collect();
        let mut manner = Manner::default();
        manner.add(3, weighs, &calls, &seen);
        manner
    }

    /// A model of its own about every item from `from` on, and like all others before.
    fn of_text(items: usize, from: usize, name: &str) -> Manner {
        manner(items, false, |item| {
            let own = if item < from { "all" } else { name };
            let words = (0..14).map(|place| format!("{own}{item}x{place}"));
            another(ProbeForm::Raw, &words.collect::<Vec<_>>().join(" "))
        })
    }

    #[test]
    fn half_of_enough_answers_make_two_one() {
        for (items, from, is_one) in [
            (100, 100, true),
            (100, 50, true),
            (100, 49, false),
            (100, 0, false),
            (50, 50, true),
            (49, 49, false),
        ] {
            let [one, other] = ["one", "other"].map(|name| of_text(items, from, name));
            let likeness = one.likeness(&other);
            assert_eq!((likeness.alike, likeness.of), (from as u64, items as u64));
            assert_eq!(likeness.is_of_one(), is_one, "{items} {from}");
        }
    }

    #[test]
    fn what_models_may_agree_on_has_no_say() {
        let short = |_: usize| another(ProbeForm::Raw, "all of the above");
        let known = |_: usize| restored(0);
        let silent = |_: usize| invalid("declined");
        let answers: [&dyn Fn(usize) -> RecordedScore; 3] = [&short, &known, &silent];
        for (number, answer) in answers.into_iter().enumerate() {
            let of = || manner(90, false, answer);
            assert_eq!(of().likeness(&of()), Likeness::default(), "{number}");
        }
        let repeated = |_: usize| {
            let text = "the same to every item that anybody could ask for here";
            another(ProbeForm::Raw, text)
        };
        let of = || manner(90, false, repeated);
        assert_eq!(of().likeness(&of()), Likeness { alike: 1, of: 1 });
    }

    #[test]
    fn likelihoods_of_the_same_weights_differ_by_rounding_alone() {
        let weighed = |shift: f64| {
            manner(60, true, |item| RecordedScore {
                measure: Some(f64::from(u32::try_from(item).unwrap()) * 0.37 + shift),
                ..RecordedScore::of(0.0)
            })
        };
        assert!(weighed(0.0).likeness(&weighed(0.004)).is_of_one());
        assert!(!weighed(0.0).likeness(&weighed(0.2)).is_of_one());
    }
}
