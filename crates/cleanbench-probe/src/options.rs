//! Which option of an item a probe may ask for, and whether an answer is it.
//!
//! Invariant: it is never the right one, so that knowing the answer does not help.

use cleanbench_core::event::RecordedScore;
use cleanbench_core::probe::ProbeCall;
use cleanbench_core::{Completion, Sample};
use cleanbench_text::words;

use crate::answer::{place_of, plain_words, restored};
use crate::filter::{is_long_enough, one_option, right_option, whole_item};
use crate::layout::{single_line, strip_label};
use crate::recall::{Asking, Pick, missed, scored};

/// A wrong option at `first` or later that cannot be guessed, or why there is none.
pub(crate) fn wrong_option(
    sample: &Sample,
    first: usize,
    pick: Pick,
) -> Result<usize, &'static str> {
    if let Some(reason) = whole_item(sample) {
        return Err(reason);
    }
    let right = right_option(sample);
    let wrong = (first..sample.choices.len()).filter(|place| Some(*place) != right);
    let (guessable, usable): (Vec<_>, Vec<_>) =
        wrong.partition(|place| one_option(sample, *place).is_some());
    match pick.one(&usable) {
        Some(place) => Ok(place),
        None => Err(guessable
            .first()
            .and_then(|place| one_option(sample, *place))
            .unwrap_or("too few options")),
    }
}

/// By the second protocol: all wrong options at `first` or later that only memory gives, or why there is none.
pub(crate) fn wrong_options(
    sample: &Sample,
    first: usize,
    asking: &Asking<'_>,
) -> Result<Vec<usize>, &'static str> {
    if let Some(reason) = whole_item(sample) {
        return Err(reason);
    }
    let why_not = |place: usize| {
        let short = asking.is_suspect && !is_long_enough(&sample.choices[place]);
        let recurs = asking.recurring.has(sample, place);
        one_option(sample, place)
            .or(recurs.then_some("recurring option"))
            .or(short.then_some("short option"))
    };
    let right = right_option(sample);
    let wrong = (first..sample.choices.len()).filter(|place| Some(*place) != right);
    let (guessable, usable): (Vec<_>, Vec<_>) = wrong.partition(|place| why_not(*place).is_some());
    if usable.is_empty() {
        let first = guessable.first().and_then(|place| why_not(*place));
        return Err(first.unwrap_or("too few options"));
    }
    Ok(usable)
}

/// By the second protocol: how an answer with the option that was asked for, anywhere in it, is judged.
pub(crate) fn option_in(call: &ProbeCall, completion: &Completion) -> Option<RecordedScore> {
    let expected = plain_words(&call.expected);
    place_of(&expected, &plain_words(&completion.text)).map(restored)
}

/// A hit where the answer has the words of the option that was asked for. A miss says why it is one,
/// where another text of the item was given.
pub(crate) fn same_option(call: &ProbeCall, completion: &Completion) -> RecordedScore {
    let answer = words(single_line(&completion.text));
    if answer.is_empty() {
        return missed("empty completion");
    }
    if answer == words(&call.expected) {
        return scored(true);
    }
    if call
        .right
        .as_ref()
        .is_some_and(|right| words(right) == answer)
    {
        return missed("answered the question");
    }
    let shown = call
        .messages
        .iter()
        .flat_map(|message| message.content.lines());
    let copied = shown
        .map(|line| words(strip_label(line)))
        .any(|line| line == answer);
    if copied {
        return missed("copied an option");
    }
    scored(false)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::registry::testing::PICK;
    use crate::testing::choice_sample;

    #[test]
    fn without_a_wrong_option_left_nothing_is_asked() {
        let long = [
            "the red fox under a bridge",
            "two grey horses near it",
            "my brother and his drum",
        ];
        let last_is_right = choice_sample("x", "?", &long, 2);
        assert_eq!(
            wrong_option(&last_is_right, 2, PICK),
            Err("too few options")
        );
        let short = choice_sample("x", "?", &[long[0], long[1], "a fox"], 0);
        assert_eq!(wrong_option(&short, 2, PICK), Err("short option"));
        let two = choice_sample("x", "?", &long[..2], 0);
        assert_eq!(wrong_option(&two, 2, PICK), Err("too few options"));
        assert_eq!(wrong_option(&two, 1, PICK), Ok(1));
    }
}
