//! `completion`: the item is cut after 60 % of its words; can the model give the rest?
//!
//! The oldest test of memory (Golchin and Surdeanu 2024; Carlini et al. 2021 for raw prefixes). The cut
//! text never holds the answer key, so nothing of it is asked for.

use cleanbench_core::event::RecordedScore;
use cleanbench_core::probe::{ProbeCall, ProbeForm};
use cleanbench_core::{Completion, Sample};
use cleanbench_text::{Segment, segments, words};

use crate::answer::{Nearest, nearest, nearest_in_all, plain_words, restored};
use crate::filter::{is_long_enough, right_option};
use crate::layout::{item, label, without_labels};
use crate::recall::{Ask, Asking, Pick, Recall, missed, scored, similarity};

/// Words before the cut, in a hundred.
const KEPT_PERCENT: usize = 60;
/// By the second protocol; the later ones where the right option leaves too little behind the first.
const KEPT_PERCENTS: [usize; 3] = [KEPT_PERCENT, 40, 20];
/// Rests of fewer words are restored by chance.
const SHORTEST_REST: usize = 8;
/// Similarity at which the rest counts as restored. Free wordings of the same form reach about .4.
pub(crate) const RESTORED: f64 = 0.75;

/// The probe.
#[derive(Debug)]
pub(crate) struct Completed;

impl Completed {
    /// Asks for the `rest` of an item after its `beginning`.
    pub(crate) fn rest_of(beginning: &str, rest: &str) -> Ask {
        Ask {
            beginning: beginning.to_owned(),
            shown: None,
            continuations: Vec::new(),
            stop: vec!["\nAnswer:".to_owned(), "\nQuestion:".to_owned()],
            expected: rest.to_owned(),
        }
    }

    /// By the second protocol: asks for a rest. No text ends the answer: one that is ended at its first word would be
    /// empty, and would say nothing.
    pub(crate) fn after(found: &Rest) -> Ask {
        Ask {
            stop: Vec::new(),
            ..Self::rest_of(&found.beginning, &found.rest)
        }
    }
}

impl Recall for Completed {
    fn id(&self) -> &'static str {
        "completion"
    }

    fn version(&self) -> u32 {
        1
    }

    fn instruction(&self) -> &'static str {
        "Below is the first part of an item of a published test. Write the rest of the item, word for word, and nothing else.\n\n{text}"
    }

    fn ask(&self, sample: &Sample, _form: ProbeForm, _pick: Pick) -> Result<Ask, &'static str> {
        let text = item(sample, sample.choices.iter().map(String::as_str));
        let (beginning, rest) = cut(&text, KEPT_PERCENT).ok_or("short item")?;
        if words(&without_labels(rest)).len() < SHORTEST_REST {
            return Err("short item");
        }
        Ok(Self::rest_of(beginning, rest))
    }

    fn score(&self, call: &ProbeCall, completion: &Completion) -> RecordedScore {
        if words(&completion.text).is_empty() {
            return missed("empty completion");
        }
        scored(similarity(call, completion) >= RESTORED)
    }

    fn places(&self, sample: &Sample, _asking: &Asking<'_>) -> Result<Vec<usize>, &'static str> {
        let found = rest_after(sample, &KEPT_PERCENTS).is_some();
        if found {
            Ok(vec![0])
        } else {
            Err("short item")
        }
    }

    fn ask_at(&self, sample: &Sample, _form: ProbeForm, _place: usize) -> Ask {
        let found = rest_after(sample, &KEPT_PERCENTS).unwrap_or_default();
        Self::after(&found)
    }

    fn restored(&self, call: &ProbeCall, completion: &Completion) -> Option<RecordedScore> {
        let Nearest { word, similarity } = nearest_rest(call, completion);
        (similarity >= RESTORED).then(|| restored(word))
    }

    fn restored_anywhere(
        &self,
        call: &ProbeCall,
        completion: &Completion,
    ) -> Option<RecordedScore> {
        let Nearest { word, similarity } =
            nearest_in_all(&plain_words(&call.expected), &plain_words(&completion.text));
        (similarity >= RESTORED).then(|| restored(word))
    }
}

/// How near an answer came to the rest of an item, wherever in it.
pub(crate) fn nearest_rest(call: &ProbeCall, completion: &Completion) -> Nearest {
    nearest(&plain_words(&call.expected), &plain_words(&completion.text))
}

/// What is shown of an item, and what is asked for.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Rest {
    pub(crate) beginning: String,
    pub(crate) rest: String,
}

/// The rest of an item after the first of `percents` of its words that leaves enough, as far as it holds nothing of the
/// right option: up to that, or behind it. `None` where none does.
pub(crate) fn rest_after(sample: &Sample, percents: &[usize]) -> Option<Rest> {
    let text = item(sample, sample.choices.iter().map(String::as_str));
    let words = segments(&text);
    let right = line_of_right(sample, &text).unwrap_or([text.len(), text.len()]);
    let mut found = percents.iter().filter_map(|percent| {
        let kept = (words.len() * percent).div_ceil(100);
        let cut = words.get(kept.checked_sub(1)?)?.end;
        rest_from(&text, &words, cut, right)
    });
    found.next()
}

/// The rest of `text` after `cut`, up to what is at `right` or behind it, where that is long enough.
fn rest_from(text: &str, words: &[Segment], cut: usize, right: [usize; 2]) -> Option<Rest> {
    let [start, end] = right;
    let before = [within_line(text, cut, words).min(start), start];
    let behind = [within_line(text, cut.max(end), words), text.len()];
    let part = |[from, to]: [usize; 2]| Rest {
        beginning: text[..from].to_owned(),
        rest: text[from..to].to_owned(),
    };
    let mut parts = [before, behind].into_iter().map(part);
    parts.find(|part| is_long_enough(&without_labels(&part.rest)))
}

/// `cut`; at the end of a line, the place behind label and first word of the next one: a text that may be over is often
/// taken to be.
fn within_line(text: &str, cut: usize, words: &[Segment]) -> usize {
    if !text[cut..].trim_start_matches(' ').starts_with('\n') {
        return cut;
    }
    let mut next = words.iter().filter(|word| word.start >= cut);
    next.nth(1).map_or(text.len(), |word| word.end)
}

/// Where the line of the right option begins (at the end of the line before) and ends in the laid out item.
fn line_of_right(sample: &Sample, text: &str) -> Option<[usize; 2]> {
    let place = right_option(sample)?;
    let line = format!("\n{} {}", label(place), sample.choices[place]);
    let start = text.rfind(&line)?;
    Some([start, start + line.len()])
}

/// `text` before and after the end of the word up to which `percent` of the words are kept.
pub(crate) fn cut(text: &str, percent: usize) -> Option<(&str, &str)> {
    let ends: Vec<_> = text
        .split_whitespace()
        .map(|word| word.as_ptr() as usize - text.as_ptr() as usize + word.len())
        .collect();
    let kept = (ends.len() * percent).div_ceil(100);
    let end = *ends.get(kept.checked_sub(1)?)?;
    Some(text.split_at(end))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::registry::testing::{only_call, order, probe, probe_of};
    use crate::testing::{choice_sample, completion, usable};

    #[test]
    fn the_cut_keeps_sixty_percent_of_the_words() {
        for (text, expected) in [
            ("a b c d e", Some(("a b c", " d e"))),
            ("one  two\nthree", Some(("one  two", "\nthree"))),
            ("ä ö ü ß", Some(("ä ö ü", " ß"))),
            ("", None),
        ] {
            assert_eq!(cut(text, KEPT_PERCENT), expected, "{text:?}");
        }
    }

    #[test]
    fn the_rest_is_asked_for_and_near_enough_is_a_hit() {
        let probe = probe("completion", ProbeForm::Raw);
        let call = only_call(&*probe, usable(1));
        let beginning = &call.messages[0].content;
        assert!(beginning.starts_with("Question: What has") && !beginning.ends_with(' '));
        assert!(call.expected.ends_with("w1x23") && !call.expected.contains("Answer"));
        let score = |text: &str| probe.score(&call, &completion(text)).value;
        let rest = call.expected.clone();
        assert!(score(&rest) >= 1.0);
        assert!(score(&format!("{}, and more words after it", rest.to_uppercase())) >= 1.0);
        assert!(
            score(&rest.replace("\nD.", "\n(D)")) >= 1.0,
            "labels do not count"
        );
        assert!(score("the of and the of and the of and") < 1.0);
        let empty = probe.score(&call, &completion(" \n"));
        assert_eq!(
            empty.extraction_failure.as_deref(),
            Some("empty completion")
        );
    }

    #[test]
    fn short_items_are_left_out() {
        let sample = choice_sample("x", "Who was it?", &["a", "b"], 0);
        let pick = crate::registry::testing::PICK;
        assert_eq!(
            Completed.ask(&sample, ProbeForm::Raw, pick),
            Err("short item")
        );
    }

    #[test]
    fn nothing_of_the_right_option_is_asked_for() {
        for right in 0..4 {
            let mut item = usable(3);
            item.sample.target = Some(item.sample.choices[right].as_str().into());
            let whole = super::item(&item.sample, item.sample.choices.iter().map(String::as_str));
            let probe = probe_of(order("completion", ProbeForm::Raw), |_| false);
            let call = only_call(&*probe, item.clone());
            let option = &item.sample.choices[right];
            for word in option.split(' ').filter(|word| word.starts_with('w')) {
                let asked = call.expected.split_whitespace().any(|other| other == word);
                assert!(!asked, "{right}: {}", call.expected);
            }
            let beginning = &call.messages[0].content;
            assert!(whole.starts_with(&format!("{beginning}{}", call.expected)));
            assert!(is_long_enough(&call.expected));
            let next = call.expected.chars().next();
            assert_ne!(next, Some('\n'), "no cut at the end of a line");
        }
    }

    #[test]
    fn every_script_can_be_cut() {
        for text in [
            "พายุลูกใหญ่พัดเข้าชายฝั่งตะวันออกในเวลาเช้ามืดและทำให้เรือประมงหลายลำล่ม",
            "暴风雨在清晨袭击了东部海岸，使几艘渔船沉没，许多人失去了家园和财产。",
            "東の海岸に嵐が来て、朝早くに漁船が何隻も沈み、多くの人が家を失った。",
            "तूफान ने सुबह पूर्वी तट पर हमला किया और कई नावें डूब गईं तथा बहुत से लोगों ने अपने घर खो दिए",
            "Шторм пришёл на восточный берег рано утром, и несколько лодок затонули, а люди потеряли дома",
            "\\int_0^1 x^2 \\, dx = \\frac{1}{3}, \\quad \\sum_{k=1}^{n} k = \\frac{n(n+1)}{2}, \\quad e^{i\\pi} + 1 = 0",
        ] {
            let found = rest_after(&choice_sample("x", text, &[], 0), &KEPT_PERCENTS);
            let found = found.unwrap_or_else(|| panic!("{text}"));
            assert_eq!(format!("{}{}", found.beginning, found.rest), text);
            let call = only_call(
                &*probe_of(order("completion", ProbeForm::Raw), |_| false),
                crate::testing::item(choice_sample("x", text, &[], 0)),
            );
            // A token holds at least a byte of these scripts, and two letters of the Latin one.
            assert!(call.max_tokens as usize >= found.rest.len() / 2 + 32);
        }
    }
}
