//! Tokens as llama.cpp's `/tokenize` gives them: an id and the bytes it stands for.

use serde_json::Value;

/// A token.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Piece {
    pub(super) id: u64,
    pub(super) bytes: Vec<u8>,
}

impl Piece {
    /// Whether the token begins and ends with whole characters. The server reports nothing for one
    /// that does not.
    pub(super) fn is_whole(&self) -> bool {
        !self.bytes.is_empty() && std::str::from_utf8(&self.bytes).is_ok()
    }
}

/// The tokens of an answer; `None` where it is something else.
pub(super) fn read(answer: &Value) -> Option<Vec<Piece>> {
    answer["tokens"].as_array()?.iter().map(piece).collect()
}

fn piece(token: &Value) -> Option<Piece> {
    let bytes = match &token["piece"] {
        Value::String(text) => text.clone().into_bytes(),
        Value::Array(bytes) => bytes
            .iter()
            .map(|byte| byte.as_u64().and_then(|byte| u8::try_from(byte).ok()))
            .collect::<Option<_>>()?,
        _ => return None,
    };
    let id = token["id"].as_u64()?;
    Some(Piece { id, bytes })
}

/// The ids of `pieces`.
pub(super) fn ids(pieces: &[Piece]) -> Vec<u64> {
    pieces.iter().map(|piece| piece.id).collect()
}

/// Whether `pieces` spell exactly `text`.
pub(super) fn spell(pieces: &[Piece], text: &str) -> bool {
    let bytes = pieces.iter().flat_map(|piece| &piece.bytes);
    bytes.eq(text.as_bytes())
}
