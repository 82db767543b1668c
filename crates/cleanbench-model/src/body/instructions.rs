//! Where instructions that precede a conversation go, for models that know no role for them.
//!
//! Invariant: no word of them is lost, and no message of another speaker changes its speaker. Raw text has no roles,
//! and stays as it is.

use std::borrow::Cow;

use cleanbench_core::{Form, Message, Request, Role};

use crate::Endpoint;
use crate::config::SystemRole;

/// `request` as `endpoint` is asked it.
pub(super) fn placed<'a>(endpoint: &Endpoint, request: &'a Request) -> Cow<'a, Request> {
    let is_chat = matches!(request.form, Form::Chat | Form::Prefill);
    let mut messages = request.messages.iter();
    let has_any = messages.any(|message| message.role == Role::System);
    if endpoint.system == SystemRole::Send || !is_chat || !has_any {
        return Cow::Borrowed(request);
    }
    Cow::Owned(Request {
        messages: merged(&request.messages),
        ..request.clone()
    })
}

/// `messages` with each text of the system before that of the next message of the user; what no user follows is said
/// by the user.
fn merged(messages: &[Message]) -> Vec<Message> {
    let mut merged: Vec<Message> = Vec::new();
    let mut waiting: Vec<&str> = Vec::new();
    for message in messages {
        match message.role {
            Role::System => waiting.push(&message.content),
            Role::User => {
                waiting.push(&message.content);
                let full = waiting.drain(..).filter(|text| !text.is_empty());
                merged.push(Message {
                    content: full.collect::<Vec<_>>().join("\n\n"),
                    ..message.clone()
                });
            }
            Role::Assistant => merged.push(message.clone()),
        }
    }
    if !waiting.is_empty() {
        merged.push(Message::new(Role::User, waiting.join("\n\n")));
    }
    merged
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_next_user_says_what_the_system_said() {
        let message = |text: &str| {
            let (role, content) = text.split_once(' ').unwrap();
            let role = match role {
                "s" => Role::System,
                "u" => Role::User,
                _ => Role::Assistant,
            };
            Message::new(role, content)
        };
        let check = |before: &[&str], after: &[&str]| {
            let before: Vec<_> = before.iter().map(|text| message(text)).collect();
            let after: Vec<_> = after.iter().map(|text| message(text)).collect();
            assert_eq!(merged(&before), after);
        };
        check(&["s a", "u b"], &["u a\n\nb"]);
        check(
            &["s a", "s b", "u c", "a d", "u e"],
            &["u a\n\nb\n\nc", "a d", "u e"],
        );
        check(&["u a", "s b", "u c"], &["u a", "u b\n\nc"]);
        check(&["s a"], &["u a"]);
    }
}
