//! Foreign words in our messages: short, printable, and never the prompt.
//!
//! Invariant: no control or bidirectional character passes, and no 24 bytes in a row of a prompt
//! (or the whole of a shorter one) do. The model's name is no prompt and may be repeated.

use std::collections::HashSet;

use serde_json::Value;

/// Length of the stretch of a prompt that must not show, in bytes.
const WINDOW: usize = 24;

/// Prompts shorter than this, in bytes, occur in any message by chance.
const SHORTEST: usize = 6;

/// `text` on one line, without characters that move the cursor or turn the writing around, and cut
/// after `limit` characters.
pub(super) fn clean(text: &str, limit: usize) -> String {
    let printable = one_line(text);
    let mut cut: String = printable.chars().take(limit).collect();
    if cut.len() < printable.len() {
        cut.push('…');
    }
    cut
}

/// `: "said"`, or a note in its place if it repeats a prompt of the request `body`.
pub(super) fn or_withheld(said: &str, limit: usize, body: &[u8]) -> String {
    if repeats_prompt(&one_line(said), body) {
        " (the server's message repeats the prompt; it is in the recorded reply)".to_owned()
    } else {
        format!(": \"{}\"", clean(said, limit))
    }
}

fn one_line(text: &str) -> String {
    let visible = text.chars().map(|character| {
        if is_unprintable(character) {
            ' '
        } else {
            character
        }
    });
    let spaced: String = visible.collect();
    spaced.split_whitespace().collect::<Vec<_>>().join(" ")
}

fn is_unprintable(character: char) -> bool {
    character.is_control()
        || matches!(character,
            '\u{ad}' | '\u{61c}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}'
            | '\u{2060}'..='\u{206f}' | '\u{feff}' | '\u{fff9}'..='\u{fffb}'
            | '\u{e0000}'..='\u{e007f}')
}

fn repeats_prompt(message: &str, body: &[u8]) -> bool {
    let prompts = prompts_of(body);
    let windows: HashSet<&[u8]> = message.as_bytes().windows(WINDOW).collect();
    prompts.iter().any(|prompt| {
        let bytes = prompt.as_bytes();
        if bytes.len() < WINDOW {
            bytes.len() >= SHORTEST && message.contains(prompt.as_str())
        } else {
            bytes.windows(WINDOW).any(|window| windows.contains(window))
        }
    })
}

/// Every prompt of a request, as it reads and as it is escaped in JSON; of a body that is no JSON,
/// all of it.
fn prompts_of(body: &[u8]) -> Vec<String> {
    let mut texts = Vec::new();
    match serde_json::from_slice::<Value>(body) {
        Ok(request) => {
            for key in ["messages", "prompt", "input", "system"] {
                collect(&request[key], &mut texts);
            }
        }
        Err(_) => texts.push(String::from_utf8_lossy(body).into_owned()),
    }
    let escaped: Vec<_> = texts.iter().map(|text| escape(text)).collect();
    texts.extend(escaped);
    texts.iter().map(|text| one_line(text)).collect()
}

fn collect(value: &Value, texts: &mut Vec<String>) {
    match value {
        Value::String(text) => texts.push(text.clone()),
        Value::Array(items) => items.iter().for_each(|item| collect(item, texts)),
        Value::Object(message) => {
            for key in ["content", "text"] {
                if let Some(content) = message.get(key) {
                    collect(content, texts);
                }
            }
        }
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}

fn escape(text: &str) -> String {
    let quoted = Value::from(text).to_string();
    quoted[1..quoted.len() - 1].to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_moves_the_cursor_or_turns_the_writing_is_gone() {
        assert_eq!(
            clean("a\u{1b}[31mb\r\nc\u{202e}d\u{200b}e\t f", 99),
            "a [31mb c d e f"
        );
        assert_eq!(clean("äöü", 2), "äö…");
        assert_eq!(clean("äö", 2), "äö");
    }

    #[test]
    fn a_prompt_is_never_repeated() {
        let check = |prompt: &str, said: &str, withheld: bool| {
            let messages = serde_json::json!({"model": "a-model-with-a-rather-long-name", "messages": [{"role": "user", "content": prompt}]});
            let raw =
                serde_json::json!({"model": "a-model-with-a-rather-long-name", "prompt": prompt});
            for body in [messages, raw] {
                let quoted = or_withheld(said, 200, body.to_string().as_bytes());
                assert_eq!(!quoted.starts_with(": \""), withheld, "{said}: {quoted}");
            }
        };
        let prompt = "The patient's name is Ada Lovelace,\nborn \"1815\".";
        check(prompt, "bad input", false);
        check(prompt, "bad input: e patient's name is Ada Lov", true);
        check(prompt, "bad input: e patient's name is Ada", false);
        check(prompt, "no: Ada   Lovelace,\n  born \"1815\".", true);
        check(
            prompt,
            r#"no: {"content":"Ada Lovelace,\nborn \"1815\"."}"#,
            true,
        );
        check("short one", "cannot tokenise short one here", true);
        check("hi", "this is fine", false);
        check(
            prompt,
            "model a-model-with-a-rather-long-name does not exist",
            false,
        );
    }

    #[test]
    fn of_a_request_that_is_no_json_nothing_shows() {
        let quoted = or_withheld(
            "0123456789012345678901234",
            200,
            b"\xff 0123456789012345678901234",
        );
        assert!(quoted.contains("repeats the prompt"));
    }
}
