//! `option-completion`: the question and the first options are given; can the model give the next one?
//!
//! The option that is asked for is always a wrong one, so that knowing the answer does not help.

use cleanbench_core::event::RecordedScore;
use cleanbench_core::probe::{ProbeCall, ProbeForm};
use cleanbench_core::{Completion, Sample};

use crate::layout::before_option;
use crate::options::{option_in, same_option, wrong_option, wrong_options};
use crate::recall::{Ask, Asking, Pick, Recall};

/// Options that are shown at least.
const SHOWN: usize = 2;

/// The probe.
#[derive(Debug)]
pub(crate) struct NextOption;

impl Recall for NextOption {
    fn id(&self) -> &'static str {
        "option-completion"
    }

    fn version(&self) -> u32 {
        1
    }

    fn instruction(&self) -> &'static str {
        "Below are the question and the first options of a multiple-choice item of a published test. Write the next option, word for word, and nothing else.\n\n{text}"
    }

    fn ask(&self, sample: &Sample, form: ProbeForm, pick: Pick) -> Result<Ask, &'static str> {
        let place = wrong_option(sample, SHOWN, pick)?;
        Ok(Ask {
            stop: vec!["\n".to_owned()],
            ..self.ask_at(sample, form, place)
        })
    }

    fn places(&self, sample: &Sample, asking: &Asking<'_>) -> Result<Vec<usize>, &'static str> {
        wrong_options(sample, SHOWN, asking)
    }

    fn ask_at(&self, sample: &Sample, _form: ProbeForm, place: usize) -> Ask {
        Ask {
            beginning: before_option(sample, place),
            shown: None,
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::registry::testing::{only_call, probe};
    use crate::testing::{completion, usable};

    #[test]
    fn a_wrong_option_is_asked_for_after_at_least_two() {
        let probe = probe("option-completion", ProbeForm::Raw);
        for number in 0..8 {
            let item = usable(number);
            let call = only_call(&*probe, item.clone());
            assert_ne!(Some(&call.expected), call.right.as_ref());
            let place = item
                .sample
                .choices
                .iter()
                .position(|text| *text == call.expected);
            assert!(place >= Some(2));
            let text = &call.messages[0].content;
            assert!(text.ends_with("\nC.") || text.ends_with("\nD."));
            assert!(!text.contains(&call.expected) && call.stop == ["\n"]);
            let hit = probe.score(&call, &completion(&format!(" {}\nmore", call.expected)));
            assert!(hit.value >= 1.0);
        }
    }
}
