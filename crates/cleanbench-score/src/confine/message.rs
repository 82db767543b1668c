//! What is asked of a child that judges, and what it answers: one JSON object a line.

use cleanbench_core::sample::SampleInput;
use cleanbench_core::{Completion, Extraction, Sample, Score, ScorerSpec, SpecError, ToolCall};
use serde::{Deserialize, Serialize};

/// A question about one scorer.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct Question {
    /// The scorer.
    pub(super) spec: ScorerSpec,
    /// What of it.
    pub(super) of: Of,
}

/// What is asked of a scorer.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Of {
    /// Whether it can be built.
    Parameters,
    /// Whether the sample has what it needs.
    Sample(Box<Sample>),
    /// The score of an answer.
    Answer(Box<Sample>, Answer),
}

/// As much of a completion as scorers read that may be confined.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct Answer {
    text: String,
    /// Names and arguments.
    tool_calls: Vec<(String, String)>,
}

/// What a child says.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Reply {
    /// It can be built, or has these faults.
    Parameters(Vec<Fault>),
    /// It can be used for the sample, or why not.
    Sample(Option<String>),
    /// The score.
    Score(Judged),
}

/// A fault of a specification.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct Fault {
    param: Option<String>,
    message: String,
    hint: Option<String>,
}

/// A score.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct Judged {
    value: f64,
    found: Option<String>,
    failed: Option<String>,
    broken: Option<String>,
    rule: String,
    parts: Vec<(String, f64)>,
}

/// `sample` without what no scorer reads.
pub(super) fn lean(sample: &Sample) -> Box<Sample> {
    Box::new(Sample {
        id: sample.id.clone(),
        input: SampleInput::Input(String::new()),
        target: sample.target.clone(),
        choices: sample.choices.clone(),
        choice_rewordings: Vec::new(),
        metadata: sample.metadata.clone(),
        created: None,
        cluster: None,
        rewording_of: None,
        isomorph_of: None,
        images: Vec::new(),
        sensitivity: sample.sensitivity,
    })
}

impl Answer {
    pub(super) fn of(completion: &Completion) -> Self {
        let calls = completion.tool_calls.iter();
        Self {
            text: completion.text.clone(),
            tool_calls: calls
                .map(|call| (call.name.clone(), call.arguments.clone()))
                .collect(),
        }
    }

    pub(super) fn completion(self) -> Completion {
        let calls = self.tool_calls.into_iter();
        Completion {
            text: self.text,
            tool_calls: calls
                .map(|(name, arguments)| ToolCall { name, arguments })
                .collect(),
            ..Completion::default()
        }
    }
}

impl From<SpecError> for Fault {
    fn from(error: SpecError) -> Self {
        Self {
            param: error.param,
            message: error.message,
            hint: error.hint,
        }
    }
}

impl From<Fault> for SpecError {
    fn from(fault: Fault) -> Self {
        Self {
            param: fault.param,
            message: fault.message,
            hint: fault.hint,
            may_pass: false,
        }
    }
}

impl From<Score> for Judged {
    fn from(score: Score) -> Self {
        let (mut found, mut failed, mut broken) = (None, None, None);
        match score.extraction {
            Extraction::Found(answer) => found = Some(answer),
            Extraction::Failed(reason) => failed = Some(reason.to_owned()),
            Extraction::Broken(what) => broken = Some(what),
        }
        Self {
            value: score.value,
            found,
            failed,
            broken,
            rule: score.rule.into_owned(),
            parts: score.parts,
        }
    }
}

impl Judged {
    /// The score; `known` finds the reason that a scorer has in its code.
    pub(super) fn score(self, known: impl FnOnce(String) -> &'static str) -> Score {
        let extraction = match (self.found, self.failed) {
            (Some(answer), _) => Extraction::Found(answer),
            (None, Some(reason)) => Extraction::Failed(known(reason)),
            (None, None) => Extraction::Broken(self.broken.unwrap_or_default()),
        };
        Score {
            value: self.value,
            extraction,
            rule: self.rule.into(),
            parts: self.parts,
        }
    }
}
