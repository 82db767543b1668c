//! How a call ended.
//!
//! Unsupported, failed and zero are three things: an end is none of the others, and no score.

use serde::{Deserialize, Serialize};

/// How a call ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// The model answered; the answer may be empty or wrong.
    Answered,
    /// The endpoint rejected the request.
    Refused,
    /// A content filter rejected or cut off the answer.
    Censored,
    /// The endpoint does not do what was asked.
    Unsupported,
    /// Every attempt failed.
    Exhausted,
    /// Decided not to ask.
    Skipped,
}

impl Outcome {
    /// All of them.
    pub const ALL: [Self; 6] = [
        Self::Answered,
        Self::Refused,
        Self::Censored,
        Self::Unsupported,
        Self::Exhausted,
        Self::Skipped,
    ];

    /// The one that `word` names.
    pub fn named(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|one| one.as_str() == word)
    }

    /// The word used in files and tables.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Answered => "answered",
            Self::Refused => "refused",
            Self::Censored => "censored",
            Self::Unsupported => "unsupported",
            Self::Exhausted => "exhausted",
            Self::Skipped => "skipped",
        }
    }
}
