//! The formats of logs, and the one table by which a record is recognised.
//!
//! Invariant: a record is what it holds. The first one that is recognised decides for its file; what is of another
//! kind is counted and left out.

mod exchange;
mod openai_batch;
mod otlp;

use serde_json::{Map, Value};

use super::chat::{Found, Skip};

/// A format of logs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LogFormat {
    /// Lines of an `OpenAI` batch, what went in or what came out; both together are joined.
    Batch,
    /// A chat a line, or a request with its response as proxies write them.
    Chat,
    /// OpenTelemetry spans in JSON.
    Otlp,
}

impl LogFormat {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Batch, Self::Chat, Self::Otlp];

    /// Its name on a command line.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Batch => "batch",
            Self::Chat => "chat",
            Self::Otlp => "otlp",
        }
    }

    /// The format that a record looks like.
    pub(super) fn of(record: &Map<String, Value>) -> Option<Self> {
        if otlp::is_one(record) {
            Some(Self::Otlp)
        } else if openai_batch::is_one(record) {
            Some(Self::Batch)
        } else if exchange::is_one(record) {
            Some(Self::Chat)
        } else {
            None
        }
    }

    /// Hands what stands in `record` to `take`, chats and what is left out alike.
    pub(super) fn read(
        self,
        record: &Map<String, Value>,
        take: &mut dyn FnMut(Result<Found, Skip>),
    ) {
        match self {
            Self::Batch => take(openai_batch::read(record)),
            Self::Chat => take(exchange::read(record)),
            Self::Otlp => otlp::read(record, take),
        }
    }
}
