//! Rows of tokens: documents are never cut, gaps are filled with short statements.

use crate::vocabulary::{END, Vocabulary};
use crate::world::Document;

/// How much predicting the end of a document counts.
const END_WEIGHT: f32 = 0.5;
/// Tokens of a row.
pub(super) const ROW: usize = 128;

/// The tokens of a document, each with its weight, and the end mark.
pub(super) fn document_tokens(vocabulary: &Vocabulary, document: &Document) -> Vec<(u32, f32)> {
    let mut tokens = Vec::new();
    for (text, weight) in &document.pieces {
        let piece = vocabulary.encode(text);
        tokens.extend(piece.into_iter().map(|token| (token, *weight)));
    }
    tokens.push((END, END_WEIGHT));
    tokens
}

/// A row: it starts with [`END`], and each token has the weight of being predicted.
#[derive(Debug, Clone)]
pub(super) struct Row {
    /// The tokens.
    pub(super) tokens: Vec<u32>,
    /// How much predicting each token counts.
    pub(super) weights: Vec<f32>,
}

impl Row {
    /// A row with nothing in it yet.
    pub(super) fn empty() -> Self {
        Self {
            tokens: vec![END],
            weights: vec![0.0],
        }
    }

    /// Tokens that still fit.
    pub(super) fn room(&self) -> usize {
        ROW + 1 - self.tokens.len()
    }

    /// Appends a document, which must fit.
    pub(super) fn push(&mut self, document: &[(u32, f32)]) {
        for (token, weight) in document {
            self.tokens.push(*token);
            self.weights.push(*weight);
        }
    }

    /// Fills what is left with nothing that is learnt.
    pub(super) fn close(&mut self) {
        while self.room() > 0 {
            self.push(&[(END, 0.0)]);
        }
    }
}
