//! The order in which options are shown, where a task has them shuffled.
//!
//! Invariants: the order follows from the suite alone (`shuffle_choices` of the task) and from the sample's identity,
//! never from a run's seed, so that runs stay comparable; a rewording has the order of its original, so that the two
//! differ in their wording alone. Options that speak of the places of others are left where they are.

use cleanbench_core::Sample;
use cleanbench_core::seed::{derive, shuffle};

/// Phrases of options that only make sense at their place.
const OF_PLACES: [&str; 12] = [
    "of the above",
    "of above",
    "all of these",
    "none of these",
    "neither of these",
    "both of these",
    "of the following",
    "the above",
    "options a",
    "both a and",
    "neither a nor",
    "a and b",
];

/// Shuffles the options of `sample`, and what belongs to each, by `seed`.
pub(crate) fn shuffle_choices(sample: &mut Sample, seed: u64) {
    if speaks_of_places(&sample.choices) {
        return;
    }
    let key = sample.rewording_of.as_deref().unwrap_or(&sample.id);
    let seed = derive(seed, "", key, "choices");
    shuffle(&mut sample.choices, seed);
    // As many as choices, or none: the same draws move them alike.
    shuffle(&mut sample.choice_rewordings, seed);
}

/// Whether some option speaks of the places of others.
pub(crate) fn speaks_of_places(choices: &[String]) -> bool {
    choices.iter().any(|choice| {
        let choice = choice.to_lowercase();
        OF_PLACES.iter().any(|phrase| choice.contains(phrase))
    })
}

#[cfg(test)]
mod tests {
    use cleanbench_core::Sensitivity;
    use cleanbench_core::sample::SampleInput;
    use serde_json::{Map, json};

    use super::*;

    fn sample(id: &str, rewording_of: Option<&str>, choices: &[&str]) -> Sample {
        let texts = || choices.iter().map(|text| (*text).to_owned());
        Sample {
            id: id.to_owned(),
            input: SampleInput::Input("q".to_owned()),
            target: Some(json!(choices[0])),
            choices: texts().collect(),
            choice_rewordings: texts().map(|text| vec![format!("{text}!")]).collect(),
            metadata: Map::new(),
            created: None,
            cluster: None,
            rewording_of: rewording_of.map(str::to_owned),
            isomorph_of: None,
            images: Vec::new(),
            sensitivity: Sensitivity::Public,
        }
    }

    #[test]
    fn the_order_follows_from_seed_and_identity_and_rewordings_follow_their_originals() {
        let texts = ["a", "b", "c", "d", "e", "f"];
        let shuffled = |id: &str, rewording_of: Option<&str>, seed: u64| {
            let mut sample = sample(id, rewording_of, &texts);
            shuffle_choices(&mut sample, seed);
            for (choice, rewordings) in sample.choices.iter().zip(&sample.choice_rewordings) {
                assert_eq!(rewordings[0], format!("{choice}!"));
            }
            sample.choices
        };
        assert_eq!(shuffled("1", None, 0), shuffled("1", None, 0));
        assert_ne!(shuffled("1", None, 0), shuffled("1", None, 1));
        assert_ne!(shuffled("1", None, 0), shuffled("2", None, 0));
        assert_eq!(shuffled("1", None, 0), shuffled("9", Some("1"), 0));
    }

    #[test]
    fn options_that_speak_of_places_stay() {
        let texts = ["a", "b", "All of the above"];
        let mut kept = sample("1", None, &texts);
        shuffle_choices(&mut kept, 3);
        assert_eq!(kept.choices, texts);
    }
}
