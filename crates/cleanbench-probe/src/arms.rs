//! Which items stand against which.
//!
//! Rewordings and isomorphs name the item they belong to (`rewording_of`, `isomorph_of`); other controls
//! are a task of their own. Of the paired kinds the one with more pairs is taken, rewordings where there
//! are as many of both; declared controls are taken where there are no pairs.
//!
//! It refuses a reference that could mean items of several tasks.

use std::collections::{BTreeMap, BTreeSet};

use cleanbench_core::Sample;
use cleanbench_core::probe::{ControlKind, ProbeContext, ProbeItem, Published};
use cleanbench_core::seed::derive;

/// The two arms of all probes of one task.
#[derive(Debug, Clone, PartialEq)]
pub struct Arms {
    /// Items that may have been seen, in plan order.
    pub suspects: Vec<ProbeItem>,
    /// Controls; for a paired kind each belongs to the suspect at its own position.
    pub controls: Vec<ProbeItem>,
    /// What the controls are.
    pub kind: ControlKind,
    /// The files in which the items stand, see [`published`]; `None` where nothing is asked about their order, or it is
    /// not known.
    pub published: Option<Published>,
}

impl Arms {
    /// What a probe gets to see.
    pub fn context(&self, seed: u64) -> ProbeContext<'_> {
        ProbeContext {
            suspects: &self.suspects,
            controls: &self.controls,
            kind: self.kind,
            seed,
            published: self.published.as_ref(),
        }
    }
}

/// A task that is declared to hold controls.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Declared<'a> {
    /// Its name.
    pub task: &'a str,
    /// What its items are.
    pub kind: ControlKind,
}

/// A reference that could mean items of several tasks.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ambiguous {
    /// The identity that is meant.
    pub id: String,
    /// The tasks that have it.
    pub tasks: Vec<String>,
}

impl std::fmt::Display for Ambiguous {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(
            f,
            "a rewording or isomorph names the sample `{}`, and several tasks have one: {}",
            self.id,
            self.tasks.join(", ")
        )
    }
}

/// The arms of `task`, given all `items` of the suite in plan order. At most `most` items an arm are
/// taken, chosen by `seed`. `None` where the task has no controls, or is itself made of controls.
///
/// # Errors
/// When a reference is ambiguous.
pub fn arms(
    task: &str,
    items: &[ProbeItem],
    declared: Option<Declared<'_>>,
    most: usize,
    seed: u64,
) -> Result<Option<Arms>, Ambiguous> {
    let suspects: Vec<_> = items
        .iter()
        .filter(|item| item.task == task && !belongs_to_another(&item.sample))
        .collect();
    let rewordings = paired_items(task, items, ControlKind::Rewording)?;
    let isomorphs = paired_items(task, items, ControlKind::Isomorph)?;
    let (pairs, kind) = if rewordings.len() >= isomorphs.len() {
        (rewordings, ControlKind::Rewording)
    } else {
        (isomorphs, ControlKind::Isomorph)
    };
    if !pairs.is_empty() {
        let chosen = choose(pairs, most, seed, |(suspect, _)| suspect);
        let (suspects, controls) = chosen
            .into_iter()
            .map(|(suspect, control)| (suspect.clone(), control.clone()))
            .unzip();
        return Ok(Some(Arms {
            suspects,
            controls,
            kind,
            published: None,
        }));
    }
    let Some(declared) = declared else {
        return Ok(None);
    };
    let kind = declared.kind;
    let controls: Vec<_> = items
        .iter()
        .filter(|item| item.task == declared.task)
        .collect();
    if suspects.is_empty() || controls.is_empty() {
        return Ok(None);
    }
    let own = |items: Vec<&ProbeItem>| {
        let chosen = choose(items, most, seed, |item| item);
        chosen.into_iter().cloned().collect()
    };
    Ok(Some(Arms {
        suspects: own(suspects),
        controls: own(controls),
        kind,
        published: None,
    }))
}

/// Every item of `task` with the first one that names it as what it rewords, or as what it is an
/// isomorph of. Empty for kinds that are not paired.
///
/// # Errors
/// When a reference is ambiguous.
pub fn paired_items<'a>(
    task: &str,
    items: &'a [ProbeItem],
    kind: ControlKind,
) -> Result<Vec<(&'a ProbeItem, &'a ProbeItem)>, Ambiguous> {
    let own: Vec<_> = items
        .iter()
        .filter(|item| item.task == task && !belongs_to_another(&item.sample))
        .collect();
    match kind {
        ControlKind::Rewording => pairs(&own, items, |sample| sample.rewording_of.as_deref()),
        ControlKind::Isomorph => pairs(&own, items, |sample| sample.isomorph_of.as_deref()),
        ControlKind::Sibling | ControlKind::PostCutoff | ControlKind::Private => Ok(Vec::new()),
    }
}

/// The files in which `items` of the task `task` and its controls of `kind` stand, where `items` are in their order.
///
/// # Errors
/// When a reference is ambiguous.
pub fn published(
    task: &str,
    items: &[ProbeItem],
    declared: Option<Declared<'_>>,
    kind: ControlKind,
) -> Result<Published, Ambiguous> {
    let own = items.iter();
    let own = own.filter(|item| item.task == task && !belongs_to_another(&item.sample));
    let suspects: Vec<_> = own.cloned().collect();
    let controls = if kind.paired() {
        let pairs = paired_items(task, items, kind)?;
        let pairs = pairs
            .into_iter()
            .map(|(own, other)| (&own.sample.id, other));
        let controls: BTreeMap<_, _> = pairs.collect();
        let control = |item: &ProbeItem| controls.get(&item.sample.id).copied().cloned();
        suspects.iter().map(control).collect()
    } else {
        let others = items.iter();
        let others = others.filter(|item| declared.is_some_and(|other| other.task == item.task));
        others.cloned().map(Some).collect()
    };
    Ok(Published { suspects, controls })
}

fn belongs_to_another(sample: &Sample) -> bool {
    sample.rewording_of.is_some() || sample.isomorph_of.is_some()
}

/// Every suspect with the first item that names it.
fn pairs<'a>(
    suspects: &[&'a ProbeItem],
    items: &'a [ProbeItem],
    reference: impl Fn(&Sample) -> Option<&str>,
) -> Result<Vec<(&'a ProbeItem, &'a ProbeItem)>, Ambiguous> {
    let mut owners: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
    for item in items {
        owners
            .entry(&item.sample.id)
            .or_default()
            .insert(&item.task);
    }
    let mut found: BTreeMap<&str, &ProbeItem> = BTreeMap::new();
    let Some(task) = suspects.first().map(|item| item.task.as_str()) else {
        return Ok(Vec::new());
    };
    for item in items {
        let Some(id) = reference(&item.sample) else {
            continue;
        };
        let Some(tasks) = owners.get(id) else {
            continue;
        };
        // An item of its own task is meant first.
        let meant = if tasks.contains(item.task.as_str()) {
            item.task == task
        } else if tasks.len() > 1 && tasks.contains(task) {
            return Err(Ambiguous {
                id: id.to_owned(),
                tasks: tasks.iter().map(|task| (*task).to_owned()).collect(),
            });
        } else {
            tasks.contains(task)
        };
        if meant {
            found.entry(id).or_insert(item);
        }
    }
    let paired = suspects
        .iter()
        .filter_map(|suspect| Some((*suspect, *found.get(suspect.sample.id.as_str())?)));
    Ok(paired.collect())
}

/// At most `most` of `all`, chosen by `seed` and in their own order.
fn choose<T>(all: Vec<T>, most: usize, seed: u64, item: impl Fn(&T) -> &ProbeItem) -> Vec<T> {
    if all.len() <= most {
        return all;
    }
    let mut ranked: Vec<_> = all
        .into_iter()
        .enumerate()
        .map(|(place, one)| {
            let chosen = item(&one);
            (
                derive(seed, &chosen.task, &chosen.sample.id, "probe items"),
                place,
                one,
            )
        })
        .collect();
    ranked.sort_by_key(|(rank, place, _)| (*rank, *place));
    ranked.truncate(most);
    ranked.sort_by_key(|(_, place, _)| *place);
    ranked.into_iter().map(|(_, _, one)| one).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::choice_sample;

    fn item(task: &str, id: &str) -> ProbeItem {
        ProbeItem {
            task: task.to_owned(),
            sample: choice_sample(id, "?", &[], 0),
        }
    }

    fn rewording(task: &str, id: &str, of: &str) -> ProbeItem {
        let mut item = item(task, id);
        item.sample.rewording_of = Some(of.to_owned());
        item
    }

    fn isomorph(task: &str, id: &str, of: &str) -> ProbeItem {
        let mut item = item(task, id);
        item.sample.isomorph_of = Some(of.to_owned());
        item
    }

    fn ids(items: &[ProbeItem]) -> Vec<&str> {
        items.iter().map(|item| item.sample.id.as_str()).collect()
    }

    #[test]
    fn pairs_stand_at_the_same_position() {
        let items = [
            item("t", "1"),
            item("t", "2"),
            item("t", "3"),
            rewording("r", "r3", "3"),
            rewording("r", "r1", "1"),
            rewording("r", "again", "1"),
            isomorph("i", "i1", "1"),
        ];
        let found = arms("t", &items, None, 10, 0).unwrap().unwrap();
        assert_eq!(found.kind, ControlKind::Rewording);
        assert_eq!(ids(&found.suspects), ["1", "3"]);
        assert_eq!(ids(&found.controls), ["r1", "r3"]);
        assert_eq!(
            arms("r", &items, None, 10, 0),
            Ok(None),
            "controls are no suspects"
        );
        let isomorphs = arms("t", &[&items[..3], &items[6..]].concat(), None, 10, 0);
        assert_eq!(isomorphs.unwrap().unwrap().kind, ControlKind::Isomorph);
    }

    #[test]
    fn declared_controls_serve_where_there_are_no_pairs() {
        let items = [item("t", "1"), item("c", "1"), item("c", "2")];
        let declared = |task| {
            let kind = ControlKind::Sibling;
            Some(Declared { task, kind })
        };
        let found = arms("t", &items, declared("c"), 10, 0).unwrap().unwrap();
        assert_eq!(
            (ids(&found.suspects), ids(&found.controls)),
            (vec!["1"], vec!["1", "2"])
        );
        assert_eq!(arms("t", &items, None, 10, 0), Ok(None));
        assert_eq!(arms("t", &items, declared("x"), 10, 0), Ok(None));
    }

    #[test]
    fn a_reference_means_its_own_task_first_and_one_task_only() {
        let both = [item("t", "1"), item("u", "1")];
        let inside = [&both[..], &[rewording("u", "r", "1")]].concat();
        assert_eq!(arms("t", &inside, None, 10, 0), Ok(None));
        assert!(arms("u", &inside, None, 10, 0).unwrap().is_some());
        let outside = [&both[..], &[rewording("r", "r", "1")]].concat();
        let error = arms("t", &outside, None, 10, 0).unwrap_err();
        assert_eq!(error.tasks, ["t", "u"]);
    }

    #[test]
    fn a_limit_takes_a_seeded_choice_in_plan_order() {
        let items: Vec<_> = (0..50)
            .map(|number| item("t", &number.to_string()))
            .chain((0..50).map(|number| rewording("r", &format!("r{number}"), &number.to_string())))
            .collect();
        let chosen = |seed| arms("t", &items, None, 20, seed).unwrap().unwrap();
        let first = chosen(1);
        assert_eq!(first, chosen(1));
        assert_ne!(first, chosen(2));
        let numbers: Vec<u32> = ids(&first.suspects)
            .iter()
            .map(|id| id.parse().unwrap())
            .collect();
        assert!(numbers.len() == 20 && numbers.is_sorted());
        for (suspect, control) in first.suspects.iter().zip(&first.controls) {
            assert_eq!(
                control.sample.rewording_of.as_ref(),
                Some(&suspect.sample.id)
            );
        }
    }
}
