//! Scores and the seam at which scorers are added.

use std::borrow::Cow;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::{Completion, Digest, Sample, canonical};

/// What a scorer read out of a completion before judging it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Extraction {
    /// The answer that was compared with the target.
    Found(String),
    /// No answer could be read out; the reason. Counted on its own and scored 0.
    Failed(&'static str),
    /// The scorer itself failed, so that nothing is known of the answer; what happened, a lowercase
    /// fragment. Recorded as an error of the judgement, and never a 0.
    Broken(String),
}

/// Nanoseconds of judging, by [`Scorer::work`], that may be spent where calls are made.
pub const INLINE: u64 = 1_000_000;

/// Why there is no score where judging used up the time of the processor that it may have. Such a judgement, and
/// one that was [`BROKE_OFF`], depends on the machine: it is recorded, and never computed again.
pub const RAN_OUT: &str = "judging ran out of time, not recomputable";

/// Why there is no score where the process that judged ended, for want of memory above all.
pub const BROKE_OFF: &str = "judging broke off, not recomputable";

/// Why there is no score where a scorer counted more work beforehand than it does. The same on every machine, but not
/// known to versions before, which did the work.
pub const TOO_MUCH: &str = "too much text for so many acceptable answers";

/// The same, for a pattern that may take too many steps for each character.
pub const TOO_LONG: &str = "too much text for so large a pattern";

/// [`Scorer::work`] of what goes through `bytes` bytes of text a few times.
pub fn linear_work(bytes: usize) -> u64 {
    u64::try_from(bytes).unwrap_or(u64::MAX).saturating_mul(64)
}

/// How a task gets an answer out of a model.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Method {
    /// The model writes an answer.
    #[default]
    Generate,
    /// The model says how likely it finds each choice; it writes nothing. Measures what a model knows
    /// without asking it to name a letter, as is usual for base models.
    Likelihood,
}

impl Method {
    /// All methods.
    pub const ALL: [Self; 2] = [Self::Generate, Self::Likelihood];

    /// The word used in manifests.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Generate => "generate",
            Self::Likelihood => "likelihood",
        }
    }
}

/// The judgement of one scorer on one completion.
#[derive(Debug, Clone, PartialEq)]
pub struct Score {
    /// 0 (wrong) to 1 (right); never NaN.
    pub value: f64,
    /// What was judged.
    pub extraction: Extraction,
    /// The rule by which the answer was read, by its documented name; empty where nothing was read, or where a scorer
    /// has no rules.
    pub rule: Cow<'static, str>,
    /// What the value is made of, by name and from 0 to 1, where the scorer says: fields, calls, scorers.
    /// Shown with a sample and computed again for that; the journal, which cannot be erased, has none of
    /// it.
    pub parts: Vec<(String, f64)>,
}

impl Score {
    /// 1 or 0 for an answer that was found.
    pub fn verdict(right: bool, answer: impl Into<String>) -> Self {
        Self {
            value: f64::from(u8::from(right)),
            extraction: Extraction::Found(answer.into()),
            rule: Cow::Borrowed(""),
            parts: Vec::new(),
        }
    }

    /// A share, from 0 to 1, for an answer that was found.
    pub fn share(value: f64, answer: impl Into<String>) -> Self {
        Self {
            value,
            ..Self::verdict(false, answer)
        }
    }

    /// The same, whose answer was read by `rule`.
    #[must_use]
    pub fn by(self, rule: &'static str) -> Self {
        Self {
            rule: Cow::Borrowed(rule),
            ..self
        }
    }

    /// 0 because no answer could be read out.
    pub fn not_extracted(reason: &'static str) -> Self {
        Self {
            value: 0.0,
            extraction: Extraction::Failed(reason),
            rule: Cow::Borrowed(""),
            parts: Vec::new(),
        }
    }

    /// No score, because the scorer itself failed.
    pub fn broken(reason: impl Into<String>) -> Self {
        Self {
            value: 0.0,
            extraction: Extraction::Broken(reason.into()),
            rule: Cow::Borrowed(""),
            parts: Vec::new(),
        }
    }
}

/// Judges a completion. Pure unless it says otherwise by [`Scorer::repeatable`]: the same sample and
/// completion give the same score, always; an implementation never sees a clock, a network or a random
/// number.
///
/// `score` is called only for samples that passed [`Scorer::check_sample`], so it need not fail; a
/// completion in which nothing can be found is [`Score::not_extracted`].
pub trait Scorer: Send + Sync + std::fmt::Debug {
    /// Raised whenever the same input may give another score than before.
    fn version(&self) -> u32;

    /// Which part of a completion is judged: what the model wrote, or its likelihoods.
    fn reads(&self) -> Method {
        Method::Generate
    }

    /// Whether the same input gives the same score, always, so that a report may compute it again. Where
    /// it does not, as for a scorer that runs a foreign program, the score on record stands: reports and
    /// verification never call [`Scorer::score`] and say "recorded, not recomputable".
    fn repeatable(&self) -> bool {
        true
    }

    /// Whether it compares texts, so that a target that is a number is handed to it as its file writes it: `1.50` is
    /// another text than `1.5`.
    fn compares_texts(&self) -> bool {
        false
    }

    /// How many nanoseconds judging `completion` may take, roughly and at worst; computed in far less. What takes
    /// longer than [`INLINE`] is not judged where others wait for it.
    fn work(&self, sample: &Sample, completion: &Completion) -> u64 {
        let _ = sample;
        linear_work(completion.text.len())
    }

    /// What is taken for the answer before anything is judged, where that is a part of the text; for scores of
    /// another version, which are not computed again.
    fn read_out(&self, completion: &Completion) -> Option<String> {
        let _ = completion;
        None
    }

    /// Whether the sample has what this scorer needs, for example a target.
    ///
    /// # Errors
    /// A lowercase fragment that says what is missing or wrong.
    fn check_sample(&self, sample: &Sample) -> Result<(), String>;

    /// Judges `completion` as an answer to `sample`.
    fn score(&self, sample: &Sample, completion: &Completion) -> Score;
}

/// A scorer as a suite names it: a type and its parameters.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ScorerSpec {
    /// Name of the scorer, for example `choice`.
    #[serde(rename = "type")]
    pub kind: String,
    /// Parameters as written in the suite; defaults are not filled in.
    #[serde(default, skip_serializing_if = "Map::is_empty")]
    pub params: Map<String, Value>,
}

impl ScorerSpec {
    /// Identity of this scorer at `version`: changes whenever its parameters or its code change.
    pub fn digest(&self, version: u32) -> Digest {
        let spec = Value::from_iter([
            ("type".to_owned(), Value::from(self.kind.as_str())),
            ("params".to_owned(), Value::Object(self.params.clone())),
        ]);
        Digest::of(
            "cleanbench/scorer/1",
            &[&canonical::to_bytes(&spec), &version.to_le_bytes()],
        )
    }
}

/// Why a scorer cannot be built from its specification.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct SpecError {
    /// The parameter at fault; `None` when it is the type itself.
    pub param: Option<String>,
    /// A lowercase fragment.
    pub message: String,
    /// What to do instead.
    pub hint: Option<String>,
    /// Whether the machine is at fault, for want of memory or of processes, and not the specification: another time the
    /// same may be built.
    pub may_pass: bool,
}

/// Where the loader learns which scorers exist, without depending on them.
pub trait ScorerCatalog {
    /// Builds the scorer that `spec` names.
    ///
    /// # Errors
    /// Every fault of the specification, not only the first.
    fn build(&self, spec: &ScorerSpec) -> Result<Box<dyn Scorer>, Vec<SpecError>>;

    /// Whether the scorer that `spec` names has a parameter `name`, given or not.
    fn knows(&self, spec: &ScorerSpec, name: &str) -> bool {
        let _ = (spec, name);
        false
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parameters_and_version_change_the_digest() {
        let spec = ScorerSpec {
            kind: "exact".to_owned(),
            params: Map::new(),
        };
        let mut other = spec.clone();
        other.params.insert("case".to_owned(), Value::from(true));
        assert_eq!(spec.digest(1), spec.clone().digest(1));
        assert_ne!(spec.digest(1), spec.digest(2));
        assert_ne!(spec.digest(1), other.digest(1));
    }
}
