//! From text to tokens and back: 256 single bytes, an end mark, and whole words.
//!
//! Invariants: every text can be encoded, and decoding gives it back byte for byte. A text is cut from
//! left to right, at each place into the longest word that fits.

use std::collections::HashMap;

/// Token of the end of a text; it also stands before the first token.
pub const END: u32 = 256;
/// Number of the first word.
const FIRST_WORD: u32 = 257;

/// The tokens of a model.
#[derive(Debug, Clone)]
pub struct Vocabulary {
    words: Vec<String>,
    numbers: HashMap<Vec<u8>, u32>,
    /// Length of the longest word, in bytes.
    longest: usize,
}

impl Vocabulary {
    /// Tokens 0 to 255 are bytes, 256 is the end mark, 257 and on are `words`. A word that stands there
    /// twice is known by its first number.
    pub fn new(words: Vec<String>) -> Self {
        let mut numbers = HashMap::with_capacity(words.len());
        for (word, number) in words.iter().zip(FIRST_WORD..) {
            numbers.entry(word.clone().into_bytes()).or_insert(number);
        }
        let longest = words.iter().map(String::len).max().unwrap_or(0);
        Self {
            words,
            numbers,
            longest,
        }
    }

    /// Number of tokens.
    pub fn size(&self) -> usize {
        FIRST_WORD as usize + self.words.len()
    }

    /// The words.
    pub fn words(&self) -> &[String] {
        &self.words
    }

    /// The tokens of `text`, without an end mark.
    pub fn encode(&self, text: &str) -> Vec<u32> {
        let mut rest = text.as_bytes();
        let mut tokens = Vec::new();
        while let Some(first) = rest.first() {
            let word = (1..=self.longest.min(rest.len()))
                .rev()
                .find_map(|length| Some((*self.numbers.get(&rest[..length])?, length)));
            let (token, length) = word.unwrap_or((u32::from(*first), 1));
            tokens.push(token);
            rest = &rest[length..];
        }
        tokens
    }

    /// The bytes of one token; none for the end mark and for numbers that no token has.
    pub fn bytes(&self, token: u32) -> &[u8] {
        match u8::try_from(token) {
            Ok(byte) => &BYTES[usize::from(byte)..=usize::from(byte)],
            Err(_) => token
                .checked_sub(FIRST_WORD)
                .and_then(|place| self.words.get(place as usize))
                .map_or(&[], |word| word.as_bytes()),
        }
    }

    /// The text of `tokens`. Bytes that are no UTF-8 become replacement characters.
    pub fn decode(&self, tokens: &[u32]) -> String {
        let bytes: Vec<u8> = tokens
            .iter()
            .flat_map(|token| self.bytes(*token).iter().copied())
            .collect();
        String::from_utf8_lossy(&bytes).into_owned()
    }
}

/// Every byte at its own position.
static BYTES: [u8; 256] = {
    let mut bytes = [0; 256];
    let mut byte = 0_u8;
    while byte < 255 {
        byte += 1;
        bytes[byte as usize] = byte;
    }
    bytes
};

#[cfg(test)]
mod tests {
    use super::*;
    use crate::world::{Random, World};

    fn small() -> Vocabulary {
        let words = ["ab", "abc", " b", "\nA.", "ä"].map(str::to_owned);
        Vocabulary::new(words.to_vec())
    }

    #[test]
    fn the_longest_word_wins() {
        let vocabulary = small();
        assert_eq!(vocabulary.size(), 262);
        for (text, tokens) in [
            ("", &[][..]),
            ("abcab", &[258, 257]),
            ("a bb", &[97, 259, 98]),
            ("x\nA.", &[120, 260]),
            ("äö", &[261, 0xc3, 0xb6]),
        ] {
            assert_eq!(vocabulary.encode(text), tokens, "{text:?}");
            assert_eq!(vocabulary.decode(tokens), text);
        }
        assert_eq!(vocabulary.decode(&[END, 97, 9_999]), "a");
    }

    #[test]
    fn any_text_comes_back() {
        let lexicon = World::new(1).lexicon;
        let vocabulary = Vocabulary::new(lexicon.words());
        let mut random = Random::new(2, "texts");
        for _ in 0..500 {
            let mut text = String::new();
            for _ in 0..random.below(20) {
                match random.below(3) {
                    0 => text.push_str(random.pick::<String>(vocabulary.words())),
                    1 => text.extend(char::from_u32(
                        u32::try_from(random.below(0x11_0000)).unwrap(),
                    )),
                    _ => text.push(*random.pick(&['a', ' ', '\n', '?'])),
                }
            }
            assert_eq!(vocabulary.decode(&vocabulary.encode(&text)), text);
        }
    }
}
