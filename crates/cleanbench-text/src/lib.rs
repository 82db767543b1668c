//! Comparing texts: words, overlap, alignment, and the metrics that are published under a name.
//!
//! Contamination probes compare texts as sequences of [`words`]: lower case, punctuation left out. Every
//! step of that is written down there, because normalisation alone moves published recall rates by several
//! points. For the same reason each metric under a name comes with the tokeniser of its reference
//! implementation, and is checked against that implementation (`tests/golden`).
//!
//! Invariants: pure functions of their arguments; similarities are from 0 to 1; the same bits on every
//! machine.
//!
//! Of what a model wrote, [`reasoning`] leaves the answer, [`dress`] takes off what only changes its look, [`bullets`]
//! finds the items of its lists, and [`json`] its JSON.
//!
//! What somebody else wrote is made harmless wherever it goes: [`cell`] for tables, [`foreign`] for
//! terminals and logs, [`notation`] for
//! XML, Markdown and the commands of a build server. [`markdown`] draws tables of what is harmless already.

mod alignment;
pub mod bullets;
pub mod cell;
mod closest;
mod count;
pub mod diff;
pub mod dress;
pub mod foreign;
pub mod json;
mod long_integers;
pub mod markdown;
mod normal;
pub mod notation;
pub mod number;
mod overlap;
mod python;
pub mod reasoning;
pub mod scan;
mod segment;
pub mod spelled;
mod token;

use std::collections::HashSet;

pub use alignment::{edit_distance, longest_common_subsequence};
pub use closest::closest;
pub use count::counted;
pub use long_integers::long_integers_as_texts;
pub use normal::{is_hidden, look_alike, normal};
pub use overlap::{bag_f1, bleu, chrf};
pub use segment::{Segment, first_segments, segments};
pub use token::{character_tokens, rouge_tokens, squad_tokens, tokens_13a};

/// The words of `text`, in order.
///
/// 1. Letters become lower case, one by one (Unicode, no language's special rules).
/// 2. A word is a run of letters and digits (Unicode `Alphabetic` and `Numeric`); everything else
///    divides words and is dropped. So "isn't" is two words and "1,000" too.
/// 3. A Chinese character or kana is a word of its own, because nothing divides words there.
///
/// Accents, digits of other scripts and ligatures stay as they are.
pub fn words(text: &str) -> Vec<String> {
    let mut words = Vec::new();
    let mut word = String::new();
    for letter in text.chars().flat_map(char::to_lowercase) {
        let alone = stands_alone(letter);
        if (alone || !letter.is_alphanumeric()) && !word.is_empty() {
            words.push(std::mem::take(&mut word));
        }
        if alone {
            words.push(letter.to_string());
        } else if letter.is_alphanumeric() {
            word.push(letter);
        }
    }
    if !word.is_empty() {
        words.push(word);
    }
    words
}

/// Han characters, hiragana and katakana.
fn stands_alone(letter: char) -> bool {
    matches!(letter,
        '\u{3040}'..='\u{30ff}' | '\u{3400}'..='\u{4dbf}' | '\u{4e00}'..='\u{9fff}'
        | '\u{f900}'..='\u{faff}' | '\u{20000}'..='\u{3134f}')
}

/// ROUGE-L (Lin 2004) with equal weight of precision and recall: twice the longest common subsequence
/// over the sum of both lengths. 0 when either is empty.
pub fn rouge_l(candidate: &[String], reference: &[String]) -> f64 {
    let common = longest_common_subsequence(candidate, reference);
    let total = candidate.len() + reference.len();
    if common == 0 {
        0.0
    } else {
        2.0 * real(common) / real(total)
    }
}

/// Number of words at the beginning that both have.
pub fn common_prefix(one: &[String], other: &[String]) -> usize {
    one.iter()
        .zip(other)
        .take_while(|(one, other)| one == other)
        .count()
}

/// Whether some `n` words in a row stand in both; `false` for `n` = 0.
pub fn share_ngram(one: &[String], other: &[String], n: usize) -> bool {
    if n == 0 {
        return false;
    }
    let seen: HashSet<_> = one.windows(n).collect();
    other.windows(n).any(|gram| seen.contains(gram))
}

#[expect(
    clippy::cast_precision_loss,
    reason = "texts have far fewer than 2^52 words"
)]
pub(crate) fn real(count: usize) -> f64 {
    count as f64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_what_the_documentation_says() {
        for (text, expected) in [
            ("", &[][..]),
            ("  The cat, sat.\n", &["the", "cat", "sat"]),
            ("isn't 1,000", &["isn", "t", "1", "000"]),
            ("ÄRGER Straße Ω", &["ärger", "straße", "ω"]),
            ("北京 is 首都A1", &["北", "京", "is", "首", "都", "a1"]),
            ("かな…", &["か", "な"]),
            ("--- ?!", &[]),
        ] {
            assert_eq!(words(text), expected, "{text:?}");
        }
    }

    #[test]
    fn overlaps_computed_by_hand() {
        // Common subsequence, ROUGE-L as twice that over the sum of lengths, common prefix.
        for (one, other, common, total, prefix) in [
            ("a b c d", "a b c d", 4, 8, 4),
            ("a b c d", "a x c d", 3, 8, 1),
            ("a b c", "c b a", 1, 6, 0),
            ("a b c d e", "b d", 2, 7, 0),
            ("", "a", 0, 1, 0),
            ("", "", 0, 0, 0),
            ("the cat sat on the mat", "the cat on a mat", 4, 11, 2),
        ] {
            let (one, other) = (words(one), words(other));
            assert_eq!(longest_common_subsequence(&one, &other), common);
            assert_eq!(longest_common_subsequence(&other, &one), common);
            let expected = if common == 0 {
                0.0
            } else {
                2.0 * real(common) / real(total)
            };
            assert!((rouge_l(&one, &other) - expected).abs() < 1e-15);
            assert_eq!(common_prefix(&one, &other), prefix);
        }
    }

    #[test]
    fn shared_ngrams() {
        let (one, other) = (words("a b c d e"), words("x b c d y"));
        assert!(share_ngram(&one, &other, 3) && !share_ngram(&one, &other, 4));
        assert!(!share_ngram(&one, &other, 0) && !share_ngram(&one, &[], 1));
    }
}
