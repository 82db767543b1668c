//! `option-order-quiz`: which of four lists has the options in the published order?
//!
//! For endpoints that tell no likelihoods. Four lists of the same options are shown; where the published one stands among
//! them is drawn by what the item says, and is the same for both items of a pair. A model that has seen nothing names
//! it one time in four.

use cleanbench_core::event::RecordedScore;
use cleanbench_core::probe::{ProbeCall, ProbeForm};
use cleanbench_core::{Completion, Sample};

use crate::layout;
use crate::order::orders;
use crate::quiz::Quiz;
use crate::recall::{Ask, Asking, Pick, Recall};

/// The lists that are shown.
const LISTS: Quiz = Quiz {
    shown: 4,
    called: "list",
};

/// The probe.
#[derive(Debug)]
pub(crate) struct OptionOrderQuiz;

impl Recall for OptionOrderQuiz {
    fn id(&self) -> &'static str {
        "option-order-quiz"
    }

    fn version(&self) -> u32 {
        1
    }

    fn instruction(&self) -> &'static str {
        "Below stands a multiple-choice item of a published test, and its options in four orders. One of them is the order in which they stand in the test. Which one? Answer with its number alone.\n\n{text}"
    }

    fn ask(&self, sample: &Sample, form: ProbeForm, pick: Pick) -> Result<Ask, &'static str> {
        orders(sample)?;
        let place = pick.one(&LISTS.places()).unwrap_or_default();
        Ok(self.ask_at(sample, form, place))
    }

    fn places(&self, sample: &Sample, _asking: &Asking<'_>) -> Result<Vec<usize>, &'static str> {
        orders(sample).map(|_| LISTS.places())
    }

    /// Shows the published list as the one at `place`.
    fn ask_at(&self, sample: &Sample, _form: ProbeForm, place: usize) -> Ask {
        let all = orders(sample).unwrap_or_default();
        let lists: Vec<_> = all.iter().map(|order| line(order)).collect();
        Ask {
            beginning: format!(
                "Question: {}\n\n{}",
                layout::question(sample),
                LISTS.lines(&lists, place)
            ),
            expected: (place + 1).to_string(),
            ..Ask::default()
        }
    }

    /// An answer that names a list is judged by it, wherever it stands among words.
    fn restores_texts(&self) -> bool {
        false
    }

    fn restored(&self, call: &ProbeCall, completion: &Completion) -> Option<RecordedScore> {
        LISTS.judged(call, completion)
    }

    /// One that names none says nothing.
    fn not_restored(
        &self,
        _call: &ProbeCall,
        _completion: &Completion,
        _form: ProbeForm,
    ) -> RecordedScore {
        Quiz::says_nothing()
    }

    /// A list is named or not.
    fn measure(&self, _call: &ProbeCall, _completion: &Completion) -> Option<f64> {
        None
    }

    fn score(&self, call: &ProbeCall, completion: &Completion) -> RecordedScore {
        self.restored(call, completion)
            .unwrap_or_else(Quiz::says_nothing)
    }
}

fn line(options: &[&str]) -> String {
    let options = options.iter().enumerate();
    let named = options.map(|(place, option)| format!("{} {option}", layout::label(place)));
    named.collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::registry::testing::{only_call, order, probe_of};
    use crate::testing::{completion, usable};

    #[test]
    fn the_published_list_stands_anywhere_and_must_be_named() {
        let declines = |text: &str| text.contains("cannot");
        let probe = probe_of(order("option-order-quiz", ProbeForm::Instruction), declines);
        let mut places = [0; LISTS.shown];
        for number in 0..40 {
            let item = usable(number);
            let call = only_call(&*probe, item.clone());
            let published = line(
                &item
                    .sample
                    .choices
                    .iter()
                    .map(String::as_str)
                    .collect::<Vec<_>>(),
            );
            let text = &call.messages[0].content;
            assert_eq!(text.matches(&published).count(), 1);
            assert!(text.contains(&format!("\n{}: {published}", call.expected)));
            let place: usize = call.expected.parse().unwrap();
            places[place - 1] += 1;
            let other = place % LISTS.shown + 1;
            for (answer, value, failure) in [
                (format!("{place}"), 1.0, None),
                (format!("**List {place}**, I think."), 1.0, None),
                (format!("{other}"), 0.0, None),
                (format!("{other}: A. something"), 0.0, None),
                ("I cannot help with this.".to_owned(), 0.0, Some("declined")),
                ("the first, surely".to_owned(), 0.0, Some("not in form")),
                ("5".to_owned(), 0.0, Some("not in form")),
                (
                    format!("I cannot say which of these {place} lists it is."),
                    0.0,
                    Some("declined"),
                ),
                (format!("Sure: the answer is {place}."), 1.0, None),
            ] {
                let score = probe.score(&call, &completion(&answer));
                let found = (score.value.to_bits(), score.extraction_failure.as_deref());
                assert_eq!(found, (f64::to_bits(value), failure), "{answer}");
            }
        }
        assert!(places.iter().all(|times| *times >= 4), "{places:?}");
    }
}
