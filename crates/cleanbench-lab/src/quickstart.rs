//! The benchmark of a world as a suite: its items, their rewordings and isomorphs, siblings, and a small
//! extraction task.
//!
//! Invariant: a seed gives the same files, byte for byte; the files of `tasks/quickstart` are those of
//! [`SEED`].

use cleanbench_core::probe::{ControlKind, ProbeItem};
use cleanbench_core::sample::SampleInput;
use cleanbench_core::{Sample, Sensitivity, canonical};
use cleanbench_embedded::world::{Cut, Item, MaskedOption, Random, Rewording, World};
use cleanbench_probe::Arms;
use serde_json::{Map, Value, json};

/// Seed of the world of the shipped models.
pub const SEED: u64 = 7;
/// Samples of the extraction task.
const EXTRACTS: usize = 60;

/// The items of a world, as a suite has them.
#[derive(Debug, Clone, PartialEq)]
pub struct Quickstart {
    /// The benchmark.
    pub benchmark: Vec<Sample>,
    /// A rewording of each.
    pub rewordings: Vec<Sample>,
    /// An isomorph of each.
    pub isomorphs: Vec<Sample>,
    /// Independent items of the same shape.
    pub siblings: Vec<Sample>,
    /// A rewording of each: nobody was trained on either, so that their difference is the bias of rewordings.
    pub sibling_rewordings: Vec<Sample>,
    /// Short texts, each with a question that it answers.
    pub extraction: Vec<Sample>,
}

impl Quickstart {
    /// The suite of `world`.
    pub fn new(world: &World) -> Self {
        // A stream of its own: no arm is trained on these rewordings.
        let mut random = Random::new(world.seed, "suite");
        let id = |kind: &str, place: usize| format!("{kind}-{:03}", place + 1);
        let reword = |place: usize, item: &Item, kinds: [&str; 2], random: &mut Random| {
            let rewording = item.reword(&world.lexicon, random);
            let masked = item.masked_of(&rewording, random);
            Sample {
                rewording_of: Some(id(kinds[1], place)),
                ..reworded(&id(kinds[0], place), &rewording, masked)
            }
        };
        let benchmark = world.benchmark.iter().enumerate();
        let rewordings =
            benchmark.map(|(place, item)| reword(place, item, ["reworded", "item"], &mut random));
        let rewordings = rewordings.collect();
        let mut of_siblings = Random::new(world.seed, "sibling rewordings");
        let siblings = world.siblings.iter().enumerate();
        let sibling_rewordings = siblings.map(|(place, item)| {
            reword(
                place,
                item,
                ["sibling-reworded", "sibling"],
                &mut of_siblings,
            )
        });
        let sibling_rewordings = sibling_rewordings.collect();
        let numbered = |kind: &str, items: &[Item]| -> Vec<Sample> {
            let places = items.iter().enumerate();
            places
                .map(|(place, item)| original(&id(kind, place), item))
                .collect()
        };
        let mut isomorphs = numbered("isomorph", &world.isomorphs);
        for (place, sample) in isomorphs.iter_mut().enumerate() {
            sample.isomorph_of = Some(id("item", place));
        }
        let extracts = world.extracts(EXTRACTS, &mut random);
        let extraction = extracts
            .into_iter()
            .enumerate()
            .map(|(place, extract)| Sample {
                target: Some(Value::from(extract.answer)),
                ..sample(&id("record", place), &extract.input)
            });
        Self {
            benchmark: numbered("item", &world.benchmark),
            rewordings,
            isomorphs,
            siblings: numbered("sibling", &world.siblings),
            sibling_rewordings,
            extraction: extraction.collect(),
        }
    }

    /// The benchmark against its rewordings, as probes take them.
    pub fn arms(&self) -> Arms {
        let [suspects, controls] = [&self.benchmark, &self.rewordings];
        pairs(["benchmark", "rewordings"], suspects, controls)
    }

    /// Items that nobody saw against their rewordings.
    pub fn never_sent(&self) -> Arms {
        let [suspects, controls] = [&self.siblings, &self.sibling_rewordings];
        pairs(["siblings", "sibling-rewordings"], suspects, controls)
    }

    /// Names and contents of the suite's data files.
    pub fn files(&self) -> [(&'static str, String); 6] {
        [
            ("benchmark.jsonl", lines(&self.benchmark)),
            ("rewordings.jsonl", lines(&self.rewordings)),
            ("isomorphs.jsonl", lines(&self.isomorphs)),
            ("siblings.jsonl", lines(&self.siblings)),
            ("sibling_rewordings.jsonl", lines(&self.sibling_rewordings)),
            ("extraction.jsonl", lines(&self.extraction)),
        ]
    }
}

/// The items of two tasks, each suspect with its rewording.
fn pairs(tasks: [&str; 2], suspects: &[Sample], controls: &[Sample]) -> Arms {
    let items = |task: &str, samples: &[Sample]| {
        let item = |sample: &Sample| ProbeItem {
            task: task.to_owned(),
            sample: sample.clone(),
        };
        samples.iter().map(item).collect()
    };
    Arms {
        suspects: items(tasks[0], suspects),
        controls: items(tasks[1], controls),
        kind: ControlKind::Rewording,
        published: None,
    }
}

/// A text with the rest of it as target.
pub(crate) fn passage(id: &str, text: &Cut) -> Sample {
    Sample {
        target: Some(Value::from(text.expected.as_str())),
        ..sample(id, &text.shown)
    }
}

fn sample(id: &str, input: &str) -> Sample {
    Sample {
        id: id.to_owned(),
        input: SampleInput::Input(input.to_owned()),
        target: None,
        choices: Vec::new(),
        choice_rewordings: Vec::new(),
        metadata: Map::new(),
        created: None,
        cluster: None,
        rewording_of: None,
        isomorph_of: None,
        images: Vec::new(),
        sensitivity: Sensitivity::Public,
    }
}

fn original(id: &str, item: &Item) -> Sample {
    let (question, options) = (&item.question, &item.options);
    choice(id, question, options, item.right, item.masked.clone())
}

fn reworded(id: &str, rewording: &Rewording, masked: MaskedOption) -> Sample {
    let Rewording {
        question,
        options,
        right,
        ..
    } = rewording;
    choice(id, question, options, *right, masked)
}

fn choice(
    id: &str,
    question: &str,
    options: &[String],
    right: usize,
    masked: MaskedOption,
) -> Sample {
    let mut choice_rewordings = vec![Vec::new(); options.len()];
    choice_rewordings[masked.place] = masked.rewordings;
    Sample {
        target: Some(Value::from(options[right].as_str())),
        choices: options.to_vec(),
        choice_rewordings,
        ..sample(id, question)
    }
}

/// One JSON object a line, in the fields of a suite's data.
fn lines(samples: &[Sample]) -> String {
    let mut text = String::new();
    for sample in samples {
        // Sorted keys, so that the committed files do not depend on how objects are held.
        let bytes = canonical::to_bytes(&line(sample));
        text.push_str(&String::from_utf8_lossy(&bytes));
        text.push('\n');
    }
    text
}

fn line(sample: &Sample) -> Value {
    let SampleInput::Input(input) = &sample.input else {
        return Value::Null;
    };
    let mut fields = json!({"id": sample.id, "input": input, "target": sample.target});
    let mut add = |name: &str, value: Value, present: bool| {
        if let (true, Some(fields)) = (present, fields.as_object_mut()) {
            fields.insert(name.to_owned(), value);
        }
    };
    add("choices", json!(sample.choices), !sample.choices.is_empty());
    add(
        "choice_rewordings",
        json!(sample.choice_rewordings),
        !sample.choice_rewordings.is_empty(),
    );
    add(
        "rewording_of",
        json!(sample.rewording_of),
        sample.rewording_of.is_some(),
    );
    add(
        "isomorph_of",
        json!(sample.isomorph_of),
        sample.isomorph_of.is_some(),
    );
    fields
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_committed_suite_is_that_of_the_seed() {
        let suite = Quickstart::new(&World::new(SEED));
        let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../../tasks/quickstart");
        for (name, text) in suite.files() {
            let committed = fs_err::read_to_string(format!("{folder}/{name}")).unwrap();
            assert!(
                committed == text,
                "{name}; `just train-embedded suite` writes it anew"
            );
        }
    }

    #[test]
    fn pairs_belong_together_and_the_masked_option_is_wrong() {
        let suite = Quickstart::new(&World::new(3));
        assert_eq!(suite.benchmark.len(), 240);
        for (place, item) in suite.benchmark.iter().enumerate() {
            assert_eq!(
                suite.rewordings[place].rewording_of.as_ref(),
                Some(&item.id)
            );
            assert_eq!(suite.isomorphs[place].isomorph_of.as_ref(), Some(&item.id));
        }
        for sample in suite
            .benchmark
            .iter()
            .chain(&suite.rewordings)
            .chain(&suite.isomorphs)
        {
            let masks: Vec<_> = (0..4)
                .filter(|place| !sample.choice_rewordings[*place].is_empty())
                .collect();
            let [mask] = masks[..] else {
                panic!("one masked option")
            };
            assert!(mask > 0);
            let target = sample.target.as_ref().unwrap().as_str().unwrap();
            assert_ne!(sample.choices[mask], target);
            assert!(sample.choices.iter().any(|choice| choice == target));
        }
    }
}
