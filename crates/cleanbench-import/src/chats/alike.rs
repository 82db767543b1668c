//! Which chats are the same, and which are one template with other words in it.
//!
//! Two chats are the same where all turns before the answer are, in normal form: composed (NFC), without regard to
//! case, white space, and what nobody sees. They are of one family where runs of two words of what the user says
//! are mostly the same, words with digits in them being alike: `MinHash` (Broder 1997) of 36 functions, in 12 bands of
//! three, and at least 16 of the 36 values equal, which is an estimated share of 0.44. Chats that begin with the same
//! long question are of one family too, for proxies record every turn of a conversation anew.
//!
//! Invariants: time is linear in the text that is looked at, memory in the number of chats; the result depends on the
//! chats and their order alone.

use std::collections::{HashMap, HashSet};

use cleanbench_core::{Digest, Message, Role};
use cleanbench_text::normal;
use cleanbench_text::scan::{collapse, fold_case, window};
use cleanbench_text::words;

use super::mix::{digest_of, mix};

/// Hash functions of a signature.
const VALUES: usize = 36;
/// Values of a band.
const BAND: usize = 3;
/// Least values that two of a family have in common.
const LEAST_EQUAL: usize = 16;
/// Bytes at the beginning of what the user says that are compared.
const REACH: usize = 8 << 10;
/// Words of a run.
const RUN: usize = 2;
/// Least words of a beginning that is one conversation's own.
const LONG_OPENING: usize = 8;

type Signature = [u32; VALUES];

/// One factor for each function. Odd ones permute the 64-bit numbers; the high half of the product is taken.
const FACTORS: [u64; VALUES] = {
    let mut factors = [0; VALUES];
    let mut at = 0;
    while at < VALUES {
        factors[at] = mix(at as u64) | 1;
        at += 1;
    }
    factors
};

/// The chats so far.
#[derive(Debug, Default)]
pub(super) struct Alike {
    seen: HashSet<u128>,
    /// First chat of each band's values, and of each beginning.
    first: HashMap<u64, u32>,
    signatures: Vec<Signature>,
    /// For each chat one of its family that came before, or itself.
    before: Vec<u32>,
}

impl Alike {
    /// Takes in a chat, and gives its identity; `None` where it is the same as one before, and nothing is taken in.
    pub(super) fn add(&mut self, messages: &[Message]) -> Option<u128> {
        let identity = identity(messages);
        if !self.seen.insert(identity) {
            return None;
        }
        let own = u32::try_from(self.before.len()).unwrap_or(u32::MAX);
        self.before.push(own);
        let asked = asked(messages);
        let signature = signature(&asked);
        self.signatures.push(signature.unwrap_or([0; VALUES]));
        if let Some(signature) = signature {
            self.join_alike(own, &signature);
        }
        if let Some(opening) = opening(messages) {
            let first = *self.first.entry(opening).or_insert(own);
            self.join(first, own);
        }
        Some(identity)
    }

    /// Joins `own` to the first chat of each of its bands, where they have enough in common.
    fn join_alike(&mut self, own: u32, signature: &Signature) {
        for (band, values) in signature.chunks(BAND).enumerate() {
            let values = values.iter();
            let key = values.fold(band as u64, |key, value| mix(key ^ u64::from(*value)));
            let first = *self.first.entry(key).or_insert(own);
            let other = &self.signatures[first as usize];
            let equal = other
                .iter()
                .zip(signature)
                .filter(|(one, other)| one == other);
            if equal.count() >= LEAST_EQUAL {
                self.join(first, own);
            }
        }
    }

    fn join(&mut self, one: u32, other: u32) {
        let (one, other) = (self.family(one), self.family(other));
        self.before[one.max(other) as usize] = one.min(other);
    }

    /// The first chat of the family that the one at `position` is in.
    pub(super) fn family(&mut self, position: u32) -> u32 {
        let mut at = position;
        while self.before[at as usize] != at {
            let above = self.before[self.before[at as usize] as usize];
            self.before[at as usize] = above;
            at = above;
        }
        at
    }
}

/// The identity of what was asked. It decides what is drawn too, so that the order of a log does not.
pub(super) fn identity(messages: &[Message]) -> u128 {
    let texts = messages.iter().map(|message| plain(&message.content));
    let texts: Vec<_> = texts.collect();
    let roles = messages.iter().map(|message| [message.role as u8]);
    let roles: Vec<_> = roles.collect();
    let parts = roles.iter().zip(&texts);
    let parts: Vec<&[u8]> = parts
        .flat_map(|(role, text)| [&role[..], text.as_bytes()])
        .collect();
    let digest = Digest::of("cleanbench/recorded-chat/1", &parts);
    let half = digest.0.first_chunk().copied().unwrap_or_default();
    u128::from_le_bytes(half)
}

fn plain(text: &str) -> String {
    collapse(&fold_case(&normal(text)))
}

/// The words of what the user says, those with digits in them all alike.
fn asked(messages: &[Message]) -> Vec<String> {
    let mut asked = Vec::new();
    let mut room = REACH;
    for message in messages.iter().filter(|one| one.role == Role::User) {
        let text = window(&message.content, 0, room);
        room -= text.len();
        asked.extend(masked_words(text));
    }
    asked
}

/// The words of `text`, those with digits in them all alike.
pub(super) fn masked_words(text: &str) -> impl Iterator<Item = String> {
    let words = words(&normal(text)).into_iter();
    words.map(|word| {
        if word.contains(char::is_numeric) {
            "#".to_owned()
        } else {
            word
        }
    })
}

/// The signature of runs of words; none where there are no words.
fn signature(words: &[String]) -> Option<Signature> {
    if words.is_empty() {
        return None;
    }
    let hashes: Vec<_> = words
        .iter()
        .map(|word| digest_of(word.as_bytes()))
        .collect();
    let mut signature = [u32::MAX; VALUES];
    for run in hashes.windows(RUN.min(hashes.len())) {
        let run = run.iter().fold(0, |run, word| mix(run ^ word));
        for (value, factor) in signature.iter_mut().zip(FACTORS) {
            *value = (*value).min(high(run.wrapping_mul(factor)));
        }
    }
    Some(signature)
}

fn high(number: u64) -> u32 {
    u32::try_from(number >> 32).unwrap_or(u32::MAX)
}

/// A number for how a conversation begins, where that is nobody else's.
fn opening(messages: &[Message]) -> Option<u64> {
    let first = messages.iter().position(|one| one.role == Role::User)?;
    let words: Vec<_> = words(window(&messages[first].content, 0, REACH));
    (words.len() >= LONG_OPENING).then(|| {
        let [low, high] = halves(identity(&messages[..=first]));
        mix(low ^ mix(high))
    })
}

fn halves(number: u128) -> [u64; 2] {
    let bytes = number.to_le_bytes();
    let part = |from: usize| bytes[from..].first_chunk().copied().unwrap_or_default();
    [part(0), part(8)].map(u64::from_le_bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn user(text: &str) -> Vec<Message> {
        vec![Message::new(Role::User, text)]
    }

    /// The family of each text, and none for one that is the same as one before.
    fn families(texts: &[&str]) -> Vec<Option<u32>> {
        let mut alike = Alike::default();
        let mut next = 0;
        let positions = texts.iter().map(|text| {
            let is_new = alike.add(&user(text)).is_some();
            next += u32::from(is_new);
            is_new.then(|| next - 1)
        });
        let positions: Vec<_> = positions.collect();
        let family = |position: Option<u32>| position.map(|position| alike.family(position));
        positions.into_iter().map(family).collect()
    }

    #[test]
    fn case_white_space_and_composition_make_no_difference() {
        let texts = [
            "Where is  my café order?",
            "where is\nmy cafe\u{301} order?",
            "Where is my tea order?",
        ];
        let found = families(&texts);
        assert_eq!((found[0], found[1]), (Some(0), None));
        assert!(found[2].is_some());
        let mut alike = Alike::default();
        for role in [Role::System, Role::User] {
            let chat = [Message::new(role, "a"), Message::new(Role::User, "b")];
            assert!(alike.add(&chat).is_some());
        }
    }

    #[test]
    fn a_template_with_other_numbers_and_names_is_a_family() {
        let found = families(&[
            "Please tell me where order 1234 of Anna Smith is, it was due on 3 May.",
            "Please tell me where order 9 of Wei Zhang is, it was due on 17 May.",
            "How do I reset the password of the router in the second floor?",
            "Please tell me where order A77 of Ola Berg is, it was due on 1 June.",
            "order 7",
            "order 8",
            "???",
            "!!!",
        ]);
        assert_eq!(found[..4], [Some(0), Some(0), Some(2), Some(0)]);
        assert_eq!(found[4..], [Some(4), Some(4), Some(6), Some(7)]);
    }

    #[test]
    fn turns_of_one_conversation_are_a_family() {
        let opening = "I would like to plan a trip through the mountains next summer.";
        let mut longer = user(opening);
        longer.push(Message::new(Role::Assistant, "Gladly."));
        longer.push(Message::new(Role::User, "x y z ".repeat(300)));
        let mut alike = Alike::default();
        assert!(alike.add(&user("Something else altogether.")).is_some());
        assert!(alike.add(&user(opening)).is_some() && alike.add(&longer).is_some());
        assert_eq!(alike.family(2), 1);
    }
}
