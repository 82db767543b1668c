//! Options of multiple-choice samples: their letters, their wording, and what a target means.

use serde_json::Value;

use crate::diagnostic::Fault;
use crate::words::{shown, shown_list};

/// The letter of option `index`: A to Z, then AA, AB and so on.
pub(crate) fn letter(index: usize) -> String {
    let mut letters = Vec::new();
    let mut rest = index + 1;
    while rest > 0 {
        let digit = u8::try_from((rest - 1) % 26).unwrap_or(0);
        letters.push(char::from(b'A' + digit));
        rest = (rest - 1) / 26;
    }
    letters.iter().rev().collect()
}

/// The index that `text` means as a letter, in any case, where it is below `options`.
pub(crate) fn index_of_letter(text: &str, options: usize) -> Option<usize> {
    if text.is_empty() || text.len() > 3 || !text.bytes().all(|byte| byte.is_ascii_alphabetic()) {
        return None;
    }
    let value = text.bytes().fold(0, |value, byte| {
        value * 26 + usize::from(byte.to_ascii_uppercase() - b'A') + 1
    });
    (value <= options).then(|| value - 1)
}

/// The options as a prompt shows them: one `A. text` a line.
pub(crate) fn wording(choices: &[String]) -> String {
    let lines = choices.iter().enumerate();
    let lines = lines.map(|(index, text)| format!("{}. {text}", letter(index)));
    lines.collect::<Vec<_>>().join("\n")
}

/// What is wrong with a list of options: the index of the option at fault and a message.
pub(crate) fn fault_of(choices: &[String]) -> Option<(usize, String)> {
    if choices.len() < 2 {
        let message = format!("{} choices; at least 2 are needed", choices.len());
        return Some((0, message.replace("1 choices", "1 choice")));
    }
    let mut seen = std::collections::HashSet::with_capacity(choices.len());
    let repeated = choices.iter().position(|choice| !seen.insert(choice))?;
    let message = format!(
        "the choice {} stands there twice",
        shown(&choices[repeated])
    );
    Some((repeated, message))
}

/// The text of the option that `target` means: a text, a letter, or a 0-based index.
///
/// # Errors
/// When it means none of them; the fault stands at `at`.
pub(crate) fn resolve(target: &Value, choices: &[String], at: usize) -> Result<String, Fault> {
    let index = match target {
        Value::String(text) => choices
            .iter()
            .position(|choice| choice == text)
            .or_else(|| index_of_letter(text, choices.len())),
        Value::Number(number) if !number.is_f64() => number
            .as_u64()
            .and_then(|index| usize::try_from(index).ok())
            .filter(|index| *index < choices.len()),
        _ => {
            let message = "`target` of a sample with choices must be an option's text, its letter or its 0-based index";
            return Err(Fault::new(at, message));
        }
    };
    let index = index.ok_or_else(|| not_among(target, choices, at))?;
    Ok(choices[index].clone())
}

fn not_among(target: &Value, choices: &[String], at: usize) -> Fault {
    let text = target
        .as_str()
        .map_or_else(|| target.to_string(), ToOwned::to_owned);
    let list = shown_list(choices.iter().map(String::as_str), 6);
    let last = letter(choices.len() - 1);
    Fault::new(
        at,
        format!("target {} is not among the choices {list}", shown(&text)),
    )
    .hint(format!(
        "write the option's text, a letter A to {last}, or in JSON an index 0 to {}",
        choices.len() - 1
    ))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn letters_go_on_after_z_and_back() {
        for (index, expected) in [(0, "A"), (25, "Z"), (26, "AA"), (51, "AZ"), (702, "AAA")] {
            assert_eq!(letter(index), expected);
            assert_eq!(index_of_letter(expected, 1_000), Some(index));
        }
        assert_eq!(index_of_letter("c", 3), Some(2));
        assert_eq!(index_of_letter("d", 3), None);
        assert_eq!(index_of_letter("", 3), None);
        assert_eq!(index_of_letter("é", 3), None);
    }

    #[test]
    fn a_target_is_a_text_before_it_is_a_letter_or_an_index() {
        let choices = ["B", "A", "7"].map(str::to_owned);
        for (target, expected) in [
            (json!("A"), Some("A")),
            (json!("B"), Some("B")),
            (json!("c"), Some("7")),
            (json!("7"), Some("7")),
            (json!(2), Some("7")),
            (json!(3), None),
            (json!(-1), None),
            (json!(1.0), None),
            (json!("a "), None),
            (json!(["A"]), None),
            (json!(true), None),
        ] {
            let found = resolve(&target, &choices, 0).ok();
            assert_eq!(found.as_deref(), expected, "{target}");
        }
    }
}
