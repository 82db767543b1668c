//! What a message of an Inspect log says: a text, or a list of parts, either of which may stand elsewhere in the log.

use std::cell::Cell;
use std::collections::HashMap;

use serde_json::Value;

/// How a text begins that stands among the attachments.
const REFERENCE: &str = "attachment://";
/// Most bytes that references of a sample come to.
const MOST: usize = 64 << 20;

/// Texts of a sample that stand apart from where they are said.
#[derive(Debug)]
pub(super) struct Attachments<'a> {
    texts: Option<&'a HashMap<String, String>>,
    /// Bytes that may still be put in the place of references: one text may be referred to over and over.
    room: Cell<usize>,
}

impl<'a> Attachments<'a> {
    pub(super) fn new(attachments: Option<&'a HashMap<String, String>>) -> Self {
        Self {
            texts: attachments,
            room: Cell::new(MOST),
        }
    }

    /// `text`, or what it refers to where that is there.
    pub(super) fn resolved(&self, text: &str) -> String {
        let name = text.strip_prefix(REFERENCE);
        let found = name.and_then(|name| self.texts?.get(name));
        let left = found.and_then(|found| self.room.get().checked_sub(found.len()));
        match (found, left) {
            (Some(found), Some(left)) => {
                self.room.set(left);
                found.clone()
            }
            _ => text.to_owned(),
        }
    }
}

/// What a message says.
#[derive(Debug, Default)]
pub(super) struct Said {
    pub(super) text: String,
    pub(super) reasoning: Option<String>,
    /// Whether there is more than text in it.
    pub(super) has_more: bool,
}

/// What `content` says.
pub(super) fn said(content: &Value, attachments: &Attachments<'_>) -> Said {
    match content {
        Value::String(text) => Said {
            text: attachments.resolved(text),
            ..Said::default()
        },
        Value::Array(parts) => {
            let mut said = Said::default();
            let mut texts = Vec::new();
            for part in parts {
                said.add(part, &mut texts, attachments);
            }
            said.text = texts.join("\n");
            said
        }
        _ => Said::default(),
    }
}

impl Said {
    fn add(&mut self, part: &Value, texts: &mut Vec<String>, attachments: &Attachments<'_>) {
        let field = |name: &str| part.get(name).and_then(Value::as_str);
        match field("type") {
            Some("text") => texts.extend(field("text").map(|text| attachments.resolved(text))),
            Some("reasoning") => {
                let own = field("reasoning").map(|text| attachments.resolved(text));
                let before = self.reasoning.take();
                let both = before.into_iter().chain(own).collect::<Vec<_>>();
                self.reasoning = Some(both.join("\n")).filter(|text| !text.is_empty());
            }
            _ => self.has_more = true,
        }
    }
}
