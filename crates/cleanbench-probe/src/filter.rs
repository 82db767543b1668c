//! Items that a probe must not use, because they can be guessed without having been seen.
//!
//! Each reason has a name, which is counted and reported. The rules are those of TS-Guessing (Deng et
//! al. 2024) and some of ours.

use cleanbench_core::Sample;
use cleanbench_text::{rouge_l, segments, words};

/// Options of this similarity or more can be guessed from one another.
const ALIKE: f64 = 0.65;
/// Texts shorter than both are restored by chance.
const SHORTEST_WORDS: usize = 4;
const SHORTEST_CHARACTERS: usize = 20;

/// By the second protocol, a text that is shorter than both may have been guessed.
const FEWEST_WORDS: usize = 8;
const FEWEST_CHARACTERS: usize = 40;

/// By the second protocol: whether `text` is long enough to be memory.
pub(crate) fn is_long_enough(text: &str) -> bool {
    let text = text.trim();
    segments(text).len() >= FEWEST_WORDS || text.chars().count() >= FEWEST_CHARACTERS
}

/// Position of the right option.
pub(crate) fn right_option(sample: &Sample) -> Option<usize> {
    let target = sample.target.as_ref()?.as_str()?;
    sample.choices.iter().position(|choice| choice == target)
}

/// Why no option of the item may be asked for.
pub(crate) fn whole_item(sample: &Sample) -> Option<&'static str> {
    let choices = &sample.choices;
    if choices.len() < 2 {
        return Some("no options");
    }
    if right_option(sample).is_none() {
        return Some("right option unknown");
    }
    let texts: Vec<_> = choices.iter().map(|choice| words(choice)).collect();
    if choices.len() == 2 && texts.iter().all(|text| is_yes_or_no(text)) {
        return Some("yes or no");
    }
    if texts.iter().all(|text| is_number(text)) {
        return Some("closed series");
    }
    if texts.iter().all(|text| is_date(text)) {
        return Some("closed series");
    }
    let alike = texts.iter().enumerate().any(|(place, one)| {
        texts[place + 1..]
            .iter()
            .any(|other| rouge_l(one, other) >= ALIKE)
    });
    alike.then_some("options alike")
}

/// Why the option at `place` may not be asked for.
pub(crate) fn one_option(sample: &Sample, place: usize) -> Option<&'static str> {
    let text = &sample.choices[place];
    let option = words(text);
    if is_number(&option) {
        return Some("number");
    }
    if is_collective(&option) {
        return Some("all or none of the above");
    }
    if is_combination(&option) {
        return Some("combination of statements");
    }
    if option.len() < SHORTEST_WORDS && text.chars().count() < SHORTEST_CHARACTERS {
        return Some("short option");
    }
    let question = words(&crate::layout::question(sample));
    let quoted = question.windows(option.len()).any(|part| part == option);
    quoted.then_some("option stands in the question")
}

fn is_yes_or_no(words: &[String]) -> bool {
    matches!(
        words.first().map(String::as_str),
        Some("yes" | "no" | "true" | "false" | "correct" | "incorrect")
    ) && words.len() == 1
}

/// Numbers with at most two words of unit or sign beside them.
fn is_number(words: &[String]) -> bool {
    let numeric = |word: &String| word.chars().all(char::is_numeric);
    let numbers = words.iter().filter(|word| numeric(word)).count();
    numbers > 0 && words.len() - numbers <= 2 && words.len() <= 4
}

fn is_date(text: &[String]) -> bool {
    const MONTHS: [&str; 12] = [
        "january",
        "february",
        "march",
        "april",
        "may",
        "june",
        "july",
        "august",
        "september",
        "october",
        "november",
        "december",
    ];
    let dated =
        |word: &String| MONTHS.contains(&word.as_str()) || word.chars().all(char::is_numeric);
    !text.is_empty() && text.iter().all(dated)
}

pub(crate) fn is_collective(words: &[String]) -> bool {
    let text = words.join(" ");
    let quantified = ["all", "none", "both", "neither", "any", "some"]
        .iter()
        .any(|word| words.first().is_some_and(|first| first == word));
    quantified && (text.contains("above") || text.contains("these") || text.contains("options"))
}

/// "I and III only", "a and b".
pub(crate) fn is_combination(words: &[String]) -> bool {
    let roman = |word: &String| word.chars().all(|letter| "ivx".contains(letter));
    let single = |word: &String| word.chars().count() == 1;
    let joint = ["and", "or", "only", "both"];
    let parts = words
        .iter()
        .filter(|word| !joint.contains(&word.as_str()))
        .collect::<Vec<_>>();
    !parts.is_empty()
        && parts.len() < words.len()
        && parts.iter().all(|word| roman(word) || single(word))
        || (!words.is_empty() && words.iter().all(roman))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::choice_sample;

    const LONG: [&str; 3] = [
        "a red fox under the old bridge",
        "two grey horses near some castle",
        "my little brother with his drum",
    ];

    #[test]
    fn items_that_can_be_guessed_are_left_out() {
        for (choices, right, reason) in [
            (&["only one"][..], 0, "no options"),
            (&["Yes.", "No."], 0, "yes or no"),
            (&["True", "False"], 1, "yes or no"),
            (&["1914", "1918", "1939"], 0, "closed series"),
            (&["5 kg", "10 kg", "$20"], 0, "closed series"),
            (&["May 5 1821", "June 1815"], 0, "closed series"),
            (
                &["the cat sat on the mat", "the cat sat on a mat", LONG[0]],
                0,
                "options alike",
            ),
        ] {
            let sample = choice_sample("x", "Which?", choices, right);
            assert_eq!(whole_item(&sample), Some(reason), "{choices:?}");
        }
        let mut unknown = choice_sample("x", "Which?", &LONG, 0);
        assert_eq!(whole_item(&unknown), None);
        unknown.target = Some(serde_json::json!(["a", "b"]));
        assert_eq!(whole_item(&unknown), Some("right option unknown"));
    }

    #[test]
    fn options_that_can_be_guessed_are_left_out() {
        for (option, reason) in [
            ("42", "number"),
            ("about 42 metres", "number"),
            ("All of the above", "all or none of the above"),
            ("None of these", "all or none of the above"),
            ("Both of the options", "all or none of the above"),
            ("I and III only", "combination of statements"),
            ("II, III", "combination of statements"),
            ("A and C", "combination of statements"),
            ("a small fox", "short option"),
            (
                "the man with the wooden leg",
                "option stands in the question",
            ),
        ] {
            let question = "Who is the man with the wooden leg?";
            let sample = choice_sample("x", question, &[option, LONG[0]], 1);
            assert_eq!(one_option(&sample, 0), Some(reason), "{option}");
            assert_eq!(one_option(&sample, 1), None);
        }
        let sample = choice_sample("x", "?", &["photosynthesis in algae", LONG[0]], 1);
        assert_eq!(one_option(&sample, 0), None, "three long words");
    }
}
