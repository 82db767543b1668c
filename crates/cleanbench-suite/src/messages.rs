//! A sample's own conversation.

use cleanbench_core::{Message, Role};

use crate::diagnostic::Fault;
use crate::json::Raw;
use crate::words::{did_you_mean, shown};

/// The words for roles.
const ROLES: [(&str, Role); 3] = [
    ("system", Role::System),
    ("user", Role::User),
    ("assistant", Role::Assistant),
];

/// The role that `word` names.
///
/// # Errors
/// A fault at `at`.
pub(crate) fn role(word: &str, at: usize) -> Result<Role, Fault> {
    let found = ROLES.iter().find(|(name, _)| *name == word);
    found.map(|(_, role)| *role).ok_or_else(|| {
        let names = ROLES.iter().map(|(name, _)| *name);
        Fault::new(at, format!("unknown role {}", shown(word)))
            .hint("a role is `system`, `user` or `assistant`")
            .maybe_hint(did_you_mean(word, names))
    })
}

/// The word for `role`.
pub(crate) fn role_name(role: Role) -> &'static str {
    let found = ROLES.iter().find(|(_, known)| *known == role);
    found.map_or("", |(name, _)| name)
}

/// Reads an array of `{"role", "content"}`.
///
/// # Errors
/// The first thing that is wrong.
pub(crate) fn parse(raw: Raw<'_>) -> Result<Vec<Message>, Fault> {
    let elements = raw.elements("`messages`")?;
    if elements.is_empty() {
        return Err(Fault::new(raw.at, "`messages` is empty"));
    }
    elements.into_iter().map(message).collect()
}

fn message(raw: Raw<'_>) -> Result<Message, Fault> {
    let (mut role_found, mut content) = (None, None);
    for entry in raw.entries("each of `messages`")? {
        let repeated = match &*entry.key {
            "role" => {
                let word = entry.raw.string("`role`")?;
                role_found.replace(role(&word, entry.raw.at)?).is_some()
            }
            "content" => content.replace(entry.raw.string("`content`")?).is_some(),
            other => {
                let message = format!("unknown field {} in a message", shown(other));
                return Err(Fault::new(entry.key_at, message)
                    .hint("a message has `role` and `content`")
                    .maybe_hint(did_you_mean(other, ["role", "content"])));
            }
        };
        if repeated {
            let message = format!("duplicate key {} in a message", shown(&entry.key));
            return Err(Fault::new(entry.key_at, message));
        }
    }
    let missing = |name: &str| Fault::new(raw.at, format!("a message without `{name}`"));
    Ok(Message {
        role: role_found.ok_or_else(|| missing("role"))?,
        content: content.ok_or_else(|| missing("content"))?,
        images: Vec::new(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_conversation_is_read_or_the_fault_is_named() {
        let check =
            |text: &str| parse(Raw { text, at: 0 }).map_err(|fault| (fault.at, fault.message));
        let good = check(r#"[{"role":"user","content":"a"},{"content":"b","role":"assistant"}]"#);
        assert_eq!(good.unwrap()[1].role, Role::Assistant);
        for (text, at, message) in [
            ("[]", 0, "`messages` is empty"),
            ("{}", 0, "`messages` must be an array, found an object"),
            (r#"[{"role":"usr","content":""}]"#, 9, "unknown role `usr`"),
            (r#"[{"role":"user"}]"#, 1, "a message without `content`"),
            (
                r#"[{"role":"user","content":[]}]"#,
                26,
                "`content` must be a string, found an array",
            ),
            (
                r#"[{"role":"user","name":"x"}]"#,
                16,
                "unknown field `name` in a message",
            ),
        ] {
            assert_eq!(check(text), Err((at, message.to_owned())));
        }
    }
}
