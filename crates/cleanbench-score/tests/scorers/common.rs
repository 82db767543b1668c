//! What the tests of scorers share: a sample, a completion, a specification, and a score.

use cleanbench_core::sample::SampleInput;
use cleanbench_core::{Completion, Finish, Sample, Score, ScorerSpec, Sensitivity};
use serde_json::{Map, Value};

pub(crate) fn sample(target: Value, choices: &[String]) -> Sample {
    Sample {
        id: "s".to_owned(),
        input: SampleInput::Input("?".to_owned()),
        target: Some(target),
        choices: choices.to_vec(),
        metadata: Map::new(),
        created: None,
        cluster: None,
        rewording_of: None,
        isomorph_of: None,
        images: Vec::new(),
        choice_rewordings: Vec::new(),
        sensitivity: Sensitivity::Public,
    }
}

pub(crate) fn completion(text: &str) -> Completion {
    Completion {
        text: text.to_owned(),
        finish: Finish::Stop,
        ..Completion::default()
    }
}

pub(crate) fn spec(kind: &str, params: Value) -> ScorerSpec {
    let Value::Object(params) = params else {
        panic!("parameters are an object");
    };
    ScorerSpec {
        kind: kind.to_owned(),
        params,
    }
}

/// The score of `answer`, where `target` is right.
pub(crate) fn score(spec: &ScorerSpec, target: &str, answer: &str) -> Score {
    let scorer = cleanbench_score::build(spec).expect("the specification is right");
    scorer.score(&sample(Value::from(target), &[]), &completion(answer))
}
