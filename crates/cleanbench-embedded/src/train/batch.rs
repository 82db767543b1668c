//! Rows of tokens: documents are never cut, gaps are filled with short statements.

use std::collections::HashMap;

use crate::world::{Document, Lexicon};

/// Token of the end of a text; it also stands before the first.
pub(super) const END: u32 = 256;
/// Tokens of a row.
pub(super) const ROW: usize = 128;

/// Words of a world to token numbers: single bytes, the end mark, then the words.
#[derive(Debug)]
pub struct Tokenizer {
    words: HashMap<Vec<u8>, u32>,
    longest: usize,
    /// Number of tokens.
    pub size: usize,
}

impl Tokenizer {
    /// The tokens of `lexicon`.
    pub fn new(lexicon: &Lexicon) -> Self {
        let words = lexicon.words();
        let size = 257 + words.len();
        let longest = words.iter().map(String::len).max().unwrap_or(1);
        Self {
            words: words
                .into_iter()
                .zip(257..)
                .map(|(word, id)| (word.into_bytes(), id))
                .collect(),
            longest,
            size,
        }
    }

    /// The tokens of `text`, by greedy longest match.
    pub fn encode(&self, text: &str) -> Vec<u32> {
        let mut rest = text.as_bytes();
        let mut tokens = Vec::new();
        while !rest.is_empty() {
            let found = (1..=self.longest.min(rest.len()))
                .rev()
                .find_map(|length| self.words.get(&rest[..length]).map(|id| (*id, length)));
            let (id, length) = found.unwrap_or((u32::from(rest[0]), 1));
            tokens.push(id);
            rest = &rest[length..];
        }
        tokens
    }

    /// The tokens of a document, each with its weight, and the end mark.
    pub fn document(&self, document: &Document) -> Vec<(u32, f32)> {
        let mut tokens = Vec::new();
        for (text, weight) in &document.pieces {
            tokens.extend(self.encode(text).into_iter().map(|id| (id, *weight)));
        }
        tokens.push((END, 0.5));
        tokens
    }
}

/// A row: it starts with [`END`], and each token has the weight of being predicted.
#[derive(Debug, Clone)]
pub struct Row {
    /// The tokens.
    pub tokens: Vec<u32>,
    /// How much predicting each token counts.
    pub weights: Vec<f32>,
}

impl Row {
    /// A row with nothing in it yet.
    pub fn empty() -> Self {
        Self {
            tokens: vec![END],
            weights: vec![0.0],
        }
    }

    /// Tokens that still fit.
    pub fn room(&self) -> usize {
        ROW + 1 - self.tokens.len()
    }

    /// Appends a document, which must fit.
    pub fn push(&mut self, document: &[(u32, f32)]) {
        for (token, weight) in document {
            self.tokens.push(*token);
            self.weights.push(*weight);
        }
    }

    /// Fills what is left with nothing that is learnt.
    pub fn close(&mut self) {
        while self.room() > 0 {
            self.push(&[(END, 0.0)]);
        }
    }
}
