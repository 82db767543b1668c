//! Prompts that may be conversations in JSON.

use cleanbench_core::{Message, Role};
use serde::Deserialize;

#[derive(Deserialize)]
struct Turn {
    role: Role,
    content: String,
}

/// What `prompt` puts to a model: the turns that it holds as JSON, each of a role and a text, or itself as one of a
/// user.
pub(super) fn messages(prompt: &str) -> Vec<Message> {
    let may_be = prompt.trim_start().starts_with('[');
    let turns = may_be.then(|| serde_json::from_str::<Vec<Turn>>(prompt).ok());
    match turns.flatten().filter(|turns| !turns.is_empty()) {
        None => vec![Message::new(Role::User, prompt)],
        Some(turns) => {
            let each = turns.into_iter();
            each.map(|turn| Message::new(turn.role, turn.content))
                .collect()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_prompt_may_be_a_conversation() {
        let chat =
            r#"[{"role": "system", "content": "Be brief."}, {"role": "user", "content": "Hi"}]"#;
        assert_eq!(messages(chat)[0].role, Role::System);
        assert_eq!(messages("[1] is a note").len(), 1);
        assert_eq!(messages("[]")[0].content, "[]");
    }
}
