//! How much of what was asked for is in an answer: the measure of probes that ask for a text.
//!
//! Words are those of [`plain_words`]: in normal form and lower case, labels of options left out. Of the words of what
//! was expected, those count that no message of the prompt holds, in their order and as often as they stand there. The
//! measure is the share of them that the nearest part of the answer has in the same order, gaps allowed (their longest
//! common subsequence): 1 where all are in it, 0 where none is. The nearest part is that of [`nearest_in_all`], as long as
//! what was expected, wherever in the answer it stands.
//!
//! What the prompt holds is left out because an answer that only says it again shows no memory.
//!
//! Invariant: nothing that stands before it makes the measure smaller. Callers bound the length of the answer. It refuses
//! to measure where the prompt holds every word that was expected.

use std::collections::HashSet;

use cleanbench_core::Completion;
use cleanbench_core::probe::ProbeCall;
use cleanbench_text::longest_common_subsequence;

use crate::answer::{nearest_in_all, plain_words};

/// Steps of a recorded measure in 1, so that its text does not hang on the last bit.
const STEPS: f64 = 1e6;

/// What is recorded of a likelihood of 0, which no JSON can hold: a number beyond all others.
const BEYOND: f64 = 1e300;
/// From here on a number is beyond all others, also after something was taken from it.
const ENDLESS: f64 = 1e100;

/// `measure` as it is recorded; `None` of what is no number.
pub(crate) fn rounded(measure: f64) -> Option<f64> {
    if is_endless(measure) {
        return Some(BEYOND.copysign(measure));
    }
    (!measure.is_nan()).then(|| (measure * STEPS).round() / STEPS)
}

/// Whether a `measure` is of a text that a model thinks impossible: it has a rank, below or above all others, and no value.
pub(crate) fn is_endless(measure: f64) -> bool {
    measure.abs() >= ENDLESS
}

/// The share of what was expected and is not in the prompt that the answer has; 0 to 1.
pub(crate) fn beyond_prompt(call: &ProbeCall, completion: &Completion) -> Option<f64> {
    let expected = plain_words(&call.expected);
    let messages = call.messages.iter();
    let shown: HashSet<String> = messages
        .flat_map(|message| plain_words(&message.content))
        .collect();
    let beyond: Vec<_> = expected
        .iter()
        .filter(|word| !shown.contains(*word))
        .collect();
    if beyond.is_empty() {
        return None;
    }
    let answer = plain_words(&completion.text);
    let from = nearest_in_all(&expected, &answer).word;
    let part = answer.iter().skip(from).take(expected.len());
    let part: Vec<_> = part.collect();
    let common = longest_common_subsequence(&beyond, &part);
    Some(share(common, beyond.len()))
}

#[expect(
    clippy::cast_precision_loss,
    reason = "texts have far fewer than 2^52 words"
)]
fn share(common: usize, all: usize) -> f64 {
    common as f64 / all as f64
}

#[cfg(test)]
mod tests {
    use cleanbench_core::probe::{Arm, ProbeForm};
    use cleanbench_core::{Message, Role};

    use super::*;
    use crate::protocol::Protocol;
    use crate::registry::testing::{only_call, order};
    use crate::registry::{Order, build};
    use crate::testing::{completion, usable};

    fn call(shown: &str, expected: &str) -> ProbeCall {
        ProbeCall {
            arm: Arm::Suspect,
            item: 0,
            messages: vec![Message::new(Role::User, shown.to_owned())],
            continuations: Vec::new(),
            max_tokens: 1,
            stop: Vec::new(),
            expected: expected.to_owned(),
            right: None,
        }
    }

    #[test]
    fn what_the_prompt_does_not_hold_counts() {
        let call = call(
            "Go on: the red fox",
            "the old bridge\nC. at night the fox sleeps",
        );
        // Beyond the prompt: old, bridge, at, night, sleeps.
        for (answer, measure) in [
            ("the old bridge at night the fox sleeps", 1.0),
            (
                "Here you are: THE OLD bridge, at night the fox sleeps!",
                1.0,
            ),
            ("B. the old bridge by day", 0.4),
            ("the fox the fox the fox", 0.0),
            ("night at bridge old", 0.2),
            ("the old at the night the fox", 0.6),
            ("something else", 0.0),
            ("", 0.0),
        ] {
            let found = beyond_prompt(&call, &completion(answer)).unwrap();
            assert!((found - measure).abs() < 1e-12, "{answer}: {found}");
        }
    }

    #[test]
    fn what_the_prompt_holds_measures_nothing() {
        let call = call("the fox and the bridge", "The bridge!");
        assert_eq!(beyond_prompt(&call, &completion("The bridge!")), None);
    }

    #[test]
    fn what_has_no_end_is_recorded_as_a_number_beyond_all_others() {
        for (measure, recorded) in [
            (0.123_456_789, Some(0.123_457)),
            (f64::NEG_INFINITY, Some(-1e300)),
            (f64::INFINITY, Some(1e300)),
            (f64::NAN, None),
        ] {
            assert_eq!(rounded(measure), recorded);
            let is_endless = recorded.is_some_and(is_endless);
            assert_eq!(is_endless, measure.is_infinite(), "{measure}");
        }
    }

    #[test]
    fn what_is_far_behind_counts() {
        let call = call("Go on.", "an old bridge");
        let far = "word an ".repeat(20_000) + "an old bridge";
        let began = std::time::Instant::now();
        let found = beyond_prompt(&call, &completion(&far));
        assert_eq!(found, Some(1.0));
        assert!(began.elapsed().as_secs() < 5, "{:?}", began.elapsed());
    }

    /// By each protocol, of an answer with half of an option.
    #[test]
    fn only_the_third_protocol_measures() {
        for (protocol, measures) in [
            (Protocol::First, false),
            (Protocol::Second(|_| false), false),
            (Protocol::Third(|_| false), true),
        ] {
            let probe = build(&Order {
                protocol,
                ..order("option-completion", ProbeForm::Instruction)
            })
            .unwrap();
            let call = only_call(&*probe, usable(0));
            let words: Vec<_> = call.expected.split(' ').collect();
            let half = words[..words.len() / 2].join(" ");
            let score = probe.score(&call, &completion(&half));
            assert!(score.value < 1.0 && score.extraction_failure.is_none());
            assert_eq!(score.measure.is_some(), measures, "{protocol:?}");
            if let Some(measure) = score.measure {
                assert!((0.3..0.7).contains(&measure), "{measure}");
                assert_eq!(Some(measure), rounded(measure));
            }
            let silent = probe.score(&call, &completion(""));
            assert_eq!(silent.measure, None, "{silent:?}");
        }
    }
}
