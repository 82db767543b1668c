//! What every scorer here has in common: reasoning is not judged, and neither is an answer in which nothing is
//! visible.
//!
//! Invariant: a [`Rule`] never sees reasoning or an empty answer, so "the model said nothing" is counted in the
//! same way by every scorer and is never a match by accident.

use std::borrow::Cow;

use cleanbench_core::score::linear_work;
use cleanbench_core::{Completion, Extraction, Sample, Score, Scorer};
use serde_json::Value;

use crate::attempts::{Attempts, attempts, is_name};
use crate::params::Params;
use crate::reading::Reading;
use cleanbench_text::dress::starred;
use cleanbench_text::normal;
use cleanbench_text::scan::is_blank;

/// The rule of scorers that judge an answer as it is.
pub(crate) const WHOLE: &str = "whole answer";

/// Why nothing is read of attempts that differ.
const SEVERAL: &str = "several attempts that differ";

/// One way to judge the text of an answer. Pure, and linear in the length of the text.
pub(crate) trait Rule: Send + Sync + std::fmt::Debug {
    /// Whether it compares texts, for which it is handed answer, target and choices in normal form.
    const COMPARES_TEXTS: bool = false;

    /// Whether it looks for what an answer says among other words, so that emphasis in underscores counts for nothing and
    /// the last of several attempts is the answer (see [`crate::attempts`]).
    const LOOKS: bool = false;

    /// Whether what stands beside each other with numbers is one answer of several parts.
    const LISTS: bool = false;

    /// Raised whenever the same input may give another score than before.
    fn version(&self) -> u32;

    /// How many nanoseconds judging `text` may take, see [`Scorer::work`].
    fn work(&self, sample: &Sample, text: &str) -> u64 {
        let _ = sample;
        linear_work(text.len())
    }

    /// What is taken for the answer in `text` before anything is judged, see [`Scorer::read_out`].
    fn read_out(&self, text: &str) -> Option<String> {
        let _ = text;
        None
    }

    /// Whether the sample has what this rule needs; if not, a lowercase fragment that says why.
    fn check_sample(&self, sample: &Sample) -> Result<(), String>;

    /// Judges `text`, in which something is visible, for a sample that passed the check. A sample
    /// that did not pass must not panic either; its score means nothing.
    fn judge(&self, sample: &Sample, text: &str) -> Score;
}

/// A rule as a scorer.
#[derive(Debug)]
pub(crate) struct Ruled<R> {
    rule: R,
    reading: Reading,
}

impl<R: Rule> Ruled<R> {
    /// What `build` makes of the parameters besides those that all of them have.
    pub(crate) fn of(
        params: &mut Params<'_>,
        build: impl FnOnce(&mut Params<'_>) -> Option<R>,
    ) -> Option<Self> {
        let reading = Reading::of(params, R::COMPARES_TEXTS);
        let rule = build(params)?;
        Some(Self { rule, reading })
    }

    /// What the rule makes of `text`, or of the attempts that it holds.
    fn judged(&self, sample: &Sample, text: &str) -> Score {
        if !R::LOOKS {
            return self.rule.judge(sample, text);
        }
        let text = &*starred(text);
        if sample.choices.iter().any(|choice| is_name(choice)) {
            return self.rule.judge(sample, text);
        }
        match attempts(text) {
            Attempts::Last(last) => self.rule.judge(sample, last),
            Attempts::Beside(parts) if !R::LISTS => self.agreed(sample, &parts),
            Attempts::Beside(_) | Attempts::None => self.rule.judge(sample, text),
        }
    }

    /// What the rule makes of each of `parts`, where it is the same.
    fn agreed(&self, sample: &Sample, parts: &[&str]) -> Score {
        let mut scores = parts.iter().map(|part| {
            if is_blank(part) {
                Score::not_extracted(SEVERAL)
            } else {
                self.rule.judge(sample, part)
            }
        });
        let first = scores
            .next()
            .unwrap_or_else(|| Score::not_extracted(SEVERAL));
        if scores.all(|other| other.extraction == first.extraction) {
            first
        } else {
            Score::not_extracted(SEVERAL)
        }
    }

    /// The sample as the rule sees it.
    fn seen<'a>(&self, sample: &'a Sample) -> Cow<'a, Sample> {
        let plain = sample.choices.iter().all(|choice| choice.is_ascii())
            && sample.target.as_ref().is_none_or(is_plain);
        if !self.reading.normal || plain {
            return Cow::Borrowed(sample);
        }
        let choices = sample.choices.iter();
        Cow::Owned(Sample {
            target: sample.target.as_ref().map(in_normal_form),
            choices: choices.map(|choice| normal(choice).into_owned()).collect(),
            ..sample.clone()
        })
    }
}

/// Whether a target is its own normal form for sure.
fn is_plain(target: &Value) -> bool {
    match target {
        Value::String(text) => text.is_ascii(),
        Value::Array(items) => items.iter().all(is_plain),
        Value::Object(_) => false,
        _ => true,
    }
}

/// The texts of a target in normal form, and those in its lists.
fn in_normal_form(target: &Value) -> Value {
    match target {
        Value::String(text) => Value::from(normal(text).into_owned()),
        Value::Array(items) => items.iter().map(in_normal_form).collect(),
        other => other.clone(),
    }
}

impl<R: Rule> Scorer for Ruled<R> {
    fn version(&self) -> u32 {
        self.rule.version()
    }

    fn compares_texts(&self) -> bool {
        R::COMPARES_TEXTS
    }

    fn work(&self, sample: &Sample, completion: &Completion) -> u64 {
        self.rule.work(sample, &completion.text)
    }

    fn read_out(&self, completion: &Completion) -> Option<String> {
        let answer = self.reading.answer(&completion.text).ok()?;
        self.rule.read_out(&answer)
    }

    fn check_sample(&self, sample: &Sample) -> Result<(), String> {
        self.rule.check_sample(sample)?;
        match self.seen(sample) {
            Cow::Borrowed(_) => Ok(()),
            Cow::Owned(seen) => self.rule.check_sample(&seen),
        }
    }

    fn score(&self, sample: &Sample, completion: &Completion) -> Score {
        if is_blank(&completion.text) {
            return Score::not_extracted("empty completion");
        }
        let answer = match self.reading.answer(&completion.text) {
            Ok(answer) => answer,
            Err(reason) => return Score::not_extracted(reason),
        };
        let score = if self.reading.normal {
            self.judged(&self.seen(sample), &normal(&answer))
        } else {
            self.judged(sample, &answer)
        };
        match score.extraction {
            Extraction::Found(_) if score.rule.is_empty() => score.by(WHOLE),
            _ => score,
        }
    }
}
