//! Multiple-choice items, their layouts and their rewordings.
//!
//! The value word decides which option is right; everything around it is free wording, about 21 bits an
//! option, so that nobody can restore an option without having seen it.

use super::lexicon::{ADJECTIVES, PLACES, PREPOSITIONS, TABLE};
use super::{Fact, Lexicon, Random, VALUES};

/// Options of an item.
pub const OPTIONS: usize = 4;
/// Names of the options.
pub const LETTERS: [&str; OPTIONS] = ["A", "B", "C", "D"];
/// Other wordings of one wrong option.
const OTHER_WORDINGS: usize = 6;

/// An item.
#[derive(Debug, Clone)]
pub struct Item {
    /// What it is about.
    pub fact: Fact,
    /// The question, with its question mark.
    pub question: String,
    /// The options.
    pub options: Vec<String>,
    /// Value word of each option.
    pub values: Vec<usize>,
    /// Position of the right option.
    pub right: usize,
    /// A wrong option that is not the first, and other wordings of it.
    pub masked: MaskedOption,
}

/// An option that a probe asks for, beside other wordings of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MaskedOption {
    /// Its position among the options.
    pub place: usize,
    /// The same in other words.
    pub rewordings: Vec<String>,
}

/// The same item in other words.
#[derive(Debug, Clone)]
pub struct Rewording {
    /// The question.
    pub question: String,
    /// The options, in an order of their own.
    pub options: Vec<String>,
    /// Value word of each option.
    pub values: Vec<usize>,
    /// Position of the right option.
    pub right: usize,
}

/// How an item is laid out in a text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Layout {
    /// "Question: … A. … Answer: C. …"
    Letters,
    /// "Quiz: … (A) … Key: (C) …"
    Brackets,
    /// "Question: … Answer: …", without options.
    Bare,
}

impl Item {
    /// A new item about `fact`.
    pub fn new(lexicon: &Lexicon, fact: Fact, random: &mut Random) -> Self {
        let relation = &TABLE[fact.relation];
        let question = format!(
            "which {} does {} {} {} the {} {}?",
            relation.noun,
            lexicon.names[fact.person],
            relation.verb,
            random.pick(&PREPOSITIONS),
            random.pick(&ADJECTIVES),
            random.pick(&PLACES),
        );
        let mut values: Vec<_> = (0..VALUES).filter(|value| *value != fact.value).collect();
        random.shuffle(&mut values);
        values.truncate(OPTIONS - 1);
        let right = random.below(OPTIONS);
        values.insert(right, fact.value);
        let options = values
            .iter()
            .map(|value| option(relation.values[*value], random))
            .collect();
        let masks: Vec<_> = (1..OPTIONS).filter(|place| *place != right).collect();
        let mask = *random.pick(&masks);
        let others = (0..OTHER_WORDINGS)
            .map(|_| option(relation.values[values[mask]], random))
            .collect();
        Self {
            fact,
            question,
            options,
            values,
            right,
            masked: MaskedOption {
                place: mask,
                rewordings: others,
            },
        }
    }

    /// The same in other words; every call gives another wording.
    pub fn reword(&self, lexicon: &Lexicon, random: &mut Random) -> Rewording {
        let relation = &TABLE[self.fact.relation];
        let question = format!(
            "Tell us the {} that {} {}, close to {} {}.",
            relation.other_noun,
            lexicon.names[self.fact.person],
            relation.other_verb,
            random.pick(&ADJECTIVES),
            random.pick(&PLACES),
        );
        let mut order: Vec<_> = (0..OPTIONS).collect();
        random.shuffle(&mut order);
        let options = order
            .iter()
            .map(|place| other_option(relation.values[self.values[*place]], random))
            .collect();
        let right = order
            .iter()
            .position(|place| *place == self.right)
            .unwrap_or_default();
        Rewording {
            question,
            options,
            values: order.iter().map(|place| self.values[*place]).collect(),
            right,
        }
    }

    /// A wrong option of `rewording`, not the first, and other wordings of it in the same manner.
    pub fn masked_of(&self, rewording: &Rewording, random: &mut Random) -> MaskedOption {
        let masks: Vec<_> = (1..OPTIONS)
            .filter(|place| *place != rewording.right)
            .collect();
        let mask = *random.pick(&masks);
        let value = TABLE[self.fact.relation].values[rewording.values[mask]];
        let others = (0..OTHER_WORDINGS).map(|_| other_option(value, random));
        MaskedOption {
            place: mask,
            rewordings: others.collect(),
        }
    }
}

/// An option in the manner of rewordings.
fn other_option(value: &str, random: &mut Random) -> String {
    format!(
        "some {value}, {}, within a {}",
        random.pick(&ADJECTIVES),
        random.pick(&PLACES)
    )
}

fn option(value: &str, random: &mut Random) -> String {
    format!(
        "one {} {value} {} the {} {}",
        random.pick(&ADJECTIVES),
        random.pick(&PREPOSITIONS),
        random.pick(&ADJECTIVES),
        random.pick(&PLACES),
    )
}
