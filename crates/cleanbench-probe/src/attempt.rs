//! Short answers that have nothing of what they were asked about: no attempts, in whatever words and language.
//!
//! A refusal of few words that is worded anew for every item shares no run of words with others, and no list knows it. But it
//! is about no item. So a short answer that has no words in common with its item which tell it from others is no attempt
//! where it denies, or where half of its words stand in no item of either arm.
//!
//! A small model goes on in the same few words wherever it knows nothing, about rewordings more often than about originals.
//! What controls alone get so hides no memory: foreign words count only where suspects get them in more than one of twenty
//! answers, or more often than controls.
//!
//! Invariant: it depends on no order of answers. It refuses to judge what is as long as a text that was asked for.

use std::collections::{BTreeSet, HashMap, HashSet};

use cleanbench_core::event::RecordedScore;
use cleanbench_core::probe::{Arm, ProbeCall, Seen};
use cleanbench_core::seed::derive;
use cleanbench_text::segments;

/// Words of a run, by which answers as long as a text that was asked for are compared.
pub(crate) const RUN: usize = 6;
/// Words of an answer, beyond its prompt, that are kept, and of which runs are.
pub(crate) const KEPT: usize = 64;
/// Hexadecimal digits of a word: few enough that several words of a language have the same.
const DIGITS: usize = 4;
const MARK: &str = "; words ";
/// Stands before the words where one of them denies: their digests are those of too many other words to tell.
const DENIAL: &str = "denial";
/// Words up to which an answer that denies may be none, however little was asked for.
const DENYING: usize = 2 * RUN;
/// How well the words in common must tell an item from others, in bits: from seven in eight.
const TELLING: f64 = 3.0;
/// Answers with a word from which on it is one that is said of anything.
const RECURRING: usize = 3;
/// One in so many answers about suspects may be foreign to all items.
const FOREIGN: usize = 20;

/// Words by which languages deny, and that of whoever speaks of himself.
const DENIALS: [&str; 68] = [
    "no",
    "not",
    "nope",
    "never",
    "none",
    "cannot",
    "can't",
    "won't",
    "don't",
    "wouldn't",
    "shouldn't",
    "couldn't",
    "unable",
    "sorry",
    "i",
    "i'd",
    "i'm",
    "i'll",
    "nein",
    "nicht",
    "kein",
    "keine",
    "keinen",
    "leider",
    "ich",
    "non",
    "ne",
    "pas",
    "désolé",
    "désolée",
    "je",
    "siento",
    "tampoco",
    "não",
    "desculpe",
    "spiace",
    "nee",
    "niet",
    "geen",
    "helaas",
    "ik",
    "nej",
    "nei",
    "inte",
    "ikke",
    "jag",
    "jeg",
    "nie",
    "нет",
    "не",
    "ні",
    "я",
    "hayır",
    "değil",
    "όχι",
    "δεν",
    "不",
    "没",
    "無",
    "无",
    "못",
    "아니요",
    "لا",
    "לא",
    "नहीं",
    "không",
    "tidak",
    "nem",
];

/// `score` of a miss with what is kept of the `words` that an answer to `call` has beyond its prompt, where they are few.
pub(crate) fn kept_in(score: RecordedScore, call: &ProbeCall, words: &[String]) -> RecordedScore {
    let is_few = words.len() < DENYING || is_far_shorter(words.len(), call);
    let Some(rule) = score
        .rule
        .as_deref()
        .filter(|_| is_few && !words.is_empty())
    else {
        return score;
    };
    let first = words.iter().take(KEPT);
    let kept = first.map(|word| format!("{:0width$x}", digest(word), width = DIGITS));
    let kept = kept.collect::<Vec<_>>().concat();
    let denies = words.iter().any(|word| DENIALS.contains(&word.as_str()));
    let denial = if denies { DENIAL } else { "" };
    RecordedScore {
        rule: Some(format!("{rule}{MARK}{denial}{kept}").into()),
        ..score
    }
}

/// `rule` without words.
pub(crate) fn without_words(rule: &str) -> &str {
    rule.split_once(MARK).map_or(rule, |(rule, _)| rule)
}

/// Whether an answer of so many words is at most half of what `call` asks for.
fn is_far_shorter(words: usize, call: &ProbeCall) -> bool {
    2 * words <= segments(&call.expected).len()
}

fn digest(word: &str) -> u16 {
    u16::try_from(derive(0, "", word, "word") & 0xffff).unwrap_or_default()
}

/// What was kept of an answer.
#[derive(Default)]
struct Kept {
    words: Vec<u16>,
    denies: bool,
}

impl Kept {
    fn of(seen: &Seen) -> Self {
        let rule = seen.score.as_ref().and_then(|score| score.rule.as_deref());
        let Some((_, kept)) = rule.and_then(|rule| rule.split_once(MARK)) else {
            return Self::default();
        };
        let denial = kept.strip_prefix(DENIAL);
        let digits = denial.unwrap_or(kept);
        let places = (0..digits.len()).step_by(DIGITS);
        let words =
            places.filter_map(|at| u16::from_str_radix(digits.get(at..at + DIGITS)?, 16).ok());
        Self {
            words: words.collect(),
            denies: denial.is_some(),
        }
    }
}

/// For each of `seen`, the answers to `calls`, whether it is no attempt.
pub(crate) fn no_attempts(calls: &[ProbeCall], seen: &[Seen]) -> Vec<bool> {
    let said: Vec<_> = seen.iter().map(Kept::of).collect();
    if said.iter().all(|kept| kept.words.is_empty()) {
        return vec![false; seen.len()];
    }
    let items = Items::of(calls);
    let times = times(said.iter().map(|kept| kept.words.iter().copied().collect()));
    let judged = said.iter().zip(calls).enumerate();
    let judged = judged.map(|(place, (kept, call))| {
        let words = kept.words.as_slice();
        let short = Short {
            words,
            denies: kept.denies,
            is_far_shorter: is_far_shorter(words.len(), call),
            is_foreign: items.is_foreign(words),
        };
        if words.is_empty() || items.bits(place, words) >= TELLING {
            Shown::Attempt
        } else {
            short.shown(&times)
        }
    });
    let judged: Vec<_> = judged.collect();
    let counts = counts_foreign(calls, &judged);
    let is_none = |one: &Shown| *one == Shown::Denial || *one == Shown::Foreign && counts;
    judged.iter().map(is_none).collect()
}

/// What a short answer is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Shown {
    Attempt,
    Denial,
    /// Of words that stand in no item.
    Foreign,
}

/// A short answer that has nothing of its item.
struct Short<'a> {
    words: &'a [u16],
    denies: bool,
    is_far_shorter: bool,
    is_foreign: bool,
}

impl Short<'_> {
    /// What it is where each word stands in so many answers.
    fn shown(&self, times: &HashMap<u16, usize>) -> Shown {
        let recurs = |word: &u16| times.get(word).is_some_and(|times| *times >= RECURRING);
        let is_short = self.is_far_shorter || self.words.len() < RUN;
        let recurs = || self.words.iter().all(recurs);
        if self.denies && (is_short || self.is_foreign) {
            Shown::Denial
        } else if self.is_foreign && (self.is_far_shorter || is_short && recurs()) {
            Shown::Foreign
        } else {
            Shown::Attempt
        }
    }
}

/// Whether foreign words count: of answers about suspects too many have them, or more than of those about controls.
fn counts_foreign(calls: &[ProbeCall], shown: &[Shown]) -> bool {
    let of = |arm: Arm| {
        let own = calls.iter().zip(shown).filter(|(call, _)| call.arm == arm);
        let foreign = own.clone().filter(|(_, one)| **one == Shown::Foreign);
        [foreign.count(), own.count()]
    };
    let [suspects, all] = of(Arm::Suspect);
    let [controls, others] = of(Arm::Control);
    suspects * FOREIGN > all || suspects * others > controls * all
}

/// The texts of all items that are asked about, each with what is asked for.
struct Items {
    texts: Vec<HashSet<u16>>,
    times: HashMap<u16, usize>,
}

impl Items {
    fn of(calls: &[ProbeCall]) -> Self {
        let mut known: HashMap<String, u16> = HashMap::new();
        let mut digested = |text: &str| -> Vec<u16> {
            let words = segments(text).into_iter().map(|one| one.word);
            let digests = words.map(|word| match known.get(&word) {
                Some(known) => *known,
                None => *known.entry(word.clone()).or_insert(digest(&word)),
            });
            digests.collect()
        };
        let texts = calls.iter().map(|call| {
            let shown = call.messages.iter().map(|one| one.content.as_str());
            let all = shown.chain([call.expected.as_str()]);
            all.flat_map(&mut digested).collect::<HashSet<_>>()
        });
        let texts: Vec<_> = texts.collect();
        Self {
            times: times(texts.iter().cloned()),
            texts,
        }
    }

    /// How much `words` have in common with the item at `place` that they have with few others, in bits.
    #[expect(clippy::cast_precision_loss, reason = "items are far fewer than 2^52")]
    fn bits(&self, place: usize, words: &[u16]) -> f64 {
        let different: BTreeSet<_> = words.iter().collect();
        let own = &self.texts[place];
        let common = different.into_iter().filter(|word| own.contains(word));
        let bits = common.map(|word| (self.texts.len() as f64 / self.times[word] as f64).log2());
        bits.sum()
    }

    /// Whether half of `words` stand in no item.
    fn is_foreign(&self, words: &[u16]) -> bool {
        let foreign = words.iter().filter(|word| !self.times.contains_key(word));
        2 * foreign.count() >= words.len()
    }
}

/// In how many of `texts` each word stands.
fn times(texts: impl Iterator<Item = HashSet<u16>>) -> HashMap<u16, usize> {
    let mut times = HashMap::new();
    for word in texts.flatten() {
        *times.entry(word).or_default() += 1;
    }
    times
}

#[cfg(test)]
mod tests {
    use cleanbench_core::probe::ProbeForm;
    use cleanbench_core::{Message, Role};

    use super::*;
    use crate::answer::another;
    use crate::beyond::Beyond;

    const NAMES: [&str; 10] = [
        "otter", "beech", "quartz", "violin", "harbour", "saffron", "lantern", "glacier", "monk",
        "parrot",
    ];

    /// What is asked about the item of this number, which has words of its own.
    fn call(number: usize, arm: Arm) -> ProbeCall {
        let name = |place: usize| format!("{}{number}", NAMES[(number + place) % NAMES.len()]);
        let text = format!(
            "Question: when did the {} meet a {} not far from here?",
            name(0),
            name(1)
        );
        ProbeCall {
            arm,
            item: number,
            messages: vec![Message::new(Role::User, text)],
            continuations: Vec::new(),
            max_tokens: 1,
            stop: Vec::new(),
            expected: format!(
                "in the first year of the {} when all the {} were there at once",
                name(2),
                name(3)
            ),
            right: None,
        }
    }

    /// For each of forty items, half of them suspects, whether what `says` gives to its number is no attempt.
    fn judged(says: impl Fn(usize, Arm) -> String) -> [usize; 2] {
        let arm = |number| {
            if number < 20 {
                Arm::Suspect
            } else {
                Arm::Control
            }
        };
        let calls: Vec<_> = (0..40).map(|number| call(number, arm(number))).collect();
        let seen: Vec<_> = calls
            .iter()
            .map(|call| {
                let text = says(call.item, call.arm);
                let score = another(ProbeForm::Raw, &text);
                Seen::answered(kept_in(score, call, &Beyond::of(call, &text).words))
            })
            .collect();
        let found = no_attempts(&calls, &seen);
        let count = |part: &[bool]| part.iter().filter(|one| **one).count();
        [count(&found[..20]), count(&found[20..])]
    }

    #[test]
    fn what_denies_or_is_foreign_and_has_nothing_of_its_item_is_no_attempt() {
        let each = |number: usize, words: [&str; 4]| format!("{} {number}", words[number % 4]);
        assert_eq!(
            judged(|number, _| each(number, ["Not able to", "No way", "I cannot", "Nein danke"])),
            [20, 20]
        );
        assert_eq!(
            judged(|number, _| each(number, ["Skipping", "Declined", "Next please", "Pass"])),
            [20, 20]
        );
        assert_eq!(judged(|_, _| "Not that one.".to_owned()), [20, 20]);
    }

    #[test]
    fn attempts_are_misses_however_short() {
        let own = |number: usize| format!("{}{number}", NAMES[number % NAMES.len()]);
        for attempt in [
            &|number: usize| format!("no {}", own(number)),
            &|number: usize| format!("in the second year of all of the {} there", own(number + 5)),
            &|_: usize| "the first year when all were there at once".to_owned(),
        ] as [&dyn Fn(usize) -> String; 3]
        {
            assert_eq!(
                judged(|number, _| attempt(number)),
                [0, 0],
                "{}",
                attempt(3)
            );
        }
    }

    /// A small model says the same few words of its training about rewordings.
    #[test]
    fn foreign_words_about_controls_alone_hide_nothing() {
        let about = |number: usize, arm: Arm| match arm {
            Arm::Suspect => format!("the {}{number}", NAMES[number % NAMES.len()]),
            Arm::Control => "place auger".to_owned(),
        };
        assert_eq!(judged(about), [0, 0]);
        let other = |number: usize, arm: Arm| match arm {
            Arm::Control => about(number, Arm::Suspect),
            Arm::Suspect => about(number, Arm::Control),
        };
        assert_eq!(judged(other), [20, 0]);
    }

    #[test]
    fn what_is_kept_is_read_again_and_hides_no_other_rule() {
        let call = call(1, Arm::Suspect);
        let words = ["not", "able"].map(str::to_owned);
        let score = kept_in(another(ProbeForm::Raw, "not able"), &call, &words);
        let rule = score.rule.clone().unwrap();
        assert!(rule.starts_with("another text; words denial"), "{rule}");
        assert_eq!(without_words(&rule), "another text");
        let kept = Kept::of(&Seen::answered(score));
        assert_eq!(
            (kept.words, kept.denies),
            (words.each_ref().map(|word| digest(word)).to_vec(), true)
        );
        let long: Vec<_> = (0..20).map(|place| format!("w{place}")).collect();
        let score = kept_in(another(ProbeForm::Raw, "of many words"), &call, &long);
        assert_eq!(score.rule.as_deref(), Some("another text"));
    }
}
