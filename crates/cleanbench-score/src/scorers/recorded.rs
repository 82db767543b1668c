//! `recorded`: the score that another harness gave, from whose log the answer was imported.
//!
//! Parameters: `scorer` (that harness's name of the scorer; the first one that the log names).
//!
//! It judges nothing itself. It fails, and gives no 0, where the answer was not imported, the log has no such score of
//! it, or the score is not from 0 to 1, which every score here is.

use cleanbench_core::completion::ForeignScore;
use cleanbench_core::{Completion, Sample, Score, Scorer};
use serde_json::Value;

use crate::params::Params;

/// Name of the rule: nothing was read.
const RULE: &str = "as recorded elsewhere";

/// Takes the score that the log has.
#[derive(Debug)]
pub(crate) struct Recorded {
    scorer: Option<String>,
}

pub(crate) fn build(params: &mut Params<'_>) -> Recorded {
    let scorer = params.value("scorer").and_then(|value| match value {
        Value::String(name) => Some(name.clone()),
        other => {
            params.wrong("scorer", "must be a string", other);
            None
        }
    });
    Recorded { scorer }
}

impl Recorded {
    fn find<'a>(&self, completion: &'a Completion) -> Option<&'a ForeignScore> {
        let scores = &completion.foreign_scores;
        match &self.scorer {
            None => scores.first(),
            Some(name) => scores.iter().find(|score| score.scorer == *name),
        }
    }

    fn why_not(&self, completion: &Completion) -> String {
        match &self.scorer {
            _ if completion.foreign_scores.is_empty() => {
                "no other harness recorded a score of this answer".to_owned()
            }
            Some(name) => format!("the imported log has no score of `{name}` for this answer"),
            None => "the imported log has no score for this answer".to_owned(),
        }
    }
}

impl Scorer for Recorded {
    fn version(&self) -> u32 {
        1
    }

    fn check_sample(&self, _sample: &Sample) -> Result<(), String> {
        Ok(())
    }

    fn score(&self, _sample: &Sample, completion: &Completion) -> Score {
        match self.find(completion) {
            None => Score::broken(self.why_not(completion)),
            Some(found) if !(0.0..=1.0).contains(&found.value) => Score::broken(format!(
                "the recorded score {} of `{}` is not from 0 to 1",
                found.value, found.scorer
            )),
            Some(found) => {
                let answer = found.answer.as_ref().unwrap_or(&completion.text);
                Score::share(found.value, answer.clone()).by(RULE)
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use cleanbench_core::Extraction;
    use serde_json::json;

    use super::*;
    use crate::testing::{completion, faulty, sample, spec};

    fn imported(scores: &[(&str, f64)]) -> Completion {
        let scores = scores.iter().map(|(scorer, value)| ForeignScore {
            scorer: (*scorer).to_owned(),
            value: *value,
            answer: None,
        });
        Completion {
            foreign_scores: scores.collect(),
            ..completion("the text")
        }
    }

    #[test]
    fn the_score_is_the_one_of_the_log_and_never_made_up() {
        let found = Extraction::Found("the text".to_owned());
        let broken = |why: &str| Extraction::Broken(why.to_owned());
        for (params, scores, value, extraction) in [
            (
                json!({}),
                &[("match", 0.5), ("f1", 1.0)][..],
                0.5,
                found.clone(),
            ),
            (
                json!({"scorer": "f1"}),
                &[("match", 0.5), ("f1", 1.0)],
                1.0,
                found,
            ),
            (
                json!({"scorer": "bleu"}),
                &[("match", 0.5)],
                0.0,
                broken("the imported log has no score of `bleu` for this answer"),
            ),
            (
                json!({}),
                &[],
                0.0,
                broken("no other harness recorded a score of this answer"),
            ),
            (
                json!({}),
                &[("grade", 7.0)],
                0.0,
                broken("the recorded score 7 of `grade` is not from 0 to 1"),
            ),
            (
                json!({}),
                &[("grade", f64::NAN)],
                0.0,
                broken("the recorded score NaN of `grade` is not from 0 to 1"),
            ),
        ] {
            let scorer = crate::build(&spec("recorded", params)).unwrap();
            let sample = sample(json!(null), &[]);
            scorer.check_sample(&sample).unwrap();
            let score = scorer.score(&sample, &imported(scores));
            assert_eq!((score.value, score.extraction), (value, extraction));
        }
    }

    #[test]
    fn what_is_refused() {
        faulty(&spec("recorded", json!({"scorer": 1})), "scorer", "string");
    }
}
