//! `ts-guessing`: one wrong option is masked; can the model give its text?
//!
//! Testset slot guessing (Deng et al. 2024), with their filters and some more. The right option is never
//! masked, and an answer is never compared with it but to say that the model answered the question
//! instead, which is a miss. The raw form shows the options before the masked one only.

use cleanbench_core::event::RecordedScore;
use cleanbench_core::probe::{ProbeCall, ProbeForm};
use cleanbench_core::{Completion, Sample};

use crate::layout::{before_option, item};
use crate::options::{option_in, same_option, wrong_option, wrong_options};
use crate::recall::{Ask, Asking, Pick, Recall};

const MASK: &str = "[MASK]";

/// The probe.
#[derive(Debug)]
pub(crate) struct MaskedOption;

impl Recall for MaskedOption {
    fn id(&self) -> &'static str {
        "ts-guessing"
    }

    fn version(&self) -> u32 {
        1
    }

    fn instruction(&self) -> &'static str {
        "One wrong option of this multiple-choice item of a published test is hidden behind [MASK]. Write the text of the hidden option, word for word. It is none of the options shown. Answer with the text alone.\n\n{text}"
    }

    fn ask(&self, sample: &Sample, form: ProbeForm, pick: Pick) -> Result<Ask, &'static str> {
        let place = wrong_option(sample, first(form), pick)?;
        Ok(Ask {
            stop: vec!["\n".to_owned()],
            ..self.ask_at(sample, form, place)
        })
    }

    fn places(&self, sample: &Sample, asking: &Asking<'_>) -> Result<Vec<usize>, &'static str> {
        wrong_options(sample, first(asking.form), asking)
    }

    fn ask_at(&self, sample: &Sample, _form: ProbeForm, place: usize) -> Ask {
        let masked = sample.choices.iter().enumerate();
        let masked = masked.map(|(at, text)| if at == place { MASK } else { text.as_str() });
        Ask {
            beginning: before_option(sample, place),
            shown: Some(item(sample, masked)),
            continuations: Vec::new(),
            stop: Vec::new(),
            expected: sample.choices[place].clone(),
        }
    }

    fn restored(&self, call: &ProbeCall, completion: &Completion) -> Option<RecordedScore> {
        option_in(call, completion)
    }

    fn score(&self, call: &ProbeCall, completion: &Completion) -> RecordedScore {
        same_option(call, completion)
    }
}

/// The first option that may be masked: the raw form has nothing to go on before the first.
fn first(form: ProbeForm) -> usize {
    usize::from(form == ProbeForm::Raw)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::registry::testing::{only_call, probe};
    use crate::testing::{completion, usable};

    #[test]
    fn the_mask_stands_at_a_wrong_option() {
        for number in 0..12 {
            let item = usable(number);
            let right = item
                .sample
                .target
                .as_ref()
                .and_then(|target| target.as_str())
                .unwrap()
                .to_owned();
            let call = only_call(&*probe("ts-guessing", ProbeForm::Instruction), item);
            let text = &call.messages[0].content;
            assert_eq!(
                text.matches("[MASK]").count(),
                2,
                "in the instruction and in the item"
            );
            assert!(text.contains(&right) && !text.contains(&call.expected));
            assert_ne!(call.expected, right);
        }
    }

    /// A model that answers the question instead of filling the mask has shown knowledge, not memory.
    #[test]
    fn answering_the_question_is_a_miss() {
        for form in [ProbeForm::Raw, ProbeForm::Instruction] {
            let probe = probe("ts-guessing", form);
            let item = usable(2);
            let right = item.sample.choices[2].clone();
            let call = only_call(&*probe, item);
            for answer in [
                right.clone(),
                format!("C. {right}"),
                format!("\"{right}\"\nbecause"),
            ] {
                let score = probe.score(&call, &completion(&answer));
                assert_eq!(score.value.to_bits(), 0.0_f64.to_bits(), "{answer}");
                assert_eq!(
                    score.extraction_failure.as_deref(),
                    Some("answered the question")
                );
            }
        }
    }

    #[test]
    fn other_answers() {
        let probe = probe("ts-guessing", ProbeForm::Instruction);
        let item = usable(0);
        let call = only_call(&*probe, item.clone());
        let masked = &call.expected;
        let shown = item.sample.choices[1..]
            .iter()
            .find(|text| *text != masked)
            .unwrap();
        for (answer, hit, reason) in [
            (masked.clone(), true, None),
            (format!("(B) {}!", masked.to_uppercase()), true, None),
            (format!("{masked} and more"), false, None),
            ("something else".to_owned(), false, None),
            (shown.clone(), false, Some("copied an option")),
            ("\n".to_owned(), false, Some("empty completion")),
        ] {
            let score = probe.score(&call, &completion(&answer));
            assert_eq!(score.value >= 1.0, hit, "{answer}");
            assert_eq!(score.extraction_failure.as_deref(), reason, "{answer}");
        }
    }
}
