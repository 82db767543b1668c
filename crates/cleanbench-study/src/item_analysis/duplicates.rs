//! Items with the same input, and those whose targets contradict each other.

use std::collections::{BTreeMap, HashMap};

use cleanbench_core::Digest;
use serde::Serialize;

use super::Answers;
use cleanbench_items::{Item, Trial};

/// Groups of items with the same input.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Duplicates {
    /// Ids, for each input that stands in the task more than once.
    pub groups: Vec<Vec<String>>,
    /// Items that contradict each other.
    pub contradictions: Vec<Contradiction>,
}

/// Two items with the same input, on which the same answer scored differently.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Contradiction {
    /// Id of the one that the answer is right on.
    pub right: String,
    /// Id of the one that it is less right on.
    pub wrong: String,
    /// The answer, as a table cell.
    pub answer: String,
}

/// Looks for equal inputs among the items of each respondent.
pub(super) fn of_task(answers: &[Answers<'_>]) -> Duplicates {
    let mut found = Duplicates::default();
    for answers in answers {
        for group in groups(&answers.items) {
            found.contradictions(&group);
            let ids: Vec<_> = group
                .iter()
                .map(|item| item.identity.id.to_string())
                .collect();
            if !found.groups.contains(&ids) {
                found.groups.push(ids);
            }
        }
    }
    found
}

/// Items with the same input, in order; inputs that stand alone are left out.
fn groups<'a>(items: &[&'a Item]) -> Vec<Vec<&'a Item>> {
    let mut first: HashMap<Digest, usize> = HashMap::with_capacity(items.len());
    let mut groups: BTreeMap<usize, Vec<&'a Item>> = BTreeMap::new();
    for (position, item) in items.iter().enumerate() {
        let start = *first.entry(item.identity.input_digest).or_insert(position);
        if start != position {
            let group = groups.entry(start).or_insert_with(|| vec![items[start]]);
            group.push(item);
        }
    }
    groups.into_values().collect()
}

impl Duplicates {
    /// Notes every two items of a group of which one answer proves that they contradict each other.
    fn contradictions(&mut self, group: &[&Item]) {
        for (position, one) in group.iter().enumerate() {
            for other in &group[position + 1..] {
                let Some(found) = contradiction(one, other) else {
                    continue;
                };
                let pair = |known: &Contradiction| {
                    let ids = [known.right.as_str(), known.wrong.as_str()];
                    ids.contains(&found.right.as_str()) && ids.contains(&found.wrong.as_str())
                };
                if !self.contradictions.iter().any(pair) {
                    self.contradictions.push(found);
                }
            }
        }
    }
}

fn contradiction(one: &Item, other: &Item) -> Option<Contradiction> {
    let same = |trial: &&Trial, answer: &Trial| {
        trial.answer == answer.answer && trial.extraction_failure == answer.extraction_failure
    };
    for trial in &one.trials {
        let score = trial.score?;
        let twins = other.trials.iter().filter(|twin| same(twin, trial));
        for twin in twins {
            let Some(twin_score) = twin.score else {
                continue;
            };
            if (score - twin_score).abs() > 0.0 && !trial.answer.is_empty() {
                let (right, wrong) = if score > twin_score {
                    (one, other)
                } else {
                    (other, one)
                };
                return Some(Contradiction {
                    right: right.identity.id.to_string(),
                    wrong: wrong.identity.id.to_string(),
                    answer: trial.answer.to_string(),
                });
            }
        }
    }
    None
}
