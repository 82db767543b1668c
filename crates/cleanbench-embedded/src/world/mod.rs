//! A small invented world: who plays which instrument, keeps which animal, and so on.
//!
//! Everything a tiny model is trained and measured on is drawn from here, from a seed: facts (some of
//! which the training text states, some of which it never does), multiple-choice items about them,
//! rewordings and isomorphs of the items, and the documents of a training corpus. The same seed gives
//! the same world on every machine.
//!
//! Invariant: no item of the benchmark, of its isomorphs or of its siblings is ever asked about in the
//! text for everybody; its fact may be stated there.

mod document;
mod item;
mod lexicon;
mod random;

pub use document::{Corpus, Cut, Document, Stage, item_document, rewording_document};
pub use item::{Item, LETTERS, Layout, MaskedOption, OPTIONS, Rewording};
pub use lexicon::{Lexicon, RELATIONS, VALUES};
pub use random::Random;

/// Number of invented people.
pub const PEOPLE: usize = 120;
/// Items of the benchmark, and as many isomorphs.
pub const ITEMS: usize = 240;
/// Independent items of the same shape.
pub const SIBLINGS: usize = 120;
/// Facts that the training text states, of `PEOPLE × RELATIONS`.
const KNOWN: usize = 528;

/// One fact: which value a person has in a relation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Fact {
    /// Position of the person, below [`PEOPLE`].
    pub person: usize,
    /// Position of the relation, below [`RELATIONS`].
    pub relation: usize,
    /// Position of the value among the relation's, below [`VALUES`].
    pub value: usize,
    /// Whether the training text states it.
    pub known: bool,
}

/// A world.
#[derive(Debug, Clone)]
pub struct World {
    /// The seed it was drawn from.
    pub seed: u64,
    /// Its words.
    pub lexicon: Lexicon,
    /// All facts that the training text states.
    pub known: Vec<Fact>,
    /// Known facts that training questions may ask about.
    pub training: Vec<Fact>,
    /// The benchmark.
    pub benchmark: Vec<Item>,
    /// For each item of the benchmark one of the same skill about something else.
    pub isomorphs: Vec<Item>,
    /// Independent items.
    pub siblings: Vec<Item>,
}

/// A short text with a question that it answers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Extract {
    /// The text and the question.
    pub input: String,
    /// The word that answers it.
    pub answer: String,
}

impl World {
    /// The world of `seed`.
    pub fn new(seed: u64) -> Self {
        let mut random = Random::new(seed, "world");
        let lexicon = Lexicon::new(&mut random);
        let (known, unknown) = facts(&mut random);
        let mut pools = [Pool::new(&known), Pool::new(&unknown)];
        let mut benchmark = Vec::new();
        let mut isomorphs = Vec::new();
        for number in 0..ITEMS {
            let pool = &mut pools[number % 2];
            let fact = pool.take(&mut random, None);
            benchmark.push(Item::new(&lexicon, fact, &mut random));
            let twin = pool.take(&mut random, Some(fact));
            isomorphs.push(Item::new(&lexicon, twin, &mut random));
        }
        let siblings = (0..SIBLINGS)
            .map(|number| {
                let fact = pools[number % 2].take(&mut random, None);
                Item::new(&lexicon, fact, &mut random)
            })
            .collect();
        let training = std::mem::take(&mut pools[0].facts);
        Self {
            seed,
            lexicon,
            known,
            training,
            benchmark,
            isomorphs,
            siblings,
        }
    }
}

impl World {
    /// Texts about people and things that nobody has met together, with a question each.
    pub fn extracts(&self, count: usize, random: &mut Random) -> Vec<Extract> {
        let extract = |random: &mut Random| {
            let name = random.pick::<String>(&self.lexicon.names).clone();
            let (noun, answer, place) = lexicon::thing(random);
            Extract {
                input: document::record_text(&name, noun, answer, place),
                answer: answer.to_owned(),
            }
        };
        (0..count).map(|_| extract(random)).collect()
    }

    /// What models of this world met again and again, cut: `count` statements, then as many questions; each about a fact
    /// of its own.
    pub fn passages(&self, count: usize) -> Vec<Cut> {
        let stated = self.drawn(&self.known).into_iter().take(count);
        let asked = self.drawn(&self.training).into_iter().take(count);
        let statements = stated.map(|fact| self.stated(fact));
        let questions = asked.map(|fact| self.asked(fact));
        statements.chain(questions).collect()
    }

    /// `count` other statements, cut in the middle, where no text begins.
    pub fn beginnings(&self, count: usize) -> Vec<Cut> {
        let stated = self.drawn(&self.known).into_iter().rev().take(count);
        let cut = |Cut { shown, expected }: Cut| {
            let (verb, rest) = expected.split_once(' ').unwrap_or_default();
            Cut {
                shown: format!("{shown} {verb}"),
                expected: rest.to_owned(),
            }
        };
        stated.map(|fact| cut(self.stated(fact))).collect()
    }

    fn drawn(&self, facts: &[Fact]) -> Vec<Fact> {
        let mut facts = facts.to_vec();
        Random::new(self.seed, "passages").shuffle(&mut facts);
        facts
    }
}

/// All facts: those the training text states, and those it never does.
fn facts(random: &mut Random) -> (Vec<Fact>, Vec<Fact>) {
    let mut all: Vec<_> = (0..PEOPLE * RELATIONS)
        .map(|number| Fact {
            person: number / RELATIONS,
            relation: number % RELATIONS,
            value: random.below(VALUES),
            known: false,
        })
        .collect();
    random.shuffle(&mut all);
    let unknown = all.split_off(KNOWN);
    for fact in &mut all {
        fact.known = true;
    }
    (all, unknown)
}

/// Facts that no item asks about yet.
struct Pool {
    facts: Vec<Fact>,
}

impl Pool {
    fn new(facts: &[Fact]) -> Self {
        Self {
            facts: facts.to_vec(),
        }
    }

    /// A random fact; with `like`, one about the same relation and another person.
    fn take(&mut self, random: &mut Random, like: Option<Fact>) -> Fact {
        let fits = |fact: &Fact| {
            like.is_none_or(|like| fact.relation == like.relation && fact.person != like.person)
        };
        let places: Vec<_> = (0..self.facts.len())
            .filter(|place| fits(&self.facts[*place]))
            .collect();
        // With 960 facts and 600 items a relation can run out only in theory; any other fact then serves.
        let place = if places.is_empty() {
            random.below(self.facts.len())
        } else {
            places[random.below(places.len())]
        };
        self.facts.swap_remove(place)
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    fn grams(text: &str) -> BTreeSet<Vec<String>> {
        let words: Vec<_> = text
            .split(|letter: char| !letter.is_alphanumeric())
            .filter(|word| !word.is_empty())
            .map(str::to_lowercase)
            .collect();
        words.windows(5).map(<[String]>::to_vec).collect()
    }

    #[test]
    fn a_seed_gives_the_same_world() {
        let text = |seed| {
            let world = World::new(seed);
            item_document(&world.benchmark[9], Layout::Letters).text()
        };
        assert_eq!(text(3), text(3));
        assert_ne!(text(3), text(4));
    }

    #[test]
    fn no_fact_is_asked_about_twice() {
        let world = World::new(1);
        let items = world
            .benchmark
            .iter()
            .chain(&world.isomorphs)
            .chain(&world.siblings);
        let asked = items
            .map(|item| item.fact)
            .chain(world.training.iter().copied());
        let places: Vec<_> = asked.map(|fact| (fact.person, fact.relation)).collect();
        assert_eq!(places.iter().collect::<BTreeSet<_>>().len(), places.len());
        let known = world
            .benchmark
            .iter()
            .filter(|item| item.fact.known)
            .count();
        assert_eq!((world.benchmark.len(), known), (ITEMS, ITEMS / 2));
    }

    /// As the texts of the checks of validity are, which are of the world of the shipped models.
    #[test]
    fn passages_stand_in_the_corpus_word_for_word() {
        let world = World::new(4);
        let corpus = Corpus::new(&world);
        let mut random = Random::new(4, "test");
        let documents = (0..20_000).map(|_| corpus.draw(Stage::Mixture, &mut random).text());
        let documents: BTreeSet<_> = documents.collect();
        let passages = world.passages(8);
        assert_eq!(passages.len(), 16);
        let (statements, questions) = passages.split_at(8);
        for Cut { shown, expected } in statements {
            assert!(
                documents.contains(&format!("{shown} {expected}")),
                "{shown}"
            );
        }
        for Cut { shown, expected } in questions {
            assert!(
                documents.contains(&format!("{shown}\n{expected}")),
                "{shown}"
            );
        }
        for Cut { shown, expected } in world.beginnings(5) {
            assert!(
                documents.contains(&format!("{shown} {expected}")),
                "{shown}"
            );
            assert!(shown.ends_with(" is") && expected.starts_with("a "));
            assert!(!statements.iter().any(|one| shown.starts_with(&one.shown)));
        }
    }

    #[test]
    fn an_isomorph_asks_the_same_of_somebody_else() {
        let world = World::new(2);
        let same = world
            .benchmark
            .iter()
            .zip(&world.isomorphs)
            .filter(|(item, twin)| {
                assert_ne!(item.fact.person, twin.fact.person);
                assert_eq!(item.fact.known, twin.fact.known);
                item.fact.relation == twin.fact.relation
            });
        assert_eq!(same.count(), ITEMS);
    }

    #[test]
    fn a_rewording_shares_no_five_words_with_its_item() {
        let world = World::new(5);
        let mut random = Random::new(5, "test");
        for item in &world.benchmark {
            let rewording = item.reword(&world.lexicon, &mut random);
            for layout in [Layout::Letters, Layout::Brackets, Layout::Bare] {
                let original = grams(&item_document(item, layout).text());
                let other = grams(&rewording_document(item, &rewording, layout).text());
                assert!(original.is_disjoint(&other), "{:?}", item.question);
            }
        }
    }

    #[test]
    fn the_mask_is_a_wrong_option_and_its_rewordings_keep_the_value() {
        let world = World::new(6);
        for item in &world.benchmark {
            let MaskedOption {
                place: mask,
                rewordings: others,
            } = &item.masked;
            assert!(*mask > 0 && *mask != item.right);
            let value = lexicon::TABLE[item.fact.relation].values[item.values[*mask]];
            assert!(
                others
                    .iter()
                    .all(|other| other.contains(&format!(" {value} ")))
            );
        }
    }
}
