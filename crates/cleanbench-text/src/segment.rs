//! Words in every script, with their places.
//!
//! Boundaries are those of UAX 29 (Unicode 16). Scripts that divide no words (Chinese, Japanese, Thai, Lao, Khmer,
//! Burmese) come character by character: what is counted in words is counted there in characters.
//!
//! Invariant: places are those of the text as it was given; pieces without a letter or digit are no words.

use unicode_segmentation::UnicodeSegmentation as _;

/// A word and where it stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Segment {
    /// The word in lower case and normal form.
    pub word: String,
    /// Its first byte in the text.
    pub start: usize,
    /// The byte after its last.
    pub end: usize,
}

/// The words of `text`, in order.
pub fn segments(text: &str) -> Vec<Segment> {
    first_segments(text, usize::MAX)
}

/// The first words of `text`, at most so many: what is behind them is not looked at.
pub fn first_segments(text: &str, most: usize) -> Vec<Segment> {
    let pieces = text.unicode_word_indices().take(most);
    let segment = |(start, piece): (usize, &str)| Segment {
        word: crate::normal(piece).to_lowercase(),
        start,
        end: start + piece.len(),
    };
    pieces.map(segment).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn said(text: &str) -> Vec<String> {
        segments(text).into_iter().map(|one| one.word).collect()
    }

    #[test]
    fn words_are_found_in_every_script() {
        for (text, expected) in [
            ("It isn't 1,000.5!", &["it", "isn't", "1,000.5"][..]),
            ("Über  Größe\n", &["über", "größe"]),
            ("Кто там?", &["кто", "там"]),
            ("नमस्ते दुनिया", &["नमस्ते", "दुनिया"]),
            ("水は冷たい", &["水", "は", "冷", "た", "い"]),
            ("น้ำเย็น", &["น้", "ำ", "เ", "ย็", "น"]),
            ("물은 차갑다", &["물은", "차갑다"]),
            ("$x^2+y$", &["x", "2", "y"]),
            ("", &[]),
        ] {
            assert_eq!(said(text), expected, "{text}");
        }
    }

    #[test]
    fn the_first_words_are_as_many_as_were_asked_for() {
        let text = "It isn't 1,000.5!";
        let first = first_segments(text, 2);
        assert_eq!(first, segments(text)[..2]);
        assert_eq!(first_segments(text, 9), segments(text));
    }

    #[test]
    fn places_are_those_of_the_text() {
        let text = "  “Ａb” 水 ";
        for segment in segments(text) {
            let piece = &text[segment.start..segment.end];
            assert_eq!(crate::normal(piece).to_lowercase(), segment.word);
        }
    }
}
