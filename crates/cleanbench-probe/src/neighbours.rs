//! Which items of a file come next to which, and what can be shown beside them so that texts tell as little as possible.
//!
//! Whoever published the file ordered it; we did not. Files are sorted by subject, length, number or alphabet, so that
//! what comes next can often be told without having seen them. So the others among which it stands are chosen like it:
//! near in the file, of the same kind by their metadata, of no family that is in the question already; how many of them are
//! more like the item than what comes next is drawn, and of length, alphabet and number one stands between the two,
//! and one is farther from the item in length.
//!
//! Invariant: an item is asked about, or asked for, in one question at most, and is another in two at most; what is chosen
//! hangs on the file alone. It refuses an item of which some text tells what comes next, rather than ask about it.
//!
//! What it cannot see is a subject that shares no words: controls and reference models are there for that.

use std::collections::{BTreeMap, HashMap, HashSet};

use cleanbench_core::probe::ProbeItem;
use cleanbench_core::seed::derive;
use cleanbench_text::segments;
use serde_json::Value;

use crate::compared::joined;
use crate::family::families;
use crate::layout;

/// Items beside the one that comes next.
pub(crate) const OTHERS: usize = 3;
/// How far from the item in the file others stand.
const FROM: usize = 2;
const TO: usize = 12;
/// Questions in which an item is another.
const MOST_USES: usize = 2;
/// Items for each value of a field from which on it tells of what kind an item is.
const OF_A_KIND: usize = 4;
/// Characters of an item that are shown.
const SHOWN: usize = 400;

/// Why an item is not asked about.
pub(crate) const UNKNOWN: &str = "the order of its file is not known";
/// Nobody is told of items that are not asked about.
const NOT_MEANT: &str = "not drawn";
const ELSEWHERE: &str = "stands in the question about another item";
const LAST: &str = "nothing comes next in its file";
const HANGING: &str = "hangs together with what comes next";
const ALONE: &str = "what comes next has no control";
const LABEL: &str = "what comes next has a stricter label";
const TOLD: &str = "its text may tell what comes next";

/// Places of a file: of the item, of what comes next, and of others.
pub(crate) type Question = [usize; 2 + OTHERS];

/// For each of `items`, which are all of a file, what is asked about it, or why nothing is. Where items have controls, all that are shown have
/// some. Only those that are `meant` are asked about.
pub(crate) fn questions(
    items: &[ProbeItem],
    controls: Option<&[Option<ProbeItem>]>,
    meant: impl Fn(&ProbeItem) -> bool,
) -> Vec<Result<Question, &'static str>> {
    let mut file = File::new(items, controls);
    let ask = |(place, item)| {
        if meant(item) {
            file.ask(place)
        } else {
            Err(NOT_MEANT)
        }
    };
    items.iter().enumerate().map(ask).collect()
}

/// What is shown of `item`: as much as fits, on one line.
pub(crate) fn shown(item: &ProbeItem) -> String {
    let text = whole(item);
    let line = text.split_whitespace().collect::<Vec<_>>().join(" ");
    match line.char_indices().nth(SHOWN) {
        Some((end, _)) => format!("{} …", &line[..end]),
        None => line,
    }
}

fn whole(item: &ProbeItem) -> String {
    let options = item.sample.choices.iter().map(String::as_str);
    layout::item(&item.sample, options)
}

/// An item as far as its text may tell where it stands.
struct Text {
    /// What is shown of it, without regard to case.
    lower: String,
    length: usize,
    /// The first number in it.
    number: Option<u64>,
    /// Its words, each once, sorted.
    words: Vec<usize>,
}

/// What may tell that one item comes next to another.
#[derive(Debug, Clone, Copy)]
enum Sign {
    Length,
    /// That no other is so much longer or shorter.
    Outlier,
    Alphabet,
    Number,
}

const SIGNS: [Sign; 4] = [Sign::Length, Sign::Outlier, Sign::Alphabet, Sign::Number];

impl Sign {
    /// Whether `other` stands nearer to `own` than `next` does, on the same side; of outliers, whether it stands farther.
    fn is_hidden(self, own: &Text, next: &Text, other: &Text) -> bool {
        match self {
            Self::Length => is_between(&own.length, &next.length, &other.length),
            Self::Outlier => {
                let [next, other] = [next, other].map(|text| own.length.abs_diff(text.length));
                other > next
            }
            Self::Alphabet => is_between(&own.lower, &next.lower, &other.lower),
            Self::Number => match (own.number, next.number) {
                (Some(own), Some(next)) if own != next => {
                    let number = other.number;
                    number.is_some_and(|other| is_between(&own, &next, &other))
                }
                _ => true,
            },
        }
    }
}

/// Whether `other` stands between `own` and `next`; where these are the same, whether it is too.
fn is_between<T: Ord>(own: &T, next: &T, other: &T) -> bool {
    let rises = own < other && other < next;
    let falls = next < other && other < own;
    rises || falls || (own == next && other == own)
}

/// An item that may stand beside what comes next.
#[derive(Debug, Clone, Copy)]
struct Drawn {
    draw: u64,
    place: usize,
    /// Whether it is more like the item than what comes next.
    is_nearer: bool,
}

/// A file whose items are asked about one after the other.
struct File<'a> {
    items: &'a [ProbeItem],
    controls: Option<&'a [Option<ProbeItem>]>,
    families: Vec<usize>,
    texts: Vec<Text>,
    /// Of each word the part of it that each item has which holds it.
    weights: Vec<f64>,
    kinds: Vec<Vec<&'a str>>,
    is_used: Vec<bool>,
    uses: Vec<usize>,
}

impl<'a> File<'a> {
    fn new(items: &'a [ProbeItem], controls: Option<&'a [Option<ProbeItem>]>) -> Self {
        let mut known = HashMap::new();
        let texts: Vec<_> = items.iter().map(|item| text(item, &mut known)).collect();
        let mut holders = vec![0_u32; known.len()];
        for word in texts.iter().flat_map(|text| &text.words) {
            holders[*word] += 1;
        }
        Self {
            items,
            controls,
            families: families_with(items, controls),
            texts,
            weights: holders
                .into_iter()
                .map(|count| 1.0 / f64::from(count))
                .collect(),
            kinds: kinds(items),
            is_used: vec![false; items.len()],
            uses: vec![0; items.len()],
        }
    }

    fn ask(&mut self, own: usize) -> Result<Question, &'static str> {
        let next = own + 1;
        if self.is_used[own] {
            return Err(ELSEWHERE);
        }
        if next >= self.items.len() {
            return Err(LAST);
        }
        self.check(own, next)?;
        let others = self.others(own, next).ok_or(TOLD)?;
        self.is_used[own] = true;
        self.is_used[next] = true;
        for other in others {
            self.uses[other] += 1;
        }
        let mut question = [own; 2 + OTHERS];
        question[1] = next;
        question[2..].copy_from_slice(&others);
        Ok(question)
    }

    /// Whether `next` can be shown beside `own`.
    fn check(&self, own: usize, next: usize) -> Result<(), &'static str> {
        if self.families[own] == self.families[next] {
            Err(HANGING)
        } else if !self.has_control(own) || !self.has_control(next) {
            Err(ALONE)
        } else if !self.may_be_shown(own, next) {
            Err(LABEL)
        } else {
            Ok(())
        }
    }

    fn has_control(&self, place: usize) -> bool {
        self.controls
            .is_none_or(|controls| controls[place].is_some())
    }

    /// Whether nobody may see `own` who may not see `other`, and so of their controls.
    fn may_be_shown(&self, own: usize, other: usize) -> bool {
        let label = |place: usize| {
            let control = self.controls.and_then(|controls| controls[place].as_ref());
            let control = control.map(|control| control.sample.sensitivity);
            [Some(self.items[place].sample.sensitivity), control]
        };
        let labels = label(other).into_iter().zip(label(own));
        labels.into_iter().all(|(other, own)| other <= own)
    }

    /// Others that can stand beside `next` and hide it; `None` where there are too few. How many of them are more like
    /// `own` than `next` is drawn, so that neither likeness nor its absence tells; all that may be drawn must be possible.
    fn others(&self, own: usize, next: usize) -> Option<[usize; OTHERS]> {
        let mut pool = self.pool(own, next);
        let nearer = pool.iter().filter(|one| one.is_nearer).count();
        if nearer < OTHERS || pool.len() - nearer < OTHERS {
            return None;
        }
        let nearer = usize::try_from(derive(0, "", &self.texts[own].lower, "nearer")).ok()?;
        let mut nearer = nearer % (OTHERS + 1);
        let mut hidden = [false; SIGNS.len()];
        let mut others = [own; OTHERS];
        for (left, other) in (1..=OTHERS).rev().zip(&mut others) {
            let fits = |one: &&Drawn| {
                if one.is_nearer {
                    nearer > 0
                } else {
                    left > nearer
                }
            };
            let gain = |one: &&Drawn| {
                let more = self.hides(own, next, one.place).into_iter().zip(hidden);
                more.filter(|(hides, hidden)| *hides && !hidden).count()
            };
            // The first of several, by their draw.
            let best = *pool.iter().rev().filter(fits).max_by_key(gain)?;
            let more = self.hides(own, next, best.place);
            hidden
                .iter_mut()
                .zip(more)
                .for_each(|(one, more)| *one |= more);
            nearer -= usize::from(best.is_nearer);
            pool.retain(|one| self.families[one.place] != self.families[best.place]);
            *other = best.place;
        }
        hidden.into_iter().all(|one| one).then_some(others)
    }

    /// Which signs tell `next` no more where `other` stands beside it.
    fn hides(&self, own: usize, next: usize, other: usize) -> [bool; SIGNS.len()] {
        let [own, next, other] = [own, next, other].map(|place| &self.texts[place]);
        SIGNS.map(|sign| sign.is_hidden(own, next, other))
    }

    /// What can stand beside `next`, in an order that is drawn by what `own` says.
    fn pool(&self, own: usize, next: usize) -> Vec<Drawn> {
        let near = own.saturating_sub(TO)..self.items.len().min(own + TO + 1);
        let near = near.filter(|place| place.abs_diff(own) >= FROM && *place != next);
        let free = near.filter(|place| {
            self.uses[*place] < MOST_USES
                && self.kinds[*place] == self.kinds[next]
                && self.has_control(*place)
                && self.may_be_shown(own, *place)
        });
        let is_apart = |place: &usize| {
            let of = |place: usize| (self.families[place], self.texts[place].lower.as_str());
            let (family, text) = of(*place);
            let others = [own, next].map(of);
            others
                .iter()
                .all(|other| other.0 != family && other.1 != text)
        };
        let likeness = self.likeness(own, next);
        let draw = |place: usize| {
            let [text, other] = [own, place].map(|place| self.texts[place].lower.as_str());
            let draw = derive(0, text, other, "neighbour");
            let own = self.likeness(own, place);
            // Of two that are as like, either may count as nearer.
            let is_even = own.total_cmp(&likeness).is_eq();
            Drawn {
                draw,
                place,
                is_nearer: if is_even {
                    draw.is_multiple_of(2)
                } else {
                    own > likeness
                },
            }
        };
        let mut pool: Vec<_> = free.filter(is_apart).map(draw).collect();
        pool.sort_unstable_by_key(|one| (one.draw, one.place));
        pool
    }

    /// The share of their words that two items have in common, each word for less the more items hold it.
    fn likeness(&self, one: usize, other: usize) -> f64 {
        let [one, other] = [one, other].map(|place| &self.texts[place].words);
        let weigh = |words: &[usize]| words.iter().map(|word| self.weights[*word]).sum::<f64>();
        let common: Vec<_> = one
            .iter()
            .copied()
            .filter(|word| other.binary_search(word).is_ok())
            .collect();
        let common = weigh(&common);
        common / (weigh(one) + weigh(other) - common).max(f64::MIN_POSITIVE)
    }
}

/// For each of `items` the number of its family; items hang together where their controls do, too.
fn families_with(items: &[ProbeItem], controls: Option<&[Option<ProbeItem>]>) -> Vec<usize> {
    let own = families(&items.iter().collect::<Vec<_>>());
    let Some(controls) = controls else {
        return own;
    };
    let others = items.iter().zip(controls);
    let others: Vec<_> = others
        .map(|(item, control)| control.as_ref().unwrap_or(item))
        .collect();
    joined(&own, &families(&others))
}

/// `item` with the words that are `known`, to which its own are added.
fn text(item: &ProbeItem, known: &mut HashMap<String, usize>) -> Text {
    let all = segments(&whole(item)).into_iter().map(|one| one.word);
    let all: Vec<_> = all.collect();
    let mut words: Vec<_> = all
        .iter()
        .map(|word| {
            let fresh = known.len();
            *known.entry(word.clone()).or_insert(fresh)
        })
        .collect();
    words.sort_unstable();
    words.dedup();
    Text {
        length: whole(item).chars().count(),
        number: all.iter().find_map(|word| word.parse().ok()),
        lower: shown(item).to_lowercase(),
        words,
    }
}

/// For each of `items` of what kind it is: its values of the fields of metadata that have few.
fn kinds(items: &[ProbeItem]) -> Vec<Vec<&str>> {
    let mut values: BTreeMap<&str, HashSet<&str>> = BTreeMap::new();
    for (field, value) in items.iter().flat_map(|item| &item.sample.metadata) {
        if let Value::String(value) = value {
            values.entry(field).or_default().insert(value);
        }
    }
    values.retain(|_, values| values.len() * OF_A_KIND <= items.len());
    let fields: Vec<_> = values.into_keys().collect();
    let of = |item| fields.iter().map(|field| value_of(item, field)).collect();
    items.iter().map(of).collect()
}

/// The value of `field` of the metadata of `item`; empty where it has none.
fn value_of<'a>(item: &'a ProbeItem, field: &str) -> &'a str {
    let value = item.sample.metadata.get(field);
    value.and_then(Value::as_str).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::usable;

    const MANY: usize = 120;

    /// A file in no order, of items that share no words but those that all have.
    fn file() -> Vec<ProbeItem> {
        let mut numbers: Vec<_> = (0..MANY)
            .map(|number| (derive(1, "", &number.to_string(), "shuffled"), number))
            .collect();
        numbers.sort_unstable();
        numbers
            .into_iter()
            .map(|(_, number)| usable(number))
            .collect()
    }

    /// A file of the texts that `write` gives.
    fn written(write: impl Fn(usize) -> String) -> Vec<ProbeItem> {
        let item = |number| {
            let mut item = usable(number);
            item.sample.input = cleanbench_core::sample::SampleInput::Input(write(number));
            item.sample.choices.clear();
            item
        };
        (0..MANY).map(item).collect()
    }

    fn asked(file: &[ProbeItem]) -> Vec<Question> {
        let questions = questions(file, None, |_| true);
        questions.into_iter().flatten().collect()
    }

    fn reasons(file: &[ProbeItem]) -> BTreeMap<&'static str, usize> {
        let mut reasons = BTreeMap::new();
        for reason in questions(file, None, |_| true)
            .into_iter()
            .filter_map(Result::err)
        {
            *reasons.entry(reason).or_default() += 1;
        }
        reasons
    }

    #[test]
    fn what_comes_next_stands_among_others_that_are_near() {
        let file = file();
        let questions = asked(&file);
        assert!(questions.len() > MANY / 4, "{}", questions.len());
        let mut pairs = HashSet::new();
        let mut uses = BTreeMap::new();
        for [own, next, others @ ..] in &questions {
            assert_eq!(*next, own + 1);
            assert!(pairs.insert(*own) && pairs.insert(*next), "in one pair");
            for other in others {
                assert!((FROM..=TO).contains(&other.abs_diff(*own)) && other != next);
                *uses.entry(*other).or_insert(0) += 1;
            }
            assert_eq!(others.iter().collect::<HashSet<_>>().len(), OTHERS);
        }
        assert!(uses.values().all(|uses| *uses <= MOST_USES));
        assert_eq!(asked(&file), questions, "the same again");
    }

    /// By length, by number, by alphabet: what comes next is the next one, and nothing hides it.
    #[test]
    fn a_sorted_file_is_not_asked_about() {
        let letters = |number: usize| -> String {
            let letter = |place| char::from(b'a' + u8::try_from(number / place % 5).unwrap());
            [25, 5, 1].map(letter).iter().collect()
        };
        for (name, file) in [
            ("length", written(|number| "x".repeat(20 + number))),
            (
                "alphabet",
                written(|number| format!("{} {}", letters(number), number * 37 % MANY)),
            ),
            (
                "number",
                written(|number| format!("{} Question {number}?", letters(number * 37 % MANY))),
            ),
        ] {
            assert!(asked(&file).is_empty(), "{name}");
            assert_eq!(reasons(&file)[TOLD], MANY - 1, "{name}");
        }
    }

    #[test]
    fn what_hangs_together_is_not_in_one_question() {
        let mut file = file();
        for (place, item) in file.iter_mut().enumerate() {
            item.sample.cluster = Some(format!("passage {}", place / 3));
        }
        let found = asked(&file);
        assert!(!found.is_empty());
        for question in &found {
            let passages: HashSet<_> = question.iter().map(|place| place / 3).collect();
            assert_eq!(passages.len(), question.len(), "{question:?}");
        }
        assert!(reasons(&file)[HANGING] > MANY / 3);
    }

    #[test]
    fn others_are_of_the_same_kind() {
        let mut file = file();
        for (place, item) in file.iter_mut().enumerate() {
            let metadata = &mut item.sample.metadata;
            metadata.insert(
                "subject".to_owned(),
                Value::from(["law", "art"][place / 2 % 2]),
            );
            metadata.insert("source".to_owned(), Value::from(format!("page {place}")));
        }
        let found = asked(&file);
        assert!(found.len() > 10, "{}", found.len());
        for [_, next, others @ ..] in found {
            assert!(others.iter().all(|other| other / 2 % 2 == next / 2 % 2));
        }
    }

    #[test]
    fn nothing_is_shown_to_whom_it_is_not_meant_for() {
        let mut file = file();
        for (place, item) in file.iter_mut().enumerate() {
            let is_secret = place % 4 == 1;
            item.sample.sensitivity = if is_secret {
                cleanbench_core::Sensitivity::Secret
            } else {
                cleanbench_core::Sensitivity::Public
            };
        }
        for [own, next, others @ ..] in asked(&file) {
            let label = |place: usize| file[place].sample.sensitivity;
            assert!(label(next) <= label(own));
            assert!(others.iter().all(|other| label(*other) <= label(own)));
        }
        assert!(reasons(&file)[LABEL] > 10);
    }

    #[test]
    fn where_items_have_controls_all_that_are_shown_have_some() {
        let file = file();
        let control = |(place, item): (usize, &ProbeItem)| (place % 5 != 2).then(|| item.clone());
        let controls: Vec<_> = file.iter().enumerate().map(control).collect();
        let found = questions(&file, Some(&controls), |item| {
            item.sample.id != file[0].sample.id
        });
        assert_eq!(found[0], Err(NOT_MEANT));
        let shown: Vec<_> = found.iter().flatten().flatten().collect();
        assert!(shown.len() > 50 && shown.iter().all(|place| *place % 5 != 2));
        assert!(found.contains(&Err(ALONE)));
    }

    /// Of controls that say the same nobody could tell which is meant.
    #[test]
    fn items_whose_controls_are_copies_are_not_in_one_question() {
        let file = file();
        let control = |(place, _): (usize, &ProbeItem)| Some(usable(1_000 + place / 2));
        let controls: Vec<_> = file.iter().enumerate().map(control).collect();
        let found: Vec<_> = questions(&file, Some(&controls), |_| true)
            .into_iter()
            .flatten()
            .collect();
        assert!(found.len() > 20, "{}", found.len());
        for question in &found {
            let copies: HashSet<_> = question.iter().map(|place| place / 2).collect();
            assert_eq!(copies.len(), question.len(), "{question:?}");
        }
    }
}
