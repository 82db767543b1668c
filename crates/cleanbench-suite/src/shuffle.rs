//! The order in which options are shown, where a task has them shuffled.
//!
//! Invariants: the order follows from the suite alone (`shuffle_choices` of the task) and from the sample's identity,
//! never from a run's seed, so that runs stay comparable; a rewording has the order of its original, so that the two
//! differ in their wording alone. Options that speak of others are left where they are ([`crate::places`]).

use cleanbench_core::Sample;
use cleanbench_core::seed::{derive, shuffle};

use crate::places::speaks_of_places;

/// Shuffles the options of `sample`, and what belongs to each, by `seed`.
pub(crate) fn shuffle_choices(sample: &mut Sample, seed: u64) {
    if speaks_of_places(&sample.choices).is_some() {
        return;
    }
    let key = sample.rewording_of.as_deref().unwrap_or(&sample.id);
    let seed = derive(seed, "", key, "choices");
    shuffle(&mut sample.choices, seed);
    // As many as choices, or none: the same draws move them alike.
    shuffle(&mut sample.choice_rewordings, seed);
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
        for last in ["All of the above", "B und C", "ninguna de las anteriores"] {
            let texts = ["a", "b", last];
            for seed in 0..8 {
                let mut kept = sample("1", None, &texts);
                shuffle_choices(&mut kept, seed);
                assert_eq!(kept.choices, texts);
            }
        }
    }
}
