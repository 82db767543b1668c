//! The tokens of published metrics, each as its reference implementation divides a text.
//!
//! Invariant: linear in the length of the text. What a tokeniser drops is said at each: the one of ROUGE
//! knows no letters but a to z, so that nothing is left of Chinese.

use std::sync::LazyLock;

use regex::Regex;

use crate::python::{is_space, split};

/// Tokens as `rouge-score` 0.1.2 has them without its stemmer: lower case, runs of a to z and 0 to 9;
/// everything else divides tokens and is dropped, `ä` and `中` included.
pub fn rouge_tokens(text: &str) -> Vec<String> {
    text.to_lowercase()
        .split(|letter: char| !letter.is_ascii_lowercase() && !letter.is_ascii_digit())
        .filter(|token| !token.is_empty())
        .map(str::to_owned)
        .collect()
}

/// Tokens as the evaluation of `SQuAD` has them: lower case, the 32 signs of ASCII punctuation dropped,
/// the articles a, an and the dropped, divided at white space (Rajpurkar et al. 2016).
pub fn squad_tokens(text: &str) -> Vec<String> {
    static ARTICLE: LazyLock<Regex> = LazyLock::new(|| fixed(r"\b(?:a|an|the)\b"));
    let lower = text.to_lowercase();
    let bare: String = lower
        .chars()
        .filter(|letter| !letter.is_ascii_punctuation())
        .collect();
    split(&ARTICLE.replace_all(&bare, " "))
        .map(str::to_owned)
        .collect()
}

/// Tokens as `sacrebleu` 2.6 has them by its default `13a`, which is that of `mteval-v13a`: ASCII
/// punctuation stands alone, except points and commas within numbers, hyphens and apostrophes. Made for
/// languages that divide words by spaces.
pub fn tokens_13a(text: &str) -> Vec<String> {
    static STEPS: LazyLock<[(Regex, &str); 4]> = LazyLock::new(|| {
        [
            (fixed(r"([\{-\~\[-`\x20-\&\(-\+:-@/])"), " $1 "),
            (fixed(r"([^0-9])([.,])"), "$1 $2 "),
            (fixed(r"([.,])([^0-9])"), " $1 $2"),
            (fixed(r"([0-9])(-)"), "$1 $2 "),
        ]
    });
    let text = text.trim_end_matches(is_space);
    let text = text
        .replace("<skipped>", "")
        .replace("-\n", "")
        .replace('\n', " ");
    let text = text
        .replace("&quot;", "\"")
        .replace("&amp;", "&")
        .replace("&lt;", "<")
        .replace("&gt;", ">");
    let spaced = STEPS.iter().fold(format!(" {text} "), |text, (step, by)| {
        step.replace_all(&text, *by).into_owned()
    });
    split(&spaced).map(str::to_owned).collect()
}

/// Every character that is no white space, as `sacrebleu` has it by `char`.
pub fn character_tokens(text: &str) -> Vec<String> {
    text.chars()
        .filter(|letter| !is_space(*letter))
        .map(String::from)
        .collect()
}

fn fixed(pattern: &str) -> Regex {
    Regex::new(pattern).expect("the pattern is fixed and its tests compile it")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_the_tokenisers_make_of_a_text() {
        let text = "The café's 3.5-litre jar, e.g. \"a\" one (No. 7)!";
        assert_eq!(
            rouge_tokens(text),
            [
                "the", "caf", "s", "3", "5", "litre", "jar", "e", "g", "a", "one", "no", "7"
            ]
        );
        assert_eq!(
            squad_tokens(text),
            ["cafés", "35litre", "jar", "eg", "one", "no", "7"]
        );
        assert_eq!(
            tokens_13a(text),
            [
                "The", "café's", "3.5", "-", "litre", "jar", ",", "e", ".", "g", ".", "\"", "a",
                "\"", "one", "(", "No", ".", "7", ")", "!"
            ]
        );
        assert_eq!(character_tokens("a b\u{1c}中"), ["a", "b", "中"]);
        assert_eq!(rouge_tokens("中文"), [""; 0]);
    }
}
