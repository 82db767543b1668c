//! What an answer to a probe shows: the text that was asked for, another, or nothing.
//!
//! Invariant: an answer that says nothing (declined, empty, cut off, not in form) is never a miss. What was asked for
//! is looked for first, so that no preamble hides it: by the third protocol in the whole answer, however it is dressed
//! ([`mod@crate::plain`]), and what declines is looked for in what the answer says beyond its prompt too.

use std::borrow::Cow;
use std::collections::HashMap;

use cleanbench_core::event::RecordedScore;
use cleanbench_core::probe::{ProbeCall, ProbeForm};
use cleanbench_core::{Completion, Finish, Message};
use cleanbench_text::{rouge_l, segments};

use crate::beyond::without_runs;
use crate::layout::{strip_label, without_labels};
use crate::protocol::Declining;
use crate::unwilling::WITHIN;

/// An answer of fewer than one word in so many of what was asked for is no attempt at it.
const ATTEMPT: usize = 4;
/// Words of an answer that are looked at, for each word that is expected, and beside these.
const REACH: usize = 8;
const REACH_BESIDE: usize = 400;

/// The words of `text`, labels of options left out.
pub(crate) fn plain_words(text: &str) -> Vec<String> {
    let said = without_labels(text);
    segments(&said).into_iter().map(|one| one.word).collect()
}

/// Where in an answer something stands and how near it is to what was expected.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Nearest {
    /// The word of the answer at which it begins, from 0.
    pub(crate) word: usize,
    /// ROUGE-L, 0 to 1.
    pub(crate) similarity: f64,
}

/// Words of an answer that are looked at where so many are expected.
pub(crate) fn reach(expected: usize) -> usize {
    expected * REACH + REACH_BESIDE
}

/// The part of `answer`, of as much as is in reach, that is nearest to `expected` and as long; the first of several.
pub(crate) fn nearest(expected: &[String], answer: &[String]) -> Nearest {
    nearest_in_all(expected, &answer[..answer.len().min(reach(expected.len()))])
}

/// The same of the whole of `answer`.
pub(crate) fn nearest_in_all(expected: &[String], answer: &[String]) -> Nearest {
    let mut best = Nearest {
        word: 0,
        similarity: 0.0,
    };
    let common = in_common(expected, answer);
    for word in starts(expected, answer) {
        let end = answer.len().min(word + expected.len());
        // No order of its words makes a part more similar than this.
        if at_most(common[word], end - word + expected.len()) <= best.similarity {
            continue;
        }
        let similarity = rouge_l(&answer[word..end], expected);
        if similarity > best.similarity {
            best = Nearest { word, similarity };
        }
    }
    best
}

/// For each word of `answer` how many words the part as long as `expected` from there has in common with it, whatever
/// their order.
fn in_common(expected: &[String], answer: &[String]) -> Vec<usize> {
    let mut left: HashMap<&str, isize> = HashMap::new();
    for word in expected {
        *left.entry(word).or_default() += 1;
    }
    let mut common = 0;
    let mut end = 0;
    let mut each = Vec::with_capacity(answer.len());
    for start in 0..answer.len() {
        for word in &answer[end..answer.len().min(start + expected.len())] {
            if let Some(left) = left.get_mut(word.as_str()) {
                common += usize::from(*left > 0);
                *left -= 1;
            }
            end += 1;
        }
        each.push(common);
        if let Some(left) = left.get_mut(answer[start].as_str()) {
            *left += 1;
            common -= usize::from(*left > 0);
        }
    }
    each
}

#[expect(
    clippy::cast_precision_loss,
    reason = "texts have far fewer than 2^52 words"
)]
fn at_most(common: usize, total: usize) -> f64 {
    2.0 * common as f64 / total as f64
}

/// Where a part that is like `expected` may begin: at the beginning, and wherever one of its first words stands.
fn starts<'a>(
    expected: &'a [String],
    answer: &'a [String],
) -> impl Iterator<Item = usize> + use<'a> {
    let first = &expected[..expected.len().min(ATTEMPT)];
    (0..answer.len()).filter(|word| *word == 0 || first.contains(&answer[*word]))
}

/// Where `expected` stands in `answer`, word for word.
pub(crate) fn place_of(expected: &[String], answer: &[String]) -> Option<usize> {
    if expected.is_empty() {
        return None;
    }
    answer
        .windows(expected.len())
        .position(|part| part == expected)
}

/// The text was restored, from the word `word` of the answer on.
pub(crate) fn restored(word: usize) -> RecordedScore {
    RecordedScore {
        rule: Some(Cow::Owned(format!("restored from word {}", word + 1))),
        ..RecordedScore::of(1.0)
    }
}

/// Words of an answer from which on it is told from others by its beginning.
const TOLD_BY: usize = 5;
/// The same of a raw text, which may well go on with a short option that other items have too.
const RAW_TOLD_BY: usize = 8;
const TOLD_BY_MOST: usize = 12;
const ANOTHER: &str = "another text";

/// Another text was given. The rule names the beginning of one that is long enough by a digest, so that one answer to all
/// items is seen to be none about any.
pub(crate) fn another(form: ProbeForm, text: &str) -> RecordedScore {
    let words = segments(cleanbench_text::scan::window(text.trim_start(), 0, WITHIN));
    let fewest = match form {
        ProbeForm::Raw => RAW_TOLD_BY,
        ProbeForm::Instruction => TOLD_BY,
    };
    let rule = if words.len() >= fewest {
        let beginning: Vec<_> = words
            .into_iter()
            .take(TOLD_BY_MOST)
            .map(|one| one.word)
            .collect();
        let digest = cleanbench_core::seed::derive(0, "", &beginning.join(" "), "answer");
        Cow::Owned(format!("{ANOTHER} {:08x}", digest >> 32))
    } else {
        Cow::Borrowed(ANOTHER)
    };
    RecordedScore {
        rule: Some(rule),
        ..RecordedScore::of(0.0)
    }
}

/// The digest by which the rule of a miss tells its answer from others, if it does.
pub(crate) fn told_by(score: &RecordedScore) -> Option<&str> {
    let digest = without_runs(score.rule.as_deref()?).strip_prefix(ANOTHER)?;
    Some(digest.trim_start()).filter(|digest| !digest.is_empty())
}

/// The answer says nothing about what is remembered, for `reason`.
pub(crate) fn invalid(reason: &str) -> RecordedScore {
    RecordedScore {
        extraction_failure: Some(reason.to_owned()),
        ..RecordedScore::of(0.0)
    }
}

/// Why an answer that does not hold what was asked for says nothing at all; `None` where it is an attempt.
pub(crate) fn why_invalid(
    call: &ProbeCall,
    form: ProbeForm,
    completion: &Completion,
    declines: Declining,
) -> Option<&'static str> {
    let text = completion.text.as_str();
    let said = segments(text).len();
    if said == 0 {
        return Some("empty");
    }
    if completion.finish == Finish::Length && text.trim().len() < call.expected.trim().len() {
        return Some("cut off");
    }
    if says_so(text, declines) {
        return Some("declined");
    }
    // A raw text that goes on otherwise is an attempt, however soon it ends.
    if form == ProbeForm::Raw {
        return None;
    }
    let expected = segments(&call.expected).len();
    let is_short = said * ATTEMPT < expected;
    (is_short || repeats(call, text)).then_some("not in form")
}

/// Whether `text` declines, or says that nothing is remembered.
pub(crate) fn says_so(text: &str, declines: Declining) -> bool {
    const NOT_KNOWN: [&str; 24] = [
        "can't reproduce",
        "cannot reproduce",
        "can not reproduce",
        "not reproduce",
        "unable to recall",
        "unable to reproduce",
        "not able to recall",
        "not able to reproduce",
        "i don't know",
        "i do not know",
        "i'm not sure",
        "i am not sure",
        "i don't recall",
        "i do not recall",
        "i can't recall",
        "i cannot recall",
        "i don't remember",
        "i do not remember",
        "i don't have",
        "i do not have",
        "i'm not familiar",
        "i am not familiar",
        "could you provide",
        "please provide",
    ];
    let start = cleanbench_text::scan::window(text.trim_start(), 0, WITHIN);
    let plain = cleanbench_text::normal(start).to_lowercase();
    NOT_KNOWN.iter().any(|words| plain.contains(words)) || declines(text)
}

/// Whether the answer gives what was shown, or the right answer, in place of what was asked for.
fn repeats(call: &ProbeCall, text: &str) -> bool {
    let words = |text: &str| -> Vec<String> {
        let pieces = segments(strip_label(text.trim()));
        pieces.into_iter().map(|one| one.word).collect()
    };
    let answer = words(crate::layout::single_line(text));
    let shown = |message: &Message| message.content.lines().any(|line| words(line) == answer);
    let right = call.right.as_deref().map(words);
    right.is_some_and(|right| right == answer) || call.messages.iter().any(shown)
}

/// Most tokens that an answer with `expected` may need, and some for what stands before it. A token is at least a byte
/// of anything but letters and spaces of the Latin alphabet, of which the tokenisers in use make at most one for two.
pub(crate) fn room(expected: &str) -> u32 {
    const BESIDE: usize = 32;
    let half = expected
        .bytes()
        .filter(|byte| byte.is_ascii_alphabetic() || *byte == b' ')
        .count();
    let most = expected.len() - half + half.div_ceil(2) + BESIDE;
    u32::try_from(most).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::registry::testing::{order, probe_of};
    use crate::testing::{completion, usable};

    fn words(text: &str) -> Vec<String> {
        plain_words(text)
    }

    #[test]
    fn the_nearest_part_is_found_wherever_it_stands() {
        let expected = words("the red fox went over the old bridge at night");
        for (answer, place, similar) in [
            ("the red fox went over the old bridge at night", 0, 1.0),
            (
                "Here is the rest: the red fox went over the old bridge at night. Thanks",
                4,
                1.0,
            ),
            ("nothing of it", 0, 0.0),
        ] {
            let found = nearest(&expected, &words(answer));
            assert_eq!(found.word, place, "{answer}");
            assert!(
                (found.similarity - similar).abs() < 1e-12,
                "{answer}: {found:?}"
            );
        }
        assert_eq!(
            place_of(&words("old bridge"), &words("an old bridge")),
            Some(1)
        );
        assert_eq!(place_of(&[], &words("an old bridge")), None);
    }

    #[test]
    fn an_answer_that_says_nothing_is_no_miss() {
        let declines = |text: &str| text.contains("helfen");
        let probe = probe_of(order("ts-guessing", ProbeForm::Instruction), declines);
        let call = crate::registry::testing::only_call(&*probe, usable(0));
        let shown = usable(0).sample.choices;
        let shown = shown.iter().find(|text| **text != call.expected).unwrap();
        for (answer, reason) in [
            ("", Some("empty")),
            ("\n — \n", Some("empty")),
            ("Dabei kann ich nicht helfen.", Some("declined")),
            ("Sorry, I don’t know that one by heart.", Some("declined")),
            ("fox", Some("not in form")),
            (shown.as_str(), Some("not in form")),
            ("a heron beside the mill and the barn", None),
        ] {
            let score = probe.score(&call, &completion(answer));
            assert_eq!(score.extraction_failure.as_deref(), reason, "{answer}");
            assert!(score.value <= 0.0);
        }
        let mut cut = completion("the w0x");
        cut.finish = Finish::Length;
        let score = probe.score(&call, &cut);
        assert_eq!(score.extraction_failure.as_deref(), Some("cut off"));
        let whole = format!("Sure! I don't know if it helps: {}.", call.expected);
        let score = probe.score(&call, &completion(&whole));
        assert!(score.value >= 1.0 && score.extraction_failure.is_none());
        assert!(score.rule.unwrap().starts_with("restored from word "));
    }

    #[test]
    fn there_is_room_in_every_script() {
        for (text, tokens) in [
            ("a fox", 3 + 32),
            ("水は", 6 + 32),
            ("x^2 = 10!", 9 - 2 - 1 + 2 + 32),
            ("", 32),
        ] {
            assert!(room(text).abs_diff(tokens) <= 1, "{text}: {}", room(text));
        }
    }
}
