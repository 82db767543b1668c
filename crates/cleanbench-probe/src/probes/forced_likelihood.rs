//! `forced-likelihood`: is the wording of a wrong option likelier than other wordings of the same?
//!
//! Sees doses at which a model cannot yet write a text down. It needs rewordings of the option by the
//! same hand (`choice_rewordings`), and likelihoods of given texts from the endpoint. A clean model
//! prefers the original as often as any of its rewordings, so its rate of hits is about one in one more
//! than their number; the controls measure it.

use cleanbench_core::event::RecordedScore;
use cleanbench_core::probe::{ProbeCall, ProbeForm};
use cleanbench_core::request::choice_continuations;
use cleanbench_core::{Completion, Likelihood, Sample};

use crate::filter::{right_option, whole_item};
use crate::layout::before_option;
use crate::recall::{Ask, Asking, Pick, Recall, missed, scored};

/// With fewer rewordings too much is left to chance.
const FEWEST_REWORDINGS: usize = 3;

/// The probe.
#[derive(Debug)]
pub(crate) struct ForcedLikelihood;

impl Recall for ForcedLikelihood {
    fn id(&self) -> &'static str {
        "forced-likelihood"
    }

    fn version(&self) -> u32 {
        1
    }

    fn instruction(&self) -> &'static str {
        ""
    }

    fn ask(&self, sample: &Sample, form: ProbeForm, pick: Pick) -> Result<Ask, &'static str> {
        let options = reworded_options(sample)?;
        let place = pick.one(&options).ok_or("too few rewordings")?;
        Ok(self.ask_at(sample, form, place))
    }

    fn places(&self, sample: &Sample, asking: &Asking<'_>) -> Result<Vec<usize>, &'static str> {
        let mut options = reworded_options(sample)?;
        options.retain(|place| !asking.recurring.has(sample, *place));
        if options.is_empty() {
            Err("too few rewordings")
        } else {
            Ok(options)
        }
    }

    fn ask_at(&self, sample: &Sample, _form: ProbeForm, place: usize) -> Ask {
        let original = &sample.choices[place];
        let mut texts = vec![original.clone()];
        texts.extend_from_slice(&sample.choice_rewordings[place]);
        Ask {
            beginning: before_option(sample, place),
            shown: None,
            continuations: choice_continuations(&[], &texts),
            stop: Vec::new(),
            expected: original.clone(),
        }
    }

    fn restored(&self, _call: &ProbeCall, _completion: &Completion) -> Option<RecordedScore> {
        None
    }

    fn measure(&self, _call: &ProbeCall, completion: &Completion) -> Option<f64> {
        advantage(completion)
    }

    fn is_generated(&self) -> bool {
        false
    }

    fn score(&self, call: &ProbeCall, completion: &Completion) -> RecordedScore {
        likeliest_first(call, completion)
    }
}

/// A hit where the first of the texts that were weighed is likelier, token by token, than each of the others.
pub(crate) fn likeliest_first(call: &ProbeCall, completion: &Completion) -> RecordedScore {
    let weights = weights(completion);
    match weights.split_first() {
        Some((original, others)) if weights.len() == call.continuations.len() => {
            scored(others.iter().all(|other| original > other))
        }
        _ => missed("no likelihood of every wording"),
    }
}

/// Wrong options but the first that have rewordings enough, or why there can be none.
fn reworded_options(sample: &Sample) -> Result<Vec<usize>, &'static str> {
    if let Some(reason) = whole_item(sample) {
        return Err(reason);
    }
    let right = right_option(sample);
    let reworded = |place: &usize| {
        let others = sample.choice_rewordings.get(*place);
        others.is_some_and(|others| others.len() >= FEWEST_REWORDINGS)
    };
    let places = 1..sample.choices.len();
    Ok(places
        .filter(|place| Some(*place) != right && reworded(place))
        .collect())
}

/// Mean log probability of a token of each text, in nats; empty where a text has none.
fn weights(completion: &Completion) -> Vec<f64> {
    let texts = &completion.likelihoods;
    if texts.iter().any(|text| text.logprobs.is_empty()) {
        return Vec::new();
    }
    texts.iter().map(per_token).collect()
}

#[expect(
    clippy::cast_precision_loss,
    reason = "texts have far fewer than 2^52 tokens"
)]
fn per_token(text: &Likelihood) -> f64 {
    text.total() / text.logprobs.len() as f64
}

/// By how many nats a token the first text is likelier than the mean of the others; `None` without
/// likelihoods of at least two texts. Without end where one of them is impossible, and `None` where it is on either side.
pub fn advantage(completion: &Completion) -> Option<f64> {
    let weights = weights(completion);
    let (original, others) = weights.split_first()?;
    let mean = if others.contains(&f64::NEG_INFINITY) {
        f64::NEG_INFINITY
    } else {
        cleanbench_stats::mean(others.iter().copied())?
    };
    Some(original - mean).filter(|found| !found.is_nan())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::registry::testing::{PICK, only_call, probe};
    use crate::testing::{completion, usable, weighed};

    #[test]
    fn the_original_must_be_strictly_the_likeliest_per_token() {
        let probe = probe("forced-likelihood", ProbeForm::Raw);
        let call = only_call(&*probe, usable(3));
        assert_eq!(call.continuations.len(), 4);
        assert_eq!(call.continuations[0], format!(" {}", call.expected));
        assert_ne!(Some(&call.expected), call.right.as_ref());
        for (texts, hit) in [
            (&[&[-1.0][..], &[-2.0], &[-3.0], &[-1.5]][..], true),
            (&[&[-1.0, -1.0], &[-1.5], &[-9.0], &[-9.0]], true),
            (&[&[-2.0], &[-1.0], &[-3.0], &[-3.0]], false),
            (&[&[-1.0], &[-1.0], &[-3.0], &[-3.0]], false),
        ] {
            let score = probe.score(&call, &weighed(texts));
            assert_eq!(
                (score.value >= 1.0, score.extraction_failure),
                (hit, None),
                "{texts:?}"
            );
        }
        let short = probe.score(&call, &weighed(&[&[-1.0], &[-2.0]]));
        assert!(short.extraction_failure.is_some());
        assert!(
            probe
                .score(&call, &completion("text"))
                .extraction_failure
                .is_some()
        );
    }

    #[test]
    fn the_advantage_is_a_difference_of_means() {
        let found = advantage(&weighed(&[&[-1.0, -2.0], &[-2.0], &[-4.0]])).unwrap();
        assert!((found - 1.5).abs() < 1e-12);
        assert_eq!(advantage(&weighed(&[&[-1.0]])), None);
        assert_eq!(advantage(&weighed(&[&[-1.0], &[]])), None);
        let never = f64::NEG_INFINITY;
        for (texts, expected) in [
            (&[&[-1.0, never][..], &[-2.0]][..], Some(never)),
            (&[&[-1.0], &[-2.0], &[never]], Some(f64::INFINITY)),
            (&[&[never], &[-2.0], &[never]], None),
        ] {
            assert_eq!(advantage(&weighed(texts)), expected, "{texts:?}");
        }
    }

    #[test]
    fn items_without_rewordings_are_left_out() {
        let mut sample = usable(1).sample;
        let ask = |sample: &Sample| ForcedLikelihood.ask(sample, ProbeForm::Raw, PICK);
        assert!(ask(&sample).is_ok());
        for others in &mut sample.choice_rewordings {
            others.truncate(2);
        }
        assert_eq!(ask(&sample), Err("too few rewordings"));
        sample.choice_rewordings.clear();
        assert_eq!(ask(&sample), Err("too few rewordings"));
    }
}
