//! What any log comes to: a chat up to the model's last turn, and what the model said then.
//!
//! Invariant: texts are those of the log, unaltered; what a record does not say is absent.

use cleanbench_core::Message;

/// Why a record is left out.
pub(super) type Skip = &'static str;

/// A recorded chat.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct Chat {
    /// What the model saw; the last of it is the user's.
    pub(super) messages: Vec<Message>,
    /// What it answered.
    pub(super) answer: Option<String>,
    /// Its name.
    pub(super) model: Option<String>,
    /// The day, `YYYY-MM-DD`.
    pub(super) created: Option<String>,
    /// The conversation or session, by the log's own name of it.
    pub(super) session: Option<String>,
    /// Who asked, by the log's own name of them.
    pub(super) person: Option<String>,
    /// What a batch calls it.
    pub(super) custom_id: Option<String>,
    /// What was asked for besides a text, a few words each.
    pub(super) besides: Vec<String>,
}

/// An answer in a file of its own.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct Reply {
    /// What the batch calls its question.
    pub(super) custom_id: String,
    /// The answer.
    pub(super) answer: Option<String>,
    /// Name of the model that answered.
    pub(super) model: Option<String>,
    /// The day, `YYYY-MM-DD`.
    pub(super) created: Option<String>,
}

/// What stands in a record.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Found {
    /// A chat, perhaps with its answer.
    Chat(Box<Chat>),
    /// An answer to a question that stands elsewhere.
    Reply(Reply),
}
