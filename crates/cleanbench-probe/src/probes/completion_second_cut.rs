//! `completion-second-cut`: like `completion`, and where the rest came close to the item's without being it,
//! the item is asked again at a later cut.
//!
//! A model that half remembers an item loses its thread at one wrong word; a later beginning puts it back. Both
//! arms are asked again by the same rule, so that what is more to hit in one of them is in the other too. An item
//! counts as restored if it was at either cut, and as missing if the second call had no answer.
//!
//! It stands outside of the family on which a class rests: which items are asked twice depends on the first
//! answers, and its error rates were not measured.

use cleanbench_core::event::RecordedScore;
use cleanbench_core::probe::{ProbeCall, ProbeForm};
use cleanbench_core::{Completion, Sample};
use cleanbench_text::words;

use crate::answer::another;
use crate::layout::{item, without_labels};
use crate::probes::completion::{Completed, cut, nearest_rest, rest_after};
use crate::protocol::Protocol;
use crate::recall::{Ask, Asking, Pick, Recall, similarity};

/// Words before the second cut, in a hundred.
const KEPT_PERCENT: usize = 75;
/// Similarity from which an answer came close. Free wordings of the same form reach about .4, and from .75 on
/// the rest counts as restored.
const NEAR: f64 = 0.5;
/// A rest that is shorter than both is restored by chance.
const SHORTEST_WORDS: usize = 8;
const SHORTEST_CHARACTERS: usize = 40;

/// The probe.
#[derive(Debug)]
pub(crate) struct SecondCut;

impl Recall for SecondCut {
    fn id(&self) -> &'static str {
        "completion-second-cut"
    }

    fn version(&self) -> u32 {
        1
    }

    fn instruction(&self) -> &'static str {
        Completed.instruction()
    }

    fn ask(&self, sample: &Sample, form: ProbeForm, pick: Pick) -> Result<Ask, &'static str> {
        Completed.ask(sample, form, pick)
    }

    /// 1 where the rest is restored, else how near the answer came.
    fn score(&self, call: &ProbeCall, completion: &Completion) -> RecordedScore {
        let judged = Completed.score(call, completion);
        if judged.value >= 1.0 || judged.extraction_failure.is_some() {
            return judged;
        }
        RecordedScore::of(similarity(call, completion))
    }

    fn places(&self, sample: &Sample, asking: &Asking<'_>) -> Result<Vec<usize>, &'static str> {
        Completed.places(sample, asking)
    }

    fn ask_at(&self, sample: &Sample, form: ProbeForm, place: usize) -> Ask {
        Completed.ask_at(sample, form, place)
    }

    fn restored(&self, call: &ProbeCall, completion: &Completion) -> Option<RecordedScore> {
        Completed.restored(call, completion)
    }

    fn restored_anywhere(
        &self,
        call: &ProbeCall,
        completion: &Completion,
    ) -> Option<RecordedScore> {
        Completed.restored_anywhere(call, completion)
    }

    fn not_restored(
        &self,
        call: &ProbeCall,
        completion: &Completion,
        form: ProbeForm,
    ) -> RecordedScore {
        RecordedScore {
            value: nearest_rest(call, completion).similarity,
            ..another(form, &completion.text)
        }
    }

    fn asks_again(&self) -> bool {
        true
    }

    fn again(&self, sample: &Sample, first: &RecordedScore, protocol: Protocol) -> Option<Ask> {
        if !(NEAR..1.0).contains(&first.value) {
            return None;
        }
        if !matches!(protocol, Protocol::First) {
            let found = rest_after(sample, &[KEPT_PERCENT])?;
            return Some(Completed::after(&found));
        }
        let text = item(sample, sample.choices.iter().map(String::as_str));
        let (beginning, rest) = cut(&text, KEPT_PERCENT)?;
        let left = without_labels(rest);
        let is_short = words(&left).len() < SHORTEST_WORDS
            && left.trim().chars().count() < SHORTEST_CHARACTERS;
        (!is_short).then(|| Completed::rest_of(beginning, rest))
    }
}

#[cfg(test)]
mod tests {
    use cleanbench_core::Outcome;
    use cleanbench_core::probe::{
        Arm, ControlKind, ProbeContext, ProbeItem, Seen, Step, StepScope,
    };

    use super::*;
    use crate::recall::scored;
    use crate::registry::testing::{only_call, probe};
    use crate::testing::{choice_sample, completion, item, usable};

    const FORM: ProbeForm = ProbeForm::Raw;

    fn answered(value: f64) -> Seen {
        Seen::answered(RecordedScore::of(value))
    }

    /// An item of forty words, of which enough are left after both cuts.
    fn long(number: usize) -> ProbeItem {
        let words: Vec<_> = (0..40).map(|place| format!("w{number}x{place}")).collect();
        item(choice_sample(&number.to_string(), &words.join(" "), &[], 0))
    }

    #[test]
    fn an_answer_is_judged_by_how_near_it_came() {
        let probe = probe("completion-second-cut", FORM);
        let call = only_call(&*probe, usable(1));
        let score = |text: &str| probe.score(&call, &completion(text));
        let rest = call.expected.clone();
        assert!(score(&rest).value >= 1.0);
        let all: Vec<_> = rest.split_whitespace().collect();
        let half: Vec<_> = all[..all.len() * 3 / 5].to_vec();
        let near = score(&half.join(" "));
        assert!((NEAR..0.75).contains(&near.value), "{near:?}");
        assert_eq!(near.extraction_failure, None);
        assert!(score("nothing of the kind at all").value < NEAR);
        let empty = score(" ");
        assert_eq!(
            empty.extraction_failure.as_deref(),
            Some("empty completion")
        );
    }

    #[test]
    fn only_what_came_close_is_asked_again_and_later() {
        let long = choice_sample(
            "x",
            "Which of the seven keys that hang behind the counter opens the oldest door of the town hall?",
            &[
                "the small brass one",
                "the one that nobody ever asks for",
                "the long iron one",
                "the key with a red ribbon",
            ],
            0,
        );
        for (sample, value, again) in [
            (long.clone(), 1.0, false),
            (long.clone(), 0.74, true),
            (long.clone(), NEAR, true),
            (long, 0.49, false),
            (
                choice_sample("y", "Which one of these two?", &["a b", "c d"], 0),
                0.6,
                false,
            ),
        ] {
            let first = RecordedScore::of(value);
            let ask = SecondCut.again(&sample, &first, Protocol::First);
            assert_eq!(ask.is_some(), again, "{value}");
            if let Some(ask) = ask {
                let before = Completed.ask(&sample, FORM, Pick::new(0, 0)).unwrap();
                assert!(ask.beginning.starts_with(&before.beginning));
                assert!(ask.beginning.len() > before.beginning.len());
                assert!(before.expected.ends_with(&ask.expected));
            }
        }
    }

    #[test]
    fn an_item_is_restored_at_either_cut_and_missing_where_the_second_is() {
        let items: Vec<_> = (0..4).map(long).collect();
        let context = ProbeContext {
            suspects: &items,
            controls: &items[..3],
            kind: ControlKind::Sibling,
            seed: 3,
            published: None,
        };
        let probe = probe("completion-second-cut", FORM);
        assert_eq!(probe.later_steps(), Some(StepScope::Local));
        let Step::Calls(mut calls) = probe.next(&context, &[]) else {
            panic!("it asks nothing");
        };
        let mut seen: Vec<_> = [1.0, 0.6, 0.6, 0.6, 0.1, 0.6, 0.2].map(answered).into();
        let Step::Calls(second) = probe.next(&context, &seen) else {
            panic!("it asks nothing again");
        };
        let about: Vec<_> = second.iter().map(|call| (call.arm, call.item)).collect();
        let suspects = [1, 2, 3].map(|item| (Arm::Suspect, item));
        assert_eq!(about, [&suspects[..], &[(Arm::Control, 1)]].concat());
        calls.extend(second);
        seen.extend([answered(1.0), answered(0.7)]);
        seen.push(Seen::ended(Outcome::Refused, None));
        seen.push(Seen::answered(scored(true)));
        assert_eq!(probe.next(&context, &seen), Step::Done);
        let finding = probe.judge(&context, &calls, &seen);
        let suspects = finding.suspects;
        assert_eq!([suspects.hits, suspects.valid, suspects.missing], [2, 3, 1]);
        assert_eq!([finding.controls.hits, finding.controls.valid], [1, 3]);
        assert_eq!(finding.examples, [0, 7], "the call that restored it");
        // While the second step is under way, what the first one gave stands.
        let finding = probe.judge(&context, &calls[..7], &seen[..7]);
        assert_eq!([finding.suspects.hits, finding.suspects.valid], [1, 4]);
    }
}
