//! Texts of simulated items, long and different enough for every probe.
//!
//! Invariant: an item is a function of its name and its scenario. Items of a family have one `cluster`, and no others
//! are near-duplicates.

use cleanbench_core::probe::ProbeItem;
use cleanbench_core::sample::SampleInput;
use cleanbench_core::seed::derive;
use cleanbench_core::{Sample, Sensitivity};
use serde_json::{Map, Value};

use super::scenario::{Recurring, Scenario};

/// Options of an item.
pub const OPTIONS: usize = 4;
/// Words of a text.
const WORDS: usize = 10;
/// Rewordings of an option that likelihoods are compared with.
pub const OTHERS: usize = 3;

const BEGINNINGS: [&str; 16] = [
    "bar", "cop", "dren", "fal", "gar", "hol", "jen", "kel", "lun", "mar", "nor", "pel", "rud",
    "sil", "tor", "wen",
];
const ENDS: [&str; 16] = [
    "ack", "adge", "ber", "dle", "eth", "fin", "gow", "ick", "ket", "low", "mond", "nell", "ock",
    "per", "rill", "ton",
];

/// What an item is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Part<'a> {
    /// Name of the task.
    pub task: &'a str,
    /// Letter before the numbers of its items.
    pub letter: char,
    /// Letter of the items that they reword; `None` for items of their own.
    pub reworded: Option<char>,
}

/// The items of `part`, one for each number of a template in `strata`.
pub fn items(scenario: &Scenario, part: Part<'_>, strata: &[usize]) -> Vec<ProbeItem> {
    let all = strata.iter().enumerate();
    let item = |(number, stratum): (usize, &usize)| ProbeItem {
        task: part.task.to_owned(),
        sample: sample(scenario, part, number, *stratum),
    };
    all.map(item).collect()
}

fn sample(scenario: &Scenario, part: Part<'_>, number: usize, stratum: usize) -> Sample {
    let id = format!("{}{number}", part.letter);
    let right = number % OPTIONS;
    let option = |place: usize| {
        let shared = scenario
            .recurring
            .filter(|_| place != right)
            .and_then(|recurring| shared(recurring, number));
        // All wrong options of such an item, so that whichever is asked for recurs.
        let name = match shared {
            Some(group) => format!(
                "{} shared {group} {}",
                part.letter,
                (place + OPTIONS - right) % OPTIONS
            ),
            None => format!("{id} option {place}"),
        };
        text(&name)
    };
    let choices: Vec<_> = (0..OPTIONS).map(option).collect();
    let other = |place: usize| -> Vec<String> {
        let names = (0..OTHERS).map(|other| format!("{id} option {place} other {other}"));
        names.map(|name| text(&name)).collect()
    };
    Sample {
        input: SampleInput::Input(question(scenario, &id, stratum)),
        target: Some(Value::from(choices[right].as_str())),
        choice_rewordings: match scenario.offset {
            Some(_) => (0..OPTIONS).map(other).collect(),
            None => Vec::new(),
        },
        choices,
        metadata: Map::new(),
        created: None,
        cluster: (scenario.family > 1).then(|| format!("family {}", number / scenario.family)),
        rewording_of: part.reworded.map(|letter| format!("{letter}{number}")),
        isomorph_of: None,
        images: Vec::new(),
        sensitivity: Sensitivity::Public,
        id,
    }
}

/// What the item `id` asks, in the words of its template where there are several.
fn question(scenario: &Scenario, id: &str, stratum: usize) -> String {
    let own = text(&format!("{id} question"));
    if scenario.strata.len() > 1 {
        let common = text(&format!("template {stratum}"));
        format!("{common} {own}?")
    } else {
        format!("{own}?")
    }
}

/// The group of items with which the item `number` shares its wrong options: every so many groups, so that as large a
/// share of never-sent items as of others has one.
pub fn shared(recurring: Recurring, number: usize) -> Option<usize> {
    let group = number / recurring.items;
    #[expect(clippy::cast_precision_loss, reason = "items are few")]
    let reached = |groups: usize| (groups as f64 * recurring.share).floor();
    (reached(group + 1) > reached(group)).then_some(group)
}

/// A text that `name` alone decides.
fn text(name: &str) -> String {
    let word = |place: usize| {
        let [beginning, end] = [BEGINNINGS, ENDS].map(|list| list.len());
        let drawn = draw(&format!("{name} {place}"), beginning * end);
        format!("{}{}", BEGINNINGS[drawn / end], ENDS[drawn % end])
    };
    (0..WORDS).map(word).collect::<Vec<_>>().join(" ")
}

/// A place below `count` that `name` decides.
fn draw(name: &str, count: usize) -> usize {
    let drawn = derive(0, "null grid", name, "text");
    usize::try_from(drawn % count as u64).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    const PART: Part<'_> = Part {
        task: "t",
        letter: 'o',
        reworded: None,
    };

    #[test]
    fn an_item_is_a_function_of_its_name() {
        let scenario = Scenario {
            family: 3,
            offset: Some(0.5),
            ..Scenario::new(0.1, 0.1)
        };
        let some = items(&scenario, PART, &[0; 12]);
        assert_eq!(some[..7], items(&scenario, PART, &[0; 7])[..]);
        let clusters: std::collections::BTreeSet<_> = some
            .iter()
            .map(|item| item.sample.cluster.clone())
            .collect();
        assert_eq!(clusters.len(), 4);
        assert!(
            some.iter()
                .all(|item| item.sample.choice_rewordings[3].len() == OTHERS)
        );
    }

    #[test]
    fn options_recur_in_as_many_items_as_they_should() {
        let scenario = Scenario {
            recurring: Some(Recurring {
                share: 0.5,
                items: 2,
                guess: 0.9,
            }),
            ..Scenario::new(0.1, 0.1)
        };
        let all = items(&scenario, PART, &[0; 400]);
        let mut times = std::collections::BTreeMap::new();
        for option in all.iter().flat_map(|item| &item.sample.choices) {
            *times.entry(option).or_insert(0) += 1;
        }
        let twice = times.values().filter(|times| **times == 2).count();
        assert!(times.values().all(|times| *times <= 2));
        assert!((200..400).contains(&twice), "{twice}");
    }
}
