//! What the tables of test cases share: a sample, a completion, and one `check`.

use cleanbench_core::sample::SampleInput;
use cleanbench_core::{Completion, Extraction, Finish, Sample, ScorerSpec, Sensitivity, Usage};
use serde_json::Value;

/// What a case expects.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Expect {
    /// Score 1 for this answer.
    Right(&'static str),
    /// Score 0 for this answer.
    Wrong(&'static str),
    /// This share for this answer.
    Part(f64, &'static str),
    /// Nothing could be read out, for this reason.
    Nothing(&'static str),
}

pub(crate) fn sample(target: Value, choices: &[&str]) -> Sample {
    Sample {
        id: "s".to_owned(),
        input: SampleInput::Input("?".to_owned()),
        target: (!target.is_null()).then_some(target),
        choices: choices.iter().map(|&text| text.to_owned()).collect(),
        metadata: serde_json::Map::new(),
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
        reasoning: None,
        finish: Finish::Stop,
        usage: Usage::default(),
        model: None,
        fingerprint: None,
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

/// Scores `text` and compares value and extraction.
pub(crate) fn check(spec: &ScorerSpec, sample: &Sample, text: &str, expect: Expect) {
    let scorer = crate::build(spec).unwrap();
    scorer.check_sample(sample).unwrap();
    let score = scorer.score(sample, &completion(text));
    let (value, extraction) = match expect {
        Expect::Right(answer) => (1.0, Extraction::Found(answer.to_owned())),
        Expect::Wrong(answer) => (0.0, Extraction::Found(answer.to_owned())),
        Expect::Part(value, answer) => (value, Extraction::Found(answer.to_owned())),
        Expect::Nothing(reason) => (0.0, Extraction::Failed(reason)),
    };
    assert_eq!(
        score.extraction, extraction,
        "{text:?} by {spec:?} for {:?}",
        sample.target
    );
    assert!(
        (score.value - value).abs() < 1e-12,
        "{text:?}: {} by {spec:?}",
        score.value
    );
}

/// Checks that the sample is refused with a message that contains `reason`.
pub(crate) fn refused(spec: &ScorerSpec, sample: &Sample, reason: &str) {
    let message = crate::build(spec)
        .unwrap()
        .check_sample(sample)
        .unwrap_err();
    assert!(message.contains(reason), "{message}");
}

/// Checks that the specification has exactly one fault, at `param`, whose message contains `reason`.
pub(crate) fn faulty(spec: &ScorerSpec, param: &str, reason: &str) {
    let faults = crate::build(spec).expect_err("the specification is faulty");
    assert_eq!(faults.len(), 1, "{faults:?}");
    assert_eq!(faults[0].param.as_deref(), Some(param));
    let text = format!(
        "{} {}",
        faults[0].message,
        faults[0].hint.as_deref().unwrap_or("")
    );
    assert!(text.contains(reason), "{text}");
}
