//! Items for tests.

use cleanbench_core::probe::ProbeItem;
use cleanbench_core::sample::SampleInput;
use cleanbench_core::{Completion, Finish, Likelihood, Sample, Sensitivity, Usage};
use serde_json::Value;

pub(crate) fn choice_sample(id: &str, question: &str, choices: &[&str], right: usize) -> Sample {
    Sample {
        id: id.to_owned(),
        input: SampleInput::Input(question.to_owned()),
        target: choices.get(right).map(|text| Value::from(*text)),
        choices: choices.iter().map(|text| (*text).to_owned()).collect(),
        choice_rewordings: Vec::new(),
        metadata: serde_json::Map::new(),
        created: None,
        cluster: None,
        rewording_of: None,
        isomorph_of: None,
        images: Vec::new(),
        sensitivity: Sensitivity::Public,
    }
}

pub(crate) fn item(sample: Sample) -> ProbeItem {
    ProbeItem {
        task: "t".to_owned(),
        sample,
    }
}

/// An item that every probe can use; `number` makes its words its own.
pub(crate) fn usable(number: usize) -> ProbeItem {
    let word = |place: usize| format!("w{number}x{place}");
    let option = |place: usize| {
        let words: Vec<_> = (place..place + 6).map(word).collect();
        format!(
            "the {} of {}",
            words[..4].join(" "),
            words[4..].join(" and ")
        )
    };
    let options = [option(0), option(6), option(12), option(18)];
    let texts: Vec<_> = options.iter().map(String::as_str).collect();
    let mut sample = choice_sample(
        &number.to_string(),
        &format!("What has {} done?", word(99)),
        &texts,
        number % 4,
    );
    sample.choice_rewordings = (0..4)
        .map(|place| {
            (0..3)
                .map(|other| format!("some {other} {}", word(place)))
                .collect()
        })
        .collect();
    item(sample)
}

pub(crate) fn completion(text: &str) -> Completion {
    Completion {
        text: text.to_owned(),
        reasoning: None,
        finish: Finish::Stop,
        usage: Usage::default(),
        model: None,
        fingerprint: None,
        ..Completion::default()
    }
}

/// Log probabilities of the tokens of each text that was weighed.
pub(crate) fn weighed(texts: &[&[f64]]) -> Completion {
    let of = |logprobs: &&[f64]| Likelihood {
        logprobs: logprobs.to_vec(),
        bytes: 9,
    };
    Completion {
        likelihoods: texts.iter().map(of).collect(),
        ..completion("")
    }
}
