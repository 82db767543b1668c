//! Kinds of chats, and how many of each are taken.
//!
//! A stratum is a system prompt, a model, a number of questions, a length and a script. System prompts that differ in
//! numbers alone are one; the commonest 11 prompts and models have strata of their own, the others are one together, so
//! that a prompt with the user's name in it does not make every chat a stratum. Of each stratum its share of the log is
//! taken, rounded by largest remainders (Hamilton), and at least one chat, as long as there are not more strata than chats
//! to take: then the largest strata have one each.
//!
//! Invariant: which chats are taken depends on the seed and on what they say, not on the order of the log.

use std::collections::{BTreeMap, HashMap};

use cleanbench_core::{Message, Role};
use cleanbench_text::scan::window;

use super::alike::masked_words;
use super::mix::{digest_of, mix};

/// Most values that have strata of their own.
const MOST_OWN: usize = 11;
/// Most values that are told apart while a log is read.
const MOST_KNOWN: usize = 100_000;
/// Bytes at the beginning of what the user says by which the script is told.
const REACH: usize = 4 << 10;

/// Values that chats have, each with a number, and how many chats have it.
#[derive(Debug, Default)]
pub(super) struct Values {
    known: HashMap<u64, u32>,
    counts: Vec<u64>,
    pub(super) names: Vec<String>,
}

impl Values {
    /// Counts one more chat of the value `key`, which is called `name`; gives its number.
    fn count(&mut self, key: u64, name: &str) -> u32 {
        let next = self.counts.len();
        // Whatever else there is shares the last number: it is far from being common.
        let next = u32::try_from(next.min(MOST_KNOWN)).unwrap_or(u32::MAX);
        let number = match self.known.get(&key) {
            Some(known) => *known,
            None if next as usize == MOST_KNOWN => next - 1,
            None => {
                self.known.insert(key, next);
                self.counts.push(0);
                self.names.push(name.to_owned());
                next
            }
        };
        self.counts[number as usize] += 1;
        number
    }

    /// For each value its rank among the common ones, from 0; `MOST_OWN` for the others.
    fn ranks(&self) -> Vec<usize> {
        let mut order: Vec<_> = (0..self.counts.len()).collect();
        order.sort_by_key(|at| (std::cmp::Reverse(self.counts[*at]), *at));
        let mut ranks = vec![MOST_OWN; order.len()];
        // One too many is as well off with a stratum of its own as among others.
        let own = if order.len() == MOST_OWN + 1 {
            MOST_OWN + 1
        } else {
            MOST_OWN
        };
        for (rank, at) in order.into_iter().take(own).enumerate() {
            ranks[at] = rank;
        }
        ranks
    }
}

/// What a chat is like.
#[derive(Debug, Clone, Copy)]
struct Traits {
    system: u32,
    model: u32,
    turns: u8,
    length: u8,
    script: u8,
    /// A number of its own, by which it is drawn.
    draw: u64,
}

/// A kind of chats, in words.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Stratum {
    /// Its system prompt: `1` for the commonest and so on, `other`, or `none`.
    pub system: String,
    /// The model that answered, `other`, or `unknown`.
    pub model: String,
    /// How many questions the user asks.
    pub turns: &'static str,
    /// How many characters there are before the answer, the system prompt left out.
    pub length: &'static str,
    /// The script of most letters of what the user says.
    pub script: &'static str,
}

/// How many chats of a kind there are.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StratumCount {
    /// The kind.
    pub stratum: Stratum,
    /// Chats of it in the log, duplicates left out.
    pub chats: usize,
    /// Those that are samples.
    pub kept: usize,
}

/// What all chats are like, in the order of the log.
#[derive(Debug, Default)]
pub(super) struct Strata {
    traits: Vec<Traits>,
    systems: Values,
    models: Values,
}

impl Strata {
    /// Takes in a chat, which `draw` identifies.
    pub(super) fn add(&mut self, messages: &[Message], model: Option<&str>, draw: u128) {
        let model = model.unwrap_or("unknown");
        let asked = asked(messages);
        let (low, high) = (draw & u128::from(u64::MAX), draw >> 64);
        let halves = [low, high].map(|half| u64::try_from(half).unwrap_or_default());
        self.traits.push(Traits {
            system: self.systems.count(system_of(messages), ""),
            model: self.models.count(digest_of(model.as_bytes()), model),
            turns: band(questions(messages), &TURNS),
            length: band(characters(messages), &LENGTHS),
            script: script(&asked),
            draw: mix(halves[0] ^ mix(halves[1])),
        });
    }

    /// Takes `samples` chats, or all where there are not so many. `families` names the family of each chat.
    pub(super) fn choose(&self, samples: usize, seed: u64, families: &[u32]) -> Chosen {
        let kinds = self.kinds();
        let mut groups: BTreeMap<&Stratum, Vec<u32>> = BTreeMap::new();
        for (at, stratum) in (0..).zip(&kinds) {
            groups.entry(stratum).or_default().push(at);
        }
        let sizes: Vec<_> = groups.values().map(Vec::len).collect();
        let shares = shares(&sizes, samples);
        let mut chosen = Chosen::default();
        for ((stratum, chats), kept) in groups.into_iter().zip(shares) {
            let order = self.order(&chats, seed, families);
            chosen.chats.extend(order.into_iter().take(kept));
            chosen.strata.push(StratumCount {
                stratum: stratum.clone(),
                chats: chats.len(),
                kept,
            });
        }
        chosen.chats.sort_unstable();
        chosen.kinds = kinds;
        chosen
    }

    /// The order in which `chats` are taken: no family has a second one before each has its first.
    fn order(&self, chats: &[u32], seed: u64, families: &[u32]) -> Vec<u32> {
        let draw = |at: u32| mix(seed ^ self.traits[at as usize].draw);
        let mut drawn = chats.to_vec();
        drawn.sort_by_key(|at| (draw(*at), *at));
        let mut turns: HashMap<u32, u32> = HashMap::new();
        let mut order: Vec<_> = Vec::with_capacity(drawn.len());
        for at in drawn {
            let turn = turns.entry(families[at as usize]).or_default();
            order.push((*turn, at));
            *turn += 1;
        }
        // Stable: within a turn the chats stay as they were drawn.
        order.sort_by_key(|(turn, _)| *turn);
        order.into_iter().map(|(_, at)| at).collect()
    }

    fn kinds(&self) -> Vec<Stratum> {
        let systems = self.systems.ranks();
        let models = self.models.ranks();
        let none = self.systems.known.get(&NO_SYSTEM).copied();
        let own_below = |known: usize| {
            if known == MOST_OWN + 1 {
                known
            } else {
                MOST_OWN
            }
        };
        let each = self.traits.iter().map(|one| Stratum {
            system: match systems[one.system as usize] {
                _ if Some(one.system) == none => "none".to_owned(),
                rank if rank < own_below(systems.len()) => (rank + 1).to_string(),
                _ => "other".to_owned(),
            },
            model: match models[one.model as usize] {
                rank if rank < own_below(models.len()) => {
                    self.models.names[one.model as usize].clone()
                }
                _ => "other".to_owned(),
            },
            turns: TURNS[usize::from(one.turns)].name,
            length: LENGTHS[usize::from(one.length)].name,
            script: SCRIPTS[usize::from(one.script)],
        });
        each.collect()
    }
}

/// What was drawn.
#[derive(Debug, Default)]
pub(super) struct Chosen {
    /// Positions of the chats, in the order of the log.
    pub(super) chats: Vec<u32>,
    /// The kind of every chat, taken or not.
    pub(super) kinds: Vec<Stratum>,
    pub(super) strata: Vec<StratumCount>,
}

/// How many are taken of groups of `sizes`, `samples` in all or everything.
fn shares(sizes: &[usize], samples: usize) -> Vec<usize> {
    let total: usize = sizes.iter().sum();
    let samples = samples.min(total);
    let mut largest: Vec<_> = (0..sizes.len()).collect();
    largest.sort_by_key(|at| (std::cmp::Reverse(sizes[*at]), *at));
    if sizes.len() >= samples {
        let mut shares = vec![0; sizes.len()];
        largest.iter().take(samples).for_each(|at| shares[*at] = 1);
        return shares;
    }
    let mut shares = hamilton(sizes, samples);
    for at in 0..shares.len() {
        if shares[at] == 0 {
            let giver = largest.iter().copied().max_by_key(|giver| shares[*giver]);
            shares[giver.unwrap_or(at)] -= 1;
            shares[at] += 1;
        }
    }
    shares
}

/// Shares of `samples` in proportion to `sizes`, by largest remainders.
fn hamilton(sizes: &[usize], samples: usize) -> Vec<usize> {
    let total: u128 = sizes.iter().map(|size| *size as u128).sum();
    let exact = |size: usize| size as u128 * samples as u128;
    let whole = |size: usize| usize::try_from(exact(size) / total.max(1)).unwrap_or(size);
    let mut shares: Vec<_> = sizes.iter().map(|size| whole(*size)).collect();
    let mut order: Vec<_> = (0..sizes.len()).collect();
    order.sort_by_key(|at| std::cmp::Reverse(exact(sizes[*at]) % total.max(1)));
    let left = samples - shares.iter().sum::<usize>();
    order.into_iter().take(left).for_each(|at| shares[at] += 1);
    shares
}

/// Values from `least` on are called `name`.
struct Band {
    least: usize,
    name: &'static str,
}

impl Band {
    const fn new(least: usize, name: &'static str) -> Self {
        Self { least, name }
    }
}

const TURNS: [Band; 3] = [Band::new(0, "1"), Band::new(2, "2-3"), Band::new(4, "4+")];
const LENGTHS: [Band; 4] = [
    Band::new(0, "under 200"),
    Band::new(200, "under 1000"),
    Band::new(1_000, "under 5000"),
    Band::new(5_000, "5000 and more"),
];

fn band(value: usize, bands: &[Band]) -> u8 {
    let reached = bands.iter().filter(|band| value >= band.least).count();
    u8::try_from(reached.saturating_sub(1)).unwrap_or_default()
}

fn questions(messages: &[Message]) -> usize {
    let asked = messages.iter().filter(|one| one.role == Role::User);
    asked.count()
}

fn characters(messages: &[Message]) -> usize {
    let said = messages.iter().filter(|one| one.role != Role::System);
    said.map(|one| one.content.chars().count()).sum()
}

/// The beginning of what the user says.
fn asked(messages: &[Message]) -> String {
    let asked = messages.iter().filter(|one| one.role == Role::User);
    let starts = asked.map(|one| window(&one.content, 0, REACH));
    let text = starts.collect::<Vec<_>>().join(" ");
    window(&text, 0, REACH).to_owned()
}

/// What stands for no system prompt.
const NO_SYSTEM: u64 = 0;

/// A number for the system prompt, numbers in it left out.
fn system_of(messages: &[Message]) -> u64 {
    let system = messages.iter().filter(|one| one.role == Role::System);
    let words = system.flat_map(|one| masked_words(&one.content));
    words.fold(NO_SYSTEM, |key, word| mix(key ^ digest_of(word.as_bytes())))
}

const SCRIPTS: [&str; 12] = [
    "no letters",
    "Latin",
    "Cyrillic",
    "Greek",
    "Arabic",
    "Hebrew",
    "Indic",
    "Thai",
    "Chinese",
    "Japanese",
    "Korean",
    "another",
];

/// Position in [`SCRIPTS`] of the script of most letters. Kana make a text Japanese, for most of its letters may be Han.
fn script(text: &str) -> u8 {
    const CHINESE: usize = 8;
    const JAPANESE: usize = 9;
    let mut counts = [0_usize; SCRIPTS.len()];
    for letter in text.chars().filter(|letter| letter.is_alphabetic()) {
        counts[script_of(letter)] += 1;
    }
    if counts[JAPANESE] * 10 > counts[CHINESE] {
        counts[JAPANESE] += std::mem::take(&mut counts[CHINESE]);
    }
    let most = (1..counts.len()).max_by_key(|at| (counts[*at], SCRIPTS.len() - at));
    let most = most.filter(|at| counts[*at] > 0);
    u8::try_from(most.unwrap_or(0)).unwrap_or_default()
}

fn script_of(letter: char) -> usize {
    match letter {
        '\u{0}'..='\u{24f}' | '\u{1e00}'..='\u{1eff}' => 1,
        '\u{400}'..='\u{52f}' => 2,
        '\u{370}'..='\u{3ff}' | '\u{1f00}'..='\u{1fff}' => 3,
        '\u{600}'..='\u{77f}' | '\u{8a0}'..='\u{8ff}' => 4,
        '\u{590}'..='\u{5ff}' => 5,
        '\u{900}'..='\u{dff}' => 6,
        '\u{e00}'..='\u{e7f}' => 7,
        '\u{3400}'..='\u{4dbf}' | '\u{4e00}'..='\u{9fff}' | '\u{20000}'..='\u{3134f}' => 8,
        '\u{3040}'..='\u{30ff}' => 9,
        '\u{1100}'..='\u{11ff}' | '\u{ac00}'..='\u{d7a3}' => 10,
        _ => 11,
    }
}

#[cfg(test)]
mod tests {
    use super::super::alike::identity;
    use super::*;

    #[test]
    fn shares_are_in_proportion_and_nobody_is_left_out() {
        for (sizes, samples, expected) in [
            (&[900, 90, 9, 1][..], 100, &[89, 9, 1, 1][..]),
            (&[50, 50], 10, &[5, 5]),
            (&[3, 2], 10, &[3, 2]),
            (&[5, 1, 3], 2, &[1, 0, 1]),
            (&[5, 1, 3], 3, &[1, 1, 1]),
            (&[], 3, &[]),
        ] {
            let found = shares(sizes, samples);
            let total: usize = sizes.iter().sum();
            assert_eq!(found.iter().sum::<usize>(), samples.min(total), "{sizes:?}");
            let within = found.iter().zip(sizes).all(|(share, size)| share <= size);
            assert!(within, "{sizes:?} {found:?}");
            assert_eq!(found, expected, "{sizes:?}");
        }
    }

    #[test]
    fn scripts() {
        for (text, expected) in [
            ("Where is it? 123", "Latin"),
            ("Где мой заказ Nr 7?", "Cyrillic"),
            ("我的订单在哪里", "Chinese"),
            ("注文はどこですか", "Japanese"),
            ("주문은 어디에", "Korean"),
            ("أين طلبي", "Arabic"),
            ("12 + 30 = ?", "no letters"),
        ] {
            assert_eq!(SCRIPTS[usize::from(script(text))], expected, "{text}");
        }
    }

    fn chat(system: &str, text: &str) -> Vec<Message> {
        vec![
            Message::new(Role::System, system),
            Message::new(Role::User, text),
        ]
    }

    fn strata(chats: &[Vec<Message>]) -> Strata {
        let mut strata = Strata::default();
        for messages in chats {
            strata.add(messages, Some("m"), identity(messages));
        }
        strata
    }

    #[test]
    fn what_is_drawn_depends_on_seed_and_texts_not_on_the_order() {
        let mut chats: Vec<_> = (0..100)
            .map(|number| chat("Be kind.", &format!("Question {}?", "x".repeat(number))))
            .collect();
        let families: Vec<_> = (0..100).collect();
        let texts = |chats: &[Vec<Message>], seed| {
            let chosen = strata(chats).choose(10, seed, &families).chats;
            let texts = chosen.iter().map(|at| chats[*at as usize][1].content.len());
            let mut texts: Vec<_> = texts.collect();
            texts.sort_unstable();
            texts
        };
        let first = texts(&chats, 1);
        assert_ne!(texts(&chats, 2), first);
        chats.reverse();
        assert_eq!(texts(&chats, 1), first);
    }

    #[test]
    fn every_family_is_drawn_before_one_is_drawn_twice() {
        let chats: Vec<_> = (0..100)
            .map(|number| chat("s", &format!("q{}", "y".repeat(number % 97))))
            .collect();
        let families: Vec<_> = (0..100).map(|at| if at < 95 { 0 } else { at }).collect();
        let chosen = strata(&chats).choose(6, 1, &families);
        let mut taken: Vec<_> = chosen
            .chats
            .iter()
            .map(|at| families[*at as usize])
            .collect();
        taken.sort_unstable();
        assert_eq!(taken, [0, 95, 96, 97, 98, 99]);
    }

    #[test]
    fn prompts_with_names_in_them_are_no_strata_of_their_own() {
        let numbered = ["Today is day 1.", "Today is day 22."].map(|system| chat(system, "q"));
        let kinds = strata(&numbered).kinds();
        assert_eq!(kinds[0], kinds[1]);
        let named: Vec<_> = (0..50)
            .map(|number| chat(&format!("You help {}.", "a".repeat(number + 1)), "q"))
            .collect();
        let systems: std::collections::BTreeSet<_> = strata(&named)
            .kinds()
            .into_iter()
            .map(|kind| kind.system)
            .collect();
        assert_eq!(systems.len(), MOST_OWN + 1);
        assert!(systems.contains("other"));
    }
}
