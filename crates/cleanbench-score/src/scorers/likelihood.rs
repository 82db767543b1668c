//! `likelihood`: the model finds the target likelier than every other choice.
//!
//! Parameters: `per` (what a choice's log probability is divided by: `byte` of its UTF-8 text, `token`
//! as the model counts them, or `none`; `byte`). Per byte and undivided are what lm-evaluation-harness
//! calls `acc_norm` and `acc`.
//!
//! It refuses samples with fewer than two choices or a target that is none of them. Two choices that
//! are exactly as likely are no answer.

use cleanbench_core::{Completion, Likelihood, Method, Sample, Score, Scorer};

use crate::params::Params;
use crate::target;

/// What a log probability is divided by.
#[derive(Debug, Clone, Copy)]
enum Per {
    Byte,
    Token,
    Nothing,
}

/// Weighs the choices.
#[derive(Debug)]
pub(crate) struct ByLikelihood {
    per: Per,
}

pub(crate) fn build(params: &mut Params<'_>) -> ByLikelihood {
    let words = [
        ("byte", Per::Byte),
        ("token", Per::Token),
        ("none", Per::Nothing),
    ];
    ByLikelihood {
        per: params.word("per", &words),
    }
}

impl ByLikelihood {
    /// Nats, divided as asked; higher is likelier.
    #[expect(
        clippy::cast_precision_loss,
        reason = "a choice has far fewer than 2^52 bytes"
    )]
    fn weight(&self, choice: &Likelihood) -> f64 {
        let parts = match self.per {
            Per::Byte => choice.bytes,
            Per::Token => choice.logprobs.len(),
            Per::Nothing => 1,
        };
        choice.total() / parts.max(1) as f64
    }
}

impl Scorer for ByLikelihood {
    fn version(&self) -> u32 {
        1
    }

    fn reads(&self) -> Method {
        Method::Likelihood
    }

    fn check_sample(&self, sample: &Sample) -> Result<(), String> {
        let target = target::required(sample)?;
        if sample.choices.len() < 2 {
            return Err("the sample has fewer than two choices".to_owned());
        }
        let known = target
            .as_str()
            .is_some_and(|target| sample.choices.iter().any(|choice| choice == target));
        if known {
            Ok(())
        } else {
            Err("the target is none of the choices".to_owned())
        }
    }

    fn score(&self, sample: &Sample, completion: &Completion) -> Score {
        let found = &completion.likelihoods;
        if found.len() != sample.choices.len() || found.iter().any(|one| one.logprobs.is_empty()) {
            return Score::not_extracted("no likelihood of every choice");
        }
        let weights: Vec<_> = found.iter().map(|one| self.weight(one)).collect();
        let best = weights.iter().copied().fold(f64::NEG_INFINITY, f64::max);
        let mut likeliest = (sample.choices.iter().zip(&weights))
            .filter(|(_, weight)| **weight >= best)
            .map(|(choice, _)| choice);
        match (likeliest.next(), likeliest.next()) {
            (Some(choice), None) => {
                let right = sample.target.as_ref().and_then(|target| target.as_str());
                Score::verdict(right == Some(choice.as_str()), choice.clone()).by("likelihoods")
            }
            _ => Score::not_extracted("choices are equally likely"),
        }
    }
}

#[cfg(test)]
mod tests {
    use cleanbench_core::{Extraction, Likelihood};
    use serde_json::json;

    use crate::testing::{completion, faulty, refused, sample, spec};

    /// Choices of 2, 4 and 8 bytes with their tokens' log probabilities.
    fn judged(per: &str, logprobs: [&[f64]; 3]) -> (f64, Extraction) {
        let scorer = crate::build(&spec("likelihood", json!({"per": per}))).unwrap();
        let sample = sample(json!("bbbb"), &["aa", "bbbb", "cccccccc"]);
        scorer.check_sample(&sample).unwrap();
        let mut completion = completion("");
        completion.likelihoods = logprobs
            .into_iter()
            .zip([2, 4, 8])
            .map(|(logprobs, bytes)| Likelihood {
                logprobs: logprobs.to_vec(),
                bytes,
            })
            .collect();
        let score = scorer.score(&sample, &completion);
        (score.value, score.extraction)
    }

    #[test]
    fn what_the_sum_is_divided_by_decides() {
        let found = |text: &str| Extraction::Found(text.to_owned());
        // Sums -2, -3, -5; per token -2, -1.5, -5; per byte -1, -0.75, -0.625.
        let given: [&[f64]; 3] = [&[-2.0], &[-1.0, -2.0], &[-5.0]];
        assert_eq!(judged("none", given), (0.0, found("aa")));
        assert_eq!(judged("token", given), (1.0, found("bbbb")));
        assert_eq!(judged("byte", given), (0.0, found("cccccccc")));
    }

    #[test]
    fn a_tie_or_a_missing_choice_is_no_answer() {
        let failed = (0.0, Extraction::Failed("choices are equally likely"));
        assert_eq!(judged("none", [&[-1.0], &[-1.0], &[-2.0]]), failed);
        let failed = (0.0, Extraction::Failed("no likelihood of every choice"));
        assert_eq!(judged("none", [&[-1.0], &[], &[-2.0]]), failed);
        let scorer = crate::build(&spec("likelihood", json!({}))).unwrap();
        let generated = scorer.score(&sample(json!("a"), &["a", "b"]), &completion("a"));
        assert_eq!(generated.extraction, failed.1);
    }

    #[test]
    fn what_is_refused() {
        for (target, choices, reason) in [
            (json!(null), &["a", "b"][..], "no target"),
            (json!("a"), &["a"], "fewer than two"),
            (json!("c"), &["a", "b"], "none of the choices"),
            (json!(1), &["1", "2"], "none of the choices"),
        ] {
            refused(
                &spec("likelihood", json!({})),
                &sample(target, choices),
                reason,
            );
        }
        faulty(&spec("likelihood", json!({"per": "word"})), "per", "byte");
    }
}
