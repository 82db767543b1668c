//! How an item looks as text: the layout in which most copies on the web stand.

use cleanbench_core::Sample;
use cleanbench_core::sample::SampleInput;

/// Names of options.
const LETTERS: &str = "ABCDEFGHIJKLMNOPQRSTUVWXYZ";

/// The label of the option at `place`, for example `C.`.
pub(crate) fn label(place: usize) -> String {
    let letter = LETTERS.chars().nth(place % LETTERS.len()).unwrap_or('A');
    format!("{letter}.")
}

/// What the item asks: its input, or the contents of its messages joined by blank lines.
pub(crate) fn question(sample: &Sample) -> String {
    match &sample.input {
        SampleInput::Input(text) => text.trim().to_owned(),
        SampleInput::Messages(messages) => {
            let texts: Vec<_> = messages
                .iter()
                .map(|message| message.content.trim())
                .collect();
            texts.join("\n\n")
        }
    }
}

/// The question and `options`, one a line. Items without options are just the question.
pub(crate) fn item<'a>(sample: &Sample, options: impl IntoIterator<Item = &'a str>) -> String {
    if sample.choices.is_empty() {
        return question(sample);
    }
    let mut text = format!("Question: {}", question(sample));
    for (place, option) in options.into_iter().enumerate() {
        text.extend(["\n", &label(place), " ", option]);
    }
    text
}

/// Everything before the option at `place`, up to and with its label.
pub(crate) fn before_option(sample: &Sample, place: usize) -> String {
    let shown = sample.choices.iter().take(place).map(String::as_str);
    format!("{}\n{}", item(sample, shown), label(place))
}

/// `text` without the labels at the beginnings of its lines.
pub(crate) fn without_labels(text: &str) -> String {
    let lines = text.lines().map(|line| strip_label(line.trim_start()));
    lines.collect::<Vec<_>>().join("\n")
}

/// `line` without a label such as `C.`, `C)` or `(C)` at its beginning.
pub(crate) fn strip_label(line: &str) -> &str {
    let inner = line.strip_prefix('(').unwrap_or(line);
    let mut letters = inner.chars();
    match (letters.next(), letters.next()) {
        (Some(letter), Some('.' | ')' | ':')) if letter.is_ascii_uppercase() => {
            letters.as_str().trim_start()
        }
        _ => line,
    }
}

/// The text that an answer gives for a single option: its first line that holds anything, without label
/// and quotation marks.
pub(crate) fn single_line(answer: &str) -> &str {
    let line = answer.lines().map(str::trim).find(|line| !line.is_empty());
    strip_label(line.unwrap_or_default()).trim_matches(['"', '“', '”', '\'', '`', '*'])
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::choice_sample;

    #[test]
    fn an_item_is_laid_out_line_by_line() {
        let sample = choice_sample("x", "Which one?", &["red", "green", "blue"], 1);
        let all = sample.choices.iter().map(String::as_str);
        assert_eq!(
            item(&sample, all),
            "Question: Which one?\nA. red\nB. green\nC. blue"
        );
        assert_eq!(
            before_option(&sample, 2),
            "Question: Which one?\nA. red\nB. green\nC."
        );
        let open = choice_sample("x", " Say why. ", &[], 0);
        assert_eq!(item(&open, []), "Say why.");
    }

    #[test]
    fn labels_are_dropped_and_articles_are_not() {
        for (line, expected) in [
            ("C. blue", "blue"),
            ("(C) blue", "blue"),
            ("C) blue", "blue"),
            ("A blue one", "A blue one"),
            ("a. blue", "a. blue"),
            ("", ""),
            ("(x", "(x"),
        ] {
            assert_eq!(strip_label(line), expected);
        }
        assert_eq!(
            without_labels("palace\nB. red\n C. blue"),
            "palace\nred\nblue"
        );
    }

    #[test]
    fn a_single_line_is_what_an_answer_says() {
        for (answer, expected) in [
            (" the red fox\nB. other", "the red fox"),
            ("\n\n\"the red fox\"", "the red fox"),
            ("C. **the red fox**", "the red fox"),
            ("", ""),
        ] {
            assert_eq!(single_line(answer), expected);
        }
    }
}
