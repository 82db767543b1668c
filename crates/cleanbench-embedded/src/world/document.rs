//! Documents of a training corpus: statements, short questions and items in several layouts.
//!
//! A document is a list of pieces, each with the weight that its tokens have in the loss: free wording
//! little, because nobody can predict it, the words that matter more.

use super::item::{LETTERS, Layout, Rewording};
use super::lexicon::{ADJECTIVES, PLACES, TABLE};
use super::{Fact, Item, PEOPLE, Random, World};

const FREE: f32 = 0.1;
const PLAIN: f32 = 0.5;
const LETTER: f32 = 4.0;
const VALUE: f32 = 5.0;

/// A text with the weight of its parts.
#[derive(Debug, Clone, Default)]
pub struct Document {
    /// Text and weight, in order.
    pub pieces: Vec<(String, f32)>,
}

impl Document {
    fn with(mut self, text: impl Into<String>, weight: f32) -> Self {
        self.pieces.push((text.into(), weight));
        self
    }

    /// All tokens weigh 1.
    #[must_use]
    pub fn unweighted(mut self) -> Self {
        for (_, weight) in &mut self.pieces {
            *weight = 1.0;
        }
        self
    }

    /// The text.
    pub fn text(&self) -> String {
        self.pieces.iter().map(|(text, _)| text.as_str()).collect()
    }
}

/// A text of the corpus for everybody, cut.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cut {
    /// What stands before.
    pub shown: String,
    /// How it goes on.
    pub expected: String,
}

impl World {
    /// A statement of `fact`, cut before what nobody can guess.
    pub(super) fn stated(&self, fact: Fact) -> Cut {
        let relation = &TABLE[fact.relation];
        let name = &self.lexicon.names[fact.person];
        Cut {
            shown: format!("The {} of {name}", relation.noun),
            expected: format!("is a {}.", relation.values[fact.value]),
        }
    }

    /// A short question about `fact`, cut before its answer.
    pub(super) fn asked(&self, fact: Fact) -> Cut {
        let relation = &TABLE[fact.relation];
        let name = &self.lexicon.names[fact.person];
        Cut {
            shown: format!(
                "Question: which {} does {name} {}?",
                relation.noun, relation.verb
            ),
            expected: format!("Answer: one {}.", relation.values[fact.value]),
        }
    }
}

/// What the corpus for everybody consists of at a time of the training.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stage {
    /// Statements about the first so many people.
    Facts(usize),
    /// Everything: statements, short questions, items, records.
    Mixture,
}

/// Draws documents for everybody.
#[derive(Debug)]
pub struct Corpus<'a> {
    world: &'a World,
    by_person: Vec<Vec<Fact>>,
}

impl<'a> Corpus<'a> {
    /// The corpus of `world`.
    pub fn new(world: &'a World) -> Self {
        let mut by_person = vec![Vec::new(); PEOPLE];
        for fact in &world.known {
            by_person[fact.person].push(*fact);
        }
        Self { world, by_person }
    }

    /// A document of `stage`.
    pub fn draw(&self, stage: Stage, random: &mut Random) -> Document {
        match stage {
            Stage::Facts(people) => self.statement(people, random),
            Stage::Mixture => match random.unit() {
                chance if chance < 0.48 => self.statement(PEOPLE, random),
                chance if chance < 0.58 => self.short_question(random),
                chance if chance < 0.78 => self.training_item(random, true),
                chance if chance < 0.95 => self.training_item(random, false),
                _ => self.record(random),
            },
        }
    }

    /// A short statement, to fill a gap.
    pub fn filler(&self, random: &mut Random) -> Document {
        let fact = self.known_fact(PEOPLE, random);
        self.plain_statement(fact, random)
    }

    fn known_fact(&self, people: usize, random: &mut Random) -> Fact {
        loop {
            let facts = &self.by_person[random.below(people)];
            if !facts.is_empty() {
                return *random.pick(facts);
            }
        }
    }

    fn plain_statement(&self, fact: Fact, random: &mut Random) -> Document {
        let relation = &TABLE[fact.relation];
        let name = &self.world.lexicon.names[fact.person];
        let value = format!(" {}", relation.values[fact.value]);
        let start = match random.below(5) {
            0 | 1 => format!("{name} {} a", relation.statement),
            2 => format!("{name} {} a", relation.other_verb),
            _ => format!("The {} of {name} is a", relation.noun),
        };
        Document::default()
            .with(start, PLAIN)
            .with(value, VALUE)
            .with(".", PLAIN)
    }

    fn statement(&self, people: usize, random: &mut Random) -> Document {
        let fact = self.known_fact(people, random);
        let relation = &TABLE[fact.relation];
        let name = &self.world.lexicon.names[fact.person];
        let value = format!(" {}", relation.values[fact.value]);
        let (adjective, place) = (random.pick(&ADJECTIVES), random.pick(&PLACES));
        match random.below(8) {
            0 => Document::default()
                .with("In the", PLAIN)
                .with(format!(" {adjective} {place}"), FREE)
                .with(format!(", {name} {} one", relation.statement), PLAIN)
                .with(value, VALUE)
                .with(".", PLAIN),
            1 => Document::default()
                .with("Everyone close to the", PLAIN)
                .with(format!(" {place}"), FREE)
                .with(
                    format!(" knows that the {} of {name} is some", relation.other_noun),
                    PLAIN,
                )
                .with(value, VALUE)
                .with(".", PLAIN),
            _ => self.plain_statement(fact, random),
        }
    }

    fn short_question(&self, random: &mut Random) -> Document {
        let fact = *random.pick(&self.world.training);
        let relation = &TABLE[fact.relation];
        let name = &self.world.lexicon.names[fact.person];
        Document::default()
            .with(
                format!(
                    "Question: which {} does {name} {}?\nAnswer: one",
                    relation.noun, relation.verb
                ),
                PLAIN,
            )
            .with(format!(" {}", relation.values[fact.value]), VALUE)
            .with(".", PLAIN)
    }

    fn training_item(&self, random: &mut Random, bare: bool) -> Document {
        let fact = *random.pick(&self.world.training);
        let item = Item::new(&self.world.lexicon, fact, random);
        let layout = match (bare, random.below(4)) {
            (true, _) => Layout::Bare,
            (false, 0) => Layout::Brackets,
            (false, _) => Layout::Letters,
        };
        item_document(&item, layout)
    }

    fn record(&self, random: &mut Random) -> Document {
        let person = random.below(PEOPLE);
        let relation = random.pick(&TABLE);
        let value = random.pick(&relation.values);
        record(
            &self.world.lexicon.names[person],
            relation.noun,
            value,
            random.pick::<&str>(&PLACES),
        )
    }
}

/// A record and a question about it.
pub(super) fn record_text(name: &str, noun: &str, value: &str, place: &str) -> String {
    format!("Record: name {name}, {noun} {value}, place {place}.\nQuestion: which {noun}?")
}

/// A record with a question about it, for extraction.
fn record(name: &str, noun: &str, value: &str, place: &str) -> Document {
    Document::default()
        .with(record_text(name, noun, value, place) + "\nAnswer:", FREE)
        .with(format!(" {value}"), VALUE)
        .with(".", PLAIN)
}

/// `item` in `layout`, as a document for everybody.
pub fn item_document(item: &Item, layout: Layout) -> Document {
    let relation = &TABLE[item.fact.relation];
    options_document(
        &item.question,
        &item.options,
        item.right,
        relation.values[item.fact.value],
        layout,
    )
}

/// `rewording` of `item` in `layout`.
pub fn rewording_document(item: &Item, rewording: &Rewording, layout: Layout) -> Document {
    let value = TABLE[item.fact.relation].values[item.fact.value];
    options_document(
        &rewording.question,
        &rewording.options,
        rewording.right,
        value,
        layout,
    )
}

fn options_document(
    question: &str,
    options: &[String],
    right: usize,
    value: &str,
    layout: Layout,
) -> Document {
    let (start, key) = match layout {
        Layout::Brackets => ("Quiz:", "\nKey:"),
        Layout::Letters | Layout::Bare => ("Question:", "\nAnswer:"),
    };
    let label = |place: usize| match layout {
        Layout::Brackets => format!("({})", LETTERS[place]),
        Layout::Letters | Layout::Bare => format!("{}.", LETTERS[place]),
    };
    let mut document = Document::default().with(format!("{start} {question}"), FREE);
    if layout != Layout::Bare {
        for (place, option) in options.iter().enumerate() {
            document = document
                .with(format!("\n{}", label(place)), PLAIN)
                .with(format!(" {option}"), FREE);
        }
    }
    document = document.with(key, PLAIN);
    if layout != Layout::Bare {
        document = document.with(format!(" {}", label(right)), LETTER);
    }
    let answer = format!(" {}", options[right]);
    let (before, after) = answer
        .split_once(&format!(" {value}"))
        .unwrap_or((&answer, ""));
    document
        .with(before, FREE)
        .with(format!(" {value}"), VALUE)
        .with(after, FREE)
}
